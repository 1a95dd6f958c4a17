//! A product on the loopback interface that answers what it is told to, and the sources that ask it.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyroll::clock::FixedClock;
use keyroll::document;
use keyroll::http::{Factory, Limits};
use keyroll::problem::SourceText;
use keyroll::sources::{SOURCES, Source};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The sources that ask over the network; the first byte of an input chooses one.
pub const KINDS: [&str; 8] = [
    "atlassian-org",
    "jira-cloud",
    "confluence-cloud",
    "bitbucket-cloud",
    "jira-dc",
    "confluence-dc",
    "bitbucket-dc",
    "jira-align",
];

/// More questions than that are not answered: a loop of pages ends elsewhere, and later.
const MOST_QUESTIONS: usize = 300;

/// A question, as method, path and query, and the body of its answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The question, or a part of it.
    pub question: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered: the given answers to whatever question has theirs in it, each once and the last for ever; what was
/// recorded of the pretended estate to all others.
#[derive(Debug, Default)]
pub struct Script {
    /// Answers to all questions.
    pub recorded: Vec<Answer>,
    /// Answers that come before those, and whether each was given.
    pub given: Vec<(Answer, bool)>,
    /// How many questions came.
    pub asked: usize,
}

impl Script {
    fn answer(&mut self, question: &str) -> Option<Vec<u8>> {
        self.asked += 1;
        if self.asked > MOST_QUESTIONS {
            return None;
        }
        let fits = |(answer, _): &&mut (Answer, bool)| question.contains(&answer.question);
        let mut fitting: Vec<_> = self.given.iter_mut().filter(fits).collect();
        let next = fitting.iter().position(|(_, given)| !given).or(fitting.len().checked_sub(1));
        if let Some((answer, given)) = next.map(|at| &mut fitting[at]) {
            *given = true;
            return Some(answer.body.clone());
        }
        let path = |question: &str| question.split('?').next().map(str::to_owned);
        let exactly = self.recorded.iter().find(|answer| answer.question == question);
        let nearly = || self.recorded.iter().find(|answer| path(&answer.question) == path(question));
        exactly.or_else(nearly).map(|answer| answer.body.clone())
    }
}

/// The answers that `seeds` recorded for a source; none if it has not run.
pub fn recorded(kind: &str) -> Vec<Answer> {
    let Ok(text) = fs::read_to_string(super::made().join(format!("{kind}.jsonl"))) else { return Vec::new() };
    let lines = text.lines().map(|line| serde_json::from_str::<[String; 2]>(line).expect("as `seeds` wrote it"));
    lines.map(|[question, body]| Answer { question, body: body.into_bytes() }).collect()
}

/// Keeps answers for [`recorded`].
pub fn record(kind: &str, answers: &[Answer]) {
    let line = |answer: &Answer| format!("{}\n", json!([answer.question, String::from_utf8_lossy(&answer.body)]));
    fs::write(super::made().join(format!("{kind}.jsonl")), answers.iter().map(line).collect::<String>())
        .expect("the folder can be written to");
}

/// A source of a sort that asks this address.
pub fn source(kind: &str, folder: &Path, address: &str, credential: &Credential) -> Box<dyn Source> {
    let secret = super::secret_file(folder, "secret", &credential.secret);
    let login = format!("user: {}\ntoken: {secret}\n", credential.user);
    let own = match kind {
        "atlassian-org" => format!("key: {secret}\n"),
        "jira-cloud" | "confluence-cloud" => {
            format!("gateway_url: {}\n{login}", credential.gateway.as_deref().unwrap_or(address))
        }
        "bitbucket-cloud" => format!("workspace: {}\n{login}", credential.workspace),
        "jira-align" => format!("instance: acme\ntoken: {secret}\n"),
        _ => format!("instance: acme\ntoken: {secret}\nmode: deep\n"),
    };
    let yaml = format!("base_url: {address}\nconcurrency: 1\npage_size: 25\n{own}");
    let sort = SOURCES.iter().find(|sort| sort.name == kind).expect("it is a sort of source");
    let section = document::parse(&SourceText::new("keyroll.yaml", &yaml)).expect("our own YAML");
    let clock = Arc::new(FixedClock::at("2026-11-22T07:30:00Z".parse().expect("a moment")));
    let limits = Limits {
        tries: 1,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        most_pages: 5,
        ..Limits::default()
    };
    let factory = Factory::new(clock.clone()).with_limits(limits);
    (sort.build)("acme".into(), section, &factory, clock).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The user's name.
    pub user: String,
    /// The secret.
    pub secret: String,
    /// The workspace of Bitbucket.
    pub workspace: String,
    /// Where the gateway is, if it is elsewhere.
    pub gateway: Option<String>,
}

impl Default for Credential {
    fn default() -> Self {
        Self {
            user: "keyroll@acme.example".into(),
            secret: "planted-own-token".into(),
            workspace: "acme".into(),
            gateway: None,
        }
    }
}

/// Answers every connection by the script, until the runtime ends.
pub async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    while let Ok((line, _)) = listener.accept().await {
        tokio::spawn(converse(line, Arc::clone(&script)));
    }
}

async fn converse(mut line: TcpStream, script: Arc<Mutex<Script>>) {
    let mut buffer = Vec::new();
    while let Some(request) = request(&mut line, &mut buffer).await {
        let answer = script.lock().expect("no other thread holds it").answer(&request.question);
        let (status, body) = answer.map_or(("404 Not Found", b"{}".to_vec()), |body| ("200 OK", body));
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if line.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// Method, path and query.
    pub question: String,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// The next request on a line; `None` when it is closed.
pub async fn request(line: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(head) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
            let length = head + 4 + content_length(&text);
            if buffer.len() >= length {
                let bytes: Vec<u8> = buffer.drain(..length).collect();
                let mut words = text.split(' ');
                let question = format!("{} {}", words.next()?, words.next()?);
                return Some(Request { question, bytes });
            }
        }
        let mut chunk = [0; 16 << 10];
        match line.read(&mut chunk).await {
            Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

/// How long the body behind a head is, as the head says.
pub fn content_length(head: &str) -> usize {
    let named =
        |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:").map(|length| length.trim().to_owned());
    head.lines().find_map(named).and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// The same answer with a few entries of each list, so that a seed is small.
pub fn shortened(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().take(3).map(shortened).collect(),
        Value::Object(keys) => keys.into_iter().map(|(key, value)| (key, shortened(value))).collect(),
        other => other,
    }
}
