//! Runs the use cases on a schedule, and tells whoever asks how it goes. It knows no configuration files: what it runs is
//! built for it, again whenever the configuration changes.
//!
//! `rounds` does what is due, one round a second; `work` is a scan or a delivery under way on a thread of its own;
//! `once` does the same for schedulers outside. The rest tells: `metrics`, `server`, `systemd`.

pub mod metrics;
mod once;
mod report;
mod rounds;
pub mod server;
pub mod systemd;
pub mod watch;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

pub use metrics::Metrics;
pub use once::{Once, run_once};
pub use rounds::{Daemon, Order};
pub use server::{Health, Listen, ListenError, NotReady, Server, Shown};
pub use watch::Watched;

use crate::alerts::{Channel, Heartbeat, Routing};
use crate::app::{App, AppError, Schedule};
use crate::model::SourceName;
use crate::store::Location;

/// Builds what the daemon runs from whatever the configuration says at that moment.
pub trait House: Send + Sync {
    /// All that is not a scan.
    ///
    /// # Errors
    /// Everything that is wrong in the configuration.
    fn settings(&self) -> Result<Settings, AppError>;

    /// What scans the sources of a schedule. The sources of other schedules are left to them.
    ///
    /// # Errors
    /// Everything that is wrong in the configuration, or a store that cannot be used.
    fn app(&self, schedule: &Schedule) -> Result<App, AppError>;
}

/// What the daemon runs, but for the scans.
pub struct Settings {
    /// The estate.
    pub estate: String,
    /// When scans are due.
    pub schedules: Vec<Schedule>,
    /// The sources there are.
    pub sources: Vec<SourceName>,
    /// Who is told of what.
    pub routing: Arc<Routing>,
    /// The ways to reach them.
    pub channels: Arc<Vec<Box<dyn Channel>>>,
    /// What is called after each complete scan.
    pub heartbeat: Option<Arc<Heartbeat>>,
    /// Where the store is.
    pub store: Location,
    /// The files that decide all this.
    pub files: Vec<PathBuf>,
}
