//! What an authority is asked: the digest of a signature, a number that has to come back, and its certificate.

use der::Encode;
use der::asn1::{Int, Null, OctetString};
use ring::rand::{SecureRandom, SystemRandom};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::shape::{MessageImprint, SHA256, TimeStampReq};
use super::{Authorities, Stamp, StampError};
use crate::digest::Digest;

/// A request for a stamp of some bytes, of which the authority gets to see the digest alone.
#[derive(Debug, Clone)]
pub struct StampRequest {
    stamped: Digest,
    nonce: Int,
}

impl StampRequest {
    /// A request for a stamp of these bytes.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn of(stamped: &[u8]) -> Result<Self, StampError> {
        let mut nonce = [0; 8];
        SystemRandom::new().fill(&mut nonce).map_err(|_none| StampError::NoRandomness)?;
        // A positive number of just this length has one way to be written.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        let nonce = Int::new(&nonce).map_err(|_none| StampError::NoRandomness)?;
        Ok(Self { stamped: Digest::of_bytes(stamped), nonce })
    }

    /// What is sent, as `application/timestamp-query` (RFC 3161, section 2.4.1).
    ///
    /// # Panics
    /// Never: our own request can be written as DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let hashed_message = OctetString::new(self.stamped.as_bytes().as_slice());
        let request = TimeStampReq {
            version: 1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Null.into()) },
                hashed_message: hashed_message.expect("internal: a digest is short"),
            },
            req_policy: None,
            nonce: Some(self.nonce.clone()),
            cert_req: true,
        };
        request.to_der().expect("internal: a request can be written as DER")
    }

    /// Takes an answer for the stamp that was asked for, and no other.
    ///
    /// # Errors
    /// Why it is not.
    pub fn accept(&self, answer: &[u8], trusted: Option<&Authorities>) -> Result<Stamp, StampError> {
        super::read(answer, &self.stamped, Some(self.nonce.as_bytes()), trusted)
    }
}
