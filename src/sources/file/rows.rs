//! From rows to resources, by the mapping. A row becomes one resource or one mistake, never nothing.

mod kinds;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::field::{AccountBy, Field, host_of};
use super::mapping::Mapping;
use crate::model::{AccountName, Body, Fact, Group, Kind, Resource, ResourceId};
use crate::sources::local::{self, Mistake, Row, Table};

/// What came of the rows.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) resources: Vec<Resource>,
    /// One for each row that is none of them, at least.
    pub(super) mistakes: Vec<Mistake>,
    /// The rows that are not whole, as a column says.
    pub(super) unfinished: Vec<String>,
    /// The counts of all rows that the rows have, each once.
    pub(super) totals: Vec<i64>,
    /// The latest moment in the column that says when the export was written.
    pub(super) exported_at: Option<DateTime<Utc>>,
    /// The groups that hold a grant, and whether it makes administrators of them.
    groups: HashMap<String, bool>,
}

/// Where the rows belong, and when they are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) mapping: &'a Mapping,
    /// The tenant of the resources.
    pub(super) instance: &'a str,
    pub(super) now: DateTime<Utc>,
    pub(super) exported_at: Option<&'a Field>,
}

/// Makes resources of the rows.
pub(super) fn make(frame: Frame<'_>, table: &Table) -> Made {
    let mut made = Made::default();
    let mut places: HashMap<ResourceId, String> = HashMap::new();
    for row in &table.rows {
        let mut cells = Cells { frame, row, mistakes: Vec::new() };
        let resource = kinds::resource(&mut cells);
        made.read_beside(&mut cells);
        if let Some(resource) = &resource
            && cells.mistakes.is_empty()
            && let Some(place) = places.insert(resource.id.clone(), row.place.clone())
        {
            cells.mistakes.push(Mistake::at(
                row.place.clone(),
                row.span.clone(),
                format!("is the same thing as {place}"),
            ));
        }
        match resource {
            Some(resource) if cells.mistakes.is_empty() => {
                made.note_group(frame, &resource);
                made.resources.push(resource);
            }
            Some(_) | None => made.mistakes.append(&mut cells.mistakes),
        }
    }
    made
}

impl Made {
    /// What a row says beside its resource: how many rows there are, whether it is whole, when it was exported.
    fn read_beside(&mut self, cells: &mut Cells<'_>) {
        let (mapping, exported_at) = (cells.frame.mapping, cells.frame.exported_at);
        if let Some(total) = &mapping.complete_when.total
            && let Fact::Known(total) = cells.of(total, |value, _| local::number(value))
            && !self.totals.contains(&total)
        {
            self.totals.push(total);
        }
        if let Some((field, words)) = &mapping.complete_when.row {
            let word = cells.of(field, |value, _| local::plain(value));
            if !word.known().is_some_and(|word| words.contains(word)) {
                self.unfinished.push(cells.row.place.clone());
            }
        }
        if let Some(field) = exported_at
            && let Fact::Known(moment) = cells.of(field, |value, field| field.moment(value))
        {
            self.exported_at = self.exported_at.max(Some(moment));
        }
    }

    fn note_group(&mut self, frame: Frame<'_>, resource: &Resource) {
        let Body::Grant(grant) = &resource.body else { return };
        if let (Fact::Known(group), false) = (&grant.group, frame.mapping.administrators.is_empty()) {
            let administers = frame.mapping.administrators.contains(&grant.role);
            *self.groups.entry(group.native().to_owned()).or_default() |= administers;
        }
    }

    /// The groups that hold grants. That one makes nobody an administrator can only be said of a whole list.
    pub(super) fn groups(&self, instance: &str, whole: bool) -> Vec<Resource> {
        let mut groups: Vec<Resource> = self
            .groups
            .iter()
            .map(|(name, administers)| {
                let known = *administers || whole;
                let administers = if known { Fact::Known(*administers) } else { Fact::Unknown };
                let (jira_access, confluence_access) = (Fact::Absent, Fact::Absent);
                Resource {
                    id: ResourceId::new(instance, Kind::Group, name),
                    name: name.clone(),
                    seen_by: Vec::new(),
                    body: Body::Group(Group { administers, jira_access, confluence_access, ..Group::default() }),
                }
            })
            .collect();
        groups.sort_by(|left, right| left.id.cmp(&right.id));
        groups
    }
}

/// One row while it is read. Its mistakes are gathered, so that all of them are told.
struct Cells<'a> {
    frame: Frame<'a>,
    row: &'a Row,
    mistakes: Vec<Mistake>,
}

impl<'a> Cells<'a> {
    fn of<T>(&mut self, field: &'a Field, read: impl FnOnce(&Json, &Field) -> Result<T, String>) -> Fact<T> {
        let told = field.cell(self.row).and_then(|cell| match cell {
            Fact::Known(value) => read(&value, field).map(Fact::Known),
            Fact::Absent => Ok(Fact::Absent),
            Fact::Unknown => Ok(Fact::Unknown),
        });
        told.unwrap_or_else(|what| {
            self.mistakes.push(Mistake::in_cell(self.row, field.column(), what));
            Fact::Unknown
        })
    }

    /// The field of a name, by a reader of its values; unknown if nothing is mapped to it.
    fn field<T>(&mut self, name: &str, read: impl FnOnce(&Json, &Field) -> Result<T, String>) -> Fact<T> {
        let mapping = self.frame.mapping;
        mapping.fields.get(name).map_or(Fact::Unknown, |field| self.of(field, read))
    }

    fn complain(&mut self, column: &str, what: &str) {
        let mistake = Mistake::at(self.row.place.clone(), self.row.span.clone(), what);
        let column = Some(column.to_owned()).filter(|column| !column.is_empty());
        self.mistakes.push(Mistake { column, ..mistake });
    }

    fn text(&mut self, name: &str) -> Fact<String> {
        self.field(name, |value, field| Ok(format!("{}{}", field.prefix, local::plain(value)?)))
    }

    fn words(&mut self, name: &str) -> Fact<Vec<String>> {
        self.field(name, |value, field| field.words(value))
    }

    fn flag(&mut self, name: &str) -> Fact<bool> {
        self.field(name, |value, _| local::flag(value))
    }

    fn number(&mut self, name: &str) -> Fact<i64> {
        self.field(name, |value, _| local::number(value))
    }

    fn moment(&mut self, name: &str) -> Fact<DateTime<Utc>> {
        self.field(name, |value, field| field.moment(value))
    }

    /// An end that lies more than a hundred years ahead is how some systems write that there is none.
    fn end(&mut self, name: &str) -> Fact<DateTime<Utc>> {
        let far = self.frame.now.checked_add_signed(TimeDelta::days(36_525));
        match self.moment(name) {
            Fact::Known(moment) if far.is_some_and(|far| moment > far) => Fact::Absent,
            moment => moment,
        }
    }

    fn account(&mut self, name: &str) -> Fact<ResourceId> {
        let instance = self.frame.instance;
        self.field(name, |value, field| {
            let text = format!("{}{}", field.prefix, local::plain(value)?);
            Ok(match field.by {
                AccountBy::Id => ResourceId::new(instance, Kind::Principal, &text),
                AccountBy::Name => AccountName::LogIn(&text).in_place_of_id(instance),
                AccountBy::Mail => AccountName::Mail(&text).in_place_of_id(instance),
            })
        })
    }

    fn thing(&mut self, name: &str, kind: Kind) -> Fact<ResourceId> {
        let instance = self.frame.instance;
        self.field(name, |value, field| {
            Ok(ResourceId::new(instance, kind, &format!("{}{}", field.prefix, local::plain(value)?)))
        })
    }

    fn groups(&mut self, name: &str) -> Fact<Vec<ResourceId>> {
        let instance = self.frame.instance;
        let id = |name: &String| ResourceId::new(instance, Kind::Group, name);
        self.field(name, |value, field| Ok(field.words(value)?.iter().map(id).collect()))
    }

    fn address(&mut self, name: &str) -> Fact<String> {
        self.field(name, |value, _| host_of(&local::plain(value)?))
    }

    fn addresses(&mut self, name: &str) -> Fact<Vec<String>> {
        self.field(name, |value, field| {
            let hosts: Result<Vec<String>, String> =
                field.words(value)?.iter().map(|address| host_of(address)).collect();
            hosts.map(|mut hosts| {
                hosts.sort_unstable();
                hosts.dedup();
                hosts
            })
        })
    }

    /// The id that the row has, or the mistake that it has none.
    fn native_id(&mut self) -> Option<String> {
        let mapping = self.frame.mapping;
        let mut parts = Vec::with_capacity(mapping.id.len());
        for field in &mapping.id {
            match self.of(field, |value, field| Ok(format!("{}{}", field.prefix, local::plain(value)?))) {
                Fact::Known(part) => parts.push(part),
                Fact::Absent | Fact::Unknown => {
                    self.complain(field.column(), "is empty, and rows are told apart by it");
                    return None;
                }
            }
        }
        Some(format!("{}{}", mapping.id_prefix, parts.join("/")))
    }

    fn name(&mut self) -> String {
        let mapping = self.frame.mapping;
        let name = mapping
            .name
            .as_ref()
            .map(|field| self.of(field, |value, field| Ok(format!("{}{}", field.prefix, local::plain(value)?))));
        name.and_then(|name| name.known().cloned()).unwrap_or_default()
    }

    /// The form of the row's resource, or the mistake that it has none.
    fn form<T: Copy>(&mut self, all: &[T], name: impl Fn(T) -> &'static str) -> Option<T> {
        let field = self.frame.mapping.form.as_ref()?;
        let words: Vec<&'static str> = all.iter().map(|form| name(*form)).collect();
        let found = self.of(field, |value, _| super::field::one_of(value, &words));
        match found {
            Fact::Known(word) => all.iter().copied().find(|form| name(*form) == word),
            Fact::Absent | Fact::Unknown => {
                // What is no form was complained of already.
                if self.mistakes.is_empty() {
                    self.complain(field.column(), "is empty, and the form of the row depends on it");
                }
                None
            }
        }
    }
}
