//! Nothing but listed reads leaves, proved by a server that writes down what arrives.

use axum::body::Body;
use axum::http::Response;
use keyroll::http::{HttpError, Request, Trail, segment};
use serde_json::{Value, json as object};

use super::client;
use super::server::{Server, json, with_header};

async fn fetch(server: &Server, request: Request) -> Result<Value, HttpError> {
    client(&server.url).fetch(&request, &Trail::default()).await
}

fn arrived(server: &Server) -> Vec<String> {
    server.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

#[tokio::test]
async fn only_listed_reads_arrive() {
    let server = Server::answering(|_| json(&object!([]))).await;
    let held_back = [
        Request::post("/rows", object!({})),
        Request::post("/orgs/1/tokens", object!({})),
        Request::get("/search"),
        Request::get("/orgs/1"),
        Request::get("/orgs/1/tokens/2"),
        Request::get("/orgs/../rows"),
        Request::get("//rows"),
        Request::get(format!("/orgs/{}/tokens", segment("../../rows"))),
        Request::get("/rows").query("_method", "DELETE"),
    ];
    for request in held_back {
        let shown = format!("{request:?}");
        let trail = Trail::default();
        let outcome = client(&server.url).fetch::<Value>(&request, &trail).await;
        assert!(matches!(outcome, Err(HttpError::Refused { .. })), "{shown}: {outcome:?}");
        assert_eq!(trail.counts().requests, 0);
    }
    assert!(arrived(&server).is_empty(), "{:?}", arrived(&server));

    fetch(&server, Request::get("/rows")).await.unwrap();
    fetch(&server, Request::get(format!("/orgs/{}/tokens", segment("ari:cloud x?#")))).await.unwrap();
    fetch(&server, Request::post("/search", object!({"limit": 1}))).await.unwrap();
    assert_eq!(arrived(&server), ["GET /rows", "GET /orgs/ari%3Acloud%20x%3F%23/tokens", "POST /search"]);
    let agent = server.asked()[0].headers["user-agent"].to_str().unwrap().to_owned();
    assert_eq!(agent, format!("keyroll/{}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed_and_its_host_is_told() {
    let other = Server::answering(|_| json(&object!([]))).await;
    let target = format!("{}/rows?token=s3cret", other.url).replace("127.0.0.1", "localhost");
    let server = Server::answering(move |_| with_header(302, "location", &target)).await;
    let error = fetch(&server, Request::get("/rows")).await.unwrap_err().to_string();
    assert!(error.contains("localhost") && !error.contains("s3cret"), "{error}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_redirect_within_the_host_passes_the_same_door() {
    let server = Server::answering(|asked| match asked.path.as_str() {
        "/rows" => with_header(301, "location", "/orgs/7/tokens"),
        _ => json(&object!([7])),
    })
    .await;
    assert_eq!(fetch(&server, Request::get("/rows")).await.unwrap(), object!([7]));

    let off_the_list = Server::answering(|_| with_header(307, "location", "/orgs/7")).await;
    assert!(matches!(fetch(&off_the_list, Request::get("/rows")).await, Err(HttpError::Refused { .. })));
    assert_eq!(arrived(&off_the_list), ["GET /rows"]);

    let circle = Server::answering(|_| with_header(302, "location", "/rows")).await;
    assert!(matches!(fetch(&circle, Request::get("/rows")).await, Err(HttpError::Refused { .. })));
    assert!(circle.asked().len() <= 4);
}

#[tokio::test]
async fn a_redirect_makes_no_other_request_of_a_search() {
    let server = Server::answering(|_| with_header(302, "location", "/rows")).await;
    assert!(matches!(fetch(&server, Request::post("/search", object!({}))).await, Err(HttpError::Refused { .. })));
    assert_eq!(arrived(&server), ["POST /search"]);

    let kept = Server::answering(|asked| match asked.number {
        0 => with_header(307, "location", "/search?page=2"),
        _ => json(&object!([])),
    })
    .await;
    fetch(&kept, Request::post("/search", object!({"limit": 1}))).await.unwrap();
    assert_eq!(arrived(&kept), ["POST /search", "POST /search"]);
    assert_eq!(kept.asked()[1].body, r#"{"limit":1}"#);
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    let page = "<!doctype html><html><title>Log in to continue</title></html>";
    let server = Server::answering(move |_| {
        Response::builder().header("content-type", "text/html").body(Body::from(page)).unwrap()
    })
    .await;
    let error = fetch(&server, Request::get("/rows")).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("login page") && error.to_string().contains("base URL"), "{error}");
    assert_eq!(server.asked().len(), 1);
}
