//! The instance itself: version, edition, cluster, applications with seats and licence, the settings that matter, and what
//! the account that asks may see of it.

use std::collections::BTreeSet;

use super::endpoints::{APPLICATIONS, CLUSTER, INSTANCE, LICENCES, OWN_PERMISSIONS, PROPERTIES, SETTINGS};
use super::{Version, Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, EndpointState, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::Depth;
use crate::sources::endpoint::fill;
use crate::sources::pages::{Bare, One};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{absent_if_empty, hidden_if_empty, hidden_if_null, id, moment, sorted, value};

/// What the account that asks may do, as far as it decides what it is shown.
#[derive(Debug, Default)]
pub(super) struct OwnRights {
    browse_users: Fact<bool>,
}

impl OwnRights {
    /// Jira answers those who may not browse users with empty lists.
    pub(super) fn limit_to_own_users(&self, reading: &mut Reading<'_>) {
        match self.browse_users {
            Fact::Known(true) => {}
            Fact::Known(false) => {
                reading.fall_short("without “Browse users” Jira shows no accounts and groups, or few".to_owned());
            }
            Fact::Absent | Fact::Unknown => reading.fall_short(
                "whether the account has “Browse users” is not known; without it Jira shows no accounts and groups, or few"
                    .to_owned(),
            ),
        }
    }
}

impl Visit<'_> {
    pub(super) async fn own_permissions(&mut self) -> Part {
        let mut reading = self.common().start(&OWN_PERMISSIONS);
        let request = OWN_PERMISSIONS.request(&[]);
        let answer = reading.walk::<One<wire::MyPermissions>, _>(self.client(), request, Paging::Single).await;
        let permissions = answer.rows.into_iter().find_map(|row| value(row.permissions)).unwrap_or_default();
        let has = |key: &str| permissions.get(key).map_or(Fact::Unknown, |permission| permission.have_permission);
        let browse_users = has("USER_PICKER");
        let part = reading.finish();
        self.rights = OwnRights { browse_users };
        part
    }

    /// What the server says of itself. A site of the cloud answers here too, and is not meant.
    pub(super) async fn instance(&mut self) -> Part {
        let mut reading = self.common().start(&INSTANCE);
        let request = INSTANCE.request(&[]);
        let rows = reading.walk::<One<wire::ServerInfo>, _>(self.client(), request, Paging::Single).await.rows;
        let (mut version, mut address, mut blocked) = (None, None, None);
        for row in rows {
            if row.deployment_type.known().is_some_and(|kind| kind == "Cloud") {
                let reason = "this is a site of Jira Cloud: use a source of type `jira-cloud`";
                reading.close(EndpointState::Failed, reason);
                blocked = Some(reason.to_owned());
                continue;
            }
            version = row.version.known().and_then(|text| Version::parse(text));
            let url = hidden_if_empty(row.base_url);
            address = url.known().map(|url| url.trim_end_matches('/').to_owned());
            reading.push(Some(self.common().instance(row.server_title, hidden_if_empty(row.version), url)));
        }
        let part = reading.finish();
        self.version = version;
        self.address = address;
        self.gatherer.blocked = blocked.or(self.gatherer.blocked.take());
        part
    }

    /// Nodes that are gone stay in the list for days: their versions do not count. Without a Data Center licence there is
    /// no cluster to ask for.
    pub(super) async fn cluster(&self) -> Part {
        let mut reading = self.common().start(&CLUSTER);
        let request = CLUSTER.request(&[]);
        let nodes = reading.walk::<Bare<wire::Node>, _>(self.client(), request, Paging::Single).await;
        if reading.met_any(&[405]) {
            reading.try_again();
            reading.enrich(self.edition("server"));
            return reading.finish();
        }
        if nodes.whole {
            reading.enrich(self.edition("data-center"));
        }
        let running = nodes.rows.iter().filter(|node| node.state.known().is_none_or(|state| state != "OFFLINE"));
        let versions: Vec<Fact<&String>> = running.map(|node| node.node_version.as_ref()).collect();
        let told: BTreeSet<&str> = versions.iter().filter_map(|version| Some(version.known()?.as_str())).collect();
        let all_told = versions.iter().all(|version| version.known().is_some());
        let value = match (told.len(), all_told && nodes.whole) {
            (0, _) => return reading.finish(),
            (1, true) => Fact::Known("one-version".to_owned()),
            (1, false) => Fact::Unknown,
            _ => Fact::Known("mixed-versions".to_owned()),
        };
        let body = Setting {
            value,
            detail: Fact::Known(told.into_iter().collect::<Vec<_>>().join(", ")),
            container: Fact::Known(self.common().instance_id()),
            ..Setting::of("cluster")
        };
        reading.push(Some(self.setting("cluster", "Versions of the cluster's nodes", body)));
        reading.finish()
    }

    pub(super) async fn applications(&self) -> Part {
        let mut reading = self.common().start(&APPLICATIONS);
        let request = APPLICATIONS.request(&[]);
        let rows = reading.walk::<Bare<wire::ApplicationRole>, _>(self.client(), request, Paging::Single).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.application(row)));
        reading.finish()
    }

    /// When the licence of each application ends, and for how many it is.
    pub(super) async fn licences(&self, applications: &Part) -> Part {
        let mut reading = self.common().start(&LICENCES);
        reading.lean_on(&applications.entry);
        let calls = applications.resources.iter().filter_map(|application| {
            let mut request = LICENCES.request(&[application.id.native().strip_prefix("application:")?]);
            request.accept = Some("application/vnd.atl.plugins+json, application/json");
            Some((application, request))
        });
        let answers =
            reading.walk_each::<One<wire::License>, _, _>(self.client(), calls.collect(), Paging::Single).await;
        for answer in answers {
            for row in answer.rows {
                if let Fact::Known(data_center) = row.data_center {
                    reading.enrich(self.edition(if data_center { "data-center" } else { "server" }));
                }
                let licence = licence(row);
                if licence.expires_at.is_unknown() && licence.status.is_unknown() {
                    reading.fall_short("a licence tells neither whether it is valid nor when it ends".to_owned());
                }
                reading.push(Some(Resource { body: Body::Container(licence), ..answer.of.clone() }));
            }
        }
        reading.finish()
    }

    /// Whether anybody may make an account. Which settings the first listing has differs by version.
    pub(super) async fn settings(&self) -> Part {
        let mut reading = self.common().start(&SETTINGS);
        let requests = [SETTINGS.request(&[]), fill(PROPERTIES, &[]).query("key", "jira.mode")];
        for request in requests {
            let answer = reading.walk::<wire::Properties, _>(self.client(), request, Paging::Single).await;
            if let Some(mode) = answer.rows.into_iter().find_map(|property| property.public_signup) {
                let body = Setting {
                    value: Fact::Known(mode),
                    container: Fact::Known(self.common().instance_id()),
                    ..Setting::of("public-signup")
                };
                reading.push(Some(self.setting("public-signup", "Who may sign up", body)));
                return reading.finish();
            }
            if !answer.whole || self.gatherer.depth == Depth::FirstPage {
                return reading.finish();
            }
        }
        reading.fall_short("Jira does not show whether anybody may sign up (`jira.mode`)".to_owned());
        reading.finish()
    }

    fn application(&self, row: wire::ApplicationRole) -> Option<Resource> {
        let key = id(row.key)?;
        let groups = |names: Fact<Vec<String>>| -> Fact<Vec<ResourceId>> {
            hidden_if_null(names).map(|names| sorted(names.iter().map(|name| self.common().group(name)).collect()))
        };
        let body = Container {
            parent: Fact::Known(self.common().instance_id()),
            seats_used: hidden_if_null(row.user_count),
            seats_total: seats(row.has_unlimited_seats, row.number_of_seats),
            licence_groups: groups(row.groups),
            default_groups: groups(row.default_groups),
            key: Fact::Known(key.clone()),
            ..Container::unknown(ContainerForm::Application)
        };
        Some(self.container(&format!("application:{key}"), row.name, body))
    }

    /// The instance, of which only the edition is told.
    fn edition(&self, plan: &str) -> Resource {
        let body = Container { plan: Fact::Known(plan.to_owned()), ..Container::unknown(ContainerForm::Instance) };
        Resource {
            id: self.common().instance_id(),
            name: String::new(),
            seen_by: Vec::new(),
            body: Body::Container(body),
        }
    }

    /// A container of the instance as a resource.
    pub(super) fn container(&self, native: &str, name: Fact<String>, body: Container) -> Resource {
        let id = self.common().id(Kind::Container, native);
        Resource { id, name: value(name).unwrap_or_default(), seen_by: Vec::new(), body: Body::Container(body) }
    }
}

fn seats(unlimited: Fact<bool>, number: Fact<i64>) -> Fact<i64> {
    match (unlimited, number) {
        (Fact::Known(true), _) | (_, Fact::Known(-1)) => Fact::Absent,
        (_, seats) => hidden_if_null(seats),
    }
}

fn licence(row: wire::License) -> Container {
    let expires_at = match (moment(row.expiry_date), row.subscription) {
        (Fact::Unknown, Fact::Known(false)) => Fact::Absent,
        (told, _) => told,
    };
    let status = match (row.expired, row.evaluation, row.valid) {
        (Fact::Known(true), _, _) => Fact::Known("expired"),
        (_, _, Fact::Known(false)) => Fact::Known("invalid"),
        (_, Fact::Known(true), _) => Fact::Known("evaluation"),
        (_, _, Fact::Known(true)) => Fact::Known("valid"),
        (_, _, Fact::Absent | Fact::Unknown) => Fact::Unknown,
    };
    Container {
        expires_at,
        status: status.map(str::to_owned),
        plan: hidden_if_null(absent_if_empty(row.license_type)),
        seats_total: seats(Fact::Unknown, row.maximum_number_of_users),
        ..Container::unknown(ContainerForm::Application)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    #[test]
    fn a_licence_without_an_end_is_one_for_ever_only_if_it_is_no_subscription() {
        let read = |row| licence(Row::<wire::License>::read(row).value.unwrap());
        assert_eq!(read(json!({"subscription": false})).expires_at, Fact::Absent);
        assert_eq!(read(json!({"expiryDate": null, "subscription": true})).expires_at, Fact::Absent);
        assert_eq!(read(json!({"subscription": true})).expires_at, Fact::Unknown);
        assert_eq!(read(json!({})).expires_at, Fact::Unknown);
        let end = "2026-12-31T00:00:00Z".parse().unwrap();
        assert_eq!(read(json!({"expiryDate": 1_798_675_200_000_i64})).expires_at, Fact::Known(end));
        assert_eq!(read(json!({"maximumNumberOfUsers": -1})).seats_total, Fact::Absent);
        assert_eq!(read(json!({"maximumNumberOfUsers": 500})).seats_total, Fact::Known(500));
        for (row, expected) in [
            (json!({"valid": true, "expired": true}), Fact::Known("expired".to_owned())),
            (json!({"valid": true, "evaluation": true}), Fact::Known("evaluation".to_owned())),
            (json!({"valid": true, "evaluation": false}), Fact::Known("valid".to_owned())),
            (json!({"valid": false}), Fact::Known("invalid".to_owned())),
            (json!({}), Fact::Unknown),
        ] {
            assert_eq!(read(row).status, expected);
        }
    }
}
