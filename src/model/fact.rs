//! A field as it was observed: absent is not unknown.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field as it was observed.
///
/// In JSON, `Known` is the value, `Absent` is `null`, and `Unknown` is left out; every field of this type that is written
/// as JSON carries `#[serde(default, skip_serializing_if = "Fact::is_unknown")]`. In forms without names all three are
/// written out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact<T> {
    /// The source gave a value.
    Known(T),
    /// The source says that there is none: a token that never expires.
    Absent,
    /// We were not told: the field is missing, or the right to see it is.
    #[default]
    Unknown,
}

impl<T> Fact<T> {
    /// `Known` for a value, `Absent` for none: for sources whose silence means “none”.
    pub fn from_option(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }

    /// True if we were not told.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// The value, if there is one and we know it.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// The same fact about a borrowed value.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Known(value) => Fact::Known(value),
            Self::Absent => Fact::Absent,
            Self::Unknown => Fact::Unknown,
        }
    }

    /// The fact about something that follows from the value.
    pub fn map<U>(self, then: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(then(value)),
            Self::Absent => Fact::Absent,
            Self::Unknown => Fact::Unknown,
        }
    }

    /// The fact that the value leads to, if it is known.
    pub fn and_then<U>(self, then: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => then(value),
            Self::Absent => Fact::Absent,
            Self::Unknown => Fact::Unknown,
        }
    }

    /// This fact, or what another sighting tells where this one does not know.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_unknown() { other } else { self }
    }
}

/// A fact where nothing can be left out.
#[derive(Serialize, Deserialize)]
enum Written<T> {
    Known(T),
    Absent,
    Unknown,
}

impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if !to.is_human_readable() {
            let written = match self {
                Self::Known(value) => Written::Known(value),
                Self::Absent => Written::Absent,
                Self::Unknown => Written::Unknown,
            };
            return written.serialize(to);
        }
        match self {
            Self::Known(value) => to.serialize_some(value),
            Self::Absent | Self::Unknown => to.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            return Option::<T>::deserialize(from).map(Self::from_option);
        }
        Ok(match Written::deserialize(from)? {
            Written::Known(value) => Self::Known(value),
            Written::Absent => Self::Absent,
            Written::Unknown => Self::Unknown,
        })
    }
}
