//! Credentials: sent where they belong, renewed in time, seen nowhere else. And TLS with a private authority.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use keyroll::http::{Auth, Client, Factory, HttpError, Request, Settings, Trail};
use keyroll::secret::Secret;
use serde_json::{Value, json as object};

use super::server::{Asked, Server, json, status};
use super::{clock, factory, hurried, settings};

const SECRET: &str = "ATATT3x-planted-s3cret+/=2F";

fn with_auth(server: &Server, auth: Auth) -> Settings {
    Settings { auth, ..settings(&server.url) }
}

async fn ask(client: &Client) -> Result<Value, HttpError> {
    client.fetch(&Request::get("/rows").query("cursor", "planted-cursor"), &Trail::default()).await
}

fn authorization(asked: &Asked) -> &str {
    asked.headers.get("authorization").map_or("", |header| header.to_str().unwrap())
}

#[tokio::test]
async fn an_echo_of_the_credential_is_masked_in_every_form() {
    let secret = || Secret::new(SECRET.to_owned());
    for auth in [Auth::Bearer(secret()), Auth::Basic { user: "me@acme.example".to_owned(), password: secret() }] {
        let server = Server::answering(|asked| {
            let echo = format!("bad header {} for {SECRET}", authorization(&asked));
            status(403, &object!({"errorMessages": [echo]}))
        })
        .await;
        let settings = with_auth(&server, auth);
        assert!(!format!("{settings:?}").contains("s3cret"));
        let client = factory().client(settings).unwrap();
        let error = ask(&client).await.unwrap_err();
        let sent = authorization(&server.asked()[0]).to_owned();
        let value = sent.split_once(' ').unwrap().1;
        let shown = format!("{error} {error:?} {client:?}");
        assert!(shown.contains("***"), "{shown}");
        assert!(!shown.contains(SECRET) && !shown.contains(value), "{shown}");
    }
}

#[tokio::test]
async fn logs_hold_neither_secrets_nor_queries_nor_bodies() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // While there is just one subscriber, tests on other threads, which have none, may switch a log line off for all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::answering(|asked| match asked.number {
        0 => status(429, &object!({"message": format!("slow down {}", authorization(&asked))})),
        _ => json(&object!(["planted-body"])),
    })
    .await;
    let client = factory().client(with_auth(&server, Auth::Bearer(Secret::new(SECRET.to_owned())))).unwrap();
    ask(&client).await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("keyroll::http")).collect();
    assert!(ours.iter().any(|line| line.contains("http.path=\"/rows\"") && line.contains("http.status=200")), "{text}");
    assert!(ours.iter().any(|line| line.contains("WARN") && line.contains("throttled")), "{text}");
    assert!(ours.iter().all(|line| !line.contains("planted")), "{text}");
}

/// A server with a token exchange. The tokens are numbered; those in `revoked` are refused.
async fn exchange(revoked: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    let issued = Mutex::new(0);
    Server::answering(move |asked| {
        if asked.path == "/token" {
            let mut issued = issued.lock().unwrap();
            *issued += 1;
            return json(&object!({"access_token": format!("t{issued}"), "expires_in": 3600, "token_type": "bearer"}));
        }
        if revoked(authorization(&asked)) { status(401, &object!({})) } else { json(&object!([])) }
    })
    .await
}

fn client_credentials(server: &Server) -> Settings {
    let auth = Auth::ClientCredentials {
        token_url: format!("{}/token", server.url),
        client_id: "scanner".to_owned(),
        client_secret: Secret::new(SECRET.to_owned()),
    };
    with_auth(server, auth)
}

fn tokens_used(server: &Server) -> Vec<String> {
    server.asked().iter().filter(|asked| asked.path == "/rows").map(|asked| authorization(asked).to_owned()).collect()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_renewed_ahead_of_its_end() {
    let server = exchange(|_| false).await;
    let clock = clock();
    let client = Factory::new(Arc::new(clock.clone())).client(client_credentials(&server)).unwrap();
    let (first, second) = tokio::join!(ask(&client), ask(&client));
    first.and(second).unwrap();
    clock.advance(TimeDelta::seconds(3530));
    assert_eq!(tokens_used(&server), ["Bearer t1", "Bearer t1"]);
    clock.advance(TimeDelta::seconds(20));
    ask(&client).await.unwrap();
    assert_eq!(tokens_used(&server), ["Bearer t1", "Bearer t1", "Bearer t2"]);
    let exchanges: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.path == "/token").collect();
    assert_eq!(exchanges.len(), 2);
    assert_eq!(exchanges[0].method, "POST");
    assert!(
        exchanges[0].body.contains("grant_type=client_credentials") && exchanges[0].body.contains("planted-s3cret")
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = exchange(|token| token == "Bearer t1").await;
    let client = factory().client(client_credentials(&server)).unwrap();
    ask(&client).await.unwrap();
    assert_eq!(tokens_used(&server), ["Bearer t1", "Bearer t2"]);

    let closed = exchange(|_| true).await;
    let client = factory().client(client_credentials(&closed)).unwrap();
    assert!(matches!(ask(&client).await, Err(HttpError::Denied { status: 401, .. })));
    assert_eq!(tokens_used(&closed), ["Bearer t1", "Bearer t2"]);
}

#[tokio::test]
async fn a_refused_exchange_is_told_without_the_secret() {
    let server = Server::answering(|asked| {
        status(401, &object!({"error": "invalid_client", "error_description": format!("no {}", asked.body)}))
    })
    .await;
    let client = factory().client(client_credentials(&server)).unwrap();
    let error = ask(&client).await.unwrap_err().to_string();
    assert!(error.contains("token exchange: invalid_client") && !error.contains("s3cret"), "{error}");
    assert!(tokens_used(&server).is_empty());
}

/// Serves `[]` over TLS to whoever accepts the certificate; returns the port.
fn tls_server(certificate: &rcgen::Certificate, key: &rcgen::KeyPair) -> u16 {
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::StreamOwned::new(session, stream.unwrap());
            // A client that does not trust the certificate hangs up here.
            if tls.read(&mut [0; 4096]).is_ok() {
                tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]").unwrap();
                tls.conn.send_close_notify();
                tls.flush().unwrap();
            }
        }
    });
    port
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_configured() {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let base_url = format!("https://localhost:{}", tls_server(&certificate, &key));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, authority_pem).unwrap();
    let trusting = Settings { ca_file: Some(path.clone()), ..settings(&base_url) };
    ask(&factory().client(trusting.clone()).unwrap()).await.unwrap();

    let error = ask(&Factory::new(Arc::new(clock())).with_limits(hurried()).client(settings(&base_url)).unwrap()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, HttpError::Broken { .. }) && error.to_string().contains("certificate"), "{error}");

    std::fs::write(&path, "no certificate").unwrap();
    let error = factory().client(trusting.clone()).unwrap_err().to_string();
    assert!(error.contains("ca.pem") && error.contains("no PEM certificate"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(factory().client(trusting), Err(HttpError::Settings { .. })));
}

#[test]
fn settings_that_cannot_work_are_named() {
    for (base_url, proxy, pace, wanted) in [
        ("api.example.com", None, None, "base URL"),
        ("https://api.example.com?x=1", None, None, "query"),
        ("http://127.0.0.1", Some("::"), None, "proxy"),
        ("http://127.0.0.1", None, Some(0.0), "requests per second"),
    ] {
        let proxy = proxy.map(str::to_owned);
        let proxy = proxy.map(Secret::new);
        let error = factory().client(Settings { proxy, requests_per_second: pace, ..settings(base_url) }).unwrap_err();
        assert!(matches!(&error, HttpError::Settings { message } if message.contains(wanted)), "{error}");
    }
}

#[tokio::test]
async fn a_configured_proxy_is_used() {
    let proxy = Server::answering(|asked| json(&object!([asked.path]))).await;
    let behind = Settings { proxy: Some(Secret::new(proxy.url.clone())), ..settings("http://unreachable.invalid") };
    assert_eq!(ask(&factory().client(behind).unwrap()).await.unwrap(), object!(["/rows"]));
    assert_eq!(proxy.asked()[0].headers["host"], "unreachable.invalid");
}
