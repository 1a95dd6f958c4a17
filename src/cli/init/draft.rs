//! A configuration while it is being put together: from options, from answers, from what products tell.

use std::collections::BTreeSet;

use super::{InitArgs, found_at};
use crate::cli::complain::Complaint;
use crate::config::{NewSource, Newcomer};
use crate::http::Factory;
use crate::secret::SecretRef;
use crate::sources::{Address, Found, SOURCES, SourceKind, WayIn};
use crate::text::did_you_mean;

/// A configuration while it is being put together.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) estate: Option<String>,
    pub(super) user: Option<String>,
    pub(super) sources: Vec<DraftSource>,
    /// Where the gateway of the cloud is, where that is another than usual.
    gateway: Option<String>,
    /// Places of credentials by type.
    secrets: Vec<(String, SecretRef)>,
}

/// A source while it is being put together.
#[derive(Debug, Clone)]
pub(super) struct DraftSource {
    pub(super) kind: &'static SourceKind,
    pub(super) address: String,
    pub(super) id: Option<String>,
    pub(super) secret: Option<SecretRef>,
}

impl Draft {
    /// What the options say.
    pub(super) fn of(args: &InitArgs, say: &dyn Fn(&str)) -> Result<Self, Complaint> {
        let mut draft = Self { estate: args.estate.clone(), user: args.user.clone(), ..Self::default() };
        if let Some(written) = &args.gateway {
            let address = Address::read(written)
                .map_err(|why| Complaint::usage(format!("`--gateway` has no usable address: {why}")))?;
            address.changes.iter().for_each(|change| say(&format!("  {change}")));
            draft.gateway = Some(address.address);
        }
        for written in &args.secrets {
            let (kind, reference) = written.split_once('=').unwrap_or((written, ""));
            let kind = kind_called(kind).map_err(|_unknown| {
                let what = "`--secret` does not begin with a type of source";
                Complaint::usage(what).help("write it like `--secret jira-cloud=env:KEYROLL_JIRA_TOKEN`")
            })?;
            let reference = reference_of(reference)
                .map_err(|why| Complaint::usage(format!("`--secret` of `{}` is no reference: {why}", kind.name)))?;
            draft.secrets.push((kind.name.to_owned(), reference));
        }
        for written in &args.sources {
            let (kind, address) = written.split_once('=').unwrap_or((written, ""));
            let kind = kind_called(kind)?;
            let address = read_address(kind, address)
                .map_err(|why| Complaint::usage(format!("`--source {}` has no usable address: {why}", kind.name)))?;
            let (address, id) = address.map_or_else(Default::default, |read| {
                read.changes.iter().for_each(|change| say(&format!("  {change}")));
                (read.address, read.id)
            });
            draft.add(kind, address, id);
        }
        Ok(draft)
    }

    /// Adds a source, unless it is there already.
    pub(super) fn add(&mut self, kind: &'static SourceKind, address: String, id: Option<String>) {
        if self.sources.iter().any(|known| known.kind.name == kind.name && known.address == address) {
            return;
        }
        let secret = self.secrets.iter().find(|(of, _)| of == kind.name).map(|(_, secret)| secret.clone());
        self.sources.push(DraftSource { kind, address, id, secret });
    }

    /// Adds the products at an address; where nobody may be asked, the one that the address itself tells of.
    pub(super) fn add_found(
        &mut self,
        written: &str,
        factory: Option<&Factory>,
        say: &dyn Fn(&str),
    ) -> Result<(), Complaint> {
        let address =
            Address::read(written).map_err(|why| Complaint::usage(format!("`--at` cannot be used: {why}")))?;
        address.changes.iter().for_each(|change| say(&format!("  {change}")));
        let by_itself = address.kind.filter(|kind| matches!(*kind, "atlassian-org" | "bitbucket-cloud" | "jira-align"));
        if let Some(kind) = by_itself.map(known) {
            self.add(kind, address.address, address.id);
            return Ok(());
        }
        let found = match factory {
            Some(factory) => found_at(factory, &address.address).map_err(|why| {
                let help = "name what it is yourself: `--source TYPE=ADDRESS` (`keyroll sources` lists the types)";
                Complaint::failed(format!("no product was found: {why}")).help(help)
            })?,
            None => Vec::new(),
        };
        for one in &found {
            say(&format!("  {}", in_words(one)));
            self.add(known(one.kind), one.base_url.clone(), one.cloud_id.clone());
        }
        Ok(())
    }

    /// True if a source wants to know as whom it reads.
    pub(super) fn needs_user(&self) -> bool {
        self.sources.iter().any(|source| wants_user(source.kind))
    }

    /// The estate's name where nobody says another: the first name of the first address.
    pub(super) fn usual_estate(&self) -> String {
        let named = self.sources.iter().find(|source| !source.address.is_empty());
        named.and_then(|source| name_in(&source.address)).unwrap_or_else(|| "estate".to_owned())
    }

    /// Where the credential of a source is where nobody says otherwise. One token opens all products of a site.
    pub(super) fn usual_secret(&self, source: &DraftSource) -> SecretRef {
        let jira = self.sources.iter().find(|other| other.kind.name == "jira-cloud" && other.address == source.address);
        if let (Some(jira), "confluence-cloud") = (jira, source.kind.name) {
            return jira.secret.clone().unwrap_or_else(|| self.usual_secret(jira));
        }
        let twins: Vec<&DraftSource> =
            self.sources.iter().filter(|other| other.kind.name == source.kind.name).collect();
        let number = twins.iter().position(|twin| twin.address == source.address).unwrap_or_default() + 1;
        let name = match source.kind.name {
            "atlassian-org" => "KEYROLL_ORG_KEY".to_owned(),
            kind => format!("KEYROLL_{}_TOKEN", short(kind).to_ascii_uppercase().replace('-', "_")),
        };
        SecretRef::Env(if number > 1 { format!("{name}_{number}") } else { name })
    }

    /// The configuration; or all that is missing for it, where it may not be taken as it usually is.
    pub(super) fn settled(self, as_usual: bool) -> Result<Newcomer, Complaint> {
        let mut missing: Vec<String> = Vec::new();
        if self.sources.is_empty() {
            missing.push("a product: `--at ADDRESS` or `--source TYPE=ADDRESS`".to_owned());
        }
        if self.needs_user() && self.user.is_none() {
            missing.push("the account that reads the cloud: `--user MAIL`".to_owned());
        }
        if self.user.as_ref().is_some_and(|user| !user.contains('@')) {
            missing.push("a mail address behind `--user`: what stands there has no `@`".to_owned());
        }
        if !as_usual {
            for source in self.sources.iter().filter(|source| source.secret.is_none()) {
                let kind = source.kind.name;
                missing.push(format!("where the credential of {kind} is: `--secret {kind}=env:NAME`"));
            }
            if self.estate.is_none() {
                missing.push("a name for the estate: `--estate NAME`".to_owned());
            }
        }
        if !missing.is_empty() {
            let what = format!("nobody can be asked here, and this is missing:\n  {}", missing.join("\n  "));
            let help = "give it as options; `--yes` takes the rest as it usually is";
            return Err(Complaint::usage(what).help(help));
        }
        let estate = self.estate.clone().unwrap_or_else(|| self.usual_estate());
        let mut names = BTreeSet::new();
        let mut sources = Vec::new();
        for source in &self.sources {
            let name = unused(&format!("{}-{}", plain(&estate), short(source.kind.name)), &mut names);
            sources.push(NewSource {
                name,
                kind: source.kind.name,
                address: source.address.clone(),
                user: self.user.clone().filter(|_| wants_user(source.kind)),
                secret: source.secret.clone().unwrap_or_else(|| self.usual_secret(source)),
                id: source.id.clone(),
                gateway: self.gateway.clone().filter(|_| is_site(source.kind.name)),
            });
        }
        Ok(Newcomer { estate, sources })
    }
}

/// What was written as the address of a type; `None` if that type needs none and none was written.
pub(super) fn read_address(kind: &SourceKind, written: &str) -> Result<Option<Address>, String> {
    match kind.name {
        "atlassian-org" if written.is_empty() => Ok(None),
        "bitbucket-cloud" if !written.is_empty() && !written.contains(['/', '.', ' ']) => {
            let address = written.trim_matches(['"', '\'']).to_owned();
            let is_name =
                |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-_".contains(&letter);
            if address.is_empty() || address.len() > 62 || !address.bytes().all(is_name) {
                return Err(
                    "this is no short name of a workspace: it has small letters, digits, `-` and `_`".to_owned()
                );
            }
            Ok(Some(Address { address, kind: Some("bitbucket-cloud"), id: None, changes: Vec::new() }))
        }
        "bitbucket-cloud" => match Address::read(written)? {
            address if address.kind == Some("bitbucket-cloud") => Ok(Some(address)),
            _ => Err("write the short name of the workspace, or its address at bitbucket.org".to_owned()),
        },
        _ => {
            let address = Address::read(written)?;
            match address.kind {
                Some(told) if told != kind.name && !(is_site(told) && is_site(kind.name)) => {
                    Err(format!("this is an address of {told}, and not of {}", kind.name))
                }
                None if kind.name == "atlassian-org" => {
                    Err("write the address of the organisation at admin.atlassian.com, or none".to_owned())
                }
                _ => Ok(Some(address)),
            }
        }
    }
}

/// A reference to a secret, as it is written on a command line. What is none is not repeated.
pub(super) fn reference_of(written: &str) -> Result<SecretRef, String> {
    let written = written.trim();
    if let Some(command) = written.strip_prefix("command:") {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        return if words.is_empty() {
            Err("behind `command:` stands no program".to_owned())
        } else {
            Ok(SecretRef::Command(words))
        };
    }
    let no_reference =
        "write `env:NAME`, `file:/path` or `command:PROGRAM`, and never the credential itself".to_owned();
    match written.parse::<SecretRef>() {
        Ok(SecretRef::Env(name)) if !is_variable(&name) => {
            Err("what stands behind `env:` is no name of a variable".to_owned())
        }
        Ok(SecretRef::File(path)) if !path.is_absolute() => {
            Err("behind `file:` stands the whole path, beginning with `/`".to_owned())
        }
        Ok(reference) => Ok(reference),
        Err(_no_reference) => Err(no_reference),
    }
}

fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        // A pasted token passes for a name otherwise.
        && !(name.len() > 24 && name.chars().any(|letter| letter.is_ascii_lowercase()))
}

/// The types that have a credential, each with how one comes by it.
pub(super) fn kinds() -> Vec<(&'static SourceKind, WayIn)> {
    SOURCES.iter().filter_map(|kind| Some((kind, kind.way_in?))).collect()
}

fn kind_called(name: &str) -> Result<&'static SourceKind, Complaint> {
    let names: Vec<&str> = kinds().iter().map(|(kind, _)| kind.name).collect();
    kinds().into_iter().map(|(kind, _)| kind).find(|kind| kind.name == name).ok_or_else(|| {
        let help = did_you_mean(name, names.iter().copied())
            .map_or_else(|| format!("there are {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        Complaint::usage("`--source` does not begin with a type of source that has a credential").help(help)
    })
}

fn known(name: &str) -> &'static SourceKind {
    SOURCES.iter().find(|kind| kind.name == name).expect("internal: only types that there are are found")
}

/// What was found, in words.
pub(super) fn in_words(found: &Found) -> String {
    let version = found.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    let id = found.cloud_id.as_ref().map_or_else(String::new, |id| format!(", cloud id {id}"));
    format!("found {}{version} at {}{id}", found.kind, found.base_url)
}

/// True for the products of a site: what lies behind the gateway of the cloud is theirs.
fn is_site(kind: &str) -> bool {
    matches!(kind, "jira-cloud" | "confluence-cloud")
}

/// True for products of the cloud that people log in to by mail address.
fn wants_user(kind: &SourceKind) -> bool {
    kind.name.ends_with("-cloud")
}

/// The end of a source's name.
fn short(kind: &str) -> &str {
    kind.strip_suffix("-cloud").or(kind.strip_prefix("atlassian-")).unwrap_or(kind)
}

/// The name of a firm in an address: `acme` of `https://acme.atlassian.net` and of `https://jira.acme.example`.
fn name_in(address: &str) -> Option<String> {
    let host = address.split("://").nth(1).unwrap_or(address);
    let host = host.split([':', '/']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let name = match labels.as_slice() {
        [] => return None,
        [name] => name,
        [name, "atlassian" | "jiraalign" | "jira", _] => name,
        [.., name, _] => name,
    };
    let is_word = name.chars().any(|letter| letter.is_ascii_alphabetic()) && *name != "localhost";
    is_word.then(|| (*name).to_owned())
}

/// A name in small letters without spaces.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let words: Vec<&str> =
        lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "estate".to_owned() } else { words.join("-") }
}

fn unused(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_reference_is_not_repeated() {
        for pasted in
            ["ATATT3xFfGF0planted", "env:ATATT3xFfGF0planted_abcdefgh", "env:a planted", "\"planted\"", "command:", ""]
        {
            let error = reference_of(pasted).unwrap_err();
            assert!(!error.contains("planted"), "{error}");
        }
        assert_eq!(reference_of(" env:KEYROLL_JIRA_TOKEN ").unwrap(), SecretRef::Env("KEYROLL_JIRA_TOKEN".to_owned()));
        let words = ["pass", "show", "keyroll"].map(str::to_owned).to_vec();
        assert_eq!(reference_of("command:pass show keyroll").unwrap(), SecretRef::Command(words));
    }

    #[test]
    fn names_are_taken_from_addresses() {
        assert_eq!(name_in("https://acme.atlassian.net").as_deref(), Some("acme"));
        assert_eq!(name_in("https://jira.acme.example/jira").as_deref(), Some("acme"));
        assert_eq!(name_in("acme").as_deref(), Some("acme"));
        assert_eq!(name_in("http://127.0.0.1:8080"), None);
    }

    #[test]
    fn two_sites_have_names_and_variables_of_their_own() {
        let mut draft = Draft { user: Some("me@acme.example".to_owned()), ..Draft::default() };
        for site in ["https://acme.atlassian.net", "https://acme-test.atlassian.net"] {
            draft.add(known("jira-cloud"), site.to_owned(), None);
            draft.add(known("confluence-cloud"), site.to_owned(), None);
        }
        let newcomer = draft.settled(true).unwrap();
        let told: Vec<(&str, String)> =
            newcomer.sources.iter().map(|source| (source.name.as_str(), source.secret.to_string())).collect();
        assert_eq!(told[0], ("acme-jira", "env:KEYROLL_JIRA_TOKEN".to_owned()));
        assert_eq!(told[1], ("acme-confluence", "env:KEYROLL_JIRA_TOKEN".to_owned()));
        assert_eq!(told[2], ("acme-jira-2", "env:KEYROLL_JIRA_TOKEN_2".to_owned()));
        assert_eq!(told[3].0, "acme-confluence-2");
    }
}
