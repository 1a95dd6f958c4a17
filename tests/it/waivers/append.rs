//! Entries added to waiver files of every shape: what is there survives byte for byte, and what comes out is read.

use keyroll::findings::{CannotAppend, Entry, LongestDays, WaiverLimits, Waivers, append};
use keyroll::model::{Accepted, RuleSummary, Severity, Waiver};
use keyroll::problem::SourceText;

use crate::support::estate::token_id;

fn rules() -> Vec<RuleSummary> {
    vec![RuleSummary {
        id: "token-idle".into(),
        version: 1,
        title: "Token is idle".to_owned(),
        severity: Severity::Low,
        remedy: String::new(),
        on_change: false,
        controls: Vec::new(),
        judges_by: None,
    }]
}

fn parse(text: &str) -> Result<Waivers, String> {
    let limits = WaiverLimits { longest: LongestDays::same(366), ..WaiverLimits::default() };
    let file = SourceText::new("waivers.yaml", text);
    Waivers::parse(&file, &rules(), "2026-11-01".parse().unwrap(), limits).map_err(|problems| problems.to_string())
}

/// A waiver whose every text would like to be something else.
fn hostile(id: &str) -> Waiver {
    Waiver {
        id: id.into(),
        rule: "token-idle".into(),
        resource: token_id("t-9").to_string(),
        reason: "no: #1 \"quoted\" 'it' \\ ]}\n- id: W-666".to_owned(),
        approver: "yes".to_owned(),
        ticket: Some("0x10".to_owned()),
        until: "2026-12-31".parse().unwrap(),
        accepted: vec![Accepted {
            resource: token_id("t-9"),
            facts: vec!["owner acme/principal/a: b #c".to_owned(), "scope *".to_owned(), "severity low".to_owned()],
        }],
    }
}

fn entry(id: &str) -> Entry {
    Entry { waiver: hostile(id), facts: Vec::new() }
}

/// The text with one entry more; it holds what it held, and the entry.
fn added(text: &str) -> String {
    let out = append(&SourceText::new("waivers.yaml", text), &[unbound("W-2")])
        .unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let says_something = text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let mut expected = if says_something { parse(text).unwrap().all().to_vec() } else { Vec::new() };
    expected.push(unbound("W-2").waiver);
    assert_eq!(parse(&out).map(|waivers| waivers.all().to_vec()), Ok(expected), "{out}");
    out
}

/// The same without facts: what their lines look like is for the tests with an inventory.
fn unbound(id: &str) -> Entry {
    let mut entry = entry(id);
    entry.waiver.accepted.clear();
    entry
}

const ONE: &str = "id: W-1, rule: token-idle, resource: \"acme/*\", reason: r, approver: a, until: 2026-12-01";

#[test]
fn what_is_in_the_file_stays_as_it_is() {
    for text in [
        "",
        "\n\n",
        "# Nobody accepted anything so far.",
        "# A comment.\n---\n",
        "waivers:\n",
        "waivers:",
        "waivers:   # who adds one asks Dana\n",
        "waivers:\n  # none so far\n",
        &format!("waivers:\n  - {{ {ONE} }}\n"),
        &format!("waivers:\n  - {{ {ONE} }}"),
        &format!("waivers:\n- {{ {ONE} }}\n"),
        &format!("waivers:\n      - {{ {ONE} }}\n\n\n"),
        &format!("# Kept.\n\"waivers\" :\n  # Kept, too.\n\n  -   {{ {ONE} }} # kept\n# At the end."),
        "waivers:\n  - id: W-1\n    rule: token-idle\n    resource: \"*\"\n    reason: |\n      Two\n      lines.\n    approver: &who Dana\n    ticket: *who\n    until: 2026-12-01",
        "waivers: &all\n  -\n    id: W-1\n    rule: token-idle\n    resource: \"*\"\n    reason: 'it''s # no [ comment'\n    approver: Dana\n    until: 2026-12-01\n",
    ] {
        let out = added(text);
        assert!(out.starts_with(text), "{text:?} became {out:?}");
        let twice = append(&SourceText::new("waivers.yaml", &out), &[unbound("W-3")]).unwrap();
        assert_eq!(parse(&twice).unwrap().all().len(), parse(&out).unwrap().all().len() + 1, "{twice}");
    }
}

#[test]
fn lists_in_brackets_are_added_to_in_brackets_and_empty_ones_are_opened() {
    for (text, before, behind) in [
        ("waivers: []\n", "waivers: \n", ""),
        ("# a\nwaivers: [ ] # b\n", "# a\nwaivers:  # b\n", ""),
        (&format!("waivers: [ {{ {ONE} }} ]\n"), &format!("waivers: [ {{ {ONE} }}"), " ]\n"),
        (&format!("waivers: [{{ {ONE} }}] # ] x\n"), &format!("waivers: [{{ {ONE} }}"), "] # ] x\n"),
        (
            &format!("waivers: [\n  {{ {ONE} }}, # the first ]\n]\n"),
            &format!("waivers: [\n  {{ {ONE} }},"),
            " # the first ]\n]\n",
        ),
    ] {
        let out = added(text);
        assert!(out.starts_with(before) && out.ends_with(behind), "{text:?} became {out:?}");
    }
}

#[test]
fn line_ends_of_the_file_are_kept() {
    let text = format!("waivers:\r\n  - {{ {ONE} }}\r\n");
    let out = added(&text);
    assert!(out.starts_with(&text));
    assert_eq!(out.matches('\n').count(), out.matches("\r\n").count(), "{out:?}");
}

#[test]
fn what_cannot_be_added_to_is_refused() {
    for text in ["waiver: []\n", "waivers: { a: 1 }\n", "waivers: none\n", "other: 1\n"] {
        let refused = append(&SourceText::new("waivers.yaml", text), &[entry("W-2")]);
        assert!(matches!(refused, Err(CannotAppend::Form { .. })), "{text:?}: {refused:?}");
    }
    let broken = append(&SourceText::new("waivers.yaml", "waivers: [\n"), &[entry("W-2")]);
    assert!(matches!(broken, Err(CannotAppend::Mistakes(_))), "{broken:?}");
}

#[test]
fn facts_that_were_changed_by_hand_are_a_mistake() {
    let seal = hostile("W-1").accepted[0].digest();
    let file = |facts: &str, digest: &str, resource: &str| {
        format!(
            "waivers:\n  - id: W-1\n    rule: token-idle\n    resource: acme/credential/t-9\n    reason: r\n    approver: a\n\
             \x20   until: 2026-12-31\n    accepted:\n      - resource: {resource}\n        digest: {digest}\n\
             \x20       facts: [{facts}]\n"
        )
    };
    let facts = "scope *, severity low, \"owner acme/principal/a: b #c\"";
    let good = parse(&file(facts, &seal, "acme/credential/t-9")).unwrap();
    assert_eq!(good.all()[0].accepted, hostile("W-1").accepted, "the order does not matter");
    let more = parse(&file(&format!("{facts}, scope write"), &seal, "acme/credential/t-9")).unwrap_err();
    assert!(more.starts_with("waivers.yaml:10:17: the facts are not those of this digest"), "{more}");
    let elsewhere = parse(&file(facts, &seal, "acme/credential/t-8")).unwrap_err();
    assert!(
        elsewhere.contains("`acme/credential/t-8` is accepted, and the waiver does not speak of it"),
        "{elsewhere}"
    );
}
