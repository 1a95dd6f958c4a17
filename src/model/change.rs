//! The difference between two snapshots, resource by resource.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Resource, ResourceId};

/// What happened to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It was not there before, and would have been seen.
    Added,
    /// It was not seen before, and may have been there all the same: nothing that shows it was read whole then.
    FirstSeen,
    /// It is gone: every endpoint that showed it before was read whole now.
    Removed,
    /// Some of its fields differ.
    Changed,
    /// A credential was replaced by a new one of the same owner and label: one change, not two.
    Rotated,
    /// It was there before and was not seen now, which says nothing about it.
    NotObserved,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Added, Self::FirstSeen, Self::Removed, Self::Changed, Self::Rotated, Self::NotObserved];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::FirstSeen => "first-seen",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Rotated => "rotated",
            Self::NotObserved => "not-observed",
        }
    }
}

/// One field that differs. Values are JSON: `null` for absent, left out for unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's name, as rules name it.
    pub field: String,
    /// What it was; `None` if it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub before: Option<serde_json::Value>,
    /// What it is; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub after: Option<serde_json::Value>,
}

/// A value that is there, be it `null`: left to itself, serde reads `null` as “left out”, and absent would become unknown.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// How a change follows from something beside its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// It came, went or was switched together with what it is in, or with whose it is.
    With,
    /// Accounts joined or left one group.
    Membership,
    /// One holder was given the same sort of thing in several places, or lost it there.
    Holder,
    /// In one place something was given to several, or taken from them.
    Place,
    /// The same fields of several resources of one kind went from the same values to the same values.
    Alike,
    /// One gap hid them all, now or before.
    Gap,
}

impl CauseKind {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::With => "with",
            Self::Membership => "membership",
            Self::Holder => "holder",
            Self::Place => "place",
            Self::Alike => "alike",
            Self::Gap => "gap",
        }
    }
}

/// What several changes have in common: they are told as one, with its effects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangeCause {
    /// How they follow from it.
    pub kind: CauseKind,
    /// What they follow from; `None` for what is only alike, and for a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// The resource's name; of a gap its reason, of what is alike the fields.
    pub name: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Added, first seen, removed, changed, rotated or not observed.
    pub what: What,
    /// The resource: for a rotated credential, the new one.
    pub resource: ResourceId,
    /// Its name.
    pub name: String,
    /// The fields that differ, sorted; empty unless `what` is changed or rotated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The credential that a rotated one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ResourceId>,
    /// Which endpoint was not read whole: why it was not observed; why something first seen may be old; or why fields
    /// that differ may do so only because another endpoint spoke of them. A change without a reason is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it has in common with other changes; `None` if it stands by itself, or is what others follow from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ChangeCause>,
    /// The resource as it was, for rules that look back. Not stored: the earlier snapshot has it.
    #[serde(skip)]
    pub before: Option<Box<Resource>>,
}

impl Change {
    /// What happened to a resource, as far as nothing else is to be said about it.
    #[must_use]
    pub fn of(what: What, resource: &Resource) -> Self {
        Self {
            what,
            resource: resource.id.clone(),
            name: resource.name.clone(),
            fields: Vec::new(),
            replaces: None,
            reason: None,
            cause: None,
            before: None,
        }
    }
}
