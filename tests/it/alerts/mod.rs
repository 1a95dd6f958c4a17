//! The channels against real servers on the loopback interface: what they send, and what becomes of a notice when the
//! other side refuses, stalls, redirects or talks nonsense.

mod configuration;
mod email;
mod faults;
mod jira_ticket;
mod mail_reader;
mod mail_sample;
mod pagerduty;
mod sample;
mod siem;
mod slack;
pub(crate) mod smtp_script;
mod teams;
pub(crate) mod tls;
mod webhook;

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use keyroll::alerts::{CHANNELS, Channel, DeliveryError, Tools};
use keyroll::clock::FixedClock;
use keyroll::document;
use keyroll::problem::{Problems, SourceText};
use serde_json::Value;

use crate::http::server::Asked;

fn morning() -> DateTime<Utc> {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

/// Builds a channel as the configuration would, with the patience of a test that wants to see it end.
fn build_with(patience: Duration, kind: &str, yaml: &str) -> Result<Box<dyn Channel>, Problems> {
    let kind = CHANNELS.iter().find(|each| each.name == kind).unwrap();
    let section = document::parse(&SourceText::new("keyroll.yaml", yaml)).unwrap();
    let tools = Tools { clock: Arc::new(FixedClock::at(morning())), patience, ca_file: None };
    (kind.build)("ops".into(), section, &tools)
}

/// Builds a channel, or gives all that is wrong with its section in words.
fn told_or_built(kind: &str, yaml: &str, patience: Duration) -> Result<Box<dyn Channel>, String> {
    build_with(patience, kind, yaml).map_err(|problems| problems.to_string())
}

fn build(kind: &str, yaml: &str) -> Result<Box<dyn Channel>, Problems> {
    build_with(Duration::from_secs(20), kind, yaml)
}

/// All that is said about a configuration that cannot be used, excerpts included.
fn complaints(kind: &str, yaml: &str) -> String {
    let problems = build(kind, yaml).err().unwrap_or_else(|| panic!("{yaml} is accepted"));
    format!("{problems} {}", problems.0.iter().map(|problem| problem.render(false)).collect::<String>())
}

/// Secrets in files that only their owner may read.
struct Secrets(tempfile::TempDir);

impl Secrets {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The reference to a secret.
    fn keep(&self, name: &str, secret: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", path.display())
    }
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

/// The reason and pause of a notice that is to be tried again.
fn later<T: std::fmt::Debug>(result: Result<T, DeliveryError>) -> (String, Option<Duration>) {
    match result {
        Err(DeliveryError::Later { reason, after }) => (reason, after),
        other => panic!("expected another try, got {other:?}"),
    }
}

/// The reason of a notice that is refused for good.
fn never<T: std::fmt::Debug>(result: Result<T, DeliveryError>) -> String {
    match result {
        Err(DeliveryError::Never { reason }) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
