//! Permissions that were given on projects and repositories, and what everybody may do in a project.

use std::collections::BTreeMap;

use super::endpoints::{PROJECT_ACCOUNTS, PROJECT_DEFAULTS, PROJECT_GROUPS, REPOSITORY_ACCOUNTS, REPOSITORY_GROUPS};
use super::page::{BY_START, Slice};
use super::projects::{Place, Projects, Repositories};
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::Endpoint;
use crate::sources::pages::One;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_null, id};

/// What everybody who is logged in may do in a project by default, from the least to the most.
const DEFAULTS: [&str; 3] = ["PROJECT_READ", "PROJECT_WRITE", "PROJECT_ADMIN"];

impl Visit<'_> {
    pub(super) async fn project_accounts(&self, projects: &Projects) -> Part {
        self.given_on_projects(&PROJECT_ACCOUNTS, projects).await
    }

    pub(super) async fn project_groups(&self, projects: &Projects) -> Part {
        self.given_on_projects(&PROJECT_GROUPS, projects).await
    }

    pub(super) async fn repository_accounts(&self, repositories: &Repositories) -> Part {
        self.given_on_repositories(&REPOSITORY_ACCOUNTS, repositories).await
    }

    pub(super) async fn repository_groups(&self, repositories: &Repositories) -> Part {
        self.given_on_repositories(&REPOSITORY_GROUPS, repositories).await
    }

    /// Bitbucket answers for each permission by itself whether it is everybody's; the highest is the one that counts.
    pub(super) async fn project_defaults(&self, projects: &Projects) -> Part {
        let mut reading = self.common().start(&PROJECT_DEFAULTS);
        reading.lean_on(&projects.part.entry);
        let of_project = |place| {
            DEFAULTS.iter().enumerate().map(move |(rank, role): (usize, &&str)| {
                let names: Vec<&str> = Place::names(place).into_iter().chain([*role]).collect();
                ((place, rank), PROJECT_DEFAULTS.request(&names))
            })
        };
        let calls: Vec<_> = projects.places.iter().flat_map(of_project).collect();
        let answers = reading.walk_each::<One<wire::Permitted>, _, _>(self.client(), calls, Paging::Single).await;
        let mut highest: BTreeMap<&ResourceId, usize> = BTreeMap::new();
        for answer in answers.into_iter().filter(|answer| answer.whole) {
            let (place, rank): (&Place, usize) = answer.of;
            match answer.rows.into_iter().next().map(|row| hidden_if_null(row.permitted)) {
                Some(Fact::Known(true)) => {
                    let so_far = highest.entry(&place.id).or_insert(rank);
                    *so_far = rank.max(*so_far);
                }
                Some(Fact::Known(false)) => {}
                Some(Fact::Absent | Fact::Unknown) | None => {
                    reading.fall_short("a project does not tell what everybody may do in it".to_owned());
                }
            }
        }
        for (project, rank) in highest {
            reading.push(Some(self.for_everybody(DEFAULTS[rank], project)));
        }
        reading.finish()
    }

    async fn given_on_projects(&self, endpoint: &'static Endpoint, projects: &Projects) -> Part {
        let mut reading = self.common().start(endpoint);
        reading.lean_on(&projects.part.entry);
        self.read_given(&mut reading, endpoint, &projects.places, GrantForm::RepositoryProjectPermission).await;
        reading.finish()
    }

    async fn given_on_repositories(&self, endpoint: &'static Endpoint, repositories: &Repositories) -> Part {
        let mut reading = self.start_deep(endpoint);
        reading.lean_on(&repositories.part.entry);
        self.read_given(&mut reading, endpoint, &repositories.places, GrantForm::RepositoryPermission).await;
        reading.finish()
    }

    async fn read_given(
        &self,
        reading: &mut Reading<'_>,
        endpoint: &'static Endpoint,
        places: &[Place],
        form: GrantForm,
    ) {
        let calls = self.for_each(endpoint, places);
        let answers = reading.walk_each::<Slice<wire::Permission>, _, _>(self.client(), calls, BY_START).await;
        for answer in answers {
            for row in answer.rows {
                let who = self.account_named(row.user).or_else(|| self.group_named(row.group));
                reading.push(who.zip(id(row.permission)).map(|(who, role)| {
                    let sort = if who.holder == Holder::Group { "group" } else { "user" };
                    let native = format!("{}/{sort}:{}", answer.of.id.native(), who.id.native());
                    self.granted(&native, Grant::of(form, role, who.holder), &who, answer.of.id.clone())
                }));
            }
        }
    }

    fn for_everybody(&self, role: &str, project: &ResourceId) -> Resource {
        let mut grant = Grant::of(GrantForm::RepositoryProjectPermission, role, Holder::LoggedIn);
        grant.container = Fact::Known(project.clone());
        let id = self.id(Kind::Grant, &format!("{}/everybody", project.native()));
        let name = format!("{role} for everybody who is logged in");
        Resource { id, name, seen_by: Vec::new(), body: Body::Grant(grant) }
    }
}
