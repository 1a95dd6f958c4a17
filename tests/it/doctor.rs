//! `keyroll doctor` against a pretended estate over real HTTP, with one thing wrong at a time: the line about it is there, says
//! what is wrong, and ends with the step that mends it; and the exit code is the worst that it found.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::clock::{Clock, SystemClock};
use keyroll::simulator::{Fault, OrgPlan, Plan};
use serde_json::Value;

use crate::alerts::tls::Authority;
use crate::support::keyroll::{Run, keyroll, keyroll_with};
use crate::support::pretended::Estate;

/// An estate of today, for the dates of its answers are those of the machine's clock.
async fn estate() -> Estate {
    Estate::of(Plan { seed: 7, accounts: 30, now: SystemClock.now(), page_latency: Duration::ZERO }).await
}

/// The checks that a run found.
#[derive(Debug)]
struct Found {
    code: i32,
    checks: Vec<Value>,
}

fn examined(folder: &Path, more: &[&str]) -> Found {
    let run = keyroll(folder, &[&["doctor", "--format", "json"], more].concat());
    found(&run)
}

fn found(run: &Run) -> Found {
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}{}", run.out, run.err));
    let checks = report["checks"].as_array().unwrap().clone();
    for check in &checks {
        let is_well = ["ok", "note", "not-checked"].contains(&check["state"].as_str().unwrap());
        assert_eq!(is_well, check["remedy"].is_null(), "what is not well, and nothing else, has a remedy: {check}");
    }
    Found { code: run.code, checks }
}

impl Found {
    /// The one line about something that stands so; its sentence and its remedy hold these words.
    #[track_caller]
    fn tells(&self, about: &str, standing: &str, says: &str, remedy: &str) -> &Value {
        let fits = |check: &&Value| check["about"] == about && check["state"] == standing;
        let holds = |check: &&Value| {
            check["found"].as_str().unwrap().contains(says)
                && check["remedy"].as_str().unwrap_or_default().contains(remedy)
        };
        let told: Vec<&Value> = self.checks.iter().filter(fits).filter(holds).collect();
        assert_eq!(told.len(), 1, "{about}, {standing}: “{says}” → “{remedy}” in {:#?}", self.checks);
        told[0]
    }

    /// How many lines stand so.
    fn count(&self, standing: &str) -> usize {
        self.checks.iter().filter(|check| check["state"] == standing).count()
    }
}

/// Configures a Jira site alone, with more lines in its section.
fn jira_alone(estate: &Estate, base_url: &str, more: &str) {
    let source = format!(
        "  - name: jira\n    type: jira-cloud\n    base_url: {base_url}\n    gateway_url: {}\n    user: {}\n    token: \
         file:{}\n{more}",
        estate.simulator.org_url(),
        estate.simulator.site_user(),
        estate.path("jira-token").display()
    );
    estate.configure_only(&source, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_wrong_where_nothing_is() {
    let estate = estate().await;
    let run = keyroll(estate.folder.path(), &["doctor"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for words in ["4 sources", "it answers", "it agrees with 4 servers", "the first scan makes it", " free"] {
        assert!(run.out.contains(words), "{words} in {}", run.out);
    }
    assert!(!estate.path("keyroll.db").exists(), "it only looks");
    assert_eq!(estate.simulator.destroyed(), []);
    for secret in [estate.simulator.org_key(), estate.simulator.site_token(), estate.simulator.bitbucket_token()] {
        assert!(!run.out.contains(secret) && !run.err.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_is_asked_and_hardly_more_than_once() {
    let estate = estate().await;
    let report = examined(estate.folder.path(), &["--source", "jira"]);
    assert_eq!(report.code, 0, "{report:?}");
    let asked = estate.simulator.requests();
    let site = |request: &&(String, String)| !request.1.starts_with("/admin/");
    assert!((15..=40).contains(&asked.iter().filter(site).count()), "{asked:#?}");
    assert!(!asked.iter().any(|(_, path)| path.starts_with("/admin/")), "the other sources are left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_is_not_accepted_is_one_line() {
    let estate = estate().await;
    estate.write_secret("jira-token", "some-other-token");
    let report = examined(estate.folder.path(), &[]);
    let check = report.tells("jira", "failed", "not accepted", "id.atlassian.com");
    assert!(check["endpoints"].as_array().unwrap().len() > 10, "{check}");
    assert!(!check["rules"].as_array().unwrap().is_empty());
    report.tells("confluence", "failed", "not accepted", "here a person's API token");
    assert_eq!((report.code, report.count("failed")), (1, 2), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_with_the_place_where_it_is_given() {
    let estate = estate().await;
    estate.simulator.set_fault("webhooks", Fault::Status(403));
    estate.simulator.set_fault("domains", Fault::Status(403));
    let report = examined(estate.folder.path(), &[]);
    let scope = report.tells("org", "unseen", "lacks “read:domains:admin”: domains", "make a new one under Atlassian");
    let rules: Vec<&str> = scope["rules"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
    assert!(rules.contains(&"domain-not-verified"), "{rules:?}");
    report.tells("jira", "unseen", "lacks “Administer Jira”: webhooks", "Global permissions");
    report.tells("all rules", "unseen", "will leave verdicts unknown", "accepted_gaps");
    assert_eq!(report.code, 20);
    let accepted = "  - { source: jira, endpoint: webhooks, reason: nobody needs them }\n  - { source: org, endpoint: domains, \
                    reason: there is one }\n";
    estate.configure(accepted);
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "note", "which was declared: nobody needs them", "");
    assert_eq!(report.code, 0, "what is accepted is no failure: {report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_lacks_something_is_told_apart_from_a_right() {
    let estate = estate().await;
    estate.simulator.set_plan(OrgPlan::Free);
    let report = examined(estate.folder.path(), &["--source", "org"]);
    assert!(report.checks.iter().any(|check| {
        check["state"] == "unseen" && check["remedy"].as_str().unwrap().contains("get the plan or version")
    }));
    assert_eq!(report.code, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_of_the_product_is_told_with_the_way_out() {
    let estate = estate().await;
    estate.simulator.set_fault("webhooks", Fault::LoginPage);
    estate.simulator.set_fault("filters", Fault::Redirect("https://elsewhere.example/login".to_owned()));
    estate.simulator.set_fault("dashboards", Fault::Status(503));
    let report = examined(estate.folder.path(), &["--source", "jira"]);
    report.tells("jira", "failed", "looks like a login page", "check the base URL, and whether single sign-on");
    report.tells("jira", "failed", "`https://elsewhere.example`", "check the base URL (scheme and host)");
    report.tells("jira", "failed", "503", "try again later");
    assert_eq!(report.code, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_address_is_told_by_what_answers_there() {
    let estate = estate().await;
    jira_alone(&estate, &estate.simulator.bitbucket_url(), "");
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "failed", "not found", "check `base_url`");
    assert_eq!((report.code, report.count("failed")), (1, 1), "one thing is wrong, and one line says so: {report:#?}");

    // A port that is given to nobody: one that is free may be a test's beside this one a moment later.
    jira_alone(&estate, "http://127.0.0.1:1", "");
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "failed", "refuses the connection", "check `base_url` and its port");

    jira_alone(&estate, "https://no-such-host.invalid", "");
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "failed", "has no address here", "name it as `proxy`");

    let plain = estate.simulator.site_url().replace("http://", "https://");
    jira_alone(&estate, &plain, "    ca_file: /nowhere/ca.pem\n");
    let report = examined(estate.folder.path(), &[]);
    assert_eq!(report.code, 3, "a certificate file that is gone is a mistake in the file: {report:#?}");
    report.tells("source `jira`", "failed", "certificate file", "");

    let authority = Authority::for_server("x");
    jira_alone(&estate, &plain, &format!("    ca_file: {}\n", authority.file("ca.pem").display()));
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "failed", "does not speak TLS", "check scheme and port");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_says_no_is_told_apart_from_the_server() {
    let estate = estate().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    jira_alone(&estate, &estate.simulator.site_url(), &format!("    proxy: http://{free}\n"));
    let report = examined(estate.folder.path(), &[]);
    report.tells("jira", "failed", "the proxy refuses the connection", "check `proxy` and its port");
    assert_eq!((report.code, report.count("failed")), (1, 1));

    let wants_login = crate::http::server::raw(vec![
        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec();
        200
    ])
    .await;
    for base_url in [estate.simulator.site_url(), "https://acme.example".to_owned()] {
        let authority = Authority::for_server("x");
        let more = format!("    proxy: http://{wants_login}\n    ca_file: {}\n", authority.file("ca.pem").display());
        jira_alone(&estate, &base_url, &more);
        let report = examined(estate.folder.path(), &[]);
        report.tells("jira", "failed", "the proxy wants a user and a password", "`proxy: env:NAME`");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_not_known_is_told_apart_from_a_wrong_name() {
    let estate = estate().await;
    let authority = Authority::for_server("localhost");
    let stranger = Authority::for_server("localhost");
    let acceptor = authority.acceptor();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((line, _)) = listener.accept().await {
            drop(acceptor.accept(line).await);
        }
    });
    let report = |host: &str, authority: &Authority| {
        let more = format!("    ca_file: {}\n", authority.file("ca.pem").display());
        jira_alone(&estate, &format!("https://{host}:{port}"), &more);
        examined(estate.folder.path(), &[])
    };
    let unknown = report("localhost", &stranger);
    unknown.tells("jira", "failed", "an authority that this machine does not know", "`ca_file`");
    let wrong_name = report("127.0.0.1", &authority);
    wrong_name.tells("jira", "failed", "for another name", "as `base_url`, not an address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_told_with_how_much() {
    let estate = estate().await;
    let off = |by: TimeDelta| {
        let now: DateTime<Utc> = SystemClock.now() + by;
        examined(estate.folder.path(), &["--now", &now.to_rfc3339()])
    };
    let fast = off(TimeDelta::hours(1));
    fast.tells("this machine", "failed", "minutes fast", "timedatectl");
    assert_eq!(fast.code, 1);
    let slow = off(TimeDelta::minutes(-2));
    slow.tells("this machine", "warning", "slow", "timedatectl");
    assert_eq!(slow.code, 0);
    estate.simulator.set_fault("webhooks", Fault::Skewed(TimeDelta::hours(3)));
    // Not by a clock that stands still: a slow machine takes longer than a clock may be off.
    let theirs = examined(estate.folder.path(), &[]);
    theirs.tells("this machine", "ok", "agrees with", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_ended_or_is_about_to_is_told() {
    let estate = estate().await;
    let day = |days: i64| (SystemClock.now() + TimeDelta::days(days)).format("%Y-%m-%d");
    let report = |days: i64| {
        jira_alone(&estate, &estate.simulator.site_url(), &format!("    credential_ends: \"{}\"\n", day(days)));
        examined(estate.folder.path(), &[])
    };
    report(-20).tells("jira", "warning", "as the configuration says, ended on", "then change `credential_ends`");
    report(10).tells("jira", "warning", "in 10 days", "make a new one (id.atlassian.com");
    report(200).tells("jira", "ok", "in 200 days", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_last_scan_knew_of_our_own_account_is_told() {
    let estate = estate().await;
    assert_eq!(keyroll(estate.folder.path(), &["scan", "--quiet", "--fail-on", "critical"]).err, "");
    let report = examined(estate.folder.path(), &[]);
    let of_jira = |check: &&Value| check["area"] == "credentials" && check["about"] == "jira";
    let told: Vec<&Value> = report.checks.iter().filter(of_jira).collect();
    assert!(!told.is_empty(), "{report:#?}");
    report.tells("./keyroll.db", "ok", "and has 1 scan, the latest of", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_in_files_is_a_line_and_the_rest_is_examined() {
    let estate = estate().await;
    fs::create_dir(estate.path("rules")).unwrap();
    fs::write(estate.path("rules/mine.yaml"), "id: mine\nno_such_key: 1\n").unwrap();
    fs::write(estate.path("keyroll.yaml"), {
        let text = fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
        format!("{text}rules:\n  folders: [rules]\n")
            .replace(&format!("file:{}", estate.path("org-key").display()), "env:NO_SUCH")
    })
    .unwrap();
    let report = examined(estate.folder.path(), &[]);
    report.tells("source `org`", "failed", "cannot get the secret of `key`", "`NO_SUCH` is not set");
    assert!(report.checks.iter().any(|check| check["about"] == "rules" && check["state"] == "failed"), "{report:#?}");
    report.tells("all rules", "not-checked", "could not be read", "");
    report.tells("jira", "ok", "it answers", "");
    assert_eq!(report.code, 3);

    fs::set_permissions(estate.path("jira-token"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(estate.path("keyroll.yaml"), fs::Permissions::from_mode(0o666)).unwrap();
    let report = examined(estate.folder.path(), &["--offline"]);
    report.tells("source `jira`", "failed", "cannot get the secret", "chmod 600");
    report.tells("keyroll.yaml", "warning", "may change it (mode 666)", "chmod go-w keyroll.yaml");

    fs::write(estate.path("keyroll.yaml"), "estate: acme\nsorces: []\n").unwrap();
    let run = keyroll(estate.folder.path(), &["doctor"]);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("keyroll.yaml:2:1") && run.out.contains("→ did you mean `sources`?"), "{}", run.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_used_is_told() {
    let estate = estate().await;
    let place = "./keyroll.db".to_owned();
    fs::write(estate.path("keyroll.db"), "no database at all, but long enough to look like one").unwrap();
    let report = examined(estate.folder.path(), &["--offline"]);
    report.tells(&place, "failed", "not a keyroll store", "name the right file under `store:`");
    assert_eq!(report.code, 1);
    fs::remove_file(estate.path("keyroll.db")).unwrap();
    estate.scan().await;
    fs::set_permissions(estate.path("keyroll.db"), fs::Permissions::from_mode(0o644)).unwrap();
    let report = examined(estate.folder.path(), &["--offline"]);
    report.tells(&place, "warning", "others than its owner may open it (mode 644)", "chmod 600");
    assert_eq!(report.code, 0);
    let text = fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
    fs::write(estate.path("keyroll.yaml"), text.replace("keyroll.db", "nowhere/keyroll.db")).unwrap();
    let report = examined(estate.folder.path(), &["--offline"]);
    report.tells("./nowhere/keyroll.db", "failed", "none can be made in", "mkdir -p");
}

/// Root may write to everything, so that the test becomes somebody else if it is run as root.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_may_only_be_read_is_told() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let estate = estate().await;
    estate.scan().await;
    let folder = estate.folder.path();
    for file in ["keyroll.db-wal", "keyroll.db-shm", "keyroll.db.lock", "keyroll.db-scan.journal"] {
        drop(fs::remove_file(folder.join(file)));
    }
    let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0;
    let program = folder.join("keyroll-under-test");
    // Another process writes it: while a test beside this one begins a program, what we write is open there too, and cannot be run.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_keyroll")).arg(&program).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(&program);
    if is_root {
        for entry in fs::read_dir(folder).unwrap() {
            std::os::unix::fs::chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    fs::set_permissions(folder.join("keyroll.db"), fs::Permissions::from_mode(0o400)).unwrap();
    let output =
        command.args(["doctor", "--offline", "--format", "json"]).current_dir(folder).env_clear().output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let report = Found { code: output.status.code().unwrap(), checks: report["checks"].as_array().unwrap().clone() };
    report.tells("./keyroll.db", "failed", "no right to read and write", "chmod u+rw");
    assert_eq!(report.code, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_are_reached_for_and_sent_a_sample_only_when_asked() {
    let estate = estate().await;
    let server = crate::http::server::Server::answering(|_| crate::http::server::json(&serde_json::json!({}))).await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = "alerts:\n  channels:\n    - { name: hook, type: webhook, url: env:HOOK, secret: env:SECRET }\n    - { name: \
                away, type: webhook, url: env:AWAY, secret: env:SECRET }\n  routes:\n    - to: [hook, away]\n";
    estate.configure(more);
    let hook = format!("{}/services/planted-in-the-path", server.url);
    let away = format!("http://{free}/planted-in-the-path");
    let variables =
        [("HOOK", hook.as_str()), ("AWAY", away.as_str()), ("SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let run = keyroll_with(estate.folder.path(), &["doctor", "--format", "json"], &variables);
    let report = found(&run);
    report.tells("hook", "ok", "it can be reached; nothing was sent", "");
    report.tells("away", "failed", "no answer", "keyroll alerts test away");
    assert_eq!(report.code, 5, "all else is well: {report:#?}");
    assert!(!run.out.contains("planted") && !run.err.contains("planted"));
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.method == "HEAD" && !asked.path.contains("planted")), "{asked:?}");
    server.forget();
    let run = keyroll_with(estate.folder.path(), &["doctor", "--send-test", "--format", "json"], &variables);
    found(&run).tells("hook", "ok", "it has taken the sample", "");
    assert!(server.asked().iter().any(|asked| asked.method == "POST"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_and_tenants_are_examined_without_anybody_being_asked() {
    let estate = estate().await;
    estate.configure("schedules:\n  - { name: nightly, cron: \"30 2 * * *\" }\n");
    let fleet = estate.path("fleet");
    fs::create_dir(&fleet).unwrap();
    fs::write(fleet.join("defaults.yaml"), "fail_on: high\n").unwrap();
    fs::copy(estate.path("keyroll.yaml"), fleet.join("acme.yaml")).unwrap();
    let file = fleet.join("acme.yaml").display().to_string();
    let report = examined(estate.folder.path(), &["--config", &file, "--offline"]);
    report.tells("nightly", "ok", "the next scan begins at", "");
    report.tells(&file, "ok", "4 sources, 0 channels, 1 schedule, over ", "");
    report.tells("jira", "not-checked", "--offline", "");
    assert_eq!(estate.simulator.requests(), []);
    let folder = keyroll(estate.folder.path(), &["--config", "fleet", "doctor"]);
    assert_eq!(folder.code, 2);
    assert!(folder.err.contains("fleet each doctor"), "{}", folder.err);
    let each = keyroll(estate.folder.path(), &["--config", "fleet", "fleet", "each", "doctor", "--offline"]);
    assert!(each.out.contains("SCHEDULES"), "{}{}", each.out, each.err);
}

#[test]
fn a_source_that_there_is_not_is_no_source_without_faults() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("keyroll.yaml"),
        "estate: a\nsources:\n  - { name: people, type: roster, path: p.csv }\n",
    )
    .unwrap();
    let run = keyroll(folder.path(), &["doctor", "--source", "peple"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("did you mean `people`?"), "{}", run.err);
    let run = keyroll(folder.path(), &["doctor", "--offline", "--width", "48"]);
    assert!(run.out.lines().all(|line| line.chars().count() <= 48), "{}", run.out);
}
