//! Recognises systems by what accounts, tokens, webhooks and apps are called and where they lead, and tells names that
//! stand for machines from people's. A guess that says why: every sign that fired, with its weight.
//!
//! Names and labels are compared by whole words, so that `jira align` is found in `svc-jira-align-prod` and not in
//! `alignment-team`; a name that reads like a person's counts only where it is a system's as a whole.

use super::detector::Clue;
use super::naming::{mails, words};
use crate::model::{Body, Credential, Fingerprints, Resource};
use crate::text::fits_pattern;

pub use super::naming::{looks_like_machine, looks_like_person};

/// What a system gives itself away by, with the weight it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// The key of an app, which its vendor sets.
    AppKey,
    /// The host that an OAuth client, a consumer or an application link leads to.
    LinkedHost,
    /// A vendor's host that a webhook sends to.
    WebhookHost,
    /// A host that a system may have anywhere: its pattern has an open end, such as `jenkins.*`.
    OwnHost,
    /// A mail address at the vendor's domain.
    MailDomain,
    /// A label that is the system's name and nothing else, as vendors suggest it.
    WholeLabel,
    /// The name of an account or app, with the system's in it.
    Name,
    /// A label with the system's name in it.
    Label,
}

impl Sign {
    /// How much it says, from 0 to 1: `rules/detector.yaml` says so.
    #[must_use]
    pub fn weight(self) -> f64 {
        self.clue().weight().weight
    }

    /// The signal of the detector that it is.
    #[must_use]
    pub fn clue(self) -> Clue {
        match self {
            Self::AppKey => Clue::AppKey,
            Self::LinkedHost => Clue::LinkedHost,
            Self::WebhookHost => Clue::WebhookHost,
            Self::OwnHost => Clue::OwnHost,
            Self::MailDomain => Clue::MailDomain,
            Self::WholeLabel => Clue::WholeLabel,
            Self::Name => Clue::Name,
            Self::Label => Clue::Label,
        }
    }

    /// The sign in words, for “label fits `jenkins`”.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AppKey => "app key",
            Self::LinkedHost => "linked host",
            Self::WebhookHost => "webhook host",
            Self::OwnHost => "host of its own",
            Self::MailDomain => "mail domain",
            Self::WholeLabel => "whole label",
            Self::Name => "name",
            Self::Label => "word of a label",
        }
    }
}

/// One sign that fired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signal {
    /// What gave it away.
    pub sign: Sign,
    /// The text it was seen in.
    pub seen: String,
    /// The pattern that it fits.
    pub pattern: String,
}

/// How sure one may be by these signs: one minus the product of what each leaves open. The same sign counts once, however
/// often it was seen: ten tokens with one label are no better proof than one.
#[must_use]
pub fn score<'s>(signals: impl IntoIterator<Item = &'s Signal>) -> f64 {
    let mut signs: Vec<Sign> = signals.into_iter().map(|signal| signal.sign).collect();
    signs.sort_unstable();
    signs.dedup();
    // A label that is the name as a whole has it in it, too: one fact.
    if signs.contains(&Sign::WholeLabel) {
        signs.retain(|sign| *sign != Sign::Label);
    }
    1.0 - signs.iter().map(|sign| 1.0 - sign.weight()).product::<f64>()
}

/// What may be compared of a resource, prepared once for many systems.
#[derive(Debug)]
pub struct Traits<'a> {
    names: Vec<Words<'a>>,
    labels: Vec<Words<'a>>,
    mail_domains: Vec<String>,
    hosts: Vec<(Sign, String)>,
    app_key: Option<String>,
    is_person: bool,
}

/// A name with its words in small letters.
#[derive(Debug)]
struct Words<'a> {
    text: &'a str,
    words: Vec<String>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, words: words(text) }
    }
}

impl<'a> Traits<'a> {
    /// What may be compared of an account, a credential, a webhook or an app; of other kinds nothing.
    #[must_use]
    pub fn of(resource: &'a Resource) -> Self {
        let mut traits = Self {
            names: Vec::new(),
            labels: Vec::new(),
            mail_domains: Vec::new(),
            hosts: Vec::new(),
            app_key: None,
            is_person: false,
        };
        match &resource.body {
            Body::Principal(account) => {
                traits.is_person = looks_like_person(resource);
                traits.names.push(Words::of(&resource.name));
                traits.names.extend(account.username.known().map(|name| Words::of(name)));
                for (local, domain) in mails(account).filter_map(|mail| mail.rsplit_once('@')) {
                    traits.names.push(Words::of(local));
                    traits.mail_domains.push(domain.to_lowercase());
                }
            }
            Body::Credential(Credential { hosts, .. }) => {
                traits.labels.push(Words::of(&resource.name));
                let hosts = hosts.known().into_iter().flatten();
                traits.hosts.extend(hosts.map(|address| (Sign::LinkedHost, host_of(address))));
            }
            Body::Webhook(webhook) => {
                traits.labels.push(Words::of(&resource.name));
                traits.hosts.extend(webhook.address.known().map(|address| (Sign::WebhookHost, host_of(address))));
            }
            Body::App(app) => {
                traits.names.push(Words::of(&resource.name));
                traits.app_key = app.key.known().map(|key| key.to_lowercase());
                traits.hosts.extend(app.address.known().map(|address| (Sign::LinkedHost, host_of(address))));
            }
            _ => {}
        }
        traits
    }

    /// The words of all names and labels.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.names.iter().chain(&self.labels).flat_map(|name| &name.words).map(String::as_str)
    }

    /// The words of the label, of a credential or webhook.
    pub(super) fn label_words(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flat_map(|label| &label.words).map(String::as_str)
    }

    /// The hosts it leads to.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|(_, host)| host.as_str())
    }

    /// The domains of its mail addresses.
    pub(super) fn mail_domains(&self) -> impl Iterator<Item = &str> {
        self.mail_domains.iter().map(String::as_str)
    }

    /// The key of an app.
    pub(super) fn app_key(&self) -> Option<&str> {
        self.app_key.as_deref()
    }

    /// True if they read like a person's.
    pub(super) fn is_person(&self) -> bool {
        self.is_person
    }

    /// The signs of a system that they show, each sort of sign once and in order.
    #[must_use]
    pub fn signals(&self, known_by: &Fingerprints) -> Vec<Signal> {
        let mut signals = Vec::new();
        let mut note = |sign: Sign, seen: &str, pattern: &str| {
            signals.push(Signal { sign, seen: seen.to_owned(), pattern: pattern.to_owned() });
        };
        if let Some((key, pattern)) =
            self.app_key.iter().find_map(|key| Some((key, first_fit(&known_by.app_keys, key)?)))
        {
            note(Sign::AppKey, key, pattern);
        }
        for (sign, host) in &self.hosts {
            if let Some(pattern) = first_fit(&known_by.hosts, host) {
                note(if pattern.ends_with(".*") { Sign::OwnHost } else { *sign }, host, pattern);
            }
        }
        for domain in &self.mail_domains {
            if let Some(pattern) = first_fit(&known_by.mail_domains, domain) {
                note(Sign::MailDomain, domain, pattern);
            }
        }
        for label in &self.labels {
            for pattern in &known_by.labels {
                match fit_of_words(pattern, &label.words) {
                    Fit::Whole => note(Sign::WholeLabel, label.text, pattern),
                    Fit::Part => note(Sign::Label, label.text, pattern),
                    Fit::None => {}
                }
            }
        }
        for (at, name) in self.names.iter().enumerate() {
            for pattern in &known_by.names {
                // Of a person's names only the displayed one, which comes first, can be a system's, and only as a whole.
                let counts = match fit_of_words(pattern, &name.words) {
                    Fit::Whole => at == 0 || !self.is_person,
                    Fit::Part => !self.is_person,
                    Fit::None => false,
                };
                if counts {
                    note(Sign::Name, name.text, pattern);
                }
            }
        }
        // What comes first among the same signs stays.
        signals.sort_by_key(|signal| signal.sign);
        signals.dedup_by_key(|signal| signal.sign);
        signals
    }
}

/// The signs of a system that a resource shows.
#[must_use]
pub fn signals(resource: &Resource, known_by: &Fingerprints) -> Vec<Signal> {
    Traits::of(resource).signals(known_by)
}

fn first_fit<'p>(patterns: &'p [String], text: &str) -> Option<&'p str> {
    patterns.iter().map(String::as_str).find(|pattern| fits_pattern(pattern, text))
}

/// The host of an address, in small letters: `hooks.example.com` of `https://hooks.example.com:8443`.
#[must_use]
pub fn host_of(address: &str) -> String {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    host.to_lowercase()
}

/// How far a pattern goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// All words are its.
    Whole,
    /// Some words in a row are.
    Part,
    /// None.
    None,
}

fn words_of_pattern(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split(|letter: char| !letter.is_alphanumeric() && letter != '*').filter(|word| !word.is_empty())
}

/// The first word of a pattern, with its `*`.
pub(super) fn first_word(pattern: &str) -> Option<&str> {
    words_of_pattern(pattern).next()
}

/// A word without the number at its end.
pub(super) fn without_number(word: &str) -> &str {
    word.trim_end_matches(|letter: char| letter.is_ascii_digit())
}

/// Where the words of a pattern stand in a name, in a row. A number behind the last word is taken for a count of
/// machines: `jenkins2` is a `jenkins`.
fn fit_of_words(pattern: &str, words: &[String]) -> Fit {
    let wanted = || words_of_pattern(pattern);
    let length = wanted().count();
    if length == 0 || length > words.len() {
        return Fit::None;
    }
    let is_there = words.windows(length).any(|row| {
        wanted().zip(row).enumerate().all(|(at, (wanted, word))| {
            fits_pattern(wanted, word) || (at + 1 == length && fits_pattern(wanted, without_number(word)))
        })
    });
    match is_there {
        true if length == words.len() => Fit::Whole,
        true => Fit::Part,
        false => Fit::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{App, AppForm, CredentialForm, Fact, Kind, Principal, ResourceId, Webhook};

    fn resource(kind: Kind, name: &str, body: Body) -> Resource {
        Resource { id: ResourceId::new("acme", kind, "x"), name: name.to_owned(), seen_by: Vec::new(), body }
    }

    fn account(name: &str, mail: &str) -> Resource {
        let email = if mail.is_empty() { Fact::Unknown } else { Fact::Known(mail.to_owned()) };
        resource(Kind::Principal, name, Body::Principal(Principal { email, ..Principal::default() }))
    }

    fn token(label: &str) -> Resource {
        resource(Kind::Credential, label, Body::Credential(Credential::unknown(CredentialForm::ApiToken)))
    }

    fn webhook(address: &str) -> Resource {
        let body = Webhook { address: Fact::Known(address.to_owned()), ..Webhook::default() };
        resource(Kind::Webhook, "", Body::Webhook(body))
    }

    fn known_by() -> Fingerprints {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Fingerprints {
            names: list(&["jenkins", "jira align", "jiraalign*"]),
            mail_domains: list(&["kiplot.com"]),
            labels: list(&["jenkins", "power bi"]),
            hosts: list(&["*.jiraalign.com", "jenkins.*"]),
            app_keys: list(&["com.xpandit.plugins.xray*"]),
        }
    }

    fn signs(resource: &Resource) -> Vec<Sign> {
        signals(resource, &known_by()).into_iter().map(|signal| signal.sign).collect()
    }

    #[test]
    fn names_are_compared_by_whole_words() {
        for (name, mail) in [
            ("svc-jenkins", ""),
            ("Jenkins", ""),
            ("svc_jira_align.prod", ""),
            ("JiraAlign01", ""),
            ("jenkins2", ""),
            ("Jira Align", ""),
            ("CI", "jenkins-prod@acme.example"),
        ] {
            assert_eq!(signs(&account(name, mail)), [Sign::Name], "{name}");
        }
        for (name, mail) in [
            ("alignment-team", ""),
            ("Mara Bauer-Jenkins", "mara.bauer-jenkins@acme.example"),
            ("Tom Jenkins", "jenkins@acme.example"),
            ("jenkinson", ""),
            ("Jira Alignment", ""),
            ("", ""),
        ] {
            assert!(signs(&account(name, mail)).is_empty(), "{name}");
        }
    }

    #[test]
    fn hosts_domains_keys_and_labels_weigh_what_they_say() {
        assert_eq!(signs(&account("acme", "acme@Kiplot.com")), [Sign::MailDomain]);
        assert!(signs(&account("acme", "acme@kiplot.com.evil.example")).is_empty());
        assert_eq!(signs(&webhook("https://acme.jiraalign.com:8443")), [Sign::WebhookHost]);
        assert_eq!(signs(&webhook("https://jenkins.acme.example")), [Sign::OwnHost]);
        assert!(signs(&webhook("https://jiraalign.com.evil.example")).is_empty());
        assert_eq!(signs(&token("Jenkins")), [Sign::WholeLabel]);
        assert_eq!(signs(&token("Power-BI nightly")), [Sign::Label]);
        let mut app = App::unknown(AppForm::InstalledApp);
        app.key = Fact::Known("com.xpandit.plugins.xray-cloud".to_owned());
        let app = resource(Kind::App, "Tests", Body::App(app));
        assert_eq!(signs(&app), [Sign::AppKey]);
        let all = signals(&app, &known_by());
        assert!((score(&all) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_sign_counts_once_and_signs_add_up() {
        let signal = |sign| Signal { sign, seen: String::new(), pattern: String::new() };
        let twice = [signal(Sign::Label), signal(Sign::Label)];
        assert!((score(&twice) - 0.5).abs() < 1e-9);
        let both = [signal(Sign::Name), signal(Sign::WholeLabel), signal(Sign::Label)];
        assert!((score(&both) - 0.88).abs() < 1e-9);
        assert!(score(&[]).abs() < 1e-9);
    }
}
