//! Mail: what a letter says and how, what a server's answers lead to, and that nothing goes out in plain text.

use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use keyroll::alerts::{Channel, DeliveryError, Receipt};
use keyroll::model::{Notice, Severity, Thread};

use super::mail_reader::Part;
use super::smtp_script::{Script, Server, Turn};
use super::tls::Authority;
use super::{mail_sample, told_or_built};
use crate::support::expected::expect_file;

/// Long enough for any answer on this machine.
const PATIENT: Duration = Duration::from_secs(20);
/// For servers that never answer.
const HURRIED: Duration = Duration::from_millis(300);

const WHO: &str = "from: keyroll <keyroll@example.com>\nto: [ops@example.com, Security <sec@example.com>]\n";

fn plain(port: u16, more: &str, patience: Duration) -> Box<dyn Channel> {
    let yaml = format!("server: 127.0.0.1\nport: {port}\nsecurity: none\n{WHO}{more}");
    told_or_built("email", &yaml, patience).unwrap()
}

/// Sends one notice to a server that takes it; the mail as it arrived.
async fn sent(notice: &Notice, thread: Option<&Thread>, more: &str) -> (Receipt, String) {
    let server = Server::start(Script::default()).await;
    let receipt = plain(server.port, more, PATIENT).deliver(notice, thread).await.unwrap();
    (receipt, server.mails().pop().unwrap())
}

async fn failure(script: Script, patience: Duration) -> DeliveryError {
    let server = Server::start(script).await;
    plain(server.port, "", patience).deliver(&mail_sample::finding(), None).await.unwrap_err()
}

/// The visible text of an HTML page, without its spaces.
fn visible(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1;
    let shown: String = body.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
    let named = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&amp;", "&"),
    ];
    unspaced(&named.iter().fold(shown, |text, (name, letter)| text.replace(name, letter)))
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
}

#[tokio::test]
async fn letters_read_as_expected() {
    let samples = [
        ("finding", mail_sample::finding()),
        ("expiry", mail_sample::expiry()),
        ("digest", mail_sample::digest()),
        ("settled", mail_sample::settled()),
    ];
    for (name, notice) in samples {
        let (_, mail) = sent(&notice, None, "attach_csv: true\nreply_to: team@example.com\n").await;
        let part = Part::read(&mail);
        let mut shown = String::new();
        for (header, values) in &part.headers {
            if !matches!(header.as_str(), "content-type" | "mime-version") {
                values.iter().for_each(|value| shown.push_str(&format!("{header}: {value}\n")));
            }
        }
        let text = &part.find("text/plain").unwrap().body;
        let rows = part.find("text/csv").unwrap();
        shown.push_str(&format!("\n{text}\n==== {}\n{}", rows.header("content-disposition"), rows.body));
        expect_file(&format!("tests/snapshots/mail/{name}.txt"), &shown);
        expect_file(&format!("tests/snapshots/mail/{name}.html"), &part.find("text/html").unwrap().body);
    }
}

#[tokio::test]
async fn text_and_html_say_the_same_in_lines_that_fit() {
    for notice in [mail_sample::finding(), mail_sample::expiry(), mail_sample::digest(), mail_sample::hostile()] {
        let (_, mail) = sent(&notice, None, "").await;
        assert!(mail.is_ascii() && mail.lines().all(|line| line.len() <= 998));
        let part = Part::read(&mail);
        let (text, html) = (&part.find("text/plain").unwrap().body, &part.find("text/html").unwrap().body);
        for line in text.lines() {
            let long_word = line.split_whitespace().any(|word| keyroll::text::columns(word) > 50);
            assert!(long_word || keyroll::text::columns(line) <= 72, "{line:?}");
        }
        let (bare, shown) = (unspaced(text), visible(html));
        let harmless = |text: &str| unspaced(&keyroll::text::harmless(text));
        let mut facts =
            vec![notice.title.clone(), notice.more.clone(), notice.id.to_string(), notice.cause.to_string()];
        facts.extend(notice.lead.clone());
        for effect in &notice.effects {
            facts.extend([effect.text.clone(), effect.note.clone(), effect.remedy.clone(), effect.link.clone()]);
            facts.extend([effect.resource_name.clone(), effect.owner.clone().unwrap_or_default()]);
            facts.push(effect.finding.as_ref().map_or(String::new(), |id| id.short().to_owned()));
        }
        for fact in facts.iter().filter(|fact| fact.chars().count() < 900) {
            assert!(bare.contains(&harmless(fact)), "text lacks {fact:?}");
            assert!(shown.contains(&harmless(fact)), "HTML lacks {fact:?}: {shown}");
        }
        assert!(notice.hidden == 0 || (bare.contains("And1,200more") && shown.contains("And1,200more")));
    }
}

#[tokio::test]
async fn hostile_names_stay_inside_their_place() {
    let (_, mail) = sent(&mail_sample::hostile(), None, "attach_csv: true\n").await;
    let part = Part::read(&mail);
    for name in ["bcc", "x-evil", "cc"] {
        assert!(!part.headers.contains_key(name), "{mail}");
    }
    let subject = part.header("subject");
    assert!(subject.chars().count() <= 150 && !subject.contains("\u{202e}") && !subject.chars().any(char::is_control));
    assert!(subject.contains("= ?utf-8?q?") || !subject.contains("utf-8"), "{subject}");
    let html = &part.find("text/html").unwrap().body;
    assert!(!html.contains("<script") && !html.contains("href=\"javascript") && !html.contains("\" onmouseover"));
    let rows = &part.find("text/csv").unwrap().body;
    assert!(rows.contains("\"'=HYPERLINK(") && rows.contains("\"Fox, Dana <evil@example.net>, \"\"x\"\"\""), "{rows}");
}

#[tokio::test]
async fn html_loads_nothing_and_has_no_script_or_sheet() {
    for notice in [mail_sample::finding(), mail_sample::hostile()] {
        let (_, mail) = sent(&notice, None, "").await;
        let html = Part::read(&mail).find("text/html").unwrap().body.to_lowercase();
        for loader in ["<img", "<script", "<style", "<link", "src=", "url(", "@import", "<iframe"] {
            assert!(!html.contains(loader), "{loader}");
        }
    }
}

#[tokio::test]
async fn the_same_notice_is_the_same_letter_and_a_later_one_joins_its_thread() {
    let (first, mail) = sent(&mail_sample::finding(), None, "").await;
    let (again, same) = sent(&mail_sample::finding(), None, "").await;
    assert_eq!(mail, same);
    assert_eq!(first, again);
    let part = Part::read(&mail);
    let id = part.header("message-id").to_owned();
    assert_eq!(id, "<N-4ZJ8Q0M2T6W1KCXA.ops@example.com>");
    let root = "<C-9D1MB7E3HY5RPV2G.ops@example.com>";
    assert_eq!((part.header("in-reply-to"), part.header("references")), (root, root));
    assert_eq!(part.header("date"), "Sun, 22 Nov 2026 07:30:00 +0000");
    assert_eq!((part.header("auto-submitted"), part.header("importance")), ("auto-generated", "high"));

    let thread = mail_sample::thread(first.remote.clone());
    let (later, mail) = sent(&mail_sample::settled(), Some(&thread), "").await;
    let answer = Part::read(&mail);
    assert_eq!(answer.header("in-reply-to"), id);
    assert_eq!(answer.header("references"), format!("{root} {id}"));
    assert_eq!(answer.header("subject"), format!("Re: {}", part.header("subject")));
    assert_eq!(answer.header("importance"), "");
    assert_eq!(later, first, "what later letters answer to stays the first one");

    // The same notice once more, after a crash between delivery and bookkeeping: it does not answer itself.
    let (_, repeated) = sent(&mail_sample::finding(), Some(&thread), "").await;
    assert_eq!(Part::read(&repeated).header("references"), root);
}

#[tokio::test]
async fn what_got_worse_gets_a_subject_of_its_own_and_so_does_a_title() {
    let mild = Notice { id: "N-MILD".into(), severity: Severity::Medium, ..mail_sample::finding() };
    let (first, _) = sent(&mild, None, "").await;
    let thread = mail_sample::thread(first.remote);
    let (worse, mail) = sent(&mail_sample::finding(), Some(&thread), "").await;
    let part = Part::read(&mail);
    assert!(part.header("subject").starts_with("[keyroll acme: critical] “svc-build”"), "{}", part.header("subject"));
    assert!(part.header("references").ends_with("<N-MILD.ops@example.com>"));
    assert!(worse.remote.unwrap().starts_with("<N-4ZJ8Q0M2T6W1KCXA.ops@example.com> critical "));

    let (_, mail) = sent(&mail_sample::settled(), Some(&thread), "title: '{{ action }} {{ cause }}'\n").await;
    assert_eq!(Part::read(&mail).header("subject"), "settle C-9D1MB7E3HY5RPV2G");
    for nonsense in ["", "1700000000.123", "<a> b", "x y z", "<a@b> loud subject"] {
        let thread = mail_sample::thread(Some(nonsense.to_owned()));
        let (_, mail) = sent(&mail_sample::finding(), Some(&thread), "").await;
        assert!(Part::read(&mail).header("subject").starts_with("[keyroll"), "{nonsense}");
    }
}

#[tokio::test]
async fn owners_are_written_to_in_place_of_the_list() {
    let server = Server::start(Script::default()).await;
    let channel = plain(server.port, "", PATIENT);
    let mut notice = mail_sample::expiry();
    let odd = [
        "dana@example.com",
        "a@example.com\r\nRCPT TO:<evil@example.net>",
        "a@x.com, b@x.com",
        "",
        " dana@example.com ",
    ];
    notice.recipients = odd.map(str::to_owned).to_vec();
    channel.deliver(&notice, None).await.unwrap();
    let named: Vec<String> = server.lines().into_iter().filter(|line| line.starts_with("RCPT")).collect();
    assert_eq!(named, ["RCPT TO:<dana@example.com>"]);
    notice.recipients = vec!["nobody".to_owned()];
    let error = channel.deliver(&notice, None).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Never { .. }) && !error.to_string().contains("nobody"), "{error}");
}

#[tokio::test]
async fn answers_decide_whether_another_try_can_help() {
    let ok = Script::default;
    let later = [
        (Script { greeting: Turn::Say("421 too busy"), ..ok() }, "too busy"),
        (Script { greeting: Turn::Say("HTTP/1.1 400 Bad Request"), ..ok() }, "does not answer like a mail server"),
        (Script { greeting: Turn::SayLong(200_000), ..ok() }, "gave no answer"),
        (Script { greeting: Turn::Cut, ..ok() }, "does not answer like a mail server"),
        (Script { recipients: vec![Turn::Say("450 greylisted"); 2], ..ok() }, "greylisted"),
        (Script { recipients: vec![Turn::Say("250 yes"), Turn::Say("451 later")], ..ok() }, "because of a recipient"),
        (Script { content: Turn::Say("451 disk full"), ..ok() }, "disk full"),
        (Script { content: Turn::Cut, ..ok() }, "mail server `127.0.0.1:"),
        (Script { greeting: Turn::Hang, ..ok() }, "gave no answer within 0.3 s"),
        (Script { content: Turn::Hang, ..ok() }, "gave no answer within 0.3 s"),
        (Script { data: Turn::Hang, ..ok() }, "gave no answer within 0.3 s"),
    ];
    for (script, words) in later {
        let error = failure(script.clone(), HURRIED).await;
        assert!(
            matches!(error, DeliveryError::Later { .. }) && error.to_string().contains(words),
            "{script:?} {error}"
        );
    }
    let never = [
        (Script { recipients: vec![Turn::Say("550 no such user"); 2], ..ok() }, "no such user"),
        (Script { content: Turn::Say("554 looks like spam"), ..ok() }, "looks like spam"),
        (Script { greeting: Turn::Say("554 go away"), goodbye: Turn::Hang, ..ok() }, "go away"),
    ];
    for (script, words) in never {
        let error = failure(script.clone(), PATIENT).await;
        assert!(
            matches!(error, DeliveryError::Never { .. }) && error.to_string().contains(words),
            "{script:?} {error}"
        );
    }
}

#[tokio::test]
async fn one_address_that_is_gone_does_not_keep_the_letter_from_others() {
    let script = Script { recipients: vec![Turn::Say("550 gone")], ..Script::default() };
    let server = Server::start(script).await;
    plain(server.port, "", PATIENT).deliver(&mail_sample::finding(), None).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_letter_that_was_taken_is_sent_whatever_happens_after() {
    for goodbye in [Turn::Hang, Turn::Cut, Turn::Say("500 what?")] {
        let server = Server::start(Script { goodbye, ..Script::default() }).await;
        plain(server.port, "", PATIENT).deliver(&mail_sample::finding(), None).await.unwrap();
    }
}

#[tokio::test]
async fn hostile_answers_are_shown_short_and_without_addresses() {
    let long = Box::leak(format!("550 <ops@example.com>\u{1b}[31m {}", "y".repeat(600)).into_boxed_str());
    let error =
        failure(Script { recipients: vec![Turn::Say(long); 2], ..Script::default() }, PATIENT).await.to_string();
    assert!(error.len() < 400 && !error.contains('\u{1b}') && !error.contains("ops@example.com"), "{error}");
    assert!(error.contains("<recipient 1>"), "{error}");
}

#[tokio::test]
async fn a_password_is_never_repeated() {
    // user `keyroll`, password `hunter2-long`, as AUTH PLAIN sends them.
    let echo = "535 no: hunter2-long AGtleXJvbGwAaHVudGVyMi1sb25n";
    let login = "user: keyroll\npassword_command: [echo, hunter2-long]\n";
    let server = Server::start(Script { login: Turn::Say(echo), ..Script::default() }).await;
    let channel = plain(server.port, login, PATIENT);
    let error = channel.deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(
        matches!(&error, DeliveryError::Never { reason } if reason.contains("does not accept `user` and `password` (535)")),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!(server.lines().last().unwrap(), "AUTH PLAIN AGtleXJvbGwAaHVudGVyMi1sb25n");

    let busy = Server::start(Script { login: Turn::Say("454 try later"), ..Script::default() }).await;
    let error = plain(busy.port, login, PATIENT).deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Later { .. }), "{error}");

    let late = Script { content: Turn::Say("550 hunter2-long and AGtleXJvbGwAaHVudGVyMi1sb25n"), ..Script::default() };
    let server = Server::start(late).await;
    let error =
        plain(server.port, login, PATIENT).deliver(&mail_sample::finding(), None).await.unwrap_err().to_string();
    assert!(error.contains("*** and ***") && !error.contains("hunter2"), "{error}");

    let mute = Script { hello: Turn::Say("250-script\r\n250 AUTH XOAUTH2"), ..Script::default() };
    let server = Server::start(mute).await;
    let error = plain(server.port, login, PATIENT).deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Never { .. }) && error.to_string().contains("no way to log in"), "{error}");
}

#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let server = Server::start(Script::default()).await;
    let login = "user: keyroll\npassword_command: [echo, hunter2]\n";
    let yaml = format!("server: 127.0.0.1\nport: {}\n{WHO}{login}", server.port);
    let error =
        told_or_built("email", &yaml, PATIENT).unwrap().deliver(&mail_sample::finding(), None).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Later { .. }) && error.to_string().contains("does not offer STARTTLS"));
    assert!(server.lines().iter().all(|line| line.starts_with("EHLO")), "{:?}", server.lines());
}

#[tokio::test]
async fn a_certificate_has_to_be_for_the_server_and_by_a_known_authority() {
    let good = Authority::for_server("localhost");
    let other = Authority::for_server("elsewhere.example.com");
    let cases = [(&good, &good, true), (&other, &other, false), (&good, &other, false)];
    for (shown, trusted, taken) in cases {
        let server = Server::start_with(Script::default(), Some(shown.acceptor())).await;
        let yaml = format!(
            "server: localhost\nport: {}\nsecurity: tls\nca_file: {}\n{WHO}",
            server.port,
            trusted.file("ca.pem").display()
        );
        let result = told_or_built("email", &yaml, PATIENT).unwrap().deliver(&mail_sample::finding(), None).await;
        assert_eq!(server.mails().len(), usize::from(taken));
        match result {
            Ok(_) => assert!(taken),
            Err(error) => {
                let clear = error.to_string().contains("cannot prove who it is");
                assert!(!taken && matches!(error, DeliveryError::Later { .. }) && clear, "{error}");
            }
        }
    }
}

#[test]
fn mistakes_are_told_with_their_place_and_pasted_secrets_are_not_repeated() {
    let told = |yaml: &str| told_or_built("email", yaml, PATIENT).err().unwrap_or_default();
    let told_all = told("port: 0\nsecurity: ssl\nfrom: nobody\nto: []\npasword: x\n");
    for words in [
        "`server` is missing",
        "`port` is 0",
        "`security` cannot be `ssl`",
        "`from`: `nobody`",
        "`to` has no",
        "pasword",
    ] {
        assert!(told_all.contains(words), "{words}: {told_all}");
    }
    let remote = format!("server: smtp.example.com\n{WHO}");
    assert!(told(&format!("{remote}security: none\n")).contains("in plain text"));
    assert_eq!(told(&format!("{remote}security: none\nallow_plaintext: true\n")), "");
    let with_login = format!("{remote}security: none\nallow_plaintext: true\nuser: a\npassword_command: [echo, b]\n");
    assert!(told(&with_login).contains("the password would travel"));
    assert!(told(&format!("{remote}user: a\n")).contains("`user` has no password"));
    let pasted = told(&format!("{remote}user: a\npassword: hunter2-pasted\n"));
    assert!(pasted.contains("`password` is no reference") && !pasted.contains("hunter2"), "{pasted}");
    assert!(told(&format!("{remote}ca_file: /nowhere/ca.pem\n")).contains("cannot read certificate file"));
    assert!(told(&format!("{remote}title: '{{{{ titel }}}}'\n")).contains("did you mean `title`"));
    assert!(
        told("server: smtp.example.com\nfrom: \"a\\nb <a@example.com>\"\nto: [x@example.com]\n").contains("`from`")
    );
}

/// A real mail server in another process.
struct Real {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Real {
    /// `None` where the interpreter with the server is not named.
    #[expect(clippy::disallowed_methods, reason = "where a developer's tools are is no setting of the product")]
    fn start(authority: &Authority, mode: &str, login: &[&str]) -> Option<Self> {
        let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
            crate::support::skipped("KEYROLL_TEST_PYTHON names no Python interpreter with aiosmtpd");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/alerts/smtp_server.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(folder.path())
            .arg(mode)
            .args([authority.file("server.pem"), authority.file("server.key")])
            .args(login)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let port = first_line(process.stdout.as_mut().unwrap()).parse().unwrap();
        Some(Self { process, port, folder })
    }

    fn mail(&self, number: usize) -> Part {
        Part::read(&std::fs::read_to_string(self.folder.path().join(format!("{number}.eml"))).unwrap())
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn first_line(out: &mut ChildStdout) -> String {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    line.trim().to_owned()
}

#[tokio::test]
async fn a_real_server_takes_letters_over_starttls_and_tls_with_a_login() {
    let authority = Authority::for_server("localhost");
    for mode in ["starttls", "tls"] {
        let Some(server) = Real::start(&authority, mode, &["keyroll", "s3cret-word"]) else { return };
        let yaml = |password: &str| {
            let (port, ca) = (server.port, authority.file("ca.pem"));
            format!(
                "server: localhost\nport: {port}\nsecurity: {mode}\nca_file: {}\nuser: keyroll\n\
                 password_command: [echo, {password}]\nattach_csv: true\n{WHO}",
                ca.display()
            )
        };
        let channel = told_or_built("email", &yaml("s3cret-word"), PATIENT).unwrap();
        channel.deliver(&mail_sample::finding(), None).await.unwrap();
        channel.deliver(&mail_sample::hostile(), None).await.unwrap();
        let mail = server.mail(1);
        assert_eq!(mail.headers.get("x-envelope-to").unwrap(), &["ops@example.com", "sec@example.com"]);
        assert_eq!((mail.header("x-user"), mail.header("x-envelope-from")), ("keyroll", "keyroll@example.com"));
        assert!(mail.find("text/plain").unwrap().body.contains("Account “svc-build” can administer"));
        assert!(mail.find("text/csv").unwrap().body.starts_with("what,severity,"));
        assert!(server.mail(2).find("text/plain").unwrap().body.contains("\n.\n"), "a lone dot does not end a mail");

        let wrong = told_or_built("email", &yaml("wrong-word"), PATIENT).unwrap();
        let error = wrong.deliver(&mail_sample::finding(), None).await.unwrap_err();
        assert!(matches!(&error, DeliveryError::Never { reason } if reason.contains("535")), "{error}");
    }
}

#[tokio::test]
async fn a_real_server_with_another_name_is_refused_before_anything_is_said() {
    let authority = Authority::for_server("elsewhere.example.com");
    for mode in ["starttls", "tls"] {
        let Some(server) = Real::start(&authority, mode, &[]) else { return };
        let ca = authority.file("ca.pem");
        let yaml =
            format!("server: localhost\nport: {}\nsecurity: {mode}\nca_file: {}\n{WHO}", server.port, ca.display());
        let error =
            told_or_built("email", &yaml, PATIENT).unwrap().deliver(&mail_sample::finding(), None).await.unwrap_err();
        assert!(error.to_string().contains("cannot prove who it is"), "{error}");
        assert!(std::fs::read_dir(server.folder.path()).unwrap().next().is_none());
    }
}
