//! What can be proven of two conditions, and what must not be.

use std::collections::BTreeMap;

use super::{Logic, logic, thresholds};
use crate::document::Located;
use crate::model::Kind;
use crate::problem::SourceText;
use crate::rules::condition::{Beside, Schema};

fn of(scope: &str, require: &str) -> Logic {
    let (params, stated) = (BTreeMap::new(), BTreeMap::new());
    let schema = Schema { kind: Kind::Credential, beside: Beside::Nothing, params: &params, stated: &stated };
    let located = |text: &str| Located { value: text.to_owned(), span: 0..0 };
    let scope = (!scope.is_empty()).then(|| located(scope));
    logic(schema, &SourceText::new("x.yaml", ""), scope.as_ref(), &located(require)).unwrap()
}

fn can(scope: &str, require: &str) -> (bool, bool) {
    let found = of(scope, require);
    (found.can_hold, found.can_fail)
}

#[test]
fn what_contradicts_itself_can_never_hold() {
    for (scope, require) in [
        ("credential.form == \"personal-access-token\"", "credential.form == \"api-token\""),
        ("credential.form == \"personal-access-token\"", "credential.form in [\"api-token\", \"org-api-key\"]"),
        ("credential.owner_exists", "!credential.owner_exists"),
        ("credential.expires_at == null", "credential.expires_at != null && days_until(credential.expires_at) > 3"),
        (
            "credential.last_used_at != null && days_since(credential.last_used_at) > 90",
            "days_since(credential.last_used_at) <= 90",
        ),
        (
            "owner.account_type != \"person\" && !(owner.account_type in [\"service-account\", \"app\", \"agent\", \"customer\"])",
            "owner.account_type != \"other\"",
        ),
        ("credential.name.matches(\"x\")", "!credential.name.matches(\"x\")"),
    ] {
        assert_eq!(can(scope, require), (false, true), "{scope} | {require}");
    }
}

#[test]
fn what_the_scope_asks_already_can_never_be_broken() {
    for (scope, require) in [
        (
            "credential.form == \"personal-access-token\"",
            "credential.form in [\"api-token\", \"personal-access-token\"]",
        ),
        (
            "credential.expires_at != null && days_until(credential.expires_at) > 30",
            "days_until(credential.expires_at) >= 30",
        ),
        (
            "credential.form == \"personal-access-token\" && credential.owner_exists",
            "credential.owner_exists || credential.name == \"x\"",
        ),
    ] {
        assert_eq!(can(scope, require), (true, false), "{scope} | {require}");
    }
}

#[test]
fn what_is_not_proven_counts_as_possible() {
    for (scope, require) in [
        ("", "credential.form == \"personal-access-token\""),
        ("credential.form == \"personal-access-token\"", "credential.expires_at != null"),
        ("credential.name != \"x\"", "credential.name.lowerAscii() == \"x\""),
        (
            "credential.last_used_at != null && days_since(credential.last_used_at) > 90",
            "days_since(credential.last_used_at) <= 91",
        ),
        (
            "owner.account_type == \"person\" || credential.form == \"personal-access-token\"",
            "owner.account_type != \"person\"",
        ),
        (
            "credential.last_used_at == null || days_since(credential.last_used_at) > 90",
            "credential.last_used_at == null",
        ),
    ] {
        assert_eq!(can(scope, require), (true, true), "{scope} | {require}");
    }
}

#[test]
fn the_normal_form_does_not_depend_on_how_it_is_written() {
    let one = of(
        "credential.form == \"personal-access-token\" && credential.owner_exists",
        "!(credential.name == \"a\" || size(credential.name) > 3)",
    );
    let other = of(
        "credential.owner_exists && \"personal-access-token\" == credential.form",
        "size(credential.name) <= 3 && credential.name != \"a\"",
    );
    assert_eq!(one.normal, other.normal);
    assert_ne!(one.normal, of("credential.form == \"personal-access-token\"", "credential.owner_exists").normal);
}

#[test]
fn thresholds_are_numbers_that_are_compared_with_and_not_about_nothing() {
    let source = "size(a.b) > 0 && days_since(a.t) > 90 || 7 >= a.n && a.c + 5 == a.d";
    let found: Vec<&str> = thresholds(source).into_iter().map(|span| source.get(span).unwrap()).collect();
    assert_eq!(found, ["90", "7"]);
}
