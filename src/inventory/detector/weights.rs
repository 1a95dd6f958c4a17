//! How much each signal says: read from `rules/detector.yaml`, which is data and no code.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::written::{need_text, texts};
use crate::document::{self, Located, Section};
use crate::problem::{Problems, SourceText};

const FILE: &str = include_str!("../../../rules/detector.yaml");

/// What a signal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// A machine uses it.
    Machine,
    /// A person does.
    Person,
    /// A system does: which one, the signal names, or another signal beside it.
    System,
}

/// A signal that the detector knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the data file says of each what it is about")]
pub enum Clue {
    AppKey,
    LinkedHost,
    WebhookHost,
    OwnHost,
    MailDomain,
    WholeLabel,
    Name,
    Label,
    AccountType,
    Declared,
    MachineName,
    MachineLabel,
    Nightly,
    SilentPages,
    ActsForOthers,
    UsedByOther,
    Presented,
    ActingApp,
    AutomationActor,
    SetWebhook,
    PipelineVariable,
    PipelinePair,
    RegisteredClient,
    ConnectorRole,
    MadeTogether,
    Burst,
    EnvironmentLabel,
    PersonalName,
    PersonalMail,
    Roster,
    SecondFactor,
    Pages,
    LogIn,
}

impl Clue {
    /// All of them, in the order of the data file.
    pub const ALL: [Self; 33] = [
        Self::AppKey,
        Self::LinkedHost,
        Self::WebhookHost,
        Self::OwnHost,
        Self::MailDomain,
        Self::WholeLabel,
        Self::Name,
        Self::Label,
        Self::AccountType,
        Self::Declared,
        Self::MachineName,
        Self::MachineLabel,
        Self::Nightly,
        Self::SilentPages,
        Self::ActsForOthers,
        Self::UsedByOther,
        Self::Presented,
        Self::ActingApp,
        Self::AutomationActor,
        Self::SetWebhook,
        Self::PipelineVariable,
        Self::PipelinePair,
        Self::RegisteredClient,
        Self::ConnectorRole,
        Self::MadeTogether,
        Self::Burst,
        Self::EnvironmentLabel,
        Self::PersonalName,
        Self::PersonalMail,
        Self::Roster,
        Self::SecondFactor,
        Self::Pages,
        Self::LogIn,
    ];

    /// Its id in the data file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AppKey => "app-key",
            Self::LinkedHost => "linked-host",
            Self::WebhookHost => "webhook-host",
            Self::OwnHost => "own-host",
            Self::MailDomain => "mail-domain",
            Self::WholeLabel => "whole-label",
            Self::Name => "name",
            Self::Label => "label",
            Self::AccountType => "account-type",
            Self::Declared => "declared",
            Self::MachineName => "machine-name",
            Self::MachineLabel => "machine-label",
            Self::Nightly => "nightly",
            Self::SilentPages => "silent-pages",
            Self::ActsForOthers => "acts-for-others",
            Self::UsedByOther => "used-by-other",
            Self::Presented => "presented",
            Self::ActingApp => "acting-app",
            Self::AutomationActor => "automation-actor",
            Self::SetWebhook => "set-webhook",
            Self::PipelineVariable => "pipeline-variable",
            Self::PipelinePair => "pipeline-pair",
            Self::RegisteredClient => "registered-client",
            Self::ConnectorRole => "connector-role",
            Self::MadeTogether => "made-together",
            Self::Burst => "burst",
            Self::EnvironmentLabel => "environment-label",
            Self::PersonalName => "personal-name",
            Self::PersonalMail => "personal-mail",
            Self::Roster => "roster",
            Self::SecondFactor => "second-factor",
            Self::Pages => "pages",
            Self::LogIn => "log-in",
        }
    }

    /// What the data file says of it.
    #[must_use]
    pub fn weight(self) -> &'static Weight {
        let weights = weights();
        weights.signals.get(self as usize).expect("internal: every clue has its weight, see the reader of the file")
    }
}

/// What the data file says of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// The signal.
    pub clue: Clue,
    /// What it speaks for.
    pub speaks_for: BTreeSet<Side>,
    /// The number of its family: signals of one are one fact.
    pub family: usize,
    /// True if it is something that is done, false if it is how something looks.
    pub deeds: bool,
    /// How much it says, from 0 to 1.
    pub weight: f64,
    /// True if it needs no second family.
    pub alone: bool,
    /// A sentence about it.
    pub about: String,
}

/// The whole data file.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// By the number of the clue.
    signals: Vec<Weight>,
    /// The names of the families.
    pub families: Vec<String>,
    /// From this score of 100 on something is said aloud.
    pub report_at: u32,
    /// From this score of 100 on an account counts as a person's.
    pub person_at: u32,
    /// Days in a row that make use a nightly one.
    pub nights: usize,
    /// Days that a source may be behind.
    pub days_behind: i64,
    /// Days within which a page view or log-in is one of now.
    pub recent_days: i64,
    /// Days without a page that make an account silent.
    pub silent_days: i64,
    /// Days within which a token must have been used for that.
    pub used_days: i64,
    /// Days between an account and its token that make them one act.
    pub together_days: i64,
    /// Tokens that make a burst.
    pub burst_tokens: usize,
    /// Minutes in which they were made.
    pub burst_minutes: i64,
    /// Words of a label that stand for a machine.
    pub machine_words: BTreeSet<String>,
    /// Words of a label that name an environment.
    pub environment_words: BTreeSet<String>,
}

/// The shipped weights.
#[must_use]
pub fn weights() -> &'static Weights {
    static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
        let read = read(&SourceText::new("rules/detector.yaml", FILE));
        read.unwrap_or_else(|problems| unreachable!("internal: the shipped weights are proper: {problems}"))
    });
    &WEIGHTS
}

fn read(file: &SourceText) -> Result<Weights, Problems> {
    let mut root = document::parse(file)?;
    let mut number = |key| root.number(key, 3660).unwrap_or_default();
    let (report_at, person_at) = (number("report_at"), number("person_at"));
    let (nights, burst_tokens) = (number("nights") as usize, number("burst_tokens") as usize);
    let mut days = |key| i64::from(number(key));
    let (days_behind, recent_days, silent_days) = (days("days_behind"), days("recent_days"), days("silent_days"));
    let (used_days, together_days, burst_minutes) = (days("used_days"), days("together_days"), days("burst_minutes"));
    let machine_words = words(&mut root, "machine_words");
    let environment_words = words(&mut root, "environment_words");
    let mut families = Vec::new();
    let mut signals = Vec::new();
    for section in root.sections("signals") {
        signals.extend(root.take(signal(section, &mut families)));
    }
    signals.sort_by_key(|signal: &Weight| signal.clue);
    if !signals.iter().map(|signal| signal.clue).eq(Clue::ALL) {
        root.wrong(root.span_of("signals"), "a signal is missing or comes twice", None);
    }
    root.finish(Some(Weights {
        signals,
        families,
        report_at,
        person_at,
        nights,
        days_behind,
        recent_days,
        silent_days,
        used_days,
        together_days,
        burst_tokens,
        burst_minutes,
        machine_words,
        environment_words,
    }))
}

fn words(root: &mut Section, key: &'static str) -> BTreeSet<String> {
    texts(root, key).unwrap_or_default().into_iter().map(|word| word.value).collect()
}

fn signal(mut section: Section, families: &mut Vec<String>) -> Result<Weight, Problems> {
    let id = need_text(&mut section, "id");
    let clue = id.as_ref().and_then(|id| Clue::ALL.into_iter().find(|clue| clue.name() == id.value));
    if let (Some(id), None) = (&id, clue) {
        section.wrong(id.span.clone(), format!("nothing looks for a signal `{}`", id.value), None);
    }
    let mut speaks_for = BTreeSet::new();
    for side in texts(&mut section, "speaks_for").unwrap_or_default() {
        match side.value.as_str() {
            "machine" => speaks_for.insert(Side::Machine),
            "person" => speaks_for.insert(Side::Person),
            "system" => speaks_for.insert(Side::System),
            _ => {
                section.wrong(side.span, "a signal speaks for a machine, a person or a system", None);
                false
            }
        };
    }
    let family = need_text(&mut section, "family");
    let by = need_text(&mut section, "by");
    if let Some(by) = by.as_ref().filter(|by| by.value != "looks" && by.value != "deeds") {
        section.wrong(by.span.clone(), "a signal is one of looks or of deeds", None);
    }
    let weight: Option<Located<f64>> = section.need("weight");
    if let Some(weight) = weight.as_ref().filter(|weight| !(0.0..=1.0).contains(&weight.value)) {
        section.wrong(weight.span.clone(), "a weight is from 0 to 1", None);
    }
    let alone = section.get("alone") == Some(true);
    let about = need_text(&mut section, "about");
    let family = family.map(|family| number_of(family.value, families));
    let read = clue.zip(family).zip(weight).zip(about).map(|(((clue, family), weight), about)| Weight {
        clue,
        speaks_for,
        family,
        deeds: by.is_some_and(|by| by.value == "deeds"),
        weight: weight.value,
        alone,
        about: about.value,
    });
    section.finish(read)
}

fn number_of(family: String, families: &mut Vec<String>) -> usize {
    families.iter().position(|known| *known == family).unwrap_or_else(|| {
        families.push(family);
        families.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clue_has_a_weight_and_speaks_for_something() {
        for clue in Clue::ALL {
            let weight = clue.weight();
            assert_eq!(weight.clue, clue);
            assert!(!weight.speaks_for.is_empty() && weight.weight > 0.0 && !weight.about.is_empty(), "{clue:?}");
            assert_eq!(Clue::ALL[clue as usize], clue, "the order is that of the numbers");
        }
    }

    #[test]
    fn mistakes_in_the_weights_are_told() {
        let wrong = FILE.replace("weight: 0.7", "weight: 7").replace("id: nightly", "id: nighly");
        let told = read(&SourceText::new("x.yaml", &wrong)).unwrap_err().to_string();
        assert!(told.contains("a weight is from 0 to 1") && told.contains("`nighly`"), "{told}");
    }

    /// No label alone reaches what is said aloud, whatever somebody makes of the weights.
    #[test]
    fn a_label_alone_says_too_little() {
        for clue in [Clue::Label, Clue::WholeLabel, Clue::MachineLabel] {
            let weight = clue.weight();
            assert!(!weight.alone && weight.weight * 100.0 < f64::from(weights().report_at), "{clue:?}");
        }
    }
}
