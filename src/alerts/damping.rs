//! What opens and is over again and again is not told every time: nobody reads the tenth message of that sort, nor the one
//! after it that matters.
//!
//! From the turn that makes a finding flap ([`Flapping`]), that it is over is held back: for whoever was told of it, it stands
//! as open, and what is open again is no news to them. That errs on one side only: nobody takes something open for over. What is
//! held back is told when the finding has kept still for [`STILL`]. What was told last is kept in marks in the store, never in
//! memory; a finding without a mark is told like any other.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::{Cause, Root};
use super::occasion::{Known, Occasion};
use super::routing::Routing;
use super::tell::Draft;
use super::wording;
use crate::digest::Digest;
use crate::model::{
    Action, CauseId, Effect, Finding, FindingId, Flapping, Resolution, Severity, Status, Step, Thread, Topic,
    Transition,
};
use crate::text::plural;

/// Begins the marks of how a finding that flaps was told last.
pub const FLAP: &str = "flap:";

/// How long a finding must have kept still before it is told again how it stands.
pub(super) const STILL: TimeDelta = TimeDelta::days(7);

/// How a finding stands for those who were told of it, though it may be over: as open, with this severity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    severity: Severity,
    /// Digest of the address of the owner who was told; empty if none was.
    owner: String,
}

/// The findings that are held as open, by the marks.
pub(super) fn held(known: &Known) -> HashMap<FindingId, Held> {
    let mut latest: BTreeMap<&str, (i64, Option<Held>)> = BTreeMap::new();
    for mark in &known.told {
        let Some((finding, at, state)) = parse(mark) else { continue };
        let entry = latest.entry(finding).or_insert((at, None));
        if at >= entry.0 {
            *entry = (at, state);
        }
    }
    latest.into_iter().filter_map(|(finding, (_, held))| Some((FindingId::from(finding), held?))).collect()
}

/// `flap:F-1@1764208800000:held:high:0a1b…` or `flap:F-1@1764208800000:free`.
fn parse(mark: &str) -> Option<(&str, i64, Option<Held>)> {
    let (finding, rest) = mark.strip_prefix(FLAP)?.split_once('@')?;
    let mut parts = rest.split(':');
    let at = parts.next()?.parse().ok()?;
    match parts.next()? {
        "free" => Some((finding, at, None)),
        "held" => {
            let severity = parts.next()?.parse().ok()?;
            Some((finding, at, Some(Held { severity, owner: parts.next().unwrap_or_default().to_owned() })))
        }
        _ => None,
    }
}

fn mark(finding: &FindingId, at: DateTime<Utc>, held: Option<&Held>) -> String {
    let state = held.map_or_else(|| "free".to_owned(), |held| format!("held:{}:{}", held.severity, held.owner));
    format!("{FLAP}{finding}@{}:{state}", at.timestamp_millis())
}

/// What names an owner's address in a mark.
fn named(address: Option<&String>) -> String {
    address.map(|address| Digest::of(address).to_string().chars().take(16).collect()).unwrap_or_default()
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
    /// Sorts the steps of a scan. `owner` gives the address of whoever owns what a finding is about.
    pub(super) fn of(
        occasion: &Occasion<'a>,
        routing: &Routing,
        held: &HashMap<FindingId, Held>,
        owner: impl Fn(&Finding) -> Option<String>,
    ) -> Self {
        let findings: HashMap<&FindingId, &Finding> =
            occasion.findings.iter().map(|finding| (&finding.id, finding)).collect();
        let mut damped = Self::default();
        for transition in occasion.transitions {
            let finding = findings.get(&transition.finding).copied();
            match finding.filter(|finding| occasion.known.causes.contains_key(&finding.id)) {
                Some(finding) => damped.sort(occasion, routing, finding, transition, held.get(&finding.id), &owner),
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
        owner: &impl Fn(&Finding) -> Option<String>,
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
                        let known = held.map(|held| held.owner.clone()).filter(|owner| !owner.is_empty());
                        let owner = known.unwrap_or_else(|| named(owner(finding).as_ref()));
                        let severity = held.map_or(finding.severity, |held| held.severity.max(finding.severity));
                        self.marks.push(mark(&finding.id, now, Some(&Held { severity, owner })));
                        self.held_back.push((finding, transition));
                    }
                    None => self.tell(finding, transition, held, now),
                }
            }
            (Step::Reopened, Some(held)) if routing.damps_flapping && finding.severity <= held.severity => {
                self.open_as_told.push((finding, transition, held.clone()));
            }
            (Step::Reopened, Some(_)) => {
                let held = Held { severity: finding.severity, owner: named(owner(finding).as_ref()) };
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
    /// True if mail to this address told the owner.
    pub(super) fn told_to(&self, address: &String) -> bool {
        self.owner == named(Some(address))
    }
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
            "It came up and was over by turns, {} since {}, and is over now. From here on single turns are not told: it counts as open \
             until it has been over for {} days on end, and is told at once if it gets worse.",
            plural(flapping.turns, "time", "times"),
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

/// Findings that flapped and have been over for long enough.
pub(super) fn stilled(findings: &[Finding], known: &Known, routing: &Routing, now: DateTime<Utc>) -> Stilled {
    let held = held(known);
    let is_still = |finding: &&Finding| {
        held.contains_key(&finding.id) && matches!(finding.status, Status::Resolved(_)) && now - finding.since >= STILL
    };
    let mut over: BTreeMap<&CauseId, Vec<&Finding>> = BTreeMap::new();
    let mut stilled = Stilled { drafts: Vec::new(), settled: Vec::new(), marks: Vec::new() };
    for finding in findings.iter().filter(is_still) {
        stilled.marks.push(mark(&finding.id, now, None));
        if let Some(cause) = known.causes.get(&finding.id) {
            over.entry(cause).or_default().push(finding);
        }
    }
    for (cause, over) in over {
        let counts_as_open = |finding: &Finding| {
            finding.status == Status::Open
                || (held.contains_key(&finding.id) && !over.iter().any(|one| one.id == finding.id))
        };
        let others = findings.iter().any(|one| known.causes.get(&one.id) == Some(cause) && counts_as_open(one));
        let action = if others { Action::Update } else { Action::Settle };
        for thread in known.threads.iter().filter(|thread| thread.cause == *cause) {
            let Some(plan) = routing.channel(&thread.channel) else { continue };
            if plan.kind.wants_every_step {
                let settled = Thread { settled: action == Action::Settle, ..thread.clone() };
                stilled.settled.push(settled);
                continue;
            }
            let effect = |finding: &&Finding| Effect { what: "over".to_owned(), ..wording::standing(finding, routing) };
            let effects: Vec<Effect> = over.iter().map(effect).collect();
            let title = match effects.as_slice() {
                [one] => format!("Over: {}", one.text),
                several => format!("{} over", plural(several.len(), "finding is", "findings are")),
            };
            let lead = format!("This went back and forth, and has kept still for {} days.", STILL.num_days());
            stilled.drafts.push(Draft {
                channel: thread.channel.clone(),
                recipients: Vec::new(),
                digest: None,
                topic: Topic::Findings,
                action,
                cause: cause.clone(),
                title,
                lead: vec![lead],
                effects,
                more: wording::see_cause(cause),
            });
        }
    }
    stilled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_how_a_finding_was_told_last() {
        let at = |day: u32| format!("2026-11-{day:02}T02:00:00Z").parse::<DateTime<Utc>>().unwrap();
        let (one, other) = (FindingId::from("F-ONE"), FindingId::from("F-TWO"));
        let severe = Held { severity: Severity::High, owner: named(Some(&"ada@acme.example".to_owned())) };
        let mild = Held { severity: Severity::Low, owner: String::new() };
        let told = [
            mark(&one, at(9), Some(&mild)),
            mark(&one, at(10), Some(&severe)),
            mark(&other, at(9), Some(&mild)),
            mark(&other, at(10), None),
            "flap:F-THREE@x:held".to_owned(),
            "rung:F-ONE@9:7".to_owned(),
        ];
        let known = Known { told: told.into_iter().collect(), ..Known::default() };
        assert_eq!(held(&known), HashMap::from([(one, severe.clone())]));
        assert!(severe.told_to(&"ada@acme.example".to_owned()) && !severe.told_to(&"ben@acme.example".to_owned()));
        assert!(!mild.told_to(&"ada@acme.example".to_owned()));
    }
}
