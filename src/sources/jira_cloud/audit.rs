//! The audit log of the site: whether there is one to read. What it says of people is not kept.

use chrono::{DateTime, TimeDelta, Utc};

use super::endpoints::AUDIT_LOG;
use super::{Visit, wire};
use crate::model::{Body, Fact, Kind, Resource, Setting};
use crate::sources::reading::Part;

impl Visit<'_> {
    /// Asks for one record of the last days only to tell that the log can be read.
    pub(super) async fn audit_log(&self) -> Part {
        let mut reading = self.gatherer.start(&AUDIT_LOG);
        let now = self.gatherer.clock.now();
        let written = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string();
        let from = now - TimeDelta::days(self.source.audit_days.into());
        let request = AUDIT_LOG.request(&[]).query("from", written(from)).query("to", written(now)).query("limit", 1);
        let records = reading.glance::<wire::AuditRecords, _>(self.client(), request).await;
        let value = match (records.rows.is_empty(), records.whole) {
            (false, _) => "readable",
            (true, true) => "empty",
            (true, false) => return reading.finish(),
        };
        reading.push(Some(Resource {
            id: self.id(Kind::Setting, "jira-audit-log"),
            name: "Audit log of Jira".to_owned(),
            seen_by: Vec::new(),
            body: Body::Setting(Setting { value: Fact::Known(value.to_owned()), ..Setting::of("audit-log") }),
        }));
        reading.finish()
    }
}
