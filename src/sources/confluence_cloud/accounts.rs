//! Accounts as Confluence sees them: those it lets in, and those that spaces name.

use std::collections::BTreeSet;

use serde_json::json;

use super::endpoints::NAMED_ACCOUNTS;
use super::{Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Principal, PrincipalType, Product, Resource, ResourceId};
use crate::sources::pages::Results;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, id, value};
use crate::text::plural;

/// Accounts that one request may ask for.
const AT_ONCE: usize = 250;

impl Visit<'_> {
    /// Asks for the status of the accounts that made a space or hold a grant of their own: they may be long gone, and
    /// the lists of members would not show it.
    pub(super) async fn named_accounts(&self, spaces: &Part, grants: &[&Part]) -> Part {
        let mut reading = self.gatherer.start(&NAMED_ACCOUNTS);
        reading.lean_on(&spaces.entry);
        for entry in grants.iter().map(|part| &part.entry).filter(|entry| entry.is_gap()) {
            reading.fall_short(format!("needs {}, which is {}", entry.endpoint, entry.state.name()));
        }
        let resources = grants.iter().flat_map(|part| &part.resources).chain(&spaces.resources);
        let named: BTreeSet<&ResourceId> = resources.filter_map(named).collect();
        let named: Vec<&str> = named.into_iter().map(ResourceId::native).collect();
        let calls = named.chunks(AT_ONCE).map(|ids| {
            let mut request = NAMED_ACCOUNTS.request(&[]);
            request.body = Some(json!({"accountIds": ids}));
            (ids, request)
        });
        let answers =
            reading.walk_each::<Results<wire::User>, _, _>(self.client(), calls.collect(), Paging::Single).await;
        let mut missing = 0;
        for answer in answers {
            let told: BTreeSet<String> = answer.rows.iter().filter_map(|row| id(row.account_id.clone())).collect();
            if answer.whole {
                missing += answer.of.iter().filter(|id| !told.contains(**id)).count();
            }
            for row in answer.rows {
                let active = lets_in(&row.account_status);
                reading.push(self.account(row, active));
            }
        }
        if missing > 0 {
            reading.fall_short(format!("Confluence does not show {}", plural(missing, "account", "accounts")));
        }
        reading.finish()
    }

    /// An account as Confluence shows it.
    pub(super) fn account(&self, user: wire::User, active: Fact<bool>) -> Option<Resource> {
        let id = id(user.account_id)?;
        let email = hidden_if_empty(user.email);
        let body = Principal {
            account_type: account_type(user.account_type),
            standings: self.gatherer.standing(Product::Confluence, active, Some(&email)),
            email,
            ..Principal::default()
        };
        let name = value(hidden_if_empty(user.display_name).or(user.public_name)).unwrap_or_default();
        Some(Resource { id: cloud(Kind::Principal, &id), name, seen_by: Vec::new(), body: Body::Principal(body) })
    }
}

/// The account that a space or a grant names.
fn named(resource: &Resource) -> Option<&ResourceId> {
    match &resource.body {
        Body::Container(space) => space.owner.known(),
        Body::Grant(grant) => grant.principal.known(),
        _ => None,
    }
}

/// Whether Confluence lets in an account of this status.
fn lets_in(status: &Fact<String>) -> Fact<bool> {
    match status.known().map(String::as_str) {
        Some("active") => Fact::Known(true),
        Some("inactive" | "closed") => Fact::Known(false),
        Some(_) | None => Fact::Unknown,
    }
}

fn account_type(account: Fact<String>) -> Fact<PrincipalType> {
    hidden_if_empty(account).and_then(|account| match account.as_str() {
        "atlassian" => Fact::Known(PrincipalType::Person),
        "app" => Fact::Known(PrincipalType::App),
        "customer" => Fact::Known(PrincipalType::Customer),
        "unknown" => Fact::Unknown,
        _ => Fact::Known(PrincipalType::Other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(word: &str) -> Fact<String> {
        Fact::Known(word.to_owned())
    }

    #[test]
    fn a_status_that_nobody_described_says_nothing() {
        assert_eq!(lets_in(&known("closed")), Fact::Known(false));
        for odd in [known("unknown"), known("sleeping"), Fact::Absent, Fact::Unknown] {
            assert_eq!(lets_in(&odd), Fact::Unknown, "{odd:?}");
        }
    }

    #[test]
    fn an_account_without_a_type_has_none_that_we_know() {
        assert_eq!(account_type(known("app")), Fact::Known(PrincipalType::App));
        assert_eq!(account_type(known("robot")), Fact::Known(PrincipalType::Other));
        for silent in [known(""), known("unknown"), Fact::Absent, Fact::Unknown] {
            assert_eq!(account_type(silent), Fact::Unknown);
        }
    }
}
