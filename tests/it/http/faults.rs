//! Throttling, hiccups, broken lines, and answers that are too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use keyroll::http::{Factory, HttpError, Limits, Request, Settings, Trail};
use serde_json::{Value, json as object};

use super::server::{Server, json, raw, status, with_header};
use super::{client, clock, factory, hurried, settings};

async fn fetch(url: &str) -> (Result<Value, HttpError>, Trail) {
    let trail = Trail::default();
    (client(url).fetch(&Request::get("/rows"), &trail).await, trail)
}

#[tokio::test]
async fn a_burst_limit_is_waited_out() {
    let server = Server::answering(|asked| match asked.number {
        0 | 1 => with_header(429, "retry-after", "0.05"),
        _ => json(&object!([1])),
    })
    .await;
    let began = Instant::now();
    let (outcome, trail) = fetch(&server.url).await;
    assert_eq!(outcome.unwrap(), object!([1]));
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    let counts = trail.counts();
    assert_eq!((counts.requests, counts.retries, counts.pages), (3, 2, 1));
    assert_eq!(counts.statuses.into_iter().collect::<Vec<_>>(), [(200, 1), (429, 2)]);
}

#[tokio::test]
async fn a_storm_of_429_ends_as_throttled_after_four_tries() {
    let server = Server::answering(|_| status(429, &object!({"message": "slow down"}))).await;
    let (outcome, trail) = fetch(&server.url).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, HttpError::Throttled { .. }), "{error:?}");
    assert_eq!(error.to_string(), "throttled: slow down (after 4 tries)");
    assert_eq!(trail.counts().requests, 4);
}

#[tokio::test]
async fn a_quota_or_a_long_pause_is_not_slept_through() {
    for (name, value) in
        [("RateLimit-Reason", "jira-quota-global-based"), ("X-RateLimit-Reset", "2026-11-22T03:00:00Z")]
    {
        let server = Server::answering(move |_| with_header(429, name, value)).await;
        let (outcome, trail) = fetch(&server.url).await;
        assert!(matches!(outcome, Err(HttpError::Throttled { .. })), "{name}");
        assert_eq!(trail.counts().requests, 1, "{name}");
    }
}

#[tokio::test]
async fn a_pause_holds_the_other_clients_of_the_tenant() {
    let factory = Factory::new(Arc::new(clock())).with_limits(Limits { tries: 1, ..hurried() });
    let busy = Server::answering(|_| with_header(429, "retry-after", "0.1")).await;
    let calm = Server::answering(|_| json(&object!([]))).await;
    let request = Request::get("/rows");
    let began = Instant::now();
    let first = factory.client(settings(&busy.url)).unwrap();
    first.fetch::<Value>(&request, &Trail::default()).await.unwrap_err();
    let second = factory.client(settings(&calm.url)).unwrap();
    second.fetch::<Value>(&request, &Trail::default()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_hiccup_passes_and_a_lasting_fault_is_told() {
    let hiccup = Server::answering(|asked| match asked.number {
        0 => status(500, &object!({})),
        1 => status(503, &object!({})),
        2 => status(408, &object!({})),
        _ => json(&object!([])),
    })
    .await;
    let (outcome, trail) = fetch(&hiccup.url).await;
    outcome.unwrap();
    assert_eq!((trail.counts().requests, trail.counts().retries), (4, 3));

    let lasting = Server::answering(|_| status(502, &object!({"message": "bad gateway"}))).await;
    let (outcome, trail) = fetch(&lasting.url).await;
    assert_eq!(outcome.unwrap_err().to_string(), "the server answered 502: bad gateway (after 4 tries)");
    assert_eq!(trail.counts().requests, 4);
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    for (code, said, wanted, requests) in [
        (400, "no", "answered 400", 1),
        (401, "no", "refused with 401", 1),
        (402, "no", "plan", 1),
        (404, "no", "not found", 1),
        (410, "CHANGE-2770: use another", "not found", 1),
        (410, "a rehearsal", "not found", 2),
    ] {
        let server = Server::answering(move |_| status(code, &object!({"message": said}))).await;
        let (outcome, trail) = fetch(&server.url).await;
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        assert_eq!(trail.counts().requests, requests, "{code}: {said}");
    }
}

#[tokio::test]
async fn a_cut_or_truncated_answer_is_asked_for_again_and_never_taken_for_whole() {
    let good = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]".to_vec();
    let broken: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n[1, 2",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1]\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n[1, 2",
    ];
    for bytes in broken {
        let once = raw(vec![bytes.to_vec(), good.clone()]).await;
        let (outcome, trail) = fetch(&format!("http://{once}")).await;
        assert_eq!(outcome.unwrap(), object!([1]), "{}", String::from_utf8_lossy(bytes));
        assert_eq!(trail.counts().retries, 1);
        let always = raw(vec![bytes.to_vec()]).await;
        let (outcome, trail) = fetch(&format!("http://{always}")).await;
        assert!(matches!(outcome, Err(HttpError::Broken { .. })), "{outcome:?}");
        assert_eq!((trail.counts().requests, trail.counts().pages), (4, 0));
    }
}

#[tokio::test]
async fn nobody_there_is_told_without_the_query() {
    let (outcome, _) = {
        let trail = Trail::default();
        let request = Request::get("/rows").query("cursor", "s3cret");
        (client("http://127.0.0.1:1").fetch::<Value>(&request, &trail).await, trail)
    };
    let error = outcome.unwrap_err();
    assert!(matches!(error, HttpError::Broken { .. }) && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn an_answer_that_unpacks_to_too_much_is_stopped() {
    let body = bomb();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    let address = raw(vec![[head.as_bytes(), &body].concat()]).await;
    let limits = Limits { largest_answer: 1024 * 1024, ..hurried() };
    let factory = Factory::new(Arc::new(clock())).with_limits(limits);
    let client = factory.client(settings(&format!("http://{address}"))).unwrap();
    let trail = Trail::default();
    let error = client.fetch::<Value>(&Request::get("/rows"), &trail).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { .. }) && error.to_string().contains("larger"), "{error}");
    assert_eq!(trail.counts().requests, 1);
}

/// A gzip stream that unpacks to some 135 million zeros: one literal, then “258 times what came before” over and over.
fn bomb() -> Vec<u8> {
    let zero = "00110000";
    let again = "1100010100000";
    let mut bits: Vec<u8> = format!("110{zero}").bytes().map(|bit| bit - b'0').collect();
    (0..524_288).for_each(|_| bits.extend(again.bytes().map(|bit| bit - b'0')));
    let packed = bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | bit << at));
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].into_iter().chain(packed).collect()
}

#[tokio::test]
async fn an_answer_of_millions_of_values_is_not_read() {
    let body = format!("[{}{{}}]", "{},".repeat(2_000_001));
    let dense = Server::answering(move |_| axum::http::Response::new(body.clone().into())).await;
    let error = fetch(&dense.url).await.0.unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { .. }) && error.to_string().contains("values"), "{error}");
}

#[tokio::test]
async fn deep_nesting_and_another_shape_are_unreadable() {
    let deep = Server::answering(|_| axum::http::Response::new("[".repeat(100_000).into())).await;
    assert!(matches!(fetch(&deep.url).await.0, Err(HttpError::Unreadable { .. })));
    let odd = Server::answering(|_| json(&object!({"value": "s3cret"}))).await;
    let outcome = client(&odd.url).fetch::<Vec<u32>>(&Request::get("/rows"), &Trail::default()).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { .. }) && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn the_configured_pace_is_kept() {
    let server = Server::answering(|_| json(&object!([]))).await;
    let client = factory().client(Settings { requests_per_second: Some(100.0), ..settings(&server.url) }).unwrap();
    let began = Instant::now();
    let (request, trail) = (Request::get("/rows"), Trail::default());
    let answers = futures::future::join_all((0..11).map(|_| client.fetch::<Value>(&request, &trail))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert!(began.elapsed() >= Duration::from_millis(95), "{:?}", began.elapsed());
}

#[tokio::test]
async fn two_at_once_means_two_over_all_clients_of_the_tenant() {
    let barrier = Arc::new(tokio::sync::Barrier::new(2));
    let under_way = Arc::new(AtomicUsize::new(0));
    let server = Server::serving(move |_| {
        let (barrier, under_way) = (barrier.clone(), under_way.clone());
        async move {
            let now = under_way.fetch_add(1, SeqCst) + 1;
            barrier.wait().await;
            under_way.fetch_sub(1, SeqCst);
            json(&object!([now]))
        }
    })
    .await;
    let factory = factory();
    let client = || factory.client(Settings { concurrency: 2, ..settings(&server.url) }).unwrap();
    let (request, trail, clients) = (Request::get("/rows"), Trail::default(), [client(), client()]);
    let asked = (0..12).map(|number| clients[number % 2].fetch::<Vec<usize>>(&request, &trail));
    let answers = futures::future::join_all(asked).await;
    let at_once: Vec<usize> = answers.into_iter().map(|answer| answer.unwrap()[0]).collect();
    assert_eq!(at_once.iter().max(), Some(&2), "{at_once:?}");
}
