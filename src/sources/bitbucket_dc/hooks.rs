//! Webhooks of projects and repositories. Of their addresses only scheme and host are kept.

use super::Visit;
use super::endpoints::{PROJECT_WEBHOOKS, REPOSITORY_WEBHOOKS};
use super::page::{BY_START, Slice};
use super::projects::{Place, Projects, Repositories};
use crate::sources::Endpoint;
use crate::sources::reading::{Part, Reading};
use crate::sources::webhook_form::WebhookForm;

impl Visit<'_> {
    pub(super) async fn project_webhooks(&self, projects: &Projects) -> Part {
        let mut reading = self.common().start(&PROJECT_WEBHOOKS);
        reading.lean_on(&projects.part.entry);
        self.read_webhooks(&mut reading, &PROJECT_WEBHOOKS, &projects.places).await;
        reading.finish()
    }

    pub(super) async fn repository_webhooks(&self, repositories: &Repositories) -> Part {
        let mut reading = self.start_deep(&REPOSITORY_WEBHOOKS);
        reading.lean_on(&repositories.part.entry);
        self.read_webhooks(&mut reading, &REPOSITORY_WEBHOOKS, &repositories.places).await;
        reading.finish()
    }

    async fn read_webhooks(&self, reading: &mut Reading<'_>, endpoint: &'static Endpoint, places: &[Place]) {
        let calls = self.for_each(endpoint, places);
        let answers = reading.walk_each::<Slice<WebhookForm>, _, _>(self.client(), calls, BY_START).await;
        for answer in answers {
            answer.rows.into_iter().for_each(|row| reading.push(row.resource(&answer.of.id)));
        }
    }
}
