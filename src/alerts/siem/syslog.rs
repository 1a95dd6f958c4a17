//! The syslog message around an event, by RFC 5424: priority, time and where it comes from, then the JSON.

use chrono::SecondsFormat;
use serde_json::Value;

use crate::model::{Notice, Severity};
use crate::ocsf::severity_id;

/// Names of facilities and their numbers in the standard.
pub(super) const FACILITIES: [(&str, u8); 15] = [
    ("user", 1),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("authpriv", 10),
    ("audit", 13),
    ("alert", 14),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// What all messages of a channel begin with.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) facility: u8,
    pub(super) app_name: String,
    /// The name of this machine; `-`, which is nobody, if it is not told.
    pub(super) hostname: String,
}

impl Header {
    /// The message of an event, without the frame that a transport puts around it.
    ///
    /// No byte order mark goes before the JSON, although the standard asks for one before UTF-8: JSON must not have
    /// it, and what reads the JSON behind a collector stumbles over it.
    pub(super) fn message(&self, notice: &Notice, event: &Value) -> Vec<u8> {
        let severity = match event.get("severity_id").and_then(Value::as_u64) {
            Some(id) if id == severity_id(Severity::Critical) => 2,
            Some(id) if id == severity_id(Severity::High) => 3,
            Some(id) if id == severity_id(Severity::Medium) => 4,
            Some(id) if id == severity_id(Severity::Low) => 5,
            Some(_) | None => 6,
        };
        let priority = u16::from(self.facility) * 8 + severity;
        let time = notice.created_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let (host, app, topic) = (&self.hostname, &self.app_name, notice.topic.name());
        format!("<{priority}>1 {time} {host} {app} - {topic} - {event}").into_bytes()
    }
}
