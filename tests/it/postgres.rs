//! The store in a PostgreSQL database: who may do what, what a server does to it, and the way from one store into another.
//! That it keeps what a store in a file keeps, `store.rs` tries on both.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyroll::model::{RunEnd, SnapshotId, SourceName};
use keyroll::store::{Address, JournalPage, Location, Store, StoreError, copy};

use crate::store::{Scan, account, accounts, full_scan};
use crate::support::cluster::{self, Cluster, WORD, own_store, programs, told};

fn address(location: &Location) -> Address {
    match location {
        Location::Postgres(address) => address.clone(),
        Location::File(path) => panic!("a file: {}", path.display()),
    }
}

/// As the tables of a store are, put into a few words.
fn contents(location: &Location) -> String {
    let store = Store::open(location).unwrap();
    let scans: Vec<_> =
        store.heads(99).unwrap().into_iter().map(|head| (head.id, store.snapshot(head.id).unwrap())).collect();
    format!("{scans:?} {:?} {:?}", store.findings().unwrap(), store.latest_runs(99).unwrap())
}

#[test]
fn no_tenant_sees_what_another_has() {
    let Some((cluster, one)) = own_store() else { return };
    let Some((_, two)) = own_store() else { return };
    full_scan().commit(&mut Store::create_or_open(&one).unwrap()).unwrap();
    let mut store = Store::create_or_open(&two).unwrap();
    assert_eq!(store.latest().unwrap(), None);
    assert_eq!(store.findings().unwrap(), []);
    Scan::of(accounts(0..3), vec![]).commit(&mut store).unwrap();
    assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap().resources.len(), 3);
    let seen = |role: &str| {
        let sql = format!(
            "SET ROLE {role}; SET keyroll.tenant = '{}'; SELECT count(*) FROM keyroll.resources",
            address(&two).tenant
        );
        cluster.sql("keyroll", &sql)
    };
    for role in ["keyroll_reader", "keyroll_writer", "keyroll_owner"] {
        assert_eq!(seen(role), "3", "{role}");
    }
    let stray = "SET ROLE keyroll_writer; SET keyroll.tenant = 'x';
        DO $$ BEGIN INSERT INTO keyroll.told (tenant, mark, at) VALUES ('y', 'm', 1); EXCEPTION
        WHEN insufficient_privilege THEN RAISE NOTICE 'refused'; RETURN; END; $$; SELECT count(*) FROM keyroll.told";
    assert_eq!(cluster.sql("keyroll", stray), "0", "nobody writes for another tenant");
}

#[test]
fn each_role_may_do_what_it_has_to_and_no_more() {
    let Some((cluster, writer)) = own_store() else { return };
    let scan = full_scan();
    scan.commit(&mut Store::create_or_open(&writer).unwrap()).unwrap();
    let Address { tenant, .. } = address(&writer);
    let mut reader = Store::open(cluster.location("k_reader", &tenant)).unwrap();
    assert_eq!(reader.snapshot(SnapshotId(1)).unwrap().unwrap(), scan.snapshot);
    let error = scan.commit(&mut reader).unwrap_err();
    assert!(matches!(&error, StoreError::Refused { what, .. } if what.contains("permission denied")), "{error}");
    let error = Store::open(cluster.location("postgres", &tenant)).unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    for (role, sql) in [
        ("keyroll_writer", "CREATE TABLE keyroll.more (one int)"),
        ("keyroll_writer", "DROP TABLE keyroll.findings"),
        ("keyroll_writer", "DELETE FROM keyroll.versions"),
        ("keyroll_writer", "SELECT keyroll.hand_out_rights()"),
        ("keyroll_reader", "DELETE FROM keyroll.findings"),
        ("keyroll_reader", "SELECT keyroll.make_room(700)"),
        ("keyroll_reader", "SELECT count(*) FROM keyroll.resources_1_now"),
    ] {
        let tried = format!(
            "SET ROLE {role}; SET keyroll.tenant = 'x'; DO $$ BEGIN EXECUTE $sql$ {sql} $sql$; RAISE 'it may';
             EXCEPTION WHEN insufficient_privilege THEN RETURN; END $$"
        );
        cluster.sql("keyroll", &tried);
    }
}

#[test]
fn a_password_opens_the_store_and_a_wrong_one_is_not_shown() {
    let Some(cluster) = cluster::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |word: &str, options: &str| {
        let file = folder.path().join("word");
        std::fs::write(&file, word).unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(&file).unwrap().permissions(), 0o600);
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = format!("postgres://k_writer@127.0.0.1:{}/keyroll?password=file:word{options}", cluster.port);
        let location =
            Location::read(&text.replace("file:word", &format!("file:{}", file.display())), Path::new(".")).unwrap();
        Store::open(&location)
    };
    assert_eq!(at(WORD, "").unwrap().latest().unwrap(), None);
    let error = told(&at("not-the-word", "").unwrap_err());
    assert!(error.contains("password authentication failed") && !error.contains("not-the-word"), "{error}");
    let error = told(&at(WORD, "&sslmode=verify-full").unwrap_err());
    assert!(error.contains("does not support TLS"), "who is to be verified and cannot be is not trusted: {error}");
}

/// The server has a certificate of an authority that nobody knows, for the name `localhost`.
#[test]
fn a_server_has_to_prove_who_it_is() {
    let Some(programs) = programs() else { return };
    let mut cluster = Cluster::start(programs);
    let (certificate, authority) = certificate();
    cluster.give_certificate(&certificate);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority).unwrap();
    let at = |host: &str, options: &str| {
        let text = format!("postgres://k_owner@{host}:{}/keyroll?{options}", cluster.port);
        Store::create_or_open(Location::read(&text, folder.path()).unwrap())
    };
    at("localhost", "sslmode=verify-full&sslrootcert=ca.pem").unwrap();
    let begun = std::time::Instant::now();
    while cluster.sql("postgres", "SELECT count(*) FROM pg_stat_ssl WHERE ssl") != "0" {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "the line is not closed");
        std::thread::yield_now();
    }
    let unknown = at("localhost", "sslmode=verify-full").unwrap_err();
    assert!(matches!(&unknown, StoreError::Refused { what, .. } if what.contains("certificate")), "{}", told(&unknown));
    let other_name = at("127.0.0.1", "sslmode=verify-full&sslrootcert=ca.pem").unwrap_err();
    assert!(matches!(&other_name, StoreError::Refused { .. }), "{}", told(&other_name));
}

fn certificate() -> ((String, String), String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    ((own.pem(), key.serialize_pem()), authority_pem)
}

#[test]
fn many_at_once_make_one_store_and_a_newer_one_is_left_alone() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    let owner = cluster.location("k_owner", "default");
    let writer = cluster.location("k_writer", "default");
    let missing = Store::open(&owner).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
    let behind = Store::create_or_open(&writer).unwrap_err();
    assert!(behind.to_string().contains("run `keyroll store migrate`"), "{behind}");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Store::create_or_open(&owner).unwrap());
        }
    });
    assert_eq!(cluster.sql("keyroll", "SELECT string_agg(number::text, ',') FROM keyroll.versions"), "1,2");
    full_scan().commit(&mut Store::create_or_open(&writer).unwrap()).unwrap();

    cluster.sql("keyroll", "INSERT INTO keyroll.versions VALUES (99, 99)");
    for location in [&owner, &writer] {
        let error = Store::create_or_open(location).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, known: 2, .. }), "{error}");
        assert!(error.to_string().contains("use a newer keyroll"), "{error}");
    }
}

/// A scan that takes a while to commit.
fn large(name: &str) -> Scan {
    let many = (0..6_000_u32).map(|number| {
        let mut resource = account(0, &format!("{name} {number}"));
        resource.id = keyroll::model::ResourceId::new("acme", resource.id.kind(), &format!("{number:05}"));
        resource
    });
    Scan::of(many.collect(), vec![])
}

/// The server is killed at one moment of a commit after the other, and comes back by itself: at its first row, when a good part
/// of them went over, and with its last word.
#[test]
fn a_server_that_is_killed_in_the_middle_of_a_commit_loses_no_scan_and_keeps_none_twice() {
    let Some(programs) = programs() else { return };
    let mut cluster = Cluster::start(programs);
    let direct = cluster.location("k_owner", "default");
    Scan::of(accounts(0..3), vec![]).commit(&mut Store::create_or_open(&direct).unwrap()).unwrap();
    let mut kept = vec![];
    for (round, moment) in [Moment::Begun, Moment::Sent(400_000), Moment::Ended].into_iter().enumerate() {
        let (line, reached) = Line::to(&cluster, moment, false);
        let mut store = Store::open(line.location(&direct)).unwrap();
        let scan = large(&format!("round {round}"));
        let id = std::thread::scope(|scope| {
            let committed = scope.spawn(|| scan.commit(&mut store));
            reached.recv_timeout(LONGEST).expect("the commit gets as far as that");
            cluster.kill();
            cluster.run();
            committed.join().unwrap().unwrap()
        });
        kept.push((id, scan.snapshot));
    }
    let store = Store::open(&direct).unwrap();
    let numbers: Vec<i64> = store.heads(99).unwrap().iter().map(|head| head.id.0).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    for (id, snapshot) in kept {
        assert_eq!(store.snapshot(id).unwrap().unwrap(), snapshot);
    }
}

/// The server has kept the scan, and the word of that is lost on the way.
#[test]
fn a_commit_whose_answer_is_lost_is_not_made_twice() {
    let Some((cluster, direct)) = own_store() else { return };
    drop(Store::create_or_open(&direct).unwrap());
    let (line, reached) = Line::to(cluster, Moment::Ended, true);
    let mut store = Store::open(line.location(&direct)).unwrap();
    let scan = full_scan();
    assert_eq!(scan.commit(&mut store).unwrap(), SnapshotId(1));
    reached.try_recv().expect("the line was cut");
    assert_eq!(store.heads(9).unwrap().len(), 1);
    assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap(), scan.snapshot);
}

/// How long anything may take that is waited for.
const LONGEST: Duration = Duration::from_secs(60);

/// A moment of a commit, by what went over to the server.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// The first of its rows.
    Begun,
    /// So many bytes went over behind that.
    Sent(usize),
    /// `COMMIT` went over that ends it.
    Ended,
}

/// A line to a server that tells, once, when a commit has got as far as a moment.
struct Line {
    port: u16,
    _word: tempfile::TempDir,
    password: String,
}

impl Line {
    /// With `cut`, the answer to what went over at that moment is lost, and the line with it.
    fn to(cluster: &Cluster, moment: Moment, cut: bool) -> (Self, Receiver<()>) {
        let word = tempfile::tempdir().unwrap();
        let path = word.path().join("word");
        std::fs::write(&path, WORD).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = cluster.port;
        let (sender, reached) = channel();
        let watch = Arc::new(Watch { moment, cut, told: AtomicBool::new(false), sender: Mutex::new(sender) });
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // While the server is down nobody takes the line.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    let watch = Arc::clone(&watch);
                    std::thread::spawn(move || carry(&client, &server, &watch));
                }
            }
        });
        (Self { port, _word: word, password: format!("file:{}", path.display()) }, reached)
    }

    fn location(&self, direct: &Location) -> Location {
        let mut through = address(direct);
        through.hosts = vec![("127.0.0.1".to_owned(), self.port)];
        through.password = Some(self.password.parse().unwrap());
        Location::Postgres(through)
    }
}

/// What is waited for on a line.
struct Watch {
    moment: Moment,
    cut: bool,
    told: AtomicBool,
    sender: Mutex<Sender<()>>,
}

impl Watch {
    /// Tells that the moment has come; true if it is the first time.
    fn tell(&self) -> bool {
        let first = !self.told.swap(true, Ordering::SeqCst);
        if first {
            self.sender.lock().unwrap().send(()).ok();
        }
        first
    }
}

/// Carries what is said to and fro.
fn carry(client: &TcpStream, server: &TcpStream, watch: &Arc<Watch>) {
    let is_lost = Arc::new(AtomicBool::new(false));
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn({
        let (watch, is_lost) = (Arc::clone(watch), Arc::clone(&is_lost));
        move || {
            let mut bytes = [0; 65_536];
            let (mut behind, mut is_named) = (None, false);
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let said = &bytes[..count];
                let has = |word: &[u8]| said.windows(word.len()).any(|part| part == word);
                if has(b"INSERT INTO ") {
                    behind = behind.or(Some(0));
                }
                is_named |= has(b"INSERT INTO snapshots");
                let has_come = behind.is_some_and(|sent| match watch.moment {
                    Moment::Begun => true,
                    Moment::Sent(bytes) => sent >= bytes,
                    Moment::Ended => is_named && has(b"COMMIT\0"),
                });
                behind = behind.map(|sent| sent + count);
                if has_come && watch.tell() && watch.cut {
                    // Everything before it was answered: what comes next is the answer to it.
                    is_lost.store(true, Ordering::SeqCst);
                }
                if to.write_all(said).is_err() {
                    break;
                }
            }
            to.shutdown(Shutdown::Both).ok();
        }
    });
    let (mut answers, mut back) = (server, client);
    let mut bytes = [0; 65_536];
    while let Ok(count @ 1..) = answers.read(&mut bytes) {
        if is_lost.load(Ordering::SeqCst) || back.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    back.shutdown(Shutdown::Both).ok();
    answers.shutdown(Shutdown::Both).ok();
}

#[test]
fn sessions_that_the_server_ends_are_begun_again() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    let mut store = Store::create_or_open(cluster.location("k_owner", "default")).unwrap();
    let scan = full_scan();
    scan.commit(&mut store).unwrap();
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'keyroll'";
    cluster.sql("postgres", end);
    assert_eq!(store.snapshot(SnapshotId(1)).unwrap().unwrap(), scan.snapshot);
    cluster.sql("postgres", end);
    assert_eq!(scan.commit(&mut store).unwrap(), SnapshotId(2));
    cluster.sql("postgres", end);
    let run = store.begin_run("nightly", scan_time(), scan_time()).unwrap();
    store.end_run(run, RunEnd::Failed, "it was", scan_time()).unwrap();
    assert_eq!(store.latest_runs(9).unwrap().len(), 1);
}

fn scan_time() -> chrono::DateTime<chrono::Utc> {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

/// What the server calls by these numbers is tried again as long as it may pass, and told where it will not.
#[test]
fn conflicts_pass_and_a_full_disk_is_told() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    let location = cluster.location("k_owner", "default");
    let mut store = Store::create_or_open(&location).unwrap();
    let trip = |state: &str, times: u32| {
        cluster.sql(
            "keyroll",
            &format!(
                "DROP TRIGGER IF EXISTS trip ON keyroll.snapshots; DROP SEQUENCE IF EXISTS public.trips;
                 CREATE SEQUENCE public.trips; GRANT USAGE ON SEQUENCE public.trips TO PUBLIC;
                 CREATE OR REPLACE FUNCTION public.trip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('public.trips') <= {times} THEN RAISE 'tripped' USING ERRCODE = '{state}'; END IF;
                     RETURN new; END $$;
                 CREATE TRIGGER trip BEFORE INSERT ON keyroll.snapshots FOR EACH ROW EXECUTE FUNCTION public.trip()"
            ),
        );
    };
    let scan = full_scan();
    for (number, state) in (1..).zip(["40001", "40P01", "57P01"]) {
        trip(state, 2);
        assert_eq!(scan.commit(&mut store).unwrap(), SnapshotId(number), "{state}");
        assert_eq!(cluster.sql("keyroll", "SELECT last_value FROM public.trips"), "3", "{state} is tried again");
    }
    trip("53100", 1);
    let error = told(&scan.commit(&mut store).unwrap_err());
    assert!(error.contains("tripped") && error.contains(&location.to_string()), "{error}");
    assert_eq!(store.heads(9).unwrap().len(), 3, "nothing of it is kept");
    assert_eq!(scan.commit(&mut store).unwrap(), SnapshotId(4), "and once there is room it goes on");
}

/// The tables lie on a small disk, which fills up and is made larger.
#[test]
fn a_full_disk_of_the_server_keeps_nothing_half() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    let Some(disk) = cluster.small_disk("40m") else {
        println!("skipped: no disk can be mounted here");
        return;
    };
    cluster.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display()));
    cluster.sql("postgres", "ALTER DATABASE keyroll SET TABLESPACE small");
    let location = cluster.location("k_owner", "default");
    let mut store = Store::create_or_open(&location).unwrap();
    let mut kept = Vec::new();
    let (scan, error) = (0..40)
        .find_map(|night| {
            let scan = large(&format!("night {night}"));
            match scan.commit(&mut store) {
                Ok(id) => {
                    kept.push((id, scan.snapshot));
                    None
                }
                Err(error) => Some((scan, error)),
            }
        })
        .unwrap();
    let error = told(&error);
    assert!(error.contains("No space left on device") && error.contains(&location.to_string()), "{error}");
    assert!(!kept.is_empty());
    for (id, snapshot) in &kept {
        assert_eq!(store.snapshot(*id).unwrap().as_ref(), Some(snapshot));
    }
    assert_eq!(store.heads(99).unwrap().len(), kept.len());
    disk.grow("400m");
    let id = scan.commit(&mut store).unwrap();
    assert_eq!(store.snapshot(id).unwrap().unwrap(), scan.snapshot);
    drop(store);
    drop(cluster);
}

#[test]
fn a_server_without_room_for_one_more_says_so() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    let owner = cluster.location("k_owner", "default");
    let store = Store::create_or_open(&owner).unwrap();
    cluster.sql("postgres", "ALTER ROLE k_owner CONNECTION LIMIT 1");
    let error = told(&Store::open(&owner).unwrap_err());
    assert!(error.contains("too many connections for role"), "{error}");
    drop(store);
    // The server may not have noticed yet that the session is over.
    let begun = Instant::now();
    while let Err(error) = Store::open(&owner) {
        assert!(begun.elapsed() < LONGEST, "there is room again: {error}");
    }
}

#[test]
fn one_scans_at_a_time_and_who_is_gone_holds_nothing() {
    let Some((_, location)) = own_store() else { return };
    let (one, two) = (Store::create_or_open(&location).unwrap(), Store::open(&location).unwrap());
    let lock = one.lock_for_scan().unwrap();
    for store in [&one, &two] {
        assert!(matches!(store.lock_for_scan(), Err(StoreError::ScanUnderWay { .. })));
    }
    drop(lock);
    drop(two.lock_for_scan().unwrap());
    let Some((_, other)) = own_store() else { return };
    let _lock = two.lock_for_scan().unwrap();
    Store::create_or_open(&other).unwrap().lock_for_scan().unwrap();
}

/// The calls of a store block, and may be made from anywhere.
#[tokio::test]
async fn a_store_can_be_called_from_within_async_code() {
    let Some((_, location)) = own_store() else { return };
    let mut store = Store::create_or_open(&location).unwrap();
    full_scan().commit(&mut store).unwrap();
    assert_eq!(store.heads(9).unwrap().len(), 1);
    drop(store);
}

#[test]
fn what_a_scan_under_way_has_read_is_kept_in_the_database() {
    let Some((_, location)) = own_store() else { return };
    let mut store = Store::create_or_open(&location).unwrap();
    let run = store.begin_run("nightly", scan_time(), scan_time()).unwrap();
    let sources: Vec<SourceName> = vec!["acme-org".into()];
    let journal = store.open_journal(run, &sources, scan_time(), "shape 1").unwrap();
    let walk = keyroll::digest::Digest::of_bytes(b"walk");
    let page = |number: u8| JournalPage { read_at: scan_time(), body: vec![number, 0, 255] };
    journal.keep("acme-org", walk, 0, &page(0)).unwrap();
    journal.keep("acme-org", walk, 1, &page(1)).unwrap();
    drop(journal);
    let next = store.begin_run("nightly", scan_time(), scan_time()).unwrap();
    let journal = store.open_journal(next, &sources, scan_time(), "shape 1").unwrap();
    assert_eq!(journal.recall(walk).unwrap().pages, [page(0), page(1)]);
    journal.conclude("acme-org", walk, &page(9)).unwrap();
    assert_eq!(journal.recall(walk).unwrap().ending, Some(page(9).body));
    journal.remove().unwrap();
    let journal = store.open_journal(next, &sources, scan_time(), "shape 1").unwrap();
    assert_eq!(journal.recall(walk).unwrap(), keyroll::store::JournalWalk::default());
}

/// Scans beyond an era, most of which are removed again: their parts are gone as a whole.
#[test]
fn history_that_nobody_needs_goes_by_whole_parts() {
    let Some((cluster, location)) = own_store() else { return };
    let mut store = Store::create_or_open(&location).unwrap();
    let mut last = None;
    for night in 0..203_u32 {
        let scan = Scan::of(vec![account(1, &format!("night {night}")), account(2, "Ada")], vec![]);
        scan.commit(&mut store).unwrap();
        last = Some(scan.snapshot);
    }
    let parts = || {
        let sql = format!(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ ('^resources_' ||
             (SELECT number FROM keyroll.tenants WHERE tenant = '{}') || '_[0-9]+$')",
            address(&location).tenant
        );
        cluster.sql("keyroll", &sql)
    };
    assert_eq!(parts(), "3");
    let gone: Vec<SnapshotId> = (1..=199).map(SnapshotId).collect();
    assert_eq!(store.remove(&gone).unwrap(), 199);
    assert_eq!(parts(), "1", "two parts are gone");
    assert_eq!(store.snapshot(SnapshotId(203)).unwrap(), last);
    assert_eq!(store.snapshot(SnapshotId(200)).unwrap().unwrap().resources.len(), 2);
    assert_eq!(store.records(SnapshotId(203), 999).unwrap().len(), 203, "that they took place is not forgotten");
}

/// A store with something in every table that scans fill.
fn eventful(store: &mut Store) {
    let mut scan = full_scan();
    scan.commit(store).unwrap();
    scan.findings[0].severity = keyroll::model::Severity::Info;
    scan.snapshot = Scan::of(accounts(0..200), accounts(210..220)).snapshot;
    scan.commit(store).unwrap();
    large("night").commit(store).unwrap();
    let run = store.begin_run("nightly", scan_time(), scan_time()).unwrap();
    store.end_run(run, RunEnd::Failed, "it was", scan_time()).unwrap();
    store.begin_schedule("nightly", scan_time()).unwrap();
    store.remove(&[SnapshotId(1)]).unwrap();
}

#[test]
fn a_store_goes_to_a_server_and_back_as_it_was() {
    let Some((_, server)) = own_store() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (file, back) = (folder.path().join("keyroll.db"), folder.path().join("back.db"));
    eventful(&mut Store::create_or_open(&file).unwrap());
    let over = copy(&(&file).into(), &server, |_, _| {}).unwrap();
    assert!(over.rows > 6_000 && over.before == 0, "{over:?}");
    assert_eq!(contents(&server), contents(&(&file).into()));
    let returned = copy(&server, &(&back).into(), |_, _| {}).unwrap();
    assert_eq!(returned, over);
    assert_eq!(contents(&(&back).into()), contents(&(&file).into()));
    // Both go on as if nothing had been.
    for location in [server.clone(), (&back).into()] {
        assert_eq!(full_scan().commit(&mut Store::open(&location).unwrap()).unwrap(), SnapshotId(4));
    }
    for full in [server, (&back).into()] {
        let error = copy(&(&file).into(), &full, |_, _| {}).unwrap_err();
        assert!(matches!(error, StoreError::NotEmpty { .. }), "{error}");
    }
}

/// The copy is broken off after each share, in each direction; in between the new store is used for nothing.
#[test]
fn a_copy_that_is_broken_off_goes_on_where_it_stopped() {
    let Some((_, server)) = own_store() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (file, back) = (folder.path().join("keyroll.db"), folder.path().join("back.db"));
    eventful(&mut Store::create_or_open(&file).unwrap());
    for (from, to) in [((&file).into(), server.clone()), (server, Location::from(&back))] {
        let mut shares = 0;
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            copy(&from, &to, |table, _| {
                shares += usize::from(table == "resources");
                assert!(shares < 2, "the program is killed");
            })
        }));
        assert!(broken.is_err());
        let unfinished = Store::open(&to).unwrap_err();
        assert!(matches!(unfinished, StoreError::Unfinished { .. } | StoreError::Missing { .. }), "{unfinished}");
        let done = copy(&from, &to, |_, _| {}).unwrap();
        assert!(done.before > 2_000 && done.before < done.rows, "{done:?}");
        assert_eq!(contents(&to), contents(&from));
    }
}

/// The drill of the README: two tenants are dumped while one of them has a store open, and restored into a new database.
#[test]
fn a_dump_is_restored_as_it_was_and_can_be_written_on() {
    let Some(programs) = programs() else { return };
    let cluster = Cluster::start(programs);
    drop(Store::create_or_open(cluster.location("k_owner", "one")).unwrap());
    let locations = ["one", "two"].map(|tenant| cluster.location("k_writer", tenant));
    let mut one = Store::create_or_open(&locations[0]).unwrap();
    eventful(&mut one);
    full_scan().commit(&mut Store::create_or_open(&locations[1]).unwrap()).unwrap();
    cluster.restore_into("restored");
    for location in &locations {
        let restored = Location::Postgres(Address { database: "restored".to_owned(), ..address(location) });
        assert_eq!(contents(&restored), contents(location));
        let (before, mut store) = (contents(location), Store::open(&restored).unwrap());
        let latest = store.latest().unwrap().unwrap();
        assert!(full_scan().commit(&mut store).unwrap() > latest.id);
        assert_eq!(contents(location), before, "the other database is left alone");
    }
    let mut owner = address(&cluster.location("k_owner", "one"));
    owner.database = "restored".to_owned();
    keyroll::store::migrate(&Location::Postgres(owner)).unwrap();
    let restored = Location::Postgres(Address { database: "restored".to_owned(), ..address(&locations[0]) });
    keyroll::store::Queue::open(&address(&restored), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let read = copy(&restored, &(&folder.path().join("check.db")).into(), |_, _| {}).unwrap();
    assert!(read.rows > 2_000, "{read:?}");
}

#[test]
fn a_copy_of_a_store_that_went_on_begins_anew_and_one_that_arrives_otherwise_is_told() {
    let Some((cluster, server)) = own_store() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyroll.db");
    eventful(&mut Store::create_or_open(&file).unwrap());
    let broken = std::panic::catch_unwind(|| copy(&(&file).into(), &server, |table, _| assert!(table != "ledger")));
    assert!(broken.is_err());
    Scan::of(accounts(0..3), vec![]).commit(&mut Store::open(&file).unwrap()).unwrap();
    let done = copy(&(&file).into(), &server, |_, _| {}).unwrap();
    assert_eq!(contents(&server), contents(&(&file).into()));
    assert_eq!(done.before, 0, "{done:?}");

    let Some((_, other)) = own_store() else { return };
    let meddle = format!(
        "SET ROLE keyroll_owner; SET search_path = keyroll; SET keyroll.tenant = '{}';
         UPDATE ledger SET body = body || ' '",
        address(&other).tenant
    );
    let error = copy(&(&file).into(), &other, |table, _| {
        if table == "ledger" {
            cluster.sql("keyroll", &meddle);
        }
    });
    let error = error.unwrap_err();
    assert!(matches!(error, StoreError::Differs { table: "ledger", .. }), "{error}");
    let unfinished = Store::open(&other).unwrap_err();
    assert!(matches!(unfinished, StoreError::Unfinished { .. }), "{unfinished}");
}
