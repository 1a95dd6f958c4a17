//! `keyroll serve`: the program itself, over real HTTP. What it shows (`pages`), what it refuses (`front`), who is let in (`signing`) and by
//! whom (`provider`), whose tenants somebody sees (`tenants`), and what a browser and a scanner say (`looked_at`).

mod front;
mod looked_at;
mod pages;
mod provider;
mod signing;
mod tenants;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyroll::clock::SystemClock;
use regex::Regex;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use tempfile::TempDir;

use crate::support::demo::demo;

/// A token that is long enough.
const TOKEN: &str = "a-token-of-the-tests-0123456789";

/// How long the program may take to begin or to end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that serves pages.
struct Served {
    child: Child,
    /// Where it says it is.
    url: String,
    said: Arc<Mutex<String>>,
}

impl Served {
    /// Starts it in a folder, with further arguments and variables.
    fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyroll"))
            .arg("serve")
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let place = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended: {}", said.lock().unwrap());
            said.lock().unwrap().push_str(&line);
            if let Some((_, place)) = line.trim().rsplit_once(" on http") {
                break format!("http{place}");
            }
        };
        let more = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                more.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Self { child, url: place, said }
    }

    /// The same on a copy of what `keyroll demo` leaves, with more in its configuration.
    fn on_demo(more: &str) -> (Self, TempDir) {
        let folder = demo_with(more);
        (Self::start(&folder.path().join("keyroll-demo"), &["--listen", "127.0.0.1:0"], &[("TOKEN", TOKEN)]), folder)
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(client().get(format!("{}{path}", self.url))).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned() }
    }

    /// Bytes sent as they are, and what comes back until the other side is done.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut line = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may have had enough before it has read everything.
        line.write_all(bytes).ok();
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this: an answer may be here before the line about it.
    fn assert_says(&self, told: &str) {
        let begun = Instant::now();
        while !self.said().contains(told) {
            assert!(begun.elapsed() < PATIENCE, "{told}: {}", self.said());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Tells it to end, and gives back its exit code.
    fn end(&mut self) -> Option<i32> {
        let process = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What it sets a cookie to, with how.
    fn cookie(&self, name: &str) -> Option<(String, String)> {
        let set = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        set.filter_map(|value| value.split_once(';')).find_map(|(pair, how)| {
            let (known, word) = pair.split_once('=')?;
            (known == name).then(|| (word.to_owned(), how.to_owned()))
        })
    }

    /// The addresses of our own that a page leads to.
    fn links(&self) -> Vec<String> {
        let links = Regex::new(r##" href="(/[^"#]*)[^"]*""##).unwrap();
        let body = self.body.replace("&#x2f;", "/");
        links.captures_iter(&body).map(|found| found[1].replace("&amp;", "&")).collect()
    }
}

fn client() -> reqwest::Client {
    // The HTTP layer chooses how to encrypt with the first factory; the client here needs it too.
    drop(keyroll::http::Factory::new(Arc::new(SystemClock)));
    let builder = reqwest::Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]);
    builder.timeout(PATIENCE).build().unwrap()
}

/// A copy of what `keyroll demo` leaves, with more in its configuration.
fn demo_with(more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    demo().copy_into(folder.path());
    let file = folder.path().join("keyroll-demo/keyroll.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}{more}")).unwrap();
    folder
}

/// A port that nobody has.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes a file that only its owner may read.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A certificate for this machine, its key and who vouches for it, in a folder.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let (chain, secret) = (folder.join("serve.pem"), folder.join("serve.key"));
    fs::write(&chain, certificate.pem()).unwrap();
    private(&secret, &key.serialize_pem());
    (chain, secret)
}
