//! The past: every scan can be asked again as it was, judged again, and walked through with another rule.

use std::fs;

use chrono::TimeDelta;
use keyroll::app::backtest::BackTest;
use keyroll::app::{Again, AppError, AsOf, Retention, assess_after, fates, prune, scan_as_of};
use keyroll::clock::{Clock, FixedClock};
use keyroll::config::Config;
use keyroll::findings::Waivers;
use keyroll::inventory::detector::Knowledge;
use keyroll::model::{Assessment, CouldTell, Finding, SnapshotHead, SnapshotId, Status};
use keyroll::problem::SourceText;
use keyroll::rules::Rule;
use keyroll::simulator::Plan;
use keyroll::store::Store;

use crate::support::keyroll::keyroll;
use crate::support::pretended::{Estate, first_night, open};

/// An estate, and what was said after each of its scans when it was the latest: seven nights, in two of which much happens,
/// with a gap in two.
pub(crate) async fn lived() -> (Estate, Vec<Assessment>) {
    let plan = Plan { seed: 5, accounts: 20, now: first_night(), page_latency: std::time::Duration::ZERO };
    let estate = Estate::of(plan).await;
    let waivers = "waivers:\n  - { id: W-1, rule: permission-open-to-logged-in, resource: \"*\", reason: for a while, \
                   approver: Dana, until: 2026-11-24 }\n";
    fs::write(estate.path("waivers.yaml"), waivers).unwrap();
    estate.configure("waivers:\n  file: waivers.yaml\n");
    let mut said = Vec::new();
    estate.live(7, &[3, 6], 2..4, |estate| said.push(estate.assess())).await;
    (estate, said)
}

fn heads(store: &Store) -> Vec<SnapshotHead> {
    let mut heads = store.heads(usize::MAX).unwrap();
    heads.reverse();
    heads
}

/// What is asked later is what was said then.
fn assert_same(now: &Assessment, then: &Assessment) {
    let scan = then.head.id;
    assert_eq!(now.head, then.head);
    for (now, then) in now.findings.iter().zip(&then.findings) {
        assert_eq!(now, then, "after {scan}");
    }
    assert_eq!(now.findings.len(), then.findings.len(), "after {scan}");
    assert_eq!(now.snapshot, then.snapshot);
    assert_eq!(now.transitions, then.transitions);
    assert_eq!(now.changes, then.changes);
    for (rule, tally) in &now.tallies {
        assert_eq!(Some(tally), then.tallies.get(rule), "{rule} after {scan}");
    }
    assert_eq!(now.tallies.len(), then.tallies.len());
    assert_eq!(now.rules, then.rules);
    assert_eq!(now.waivers, then.waivers);
    assert_eq!(now.baseline, then.baseline);
    assert_eq!(now.trend, then.trend);
    assert_eq!(now.previous, then.previous);
    assert_eq!(now.postures, then.postures);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_night_can_be_asked_again_judged_again_and_walked_through() {
    let (estate, said) = lived().await;
    let store = estate.store();
    let resolved = |assessment: &Assessment| {
        assessment.findings.iter().filter(|finding| matches!(finding.status, Status::Resolved(_))).count()
    };
    assert!(resolved(&said[6]) > 0 && said[3].findings.iter().any(|finding| finding.unconfirmed.is_some()));
    for then in &said {
        assert_same(&assess_after(&store, then.head.clone()).unwrap(), then);
    }

    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let knowledge = config.knowledge().unwrap();
    for then in &said {
        // The waivers as they were read that night: a day that is long over could not be read as a waiver's end today.
        let judgement = config.judgement(&FixedClock::at(then.head.ended_at)).unwrap();
        let again = Again { rules: &judgement.rules, waivers: &judgement.waivers, knowledge: &knowledge };
        let judged = again.judge(&store, then.head.clone()).unwrap();
        assert_eq!((judged.more, judged.fewer), (0, 0), "{}", then.head.id);
        assert_same(&judged.assessment, then);
    }

    // A rule that is tried as it is finds night by night what it found.
    let judgement = config.judgement(&FixedClock::at(first_night())).unwrap();
    let mut compared = 0;
    for rule in judgement.rules.rules().iter().filter(|rule| rule.enabled()) {
        let found = |assessment: &Assessment| open(assessment).filter(|finding| finding.rule == *rule.id()).count();
        let counts: Vec<usize> = said.iter().map(found).collect();
        if rule.on_change() || counts.iter().all(|count| *count == 0) || compared > 25 {
            continue;
        }
        compared += 1;
        let test = trial_of(&config, &knowledge, &judgement.waivers, rule);
        let tried = BackTest { in_force: Some(rule), ..test }.over(&store, heads(&store)).unwrap();
        let nights: Vec<usize> = tried.nights.iter().map(|night| night.open).collect();
        assert_eq!(nights, counts, "{}", rule.id());
        assert_eq!((tried.difference.more.len(), tried.difference.fewer.len()), (0, 0), "{}", rule.id());
        assert_eq!(tried.could_tell, CouldTell::FromTheFirst, "{}", rule.id());
    }
    assert!(compared > 20, "{compared} rules found something");
}

/// A rule to be tried, with none in force.
fn trial_of<'a>(config: &'a Config, knowledge: &'a Knowledge, waivers: &'a Waivers, rule: &'a Rule) -> BackTest<'a> {
    BackTest { rule, in_force: None, knowledge, waivers, routing: config.routing(), estate: "acme" }
}

/// A rule whose file is no longer than what is asked of it here.
fn rule(config: &Config, requirement: &str, set: &str) -> Rule {
    let text = format!(
        "id: trial\nversion: 1\ntitle: A trial\nseverity: medium\napplies_to: credential\n\
         scope: credential.form == \"api-token\"\nrequire: \"{requirement}\"\n\
         message: \"token “{{{{ credential.name }}}}”\"\n\
         params:\n  days: {{ type: int, default: 90, min: 1, about: Days }}\n\
         controls: [iso27001:A.5.17]\nwhy: To try.\nfix: None.\nverify: Look.\n\
         cases:\n  - {{ name: good, given: {{ form: api-token, last_used_at: 1 day ago, created_at: 1 day ago }}, expect: pass }}\n\
         \x20 - {{ name: bad, given: {{ form: api-token, last_used_at: 999 days ago, created_at: 999 days ago }}, expect: fail }}\n"
    );
    let file = SourceText::new("trial.yaml", &text);
    config.rule_to_try(&file, false, &SourceText::new("--set", set)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_ones_own_is_tried_with_other_values_and_says_what_is_other() {
    let (estate, _) = lived().await;
    let store = estate.store();
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let (knowledge, waivers) = (config.knowledge().unwrap(), Waivers::default());
    let requirement = "credential.last_used_at == null || days_since(credential.last_used_at) <= params.days";
    let (strict, loose) = (rule(&config, requirement, "days: 1\n"), rule(&config, requirement, ""));
    let test = |rule, in_force| BackTest { in_force, ..trial_of(&config, &knowledge, &waivers, rule) };
    let tried = test(&strict, Some(&loose)).over(&store, heads(&store)).unwrap();
    let latest = tried.nights.last().unwrap();
    assert!(!tried.difference.more.is_empty() && tried.difference.fewer.is_empty(), "{:?}", tried.difference);
    assert_eq!(tried.difference.more.len() + tried.difference.same, latest.open);
    let later = tried.nights.iter().skip(1);
    let moves: usize = later.map(|night| night.opened.len() + night.closed.len()).sum();
    assert!(moves > 0, "tokens that rest for two days of the week come and go");
    // What opened less what closed is what stands.
    let balance = tried.nights.iter().fold(0, |sum, night| sum + night.opened.len() - night.closed.len());
    assert_eq!(balance, latest.open);
    // The gap of the third night ends nothing that it hides.
    let gap = &tried.nights[2];
    assert!(!gap.tally.unseen.is_empty(), "what could not be seen is said");
    let hidden = |finding: &&Finding| finding.seen_by.iter().any(|sighting| &*sighting.endpoint == "user API tokens");
    assert_eq!(gap.closed.iter().filter(hidden).count(), 0);
    assert!(gap.open >= tried.nights[1].opened.iter().filter(hidden).count());

    let alone = test(&strict, None).over(&store, heads(&store)).unwrap();
    assert!(!alone.difference.has_rule_in_force);
    assert_eq!(alone.difference.more.len(), latest.open);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_earlier_scans_did_not_know_is_unknown_before_a_day() {
    let (estate, _) = lived().await;
    let store = estate.store();
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let (knowledge, waivers) = (config.knowledge().unwrap(), Waivers::default());
    let used = "credential.last_used_at == null || days_since(credential.last_used_at) <= params.days";
    let trial = rule(&config, used, "");
    let test = trial_of(&config, &knowledge, &waivers, &trial);
    let over = |store: &Store| test.over(store, heads(store)).unwrap();
    assert_eq!(over(&store).could_tell, CouldTell::FromTheFirst);
    drop(store);

    // As an older keyroll would have left it: in the first three scans the field was not there.
    let connection = rusqlite::Connection::open(estate.path("keyroll.db")).unwrap();
    let mut read =
        connection.prepare("SELECT id, first_snapshot, body FROM resources WHERE first_snapshot <= 3").unwrap();
    let rows: Vec<(String, i64, String)> =
        read.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect();
    for (id, first, body) in rows.into_iter().filter(|(id, ..)| id.contains("/credential/")) {
        let mut json: serde_json::Value = serde_json::from_str(&body).unwrap();
        json["body"]["credential"].as_object_mut().unwrap().remove("last_used_at");
        let older = json.to_string();
        let digest = *keyroll::digest::Digest::of_bytes(older.as_bytes()).as_bytes();
        // What stood longer than that stands on as it was from the fourth scan.
        connection
            .execute(
                "INSERT INTO resources SELECT id, 4, last_snapshot, digest, body FROM resources
                 WHERE id = ?1 AND first_snapshot = ?2 AND coalesce(last_snapshot, 99) > 3",
                rusqlite::params![id, first],
            )
            .unwrap();
        connection
            .execute(
                "UPDATE resources SET body = ?3, digest = ?4, last_snapshot = min(coalesce(last_snapshot, 99), 3)
                 WHERE id = ?1 AND first_snapshot = ?2",
                rusqlite::params![id, first, older, digest],
            )
            .unwrap();
    }
    drop(read);
    drop(connection);
    let store = estate.store();
    let tried = over(&store);
    assert_eq!(tried.could_tell, CouldTell::Since(heads(&store)[3].ended_at));
    for night in &tried.nights[..3] {
        assert!(night.tally.unknown > 0 && night.tally.pass + night.tally.fail == 0, "{:?}", night.tally);
    }
    let page = keyroll::reports::tried_page(
        &tried,
        keyroll::reports::TriedHead { set: &[], channels: 0 },
        keyroll::reports::Look { width: 80, colour: false },
    );
    assert!(page.contains("Unknown before 2026-11-24 02:00"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_source_shows_a_rule_could_never_tell() {
    let (estate, _) = lived().await;
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let (knowledge, waivers) = (config.knowledge().unwrap(), Waivers::default());
    let rules = config.rules().unwrap();
    let never = |id: &str| {
        let store = estate.store();
        let test = trial_of(&config, &knowledge, &waivers, rules.rule(id).unwrap());
        test.over(&store, heads(&store)).unwrap()
    };
    // No finding on any night says nothing where nobody looked.
    let tried = never("pat-without-expiry");
    assert_eq!(tried.could_tell, CouldTell::Never);
    assert!(tried.nights.iter().all(|night| night.open == 0));
    // Nights on which nothing changed are no nights on which a rule on changes could not tell.
    assert_eq!(never("app-installed").could_tell, CouldTell::FromTheFirst);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_named_by_day_moment_or_number_and_never_guessed() {
    let (estate, said) = lived().await;
    let store = estate.store();
    let of = |written: &str| scan_as_of(&store, written.parse::<AsOf>().unwrap()).map(|head| head.id.0);
    assert_eq!(of("s3").unwrap(), 3);
    assert_eq!(of("2026-11-23").unwrap(), 3);
    assert_eq!(of("2026-11-23T01:00:00Z").unwrap(), 2);
    assert_eq!(of("2030-01-01").unwrap(), 7);
    assert!(matches!(of("s8"), Err(AppError::NoSuchSnapshot(SnapshotId(8)))));
    assert!(matches!(of("2026-11-20"), Err(AppError::BeforeFirstScan { first: SnapshotId(1), .. })));

    let ask = |words: &[&str]| keyroll(estate.folder.path(), words);
    let then = ask(&["findings", "--as-of", "2026-11-23", "--all", "--format", "csv"]);
    assert_eq!(then.code, 0, "{}", then.err);
    assert!(then.err.contains("As of scan s3 of 2026-11-23"), "{}", then.err);
    assert_eq!(then.out.lines().count(), said[2].findings.len() + 1);
    for words in [
        &["inventory", "credentials", "--as-of", "s3"][..],
        &["coverage", "--as-of", "s3"],
        &["report", "--as-of", "s3", "--format", "table", "--out", "-"],
        &["scan", "--as-of", "s3"],
    ] {
        let run = ask(words);
        assert!(!run.out.is_empty() && run.code != 1, "{words:?}: {}", run.err);
        assert!(run.err.contains("s3"), "{words:?}: {}", run.err);
    }
    let early = ask(&["findings", "--as-of", "2026-11-01"]);
    assert_eq!(early.code, 1);
    assert!(early.err.contains("no scan had ended by 2026-11-01: the first that is kept is s1"), "{}", early.err);
    let wrong = ask(&["findings", "--as-of", "last week"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("write a day (2026-11-20)"), "{}", wrong.err);
    assert_eq!(heads(&store).len(), 7, "judging again stores nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_scans_go_and_what_something_rests_on_stays() {
    let (estate, said) = lived().await;
    let mut store = estate.store();
    let only_latest = Retention { daily: 1, weekly: 0, monthly: 0 };
    let before = fates(&store, only_latest).unwrap();
    assert_eq!(before.len(), 7);
    let kept: Vec<i64> = before.iter().filter(|fate| fate.is_kept()).map(|fate| fate.head.id.0).collect();
    // Something that stands came up with the first scan and in both lively nights.
    for needed in [1, 4, 7] {
        assert!(kept.contains(&needed), "{before:#?}");
    }
    for then in &said {
        let rests = open(then).filter(|finding| {
            said[6]
                .findings
                .iter()
                .any(|last| last.id == finding.id && last.status == Status::Open && last.since == then.head.ended_at)
        });
        if rests.count() > 0 {
            assert!(kept.contains(&then.head.id.0), "findings rest on {}", then.head.id);
        }
    }
    let gone = prune(&mut store, only_latest).unwrap();
    assert_eq!(gone, 7 - kept.len());
    assert!(gone > 0, "some night brought nothing that lasts");
    for then in said.iter().filter(|then| kept.contains(&then.head.id.0)) {
        let now = assess_after(&store, then.head.clone()).unwrap();
        assert_eq!(now.findings, then.findings);
        assert_eq!(now.snapshot, then.snapshot);
    }
    for finding in store.findings().unwrap() {
        assert!(!store.history(&finding.id).unwrap().is_empty(), "steps outlive their scans");
    }
    // A scan that was removed took place all the same.
    let removed = (1..=7).find(|id| !kept.contains(id)).map(SnapshotId).unwrap();
    assert!(store.head(removed).unwrap().is_none() && store.record(removed).unwrap().is_some());
    let after = said.iter().find(|then| then.head.compared_with == Some(removed) && kept.contains(&then.head.id.0));
    let after = after.expect("some scan that is kept was compared with one that is not");
    let now = assess_after(&store, after.head.clone()).unwrap();
    assert_eq!((&now.previous, &now.trend, &now.rules), (&after.previous, &after.trend, &after.rules));
    let scan = after.head.id.to_string();
    for words in [
        &["report", "--as-of", &scan, "--format", "table", "--out", "-"][..],
        &["scan", "--as-of", &scan],
        &["explain", said[6].findings[0].id.as_str()],
    ] {
        let run = keyroll(estate.folder.path(), words);
        assert!(![1, 2].contains(&run.code) && !run.out.contains("First scan"), "{words:?}: {}{}", run.out, run.err);
    }
    let preview = keyroll(estate.folder.path(), &["alerts", "preview", "--scan", &scan]);
    assert_eq!(preview.code, 1, "what was judged before is not known any more: {}", preview.out);
    assert!(preview.err.contains(&format!("there is no snapshot {removed}")), "{}", preview.err);
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let (knowledge, waivers) = (config.knowledge().unwrap(), Waivers::default());
    let trial =
        rule(&config, "credential.last_used_at == null || days_since(credential.last_used_at) <= params.days", "");
    let test = trial_of(&config, &knowledge, &waivers, &trial);
    assert_eq!(test.over(&store, heads(&store)).unwrap().nights.len(), kept.len());
    drop(store);

    estate.quiet_night();
    estate.configure("retention: { daily: 2, weekly: 0, monthly: 0 }\n");
    estate.scan().await;
    let incomplete: Vec<_> = estate.assess().findings.into_iter().filter(|one| one.unconfirmed.is_some()).collect();
    for finding in &incomplete {
        let run = keyroll(estate.folder.path(), &["explain", finding.id.as_str()]);
        assert_eq!(run.code, 0, "{}", run.err);
    }
    let shown = keyroll(estate.folder.path(), &["snapshots", "prune", "--dry-run"]);
    assert!(
        shown.out.contains("the latest") && shown.err.contains("Nothing was removed"),
        "{}{}",
        shown.out,
        shown.err
    );
    let pruned = keyroll(estate.folder.path(), &["snapshots", "prune", "--keep-daily", "1"]);
    assert_eq!(pruned.code, 0, "{}", pruned.err);
    assert!(pruned.out.contains("stay"), "{}", pruned.out);
    estate.clock.set(estate.clock.now() + TimeDelta::days(1));
    estate.scan().await;
}
