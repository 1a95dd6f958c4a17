//! Scans that several processes share over a PostgreSQL server: each part is made once, whoever dies, and what comes of it is
//! what one process alone would have found.
//!
//! The long run: `KEYROLL_KILLS=100 cargo test --locked --features postgres --test it shared_scans -- --nocapture`

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::clock::{Clock, SystemClock};
use keyroll::model::{Assessment, EndpointState, RunEnd, SnapshotId};
use keyroll::simulator::{Counted, Plan, RateLimit};
use keyroll::store::{self, NewShared, Share, Store, StoreError};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::sync::watch;

use crate::store::{Scan, account, accounts};
use crate::support::cluster::{Cluster, own_store, programs};
use crate::support::keyroll::begin;
use crate::support::pretended::Estate;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// A folder of tenants whose stores are in one database, each with a pretended estate of its own.
struct Fleet {
    cluster: Cluster,
    folder: tempfile::TempDir,
    estates: BTreeMap<String, Estate>,
    /// What every process said, for whoever has to find out why a test failed.
    said: Mutex<Vec<watch::Receiver<String>>>,
    moves: Moves,
}

/// Counts the times at which the server told that something moved: a scan, a run, a share or a job.
struct Moves {
    count: watch::Receiver<u64>,
    /// Listens for as long as it is there.
    _client: tokio_postgres::Client,
}

/// A process of a role.
struct Process {
    child: Child,
    said: watch::Receiver<String>,
}

/// Has the server tell of what moves.
const TELL: &str = "
    CREATE FUNCTION public.moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY moved; RETURN NULL; END $$;
    DO $$ DECLARE one text; BEGIN
        FOREACH one IN ARRAY ARRAY['keyroll.snapshots', 'keyroll.runs', 'keyroll.shares', 'keyroll_queue._private_jobs'] LOOP
            EXECUTE format('CREATE TRIGGER moved AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT '
                'EXECUTE FUNCTION public.moved()', one);
        END LOOP;
    END $$";

impl Moves {
    async fn of(cluster: &Cluster) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.host_path(cluster.socket()).port(cluster.port).user("postgres").dbname("keyroll");
        let (client, mut connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        let (sender, count) = watch::channel(0);
        tokio::spawn(async move {
            while let Some(Ok(_)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                sender.send_modify(|count| *count += 1);
            }
        });
        client.batch_execute("LISTEN moved").await.unwrap();
        Self { count, _client: client }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.iter().for_each(|said| println!("---\n{}", *said.borrow()));
        }
    }
}

impl Fleet {
    /// One whose scans have been due since last night.
    async fn of(tenants: &[&str], latency: Duration, schedule: &str) -> Option<Self> {
        let cluster = Cluster::start(programs()?);
        let owner = cluster.location("k_owner", "default");
        tokio::task::block_in_place(|| store::migrate(&owner)).unwrap();
        cluster.sql("keyroll", TELL);
        let moves = Moves::of(&cluster).await;
        let folder = tempfile::tempdir().unwrap();
        let common = format!(
            "daemon: {{ listen: nowhere }}\nstore: \"{}\"\n\
             schedules:\n  - {{ name: nightly, cron: \"0 2 * * *\"{schedule} }}\n",
            cluster.address("k_writer", "<tenant>")
        );
        fs::write(folder.path().join("defaults.yaml"), common).unwrap();
        let mut fleet = Self { cluster, folder, estates: BTreeMap::new(), said: Mutex::default(), moves };
        for (seed, tenant) in (20..).zip(tenants) {
            let now = SystemClock.now();
            let estate = Estate::of(Plan { seed, accounts: 60, now, page_latency: latency }).await;
            estate.configure("");
            let own = fs::read_to_string(estate.path("keyroll.yaml")).unwrap().replace("store: keyroll.db\n", "");
            fs::write(fleet.folder.path().join(format!("{tenant}.yaml")), own).unwrap();
            fleet.estates.insert((*tenant).to_owned(), estate);
            fleet.store(tenant).begin_schedule("nightly", now - TimeDelta::days(1)).unwrap();
        }
        Some(fleet)
    }

    fn store(&self, tenant: &str) -> Store {
        tokio::task::block_in_place(|| Store::open(self.cluster.location("k_writer", tenant))).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a process in a role.
    fn start(&self, role: &str) -> Process {
        self.start_with(role, &[])
    }

    fn start_with(&self, role: &str, more: &[&str]) -> Process {
        self.start_in(self.folder.path(), role, more)
    }

    fn start_in(&self, folder: &Path, role: &str, more: &[&str]) -> Process {
        let words = [&["-v", "--config", "."], more, &["daemon", "--role", role, "--jobs", "3"]].concat();
        let mut child = begin(folder, &words, Stdio::piped());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, said) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                sender.send_modify(|said| *said = format!("{said}{line}\n"));
            }
        });
        self.said.lock().unwrap().push(said.clone());
        Process { child, said }
    }

    /// Ends the database server as a power cut would, and starts it again.
    async fn restart_server(&mut self) {
        tokio::task::block_in_place(|| {
            self.cluster.kill();
            self.cluster.run();
        });
        self.moves = Moves::of(&self.cluster).await;
    }

    fn scans(&self, tenant: &str) -> Vec<SnapshotId> {
        let heads = tokio::task::block_in_place(|| self.store(tenant).heads(99)).unwrap();
        heads.into_iter().map(|head| head.id).collect()
    }

    /// What the only scan of a tenant told.
    fn assess(&self, tenant: &str) -> Assessment {
        tokio::task::block_in_place(|| keyroll::app::assess(&self.store(tenant))).unwrap()
    }

    /// Has the processes end, and looks whether every tenant was scanned once, with nothing lost.
    async fn made_once(&self, processes: impl IntoIterator<Item = Process>) {
        for process in processes {
            process.end().await;
        }
        for (tenant, estate) in &self.estates {
            assert_eq!(self.scans(tenant), [SnapshotId(1)], "{tenant} was judged once");
            let runs = tokio::task::block_in_place(|| self.store(tenant).latest_runs(9)).unwrap();
            let ends: Vec<_> = runs.iter().map(|run| run.end).collect();
            assert_eq!(ends, [Some(RunEnd::Complete)], "{tenant}: {runs:?}");
            assert_eq!(told(&self.assess(tenant)), alone(estate).await, "{tenant}");
        }
    }

    fn is_scanned(&self) -> bool {
        self.estates.keys().all(|tenant| !self.scans(tenant).is_empty())
    }

    /// Waits until every tenant has its scan.
    async fn scanned(&self) {
        self.until("every tenant is scanned", || self.is_scanned()).await;
    }

    /// Waits until something holds that can begin to hold only when something moves in the database.
    async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let mut moves = self.moves.count.clone();
        in_time(what, async {
            moves.mark_unchanged();
            while !holds() {
                moves.changed().await.expect("the server tells of what moves");
            }
        })
        .await;
    }
}

async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_elapsed| panic!("it took too long until {what}"))
}

impl Process {
    /// Tells it to end, and gives what it said.
    async fn end(mut self) -> String {
        let process = i32::try_from(self.child.id().unwrap()).unwrap();
        let process = rustix::process::Pid::from_raw(process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let status = in_time("it ended", self.child.wait()).await.unwrap();
        // Nobody says anything more once there is nobody who could.
        while self.said.changed().await.is_ok() {}
        let log = self.said.borrow().clone();
        assert!(status.success(), "{log}");
        log
    }

    /// Waits until it has said something.
    async fn says(&self, what: &str) {
        let mut said = self.said.clone();
        let heard = in_time(&format!("somebody said `{what}`"), said.wait_for(|said| said.contains(what))).await;
        assert!(heard.is_ok(), "it ended without a word of `{what}`");
    }
}

/// All that a scan tells which does not depend on who made it when.
fn told(assessment: &Assessment) -> (String, BTreeMap<String, (EndpointState, u64)>, Vec<String>) {
    let ledger = assessment.snapshot.ledger.iter();
    let ledger = ledger.map(|entry| (format!("{}/{}", entry.source, entry.endpoint), (entry.state, entry.rows)));
    let findings = assessment.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.resource));
    (assessment.snapshot.digest.to_string(), ledger.collect(), findings.collect())
}

/// What a scan by one process tells of the same estate.
async fn alone(estate: &Estate) -> (String, BTreeMap<String, (EndpointState, u64)>, Vec<String>) {
    estate.scan().await;
    told(&estate.assess())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_by_several_is_judged_once_and_as_if_one_had_read_it() {
    let Some(fleet) = Fleet::of(&["acme", "globex"], Duration::ZERO, "").await else { return };
    let (one, other) = (fleet.start("scheduler"), fleet.start("scheduler"));
    let workers = [fleet.start("worker"), fleet.start("worker")];
    fleet.scanned().await;
    fleet
        .until("nothing is left of them", || {
            let rest = "SELECT (SELECT count(*) FROM keyroll.shares) + (SELECT count(*) FROM keyroll.shared_runs)
            + (SELECT count(*) FROM keyroll.journal_pages) + (SELECT count(*) FROM keyroll_queue.jobs)";
            fleet.cluster.sql("keyroll", rest) == "0"
        })
        .await;
    let (one, other) = (one.end().await, other.end().await);
    // Whoever ends last may lead for a moment, and finds nothing to begin.
    let began = |log: &str| log.matches("a scan begins").count();
    let both = [began(&one), began(&other)];
    assert!(both == [2, 0] || both == [0, 2], "just one says what is due: {one}\n---\n{other}");
    for worker in workers {
        let log = worker.end().await;
        assert!(!log.contains("ERROR"), "{log}");
    }
    for (tenant, estate) in &fleet.estates {
        assert_eq!(fleet.scans(tenant), [SnapshotId(1)], "{tenant}");
        let runs = fleet.store(tenant).latest_runs(9).unwrap();
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!((runs[0].end, runs[0].schedule.as_str()), (Some(RunEnd::Complete), "nightly"));
        let asked = estate.simulator.requests().len();
        assert_eq!(told(&fleet.assess(tenant)), alone(estate).await, "{tenant}");
        let by_one = estate.simulator.requests().len() - asked;
        // A source that was put off in the middle asks once more for the page where it ended.
        assert!(asked <= by_one + 5, "{asked} requests in place of {by_one}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
fn how_many() -> usize {
    std::env::var("KEYROLL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

/// Processes of every role, and the database server, are killed again and again while estates are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_nothing_is_lost_and_nothing_is_done_twice() {
    let kills = how_many();
    let (mut random, mut killed, mut scans) = (17, 0, 0);
    while killed < kills {
        let Some(more) = killed_while_two_are_read((kills - killed).min(MOST_IN_A_SCAN), &mut random).await else {
            return;
        };
        assert!(more > 0, "a scan was over before it could be disturbed");
        (killed, scans) = (killed + more, scans + 2);
        println!("killed {killed} times in {scans} scans");
    }
}

/// More are for another scan: this one has to come to an end.
const MOST_IN_A_SCAN: usize = 10;

/// Kills so many while two estates are read, unless they are read before; how many it were, with nothing lost and nothing done
/// twice. `None` without a server.
async fn killed_while_two_are_read(kills: usize, random: &mut u64) -> Option<usize> {
    let mut fleet = Fleet::of(&["acme", "globex"], Duration::from_millis(25), "").await?;
    let roles = ["scheduler", "scheduler", "worker", "worker"];
    let mut processes: Vec<Process> = roles.iter().map(|role| fleet.start(role)).collect();
    let mut killed = 0;
    let tenants: Vec<String> = fleet.estates.keys().cloned().collect();
    while killed < kills && !fleet.is_scanned() {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (more, who) = (3 + (*random >> 33) as usize % 20, (*random >> 50) as usize % 9);
        let simulator = &fleet.estates[&tenants[killed % tenants.len()]].simulator;
        let asked = simulator.requests().len();
        tokio::select! {
            () = in_time("some more is asked", simulator.asked(asked + more)) => {}
            () = fleet.scanned() => break,
        }
        match processes.get_mut(who % 5) {
            Some(process) => {
                process.child.kill().await.unwrap();
                *process = fleet.start(roles[who % 5]);
            }
            None => fleet.restart_server().await,
        }
        killed += 1;
    }
    fleet.scanned().await;
    fleet.made_once(processes).await;
    Some(killed)
}

/// A server that is restarted comes back in a moment: nobody who begins meanwhile gives up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_while_the_server_is_away_waits_for_it() {
    let Some(mut fleet) = Fleet::of(&["acme"], Duration::ZERO, "").await else { return };
    tokio::task::block_in_place(|| fleet.cluster.kill());
    let processes = [fleet.start("scheduler"), fleet.start("worker")];
    for process in &processes {
        process.says("the store was interrupted and is tried again").await;
    }
    tokio::task::block_in_place(|| fleet.cluster.run());
    fleet.moves = Moves::of(&fleet.cluster).await;
    fleet.scanned().await;
    for process in processes {
        process.end().await;
    }
}

/// A server without room for one more connection refuses whoever comes, before a scan and in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_no_room_on_the_server_comes_again() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::from_millis(25), "").await else { return };
    let no_room = || {
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'k_writer'";
        fleet.cluster.sql("postgres", &format!("ALTER ROLE k_writer CONNECTION LIMIT 0; {end}"));
    };
    let room = || fleet.cluster.sql("postgres", "ALTER ROLE k_writer CONNECTION LIMIT -1");
    no_room();
    let processes = [fleet.start("scheduler"), fleet.start("worker"), fleet.start("worker")];
    for process in &processes {
        process.says("too many connections for role").await;
    }
    room();
    fleet.estates["acme"].simulator.asked(20).await;
    no_room();
    any_says(&processes, "too many connections for role").await;
    room();
    fleet.scanned().await;
    fleet.made_once(processes).await;
}

/// The disk on which the store lies is full in the middle of a scan, and is cleared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_of_the_server_is_full_nothing_is_lost() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::from_millis(25), "").await else { return };
    let Some(disk) = fleet.cluster.small_disk("60m") else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    fleet.cluster.sql("keyroll", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    for sort in ["TABLE", "INDEX"] {
        fleet.cluster.sql("keyroll", &format!("ALTER {sort} ALL IN TABLESPACE pg_default SET TABLESPACE small"));
    }
    let processes = [fleet.start("scheduler"), fleet.start("worker"), fleet.start("worker")];
    fleet.estates["acme"].simulator.asked(20).await;
    let filler = disk.fill();
    any_says(&processes, "No space left on device").await;
    fs::remove_file(filler).unwrap();
    fleet.scanned().await;
    fleet.made_once(processes).await;
    drop(fleet);
}

/// Waits until one of them says something once more than it has by now.
async fn any_says(processes: &[Process; 3], what: &str) {
    let heard = |process: &Process| {
        let mut said = process.said.clone();
        let before = said.borrow().matches(what).count();
        async move { said.wait_for(|said| said.matches(what).count() > before).await.map(drop) }
    };
    let [one, two, three] = processes.each_ref().map(heard);
    let any = async {
        tokio::select! { heard = one => heard, heard = two => heard, heard = three => heard }
    };
    let heard = in_time(&format!("somebody said `{what}`"), any).await;
    assert!(heard.is_ok(), "one of them ended");
}

/// Jira and Confluence are one site with one limit, whoever reads them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_keep_the_limit_of_a_site_as_one_would() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::from_millis(5), "").await else { return };
    fleet.estates["acme"].simulator.limit(RateLimit { per_second: 40, counted: Counted::BySecond, told: true });
    let processes = [fleet.start("scheduler"), fleet.start("worker"), fleet.start("worker")];
    fleet.scanned().await;
    let taken = fleet.estates["acme"].simulator.taken_by_site();
    println!("{taken:?}");
    assert!(taken.admitted > 60 && taken.refused <= 8, "{taken:?}");
    for process in processes {
        process.end().await;
    }
    assert!(fleet.assess("acme").snapshot.ledger.iter().all(|entry| !entry.is_undeclared_gap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_would_read_or_judge_otherwise_leaves_it_to_others() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::ZERO, "").await else { return };
    let scheduler = fleet.start("scheduler");
    // An older configuration: there is one source less, and a rule of one's own.
    let older = tempfile::tempdir().unwrap();
    for file in ["defaults.yaml", "acme.yaml"] {
        fs::copy(fleet.file(file), older.path().join(file)).unwrap();
    }
    let text = fs::read_to_string(older.path().join("acme.yaml")).unwrap();
    fs::write(older.path().join("acme.yaml"), text.replace("page_size: 25", "page_size: 20")).unwrap();
    let misfit = fleet.start_in(older.path(), "worker", &[]);
    misfit.says("another configuration, other rules or another version").await;
    assert!(fleet.estates["acme"].simulator.requests().is_empty(), "it asks nobody");
    // Brought to the same configuration, it works.
    fs::copy(fleet.file("acme.yaml"), older.path().join("acme.yaml")).unwrap();
    fleet.scanned().await;
    drop((misfit, scheduler.end().await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_meanwhile_begins_the_scan_anew() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::from_millis(100), "").await else { return };
    let (scheduler, worker) = (fleet.start("scheduler"), fleet.start("worker"));
    fleet.estates["acme"].simulator.asked(10).await;
    let text = fs::read_to_string(fleet.file("acme.yaml")).unwrap();
    fs::write(fleet.file("acme.yaml"), format!("{text}fail_on: never\n")).unwrap();
    scheduler.says("a scan begins anew").await;
    fleet.scanned().await;
    drop((scheduler, worker));
    let runs = fleet.store("acme").latest_runs(9).unwrap();
    let ends: Vec<_> = runs.iter().map(|run| run.end).collect();
    assert_eq!(ends, [Some(RunEnd::Complete), Some(RunEnd::Interrupted)], "{runs:?}");
    let notes = &runs[1].note;
    assert!(notes.contains("the configuration, the rules or the program changed"), "{notes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_an_hour_off_neither_leads_nor_works() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::ZERO, "").await else { return };
    let wrong = (SystemClock.now() - TimeDelta::hours(1)).to_rfc3339();
    let late = fleet.start_with("scheduler", &["--now", &wrong]);
    late.says("behind that of the database server").await;
    assert_eq!(fleet.store("acme").latest_runs(9).unwrap(), [], "it begins nothing");
    let scheduler = fleet.start("scheduler");
    let worker = fleet.start_with("worker", &["--now", &wrong]);
    worker.says("until then others do the jobs").await;
    assert!(fleet.estates["acme"].simulator.requests().is_empty(), "it asks nobody");
    let right = fleet.start("worker");
    fleet.scanned().await;
    drop((late, worker, right));
    scheduler.end().await;
}

/// What nobody can read by the end of a scan's time is a gap with its reason, and the rest is judged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_could_read_in_time_is_unknown_and_says_why() {
    let Some(fleet) = Fleet::of(&["acme"], Duration::ZERO, ", deadline: 8s").await else { return };
    fs::remove_file(fleet.estates["acme"].path("bitbucket-token")).unwrap();
    let processes = [fleet.start("scheduler"), fleet.start("worker")];
    fleet.scanned().await;
    let assessment = fleet.assess("acme");
    assert!(!assessment.head.complete);
    let of = |source: &str| {
        let ledger = assessment.snapshot.ledger.iter();
        ledger.filter(|entry| entry.source.as_str() == source).cloned().collect::<Vec<_>>()
    };
    let (bitbucket, jira) = (of("bitbucket"), of("jira"));
    assert!(!bitbucket.is_empty() && !jira.is_empty());
    let why = "no machine had read it when the time of the scan was over";
    for entry in &bitbucket {
        assert!(entry.is_gap() && (entry.reason == why || entry.declared.is_some()), "{entry:?}");
    }
    assert!(jira.iter().all(|entry| entry.state == EndpointState::Complete), "{jira:?}");
    for process in processes {
        process.end().await;
    }
}

fn nightly<'a>(due_at: DateTime<Utc>, sources: &'a [keyroll::model::SourceName]) -> NewShared<'a> {
    NewShared { schedule: "nightly", due_at, mark: "m", sources, time: Duration::from_secs(60) }
}

#[test]
fn a_run_begins_once_and_takes_nothing_once_it_is_over() {
    let Some((_, location)) = own_store() else { return };
    let (mut store, mut other) = (Store::create_or_open(&location).unwrap(), Store::create_or_open(&location).unwrap());
    let (now, sources) = (SystemClock.now(), ["jira".into(), "org".into()]);
    let shared = store.begin_shared_run(nightly(now, &sources), now).unwrap().unwrap();
    assert_eq!((shared.after, shared.sources.as_slice(), shared.mark.as_str()), (None, &sources[..], "m"));
    assert!(shared.left > Duration::from_secs(50) && shared.left <= Duration::from_secs(60), "{:?}", shared.left);
    let later = now + TimeDelta::days(1);
    assert_eq!(other.begin_shared_run(nightly(later, &sources), now).unwrap(), None, "one is under way");
    assert_eq!(other.shared_runs().unwrap().len(), 1);
    assert_eq!(store.runs_under_way().unwrap(), [], "no process is missed when it is gone");
    let share = |source: &str, count: u32| Share {
        source: source.into(),
        collection: keyroll::model::Collection {
            authority: 3,
            resources: (0..count).map(|number| account(7, &format!("{number}"))).collect(),
            ledger: Vec::new(),
        },
        stopped: false,
    };
    let id = shared.run.id;
    assert_eq!(other.keep_share(id, &share("jira", 700)).unwrap(), Some(vec!["org".into()]));
    assert_eq!(other.keep_share(id, &share("jira", 1_201)).unwrap(), Some(vec!["org".into()]), "the later one counts");
    assert_eq!(store.shares(id).unwrap(), [share("jira", 1_201)]);
    assert_eq!(store.keep_share(id, &share("org", 0)).unwrap(), Some(vec![]));
    assert_eq!(store.keep_share(id, &share("x", 1)).unwrap(), None, "nobody asked for it");
    assert_eq!(store.shared_sources(id).unwrap(), ["jira".into(), "org".into()]);
    store.end_shared(Some((id, RunEnd::Interrupted, "so")), now).unwrap();
    assert_eq!(other.keep_share(id, &share("org", 1)).unwrap(), None, "it is over");
    assert_eq!((other.shared_run(id).unwrap(), other.shares(id).unwrap()), (None, vec![]));
    let early = now - TimeDelta::days(1);
    assert_eq!(other.begin_shared_run(nightly(early, &sources), now).unwrap(), None, "a later one ran");
    assert!(other.begin_shared_run(nightly(now, &sources), now).unwrap().is_some(), "one that was broken off is due");
}

#[test]
fn a_store_of_a_later_keyroll_is_used_as_long_as_that_says_it_can_be() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    store::migrate(&cluster.location("k_owner", "default")).unwrap();
    let writer = cluster.location("k_writer", "default");
    cluster.sql("keyroll", "INSERT INTO keyroll.versions VALUES (90, 2)");
    Scan::of(accounts(0..3), vec![]).commit(&mut Store::open(&writer).unwrap()).unwrap();
    cluster.sql("keyroll", "INSERT INTO keyroll.versions VALUES (91, 91)");
    let error = Store::open(&writer).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 91, .. }), "{error}");
}
