//! The policies of the organisation, and the authentication policy that each managed account is in. What a policy
//! demands is told by no API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::endpoints::{ACCOUNT_POLICIES, POLICIES};
use super::{BY_CURSOR, BY_CURSOR_IN_BODY, Visit, wire};
use crate::model::{Body, Fact, Kind, Principal, Resource, ResourceId, Setting};
use crate::sources::pages::{Listed, ListedOrBare};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, id, value};
use crate::text::{plural, thousands};

/// How many accounts one question names.
const AT_ONCE: usize = 50;

/// An account whose policy is asked for, and the mail address by which a row may name it.
#[derive(Debug, Clone)]
struct Asked {
    id: ResourceId,
    email: Option<String>,
}

impl Visit<'_> {
    pub(super) async fn policies(&self) -> Part {
        let mut reading = self.gatherer.start(&POLICIES);
        let request = POLICIES.request(&[&self.org]);
        let rows = reading.walk::<Listed<wire::Policy>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.policy(row)));
        reading.finish()
    }

    fn policy(&self, row: wire::Policy) -> Option<Resource> {
        let id = id(row.id)?;
        let attributes = value(row.attributes).unwrap_or_default();
        let body = Setting {
            value: hidden_if_null(attributes.status).map(|status| status.to_lowercase()),
            detail: hidden_if_null(attributes.kind),
            ..Setting::of("policy")
        };
        Some(Resource {
            id: self.id(Kind::Setting, &format!("policy:{id}")),
            name: value(attributes.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Setting(body),
        })
    }

    /// Asks for the managed accounts that either listing shows. An account of which the answer says nothing stays
    /// without a word on its policy, which leaves the endpoint partly read.
    pub(super) async fn account_policies(&self, accounts: &Part, managed: &Part) -> Part {
        let mut reading = self.gatherer.start(&ACCOUNT_POLICIES);
        if managed.entry.is_gap() {
            reading.lean_on(&accounts.entry);
        }
        let asked = managed_accounts([accounts, managed]);
        let calls = asked.chunks(AT_ONCE).map(|batch| {
            let ids: Vec<&str> = batch.iter().map(|account| account.id.native()).collect();
            let mut request = ACCOUNT_POLICIES.request(&[&self.org]);
            request.body = Some(json!({"accountIds": ids}));
            (batch, request)
        });
        let answers = reading
            .walk_each::<ListedOrBare<wire::AccountPolicy>, _, _>(
                &self.source.client,
                calls.collect(),
                BY_CURSOR_IN_BODY,
            )
            .await;
        let (mut unasked, mut unnamed, mut all) = (0, 0, 0);
        for answer in answers {
            let mut named = BTreeSet::new();
            for row in answer.rows {
                let Some(account) = whose(&row, answer.of) else {
                    unasked += 1;
                    continue;
                };
                let Some(policy) = policy_of(row) else { continue };
                named.insert(&account.id);
                let body = Principal { auth_policy: Fact::Known(policy), ..Principal::default() };
                let (id, seen_by) = (account.id.clone(), Vec::new());
                reading.enrich(Resource { id, name: String::new(), seen_by, body: Body::Principal(body) });
            }
            // Of a question that was not answered the failure is told, not its accounts.
            if answer.whole {
                all += answer.of.len();
                unnamed += answer.of.len() - named.len();
            }
        }
        if unasked > 0 {
            reading.fall_short(format!("{} of no account that was asked for", plural(unasked, "row is", "rows are")));
        }
        if unnamed > 0 {
            reading.fall_short(format!(
                "the answers tell no policy of {} of {} managed accounts",
                thousands(unnamed),
                thousands(all)
            ));
        }
        reading.finish()
    }
}

/// The accounts that the organisation manages, each once.
fn managed_accounts(parts: [&Part; 2]) -> Vec<Asked> {
    let mut found: BTreeMap<&ResourceId, Asked> = BTreeMap::new();
    for resource in parts.into_iter().flat_map(|part| &part.resources) {
        let Body::Principal(principal) = &resource.body else { continue };
        if principal.managed != Fact::Known(true) {
            continue;
        }
        let one = found.entry(&resource.id).or_insert_with(|| Asked { id: resource.id.clone(), email: None });
        one.email = one.email.take().or_else(|| principal.email.known().cloned());
    }
    found.into_values().collect()
}

/// The account of the batch that a row is about: by its id, or by its mail address where the row has no id.
fn whose<'a>(row: &wire::AccountPolicy, batch: &'a [Asked]) -> Option<&'a Asked> {
    if let Some(id) = row.account_id.known() {
        return batch.iter().find(|account| account.id.native() == id);
    }
    let email = row.email.known()?;
    let mut fitting = batch.iter().filter(|account| {
        let own = account.email.as_ref();
        own.is_some_and(|own| own.to_lowercase() == email.to_lowercase())
    });
    // An address that two accounts have joins neither.
    fitting.next().filter(|_| fitting.next().is_none())
}

/// The policy's name, or its id where it has none.
fn policy_of(row: wire::AccountPolicy) -> Option<String> {
    let policy = value(row.policy).unwrap_or_default();
    let name = id(row.policy_name).or_else(|| id(policy.name));
    name.or_else(|| id(row.policy_id)).or_else(|| id(policy.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::row::Row;

    fn row(row: serde_json::Value) -> wire::AccountPolicy {
        Row::read(row).value.unwrap()
    }

    #[test]
    fn a_policy_is_found_under_every_name_it_may_have() {
        for (given, expected) in [
            (json!({"policyName": "Everybody", "policyId": "p-1"}), Some("Everybody")),
            (json!({"policy": {"id": "p-1", "name": "Everybody"}}), Some("Everybody")),
            (json!({"policyId": 7}), Some("7")),
            (json!({"policy": {"id": "p-1"}}), Some("p-1")),
            (json!({"policyName": "", "policyId": null}), None),
            (json!({"policy": "Everybody"}), None),
        ] {
            assert_eq!(policy_of(row(given.clone())).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn a_mail_address_joins_only_where_it_is_one_accounts() {
        let asked = |native: &str, email: &str| Asked {
            id: ResourceId::new(ResourceId::CLOUD, Kind::Principal, native),
            email: Some(email.to_owned()),
        };
        let batch = [asked("a", "ada@acme.example"), asked("b", "bo@acme.example"), asked("c", "BO@acme.example")];
        let native = |given| whose(&row(given), &batch).map(|account| account.id.native().to_owned());
        assert_eq!(native(json!({"email": "Ada@Acme.example"})), Some("a".to_owned()));
        assert_eq!(native(json!({"email": "bo@acme.example"})), None);
        assert_eq!(native(json!({"email": "bo@acme.example", "accountId": "c"})), Some("c".to_owned()));
        assert_eq!(native(json!({"email": "ada@acme.example", "accountId": "z"})), None);
    }
}
