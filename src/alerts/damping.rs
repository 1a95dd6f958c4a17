//! What opens and is over again and again is not told every time: nobody reads the tenth message of that sort, nor the one
//! after it that matters.
//!
//! From the turn that makes a finding flap ([`Flapping`]), that it is over is held back: for whoever was told of it, it stands
//! as open, and what is open again is no news to them. That errs on one side only: nobody takes something open for over. What is
//! held back is told when the finding has kept still for [`STILL`]. What was told last is kept in marks in the store, never in
//! memory; a finding without a mark is told like any other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::{Cause, Root};
use super::occasion::{Known, Occasion};
use super::routing::{Event, Routing};
use super::tell::Draft;
use super::wording;
use crate::model::{
    Action, CauseId, ChannelName, Coverage, Effect, Finding, FindingId, Flapping, LedgerEntry, Resolution, Saw,
    Severity, Status, Step, Thread, Topic, Transition,
};
use crate::text::plural;

/// Begins the marks of how a finding that flaps was told last.
pub const FLAP: &str = "flap:";

/// How long a finding must have kept still before it is told again how it stands.
pub const STILL: TimeDelta = TimeDelta::days(7);

/// How long a finding has stood as it does, as far as scans saw: from when it came to stand so, or from the last scan that
/// looked for it and could not see all, up to the last that could. `scans` are those that are kept, the newest first, with
/// when they began. A scan that did not ask, since its schedule is about other sources, neither counts nor begins it anew.
pub fn kept_still<'a>(finding: &Finding, scans: impl Iterator<Item = (DateTime<Utc>, &'a [LedgerEntry])>) -> TimeDelta {
    let (mut moved, mut looked) = (finding.since, None);
    for (started_at, ledger) in scans.take_while(|(started_at, _)| *started_at >= finding.since) {
        match Coverage(ledger).saw(&finding.seen_by) {
            Saw::Whole => looked = looked.or(Some(started_at)),
            Saw::NotAsked => {}
            Saw::Gap => {
                moved = started_at;
                break;
            }
        }
    }
    looked.map_or(TimeDelta::zero(), |looked| (looked - moved).max(TimeDelta::zero()))
}

/// How a finding stands for those who were told of it, though it may be over: as open, with this severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    severity: Severity,
    /// The channels that were told.
    channels: BTreeSet<String>,
}

/// The findings that went back and forth and were not told since how they stand, by the marks.
#[must_use]
pub fn flapping(told: &BTreeSet<String>) -> BTreeSet<FindingId> {
    held(told).into_keys().collect()
}

/// The findings that are held as open, by the marks.
pub(super) fn held(told: &BTreeSet<String>) -> HashMap<FindingId, Held> {
    let mut latest: BTreeMap<&str, (i64, Option<Held>)> = BTreeMap::new();
    for mark in told {
        let Some((finding, at, state)) = parse(mark) else { continue };
        let entry = latest.entry(finding).or_insert((at, None));
        if at >= entry.0 {
            *entry = (at, state);
        }
    }
    latest.into_iter().filter_map(|(finding, (_, held))| Some((FindingId::from(finding), held?))).collect()
}

/// `flap:F-1@1764208800000:held:high:mail,pager` or `flap:F-1@1764208800000:free`.
fn parse(mark: &str) -> Option<(&str, i64, Option<Held>)> {
    let (finding, rest) = mark.strip_prefix(FLAP)?.split_once('@')?;
    let mut parts = rest.splitn(4, ':');
    let at = parts.next()?.parse().ok()?;
    match parts.next()? {
        "free" => Some((finding, at, None)),
        "held" => {
            let severity = parts.next()?.parse().ok()?;
            let channels = parts.next().unwrap_or_default().split(',').map(str::to_owned).collect();
            Some((finding, at, Some(Held { severity, channels })))
        }
        _ => None,
    }
}

fn mark(finding: &FindingId, at: DateTime<Utc>, held: Option<&Held>) -> String {
    let channels = |held: &Held| held.channels.iter().map(String::as_str).collect::<Vec<_>>().join(",");
    let state = held.map_or_else(|| "free".to_owned(), |held| format!("held:{}:{}", held.severity, channels(held)));
    format!("{FLAP}{finding}@{}:{state}", at.timestamp_millis())
}

/// The steps of a scan, by how they are to be told.
#[derive(Debug, Default)]
pub(super) struct Damped<'a> {
    /// Told like ever.
    pub(super) told: Vec<Transition>,
    /// Open again, for whoever was not told that it was over: told only where nobody was told that it is open.
    pub(super) open_as_told: Vec<(&'a Finding, &'a Transition, Held)>,
    /// Open again, and worse than it was told: told under the cause that it has.
    pub(super) worse_than_told: Vec<(&'a Finding, &'a Transition)>,
    /// Over, which is held back.
    pub(super) held_back: Vec<(&'a Finding, &'a Transition)>,
    /// Those of them with which it began: that it goes back and forth is told.
    pub(super) begins: Vec<(&'a Finding, Flapping)>,
    /// Marks to keep.
    pub(super) marks: Vec<String>,
}

impl<'a> Damped<'a> {
    /// Sorts the steps of a scan. `picked` gives the channels that routes pick for a finding, but for mail to owners.
    pub(super) fn of(
        occasion: &Occasion<'a>,
        routing: &Routing,
        held: &HashMap<FindingId, Held>,
        picked: impl Fn(&Finding) -> BTreeSet<String>,
    ) -> Self {
        let findings: HashMap<&FindingId, &Finding> =
            occasion.findings.iter().map(|finding| (&finding.id, finding)).collect();
        let mut damped = Self::default();
        for transition in occasion.transitions {
            let finding = findings.get(&transition.finding).copied();
            match finding.filter(|finding| occasion.known.causes.contains_key(&finding.id)) {
                Some(finding) => damped.sort(occasion, routing, finding, transition, held.get(&finding.id), &picked),
                // Nobody was told of it so far.
                None => damped.told.push(transition.clone()),
            }
        }
        damped
    }

    fn sort(
        &mut self,
        occasion: &Occasion<'a>,
        routing: &Routing,
        finding: &'a Finding,
        transition: &'a Transition,
        held: Option<&Held>,
        picked: &impl Fn(&Finding) -> BTreeSet<String>,
    ) {
        let now = occasion.now;
        match (transition.step, held) {
            (Step::Resolved, _) if routing.damps_flapping && came_about_by_itself(finding) => {
                let turns = occasion.known.turns.get(&finding.id).into_iter().flatten().copied();
                match Flapping::of(turns.chain([now]), now) {
                    Some(flapping) => {
                        if held.is_none() {
                            self.begins.push((finding, flapping));
                        }
                        // That it goes back and forth is told to all who heard of it and whom a route picks.
                        let channels =
                            held.map_or_else(|| told(occasion, finding, picked(finding)), |held| held.channels.clone());
                        let severity = held.map_or(finding.severity, |held| held.severity.max(finding.severity));
                        self.marks.push(mark(&finding.id, now, Some(&Held { severity, channels })));
                        self.held_back.push((finding, transition));
                    }
                    None => self.tell(finding, transition, held, now),
                }
            }
            (Step::Reopened, Some(held)) if routing.damps_flapping && finding.severity <= held.severity => {
                let now_told = Held { channels: picked(finding), ..held.clone() };
                self.marks.push(mark(&finding.id, now, Some(&now_told)));
                self.open_as_told.push((finding, transition, held.clone()));
            }
            (Step::Reopened, Some(_)) => {
                let held = Held { severity: finding.severity, channels: picked(finding) };
                self.marks.push(mark(&finding.id, now, Some(&held).filter(|_| routing.damps_flapping)));
                self.worse_than_told.push((finding, transition));
            }
            (Step::Resolved | Step::Waived, _) => self.tell(finding, transition, held, now),
            (Step::Opened | Step::Reopened | Step::Worsened | Step::WaiverEnded, _) => {
                self.told.push(transition.clone());
            }
        }
    }

    /// Tells that it is over, or waived: nothing is held back any more.
    fn tell(&mut self, finding: &Finding, transition: &Transition, held: Option<&Held>, now: DateTime<Utc>) {
        if held.is_some() {
            self.marks.push(mark(&finding.id, now, None));
        }
        self.told.push(transition.clone());
    }

    /// True if every step is told like ever.
    pub(super) fn is_nothing(&self) -> bool {
        self.open_as_told.is_empty() && self.worse_than_told.is_empty() && self.held_back.is_empty()
    }
}

impl Held {
    /// True if a channel was told.
    pub(super) fn told_in(&self, channel: &ChannelName) -> bool {
        self.channels.contains(channel.as_str())
    }
}

/// The channels of those that are picked which have an open thread for a finding's cause: they heard of it.
fn told(occasion: &Occasion<'_>, finding: &Finding, picked: BTreeSet<String>) -> BTreeSet<String> {
    let cause = occasion.known.causes.get(&finding.id);
    let has_thread = |channel: &String| {
        occasion.known.threads.iter().any(|thread| Some(&thread.cause) == cause && thread.channel.as_str() == channel)
    };
    picked.into_iter().filter(has_thread).collect()
}

/// False for what people decided, which is told at once: a rule taken out of use, a change accepted with a baseline, a
/// credential replaced.
fn came_about_by_itself(finding: &Finding) -> bool {
    match finding.status {
        Status::Resolved(Resolution::Fixed | Resolution::ResourceGone) => true,
        Status::Resolved(Resolution::Rotated | Resolution::RuleRetired | Resolution::AcceptedInBaseline)
        | Status::Open
        | Status::Waived(_) => false,
    }
}

/// Steps under the causes that their findings have already.
pub(super) fn under_earlier<'a>(
    steps: impl Iterator<Item = (&'a Finding, &'a Transition)>,
    known: &Known,
) -> Vec<Cause<'a>> {
    let mut causes: BTreeMap<&CauseId, Cause<'a>> = BTreeMap::new();
    for (finding, transition) in steps {
        let Some(id) = known.causes.get(&finding.id) else { continue };
        let cause =
            causes.entry(id).or_insert_with(|| Cause { id: id.clone(), root: Root::Earlier, steps: Vec::new() });
        cause.steps.push((finding, transition));
    }
    causes.into_values().collect()
}

/// What a message says when a finding begins to flap: its title and its paragraphs.
pub(super) fn beginning(finding: &Finding, flapping: Flapping, effect: &Effect) -> (String, Vec<String>) {
    let lead = vec![
        format!(
            "It comes and goes: {} since {}, and it is over now. From here on single turns are not told: it counts as open \
             until it has been over for {} days on end, and is told at once if it gets worse.",
            plural(flapping.turns, "turn", "turns"),
            wording::moment(flapping.since),
            STILL.num_days()
        ),
        format!("What happened so far: keyroll history {}", finding.id.short()),
    ];
    (format!("Back and forth: {}", effect.text), lead)
}

/// What had been held back and is told now, since nothing moved for so long.
pub(super) struct Stilled {
    pub(super) drafts: Vec<Draft>,
    /// Threads that are over without a word: their channel was told every step.
    pub(super) settled: Vec<Thread>,
    pub(super) marks: Vec<String>,
}

/// Findings that flapped and have kept still for long enough.
pub(super) fn stilled(findings: &[Finding], known: &Known, routing: &Routing, now: DateTime<Utc>) -> Stilled {
    let held = held(&known.told);
    let is_still = |finding: &&Finding| {
        held.contains_key(&finding.id) && known.still_for.get(&finding.id).is_some_and(|still| *still >= STILL)
    };
    let mut moved: BTreeMap<&CauseId, Vec<&Finding>> = BTreeMap::new();
    let mut stilled = Stilled { drafts: Vec::new(), settled: Vec::new(), marks: Vec::new() };
    for finding in findings.iter().filter(is_still) {
        stilled.marks.push(mark(&finding.id, now, None));
        if let (Some(cause), Status::Open | Status::Resolved(_)) = (known.causes.get(&finding.id), &finding.status) {
            moved.entry(cause).or_default().push(finding);
        }
    }
    for (cause, moved) in moved {
        let is_held = |one: &Finding| held.contains_key(&one.id) && !moved.iter().any(|still| still.id == one.id);
        let others = findings
            .iter()
            .filter(|one| known.causes.get(&one.id) == Some(cause))
            .any(|one| one.status == Status::Open || is_held(one));
        let action = if others { Action::Update } else { Action::Settle };
        for thread in known.threads.iter().filter(|thread| thread.cause == *cause) {
            let Some(plan) = routing.channel(&thread.channel) else { continue };
            let wanted = |finding: &&&Finding| {
                let event = if finding.status == Status::Open { Event::Reopened } else { Event::Resolved };
                plan.kind.keeps_open || routing.tells(finding, &thread.channel, event)
            };
            let told: Vec<&Finding> = moved.iter().filter(wanted).copied().collect();
            if plan.kind.wants_every_step || told.is_empty() {
                stilled.settled.push(Thread { settled: action == Action::Settle, ..thread.clone() });
                continue;
            }
            stilled.drafts.push(still(&told, thread, action, routing, now));
        }
    }
    stilled
}

/// That findings stand as they are since a week.
fn still(told: &[&Finding], thread: &Thread, action: Action, routing: &Routing, now: DateTime<Utc>) -> Draft {
    let what = |finding: &Finding| if finding.status == Status::Open { "open" } else { "over" };
    let effects: Vec<Effect> = told
        .iter()
        .map(|finding| Effect { what: what(finding).to_owned(), ..wording::standing(finding, routing) })
        .collect();
    let title = match effects.as_slice() {
        [one] if one.what == "open" => format!("Stands: {}", one.text),
        [one] => format!("Over: {}", one.text),
        several => format!("{} as they are", plural(several.len(), "finding stays", "findings stay")),
    };
    let days = STILL.num_days();
    let lead = format!("This went back and forth. For {days} days each scan that read it saw it as it is.");
    Draft {
        channel: thread.channel.clone(),
        recipients: Vec::new(),
        digest: told.first().and_then(|finding| routing.digest_of(finding, &thread.channel, now)),
        topic: Topic::Findings,
        action,
        cause: thread.cause.clone(),
        title,
        lead: vec![lead],
        effects,
        more: wording::see_cause(&thread.cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_how_a_finding_was_told_last() {
        let at = |day: u32| format!("2026-11-{day:02}T02:00:00Z").parse::<DateTime<Utc>>().unwrap();
        let (one, other) = (FindingId::from("F-ONE"), FindingId::from("F-TWO"));
        let channels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let severe = Held { severity: Severity::High, channels: channels(&["mail", "pager:2"]) };
        let mild = Held { severity: Severity::Low, channels: channels(&["mail"]) };
        let told = [
            mark(&one, at(9), Some(&mild)),
            mark(&one, at(10), Some(&severe)),
            mark(&other, at(9), Some(&mild)),
            mark(&other, at(10), None),
            "flap:F-THREE@x:held".to_owned(),
            "rung:F-ONE@9:7".to_owned(),
        ];
        assert_eq!(held(&told.into_iter().collect()), HashMap::from([(one, severe.clone())]));
        assert!(severe.told_in(&"pager:2".into()) && !mild.told_in(&"pager:2".into()));
    }
}
