//! The evidence pack: one archive with all that a scan rests on and all that was said of it, listed with digests in a manifest that
//! names the pack before it, and signed so that a public tool verifies it without us.
//!
//! A pack is a gzipped tar: `manifest.json`, its signature (`manifest.json.sig`, the format of `ssh-keygen -Y sign`), a time stamp of that
//! (`manifest.json.sig.tsr`, the answer of an RFC 3161 authority) if the manifest says so, then the members in the order of the manifest.
//! Whoever reads one takes nothing else: an entry that is not listed, not in its place, not as long or not the bytes that were signed, is
//! refused.

mod agent;
mod chain;
mod key;
mod manifest;
mod pack;
mod pseudonyms;
mod stamp;
#[cfg(test)]
mod tests;
mod verify;

pub use agent::AgentError;
pub use chain::{Break, Chained, chain};
pub use key::{KeyError, NAMESPACE, SigningKey, TrustedKeys};
pub use manifest::{Circumstances, ExpectedStamp, Link, Manifest, Member, PackedScan};
pub use pack::{Ask, PackError, Packed, Packer, Stamper};
pub use pseudonyms::{NoTable, Pseudonyms, Redactor, words_of};
pub use stamp::{Authorities, LONGEST_STAMP, Stamp, StampError, StampRequest, read_stamp};
pub use verify::{Refusal, Verified, verify, verify_manifest};
