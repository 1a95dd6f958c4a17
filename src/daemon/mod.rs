//! Runs the use cases on a schedule, and tells whoever asks how it goes. It knows no configuration files: what it runs is
//! built for it, again whenever the configuration changes.
//!
//! `rounds` does what is due, one round a second; `work` is a scan or a delivery under way on a thread of its own;
//! `once` does the same for schedulers outside. The rest tells: `metrics`, `server`, `systemd`.

#[cfg(feature = "postgres")]
pub mod fleet;
pub mod metrics;
mod once;
mod report;
mod rounds;
pub mod server;
pub mod systemd;
pub mod watch;
mod work;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OwnedSemaphorePermit;

pub use metrics::Metrics;
pub use once::{Once, run_once};
pub use rounds::{Daemon, Order};
pub use server::{Health, Listen, ListenError, NotReady, Server, Shown};
pub use watch::Watched;

use crate::alerts::{Channel, Heartbeat, Routing};
use crate::app::{App, AppError, Schedule};
use crate::model::SourceName;
use crate::store::{Location, SharedRun};

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

impl<H: House + ?Sized> House for Box<H> {
    fn settings(&self) -> Result<Settings, AppError> {
        self.as_ref().settings()
    }

    fn app(&self, schedule: &Schedule) -> Result<App, AppError> {
        self.as_ref().app(schedule)
    }
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
    /// A digest of what a scan depends on but for the estate: the configuration, the rules and the program. Machines with
    /// another one do not work on the same scan.
    pub mark: String,
    /// Whose limit each source uses, by a name of its own: sources with the same one are not read on two machines at once.
    pub lines: BTreeMap<SourceName, String>,
}

/// Has the parts of a scan made by whatever machines take them.
#[async_trait]
pub trait Sharing: Send + Sync {
    /// Sees to it that somebody will read the sources that are not `read` yet, and judge. Gives back why nobody ever will.
    ///
    /// # Errors
    /// If nobody can be told what there is to do.
    async fn keep_up(
        &self,
        shared: &SharedRun,
        read: &[SourceName],
        settings: &Settings,
    ) -> Result<Option<String>, AppError>;

    /// Sees to it that nobody works on a run of these sources any more.
    ///
    /// # Errors
    /// If nobody can be told.
    async fn forget(&self, run: i64, sources: &[SourceName], settings: &Settings) -> Result<(), AppError>;

    /// Leave to send what is due; `None` while enough others do.
    fn may_deliver(&self) -> Option<OwnedSemaphorePermit>;
}
