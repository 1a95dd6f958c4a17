//! Webhooks of the workspace and of its repositories. Of their addresses only scheme and host are kept.

use super::endpoints::{REPOSITORY_WEBHOOKS, WORKSPACE_WEBHOOKS};
use super::workspace::not;
use super::{BY_LINKS, Visit, uuid, wire};
use crate::model::{Body, Fact, Kind, Resource, ResourceId, Webhook};
use crate::sources::pages::Values;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, moment, sorted, value};

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
            secret_in_url: url.as_ref().and_then(|url| url.secret_in_url),
            address: url.and_then(|url| url.address),
            signed: hidden_if_null(row.secret_set),
            verifies_certificate: not(row.skip_cert_verification),
            enabled: hidden_if_null(row.active),
            events: hidden_if_null(row.events).map(sorted),
            created_at: moment(hidden_if_null(row.created_at)),
            ..Webhook::default()
        };
        let name = value(row.description).map(String::from).unwrap_or_default();
        Some(Resource { id: self.id(Kind::Webhook, &native), name, seen_by: Vec::new(), body: Body::Webhook(body) })
    }
}
