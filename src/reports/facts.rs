//! What is known about one resource, field by field: the evidence behind a finding. What no source told is named too.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::values::words;
use crate::inventory::Inventory;
use crate::model::{Kind, Resource, sample};
use crate::text;

/// Columns of one value before it is cut: a few lines.
const LONGEST: usize = 300;

/// The fields that resources of each kind can have.
pub(super) struct Facts(BTreeMap<Kind, Vec<String>>);

impl Facts {
    pub(super) fn new() -> Self {
        let names = |sample: &Resource| fields(sample).into_iter().map(|(field, _)| field).collect();
        Self(sample::resources().iter().map(|sample| (sample.kind(), names(sample))).collect())
    }

    /// The names of the fields that resources of a kind can have, sorted.
    pub(super) fn names(&self, kind: Kind) -> &[String] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// The fields of a resource that a source told, with their values in words, sorted by name; and those that none told.
    pub(super) fn of(&self, resource: &Resource, inventory: &Inventory<'_>) -> (Vec<(String, String)>, Vec<String>) {
        let told = fields(resource);
        let untold = self.names(resource.kind()).iter().filter(|field| !told.contains_key(*field)).cloned().collect();
        let said = |(field, value): (String, Value)| {
            let value = text::shorten(&words(&value, inventory), LONGEST);
            (field, value)
        };
        (told.into_iter().map(said).collect(), untold)
    }
}

/// The same for one resource.
pub(super) fn facts(resource: &Resource, inventory: &Inventory<'_>) -> (Vec<(String, String)>, Vec<String>) {
    Facts::new().of(resource, inventory)
}

/// The known fields as JSON, by the names that rules give them.
pub(super) fn fields(resource: &Resource) -> Map<String, Value> {
    let body = serde_json::to_value(&resource.body).expect("internal: a body can be written as JSON");
    match body.get(resource.kind().name()) {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Collection, Snapshot, Webhook};

    #[test]
    fn facts_are_told_with_names_and_what_is_missing_is_named() {
        let bare = Resource { body: Body::Webhook(Webhook::default()), ..sample::webhook() };
        let all = Collection { authority: 0, resources: sample::resources(), ledger: Vec::new() };
        let snapshot = Snapshot::seal(vec![all]);
        let inventory = Inventory::new(&snapshot);
        let (told, untold) = facts(&sample::webhook(), &inventory);
        assert!(told.contains(&("changed_by".to_owned(), "Ada Muster".to_owned())), "{told:?}");
        assert!(told.contains(&("changed_at".to_owned(), "2026-10-01 09:00 UTC".to_owned())), "{told:?}");
        assert!(untold.is_empty(), "{untold:?}");
        let (told, untold) = facts(&bare, &inventory);
        assert_eq!((told.len(), untold.len()), (0, 10));
    }
}
