//! News about the schedule itself: a scan that did not start, does not end, failed or vanished; and that all is well again.
//! Silence must mean that it ran.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::routing::{Event, Routing};
use super::tell::{Draft, Writer};
use super::wording::moment;
use crate::model::{Action, CauseId, ChannelName, Dispatch, Effect, Severity, SourceName, Thread, Topic};
use crate::text::{harmless, plural, shorten};

/// What is the matter with a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Scans did not start: how many, and the first of them.
    Missed {
        /// How many.
        count: usize,
        /// When the first was due.
        first: DateTime<Utc>,
    },
    /// A scan was due and has not ended.
    Late {
        /// When it was due.
        due_at: DateTime<Utc>,
        /// When it began, if it did.
        started_at: Option<DateTime<Utc>>,
    },
    /// A scan began and its process is gone.
    Vanished {
        /// When it began.
        started_at: DateTime<Utc>,
    },
    /// A scan could not be done.
    Failed {
        /// When it was due.
        due_at: DateTime<Utc>,
        /// Why.
        why: String,
    },
}

/// Something about one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleNews {
    /// The schedule's name.
    pub schedule: String,
    /// The sources that it scans; none means all.
    pub sources: Vec<SourceName>,
    /// What is the matter; `None` if a scan was stored after trouble.
    pub trouble: Option<Trouble>,
    /// What all trouble since the last stored scan shares.
    pub cause: CauseId,
}

impl ScheduleNews {
    /// The mark that keeps the same trouble from being told twice.
    #[must_use]
    pub fn mark(&self) -> String {
        let what = match &self.trouble {
            None => "well".to_owned(),
            Some(Trouble::Missed { first, .. }) => format!("missed@{}", first.timestamp()),
            Some(Trouble::Late { due_at, .. }) => format!("late@{}", due_at.timestamp()),
            Some(Trouble::Vanished { started_at }) => format!("vanished@{}", started_at.timestamp()),
            Some(Trouble::Failed { due_at, .. }) => format!("failed@{}", due_at.timestamp()),
        };
        format!("schedule:{}:{}:{what}", self.schedule, self.cause)
    }
}

/// The cause of all trouble with a schedule since the scan that it stored last.
#[must_use]
pub fn schedule_cause(schedule: &str, last_stored: Option<DateTime<Utc>>) -> CauseId {
    CauseId::of(&("schedule", schedule, last_stored.map(|at| at.timestamp_millis())))
}

/// What is to be told about a schedule. That all is well again is told to those who heard of the trouble.
#[must_use]
pub fn of_schedule(
    news: &ScheduleNews,
    estate: &str,
    routing: &Routing,
    threads: &[Thread],
    recent: &HashMap<ChannelName, usize>,
    now: DateTime<Utc>,
) -> Dispatch {
    let routes = routing.routes.iter().filter(|route| {
        route.tells.contains(&Event::Missed) && route.picks.fits_sources(Severity::High, &news.sources)
    });
    let mut channels: Vec<&ChannelName> = routes.flat_map(|route| &route.to).collect();
    let heard = |channel: &ChannelName| threads.iter().any(|one| one.cause == news.cause && one.channel == *channel);
    if news.trouble.is_none() {
        channels = routing.channels.iter().map(|plan| &plan.name).filter(|name| heard(name)).collect();
    }
    channels.sort_unstable();
    channels.dedup();
    let drafts = channels.into_iter().map(|channel| draft(news, channel, estate)).collect();
    let writer = Writer { routing, estate, snapshot: None, now };
    let mut dispatch = writer.write(drafts, threads, recent);
    if news.trouble.is_some() {
        dispatch.told.push(news.mark());
    }
    dispatch
}

fn draft(news: &ScheduleNews, channel: &ChannelName, estate: &str) -> Draft {
    let name = shorten(&harmless(&news.schedule), 60);
    let (action, title, lead) = match &news.trouble {
        None => (
            Action::Settle,
            format!("Schedule `{name}` of {estate} runs again"),
            "A scan of it was stored after the trouble.".to_owned(),
        ),
        Some(Trouble::Missed { count, first }) => (
            Action::Raise,
            format!("{} of schedule `{name}` did not start", plural(*count, "scan", "scans")),
            format!(
                "The first was due on {}. Nobody looked at {estate} then: what happened since is seen by the scan that \
                     begins now, and only once.",
                moment(*first)
            ),
        ),
        Some(Trouble::Late { due_at, started_at }) => (
            Action::Raise,
            format!("The scan of schedule `{name}` is late"),
            match started_at {
                Some(at) => {
                    format!("It was due on {} and began on {}, and has not ended.", moment(*due_at), moment(*at))
                }
                None => format!("It was due on {} and has not begun.", moment(*due_at)),
            },
        ),
        Some(Trouble::Vanished { started_at }) => (
            Action::Raise,
            format!("A scan of schedule `{name}` never ended"),
            format!(
                "It began on {}, and its process is gone: it was killed, or the machine stopped.",
                moment(*started_at)
            ),
        ),
        Some(Trouble::Failed { due_at, why }) => (
            Action::Raise,
            format!("The scan of schedule `{name}` failed"),
            format!("It was due on {}. {}", moment(*due_at), shorten(&harmless(why), 500)),
        ),
    };
    let effects = news.trouble.iter().map(|_| effect(&title, &lead, &news.sources)).collect();
    Draft {
        channel: channel.clone(),
        recipients: Vec::new(),
        digest: None,
        topic: Topic::Schedule,
        action,
        cause: news.cause.clone(),
        title,
        lead: vec![lead],
        effects,
        more: "keyroll snapshots".to_owned(),
    }
}

fn effect(text: &str, note: &str, sources: &[SourceName]) -> Effect {
    Effect {
        what: "not scanned".to_owned(),
        severity: Severity::High,
        text: text.to_owned(),
        note: note.to_owned(),
        remedy: "Look at the log of keyroll, and scan by hand with `keyroll scan`.".to_owned(),
        finding: None,
        rule: None,
        rule_title: String::new(),
        controls: Vec::new(),
        resource: None,
        resource_name: String::new(),
        owner: None,
        sources: sources.to_vec(),
        environments: Vec::new(),
        since: None,
        link: String::new(),
    }
}
