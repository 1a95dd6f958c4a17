//! From a scan to the other side: who hears of what, once, in time, and what happens when nobody listens. Over the
//! pretended estate, with a real receiver of messages.

mod daemon;
mod damping;
mod follow_up;
mod kills;
mod ladder;
mod nights;
mod outbox;
mod rules;
mod soak;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Response;
use chrono::{DateTime, Utc};
use keyroll::app::{Delivered, Deliverer};
use keyroll::clock::Clock;
use keyroll::model::{Finding, FindingId, RuleSummary, Severity, Status};
use keyroll::store::Store;
use serde_json::Value;

use crate::http::server::{Asked, Server};
use crate::support::estate::{seen_by, token_id};
use crate::support::pretended::Estate;

/// Somebody who is told: a server that takes what it is sent, or says no.
pub(crate) struct Receiver {
    pub(crate) server: Server,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        let status = Arc::new(Mutex::new(204));
        let says = Arc::clone(&status);
        let answer = move |_asked: Asked| {
            let status = *says.lock().unwrap();
            Response::builder().status(status).body(Body::empty()).unwrap()
        };
        Self { server: Server::answering(answer).await, status }
    }

    /// What it answers from here on.
    pub(crate) fn say(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// The events it was sent, in order of arrival.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.server.asked().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect()
    }
}

/// The section `alerts` with two webhooks: `all` hears of everything, `pager` of what is high and came up.
pub(crate) fn alerts(estate: &Estate, receiver: &Receiver, routes: &str) -> String {
    alerts_through(estate, receiver, &["all", "pager"], routes)
}

/// The same with these webhooks.
pub(crate) fn alerts_through(estate: &Estate, receiver: &Receiver, names: &[&str], routes: &str) -> String {
    let keep = |name: &str, secret: &str| {
        std::fs::write(estate.path(name), secret).unwrap();
        std::fs::set_permissions(estate.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", estate.path(name).display())
    };
    let signing = keep("signing", "0123456789abcdef0123456789abcdef");
    let url = |name: &str| keep(&format!("{name}-url"), &format!("{}/{name}", receiver.server.url));
    let channel = |name: &str| {
        format!("    - name: {name}\n      type: webhook\n      url: {}\n      secret: {signing}\n", url(name))
    };
    let channels: String = names.iter().map(|name| channel(name)).collect();
    format!("alerts:\n  channels:\n{channels}  routes:\n{routes}")
}

pub(crate) const ROUTES: &str = "    - to: all\n    - to: pager\n      pick: { severity: high }\n      tell: [opened, reopened, worsened, resolved]\n";

/// Sends what is due.
pub(crate) async fn deliver(estate: &Estate) -> Delivered {
    let app = estate.app(&[]).unwrap();
    let mut store = Store::open(&estate.path("keyroll.db")).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(estate.clock.clone());
    let patience = std::time::Duration::from_secs(10);
    let deliverer = Deliverer { channels: &app.channels, routing: &app.routing, clock: &clock, patience };
    deliverer.deliver(&mut store, &|| true).await.unwrap()
}

/// The events that went to a channel, by the path it is reached under.
pub(crate) fn sent_to(receiver: &Receiver, channel: &str) -> Vec<Value> {
    let path = format!("/{channel}");
    let asked = receiver.server.asked().into_iter().filter(|asked| asked.path == path);
    asked.map(|asked| serde_json::from_str(&asked.body).unwrap()).collect()
}

/// The findings that an event names.
pub(crate) fn findings_in(event: &Value) -> BTreeSet<String> {
    let effects = event["data"]["effects"].as_array().unwrap();
    effects.iter().filter_map(|effect| effect["finding"].as_str()).map(str::to_owned).collect()
}

/// A rule about tokens, whose title says what is wrong with them.
pub(crate) fn rule(id: &str, title: &str) -> RuleSummary {
    RuleSummary {
        id: id.into(),
        version: 1,
        title: title.to_owned(),
        severity: Severity::Medium,
        remedy: "Replace it.".to_owned(),
        on_change: false,
        controls: Vec::new(),
        judges_by: None,
    }
}

/// What the rule finds about a token of [`crate::support::estate::token`], which came up now.
pub(crate) fn finding(rule: &RuleSummary, native: &str, now: DateTime<Utc>) -> Finding {
    let resource = token_id(native);
    Finding {
        id: FindingId::of(&rule.id, &resource),
        rule: rule.id.clone(),
        rule_version: 1,
        title: rule.title.clone(),
        resource,
        resource_name: native.to_owned(),
        seen_by: seen_by(&["tokens"]),
        severity: rule.severity,
        message: format!("API token “{native}” {}", rule.title),
        remedy: rule.remedy.clone(),
        owner: None,
        controls: Vec::new(),
        status: Status::Open,
        first_seen: now,
        since: now,
        last_seen: now,
        unconfirmed: None,
    }
}
