//! The site itself: its id, its applications with their seats, and what the account that asks may see of it.

use super::endpoints::{APPLICATIONS, CLOUD_ID, LICENCE, OWN_ACCOUNT, OWN_PERMISSIONS, SITE};
use super::{Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId};
use crate::sources::pages::{Bare, One};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{Rows, hidden_if_empty, hidden_if_null, id, sorted, value};

/// What the account that asks may do, as far as it decides what it is shown.
#[derive(Debug, Default)]
pub(super) struct OwnRights {
    administer: Fact<bool>,
    browse_users: Fact<bool>,
}

impl OwnRights {
    /// True if the account administers Jira.
    pub(super) fn administer(&self) -> bool {
        self.administer == Fact::Known(true)
    }

    /// Jira shows those who may not administer it what they may open or use themselves, and calls that all there is.
    pub(super) fn limit_to_own(&self, reading: &mut Reading<'_>, shown: &str) {
        limit(reading, self.administer, "Administer Jira", shown);
    }

    /// True if listings of accounts and groups show all of them.
    pub(super) fn see_all_users(&self) -> bool {
        self.browse_users == Fact::Known(true)
    }

    /// Jira answers those who may not browse users with empty lists.
    pub(super) fn limit_to_own_users(&self, reading: &mut Reading<'_>) {
        limit(reading, self.browse_users, "Browse users and groups", "accounts and groups that Jira shows everybody");
    }
}

fn limit(reading: &mut Reading<'_>, has: Fact<bool>, right: &str, shown: &str) {
    match has {
        Fact::Known(true) => {}
        Fact::Known(false) => reading.fall_short(format!("without “{right}” only the {shown} are there")),
        Fact::Absent | Fact::Unknown => {
            reading.fall_short(format!(
                "whether the account has “{right}” is not known; without it only the {shown} are there"
            ));
        }
    }
}

impl Visit<'_> {
    pub(super) async fn find_cloud_id(&mut self) -> Part {
        let (cloud_id, part) = self.source.site.find_cloud_id(&mut self.gatherer, &CLOUD_ID).await;
        self.cloud_id = cloud_id;
        part
    }

    pub(super) async fn own_permissions(&mut self) -> Part {
        let mut reading = self.gatherer.start(&OWN_PERMISSIONS);
        let request = OWN_PERMISSIONS.request(&[]).query("permissions", "ADMINISTER,USER_PICKER");
        let answer = reading.walk::<One<wire::MyPermissions>, _>(self.client(), request, Paging::Single).await;
        let permissions = answer.rows.into_iter().find_map(|row| value(row.permissions)).unwrap_or_default();
        let has = |key: &str| permissions.get(key).map_or(Fact::Unknown, |permission| permission.have_permission);
        let rights = OwnRights { administer: has("ADMINISTER"), browse_users: has("USER_PICKER") };
        let part = reading.finish();
        self.rights = rights;
        part
    }

    pub(super) async fn own_account(&self) -> Part {
        let mut reading = self.gatherer.start(&OWN_ACCOUNT);
        let request = OWN_ACCOUNT.request(&[]);
        let rows = reading.walk::<One<wire::User>, _>(self.client(), request, Paging::Single).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.account(row)));
        reading.finish()
    }

    pub(super) async fn site(&mut self) -> Part {
        let mut address = None;
        let mut reading = self.gatherer.start(&SITE);
        let request = SITE.request(&[]);
        let rows = reading.walk::<One<wire::ServerInfo>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let url = hidden_if_empty(row.base_url);
            if url.is_unknown() && row.server_title.is_unknown() {
                reading.fall_short("Jira tells neither the address of its site nor its title".to_owned());
            }
            address = url.known().cloned();
            let body = Container { url, ..Container::unknown(ContainerForm::Site) };
            reading.push(Some(container(self.site_id(), row.server_title, body)));
        }
        let part = reading.finish();
        if let Some(address) = address {
            address.trim_end_matches('/').clone_into(&mut self.address);
        }
        part
    }

    pub(super) async fn applications(&self) -> Part {
        let mut reading = self.gatherer.start(&APPLICATIONS);
        let request = APPLICATIONS.request(&[]);
        let rows = reading.walk::<Bare<wire::ApplicationRole>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let application = self.application(row, &mut reading);
            reading.push(application);
        }
        reading.finish()
    }

    /// The plan of each application.
    pub(super) async fn licence(&self) -> Part {
        let mut reading = self.gatherer.start(&LICENCE);
        let request = LICENCE.request(&[]);
        let rows = reading.walk::<One<wire::License>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let Some(applications) = value(row.applications) else {
                reading.fall_short("the licence names no applications".to_owned());
                continue;
            };
            for application in reading.elements("the licence", applications) {
                reading.push(self.plan(application));
            }
        }
        reading.finish()
    }

    fn application(&self, row: wire::ApplicationRole, reading: &mut Reading<'_>) -> Option<Resource> {
        let key = id(row.key)?;
        let seats_total = match (row.has_unlimited_seats, row.number_of_seats) {
            (Fact::Known(true), _) | (_, Fact::Known(-1)) => Fact::Absent,
            (_, seats) => hidden_if_null(seats),
        };
        let body = Container {
            parent: Fact::Known(self.site_id()),
            seats_used: hidden_if_null(row.user_count),
            seats_total,
            licence_groups: groups(row.group_details, &format!("groups of {key}"), reading),
            default_groups: groups(row.default_groups_details, &format!("default groups of {key}"), reading),
            key: Fact::Known(key.clone()),
            ..Container::unknown(ContainerForm::Application)
        };
        Some(container(self.id(Kind::Container, &format!("application:{key}")), row.name, body))
    }

    fn plan(&self, row: wire::LicensedApplication) -> Option<Resource> {
        let key = id(row.id)?;
        let id = self.id(Kind::Container, &format!("application:{key}"));
        let body = Container {
            parent: Fact::Known(self.site_id()),
            key: Fact::Known(key),
            plan: hidden_if_null(row.plan).map(|plan| match plan.as_str() {
                "FREE" | "PAID" | "UNLICENSED" => plan.to_ascii_lowercase(),
                _ => plan,
            }),
            ..Container::unknown(ContainerForm::Application)
        };
        Some(container(id, Fact::Unknown, body))
    }
}

/// A container's resource.
pub(super) fn container(id: ResourceId, name: Fact<String>, body: Container) -> Resource {
    Resource { id, name: value(name).unwrap_or_default(), seen_by: Vec::new(), body: Body::Container(body) }
}

/// The groups in a list of another answer, known only if each of them is: one that is left out would look removed.
fn groups(told: Fact<Rows<wire::Group>>, list: &str, reading: &mut Reading<'_>) -> Fact<Vec<ResourceId>> {
    hidden_if_null(told).and_then(|rows| {
        let all = rows.0.len();
        let ids = reading.elements(list, rows).into_iter().filter_map(|group| id(group.group_id));
        let groups: Vec<ResourceId> = ids.map(|id| cloud(Kind::Group, &id)).collect();
        if groups.len() == all { Fact::Known(sorted(groups)) } else { Fact::Unknown }
    })
}
