//! Each channel over HTTP against a server that refuses, asks to wait, stalls, talks nonsense, redirects, shows another's
//! certificate, or repeats our secrets.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use keyroll::alerts::Channel;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::configuration::{PLANTED, USABLE, filled};
use super::{Secrets, build, build_with, later, never, sample};
use crate::http::server::{Server, raw, status, with_header};

/// Every channel, set up for a server.
fn channels(url: &str, secrets: &Secrets) -> Vec<(&'static str, Box<dyn Channel>)> {
    USABLE.iter().map(|(kind, yaml)| (*kind, build(kind, &filled(yaml, url, secrets)).unwrap())).collect()
}

fn assert_discreet(reason: &str) {
    for secret in PLANTED.iter().chain(&["/services", "Ym90QGFjbWUuZXhhbXBsZ"]) {
        assert!(!reason.contains(secret), "{reason}");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_says_why_without_repeating_secrets() {
    for refusal in [400, 401, 403, 410, 413, 422] {
        let server = Server::answering(move |asked| {
            let heard = format!("{} {} {:?} {}", asked.path, asked.query, asked.headers, asked.body);
            status(refusal, &json!({ "message": format!("not so\u{202e} {heard}") }))
        })
        .await;
        let secrets = Secrets::new();
        for (kind, channel) in channels(&server.url, &secrets) {
            let reason = never(channel.deliver(&sample::notice(), None).await);
            assert!(reason.contains("not so") && reason.contains(&refusal.to_string()), "{kind}: {reason}");
            assert!(!reason.contains('\u{202e}') && reason.chars().count() < 300, "{kind}: {reason}");
            assert_discreet(&reason);
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_given_the_time() {
    let secrets = Secrets::new();
    for code in [429, 503] {
        let server = Server::answering(move |_| with_header(code, "retry-after", "7")).await;
        for (kind, channel) in channels(&server.url, &secrets) {
            let (reason, after) = later(channel.deliver(&sample::notice(), None).await);
            assert_eq!(after, Some(Duration::from_secs(7)), "{kind}: {reason}");
        }
    }
    let failing = Server::answering(|_| status(500, &json!({ "message": "oops" }))).await;
    for (kind, channel) in channels(&failing.url, &secrets) {
        let (reason, after) = later(channel.deliver(&sample::notice(), None).await);
        assert!(reason.contains("oops") && after.is_none(), "{kind}: {reason}");
    }
}

#[tokio::test]
async fn a_server_that_stalls_is_left() {
    let secrets = Secrets::new();
    let server = Server::serving(|_| std::future::pending()).await;
    for (kind, yaml) in USABLE {
        let yaml = filled(yaml, &server.url, &secrets);
        let channel = build_with(Duration::from_millis(150), kind, &yaml).unwrap();
        let (reason, _) = later(channel.deliver(&sample::notice(), None).await);
        assert!(reason.contains("no answer"), "{kind}: {reason}");
        assert_discreet(&reason);
    }
}

#[tokio::test]
async fn nobody_at_the_other_end_is_no_reason_to_give_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let secrets = Secrets::new();
    for (kind, channel) in channels(&url, &secrets) {
        let (reason, _) = later(channel.deliver(&sample::notice(), None).await);
        assert!(reason.contains("no answer"), "{kind}: {reason}");
        assert_discreet(&reason);
    }
}

#[tokio::test]
async fn a_page_for_people_is_no_answer() {
    let page = "<html><title>Sign in</title></html>";
    let server = Server::answering(move |_| Response::builder().status(200).body(Body::from(page)).unwrap()).await;
    let secrets = Secrets::new();
    for (kind, channel) in channels(&server.url, &secrets) {
        let result = channel.deliver(&sample::notice(), None).await;
        if kind == "webhook" {
            assert!(result.is_ok(), "whoever takes a webhook may answer as they like");
        } else {
            let (reason, _) = later(result);
            assert!(reason.contains("Sign in"), "{kind}: {reason}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inner = Server::answering(|_| status(200, &json!({ "ok": true }))).await;
    let secrets = Secrets::new();
    for code in [301, 302, 303, 307, 308] {
        let to = format!("{}/latest/meta-data?x=1", inner.url).replace("127.0.0.1", "localhost");
        let server = Server::answering(move |_| with_header(code, "location", &to)).await;
        for (kind, channel) in channels(&server.url, &secrets) {
            let reason = never(channel.deliver(&sample::notice(), None).await);
            assert!(
                reason.contains("(host localhost)") && reason.contains("write the final address"),
                "{kind}: {reason}"
            );
            assert!(!reason.contains("meta-data"), "{kind}: {reason}");
            assert_discreet(&reason);
        }
    }
    assert!(inner.asked().is_empty(), "nobody came to the inner address");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = format!("{head}{}", format!("4000\r\n{}\r\n", "x".repeat(0x4000)).repeat(64));
    let secrets = Secrets::new();
    for (kind, yaml) in USABLE {
        let address = raw(vec![endless.clone().into_bytes()]).await;
        let channel = build(kind, &filled(yaml, &format!("http://{address}"), &secrets)).unwrap();
        // Who only posts has been told by the status that it was taken; who needs the answer has none.
        let result = channel.deliver(&sample::notice(), None).await;
        if *kind == "jira-ticket" || yaml.contains("conversation") {
            assert!(later(result).0.contains("was cut off"), "{kind}");
        } else {
            assert!(result.is_ok(), "{kind}: {result:?}");
        }
    }
}

/// A server with a certificate for `name`: gives its address and the certificate, and takes one connection after another.
async fn tls_server(name: &str) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let ring = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not like the certificate hangs up: that is what is tested.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let length = stream.read(&mut [0; 4096]).await.unwrap();
            assert!(length > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not_trusted() {
    let secrets = Secrets::new();
    let (port, pem) = tls_server("other.example").await;
    let ca_file = secrets.keep("ca.pem", &pem).replace("file:", "");
    for (kind, yaml) in USABLE {
        let yaml = filled(yaml, &format!("https://localhost:{port}"), &secrets);
        for yaml in [yaml.clone(), format!("{yaml}ca_file: {ca_file}\n")] {
            let channel = build(kind, &yaml).unwrap();
            let (reason, _) = later(channel.deliver(&sample::notice(), None).await);
            assert!(reason.contains("the certificate of the other side cannot be trusted"), "{kind}: {reason}");
            assert_discreet(&reason);
        }
    }
}

#[tokio::test]
async fn a_certificate_of_ones_own_authority_is_trusted() {
    let secrets = Secrets::new();
    let (port, pem) = tls_server("localhost").await;
    let ca_file = secrets.keep("ca.pem", &pem).replace("file:", "");
    let yaml = filled("url: {hook}\n", &format!("https://localhost:{port}"), &secrets);
    let channel = build("slack", &format!("{yaml}ca_file: {ca_file}\n")).unwrap();
    channel.deliver(&sample::notice(), None).await.unwrap();
}
