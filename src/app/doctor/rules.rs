//! Which rules can judge all that they speak of, from what the sources answer: the same reckoning that a scan makes of its
//! ledger, over no resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::model::{Area, Check, Collection, LedgerEntry, RuleId, Snapshot, SourceName, Tally, Unseen};
use crate::rules::RuleSet;
use crate::text::{join_and, plural, thousands};

/// Sorts of resource without a source that are named before they are only counted.
const NAMED: usize = 6;

/// How the rules fare, by what can be seen.
pub(super) struct Judged {
    /// `None` if the rules could not be read.
    tallies: Option<BTreeMap<RuleId, Tally>>,
    /// Whether a gap is left that nobody declared.
    undeclared: bool,
}

/// The rules that cannot judge everything behind each gap of a ledger.
pub type Behind = BTreeMap<(SourceName, Arc<str>), BTreeSet<RuleId>>;

/// The rules that each gap of a ledger keeps from judging everything.
#[must_use]
pub fn rules_behind(rules: &RuleSet, ledger: Vec<LedgerEntry>, now: DateTime<Utc>) -> Behind {
    let mut behind = Behind::new();
    for (rule, tally) in tallies(rules, ledger, now) {
        for unseen in tally.unseen.into_iter().filter(|unseen| !unseen.is_nowhere()) {
            behind.entry((unseen.source, unseen.endpoint)).or_default().insert(rule.clone());
        }
    }
    behind
}

fn tallies(rules: &RuleSet, ledger: Vec<LedgerEntry>, now: DateTime<Utc>) -> BTreeMap<RuleId, Tally> {
    let snapshot = Snapshot::seal(vec![Collection { ledger, ..Collection::default() }]);
    rules.evaluate(&Inventory::new(&snapshot), &[], now).tallies
}

impl Judged {
    /// Reckons what each rule can judge.
    pub(super) fn of(rules: Option<&RuleSet>, ledger: Vec<LedgerEntry>, now: DateTime<Utc>) -> Self {
        let undeclared = ledger.iter().any(LedgerEntry::is_undeclared_gap);
        Self { tallies: rules.map(|rules| tallies(rules, ledger, now)), undeclared }
    }

    /// The rules that wait for an endpoint, sorted.
    pub(super) fn waiting_for(&self, entries: &[&LedgerEntry]) -> Vec<RuleId> {
        let of = |unseen: &Unseen| {
            entries.iter().any(|entry| unseen.source == entry.source && unseen.endpoint == entry.endpoint)
        };
        let tallies = self.tallies.iter().flatten();
        tallies.filter(|(_, tally)| tally.unseen.iter().any(of)).map(|(rule, _)| rule.clone()).collect()
    }

    /// What is to be said of the rules as a whole.
    pub(super) fn checks(&self) -> Vec<Check> {
        let about = "all rules";
        let Some(tallies) = &self.tallies else {
            return vec![Check::unchecked(Area::Rules, about, "they could not be read")];
        };
        let all = tallies.len();
        let idle: Vec<&Tally> = tallies
            .values()
            .filter(|tally| !tally.unseen.is_empty() && tally.unseen.iter().all(Unseen::is_nowhere))
            .collect();
        let cut: Vec<RuleId> = tallies
            .iter()
            .filter(|(_, tally)| !tally.unseen.iter().all(Unseen::is_nowhere))
            .map(|(rule, _)| rule.clone())
            .collect();
        let able = all - idle.len() - cut.len();
        let found = format!("{} of {} can judge all that they speak of", thousands(able), plural(all, "rule", "rules"));
        let mut checks = vec![if cut.is_empty() && idle.is_empty() {
            Check::well(Area::Rules, about, found)
        } else {
            Check::known(Area::Rules, about, found)
        }];
        if !cut.is_empty() {
            let found = format!("{} will leave verdicts unknown", plural(cut.len(), "rule", "rules"));
            let check = if self.undeclared {
                let remedy = "close the gaps above, or declare those that you accept under `accepted_gaps`";
                Check::unseen(Area::Rules, about, found, remedy)
            } else {
                Check::known(Area::Rules, about, format!("{found}, behind gaps that were declared"))
            };
            checks.push(Check { rules: cut, ..check });
        }
        checks.extend(without_source(&idle));
        checks
    }
}

/// What rules speak of and no configured source shows.
fn without_source(idle: &[&Tally]) -> Option<Check> {
    let things: BTreeSet<&str> =
        idle.iter().flat_map(|tally| &tally.unseen).map(|unseen| unseen.endpoint.as_ref()).collect();
    let mut named: Vec<String> = things.iter().take(NAMED).map(ToString::to_string).collect();
    if things.len() > NAMED {
        named.push(plural(things.len() - NAMED, "other sort", "other sorts"));
    }
    let speak = plural(idle.len(), "rule speaks", "rules speak");
    let found = format!(
        "{speak} of {}: no source that was examined shows these (`keyroll sources` says which would)",
        join_and(&named)
    );
    (!idle.is_empty()).then(|| Check::known(Area::Rules, "all rules", found))
}
