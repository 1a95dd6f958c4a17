//! Spaces, and who may do what in them.

use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::{SPACE_PERMISSIONS, SPACES};
use super::holder::Meant;
use super::page::{BY_LINK, Listing};
use super::{Visit, container, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Kind, Resource, ResourceId};
use crate::sources::Depth;
use crate::sources::endpoint::fill;
use crate::sources::pages::{Bare, One};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};

/// The spaces there are.
pub(super) struct Spaces {
    pub(super) part: Part,
    /// Of each space its resource and its key, by which paths name it.
    pub(super) places: Vec<(ResourceId, String)>,
}

impl Visit<'_> {
    /// Current and archived spaces are asked for apart, so that the state of each is certain.
    pub(super) async fn spaces(&self, accounts: &Part) -> Spaces {
        let mut reading = self.common().start(&SPACES);
        let calls = ["current", "archived"].map(|status| {
            let request = self.up_to(100, SPACES.request(&[]));
            (status, request.query("status", status))
        });
        let answers = reading.walk_each::<Listing<wire::Space>, _, _>(self.client(), calls.into(), BY_LINK).await;
        let asked = !answers.is_empty();
        let owners = by_name(accounts);
        let mut places = Vec::new();
        let mut listed = 0;
        for answer in answers {
            for row in answer.rows {
                listed += 1;
                let key = id(row.key.clone());
                let space = self.space(row, answer.of, &owners);
                match (key, &space) {
                    (Some(key), Some(space)) => places.push((space.id.clone(), key)),
                    (None, Some(_)) => reading.fall_short("a space came without its key".to_owned()),
                    (_, None) => {}
                }
                reading.push(space);
            }
        }
        if asked {
            self.compare_with_all(&mut reading, listed).await;
        }
        Spaces { part: reading.finish(), places }
    }

    /// Confluence lists the spaces that the account may view. How many there are in all it counts elsewhere.
    async fn compare_with_all(&self, reading: &mut Reading<'_>, listed: i64) {
        let request = fill(SPACES.requests[1], &[]);
        let told = reading.shortcut::<One<wire::Metrics>, _>(self.client(), request).await;
        let all = told.into_iter().flatten().find_map(|metrics| value(metrics.spaces));
        match all {
            Some(all) if listed < all => {
                reading.fall_short(format!(
                    "the account may view {listed} of {all} spaces; give it the right to view all"
                ));
            }
            Some(_) => {}
            None if self.gatherer.depth == Depth::FirstPage => {}
            None => reading.fall_short(
                "Confluence does not tell how many spaces there are; only those that the account may view are there"
                    .to_owned(),
            ),
        }
    }

    /// Where a permission names nobody, it is asked apart whether anybody on the web is meant.
    pub(super) async fn space_permissions(&self, spaces: &Spaces) -> Part {
        let mut reading = self.common().start(&SPACE_PERMISSIONS);
        reading.lean_on(&spaces.part.entry);
        let calls = spaces.places.iter().map(|place| (place, SPACE_PERMISSIONS.request(&[&place.1]))).collect();
        let answers = reading.walk_each::<Bare<wire::Permission>, _, _>(self.client(), calls, Paging::Single).await;
        let mut in_doubt: BTreeMap<&(ResourceId, String), BTreeSet<String>> = BTreeMap::new();
        for answer in answers {
            for row in answer.rows {
                match (role(row.operation), Meant::read(row.subject, self)) {
                    (Some(role), Some(Meant::Nobody)) => {
                        in_doubt.entry(answer.of).or_default().insert(role);
                    }
                    (Some(role), Some(meant)) => reading.push(Some(self.on_space(&answer.of.0, role, &meant))),
                    (None, _) | (_, None) => reading.push(None),
                }
            }
        }
        let calls = in_doubt.keys().map(|place| (*place, fill(SPACE_PERMISSIONS.requests[1], &[&place.1]))).collect();
        let answers = reading.walk_each::<Bare<wire::Permission>, _, _>(self.client(), calls, Paging::Single).await;
        for answer in answers {
            for role in answer.rows.into_iter().filter_map(|row| role(row.operation)) {
                in_doubt.entry(answer.of).or_default().remove(&role);
                reading.push(Some(self.on_space(&answer.of.0, role, &Meant::Anyone)));
            }
        }
        for (place, roles) in in_doubt {
            for role in roles {
                reading.fall_short("some grants name nobody, which may stand for anybody on the web".to_owned());
                reading.push(Some(self.on_space(&place.0, role, &Meant::Nobody)));
            }
        }
        reading.finish()
    }

    fn on_space(&self, space: &ResourceId, role: String, meant: &Meant) -> Resource {
        let native = format!("{}/{}/{}", space.native(), role.replace(' ', "-"), meant.native());
        let permits = Fact::Known(vec![role.clone()]);
        let grant = Grant { permits, ..Grant::of(GrantForm::SpacePermission, role, meant.holder()) };
        self.granted(&native, space.clone(), grant, meant)
    }

    fn space(&self, row: wire::Space, status: &str, owners: &BTreeMap<String, ResourceId>) -> Option<Resource> {
        let native = id(row.id)?;
        let key = hidden_if_empty(row.key);
        let personal = row.kind.known().is_some_and(|kind| kind == "personal");
        let owner = match &key {
            Fact::Known(key) if personal => {
                let name = key.trim_start_matches('~').to_lowercase();
                owners.get(&name).cloned().map_or(Fact::Unknown, Fact::Known)
            }
            _ => Fact::Unknown,
        };
        let page = hidden_if_null(row.links).and_then(|links| hidden_if_empty(links.webui));
        let body = Container {
            parent: Fact::Known(self.instance_id()),
            url: page.map(|page| format!("{}{page}", self.base_url())),
            key,
            status: Fact::Known(status.to_owned()),
            category: hidden_if_empty(row.kind),
            owner,
            created_at: moment(hidden_if_null(row.creation_date)),
            ..Container::unknown(ContainerForm::Space)
        };
        let name = value(row.name).unwrap_or_default();
        Some(container(self.id(Kind::Container, &format!("space:{native}")), name, body))
    }
}

/// Accounts by the names with which the keys of personal spaces are made: user names and user keys.
fn by_name(accounts: &Part) -> BTreeMap<String, ResourceId> {
    let names = |account: &Resource| {
        let Body::Principal(principal) = &account.body else { return Vec::new() };
        let names = principal.username.known().cloned().into_iter().chain([account.id.native().to_owned()]);
        names.map(|name| (name.to_lowercase(), account.id.clone())).collect()
    };
    accounts.resources.iter().flat_map(names).collect()
}

/// A permission on a space in words, as the cloud writes it: `administer space`.
fn role(operation: Fact<wire::Operation>) -> Option<String> {
    let operation = value(operation)?;
    Some(format!("{} {}", id(operation.operation_key)?, id(operation.target_type)?))
}
