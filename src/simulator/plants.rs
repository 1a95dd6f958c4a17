//! Plants what is wrong, each on people of its own, and writes it on the answer sheet.

use chrono::TimeDelta;

use super::credentials::own_token;
use super::estate::{Estate, Expiry, Holder, ORG_ADMINS, OrgKey, Standing, Token, Who};
use super::permissions::{OLD_SCHEME, OPEN_SCHEME, add_actor, add_grant};
use super::random::Random;
use super::truth::Plant;

/// Plants everything except the full site, for which all seats must be known. `cast` holds the people to use.
pub(super) fn plant(estate: &mut Estate, cast: &mut Vec<usize>, random: &mut Random) {
    let mut garden = Garden { estate, cast, random };
    garden.token_lives();
    garden.token_use();
    garden.token_owners();
    garden.integrations();
    garden.keys();
    garden.service_accounts();
    garden.administrators();
    garden.seats();
    garden.scheme_grants();
    garden.role_actors();
    garden.plant_look_alikes();
    for unused in cast.drain(..) {
        estate.reserved.remove(&unused);
    }
}

/// Says that Jira is nearly out of seats: three are left, see `Estate::found`.
pub(super) fn plant_full_site(estate: &mut Estate) {
    let native = vec![estate.resource("jira-software"), "jira-software".to_owned()];
    let description = format!("Jira has {} seats and all but three are taken", estate.capacity[0]);
    estate.truth.plants.push(Plant {
        id: "plant-seats-nearly-exhausted".to_owned(),
        kind: "container",
        native,
        expect: "seats-nearly-exhausted",
        also: &[],
        description,
        since: estate.now,
        until: None,
    });
}

/// Where plants are put: the estate, and the people and the chance at hand.
pub(super) struct Garden<'a> {
    pub(super) estate: &'a mut Estate,
    pub(super) cast: &'a mut Vec<usize>,
    pub(super) random: &'a mut Random,
}

impl Garden<'_> {
    pub(super) fn player(&mut self) -> usize {
        self.cast.pop().expect("internal: enough people are set aside for all plants")
    }

    /// Writes a plant, or a look-alike if its name says so, on the answer sheet.
    pub(super) fn note(
        &mut self,
        name: &str,
        kind: &'static str,
        native: Vec<String>,
        expect: &'static str,
        description: &str,
    ) -> &mut Plant {
        let now = self.estate.now;
        self.estate.truth.note(name, kind, native, expect, description, now)
    }

    /// Gives a new player a sane token, changed as wanted, and writes it down.
    pub(super) fn token(
        &mut self,
        name: &str,
        expect: &'static str,
        description: &str,
        change: impl FnOnce(&mut Token, &Estate),
    ) -> &mut Plant {
        let owner = self.player();
        self.token_of(owner, name, expect, description, change)
    }

    pub(super) fn token_of(
        &mut self,
        owner: usize,
        name: &str,
        expect: &'static str,
        description: &str,
        change: impl FnOnce(&mut Token, &Estate),
    ) -> &mut Plant {
        let mut token = own_token(self.estate, owner, self.random);
        change(&mut token, self.estate);
        let native = vec![token.id.clone(), self.estate.people[owner].id.clone()];
        self.estate.tokens.push(token);
        self.note(name, "credential", native, expect, description)
    }

    fn token_lives(&mut self) {
        let key = "token-without-expiry";
        self.token("plant-token-null-expiry", key, "Its end is null: it never ends", |token, _| {
            token.expires = Expiry::Null;
        });
        self.token("plant-token-missing-expiry", key, "The answer names no end: it never ends", |token, _| {
            token.expires = Expiry::KeyMissing;
        });
        for days in [3, 9, 15] {
            let name = format!("plant-token-expires-in-{days}-days");
            let description = format!("In daily use, and ends in {days} days");
            let end = self.estate.now + TimeDelta::days(days) + TimeDelta::hours(5);
            let plant = self.token(&name, "expires-soon", &description, |token, estate| {
                token.expires = Expiry::At(end);
                token.created = estate.now + TimeDelta::days(days - 300);
                token.last_active = Some(estate.now - TimeDelta::hours(6));
            });
            plant.until = Some(end);
        }
        self.token(
            "plant-token-expired",
            "token-expired",
            "Ended ten days ago and is still listed",
            |token, estate| {
                token.created = estate.now - TimeDelta::days(200);
                token.expires = Expiry::At(estate.now - TimeDelta::days(10));
                token.last_active = Some(estate.now - TimeDelta::days(11));
            },
        );
        let key = "token-lifetime-too-long";
        self.token("plant-token-long-lived", key, "Made 40 days ago for 540 days", |token, estate| {
            token.created = estate.now - TimeDelta::days(40);
            token.expires = Expiry::At(token.created + TimeDelta::days(540));
        });
    }

    fn token_use(&mut self) {
        self.token("plant-token-never-used", "token-never-used", "70 days old and never used", |token, estate| {
            token.created = estate.now - TimeDelta::days(70);
            token.expires = Expiry::At(token.created + TimeDelta::days(365));
            token.last_active = None;
        });
        self.token("plant-token-unused", "token-unused", "Last used 140 days ago", |token, estate| {
            token.created = estate.now - TimeDelta::days(240);
            token.expires = Expiry::At(token.created + TimeDelta::days(365));
            token.last_active = Some(estate.now - TimeDelta::days(140));
        });
        self.token("plant-token-blocked", "token-blocked", "A policy blocks it", |token, _| token.blocked = true);
    }

    fn token_owners(&mut self) {
        let gone = self.player();
        let now = self.estate.now;
        self.deactivate(gone, 19);
        let words = "Its owner was deactivated 19 days ago; it comes back to life with the account";
        self.token_of(gone, "plant-token-of-deactivated-owner", "owner-deactivated", words, |token, _| {
            token.last_active = Some(now - TimeDelta::days(20));
        });
        let away = self.player();
        self.estate.people[away].standing = Standing::Suspended;
        self.token_of(away, "plant-token-of-suspended-owner", "owner-suspended", "Its owner is suspended", |_, _| {});
        let hoarder = self.player();
        let mut native = vec![self.estate.people[hoarder].id.clone()];
        for _ in 0..6 {
            let token = own_token(self.estate, hoarder, self.random);
            native.push(token.id.clone());
            self.estate.tokens.push(token);
        }
        self.note("plant-too-many-tokens", "principal", native, "too-many-tokens", "Has six live tokens");
    }

    fn integrations(&mut self) {
        for label in ["jenkins", "Power BI", "jira-align-connector", "zapier"] {
            let name = format!("plant-integration-{}", label.to_lowercase().replace(' ', "-"));
            let description = format!("The token \"{label}\" of a person is used every night by a system");
            self.token(&name, "integration-on-personal-account", &description, |token, estate| {
                label.clone_into(&mut token.label);
                token.last_active = Some(estate.now - TimeDelta::hours(3));
                token.nightly = true;
            });
        }
    }

    fn keys(&mut self) {
        let steward = self.estate.steward;
        let words = "The answer names no scopes: the key has all powers";
        self.key("plant-key-scopes-missing", steward, "key-without-scopes", words, |key| key.scopes = None);
        let words = "Its list of scopes is empty: the key has all powers";
        self.key("plant-key-scopes-empty", steward, "key-without-scopes", words, |key| key.scopes = Some(Vec::new()));
        let now = self.estate.now;
        let end = now + TimeDelta::days(3) + TimeDelta::hours(5);
        let words = "In use, ends in 3 days";
        let plant = self.key("plant-key-expires-in-3-days", steward, "key-expires-soon", words, |key| {
            "siem export".clone_into(&mut key.label);
            key.created = now - TimeDelta::days(200);
            key.expires = end;
        });
        plant.until = Some(end);
        let gone = self.player();
        self.deactivate(gone, 33);
        let words = "Whoever made it is deactivated, and may still know its value";
        self.key("plant-key-of-deactivated-creator", gone, "key-creator-deactivated", words, |_| {});
    }

    fn key(
        &mut self,
        name: &str,
        creator: usize,
        expect: &'static str,
        words: &str,
        change: impl FnOnce(&mut OrgKey),
    ) -> &mut Plant {
        let created = self.estate.now - TimeDelta::days(60);
        let mut key = OrgKey {
            id: self.random.uuid(),
            label: "licence report".to_owned(),
            system_account: self.random.account_id(),
            creator,
            created,
            expires: created + TimeDelta::days(360),
            last_active: Some(self.estate.now - TimeDelta::hours(9)),
            scopes: Some(vec!["read:events:admin".to_owned()]),
        };
        change(&mut key);
        let native = vec![key.id.clone(), self.estate.people[creator].id.clone()];
        self.estate.keys.push(key);
        self.note(name, "credential", native, expect, words)
    }

    fn service_accounts(&mut self) {
        let org = self.estate.org_id.clone();
        let words = "Five service accounts, and five are free of charge: the next one will be refused";
        self.note("plant-service-account-quota", "setting", vec![org], "service-account-quota-reached", words);
        let now = self.estate.now;
        let idle = self.estate.service_accounts.last_mut().expect("internal: five were made");
        let token = idle.tokens.first_mut().expect("internal: each has a token");
        token.created = now - TimeDelta::days(180);
        token.expires = token.created + TimeDelta::days(365);
        token.last_active = Some(now - TimeDelta::days(130));
        let native = vec![token.id.clone(), idle.id.clone()];
        let words = "The token of archive-bot was last used 130 days ago";
        self.note("plant-service-account-token-unused", "credential", native, "service-account-token-unused", words);
    }

    fn administrators(&mut self) {
        let careless = self.player();
        self.promote(careless, "atlassian/org-admin");
        self.estate.join(Who::Person(careless), ORG_ADMINS);
        self.estate.people[careless].mfa = false;
        let native = vec![self.estate.people[careless].id.clone()];
        let words = "Administers the organisation and signs in without a second factor";
        self.note("plant-org-admin-without-mfa", "principal", native, "org-admin-without-mfa", words);

        let machine = self.player();
        self.mechanise(machine, "svc-deploy", "svc-deploy@acme.example");
        self.promote(machine, "atlassian/org-admin");
        let mut token = own_token(self.estate, machine, self.random);
        "ci-deploy".clone_into(&mut token.label);
        token.nightly = true;
        token.last_active = Some(self.estate.now - TimeDelta::hours(1));
        let native = vec![self.estate.people[machine].id.clone(), token.id.clone()];
        self.estate.tokens.push(token);
        let words = "svc-deploy administers the organisation, and its token \"ci-deploy\" acts with that power";
        let plant = self.note("plant-machine-is-org-admin", "principal", native, "machine-is-org-admin", words);
        plant.also = &["integration-on-personal-account", "machine-on-paid-seat", "seat-dormant"];

        let outsider = self.player();
        self.promote(outsider, "atlassian/site-admin");
        self.estate.people[outsider].managed = false;
        self.estate.people[outsider].mfa = false;
        self.estate.people[outsider].email = "admin.partner@northwind-consulting.example".to_owned();
        let native = vec![self.estate.people[outsider].id.clone()];
        let words = "Somebody of another firm, whose account nobody here manages, administers the site";
        self.note("plant-unmanaged-site-admin", "principal", native, "unmanaged-admin", words);
    }

    fn promote(&mut self, person: usize, role: &'static str) {
        self.estate.people[person].platform_roles.push(role);
    }

    /// Deactivates somebody some days ago; they were last seen before that.
    pub(super) fn deactivate(&mut self, person: usize, days_ago: i64) {
        let left = self.estate.now - TimeDelta::days(days_ago);
        let person = &mut self.estate.people[person];
        person.standing = Standing::Deactivated;
        person.deactivated = Some(left);
        person.seen_in_jira = Some(left - TimeDelta::days(2));
        person.seen_in_confluence = None;
    }

    /// Makes an account that stands for a machine: nobody ever opens a page with it.
    fn mechanise(&mut self, person: usize, name: &str, email: &str) {
        self.rename(person, name, email);
        self.estate.people[person].seen_in_jira = None;
        self.estate.people[person].seen_in_confluence = None;
    }

    pub(super) fn rename(&mut self, person: usize, name: &str, email: &str) {
        name.clone_into(&mut self.estate.people[person].name);
        email.clone_into(&mut self.estate.people[person].email);
    }

    fn seats(&mut self) {
        let key = "machine-on-paid-seat";
        let jenkins = self.player();
        self.mechanise(jenkins, "svc-jenkins", "svc-jenkins@acme.example");
        let mut token = own_token(self.estate, jenkins, self.random);
        "nightly builds".clone_into(&mut token.label);
        token.nightly = true;
        token.last_active = Some(self.estate.now - TimeDelta::hours(2));
        let native = vec![self.estate.people[jenkins].id.clone(), token.id.clone()];
        self.estate.tokens.push(token);
        let words = "A login account of a machine holds a paid seat; a service account would need none";
        let plant = self.note("plant-svc-jenkins-on-seat", "principal", native, key, words);
        plant.also = &["integration-on-personal-account", "seat-dormant"];

        let kiplot = self.player();
        self.mechanise(kiplot, "Kiplot Service Account", "acme@kiplot.com");
        self.estate.people[kiplot].managed = false;
        self.estate.people[kiplot].mfa = false;
        self.estate.people[kiplot].hides_email = false;
        let native = vec![self.estate.people[kiplot].id.clone()];
        let words = "The vendor's account is not managed here and holds a paid seat";
        self.note("plant-kiplot-on-seat", "principal", native, key, words).also = &["seat-dormant"];

        let (now, key) = (self.estate.now, "seat-dormant");
        for (name, last_seen, words) in [
            ("plant-seat-dormant", Some(120), "Holds a Jira seat, last opened a page 120 days ago"),
            ("plant-seat-never-used", None, "Holds a Jira seat since 200 days and never opened a page"),
        ] {
            let sleeper = self.player();
            let person = &mut self.estate.people[sleeper];
            person.added = now - TimeDelta::days(200);
            person.seen_in_jira = last_seen.map(|days| now - TimeDelta::days(days));
            person.seen_in_confluence = None;
            let native = vec![person.id.clone()];
            self.note(name, "principal", native, key, words);
        }
    }

    fn scheme_grants(&mut self) {
        let open = OPEN_SCHEME;
        let words = "Projects of the scheme can be read without signing in";
        self.grant("plant-grant-browse-to-anyone", "grant-to-anyone", words, (open, "BROWSE_PROJECTS", "anyone"), None);
        let key = "grant-to-logged-in";
        let words = "Everyone who is signed in can administer the projects of the scheme";
        let grant = (open, "ADMINISTER_PROJECTS", "applicationRole");
        self.grant("plant-grant-administer-to-logged-in", key, words, grant, None);
        let words = "Everyone who is signed in can delete issues in the projects of the scheme";
        let grant = (OLD_SCHEME, "DELETE_ISSUES", "applicationRole");
        self.grant("plant-grant-delete-to-logged-in", key, words, grant, None);
        let favourite = self.player();
        let account = self.estate.people[favourite].id.clone();
        let words = "One person is named in the scheme itself instead of in a project role";
        let grant = (OLD_SCHEME, "EDIT_ISSUES", "user");
        self.grant("plant-grant-to-single-user", "grant-to-single-user", words, grant, Some(account));
    }

    fn grant(
        &mut self,
        name: &str,
        expect: &'static str,
        words: &str,
        (scheme, permission, holder): (usize, &'static str, &'static str),
        account: Option<String>,
    ) {
        let id = add_grant(self.estate, scheme, permission, holder, account.clone().map(|id| (id.clone(), id)));
        let mut native = vec![id.to_string(), self.estate.schemes[scheme].id.to_string()];
        native.extend(account);
        self.note(name, "grant", native, expect, words);
    }

    fn role_actors(&mut self) {
        let bot = self.estate.service_accounts[0].app;
        add_actor(self.estate, 0, 0, Holder::Account(Who::App(bot)));
        let project = self.estate.projects[0].id.to_string();
        let native = vec![self.estate.apps[bot].id.clone(), project, "10002".to_owned()];
        let words = "The service account release-bot administers a project";
        self.note("plant-machine-is-project-admin", "grant", native, "machine-is-project-admin", words);

        let leaver = self.player();
        self.deactivate(leaver, 50);
        add_actor(self.estate, 1, 1, Holder::Account(Who::Person(leaver)));
        let project = self.estate.projects[1].id.to_string();
        let native = vec![self.estate.people[leaver].id.clone(), project, "10010".to_owned()];
        let words = "A deactivated person is still an actor in a project role";
        self.note("plant-inactive-actor", "grant", native, "inactive-actor", words);
    }
}
