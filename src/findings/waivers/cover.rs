//! What the waivers cover on a day. A waiver whose facts cannot be checked keeps what it covered, so that a night without sight
//! brings up nothing, and takes on nothing new, so that nothing is covered unseen.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeDelta};

use super::Waivers;
use crate::findings::facts::{self, Facts};
use crate::inventory::Inventory;
use crate::model::{
    Finding, FindingId, Lapse, ResourceId, RuleId, Severity, Status, Waiver, WaiverId, WaiverState, WaiverUse,
};
use crate::text::{fits_pattern, plural};

/// What the waivers cover on a day.
pub(in crate::findings) struct Cover<'a> {
    waivers: &'a Waivers,
    by_rule: HashMap<&'a RuleId, Vec<&'a Waiver>>,
    today: NaiveDate,
    inventory: &'a Inventory<'a>,
    /// The facts that were worked out so far: only of findings that a bound waiver speaks of.
    facts: RefCell<HashMap<(FindingId, Severity), Facts>>,
}

/// How one waiver stands to one finding of which it speaks.
enum Standing {
    Ended,
    Covers,
    /// It does not cover it: why not.
    Void(Vec<String>),
    /// Nobody can tell: why not.
    Unchecked(Vec<String>),
}

impl Waivers {
    /// What they cover on a day, of what an inventory has.
    pub(in crate::findings) fn on<'a>(&'a self, today: NaiveDate, inventory: &'a Inventory<'a>) -> Cover<'a> {
        let mut by_rule: HashMap<&RuleId, Vec<&Waiver>> = HashMap::new();
        for waiver in &self.waivers {
            by_rule.entry(&waiver.rule).or_default().push(waiver);
        }
        Cover { waivers: self, by_rule, today, inventory, facts: RefCell::default() }
    }
}

impl<'a> Cover<'a> {
    /// The waiver that covers a finding; of several, the one that ends last.
    pub(in crate::findings) fn covering(&self, finding: &Finding) -> Option<&'a Waiver> {
        // Of waivers that end on the same day the first in the order of ids is meant, so that it stays the same one.
        let covers = |waiver: &&Waiver| matches!(self.standing(waiver, finding), Standing::Covers);
        let surely = self.fitting(finding).filter(covers);
        let surely = surely.reduce(|best, waiver| if waiver.until > best.until { waiver } else { best });
        surely.or_else(|| self.fitting(finding).find(|waiver| self.keeps(waiver, finding)))
    }

    /// True if a waiver covered a finding and nobody can tell whether it still may.
    fn keeps(&self, waiver: &Waiver, finding: &Finding) -> bool {
        matches!(&finding.status, Status::Waived(id) if *id == waiver.id)
            && matches!(self.standing(waiver, finding), Standing::Unchecked(_))
    }

    /// Why a waiver that covered a finding does so no longer.
    pub(in crate::findings) fn why_ended(&self, id: &WaiverId, finding: &Finding) -> String {
        let Some(waiver) = self.waivers.waivers.iter().find(|waiver| waiver.id == *id) else {
            return format!("waiver {id} was withdrawn");
        };
        if !self.fitting(finding).any(|fitting| fitting.id == *id) {
            return format!("waiver {id} does not speak of it any more");
        }
        match self.standing(waiver, finding) {
            Standing::Ended => format!("waiver {id} ended on {}", waiver.until),
            Standing::Void(why) => void(waiver, &finding.resource, why),
            Standing::Covers | Standing::Unchecked(_) => format!("waiver {id} does not cover it any more"),
        }
    }

    /// Why a finding comes up although a waiver speaks of it; empty if none does.
    pub(in crate::findings) fn why_not(&self, finding: &Finding) -> String {
        let told = self.fitting(finding).find_map(|waiver| match self.standing(waiver, finding) {
            Standing::Void(why) => Some(void(waiver, &finding.resource, why)),
            Standing::Unchecked(why) => {
                let why = Lapse { resource: finding.resource.clone(), why }.in_words();
                Some(format!("waiver {} could not be checked: {why}", waiver.id))
            }
            Standing::Ended | Standing::Covers => None,
        });
        told.unwrap_or_default()
    }

    /// Every waiver and what it does for the findings that are not over.
    pub(in crate::findings) fn uses(&self, findings: &[Finding]) -> Vec<WaiverUse> {
        let mut uses: BTreeMap<&WaiverId, WaiverUse> = BTreeMap::new();
        for waiver in &self.waivers.waivers {
            uses.insert(&waiver.id, WaiverUse::plain(waiver.clone(), WaiverState::Unused, 0));
        }
        for finding in findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_))) {
            for waiver in self.fitting(finding) {
                let Some(used) = uses.get_mut(&waiver.id) else { continue };
                let lapse = |why| Lapse { resource: finding.resource.clone(), why };
                match self.standing(waiver, finding) {
                    Standing::Covers | Standing::Ended => used.covers += 1,
                    Standing::Void(why) => used.void_for.push(lapse(why)),
                    Standing::Unchecked(why) => {
                        used.covers += usize::from(self.keeps(waiver, finding));
                        used.unchecked.push(lapse(why));
                    }
                }
            }
        }
        uses.into_values().map(|used| self.judged(used, findings)).collect()
    }

    fn judged(&self, mut used: WaiverUse, findings: &[Finding]) -> WaiverUse {
        for lapses in [&mut used.void_for, &mut used.unchecked] {
            lapses.sort_by(|left, right| left.resource.cmp(&right.resource));
        }
        let limits = &self.waivers.limits;
        used.too_broad = used.covers > limits.most_findings && self.today <= used.waiver.until;
        used.never_seen = ResourceId::parse(&used.waiver.resource).is_some_and(|id| {
            let carried = &self.inventory.snapshot().carried;
            !used.waiver.resource.contains('*')
                && self.inventory.get(&id).is_none()
                && carried.binary_search_by(|resource| resource.id.cmp(&id)).is_err()
                && findings.iter().all(|finding| finding.resource != id)
        });
        used.state = if used.waiver.until < self.today {
            WaiverState::Expired
        } else if !used.void_for.is_empty() {
            WaiverState::Void
        } else if !used.unchecked.is_empty() {
            WaiverState::Unchecked
        } else if used.covers == 0 {
            WaiverState::Unused
        } else if used.waiver.until - self.today <= TimeDelta::days(limits.warning_days.into()) {
            WaiverState::Expiring
        } else if used.too_broad {
            WaiverState::TooBroad
        } else {
            WaiverState::InForce
        };
        used
    }

    fn fitting(&self, finding: &Finding) -> impl Iterator<Item = &'a Waiver> {
        let of_rule = self.by_rule.get(&finding.rule).into_iter().flatten().copied();
        of_rule.filter(|waiver| fits_pattern(&waiver.resource, finding.resource.as_str()))
    }

    fn standing(&self, waiver: &Waiver, finding: &Finding) -> Standing {
        if waiver.until < self.today {
            return Standing::Ended;
        }
        let days = self.waivers.limits.longest.of(finding.severity);
        if waiver.until > self.today + TimeDelta::days(days.into()) {
            let days = plural(days.into(), "day", "days");
            return Standing::Void(vec![format!("what is {} may be waived for {days} only", finding.severity)]);
        }
        if !waiver.is_bound() {
            return Standing::Covers;
        }
        let Some(accepted) = waiver.accepted_of(&finding.resource) else {
            return Standing::Void(vec!["it was not among what was accepted".to_owned()]);
        };
        let mut known = self.facts.borrow_mut();
        let now =
            known.entry((finding.id.clone(), finding.severity)).or_insert_with(|| Facts::of(finding, self.inventory));
        match facts::compare(accepted, now) {
            facts::Standing::Intact => Standing::Covers,
            facts::Standing::Widened(came) => Standing::Void(came),
            facts::Standing::Unchecked(why) => Standing::Unchecked(why),
        }
    }
}

/// “waiver W-14 is void: scope write:jira-work came”.
fn void(waiver: &Waiver, resource: &ResourceId, why: Vec<String>) -> String {
    let why = Lapse { resource: resource.clone(), why }.in_words();
    format!("waiver {} is void: {why}", waiver.id)
}
