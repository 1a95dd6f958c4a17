//! The jobs that several machines share: which source of which run is to be read, which run is to be judged. The library
//! `graphile_worker` hands them out, each to one worker at a time, takes them from workers that are gone, tries again what
//! failed, and lays aside what fails for good. What a job means is for whoever works.
//!
//! A worker that is only slow may be taken for dead. So whoever asks a host holds a claim on its budget as well: a lock of its
//! session, which the server gives nobody else while that session lives.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use futures::TryFutureExt;
use graphile_worker::{IntoTaskHandlerResult, JobKeyMode, JobSpec, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

use super::line::Line;
use super::session::{config, connect, fault, wait_for};
use crate::digest::Digest;
use crate::store::StoreError;
use crate::store::database::moment;
use crate::store::location::Address;

/// Where the library keeps its tables. The store's migrations and roles name it too.
const SCHEMA: &str = "keyroll_queue";

/// What all our jobs are called there.
const TASK: &str = "keyroll";

/// How often a job is tried before it is laid aside, each time after a longer pause: about five minutes in all.
const TRIES: i16 = 7;

/// How often a worker says that it is there, and after which silence its jobs are taken from it.
const HEARTBEAT: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(30);

/// How long a worker that is to end waits for its jobs, which are told so, before it lets go of them.
const GRACE: Duration = Duration::from_secs(60);

/// How often a worker with nothing to do looks for a job.
const LOOK: Duration = Duration::from_millis(500);

/// How long whoever wants to put something into the queue waits for a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// The queue that lies beside the stores of one database.
#[derive(Clone)]
pub struct Queue {
    address: Address,
    place: PathBuf,
    pool: Pool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The tenant, by the name of its store.
    pub tenant: String,
    /// The number of the run in that store.
    pub run: i64,
    /// Its part.
    pub step: Step,
    /// Jobs with the same line are done one after the other.
    pub line: Option<String>,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// To read a source.
    Read(String),
    /// To judge what was read.
    Judge,
}

/// How a job went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Yes,
    /// It cannot be done now, through nobody's fault, and is to be taken up again after that time.
    Later(Duration),
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is called: see [`Job::key`].
    pub key: String,
    /// True while somebody is at work on it.
    pub taken: bool,
    /// Why it was given up, if it was: the last of its errors.
    pub given_up: Option<String>,
}

/// Does jobs. An error is one that may go away by itself: the job is tried again, and laid aside in the end.
pub trait Hands: Send + Sync {
    /// Does one.
    fn work(&self, job: Job) -> Pin<Box<dyn Future<Output = Result<Done, String>> + Send + '_>>;
}

/// A lock that the server keeps for as long as the session lives.
pub struct Claim {
    client: Client,
}

impl Claim {
    /// False as soon as the line to the server is known to be broken: then somebody else may have it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.client.is_closed()
    }
}

impl Job {
    /// What it is called in the queue, where no two have the same name.
    #[must_use]
    pub fn key(&self) -> String {
        let Self { tenant, run, step, .. } = self;
        match step {
            Step::Read(source) => format!("{tenant}/{run}/read/{source}"),
            Step::Judge => format!("{tenant}/{run}/judge"),
        }
    }
}

impl Queue {
    /// Opens the queue beside a store. `connections` is how many its jobs and whoever adds some may use at once.
    ///
    /// # Errors
    /// `Behind` if its tables are not those that this keyroll needs and the role may not make them; or what keeps it from
    /// being reached.
    pub fn open(address: &Address, connections: usize) -> Result<Self, StoreError> {
        let queue = Self::beside(address, connections, None)?;
        super::patiently(|| queue.settle())?;
        Ok(queue)
    }

    fn beside(address: &Address, connections: usize, role: Option<&str>) -> Result<Self, StoreError> {
        let place = PathBuf::from(address.to_string());
        let refused = |what: String| StoreError::Refused { path: place.clone(), what };
        let config = config(address, role).map_err(refused)?;
        let line = Line::new(address.ca_file.as_deref()).map_err(refused)?;
        let manager = Manager::from_config(config, line, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(connections)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { address: address.clone(), place, pool })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Brings the queue into the shape that this keyroll needs, as the role that owns its schema.
    pub(super) fn migrate(address: &Address, owner: &str) -> Result<(), StoreError> {
        Self::beside(address, 1, Some(owner))?.settle()
    }

    /// In a runtime of its own, so that it can be called from anywhere.
    fn settle(&self) -> Result<(), StoreError> {
        let queue = self.clone();
        let settled = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| queue.broken(&error))?;
            let settled = runtime.block_on(async {
                let options = WorkerOptions::default().database(queue.pool.clone()).schema(SCHEMA).concurrency(1);
                options.listen_os_shutdown_signals(false).init().await.map(drop)
            });
            // What was opened in a runtime that ends is of no use in another.
            queue.pool.retain(|_, _| false);
            settled.map_err(|error| queue.unsettled(&error))
        });
        settled.join().unwrap_or_else(|_panicked| Err(self.broken("the queue could not be looked at")))
    }

    fn unsettled(&self, error: &(dyn std::error::Error + 'static)) -> StoreError {
        let what = causes(error);
        if what.contains("permission denied") {
            return StoreError::Behind { path: self.place.clone(), found: 0, known: 0, what };
        }
        self.broken(what)
    }

    fn broken(&self, what: impl fmt::Display) -> StoreError {
        StoreError::Interrupted { path: self.place.clone(), source: format!("queue: {what}").into() }
    }

    /// Puts a job into the queue, to be taken after a pause; one of the same name that waits is replaced. Those with a lower
    /// `priority` come first.
    ///
    /// # Errors
    /// If the queue cannot be reached.
    pub async fn add(&self, job: &Job, priority: i16, pause: Duration) -> Result<(), StoreError> {
        let at = if pause.is_zero() { None } else { Some(self.now().await? + pause) };
        let mut spec = JobSpec::new();
        spec.set_queue_name(job.line.clone()).set_run_at(at).set_priority(Some(priority));
        spec.set_max_attempts(Some(TRIES)).set_job_key(Some(job.key())).set_job_key_mode(Some(JobKeyMode::Replace));
        let utils = graphile_worker::worker_utils::WorkerUtils::new(self.pool.clone(), SCHEMA);
        utils.add_raw_job(TASK, job, spec).await.map_err(|error| self.broken(causes(&error)))?;
        Ok(())
    }

    /// The time by the clock of the server, by which jobs come due for everybody.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        let client = self.pool.get().await.map_err(|error| self.broken(causes(&error)))?;
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let row = client.query_one(sql, &[]).await.map_err(|error| fault(&self.place, &error))?;
        Ok(moment(row.get(0)))
    }

    /// How all jobs stand that are in the queue.
    ///
    /// # Errors
    /// If the queue cannot be reached.
    pub async fn standings(&self) -> Result<Vec<Standing>, StoreError> {
        let sql = "SELECT key, locked_at IS NOT NULL, attempts >= max_attempts, last_error FROM keyroll_queue.jobs
            WHERE key IS NOT NULL ORDER BY key";
        let client = self.pool.get().await.map_err(|error| self.broken(causes(&error)))?;
        let rows = client.query(sql, &[]).await.map_err(|error| fault(&self.place, &error))?;
        let standing = |row: &tokio_postgres::Row| {
            let (taken, spent, error): (bool, bool, Option<String>) = (row.get(1), row.get(2), row.get(3));
            Standing { key: row.get(0), taken, given_up: (spent && !taken).then(|| error.unwrap_or_default()) }
        };
        Ok(rows.iter().map(standing).collect())
    }

    /// True if a job is still to be done. It is not once it was taken out while somebody was at work on it.
    ///
    /// # Errors
    /// If the queue cannot be reached.
    pub async fn wants(&self, job: &Job) -> Result<bool, StoreError> {
        let client = self.pool.get().await.map_err(|error| self.broken(causes(&error)))?;
        let sql = "SELECT EXISTS (SELECT 1 FROM keyroll_queue.jobs WHERE key = $1)";
        let row = client.query_one(sql, &[&job.key()]).await.map_err(|error| fault(&self.place, &error))?;
        Ok(row.get(0))
    }

    /// Takes jobs out of the queue that nobody has to do any more. One that somebody is at work on is not tried again.
    ///
    /// # Errors
    /// If the queue cannot be reached.
    pub async fn forget(&self, keys: &[String]) -> Result<(), StoreError> {
        let utils = graphile_worker::worker_utils::WorkerUtils::new(self.pool.clone(), SCHEMA);
        for key in keys {
            utils.remove_job(key).await.map_err(|error| self.broken(causes(&error)))?;
        }
        Ok(())
    }

    /// Does jobs, `at_once` at a time, until `end` comes about; then waits for those under way.
    ///
    /// # Errors
    /// When the database went away. Jobs under way were ended then, and others take them up.
    pub async fn work(
        &self,
        hands: Arc<dyn Hands>,
        at_once: usize,
        end: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let worker = WorkerOptions::default()
            .database(self.pool.clone())
            .schema(SCHEMA)
            .concurrency(at_once)
            .poll_interval(LOOK)
            .heartbeat_interval(HEARTBEAT)
            .sweep_interval(HEARTBEAT)
            .sweep_threshold(SILENCE)
            .recovery_delay(Duration::ZERO)
            .listen_os_shutdown_signals(false)
            .shutdown_grace_period(GRACE)
            .shutdown_interrupted_job_retry_delay(Duration::ZERO)
            .shutdown_signal(end)
            .add_extension(Worker { queue: self.clone(), hands })
            .define_job::<Job>();
        let worker = worker.init().await.map_err(|error| self.unsettled(&error))?;
        worker.run().map_err(|error| self.broken(causes(&error))).await
    }

    /// The right to be the one who says what is due; `None` while somebody else has it.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub fn lead(&self) -> Result<Option<Claim>, StoreError> {
        self.claim_named("keyroll lead")
    }

    /// The right to ask a host with a tenant's credential; `None` while somebody else has it.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub fn claim(&self, tenant: &str, budget: &str) -> Result<Option<Claim>, StoreError> {
        self.claim_named(&format!("keyroll budget {tenant} {budget}"))
    }

    fn claim_named(&self, name: &str) -> Result<Option<Claim>, StoreError> {
        let digest = Digest::of_bytes(name.as_bytes());
        let key = i64::from_be_bytes(digest.as_bytes().first_chunk().copied().unwrap_or_default());
        let client = connect(&self.address, &self.place)?;
        let sql = "SELECT pg_try_advisory_lock($1)";
        let answer = wait_for(client.query_one(sql, &[&key])).map_err(|error| fault(&self.place, &error))?;
        Ok(answer.get::<_, bool>(0).then_some(Claim { client }))
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What a job finds where it is done.
#[derive(Clone, Debug)]
struct Worker {
    queue: Queue,
    hands: Arc<dyn Hands>,
}

impl fmt::Debug for dyn Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hands")
    }
}

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = TASK;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let worker = context.get_ext::<Worker>().ok_or("nobody is there to do it")?;
        match worker.hands.work(self.clone()).await? {
            Done::Yes => Ok(()),
            // It takes the name of this one, which is over then.
            Done::Later(pause) => {
                let again = worker.queue.add(&self, *context.job().priority(), pause).await;
                again.map_err(|error| error.to_string())
            }
        }
    }
}

/// An error with its causes in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut words: Vec<String> = Vec::new();
    for said in all {
        if !words.last().is_some_and(|last| last.ends_with(&said)) {
            words.push(said);
        }
    }
    words.join(": ")
}
