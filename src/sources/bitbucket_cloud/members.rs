//! Members of the workspace, and the groups they are in.

use std::collections::BTreeMap;

use super::endpoints::{GROUPS, MEMBERS};
use super::{BY_LINKS, Visit, cloud, uuid, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Group, Holder, Kind, Principal, PrincipalType, Product, Resource, ResourceId};
use crate::sources::pages::{Bare, Values};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, id, sorted, value};

/// Which account an id of Bitbucket's own stands for: some answers name people by it alone.
#[derive(Debug, Default)]
pub(super) struct Directory(BTreeMap<String, ResourceId>);

impl Visit<'_> {
    pub(super) async fn members(&mut self) -> Part {
        let mut reading = self.gatherer.start(&MEMBERS);
        let request = self.listing(MEMBERS.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Membership>, _>(self.client(), request, BY_LINKS).await.rows;
        let mut directory = Directory::default();
        for row in rows {
            let Some(account) = value(row.user) else {
                reading.push(None);
                continue;
            };
            if let (Some(uuid), Some(account_id)) = (uuid(account.uuid.clone()), id(account.account_id.clone())) {
                directory.0.insert(uuid, cloud(Kind::Principal, &account_id));
            }
            reading.push(self.account(account));
        }
        let part = reading.finish();
        self.directory = directory;
        part
    }

    /// The groups of an account are known only when all groups were read with their members. Then every member of the
    /// workspace that came up in none is in none. Otherwise those it was seen in are told all the same.
    pub(super) async fn groups(&self, members: &Part, grants: &[&Part]) -> Part {
        let mut reading = self.gatherer.start(&GROUPS);
        let request = GROUPS.request(&[&self.source.workspace]);
        let answer = reading.walk::<Bare<wire::Group>, _>(self.client(), request, Paging::Single).await;
        let told = answer.rows.iter().all(tells_all);
        if answer.whole && !told {
            reading.fall_short("a group came without its members".to_owned());
        }
        let hidden = answer.rows.is_empty() && grants.iter().any(|part| part.resources.iter().any(is_to_a_group));
        if answer.whole && hidden {
            reading.fall_short("Bitbucket names no group at all, though groups hold permissions".to_owned());
        }
        let whole = answer.whole && told && !hidden;
        let mut accounts: BTreeMap<ResourceId, (Resource, Vec<ResourceId>)> = BTreeMap::new();
        if whole {
            let known = members.resources.iter().map(|member| (member.id.clone(), (member.clone(), Vec::new())));
            accounts.extend(known);
        }
        for row in answer.rows {
            let Some(slug) = id(row.slug) else {
                reading.push(None);
                continue;
            };
            let group = self.group_id(&slug);
            let named = row.members.known().is_some_and(|members| members.iter().all(is_named));
            let in_group = value(row.members).unwrap_or_default();
            let member_count = if whole { count(in_group.len()) } else { Fact::Unknown };
            let members_told = Fact::Known(named);
            let body = Body::Group(Group { member_count, members_told, inside: Fact::Absent, ..Group::default() });
            let name = value(row.name).unwrap_or(slug);
            reading.push(Some(Resource { id: group.clone(), name, seen_by: Vec::new(), body }));
            for account in in_group.into_iter().filter_map(|account| self.account(account)) {
                let id = account.id.clone();
                accounts.entry(id).or_insert_with(|| (account, Vec::new())).1.push(group.clone());
            }
        }
        for (mut account, groups) in accounts.into_values() {
            if let Body::Principal(principal) = &mut account.body {
                match whole {
                    true => principal.workspace_groups = Fact::Known(sorted(groups)),
                    false if groups.is_empty() => {}
                    false => principal.workspace_groups_at_least = Fact::Known(sorted(groups)),
                }
            }
            reading.push(Some(account));
        }
        reading.finish()
    }

    /// Which resource an account is; Atlassian's own id where it is told or known, else that of Bitbucket.
    pub(super) fn account_id(&self, account: &wire::Account) -> Option<ResourceId> {
        if let Some(id) = id(account.account_id.clone()) {
            return Some(cloud(Kind::Principal, &id));
        }
        let uuid = uuid(account.uuid.clone())?;
        Some(self.directory.0.get(&uuid).cloned().unwrap_or_else(|| self.id(Kind::Principal, &uuid)))
    }

    /// An account as Bitbucket shows it: never with a mail address.
    fn account(&self, account: wire::Account) -> Option<Resource> {
        let id = self.account_id(&account)?;
        let active = hidden_if_null(account.account_status).map(|status| status == "active");
        let body = Principal {
            account_type: hidden_if_null(account.kind).map(|kind| account_type(&kind)),
            standings: self.gatherer.standing(Product::Bitbucket, active, None),
            ..Principal::default()
        };
        let name = value(account.display_name).or_else(|| value(account.nickname)).unwrap_or_default();
        Some(Resource { id, name, seen_by: Vec::new(), body: Body::Principal(body) })
    }
}

fn is_to_a_group(grant: &Resource) -> bool {
    matches!(&grant.body, Body::Grant(grant) if grant.holder == Holder::Group)
}

/// True if it is certain who is in the group.
fn tells_all(group: &wire::Group) -> bool {
    group.slug.known().is_some() && group.members.known().is_some_and(|members| members.iter().all(is_named))
}

fn is_named(account: &wire::Account) -> bool {
    account.account_id.known().or(account.uuid.known()).is_some()
}

fn count(members: usize) -> Fact<i64> {
    i64::try_from(members).map_or(Fact::Unknown, Fact::Known)
}

fn account_type(kind: &str) -> PrincipalType {
    match kind {
        "user" => PrincipalType::Person,
        "app_user" => PrincipalType::App,
        _ => PrincipalType::Other,
    }
}
