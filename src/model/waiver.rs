//! A dated, reasoned, signed-off decision to accept a finding until a day, bound to the facts that were accepted.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{ResourceId, RuleId, WaiverId};
use crate::digest::Digest;
use crate::text::plural;

/// A decision to accept findings of a rule on some resources until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Its id in the file.
    pub id: WaiverId,
    /// The rule whose findings are accepted.
    pub rule: RuleId,
    /// The resources: an id, or a pattern in which `*` stands for any characters.
    pub resource: String,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub approver: String,
    /// Where that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The last day on which it holds (UTC).
    pub until: NaiveDate,
    /// What was accepted, resource by resource, sorted. A waiver that has any covers these resources and no others, and each
    /// only as long as nothing came to its facts. Empty if the waiver is bound to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
}

impl Waiver {
    /// True if it says which facts were accepted.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// What was accepted of a resource.
    #[must_use]
    pub fn accepted_of(&self, resource: &ResourceId) -> Option<&Accepted> {
        let at = self.accepted.binary_search_by(|accepted| accepted.resource.cmp(resource)).ok()?;
        self.accepted.get(at)
    }
}

/// The facts of one resource on which the acceptance of its finding rests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Accepted {
    /// The resource.
    pub resource: ResourceId,
    /// The facts, a line each, such as `scope write:jira-work`: sorted.
    pub facts: Vec<String>,
}

impl Accepted {
    /// The seal on the facts: whoever changes them by hand breaks it.
    #[must_use]
    pub fn digest(&self) -> String {
        Digest::of(&(&self.resource, &self.facts)).base32(26)
    }
}

/// How a waiver stands on the day of a scan: the most urgent of what is to be said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It covers at least one finding.
    InForce,
    /// It covers something and ends within the warning period.
    Expiring,
    /// Its last day is over.
    Expired,
    /// It covers nothing.
    Unused,
    /// Of something that it speaks of, more is there than was accepted: it does not cover that any more.
    Void,
    /// Of something that it speaks of, nobody can tell whether it still is what was accepted.
    Unchecked,
    /// It covers more findings than one decision should.
    TooBroad,
}

impl WaiverState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::InForce, Self::Expiring, Self::Expired, Self::Unused, Self::Void, Self::Unchecked, Self::TooBroad];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Unused => "unused",
            Self::Void => "void",
            Self::Unchecked => "unchecked",
            Self::TooBroad => "too-broad",
        }
    }
}

/// Why a waiver is not what it was for one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// The resource.
    pub resource: ResourceId,
    /// What came that was not accepted, or what could not be told: fragments, each a whole thought.
    pub why: Vec<String>,
}

impl Lapse {
    /// The reasons in one line; of many the first few, with how many more there are.
    #[must_use]
    pub fn in_words(&self) -> String {
        const SHOWN: usize = 3;
        let shown: Vec<&str> = self.why.iter().take(SHOWN).map(String::as_str).collect();
        match self.why.len() - shown.len() {
            0 => shown.join("; "),
            more => format!("{}; and {more} more", shown.join("; ")),
        }
    }
}

/// A waiver and what it did in one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverUse {
    /// The waiver.
    pub waiver: Waiver,
    /// How it stands.
    pub state: WaiverState,
    /// Findings it covers, or would cover had it not expired.
    pub covers: usize,
    /// What it speaks of and does not cover, because that is more than was accepted; sorted by resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub void_for: Vec<Lapse>,
    /// What could not be checked against the facts accepted; sorted by resource. What was covered before stays so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<Lapse>,
    /// True if it covers more findings than the configuration finds sensible.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_broad: bool,
    /// True if it names one resource, and no scan ever saw such a one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_seen: bool,
}

impl WaiverUse {
    /// Resources that a remark names.
    const SHOWN: usize = 3;

    /// A waiver of which there is nothing to say but how it stands.
    #[must_use]
    pub fn plain(waiver: Waiver, state: WaiverState, covers: usize) -> Self {
        Self { waiver, state, covers, void_for: Vec::new(), unchecked: Vec::new(), too_broad: false, never_seen: false }
    }

    /// What else there is to say about it, a sentence fragment each: what came, what could not be checked, what it lacks.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.never_seen {
            remarks.push("no such resource was ever seen".to_owned());
        }
        for (what, lapses) in [("void", &self.void_for), ("unchecked", &self.unchecked)] {
            let shown = lapses.iter().take(Self::SHOWN);
            remarks.extend(shown.map(|lapse| format!("{what} for {}: {}", lapse.resource, lapse.in_words())));
            let more = lapses.len().saturating_sub(Self::SHOWN);
            if more > 0 {
                remarks.push(format!("{what} for {}", plural(more, "other resource", "other resources")));
            }
        }
        if self.too_broad {
            remarks.push("covers more findings than one decision should".to_owned());
        }
        if !self.waiver.is_bound() {
            remarks.push("bound to no facts".to_owned());
        }
        remarks
    }
}
