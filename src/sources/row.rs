//! One row of a foreign answer, read leniently: a field that cannot be read becomes unknown and is noted,
//! and never costs the row, the page or the endpoint. Times and ids in all the forms the products use.
//!
//! A journal keeps rows as they were read, in a form without names. So each type here that is read in a way of its own
//! has two: from JSON, and as it is written.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::model::Fact;

/// The shape of a row as an API sends it. Its fields are `Fact`s: a key that is missing is unknown, `null` is absent.
/// Keys that no field asks for, secrets above all, are dropped while parsing; what is cut of a value is cut then too, for
/// a journal keeps what was read.
pub(super) trait Wire: DeserializeOwned + Serialize + Send + 'static {
    /// Keys whose silence means “none”, as if they were `null`.
    const NONE_IF_MISSING: &'static [&'static str] = &[];
}

/// A row that was read as far as it could be.
#[derive(Debug, Serialize)]
pub(super) struct Row<T> {
    /// What it says; `None` if it is nothing like what was described.
    pub(super) value: Option<T>,
    /// The fields that could not be read: “`t-881`: createdAt”.
    pub(super) unreadable: Vec<String>,
    /// Of rows that were sent letter for letter alike, the same number.
    pub(super) mark: u64,
}

/// How many of these rows came before in the same list. No listing has a row twice on purpose: one that does moved while it was
/// read, or is not in the order in which it is cut into pages, and then others may be missing.
pub(super) fn repeated<T>(rows: &[Row<T>]) -> u64 {
    let mut met = HashSet::with_capacity(rows.len());
    rows.iter().filter(|row| row.value.is_some() && !met.insert(row.mark)).fold(0, |count, _| count + 1)
}

impl<'de, T: Wire> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "T: DeserializeOwned")]
        struct Written<T> {
            value: Option<T>,
            unreadable: Vec<String>,
            mark: u64,
        }
        if from.is_human_readable() {
            return Value::deserialize(from).map(Self::read);
        }
        let Written { value, unreadable, mark } = Written::deserialize(from)?;
        Ok(Self { value, unreadable, mark })
    }
}

impl<T> Row<T> {
    /// A row of which nothing can be read, with the reason.
    pub(super) fn lost(reason: String) -> Self {
        Self { value: None, unreadable: vec![reason], mark: 0 }
    }
}

impl<T: Wire> Row<T> {
    /// Reads a row. The detour for rows with odd fields looks for the culprits, and takes out those alone.
    pub(super) fn read(value: Value) -> Self {
        let mut mark = DefaultHasher::new();
        value.hash(&mut mark);
        let mark = mark.finish();
        let Value::Object(mut fields) = value else { return Self::lost("a row is no JSON object".to_owned()) };
        for key in T::NONE_IF_MISSING {
            fields.entry(*key).or_insert(Value::Null);
        }
        let whole = Value::Object(fields);
        if let Ok(value) = T::deserialize(&whole) {
            return Self { value: Some(value), unreadable: Vec::new(), mark };
        }
        let Value::Object(fields) = whole else { unreachable!("internal: it was made from an object") };
        let title = title(&fields);
        let mut odd = Vec::new();
        let good = without_odd(fields, &|fields| T::deserialize(&Value::Object(fields)).is_ok(), "", &mut odd);
        let unreadable = odd.into_iter().map(|path| format!("`{title}`: {path}")).collect();
        Self { value: T::deserialize(&Value::Object(good)).ok(), unreadable, mark }
    }
}

/// The fields that can be read when they stand alone. Of a section of which something is odd, the rest is kept where
/// that can be read; the paths of what is left out are added to `odd`.
fn without_odd(
    fields: Map<String, Value>,
    is_read: &dyn Fn(Map<String, Value>) -> bool,
    path: &str,
    odd: &mut Vec<String>,
) -> Map<String, Value> {
    let mut good = Map::new();
    for (key, value) in fields {
        let alone = |value: Value| is_read(Map::from_iter([(key.clone(), value)]));
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if alone(value.clone()) {
            good.insert(key, value);
        } else if let Value::Object(inner) = value
            && alone(Value::Object(Map::new()))
        {
            let rest = without_odd(inner, &|inner| alone(Value::Object(inner)), &here, odd);
            good.insert(key, Value::Object(rest));
        } else {
            odd.push(here);
        }
    }
    good
}

/// A list inside a row, each element read like a row of its own: an odd one costs neither the row nor its siblings.
/// `Reading::elements` takes it apart.
#[derive(Debug, Deserialize, Serialize)]
#[serde(bound = "T: Wire")]
pub(super) struct Rows<T>(pub(super) Vec<Row<T>>);

/// What a row is called in a note: its id, under whatever key the product has it.
fn title(fields: &Map<String, Value>) -> String {
    ["id", "accountId", "account_id", "atlassianId", "clientId", "groupId", "directoryId", "uuid", "slug", "key"]
        .iter()
        .find_map(|key| match fields.get(*key)? {
            Value::String(text) => Some(text.chars().take(80).collect()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .unwrap_or_else(|| "?".to_owned())
}

/// A moment, in any of the forms that Atlassian's products write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Timestamp(pub(super) DateTime<Utc>);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        let moment = match Value::deserialize(from)? {
            Value::String(text) => moment_in(&text),
            Value::Number(number) => number.as_f64().and_then(since_epoch),
            _ => None,
        };
        moment.map(Self).ok_or_else(|| D::Error::custom("this is no time"))
    }
}

fn moment_in(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = || DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.to_utc());
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|at| at.and_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let epoch = || text.parse::<f64>().ok().filter(|_| digits).and_then(since_epoch);
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
        .or_else(with_offset)
        .or_else(without)
        .or_else(day)
        .or_else(epoch)
}

/// Milliseconds as the admin APIs write them, or seconds with a fraction as Automation does: numbers of today's
/// milliseconds are a thousand times those of today's seconds.
fn since_epoch(number: f64) -> Option<DateTime<Utc>> {
    const FIRST_MILLISECONDS: f64 = 1e11;
    let milliseconds = if number.abs() < FIRST_MILLISECONDS { number * 1000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "no moment has more digits than fit")]
    DateTime::from_timestamp_millis(milliseconds.round() as i64)
}

/// An id that comes as text from one endpoint and as a number from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(D::Error::custom("this is no id")),
        }
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// A text where one should be; anything else is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Text(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self(Some(text))),
            _ => Ok(Self(None)),
        }
    }
}

/// Something that is there, whatever it is: nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            IgnoredAny::deserialize(from)?;
        }
        Ok(Self)
    }
}

/// The id of a row; an empty one is none.
pub(super) fn id(fact: Fact<impl Into<String>>) -> Option<String> {
    value(fact).map(Into::into).filter(|id| !id.is_empty())
}

/// A fact of which `null` tells nothing: the source hides it.
pub(super) fn hidden_if_null<T>(fact: Fact<T>) -> Fact<T> {
    if matches!(fact, Fact::Absent) { Fact::Unknown } else { fact }
}

/// A text of which nothing written tells nothing.
pub(super) fn hidden_if_empty(fact: Fact<String>) -> Fact<String> {
    match fact {
        Fact::Known(text) if !text.is_empty() => Fact::Known(text),
        Fact::Known(_) | Fact::Absent | Fact::Unknown => Fact::Unknown,
    }
}

/// A text that may be left empty: nothing written is nothing there.
pub(super) fn absent_if_empty(fact: Fact<String>) -> Fact<String> {
    match fact {
        Fact::Known(text) if text.is_empty() => Fact::Absent,
        other => other,
    }
}

/// The moment of a timestamp.
pub(super) fn moment(fact: Fact<Timestamp>) -> Fact<DateTime<Utc>> {
    fact.map(|timestamp| timestamp.0)
}

/// The value of a field that may be anything but a value.
pub(super) fn value<T>(fact: Fact<T>) -> Option<T> {
    match fact {
        Fact::Known(value) => Some(value),
        Fact::Absent | Fact::Unknown => None,
    }
}

/// A list in the order in which the model keeps it.
pub(super) fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize, Serialize, PartialEq)]
    #[serde(default, rename_all = "camelCase")]
    struct Thing {
        id: Fact<Id>,
        expires_at: Fact<Timestamp>,
        label: Fact<String>,
    }

    impl Wire for Thing {
        const NONE_IF_MISSING: &'static [&'static str] = &["expiresAt"];
    }

    #[test]
    fn an_odd_field_is_unknown_and_noted_even_where_silence_means_none() {
        let row = Row::<Thing>::read(json!({"id": 7, "expiresAt": {"odd": 1}, "label": "x"}));
        assert_eq!(row.unreadable, ["`7`: expiresAt"]);
        let thing = row.value.unwrap();
        assert_eq!((thing.expires_at, thing.label), (Fact::Unknown, Fact::Known("x".to_owned())));
    }

    #[test]
    fn an_odd_field_deep_in_a_row_costs_that_field_alone() {
        #[derive(Debug, Default, Deserialize, Serialize)]
        #[serde(default)]
        struct Nested {
            attributes: Fact<Thing>,
        }
        impl Wire for Nested {}
        let row = Row::<Nested>::read(json!({"id": "e", "attributes": {"id": "a", "label": 3, "expiresAt": true}}));
        assert_eq!(row.unreadable, ["`e`: attributes.expiresAt", "`e`: attributes.label"]);
        let Fact::Known(thing) = row.value.unwrap().attributes else { panic!("the rest is there") };
        assert_eq!((thing.id, thing.label), (Fact::Known(Id("a".to_owned())), Fact::Unknown));
        let row = Row::<Nested>::read(json!({"attributes": "a"}));
        assert_eq!((row.unreadable.as_slice(), row.value.is_some()), (["`?`: attributes".to_owned()].as_slice(), true));
    }

    #[test]
    fn missing_and_null_are_told_apart() {
        let row = Row::<Thing>::read(json!({"id": "a", "label": null}));
        let thing = row.value.unwrap();
        assert_eq!((thing.expires_at, thing.label), (Fact::Absent, Fact::Absent));
        assert_eq!(Row::<Thing>::read(json!({})).value.unwrap().label, Fact::Unknown);
        assert!(Row::<Thing>::read(json!("text")).value.is_none());
    }

    #[test]
    fn an_odd_element_of_a_list_leaves_its_siblings_alone() {
        let list = json!([{"id": 1, "label": "x"}, {"id": 2, "label": 7}, "odd", {"id": 3, "label": "y"}]);
        let rows = serde_json::from_value::<Rows<Thing>>(list).unwrap().0;
        let labels = rows.iter().map(|row| row.value.as_ref().map(|thing| thing.label.clone()));
        let known = |label: &str| Some(Fact::Known(label.to_owned()));
        assert_eq!(labels.collect::<Vec<_>>(), [known("x"), Some(Fact::Unknown), None, known("y")]);
        assert_eq!(rows[1].unreadable, ["`2`: label"]);
        assert!(serde_json::from_value::<Rows<Thing>>(json!({"id": 1})).is_err(), "an object is no list");
    }

    #[test]
    fn a_row_that_comes_again_is_noticed_and_one_that_differs_in_what_is_not_read_is_another() {
        let one = json!({"id": 1, "label": "x", "of": "a"});
        let (odd, other) = (json!({"id": {}}), json!({"id": 1, "label": "x", "of": "b"}));
        let rows = |list: &[&Value]| list.iter().map(|row| Row::<Thing>::read((*row).clone())).collect::<Vec<_>>();
        assert_eq!(repeated(&rows(&[&one, &other, &odd])), 0);
        assert_eq!(repeated(&rows(&[&one, &other, &one, &odd, &one, &odd])), 3);
        // What is lost is counted as lost.
        assert_eq!(repeated(&rows(&[&json!("text"), &json!("text")])), 0);
    }

    #[test]
    fn every_form_of_time_is_read() {
        let expected: DateTime<Utc> = "2026-03-19T18:45:42.967Z".parse().unwrap();
        for form in [
            json!("2026-03-19T18:45:42.967Z"),
            json!("2026-03-19T18:45:42.967+00:00"),
            json!("2026-03-19T19:45:42.967+0100"),
            json!("2026-03-19T18:45:42.967"),
            json!(1_773_945_942_967_i64),
            json!("1773945942967"),
            json!(1_773_945_942.967),
        ] {
            assert_eq!(serde_json::from_value::<Timestamp>(form.clone()).unwrap().0, expected, "{form}");
        }
        let day: Timestamp = serde_json::from_value(json!("2026-03-19")).unwrap();
        assert_eq!(day.0, "2026-03-19T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        for odd in [json!(""), json!("soon"), json!(true), json!("NaN")] {
            assert!(serde_json::from_value::<Timestamp>(odd.clone()).is_err(), "{odd}");
        }
    }

    #[test]
    fn what_was_written_is_read_as_it_was() {
        let odd = json!({"id": 7, "expiresAt": {"odd": 1}, "label": "x"});
        for row in
            [odd, json!({"id": "a", "label": null, "expiresAt": "2026-03-19T18:45:42.967Z"}), json!({}), json!(3)]
        {
            let row = Row::<Thing>::read(row);
            let again: Row<Thing> = postcard::from_bytes(&postcard::to_stdvec(&row).unwrap()).unwrap();
            assert_eq!((again.value, again.unreadable, again.mark), (row.value, row.unreadable, row.mark));
        }
        let (text, there): (Text, Anything) = serde_json::from_value(json!(["x", {"secret": "s"}])).unwrap();
        let bytes = postcard::to_stdvec(&(&text, there)).unwrap();
        assert_eq!(postcard::from_bytes::<(Text, Anything)>(&bytes).unwrap(), (text, Anything));
        assert_eq!(serde_json::from_value::<Text>(json!(3)).unwrap(), Text(None));
    }
}
