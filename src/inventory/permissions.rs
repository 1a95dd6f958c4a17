//! What an account may do in one Jira project: the grants of its permission scheme, followed to the account. What
//! depends on the single issue (reporter, assignee, a field) is left out.

use std::collections::BTreeSet;

use super::Inventory;
use crate::model::{Body, Container, Fact, Grant, GrantForm, Holder, Kind, Principal, Resource, ResourceId};

/// The permissions an account has in a project.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Held<'a> {
    /// Those it is known to have.
    pub permissions: BTreeSet<&'a str>,
    /// Those of them that it has otherwise than everybody with an account has.
    pub own: BTreeSet<&'a str>,
    /// True if it is known to have no others.
    pub whole: bool,
}

impl<'a> Inventory<'a> {
    /// The permissions of an account in a project, both given as resources of this inventory.
    #[must_use]
    pub fn permissions_in(&self, project: &Resource, account: &Resource) -> Held<'a> {
        let (Body::Container(project_body), Body::Principal(principal)) = (&project.body, &account.body) else {
            return Held::default();
        };
        let Container { permission_scheme: Fact::Known(scheme), .. } = project_body else { return Held::default() };
        let mut held = Held { whole: self.all_seen(Kind::Grant, &["permission", "project-role"]), ..Held::default() };
        for resource in self.grants_on(scheme) {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.form != GrantForm::Permission {
                continue;
            }
            match self.reaches(grant, &project.id, &account.id, principal) {
                Fact::Known(true) => {
                    held.permissions.insert(&grant.role);
                    if !matches!(grant.holder, Holder::Anyone | Holder::LoggedIn | Holder::ApplicationRole) {
                        held.own.insert(&grant.role);
                    }
                }
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => held.whole = false,
            }
        }
        held
    }

    /// Whether a grant of a scheme reaches the account in this project.
    fn reaches(&self, grant: &Grant, project: &ResourceId, account: &ResourceId, principal: &Principal) -> Fact<bool> {
        match grant.holder {
            Holder::Anyone | Holder::LoggedIn => Fact::Known(true),
            Holder::Principal => grant.principal.as_ref().map(|holder| holder == account),
            Holder::Group => member(principal, &grant.group),
            Holder::ApplicationRole => match (&grant.holder_detail, self.seats_of(principal)) {
                (Fact::Known(application), Fact::Known(seats)) => Fact::Known(seats.contains(&application.as_str())),
                _ => Fact::Unknown,
            },
            Holder::ProjectRole => match &grant.holder_detail {
                Fact::Known(role) => self.plays(role, project, account, principal),
                Fact::Absent | Fact::Unknown => Fact::Unknown,
            },
            // Whose they are depends on the issue, or they are nobody's who logs in.
            Holder::Conditional | Holder::PortalCustomers | Holder::Project => Fact::Known(false),
            Holder::Other => Fact::Unknown,
        }
    }

    /// Whether an account is in a role of a project, by the role's id.
    fn plays(&self, role: &str, project: &ResourceId, account: &ResourceId, principal: &Principal) -> Fact<bool> {
        let mut plays = Fact::Known(false);
        for resource in self.grants_on(project) {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.form != GrantForm::ProjectRole || role_id(resource) != Some(role) {
                continue;
            }
            let one = match grant.holder {
                Holder::Principal => grant.principal.as_ref().map(|holder| holder == account),
                Holder::Group => member(principal, &grant.group),
                _ => Fact::Unknown,
            };
            match one {
                Fact::Known(true) => return one,
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => plays = Fact::Unknown,
            }
        }
        plays
    }
}

/// The id of the role that a place in a role is of: `project-role:<project>/<role>/<holder>`.
fn role_id(grant: &Resource) -> Option<&str> {
    grant.id.native().strip_prefix("project-role:")?.split('/').nth(1)
}

fn member(principal: &Principal, group: &Fact<ResourceId>) -> Fact<bool> {
    match (&principal.groups, group) {
        (Fact::Known(groups), Fact::Known(group)) => Fact::Known(groups.contains(group)),
        (Fact::Absent, Fact::Known(_)) => Fact::Known(false),
        _ => Fact::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Collection, ContainerForm, EndpointState, LedgerEntry, Snapshot};

    fn id(kind: Kind, native: &str) -> ResourceId {
        ResourceId::new("jira", kind, native)
    }

    fn resource(kind: Kind, native: &str, body: Body) -> Resource {
        Resource { id: id(kind, native), name: native.to_owned(), seen_by: Vec::new(), body }
    }

    fn scheme_grant(number: u8, role: &str, holder: Holder, more: impl FnOnce(&mut Grant)) -> Resource {
        let mut grant = Grant::of(GrantForm::Permission, role, holder);
        grant.container = Fact::Known(id(Kind::Container, "permission-scheme:1"));
        more(&mut grant);
        resource(Kind::Grant, &format!("permission-scheme:1/{number}"), Body::Grant(grant))
    }

    fn held(grants: Vec<Resource>, groups: Fact<Vec<ResourceId>>, seen: EndpointState) -> (Vec<String>, bool) {
        let project = resource(
            Kind::Container,
            "project:7",
            Body::Container(Container {
                permission_scheme: Fact::Known(id(Kind::Container, "permission-scheme:1")),
                ..Container::unknown(ContainerForm::Project)
            }),
        );
        let account = resource(Kind::Principal, "svc", Body::Principal(Principal { groups, ..Principal::default() }));
        let mut entry = LedgerEntry::not_asked(
            "jira".into(),
            "permission schemes".into(),
            String::new(),
            vec![Kind::Grant],
            String::new(),
            "2026-11-22T02:00:00Z".parse().unwrap(),
        );
        entry.state = seen;
        entry.statuses = BTreeMap::new();
        let resources = grants.into_iter().chain([project.clone(), account.clone()]).collect();
        let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources, ledger: vec![entry] }]);
        let inventory = Inventory::new(&snapshot);
        let held = inventory.permissions_in(&project, &account);
        (held.permissions.into_iter().map(str::to_owned).collect(), held.whole)
    }

    fn in_role(native: &str, holder: Holder, more: impl FnOnce(&mut Grant)) -> Resource {
        let mut grant = Grant::of(GrantForm::ProjectRole, "Developers", holder);
        grant.container = Fact::Known(id(Kind::Container, "project:7"));
        more(&mut grant);
        resource(Kind::Grant, native, Body::Grant(grant))
    }

    #[test]
    fn a_permission_is_followed_through_groups_and_roles() {
        let developers = || Fact::Known(id(Kind::Group, "developers"));
        let grants = vec![
            scheme_grant(1, "BROWSE_PROJECTS", Holder::LoggedIn, |_| {}),
            scheme_grant(2, "EDIT_ISSUES", Holder::Group, |grant| grant.group = developers()),
            scheme_grant(3, "LINK_ISSUES", Holder::ProjectRole, |grant| grant.holder_detail = Fact::Known("12".into())),
            scheme_grant(4, "DELETE_ISSUES", Holder::ProjectRole, |grant| {
                grant.holder_detail = Fact::Known("1".into())
            }),
            scheme_grant(5, "CLOSE_ISSUES", Holder::Conditional, |_| {}),
            in_role("project-role:7/12/group:developers", Holder::Group, |grant| grant.group = developers()),
            in_role("project-role:7/1/user:eva", Holder::Principal, |grant| {
                grant.principal = Fact::Known(id(Kind::Principal, "eva"));
            }),
        ];
        let mine = Fact::Known(vec![id(Kind::Group, "developers")]);
        let expected = ["BROWSE_PROJECTS", "EDIT_ISSUES", "LINK_ISSUES"].map(str::to_owned).to_vec();
        assert_eq!(held(grants.clone(), mine.clone(), EndpointState::Complete), (expected.clone(), true));
        // Grants that were not read, and groups that were not: there may be more.
        assert_eq!(held(grants.clone(), mine, EndpointState::Partial), (expected, false));
        let (known, whole) = held(grants, Fact::Unknown, EndpointState::Complete);
        assert_eq!((known, whole), (vec!["BROWSE_PROJECTS".to_owned()], false));
    }
}
