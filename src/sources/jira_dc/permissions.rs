//! Permission schemes with every grant; and the global permissions, which no version tells.

use super::endpoints::{GLOBAL_PERMISSIONS, OAUTH_CONSUMERS, PERMISSION_SCHEMES};
use super::{Names, Visit, wire};
use crate::http::Paging;
use crate::model::{
    Body, Container, ContainerForm, EndpointState, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId,
};
use crate::sources::reading::Part;
use crate::sources::row::{self, hidden_if_empty, value};

impl Visit<'_> {
    pub(super) async fn permission_schemes(&self, names: &Names) -> Part {
        let mut reading = self.common().start(&PERMISSION_SCHEMES);
        let expand = "permissions,user,group,projectRole,field,all";
        let request = PERMISSION_SCHEMES.request(&[]).query("expand", expand);
        let schemes = reading.walk::<wire::PermissionSchemes, _>(self.client(), request, Paging::Single).await;
        for scheme in schemes.rows {
            let Some(id) = row::id(scheme.id) else {
                reading.push(None);
                continue;
            };
            let native = format!("permission-scheme:{id}");
            let scheme_id = self.common().id(Kind::Container, &native);
            let parent = Fact::Known(self.common().instance_id());
            let body = Container { parent, ..Container::unknown(ContainerForm::PermissionScheme) };
            reading.push(Some(self.container(&native, scheme.name, body)));
            let Some(permissions) = value(scheme.permissions) else {
                reading.fall_short("a permission scheme came without its grants".to_owned());
                continue;
            };
            for permission in reading.elements(&format!("permission scheme {id}"), permissions) {
                if permission.holder.known().and_then(|holder| holder.kind.known()).is_none_or(String::is_empty) {
                    reading.fall_short("some grants name nobody".to_owned());
                }
                reading.push(self.scheme_grant(&id, &scheme_id, permission, names));
            }
        }
        reading.finish()
    }

    /// No version has a resource for them. Where a file brings them in, nothing is missing here.
    pub(super) fn global_permissions(&self) -> Option<Part> {
        self.unless_a_file_tells(
            self.source.global_permissions_from.as_ref(),
            &GLOBAL_PERMISSIONS,
            "no version of Jira tells by REST who holds its global permissions: export table `globalpermissionentry` with \
             the ready-made query, bring it in by a source of type `file`, and name that source in \
             `global_permissions_from`",
        )
    }

    /// No version lists them either.
    pub(super) fn oauth_consumers(&self) -> Option<Part> {
        self.unless_a_file_tells(
            self.source.oauth_consumers_from.as_ref(),
            &OAUTH_CONSUMERS,
            "no version of Jira lists its OAuth 1.0 consumers by REST: export table `oauthspconsumer` with the ready-made \
             query, bring it in by a source of type `file`, and name that source in `oauth_consumers_from`",
        )
    }

    fn unless_a_file_tells(
        &self,
        file: Option<&String>,
        endpoint: &'static crate::sources::Endpoint,
        reason: &str,
    ) -> Option<Part> {
        if file.is_some() {
            return None;
        }
        let mut reading = self.common().start(endpoint);
        reading.close(EndpointState::NotOffered, reason);
        Some(reading.finish())
    }

    fn scheme_grant(
        &self,
        scheme: &str,
        scheme_id: &ResourceId,
        row: wire::PermissionGrant,
        names: &Names,
    ) -> Option<Resource> {
        let grant_id = row::id(row.id)?;
        let permission = row::id(row.permission)?;
        let told = value(row.holder).unwrap_or_default();
        let kind = value(told.kind).unwrap_or_default();
        let parameter = row::id(told.parameter);
        let text = |text: &Option<String>| text.clone().map_or(Fact::Unknown, Fact::Known);
        let who = [Some(kind.clone()), parameter.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let container = Fact::Known(scheme_id.clone());
        let mut grant = Grant { container, ..Grant::of(GrantForm::Permission, permission.clone(), Holder::Other) };
        (grant.holder, grant.holder_detail) = match kind.as_str() {
            "anyone" => (Holder::Anyone, Fact::Unknown),
            "applicationRole" if parameter.is_none() => (Holder::LoggedIn, Fact::Unknown),
            "applicationRole" => (Holder::ApplicationRole, text(&parameter)),
            "group" => {
                grant.group = text(&parameter).map(|name| self.common().group(&name));
                (Holder::Group, text(&parameter))
            }
            "user" => {
                let expanded = told.user.and_then(|user| hidden_if_empty(user.key));
                let named = parameter.as_deref().and_then(|parameter| names.key_of(parameter));
                let key = expanded.or(named.map_or(Fact::Unknown, |key| Fact::Known(key.to_owned())));
                let detail = if key.is_unknown() { text(&parameter) } else { Fact::Unknown };
                grant.principal = key.map(|key| self.common().account(&key));
                (Holder::Principal, detail)
            }
            "projectRole" => (Holder::ProjectRole, text(&parameter)),
            "projectLead" | "reporter" | "assignee" | "currentAssignee" => (Holder::Conditional, Fact::Known(kind)),
            "userCustomField" | "groupCustomField" => (Holder::Conditional, Fact::Known(who.clone())),
            "sd.customer.portal.only" => (Holder::PortalCustomers, Fact::Unknown),
            "" => (Holder::Other, Fact::Unknown),
            _ => (Holder::Other, Fact::Known(kind)),
        };
        Some(Resource {
            id: self.common().id(Kind::Grant, &format!("permission-scheme:{scheme}/{grant_id}")),
            name: format!("{permission} for {who}"),
            seen_by: Vec::new(),
            body: Body::Grant(grant),
        })
    }
}
