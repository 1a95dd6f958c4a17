//! Groups of the site: what they open in Confluence, and whom those let in.

use std::collections::BTreeMap;

use super::endpoints::{GROUP_ACCESS, GROUP_MEMBERS, GROUPS};
use super::{BY_LINK, Visit, cloud, wire};
use crate::http::Request;
use crate::model::{Body, Fact, Group, Kind, Resource, ResourceId};
use crate::sources::membership::tell_groups;
use crate::sources::pages::Results;
use crate::sources::reading::{Answer, Part};
use crate::sources::row::{hidden_if_empty, id, value};
use crate::sources::site::product_access;

/// What membership of a group can open, as Confluence names it.
const ACCESS: [&str; 3] = ["admin", "site-admin", "user"];

impl Visit<'_> {
    pub(super) async fn groups(&self) -> Part {
        let mut reading = self.gatherer.start(&GROUPS);
        let request = self.up_to_200(GROUPS.request(&[]));
        let answer = reading.walk::<Results<wire::Group>, _>(self.client(), request, BY_LINK).await;
        if answer.whole && answer.rows.is_empty() {
            reading.fall_short("Confluence names no group at all, though every site has some".to_owned());
        }
        answer.rows.into_iter().for_each(|row| reading.push(group(row, Group::default())));
        reading.finish()
    }

    /// What each group opens is known only when all sorts of access were read: a group that is not among the
    /// administrators' would otherwise look harmless. Then the groups that came up for none open nothing. What a group opens
    /// here is a grant on this site as well: the group itself may open another.
    pub(super) async fn access_of_groups(&self, groups: &Part) -> Part {
        let mut reading = self.gatherer.start(&GROUP_ACCESS);
        let calls =
            ACCESS.map(|access| (access, self.up_to_200(GROUP_ACCESS.request(&[])).query("accessType", access)));
        let answers = reading.walk_each::<Results<wire::Group>, _, _>(self.client(), calls.into(), BY_LINK).await;
        let placed = |row: &wire::Group| id(row.id.clone()).is_some();
        let read_whole = |answer: &Answer<_, _>| answer.whole && answer.rows.iter().all(placed);
        let read = answers.len() == ACCESS.len() && answers.iter().all(read_whole);
        let none = answers.iter().all(|answer| answer.rows.is_empty());
        if read && none {
            reading.fall_short("Confluence names no group that opens it, though somebody may log in".to_owned());
        }
        let whole = read && !none;
        let mut opened: BTreeMap<String, (wire::Group, Vec<String>)> = BTreeMap::new();
        for answer in answers {
            for row in answer.rows {
                let Some(id) = id(row.id.clone()) else {
                    reading.push(None);
                    continue;
                };
                opened.entry(id).or_insert((row, Vec::new())).1.push(answer.of.to_owned());
            }
        }
        for group in groups.resources.iter().filter(|group| whole && !opened.contains_key(group.id.native())) {
            let body = Body::Group(Group { confluence_access: Fact::Known(Vec::new()), ..Group::default() });
            reading.push(Some(Resource { body, ..group.clone() }));
        }
        for (row, access) in opened.into_values() {
            for word in &access {
                reading.push(group_id(&row).map(|id| product_access(&self.site_id(), &id, row.name.known(), word)));
            }
            let confluence_access = if whole { Fact::Known(access) } else { Fact::Unknown };
            reading.push(group(row, Group { confluence_access, ..Group::default() }));
        }
        reading.finish()
    }

    /// Who is in a group that opens Confluence. The list leaves out those who are suspended and says nothing about who was
    /// deactivated, so that it proves neither that somebody may log in nor who is not in the group. Who is in it, it tells.
    pub(super) async fn members_of_groups(&self, access: &Part) -> Part {
        let mut reading = self.gatherer.start(&GROUP_MEMBERS);
        reading.lean_on(&access.entry);
        let calls = access.resources.iter().filter(|group| may_open(group)).map(|group| {
            let request = self.up_to_200(GROUP_MEMBERS.request(&[group.id.native()]));
            (group, request.query("shouldReturnTotalSize", "true"))
        });
        let answers = reading.walk_each::<Results<wire::User>, _, _>(self.client(), calls.collect(), BY_LINK).await;
        let mut members: BTreeMap<String, (wire::User, Vec<ResourceId>)> = BTreeMap::new();
        for (row, group) in
            answers.into_iter().flat_map(|answer| answer.rows.into_iter().map(move |row| (row, answer.of)))
        {
            let Some(id) = id(row.account_id.clone()) else {
                reading.push(None);
                continue;
            };
            let (_, groups) = members.remove(&id).unwrap_or_default();
            members.insert(id, (row, groups.into_iter().chain([group.id.clone()]).collect()));
        }
        for (row, groups) in members.into_values() {
            let account = self.account(row, Fact::Absent);
            reading.push(account.map(|mut account| {
                tell_groups(&mut account, groups, false);
                account
            }));
        }
        reading.finish()
    }

    fn up_to_200(&self, request: Request) -> Request {
        request.query("limit", self.page_size(200))
    }
}

/// True unless membership is known to open nothing.
fn may_open(group: &Resource) -> bool {
    let Body::Group(group) = &group.body else { return false };
    group.confluence_access.known().is_none_or(|access| !access.is_empty())
}

fn group_id(row: &wire::Group) -> Option<ResourceId> {
    id(row.id.clone()).map(|id| cloud(Kind::Group, &id))
}

/// A group; who decides on its members is written as the organisation writes it.
fn group(row: wire::Group, body: Group) -> Option<Resource> {
    let id = group_id(&row)?;
    let managed_by = hidden_if_empty(row.managed_by).map(|word| word.to_lowercase().replace('_', "-"));
    let name = value(row.name).unwrap_or_default();
    // The cloud has no groups in groups.
    let body = Body::Group(Group { managed_by, inside: Fact::Absent, ..body });
    Some(Resource { id, name, seen_by: Vec::new(), body })
}
