//! What all events of ours have in common that follow the Open Cybersecurity Schema Framework (OCSF) 1.5: its words and numbers for
//! severities, times, and that what is not known is left out.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::model::Severity;

/// The version of the schema.
pub const SCHEMA: &str = "1.5.0";

/// The class of what rules found: Compliance Finding.
pub const COMPLIANCE_FINDING: u32 = 2003;

/// The number of a severity (`severity_id`).
#[must_use]
pub fn severity_id(severity: Severity) -> u64 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

/// The word of a severity (`severity`).
#[must_use]
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

/// A moment, in milliseconds since 1970.
#[must_use]
pub fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// Who makes the events (`metadata.product`); `version` is that of the keyroll that found what they tell.
#[must_use]
pub fn product(version: &str) -> Value {
    json!({ "name": "keyroll", "vendor_name": "keyroll", "version": version })
}

/// Without what is null or empty: the schema leaves out what is not known.
#[must_use]
pub fn pruned(value: Value) -> Value {
    let is_empty = |value: &Value| {
        value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
    };
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().map(|(key, value)| (key, pruned(value)));
            Value::Object(kept.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
