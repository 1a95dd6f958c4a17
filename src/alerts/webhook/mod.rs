//! A webhook for systems of one's own: a CloudEvent in JSON, signed by the Standard Webhooks convention.
//!
//! The body is a CloudEvent 1.0 (`application/cloudevents+json`): `id` is the notice's, `type` is
//! `keyroll.notice.<topic>`, `source` is `keyroll/<estate>`, `subject` is the cause, `data` is described in
//! `event`, with a version of its own.
//! `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>`.
//!
//! A notice keeps its `webhook-id` however often it is sent: whoever has seen one need not take it again. The time stamp
//! is of the try, so that a receiver can refuse what is older than a few minutes as replayed, even on a late retry.
//!
//! ```yaml
//! type: webhook
//! url: env:ALERT_URL            # all of the address is a secret (or url_command: [...])
//! secret: env:ALERT_SECRET      # to sign with, at least 16 bytes; `whsec_` and base64, or the bytes themselves
//! headers:                      # further headers; their values are secrets
//!   x-api-key: env:ALERT_KEY
//! ca_file: /etc/ssl/acme.pem    # further certificate authorities
//! proxy: http://proxy:3128
//! timeout_seconds: 20
//! allow_http: false
//! ```

mod event;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::outcome::{reached, taken, within};
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools, settings};
use crate::clock::Clock;
use crate::document::{Section, secrets};
use crate::http::Hook;
use crate::model::{ChannelName, Notice, Thread};
use crate::problem::Problems;
use crate::secret::Secret;

/// A signed webhook.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "webhook",
    summary: "posts a signed CloudEvent to an address of your own",
    most_effects: 500,
    keeps_open: false,
    wants_every_step: false,
    reaches_owners: false,
    build,
};

const MEDIA: &str = "application/cloudevents+json";

/// Headers that are ours to set, or the line's.
const TAKEN_HEADERS: [&str; 9] = [
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "user-agent",
];

struct Webhook {
    name: ChannelName,
    patience: Duration,
    clock: Arc<dyn Clock>,
    hook: Hook,
    key: signature::Key,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let line = settings::outlet(&mut section, tools);
    let url = secrets::need_secret(&mut section, "url", "url_command");
    let secret = secrets::need_secret(&mut section, "secret", "secret_command");
    let key = secret.and_then(|secret| match signature::Key::new(&secret) {
        Ok(key) => Some(key),
        Err(what) => {
            let help = "make one with 32 random bytes: `openssl rand -base64 32`".to_owned();
            section.wrong(section.span_of("secret"), format!("the secret of `secret` {what}"), Some(help));
            None
        }
    });
    let headers = headers(&mut section);
    let hook = url.and_then(|url| settings::built(&mut section, "url", Hook::new(&url, &headers, &line)));
    let channel = hook.zip(key).map(|(hook, key)| {
        let (patience, clock) = (tools.patience, tools.clock.clone());
        Box::new(Webhook { name, patience, clock, hook, key }) as Box<dyn Channel>
    });
    section.finish(channel)
}

fn headers(section: &mut Section) -> Vec<(String, Secret)> {
    let Some(mut written) = section.section("headers") else { return Vec::new() };
    let mut headers = Vec::new();
    for (name, node) in written.rest() {
        let lower = name.value.to_ascii_lowercase();
        let proper = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if lower.is_empty() || !lower.chars().all(proper) {
            written.wrong(name.span, "a header's name has letters, digits and dashes only", None);
        } else if TAKEN_HEADERS.contains(&lower.as_str()) {
            written.wrong(name.span, format!("the header `{lower}` is set by keyroll itself"), None);
        } else if let Some(value) = secrets::secret_at(&mut written, &lower, &node) {
            headers.push((lower, value));
        }
    }
    section.take(written.finish(Some(headers))).unwrap_or_default()
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, _thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        let body = event::body(notice);
        let (id, timestamp) = (notice.id.as_str(), self.clock.now().timestamp());
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", self.key.sign(id, timestamp, &body)),
        ];
        within(self.patience, async {
            taken(self.hook.post(MEDIA, &headers, body).await)?;
            Ok(Receipt::default())
        })
        .await
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        within(self.patience, async { reached(self.hook.reach().await) }).await
    }
}
