//! Who is told of what, as the configuration says it: channels with their limits, routes with what they pick, the expiry
//! ladder and the heartbeat. Read without any secret, so that a preview needs none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{CHANNELS, ChannelKind};
use crate::document::{Located, Section};
use crate::model::{ChannelName, Finding, Severity, SourceName};
use crate::problem::Problems;
use crate::text::{did_you_mean, fits_pattern};
use crate::timetable::{Crontab, QuietHours, Span, TimeOfDay, Weekdays, WorkingDays, Zone};

/// Messages of one day that a channel is given unless the configuration says otherwise.
const MESSAGES_PER_DAY: usize = 50;

/// Days before the end on which people are told, unless the configuration says otherwise.
const LADDER: [u16; 5] = [30, 14, 7, 3, 1];

/// Who is told of what. The default tells nobody.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    /// The channels, in the order of the file.
    pub channels: Vec<ChannelPlan>,
    /// The routes, in the order of the file.
    pub routes: Vec<Route>,
    /// What ends soon, and who hears of it.
    pub ladder: Ladder,
    /// True if a rule that is new, or was changed, may call people for facts that are old.
    pub calls_for_old_facts: bool,
    /// True if findings that go back and forth are not told at every turn.
    pub damps_flapping: bool,
    /// Where a finding can be read, with `{finding}` in place of its id; `None` tells the command instead.
    pub link: Option<String>,
    /// The environment of each source that has one.
    pub environments: BTreeMap<SourceName, String>,
}

/// What is known about a channel without building it.
#[derive(Debug, Clone)]
pub struct ChannelPlan {
    /// Its name.
    pub name: ChannelName,
    /// Its sort.
    pub kind: &'static ChannelKind,
    /// Messages of one day before the rest is told in one.
    pub messages_per_day: usize,
    /// When nobody is to be disturbed.
    pub quiet: Option<QuietHours>,
    /// The severity from which quiet hours do not count; `None` if they always do.
    pub loud_from: Option<Severity>,
}

impl ChannelPlan {
    /// When a message of this severity may be sent at the earliest.
    #[must_use]
    pub fn due(&self, at: DateTime<Utc>, severity: Severity) -> DateTime<Utc> {
        match &self.quiet {
            Some(quiet) if self.loud_from.is_none_or(|loud| severity < loud) => quiet.until(at).unwrap_or(at),
            _ => at,
        }
    }
}

/// What may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A finding came up for the first time.
    Opened,
    /// A finding came up again.
    Reopened,
    /// A finding got worse.
    Worsened,
    /// A finding is over.
    Resolved,
    /// A waiver covers a finding.
    Waived,
    /// A waiver covers a finding no longer.
    WaiverEnded,
    /// What a first scan, a new rule or a new source found, as a sum.
    Adopted,
    /// A scan could not see everything, or can again.
    Incomplete,
    /// A scan on the schedule was missed, is late or failed.
    Missed,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::Reopened,
        Self::Worsened,
        Self::Resolved,
        Self::Waived,
        Self::WaiverEnded,
        Self::Adopted,
        Self::Incomplete,
        Self::Missed,
    ];

    /// The word in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Worsened => "worsened",
            Self::Resolved => "resolved",
            Self::Waived => "waived",
            Self::WaiverEnded => "waiver-ended",
            Self::Adopted => "adopted",
            Self::Incomplete => "incomplete",
            Self::Missed => "missed",
        }
    }
}

/// Which news go to which channels, and how.
#[derive(Debug, Clone)]
pub struct Route {
    /// The channels.
    pub to: Vec<ChannelName>,
    /// True if mail goes to the owner of what a finding is about, where one is known. What has no owner that can be
    /// reached goes to the channel's own addresses.
    pub owners: bool,
    /// What it picks.
    pub picks: Picks,
    /// The events it tells.
    pub tells: BTreeSet<Event>,
    /// When a digest is sent; `None` tells at once.
    pub digest: Option<(Crontab, Zone)>,
    /// Days after which what still stands is told again.
    pub remind_days: Option<u32>,
    /// Who is called when nobody acknowledges.
    pub escalate: Option<Escalation>,
}

/// Who is called when nobody acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// How long people have.
    pub after: Duration,
    /// The channel.
    pub to: ChannelName,
    /// The least severity for which it is done.
    pub severity: Severity,
}

/// What a route picks: all of it must fit, and of each list one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picks {
    /// The least severity.
    pub severity: Option<Severity>,
    /// Rules, in which `*` stands for any characters.
    pub rules: Vec<String>,
    /// Controls, likewise: `soc2:*`.
    pub controls: Vec<String>,
    /// Sources.
    pub sources: Vec<String>,
    /// Owners by name, with `*`.
    pub owners: Vec<String>,
    /// Environments of sources.
    pub environments: Vec<String>,
}

impl Picks {
    /// True if a finding fits.
    #[must_use]
    pub fn fits(&self, finding: &Finding, environments: &BTreeMap<SourceName, String>) -> bool {
        let sources = || finding.seen_by.iter().map(|seen| &seen.source);
        self.fits_severity(finding.severity)
            && any(&self.rules, || std::iter::once(finding.rule.as_str()))
            && any(&self.controls, || finding.controls.iter().map(|control| control.as_str()))
            && any(&self.sources, || sources().map(SourceName::as_str))
            && any(&self.owners, || finding.owner.as_deref().into_iter())
            && any(&self.environments, || sources().filter_map(|source| environments.get(source)).map(String::as_str))
    }

    /// True if news that are about no finding fit: those of sources, where one is named.
    #[must_use]
    pub fn fits_sources(&self, severity: Severity, sources: &[SourceName]) -> bool {
        let about_findings = [&self.rules, &self.controls, &self.owners, &self.environments];
        about_findings.iter().all(|list| list.is_empty())
            && self.fits_severity(severity)
            && (sources.is_empty() || any(&self.sources, || sources.iter().map(SourceName::as_str)))
    }

    fn fits_severity(&self, severity: Severity) -> bool {
        self.severity.is_none_or(|least| severity >= least)
    }
}

/// True if there are no patterns, or one of them fits one of the words. Capitals do not matter.
fn any<'a, W: Iterator<Item = &'a str>>(patterns: &[String], words: impl Fn() -> W) -> bool {
    patterns.is_empty()
        || patterns
            .iter()
            .any(|pattern| words().any(|word| fits_pattern(&pattern.to_lowercase(), &word.to_lowercase())))
}

/// Who hears, and how early, of what ends soon.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// Days before the end, the greatest first.
    pub days: Vec<u16>,
    /// Days on which somebody works: a rung on another day is told on the last such day before it. `None` takes every day.
    pub working_days: Option<WorkingDays>,
    /// Whose days these are.
    pub zone: Zone,
    /// Channels that hear of all of it.
    pub to: Vec<ChannelName>,
    /// The channel through which owners hear of what is theirs.
    pub owners: Option<ChannelName>,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { days: LADDER.to_vec(), working_days: None, zone: Zone::default(), to: Vec::new(), owners: None }
    }
}

/// A channel as it is written down, not yet built.
#[derive(Debug)]
pub struct ChannelSection {
    /// Its name.
    pub name: ChannelName,
    /// Its sort.
    pub kind: &'static ChannelKind,
    /// What is left of its section.
    pub section: Section,
}

impl Routing {
    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &ChannelName) -> Option<&ChannelPlan> {
        self.channels.iter().find(|channel| channel.name == *name)
    }

    /// True if a route tells a channel of such an event with a finding.
    pub(super) fn tells(&self, finding: &Finding, channel: &ChannelName, event: Event) -> bool {
        self.to(finding, channel).any(|route| route.tells.contains(&event))
    }

    /// When a channel's digest with news of a finding is due; `None` if it is told at once.
    pub(super) fn digest_of(
        &self,
        finding: &Finding,
        channel: &ChannelName,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        if self.channel(channel)?.kind.keeps_open || self.to(finding, channel).any(|route| route.digest.is_none()) {
            return None;
        }
        let (crontab, zone) = self.to(finding, channel).find_map(|route| route.digest.as_ref())?;
        crontab.next_after(now, zone)
    }

    /// The routes that pick a finding for a channel.
    fn to<'r>(&'r self, finding: &'r Finding, channel: &'r ChannelName) -> impl Iterator<Item = &'r Route> {
        let fits = |route: &&Route| route.to.contains(channel) && route.picks.fits(finding, &self.environments);
        self.routes.iter().filter(fits)
    }

    /// The environments of some sources, sorted.
    #[must_use]
    pub fn environments_of(&self, sources: &[SourceName]) -> Vec<String> {
        let known: BTreeSet<&String> = sources.iter().filter_map(|source| self.environments.get(source)).collect();
        known.into_iter().cloned().collect()
    }

    /// Reads the section `alerts`. Gives back the channels too, to be built when something is to be sent.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn read(mut section: Section) -> Result<(Self, Vec<ChannelSection>), Problems> {
        let mut reader = Reader::default();
        for channel in section.sections("channels") {
            let read = reader.channel(channel);
            section.take(read);
        }
        let mut routes = Vec::new();
        for route in section.sections("routes") {
            let read = reader.route(route);
            routes.extend(section.take(read));
        }
        let ladder = section.section("expiry").map(|part| reader.ladder(part));
        let ladder = ladder.and_then(|read| section.take(read)).unwrap_or_default();
        let calls_for_old_facts = read_new_rules(&mut section);
        let damps_flapping = section.get::<bool>("damp_flapping").unwrap_or(true);
        let link = read_link(&mut section);
        for (name, span) in reader.unused() {
            let help = "name it in a route or under `expiry`, or take it out".to_owned();
            section.wrong(span, format!("nothing is sent to channel `{name}`"), Some(help));
        }
        let (channels, sections) = (reader.plans, reader.sections);
        let routing =
            Self { channels, routes, ladder, calls_for_old_facts, damps_flapping, link, environments: BTreeMap::new() };
        section.finish(Some((routing, sections)))
    }
}

fn read_new_rules(section: &mut Section) -> bool {
    let Some(written) = section.get::<Located<String>>("new_rules") else { return false };
    match written.value.as_str() {
        "sum" => false,
        "call" => true,
        other => {
            let help = "`sum` tells once how much a new rule found, `call` treats it like any other finding".to_owned();
            section.wrong(written.span, format!("`new_rules` cannot be `{other}`"), Some(help));
            false
        }
    }
}

fn read_link(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.get("link")?;
    let address = written.value.starts_with("https://") || written.value.starts_with("http://");
    if !address || !written.value.contains("{finding}") {
        let help = "write it like `https://keyroll.acme.example/findings/{finding}`".to_owned();
        section.wrong(written.span, "`link` is no address with `{finding}` in it", Some(help));
        return None;
    }
    Some(written.value)
}

/// Reads the parts, and remembers which channels there are and which of them are used.
#[derive(Default)]
struct Reader {
    plans: Vec<ChannelPlan>,
    sections: Vec<ChannelSection>,
    places: Vec<(ChannelName, std::ops::Range<usize>)>,
    used: BTreeSet<ChannelName>,
}

impl Reader {
    fn channel(&mut self, mut section: Section) -> Result<(), Problems> {
        let name: Option<Located<String>> = section.need("name");
        let kind: Option<Located<String>> = section.need("type");
        let messages_per_day =
            section.number("messages_per_day", 10_000).map_or(MESSAGES_PER_DAY, |number| number as usize);
        let (quiet, loud_from) = quiet(&mut section);
        let known = kind.as_ref().and_then(|kind| CHANNELS.iter().find(|known| known.name == kind.value));
        if let (Some(kind), None) = (&kind, known) {
            let names: Vec<&str> = CHANNELS.iter().map(|channel| channel.name).collect();
            let help = suggestion(&kind.value, &names, "known types");
            section.wrong(kind.span.clone(), format!("unknown channel type `{}`", kind.value), Some(help));
        }
        if let Some(name) = &name
            && self.plans.iter().any(|plan| plan.name.as_str() == name.value)
        {
            section.wrong(name.span.clone(), format!("two channels are named `{}`", name.value), None);
        }
        match (name, known) {
            (Some(name), Some(kind)) => {
                let channel: ChannelName = name.value.as_str().into();
                self.places.push((channel.clone(), name.span));
                self.plans.push(ChannelPlan { name: channel.clone(), kind, messages_per_day, quiet, loud_from });
                self.sections.push(ChannelSection { name: channel, kind, section });
                Ok(())
            }
            (name, _) => {
                // What is not known by its type cannot be judged further; that it exists is known to the routes.
                if let Some(name) = name {
                    self.used.insert(name.value.as_str().into());
                }
                section.rest();
                section.finish(Some(()))
            }
        }
    }

    fn route(&mut self, mut section: Section) -> Result<Route, Problems> {
        let to = self.targets(&mut section, "to");
        if !section.has("to") {
            let help = "add `to:` with the name of a channel, or a list of them".to_owned();
            section.wrong(section.span(), "the route leads nowhere", Some(help));
        }
        let owners = section.get("owners_first").unwrap_or(false);
        if owners && !to.iter().any(|name| self.reaches_owners(name)) {
            let help = "name a channel of type `email` under `to`".to_owned();
            section.wrong(section.span_of("owners_first"), "owners can only be told by mail", Some(help));
        }
        let picks = section.section("pick").map(picks);
        let picks = picks.and_then(|read| section.take(read)).unwrap_or_default();
        let tells = events(&mut section);
        let digest = digest(&mut section);
        let remind_days = section.number("remind_days", 365);
        let escalate = section.section("escalate").map(|part| self.escalation(part));
        let escalate = escalate.and_then(|read| section.take(read));
        section.finish(Some(Route { to, owners, picks, tells, digest, remind_days, escalate }))
    }

    fn escalation(&mut self, mut section: Section) -> Result<Escalation, Problems> {
        let after: Option<Span> = section.need_parsed("after");
        let to = self.targets(&mut section, "to");
        if to.len() != 1 {
            section.wrong(section.span_of("to"), "an escalation goes to one channel", None);
        }
        let severity = section.get_parsed("severity").unwrap_or(Severity::High);
        let escalation =
            after.zip(to.into_iter().next()).map(|(after, to)| Escalation { after: after.duration(), to, severity });
        section.finish(escalation)
    }

    fn ladder(&mut self, mut section: Section) -> Result<Ladder, Problems> {
        let mut ladder = Ladder::default();
        if let Some(days) = section.get::<Vec<Located<i64>>>("days") {
            ladder.days = rungs(&mut section, &days);
        }
        let holidays = section.get::<Vec<Located<String>>>("holidays").unwrap_or_default();
        let holidays: Vec<chrono::NaiveDate> =
            holidays.into_iter().filter_map(|day| holiday(&mut section, &day)).collect();
        if section.get("working_days").unwrap_or(false) {
            ladder.working_days = Some(WorkingDays::new(holidays));
        }
        ladder.zone = section.get_parsed("zone").unwrap_or_default();
        ladder.to = self.targets(&mut section, "to");
        let owners = self.targets(&mut section, "owners");
        if let Some(name) = owners.iter().find(|name| !self.reaches_owners(name)) {
            let help = "name a channel of type `email`".to_owned();
            section.wrong(
                section.span_of("owners"),
                format!("owners cannot be told through channel `{name}`"),
                Some(help),
            );
        }
        ladder.owners = owners.into_iter().next();
        section.finish(Some(ladder))
    }

    /// The channels under a key: one name, or a list of them.
    fn targets(&mut self, section: &mut Section, key: &'static str) -> Vec<ChannelName> {
        let written: Vec<Located<String>> = match section.get::<crate::document::Node>(key) {
            None => return Vec::new(),
            Some(node) => match node.value {
                crate::document::Value::List(_) => section.get(key).unwrap_or_default(),
                _ => section.get(key).into_iter().collect(),
            },
        };
        let mut targets = Vec::new();
        for name in written {
            let channel: ChannelName = name.value.as_str().into();
            let known = self.plans.iter().any(|plan| plan.name == channel);
            if !known && !self.used.contains(&channel) {
                let names: Vec<&str> = self.plans.iter().map(|plan| plan.name.as_str()).collect();
                let help = suggestion(&name.value, &names, "channels are");
                section.wrong(name.span, format!("there is no channel `{}`", name.value), Some(help));
                continue;
            }
            self.used.insert(channel.clone());
            targets.push(channel);
        }
        targets
    }

    fn reaches_owners(&self, name: &ChannelName) -> bool {
        self.plans.iter().any(|plan| plan.name == *name && plan.kind.reaches_owners)
    }

    fn unused(&self) -> Vec<(ChannelName, std::ops::Range<usize>)> {
        self.places.iter().filter(|(name, _)| !self.used.contains(name)).cloned().collect()
    }
}

fn picks(mut section: Section) -> Result<Picks, Problems> {
    let picks = Picks {
        severity: section.get_parsed("severity"),
        rules: section.get("rules").unwrap_or_default(),
        controls: section.get("controls").unwrap_or_default(),
        sources: section.get("sources").unwrap_or_default(),
        owners: section.get("owners").unwrap_or_default(),
        environments: section.get("environments").unwrap_or_default(),
    };
    section.finish(Some(picks))
}

fn events(section: &mut Section) -> BTreeSet<Event> {
    let Some(written) = section.get::<Vec<Located<String>>>("tell") else {
        return Event::ALL.into_iter().filter(|event| *event != Event::Waived).collect();
    };
    let mut events = BTreeSet::new();
    for word in written {
        match Event::ALL.into_iter().find(|event| event.name() == word.value) {
            Some(event) => {
                events.insert(event);
            }
            None => {
                let help = suggestion(&word.value, &Event::ALL.map(Event::name), "known here");
                section.wrong(word.span, format!("there is no event `{}`", word.value), Some(help));
            }
        }
    }
    events
}

fn digest(section: &mut Section) -> Option<(Crontab, Zone)> {
    let crontab = section.get_parsed("digest");
    let zone = section.get_parsed("zone").unwrap_or_default();
    if section.has("zone") && !section.has("digest") {
        section.wrong(section.span_of("zone"), "`zone` is of use with `digest` only", None);
    }
    Some((crontab?, zone))
}

fn quiet(section: &mut Section) -> (Option<QuietHours>, Option<Severity>) {
    let Some(mut part) = section.section("quiet") else { return (None, None) };
    let from: Option<TimeOfDay> = part.need_parsed("from");
    let to: Option<TimeOfDay> = part.need_parsed("to");
    let zone = part.get_parsed("zone").unwrap_or_default();
    let days: Option<Weekdays> = part.get_parsed("days");
    let loud = match part.get::<Located<String>>("except") {
        None => Some(Severity::Critical),
        Some(word) if word.value == "nothing" => None,
        Some(word) => match word.value.parse() {
            Ok(severity) => Some(severity),
            Err(error) => {
                let error: String = error;
                part.wrong(
                    word.span,
                    format!("`except` cannot be `{}`", word.value),
                    Some(format!("{error}, or nothing")),
                );
                None
            }
        },
    };
    let hours = from.zip(to).and_then(|(from, to)| match QuietHours::new(from, to, zone, days) {
        Ok(hours) => Some(hours),
        Err(error) => {
            part.wrong(part.span(), "quiet hours cannot be read", Some(error.to_string()));
            None
        }
    });
    let read = part.finish(Some(()));
    section.take(read);
    (hours, loud)
}

/// Rungs of the ladder, the greatest first; each once.
fn rungs(section: &mut Section, written: &[Located<i64>]) -> Vec<u16> {
    let mut days = BTreeSet::new();
    for day in written {
        match u16::try_from(day.value).ok().filter(|days| (1..=365).contains(days)) {
            Some(fitting) => {
                days.insert(fitting);
            }
            None => section.wrong(day.span.clone(), format!("{} is no rung: expected 1 to 365 days", day.value), None),
        }
    }
    days.into_iter().rev().collect()
}

fn holiday(section: &mut Section, written: &Located<String>) -> Option<chrono::NaiveDate> {
    let day = written.value.parse().ok();
    if day.is_none() {
        let help = "a day is written as year, month and day: `2026-12-25`".to_owned();
        section.wrong(written.span.clone(), format!("`{}` is no day", written.value), Some(help));
    }
    day
}

fn suggestion(written: &str, known: &[&str], otherwise: &str) -> String {
    match did_you_mean(written, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("{otherwise}: {}", known.join(", ")),
    }
}
