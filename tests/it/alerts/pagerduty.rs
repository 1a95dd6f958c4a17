//! PagerDuty: one alert a cause, opened, changed, resolved.

use keyroll::model::{Action, Notice, Severity, Topic};
use serde_json::{Value, json};

use super::{Secrets, body, build, sample};
use crate::http::server::{Server, status};

async fn events() -> Server {
    Server::answering(|_| status(202, &json!({ "status": "success", "message": "Event processed" }))).await
}

fn pagerduty(url: &str, secrets: &Secrets) -> Box<dyn keyroll::alerts::Channel> {
    let key = secrets.keep("key", "R0123456789");
    build("pagerduty", &format!("routing_key: {key}\nbase_url: {url}\n")).unwrap()
}

async fn sent(notice: &Notice) -> Vec<Value> {
    let server = events().await;
    let receipt = pagerduty(&server.url, &Secrets::new()).deliver(notice, None).await.unwrap();
    assert_eq!(receipt.remote.as_deref(), Some("C-0123456789ABCDEF"));
    assert!(server.asked().iter().all(|asked| asked.path == "/v2/enqueue" && asked.method == "POST"));
    server.asked().iter().map(body).collect()
}

#[tokio::test]
async fn a_cause_is_triggered_under_its_own_key() {
    let mut event = sent(&sample::notice()).await.remove(0);
    let effects = event["payload"]["custom_details"]["effects"].take();
    assert_eq!(
        event,
        json!({
            "routing_key": "R0123456789",
            "event_action": "trigger",
            "dedup_key": "C-0123456789ABCDEF",
            "client": "keyroll",
            "links": [{ "href": "https://reports.example.com/s12?a=1&b=2", "text": "Read on" }],
            "payload": {
                "summary": "2 findings: svc-build can administer the organisation",
                "source": "keyroll acme",
                "severity": "critical",
                "timestamp": "2026-11-22T07:30:00+00:00",
                "group": "acme",
                "class": "findings",
                "custom_details": {
                    "what_happened": ["The role was granted on 21 Nov at 17:42 by somebody else."],
                    "effects": null,
                    "more": "and 3 more",
                    "read_on": "https://reports.example.com/s12?a=1&b=2",
                    "notice": "N-0123456789ABCDEF",
                    "scan": "s12",
                },
            },
        })
    );
    assert!(effects[0].as_str().unwrap().starts_with("opened · critical — svc-build can administer"));
}

#[tokio::test]
async fn every_notice_of_a_cause_meets_the_same_alert() {
    for (action, expected) in [(Action::Raise, "trigger"), (Action::Update, "trigger"), (Action::Settle, "resolve")] {
        let events = sent(&sample::asking(action)).await;
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!(
            (event["event_action"].as_str(), event["dedup_key"].as_str()),
            (Some(expected), Some("C-0123456789ABCDEF"))
        );
    }
}

#[tokio::test]
async fn what_is_only_to_be_read_wakes_nobody() {
    let told = |topic| Notice { topic, ..sample::asking(Action::Tell) };
    for topic in [Topic::Findings, Topic::Adoption, Topic::Expiry, Topic::Reminder, Topic::Digest] {
        assert!(sent(&told(topic)).await.is_empty(), "{topic:?}");
    }
    for topic in [Topic::Schedule, Topic::Coverage, Topic::Escalation] {
        assert_eq!(sent(&told(topic)).await[0]["event_action"], "trigger", "{topic:?}");
    }
    let sample = sent(&told(Topic::Sample)).await;
    assert_eq!((&sample[0]["event_action"], &sample[1]["event_action"]), (&json!("trigger"), &json!("resolve")));
}

#[tokio::test]
async fn severities_are_those_of_the_other_side() {
    for (ours, theirs) in [
        (Severity::Critical, "critical"),
        (Severity::High, "error"),
        (Severity::Medium, "warning"),
        (Severity::Low, "info"),
        (Severity::Info, "info"),
    ] {
        assert_eq!(sent(&Notice { severity: ours, ..sample::notice() }).await[0]["payload"]["severity"], theirs);
    }
}

#[tokio::test]
async fn an_event_keeps_within_the_limits() {
    let event = sent(&sample::huge(300)).await.remove(0);
    assert!(event.to_string().len() < 512 * 1024);
    assert!(event["payload"]["summary"].as_str().unwrap().encode_utf16().count() <= 1024);
    let listed = event["payload"]["custom_details"]["effects"].as_array().unwrap().len();
    assert_eq!(event["payload"]["custom_details"]["more"], format!("and {} more", 303 - listed));
}
