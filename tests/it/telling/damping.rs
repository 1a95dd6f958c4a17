//! What goes back and forth is not told every night, and nothing open is ever silent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::alerts::{Before, Known, Occasion, Routing, follow_up, kept_still, tell};
use keyroll::config::Config;
use keyroll::inventory::Inventory;
use keyroll::model::{
    Action, Change, Dispatch, EndpointState, Finding, FindingId, LedgerEntry, Principal, Resolution, RuleSummary,
    Severity, Snapshot, SnapshotId, Status, Step, Thread, Topic, Transition, What,
};
use keyroll::store::Store;
use proptest::prelude::*;

use super::{finding, rule};
use crate::support::estate::{account, denied, entry, night, snapshot, token, whole};
use crate::support::keyroll::keyroll_with;

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
    /// When scans began, and what they could see; the newest first.
    scans: Vec<(DateTime<Utc>, Vec<LedgerEntry>)>,
    /// What the next night changes, beside the tokens.
    changes: Vec<Change>,
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
            scans: Vec::new(),
            changes: Vec::new(),
            messages: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }

    /// One night: each token that is named is a finding of that severity, the others are none.
    fn night(&mut self, open: &[(&str, Severity)]) {
        self.now += TimeDelta::days(1);
        self.scan(vec![whole("tokens")], open);
    }

    /// A night in which nothing is seen of the tokens, as the ledger says.
    fn blind_night(&mut self, ledger: Vec<LedgerEntry>) {
        self.now += TimeDelta::days(1);
        let open: Vec<(String, Severity)> = self
            .findings
            .iter()
            .filter(|(_, finding)| finding.status == Status::Open)
            .map(|(name, finding)| (name.clone(), finding.severity))
            .collect();
        let open: Vec<(&str, Severity)> = open.iter().map(|(name, severity)| (name.as_str(), *severity)).collect();
        self.scan(ledger, &open);
    }

    fn scan(&mut self, ledger: Vec<LedgerEntry>, open: &[(&str, Severity)]) {
        self.scans.insert(0, (self.now, ledger));
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
        let finding = self.findings.entry(name.to_owned()).or_insert_with(|| finding(&idle(), name, now));
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
        let scans = || self.scans.iter().map(|(began, ledger)| (*began, ledger.as_slice()));
        let still_for =
            self.findings.values().map(|finding| (finding.id.clone(), kept_still(finding, scans()))).collect();
        Known {
            causes: self.causes.clone(),
            threads: self.threads.values().filter(|thread| !thread.settled).cloned().collect(),
            turns,
            told: self.told.clone(),
            still_for,
            ..Known::default()
        }
    }

    fn tell(&self, steps: &[Transition]) -> Dispatch {
        let findings: Vec<Finding> = self.findings.values().cloned().collect();
        let before = Before { rules: vec![idle()], sources: vec!["acme".into()], ..Before::default() };
        let (inventory, known) = (Inventory::new(&self.snapshot), self.known());
        let occasion = Occasion {
            estate: "acme",
            snapshot: SnapshotId(2),
            started_at: self.now,
            now: self.now,
            inventory: &inventory,
            changes: &self.changes,
            findings: &findings,
            transitions: steps,
            rules: &[idle()],
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

fn idle() -> RuleSummary {
    rule("token-idle", "is idle")
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
    let other = |state| LedgerEntry { source: "other".into(), ..entry("tokens", state) };
    for (between, waits) in [
        // One scan in between could not look: the week begins anew.
        (vec![denied("tokens")], 7),
        (vec![entry("tokens", EndpointState::Partial)], 7),
        // One that is about other sources has nothing to say, and takes nothing away.
        (vec![entry("tokens", EndpointState::Skipped)], 2),
        (vec![other(EndpointState::Complete)], 2),
        (vec![other(EndpointState::Failed)], 2),
    ] {
        let mut world = World::new("");
        for turn in 0..6 {
            world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
        }
        for _ in 0..4 {
            world.night(&[]);
        }
        world.blind_night(between.clone());
        for night in 1..waits {
            world.night(&[]);
            assert_eq!(world.open_threads("pager"), 1, "{between:?}, night {night}");
        }
        world.night(&[]);
        assert_eq!(world.open_threads("pager"), 0, "{between:?}");
        assert_eq!(world.titles("mail").last(), Some(&"Over: API token “a” is idle"));
    }
}

#[test]
fn whoever_never_looks_never_says_that_it_is_over() {
    for ledger in [vec![entry("tokens", EndpointState::Skipped)], vec![denied("tokens")], Vec::new()] {
        let mut world = World::new("");
        for turn in 0..6 {
            world.night(if turn % 2 == 0 { &MEDIUM } else { &[] });
        }
        for _ in 0..20 {
            world.blind_night(ledger.clone());
        }
        assert_eq!((world.open_threads("pager"), world.count("mail")), (1, 4), "{ledger:?}");
    }
}

#[test]
fn an_incident_stays_open_for_the_one_of_its_findings_that_flaps() {
    let mut world = World::new("");
    let ada = account("ada", "tokens", Principal::default());
    world.changes = vec![Change::of(What::Added, &ada)];
    world.night(&[("a", Severity::Medium), ("b", Severity::Medium)]);
    world.changes.clear();
    assert_eq!((world.count("pager"), world.open_threads("pager")), (1, 1), "one cause, one incident");
    for turn in 0..5 {
        world.night(if turn % 2 == 0 {
            &[("b", Severity::Medium)]
        } else {
            &[("a", Severity::Medium), ("b", Severity::Medium)]
        });
        world.check().unwrap();
    }
    // “a” is over and held as open; then “b” is over for good.
    world.night(&[]);
    assert_eq!(world.open_threads("pager"), 1, "“a” may be back tomorrow");
    for _ in 0..5 {
        world.night(&[]);
        assert_eq!(world.open_threads("pager"), 1);
    }
    world.night(&[]);
    assert_eq!(world.open_threads("pager"), 0);
}

#[test]
fn what_is_back_for_another_reason_does_not_keep_the_first_incident_open() {
    let mut world = World::new("");
    world.changes = vec![Change::of(What::Added, &account("ada", "tokens", Principal::default()))];
    world.night(&[("a", Severity::Medium), ("b", Severity::Medium)]);
    world.changes.clear();
    world.night(&[("b", Severity::Medium)]);
    assert_eq!(world.open_threads("pager"), 1);
    // On one night “b” is over, the last of the first incident, and “a” is back by itself.
    world.night(&MEDIUM);
    assert_eq!(world.open_threads("pager"), 1, "that of “a” alone");
    let settled = world.messages["pager"].iter().filter(|(_, _, action)| *action == Action::Settle).count();
    assert_eq!(settled, 1);
}

/// A finding that was told as a sum, escalated, and then gets worse has a cause of its own: what was kept open for the sum is closed
/// where it is kept, and not only in what we know of it.
#[test]
fn what_is_kept_open_for_a_cause_that_was_left_is_closed() {
    let mut world = World::new("");
    world.night(&[("a", Severity::Low)]);
    let sum: keyroll::model::CauseId = "A-SUM".into();
    let thread =
        world.threads.remove(&("pager".to_owned(), world.causes.values().next().unwrap().to_string())).unwrap();
    world.threads.clear();
    world.causes.values_mut().for_each(|cause| *cause = sum.clone());
    world.threads.insert(("pager".to_owned(), sum.to_string()), Thread { cause: sum.clone(), ..thread });
    world.messages.clear();
    world.night(&[("a", Severity::High)]);
    let told: Vec<(&str, Action)> =
        world.messages["pager"].iter().map(|(title, _, action)| (title.as_str(), *action)).collect();
    assert!(told.contains(&("API token “a” is idle", Action::Raise)), "{told:?}");
    assert!(
        told.iter().any(|(title, action)| title.starts_with("Goes on elsewhere") && *action == Action::Settle),
        "{told:?}"
    );
    assert!(world.threads[&("pager".to_owned(), sum.to_string())].settled);
    assert_eq!(world.open_threads("pager"), 1, "that of its own cause");
    world.check().unwrap();
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
    fn nothing_open_is_ever_silent_and_in_the_end_all_is_told(
        nights in nights(),
        last in nights(),
        blind in prop::collection::btree_set(0..40_usize, 0..6),
        of_one_cause in any::<bool>(),
    ) {
        let mut world = World::new("");
        if of_one_cause {
            world.changes = vec![Change::of(What::Added, &account("ada", "tokens", Principal::default()))];
        }
        for (night, open) in nights.into_iter().enumerate() {
            match blind.contains(&night) {
                true => world.blind_night(vec![denied("tokens")]),
                false => world.night(&open),
            }
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

const EXPORTS: &str = "\
estate: acme
store: keyroll.db
fail_on: never
alerts:
  channels:
    - { name: all, type: webhook, url: \"env:HOOK\", secret: \"env:HOOK\" }
  routes:
    - to: all
sources:
";

fn export(name: &str) -> String {
    format!(
        "  - name: {name}\n    type: file\n    path: {name}.csv\n    instance: {name}\n    complete: true\n    mapping:\n      \
         kind: credential\n      form: {{ value: personal-access-token }}\n      id: id\n      name: label\n      never: [never]\n      \
         fields:\n        expires_at: expires\n"
    )
}

/// With a schedule for each source, and a process of its own for each scan: what flaps is told once, is held while nobody
/// could look, and its incident is closed after a week in which each scan that read the source saw it so.
#[test]
fn with_a_schedule_for_each_source_a_week_goes_by_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keyroll.yaml"), format!("{EXPORTS}{}{}", export("ci"), export("other"))).unwrap();
    let write = |name: &str, expires: &str| {
        let text = format!("id,label,expires\nt1,build,{expires}\n");
        fs::write(folder.path().join(format!("{name}.csv")), text).unwrap();
    };
    let scan = |day: u32, hour: u32, source: &str| {
        let now = format!("2026-11-{day:02}T{hour:02}:00:00Z");
        let run = keyroll_with(
            folder.path(),
            &["scan", "--source", source, "--no-alerts", "--now", &now],
            &[("HOOK", "https://hooks.example/0123456789abcdef0123456789abcdef")],
        );
        assert!([0, 20].contains(&run.code), "{}{}", run.out, run.err);
    };
    let store = || Store::open(&folder.path().join("keyroll.db")).unwrap();
    let of_ci = || {
        let store = store();
        let finding = store
            .findings()
            .unwrap()
            .into_iter()
            .find(|finding| finding.rule.as_str() == "pat-without-expiry" && finding.resource.native() == "t1")
            .unwrap();
        let told = store.undelivered().unwrap().into_iter().map(|outgoing| outgoing.notice);
        let told: Vec<(Action, String)> = told
            .filter(|notice| notice.effects.iter().any(|effect| effect.finding.as_ref() == Some(&finding.id)))
            .map(|notice| (notice.action, notice.title))
            .collect();
        (finding, told)
    };
    write("other", "never");
    for day in 1..=5 {
        write("ci", if day % 2 == 0 { "never" } else { "2026-12-20T00:00:00Z" });
        scan(day, 2, "ci");
        scan(day, 3, "other");
    }
    let (finding, told) = of_ci();
    assert_eq!(finding.status.name(), "resolved", "{finding:#?}");
    let actions = |told: &[(Action, String)]| told.iter().map(|(action, _)| *action).collect::<Vec<_>>();
    // The first incident is about the change as well, which nobody accepted.
    assert_eq!(actions(&told), [Action::Raise, Action::Update, Action::Raise, Action::Update], "{told:#?}");
    assert!(told[3].1.starts_with("Back and forth: "), "{told:#?}");
    let is_open = || {
        let cause = store().causes().unwrap().remove(&finding.id).unwrap();
        store().open_threads().unwrap().iter().any(|thread| thread.cause == cause)
    };
    for day in 6..=12 {
        assert!(is_open(), "on day {day}");
        scan(day, 2, "ci");
        scan(day, 3, "other");
    }
    assert!(!is_open(), "seven days after it was over");
    let (_, told) = of_ci();
    assert_eq!(actions(&told).split_off(4), [Action::Settle], "{told:#?}");
    assert!(told[4].1.starts_with("Over: "), "{told:#?}");
}
