//! What a review is not about, on purpose or because nobody could see it. Both are counted, so that a review never claims to
//! be about more than it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Inventory;
use crate::model::{EndpointState, Kind, LeftOut, NotSeen, in_plain_words};

/// Accounts that are told by name where something leaves them open.
const MOST_EXAMPLES: usize = 5;
/// What a review leans on: whoever hides one of these hides access, or what acts for an account.
const LEANS_ON: [Kind; 5] = [Kind::Principal, Kind::Group, Kind::Container, Kind::Grant, Kind::Credential];

/// What is left out, while rows are made.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    left_out: BTreeMap<&'static str, usize>,
    open: BTreeMap<(&'static str, String), BTreeSet<String>>,
}

impl Gathered {
    /// Something is left out on purpose.
    pub(super) fn leave_out(&mut self, what: &'static str, count: usize) {
        if count > 0 {
            *self.left_out.entry(what).or_default() += count;
        }
    }

    /// Something cannot be told of an account.
    pub(super) fn cannot_tell(&mut self, what: &'static str, because: &str, account: &str) {
        self.open.entry((what, because.to_owned())).or_default().insert(account.to_owned());
    }

    /// Both lists, with what the ledger says.
    pub(super) fn told(self, inventory: &Inventory<'_>) -> (Vec<LeftOut>, Vec<NotSeen>) {
        let left_out = self.left_out.into_iter().map(|(what, count)| LeftOut { what: what.to_owned(), count });
        let mut not_seen: Vec<NotSeen> = self
            .open
            .into_iter()
            .map(|((what, because), accounts)| NotSeen {
                what: what.to_owned(),
                because,
                accounts: accounts.len(),
                examples: accounts.into_iter().take(MOST_EXAMPLES).collect(),
            })
            .collect();
        not_seen.extend(of_ledger(inventory));
        not_seen.extend(out_of_sight(inventory));
        not_seen.sort();
        (left_out.collect(), not_seen)
    }
}

fn open(what: String, because: String) -> NotSeen {
    NotSeen { what, because, accounts: 0, examples: Vec::new() }
}

/// Endpoints that were not read whole, or show only what the scanning account may view, and kinds that none shows.
fn of_ledger(inventory: &Inventory<'_>) -> Vec<NotSeen> {
    let ledger = inventory.coverage().0;
    let mut not_seen = Vec::new();
    for entry in ledger.iter().filter(|entry| entry.shows.iter().any(|kind| LEANS_ON.contains(kind))) {
        let what = format!("{} of {}", entry.endpoint, entry.source);
        if entry.is_gap() {
            let accepted = entry.declared.as_ref().map(|reason| format!("; accepted: {reason}")).unwrap_or_default();
            let reason = if entry.reason.is_empty() { String::new() } else { format!(", {}", entry.reason) };
            not_seen.push(open(what, format!("{}{reason}{accepted}", entry.state.name())));
        } else if entry.visible_only {
            not_seen.push(open(what, "it shows only what the scanning account may view".to_owned()));
        }
    }
    for kind in LEANS_ON {
        let tells = |state: EndpointState| matches!(state, EndpointState::Complete | EndpointState::Partial);
        if !ledger.iter().any(|entry| entry.shows.contains(&kind) && tells(entry.state)) {
            let words = in_plain_words(&[kind], &[] as &[&str]).join(", ");
            not_seen.push(open(words, "no endpoint that shows them was read".to_owned()));
        }
    }
    not_seen
}

/// Accounts that an earlier scan saw and this one could not look for.
fn out_of_sight(inventory: &Inventory<'_>) -> Option<NotSeen> {
    let carried = inventory.snapshot().carried.iter();
    let hidden = carried.filter(|one| one.kind() == Kind::Principal && inventory.get(&one.id).is_none());
    let names: Vec<String> = hidden.map(|one| one.title().to_owned()).collect();
    (!names.is_empty()).then(|| NotSeen {
        what: "accounts that an earlier scan saw".to_owned(),
        because: "they were out of sight: they are not in the review".to_owned(),
        accounts: names.len(),
        examples: names.into_iter().take(MOST_EXAMPLES).collect(),
    })
}
