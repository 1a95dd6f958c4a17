//! Projects and repositories, and whether pipelines run in them.

use std::collections::BTreeSet;

use super::endpoints::{PIPELINES_CONFIGURATION, PROJECTS, REPOSITORIES};
use super::workspace::{Reach, container, not, page};
use super::{BY_LINKS, Visit, braced, uuid, uuid_of, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId};
use crate::sources::pages::{One, Values};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, moment, value};

/// Where pipelines run.
pub(super) struct Pipelines {
    pub(super) part: Part,
    /// The repositories in which pipelines were never set up.
    pub(super) never: BTreeSet<ResourceId>,
}

impl Visit<'_> {
    pub(super) async fn projects(&self) -> Part {
        let mut reading = self.gatherer.start(&PROJECTS);
        let request = self.listing(PROJECTS.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Project>, _>(self.client(), request, BY_LINKS).await.rows;
        for row in rows {
            let project = self.project(row);
            if project.as_ref().is_some_and(|project| key_of(project).is_none()) {
                reading.fall_short("a project came without its key".to_owned());
            }
            reading.push(project);
        }
        self.reach.limit(&mut reading);
        reading.finish()
    }

    pub(super) async fn repositories(&self) -> Part {
        let mut reading = self.gatherer.start(&REPOSITORIES);
        let request = self.listing(REPOSITORIES.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Repository>, _>(self.client(), request, BY_LINKS).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.repository(row)));
        self.reach.limit(&mut reading);
        reading.finish()
    }

    /// Of a repository in which nobody ever set pipelines up, Bitbucket has no configuration: none run there.
    pub(super) async fn pipelines(&self, repositories: &Part) -> Pipelines {
        let mut reading = self.gatherer.start(&PIPELINES_CONFIGURATION);
        reading.lean_on(&repositories.entry);
        let calls = repositories.resources.iter().filter_map(|repository| {
            let request = PIPELINES_CONFIGURATION.request(&[&self.source.workspace, &braced(uuid_of(repository)?)]);
            Some((repository, request))
        });
        let (client, calls) = (self.client(), calls.collect());
        let answers = match self.reach {
            Reach::Whole => {
                reading.walk_each_or_none::<One<wire::PipelinesConfig>, _, _>(client, calls, Paging::Single).await
            }
            // From who may not administer the repository, Bitbucket may hide it behind “not found” as well.
            Reach::Role(_) | Reach::NotTold | Reach::PerhapsPart => {
                reading.walk_each::<One<wire::PipelinesConfig>, _, _>(client, calls, Paging::Single).await
            }
        };
        let mut never = BTreeSet::new();
        for answer in answers.into_iter().filter(|answer| answer.whole) {
            let told = answer.rows.into_iter().next();
            if told.is_none() {
                never.insert(answer.of.id.clone());
            }
            let pipelines_enabled = told.map_or(Fact::Known(false), |row| hidden_if_null(row.enabled));
            if pipelines_enabled.is_unknown() {
                reading.fall_short("a repository does not tell whether its pipelines run".to_owned());
            }
            let body = Container { pipelines_enabled, ..Container::unknown(ContainerForm::Repository) };
            reading.push(Some(Resource { body: Body::Container(body), ..answer.of.clone() }));
        }
        Pipelines { part: reading.finish(), never }
    }

    fn project(&self, row: wire::Project) -> Option<Resource> {
        let id = self.project_id(row.uuid)?;
        let body = Container {
            parent: Fact::Known(self.workspace_id()),
            key: hidden_if_null(row.key),
            public: not(row.is_private),
            url: page(row.links),
            created_at: moment(hidden_if_null(row.created_on)),
            ..Container::unknown(ContainerForm::RepositoryProject)
        };
        Some(container(id, row.name, body))
    }

    fn repository(&self, row: wire::Repository) -> Option<Resource> {
        let id = self.repository_id(&uuid(row.uuid)?);
        let project = hidden_if_null(row.project);
        let short = |full: &String| full.rsplit('/').next().map(str::to_owned);
        let from_name = row.full_name.known().and_then(short).map_or(Fact::Unknown, Fact::Known);
        let body = Container {
            parent: project.and_then(|one| self.project_id(one.uuid).map_or(Fact::Unknown, Fact::Known)),
            key: hidden_if_null(row.slug).or(from_name),
            public: not(row.is_private),
            url: page(row.links),
            created_at: moment(hidden_if_null(row.created_on)),
            ..Container::unknown(ContainerForm::Repository)
        };
        Some(container(id, row.full_name, body))
    }

    /// By its id alone, which outlives a change of its key: named by its key for a night, it would look like another project.
    fn project_id(&self, uuid: Fact<String>) -> Option<ResourceId> {
        Some(self.id(Kind::Container, &format!("project:{}", super::uuid(uuid)?)))
    }
}

/// The key of a project, by which Bitbucket's paths name it.
pub(super) fn key_of(project: &Resource) -> Option<String> {
    match &project.body {
        Body::Container(project) => value(project.key.clone()).filter(|key| !key.is_empty()),
        _ => None,
    }
}
