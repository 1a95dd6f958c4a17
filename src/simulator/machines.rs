//! Programs that work under people's accounts, and what only looks like them. They come last, on people who have no part
//! yet and from chance of their own, so that the rest of the estate is the same without them.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::credentials::own_token;
use super::estate::{Estate, Standing};
use super::plants::Garden;
use super::random::Random;

/// How many nights it takes to see that something is used every night.
const NIGHTS: i64 = 16;

/// Plants programs and look-alikes.
pub(super) fn plant(estate: &mut Estate) {
    let mut random = Random::new(estate.seed ^ 0x3AC4_14E5_0000_0007);
    let mut free = free(estate);
    estate.reserved.extend(free.iter().take(PARTS));
    free.truncate(PARTS);
    let mut garden = Garden { estate, cast: &mut free, random: &mut random };
    garden.silent_accounts();
    garden.own_tools();
    estate.tokens.sort_by(|a, b| a.id.cmp(&b.id));
}

/// How many people take part.
const PARTS: usize = 6;

/// Active managed people without a part, a token or a project, whom nothing on the answer sheet names.
fn free(estate: &Estate) -> Vec<usize> {
    let owners: BTreeSet<usize> = estate.tokens.iter().map(|token| token.owner).collect();
    let leads: BTreeSet<usize> = estate.projects.iter().map(|project| project.lead).collect();
    let named: BTreeSet<&String> =
        estate.truth.plants.iter().chain(&estate.truth.harmless).flat_map(|plant| &plant.native).collect();
    let is_free = |at: &usize| {
        let person = &estate.people[*at];
        person.managed
            && person.standing == Standing::Active
            && person.platform_roles.is_empty()
            && person.seen_in_jira.is_some()
            && person.holds_seat(0)
            && !estate.reserved.contains(at)
            && !owners.contains(at)
            && !leads.contains(at)
            && !named.contains(&person.id)
    };
    let mut free: Vec<usize> = (0..estate.people.len()).filter(is_free).collect();
    // The last ones: the first are picked for other parts more often.
    free.reverse();
    free
}

impl Garden<'_> {
    /// Accounts of people who open no page, with a program that uses their token.
    fn silent_accounts(&mut self) {
        let (now, key) = (self.estate.now, "human-behaves-like-machine");
        let seen = now + TimeDelta::days(NIGHTS);
        let silent = self.player();
        self.away(silent, 150);
        let words = "Nobody opens a page with the account, and a program uses its token every night";
        let account = self.estate.people[silent].id.clone();
        self.own_token(silent, "month end", |token, estate| {
            token.last_active = Some(estate.now - TimeDelta::hours(3));
            token.nightly = true;
        });
        self.note("plant-silent-account-used-nightly", "principal", vec![account], key, words).since = seen;

        let worker = self.estate.truth.harmless.iter().find(|plant| plant.id == "harmless-token-used-nightly");
        let native = worker.and_then(|plant| plant.native.get(1).cloned());
        let native = native.expect("internal: the look-alike was planted before");
        let words = "The account of a person who never opens a page, with a token that a program uses";
        self.note("plant-night-worker", "principal", vec![native], key, words).since = seen;
    }

    /// People's own tools: the same labels, or used as often, and a person behind each.
    fn own_tools(&mut self) {
        let (now, label) = (self.estate.now, "label-reads-like-system");
        for (name, text, days, words) in [
            ("jenkins-cli", "jenkins", 0, "A person looks at builds from their own machine, on working days"),
            ("zapier-trial", "zapier", 20, "A person tried something out three weeks ago, and no more"),
        ] {
            let person = self.player();
            self.at_work(person);
            let native = self.own_token(person, text, |token, _| {
                token.last_active = Some(now - TimeDelta::days(days) - TimeDelta::hours(9));
            });
            self.note(&format!("plant-{name}"), "credential", native, label, words);
            let account = vec![self.estate.people[person].id.clone()];
            let key = "human-behaves-like-machine";
            self.note(&format!("harmless-{name}"), "principal", account, key, words);
        }
        let always_on = self.player();
        self.at_work(always_on);
        self.own_token(always_on, "browser extension", |token, estate| {
            token.last_active = Some(estate.now - TimeDelta::hours(3));
            token.nightly = true;
        });
        let account = vec![self.estate.people[always_on].id.clone()];
        let words = "The extension in a browser that is never closed asks every night, and its owner works every day";
        self.note("harmless-always-on", "principal", account, "human-behaves-like-machine", words);

        let on_leave = self.player();
        self.away(on_leave, 100);
        for group in (0..3).flat_map(Estate::seat_groups) {
            self.estate.leave(on_leave, *group);
        }
        self.own_token(on_leave, "terminal", |token, estate| {
            token.last_active = Some(estate.now - TimeDelta::hours(30));
        });
        let account = vec![self.estate.people[on_leave].id.clone()];
        let words = "Works in a terminal alone, and not on two days of each week";
        self.note("harmless-terminal-only", "principal", account, "human-behaves-like-machine", words);
    }

    /// Somebody who has not signed in for a long time, and last opened a page some days ago.
    fn away(&mut self, person: usize, days: i64) {
        let account = self.estate.people[person].id.clone();
        self.estate.people[person].added = self.estate.now - TimeDelta::days(400);
        self.estate.people[person].seen_in_jira = Some(self.estate.now - TimeDelta::days(days));
        self.estate.people[person].seen_in_confluence = None;
        self.estate.events.retain(|event| event.action != "user_login" || event.actor.id != account);
    }

    /// Somebody who opened a page an hour ago.
    fn at_work(&mut self, person: usize) {
        self.estate.people[person].seen_in_jira = Some(self.estate.now - TimeDelta::hours(1));
    }

    fn own_token(
        &mut self,
        owner: usize,
        label: &str,
        change: impl FnOnce(&mut super::estate::Token, &Estate),
    ) -> Vec<String> {
        let mut token = own_token(self.estate, owner, self.random);
        label.clone_into(&mut token.label);
        change(&mut token, self.estate);
        let native = vec![token.id.clone(), self.estate.people[owner].id.clone()];
        self.estate.tokens.push(token);
        native
    }
}
