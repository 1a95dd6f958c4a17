//! Many estates, many machines: one process says what is due, and any number of them read sources and judge. They meet in the
//! database of the stores, over a queue of jobs.
//!
//! `scheduler` makes the rounds for every tenant while it leads; `worker` does jobs. Whatever a job needs to know of a run is
//! in the tenant's store, so a worker that dies takes nothing with it.

mod scheduler;
mod worker;

pub use scheduler::Scheduler;
pub use worker::Worker;

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::House;
use crate::app::{AppError, Refused};
use crate::store::{Address, Location, Queue, StoreError};

/// How far a machine's clock may be from the server's. Beyond that, times in evidence would be wrong.
const MOST_OFF: Duration = Duration::from_secs(120);

/// How long after the end of its time a run is judged: whoever reads a source stops then, and has to put down what it read.
const GRACE: Duration = Duration::from_secs(20);

/// Judging comes before reading: it frees what was read.
const JUDGE_FIRST: i16 = -10;

/// The tenants that are looked after.
pub trait Houses: Send + Sync {
    /// What runs each of them, by the name that its store has for it. Of one whose configuration has mistakes, which may be
    /// all that is known, the mistakes.
    ///
    /// # Errors
    /// If it cannot be told which tenants there are.
    fn tenants(&self) -> Result<Vec<Tenancy>, AppError>;

    /// The files and folders that say which tenants there are.
    fn files(&self) -> Vec<PathBuf>;

    /// What runs the one of that name.
    ///
    /// # Errors
    /// Why there is none.
    fn house(&self, tenant: &str) -> Result<Box<dyn House>, AppError>;
}

/// One tenant.
pub struct Tenancy {
    /// What people call it.
    pub name: String,
    /// What runs it.
    pub house: Result<Box<dyn House>, AppError>,
}

/// How far our clock is from the server's, if that is too far to work with.
///
/// # Errors
/// If the server cannot be asked.
async fn clock_is_off(queue: &Queue, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
    let off = now - queue.now().await?;
    let (size, way) =
        (off.abs().to_std().unwrap_or_default(), if off > chrono::TimeDelta::zero() { "ahead of" } else { "behind" });
    Ok((size > MOST_OFF).then(|| {
        format!(
            "the clock of this machine is {} seconds {way} that of the database server: set both by the same time servers",
            size.as_secs()
        )
    }))
}

/// Parts of a scan are handed out over the database in which its store lies, so that has to be the one of the queue.
fn refuse_other_database(queue: &Queue, store: &Location) -> Result<(), AppError> {
    let what = match store {
        Location::Postgres(address)
            if (&address.hosts, &address.database) == (&queue.address().hosts, &queue.address().database) =>
        {
            return Ok(());
        }
        Location::Postgres(address) => format!("its store `{address}` lies in another database than the queue"),
        Location::File(path) => format!("its store `{}` is a file, which other machines cannot reach", path.display()),
    };
    Err(Refused::new(what, "give all tenants of a fleet stores in one PostgreSQL database").into())
}

/// The name that a store has for its tenant.
fn tenant_of(store: &Location) -> String {
    match store {
        Location::Postgres(Address { tenant, .. }) => tenant.clone(),
        Location::File(_) => String::new(),
    }
}
