//! What the configuration says about one export: where it is, how it is written, how far it can be relied upon.

use std::path::PathBuf;

use super::field::Field;
use super::fields::Holds;
use super::mapping::Mapping;
use crate::document::{Located, Section};
use crate::problem::Problems;
use crate::sources::local::Format;
use crate::text::did_you_mean;

/// What to do with rows that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadRows {
    /// The whole file is refused.
    Refuse,
    /// They are left out and named, and the file counts as read in part.
    Skip,
}

/// One export.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// The file.
    pub(super) path: PathBuf,
    /// How its rows are written.
    pub(super) format: Format,
    /// The tenant of its resources.
    pub(super) instance: String,
    /// What its rows are.
    pub(super) mapping: Mapping,
    /// True if somebody says that it is the whole list.
    pub(super) complete: bool,
    /// True if a list without rows is no sign of an export that went wrong.
    pub(super) may_be_empty: bool,
    pub(super) bad_rows: BadRows,
    /// The age from which it is too old.
    pub(super) older_than_days: Option<u32>,
    /// The column that tells when it was exported; otherwise that is when the file was written.
    pub(super) exported_at: Option<Field>,
}

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Csv,
    Json,
    Ndjson,
}

impl Settings {
    /// Reads the section of a source.
    pub(super) fn read(mut section: Section) -> Result<Self, Problems> {
        let path: Option<Located<String>> = section.need("path");
        let instance = read_instance(&mut section);
        let mut mapping = Mapping::read(&mut section);
        let sort = read_sort(&mut section, path.as_ref(), mapping.as_ref());
        let delimiter = read_delimiter(&mut section, sort);
        let rows = read_rows(&mut section, sort, mapping.as_ref());
        let complete = section.get("complete").unwrap_or(false);
        let may_be_empty = section.get("may_be_empty").unwrap_or(false);
        let bad_rows = read_bad_rows(&mut section);
        let older_than_days = section.number("older_than_days", 3_660);
        let exported_at = match &mut mapping {
            Some(mapping) => {
                let defaults = mapping.defaults.clone();
                Field::read(&mut section, "exported_at", Holds::Moment, &mut mapping.columns, &defaults)
            }
            None => {
                // Its form depends on the mapping, whose mistakes are told.
                let _: Option<crate::document::Node> = section.get("exported_at");
                None
            }
        };
        if exported_at.is_some() && older_than_days.is_none() {
            let help = Some("add `older_than_days:` with the age from which the export is too old".to_owned());
            section.wrong(section.span_of("exported_at"), "`exported_at` is of use with `older_than_days` only", help);
        }
        let format = match sort {
            Some(Sort::Csv) => Some(Format::Csv { delimiter }),
            Some(Sort::Json) => Some(Format::Json { rows }),
            Some(Sort::Ndjson) => Some(Format::Ndjson),
            None => None,
        };
        let folder = section.folder();
        let settings = match (path, format, instance, mapping) {
            (Some(path), Some(format), Some(instance), Some(mapping)) => Some(Self {
                path: folder.join(path.value),
                format,
                instance,
                mapping,
                complete,
                may_be_empty,
                bad_rows,
                older_than_days,
                exported_at,
            }),
            _ => None,
        };
        section.finish(settings)
    }
}

/// The short name of the system that the rows are from.
fn read_instance(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.need("instance")?;
    let plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    if written.value.is_empty() || !written.value.chars().all(plain) {
        let help = "it is the short name of the system, and the `instance` of the source that reads it over the network, \
                    if there is one";
        section.wrong(written.span, format!("`instance` cannot be `{}`", written.value), Some(help.to_owned()));
        return None;
    }
    Some(written.value)
}

/// What is written down, or what the mapping is made for, or what the name of the file says.
fn read_sort(section: &mut Section, path: Option<&Located<String>>, mapping: Option<&Mapping>) -> Option<Sort> {
    const NAMES: [(&str, Sort); 3] = [("csv", Sort::Csv), ("json", Sort::Json), ("ndjson", Sort::Ndjson)];
    let named = |text: &str| NAMES.iter().find(|(name, _)| *name == text).map(|(_, sort)| *sort);
    if let Some(written) = section.get::<Located<String>>("format") {
        let sort = named(&written.value);
        if sort.is_none() {
            let names = NAMES.map(|(name, _)| name);
            let help = did_you_mean(&written.value, names)
                .map_or_else(|| format!("it is {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            section.wrong(written.span, format!("`format` cannot be `{}`", written.value), Some(help));
        }
        return sort;
    }
    let path = path?;
    let extension = path.value.rsplit('.').next().unwrap_or_default().to_lowercase();
    let by_name = named(if extension == "jsonl" { "ndjson" } else { &extension });
    let by_mapping = || mapping?.format.as_deref().and_then(named);
    let sort = by_name.or_else(by_mapping);
    if sort.is_none() {
        let help = Some("add `format: csv`, `format: json` or `format: ndjson`".to_owned());
        section.wrong(path.span.clone(), "how the file is written its name does not say", help);
    }
    sort
}

fn read_delimiter(section: &mut Section, sort: Option<Sort>) -> u8 {
    const USUAL: u8 = b',';
    let Some(written) = section.get::<Located<String>>("delimiter") else { return USUAL };
    if matches!(sort, Some(Sort::Json | Sort::Ndjson)) {
        section.wrong(written.span, "JSON has no `delimiter`", None);
        return USUAL;
    }
    delimiter(&written.value).unwrap_or_else(|| {
        let help = Some("it is one character, such as `;`, or the word `tab`".to_owned());
        section.wrong(written.span, format!("`delimiter` cannot be `{}`", written.value), help);
        USUAL
    })
}

/// The delimiter that somebody wrote down.
pub(in crate::sources) fn delimiter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Some(b'\t'),
        [one] if one.is_ascii_punctuation() && *one != b'"' || *one == b'\t' => Some(*one),
        _ => None,
    }
}

/// Keys from the outside in, with dots between them: `$.page.values`.
fn read_rows(section: &mut Section, sort: Option<Sort>, mapping: Option<&Mapping>) -> Vec<String> {
    let own: Option<Located<String>> = section.get("rows");
    if let (Some(own), Some(Sort::Csv | Sort::Ndjson)) = (&own, sort) {
        section.wrong(own.span.clone(), "`rows` says where they are in one JSON document", None);
        return Vec::new();
    }
    let text = match &own {
        Some(own) => own.value.as_str(),
        None => mapping.and_then(|mapping| mapping.rows.as_deref()).unwrap_or("$"),
    };
    let keys: Vec<String> = match text.strip_prefix('$') {
        Some("") => return Vec::new(),
        Some(rest) if rest.starts_with('.') => rest.split('.').skip(1).map(str::to_owned).collect(),
        Some(_) | None => Vec::new(),
    };
    if keys.is_empty() || keys.iter().any(|key| key.is_empty() || key.contains(['[', ']', '*'])) {
        let help = Some("write the keys from the outside in: `$.page.values`".to_owned());
        section.wrong(section.span_of("rows"), format!("`rows` cannot be `{text}`"), help);
        return Vec::new();
    }
    keys
}

fn read_bad_rows(section: &mut Section) -> BadRows {
    let Some(written) = section.get::<Located<String>>("bad_rows") else { return BadRows::Refuse };
    match written.value.as_str() {
        "refuse" => BadRows::Refuse,
        "skip" => BadRows::Skip,
        other => {
            let help = Some("`refuse` the file, or `skip` them: then it counts as read in part".to_owned());
            section.wrong(written.span, format!("`bad_rows` cannot be `{other}`"), help);
            BadRows::Refuse
        }
    }
}
