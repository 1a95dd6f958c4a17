//! Projects, who is in their roles, and which permission scheme each uses.

use super::endpoints::{DEFAULT_ACTORS, PROJECTS, ROLE_ACTORS, ROLES_OF_PROJECT, SCHEMES_OF_PROJECTS};
use super::{Names, Visit, wire};
use crate::http::{Paging, Request};
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::{Bare, One};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, value};

/// The roles that all projects have.
pub(super) struct SharedRoles {
    pub(super) part: Part,
    /// Id and name of each; none where Jira does not tell them.
    roles: Vec<(String, String)>,
}

impl Visit<'_> {
    /// Only those that the account may browse: nothing tells how many there are.
    pub(super) async fn projects(&self) -> Part {
        let mut reading = self.common().start(&PROJECTS);
        let request = PROJECTS.request(&[]).query("expand", "lead").query("includeArchived", "true");
        let rows = reading.walk::<Bare<wire::Project>, _>(self.client(), request, Paging::Single).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.project(row)));
        reading.finish()
    }

    /// The roles that there are, and who will be in them in every new project. A role without an id cannot be asked for by
    /// this word: then projects have to name theirs.
    pub(super) async fn shared_roles(&self, names: &Names) -> SharedRoles {
        let mut reading = self.common().start(&DEFAULT_ACTORS);
        let request = DEFAULT_ACTORS.request(&[]);
        let answer = reading.walk::<Bare<wire::ProjectRole>, _>(self.client(), request, Paging::Single).await;
        let (mut roles, mut all) = (Vec::new(), answer.whole && reading.read_clearly());
        for role in answer.rows {
            let name = value(role.name).unwrap_or_default();
            let Some(id) = id(role.id) else {
                all = false;
                reading.push(None);
                continue;
            };
            match value(role.actors) {
                Some(actors) => {
                    let container = self.common().instance_id();
                    let place = Place { container, native: format!("default-role:{id}") };
                    for actor in reading.elements(&format!("default members of role {id}"), actors) {
                        self.push_role_grant(&mut reading, &place, &name, actor, names);
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

    /// Who is in a role is told for one role of one project at a time. Projects share their roles, and name them only
    /// where Jira does not tell all of them.
    pub(super) async fn role_actors(&self, projects: &Part, shared: &SharedRoles, names: &Names) -> Part {
        let mut reading = self.common().start(&ROLE_ACTORS);
        reading.lean_on(&projects.entry);
        let client = self.client();
        let shared = &shared.roles;
        let mut calls: Vec<((&Resource, &str, String), Request)> = Vec::new();
        let mut naming = Vec::new();
        for project in &projects.resources {
            let Some(id) = project_id(project) else { continue };
            if shared.is_empty() {
                naming.push(((project, id), fill(ROLES_OF_PROJECT, &[id])));
            }
            let asked =
                shared.iter().map(|(role, name)| ((project, id, name.clone()), ROLE_ACTORS.request(&[id, role])));
            calls.extend(asked);
        }
        let named = reading.walk_each::<One<wire::RoleLinks>, _, _>(client, naming, Paging::Single).await;
        for answer in named {
            let (project, id) = answer.of;
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
                    self.push_role_grant(&mut reading, &place, &role_name, actor, names);
                }
            }
        }
        reading.finish()
    }

    pub(super) async fn schemes_of_projects(&self, projects: &Part) -> Part {
        let mut reading = self.common().start(&SCHEMES_OF_PROJECTS);
        reading.lean_on(&projects.entry);
        let calls = projects
            .resources
            .iter()
            .filter_map(|project| Some((project, SCHEMES_OF_PROJECTS.request(&[project_id(project)?]))));
        let answers = reading
            .walk_each::<One<wire::PermissionScheme>, _, _>(self.client(), calls.collect(), Paging::Single)
            .await;
        for answer in answers {
            for scheme in answer.rows {
                let Some(id) = id(scheme.id) else {
                    reading.push(None);
                    continue;
                };
                let scheme = self.common().id(Kind::Container, &format!("permission-scheme:{id}"));
                let body =
                    Container { permission_scheme: Fact::Known(scheme), ..Container::unknown(ContainerForm::Project) };
                reading.push(Some(Resource { body: Body::Container(body), ..answer.of.clone() }));
            }
        }
        reading.finish()
    }

    fn project(&self, row: wire::Project) -> Option<Resource> {
        let id = id(row.id)?;
        let body = Container {
            parent: Fact::Known(self.common().instance_id()),
            // Where people open it is Jira's own word: another one in its place would look like a change.
            url: match (&self.address, &row.key) {
                (Some(address), Fact::Known(key)) => Fact::Known(format!("{address}/browse/{key}")),
                _ => Fact::Unknown,
            },
            key: hidden_if_null(row.key),
            status: hidden_if_null(row.archived).map(|archived| if archived { "archived" } else { "live" }.to_owned()),
            lead: row.lead.and_then(|lead| hidden_if_empty(lead.key)).map(|key| self.common().account(&key)),
            category: hidden_if_null(row.project_type_key),
            team_managed: Fact::Known(false),
            ..Container::unknown(ContainerForm::Project)
        };
        Some(self.container(&format!("project:{id}"), row.name, body))
    }

    /// A place in a role is known by the key of its account. Where the name may be that of an account which was not listed,
    /// it is left out: under its name it would be another one, and the one that was known would look gone.
    fn push_role_grant(
        &self,
        reading: &mut Reading<'_>,
        place: &Place,
        role: &str,
        actor: wire::RoleActor,
        names: &Names,
    ) {
        let of_an_account = actor.kind.known().is_some_and(|kind| kind == "atlassian-user-role-actor");
        let is_found = actor.name.known().is_some_and(|name| names.key_of(name).is_some());
        if of_an_account && !is_found && !names.whole {
            reading.fall_short(
                "some members of roles are told by names alone, and not all accounts were listed".to_owned(),
            );
            return;
        }
        reading.push(self.role_grant(place, role, actor, names));
    }

    fn role_grant(&self, place: &Place, role: &str, actor: wire::RoleActor, names: &Names) -> Option<Resource> {
        let name = hidden_if_empty(actor.name);
        let kind = value(actor.kind);
        let (holder, sort) = match kind.as_deref() {
            Some("atlassian-user-role-actor") => (Holder::Principal, "user"),
            Some("atlassian-group-role-actor") => (Holder::Group, "group"),
            Some(_) | None => (Holder::Other, "other"),
        };
        let account = name.known().and_then(|name| names.key_of(name)).map(|key| self.common().account(key));
        let native = match (holder, &account) {
            // The name can change; the key, where it is known, does not.
            (Holder::Principal, Some(account)) => account.native().to_owned(),
            _ => name.known().cloned().or_else(|| id(actor.id))?,
        };
        let who = value(actor.display_name).unwrap_or_else(|| native.clone());
        let mut body = Grant::of(GrantForm::ProjectRole, role, holder);
        body.container = Fact::Known(place.container.clone());
        match holder {
            Holder::Principal => {
                body.principal = account.map_or(Fact::Unknown, Fact::Known);
                body.holder_detail = if body.principal.is_unknown() { name } else { Fact::Unknown };
            }
            Holder::Group => body.group = name.map(|name| self.common().group(&name)),
            _ => body.holder_detail = kind.map_or(Fact::Unknown, Fact::Known),
        }
        Some(Resource {
            id: self.common().id(Kind::Grant, &format!("{}/{sort}:{native}", place.native)),
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
