//! An explanation never disagrees with the verdict it explains, whatever is known of the resource.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::super::builtin;
use super::super::condition::Answer;
use super::super::frameworks::Framework;
use super::super::overrides::Overrides;
use super::super::{Asked, RuleSet};
use crate::inventory::Inventory;
use crate::model::{
    Body, Change, EndpointState, FieldChange, Kind, LedgerEntry, Outcome, Part, PartResult, PartRole, PartValue,
    Resource, Snapshot, What, sample,
};
use crate::problem::SourceText;

fn now() -> chrono::DateTime<chrono::Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

static SHIPPED: LazyLock<RuleSet> = LazyLock::new(|| {
    let frameworks: Vec<Framework> = builtin::frameworks().iter().map(|file| Framework::read(file).unwrap()).collect();
    RuleSet::load(&builtin::rules(), &frameworks, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
});

/// The answer that follows from the parts, by Kleene's rules written down once more; what a test came to is taken as told.
fn follows(part: &Part) -> Option<bool> {
    let own = match &part.result {
        PartResult::True => Some(true),
        PartResult::False => Some(false),
        PartResult::Unknown(_) => None,
        PartResult::Value(_) | PartResult::Nothing => panic!("{part:?} is no condition"),
    };
    let terms = || part.parts.iter().filter(|part| part.role != PartRole::Value).map(follows).collect::<Vec<_>>();
    let decided = |decisive: bool, terms: Vec<Option<bool>>| {
        if terms.contains(&Some(decisive)) {
            Some(decisive)
        } else if terms.contains(&None) {
            None
        } else {
            Some(!decisive)
        }
    };
    let list_told = !part.parts.iter().any(|part| {
        part.role == PartRole::Value && matches!(part.result, PartResult::Unknown(_) | PartResult::Nothing)
    });
    match part.role {
        PartRole::AllOf => decided(false, terms()),
        PartRole::AnyOf => decided(true, terms()),
        PartRole::Not => terms()[0].map(|answer| !answer),
        PartRole::AnyEntry if part.left_out == 0 && list_told => decided(true, terms()),
        PartRole::EveryEntry if part.left_out == 0 && list_told => decided(false, terms()),
        PartRole::Entry(_) => terms()[0],
        PartRole::AnyEntry | PartRole::EveryEntry | PartRole::Test | PartRole::Value => own,
    }
}

/// What a part says of itself.
fn own(part: &Part) -> Option<bool> {
    match &part.result {
        PartResult::True => Some(true),
        PartResult::False => Some(false),
        _ => None,
    }
}

fn told(answer: Answer) -> Option<bool> {
    answer.ok()
}

/// Each part agrees with what it is made of.
fn assert_sound(part: &Part) {
    assert_eq!(own(part), follows(part), "{part:#?}");
    part.parts.iter().filter(|part| part.role != PartRole::Value).for_each(assert_sound);
}

/// The samples without some of their fields: a bit for each.
fn thinned(bits: u64) -> Vec<Resource> {
    let mut at = 0;
    let mut resources: Vec<Resource> = sample::resources()
        .into_iter()
        .map(|resource| {
            let kind = resource.kind();
            let mut body = serde_json::to_value(&resource.body).unwrap();
            let fields = body[kind.name()].as_object_mut().unwrap();
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                at = (at + 1) % 61;
                let bit = |of: u64| bits.rotate_right(u32::try_from(at).unwrap()) & of != 0;
                let thin = |value: Value| {
                    let mut thin = serde_json::json!({ kind.name(): fields });
                    match value {
                        Value::Null => drop(thin[kind.name()].as_object_mut().unwrap().remove(&name)),
                        _ => thin[kind.name()][&name] = Value::Null,
                    }
                    thin
                };
                // What a source always tells cannot be left out.
                let wanted = if bit(1) {
                    thin(Value::Null)
                } else if bit(2) {
                    thin(Value::from(1))
                } else {
                    continue;
                };
                if serde_json::from_value::<Body>(wanted.clone()).is_ok() {
                    *fields = wanted[kind.name()].as_object().unwrap().clone();
                }
            }
            Resource { body: serde_json::from_value(body).unwrap(), ..resource }
        })
        .collect();
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    resources
}

fn ledger(state: EndpointState) -> Vec<LedgerEntry> {
    let all = Kind::ALL.to_vec();
    let entry = LedgerEntry::not_asked("acme-org".into(), "all".into(), String::new(), all, "no".to_owned(), now());
    vec![LedgerEntry { state, right: "read:all".to_owned(), ..entry }]
}

fn change(what: What, before: &Resource, now: &Resource, reason: Option<String>) -> Change {
    let fields = |resource: &Resource| serde_json::to_value(&resource.body).unwrap()[resource.kind().name()].clone();
    let (was, is) = (fields(before), fields(now));
    let differ = is.as_object().unwrap().iter().filter(|(name, value)| was.get(name.as_str()) != Some(value));
    let fields = differ.map(|(name, value)| FieldChange {
        field: name.clone(),
        before: was.get(name.as_str()).cloned(),
        after: Some(value.clone()),
    });
    Change {
        what,
        resource: now.id.clone(),
        name: now.name.clone(),
        fields: if matches!(what, What::Changed | What::Rotated) { fields.collect() } else { Vec::new() },
        replaces: None,
        reason,
        cause: None,
        before: matches!(what, What::Changed | What::Rotated | What::Removed).then(|| Box::new(before.clone())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_shipped_rule_is_explained_as_it_judges(
        bits in any::<u64>(),
        before in any::<u64>(),
        what in select(What::ALL.to_vec()),
        doubtful in any::<bool>(),
        state in select(vec![EndpointState::Complete, EndpointState::Denied]),
    ) {
        let set = &*SHIPPED;
        let (resources, earlier) = (thinned(bits), thinned(before));
        let pairs = earlier.iter().zip(&resources);
        let reason = doubtful.then(|| "another endpoint".to_owned());
        let changes: Vec<Change> = pairs.map(|(before, now)| change(what, before, now, reason.clone())).collect();
        let snapshot = Snapshot::of_sorted(resources, ledger(state));
        let inventory = Inventory::new(&snapshot);
        let evaluation = set.evaluate(&inventory, &changes, now());
        let mut explained = 0;
        for resource in &snapshot.resources {
            let asked = Asked { inventory: &inventory, resource: &resource.id, changes: &changes, now: now() };
            let opinions = set.opinions(&asked);
            for rule in set.rules() {
                let said = opinions.iter().find(|opinion| opinion.rule == *rule.id());
                let Some(found) = set.explain(rule.id().as_str(), &asked) else {
                    prop_assert!(said.is_none());
                    continue;
                };
                explained += 1;
                prop_assert_eq!(Some(&found.opinion), said);
                let judged = evaluation.verdicts.iter()
                    .find(|verdict| verdict.rule == *rule.id() && verdict.resource == resource.id);
                match judged {
                    Some(verdict) => prop_assert_eq!(&verdict.outcome, &found.opinion.outcome),
                    None => prop_assert!(matches!(found.opinion.outcome, Outcome::Pass | Outcome::NotApplicable)),
                }
                let ctx = asked.ctx(rule).unwrap();
                let (scope, require) = rule.code.answers(&ctx);
                prop_assert_eq!(found.scope.as_ref().map_or(Some(true), own), told(scope));
                prop_assert_eq!(own(&found.require), told(require));
                found.scope.iter().chain([&found.require]).for_each(assert_sound);
                if let (Some(missing), Outcome::Unknown(words)) = (&found.opinion.missing, &found.opinion.outcome) {
                    // The one endpoint there is shows every form, so that the resource's own makes no difference.
                    prop_assert_eq!(&missing.words, words);
                    let parts = found.scope.iter().chain([&found.require]).flat_map(Part::missing);
                    prop_assert!(parts.into_iter().any(|part| part == missing), "{missing:?} is in no part");
                    let kept_back = !missing.nothing && !missing.words.contains("how it was before");
                    let denied = state == EndpointState::Denied;
                    prop_assert_eq!(!missing.behind.is_empty(), denied && kept_back);
                }
            }
        }
        prop_assert!(explained > 100, "only {explained} were explained");
    }
}

fn rule(scope: &str, require: &str) -> RuleSet {
    let text = format!(
        "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\nscope: {scope:?}\nrequire: {require:?}\n\
         message: M\nwhy: W\nfix: F\nverify: V\nparams:\n  days: {{ type: int, default: 90, about: A }}\n\
         cases:\n  - {{ name: a, given: {{ form: api-token }}, expect: pass }}\n  \
         - {{ name: b, given: {{ form: api-token }}, expect: fail }}\n"
    );
    RuleSet::load(&[SourceText::new("rules/r.yaml", &text)], &[], &Overrides::default())
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// A part and what is below it, a line each: what it came to, and its text.
fn lines(part: &Part, depth: usize, out: &mut Vec<String>) {
    let result = match &part.result {
        PartResult::True => "true".to_owned(),
        PartResult::False => "false".to_owned(),
        PartResult::Unknown(missing) => format!("unknown, {}", missing.words),
        PartResult::Nothing => "nothing".to_owned(),
        PartResult::Value(PartValue::Texts(list)) => list.join(","),
        PartResult::Value(PartValue::Text(text)) => text.clone(),
        PartResult::Value(PartValue::Int(number)) => number.to_string(),
        PartResult::Value(value) => format!("{value:?}"),
    };
    let entry = if let PartRole::Entry(entry) = &part.role { format!(" is {entry}") } else { String::new() };
    let mark = if part.decides { "*" } else { "" };
    out.push(format!("{}{mark}{}{entry}: {result}", "  ".repeat(depth), part.text));
    part.parts.iter().for_each(|part| lines(part, depth + 1, out));
}

fn explained(scope: &str, require: &str, resources: Vec<Resource>) -> Vec<String> {
    let set = rule(scope, require);
    let mut resources = resources;
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    let snapshot = Snapshot::of_sorted(resources, Vec::new());
    let inventory = Inventory::new(&snapshot);
    let id = sample::credential().id;
    let explained =
        set.explain("r", &Asked { inventory: &inventory, resource: &id, changes: &[], now: now() }).unwrap();
    let mut out = Vec::new();
    lines(&explained.require, 0, &mut out);
    out
}

#[test]
fn every_value_is_shown_with_what_it_is_made_from() {
    let require = "credential.created_at == null || (days_since(credential.created_at) + 1) * 2 <= params.days";
    let out = explained("size(credential.scopes) > 0", require, vec![sample::credential()]);
    let days = out.iter().find(|line| line.trim_start().starts_with("*days_since(credential.created_at): ")).unwrap();
    let days: i64 = days.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(days > 10, "{out:#?}");
    assert!(out.contains(&format!("    *(days_since(credential.created_at) + 1) * 2: {}", (days + 1) * 2)), "{out:#?}");
    assert!(out.contains(&"    *params.days: 90".to_owned()), "{out:#?}");
    assert_eq!(out[0], format!("*{require}: false"));
}

#[test]
fn a_list_shows_the_entries_that_decide() {
    let Body::Credential(body) = sample::credential().body else { panic!("the sample is a credential") };
    let scopes: Vec<String> = (0..40).map(|number| format!("read:{number}")).chain(["write:all".to_owned()]).collect();
    let body = crate::model::Credential { scopes: crate::model::Fact::Known(scopes), ..body };
    let resource = Resource { body: Body::Credential(body), ..sample::credential() };
    let require = "!credential.scopes.exists(x, x.startsWith('write') && size(x) > 3)";
    let out = explained("params.days > 1", require, vec![resource]);
    assert!(out.contains(&"    *x is write:all: true".to_owned()), "{out:#?}");
    assert_eq!(out.iter().filter(|line| line.trim_start().contains("x is read:")).count(), 11, "{out:#?}");
    assert!(out.contains(&"        *x.startsWith('write'): true".to_owned()), "{out:#?}");
    assert!(out.contains(&"          x: read:3".to_owned()), "{out:#?}");
}

#[test]
fn a_gap_of_other_forms_hides_nothing_of_the_resource() {
    let set = rule("params.days > 1", "'write:all' in credential.scopes");
    let mut resource = sample::credential();
    let Body::Credential(body) = &mut resource.body else { panic!("the sample is a credential") };
    body.scopes = crate::model::Fact::Unknown;
    for (forms, behind) in [(vec!["ssh-key"], 0), (vec!["ssh-key", body_form(&resource)], 1), (vec![], 1)] {
        let mut ledger = ledger(EndpointState::Denied);
        ledger[0].forms = forms.into_iter().map(Into::into).collect();
        let snapshot = Snapshot::of_sorted(vec![resource.clone()], ledger);
        let inventory = Inventory::new(&snapshot);
        let asked = Asked { inventory: &inventory, resource: &resource.id, changes: &[], now: now() };
        let opinions = set.opinions(&asked);
        let missing = opinions[0].missing.as_ref().unwrap();
        assert_eq!((missing.path.as_str(), missing.behind.len()), ("credential.scopes", behind), "{missing:?}");
        assert_eq!(missing.words.contains("behind a gap"), behind > 0);
    }
}

fn body_form(resource: &Resource) -> &str {
    resource.body.form().unwrap()
}

#[test]
fn what_is_absent_is_not_what_is_kept_back() {
    let mut resource = sample::credential();
    let Body::Credential(body) = &mut resource.body else { panic!("the sample is a credential") };
    body.last_used_at = crate::model::Fact::Absent;
    body.owner = crate::model::Fact::Unknown;
    let require = "owner.status == 'active' && (credential.last_used_at == null || days_since(credential.last_used_at) < params.days)";
    let out = explained("params.days > 1", require, vec![resource]);
    assert_eq!(
        out[1..],
        [
            "  *owner.status == 'active': unknown, `owner` is not known: the source does not reveal it",
            "    *owner.status: unknown, `owner` is not known: the source does not reveal it",
            "  credential.last_used_at == null || days_since(credential.last_used_at) < params.days: true",
            "    credential.last_used_at == null: true",
            "      credential.last_used_at: nothing",
            "    days_since(credential.last_used_at) < params.days: unknown, `credential.last_used_at` has no value",
            "      days_since(credential.last_used_at): nothing",
            "        credential.last_used_at: nothing",
            "      params.days: 90",
        ]
    );
}
