//! Service accounts, their tokens and their OAuth clients.
//!
//! Some tenants do not answer the documented listing; the console's own one needs a key without scopes. Where neither
//! can be asked the accounts are not available, which is not the same as none.

use std::collections::BTreeMap;

use super::credentials::{credential, oauth_client, status};
use super::endpoints::{CONSOLE_SERVICE_ACCOUNTS, SERVICE_ACCOUNT_CLIENTS, SERVICE_ACCOUNT_TOKENS, SERVICE_ACCOUNTS};
use super::{BY_CURSOR_AND_SIZE, Visit, cloud, wire};
use crate::model::{Body, Credential, CredentialForm, EndpointState, Fact, Kind, Principal, PrincipalType};
use crate::model::{Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::ListedOrBare;
use crate::sources::reading::Part;
use crate::sources::row::{absent_if_empty, hidden_if_empty, hidden_if_null, id, moment, sorted, value};

/// The account ids behind the ids that the service-account API uses for itself.
pub(super) type InternalIds = BTreeMap<String, String>;

impl Visit<'_> {
    pub(super) async fn service_accounts(&self) -> (Part, InternalIds) {
        let mut reading = self.gatherer.start(&SERVICE_ACCOUNTS);
        let request = SERVICE_ACCOUNTS.request(&[&self.org]);
        let client = &self.source.client;
        let mut rows =
            reading.walk::<ListedOrBare<wire::ServiceAccount>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
        if reading.ended_as(EndpointState::NotOffered) {
            match &self.source.unscoped {
                Some(unscoped) => {
                    reading.try_again();
                    // Larger pages are refused there.
                    let request = fill(CONSOLE_SERVICE_ACCOUNTS, &[&self.org]).query("limit", 80);
                    let paging = BY_CURSOR_AND_SIZE;
                    rows = reading.walk::<ListedOrBare<wire::ServiceAccount>, _>(unscoped, request, paging).await.rows;
                    reading.explain_forbidden("the console's listing takes a key that was made without scopes");
                }
                None => reading.fall_short(
                    "the console's own listing may have them; it takes a key without scopes (`unscoped_key`), which \
                     may do everything"
                        .to_owned(),
                ),
            }
        }
        let internal_ids = rows.iter().filter_map(|row| Some((row.id.known()?, row.atlassian_id.known()?)));
        let internal_ids = internal_ids.map(|(internal, account)| (internal.clone(), account.clone())).collect();
        rows.into_iter().for_each(|row| reading.push(service_account(row)));
        (reading.finish(), internal_ids)
    }

    pub(super) async fn service_account_tokens(&self, internal_ids: &InternalIds) -> Part {
        let mut reading = self.gatherer.start(&SERVICE_ACCOUNT_TOKENS);
        let request = SERVICE_ACCOUNT_TOKENS.request(&[&self.org]);
        let client = &self.source.client;
        let rows =
            reading.walk::<ListedOrBare<wire::ServiceAccountToken>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
        rows.into_iter().for_each(|row| reading.push(token(&self.org, row, internal_ids)));
        reading.finish()
    }

    pub(super) async fn service_account_clients(&self, internal_ids: &InternalIds) -> Part {
        let mut reading = self.gatherer.start(&SERVICE_ACCOUNT_CLIENTS);
        let request = SERVICE_ACCOUNT_CLIENTS.request(&[&self.org]);
        let client = &self.source.client;
        let rows = reading.walk::<ListedOrBare<wire::OauthClient>, _>(client, request, BY_CURSOR_AND_SIZE).await.rows;
        for row in rows {
            let owner = owner(row.service_account_id.known(), internal_ids);
            reading.push(oauth_client(&self.org, row, owner));
        }
        reading.finish()
    }
}

fn service_account(row: wire::ServiceAccount) -> Option<Resource> {
    let id = id(row.atlassian_id)?;
    let body = Principal {
        account_type: Fact::Known(PrincipalType::ServiceAccount),
        status: status(row.status),
        email: hidden_if_empty(row.email),
        created_by: hidden_if_null(row.created_by_id).map(|id| cloud(Kind::Principal, &id)),
        description: absent_if_empty(row.description),
        ..Principal::default()
    };
    let name = value(row.display_name).unwrap_or_default();
    Some(Resource { id: cloud(Kind::Principal, &id), name, seen_by: Vec::new(), body: Body::Principal(body) })
}

/// Nobody has described these rows, so silence about a date tells nothing.
fn token(org: &str, row: wire::ServiceAccountToken, internal_ids: &InternalIds) -> Option<Resource> {
    let id = id(row.id.or(row.token_id))?;
    let person = value(row.user).and_then(wire::Person::account);
    let body = Credential {
        owner: owner(row.service_account_id.known().or(person.as_ref()), internal_ids),
        status: status(row.status),
        created_at: hidden_if_null(moment(row.created_at)),
        expires_at: moment(row.expires_at.or(row.expiry)),
        last_used_at: moment(row.last_active_at.or(row.last_access)),
        scopes: hidden_if_null(row.scopes).map(sorted),
        ..Credential::unknown(CredentialForm::ApiToken)
    };
    Some(credential(org, &id, row.label.or(row.token_label), body))
}

/// The account behind either of a service account's two ids; unknown if it is neither of a listed one.
fn owner(id: Option<&String>, internal_ids: &InternalIds) -> Fact<ResourceId> {
    let account =
        id.and_then(|id| internal_ids.get(id).or_else(|| internal_ids.values().find(|account| *account == id)));
    account.map_or(Fact::Unknown, |account| Fact::Known(cloud(Kind::Principal, account)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    #[test]
    fn a_token_is_read_under_either_set_of_names_and_finds_its_owner_by_either_id() {
        let ids = InternalIds::from([("0c9d".to_owned(), "712020:sa01".to_owned())]);
        for row in [
            json!({"id": "t", "label": "ci", "expiresAt": "2027-01-11T00:00:00Z", "serviceAccountId": "0c9d"}),
            json!({"tokenId": "t", "tokenLabel": "ci", "expiry": "2027-01-11", "user": {"id": "712020:sa01"}}),
        ] {
            let resource = token("org", Row::read(row).value.unwrap(), &ids).unwrap();
            assert_eq!((resource.id.as_str(), resource.name.as_str()), ("org/credential/t", "ci"));
            let Body::Credential(token) = resource.body else { panic!("a token is a credential") };
            assert_eq!(token.owner, Fact::Known(cloud(Kind::Principal, "712020:sa01")));
            assert_eq!(token.expires_at, Fact::Known("2027-01-11T00:00:00Z".parse().unwrap()));
            assert_eq!((token.last_used_at, token.scopes), (Fact::Unknown, Fact::Unknown));
        }
    }

    #[test]
    fn an_owner_that_is_not_listed_stays_unknown() {
        assert_eq!(owner(Some(&"0c9d".to_owned()), &InternalIds::new()), Fact::Unknown);
    }
}
