//! What no request gets past: other hosts, other methods, what is too long or too slow; and what every answer says to browsers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;

use super::{Answer, PATIENCE, Served, TOKEN, certificate, client, demo_with, free_port};
use crate::support::keyroll::keyroll_with;

const STRICT: [(&str, &str); 8] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex, nofollow"),
    ("permissions-policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

fn assert_strict(what: &str, answer: &Answer) {
    for (name, value) in STRICT {
        assert_eq!(answer.header(name), value, "{name} of {what}");
    }
    assert!(["no-store", "no-cache"].contains(&answer.header("cache-control")), "{what}");
    assert!(answer.headers.get("server").is_none() && answer.headers.get("x-powered-by").is_none(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_strict_the_refusals_too() {
    let (served, _folder) = Served::on_demo("");
    let paths = [
        ("/", 303),
        ("/t/keyroll/", 200),
        ("/t/keyroll/findings?status=odd", 400),
        ("/t/keyroll/files/findings.csv", 200),
        ("/t/other/", 404),
        ("/t/keyroll/nothing", 404),
        ("/nothing", 404),
        ("/style.css", 200),
        ("/icon.svg", 200),
        ("/sign-in", 303),
        ("/sign-in/callback?code=x&state=y", 404),
        ("/t/%ff/", 400),
    ];
    for (path, status) in paths {
        let answer = served.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_strict(path, &answer);
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: nothing is encrypted here");
        let head = served.ask(client().head(format!("{}{path}", served.url))).await;
        assert_eq!((head.status, head.body.as_str()), (status, ""), "HEAD {path}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECTX", "PROPFIND"] {
        let request =
            client().request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}/t/keyroll/", served.url));
        let answer = served.ask(request.header("x-http-method-override", "GET")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, POST"), "{method}");
        assert_strict(method, &answer);
    }
    let post = served.ask(client().post(format!("{}/t/keyroll/findings", served.url)).body("x=1")).await;
    assert_eq!(post.status, 405, "{}", post.body);
    assert_strict("POST", &post);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_that_leads_here_is_refused() {
    let (served, _folder) = Served::on_demo("");
    let own = served.url.trim_start_matches("http://").to_owned();
    let port = own.rsplit_once(':').unwrap().1;
    let ask = |head: String| served.raw(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes());
    let status = |answer: &str| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    for host in [own.clone(), format!("localhost:{port}"), format!("LOCALHOST:{port}")] {
        let answer = ask(format!("GET /t/keyroll/coverage HTTP/1.1\r\nHost: {host}"));
        assert_eq!(status(&answer), "200", "{host}: {answer}");
    }
    let others = [
        format!("evil.example:{port}"),
        "evil.example".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
        format!("{own}.evil.example"),
        format!("127.0.0.1@evil.example:{port}"),
        "127.0.0.1".to_owned(),
        String::new(),
        format!("[::1]:{port}"),
        format!("127.0.0.2:{port}"),
    ];
    for host in others {
        let answer = ask(format!("GET /t/keyroll/coverage HTTP/1.1\r\nHost: {host}"));
        assert!(["421", "400"].contains(&status(&answer).as_str()), "{host}: {answer}");
        assert!(!answer.contains("Scan s"), "{host}");
    }
    for head in [
        format!("GET /t/keyroll/coverage HTTP/1.1\r\nHost: {own}\r\nHost: evil.example"),
        "GET /t/keyroll/coverage HTTP/1.1".to_owned(),
        "GET /t/keyroll/coverage HTTP/1.0".to_owned(),
        format!("GET http://evil.example:{port}/t/keyroll/coverage HTTP/1.1\r\nHost: {own}"),
    ] {
        let answer = ask(head.clone());
        assert!(["421", "400"].contains(&status(&answer).as_str()), "{head}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_lead_nowhere_else() {
    let (served, _folder) = Served::on_demo("");
    let own = served.url.trim_start_matches("http://").to_owned();
    for path in [
        "/../keyroll.yaml",
        "/t/../../etc/passwd",
        "/t/keyroll/../../keyroll.db",
        "/t/keyroll/files/../../keyroll.yaml",
        "/t/..%2f..%2fetc/",
        "/t/keyroll/files/%2e%2e%2f%2e%2e%2fkeyroll.db",
        "//etc/passwd",
        "/t//keyroll/",
        "/t/keyroll//findings",
        "/t/keyroll/files/report.html%00.csv",
        "/t/keyroll/files/..\\..\\keyroll.db",
        "/style.css/../t/keyroll/",
        "/%2e/t/keyroll/",
        "/t/KEYROLL/",
        "/t/keyroll%20/",
    ] {
        let answer = served.raw(format!("GET {path} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n").as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(["404", "400"].contains(&status), "{path}: {answer}");
        assert!(
            !answer.contains("root:") && !answer.contains("estate: acme") && !answer.contains("SQLite format"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_or_too_slow_is_refused() {
    let (served, _folder) =
        Served::on_demo("serve:\n  tokens: [{ name: t, token: env:TOKEN }]\n  visible_to: [token:t]\n");
    let own = served.url.trim_start_matches("http://").to_owned();
    let status = |answer: &str| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let long = served
        .raw(format!("GET /?{} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n", "q".repeat(5_000)).as_bytes());
    assert_eq!(status(&long), "414", "{long}");
    let heads = format!("GET / HTTP/1.1\r\nHost: {own}\r\nX-Long: {}\r\nConnection: close\r\n\r\n", "x".repeat(14_000));
    assert_eq!(status(&served.raw(heads.as_bytes())), "431");
    let huge = format!("GET / HTTP/1.1\r\nHost: {own}\r\nX-Long: {}\r\n\r\n", "x".repeat(5_000_000));
    assert!(["431", "400", ""].contains(&status(&served.raw(huge.as_bytes())).as_str()));
    let many: String = (0..2_000).map(|at| format!("X-{at}: 1\r\n")).collect();
    assert!(
        ["431", "400", ""]
            .contains(&status(&served.raw(format!("GET / HTTP/1.1\r\nHost: {own}\r\n{many}\r\n").as_bytes())).as_str())
    );
    let form =
        client().post(format!("{}/sign-in", served.url)).header("content-type", "application/x-www-form-urlencoded");
    let large = served.ask(form.body(format!("token={}", "x".repeat(100_000)))).await;
    assert_eq!(large.status, 413, "{}", large.body);
    for (media, body) in [
        ("text/plain", "token=x"),
        ("application/json", "{\"token\":\"x\"}"),
        ("multipart/form-data; boundary=x", "--x"),
    ] {
        let odd = client().post(format!("{}/sign-in", served.url)).header("content-type", media).body(body);
        assert_eq!(served.ask(odd).await.status, 415, "{media}");
    }
    // Two lengths, or a length and pieces: what a proxy and we could understand differently is not answered at all.
    for smuggled in [
        "Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
        "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n\r\nabcd",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let answer = served.raw(format!("POST /sign-in HTTP/1.1\r\nHost: {own}\r\n{smuggled}").as_bytes());
        assert!(["400", "501", ""].contains(&status(&answer).as_str()), "{smuggled}: {answer}");
    }

    // Slowly: a head that never ends is cut off, a form that never comes is given up, and others are served meanwhile.
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&own).unwrap()).collect();
    for line in &mut slow {
        line.write_all(format!("GET / HTTP/1.1\r\nHost: {own}\r\nX-Slow: ").as_bytes()).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let mut form = TcpStream::connect(&own).unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {own}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntoken="
    );
    form.write_all(head.as_bytes()).unwrap();
    form.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(served.get("/sign-in").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    let read = form.read(&mut piece).unwrap();
    answer.extend_from_slice(&piece[..read]);
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    for mut line in slow {
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).ok();
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

/// Beyond this machine nothing is served in the open, and nothing to everybody.
#[test]
fn it_does_not_begin_where_others_could_see_everything() {
    let refused = |more: &str, arguments: &[&str]| {
        let folder = demo_with(more);
        let run = keyroll_with(
            &folder.path().join("keyroll-demo"),
            &[&["serve"][..], arguments].concat(),
            &[("TOKEN", TOKEN), ("WEAK", "hunter2")],
        );
        assert!(run.code == 1 || run.code == 3, "{more}: {} {}", run.code, run.err);
        assert!(!run.err.contains(TOKEN) && !run.err.contains("hunter2"), "{}", run.err);
        run.err
    };
    let tokens = "  tokens: [{ name: t, token: env:TOKEN }]\n  visible_to: [token:t]\n";
    for (more, told) in [
        ("serve:\n  listen: 0.0.0.0:8347\n".to_owned(), "which takes a certificate"),
        (format!("serve:\n  listen: 0.0.0.0:8347\n{tokens}"), "which takes a certificate"),
        ("serve:\n  listen: 0.0.0.0:8347\n  host: k.example\n  proxies: [10.0.0.1]\n".to_owned(), "has to sign in"),
        (format!("serve:\n  listen: 127.0.0.1:8347\n  proxies: [127.0.0.1]\n{tokens}"), "set `host:`"),
        ("serve:\n  tokens: [{ name: t, token: env:WEAK }]\n  visible_to: [token:t]\n".to_owned(), "shorter than 20"),
        ("serve:\n  tokens: [{ name: t, token: env:TOKEN }]\n".to_owned(), "nobody may see anything"),
        ("serve:\n  tokens: [{ name: t, token: env:TOKEN }]\n  visible_to: [token:x, mail:a@b.example, local, all]\n".to_owned(), "there is no token `x`"),
        ("serve:\n  listen: everywhere\n  host: 'https://k.example/'\n  idle: soon\n  lissten: x\n".to_owned(), "unknown key `lissten`"),
        ("serve:\n  tokens: [{ name: t, token: hunter2hunter2hunter2 }]\n  visible_to: [token:t]\n".to_owned(), "no reference"),
        ("serve:\n  certificate: nothing.pem\n  key: file:/nothing.key\n".to_owned(), "cannot read"),
        ("serve:\n  certificate: keyroll.yaml\n  key: hunter2\n".to_owned(), "write `key: file:/path`"),
    ] {
        let said = refused(&more, &[]);
        assert!(said.contains(told), "{more}{said}");
    }
    let said = refused("serve:\n  listen: everywhere\n  host: 'https://k.example/'\n  idle: soon\n  lissten: x\n", &[]);
    for each in ["`listen` cannot be `everywhere`", "`host` cannot be", "idle"] {
        assert!(said.contains(each), "all is told at once: {said}");
    }
    assert!(refused("", &["--listen", "0.0.0.0:0"]).contains("which takes a certificate"));

    // A key that others can read is no secret.
    let folder = demo_with("");
    let inside = folder.path().join("keyroll-demo");
    let (chain, key) = certificate(&inside);
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let more = format!("serve:\n  certificate: {}\n  key: file:{}\n", chain.display(), key.display());
    let file = inside.join("keyroll.yaml");
    fs::write(&file, format!("{}{more}", fs::read_to_string(&file).unwrap())).unwrap();
    let run = keyroll_with(&inside, &["serve"], &[]);
    assert!(run.code == 3 && run.err.contains("can be read by others (mode 644)"), "{}", run.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_this_machine_it_is_encrypted() {
    let folder = demo_with("");
    let inside = folder.path().join("keyroll-demo");
    let (chain, key) = certificate(&inside);
    let port = free_port();
    let more = format!(
        "serve:\n  listen: 0.0.0.0:{port}\n  host: localhost:{port}\n  certificate: serve.pem\n  key: file:{}\n  tokens: [{{ name: t, token: env:TOKEN }}]\n  visible_to: [token:t]\n",
        key.display()
    );
    let file = inside.join("keyroll.yaml");
    fs::write(&file, format!("{}{more}", fs::read_to_string(&file).unwrap())).unwrap();
    let served = Served::start(&inside, &[], &[("TOKEN", TOKEN)]);
    assert_eq!(served.url, format!("https://localhost:{port}"));
    drop(client());
    let vouched = reqwest::Certificate::from_pem(&fs::read(&chain).unwrap()).unwrap();
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let trusting = builder.tls_certs_only([vouched]).build().unwrap();
    let page = served.ask(trusting.get(format!("{}/t/keyroll/", served.url)).bearer_auth(TOKEN)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_strict("an encrypted page", &page);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let other = served.ask(trusting.get(format!("https://127.0.0.1:{port}/t/keyroll/")).bearer_auth(TOKEN)).await;
    assert_eq!(other.status, 421, "beyond this machine it has one name");
    // In the open there is nothing, and a name that the certificate does not have is not trusted.
    let mut open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    open.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    open.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = Vec::new();
    open.read_to_end(&mut answer).ok();
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"), "{}", String::from_utf8_lossy(&answer));
    assert!(client().get(format!("https://localhost:{port}/")).send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_only_the_proxy_is_answered() {
    let serve = |proxy: &str| {
        format!(
            "serve:\n  host: keyroll.acme.example\n  proxies: [{proxy}]\n  access_log: access.log\n  tokens: [{{ name: t, token: env:TOKEN }}]\n  visible_to: [token:t]\n"
        )
    };
    let folder = demo_with(&serve("127.0.0.1"));
    let inside = folder.path().join("keyroll-demo");
    let port = free_port();
    let served = Served::start(&inside, &["--listen", &format!("127.0.0.1:{port}")], &[("TOKEN", TOKEN)]);
    let ask = |from: &str| {
        let request = client().get(format!("http://127.0.0.1:{port}/t/keyroll/coverage")).bearer_auth(TOKEN);
        request.header("host", "keyroll.acme.example").header("x-forwarded-for", from)
    };
    let page = served.ask(ask("203.0.113.9, 192.0.2.7")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000", "the proxy encrypts");
    let lines = fs::read_to_string(inside.join("access.log")).unwrap();
    assert!(lines.contains("\"address\":\"192.0.2.7\""), "what the proxy saw, and not what a client says: {lines}");
    // Whoever asks too fast waits, and nobody else does.
    let mut asked = 0;
    let held_up = loop {
        let answer = served.ask(ask("192.0.2.8")).await;
        if answer.status != 200 {
            break answer;
        }
        asked += 1;
        assert!(asked < 3_000, "nobody is ever held up");
    };
    assert_eq!((held_up.status, held_up.header("retry-after")), (429, "1"), "{}", held_up.body);
    assert!(asked >= 300, "{asked}");
    assert_eq!(served.ask(ask("192.0.2.9")).await.status, 200);
    let direct = served.ask(client().get(format!("http://127.0.0.1:{port}/")).bearer_auth(TOKEN)).await;
    assert_eq!(direct.status, 421, "it is known by the one name");
    drop(served);

    let folder = demo_with(&serve("10.9.8.7"));
    let inside = folder.path().join("keyroll-demo");
    let served = Served::start(&inside, &["--listen", &format!("127.0.0.1:{port}")], &[("TOKEN", TOKEN)]);
    let refused = served.ask(ask("192.0.2.7")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_strict("what is no proxy", &refused);
}
