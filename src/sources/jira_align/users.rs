//! The users of Jira Align, and who of them can change the connector.

use super::endpoints::USERS;
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, Principal, PrincipalType, Product, Resource,
    ResourceId, Setting,
};
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};
use crate::text::plural;

/// What a role is called that lets its holders change the connector, whatever the instance calls it.
const CONNECTOR_ROLE: &str = "change-connector";

impl Visit<'_> {
    /// The listing has no end marker and no count: only an empty page is the end.
    pub(super) async fn users(&self) -> Part {
        let mut reading = self.gatherer.start(&USERS);
        let rows = self.source.connection.page_size(100);
        let paging = Paging::UntilEmpty { start: "$skip", size: "$top", rows };
        let users = reading.walk::<Bare<wire::User>, _>(&self.source.client, USERS.request(&[]), paging).await;
        if !users.rows.is_empty() || users.whole {
            reading.push(Some(self.instance()));
            reading.push(Some(self.tokens_never_end()));
        }
        let mut without_role = 0;
        for user in users.rows {
            let role = role(&user);
            without_role += usize::from(role.is_none());
            let Some(account) = self.account(user, role.as_deref()) else {
                reading.push(None);
                continue;
            };
            let changes = role.as_ref().is_some_and(|role| self.changes_connector(role));
            let grant = changes.then(|| self.connector_grant(&account));
            reading.push(Some(account));
            if let Some(grant) = grant {
                reading.push(Some(grant));
            }
        }
        if without_role > 0 {
            let users = plural(without_role, "user", "users");
            reading.fall_short(format!(
                "the role of {users} is not told, so that who can change the connector is not known: \
                 have a token made by a user whose role may see roles"
            ));
        }
        reading.finish()
    }

    fn instance(&self) -> Resource {
        let body = Container {
            key: Fact::Known("jira-align".to_owned()),
            url: Fact::Known(self.source.connection.base_url.clone()),
            parent: Fact::Absent,
            plan: Fact::Absent,
            version: Fact::Absent,
            ..Container::unknown(ContainerForm::Instance)
        };
        let name = format!("Jira Align {}", self.source.tenant);
        Resource { id: self.instance_id(), name, seen_by: Vec::new(), body: Body::Container(body) }
    }

    /// What is the same for every token of Jira Align, though none of them can be listed.
    fn tokens_never_end(&self) -> Resource {
        let body = Setting {
            value: Fact::Known("never".to_owned()),
            detail: Fact::Known("tokens cannot be listed".to_owned()),
            container: Fact::Known(self.instance_id()),
            exceptions: Fact::Absent,
            ..Setting::of("token-expiry")
        };
        Resource {
            id: self.id(Kind::Setting, "token-expiry"),
            name: format!("Expiry of API tokens of Jira Align {}", self.source.tenant),
            seen_by: Vec::new(),
            body: Body::Setting(body),
        }
    }

    fn account(&self, user: wire::User, role: Option<&str>) -> Option<Resource> {
        let native = id(user.id.clone())?;
        let email = hidden_if_empty(user.email.clone());
        let open = is_active(&user);
        let name = value(hidden_if_empty(user.full_name)).unwrap_or_else(|| {
            let parts = [value(user.first_name), value(user.last_name)];
            parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        });
        let body = Principal {
            account_type: Fact::Known(PrincipalType::Person),
            status: open.map(|open| if open { "active" } else { "deactivated" }.to_owned()),
            standings: self.gatherer.standing(Product::Align, open, Some(&email)),
            email,
            managed: Fact::Known(true),
            mfa: Fact::Absent,
            platform_roles: match role {
                Some(role) => Fact::Known(vec![format!("jira-align/{role}")]),
                None => Fact::Unknown,
            },
            groups: Fact::Absent,
            groups_at_least: Fact::Unknown,
            workspace_groups: Fact::Absent,
            workspace_groups_at_least: Fact::Unknown,
            activity: Fact::Absent,
            added_at: hidden_if_null(moment(user.create_date)),
            deactivated_at: Fact::Unknown,
            billable: Fact::Absent,
            management_source: Fact::Absent,
            created_by: Fact::Absent,
            description: match value(user.title) {
                Some(title) if !title.is_empty() => Fact::Known(title),
                _ => Fact::Absent,
            },
            other_emails: Fact::Absent,
            auth_policy: Fact::Absent,
            last_login_at: hidden_if_null(moment(user.last_login_date)),
            username: id(user.uid).map_or(Fact::Unknown, Fact::Known),
            directory: Fact::Absent,
        };
        Some(Resource { id: self.id(Kind::Principal, &native), name, seen_by: Vec::new(), body: Body::Principal(body) })
    }

    fn changes_connector(&self, role: &str) -> bool {
        self.source.connector_roles.iter().any(|listed| listed.trim().eq_ignore_ascii_case(role))
    }

    fn connector_grant(&self, account: &Resource) -> Resource {
        let body = Grant {
            principal: Fact::Known(account.id.clone()),
            group: Fact::Absent,
            holder_detail: Fact::Absent,
            container: Fact::Known(self.instance_id()),
            permits: Fact::Absent,
            via: Fact::Absent,
            ..Grant::of(GrantForm::PlatformRole, CONNECTOR_ROLE, Holder::Principal)
        };
        Resource {
            id: ResourceId::new(&self.source.tenant, Kind::Grant, &format!("{CONNECTOR_ROLE}/{}", account.id.native())),
            name: format!("{CONNECTOR_ROLE} for {}", account.title()),
            seen_by: Vec::new(),
            body: Body::Grant(body),
        }
    }
}

/// The role by its name, or by its id where the release tells no names.
fn role(user: &wire::User) -> Option<String> {
    let names = [&user.role_name, &user.role].into_iter().filter_map(Fact::known);
    let name = names.map(|name| name.trim()).find(|name| !name.is_empty()).map(str::to_owned);
    name.or_else(|| id(user.role_id.clone()))
}

/// Releases tell it as a flag or as a word; a locked user cannot log in either.
fn is_active(user: &wire::User) -> Fact<bool> {
    if user.is_locked == Fact::Known(wire::Flag(true)) {
        return Fact::Known(false);
    }
    if let Fact::Known(wire::Flag(active)) = user.is_active {
        return Fact::Known(active);
    }
    match user.status.known().map(|word| word.to_ascii_lowercase()).as_deref() {
        Some("active") => Fact::Known(true),
        Some("inactive" | "deactivated" | "disabled" | "locked") => Fact::Known(false),
        _ => Fact::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    fn user(row: serde_json::Value) -> wire::User {
        Row::<wire::User>::read(row).value.unwrap()
    }

    #[test]
    fn whether_a_user_may_log_in_is_read_from_whatever_the_release_tells() {
        for (row, expected) in [
            (json!({"isActive": true}), Fact::Known(true)),
            (json!({"isActive": "No"}), Fact::Known(false)),
            (json!({"isActive": 1, "isLocked": true}), Fact::Known(false)),
            (json!({"status": "Inactive"}), Fact::Known(false)),
            (json!({"status": "odd"}), Fact::Unknown),
            (json!({"isActive": 7}), Fact::Unknown),
        ] {
            assert_eq!(is_active(&user(row.clone())), expected, "{row}");
        }
    }

    #[test]
    fn a_role_is_named_or_numbered() {
        assert_eq!(role(&user(json!({"roleId": 12}))).as_deref(), Some("12"));
        assert_eq!(role(&user(json!({"roleId": 12, "roleName": " Super Admin "}))).as_deref(), Some("Super Admin"));
        assert_eq!(role(&user(json!({"roleName": ""}))), None);
    }
}
