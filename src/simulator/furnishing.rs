//! What the estate has beside people, permissions and credentials: policies, filters, dashboards, webhooks, apps,
//! automation rules, and the logs of what happened. All of it comes last and from chance of its own, so that
//! people and credentials do not depend on it.

use super::estate::{Estate, Standing};
use super::people::steady;
use super::random::Random;
use super::site_plants::{Gone, plant};
use super::{automation, history, installed_apps, jira_audit, jira_sharing, policies, webhooks};

/// Furnishes an estate whose people and credentials are complete.
pub(super) fn furnish(estate: &mut Estate) {
    let mut random = Random::new(estate.seed ^ 0xF0_2217_5EED);
    let random = &mut random;
    let steady = steady(estate);
    policies::lay_down(estate, random);
    jira_sharing::share(estate, random, &steady);
    webhooks::set(estate, random);
    installed_apps::install(estate);
    automation::write(estate, random, &steady);
    jira_audit::write(estate, random, &steady);
    let natives = history::write(estate, random, &steady);
    let gone = gone(estate);
    plant(estate, random, &steady, &gone, natives);
}

/// The people who left; some always did, because they have a part in older plants.
fn gone(estate: &Estate) -> Gone {
    let people = (0..estate.people.len()).filter(|at| estate.people[*at].standing == Standing::Deactivated);
    let mut people = people.cycle();
    let mut next = || people.next().expect("internal: some people left");
    Gone { filter_owner: next(), rule_author: next(), rule_actor: next(), webhook_admin: next() }
}
