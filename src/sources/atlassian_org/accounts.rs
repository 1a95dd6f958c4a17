//! Accounts: the search shows everybody with all facts; the older listing of managed accounts alone tells who counts
//! towards the Guard subscription.

use serde_json::json;

use super::endpoints::{ACCOUNT_COUNT, ACCOUNTS, MANAGED_ACCOUNTS};
use super::{BY_CURSOR, BY_CURSOR_IN_BODY, EVERY_DIRECTORY, Visit, cloud, wire};
use crate::model::{Body, Fact, Kind, Principal, PrincipalType, ProductActivity, Resource};
use crate::sources::endpoint::fill;
use crate::sources::pages::Listed;
use crate::sources::reading::Part;
use crate::sources::row::{self, hidden_if_empty, hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    pub(super) async fn accounts(&self) -> Part {
        let mut reading = self.gatherer.start(&ACCOUNTS);
        let mut request = ACCOUNTS.request(&[&self.org, EVERY_DIRECTORY]);
        request.body = Some(json!({
            "limit": self.source.connection.page_size(100),
            "expand": ["platformRoles", "productAccess", "groups"],
        }));
        let users = reading.walk::<Listed<wire::User>, _>(&self.source.client, request, BY_CURSOR_IN_BODY).await;
        for mut user in users.rows {
            let groups = hidden_if_null(std::mem::take(&mut user.groups)).map(|rows| {
                let all = rows.0.len();
                (reading.elements("groups of an account", rows), all)
            });
            reading.push(account(user, groups));
        }
        reading.count(&self.source.client, fill(ACCOUNT_COUNT, &[&self.org, EVERY_DIRECTORY])).await;
        reading.finish()
    }

    pub(super) async fn managed_accounts(&self) -> Part {
        let mut reading = self.gatherer.start(&MANAGED_ACCOUNTS);
        let request = MANAGED_ACCOUNTS.request(&[&self.org]);
        let rows = reading.walk::<Listed<wire::ManagedAccount>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        rows.into_iter().for_each(|row| reading.push(managed_account(row)));
        reading.finish()
    }
}

/// `groups` are those of its groups that could be read, and how many there are.
fn account(user: wire::User, groups: Fact<(Vec<wire::GroupOfUser>, usize)>) -> Option<Resource> {
    let id = id(user.account_id.clone())?;
    let (groups, groups_at_least) = match groups {
        Fact::Known((groups, all)) => {
            let ids: Vec<String> = groups.into_iter().filter_map(|group| row::id(group.id)).collect();
            let whole = ids.len() == all;
            let ids = sorted(ids.iter().map(|id| cloud(Kind::Group, id)).collect());
            match (whole, ids.is_empty()) {
                (true, _) => (Fact::Known(ids), Fact::Unknown),
                (false, true) => (Fact::Unknown, Fact::Unknown),
                (false, false) => (Fact::Unknown, Fact::Known(ids)),
            }
        }
        Fact::Absent | Fact::Unknown => (Fact::Unknown, Fact::Unknown),
    };
    let status = status(&user);
    let managed = hidden_if_null(user.claim_status).and_then(|claim| match claim.as_str() {
        "managed" => Fact::Known(true),
        "unmanaged" => Fact::Known(false),
        _ => Fact::Unknown,
    });
    let body = Principal {
        account_type: hidden_if_null(user.account_type).map(|name| account_type(&name)),
        status,
        email: hidden_if_empty(user.email),
        // Of accounts that others manage, the organisation is told nothing it could rely on.
        mfa: if managed == Fact::Known(true) { hidden_if_null(user.mfa_enabled) } else { Fact::Unknown },
        managed,
        platform_roles: hidden_if_null(user.platform_roles).map(sorted),
        groups,
        groups_at_least,
        activity: hidden_if_null(user.product_access).map(|list| sorted(list.into_iter().map(activity).collect())),
        added_at: hidden_if_null(moment(user.added_to_org)),
        deactivated_at: moment(user.deactivated_on),
        management_source: hidden_if_null(user.management_source),
        // That a person has no job title is no word on what a service account is for.
        description: hidden_if_null(user.job_title),
        ..Principal::default()
    };
    let name = value(user.name).unwrap_or_default();
    Some(Resource { id: cloud(Kind::Principal, &id), name, seen_by: Vec::new(), body: Body::Principal(body) })
}

fn managed_account(row: wire::ManagedAccount) -> Option<Resource> {
    let id = id(row.account_id)?;
    let body = Principal {
        account_type: hidden_if_null(row.account_type).map(|name| account_type(&name)),
        // An active account may be suspended all the same; only the search knows.
        status: hidden_if_null(row.account_status).and_then(|status| match status.as_str() {
            "inactive" => Fact::Known("deactivated".to_owned()),
            "closed" => Fact::Known("closed".to_owned()),
            _ => Fact::Unknown,
        }),
        email: hidden_if_empty(row.email),
        managed: Fact::Known(true),
        billable: hidden_if_null(row.access_billable),
        ..Principal::default()
    };
    let name = value(row.name).unwrap_or_default();
    Some(Resource { id: cloud(Kind::Principal, &id), name, seen_by: Vec::new(), body: Body::Principal(body) })
}

fn account_type(name: &str) -> PrincipalType {
    match name {
        "atlassian" => PrincipalType::Person,
        "app" => PrincipalType::App,
        "customer" => PrincipalType::Customer,
        _ => PrincipalType::Other,
    }
}

/// The status of the account in the organisation; where the API does not put it together, from its two halves.
fn status(user: &wire::User) -> Fact<String> {
    let told = |fact: &Fact<String>| fact.known().cloned();
    let word = match (told(&user.status), told(&user.account_status), told(&user.membership_status)) {
        (Some(status), _, _) => match status.as_str() {
            "not_invited" => "not-invited".to_owned(),
            "for_deletion" => "for-deletion".to_owned(),
            _ => status,
        },
        (None, Some(account), membership) => match (account.as_str(), membership.as_deref()) {
            ("inactive", _) => "deactivated".to_owned(),
            ("active", Some("no_membership")) => "not-invited".to_owned(),
            ("active", Some(membership)) => membership.to_owned(),
            ("active", None) => return Fact::Unknown,
            (other, _) => other.to_owned(),
        },
        (None, None, _) => return Fact::Unknown,
    };
    Fact::Known(word)
}

fn activity(access: wire::ProductAccess) -> ProductActivity {
    ProductActivity { product: access.key, site: access.id, last_active_at: moment(access.last_active_timestamp) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::row::Row;

    fn principal(row: serde_json::Value) -> Principal {
        let mut user: wire::User = Row::read(row).value.unwrap();
        let groups = hidden_if_null(std::mem::take(&mut user.groups)).map(|rows| {
            let all = rows.0.len();
            (rows.0.into_iter().filter_map(|row| row.value).collect(), all)
        });
        let resource = account(user, groups).unwrap();
        let Body::Principal(principal) = resource.body else { panic!("an account is a principal") };
        principal
    }

    #[test]
    fn what_was_not_expanded_is_unknown_and_what_is_empty_is_known() {
        let bare = principal(json!({"accountId": "a", "claimStatus": "managed"}));
        assert!(bare.platform_roles.is_unknown() && bare.groups.is_unknown() && bare.activity.is_unknown());
        let empty = principal(json!({"accountId": "a", "platformRoles": [], "groups": [], "productAccess": []}));
        assert_eq!((empty.platform_roles, empty.groups), (Fact::Known(vec![]), Fact::Known(vec![])));
        assert_eq!(empty.activity, Fact::Known(vec![]));
    }

    #[test]
    fn a_group_that_cannot_be_read_leaves_the_others_as_those_it_is_in_at_least() {
        let of = |groups: serde_json::Value| principal(json!({"accountId": "a", "groups": groups}));
        let ids = |names: &[&str]| Fact::Known(names.iter().map(|name| cloud(Kind::Group, name)).collect::<Vec<_>>());
        for (groups, all, at_least) in [
            (json!([{"id": "g-2"}, {"id": "g-1"}, {"id": "g-2"}]), ids(&["g-1", "g-2"]), Fact::Unknown),
            (json!([{"id": "g-1"}, {"name": "nameless"}]), Fact::Unknown, ids(&["g-1"])),
            (json!([7, {"id": "g-1"}]), Fact::Unknown, ids(&["g-1"])),
            (json!([{"id": null}]), Fact::Unknown, Fact::Unknown),
        ] {
            let account = of(groups.clone());
            assert_eq!((account.groups, account.groups_at_least), (all, at_least), "{groups}");
        }
    }

    #[test]
    fn statuses_speak_the_words_of_the_model_and_strange_ones_stay() {
        for (row, expected) in [
            (json!({"accountId": "a", "status": "not_invited"}), Fact::Known("not-invited")),
            (json!({"accountId": "a", "status": "for_deletion"}), Fact::Known("for-deletion")),
            (json!({"accountId": "a", "status": "frozen"}), Fact::Known("frozen")),
            (json!({"accountId": "a", "accountStatus": "inactive"}), Fact::Known("deactivated")),
            (
                json!({"accountId": "a", "accountStatus": "active", "membershipStatus": "suspended"}),
                Fact::Known("suspended"),
            ),
            (json!({"accountId": "a", "accountStatus": "active"}), Fact::Unknown),
            (json!({"accountId": "a"}), Fact::Unknown),
        ] {
            assert_eq!(principal(row.clone()).status, expected.map(str::to_owned), "{row}");
        }
    }

    #[test]
    fn two_step_verification_is_known_for_managed_accounts_only() {
        let managed = principal(json!({"accountId": "a", "claimStatus": "managed", "mfaEnabled": false}));
        assert_eq!(managed.mfa, Fact::Known(false));
        let external = principal(json!({"accountId": "a", "claimStatus": "unmanaged", "mfaEnabled": false}));
        assert_eq!(external.mfa, Fact::Unknown);
    }

    #[test]
    fn no_job_title_is_no_word_on_what_the_account_is_for() {
        assert!(principal(json!({"accountId": "a", "jobTitle": null})).description.is_unknown());
        let clerk = principal(json!({"accountId": "a", "jobTitle": "Clerk"}));
        assert_eq!(clerk.description, Fact::Known("Clerk".to_owned()));
    }

    #[test]
    fn a_row_without_an_id_is_no_account() {
        assert!(account(Row::read(json!({"name": "Ada"})).value.unwrap(), Fact::Unknown).is_none());
    }
}
