//! A message to send, and how it fares: what it is about, which of its kind belong together, where it goes, and what
//! became of it. How a channel puts it into words of its own is for `alerts`, when it is sent for `app::deliver`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    CauseId, ChannelName, ControlId, FindingId, NoticeId, ResourceId, RuleId, Severity, SnapshotId, SourceName,
};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Findings of one cause came up, got worse or are over.
    Findings,
    /// A first scan, a rule that is new, a source that is new: what was found is old, and is told once as a sum.
    Adoption,
    /// Something ends soon: a credential, a waiver.
    Expiry,
    /// A scan could not see everything, or can again.
    Coverage,
    /// A scan on the schedule did not start, did not end in time, or failed.
    Schedule,
    /// Findings that were told some time ago and still stand.
    Reminder,
    /// Findings that nobody acknowledged in time.
    Escalation,
    /// Several notices in one: a digest, or what went beyond a channel's budget.
    Digest,
    /// A harmless sample, to try a channel.
    Sample,
}

impl Topic {
    /// The word used in files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Adoption => "adoption",
            Self::Expiry => "expiry",
            Self::Coverage => "coverage",
            Self::Schedule => "schedule",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Digest => "digest",
            Self::Sample => "sample",
        }
    }
}

/// What a notice asks of a channel that keeps something open: an incident, a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Open one for the cause, or bring the open one up to date.
    Raise,
    /// Something of the cause is over, but not all of it.
    Update,
    /// All of the cause is over: close it.
    Settle,
    /// Nothing to keep open: it is only to be read.
    Tell,
}

impl Action {
    /// The word used in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raise => "raise",
            Self::Update => "update",
            Self::Settle => "settle",
            Self::Tell => "tell",
        }
    }
}

/// One of the things that a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What happened to it, in one or two words: “opened”, “resolved”, “ends in 7 days”.
    pub what: String,
    /// How bad.
    pub severity: Severity,
    /// One sentence about it.
    pub text: String,
    /// More, in a few words: “medium → high”. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What to do first. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// The finding, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingId>,
    /// The rule behind the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The rule's title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule_title: String,
    /// The controls that the rule serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<ControlId>,
    /// The resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_name: String,
    /// Whose it is, in words, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The sources that showed it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceName>,
    /// The environments of these sources, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// When it was found first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Where to read on: an address, if the configuration has one, or the command that shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
}

/// A message to send through one channel. What it says is fixed when it is made, so that it is the same message
/// however often it has to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Made from what it is about, when, and where it goes: the same occasion gives the same id.
    pub id: NoticeId,
    /// The channel.
    pub channel: ChannelName,
    /// Mail addresses to send to in place of the channel's own: those of owners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// What it is about.
    pub topic: Topic,
    /// What it asks of a channel that keeps something open.
    pub action: Action,
    /// What it belongs with: notices of one cause are one thread, one incident, one ticket.
    pub cause: CauseId,
    /// The worst severity among its effects.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What happened, in a paragraph or a few. Plain text without markup.
    pub lead: Vec<String>,
    /// What it is about, the worst first; no more than the channel has room for.
    pub effects: Vec<Effect>,
    /// How many more there are.
    #[serde(default)]
    pub hidden: usize,
    /// Where or how to see all of it. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub more: String,
    /// The estate.
    pub estate: String,
    /// The scan that gave occasion, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Notice {
    /// All that it is about, listed or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.effects.len() + self.hidden
    }
}

/// How a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// It has to be sent, or sent again.
    Pending,
    /// The other side has taken it.
    Delivered,
    /// It was given up: the other side refuses it, or could not be reached for too long.
    Dead,
    /// It went into another notice, which is sent in its place.
    Folded(NoticeId),
}

impl Delivery {
    /// The word used in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Folded(_) => "folded",
        }
    }
}

/// A notice in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The message.
    pub notice: Notice,
    /// Notices of one channel with the same key that come due together are sent as one: those of a digest.
    pub digest: Option<String>,
    /// How it stands.
    pub delivery: Delivery,
    /// Not to be sent before.
    pub due_at: DateTime<Utc>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// Why the last try failed. Empty if none did.
    pub error: String,
}

/// What a channel keeps for a cause: the thread, incident or ticket that later notices of the same cause belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The channel.
    pub channel: ChannelName,
    /// The cause.
    pub cause: CauseId,
    /// What the other side calls it: a message's time stamp, a ticket's key. `None` if it gave nothing back, or nothing
    /// was delivered so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// When a notice raised it, the last time that one did.
    pub raised_at: DateTime<Utc>,
    /// When a notice of the cause was made last.
    pub told_at: DateTime<Utc>,
    /// The worst severity that was told.
    pub severity: Severity,
    /// True once all of the cause was told to be over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
    /// The channels that it was escalated to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalated: Vec<ChannelName>,
}

/// All that one occasion leaves to be told: kept together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// When that was.
    pub at: DateTime<Utc>,
    /// Messages for the outbox.
    pub outgoing: Vec<Outgoing>,
    /// Threads that began or moved on. What the other side calls them stays as the store knows it.
    pub threads: Vec<Thread>,
    /// The causes of findings that came up.
    pub causes: Vec<(FindingId, CauseId)>,
    /// What was told once and is not to be told again.
    pub told: Vec<String>,
}

impl Dispatch {
    /// Adds what another occasion leaves.
    pub fn extend(&mut self, other: Self) {
        self.outgoing.extend(other.outgoing);
        self.threads.extend(other.threads);
        self.causes.extend(other.causes);
        self.told.extend(other.told);
    }

    /// True if there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { at: self.at, ..Self::default() }
    }
}

/// Somebody knows of a finding and deals with it until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The finding.
    pub finding: FindingId,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The last day (UTC) on which nobody is reminded of it.
    pub until: NaiveDate,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Something that ends on a day, as it was known last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// What it is: the id of a resource, `waiver:W-1`, or `own:acme-jira` for a credential of keyroll's.
    pub id: String,
    /// In a few words: `API token “jenkins”`.
    pub what: String,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The resource, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceId>,
    /// Whose it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Their mail address, where it is known and they are still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_email: Option<String>,
    /// Why the owner cannot be told, if they cannot. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner_note: String,
    /// What it would break, in a few words: `used yesterday`. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub use_note: String,
    /// What to do. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// The sources that showed it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceName>,
    /// The environments of these sources, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// True if it is one of keyroll's own credentials.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// False if the last scan could not look for it, and it is told as it was seen before.
    pub observed: bool,
}

/// How a run of a schedule ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// A snapshot was stored, and nothing undeclared was left unseen.
    Complete,
    /// A snapshot was stored, with undeclared gaps.
    Incomplete,
    /// No snapshot was stored; why is in the run's note.
    Failed,
    /// It was told to stop, and is to be taken up again.
    Interrupted,
    /// It never said how it ended: the process is gone.
    Vanished,
}

impl RunEnd {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Complete, Self::Incomplete, Self::Failed, Self::Interrupted, Self::Vanished];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Vanished => "vanished",
        }
    }

    /// True if a snapshot was stored.
    #[must_use]
    pub fn stored(self) -> bool {
        matches!(self, Self::Complete | Self::Incomplete)
    }
}

/// One run of a scan: that it began is written down before anything is asked, so that its end can be missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Number given by the store.
    pub id: i64,
    /// The schedule, or [`Run::BY_HAND`].
    pub schedule: String,
    /// The moment on the schedule that it is for; when it was begun, if by hand.
    pub due_at: DateTime<Utc>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended; `None` while it is under way.
    pub end: Option<RunEnd>,
    /// The snapshot it stored.
    pub snapshot: Option<SnapshotId>,
    /// Why it failed, in a few words.
    pub note: String,
}

impl Run {
    /// The schedule of scans that people start.
    pub const BY_HAND: &'static str = "by hand";
}
