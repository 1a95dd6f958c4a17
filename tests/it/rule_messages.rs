//! What people read who made a mistake in a rule: the whole text, one test for each sort of mistake.

use keyroll::problem::{Problems, SourceText};
use keyroll::rules::{Overrides, RuleSet};

/// What is wrong with a rule that has these lines in it.
fn problems(lines: &str) -> Result<(), Problems> {
    let text = format!(
        "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\n{lines}message: M\nwhy: W\nfix: F\n\
         verify: V\ncases:\n  - {{ name: a, given: {{ form: api-token }}, expect: pass }}\n  \
         - {{ name: b, given: {{ form: api-token }}, expect: fail }}\n"
    );
    let file = SourceText::new("rules/r.yaml", &text);
    RuleSet::load(&[file], &[], &Overrides::default()).map(|_rules| ())
}

/// Loads a rule with these lines in it and compares what is told.
fn assert_told(lines: &str, expected: &str) {
    let problems = problems(lines).expect_err("nothing was wrong");
    let told = problems.0.iter().map(|problem| problem.render(false)).collect::<Vec<_>>().join("\n\n");
    assert_eq!(told, expected.trim(), "\n{told}\n");
}

#[test]
fn an_unknown_field() {
    assert_told(
        r#"require: "credential.expire_at != null"
"#,
        r#"
error: `credential` has no field `expire_at`
 --> rules/r.yaml:6:22
  |
6 | require: "credential.expire_at != null"
  |                      ^^^^^^^^^ did you mean `expires_at`?
"#,
    );
}

#[test]
fn a_field_of_the_subject_without_its_name() {
    assert_told(
        r#"require: "status == 'active'"
"#,
        r#"
error: there is no `status` here
 --> rules/r.yaml:6:11
  |
6 | require: "status == 'active'"
  |           ^^^^^^ did you mean `credential.status`?
"#,
    );
}

#[test]
fn an_unknown_name() {
    assert_told(
        r#"require: "ownr.status == 'active'"
"#,
        r#"
error: there is no `ownr` here
 --> rules/r.yaml:6:11
  |
6 | require: "ownr.status == 'active'"
  |           ^^^^ did you mean `owner`?
"#,
    );
}

#[test]
fn a_path_through_a_neighbour() {
    assert_told(
        r#"require: "credential.owner.status == 'active'"
"#,
        r#"
error: `credential.owner.status` goes further than one field
 --> rules/r.yaml:6:11
  |
6 | require: "credential.owner.status == 'active'"
  |           ^^^^^^^^^^^^^^^^^^^^^^^ neighbours stand alone: write `owner.status`
"#,
    );
}

#[test]
fn a_neighbour_that_is_taken_for_a_value() {
    assert_told(
        r#"require: "owner == null"
"#,
        r#"
error: `owner` has fields and is no value itself
 --> rules/r.yaml:6:11
  |
6 | require: "owner == null"
  |           ^^^^^ name one of its fields, such as `owner.account_type`
"#,
    );
}

#[test]
fn values_of_two_types() {
    assert_told(
        r#"require: "credential.status == 3"
"#,
        r#"
error: text cannot be compared with a number
 --> rules/r.yaml:6:11
  |
6 | require: "credential.status == 3"
  |           ^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: `credential.status` (text): `active`, `blocked`, or the source's own word.
"#,
    );
}

#[test]
fn a_time_that_is_taken_for_a_number() {
    assert_told(
        r#"require: "credential.created_at != null && credential.created_at > 90"
"#,
        r#"
error: a time cannot be compared with a number
 --> rules/r.yaml:6:44
  |
6 | require: "credential.created_at != null && credential.created_at > 90"
  |                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^ count days with `days_since(…)` or `days_until(…)`
  |
  = note: `credential.created_at` (time, may be absent): When it was made.
"#,
    );
}

#[test]
fn a_requirement_that_is_no_condition() {
    assert_told(
        r#"require: "size(credential.scopes) + 1"
"#,
        r#"
error: `size(credential.scopes) + 1` is a number, expected a condition
 --> rules/r.yaml:6:11
  |
6 | require: "size(credential.scopes) + 1"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^ compare it with something, so that it is true or false
"#,
    );
}

#[test]
fn a_field_that_may_be_absent() {
    assert_told(
        r#"require: "owner.is_admin && days_until(credential.expires_at) > 30"
"#,
        r#"
error: `credential.expires_at` may have no value
 --> rules/r.yaml:6:40
  |
6 | require: "owner.is_admin && days_until(credential.expires_at) > 30"
  |                                        ^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `owner.is_admin && (credential.expires_at != null && days_until(credential.expires_at) > 30)`, or `owner.is_admin && (credential.expires_at == null || days_until(credential.expires_at) > 30)` if it may have none
  = note: `credential.expires_at` (time, may be absent): When it ends; null if it never does.
"#,
    );
}

#[test]
fn two_fields_that_may_be_absent_over_several_lines() {
    assert_told(
        r#"require: >-
  owner.is_admin ||
  credential.last_used_at >
    credential.expires_at
"#,
        r#"
error: `credential.last_used_at` may have no value
 --> rules/r.yaml:8:3
  |
8 |   credential.last_used_at >
  |   ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `owner.is_admin || (credential.expires_at != null && credential.last_used_at != null && credential.last_used_at > credential.expires_at)`, or `owner.is_admin || (credential.expires_at == null || credential.last_used_at == null || credential.last_used_at > credential.expires_at)` if it may have none
  = note: `credential.last_used_at` (time, may be absent): When it was last used; null if no use was ever recorded.

error: `credential.expires_at` may have no value
 --> rules/r.yaml:9:5
  |
9 |     credential.expires_at
  |     ^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `owner.is_admin || (credential.expires_at != null && credential.last_used_at != null && credential.last_used_at > credential.expires_at)`, or `owner.is_admin || (credential.expires_at == null || credential.last_used_at == null || credential.last_used_at > credential.expires_at)` if it may have none
  = note: `credential.expires_at` (time, may be absent): When it ends; null if it never does.
"#,
    );
}

#[test]
fn a_guard_that_guards_nothing() {
    assert_told(
        r#"require: "credential.status != null"
"#,
        r#"
error: `credential.status` always has a value
 --> rules/r.yaml:6:11
  |
6 | require: "credential.status != null"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^ leave `credential.status != null` out
  |
  = note: `credential.status` (text): `active`, `blocked`, or the source's own word.
"#,
    );
}

#[test]
fn a_word_that_cannot_occur() {
    assert_told(
        r#"require: "credential.form in ['api-token', 'org-api-kee']"
"#,
        r#"
error: `credential.form` is never "org-api-kee"
 --> rules/r.yaml:6:44
  |
6 | require: "credential.form in ['api-token', 'org-api-kee']"
  |                                            ^^^^^^^^^^^^^ did you mean "org-api-key"?
"#,
    );
}

#[test]
fn an_unknown_function() {
    assert_told(
        r#"require: "day_until(credential.expires_at) > 30"
"#,
        r#"
error: there is no function `day_until`
 --> rules/r.yaml:6:11
  |
6 | require: "day_until(credential.expires_at) > 30"
  |           ^^^^^^^^^ did you mean `days_until`?
"#,
    );
}

#[test]
fn a_function_called_wrongly() {
    assert_told(
        r#"require: "credential.scopes.size() > 3"
"#,
        r#"
error: `size` is not called like this
 --> rules/r.yaml:6:11
  |
6 | require: "credential.scopes.size() > 3"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^ write `size(list)`
"#,
    );
}

#[test]
fn a_broken_regular_expression() {
    assert_told(
        r#"require: "credential.name.matches('(?i)jenkins|(ci')"
"#,
        r#"
error: this regular expression is broken
 --> rules/r.yaml:6:35
  |
6 | require: "credential.name.matches('(?i)jenkins|(ci')"
  |                                   ^^^^^^^^^^^^^^^^^ unclosed group
"#,
    );
}

#[test]
fn a_single_equals_sign() {
    assert_told(
        r#"require: "credential.status = 'active'"
"#,
        r#"
error: `=` is not expected here
 --> rules/r.yaml:6:29
  |
6 | require: "credential.status = 'active'"
  |                             ^ compare with `==`
"#,
    );
}

#[test]
fn a_word_for_an_operator() {
    assert_told(
        r#"require: "credential.status == 'active' and owner.managed"
"#,
        r#"
error: `and` is not expected here
 --> rules/r.yaml:6:41
  |
6 | require: "credential.status == 'active' and owner.managed"
  |                                         ^^^ “and” is written `&&`
"#,
    );
}

#[test]
fn an_end_that_comes_too_early() {
    assert_told(
        r#"require: "credential.status == 'active' &&"
"#,
        r#"
error: the expression ends too early
 --> rules/r.yaml:6:43
  |
6 | require: "credential.status == 'active' &&"
  |                                           ^ something is missing at the end
"#,
    );
}

#[test]
fn an_unknown_parameter() {
    assert_told(
        r#"params: { max_days: { type: int, default: 90, about: x } }
require: "size(credential.scopes) < params.max_day"
"#,
        r#"
error: there is no parameter `max_day`
 --> rules/r.yaml:7:44
  |
7 | require: "size(credential.scopes) < params.max_day"
  |                                            ^^^^^^^ did you mean `params.max_days`?
"#,
    );
}

#[test]
fn an_unused_parameter() {
    assert_told(
        r#"params: { max_days: { type: int, default: 90, about: x } }
require: "owner.managed"
"#,
        r#"
error: parameter `max_days` is not used
 --> rules/r.yaml:6:11
  |
6 | params: { max_days: { type: int, default: 90, about: x } }
  |           ^^^^^^^^ name it as `params.max_days`, or leave it out
"#,
    );
}

#[test]
fn several_mistakes_at_once() {
    assert_told(
        r#"scope: "credential.statuss == 'active'"
require: "credential.scopez.exists(s, s.startWith('a')) || !ownr.mfa"
"#,
        r#"
error: `credential` has no field `statuss`
 --> rules/r.yaml:6:20
  |
6 | scope: "credential.statuss == 'active'"
  |                    ^^^^^^^ did you mean `status`?

error: `credential` has no field `scopez`
 --> rules/r.yaml:7:22
  |
7 | require: "credential.scopez.exists(s, s.startWith('a')) || !ownr.mfa"
  |                      ^^^^^^ did you mean `scopes`?

error: there is no function `startWith`
 --> rules/r.yaml:7:41
  |
7 | require: "credential.scopez.exists(s, s.startWith('a')) || !ownr.mfa"
  |                                         ^^^^^^^^^ did you mean `startsWith`?

error: there is no `ownr` here
 --> rules/r.yaml:7:61
  |
7 | require: "credential.scopez.exists(s, s.startWith('a')) || !ownr.mfa"
  |                                                             ^^^^ did you mean `owner`?
"#,
    );
}

/// What the help says to write is a whole condition that is right.
#[test]
fn what_is_to_be_written_instead_is_in_order() {
    for condition in [
        "days_until(credential.expires_at) > 30",
        "owner.is_admin && days_until(credential.expires_at) > 30",
        "owner.is_admin || days_until(credential.expires_at) > 30",
        "!(days_until(credential.expires_at) > 30)",
        "!(owner.is_admin || credential.last_used_at > credential.expires_at)",
        "(owner.is_admin || days_since(credential.created_at) > 9) && credential.status == 'active'",
        "owner.is_admin && (credential.status == 'active' && days_until(credential.expires_at) > 30)",
    ] {
        let told = problems(&format!("require: \"{condition}\"\n")).unwrap_err();
        let help = told.0[0].help.clone().unwrap();
        let offered: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
        assert_eq!(offered.len(), 2, "{help}");
        for offer in offered {
            let left = problems(&format!("require: \"{offer}\"\n")).map_err(|problems| problems.to_string());
            assert_eq!(left, Ok(()), "{condition} became {offer}");
        }
    }
}
