//! `file`: an export that another program wrote (CSV, JSON, or an object a line), mapped to resources. For what no REST
//! API tells, for systems without a source of their own, and for sites without a network.
//!
//! One source is one file and one line of the ledger. What is wrong with the configuration is told when the source is
//! built; what is wrong with the export, in the ledger: it is refused as a whole, unless rows that cannot be read may be
//! left out, and then it counts as read in part.

mod field;
mod fields;
mod ledger;
mod mapping;
mod rows;
mod settings;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::endpoint::Endpoint;
use super::{Depth, Right, Source, SourceKind, local};
use crate::clock::Clock;
use crate::document::Section;
use crate::http::Factory;
use crate::model::{Collection, EndpointState, Kind, Resource, Sighting, SourceName, Watermarks};
use crate::problem::Problems;
use ledger::{Sheet, Verdict};
use local::Mistake;
use rows::{Frame, Made, make};
use settings::{BadRows, Settings};

pub(super) use settings::delimiter;

/// What it takes to read the file.
const RIGHT: &str = "read access to the file";

pub(super) const ROWS: Endpoint = Endpoint::of_file(
    "rows",
    &[Kind::Principal, Kind::Group, Kind::Credential, Kind::Container, Kind::Grant, Kind::App, Kind::Setting],
    RIGHT,
);

pub(super) const KIND: SourceKind = SourceKind {
    name: "file",
    summary: "an export in CSV or JSON, mapped to accounts, groups, credentials, grants, apps, settings or containers",
    rights: &[Right { right: RIGHT, why: "all of it" }],
    way_in: None,
    sees: &[
        "whatever an export tells, one file a source: what no REST API shows, systems without a source of their own, sites \
         without a network",
        "with ready-made mappings: of a self-hosted Jira global permissions, OAuth 1.0 consumers with the account they act \
         as, OAuth 2.0 clients, last log-ins and personal access tokens; access tokens of a self-hosted Bitbucket; tokens \
         of GitHub and GitLab",
        "how old the export is, and whether it is whole, where a column counts its rows",
    ],
    cannot_see: &[
        "what the export left out, unless a column counts its rows or somebody says that it is the whole list",
        "what changed since it was written",
        "the values of secrets: a column that is named like one is never read",
    ],
    endpoints: &[ROWS],
    build,
};

/// A file of more bytes is refused: it is read into memory.
const LARGEST: u64 = 256 * 1_048_576;

struct FileSource {
    name: SourceName,
    clock: Arc<dyn Clock>,
    settings: Arc<Settings>,
}

fn build(
    name: SourceName,
    section: Section,
    _factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let settings = Arc::new(Settings::read(section)?);
    Ok(Box::new(FileSource { name, clock, settings }))
}

#[async_trait]
impl Source for FileSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    /// What an API says tonight has more authority than what an export said some time ago.
    async fn look(&self, _depth: Depth, _since: &Watermarks) -> Collection {
        let started_at = self.clock.now();
        let settings = Arc::clone(&self.settings);
        let read = tokio::task::spawn_blocking(move || read(&settings, started_at)).await;
        let (resources, sheet) = read.unwrap_or_else(|error| {
            let reason = format!("reading it broke off: {error}");
            (Vec::new(), Sheet { verdict: Verdict::failed(reason), ..Sheet::default() })
        });
        let settings = &self.settings;
        let mut entry = sheet.entry(&self.name, &settings.path, ROWS, started_at, self.clock.now());
        entry.shows = settings.mapping.shows();
        entry.forms = settings.mapping.forms().into_iter().map(Into::into).collect();
        let seen_by = vec![Sighting { source: self.name.clone(), endpoint: ROWS.name.into() }];
        let seen = |resource: Resource| Resource { seen_by: seen_by.clone(), ..resource };
        Collection { authority: 0, resources: resources.into_iter().map(seen).collect(), ledger: vec![entry] }
    }
}

/// Reads the export, and judges how far it can be relied upon.
fn read(settings: &Settings, now: chrono::DateTime<chrono::Utc>) -> (Vec<Resource>, Sheet) {
    let name = file_name(&settings.path);
    let refused = |mistakes: &[Mistake], rows: usize| {
        let verdict = Verdict::refused(&name, mistakes);
        (Vec::new(), Sheet { rows, mistakes: mistakes.to_vec(), verdict, ..Sheet::default() })
    };
    let file = match local::open(&settings.path, LARGEST) {
        Ok(file) => file,
        Err(mistake) => return refused(&[mistake], 0),
    };
    let table = match local::read(&file, &settings.format, &settings.mapping.columns.0) {
        Ok(table) => table,
        Err(mistakes) => return refused(&mistakes, 0),
    };
    let frame = Frame {
        mapping: &settings.mapping,
        instance: &settings.instance,
        now,
        exported_at: settings.exported_at.as_ref(),
    };
    let mut made = make(frame, &table);
    let rows = table.rows.len() + table.mistakes.len();
    let bad_rows = rows - made.resources.len();
    let mut mistakes = table.mistakes;
    mistakes.append(&mut made.mistakes);
    mistakes.sort_by_key(|mistake| mistake.span.start);
    if !mistakes.is_empty() && settings.bad_rows == BadRows::Refuse {
        let (resources, mut sheet) = refused(&mistakes, rows);
        sheet.verdict.reason.push_str("; mend the export, or say `bad_rows: skip`");
        return (resources, sheet);
    }
    let proof = Proof::of(settings, &made, rows);
    let mut reasons = proof.reasons.clone();
    if bad_rows > 0 {
        reasons.insert(0, ledger::left_out(bad_rows, &mistakes));
    }
    reasons.extend(too_old(settings, &made, file.modified, now));
    let whole = reasons.is_empty() && proof.whole;
    let mut resources = made.groups(&settings.instance, whole);
    resources.append(&mut made.resources);
    let state = if reasons.is_empty() { EndpointState::Complete } else { EndpointState::Partial };
    let verdict = Verdict { state, reason: reasons.join("; ") };
    let sheet = Sheet { rows, expected: proof.expected, mistakes, visible_only: !proof.whole, verdict, read: true };
    (resources, sheet)
}

/// What speaks for and against the export being whole.
struct Proof {
    /// True if what is not in it is not there.
    whole: bool,
    expected: Option<u64>,
    reasons: Vec<String>,
}

impl Proof {
    fn of(settings: &Settings, made: &Made, rows: usize) -> Self {
        let mut reasons = Vec::new();
        let counted = match made.totals.as_slice() {
            [] => None,
            [total] => u64::try_from(*total).ok(),
            [_, _, ..] => {
                reasons.push("its rows do not agree on how many rows there are".to_owned());
                None
            }
        };
        let proven = counted.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total == rows));
        if let Some(total) = counted.filter(|_| !proven) {
            reasons.push(format!("the export counts {total} rows and has {rows}"));
        }
        if rows == 0 && !settings.may_be_empty {
            let what = "the export has no rows; if there really are none, say `may_be_empty: true`";
            reasons.push(what.to_owned());
        }
        if let Some(first) = made.unfinished.first() {
            let count = made.unfinished.len();
            reasons.push(format!(
                "{} not whole, as the export says itself; the first is {first}",
                ledger::rows_are(count)
            ));
        }
        Self { whole: proven || settings.complete, expected: counted, reasons }
    }
}

/// Why the export is too old, if it is.
fn too_old(
    settings: &Settings,
    made: &Made,
    modified: Option<chrono::DateTime<chrono::Utc>>,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<String> {
    let most = settings.older_than_days?;
    let written = if settings.exported_at.is_some() { made.exported_at } else { modified };
    let Some(written) = written else { return Some("when it was exported is not known".to_owned()) };
    let age = now - written;
    (age > chrono::TimeDelta::days(most.into())).then(|| {
        let (days, most) = (ledger::days(age.num_days()), ledger::days(most.into()));
        format!("the export is {days} old, and more than {most} is too old: write it again")
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
