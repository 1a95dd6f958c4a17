//! Plants what is wrong beside people, permissions and credentials, with its look-alikes. Nobody is set aside for
//! it: people who stay and people who left do, so that people and credentials are the same without it.

use std::collections::BTreeSet;

use super::automation::{self, AutomationRule};
use super::estate::{ADDONS, AGENTS, Actor, Estate, FIRST_TEAM, Holder, JIRA_ADMINS, JIRA_USERS, ROLES, Standing, Who};
use super::history::Natives;
use super::jira_sharing::{self, Share};
use super::plants::Garden;
use super::random::Random;
use super::truth::Plant;
use super::{policies, webhooks};

/// People who left, by what they left behind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    pub(super) filter_owner: usize,
    pub(super) rule_author: usize,
    pub(super) rule_actor: usize,
    pub(super) webhook_admin: usize,
}

/// Plants everything. `steady` are people who stay.
pub(super) fn plant(estate: &mut Estate, random: &mut Random, steady: &[usize], gone: &Gone, natives: Natives) {
    let mut garden = Garden { estate, cast: &mut Vec::new(), random };
    garden.plant_policies();
    garden.plant_filters(steady, gone);
    garden.plant_dashboards(steady);
    garden.plant_webhooks(gone);
    garden.plant_rules(steady, gone);
    garden.plant_events(natives);
    garden.plant_customer();
    garden.plant_default_actors(steady);
    garden.plant_blind_spots();
}

impl Garden<'_> {
    fn plant_policies(&mut self) {
        for (name, status, words) in [
            ("plant-ip-allowlist-disabled", "disabled", "A list of allowed addresses that is switched off"),
            ("harmless-ip-allowlist-applying", "applying", "A list of allowed addresses that is being switched on"),
        ] {
            let label = format!("Offices, {status}");
            let place = policies::add(self.estate, self.random, "ip-allowlist", label, status, "confluence");
            let native = vec![self.estate.policies[place].id.clone()];
            self.note(name, "policy", native, "ip-allowlist-disabled", words);
        }
    }

    fn plant_filters(&mut self, steady: &[usize], gone: &Gone) {
        let team = Share::Group(FIRST_TEAM);
        let closed = Share::Project(jira_sharing::closed_project(self.estate));
        let owner = self.random.pick(steady);
        let (public, open, orphan) = ("public-filter", "filter-open-to-logged-in", "filter-owner-inactive");
        let words = "Everybody on the web can see the filter";
        self.filter("plant-filter-public", public, owner, vec![Share::Public], words);
        let words = "Everybody who is signed in can see the filter";
        self.filter("plant-filter-loggedin", open, owner, vec![Share::LoggedIn], words);
        self.filter("plant-filter-authenticated", open, owner, vec![team, Share::Authenticated], words);
        let words = "A team uses the filter, and its owner is deactivated: nobody can change it";
        self.filter("plant-filter-of-leaver", orphan, gone.filter_owner, vec![team], words);

        let words = "Shared with the people of one project";
        self.filter("harmless-filter-for-project", public, owner, vec![closed], words);
        let words = "Shared with the members of one group";
        self.filter("harmless-filter-for-group", open, owner, vec![team], words);
        let words = "Shared with a project that the reader cannot see";
        self.filter("harmless-filter-for-unknown-project", public, owner, vec![Share::UnknownProject], words);
        let words = "Its owner is deactivated, and nobody else ever used the filter";
        self.filter("harmless-private-filter-of-leaver", orphan, gone.filter_owner, Vec::new(), words);
    }

    fn filter(&mut self, name: &str, expect: &'static str, owner: usize, viewers: Vec<Share>, words: &str) {
        let id = jira_sharing::add(&mut self.estate.filters, &title("Worklist", name), owner, viewers);
        let native = vec![id.to_string(), self.estate.people[owner].id.clone()];
        self.note(name, "filter", native, expect, words);
    }

    fn plant_dashboards(&mut self, steady: &[usize]) {
        let owner = self.random.pick(steady);
        for (name, viewers, words) in [
            ("plant-dashboard-public", Share::Public, "Everybody on the web can see the dashboard"),
            ("harmless-dashboard-for-reader", Share::Person(self.estate.reader), "Shared with one person"),
        ] {
            let id = jira_sharing::add(&mut self.estate.dashboards, &title("Board", name), owner, vec![viewers]);
            let native = vec![id.to_string(), self.estate.people[owner].id.clone()];
            self.note(name, "dashboard", native, "public-dashboard", words);
        }
    }

    fn plant_webhooks(&mut self, gone: &Gone) {
        let admin = webhooks::any_admin(self.estate, self.random);
        let secret = |random: &mut Random| format!("planted-secret-{:016x}", random.next());
        let (in_query, before_host) = (secret(self.random), secret(self.random));
        let (plain, leaver, open) = ("webhook-over-http", "webhook-set-by-leaver", "webhook-secret-in-url");
        let url = "http://legacy.acme.example/jira-events";
        self.webhook("plant-webhook-over-http", plain, admin, url, "Sends issues without encryption");
        let url = "https://hooks.leaver.example/jira";
        let words = "Whoever set it is deactivated, and may still read what it sends";
        self.webhook("plant-webhook-of-leaver", leaver, gone.webhook_admin, url, words);
        let url = format!("https://relay.acme.example/jira?token={in_query}&project=PAY");
        let words = "Everybody who can read the webhook reads the secret in its address";
        self.webhook("plant-webhook-secret-in-query", open, admin, &url, words);
        let url = format!("https://jira:{before_host}@intake.acme.example/events");
        self.webhook("plant-webhook-password-in-url", open, admin, &url, words);
        self.estate.secrets = vec![in_query, before_host];

        let url = "http://retired.acme.example/jira";
        let words = "Would send without encryption, but is switched off";
        self.webhook("harmless-disabled-webhook-over-http", plain, admin, url, words);
        self.estate.webhooks.last_mut().expect("internal: one was just added").enabled = false;
        let url = "https://payments.acme.example/jira?project=PAY";
        self.webhook("harmless-webhook-with-query", open, admin, url, "Its address names a project, no secret");
    }

    fn webhook(&mut self, name: &str, expect: &'static str, admin: usize, url: &str, words: &str) {
        let id = webhooks::add(self.estate, self.random, &title("Event feed", name), url, admin).id;
        let native = vec![id.to_string(), self.estate.people[admin].id.clone()];
        self.note(name, "webhook", native, expect, words);
    }

    fn plant_rules(&mut self, steady: &[usize], gone: &Gone) {
        let (person, orphan) = ("automation-acts-as-person", "automation-owner-gone");
        let (first, second) = (self.random.pick(steady), self.random.pick(steady));
        let words = "The rule acts as a person and stops with that account";
        self.rule("plant-rule-acts-as-its-author", person, first, words, |rule| rule.actor = Who::Person(first));
        self.rule("plant-rule-acts-as-a-colleague", person, first, words, |rule| rule.actor = Who::Person(second));
        let words = "Whoever wrote the rule is deactivated, and it goes on";
        self.rule("plant-rule-of-leaver", orphan, gone.rule_author, words, |_| {});
        let words = "The rule is switched on and acts as somebody who is deactivated: it cannot work";
        let actor = Who::Person(gone.rule_actor);
        self.rule("plant-rule-acts-as-leaver", orphan, first, words, |rule| rule.actor = actor).also =
            &["automation-acts-as-person"];

        let words = "Would act as a person, but is switched off";
        self.rule("harmless-disabled-rule-as-person", person, first, words, |rule| {
            rule.actor = Who::Person(second);
            rule.enabled = false;
        });
        self.rule("harmless-rule-run-by-app", person, second, "A person wrote the rule, the app runs it", |_| {});
        let words = "The answer does not say as whom the rule acts";
        self.rule("harmless-rule-in-early-shape", person, second, words, |rule| rule.early = true);
        let words = "Whoever wrote it is deactivated, and so is the rule";
        self.rule("harmless-disabled-rule-of-leaver", orphan, gone.rule_author, words, |rule| rule.enabled = false);
    }

    /// Adds a rule, changed as wanted, and writes it down with the account in question.
    fn rule(
        &mut self,
        name: &str,
        expect: &'static str,
        author: usize,
        words: &str,
        change: impl FnOnce(&mut AutomationRule),
    ) -> &mut Plant {
        let rule = automation::add(self.estate, self.random, &title("Routine", name), author);
        change(rule);
        let (id, actor) = (rule.id.clone(), rule.actor);
        let who = if matches!(actor, Who::Person(_)) { actor } else { Who::Person(author) };
        let native = vec![id, self.estate.account_id(who).to_owned()];
        self.note(name, "automation", native, expect, words)
    }

    fn plant_events(&mut self, natives: Natives) {
        let words = "The app Zapier acts for a person, day after day";
        self.note("plant-app-acts-for-person", "app", natives.app_for_person, "app-acts-for-person", words);
        let words = "The app acts for nobody but itself";
        self.note("harmless-app-for-itself", "app", natives.app_for_itself, "app-acts-for-person", words);
        let words = "The token belongs to one person, and another one uses it";
        self.note("plant-token-lent", "credential", natives.lent_token, "token-used-by-other", words);
        let words = "The login account of a machine logs in as people do";
        self.note("plant-machine-logs-in", "principal", natives.machine, "machine-logs-in", words);
        let people: BTreeSet<Vec<String>> = self
            .estate
            .truth
            .harmless
            .iter()
            .filter(|plant| plant.id.starts_with("harmless-person-"))
            .map(|plant| plant.native.clone())
            .collect();
        for (number, native) in people.into_iter().enumerate() {
            let words = "A person whose name has a machine's name in it logs in";
            self.note(&format!("harmless-login-{number}"), "principal", native, "machine-logs-in", words);
        }
    }

    fn plant_customer(&mut self) {
        let customer = 1;
        self.estate.join(Who::Customer(customer), AGENTS);
        let native = vec![self.estate.customers[customer].id.clone(), self.estate.groups[AGENTS].id.clone()];
        let words = "A customer of the portal is in the group of the agents";
        self.note("plant-customer-on-agent-seat", "principal", native, "customer-on-agent-seat", words);
    }

    /// Who is in a role of every new project: administrators, a person and apps as usual, and a machine and everybody.
    fn plant_default_actors(&mut self, steady: &[usize]) {
        let (machine, everybody) = ("machine-in-default-role", "everybody-in-default-role");
        let (bot, person) = (self.estate.service_accounts[3].app, steady[0]);
        let native = |id: &str, role: usize| vec![id.to_owned(), ROLES[role].0.to_string()];
        for (role, who) in [
            (0, Holder::Group(JIRA_ADMINS)),
            (1, Holder::Account(Who::App(bot))),
            (1, Holder::Account(Who::Person(person))),
            (1, Holder::Group(JIRA_USERS)),
            (3, Holder::Group(ADDONS)),
        ] {
            let id = 9_000 + u64::try_from(self.estate.default_actors.iter().map(Vec::len).sum::<usize>()).unwrap_or(0);
            self.estate.default_actors[role].push(Actor { id, who });
        }
        let words = "The service account metrics-bot is a developer in every new project";
        let account = native(&self.estate.apps[bot].id, 1);
        self.note("plant-machine-in-default-role", "grant", account, machine, words);
        let words = "Everybody who gets a seat of Jira is a developer in every new project";
        let group = native(&self.estate.groups[JIRA_USERS].id, 1);
        self.note("plant-everybody-in-default-role", "grant", group, everybody, words);
        let words = "A person is a developer in every new project";
        let account = native(&self.estate.people[person].id, 1);
        self.note("harmless-person-in-default-role", "grant", account, machine, words);
        for (name, role, group, words) in [
            ("administrators", 0, JIRA_ADMINS, "The administrators of Jira administer every new project"),
            ("addons", 3, ADDONS, "Installed apps have their own role in every new project"),
        ] {
            let native = native(&self.estate.groups[group].id, role);
            self.note(&format!("harmless-{name}-in-default-role"), "grant", native, everybody, words);
        }
    }

    /// What no interface shows, in every estate of this make.
    fn plant_blind_spots(&mut self) {
        let outsiders = |person: &&super::estate::Person| !person.managed && person.standing == Standing::Active;
        let count = self.estate.people.iter().filter(outsiders).count();
        let native = vec![self.estate.org_id.clone()];
        let words = format!("{count} active people have accounts of other firms, whose tokens nobody here can see");
        self.note("plant-external-accounts", "setting", native, "external-accounts-blind-spot", &words);
        let native = vec![self.estate.cloud_id.clone()];
        let words = "The access to team-managed projects is not told by any interface";
        self.note("plant-team-managed-projects", "container", native, "team-managed-projects-unseen", words);
    }
}

/// A name for people, from the name of the plant: a thing must not say on its face what is wrong with it.
fn title(what: &str, name: &str) -> String {
    let digest = name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{what} {}", digest % 100_000)
}
