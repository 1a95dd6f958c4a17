//! Telling people: which of a scan's news go where, in which words, through which channels.
//!
//! What is told is decided by plain functions: `cause` finds what belongs together, `route` who hears of it and when,
//! `ladder` what ends soon. A channel sends one notice at a time and decides nothing: `app::deliver` takes notices from the
//! outbox, and tries again. A new channel is a file here and a line in [`CHANNELS`].

mod cause;
mod damping;
mod email;
mod follow_up;
mod heartbeat;
mod jira_ticket;
mod ladder;
mod occasion;
mod outcome;
mod pagerduty;
mod phrase;
mod routing;
mod schedule;
mod settings;
mod siem;
mod slack;
mod teams;
mod tell;
mod template;
mod webhook;
mod wording;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

pub use damping::{FLAP, STILL, flapping, kept_still};
pub use follow_up::follow_up;
pub use heartbeat::Heartbeat;
pub use ladder::{Endings, HORIZON_DAYS, RUNG, climb_on};
pub use occasion::{Before, Known, Occasion, OwnCredential};
pub use routing::{ChannelPlan, ChannelSection, Escalation, Event, Ladder, Picks, Route, Routing};
pub use schedule::{ScheduleNews, Trouble, of_schedule, schedule_cause};
pub use tell::{fold, sample, tell, tell_findings};
pub use template::{TEMPLATE_FIELDS, Template};

use crate::clock::Clock;
use crate::document::Section;
use crate::model::{ChannelName, Notice, Thread};
use crate::problem::Problems;

/// A way to reach people or their systems.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The name it has in the configuration.
    fn name(&self) -> &ChannelName;

    /// Sends one notice. The same notice may be sent again after a crash: its id is passed on, so that the other side can
    /// tell. `thread` is what an earlier notice of the same cause left behind.
    ///
    /// # Errors
    /// Whether another try can help, and why this one did not. Never with a secret in the words.
    async fn deliver(&self, notice: &Notice, thread: Option<&Thread>) -> Result<Receipt, DeliveryError>;

    /// Finds out whether the other side can be reached, and sends nothing that anybody gets to see.
    ///
    /// # Errors
    /// Why it cannot. Never with a secret in the words.
    async fn reach(&self) -> Result<(), DeliveryError>;

    /// False where nobody says whether something arrived.
    fn confirms(&self) -> bool {
        true
    }
}

/// The other side has taken a notice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// What it calls the message, incident or ticket, where later notices of the same cause need that.
    pub remote: Option<String>,
}

/// Why a notice was not taken. The reasons are told to people, and hold neither secrets nor addresses with secrets in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Another try can help.
    #[error("{reason}")]
    Later {
        /// What went wrong.
        reason: String,
        /// How long the other side asks to wait.
        after: Option<Duration>,
    },
    /// It would be refused again: somebody has to mend the configuration or the other side.
    #[error("{reason}")]
    Never {
        /// What went wrong.
        reason: String,
    },
}

/// A sort of channel: what people can write behind `type:`.
#[derive(Debug)]
pub struct ChannelKind {
    /// The type as it is written: `email`.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// How many effects of one notice it has room to list.
    pub most_effects: usize,
    /// True if it keeps something open until a cause is over: an incident, a ticket. Such a channel is spared what has
    /// nothing to keep open, such as digests.
    pub keeps_open: bool,
    /// True if it wants every step of every finding, also of those that go back and forth: a log, not a message.
    pub wants_every_step: bool,
    /// True if it can send to mail addresses in place of its own.
    pub reaches_owners: bool,
    /// Builds one from its section of the configuration, of which the keys that all channels share are taken already.
    ///
    /// All mistakes are told at once, secrets that cannot be had included.
    pub build: Build,
}

/// Builds a channel from its name, its section and what it needs of the house.
pub type Build = fn(ChannelName, Section, &Tools) -> Result<Box<dyn Channel>, Problems>;

/// What channels need of the house.
#[derive(Debug, Clone)]
pub struct Tools {
    /// What time it is.
    pub clock: std::sync::Arc<dyn Clock>,
    /// How long one message may take, whatever the other side does.
    pub patience: Duration,
    /// A PEM file with further certificate authorities, for all channels that name none of their own.
    pub ca_file: Option<PathBuf>,
}

/// Every sort of channel, in the order they are listed.
pub static CHANNELS: &[ChannelKind] =
    &[email::KIND, slack::KIND, teams::KIND, webhook::KIND, pagerduty::KIND, jira_ticket::KIND, siem::KIND];
