//! Groups: which of them administer, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Users;
use super::endpoints::{GROUP_MEMBERS, GROUPS};
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Group, Resource, ResourceId};
use crate::sources::membership::{read_whole, tell_groups, tell_lists};
use crate::sources::pages::Bean;
use crate::sources::reading::{Answer, Part, Reading};
use crate::sources::row::{id, value};

/// The members of all groups, while their reading is not finished yet.
pub(super) struct Members<'a> {
    reading: Reading<'a>,
    answers: Vec<Answer<&'a Resource, wire::User>>,
    /// The groups of which the list was read whole.
    read: BTreeSet<ResourceId>,
}

impl Members<'_> {
    /// Everybody who is in a group, by key.
    pub(super) fn users(&self) -> Users {
        let users = self.answers.iter().flat_map(|answer| &answer.rows);
        users.filter_map(|user| Some((id(user.key.clone())?, user.clone()))).collect()
    }
}

impl<'a> Visit<'a> {
    /// There is no page behind the first: the number of groups that the picker counts tells whether these are all.
    pub(super) async fn groups(&self) -> Part {
        let mut reading = self.common().start(&GROUPS);
        let request = GROUPS.request(&[]).query("query", "").query("maxResults", 10_000);
        let answer = reading.walk::<wire::PickedGroups, _>(self.client(), request, Paging::Single).await;
        let mut groups = Vec::new();
        for row in answer.rows {
            let administers = match value(row.labels) {
                Some(labels) => {
                    let labels = reading.elements("labels of a group", labels);
                    Fact::Known(labels.iter().any(|label| label.kind.known().is_some_and(|kind| kind == "ADMIN")))
                }
                None => Fact::Unknown,
            };
            groups.push((row.name, administers));
        }
        // Some group always administers Jira. Where none is labelled, the labels are kept from this account.
        let labelled = groups.iter().any(|(_, administers)| *administers == Fact::Known(true));
        if !groups.is_empty() && !labelled {
            reading.fall_short(
                "no group is labelled as one of administrators, so which administer is not known".to_owned(),
            );
        }
        for (name, administers) in groups {
            let administers = if labelled { administers } else { Fact::Unknown };
            reading.push(self.group(name, Group { administers, ..group_of_its_own() }));
        }
        self.rights.limit_to_own_users(&mut reading);
        reading.finish()
    }

    /// Asks for the members of each group; nested groups are counted in.
    pub(super) async fn members_of_groups(&'a self, groups: &'a Part) -> Members<'a> {
        let mut reading = self.common().start(&GROUP_MEMBERS);
        reading.lean_on(&groups.entry);
        let calls = groups.resources.iter().map(|group| {
            let request = GROUP_MEMBERS.request(&[]).query("groupname", group.id.native());
            (group, request.query("includeInactiveUsers", "true"))
        });
        let rows = self.source.access.page_size(50);
        let paging = Paging::Offset { start: "startAt", size: "maxResults", rows };
        let answers = reading.walk_each::<Bean<wire::User>, _, _>(self.client(), calls.collect(), paging).await;
        let read = read_whole(&answers, |user: &wire::User| id(user.key.clone()).is_some());
        Members { reading, answers, read }
    }

    /// The groups of an account are known only when every group was read whole: one that was not may be another. Those it
    /// was seen in are told all the same, and of each group whether its list is proof of who is not in it.
    pub(super) fn finish_members(&self, members: Members<'_>, groups: &Part, accounts: &Part) -> Part {
        let Members { mut reading, answers, read } = members;
        let whole = !groups.entry.is_gap() && groups.resources.iter().all(|group| read.contains(&group.id));
        let mut groups_of: BTreeMap<ResourceId, Vec<ResourceId>> = BTreeMap::new();
        let mut users: BTreeMap<ResourceId, Resource> = BTreeMap::new();
        for answer in answers {
            if answer.whole {
                let member_count = i64::try_from(answer.rows.len()).map_or(Fact::Unknown, Fact::Known);
                let body = Body::Group(Group { member_count, ..Group::default() });
                reading.enrich(Resource { body, ..answer.of.clone() });
            }
            for row in answer.rows {
                let Some(member) = self.account(row) else {
                    reading.push(None);
                    continue;
                };
                groups_of.entry(member.id.clone()).or_default().push(answer.of.id.clone());
                users.insert(member.id.clone(), member);
            }
        }
        if whole {
            for account in &accounts.resources {
                users.entry(account.id.clone()).or_insert_with(|| account.clone());
            }
        }
        for (id, mut account) in users {
            let is_member = groups_of.contains_key(&id);
            tell_groups(&mut account, groups_of.get(&id).cloned().unwrap_or_default(), whole);
            // Somebody in no group is not shown by any: that another listing no longer shows them is then proof enough.
            if is_member { reading.push(Some(account)) } else { reading.enrich(account) }
        }
        tell_lists(&mut reading, &groups.resources, &read);
        reading.finish()
    }

    fn group(&self, name: Fact<String>, body: Group) -> Option<Resource> {
        let name = id(name)?;
        Some(Resource { id: self.common().group(&name), name, seen_by: Vec::new(), body: Body::Group(body) })
    }
}

/// A group of a self-hosted product has no access to the cloud. Who is in a group inside it counts as a member.
fn group_of_its_own() -> Group {
    Group {
        inside: Fact::Absent,
        description: Fact::Absent,
        managed_by: Fact::Absent,
        jira_access: Fact::Absent,
        confluence_access: Fact::Absent,
        ..Group::default()
    }
}
