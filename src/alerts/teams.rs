//! Microsoft Teams: an Adaptive Card to the address of a workflow that starts “when a webhook request is received”.
//!
//! Foreign text stands in text runs, to which Teams applies no markup, never in text blocks, which know Markdown.
//!
//! ```yaml
//! type: teams
//! url: env:TEAMS_WORKFLOW       # the workflow's address (or url_command: [...])
//! ca_file: /etc/ssl/acme.pem    # further certificate authorities
//! proxy: http://proxy:3128
//! timeout_seconds: 20
//! allow_http: false
//! ```

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::outcome::{foreign, later, reached, taken, within};
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools, phrase, settings};
use crate::document::{Section, secrets};
use crate::http::{Hook, Reply};
use crate::model::{Action, ChannelName, Effect, Notice, Severity, Thread};
use crate::problem::Problems;

/// Microsoft Teams.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "teams",
    summary: "posts a card to Microsoft Teams through a workflow",
    most_effects: MOST_EFFECTS,
    keeps_open: false,
    wants_every_step: false,
    reaches_owners: false,
    build,
};

const MOST_EFFECTS: usize = 40;

/// Teams refuses about 28 KB; how much of that its own wrapping takes it does not say.
const LARGEST_BODY: usize = 26 * 1024;

struct Teams {
    name: ChannelName,
    patience: Duration,
    hook: Hook,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let line = settings::outlet(&mut section, tools);
    let url = secrets::need_secret(&mut section, "url", "url_command");
    let hook = url.and_then(|url| settings::built(&mut section, "url", Hook::new(&url, &[], &line)));
    let channel = hook.map(|hook| Box::new(Teams { name, patience: tools.patience, hook }) as Box<dyn Channel>);
    section.finish(channel)
}

#[async_trait]
impl Channel for Teams {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, _thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        within(self.patience, async {
            let reply = taken(self.hook.post("application/json", &[], body(notice)).await)?;
            accepted(&reply)
        })
        .await
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        within(self.patience, async { reached(self.hook.reach().await) }).await
    }
}

/// A workflow answers 202 and nothing. Its predecessor told failures in an answer that looks well.
fn accepted(reply: &Reply) -> Result<Receipt, DeliveryError> {
    let text = String::from_utf8_lossy(&reply.body);
    if text.contains("delivery failed") {
        return Err(later(format!("Teams did not take it: {}", reply.message), reply.retry_after));
    }
    if text.trim_start().starts_with('<') {
        return Err(foreign(reply, "Teams"));
    }
    Ok(Receipt::default())
}

/// The whole body with as many effects as there is room for.
fn body(notice: &Notice) -> String {
    let written = |listed: usize| message(notice, listed).to_string();
    let listed = phrase::fitting(notice, MOST_EFFECTS, |listed| written(listed).len() <= LARGEST_BODY);
    written(listed)
}

fn message(notice: &Notice, listed: usize) -> Value {
    let title = phrase::clean(&notice.title, 300);
    let mut parts = vec![runs(&[run(&title, "Large", "Bolder", colour(notice))], "Default")];
    parts.extend(phrase::lead(notice).iter().map(|text| runs(&[plain(text)], "Default")));
    parts.extend(notice.effects.iter().take(listed).map(told));
    let more = [phrase::and_more(notice, listed).unwrap_or_default(), command(&notice.more)];
    let more: Vec<String> = more.into_iter().filter(|text| !text.is_empty()).collect();
    if !more.is_empty() {
        parts.push(runs(&[plain(&more.join(" · "))], "Medium"));
    }
    parts.push(runs(&[run(&phrase::footer(notice), "Small", "Lighter", "Default")], "Medium"));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": title,
        "msteams": { "width": "Full" },
        "body": parts,
    });
    if let Some(address) = phrase::web_link(&notice.more) {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": "Read on", "url": address }]);
    }
    json!({ "type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card,
    }] })
}

fn told(effect: &Effect) -> Value {
    let head = run(&format!("{} — ", phrase::head(effect)), "Default", "Bolder", shade(effect.severity));
    let mut lines = vec![runs(&[head, plain(&phrase::sentence(effect))], "None")];
    let more = [phrase::remedy(effect), phrase::particulars(effect), command(&effect.link)];
    lines.extend(more.iter().filter(|line| !line.is_empty()).map(|line| runs(&[plain(line)], "None")));
    let mut item = json!({ "type": "Container", "spacing": "Medium", "items": lines });
    if let Some(address) = phrase::web_link(&effect.link) {
        item["selectAction"] = json!({ "type": "Action.OpenUrl", "url": address });
    }
    item
}

/// What to type where there is no address to follow.
fn command(text: &str) -> String {
    if phrase::web_link(text).is_some() { String::new() } else { phrase::clean(text, 300) }
}

fn runs(runs: &[Value], spacing: &str) -> Value {
    json!({ "type": "RichTextBlock", "spacing": spacing, "inlines": runs })
}

fn plain(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn run(text: &str, size: &str, weight: &str, colour: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "size": size, "weight": weight, "color": colour })
}

fn colour(notice: &Notice) -> &'static str {
    match notice.action {
        Action::Settle => "Good",
        Action::Raise | Action::Update | Action::Tell => shade(notice.severity),
    }
}

fn shade(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "Attention",
        Severity::Medium => "Warning",
        Severity::Low | Severity::Info => "Default",
    }
}
