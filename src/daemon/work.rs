//! Work under way: a scan, or a round of deliveries, each on a thread of its own. Judging and storing keep a thread busy,
//! and a channel that hangs must not keep a scan from beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::Settings;
use crate::app::{App, AppError, Delivered, Deliverer, ScanOutcome, ScanRequest, Schedule};
use crate::clock::Clock;
use crate::http::Stop;
use crate::store::Store;

/// How long one delivery may take, whatever the channel does.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A scan under way.
pub(super) struct Scanning {
    pub(super) schedule: Schedule,
    pub(super) due_at: DateTime<Utc>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) stop: Stop,
    task: JoinHandle<(App, Result<ScanOutcome, AppError>)>,
}

impl Scanning {
    /// Begins a scan.
    pub(super) fn begin(mut app: App, schedule: Schedule, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let ask =
            ScanRequest { schedule: Some((schedule.name.clone(), due_at)), deadline: schedule.deadline, fresh: false };
        let stop = app.stop.clone();
        let handle = Handle::current();
        let task = tokio::task::spawn_blocking(move || {
            let outcome = handle.block_on(app.scan(&ask, &|_progress| {}));
            (app, outcome)
        });
        Self { schedule, due_at, started_at: now, stop, task }
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits for its end. `None` if it broke down, which is a bug of ours.
    pub(super) async fn end(self) -> Option<(App, Result<ScanOutcome, AppError>)> {
        self.task.await.ok()
    }
}

/// A round of deliveries under way.
pub(super) struct Delivering {
    go_on: Arc<AtomicBool>,
    task: JoinHandle<Result<Delivered, AppError>>,
}

impl Delivering {
    /// Begins to send what is due. Whoever may be one of few to do so holds the permit meanwhile.
    pub(super) fn begin(settings: &Settings, clock: Arc<dyn Clock>, permit: Option<OwnedSemaphorePermit>) -> Self {
        let (channels, routing) = (Arc::clone(&settings.channels), Arc::clone(&settings.routing));
        let path = settings.store.clone();
        let go_on = Arc::new(AtomicBool::new(true));
        let (asked, handle) = (Arc::clone(&go_on), Handle::current());
        let task = tokio::task::spawn_blocking(move || {
            let _one_of_few = permit;
            let mut store = Store::open(&path)?;
            let deliverer = Deliverer { channels: &channels, routing: &routing, clock: &clock, patience: PATIENCE };
            handle.block_on(deliverer.deliver(&mut store, &|| asked.load(Ordering::Relaxed)))
        });
        Self { go_on, task }
    }

    pub(super) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Lets it finish the notice that is on its way, and no other.
    pub(super) fn stop(&self) {
        self.go_on.store(false, Ordering::Relaxed);
    }

    /// Waits for its end. `None` if it broke down, which is a bug of ours.
    pub(super) async fn end(self) -> Option<Result<Delivered, AppError>> {
        self.task.await.ok()
    }
}
