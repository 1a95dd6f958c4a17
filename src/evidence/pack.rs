//! Writing a pack: members one by one, then the manifest and its signature before them.

use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::{Compression, GzBuilder};
use serde::Serialize;
use tempfile::SpooledTempFile;

use super::key::{KeyError, SigningKey};
use super::manifest::{Circumstances, ExpectedStamp, Manifest, Member, VERSION, is_plain};
use super::stamp::{Authorities, Stamp, StampError, StampRequest};
use crate::digest::{Digest, Digester};

/// Members up to this stay in memory until the pack is written.
const IN_MEMORY: usize = 1 << 20;

/// Why a pack could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The place it is written to refused.
    #[error("cannot write the pack")]
    Write(#[from] io::Error),
    /// It could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be stamped.
    #[error("the pack could not be stamped: {0}")]
    Stamp(#[from] StampError),
}

/// Sends a request to an authority, and gives back its answer.
pub type Ask = dyn Fn(Vec<u8>) -> Result<Vec<u8>, StampError>;

/// An authority that stamps the signature of a pack.
pub struct Stamper {
    /// Its address, for the manifest.
    pub authority: String,
    /// Who has to stand behind its stamps, where that is known.
    pub trusted: Option<Authorities>,
    /// Sends it a request, and gives back its answer.
    pub ask: Box<Ask>,
}

/// A pack that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The digest of its manifest, which the pack after it names.
    pub manifest_sha256: Digest,
    /// Its time stamp.
    pub stamp: Option<Stamp>,
}

/// A pack in the making.
#[derive(Default)]
pub struct Packer {
    members: Vec<(Member, SpooledTempFile)>,
    stamper: Option<Stamper>,
}

impl Packer {
    /// Adds a member.
    ///
    /// # Errors
    /// When `write` fails, or there is no room for it.
    ///
    /// # Panics
    /// When the path leads out of the pack, or is there already: paths are ours.
    pub fn add<E: From<io::Error>>(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        assert!(is_plain(path), "internal: `{path}` is a plain path");
        assert!(self.members.iter().all(|(member, _)| member.path != path), "internal: `{path}` is there once");
        let mut out = Hashed { to: SpooledTempFile::new(IN_MEMORY), digester: Digester::default(), bytes: 0 };
        write(&mut out)?;
        let member = Member { path: path.to_owned(), bytes: out.bytes, sha256: out.digester.finish() };
        self.members.push((member, out.to));
        Ok(())
    }

    /// Adds a member of values as JSON, one on a line.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn add_lines<T: Serialize>(&mut self, path: &str, values: impl IntoIterator<Item = T>) -> io::Result<()> {
        self.add(path, |out| -> io::Result<()> {
            for value in values {
                serde_json::to_writer(&mut *out, &value).map_err(io::Error::other)?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
    }

    /// Has the signature stamped.
    pub fn stamp_with(&mut self, stamper: Stamper) {
        self.stamper = Some(stamper);
    }

    /// Writes the pack. Nothing is written before it is signed, and stamped if it is to be.
    ///
    /// # Errors
    /// When it cannot be signed, stamped or written.
    pub fn finish(mut self, mut made: Circumstances, key: &SigningKey, out: impl Write) -> Result<Packed, PackError> {
        self.members.sort_by(|(left, _), (right, _)| left.path.cmp(&right.path));
        let members = self.members.iter().map(|(member, _)| member.clone()).collect();
        let moment = u64::try_from(made.created_at.timestamp()).unwrap_or_default();
        made.timestamp = self.stamper.as_ref().map(|stamper| ExpectedStamp { authority: stamper.authority.clone() });
        let manifest = Manifest { keyroll_evidence: VERSION, made, members }.to_bytes();
        let signature = key.sign(&manifest)?;
        let stamped = self.stamper.as_ref().map(|stamper| stamper.stamp(signature.as_bytes())).transpose()?;
        let gzip = GzBuilder::new().mtime(0).write(out, Compression::default());
        let mut tar = tar::Builder::new(gzip);
        append(&mut tar, MANIFEST, manifest.len() as u64, moment, manifest.as_slice())?;
        append(&mut tar, SIGNATURE, signature.len() as u64, moment, signature.as_bytes())?;
        if let Some((answer, _)) = &stamped {
            append(&mut tar, STAMP, answer.len() as u64, moment, answer.as_slice())?;
        }
        for (member, mut content) in self.members {
            content.seek(SeekFrom::Start(0))?;
            append(&mut tar, &member.path, member.bytes, moment, content)?;
        }
        tar.into_inner()?.finish()?.flush()?;
        Ok(Packed { manifest_sha256: Digest::of_bytes(&manifest), stamp: stamped.map(|(_, stamp)| stamp) })
    }
}

impl Stamper {
    /// A stamp of some bytes, as it was answered and as it was read.
    fn stamp(&self, bytes: &[u8]) -> Result<(Vec<u8>, Stamp), StampError> {
        let request = StampRequest::of(bytes)?;
        let answer = (self.ask)(request.to_der())?;
        let stamp = request.accept(&answer, self.trusted.as_ref())?;
        Ok((answer, stamp))
    }
}

/// The names of the first entries; the third is there if the manifest says so.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.json.sig";
pub(super) const STAMP: &str = "manifest.json.sig.tsr";

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    path: &str,
    bytes: u64,
    moment: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(moment);
    tar.append_data(&mut header, path, content)
}

/// Counts and digests what is written.
struct Hashed {
    to: SpooledTempFile,
    digester: Digester,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.digester.add(bytes.get(..count).unwrap_or(bytes));
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
