//! How a fleet grows: the same tenants scanned by one, two and four workers, with one scheduler and one PostgreSQL server, while
//! the limit of the APIs is what holds them up.
//!
//! `KEYROLL_TEST_POSTGRES=/usr/lib/postgresql/15/bin cargo bench --bench fleet --features postgres -- TENANTS ACCOUNTS LIMIT WORKERS…`
//! (200 2000 100 1 2 4 if nothing is said). Every tenant is a pretended estate with 50 ms of latency, and a site that admits
//! LIMIT requests a second; a worker does two jobs at a time. With `--minutes=12` the work is broken off after so long: how much was
//! asked for by then is told as well as when all is done, and many tenants take hours.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keyroll::clock::{Clock, SystemClock};
use keyroll::simulator::{Counted, Plan, RateLimit, Simulator};
use keyroll::store::{Store, migrate};

#[expect(dead_code, reason = "the tests do more with it")]
#[path = "../tests/it/support/cluster.rs"]
mod cluster;

const LATENCY: Duration = Duration::from_millis(50);

/// Says that nothing is measured, because something is not there that it talks to.
fn skipped(why: &str) {
    println!("skipped: {why}");
}

fn main() {
    let words: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let word = |at: usize, usual: u32| words.get(at).copied().unwrap_or(usual);
    let (tenants, accounts, limit) = (word(0, 200), word(1, 2_000), word(2, 100));
    let workers = words.get(3..).filter(|workers| !workers.is_empty()).map_or(vec![1, 2, 4], <[u32]>::to_vec);
    let minutes: Option<u64> =
        std::env::args().find_map(|word| word.strip_prefix("--minutes=").and_then(|minutes| minutes.parse().ok()));
    let longest = minutes.map_or(Duration::MAX, |minutes| Duration::from_secs(60 * minutes));
    let Some(programs) = cluster::programs() else { return };
    let mut cluster = cluster::Cluster::start(programs);
    cluster.append("postgresql.conf", "max_connections = 200\n");
    cluster.kill();
    cluster.run();
    migrate(&cluster.location("k_owner", "default")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{tenants} tenants with {accounts} accounts each, {limit} requests a second for each site");
    let mut first = None;
    for workers in workers {
        let estates: Vec<Simulator> =
            (0..tenants).map(|number| runtime.block_on(estate(number, accounts, limit))).collect();
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..tenants).map(|number| format!("w{workers}-t{number}")).collect();
        configure(folder.path(), &cluster, &names, &estates);
        let begin = Instant::now();
        let mut processes = vec![start(folder.path(), "scheduler")];
        processes.extend((0..workers).map(|_| start(folder.path(), "worker")));
        let scanned = format!("SELECT count(DISTINCT tenant) FROM keyroll.snapshots WHERE tenant LIKE 'w{workers}-%'");
        let mut stored = 0;
        while stored < tenants && begin.elapsed() < longest {
            std::thread::sleep(Duration::from_millis(500));
            stored = cluster.sql("keyroll", &scanned).parse().unwrap();
        }
        let took = begin.elapsed().as_secs_f64();
        let asked: usize = estates.iter().map(|estate| estate.requests().len()).sum();
        processes.iter_mut().for_each(|process| process.kill().unwrap());
        let refused: u32 = estates.iter().map(|estate| estate.taken_by_site().refused).sum();
        let pace = f64::from(u32::try_from(asked).unwrap()) / took;
        let growth = pace / *first.get_or_insert(pace);
        println!(
            "{workers} workers   {stored} of {tenants} in {took:>7.1} s   {:>6.1} scans a minute   {asked} requests, {pace:>6.1} a second, \
             {growth:>5.2} times as many   {refused} refused for the limit's sake",
            60.0 * f64::from(stored) / took
        );
    }
}

async fn estate(number: u32, accounts: u32, per_second: u32) -> Simulator {
    let accounts = accounts.try_into().unwrap();
    let plan = Plan { seed: 100 + u64::from(number), accounts, now: SystemClock.now(), page_latency: LATENCY };
    let simulator = Simulator::start(plan).await.unwrap();
    simulator.limit(RateLimit { per_second, counted: Counted::BySecond, told: true });
    simulator
}

fn configure(folder: &Path, cluster: &cluster::Cluster, names: &[String], estates: &[Simulator]) {
    let common = format!(
        "daemon: {{ listen: nowhere }}\nstore: \"{}\"\nschedules:\n  - {{ name: nightly, cron: \"0 2 * * *\" }}\n",
        cluster.address("k_writer", "<tenant>")
    );
    fs::write(folder.join("defaults.yaml"), common).unwrap();
    fs::create_dir(folder.join("secrets")).unwrap();
    for (name, estate) in names.iter().zip(estates) {
        let secret = |what: &str, value: &str| {
            let path = folder.join("secrets").join(format!("{name}-{what}"));
            fs::write(&path, value).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            path.display().to_string()
        };
        let (org, site) = (estate.org_url(), estate.site_url());
        let text = format!(
            "estate: {name}\nsources:\n  - {{ name: org, type: atlassian-org, base_url: \"{org}\", key: \"file:{}\" }}\n  \
             - {{ name: jira, type: jira-cloud, base_url: \"{site}\", gateway_url: \"{org}\", user: \"{}\", token: \"file:{}\" }}\n",
            secret("org", estate.org_key()),
            estate.site_user(),
            secret("site", estate.site_token()),
        );
        fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
        let mut store = Store::open(cluster.location("k_writer", name)).unwrap();
        store.begin_schedule("nightly", SystemClock.now() - TimeDelta::days(1)).unwrap();
    }
}

fn start(folder: &Path, role: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["--quiet", "--config"])
        .arg(folder)
        .args(["daemon", "--role", role, "--jobs", "2"])
        .env_clear()
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}
