//! Every page on the store of a demo: whole, honest, without a script; long lists, hostile names, a store that changes or breaks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use keyroll::clock::{Clock, SystemClock};
use keyroll::model::{Finding, FindingId, Kind, Resource, ResourceId, Run, RunEnd, Severity, Status, sample};
use keyroll::store::{Location, Store};

use super::{Answer, PATIENCE, Served, client};
use crate::reports::hostile_names;
use crate::store::{Scan, finding};
use crate::support::demo::NOW;
use crate::support::keyroll::{keyroll, keyroll_with};

/// What every page of a scan says.
fn assert_honest(path: &str, page: &Answer) {
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
    let lower = page.body.to_lowercase();
    for never in ["<script", "javascript:", " onclick", " onload", " style=", "http-equiv", "<iframe", "<object"] {
        assert!(!lower.contains(never), "{path} has {never}");
    }
    assert!(page.body.contains("Scan s"), "{path} does not say of which scan it is");
    assert!(page.body.contains("endpoints"), "{path} does not say how complete it is");
    assert!(
        page.body.contains("There may be more than these pages show") && page.body.contains("/coverage\""),
        "{path}"
    );
}

/// The sort of a page: its address without what is one thing's own.
fn sort_of(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "t", _, "findings", id] if !id.is_empty() => "findings/one".to_owned(),
        // An id has the kind in it.
        ["", "t", _, "resource"] => format!("resource/{}", query.split("%2F").nth(1).unwrap_or_default()),
        ["", "t", _, rest @ ..] => rest.join("/"),
        _ => path.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_leads_to_pages_that_are_whole_and_honest() {
    let (mut served, _folder) = Served::on_demo("");
    let home = served.get("/").await;
    assert_eq!((home.status, home.header("location")), (303, "/t/keyroll/"));
    // Of each sort a few, so that each way in is walked.
    let (mut waiting, mut known) = (VecDeque::from(["/t/keyroll/".to_owned()]), BTreeSet::new());
    let mut walked: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(path) = waiting.pop_front() {
        let sort = sort_of(&path);
        if !known.insert(path.clone()) || walked.get(&sort).is_some_and(|count| *count >= 4) {
            continue;
        }
        *walked.entry(sort.clone()).or_default() += 1;
        let page = served.get(&path).await;
        if sort.starts_with("files/") {
            assert_eq!(page.status, 200, "{path}");
            assert!(page.header("content-disposition").starts_with("attachment; filename=\""), "{path}");
            assert!(page.body.len() > 40 && page.header("content-length") == page.body.len().to_string(), "{path}");
            continue;
        }
        if sort.starts_with('/') {
            continue;
        }
        assert_honest(&path, &page);
        waiting.extend(page.links());
    }
    let sorts = [
        "",
        "findings",
        "findings/one",
        "inventory",
        "inventory/principals",
        "inventory/credentials",
        "inventory/grants",
        "resource/principal",
        "resource/container",
        "access",
        "who-can",
        "history",
        "coverage",
        "files",
        "files/findings.csv",
        "files/report.html",
        "files/report.json",
    ];
    for sort in sorts {
        assert!(walked.contains_key(sort), "nothing leads to `{sort}`: {walked:?}");
    }
    println!("{} pages and files", walked.values().sum::<usize>());
    assert!(!served.said().contains("mistake"), "{}", served.said());
    assert_eq!(served.end(), Some(0));
    served.assert_says("keyroll has ended in good order.");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_files_say_what_the_commands_say() {
    let (served, folder) = Served::on_demo("");
    let folder = folder.path().join("keyroll-demo");
    let run = keyroll(&folder, &["findings", "--format", "csv"]);
    let open = run.out.lines().count() - 1;
    let list = served.get("/t/keyroll/findings").await;
    assert!(list.body.contains(&format!(" of {open} findings")), "{open} open: {}", list.body);
    let critical = keyroll(&folder, &["findings", "--format", "csv", "--severity", "critical"]).out.lines().count() - 1;
    let list = served.get("/t/keyroll/findings?severity=critical&status=open").await;
    assert!(list.body.contains(&format!(" of {critical} findings")), "{critical} critical");
    let none = served.get("/t/keyroll/findings?q=no%20finding%20has%20this").await;
    assert!(none.body.contains("No finding fits.") && none.body.contains("That does not say that there is none:"));
    for (query, status) in
        [("severity=awful", 400), ("status=odd", 400), ("rule=no-such-rule", 404), ("page=9999", 404)]
    {
        assert_eq!(served.get(&format!("/t/keyroll/findings?{query}")).await.status, status, "{query}");
    }
    let csv = served.get("/t/keyroll/files/findings.csv").await;
    let written = keyroll_with(&folder, &["report", "--format", "csv,json,html", "--out", "out", "--now", NOW], &[]);
    assert_eq!(written.code, 0, "{}", written.err);
    assert_eq!(csv.body, fs::read_to_string(folder.join("out/csv/findings.csv")).unwrap());
    let json = served.get("/t/keyroll/files/report.json").await;
    assert_eq!(json.body, fs::read_to_string(folder.join("out/report.json")).unwrap());
    let html = served.get("/t/keyroll/files/report.html").await;
    assert_eq!(html.body, fs::read_to_string(folder.join("out/report.html")).unwrap());
    for missing in [
        "files/nothing.csv",
        "files/keyroll.db",
        "files/..%2Fkeyroll.yaml",
        "packs/..%2Fkeyroll.db",
        "packs/x.keyroll.tar.gz",
    ] {
        assert_eq!(served.get(&format!("/t/keyroll/{missing}")).await.status, 404, "{missing}");
    }

    // A finding by the beginning of its id; a resource; what somebody may do, and who may do something.
    let id = run.out.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let one = served.get(&format!("/t/keyroll/findings/{}", id.get(..8).unwrap())).await;
    assert!(
        one.body.contains(&id) && one.body.contains("HOW IT IS JUDGED") && one.body.contains("HOW TO MEND IT"),
        "{}",
        one.body
    );
    assert_eq!(served.get("/t/keyroll/findings/F-0000000000000000").await.status, 404);
    assert_eq!(served.get("/t/keyroll/resource?id=nothing").await.status, 404);
    assert_eq!(served.get("/t/keyroll/resource").await.status, 404);
    let misspelt = served.get("/t/keyroll/access?id=nobody%20is%20called%20so").await;
    assert!(misspelt.body.contains("is called so"), "{}", misspelt.body);
    let place = served.get("/t/keyroll/inventory/containers?q=").await;
    let place = place.links().into_iter().find(|link| link.contains("/resource?")).unwrap();
    let id = place.rsplit_once("id=").unwrap().1.to_owned();
    let misspelt = served.get(&format!("/t/keyroll/who-can?on={id}&permission=NOT_A_PERMISSION")).await;
    assert!(misspelt.body.contains("No grant that was seen gives a permission of this name."), "{}", misspelt.body);
}

/// A store with one scan, in a folder with a configuration.
fn stored(folder: &Path, scan: &Scan) {
    let config = "estate: acme\nstore: keyroll.db\nsources:\n  - { name: o, type: atlassian-org, key: env:KEY }\n";
    fs::write(folder.join("keyroll.yaml"), config).unwrap();
    let mut store = Store::create_or_open(Location::File(folder.join("keyroll.db"))).unwrap();
    scan.commit(&mut store).unwrap();
}

fn many(count: usize) -> Vec<Finding> {
    let one = finding("token-without-expiry", &sample::credential().id, Severity::High, Status::Open);
    let numbered = |at: usize| {
        let resource = ResourceId::new("acme", Kind::Credential, &format!("t-{at:06}"));
        let message = format!("“token {at}” never expires");
        Finding { id: FindingId::of(&one.rule, &resource), resource, message, ..one.clone() }
    };
    (0..count).map(numbered).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_come_a_hundred_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let scan = Scan::of(vec![sample::credential()], Vec::new()).with(many(100_000));
    stored(folder.path(), &scan);
    let served = Served::start(folder.path(), &["--listen", "127.0.0.1:0"], &[]);
    let first = served.get("/t/keyroll/findings").await;
    assert!(first.body.contains("1 to 100 of 100,000 findings"), "{}", first.body);
    assert!(first.body.len() < 300_000, "{} bytes", first.body.len());
    let begun = std::time::Instant::now();
    let last = served.get("/t/keyroll/findings?page=1000").await;
    assert!(last.body.contains("99,901 to 100,000 of 100,000 findings"));
    let found = served.get("/t/keyroll/findings?q=TOKEN%2099999").await;
    assert!(found.body.contains("1 to 1 of 1 findings"), "{}", found.body);
    println!("two pages of 100,000 findings: {:?}", begun.elapsed());
    assert!(begun.elapsed() < PATIENCE / 3, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_names() {
    let mut names = hostile_names();
    names.push("<img src=x onerror=alert(1)></title></script><script>alert(2)</script>".to_owned());
    names.push("{{ 7*7 }}{% raw %}\" onmouseover=\"alert(3)".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let resource = |(at, name): (usize, &String)| {
        let id = ResourceId::new("acme", Kind::Credential, &format!("t-{at}<b>\"&?#%/../x"));
        Resource { id, name: name.clone(), ..sample::credential() }
    };
    let resources: Vec<Resource> = names.iter().enumerate().map(resource).collect();
    let mut scan = Scan::of(resources.clone(), Vec::new());
    scan.findings = resources
        .iter()
        .map(|one| {
            let about = finding("token-without-expiry", &one.id, Severity::High, Status::Open);
            let message = format!("“{}” never expires", one.name);
            let owner = Some(one.name.clone());
            Finding { message, owner, resource_name: one.name.clone(), title: one.name.clone(), ..about }
        })
        .collect();
    stored(folder.path(), &scan);
    let served = Served::start(folder.path(), &["--listen", "127.0.0.1:0"], &[]);
    let mut pages = vec!["/t/keyroll/findings".to_owned(), "/t/keyroll/inventory/credentials".to_owned()];
    for at in [0, 1] {
        let more = served.get(&pages[at]).await.links();
        pages.extend(more.into_iter().filter(|link| link.contains("resource?") || link.contains("findings/F-")));
    }
    assert!(pages.len() > 2 * names.len(), "{pages:?}");
    for id in &resources {
        let id: String = id.id.as_str().bytes().map(|byte| format!("%{byte:02x}")).collect();
        pages.extend([format!("/t/keyroll/history?id={id}"), format!("/t/keyroll/access?id={id}&why=1")]);
    }
    let hostile = "%3Cscript%3Ealert(4)%3C%2Fscript%3E%22%27%00%E2%80%AE";
    pages.extend([
        format!("/t/keyroll/findings?q={hostile}"),
        format!("/t/keyroll/findings?rule={hostile}"),
        format!("/t/keyroll/findings?severity={hostile}"),
        format!("/t/keyroll/inventory/credentials?q={hostile}"),
        format!("/t/keyroll/access?id={hostile}&on={hostile}"),
        format!("/t/keyroll/who-can?on={hostile}&permission={hostile}"),
        format!("/t/keyroll/history?id={hostile}"),
        format!("/t/keyroll/{hostile}"),
        format!("/{hostile}"),
    ]);
    let tags = regex::Regex::new(r"(?i)<(script|img|b>|iframe)|<[^>]*\son\w+=").unwrap();
    for path in pages {
        let page = served.get(&path).await;
        assert!([200, 400, 404].contains(&page.status), "{path}: {}", page.status);
        assert!(!tags.is_match(&page.body), "{path}: {:?}", tags.find(&page.body));
        let steering =
            |letter: char| letter.is_control() && letter != '\n' || ('\u{202a}'..='\u{202e}').contains(&letter);
        assert!(!page.body.chars().any(steering), "{path}: a letter that steers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_scan_shows_at_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let scan = Scan::of(vec![sample::credential()], Vec::new()).with(many(3));
    stored(folder.path(), &scan);
    let served = Served::start(folder.path(), &["--listen", "127.0.0.1:0"], &[]);
    let before = served.get("/t/keyroll/findings").await;
    assert!(before.body.contains("Scan s1 of") && before.body.contains(" of 3 findings"), "{}", before.body);
    assert!(!before.body.contains("There should be a newer scan"), "{}", before.body);
    let scan = Scan::of(vec![sample::credential(), sample::webhook()], Vec::new()).with(many(5));
    let mut store = Store::open(Location::File(folder.path().join("keyroll.db"))).unwrap();
    scan.commit(&mut store).unwrap();
    let after = served.get("/t/keyroll/findings").await;
    assert!(after.body.contains("Scan s2 of") && after.body.contains(" of 5 findings"), "{}", after.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_should_be_newer_is_told_on_every_page() {
    let folder = tempfile::tempdir().unwrap();
    stored(folder.path(), &Scan::of(vec![sample::credential()], Vec::new()).with(many(3)));
    let pages = ["", "findings", "inventory", "access", "coverage", "files", "findings/F-000000000000"];
    let mut store = Store::open(Location::File(folder.path().join("keyroll.db"))).unwrap();
    let now = SystemClock.now();
    let with_schedule = {
        let file = folder.path().join("keyroll.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{text}schedules:\n  - {{ name: nightly, cron: \"0 2 * * *\" }}\n")).unwrap();
        Served::start(folder.path(), &["--listen", "127.0.0.1:0"], &[])
    };
    let told = async |words: &[&str]| {
        for page in pages {
            let page = with_schedule.get(&format!("/t/keyroll/{page}")).await;
            assert!(page.body.contains("There should be a newer scan:</strong>"), "{}", page.body);
            for words in words {
                assert!(page.body.contains(words), "{words}: {}", page.body);
            }
        }
    };
    told(&["no daemon has ever looked at its schedule `nightly`."]).await;
    store.begin_schedule("nightly", now - TimeDelta::days(3)).unwrap();
    let run = store.begin_run(Run::BY_HAND, now, now).unwrap();
    store.end_run(run, RunEnd::Failed, "/a/path/of/ours is not there", now).unwrap();
    told(&[
        "on schedule `nightly` has not begun; the scan of",
        "by hand stored nothing: whoever runs keyroll finds the reason in its log.",
    ])
    .await;
    let page = with_schedule.get("/t/keyroll/findings").await;
    assert!(!page.body.contains("a/path/of") && !page.body.contains("a&#x2f;path"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_read_is_told_and_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.db");
    let scan = Scan::of(vec![sample::credential()], Vec::new()).with(many(3));
    stored(folder.path(), &scan);
    let whole = fs::read(&path).unwrap();
    let served = Served::start(folder.path(), &["--listen", "127.0.0.1:0"], &[]);
    let pages = [
        "",
        "findings",
        "inventory",
        "coverage",
        "files",
        "files/findings.csv",
        "access",
        "resource?id=a/credential/b",
    ];
    assert_eq!(served.get("/t/keyroll/").await.status, 200);
    let told = |page: &Answer, what: &str| {
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(page.body.contains(what), "{}", page.body);
        let inside = folder.path().to_str().unwrap();
        for never in [inside, "keyroll.db", "sqlite", "SQLite", "src/", "panicked", "never expires"] {
            assert!(!page.body.contains(never), "{never} in {}", page.body);
        }
    };
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(folder.path().join(format!("keyroll.db{suffix}"))).ok();
    }
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    for page in pages {
        told(&served.get(&format!("/t/keyroll/{page}")).await, "The store cannot be read");
    }
    fs::remove_file(&path).unwrap();
    told(&served.get("/t/keyroll/findings").await, "The store holds no scan yet");
    fs::write(&path, &whole).unwrap();
    let again = served.get("/t/keyroll/findings").await;
    assert_eq!(again.status, 200, "{}", again.body);

    // Somebody holds the whole database for themselves.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;").unwrap();
    let locked = served.ask(client().get(format!("{}/t/keyroll/findings", served.url))).await;
    assert!([200, 503].contains(&locked.status), "{}", locked.body);
    println!("while somebody holds the store: {}", locked.status);
}
