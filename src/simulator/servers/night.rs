//! A night passes over what the firm runs itself: tokens come and go, somebody leaves, and a group is promoted.

use chrono::TimeDelta;

use super::super::endpoints::Host;
use super::super::estate::{Estate, Standing};
use super::super::random::Random;
use super::super::truth::{Drift, Plant};
use super::access::Rank;
use super::accounts::{FIRST_GUILD, GUILDS};
use super::auditing::{self, Action};
use super::tokens::own_pat;

const PRODUCTS: [Host; 2] = [Host::JiraDc, Host::ConfluenceDc];

/// What a night changes.
pub(super) fn pass(estate: &mut Estate) {
    let random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0x0DC5_E1F0_57E0_0DC5));
    let mut night = Night { estate, random };
    let seats = night.seats();
    night.use_tokens();
    night.add_token();
    night.revoke_token();
    night.follow_the_cloud();
    night.deactivate_owner();
    night.promote_group();
    night.tell_seats(seats);
}

struct Night<'a> {
    estate: &'a mut Estate,
    random: Random,
}

impl Night<'_> {
    fn note(&mut self, name: &str, what: &'static str, kind: &'static str, native: Vec<String>, words: &str) {
        let id = format!("drift-dc-directory-{name}-night-{}", self.estate.nights);
        let at = self.estate.now;
        self.estate.truth.drift.push(Drift { id, what, kind, native, description: words.to_owned(), at });
    }

    fn record(&mut self, host: Host, action: Action, about: [&str; 3]) {
        let at = self.estate.now - TimeDelta::minutes(self.random.between(5, 200));
        let author = self.estate.servers.readers[0];
        auditing::record(&mut self.estate.servers, host, at, author, action, about);
    }

    fn native(&self, host: Host, token: usize) -> Vec<String> {
        let token = &self.estate.servers.installation(host).tokens[token];
        let owner = token.owner.map(|owner| self.estate.servers.accounts[owner].key(host));
        std::iter::once(token.id.to_string()).chain(owner).collect()
    }

    /// Whether an account has a part on the answer sheet, or could get one by what happens to it.
    fn has_part(&self, account: usize) -> bool {
        let servers = &self.estate.servers;
        let keys = PRODUCTS.map(|host| servers.accounts[account].key(host));
        let truth = &self.estate.truth;
        servers.accounts[account].person.is_none()
            || servers.readers.contains(&account)
            || PRODUCTS.iter().any(|host| servers.rank(*host, account) > Rank::LoggedIn)
            || servers.projects.iter().any(|project| project.lead == account)
            || truth
                .plants
                .iter()
                .chain(&truth.harmless)
                .any(|plant| plant.native.iter().any(|part| keys.contains(part)))
    }

    /// Places of ordinary tokens of active people without a part.
    fn ordinary(&self, host: Host) -> Vec<usize> {
        let tokens = &self.estate.servers.installation(host).tokens;
        (0..tokens.len())
            .filter(|place| tokens[*place].expires.is_some_and(|end| end > self.estate.now))
            .filter(|place| {
                tokens[*place]
                    .owner
                    .is_some_and(|owner| self.estate.servers.accounts[owner].active && !self.has_part(owner))
            })
            .collect()
    }

    /// Tokens that are in daily use go on being used.
    fn use_tokens(&mut self) {
        let now = self.estate.now;
        for host in PRODUCTS {
            let tokens = &self.estate.servers.installation(host).tokens;
            let used: Vec<usize> = (0..tokens.len())
                .filter(|place| tokens[*place].last_used.is_some_and(|last| now - last < TimeDelta::days(3)))
                .filter(|place| tokens[*place].expires.is_none_or(|end| end > now))
                .filter(|place| tokens[*place].owner.is_none_or(|owner| self.estate.servers.accounts[owner].active))
                .collect();
            for place in used {
                let moved = now - TimeDelta::minutes(self.random.between(150, 600));
                self.estate.servers.installation_mut(host).tokens[place].last_used = Some(moved);
                let native = self.native(host, place);
                self.note(&format!("token-used-{}", native[0]), "used", "credential", native, "A token was used");
            }
        }
    }

    fn add_token(&mut self) {
        let accounts = 0..self.estate.servers.accounts.len();
        let free: Vec<usize> =
            accounts.filter(|at| self.estate.servers.accounts[*at].active && !self.has_part(*at)).collect();
        let Some(owner) = free.get(self.random.below(free.len())).copied() else { return };
        let mut token = own_pat(self.estate, Host::JiraDc, owner, &mut self.random);
        token.created = self.estate.now - TimeDelta::hours(self.random.between(1, 9));
        token.expires = Some(token.created + TimeDelta::days(180));
        token.last_used = None;
        let (id, label) = (token.id.to_string(), token.label.clone());
        let tokens = &mut self.estate.servers.jira.tokens;
        tokens.push(token);
        let place = tokens.len() - 1;
        let native = self.native(Host::JiraDc, place);
        self.note("token-added", "added", "credential", native, "Somebody made a token for half a year");
        self.record(Host::JiraDc, auditing::TOKEN_CREATED, [&label, "PERSONAL_ACCESS_TOKEN", &id]);
    }

    fn revoke_token(&mut self) {
        // Somebody takes care of the idle one first; then it can be anybody's.
        let now = self.estate.now;
        let idle = self
            .estate
            .truth
            .plants
            .iter_mut()
            .find(|plant| plant.id == "plant-dc-jira-token-unused" && plant.holds_at(now));
        let mended = idle.and_then(|plant| {
            plant.until = Some(now);
            let tokens = &self.estate.servers.jira.tokens;
            tokens.iter().position(|token| token.id.to_string() == plant.native[0])
        });
        let ordinary = self.ordinary(Host::JiraDc);
        let any = ordinary.get(self.random.below(ordinary.len())).copied();
        let Some(place) = mended.or(any) else { return };
        let native = self.native(Host::JiraDc, place);
        let token = self.estate.servers.jira.tokens.remove(place);
        self.note("token-revoked", "removed", "credential", native, "Somebody revoked their token");
        let id = token.id.to_string();
        self.record(Host::JiraDc, auditing::TOKEN_DELETED, [&token.label, "PERSONAL_ACCESS_TOKEN", &id]);
    }

    /// The directory follows the cloud: who is deactivated there is deactivated here.
    fn follow_the_cloud(&mut self) {
        let gone: Vec<usize> = (0..self.estate.servers.accounts.len())
            .filter(|at| {
                let account = &self.estate.servers.accounts[*at];
                let person = account.person.map(|person| self.estate.people[person].standing);
                account.active && person.is_some_and(|now| !matches!(now, Standing::Active | Standing::NotInvited))
            })
            .collect();
        for account in gone {
            self.deactivate(account);
        }
    }

    fn deactivate_owner(&mut self) {
        let ordinary = self.ordinary(Host::JiraDc);
        let Some(place) = ordinary.get(self.random.below(ordinary.len())) else { return };
        let owner = self.estate.servers.jira.tokens[*place].owner;
        self.deactivate(owner.expect("internal: ordinary tokens have owners"));
    }

    /// Deactivates an account while its tokens live on.
    fn deactivate(&mut self, account: usize) {
        let servers = &mut self.estate.servers;
        servers.accounts[account].active = false;
        let (username, name) = (servers.accounts[account].username.clone(), servers.accounts[account].name.clone());
        for host in PRODUCTS {
            let key = self.estate.servers.accounts[account].key(host);
            let product = if host == Host::JiraDc { "jira" } else { "wiki" };
            let words = "Somebody was deactivated in the directory";
            let what = format!("{product}-account-deactivated-{username}");
            self.note(&what, "changed", "principal", vec![key.clone()], words);
            self.record(host, auditing::USER_UPDATED, [&name, "USER", &key]);
            let tokens = &self.estate.servers.installation(host).tokens;
            let theirs: Vec<usize> = (0..tokens.len())
                .filter(|place| tokens[*place].owner == Some(account))
                .filter(|place| tokens[*place].expires.is_none_or(|end| end > self.estate.now))
                .collect();
            for place in theirs {
                let native = self.native(host, place);
                let id = format!("plant-dc-directory-token-{}-of-leaver", native[0]);
                let (expect, since) = ("dc-token-owner-deactivated", self.estate.now);
                let description = "Its owner was deactivated last night".to_owned();
                let plant =
                    Plant { id, kind: "credential", native, expect, also: &[], description, since, until: None };
                self.estate.truth.plants.push(plant);
            }
        }
    }

    /// A group without a part administers Jira from now on.
    fn promote_group(&mut self) {
        let place = FIRST_GUILD + usize::try_from(self.estate.nights).unwrap_or(GUILDS) - 1;
        if place >= FIRST_GUILD + GUILDS {
            return;
        }
        let group = &mut self.estate.servers.groups[place];
        for (_, rank) in group.powers.iter_mut().filter(|(host, _)| *host == Host::JiraDc) {
            *rank = Rank::Administrator;
        }
        let name = group.name.clone();
        self.note("group-promoted", "changed", "group", vec![name.clone()], "A group administers Jira from now on");
        self.record(Host::JiraDc, auditing::PERMISSION_ADDED, [&name, "GROUP", &name]);
    }

    fn seats(&self) -> [usize; 3] {
        ["jira-software", "jira-servicedesk", "confluence"].map(|key| self.estate.servers.seats_used(key))
    }

    /// Seats move with the people who hold them.
    fn tell_seats(&mut self, before: [usize; 3]) {
        let now = self.seats();
        for (place, key) in ["jira-software", "jira-servicedesk", "confluence"].into_iter().enumerate() {
            if before[place] != now[place] {
                let native = vec![format!("application:{key}")];
                self.note(&format!("seats-of-{key}"), "changed", "container", native, "Seats in use moved");
            }
        }
        // Enough people left: a tenth of the seats is free again.
        let (bought, at) = (self.estate.servers.jira.licences[0].seats, self.estate.now);
        if (bought - now[0]) * 10 >= bought {
            let plants = &mut self.estate.truth.plants;
            let tight =
                plants.iter_mut().find(|plant| plant.id == "plant-dc-jira-licence-near-tier" && plant.holds_at(at));
            if let Some(plant) = tight {
                plant.until = Some(at);
            }
        }
    }
}
