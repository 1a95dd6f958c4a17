//! How an error is told: what happened, why, and what to do next; on standard error, each cause once.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use super::exit;
use super::terminal::Terminal;
use crate::app::AppError;
use crate::problem::Problems;
use crate::store::StoreError;

/// Why a command ended without its result.
#[derive(Debug)]
pub(super) enum Complaint {
    /// A use case failed.
    App(AppError),
    /// The command itself could not do its part.
    Failed {
        /// What could not be done.
        what: String,
        /// What to do about it.
        help: Option<String>,
    },
}

impl Complaint {
    /// Something could not be done.
    pub(super) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), help: None }
    }

    /// Says what to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Failed { what, .. } => Self::Failed { what, help: Some(help.into()) },
            app @ Self::App(_) => app,
        }
    }
}

impl<E: Into<AppError>> From<E> for Complaint {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

/// Tells an error and gives the exit code that goes with it.
pub(super) fn complain(complaint: &Complaint, terminal: &Terminal) -> ExitCode {
    let error = match complaint {
        Complaint::Failed { what, help } => return failed(what, help.as_deref(), terminal),
        Complaint::App(error) => error,
    };
    match error {
        AppError::Mistakes(problems) => mistakes(problems, terminal),
        AppError::NothingCollected { reasons } => {
            let mut what = error.to_string();
            for reason in reasons {
                what.push_str("\n  ");
                what.push_str(reason);
            }
            failed(&what, Some("check the base URLs and credentials of the sources in the configuration"), terminal)
        }
        other => failed(&chain(other), help(other), terminal),
    }
}

fn failed(what: &str, help: Option<&str>, terminal: &Terminal) -> ExitCode {
    terminal.error(what);
    if let Some(help) = help {
        terminal.note(&format!("help: {help}"));
    }
    ExitCode::from(exit::FAILED)
}

/// Tells mistakes in files, each with its place.
fn mistakes(problems: &Problems, terminal: &Terminal) -> ExitCode {
    let mut out = std::io::stderr().lock();
    for problem in &problems.0 {
        // A closed standard error leaves nobody to complain to.
        drop(writeln!(out, "{}\n", problem.render(terminal.colour_errors)));
    }
    drop(out);
    let count = problems.0.len();
    let mistakes = crate::text::plural(count, "mistake", "mistakes");
    terminal.note(&format!("{mistakes}; nothing was scanned and nothing was changed"));
    ExitCode::from(exit::MISTAKES)
}

/// The error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let message = next.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = next.source();
    }
    text
}

fn help(error: &AppError) -> Option<&'static str> {
    match error {
        AppError::NoScan | AppError::Store(StoreError::Missing { .. }) => {
            Some("run `keyroll scan` first, or name another configuration with `--config FILE`")
        }
        AppError::NoSuchSnapshot(_) => Some("`keyroll snapshots` lists those there are"),
        AppError::Store(_) | AppError::Mistakes(_) | AppError::NothingCollected { .. } => None,
    }
}
