//! The access review: what is asked about whose access, what was decided, and what nobody could see when it began.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, SnapshotId};
use crate::digest::Digest;

/// Whose access is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewScope {
    /// Machines, whoever administers a whole product, and accounts from outside.
    Default,
    /// Machines alone.
    Machines,
    /// Whoever administers a whole product alone.
    Admins,
    /// Everybody.
    All,
}

impl ReviewScope {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "machines, administrators and externals",
            Self::Machines => "machines",
            Self::Admins => "administrators",
            Self::All => "all accounts",
        }
    }
}

/// A review that was begun: from which scan, by whom, about what. Its rows lie beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its name.
    pub name: String,
    /// The scan that it is made from.
    pub snapshot: SnapshotId,
    /// The digest of that scan's snapshot.
    pub digest: Digest,
    /// When that scan began.
    pub taken_at: DateTime<Utc>,
    /// When the review was begun.
    pub started_at: DateTime<Utc>,
    /// Who began it.
    pub started_by: String,
    /// The last day on which decisions are in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// Whose access it is about.
    pub scope: ReviewScope,
    /// The reviewers it is limited to, sorted; empty if it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// True if nobody may decide on their own access; otherwise it is noted.
    pub refuses_self_review: bool,
    /// Accounts that it is about, those without access of their own included.
    pub accounts: usize,
    /// What was left out on purpose.
    pub left_out: Vec<LeftOut>,
    /// What could not be seen.
    pub not_seen: Vec<NotSeen>,
}

/// Something that a review is not about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What it is: “people of the company who administer no whole product”.
    pub what: String,
    /// How many.
    pub count: usize,
}

/// Something that a review cannot speak of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotSeen {
    /// What cannot be told.
    pub what: String,
    /// Why.
    pub because: String,
    /// How many accounts of the review it leaves open; 0 where nobody can say.
    pub accounts: usize,
    /// A few of them by name, sorted.
    pub examples: Vec<String>,
}

/// How much can be done, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    /// It sees what is there.
    Reads,
    /// It changes content.
    Changes,
    /// It deletes what others made, or acts in their name.
    Deletes,
    /// It decides on the place.
    Decides,
    /// It administers a whole product or organisation.
    Administers,
}

impl AccessLevel {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Changes => "changes",
            Self::Deletes => "deletes",
            Self::Decides => "decides",
            Self::Administers => "administers",
        }
    }
}

/// How sure it is that an access is there. What depends on the single issue is nobody's own and no access to decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sureness {
    /// It is there.
    Certain,
    /// It could not be ruled out.
    Possible,
}

impl Sureness {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
        }
    }
}

/// What is suggested to a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suggestion {
    /// Nothing speaks against it.
    Keep,
    /// Something has to be asked first.
    Look,
    /// Something speaks against it.
    Revoke,
}

impl Suggestion {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Look => "look",
            Self::Revoke => "revoke",
        }
    }
}

/// All that an account may do of its own in one place: one thing to decide on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// Its key, made from the review, the account and the place.
    pub key: String,
    /// Who is asked: a mail address, a name, or [`ReviewRow::UNASSIGNED`].
    pub asked: String,
    /// The account.
    pub account: ResourceId,
    /// What people call it.
    pub account_name: String,
    /// Everything else that names it, in small letters, sorted: who decides on it by one of these decides on their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_as: Vec<String>,
    /// `machine`, `person`, or `person from outside`.
    pub sort: String,
    /// Whether anything lets it in.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub active: Fact<bool>,
    /// The place.
    pub container: ResourceId,
    /// What people call it: “project PAY”.
    pub place: String,
    /// True if the place itself was seen.
    pub place_seen: bool,
    /// The most that may be done there.
    pub level: AccessLevel,
    /// The gravest permission, as the product calls it.
    pub permission: String,
    /// How sure it is.
    pub sureness: Sureness,
    /// Why it is not certain; empty if it is.
    pub doubt: String,
    /// The shortest chain; empty if there is none.
    pub chain: String,
    /// How many other chains there are.
    pub other_chains: usize,
    /// What acts for the account: its credentials that are not known to have ended, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// When the account was last seen in use, be it through a credential; absent if it never was.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub last_used: Fact<DateTime<Utc>>,
    /// What is suggested.
    pub suggestion: Suggestion,
    /// Why: sentence fragments.
    pub reasons: Vec<String>,
}

impl ReviewRow {
    /// Who is asked where nobody answers for an access.
    pub const UNASSIGNED: &'static str = "unassigned";

    /// The columns that say what is decided on, with their texts. An import compares them: whoever changes one of them
    /// decides on something else.
    #[must_use]
    pub fn fixed(&self, review: &str) -> [(&'static str, String); 11] {
        [
            ("review", review.to_owned()),
            ("row", self.key.clone()),
            ("asked", self.asked.clone()),
            ("account", self.account_name.clone()),
            ("account_id", self.account.as_str().to_owned()),
            ("sort", self.sort.clone()),
            ("place", self.place.clone()),
            ("place_id", self.container.as_str().to_owned()),
            ("level", self.level.name().to_owned()),
            ("permission", self.permission.clone()),
            ("sureness", self.sureness.name().to_owned()),
        ]
    }

    /// The columns that are there to help, and are not read back: spreadsheets write days and numbers in their own way.
    pub const TOLD: [&'static str; 9] =
        ["active", "doubt", "chain", "other_chains", "credentials", "last_used", "suggestion", "why", "status"];

    /// The columns that the reviewer fills.
    pub const FILLED: [&'static str; 4] = ["decision", "reviewer", "decided_on", "comment"];
}

/// What a reviewer decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The access stays.
    Keep,
    /// The account is to have no access of its own there any more.
    Revoke,
    /// It is to be another one, as the comment says.
    Change,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Revoke, Self::Change];

    /// The word that reviewers write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Revoke => "revoke",
            Self::Change => "change",
        }
    }
}

/// One decision on one row. A later one takes its place; the earlier ones are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewDecision {
    /// The row.
    pub row: String,
    /// What was decided.
    pub decision: Decision,
    /// Who decided, as they wrote it.
    pub reviewer: String,
    /// On which day.
    pub decided_on: NaiveDate,
    /// What they wrote beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// True if the reviewer decided on their own access.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_review: bool,
    /// When it was read in.
    pub recorded_at: DateTime<Utc>,
    /// From which file, by its name.
    pub file: String,
}

impl ReviewDecision {
    /// True if both say the same, whenever they were read in, and from which file.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |one: &Self| (one.decision, one.reviewer.clone(), one.decided_on, one.comment.clone());
        self.row == other.row && said(self) == said(other)
    }
}

/// A decision with the row that it is about: what later scans are held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedAccess {
    /// The review.
    pub review: String,
    /// The row.
    pub row: ReviewRow,
    /// What was decided.
    pub decision: ReviewDecision,
}
