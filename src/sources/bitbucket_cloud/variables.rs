//! Names of pipeline variables on every level. Their values are never read: those that are not secured come in clear
//! text, so that the shape of a row has no place for them.

use super::endpoints::{DEPLOYMENT_VARIABLES, ENVIRONMENTS, REPOSITORY_VARIABLES, WORKSPACE_VARIABLES};
use super::repositories::Pipelines;
use super::{BY_LINKS, Visit, braced, uuid, uuid_of, wire};
use crate::http::Request;
use crate::model::{Body, Fact, Kind, Resource, Variable, VariableLevel};
use crate::sources::pages::Values;
use crate::sources::reading::{Answer, Part, Reading};
use crate::sources::row::{Wire, hidden_if_empty, hidden_if_null, id};

/// A deployment environment of a repository.
pub(super) struct Environment<'r> {
    repository: &'r Resource,
    uuid: String,
    name: Fact<String>,
    admin_only: Fact<bool>,
}

impl Visit<'_> {
    pub(super) async fn workspace_variables(&self) -> Part {
        let mut reading = self.gatherer.start(&WORKSPACE_VARIABLES);
        let request = self.listing(WORKSPACE_VARIABLES.request(&[&self.source.workspace]));
        let rows = reading.walk::<Values<wire::Variable>, _>(self.client(), request, BY_LINKS).await.rows;
        for row in rows {
            let body = Variable { container: Fact::Known(self.workspace_id()), ..everywhere(VariableLevel::Workspace) };
            reading.push(self.variable("workspace", row, body));
        }
        reading.finish()
    }

    pub(super) async fn repository_variables(&self, repositories: &Part, pipelines: &Pipelines) -> Part {
        let mut reading = self.gatherer.start(&REPOSITORY_VARIABLES);
        reading.lean_on(&repositories.entry);
        let calls = self.for_each_repository(&REPOSITORY_VARIABLES, repositories);
        for answer in self.ask_where_pipelines_run::<wire::Variable>(&mut reading, calls, pipelines).await {
            for row in answer.rows {
                let body =
                    Variable { container: Fact::Known(answer.of.id.clone()), ..everywhere(VariableLevel::Repository) };
                reading.push(self.variable(answer.of.id.native(), row, body));
            }
        }
        reading.finish()
    }

    pub(super) async fn environments<'r>(
        &self,
        repositories: &'r Part,
        pipelines: &Pipelines,
    ) -> (Part, Vec<Environment<'r>>) {
        let mut reading = self.gatherer.start(&ENVIRONMENTS);
        reading.lean_on(&repositories.entry);
        let calls = self.for_each_repository(&ENVIRONMENTS, repositories);
        let mut environments = Vec::new();
        for answer in self.ask_where_pipelines_run::<wire::Environment>(&mut reading, calls, pipelines).await {
            for row in answer.rows {
                let Some(uuid) = uuid(row.uuid) else {
                    reading.push(None);
                    continue;
                };
                let admin_only = row.restrictions.and_then(|restrictions| restrictions.admin_only);
                environments.push(Environment {
                    repository: answer.of,
                    uuid,
                    name: hidden_if_empty(row.name),
                    admin_only: hidden_if_null(admin_only),
                });
            }
        }
        (reading.finish(), environments)
    }

    pub(super) async fn deployment_variables(&self, listed: &Part, environments: Vec<Environment<'_>>) -> Part {
        let mut reading = self.gatherer.start(&DEPLOYMENT_VARIABLES);
        reading.lean_on(&listed.entry);
        let calls = environments.into_iter().filter_map(|environment| {
            let ids = [&self.source.workspace, &braced(uuid_of(environment.repository)?), &braced(&environment.uuid)];
            let request = self.listing(DEPLOYMENT_VARIABLES.request(&ids.map(String::as_str)));
            Some((environment, request))
        });
        let answers = reading.walk_each::<Values<wire::Variable>, _, _>(self.client(), calls.collect(), BY_LINKS).await;
        for answer in answers {
            let Environment { repository, uuid, name, admin_only } = answer.of;
            for row in answer.rows {
                let body = Variable {
                    level: VariableLevel::Deployment,
                    container: Fact::Known(repository.id.clone()),
                    environment: name.clone(),
                    secured: Fact::Unknown,
                    admin_only,
                };
                reading.push(self.variable(&format!("{}/{uuid}", repository.id.native()), row, body));
            }
        }
        reading.finish()
    }

    /// A repository in which pipelines were never set up may have variables all the same, so it is asked too; there, “not
    /// found” means that it has none.
    async fn ask_where_pipelines_run<'r, T: Wire>(
        &self,
        reading: &mut Reading<'_>,
        calls: Vec<(&'r Resource, Request)>,
        pipelines: &Pipelines,
    ) -> Vec<Answer<&'r Resource, T>> {
        let (never, set_up): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|(repository, _)| pipelines.never.contains(&repository.id));
        let mut answers = reading.walk_each::<Values<T>, _, _>(self.client(), set_up, BY_LINKS).await;
        answers.extend(reading.walk_each_or_none::<Values<T>, _, _>(self.client(), never, BY_LINKS).await);
        answers
    }

    /// What a variable holds is told by its name: one without is not known.
    fn variable(&self, place: &str, row: wire::Variable, body: Variable) -> Option<Resource> {
        let native = format!("{place}/{}", uuid(row.uuid)?);
        let body = Variable { secured: hidden_if_null(row.secured), ..body };
        let name = id(row.key)?;
        Some(Resource { id: self.id(Kind::Variable, &native), name, seen_by: Vec::new(), body: Body::Variable(body) })
    }
}

/// A variable that is bound to no environment, so that no environment keeps it for administrators.
fn everywhere(level: VariableLevel) -> Variable {
    Variable {
        level,
        container: Fact::Unknown,
        environment: Fact::Absent,
        secured: Fact::Unknown,
        admin_only: Fact::Known(false),
    }
}
