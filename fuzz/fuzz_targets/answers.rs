//! Whatever a product answers: a source looks on, says what it could not read, and keeps nothing of a secret.
//!
//! Input: a byte for the sort of source, then answers with 0x1E between them: a line with a part of the question, and the body.
//! All other questions are answered as the pretended estate did when `seeds` asked it.
#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use keyroll::model::{Collection, EndpointState, Resource, Snapshot};
use keyroll::sources::Depth;
use keyroll_fuzz::product::{Answer, Credential, KINDS, Script, recorded, serve, source};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The value of every planted secret.
const PLANTED: &str = "plantedS3cretValue9";

/// Keys under which products have had secrets; none of them is a field of anything that is kept.
const SECRETS: [&str; 8] =
    ["secret", "password", "rawToken", "privateKey", "sharedSecret", "clientSecret", "accessToken", "passwordHash"];

static RECORDED: LazyLock<Vec<Vec<Answer>>> = LazyLock::new(|| KINDS.map(recorded).into());

fuzz_target!(|bytes: &[u8]| {
    let [kind, bytes @ ..] = bytes else { return };
    let kind = usize::from(*kind) % KINDS.len();
    keyroll_fuzz::read(bytes, |bytes| {
        let given = bytes.split(|byte| *byte == 0x1e).map(answer).map(|answer| (answer, false)).collect();
        let script = Script { recorded: RECORDED[kind].clone(), given, asked: 0 };
        let collection = looked(KINDS[kind], script);
        let told =
            serde_json::to_string(&(&collection.resources, &collection.ledger)).expect("what is kept can be written");
        assert!(!told.contains(PLANTED), "{told}");
        for entry in &collection.ledger {
            let is_whole = entry.state == EndpointState::Complete;
            assert!(is_whole || !entry.reason.is_empty(), "{entry:?} is not whole and says not why");
        }
        let (resources, _): (Vec<Resource>, Value) = serde_json::from_str(&told).expect("what was written can be read");
        assert_eq!(resources, collection.resources, "what the store gives back is what was seen");
        let sealed = Snapshot::seal(vec![collection]);
        let again = Collection { authority: 0, resources, ledger: Vec::new() };
        drop((sealed, Snapshot::seal(vec![again])));
    });
});

/// One of the given answers, with secrets planted in every object of it.
fn answer(bytes: &[u8]) -> Answer {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (question, body) = bytes.split_at(end);
    let body = body.get(1..).unwrap_or_default();
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let body = match parsed {
        Some(_) => {
            let clean = String::from_utf8_lossy(body).replace(PLANTED, "x");
            let value = serde_json::from_str(&clean).expect("one text in place of another leaves JSON as it is");
            serde_json::to_vec(&planted(value)).expect("JSON can be written")
        }
        None => body.to_vec(),
    };
    Answer { question: String::from_utf8_lossy(question).into_owned(), body }
}

fn planted(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(planted).collect(),
        Value::Object(keys) => {
            let mut keys: serde_json::Map<String, Value> =
                keys.into_iter().map(|(key, value)| (key, planted(value))).collect();
            keys.extend(SECRETS.map(|key| (key.to_owned(), json!(PLANTED))));
            if keys.get("secured") == Some(&json!(true)) {
                keys.insert("value".to_owned(), json!(PLANTED));
            }
            Value::Object(keys)
        }
        other => other,
    }
}

fn looked(kind: &str, script: Script) -> Collection {
    let folder = tempfile::tempdir().expect("a temporary folder is made");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it has an address"));
        tokio::spawn(serve(listener, Arc::new(Mutex::new(script))));
        source(kind, folder.path(), &address, &Credential::default()).look(Depth::Whole, &Default::default()).await
    })
}
