//! Profiles of known systems: what each is known by, and what it needs when it is set up as it should be. Those that are
//! shipped are files like those that people write; theirs come beside them, and take their place only if they say so.

use std::collections::BTreeMap;

use super::written::{forms, hosts, need_text, permissions, sorted, texts};
use crate::document::{self, Located, Section};
use crate::model::{Fingerprints, Profile};
use crate::problem::{Problems, SourceText};

// Defines `FILES: &[(&str, &str)]`: name from the top of the repository, and text; sorted by name.
include!(concat!(env!("OUT_DIR"), "/profile_files.rs"));

/// The shipped profiles as files.
#[must_use]
pub fn shipped_files() -> Vec<SourceText> {
    FILES.iter().map(|(name, text)| SourceText::new(name, text)).collect()
}

/// The shipped profiles and those of further files, sorted by id.
///
/// # Errors
/// Everything that is wrong in any of the files: a profile that takes the place of a shipped one without saying so, too.
pub fn profiles(further: &[SourceText]) -> Result<Vec<Profile>, Problems> {
    let mut problems = Problems::default();
    let mut known: BTreeMap<String, (Profile, bool)> = BTreeMap::new();
    for (file, is_shipped) in
        shipped_files().iter().map(|file| (file, true)).chain(further.iter().map(|file| (file, false)))
    {
        let earlier = |id: &str| known.get(id).map(|(_, shipped)| *shipped);
        if let Some(profile) = problems.take(read(file, is_shipped, &earlier)) {
            known.insert(profile.id.clone(), (profile, is_shipped));
        }
    }
    problems.or(known.into_values().map(|(profile, _)| profile).collect())
}

/// Reads one file. `earlier` tells whether there is a profile of that id already, and whether it is shipped.
fn read(file: &SourceText, is_shipped: bool, earlier: &dyn Fn(&str) -> Option<bool>) -> Result<Profile, Problems> {
    let mut section = document::parse(file)?;
    let id = need_text(&mut section, "id");
    if let Some(id) = &id {
        check_id(&mut section, id);
        if !is_shipped {
            check_place(&mut section, id, earlier(&id.value));
        }
    }
    let title = need_text(&mut section, "title");
    let fingerprints = section.section("fingerprints").map(read_fingerprints);
    let had_fingerprints = section.has("fingerprints");
    let fingerprints = fingerprints.and_then(|read| section.take(read));
    if !had_fingerprints || fingerprints.as_ref().is_some_and(is_blank) {
        let help = "add `fingerprints:` with at least one of names, mail_domains, labels, hosts, app_keys".to_owned();
        section.wrong(section.span_of("fingerprints"), "nothing is said by which the system is known", Some(help));
    }
    let permissions = permissions(&mut section, "permissions").unwrap_or_default();
    let credential_forms = forms(&mut section, "credential_forms").unwrap_or_default();
    let webhook_hosts = hosts(&mut section, "webhook_hosts").unwrap_or_default();
    let longest_days = section.number("longest_days", 3660).map(i64::from);
    let note: Option<String> = section.get("note");
    let profile = || {
        Some(Profile {
            id: id?.value,
            title: title?.value,
            fingerprints: fingerprints?,
            permissions,
            credential_forms,
            webhook_hosts,
            longest_days,
            note: note.map(|note| note.trim().to_owned()).unwrap_or_default(),
        })
    };
    let profile = profile();
    section.finish(profile)
}

fn check_id(section: &mut Section, id: &Located<String>) {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if !id.value.chars().all(is_plain) {
        let help = Some("small letters, digits and dashes, such as `jira-align`".to_owned());
        section.wrong(id.span.clone(), format!("`{}` is no id of a profile", id.value), help);
    }
}

/// A profile of one's own stands beside the shipped ones, or in the place of one that it names.
fn check_place(section: &mut Section, id: &Located<String>, earlier: Option<bool>) {
    let replaces = section.get::<bool>("replaces") == Some(true);
    match (earlier, replaces) {
        (Some(true), false) => {
            let help = Some("add `replaces: true` to take its place, or choose another id".to_owned());
            section.wrong(id.span.clone(), format!("there is a shipped profile `{}`", id.value), help);
        }
        (Some(false), _) => section.wrong(id.span.clone(), format!("two profiles have the id `{}`", id.value), None),
        (None, true) => {
            let what = format!("there is no shipped profile `{}` to replace", id.value);
            section.wrong(section.span_of("replaces"), what, Some("leave `replaces` out".to_owned()));
        }
        (Some(true), true) | (None, false) => {}
    }
}

fn read_fingerprints(mut section: Section) -> Result<Fingerprints, Problems> {
    let names = patterns(&mut section, "names");
    let mail_domains = hosts(&mut section, "mail_domains").unwrap_or_default();
    let labels = patterns(&mut section, "labels");
    let hosts = hosts(&mut section, "hosts").unwrap_or_default();
    let app_keys = patterns(&mut section, "app_keys");
    section.finish(Some(Fingerprints { names, mail_domains, labels, hosts, app_keys }))
}

/// Patterns in small letters, since that is how they are compared, each of which asks for something.
fn patterns(section: &mut Section, key: &'static str) -> Vec<String> {
    let written = texts(section, key).unwrap_or_default();
    for pattern in &written {
        let small = pattern.value.to_lowercase();
        if small != pattern.value {
            let help = Some(format!("write `{small}`: capitals and small letters are the same here"));
            section.wrong(pattern.span.clone(), format!("`{}` has capitals", pattern.value), help);
        }
        if !pattern.value.chars().any(char::is_alphanumeric) {
            let what = format!("`{}` fits everything", pattern.value);
            section.wrong(pattern.span.clone(), what, Some("name what is to be found".to_owned()));
        }
    }
    sorted(written)
}

fn is_blank(known_by: &Fingerprints) -> bool {
    let Fingerprints { names, mail_domains, labels, hosts, app_keys } = known_by;
    [names, mail_domains, labels, hosts, app_keys].iter().all(|patterns| patterns.is_empty())
}
