//! OAuth 2.0 clients that the product lets in, which administrators call incoming links. The answer carries their secrets
//! in clear; nothing here has a field for one.

use super::{Common, wire};
use crate::http::Paging;
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource};
use crate::sources::endpoint::Endpoint;
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, sorted, value};
use crate::sources::webhook_url::WebhookUrl;

impl Common<'_> {
    pub(in crate::sources) async fn oauth_clients(&self, endpoint: &'static Endpoint) -> Part {
        let mut reading = self.start(endpoint);
        let request = endpoint.request(&[]);
        let answer = reading.walk::<Bare<wire::OauthClient>, _>(&self.access.client, request, Paging::Single).await;
        answer.rows.into_iter().for_each(|row| reading.push(self.oauth_client(row)));
        reading.finish()
    }

    fn oauth_client(&self, row: wire::OauthClient) -> Option<Resource> {
        let native = id(row.id)?;
        let scopes = hidden_if_empty(row.scope)
            .map(|scope| sorted(scope.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()));
        let body = Credential {
            // It acts for whoever agreed to it, and nobody lists who did.
            owner: Fact::Absent,
            created_by: hidden_if_empty(row.user_key).map(|key| self.account(&key)),
            status: Fact::Known("active".to_owned()),
            // A client has no end: somebody has to delete it.
            expires_at: Fact::Absent,
            scopes,
            container: Fact::Known(self.instance_id()),
            impersonates: Fact::Known(false),
            hosts: hidden_if_null(row.redirects).and_then(hosts),
            ..Credential::unknown(CredentialForm::IncomingLink)
        };
        Some(Resource {
            id: self.id(Kind::Credential, &format!("oauth2-client:{native}")),
            name: value(row.name).map(String::from).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Credential(body),
        })
    }
}

/// Where people are sent back to; unknown as a whole if one of the addresses is doubtful.
fn hosts(redirects: Vec<WebhookUrl>) -> Fact<Vec<String>> {
    let hosts: Option<Vec<String>> = redirects.into_iter().map(|url| value(url.address)).collect();
    hosts.map_or(Fact::Unknown, |hosts| Fact::Known(sorted(hosts)))
}
