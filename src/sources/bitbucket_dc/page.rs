//! The envelope in which Bitbucket Data Center sends its rows.

use serde::Deserialize;

use crate::http::{CursorPlace, Page, Paging, Position};
use crate::sources::row::{Row, Wire};

/// `{"values": […], "size": …, "isLastPage": …, "nextPageStart": …}`. Pages that were filtered are sparse: the next one
/// begins where `nextPageStart` says, and not behind as many rows as were asked for.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire", rename_all = "camelCase")]
pub(super) struct Slice<T> {
    values: Vec<Row<T>>,
    #[serde(default)]
    size: Option<usize>,
    #[serde(default)]
    is_last_page: Option<bool>,
    #[serde(default)]
    next_page_start: Option<u64>,
}

impl<T: Wire> Page for Slice<T> {
    type Row = Row<T>;

    /// A page that does not say whether it is the last proves no end.
    fn position(&self) -> Position {
        let next = self.next_page_start.map(|start| start.to_string());
        Position { next, is_last: Some(self.is_last_page.unwrap_or(false)), total: None }
    }

    /// A page that counts other rows than it has lost some on the way: that leaves a row which cannot be read.
    fn into_rows(self) -> Vec<Row<T>> {
        let mut rows = self.values;
        if let Some(size) = self.size.filter(|size| *size != rows.len()) {
            let note = format!("a page counts {size} rows and has {}", rows.len());
            rows.push(Row::lost(note));
        }
        rows
    }
}

/// A list that comes in pages or as a bare array: nobody has described which.
#[derive(Debug, Deserialize)]
#[serde(untagged, bound = "T: Wire")]
pub(super) enum SliceOrBare<T> {
    Slice(Slice<T>),
    Bare(Vec<Row<T>>),
}

impl<T: Wire> Page for SliceOrBare<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        match self {
            Self::Slice(page) => page.position(),
            Self::Bare(_) => Position::default(),
        }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        match self {
            Self::Slice(page) => page.into_rows(),
            Self::Bare(rows) => rows,
        }
    }
}

/// Paging by the number of the row at which the next page begins.
pub(super) const BY_START: Paging = Paging::Links { cursor: "start", place: CursorPlace::QueryBeside };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::bitbucket_dc::wire::Group;

    fn page(text: &str) -> Slice<Group> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_next_page_begins_where_the_page_says() {
        let sparse =
            page(r#"{"values":[{"name":"a"}],"size":1,"limit":25,"start":0,"isLastPage":false,"nextPageStart":77}"#);
        let expected = Position { next: Some("77".to_owned()), is_last: Some(false), total: None };
        assert_eq!(sparse.position(), expected);
        let last = page(r#"{"values":[],"size":0,"isLastPage":true,"nextPageStart":null}"#);
        assert_eq!(last.position(), Position { next: None, is_last: Some(true), total: None });
    }

    #[test]
    fn a_page_without_an_end_marker_proves_no_end() {
        assert_eq!(page(r#"{"values":[]}"#).position().is_last, Some(false));
        assert!(serde_json::from_str::<Slice<Group>>(r#"{"isLastPage":true}"#).is_err(), "no list is no empty list");
    }

    #[test]
    fn a_page_that_counts_more_rows_than_it_has_lost_one() {
        let rows = page(r#"{"values":[{"name":"a"}],"size":3,"isLastPage":true}"#).into_rows();
        assert!(rows.len() == 2 && rows[1].value.is_none(), "{rows:?}");
    }
}
