//! Filters and dashboards, and with whom their owners share them.

use super::endpoints::{DASHBOARDS, FILTERS};
use super::site::container;
use super::{Visit, cloud, wire};
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::pages::Bean;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{Rows, hidden_if_empty, id, value};

impl Visit<'_> {
    /// Administrators may ask for filters that nobody shares with them.
    pub(super) async fn filters(&self) -> Part {
        let mut reading = self.gatherer.start(&FILTERS);
        let expand = "owner,viewUrl,sharePermissions,editPermissions";
        let mut request = FILTERS.request(&[]).query("expand", expand).query("orderBy", "id");
        if self.rights.administer() {
            request = request.query("overrideSharePermissions", "true");
        }
        let filters = reading.walk::<Bean<wire::SharedItem>, _>(self.client(), request, self.by_offset(100)).await;
        filters.rows.into_iter().for_each(|row| self.share_out(row, ContainerForm::Filter, &mut reading));
        self.rights.limit_to_own(&mut reading, "filters that the account owns or that are shared with it");
        reading.finish()
    }

    /// Of dashboards everybody is shown their own and what is shared with them, administrators too. Those that anyone
    /// or all who are logged in can open are always among them.
    pub(super) async fn dashboards(&self) -> Part {
        let mut reading = self.gatherer.start(&DASHBOARDS);
        let expand = "owner,viewUrl,sharePermissions,editPermissions";
        let request = DASHBOARDS.request(&[]).query("expand", expand).query("orderBy", "id");
        let dashboards = reading.walk::<Bean<wire::SharedItem>, _>(self.client(), request, self.by_offset(100)).await;
        dashboards.rows.into_iter().for_each(|row| self.share_out(row, ContainerForm::Dashboard, &mut reading));
        self.rights.limit_to_own(&mut reading, "dashboards that the account owns or that are shared with it");
        reading.finish()
    }

    /// The container of a filter or dashboard, and a grant for each of its shares.
    fn share_out(&self, row: wire::SharedItem, form: ContainerForm, reading: &mut Reading<'_>) {
        let Some(item) = id(row.id).map(|id| format!("{}:{id}", form.name())) else {
            reading.push(None);
            return;
        };
        let body = Container {
            parent: Fact::Known(self.site_id()),
            url: hidden_if_empty(row.view_url),
            owner: row.owner.and_then(|owner| hidden_if_empty(owner.account_id)).map(|id| cloud(Kind::Principal, &id)),
            ..Container::unknown(form)
        };
        let item_id = self.id(Kind::Container, &item);
        reading.push(Some(container(item_id.clone(), row.name, body)));
        for (role, shares) in [("view", row.share_permissions), ("edit", row.edit_permissions)] {
            let shares = match shares {
                Fact::Known(shares) => shares,
                Fact::Absent => Rows(Vec::new()),
                Fact::Unknown => {
                    reading.fall_short(format!("a {} came without its {role} shares", form.name()));
                    continue;
                }
            };
            for share in reading.elements(&format!("{role} shares of {item}"), shares) {
                let grant = self.share(share, role, &item, &item_id);
                reading.push(grant);
            }
        }
    }

    /// A share is known by whom it is with: dashboards show no ids of theirs, and those of filters change whenever a
    /// filter is saved.
    fn share(&self, row: wire::Share, role: &str, item: &str, item_id: &ResourceId) -> Option<Resource> {
        let number = id(row.id).map(|id| format!("#{id}"));
        let mut grant = Grant::of(GrantForm::Share, role, Holder::Other);
        grant.container = Fact::Known(item_id.clone());
        let kind = value(row.kind).unwrap_or_default();
        let group = value(row.group).unwrap_or_default();
        let user = value(row.user).unwrap_or_default();
        let project = value(row.project).unwrap_or_default();
        let project_role = value(row.role).unwrap_or_default();
        let (project_id, role_id) = (id(project.id), id(project_role.id));
        let (holder, native, name) = match (kind.as_str(), role_id) {
            ("global", _) => (Holder::Anyone, Some(String::new()), None),
            ("loggedin" | "authenticated", _) => (Holder::LoggedIn, Some(String::new()), None),
            ("group", _) => {
                let native = id(group.group_id);
                grant.group = native.as_deref().map_or(Fact::Unknown, |id| Fact::Known(cloud(Kind::Group, id)));
                (Holder::Group, native, value(group.name))
            }
            ("user", _) => {
                let native = id(user.account_id);
                grant.principal = native.as_deref().map_or(Fact::Unknown, |id| Fact::Known(cloud(Kind::Principal, id)));
                (Holder::Principal, native, value(user.display_name))
            }
            ("project" | "projectRole", Some(role)) => {
                // A role alone is one of every project: without its project it is not known which is meant.
                let both = project_id.as_ref().map(|project| format!("{project}/{role}"));
                grant.holder_detail = both.map_or(Fact::Unknown, Fact::Known);
                let of = value(project.key).or_else(|| project_id.clone()).map(|key| format!(" of {key}"));
                let name = value(project_role.name).map(|name| format!("{name}{}", of.unwrap_or_default()));
                (Holder::ProjectRole, Some(format!("{}/{role}", project_id.unwrap_or_default())), name)
            }
            ("projectRole", None) => (Holder::ProjectRole, None, None),
            ("project" | "project-unknown", _) => {
                grant.holder_detail = project_id.clone().map_or(Fact::Unknown, Fact::Known);
                (Holder::Project, project_id, value(project.key).map(|key| format!("project {key}")))
            }
            (word, _) => {
                grant.holder_detail = hidden_if_empty(Fact::Known(word.to_owned()));
                (Holder::Other, number.clone(), None)
            }
        };
        grant.holder = holder;
        let native = native.or(number)?;
        let who = name.unwrap_or_else(|| holder.name().to_owned());
        let border = if native.is_empty() { "" } else { ":" };
        Some(Resource {
            id: self.id(Kind::Grant, &format!("share:{item}/{role}/{}{border}{native}", holder.name())),
            name: format!("{role} for {who}"),
            seen_by: Vec::new(),
            body: Body::Grant(grant),
        })
    }
}
