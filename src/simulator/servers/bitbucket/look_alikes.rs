//! What only looks wrong in the self-hosted Bitbucket: each look-alike stands for a mistake that a rule could make.

use chrono::TimeDelta;

use super::plan::{SYSTEM_ADMINS, USERS, add_repository, machine, ssh_key, webhook};
use super::plants::{Garden, READABLE_PROJECT};
use super::{AccessKey, Place, UserKey};

impl Garden<'_> {
    /// Plants all look-alikes.
    pub(super) fn plant_look_alikes(&mut self) {
        self.harmless_tokens();
        self.harmless_keys();
        self.harmless_places();
        self.harmless_people();
    }

    fn harmless_tokens(&mut self) {
        let now = self.estate.now;
        let build = machine(self.bitbucket, "svc-docs", "Documentation build", now);
        self.bitbucket.groups[USERS].members.push(build);
        let words = "The token of a machine, which may read and no more";
        let (of, key) = (Place::User(build), "dc-machine-token-administers");
        self.token((of, "docs"), "harmless-dc-machine-token-reads", key, words, |token| {
            token.permissions = vec!["PROJECT_READ", "REPO_READ"];
        });
        let words = "Made for 360 days, which is long but not for ever";
        let (owner, key) = (self.player(), "dc-token-without-expiry");
        self.token((Place::User(owner), "terminal"), "harmless-dc-token-for-a-year", key, words, |token| {
            token.days = Some(360);
        });
        let old_enough = now + TimeDelta::days(27);
        let words = "The token of a project, not used yet, and three days old";
        let (of, key) = (Place::Project(7), "dc-token-never-used");
        let plant = self.token((of, "newcomer"), "harmless-dc-young-unused-token", key, words, |token| {
            token.created = now - TimeDelta::days(3);
            token.used = None;
        });
        plant.until = Some(old_enough);
    }

    fn harmless_keys(&mut self) {
        let now = self.estate.now;
        let mut native = Vec::new();
        for repository in [2, 3] {
            let key = ssh_key(self.bitbucket, "ci reading", now, self.random);
            native.push(key.id.to_string());
            let on = Place::Repository(repository);
            self.bitbucket.access_keys.push(AccessKey { key, on, permission: "REPO_READ" });
        }
        let words = "Two keys of one label, each for a repository of its own";
        self.note("harmless-dc-keys-of-one-label", "credential", native, "dc-access-key-shared", words);

        let owner = self.player();
        let mut key = ssh_key(self.bitbucket, "second notebook", now, self.random);
        key.created = now - TimeDelta::days(200);
        key.used = Some(now - TimeDelta::hours(20));
        let native = vec![key.id.to_string(), self.user_id(owner)];
        self.bitbucket.ssh_keys.push(UserKey { key, owner });
        let words = "An old SSH key that was used yesterday and has an end";
        self.note("harmless-dc-old-ssh-key-in-use", "credential", native, "dc-ssh-key-unused", words);
    }

    fn harmless_places(&mut self) {
        self.bitbucket.projects[READABLE_PROJECT].default_permission = Some("PROJECT_READ");
        let native = vec![self.id_of(Place::Project(READABLE_PROJECT))];
        let words = "Everybody who is logged in may read the project, and nobody else writes to it";
        self.note("harmless-dc-project-readable", "grant", native, "dc-project-open-to-logged-in", words);

        let website = add_repository(self.bitbucket, 0, "Public website", None);
        let native = vec![self.id_of(Place::Repository(website))];
        let words = "Called public, and private";
        self.note("harmless-dc-repository-called-public", "container", native, "dc-public-repository", words);

        let (now, on) = (self.estate.now, Place::Repository(2));
        let url = "https://retired.acme.example/bitbucket";
        let mut hook = webhook(self.bitbucket, "Retired feed", url, on, now, self.random);
        (hook.verifies, hook.active) = (false, false);
        let native = vec![hook.id.to_string(), self.id_of(on)];
        self.bitbucket.webhooks.push(hook);
        let words = "Would check no certificate, but is switched off";
        self.note("harmless-dc-disabled-webhook", "webhook", native, "dc-webhook-skips-verification", words);
    }

    fn harmless_people(&mut self) {
        let admin = self.player();
        self.bitbucket.groups[SYSTEM_ADMINS].members.push(admin);
        let native = vec![self.user_id(admin)];
        let words = "A person administers the system";
        self.note("harmless-dc-person-is-system-admin", "principal", native, "dc-machine-is-system-admin", words);

        let gone = self.leaver("arno.wittig", "Arno Wittig");
        let native = vec![self.user_id(gone)];
        let words = "Deactivated, and left no token behind";
        self.note("harmless-dc-deactivated-without-token", "principal", native, "dc-token-owner-deactivated", words);
    }
}
