//! The envelopes in which Confluence Data Center sends its rows.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::wire;
use crate::http::{CursorPlace, Page, Paging, Position};
use crate::sources::row::{Row, Wire};

/// `{"results": […], "start": …, "limit": …, "size": …, "totalCount": …, "_links": {"next": …}}`.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire", rename_all = "camelCase")]
pub(super) struct Listing<T> {
    results: Vec<Row<T>>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    size: Option<usize>,
    #[serde(default)]
    total_count: Option<u64>,
    #[serde(default, rename = "_links")]
    links: Option<Links>,
}

#[derive(Debug, Deserialize)]
struct Links {
    #[serde(default)]
    next: Option<String>,
}

impl<T: Wire> Page for Listing<T> {
    type Row = Row<T>;

    /// Without any links a page is the last for certain only if there was room for more rows.
    fn position(&self) -> Position {
        let next = self.links.as_ref().and_then(|links| links.next.clone()).filter(|next| !next.is_empty());
        let room = self.limit.is_some_and(|limit| self.results.len() < limit);
        let is_last = next.is_none() && (self.links.is_some() || room);
        // A total that was not counted comes as 0.
        let total = self.total_count.filter(|total| *total > 0 || self.results.is_empty());
        Position { next, is_last: Some(is_last), total }
    }

    /// A page that counts other rows than it has lost some on the way: that leaves a row which cannot be read.
    fn into_rows(self) -> Vec<Row<T>> {
        let mut rows = self.results;
        if let Some(size) = self.size.filter(|size| *size != rows.len()) {
            let note = format!("a page counts {size} rows and has {}", rows.len());
            rows.push(Row::lost(note));
        }
        rows
    }
}

/// A number, bare or under `count`: nobody has described which.
#[derive(Debug)]
pub(super) struct Number(Row<wire::Counted>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let answer = Value::deserialize(from)?;
        let counted = if answer.is_number() { json!({"count": answer}) } else { answer };
        Ok(Self(Row::read(counted)))
    }
}

impl Page for Number {
    type Row = Row<wire::Counted>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Self::Row> {
        vec![self.0]
    }
}

/// Each page links to the next.
pub(super) const BY_LINK: Paging = Paging::Links { cursor: "start", place: CursorPlace::QueryBeside };

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str) -> Position {
        serde_json::from_str::<Listing<wire::Group>>(text).unwrap().position()
    }

    #[test]
    fn only_a_marked_end_or_room_left_proves_the_end() {
        for (text, is_last) in [
            (r#"{"results":[{"name":"a"}],"limit":1,"size":1,"_links":{"next":"/rest/api/group?start=1"}}"#, false),
            (r#"{"results":[{"name":"a"}],"limit":1,"size":1,"_links":{"self":"x"}}"#, true),
            (r#"{"results":[{"name":"a"}],"limit":1,"size":1}"#, false),
            (r#"{"results":[{"name":"a"}],"limit":200,"size":1}"#, true),
            (r#"{"results":[]}"#, false),
        ] {
            assert_eq!(position(text).is_last, Some(is_last), "{text}");
        }
        assert!(serde_json::from_str::<Listing<wire::Group>>(r#"{"size":0}"#).is_err(), "no list is no empty list");
    }

    #[test]
    fn a_total_that_was_not_counted_is_none() {
        assert_eq!(position(r#"{"results":[{"name":"a"}],"totalCount":0}"#).total, None);
        assert_eq!(position(r#"{"results":[{"name":"a"}],"totalCount":7}"#).total, Some(7));
    }

    #[test]
    fn a_number_comes_bare_or_under_count() {
        for text in ["500", r#"{"count":500}"#] {
            let row = serde_json::from_str::<Number>(text).unwrap().into_rows().remove(0);
            assert_eq!(row.value.unwrap().count, crate::model::Fact::Known(500), "{text}");
        }
        assert!(serde_json::from_str::<Number>(r#""many""#).unwrap().into_rows()[0].value.is_none());
    }
}
