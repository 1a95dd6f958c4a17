//! The first configuration of somebody who has none: the manual (`defaults.yaml`), with the sections of the products that are
//! there, what is known of them filled in, and everything else left as it is to be read about. There is one text to keep, and
//! what is written has every comment of it.

use super::DEFAULTS;
use crate::secret::SecretRef;

/// A configuration that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The estate's name.
    pub estate: String,
    /// Its sources.
    pub sources: Vec<NewSource>,
}

/// A source of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSource {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: &'static str,
    /// The base URL, or the short name of a workspace; empty where the type knows its own.
    pub address: String,
    /// The account that it reads as, where the product wants to know.
    pub user: Option<String>,
    /// Where its credential is to be found.
    pub secret: SecretRef,
    /// The id of the organisation or the site, where that is known.
    pub id: Option<String>,
    /// Where the gateway of the cloud is, where that is another than usual.
    pub gateway: Option<String>,
}

/// The line of the manual after which the sources stand.
const SOURCES: &str = "\nsources:\n";
/// The line with which what follows them begins.
const AFTER_SOURCES: &str = "\n# Connection settings, for any source";
/// What a section of a source begins with, where it is only an example.
const EXAMPLE: &str = "  # ";

impl Newcomer {
    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let (head, rest) = DEFAULTS.split_once(SOURCES).expect("internal: the manual has sources");
        let (examples, tail) = rest.split_once(AFTER_SOURCES).expect("internal: the manual has connection settings");
        let mut head: Vec<String> = head.lines().map(str::to_owned).collect();
        fill(&mut head, "estate", &self.estate);
        let sources: Vec<String> = self.sources.iter().map(|source| source.section(examples)).collect();
        format!("{}\n{SOURCES}{}{AFTER_SOURCES}{tail}", head.join("\n"), sources.join("\n"))
    }
}

impl NewSource {
    /// The section, from the manual's example for its type.
    fn section(&self, examples: &str) -> String {
        let example = examples.split("\n\n").find(|example| is_about(example, self.kind));
        let example = example.expect("internal: the manual has an example of every type that has a credential");
        let mut lines: Vec<String> = example
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.strip_prefix(EXAMPLE).map_or_else(|| line.to_owned(), |line| format!("  {line}")))
            .collect();
        fill(&mut lines, "name", &self.name);
        fill(&mut lines, "type", self.kind);
        match self.kind {
            "bitbucket-cloud" => fill(&mut lines, "workspace", &self.address),
            "atlassian-org" if !self.address.is_empty() => {
                fill(&mut lines, "type", self.kind);
                lines.push(format!("    base_url: {}", scalar(&self.address)));
            }
            "atlassian-org" => {}
            _ => fill(&mut lines, "base_url", &self.address),
        }
        if self.kind.ends_with("-dc") {
            fill(&mut lines, "instance", &self.name);
        }
        if let Some(user) = &self.user {
            fill(&mut lines, "user", user);
        }
        if let Some(id) = &self.id {
            fill(&mut lines, if self.kind == "atlassian-org" { "org" } else { "cloud_id" }, id);
        }
        if let Some(gateway) = &self.gateway {
            lines.push(format!("    gateway_url: {}", scalar(gateway)));
        }
        let key = if self.kind == "atlassian-org" { "key" } else { "token" };
        match &self.secret {
            SecretRef::Command(program) => {
                let words: Vec<String> = program.iter().map(|word| serde_json::json!(word).to_string()).collect();
                let command = format!("{key}_command: [{}]", words.join(", "));
                replace(&mut lines, key, &command);
            }
            reference => fill(&mut lines, key, &reference.to_string()),
        }
        lines.join("\n") + "\n"
    }
}

/// True for the example of a type. One stands for all three self-hosted products.
fn is_about(example: &str, kind: &str) -> bool {
    let meant = if kind.ends_with("-dc") { "jira-dc" } else { kind };
    example.lines().any(|line| line.trim_start_matches([' ', '#']) == format!("type: {meant}"))
}

/// Gives a key this value, where it stands first; one that is only an example is made to count.
fn fill(lines: &mut [String], key: &str, value: &str) {
    replace(lines, key, &format!("{key}: {}", scalar(value)));
}

fn replace(lines: &mut [String], key: &str, with: &str) {
    let begins = format!("{key}: ");
    let is_set = |line: &str| line.trim_start_matches(' ').trim_start_matches("- ").starts_with(&begins);
    let is_shown = |line: &str| line.trim_start_matches([' ', '#']).starts_with(&begins);
    let at = lines.iter().position(|line| is_set(line)).or_else(|| lines.iter().position(|line| is_shown(line)));
    let line = at.and_then(|at| lines.get_mut(at)).expect("internal: the manual shows every key that is filled in");
    let before: String = line.chars().take_while(|letter| matches!(letter, ' ' | '-')).collect();
    *line = format!("{before}{with}");
}

/// A value as YAML has it: plain where that cannot be misread.
fn scalar(value: &str) -> String {
    let is_plain = value.starts_with(|first: char| first.is_ascii_alphabetic())
        && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./:@".contains(letter))
        && !value.ends_with(':')
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&value.to_ascii_lowercase().as_str());
    if is_plain { value.to_owned() } else { serde_json::json!(value).to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::problem::SourceText;
    use crate::sources::SOURCES;

    fn source(kind: &'static str, secret: SecretRef) -> NewSource {
        let address = match kind {
            "bitbucket-cloud" => "acme".to_owned(),
            "atlassian-org" => String::new(),
            _ => "https://acme.example".to_owned(),
        };
        let user = kind.ends_with("-cloud").then(|| "keyroll@acme.example".to_owned());
        let id = matches!(kind, "atlassian-org" | "jira-cloud" | "confluence-cloud").then(|| "0b1c-22".to_owned());
        NewSource { name: format!("acme-{kind}"), kind, address, user, secret, id, gateway: None }
    }

    #[test]
    fn every_type_with_a_credential_can_be_written_and_is_understood() {
        let kinds: Vec<&str> = SOURCES.iter().filter(|kind| kind.way_in.is_some()).map(|kind| kind.name).collect();
        assert_eq!(kinds.len(), 8);
        let sources = kinds.iter().map(|kind| source(kind, SecretRef::Env("HOME".to_owned()))).collect();
        let text = Newcomer { estate: "Acme: “north”".to_owned(), sources }.text();
        let config = Config::parse(&SourceText::new("keyroll.yaml", &text), Path::new(".")).unwrap();
        assert_eq!(config.estate, "Acme: “north”");
        assert_eq!(config.source_names().count(), 8);
        assert!(text.contains("# Findings that were accepted until a day"), "the manual stays: {text}");
        assert!(!text.contains("KEYROLL_ORG_KEY") && text.contains("org: \"0b1c-22\""), "{text}");
        let clock: std::sync::Arc<dyn crate::clock::Clock> = std::sync::Arc::new(crate::clock::SystemClock);
        let factory = crate::http::Factory::new(std::sync::Arc::clone(&clock));
        let (checks, _) = config.examination(Path::new("keyroll.yaml"), &factory, &clock, &[]).unwrap();
        let wrong: Vec<_> = checks.iter().filter(|check| check.about.starts_with("source ")).collect();
        assert!(wrong.is_empty(), "every section can be built: {wrong:?}");
    }

    #[test]
    fn a_secret_is_a_reference_or_the_command_that_prints_it() {
        let words = ["pass", "show", "a \"b\""].map(str::to_owned).to_vec();
        let command = source("jira-dc", SecretRef::Command(words));
        let text = Newcomer { estate: "acme".to_owned(), sources: vec![command] }.text();
        assert!(text.contains("    token_command: [\"pass\", \"show\", \"a \\\"b\\\"\"]\n"), "{text}");
        let file = source("jira-align", SecretRef::File("/run/secrets/align".into()));
        let text = Newcomer { estate: "acme".to_owned(), sources: vec![file] }.text();
        assert!(text.contains("    token: file:/run/secrets/align\n"), "{text}");
    }
}
