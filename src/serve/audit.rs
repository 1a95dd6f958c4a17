//! Who looked at what: a line of JSON for each request, in a file of its own or in the log. It has paths and never a query, which may
//! hold names; no header, no body, no word of a session.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Where the lines go.
#[derive(Debug)]
pub(super) enum AccessLog {
    /// The log, at the level of information.
    Log,
    /// A file that only its owner may read; lines are added to it.
    File(Mutex<File>),
}

/// One request.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    pub(super) at: String,
    /// Who asked; left out if nobody was signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) who: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<&'a str>,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) status: u16,
    pub(super) address: String,
    pub(super) milliseconds: u64,
    /// What else there is to say: that somebody signed in or out, or could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event: Option<&'static str>,
}

impl AccessLog {
    /// A log in a file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self::File(Mutex::new(options.open(path)?)))
    }

    /// Adds a line. What cannot be written is told in the log.
    pub(super) fn note(&self, line: &Line<'_>) {
        let text = serde_json::to_string(line).expect("internal: a line can be written as JSON");
        match self {
            Self::Log => tracing::info!(target: "keyroll::serve", "{text}"),
            Self::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // One call for one line, so that lines of two processes do not mix.
                if let Err(error) = file.write_all(format!("{text}\n").as_bytes()) {
                    tracing::error!("the access log cannot be written: {error}; {text}");
                }
            }
        }
    }
}
