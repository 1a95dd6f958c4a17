//! Does jobs: reads one source of a run, or judges a run that was read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::{GRACE, Houses, JUDGE_FIRST, clock_is_off, refuse_other_database, tenant_of};
use crate::app::{App, AppError, Schedule, Shared};
use crate::clock::Clock;
use crate::daemon::{Health, House, Metrics, NotReady, Settings, systemd};
use crate::model::{RunEnd, SourceName};
use crate::store::{Claim, Done, Hands, Job, Queue, SharedRun, Step, Store, StoreError};

/// How long a job waits that this machine cannot do as it is set up now. Another may take it meanwhile.
const MISFIT: Duration = Duration::from_secs(15);
/// How long a job waits whose host somebody else asks.
const TAKEN: Duration = Duration::from_secs(3);
/// The time between two looks at whether a job is still wanted.
const LOOK: Duration = Duration::from_secs(5);
/// The time between two tries to reach a database that is gone.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Does jobs of a queue, some at a time.
pub struct Worker {
    queue: Queue,
    at_once: usize,
    health: Health,
    bench: Arc<Bench>,
}

/// What jobs are done with.
struct Bench {
    houses: Box<dyn Houses>,
    queue: Queue,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    end: watch::Receiver<bool>,
}

impl Worker {
    /// One that does `at_once` jobs at a time until `end` turns true.
    pub fn new(
        houses: Box<dyn Houses>,
        queue: Queue,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        health: Health,
        at_once: usize,
        end: watch::Receiver<bool>,
    ) -> Self {
        let bench = Arc::new(Bench { houses, queue: queue.clone(), clock, metrics, end });
        Self { queue, at_once, health, bench }
    }

    /// Does jobs until told to end. While the database is gone it waits for it.
    pub async fn run(self) {
        systemd::ready("waiting for jobs");
        let beats = self.beat();
        let works = async {
            while !*self.bench.end.borrow() {
                if let Err(why) = self.take_jobs().await {
                    tracing::error!("no jobs can be taken, and it is tried again: {why}");
                    let end = ended(self.bench.end.clone());
                    // It ends here too where it is told to.
                    tokio::time::timeout(TRY_AGAIN, end).await.unwrap_or_default();
                }
            }
        };
        tokio::select! {
            () = works => {}
            () = beats => {}
        }
    }

    /// Does jobs until the process is to end. None is taken while the clock is off: it would only be put off, and others wait.
    async fn take_jobs(&self) -> Result<(), String> {
        let off = clock_is_off(&self.queue, self.bench.clock.now()).await.map_err(|error| self.unreachable(&error))?;
        if let Some(off) = off {
            return Err(format!("{off}; until then others do the jobs"));
        }
        let end = ended(self.bench.end.clone());
        let hands = Arc::<Bench>::clone(&self.bench) as Arc<dyn Hands>;
        self.queue.work(hands, self.at_once, end).await.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &StoreError) -> String {
        self.health.set_ready(Err(NotReady::StoreUnreadable));
        error.to_string()
    }

    /// Says that the process is alive, and whether it can reach the database.
    async fn beat(&self) {
        loop {
            let ready = self.queue.now().await.map(drop).map_err(|_unreachable| NotReady::StoreUnreadable);
            self.health.set_ready(ready);
            self.health.beat(self.bench.clock.now());
            systemd::alive();
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

async fn ended(mut end: watch::Receiver<bool>) {
    // A sender that is gone ends it too.
    end.wait_for(|end| *end).await.map(drop).unwrap_or_default();
}

impl Hands for Bench {
    fn work(&self, job: Job) -> Pin<Box<dyn Future<Output = Result<Done, String>> + Send + '_>> {
        Box::pin(async move {
            if let Some(off) = clock_is_off(&self.queue, self.clock.now()).await.map_err(|error| error.to_string())? {
                tracing::error!("{off}; until then others do the jobs");
                return Ok(Done::Later(MISFIT));
            }
            let key = job.key();
            let done = self.do_apart(job).await;
            match &done {
                Ok(Done::Yes) => self.metrics.add_job("done"),
                Ok(Done::Later(_)) => self.metrics.add_job("put_off"),
                Err(error) => {
                    self.metrics.add_job("failed");
                    tracing::error!(job = key, "a job failed: {error}");
                }
            }
            done
        })
    }
}

/// What a job needs to know before it begins.
struct Task {
    house: Box<dyn House>,
    settings: Settings,
    schedule: Schedule,
    shared: SharedRun,
    store: Store,
}

impl Bench {
    /// On a thread of its own: judging and storing keep one busy.
    async fn do_apart(&self, job: Job) -> Result<Done, String> {
        // The jobs under way are waited for, whatever happens to whoever waits; so they hold on to what they need.
        let handle = Handle::current();
        let work = || match &job.step {
            Step::Read(source) => self.read(&handle, &job, source),
            Step::Judge => self.judge(&handle, &job),
        };
        tokio::task::block_in_place(work).map_err(|error| said(&error))
    }

    /// What the job is about; or how it is done with already.
    fn prepare(&self, job: &Job) -> Result<Result<Task, Done>, AppError> {
        let put_off = |why: &dyn std::fmt::Display| {
            tracing::warn!(job = job.key(), "a job is left to other machines: {why}");
            Ok(Err(Done::Later(MISFIT)))
        };
        let house = match self.houses.house(&job.tenant) {
            Ok(house) => house,
            Err(error) => return put_off(&error),
        };
        let settings = match house.settings() {
            Ok(settings) => settings,
            Err(error) => return put_off(&error),
        };
        refuse_other_database(&self.queue, &settings.store)?;
        if tenant_of(&settings.store) != job.tenant {
            return put_off(&"the store of its tenant is another by now");
        }
        let store = Store::open(&settings.store)?;
        let Some(shared) = store.shared_run(job.run)? else { return Ok(Err(Done::Yes)) };
        let schedule = settings.schedules.iter().find(|schedule| schedule.name == shared.run.schedule).cloned();
        match schedule.filter(|_| shared.mark == settings.mark) {
            Some(schedule) => Ok(Ok(Task { house, settings, schedule, shared, store })),
            None => {
                put_off(&"this one has another configuration, other rules or another version than the one that leads")
            }
        }
    }

    fn read(&self, handle: &Handle, job: &Job, source: &str) -> Result<Done, AppError> {
        let Task { house, schedule, shared, store, .. } = match self.prepare(job)? {
            Ok(task) => task,
            Err(done) => return Ok(done),
        };
        let read = store.shared_sources(job.run)?;
        if read.iter().any(|read| read.as_str() == source) {
            return Ok(Done::Yes);
        }
        let mut app = house.app(&Schedule { sources: vec![source.into()], ..schedule })?;
        let names = app.budgets.names();
        let mut claims = Vec::new();
        for name in &names {
            let Some(claim) = self.queue.claim(&job.tenant, name)? else { return Ok(Done::Later(TAKEN)) };
            claims.push(claim);
            if let Some(memo) = store.budget(name)? {
                app.budgets.go_by(name, &memo);
            }
        }
        drop(store);
        let outcome = handle.block_on(self.read_while_wanted(&mut app, &shared, job, &claims));
        for name in &names {
            if let Some(memo) = app.budgets.memo(name) {
                app.store.keep_budget(name, &memo)?;
            }
        }
        drop(claims);
        match outcome {
            Ok(Shared::Kept { left }) if left.is_empty() => {
                let judge = Job { step: Step::Judge, line: None, ..job.clone() };
                handle.block_on(self.queue.add(&judge, JUDGE_FIRST, Duration::ZERO))?;
                Ok(Done::Yes)
            }
            Ok(Shared::Kept { .. } | Shared::Over) => Ok(Done::Yes),
            Err(AppError::Stopped { reason }) => {
                tracing::info!(job = job.key(), "a job is put off: {reason}");
                Ok(Done::Later(Duration::from_millis(100)))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads until it is read, this process is to end, nobody wants it any more, or somebody else may ask the host.
    async fn read_while_wanted(
        &self,
        app: &mut App,
        shared: &SharedRun,
        job: &Job,
        claims: &[Claim],
    ) -> Result<Shared, AppError> {
        let stop = app.stop.clone();
        let watch = async {
            loop {
                tokio::select! {
                    () = ended(self.end.clone()) => stop.now("this process was told to end"),
                    () = tokio::time::sleep(LOOK) => {}
                }
                if !claims.iter().all(Claim::is_held) {
                    stop.now("the line to the database broke, so another machine may ask the host");
                }
                // Whether a database that is gone wants it cannot be told; its return is waited for elsewhere.
                if !self.queue.wants(job).await.unwrap_or(true) {
                    stop.now("nobody wants it any more");
                }
                if stop.reason().is_some() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            outcome = app.read_share(shared) => outcome,
            () = watch => Ok(Shared::Over),
        }
    }

    fn judge(&self, handle: &Handle, job: &Job) -> Result<Done, AppError> {
        let Task { house, settings, schedule, shared, mut store } = match self.prepare(job)? {
            Ok(task) => task,
            Err(done) => return Ok(done),
        };
        let read = store.shared_sources(job.run)?;
        let missing = self.missing(handle, job, &shared, &read)?;
        let Some(missing) = missing else { return Ok(Done::Later(shared.left + GRACE)) };
        if read.is_empty() {
            let why: Vec<String> = missing.iter().map(|(source, why)| format!("{source}: {why}")).collect();
            let why = format!("no source could be read ({})", why.join("; "));
            store.end_shared(Some((job.run, RunEnd::Failed, &why)), self.clock.now())?;
            return Ok(Done::Yes);
        }
        drop(store);
        let mut app = house.app(&Schedule { sources: read, ..schedule })?;
        match app.judge_shares(&shared, &missing) {
            Ok(Some(outcome)) => {
                tracing::info!(
                    tenant = job.tenant,
                    estate = settings.estate,
                    snapshot = %outcome.snapshot,
                    complete = outcome.complete,
                    "a run was judged"
                );
                Ok(Done::Yes)
            }
            Ok(None) => Ok(Done::Yes),
            Err(AppError::Store(StoreError::ScanUnderWay { .. })) => Ok(Done::Later(MISFIT)),
            Err(error @ (AppError::Store(StoreError::Overtaken { .. }) | AppError::NothingCollected { .. })) => {
                tracing::error!(tenant = job.tenant, "a run came to nothing: {error}");
                Ok(Done::Yes)
            }
            Err(error) => Err(error),
        }
    }

    /// The sources that nobody has read and nobody will, each with the reason; `None` if they may still be.
    fn missing(
        &self,
        handle: &Handle,
        job: &Job,
        shared: &SharedRun,
        read: &[SourceName],
    ) -> Result<Option<Vec<(SourceName, String)>>, AppError> {
        let missing: Vec<&SourceName> = shared.sources.iter().filter(|source| !read.contains(source)).collect();
        if missing.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let standings = handle.block_on(self.queue.standings())?;
        let given_up = |source: &SourceName| {
            let key = Job { step: Step::Read(source.as_str().to_owned()), line: None, ..job.clone() }.key();
            standings.iter().find(|standing| standing.key == key)?.given_up.clone()
        };
        let why = |source: &&SourceName| {
            let why = match given_up(source) {
                Some(error) => format!("every machine that tried to read it failed: {error}"),
                None if shared.left.is_zero() => "no machine had read it when the time of the scan was over".to_owned(),
                None => return None,
            };
            Some(((*source).clone(), why))
        };
        Ok(missing.iter().map(why).collect())
    }
}

/// An error with its causes in one line.
fn said(error: &AppError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}
