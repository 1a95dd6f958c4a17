//! What the shared plugins send, in their own words. Secrets have no field here: a client's secret, a token's text, and
//! of addresses everything behind the host.

use serde::{Deserialize, Serialize};

use crate::http::{Page, Position};
use crate::model::Fact;
use crate::sources::row::{Id, Row, Timestamp, Wire};
use crate::sources::webhook_url::{PlainName, WebhookUrl};

/// A page of the administrators' search for tokens. It has no word on whether more follows, so that it tells how it
/// begins instead.
#[derive(Debug, Deserialize)]
pub(in crate::sources) struct TokenPage {
    values: Vec<Row<Token>>,
}

impl Page for TokenPage {
    type Row = Row<Token>;

    fn position(&self) -> Position {
        let first = self.values.first().and_then(|row| row.value.as_ref()?.id.known().cloned());
        Position { next: first.map(String::from), is_last: None, total: None }
    }

    fn into_rows(self) -> Vec<Row<Token>> {
        self.values
    }
}

/// A personal access token.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Token {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<String>,
    pub(super) created_at: Fact<Timestamp>,
    pub(super) last_accessed_at: Fact<Timestamp>,
    pub(super) expiring_at: Fact<Timestamp>,
    pub(super) user_profile_resource: Fact<Profile>,
}

/// Whose token it is.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Profile {
    pub(super) user_key: Fact<String>,
}

/// An application link. Both of its addresses lead to the other end: one for people, one for the server.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Link {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<PlainName>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) display_url: Fact<WebhookUrl>,
    pub(super) rpc_url: Fact<WebhookUrl>,
}

/// How an application link stands.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct LinkStatus {
    pub(super) working: Fact<bool>,
    pub(super) local_authentication: Fact<Authentication>,
    pub(super) error: Fact<LinkError>,
}

/// Both directions of a link.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct Authentication {
    pub(super) incoming: Fact<Direction>,
    pub(super) outgoing: Fact<Direction>,
}

/// How one direction lets requests through. The last two are in no description; where they come, they are read.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Direction {
    pub(super) enabled: Fact<bool>,
    pub(super) two_lo_enabled: Fact<bool>,
    pub(super) two_lo_impersonation_enabled: Fact<bool>,
    #[serde(alias = "basic")]
    pub(super) basic_enabled: Fact<bool>,
    #[serde(alias = "trusted")]
    pub(super) trusted_enabled: Fact<bool>,
}

/// Why a link does not work, or should be renewed.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct LinkError {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) category: Fact<String>,
}

/// An OAuth 2.0 client that is let in.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct OauthClient {
    pub(super) id: Fact<Id>,
    pub(super) name: Fact<PlainName>,
    pub(super) redirects: Fact<Vec<WebhookUrl>>,
    pub(super) user_key: Fact<String>,
    pub(super) scope: Fact<String>,
}

/// Whether basic authentication is blocked, and for whom not.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "kebab-case")]
pub(in crate::sources) struct BasicAuth {
    pub(super) block_requests: Fact<bool>,
    pub(super) allowed_paths: Fact<Vec<String>>,
    pub(super) allowed_users: Fact<Vec<String>>,
}

/// The envelope of the app manager.
#[derive(Debug, Deserialize)]
pub(in crate::sources) struct Plugins {
    plugins: Vec<Row<Plugin>>,
}

impl Page for Plugins {
    type Row = Row<Plugin>;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<Row<Plugin>> {
        self.plugins
    }
}

/// An app as its manager lists it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::sources) struct Plugin {
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) version: Fact<String>,
    pub(super) enabled: Fact<bool>,
    pub(super) user_installed: Fact<bool>,
    pub(super) vendor: Fact<Vendor>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct Vendor {
    pub(super) name: Fact<String>,
}

/// A page of audit events, the newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sources) struct EventPage {
    entities: Vec<Row<Event>>,
    paging_info: PagingInfo,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct PagingInfo {
    last_page: Option<bool>,
    next_page_cursor: Option<String>,
    next_page_link: Option<String>,
}

impl Page for EventPage {
    type Row = Row<Event>;

    fn position(&self) -> Position {
        let info = &self.paging_info;
        let cursor = info.next_page_cursor.clone().filter(|cursor| !cursor.is_empty());
        Position { next: cursor.or_else(|| info.next_page_link.clone()), is_last: info.last_page, total: None }
    }

    fn into_rows(self) -> Vec<Row<Event>> {
        self.entities
    }
}

/// An audit event: who did what and when. What was changed is not read.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct Event {
    pub(super) timestamp: Fact<Timestamp>,
    pub(super) author: Fact<Author>,
    #[serde(rename = "type")]
    pub(super) action: Fact<Action>,
}

/// Who did it. `uri` leads to the profile, and names the user there.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct Author {
    pub(super) id: Fact<Id>,
    pub(super) uri: Fact<String>,
}

/// What was done: a key that stays, and a text in the language of the instance.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::sources) struct Action {
    #[serde(rename = "actionI18nKey")]
    pub(super) key: Fact<String>,
    pub(super) action: Fact<String>,
}

impl Wire for Token {
    const NONE_IF_MISSING: &'static [&'static str] = &["lastAccessedAt", "expiringAt", "userProfileResource"];
}
impl Wire for Profile {}
impl Wire for Link {}
impl Wire for LinkStatus {}
impl Wire for OauthClient {}
impl Wire for BasicAuth {}
impl Wire for Plugin {}
impl Wire for Event {}
