//! What the daemon answers to those who ask: health, numbers, the calendar. Over real HTTP, and read by public parsers.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::clock::FixedClock;
use keyroll::daemon::{Health, Listen, Metrics, NotReady, Server, Shown};
use keyroll::model::{Expiry, RunEnd, Severity};
use keyroll::reports::calendar_ics;
use keyroll::secret::Secret;
use tokio::sync::watch;

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

/// The HTTP layer chooses it with the first factory; the client here needs it too.
fn choose_cryptography() {
    drop(keyroll::http::Factory::new(Arc::new(FixedClock::at(now()))));
}

struct Monitored {
    address: SocketAddr,
    health: Health,
    clock: FixedClock,
    _end: watch::Sender<bool>,
}

async fn monitored(token: Option<&str>, calendar_token: Option<&str>) -> Monitored {
    let secret = |text: Option<&str>| text.map(|text| Secret::new(text.to_owned()));
    let clock = FixedClock::at(now());
    let (metrics, health) = (Arc::new(Metrics::new("1.2.3")), Health::new(now()));
    let listen = Listen::new("127.0.0.1:0".parse().unwrap(), secret(token), secret(calendar_token)).unwrap();
    let shown = Shown {
        metrics,
        health: health.clone(),
        longest_silence: Duration::from_secs(60),
        clock: Arc::new(clock.clone()),
        calendar: Arc::new(|| Ok("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".to_owned())),
    };
    let server = Server::bind(&listen, shown).await.unwrap();
    let address = server.address().unwrap();
    let (end, told) = watch::channel(false);
    tokio::spawn(server.run(told));
    Monitored { address, health, clock, _end: end }
}

impl Monitored {
    async fn get(&self, path: &str, token: Option<&str>) -> (u16, String, String) {
        self.ask(reqwest::Method::GET, path, token).await
    }

    async fn ask(&self, method: reqwest::Method, path: &str, token: Option<&str>) -> (u16, String, String) {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let mut request = client.request(method, format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        (status, kind, answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn health_tells_a_loop_that_hangs_and_a_store_that_cannot_be_read() {
    choose_cryptography();
    let monitored = monitored(Some("s3cret"), None).await;
    assert_eq!(monitored.get("/healthz", None).await.0, 200, "probes need no token");
    assert_eq!(monitored.get("/readyz", None).await.0, 503, "no configuration is loaded yet");
    monitored.health.set_ready(Ok(()));
    assert_eq!(monitored.get("/readyz", None).await.0, 200);
    monitored.health.set_ready(Err(NotReady::StoreUnreadable));
    let (status, _, text) = monitored.get("/readyz", None).await;
    assert!(status == 503 && text.contains("the store cannot be read"), "{text}");
    monitored.clock.advance(TimeDelta::seconds(61));
    assert_eq!(monitored.get("/healthz", None).await.0, 503, "nobody has made a round for a minute");
    monitored.health.beat(now() + TimeDelta::seconds(61));
    assert_eq!(monitored.get("/healthz", None).await.0, 200);
}

#[tokio::test]
async fn numbers_and_calendar_are_for_those_with_the_token() {
    choose_cryptography();
    let closed = monitored(Some("s3cret"), Some("c4lendar")).await;
    assert_eq!(closed.get("/metrics", None).await.0, 401);
    assert_eq!(closed.get("/metrics", Some("guess")).await.0, 401);
    let (status, kind, text) = closed.get("/metrics", Some("s3cret")).await;
    assert!(status == 200 && kind.contains("openmetrics-text") && text.ends_with("# EOF\n"), "{kind}: {text}");
    for path in ["/calendar.ics", "/calendar.ics?token=guess", "/calendar.ics?token="] {
        assert!(matches!(closed.get(path, None).await.0, 401 | 403 | 404), "{path}");
    }
    let (status, kind, text) = closed.get("/calendar.ics?token=c4lendar", None).await;
    assert!(status == 200 && kind.contains("text/calendar") && text.starts_with("BEGIN:VCALENDAR"), "{kind}");
    let open = monitored(None, None).await;
    assert_eq!(open.get("/metrics", None).await.0, 200);
    assert_eq!(open.get("/calendar.ics?token=", None).await.0, 404, "without a token of its own there is no calendar");
    assert_eq!(open.ask(reqwest::Method::POST, "/metrics", None).await.0, 405);
    assert_eq!(open.get("/nothing", None).await.0, 404);
}

/// Hands text to a script of the interpreter that tests may use, if there is one, and gives what it prints.
#[expect(clippy::disallowed_methods, reason = "where a developer's tools are is no setting of the product")]
fn read_by(script: &str, package: &str, text: &str) -> Option<String> {
    let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
        crate::support::skipped(&format!("KEYROLL_TEST_PYTHON names no Python interpreter with {package}"));
        return None;
    };
    let mut child =
        Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the parser refused:\n{text}");
    Some(String::from_utf8(output.stdout).unwrap())
}

const METRICS: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(sample.name, sorted(sample.labels.items()), sample.value)
";

/// Numbers of every sort.
fn filled() -> Metrics {
    let metrics = Metrics::new("1.2.3");
    metrics.begin(&["nightly"], &["acme-org", "hostile \"name\"\\\n"], &["mail"]);
    metrics.scan_took("nightly", Duration::from_secs(312));
    metrics.set_last_end("nightly", RunEnd::Incomplete);
    metrics.set_schedule_success("nightly", now());
    metrics.set_source_success("acme-org", now());
    metrics.add_requests("acme-org", 675);
    metrics.add_throttled("acme-org", 3);
    metrics.set_gaps("acme-org", 1, 2);
    metrics.set_findings([(Severity::Critical, "open", 5), (Severity::Low, "waived", 2)]);
    metrics.set_outbox([("mail", "pending", 4), ("mail", "dead", 1)]);
    metrics.set_next_run("nightly", Some(now()));
    metrics.set_own_credential_expiry("acme-org", Some(now()));
    metrics.set_heartbeat(now());
    metrics.add_missed_runs("nightly", 2);
    metrics.set_circuit_open("mail", true);
    metrics.set_jobs([("waiting", 3), ("under_way", 2), ("given_up", 1)]);
    metrics.add_job("done");
    metrics.set_leading(true);
    metrics
}

/// Numbers of several tenants are one text to whoever reads them, each told apart by its name.
#[test]
fn a_public_parser_reads_the_numbers_of_a_fleet() {
    let fleet = filled();
    for (tenant, open) in [("acme", 4), ("globex \"x\"", 9)] {
        let own = fleet.of_tenant(tenant);
        own.begin(&["nightly"], &["jira"], &[]);
        own.set_findings([(Severity::High, "open", open)]);
        own.add_requests("jira", 12);
    }
    fleet.of_tenant("gone").set_findings([(Severity::High, "open", 1)]);
    fleet.keep_tenants(&["acme".to_owned(), "globex \"x\"".to_owned()]);
    let text = fleet.render();
    assert_eq!(text.matches("# TYPE keyroll_findings gauge").count(), 1, "{text}");
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1 && !text.contains("gone"), "{text}");
    let Some(read) = read_by(METRICS, "prometheus-client", &text) else { return };
    let of = |tenant: &str, count: u32| {
        format!("keyroll_findings [('severity', 'high'), ('status', 'open'), ('tenant', '{tenant}')] {count}")
    };
    for line in [of("acme", 4), of("globex \"x\"", 9)] {
        assert!(read.lines().any(|told| told == line), "{line}: {read}");
    }
    assert!(read.contains("keyroll_leading [] 1") && read.contains("keyroll_jobs [('state', 'waiting')] 3"), "{read}");
    assert!(read.contains("keyroll_scan_requests_total [('source', 'jira'), ('tenant', 'acme')] 12"), "{read}");
}

#[test]
fn a_public_parser_reads_the_numbers() {
    let metrics = filled();
    let Some(read) = read_by(METRICS, "prometheus_client", &metrics.render()) else { return };
    for expected in [
        "keyroll_scan_requests_total [('source', 'acme-org')] 675",
        "keyroll_scan_throttled_total [('source', 'acme-org')] 3",
        "keyroll_findings [('severity', 'critical'), ('status', 'open')] 5",
        "keyroll_outbox_depth [('channel', 'mail'), ('state', 'dead')] 1",
        "keyroll_gaps [('declared', 'false'), ('source', 'acme-org')] 2",
        "keyroll_missed_runs_total [('schedule', 'nightly')] 2",
        "keyroll_circuit_open [('channel', 'mail')] 1",
        "keyroll_scan_duration_seconds_count [('schedule', 'nightly')] 1",
        "keyroll_build_info [('version', '1.2.3')] 1",
    ] {
        assert!(read.contains(expected), "{expected} is not in\n{read}");
    }
    assert!(read.contains("keyroll_own_credential_expiry_timestamp_seconds"), "{read}");
}

/// Every number that the dashboard and the alert rules ask for is one that is told.
#[test]
fn the_dashboard_and_the_alert_rules_ask_for_numbers_that_are_told() {
    let told = filled().render();
    let known: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut asked = 0;
    for file in [
        "examples/monitoring/alert-rules.yaml",
        "examples/monitoring/grafana-dashboard.json",
        "examples/monitoring/grafana-fleet.json",
    ] {
        let text = std::fs::read_to_string(crate::support::project().join(file)).unwrap();
        for rest in text.split("keyroll_").skip(1) {
            let name: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            let name = format!("keyroll_{name}");
            let base = name.trim_end_matches("_total").trim_end_matches("_info").to_owned();
            assert!(
                known.contains(&name.as_str()) || known.contains(&base.as_str()),
                "{file} asks for {name}: {known:?}"
            );
            asked += 1;
        }
    }
    assert!(asked > 15);
}

const ICS: &str = "
import sys
from icalendar import Calendar
for event in Calendar.from_ical(sys.stdin.read()).walk('VEVENT'):
    print(event.decoded('dtstart'), str(event['summary']).replace(chr(10), ' / '), str(event['uid']) != '')
";

#[test]
fn a_public_parser_reads_the_calendar() {
    let expiry = |id: &str, what: &str, ends_at: &str| Expiry {
        id: id.to_owned(),
        what: what.to_owned(),
        ends_at: ends_at.parse().unwrap(),
        resource: None,
        owner: Some("Ada, “the” Owner; \\ x".to_owned()),
        owner_email: None,
        owner_note: "line\nbreak".to_owned(),
        use_note: "used yesterday".to_owned(),
        remedy: "Make a new one. ".repeat(20),
        sources: Vec::new(),
        environments: Vec::new(),
        own: false,
        observed: true,
    };
    let expiries = [
        expiry("acme/credential/1", "API token “jenkins”", "2026-12-01T10:00:00Z"),
        expiry("waiver:W-1", "waiver W-1\r\nEND:VEVENT", "2026-12-24T23:59:59Z"),
    ];
    let Some(read) = read_by(ICS, "icalendar", &calendar_ics(&expiries, "acme", now())) else { return };
    let lines: Vec<&str> = read.lines().collect();
    assert_eq!(lines.len(), 2, "{read}");
    assert_eq!(lines[0], "2026-12-01 Ends: API token “jenkins” True");
    assert!(lines[1].starts_with("2026-12-24 Ends: waiver W-1"), "{read}");
}
