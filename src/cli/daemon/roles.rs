//! The daemon of a fleet: one process of several that share the work on one estate or on a folder of tenants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};

use super::{FromFile, LONGEST_SILENCE, Role, serve};
use crate::app::{AppError, Refused};
use crate::cli::complain::Complaint;
use crate::cli::{Context, block_on, exit, signals};
use crate::clock::Clock;
use crate::config::{Config, Fleet, Listening};
use crate::daemon::fleet::{Houses, Scheduler, Tenancy, Worker};
use crate::daemon::{Health, House, Metrics, Order, Shown};
use crate::problem::Problems;
use crate::store::{Address, Location, Queue, Store};

/// The time between two looks at which tenants there are, for one that nobody knows.
const LOOK: TimeDelta = TimeDelta::seconds(15);

/// Connections that a process uses beside those of its jobs.
const CONNECTIONS: usize = 4;

pub(super) fn run(context: &Context, role: Role, jobs: usize) -> Result<ExitCode, Complaint> {
    let houses = || FromPath::new(context.config.clone(), &context.clock);
    let (address, listening) = common(&context.config)?;
    // What keeps the store from being opened says more than what keeps the queue beside it.
    drop(Store::open_patiently(&address)?);
    let queue = Queue::open(&address, jobs + CONNECTIONS)?;
    let clock = Arc::clone(&context.clock);
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let health = Health::new(clock.now());
    block_on(async {
        let (end, ended) = watch::channel(false);
        let calendar = Arc::new(|| Err("the calendar of one tenant is told by `keyroll calendar`".to_owned()));
        let shown = Shown {
            metrics: Arc::clone(&metrics),
            health: health.clone(),
            longest_silence: LONGEST_SILENCE,
            clock: Arc::clone(&clock),
            calendar,
        };
        let server = serve(context, listening, shown, ended.clone()).await?;
        let (orders, mut receiver) = mpsc::channel(4);
        signals::translate(orders);
        let (to_scheduler, of_scheduler) = mpsc::channel(4);
        let schedules = async {
            if role != Role::Worker {
                let (clock, metrics) = (Arc::clone(&clock), Arc::clone(&metrics));
                Scheduler::new(houses(), queue.clone(), clock, metrics, health.clone()).run(of_scheduler).await;
            }
        };
        let works = async {
            if role != Role::Scheduler {
                let (clock, metrics) = (Arc::clone(&clock), Arc::clone(&metrics));
                let houses = Box::new(houses());
                Worker::new(houses, queue.clone(), clock, metrics, health.clone(), jobs, ended.clone()).run().await;
            }
        };
        let orders = async {
            // A worker reads its configuration with every job.
            while let Some(Order::Reload) = receiver.recv().await {
                to_scheduler.send(Order::Reload).await.unwrap_or_default();
            }
            to_scheduler.send(Order::End).await.unwrap_or_default();
            end.send_replace(true);
        };
        context.terminal.note(&format!("keyroll is up as {}.", told(role)));
        tokio::join!(schedules, works, orders);
        if let Some(server) = server {
            server.await.ok();
        }
        context.terminal.note("keyroll has ended in good order.");
        Ok(ExitCode::from(exit::COMPLETE))
    })
}

fn told(role: Role) -> &'static str {
    match role {
        Role::All => "scheduler and worker",
        Role::Scheduler => "scheduler",
        Role::Worker => "worker",
    }
}

/// The database that all tenants share, and where this process listens: by the first of them whose configuration can be read.
fn common(path: &Path) -> Result<(Address, Listening), Complaint> {
    let mut config = if path.is_dir() {
        let mut first = None;
        let mut problems = Problems::default();
        for tenant in Fleet::load(path)?.tenants {
            match tenant.config {
                Ok(config) => first = first.or(Some(config)),
                Err(wrong) => problems.extend(wrong),
            }
        }
        match first {
            Some(config) => config,
            None => return Err(problems.into()),
        }
    } else {
        Config::load(path)?
    };
    let listening = config.listening()?;
    match &config.store {
        Location::Postgres(address) => Ok((address.clone(), listening)),
        Location::File(store) => {
            let what = format!("the store `{}` is a file, which other machines cannot reach", store.display());
            let help = "name a PostgreSQL database: `store: postgres://user@host/database?tenant=<tenant>`";
            Err(Complaint::failed(what).help(help))
        }
    }
}

/// The tenants of a folder, or the one estate of a file.
struct FromPath {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

/// The files of tenants, by the names that stores have for them.
#[derive(Default)]
struct Known {
    files: BTreeMap<String, PathBuf>,
    looked_at: Option<DateTime<Utc>>,
}

impl FromPath {
    fn new(path: PathBuf, clock: &Arc<dyn Clock>) -> Self {
        Self { path, clock: Arc::clone(clock), known: Mutex::default() }
    }

    fn at(&self, file: PathBuf) -> FromFile {
        FromFile { load: Config::load_alone, ..FromFile::at(file, &self.clock) }
    }

    /// The file of a tenant. Where none is known the folder is looked at again, but not all the time.
    fn file_of(&self, tenant: &str) -> Result<Option<PathBuf>, AppError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if !known.files.contains_key(tenant) && known.looked_at.is_none_or(|at| now - at >= LOOK) {
            known.looked_at = Some(now);
            known.files.clear();
            let configs = if self.path.is_dir() {
                let tenants = Fleet::load(&self.path)?.tenants.into_iter();
                tenants.filter_map(|tenant| Some((tenant.file, tenant.config.ok()?))).collect()
            } else {
                vec![(self.path.clone(), Config::load(&self.path)?)]
            };
            for (file, config) in configs {
                if let Location::Postgres(Address { tenant, .. }) = config.store {
                    known.files.insert(tenant, file);
                }
            }
        }
        Ok(known.files.get(tenant).cloned())
    }
}

impl Houses for FromPath {
    fn tenants(&self) -> Result<Vec<Tenancy>, AppError> {
        if !self.path.is_dir() {
            let config = Config::load(&self.path)?;
            return Ok(vec![Tenancy { name: config.estate, house: Ok(Box::new(self.at(self.path.clone()))) }]);
        }
        let tenancy = |tenant: crate::config::Tenant| Tenancy {
            name: tenant.name,
            house: match tenant.config {
                Ok(_) => Ok(Box::new(self.at(tenant.file)) as Box<dyn House>),
                Err(problems) => Err(problems.into()),
            },
        };
        Ok(Fleet::load(&self.path)?.tenants.into_iter().map(tenancy).collect())
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn house(&self, tenant: &str) -> Result<Box<dyn House>, AppError> {
        match self.file_of(tenant)? {
            Some(file) => Ok(Box::new(self.at(file))),
            None => {
                let what = format!("`{}` has no tenant whose store is that of `{tenant}`", self.path.display());
                Err(Refused::new(what, "give every machine the same configuration").into())
            }
        }
    }
}
