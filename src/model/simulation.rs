//! What would come of changes that nobody made yet: the answer to “what if”.

use chrono::{DateTime, Utc};

use super::{Fact, FindingId, ResourceId, RuleId, Severity, WaiverId};

/// One change that is supposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supposed {
    /// The change in words: “Ada Muster is deactivated”.
    pub words: String,
    /// What is changed.
    pub resource: ResourceId,
    /// Why it would change nothing that was seen, where that is so.
    pub idle: Option<String>,
}

/// How one finding would turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// There would be a new one.
    Opens,
    /// It would be worse.
    Worsens,
    /// Nobody could tell any more whether it holds.
    BecomesUnknown,
    /// It would be less bad.
    Improves,
    /// It would be over.
    Closes,
    /// What nobody can tell now would be seen to be in order.
    BecomesKnown,
}

impl Turn {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 6] =
        [Self::Opens, Self::Worsens, Self::BecomesUnknown, Self::Improves, Self::Closes, Self::BecomesKnown];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Worsens => "worsens",
            Self::BecomesUnknown => "becomes-unknown",
            Self::Improves => "improves",
            Self::Closes => "closes",
            Self::BecomesKnown => "becomes-known",
        }
    }
}

/// A finding that would not be as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedFinding {
    /// How it would turn.
    pub turn: Turn,
    /// The finding, from rule and resource.
    pub finding: FindingId,
    /// The rule.
    pub rule: RuleId,
    /// The resource.
    pub resource: ResourceId,
    /// What people call the resource.
    pub resource_name: String,
    /// How bad it is now, if it is a finding now.
    pub before: Option<Severity>,
    /// How bad it would be, if it would be one.
    pub after: Option<Severity>,
    /// What the rule says of the resource; of what nobody could tell, why not.
    pub message: String,
    /// The waiver that covers it, or would.
    pub waiver: Option<WaiverId>,
    /// True if it would tell of the change itself, as the next scan sees it.
    pub of_change: bool,
    /// What has to be said beside: that the next scan could not confirm it, say.
    pub note: Option<String>,
}

/// How sure one may be of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// It follows from what was seen.
    Certain,
    /// So the product works as far as anybody wrote down.
    Likely,
    /// It cannot be ruled out.
    Possible,
}

impl Certainty {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// What would happen to something that works by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harm {
    /// It would stop.
    Stops,
    /// It would lose rights, and may need them.
    LosesRights,
    /// It would go on, with nobody to answer for it.
    LeftAlone,
}

impl Harm {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stops => "stops",
            Self::LosesRights => "loses-rights",
            Self::LeftAlone => "left-alone",
        }
    }
}

/// Something that works by itself and would not go on as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Harmed {
    /// What would happen to it.
    pub harm: Harm,
    /// How sure one may be.
    pub certainty: Certainty,
    /// What sort of thing it is: `integration`, `system`, `credential`, `automation`, …
    pub sort: &'static str,
    /// What people call it.
    pub name: String,
    /// The resource that shows it.
    pub resource: ResourceId,
    /// Why, step by step, and by what it was recognised.
    pub why: Vec<String>,
    /// When it was last used: absent if no use was ever recorded, unknown where nobody tells.
    pub last_used_at: Fact<DateTime<Utc>>,
    /// Whom to talk to before, where anybody is named.
    pub talk_to: Option<String>,
}

impl Harmed {
    /// After so many days without use nobody would notice at once.
    const LATELY_DAYS: i64 = 35;

    /// True unless it is known that it was not used lately.
    #[must_use]
    pub fn may_be_in_use(&self, now: DateTime<Utc>) -> bool {
        match self.last_used_at {
            Fact::Known(last) => (now - last).num_days() <= Self::LATELY_DAYS,
            Fact::Absent => false,
            Fact::Unknown => true,
        }
    }

    /// True if it would stop, or lose rights that it is declared to need, and may be in use.
    #[must_use]
    pub fn is_breakage(&self, now: DateTime<Utc>) -> bool {
        self.harm != Harm::LeftAlone && self.certainty != Certainty::Possible && self.may_be_in_use(now)
    }
}

/// One permission that an account would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostPermission {
    /// As the product calls it.
    pub key: String,
    /// Where.
    pub container: ResourceId,
    /// What people call that place.
    pub container_name: String,
    /// How much can be done with it: `read`, `write`, `destroy`, `administer`, `administer-all`.
    pub power: &'static str,
    /// Whether it would be lost for certain.
    pub certainty: Certainty,
}

/// What one account would lose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The account.
    pub account: ResourceId,
    /// What people call it.
    pub name: String,
    /// True if it would be let in nowhere: what it holds comes back with the first click that lets it in again.
    pub shut_out: bool,
    /// How many permissions it would lose for certain.
    pub lost: usize,
    /// In how many places.
    pub places: usize,
    /// How many more it may lose.
    pub perhaps: usize,
    /// The gravest of them first; not all where there are many.
    pub permissions: Vec<LostPermission>,
    /// Why there may be more.
    pub doubts: Vec<String>,
}

/// Seats that would be free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreedSeats {
    /// The application or product.
    pub container: ResourceId,
    /// What people call it, with its place.
    pub name: String,
    /// How many for certain.
    pub freed: usize,
    /// How many more perhaps.
    pub perhaps: usize,
    /// Taken now.
    pub used: Fact<i64>,
    /// Bought; absent if unlimited.
    pub total: Fact<i64>,
}

/// Something that the scan cannot answer: what is said of it is only a bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Untold {
    /// What cannot be told.
    pub question: String,
    /// Why: endpoints that were not read whole, or what no product tells.
    pub because: Vec<String>,
    /// True if every gap behind it was accepted in the configuration, or no scan could ever tell.
    pub accepted: bool,
}

/// Whom to talk to before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TalkTo {
    /// A person or team; `None` where nobody is named.
    pub who: Option<String>,
    /// What it is about.
    pub about: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simulation {
    /// What was supposed.
    pub supposed: Vec<Supposed>,
    /// Findings that would turn, sorted by turn, severity, rule and resource.
    pub findings: Vec<TurnedFinding>,
    /// What would stop, lose rights or be left alone, sorted by that, by certainty and by use.
    pub harmed: Vec<Harmed>,
    /// Who would lose which permissions: who loses most first.
    pub losses: Vec<Loss>,
    /// Accounts that are affected, and for which that was not worked out one by one.
    pub further_accounts: usize,
    /// What everybody with an account would lose.
    pub everybody_loses: Vec<String>,
    /// Seats that would be free, sorted by name.
    pub seats: Vec<FreedSeats>,
    /// Beside seats: what deactivating does not free.
    pub seat_notes: Vec<String>,
    /// What cannot be told, sorted.
    pub untold: Vec<Untold>,
    /// Whom to talk to first.
    pub talk_to: Vec<TalkTo>,
}

impl Simulation {
    /// True if something that may be in use would break.
    #[must_use]
    pub fn breaks(&self, now: DateTime<Utc>) -> bool {
        self.harmed.iter().any(|harmed| harmed.is_breakage(now))
    }

    /// True if there is a question that nobody accepted to leave open.
    #[must_use]
    pub fn leaves_questions(&self) -> bool {
        self.untold.iter().any(|untold| !untold.accepted)
    }
}
