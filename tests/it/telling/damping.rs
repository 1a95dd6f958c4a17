//! What goes back and forth is not told every night, and nothing open is ever silent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::alerts::{Before, Known, Occasion, Routing, follow_up, tell};
use keyroll::config::Config;
use keyroll::inventory::Inventory;
use keyroll::model::{
    Action, Dispatch, Finding, FindingId, Resolution, RuleSummary, Severity, Snapshot, SnapshotId, Status, Step,
    Thread, Topic, Transition,
};
use proptest::prelude::*;

use crate::support::estate::{night, snapshot, token, token_id, whole};

const CHANNELS: [&str; 3] = ["mail", "pager", "siem"];

fn routing(more: &str) -> Routing {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.yaml");
    let text = format!(
        "estate: acme\nsources: []\nalerts:\n{more}  channels:\n    - name: mail\n      type: email\n    - name: pager\n      \
         type: pagerduty\n    - name: siem\n      type: siem\n  routes:\n    - to: [mail, pager, siem]\n"
    );
    fs::write(&path, text).unwrap();
    Config::load(&path).unwrap().routing().clone()
}

fn rule() -> RuleSummary {
    RuleSummary {
        id: "token-idle".into(),
        version: 1,
        title: "A token is idle".to_owned(),
        severity: Severity::Medium,
        remedy: "Revoke it.".to_owned(),
        on_change: false,
        controls: Vec::new(),
        judges_by: None,
    }
}

/// What keyroll keeps of its nights, and what those who are told have heard.
struct World {
    routing: Routing,
    snapshot: Snapshot,
    now: DateTime<Utc>,
    findings: BTreeMap<String, Finding>,
    transitions: Vec<Transition>,
    causes: HashMap<FindingId, keyroll::model::CauseId>,
    threads: BTreeMap<(String, String), Thread>,
    told: BTreeSet<String>,
    blind: HashMap<FindingId, DateTime<Utc>>,
    /// Messages by channel, of all nights.
    messages: BTreeMap<String, Vec<(String, Topic, Action)>>,
    /// By channel and finding: true if it was told last to be open.
    heard: BTreeMap<(String, FindingId), bool>,
}

impl World {
    fn new(more: &str) -> Self {
        let names = ["a", "b", "c"];
        Self {
            routing: routing(more),
            snapshot: snapshot(names.map(|name| token(name, name, |_| {})).to_vec(), vec![whole("tokens")]),
            now: night(1),
            findings: BTreeMap::new(),
            transitions: Vec::new(),
            causes: HashMap::new(),
            threads: BTreeMap::new(),
            told: BTreeSet::new(),
            blind: HashMap::new(),
            messages: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }

    /// One night: each token that is named is a finding of that severity, the others are none.
    fn night(&mut self, open: &[(&str, Severity)]) {
        self.now += TimeDelta::days(1);
        let mut steps = Vec::new();
        for name in ["a", "b", "c"] {
            let is = open.iter().find(|(wanted, _)| *wanted == name).map(|(_, severity)| *severity);
            let step = self.turn(name, is);
            steps.extend(step);
        }
        let dispatch = self.tell(&steps);
        self.transitions.extend(steps);
        self.keep(dispatch);
        let findings: Vec<Finding> = self.findings.values().cloned().collect();
        let dispatch = follow_up(&findings, &self.known(), "acme", &self.routing, self.now);
        self.keep(dispatch);
    }

    fn turn(&mut self, name: &str, is: Option<Severity>) -> Option<Transition> {
        let now = self.now;
        let known = self.findings.get(name).map(|finding| (finding.status.clone(), finding.severity));
        let (step, severity) = match (known, is) {
            (None, None) | (Some((Status::Resolved(_), _)), None) => return None,
            (None, Some(severity)) => (Step::Opened, severity),
            (Some((Status::Resolved(_), _)), Some(severity)) => (Step::Reopened, severity),
            (Some((_, was)), Some(severity)) if severity > was => (Step::Worsened, severity),
            (Some(_), Some(severity)) => {
                self.findings.get_mut(name).unwrap().severity = severity;
                return None;
            }
            (Some((_, was)), None) => (Step::Resolved, was),
        };
        let resource = token_id(name);
        let finding = self.findings.entry(name.to_owned()).or_insert_with(|| Finding {
            id: FindingId::of(&rule().id, &resource),
            rule: rule().id,
            rule_version: 1,
            title: rule().title,
            resource,
            resource_name: name.to_owned(),
            seen_by: Vec::new(),
            severity,
            message: format!("API token “{name}” is idle"),
            remedy: "Revoke it.".to_owned(),
            owner: None,
            controls: Vec::new(),
            status: Status::Open,
            first_seen: now,
            since: now,
            last_seen: now,
            unconfirmed: None,
        });
        finding.severity = severity;
        if step != Step::Worsened {
            finding.since = now;
        }
        finding.status = if step == Step::Resolved { Status::Resolved(Resolution::Fixed) } else { Status::Open };
        Some(Transition { finding: finding.id.clone(), step, at: now, severity, note: String::new() })
    }

    fn known(&self) -> Known {
        let mut turns: HashMap<FindingId, Vec<DateTime<Utc>>> = HashMap::new();
        for step in self.transitions.iter().filter(|step| step.step != Step::Worsened) {
            turns.entry(step.finding.clone()).or_default().push(step.at);
        }
        Known {
            causes: self.causes.clone(),
            threads: self.threads.values().filter(|thread| !thread.settled).cloned().collect(),
            turns,
            told: self.told.clone(),
            scanned_at: Some(self.now),
            blind: self.blind.clone(),
            ..Known::default()
        }
    }

    fn tell(&self, steps: &[Transition]) -> Dispatch {
        let findings: Vec<Finding> = self.findings.values().cloned().collect();
        let before = Before { rules: vec![rule()], sources: vec!["acme".into()], ..Before::default() };
        let (inventory, known) = (Inventory::new(&self.snapshot), self.known());
        let occasion = Occasion {
            estate: "acme",
            snapshot: SnapshotId(2),
            started_at: self.now,
            now: self.now,
            inventory: &inventory,
            changes: &[],
            findings: &findings,
            transitions: steps,
            rules: &[rule()],
            waivers: &[],
            before: Some(&before),
            known: &known,
            own: &[],
        };
        tell(&occasion, &self.routing)
    }

    /// What the store does with it, and the reader.
    fn keep(&mut self, dispatch: Dispatch) {
        for thread in dispatch.threads {
            self.threads.insert((thread.channel.to_string(), thread.cause.to_string()), thread);
        }
        self.causes.extend(dispatch.causes);
        self.told.extend(dispatch.told);
        for outgoing in dispatch.outgoing {
            let notice = outgoing.notice;
            let channel = notice.channel.to_string();
            for effect in &notice.effects {
                let open = effect.what != "over";
                self.heard.insert((channel.clone(), effect.finding.clone().unwrap()), open);
            }
            self.messages.entry(channel).or_default().push((notice.title, notice.topic, notice.action));
        }
    }

    fn count(&self, channel: &str) -> usize {
        self.messages.get(channel).map_or(0, Vec::len)
    }

    fn titles(&self, channel: &str) -> Vec<&str> {
        self.messages.get(channel).into_iter().flatten().map(|(title, ..)| title.as_str()).collect()
    }

    fn open_threads(&self, channel: &str) -> usize {
        self.threads.values().filter(|thread| thread.channel.as_str() == channel && !thread.settled).count()
    }

    /// Nobody takes what is open for over.
    fn check(&self) -> Result<(), TestCaseError> {
        for (finding, channel) in self.findings.values().flat_map(|one| CHANNELS.map(|channel| (one, channel))) {
            let heard = self.heard.get(&(channel.to_owned(), finding.id.clone())).copied();
            if finding.status == Status::Open {
                prop_assert_eq!(heard, Some(true), "{} is open, and {} was told otherwise", finding.resource, channel);
            }
        }
        Ok(())
    }
}

const MEDIUM: [(&str, Severity); 1] = [("a", Severity::Medium)];

#[test]
fn a_finding_that_turns_every_night_is_told_a_few_times_and_closed_when_it_keeps_still() {
    let mut world = World::new("");
    for turn in 0..21 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    assert_eq!(
        world.titles("mail"),
        [
            "API token “a” is idle",
            "Over: API token “a” is idle",
            "API token “a” is idle",
            "Back and forth: API token “a” is idle",
        ],
        "the fourth turn is the last that is told"
    );
    assert_eq!(world.count("siem"), 21, "a log has every step");
    assert_eq!(world.open_threads("pager"), 1, "the incident stays open meanwhile");
    world.check().unwrap();
    world.night(&[]);
    for _ in 0..6 {
        world.night(&[]);
        assert_eq!(world.open_threads("pager"), 1, "six quiet nights are too few");
    }
    world.night(&[]);
    assert_eq!(world.titles("mail").split_off(4), ["Over: API token “a” is idle"]);
    assert_eq!(world.open_threads("pager"), 0);
    let incidents = world.messages["pager"].iter().filter(|(_, _, action)| *action == Action::Settle).count();
    assert_eq!(incidents, 2, "closed once before it flapped, and once at the end");
    world.night(&[]);
    assert_eq!(world.count("mail"), 5, "and that is told once");
    // A year later it is news again.
    world.now += TimeDelta::days(300);
    world.night(&MEDIUM);
    assert_eq!(world.count("mail"), 6);
}

#[test]
fn what_gets_worse_in_between_is_told_at_once_and_so_is_what_is_new() {
    let mut world = World::new("");
    for turn in 0..6 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    assert_eq!(world.count("mail"), 4);
    world.night(&[("a", Severity::Critical), ("b", Severity::Low)]);
    let mut told = world.titles("mail").split_off(4);
    told.sort_unstable();
    assert_eq!(told, ["API token “a” is idle", "API token “b” is idle"]);
    assert_eq!(world.open_threads("pager"), 2, "the worse one within its own incident");
    world.night(&[("b", Severity::Low)]);
    world.night(&[("a", Severity::Critical), ("b", Severity::Low)]);
    assert_eq!(world.count("mail"), 6, "as bad as it was told");
    world.night(&[("a", Severity::Critical), ("b", Severity::High)]);
    assert_eq!(world.count("mail"), 7);
    world.check().unwrap();
}

#[test]
fn a_channel_that_comes_later_is_told_what_is_open() {
    let mut world = World::new("");
    for turn in 0..6 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    // As if the pager had been configured on that day.
    world.threads.retain(|(channel, _), _| channel != "pager");
    world.heard.retain(|(channel, _), _| channel != "pager");
    world.messages.clear();
    world.night(&MEDIUM);
    assert_eq!((world.count("pager"), world.count("mail")), (1, 0));
    assert_eq!(world.open_threads("pager"), 1);
    world.check().unwrap();
}

#[test]
fn stillness_counts_only_where_somebody_could_look() {
    let mut world = World::new("");
    for turn in 0..6 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    for _ in 0..5 {
        world.night(&[]);
    }
    // One scan in between could not look: the week begins anew.
    world.blind.insert(world.findings["a"].id.clone(), world.now);
    for _ in 0..6 {
        world.night(&[]);
        assert_eq!(world.open_threads("pager"), 1);
    }
    world.night(&[]);
    assert_eq!(world.open_threads("pager"), 0);
    assert_eq!(world.titles("mail").last(), Some(&"Over: API token “a” is idle"));
}

#[test]
fn what_stays_open_is_told_to_stand_once() {
    let mut world = World::new("");
    for turn in 0..7 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    assert_eq!(world.count("mail"), 4);
    for _ in 0..16 {
        world.night(&MEDIUM);
    }
    assert_eq!(world.titles("mail").split_off(4), ["Stands: API token “a” is idle"]);
    assert_eq!(world.open_threads("pager"), 1);
    world.night(&[]);
    assert_eq!(world.titles("mail").last(), Some(&"Over: API token “a” is idle"), "from here on every turn is told");
}

#[test]
fn without_damping_every_turn_is_told() {
    let mut world = World::new("  damp_flapping: false\n");
    for turn in 0..10 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    assert_eq!((world.count("mail"), world.count("pager")), (10, 10));
    // Switched off in the middle, what was held back is told when it is open again.
    let mut world = World::new("");
    for turn in 0..6 {
        world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
    }
    world.routing = routing("  damp_flapping: false\n");
    world.night(&MEDIUM);
    assert_eq!(world.count("mail"), 5);
    world.night(&[]);
    assert_eq!((world.count("mail"), world.open_threads("pager")), (6, 0));
}

fn nights() -> impl Strategy<Value = Vec<Vec<(&'static str, Severity)>>> {
    let severity = || prop::sample::select(vec![Severity::Low, Severity::High]);
    let one = |name: &'static str| prop::option::weighted(0.5, severity()).prop_map(move |is| is.map(|is| (name, is)));
    let night = (one("a"), one("b"), prop::option::weighted(0.9, severity()))
        .prop_map(|(a, b, c)| [a, b, c.map(|c| ("c", c))].into_iter().flatten().collect());
    prop::collection::vec(night, 0..40)
}

proptest! {
    #[test]
    fn nothing_open_is_ever_silent_and_in_the_end_all_is_told(nights in nights(), last in nights()) {
        let mut world = World::new("");
        for open in nights {
            world.night(&open);
            world.check()?;
        }
        let still = last.first().cloned().unwrap_or_default();
        for _ in 0..9 {
            world.night(&still);
            world.check()?;
        }
        for (finding, channel) in world.findings.values().flat_map(|one| CHANNELS.map(|channel| (one, channel))) {
            let heard = world.heard.get(&(channel.to_owned(), finding.id.clone())).copied();
            prop_assert_eq!(heard, Some(finding.status == Status::Open), "{} in {}", &finding.resource, channel);
        }
        let open: BTreeSet<_> = world
            .findings
            .values()
            .filter(|finding| finding.status == Status::Open)
            .map(|finding| world.causes[&finding.id].to_string())
            .collect();
        for channel in CHANNELS {
            let threads = world.threads.values().filter(|one| one.channel.as_str() == channel && !one.settled);
            let threads: BTreeSet<_> = threads.map(|thread| thread.cause.to_string()).collect();
            prop_assert_eq!(&threads, &open, "what {} keeps open", channel);
        }
    }
}
