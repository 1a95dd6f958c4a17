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
    /// A condition on the command line has mistakes.
    Condition(Problems),
    /// The command itself could not do its part.
    Failed {
        /// What could not be done.
        what: String,
        /// What to do about it.
        help: Option<String>,
        /// The exit code.
        code: u8,
    },
}

impl Complaint {
    /// Something could not be done.
    pub(super) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), help: None, code: exit::FAILED }
    }

    /// What was asked for is not understood, or not whole.
    pub(super) fn usage(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), help: None, code: exit::USAGE }
    }

    /// A message was not taken.
    pub(super) fn undelivered(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), help: None, code: exit::UNDELIVERED }
    }

    /// Says what to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Failed { what, code, .. } => Self::Failed { what, help: Some(help.into()), code },
            other @ (Self::App(_) | Self::Condition(_)) => other,
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
        Complaint::Failed { what, help, code } => return failed(what, help.as_deref(), *code, terminal),
        Complaint::Condition(problems) => return condition(problems, terminal),
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
            let help = "check the base URLs and credentials of the sources in the configuration";
            failed(&what, Some(help), exit::FAILED, terminal)
        }
        AppError::Refused(refused) => failed(&refused.what, Some(&refused.help), exit::FAILED, terminal),
        other => failed(&chain(other), help(other), exit::FAILED, terminal),
    }
}

fn failed(what: &str, help: Option<&str>, code: u8, terminal: &Terminal) -> ExitCode {
    terminal.error(what);
    if let Some(help) = help {
        terminal.note(&format!("help: {help}"));
    }
    ExitCode::from(code)
}

/// Tells mistakes in files, each with its place.
fn mistakes(problems: &Problems, terminal: &Terminal) -> ExitCode {
    let mistakes = one_by_one(problems, terminal);
    terminal.note(&format!("{mistakes}; nothing was scanned and nothing was changed"));
    ExitCode::from(exit::MISTAKES)
}

/// Tells mistakes in a condition that stands on the command line, each with its place.
fn condition(problems: &Problems, terminal: &Terminal) -> ExitCode {
    let mistakes = one_by_one(problems, terminal);
    terminal.note(&format!("{mistakes} in the condition; nothing was asked"));
    ExitCode::from(exit::USAGE)
}

/// Tells mistakes one after the other, and gives how many there are.
fn one_by_one(problems: &Problems, terminal: &Terminal) -> String {
    let mut out = std::io::stderr().lock();
    for problem in &problems.0 {
        // A closed standard error leaves nobody to complain to.
        drop(writeln!(out, "{}\n", problem.render(terminal.colour_errors)));
    }
    crate::text::plural(problems.0.len(), "mistake", "mistakes")
}

/// The error and its causes in one line.
pub(super) fn chain(error: &dyn Error) -> String {
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
        AppError::NoSuchBaseline { known, .. } if known.is_empty() => {
            Some("no baseline was accepted so far; name a scan (s12), a day (2026-11-20) or a moment")
        }
        AppError::NoSuchBaseline { .. } => {
            Some("`keyroll baseline list` lists baselines, `keyroll snapshots` scans: s12, or a day: 2026-11-20")
        }
        AppError::WrongOrder { .. } => Some("write the earlier scan after `--from`, and the later one after `--to`"),
        AppError::NoScan | AppError::Store(StoreError::Missing { .. }) => {
            Some("run `keyroll scan` first, or name another configuration with `--config FILE`")
        }
        AppError::NoSuchSnapshot(_) | AppError::BeforeFirstScan { .. } | AppError::FindingsNotKept { .. } => {
            Some("`keyroll snapshots` lists those there are")
        }
        AppError::Store(StoreError::ScanUnderWay { .. }) => Some("wait for it to end; the daemon may be at work"),
        AppError::Stopped { .. } => Some("what was read whole is kept: the next scan goes on from there"),
        AppError::Store(_) | AppError::Mistakes(_) | AppError::NothingCollected { .. } | AppError::Refused(_) => None,
    }
}
