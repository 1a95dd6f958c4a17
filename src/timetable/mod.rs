//! When something is due: crontab lines, time zones, quiet hours and working days.
//!
//! Everything is computed from the moment that is handed in; nothing here reads the time or waits. What people write is
//! made from text with `FromStr`, and the errors say what would be right.

mod crontab;
mod field;
mod jitter;
mod quiet;
mod span;
mod working;
mod zone;

pub use crontab::Crontab;
pub use jitter::jitter;
pub use quiet::{QuietHours, TimeOfDay, Weekdays};
pub use span::Span;
pub use working::WorkingDays;
pub use zone::Zone;

/// Why a text is no time, span, zone or schedule, and what would be. One line, lower-case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TimetableError {
    message: String,
}

impl TimetableError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}
