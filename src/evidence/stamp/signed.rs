//! The signature of a stamp (RFC 5652): who signed, and that it is what is stamped that was signed.

use chrono::{DateTime, Utc};
use cms::cert::CertificateChoices;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use ring::digest;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, ring as verification};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::StampError;
use super::shape::{SHA256, TstInfo, unreadable};
use crate::text::{harmless, shorten};

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
/// id-ct-TSTInfo (RFC 3161, section 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
/// id-contentType and id-messageDigest (RFC 5652, sections 11.1 and 11.2).
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-aa-signingCertificate and its second version (RFC 5035, sections 3 and 5).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
/// id-kp-timeStamping (RFC 3161, section 2.3).
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// By which certificates the signer says that it signs (RFC 5035, section 3). The first one is its own.
#[derive(Debug, Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

#[derive(Debug, Sequence)]
struct EssCertIdV2 {
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

/// The same in its first version, always with SHA-1 (RFC 5035, section 5).
#[derive(Debug, Sequence)]
struct SigningCertificate {
    certs: Vec<EssCertId>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

#[derive(Debug, Sequence)]
struct EssCertId {
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<Any>,
}

/// A stamp whose signature is right, by a certificate of which nothing is known yet.
pub(super) struct Signed {
    pub(super) info: TstInfo,
    signer: Certificate,
    /// The same in DER.
    pub(super) certificate: CertificateDer<'static>,
    /// What else was sent along, to trace it by.
    pub(super) further: Vec<CertificateDer<'static>>,
}

/// Verifies the signature of a stamp.
pub(super) fn read(token: &SignedData) -> Result<Signed, StampError> {
    let odd = |why: &str| StampError::Unreadable { what: "the stamp", why: Some(why.to_owned()) };
    if token.encap_content_info.econtent_type != TST_INFO {
        return Err(odd("it is no stamp that is signed there"));
    }
    let content = token.encap_content_info.econtent.as_ref().ok_or_else(|| odd("what is stamped is not in it"))?;
    let content: OctetString = content.decode_as().map_err(|error| unreadable("the stamp", &error))?;
    let [signer] = token.signer_infos.0.as_slice() else {
        return Err(odd("it does not have just one signature"));
    };
    let certificates = token.certificates.iter().flat_map(|set| set.0.iter());
    let certificates: Vec<&Certificate> = certificates
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    let named = certificates.iter().find(|certificate| is_named(&signer.sid, certificate));
    let named = named.ok_or_else(|| odd("the certificate of whoever signed is not in it"))?;
    let in_der = |certificate: &Certificate| {
        certificate.to_der().map(CertificateDer::from).map_err(|error| unreadable("a certificate", &error))
    };
    let certificate = in_der(named)?;
    verify(signer, content.as_bytes(), &certificate)?;
    Ok(Signed {
        info: TstInfo::read(content.as_bytes())?,
        signer: (*named).clone(),
        further: certificates.into_iter().map(in_der).collect::<Result<_, _>>()?,
        certificate,
    })
}

fn is_named(name: &SignerIdentifier, certificate: &Certificate) -> bool {
    let certificate = &certificate.tbs_certificate;
    match name {
        SignerIdentifier::IssuerAndSerialNumber(name) => {
            name.issuer == certificate.issuer && name.serial_number == certificate.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(name) => {
            certificate.get::<SubjectKeyIdentifier>().is_ok_and(|id| id.is_some_and(|(_, id)| id == *name))
        }
    }
}

/// Verifies what is signed (RFC 5652, section 5.4) and by which certificate the signer says it was (RFC 3161, section 2.4.2).
fn verify(signer: &SignerInfo, content: &[u8], certificate: &CertificateDer<'_>) -> Result<(), StampError> {
    let altered = |why: &'static str| StampError::Altered { why };
    let attributes = signer.signed_attrs.as_ref().ok_or_else(|| altered("it does not say what was signed"))?;
    let one = |oid: ObjectIdentifier| only(attributes.iter(), oid);
    let sort = one(CONTENT_TYPE)?.and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    if sort != Some(TST_INFO) {
        return Err(altered("something else than a stamp was signed"));
    }
    let expected = one(MESSAGE_DIGEST)?.and_then(|value| value.decode_as::<OctetString>().ok());
    let digest = hashed(signer.digest_alg.oid, content).ok_or_else(|| unsupported(signer.digest_alg.oid))?;
    if expected.is_none_or(|expected| expected.as_bytes() != digest.as_ref()) {
        return Err(altered("what is stamped is not what was signed"));
    }
    if !names_certificate(one(SIGNING_CERTIFICATE_V2)?, one(SIGNING_CERTIFICATE)?, certificate)? {
        return Err(altered("it was signed by another certificate than the one beside it"));
    }
    let bytes = attributes.to_der().map_err(|error| unreadable("the stamp", &error))?;
    let holder = EndEntityCert::try_from(certificate).map_err(|error| StampError::Unreadable {
        what: "the certificate of the stamp",
        why: Some(error.to_string()),
    })?;
    let mut tried = Err(webpki::Error::UnknownIssuer);
    for algorithm in algorithms(signer)? {
        tried = holder.verify_signature(algorithm, &bytes, signer.signature.as_bytes());
        // A curve that is not that of the key says nothing of the signature.
        if !matches!(tried, Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_))) {
            break;
        }
    }
    match tried {
        Ok(()) => Ok(()),
        Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => Err(StampError::Unsupported {
            what: format!("{} with another sort of key", signer.signature_algorithm.oid),
        }),
        Err(_) => Err(altered("the signature is wrong")),
    }
}

/// The value of an attribute that is there once, with one value.
fn only<'a>(
    attributes: impl Iterator<Item = &'a Attribute>,
    oid: ObjectIdentifier,
) -> Result<Option<&'a Any>, StampError> {
    let mut found = attributes.filter(|attribute| attribute.oid == oid);
    let twice = StampError::Altered { why: "something is said twice in it" };
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => match one.values.as_slice() {
            [value] => Ok(Some(value)),
            _ => Err(twice),
        },
        (Some(_), Some(_)) => Err(twice),
    }
}

/// Whether it says that it was signed by this certificate. One of the two versions has to, and both if both are there.
fn names_certificate(second: Option<&Any>, first: Option<&Any>, certificate: &[u8]) -> Result<bool, StampError> {
    let mut names = Vec::new();
    if let Some(second) = second {
        let read: SigningCertificateV2 =
            second.decode_as().map_err(|error| unreadable("the name of its certificate", &error))?;
        let id = read.certs.into_iter().next();
        names.push(id.is_some_and(|id| {
            let sort = id.hash_algorithm.map_or(SHA256, |sort| sort.oid);
            hashed(sort, certificate).is_some_and(|digest| digest.as_ref() == id.cert_hash.as_bytes())
        }));
    }
    if let Some(first) = first {
        let read: SigningCertificate =
            first.decode_as().map_err(|error| unreadable("the name of its certificate", &error))?;
        let id = read.certs.into_iter().next();
        // Whoever wanted another certificate in its place would have to find one with the same SHA-1, and the signature has to be by it.
        names.push(id.is_some_and(|id| {
            hashed(SHA1, certificate).is_some_and(|digest| digest.as_ref() == id.cert_hash.as_bytes())
        }));
    }
    Ok(!names.is_empty() && names.into_iter().all(|fits| fits))
}

fn hashed(sort: ObjectIdentifier, bytes: &[u8]) -> Option<digest::Digest> {
    let sort = match sort {
        SHA1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        SHA256 => &digest::SHA256,
        SHA384 => &digest::SHA384,
        SHA512 => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(sort, bytes))
}

fn unsupported(what: ObjectIdentifier) -> StampError {
    StampError::Unsupported { what: what.to_string() }
}

/// The ways to verify a signature of this sort: for an elliptic curve one for each curve.
fn algorithms(signer: &SignerInfo) -> Result<Vec<&'static dyn SignatureVerificationAlgorithm>, StampError> {
    let digest = signer.digest_alg.oid;
    Ok(match (signer.signature_algorithm.oid, digest) {
        (RSA, SHA256) | (RSA_SHA256, SHA256) => vec![verification::RSA_PKCS1_2048_8192_SHA256],
        (RSA, SHA384) | (RSA_SHA384, SHA384) => vec![verification::RSA_PKCS1_2048_8192_SHA384],
        (RSA, SHA512) | (RSA_SHA512, SHA512) => vec![verification::RSA_PKCS1_2048_8192_SHA512],
        (ECDSA_SHA256, SHA256) => vec![verification::ECDSA_P256_SHA256, verification::ECDSA_P384_SHA256],
        (ECDSA_SHA384, SHA384) => vec![verification::ECDSA_P384_SHA384, verification::ECDSA_P256_SHA384],
        (sort, _) => {
            return Err(StampError::Unsupported { what: format!("{sort} with {digest}") });
        }
    })
}

impl Signed {
    /// The name in the certificate, if that is one to stamp with and nothing else (RFC 3161, section 2.3), and was valid at the moment.
    pub(super) fn signer_made_for_stamping(&self, at: DateTime<Utc>) -> Result<String, StampError> {
        let holder = &self.signer.tbs_certificate;
        let name = shorten(&harmless(&holder.subject.to_string()), 200);
        let no_authority = |why: &'static str| StampError::NoAuthority { certificate: name.clone(), why };
        let uses =
            holder.get::<ExtendedKeyUsage>().map_err(|error| unreadable("the certificate of the stamp", &error))?;
        match uses {
            None => return Err(no_authority("it does not say what it is for")),
            Some((_, uses)) if uses.0 != [TIME_STAMPING] => {
                return Err(no_authority("it is for something else, or for more than that"));
            }
            Some((false, _)) => return Err(no_authority("what it is for is not marked as critical")),
            Some((true, _)) => {}
        }
        let uses = holder.get::<KeyUsage>().map_err(|error| unreadable("the certificate of the stamp", &error))?;
        let signs = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
        if uses.is_some_and(|(_, uses)| uses.0.is_empty() || !(uses.0 - signs).is_empty()) {
            return Err(no_authority("its key is for something else than signatures"));
        }
        if !was_valid(&self.signer, at) {
            return Err(StampError::NotValidThen { certificate: name, at });
        }
        Ok(name)
    }
}

/// Whether a certificate was valid at a moment.
pub(super) fn was_valid(certificate: &Certificate, at: DateTime<Utc>) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let second = |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    (second(&validity.not_before)..=second(&validity.not_after)).contains(&at.timestamp())
}

/// A certificate from its DER.
pub(super) fn certificate(bytes: &[u8]) -> der::Result<Certificate> {
    Certificate::from_der(bytes)
}
