//! Webhooks that administrators made, in the place where this version has them.

use super::endpoints::{NEW_WEBHOOKS, OLD_WEBHOOKS, WEBHOOKS};
use super::{Names, Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Resource, Webhook};
use crate::sources::endpoint::fill;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    /// Jira 10 moved them: the other place is asked where the likelier one is not there.
    pub(super) async fn webhooks(&self, names: &Names) -> Part {
        let mut reading = self.common().start(&WEBHOOKS);
        let places = match self.version {
            Some(version) if version < (10, 0) => [OLD_WEBHOOKS, NEW_WEBHOOKS],
            Some(_) | None => [NEW_WEBHOOKS, OLD_WEBHOOKS],
        };
        let paging = Paging::Offset { start: "start", size: "limit", rows: self.source.access.page_size(100) };
        for (at, place) in places.into_iter().enumerate() {
            if at > 0 {
                if !reading.was_not_offered() {
                    break;
                }
                reading.try_again();
            }
            reading.went_by(place, "");
            let answer = reading.walk::<wire::Webhooks, _>(self.client(), fill(place, &[]), paging.clone()).await;
            answer.rows.into_iter().for_each(|row| reading.push(self.webhook(row, names)));
        }
        reading.finish()
    }

    fn webhook(&self, row: wire::Webhook, names: &Names) -> Option<Resource> {
        let link = value(row.link);
        let last = link.as_deref().and_then(|link| link.trim_end_matches('/').rsplit('/').next());
        let native = id(row.id).or_else(|| last.filter(|last| !last.is_empty()).map(str::to_owned))?;
        let (address, secret_in_url) = match row.url {
            Fact::Known(url) => (url.address, url.secret_in_url),
            Fact::Absent | Fact::Unknown => (Fact::Unknown, Fact::Unknown),
        };
        let changed_by = hidden_if_empty(row.last_updated_user)
            .and_then(|user| names.key_of(&user).map_or(Fact::Unknown, |key| Fact::Known(self.common().account(key))));
        let body = Webhook {
            container: Fact::Known(self.common().instance_id()),
            address,
            secret_in_url,
            signed: row.configuration.and_then(|configuration| match configuration.secret {
                Fact::Known(_) => Fact::Known(true),
                Fact::Absent => Fact::Known(false),
                Fact::Unknown => Fact::Unknown,
            }),
            verifies_certificate: hidden_if_null(row.ssl_verification_required),
            enabled: hidden_if_null(row.enabled),
            events: hidden_if_null(row.events).map(sorted),
            changed_by,
            changed_at: hidden_if_null(moment(row.last_updated)),
            created_at: hidden_if_null(moment(row.created_date)),
        };
        Some(Resource {
            id: self.common().id(Kind::Webhook, &format!("webhook:{native}")),
            name: value(row.name).map(String::from).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Webhook(body),
        })
    }
}
