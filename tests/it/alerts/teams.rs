//! Microsoft Teams: the card, its limit, and answers that only look well.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::{Secrets, body, build, later, sample};
use crate::http::server::Server;

async fn answering(status: u16, text: &'static str) -> Server {
    Server::answering(move |_| Response::builder().status(status).body(Body::from(text)).unwrap()).await
}

fn teams(url: &str, secrets: &Secrets) -> Box<dyn keyroll::alerts::Channel> {
    let hook = secrets.keep("hook", &format!("{url}/workflows/1/triggers/manual/paths/invoke?sig=abc"));
    build("teams", &format!("url: {hook}\n")).unwrap()
}

/// The text of a card, in lines.
fn lines(part: &Value) -> Vec<String> {
    match (part["inlines"].as_array(), part["items"].as_array().or(part["body"].as_array())) {
        (Some(runs), _) => vec![runs.iter().filter_map(|run| run["text"].as_str()).collect()],
        (None, Some(parts)) => parts.iter().flat_map(lines).collect(),
        (None, None) => Vec::new(),
    }
}

#[tokio::test]
async fn a_workflow_gets_a_card() {
    let server = answering(202, "").await;
    teams(&server.url, &Secrets::new()).deliver(&sample::notice(), None).await.unwrap();
    let message = body(&server.asked()[0]);
    let attachment = &message["attachments"][0];
    assert_eq!(message["type"], "message");
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.5")));
    let lines = lines(card);
    assert_eq!(lines[0], "2 findings: svc-build can administer the organisation");
    assert_eq!(lines[1], "The role was granted on 21 Nov at 17:42 by somebody else.");
    assert_eq!(lines[2], "opened · critical — svc-build can administer the whole organisation (medium → critical)");
    assert_eq!(lines[3], "→ take the role away");
    assert_eq!(lines[lines.len() - 2], "and 3 more");
    assert_eq!(card["actions"][0]["url"], "https://reports.example.com/s12?a=1&b=2");
    assert!(server.asked()[0].query.contains("sig=abc"));
}

#[tokio::test]
async fn foreign_text_stands_where_no_markup_is_read() {
    let server = answering(200, "1").await;
    teams(&server.url, &Secrets::new()).deliver(&sample::notice(), None).await.unwrap();
    let text = server.asked()[0].body.clone();
    assert!(!text.contains("\"TextBlock\"") && !text.contains("FactSet"), "{text}");
    assert!(!text.contains('\u{202e}') && !text.contains("\\u001b"), "{text}");
    assert!(!body(&server.asked()[0]).to_string().contains("\"entities\""));
}

#[tokio::test]
async fn a_card_keeps_within_28_kilobytes_and_says_what_is_left_out() {
    let server = answering(202, "").await;
    teams(&server.url, &Secrets::new()).deliver(&sample::huge(100), None).await.unwrap();
    let asked = &server.asked()[0];
    assert!(asked.body.len() <= 28 * 1024, "{}", asked.body.len());
    let lines = lines(&body(asked)["attachments"][0]["content"]);
    let listed = lines.iter().filter(|line| line.starts_with("opened · critical")).count();
    assert!(lines.contains(&format!("and {} more", 103 - listed)), "{listed}");
}

#[tokio::test]
async fn a_failure_in_an_answer_that_looks_well_is_one() {
    let server = answering(200, "Webhook message delivery failed with error: HTTP error 429").await;
    let (reason, _) = later(teams(&server.url, &Secrets::new()).deliver(&sample::notice(), None).await);
    assert!(reason.contains("429"), "{reason}");
}
