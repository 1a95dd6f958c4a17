//! What each source answers: a line for each thing that is to be done, not for each endpoint. Endpoints that want the same
//! right, or fail for the same reason, are one line, and those that only wait for another one are part of that.

use std::collections::BTreeMap;

use super::Probed;
use super::network::{line, trouble};
use super::rules::Judged;
use crate::http::Contact;
use crate::model::{Area, Check, EndpointState, LedgerEntry};
use crate::sources::{LEFT_OUT, SourceKind};
use crate::text::{join_and, plural};

/// Endpoints and rules that a line names before it only counts them.
const NAMED: usize = 4;

/// Why endpoints are not read: one thing to mend.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The credential is not accepted.
    NotAccepted,
    /// No usable answer, for this reason.
    Failed(String),
    /// A right is missing: which, and what was answered.
    Right(String, String),
    /// What is shown is only a part, for this reason, and the right that would show all of it.
    Part(String, String),
    /// The plan or version does not have it, for this reason.
    NotOffered(String),
    /// It is not asked, for this reason.
    LeftOut(String),
    /// Somebody accepted the gap, for this reason.
    Declared(String),
}

/// What is to be said of a source.
pub(super) fn examine(
    probed: &Probed,
    ledger: &[LedgerEntry],
    contact: Option<&Contact>,
    judged: &Judged,
) -> Vec<Check> {
    let source = probed.source.name();
    if let Some(broken) = contact.and_then(|contact| line(source, contact)) {
        let all: Vec<&LedgerEntry> = ledger.iter().filter(|entry| entry.is_gap()).collect();
        return vec![with(broken, &all, judged)];
    }
    let mut causes: BTreeMap<Cause, Vec<&LedgerEntry>> = BTreeMap::new();
    for entry in ledger.iter().filter(|entry| entry.is_gap()) {
        causes.entry(cause_of(entry, ledger)).or_default().push(entry);
    }
    let mut checks = Vec::new();
    if let Some(contact) = contact {
        // Where a source has several addresses, one may answer and another may not.
        checks.push(match trouble(source, contact) {
            None => Check::well(Area::Network, source.as_str(), "it answers"),
            Some(broken) if ledger.iter().any(|entry| entry.state == EndpointState::Failed) => broken,
            Some(passing) => Check::known(
                Area::Network,
                source.as_str(),
                format!("it answers, but not every time: {}", passing.found),
            ),
        });
    }
    checks.push(read(probed, ledger));
    checks.extend(causes.iter().map(|(cause, entries)| with(told(probed, cause, entries), entries, judged)));
    checks
}

/// What can be read, and by which rights.
fn read(probed: &Probed, ledger: &[LedgerEntry]) -> Check {
    let whole: Vec<&LedgerEntry> = ledger.iter().filter(|entry| !entry.is_gap()).collect();
    // What was answered without asking, for there was nothing to ask for, was not tried; and a listing that shows what one may view
    // proves no right.
    let (tried, untried): (Vec<&LedgerEntry>, Vec<&LedgerEntry>) =
        whole.iter().partition(|entry| entry.requests > 0 || entry.pages > 0);
    let refused = |right: &str| ledger.iter().any(|entry| entry.is_gap() && entry.right == right);
    let mut rights: Vec<String> = Vec::new();
    for entry in tried.iter().filter(|entry| is_right(&entry.right) && !entry.visible_only) {
        if !refused(&entry.right) && !rights.contains(&entry.right) {
            rights.push(entry.right.clone());
        }
    }
    let about = probed.source.name().as_str();
    let counted = format!("{} of {} can be read", tried.len(), plural(ledger.len(), "endpoint", "endpoints"));
    let mut found = if rights.is_empty() { counted } else { format!("{counted}; there is {}", rights.join(" · ")) };
    if !untried.is_empty() {
        let rest = plural(untried.len(), "endpoint", "endpoints");
        found = format!("{found}; {rest} could not be tried, for first pages name nothing to ask for");
    }
    if ledger.iter().any(LedgerEntry::is_undeclared_gap) {
        return Check::known(Area::Sources, about, found);
    }
    Check::well(Area::Sources, about, found)
}

/// Why an endpoint is not read. What waits for another endpoint is not read for the reason of that.
fn cause_of(entry: &LedgerEntry, ledger: &[LedgerEntry]) -> Cause {
    if let Some(reason) = &entry.declared {
        return Cause::Declared(reason.clone());
    }
    let needed = entry.reason.strip_prefix("needs ").and_then(|rest| rest.split_once(", which is "));
    let other = needed.and_then(|(name, _)| {
        ledger.iter().find(|other| *other.endpoint == *name && other.is_gap() && other.endpoint != entry.endpoint)
    });
    if let Some(other) = other {
        return cause_of(other, ledger);
    }
    // Where the first request decides about all others, these repeat what became of it.
    let first = ledger.iter().find(|first| {
        first.requests > 0
            && first.is_gap()
            && !first.reason.is_empty()
            && first.endpoint != entry.endpoint
            && entry.requests == 0
            && entry.reason.ends_with(&first.reason)
    });
    if let Some(first) = first {
        return cause_of(first, ledger);
    }
    let reason = entry.reason.clone();
    match entry.state {
        // One that opened something is accepted.
        EndpointState::Denied if entry.statuses.contains_key(&401) && !ledger.iter().any(opened) => Cause::NotAccepted,
        EndpointState::Denied if entry.requests == 0 || !is_right(&entry.right) => Cause::LeftOut(reason),
        EndpointState::Denied => Cause::Right(entry.right.clone(), reason),
        EndpointState::Partial => Cause::Part(reason, entry.right.clone()),
        EndpointState::NotOffered => Cause::NotOffered(reason),
        EndpointState::Skipped => Cause::LeftOut(reason),
        EndpointState::Failed | EndpointState::Complete => Cause::Failed(reason),
    }
}

fn told(probed: &Probed, cause: &Cause, entries: &[&LedgerEntry]) -> Check {
    let about = probed.source.name().as_str();
    let which = endpoints(entries);
    let accept = "or say under `accepted_gaps` why it may stay so";
    match cause {
        Cause::NotAccepted => {
            // Some add what a right would have shown: the shortest of those that were refused says what was answered.
            let refused = entries.iter().filter(|entry| entry.statuses.contains_key(&401));
            let reasons = refused.map(|entry| entry.reason.as_str());
            let (what, how) = advice(reasons.min_by_key(|reason| reason.len()).unwrap_or_default());
            let made = probed.kind.way_in.map_or("make another", |way_in| way_in.made_at);
            let how = how.unwrap_or_else(|| format!("make a new credential: {made}"));
            let found = format!("the credential is not accepted, and may have ended or been revoked: {what}");
            Check::broken(
                Area::Credentials,
                about,
                found,
                format!("{how}; then hand it to keyroll anew, whole and without quotes ({made})"),
            )
        }
        Cause::Failed(reason) => {
            let (what, how) = advice(reason);
            let how = how.unwrap_or_else(|| {
                "try again later, and with `--verbose`, which shows each request; if it stays so, tell whoever runs the product"
                    .to_owned()
            });
            Check::broken(Area::Sources, about, format!("{which} cannot be read: {what}"), how)
        }
        Cause::Right(right, reason) => {
            let found = format!("the credential lacks {}: {which} refused ({reason})", quoted(right));
            Check::unseen(
                Area::Sources,
                about,
                found,
                format!("give it {}{}, {accept}", quoted(right), place(probed.kind)),
            )
        }
        Cause::Part(reason, right) => {
            let found = format!("{which} shown in part: {reason}");
            let remedy = match right.as_str() {
                right if !is_right(right) => format!("look into what is told there, {accept}"),
                right => format!("give the credential {}{}, {accept}", quoted(right), place(probed.kind)),
            };
            Check::unseen(Area::Sources, about, found, remedy)
        }
        Cause::NotOffered(reason) => {
            let remedy = format!(
                "say under `accepted_gaps` why it may stay so (`source: {about}`, `endpoint: {}`), or get the plan or version \
                 that has it",
                entries.first().map_or("", |entry| &entry.endpoint)
            );
            Check::unseen(Area::Sources, about, format!("{which} not offered: {reason}"), remedy)
        }
        Cause::LeftOut(reason) => {
            let remedy = match reason.as_str() {
                LEFT_OUT => format!("take it out of `skip`, {accept}"),
                _ => format!("look into what is told there, {accept}"),
            };
            Check::unseen(Area::Sources, about, format!("{which} not read: {reason}"), remedy)
        }
        Cause::Declared(reason) => {
            Check::known(Area::Sources, about, format!("{which} cannot be read, which was declared: {reason}"))
        }
    }
}

/// True if an endpoint opened to whoever has the right for it.
fn opened(entry: &LedgerEntry) -> bool {
    !entry.is_gap() && entry.requests > 0 && is_right(&entry.right)
}

/// True for a right that somebody can be given.
fn is_right(right: &str) -> bool {
    !right.is_empty() && !right.starts_with("none")
}

/// Where a right is given.
fn place(kind: &SourceKind) -> String {
    kind.way_in.map_or_else(String::new, |way_in| format!(" ({})", way_in.rights_at))
}

fn quoted(right: &str) -> String {
    format!("“{right}”")
}

/// “9 endpoints (projects, groups and 7 others)”.
fn endpoints(entries: &[&LedgerEntry]) -> String {
    if let [one] = entries {
        return one.endpoint.to_string();
    }
    let mut named: Vec<String> = entries.iter().take(NAMED).map(|entry| entry.endpoint.to_string()).collect();
    if entries.len() > NAMED {
        named.push(plural(entries.len() - NAMED, "other", "others"));
    }
    format!("{} ({})", plural(entries.len(), "endpoint", "endpoints"), join_and(&named))
}

/// What was said, and what to do: reasons end with it where the source knows.
fn advice(reason: &str) -> (String, Option<String>) {
    const STEPS: [&str; 6] = ["check ", "here ", "make ", "write ", "log in ", "add "];
    let steps = reason
        .match_indices("; ")
        .find(|(at, _)| reason.get(at + 2..).is_some_and(|rest| STEPS.iter().any(|step| rest.starts_with(step))));
    match steps.and_then(|(at, _)| reason.split_at_checked(at)) {
        Some((what, how)) => (what.to_owned(), Some(how.trim_start_matches("; ").to_owned())),
        None => (reason.to_owned(), None),
    }
}

/// The check, with the endpoints it is about and the rules that wait for them.
fn with(check: Check, entries: &[&LedgerEntry], judged: &Judged) -> Check {
    let endpoints = entries.iter().map(|entry| entry.endpoint.to_string()).collect();
    Check { endpoints, rules: judged.waiting_for(entries), ..check }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_taken_apart_where_the_step_begins() {
        let (what, how) = advice("refused with 401: no; sorry; here a person's token is needed; or another");
        assert_eq!(what, "refused with 401: no; sorry");
        assert_eq!(how.as_deref(), Some("here a person's token is needed; or another"));
        assert_eq!(advice("the server answered 503: no"), ("the server answered 503: no".to_owned(), None));
    }
}
