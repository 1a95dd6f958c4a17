//! What a pack says of itself: the scan, who made it where and when, the pack before it, and every member with its digest.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::verify::Refusal;
use crate::digest::Digest;
use crate::model::{SnapshotHead, SnapshotId};

/// The version of the form of packs that this keyroll writes and reads.
pub(super) const VERSION: u32 = 1;

/// The manifest of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of its form.
    pub(super) keyroll_evidence: u32,
    /// How it came about.
    #[serde(flatten)]
    pub made: Circumstances,
    /// Its members, sorted by path.
    pub members: Vec<Member>,
}

/// How a pack came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Its number in the chain, from 1.
    pub number: u64,
    /// The pack before it; `None` for the first.
    pub previous: Option<Link>,
    /// The pack that this one is a redacted copy of: its number is that one's, and it is no link of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacts: Option<Link>,
    /// The estate.
    pub estate: String,
    /// The scan.
    pub scan: PackedScan,
    /// False for a view in which waived findings are shown as open.
    pub waivers_applied: bool,
    /// The version of the keyroll that made the pack.
    pub tool_version: String,
    /// Who made it.
    pub operator: String,
    /// On which machine.
    pub host: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The time stamp of the signature; `None` if it was made without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<ExpectedStamp>,
}

/// That the signature of a pack has a time stamp beside it, so that one that is taken away is missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedStamp {
    /// The address of the authority that was asked.
    pub authority: String,
}

/// A pack, as the one after it names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number.
    pub number: u64,
    /// The digest of its manifest.
    pub manifest_sha256: Digest,
}

/// The scan that a pack is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedScan {
    /// Its number in the store.
    pub id: SnapshotId,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// False if something could not be seen that nobody declared as a blind spot.
    pub complete: bool,
    /// The digest of what it saw.
    pub snapshot_sha256: Digest,
    /// The version of the keyroll that scanned.
    pub tool_version: String,
}

impl PackedScan {
    /// That of a scan's record.
    #[must_use]
    pub fn of(head: &SnapshotHead) -> Self {
        Self {
            id: head.id,
            started_at: head.started_at,
            ended_at: head.ended_at,
            complete: head.complete,
            snapshot_sha256: head.digest,
            tool_version: head.tool_version.clone(),
        }
    }
}

/// A file of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its path within the pack, with `/` between the parts.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
}

impl Manifest {
    /// The bytes that are signed.
    ///
    /// # Panics
    /// Never: our own types can be written as JSON.
    #[must_use]
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("internal: a manifest can be written as JSON");
        bytes.push(b'\n');
        bytes
    }

    /// A manifest from the bytes that were signed. Whether its paths lead out of a folder is looked at here, too.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Version {
            keyroll_evidence: u32,
        }
        let version: Version =
            serde_json::from_slice(bytes).map_err(|error| Refusal::NoManifest { why: error.to_string() })?;
        if version.keyroll_evidence > VERSION {
            return Err(Refusal::Newer { version: version.keyroll_evidence });
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| Refusal::NoManifest { why: error.to_string() })?;
        let mut before = "";
        for member in &manifest.members {
            if !is_plain(&member.path) {
                return Err(Refusal::PathLeadsAway { path: member.path.clone() });
            }
            if member.path.as_str() <= before {
                return Err(Refusal::NoManifest { why: format!("`{}` is not in order, or listed twice", member.path) });
            }
            before = &member.path;
        }
        Ok(manifest)
    }
}

/// True for a path that stays within its folder on any system.
pub(super) fn is_plain(path: &str) -> bool {
    let part_is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    path.split('/').all(part_is_plain)
}
