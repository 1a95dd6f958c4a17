//! Signals, and what they add up to. Inside a family the strongest counts, across families what each leaves open is
//! multiplied. What was not told is no signal: it only says how high the score could be.

use std::borrow::Cow;

use super::weights::{Clue, Side, weights};
use crate::model::{Fact, ResourceId};

/// One signal that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal {
    /// Which one.
    pub clue: Clue,
    /// The system that it names, by the place of its profile, if it names one.
    pub system: Option<u16>,
    /// The text it was seen in, or the fact in words.
    pub seen: String,
    /// The resource that showed it.
    pub shown_by: ResourceId,
}

impl Signal {
    /// How much it says, from 0 to 1.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.clue.weight().weight
    }
}

/// A signal that could not be looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Untold {
    /// Which one.
    pub clue: Clue,
    /// Why.
    pub why: Cow<'static, str>,
}

/// A score of 100, and how high it could be if everything were told and spoke for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    /// What was seen adds up to this.
    pub seen: u32,
    /// With what was not told it could be this.
    pub possible: u32,
    is_enough: bool,
    could_be_enough: bool,
}

impl Score {
    /// What signals add up to, and what they might with those that were not told.
    pub(super) fn of(seen: impl IntoIterator<Item = Clue>, untold: impl IntoIterator<Item = Clue>) -> Self {
        let mut tally = Tally::default();
        seen.into_iter().for_each(|clue| tally.add(clue));
        let (seen, is_enough) = (tally.hundredths(), tally.is_enough());
        untold.into_iter().for_each(|clue| tally.add(clue));
        Self { seen, possible: tally.hundredths(), is_enough, could_be_enough: tally.is_enough() }
    }

    /// A score of nothing, which it would not be if something of what was not told were so, with all that was seen.
    pub(super) fn hypothetical(seen: impl IntoIterator<Item = Clue>, untold: impl IntoIterator<Item = Clue>) -> Self {
        let possible = Self::of([], seen.into_iter().chain(untold));
        Self { seen: 0, is_enough: false, ..possible }
    }

    /// Whether it is enough to be said aloud: high enough, and from two families or one that stands alone.
    #[must_use]
    pub fn is_enough(self) -> Fact<bool> {
        match (self.is_enough, self.could_be_enough) {
            (true, _) => Fact::Known(true),
            (false, true) => Fact::Unknown,
            (false, false) => Fact::Known(false),
        }
    }

    /// The score, as far as it can be told: what was not told would only lift one that is enough already.
    #[must_use]
    pub fn told(self) -> Fact<i64> {
        if self.is_enough().is_unknown() { Fact::Unknown } else { Fact::Known(i64::from(self.seen)) }
    }

    /// Whether it is at least this.
    #[must_use]
    pub fn at_least(self, least: u32) -> Fact<bool> {
        match (self.seen >= least, self.possible >= least) {
            (true, _) => Fact::Known(true),
            (false, true) => Fact::Unknown,
            (false, false) => Fact::Known(false),
        }
    }
}

/// More families than any data file has.
const MOST_FAMILIES: usize = 32;

/// The strongest of each family.
#[derive(Debug, Default)]
struct Tally {
    strongest: [f64; MOST_FAMILIES],
    alone: bool,
}

impl Tally {
    fn add(&mut self, clue: Clue) {
        let weight = clue.weight();
        if let Some(strongest) = self.strongest.get_mut(weight.family) {
            *strongest = strongest.max(weight.weight);
        }
        self.alone |= weight.alone;
    }

    fn hundredths(&self) -> u32 {
        let open: f64 = self.strongest.iter().map(|weight| 1.0 - weight).product();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
        let hundredths = ((1.0 - open) * 100.0).round() as u32;
        hundredths
    }

    fn is_enough(&self) -> bool {
        let families = self.strongest.iter().filter(|weight| **weight > 0.0).count();
        self.hundredths() >= weights().report_at && (families >= 2 || self.alone)
    }
}

/// True if a signal speaks for a side.
pub(super) fn speaks_for(clue: Clue, side: Side) -> bool {
    clue.weight().speaks_for.contains(&side)
}

/// True if it is something that is done.
pub(super) fn is_deed(clue: Clue) -> bool {
    clue.weight().deeds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn families_count_once_and_one_label_is_never_enough() {
        let seen = |clues: &[Clue]| Score::of(clues.iter().copied(), []);
        assert_eq!(seen(&[Clue::WholeLabel, Clue::Label, Clue::MachineLabel]).seen, 70);
        assert_eq!(seen(&[Clue::WholeLabel]).is_enough(), Fact::Known(false));
        assert_eq!(seen(&[Clue::WholeLabel, Clue::Nightly]).seen, 88);
        assert_eq!(seen(&[Clue::WholeLabel, Clue::Nightly]).is_enough(), Fact::Known(true));
        assert_eq!(seen(&[Clue::Label, Clue::Nightly]).is_enough(), Fact::Known(true));
        assert_eq!(seen(&[Clue::WholeLabel, Clue::Burst, Clue::MadeTogether]).is_enough(), Fact::Known(false));
        assert_eq!(seen(&[Clue::Declared]).is_enough(), Fact::Known(true), "what stands alone needs no second family");
        assert_eq!(seen(&[]).told(), Fact::Known(0));
    }

    #[test]
    fn what_was_not_told_leaves_it_open_only_where_it_could_decide() {
        let untold = |clues: &[Clue]| Score::of([Clue::WholeLabel], clues.iter().copied());
        assert_eq!(untold(&[Clue::Nightly]).is_enough(), Fact::Unknown);
        assert_eq!(untold(&[Clue::Nightly]).told(), Fact::Unknown);
        assert_eq!(untold(&[Clue::Burst]).told(), Fact::Known(70));
        let enough = Score::of([Clue::WholeLabel, Clue::Nightly], [Clue::ActsForOthers]);
        assert_eq!((enough.told(), enough.possible), (Fact::Known(88), 95));
    }

    proptest! {
        #[test]
        fn an_unknown_never_raises_a_score_and_order_does_not_matter(
            seen in prop::collection::vec(prop::sample::select(Clue::ALL.to_vec()), 0..8),
            untold in prop::collection::vec(prop::sample::select(Clue::ALL.to_vec()), 0..8),
        ) {
            let plain = Score::of(seen.iter().copied(), []);
            let with = Score::of(seen.iter().copied(), untold.iter().copied());
            prop_assert_eq!(plain.seen, with.seen);
            prop_assert!(with.possible >= with.seen);
            prop_assert!(with.is_enough() != Fact::Known(true) || plain.is_enough() == Fact::Known(true));
            prop_assert_eq!(with, Score::of(seen.iter().rev().copied(), untold.iter().rev().copied()));
            let more = Score::of(seen.iter().chain(&untold).copied(), []);
            prop_assert!(more.seen >= plain.seen, "another signal never lowers it");
        }
    }
}
