//! Slack. Either an incoming webhook, which posts one message a notice, or a bot, which keeps the notices of one cause
//! in one thread and strikes the first message through once the cause is over.
//!
//! ```yaml
//! type: slack
//! url: env:SLACK_WEBHOOK          # an incoming webhook (or url_command: [...]); or, in its place:
//! token: env:SLACK_BOT_TOKEN      # a bot with the scope chat:write (or token_command: [...])
//! conversation: C0123456789       # where the bot posts; it has to be a member there
//! base_url: https://slack.com/api # of the bot's API
//! ca_file: /etc/ssl/acme.pem      # further certificate authorities
//! proxy: http://proxy:3128
//! timeout_seconds: 20
//! allow_http: false
//! ```

mod blocks;

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use super::outcome::{foreign, later, never, reached, taken, within};
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools, settings};
use crate::document::{Section, secrets};
use crate::http::{Auth, Errand, Hook, Outlet, OutletSettings, Reply, Verb};
use crate::model::{Action, ChannelName, Notice, Thread};
use crate::problem::Problems;

/// Slack.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "slack",
    summary: "posts to a Slack channel; as a bot, one thread a cause",
    most_effects: blocks::MOST_EFFECTS,
    keeps_open: false,
    wants_every_step: false,
    reaches_owners: false,
    build,
};

const API: &str = "https://slack.com/api";
const POST: Errand = Errand { verb: Verb::Post, path: "/chat.postMessage" };
const UPDATE: Errand = Errand { verb: Verb::Post, path: "/chat.update" };
const ERRANDS: &[Errand] = &[POST, UPDATE];

struct Slack {
    name: ChannelName,
    patience: Duration,
    way: Way,
}

enum Way {
    Webhook(Hook),
    Bot { outlet: Box<Outlet>, conversation: String },
}

/// The answer of the API; its errors come with status 200.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let line = settings::outlet(&mut section, tools);
    let as_bot = ["token", "token_command", "conversation"].iter().any(|key| section.has(key));
    let as_webhook = ["url", "url_command"].iter().any(|key| section.has(key));
    let way = match (as_webhook, as_bot) {
        (true, true) => {
            let what = "a webhook (`url`) and a bot (`token` and `conversation`) exclude each other";
            section.wrong(section.span(), what, Some("leave one of them out".to_owned()));
            None
        }
        (false, false) => {
            let help = "add `url: env:NAME` with an incoming webhook, or `token: env:NAME` and `conversation`";
            section.wrong(section.span(), "there is no way to Slack", Some(help.to_owned()));
            None
        }
        (true, false) => webhook(&mut section, &line),
        (false, true) => bot(&mut section, &line),
    };
    let channel = way.map(|way| Box::new(Slack { name, patience: tools.patience, way }) as Box<dyn Channel>);
    section.finish(channel)
}

fn webhook(section: &mut Section, line: &OutletSettings) -> Option<Way> {
    let url = secrets::need_secret(section, "url", "url_command")?;
    settings::built(section, "url", Hook::new(&url, &[], line)).map(Way::Webhook)
}

fn bot(section: &mut Section, line: &OutletSettings) -> Option<Way> {
    let token = secrets::need_secret(section, "token", "token_command");
    let conversation: Option<String> = section.need("conversation");
    let base = settings::base_url(section, Some(API))?;
    let (token, conversation) = (token?, conversation?);
    let outlet = settings::built(section, "base_url", Outlet::new(&base, &Auth::Bearer(token), ERRANDS, &[], line))?;
    Some(Way::Bot { outlet: Box::new(outlet), conversation })
}

#[async_trait]
impl Channel for Slack {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        match &self.way {
            Way::Webhook(hook) => within(self.patience, through_webhook(hook, notice)).await,
            Way::Bot { outlet, conversation } => {
                within(self.patience, as_bot(outlet, conversation, notice, thread)).await
            }
        }
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        within(self.patience, async {
            reached(match &self.way {
                Way::Webhook(hook) => hook.reach().await,
                Way::Bot { outlet, .. } => outlet.reach().await,
            })
        })
        .await
    }
}

async fn through_webhook(hook: &Hook, notice: &Notice) -> Result<Receipt, DeliveryError> {
    let body = blocks::message(notice).to_string();
    let reply = taken(hook.post("application/json", &[], body).await)?;
    // A page of a proxy in between is no “ok”.
    let is_ok = !reply.whole || reply.body.trim_ascii() == b"ok";
    if is_ok { Ok(Receipt::default()) } else { Err(foreign(&reply, "Slack")) }
}

async fn as_bot(
    outlet: &Outlet,
    conversation: &str,
    notice: &Notice,
    thread: Option<&Thread>,
) -> Result<Receipt, DeliveryError> {
    // What came up again after it was over starts anew: the old first message says that it is over.
    let anew = notice.action == Action::Raise && thread.is_some_and(|thread| thread.settled);
    let first = thread.filter(|_| !anew).and_then(|thread| First::parse(thread.remote.as_deref()?));
    let Some(first) = first else { return post(outlet, conversation, notice, None).await };
    if notice.action == Action::Settle {
        strike_through(outlet, &first, notice).await?;
    }
    post(outlet, &first.channel, notice, Some(&first)).await
}

/// The first message of a thread, as the receipt names it: `channel:ts`.
struct First {
    channel: String,
    ts: String,
}

impl First {
    fn parse(remote: &str) -> Option<Self> {
        let (channel, ts) = remote.split_once(':')?;
        let whole = channel.chars().all(|letter| letter.is_ascii_alphanumeric())
            && ts.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        whole.then(|| Self { channel: channel.to_owned(), ts: ts.to_owned() })
    }
}

/// Posts a notice, below the first message if there is one.
async fn post(
    outlet: &Outlet,
    channel: &str,
    notice: &Notice,
    first: Option<&First>,
) -> Result<Receipt, DeliveryError> {
    let mut message = blocks::message(notice);
    message["channel"] = channel.into();
    message["metadata"] = json!({ "event_type": "keyroll_notice", "event_payload": {
        "id": notice.id.as_str(), "cause": notice.cause.as_str(),
    } });
    if let Some(first) = first {
        message["thread_ts"] = first.ts.as_str().into();
        // What is worse, or is still so, has to be seen by those who do not follow the thread.
        message["reply_broadcast"] = matches!(notice.action, Action::Raise | Action::Tell).into();
    }
    let said = ask(outlet, POST, &message).await?;
    let remote = match (first, said.channel, said.ts) {
        (Some(first), _, _) => Some(format!("{}:{}", first.channel, first.ts)),
        (None, Some(channel), Some(ts)) => Some(format!("{channel}:{ts}")),
        (None, _, _) => None,
    };
    Ok(Receipt { remote })
}

/// Shows in the first message that all of it is over. It may be gone or too old to be changed, which harms nobody.
async fn strike_through(outlet: &Outlet, first: &First, notice: &Notice) -> Result<(), DeliveryError> {
    let mut message = blocks::over(notice);
    message["channel"] = first.channel.as_str().into();
    message["ts"] = first.ts.as_str().into();
    match ask(outlet, UPDATE, &message).await {
        Err(DeliveryError::Never { reason }) => {
            tracing::debug!("the first message of a thread stays as it is: {reason}");
            Ok(())
        }
        other => other.map(|_said| ()),
    }
}

async fn ask(outlet: &Outlet, errand: Errand, message: &Value) -> Result<Said, DeliveryError> {
    let reply = taken(outlet.send(errand, &[], Some(message)).await)?;
    let said: Said = serde_json::from_slice(&reply.body).map_err(|_garbage| foreign(&reply, "Slack"))?;
    if said.ok { Ok(said) } else { Err(refusal(&reply, said.error.as_deref().unwrap_or_default())) }
}

/// The errors that pass by themselves are told apart from those that somebody has to mend.
fn refusal(reply: &Reply, error: &str) -> DeliveryError {
    let passes =
        ["ratelimited", "rate_limited", "internal_error", "fatal_error", "request_timeout", "service_unavailable"];
    let help = match error {
        "not_in_channel" => ": invite the bot to the channel",
        "channel_not_found" => ": write the channel's id, and invite the bot to it",
        "missing_scope" => ": the bot needs the scope `chat:write`",
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => ": renew its token",
        _ => "",
    };
    let reason = format!("Slack refuses it ({}){help}", reply.message);
    if passes.contains(&error) { later(reason, reply.retry_after) } else { never(reason) }
}
