//! Findings counted while they pass by, one after the other: for reports by severity and status, for controls by rule. What is kept of
//! them is no more for a million than for a thousand.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, FindingId, RuleId, Severity, Status};

/// What has to be known of a finding to count it.
#[derive(Debug, Clone, Copy)]
pub struct Outline<'a> {
    /// Its id.
    pub id: &'a str,
    /// The rule.
    pub rule: &'a RuleId,
    /// How bad.
    pub severity: Severity,
    /// Open, waived or resolved.
    pub status: &'a Status,
    /// True while it cannot be looked at.
    pub unconfirmed: bool,
}

impl<'a> From<&'a Finding> for Outline<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            id: finding.id.as_str(),
            rule: &finding.rule,
            severity: finding.severity,
            status: &finding.status,
            unconfirmed: finding.unconfirmed.is_some(),
        }
    }
}

/// How many findings stand how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingCounts {
    /// Open ones, by severity; a severity without any may be missing.
    pub open: BTreeMap<Severity, usize>,
    /// Those that a waiver covers.
    pub waived: usize,
    /// Those that are over.
    pub resolved: usize,
    /// Those that could not be looked at again.
    pub unconfirmed: usize,
}

impl FindingCounts {
    /// Counts findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            counts.add(&finding.into());
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, finding: &Outline<'_>) {
        match finding.status {
            Status::Open => *self.open.entry(finding.severity).or_default() += 1,
            Status::Waived(_) => self.waived += 1,
            Status::Resolved(_) => self.resolved += 1,
        }
        self.unconfirmed += usize::from(finding.unconfirmed);
    }

    /// Open ones of all severities.
    #[must_use]
    pub fn all_open(&self) -> usize {
        self.open.values().sum()
    }
}

/// Findings counted, and the first of them by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    count: usize,
    first: BTreeSet<FindingId>,
}

impl Counted {
    /// How many are named at most: their ids fit into one cell of a spreadsheet, which takes 32,767 characters.
    pub const NAMED: usize = 1000;

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The ids of the first [`Counted::NAMED`] by id, sorted.
    pub fn first(&self) -> impl Iterator<Item = &FindingId> {
        self.first.iter()
    }

    /// Counts one more.
    pub fn add(&mut self, id: &str) {
        self.count += 1;
        if self.has_room_for(id) {
            self.name(id.into());
        }
    }

    /// Counts others too, none of which was counted here before.
    pub fn add_all(&mut self, others: &Self) {
        self.count += others.count;
        for id in &others.first {
            if !self.has_room_for(id.as_str()) {
                break;
            }
            self.name(id.clone());
        }
    }

    fn has_room_for(&self, id: &str) -> bool {
        self.first.len() < Self::NAMED || self.first.last().is_some_and(|last| id < last.as_str())
    }

    fn name(&mut self, id: FindingId) {
        self.first.insert(id);
        if self.first.len() > Self::NAMED {
            self.first.pop_last();
        }
    }
}

impl FromIterator<FindingId> for Counted {
    fn from_iter<I: IntoIterator<Item = FindingId>>(ids: I) -> Self {
        let mut counted = Self::default();
        for id in ids {
            counted.add(id.as_str());
        }
        counted
    }
}

/// The findings of one rule that are not over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCensus {
    /// Open ones.
    pub open: Counted,
    /// Those that a waiver covers.
    pub waived: Counted,
}

/// All findings counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// How many stand how.
    pub counts: FindingCounts,
    /// Those that are not over, by rule.
    pub rules: BTreeMap<RuleId, RuleCensus>,
}

impl Census {
    /// Counts findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut census = Self::default();
        for finding in findings {
            census.add(&finding.into());
        }
        census
    }

    /// Counts one more.
    pub fn add(&mut self, finding: &Outline<'_>) {
        self.counts.add(finding);
        let counted = |rule: &mut RuleCensus| match finding.status {
            Status::Open => rule.open.add(finding.id),
            Status::Waived(_) => rule.waived.add(finding.id),
            Status::Resolved(_) => {}
        };
        match self.rules.get_mut(finding.rule) {
            Some(rule) => counted(rule),
            None => counted(self.rules.entry(finding.rule.clone()).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl IntoIterator<Item = usize>) -> Counted {
        numbers.into_iter().map(|number| FindingId::from(format!("F-{number:05}").as_str())).collect()
    }

    #[test]
    fn all_are_counted_and_the_first_are_named_whatever_their_order() {
        let (up, down) = (ids(0..2500), ids((0..2500).rev()));
        assert_eq!(up, down);
        assert_eq!((up.count(), up.first().count()), (2500, Counted::NAMED));
        assert_eq!(up.first().last().unwrap().as_str(), "F-00999");
    }

    #[test]
    fn counted_apart_they_are_the_same_together() {
        let (mut even, odd) = (ids((0..3000).step_by(2)), ids((1..3000).step_by(2)));
        even.add_all(&odd);
        assert_eq!(even, ids(0..3000));
    }

    #[test]
    fn what_is_named_fits_into_a_cell() {
        let longest =
            FindingId::of(&"rule".into(), &super::super::ResourceId::new("t", super::super::Kind::Group, "x"));
        assert!((longest.as_str().len() + "; ".len()) * Counted::NAMED < 32_767);
    }
}
