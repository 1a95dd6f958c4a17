//! Accounts, groups, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::{ACCOUNTS, GROUP_MEMBERS, GROUPS, LICENSED_ACCOUNTS, OWN_ACCOUNT};
use super::page::{BY_LINK, Listing};
use super::{Visit, wire};
use crate::http::{Paging, Request};
use crate::model::{Body, Fact, Group, Kind, Principal, PrincipalType, Product, Resource, ResourceId};
use crate::sources::data_center::account_of_its_own;
use crate::sources::endpoint::{Endpoint, fill};
use crate::sources::membership::{read_whole, tell_groups, tell_lists};
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, id, value};

/// Who is in which group.
pub(super) struct Members {
    pub(super) part: Part,
    pub(super) groups_of: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
    /// True if every group was read whole: then who came up in none is in none.
    whole: bool,
}

impl Visit<'_> {
    /// Who asks, and that account's key. A token that is not accepted may be answered as if nobody asked.
    pub(super) async fn own_account(&self) -> (Part, Option<String>) {
        let mut own_key = None;
        let mut reading = self.common().start(&OWN_ACCOUNT);
        let request = OWN_ACCOUNT.request(&[]);
        let rows = reading.walk::<One<wire::User>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            if row.kind.known().is_some_and(|kind| kind == "anonymous") {
                let what = "Confluence does not know the credential and answers as to anybody on the web";
                reading.fall_short(what.to_owned());
                continue;
            }
            own_key = id(row.user_key.clone());
            reading.push(self.account(row));
        }
        (reading.finish(), own_key)
    }

    pub(super) async fn groups(&self) -> Part {
        let mut reading = self.common().start(&GROUPS);
        let request = self.up_to(200, GROUPS.request(&[]));
        let answer = reading.walk::<Listing<wire::Group>, _>(self.client(), request, BY_LINK).await;
        if answer.whole && answer.rows.is_empty() {
            reading.fall_short("Confluence names no group at all, though it always has some".to_owned());
        }
        for row in answer.rows {
            reading.push(id(row.name).map(|name| self.group(&name, Group::default())));
        }
        reading.finish()
    }

    /// The groups of an account are known only when every group was read whole: one that was not may be another. Those it
    /// was seen in are told all the same, and of each group whether its list is proof of who is not in it. Whether a list
    /// has who is in a group inside is not described: which groups are inside which is told beside it.
    pub(super) async fn members_of_groups(&self, groups: &Part) -> Members {
        let mut reading = self.common().start(&GROUP_MEMBERS);
        reading.lean_on(&groups.entry);
        let calls = groups.resources.iter().map(|group| {
            let request = of_group(&GROUP_MEMBERS, group.id.native()).query("expand", "status");
            (group, self.up_to(200, request))
        });
        let answers = reading.walk_each::<Listing<wire::User>, _, _>(self.client(), calls.collect(), BY_LINK).await;
        let read = read_whole(&answers, |row: &wire::User| id(row.user_key.clone()).is_some());
        let whole = !groups.entry.is_gap() && groups.resources.iter().all(|group| read.contains(&group.id));
        let mut groups_of: BTreeMap<ResourceId, BTreeSet<ResourceId>> = BTreeMap::new();
        let mut accounts: BTreeMap<ResourceId, Resource> = BTreeMap::new();
        for answer in answers {
            if answer.whole {
                let member_count = i64::try_from(answer.rows.len()).map_or(Fact::Unknown, Fact::Known);
                reading.push(Some(self.group(answer.of.id.native(), Group { member_count, ..Group::default() })));
            }
            for row in answer.rows {
                let Some(account) = self.account(row) else {
                    reading.push(None);
                    continue;
                };
                groups_of.entry(account.id.clone()).or_default().insert(answer.of.id.clone());
                accounts.insert(account.id.clone(), account);
            }
        }
        for account in accounts.into_values() {
            reading.push(Some(in_groups(account, &groups_of, whole)));
        }
        tell_lists(&mut reading, &groups.resources, &read);
        Members { part: reading.finish(), groups_of, whole }
    }

    /// Everybody, disabled and unlicensed accounts included. Where a version cannot list them, those in groups stand in.
    pub(super) async fn accounts(&self, members: &Members) -> Part {
        let mut reading = self.common().start(&ACCOUNTS);
        let request = self.up_to(100, ACCOUNTS.request(&[]).query("expand", "status"));
        let answer = reading.walk::<Listing<wire::User>, _>(self.client(), request, BY_LINK).await;
        if answer.whole && answer.rows.is_empty() {
            reading.fall_short("Confluence names no account at all, though somebody asks".to_owned());
        }
        if reading.met_any(&[404, 405]) && !members.part.resources.is_empty() {
            reading.try_again();
            let what = "this version of Confluence cannot list its accounts; only members of groups are there";
            reading.fall_short(what.to_owned());
            let accounts = members.part.resources.iter().filter(|each| each.kind() == Kind::Principal);
            accounts.for_each(|account| reading.push(Some(account.clone())));
        }
        for row in answer.rows.into_iter().filter(|row| !is_anonymous(row)) {
            let account = self.account(row);
            reading.push(account.map(|account| in_groups(account, &members.groups_of, members.whole)));
        }
        reading.finish()
    }

    /// Accounts that take a seat. Where the listing of all says nothing of an account's status, this shows that it is
    /// active; of those that are not here it says nothing, for they may be active without a seat.
    pub(super) async fn licensed_accounts(&self, accounts: &Part) -> Part {
        let mut reading = self.common().start(&LICENSED_ACCOUNTS);
        let request = self.up_to(100, LICENSED_ACCOUNTS.request(&[]));
        let rows = reading.walk::<Listing<wire::User>, _>(self.client(), request, BY_LINK).await.rows;
        let told: BTreeSet<&ResourceId> =
            accounts.resources.iter().filter(|each| tells_status(each)).map(|each| &each.id).collect();
        for row in rows {
            let Some(mut account) = self.account(row) else {
                reading.push(None);
                continue;
            };
            if let Body::Principal(principal) = &mut account.body
                && !told.contains(&account.id)
            {
                principal.status = Fact::Known("active".to_owned());
                principal.standings = self.gatherer.standing(Product::Confluence, Fact::Known(true), None);
            }
            reading.push(Some(account));
        }
        reading.finish()
    }

    pub(super) fn group_id(&self, name: &str) -> ResourceId {
        self.id(Kind::Group, name)
    }

    /// A group as it is known by this endpoint. None of this Confluence opens the cloud.
    pub(super) fn group(&self, name: &str, body: Group) -> Resource {
        let body = Body::Group(Group { jira_access: Fact::Absent, confluence_access: Fact::Absent, ..body });
        Resource { id: self.group_id(name), name: name.to_owned(), seen_by: Vec::new(), body }
    }

    /// An account as Confluence shows it: with neither mail address nor last log-in.
    pub(super) fn account(&self, user: wire::User) -> Option<Resource> {
        let id = self.id(Kind::Principal, &id(user.user_key)?);
        let kind = hidden_if_empty(user.kind);
        let status = match (&kind, &user.status) {
            (Fact::Known(kind), _) if kind == "unknown" => Fact::Known("deleted".to_owned()),
            (_, Fact::Known(word)) => status(&word.0),
            (_, Fact::Absent | Fact::Unknown) => Fact::Unknown,
        };
        let username = hidden_if_empty(user.username);
        let body = Principal {
            account_type: kind.map(|kind| account_type(&kind)),
            standings: self.standing(&status),
            status,
            username: username.clone(),
            platform_roles: Fact::Unknown,
            ..account_of_its_own()
        };
        let name = value(hidden_if_empty(user.display_name)).or_else(|| value(username)).unwrap_or_default();
        Some(Resource { id, name, seen_by: Vec::new(), body: Body::Principal(body) })
    }

    fn standing(&self, status: &Fact<String>) -> Fact<Vec<crate::model::Standing>> {
        self.gatherer.standing(Product::Confluence, status.as_ref().map(|status| status == "active"), None)
    }
}

/// One request about a group, in the form that its name allows.
pub(super) fn of_group(endpoint: &'static Endpoint, name: &str) -> Request {
    let fits_into_a_path = !name.contains(['/', '\\', ';']) && !["member", "groupparent", ".", ".."].contains(&name);
    match fits_into_a_path {
        true => endpoint.request(&[name]),
        false => fill(endpoint.requests[1], &[]).query("groupName", name),
    }
}

/// The account with its groups, as far as they are known.
fn in_groups(mut account: Resource, groups_of: &BTreeMap<ResourceId, BTreeSet<ResourceId>>, whole: bool) -> Resource {
    let seen_in = groups_of.get(&account.id).into_iter().flatten().cloned().collect();
    tell_groups(&mut account, seen_in, whole);
    account
}

fn tells_status(account: &Resource) -> bool {
    matches!(&account.body, Body::Principal(principal) if !principal.status.is_unknown())
}

fn is_anonymous(user: &wire::User) -> bool {
    user.kind.known().is_some_and(|kind| kind == "anonymous")
}

fn account_type(kind: &str) -> PrincipalType {
    match kind {
        "known" | "user" | "unknown" => PrincipalType::Person,
        _ => PrincipalType::Other,
    }
}

/// A status in the words of the model; one that nobody described says nothing.
fn status(word: &str) -> Fact<String> {
    match word.to_lowercase().as_str() {
        "current" | "active" | "enabled" => Fact::Known("active".to_owned()),
        "deactivated" | "disabled" | "inactive" => Fact::Known("deactivated".to_owned()),
        "deleted" | "removed" => Fact::Known("deleted".to_owned()),
        _ => Fact::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_described_says_nothing() {
        assert_eq!(status("CURRENT"), Fact::Known("active".to_owned()));
        assert_eq!(status("deactivated"), Fact::Known("deactivated".to_owned()));
        assert_eq!(status("on holiday"), Fact::Unknown);
    }

    #[test]
    fn a_group_that_no_path_can_hold_is_asked_for_by_query() {
        assert_eq!(of_group(&GROUP_MEMBERS, "team a&b").path, "/rest/api/group/team%20a%26b/member");
        for odd in ["a/b", "..", "member"] {
            let request = of_group(&GROUP_MEMBERS, odd);
            assert_eq!(request.path, "/rest/api/group/member");
            assert_eq!(request.query, [("groupName".to_owned(), odd.to_owned())]);
        }
    }
}
