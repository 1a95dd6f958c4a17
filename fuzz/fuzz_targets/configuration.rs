//! Whatever is in a configuration: its mistakes are told, and no secret that somebody pasted into it is.
//!
//! Input: the text of the file. Where the value of a secret's key holds the planted secret, no complaint may.
#![no_main]

use std::sync::Arc;

use keyroll::app::AppError;
use keyroll::clock::{Clock, FixedClock};
use keyroll::config::Config;
use keyroll::http::Factory;
use keyroll::problem::Problems;
use keyroll_fuzz::are_told;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const PLANTED: &str = "ATATT3xFfGF0planted9secret";

/// Keys whose values are secrets, and the one below which all values are.
const SECRETS: [&str; 11] = [
    "access_token",
    "calendar_token",
    "client_secret",
    "headers",
    "key",
    "password",
    "routing_key",
    "secret",
    "token",
    "unscoped_key",
    "url",
];

fuzz_target!(|bytes: &[u8]| {
    keyroll_fuzz::read_text(bytes, |text| {
        // Commands would be run, and devices read for ever: whoever may write a configuration may do so.
        if ["_command", "/dev", "/proc", "/sys"].iter().any(|word| text.contains(word)) {
            return;
        }
        let folder = tempfile::tempdir().expect("a temporary folder is made");
        let path = folder.path().join("keyroll.yaml");
        std::fs::write(&path, text).expect("a temporary file is written");
        let mut complaints = Vec::new();
        match Config::load(&path) {
            Err(problems) => complaints.push(problems),
            Ok(mut config) => {
                let clock: Arc<dyn Clock> = Arc::new(FixedClock::at("2026-11-22T02:00:00Z".parse().expect("a moment")));
                complaints.extend(config.sources_alone(&Factory::new(Arc::clone(&clock)), &clock).err());
                complaints.extend(config.build_channels(&clock).err());
                complaints.extend(config.build_heartbeat(&clock).err());
                complaints.extend(config.listening().err());
            }
        }
        let may_be_told = !only_in_secrets(text);
        for problems in complaints {
            are_told(&problems);
            let told = in_all_words(problems);
            assert!(may_be_told || !told.contains(PLANTED), "{told}");
        }
    });
});

/// Everything that anybody gets to see of these problems.
fn in_all_words(problems: Problems) -> String {
    let mut told: String = problems.0.iter().map(|problem| problem.render(false)).collect();
    told.push_str(&problems.to_string());
    told.push_str(&AppError::from(problems).to_string());
    told
}

/// True if the planted secret is in the text, and nowhere but in values of secrets; of what is no YAML nobody knows that better
/// than the text's own masking, which is held to it everywhere.
fn only_in_secrets(text: &str) -> bool {
    let all = text.matches(PLANTED).count();
    let value = serde_saphyr::from_str::<Value>(text);
    all > 0 && value.is_ok_and(|value| in_secrets(&value, false) == all)
}

fn in_secrets(value: &Value, secret: bool) -> usize {
    match value {
        Value::String(text) if secret => text.matches(PLANTED).count(),
        Value::Array(list) => list.iter().map(|one| in_secrets(one, secret)).sum(),
        Value::Object(keys) => {
            keys.iter().map(|(key, one)| in_secrets(one, secret || SECRETS.contains(&key.as_str()))).sum()
        }
        _ => 0,
    }
}
