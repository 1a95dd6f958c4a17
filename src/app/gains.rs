//! What each right of a source is good for: what it lets be seen, and which rules can judge all that they speak of only with it.
//! Nothing of it is written down by hand: it is what the endpoints and the rules say.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::doctor::rules_behind;
use crate::model::{EndpointState, LedgerEntry, RuleId, in_plain_words};
use crate::rules::RuleSet;
use crate::sources::{Endpoint, SourceKind};

/// What a right is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// The right, in the product's words.
    pub right: &'static str,
    /// What it lets be seen: sorts of resource, or the names of endpoints that only add facts.
    pub shows: Vec<String>,
    /// The rules that leave verdicts unknown without it, sorted.
    pub rules: BTreeSet<RuleId>,
}

/// What each right that a source's endpoints take is good for, in the order in which they are first asked for.
#[must_use]
pub fn gains(kind: &SourceKind, rules: &RuleSet, now: DateTime<Utc>) -> Vec<Gain> {
    let mut gains: Vec<Gain> = Vec::new();
    for endpoint in kind.endpoints.iter().filter(|endpoint| !endpoint.right.starts_with("none")) {
        if gains.iter().any(|gain| gain.right == endpoint.right) {
            continue;
        }
        let takes_it = |other: &&Endpoint| other.right == endpoint.right;
        let mut shows: Vec<String> = Vec::new();
        for own in kind.endpoints.iter().filter(takes_it) {
            let words = in_plain_words(own.shows, own.forms);
            let words = if words.is_empty() { vec![own.name] } else { words };
            shows.extend(words.into_iter().map(str::to_owned));
        }
        shows.sort_unstable();
        shows.dedup();
        let ledger = kind.endpoints.iter().map(|other| entry(kind, other, takes_it(&other), now)).collect();
        let rules = rules_behind(rules, ledger, now).into_values().flatten().collect();
        gains.push(Gain { right: endpoint.right, shows, rules });
    }
    gains
}

/// The ledger's entry of an endpoint that answers, or refuses.
fn entry(kind: &SourceKind, endpoint: &Endpoint, refuses: bool, now: DateTime<Utc>) -> LedgerEntry {
    let (source, name, shows) = (kind.name.into(), endpoint.name.into(), endpoint.shows.to_vec());
    let entry = LedgerEntry::not_asked(source, name, endpoint.path(), shows, String::new(), now);
    LedgerEntry {
        forms: endpoint.forms.iter().map(|form| (*form).into()).collect(),
        state: if refuses { EndpointState::Denied } else { EndpointState::Complete },
        ..entry
    }
}
