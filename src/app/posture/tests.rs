//! A control is met only if everything that serves it looked, and found nothing.

use std::collections::BTreeMap;

use super::{Judged, postures};
use crate::model::{
    Census, ControlId, Finding, OffRule, PostureState, Resolution, ResourceId, RuleId, RuleSummary, Severity, Status,
    Tally, Unseen,
};
use crate::problem::SourceText;
use crate::rules::{Framework, read_frameworks};

fn frameworks() -> Vec<Framework> {
    let text = "id: soc2\ntitle: SOC 2\nversion: x\nabout: x\ncontrols:\n  - { id: CC6.1, title: access }\n\
                \x20 - { id: CC7.3, title: events, by_hand: Ask who judges them. }\n";
    read_frameworks(&[SourceText::new("soc2.yaml", text)]).unwrap()
}

fn controls() -> Vec<ControlId> {
    vec![ControlId::parse("soc2:CC6.1").unwrap()]
}

fn rule(id: &str) -> RuleSummary {
    RuleSummary {
        id: id.into(),
        version: 1,
        title: id.to_owned(),
        severity: Severity::Medium,
        remedy: String::new(),
        on_change: false,
        controls: controls(),
        judges_by: None,
    }
}

fn finding(rule: &str, status: Status) -> Finding {
    let resource = ResourceId::new("case", crate::model::Kind::Credential, "x");
    let at = "2026-11-22T02:00:00Z".parse().unwrap();
    Finding {
        id: crate::model::FindingId::of(&rule.into(), &resource),
        rule: rule.into(),
        rule_version: 1,
        title: String::new(),
        remedy: String::new(),
        controls: controls(),
        resource,
        resource_name: "x".to_owned(),
        owner: None,
        severity: Severity::Medium,
        message: String::new(),
        seen_by: Vec::new(),
        status,
        first_seen: at,
        since: at,
        last_seen: at,
        unconfirmed: None,
    }
}

/// What the one control with rules comes to, and what keeps it from being whole.
fn stands(tallies: &[(&str, Tally)], findings: &[Finding], off: &[&str]) -> (PostureState, Vec<String>) {
    let rules: Vec<RuleSummary> = tallies.iter().map(|(id, _)| rule(id)).collect();
    let tallies: BTreeMap<RuleId, Tally> = tallies.iter().map(|(id, tally)| ((*id).into(), tally.clone())).collect();
    let off: Vec<OffRule> = off.iter().map(|id| OffRule { id: (*id).into(), controls: controls() }).collect();
    let found = Census::of(findings).rules;
    let found = postures(&frameworks(), Judged { rules: &rules, off: &off, tallies: &tallies, found: &found });
    let [access, events] = found[0].controls.as_slice() else { panic!("two controls") };
    assert_eq!(events.state, PostureState::Manual);
    assert_eq!(events.by_hand.as_deref(), Some("Ask who judges them."));
    (access.state, access.gaps.clone())
}

fn whole() -> Tally {
    Tally { pass: 3, ..Tally::default() }
}

#[test]
fn a_control_is_met_only_if_everything_was_judged_and_nothing_found() {
    assert_eq!(stands(&[("a", whole()), ("b", whole())], &[], &[]).0, PostureState::Met);
    assert_eq!(
        stands(&[("a", whole())], &[finding("a", Status::Resolved(Resolution::Fixed))], &[]).0,
        PostureState::Met
    );
    assert_eq!(stands(&[], &[], &[]).0, PostureState::Manual);
}

#[test]
fn what_is_open_counts_for_more_than_what_was_not_seen() {
    let unknown = Tally { unknown: 2, ..whole() };
    let (state, gaps) = stands(&[("a", whole()), ("b", unknown)], &[finding("a", Status::Open)], &[]);
    assert_eq!(state, PostureState::NotMet);
    assert_eq!(gaps, ["rule b is unknown on 2 resources"]);
}

#[test]
fn a_waiver_is_told_and_never_plainly_met() {
    let waived = [finding("a", Status::Waived("W-1".into()))];
    assert_eq!(stands(&[("a", whole())], &waived, &[]).0, PostureState::MetButWaived);
    let unseen = Tally { unseen: vec![Unseen::nowhere("variables")], ..Tally::default() };
    let (state, gaps) = stands(&[("a", whole()), ("b", unseen)], &waived, &[]);
    assert_eq!(
        (state, gaps),
        (PostureState::NotFullyAssessed, vec!["no configured source shows any variables".to_owned()])
    );
}

#[test]
fn a_rule_that_did_not_judge_is_a_gap() {
    let (state, gaps) = stands(&[("a", whole())], &[], &["b"]);
    assert_eq!((state, gaps), (PostureState::NotFullyAssessed, vec!["rule b is switched off".to_owned()]));
    assert_eq!(stands(&[], &[], &["b"]).0, PostureState::NotFullyAssessed);
    let rules = [rule("a")];
    let nothing = BTreeMap::new();
    let judged = Judged { rules: &rules, off: &[], tallies: &nothing, found: &BTreeMap::new() };
    let found = postures(&frameworks(), judged);
    assert_eq!(found[0].controls[0].gaps, ["rule a was not evaluated"]);
    assert_eq!(found[0].controls[0].state, PostureState::NotFullyAssessed);
}
