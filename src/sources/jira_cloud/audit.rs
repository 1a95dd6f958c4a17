//! The audit log of the site: whether there is one to read. What it says of people is not kept.

use chrono::{DateTime, TimeDelta, Utc};

use super::endpoints::AUDIT_LOG;
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Resource, Setting};
use crate::sources::reading::Part;
use crate::text::plural;

impl Visit<'_> {
    /// The records of the last days, up to now: what is written meanwhile would make the count disagree.
    pub(super) async fn audit_log(&self) -> Part {
        let mut reading = self.gatherer.start(&AUDIT_LOG);
        let days = self.source.audit_days;
        let now = self.gatherer.clock.now();
        let written = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string();
        let request =
            AUDIT_LOG.request(&[]).query("from", written(now - TimeDelta::days(days.into()))).query("to", written(now));
        let rows = self.source.site.connection.page_size(1000);
        let paging = Paging::Offset { start: "offset", size: "limit", rows };
        let records = reading.walk::<wire::AuditRecords, _>(self.client(), request, paging).await;
        let value = match (records.rows.is_empty(), records.whole) {
            (false, _) => "readable",
            (true, true) => "empty",
            (true, false) => return reading.finish(),
        };
        let span = plural(usize::try_from(days).unwrap_or(usize::MAX), "day", "days");
        reading.push(Some(Resource {
            id: self.id(Kind::Setting, "jira-audit-log"),
            name: "Audit log of Jira".to_owned(),
            seen_by: Vec::new(),
            body: Body::Setting(Setting {
                key: "audit-log".to_owned(),
                value: Fact::Known(value.to_owned()),
                detail: if records.whole { Fact::Known(span) } else { Fact::Unknown },
            }),
        }));
        reading.finish()
    }
}
