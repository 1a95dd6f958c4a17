//! Service desks of Jira Service Management: each is the customers' side of a project.

use std::collections::BTreeSet;

use super::endpoints::SERVICE_DESKS;
use super::site::container;
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId};
use crate::sources::Depth;
use crate::sources::pages::DeskPage;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, id};
use crate::text::plural;

impl Visit<'_> {
    /// Every service project has a desk: one that is not listed was held back.
    pub(super) async fn service_desks(&self, projects: &Part) -> Part {
        let mut reading = self.gatherer.start(&SERVICE_DESKS);
        let rows = self.source.site.connection.page_size(100);
        let paging = Paging::Offset { start: "start", size: "limit", rows };
        let request = SERVICE_DESKS.request(&[]);
        let desks = reading.walk::<DeskPage<wire::ServiceDesk>, _>(self.client(), request, paging).await;
        let mut without: BTreeSet<&ResourceId> = projects.resources.iter().filter_map(live_service_project).collect();
        for row in desks.rows {
            let desk = self.service_desk(row);
            if let Some(project) = desk.as_ref().and_then(project_of) {
                without.remove(project);
            }
            reading.push(desk);
        }
        if desks.whole && self.gatherer.depth == Depth::Whole && !without.is_empty() {
            let projects = plural(without.len(), "service project", "service projects");
            reading.fall_short(format!("no desk is listed for {projects}"));
        }
        self.rights.limit_to_own(&mut reading, "service desks that the account may open");
        reading.finish()
    }

    fn service_desk(&self, row: wire::ServiceDesk) -> Option<Resource> {
        let native = format!("service-desk:{}", id(row.id)?);
        let project = id(row.project_id).map(|id| self.id(Kind::Container, &format!("project:{id}")));
        let body = Container {
            parent: project.map_or(Fact::Unknown, Fact::Known),
            key: hidden_if_empty(row.project_key),
            ..Container::unknown(ContainerForm::ServiceDesk)
        };
        Some(container(self.id(Kind::Container, &native), row.project_name, body))
    }
}

fn live_service_project(project: &Resource) -> Option<&ResourceId> {
    let Body::Container(body) = &project.body else { return None };
    let is = |fact: &Fact<String>, word: &str| fact.known().is_some_and(|known| known == word);
    (is(&body.category, "service_desk") && is(&body.status, "live")).then_some(&project.id)
}

fn project_of(desk: &Resource) -> Option<&ResourceId> {
    match &desk.body {
        Body::Container(desk) => desk.parent.known(),
        _ => None,
    }
}
