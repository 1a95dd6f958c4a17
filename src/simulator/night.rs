//! A night passes: what people and administrators did since yesterday. Only people and tokens
//! without a part in a plant are touched, so that yesterday's answer sheet stays true.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::credentials::own_token;
use super::estate::{Estate, Expiry, Holder, JIRA_ADMINS, Standing, Token, Who};
use super::permissions::add_actor;
use super::random::Random;
use super::site_night;
use super::truth::{Drift, Plant};
use super::{repositories, sandbox, servers, spaces, webhooks};

/// Moves the estate to `to` and lists on the answer sheet all that changed.
pub(super) fn pass(estate: &mut Estate, to: DateTime<Utc>) {
    let from = std::mem::replace(&mut estate.now, to);
    estate.nights += 1;
    let seats = [0, 1, 2].map(|product| estate.seats(product));
    let random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0xA5A5_5A5A_0F0F_F0F1));
    let mut night = Night { estate, random };
    night.add_tokens();
    night.revoke_token();
    night.rotate_token();
    night.widen_scopes();
    night.promote();
    night.deactivate_owner();
    night.grow_groups();
    night.add_role_actor();
    night.use_tokens();
    night.expire_tokens(from);
    night.count_seats(seats);
    estate.tokens.sort_by(|a, b| a.id.cmp(&b.id));
    site_night::pass(estate, from);
    spaces::pass_night(estate);
    repositories::pass_night(estate);
    servers::pass_night(estate);
    sandbox::follow(estate);
}

/// Moves the estate to `to` through a night in which hardly anything happens: tokens are used and end, one thing changes, and
/// an automation that somebody switches by hand is on in one night and off in the next.
pub(super) fn pass_quietly(estate: &mut Estate, to: DateTime<Utc>) {
    let from = std::mem::replace(&mut estate.now, to);
    estate.nights += 1;
    let seats = [0, 1, 2].map(|product| estate.seats(product));
    let random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0x0C1E_57A5_0F0F_F0F1));
    let mut night = Night { estate, random };
    match night.estate.nights % 4 {
        1 => night.add_ordinary_token(),
        2 => night.rotate_any_token(),
        3 => night.grow_ordinary_group(),
        _ => night.revoke_any_token(),
    }
    night.switch_automation();
    night.use_tokens();
    night.expire_tokens(from);
    night.count_seats(seats);
    estate.tokens.sort_by(|a, b| a.id.cmp(&b.id));
    site_night::pass_quietly(estate, from);
    sandbox::follow(estate);
}

/// Whether the owner of a token takes a day off, and does not use it.
fn rests(token: &Token, now: DateTime<Utc>) -> bool {
    let own = token.id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    (now.weekday().num_days_from_monday() + own % 7) % 7 < 2
}

pub(super) struct Night<'a> {
    pub(super) estate: &'a mut Estate,
    pub(super) random: Random,
}

impl Night<'_> {
    pub(super) fn note(
        &mut self,
        name: &str,
        what: &'static str,
        kind: &'static str,
        native: Vec<String>,
        description: &str,
    ) {
        let id = format!("drift-{name}-night-{}", self.estate.nights);
        let (description, at) = (description.to_owned(), self.estate.now);
        self.estate.truth.drift.push(Drift { id, what, kind, native, description, at });
    }

    pub(super) fn plant(
        &mut self,
        name: &str,
        kind: &'static str,
        native: Vec<String>,
        expect: &'static str,
        words: &str,
    ) {
        let id = format!("plant-{name}-night-{}", self.estate.nights);
        let (description, since) = (words.to_owned(), self.estate.now);
        self.estate.truth.plants.push(Plant { id, kind, native, expect, also: &[], description, since, until: None });
    }

    /// An active managed person without a part so far; from here on they have one.
    fn anybody(&mut self, fits: impl Fn(&Estate, usize) -> bool) -> Option<usize> {
        let free: Vec<usize> = (0..self.estate.people.len())
            .filter(|at| {
                let person = &self.estate.people[*at];
                person.managed && person.standing == Standing::Active && !self.estate.reserved.contains(at)
            })
            .filter(|at| fits(self.estate, *at))
            .collect();
        let chosen = *free.get(self.random.below(free.len()))?;
        self.estate.reserved.insert(chosen);
        Some(chosen)
    }

    /// The place of an ordinary token; its owner has a part from here on.
    fn any_token(&mut self, fits: impl Fn(&Token) -> bool) -> Option<usize> {
        let free: Vec<usize> = (0..self.estate.tokens.len())
            .filter(|at| {
                let token = &self.estate.tokens[*at];
                !self.estate.reserved.contains(&token.owner) && fits(token)
            })
            .collect();
        let chosen = *free.get(self.random.below(free.len()))?;
        self.estate.reserved.insert(self.estate.tokens[chosen].owner);
        Some(chosen)
    }

    fn native(&self, token: &Token) -> Vec<String> {
        vec![token.id.clone(), self.estate.people[token.owner].id.clone()]
    }

    fn new_token(&mut self, owner: usize) -> Token {
        let mut token = own_token(self.estate, owner, &mut self.random);
        token.created = self.estate.now - TimeDelta::hours(self.random.between(1, 9));
        token.expires = Expiry::At(token.created + TimeDelta::days(180));
        token.last_active = None;
        token
    }

    fn add_tokens(&mut self) {
        self.add_ordinary_token();
        if let Some(owner) = self.anybody(|_, _| true) {
            let mut token = self.new_token(owner);
            token.expires = Expiry::Null;
            let native = self.native(&token);
            self.estate.tokens.push(token);
            self.note(
                "endless-token-added",
                "added",
                "credential",
                native.clone(),
                "Somebody made a token without end",
            );
            let words = "Made last night, and never ends";
            self.plant("token-without-expiry", "credential", native, "token-without-expiry", words);
        }
    }

    fn add_ordinary_token(&mut self) {
        if let Some(owner) = self.anybody(|_, _| true) {
            let token = self.new_token(owner);
            let native = self.native(&token);
            self.estate.tokens.push(token);
            self.note("token-added", "added", "credential", native, "Somebody made a token for half a year");
        }
    }

    /// The place of a planted token that somebody takes care of at last: its plant is over.
    fn mended(&mut self, plant: &str) -> Option<usize> {
        let now = self.estate.now;
        let plant = self.estate.truth.plants.iter_mut().find(|known| known.id == plant && known.holds_at(now))?;
        plant.until = Some(now);
        let id = plant.native.first()?;
        self.estate.tokens.iter().position(|token| token.id == *id)
    }

    fn revoke_token(&mut self) {
        let place = self.mended("plant-token-unused").or_else(|| self.any_token(|_| true));
        self.revoke(place);
    }

    fn revoke_any_token(&mut self) {
        let place = self.any_token(|_| true);
        self.revoke(place);
    }

    fn revoke(&mut self, place: Option<usize>) {
        if let Some(place) = place {
            let token = self.estate.tokens.remove(place);
            let native = self.native(&token);
            self.note("token-revoked", "removed", "credential", native, "Somebody revoked their token");
        }
    }

    fn rotate_token(&mut self) {
        let place = self.mended("plant-token-expires-in-9-days").or_else(|| self.any_token(|_| true));
        self.rotate(place);
    }

    fn rotate_any_token(&mut self) {
        let place = self.any_token(|_| true);
        self.rotate(place);
    }

    fn rotate(&mut self, place: Option<usize>) {
        if let Some(place) = place {
            let old = self.estate.tokens.remove(place);
            let mut new = self.new_token(old.owner);
            new.label.clone_from(&old.label);
            new.scopes.clone_from(&old.scopes);
            let (gone, came) = (self.native(&old), self.native(&new));
            self.estate.tokens.push(new);
            self.note(
                "token-rotated-old",
                "removed",
                "credential",
                gone,
                "A token was replaced by one of the same label",
            );
            self.note("token-rotated-new", "added", "credential", came, "It replaces one of the same owner and label");
        }
    }

    fn widen_scopes(&mut self) {
        if let Some(place) = self.any_token(|token| token.scopes.is_some()) {
            let token = &mut self.estate.tokens[place];
            token.scopes.get_or_insert_default().push("write:jira-work".to_owned());
            let token = token.clone();
            let native = self.native(&token);
            self.note("scopes-widened", "changed", "credential", native, "A reading token may write");
        }
    }

    fn promote(&mut self) {
        if let Some(person) = self.anybody(|estate, at| estate.people[at].platform_roles.is_empty()) {
            self.estate.people[person].platform_roles.push("atlassian/org-admin");
            let native = vec![self.estate.people[person].id.clone()];
            self.note("admin-promoted", "changed", "principal", native, "Somebody administers the organisation");
        }
    }

    fn deactivate_owner(&mut self) {
        let leads: BTreeSet<usize> = self.estate.projects.iter().map(|project| project.lead).collect();
        if let Some(place) = self.any_token(|token| !leads.contains(&token.owner)) {
            let token = self.estate.tokens[place].clone();
            let person = &mut self.estate.people[token.owner];
            person.standing = Standing::Deactivated;
            person.deactivated = Some(self.estate.now - TimeDelta::hours(7));
            let account = person.id.clone();
            let words = "Somebody with a live token was deactivated";
            self.note("account-deactivated", "changed", "principal", vec![account], words);
            let native: Vec<Vec<String>> = self
                .estate
                .tokens
                .iter()
                .filter(|other| other.owner == token.owner)
                .map(|other| self.native(other))
                .collect();
            for (number, native) in native.into_iter().enumerate() {
                let name = format!("token-{number}-of-deactivated-owner");
                self.plant(&name, "credential", native, "owner-deactivated", "Its owner was deactivated last night");
            }
        }
    }

    fn grow_groups(&mut self) {
        if let Some(person) = self.anybody(|estate, at| !estate.people[at].groups.contains(&JIRA_ADMINS)) {
            self.estate.join(Who::Person(person), JIRA_ADMINS);
            let native = vec![self.estate.people[person].id.clone(), self.estate.groups[JIRA_ADMINS].id.clone()];
            self.note("jira-admin-added", "added", "membership", native, "Somebody joined the group jira-admins");
            self.equip(person);
            self.connect(person);
        }
    }

    /// Somebody joins a group that gives nothing which is worth a word.
    fn grow_ordinary_group(&mut self) {
        let Some(group) = (0..self.estate.groups.len()).find(|at| self.estate.groups[*at].name.starts_with("team-"))
        else {
            return;
        };
        if let Some(person) = self.anybody(|estate, at| !estate.people[at].groups.contains(&group)) {
            self.estate.join(Who::Person(person), group);
            let native = vec![self.estate.people[person].id.clone(), self.estate.groups[group].id.clone()];
            self.note("team-joined", "added", "membership", native, "Somebody joined a team");
        }
    }

    /// An ordinary automation is switched on or off.
    fn switch_automation(&mut self) {
        let now = self.estate.now;
        let Some(rule) = self.estate.rules.first_mut() else { return };
        rule.switch(now - TimeDelta::hours(3));
        let native = vec![rule.id.clone()];
        self.note("automation-switched", "changed", "automation", native, "Somebody switched an automation on or off");
    }

    /// Who administers Jira since last night makes a token at once, to change many issues in one go.
    fn equip(&mut self, owner: usize) {
        // A chance of its own: what else happens in the night stays as it was.
        let mut random = Random::new(self.estate.seed ^ self.estate.nights.wrapping_mul(0x0070_CE17));
        let mut token = own_token(self.estate, owner, &mut random);
        "bulk edits".clone_into(&mut token.label);
        token.created = self.estate.now - TimeDelta::hours(5);
        token.expires = Expiry::At(token.created + TimeDelta::days(180));
        token.last_active = None;
        token.scopes = Some(["read:jira-work", "write:jira-work"].map(str::to_owned).to_vec());
        let native = self.native(&token);
        self.estate.tokens.push(token);
        let words = "An administrator of Jira made a token that may write in all projects";
        self.note("broad-token-added", "added", "credential", native.clone(), words);
        self.plant("token-reaches-everything", "credential", native, "token-reaches-everything", words);
    }

    /// And connects a service to Jira: a webhook that tells it, and a token of their own with which it answers.
    fn connect(&mut self, owner: usize) {
        let mut random = Random::new(self.estate.seed ^ self.estate.nights.wrapping_mul(0x00A2_1E12));
        let mut token = own_token(self.estate, owner, &mut random);
        "zapier".clone_into(&mut token.label);
        token.created = self.estate.now - TimeDelta::hours(4);
        token.expires = Expiry::At(token.created + TimeDelta::days(180));
        token.last_active = None;
        let native = self.native(&token);
        self.estate.tokens.push(token);
        let words = "A service runs on the account of the person who connected it";
        self.note("service-token-added", "added", "credential", native.clone(), words);
        self.plant("service-on-person", "credential", native, "service-on-person", words);
        let now = self.estate.now;
        let hook =
            webhooks::add(self.estate, &mut random, "Zapier", "https://hooks.zapier.com/hooks/catch/7f31", owner);
        hook.updated = now - TimeDelta::hours(4);
        let native = vec![hook.id.to_string()];
        self.note("service-webhook-added", "added", "webhook", native, "A webhook tells a service");
    }

    fn add_role_actor(&mut self) {
        let project = self.random.below(self.estate.projects.len());
        if let Some(person) = self.anybody(|_, _| true) {
            add_actor(self.estate, project, 0, Holder::Account(Who::Person(person)));
            let project = self.estate.projects[project].id.to_string();
            let native = vec![self.estate.people[person].id.clone(), project, "10002".to_owned()];
            self.note("project-admin-added", "added", "grant", native, "Somebody administers one more project");
        }
    }

    /// Programs use theirs every night, in the evening. People rest for two days of each week, not all on the same ones.
    fn use_tokens(&mut self) {
        let now = self.estate.now;
        let used: Vec<usize> = (0..self.estate.tokens.len())
            .filter(|at| self.estate.tokens[*at].last_active.is_some_and(|last| now - last < TimeDelta::days(4)))
            .filter(|at| self.estate.tokens[*at].nightly || !rests(&self.estate.tokens[*at], now))
            .filter(|at| {
                let token = &self.estate.tokens[*at];
                let alive = !matches!(token.expires, Expiry::At(end) if end <= now);
                alive && !token.blocked && self.estate.people[token.owner].standing == Standing::Active
            })
            .collect();
        for place in used {
            let latest = if self.estate.tokens[place].nightly { 150 } else { 20 };
            let moved = now - TimeDelta::minutes(self.random.between(latest, 600));
            self.estate.tokens[place].last_active = Some(moved);
            let token = self.estate.tokens[place].clone();
            let native = self.native(&token);
            self.note(&format!("token-used-{place}"), "used", "credential", native, "A token was used");
        }
    }
    /// What ended during the night is still listed in the morning.
    fn expire_tokens(&mut self, from: DateTime<Utc>) {
        let now = self.estate.now;
        let ended = |token: &&Token| matches!(token.expires, Expiry::At(end) if from < end && end <= now);
        let natives: Vec<_> = self.estate.tokens.iter().filter(ended).map(|token| self.native(token)).collect();
        for (number, native) in natives.into_iter().enumerate() {
            let name = format!("token-{number}-expired");
            self.plant(&name, "credential", native, "token-expired", "Ended and is still listed");
        }
    }

    /// Seats move with the people who hold them.
    fn count_seats(&mut self, before: [usize; 3]) {
        for (product, owner) in ["jira-software", "jira-servicedesk", "confluence"].into_iter().enumerate() {
            if self.estate.seats(product) != before[product] {
                let native = vec![self.estate.resource(owner)];
                self.note(&format!("seats-of-{owner}"), "changed", "container", native, "Seats in use moved");
                if product == 0 {
                    let native = vec![format!("ari:cloud:{owner}::site/{}", self.estate.sandbox_id)];
                    self.note("seats-of-sandbox", "changed", "container", native, "Seats in use moved");
                }
            }
        }
    }
}
