//! `roster`: a list of people in CSV, from the personnel office or the identity provider. People are no accounts: whoever
//! asks joins the two by mail address.
//!
//! The list is a file that people keep, so its mistakes are told like those of all others, when the source is built:
//! nothing is scanned until they are mended.

mod people;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::endpoint::Endpoint;
use super::file::delimiter;
use super::local::{self, DateForm, Format};
use super::{Depth, Right, Source, SourceKind};
use crate::clock::Clock;
use crate::document::{Located, Section};
use crate::http::Factory;
use crate::model::{Collection, EndpointState, Kind, LedgerEntry, Resource, Sighting, SourceName, Watermarks};
use crate::problem::{Problem, Problems, SourceText};
use crate::timetable::Zone;
use people::{Columns, People};

const RIGHT: &str = "read access to the file";

pub(super) const PEOPLE: Endpoint = Endpoint::of_file("people", &[Kind::Person], RIGHT);

pub(super) const KIND: SourceKind = SourceKind {
    name: "roster",
    summary: "a list of people in CSV: who works here, until when, with which manager, in which team",
    rights: &[Right { right: RIGHT, why: "all of it" }],
    way_in: None,
    sees: &["people with their mail addresses, the last day of their employment, manager and team"],
    cannot_see: &["people who are not in the list, unless it says that it is complete", "accounts"],
    endpoints: &[PEOPLE],
    build,
};

/// A file of more bytes is refused: it is read into memory.
const LARGEST: u64 = 64 * 1_048_576;

/// How many mistakes of the list are told.
const TOLD: usize = 50;

struct Roster {
    name: SourceName,
    clock: Arc<dyn Clock>,
    path: PathBuf,
    complete: bool,
    people: Vec<Resource>,
}

fn build(
    name: SourceName,
    mut section: Section,
    _factory: &Factory,
    clock: Arc<dyn Clock>,
) -> Result<Box<dyn Source>, Problems> {
    let path: Option<Located<String>> = section.need("path");
    let delimiter = read_delimiter(&mut section);
    let dates = read_dates(&mut section);
    let complete = section.get("complete").unwrap_or(false);
    let columns = Columns::read(&mut section);
    let path = path.map(|path| section.folder().join(path.value));
    let (path, columns) = section.finish(path.zip(columns))?;
    let people = read(&path, delimiter, &People { columns, dates, now: clock.now() })?;
    Ok(Box::new(Roster { name, clock, path, complete, people }))
}

fn read_delimiter(section: &mut Section) -> u8 {
    let Some(written) = section.get::<Located<String>>("delimiter") else { return b',' };
    delimiter(&written.value).unwrap_or_else(|| {
        let help = Some("it is one character, such as `;`, or the word `tab`".to_owned());
        section.wrong(written.span, format!("`delimiter` cannot be `{}`", written.value), help);
        b','
    })
}

/// Days, and so without a zone.
fn read_dates(section: &mut Section) -> DateForm {
    let usual = || DateForm::Pattern { pattern: "%Y-%m-%d".to_owned(), zone: Zone::UTC };
    let Some(written) = section.get::<Located<String>>("dates") else { return usual() };
    DateForm::named(&written.value, Zone::UTC).unwrap_or_else(|help| {
        section.wrong(written.span, format!("`{}` is no form of dates", written.value), Some(help));
        usual()
    })
}

/// The people in the list, or everything that is wrong with it.
fn read(path: &std::path::Path, delimiter: u8, people: &People) -> Result<Vec<Resource>, Problems> {
    let name = path.display().to_string();
    let file = local::open(path, LARGEST).map_err(|mistake| {
        let problem = Problem::general(format!("{name} {}", mistake.what));
        let place = if mistake.place.is_empty() {
            problem
        } else {
            Problem::general(format!("{name}, {}: {}", mistake.place, mistake.what))
        };
        Problems::from(mistake.help.into_iter().fold(place, Problem::help))
    })?;
    let table = local::read(&file, &Format::Csv { delimiter }, &people.columns.wanted());
    let told = match table {
        Ok(table) => people.read(table),
        Err(mistakes) => Err(mistakes),
    };
    told.map_err(|mistakes| {
        let text = SourceText::new(&name, &file.text);
        let more = mistakes.len().saturating_sub(TOLD);
        let mut problems = Problems::default();
        for mistake in mistakes.into_iter().take(TOLD) {
            let column =
                mistake.column.map(|column| format!("column `{}`: ", local::shown(&column))).unwrap_or_default();
            let problem = Problem::at(&text, mistake.span, format!("{column}{}", mistake.what));
            problems.push(mistake.help.into_iter().fold(problem, Problem::help));
        }
        if more > 0 {
            problems.push(Problem::general(format!("{name} has {more} more mistakes")));
        }
        problems
    })
}

#[async_trait]
impl Source for Roster {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, _depth: Depth, _since: &Watermarks) -> Collection {
        let now = self.clock.now();
        let path = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let (path, shows) = (PEOPLE.path().replace("{}", &path), PEOPLE.shows.to_vec());
        let entry = LedgerEntry::not_asked(self.name.clone(), PEOPLE.name.into(), path, shows, String::new(), now);
        let rows = u64::try_from(self.people.len()).unwrap_or(u64::MAX);
        let entry = LedgerEntry {
            visible_only: !self.complete,
            state: EndpointState::Complete,
            right: RIGHT.to_owned(),
            pages: 1,
            rows,
            ..entry
        };
        let seen_by = vec![Sighting { source: self.name.clone(), endpoint: PEOPLE.name.into() }];
        let seen = |person: &Resource| Resource { seen_by: seen_by.clone(), ..person.clone() };
        Collection { authority: 0, resources: self.people.iter().map(seen).collect(), ledger: vec![entry] }
    }
}
