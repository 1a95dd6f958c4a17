//! The envelopes in which rows come: Atlassian's admin APIs, Jira's page beans, bare arrays and single answers.
//! An answer without the list it should have is unreadable, never empty.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::row::{Id, Row, Wire};
use crate::http::{Page, Position};

/// `{"data": […], "links": {"next": …}}` of the admin APIs; some call the list `items`, and some tell the next page's
/// cursor under `meta`.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire")]
pub(super) struct Listed<T> {
    #[serde(alias = "items")]
    data: Vec<Row<T>>,
    #[serde(default)]
    links: Option<Links>,
    #[serde(default)]
    meta: Option<Meta>,
    #[serde(default)]
    total: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Links {
    #[serde(default)]
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    total: Option<u64>,
    #[serde(default)]
    next: Option<Id>,
}

impl Meta {
    fn next(&self) -> Option<String> {
        self.next.clone().map(String::from).filter(|next| !next.is_empty())
    }
}

impl<T> Listed<T> {
    fn link(&self) -> Option<String> {
        self.links.as_ref()?.next.clone().filter(|next| !next.is_empty())
    }

    fn cursor(&self) -> Option<String> {
        self.meta.as_ref()?.next()
    }
}

impl<T: Wire> Page for Listed<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        let total = self.total.or_else(|| self.meta.as_ref()?.total);
        Position { next: self.link().or_else(|| self.cursor()), is_last: None, total }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.data
    }
}

/// A page of a stream of news: the cursor under `meta` is the one to keep, and its rows are never all there are.
#[derive(Debug, Deserialize)]
#[serde(transparent, bound = "T: Wire")]
pub(super) struct Streamed<T>(Listed<T>);

impl<T: Wire> Page for Streamed<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position { next: self.0.cursor().or_else(|| self.0.link()), is_last: None, total: None }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.0.into_rows()
    }
}

/// A list whose envelope nobody has described: that of the admin APIs, or none.
#[derive(Debug, Deserialize)]
#[serde(untagged, bound = "T: Wire")]
pub(super) enum ListedOrBare<T> {
    Listed(Listed<T>),
    Bare(Vec<Row<T>>),
}

impl<T: Wire> Page for ListedOrBare<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        match self {
            Self::Listed(page) => page.position(),
            Self::Bare(_) => Position::default(),
        }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        match self {
            Self::Listed(page) => page.into_rows(),
            Self::Bare(rows) => rows,
        }
    }
}

/// `{"values": […], "isLast": …, "total": …}` of Jira.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire", rename_all = "camelCase")]
pub(super) struct Bean<T> {
    values: Vec<Row<T>>,
    #[serde(default)]
    is_last: Option<bool>,
    #[serde(default)]
    total: Option<u64>,
}

impl<T: Wire> Page for Bean<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position { next: None, is_last: self.is_last, total: self.total }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.values
    }
}

/// `{"values": […], "next": …, "size": …}` of Bitbucket: the link leads to the next page and is missing on the last.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire")]
pub(super) struct Values<T> {
    values: Vec<Row<T>>,
    #[serde(default)]
    next: Option<String>,
    #[serde(default)]
    size: Option<u64>,
}

impl<T: Wire> Page for Values<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position { next: self.next.clone().filter(|next| !next.is_empty()), is_last: None, total: self.size }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.values
    }
}

/// `{"results": […], "_links": {"next": …}}` of Confluence, in both of its APIs.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire")]
pub(super) struct Results<T> {
    results: Vec<Row<T>>,
    #[serde(default, rename = "_links")]
    links: Option<Links>,
    #[serde(default, rename = "totalSize")]
    total: Option<u64>,
}

impl<T: Wire> Page for Results<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        let next = self.links.as_ref().and_then(|links| links.next.clone()).filter(|next| !next.is_empty());
        // A total that was not asked for comes as 0.
        let total = self.total.filter(|total| *total > 0 || self.results.is_empty());
        Position { is_last: Some(next.is_none()), next, total }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.results
    }
}

/// `{"values": […], "isLastPage": …}` of Jira Service Management.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire", rename_all = "camelCase")]
pub(super) struct DeskPage<T> {
    values: Vec<Row<T>>,
    is_last_page: bool,
}

impl<T: Wire> Page for DeskPage<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position { next: None, is_last: Some(self.is_last_page), total: None }
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.values
    }
}

/// A bare array.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire")]
pub(super) struct Bare<T>(Vec<Row<T>>);

impl<T: Wire> Page for Bare<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<T>> {
        self.0
    }
}

/// An answer that is a row of its own.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Wire")]
pub(super) struct One<T>(Row<T>);

impl<T: Wire> Page for One<T> {
    type Row = Row<T>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<T>> {
        vec![self.0]
    }
}

/// The answer of a count endpoint: a number, bare or under `count`.
#[derive(Debug)]
pub(super) struct Count(u64);

impl Page for Count {
    type Row = u64;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<u64> {
        vec![self.0]
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let answer = Value::deserialize(from)?;
        let number = answer.as_u64().or_else(|| answer.get("count")?.as_u64());
        number.map(Self).ok_or_else(|| D::Error::custom("expected a number, or one under `count`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fact;

    #[derive(Debug, Deserialize, serde::Serialize)]
    struct Thing {
        #[serde(default)]
        id: Fact<String>,
    }

    impl Wire for Thing {}

    #[test]
    fn a_page_without_its_list_is_no_empty_page() {
        assert!(serde_json::from_str::<Listed<Thing>>(r#"{"links":{}}"#).is_err());
        assert!(serde_json::from_str::<Bean<Thing>>(r#"{"isLast":true}"#).is_err());
        assert!(serde_json::from_str::<ListedOrBare<Thing>>(r#"{"message":"hello"}"#).is_err());
    }

    #[test]
    fn both_spellings_of_a_list_are_read() {
        for text in [r#"{"data":[{"id":"a"}],"links":null}"#, r#"{"items":[{"id":"a"}],"total":1}"#, r#"[{"id":"a"}]"#]
        {
            let rows = serde_json::from_str::<ListedOrBare<Thing>>(text).unwrap().into_rows();
            assert_eq!(rows[0].value.as_ref().unwrap().id, Fact::Known("a".to_owned()), "{text}");
        }
    }
}
