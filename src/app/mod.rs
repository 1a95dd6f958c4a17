//! The use cases: scan an estate, assess and explain what the store knows, tell people, accept a baseline, try out a change
//! in thought. They call each room once and carry
//! results from one to the next; they know no configuration file, no arguments and no terminal.

mod assess;
mod baseline;
mod deliver;
mod explain;
mod news;
mod posture;
mod preview;
mod scan;
mod schedule;
pub mod whatif;

pub use assess::assess;
pub use baseline::{AcceptRequest, accept_baseline};
pub use deliver::{Delivered, Deliverer};
pub use explain::{Dossier, Scene};
pub use news::Voice;
pub use posture::{Judged, postures};
pub use preview::preview;
pub use scan::{AcceptedGap, App, Progress, ScanOutcome, ScanRequest};
pub use schedule::{Due, Schedule, served_up_to};

use crate::model::SnapshotId;
use crate::problem::Problems;
use crate::store::StoreError;

/// Why a use case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No endpoint that shows anything of the estate could be read.
    #[error("nothing could be collected: no endpoint of any source could be read, so nothing was stored")]
    NothingCollected {
        /// The reasons, one for each source.
        reasons: Vec<String>,
    },
    /// A file that people write has mistakes.
    #[error("mistakes in files")]
    Mistakes(#[from] Problems),
    /// The store did not do what it was asked.
    #[error("the store could not be used")]
    Store(#[from] StoreError),
    /// The snapshot is not in the store.
    #[error("there is no snapshot {0} in the store")]
    NoSuchSnapshot(SnapshotId),
    /// The scan was told to stop before it had read everything. What it had read whole is kept for the next one.
    #[error("the scan was stopped: {reason}")]
    Stopped {
        /// Who or what stopped it.
        reason: String,
    },
    /// Nothing was scanned so far.
    #[error("the store holds no scan")]
    NoScan,
}
