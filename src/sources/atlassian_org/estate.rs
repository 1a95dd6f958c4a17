//! The organisation itself, and what it holds: directories, products with their seats, mail domains.

use serde_json::json;

use super::endpoints::{DIRECTORIES, DOMAINS, ORGANISATION, PRODUCTS};
use super::{BY_CURSOR, BY_CURSOR_IN_BODY, Visit, wire};
use crate::model::{Body, Container, ContainerForm, EndpointState, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::pages::Listed;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};

impl Visit<'_> {
    /// Finds the organisation. Without its id nothing else can be asked, which every other endpoint then tells.
    pub(super) async fn organisation(&mut self) -> Part {
        let mut reading = self.gatherer.start(&ORGANISATION);
        let request = ORGANISATION.request(&[]);
        let rows = reading.walk::<Listed<wire::Org>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        let seen: Vec<(String, String)> = rows.into_iter().filter_map(id_and_name).collect();
        let configured = self.source.org.clone();
        let id = match (configured, seen.as_slice()) {
            (Some(id), _) => Some(id),
            (None, [(id, _)]) => Some(id.clone()),
            (None, []) => None,
            (None, several) => {
                let ids: Vec<&str> = several.iter().map(|(id, _)| id.as_str()).collect();
                let reason = format!("the key sees several organisations ({}); set `org` to one", ids.join(", "));
                reading.close(EndpointState::Failed, reason);
                None
            }
        };
        let found = seen.into_iter().find(|(each, _)| Some(each) == id.as_ref());
        match (&id, found) {
            (Some(id), Some((_, name))) => reading.push(Some(organisation(id, name, self.source.plan))),
            (Some(id), None) => reading.fall_short(format!("the key does not show organisation {id}")),
            (None, _) => reading.fall_short("the key shows no organisation".to_owned()),
        }
        let part = reading.finish();
        match id {
            Some(id) => self.org = id,
            None => {
                let why = &part.entry.reason;
                let reason = if part.entry.state == EndpointState::Skipped { "`org` is not configured" } else { why };
                self.gatherer.blocked = Some(format!("the organisation's id could not be found out: {reason}"));
            }
        }
        part
    }

    pub(super) async fn directories(&self) -> Part {
        let mut reading = self.gatherer.start(&DIRECTORIES);
        let request = DIRECTORIES.request(&[&self.org]);
        let rows = reading.walk::<Listed<wire::Directory>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.directory(row)));
        reading.finish()
    }

    pub(super) async fn products(&self) -> Part {
        let mut reading = self.gatherer.start(&PRODUCTS);
        let mut request = PRODUCTS.request(&[&self.org]);
        request.body = Some(json!({"limit": self.source.connection.page_size(20)}));
        let rows =
            reading.walk::<Listed<wire::Workspace>, _>(&self.source.client, request, BY_CURSOR_IN_BODY).await.rows;
        for row in rows {
            if let Some(site) = self.site(&row) {
                reading.push(Some(site));
            }
            reading.push(self.product(row));
        }
        reading.finish()
    }

    pub(super) async fn domains(&self) -> Part {
        let mut reading = self.gatherer.start(&DOMAINS);
        let request = DOMAINS.request(&[&self.org]);
        let rows = reading.walk::<Listed<wire::Domain>, _>(&self.source.client, request, BY_CURSOR).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.domain(row)));
        reading.finish()
    }

    fn directory(&self, row: wire::Directory) -> Option<Resource> {
        let id = id(row.directory_id)?;
        let parent = Fact::Known(self.id(Kind::Container, "organisation"));
        let body = Container { parent, ..Container::unknown(ContainerForm::Directory) };
        Some(Resource {
            id: self.id(Kind::Container, &format!("directory:{id}")),
            name: value(row.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Container(body),
        })
    }

    fn product(&self, row: wire::Workspace) -> Option<Resource> {
        let ari = id(row.id)?;
        let attributes = value(row.attributes).unwrap_or_default();
        let body = Container {
            parent: Fact::Known(self.id(Kind::Container, "organisation")),
            // The discriminator has moved about between three places.
            key: hidden_if_null(attributes.type_key).or(hidden_if_null(attributes.kind)).or(hidden_if_null(row.kind)),
            url: hidden_if_empty(attributes.host_url),
            status: hidden_if_null(attributes.status),
            seats_used: hidden_if_null(attributes.usage),
            seats_total: hidden_if_null(attributes.capacity),
            sandbox: match attributes.sandbox {
                Fact::Known(sandbox) => hidden_if_null(sandbox.kind).map(|kind| kind == "CHILD"),
                Fact::Absent => Fact::Known(false),
                Fact::Unknown => Fact::Unknown,
            },
            created_at: hidden_if_null(moment(attributes.created_at)),
            ..Container::unknown(ContainerForm::Product)
        };
        Some(Resource {
            id: self.container(&ari),
            name: value(attributes.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Container(body),
        })
    }

    /// The Jira site that a product runs on: the organisation alone can tell that the site belongs to it.
    fn site(&self, row: &wire::Workspace) -> Option<Resource> {
        let (product, cloud_id) = row.id.known()?.strip_prefix("ari:cloud:jira")?.split_once("::site/")?;
        if cloud_id.is_empty() || product.contains(':') {
            return None;
        }
        let attributes = row.attributes.known()?;
        let body = Container {
            parent: Fact::Known(self.id(Kind::Container, "organisation")),
            url: hidden_if_empty(attributes.host_url.clone()),
            ..Container::unknown(ContainerForm::Site)
        };
        Some(Resource {
            id: ResourceId::new(cloud_id, Kind::Container, "site"),
            name: attributes.name.known().cloned().unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Container(body),
        })
    }

    fn domain(&self, row: wire::Domain) -> Option<Resource> {
        let attributes = value(row.attributes).unwrap_or_default();
        // The name is what it is known by: one that cannot be read is not to look like another domain.
        let name = id(attributes.name)?;
        let claim = value(attributes.claim).unwrap_or_default();
        let body = Setting {
            value: hidden_if_null(claim.status).map(|status| status.replace('_', "-")),
            detail: hidden_if_null(claim.kind),
            ..Setting::of("domain")
        };
        Some(Resource {
            id: self.id(Kind::Setting, &format!("domain:{name}")),
            name,
            seen_by: Vec::new(),
            body: Body::Setting(body),
        })
    }
}

fn id_and_name(row: wire::Org) -> Option<(String, String)> {
    Some((id(row.id)?, value(row.attributes).and_then(|named| value(named.name)).unwrap_or_default()))
}

/// No API tells the plan; the configuration may.
fn organisation(id: &str, name: String, plan: Option<&str>) -> Resource {
    let plan = plan.map_or(Fact::Unknown, |plan| Fact::Known(plan.to_owned()));
    Resource {
        id: ResourceId::new(id, Kind::Container, "organisation"),
        name,
        seen_by: Vec::new(),
        body: Body::Container(Container { plan, ..Container::unknown(ContainerForm::Organisation) }),
    }
}
