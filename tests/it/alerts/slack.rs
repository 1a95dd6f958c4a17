//! Slack: blocks, threads, and errors that come with status 200.

use std::time::Duration;

use keyroll::model::{Action, Notice};
use serde_json::{Value, json};

use super::{Secrets, body, build, later, never, sample};
use crate::http::server::{Server, json as answer};

async fn posting() -> Server {
    Server::answering(|_| answer(&json!({ "ok": true, "channel": "C0123", "ts": "1700000000.000100" }))).await
}

fn bot(url: &str, secrets: &Secrets) -> Box<dyn keyroll::alerts::Channel> {
    let token = secrets.keep("token", "xoxb-1");
    build("slack", &format!("token: {token}\nconversation: C0123\nbase_url: {url}/api\n")).unwrap()
}

fn texts(message: &Value) -> String {
    message["blocks"].as_array().unwrap().iter().map(|block| format!("{block}\n")).collect()
}

#[tokio::test]
async fn a_webhook_gets_the_whole_message() {
    let server = Server::answering(|_| axum::http::Response::new("ok".into())).await;
    let secrets = Secrets::new();
    let hook = secrets.keep("hook", &format!("{}/services/T/B/x", server.url));
    let channel = build("slack", &format!("url: {hook}\n")).unwrap();
    assert_eq!(channel.deliver(&sample::notice(), None).await.unwrap().remote, None);
    let asked = &server.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/services/T/B/x"));
    let message = body(asked);
    assert_eq!(message["text"], "[critical] 2 findings: svc-build can administer the organisation");
    let blocks = message["blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["text"]["text"], "2 findings: svc-build can administer the organisation");
    assert_eq!(blocks[1]["text"]["text"], "The role was granted on 21 Nov at 17:42 by somebody else.");
    assert_eq!(
        blocks[2]["text"]["text"],
        "*opened · critical* — svc-build can administer the whole organisation (medium → critical)\n\
         → take the role away\n\
         owner: Team Build · seen in acme-org (production) · since 22 Nov 2026 · rule organisation-admin · \
         F-AAAA000000000001\n\
         keyroll explain F-AAAA00"
    );
    assert_eq!(blocks[4]["text"]["text"], "and 3 more · <https://reports.example.com/s12?a=1&amp;b=2|Read on>");
    assert_eq!(blocks[5]["elements"][0]["text"], "keyroll · acme · scan s12 · C-0123456789ABCDEF · N-0123456789ABCDEF");
}

#[tokio::test]
async fn hostile_names_call_nobody_and_link_nowhere() {
    let server = posting().await;
    let notice = Notice { title: sample::HOSTILE.to_owned(), ..sample::notice() };
    bot(&server.url, &Secrets::new()).deliver(&notice, None).await.unwrap();
    let message = body(&server.asked()[0]);
    let all = format!("{} {}", message["text"], texts(&message));
    for forbidden in ["<!", "<at>", "\u{202e}", "\\u001b"] {
        assert!(!all.contains(forbidden), "{forbidden}: {all}");
    }
    // A heading is plain text, in which signs of markup are only signs.
    let marked = message["blocks"].as_array().unwrap().iter().filter(|block| block["type"] != "header");
    for block in marked.map(Value::to_string) {
        assert!(!block.contains("~y~") && !block.contains("*x*"), "{block}");
    }
    assert!(all.contains("&lt;!channel&gt;"), "{all}");
}

#[tokio::test]
async fn a_message_keeps_within_the_limits_and_says_what_is_left_out() {
    let server = posting().await;
    bot(&server.url, &Secrets::new()).deliver(&sample::huge(300), None).await.unwrap();
    let message = body(&server.asked()[0]);
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    for block in blocks {
        let text = block["text"]["text"].as_str().unwrap_or_default();
        let most = if block["type"] == "header" { 150 } else { 3000 };
        assert!(text.encode_utf16().count() <= most, "{text}");
    }
    let listed = blocks.iter().filter(|block| block.to_string().contains("opened · critical")).count();
    assert!(texts(&message).contains(&format!("and {} more", 303 - listed)));
}

#[tokio::test]
async fn a_cause_is_one_thread_and_struck_through_when_it_is_over() {
    let (server, secrets) = (posting().await, Secrets::new());
    let channel = bot(&server.url, &secrets);
    let remote = channel.deliver(&sample::notice(), None).await.unwrap().remote.unwrap();
    assert_eq!(remote, "C0123:1700000000.000100");
    let thread = sample::thread(&remote);
    for action in [Action::Update, Action::Raise, Action::Settle] {
        let receipt = channel.deliver(&sample::asking(action), Some(&thread)).await.unwrap();
        assert_eq!(receipt.remote.as_deref(), Some("C0123:1700000000.000100"));
    }
    let asked = server.asked();
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    let post = "/api/chat.postMessage";
    assert_eq!(paths, [post, post, post, "/api/chat.update", post]);
    assert!(asked.iter().all(|asked| asked.headers["authorization"] == "Bearer xoxb-1"));
    let bodies: Vec<Value> = asked.iter().map(body).collect();
    assert_eq!((&bodies[0]["channel"], &bodies[0]["thread_ts"]), (&json!("C0123"), &Value::Null));
    assert!(
        bodies[1..].iter().all(|body| body["thread_ts"] == "1700000000.000100" || body["ts"] == "1700000000.000100")
    );
    assert_eq!((&bodies[1]["reply_broadcast"], &bodies[2]["reply_broadcast"]), (&json!(false), &json!(true)));
    assert_eq!(
        bodies[3]["blocks"][0]["text"]["text"],
        "*Over* · ~2 findings: svc-build can administer the organisation~"
    );
    assert_eq!(bodies[0]["metadata"]["event_payload"]["id"], "N-0123456789ABCDEF");
}

#[tokio::test]
async fn what_comes_up_again_begins_a_new_thread() {
    let server = posting().await;
    let settled = keyroll::model::Thread { settled: true, ..sample::thread("C9:1.2") };
    let channel = bot(&server.url, &Secrets::new());
    let receipt = channel.deliver(&sample::notice(), Some(&settled)).await.unwrap();
    assert_eq!(receipt.remote.as_deref(), Some("C0123:1700000000.000100"));
    assert_eq!(body(&server.asked()[0])["thread_ts"], Value::Null);
}

#[tokio::test]
async fn a_first_message_that_cannot_be_changed_stops_nothing() {
    let server = Server::answering(|asked| match asked.path.as_str() {
        "/api/chat.update" => answer(&json!({ "ok": false, "error": "message_not_found" })),
        _ => answer(&json!({ "ok": true, "channel": "C1", "ts": "2.3" })),
    })
    .await;
    let channel = bot(&server.url, &Secrets::new());
    channel.deliver(&sample::asking(Action::Settle), Some(&sample::thread("C1:1.2"))).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn errors_that_come_with_status_200_are_errors() {
    for (error, passes) in [
        ("ratelimited", true),
        ("internal_error", true),
        ("channel_not_found", false),
        ("invalid_auth", false),
        ("some_new_error", false),
    ] {
        let server = Server::answering(move |_| {
            let mut response = answer(&json!({ "ok": false, "error": error }));
            response.headers_mut().insert("retry-after", "3".parse().unwrap());
            response
        })
        .await;
        let result = bot(&server.url, &Secrets::new()).deliver(&sample::notice(), None).await;
        if passes {
            let (reason, after) = later(result);
            assert!(reason.contains(error) && after == Some(Duration::from_secs(3)), "{reason}");
        } else {
            assert!(never(result).contains(error));
        }
    }
}
