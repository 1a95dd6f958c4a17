//! Service desks of Jira Service Management: each is the customers' side of a project.

use super::endpoints::SERVICE_DESKS;
use super::site::container;
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Container, ContainerForm, Fact, Kind, Resource};
use crate::sources::pages::DeskPage;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, id};

impl Visit<'_> {
    pub(super) async fn service_desks(&self) -> Part {
        let mut reading = self.gatherer.start(&SERVICE_DESKS);
        let rows = self.source.site.connection.page_size(100);
        let paging = Paging::Offset { start: "start", size: "limit", rows };
        let request = SERVICE_DESKS.request(&[]);
        let desks = reading.walk::<DeskPage<wire::ServiceDesk>, _>(self.client(), request, paging).await;
        desks.rows.into_iter().for_each(|row| reading.push(self.service_desk(row)));
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
