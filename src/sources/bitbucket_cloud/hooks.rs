//! Webhooks of the workspace and of its repositories. Of their addresses only scheme and host are kept.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::endpoints::{REPOSITORY_WEBHOOKS, WORKSPACE_WEBHOOKS};
use super::workspace::not;
use super::{BY_LINKS, Visit, uuid, wire};
use crate::model::{Body, Fact, Kind, Resource, ResourceId, Webhook};
use crate::sources::pages::Values;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, moment, sorted, value};

/// What may be kept of a webhook's address: its path and query often are the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebhookUrl {
    /// Scheme, host and perhaps a port.
    address: String,
    /// True if it carries a user's password or a parameter that reads like a secret.
    secret_in_url: bool,
}

impl Visit<'_> {
    pub(super) async fn workspace_webhooks(&self) -> Part {
        let mut reading = self.gatherer.start(&WORKSPACE_WEBHOOKS);
        let request = self.listing(WORKSPACE_WEBHOOKS.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Webhook>, _>(self.client(), request, BY_LINKS).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.webhook(row, &self.workspace_id())));
        reading.finish()
    }

    pub(super) async fn repository_webhooks(&self, repositories: &Part) -> Part {
        let mut reading = self.gatherer.start(&REPOSITORY_WEBHOOKS);
        reading.lean_on(&repositories.entry);
        let calls = self.for_each_repository(&REPOSITORY_WEBHOOKS, repositories);
        let answers = reading.walk_each::<Values<wire::Webhook>, _, _>(self.client(), calls, BY_LINKS).await;
        for answer in answers {
            answer.rows.into_iter().for_each(|row| reading.push(self.webhook(row, &answer.of.id)));
        }
        reading.finish()
    }

    /// Bitbucket does not tell who made or changed a webhook.
    fn webhook(&self, row: wire::Webhook, container: &ResourceId) -> Option<Resource> {
        let native = format!("{}/{}", container.native(), uuid(row.uuid)?);
        let url = hidden_if_null(row.url);
        let body = Webhook {
            container: Fact::Known(container.clone()),
            secret_in_url: url.as_ref().map(|url| url.secret_in_url),
            address: url.map(|url| url.address),
            signed: hidden_if_null(row.secret_set),
            verifies_certificate: not(row.skip_cert_verification),
            enabled: hidden_if_null(row.active),
            events: hidden_if_null(row.events).map(sorted),
            created_at: moment(hidden_if_null(row.created_at)),
            ..Webhook::default()
        };
        let name = value(row.description).unwrap_or_default();
        Some(Resource { id: self.id(Kind::Webhook, &native), name, seen_by: Vec::new(), body: Body::Webhook(body) })
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("this is no address"))
    }
}

impl WebhookUrl {
    fn read(url: &str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user_info, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        if scheme.is_empty() || host.is_empty() {
            return None;
        }
        let query = tail.split_once('?').map_or("", |(_, query)| query);
        let named = |pair: &str| reads_like_a_secret(pair.split('=').next().unwrap_or(""));
        Some(Self {
            address: format!("{}://{}", scheme.to_lowercase(), host.to_lowercase()),
            secret_in_url: user_info.is_some() || query.split(['&', ';', '#']).any(named),
        })
    }
}

fn reads_like_a_secret(parameter: &str) -> bool {
    const WORDS: [&str; 8] = ["token", "secret", "key", "pass", "pwd", "auth", "sig", "credential"];
    let parameter = parameter.to_lowercase();
    WORDS.iter().any(|word| parameter.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_of_an_address_are_kept() {
        for (url, address, secret_in_url) in [
            ("https://Hooks.example.com/services/T0/B0/s3cret", "https://hooks.example.com", false),
            ("http://ci.example.com:8080/?job=x", "http://ci.example.com:8080", false),
            ("https://me:s3cret@ci.example.com/x", "https://ci.example.com", true),
            ("https://ci.example.com?apiKey=s3cret", "https://ci.example.com", true),
            ("https://ci.example.com/run?job=a&access_token=s3cret", "https://ci.example.com", true),
            ("https://ci.example.com#s3cret", "https://ci.example.com", false),
        ] {
            assert_eq!(WebhookUrl::read(url), Some(WebhookUrl { address: address.to_owned(), secret_in_url }), "{url}");
        }
        for odd in ["", "ci.example.com", "://x", "https:///path", "https://me@/x"] {
            assert_eq!(WebhookUrl::read(odd), None, "{odd}");
        }
    }
}
