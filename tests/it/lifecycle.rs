//! Findings through the nights: every row of the state table, and that nothing is ever resolved unseen.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use keyroll::findings::{Judged, LongestDays, Reconciled, WaiverLimits, Waivers, reconcile};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Baseline, Change, Evaluation, Failure, Finding, LedgerEntry, Outcome, Resolution, Resource, RuleSummary, Severity,
    Snapshot, SnapshotId, Status, Step, Tally, Verdict, WaiverState, What,
};
use keyroll::problem::SourceText;
use proptest::prelude::*;

use crate::support::estate::{denied, night, seen_by, snapshot, token, token_id, whole};

const STATE_RULE: &str = "token-without-expiry";
const CHANGE_RULE: &str = "scopes-widened";

fn rule(id: &str) -> RuleSummary {
    RuleSummary {
        id: id.into(),
        version: 1,
        title: id.replace('-', " "),
        severity: Severity::Medium,
        remedy: "Give it an end.".to_owned(),
        on_change: id == CHANGE_RULE,
        controls: Vec::new(),
        judges_by: None,
    }
}

fn fail(severity: Severity) -> Outcome {
    Outcome::Fail(Failure {
        severity,
        message: "token “ci” never expires".to_owned(),
        resource_name: "ci".to_owned(),
        owner: Some("Ada".to_owned()),
    })
}

fn unknown(reason: &str) -> Outcome {
    Outcome::Unknown(reason.into())
}

/// What one night has to say. To begin with: both rules, token `t-1` in sight, and no complaint.
#[derive(Debug, Clone)]
struct Night {
    rules: Vec<RuleSummary>,
    verdicts: Vec<Verdict>,
    judged: bool,
    snapshot: Snapshot,
    changes: Vec<Change>,
    baseline: Option<Baseline>,
    waivers: Waivers,
}

fn quiet() -> Night {
    Night {
        rules: vec![rule(CHANGE_RULE), rule(STATE_RULE)],
        verdicts: Vec::new(),
        judged: true,
        snapshot: snapshot(vec![token("t-1", "ci", |_| {})], vec![whole("tokens")]),
        changes: Vec::new(),
        baseline: None,
        waivers: Waivers::default(),
    }
}

impl Night {
    fn says(mut self, rule: &str, outcome: Outcome) -> Self {
        self.verdicts.push(Verdict { rule: rule.into(), resource: token_id("t-1"), outcome });
        self
    }

    fn sees(mut self, resources: Vec<Resource>, entry: LedgerEntry) -> Self {
        self.snapshot = snapshot(resources, vec![entry]);
        self
    }

    fn changes(mut self, what: What, resource: &str, replaces: Option<&str>) -> Self {
        self.changes.push(Change {
            what,
            resource: token_id(resource),
            name: "ci".to_owned(),
            fields: Vec::new(),
            replaces: replaces.map(token_id),
            reason: None,
            cause: None,
            before: Some(Box::new(token("t-1", "ci", |_| {}))),
        });
        self
    }

    fn accepts(mut self, accepted_at: DateTime<Utc>) -> Self {
        self.baseline = Some(Baseline {
            snapshot: SnapshotId(1),
            name: "autumn".to_owned(),
            accepted_by: "Ada".to_owned(),
            accepted_at,
            taken_at: accepted_at,
            reason: "reviewed".to_owned(),
        });
        self
    }

    fn waives(mut self, waivers: &Waivers) -> Self {
        self.waivers = waivers.clone();
        self
    }

    fn on(&self, before: &[Finding], now: DateTime<Utc>) -> Reconciled {
        let tallies: BTreeMap<_, _> = if self.judged {
            self.rules.iter().map(|rule| (rule.id.clone(), Tally::default())).collect()
        } else {
            BTreeMap::new()
        };
        let evaluation = Evaluation { tallies, verdicts: self.verdicts.clone() };
        let inventory = Inventory::new(&self.snapshot);
        let judged = Judged {
            rules: &self.rules,
            evaluation: &evaluation,
            inventory: &inventory,
            changes: &self.changes,
            baseline: self.baseline.as_ref(),
        };
        reconcile(before, &judged, &self.waivers, now)
    }
}

fn waiver(id: &str, resource: &str, until: &str) -> String {
    format!(
        "  - {{ id: {id}, rule: {STATE_RULE}, resource: \"{resource}\", reason: vendor, approver: Eve, until: {until} }}\n"
    )
}

fn parse(text: &str) -> Result<Waivers, String> {
    let rules = [rule(CHANGE_RULE), rule(STATE_RULE)];
    let today: NaiveDate = "2026-11-01".parse().unwrap();
    let limits = WaiverLimits { longest: LongestDays::same(366), ..WaiverLimits::default() };
    Waivers::parse(&SourceText::new("waivers.yaml", text), &rules, today, limits)
        .map_err(|problems| problems.to_string())
}

fn waivers(lines: &[String]) -> Waivers {
    parse(&format!("waivers:\n{}", lines.concat())).unwrap()
}

fn until(date: &str) -> Waivers {
    waivers(&[waiver("W-1", "acme/credential/t-1", date)])
}

/// How the only finding stands, and the steps taken: `open since 3 | opened`.
fn line(reconciled: &Reconciled) -> String {
    let [finding] = reconciled.findings.as_slice() else { panic!("one finding, not {:?}", reconciled.findings) };
    let status = match &finding.status {
        Status::Resolved(resolution) => resolution.text(),
        Status::Open | Status::Waived(_) => finding.status.name(),
    };
    let unconfirmed =
        finding.unconfirmed.as_ref().map(|unconfirmed| format!(" unconfirmed {}", unconfirmed.since.format("%-d")));
    let steps: Vec<&str> = reconciled.transitions.iter().map(|transition| transition.step.name()).collect();
    let since = finding.since.format("%-d");
    format!("{status} since {since}{} | {}", unconfirmed.unwrap_or_default(), steps.join(", "))
}

/// Runs the nights one after the other, from the second of the month on, and the last one twice.
fn run(nights: &[Night]) -> Vec<String> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut lines = Vec::new();
    for (at, seen) in nights.iter().enumerate() {
        let now = night(u32::try_from(at).unwrap() + 2);
        let reconciled = seen.on(&findings, now);
        lines.push(line(&reconciled));
        let again = seen.on(&reconciled.findings, now);
        assert_eq!(again.findings, reconciled.findings, "the same facts twice");
        assert_eq!(again.transitions, [], "the same facts twice");
        findings = reconciled.findings;
    }
    lines
}

#[test]
fn every_row_of_the_state_table() {
    let bad = || quiet().says(STATE_RULE, fail(Severity::Medium));
    let worse = || quiet().says(STATE_RULE, fail(Severity::High));
    let unclear = || quiet().says(STATE_RULE, unknown("expires_at was not seen"));
    let hidden = || quiet().sees(vec![], denied("tokens"));
    let gone = || quiet().sees(vec![], whole("tokens"));
    let retired = || Night { rules: vec![rule(CHANGE_RULE)], ..quiet() };
    let unjudged = || Night { judged: false, ..quiet() };
    let rotated = || gone().changes(What::Rotated, "t-2", Some("t-1"));
    let covered = until("2026-11-30");
    let ending = until("2026-11-03");
    let elsewhere = waivers(&[waiver("W-1", "acme/credential/t-9", "2026-11-30")]);

    let cases: Vec<(&str, Vec<Night>, &[&str])> = vec![
        ("– / fail", vec![bad()], &["open since 2 | opened"]),
        ("open / fail", vec![bad(), bad()], &["open since 2 | opened", "open since 2 | "]),
        ("open / worse", vec![bad(), worse()], &["open since 2 | opened", "open since 2 | worsened"]),
        ("open / less bad", vec![worse(), bad()], &["open since 2 | opened", "open since 2 | "]),
        ("open / pass", vec![bad(), quiet()], &["open since 2 | opened", "fixed since 3 | resolved"]),
        ("open / not judged", vec![bad(), unjudged()], &["open since 2 | opened", "open since 2 unconfirmed 3 | "]),
        ("open / gone", vec![bad(), gone()], &["open since 2 | opened", "gone since 3 | resolved"]),
        ("open / rotated", vec![bad(), rotated()], &["open since 2 | opened", "rotated since 3 | resolved"]),
        (
            "open / rule retired",
            vec![bad(), retired()],
            &["open since 2 | opened", "rule retired or switched off since 3 | resolved"],
        ),
        (
            "open / unknown, unknown, fail",
            vec![bad(), unclear(), hidden(), bad()],
            &[
                "open since 2 | opened",
                "open since 2 unconfirmed 3 | ",
                "open since 2 unconfirmed 3 | ",
                "open since 2 | ",
            ],
        ),
        (
            "open / out of sight, gone",
            vec![bad(), hidden(), gone()],
            &["open since 2 | opened", "open since 2 unconfirmed 3 | ", "gone since 4 | resolved"],
        ),
        (
            "open / out of sight, fixed",
            vec![bad(), hidden(), quiet()],
            &["open since 2 | opened", "open since 2 unconfirmed 3 | ", "fixed since 4 | resolved"],
        ),
        (
            "resolved / pass, unknown, fail",
            vec![bad(), quiet(), hidden(), bad()],
            &["open since 2 | opened", "fixed since 3 | resolved", "fixed since 3 | ", "open since 5 | reopened"],
        ),
        (
            "open / waived, still waived",
            vec![bad(), bad().waives(&covered), bad().waives(&covered)],
            &["open since 2 | opened", "waived since 3 | waived", "waived since 3 | "],
        ),
        (
            "waived / on its last day, and the day after",
            vec![bad().waives(&ending), bad().waives(&ending), bad().waives(&ending)],
            &["waived since 2 | waived", "waived since 2 | ", "open since 4 | waiver-ended"],
        ),
        (
            "waived / withdrawn",
            vec![bad().waives(&covered), bad()],
            &["waived since 2 | waived", "open since 3 | waiver-ended"],
        ),
        (
            "waived / does not fit any more",
            vec![bad().waives(&covered), bad().waives(&elsewhere)],
            &["waived since 2 | waived", "open since 3 | waiver-ended"],
        ),
        (
            "waived / worse",
            vec![bad().waives(&covered), worse().waives(&covered)],
            &["waived since 2 | waived", "waived since 2 | worsened"],
        ),
        (
            "waived / pass",
            vec![bad().waives(&covered), quiet().waives(&covered)],
            &["waived since 2 | waived", "fixed since 3 | resolved"],
        ),
        (
            "waived / out of sight, and the waiver ends",
            vec![bad().waives(&ending), hidden().waives(&ending), hidden().waives(&ending)],
            &[
                "waived since 2 | waived",
                "waived since 2 unconfirmed 3 | ",
                "open since 4 unconfirmed 3 | waiver-ended",
            ],
        ),
        (
            "resolved / fail, waived",
            vec![bad(), quiet(), bad().waives(&covered)],
            &["open since 2 | opened", "fixed since 3 | resolved", "waived since 4 | waived"],
        ),
    ];
    for (name, nights, expected) in cases {
        assert_eq!(run(&nights), expected, "{name}");
    }
}

#[test]
fn a_finding_about_a_change_stays_until_the_change_is_accepted_or_its_resource_is_gone() {
    let widened = || quiet().changes(What::Changed, "t-1", None).says(CHANGE_RULE, fail(Severity::High));
    const OPENED: &str = "open since 2 | opened";
    let cases: Vec<(&str, Vec<Night>, &[&str])> = vec![
        ("not seen again", vec![widened(), quiet(), quiet()], &[OPENED, "open since 2 | ", "open since 2 | "]),
        (
            "out of sight and back",
            vec![widened(), quiet().sees(vec![], denied("tokens")), quiet()],
            &[OPENED, "open since 2 unconfirmed 3 | ", "open since 2 | "],
        ),
        ("gone", vec![widened(), quiet().sees(vec![], whole("tokens"))], &[OPENED, "gone since 3 | resolved"]),
        (
            "accepted",
            vec![widened(), quiet().accepts(night(3))],
            &[OPENED, "accepted with a baseline since 3 | resolved"],
        ),
        ("a baseline from before", vec![widened(), quiet().accepts(night(1))], &[OPENED, "open since 2 | "]),
        (
            "widened again after the baseline",
            vec![widened(), quiet(), widened(), quiet().accepts(night(3))],
            &[OPENED, "open since 2 | ", "open since 2 | ", "open since 2 | "],
        ),
        (
            "accepted, then widened again",
            vec![widened(), quiet().accepts(night(3)), widened().accepts(night(3))],
            &[OPENED, "accepted with a baseline since 3 | resolved", "open since 4 | reopened"],
        ),
    ];
    for (name, nights, expected) in cases {
        assert_eq!(run(&nights), expected, "{name}");
    }
    let state = quiet().says(STATE_RULE, fail(Severity::High)).on(&[], night(2));
    let still = quiet().says(STATE_RULE, fail(Severity::High)).accepts(night(3)).on(&state.findings, night(3));
    assert_eq!(line(&still), "open since 2 | ", "a baseline accepts changes, not states");
}

#[test]
fn a_finding_about_something_removed_remembers_who_showed_it() {
    let removed = quiet()
        .sees(vec![], whole("tokens"))
        .changes(What::Removed, "t-1", None)
        .says(CHANGE_RULE, fail(Severity::High));
    let opened = removed.on(&[], night(2));
    assert_eq!(opened.findings[0].seen_by, seen_by(&["tokens"]));
    assert_eq!(
        line(&quiet().sees(vec![], denied("tokens")).on(&opened.findings, night(3))),
        "open since 2 unconfirmed 3 | "
    );
}

#[test]
fn reopening_keeps_the_first_day_and_each_step_says_why() {
    let bad = || quiet().says(STATE_RULE, fail(Severity::Medium));
    let covered = until("2026-11-04");
    let mut findings = Vec::new();
    let mut notes = Vec::new();
    let nights = [
        bad(),
        quiet(),
        bad(),
        quiet().says(STATE_RULE, fail(Severity::Critical)).waives(&until("2026-11-30")),
        bad().waives(&covered),
    ];
    for (at, seen) in nights.iter().enumerate() {
        let reconciled = seen.on(&findings, night(u32::try_from(at).unwrap() + 2));
        notes.extend(reconciled.transitions.iter().map(|step| format!("{}: {}", step.step.name(), step.note)));
        findings = reconciled.findings;
    }
    let expected = [
        "opened: ",
        "resolved: fixed",
        "reopened: ",
        "worsened: medium → critical",
        "waived: waiver W-1 until 2026-11-30",
        "waiver-ended: waiver W-1 ended on 2026-11-04",
    ];
    assert_eq!(notes, expected);
    assert_eq!((findings[0].first_seen, findings[0].since, findings[0].last_seen), (night(2), night(6), night(6)));
}

#[test]
fn a_silent_endpoint_keeps_its_say_on_whether_a_resource_is_gone() {
    let both = Resource { seen_by: seen_by(&["org", "tokens"]), ..token("t-1", "ci", |_| {}) };
    let bad = |resource: Resource, ledger| {
        let night = quiet().says(STATE_RULE, fail(Severity::Medium));
        Night { snapshot: snapshot(vec![resource], ledger), ..night }
    };
    let nothing = |ledger| Night { snapshot: snapshot(vec![], ledger), ..quiet() };
    let nights = [
        bad(both, vec![whole("org"), whole("tokens")]),
        bad(token("t-1", "ci", |_| {}), vec![denied("org"), whole("tokens")]),
        nothing(vec![denied("org"), whole("tokens")]),
        nothing(vec![whole("org"), whole("tokens")]),
    ];
    let expected =
        ["open since 2 | opened", "open since 2 | ", "open since 2 unconfirmed 4 | ", "gone since 5 | resolved"];
    assert_eq!(run(&nights), expected);
}

#[test]
fn a_resource_that_was_carried_along_is_not_gone() {
    let mut night_two = quiet().sees(vec![], whole("tokens"));
    night_two.snapshot.ledger.push(denied("org"));
    night_two.snapshot.carried = vec![Resource { seen_by: seen_by(&["org", "tokens"]), ..token("t-1", "ci", |_| {}) }];
    let opened = quiet().says(STATE_RULE, fail(Severity::Medium)).on(&[], night(2));
    assert_eq!(line(&night_two.on(&opened.findings, night(3))), "open since 2 unconfirmed 3 | ");
}

#[test]
fn findings_and_steps_come_worst_first() {
    let verdict = |resource: &str, severity| Verdict {
        rule: STATE_RULE.into(),
        resource: token_id(resource),
        outcome: fail(severity),
    };
    let verdicts = vec![verdict("a", Severity::Low), verdict("b", Severity::Critical), verdict("c", Severity::Low)];
    let reconciled = Night { verdicts, ..quiet() }.on(&[], night(2));
    let order: Vec<&str> = reconciled.findings.iter().map(|finding| finding.resource.native()).collect();
    assert_eq!(order, ["b", "a", "c"]);
    let steps: Vec<_> = reconciled.transitions.iter().map(|step| &step.finding).collect();
    assert_eq!(steps, reconciled.findings.iter().map(|finding| &finding.id).collect::<Vec<_>>());
}

#[test]
fn of_two_waivers_the_one_that_ends_later_counts() {
    let two = waivers(&[
        waiver("W-1", "acme/credential/*", "2026-11-03"),
        waiver("W-2", "acme/credential/t-1", "2026-11-30"),
    ]);
    let reconciled = quiet().says(STATE_RULE, fail(Severity::Low)).waives(&two).on(&[], night(2));
    assert_eq!(reconciled.findings[0].status, Status::Waived("W-2".into()));
    assert_eq!(reconciled.waiver_uses.iter().map(|used| used.covers).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn each_waiver_tells_how_it_stands() {
    let all = waivers(&[
        waiver("W-far", "acme/credential/t-1", "2027-06-30"),
        waiver("W-soon", "*/credential/t*1", "2026-11-16"),
        waiver("W-day-after", "acme/*", "2026-11-17"),
        waiver("W-over", "acme/credential/t-1", "2026-11-01"),
        waiver("W-idle", "acme/credential/t-12", "2027-06-30"),
    ]);
    let bad = quiet().says(STATE_RULE, fail(Severity::Low)).waives(&all);
    let states = |uses: &[keyroll::model::WaiverUse]| -> Vec<(String, WaiverState, usize)> {
        uses.iter().map(|used| (used.waiver.id.to_string(), used.state, used.covers)).collect()
    };
    let opened = bad.on(&[], night(2));
    let expected = [
        ("W-day-after", WaiverState::InForce, 1),
        ("W-far", WaiverState::InForce, 1),
        ("W-idle", WaiverState::Unused, 0),
        ("W-over", WaiverState::Expired, 1),
        ("W-soon", WaiverState::Expiring, 1),
    ];
    assert_eq!(states(&opened.waiver_uses), expected.map(|(id, state, covers)| (id.to_owned(), state, covers)));
    let fixed = quiet().waives(&all).on(&opened.findings, night(3));
    assert!(fixed.waiver_uses.iter().all(|used| used.covers == 0), "what is over needs no waiver");
}

#[test]
fn every_mistake_in_a_waiver_file_is_told_at_once() {
    let text = "\
waivers:
  - { id: W-1, rule: token-without-expiri, resource: acme/credential/t-1, reason: x, approver: Eve, until: 2026-12-01 }
  - { id: W-2, rule: token-without-expiry, resource: acme/credential/t-1, reason: x, approver: Eve }
  - { id: W-2b, rule: token-without-expiry, resource: acme/credential/t-1, reason: \" \", approver: Eve, until: 2027-11-03 }
  - { id: W-3, rule: token-without-expiry, resource: acme/credental/*, reason: x, approver: Eve, until: 2026-02-30 }
  - { id: W-4, rule: token-without-expiry, resource: t-1, reason: x, aprover: Eve, until: 2026-12-1 }
  - { id: W-5, rule: scopes-widened, resource: '*', reason: x, approver: Eve, ticket: SEC-1, until: 2027-11-02 }
  - { id: W-5, rule: scopes-widened, resource: acme/g*, reason: x, approver: Eve, until: 2025-01-01 }
waiver: []
";
    let told = parse(text).unwrap_err();
    let lines: Vec<&str> = told.lines().collect();
    let form = "an id as reports show it, `tenant/kind/id`, in which `*` may stand for any characters";
    let expected = [
        "waivers.yaml:2:22: there is no rule `token-without-expiri` (did you mean `token-without-expiry`?)".to_owned(),
        "waivers.yaml:3:7: the waiver has no end (add `until:` with its last day, 2027-11-02 at the latest)".to_owned(),
        "waivers.yaml:4:84: `reason` is empty".to_owned(),
        "waivers.yaml:4:111: `until` is too far off: `2027-11-03` (what is medium may be waived for 366 days from today: until 2027-11-02 at the latest)".to_owned(),
        "waivers.yaml:5:54: `credental` in `acme/credental/*` is no kind of resource (did you mean `credential`?)".to_owned(),
        "waivers.yaml:5:105: `until` is no day: `2026-02-30` (a day is written as year, month and day: `2027-11-02`)".to_owned(),
        format!("waivers.yaml:6:54: no resource has the id `t-1` ({form})"),
        "waivers.yaml:6:7: `approver` is missing (add `approver:` with text)".to_owned(),
        "waivers.yaml:6:91: `until` is no day: `2026-12-1` (a day is written as year, month and day: `2027-11-02`)".to_owned(),
        "waivers.yaml:6:70: unknown key `aprover` (did you mean `approver`?)".to_owned(),
        "waivers.yaml:8:11: waiver `W-5` is in the file already".to_owned(),
        "waivers.yaml:9:1: unknown key `waiver` (did you mean `waivers`?)".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_file_without_waivers_is_in_order() {
    assert_eq!(parse("waivers:\n").unwrap().all(), []);
    assert_eq!(parse("waivers: []\n").unwrap().all(), []);
}

// ── Properties over nights in which anything may be out of sight ──

const ENDPOINTS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Four tokens, each shown by some of the endpoints that are in sight, if by any, and what the rules say of it.
fn any_night() -> impl Strategy<Value = Night> {
    let verdict = || prop::option::of(0u8..4);
    let tokens = prop::collection::vec((prop::option::weighted(0.7, 1u8..8), verdict(), verdict()), 4);
    (tokens, 0u8..8, any::<bool>()).prop_map(|(tokens, gaps, waived)| {
        let mut made = quiet();
        let shows = |mask: u8| -> Vec<&str> {
            ENDPOINTS.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, name)| *name).collect()
        };
        let mut resources = Vec::new();
        for (at, (shown, state, change)) in tokens.into_iter().enumerate() {
            let Some(mask) = shown.map(|mask| mask & !gaps).filter(|mask| *mask != 0) else { continue };
            let id = format!("t-{at}");
            resources.push(Resource { seen_by: seen_by(&shows(mask)), ..token(&id, "ci", |_| {}) });
            for (rule, outcome) in [(STATE_RULE, state), (CHANGE_RULE, change)] {
                let outcome = match outcome {
                    Some(0) => unknown("not told"),
                    Some(1) => fail(Severity::High),
                    Some(2) => fail(Severity::Low),
                    Some(_) | None => continue,
                };
                made.verdicts.push(Verdict { rule: rule.into(), resource: token_id(&id), outcome });
            }
        }
        let entry = |(at, name): (usize, &&str)| if gaps >> at & 1 == 1 { denied(name) } else { whole(name) };
        made.snapshot = snapshot(resources, ENDPOINTS.iter().enumerate().map(entry).collect());
        if waived {
            made = made.waives(&waivers(&[waiver("W-1", "acme/credential/*", "2026-11-30")]));
        }
        made
    })
}

fn is_gap(ledger: &[LedgerEntry], finding: &Finding) -> bool {
    finding
        .seen_by
        .iter()
        .any(|sighting| ledger.iter().any(|entry| entry.endpoint == sighting.endpoint && entry.is_gap()))
}

proptest! {
    #[test]
    fn no_finding_is_resolved_for_want_of_sight_and_the_same_facts_twice_take_no_step(
        nights in prop::collection::vec(any_night(), 1..6),
    ) {
        let mut before: Vec<Finding> = Vec::new();
        for (at, seen) in nights.iter().enumerate() {
            let now = night(u32::try_from(at).unwrap() + 2);
            let reconciled = seen.on(&before, now);
            for step in reconciled.transitions.iter().filter(|step| step.step == Step::Resolved) {
                let was = before.iter().find(|finding| finding.id == step.finding).unwrap();
                let in_sight = seen.snapshot.get(&was.resource).is_some();
                prop_assert!(in_sight || !is_gap(&seen.snapshot.ledger, was), "{was:?}");
                let verdict = seen.verdicts.iter().any(|said| said.rule == was.rule && said.resource == was.resource);
                prop_assert!(!verdict, "neither a failure nor an unknown is good news: {was:?}");
                prop_assert!(!in_sight || was.rule.as_str() == STATE_RULE, "a change is not undone by silence");
            }
            for was in &before {
                let is = reconciled.findings.iter().find(|finding| finding.id == was.id);
                prop_assert!(is.is_some_and(|is| is.first_seen == was.first_seen), "no finding is ever dropped");
            }
            let again = seen.on(&reconciled.findings, now);
            prop_assert_eq!(&again.findings, &reconciled.findings);
            prop_assert_eq!(again.transitions, vec![]);
            let later = seen.on(&reconciled.findings, night(28));
            prop_assert_eq!(later.transitions, vec![]);
            before = reconciled.findings;
        }
    }

    #[test]
    fn every_failure_is_a_finding_that_is_not_over(seen in any_night()) {
        let reconciled = seen.on(&[], night(2));
        let failures = seen.verdicts.iter().filter(|said| matches!(said.outcome, Outcome::Fail(_))).count();
        prop_assert_eq!(reconciled.findings.len(), failures);
        prop_assert_eq!(reconciled.transitions.len(), failures);
        prop_assert!(reconciled.findings.iter().all(|finding| finding.status != Status::Resolved(Resolution::Fixed)));
    }
}
