//! `keyroll alerts`: what is to be told, to whom, and what became of it.

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, block_on, exit};
use crate::alerts::{self, Channel};
use crate::app::doctor::send_sample;
use crate::app::{App, Delivered, Deliverer, preview};
use crate::model::{ChannelName, NoticeId, SnapshotId};
use crate::reports::{outbox_table, preview_page};
use crate::text::{did_you_mean, plural};

#[derive(Debug, clap::Subcommand)]
pub(super) enum AlertsCommand {
    /// What waits to be sent, and what was given up.
    Pending,
    /// Send now what waits or was given up; all of it, or only these.
    Retry {
        /// Ids as `alerts pending` shows them, or their beginnings.
        ids: Vec<String>,
    },
    /// Send a harmless sample through a channel.
    Test {
        /// The channel's name in the configuration.
        channel: String,
    },
    /// Show what a scan gives occasion to tell, and to whom. Sends nothing.
    Preview {
        /// The scan, as `keyroll snapshots` shows it (`s12`); the latest if left out.
        #[arg(long, value_name = "ID", value_parser = super::baseline::parse_snapshot)]
        scan: Option<SnapshotId>,
    },
    /// The kinds of channel there are.
    Channels,
}

/// How long one delivery may take, whatever the channel does.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(40);

pub(super) fn run(context: &Context, command: &AlertsCommand) -> Result<ExitCode, Complaint> {
    match command {
        AlertsCommand::Pending => pending(context),
        AlertsCommand::Retry { ids } => retry(context, ids),
        AlertsCommand::Test { channel } => test(context, channel),
        AlertsCommand::Preview { scan } => show_preview(context, *scan),
        AlertsCommand::Channels => {
            for kind in alerts::CHANNELS {
                context.terminal.result(&format!("{:<12} {}", kind.name, kind.summary));
            }
            Ok(ExitCode::from(exit::COMPLETE))
        }
    }
}

/// Sends what is due, and says so.
pub(super) async fn deliver(context: &Context, app: &mut App) -> Result<Delivered, Complaint> {
    let (channels, routing, clock) = (&app.channels, &app.routing, &app.clock);
    let deliverer = Deliverer { channels, routing, clock, patience: PATIENCE };
    let done = deliverer.deliver(&mut app.store, &|| true).await?;
    say(context, done);
    Ok(done)
}

fn say(context: &Context, done: Delivered) {
    if done.sent > 0 {
        context.terminal.say(&format!("{} sent.", plural(done.sent, "notice", "notices")));
    }
    if done.put_off + done.given_up > 0 {
        let failed = plural(done.put_off + done.given_up, "notice", "notices");
        context.terminal.note(&format!("{failed} could not be delivered (keyroll alerts pending)."));
    }
}

fn pending(context: &Context) -> Result<ExitCode, Complaint> {
    let waiting = context.store()?.undelivered()?;
    context.terminal.result(&outbox_table(&waiting, context.clock.now(), context.terminal.look));
    Ok(ExitCode::from(exit::COMPLETE))
}

fn retry(context: &Context, ids: &[String]) -> Result<ExitCode, Complaint> {
    let mut config = context.load()?;
    let channels = config.build_channels(&context.clock)?;
    let mut store = crate::store::Store::open(&config.store)?;
    let wanted = find(&store.undelivered()?.iter().map(|out| out.notice.id.clone()).collect::<Vec<_>>(), ids)?;
    store.retry(&wanted, context.clock.now())?;
    let (routing, clock) = (config.routing(), &context.clock);
    let deliverer = Deliverer { channels: &channels, routing, clock, patience: PATIENCE };
    let done = block_on(deliverer.deliver(&mut store, &|| true))?;
    say(context, done);
    if done == Delivered::default() {
        context.terminal.say("Nothing was due.");
    }
    Ok(exit::with_alerts(exit::COMPLETE, Some(&done)))
}

/// The notices whose ids begin so.
fn find(known: &[NoticeId], wanted: &[String]) -> Result<Vec<NoticeId>, Complaint> {
    let mut found = Vec::new();
    for word in wanted {
        let word = word.to_ascii_uppercase();
        let mut matching = known.iter().filter(|id| id.as_str().starts_with(&word));
        match (matching.next(), matching.next()) {
            (Some(one), None) => found.push(one.clone()),
            (None, _) => {
                let complaint = Complaint::failed(format!("no notice `{word}` waits or was given up"));
                return Err(complaint.help("`keyroll alerts pending` lists them"));
            }
            (Some(_), Some(_)) => {
                return Err(Complaint::failed(format!("`{word}` is the beginning of several notices")));
            }
        }
    }
    Ok(found)
}

fn test(context: &Context, name: &str) -> Result<ExitCode, Complaint> {
    let mut config = context.load()?;
    let channels = config.build_channels(&context.clock)?;
    let channel = named(&channels, name)?;
    match block_on(send_sample(channel, &config.estate, context.clock.now())) {
        Ok(id) => {
            context.terminal.result(&format!("Channel `{name}` has taken the sample {id}."));
            Ok(ExitCode::from(exit::COMPLETE))
        }
        Err(why) => Err(Complaint::undelivered(format!("channel `{name}` {why}"))),
    }
}

fn named<'a>(channels: &'a [Box<dyn Channel>], name: &str) -> Result<&'a dyn Channel, Complaint> {
    let wanted = ChannelName::from(name);
    if let Some(channel) = channels.iter().find(|channel| *channel.name() == wanted) {
        return Ok(channel.as_ref());
    }
    let names: Vec<&str> = channels.iter().map(|channel| channel.name().as_str()).collect();
    let complaint = Complaint::failed(format!("there is no channel `{name}` in the configuration"));
    Err(match did_you_mean(name, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => complaint.help("add one under `alerts: channels:`"),
        None => complaint.help(format!("channels are: {}", names.join(", "))),
    })
}

fn show_preview(context: &Context, scan: Option<SnapshotId>) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = crate::store::Store::open(&config.store)?;
    let outgoing = preview(&store, scan, &config.estate, config.routing(), config.own_credentials())?;
    context.terminal.result(&preview_page(&outgoing, context.terminal.look));
    if config.routing().channels.is_empty() {
        context.terminal.say("The configuration has no channels: add some under `alerts:`.");
    }
    Ok(ExitCode::from(exit::COMPLETE))
}
