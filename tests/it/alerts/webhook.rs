//! The signed webhook: verified as a receiver would, with another implementation of the code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::{Secrets, body, build, sample};
use crate::http::server::{Asked, Server, json as answer};

const KEY: &[u8] = b"a key of thirty-two bytes or so.";

/// What a receiver does with a message.
fn is_genuine(asked: &Asked, key: &[u8]) -> bool {
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap();
    code.update(format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), asked.body).as_bytes());
    let signature = header("webhook-signature");
    let given = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
    code.verify_slice(&given).is_ok()
}

#[tokio::test]
async fn a_message_is_a_signed_cloud_event() {
    let server = Server::answering(|_| answer(&json!({}))).await;
    let secrets = Secrets::new();
    let hook = secrets.keep("hook", &format!("{}/in?code=abcdefgh", server.url));
    let key = secrets.keep("key", &format!("whsec_{}", STANDARD.encode(KEY)));
    let token = secrets.keep("token", "t0ken");
    let channel = build("webhook", &format!("url: {hook}\nsecret: {key}\nheaders:\n  X-Api-Key: {token}\n")).unwrap();
    channel.deliver(&sample::notice(), None).await.unwrap();
    channel.deliver(&sample::notice(), None).await.unwrap();
    let asked = server.asked();
    assert!(asked.iter().all(|asked| is_genuine(asked, KEY)));
    assert!(!is_genuine(&Asked { body: asked[0].body.replace("svc-build", "svc-other"), ..asked[0].clone() }, KEY));
    assert!(!is_genuine(&asked[0], b"another key of thirty-two bytes."));
    let first = &asked[0];
    assert_eq!((first.path.as_str(), first.query.as_str()), ("/in", "code=abcdefgh"));
    assert_eq!(first.headers["content-type"], "application/cloudevents+json");
    assert_eq!(first.headers["x-api-key"], "t0ken");
    assert_eq!(first.headers["webhook-timestamp"], super::morning().timestamp().to_string().as_str());
    assert_eq!(asked[0].headers["webhook-id"], asked[1].headers["webhook-id"]);
    let mut event = body(first);
    let effects = event["data"]["effects"].take();
    assert_eq!(
        event,
        json!({
            "specversion": "1.0",
            "id": "N-0123456789ABCDEF",
            "source": "keyroll/acme",
            "type": "keyroll.notice.findings",
            "subject": "C-0123456789ABCDEF",
            "time": "2026-11-22T07:30:00+00:00",
            "datacontenttype": "application/json",
            "data": {
                "version": 1,
                "notice": "N-0123456789ABCDEF",
                "topic": "findings",
                "action": "raise",
                "cause": "C-0123456789ABCDEF",
                "severity": "critical",
                "estate": "acme",
                "channel": "ops",
                "scan": 12,
                "title": "2 findings: svc-build can administer the organisation",
                "lead": ["The role was granted on 21 Nov at 17:42 by somebody else."],
                "effects": null,
                "more": 3,
                "read_on": "https://reports.example.com/s12?a=1&b=2",
            },
        })
    );
    assert_eq!(
        effects[0],
        json!({
            "what": "opened",
            "severity": "critical",
            "text": "svc-build can administer the whole organisation",
            "note": "medium → critical",
            "remedy": "take the role away",
            "finding": "F-AAAA000000000001",
            "rule": "organisation-admin",
            "rule_title": "Organisation administrators are known people",
            "controls": [],
            "resource": null,
            "resource_name": "svc-build",
            "owner": "Team Build",
            "sources": ["acme-org"],
            "environments": ["production"],
            "since": "2026-11-22T07:30:00+00:00",
            "link": "keyroll explain F-AAAA00",
        })
    );
}

#[tokio::test]
async fn a_key_may_be_the_bytes_themselves() {
    let server = Server::answering(|_| answer(&json!({}))).await;
    let secrets = Secrets::new();
    let (hook, key) = (secrets.keep("hook", &server.url), secrets.keep("key", "a plain key of some length"));
    build("webhook", &format!("url: {hook}\nsecret: {key}\n")).unwrap().deliver(&sample::notice(), None).await.unwrap();
    assert!(is_genuine(&server.asked()[0], b"a plain key of some length"));
}
