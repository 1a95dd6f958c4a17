//! What cases notice, and what they do not.

use super::{MutationResult, excerpt};
use crate::problem::SourceText;
use crate::rules::{Overrides, RuleSet};

const CASES: &str = "  - { name: at the border, given: { form: api-token, last_used_at: 90 days ago }, expect: pass }\n  \
                     - { name: behind it, given: { form: api-token, last_used_at: 91 days ago }, expect: fail }\n  \
                     - { name: none, given: { form: api-token, last_used_at: null }, expect: not-applicable }\n  \
                     - { name: other, given: { form: personal-access-token, last_used_at: 99 days ago }, expect: not-applicable }\n  \
                     - { name: unused key, given: { form: personal-access-token, last_used_at: 1 days ago }, expect: not-applicable }\n";

fn check(cases: &str, more: &str) -> MutationResult {
    let text = format!(
        "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\n\
         scope: credential.form == \"api-token\" && credential.last_used_at != null\n\
         require: days_since(credential.last_used_at) <= params.max\n\
         message: \"{{{{ credential.last_used_at }}}}\"\nparams:\n  max: {{ type: int, default: 90, max: 120, about: A }}\n\
         why: W\nfix: F\nverify: V\n{more}cases:\n{cases}"
    );
    let file = SourceText::new("r.yaml", &text);
    let set = RuleSet::load(&[file], &[], &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(set.run_cases().iter().all(crate::rules::CaseResult::passed));
    set.run_mutations().pop().unwrap()
}

#[test]
fn cases_at_the_border_notice_everything() {
    let found = check(CASES, "");
    let left: Vec<&str> = found.survivors.iter().map(|mutant| mutant.words.as_str()).collect();
    assert_eq!(left, [] as [&str; 0]);
    // What takes the guard away does not compile, and the doubled default is beyond the bounds: these do not count.
    assert_eq!((found.killed, found.score()), (6, 100));
}

#[test]
fn what_no_case_notices_is_shown_at_its_place() {
    let easy = "  - { name: a, given: { form: api-token, last_used_at: 1 days ago }, expect: pass }\n  \
                - { name: b, given: { form: api-token, last_used_at: 400 days ago }, expect: fail }\n";
    let found = check(easy, "");
    let words: Vec<&str> = found.survivors.iter().map(|mutant| mutant.words.as_str()).collect();
    let border = "`days_since(credential.last_used_at) <= params.max` becomes `days_since(credential.last_used_at) < params.max`";
    assert!(words.contains(&border), "{words:?}");
    assert!(words.contains(&"`max: 90` becomes `91`"), "{words:?}");
    let mutant = found.survivors.iter().find(|mutant| mutant.words == border).unwrap();
    assert_eq!(mutant.problem.line_and_column(), Some((7, 46)));
    assert_eq!(mutant.excerpt.get(mutant.marked.clone()), Some("<="));
    assert_eq!(mutant.put, "<");
}

#[test]
fn a_change_that_makes_no_difference_is_named_with_its_reason() {
    let easy = CASES.lines().filter(|line| !line.contains("at the border")).collect::<Vec<_>>().join("\n");
    let easy =
        format!("{easy}\n  - {{ name: new, given: {{ form: api-token, last_used_at: 1 days ago }}, expect: pass }}\n");
    let more = "equivalent:\n  - { change: \"`max: 90` becomes `89`\", reason: Nobody counts so closely. }\n";
    let (plain, declared) = (check(&easy, ""), check(&easy, more));
    assert_eq!(declared.survivors.len() + 1, plain.survivors.len());
    assert_eq!(declared.equivalent, [("`max: 90` becomes `89`".to_owned(), "Nobody counts so closely.".to_owned())]);
}

#[test]
fn an_excerpt_is_one_line_and_cut_on_both_sides() {
    let text = format!("{} &&\n  ä < 3 && {}", "a".repeat(90), "b".repeat(90));
    let at = text.find('<').unwrap();
    let (line, marked) = excerpt(&text, &(at..at + 1));
    assert!(!line.contains('\n') && line.starts_with('…') && line.ends_with('…'), "{line}");
    assert_eq!(line.chars().nth(marked.start), Some('<'));
    assert!(line.chars().count() <= 92);
}
