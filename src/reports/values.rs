//! Values of fields in words: one value, and how a field changed. Other resources go by their names; of lists, only what
//! came and went is told.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::say;
use crate::inventory::Inventory;
use crate::model::{FieldChange, ResourceId};
use crate::text;

/// Columns of one side of a change before it is cut.
const SIDE: usize = 60;

/// A value in words: other resources by their names, times to the minute, lists with commas.
pub(super) fn words(value: &Value, inventory: &Inventory<'_>) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(yes) => say::yes_no(*yes).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => match (ResourceId::parse(text), text.parse::<DateTime<Utc>>()) {
            (Some(id), _) => inventory.get(&id).map_or_else(|| text.clone(), |other| other.title().to_owned()),
            (None, Ok(at)) => format!("{} UTC", say::minute(at)),
            (None, Err(_)) => text.clone(),
        },
        Value::Array(values) if values.is_empty() => "empty".to_owned(),
        Value::Array(values) => values.iter().map(|entry| words(entry, inventory)).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let said = |(name, value): (&String, &Value)| format!("{name} {}", words(value, inventory));
            let facts: Vec<String> = fields.iter().filter(|(name, _)| !is_label(name)).map(said).collect();
            match label(fields) {
                label if label.is_empty() => facts.join(", "),
                label if facts.is_empty() => label,
                label => format!("{label} ({})", facts.join(", ")),
            }
        }
    }
}

/// “status: active → deactivated”; of lists “scopes: + write:jira-work”.
pub(super) fn change(change: &FieldChange, inventory: &Inventory<'_>) -> String {
    let said = match (&change.before, &change.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) if !before.is_empty() && !after.is_empty() => {
            list_change(before, after, inventory)
        }
        (before, after) => arrow(before.as_ref(), after.as_ref(), inventory),
    };
    format!("{}: {said}", change.field)
}

fn arrow(before: Option<&Value>, after: Option<&Value>, inventory: &Inventory<'_>) -> String {
    let side = |value: Option<&Value>| match value {
        Some(value) => text::shorten(&words(value, inventory), SIDE),
        None => "unknown".to_owned(),
    };
    format!("{} → {}", side(before), side(after))
}

/// What came, what went, and what differs in entries that have a label.
fn list_change(before: &[Value], after: &[Value], inventory: &Inventory<'_>) -> String {
    let of_label = |list: &'_ [Value], entry: &Value| {
        let wanted = entry.as_object().map(label).filter(|label| !label.is_empty());
        list.iter().any(|other| wanted.is_some() && other.as_object().map(label) == wanted)
    };
    let went = before.iter().filter(|entry| !after.contains(entry) && !of_label(after, entry));
    let mut parts: Vec<String> = after
        .iter()
        .filter(|entry| !before.contains(entry))
        .map(|entry| match before.iter().find(|other| of_label(std::slice::from_ref(*other), entry)) {
            Some(earlier) => entry_change(earlier, entry, inventory),
            None => format!("+ {}", words(entry, inventory)),
        })
        .collect();
    parts.extend(went.map(|entry| format!("− {}", words(entry, inventory))));
    if parts.is_empty() { "in another order".to_owned() } else { text::shorten(&parts.join(", "), 2 * SIDE) }
}

/// “acme-jira active yes → no”.
fn entry_change(before: &Value, after: &Value, inventory: &Inventory<'_>) -> String {
    let none = Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let parts = differ.map(|name| format!("{name} {}", arrow(before.get(name), after.get(name), inventory)));
    format!("{} {}", label(after), parts.collect::<Vec<_>>().join(", "))
}

/// What tells the entries of a list apart: the source, the product and the site they are about.
fn is_label(field: &str) -> bool {
    matches!(field, "source" | "product" | "site")
}

fn label(fields: &Map<String, Value>) -> String {
    let parts = ["source", "product", "site"].into_iter().filter_map(|name| fields.get(name)?.as_str());
    let mut parts: Vec<&str> = parts.collect();
    parts.dedup();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Collection, Snapshot, sample};

    fn told(before: Option<Value>, after: Option<Value>) -> String {
        let all = Collection { authority: 0, resources: sample::resources(), ledger: Vec::new() };
        let snapshot = Snapshot::seal(vec![all]);
        change(&FieldChange { field: "f".to_owned(), before, after }, &Inventory::new(&snapshot))
    }

    #[test]
    fn of_lists_only_what_came_and_went_is_told() {
        let changed = |before, after| told(Some(before), Some(after));
        assert_eq!(changed(json!(["a", "b"]), json!(["b", "c"])), "f: + c, − a");
        assert_eq!(changed(json!([]), json!(["c"])), "f: empty → c");
        assert_eq!(changed(json!("x"), json!(null)), "f: x → none");
        assert_eq!(changed(json!(["a", "b"]), json!(["b", "a"])), "f: in another order");
        assert_eq!(told(None, Some(json!(["c"]))), "f: unknown → c");
        assert_eq!(changed(json!(["x"]), json!(["x", sample::group().id.as_str()])), "f: + jira-admins");
    }

    #[test]
    fn an_entry_with_a_label_says_what_differs_in_it() {
        let standing = |active: Value| json!([{"source": "site", "product": "jira", "active": active}]);
        assert_eq!(told(Some(standing(json!(true))), Some(standing(json!(false)))), "f: site jira active yes → no");
        let other = json!([{"source": "wiki", "product": "confluence", "active": true}]);
        assert_eq!(
            told(Some(standing(json!(true))), Some(other)),
            "f: + wiki confluence (active yes), − site jira (active yes)"
        );
    }
}
