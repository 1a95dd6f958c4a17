//! A resource as a case describes it: a field that is left out is unknown, `null` says that there is none, times may be
//! told relative to the time of cases, and what is usually worked out may be stated outright.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::cases::case_time;
use super::condition::Stated;
use super::fields::{Field, Get, Neighbour, fields_of, neighbours_of};
use crate::document::{Located, Node, Read, Section, Value};
use crate::model::{Body, ContainerForm, Fact, Kind, Resource, ResourceId};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A resource, and what is stated of it that would be worked out otherwise, by path.
pub(super) struct Example {
    pub(super) resource: Resource,
    pub(super) stated: BTreeMap<String, Fact<Stated>>,
}

/// Reads a resource. `called` is its name in conditions.
pub(super) fn read_example(
    file: &SourceText,
    node: &Node,
    kind: Kind,
    called: &str,
    place: &Range<usize>,
) -> Result<Example, Problems> {
    let Some(mut section) = Section::of(file, node.clone()) else {
        return Err(Problem::at(file, node.span.clone(), "a section of fields is expected here").into());
    };
    let mut problems = Problems::default();
    let (mut name, mut native) = (called.to_owned(), called.to_owned());
    let mut body = serde_json::Map::new();
    let mut stated = BTreeMap::new();
    for (key, node) in section.rest() {
        if LISTS_OF_GROUPS.contains(&(kind, key.value.as_str())) {
            let groups = problems.take(groups(file, &node).map_err(Problems::from));
            body.extend(groups.map(|groups| (key.value, groups)));
            continue;
        }
        if (kind, key.value.as_str()) == (Kind::Integration, "accounts") {
            let accounts = problems.take(accounts(file, &node).map_err(Problems::from));
            body.extend(accounts.map(|accounts| (key.value, accounts)));
            continue;
        }
        let Some(field) = fields_of(Some(kind)).find(|field| field.name == key.value) else {
            problems.push(unknown_field(file, &key, kind));
            continue;
        };
        let Some(value) = problems.take(value(file, field, &node).map_err(Problems::from)) else { continue };
        match (field.name, value) {
            ("name", Fact::Known(Stated::Text(text))) => name = text,
            ("id", Fact::Known(Stated::Text(text))) => native = text,
            (_, value) if field.derived => {
                stated.insert(format!("{called}.{}", field.name), value);
            }
            (_, value) => {
                body.insert(field.name.to_owned(), to_json(value));
            }
        }
    }
    let body: Option<Body> = problems.take(make(file, kind, body, place).map_err(Problems::from));
    let id = ResourceId::parse(&native).unwrap_or_else(|| ResourceId::new("case", kind, &native));
    let example = body.map(|body| Example { resource: Resource { id, name, seen_by: Vec::new(), body }, stated });
    match example {
        Some(example) => problems.or(example),
        None => Err(problems),
    }
}

/// Reads a neighbour. Where nobody says what sort of container it is, that is unknown as well: the model has no such
/// container, so it is made a site, of which nothing is worked out.
pub(super) fn read_neighbour(
    file: &SourceText,
    node: &Node,
    neighbour: &Neighbour,
    place: &Range<usize>,
) -> Result<Example, Problems> {
    let mut node = node.clone();
    let mut formless = false;
    if let (Kind::Container, Value::Map(fields)) = (neighbour.kind, &mut node.value) {
        formless = !fields.iter().any(|(key, _)| key.value == "form");
        if formless {
            let text = |value: &str| Located { value: value.to_owned(), span: node.span.clone() };
            let form = Value::Text(ContainerForm::Site.name().to_owned());
            fields.push((text("form"), Node { value: form, span: node.span.clone() }));
        }
    }
    let mut example = read_example(file, &node, neighbour.kind, neighbour.name, place)?;
    if formless {
        example.stated.insert(format!("{}.form", neighbour.name), Fact::Unknown);
    }
    Ok(example)
}

/// Lists that name groups: a case writes the groups' names.
const LISTS_OF_GROUPS: &[(Kind, &str)] = &[
    (Kind::Principal, "groups"),
    (Kind::Principal, "groups_at_least"),
    (Kind::Principal, "workspace_groups"),
    (Kind::Principal, "workspace_groups_at_least"),
    (Kind::Group, "inside"),
    (Kind::Container, "licence_groups"),
    (Kind::Container, "default_groups"),
];

fn groups(file: &SourceText, node: &Node) -> Result<serde_json::Value, Problem> {
    let names = Vec::<String>::read(node)
        .ok_or_else(|| Problem::at(file, node.span.clone(), "a list of names of groups is expected here"))?;
    Ok(names.iter().map(|name| ResourceId::new("case", Kind::Group, name).to_string()).collect())
}

/// The accounts that a register declares; a case gives their names alone.
fn accounts(file: &SourceText, node: &Node) -> Result<serde_json::Value, Problem> {
    let names = Vec::<String>::read(node)
        .ok_or_else(|| Problem::at(file, node.span.clone(), "a list of names of accounts is expected here"))?;
    Ok(names.into_iter().map(|name| serde_json::json!({ "name": name })).collect())
}

fn make(
    file: &SourceText,
    kind: Kind,
    fields: serde_json::Map<String, serde_json::Value>,
    place: &Range<usize>,
) -> Result<Body, Problem> {
    let body = serde_json::json!({ kind.name(): fields });
    serde_json::from_value(body).map_err(|error| {
        let what = format!("this {} is not complete: {error}", kind.name());
        Problem::at(file, place.clone(), what).help("a source always tells this field: add it to the case")
    })
}

fn unknown_field(file: &SourceText, key: &Located<String>, kind: Kind) -> Problem {
    let names = fields_of(Some(kind)).map(|field| field.name);
    let help = if neighbours_of(kind).any(|neighbour| neighbour.name == key.value) {
        format!("neighbours stand under `with:`, as `{}: {{ … }}`", key.value)
    } else {
        match did_you_mean(&key.value, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names.collect::<Vec<_>>().join(", ")),
        }
    };
    Problem::at(file, key.span.clone(), format!("a {} has no field `{}`", kind.name(), key.value)).help(help)
}

fn value(file: &SourceText, field: &Field, node: &Node) -> Result<Fact<Stated>, Problem> {
    let wrong = |what: String| Problem::at(file, node.span.clone(), what);
    if node.value == Value::Null {
        let nothing = format!("`{}` always has a value", field.name);
        return if field.nullable {
            Ok(Fact::Absent)
        } else {
            Err(wrong(nothing).help("leave it out if it is unknown"))
        };
    }
    let value = match field.get {
        Get::Bool(_) => bool::read(node).map(Stated::Bool),
        Get::Int(_) => i64::read(node).map(Stated::Int),
        Get::Texts(_) => Vec::<String>::read(node).map(Stated::Texts),
        Get::Text(_) => String::read(node).map(Stated::Text),
        Get::Time(_) => match String::read(node).map(|text| time(&text)) {
            Some(None) => {
                let help = "write `2026-10-01T09:00:00Z`, `30 days ago` or `in 14 days`";
                return Err(wrong(format!("`{}` is no time", field.name)).help(help));
            }
            Some(Some(time)) => Some(Stated::Time(time)),
            None => None,
        },
    };
    let value = value
        .ok_or_else(|| wrong(format!("`{}` is {}, expected {}", field.name, node.value.sort(), field.type_name())))?;
    let words = field.words();
    match &value {
        Stated::Text(text) if !words.is_empty() && !words.contains(&text.as_str()) => {
            let help = match did_you_mean(text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it can be {}", words.join(", ")),
            };
            Err(wrong(format!("`{}` is never `{text}`", field.name)).help(help))
        }
        _ => Ok(Fact::Known(value)),
    }
}

/// A time as RFC 3339, as a date, or relative to the time of cases.
fn time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = text.parse::<DateTime<Utc>>() {
        return Some(time);
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return day.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
    }
    let (span, ahead) = match (text.strip_prefix("in "), text.strip_suffix(" ago")) {
        (Some(span), None) => (span, true),
        (None, Some(span)) => (span, false),
        _ => return None,
    };
    let (number, unit) = span.split_once(' ')?;
    let number: i64 = number.parse().ok()?;
    let span = match unit {
        "minute" | "minutes" => TimeDelta::try_minutes(number),
        "hour" | "hours" => TimeDelta::try_hours(number),
        "day" | "days" => TimeDelta::try_days(number),
        _ => None,
    }?;
    if ahead { case_time().checked_add_signed(span) } else { case_time().checked_sub_signed(span) }
}

fn to_json(value: Fact<Stated>) -> serde_json::Value {
    match value {
        Fact::Known(Stated::Bool(value)) => value.into(),
        Fact::Known(Stated::Int(value)) => value.into(),
        Fact::Known(Stated::Text(value)) => value.into(),
        Fact::Known(Stated::Texts(value)) => value.into(),
        Fact::Known(Stated::Time(value)) => value.to_rfc3339().into(),
        Fact::Absent | Fact::Unknown => serde_json::Value::Null,
    }
}

/// Makes a resource name its neighbour.
pub(super) fn set_link(body: &mut Body, neighbour: &str, to: Fact<ResourceId>) {
    match (body, neighbour) {
        (Body::Credential(credential), "owner") => credential.owner = to,
        (Body::Credential(credential), "creator") => credential.created_by = to,
        (Body::Credential(credential), "container") => credential.container = to,
        (Body::Credential(credential), "last_user") => credential.last_used_by = to,
        (Body::Container(container), "lead") => container.lead = to,
        (Body::Container(container), "owner") => container.owner = to,
        (Body::Container(container), "parent") => container.parent = to,
        (Body::App(app), "container") => app.container = to,
        (Body::Webhook(webhook), "container") => webhook.container = to,
        (Body::Webhook(webhook), "changer") => webhook.changed_by = to,
        (Body::Automation(automation), "container") => automation.container = to,
        (Body::Automation(automation), "author") => automation.author = to,
        (Body::Automation(automation), "actor") => automation.actor = to,
        (Body::Setting(setting), "container") => setting.container = to,
        (Body::Variable(variable), "container") => variable.container = to,
        (Body::Grant(grant), "holder_principal") => grant.principal = to,
        (Body::Grant(grant), "holder_group") => grant.group = to,
        (Body::Grant(grant), "container") => grant.container = to,
        _ => unreachable!("internal: every neighbour has a link"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;
    use crate::rules::fields::NEIGHBOURS;

    #[test]
    fn times_are_told_in_three_ways() {
        let shown = |text: &str| time(text).map(|time| time.to_rfc3339());
        assert_eq!(shown("2026-11-01T10:00:00Z").as_deref(), Some("2026-11-01T10:00:00+00:00"));
        assert_eq!(shown("2026-11-01").as_deref(), Some("2026-11-01T00:00:00+00:00"));
        assert_eq!(shown("30 days ago").as_deref(), Some("2026-10-23T02:00:00+00:00"));
        assert_eq!(shown("in 1 day").as_deref(), Some("2026-11-23T02:00:00+00:00"));
        assert_eq!(shown("soon"), None);
        assert_eq!(shown("in 9223372036854775807 days"), None);
    }

    #[test]
    fn every_neighbour_can_be_linked_and_is_found_again() {
        for neighbour in NEIGHBOURS {
            let mut resource = sample::resources().into_iter().find(|one| one.kind() == neighbour.of).unwrap();
            let id = ResourceId::new("case", neighbour.kind, "x");
            set_link(&mut resource.body, neighbour.name, Fact::Known(id.clone()));
            assert_eq!((neighbour.link)(&resource), Fact::Known(&id), "{}", neighbour.name);
        }
    }
}
