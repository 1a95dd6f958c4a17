//! Two scans side by side, and all that happened to one thing.

use keyroll::app::{AppError, DriftRequest, chronicle, drift_between};
use keyroll::model::{Chronicle, Drift, Event, Happening, ResourceId, SnapshotId, Transition, What};
use keyroll::reports::{DRIFT_SCHEMA, HISTORY_SCHEMA};
use keyroll::simulator::Plan;
use keyroll::store::Store;
use serde_json::Value;

use crate::support::json_schema::mistakes;
use crate::support::keyroll::keyroll;
use crate::support::pretended::{Estate, first_night};

/// Six nights: much happens on the third and fifth; on the fourth, API tokens are out of sight.
async fn lived() -> Estate {
    let plan = Plan { seed: 7, accounts: 20, now: first_night(), page_latency: std::time::Duration::ZERO };
    let estate = Estate::of(plan).await;
    estate.live(6, &[2, 4], 3..4, |_| ()).await;
    estate
}

fn said(event: &Event) -> String {
    let what = match &event.what {
        Happening::KnownFromTheStart => "start".to_owned(),
        Happening::InSightAgain => "in sight again".to_owned(),
        Happening::Change(change) => change.what.name().to_owned(),
        Happening::Step { transition, .. } => transition.step.name().to_owned(),
        Happening::Acknowledged(_) => "acknowledged".to_owned(),
    };
    let scan = event.scan.map(|scan| scan.to_string()).unwrap_or_default();
    let after = event.after.map(|after| format!("{after}-")).unwrap_or_default();
    format!("{after}{scan} {what}")
}

fn told(chronicle: &Chronicle) -> Vec<String> {
    chronicle.events.iter().map(said).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_two_scans_are_compared_and_the_past_is_told_as_it_was() {
    let estate = lived().await;
    let store_ = estate.store();
    let ask = |from: Option<&'static str>, to: Option<&str>| {
        let request = DriftRequest { from, to: to.map(|to| to.parse().unwrap()), noise: true, looking_back: false };
        drift_between(&store_, &request)
    };
    // Night by night, what was told that night; over all nights, what differs in the end.
    for scan in ["s2", "s3", "s4", "s5", "s6"] {
        let night = ask(None, Some(scan)).unwrap();
        assert_eq!(night.changes, store_.changes(night.to.id).unwrap(), "{scan}");
    }
    let all = ask(Some("s1"), None).unwrap();
    assert_eq!((all.from.as_ref().unwrap().id, all.to.id), (SnapshotId(1), SnapshotId(6)));
    assert!(all.changes.iter().all(|change| change.what != What::NotObserved), "in the end all is in sight");
    let night = ask(None, Some("s3")).unwrap();
    let steps = store_.transitions(SnapshotId(3)).unwrap();
    let opened = steps.iter().filter(|step| matches!(step.step.name(), "opened" | "reopened")).count();
    assert_eq!(night.findings.as_ref().unwrap().opened.len(), opened);
    assert!(opened > 0, "something came up that night");
    // Findings of an earlier scan stand as they stood then.
    let then = ask(Some("s1"), Some("s3")).unwrap().findings.unwrap();
    for finding in &then.opened {
        assert!(finding.last_seen <= night.to.ended_at, "{finding:?}");
    }
    let moved = all.moved.as_deref().unwrap();
    assert!(moved.iter().flat_map(|change| &change.fields).any(|field| field.field == "last_used_at"));

    let same = ask(Some("s3"), Some("s3")).unwrap();
    assert_eq!(same.changes, []);
    assert!(matches!(ask(Some("s5"), Some("s2")), Err(AppError::WrongOrder { .. })));
    assert!(matches!(ask(Some("s99"), None), Err(AppError::NoSuchSnapshot(SnapshotId(99)))));
    assert!(matches!(ask(Some("q4"), None), Err(AppError::NoSuchBaseline { .. })));

    // What was out of sight on one side is no change, and the gap is told.
    let blind = ask(Some("s4"), None).unwrap();
    let gap = |drift: &Drift| (drift.gaps_before, drift.gaps_after);
    let declared = gap(&all).1;
    assert_eq!(gap(&all), (Some(declared), declared), "what was declared as a blind spot is a gap too");
    assert!(gap(&blind).0 > Some(declared) && gap(&blind).1 == declared, "{:?}", gap(&blind));

    // Of a scan that was removed it is not known any more what it did not see.
    let mut store_ = store_;
    let night = |scan: i64| store_.transitions(SnapshotId(scan)).unwrap();
    let steps: Vec<Transition> = (2..=5).flat_map(night).collect();
    assert!((3..=4).any(|scan| !night(scan).is_empty()), "something happened in between");
    let between = |store: &Store| store.transitions_between(SnapshotId(2), SnapshotId(5)).unwrap();
    assert_eq!(between(&store_), steps);
    store_.remove(&[SnapshotId(4)]).unwrap();
    assert_eq!(between(&store_), steps, "steps outlive their scans");
    let next = DriftRequest { from: None, to: Some("s5".parse().unwrap()), ..DriftRequest::default() };
    let next = drift_between(&store_, &next).unwrap();
    assert_eq!((next.from.as_ref().unwrap().id, gap(&next)), (SnapshotId(4), (None, declared)));
    let told = keyroll(estate.folder.path(), &["drift", "--to", "s5", "--width", "200"]).out;
    assert!(told.contains("How completely s4 was read is not kept any more"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_and_history_are_asked_at_the_command_line() {
    let estate = lived().await;
    let ask = |arguments: &[&str]| {
        let run = keyroll(estate.folder.path(), arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        run
    };
    let accept = ["baseline", "accept", "q4", "--by", "Kim Lead", "--reason", "agreed", "--snapshot", "s2"];
    ask(&accept);
    let listed = ask(&["baseline", "list"]).out;
    assert!(listed.contains("q4") && listed.contains("Kim Lead") && listed.contains("in force"), "{listed}");

    for (changed, what) in [
        (["s1", "Kim", "agreed"], "a baseline cannot be called `s1`: that names a scan"),
        (["2026-11-20", "Kim", "agreed"], "that names a scan"),
        (["2026-11-20T08:00:00Z", "Kim", "agreed"], "that names a scan"),
        ([" ", "Kim", "agreed"], "the name is empty"),
        (["q5", "", "agreed"], "the person (`--by`) is empty"),
        (["q5", "Kim", " "], "the reason (`--reason`) is empty"),
        (["q\u{1b}5", "Kim", "agreed"], "letters that cannot be seen"),
    ] {
        let [name, by, reason] = changed;
        let run = keyroll(estate.folder.path(), &["baseline", "accept", name, "--by", by, "--reason", reason]);
        assert_eq!(run.code, 1, "{changed:?}");
        assert!(run.err.contains(what) && run.err.contains("help"), "{}", run.err);
    }
    assert_eq!(ask(&["baseline", "list"]).out, listed, "nothing was kept of these");

    let page = ask(&["drift", "--from", "q4", "--noise", "--width", "80"]).out;
    assert!(page.starts_with("From baseline `q4`, scan s2 ("), "{page}");
    assert!(page.contains("MOVED BY ITSELF") && page.contains("moves whenever the credential is used"), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    let blind = ask(&["drift", "--to", "s4"]);
    assert!(blind.out.contains("OUT OF SIGHT") && blind.out.contains("may still be there"), "{}", blind.out);
    for more in [&[][..], &["--each"], &["--what", "rotated"]] {
        let told = ask(&[&["drift", "--to", "s4"], more].concat()).out.replace('\n', " ");
        assert!(told.contains("Not read whole: ") && told.contains(" in s4"), "{told}");
    }
    let told = ask(&["drift", "--to", "s4", "--format", "csv"]).err;
    assert!(told.contains("Not read whole: "), "{told}");
    let told = ask(&["drift", "--to", "s4", "--what", "rotated"]).out;
    assert!(told.contains("No such change was seen.") && told.contains("other changes are not shown"), "{told}");
    let told = ask(&["drift", "--to", "s4", "--what", "rotated", "--format", "csv"]).err;
    assert!(told.contains("other changes are not shown"), "{told}");

    let json: Value =
        serde_json::from_str(&ask(&["drift", "--from", "s1", "--noise", "--format", "json"]).out).unwrap();
    let schema: Value = serde_json::from_str(DRIFT_SCHEMA).unwrap();
    assert_eq!(mistakes(&schema, &json), Vec::<String>::new());
    let csv = ask(&["drift", "--from", "s1", "--format", "csv"]).out;
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records().count();
    let fields = |change: &Value| change["fields"].as_array().unwrap().len().max(1);
    assert_eq!(rows, json["changes"].as_array().unwrap().iter().map(fields).sum::<usize>());

    for (arguments, what) in [
        (&["drift", "--from", "q5"][..], "neither a scan nor the name of a baseline"),
        (&["drift", "--from", "s5", "--to", "s2"], "is later than scan"),
        (&["history", "nobody at all"], "there is no finding `nobody at all`, nor a resource"),
    ] {
        let run = keyroll(estate.folder.path(), arguments);
        assert_eq!(run.code, 1, "{arguments:?}");
        assert!(run.err.contains(what) && run.err.contains("help"), "{}", run.err);
    }

    let store = estate.store();
    let finding = store.findings().unwrap().into_iter().find(|finding| !finding.first_seen.eq(&first_night())).unwrap();
    ask(&[
        "findings",
        "ack",
        finding.id.short(),
        "--by",
        "Dana",
        "--until",
        "2026-11-30",
        "--now",
        "2026-11-26T08:00:00Z",
    ]);
    let schema: Value = serde_json::from_str(HISTORY_SCHEMA).unwrap();
    for id in [finding.id.short(), finding.resource.as_str()] {
        let page = ask(&["history", id, "--width", "80"]).out;
        assert!(page.contains("opened") && page.contains("Dana deals with it until 2026-11-30"), "{page}");
        let json: Value = serde_json::from_str(&ask(&["history", id, "--format", "json"]).out).unwrap();
        assert_eq!(mistakes(&schema, &json), Vec::<String>::new(), "{id}");
        let csv = ask(&["history", id, "--format", "csv"]).out;
        assert!(csv.lines().count() > json["events"].as_array().unwrap().len(), "{csv}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_knows_when_it_was_blind_and_which_scans_are_gone() {
    let estate = lived().await;
    let mut store = estate.store();
    let changed = store.changes(SnapshotId(4)).unwrap();
    let hidden: Vec<ResourceId> = changed
        .iter()
        .filter(|change| change.what == What::NotObserved)
        .map(|change| change.resource.clone())
        .collect();
    assert!(!hidden.is_empty());
    let back = hidden
        .iter()
        .find(|id| store.changes_of(id).unwrap().iter().all(|(_, change)| change.what == What::NotObserved))
        .expect("a token to which nothing happened but that it was out of sight");
    let steps = |line: &String| !["opened", "resolved", "worsened", "waived"].iter().any(|step| line.ends_with(step));
    let lines: Vec<String> = told(&chronicle(&store, back, None).unwrap()).into_iter().filter(steps).collect();
    assert_eq!(lines, ["s1 start", "s4 not-observed", "s5 in sight again"]);

    // What changed in scans that are gone is told as far as the others show it.
    let removed = store.changes(SnapshotId(3)).unwrap();
    let gone = removed.iter().find(|change| change.what == What::Removed).map(|change| change.resource.clone());
    let altered = removed
        .iter()
        .find(|change| change.what == What::Changed && store.changes_of(&change.resource).unwrap().len() == 1)
        .map(|change| (change.resource.clone(), change.fields.clone()));
    store.remove(&[SnapshotId(2), SnapshotId(3), SnapshotId(4)]).unwrap();
    let (altered, fields) = altered.expect("something changed on the third night and never again");
    let known = chronicle(&store, &altered, None).unwrap();
    let lines: Vec<String> = told(&known).into_iter().filter(steps).collect();
    assert!(lines.contains(&"s3 changed".to_owned()), "{lines:?}");
    let change = known.events.iter().find_map(|event| match &event.what {
        Happening::Change(change) if change.what == What::Changed => Some(change),
        _ => None,
    });
    assert_eq!(change.unwrap().fields, fields);
    assert_eq!(known.removed_scans, 3);
    let lines = told(&chronicle(&store, &gone.expect("something went on the third night"), None).unwrap());
    assert!(lines.iter().any(|line| line.ends_with("removed")), "{lines:?}");
    let lines: Vec<String> = told(&chronicle(&store, back, None).unwrap()).into_iter().filter(steps).collect();
    assert_eq!(lines.first().map(String::as_str), Some("s1 start"));
    let page = keyroll(estate.folder.path(), &["history", altered.as_str()]).out;
    assert!(page.contains("3 scans were removed since the first entry"), "{page}");
}
