//! The names that are known in the conditions of a rule, and suggestions for those that are not.

use crate::model::{Kind, sample};
use crate::rules::fields::{Field, fields_of, neighbours_of};
use crate::text::did_you_mean;

use super::Schema;
use super::tree::Place;

/// Something with fields.
pub(super) struct Owner {
    pub(super) place: Place,
    of: Option<Kind>,
}

impl Owner {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        fields_of(self.of).find(|field| field.name == name)
    }

    /// A field to show as an example: one that says something.
    pub(super) fn example(&self) -> &'static str {
        fields_of(self.of).find(|field| !matches!(field.name, "name" | "id")).map_or("name", |field| field.name)
    }

    pub(super) fn is_before(&self) -> bool {
        self.place == Place::Before
    }
}

impl Schema<'_> {
    /// What a name stands for: the resource, a neighbour, the change, or the resource as it was.
    pub(super) fn owner(&self, name: &str) -> Option<Owner> {
        match name {
            "change" if self.on_change => Some(Owner { place: Place::Change, of: None }),
            "before" if self.on_change => Some(Owner { place: Place::Before, of: Some(self.kind) }),
            name if name == self.kind.name() => Some(Owner { place: Place::Subject, of: Some(self.kind) }),
            name => neighbours_of(self.kind)
                .find(|neighbour| neighbour.name == name)
                .map(|neighbour| Owner { place: Place::Neighbour(neighbour.slot), of: Some(neighbour.kind) }),
        }
    }

    pub(super) fn suggest_name(&self, written: &str, entries: &[String]) -> String {
        let mut names = vec![self.kind.name()];
        names.extend(neighbours_of(self.kind).map(|neighbour| neighbour.name));
        if self.on_change {
            names.extend(["change", "before"]);
        }
        if !self.params.is_empty() {
            names.push("params");
        }
        names.extend(entries.iter().map(String::as_str));
        if let Some(near) = did_you_mean(written, names.iter().copied()) {
            return format!("did you mean `{near}`?");
        }
        if fields_of(Some(self.kind)).any(|field| field.name == written) {
            return format!("did you mean `{}.{written}`?", self.kind.name());
        }
        format!("known here: {}", names.join(", "))
    }

    pub(super) fn suggest_field(&self, owner: &Owner, written: &str) -> String {
        if neighbours_of(self.kind).any(|neighbour| neighbour.name == written) {
            return format!("neighbours stand alone: write `{written}.name`");
        }
        let names = fields_of(owner.of).map(|field| field.name);
        match did_you_mean(written, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
        }
    }

    /// The names that can be in `change.fields`: those of the model, links included.
    pub(super) fn changing_fields(&self) -> Vec<String> {
        let sample = sample::resources().into_iter().find(|resource| resource.kind() == self.kind);
        let body = sample.and_then(|sample| serde_json::to_value(sample.body).ok()).unwrap_or_default();
        let fields = body.get(self.kind.name()).and_then(serde_json::Value::as_object);
        let names = fields.into_iter().flat_map(|fields| fields.keys().cloned());
        names.chain(std::iter::once("name".to_owned())).collect()
    }
}
