//! How one field of a resource comes out of a row: a column or a constant, with what is said about its form.

use serde_json::Value as Json;

use super::fields::Holds;
use crate::document::{Located, Node, Section, Value};
use crate::model::Fact;
use crate::sources::local::{self, Column, DateForm, Row, names_a_secret};
use crate::sources::webhook_url::WebhookUrl;
use crate::text::did_you_mean;
use crate::timetable::Zone;

/// How accounts are named in a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AccountBy {
    /// By the id that the system itself uses: the user key of Jira and Confluence, Bitbucket's number, a login.
    #[default]
    Id,
    /// By the name they log in with.
    Name,
    /// By mail address.
    Mail,
}

/// One field of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    from: From,
    /// The words of the column and what they stand for; empty if they stand for themselves.
    values: Vec<(String, Json)>,
    /// The words that say: there is none.
    never: Vec<Json>,
    dates: DateForm,
    separator: Option<String>,
    pub(super) by: AccountBy,
    pub(super) prefix: String,
}

#[derive(Debug, Clone, PartialEq)]
enum From {
    /// The same for every row; `null` says that there is none.
    Constant(Json),
    /// A column: its name, and its place among those that are asked for.
    Column(String, usize),
}

/// What a mapping says for all its fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Defaults {
    pub(super) dates: DateForm,
    pub(super) zone: Zone,
    /// The words that say “never” in a column of dates.
    pub(super) never: Vec<Json>,
}

/// The columns that are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Columns(pub(super) Vec<Column>);

impl Columns {
    /// The place of a column, which is added where nobody asked for it yet.
    pub(super) fn want(&mut self, section: &mut Section, name: &Located<String>, needed: bool) -> usize {
        if names_a_secret(&name.value) {
            let what = format!("column `{}` is named like the value of a secret, which is never read", name.value);
            section.wrong(name.span.clone(), what, Some("map an id or a name instead".to_owned()));
        }
        if let Some(at) = self.0.iter().position(|column| column.name == name.value) {
            if let Some(column) = self.0.get_mut(at) {
                column.needed |= needed;
            }
            return at;
        }
        self.0.push(Column { name: name.value.clone(), needed });
        self.0.len() - 1
    }
}

impl Field {
    /// Reads what is under a key: the name of a column, or a section.
    pub(super) fn read(
        section: &mut Section,
        key: &'static str,
        holds: Holds,
        columns: &mut Columns,
        defaults: &Defaults,
    ) -> Option<Self> {
        if section.peek(key).is_some() {
            let name: Located<String> = section.get(key)?;
            let at = columns.want(section, &name, true);
            return Some(Self::plain(From::Column(name.value, at), holds, defaults));
        }
        let inner = section.section(key)?;
        let read = Self::read_section(inner, key, holds, columns, defaults);
        section.take(read)
    }

    /// A plain column of text that a file must have.
    pub(super) fn of_column(
        section: &mut Section,
        name: &Located<String>,
        columns: &mut Columns,
        defaults: &Defaults,
    ) -> Self {
        let at = columns.want(section, name, true);
        Self::plain(From::Column(name.value.clone(), at), Holds::Text, defaults)
    }

    /// A plain column that a file may lack.
    pub(super) fn of_optional_column(
        section: &mut Section,
        name: &Located<String>,
        columns: &mut Columns,
        defaults: &Defaults,
    ) -> Self {
        let at = columns.want(section, name, false);
        Self::plain(From::Column(name.value.clone(), at), Holds::Text, defaults)
    }

    fn plain(from: From, holds: Holds, defaults: &Defaults) -> Self {
        let never = if matches!(holds, Holds::Moment) { defaults.never.clone() } else { Vec::new() };
        let (by, dates) = (AccountBy::Id, defaults.dates.clone());
        Self { from, values: Vec::new(), never, dates, separator: None, by, prefix: String::new() }
    }

    fn read_section(
        mut section: Section,
        key: &str,
        holds: Holds,
        columns: &mut Columns,
        defaults: &Defaults,
    ) -> Result<Self, crate::problem::Problems> {
        let value: Option<Node> = section.get("value");
        let column: Option<Located<String>> = section.get("column");
        let needed = !section.get("optional").unwrap_or(false);
        let from = match (value, column) {
            (Some(value), None) => Some(From::Constant(value.value.to_json())),
            (None, Some(column)) => {
                let at = columns.want(&mut section, &column, needed);
                Some(From::Column(column.value, at))
            }
            (None, None) if !section.has("column") => {
                let help = Some("add `column:` with its name, or `value:` with what holds for every row".to_owned());
                section.wrong(section.span(), format!("where `{key}` comes from is missing"), help);
                None
            }
            (None, None) => None,
            (Some(_), Some(_)) => {
                section.wrong(section.span_of("value"), "`value` and `column` exclude each other", None);
                None
            }
        };
        let mut field = Self::plain(from.unwrap_or(From::Constant(Json::Null)), holds, defaults);
        field.values = read_values(&mut section);
        if let Some(never) = read_never(&mut section) {
            field.never = never;
        }
        field.dates = read_dates(&mut section, defaults).0;
        field.separator = section.get("separator");
        field.by = read_account_by(&mut section);
        field.prefix = section.get("prefix").unwrap_or_default();
        field.check_constants(&mut section, holds);
        section.finish(Some(field))
    }

    /// What is written down for every row is right for none if it is wrong.
    fn check_constants(&self, section: &mut Section, holds: Holds) {
        let constant = match &self.from {
            From::Constant(value) => Some(("value", value)),
            From::Column(..) => None,
        };
        let mapped = self.values.iter().map(|(_, value)| ("values", value));
        for (key, value) in constant.into_iter().chain(mapped).filter(|(_, value)| !value.is_null()) {
            if let Err(what) = self.check(value, holds) {
                section.wrong(section.span_of(key), what, None);
            }
        }
    }

    fn check(&self, value: &Json, holds: Holds) -> Result<(), String> {
        match holds {
            Holds::Words | Holds::Groups | Holds::Addresses => self.words(value).map(drop),
            Holds::Moment => self.dates.moment(value).map(drop),
            Holds::Flag => local::flag(value).map(drop),
            Holds::Number => local::number(value).map(drop),
            Holds::OneOf(known) => one_of(value, &known()).map(drop),
            Holds::Text | Holds::Account | Holds::Group | Holds::Container | Holds::Address => {
                local::plain(value).map(drop)
            }
        }
    }

    /// What a row says. An empty cell tells nothing, unless the mapping says what it means.
    pub(super) fn cell(&self, row: &Row) -> Result<Fact<Json>, String> {
        let value = match &self.from {
            From::Constant(Json::Null) => return Ok(Fact::Absent),
            From::Constant(value) => return Ok(Fact::Known(value.clone())),
            From::Column(_, at) => row.cells.get(*at).and_then(Option::as_ref),
        };
        let Some(value) = value else { return Ok(Fact::Unknown) };
        if self.never.iter().any(|word| is_same(word, value)) {
            return Ok(Fact::Absent);
        }
        if let Some((_, meant)) = self.values.iter().find(|(word, _)| is_same(&Json::String(word.clone()), value)) {
            return Ok(if meant.is_null() { Fact::Absent } else { Fact::Known(meant.clone()) });
        }
        if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(Fact::Unknown);
        }
        if self.values.is_empty() {
            return Ok(Fact::Known(value.clone()));
        }
        let words: Vec<&str> = self.values.iter().map(|(word, _)| word.as_str()).collect();
        Err(format!(
            "`{}` is none of the `values` of the mapping: {}",
            local::shown(&local::plain(value)?),
            words.join(", ")
        ))
    }

    /// The column it comes from.
    pub(super) fn column(&self) -> &str {
        match &self.from {
            From::Column(name, _) => name,
            From::Constant(_) => "",
        }
    }

    /// The words it can come to, if they are all written down.
    pub(super) fn possible(&self) -> Option<Vec<&Json>> {
        match &self.from {
            From::Constant(value) => Some(vec![value]),
            From::Column(..) if self.values.is_empty() => None,
            From::Column(..) => Some(self.values.iter().map(|(_, value)| value).collect()),
        }
    }

    pub(super) fn words(&self, value: &Json) -> Result<Vec<String>, String> {
        local::words(value, self.separator.as_deref())
    }

    pub(super) fn moment(&self, value: &Json) -> Result<chrono::DateTime<chrono::Utc>, String> {
        self.dates.moment(value)
    }
}

/// One of some words.
pub(super) fn one_of(value: &Json, known: &[&'static str]) -> Result<&'static str, String> {
    let text = local::plain(value)?;
    known.iter().find(|word| **word == text).copied().ok_or_else(|| {
        let hint = did_you_mean(&text, known.iter().copied())
            .map_or_else(|| format!("known are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        format!("`{}` is not known here; {hint}", local::shown(&text))
    })
}

/// Scheme and host of an address: the rest may be a secret.
pub(super) fn host_of(address: &str) -> Result<String, String> {
    let read = WebhookUrl::read(address).address;
    read.known().cloned().ok_or_else(|| "is no address with a scheme and a host".to_owned())
}

/// Numbers and flags are compared as they are written: in CSV everything is text.
fn is_same(word: &Json, value: &Json) -> bool {
    match (word, value) {
        (Json::Null, Json::Null) => true,
        (Json::Null, _) | (_, Json::Null | Json::Array(_) | Json::Object(_)) => false,
        (word, value) => local::plain(word).is_ok_and(|word| local::plain(value).is_ok_and(|value| word == value)),
    }
}

fn read_values(section: &mut Section) -> Vec<(String, Json)> {
    let Some(mut values) = section.section("values") else { return Vec::new() };
    let pairs = values.rest().into_iter().map(|(word, node)| (word.value, node.value.to_json())).collect();
    section.take(values.finish(Some(pairs))).unwrap_or_default()
}

/// The words that say “never”; `None` if nothing is said about them.
pub(super) fn read_never(section: &mut Section) -> Option<Vec<Json>> {
    let words: Vec<Node> = section.get("never")?;
    let mut read = Vec::new();
    for word in words {
        match &word.value {
            Value::List(_) | Value::Map(_) => {
                section.wrong(word.span, "a word that says “never” is text or null", None)
            }
            plain => read.push(plain.to_json()),
        }
    }
    Some(read)
}

/// The form of dates, and the zone in which they are written.
pub(super) fn read_dates(section: &mut Section, defaults: &Defaults) -> (DateForm, Zone) {
    let own_zone: Option<Zone> = section.get_parsed("zone");
    let zone = own_zone.unwrap_or(defaults.zone);
    let Some(written) = section.get::<Located<String>>("dates") else {
        let dates = match (&defaults.dates, own_zone) {
            (DateForm::Pattern { pattern, .. }, Some(zone)) => DateForm::Pattern { pattern: pattern.clone(), zone },
            (dates, _) => dates.clone(),
        };
        return (dates, zone);
    };
    match DateForm::named(&written.value, zone) {
        Ok(form) => (form, zone),
        Err(help) => {
            section.wrong(written.span, format!("`{}` is no form of dates", written.value), Some(help));
            (defaults.dates.clone(), zone)
        }
    }
}

fn read_account_by(section: &mut Section) -> AccountBy {
    let Some(written) = section.get::<Located<String>>("by") else { return AccountBy::Id };
    match written.value.as_str() {
        "id" | "key" => AccountBy::Id,
        "name" => AccountBy::Name,
        "mail" => AccountBy::Mail,
        other => {
            let help = "accounts are named by key, name, mail or id".to_owned();
            section.wrong(written.span, format!("`by` cannot be `{other}`"), Some(help));
            AccountBy::Id
        }
    }
}
