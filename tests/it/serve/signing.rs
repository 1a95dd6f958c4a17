//! Signing in with a token, and out: cookies, forms of other sites, guesses, sessions that end, and who looked at what.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Served, TOKEN, client, demo_with};

const SERVE: &str = "serve:\n  tokens: [{ name: auditors, token: env:TOKEN }]\n  visible_to: [token:auditors]\n  access_log: access.log\n";

impl Served {
    /// Sends the form of the page where one signs in.
    async fn sign_in(&self, token: &str, next: &str) -> Answer {
        let form = client().post(format!("{}/sign-in", self.url));
        self.ask(form.form(&[("token", token), ("next", next)])).await
    }

    /// The word of a new session.
    async fn session(&self) -> String {
        let answer = self.sign_in(TOKEN, "/").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.cookie("__Host-keyroll").unwrap().0
    }

    async fn with(&self, word: &str, path: &str) -> Answer {
        self.ask(client().get(format!("{}{path}", self.url)).header("cookie", format!("__Host-keyroll={word}"))).await
    }
}

/// What the form for signing out holds.
fn form_word(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"form_word\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anything_before_they_have_signed_in() {
    let (served, _folder) = Served::on_demo(SERVE);
    let paths = [
        "/",
        "/t/keyroll/",
        "/t/keyroll/findings?q=a%20b",
        "/t/keyroll/files/findings.csv",
        "/t/keyroll/files/report.html",
        "/t/other/",
        "/nothing",
        "/t/keyroll/packs/x",
    ];
    for path in paths {
        let answer = served.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        let place = answer.header("location").to_owned();
        assert!(place.starts_with("/sign-in"), "{path}: {place}");
        assert!(answer.body.is_empty() && answer.cookie("__Host-keyroll").is_none(), "{path}");
        let odd = served.with("forged", path).await;
        assert_eq!(odd.status, 303, "{path}");
        let wrong = served.ask(client().get(format!("{}{path}", served.url)).bearer_auth("wrong")).await;
        assert!([401, 429].contains(&wrong.status), "{path}: {}", wrong.status);
        assert!(!wrong.body.contains("Scan"), "{path}");
    }
    let post = served.ask(client().post(format!("{}/t/keyroll/findings", served.url))).await;
    assert_eq!(post.status, 401);
    assert_eq!(served.get("/sign-in").await.status, 200);
    assert_eq!(served.get("/style.css").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_a_session_that_ends_with_the_form_of_its_own_page() {
    let (served, folder) = Served::on_demo(SERVE);
    let page = served.get("/t/keyroll/findings?q=a%20b&page=1").await;
    let form = served.get(page.header("location")).await;
    assert!(form.body.contains("value=\"&#x2f;t&#x2f;keyroll&#x2f;findings?q=a%20b&amp;page=1\""), "{}", form.body);
    let answer = served.sign_in(TOKEN, "/t/keyroll/findings?q=a%20b&page=1").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/t/keyroll/findings?q=a%20b&page=1"));
    let (word, how) = answer.cookie("__Host-keyroll").unwrap();
    assert_eq!(how.trim(), "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=36000");
    assert!(word.len() >= 43, "256 bits: {word}");
    let page = served.with(&word, "/t/keyroll/findings").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("token auditors") && !page.body.contains(&word) && !page.body.contains(TOKEN));

    // A form of another site, or without its word, changes nothing.
    let out = |word: &str, form_word: &str| {
        let form = client().post(format!("{}/sign-out", served.url)).header("cookie", format!("__Host-keyroll={word}"));
        form.form(&[("form_word", form_word)])
    };
    let known = form_word(&page);
    for (refused, why) in [
        (out(&word, ""), "no word"),
        (out(&word, "guessed"), "a guess"),
        (out(&word, &known).header("sec-fetch-site", "cross-site"), "another site"),
        (out(&word, &known).header("sec-fetch-site", "same-site"), "another host"),
        (out(&word, &known).header("origin", "https://evil.example"), "another origin"),
    ] {
        assert_eq!(served.ask(refused).await.status, 403, "{why}");
    }
    let other = served.session().await;
    assert_ne!(other, word);
    let stolen = form_word(&served.with(&other, "/t/keyroll/findings").await);
    assert_eq!(served.ask(out(&word, &stolen)).await.status, 403, "the word of another session");
    let get = served
        .ask(client().get(format!("{}/sign-out", served.url)).header("cookie", format!("__Host-keyroll={word}")))
        .await;
    assert_eq!(get.status, 405, "a link signs nobody out");
    assert_eq!(served.with(&word, "/t/keyroll/").await.status, 200);
    let done = served.ask(out(&word, &known).header("sec-fetch-site", "same-origin").header("origin", "null")).await;
    assert_eq!((done.status, done.header("location")), (303, "/sign-in"));
    assert!(done.cookie("__Host-keyroll").unwrap().1.contains("Max-Age=0"));
    assert_eq!(served.with(&word, "/t/keyroll/").await.status, 303, "the word is worth nothing any more");
    assert_eq!(served.with(&other, "/t/keyroll/").await.status, 200, "the other session goes on");

    // A form that another site has made does not sign in either.
    let form = client()
        .post(format!("{}/sign-in", served.url))
        .form(&[("token", TOKEN)])
        .header("sec-fetch-site", "cross-site");
    assert_eq!(served.ask(form).await.status, 403);

    // A word that somebody brought along is not the word of the session.
    let planted = client().post(format!("{}/sign-in", served.url)).header("cookie", format!("__Host-keyroll={other}"));
    let answer = served.ask(planted.form(&[("token", TOKEN)])).await;
    assert_ne!(answer.cookie("__Host-keyroll").unwrap().0, other);
    assert_eq!(served.with(&other, "/t/keyroll/").await.status, 303, "and ends");

    // Who looked at what, without what they looked for, and without a word of it all.
    let log = folder.path().join("keyroll-demo/access.log");
    assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&log).unwrap();
    for never in [TOKEN, &word, &other, &known, "a%20b", "q=", "page="] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["path"] == "/t/keyroll/findings" && line["status"] == 200).unwrap();
    assert_eq!(
        (&line["who"], &line["tenant"], &line["method"]),
        (&"token auditors".into(), &"keyroll".into(), &"GET".into())
    );
    assert!(line["at"].is_string() && line["address"] == "127.0.0.1" && line["milliseconds"].is_u64(), "{line}");
    for event in ["signed in", "signed out", "sign-out refused"] {
        assert!(lines.iter().any(|line| line["event"] == event), "{event}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_no_other_host() {
    let (served, _folder) = Served::on_demo(SERVE);
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
        "/%0d%0aX: y\r\nX: y",
        "/sign-out",
    ] {
        let answer = served.sign_in(TOKEN, next).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{next:?}");
        assert_eq!(answer.header("x"), "", "{next:?}");
        let form = served.ask(client().get(format!("{}/sign-in", served.url)).query(&[("next", next)])).await;
        assert!(!form.body.contains("evil.example"), "{next:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_is_held_up() {
    let (served, _folder) = Served::on_demo(SERVE);
    let word = served.session().await;
    let mut refused = 0;
    for at in 0..10 {
        let answer = served.sign_in(&format!("guess-{at}"), "/").await;
        assert_eq!(answer.status, 403, "{at}: {}", answer.body);
        assert!(answer.cookie("__Host-keyroll").is_none() && !answer.body.contains(&format!("guess-{at}")));
        refused += 1;
    }
    for answer in [served.sign_in("guess", "/").await, served.sign_in(TOKEN, "/").await] {
        assert_eq!(answer.status, 429, "after {refused} tries even the right one has to wait");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
    }
    assert_eq!(served.ask(client().get(format!("{}/t/keyroll/", served.url)).bearer_auth("guess")).await.status, 429);
    assert_eq!(served.with(&word, "/t/keyroll/").await.status, 200, "whoever is in, stays in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself() {
    let (served, _folder) = Served::on_demo(&format!("{SERVE}  idle: 5s\n  longest: 8s\n"));
    let (idle, used) = (served.session().await, served.session().await);
    let begun = std::time::Instant::now();
    let mut lasted = Duration::ZERO;
    while served.with(&used, "/t/keyroll/coverage").await.status == 200 {
        lasted = begun.elapsed();
        assert!(lasted < Duration::from_secs(60), "it lasts for ever");
    }
    assert!(lasted > Duration::from_secs(5), "it was used: {lasted:?}");
    assert_eq!(served.with(&idle, "/t/keyroll/coverage").await.status, 303);
}

#[test]
fn a_configuration_with_this_section_is_examined() {
    let folder = demo_with("serve:\n  tokens: [{ name: t, token: env:NOT_SET }]\n  visible_to: [token:t]\n");
    let run = crate::support::keyroll::keyroll(&folder.path().join("keyroll-demo"), &["doctor", "--format", "json"]);
    assert!(run.out.contains("serve") && run.out.contains("NOT_SET"), "{}{}", run.out, run.err);
}
