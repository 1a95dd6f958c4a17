//! What an examination of keyroll itself found: whether tonight's scan would see what it is meant to see, and tell it to those
//! who are to know.

use chrono::{DateTime, Utc};

use super::RuleId;

/// A whole examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// The estate's name; `None` if the configuration could not be read.
    pub estate: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What was looked at, by area, in the order in which one mends it.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub area: Area,
    /// The source, channel, schedule or file that was looked at.
    pub about: String,
    /// How it stands.
    pub health: Health,
    /// What was found, as one sentence without a full stop.
    pub found: String,
    /// The step that mends it. Whatever is not well has one.
    pub remedy: Option<String>,
    /// The endpoints that are meant, where it is about some.
    pub endpoints: Vec<String>,
    /// The rules that cannot judge everything because of it, sorted.
    pub rules: Vec<RuleId>,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Configuration, rules, waivers, registers, secrets.
    Files,
    /// Where scans are kept, and the disk it lies on.
    Store,
    /// The line to each source: names, proxies, certificates.
    Network,
    /// Our clock against that of the servers.
    Clock,
    /// What each source answers, and the rights that are there or missing.
    Sources,
    /// What keyroll itself reads with: when it ends, and whether it may do more than it has to.
    Credentials,
    /// The rules that can judge, and those that cannot.
    Rules,
    /// The ways to people.
    Channels,
    /// When scans are due.
    Schedules,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Well,
    /// Nothing is wrong, and yet one should know.
    Known,
    /// It was not looked at.
    Unchecked,
    /// It works today, and should be mended all the same.
    Weak,
    /// Scans are incomplete because of it.
    Unseen,
    /// It does not work.
    Broken,
}

impl Area {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Files,
        Self::Store,
        Self::Network,
        Self::Clock,
        Self::Sources,
        Self::Credentials,
        Self::Rules,
        Self::Channels,
        Self::Schedules,
    ];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Store => "store",
            Self::Network => "network",
            Self::Clock => "clock",
            Self::Sources => "sources",
            Self::Credentials => "credentials",
            Self::Rules => "rules",
            Self::Channels => "channels",
            Self::Schedules => "schedules",
        }
    }
}

impl Health {
    /// All of them, the best first.
    pub const ALL: [Self; 6] = [Self::Well, Self::Known, Self::Unchecked, Self::Weak, Self::Unseen, Self::Broken];

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Known => "note",
            Self::Unchecked => "not checked",
            Self::Weak => "warning",
            Self::Unseen => "unseen",
            Self::Broken => "failed",
        }
    }
}

impl Check {
    /// Something is as it should be.
    #[must_use]
    pub fn well(area: Area, about: &str, found: impl Into<String>) -> Self {
        Self::new(area, about, Health::Well, found.into(), None)
    }

    /// Nothing is wrong, and yet one should know.
    #[must_use]
    pub fn known(area: Area, about: &str, found: impl Into<String>) -> Self {
        Self::new(area, about, Health::Known, found.into(), None)
    }

    /// It was not looked at, for this reason.
    #[must_use]
    pub fn unchecked(area: Area, about: &str, why: impl Into<String>) -> Self {
        Self::new(area, about, Health::Unchecked, why.into(), None)
    }

    /// It should be mended, and this is the step that does so.
    #[must_use]
    pub fn weak(area: Area, about: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, about, Health::Weak, found.into(), Some(remedy.into()))
    }

    /// Scans are incomplete because of it, and this is the step that changes that.
    #[must_use]
    pub fn unseen(area: Area, about: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, about, Health::Unseen, found.into(), Some(remedy.into()))
    }

    /// It does not work, and this is the step that mends it.
    #[must_use]
    pub fn broken(area: Area, about: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(area, about, Health::Broken, found.into(), Some(remedy.into()))
    }

    fn new(area: Area, about: &str, health: Health, found: String, remedy: Option<String>) -> Self {
        Self { area, about: about.to_owned(), health, found, remedy, endpoints: Vec::new(), rules: Vec::new() }
    }
}

impl Checkup {
    /// The checks of an area that stand so or worse.
    pub fn at_least(&self, area: Area, health: Health) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.area == area && check.health >= health)
    }

    /// How many checks stand so.
    #[must_use]
    pub fn count(&self, health: Health) -> usize {
        self.checks.iter().filter(|check| check.health == health).count()
    }
}
