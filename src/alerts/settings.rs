//! The keys that channels over HTTP have in common in their sections: secrets, and how to get to the other side.
//!
//! `ca_file`, `proxy`, `timeout_seconds` (of one request, at most the house's patience) and `allow_http: true`, without
//! which messages leave this machine encrypted only. A secret is a reference under its key (`token: env:NAME`,
//! `token: file:/path`) or a command under the key with `_command` (`token_command: [pass, show, slack]`).

use std::path::PathBuf;
use std::time::Duration;

use super::Tools;
use crate::document::{Located, Node, Section, Value};
use crate::http::{HttpError, OutletSettings};
use crate::problem::{Problem, SourceText};
use crate::secret::{Secret, SecretRef};

/// The longest time-out that makes sense, in seconds.
const LONGEST_TIMEOUT: u32 = 3600;

/// Reads how to get to the other side. Mistakes are noted in the section.
pub(super) fn outlet(section: &mut Section, tools: &Tools) -> OutletSettings {
    let own = section.get::<String>("ca_file").map(PathBuf::from);
    OutletSettings {
        ca_file: own.or_else(|| tools.ca_file.clone()),
        proxy: section.get("proxy"),
        timeout: timeout(section).map_or(tools.patience, |timeout| timeout.min(tools.patience)),
        allow_http: section.get("allow_http").unwrap_or(false),
        clock: tools.clock.clone(),
    }
}

/// What was built from the settings; an error is noted at the key that it stems from most likely.
pub(super) fn built<T>(section: &mut Section, key: &str, part: Result<T, HttpError>) -> Option<T> {
    part.map_err(|error| section.wrong(section.span_of(key), error.to_string(), None)).ok()
}

/// An address that is no secret, without the slash that people leave at its end.
pub(super) fn base_url(section: &mut Section, default: Option<&str>) -> Option<String> {
    let written: Option<Located<String>> = match default {
        Some(default) if !section.has("base_url") => return Some(default.to_owned()),
        Some(_) => section.get("base_url"),
        None => section.need("base_url"),
    };
    written.map(|address| address.value.trim_end_matches('/').to_owned())
}

/// A secret that may be left out. `None` too where it cannot be had, which is noted.
pub(super) fn secret(section: &mut Section, key: &'static str, command_key: &'static str) -> Option<Secret> {
    let written: Option<Node> = section.get(key);
    let command: Option<Vec<String>> = section.get(command_key);
    let (reference, at) = match (written, command) {
        (Some(_), Some(_)) => {
            let what = format!("`{key}` and `{command_key}` exclude each other");
            section.wrong(section.span_of(command_key), what, None);
            return None;
        }
        (Some(written), None) => (reference(section, key, &written)?, key),
        (None, Some(words)) => (SecretRef::Command(words), command_key),
        (None, None) => return None,
    };
    match reference.resolve() {
        Ok(secret) => Some(secret),
        Err(error) => {
            section.wrong(section.span_of(at), format!("cannot get the secret of `{at}`"), Some(error.to_string()));
            None
        }
    }
}

/// A secret that must be there.
pub(super) fn need_secret(section: &mut Section, key: &'static str, command_key: &'static str) -> Option<Secret> {
    if !section.has(key) && !section.has(command_key) {
        let help = format!("add `{key}: env:NAME` or `{key}: file:/path`");
        section.wrong(section.span(), format!("`{key}` is missing"), Some(help));
    }
    secret(section, key, command_key)
}

/// The secret in one of several values whose keys people choose, such as headers.
pub(super) fn secret_at(section: &mut Section, name: &str, node: &Node) -> Option<Secret> {
    let reference = reference(section, name, node)?;
    match reference.resolve() {
        Ok(secret) => Some(secret),
        Err(error) => {
            section.wrong(node.span.clone(), format!("cannot get the secret of `{name}`"), Some(error.to_string()));
            None
        }
    }
}

/// The reference in a value. What is none may be the secret itself, whatever sort of value it is: it is not shown.
fn reference(section: &mut Section, name: &str, node: &Node) -> Option<SecretRef> {
    let text = if let Value::Text(text) = &node.value { text.as_str() } else { "" };
    match text.parse() {
        Ok(reference) => Some(reference),
        Err(error) => {
            let problem = covered(section, node, format!("`{name}` is no reference")).help(error.to_string());
            section.take(Err(problem.into()))
        }
    }
}

/// A problem at a value that may be a pasted secret: the excerpt shows the place, and asterisks for the value.
fn covered(section: &Section, node: &Node, what: String) -> Problem {
    let file = section.file();
    let mut text = file.text.to_string();
    match text.get(node.span.clone()).map(|value| "*".repeat(value.len())) {
        Some(asterisks) => text.replace_range(node.span.clone(), &asterisks),
        None => text.clear(),
    }
    // The span of a list or a section ends with its first key: everything behind it on later lines goes too.
    if matches!(node.value, Value::List(_) | Value::Map(_)) {
        text.truncate(node.span.end.min(text.len()));
    }
    Problem::at(&SourceText::new(&file.name, &text), node.span.clone(), what)
}

fn timeout(section: &mut Section) -> Option<Duration> {
    let written: Located<i64> = section.get("timeout_seconds")?;
    let seconds = u32::try_from(written.value).ok().filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds));
    if seconds.is_none() {
        let what = format!("`timeout_seconds` is {}, expected 1 to {LONGEST_TIMEOUT}", written.value);
        section.wrong(written.span, what, None);
    }
    seconds.map(|seconds| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> String {
        let mut section = crate::document::parse(&SourceText::new("keyroll.yaml", yaml)).unwrap();
        let secret = need_secret(&mut section, "token", "token_command");
        let problems = section.finish(secret).err().unwrap();
        format!("{problems:?} {}", problems.0.iter().map(|problem| problem.render(false)).collect::<String>())
    }

    #[test]
    fn a_pasted_secret_is_not_repeated_whatever_it_looks_like() {
        for pasted in ["xoxb-planted", "'planted'", "{key: planted}", "[planted, x]", "[\n  planted]", "|\n  planted\n"]
        {
            let told = told(&format!("token: {pasted}\n"));
            assert!(told.contains("is no reference") && !told.contains("planted"), "{told}");
        }
        assert!(!told("token: 1234567890\n").contains("1234567890"));
    }

    #[test]
    fn a_secret_is_needed_once_and_must_be_there() {
        assert!(told("{}\n").contains("`token` is missing"));
        assert!(told("token: env:A\ntoken_command: [echo, x]\n").contains("exclude each other"));
        assert!(told("token_command: [echo, '']\n").contains("is empty"));
        assert!(told("token: env:KEYROLL_TEST_UNSET\n").contains("is not set"));
    }
}
