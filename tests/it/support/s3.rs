//! A SeaweedFS server of the tests' own, in a temporary folder: `weed`, which `KEYROLL_TEST_S3` names, keeps buckets and speaks S3.
//! It is gone when the tests end, however they end. What is in a bucket is looked at with Amazon's own library for Python.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

use super::project;

/// Who may do everything, who may write and read, and who may only read: access key id and secret.
pub(crate) const ADMIN: [&str; 2] = ["ADMINKEY", "admin/s3cret+of+the+administrator"];
pub(crate) const WRITER: [&str; 2] = ["WRITERKEY", "writer/s3cret+of+whoever+exports"];
pub(crate) const READER: [&str; 2] = ["READERKEY", "reader/s3cret+of+whoever+asks"];

/// The server.
pub(crate) struct Weed {
    pub(crate) port: u16,
    python: PathBuf,
    _keeper: Child,
}

/// A bucket that nobody else uses, and who looks into it.
pub(crate) struct Looker {
    pub(crate) bucket: String,
    python: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// The one server that the tests share; `None`, with a word, where there is none.
#[expect(clippy::disallowed_methods, reason = "the check says where its tools are")]
pub(crate) fn shared() -> Option<&'static Weed> {
    static SHARED: OnceLock<Option<Weed>> = OnceLock::new();
    let start = || {
        let (Ok(program), Ok(python)) = (std::env::var("KEYROLL_TEST_S3"), std::env::var("KEYROLL_TEST_PYTHON")) else {
            crate::support::skipped(
                "KEYROLL_TEST_S3 names no `weed` of SeaweedFS, or KEYROLL_TEST_PYTHON no Python with boto3",
            );
            return None;
        };
        Some(Weed::start(Path::new(&program), PathBuf::from(python)))
    };
    SHARED.get_or_init(start).as_ref()
}

impl Weed {
    fn start(program: &Path, python: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("keyroll-s3-").tempdir().unwrap().keep();
        let identity = |name: &str, [id, secret]: [&str; 2], actions: &[&str]| json!({ "name": name, "credentials": [{ "accessKey": id, "secretKey": secret }], "actions": actions });
        let identities = json!({ "identities": [
            identity("admin", ADMIN, &["Admin", "Read", "Write", "List"]),
            identity("writer", WRITER, &["Read", "Write", "List"]),
            identity("reader", READER, &["Read", "List"]),
        ] });
        fs::write(folder.join("identities.json"), identities.to_string()).unwrap();
        let listeners: Vec<TcpListener> = (0..8).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        // Once nobody holds the other end of its input, it ends the server.
        let keeper = "\"$@\" & server=$!; cat > /dev/null; kill -9 $server 2> /dev/null; wait $server; rm -rf \"$PWD\"";
        let mut command = Command::new("sh");
        command.args(["-c", keeper, "sh"]).arg(program).args([
            "server",
            "-dir=.",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
        ]);
        let names = ["master", "volume", "filer", "s3"];
        for (name, pair) in names.iter().zip(ports.chunks(2)) {
            command.args([format!("-{name}.port={}", pair[0]), format!("-{name}.port.grpc={}", pair[1])]);
        }
        command.args(["-filer", "-s3", "-s3.config=identities.json", "-s3.autoCreateBucket=false", "-s3.iam=false"]);
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-volume.max=50"]);
        command.args(["-master.volumeSizeLimitMB=64", "-filer.localSocket=filer.sock"]);
        command.current_dir(&folder).env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        wait(keeper.stderr.take().unwrap());
        Self { port: ports[6], python, _keeper: keeper }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A new bucket.
    pub(crate) fn bucket(&self) -> Looker {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let bucket = format!("lake-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let script = project().join("tests/it/s3_check.py");
        let mut python = Command::new(&self.python);
        python.arg(script).args([&self.endpoint(), ADMIN[0], ADMIN[1], &bucket]).env_clear();
        let mut python = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (python.stdin.take(), BufReader::new(python.stdout.take().unwrap()));
        let mut looker = Looker { bucket, python, questions, answers };
        assert_eq!(looker.ask(&json!(["make"])), json!(true));
        looker
    }
}

impl Looker {
    fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions.as_mut().unwrap(), "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{question} was answered by {line:?}"))
    }

    /// Brings every object below a prefix into a folder, and tells how many there are.
    pub(crate) fn fetch(&mut self, prefix: &str, folder: &Path) -> usize {
        self.ask(&json!(["fetch", prefix, folder])).as_u64().unwrap() as usize
    }

    /// Puts a text there.
    pub(crate) fn put(&mut self, key: &str, text: &str) {
        assert_eq!(self.ask(&json!(["put", key, text])), json!(true));
    }

    /// The keys of objects that were begun and neither published nor given up.
    pub(crate) fn unfinished(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask(&json!(["unfinished"]))).unwrap()
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        drop(self.questions.take());
        self.python.wait().unwrap();
    }
}

/// Until it says that it takes connections; some more seconds pass before buckets can be made. Whatever it says has to be read to its
/// end, or it waits for somebody who does.
fn wait(said: ChildStderr) {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(said).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    });
    let mut log = String::new();
    loop {
        let line = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|error| panic!("{error}: {log}"));
        if line.contains("Start Seaweed S3 API Server") {
            return;
        }
        log = format!("{log}{line}\n");
    }
}
