//! Why a request brought nothing, and the words for it.
//!
//! A server's own error message is passed on, cleaned and shortened; nothing else of an answer is.
//! In particular no header, and no value that a decoder stumbled over: it may be somebody's secret.

use reqwest::StatusCode;
use serde_json::Value;

use crate::text::{harmless, shorten};

/// Why a request brought nothing. Never shows a secret, nor an answer's text beyond its error message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// 401 or 403.
    #[error("refused with {status}: {message}")]
    Denied {
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// 404 or 410.
    #[error("not found ({status}): {message}")]
    Missing {
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
        /// True if it was said by a page for people and not by the API itself, which was never reached.
        page: bool,
    },
    /// 402: the plan does not have it.
    #[error("not part of the plan ({status}): {message}")]
    NotOffered {
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// 429 and still 429 after all tries, or a quota that will not be back in time.
    #[error("throttled: {message}")]
    Throttled {
        /// Which limit, and when it will be lifted if that is known.
        message: String,
    },
    /// A 5xx or another status nobody expects here.
    #[error("the server answered {status}: {message}")]
    Status {
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// No answer, or not all of it: connection refused, cut, timed out.
    #[error("no whole answer: {message}")]
    Broken {
        /// What went wrong on the line.
        message: String,
    },
    /// An answer, but not the one that was described: no JSON, a login page, another shape.
    #[error("cannot read the answer: {message}")]
    Unreadable {
        /// What was there instead.
        message: String,
    },
    /// Our own door is shut: the request is not on the list, or leads to another host.
    #[error("not sent: {message}")]
    Refused {
        /// Which request, and why.
        message: String,
    },
    /// All asking is to stop. Says nothing about the server, nor about what it holds.
    #[error("not asked: {message}")]
    Stopped {
        /// Why.
        message: String,
    },
    /// The client cannot be built from these settings.
    #[error("cannot use these connection settings: {message}")]
    Settings {
        /// Which setting, and what is wrong with it.
        message: String,
    },
}

impl HttpError {
    /// The error that a status stands for, with the server's own words.
    pub(super) fn from_status(status: StatusCode, message: String, page: bool) -> Self {
        let status = status.as_u16();
        match status {
            401 | 403 => Self::Denied { status, message },
            402 => Self::NotOffered { status, message },
            404 | 410 => Self::Missing { status, message, page },
            429 => Self::Throttled { message },
            _ => Self::Status { status, message },
        }
    }

    /// What went wrong on the line, with its causes but without the URL.
    pub(super) fn broken(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut message = if error.is_timeout() { "timed out".to_owned() } else { error.to_string() };
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            let words = inner.to_string();
            if !message.contains(&words) {
                message = format!("{message}: {words}");
            }
            cause = inner.source();
        }
        Self::Broken { message: presentable(&message) }
    }
}

/// What a server said in an answer that is an error.
#[derive(Debug)]
pub(super) struct Told {
    /// Its words, in one line.
    pub(super) message: String,
    /// True if it was a page for people.
    pub(super) page: bool,
}

/// What a server said in an answer that is an error. `mask` hides our own secrets, should it echo them.
pub(super) fn told(body: &[u8], mask: impl Fn(&str) -> String) -> Told {
    let text = String::from_utf8_lossy(body);
    let (message, page) = match serde_json::from_slice::<Value>(body) {
        Ok(json) => (message_in(&json).unwrap_or_else(|| text.into_owned()), false),
        Err(_) if looks_like_html(body) => (html_title(&text), true),
        Err(_) => (text.into_owned(), false),
    };
    // Masked before it is cut: half a secret is no longer recognised as one.
    // Behind a semicolon stands a step that is ours.
    let message = presentable(&mask(&message)).replace("; ", ", ");
    Told { message: if message.is_empty() { "no reason given".to_owned() } else { message }, page }
}

/// Whether an answer is a page for people.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// What a decoder complains about, without the value it complains about.
pub(super) fn shape_mismatch(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let harmless_wording = error.is_syntax() || error.is_eof() || text.starts_with("missing field");
    match text.rsplit_once(", expected ") {
        _ if harmless_wording => text,
        Some((_, expected)) => format!("expected {expected}"),
        None => format!("another shape than described, at line {} column {}", error.line(), error.column()),
    }
}

fn presentable(text: &str) -> String {
    shorten(harmless(text).trim(), 200)
}

/// The message in the error shapes of the APIs we know: a list of `errors` with title and detail (or a map of them
/// by field), `errorMessages`, an `error` object or OAuth's pair, or a plain `message`.
fn message_in(json: &Value) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(strings(&json["errorMessages"]));
    match &json["errors"] {
        Value::Array(errors) => parts.extend(errors.iter().filter_map(one_error)),
        Value::Object(fields) => {
            parts.extend(fields.iter().filter_map(|(field, what)| Some(format!("{field}: {}", what.as_str()?))));
        }
        _ => {}
    }
    match &json["error"] {
        Value::String(code) => parts.extend(pair(Some(code.as_str()), json["error_description"].as_str())),
        error => parts.extend(one_error(error)),
    }
    if parts.is_empty() {
        parts.extend(json["message"].as_str().map(str::to_owned));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn one_error(error: &Value) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let title = error["title"].as_str().or(error["message"].as_str());
    pair(title, error["detail"].as_str())
}

fn pair(title: Option<&str>, detail: Option<&str>) -> Option<String> {
    match (title, detail) {
        (Some(title), Some(detail)) if title != detail => Some(format!("{title}: {detail}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn strings(list: &Value) -> impl Iterator<Item = String> + '_ {
    list.as_array().into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned))
}

fn html_title(text: &str) -> String {
    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map(|(title, _)| title);
    title.map_or_else(|| "a page for people".to_owned(), |title| format!("a page titled “{}”", title.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(body: &str) -> String {
        told(body.as_bytes(), str::to_owned).message
    }

    #[test]
    fn every_known_error_shape_gives_its_message() {
        let organisation = r#"{"errors":[{"status":"403","code":"X-1","title":"Forbidden","detail":"no scope"}]}"#;
        assert_eq!(plain(organisation), "Forbidden: no scope");
        assert_eq!(plain(r#"{"errors":[{"title":"Forbidden","detail":null}]}"#), "Forbidden");
        assert_eq!(plain(r#"{"code":403,"message":"no"}"#), "no");
        assert_eq!(plain(r#"{"errorMessages":["a","b"],"errors":{"jql":"wrong"}}"#), "a, b, jql: wrong");
        assert_eq!(plain(r#"{"statusCode":403,"message":"not permitted"}"#), "not permitted");
        let bitbucket = r#"{"type":"error","error":{"message":"CHANGE-2770","detail":"gone"}}"#;
        assert_eq!(plain(bitbucket), "CHANGE-2770: gone");
        let oauth = r#"{"error":"invalid_client","error_description":"unknown"}"#;
        assert_eq!(plain(oauth), "invalid_client: unknown");
        assert_eq!(plain("<html><title>Unauthorized (401)</title>"), "a page titled “Unauthorized (401)”");
        assert_eq!(plain(""), "no reason given");
    }

    #[test]
    fn a_page_for_people_is_told_from_the_api_s_own_word() {
        let page = |body: &str| told(body.as_bytes(), str::to_owned).page;
        assert!(page("\n <!DOCTYPE html><html><title>Oops, you've found a dead link.</title></html>"));
        assert!(!page(r#"{"errorMessages":["no such project"]}"#) && !page("") && !page("gone"));
    }

    #[test]
    fn foreign_text_is_cleaned_and_shortened() {
        let message = plain(&format!("\u{1b}[31m{}", "x".repeat(1000)));
        assert!(!message.contains('\u{1b}') && message.chars().count() <= 200, "{message}");
    }

    #[test]
    fn a_secret_is_masked_before_the_text_is_cut_through_it() {
        let body = format!("{}hunter2hunter2", "x".repeat(195));
        let message = told(body.as_bytes(), |text| text.replace("hunter2hunter2", "***")).message;
        assert!(!message.contains("hunt"), "{message}");
    }

    #[test]
    fn a_decoder_does_not_quote_the_value_it_met() {
        let wrong_type = serde_json::from_str::<Vec<u8>>(r#"["s3cret, expected"]"#).unwrap_err();
        let message = shape_mismatch(&wrong_type);
        assert!(message.starts_with("expected u8") && !message.contains("s3cret"), "{message}");
    }
}
