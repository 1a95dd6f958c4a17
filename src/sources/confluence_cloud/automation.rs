//! Automation rules of the site's spaces: who wrote them, and as whom they act.

use super::endpoints::AUTOMATION_RULES;
use super::{BY_LINK, Visit, cloud, wire};
use crate::model::{Automation, Body, EndpointState, Fact, Kind, Resource};
use crate::sources::pages::Listed;
use crate::sources::reading::Part;
use crate::sources::row::{absent_if_empty, hidden_if_empty, hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    pub(super) async fn automation_rules(&self) -> Part {
        let mut reading = self.gatherer.start(&AUTOMATION_RULES);
        let Some(client) = &self.source.automation else {
            let reason = "automation rules take a person's API token; an OAuth client is not let in";
            reading.close(EndpointState::Denied, reason);
            return reading.finish();
        };
        let request = AUTOMATION_RULES.request(&[&self.cloud_id]).query("limit", self.page_size(100));
        let rows = reading.walk::<Listed<wire::AutomationRule>, _>(client, request, BY_LINK).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.rule(row)));
        reading.finish()
    }

    fn rule(&self, row: wire::AutomationRule) -> Option<Resource> {
        let id = id(row.uuid).or_else(|| id(row.id_uuid))?;
        let account = |told| hidden_if_empty(told).map(|id| cloud(Kind::Principal, &id));
        let scope = hidden_if_null(row.rule_scope_aris);
        let scope = scope.or(hidden_if_null(row.rule_scope).and_then(|scope| hidden_if_null(scope.resources)));
        let body = Automation {
            container: Fact::Known(self.site_id()),
            status: hidden_if_empty(row.state).map(|state| state.to_lowercase()),
            author: account(row.author_account_id),
            actor: account(row.actor_account_id),
            limited_to: scope.map(|places| sorted(places.iter().map(|ari| tail(ari).to_owned()).collect())),
            description: absent_if_empty(row.description),
            created_at: moment(hidden_if_null(row.created)),
            changed_at: moment(hidden_if_null(row.updated)),
        };
        Some(Resource {
            id: self.id(Kind::Automation, &format!("confluence:{id}")),
            name: value(row.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Automation(body),
        })
    }
}

/// What an ARI names within its site: `space/163842` of `ari:cloud:confluence:11f1:space/163842`.
fn tail(ari: &str) -> &str {
    ari.rsplit(':').next().unwrap_or(ari)
}
