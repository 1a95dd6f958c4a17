//! What an export consists of: written after its files, so that whoever finds it finds all of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{PARQUET_VERSION, ParquetExport, parquet_set};
use crate::digest::Digest;

/// The files of one scan's export.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParquetManifest {
    /// The version of the tables.
    pub keyroll_parquet: String,
    /// The version of keyroll that wrote them.
    pub keyroll_version: String,
    /// The estate.
    pub estate: String,
    /// The snapshot's number in its store.
    pub snapshot_id: String,
    /// When the scan began.
    pub scan_started_at: DateTime<Utc>,
    /// Each file.
    pub files: Vec<ParquetManifestFile>,
}

/// One file of an export.
#[derive(Debug, Serialize, Deserialize)]
pub struct ParquetManifestFile {
    /// Its path below the place that was exported to.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

impl ParquetExport<'_> {
    /// Where the manifest lies: `_exports/date=2026-11-22/s12-4V7ZQ0YR.json`. Readers of tables pass over what begins so.
    #[must_use]
    pub fn manifest_path(&self) -> String {
        format!("_exports/{}.json", self.name())
    }

    /// True for the path of a file that an export of this scan may have written, be it of another version.
    #[must_use]
    pub fn may_be_own(&self, path: &str) -> bool {
        let Some((table, (tenant, place))) =
            path.split_once('/').and_then(|(table, rest)| Some((table, rest.split_once('/')?)))
        else {
            return false;
        };
        parquet_set().iter().any(|known| known.name == table) && tenant.starts_with("tenant=") && place == self.place()
    }

    /// The manifest of these files.
    #[must_use]
    pub fn manifest(&self, files: Vec<ParquetManifestFile>) -> ParquetManifest {
        let head = &self.assessment.head;
        ParquetManifest {
            keyroll_parquet: PARQUET_VERSION.to_owned(),
            keyroll_version: env!("CARGO_PKG_VERSION").to_owned(),
            estate: head.estate.clone(),
            snapshot_id: head.id.to_string(),
            scan_started_at: head.started_at,
            files,
        }
    }
}
