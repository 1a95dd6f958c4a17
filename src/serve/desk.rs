//! A tenant's latest scan, laid out for readers. A scan is read from the store once, and stays laid out until there is a later one:
//! its indexes borrow from it, so a few threads own both and answer questions about them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::visitor::Viewer;
use crate::app::{AppError, Schedule, assess, newer_expected, read_reviews};
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{Assessment, Overdue, SnapshotHead};
use crate::rules::RuleSet;
use crate::store::{Location, Store, StoreError};

/// How many answer questions about one scan.
const HANDS: usize = 3;

/// Scans that stay laid out; of a fleet, those that were asked about last.
const MOST_LAID_OUT: usize = 12;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stack of a thread that answers: conditions of rules may be nested.
const STACK: usize = 8 * 1024 * 1024;

/// Where a tenant's scans are, and what it takes to explain them.
pub struct Tenant {
    /// Its name in addresses: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Where its scans are kept; what is wrong with its configuration instead, which is for the log alone.
    pub source: Result<Source, String>,
    /// Who may see it.
    pub visible_to: Vec<Viewer>,
    /// Where signed packs of it lie, if they are offered.
    pub packs: Option<std::path::PathBuf>,
}

/// Where scans are, and what explains them.
pub struct Source {
    /// The store.
    pub store: Location,
    /// The name of the estate, which says by how much a scan is put off.
    pub estate: String,
    /// When scans are due.
    pub schedules: Vec<Schedule>,
    /// The rules as they are now.
    pub rules: RuleSet,
    /// What is known about systems.
    pub knowledge: Knowledge,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tenant")
            .field("name", &self.name)
            .field("visible_to", &self.visible_to)
            .finish_non_exhaustive()
    }
}

/// Why nothing can be said of a tenant. What a visitor reads is in [`Unavailable::words`]; the rest is for the log.
#[derive(Debug)]
pub(super) enum Unavailable {
    /// Nothing was scanned so far.
    NoScan,
    /// Its store is being written, or locked by somebody.
    Busy,
    /// Its store or its configuration cannot be read.
    Unreadable,
    /// The answer took too long.
    Slow,
    /// Our own mistake.
    Broken,
}

impl Unavailable {
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::NoScan => {
                "The store holds no scan yet: there is nothing to show, which does not mean that all is well."
            }
            Self::Busy => "The store is in use by another process. Try again in a moment.",
            Self::Unreadable => {
                "The store cannot be read, so nothing can be said about the estate. Whoever runs keyroll finds the reason in its log."
            }
            Self::Slow => "The answer took too long. Ask for less, or try again in a moment.",
            Self::Broken => "Something went wrong in keyroll itself. Whoever runs it finds the reason in its log.",
        }
    }

    /// What an error means for a visitor; the error itself is for the log.
    pub(super) fn of(error: &AppError, tenant: &str) -> Self {
        let unavailable = match error {
            AppError::NoScan | AppError::Store(StoreError::Missing { .. }) => return Self::NoScan,
            AppError::Store(StoreError::Locked { .. }) => Self::Busy,
            _ => Self::Unreadable,
        };
        tracing::warn!(tenant, "the store cannot be read: {}", chain(error));
        unavailable
    }
}

/// The error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A scan, with all that questions about it lean on.
pub(super) struct Laid<'a> {
    pub(super) assessment: &'a Assessment,
    pub(super) inventory: &'a Inventory<'a>,
    pub(super) source: &'a Source,
    /// Scans that should have come after it and did not, as it stood when the question was asked.
    pub(super) overdue: Vec<Overdue>,
}

impl Laid<'_> {
    /// The store, for what is not laid out.
    pub(super) fn store(&self) -> Result<Store, AppError> {
        Ok(Store::open(&self.source.store)?)
    }
}

type Question = Box<dyn FnOnce(&Laid<'_>) + Send>;

/// A scan that is laid out. It is cleared away when nobody holds it any more.
struct Desk {
    head: SnapshotHead,
    questions: Mutex<Sender<Question>>,
}

impl Desk {
    /// Reads a scan and lays it out.
    fn lay_out(source: &Arc<Source>) -> Result<Self, AppError> {
        let store = Store::open(&source.store)?;
        let mut assessment = assess(&store)?;
        read_reviews(&store, &mut assessment)?;
        let revocations = Revocations::of(store.decided_access(assessment.head.started_at)?);
        let head = assessment.head.clone();
        let (questions, asked) = channel::<Question>();
        let source = Arc::clone(source);
        let owner = move || {
            let inventory = Inventory::knowing(&assessment.snapshot, &source.knowledge).after_reviews(&revocations);
            let laid = Laid { assessment: &assessment, inventory: &inventory, source: &source, overdue: Vec::new() };
            let asked = Mutex::new(asked);
            std::thread::scope(|scope| {
                for _ in 1..HANDS {
                    let hand = std::thread::Builder::new().stack_size(STACK);
                    if let Err(error) = hand.spawn_scoped(scope, || answer(&asked, &laid)) {
                        tracing::warn!("fewer threads answer than should: {error}");
                    }
                }
                answer(&asked, &laid);
            });
        };
        let begun = std::thread::Builder::new().name("desk".to_owned()).stack_size(STACK).spawn(owner);
        begun.map_err(|source| StoreError::Io { path: store.place().to_owned(), doing: "read", source })?;
        Ok(Self { head, questions: Mutex::new(questions) })
    }
}

/// Answers until nobody can ask any more.
fn answer(asked: &Mutex<Receiver<Question>>, laid: &Laid<'_>) {
    loop {
        let question = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(question) = question else { return };
        // Whoever asked sees that no answer comes; the next question has nothing to do with it.
        if catch_unwind(AssertUnwindSafe(|| question(laid))).is_err() {
            tracing::error!("a question could not be answered: this is a mistake of keyroll's");
        }
    }
}

/// A tenant with its desk.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) visible_to: Vec<Viewer>,
    pub(super) packs: Option<std::path::PathBuf>,
    source: Result<Arc<Source>, String>,
    desk: tokio::sync::Mutex<Option<Arc<Desk>>>,
    asked_at: AtomicU64,
}

/// All tenants.
pub(super) struct Tenants {
    all: Vec<Arc<Shown>>,
    turn: AtomicU64,
}

impl Tenants {
    pub(super) fn new(tenants: Vec<Tenant>) -> Self {
        let shown = |tenant: Tenant| {
            Arc::new(Shown {
                name: tenant.name,
                visible_to: tenant.visible_to,
                packs: tenant.packs,
                source: tenant.source.map(Arc::new),
                desk: tokio::sync::Mutex::new(None),
                asked_at: AtomicU64::new(0),
            })
        };
        Self { all: tenants.into_iter().map(shown).collect(), turn: AtomicU64::new(1) }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Shown>> {
        self.all.iter()
    }

    /// Asks about the latest scan of a tenant: as the store has it now.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        tenant: &Arc<Shown>,
        now: DateTime<Utc>,
        question: impl FnOnce(&Laid<'_>) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        tenant.asked_at.store(self.turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let answered = async {
            let (desk, overdue) = tenant.desk(now).await?;
            self.clear_away(tenant).await;
            let (tell, told) = oneshot::channel();
            let question: Question = Box::new(move |laid| {
                let laid = Laid { overdue, ..*laid };
                // Nobody waits any more for what took too long.
                tell.send(question(&laid)).ok();
            });
            desk.questions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .send(question)
                .map_err(|_nobody_answers| Unavailable::Broken)?;
            drop(desk);
            told.await.map_err(|_broken_off| Unavailable::Broken)
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or(Err(Unavailable::Slow))
    }

    /// Forgets the scan that was not asked about for longest, where there are too many.
    async fn clear_away(&self, own: &Arc<Shown>) {
        let mut laid_out = Vec::new();
        for tenant in self.all.iter().filter(|tenant| !Arc::ptr_eq(tenant, own)) {
            // One that is being laid out is in use.
            if tenant.desk.try_lock().is_ok_and(|desk| desk.is_some()) {
                laid_out.push((tenant.asked_at.load(Ordering::Relaxed), tenant));
            }
        }
        if laid_out.len() >= MOST_LAID_OUT
            && let Some((_, longest)) = laid_out.into_iter().min_by_key(|(at, _)| *at)
        {
            *longest.desk.lock().await = None;
        }
    }
}

impl Shown {
    /// The desk with the latest scan, and the later ones that should be there.
    async fn desk(&self, now: DateTime<Utc>) -> Result<(Arc<Desk>, Vec<Overdue>), Unavailable> {
        let source = match &self.source {
            Ok(source) => Arc::clone(source),
            Err(why) => {
                tracing::warn!(tenant = self.name, "its configuration has mistakes: {why}");
                return Err(Unavailable::Unreadable);
            }
        };
        let mut desk = self.desk.lock().await;
        let known = desk.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let store = Store::open(&source.store)?;
            let latest = store.latest()?.ok_or(AppError::NoScan)?;
            let overdue = newer_expected(&store, &source.estate, &latest, &source.schedules, now)?;
            let desk = match known.filter(|known| known.head.id == latest.id && known.head.digest == latest.digest) {
                Some(known) => known,
                None => Desk::lay_out(&source).map(Arc::new)?,
            };
            Ok((desk, overdue))
        });
        let looked = match looked.await {
            Ok(looked) => looked.map_err(|error: AppError| Unavailable::of(&error, &self.name)),
            Err(_broken_off) => Err(Unavailable::Broken),
        };
        // What cannot be read any more is not told any more.
        *desk = looked.as_ref().ok().map(|(desk, _)| Arc::clone(desk));
        looked
    }
}
