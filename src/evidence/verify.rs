//! Reading a pack: nothing of it is believed before its signature and its digest are right.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::key::TrustedKeys;
use super::manifest::{Manifest, Member, VERSION};
use super::pack::{MANIFEST, SIGNATURE, STAMP};
use super::stamp::{LONGEST_STAMP, Stamp, StampError, read_stamp};
use crate::digest::{Digest, Digester};

/// A manifest and a signature are not longer than this.
const LONGEST_MANIFEST: u64 = 16 << 20;
const LONGEST_SIGNATURE: u64 = 16 << 10;
/// Behind the last entry of an archive are at most two empty blocks, filled up to a record.
const LONGEST_END: u64 = 64 << 10;

/// Why a pack is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be read.
    #[error("the pack cannot be read")]
    Unreadable(#[from] io::Error),
    /// It does not begin with a manifest and a signature.
    #[error("it is no evidence pack: `{expected}` is expected where {found} is")]
    NoPack {
        /// The entry that should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The manifest is none.
    #[error("its manifest cannot be read: {why}")]
    NoManifest {
        /// Why.
        why: String,
    },
    /// A newer keyroll made it.
    #[error(
        "it has the form {version}, and this keyroll reads forms up to {VERSION}: verify it with the keyroll that made it, or a newer one"
    )]
    Newer {
        /// The version of its form.
        version: u32,
    },
    /// The signature is not by a trusted key, or not of this manifest.
    #[error("its signature is not valid: {why}")]
    NotSigned {
        /// Why.
        why: String,
    },
    /// The time stamp that the manifest speaks of is not one of the signature.
    #[error("its time stamp is not valid: {why}")]
    NotStamped {
        /// Why.
        why: StampError,
    },
    /// A member would be written outside of the folder it is unpacked to.
    #[error("the path `{path}` leads out of the pack")]
    PathLeadsAway {
        /// The path.
        path: String,
    },
    /// A member is not there.
    #[error("`{path}` is listed and not there")]
    Missing {
        /// Its path.
        path: String,
    },
    /// There is something that is not listed, or in another's place.
    #[error("{found} is not listed, or not where it has to be: `{expected}` is expected there")]
    Unlisted {
        /// The entry that is there.
        found: String,
        /// The member that is expected, or the end of the pack.
        expected: String,
    },
    /// A member is not what was signed.
    #[error("`{path}` is not what was signed: {why}")]
    Altered {
        /// Its path.
        path: String,
        /// In what it differs.
        why: String,
    },
}

/// A pack that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its manifest.
    pub manifest: Manifest,
    /// The digest of that.
    pub manifest_sha256: Digest,
    /// The fingerprint of the key that signed it.
    pub signed_by: String,
    /// Its time stamp, if it has one.
    pub stamp: Option<Stamp>,
}

/// Verifies a pack. Every member is given to `take` while it is read; what was taken is to be believed only if there is no error.
///
/// # Errors
/// Why the pack is not taken.
pub fn verify(
    pack: impl BufRead,
    keys: &TrustedKeys,
    mut take: impl FnMut(&Member, &[u8]) -> io::Result<()>,
) -> Result<Verified, Refusal> {
    let mut archive = tar::Archive::new(GzDecoder::new(pack));
    // Raw: an entry that only extends the next one, as for long names, counts as what it is, and is refused.
    let mut entries = archive.entries()?.raw(true);
    let verified = signed(&mut entries, keys)?;
    let manifest = &verified.manifest;
    for member in &manifest.members {
        let entry = entries.next().ok_or_else(|| Refusal::Missing { path: member.path.clone() })??;
        let found = name(&entry);
        if found != member.path || !entry.header().entry_type().is_file() {
            let listed = manifest.members.iter().any(|other| other.path == found);
            return Err(if listed && found > member.path {
                Refusal::Missing { path: member.path.clone() }
            } else {
                Refusal::Unlisted { found: format!("`{found}`"), expected: member.path.clone() }
            });
        }
        check(member, entry, &mut take)?;
    }
    if let Some(entry) = entries.next() {
        return Err(Refusal::Unlisted { found: format!("`{}`", name(&entry?)), expected: "the end".to_owned() });
    }
    let mut rest = Vec::new();
    let mut decoder = archive.into_inner();
    decoder.by_ref().take(LONGEST_END).read_to_end(&mut rest)?;
    let is_empty = rest.iter().all(|byte| *byte == 0) && (rest.len() as u64) < LONGEST_END;
    let mut behind = [0; 1];
    if !is_empty || decoder.into_inner().read(&mut behind)? > 0 {
        let found = "something behind the archive".to_owned();
        return Err(Refusal::Unlisted { found, expected: "the end".to_owned() });
    }
    Ok(verified)
}

/// Verifies what a pack says of itself and who signed it, and leaves its members alone: enough to know its place in a chain.
///
/// # Errors
/// Why the pack is not taken.
pub fn verify_manifest(pack: impl BufRead, keys: &TrustedKeys) -> Result<Verified, Refusal> {
    let mut archive = tar::Archive::new(GzDecoder::new(pack));
    let mut entries = archive.entries()?.raw(true);
    signed(&mut entries, keys)
}

/// The manifest of a pack. Nothing of it is looked at before its signature.
fn signed<R: Read>(entries: &mut tar::Entries<'_, R>, keys: &TrustedKeys) -> Result<Verified, Refusal> {
    let bytes = first(entries, MANIFEST, LONGEST_MANIFEST)?;
    let signature = first(entries, SIGNATURE, LONGEST_SIGNATURE)?;
    let signature =
        String::from_utf8(signature).map_err(|_none| Refusal::NotSigned { why: "it is no text".to_owned() })?;
    let signer = keys.signer(&bytes, &signature).map_err(|why| Refusal::NotSigned { why })?;
    let manifest = Manifest::read(&bytes)?;
    let stamp = match &manifest.made.timestamp {
        Some(_) => Some(stamped(entries, signature.as_bytes(), keys)?),
        None => None,
    };
    Ok(Verified { manifest, manifest_sha256: Digest::of_bytes(&bytes), signed_by: signer.to_string(), stamp })
}

fn name<R: Read>(entry: &tar::Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).into_owned()
}

/// The time stamp of the signature, which the manifest says is there.
fn stamped<R: Read>(entries: &mut tar::Entries<'_, R>, signature: &[u8], keys: &TrustedKeys) -> Result<Stamp, Refusal> {
    let answer = first(entries, STAMP, LONGEST_STAMP).map_err(|refusal| match refusal {
        Refusal::NoPack { found, .. } if found.starts_with("a file of") => {
            Refusal::Unlisted { found, expected: STAMP.to_owned() }
        }
        Refusal::NoPack { .. } => Refusal::Missing { path: STAMP.to_owned() },
        other => other,
    })?;
    read_stamp(&answer, signature, keys.authorities()).map_err(|why| Refusal::NotStamped { why })
}

/// One of the first entries, whole.
fn first<R: Read>(entries: &mut tar::Entries<'_, R>, expected: &'static str, longest: u64) -> Result<Vec<u8>, Refusal> {
    let no_pack = |found: String| Refusal::NoPack { expected, found };
    let entry = entries.next().ok_or_else(|| no_pack("the end".to_owned()))?;
    let entry = entry.map_err(|error| no_pack(format!("something that is no archive ({error})")))?;
    let found = name(&entry);
    if found != expected || !entry.header().entry_type().is_file() {
        return Err(no_pack(format!("`{found}`")));
    }
    let mut bytes = Vec::new();
    entry.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        return Err(no_pack(format!("a file of more than {longest} bytes")));
    }
    Ok(bytes)
}

/// Reads a member, at most one byte more than it may have.
fn check<R: Read>(
    member: &Member,
    mut entry: tar::Entry<'_, R>,
    take: &mut impl FnMut(&Member, &[u8]) -> io::Result<()>,
) -> Result<(), Refusal> {
    let altered = |why: String| Refusal::Altered { path: member.path.clone(), why };
    if entry.size() != member.bytes {
        return Err(altered(format!("it has {} bytes, not {}", entry.size(), member.bytes)));
    }
    let (mut digester, mut left) = (Digester::default(), member.bytes);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = entry.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let read = buffer.get(..count).unwrap_or_default();
        left = left.checked_sub(count as u64).ok_or_else(|| altered("it is longer than was signed".to_owned()))?;
        digester.add(read);
        take(member, read)?;
    }
    if left > 0 {
        return Err(altered(format!("{left} bytes are missing")));
    }
    if digester.finish() != member.sha256 {
        return Err(altered("its digest is another".to_owned()));
    }
    Ok(())
}
