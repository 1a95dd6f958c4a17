//! One scan: collect, seal, compare, evaluate, reconcile, commit. Everything between collecting and committing is a
//! plain function of what was collected and what the store knew, so a scan can be repeated from its snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::AppError;
use super::forecast::Forecast;
use super::journal::Pages;
use super::news::{self, Voice};
use super::retention::{self, Retention};
use super::schedule::Schedule;
use crate::alerts::{self, Channel, Endings, Occasion, OwnCredential, Routing};
use crate::clock::Clock;
use crate::drift;
use crate::findings::{self, Judged, Reconciled, Waivers};
use crate::http::{Budgets, Memory, Meter, Stop};
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{
    Change, Collection, Coverage, Dispatch, Earlier, EndpointState, Evaluation, Gathering, Kind, LedgerEntry, Met,
    Reminding, ResourceId, RuleSummary, Run, RunEnd, Severity, Snapshot, SnapshotHead, SnapshotId, SourceName, Status,
    Watermarks,
};
use crate::rules::RuleSet;
use crate::sources::{Depth, Source};
use crate::store::{RunRecord, ScanRecord, Store};

/// How long audit logs of the cloud go back: what an app did before is told by nobody any more.
const AUDIT_RETENTION: TimeDelta = TimeDelta::days(180);

/// The built parts of keyroll.
pub struct App {
    /// The estate's name.
    pub estate: String,
    /// Where to look.
    pub sources: Vec<Box<dyn Source>>,
    /// What to judge by.
    pub rules: RuleSet,
    /// What is known about systems.
    pub knowledge: Knowledge,
    /// What was accepted.
    pub waivers: Waivers,
    /// The endpoints of configured sources that this scan does not ask, as entries of the ledger.
    pub unasked: Vec<LedgerEntry>,
    /// Gaps that somebody knows and accepts.
    pub accepted_gaps: Vec<AcceptedGap>,
    /// Who is told of what.
    pub routing: Routing,
    /// The ways to reach them.
    pub channels: Vec<Box<dyn Channel>>,
    /// What keyroll itself reads with.
    pub own: Vec<OwnCredential>,
    /// When scans are due.
    pub schedules: Vec<Schedule>,
    /// What is kept.
    pub store: Store,
    /// Which scans stay in it; `None`: all of them.
    pub retention: Option<Retention>,
    /// Ends all asking, from within or without.
    pub stop: Stop,
    /// Where the sources' clients keep what they have read.
    pub memory: Memory,
    /// Counts what they ask.
    pub meter: Meter,
    /// How fast they may ask whom.
    pub budgets: Budgets,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Which scan is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanRequest {
    /// The schedule and its moment that the scan is for; `None` if somebody starts it by hand.
    pub schedule: Option<(String, DateTime<Utc>)>,
    /// How long sources may be read; then what was read is stored as an incomplete scan.
    pub deadline: Option<Duration>,
    /// Whether to read everything anew, even what a scan that was broken off had read.
    pub fresh: bool,
}

/// How long what a scan that was broken off had read is of use to the next one: until the night after.
pub(super) const RESUMABLE: TimeDelta = TimeDelta::hours(30);

/// What the rows of sources look like: a digest of the code that reads them. A journal that other code wrote is not read.
pub const SHAPES: &str = env!("KEYROLL_SHAPES");

/// Why sources were not read to their end, where it was the deadline.
pub(super) const DEADLINE: &str = "the deadline of the scan was reached";

/// A gap that is known and accepted: it stays in every report and does not make a scan incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedGap {
    /// The source.
    pub source: SourceName,
    /// The endpoint, by its name in the ledger.
    pub endpoint: String,
    /// Why it is accepted.
    pub reason: String,
}

/// What a scan tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Sources are about to be read.
    Beginning {
        /// What that will probably take; `None` if no scan was made before.
        forecast: Option<Forecast>,
    },
    /// Sources are being read: told every second.
    Asking {
        /// Requests that were sent.
        requests: u64,
        /// Pages that a scan which was broken off had read already.
        recalled: u64,
    },
    /// A source has been read.
    Collected {
        /// The source.
        source: SourceName,
        /// Sightings of resources.
        resources: usize,
        /// Endpoints that were read whole.
        complete: usize,
        /// Endpoints there are.
        endpoints: usize,
    },
    /// Everything is collected; judging begins.
    Judging {
        /// Resources in the snapshot.
        resources: usize,
    },
    /// A step of the judgement is done.
    Done(Step),
}

/// The steps from what was collected to what is stored, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// What was seen is held against the scan before.
    Compared,
    /// Every rule has judged.
    Judged,
    /// Findings are set against those there were.
    Reconciled,
    /// It is settled who is to be told of what.
    Told,
    /// All of it is stored.
    Committed,
}

/// What came of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOutcome {
    /// The snapshot that was stored.
    pub snapshot: SnapshotId,
    /// True if nothing was left unseen but what was declared or left out on purpose.
    pub complete: bool,
    /// The worst open finding.
    pub worst: Option<Severity>,
    /// Notices that it left in the outbox.
    pub told: usize,
}

impl App {
    /// Scans the estate once: nobody else may scan into the same store meanwhile. That the scan began is written down
    /// first, so that somebody notices should it never end.
    ///
    /// # Errors
    /// When nothing at all could be collected, another scan is under way, the scan was told to stop, or the store could not
    /// be used. What could not be seen in part is no error: it is in the ledger.
    pub async fn scan(
        &mut self,
        ask: &ScanRequest,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<ScanOutcome, AppError> {
        let lock = self.store.lock_for_scan()?;
        let started_at = self.clock.now();
        let voice = Voice { estate: &self.estate, routing: &self.routing, now: started_at };
        voice.look_back(&mut self.store, &self.schedules)?;
        let (schedule, due_at) = ask.schedule.clone().unwrap_or_else(|| (Run::BY_HAND.to_owned(), started_at));
        let run = self.store.begin_run(&schedule, due_at, started_at)?;
        let outcome = self.run(run, &schedule, ask, started_at, progress).await;
        if let Err(error) = &outcome {
            let end = if matches!(error, AppError::Stopped { .. }) { RunEnd::Interrupted } else { RunEnd::Failed };
            self.store.end_run(run, end, &error.to_string(), self.clock.now())?;
        }
        if outcome.is_ok() {
            self.forget_old_scans();
        }
        drop(lock);
        outcome
    }

    /// Removes scans that are not kept any more.
    pub(super) fn forget_old_scans(&mut self) {
        let Some(retention) = self.retention else { return };
        match retention::prune(&mut self.store, retention) {
            Ok(gone) => tracing::info!(scans = gone, "scans that are not kept any more were removed"),
            // The scan is stored; that older ones are still there harms nobody.
            Err(error) => tracing::warn!(error = %error, "older scans could not be removed"),
        }
    }

    async fn run(
        &mut self,
        run: i64,
        schedule: &str,
        ask: &ScanRequest,
        started_at: DateTime<Utc>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<ScanOutcome, AppError> {
        let previous = self.store.latest()?;
        let since = self.watermarks(previous.as_ref())?;
        let oldest = if ask.fresh { DateTime::<Utc>::MAX_UTC } else { started_at - RESUMABLE };
        let journal = self.open_journal(run, oldest);
        progress(Progress::Beginning { forecast: self.forecast(previous.as_ref())? });
        let collections = self.collect(&since, journal.clone(), ask.deadline, progress).await?;
        let stopped = self.stop.reason().is_some();
        let of = RunToJudge { run: RunRecord { id: run, stopped }, schedule, started_at, previous, since };
        let outcome = self.judge(collections, of, progress)?;
        if let Some(journal) = journal.filter(|_| !stopped) {
            journal.remove();
        }
        Ok(outcome)
    }

    /// Up to where logs have been read.
    pub(super) fn watermarks(&self, previous: Option<&SnapshotHead>) -> Result<Watermarks, AppError> {
        Ok(match previous {
            Some(previous) => Watermarks::of(&self.store.ledger(previous.id)?),
            None => Watermarks::default(),
        })
    }

    /// From what was read to what is stored. To be called by whoever holds the lock for scanning.
    pub(super) fn judge(
        &mut self,
        mut collections: Vec<Collection>,
        of: RunToJudge<'_>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<ScanOutcome, AppError> {
        let RunToJudge { run, schedule, started_at, previous, since } = of;
        refuse_emptiness(&collections)?;
        collections.push(Collection { ledger: self.unasked.clone(), ..Collection::default() });
        for collection in &mut collections {
            declare(&mut collection.ledger, &self.accepted_gaps);
            since.keep(&mut collection.ledger);
        }
        let mut snapshot = Snapshot::seal(collections);
        progress(Progress::Judging { resources: snapshot.resources.len() });

        let changes = self.compare(previous.as_ref(), &mut snapshot)?;
        own_up_to_lost_sources(&mut snapshot, started_at);
        progress(Progress::Done(Step::Compared));
        let now = self.clock.now();
        // What was decided while sources were read is asked of the next scan: this one may have looked before.
        let revocations = Revocations::of(self.store.decided_access(started_at)?);
        let inventory = || Inventory::knowing(&snapshot, &self.knowledge).after_reviews(&revocations);
        let evaluation = self.rules.evaluate(&inventory(), &changes, now);
        // What rules had worked out is large, and hardly any of it is asked for again.
        let inventory = inventory();
        progress(Progress::Done(Step::Judged));
        let rules = self.rules.summaries();
        let after = previous.as_ref().map(|head| head.id);
        let reconciled = self.reconcile(&inventory, &changes, &evaluation, &rules, now)?;
        progress(Progress::Done(Step::Reconciled));
        let head = self.head(&snapshot, after, started_at, now);
        let judged = Told { inventory: &inventory, changes: &changes, rules: &rules, reconciled: &reconciled };
        let dispatch = self.tell(&head, previous.as_ref(), &judged, schedule)?;
        progress(Progress::Done(Step::Told));
        let (inventory, waivers) = (&inventory, &reconciled.waiver_uses);
        let endings = Endings { inventory, waivers, own: &self.own, routing: &self.routing, now };
        let record = ScanRecord {
            after: head.compared_with,
            head: &head,
            snapshot: &snapshot,
            changes: &changes,
            findings: &reconciled.findings,
            transitions: &reconciled.transitions,
            tallies: &evaluation.tallies,
            rules: &rules,
            waivers: &reconciled.waiver_uses,
            dispatch: &dispatch,
            expiries: Some(&|| Box::new(endings.expiries())),
            run: Some(run),
        };
        let id = self.store.commit(&record)?;
        progress(Progress::Done(Step::Committed));
        let open = reconciled.findings.iter().filter(|finding| finding.status == Status::Open);
        let worst = open.map(|finding| finding.severity).max();
        Ok(ScanOutcome { snapshot: id, complete: head.complete, worst, told: dispatch.outgoing.len() })
    }

    /// The sources that this scan leaves out are scanned by other schedules: that is no gap that anybody has to close.
    pub fn leave_to_other_schedules(&mut self, own: &str) {
        for entry in &mut self.unasked {
            let other = self.schedules.iter().find(|schedule| {
                schedule.name != own && (schedule.sources.is_empty() || schedule.sources.contains(&entry.source))
            });
            entry.declared = other.map(|other| format!("schedule `{}` scans this source", other.name));
        }
    }

    /// What is to be told of a scan.
    fn tell(
        &self,
        head: &SnapshotHead,
        previous: Option<&SnapshotHead>,
        judged: &Told<'_>,
        schedule: &str,
    ) -> Result<Dispatch, AppError> {
        let known = news::known(&self.store, head.ended_at)?;
        let before = previous.map(|previous| news::before(&self.store, previous)).transpose()?;
        let occasion = Occasion {
            estate: &self.estate,
            snapshot: SnapshotId(previous.map_or(1, |previous| previous.id.0 + 1)),
            started_at: head.started_at,
            now: head.ended_at,
            inventory: judged.inventory,
            changes: judged.changes,
            findings: &judged.reconciled.findings,
            transitions: &judged.reconciled.transitions,
            rules: judged.rules,
            waivers: &judged.reconciled.waiver_uses,
            before: before.as_ref(),
            known: &known,
            own: &self.own,
        };
        let mut dispatch = alerts::tell(&occasion, &self.routing);
        let voice = Voice { estate: &self.estate, routing: &self.routing, now: head.ended_at };
        dispatch.extend(voice.well_again(&self.store, schedule, &known)?);
        Ok(dispatch)
    }

    /// Reads all sources side by side, on from where a scan was broken off not long ago. At the deadline, or when somebody
    /// says so, they all stop where they are.
    pub(super) async fn collect(
        &self,
        since: &Watermarks,
        journal: Option<Arc<Pages>>,
        deadline: Option<Duration>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Vec<Collection>, AppError> {
        if let Some(journal) = journal {
            self.memory.open(journal);
        }
        let read = self.read(since, deadline, progress).await;
        self.memory.close();
        match self.stop.reason().filter(|reason| reason != DEADLINE) {
            Some(reason) => Err(AppError::Stopped { reason }),
            None => Ok(read),
        }
    }

    fn forecast(&self, previous: Option<&SnapshotHead>) -> Result<Option<Forecast>, AppError> {
        let Some(previous) = previous else { return Ok(None) };
        let sources: Vec<SourceName> = self.sources.iter().map(|source| source.name().clone()).collect();
        Ok(Forecast::of(previous.started_at, &self.store.ledger(previous.id)?, &sources))
    }

    /// The journal of this run, with what was read since a moment. Without one a scan is as good as any, unless it is broken off.
    pub(super) fn open_journal(&self, run: i64, oldest: DateTime<Utc>) -> Option<Arc<Pages>> {
        let sources: Vec<SourceName> = self.sources.iter().map(|source| source.name().clone()).collect();
        match self.store.open_journal(run, &sources, oldest, SHAPES) {
            Ok(journal) => Some(Pages::of(journal)),
            Err(error) => {
                tracing::warn!(error = %error, "there is no journal: a scan that is broken off will begin from the front");
                None
            }
        }
    }

    async fn read(
        &self,
        since: &Watermarks,
        deadline: Option<Duration>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Vec<Collection> {
        let mut running: FuturesUnordered<_> = self
            .sources
            .iter()
            .map(|source| async { (source.name(), source.look(Depth::Whole, since).await) })
            .collect();
        let alarm = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(alarm);
        let mut read = Vec::with_capacity(self.sources.len());
        let mut rung = false;
        let asked_before = self.meter.asked();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    let requests = self.meter.asked() - asked_before;
                    progress(Progress::Asking { requests, recalled: self.meter.recalled() });
                }
                () = &mut alarm, if !rung => {
                    rung = true;
                    self.stop.now(DEADLINE);
                }
                next = running.next() => match next {
                    Some((source, collection)) => {
                        report(source, &collection, progress);
                        read.push(collection);
                    }
                    None => return read,
                },
            }
        }
    }

    /// What changed since the scan before; what was out of sight is carried on. The first scan has nothing to compare with.
    fn compare(&self, previous: Option<&SnapshotHead>, snapshot: &mut Snapshot) -> Result<Vec<Change>, AppError> {
        let Some(previous) = previous else {
            snapshot.note_first_uses();
            return Ok(Vec::new());
        };
        let earlier = self.earlier(previous.id, snapshot)?;
        let comparison = drift::compare_with_earlier(&earlier, snapshot);
        snapshot.carried = comparison.carried;
        Ok(comparison.changes)
    }

    /// What is to be known of the scan before, which is never held as a whole.
    fn earlier(&self, id: SnapshotId, snapshot: &mut Snapshot) -> Result<Earlier, AppError> {
        let mut gathering = Gathering::beside(snapshot);
        let mut reminding = Reminding::of(snapshot);
        let walked = self.store.walk_through(
            id,
            |last| reminding.up_to(last),
            |part, row| match row.carried {
                true => Ok(Met::Carried(Box::new(row.read()?))),
                false => part.meet(row.id, row.digest, || row.read()),
            },
            |met| gathering.take(met),
        )?;
        let (ledger, _) = walked.ok_or(AppError::NoSuchSnapshot(id))?;
        Ok(gathering.finish(snapshot, ledger, self.clock.now() - AUDIT_RETENTION))
    }

    fn reconcile(
        &self,
        inventory: &Inventory<'_>,
        changes: &[Change],
        evaluation: &Evaluation,
        rules: &[RuleSummary],
        now: DateTime<Utc>,
    ) -> Result<Reconciled, AppError> {
        let baseline = self.store.baseline()?;
        let judged = Judged { rules, evaluation, inventory, changes, baseline: baseline.as_ref() };
        let mut reconciled = findings::reconcile(&self.store.findings()?, &judged, &self.waivers, now);
        // What this scan did not see an earlier one may have seen.
        for used in reconciled.waiver_uses.iter_mut().filter(|used| used.never_seen) {
            if let Some(id) = ResourceId::parse(&used.waiver.resource) {
                used.never_seen = self.store.known(&id)?.is_none();
            }
        }
        Ok(reconciled)
    }

    /// A scan ends with the moment it is judged at, so that it can be judged again as it was.
    fn head(
        &self,
        snapshot: &Snapshot,
        compared_with: Option<SnapshotId>,
        started_at: DateTime<Utc>,
        ended_at: DateTime<Utc>,
    ) -> SnapshotHead {
        SnapshotHead {
            id: SnapshotId(0),
            estate: self.estate.clone(),
            started_at,
            ended_at,
            digest: snapshot.digest,
            rules_digest: self.rules.digest(),
            complete: Coverage(&snapshot.ledger).is_complete(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            sources: self.sources.iter().map(|source| source.name().clone()).collect(),
            compared_with,
            counts: snapshot.counts(),
            rules_off: self.rules.off(),
        }
    }
}

/// The run that is judged.
pub(super) struct RunToJudge<'a> {
    pub(super) run: RunRecord,
    pub(super) schedule: &'a str,
    pub(super) started_at: DateTime<Utc>,
    pub(super) previous: Option<SnapshotHead>,
    pub(super) since: Watermarks,
}

/// The parts of a judgement that news are made from.
struct Told<'a> {
    inventory: &'a Inventory<'a>,
    changes: &'a [Change],
    rules: &'a [RuleSummary],
    reconciled: &'a Reconciled,
}

fn report(source: &SourceName, collection: &Collection, progress: &(dyn Fn(Progress) + Sync)) {
    let complete = collection.ledger.iter().filter(|entry| !entry.is_gap()).count();
    tracing::info!(
        source.name = %source,
        resources = collection.resources.len(),
        endpoints.complete = complete,
        endpoints = collection.ledger.len(),
        "source collected"
    );
    progress(Progress::Collected {
        source: source.clone(),
        resources: collection.resources.len(),
        complete,
        endpoints: collection.ledger.len(),
    });
}

/// Resources that are carried for a source which is no longer configured: nobody can say how they are, and the ledger
/// says so for as long as they are carried.
fn own_up_to_lost_sources(snapshot: &mut Snapshot, now: DateTime<Utc>) {
    let known: BTreeSet<SourceName> = snapshot.ledger.iter().map(|entry| entry.source.clone()).collect();
    let mut lost: BTreeMap<SourceName, BTreeSet<Kind>> = BTreeMap::new();
    for resource in &snapshot.carried {
        for sighting in resource.seen_by.iter().filter(|sighting| !known.contains(&sighting.source)) {
            lost.entry(sighting.source.clone()).or_default().insert(resource.kind());
        }
    }
    for (source, kinds) in lost {
        let reason = "it is no longer in the configuration; what it showed is told as last seen".to_owned();
        let shows = kinds.into_iter().collect();
        let entry = LedgerEntry::not_asked(source, "the whole source".into(), String::new(), shows, reason, now);
        snapshot.ledger.push(entry);
    }
    snapshot.ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
}

/// Writes the reasons down that somebody gave for gaps.
pub(super) fn declare(ledger: &mut [LedgerEntry], accepted: &[AcceptedGap]) {
    for entry in ledger.iter_mut().filter(|entry| entry.is_gap()) {
        let gap = accepted.iter().find(|gap| gap.source == entry.source && *gap.endpoint == *entry.endpoint);
        if let Some(gap) = gap {
            entry.declared = Some(gap.reason.clone());
        }
    }
}

/// A scan that saw nothing at all says nothing about the estate, so it is not stored as one.
fn refuse_emptiness(collections: &[Collection]) -> Result<(), AppError> {
    // An endpoint that shows nothing, or was answered without asking, is no sight of the estate; neither is what people
    // say there should be. A file takes no request, but has a page.
    let telling = |entry: &LedgerEntry| {
        let seen = matches!(entry.state, EndpointState::Complete | EndpointState::Partial);
        let found = |kind: &Kind| !matches!(kind, Kind::Person | Kind::Integration);
        seen && (entry.requests > 0 || entry.pages > 0) && entry.shows.iter().any(found)
    };
    if collections.iter().flat_map(|collection| &collection.ledger).any(telling) {
        return Ok(());
    }
    let first_gaps = collections.iter().filter_map(|collection| collection.ledger.iter().find(|entry| entry.is_gap()));
    let reasons = first_gaps.map(LedgerEntry::gap_text).collect();
    Err(AppError::NothingCollected { reasons })
}
