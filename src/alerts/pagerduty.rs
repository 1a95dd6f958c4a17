//! PagerDuty, by its Events API v2: one alert a cause, opened and brought up to date by `trigger`, closed by `resolve`.
//! The cause is the deduplication key, so that the same notice, and every later one, meets the same alert.
//!
//! ```yaml
//! type: pagerduty
//! routing_key: env:PAGERDUTY_KEY          # of an Events API v2 integration (or routing_key_command: [...])
//! base_url: https://events.pagerduty.com  # https://events.eu.pagerduty.com for accounts in the EU
//! ca_file: /etc/ssl/acme.pem              # further certificate authorities
//! proxy: http://proxy:3128
//! timeout_seconds: 20
//! allow_http: false
//! ```

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::outcome::{foreign, reached, taken, within};
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools, phrase, settings};
use crate::document::{Section, secrets};
use crate::http::{Auth, Errand, Outlet, Verb};
use crate::model::{Action, ChannelName, Effect, Notice, Severity, Thread, Topic};
use crate::problem::Problems;
use crate::secret::Secret;

/// PagerDuty.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "pagerduty",
    summary: "opens one PagerDuty alert a cause, and resolves it when the cause is over",
    most_effects: MOST_EFFECTS,
    keeps_open: true,
    wants_every_step: false,
    reaches_owners: false,
    build,
};

const MOST_EFFECTS: usize = 50;
const API: &str = "https://events.pagerduty.com";
const ENQUEUE: Errand = Errand { verb: Verb::Post, path: "/v2/enqueue" };

/// PagerDuty takes 512 KB.
const LARGEST_BODY: usize = 400 * 1024;

struct PagerDuty {
    name: ChannelName,
    patience: Duration,
    routing_key: Secret,
    outlet: Outlet,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let line = settings::outlet(&mut section, tools);
    let key = secrets::need_secret(&mut section, "routing_key", "routing_key_command");
    let base = settings::base_url(&mut section, Some(API));
    let channel = key.zip(base).and_then(|(routing_key, base)| {
        let outlet = Outlet::new(&base, &Auth::None, &[ENQUEUE], std::slice::from_ref(&routing_key), &line);
        let outlet = settings::built(&mut section, "base_url", outlet)?;
        Some(Box::new(PagerDuty { name, patience: tools.patience, routing_key, outlet }) as Box<dyn Channel>)
    });
    section.finish(channel)
}

#[async_trait]
impl Channel for PagerDuty {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, _thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        within(self.patience, async {
            for event in events(notice, self.routing_key.expose()) {
                self.send(&event).await?;
            }
            Ok(Receipt { remote: Some(notice.cause.to_string()) })
        })
        .await
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        within(self.patience, async { reached(self.outlet.reach().await) }).await
    }
}

impl PagerDuty {
    async fn send(&self, event: &Value) -> Result<(), DeliveryError> {
        let reply = taken(self.outlet.send(ENQUEUE, &[], Some(event)).await)?;
        let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        // The status says that it was taken; an answer that was cut off does not make that undone.
        if said["status"] == "success" || !reply.whole { Ok(()) } else { Err(foreign(&reply, "PagerDuty")) }
    }
}

/// The events of a notice: none for what is only to be read. A sample is opened and closed again.
fn events(notice: &Notice, routing_key: &str) -> Vec<Value> {
    match notice.action {
        Action::Raise | Action::Update => vec![trigger(notice, routing_key)],
        Action::Settle => vec![resolve(notice, routing_key)],
        Action::Tell if notice.topic == Topic::Sample => {
            vec![trigger(notice, routing_key), resolve(notice, routing_key)]
        }
        Action::Tell if phrase::opens(notice.topic) => vec![trigger(notice, routing_key)],
        Action::Tell => Vec::new(),
    }
}

fn resolve(notice: &Notice, routing_key: &str) -> Value {
    json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": notice.cause.as_str() })
}

/// The event that opens or changes the alert, with as many effects as there is room for.
fn trigger(notice: &Notice, routing_key: &str) -> Value {
    let written = |listed: usize| with_effects(notice, routing_key, listed);
    let fits = |listed: usize| written(listed).to_string().len() <= LARGEST_BODY;
    written(phrase::fitting(notice, MOST_EFFECTS, fits))
}

fn with_effects(notice: &Notice, routing_key: &str, listed: usize) -> Value {
    let effects: Vec<String> = notice.effects.iter().take(listed).map(told).collect();
    let links = std::iter::once(&notice.more).chain(notice.effects.iter().take(listed).map(|effect| &effect.link));
    let links: Vec<Value> = links
        .filter_map(|link| phrase::web_link(link))
        .take(10)
        .map(|href| json!({ "href": href, "text": "Read on" }))
        .collect();
    let summary = phrase::clean(&notice.title, 1024);
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": notice.cause.as_str(),
        "client": "keyroll",
        "links": links,
        "payload": {
            "summary": if summary.is_empty() { "keyroll".to_owned() } else { summary },
            "source": phrase::clean(&format!("keyroll {}", notice.estate), 200),
            "severity": severity(notice.severity),
            "timestamp": notice.created_at.to_rfc3339(),
            "group": phrase::clean(&notice.estate, 200),
            "class": notice.topic.name(),
            "custom_details": {
                "what_happened": phrase::lead(notice),
                "effects": effects,
                "more": phrase::and_more(notice, listed).unwrap_or_default(),
                "read_on": phrase::clean(&notice.more, 300),
                "notice": notice.id.as_str(),
                "scan": notice.snapshot.map(|snapshot| snapshot.to_string()),
            },
        },
    })
}

fn told(effect: &Effect) -> String {
    let parts = [
        format!("{} — {}", phrase::head(effect), phrase::sentence(effect)),
        phrase::remedy(effect),
        phrase::particulars(effect),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" | ")
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "info",
    }
}
