//! How a fleet grows: the same tenants scanned by one, two and four workers, with one scheduler and one PostgreSQL server, while
//! the limit of the APIs is what holds them up.
//!
//! `KEYROLL_TEST_POSTGRES=/usr/lib/postgresql/15/bin cargo bench --bench fleet --features postgres -- TENANTS ACCOUNTS WORKERS…`
//! (40 2000 1 2 4 if nothing is said). Every tenant is a pretended estate with 50 ms of latency, and a site that admits
//! ten requests a second; a worker does two jobs at a time.

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
const LIMIT: RateLimit = RateLimit { per_second: 10, counted: Counted::BySecond, told: true };

/// Says that nothing is measured, because something is not there that it talks to.
fn skipped(why: &str) {
    println!("skipped: {why}");
}

fn main() {
    let words: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (tenants, accounts) = (words.first().copied().unwrap_or(40), words.get(1).copied().unwrap_or(2_000));
    let workers = words.get(2..).filter(|workers| !workers.is_empty()).map_or(vec![1, 2, 4], <[usize]>::to_vec);
    let Some(programs) = cluster::programs() else { return };
    let mut cluster = cluster::Cluster::start(programs);
    cluster.append("postgresql.conf", "max_connections = 200\n");
    cluster.kill();
    cluster.run();
    migrate(&cluster.location("k_owner", "default")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{tenants} tenants with {accounts} accounts each, {} requests a second for each site", LIMIT.per_second);
    let mut first = None;
    for workers in workers {
        let estates: Vec<Simulator> = (0..tenants).map(|number| runtime.block_on(estate(number, accounts))).collect();
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..tenants).map(|number| format!("w{workers}-t{number}")).collect();
        configure(folder.path(), &cluster, &names, &estates);
        let begin = Instant::now();
        let mut processes = vec![start(folder.path(), "scheduler")];
        processes.extend((0..workers).map(|_| start(folder.path(), "worker")));
        let mut left = names.clone();
        while !left.is_empty() {
            std::thread::sleep(Duration::from_millis(500));
            left.retain(|name| Store::open(cluster.location("k_writer", name)).unwrap().latest().unwrap().is_none());
        }
        let took = begin.elapsed().as_secs_f64();
        processes.iter_mut().for_each(|process| process.kill().unwrap());
        let asked: usize = estates.iter().map(|estate| estate.requests().len()).sum();
        let refused: u32 = estates.iter().map(|estate| estate.taken_by_site().refused).sum();
        let growth = *first.get_or_insert(took) / took;
        println!(
            "{workers} workers   {took:>7.1} s   {:>6.1} scans a minute   {growth:>5.2} times as fast   {asked} requests, {refused} \
             refused for the limit's sake",
            60.0 * f64::from(u32::try_from(tenants).unwrap()) / took
        );
    }
}

async fn estate(number: usize, accounts: usize) -> Simulator {
    let plan = Plan { seed: 100 + number as u64, accounts, now: SystemClock.now(), page_latency: LATENCY };
    let simulator = Simulator::start(plan).await.unwrap();
    simulator.limit(LIMIT);
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
