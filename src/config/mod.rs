//! Reads `keyroll.yaml` and builds the parts: the only place where everything meets.
//!
//! Loading tells all mistakes of the file at once, with those of the rule and waiver files it names. Secrets are
//! fetched only when sources are built, so questions to the store need none.

mod build;
mod examine;
mod fleet;
mod newcomer;
mod s3;
mod serve;
mod unattended;

use std::path::{Path, PathBuf};

use build::is_wanted;
pub use build::{Judgement, frameworks};
pub use examine::mistakes;
pub use fleet::{Fleet, Tenant};
pub use newcomer::{NewSource, Newcomer};
pub use unattended::Listening;

use crate::alerts::OwnCredential;
use crate::app::{AcceptedGap, Retention};
use crate::document::{self, Located, Node, Section};
use crate::findings::{LongestDays, WaiverLimits};
use crate::model::{Severity, SourceName};
use crate::problem::{Problem, Problems, SourceText};
use crate::rules::{Overrides, Pack, builtin, read_packs};
use crate::secret::may_be_pasted;
use crate::sources::{SOURCES, SourceKind};
use crate::store::Location;
use crate::text::did_you_mean;
use unattended::Unattended;

/// The default configuration file: every key with a comment.
pub const DEFAULTS: &str = include_str!("defaults.yaml");

/// A configuration that was read whole and has no mistakes in itself.
#[derive(Debug)]
pub struct Config {
    /// The estate's name.
    pub estate: String,
    /// The folder of the file: other paths in it start there.
    pub folder: PathBuf,
    /// Where the store is: a file, or a database.
    pub store: Location,
    /// Where `scan --reports` writes.
    pub reports: PathBuf,
    /// The severity at and above which open findings change the exit code; `None` if none shall.
    pub fail_on: Option<Severity>,
    /// Which scans stay in the store; `None`: all of them.
    pub retention: Option<Retention>,
    /// What sets rules apart from their files.
    pub overrides: Overrides,
    sources: Vec<SourcePlan>,
    rule_folders: Vec<PathBuf>,
    waivers: Option<PathBuf>,
    waiver_limits: WaiverLimits,
    accepted_gaps: Vec<AcceptedGap>,
    unattended: Unattended,
    /// Where exports to buckets go; read when one is wanted, with its secrets.
    s3: Option<Section>,
    /// Where pages are served, and to whom; read when they are, with its secrets.
    serve: Option<Section>,
    /// What it inherits from, if it is a tenant's.
    inherited: Option<PathBuf>,
}

/// A source as it is written down, not yet built.
#[derive(Debug)]
struct SourcePlan {
    name: SourceName,
    kind: &'static SourceKind,
    environment: Option<String>,
    own: OwnCredential,
    section: Section,
}

impl Config {
    /// Reads a configuration file. One that lies beside a `defaults.yaml` is that of a tenant of a fleet, and inherits what it
    /// does not say.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        fleet::load(path)
    }

    /// The same of one tenant without a look at the others, for whoever has held them against each other already.
    ///
    /// # Errors
    /// Everything that is wrong in its files.
    pub fn load_alone(path: &Path) -> Result<Self, Problems> {
        fleet::load_alone(path)
    }

    /// What people declared in files of their own: the waivers and the registers, each with a name that is its own.
    #[must_use]
    pub fn declared_files(&self) -> Vec<(String, PathBuf)> {
        let waivers = self.waivers.iter().map(|path| ("waivers.yaml".to_owned(), path.clone()));
        let registers = self.sources.iter().filter(|plan| plan.kind.name == "register").filter_map(|plan| {
            let file = plan.section.peek("file")?;
            Some((format!("register-{}.yaml", plan.name), self.folder.join(file)))
        });
        waivers.chain(registers).collect()
    }

    /// Reads the text of a configuration file; paths in it start at `folder`. Complaints about it, those of later days included,
    /// show excerpts in which nothing can be read that might be a secret somebody pasted.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn parse(file: &SourceText, folder: &Path) -> Result<Self, Problems> {
        Self::of(document::parse_shown(file, &shown(file))?, folder, &Places::default())
    }

    /// Reads the outermost section of a configuration.
    fn of(mut root: Section, folder: &Path, places: &Places) -> Result<Self, Problems> {
        let estate = root.need::<String>("estate").unwrap_or_default();
        let store = read_store(&mut root, folder, &places.store);
        let reports = folder.join(root.get::<String>("reports").unwrap_or_else(|| places.reports.clone()));
        let fail_on = read_threshold(&mut root);
        let sources = read_sources(&mut root);
        let rules = root.section("rules").map(read_rules);
        let (rule_folders, overrides) = rules.and_then(|rules| root.take(rules)).unwrap_or_default();
        let waivers = root.section("waivers").map(read_waivers);
        let (waivers, waiver_limits) = waivers.and_then(|waivers| root.take(waivers)).unwrap_or_default();
        let retention = root.section("retention").map(read_retention);
        let retention = retention.and_then(|retention| root.take(retention));
        let accepted_gaps = read_accepted_gaps(&mut root, &sources);
        let unattended = Unattended::read(&mut root, &sources);
        let s3 = root.section("s3");
        let serve = root.section("serve");
        root.finish(Some(Self {
            estate,
            folder: folder.to_owned(),
            store,
            reports,
            fail_on,
            retention,
            overrides,
            sources,
            rule_folders: rule_folders.into_iter().map(|given| folder.join(given)).collect(),
            waivers: waivers.map(|given| folder.join(given)),
            waiver_limits,
            accepted_gaps,
            unattended,
            s3,
            serve,
            inherited: None,
        }))
    }

    /// A configuration without sources: the shipped rules as they are.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            estate: String::new(),
            folder: PathBuf::from("."),
            store: Location::File(PathBuf::from("keyroll.db")),
            reports: PathBuf::from("reports"),
            fail_on: None,
            retention: None,
            overrides: Overrides::default(),
            sources: Vec::new(),
            rule_folders: Vec::new(),
            waivers: None,
            waiver_limits: WaiverLimits::default(),
            accepted_gaps: Vec::new(),
            unattended: Unattended::default(),
            s3: None,
            serve: None,
            inherited: None,
        }
    }

    /// The waiver file, if one is named.
    #[must_use]
    pub fn waiver_file(&self) -> Option<&Path> {
        self.waivers.as_deref()
    }

    /// What is asked of waivers.
    #[must_use]
    pub fn waiver_limits(&self) -> WaiverLimits {
        self.waiver_limits
    }

    /// The names of the sources, in the order of the file.
    pub fn source_names(&self) -> impl Iterator<Item = &SourceName> {
        self.sources.iter().map(|source| &source.name)
    }
}

/// Where things are kept of which the configuration does not say where.
struct Places {
    store: String,
    reports: String,
}

impl Default for Places {
    fn default() -> Self {
        Self { store: "keyroll.db".to_owned(), reports: "reports".to_owned() }
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file as complaints show it.
fn shown(file: &SourceText) -> SourceText {
    SourceText::new(&file.name, &masked(&file.text))
}

/// Reads a file that a person wrote.
///
/// # Errors
/// When it is not there or not text.
pub fn read(path: &Path) -> Result<SourceText, Problems> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let problem = Problem::general(format!("cannot read `{}`: {error}", path.display()));
        match error.kind() {
            std::io::ErrorKind::NotFound if path.file_name().is_some_and(|name| name == "keyroll.yaml") => {
                problem.help("write one with `keyroll init`, or name another with `--config FILE`")
            }
            _ => problem,
        }
    })?;
    Ok(SourceText::new(&path.display().to_string(), &text))
}

/// Names of keys that end like this have secrets for values, and so has a plain `url`: those of webhooks are.
const SECRET_KEYS: [&str; 4] = ["token", "password", "secret", "key"];

/// A text of the same length in which words are starred out that may be a secret: long ones of letters and digits, and on one
/// line whatever stands behind a key that asks for a secret. What names where a secret is stays.
fn masked(text: &str) -> String {
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '+' | '/' | '=');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut asked_for = false;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|letter| !is_inside(letter)).unwrap_or(rest.len()));
        let (between, next) = after.split_at(after.find(is_inside).unwrap_or(after.len()));
        let letters = word.chars().any(|letter| letter.is_ascii_alphabetic());
        let digits = word.chars().any(|letter| letter.is_ascii_digit());
        let is_place = (shown.ends_with("env:") || shown.ends_with("file:")) && !may_be_pasted(word);
        let behind = between.trim_start_matches(['"', '\'']);
        let is_key = behind.starts_with(": ") || behind.starts_with(":\n") || behind.starts_with(":\r");
        let is_reference = matches!(word, "env" | "file") && between.starts_with(':');
        let is_secret = asked_for && !is_key || word.len() >= 16 && letters && digits;
        if is_secret && !is_place && !is_reference {
            shown.extend(word.chars().map(|_letter| '*'));
        } else {
            shown.push_str(word);
        }
        if is_key {
            asked_for |= matches!(word, "url" | "store")
                || SECRET_KEYS.iter().any(|name| word.to_ascii_lowercase().ends_with(name));
        }
        if is_reference || between.contains([',', '}', '\n']) {
            asked_for = false;
        }
        shown.push_str(between);
        rest = next;
    }
    shown
}

/// What is wrong with an address is told without it: it may hold a password that somebody wrote into it.
fn read_store(root: &mut Section, folder: &Path, otherwise: &str) -> Location {
    let written: Option<Located<String>> = root.get("store");
    let text = written.as_ref().map_or(otherwise, |written| &written.value);
    Location::read(text, folder).unwrap_or_else(|what| {
        root.wrong(root.span_of("store"), "`store` is no address of a database", Some(what));
        Location::File(folder.to_owned())
    })
}

fn read_threshold(root: &mut Section) -> Option<Severity> {
    match root.get::<Located<String>>("fail_on") {
        None => Some(Severity::High),
        Some(word) if word.value == "never" => None,
        Some(word) => word.value.parse().map_or_else(
            |error: String| {
                root.wrong(
                    word.span,
                    format!("`fail_on` cannot be `{}`", word.value),
                    Some(format!("{error}, or never")),
                );
                None
            },
            Some,
        ),
    }
}

fn read_sources(root: &mut Section) -> Vec<SourcePlan> {
    let mut plans: Vec<SourcePlan> = Vec::new();
    if root.need::<Node>("sources").is_none() {
        return plans;
    }
    for mut section in root.sections("sources") {
        let name: Option<Located<String>> = section.need("name");
        let kind: Option<Located<String>> = section.need("type");
        let known = kind.as_ref().and_then(|kind| SOURCES.iter().find(|known| known.name == kind.value));
        if let (Some(kind), None) = (&kind, known) {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            let help = did_you_mean(&kind.value, names.iter().copied())
                .map_or_else(|| format!("known types: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            root.wrong(kind.span.clone(), format!("unknown source type `{}`", kind.value), Some(help));
        }
        if let Some(name) = &name
            && plans.iter().any(|plan| plan.name.as_str() == name.value)
        {
            root.wrong(name.span.clone(), format!("two sources are named `{}`", name.value), None);
        }
        match (name, known) {
            (Some(name), Some(kind)) => {
                let name: SourceName = name.value.as_str().into();
                let (environment, own) = unattended::about_source(&mut section, &name);
                plans.push(SourcePlan { name, kind, environment, own, section });
            }
            _ => {
                // The rest of the section cannot be judged without its type; what is wrong so far is told.
                section.rest();
                root.take(section.finish(Some(())));
            }
        }
    }
    check_imports(root, &plans);
    plans
}

/// A source that leaves something to an import has no gap for it, so that the import must be there.
fn check_imports(root: &mut Section, plans: &[SourcePlan]) {
    let files: Vec<&str> =
        plans.iter().filter(|plan| plan.kind.name == "file").map(|plan| plan.name.as_str()).collect();
    for plan in plans {
        for key in ["global_permissions_from", "oauth_consumers_from"] {
            let Some(name) = plan.section.peek(key).filter(|name| !files.contains(name)) else { continue };
            let near = did_you_mean(name, files.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let what = format!("`{key}` names no source of type `file`: `{name}`");
            root.wrong(plan.section.span_of(key), what, near);
        }
    }
}

type RuleSettings = (Vec<String>, Overrides);

fn read_rules(mut section: Section) -> Result<RuleSettings, Problems> {
    let folders = section.get("folders").unwrap_or_default();
    let overrides = section.section("override").map(Overrides::read);
    let overrides = overrides.and_then(|read| section.take(read)).unwrap_or_default();
    let pack = read_pack(&mut section);
    section.finish(Some((folders, overrides.over(pack))))
}

/// The pack that the section names, if it names one.
fn read_pack(section: &mut Section) -> Option<Pack> {
    let written = section.get::<Located<String>>("pack")?;
    let packs = section.take(read_packs(&builtin::packs())).unwrap_or_default();
    let names: Vec<String> = packs.iter().map(|pack| pack.id.clone()).collect();
    let pack = packs.into_iter().find(|pack| pack.id == written.value);
    if pack.is_none() {
        let help = did_you_mean(&written.value, names.iter().map(String::as_str))
            .map_or_else(|| format!("there are {}", names.join(" and ")), |near| format!("did you mean `{near}`?"));
        section.wrong(written.span, format!("there is no pack `{}`", written.value), Some(help));
    }
    pack
}

type WaiverSettings = (Option<String>, WaiverLimits);

fn read_waivers(mut section: Section) -> Result<WaiverSettings, Problems> {
    let file = section.need("file");
    let mut limits = WaiverLimits::default();
    // The one ceiling for all, and what single severities are set apart from it.
    if let Some(days) = read_days(&mut section, "longest_days") {
        limits.longest = LongestDays::same(days);
    }
    if let Some(mut by_severity) = section.section("max_days") {
        for severity in Severity::ALL {
            if let Some(days) = read_days(&mut by_severity, severity.name()) {
                limits.longest.set(severity, days);
            }
        }
        section.take(by_severity.finish(Some(())));
    }
    limits.warning_days = read_days(&mut section, "warn_days").unwrap_or(limits.warning_days);
    let most = section.number("max_findings", 1_000_000).and_then(|most| usize::try_from(most).ok());
    limits.most_findings = most.unwrap_or(limits.most_findings);
    limits.must_be_bound = section.get("require_facts").unwrap_or(limits.must_be_bound);
    section.finish(Some((file, limits)))
}

fn read_retention(mut section: Section) -> Result<Retention, Problems> {
    let mut retention = Retention::default();
    for (key, count) in
        [("daily", &mut retention.daily), ("weekly", &mut retention.weekly), ("monthly", &mut retention.monthly)]
    {
        let Some(written) = section.get::<Located<i64>>(key) else { continue };
        match u32::try_from(written.value).ok().filter(|number| *number <= 3660) {
            Some(number) => *count = number,
            None => {
                let what = format!("`{key}` is {}, expected 0 to 3660 scans", written.value);
                section.wrong(written.span, what, None);
            }
        }
    }
    section.finish(Some(retention))
}

fn read_days(section: &mut Section, key: &'static str) -> Option<u16> {
    let days: Located<i64> = section.get(key)?;
    let fitting = u16::try_from(days.value).ok().filter(|days| (1..=3660).contains(days));
    if fitting.is_none() {
        section.wrong(days.span, format!("`{key}` is {}, expected 1 to 3660 days", days.value), None);
    }
    fitting
}

fn read_accepted_gaps(root: &mut Section, sources: &[SourcePlan]) -> Vec<AcceptedGap> {
    let mut gaps = Vec::new();
    for mut section in root.sections("accepted_gaps") {
        let source: Option<Located<String>> = section.need("source");
        let endpoint: Option<Located<String>> = section.need("endpoint");
        let reason: Option<Located<String>> = section.need("reason");
        if let Some(reason) = &reason
            && reason.value.trim().is_empty()
        {
            section.wrong(reason.span.clone(), "an accepted gap needs a reason that an auditor can read", None);
        }
        let plan = source.as_ref().and_then(|name| sources.iter().find(|plan| plan.name.as_str() == name.value));
        if let (Some(name), None) = (&source, plan) {
            let help = did_you_mean(&name.value, sources.iter().map(|plan| plan.name.as_str()));
            section.wrong(
                name.span.clone(),
                format!("there is no source `{}`", name.value),
                help.map(|near| format!("did you mean `{near}`?")),
            );
        }
        if let (Some(plan), Some(endpoint)) = (plan, &endpoint) {
            let names: Vec<&str> = plan.kind.endpoints.iter().map(|endpoint| endpoint.name).collect();
            if !names.contains(&endpoint.value.as_str()) {
                let help = did_you_mean(&endpoint.value, names.iter().copied())
                    .map_or_else(|| format!("it has: {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
                let what = format!("source `{}` has no endpoint `{}`", plan.name, endpoint.value);
                section.wrong(endpoint.span.clone(), what, Some(help));
            }
        }
        let gap = match (source, endpoint, reason) {
            (Some(source), Some(endpoint), Some(reason)) => Some(AcceptedGap {
                source: source.value.as_str().into(),
                endpoint: endpoint.value,
                reason: reason.value,
            }),
            _ => None,
        };
        gaps.extend(root.take(section.finish(gap)));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_token_is_starred_out_and_everything_else_stays() {
        let text = "key: env:KEYROLL_ORG_KEY_2026\ntoken: { value: ATATT3xFfGF0abcdef, size: 3 } # ä\nbase_url: https://acme.atlassian.net\n";
        let shown = masked(text);
        assert_eq!(shown.len(), text.len());
        assert_eq!(shown, text.replace("ATATT3xFfGF0abcdef", "******************"));
    }

    #[test]
    fn a_token_behind_the_word_for_a_place_is_starred_out_too() {
        let text =
            "token: file:ATATT3xFfGF0abcdef\nkey: env:ATATT3xFfGF0abcdef\nsecret: file:/run/secrets/jira-2026-11\n";
        assert_eq!(masked(text), text.replace("ATATT3xFfGF0abcdef", "******************"));
    }

    #[test]
    fn what_a_key_of_a_secret_asks_for_is_starred_out_however_short() {
        let text =
            "- { name: a, api_token: hunter2, 'password': 'p w', size: 3 }\n  url: https://x.example/a\n  key: env:A\n";
        let shown =
            "- { name: a, api_token: *******, 'password': '* *', size: 3 }\n  url: *****:***.*********\n  key: env:A\n";
        assert_eq!(masked(text), shown);
    }

    /// What is wrong in a section of a source is told when it is built, with the line it stands in.
    #[test]
    fn complaints_of_later_days_show_no_pasted_secret_either() {
        let text = "estate: a\nsources:\n  - { name: o, type: atlassian-org, key: hunter2, sise: 3 }\n";
        let mut config = Config::parse(&SourceText::new("keyroll.yaml", text), Path::new(".")).unwrap();
        let plan = config.sources.remove(0);
        let clock: std::sync::Arc<dyn crate::clock::Clock> = std::sync::Arc::new(crate::clock::SystemClock);
        let factory = crate::http::Factory::new(std::sync::Arc::clone(&clock));
        let problems = (plan.kind.build)(plan.name, plan.section, &factory, clock).err().unwrap();
        let told: String = problems.0.iter().map(|problem| problem.render(false)).collect();
        assert!(told.contains("sise: 3") && !told.contains("hunter2"), "{told}");
    }
}
