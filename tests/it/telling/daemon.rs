//! The daemon: what comes due is scanned once, what is missed, late, stopped or broken is noticed, and a configuration with
//! mistakes changes nothing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keyroll::app::ScanRequest;
use keyroll::clock::Clock;
use keyroll::daemon::{Daemon, Health, Metrics};
use keyroll::model::{EndpointState, RunEnd};
use keyroll::simulator::{Fault, Plan};
use keyroll::store::{Store, StoreError};
use serde_json::Value;

use super::soak::Pretended;
use super::{Receiver, alerts_through, sent_to};
use crate::support::keyroll::keyroll_with;
use crate::support::pretended::{Estate, first_night};

const NIGHTLY: &str =
    "schedules:\n  - name: nightly\n    cron: \"30 2 * * *\"\n    zone: Europe/Berlin\n    late_after: 1h\n";

async fn small() -> (Estate, Receiver) {
    let plan = Plan { seed: 3, accounts: 20, now: first_night(), page_latency: Duration::ZERO };
    (Estate::of(plan).await, Receiver::new().await)
}

fn configure(estate: &Estate, receiver: &Receiver, more: &str) {
    let alerts = alerts_through(estate, receiver, &["all"], "    - to: all\n");
    estate.configure(&format!("{alerts}{more}"));
}

fn daemon(estate: &Estate) -> Daemon<Pretended> {
    let clock: Arc<dyn Clock> = Arc::new(estate.clock.clone());
    let house = Pretended { config: estate.path("keyroll.yaml"), clock: Arc::clone(&clock) };
    Daemon::new(house, Arc::clone(&clock), Arc::new(Metrics::new("test")), Health::new(clock.now())).unwrap()
}

async fn rounds(daemon: &mut Daemon<Pretended>, count: usize) {
    for _ in 0..count {
        daemon.round().await.unwrap();
        daemon.wait().await;
    }
}

fn store(estate: &Estate) -> Store {
    Store::open(&estate.path("keyroll.db")).unwrap()
}

fn of_topic(receiver: &Receiver, topic: &str) -> Vec<Value> {
    let events = sent_to(receiver, "all");
    events.into_iter().filter(|event| event["data"]["topic"] == topic).collect()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["data"]["action"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_begins_when_it_is_due_and_only_once() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    let mut daemon = daemon(&estate);
    rounds(&mut daemon, 3).await;
    assert!(store(&estate).latest_runs(9).unwrap().is_empty(), "nothing was missed before there was a schedule");
    estate.clock.set(daemon.next_start().unwrap());
    rounds(&mut daemon, 4).await;
    let runs = store(&estate).latest_runs(9).unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((runs[0].schedule.as_str(), runs[0].end), ("nightly", Some(RunEnd::Complete)));
    assert!(of_topic(&receiver, "schedule").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_downtime_one_scan_makes_up_for_all_and_somebody_hears_of_them() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    let mut first = daemon(&estate);
    estate.clock.set(first.next_start().unwrap());
    rounds(&mut first, 3).await;
    first.end().await.unwrap();
    estate.clock.advance(TimeDelta::hours(4 * 24 + 3));
    let mut second = daemon(&estate);
    rounds(&mut second, 5).await;
    let runs = store(&estate).latest_runs(9).unwrap();
    assert_eq!(runs.len(), 2, "one scan, not four: {runs:?}");
    let told = of_topic(&receiver, "schedule");
    assert_eq!(actions(&told), ["raise", "settle"], "{told:#?}");
    assert!(told[0]["data"]["title"].as_str().unwrap().starts_with("3 scans of schedule `nightly` did not start"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_cannot_begin_is_late_and_that_is_told_once() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    let mut daemon = daemon(&estate);
    let other = store(&estate);
    let lock = other.lock_for_scan().unwrap();
    assert!(matches!(store(&estate).lock_for_scan(), Err(StoreError::ScanUnderWay { .. })));
    estate.clock.set(daemon.next_start().unwrap());
    for _ in 0..10 {
        rounds(&mut daemon, 1).await;
        estate.clock.advance(TimeDelta::minutes(10));
    }
    rounds(&mut daemon, 2).await;
    let told = of_topic(&receiver, "schedule");
    assert_eq!(actions(&told), ["raise"], "{told:#?}");
    assert!(told[0]["data"]["title"].as_str().unwrap().contains("is late"));
    drop(lock);
    estate.clock.advance(TimeDelta::minutes(2));
    rounds(&mut daemon, 4).await;
    assert_eq!(store(&estate).latest_runs(9).unwrap().len(), 1, "then it is scanned after all");
    assert_eq!(actions(&of_topic(&receiver, "schedule")), ["raise", "settle"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_fails_is_told() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    for endpoint in keyroll::simulator::ENDPOINTS {
        estate.simulator.set_fault(endpoint.name, Fault::Status(500));
    }
    let mut daemon = daemon(&estate);
    estate.clock.set(daemon.next_start().unwrap());
    rounds(&mut daemon, 4).await;
    let told = of_topic(&receiver, "schedule");
    assert_eq!(actions(&told), ["raise"]);
    assert!(told[0]["data"]["lead"][0].as_str().unwrap().contains("nothing could be collected"), "{told:#?}");
    assert_eq!(store(&estate).latest_runs(1).unwrap()[0].end, Some(RunEnd::Failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_mistakes_in_the_new_configuration_the_old_one_goes_on() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    let mut daemon = daemon(&estate);
    let good = fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
    fs::write(estate.path("keyroll.yaml"), good.replace("cron:", "corn:")).unwrap();
    estate.clock.advance(TimeDelta::seconds(10));
    rounds(&mut daemon, 1).await;
    estate.clock.set(daemon.next_start().unwrap());
    rounds(&mut daemon, 3).await;
    assert_eq!(store(&estate).latest_runs(9).unwrap().len(), 1, "the night is scanned by the old configuration");
    fs::write(estate.path("keyroll.yaml"), good.replace("30 2 * * *", "0 5 * * *")).unwrap();
    estate.clock.advance(TimeDelta::seconds(10));
    rounds(&mut daemon, 1).await;
    let next = daemon.next_start().unwrap();
    assert_eq!(next.format("%H:%M").to_string(), "04:00", "the mended one is taken up: five in Berlin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_share_the_sources_and_leave_no_gap_to_each_other() {
    let (estate, receiver) = small().await;
    let schedules = "schedules:\n  - name: hourly\n    cron: \"0 * * * *\"\n    sources: [org]\n  - name: nightly\n    cron: \"30 4 * * *\"\n    sources: [jira, confluence, bitbucket]\n";
    configure(&estate, &receiver, schedules);
    let mut daemon = daemon(&estate);
    for _ in 0..4 {
        estate.clock.set(daemon.next_start().unwrap());
        rounds(&mut daemon, 3).await;
    }
    let runs = store(&estate).latest_runs(9).unwrap();
    assert!(runs.iter().all(|run| run.end == Some(RunEnd::Complete)), "{runs:?}");
    assert!(runs.iter().any(|run| run.schedule == "nightly") && runs.iter().any(|run| run.schedule == "hourly"));
    assert!(of_topic(&receiver, "coverage").is_empty());
    let ledger = estate.assess().snapshot.ledger;
    let left = ledger.iter().filter(|entry| entry.state == EndpointState::Skipped);
    let reasons: Vec<&String> = left.map(|entry| entry.declared.as_ref().expect("a reason")).collect();
    assert!(reasons.iter().filter(|reason| reason.contains("schedule `")).count() > 10, "{reasons:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_stores_what_was_read_and_the_next_scan_goes_on_from_there() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, "");
    estate.simulator.set_fault("bb-members", Fault::Latency(Duration::from_secs(60)));
    let ask = ScanRequest { schedule: None, deadline: Some(Duration::from_secs(6)), fresh: false };
    let began = Instant::now();
    let outcome = estate.app(&[]).unwrap().scan(&ask, &|_| {}).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "it ends soon after the deadline");
    assert!(!outcome.complete);
    let assessment = estate.assess();
    let cut = assessment.snapshot.ledger.iter().find(|entry| entry.reason.contains("deadline")).unwrap();
    assert_eq!(cut.source.as_str(), "bitbucket");
    estate.simulator.clear_faults();
    let asked = estate.simulator.requests().len();
    estate.clock.advance(TimeDelta::hours(1));
    assert!(estate.scan().await.complete);
    let paths: Vec<String> = estate.simulator.requests().split_off(asked).into_iter().map(|(_, path)| path).collect();
    // News are read on from where the scan that was stored had got to.
    let anew: Vec<&String> =
        paths.iter().filter(|path| path.contains("/admin/") && !path.contains("events-stream")).collect();
    assert!(anew.is_empty(), "the organisation was read whole already: {anew:?}");
    assert!(paths.iter().any(|path| path.contains("/2.0/")), "Bitbucket is read now");
    let asked = estate.simulator.requests().len();
    estate.clock.advance(TimeDelta::hours(1));
    estate.scan().await;
    let paths: Vec<String> = estate.simulator.requests().split_off(asked).into_iter().map(|(_, path)| path).collect();
    assert!(paths.iter().any(|path| path.contains("/admin/")), "the scan after that begins anew");
}

/// A daemon in a process of its own.
struct Process {
    child: Child,
    said: std::sync::mpsc::Receiver<String>,
}

impl Process {
    fn start(estate: &Estate, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyroll"))
            .args(["daemon", "--verbose"])
            .current_dir(estate.folder.path())
            .env_clear()
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, said }
    }

    /// Waits until it says something with these words in it.
    fn hear(&self, words: &str) -> String {
        let mut heard = Vec::new();
        let until = Instant::now() + Duration::from_secs(30);
        while let Ok(line) = self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
            heard.push(line);
        }
        panic!("`{words}` was not said: {heard:#?}");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_ends_in_good_order_in_the_middle_of_a_scan_and_takes_it_up_again() {
    let (estate, receiver) = small().await;
    configure(
        &estate,
        &receiver,
        "schedules:\n  - name: often\n    cron: \"* * * * *\"\ndaemon:\n  listen: 127.0.0.1:0\n",
    );
    estate.simulator.set_fault("bb-members", Fault::Latency(Duration::from_secs(100)));
    // A schedule counts from the moment it is first seen: half an hour ago.
    let began = chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc();
    Store::create_or_open(&estate.path("keyroll.db")).unwrap().begin_schedule("often", began).unwrap();
    let (process, estate) = tokio::task::spawn_blocking(move || {
        let mut process = Process::start(&estate, &[]);
        process.hear("a scan begins");
        process.hear("source collected");
        process.signal("HUP");
        process.hear("read anew");
        process.signal("TERM");
        process.hear("ended in good order");
        assert!(process.child.wait().unwrap().success());
        (process, estate)
    })
    .await
    .unwrap();
    drop(process);
    let runs = store(&estate).latest_runs(9).unwrap();
    assert_eq!(runs[0].end, Some(RunEnd::Interrupted), "{runs:?}");
    assert!(estate.path("keyroll.db-scan.journal").exists(), "what was read is kept");
    estate.simulator.clear_faults();
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll_with(&folder, &["daemon", "--once"], &[])).await.unwrap();
    assert!(run.out.contains("often: s1 stored, complete"), "{}{}", run.out, run.err);
    assert!(!estate.path("keyroll.db-scan.journal").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_notices_what_was_missed_too() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, NIGHTLY);
    let once = |now: String, estate: &Estate| {
        let folder = estate.folder.path().to_owned();
        tokio::task::spawn_blocking(move || keyroll_with(&folder, &["--now", &now, "daemon", "--once"], &[]))
    };
    let run = once("2026-11-21T01:30:30Z".to_owned(), &estate).await.unwrap();
    assert!(run.out.contains("nightly: s1 stored"), "{}{}", run.out, run.err);
    let run = once("2026-11-22T01:29:50Z".to_owned(), &estate).await.unwrap();
    assert!(run.out.contains("nightly: s2 stored"), "{}{}", run.out, run.err);
    assert!(of_topic(&receiver, "schedule").is_empty(), "a scheduler that is ten seconds early missed nothing");
    let run = once("2026-11-25T01:30:10Z".to_owned(), &estate).await.unwrap();
    assert!(run.out.contains("nightly: s3 stored"), "{}{}", run.out, run.err);
    let told = of_topic(&receiver, "schedule");
    assert!(told[0]["data"]["title"].as_str().unwrap().starts_with("2 scans"), "{told:#?}");
    assert_eq!(told.len(), 2, "and that it runs again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heartbeat_beats_after_complete_scans_only() {
    let (estate, receiver) = small().await;
    let beat = estate.path("beat");
    fs::write(&beat, format!("{}/beat", receiver.server.url)).unwrap();
    fs::set_permissions(&beat, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    configure(&estate, &receiver, &format!("heartbeat:\n  url: file:{}\n", beat.display()));
    let scan = |estate: &Estate| {
        let folder = estate.folder.path().to_owned();
        tokio::task::spawn_blocking(move || keyroll_with(&folder, &["scan"], &[]))
    };
    let beats = || receiver.server.asked().iter().filter(|asked| asked.path == "/beat").count();
    scan(&estate).await.unwrap();
    assert_eq!(beats(), 1);
    estate.simulator.set_fault("domains", Fault::Status(403));
    scan(&estate).await.unwrap();
    assert_eq!(beats(), 1, "an incomplete scan is no sign of health");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_hears_that_it_is_up_alive_reloading_and_ending() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, &format!("{NIGHTLY}daemon:\n  listen: nowhere\n"));
    tokio::task::spawn_blocking(move || {
        let path = estate.path("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let hear = |words: &str| {
            let mut bytes = [0; 4096];
            for _ in 0..200 {
                let length = socket.recv(&mut bytes).expect("systemd is told something");
                if String::from_utf8_lossy(&bytes[..length]).contains(words) {
                    return;
                }
            }
            panic!("systemd was not told {words}");
        };
        let path = path.display().to_string();
        let mut process = Process::start(&estate, &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "4000000")]);
        hear("READY=1");
        hear("WATCHDOG=1");
        process.signal("HUP");
        hear("RELOADING=1");
        hear("READY=1");
        process.signal("TERM");
        hear("STOPPING=1");
        assert!(process.child.wait().unwrap().success());
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_whose_process_was_killed_is_told_and_made_up_for() {
    let (estate, receiver) = small().await;
    configure(&estate, &receiver, &format!("{NIGHTLY}daemon:\n  listen: nowhere\n"));
    estate.simulator.set_fault("bb-members", Fault::Latency(Duration::from_secs(100)));
    let began = chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().to_utc();
    Store::create_or_open(&estate.path("keyroll.db")).unwrap().begin_schedule("nightly", began).unwrap();
    let estate = tokio::task::spawn_blocking(move || {
        let mut process = Process::start(&estate, &[]);
        process.hear("source collected");
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        estate
    })
    .await
    .unwrap();
    assert_eq!(store(&estate).latest_runs(1).unwrap()[0].end, None, "nobody could say how it ended");
    estate.simulator.clear_faults();
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll_with(&folder, &["daemon", "--once"], &[])).await.unwrap();
    assert!(run.out.contains("nightly: s1 stored, complete"), "{}{}", run.out, run.err);
    let titles: Vec<String> = of_topic(&receiver, "schedule")
        .iter()
        .map(|event| event["data"]["title"].as_str().unwrap().to_owned())
        .collect();
    assert!(titles.contains(&"A scan of schedule `nightly` never ended".to_owned()), "{titles:?}");
    assert!(titles.last().unwrap().contains("runs again"), "{titles:?}");
}
