//! What a column can hold, how Parquet calls it, and the values on their way into a file, column by column.
//!
//! A fact is a pair: whether it is known, and the value if it is. So no query takes “nobody told” for “there is none”.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use parquet::data_type::ByteArray;

use crate::model::{Fact, Sighting};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParquetForm {
    /// Text, as it was told: nothing is replaced in it.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    YesNo,
    /// A moment in UTC, to the microsecond.
    Time,
    /// Texts; never `NULL`.
    List,
    /// Pairs of source and endpoint; never `NULL`.
    Sightings,
    /// A fact that is text.
    TextFact,
    /// A fact that is true or false.
    YesNoFact,
    /// A fact that is a moment.
    TimeFact,
}

impl ParquetForm {
    /// The type as DuckDB writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "VARCHAR",
            Self::Number => "BIGINT",
            Self::YesNo => "BOOLEAN",
            Self::Time => "TIMESTAMP WITH TIME ZONE",
            Self::List => "VARCHAR[]",
            Self::Sightings => "STRUCT(source VARCHAR, endpoint VARCHAR)[]",
            Self::TextFact => "STRUCT(state VARCHAR, value VARCHAR)",
            Self::YesNoFact => "STRUCT(state VARCHAR, value BOOLEAN)",
            Self::TimeFact => "STRUCT(state VARCHAR, value TIMESTAMP WITH TIME ZONE)",
        }
    }
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct ParquetColumn {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub form: ParquetForm,
    /// True if it can be `NULL`; what that means, `about` says. Facts always can: where the kind of thing has no such fact.
    pub nullable: bool,
    /// What it means.
    pub about: &'static str,
}

/// A column that every row fills, or a fact.
pub(super) const fn column(name: &'static str, form: ParquetForm, about: &'static str) -> ParquetColumn {
    let nullable = matches!(form, ParquetForm::TextFact | ParquetForm::YesNoFact | ParquetForm::TimeFact);
    ParquetColumn { name, form, nullable, about }
}

/// A column that can be `NULL`.
pub(super) const fn optional(name: &'static str, form: ParquetForm, about: &'static str) -> ParquetColumn {
    ParquetColumn { name, form, nullable: true, about }
}

const TEXT: &str = "BYTE_ARRAY {} (STRING);";
const YES_NO: &str = "BOOLEAN {};";
const TIME: &str = "INT64 {} (TIMESTAMP(MICROS,true));";

impl ParquetColumn {
    /// The column in Parquet's own language for schemas.
    pub(super) fn schema(&self) -> String {
        let name = self.name;
        let once = if self.nullable { "OPTIONAL" } else { "REQUIRED" };
        let flat = |what: &str| format!("{once} {}", what.replace("{}", name));
        let list = |inside: &str| format!("REQUIRED GROUP {name} (LIST) {{ REPEATED GROUP list {{ {inside} }} }}");
        let fact = |what: &str| {
            format!(
                "OPTIONAL GROUP {name} {{ REQUIRED BYTE_ARRAY state (STRING); OPTIONAL {} }}",
                what.replace("{}", "value")
            )
        };
        match self.form {
            ParquetForm::Text => flat(TEXT),
            ParquetForm::Number => flat("INT64 {};"),
            ParquetForm::YesNo => flat(YES_NO),
            ParquetForm::Time => flat(TIME),
            ParquetForm::List => list("REQUIRED BYTE_ARRAY element (STRING);"),
            ParquetForm::Sightings => list(
                "REQUIRED GROUP element { REQUIRED BYTE_ARRAY source (STRING); REQUIRED BYTE_ARRAY endpoint (STRING); }",
            ),
            ParquetForm::TextFact => fact(TEXT),
            ParquetForm::YesNoFact => fact(YES_NO),
            ParquetForm::TimeFact => fact(TIME),
        }
    }

    /// Room for the values of one row group.
    pub(super) fn room(&self) -> Room {
        let text = || Leaf::new(Values::Text(Vec::new()));
        let yes_no = || Leaf::new(Values::YesNo(Vec::new()));
        let number = || Leaf::new(Values::Number(Vec::new()));
        let leaves = match self.form {
            ParquetForm::Text | ParquetForm::List => vec![text()],
            ParquetForm::Number | ParquetForm::Time => vec![number()],
            ParquetForm::YesNo => vec![yes_no()],
            ParquetForm::Sightings | ParquetForm::TextFact => vec![text(), text()],
            ParquetForm::YesNoFact => vec![text(), yes_no()],
            ParquetForm::TimeFact => vec![text(), number()],
        };
        Room { column: *self, leaves }
    }
}

/// One value without parts.
#[derive(Debug, Clone)]
pub(super) enum Plain<'a> {
    Text(Cow<'a, str>),
    Number(i64),
    YesNo(bool),
    Time(DateTime<Utc>),
}

/// The value of a column in one row.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Null,
    One(Plain<'a>),
    List(Vec<Cow<'a, str>>),
    Sightings(&'a [Sighting]),
    Fact(Fact<Plain<'a>>),
}

impl<'a> Value<'a> {
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::One(Plain::Text(text.into()))
    }

    /// Text that is empty where there is none.
    pub(super) fn text_or_null(text: &'a str) -> Self {
        if text.is_empty() { Self::Null } else { Self::text(text) }
    }

    pub(super) fn number(number: impl Into<i64>) -> Self {
        Self::One(Plain::Number(number.into()))
    }

    /// A number that this machine counts with. None of them comes near what a column holds.
    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self::number(count.try_into().unwrap_or(i64::MAX))
    }

    pub(super) fn yes_no(yes: bool) -> Self {
        Self::One(Plain::YesNo(yes))
    }

    pub(super) fn time(at: DateTime<Utc>) -> Self {
        Self::One(Plain::Time(at))
    }

    pub(super) fn list<T: Into<Cow<'a, str>>>(entries: impl Iterator<Item = T>) -> Self {
        Self::List(entries.map(Into::into).collect())
    }

    pub(super) fn optional<T>(value: Option<T>, say: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, say)
    }
}

/// The values of one column as Parquet stores them: a list of values for each leaf of its type, and beside them on which level
/// each row's value is defined and repeated.
pub(super) struct Room {
    column: ParquetColumn,
    pub(super) leaves: Vec<Leaf>,
}

/// One leaf. A leaf that every row fills once has no levels.
pub(super) struct Leaf {
    pub(super) values: Values,
    pub(super) definitions: Vec<i16>,
    pub(super) repetitions: Vec<i16>,
}

pub(super) enum Values {
    Text(Vec<ByteArray>),
    Number(Vec<i64>),
    YesNo(Vec<bool>),
}

impl Room {
    /// Adds the value of a row, and tells how many bytes it takes, about.
    pub(super) fn add(&mut self, value: Value<'_>) -> usize {
        let leaves = &mut self.leaves[..];
        match (value, leaves) {
            (Value::Null, leaves) => {
                assert!(self.column.nullable, "internal: `{}` is never NULL", self.column.name);
                leaves.iter_mut().for_each(|leaf| leaf.definitions.push(0));
                0
            }
            (Value::One(plain), [leaf]) => {
                if self.column.nullable {
                    leaf.definitions.push(1);
                }
                leaf.add(plain)
            }
            (Value::List(entries), [leaf]) => {
                let mut bytes = leaf.begin_list(entries.len());
                for entry in entries {
                    bytes += leaf.add(Plain::Text(entry));
                }
                bytes
            }
            (Value::Sightings(seen_by), [sources, endpoints]) => {
                let mut bytes = sources.begin_list(seen_by.len()) + endpoints.begin_list(seen_by.len());
                for sighting in seen_by {
                    bytes += sources.add(Plain::Text(sighting.source.as_str().into()));
                    bytes += endpoints.add(Plain::Text((&*sighting.endpoint).into()));
                }
                bytes
            }
            (Value::Fact(fact), [state, known]) => {
                let (word, value) = match fact {
                    Fact::Known(value) => ("known", Some(value)),
                    Fact::Absent => ("none", None),
                    Fact::Unknown => ("unknown", None),
                };
                state.definitions.push(1);
                known.definitions.push(if value.is_some() { 2 } else { 1 });
                state.add(Plain::Text(word.into())) + value.map_or(0, |value| known.add(value))
            }
            (value, _) => panic!("internal: `{}` cannot hold {value:?}", self.column.name),
        }
    }
}

impl Leaf {
    fn new(values: Values) -> Self {
        Self { values, definitions: Vec::new(), repetitions: Vec::new() }
    }

    /// The levels of a list with so many entries; an empty one has a level, and no value.
    fn begin_list(&mut self, entries: usize) -> usize {
        let levels = entries.max(1);
        self.definitions.extend(std::iter::repeat_n(i16::from(entries > 0), levels));
        self.repetitions.extend((0..levels).map(|at| i16::from(at > 0)));
        levels * 4
    }

    fn add(&mut self, plain: Plain<'_>) -> usize {
        match (plain, &mut self.values) {
            (Plain::Text(text), Values::Text(values)) => {
                let bytes = text.len();
                values.push(ByteArray::from(text.into_owned().into_bytes()));
                bytes + size_of::<ByteArray>()
            }
            (Plain::Number(number), Values::Number(values)) => {
                values.push(number);
                8
            }
            (Plain::Time(at), Values::Number(values)) => {
                values.push(at.timestamp_micros());
                8
            }
            (Plain::YesNo(yes), Values::YesNo(values)) => {
                values.push(yes);
                1
            }
            (plain, _) => panic!("internal: {plain:?} is of another type than its column"),
        }
    }
}
