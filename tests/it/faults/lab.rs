//! Cells made cheap: only the sources that ask the endpoint are read anew, the others bring what they brought when all was
//! well; what was collected is judged once, however many cells lead to it; and the store begins each time as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyroll::app::{App, AppError, ScanRequest};
use keyroll::clock::Clock;
use keyroll::document;
use keyroll::http::{Factory, Limits};
use keyroll::model::{
    Assessment, Collection, EndpointState, FindingId, LedgerEntry, RuleId, SourceName, Step, Tally, Watermarks, What,
};
use keyroll::problem::SourceText;
use keyroll::simulator::Endpoint;
use keyroll::sources::{Depth, SOURCES, Source};
use keyroll::store::Store;

use crate::support::pretended::{Estate, open};

/// How a scar begins that is a finding of a change.
pub(super) const OF_A_CHANGE: &str = "finding of a change";

/// What the sources brought, by source.
pub(super) type Brought = BTreeMap<SourceName, Collection>;

/// A source that brings what it brought before.
struct Kept(SourceName, Collection);

#[async_trait]
impl Source for Kept {
    fn name(&self) -> &SourceName {
        &self.0
    }

    async fn look(&self, _depth: Depth, _since: &Watermarks) -> Collection {
        self.1.clone()
    }
}

/// What a scan said of what was collected.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    pub(super) complete: bool,
    /// True if everything was judged as it was when all was well.
    pub(super) same: bool,
    /// Words that nobody may say who did not see everything.
    pub(super) false_words: Vec<String>,
    /// What is wrong in the scan after, when all is well again.
    pub(super) scars: Vec<String>,
}

/// An estate with everything that cells have in common.
pub(super) struct Lab {
    pub(super) estate: Estate,
    app: App,
    since: Watermarks,
    /// What the sources bring when all is well.
    pub(super) clean: Brought,
    /// The requests of each source.
    asked: BTreeMap<SourceName, Vec<(String, String)>>,
    open: BTreeSet<FindingId>,
    tallies: BTreeMap<RuleId, Tally>,
    judged: Vec<(Brought, Verdict)>,
}

impl Lab {
    /// Scans the estate until nothing happens any more, and keeps that state.
    pub(super) async fn of(estate: Estate) -> Self {
        let mut app = estate.app(&[]).unwrap();
        app.scan(&ScanRequest::default(), &|_| {}).await.unwrap();
        app.scan(&ScanRequest::default(), &|_| {}).await.unwrap();
        let since = Watermarks::of(&estate.assess().snapshot.ledger);
        let (mut clean, mut asked) = (BTreeMap::new(), BTreeMap::new());
        for source in &app.sources {
            estate.simulator.forget_requests();
            clean.insert(source.name().clone(), source.look(Depth::Whole, &since).await);
            asked.insert(source.name().clone(), estate.simulator.requests());
        }
        let empty = (BTreeSet::new(), BTreeMap::new());
        let mut lab = Self { estate, app, since, clean, asked, open: empty.0, tallies: empty.1, judged: Vec::new() };
        let settled = lab.scan(&BTreeMap::new()).await.unwrap();
        assert!(settled.head.complete, "{:#?}", settled.snapshot.ledger);
        assert!(settled.changes.is_empty(), "nothing happens between two scans: {:#?}", settled.changes);
        lab.open = open(&settled).map(|finding| finding.id.clone()).collect();
        lab.tallies = settled.tallies;
        lab.app.store = Store::open_in_memory().unwrap();
        fs::copy(lab.estate.path("keyroll.db"), lab.estate.path("settled.db")).unwrap();
        lab
    }

    /// The sources that ask an endpoint.
    pub(super) fn askers(&self, endpoint: &Endpoint) -> Vec<SourceName> {
        let pattern: Vec<&str> = endpoint.path.split('/').collect();
        let fits = |(method, path): &(String, String)| {
            let parts: Vec<&str> = path.split(['?']).next().unwrap().split('/').collect();
            *method == endpoint.method
                && parts.len() == pattern.len()
                && parts.iter().zip(&pattern).all(|(part, wanted)| wanted.starts_with('{') || part == wanted)
        };
        let askers = self.asked.iter().filter(|(_, requests)| requests.iter().any(fits));
        askers.map(|(name, _)| name.clone()).collect()
    }

    /// Sources as the configuration says, which know nothing of earlier faults.
    pub(super) fn fresh(&self, names: &[SourceName], longest_answer: Duration) -> Vec<Box<dyn Source>> {
        let clock: Arc<dyn Clock> = Arc::new(self.estate.clock.clone());
        let limits = Limits {
            tries: 3,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            most_pages: 40,
            largest_answer: 1024 * 1024,
            longest_answer,
        };
        let factory = Factory::new(Arc::clone(&clock)).with_limits(limits);
        let path = self.estate.path("keyroll.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let mut root = document::parse(&SourceText::new(&path.display().to_string(), &text)).unwrap();
        let mut fresh = Vec::new();
        for mut section in root.sections("sources") {
            let name = SourceName::from(section.need::<String>("name").unwrap().as_str());
            let sort: String = section.need("type").unwrap();
            let kind = SOURCES.iter().find(|kind| kind.name == sort).unwrap();
            if names.contains(&name) {
                fresh.push((kind.build)(name, section, &factory, Arc::clone(&clock)).unwrap());
            }
        }
        fresh
    }

    /// What sources bring now.
    pub(super) async fn look(&self, sources: &[Box<dyn Source>]) -> Brought {
        let mut brought = BTreeMap::new();
        for source in sources {
            brought.insert(source.name().clone(), source.look(Depth::Whole, &self.since).await);
        }
        brought
    }

    /// What of it is otherwise than when all was well, in what scans judge by: which words and numbers a gap has is not
    /// among that.
    pub(super) fn otherwise(&self, brought: &Brought) -> Brought {
        let known = |name: &SourceName, collection: &Collection| essence(&self.clean[name]) == *collection;
        let changed = brought.iter().map(|(name, collection)| (name.clone(), essence(collection)));
        changed.filter(|(name, collection)| !known(name, collection)).collect()
    }

    /// Judges what was brought, or recalls how the same was judged.
    pub(super) async fn judge(&mut self, brought: &Brought) -> Verdict {
        let otherwise = self.otherwise(brought);
        if otherwise.is_empty() {
            return Verdict { complete: true, same: true, ..Verdict::default() };
        }
        if let Some((_, verdict)) = self.judged.iter().find(|(known, _)| *known == otherwise) {
            return verdict.clone();
        }
        self.settle();
        let mut verdict = match self.scan(brought).await {
            Ok(after) => self.complaints(&after),
            // Nothing was seen, and nothing is said.
            Err(AppError::NothingCollected { .. }) => Verdict::default(),
            Err(other) => Verdict { false_words: vec![other.to_string()], ..Verdict::default() },
        };
        match self.scan(&BTreeMap::new()).await {
            Ok(healed) => verdict.scars = self.scars(&healed),
            Err(error) => verdict.scars = vec![error.to_string()],
        }
        self.judged.push((otherwise, verdict.clone()));
        verdict
    }

    /// How many different collections were judged.
    pub(super) fn judgements(&self) -> usize {
        self.judged.len()
    }

    /// The store as it was when all was well.
    fn settle(&mut self) {
        self.app.store = Store::open_in_memory().unwrap();
        for file in ["keyroll.db-wal", "keyroll.db-shm"] {
            drop(fs::remove_file(self.estate.path(file)));
        }
        fs::copy(self.estate.path("settled.db"), self.estate.path("keyroll.db")).unwrap();
        self.app.store = self.estate.store();
    }

    /// Scans what was brought, and what the other sources bring when all is well.
    async fn scan(&mut self, brought: &Brought) -> Result<Assessment, AppError> {
        let kept = self.clean.iter().map(|(name, clean)| {
            let collection = brought.get(name).unwrap_or(clean).clone();
            Box::new(Kept(name.clone(), collection)) as Box<dyn Source>
        });
        self.app.sources = kept.collect();
        self.app.scan(&ScanRequest::default(), &|_| {}).await?;
        keyroll::app::assess(&self.app.store)
    }

    /// What was said while a fault was on.
    fn complaints(&self, after: &Assessment) -> Verdict {
        let mut wrong = Vec::new();
        for change in &after.changes {
            if matches!(change.what, What::Removed | What::Rotated | What::Added) {
                wrong.push(format!("called {}: {}", change.what.name(), change.resource));
            }
        }
        for step in after.transitions.iter().filter(|step| step.step == Step::Resolved) {
            let finding = after.findings.iter().find(|finding| finding.id == step.finding).unwrap();
            wrong.push(format!("called resolved: {}: {}", finding.rule, finding.message));
        }
        let now: BTreeSet<_> = open(after).map(|finding| finding.id.clone()).collect();
        wrong.extend(self.open.difference(&now).map(|lost| format!("lost finding {lost}")));
        for (rule, tally) in &after.tallies {
            let clean = &self.tallies[rule];
            if after.rules.iter().any(|summary| summary.id == *rule && summary.on_change) {
                continue;
            }
            // A rule that holds whether or not it speaks of a resource may pass where it did not apply before.
            let content = |tally: &Tally| tally.pass + tally.not_applicable;
            if content(tally) > content(clean) {
                wrong.push(format!("{rule} passes on more than could be seen"));
            }
            if tally.pass + tally.fail < clean.pass + clean.fail && tally.is_whole() {
                wrong.push(format!("{rule} judged fewer and says nothing about it"));
            }
        }
        let same = now == self.open && after.tallies == self.tallies && after.changes.is_empty();
        Verdict { complete: after.head.complete, same, false_words: wrong, scars: Vec::new() }
    }

    /// What is wrong once all is well again.
    fn scars(&self, healed: &Assessment) -> Vec<String> {
        let gaps = healed.snapshot.ledger.iter().filter(|entry| entry.is_gap() && entry.declared.is_none());
        let mut wrong: Vec<String> = gaps.map(LedgerEntry::gap_text).collect();
        // What came back into sight may be called changed or first seen; nothing of it is new, gone or replaced.
        let false_news =
            healed.changes.iter().filter(|change| matches!(change.what, What::Removed | What::Rotated | What::Added));
        wrong.extend(false_news.map(|change| format!("{} {}", change.what.name(), change.resource)));
        let on_change = |id: &RuleId| healed.rules.iter().any(|summary| summary.id == *id && summary.on_change);
        let open_now: BTreeSet<_> = open(healed).map(|finding| finding.id.clone()).collect();
        wrong.extend(self.open.difference(&open_now).map(|lost| format!("lost finding {lost}")));
        for finding in open(healed).filter(|finding| !self.open.contains(&finding.id)) {
            let of = if on_change(&finding.rule) { OF_A_CHANGE } else { "new finding" };
            wrong.push(format!("{of}: {}: {}", finding.rule, finding.message));
        }
        let changed = healed.tallies.iter().filter(|(rule, tally)| !on_change(rule) && self.tallies[*rule] != **tally);
        wrong.extend(changed.map(|(rule, _)| format!("{rule} judges otherwise than before")));
        wrong
    }
}

/// A collection without the words and numbers of its ledger.
fn essence(collection: &Collection) -> Collection {
    let entry = |entry: &LedgerEntry| LedgerEntry {
        reason: if entry.reason.is_empty() { String::new() } else { "it says why".to_owned() },
        requests: entry.requests.min(1),
        pages: entry.pages.min(1),
        rows: 0,
        rows_expected: None,
        last_cursor: None,
        statuses: BTreeMap::new(),
        retries: 0,
        unreadable: Vec::new(),
        ..entry.clone()
    };
    Collection { ledger: collection.ledger.iter().map(entry).collect(), ..collection.clone() }
}

/// What the ledger says of a fault, in a word: the state of the endpoint that it hit, and not of those that lean on it.
pub(super) fn word(clean: &Brought, brought: &Brought) -> &'static str {
    let before: BTreeMap<_, _> =
        clean.values().flat_map(|one| &one.ledger).map(|entry| ((&entry.source, &entry.endpoint), entry)).collect();
    let now: Vec<&LedgerEntry> = brought.values().flat_map(|one| &one.ledger).collect();
    // From then on no endpoint is asked anything, and which had been, nobody can foretell.
    if now.iter().any(|entry| entry.reason.contains("locked by a CAPTCHA")) {
        return "locked";
    }
    let worse = |entry: &&&LedgerEntry| before[&(&entry.source, &entry.endpoint)].state != entry.state;
    let of_its_own = |entry: &&&LedgerEntry| worse(entry) && !entry.reason.starts_with("needs ");
    let retried = |entry: &&LedgerEntry| entry.retries > before[&(&entry.source, &entry.endpoint)].retries;
    match now.iter().find(of_its_own).or_else(|| now.iter().find(worse)) {
        Some(entry) => match entry.state {
            EndpointState::Complete => "whole",
            EndpointState::Partial => "partial",
            EndpointState::Denied => "denied",
            EndpointState::NotOffered => "absent",
            EndpointState::Failed => "failed",
            EndpointState::Skipped => "skipped",
        },
        None if now.iter().any(retried) => "retried",
        None => "whole",
    }
}
