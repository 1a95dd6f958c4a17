//! Roles on the organisation and its products: of groups that give any, of administrators and token owners, and of all
//! other accounts as long as they are few, because each account costs a request.

use std::collections::BTreeSet;

use serde_json::json;

use super::endpoints::{
    ADMIN_GROUP_SEARCH, ADMIN_SEARCH, ROLES_OF_GROUPS, ROLES_OF_IMPORTANT_ACCOUNTS, ROLES_OF_OTHER_ACCOUNTS,
};
use super::groups::OpenNothing;
use super::{BY_CURSOR, BY_CURSOR_IN_BODY, EVERY_DIRECTORY, Visit, cloud, wire};
use crate::http::Request;
use crate::model::{Body, EndpointState, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::Listed;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_null, id, sorted, value};
use crate::text::thousands;

/// The roles whose holders administer something.
const ADMIN_ROLES: [&str; 4] =
    ["atlassian/org-admin", "atlassian/site-admin", "atlassian/user-access-admin", "atlassian/admin"];

/// Whom a role was given to.
#[derive(Debug, Clone)]
struct Recipient {
    id: ResourceId,
    name: String,
}

impl Visit<'_> {
    pub(super) async fn roles_of_groups(&self, groups: &Part, open_nothing: &OpenNothing) -> Part {
        let mut reading = self.gatherer.start(&ROLES_OF_GROUPS);
        let spared = self.giving_nothing(&mut reading, open_nothing).await;
        reading.lean_on(&groups.entry);
        let groups = groups.resources.iter().filter(|group| !spared.contains(&group.id));
        let recipients = groups.map(recipient).collect();
        let request = |id: &str| ROLES_OF_GROUPS.request(&[&self.org, EVERY_DIRECTORY, id]);
        self.assignments(&mut reading, recipients, request, |reading, grant| reading.push(Some(grant))).await;
        reading.finish()
    }

    /// The groups that need not be asked. Whether the directory counts the organisation itself among the resources that
    /// a group opens is written nowhere, so groups that give a role of administrators are looked for as well.
    async fn giving_nothing(&self, reading: &mut Reading<'_>, open_nothing: &OpenNothing) -> OpenNothing {
        if open_nothing.is_empty() {
            return OpenNothing::new();
        }
        let mut request = fill(ADMIN_GROUP_SEARCH, &[&self.org, EVERY_DIRECTORY]);
        request.body = Some(json!({"limit": self.source.connection.page_size(100), "roleIds": ADMIN_ROLES}));
        let found = reading.walk::<Listed<wire::Group>, _>(&self.source.client, request, BY_CURSOR_IN_BODY).await;
        if !found.whole {
            // Nothing is lost: every group is asked instead.
            reading.try_again();
            return OpenNothing::new();
        }
        let admins: OpenNothing =
            found.rows.iter().filter_map(|group| Some(cloud(Kind::Group, group.id.known()?))).collect();
        open_nothing.difference(&admins).cloned().collect()
    }

    /// The roles of the accounts that matter most, and of the others.
    pub(super) async fn roles_of_accounts(&self, accounts: &Part, tokens: &Part) -> [Part; 2] {
        let mut first = self.gatherer.start(&ROLES_OF_IMPORTANT_ACCOUNTS);
        first.lean_on(&accounts.entry);
        if tokens.entry.is_gap() {
            let state = tokens.entry.state.name();
            first.fall_short(format!("not all token owners are known: {} is {state}", tokens.entry.endpoint));
        }
        let mut important = self.administrators(&mut first, accounts).await;
        important.extend(tokens.resources.iter().filter_map(owner).cloned());
        let (chosen, others): (Vec<_>, Vec<_>) =
            accounts.resources.iter().map(recipient).partition(|recipient| important.contains(&recipient.id));

        let mut second = self.gatherer.start(&ROLES_OF_OTHER_ACCOUNTS);
        second.lean_on(&accounts.entry);
        if others.len() > self.source.role_assignments_up_to {
            second.close(
                EndpointState::Skipped,
                format!(
                    "{} accounts would take as many requests, more than `role_assignments_up_to` allows; roles that \
                     groups give them are seen, roles that were given to them one by one are not",
                    thousands(others.len())
                ),
            );
        }
        let request = |id: &str| ROLES_OF_OTHER_ACCOUNTS.request(&[&self.org, EVERY_DIRECTORY, id]);
        self.assignments(&mut first, chosen, request, keep_of_important_account).await;
        self.assignments(&mut second, others, request, |reading, grant| reading.push(Some(grant))).await;
        [first.finish(), second.finish()]
    }

    /// Who administers anything: by the roles on the accounts, and by a search for those of single products.
    async fn administrators(&self, reading: &mut Reading<'_>, accounts: &Part) -> BTreeSet<ResourceId> {
        let mut request = fill(ADMIN_SEARCH, &[&self.org, EVERY_DIRECTORY]);
        request.body = Some(json!({"limit": self.source.connection.page_size(100), "roleIds": ADMIN_ROLES}));
        let found = reading.walk::<Listed<wire::User>, _>(&self.source.client, request, BY_CURSOR_IN_BODY).await;
        let found = found.rows.iter().filter_map(|user| Some(cloud(Kind::Principal, user.account_id.known()?)));
        let with_roles = accounts.resources.iter().filter(|account| match &account.body {
            Body::Principal(principal) => principal.platform_roles.known().is_some_and(|roles| !roles.is_empty()),
            _ => false,
        });
        found.chain(with_roles.map(|account| account.id.clone())).collect()
    }

    async fn assignments(
        &self,
        reading: &mut Reading<'_>,
        recipients: Vec<Recipient>,
        request: impl Fn(&str) -> Request,
        keep: impl Fn(&mut Reading<'_>, Resource),
    ) {
        let calls = recipients.into_iter().map(|recipient| (recipient.clone(), request(recipient.id.native())));
        let answers = reading
            .walk_each::<Listed<wire::RoleAssignments>, _, _>(&self.source.client, calls.collect(), BY_CURSOR)
            .await;
        for answer in answers {
            for row in answer.rows {
                match self.grants(&answer.of, row) {
                    Some(grants) => grants.into_iter().for_each(|grant| keep(reading, grant)),
                    None => reading.push(None),
                }
            }
        }
    }

    /// One grant for each role; `None` where the row does not say on what, or which roles.
    fn grants(&self, recipient: &Recipient, row: wire::RoleAssignments) -> Option<Vec<Resource>> {
        let on = id(row.resource_id)?;
        let roles: Vec<(String, Fact<Vec<String>>)> = match (value(row.role_assignments), value(row.roles)) {
            (Some(assignments), _) => assignments
                .into_iter()
                .map(|each| (each.role, hidden_if_null(each.role_assignment_methods).map(sorted)))
                .collect(),
            (None, Some(roles)) => roles.into_iter().map(|role| (role, Fact::Unknown)).collect(),
            (None, None) => return None,
        };
        Some(roles.into_iter().map(|(role, via)| self.grant(recipient, &on, role, via)).collect())
    }

    fn grant(&self, recipient: &Recipient, on: &str, role: String, via: Fact<Vec<String>>) -> Resource {
        let holder = recipient.id.clone();
        let (form, principal, group) = match holder.kind() {
            Kind::Group => (Holder::Group, Fact::Unknown, Fact::Known(holder)),
            _ => (Holder::Principal, Fact::Known(holder), Fact::Unknown),
        };
        let native = format!("platform-role:{on}/{role}/{}", recipient.id.native());
        Resource {
            id: self.id(Kind::Grant, &native),
            name: format!("{role} for {}", recipient.name),
            seen_by: Vec::new(),
            body: Body::Grant(Grant {
                principal,
                group,
                container: Fact::Known(self.container(on)),
                via,
                ..Grant::of(GrantForm::PlatformRole, role, form)
            }),
        }
    }
}

/// Whether an account is asked as one of those that matter most depends on what it holds: without that it is one of the
/// others. Only of a role of administrators it is certain that whoever holds it is asked here.
fn keep_of_important_account(reading: &mut Reading<'_>, grant: Resource) {
    match &grant.body {
        Body::Grant(body) if !ADMIN_ROLES.contains(&body.role.as_str()) => {
            reading.push_as_shown_by_either(grant, &ROLES_OF_OTHER_ACCOUNTS);
        }
        _ => reading.push(Some(grant)),
    }
}

fn recipient(resource: &Resource) -> Recipient {
    Recipient { id: resource.id.clone(), name: resource.title().to_owned() }
}

fn owner(resource: &Resource) -> Option<&ResourceId> {
    match &resource.body {
        Body::Credential(credential) => credential.owner.known(),
        _ => None,
    }
}
