//! The rounds of the daemon: what is due is begun, what is over is told, what hangs is noticed. One scan at a time; a scan
//! that comes due meanwhile waits, and what comes due twice is scanned once. Scans are made here, or shared among machines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::work::{Delivering, Scanning};
use super::{Health, House, Metrics, NotReady, Settings, Sharing, Watched, report, systemd};
use crate::alerts::Trouble;
use crate::app::{App, AppError, Due, LONGEST, Schedule, Voice, served_up_to};
use crate::clock::Clock;
use crate::model::{RunEnd, SnapshotId};
use crate::store::{NewShared, SharedRun, Store, StoreError};

/// The time between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// The time between two looks at the files.
const LOOK: TimeDelta = TimeDelta::seconds(5);
/// The time between two looks at what time alone gives occasion to tell.
const FOLLOW_UP: TimeDelta = TimeDelta::minutes(15);
/// How many of the latest runs may have left something to be done.
const RUNS_SWEPT: usize = 5;
/// How long a scan that cannot begin is left alone before it is tried again.
const HOLD: TimeDelta = TimeDelta::minutes(1);

/// What somebody outside asks of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// To end in good order.
    End,
    /// To read the configuration anew.
    Reload,
}

/// Does what is due.
pub struct Daemon<H> {
    house: H,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    health: Health,
    settings: Settings,
    store: Store,
    /// What scanned last, for nights on which the configuration on the disk has mistakes.
    kept: BTreeMap<String, App>,
    watched: Watched,
    looked_at: DateTime<Utc>,
    followed_up_at: Option<DateTime<Utc>>,
    forgot_at: Option<DateTime<Utc>>,
    held_until: BTreeMap<String, DateTime<Utc>>,
    scanning: Option<UnderWay>,
    delivering: Option<Delivering>,
    /// What shares scans among machines; none where this process makes them.
    sharing: Option<Arc<dyn Sharing>>,
    /// Whether what runs that are over left to be done was taken away.
    swept: bool,
}

/// A scan under way.
enum UnderWay {
    /// In this process.
    Here(Scanning),
    /// On whatever machines take its parts.
    Shared(Box<(Schedule, SharedRun)>),
}

impl UnderWay {
    fn schedule(&self) -> &Schedule {
        match self {
            Self::Here(scanning) => &scanning.schedule,
            Self::Shared(shared) => &shared.0,
        }
    }

    /// The moment that it is for, and when it began.
    fn moments(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::Here(scanning) => (scanning.due_at, scanning.started_at),
            Self::Shared(shared) => (shared.1.run.due_at, shared.1.run.started_at),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self, Self::Here(scanning) if scanning.is_over())
    }
}

impl<H: House> Daemon<H> {
    /// A daemon that is ready to make its rounds.
    ///
    /// # Errors
    /// Everything that is wrong in the configuration, or a store that cannot be used.
    pub fn new(house: H, clock: Arc<dyn Clock>, metrics: Arc<Metrics>, health: Health) -> Result<Self, AppError> {
        let settings = house.settings()?;
        let kept = build_all(&house, &settings)?;
        Self::with(house, clock, metrics, health, settings, kept, None)
    }

    /// One that has its scans made by whatever machines take the parts. It takes up what is under way.
    ///
    /// # Errors
    /// As [`Daemon::new`].
    pub fn sharing(
        house: H,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        health: Health,
        sharing: Arc<dyn Sharing>,
    ) -> Result<Self, AppError> {
        let settings = house.settings()?;
        let mut daemon = Self::with(house, clock, metrics, health, settings, BTreeMap::new(), Some(sharing))?;
        daemon.take_up()?;
        Ok(daemon)
    }

    fn with(
        house: H,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        health: Health,
        settings: Settings,
        kept: BTreeMap<String, App>,
        sharing: Option<Arc<dyn Sharing>>,
    ) -> Result<Self, AppError> {
        let store = Store::create_or_open(&settings.store)?;
        let (watched, looked_at) = (Watched::new(settings.files.clone()), clock.now());
        let mut daemon = Self {
            house,
            clock,
            metrics,
            health,
            settings,
            store,
            kept,
            watched,
            looked_at,
            followed_up_at: None,
            forgot_at: None,
            held_until: BTreeMap::new(),
            scanning: None,
            delivering: None,
            sharing,
            swept: false,
        };
        daemon.begin_schedules()?;
        daemon.look_back()?;
        report::set_all(&daemon.metrics, &daemon.settings, &daemon.store, daemon.clock.now())?;
        daemon.health.set_ready(Ok(()));
        Ok(daemon)
    }

    /// Makes rounds until told to end.
    ///
    /// # Errors
    /// If the store cannot be used at the end; during the rounds that is told to monitoring, and tried again.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Result<(), AppError> {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        systemd::ready(&self.outlook());
        loop {
            tokio::select! {
                _ = rounds.tick() => self.round_in_good_order().await,
                order = orders.recv() => match order {
                    Some(Order::Reload) => self.reload(),
                    Some(Order::End) | None => break,
                },
            }
        }
        self.end().await
    }

    async fn round_in_good_order(&mut self) {
        match self.round().await {
            Ok(()) => self.health.set_ready(Ok(())),
            Err(error) => {
                tracing::error!("a round failed: {error}");
                self.health.set_ready(Err(NotReady::StoreUnreadable));
            }
        }
        self.health.beat(self.clock.now());
        systemd::alive();
    }

    /// One round: begins what is due, tells what is over, notices what is late.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub async fn round(&mut self) -> Result<(), AppError> {
        let now = self.clock.now();
        if now - self.looked_at >= LOOK {
            self.looked_at = now;
            if self.watched.changed() {
                self.reload();
            }
        }
        if self.scanning.as_ref().is_some_and(UnderWay::is_over) {
            self.scan_is_over().await?;
        }
        self.see_to_shared().await?;
        if self.scanning.is_none() {
            self.begin_due(now)?;
            self.see_to_shared().await?;
        }
        self.notice_what_is_late(now)?;
        self.follow_up(now)?;
        self.deliver(now).await
    }

    /// True if nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.scanning.is_none() && self.delivering.is_none()
    }

    /// Waits for what is under way, without a round.
    pub async fn wait(&mut self) {
        while matches!(&self.scanning, Some(UnderWay::Here(scan)) if !scan.is_over())
            || self.delivering.as_ref().is_some_and(|delivery| !delivery.is_over())
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// When the next scan begins, if one ever does.
    #[must_use]
    pub fn next_start(&self) -> Option<DateTime<Utc>> {
        let now = self.clock.now();
        let next = |schedule: &Schedule| {
            let due = schedule.next_after(now)?;
            Some(schedule.start_of(&self.settings.estate, due))
        };
        self.settings.schedules.iter().filter_map(next).min()
    }

    /// Ends in good order: a scan stops asking and keeps what it has read whole, a delivery finishes its notice.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub async fn end(mut self) -> Result<(), AppError> {
        systemd::stopping("finishing what is under way");
        if let Some(UnderWay::Here(scanning)) = &self.scanning {
            scanning.stop.now("keyroll was told to end");
        }
        if let Some(delivering) = &self.delivering {
            delivering.stop();
        }
        self.scan_is_over().await?;
        if let Some(delivering) = self.delivering.take() {
            drop(delivering.end().await);
        }
        Ok(())
    }

    /// Reads the configuration anew. With mistakes in it, the old one goes on.
    pub fn reload(&mut self) {
        systemd::reloading();
        match self.house.settings().and_then(|settings| {
            let kept = if self.sharing.is_none() { build_all(&self.house, &settings)? } else { BTreeMap::new() };
            let store = Store::create_or_open(&settings.store)?;
            Ok((settings, kept, store))
        }) {
            Ok((settings, kept, store)) => {
                self.watched = Watched::new(settings.files.clone());
                (self.settings, self.kept, self.store) = (settings, kept, store);
                self.held_until.clear();
                if let Err(error) = self.begin_schedules() {
                    tracing::error!("the schedules could not be written down: {error}");
                }
                tracing::info!("the configuration was read anew");
            }
            Err(AppError::Mistakes(problems)) => {
                tracing::error!("the new configuration has mistakes, so the old one goes on:\n{problems}");
            }
            Err(error) => tracing::error!("the new configuration cannot be used, so the old one goes on: {error}"),
        }
        systemd::ready(&self.outlook());
    }

    /// From here on a schedule that has never run counts: moments from now on can be missed.
    fn begin_schedules(&mut self) -> Result<(), AppError> {
        let now = self.clock.now();
        for schedule in &self.settings.schedules {
            begin_schedule(&mut self.store, schedule, now)?;
        }
        Ok(())
    }

    /// Runs whose process is gone, this one's before a crash among them: they are told of, and are due again.
    fn look_back(&mut self) -> Result<(), AppError> {
        look_back(&mut self.store, &self.settings, self.clock.now())
    }

    fn outlook(&self) -> String {
        match self.next_start() {
            Some(at) => format!("next scan on {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => "no scan is scheduled".to_owned(),
        }
    }

    fn begin_due(&mut self, now: DateTime<Utc>) -> Result<(), AppError> {
        let mut due = Vec::new();
        for schedule in &self.settings.schedules {
            if self.held_until.get(&schedule.name).is_some_and(|until| *until > now) {
                continue;
            }
            let since = served(&self.store, schedule, now)?;
            let next = schedule.due(since, now);
            due.extend(
                next.filter(|due| schedule.start_of(&self.settings.estate, due.at) <= now)
                    .map(|due| (due, schedule.clone())),
            );
        }
        due.sort_by_key(|(due, schedule)| (due.at, schedule.name.clone()));
        let Some((due, schedule)) = due.into_iter().next() else { return Ok(()) };
        self.begin(schedule, due, now)
    }

    fn begin(&mut self, schedule: Schedule, due: Due, now: DateTime<Utc>) -> Result<(), AppError> {
        if self.sharing.is_some() {
            return self.begin_shared(schedule, due, now);
        }
        let app = match self.house.app(&schedule) {
            Ok(app) => Some(app),
            Err(error) => {
                tracing::error!("the configuration on the disk cannot be used, so the old one scans: {error}");
                self.kept.remove(&schedule.name)
            }
        };
        let Some(app) = app else {
            self.held_until.insert(schedule.name.clone(), now + HOLD);
            return Ok(());
        };
        self.tell_beginning(&schedule, due, now)?;
        systemd::status(&format!("scanning by schedule {}", schedule.name));
        self.scanning = Some(UnderWay::Here(Scanning::begin(app, schedule, due.at, now)));
        Ok(())
    }

    fn tell_beginning(&mut self, schedule: &Schedule, due: Due, now: DateTime<Utc>) -> Result<(), AppError> {
        tell_missed(&mut self.store, schedule, &due, &self.settings, now)?;
        self.metrics.add_missed_runs(&schedule.name, u64::try_from(due.missed).unwrap_or(u64::MAX));
        let estate = self.settings.estate.as_str();
        tracing::info!(estate, schedule = schedule.name, due = %due.at, missed = due.missed, "a scan begins");
        Ok(())
    }

    /// Begins a scan whose parts others make.
    fn begin_shared(&mut self, schedule: Schedule, due: Due, now: DateTime<Utc>) -> Result<(), AppError> {
        let sources = if schedule.sources.is_empty() { &self.settings.sources } else { &schedule.sources };
        let time = schedule.deadline.unwrap_or(LONGEST);
        let mark = self.settings.mark.as_str();
        let new = NewShared { schedule: &schedule.name, due_at: due.at, mark, sources, time };
        match self.store.begin_shared_run(new, now)? {
            Some(shared) => {
                self.tell_beginning(&schedule, due, now)?;
                self.scanning = Some(UnderWay::Shared(Box::new((schedule, shared))));
            }
            // Somebody else has begun it a moment ago.
            None => self.take_up()?,
        }
        Ok(())
    }

    /// Takes up a run that another process began. Of one for a schedule that is there no more nobody wants the result.
    fn take_up(&mut self) -> Result<(), AppError> {
        for shared in self.store.shared_runs()? {
            let schedule = self.settings.schedules.iter().find(|schedule| schedule.name == shared.run.schedule);
            match schedule {
                Some(schedule) => {
                    self.scanning = Some(UnderWay::Shared(Box::new((schedule.clone(), shared))));
                }
                None => {
                    let why = "its schedule is no longer in the configuration";
                    let end = Some((shared.run.id, RunEnd::Interrupted, why));
                    self.store.end_shared(end, self.clock.now())?;
                }
            }
        }
        // One that failed while nobody led has been told of, or is now.
        let last: Vec<_> = self
            .settings
            .schedules
            .iter()
            .filter_map(|schedule| Some((schedule.clone(), self.store.last_run(&schedule.name).transpose()?)))
            .collect();
        for (schedule, run) in last {
            let run = run?;
            if run.end == Some(RunEnd::Failed) {
                self.failed(&schedule, run.due_at, &run.note)?;
            }
        }
        Ok(())
    }

    /// Sees to it that the parts of a shared scan are made, and tells how it went once it is over.
    async fn see_to_shared(&mut self) -> Result<(), AppError> {
        let Some(sharing) = self.sharing.clone() else { return Ok(()) };
        if !self.swept {
            // Whoever led before may have ended before it took their jobs out.
            for over in self.store.latest_runs(RUNS_SWEPT)?.into_iter().filter(|run| run.end.is_some()) {
                sharing.forget(over.id, &self.settings.sources, &self.settings).await?;
            }
            self.swept = true;
        }
        let Some(UnderWay::Shared(known)) = &self.scanning else { return Ok(()) };
        let (schedule, shared) = known.as_ref().clone();
        let run_id = shared.run.id;
        let run = self.store.run(run_id)?;
        let Some(run) = run.filter(|run| run.end.is_none()) else {
            self.scanning = None;
            sharing.forget(run_id, &shared.sources, &self.settings).await?;
            return self.shared_is_over(&schedule, &shared).await;
        };
        if shared.mark != self.settings.mark {
            let why = "the configuration, the rules or the program changed while it ran";
            self.store.end_shared(Some((run_id, RunEnd::Interrupted, why)), self.clock.now())?;
            tracing::warn!(estate = self.settings.estate, schedule = schedule.name, "a scan begins anew: {why}");
            self.scanning = None;
            return sharing.forget(run_id, &shared.sources, &self.settings).await;
        }
        let Some(now_left) = self.store.shared_run(run.id)? else { return Ok(()) };
        let read = self.store.shared_sources(run.id)?;
        if let Some(why) = sharing.keep_up(&now_left, &read, &self.settings).await? {
            self.store.end_shared(Some((run.id, RunEnd::Failed, &why)), self.clock.now())?;
        }
        Ok(())
    }

    async fn shared_is_over(&mut self, schedule: &Schedule, shared: &SharedRun) -> Result<(), AppError> {
        let Some(run) = self.store.run(shared.run.id)? else { return Ok(()) };
        match (run.end, run.snapshot) {
            (Some(end @ (RunEnd::Complete | RunEnd::Incomplete)), Some(snapshot)) => {
                self.stored(schedule, snapshot, end == RunEnd::Complete, run.started_at).await
            }
            (Some(RunEnd::Failed), _) => self.failed(schedule, run.due_at, &run.note),
            (end, _) => {
                report::failed(&self.metrics, &schedule.name, end.unwrap_or(RunEnd::Vanished));
                Ok(())
            }
        }
    }

    /// Waits for the scan, and tells how it went.
    async fn scan_is_over(&mut self) -> Result<(), AppError> {
        // What others make goes on without this process.
        let Some(UnderWay::Here(scanning)) = self.scanning.take_if(|under_way| matches!(under_way, UnderWay::Here(_)))
        else {
            return Ok(());
        };
        let (schedule, due_at, started_at) = (scanning.schedule.clone(), scanning.due_at, scanning.started_at);
        let Some((app, outcome)) = scanning.end().await else {
            tracing::error!(schedule = schedule.name, "a scan broke down: this is a bug of keyroll");
            return self.failed(&schedule, due_at, "it broke down, which is a bug of keyroll");
        };
        match outcome {
            Ok(outcome) => self.stored(&schedule, outcome.snapshot, outcome.complete, started_at).await?,
            Err(AppError::Store(StoreError::ScanUnderWay { .. })) => {
                tracing::warn!(schedule = schedule.name, "another scan is under way: this one waits");
                self.held_until.insert(schedule.name.clone(), self.clock.now() + HOLD);
            }
            Err(AppError::Stopped { reason }) => {
                tracing::info!(schedule = schedule.name, "the scan was stopped: {reason}");
                report::failed(&self.metrics, &schedule.name, RunEnd::Interrupted);
            }
            Err(error) => {
                tracing::error!(schedule = schedule.name, "the scan failed: {error}");
                self.failed(&schedule, due_at, &error.to_string())?;
            }
        }
        if app.stop.reason().is_none() {
            self.kept.insert(schedule.name.clone(), app);
        }
        systemd::status(&self.outlook());
        Ok(())
    }

    async fn stored(
        &mut self,
        schedule: &Schedule,
        snapshot: SnapshotId,
        complete: bool,
        started_at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let now = self.clock.now();
        let took = (now - started_at).to_std().unwrap_or_default();
        let estate = self.settings.estate.as_str();
        tracing::info!(estate, schedule = schedule.name, snapshot = %snapshot, complete, "a scan is stored");
        report::add_scan(&self.metrics, &schedule.name, took, &self.store.ledger(snapshot)?, started_at);
        report::set_all(&self.metrics, &self.settings, &self.store, now)?;
        if complete && let Some(heartbeat) = self.settings.heartbeat.clone() {
            match heartbeat.beat().await {
                Ok(()) => self.metrics.set_heartbeat(now),
                Err(error) => tracing::error!("the heartbeat could not be sent: {error}"),
            }
        }
        Ok(())
    }

    fn failed(&mut self, schedule: &Schedule, due_at: DateTime<Utc>, why: &str) -> Result<(), AppError> {
        report::failed(&self.metrics, &schedule.name, RunEnd::Failed);
        let (trouble, now) = (Trouble::Failed { due_at, why: why.to_owned() }, self.clock.now());
        let Settings { estate, routing, .. } = &self.settings;
        Voice { estate, routing, now }.trouble(&mut self.store, &schedule.name, &schedule.sources, trouble)?;
        Ok(())
    }

    /// A scan that should have ended by now, whether it began or not.
    fn notice_what_is_late(&mut self, now: DateTime<Utc>) -> Result<(), AppError> {
        let mut late = Vec::new();
        for schedule in &self.settings.schedules {
            let under_way = self.scanning.as_ref().filter(|under_way| under_way.schedule().name == schedule.name);
            let (due_at, started_at) = match under_way.map(UnderWay::moments) {
                Some((due_at, started_at)) => (due_at, Some(started_at)),
                None => match schedule.due(served(&self.store, schedule, now)?, now) {
                    Some(due) => (due.at, None),
                    None => continue,
                },
            };
            if now > schedule.late_at(&self.settings.estate, due_at) {
                late.push((schedule.clone(), Trouble::Late { due_at, started_at }));
            }
        }
        let Settings { estate, routing, .. } = &self.settings;
        for (schedule, trouble) in late {
            Voice { estate, routing, now }.trouble(&mut self.store, &schedule.name, &schedule.sources, trouble)?;
        }
        Ok(())
    }

    fn follow_up(&mut self, now: DateTime<Utc>) -> Result<(), AppError> {
        if self.followed_up_at.is_some_and(|at| now - at < FOLLOW_UP) {
            return Ok(());
        }
        self.followed_up_at = Some(now);
        if self.scanning.is_none() {
            self.look_back()?;
        }
        let Settings { estate, routing, .. } = &self.settings;
        Voice { estate, routing, now }.follow_up(&mut self.store)?;
        if self.forgot_at.is_none_or(|at| now - at >= TimeDelta::days(1)) {
            self.forgot_at = Some(now);
            self.store.forget_told(now - FORGET_AFTER)?;
        }
        Ok(())
    }

    /// Begins to send what is due, unless that is under way.
    async fn deliver(&mut self, now: DateTime<Utc>) -> Result<(), AppError> {
        if let Some(delivering) = self.delivering.take() {
            if !delivering.is_over() {
                self.delivering = Some(delivering);
                return Ok(());
            }
            if let Some(Err(error)) = delivering.end().await {
                return Err(error);
            }
            report::set_outbox(&self.metrics, &self.store, now)?;
        }
        if self.store.next_due()?.is_some_and(|due| due <= now) {
            // Where many estates are looked after, only some tell at a time.
            let permit = self.sharing.as_ref().map(|sharing| sharing.may_deliver());
            if !matches!(permit, Some(None)) {
                let permit = permit.flatten();
                self.delivering = Some(Delivering::begin(&self.settings, Arc::clone(&self.clock), permit));
            }
        }
        Ok(())
    }

    /// True if the configuration has no mistakes of its own as it is now.
    #[must_use]
    pub fn could_reload(&self) -> bool {
        self.house.settings().is_ok()
    }

    /// Closes the connection to the store until the next round.
    pub fn rest(&self) {
        self.store.rest();
    }

    /// True if a scan is to begin that was not when a round was made last.
    #[must_use]
    pub fn has_come_due(&self, since: DateTime<Utc>) -> bool {
        let now = self.clock.now();
        let comes = |schedule: &Schedule| {
            schedule.next_after(since).is_some_and(|due| schedule.start_of(&self.settings.estate, due) <= now)
        };
        self.settings.schedules.iter().any(comes)
    }
}

/// What scans each schedule.
fn build_all(house: &impl House, settings: &Settings) -> Result<BTreeMap<String, App>, AppError> {
    settings.schedules.iter().map(|schedule| Ok((schedule.name.clone(), house.app(schedule)?))).collect()
}

/// Notices runs whose process is gone, unless somebody is scanning: then it cannot be told which.
pub(super) fn look_back(store: &mut Store, settings: &Settings, now: DateTime<Utc>) -> Result<(), AppError> {
    match store.lock_for_scan() {
        Ok(_lock) => {
            Voice { estate: &settings.estate, routing: &settings.routing, now }.look_back(store, &settings.schedules)
        }
        Err(StoreError::ScanUnderWay { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What was told and is over is forgotten after this time.
pub(super) const FORGET_AFTER: TimeDelta = TimeDelta::days(400);

/// Writes down from when on a schedule counts, unless that is known.
pub(super) fn begin_schedule(store: &mut Store, schedule: &Schedule, now: DateTime<Utc>) -> Result<(), AppError> {
    store.begin_schedule(&schedule.name, now)?;
    Ok(())
}

/// The moment up to which a schedule has been served.
pub(super) fn served(store: &Store, schedule: &Schedule, now: DateTime<Utc>) -> Result<DateTime<Utc>, AppError> {
    let since = store.schedule_began(&schedule.name)?.unwrap_or(now);
    Ok(served_up_to(store.last_run(&schedule.name)?.as_ref(), since))
}

/// Tells of the moments for which nobody scanned.
pub(super) fn tell_missed(
    store: &mut Store,
    schedule: &Schedule,
    due: &Due,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    if let Due { missed, first_missed: Some(first), .. } = due {
        let trouble = Trouble::Missed { count: *missed, first: *first };
        let voice = Voice { estate: &settings.estate, routing: &settings.routing, now };
        voice.trouble(store, &schedule.name, &schedule.sources, trouble)?;
    }
    Ok(())
}
