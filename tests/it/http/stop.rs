//! The end of all asking: whatever a request is waiting for, it comes back at once, and sends nothing any more.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use keyroll::app::{AppError, ScanRequest};
use keyroll::clock::Clock;
use keyroll::config::Config;
use keyroll::http::{Auth, End, Factory, HttpError, Limits, Paging, Request, Settings, Stop, Trail};
use keyroll::model::{EndpointState, LedgerEntry, Watermarks};
use keyroll::secret::Secret;
use keyroll::sources::Depth;
use serde_json::{Value, json as object};
use tokio::sync::Notify;

use super::server::{Asked, Server, json, with_header};
use super::{Bean, clock, settings};
use crate::support::pretended::Estate;

const REASON: &str = "the deadline of the scan was reached";

/// Clients that would wait for minutes.
fn patient() -> Factory {
    let limits =
        Limits { first_pause: Duration::from_secs(600), longest_pause: Duration::from_secs(600), ..Limits::default() };
    Factory::new(Arc::new(clock())).with_limits(limits)
}

/// A server that tells of each request, and what it does with it.
async fn telling<F>(answer: impl Fn(Asked) -> F + Send + Sync + 'static) -> (Server, Arc<Notify>)
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let arrived = Arc::new(Notify::new());
    let tell = arrived.clone();
    let server = Server::serving(move |asked| {
        tell.notify_one();
        answer(asked)
    })
    .await;
    (server, arrived)
}

/// The outcome of something that is stopped as soon as `moment` has come, and must not take long then.
async fn stopped_at<T>(stop: &Stop, moment: impl Future<Output = ()>, work: impl Future<Output = T>) -> T {
    let end = async {
        moment.await;
        stop.now(REASON);
        std::future::pending::<()>().await;
    };
    let either = async {
        tokio::select! {
            outcome = work => outcome,
            () = end => unreachable!("it never ends"),
        }
    };
    tokio::time::timeout(Duration::from_secs(30), either).await.expect("it comes back at once")
}

fn assert_stopped<T: std::fmt::Debug>(outcome: Result<T, HttpError>) {
    let error = outcome.unwrap_err();
    assert!(matches!(error, HttpError::Stopped { .. }), "{error:?}");
    assert_eq!(error.to_string(), "not asked: the deadline of the scan was reached");
}

#[tokio::test]
async fn an_answer_under_way_is_not_waited_for() {
    let (server, arrived) = telling(|_| std::future::pending()).await;
    let factory = patient();
    let client = factory.client(settings(&server.url)).unwrap();
    let (request, trail) = (Request::get("/rows"), Trail::default());
    assert_stopped(stopped_at(&factory.stop(), arrived.notified(), client.fetch::<Value>(&request, &trail)).await);
    assert_eq!((trail.counts().requests, trail.counts().retries, trail.counts().pages), (1, 0, 0));
    assert_stopped(client.fetch::<Value>(&request, &trail).await);
    let later = factory.clone().client(settings(&server.url)).unwrap();
    assert_stopped(later.fetch::<Value>(&request, &trail).await);
    assert_eq!((server.asked().len(), trail.counts().requests), (1, 1), "nothing more is sent");
}

#[tokio::test]
async fn pauses_of_every_sort_end() {
    for (status, header) in [(429, "retry-after"), (503, "retry-after"), (500, "x-nothing")] {
        let (server, arrived) = telling(move |_| std::future::ready(with_header(status, header, "500"))).await;
        let factory = patient();
        let client = factory.client(settings(&server.url)).unwrap();
        let (request, trail) = (Request::get("/rows"), Trail::default());
        // The pause begins once the answer was noted; if the stop is earlier, the answer is not waited for.
        let noted = async {
            arrived.notified().await;
            while trail.counts().statuses.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        assert_stopped(stopped_at(&factory.stop(), noted, client.fetch::<Value>(&request, &trail)).await);
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_queue_of_the_budget_is_left() {
    let (server, arrived) = telling(|_| std::future::pending()).await;
    let factory = patient();
    let client = factory.client(Settings { concurrency: 1, ..settings(&server.url) }).unwrap();
    let (request, trail) = (Request::get("/rows"), Trail::default());
    let all = futures::future::join_all((0..5).map(|_| client.fetch::<Value>(&request, &trail)));
    let outcomes = stopped_at(&factory.stop(), arrived.notified(), all).await;
    outcomes.into_iter().for_each(assert_stopped);
    assert_eq!(server.asked().len(), 1, "four were waiting for their turn");
}

#[tokio::test]
async fn an_exchange_of_tokens_is_not_waited_for() {
    let (server, arrived) = telling(|_| std::future::pending()).await;
    let factory = patient();
    let auth = Auth::ClientCredentials {
        token_url: format!("{}/token", server.url),
        client_id: "id".to_owned(),
        client_secret: Secret::new("s3cret".to_owned()),
    };
    let client = factory.client(Settings { auth, ..settings(&server.url) }).unwrap();
    let (request, trail) = (Request::get("/rows"), Trail::default());
    assert_stopped(stopped_at(&factory.stop(), arrived.notified(), client.fetch::<Value>(&request, &trail)).await);
    assert_eq!((server.asked().len(), trail.counts().requests), (1, 0));
}

#[tokio::test]
async fn a_walk_keeps_its_rows_and_is_partial() {
    let at_the_third = Arc::new(Notify::new());
    let tell = at_the_third.clone();
    let server = Server::serving(move |asked| {
        let tell = tell.clone();
        async move {
            if asked.number == 2 {
                tell.notify_one();
                std::future::pending::<()>().await;
            }
            json(&object!({"values": [asked.number], "next": format!("c{}", asked.number)}))
        }
    })
    .await;
    let factory = patient();
    let client = factory.client(settings(&server.url)).unwrap();
    let paging = Paging::Links { cursor: "cursor", place: keyroll::http::CursorPlace::QueryAlone };
    let (request, trail) = (Request::get("/rows"), Trail::default());
    let walking = client.walk::<Bean>(request.clone(), paging.clone(), &trail);
    let walk = stopped_at(&factory.stop(), at_the_third.notified(), walking).await;
    assert_eq!(walk.rows, [0, 1]);
    let End::Partial(reason) = walk.end else { panic!("{:?}", walk.end) };
    assert_eq!(reason, "page 3: not asked: the deadline of the scan was reached");
    let walk = client.walk::<Bean>(request, paging, &trail).await;
    assert!(matches!(walk.end, End::Failed(HttpError::Stopped { .. })) && walk.rows.is_empty());
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn the_first_reason_stays_and_other_factories_go_on() {
    let (one, other) = (patient(), patient());
    let stop = one.stop();
    assert_eq!(stop.reason(), None);
    stop.now("first");
    stop.clone().now("second");
    assert_eq!((one.stop().reason().as_deref(), stop.stopped().await.as_str()), (Some("first"), "first"));
    assert_eq!(other.stop().reason(), None);
}

/// What a scan of an estate takes: the factory, so that it can be stopped, and the configuration.
fn scanner(estate: &Estate) -> (Factory, keyroll::app::App) {
    let clock: Arc<dyn Clock> = Arc::new(estate.clock.clone());
    let factory = Factory::new(Arc::clone(&clock));
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let app = config.build_with(&factory, &clock, &[]).unwrap();
    (factory, app)
}

/// How many rows each endpoint brought that calls itself complete.
fn complete(ledger: &[LedgerEntry]) -> BTreeMap<(String, String), u64> {
    let whole = ledger.iter().filter(|entry| entry.state == EndpointState::Complete);
    whole.map(|entry| ((entry.source.to_string(), entry.endpoint.to_string()), entry.rows)).collect()
}

#[tokio::test]
async fn a_stop_before_the_first_request_leaves_nothing_complete_and_nothing_stored() {
    let estate = Estate::new().await;
    let (factory, mut app) = scanner(&estate);
    factory.stop().now(REASON);
    for source in &app.sources {
        let collection = source.look(Depth::Whole, &Watermarks::default()).await;
        assert!(collection.resources.is_empty() && !collection.ledger.is_empty());
        for entry in &collection.ledger {
            let untold = !matches!(entry.state, EndpointState::Failed | EndpointState::Skipped);
            // What is answered without asking shows nothing, and is no sight of the estate.
            let harmless = entry.state == EndpointState::Complete && entry.requests == 0 && entry.shows.is_empty();
            assert!(!untold || harmless, "{} {}: {:?} {}", entry.source, entry.endpoint, entry.state, entry.reason);
            let said = entry.reason.contains(REASON) || entry.reason.starts_with("needs ");
            assert!(said || harmless, "{} {}: {}", entry.source, entry.endpoint, entry.reason);
        }
    }
    let error = app.scan(&ScanRequest::default(), &|_| {}).await.unwrap_err();
    assert!(matches!(error, AppError::NothingCollected { .. }), "{error}");
    assert!(estate.simulator.requests().is_empty());
    assert!(app.store.latest().unwrap().is_none());
}

#[tokio::test]
async fn whenever_a_scan_is_stopped_what_it_calls_complete_is() {
    let estate = Estate::new().await;
    let (_, mut undisturbed) = scanner(&estate);
    undisturbed.scan(&ScanRequest::default(), &|_| {}).await.unwrap();
    let whole = complete(&estate.assess().snapshot.ledger);
    let all = estate.simulator.requests().len();
    let mut told = 0;
    for share in [5, 20, 40, 60, 80, 95] {
        let (factory, app) = scanner(&estate);
        let before = estate.simulator.requests().len();
        let enough = async {
            while estate.simulator.requests().len() < before + all * share / 100 {
                tokio::task::yield_now().await;
            }
        };
        let since = Watermarks::default();
        let looks = app.sources.iter().map(|source| source.look(Depth::Whole, &since));
        let looked = stopped_at(&factory.stop(), enough, futures::future::join_all(looks)).await;
        let ledger: Vec<LedgerEntry> = looked.into_iter().flat_map(|collection| collection.ledger).collect();
        for (endpoint, rows) in complete(&ledger) {
            assert_eq!(whole.get(&endpoint), Some(&rows), "{endpoint:?} after {share} % of the requests");
        }
        let stopped = |entry: &&LedgerEntry| entry.reason.contains(REASON);
        told += ledger.iter().filter(stopped).count();
        let known = |entry: &LedgerEntry| !matches!(entry.state, EndpointState::Denied | EndpointState::NotOffered);
        assert!(ledger.iter().filter(stopped).all(known), "a stop is neither a refusal nor a missing feature");
    }
    assert!(told > 20, "{told}");
}
