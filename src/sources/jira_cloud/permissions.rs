//! Permission schemes with every grant, and the global permissions of the accounts that matter most.

use std::collections::BTreeSet;

use serde_json::json;

use super::endpoints::{GLOBAL_PERMISSIONS, PERMISSION_SCHEMES};
use super::groups::Members;
use super::site::container;
use super::{Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, PrincipalType};
use crate::model::{Resource, ResourceId};
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{self, value};
use crate::text::thousands;

/// The global permissions that no endpoint lists the holders of.
const GLOBAL: [&str; 6] = [
    "ADMINISTER",
    "SYSTEM_ADMIN",
    "BULK_CHANGE",
    "USER_PICKER",
    "CREATE_SHARED_OBJECTS",
    "MANAGE_GROUP_FILTER_SUBSCRIPTIONS",
];

impl Visit<'_> {
    pub(super) async fn permission_schemes(&self) -> Part {
        let mut reading = self.gatherer.start(&PERMISSION_SCHEMES);
        let request = PERMISSION_SCHEMES.request(&[]).query("expand", "all");
        let schemes = reading.walk::<wire::PermissionSchemes, _>(self.client(), request, Paging::Single).await;
        for scheme in schemes.rows {
            let Some(id) = row::id(scheme.id) else {
                reading.push(None);
                continue;
            };
            let scheme_id = self.id(Kind::Container, &format!("permission-scheme:{id}"));
            let parent = Fact::Known(self.site_id());
            let body = Container { parent, ..Container::unknown(ContainerForm::PermissionScheme) };
            reading.push(Some(container(scheme_id.clone(), scheme.name, body)));
            let Some(permissions) = value(scheme.permissions) else {
                reading.fall_short("a permission scheme came without its grants".to_owned());
                continue;
            };
            for permission in reading.elements(&format!("permission scheme {id}"), permissions) {
                if names_nobody(&permission) {
                    reading.fall_short("some grants name nobody".to_owned());
                }
                let grant = row::id(permission.id.clone())
                    .map(|grant| self.id(Kind::Grant, &format!("permission-scheme:{id}/{grant}")));
                reading.push(grant.and_then(|id| scheme_grant(id, &scheme_id, permission)));
            }
        }
        reading.finish()
    }

    /// Asks for members of administering groups and for app accounts, one by one: there is no list of holders.
    pub(super) async fn global_permissions(&self, accounts: &Part, access: &Part, members: &Members) -> Part {
        let mut reading = self.gatherer.start(&GLOBAL_PERMISSIONS);
        reading.lean_on(&accounts.entry);
        reading.lean_on(&access.entry);
        reading.lean_on(&members.part.entry);
        let admin_groups: BTreeSet<&ResourceId> =
            access.resources.iter().filter(|group| administers(group)).map(|group| &group.id).collect();
        let admins = members
            .groups_of
            .iter()
            .filter(|(_, groups)| groups.iter().any(|group| admin_groups.contains(group)))
            .map(|(account, _)| account);
        let machines = accounts.resources.iter().filter(|account| is_machine(account)).map(|account| &account.id);
        let chosen: BTreeSet<&ResourceId> = admins.chain(machines).collect();
        let most = self.source.global_permissions_up_to;
        if chosen.len() > most {
            let (asked, all) = (thousands(most), thousands(chosen.len()));
            reading.fall_short(format!("only {asked} of {all} accounts were asked for (`global_permissions_up_to`)"));
        }
        let calls = chosen.into_iter().take(most).map(|account| {
            let mut request = GLOBAL_PERMISSIONS.request(&[]);
            request.body = Some(json!({"accountId": account.native(), "globalPermissions": GLOBAL}));
            (account, request)
        });
        let answers = reading
            .walk_each::<One<wire::BulkPermissionGrants>, _, _>(self.client(), calls.collect(), Paging::Single)
            .await;
        for answer in answers {
            for row in answer.rows {
                let Some(permissions) = value(row.global_permissions) else {
                    reading.fall_short("an account came without its global permissions".to_owned());
                    continue;
                };
                permissions.into_iter().for_each(|role| reading.push(Some(self.global_grant(answer.of, role))));
            }
        }
        reading.finish()
    }

    /// The answer does not tell what the account is called, so that the name of the grant does not either.
    fn global_grant(&self, account: &ResourceId, permission: String) -> Resource {
        Resource {
            id: self.id(Kind::Grant, &format!("global-permission:{permission}/{}", account.native())),
            name: format!("{permission} for an account"),
            seen_by: Vec::new(),
            body: Body::Grant(Grant {
                principal: Fact::Known(account.clone()),
                container: Fact::Known(self.site_id()),
                ..Grant::of(GrantForm::GlobalPermission, permission, Holder::Principal)
            }),
        }
    }
}

fn administers(group: &Resource) -> bool {
    let Body::Group(group) = &group.body else { return false };
    group.jira_access.known().is_some_and(|access| access.iter().any(|each| each == "admin" || each == "site-admin"))
}

fn is_machine(account: &Resource) -> bool {
    let Body::Principal(principal) = &account.body else { return false };
    matches!(
        principal.account_type,
        Fact::Known(PrincipalType::App | PrincipalType::ServiceAccount | PrincipalType::Agent)
    )
}

fn names_nobody(grant: &wire::PermissionGrant) -> bool {
    grant.holder.known().and_then(|holder| holder.kind.known()).is_none_or(String::is_empty)
}

fn scheme_grant(id: ResourceId, scheme: &ResourceId, row: wire::PermissionGrant) -> Option<Resource> {
    let permission = row::id(row.permission)?;
    let told = value(row.holder).unwrap_or_default();
    let kind = value(told.kind).unwrap_or_default();
    let (parameter, told_value) = (row::id(told.parameter), row::id(told.value));
    let container = Fact::Known(scheme.clone());
    let mut grant = Grant { container, ..Grant::of(GrantForm::Permission, permission.clone(), Holder::Other) };
    let text = |text: Option<String>| text.map_or(Fact::Unknown, Fact::Known);
    let named = |kind, id: Option<String>| id.map_or(Fact::Unknown, |id| Fact::Known(cloud(kind, &id)));
    let either = told_value.clone().or_else(|| parameter.clone());
    let who = [Some(kind.clone()), parameter.clone().or_else(|| told_value.clone())];
    (grant.holder, grant.holder_detail) = match (kind.as_str(), parameter) {
        ("anyone", _) => (Holder::Anyone, Fact::Unknown),
        ("applicationRole", None) => (Holder::LoggedIn, Fact::Unknown),
        ("applicationRole", application) => (Holder::ApplicationRole, text(application)),
        ("group", name) => {
            grant.group = named(Kind::Group, told_value);
            (Holder::Group, text(name))
        }
        ("user", _) => {
            grant.principal = named(Kind::Principal, either);
            (Holder::Principal, Fact::Unknown)
        }
        ("projectRole", _) => (Holder::ProjectRole, text(either)),
        ("projectLead" | "reporter" | "assignee", _) => (Holder::Conditional, Fact::Known(kind)),
        ("userCustomField" | "groupCustomField", field) => {
            (Holder::Conditional, Fact::Known([Some(kind), field].into_iter().flatten().collect::<Vec<_>>().join(" ")))
        }
        ("sd.customer.portal.only", _) => (Holder::PortalCustomers, Fact::Unknown),
        ("", _) => (Holder::Other, Fact::Unknown),
        _ => (Holder::Other, Fact::Known(kind)),
    };
    let who = who.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(Resource { id, name: format!("{permission} for {who}"), seen_by: Vec::new(), body: Body::Grant(grant) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn grant(holder: Value) -> Grant {
        let row = serde_json::from_value(json!({"id": 1, "permission": "BROWSE_PROJECTS", "holder": holder})).unwrap();
        let scheme = ResourceId::new("11f1", Kind::Container, "permission-scheme:1");
        let id = ResourceId::new("11f1", Kind::Grant, "permission-scheme:1/1");
        let Body::Grant(grant) = scheme_grant(id, &scheme, row).unwrap().body else { panic!("a grant") };
        grant
    }

    #[test]
    fn an_application_role_without_an_application_is_everybody_who_is_logged_in() {
        for holder in [json!({"type": "applicationRole"}), json!({"type": "applicationRole", "parameter": ""})] {
            assert_eq!(grant(holder).holder, Holder::LoggedIn);
        }
        let one = grant(json!({"type": "applicationRole", "parameter": "jira-software"}));
        assert_eq!((one.holder, one.holder_detail), (Holder::ApplicationRole, Fact::Known("jira-software".to_owned())));
    }

    #[test]
    fn a_group_is_known_by_its_id_and_never_by_its_name() {
        let by_id = grant(json!({"type": "group", "parameter": "jira-admins", "value": "8f3a"}));
        assert_eq!(by_id.group, Fact::Known(cloud(Kind::Group, "8f3a")));
        let by_name = grant(json!({"type": "group", "parameter": "jira-admins"}));
        assert_eq!((by_name.holder, by_name.group), (Holder::Group, Fact::Unknown));
    }

    #[test]
    fn a_grant_without_a_holder_or_its_type_names_nobody() {
        for (row, expected) in [
            (json!({"id": 1, "holder": {"type": "anyone"}}), false),
            (json!({"id": 1, "holder": {"parameter": "x"}}), true),
            (json!({"id": 1, "holder": {"type": ""}}), true),
            (json!({"id": 1, "holder": null}), true),
            (json!({"id": 1}), true),
        ] {
            let grant: wire::PermissionGrant = serde_json::from_value(row.clone()).unwrap();
            assert_eq!(names_nobody(&grant), expected, "{row}");
        }
    }

    #[test]
    fn every_holder_has_its_breadth() {
        for (holder, expected) in [
            (json!({"type": "anyone"}), Holder::Anyone),
            (json!({"type": "user", "parameter": "712020:a"}), Holder::Principal),
            (json!({"type": "projectRole", "parameter": "10002", "value": "10002"}), Holder::ProjectRole),
            (json!({"type": "projectLead"}), Holder::Conditional),
            (json!({"type": "userCustomField", "parameter": "customfield_1"}), Holder::Conditional),
            (json!({"type": "sd.customer.portal.only"}), Holder::PortalCustomers),
            (json!({"type": "planet"}), Holder::Other),
            (json!(null), Holder::Other),
        ] {
            assert_eq!(grant(holder.clone()).holder, expected, "{holder}");
        }
    }
}
