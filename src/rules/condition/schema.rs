//! The names that are known in the conditions of a rule, and suggestions for those that are not.

use crate::model::{Kind, sample};
use crate::rules::fields::{Field, fields_of, finding_fields, neighbours_of};
use crate::text::did_you_mean;

use super::tree::Place;
use super::{Beside, Schema};

/// Something with fields.
pub(super) struct Owner {
    pub(super) place: Place,
    of: Option<Kind>,
}

impl Owner {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }

    fn fields(&self) -> Box<dyn Iterator<Item = &'static Field>> {
        match self.place {
            Place::Finding => Box::new(finding_fields()),
            _ => Box::new(fields_of(self.of)),
        }
    }

    /// A field to show as an example: one that says something.
    pub(super) fn example(&self) -> &'static str {
        self.fields().find(|field| !matches!(field.name, "name" | "id")).map_or("name", |field| field.name)
    }

    pub(super) fn is_before(&self) -> bool {
        self.place == Place::Before
    }
}

impl Schema<'_> {
    /// What a name stands for: the resource, a neighbour, the change, the resource as it was, or the finding.
    pub(super) fn owner(&self, name: &str) -> Option<Owner> {
        match name {
            "change" if self.beside == Beside::Change => Some(Owner { place: Place::Change, of: None }),
            "before" if self.beside == Beside::Change => Some(Owner { place: Place::Before, of: Some(self.kind) }),
            "finding" if self.beside == Beside::Finding => Some(Owner { place: Place::Finding, of: None }),
            name if name == self.kind.name() => Some(Owner { place: Place::Subject, of: Some(self.kind) }),
            name => neighbours_of(self.kind)
                .find(|neighbour| neighbour.name == name)
                .map(|neighbour| Owner { place: Place::Neighbour(neighbour.slot), of: Some(neighbour.kind) }),
        }
    }

    /// The names that are known, the resource's own first.
    pub(in crate::rules) fn names(&self) -> Vec<&'static str> {
        let mut names = vec![self.kind.name()];
        names.extend(neighbours_of(self.kind).map(|neighbour| neighbour.name));
        match self.beside {
            Beside::Nothing => {}
            Beside::Change => names.extend(["change", "before"]),
            Beside::Finding => names.push("finding"),
        }
        names
    }

    pub(super) fn suggest_name(&self, written: &str, entries: &[String]) -> String {
        let mut names: Vec<&str> = self.names();
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
        let names: Vec<&str> = owner.fields().map(|field| field.name).collect();
        match did_you_mean(written, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names.join(", ")),
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
