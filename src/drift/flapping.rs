//! What goes back and forth between scans: resources that come and go, fields that leave a value and come back to it.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use crate::model::{Change, Flapping, FlappingChange, ResourceId, What};

/// What goes back and forth among changes, each with the time of the scan that saw it, oldest first. Sorted by resource and
/// field.
///
/// What comes into sight or goes out of it is no turn, and neither is what may differ only in who told it.
#[must_use]
pub fn flapping(changes: &[(DateTime<Utc>, Change)], now: DateTime<Utc>) -> Vec<FlappingChange> {
    let mut courses: BTreeMap<(&ResourceId, Option<&str>), Course<'_>> = BTreeMap::new();
    let certain = changes.iter().filter(|(_, change)| change.reason.is_none());
    for (at, change) in certain.filter(|(at, _)| *at <= now && now - *at <= Flapping::WINDOW) {
        match change.what {
            What::Added | What::Removed => {
                let course = courses.entry((&change.resource, None)).or_default();
                course.turns.push(*at);
                course.name = &change.name;
            }
            What::Changed => {
                for field in &change.fields {
                    let course = courses.entry((&change.resource, Some(&field.field))).or_default();
                    course.turns.push(*at);
                    course.name = &change.name;
                    if course.values.is_empty() {
                        course.values.push(said(field.before.as_ref()));
                    }
                    course.values.push(said(field.after.as_ref()));
                }
            }
            What::Rotated | What::FirstSeen | What::NotObserved => {}
        }
    }
    let back_and_forth = courses.into_iter().filter(|(_, course)| course.comes_back());
    let flapping = back_and_forth.filter_map(|((resource, field), course)| {
        let flapping = Flapping::of(course.turns, now)?;
        let (resource, field) = (resource.clone(), field.map(str::to_owned));
        Some(FlappingChange { resource, name: course.name.to_owned(), field, flapping })
    });
    flapping.collect()
}

/// The turns of one thing, and the values that it went through.
#[derive(Default)]
struct Course<'a> {
    name: &'a str,
    turns: Vec<DateTime<Utc>>,
    values: Vec<String>,
}

impl Course<'_> {
    /// True unless its values are mostly new ones: what only goes on and on does not go back. A resource that is added and
    /// removed has none, and always comes back.
    fn comes_back(&self) -> bool {
        let different: HashSet<&String> = self.values.iter().collect();
        different.len() * 2 <= self.values.len()
    }
}

fn said(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::{FieldChange, Kind};

    fn night(number: i64) -> DateTime<Utc> {
        "2026-11-01T02:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(number)
    }

    fn change(what: What, native: &str) -> Change {
        Change {
            what,
            resource: ResourceId::new("t", Kind::Webhook, native),
            name: format!("hook {native}"),
            fields: Vec::new(),
            replaces: None,
            reason: None,
            cause: None,
            before: None,
        }
    }

    fn moves(native: &str, values: &[Value]) -> Vec<(DateTime<Utc>, Change)> {
        let steps = values.windows(2).enumerate().map(|(at, pair)| {
            let field =
                FieldChange { field: "enabled".to_owned(), before: pair.first().cloned(), after: pair.last().cloned() };
            (night(i64::try_from(at).unwrap()), Change { fields: vec![field], ..change(What::Changed, native) })
        });
        steps.collect()
    }

    #[test]
    fn a_field_that_comes_back_flaps_and_one_that_goes_on_does_not() {
        let (yes, no) = (json!(true), json!(false));
        let mut changes = moves("a", &[yes.clone(), no.clone(), yes.clone(), no.clone(), yes.clone()]);
        changes.extend(moves("b", &[json!(1), json!(2), json!(3), json!(4), json!(5)]));
        changes.extend(moves("c", &[yes.clone(), no.clone(), yes, no]));
        let found = flapping(&changes, night(5));
        let natives: Vec<&str> = found.iter().map(|one| one.resource.native()).collect();
        assert_eq!(natives, ["a"], "b goes on and on, c did not turn often enough");
        assert_eq!((found[0].field.as_deref(), found[0].flapping.turns), (Some("enabled"), 4));
        assert_eq!(found[0].name, "hook a");
    }

    #[test]
    fn what_comes_and_goes_flaps_and_what_is_out_of_sight_does_not() {
        let turns = |one, other| [one, other, one, other].into_iter().enumerate();
        let at = |number: usize| night(i64::try_from(number).unwrap());
        let mut changes: Vec<_> =
            turns(What::Added, What::Removed).map(|(number, what)| (at(number), change(what, "a"))).collect();
        let unseen = turns(What::NotObserved, What::FirstSeen);
        changes.extend(unseen.map(|(number, what)| (at(number), change(what, "b"))));
        let doubtful = turns(What::Removed, What::Added)
            .map(|(number, what)| (at(number), Change { reason: Some("a gap".to_owned()), ..change(what, "c") }));
        changes.extend(doubtful);
        let found = flapping(&changes, night(4));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].resource.native(), found[0].field.as_deref()), ("a", None));
    }
}
