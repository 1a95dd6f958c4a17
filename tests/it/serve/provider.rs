//! Signing in by a provider of identities: a public one (`oidc-provider-mock`), and one of our own that says whatever it is told to.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyroll::clock::{Clock, SystemClock};
use keyroll::digest::Digest;
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, Served, client, demo_with, free_port};

const SECRET: &str = "s3cret:of the client";

/// What the provider does otherwise than it should.
#[derive(Default, Clone)]
struct Told {
    claims: Value,
    header: Value,
    forged: bool,
    rotated: bool,
    status: Option<u16>,
    metadata: Value,
    unsigned: bool,
}

struct Provider {
    url: String,
    keys: [EcdsaKeyPair; 2],
    told: Mutex<Told>,
    /// The nonce and the challenge of whoever was sent last.
    asked: Mutex<(String, String)>,
    /// How often its keys were asked for.
    looked: Mutex<usize>,
    wrong: Mutex<Vec<String>>,
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap()
}

/// Puts what somebody told over what would be said.
fn over(mut said: Value, told: &Value) -> Value {
    for (name, value) in told.as_object().into_iter().flatten() {
        match value {
            Value::String(word) if word == "absent" => drop(said.as_object_mut().unwrap().remove(name)),
            value => said[name] = value.clone(),
        }
    }
    said
}

async fn metadata(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let url = &provider.url;
    let said = json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    });
    Json(over(said, &provider.told.lock().unwrap().metadata))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    *provider.looked.lock().unwrap() += 1;
    let rotated = provider.told.lock().unwrap().rotated;
    let point = provider.keys[usize::from(rotated)].public_key().as_ref().to_vec();
    let id = if rotated { "two" } else { "one" };
    Json(
        json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": encoded(&point[1..33]), "y": encoded(&point[33..])}]}),
    )
}

async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(form): Form<std::collections::BTreeMap<String, String>>,
) -> (axum::http::StatusCode, Json<Value>) {
    let told = provider.told.lock().unwrap().clone();
    let (nonce, challenge) = provider.asked.lock().unwrap().clone();
    let mut wrong = provider.wrong.lock().unwrap();
    let basic = format!("Basic {}", STANDARD.encode("keyroll:s3cret%3Aof%20the%20client"));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&basic) {
        wrong.push("the client did not prove who it is".to_owned());
    }
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    if verifier.len() < 43 || encoded(Digest::of_bytes(verifier.as_bytes()).as_bytes()) != challenge {
        wrong.push("the verifier does not fit the challenge".to_owned());
    }
    if form.get("grant_type").map(String::as_str) != Some("authorization_code")
        || form.get("code").map(String::as_str) != Some("a code")
    {
        wrong.push(format!("{form:?}"));
    }
    let now = SystemClock.now().timestamp();
    let claims = json!({
        "iss": provider.url, "aud": "keyroll", "sub": "s-1", "nonce": nonce, "iat": now, "exp": now + 300,
        "email": "Ada@acme.example", "email_verified": true,
    });
    let (claims, header) = (
        over(claims, &told.claims),
        over(json!({"alg": "ES256", "kid": if told.rotated { "two" } else { "one" }}), &told.header),
    );
    let message = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
    let forger = key();
    let key = if told.forged { &forger } else { &provider.keys[usize::from(told.rotated)] };
    let signed = key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    let signed = if told.unsigned { String::new() } else { encoded(signed.as_ref()) };
    let status = axum::http::StatusCode::from_u16(told.status.unwrap_or(200)).unwrap();
    (status, Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": format!("{message}.{signed}")})))
}

/// A provider of our own.
async fn provider() -> Arc<Provider> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = Arc::new(Provider {
        url: format!("http://{}", listener.local_addr().unwrap()),
        keys: [key(), key()],
        told: Mutex::default(),
        asked: Mutex::default(),
        looked: Mutex::default(),
        wrong: Mutex::default(),
    });
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(Arc::clone(&provider));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    provider
}

/// The program, with people of a provider who may see the demo.
fn served(issuer: &str, viewers: &str) -> (Served, TempDir) {
    let port = free_port();
    let folder = demo_with(&format!(
        "serve:\n  host: 127.0.0.1:{port}\n  access_log: access.log\n  visible_to: [{viewers}]\n  oidc:\n    issuer: {issuer}\n    client_id: keyroll\n    client_secret: env:SECRET\n"
    ));
    let listen = format!("127.0.0.1:{port}");
    (Served::start(&folder.path().join("keyroll-demo"), &["--listen", &listen], &[("SECRET", SECRET)]), folder)
}

/// Somebody on their way to the provider: the cookie of their browser, and what they are sent with.
struct Sent {
    cookie: String,
    address: Url,
}

impl Sent {
    fn with(&self, name: &str) -> String {
        self.address
            .query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}

impl Served {
    async fn sent(&self, next: &str) -> Sent {
        let answer = self.get(&format!("/sign-in/provider?next={next}")).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let (cookie, how) = answer.cookie("__Host-keyroll-sign-in").unwrap();
        assert_eq!(how.trim(), "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
        Sent { cookie, address: answer.header("location").parse().unwrap() }
    }

    async fn back(&self, cookie: &str, query: &[(&str, &str)]) -> Answer {
        let request = client().get(format!("{}/sign-in/callback", self.url)).query(query);
        self.ask(request.header("cookie", format!("__Host-keyroll-sign-in={cookie}"))).await
    }

    /// All the way, by a provider that was told something.
    async fn all_the_way(&self, provider: &Provider) -> Answer {
        let sent = self.sent("/").await;
        *provider.asked.lock().unwrap() = (sent.with("nonce"), sent.with("code_challenge"));
        self.back(&sent.cookie, &[("code", "a code"), ("state", &sent.with("state"))]).await
    }
}

fn assert_refused(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 403, "{what}: {}", answer.body);
    assert!(answer.cookie("__Host-keyroll").is_none(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_let_in_and_brought_where_they_wanted_to_go() {
    let provider = provider().await;
    let (served, folder) = served(&provider.url, "mail:ada@acme.example");
    let form = served.get("/sign-in?next=/t/keyroll/coverage").await;
    assert!(
        form.body.contains("Sign in with your organisation") && !form.body.contains("type=\"password\""),
        "{}",
        form.body
    );
    let sent = served.sent("/t/keyroll/coverage").await;
    assert!(sent.address.as_str().starts_with(&format!("{}/authorize?", provider.url)), "{}", sent.address);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "keyroll"),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(sent.with(name), value);
    }
    assert_eq!(sent.with("redirect_uri"), format!("{}/sign-in/callback", served.url));
    let words: Vec<String> = ["state", "nonce", "code_challenge"].map(|name| sent.with(name)).into();
    assert!(words.iter().all(|word| word.len() >= 43) && words[0] != words[1], "{words:?}");
    assert!(!words.contains(&sent.cookie));
    *provider.asked.lock().unwrap() = (sent.with("nonce"), sent.with("code_challenge"));
    let answer = served.back(&sent.cookie, &[("code", "a code"), ("state", &words[0])]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/t/keyroll/coverage"), "{}", answer.body);
    assert!(answer.cookie("__Host-keyroll-sign-in").unwrap().1.contains("Max-Age=0"));
    let word = answer.cookie("__Host-keyroll").unwrap().0;
    let page = served
        .ask(
            client()
                .get(format!("{}/t/keyroll/coverage", served.url))
                .header("cookie", format!("__Host-keyroll={word}")),
        )
        .await;
    assert!(page.status == 200 && page.body.contains("ada@acme.example"), "{}", page.body);
    assert_eq!(*provider.wrong.lock().unwrap(), Vec::<String>::new());

    // The same answer once more is none.
    assert_refused("replayed", &served.back(&sent.cookie, &[("code", "a code"), ("state", &words[0])]).await);
    let log = std::fs::read_to_string(folder.path().join("keyroll-demo/access.log")).unwrap();
    for never in [&words[0], &words[1], &word, &sent.cookie, "a code", SECRET] {
        assert!(!log.contains(never) && !served.said().contains(never), "{never}");
    }
    assert!(log.contains("\"who\":\"ada@acme.example\"") && log.contains("\"event\":\"signed in\""), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_ours_lets_nobody_in() {
    let provider = provider().await;
    let (served, _folder) = served(&provider.url, "mail:ada@acme.example");
    let (mine, other) = (served.sent("/").await, served.sent("/").await);
    *provider.asked.lock().unwrap() = (mine.with("nonce"), mine.with("code_challenge"));
    let state = mine.with("state");
    assert_refused("no cookie", &served.get(&format!("/sign-in/callback?code=a%20code&state={state}")).await);
    assert_refused("another browser", &served.back(&other.cookie, &[("code", "a code"), ("state", &state)]).await);
    assert_refused("a made up browser", &served.back("guess", &[("code", "a code"), ("state", &state)]).await);
    for query in [&[("code", "a code"), ("state", "guess")][..], &[("code", "a code")], &[("state", "x")], &[]] {
        let sent = served.sent("/").await;
        assert_refused("another state", &served.back(&sent.cookie, query).await);
        if *query == [("state", "x")] {
            break;
        }
    }
    let sent = served.sent("/").await;
    let refused =
        served.back(&sent.cookie, &[("error", "access_denied<script>"), ("state", &sent.with("state"))]).await;
    assert_refused("the provider refused", &refused);
    assert!(refused.body.contains("did not let you in") && !refused.body.contains("<script>"), "{}", refused.body);
    let sent = served.sent("/").await;
    let mixed = served
        .back(&sent.cookie, &[("code", "a code"), ("state", &sent.with("state")), ("iss", "https://evil.example")])
        .await;
    assert_refused("another issuer answers", &mixed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_not_to_be_believed_lets_nobody_in() {
    let provider = provider().await;
    let now = SystemClock.now().timestamp();
    let claims = |claims: Value| Told { claims, ..Told::default() };
    let header = |header: Value| Told { header, ..Told::default() };
    let wrong = [
        ("another audience", claims(json!({"aud": "other"}))),
        ("another issuer", claims(json!({"iss": "https://evil.example"}))),
        ("another nonce", claims(json!({"nonce": "guess"}))),
        ("no nonce", claims(json!({"nonce": "absent"}))),
        ("expired", claims(json!({"exp": now - 600, "iat": now - 900}))),
        ("from yesterday", claims(json!({"iat": now - 86_400}))),
        ("not yet", claims(json!({"nbf": now + 3_600}))),
        ("no end", claims(json!({"exp": "absent"}))),
        ("several audiences", claims(json!({"aud": ["keyroll", "other"]}))),
        ("forged", Told { forged: true, ..Told::default() }),
        ("unsigned", Told { unsigned: true, header: json!({"alg": "none"}), ..Told::default() }),
        ("a shared secret", header(json!({"alg": "HS256"}))),
        ("an unknown key", header(json!({"kid": "three"}))),
        ("refused", Told { status: Some(400), ..Told::default() }),
    ];
    // Each has its own program, so that none is held up for the tries of another.
    for chunk in wrong.chunks(7) {
        let (served, _folder) = served(&provider.url, "mail:ada@acme.example");
        for (what, told) in chunk {
            *provider.told.lock().unwrap() = told.clone();
            assert_refused(what, &served.all_the_way(&provider).await);
        }
    }
    let (served, _folder) = served(&provider.url, "mail:ada@acme.example");
    *provider.told.lock().unwrap() = Told::default();
    assert_eq!(served.all_the_way(&provider).await.status, 303, "and the right one does");
    // Whom the provider vouches for and nobody named, sees nothing; nor does a mail address that it did not verify.
    for told in
        [json!({"email": "eve@acme.example"}), json!({"email_verified": false}), json!({"email_verified": "absent"})]
    {
        *provider.told.lock().unwrap() = claims(told);
        let word = served.all_the_way(&provider).await.cookie("__Host-keyroll").unwrap().0;
        let home = served
            .ask(client().get(format!("{}/t/keyroll/", served.url)).header("cookie", format!("__Host-keyroll={word}")))
            .await;
        assert_eq!(home.status, 404, "{}", home.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_the_one_or_not_there_is_told_to_whoever_runs_it() {
    let provider = provider().await;
    for (metadata, told) in [
        (json!({"issuer": "https://evil.example"}), "calls itself `https://evil.example`"),
        (json!({"token_endpoint": "http://evil.example/token"}), "its token endpoint cannot be used"),
        (json!({"authorization_endpoint": "http://evil.example/"}), "its authorization endpoint cannot be used"),
        (json!({"jwks_uri": "http://evil.example/"}), "its address of keys cannot be used"),
        (json!({"jwks_uri": 7}), "is not as it should be"),
    ] {
        *provider.told.lock().unwrap() = Told { metadata, ..Told::default() };
        let (served, _folder) = served(&provider.url, "mail:ada@acme.example");
        let mut answer = served.get("/sign-in/provider").await;
        if answer.status == 303 {
            answer = served.all_the_way(&provider).await;
        }
        assert_eq!(answer.status, 502, "{told}: {}", answer.body);
        assert!(!answer.body.contains("evil"), "{}", answer.body);
        served.assert_says(told);
    }
    let (served, _folder) = served(&format!("http://127.0.0.1:{}", free_port()), "mail:ada@acme.example");
    assert_eq!(served.get("/sign-in/provider").await.status, 502);
    assert_eq!(served.get("/sign-in").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_are_asked_for_and_not_again_and_again() {
    let provider = provider().await;
    let (served, _folder) = served(&provider.url, "mail:ada@acme.example");
    for _ in 0..3 {
        assert_eq!(served.all_the_way(&provider).await.status, 303);
    }
    assert_eq!(*provider.looked.lock().unwrap(), 1);
    provider.told.lock().unwrap().rotated = true;
    // Within a minute it is not asked again, whoever sends what.
    for _ in 0..3 {
        assert_refused("a key that is not known yet", &served.all_the_way(&provider).await);
    }
    assert_eq!(*provider.looked.lock().unwrap(), 1);
}

struct Public(Child, String);

impl Drop for Public {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The public provider, if its program is there.
fn public() -> Option<Public> {
    let python = std::env::var_os("KEYROLL_TEST_PYTHON")?;
    let port = free_port();
    let ada = json!({"sub": "ada", "email": "ada@acme.example", "email_verified": true, "groups": ["security"]});
    let eve = json!({"sub": "eve", "email": "eve@acme.example", "email_verified": true, "groups": ["sales"]});
    let mut child = Command::new(&python)
        .args(["-W", "ignore", "-m", "oidc_provider_mock", "--port", &port.to_string()])
        .args(["--user-claims", &ada.to_string(), "--user-claims", &eve.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // From here on it is ended in any case.
    let public = Public(child, format!("http://localhost:{port}"));
    let mut said = String::new();
    loop {
        match lines.next() {
            Some(Ok(line)) if line.contains(&port.to_string()) => break,
            Some(Ok(line)) => said.push_str(&line),
            _ if said.contains("No module named") => return None,
            _ => panic!("the provider ended: {said}"),
        }
    }
    std::thread::spawn(move || lines.for_each(drop));
    Some(public)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_provider_lets_in_whom_the_configuration_names() {
    let Some(public) = public() else {
        crate::support::skipped("KEYROLL_TEST_PYTHON names no Python with oidc-provider-mock");
        return;
    };
    let (served, _folder) = served(&public.1, "group:security");
    for (who, status) in [("ada", 200), ("eve", 404)] {
        let sent = served.sent("/t/keyroll/findings").await;
        // What somebody does in the provider's own page.
        let back = served.ask(client().post(sent.address.clone()).form(&[("sub", who)])).await;
        assert_eq!(back.status, 302, "{}", back.body);
        let place: Url = back.header("location").parse().unwrap();
        assert!(place.as_str().starts_with(&format!("{}/sign-in/callback?", served.url)), "{place}");
        let pairs: Vec<(String, String)> = place.query_pairs().into_owned().collect();
        let query: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = served.back(&sent.cookie, &query).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/t/keyroll/findings"),
            "{} {}",
            answer.body,
            served.said()
        );
        let word = answer.cookie("__Host-keyroll").unwrap().0;
        let page = served
            .ask(
                client()
                    .get(format!("{}/t/keyroll/findings", served.url))
                    .header("cookie", format!("__Host-keyroll={word}")),
            )
            .await;
        assert_eq!(page.status, status, "{who}: {}", page.body);
    }
    let sent = served.sent("/").await;
    let denied = served.ask(client().post(sent.address.clone()).form(&[("action", "deny")])).await;
    let place: Url = denied.header("location").parse().unwrap();
    let mut pairs: Vec<(String, String)> = place.query_pairs().into_owned().collect();
    if !pairs.iter().any(|(name, _)| name == "state") {
        pairs.push(("state".to_owned(), sent.with("state")));
    }
    let query: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_refused("somebody who says no", &served.back(&sent.cookie, &query).await);
}
