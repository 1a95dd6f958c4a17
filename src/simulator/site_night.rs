//! What a night changes beside people, permissions and credentials, and what the logs tell of the whole night.
//! It draws from chance of its own, so that the rest of the night does not depend on it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::estate::Estate;
use super::installed_apps::InstalledApp;
use super::jira_sharing::Share;
use super::night::Night;
use super::random::Random;
use super::webhooks::any_admin;
use super::{history, jira_audit};

/// Lets the night that began at `from` pass over the rest of the estate, when people and credentials are through.
pub(super) fn pass(estate: &mut Estate, from: DateTime<Utc>) {
    let random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0xD1F7_0B5E_77AA_1C03));
    let mut night = Night { estate, random };
    night.divert_webhook();
    night.publish_filter();
    night.install_app();
    night.write_records();
    let Night { estate, mut random } = night;
    history::add_night(estate, &mut random, from);
}

/// The same for a night in which nothing of that changes: the logs tell the little there was.
pub(super) fn pass_quietly(estate: &mut Estate, from: DateTime<Utc>) {
    let random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0x51E7_0B5E_77AA_1C03));
    let mut night = Night { estate, random };
    night.write_records();
    let Night { estate, mut random } = night;
    history::add_night(estate, &mut random, from);
}

impl Night<'_> {
    /// Native ids of a kind that have a part on the answer sheet.
    fn taken(&self, kind: &str) -> BTreeSet<String> {
        let truth = &self.estate.truth;
        let planted = truth.plants.iter().chain(&truth.harmless).filter(|plant| plant.kind == kind);
        planted.filter_map(|plant| plant.native.first().cloned()).collect()
    }

    /// An ordinary webhook sends to another host from now on.
    fn divert_webhook(&mut self) {
        let taken = self.taken("webhook");
        let ordinary: Vec<usize> = (0..self.estate.webhooks.len())
            .filter(|at| !taken.contains(&self.estate.webhooks[*at].id.to_string()))
            .collect();
        let chosen = self.random.pick(&ordinary);
        let admin = any_admin(self.estate, &mut self.random);
        let updated = self.estate.now - TimeDelta::minutes(self.random.between(10, 300));
        let url = format!("https://moved-{}.acme.example/jira", self.estate.nights);
        let webhook = &mut self.estate.webhooks[chosen];
        (webhook.url, webhook.updated_by, webhook.updated) = (url, admin, updated);
        let native = vec![webhook.id.to_string()];
        self.note("webhook-diverted", "changed", "webhook", native, "A webhook sends to another host");
    }

    /// An ordinary filter is shared with everybody.
    fn publish_filter(&mut self) {
        let taken = self.taken("filter");
        let ordinary: Vec<usize> = (0..self.estate.filters.len())
            .filter(|at| !taken.contains(&self.estate.filters[*at].id.to_string()))
            .collect();
        if ordinary.is_empty() {
            return;
        }
        let chosen = self.random.pick(&ordinary);
        let filter = &mut self.estate.filters[chosen];
        filter.viewers.push(Share::Public);
        let native = vec![filter.id.to_string(), self.estate.people[filter.owner].id.clone()];
        self.note("filter-published", "changed", "filter", native.clone(), "A filter is shared with everybody");
        let words = "Shared with everybody on the web since last night";
        self.plant("public-filter", "filter", native, "public-filter", words);
    }

    fn install_app(&mut self) {
        let number = self.estate.nights;
        let key = format!("com.nightshift.connect.board-{number}");
        let name = format!("Night Board {number}");
        self.estate.installed.push(InstalledApp {
            key: key.clone(),
            name,
            version: "1.0.0-AC",
            enabled: true,
            user_installed: true,
            vendor: "Night Shift",
        });
        self.note("app-installed", "added", "app", vec![key], "Somebody installed an app");
    }

    /// What of this night shows in Jira's own log.
    fn write_records(&mut self) {
        let now = self.estate.now;
        let tonight: Vec<_> = self.estate.truth.drift.iter().filter(|drift| drift.at == now).cloned().collect();
        for drift in tonight {
            let at = now - TimeDelta::minutes(5);
            match (drift.kind, drift.native.as_slice()) {
                ("membership", [person, group]) => {
                    jira_audit::record_membership(self.estate, &mut self.random, at, [person, group]);
                }
                ("webhook", [id]) => {
                    let place = self.estate.webhooks.iter().position(|webhook| webhook.id.to_string() == *id);
                    if let Some(place) = place {
                        jira_audit::record_webhook(self.estate, &mut self.random, at, place);
                    }
                }
                _ => {}
            }
        }
    }
}
