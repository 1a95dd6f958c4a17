//! Events for a SIEM: that they are proper OCSF in proper syslog, over each transport, and what a collector that
//! refuses, stalls or cuts leads to.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use keyroll::alerts::{Channel, DeliveryError};
use keyroll::model::{Action, Notice, Severity, Topic};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::tls::Authority;
use super::{mail_sample, told_or_built};

const PATIENT: Duration = Duration::from_secs(20);
const HURRIED: Duration = Duration::from_millis(300);

fn channel(transport: &str, port: u16, more: &str, patience: Duration) -> Box<dyn Channel> {
    let yaml = format!("address: localhost:{port}\ntransport: {transport}\n{more}");
    told_or_built("siem", &yaml, patience).unwrap()
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// All that a line carries until its other end is closed.
async fn everything<S: AsyncRead + Unpin>(mut stream: S) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

/// Messages of a stream, each with its length in bytes before it.
fn unframed(mut bytes: &[u8]) -> Vec<String> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().unwrap();
        messages.push(String::from_utf8(bytes[space + 1..space + 1 + length].to_vec()).unwrap());
        bytes = &bytes[space + 1 + length..];
    }
    messages
}

/// The fields of a message's header, and its event.
fn read(message: &str) -> (Vec<&str>, Value) {
    assert!(!message.contains('\n'), "some collectors end a message at a line's end");
    let mut fields: Vec<&str> = message.splitn(8, ' ').collect();
    let event = serde_json::from_str(fields.pop().unwrap()).unwrap();
    (fields, event)
}

async fn over_tcp(notice: &Notice, more: &str) -> Vec<String> {
    let (listener, port) = listener().await;
    let channel = channel("tcp", port, more, PATIENT);
    let (delivered, bytes) =
        tokio::join!(channel.deliver(notice, None), async { everything(listener.accept().await.unwrap().0).await });
    delivered.unwrap();
    unframed(&bytes)
}

#[tokio::test]
async fn each_effect_is_an_event_in_a_frame_that_counts_bytes() {
    let messages = over_tcp(&mail_sample::finding(), "").await;
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().any(|message| message.len() > message.chars().count()), "letters of several bytes");
    let (header, event) = read(&messages[0]);
    assert_eq!(header, ["<130>1", "2026-11-22T02:07:00.000Z", "-", "keyroll", "-", "findings", "-"]);
    assert_eq!(
        (&event["class_uid"], &event["type_uid"], &event["severity_id"]),
        (&2003.into(), &200_301.into(), &5.into())
    );
    assert_eq!(event["finding_info"]["uid"], mail_sample::finding().effects[0].finding.as_ref().unwrap().as_str());
    assert_eq!(event["metadata"]["uid"], "N-4ZJ8Q0M2T6W1KCXA-1");
    assert_eq!(event["metadata"]["correlation_uid"], "C-9D1MB7E3HY5RPV2G");
    assert_eq!(event["compliance"]["standards"], serde_json::json!(["iso27001", "soc2"]));
    assert_eq!(event["resources"][0]["type"], "credential");
    assert_eq!(event["unmapped"]["owner"], "Dana Fox (Platform)");
    let (_, worsened) = read(&messages[3]);
    assert_eq!(
        (&worsened["activity_name"], &worsened["unmapped"]["note"]),
        (&"Update".into(), &"medium → high".into())
    );
    assert_eq!(over_tcp(&mail_sample::finding(), "").await, messages, "the same notice gives the same events");
}

#[tokio::test]
async fn other_occasions_have_classes_of_their_own() {
    let settled = read(&over_tcp(&mail_sample::settled(), "").await[0]).1;
    assert_eq!((&settled["activity_id"], &settled["status"]), (&3.into(), &"Resolved".into()));
    assert_eq!(settled["compliance"]["status"], "resolved", "what is resolved has not passed");

    let expiry = read(&over_tcp(&mail_sample::expiry(), "").await[0]).1;
    assert_eq!((&expiry["class_uid"], &expiry["type_uid"]), (&2004.into(), &200_401.into()));
    assert_eq!(expiry["finding_info"]["uid"], "C-9D1MB7E3HY5RPV2G/acme/credential/jenkins");

    let missed = mail_sample::notice(Topic::Schedule, Action::Raise, Severity::High, "The scan of 02:00 did not start");
    let messages = over_tcp(&missed, "").await;
    assert_eq!(messages.len(), 1, "a notice without effects is an event too");
    let event = read(&messages[0]).1;
    assert_eq!((&event["class_uid"], &event["message"]), (&2004.into(), &"The scan of 02:00 did not start".into()));

    let sample = mail_sample::notice(Topic::Sample, Action::Tell, Severity::Info, "A sample");
    let event = read(&over_tcp(&sample, "").await[0]).1;
    assert_eq!((&event["class_uid"], &event["type_uid"]), (&0.into(), &99.into()));
    assert!(event.get("finding_info").is_none());

    let digest = read(&over_tcp(&mail_sample::digest(), "").await[0]).1;
    assert_eq!((&digest["unmapped"]["hidden"], &digest["unmapped"]["count"]), (&1200.into(), &1204.into()));
}

#[tokio::test]
async fn the_header_says_what_the_configuration_says() {
    let more = "facility: audit\napp_name: audits\nhostname: scanner-1\n";
    let (header, _) = (read(&over_tcp(&mail_sample::expiry(), more).await[0]).0.join(" "), ());
    assert!(header.starts_with("<108>1 ") && header.contains(" scanner-1 audits - expiry -"), "{header}");
}

#[tokio::test]
async fn hostile_names_cannot_begin_another_message() {
    let messages = over_tcp(&mail_sample::hostile(), "").await;
    let (header, event) = read(&messages[0]);
    assert_eq!(header.len(), 7);
    assert!(event["message"].as_str().unwrap().starts_with("x  Bcc: evil@example.net"));
    assert!(event["finding_info"].get("src_url").is_none(), "only web addresses are addresses");
}

#[tokio::test]
async fn datagrams_hold_one_event_each_and_are_never_too_large() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let yaml = format!("address: 127.0.0.1:{}\ntransport: udp\n", socket.local_addr().unwrap().port());
    let channel = told_or_built("siem", &yaml, PATIENT).unwrap();
    let mut notice = mail_sample::finding();
    notice.effects.truncate(2);
    let long = "\"€\u{1f512}".repeat(40_000);
    notice.title.clone_from(&long);
    notice.more.clone_from(&long);
    let effect = &mut notice.effects[0];
    for text in [&mut effect.text, &mut effect.remedy, &mut effect.resource_name] {
        text.clone_from(&long);
    }
    notice.effects[0].environments = vec![long; 500];
    channel.deliver(&notice, None).await.unwrap();
    let mut space = vec![0; 70_000];
    for at in 1..=2 {
        let length = socket.recv(&mut space).await.unwrap();
        assert!(length <= 60 * 1024);
        let (_, event) = read(std::str::from_utf8(&space[..length]).unwrap());
        assert_eq!(event["metadata"]["uid"], format!("N-4ZJ8Q0M2T6W1KCXA-{at}"));
    }
}

#[tokio::test]
async fn tls_needs_a_certificate_for_the_name_by_a_known_authority() {
    let good = Authority::for_server("localhost");
    let other = Authority::for_server("elsewhere.example.com");
    for (shown, trusted, taken) in [(&good, &good, true), (&other, &other, false), (&good, &other, false)] {
        let (listener, port) = listener().await;
        let ca = format!("ca_file: {}\n", trusted.file("ca.pem").display());
        let channel = channel("tls", port, &ca, PATIENT);
        let notice = mail_sample::finding();
        let (delivered, bytes) = tokio::join!(channel.deliver(&notice, None), async {
            match shown.acceptor().accept(listener.accept().await.unwrap().0).await {
                Ok(stream) => everything(stream).await,
                Err(_refused) => Vec::new(),
            }
        });
        assert_eq!(unframed(&bytes).len(), if taken { 4 } else { 0 });
        match delivered {
            Ok(_) => assert!(taken),
            Err(error) => {
                let clear = error.to_string().contains("cannot prove who it is");
                assert!(!taken && clear && matches!(error, DeliveryError::Later { .. }), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_collector_that_refuses_stalls_or_cuts_gets_the_events_later() {
    let (closed, port) = listener().await;
    drop(closed);
    let error = channel("tcp", port, "", PATIENT).deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Later { reason, .. } if reason.contains("cannot be reached")), "{error}");

    // It listens, but never speaks TLS.
    let (_silent, port) = listener().await;
    let error = channel("tls", port, "", HURRIED).deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(matches!(&error, DeliveryError::Later { reason, .. } if reason.contains("did not take")), "{error}");

    // It takes the line and reads nothing of more than a line's buffers hold.
    let mut large = mail_sample::finding();
    let mut effect = large.effects[0].clone();
    effect.text = "z".repeat(3900);
    large.effects = vec![effect; 3000];
    let (stalled, port) = listener().await;
    let channel_to_stalled = channel("tcp", port, "", HURRIED);
    let (error, _held) =
        tokio::join!(channel_to_stalled.deliver(&large, None), async { stalled.accept().await.unwrap() });
    let error = error.unwrap_err();
    assert!(matches!(&error, DeliveryError::Later { reason, .. } if reason.contains("did not take")), "{error}");

    // It goes away with much unread.
    let (cutting, port) = listener().await;
    let channel_to_cut = channel("tcp", port, "", PATIENT);
    let (error, ()) = tokio::join!(channel_to_cut.deliver(&large, None), async {
        let mut line: TcpStream = cutting.accept().await.unwrap().0;
        line.read_exact(&mut [0; 100]).await.unwrap();
    });
    let error = error.unwrap_err();
    assert!(matches!(&error, DeliveryError::Later { reason, .. } if reason.contains("cut the line")), "{error}");
}

#[tokio::test]
async fn a_collector_that_keeps_the_line_open_has_not_refused() {
    let (listener, port) = listener().await;
    let channel = channel("tcp", port, "", HURRIED);
    let notice = mail_sample::expiry();
    let (delivered, _held) = tokio::join!(channel.deliver(&notice, None), async {
        let mut line = listener.accept().await.unwrap().0;
        line.read_exact(&mut [0; 100]).await.unwrap();
        let mut rest = [0; 65_536];
        while line.read(&mut rest).await.unwrap() > 0 {}
        line
    });
    delivered.unwrap();
}

#[test]
fn mistakes_are_told_with_their_place() {
    let told = |yaml: &str| told_or_built("siem", yaml, PATIENT).err().unwrap_or_default();
    for (yaml, words) in [
        ("transport: tcp\n", "`address` is missing"),
        ("address: 'https://siem.example.com'\ntransport: tcp\n", "`address` is no host and port"),
        ("address: siem:0\ntransport: tcp\n", "`address` is no host and port"),
        ("address: siem:70000\ntransport: tcp\n", "`address` is no host and port"),
        ("address: siem\ntransport: tsl\n", "did you mean `tls`"),
        ("address: siem\ntransport: tcp\nfacility: local8\n", "`facility` cannot be `local8`"),
        ("address: siem\ntransport: tcp\napp_name: 'a b'\n", "`app_name` cannot stand"),
        ("address: siem\nca_file: /nowhere/ca.pem\n", "cannot read certificate file"),
        ("address: siem\ntransport: tcp\ntimeout_seconds: 0\n", "`timeout_seconds` is 0"),
        ("address: siem\ntransport: tcp\nfacilty: user\n", "facilty"),
    ] {
        let said = told(yaml);
        assert!(said.contains(words), "{yaml}: {said}");
    }
    for fine in ["siem", "siem.example.com:6514", "10.0.0.1", "'[::1]:601'", "'[::1]'"] {
        assert_eq!(told(&format!("address: {fine}\ntransport: udp\n")), "");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "where a developer's tools are is no setting of the product")]
async fn public_models_of_the_schema_accept_the_events() {
    let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
        crate::support::skipped("KEYROLL_TEST_PYTHON names no Python interpreter with py-ocsf-models");
        return;
    };
    let installed = Command::new(&python).args(["-c", "import py_ocsf_models"]).stderr(Stdio::null()).status().unwrap();
    if !installed.success() {
        crate::support::skipped("the Python interpreter of KEYROLL_TEST_PYTHON has no py-ocsf-models");
        return;
    }
    let missed = mail_sample::notice(Topic::Schedule, Action::Raise, Severity::High, "The scan of 02:00 did not start");
    let mut lines = String::new();
    let mut count = 0;
    for notice in [
        mail_sample::finding(),
        mail_sample::expiry(),
        mail_sample::digest(),
        mail_sample::settled(),
        mail_sample::hostile(),
        missed,
    ] {
        for message in over_tcp(&notice, "").await {
            lines.push_str(&format!("{}\n", read(&message).1));
            count += 1;
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/alerts/ocsf_check.py");
    let mut judge = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let verdict = judge.wait_with_output().unwrap();
    assert!(verdict.status.success());
    assert_eq!(String::from_utf8(verdict.stdout).unwrap().trim(), count.to_string());
}
