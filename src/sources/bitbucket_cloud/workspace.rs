//! The workspace itself, and how much of it is shown to who asks.

use super::endpoints::{OWN_PERMISSION, WORKSPACE};
use super::{Visit, uuid, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, EndpointState, Fact, Kind, LedgerEntry, Resource, ResourceId};
use crate::sources::pages::One;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, hidden_if_null, moment, value};

/// Whether listings show the whole workspace. Bitbucket lists for everybody what they may open, and calls that all.
#[derive(Debug, Default)]
pub(super) enum Reach {
    /// An administrator asks, or an access token of the workspace.
    Whole,
    /// Somebody with this role asks.
    Role(String),
    /// The role could not be found out, for this reason.
    #[default]
    NotTold,
    /// The access token may be that of a project or repository.
    PerhapsPart,
}

impl Reach {
    pub(super) fn limit(&self, reading: &mut Reading<'_>) {
        match self {
            Self::Whole => {}
            Self::Role(role) => reading.fall_short(format!(
                "the account is `{role}` and no administrator of the workspace, so that only what it may open is there"
            )),
            Self::NotTold => reading.fall_short(
                "whether the account administers the workspace is not known; if not, only what it may open is there"
                    .to_owned(),
            ),
            Self::PerhapsPart => reading.fall_short(
                "the access token cannot read the workspace's permissions, so that it may be one of a project or \
                 repository, which shows only its own"
                    .to_owned(),
            ),
        }
    }
}

impl Visit<'_> {
    /// Finds the workspace's id. Without it nothing can be named, which every other endpoint then tells.
    pub(super) async fn workspace(&mut self) -> Part {
        let mut reading = self.gatherer.start(&WORKSPACE);
        let request = WORKSPACE.request(&[&self.source.workspace]);
        let answer = reading.walk::<One<wire::Workspace>, _>(self.client(), request, Paging::Single).await;
        let found = answer.rows.into_iter().find_map(|row| Some((uuid(row.uuid.clone())?, row)));
        let tenant = found.map(|(tenant, row)| {
            reading.push(Some(workspace(&tenant, row)));
            tenant
        });
        if tenant.is_none() && answer.whole {
            reading.fall_short("the workspace did not tell its id".to_owned());
        }
        let part = reading.finish();
        match tenant {
            Some(tenant) => self.tenant = tenant,
            None => {
                let why = &part.entry.reason;
                let reason = if part.entry.state == EndpointState::Skipped { "it was left out" } else { why };
                self.gatherer.blocked = Some(format!("the workspace could not be read: {reason}"));
            }
        }
        part
    }

    /// Nobody stands behind an access token: what it may see shows elsewhere.
    pub(super) async fn own_permission(&mut self) -> Part {
        let mut reading = self.gatherer.start(&OWN_PERMISSION);
        if self.source.as_token {
            return reading.finish();
        }
        let request = OWN_PERMISSION.request(&[&self.source.workspace]);
        let answer = reading.walk::<One<wire::Membership>, _>(self.client(), request, Paging::Single).await;
        let own = answer.rows.into_iter().next().unwrap_or_default();
        let role = value(own.permission);
        if role.is_none() && answer.whole {
            reading.fall_short("the answer names no role".to_owned());
        }
        let part = reading.finish();
        self.caller = value(own.user);
        self.reach = match role {
            Some(role) if role == "owner" => Reach::Whole,
            Some(role) => Reach::Role(role),
            None => Reach::NotTold,
        };
        part
    }

    /// Only an access token of the workspace can read the roles of its members; one of a project or repository lists
    /// its own part and calls it all.
    pub(super) fn judge_token_by(&mut self, permissions_of_members: &LedgerEntry) {
        if self.source.as_token {
            self.reach = if permissions_of_members.is_gap() { Reach::PerhapsPart } else { Reach::Whole };
        }
    }
}

fn workspace(tenant: &str, row: wire::Workspace) -> Resource {
    let body = Container {
        key: hidden_if_null(row.slug),
        public: not(row.is_private),
        url: page(row.links),
        created_at: moment(hidden_if_null(row.created_on)),
        ..Container::unknown(ContainerForm::Workspace)
    };
    container(ResourceId::new(tenant, Kind::Container, "workspace"), row.name, body)
}

/// The page that people open.
pub(super) fn page(links: Fact<wire::Links>) -> Fact<String> {
    hidden_if_empty(links.and_then(|links| links.html).and_then(|link| link.href))
}

/// The opposite of a switch; one that is not told stays so.
pub(super) fn not(switch: Fact<bool>) -> Fact<bool> {
    hidden_if_null(switch).map(|on| !on)
}

/// A container's resource.
pub(super) fn container(id: ResourceId, name: Fact<String>, body: Container) -> Resource {
    Resource { id, name: value(name).unwrap_or_default(), seen_by: Vec::new(), body: Body::Container(body) }
}
