//! A weak rule of each sort is told, and a proper one is not.

use std::collections::BTreeSet;

use super::{CHECKS, Lint, ScanRecord};
use crate::model::{Kind, ResourceId, Tally};
use crate::problem::SourceText;
use crate::rules::{Framework, Overrides, RuleSet, read_frameworks};

fn catalogue() -> Vec<Framework> {
    let text = "id: soc2\ntitle: SOC 2\nversion: x\nabout: x\ncontrols:\n  - { id: CC6.1, title: access }\n";
    read_frameworks(&[SourceText::new("rules/frameworks/soc2.yaml", text)]).unwrap()
}

/// A rule that nothing is wrong with, save for what a test puts in.
fn rule(id: &str, scope: &str, require: &str) -> SourceText {
    let text = format!(
        "id: {id}\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\nscope: '{scope}'\nrequire: '{require}'\n\
         message: M\ncontrols: [soc2:CC6.1]\nwhy: W\nfix: Revoke it. Administration > Tokens.\nverify: V\ncases:\n  \
         - {{ name: a, given: {{ form: pat, owner_exists: true }}, expect: pass }}\n  \
         - {{ name: b, given: {{ form: pat, owner_exists: false }}, expect: fail }}\n  \
         - {{ name: c, given: {{ form: pat }}, expect: unknown }}\n"
    );
    SourceText::new(&format!("rules/credentials/{id}.yaml"), &text.replace("form: pat", "form: personal-access-token"))
}

fn proper(id: &str) -> SourceText {
    rule(id, "credential.form == \"personal-access-token\"", "credential.owner_exists")
}

fn load(files: &[SourceText]) -> RuleSet {
    RuleSet::load(files, &catalogue(), &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn told(files: &[SourceText], scan: Option<&ScanRecord>) -> Vec<Lint> {
    load(files).lint(&catalogue(), scan)
}

fn checks(files: &[SourceText]) -> Vec<&'static str> {
    told(files, None).iter().map(|lint| lint.check).collect()
}

fn with(file: &SourceText, from: &str, to: &str) -> SourceText {
    assert!(file.text.contains(from), "{from}");
    SourceText::new(&file.name, &file.text.replace(from, to))
}

#[test]
fn a_proper_rule_is_not_weak() {
    assert_eq!(told(&[proper("a")], None), []);
    let names: BTreeSet<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), CHECKS.len());
}

#[test]
fn a_case_that_the_scope_does_not_let_through_proves_nothing() {
    let hidden =
        rule("a", "credential.owner_exists", "credential.form == \"personal-access-token\" && credential.owner_exists");
    assert_eq!(checks(&[hidden]), ["failing-case"]);
}

#[test]
fn conditions_that_contradict_each_other_are_told() {
    let form = "credential.form == \"personal-access-token\"";
    assert_eq!(
        checks(&[rule("a", form, "credential.form == \"api-token\" && credential.owner_exists")]),
        ["never-holds"]
    );
    let nothing_left = rule("a", &format!("{form} && credential.owner_exists"), "credential.owner_exists");
    assert_eq!(checks(&[nothing_left]), ["failing-case", "never-fails"]);
}

#[test]
fn a_threshold_that_nobody_can_set_is_told_at_its_place() {
    let require = "credential.owner_exists || size(credential.name) > 300";
    let told = told(&[rule("a", "credential.form == \"personal-access-token\"", require)], None);
    let [lint] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(lint.check, "threshold");
    let file = lint.problem.file.as_ref().unwrap();
    assert_eq!(file.text.get(lint.problem.span.clone()), Some("300"));
}

#[test]
fn texts_that_help_nobody_are_told() {
    let rule = proper("a");
    assert_eq!(checks(&[with(&rule, "why: W", "why: \" \"")]), ["words"]);
    assert_eq!(checks(&[with(&rule, "Administration > Tokens.", "Soon.")]), ["place"]);
    assert_eq!(checks(&[with(&rule, "controls: [soc2:CC6.1]\n", "")]), ["controls", "control"]);
}

#[test]
fn a_rule_without_an_unknown_case_is_told_unless_everything_it_reads_is_always_told() {
    let rule = proper("a");
    let unknown = "  - { name: c, given: { form: personal-access-token }, expect: unknown }\n";
    assert_eq!(checks(&[with(&rule, unknown, "")]), ["unknown-case"]);
}

#[test]
fn rules_that_ask_the_same_are_told_once() {
    let other = rule("b", "\"personal-access-token\" == credential.form", "!(!credential.owner_exists)");
    let found = told(&[proper("a"), other], None);
    let [lint] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(lint.problem.what, "`b` asks exactly what `a` asks");
}

#[test]
fn words_on_a_change_that_is_never_made_are_told() {
    let equivalent = "equivalent:\n  - { change: \"`x` is left out\", reason: R }\ncases:";
    assert_eq!(checks(&[with(&proper("a"), "cases:", equivalent)]), ["equivalent"]);
}

fn failing(ids: &[&str], rules: &[&str]) -> ScanRecord {
    let resources: BTreeSet<ResourceId> = ids.iter().map(|id| ResourceId::new("case", Kind::Credential, id)).collect();
    ScanRecord {
        failing: rules.iter().map(|rule| ((*rule).into(), resources.clone())).collect(),
        ..ScanRecord::default()
    }
}

#[test]
fn rules_that_fail_together_are_told_where_that_is_no_coincidence() {
    let rules = [proper("a"), rule("b", "credential.name != \"x\"", "credential.owner_exists")];
    let many = failing(&["1", "2", "3", "4", "5"], &["a", "b"]);
    let found = told(&rules, Some(&many));
    assert_eq!(found.iter().map(|lint| lint.check).collect::<Vec<_>>(), ["fail-together"]);
    assert_eq!(told(&rules, Some(&failing(&["1", "2"], &["a", "b"]))), []);
    assert_eq!(told(&rules, Some(&failing(&["1", "2", "3", "4", "5"], &["a"]))), []);
}

#[test]
fn a_rule_that_is_unknown_everywhere_is_told_with_the_reason() {
    let mut scan = ScanRecord::default();
    let reasons = [("`credential.owner_exists` is not known".to_owned(), 4)].into();
    let blind = Tally { unknown: 4, unknown_reasons: reasons, ..Tally::default() };
    scan.tallies.insert("a".into(), blind.clone());
    let found = told(&[proper("a")], Some(&scan));
    let [lint] = found.as_slice() else { panic!("{found:?}") };
    assert!(lint.problem.what.ends_with("speaks of: `credential.owner_exists` is not known"), "{}", lint.problem.what);
    scan.tallies.insert("a".into(), Tally { pass: 1, ..blind });
    assert_eq!(told(&[proper("a")], Some(&scan)), []);
}

#[test]
fn a_framework_whose_controls_come_twice_is_told() {
    let text = "id: soc2\ntitle: SOC 2\nversion: x\nabout: x\ncontrols:\n  - { id: CC6.1, title: a }\n  - { id: CC6.1, title: b }\n";
    let told = read_frameworks(&[SourceText::new("soc2.yaml", text)]).unwrap_err().to_string();
    assert!(told.starts_with("soc2.yaml:7:11: control `CC6.1` comes twice"), "{told}");
    let file = SourceText::new("soc2.yaml", "id: soc2\ntitle: SOC 2\nversion: x\nabout: x\n");
    let again = SourceText::new("other.yaml", &file.text);
    let told = read_frameworks(&[file, again]).unwrap_err().to_string();
    assert!(told.contains("framework `soc2` is already in soc2.yaml"), "{told}");
}
