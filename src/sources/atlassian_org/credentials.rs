//! User API tokens, organisation API keys and the organisation's OAuth clients: their facts, never their values.

use super::endpoints::{API_KEY_COUNT, API_KEYS, OAUTH_CLIENTS, USER_TOKEN_COUNT, USER_TOKENS};
use super::{BY_CURSOR_AND_SIZE, Visit, cloud, wire};
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::Listed;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    /// Asks for page size and cursor alone: other parameters are said to upset the server. Where it fails on large
    /// pages, smaller ones may do.
    pub(super) async fn user_tokens(&self) -> Part {
        let mut reading = self.gatherer.start(&USER_TOKENS);
        for size in [1000, 500, 100] {
            let size = self.source.connection.page_size(size);
            let request = USER_TOKENS.request(&[&self.org]).query("pageSize", size);
            let client = &self.source.client;
            let rows = reading.walk::<Listed<wire::ApiToken>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
            rows.into_iter().for_each(|row| reading.push(user_token(&self.org, row)));
            if size <= 100 || !reading.met_server_error() {
                break;
            }
            reading.try_again();
        }
        reading.count(&self.source.client, fill(USER_TOKEN_COUNT, &[&self.org])).await;
        reading.finish()
    }

    pub(super) async fn api_keys(&self) -> Part {
        let mut reading = self.gatherer.start(&API_KEYS);
        let request = API_KEYS.request(&[&self.org]).query("pageSize", self.source.connection.page_size(1000));
        let client = &self.source.client;
        let rows = reading.walk::<Listed<wire::ApiKey>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
        rows.into_iter().for_each(|row| reading.push(api_key(&self.org, row)));
        reading.count(client, fill(API_KEY_COUNT, &[&self.org])).await;
        reading.explain_forbidden(
            "keys made before the scopes for tokens and keys were parted lost this half: create a new key with \
             `read:keys:admin`",
        );
        reading.finish()
    }

    pub(super) async fn oauth_clients(&self) -> Part {
        let mut reading = self.gatherer.start(&OAUTH_CLIENTS);
        let request = OAUTH_CLIENTS.request(&[&self.org]).query("pageSize", self.source.connection.page_size(100));
        let client = &self.source.client;
        let rows = reading.walk::<Listed<wire::OauthClient>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
        rows.into_iter().for_each(|row| reading.push(oauth_client(&self.org, row, Fact::Unknown)));
        reading.finish()
    }
}

fn user_token(org: &str, row: wire::ApiToken) -> Option<Resource> {
    let body = Credential {
        owner: account_of(row.user),
        status: status(row.status),
        created_at: hidden_if_null(moment(row.created_at)),
        expires_at: moment(row.expires_at),
        last_used_at: moment(row.last_active_at),
        scopes: hidden_if_null(row.scopes).map(sorted),
        ..Credential::unknown(CredentialForm::ApiToken)
    };
    Some(credential(org, &id(row.id)?, row.label, body))
}

fn api_key(org: &str, row: wire::ApiKey) -> Option<Resource> {
    let scopes = match row.scopes {
        Fact::Known(scopes) => Fact::Known(sorted(scopes)),
        // A key without scopes may do everything; the API says so by leaving them out.
        Fact::Absent => Fact::Known(Vec::new()),
        Fact::Unknown => Fact::Unknown,
    };
    let body = Credential {
        owner: Fact::Absent,
        created_by: account_of(row.created_by),
        created_at: hidden_if_null(moment(row.created_at)),
        expires_at: moment(row.expires_at),
        last_used_at: moment(row.last_active_at),
        scopes,
        ..Credential::unknown(CredentialForm::OrgApiKey)
    };
    Some(credential(org, &id(row.id)?, row.label, body))
}

/// An OAuth client. The listing tells neither its scopes nor its end.
pub(super) fn oauth_client(org: &str, row: wire::OauthClient, owner: Fact<ResourceId>) -> Option<Resource> {
    let body = Credential {
        owner,
        status: status(row.status),
        created_at: hidden_if_null(moment(row.created_at)),
        scopes: hidden_if_null(row.scopes).map(sorted),
        ..Credential::unknown(CredentialForm::OauthClient)
    };
    Some(credential(org, &id(row.client_id)?, row.name, body))
}

/// A credential's resource; its label is its name.
pub(super) fn credential(org: &str, id: &str, label: Fact<String>, body: Credential) -> Resource {
    Resource {
        id: ResourceId::new(org, Kind::Credential, id),
        name: value(label).unwrap_or_default(),
        seen_by: Vec::new(),
        body: Body::Credential(body),
    }
}

/// The model's word for a status; one that nobody has described stays as it is.
pub(super) fn status(told: Fact<String>) -> Fact<String> {
    hidden_if_null(told).map(|status| match status.as_str() {
        "ALLOWED" | "ACTIVE" => "active".to_owned(),
        "BLOCKED" => "blocked".to_owned(),
        _ => status,
    })
}

fn account_of(person: Fact<wire::Person>) -> Fact<ResourceId> {
    value(person).and_then(wire::Person::account).map_or(Fact::Unknown, |id| Fact::Known(cloud(Kind::Principal, &id)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    fn token(row: serde_json::Value) -> Credential {
        let resource = user_token("org", Row::read(row).value.unwrap()).unwrap();
        let Body::Credential(credential) = resource.body else { panic!("a token is a credential") };
        credential
    }

    #[test]
    fn silence_about_a_tokens_end_and_use_means_none_but_not_about_its_scopes() {
        let silent = token(json!({"id": "t", "label": "ci"}));
        assert_eq!((silent.expires_at, silent.last_used_at), (Fact::Absent, Fact::Absent));
        assert_eq!((silent.scopes, silent.owner, silent.status), (Fact::Unknown, Fact::Unknown, Fact::Unknown));
        assert_eq!(token(json!({"id": "t", "scopes": []})).scopes, Fact::Known(vec![]));
        assert_eq!(token(json!({"id": "t", "scopes": null})).scopes, Fact::Unknown);
    }

    #[test]
    fn an_owner_is_found_under_either_name_of_the_id_and_no_name_is_no_owner() {
        for person in [json!({"id": "712020:a", "orgId": "o"}), json!({"accountId": "712020:a"})] {
            let owner = token(json!({"id": "t", "user": person})).owner;
            assert_eq!(owner, Fact::Known(cloud(Kind::Principal, "712020:a")));
        }
        assert_eq!(token(json!({"id": "t", "user": {"id": ""}})).owner, Fact::Unknown);
        assert_eq!(token(json!({"id": "t", "user": null})).owner, Fact::Unknown);
    }

    #[test]
    fn an_unreadable_end_is_not_taken_for_none() {
        let odd = token(json!({"id": "t", "expiresAt": "next year", "lastActiveAt": 7.5e300}));
        assert_eq!(odd.expires_at, Fact::Unknown);
        assert_eq!(odd.last_used_at, Fact::Unknown);
    }

    #[test]
    fn a_key_without_scopes_may_do_everything() {
        let row = Row::read(json!({"id": "k", "createdBy": {"id": "712020:a"}}));
        let Body::Credential(key) = api_key("org", row.value.unwrap()).unwrap().body else { panic!("a credential") };
        assert_eq!((key.scopes, key.owner), (Fact::Known(vec![]), Fact::Absent));
        assert_eq!(key.created_by, Fact::Known(cloud(Kind::Principal, "712020:a")));
    }

    #[test]
    fn a_strange_status_stays_as_it_is() {
        assert_eq!(status(Fact::Known("BLOCKED".to_owned())), Fact::Known("blocked".to_owned()));
        assert_eq!(status(Fact::Known("PAUSED".to_owned())), Fact::Known("PAUSED".to_owned()));
        assert_eq!(status(Fact::Absent), Fact::Unknown);
    }
}
