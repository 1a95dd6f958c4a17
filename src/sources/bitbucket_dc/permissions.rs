//! Who may do what on the whole product: permissions that were given to accounts and groups, and who administers in the
//! end.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::{Accounts, Members};
use super::endpoints::{EFFECTIVE_ADMINISTRATORS, GLOBAL_ACCOUNTS, GLOBAL_GROUPS};
use super::page::{BY_START, Slice};
use super::{Visit, wire};
use crate::model::{
    Body, Container, ContainerForm, EndpointState, Fact, Grant, GrantForm, Group, Holder, Kind, Principal, Resource,
    ResourceId,
};
use crate::sources::reading::Part;
use crate::sources::row::{id, sorted, value};

const SYSTEM_ADMIN: &str = "SYS_ADMIN";
const ADMIN: &str = "ADMIN";

/// Permissions that were given on the whole product.
pub(super) struct Given {
    pub(super) part: Part,
    /// The permission of each account or group.
    roles: BTreeMap<ResourceId, String>,
}

/// Who holds a permission.
pub(super) struct Who {
    pub(super) holder: Holder,
    pub(super) id: ResourceId,
    pub(super) name: String,
}

impl Visit<'_> {
    pub(super) async fn global_accounts(&mut self, accounts: &Accounts) -> Given {
        let mut reading = self.common().start(&GLOBAL_ACCOUNTS);
        let request = self.listing(GLOBAL_ACCOUNTS.request(&[]));
        let answer = reading.walk::<Slice<wire::Permission>, _>(self.client(), request, BY_START).await;
        let mut roles = BTreeMap::new();
        let mut whole = answer.whole;
        for row in answer.rows {
            let Some((who, role)) = self.account_named(row.user).zip(id(row.permission)) else {
                whole = false;
                reading.push(None);
                continue;
            };
            reading.push(Some(self.global_grant(&role, &who)));
            roles.insert(who.id, role);
        }
        for account in &accounts.part.resources {
            let platform_roles = match roles.get(&account.id) {
                Some(role) => platform_roles(role),
                None if whole => Fact::Absent,
                None => Fact::Unknown,
            };
            let body = Body::Principal(Principal { platform_roles, ..Principal::default() });
            reading.enrich(Resource { body, ..account.clone() });
        }
        let part = reading.finish();
        self.administers = match part.entry.state {
            EndpointState::Complete | EndpointState::Partial => Fact::Known(true),
            EndpointState::Denied => Fact::Known(false),
            EndpointState::NotOffered | EndpointState::Failed | EndpointState::Skipped => Fact::Unknown,
        };
        Given { part, roles }
    }

    /// Every product has somebody who administers it: where none is named, something is hidden. Every global permission
    /// brings a seat.
    pub(super) async fn global_groups(&self, groups: &Part, licence: &Part, of_accounts: &Given) -> Given {
        let mut reading = self.common().start(&GLOBAL_GROUPS);
        let request = self.listing(GLOBAL_GROUPS.request(&[]));
        let answer = reading.walk::<Slice<wire::Permission>, _>(self.client(), request, BY_START).await;
        let mut roles = BTreeMap::new();
        let mut whole = answer.whole;
        for row in answer.rows {
            let Some((who, role)) = self.group_named(row.group).zip(id(row.permission)) else {
                whole = false;
                reading.push(None);
                continue;
            };
            reading.push(Some(self.global_grant(&role, &who)));
            roles.insert(who.id, role);
        }
        let somebody = roles.values().chain(of_accounts.roles.values()).any(|role| role == SYSTEM_ADMIN);
        if whole && !somebody && of_accounts.part.entry.state == EndpointState::Complete {
            reading.fall_short("Bitbucket names no system administrator, though there must be one".to_owned());
            whole = false;
        }
        for group in &groups.resources {
            let administers = match roles.get(&group.id) {
                Some(role) => administers(role),
                None if whole => Fact::Known(false),
                None => Fact::Unknown,
            };
            reading.enrich(self.group(group.id.native(), Group { administers, ..Group::default() }));
        }
        for application in licence.resources.iter().filter(|_| whole) {
            let licence_groups = Fact::Known(sorted(roles.keys().cloned().collect()));
            let body = Container { licence_groups, ..Container::unknown(ContainerForm::Application) };
            reading.enrich(Resource { body: Body::Container(body), ..application.clone() });
        }
        Given { part: reading.finish(), roles }
    }

    /// Those who administer though neither a permission of their own nor a group explains it: through a group inside
    /// another, say. It takes all permissions and all groups to tell.
    pub(super) async fn effective_administrators(
        &self,
        of_accounts: &Given,
        of_groups: &Given,
        members: &Members,
    ) -> Part {
        let mut reading = self.common().start(&EFFECTIVE_ADMINISTRATORS);
        for entry in [&of_accounts.part.entry, &of_groups.part.entry, &members.part.entry] {
            reading.lean_on(entry);
        }
        let calls = [SYSTEM_ADMIN, ADMIN]
            .map(|role| (role, self.listing(EFFECTIVE_ADMINISTRATORS.request(&[]).query("permission", role))));
        let answers = reading.walk_each::<Slice<wire::Account>, _, _>(self.client(), calls.into(), BY_START).await;
        if answers.iter().all(|answer| answer.whole && answer.rows.is_empty()) && !answers.is_empty() {
            reading.fall_short("Bitbucket names nobody who administers it, though somebody must".to_owned());
        }
        let known = [of_accounts.part.entry.is_gap(), of_groups.part.entry.is_gap(), members.part.entry.is_gap()];
        if known.contains(&true) {
            return reading.finish();
        }
        let mut told: BTreeSet<ResourceId> = BTreeSet::new();
        for answer in answers {
            for row in answer.rows {
                let Some(who) = self.account_named(Fact::Known(row)) else {
                    reading.push(None);
                    continue;
                };
                if self.explained(&who.id, answer.of, of_accounts, of_groups, members) || !told.insert(who.id.clone()) {
                    continue;
                }
                let mut grant = Grant::of(GrantForm::GlobalPermission, answer.of, Holder::Principal);
                grant.via = Fact::Known(vec!["inferred".to_owned()]);
                let native = format!("effective:{}", who.id.native());
                reading.push(Some(self.granted(&native, grant, &who, self.instance_id())));
            }
        }
        reading.finish()
    }

    /// Whether an account's own permission, or one of its groups, brings a permission.
    fn explained(
        &self,
        account: &ResourceId,
        role: &str,
        of_accounts: &Given,
        of_groups: &Given,
        members: &Members,
    ) -> bool {
        let brings = |given: &String| given == SYSTEM_ADMIN || given == role;
        let groups = members.groups_of.get(account).into_iter().flatten();
        of_accounts.roles.get(account).is_some_and(brings)
            || groups.filter_map(|group| of_groups.roles.get(group)).any(brings)
    }

    fn global_grant(&self, role: &str, who: &Who) -> Resource {
        let sort = if who.holder == Holder::Group { "group" } else { "user" };
        let native = format!("global/{sort}:{}", who.id.native());
        let grant = Grant::of(GrantForm::GlobalPermission, role, who.holder);
        self.granted(&native, grant, who, self.instance_id())
    }

    pub(super) fn account_named(&self, account: Fact<wire::Account>) -> Option<Who> {
        let account = value(account)?;
        let id = self.account_id(&account)?;
        let name = value(account.display_name).unwrap_or_else(|| id.native().to_owned());
        Some(Who { holder: Holder::Principal, id, name })
    }

    pub(super) fn group_named(&self, group: Fact<wire::Group>) -> Option<Who> {
        let name = id(value(group)?.name)?;
        Some(Who { holder: Holder::Group, id: self.group_id(&name), name })
    }

    /// The resource of a grant to an account or a group.
    pub(super) fn granted(&self, native: &str, mut grant: Grant, who: &Who, container: ResourceId) -> Resource {
        grant.container = Fact::Known(container);
        match who.holder {
            Holder::Group => grant.group = Fact::Known(who.id.clone()),
            _ => grant.principal = Fact::Known(who.id.clone()),
        }
        let name = format!("{} for {}", grant.role, who.name);
        Resource { id: self.id(Kind::Grant, native), name, seen_by: Vec::new(), body: Body::Grant(grant) }
    }
}

/// Whether a permission makes an administrator; of a word that nobody described that is not known.
fn administers(role: &str) -> Fact<bool> {
    match role {
        SYSTEM_ADMIN | ADMIN => Fact::Known(true),
        "PROJECT_CREATE" | "LICENSED_USER" => Fact::Known(false),
        _ => Fact::Unknown,
    }
}

fn platform_roles(role: &str) -> Fact<Vec<String>> {
    match role {
        SYSTEM_ADMIN => Fact::Known(vec!["bitbucket/sys-admin".to_owned()]),
        ADMIN => Fact::Known(vec!["bitbucket/admin".to_owned()]),
        _ => administers(role).and_then(|_| Fact::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_that_nobody_described_says_nothing() {
        assert_eq!((administers("ADMIN"), administers("LICENSED_USER")), (Fact::Known(true), Fact::Known(false)));
        assert_eq!((administers("OVERLORD"), platform_roles("OVERLORD")), (Fact::Unknown, Fact::Unknown));
        assert_eq!(platform_roles("PROJECT_CREATE"), Fact::Absent);
    }
}
