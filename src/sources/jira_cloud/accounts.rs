//! Accounts of the site: people, apps, service accounts and portal customers, active or not.

use super::endpoints::ACCOUNTS;
use super::{Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Principal, PrincipalType, Product, Resource, Standing};
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, value};

impl Visit<'_> {
    /// The listing may hold back rows of a page: only an empty page is the end.
    pub(super) async fn accounts(&self) -> Part {
        let mut reading = self.gatherer.start(&ACCOUNTS);
        let rows = self.source.site.connection.page_size(1000);
        let paging = Paging::UntilEmpty { start: "startAt", size: "maxResults", rows };
        let request = ACCOUNTS.request(&[]);
        let users = reading.walk::<Bare<wire::User>, _>(self.client(), request, paging).await;
        users.rows.into_iter().for_each(|user| reading.push(self.account(user)));
        self.rights.limit_to_own_users(&mut reading);
        reading.finish()
    }

    /// An account as Jira shows it. That Jira lets somebody in does not say that the organisation has not suspended
    /// them, nor does a closed door say whether they are suspended or gone: it is no word on the account's status.
    pub(super) fn account(&self, user: wire::User) -> Option<Resource> {
        account(user, |active, email| self.gatherer.standing(Product::Jira, active, Some(email)))
    }
}

fn account(
    user: wire::User,
    standing: impl FnOnce(Fact<bool>, &Fact<String>) -> Fact<Vec<Standing>>,
) -> Option<Resource> {
    let id = id(user.account_id)?;
    let email = hidden_if_empty(user.email_address);
    let body = Principal {
        account_type: account_type(hidden_if_null(user.account_type), user.app_type),
        standings: standing(hidden_if_null(user.active), &email),
        email,
        ..Principal::default()
    };
    let name = value(user.display_name).unwrap_or_default();
    Some(Resource { id: cloud(Kind::Principal, &id), name, seen_by: Vec::new(), body: Body::Principal(body) })
}

/// An app account says what sort of app it is, if it is a special one.
fn account_type(account: Fact<String>, app: Fact<String>) -> Fact<PrincipalType> {
    account.map(|account| match (account.as_str(), app.known().map(String::as_str)) {
        ("atlassian", _) => PrincipalType::Person,
        ("app", Some("service")) => PrincipalType::ServiceAccount,
        ("app", Some("agent")) => PrincipalType::Agent,
        ("app", _) => PrincipalType::App,
        ("customer", _) => PrincipalType::Customer,
        _ => PrincipalType::Other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    fn principal(row: serde_json::Value) -> Principal {
        let Body::Principal(principal) = account(Row::read(row).value.unwrap(), |_, _| Fact::Unknown).unwrap().body
        else {
            panic!("one")
        };
        principal
    }

    #[test]
    fn an_app_account_tells_what_it_is() {
        for (row, expected) in [
            (json!({"accountId": "a", "accountType": "app", "appType": "service"}), PrincipalType::ServiceAccount),
            (json!({"accountId": "a", "accountType": "app", "appType": "agent"}), PrincipalType::Agent),
            (json!({"accountId": "a", "accountType": "app", "appType": "unknown"}), PrincipalType::App),
            (json!({"accountId": "a", "accountType": "app"}), PrincipalType::App),
            (json!({"accountId": "a", "accountType": "customer"}), PrincipalType::Customer),
            (json!({"accountId": "a", "accountType": "robot"}), PrincipalType::Other),
        ] {
            assert_eq!(principal(row.clone()).account_type, Fact::Known(expected), "{row}");
        }
        assert_eq!(principal(json!({"accountId": "a"})).account_type, Fact::Unknown);
    }

    #[test]
    fn a_hidden_address_is_not_an_empty_one() {
        for row in [json!({"accountId": "a", "emailAddress": ""}), json!({"accountId": "a", "emailAddress": null})] {
            assert_eq!(principal(row).email, Fact::Unknown);
        }
    }
}
