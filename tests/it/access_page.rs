//! `keyroll access` on the command line: every flag, every format, names that are several things' or nobody's, hostile
//! names, and gaps that must never look like a no.

use std::path::Path;

use keyroll::inventory::Inventory;
use keyroll::inventory::access::Bound;
use keyroll::model::{Assessment, Body, Fact, Kind, Resource};
use serde_json::Value;

use crate::mixed::everything;
use crate::support::expected::expect_file;
use crate::support::keyroll::{Run, keyroll};
use crate::support::pretended::Estate;

const NOW: &str = "2026-11-21T08:00:00Z";

fn ask(folder: &Path, arguments: &[&str]) -> Run {
    let mut all = vec!["--now", NOW, "access"];
    all.extend(arguments);
    keyroll(folder, &all)
}

fn told(folder: &Path, arguments: &[&str]) -> String {
    let run = ask(folder, arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
    run.out
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let text = told(folder, &[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Vec<String>> {
    let text = told(folder, &[arguments, &["--format", "csv"]].concat());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn one_of_kind(assessment: &Assessment, kind: Kind, fits: impl Fn(&Resource) -> bool) -> &Resource {
    let resources = &assessment.snapshot.resources;
    resources.iter().find(|resource| resource.kind() == kind && fits(resource)).expect("the estate has one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_account_may_do_reads_well_in_eighty_columns() {
    let estate = Estate::new().await;
    estate.scan().await;
    let folder = estate.folder.path();
    let page = told(folder, &["svc-jenkins"]);
    expect_file("tests/snapshots/access-account.txt", &page);
    let too_wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(too_wide.is_empty(), "{too_wide:#?}");
    assert!(page.lines().count() < 160, "the page is bounded");

    let on = told(folder, &["svc-jenkins", "--on", "LED"]);
    expect_file("tests/snapshots/access-on-project.txt", &on);
    let why = told(folder, &["svc-jenkins", "--on", "LED", "--permission", "EDIT_ISSUES", "--why"]);
    expect_file("tests/snapshots/access-why.txt", &why);
    assert!(why.contains("permission schemes of jira, 2026-11-21 02:00"), "{why}");
    let who = told(folder, &["--who-can", "DELETE_ISSUES", "--on", "LED"]);
    expect_file("tests/snapshots/access-who-can.txt", &who);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_tells_the_same_as_the_engine() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    let inventory = Inventory::new(&assessment.snapshot);
    let folder = estate.folder.path();
    let subjects = [
        one_of_kind(&assessment, Kind::Principal, |one| one.name == "svc-jenkins"),
        one_of_kind(&assessment, Kind::Credential, |one| match &one.body {
            Body::Credential(credential) => credential.scopes.known().is_some_and(|scopes| scopes.len() > 1),
            _ => false,
        }),
        one_of_kind(&assessment, Kind::Credential, |one| one.name == "jenkins" || one.id.native().starts_with("pat:")),
    ];
    for subject in subjects {
        let reach = inventory.access().of(subject);
        let count: usize = reach.places.iter().map(|place| place.permissions.len()).sum();
        let count = count + reach.out_of_sight.len();
        let document = json(folder, &[subject.id.as_str()]);
        assert_eq!(document["keyroll_access"], 1);
        assert_eq!(document["permissions"].as_array().unwrap().len(), count, "{}", subject.id);
        let table = rows(folder, &[subject.id.as_str()]);
        assert_eq!(table.len() - 1 - usize::from(reach.boundless), count, "{}", subject.id);
        assert!(table.iter().all(|row| row.len() == 16));
        for (row, one) in table.iter().skip(1).zip(document["permissions"].as_array().unwrap()) {
            assert_eq!(row[2], one["container"]["id"]);
            assert_eq!((&*row[6], &*row[8]), (one["permission"].as_str().unwrap(), one["bound"].as_str().unwrap()));
            let chain = one["chains"].get(0).map_or("", |chain| chain["words"].as_str().unwrap());
            assert_eq!(row[11].trim_start_matches('\''), chain);
            // What is not certain has a reason or a condition, and what is has neither.
            match one["bound"].as_str().unwrap() {
                "held" => assert!(one["doubt"].is_null() && !chain.is_empty(), "{one}"),
                "possible" => assert!(!one["doubt"].is_null(), "{one}"),
                _ => {}
            }
        }
        let breadth = inventory.access().breadth(subject);
        assert_eq!(document["summary"]["writable"]["at_least"], breadth.writable.at_least);
        assert_eq!(document["summary"]["writable"]["at_most"].is_null(), breadth.writable.boundless);
    }
    let jenkins = subjects[0].id.as_str();
    let again = told(folder, &[jenkins, "--format", "json"]);
    assert_eq!(again, told(folder, &[jenkins, "--format", "json"]), "the same bytes twice");
}

/// What rules ask of everybody is worked out once for accounts and tokens that are alike: never another answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shared_between_the_alike_is_what_each_has() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    let inventory = Inventory::new(&assessment.snapshot);
    let access = inventory.access();
    let mut asked = 0;
    for kind in [Kind::Principal, Kind::Credential] {
        for subject in inventory.of_kind(kind) {
            let extent = access.extent(subject).expect("it is of this snapshot");
            let reach = access.of(subject);
            assert_eq!(*extent.breadth(), access.breadth_of(&reach), "{}", subject.id);
            assert_eq!(extent.is_whole(), reach.is_whole(), "{}", subject.id);
            let own = |key: &str| {
                let mut all = reach.places.iter().flat_map(|place| place.permissions.iter());
                all.any(|one| one.key == key && one.bound == Bound::Held && !one.of_everybody)
                    || reach.out_of_sight.iter().any(|(_, one)| one.key == key && one.bound == Bound::Held)
            };
            assert!(extent.held().iter().all(|key| own(key)), "{}", subject.id);
            asked += 1;
        }
    }
    assert!(asked > 500, "{asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_chains_are_told_with_their_evidence() {
    let estate = Estate::new().await;
    estate.scan().await;
    let folder = estate.folder.path();
    let few = json(folder, &["svc-jenkins", "--permission", "BROWSE_PROJECTS"]);
    let all = json(folder, &["svc-jenkins", "--permission", "BROWSE_PROJECTS", "--why"]);
    let pairs = few["permissions"].as_array().unwrap().iter().zip(all["permissions"].as_array().unwrap());
    let mut several = 0;
    for (few, all) in pairs {
        let chains = all["chains"].as_array().unwrap();
        let told =
            few["chains"].as_array().unwrap().len() + usize::try_from(few["other_chains"].as_u64().unwrap()).unwrap();
        assert_eq!(chains.len(), told, "{few}");
        several += usize::from(chains.len() > 1);
        for step in chains.iter().flat_map(|chain| chain["steps"].as_array().unwrap()) {
            assert!(!step["seen_by"].as_array().unwrap().is_empty(), "no endpoint shows {step}");
            assert!(step["seen_by"][0]["at"].as_str().is_some(), "{step}");
        }
    }
    assert!(several > 0, "an account comes to some project in more than one way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_tells_accounts_their_credentials_and_everybody() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    let inventory = Inventory::new(&assessment.snapshot);
    let folder = estate.folder.path();
    let project = |name: &str, key: &str| {
        one_of_kind(&assessment, Kind::Container, |one| match &one.body {
            Body::Container(body) => body.key == Fact::Known(key.to_owned()) && one.name == name,
            _ => false,
        })
    };
    let led = project("Ledger", "LED");
    let who = inventory.access().who_can("ADMINISTER_PROJECTS", led);
    let held = who.accounts.iter().filter(|one| one.bound == Bound::Held).count();
    assert!(held > 1, "the estate has administrators");
    let document = json(folder, &["--who-can", "ADMINISTER_PROJECTS", "--on", led.id.as_str()]);
    assert_eq!(document["accounts"].as_array().unwrap().len(), who.accounts.len());
    assert_eq!(document["could_take"].as_array().unwrap().len(), who.could_take.len());
    let live: usize =
        document["accounts"].as_array().unwrap().iter().map(|one| one["credentials"].as_array().unwrap().len()).sum();
    assert!(live > 0, "tokens act for some of them");
    let table = rows(folder, &["--who-can", "ADMINISTER_PROJECTS", "--on", led.id.as_str()]);
    assert_eq!(table.iter().filter(|row| row[5] == "own").count(), who.accounts.len());
    assert_eq!(table.iter().filter(|row| row[5] == "doubt").count(), who.doubts.len());
    let catalogue = project("Catalogue", "CAT").id.as_str();
    let open = json(folder, &["--who-can", "BROWSE_PROJECTS", "--on", catalogue]);
    assert!(open["everybody"]["accounts"].as_u64().unwrap() > 100, "{}", open["everybody"]);
    let page = told(folder, &["--who-can", "BROWSE_PROJECTS", "--on", catalogue]);
    assert!(page.contains("Everybody:"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_of_several_things_or_of_none_is_never_guessed() {
    let estate = Estate::new().await;
    estate.scan().await;
    let folder = estate.folder.path();
    let refused = |arguments: &[&str], code: i32, words: &[&str]| {
        let run = ask(folder, arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}{}", run.out, run.err);
        assert!(run.out.is_empty(), "{}", run.out);
        for word in words {
            assert!(run.err.contains(word), "{arguments:?}: {}", run.err);
        }
    };
    refused(&["home office"], 1, &["is the name of", "API token “home office” of"]);
    refused(&["svc-jenkin"], 1, &["did you mean `svc-jenkins`?"]);
    refused(&["Svc-Jenkin"], 1, &["did you mean `svc-jenkins`?"]);
    refused(&["LED"], 1, &["it is a container", "--who-can"]);
    refused(&["F-ZZZZZZ"], 1, &["no account or credential"]);
    refused(&["svc-jenkins", "--on", "LEDD"], 1, &["did you mean `LED`?"]);
    refused(&["svc-jenkins", "--permission", "DELETE_ISUES"], 1, &["did you mean `DELETE_ISSUES`?"]);
    refused(&["--who-can", "DELETE_ISSUE", "--on", "LED"], 1, &["did you mean `DELETE_ISSUES`?"]);
    refused(&["--who-can", "sing", "--on", "LED"], 1, &["on project LED there are", "DELETE_ISSUES"]);
    refused(&["--who-can", "DELETE_ISSUES"], 2, &["--on"]);
    refused(&["svc-jenkins", "--who-can", "DELETE_ISSUES", "--on", "LED"], 2, &["cannot be used with"]);
    refused(&[], 2, &["ID"]);

    let assessment = estate.assess();
    let finding = assessment.findings.iter().find(|one| one.resource.kind() == Kind::Credential).unwrap();
    let page = told(folder, &[finding.id.short()]);
    assert!(page.contains(finding.resource.native()) || page.contains(&finding.resource_name), "{page}");
    // Capitals, the mail address and the native id lead to the same account.
    let jenkins = one_of_kind(&assessment, Kind::Principal, |one| one.name == "svc-jenkins");
    let by_name = told(folder, &["SVC-Jenkins"]);
    for written in ["svc-jenkins@acme.example", jenkins.id.native(), jenkins.id.as_str()] {
        assert_eq!(told(folder, &[written]), by_name);
    }
    // A permission that nobody has there is a no, and not a mistake.
    let page = told(folder, &["svc-jenkins", "--on", "LED", "--permission", "admin"]);
    assert!(page.contains("admin on project LED “Ledger”: no."), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_list_is_told_and_never_a_no() {
    let estate = Estate::new().await;
    estate.simulator.set_fault("project-role", keyroll::simulator::Fault::Status(403));
    estate.scan().await;
    let assessment = estate.assess();
    let denied: Vec<&str> =
        assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).map(|entry| &*entry.endpoint).collect();
    assert!(denied.iter().any(|endpoint| endpoint.contains("role")), "{denied:?}");
    let run = ask(estate.folder.path(), &["svc-jenkins", "--on", "LED", "--permission", "DELETE_ISSUES"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("IF WHAT IS NOT TOLD IS SO"), "{}", run.out);
    assert!(run.out.contains("project roles of jira") && run.out.contains("it takes"), "{}", run.out);
    assert!(run.err.contains("There may be more"), "{}", run.err);
    let document = json(estate.folder.path(), &["svc-jenkins"]);
    let writable = &document["summary"]["writable"];
    assert!(writable["at_most"].is_null() || writable["at_least"] != writable["at_most"], "{writable}");
}

#[test]
fn without_a_scan_there_is_nothing_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keyroll.yaml"), "estate: a\nstore: keyroll.db\nsources: []\n").unwrap();
    let run = ask(folder.path(), &["ada"]);
    assert_eq!(run.code, if run.err.contains("sources") { 3 } else { 1 }, "{}", run.err);
}
