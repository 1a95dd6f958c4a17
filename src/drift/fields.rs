//! What differs inside one resource: its name and the fields of its body, compared as JSON.
//!
//! A field that one side does not know is no difference. What is no longer known is kept for the next comparison.

use serde_json::{Map, Value};

use super::noise;
use crate::model::{FieldChange, Resource};

/// Endpoints that spoke of a resource on one side only, because the other side could not see them.
#[derive(Debug, Clone, Default)]
pub(super) struct Witnesses {
    /// Why an endpoint that spoke before is silent now.
    pub(super) lost: Option<String>,
    /// Why an endpoint that speaks now was silent before.
    pub(super) gained: Option<String>,
}

/// How a resource differs from what was known about it.
pub(super) struct Difference {
    /// The fields that differ, sorted.
    pub(super) fields: Vec<FieldChange>,
    /// Why some of them may differ only in who told them.
    pub(super) doubt: Option<String>,
    /// If something went out of sight: the resource as it is, with that as it was known.
    pub(super) held: Option<Resource>,
}

/// Compares a resource with what is known about it. `last` is how it was seen last, if that is less than `base`:
/// a doubtful difference that was there already is not told a second time.
pub(super) fn differ(base: &Resource, last: Option<&Resource>, now: &Resource, witnesses: &Witnesses) -> Difference {
    let (seen, last) = (facts(now), last.map(facts));
    let mut hidden = Map::new();
    let mut fields = Vec::new();
    let mut doubt = None;
    for (field, was) in facts(base).into_iter().filter(|(field, _)| !noise::moves_by_itself(now.kind(), field)) {
        let Some(is) = seen.get(&field) else {
            hidden.insert(field, was);
            continue;
        };
        if was == *is {
            continue;
        }
        let ruling = rule(&was, is, witnesses);
        if let Some(kept) = ruling.keep {
            hidden.insert(field.clone(), kept);
        }
        let told_already = witnesses.lost.is_some() && last.as_ref().is_some_and(|last| last.get(&field) == Some(is));
        if ruling.counts && !told_already {
            doubt = doubt.or(ruling.doubt);
            // Of a list, entries that are only out of sight are still in it.
            let after = hidden.get(&field).filter(|kept| kept.is_array()).unwrap_or(is).clone();
            fields.push(FieldChange { field, before: Some(was), after: Some(after) });
        }
    }
    fields.sort_by(|left, right| left.field.cmp(&right.field));
    let held = (!hidden.is_empty()).then(|| with_facts(now, seen.into_iter().chain(hidden).collect()));
    Difference { fields, doubt, held }
}

/// What differs between two states of one resource that were read some scans apart, up to where `told` begins: of the fields
/// in it, it says how they stood before the later state was seen. What moves by itself, or was not known on one side, is no
/// difference. Sorted by field.
#[must_use]
pub fn differences(earlier: &Resource, later: &Resource, told: &[FieldChange]) -> Vec<FieldChange> {
    let (was, mut is) = (facts(earlier), facts(later));
    for FieldChange { field, before, .. } in told {
        match before {
            Some(before) => is.insert(field.clone(), before.clone()),
            None => is.remove(field),
        };
    }
    let differ = was.into_iter().filter(|(field, _)| !noise::moves_by_itself(later.kind(), field));
    let differ = differ.filter_map(|(field, was)| {
        let is = is.get(&field)?;
        (was != *is).then(|| FieldChange { field, before: Some(was), after: Some(is.clone()) })
    });
    let mut fields: Vec<FieldChange> = differ.collect();
    fields.sort_by(|left, right| left.field.cmp(&right.field));
    fields
}

/// The fields that move by themselves, as far as they did: both sides known, and not the same.
pub(super) fn moved_by_itself(base: &Resource, now: &Resource) -> Vec<FieldChange> {
    if noise::of(now.kind()).next().is_none() || base == now {
        return Vec::new();
    }
    let (was, is) = (facts(base), facts(now));
    let moved = noise::of(now.kind()).filter_map(|noise| {
        let (before, after) = (was.get(noise.field)?, is.get(noise.field)?);
        let field = noise.field.to_owned();
        (before != after).then(|| FieldChange { field, before: Some(before.clone()), after: Some(after.clone()) })
    });
    let mut moved: Vec<FieldChange> = moved.collect();
    moved.sort_by(|left, right| left.field.cmp(&right.field));
    moved
}

/// What to make of two known values that differ.
struct Ruling {
    /// True if it is a change.
    counts: bool,
    /// Why that is not certain.
    doubt: Option<String>,
    /// What to compare with next time, if not with the value as it is.
    keep: Option<Value>,
}

fn rule(was: &Value, is: &Value, witnesses: &Witnesses) -> Ruling {
    match (was, is) {
        (Value::Array(was), Value::Array(is)) => rule_list(was, is, witnesses),
        _ => Ruling {
            counts: true,
            doubt: witnesses.lost.clone().or_else(|| witnesses.gained.clone()),
            keep: witnesses.lost.is_some().then(|| was.clone()),
        },
    }
}

/// The endpoints' lists add up, so a silent one can only have hidden entries: those that are there are there.
fn rule_list(was: &[Value], is: &[Value], witnesses: &Witnesses) -> Ruling {
    let left_out: Vec<&Value> = was.iter().filter(|entry| !is.contains(entry)).collect();
    let has_new = is.iter().any(|entry| !was.contains(entry));
    let shrank = !left_out.is_empty() && witnesses.lost.is_none();
    let grew = has_new && witnesses.gained.is_none();
    let keep = (witnesses.lost.is_some() && !left_out.is_empty()).then(|| {
        let mut all: Vec<Value> = is.iter().chain(left_out).cloned().collect();
        all.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        Value::Array(all)
    });
    Ruling { counts: shrank || grew, doubt: None, keep }
}

/// The known fields of a resource as JSON, the name among them unless the source gave none.
fn facts(resource: &Resource) -> Map<String, Value> {
    let body = serde_json::to_value(&resource.body).expect("internal: a body can be written as JSON");
    let mut facts = match body {
        Value::Object(tagged) => tagged.into_iter().find_map(|(_, fields)| match fields {
            Value::Object(fields) => Some(fields),
            _ => None,
        }),
        _ => None,
    }
    .expect("internal: a body is an object under its kind");
    if !resource.name.is_empty() {
        facts.insert("name".to_owned(), resource.name.clone().into());
    }
    facts
}

/// The resource with other facts.
fn with_facts(resource: &Resource, mut facts: Map<String, Value>) -> Resource {
    let name = facts.remove("name").and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    let tagged = Map::from_iter([(resource.kind().name().to_owned(), Value::Object(facts))]);
    let body = serde_json::from_value(Value::Object(tagged)).expect("internal: a body can be read from its own JSON");
    Resource { id: resource.id.clone(), name, seen_by: resource.seen_by.clone(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn every_sample_survives_being_taken_apart() {
        for resource in sample::resources() {
            assert_eq!(with_facts(&resource, facts(&resource)), resource);
        }
    }

    #[test]
    fn no_body_has_a_field_called_name() {
        for mut resource in sample::resources() {
            resource.name.clear();
            assert!(!facts(&resource).contains_key("name"), "{}", resource.id);
        }
    }
}
