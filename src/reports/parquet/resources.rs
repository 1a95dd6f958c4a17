//! What is there, of one tenant: all kinds in one table, with the facts that people ask for most in columns of their own, and every
//! fact in the body.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};

use super::column::{Plain, Value, column, optional};
use super::scans::scan_values;
use super::write::write_rows;
use super::{ParquetColumn, ParquetForm, ParquetTable};
use crate::model::{Fact, Resource};
use crate::reports::facts::{Facts, fields};

pub(super) const RESOURCES: ParquetTable = ParquetTable {
    name: "resources",
    about: "Every thing that was seen, and those out of sight as they were last known: accounts, groups, credentials, containers, \
            grants, apps, webhooks, automations, variables, settings, integrations and people. What was seen in part has the row \
            of what was seen",
    columns: &COLUMNS,
    write: |export, _tenant, part, out| {
        let facts = Facts::new();
        let rows = part.resources.iter().map(|(resource, was_seen)| row(resource, *was_seen, &facts));
        write_rows(&RESOURCES, &scan_values(export.assessment), rows, out)
    },
};

static COLUMNS: [ParquetColumn; 21] = [
    column("resource_id", ParquetForm::Text, "tenant/kind/native: the same in every scan"),
    column(
        "kind",
        ParquetForm::Text,
        "`principal`, `group`, `credential`, `container`, `grant`, `app`, `webhook`, `automation`, `variable`, `setting`, \
         `integration` or `person`",
    ),
    column("native_id", ParquetForm::Text, "The id that the tenant gave it"),
    optional("name", ParquetForm::Text, "What people call it; NULL where the source gives no name"),
    column(
        "sight",
        ParquetForm::Text,
        "`seen`; or `carried`: this scan could not look for it, and the row tells how it was when last seen. It may be gone or \
         changed",
    ),
    column("seen_by", ParquetForm::Sightings, "The endpoints that showed it: joins with `ledger`"),
    optional(
        "form",
        ParquetForm::Text,
        "Of credentials, containers, grants and apps the form, of settings the key; NULL for other kinds",
    ),
    column("account_type", ParquetForm::TextFact, "`person`, `service-account`, `app`, `agent`, `customer` or `other`"),
    column(
        "status",
        ParquetForm::TextFact,
        "`active`, `suspended`, `deactivated`, `blocked`, … or the source's own word",
    ),
    column("email", ParquetForm::TextFact, "Mail address of an account or a person"),
    column(
        "managed",
        ParquetForm::YesNoFact,
        "True if the organisation has claimed the account, or it is one of a self-hosted product",
    ),
    column("mfa", ParquetForm::YesNoFact, "True if two-step verification is on"),
    column("owner", ParquetForm::TextFact, "Id of the owner of a credential or container"),
    column(
        "container",
        ParquetForm::TextFact,
        "Id of what it is in or on; `unknown` also for forms that are in none. Of a container see `parent` in the body",
    ),
    column("created_at", ParquetForm::TimeFact, "When it was made"),
    column("expires_at", ParquetForm::TimeFact, "When it ends; `none` if it never does"),
    column("last_used_at", ParquetForm::TimeFact, "When it was last used; `none` if no use was ever recorded"),
    column("last_login_at", ParquetForm::TimeFact, "When an account last logged in"),
    column(
        "body",
        ParquetForm::Text,
        "Every fact as JSON, under the names that rules give them, sorted: `null` if a source says that there is none, left out \
         if nobody told",
    ),
    column("facts_none", ParquetForm::List, "The facts in the body of which a source says that there is none"),
    column(
        "facts_unknown",
        ParquetForm::List,
        "The facts that a thing of its kind can have and that nobody told, those among them that its form never has",
    ),
];

fn row<'a>(resource: &'a Resource, was_seen: bool, all: &Facts) -> [Value<'a>; 21] {
    let kind = resource.kind();
    let body = fields(resource);
    let told = Told { body: &body, names: all.names(kind) };
    let none = body.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone());
    let unknown = told.names.iter().filter(|name| !body.contains_key(*name)).cloned();
    [
        Value::text(resource.id.as_str()),
        Value::text(kind.name()),
        Value::text(resource.id.native()),
        Value::text_or_null(&resource.name),
        Value::text(if was_seen { "seen" } else { "carried" }),
        Value::Sightings(&resource.seen_by),
        Value::optional(resource.body.form(), Value::text),
        told.text("account_type"),
        told.text("status"),
        told.text("email"),
        told.yes_no("managed"),
        told.yes_no("mfa"),
        told.text("owner"),
        told.text("container"),
        told.time("created_at"),
        told.time("expires_at"),
        told.time("last_used_at"),
        told.time("last_login_at"),
        Value::text(serde_json::to_string(&body).expect("internal: JSON can be written as JSON")),
        Value::list(none),
        Value::list(unknown),
    ]
}

/// What is told of a resource, and the names of what could be.
struct Told<'a> {
    body: &'a Map<String, Json>,
    names: &'a [String],
}

impl Told<'_> {
    fn text(&self, name: &str) -> Value<'static> {
        self.fact(name, |value| value.as_str().map(|text| Plain::Text(text.to_owned().into())))
    }

    fn yes_no(&self, name: &str) -> Value<'static> {
        self.fact(name, |value| value.as_bool().map(Plain::YesNo))
    }

    fn time(&self, name: &str) -> Value<'static> {
        self.fact(name, |value| value.as_str()?.parse::<DateTime<Utc>>().ok().map(Plain::Time))
    }

    /// A fact; `NULL` where the kind has no such fact.
    fn fact(&self, name: &str, read: fn(&Json) -> Option<Plain<'static>>) -> Value<'static> {
        match self.body.get(name) {
            Some(Json::Null) => Value::Fact(Fact::Absent),
            Some(value) => {
                let value =
                    read(value).unwrap_or_else(|| panic!("internal: `{name}` is of another type than its column"));
                Value::Fact(Fact::Known(value))
            }
            None if self.names.iter().any(|known| known == name) => Value::Fact(Fact::Unknown),
            None => Value::Null,
        }
    }
}
