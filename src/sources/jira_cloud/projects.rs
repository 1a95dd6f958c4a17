//! Projects, who is in their roles, and which permission scheme each uses.

use super::endpoints::{DEFAULT_ACTORS, PROJECTS, ROLE_ACTORS, ROLES_OF_PROJECT, SCHEMES_OF_PROJECTS};
use super::site::container;
use super::{Visit, cloud, wire};
use crate::http::{Paging, Request};
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::{Bare, Bean, One};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, value};

/// The roles that all company-managed projects have.
pub(super) struct SharedRoles {
    pub(super) part: Part,
    /// Id and name of each; none where the site does not tell them.
    roles: Vec<(String, String)>,
}

impl Visit<'_> {
    /// Live and archived projects are asked for apart, so that the state of each is certain.
    pub(super) async fn projects(&self) -> Part {
        let mut reading = self.gatherer.start(&PROJECTS);
        let calls = ["live", "archived"].map(|status| {
            let request = PROJECTS.request(&[]).query("expand", "lead").query("status", status);
            (status, request.query("orderBy", "key"))
        });
        let answers =
            reading.walk_each::<Bean<wire::Project>, _, _>(self.client(), calls.into(), self.by_offset(100)).await;
        for answer in answers {
            answer.rows.into_iter().for_each(|row| reading.push(self.project(row, answer.of)));
        }
        self.rights.limit_to_own(&mut reading, "projects that the account may open");
        reading.finish()
    }

    /// The roles of the site, and who will be in them in every new project. Roles of one team-managed project are no
    /// other's. A role without an id cannot be asked for by the site's word: then projects have to name theirs.
    pub(super) async fn shared_roles(&self) -> SharedRoles {
        let mut reading = self.gatherer.start(&DEFAULT_ACTORS);
        let request = DEFAULT_ACTORS.request(&[]);
        let answer = reading.walk::<Bare<wire::ProjectRole>, _>(self.client(), request, Paging::Single).await;
        let (mut roles, mut all) = (Vec::new(), answer.whole && reading.read_clearly());
        for role in answer.rows.into_iter().filter(|role| role.scope.known().is_none()) {
            let name = value(role.name).unwrap_or_default();
            let Some(id) = id(role.id) else {
                all = false;
                reading.push(None);
                continue;
            };
            match value(role.actors) {
                Some(actors) => {
                    let place = Place { container: self.site_id(), native: format!("default-role:{id}") };
                    for actor in reading.elements(&format!("default members of role {id}"), actors) {
                        reading.push(self.role_grant(&place, &name, actor));
                    }
                }
                None => reading.fall_short("a role came without who is in it by default".to_owned()),
            }
            roles.push((id, name));
        }
        if !all {
            roles.clear();
        }
        SharedRoles { part: reading.finish(), roles }
    }

    /// Who is in a role is told for one role of one project at a time. Company-managed projects share their roles, so
    /// where the site tells all of them, only team-managed projects have to name theirs.
    pub(super) async fn role_actors(&self, projects: &Part, shared: &SharedRoles) -> Part {
        let mut reading = self.gatherer.start(&ROLE_ACTORS);
        reading.lean_on(&projects.entry);
        let client = self.client();
        let shared = &shared.roles;
        let mut calls: Vec<((&Resource, &str, String), Request)> = Vec::new();
        let mut naming = Vec::new();
        for project in &projects.resources {
            let Some(id) = project_id(project) else { continue };
            if shared.is_empty() || team_managed(project) != Fact::Known(false) {
                naming.push(((project, id), fill(ROLES_OF_PROJECT, &[id])));
                continue;
            }
            let asked =
                shared.iter().map(|(role, name)| ((project, id, name.clone()), ROLE_ACTORS.request(&[id, role])));
            calls.extend(asked);
        }
        let named = reading.walk_each::<One<wire::RoleLinks>, _, _>(client, naming, Paging::Single).await;
        for answer in named {
            let (project, id) = answer.of;
            if answer.rows.iter().any(|links| links.0.is_empty()) {
                reading.fall_short("a project names no role at all, though it always has some".to_owned());
            }
            for (name, link) in answer.rows.into_iter().flat_map(|links| links.0) {
                match link.0.as_deref().and_then(|link| link.rsplit('/').next()).filter(|role| !role.is_empty()) {
                    Some(role) => calls.push(((project, id, name), ROLE_ACTORS.request(&[id, role]))),
                    None => reading.push(None),
                }
            }
        }
        let roles = reading.walk_each::<One<wire::ProjectRole>, _, _>(client, calls, Paging::Single).await;
        for answer in roles {
            let (project, id, name) = answer.of;
            for role in answer.rows {
                let Some(actors) = value(role.actors) else {
                    reading.fall_short("a role came without its actors".to_owned());
                    continue;
                };
                let role_name = value(role.name).unwrap_or_else(|| name.clone());
                let role_id = value(role.id).map_or_else(|| role_name.clone(), String::from);
                let container = project.id.clone();
                let place = Place { container, native: format!("project-role:{id}/{role_id}") };
                for actor in reading.elements(&format!("role {role_id} of project {id}"), actors) {
                    reading.push(self.role_grant(&place, &role_name, actor));
                }
            }
        }
        reading.finish()
    }

    /// A team-managed project has a scheme of its own, which nothing else tells of: it is not asked for.
    pub(super) async fn schemes_of_projects(&self, projects: &Part) -> Part {
        let mut reading = self.gatherer.start(&SCHEMES_OF_PROJECTS);
        reading.lean_on(&projects.entry);
        let company_managed = projects.resources.iter().filter(|project| team_managed(project) != Fact::Known(true));
        let calls =
            company_managed.filter_map(|project| Some((project, SCHEMES_OF_PROJECTS.request(&[project_id(project)?]))));
        let answers = reading
            .walk_each::<One<wire::PermissionScheme>, _, _>(self.client(), calls.collect(), Paging::Single)
            .await;
        for answer in answers {
            for scheme in answer.rows {
                let Some(id) = id(scheme.id) else {
                    reading.push(None);
                    continue;
                };
                let mut body = Container::unknown(ContainerForm::Project);
                match scheme.scope.and_then(|scope| scope.kind).known().map(String::as_str) {
                    Some("PROJECT") => body.team_managed = Fact::Known(true),
                    _ => {
                        let scheme = self.id(Kind::Container, &format!("permission-scheme:{id}"));
                        body.permission_scheme = Fact::Known(scheme);
                    }
                }
                reading.push(Some(Resource { body: Body::Container(body), ..answer.of.clone() }));
            }
        }
        reading.finish()
    }

    fn project(&self, row: wire::Project, status: &str) -> Option<Resource> {
        let id = id(row.id)?;
        let team_managed = match (row.style.known().map(String::as_str), row.simplified) {
            (Some("next-gen"), _) | (_, Fact::Known(true)) => Fact::Known(true),
            (Some(_), _) | (None, Fact::Known(false)) => Fact::Known(false),
            (None, Fact::Absent | Fact::Unknown) => Fact::Unknown,
        };
        let body = Container {
            parent: Fact::Known(self.site_id()),
            url: hidden_if_null(row.key.clone()).map(|key| format!("{}/browse/{key}", self.address)),
            key: hidden_if_null(row.key),
            status: Fact::Known(status.to_owned()),
            lead: row.lead.and_then(|lead| hidden_if_empty(lead.account_id)).map(|id| cloud(Kind::Principal, &id)),
            category: hidden_if_null(row.project_type_key),
            team_managed,
            ..Container::unknown(ContainerForm::Project)
        };
        Some(container(self.id(Kind::Container, &format!("project:{id}")), row.name, body))
    }

    fn role_grant(&self, place: &Place, role: &str, actor: wire::RoleActor) -> Option<Resource> {
        let group = value(actor.actor_group).and_then(|group| id(group.group_id));
        let account = value(actor.actor_user).and_then(|user| id(user.account_id));
        let (holder, sort, id) = match (account, group) {
            (Some(account), _) => (Holder::Principal, "user", account),
            (None, Some(group)) => (Holder::Group, "group", group),
            (None, None) => (Holder::Other, "other", id(actor.id)?),
        };
        let who = value(actor.display_name).unwrap_or_else(|| id.clone());
        let mut body = Grant::of(GrantForm::ProjectRole, role, holder);
        body.container = Fact::Known(place.container.clone());
        match holder {
            Holder::Principal => body.principal = Fact::Known(cloud(Kind::Principal, &id)),
            Holder::Group => body.group = Fact::Known(cloud(Kind::Group, &id)),
            _ => body.holder_detail = hidden_if_null(actor.kind),
        }
        Some(Resource {
            id: self.id(Kind::Grant, &format!("{}/{sort}:{id}", place.native)),
            name: format!("{role} for {who}"),
            seen_by: Vec::new(),
            body: Body::Grant(body),
        })
    }
}

/// A role in one place: in a project, or in every new one.
struct Place {
    container: ResourceId,
    /// What ids of places in the role begin with.
    native: String,
}

fn project_id(project: &Resource) -> Option<&str> {
    project.id.native().strip_prefix("project:")
}

fn team_managed(project: &Resource) -> Fact<bool> {
    match &project.body {
        Body::Container(container) => container.team_managed,
        _ => Fact::Unknown,
    }
}
