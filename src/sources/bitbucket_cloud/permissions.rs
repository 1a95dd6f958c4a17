//! Who may do what: roles in the workspace, permissions that were given on projects and repositories, and what comes of
//! all of them for each account.

use super::endpoints::{
    EFFECTIVE_PERMISSIONS, PERMISSIONS_OF_MEMBERS, PROJECT_ACCOUNTS, PROJECT_GROUPS, REPOSITORY_ACCOUNTS,
    REPOSITORY_GROUPS,
};
use super::{BY_LINKS, Visit, uuid, wire};
use crate::http::Request;
use crate::model::{Body, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::Endpoint;
use crate::sources::pages::Values;
use crate::sources::reading::Part;
use crate::sources::row::{id, value};

/// The word for a permission that was taken away: it grants nothing.
const NONE: &str = "none";

/// Who holds a permission.
struct Who {
    holder: Holder,
    id: ResourceId,
    name: String,
}

impl Visit<'_> {
    pub(super) async fn permissions_of_members(&mut self) -> Part {
        let mut reading = self.gatherer.start(&PERMISSIONS_OF_MEMBERS);
        let request = self.listing(PERMISSIONS_OF_MEMBERS.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Membership>, _>(self.client(), request, BY_LINKS).await.rows;
        for row in rows {
            let Some((who, role)) = self.account_named(row.user).zip(id(row.permission)) else {
                reading.push(None);
                continue;
            };
            let native = format!("workspace-role:{}", who.id.native());
            let grant = self.grant(&native, GrantForm::WorkspaceRole, &role, &who, self.workspace_id());
            reading.push(Some(grant));
        }
        let part = reading.finish();
        self.judge_token_by(&part.entry);
        part
    }

    /// The highest permission of each account on each repository. Bitbucket does not tell where it comes from.
    pub(super) async fn effective_permissions(&self) -> Part {
        let mut reading = self.gatherer.start(&EFFECTIVE_PERMISSIONS);
        let request = self.listing(EFFECTIVE_PERMISSIONS.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Permission>, _>(self.client(), request, BY_LINKS).await.rows;
        for row in rows {
            let repository = value(row.repository).and_then(|repository| uuid(repository.uuid));
            let Some(((who, role), repository)) = self.account_named(row.user).zip(id(row.permission)).zip(repository)
            else {
                reading.push(None);
                continue;
            };
            if role != NONE {
                let native = format!("effective:{repository}/{}", who.id.native());
                let form = GrantForm::EffectiveRepositoryPermission;
                reading.push(Some(self.grant(&native, form, &role, &who, self.repository_id(&repository))));
            }
        }
        reading.finish()
    }

    pub(super) async fn project_accounts(&self, projects: &Part) -> Part {
        let calls = self.for_each_project(&PROJECT_ACCOUNTS, projects);
        self.given(&PROJECT_ACCOUNTS, GrantForm::RepositoryProjectPermission, projects, calls).await
    }

    pub(super) async fn project_groups(&self, projects: &Part) -> Part {
        let calls = self.for_each_project(&PROJECT_GROUPS, projects);
        self.given(&PROJECT_GROUPS, GrantForm::RepositoryProjectPermission, projects, calls).await
    }

    pub(super) async fn repository_accounts(&self, repositories: &Part) -> Part {
        let calls = self.for_each_repository(&REPOSITORY_ACCOUNTS, repositories);
        self.given(&REPOSITORY_ACCOUNTS, GrantForm::RepositoryPermission, repositories, calls).await
    }

    pub(super) async fn repository_groups(&self, repositories: &Part) -> Part {
        let calls = self.for_each_repository(&REPOSITORY_GROUPS, repositories);
        self.given(&REPOSITORY_GROUPS, GrantForm::RepositoryPermission, repositories, calls).await
    }

    /// The permissions that were given outright on each of some containers.
    async fn given(
        &self,
        endpoint: &'static Endpoint,
        form: GrantForm,
        containers: &Part,
        calls: Vec<(&Resource, Request)>,
    ) -> Part {
        let mut reading = self.gatherer.start(endpoint);
        reading.lean_on(&containers.entry);
        let answers = reading.walk_each::<Values<wire::Permission>, _, _>(self.client(), calls, BY_LINKS).await;
        for answer in answers {
            for row in answer.rows {
                let who = self.account_named(row.user).or_else(|| self.group_named(row.group));
                match who.zip(id(row.permission)) {
                    Some((_, role)) if role == NONE => {}
                    Some((who, role)) => {
                        let sort = if who.holder == Holder::Group { "group" } else { "user" };
                        let native = format!("{}/{sort}:{}", answer.of.id.native(), who.id.native());
                        reading.push(Some(self.grant(&native, form, &role, &who, answer.of.id.clone())));
                    }
                    None => reading.push(None),
                }
            }
        }
        reading.finish()
    }

    fn account_named(&self, account: Fact<wire::Account>) -> Option<Who> {
        let account = value(account)?;
        let id = self.account_id(&account)?;
        let name = value(account.display_name).unwrap_or_else(|| id.native().to_owned());
        Some(Who { holder: Holder::Principal, id, name })
    }

    fn group_named(&self, group: Fact<wire::GroupRef>) -> Option<Who> {
        let group = value(group)?;
        let slug = id(group.slug)?;
        let id = self.group_id(&slug);
        Some(Who { holder: Holder::Group, id, name: value(group.name).unwrap_or(slug) })
    }

    fn grant(&self, native: &str, form: GrantForm, role: &str, who: &Who, container: ResourceId) -> Resource {
        let mut grant = Grant::of(form, role, who.holder);
        grant.container = Fact::Known(container);
        match who.holder {
            Holder::Group => grant.group = Fact::Known(who.id.clone()),
            _ => grant.principal = Fact::Known(who.id.clone()),
        }
        Resource {
            id: self.id(Kind::Grant, native),
            name: format!("{role} for {}", who.name),
            seen_by: Vec::new(),
            body: Body::Grant(grant),
        }
    }
}
