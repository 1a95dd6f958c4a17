//! What goes wrong on the way to an estate: every endpoint meets every fault (`matrix`), and here is what a whole source, or
//! a night, loses.

mod cells;
mod lab;
mod matrix;
mod weight;

use std::collections::BTreeSet;

use keyroll::model::{Body, RuleId, Step, What};
use keyroll::simulator::Fault;

use crate::mixed::only;
use crate::support::pretended::{Estate, gaps, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_left_out_makes_no_false_word_either() {
    let estate = Estate::new().await;
    estate.scan().await;
    let before: BTreeSet<_> = open(&estate.assess()).map(|finding| finding.id.clone()).collect();
    for only in ["org", "jira", "confluence", "bitbucket"] {
        let outcome = estate.scan_only(&[only.to_owned()]).await.unwrap();
        let assessment = estate.assess();
        assert!(!outcome.complete, "{only}: half a scan is not complete");
        assert!(assessment.transitions.iter().all(|step| step.step != Step::Resolved), "{only}");
        assert!(assessment.changes.iter().all(|change| !matches!(change.what, What::Added | What::Removed)), "{only}");
        let now: BTreeSet<_> = open(&assessment).map(|finding| finding.id.clone()).collect();
        assert!(before.is_subset(&now), "{only}: a finding was lost");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_left_the_configuration_stays_a_gap() {
    let estate = Estate::new().await;
    estate.scan().await;
    let text = std::fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
    let (before, rest) = text.split_once("  - name: jira").unwrap();
    let (_jira, after) = rest.split_once("  - name: confluence").unwrap();
    std::fs::write(estate.path("keyroll.yaml"), format!("{before}  - name: confluence{after}")).unwrap();
    for _ in 0..2 {
        let outcome = estate.scan().await;
        assert!(!outcome.complete);
        let assessment = estate.assess();
        assert!(gaps(&assessment).iter().any(|gap| gap.source.as_str() == "jira"), "{:#?}", gaps(&assessment));
        assert!(assessment.changes.iter().all(|change| change.what != What::Removed));
    }
}

/// What comes into sight after a blind night may be new or old: no rule passes on it, and no rule cries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_seen_for_the_first_time_after_a_blind_night_is_in_doubt() {
    let estate = Estate::new().await;
    estate.simulator.set_fault("project-role", Fault::Status(403));
    estate.scan().await;
    estate.simulator.clear_faults();
    estate.scan().await;
    let assessment = estate.assess();
    assert!(assessment.changes.iter().any(|change| change.what == What::FirstSeen));
    let tally = &assessment.tallies[&RuleId::from("project-administrator-added")];
    assert!(tally.unknown > 0 && tally.fail == 0, "{tally:#?}");
}

/// A list of members that is refused for one night: nobody changed, nobody is a new member, and afterwards all is as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_list_of_members_changes_nobody() {
    for (product, endpoint, group) in [
        ("jira-dc", "jira-dc-group-members", "jira-software-users"),
        ("confluence-dc", "confluence-dc-group-members", "confluence-users"),
        ("confluence-dc", "confluence-dc-parent-groups", "wiki-gardeners"),
    ] {
        let estate = only(product).await;
        estate.scan().await;
        estate.scan().await;
        let clean = estate.assess();
        assert!(clean.changes.is_empty(), "{product}: {:#?}", clean.changes);
        estate.simulator.set_fault(endpoint, Fault::About(group.to_owned(), Box::new(Fault::Status(403))));
        for night in ["first", "second"] {
            assert!(!estate.scan().await.complete, "{product}");
            let blind = estate.assess();
            assert!(blind.changes.is_empty(), "{product}, {night} night: {:#?}", blind.changes);
            let seen = |body: &Body| matches!(body, Body::Principal(one) if one.groups_at_least.known().is_some());
            let partly = blind.snapshot.resources.iter().filter(|resource| seen(&resource.body)).count();
            assert_eq!(partly > 0, endpoint.ends_with("members"), "{product}: what was read is still there");
        }
        estate.simulator.clear_faults();
        assert!(estate.scan().await.complete, "{product}");
        let healed = estate.assess();
        assert!(healed.changes.is_empty(), "{product}, when all is well: {:#?}", healed.changes);
    }
}

/// A server that answers none of many calls in a row is not asked for the rest: what is not seen is a gap either way, and
/// with a time limit for each call a scan would take days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_nothing_is_not_asked_for_everything() {
    let estate = Estate::new().await;
    let of_a_role = |path: &str| path.starts_with("/rest/api/3/project/") && path.contains("/role/");
    let asked = || estate.simulator.requests().iter().filter(|(_, path)| of_a_role(path)).count();
    estate.scan().await;
    // Twenty in a row, and those that are under way by then, each four times.
    let (usual, most) = (asked(), (20 + 8) * 4);
    assert!(usual * 4 > most, "only {usual} roles are asked for");
    for fault in [Fault::CutConnection, Fault::Status(503)] {
        estate.simulator.set_fault("project-role", fault);
        estate.simulator.forget_requests();
        assert!(!estate.scan().await.complete);
        assert!(asked() <= most, "{} requests", asked());
        let after = estate.assess();
        assert!(gaps(&after).iter().any(|gap| gap.reason.contains("could not be read whole")), "{:#?}", gaps(&after));
    }
}
