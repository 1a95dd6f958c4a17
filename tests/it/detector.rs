//! The detector of integrations on the pretended estates: over enough nights every program on a person's account is found,
//! and nobody's own tool is.

use std::collections::BTreeSet;

use keyroll::inventory::Inventory;
use keyroll::inventory::detector::{Conclusion, Finding, evidence, remedy, sentence};
use keyroll::model::{Assessment, Body, Fact, Kind, ResourceId};

use crate::mixed::only;
use crate::support::pretended::{Estate, open};

/// Nights after which use every night can be told from chance.
const NIGHTS: usize = 16;

async fn after_many_nights(estate: &Estate) -> Assessment {
    estate.scan().await;
    for _ in 0..NIGHTS {
        estate.night();
        estate.scan().await;
    }
    estate.assess()
}

fn concluded(inventory: &Inventory<'_>) -> Vec<Finding> {
    inventory.of_kind(Kind::Principal).flat_map(|account| inventory.concluded(&account.id)).collect()
}

/// The native ids of tokens and accounts that are meant by a conclusion.
fn meant(findings: &[Finding], wanted: impl Fn(&Finding) -> bool) -> BTreeSet<String> {
    findings
        .iter()
        .filter(|finding| wanted(finding))
        .flat_map(|finding| finding.via.iter().chain([&finding.account]))
        .map(|id| id.native().to_owned())
        .collect()
}

fn natives(estate: &Estate, expect: &str, prefix: &str) -> Vec<String> {
    let truth = estate.simulator.truth();
    let plants = truth.plants.iter().chain(&truth.harmless);
    plants
        .filter(|plant| plant.id.starts_with(prefix) && plant.expect == expect)
        .map(|plant| plant.native[0].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_enough_nights_every_program_on_a_person_s_account_is_found_and_no_own_tool_is() {
    let estate = Estate::new().await;
    let assessment = after_many_nights(&estate).await;
    let inventory = Inventory::new(&assessment.snapshot);
    let findings = concluded(&inventory);
    let on_person = meant(&findings, |one| matches!(one.conclusion, Conclusion::RunsOnPerson(_)));
    let like_machine = meant(&findings, |one| one.conclusion == Conclusion::BehavesLikeMachine);

    let planted = natives(&estate, "integration-on-personal-account", "plant-integration-");
    assert_eq!(planted.len(), 4);
    for token in &planted {
        assert!(on_person.contains(token), "{token} is missed");
    }
    let silent = natives(&estate, "human-behaves-like-machine", "plant-");
    assert_eq!(silent.len(), 2);
    for account in &silent {
        let id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, account);
        assert!(like_machine.contains(account), "{account} is missed: {:#?}", inventory.detections().account(&id));
    }
    for look_alike in natives(&estate, "label-reads-like-system", "plant-") {
        assert!(!on_person.contains(&look_alike), "{look_alike} only reads like a system");
    }
    let harmless: Vec<String> = natives(&estate, "human-behaves-like-machine", "harmless-");
    assert_eq!(harmless.len(), 4);
    for account in harmless {
        assert!(!like_machine.contains(&account) && !on_person.contains(&account), "{account} is a person's own");
    }
    for finding in findings.iter().filter(|one| matches!(one.conclusion, Conclusion::RunsOnPerson(_))) {
        assert!(finding.confidence >= 80 && finding.evidence.len() >= 2, "{}", sentence(&inventory, finding));
        assert!(remedy(&inventory, finding).steps.len() >= 8);
    }
    let truth = estate.simulator.truth();
    let named: BTreeSet<&str> =
        truth.plants.iter().flat_map(|plant| plant.native.iter().map(|part| part.trim_matches(['{', '}']))).collect();
    for finding in &findings {
        let known = finding.via.iter().chain([&finding.account]).any(|id| named.contains(id.native()));
        let words: Vec<String> = finding.evidence.iter().map(|one| evidence(&inventory, one)).collect();
        assert!(known, "{} was never planted: {words:#?}", sentence(&inventory, finding));
    }

    // The rules say the same, with the evidence in their words.
    let jenkins = open(&assessment)
        .find(|one| one.rule.as_str() == "integration-on-personal-account" && one.resource.native() == planted[0])
        .unwrap();
    assert!(jenkins.message.contains("days in a row") && jenkins.message.contains("weekends"), "{}", jenkins.message);
    let silent_found = open(&assessment).filter(|one| one.rule.as_str() == "account-behaves-like-machine").count();
    assert_eq!(silent_found, 2);
}

/// The days of use are carried from night to night, and cost no new row where nothing was used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_of_use_grow_with_the_last_use_alone() {
    let estate = Estate::new().await;
    estate.scan().await;
    let first = estate.assess();
    for _ in 0..3 {
        estate.night();
        estate.scan().await;
    }
    let last = estate.assess();
    let days = |assessment: &Assessment, id: &ResourceId| match &assessment.snapshot.get(id)?.body {
        Body::Credential(one) => Some((one.last_used_at, one.used_on.clone())),
        _ => None,
    };
    let (mut rested, mut grown) = (0, 0);
    for resource in first.snapshot.resources.iter().filter(|one| one.kind() == Kind::Credential) {
        let (Some((before, first_days)), Some((after, later_days))) =
            (days(&first, &resource.id), days(&last, &resource.id))
        else {
            continue;
        };
        match (first_days, later_days) {
            (Fact::Known(first_days), Fact::Known(later_days)) if before != after => {
                assert!(later_days.starts_with(&first_days), "{}", resource.id);
                assert!(later_days.len() <= first_days.len() + 3);
                grown += 1;
            }
            (first_days, later_days) => {
                assert_eq!(first_days, later_days, "{}", resource.id);
                assert_eq!(before, after);
                rested += 1;
            }
        }
    }
    assert!(rested > 10 && grown > 10, "{rested} rested, {grown} were used");
    assert!(last.changes.iter().all(|change| change.fields.iter().all(|field| field.field != "used_on")));
}

/// On the first night nothing is known of the nights before: that is unknown, and never a clean bill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_first_night_what_use_might_tell_is_unknown() {
    let estate = Estate::new().await;
    estate.scan().await;
    let assessment = estate.assess();
    let inventory = Inventory::new(&assessment.snapshot);
    for native in natives(&estate, "integration-on-personal-account", "plant-integration-") {
        let token = inventory.of_kind(Kind::Credential).find(|token| token.id.native() == native).unwrap();
        let found = inventory.detections().credential(&token.id).unwrap();
        assert_eq!(found.on_person, Fact::Unknown, "{native}");
        assert!(!found.untold.is_empty());
    }
}

/// Self-hosted products show no page views: there a label and use every night have to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_on_people_s_accounts_of_a_self_hosted_jira_are_found() {
    let estate = only("jira-dc").await;
    let assessment = after_many_nights(&estate).await;
    let inventory = Inventory::new(&assessment.snapshot);
    let findings = concluded(&inventory);
    let on_person = meant(&findings, |one| matches!(one.conclusion, Conclusion::RunsOnPerson(_)));
    let planted = natives(&estate, "dc-integration-on-personal-account", "plant-dc-jira-");
    let look_alikes = natives(&estate, "dc-integration-on-personal-account", "harmless-dc-");
    assert!(!planted.is_empty() && !look_alikes.is_empty());
    for native in planted {
        assert!(on_person.iter().any(|id| id.ends_with(&native)), "{native} is missed: {on_person:?}");
    }
    for native in look_alikes {
        assert!(!on_person.iter().any(|id| id.ends_with(&format!(":{native}"))), "{native} is where it belongs");
    }
}
