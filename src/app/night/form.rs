//! The form in which a night lies in a pack: JSON, a value on a line, so that anybody can read it with any tool.
//!
//! Of the scan before it only what differs is written: the rest of it is in the snapshot.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::{Before, Beside, Night};
use crate::evidence::Packer;
use crate::model::{Resource, ResourceId, Snapshot};

/// A night that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// A file of it is not there, or cannot be read.
    #[error("`{path}` cannot be read")]
    Unreadable {
        /// Its path in the pack.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A line of it is not what is expected there.
    #[error("line {line} of `{path}` is not of the form that this keyroll reads: {why}")]
    Line {
        /// The file's path in the pack.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A file of one value has none, or more.
    #[error("`{path}` has {found} lines, expected one")]
    NotOne {
        /// The file's path in the pack.
        path: String,
        /// How many lines it has.
        found: usize,
    },
}

const RESOURCES: &str = "snapshot/resources.ndjson";
const CARRIED: &str = "snapshot/carried.ndjson";
const LEDGER: &str = "snapshot/ledger.ndjson";
const HEAD: &str = "snapshot/head.json";
const BEFORE_HEAD: &str = "before/head.json";
const BEFORE_DIFFERING: &str = "before/differing.ndjson";
const BEFORE_MISSING: &str = "before/not-yet-there.ndjson";
const BEFORE_CARRIED: &str = "before/carried.ndjson";
const BEFORE_LEDGER: &str = "before/ledger.ndjson";
const BEFORE_FINDINGS: &str = "before/findings.ndjson";
const BASELINE: &str = "before/baseline.ndjson";
const DECIDED: &str = "before/access-decisions.ndjson";
const SEEN_EARLIER: &str = "before/seen-earlier.ndjson";
const BESIDE_BASELINE: &str = "beside/baseline.ndjson";
const ACKNOWLEDGEMENTS: &str = "beside/acknowledgements.ndjson";
const UNDELIVERED: &str = "beside/undelivered.ndjson";
const TREND: &str = "beside/trend.ndjson";
const FLAPPING: &str = "beside/flapping.ndjson";
const FLAPPING_FINDINGS: &str = "beside/flapping-findings.ndjson";
const REVIEWED: &str = "beside/reviewed-access.ndjson";
const STEPS: &str = "beside/steps.ndjson";

impl Night<'_> {
    /// Adds the night to a pack.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn pack(&self, packer: &mut Packer) -> io::Result<()> {
        packer.add_lines(HEAD, [&self.head])?;
        packer.add_lines(RESOURCES, &self.snapshot.resources)?;
        packer.add_lines(CARRIED, &self.snapshot.carried)?;
        packer.add_lines(LEDGER, &self.snapshot.ledger)?;
        if let Some(before) = &self.before {
            let (differing, missing) = before.differing(&self.snapshot);
            packer.add_lines(BEFORE_HEAD, [&before.head])?;
            packer.add_lines(BEFORE_DIFFERING, differing)?;
            packer.add_lines(BEFORE_MISSING, missing)?;
            packer.add_lines(BEFORE_CARRIED, &before.snapshot.carried)?;
            packer.add_lines(BEFORE_LEDGER, &before.snapshot.ledger)?;
            packer.add_lines(BEFORE_FINDINGS, &before.findings)?;
        }
        packer.add_lines(BASELINE, &self.baseline)?;
        packer.add_lines(DECIDED, &self.decided)?;
        packer.add_lines(SEEN_EARLIER, &self.seen_earlier)?;
        let beside = &self.beside;
        packer.add_lines(BESIDE_BASELINE, &beside.baseline)?;
        packer.add_lines(ACKNOWLEDGEMENTS, &beside.acknowledgements)?;
        packer.add_lines(UNDELIVERED, &beside.undelivered)?;
        packer.add_lines(TREND, &beside.trend)?;
        packer.add_lines(FLAPPING, &beside.flapping)?;
        packer.add_lines(FLAPPING_FINDINGS, &beside.flapping_findings)?;
        packer.add_lines(REVIEWED, &beside.reviewed)?;
        packer.add_lines(STEPS, &beside.steps)
    }
}

impl Night<'static> {
    /// Reads a night from the folder that a pack was unpacked to.
    ///
    /// # Errors
    /// The first file that is not there, or not of this form.
    pub fn read(folder: &Path) -> Result<Self, FormError> {
        let head: crate::model::SnapshotHead = one(folder, HEAD)?;
        let mut snapshot = Snapshot::of_sorted(read_lines(folder, RESOURCES)?, read_lines(folder, LEDGER)?);
        snapshot.carried = read_lines(folder, CARRIED)?;
        let before = match head.compared_with {
            None => None,
            Some(_) => Some(Before {
                head: one(folder, BEFORE_HEAD)?,
                snapshot: snapshot_before(folder, &snapshot)?,
                findings: read_lines(folder, BEFORE_FINDINGS)?,
            }),
        };
        let flapping_findings: Vec<_> = read_lines(folder, FLAPPING_FINDINGS)?;
        Ok(Self {
            head,
            before,
            baseline: read_lines(folder, BASELINE)?.pop(),
            decided: read_lines(folder, DECIDED)?,
            seen_earlier: read_lines(folder, SEEN_EARLIER)?,
            beside: Beside {
                baseline: read_lines(folder, BESIDE_BASELINE)?.pop(),
                acknowledgements: read_lines(folder, ACKNOWLEDGEMENTS)?,
                undelivered: read_lines(folder, UNDELIVERED)?,
                trend: read_lines(folder, TREND)?,
                flapping: read_lines(folder, FLAPPING)?,
                flapping_findings: flapping_findings.into_iter().collect(),
                reviewed: read_lines(folder, REVIEWED)?,
                steps: read_lines(folder, STEPS)?,
            },
            snapshot: Cow::Owned(snapshot),
        })
    }
}

/// The snapshot of the scan before: what was seen after it, but for what differs.
fn snapshot_before(folder: &Path, after: &Snapshot) -> Result<Snapshot, FormError> {
    let missing: BTreeSet<ResourceId> = read_lines(folder, BEFORE_MISSING)?.into_iter().collect();
    let there = after.resources.iter().filter(|resource| !missing.contains(&resource.id));
    let mut resources: BTreeMap<ResourceId, Resource> =
        there.map(|resource| (resource.id.clone(), resource.clone())).collect();
    for resource in read_lines::<Resource>(folder, BEFORE_DIFFERING)? {
        resources.insert(resource.id.clone(), resource);
    }
    let mut before = Snapshot::of_sorted(resources.into_values().collect(), read_lines(folder, BEFORE_LEDGER)?);
    before.carried = read_lines(folder, BEFORE_CARRIED)?;
    Ok(before)
}

/// Every line of a file of a pack that was unpacked to a folder.
///
/// # Errors
/// When it is not there, or a line is no such value.
pub fn read_lines<T: DeserializeOwned>(folder: &Path, path: &str) -> Result<Vec<T>, FormError> {
    let unreadable = |source| FormError::Unreadable { path: path.to_owned(), source };
    let file = File::open(folder.join(path)).map_err(unreadable)?;
    let mut values = Vec::new();
    for (line, text) in (1..).zip(BufReader::new(file).lines()) {
        let value = serde_json::from_str(&text.map_err(unreadable)?);
        let value = value.map_err(|error| FormError::Line { path: path.to_owned(), line, why: error.to_string() })?;
        values.push(value);
    }
    Ok(values)
}

/// The only line of a file.
fn one<T: DeserializeOwned>(folder: &Path, path: &str) -> Result<T, FormError> {
    let mut values = read_lines(folder, path)?;
    let found = values.len();
    values.pop().filter(|_| found == 1).ok_or_else(|| FormError::NotOne { path: path.to_owned(), found })
}
