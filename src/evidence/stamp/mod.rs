//! Time stamps (RFC 3161): an authority's word that the signature of a pack was there at a moment.
//!
//! What is stamped is the signature's file, so a stamp covers the manifest as well, and lies in the pack behind it, where
//! `openssl ts -verify` takes it. Reading a stamp is one thing, and done with or without knowing an authority: it is of these bytes, and
//! its signature is by a certificate that is made for stamping and nothing else. Whether that certificate is one to trust is another.

mod authority;
mod request;
mod shape;
mod signed;

use chrono::{DateTime, Utc};

pub use authority::Authorities;
pub use request::StampRequest;

use crate::digest::Digest;

/// An answer of an authority is not longer than this. The usual ones have 2 to 10 kilobytes.
pub const LONGEST_STAMP: u64 = 64 << 10;

/// A stamp that was read: it is of the signature it lies beside, and it is not altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The moment that it tells.
    pub at: DateTime<Utc>,
    /// The name in the certificate that signed it.
    pub authority: String,
    /// Its number at the authority, as hexadecimal digits.
    pub serial: String,
    /// The policy under which it was given.
    pub policy: String,
    /// True if the certificate was traced to an authority that is trusted; false if none was named.
    pub trusted: bool,
}

/// Why a stamp is none, or not one of these bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// There is no answer.
    #[error("{0}")]
    NoAnswer(String),
    /// The authority gave none.
    #[error("the authority gave none: {why}")]
    NotGranted {
        /// Its reason.
        why: String,
    },
    /// It is longer than any.
    #[error("it is longer than {LONGEST_STAMP} bytes")]
    TooLong,
    /// It is not in the form of one.
    #[error("it cannot be read: {what} is not as RFC 3161 and RFC 5652 have it{}", why.as_ref().map_or(String::new(), |why| format!(" ({why})")))]
    Unreadable {
        /// What is not.
        what: &'static str,
        /// What the decoder says.
        why: Option<String>,
    },
    /// It is of other bytes.
    #[error("it is of something else than this signature")]
    OfSomethingElse,
    /// It answers another request.
    #[error("it answers another request: the number that was sent along does not come back")]
    OtherRequest,
    /// It uses something that is not supported.
    #[error(
        "it is signed in a way that is not supported ({what}): RSA from 2048 bits and ECDSA with P-256 or P-384 are, with SHA-256, SHA-384 or SHA-512"
    )]
    Unsupported {
        /// What it uses.
        what: String,
    },
    /// Its signature is wrong.
    #[error("it was altered, or its signature is not by its certificate: {why}")]
    Altered {
        /// In what.
        why: &'static str,
    },
    /// The certificate is not one for stamping.
    #[error("the certificate `{certificate}` that signed it is not one for time stamps: {why}")]
    NoAuthority {
        /// The name in it.
        certificate: String,
        /// Why not.
        why: &'static str,
    },
    /// The certificate was not valid then.
    #[error("the certificate `{certificate}` that signed it was not valid at {at}, the moment that it tells")]
    NotValidThen {
        /// The name in it.
        certificate: String,
        /// The moment.
        at: DateTime<Utc>,
    },
    /// The certificate cannot be traced to one that is trusted.
    #[error("the certificate `{certificate}` that signed it cannot be traced to one in `{authorities}`: {why}")]
    NotTrusted {
        /// The name in it.
        certificate: String,
        /// The name of the file of trusted ones.
        authorities: String,
        /// Why not.
        why: String,
    },
    /// The file of trusted authorities is none.
    #[error("`{name}` is no file of certificates: {why}")]
    NoCertificates {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers")]
    NoRandomness,
}

/// Reads the answer of an authority (RFC 3161, section 2.4.2) as a stamp of some bytes, and, where authorities are named, verifies that one
/// of them stands behind it, at the moment that it tells.
///
/// # Errors
/// Why it is not such a stamp.
pub fn read_stamp(answer: &[u8], stamped: &[u8], trusted: Option<&Authorities>) -> Result<Stamp, StampError> {
    read(answer, &Digest::of_bytes(stamped), None, trusted)
}

/// Reads an answer to a request with this nonce, where that is known.
fn read(
    answer: &[u8],
    stamped: &Digest,
    nonce: Option<&[u8]>,
    trusted: Option<&Authorities>,
) -> Result<Stamp, StampError> {
    if answer.len() as u64 > LONGEST_STAMP {
        return Err(StampError::TooLong);
    }
    let signed = signed::read(&shape::token(answer)?)?;
    signed.info.is_of(stamped)?;
    if nonce.is_some() && nonce != signed.info.nonce() {
        return Err(StampError::OtherRequest);
    }
    let at = signed.info.moment()?;
    let signer = signed.signer_made_for_stamping(at)?;
    if let Some(trusted) = trusted {
        trusted.stand_behind(&signed, &signer, at)?;
    }
    Ok(Stamp {
        at,
        authority: signer,
        serial: signed.info.serial(),
        policy: signed.info.policy.to_string(),
        trusted: trusted.is_some(),
    })
}
