//! What if: what was foretold comes true. Each change is tried out in thought, then made in the pretended estate, and the
//! estate is scanned again over HTTP: the findings, and the snapshot itself, are those that were foretold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use keyroll::app::whatif::{Suppose, WhatIf, simulate, suppose};
use keyroll::findings::Waivers;
use keyroll::inventory::Revocations;
use keyroll::inventory::detector::Knowledge;
use keyroll::model::*;
use keyroll::simulator::{Fault, Simulator};

use crate::mixed;
use crate::support::demo::two_nights;
use crate::support::expected::expect_file;
use crate::support::keyroll::{Run, keyroll};
use crate::support::pretended::{Estate, first_night};

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

fn account(native: &str) -> ResourceId {
    cloud(Kind::Principal, native)
}

fn group(native: &str) -> ResourceId {
    cloud(Kind::Group, native)
}

/// Findings that are not over, with their severity.
fn standing(assessment: &Assessment) -> BTreeMap<FindingId, Severity> {
    let standing = assessment.findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_)));
    standing.map(|finding| (finding.id.clone(), finding.severity)).collect()
}

fn told(assessment: &Assessment, ids: impl Iterator<Item = FindingId>) -> Vec<String> {
    ids.map(|id| {
        let known = assessment.findings.iter().find(|finding| finding.id == id);
        known.map_or_else(|| id.to_string(), |finding| format!("{} on {}", finding.rule, finding.resource))
    })
    .collect()
}

/// Tries changes out, makes them, scans, and holds the one against the other. Tells how many findings turned.
async fn comes_true(estate: &Estate, changes: &[Suppose], by_hand: impl FnOnce(&Simulator)) -> Simulation {
    let before = estate.assess();
    let now = keyroll::clock::Clock::now(&estate.clock);
    let rules = estate.app(&[]).unwrap().rules;
    let waivers = Waivers::default();
    let revocations = Revocations::default();
    let ask = WhatIf {
        snapshot: &before.snapshot,
        rules: &rules,
        waivers: &waivers,
        knowledge: Knowledge::shipped(),
        revocations: &revocations,
        now,
    };
    let simulation = simulate(&ask, changes);
    assert!(simulation.supposed.iter().all(|one| one.idle.is_none()), "{:#?}", simulation.supposed);
    let foretold = suppose(&before.snapshot, changes, now);
    by_hand(&estate.simulator);
    estate.scan().await;
    let after = estate.assess();

    let mut expected = standing(&before);
    for turned in &simulation.findings {
        match turned.turn {
            Turn::Closes => {
                expected.remove(&turned.finding);
            }
            Turn::Opens | Turn::Worsens | Turn::Improves => {
                expected.insert(turned.finding.clone(), turned.after.unwrap());
            }
            Turn::BecomesUnknown | Turn::BecomesKnown => {}
        }
    }
    // What was said to be open is no claim; all else is.
    let open =
        |id: &FindingId| simulation.findings.iter().any(|one| one.finding == *id && one.turn == Turn::BecomesUnknown);
    expected.retain(|id, _| !open(id));
    let mut found = standing(&after);
    found.retain(|id, _| !open(id));
    let missed = found.iter().filter(|(id, severity)| expected.get(*id) != Some(*severity));
    let missed = told(&after, missed.map(|(id, _)| id.clone()));
    let wrong = expected.iter().filter(|(id, severity)| found.get(*id) != Some(*severity));
    let wrong = told(&after, wrong.map(|(id, _)| id.clone()));
    assert!(
        missed.is_empty() && wrong.is_empty(),
        "{:?}\nnot foretold, or not so bad: {missed:#?}\nforetold and not so: {wrong:#?}\n{:#?}",
        simulation.supposed,
        after.changes
    );
    let differing: Vec<String> = differences(&foretold, &after.snapshot);
    assert!(differing.is_empty(), "{:?}\n{differing:#?}", simulation.supposed);
    simulation
}

/// Where two snapshots differ, but for who saw what. Seats may have been left open; and the pretended organisation puts
/// accounts into policies by their roles, which real ones do not.
fn differences(foretold: &Snapshot, found: &Snapshot) -> Vec<String> {
    let ids: BTreeSet<&ResourceId> =
        foretold.resources.iter().chain(&found.resources).map(|resource| &resource.id).collect();
    let seen = |snapshot: &Snapshot, id: &ResourceId| snapshot.get(id).cloned().map(without_silent_witnesses);
    ids.into_iter()
        .filter_map(|id| match (seen(foretold, id), seen(found, id)) {
            (Some(one), Some(other)) if one.body == other.body && one.name == other.name => None,
            (Some(one), Some(other)) => {
                let (one, other) =
                    (serde_json::to_value(&one.body).unwrap(), serde_json::to_value(&other.body).unwrap());
                let kind = id.kind().name();
                let fields = one[kind].as_object().unwrap().keys().chain(other[kind].as_object().unwrap().keys());
                let differ: BTreeSet<String> = fields
                    .filter(|field| one[kind].get(*field) != other[kind].get(*field))
                    .filter(|field| *field != "auth_policy")
                    .filter(|field| *field != "seats_used" || one[kind].get(*field).is_some())
                    .map(|field| format!("{field}: {:?} → {:?}", one[kind].get(field), other[kind].get(field)))
                    .collect();
                (!differ.is_empty()).then(|| format!("{id}: foretold → found: {differ:?}"))
            }
            (Some(_), None) => Some(format!("{id} was foretold and is not there")),
            (None, _) => Some(format!("{id} was not foretold")),
        })
        .collect()
}

/// An account without the products that show it and have no word on it: which lists they put whom on is written nowhere.
fn without_silent_witnesses(mut resource: Resource) -> Resource {
    if let Body::Principal(Principal { standings: Fact::Known(standings), .. }) = &mut resource.body {
        standings.retain(|standing| standing.active != Fact::Absent);
    }
    resource
}

/// The ids that a plant of that name speaks of.
fn planted(estate: &Estate, name: &str) -> Vec<String> {
    let truth = estate.simulator.truth();
    truth.plants.iter().find(|plant| plant.id == name).unwrap_or_else(|| panic!("{name}")).native.clone()
}

fn resources_of(snapshot: &Snapshot, fits: impl Fn(&Resource) -> bool) -> Vec<&Resource> {
    snapshot.resources.iter().filter(|resource| fits(resource)).collect()
}

/// An active person who is a direct member of a group of that name, and is nobody whose token the scan uses.
fn member_of(estate: &Estate, snapshot: &Snapshot, name: &str) -> (String, String) {
    let is_it = |resource: &Resource| resource.kind() == Kind::Group && resource.name == name;
    let group = &resources_of(snapshot, is_it)[0].id;
    let found = snapshot.resources.iter().find_map(|resource| match &resource.body {
        Body::Principal(principal) => {
            let lists = [&principal.groups, &principal.workspace_groups];
            let inside = lists.into_iter().filter_map(Fact::known).flatten().any(|own| own == group);
            let reader = principal.email.known().is_some_and(|mail| mail == estate.simulator.site_user());
            let active = principal.status.known().is_some_and(|status| status == "active");
            (inside && active && !reader).then(|| resource.id.native().to_owned())
        }
        _ => None,
    });
    (found.unwrap_or_else(|| panic!("nobody is in {name}")), group.native().to_owned())
}

/// The credential of that native id.
fn credential(estate: &Estate, native: &str) -> ResourceId {
    let is_it = |resource: &Resource| resource.kind() == Kind::Credential && resource.id.native() == native;
    resources_of(&estate.assess().snapshot, is_it)[0].id.clone()
}

fn turned(simulation: &Simulation, turn: Turn) -> Vec<&str> {
    simulation.findings.iter().filter(|one| one.turn == turn).map(|one| one.rule.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_foretold_of_accounts_and_tokens_comes_true() {
    let estate = Estate::new().await;
    estate.scan().await;

    let jenkins = planted(&estate, "plant-integration-jenkins");
    let changes = [Suppose::Deactivated(account(&jenkins[1]))];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.deactivate(&jenkins[1])).await;
    assert!(turned(&simulation, Turn::Opens).contains(&"token-owner-deactivated"), "{simulation:#?}");
    assert!(!simulation.seats.is_empty());

    let before = estate.assess();
    let lead = before.snapshot.resources.iter().find_map(|resource| match &resource.body {
        Body::Container(Container { form: ContainerForm::Project, lead: Fact::Known(lead), .. }) => Some(lead.clone()),
        _ => None,
    });
    let lead = lead.unwrap();
    let changes = [Suppose::Deactivated(lead.clone())];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.deactivate(lead.native())).await;
    assert!(turned(&simulation, Turn::Opens).contains(&"project-lead-inactive"));

    let (developer, _) = member_of(&estate, &estate.assess().snapshot, "Developers");
    let changes = [Suppose::Deactivated(account(&developer))];
    comes_true(&estate, &changes, |simulator| simulator.deactivate(&developer)).await;

    let endless = planted(&estate, "plant-token-null-expiry");
    let changes = [Suppose::Revoked(credential(&estate, &endless[0]))];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.revoke_token(&endless[0])).await;
    assert!(turned(&simulation, Turn::Closes).contains(&"token-without-expiry"));

    let zapier = planted(&estate, "plant-integration-zapier");
    let token = credential(&estate, &zapier[0]);
    let before = estate.assess();
    let Body::Credential(body) = &before.snapshot.get(&token).unwrap().body else { panic!("a token") };
    let by = *body.expires_at.known().unwrap() + TimeDelta::days(1) - first_night();
    let changes = [Suppose::Expired { credential: token, on: None }];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.age_token(&zapier[0], by)).await;
    assert!(turned(&simulation, Turn::Opens).contains(&"token-expired-still-listed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_foretold_of_groups_and_grants_comes_true() {
    let estate = Estate::new().await;
    estate.scan().await;

    for name in ["jira-admins", "org-admins", "jira-users", "confluence-users"] {
        let (member, id) = member_of(&estate, &estate.assess().snapshot, name);
        let changes = [Suppose::Left { member: account(&member), group: group(&id) }];
        comes_true(&estate, &changes, |simulator| simulator.leave_group(&member, &id)).await;
    }

    let (member, id) = member_of(&estate, &estate.assess().snapshot, "Developers");
    let of_workspace =
        estate.assess().snapshot.resources.iter().find(|one| one.name == "Developers").unwrap().id.clone();
    let changes = [Suppose::Left { member: account(&member), group: of_workspace.clone() }];
    let slug = id.rsplit(':').next().unwrap().to_owned();
    comes_true(&estate, &changes, |simulator| simulator.leave_workspace_group(&member, &slug)).await;

    let machine = planted(&estate, "plant-machine-is-project-admin");
    let place = |assessment: &Assessment, holder: &str, role: &str| {
        let fits = |resource: &Resource| {
            let native = resource.id.native();
            native.starts_with("project-role:") && native.contains(&format!("/{role}/")) && native.contains(holder)
        };
        resources_of(&assessment.snapshot, fits)[0].id.clone()
    };
    let grant = place(&estate.assess(), &machine[0], &machine[2]);
    let changes = [Suppose::Withdrawn(grant)];
    let simulation =
        comes_true(&estate, &changes, |simulator| simulator.take_out_of_role(&machine[1], &machine[2], &machine[0]))
            .await;
    assert!(turned(&simulation, Turn::Closes).contains(&"machine-administers-project"));

    let before = estate.assess();
    let held = resources_of(&before.snapshot, |resource| {
        let Body::Grant(grant) = &resource.body else { return false };
        grant.form == GrantForm::ProjectRole
            && grant.holder == Holder::Group
            && resource.id.native().contains("/10010/")
    })[0];
    let Body::Grant(Grant { group: Fact::Known(team), .. }) = &held.body else { panic!("a group") };
    let project = held.id.native().strip_prefix("project-role:").unwrap().split('/').next().unwrap().to_owned();
    let changes = [Suppose::Withdrawn(held.id.clone())];
    let simulation =
        comes_true(&estate, &changes, |simulator| simulator.take_out_of_role(&project, "10010", team.native())).await;
    assert!(!simulation.losses.is_empty());

    let open = planted(&estate, "plant-grant-browse-to-anyone");
    let before = estate.assess();
    let native = format!("permission-scheme:{}/{}", open[1], open[0]);
    let entry = resources_of(&before.snapshot, |resource| resource.id.native() == native)[0].id.clone();
    let changes = [Suppose::Withdrawn(entry)];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.take_from_scheme(&open[0])).await;
    assert!(turned(&simulation, Turn::Closes).contains(&"permission-open-to-anyone"));
    assert_eq!(simulation.everybody_loses.len(), 1);

    let before = estate.assess();
    let given = resources_of(&before.snapshot, |resource| {
        let Body::Grant(grant) = &resource.body else { return false };
        grant.form == GrantForm::RepositoryPermission && grant.group.known() == Some(&of_workspace)
    })[0];
    let Body::Grant(Grant { container: Fact::Known(repository), .. }) = &given.body else { panic!("a repository") };
    let uuid = repository.native().split(':').next_back().unwrap().to_owned();
    let changes = [Suppose::Withdrawn(given.id.clone())];
    comes_true(&estate, &changes, |simulator| simulator.take_from_repository(&uuid, &slug)).await;

    let changes = [Suppose::Deleted(team.clone())];
    comes_true(&estate, &changes, |simulator| simulator.delete_group(team.native())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_changes_at_once_come_true_together() {
    let estate = Estate::new().await;
    estate.scan().await;
    let [one, other] =
        ["plant-integration-power-bi", "plant-token-of-suspended-owner"].map(|name| planted(&estate, name));
    let (member, id) = member_of(&estate, &estate.assess().snapshot, "jira-admins");
    let changes = [
        Suppose::Revoked(credential(&estate, &one[0])),
        Suppose::Deactivated(account(&one[1])),
        Suppose::Deactivated(account(&other[1])),
        Suppose::Left { member: account(&member), group: group(&id) },
        Suppose::Deactivated(account(&member)),
    ];
    comes_true(&estate, &changes, |simulator| {
        simulator.revoke_token(&one[0]);
        simulator.deactivate(&one[1]);
        simulator.deactivate(&other[1]);
        simulator.leave_group(&member, &id);
        simulator.deactivate(&member);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_foretold_of_a_self_hosted_jira_comes_true() {
    let estate = mixed::only("jira-dc").await;
    estate.scan().await;
    let before = estate.assess();
    let tenant = |resource: &&Resource| resource.id.tenant().to_owned();
    let (token, owner) = before
        .snapshot
        .resources
        .iter()
        .find_map(|resource| match &resource.body {
            Body::Credential(Credential {
                form: CredentialForm::PersonalAccessToken,
                owner: Fact::Known(owner),
                expires_at: Fact::Known(end),
                ..
            }) if *end > first_night() && resource.name != "access review" => {
                let body = before.snapshot.get(owner).map(|owner| &owner.body)?;
                let Body::Principal(Principal { status, .. }) = body else { return None };
                (status.known().is_some_and(|status| status == "active")).then(|| (resource, owner.clone()))
            }
            _ => None,
        })
        .unwrap();
    let username = |id: &ResourceId| match &before.snapshot.get(id).unwrap().body {
        Body::Principal(principal) => principal.username.known().unwrap().clone(),
        _ => panic!("an account"),
    };
    let name = username(&owner);
    let changes = [Suppose::Deactivated(owner.clone())];
    let simulation = comes_true(&estate, &changes, |simulator| simulator.deactivate_in_directory(&name)).await;
    assert!(turned(&simulation, Turn::Opens).contains(&"pat-owner-deactivated"), "{simulation:#?}");
    assert!(simulation.harmed.iter().all(|one| one.certainty != Certainty::Certain || one.harm == Harm::LeftAlone));

    let id = token.id.native().rsplit(':').next().unwrap().to_owned();
    let changes = [Suppose::Revoked(token.id.clone())];
    comes_true(&estate, &changes, |simulator| simulator.revoke_jira_dc_token(&id)).await;

    let seats = ResourceId::new(&tenant(&token), Kind::Group, "jira-software-users");
    let member = before
        .snapshot
        .resources
        .iter()
        .find(|resource| match &resource.body {
            Body::Principal(Principal { groups: Fact::Known(groups), status, .. }) => {
                let alone = groups.contains(&seats) && groups.len() > 1 && resource.id != owner;
                alone && status.known().is_some_and(|status| status == "active")
            }
            _ => false,
        })
        .unwrap();
    let name = username(&member.id);
    let changes = [Suppose::Left { member: member.id.clone(), group: seats }];
    comes_true(&estate, &changes, |simulator| simulator.leave_directory_group(&name, "jira-software-users")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_a_question_and_never_a_no() {
    let estate = Estate::new().await;
    estate.simulator.set_fault("api-tokens", Fault::Status(403));
    estate.simulator.set_fault("group-member", Fault::Status(403));
    estate.scan().await;
    let owner = planted(&estate, "plant-integration-jenkins")[1].clone();
    let run = whatif(&estate, &["--deactivate", &owner]);
    assert_eq!(run.code, 20, "{}\n{}", run.out, run.err);
    assert!(run.out.contains("Nothing that was seen; see below what was not."), "{}", run.out);
    assert!(run.out.contains("which further tokens and keys would stop"), "{}", run.out);
    assert!(run.out.contains("CANNOT BE TOLD"), "{}", run.out);
}

fn whatif(estate: &Estate, arguments: &[&str]) -> Run {
    whatif_in(estate.folder.path(), "keyroll.yaml", "2026-11-21T02:00:00Z", arguments)
}

fn whatif_in(folder: &Path, config: &str, now: &str, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["--config", config, "--now", now, "--width", "80", "whatif"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    keyroll(folder, &all)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_asks_nobody_and_stores_nothing() {
    let estate = Estate::new().await;
    estate.scan().await;
    let jenkins = planted(&estate, "plant-integration-jenkins");
    estate.simulator.forget_requests();
    let before = fs::read(estate.path("keyroll.db")).unwrap();
    let arguments = ["--deactivate", &jenkins[1], "--revoke", &jenkins[0], "--format", "json"];
    let run = whatif(&estate, &arguments);
    assert!(matches!(run.code, 10 | 30), "{}", run.err);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&document["keyroll_whatif"], &document["breaks"]), (&1.into(), &true.into()));
    assert_eq!(run.out, whatif(&estate, &arguments).out, "the same bytes twice");
    assert!(estate.simulator.requests().is_empty());
    assert!(fs::read(estate.path("keyroll.db")).unwrap() == before);
    assert!(run.err.contains("nothing was changed, stored or sent"), "{}", run.err);

    for (arguments, told) in [
        (&["--deactivate", "nobody-of-that-name"][..], "saw no account `nobody-of-that-name`"),
        (&["--delete-group", "jira-admin"], "did you mean `jira-admins`?"),
        (&["--revoke", "work notebok"], "did you mean `work notebook`?"),
        (&["--remove", "jira-admins", "--from-role", "Developers", "--on", "10000"], "its roles there: Administrators"),
        (&["--expire", &planted(&estate, "plant-token-null-expiry")[0]], "say when it is to end: `--when DAY`"),
        (&[], "no change was named"),
        (
            &["--remove-member", "a", "--remove-member", "b", "--remove-member", "c", "--from", "x", "--from", "y"],
            "`--from` is given 2 times",
        ),
    ] {
        let run = whatif(&estate, arguments);
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.out);
        assert!(run.err.contains(told), "{arguments:?}: {}", run.err);
        assert!(run.out.is_empty());
    }
}

/// The page on the demo's estate: a machine on a person's kind of account, and a token that a system uses.
#[test]
fn the_page_of_the_demo() {
    let arguments = [
        "--deactivate",
        "svc-deploy@acme.example",
        "--revoke",
        "Power BI",
        "--remove",
        "jira-admins",
        "--from-role",
        "Administrators",
        "--on",
        "10000",
    ];
    let run = whatif_in(two_nights(), "keyroll-demo/keyroll.yaml", "2026-11-22T07:30:00Z", &arguments);
    assert!(run.out.lines().all(|line| keyroll::text::columns(line) <= 80), "{}", run.out);
    expect_file("tests/snapshots/whatif-80.txt", &run.out);
}
