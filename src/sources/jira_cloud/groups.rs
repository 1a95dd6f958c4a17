//! Groups of the site: what they open in Jira, and who is directly in them.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::{GROUP_ACCESS, GROUP_MEMBERS, GROUPS};
use super::{Visit, cloud, wire};
use crate::model::{Body, Fact, Group, Kind, Resource, ResourceId};
use crate::sources::membership::{read_whole, tell_groups, tell_lists};
use crate::sources::pages::Bean;
use crate::sources::reading::{Answer, Part};
use crate::sources::row::{id, value};
use crate::sources::site::product_access;

/// What membership of a group can open, as Jira names it.
const ACCESS: [&str; 3] = ["admin", "site-admin", "user"];

/// Who is in which groups.
pub(super) struct Members {
    pub(super) part: Part,
    /// The groups of each account, as far as they were read.
    pub(super) groups_of: BTreeMap<ResourceId, Vec<ResourceId>>,
}

impl Visit<'_> {
    pub(super) async fn groups(&self) -> Part {
        let mut reading = self.gatherer.start(&GROUPS);
        let request = GROUPS.request(&[]);
        let rows = reading.walk::<Bean<wire::Group>, _>(self.client(), request, self.by_offset(50)).await.rows;
        rows.into_iter().for_each(|row| reading.push(group(row, Group::default())));
        self.rights.limit_to_own_users(&mut reading);
        reading.finish()
    }

    /// What each group opens is known only when all sorts of access were read: a group that is not among the
    /// administrators' would otherwise look harmless. Then the groups that came up for none open nothing. What a group opens
    /// here is a grant on this site as well: the group itself may open another.
    pub(super) async fn access_of_groups(&self, groups: &Part) -> Part {
        let mut reading = self.gatherer.start(&GROUP_ACCESS);
        let calls = ACCESS.map(|access| (access, GROUP_ACCESS.request(&[]).query("accessType", access)));
        let answers =
            reading.walk_each::<Bean<wire::Group>, _, _>(self.client(), calls.into(), self.by_offset(50)).await;
        let placed = |row: &wire::Group| id(row.group_id.clone()).is_some();
        let read_whole = |answer: &Answer<_, _>| answer.whole && answer.rows.iter().all(placed);
        let whole = self.rights.see_all_users() && answers.len() == ACCESS.len() && answers.iter().all(read_whole);
        let mut opened: BTreeMap<String, (wire::Group, Vec<String>)> = BTreeMap::new();
        for answer in answers {
            for row in answer.rows {
                let Some(id) = id(row.group_id.clone()) else {
                    reading.push(None);
                    continue;
                };
                opened.entry(id).or_insert((row, Vec::new())).1.push(answer.of.to_owned());
            }
        }
        for group in groups.resources.iter().filter(|group| whole && !opened.contains_key(group.id.native())) {
            let body = Body::Group(Group { jira_access: Fact::Known(Vec::new()), ..Group::default() });
            reading.push(Some(Resource { body, ..group.clone() }));
        }
        for (row, access) in opened.into_values() {
            for word in &access {
                reading.push(group_id(&row).map(|id| product_access(&self.site_id(), &id, row.name.known(), word)));
            }
            let jira_access = if whole { Fact::Known(access) } else { Fact::Unknown };
            reading.push(group(row, Group { jira_access, ..Group::default() }));
        }
        self.rights.limit_to_own_users(&mut reading);
        reading.finish()
    }

    /// The groups of an account are known only when every group was read whole: one that was not may be another. Those it
    /// was seen in are told all the same, and of each group whether its list is proof of who is not in it.
    pub(super) async fn members_of_groups(&self, groups: &Part, accounts: &Part) -> Members {
        let mut reading = self.gatherer.start(&GROUP_MEMBERS);
        reading.lean_on(&groups.entry);
        let calls = groups.resources.iter().map(|group| {
            let request = GROUP_MEMBERS.request(&[]).query("groupId", group.id.native());
            (group, request.query("includeInactiveUsers", "true"))
        });
        let mut groups_of: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
        let mut members: BTreeMap<ResourceId, Resource> = BTreeMap::new();
        let (mut read, mut told) = (BTreeSet::new(), Vec::new());
        // Most people are in several groups, so that their rows are many times as many as they are.
        let take = |answer: Answer<&Resource, wire::User>| {
            read.extend(read_whole(std::slice::from_ref(&answer), |row| id(row.account_id.clone()).is_some()));
            if answer.whole && self.rights.see_all_users() {
                told.push(Some(counted(answer.of, answer.rows.len())));
            }
            for row in answer.rows {
                let Some(member) = self.account(row) else {
                    told.push(None);
                    continue;
                };
                groups_of.entry(member.id.clone()).or_default().push(answer.of.id.clone());
                members.insert(member.id.clone(), member);
            }
        };
        reading
            .walk_each_through::<Bean<wire::User>, _, _>(self.client(), calls.collect(), self.by_offset(50), take)
            .await;
        told.into_iter().for_each(|resource| reading.push(resource));
        if !self.rights.see_all_users() {
            read.clear();
        }
        let whole = !groups.entry.is_gap() && groups.resources.iter().all(|group| read.contains(&group.id));
        if whole {
            for account in &accounts.resources {
                members.entry(account.id.clone()).or_insert_with(|| account.clone());
            }
        }
        for (id, mut account) in members {
            tell_groups(&mut account, groups_of.get(&id).cloned().unwrap_or_default(), whole);
            reading.push(Some(account));
        }
        tell_lists(&mut reading, &groups.resources, &read);
        self.rights.limit_to_own_users(&mut reading);
        Members { part: reading.finish(), groups_of }
    }
}

fn group_id(row: &wire::Group) -> Option<ResourceId> {
    id(row.group_id.clone()).map(|id| cloud(Kind::Group, &id))
}

fn group(row: wire::Group, body: Group) -> Option<Resource> {
    let id = group_id(&row)?;
    let name = value(row.name).unwrap_or_default();
    // The cloud has no groups in groups.
    let body = Body::Group(Group { inside: Fact::Absent, ..body });
    Some(Resource { id, name, seen_by: Vec::new(), body })
}

/// A group of which the number of members is known.
fn counted(group: &Resource, members: usize) -> Resource {
    let member_count = i64::try_from(members).map_or(Fact::Unknown, Fact::Known);
    Resource { body: Body::Group(Group { member_count, ..Group::default() }), ..group.clone() }
}
