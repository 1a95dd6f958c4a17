//! Rules that could say nothing of anything in the last scan.

use super::{Lint, ScanRecord, of_whole};
use crate::rules::rule::Rule;
use crate::text::plural;

pub(super) const BLIND: &str = "always-unknown";

/// Rules that speak of some resources and could not be judged on any of them.
pub(super) fn blind(rules: &[Rule], scan: &ScanRecord) -> Vec<Lint> {
    let judged =
        rules.iter().filter(|rule| rule.enabled()).filter_map(|rule| Some((rule, scan.tallies.get(rule.id())?)));
    let blind = judged.filter(|(_, tally)| tally.unknown > 0 && tally.pass == 0 && tally.fail == 0);
    let lints = blind.map(|(rule, tally)| {
        let resources = plural(tally.unknown, rule.kind().name(), rule.kind().plural());
        let most = tally.unknown_reasons.iter().max_by_key(|(_, count)| **count);
        let why = most.map_or_else(String::new, |(reason, _)| format!(": {reason}"));
        let what = format!("`{}` is unknown on all {resources} of the last scan that it speaks of{why}", rule.id());
        let help = "close the gap (`keyroll coverage`), or switch the rule off and say so: it watches nothing";
        of_whole(rule, BLIND, what, help)
    });
    lints.collect()
}
