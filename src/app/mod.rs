//! The use cases: scan an estate, assess and explain what the store knows, tell people, accept a baseline or findings, try
//! out a change in thought, have access reviewed. They call each room once and carry
//! results from one to the next; they know no configuration file, no arguments and no terminal.

mod again;
mod assess;
pub mod backtest;
mod baseline;
mod compare;
mod deliver;
pub mod doctor;
mod explain;
mod flapping;
mod fleet;
mod forecast;
mod gains;
mod history;
mod journal;
mod news;
mod night;
mod note;
mod overdue;
mod past;
mod posture;
mod preview;
mod retention;
mod review;
mod rule_page;
mod scan;
mod schedule;
mod shared;
mod stored;
mod waive;
pub mod whatif;

pub use again::{Again, JudgedAgain};
pub use assess::{assess, assess_after, without_waivers};
pub use baseline::{AcceptRequest, accept_baseline};
pub use compare::{DriftRequest, drift_between, look_back};
pub use deliver::{Delivered, Deliverer};
pub use explain::{Dossier, Scene};
pub use fleet::{never_scanned, tenant_status};
pub use forecast::Forecast;
pub use gains::{Gain, gains};
pub use history::chronicle;
pub use news::Voice;
pub use night::{Before, Beside, FormError, Night, Reperformed, Verdicts, read_lines};
pub use note::Notes;
pub use overdue::newer_expected;
pub use past::{AsOf, scan_as_of};
pub use posture::{Judged, postures};
pub use preview::preview;
pub use retention::{Fate, Retention, fates, prune};
pub use review::{ReviewDossier, StartRequest, begin_review, import_review, latest_scan, prepare_review, read_reviews};
pub use rule_page::{rule_page, rule_text};
pub use scan::{AcceptedGap, App, Progress, SHAPES, ScanOutcome, ScanRequest, Step};
pub use schedule::{Due, Schedule, served_up_to};
pub use shared::{LONGEST, Shared};
pub use stored::{Stored, StoredFindings, WaiverView, assess_stored};
pub use waive::{Refusal, Standings, WaiveRequest, check_waivers, waive};

use chrono::{DateTime, Utc};

use crate::model::SnapshotId;
use crate::problem::Problems;
use crate::store::StoreError;

/// Why something cannot be done as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl Refused {
    /// What is wrong, and what to do about it.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }
}

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
    /// What was asked for cannot be done as it was asked.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The scan was told to stop before it had read everything. What it had read whole is kept for the next one.
    #[error("the scan was stopped: {reason}")]
    Stopped {
        /// Who or what stopped it.
        reason: String,
    },
    /// Nothing had been scanned by then.
    #[error("no scan had ended by {as_of}: the first that is kept is {first} of {}", .ended_at.format("%Y-%m-%d %H:%M UTC"))]
    BeforeFirstScan {
        /// What was asked for.
        as_of: AsOf,
        /// The first scan that is kept.
        first: SnapshotId,
        /// When it had ended.
        ended_at: DateTime<Utc>,
    },
    /// No scan was accepted by that name, and it is no day, moment or number of a scan.
    #[error("`{name}` is neither a scan nor the name of a baseline")]
    NoSuchBaseline {
        /// What was written.
        name: String,
        /// The baselines there are, oldest first.
        known: Vec<String>,
    },
    /// Two scans are to be compared the wrong way round.
    #[error("scan {from} is later than scan {to}: nothing can have changed from a later scan to an earlier one")]
    WrongOrder {
        /// The one to begin with.
        from: SnapshotId,
        /// The one to end with.
        to: SnapshotId,
    },
    /// An earlier keyroll kept only how findings stand after the latest scan.
    #[error("how findings stood after scan {scan} was not kept: it is known from scan {since} on")]
    FindingsNotKept {
        /// The scan that was asked for.
        scan: SnapshotId,
        /// The first after which it is known.
        since: SnapshotId,
    },
    /// Nothing was scanned so far.
    #[error("the store holds no scan")]
    NoScan,
}
