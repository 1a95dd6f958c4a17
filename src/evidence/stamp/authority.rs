//! Authorities that are trusted: certificates that a stamp's own is traced to, at the moment that the stamp tells.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;

use super::StampError;
use super::signed::{Signed, certificate, was_valid};

/// id-kp-timeStamping (RFC 3161, section 2.3), as DER has it.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Certificates of authorities that are trusted, each by itself.
#[derive(Debug, Clone)]
pub struct Authorities {
    name: String,
    trusted: Vec<(CertificateDer<'static>, Certificate)>,
}

impl Authorities {
    /// Reads a file of certificates in PEM.
    ///
    /// # Errors
    /// When one of them is none, or there is none.
    pub fn read(name: &str, text: &[u8]) -> Result<Self, StampError> {
        let no_certificates = |why: String| StampError::NoCertificates { name: name.to_owned(), why };
        let mut trusted = Vec::new();
        for one in CertificateDer::pem_slice_iter(text) {
            let one = one.map_err(|error| no_certificates(format!("it is not in PEM ({error})")))?;
            let read = certificate(&one).map_err(|error| no_certificates(error.to_string()))?;
            anchor_from_trusted_cert(&one).map_err(|error| no_certificates(error.to_string()))?;
            trusted.push((one, read));
        }
        if trusted.is_empty() {
            return Err(no_certificates("there is no certificate in PEM in it".to_owned()));
        }
        Ok(Self { name: name.to_owned(), trusted })
    }

    /// An error unless the certificate of a stamp can be traced to one of these (RFC 5280, section 6), all of them valid then. Whether one
    /// was revoked is not asked.
    pub(super) fn stand_behind(&self, signed: &Signed, signer: &str, at: DateTime<Utc>) -> Result<(), StampError> {
        let not_trusted = |why: String| StampError::NotTrusted {
            certificate: signer.to_owned(),
            authorities: self.name.clone(),
            why,
        };
        let valid = self.trusted.iter().filter(|(_, read)| was_valid(read, at));
        let anchors = valid.map(|(one, _)| anchor_from_trusted_cert(one)).collect::<Result<Vec<_>, _>>();
        let anchors = anchors.map_err(|error| not_trusted(error.to_string()))?;
        if anchors.is_empty() {
            return Err(not_trusted(format!("none of those was valid at {at}")));
        }
        let moment = Duration::from_secs(u64::try_from(at.timestamp()).unwrap_or_default());
        let holder = EndEntityCert::try_from(&signed.certificate).map_err(|error| not_trusted(error.to_string()))?;
        let traced = holder.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            &signed.further,
            UnixTime::since_unix_epoch(moment),
            // Of those between it is required where they say what they are for; of the stamp's own it was looked at before.
            KeyUsage::required_if_present(TIME_STAMPING),
            None,
            None,
        );
        traced.map(drop).map_err(|error| {
            not_trusted(match error {
                webpki::Error::UnknownIssuer => "it is by another authority".to_owned(),
                other => other.to_string(),
            })
        })
    }
}
