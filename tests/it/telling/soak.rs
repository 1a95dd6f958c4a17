//! A thousand nights: the daemon under a fast clock. Each night something can be seen no longer, or again, and now and then
//! the estate itself changes (not every night: it would grow, and memory with it). Memory stays flat, every night is scanned
//! once, and everything is told.
//!
//! The long run: `KEYROLL_NIGHTS=1000 cargo test --release --locked --test it soak -- --nocapture`

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keyroll::app::{App, AppError, Schedule};
use keyroll::clock::Clock;
use keyroll::config::Config;
use keyroll::daemon::{Daemon, Health, House, Metrics, Settings};
use keyroll::http::{Factory, Limits};
use keyroll::simulator::{Fault, Plan};
use keyroll::store::Store;

use super::{Receiver, alerts_through};
use crate::support::pretended::{Estate, first_night};

/// Nights unless somebody asks for more.
const NIGHTS: usize = 12;

#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn how_many() -> usize {
    std::env::var("KEYROLL_NIGHTS").ok().and_then(|nights| nights.parse().ok()).unwrap_or(NIGHTS)
}

/// Builds the parts as the program does, over an HTTP layer that wastes no time.
pub(crate) struct Pretended {
    pub(crate) config: std::path::PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
}

impl House for Pretended {
    fn settings(&self) -> Result<Settings, AppError> {
        let mut config = Config::load(&self.config)?;
        let channels = config.build_channels(&self.clock)?;
        let heartbeat = config.build_heartbeat(&self.clock)?;
        Ok(Settings {
            estate: config.estate.clone(),
            schedules: config.schedules().to_vec(),
            sources: config.source_names().cloned().collect(),
            routing: Arc::new(config.routing().clone()),
            channels: Arc::new(channels),
            heartbeat: heartbeat.map(Arc::new),
            store: config.store.clone(),
            files: config.files(&self.config)?,
            mark: String::new(),
            lines: config.lines(),
        })
    }

    fn app(&self, schedule: &Schedule) -> Result<App, AppError> {
        let limits = Limits { first_pause: Duration::from_millis(1), ..Limits::default() };
        let factory = Factory::new(Arc::clone(&self.clock)).with_limits(limits);
        let names: Vec<String> = schedule.sources.iter().map(|name| name.as_str().to_owned()).collect();
        let mut app = Config::load(&self.config)?.build_with(&factory, &self.clock, &names)?;
        app.leave_to_other_schedules(&schedule.name);
        Ok(app)
    }
}

/// Memory of this process that is in use, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_of_many_nights() {
    let plan = Plan { seed: 5, accounts: 20, now: first_night(), page_latency: Duration::ZERO };
    let (estate, receiver) = (Estate::of(plan).await, Receiver::new().await);
    let schedule =
        "schedules:\n  - name: nightly\n    cron: \"30 2 * * *\"\n    zone: Europe/Berlin\n    jitter: 10m\n";
    let expiry = "  expiry:\n    to: all\n";
    let routes = "    - to: all\n      remind_days: 30\n";
    let channels = alerts_through(&estate, &receiver, &["all"], routes);
    estate.configure(&format!("{channels}{expiry}{schedule}"));
    let clock: Arc<dyn Clock> = Arc::new(estate.clock.clone());
    let house = Pretended { config: estate.path("keyroll.yaml"), clock: Arc::clone(&clock) };
    let health = Health::new(clock.now());
    let metrics = Arc::new(Metrics::new("test"));
    let mut daemon = Daemon::new(house, Arc::clone(&clock), Arc::clone(&metrics), health).unwrap();

    let (nights, began) = (how_many(), Instant::now());
    let (mut used, mut messages) = (Vec::new(), 0);
    for night in 0..nights {
        let start = daemon.next_start().unwrap();
        if night % 20 == 1 {
            estate.simulator.night(start);
        }
        match night % 2 {
            0 => estate.simulator.clear_faults(),
            _ => estate.simulator.set_fault("domains", Fault::Status(403)),
        }
        estate.simulator.forget_requests();
        messages += receiver.server.forget();
        estate.clock.set(start + TimeDelta::seconds(1));
        // Some rounds: one begins the scan, one ends it, and what it leaves in the outbox is sent.
        for _ in 0..6 {
            daemon.round().await.unwrap();
            daemon.wait().await;
            estate.clock.advance(TimeDelta::minutes(16));
        }
        if night % (nights / 10).max(1) == nights / 20 {
            used.push(memory());
        }
    }
    let store = Store::open(&estate.path("keyroll.db")).unwrap();
    // Runs of long ago are forgotten, snapshots are not.
    let stored = store.latest().unwrap().map_or(0, |head| head.id.0);
    assert_eq!(stored, i64::try_from(nights).unwrap(), "each night was scanned once");
    assert!(store.undelivered().unwrap().iter().all(|out| out.attempts == 0), "everything due was taken");
    println!(
        "{nights} nights in {:.0} s, {} messages; memory in MiB: {}",
        began.elapsed().as_secs_f64(),
        messages + receiver.server.forget(),
        used.iter().map(|mib| format!("{mib:.0}")).collect::<Vec<_>>().join(" ")
    );
    assert!(metrics.render().contains("keyroll_scan_last_success_timestamp_seconds"));
    if nights >= 1000 {
        let (early, late) = (used[2], used[used.len() - 1]);
        assert!(late < early * 1.5 + 30.0, "memory grows: {used:?}");
        assert!(began.elapsed() < Duration::from_secs(600), "it took {:?}", began.elapsed());
    }
    daemon.end().await.unwrap();
}
