//! What rules say: the outcome of one rule on one resource, and the counts of all.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ResourceId, RuleId, Severity, SourceName};

/// The outcome of one rule on one resource. Never two-valued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What must hold was seen to hold.
    Pass,
    /// It was seen not to hold.
    Fail(Failure),
    /// The rule does not speak of this resource.
    NotApplicable,
    /// It cannot be told; why.
    Unknown(Arc<str>),
}

/// What a failed rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How bad it is here; a rule may make this depend on the resource.
    pub severity: Severity,
    /// One sentence about this resource.
    pub message: String,
    /// The resource's name.
    pub resource_name: String,
    /// Whose it is, in words, where that is known: the owner of a credential, the holder of a grant.
    pub owner: Option<String>,
}

/// A rule's outcome on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule.
    pub rule: RuleId,
    /// The resource.
    pub resource: ResourceId,
    /// The outcome.
    pub outcome: Outcome,
}

/// Resources that a rule speaks of and nobody saw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unseen {
    /// The source with the gap.
    pub source: SourceName,
    /// The endpoint that was not read whole.
    pub endpoint: Arc<str>,
    /// Why, in a few words.
    pub reason: String,
}

impl Unseen {
    const NO_SOURCE: &'static str = "none";
    const NOWHERE: &'static str = "no configured source shows any";

    /// What no source shows: the greatest gap of all. `what` is what people call such resources.
    #[must_use]
    pub fn nowhere(what: &str) -> Self {
        Self { source: Self::NO_SOURCE.into(), endpoint: what.into(), reason: Self::NOWHERE.to_owned() }
    }

    /// True if no source shows it; its endpoint then says what people call it.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.source.as_str() == Self::NO_SOURCE && self.reason == Self::NOWHERE
    }
}

/// How a rule fared over the whole estate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Resources on which it holds.
    pub pass: usize,
    /// Resources on which it does not.
    pub fail: usize,
    /// Resources it does not speak of.
    pub not_applicable: usize,
    /// Resources on which it cannot be told.
    pub unknown: usize,
    /// Why not, and on how many resources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_reasons: BTreeMap<String, usize>,
    /// Gaps behind which more resources may be hidden that the rule would judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Unseen>,
}

impl Tally {
    /// True if every resource the rule speaks of was seen and judged.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unknown == 0 && self.unseen.is_empty()
    }
}

/// The judgement of a whole inventory.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// Counts for every rule.
    pub tallies: BTreeMap<RuleId, Tally>,
    /// Verdicts where there is something to say: failed and unknown. Sorted by rule and resource.
    pub verdicts: Vec<Verdict>,
}
