//! What the audit log tells about accounts, credentials and apps: who logged in last, who acts with which credential,
//! which app acts for whom. Nothing else of an event is kept.
//!
//! Events are told once: a scan reads on where the one before stopped, and the snapshot recalls what was told earlier.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::endpoints::{EVENT_ACTIONS, EVENTS};
use super::{BY_CURSOR, Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{App, AppForm, Body, Credential, CredentialForm, Fact, Kind};
use crate::model::{Principal, Resource, ResourceId};
use crate::sources::Depth;
use crate::sources::pages::{Listed, Streamed};
use crate::sources::reading::Part;
use crate::sources::row::{id, moment, value};
use crate::text::plural;

/// Paging of the stream: the cursor stays good for what is yet to happen.
const BY_STREAM: Paging = Paging::Stream { cursor: "cursor" };

/// How the log calls what acts through OAuth: with `2LO` or `3LO` behind it.
const OAUTH: &str = "auth-token-for-";

/// How it calls an app that acts for nobody else.
const OAUTH_FOR_ITSELF: &str = "auth-token-for-2LO";

/// How late an event may come into the stream.
const LAG: TimeDelta = TimeDelta::days(1);

/// How long the log keeps an event.
const KEPT: TimeDelta = TimeDelta::days(180);

/// The actions by which an account comes in.
pub(super) type LogIns = BTreeSet<String>;

/// What the listings of this visit showed: only about these is anything told.
pub(super) struct Listings<'a> {
    /// Accounts.
    pub(super) accounts: &'a [&'a Part],
    /// Tokens, keys and clients.
    pub(super) credentials: &'a [&'a Part],
}

impl Visit<'_> {
    /// Which actions there are, and which of them are log-ins: their ids are written down nowhere else.
    pub(super) async fn event_actions(&self) -> (Part, LogIns) {
        let mut reading = self.gatherer.start(&EVENT_ACTIONS);
        let request = EVENT_ACTIONS.request(&[&self.org]);
        let rows = reading.walk::<Listed<wire::EventAction>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        let log_ins = rows.into_iter().filter_map(log_in).collect();
        (reading.finish(), log_ins)
    }

    pub(super) async fn events(&self, actions: &Part, log_ins: &LogIns, listings: &Listings<'_>) -> Part {
        let mut reading = self.gatherer.start(&EVENTS);
        let now = self.gatherer.clock.now();
        let begin = now - TimeDelta::days(self.source.audit_days.into());
        let mark = reading.read_up_to().map(Mark::read);
        let request = EVENTS.request(&[&self.org]).query("limit", self.source.connection.page_size(500));
        let afresh = || request.clone().query("from", begin.timestamp_millis());
        let first = match &mark {
            Some(mark) => request.clone().query("cursor", &mark.cursor),
            None => afresh(),
        };

        let mut told = Told::about(listings);
        let client = &self.source.client;
        let mut take = |event| told.take(event, log_ins);
        let mut whole = reading.walk_through::<Streamed<_>, _>(client, first, BY_STREAM, &mut take).await;
        if let Some(mark) = &mark
            && reading.met_bad_request()
        {
            reading.try_again();
            if mark.read_at.is_none_or(|read_at| read_at - LAG < begin) {
                reading.fall_short(format!(
                    "the server no longer knows where the scan before stopped reading; events before {} may be missed \
                     (`audit_days`)",
                    begin.format("%Y-%m-%d")
                ));
            }
            whole = reading.walk_through::<Streamed<_>, _>(client, afresh(), BY_STREAM, &mut take).await;
        }

        if !reading.failed_whole() {
            if actions.entry.is_gap() {
                let state = actions.entry.state.name();
                reading.fall_short(format!("not every log-in is recognised: {} is {state}", actions.entry.endpoint));
            } else if log_ins.is_empty() && self.gatherer.depth == Depth::Whole {
                reading.fall_short("no log-in is recognised: none of the actions is called one".to_owned());
            }
        }
        if let Some(read_at) = mark.as_ref().and_then(|mark| mark.read_at)
            && read_at < now - KEPT
        {
            reading.fall_short(format!(
                "the log keeps {} days, and the scan before read up to {}",
                KEPT.num_days(),
                read_at.format("%Y-%m-%d")
            ));
        }
        if told.unread > 0 {
            let events = plural(told.unread, "event does", "events do");
            reading.fall_short(format!("{events} not tell who did what and when"));
        }
        if told.nameless > 0 {
            let events = plural(told.nameless, "event", "events");
            reading.fall_short(format!("in {events} an app acts through OAuth and is not named"));
        }
        // What was told about accounts and credentials that could not be listed this once has to be told again.
        let listed = listings.all().all(|part| !part.interrupted);
        let read_at = if whole { Some(now) } else { mark.map_or(Some(begin), |mark| mark.read_at) };
        reading.amend_mark(|cursor| listed.then(|| Mark { cursor, read_at }.write()));
        told.facts().for_each(|facts| reading.enrich(facts));
        told.apps(&self.org).for_each(|app| reading.push(Some(app)));
        reading.finish()
    }
}

/// Where the scan before stopped: the cursor, and up to when everything had been read.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    cursor: String,
    read_at: Option<DateTime<Utc>>,
}

impl Mark {
    fn read(text: &str) -> Self {
        let dated = text.split_once(' ').and_then(|(read_at, cursor)| {
            let read_at = DateTime::parse_from_rfc3339(read_at).ok()?.to_utc();
            Some(Self { cursor: cursor.to_owned(), read_at: Some(read_at) })
        });
        dated.unwrap_or_else(|| Self { cursor: text.to_owned(), read_at: None })
    }

    fn write(self) -> String {
        match self.read_at {
            Some(read_at) => format!("{} {}", read_at.to_rfc3339_opts(SecondsFormat::Secs, true), self.cursor),
            None => self.cursor,
        }
    }
}

impl<'a> Listings<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Part> {
        self.accounts.iter().chain(self.credentials).copied()
    }
}

/// The action's id, if it is a log-in of the actor: by its id and, where it has one, by its name. To log in as somebody
/// else, or in vain, is none.
fn log_in(action: wire::EventAction) -> Option<String> {
    let id = id(action.id)?;
    let name = value(action.attributes).and_then(|attributes| value(attributes.display_name));
    let says = |text: &str, words: &[&str]| words.iter().any(|word| text.to_lowercase().contains(word));
    let by_id = says(&id, &["login", "log_in", "logged_in"])
        && !says(&id, &["_as_", "fail", "attempt", "denied", "setting", "polic"]);
    let by_name = name.is_none_or(|name| {
        says(&name, &["logged in", "login", "log in"]) && !says(&name, &[" as ", "fail", "attempt", "denied"])
    });
    (by_id && by_name).then_some(id)
}

/// What the events told so far.
struct Told<'a> {
    accounts: BTreeMap<&'a str, &'a Resource>,
    credentials: BTreeMap<&'a str, &'a Resource>,
    log_ins: BTreeMap<&'a str, DateTime<Utc>>,
    uses: BTreeMap<&'a str, Use>,
    apps: BTreeMap<String, ActingApp>,
    /// Events in which something acts through OAuth, and the app is not named.
    nameless: usize,
    /// Events of which something could not be read that might have told more.
    unread: usize,
}

/// How a credential or an app was used.
#[derive(Debug, Default)]
struct Use {
    last_at: Option<DateTime<Utc>>,
    by: Latest<String>,
    auth_type: Latest<String>,
    acts_for: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct ActingApp {
    name: String,
    used: Use,
}

/// The value of the latest event that has one. An event without a time is older than any other.
#[derive(Debug, Default)]
struct Latest<T>(Option<(Option<DateTime<Utc>>, T)>);

impl<T> Latest<T> {
    fn take(&mut self, at: Option<DateTime<Utc>>, value: Option<T>) {
        let Some(value) = value else { return };
        if self.0.as_ref().is_none_or(|(latest, _)| *latest <= at) {
            self.0 = Some((at, value));
        }
    }

    fn fact(self) -> Fact<T> {
        self.0.map_or(Fact::Unknown, |(_, value)| Fact::Known(value))
    }
}

impl Use {
    fn take(
        &mut self,
        at: Option<DateTime<Utc>>,
        by: Option<&String>,
        auth_type: Option<&String>,
        whom: Option<String>,
    ) {
        self.last_at = self.last_at.max(at);
        self.by.take(at, by.cloned());
        self.auth_type.take(at, auth_type.cloned());
        self.acts_for.extend(whom);
    }
}

impl<'a> Told<'a> {
    fn about(listings: &Listings<'a>) -> Self {
        let natives = |parts: &[&'a Part]| {
            let resources = parts.iter().flat_map(|part| &part.resources);
            resources.map(|resource| (resource.id.native(), resource)).collect()
        };
        Self {
            accounts: natives(listings.accounts),
            credentials: natives(listings.credentials),
            log_ins: BTreeMap::new(),
            uses: BTreeMap::new(),
            apps: BTreeMap::new(),
            nameless: 0,
            unread: 0,
        }
    }

    fn take(&mut self, event: wire::Event, log_ins: &LogIns) {
        let event = value(event.attributes).unwrap_or_default();
        let at = value(moment(event.time));
        // What nobody did has no actor, and says so.
        if event.actor.is_unknown() || at.is_none() || event.action.known().is_none() {
            self.unread += 1;
        }
        let Some(actor) = value(event.actor) else { return };
        let by = id(actor.id);
        if let (Some(by), Some(at), Some(action)) = (&by, at, event.action.known())
            && log_ins.contains(action)
            && let Some((account, _)) = self.accounts.get_key_value(by.as_str())
        {
            let last = self.log_ins.entry(account).or_insert(at);
            *last = at.max(*last);
        }
        let auth = value(actor.auth).unwrap_or_default();
        let auth_type = id(auth.auth_type);
        let whom = value(actor.on_behalf_of).and_then(wire::Person::account);
        if let Some(token) = id(auth.token_id)
            && let Some((credential, _)) = self.credentials.get_key_value(token.as_str())
        {
            self.uses.entry(credential).or_default().take(at, by.as_ref(), auth_type.as_ref(), whom.clone());
        }
        let app = value(actor.app).unwrap_or_default();
        match id(app.id) {
            Some(app_id) => {
                let known = self.apps.entry(app_id).or_default();
                let name = value(app.attributes).and_then(|named| id(named.name)).or_else(|| id(app.name));
                // An actor that no listing shows as an account, and that acts for itself or for another, is the app.
                let listed = by.as_ref().is_some_and(|by| self.accounts.contains_key(by.as_str()));
                let itself = whom.is_some() || auth_type.as_deref() == Some(OAUTH_FOR_ITSELF);
                let name = name.or_else(|| id(actor.name).filter(|_| itself && !listed));
                known.name = name.unwrap_or_else(|| std::mem::take(&mut known.name));
                known.used.take(at, by.as_ref(), auth_type.as_ref(), whom);
            }
            None if auth_type.is_some_and(|auth_type| auth_type.starts_with(OAUTH)) => self.nameless += 1,
            None => {}
        }
    }

    /// What is to be added to the accounts and credentials of the listings.
    fn facts(&mut self) -> impl Iterator<Item = Resource> + use<> {
        let log_ins = std::mem::take(&mut self.log_ins).into_iter().filter_map(|(native, at)| {
            let body = Principal { last_login_at: Fact::Known(at), ..Principal::default() };
            Some(bare(self.accounts.get(native)?, Body::Principal(body)))
        });
        let uses = std::mem::take(&mut self.uses).into_iter().filter_map(|(native, used)| {
            let credential = self.credentials.get(native)?;
            let Body::Credential(Credential { form, .. }) = &credential.body else { return None };
            Some(bare(credential, Body::Credential(usage(*form, used))))
        });
        log_ins.chain(uses).collect::<Vec<_>>().into_iter()
    }

    fn apps(self, org: &str) -> impl Iterator<Item = Resource> {
        self.apps.into_iter().map(move |(native, app)| {
            let body = App {
                acts_for: Fact::Known(accounts(app.used.acts_for)),
                auth_type: app.used.auth_type.fact(),
                last_used_at: app.used.last_at.map_or(Fact::Unknown, Fact::Known),
                ..App::unknown(AppForm::ActingApp)
            };
            let id = ResourceId::new(org, Kind::App, &format!("acting:{native}"));
            Resource { id, name: app.name, seen_by: Vec::new(), body: Body::App(body) }
        })
    }
}

/// A credential of which nothing is known but how it was used.
fn usage(form: CredentialForm, used: Use) -> Credential {
    Credential {
        last_used_by: used.by.fact().map(|account| cloud(Kind::Principal, &account)),
        acts_for: Fact::Known(accounts(used.acts_for)),
        auth_type: used.auth_type.fact(),
        ..Credential::unknown(form)
    }
}

fn accounts(natives: BTreeSet<String>) -> Vec<ResourceId> {
    natives.iter().map(|native| cloud(Kind::Principal, native)).collect()
}

fn bare(listed: &Resource, body: Body) -> Resource {
    Resource { id: listed.id.clone(), name: String::new(), seen_by: Vec::new(), body }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    #[test]
    fn a_log_in_is_told_by_id_and_name_together() {
        let is_log_in = |id: &str, name: Option<&str>| {
            let row = json!({"id": id, "attributes": {"displayName": name}});
            log_in(Row::read(row).value.unwrap()).is_some()
        };
        for (id, name) in
            [("user_login", "Logged in"), ("user_logged_in", "User logged in"), ("atlassian_login", "Login")]
        {
            assert!(is_log_in(id, Some(name)), "{id}");
        }
        assert!(is_log_in("user_login", None), "an action without a name is known by its id");
        for (id, name) in [
            ("user_logged_in_as_user", "Logged in as user"),
            ("user_login_failed", "Failed to log in"),
            ("login_settings_updated", "Changed login settings"),
            ("user_login", "Removed user"),
            ("user_created", "Created user who logged in"),
            ("user_logout", "Logged out"),
        ] {
            assert!(!is_log_in(id, Some(name)), "{id}");
        }
    }

    #[test]
    fn a_mark_keeps_its_moment_and_one_without_is_a_cursor_all_the_same() {
        let mark = Mark { cursor: "c3R+/==".to_owned(), read_at: Some("2026-11-22T07:30:00Z".parse().unwrap()) };
        assert_eq!(Mark::read("2026-11-22T07:30:00Z c3R+/=="), mark);
        assert_eq!(Mark::read(&mark.write()).cursor, "c3R+/==");
        assert_eq!(Mark::read("opaque cursor"), Mark { cursor: "opaque cursor".to_owned(), read_at: None });
    }

    #[test]
    fn the_latest_value_wins_whatever_order_the_events_come_in() {
        let at = |day: u32| Some(format!("2026-11-{day:02}T00:00:00Z").parse().unwrap());
        let mut latest = Latest::default();
        for (day, value) in [(at(2), "b"), (None, "z"), (at(3), "c"), (at(1), "a")] {
            latest.take(day, Some(value));
        }
        latest.take(at(9), None);
        assert_eq!(latest.fact(), Fact::Known("c"));
        assert_eq!(Latest::<u8>::default().fact(), Fact::Unknown);
    }
}
