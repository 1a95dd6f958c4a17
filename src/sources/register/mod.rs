//! `register`: what integrations there should be, from a file that people keep: who answers for each, on which accounts it
//! runs, what it may do. It asks nobody; what is wrong in the file is told before anything is scanned.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

pub use file::read;

pub use crate::inventory::detector::{profiles, shipped_files as shipped};

use super::{Depth, Endpoint, Right, Source, SourceKind};
use crate::clock::Clock;
use crate::document::{Located, Section};
use crate::http::Factory;
use crate::inventory::detector::written::texts;
use crate::model::{Collection, EndpointState, Kind, LedgerEntry, Profile, Resource, Sighting, SourceName, Watermarks};
use crate::problem::{Problem, Problems, SourceText};

pub(super) const KIND: SourceKind = SourceKind {
    name: "register",
    summary: "a file with the integrations there should be, and the profiles of their systems",
    rights: &[Right { right: "reading the file", why: "what is declared" }],
    way_in: None,
    sees: &[
        "integrations with their owner, purpose, environment and next review",
        "the accounts each runs on, where it works, and what it may use and do",
    ],
    cannot_see: &[
        "what runs here and nobody declared: `keyroll register draft` proposes entries for what a scan recognised",
    ],
    endpoints: &[INTEGRATIONS],
    build,
};

const INTEGRATIONS: Endpoint =
    Endpoint::new("integrations", &[], &[Kind::Integration], "reading the file").costs("none; a file");

/// What a section of the configuration declares, and the profiles that hold for it.
#[derive(Debug)]
pub struct Declared {
    /// The file as the configuration names it.
    pub file: String,
    /// The integrations, sorted by id.
    pub integrations: Vec<Resource>,
    /// The shipped profiles and the section's own, sorted by id.
    pub profiles: Vec<Profile>,
}

#[derive(Debug)]
struct Register {
    name: SourceName,
    clock: Arc<dyn Clock>,
    declared: Declared,
}

fn build(
    name: SourceName,
    section: Section,
    _factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let declared = declared(section)?;
    Ok(Box::new(Register { name, clock, declared }))
}

/// Reads the file and the profiles that a section of the configuration names.
///
/// # Errors
/// Everything that is wrong in the section, the file and the profiles.
pub fn declared(mut section: Section) -> Result<Declared, Problems> {
    let folder = section.folder().to_owned();
    let written: Option<Located<String>> = section.need("file");
    let mut files = Vec::new();
    for named in texts(&mut section, "profiles").unwrap_or_default() {
        match yaml_files(&folder.join(&named.value)) {
            Ok(paths) => files.extend(paths.iter().filter_map(|path| text(&mut section, &named, path))),
            Err(error) => {
                let what = format!("cannot read the folder `{}`: {error}", named.value);
                section.wrong(named.span.clone(), what, Some("its path starts at the folder of this file".to_owned()));
            }
        }
    }
    let known = section.take(profiles(&files));
    let file = written.and_then(|written| Some((text(&mut section, &written, &folder.join(&written.value))?, written)));
    let declared = known.zip(file).and_then(|(profiles, (text, written))| {
        let integrations = section.take(read(&text, &profiles))?;
        Some(Declared { file: written.value, integrations, profiles })
    });
    section.finish(declared)
}

/// The profiles that hold for a section of the configuration, which is left to whoever builds the source.
///
/// # Errors
/// Everything that is wrong in the profiles, and a folder or file that cannot be read.
pub fn known(section: &Section) -> Result<Vec<Profile>, Problems> {
    let mut files = Vec::new();
    for named in section.peek_all("profiles") {
        let folder = section.folder().join(named);
        let unreadable =
            |error: std::io::Error| Problem::general(format!("cannot read `{}`: {error}", folder.display()));
        for path in yaml_files(&folder).map_err(unreadable)? {
            let text = std::fs::read_to_string(&path).map_err(unreadable)?;
            files.push(SourceText::new(&path.display().to_string(), &text));
        }
    }
    profiles(&files)
}

/// A file's text; where it cannot be read, a mistake at the place that names it.
fn text(section: &mut Section, named: &Located<String>, path: &Path) -> Option<SourceText> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(SourceText::new(&path.display().to_string(), &text)),
        Err(error) => {
            let what = format!("cannot read `{}`: {error}", path.display());
            section.wrong(named.span.clone(), what, Some("its path starts at the folder of this file".to_owned()));
            None
        }
    }
}

fn yaml_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    paths.sort();
    Ok(paths)
}

/// The declared integrations as a source of this name shows them.
#[must_use]
pub fn collection(name: &SourceName, declared: &Declared, clock: &dyn Clock) -> Collection {
    let started_at = clock.now();
    let seen_by = vec![Sighting { source: name.clone(), endpoint: INTEGRATIONS.name.into() }];
    let resources: Vec<Resource> =
        declared.integrations.iter().map(|one| Resource { seen_by: seen_by.clone(), ..one.clone() }).collect();
    let rows = resources.len() as u64;
    let entry = LedgerEntry {
        state: EndpointState::Complete,
        right: INTEGRATIONS.right.to_owned(),
        pages: 1,
        rows,
        rows_expected: Some(rows),
        ended_at: clock.now(),
        ..LedgerEntry::not_asked(
            name.clone(),
            INTEGRATIONS.name.into(),
            INTEGRATIONS.path().replace("{}", &declared.file),
            INTEGRATIONS.shows.to_vec(),
            String::new(),
            started_at,
        )
    };
    Collection { authority: 0, resources, ledger: vec![entry] }
}

#[async_trait]
impl Source for Register {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, _depth: Depth, _since: &Watermarks) -> Collection {
        collection(&self.name, &self.declared, self.clock.as_ref())
    }
}
