//! The product itself with its version, its licence, and its webhooks.

use super::endpoints::{INSTANCE, LICENCE, NODES, WEBHOOKS};
use super::page::{BY_LINK, Listing, Number};
use super::{Visit, container, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::data_center::end;
use crate::sources::endpoint::fill;
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, moment};
use crate::sources::webhook_form::WebhookForm;
use crate::text::plural;

impl Visit<'_> {
    /// Two resources tell the version; the older one tells it to everybody.
    pub(super) async fn instance(&self) -> Part {
        let mut reading = self.common().start(&INSTANCE);
        let mut version = Fact::Unknown;
        let mut answered = false;
        for (at, request) in INSTANCE.requests.iter().enumerate() {
            if at > 0 {
                reading.try_again();
            }
            reading.went_by(*request, "");
            let request = fill(*request, &[]);
            let rows = reading.walk::<One<wire::Server>, _>(self.client(), request, Paging::Single).await.rows;
            answered |= !rows.is_empty();
            version = rows.into_iter().next().map_or(Fact::Unknown, |row| hidden_if_empty(row.version));
            if !version.is_unknown() {
                break;
            }
        }
        if version.is_unknown() && answered {
            reading.fall_short("Confluence does not tell its version".to_owned());
        }
        if answered {
            let url = Fact::Known(self.base_url().to_owned());
            reading.push(Some(self.common().instance(Fact::Unknown, version, url)));
        }
        reading.finish()
    }

    /// Nobody has described these answers: what one of them does not tell is not known.
    pub(super) async fn licence(&self) -> Part {
        let mut reading = self.common().start(&LICENCE);
        let [details, most, used] = [0, 1, 2].map(|at| fill(LICENCE.requests[at], &[]));
        let details = reading.walk::<One<wire::Licence>, _>(self.client(), details, Paging::Single).await;
        let details = details.rows.into_iter().next();
        let most = reading.walk::<Number, _>(self.client(), most, Paging::Single).await.rows.into_iter().next();
        let used = reading.walk::<Number, _>(self.client(), used, Paging::Single).await.rows.into_iter().next();
        let silent = details.is_none() && most.is_none() && used.is_none();
        let details = details.unwrap_or_default();
        let count = |told: Option<wire::Counted>| told.map_or(Fact::Unknown, |told| hidden_if_null(told.count));
        let most = count(most).or(hidden_if_null(details.maximum_number_of_users));
        let seats_total = if matches!(most, Fact::Known(most) if most < 0) { Fact::Absent } else { most };
        if silent {
            return reading.finish();
        }
        if seats_total.is_unknown() {
            reading.fall_short("the licence does not tell how many seats it has".to_owned());
        }
        let expires_at = moment(hidden_if_null(details.expiry_date));
        if expires_at.is_unknown() {
            reading.fall_short("the licence does not tell when it ends".to_owned());
        }
        let body = Container {
            parent: Fact::Known(self.instance_id()),
            key: Fact::Known("confluence".to_owned()),
            seats_used: count(used),
            seats_total,
            expires_at: end(expires_at, self.gatherer.clock.now()),
            default_groups: Fact::Absent,
            ..Container::unknown(ContainerForm::Application)
        };
        reading.push(Some(container(self.application_id(), "Confluence".to_owned(), body)));
        let plan = hidden_if_null(details.data_center).map(|yes| if yes { "data-center" } else { "server" }.to_owned());
        let body = Container { plan, ..Container::unknown(ContainerForm::Instance) };
        reading.enrich(container(self.instance_id(), "Confluence".to_owned(), body));
        reading.finish()
    }

    /// How many nodes there are. What each of them runs is not described.
    pub(super) async fn nodes(&self) -> Part {
        let mut reading = self.common().start(&NODES);
        let request = self.up_to(100, NODES.request(&[]));
        let answer = reading.walk::<Listing<wire::Node>, _>(self.client(), request, BY_LINK).await;
        if answer.whole {
            let nodes = plural(answer.rows.len(), "node", "nodes");
            let container = Fact::Known(self.instance_id());
            let body = Setting { detail: Fact::Known(nodes), container, ..Setting::of("cluster") };
            let (id, name) = (self.id(Kind::Setting, "cluster"), "Nodes of the cluster".to_owned());
            reading.push(Some(Resource { id, name, seen_by: Vec::new(), body: Body::Setting(body) }));
        }
        reading.finish()
    }

    pub(super) async fn webhooks(&self) -> Part {
        let mut reading = self.common().start(&WEBHOOKS);
        let request = self.up_to(100, WEBHOOKS.request(&[]));
        let rows = reading.walk::<Listing<WebhookForm>, _>(self.client(), request, BY_LINK).await.rows;
        rows.into_iter().for_each(|row| reading.push(row.resource(&self.instance_id())));
        reading.finish()
    }

    pub(super) fn application_id(&self) -> ResourceId {
        self.id(Kind::Container, "application:confluence")
    }
}
