//! What only looks wrong: each look-alike stands for a mistake that a rule could make.

use chrono::TimeDelta;

use super::estate::{Estate, Expiry, SITE_ADMINS};
use super::plants::Garden;

impl Garden<'_> {
    /// Plants all look-alikes.
    pub(super) fn plant_look_alikes(&mut self) {
        self.harmless_tokens();
        self.harmless_people();
        self.harmless_grants();
    }

    fn harmless_tokens(&mut self) {
        let words = "Ends in 300 days and is 60 days old: a life of 360 days is within the year";
        self.token("harmless-token-within-a-year", "token-lifetime-too-long", words, |token, estate| {
            token.created = estate.now - TimeDelta::days(60);
            token.expires = Expiry::At(estate.now + TimeDelta::days(300));
        });
        let words = "Not used yet, and three days old";
        let old_enough = self.estate.now + TimeDelta::days(27);
        let plant = self.token("harmless-young-unused-token", "token-never-used", words, |token, estate| {
            token.created = estate.now - TimeDelta::days(3);
            token.expires = Expiry::At(token.created + TimeDelta::days(90));
            token.last_active = None;
        });
        plant.until = Some(old_enough);
        let night_worker = self.player();
        for group in Estate::seat_groups(0).iter().chain(Estate::seat_groups(1)).chain(Estate::seat_groups(2)) {
            self.estate.leave(night_worker, *group);
        }
        self.estate.people[night_worker].seen_in_jira = None;
        self.estate.people[night_worker].seen_in_confluence = None;
        let words = "Its owner never opens a page and has no seat, yet the token is used every night";
        self.token_of(night_worker, "harmless-token-used-nightly", "token-unused", words, |token, estate| {
            token.last_active = Some(estate.now - TimeDelta::hours(4));
            token.nightly = true;
        });
        let build_bot = &self.estate.service_accounts[1];
        let native = vec![build_bot.tokens[0].id.clone(), build_bot.id.clone()];
        let words = "The token \"jenkins\" belongs to a service account, where it should";
        let expect = "integration-on-personal-account";
        self.note("harmless-service-account-jenkins", "credential", native, expect, words);
    }

    fn harmless_people(&mut self) {
        for (name, email) in
            [("Naledi Botha", "naledi.botha@acme.example"), ("Mara Bauer-Jenkins", "mara.bauer-jenkins@acme.example")]
        {
            let person = self.player();
            self.rename(person, name, email);
            let native = vec![self.estate.people[person].id.clone()];
            let id = format!("harmless-person-{}", name.to_lowercase().replace(' ', "-"));
            self.note(
                &id,
                "principal",
                native,
                "machine-on-paid-seat",
                "A person whose name has a machine's name in it",
            );
        }
        let retired = self.player();
        self.deactivate(retired, 12);
        let native = vec![self.estate.people[retired].id.clone()];
        let words = "Deactivated, and left no tokens behind";
        self.note("harmless-deactivated-without-tokens", "principal", native, "owner-deactivated", words);
        let native = vec![self.estate.people[self.estate.steward].id.clone()];
        let words = "Administers the organisation with a second factor";
        self.note("harmless-org-admin-with-mfa", "principal", native, "org-admin-without-mfa", words);
        let native = vec![self.estate.groups[SITE_ADMINS].id.clone()];
        let words = "A group called site-admins that grants no role";
        self.note("harmless-group-called-site-admins", "group", native, "unmanaged-admin", words);
        let app = self.estate.apps.iter().find(|app| !app.active).expect("internal: some apps are gone");
        let native = vec![app.id.clone()];
        let words = "The account of an app that was uninstalled";
        self.note("harmless-inactive-app", "principal", native, "inactive-actor", words);
        let native = vec![self.estate.customers[0].id.clone()];
        let words = "A customer of the service desk, who needs no seat";
        self.note("harmless-customer", "principal", native, "seat-dormant", words);
    }

    fn harmless_grants(&mut self) {
        for (id, holder, parameter, words) in [
            ("harmless-grant-to-licensed", "applicationRole", "jira-software", "Only for people with a Jira seat"),
            ("harmless-grant-to-addons", "projectRole", "10003", "The role of installed apps, as Jira makes it"),
        ] {
            let scheme = &self.estate.schemes[0];
            let grant = scheme
                .grants
                .iter()
                .find(|grant| grant.holder == holder && grant.parameter.as_deref() == Some(parameter))
                .expect("internal: the default scheme has such a grant");
            let native = vec![grant.id.to_string(), scheme.id.to_string()];
            self.note(id, "grant", native, "grant-to-logged-in", words);
        }
    }
}
