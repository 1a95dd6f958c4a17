//! Says what is due for every tenant, as long as it leads; others stand by until it is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{GRACE, Houses, JUDGE_FIRST, Tenancy, clock_is_off, refuse_other_database, tenant_of};
use crate::app::AppError;
use crate::clock::Clock;
use crate::daemon::{Daemon, Health, House, Metrics, NotReady, Order, Settings, Sharing, Watched, systemd};
use crate::model::SourceName;
use crate::store::{Claim, Job, Queue, SharedRun, Standing, Step, StoreError};

/// The time between two looks at what there is to do.
const ROUND: Duration = Duration::from_secs(1);
/// How long a tenant of whom nothing comes due is left alone.
const REST: TimeDelta = TimeDelta::seconds(10);
/// The time between two looks at the files that say which tenants there are, and at the queue.
const LOOK: TimeDelta = TimeDelta::seconds(5);
/// How long tenants that could not be taken on are left alone, unless a file changes.
const TRY_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// How long whoever stands by waits before it asks again whether it may lead.
const STAND_BY: Duration = Duration::from_secs(3);
/// How many tenants are told of something at once.
const DELIVERIES: usize = 8;

/// Says what is due.
pub struct Scheduler<H> {
    houses: H,
    queue: Queue,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    health: Health,
}

/// A tenant that is looked after.
struct Ward {
    daemon: Daemon<Box<dyn House>>,
    seen_at: DateTime<Utc>,
}

impl<H: Houses> Scheduler<H> {
    /// One that hands parts out over a queue.
    pub fn new(houses: H, queue: Queue, clock: Arc<dyn Clock>, metrics: Arc<Metrics>, health: Health) -> Self {
        Self { houses, queue, clock, metrics, health }
    }

    /// Leads, or stands by, until told to end.
    pub async fn run(self, mut orders: mpsc::Receiver<Order>) {
        systemd::ready("standing by");
        loop {
            self.metrics.set_leading(false);
            let Some(lead) = self.stand_by(&mut orders).await else { return };
            tracing::info!("this process leads: it says what is due");
            self.metrics.set_leading(true);
            if !self.lead(&lead, &mut orders).await {
                return;
            }
            tracing::warn!("the line to the database broke: another process may lead now");
        }
    }

    /// Waits until it may lead; `None` if it is to end before that.
    async fn stand_by(&self, orders: &mut mpsc::Receiver<Order>) -> Option<Claim> {
        loop {
            match self.try_to_lead().await {
                Ok(Some(lead)) => return Some(lead),
                Ok(None) => self.health.set_ready(Ok(())),
                Err(error) => {
                    tracing::error!("it cannot be told who leads: {error}");
                    self.health.set_ready(Err(NotReady::StoreUnreadable));
                }
            }
            self.health.beat(self.clock.now());
            systemd::alive();
            tokio::select! {
                () = tokio::time::sleep(STAND_BY) => {}
                order = orders.recv() => if !matches!(order, Some(Order::Reload)) { return None },
            }
        }
    }

    async fn try_to_lead(&self) -> Result<Option<Claim>, StoreError> {
        if let Some(off) = clock_is_off(&self.queue, self.clock.now()).await? {
            tracing::error!("{off}; until then others lead");
            return Ok(None);
        }
        self.queue.lead()
    }

    /// Makes rounds as long as it leads; `false` if it is to end.
    async fn lead(&self, lead: &Claim, orders: &mut mpsc::Receiver<Order>) -> bool {
        let hands = Arc::new(OverQueue::new(self.queue.clone()));
        let mut wards: BTreeMap<String, Ward> = BTreeMap::new();
        let mut watched = Watched::new(self.houses.files());
        let (mut looked_at, mut complete) = (None, false);
        let mut gathered_at = DateTime::<Utc>::MIN_UTC;
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = rounds.tick() => {}
                order = orders.recv() => match order {
                    Some(Order::Reload) => {
                        wards.values_mut().for_each(|ward| ward.daemon.reload());
                        complete = false;
                        gathered_at = DateTime::<Utc>::MIN_UTC;
                    }
                    Some(Order::End) | None => {
                        systemd::stopping("leaving it to others");
                        for (_, ward) in wards {
                            if let Err(error) = ward.daemon.end().await {
                                tracing::error!("a tenant could not be left in good order: {error}");
                            }
                        }
                        return false;
                    }
                },
            }
            if !lead.is_held() {
                return true;
            }
            let now = self.clock.now();
            let mut ready = Ok(());
            if looked_at.is_none_or(|at| now - at >= LOOK) {
                looked_at = Some(now);
                if watched.changed() {
                    complete = false;
                    gathered_at = DateTime::<Utc>::MIN_UTC;
                }
                match self.queue.standings().await {
                    Ok(standings) => {
                        self.metrics.set_jobs(counts(&standings));
                        hands.know(standings);
                    }
                    Err(error) => {
                        tracing::error!("the queue cannot be read: {error}");
                        ready = Err(NotReady::StoreUnreadable);
                    }
                }
            }
            if !complete && now - gathered_at >= TRY_AGAIN {
                gathered_at = now;
                complete = self.gather(&mut wards, &hands);
            }
            for (name, ward) in &mut wards {
                let now = self.clock.now();
                if now - ward.seen_at < REST && !ward.daemon.has_come_due(ward.seen_at) {
                    continue;
                }
                ward.seen_at = now;
                if let Err(error) = ward.daemon.round().await {
                    tracing::error!(tenant = name, "a round failed: {error}");
                    ready = Err(NotReady::StoreUnreadable);
                }
                ward.daemon.rest();
                self.health.beat(self.clock.now());
                systemd::alive();
            }
            self.health.set_ready(ready);
            self.health.beat(self.clock.now());
            systemd::alive();
        }
    }

    /// Takes on tenants that are new, and lets go of those that are gone. One whose configuration has mistakes is told of, and
    /// looked after by the old one, if there is any and two tenants would not share something. `false` if some could not be
    /// taken on.
    fn gather(&self, wards: &mut BTreeMap<String, Ward>, hands: &Arc<OverQueue>) -> bool {
        let tenants = match self.houses.tenants() {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::error!("which tenants there are cannot be told: {error}");
                return false;
            }
        };
        let mut complete = true;
        let names: Vec<String> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
        wards.retain(|name, _| names.contains(name));
        self.metrics.keep_tenants(&names);
        for Tenancy { name, house } in tenants {
            self.health.beat(self.clock.now());
            if let Some(known) = wards.get(&name) {
                match house {
                    Ok(_) => {}
                    // The old configuration goes on, unless the mistake is in what tenants would share: then two of them
                    // would be mixed.
                    Err(error) => {
                        complete = false;
                        tracing::error!(tenant = name, "the new configuration of a tenant cannot be used: {error}");
                        if known.daemon.could_reload() {
                            tracing::error!(tenant = name, "nobody looks after it until that is mended");
                            wards.remove(&name);
                        }
                    }
                }
                continue;
            }
            match house.and_then(|house| self.take_on(&name, house, hands)) {
                Ok(daemon) => {
                    wards.insert(name, Ward { daemon, seen_at: DateTime::<Utc>::MIN_UTC });
                }
                Err(error) => {
                    complete = false;
                    tracing::error!(tenant = name, "a tenant cannot be looked after: {error}");
                }
            }
        }
        complete
    }

    fn take_on(
        &self,
        name: &str,
        house: Box<dyn House>,
        hands: &Arc<OverQueue>,
    ) -> Result<Daemon<Box<dyn House>>, AppError> {
        refuse_other_database(&self.queue, &house.settings()?.store)?;
        let sharing = Arc::<OverQueue>::clone(hands) as Arc<dyn Sharing>;
        let metrics = self.metrics.of_tenant(name);
        Daemon::sharing(house, Arc::clone(&self.clock), metrics, self.health.clone(), sharing)
    }
}

/// Hands parts of scans out over the queue.
struct OverQueue {
    queue: Queue,
    /// How jobs stood when the queue was looked at last.
    known: Mutex<BTreeMap<String, Standing>>,
    deliveries: Arc<Semaphore>,
}

impl OverQueue {
    fn new(queue: Queue) -> Self {
        Self { queue, known: Mutex::default(), deliveries: Arc::new(Semaphore::new(DELIVERIES)) }
    }

    fn know(&self, standings: Vec<Standing>) {
        *self.known() = standings.into_iter().map(|standing| (standing.key.clone(), standing)).collect();
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into the queue if none of its name is there. Gives back why one was given up.
    async fn see_to(&self, job: Job, pause: Duration) -> Result<Option<String>, AppError> {
        let key = job.key();
        let known = self.known().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known.given_up);
        }
        let priority = if job.step == Step::Judge { JUDGE_FIRST } else { 0 };
        self.queue.add(&job, priority, pause).await?;
        let standing = Standing { key: key.clone(), taken: false, given_up: None };
        self.known().insert(key, standing);
        Ok(None)
    }
}

#[async_trait]
impl Sharing for OverQueue {
    async fn keep_up(
        &self,
        shared: &SharedRun,
        read: &[SourceName],
        settings: &Settings,
    ) -> Result<Option<String>, AppError> {
        let tenant = tenant_of(&settings.store);
        let run = shared.run.id;
        let mut left = false;
        for source in shared.sources.iter().filter(|source| !read.contains(source)) {
            let line = settings.lines.get(source).map(|line| format!("{tenant}/{line}"));
            let job = Job { tenant: tenant.clone(), run, step: Step::Read(source.as_str().to_owned()), line };
            left |= self.see_to(job, Duration::ZERO).await?.is_none();
        }
        let judge = Job { tenant, run, step: Step::Judge, line: None };
        let waits = self.known().get(&judge.key()).is_some_and(|known| !known.taken && known.given_up.is_none());
        if waits && !left {
            // Nothing more will come: whoever read last may have died before it said so.
            self.queue.add(&judge, JUDGE_FIRST, Duration::ZERO).await?;
            return Ok(None);
        }
        let given_up = self.see_to(judge, shared.left + GRACE).await?;
        Ok(given_up.map(|error| format!("no machine could judge what was read: {error}")))
    }

    async fn forget(&self, run: i64, sources: &[SourceName], settings: &Settings) -> Result<(), AppError> {
        let reads = sources.iter().map(|source| Step::Read(source.as_str().to_owned()));
        let jobs =
            reads.chain([Step::Judge]).map(|step| Job { tenant: tenant_of(&settings.store), run, step, line: None });
        let keys: Vec<String> = jobs.map(|job| job.key()).filter(|key| self.known().contains_key(key)).collect();
        self.queue.forget(&keys).await?;
        self.known().retain(|key, _| !keys.contains(key));
        Ok(())
    }

    fn may_deliver(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.deliveries).try_acquire_owned().ok()
    }
}

fn counts(standings: &[Standing]) -> [(&'static str, usize); 3] {
    let given_up = standings.iter().filter(|standing| standing.given_up.is_some()).count();
    let taken = standings.iter().filter(|standing| standing.taken).count();
    [("waiting", standings.len() - given_up - taken), ("under_way", taken), ("given_up", given_up)]
}
