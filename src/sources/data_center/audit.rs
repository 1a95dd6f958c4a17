//! Audit events: whether they can be read, and who logged in last. Nothing else of an event is kept.
//!
//! A scan reads on where the one before stopped, and a little before that, for events are written with some delay. An
//! event has no id by which it could be known again, but what is kept of it is the same however often it is read.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{Common, wire};
use crate::http::{CursorPlace, Paging};
use crate::model::{Body, Fact, Kind, Principal, Resource, Setting};
use crate::sources::Depth;
use crate::sources::endpoint::{Endpoint, fill};
use crate::sources::reading::Part;
use crate::sources::row::{id, moment, value};
use crate::text::plural;

/// How late an event may be written, and how much clocks may differ.
const LAG: TimeDelta = TimeDelta::minutes(10);

const BY_CURSOR: Paging = Paging::Links { cursor: "pageCursor", place: CursorPlace::QueryBeside };

impl Common<'_> {
    /// Reads the events since the scan before. What they tell is added to the accounts in `accounts`.
    pub(in crate::sources) async fn audit_events(&self, endpoint: &'static Endpoint, accounts: &[&Part]) -> Part {
        let mut reading = self.start(endpoint);
        let now = self.gatherer.clock.now();
        let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let before = reading.read_up_to().and_then(|mark| Some(DateTime::parse_from_rfc3339(mark).ok()?.to_utc()));
        let begin = now - TimeDelta::days(self.access.audit_days.into());
        let from = before.map_or(begin, |before| before - LAG);
        let size = self.access.page_size(200);
        let mut told = Told::about(accounts);
        let mut whole = false;
        for (at, place) in endpoint.requests.iter().enumerate() {
            // Elsewhere is asked only where this version has nothing in the place before.
            if at > 0 {
                if !reading.was_not_offered() {
                    break;
                }
                reading.try_again();
            }
            let request = fill(*place, &[]).query("from", written(from)).query("limit", size);
            let client = &self.access.client;
            let mut take = |event| told.take(event);
            whole = reading.walk_through::<wire::EventPage, _>(client, request, BY_CURSOR, &mut take).await;
        }
        // What was told about accounts that could not be listed this once has to be told again.
        let listed = accounts.iter().all(|part| !part.interrupted);
        if whole && listed && self.gatherer.depth == Depth::Whole {
            reading.mark(written(told.newest.or(before).unwrap_or(from)));
        }
        if told.unread > 0 {
            let events = plural(told.unread, "event does", "events do");
            reading.fall_short(format!("{events} not tell who did what and when"));
        }
        if whole || told.newest.is_some() {
            reading.push(Some(self.audit_log(told.newest.is_some())));
        }
        told.facts().for_each(|facts| reading.enrich(facts));
        reading.finish()
    }

    fn audit_log(&self, has_events: bool) -> Resource {
        let body = Setting {
            value: Fact::Known(if has_events { "readable" } else { "empty" }.to_owned()),
            container: Fact::Known(self.instance_id()),
            ..Setting::of("audit-log")
        };
        Resource {
            id: self.id(Kind::Setting, "audit-log"),
            name: format!("Audit log of {}", self.access.product.title),
            seen_by: Vec::new(),
            body: Body::Setting(body),
        }
    }
}

/// What the events told so far.
struct Told<'a> {
    /// Accounts by their keys and by the names they log in with.
    accounts: BTreeMap<&'a str, &'a Resource>,
    log_ins: BTreeMap<&'a str, (&'a Resource, DateTime<Utc>)>,
    newest: Option<DateTime<Utc>>,
    /// Events of which something is missing that might have told more.
    unread: usize,
}

impl<'a> Told<'a> {
    fn about(accounts: &[&'a Part]) -> Self {
        let mut known = BTreeMap::new();
        for account in accounts.iter().flat_map(|part| &part.resources) {
            if let Body::Principal(principal) = &account.body
                && let Some(name) = principal.username.known()
            {
                known.entry(name.as_str()).or_insert(account);
            }
        }
        // A key is the better proof: where one account's name is another's key, the key counts.
        for account in accounts.iter().flat_map(|part| &part.resources) {
            known.insert(account.id.native(), account);
        }
        Self { accounts: known, log_ins: BTreeMap::new(), newest: None, unread: 0 }
    }

    fn take(&mut self, event: wire::Event) {
        let Some(at) = value(moment(event.timestamp)) else {
            self.unread += 1;
            return;
        };
        self.newest = self.newest.max(Some(at));
        // What nobody did has no author, and says so.
        self.unread += usize::from(event.author.is_unknown() || event.action.known().is_none());
        let Some(author) = value(event.author) else { return };
        if !value(event.action).is_some_and(|action| is_log_in(&action)) {
            return;
        }
        let by_id = id(author.id).and_then(|id| self.accounts.get(id.as_str()).copied());
        let by_name = || value(author.uri).and_then(|uri| self.accounts.get(user_in(&uri)?.as_str()).copied());
        let Some(account) = by_id.or_else(by_name) else { return };
        let last = self.log_ins.entry(account.id.native()).or_insert((account, at));
        last.1 = last.1.max(at);
    }

    fn facts(self) -> impl Iterator<Item = Resource> {
        self.log_ins.into_values().map(|(account, at)| {
            let body = Principal { last_login_at: Fact::Known(at), ..Principal::default() };
            Resource { id: account.id.clone(), name: String::new(), seen_by: Vec::new(), body: Body::Principal(body) }
        })
    }
}

/// Whether somebody came in. Keys are written down nowhere, so they are judged by their words; the text, which comes in
/// the language of the instance, counts where there is no key.
fn is_log_in(action: &wire::Action) -> bool {
    const COMES_IN: [&str; 6] = ["login", "log.in", "loggedin", "logged.in", "logged in", "authenticationsuccess"];
    const IS_NOT: [&str; 13] = [
        "fail", "attempt", "denied", "reject", "logout", "config", "setting", "polic", "chang", "updat", "captcha",
        "page", "reset",
    ];
    let told = action.key.known().filter(|key| !key.is_empty()).or(action.action.known());
    told.is_some_and(|told| {
        let told = told.to_lowercase().replace(['-', '_'], ".");
        COMES_IN.iter().any(|word| told.contains(word)) && !IS_NOT.iter().any(|word| told.contains(word))
    })
}

/// The user in the address of a profile: `…/ViewProfile.jspa?name=aadmin`.
fn user_in(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let named =
        query.split('&').find_map(|pair| pair.strip_prefix("name=").or_else(|| pair.strip_prefix("username=")))?;
    // A name with escaped letters is not taken apart: it is then found by its id, or not at all.
    (!named.is_empty() && !named.contains(['%', '+'])).then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_is_told_from_what_only_speaks_of_one() {
        let said = |key: &str, text: &str| {
            let fact = |text: &str| if text.is_empty() { Fact::Unknown } else { Fact::Known(text.to_owned()) };
            is_log_in(&wire::Action { key: fact(key), action: fact(text) })
        };
        for key in ["jira.auditing.user.login", "audit.logging.user.logged.in", "bitbucket.audit.AuthenticationSuccess"]
        {
            assert!(said(key, ""), "{key}");
        }
        assert!(said("", "User logged in") && !said("jira.auditing.user.created", "User logged in"));
        for key in ["user.login.failed", "user.logout", "login.settings.updated", "login.policy", "user.created", ""] {
            assert!(!said(key, ""), "{key}");
        }
    }

    #[test]
    fn the_address_of_a_profile_names_its_user() {
        let name = |uri: &str| user_in(uri);
        assert_eq!(name("https://j.example/secure/ViewProfile.jspa?name=aadmin").as_deref(), Some("aadmin"));
        for uri in ["https://j.example/x", "https://j.example/x?name=", "https://j.example/x?name=a%40b"] {
            assert_eq!(name(uri), None, "{uri}");
        }
    }
}
