//! The site itself: its id and name, the account that asks, and whether the audit log can be read.

use chrono::TimeDelta;

use super::endpoints::{AUDIT_RECORDS, CLOUD_ID, OWN_ACCOUNT, SITE};
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::pages::{One, Results};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, id, value};

impl Visit<'_> {
    pub(super) async fn find_cloud_id(&mut self) -> Part {
        let (cloud_id, part) = self.source.site.find_cloud_id(&mut self.gatherer, &CLOUD_ID).await;
        self.cloud_id = cloud_id;
        part
    }

    /// Who asks, and whether that account administers Confluence.
    pub(super) async fn own_account(&mut self) -> Part {
        let mut reading = self.gatherer.start(&OWN_ACCOUNT);
        let request = OWN_ACCOUNT.request(&[]).query("expand", "operations");
        let rows = reading.walk::<One<wire::User>, _>(self.client(), request, Paging::Single).await.rows;
        let mut administers = Fact::Unknown;
        for row in rows {
            if row.kind.known().is_some_and(|kind| kind == "anonymous") {
                let what = "Confluence does not know the credential and answers as to anybody on the web";
                reading.fall_short(what.to_owned());
                continue;
            }
            administers = administers_confluence(&row);
            reading.push(self.account(row, Fact::Known(true)));
        }
        let part = reading.finish();
        self.administers = administers;
        part
    }

    pub(super) async fn site(&mut self) -> Part {
        let mut address = None;
        let mut reading = self.gatherer.start(&SITE);
        let request = SITE.request(&[]);
        let rows = reading.walk::<One<wire::SystemInfo>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            if let Some(other) = id(row.cloud_id.clone()).filter(|told| *told != self.cloud_id) {
                reading.fall_short(format!("the site's id is {other} by its own word, not {}", self.cloud_id));
            }
            let url = hidden_if_empty(row.base_url);
            if url.is_unknown() && row.cloud_id.is_unknown() {
                reading.fall_short("the site tells neither its id nor its address".to_owned());
            }
            address = url.known().cloned();
            let body = Container { url, ..Container::unknown(ContainerForm::Site) };
            reading.push(Some(container(self.site_id(), row.site_title, body)));
        }
        let part = reading.finish();
        if let Some(address) = address {
            address.trim_end_matches('/').clone_into(&mut self.address);
        }
        part
    }

    /// Asks for one record only to tell that the log can be read. Nothing that it says is kept.
    pub(super) async fn audit_records(&self) -> Part {
        let mut reading = self.gatherer.start(&AUDIT_RECORDS);
        let from = self.gatherer.clock.now() - TimeDelta::days(self.source.audit_days.into());
        let request = AUDIT_RECORDS.request(&[]).query("limit", 1).query("startDate", from.timestamp_millis());
        let records = reading.glance::<Results<wire::AuditRecord>, _>(self.client(), request).await;
        let value = match (records.rows.is_empty(), records.whole) {
            (false, _) => "readable",
            (true, true) => "empty",
            (true, false) => return reading.finish(),
        };
        let value = Fact::Known(value.to_owned());
        let body = Setting { value, ..Setting::of("audit-log") };
        reading.push(Some(setting(self.id(Kind::Setting, "confluence-audit-log"), "Audit log of Confluence", body)));
        reading.finish()
    }

    /// Confluence lists what the account may view and calls that all; only an administrator can be expected to have
    /// been let into every space.
    pub(super) fn limit_to_visible_spaces(&self, reading: &mut Reading<'_>, visible: usize) {
        match self.administers {
            Fact::Known(true) if visible > 0 => {}
            Fact::Known(true) => reading.fall_short("the account may view no space".to_owned()),
            Fact::Known(false) => reading.fall_short(format!(
                "the account does not administer Confluence; only the spaces that it may view are there, \
                 {visible} in all"
            )),
            Fact::Absent | Fact::Unknown => reading.fall_short(format!(
                "whether the account administers Confluence is not known; only the spaces that it may view are there, \
                 {visible} in all"
            )),
        }
    }

    /// Automation lists the rules of spaces that the account administers, and calls that all.
    pub(super) fn limit_to_own_rules(&self, reading: &mut Reading<'_>) {
        let what = match self.administers {
            Fact::Known(true) => return,
            Fact::Known(false) => "the account does not administer Confluence",
            Fact::Absent | Fact::Unknown => "whether the account administers Confluence is not known",
        };
        reading.fall_short(format!("{what}; only rules of spaces that it administers are there for certain"));
    }
}

/// What the account may do beyond single spaces is told as a list; an empty one tells nothing.
fn administers_confluence(own: &wire::User) -> Fact<bool> {
    let Fact::Known(operations) = &own.operations else { return Fact::Unknown };
    let is = |word: &Fact<String>, wanted: &str| word.known().is_some_and(|word| word == wanted);
    let administers =
        |each: &wire::UserOperation| is(&each.operation, "administer") && is(&each.target_type, "application");
    if operations.is_empty() { Fact::Unknown } else { Fact::Known(operations.iter().any(administers)) }
}

/// A container's resource.
pub(super) fn container(id: ResourceId, name: Fact<String>, body: Container) -> Resource {
    Resource { id, name: value(name).unwrap_or_default(), seen_by: Vec::new(), body: Body::Container(body) }
}

/// A setting's resource.
pub(super) fn setting(id: ResourceId, name: &str, body: Setting) -> Resource {
    Resource { id, name: name.to_owned(), seen_by: Vec::new(), body: Body::Setting(body) }
}
