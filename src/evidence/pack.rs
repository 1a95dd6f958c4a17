//! Writing a pack: members one by one, then the manifest and its signature before them.

use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::{Compression, GzBuilder};
use serde::Serialize;
use tempfile::SpooledTempFile;

use super::key::{KeyError, SigningKey};
use super::manifest::{Circumstances, Manifest, Member, VERSION, is_plain};
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
}

/// A pack in the making.
#[derive(Default)]
pub struct Packer {
    members: Vec<(Member, SpooledTempFile)>,
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

    /// Writes the pack, and gives back the digest of its manifest, which the pack after it names.
    ///
    /// # Errors
    /// When it cannot be signed or written.
    pub fn finish(mut self, made: Circumstances, key: &SigningKey, out: impl Write) -> Result<Digest, PackError> {
        self.members.sort_by(|(left, _), (right, _)| left.path.cmp(&right.path));
        let members = self.members.iter().map(|(member, _)| member.clone()).collect();
        let moment = u64::try_from(made.created_at.timestamp()).unwrap_or_default();
        let manifest = Manifest { keyroll_evidence: VERSION, made, members }.to_bytes();
        let signature = key.sign(&manifest)?;
        let gzip = GzBuilder::new().mtime(0).write(out, Compression::default());
        let mut tar = tar::Builder::new(gzip);
        append(&mut tar, MANIFEST, manifest.len() as u64, moment, manifest.as_slice())?;
        append(&mut tar, SIGNATURE, signature.len() as u64, moment, signature.as_bytes())?;
        for (member, mut content) in self.members {
            content.seek(SeekFrom::Start(0))?;
            append(&mut tar, &member.path, member.bytes, moment, content)?;
        }
        tar.into_inner()?.finish()?.flush()?;
        Ok(Digest::of_bytes(&manifest))
    }
}

/// The names of the first two entries.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURE: &str = "manifest.json.sig";

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
