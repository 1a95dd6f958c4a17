//! How facts, times and names read to a person. Unknown is always said, never shown as nothing.

use chrono::{DateTime, NaiveDate, Utc};

use super::layout::Ink;
use crate::inventory::Inventory;
use crate::model::{EndpointState, Fact, Flapping, Kind, ResourceId, Severity, Status, Tally};
use crate::text;

/// “Sun 22 Nov 2026”.
pub(super) fn long_day(at: DateTime<Utc>) -> String {
    at.format("%a %-d %b %Y").to_string()
}

/// “2026-11-22”.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// “2026-11-22 02:00”.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// “today”, “yesterday”, “9 days ago”, counted in calendar days of UTC.
pub(super) fn ago(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    match (now.date_naive() - then.date_naive()).num_days() {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// “today”, “1 day”, “9 days”, counted in calendar days of UTC.
pub(super) fn days_until(now: DateTime<Utc>, day: NaiveDate) -> String {
    match (day - now.date_naive()).num_days() {
        ..=-1 => "past".to_owned(),
        0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// A fact as a cell: its value, “none” or “unknown”.
pub(super) fn fact<T>(fact: &Fact<T>, say: impl FnOnce(&T) -> String) -> String {
    match fact {
        Fact::Known(value) => say(value),
        Fact::Absent => "none".to_owned(),
        Fact::Unknown => "unknown".to_owned(),
    }
}

/// “yes” or “no”.
pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Words with commas between them; “empty” for a list without entries.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    if words.is_empty() {
        return "empty".to_owned();
    }
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// The name of the resource a fact points to.
pub(super) fn pointed(inventory: &Inventory<'_>, to: &Fact<ResourceId>) -> String {
    fact(to, |id| inventory.name(id).to_owned())
}

/// A resource's kind and name: credential “ci-deploy”.
pub(super) fn named(kind: Kind, name: &str) -> String {
    format!("{} “{}”", kind.name(), text::shorten(name, 60))
}

/// “5 turns since 12 Nov”.
pub(super) fn turns(flapping: Flapping) -> String {
    format!("{} since {}", text::plural(flapping.turns, "turn", "turns"), flapping.since.format("%-d %b"))
}

/// Beside fields that may differ only because another endpoint spoke of the resource than before.
pub(super) const IN_DOUBT: &str = "in doubt: read from another endpoint";

/// Why a rule could not judge everything, a reason each: `None` of a tally means that it did not judge at all. Empty if it could.
pub(super) fn why_undecided(tally: Option<&Tally>) -> Vec<String> {
    let Some(tally) = tally else { return vec!["it did not judge".to_owned()] };
    let told = tally.unknown_reasons.iter().map(|(why, count)| format!("{why} ({})", text::thousands(*count)));
    let unseen = tally.unseen.iter().map(|gap| match gap.is_nowhere() {
        true => format!("{}: {}", gap.endpoint, gap.reason),
        false => format!("{} of {}: {}", gap.endpoint, gap.source, gap.reason),
    });
    told.chain(unseen).collect()
}

/// The ink of a severity.
pub(super) fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical => Ink::Alarm,
        Severity::High => Ink::Bad,
        Severity::Medium => Ink::Warn,
        Severity::Low => Ink::Plain,
        Severity::Info => Ink::Dim,
    }
}

/// The ink of a finding's status.
pub(super) fn status_ink(status: &Status) -> Ink {
    match status {
        Status::Open => Ink::Bad,
        Status::Waived(_) => Ink::Warn,
        Status::Resolved(_) => Ink::Good,
    }
}

/// The ink of an endpoint's state.
pub(super) fn state_ink(state: EndpointState) -> Ink {
    match state {
        EndpointState::Complete => Ink::Good,
        EndpointState::Partial | EndpointState::NotOffered | EndpointState::Skipped => Ink::Warn,
        EndpointState::Denied | EndpointState::Failed => Ink::Bad,
    }
}

/// An endpoint's state in words.
pub(super) fn state(state: EndpointState) -> &'static str {
    match state {
        EndpointState::NotOffered => "not offered",
        state => state.name(),
    }
}
