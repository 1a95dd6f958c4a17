//! Bound waivers through the nights: what comes voids them, what goes does not, what cannot be told is neither.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use keyroll::findings::{Entry, Facts, Judged, LongestDays, Reconciled, WaiverLimits, Waivers, append, reconcile};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Credential, Evaluation, Fact, Failure, Finding, LedgerEntry, Outcome, Principal, Resource, ResourceId, RuleSummary,
    Severity, Snapshot, Status, Tally, Verdict, Waiver, WaiverState,
};
use keyroll::problem::SourceText;

use crate::support::estate::{account, account_id, denied, night, snapshot, token, token_id, whole};

const RULE: &str = "token-without-expiry";

fn rules() -> Vec<RuleSummary> {
    vec![RuleSummary {
        id: RULE.into(),
        version: 1,
        title: "Token without end".to_owned(),
        severity: Severity::Medium,
        remedy: String::new(),
        on_change: false,
        controls: Vec::new(),
        judges_by: None,
    }]
}

fn limits() -> WaiverLimits {
    WaiverLimits { longest: LongestDays::same(366), ..WaiverLimits::default() }
}

fn texts(words: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(words.iter().map(|word| (*word).to_owned()).collect())
}

/// Ada, of whom everything is told.
fn ada(set: impl FnOnce(&mut Principal)) -> Resource {
    let mut body = Principal {
        status: Fact::Known("active".to_owned()),
        platform_roles: texts(&["user"]),
        groups: Fact::Known(Vec::new()),
        workspace_groups: Fact::Known(Vec::new()),
        ..Principal::default()
    };
    set(&mut body);
    account("ada", "accounts", body)
}

fn ci(native: &str, set: impl FnOnce(&mut Credential)) -> Resource {
    token(native, "ci", |body| {
        body.scopes = texts(&["read:jira-work"]);
        body.expires_at = Fact::Absent;
        set(body);
    })
}

/// One night: what is seen, and that the rule fails on every token in sight.
struct Night {
    snapshot: Snapshot,
    severity: Severity,
}

fn seen(resources: Vec<Resource>) -> Night {
    in_sight(resources, vec![whole("tokens"), whole("accounts")])
}

fn in_sight(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Night {
    Night { snapshot: snapshot(resources, ledger), severity: Severity::Medium }
}

impl Night {
    fn judge(&self, before: &[Finding], waivers: &Waivers, day: u32) -> Reconciled {
        let fails = |resource: &Resource| Verdict {
            rule: RULE.into(),
            resource: resource.id.clone(),
            outcome: Outcome::Fail(Failure {
                severity: self.severity,
                message: "it never ends".to_owned(),
                resource_name: resource.name.clone(),
                owner: None,
            }),
        };
        let tokens = self.snapshot.resources.iter().filter(|one| one.id.as_str().contains("/credential/"));
        let evaluation = Evaluation {
            tallies: BTreeMap::from([(RULE.into(), Tally::default())]),
            verdicts: tokens.map(fails).collect(),
        };
        let inventory = Inventory::new(&self.snapshot);
        let rules = rules();
        let judged =
            Judged { rules: &rules, evaluation: &evaluation, inventory: &inventory, changes: &[], baseline: None };
        reconcile(before, &judged, waivers, night(day))
    }

    /// The waivers that accept everything found in this night, as they come back from their file.
    fn accepted(&self, pattern: &str) -> Waivers {
        let found = self.judge(&[], &Waivers::default(), 2).findings;
        let inventory = Inventory::new(&self.snapshot);
        let mut facts: Vec<(ResourceId, Facts)> =
            found.iter().map(|finding| (finding.resource.clone(), Facts::of(finding, &inventory))).collect();
        facts.sort_by(|left, right| left.0.cmp(&right.0));
        let waiver = Waiver {
            id: "W-1".into(),
            rule: RULE.into(),
            resource: pattern.to_owned(),
            reason: "The vendor cannot".to_owned(),
            approver: "Eve".to_owned(),
            ticket: None,
            until: "2026-12-31".parse().unwrap(),
            accepted: facts.iter().map(|(resource, facts)| facts.accept(resource)).collect(),
        };
        let entry = Entry { waiver, facts: facts.into_iter().map(|(_, facts)| facts).collect() };
        parse(&append(&SourceText::new("w.yaml", "waivers: []\n"), &[entry]).unwrap())
    }
}

fn parse(text: &str) -> Waivers {
    let today: NaiveDate = "2026-11-02".parse().unwrap();
    Waivers::parse(&SourceText::new("w.yaml", text), &rules(), today, limits())
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// The first finding's status, the notes of the steps, the waiver's state, and what it covers.
fn line(reconciled: &Reconciled) -> String {
    let steps: Vec<String> =
        reconciled.transitions.iter().map(|step| format!("{}: {}", step.step.name(), step.note)).collect();
    let used = &reconciled.waiver_uses[0];
    let finding = reconciled.findings.first().map_or("nothing", |finding| finding.status.name());
    format!("{finding} | {} | {} {}", steps.join(", "), used.state.name(), used.covers)
}

/// A waiver that accepts the first night, waives, and sees the second.
fn after(first: &Night, second: &Night) -> String {
    let waivers = first.accepted(token_id("t-1").as_str());
    let waived = first.judge(&[], &waivers, 3);
    assert_eq!(line(&waived), "waived | waived: waiver W-1 until 2026-12-31 | in-force 1");
    let reconciled = second.judge(&waived.findings, &waivers, 4);
    let again = second.judge(&reconciled.findings, &waivers, 4);
    assert_eq!((&again.findings, again.transitions.len()), (&reconciled.findings, 0), "the same facts twice");
    line(&reconciled)
}

#[test]
fn what_comes_voids_and_says_what_came() {
    let first = || seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    let with = |set: fn(&mut Credential)| seen(vec![ada(|_| {}), ci("t-1", set)]);
    let void = |what: &str| format!("open | waiver-ended: waiver W-1 is void: {what} | void 0");
    for (second, expected) in [
        (with(|body| body.scopes = texts(&["read:jira-work", "write:jira-work"])), void("scope write:jira-work came")),
        (with(|body| body.scopes = Fact::Absent), void("scope * came")),
        (with(|body| body.owner = Fact::Known(account_id("bob"))), void("owner acme/principal/bob came")),
        (
            seen(vec![ada(|body| body.platform_roles = texts(&["atlassian/org-admin", "user"])), ci("t-1", |_| {})]),
            void("role atlassian/org-admin came"),
        ),
        (
            seen(vec![
                ada(|body| body.groups = Fact::Known(vec![ResourceId::parse("acme/group/admins").unwrap()])),
                ci("t-1", |_| {}),
            ]),
            void("group acme/group/admins came"),
        ),
        (
            Night { severity: Severity::High, ..first() },
            "open | worsened: medium → high, waiver-ended: waiver W-1 is void: severity high came, medium was accepted | void 0"
                .to_owned(),
        ),
    ] {
        assert_eq!(after(&first(), &second), expected);
    }
}

#[test]
fn a_later_end_or_none_is_more_and_an_earlier_one_is_not() {
    let ends = |day: &str| {
        let end = format!("{day}T00:00:00Z").parse().unwrap();
        seen(vec![ada(|_| {}), ci("t-1", |body| body.expires_at = Fact::Known(end))])
    };
    let never = seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    assert_eq!(after(&ends("2027-03-01"), &ends("2027-02-01")), "waived |  | in-force 1");
    assert_eq!(after(&never, &ends("2027-02-01")), "waived |  | in-force 1");
    assert!(after(&ends("2027-03-01"), &ends("2027-03-02")).contains("ends 2027-03-02 came, 2027-03-01 was accepted"));
    assert!(after(&ends("2027-03-01"), &never).contains("ends never came, 2027-03-01 was accepted"));
}

#[test]
fn what_becomes_less_voids_nothing() {
    let first = seen(vec![
        ada(|body| body.platform_roles = texts(&["atlassian/org-admin", "user"])),
        ci("t-1", |body| body.scopes = texts(&["read:jira-work", "write:jira-work"])),
    ]);
    let less = seen(vec![
        ada(|body| {
            body.status = Fact::Known("deactivated".to_owned());
            body.platform_roles = texts(&["user"]);
        }),
        ci("t-1", |_| {}),
    ]);
    assert_eq!(after(&first, &less), "waived |  | in-force 1");
    let let_in_again = after(&less, &first);
    assert!(let_in_again.contains("account-status active came; role atlassian/org-admin came"), "{let_in_again}");
}

#[test]
fn what_cannot_be_told_keeps_what_was_covered_and_covers_nothing_new() {
    let first = seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    let unrevealed = seen(vec![ada(|_| {}), ci("t-1", |body| body.scopes = Fact::Unknown)]);
    let widened = seen(vec![ada(|_| {}), ci("t-1", |body| body.scopes = texts(&["write:jira-work"]))]);
    assert_eq!(after(&first, &unrevealed), "waived |  | unchecked 1");

    let waivers = first.accepted(token_id("t-1").as_str());
    let new = unrevealed.judge(&[], &waivers, 3);
    assert_eq!(
        line(&new),
        "open | opened: waiver W-1 could not be checked: scope: the source does not reveal scopes | unchecked 0"
    );
    let voided = widened.judge(&first.judge(&[], &waivers, 3).findings, &waivers, 4);
    assert_eq!(voided.findings[0].status, Status::Open);
    let dark = unrevealed.judge(&voided.findings, &waivers, 5);
    assert_eq!(line(&dark), "open |  | unchecked 0", "what was void is not covered because nobody looked");
}

#[test]
fn a_night_out_of_sight_brings_up_nothing_and_says_so() {
    let first = seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    let no_tokens = in_sight(vec![ada(|_| {})], vec![denied("tokens"), whole("accounts")]);
    assert_eq!(after(&first, &no_tokens), "waived |  | unchecked 1");
    let no_accounts = in_sight(vec![ci("t-1", |_| {})], vec![whole("tokens"), denied("accounts")]);
    assert_eq!(after(&first, &no_accounts), "waived |  | unchecked 1");
}

#[test]
fn a_widening_that_is_seen_counts_although_something_else_is_not() {
    let first = seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    let second = in_sight(
        vec![ci("t-1", |body| body.scopes = texts(&["read:jira-work", "write:jira-work"]))],
        vec![whole("tokens"), denied("accounts")],
    );
    assert!(after(&first, &second).starts_with("open | waiver-ended: waiver W-1 is void: scope write:jira-work came"));
}

#[test]
fn what_was_not_told_when_it_was_accepted_was_not_accepted() {
    let blind = seen(vec![ada(|_| {}), ci("t-1", |body| body.scopes = Fact::Unknown)]);
    assert_eq!(after(&blind, &blind), "waived |  | in-force 1", "that it is not told was accepted");
    let told = seen(vec![ada(|_| {}), ci("t-1", |_| {})]);
    assert!(after(&blind, &told).contains("waiver W-1 is void: scope read:jira-work came"));
}

#[test]
fn a_pattern_covers_what_was_accepted_and_each_for_itself() {
    let first = seen(vec![ada(|_| {}), ci("t-1", |_| {}), ci("t-2", |_| {})]);
    let waivers = first.accepted("acme/credential/*");
    let waived = first.judge(&[], &waivers, 3);
    assert_eq!((waived.waiver_uses[0].state, waived.waiver_uses[0].covers), (WaiverState::InForce, 2));
    let wider = ci("t-2", |body| body.scopes = texts(&["write:jira-work"]));
    let second = seen(vec![ada(|_| {}), ci("t-1", |_| {}), wider, ci("t-3", |_| {})]);
    let reconciled = second.judge(&waived.findings, &waivers, 4);
    let stand: Vec<(&str, &str)> =
        reconciled.findings.iter().map(|finding| (finding.resource.native(), finding.status.name())).collect();
    assert_eq!(stand, [("t-1", "waived"), ("t-2", "open"), ("t-3", "open")]);
    let used = &reconciled.waiver_uses[0];
    assert_eq!((used.state, used.covers), (WaiverState::Void, 1));
    let lapses: Vec<String> =
        used.void_for.iter().map(|lapse| format!("{} {}", lapse.resource.native(), lapse.in_words())).collect();
    assert_eq!(lapses, ["t-2 scope write:jira-work came", "t-3 it was not among what was accepted"]);
    let opened = reconciled.transitions.iter().find(|step| step.step.name() == "opened").unwrap();
    assert_eq!(opened.note, "waiver W-1 is void: it was not among what was accepted");
}

fn unbound(resource: &str, until: &str) -> String {
    format!(
        "waivers:\n  - {{ id: W-1, rule: {RULE}, resource: \"{resource}\", reason: r, approver: a, until: {until} }}\n"
    )
}

#[test]
fn an_unbound_waiver_covers_as_before_and_says_that_it_is_bound_to_nothing() {
    let waivers = parse(&unbound("acme/*", "2026-12-31"));
    let wide = seen(vec![ada(|_| {}), ci("t-1", |body| body.scopes = texts(&["write:jira-work"]))]);
    let used = &wide.judge(&[], &waivers, 3).waiver_uses[0];
    assert_eq!((used.state, used.covers), (WaiverState::InForce, 1));
    assert_eq!(used.remarks(), ["bound to no facts"]);
}

#[test]
fn a_setting_can_demand_facts_and_severities_have_their_ceilings() {
    let (file, today) = (SourceText::new("w.yaml", &unbound("acme/*", "2026-12-31")), "2026-11-02".parse().unwrap());
    let strict = WaiverLimits { must_be_bound: true, ..limits() };
    let told = Waivers::parse(&file, &rules(), today, strict).unwrap_err().to_string();
    assert!(told.starts_with("w.yaml:2:7: the waiver does not say which facts were accepted"), "{told}");

    let mut by_severity = limits();
    by_severity.longest.set(Severity::High, 30);
    let waivers = Waivers::parse(&file, &rules(), today, by_severity).unwrap();
    let night = Night { severity: Severity::High, ..seen(vec![ada(|_| {}), ci("t-1", |_| {})]) };
    assert_eq!(
        line(&night.judge(&[], &waivers, 2)),
        "open | opened: waiver W-1 is void: what is high may be waived for 30 days only | void 0"
    );
    by_severity.longest.set(Severity::Medium, 30);
    let told = Waivers::parse(&file, &rules(), today, by_severity).unwrap_err().to_string();
    assert!(told.contains("what is medium may be waived for 30 days from today: until 2026-12-02"), "{told}");
}

#[test]
fn too_broad_and_never_seen_are_told() {
    let tokens = (0..26).map(|number| ci(&format!("t-{number}"), |_| {}));
    let many = seen(tokens.chain([ada(|_| {})]).collect());
    let used = many.judge(&[], &parse(&unbound("acme/*", "2026-12-31")), 2).waiver_uses;
    assert_eq!((used[0].state, used[0].too_broad, used[0].covers), (WaiverState::TooBroad, true, 26));
    let used = many.judge(&[], &parse(&unbound("acme/credential/t-77", "2026-12-31")), 2).waiver_uses;
    assert_eq!((used[0].state, used[0].never_seen), (WaiverState::Unused, true));
    assert_eq!(used[0].remarks()[0], "no such resource was ever seen");
}
