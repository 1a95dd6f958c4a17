//! The register's file: read with all its mistakes at once. What an entry leaves out, the profile of its system says.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::document::{self, Located, Node, Section, Value};
use crate::inventory::detector::written::{forms, get_text, hosts, need_text, permissions, places, sorted, text};
use crate::model::{Body, DeclaredAccount, Fact, Integration, Kind, Profile, Resource, ResourceId};
use crate::problem::{Problems, SourceText};
use crate::text::did_you_mean;

/// Whose ids integrations have.
const TENANT: &str = "register";

/// The integrations that a file declares, sorted by id. Where they were seen is for the source to say.
///
/// # Errors
/// Everything that is wrong in the file: an id that is missing or comes twice, an unknown key, system or form, an
/// improper mail address or day, an entry that names no account where it begins to.
pub fn read(file: &SourceText, profiles: &[Profile]) -> Result<Vec<Resource>, Problems> {
    let mut document = document::parse(file)?;
    if !document.has("integrations") {
        let help = Some("add `integrations:` with a list, or `integrations: []`".to_owned());
        document.wrong(document.span(), "`integrations` is missing", help);
    }
    let mut integrations: Vec<Resource> = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for mut section in document.sections("integrations") {
        let integration = entry(&mut section, profiles);
        if let Some(resource) = &integration
            && !ids.insert(resource.id.native().to_owned())
        {
            let what = format!("integration `{}` is in the file already", resource.id.native());
            section.wrong(section.span_of("id"), what, Some("ids tell entries apart: choose another".to_owned()));
        }
        integrations.extend(document.take(section.finish(integration)));
    }
    integrations.sort_by(|left, right| left.id.cmp(&right.id));
    document.finish(Some(integrations))
}

fn entry(section: &mut Section, profiles: &[Profile]) -> Option<Resource> {
    let id = need_text(section, "id");
    if let Some(id) = id.as_ref().filter(|id| id.value.contains(char::is_whitespace)) {
        let help =
            Some(format!("write `{}`", id.value.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase()));
        section.wrong(id.span.clone(), format!("the id `{}` has spaces in it", id.value), help);
    }
    let name = get_text(section, "name");
    let profile = system(section, profiles);
    let body = Integration {
        system: Fact::from_option(profile.map(|profile| profile.id.clone())),
        purpose: fact(section, "purpose"),
        environment: fact(section, "environment"),
        owner_email: owner(section),
        team: fact(section, "team"),
        accounts: accounts(section),
        containers: Fact::from_option(places(section, "containers").map(sorted)),
        permissions: told_or(
            permissions(section, "permissions"),
            profile.map(|profile| profile.permissions.as_slice()),
        ),
        credential_forms: told_or(
            forms(section, "credential_forms"),
            profile.map(|profile| profile.credential_forms.as_slice()),
        ),
        longest_days: Fact::from_option(
            section.number("longest_days", 3660).map(i64::from).or_else(|| profile?.longest_days),
        ),
        webhook_hosts: told_or(
            hosts(section, "webhook_hosts"),
            profile.map(|profile| profile.webhook_hosts.as_slice()),
        ),
        vendor_contact: fact(section, "vendor_contact"),
        review_at: review(section),
        fingerprints: Fact::from_option(profile.map(|profile| profile.fingerprints.clone())),
    };
    let id = id?.value;
    Some(Resource {
        name: name.map_or_else(|| id.clone(), |name| name.value),
        id: ResourceId::new(TENANT, Kind::Integration, &id),
        seen_by: Vec::new(),
        body: Body::Integration(body),
    })
}

fn fact(section: &mut Section, key: &'static str) -> Fact<String> {
    Fact::from_option(get_text(section, key).map(|text| text.value))
}

/// What the entry says, an empty list included; otherwise what the profile says, which says nothing by an empty one.
fn told_or(told: Option<Vec<String>>, profile: Option<&[String]>) -> Fact<Vec<String>> {
    Fact::from_option(told.or_else(|| profile.filter(|list| !list.is_empty()).map(<[String]>::to_vec)))
}

fn system<'p>(section: &mut Section, profiles: &'p [Profile]) -> Option<&'p Profile> {
    let written = get_text(section, "system")?;
    let profile = profiles.iter().find(|profile| profile.id == written.value);
    if profile.is_none() {
        let small = written.value.to_lowercase().replace([' ', '_'], "-");
        let ids = profiles.iter().map(|profile| profile.id.as_str());
        let titled = profiles.iter().find(|profile| profile.title.to_lowercase() == written.value.to_lowercase());
        let help = match titled.map(|profile| profile.id.as_str()).or_else(|| did_you_mean(&small, ids.clone())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "there are profiles of {}; others go into a profile of your own",
                ids.collect::<Vec<_>>().join(", ")
            ),
        };
        section.wrong(written.span, format!("there is no profile of a system `{}`", written.value), Some(help));
    }
    profile
}

fn owner(section: &mut Section) -> Fact<String> {
    let Some(written) = get_text(section, "owner") else { return Fact::Absent };
    if !is_mail(&written.value) {
        let help = "write the mail address of one person; a team goes under `team`".to_owned();
        section.wrong(written.span, format!("`owner` is no mail address: `{}`", written.value), Some(help));
    }
    Fact::Known(written.value.to_lowercase())
}

fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let sound = |part: &str| {
        !part.is_empty() && !part.contains(['@', '<', '>', ',', ';']) && !part.contains(char::is_whitespace)
    };
    sound(local) && sound(domain) && domain.contains('.') && domain.split('.').all(|label| !label.is_empty())
}

fn review(section: &mut Section) -> Fact<DateTime<Utc>> {
    let Some(written) = get_text(section, "review_at") else { return Fact::Absent };
    let day = written.value.parse::<NaiveDate>().ok().filter(|day| day.to_string() == written.value);
    if day.is_none() {
        let help = "a day is written as year, month and day: `2027-01-31`".to_owned();
        section.wrong(written.span, format!("`review_at` is no day: `{}`", written.value), Some(help));
    }
    Fact::from_option(day.map(|day| day.and_time(NaiveTime::MIN).and_utc()))
}

fn accounts(section: &mut Section) -> Fact<Vec<DeclaredAccount>> {
    let Some(node) = section.get::<Node>("accounts") else { return Fact::Absent };
    let items = match node.value {
        Value::List(items) => items,
        Value::Null => Vec::new(),
        other => {
            let help = if let Value::Text(text) = &other { Some(format!("write `[{text}]`")) } else { None };
            section.wrong(node.span, format!("`accounts` is {}, expected a list", other.sort()), help);
            return Fact::Unknown;
        }
    };
    if items.is_empty() {
        let help = Some("name at least one, or leave `accounts` out".to_owned());
        section.wrong(node.span, "`accounts` names none", help);
        return Fact::Unknown;
    }
    let mut accounts: Vec<DeclaredAccount> = Vec::with_capacity(items.len());
    for item in items {
        let span = item.span.clone();
        let Some(account) = account(section, item) else { continue };
        if accounts.contains(&account) {
            section.wrong(span, format!("account `{}` comes twice", account.name), None);
        }
        accounts.push(account);
    }
    accounts.sort_unstable();
    Fact::Known(accounts)
}

/// A name alone, or a section with a name and what tells it apart.
fn account(section: &mut Section, node: Node) -> Option<DeclaredAccount> {
    if !matches!(node.value, Value::Map(_)) {
        let name = text(section, "accounts", &node)?;
        return Some(DeclaredAccount { name: name.value, id: None, source: None });
    }
    let file = section.file().clone();
    let mut own = Section::of(&file, node)?;
    let name = need_text(&mut own, "name");
    let value = |text: Option<Located<String>>| text.map(|text| text.value);
    let (id, source) = (value(get_text(&mut own, "id")), value(get_text(&mut own, "source")));
    let account = name.map(|name| DeclaredAccount { name: name.value, id, source });
    section.take(own.finish(account))
}
