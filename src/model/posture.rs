//! How an estate stands towards the controls of a framework, as far as rules can tell.

use super::{ControlId, Counted, RuleId};

/// How an estate stands towards one framework.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameworkPosture {
    /// Its short name: `soc2`.
    pub id: String,
    /// Its full name.
    pub title: String,
    /// Which edition the controls are from.
    pub version: String,
    /// Its controls, in its own order.
    pub controls: Vec<ControlPosture>,
}

impl FrameworkPosture {
    /// How many controls stand so.
    #[must_use]
    pub fn count(&self, state: PostureState) -> usize {
        self.controls.iter().filter(|control| control.state == state).count()
    }
}

/// How an estate stands towards one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPosture {
    /// The control.
    pub id: ControlId,
    /// What it asks for: a gist in our words, to be compared with the framework's own text.
    pub gist: String,
    /// What comes of the rules that serve it.
    pub state: PostureState,
    /// The rules that serve it and judged, sorted.
    pub rules: Vec<RuleId>,
    /// Resources on which one of these rules holds or fails, counted once for each rule.
    pub judged: usize,
    /// Their open findings.
    pub open: Counted,
    /// Their findings that somebody waived.
    pub waived: Counted,
    /// What keeps the answer from being whole: sorted, each once.
    pub gaps: Vec<String>,
    /// What to look at by hand, if the catalogue says so.
    pub by_hand: Option<String>,
}

/// What comes of the rules that serve a control. A rule sees a part of what a control asks for, so that even the best of
/// these is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostureState {
    /// Something is open.
    NotMet,
    /// Nothing is open, and not everything could be judged.
    NotFullyAssessed,
    /// Everything was judged, and what was found is waived.
    MetButWaived,
    /// Everything was judged, and nothing was found.
    Met,
    /// No rule serves it: somebody has to look.
    Manual,
}

impl PostureState {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 5] = [Self::NotMet, Self::NotFullyAssessed, Self::MetButWaived, Self::Met, Self::Manual];

    /// The word for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotMet => "not-met",
            Self::NotFullyAssessed => "not-fully-assessed",
            Self::MetButWaived => "met-but-waived",
            Self::Met => "met",
            Self::Manual => "manual",
        }
    }

    /// The words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotMet => "not met",
            Self::NotFullyAssessed => "not fully assessed",
            Self::MetButWaived => "met, but for waivers",
            Self::Met => "met",
            Self::Manual => "manual",
        }
    }
}
