//! What the self-hosted products have in common: how one is reached and named, and the endpoints of the plugins that all
//! of them carry: personal access tokens, application links, OAuth 2.0 clients, the ban on basic authentication,
//! installed apps and audit events.
//!
//! A product has its own [`Product`], reads its section with [`Access::read`], makes a [`Gatherer`] of it, and asks the
//! shared endpoints through [`Common`] with constants of its own, made by the functions in [`endpoints`].

mod access;
mod apps;
mod audit;
mod basic_auth;
mod clients;
pub(super) mod endpoints;
mod links;
mod tokens;
pub(super) mod wire;

pub(super) use access::{Access, Product};
pub(super) use tokens::{end, status};

use super::endpoint::Endpoint;
use super::reading::{Gatherer, Part, Reading};
use super::row::value;
use crate::model::{
    Body, Container, ContainerForm, EndpointState, Fact, Kind, Principal, PrincipalType, Resource, ResourceId,
};
use access::Mode;

/// Sent with each POST that reads: without it a product may take the request for one that a browser was tricked into.
const NO_CHECK: &[(&str, &str)] = &[("X-Atlassian-Token", "no-check")];

/// One visit of a self-hosted product, as far as the products have it in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) gatherer: &'a Gatherer,
    pub(super) access: &'a Access,
}

impl<'a> Common<'a> {
    /// Begins to read an endpoint. What takes the system administrator's right is asked in deep mode only.
    pub(super) fn start(&self, endpoint: &'static Endpoint) -> Reading<'a> {
        let mut reading = self.gatherer.start(endpoint);
        let right = self.access.product.system_right;
        if self.access.mode == Mode::Standard && endpoint.right == right {
            let reason = format!(
                "`mode: standard` does not ask for it: it takes “{right}”; give the account that right and set `mode: deep`"
            );
            reading.close(EndpointState::Skipped, reason);
        }
        reading
    }

    /// The id of something that this instance named.
    pub(super) fn id(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(&self.access.tenant, kind, native)
    }

    /// The account with that key: what the product calls the user's key, not the name, which can change.
    pub(super) fn account(&self, key: &str) -> ResourceId {
        self.id(Kind::Principal, key)
    }

    /// The group with that name.
    pub(super) fn group(&self, name: &str) -> ResourceId {
        self.id(Kind::Group, name)
    }

    /// The product itself.
    pub(super) fn instance_id(&self) -> ResourceId {
        self.id(Kind::Container, "instance")
    }

    /// The product itself as a resource, with what is known of it so far.
    pub(super) fn instance(&self, name: Fact<String>, version: Fact<String>, url: Fact<String>) -> Resource {
        let body = Container {
            parent: Fact::Absent,
            key: Fact::Known(self.access.product.key.to_owned()),
            version,
            url,
            ..Container::unknown(ContainerForm::Instance)
        };
        let name = value(name).filter(|name| !name.is_empty()).unwrap_or_else(|| self.access.product.title.to_owned());
        Resource { id: self.instance_id(), name, seen_by: Vec::new(), body: Body::Container(body) }
    }
}

/// Stops all further asking where the credential was not accepted: each try with a wrong password brings the account
/// nearer to being locked, and a token that has ended opens nothing else.
pub(super) fn stop_if_not_let_in(gatherer: &mut Gatherer, own_account: &Part) {
    if own_account.entry.statuses.contains_key(&401) && own_account.entry.state == EndpointState::Denied {
        let reason = &own_account.entry.reason;
        gatherer.blocked = Some(format!("nothing more was asked, since the credential was not accepted: {reason}"));
    }
}

/// An account of a product that keeps its own, with nothing told of it yet: what only the cloud has is absent.
pub(super) fn account_of_its_own() -> Principal {
    Principal {
        account_type: Fact::Known(PrincipalType::Person),
        managed: Fact::Known(true),
        mfa: Fact::Absent,
        platform_roles: Fact::Absent,
        workspace_groups: Fact::Absent,
        activity: Fact::Absent,
        added_at: Fact::Absent,
        deactivated_at: Fact::Absent,
        billable: Fact::Absent,
        management_source: Fact::Absent,
        created_by: Fact::Absent,
        description: Fact::Absent,
        auth_policy: Fact::Absent,
        ..Principal::default()
    }
}
