//! The sandbox: a second Jira site of the organisation, for trying things out. Accounts, groups and seats are those of
//! the organisation; projects, schemes, webhooks and automation rules are its own. Like every site it counts from the
//! same numbers, so that ids alone do not tell its things from those of the other site.

use chrono::TimeDelta;
use serde_json::Value;

use super::automation;
use super::estate::{Actor, Estate, Holder, JIRA_ADMINS, JIRA_USERS, Project, SITE_ADDRESS, Scheme, Who};
use super::installed_apps;
use super::people::steady;
use super::random::Random;
use super::webhooks;

/// Public address of the sandbox.
pub(super) const ADDRESS: &str = "https://acme-sandbox-412.atlassian.net";

/// The machine that works in production, too, and the one that works here only, by place among service accounts.
const SHARED: usize = 0;
const OWN: usize = 3;

/// Opens the sandbox, and says on the answer sheet what is planted there.
pub(super) fn found(estate: &mut Estate) {
    let mut random = Random::new(estate.seed ^ 0x5A4D_B0C5_0000_0006);
    let random = &mut random;
    let steady = steady(estate);
    let (lead, tester) = (steady[0], steady[1 % steady.len()]);
    let mut sandbox = Estate { cloud_id: estate.sandbox_id.clone(), ..Estate::empty(estate.seed, estate.now) };
    sandbox.org_id.clone_from(&estate.org_id);
    sandbox.sandbox_id.clone_from(&estate.sandbox_id);
    sandbox.service_accounts.clone_from(&estate.service_accounts);
    (sandbox.reader, sandbox.steward) = (estate.reader, estate.steward);
    sandbox.customers.clone_from(&estate.customers);
    // Service management and Confluence were not bought for it.
    sandbox.capacity = [estate.seats(0) * 2, 0, 0];
    // Nobody changed the scheme that every site begins with.
    sandbox.schemes = vec![Scheme { owner: None, ..estate.schemes[0].clone() }];
    refresh_people(estate, &mut sandbox);
    let machines = [SHARED, OWN].map(|place| estate.service_accounts[place].app);
    for (number, (key, name)) in
        [("SBX", "Trial"), ("TRAIN", "Training"), ("MIG", "Migration rehearsal")].into_iter().enumerate()
    {
        let mut project = Project {
            id: 10_000 + u64::try_from(number).expect("internal: few projects"),
            uuid: random.uuid(),
            key: key.to_owned(),
            name: name.to_owned(),
            kind: "software",
            team_managed: false,
            archived: false,
            lead,
            scheme: 0,
            issues: random.between(3, 200),
            last_issue: estate.now - TimeDelta::hours(random.between(1, 500)),
            actors: [Vec::new(), Vec::new(), Vec::new(), Vec::new()],
        };
        add_actor(&mut project, 0, Holder::Group(JIRA_ADMINS));
        add_actor(&mut project, 0, Holder::Account(Who::Person(lead)));
        add_actor(&mut project, 1, Holder::Account(Who::Person(tester)));
        if let Some(machine) = machines.get(number) {
            add_actor(&mut project, 1, Holder::Account(Who::App(*machine)));
        }
        add_actor(&mut project, 2, Holder::Group(JIRA_USERS));
        sandbox.projects.push(project);
    }
    installed_apps::install(&mut sandbox);
    sandbox.installed.retain(|app| !app.user_installed);
    sandbox.reserved.clone_from(&estate.reserved);
    let admin = webhooks::any_admin(estate, random);
    webhooks::add(&mut sandbox, random, "Trial feed", "https://trial.acme.example/jira", admin);
    automation::add(&mut sandbox, random, "Close trial issues", lead);
    estate.sandbox = Some(Box::new(sandbox));
    note(estate, machines, lead);
}

fn add_actor(project: &mut Project, role: usize, who: Holder) {
    let before: usize = project.actors.iter().map(Vec::len).sum();
    let id = project.id * 1000 + u64::try_from(before).expect("internal: few actors");
    project.actors[role].push(Actor { id, who });
}

fn note(estate: &mut Estate, [shared, own]: [usize; 2], lead: usize) {
    let key = "sandbox-account-in-production";
    let (site, now) = (estate.sandbox_id.clone(), estate.now);
    let accounts = [&estate.apps[shared].id, &estate.apps[own].id, &estate.people[lead].id]
        .map(|account| vec![account.clone(), site.clone()]);
    let [shared, own, lead] = accounts;
    let words = "The account of one machine works in production and in the sandbox";
    estate.truth.note("plant-sandbox-machine-in-production", "principal", shared, key, words, now);
    let words = "The account of a machine works in the sandbox only";
    estate.truth.note("harmless-sandbox-own-machine", "principal", own, key, words, now);
    let words = "A person works in production and in the sandbox";
    estate.truth.note("harmless-sandbox-person-in-both", "principal", lead, key, words, now);
}

/// Accounts, groups and the time are those of the organisation, whatever happened there.
pub(super) fn follow(estate: &mut Estate) {
    let Some(mut sandbox) = estate.sandbox.take() else { return };
    refresh_people(estate, &mut sandbox);
    estate.sandbox = Some(sandbox);
}

fn refresh_people(estate: &Estate, sandbox: &mut Estate) {
    sandbox.now = estate.now;
    sandbox.people.clone_from(&estate.people);
    sandbox.apps.clone_from(&estate.apps);
    sandbox.groups.clone_from(&estate.groups);
    sandbox.deleted_groups.clone_from(&estate.deleted_groups);
    sandbox.on_site.clone_from(&estate.on_site);
    sandbox.by_account.clone_from(&estate.by_account);
}

/// Seats in the sandbox: taken and bought.
pub(super) fn seats(estate: &Estate) -> (usize, usize) {
    let bought = estate.sandbox.as_ref().map_or(0, |sandbox| sandbox.capacity[0]);
    (estate.seats(0), bought)
}

/// Has an answer name the sandbox where it names the other site.
pub(super) fn readdress(body: &mut Value) {
    match body {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(SITE_ADDRESS) {
                *text = format!("{ADDRESS}{rest}");
            }
        }
        Value::Array(rows) => rows.iter_mut().for_each(readdress),
        Value::Object(fields) => fields.values_mut().for_each(readdress),
        _ => {}
    }
}
