//! Accounts, the directories they come from, groups, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::{ACCOUNTS, DIRECTORIES, GROUP_MEMBERS, GROUPS};
use super::page::{BY_START, Slice, SliceOrBare};
use super::{Visit, container, wire};
use crate::http::Paging;
use crate::model::{
    Body, Container, ContainerForm, Fact, Group, Kind, Principal, PrincipalType, Product, Resource, ResourceId,
};
use crate::sources::data_center::account_of_its_own;
use crate::sources::membership::{read_whole, tell_groups, tell_lists};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};

/// The accounts there are, and the names by which Bitbucket's paths know them.
pub(super) struct Accounts {
    pub(super) part: Part,
    /// Of each account of a person: its resource, slug and name.
    pub(super) named: Vec<Named>,
}

/// An account as paths and queries name it.
pub(super) struct Named {
    pub(super) id: ResourceId,
    pub(super) slug: Option<String>,
    pub(super) name: Option<String>,
}

/// Who is in which group.
pub(super) struct Members {
    pub(super) part: Part,
    pub(super) groups_of: BTreeMap<ResourceId, BTreeSet<ResourceId>>,
}

impl Visit<'_> {
    /// Active and deactivated accounts; those that were deleted are not listed any more.
    pub(super) async fn accounts(&self) -> Accounts {
        let mut reading = self.common().start(&ACCOUNTS);
        let request = self.listing(ACCOUNTS.request(&[]));
        let answer = reading.walk::<Slice<wire::Account>, _>(self.client(), request, BY_START).await;
        if answer.whole && answer.rows.is_empty() {
            reading.fall_short("Bitbucket names no account at all, though somebody asks".to_owned());
        }
        let mut named = Vec::new();
        for row in answer.rows {
            let (slug, name) = (id(row.slug.clone()), id(row.name.clone()));
            let of_a_person = !is_service(&row);
            let account = self.account(row);
            if let Some(account) = account.as_ref().filter(|_| of_a_person) {
                named.push(Named { id: account.id.clone(), slug, name });
            }
            reading.push(account);
        }
        Accounts { part: reading.finish(), named }
    }

    pub(super) async fn directories(&self) -> Part {
        let mut reading = self.common().start(&DIRECTORIES);
        let request = DIRECTORIES.request(&[]).query("includeInactive", "true");
        let rows = reading.walk::<SliceOrBare<wire::Directory>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let Some(name) = id(row.name) else {
                reading.push(None);
                continue;
            };
            let body = Container {
                parent: Fact::Known(self.instance_id()),
                category: hidden_if_empty(row.kind),
                status: hidden_if_null(row.active).map(|active| if active { "active" } else { "inactive" }.to_owned()),
                ..Container::unknown(ContainerForm::Directory)
            };
            let id = self.id(Kind::Container, &format!("directory:{name}"));
            reading.push(Some(container(id, name, body)));
        }
        reading.finish()
    }

    pub(super) async fn groups(&self) -> Part {
        let mut reading = self.common().start(&GROUPS);
        let request = self.listing(GROUPS.request(&[]));
        let rows = reading.walk::<Slice<wire::Group>, _>(self.client(), request, BY_START).await.rows;
        for row in rows {
            reading.push(id(row.name).map(|name| self.group(&name, Group::default())));
        }
        reading.finish()
    }

    /// The groups of an account are known only when every group was read whole: one that was not may be another. Those it
    /// was seen in are told all the same, and of each group whether its list is proof of who is not in it.
    ///
    /// A directory may nest groups. Bitbucket describes no way to ask which, and does not say whether these lists have who is
    /// in a group inside: what a group is inside of stays unknown.
    pub(super) async fn members_of_groups(&self, groups: &Part, accounts: &Accounts) -> Members {
        let mut reading = self.common().start(&GROUP_MEMBERS);
        reading.lean_on(&groups.entry);
        let calls = groups
            .resources
            .iter()
            .map(|group| (group, self.listing(GROUP_MEMBERS.request(&[]).query("context", group.id.native()))));
        let answers = reading.walk_each::<Slice<wire::Account>, _, _>(self.client(), calls.collect(), BY_START).await;
        let read = read_whole(&answers, |row: &wire::Account| id(row.id.clone()).is_some());
        let whole = !groups.entry.is_gap() && groups.resources.iter().all(|group| read.contains(&group.id));
        let mut groups_of: BTreeMap<ResourceId, BTreeSet<ResourceId>> = BTreeMap::new();
        let mut members: BTreeMap<ResourceId, Resource> = BTreeMap::new();
        for answer in answers {
            if answer.whole {
                let member_count = i64::try_from(answer.rows.len()).map_or(Fact::Unknown, Fact::Known);
                reading.push(Some(self.group(answer.of.id.native(), Group { member_count, ..Group::default() })));
            }
            for row in answer.rows {
                let Some(member) = self.account(row) else {
                    reading.push(None);
                    continue;
                };
                groups_of.entry(member.id.clone()).or_default().insert(answer.of.id.clone());
                members.insert(member.id.clone(), member);
            }
        }
        if whole {
            for account in &accounts.part.resources {
                members.entry(account.id.clone()).or_insert_with(|| account.clone());
            }
        }
        for (id, mut account) in members {
            tell_groups(&mut account, groups_of.get(&id).into_iter().flatten().cloned().collect(), whole);
            reading.push(Some(account));
        }
        tell_lists(&mut reading, &groups.resources, &read);
        Members { part: reading.finish(), groups_of }
    }

    /// Which account an answer names: by its number, which outlives a change of its name.
    pub(super) fn account_id(&self, account: &wire::Account) -> Option<ResourceId> {
        Some(self.id(Kind::Principal, &id(account.id.clone())?))
    }

    pub(super) fn group_id(&self, name: &str) -> ResourceId {
        self.id(Kind::Group, name)
    }

    /// A group as it is known by this endpoint. None of Bitbucket's opens the cloud.
    pub(super) fn group(&self, name: &str, body: Group) -> Resource {
        let body = Body::Group(Group { jira_access: Fact::Absent, confluence_access: Fact::Absent, ..body });
        Resource { id: self.group_id(name), name: name.to_owned(), seen_by: Vec::new(), body }
    }

    /// An account as Bitbucket shows it. A log-in that is not told may be one that the version does not keep.
    fn account(&self, account: wire::Account) -> Option<Resource> {
        let id = self.account_id(&account)?;
        let account_type = hidden_if_empty(account.kind).map(|kind| account_type(&kind));
        let active = hidden_if_null(account.active);
        let email = hidden_if_empty(account.email_address);
        let username = hidden_if_empty(account.name);
        let body = Principal {
            account_type,
            status: active.map(|active| if active { "active" } else { "deactivated" }.to_owned()),
            standings: self.gatherer.standing(Product::Bitbucket, active, Some(&email)),
            email,
            last_login_at: moment(hidden_if_null(account.last_authentication_timestamp)),
            directory: hidden_if_empty(account.directory_name),
            username: username.clone(),
            platform_roles: Fact::Unknown,
            ..account_of_its_own()
        };
        let name = value(hidden_if_empty(account.display_name)).or_else(|| value(username)).unwrap_or_default();
        Some(Resource { id, name, seen_by: Vec::new(), body: Body::Principal(body) })
    }
}

/// An account that Bitbucket keeps for a token of a project or repository: nobody's.
fn is_service(account: &wire::Account) -> bool {
    account.kind.known().is_some_and(|kind| kind == "SERVICE")
}

fn account_type(kind: &str) -> PrincipalType {
    match kind {
        "NORMAL" => PrincipalType::Person,
        _ => PrincipalType::Other,
    }
}
