//! The shapes of RFC 3161: what is asked, what is answered, what is stamped.
//!
//! They are declared here for the DER of the `der` crate. `x509-tsp` has them too, but in its release neither the reasons for which an
//! authority refuses nor moments with fractions of a second can be read, and it brings two crates for the sake of the former.

use chrono::{DateTime, NaiveDateTime, Utc};
use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString};
use der::{Decode, Sequence, Tag, Tagged};
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::StampError;
use crate::digest::Digest;
use crate::text::{harmless, shorten};

/// id-sha256 (RFC 5754, section 2.2).
pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// id-signedData (RFC 5652, section 5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// What is to be stamped: a digest and of which sort it is (section 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct MessageImprint {
    pub(super) hash_algorithm: AlgorithmIdentifierOwned,
    pub(super) hashed_message: OctetString,
}

/// A request (section 2.4.1).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct TimeStampReq {
    pub(super) version: u8,
    pub(super) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(super) req_policy: Option<ObjectIdentifier>,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(super) cert_req: bool,
}

/// An answer (section 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct TimeStampResp {
    status: PkiStatusInfo,
    #[asn1(optional = "true")]
    time_stamp_token: Option<ContentInfo>,
}

/// Whether there is a stamp, and why not (section 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct PkiStatusInfo {
    status: u8,
    #[asn1(optional = "true")]
    status_string: Option<Vec<String>>,
    #[asn1(optional = "true")]
    fail_info: Option<BitString>,
}

/// How exact the moment is (section 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<u64>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<u16>,
}

/// What the authority signs (section 2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct TstInfo {
    version: u8,
    pub(super) policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// The stamp in an answer, if the authority gave one.
pub(super) fn token(answer: &[u8]) -> Result<SignedData, StampError> {
    let answer = TimeStampResp::from_der(answer).map_err(|error| unreadable("the answer", &error))?;
    // 0 is granted, 1 is granted with modifications; what was modified shows in what is stamped.
    if answer.status.status > 1 {
        return Err(StampError::NotGranted { why: answer.status.reason() });
    }
    let missing = StampError::Unreadable { what: "the answer", why: Some("there is no stamp in it".to_owned()) };
    let token = answer.time_stamp_token.ok_or(missing)?;
    if token.content_type != SIGNED_DATA {
        return Err(StampError::Unreadable { what: "the stamp", why: Some("it is not signed".to_owned()) });
    }
    token.content.decode_as().map_err(|error| unreadable("the stamp", &error))
}

pub(super) fn unreadable(what: &'static str, error: &der::Error) -> StampError {
    StampError::Unreadable { what, why: Some(error.to_string()) }
}

impl PkiStatusInfo {
    /// What the authority says, and what its codes mean.
    fn reason(&self) -> String {
        let words = self.status_string.iter().flatten().map(|text| shorten(harmless(text).trim(), 200));
        let bit = |at: usize| {
            let byte = self.fail_info.as_ref().and_then(|bits| bits.raw_bytes().get(at / 8).copied());
            byte.is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
        };
        let codes = FAILURES.iter().filter(|(at, _)| bit(*at)).map(|(_, text)| (*text).to_owned());
        let reasons: Vec<String> = words.chain(codes).filter(|reason| !reason.is_empty()).collect();
        if reasons.is_empty() { format!("status {}, without a reason", self.status) } else { reasons.join("; ") }
    }
}

/// Why an authority refuses (section 2.4.2): the bit, and what it means.
const FAILURES: [(usize, &str); 8] = [
    (0, "it does not take this sort of digest"),
    (2, "it does not serve this request"),
    (5, "it could not read the request"),
    (14, "its clock is not available"),
    (15, "it does not stamp under this policy"),
    (16, "it does not take the extensions of the request"),
    (17, "it cannot tell what was asked for besides"),
    (25, "it has a failure of its own"),
];

impl TstInfo {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StampError> {
        let info = Self::from_der(bytes).map_err(|error| unreadable("what is stamped", &error))?;
        let odd = |why: &str| StampError::Unreadable { what: "what is stamped", why: Some(why.to_owned()) };
        if info.version != 1 {
            return Err(odd("it is of another version"));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(odd("it has an extension that must not be passed over and is not known"));
        }
        Ok(info)
    }

    /// An error unless it is of this digest.
    pub(super) fn is_of(&self, stamped: &Digest) -> Result<(), StampError> {
        let imprint = &self.message_imprint;
        if imprint.hash_algorithm.oid == SHA256 && imprint.hashed_message.as_bytes() == stamped.as_bytes() {
            return Ok(());
        }
        Err(StampError::OfSomethingElse)
    }

    pub(super) fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_ref().map(Int::as_bytes)
    }

    /// The number of the stamp.
    pub(super) fn serial(&self) -> String {
        self.serial_number.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The moment: seconds, and perhaps a fraction, in UTC (section 2.4.2).
    pub(super) fn moment(&self) -> Result<DateTime<Utc>, StampError> {
        let text = Some(self.gen_time.value()).filter(|_| self.gen_time.tag() == Tag::GeneralizedTime);
        let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(|text| text.strip_suffix('Z'));
        let text = text.filter(|text| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |part: &str, most| part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= most;
            whole.len() == 14 && digits(whole, 14) && !fraction.is_empty() && digits(fraction, 9)
        });
        let moment = text.and_then(|text| NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S%.f").ok());
        moment
            .map(|moment| moment.and_utc())
            .ok_or(StampError::Unreadable { what: "the moment of the stamp", why: None })
    }
}

#[cfg(test)]
mod tests {
    use der::asn1::Null;

    use super::*;

    fn info(tag: Tag, moment: &str) -> TstInfo {
        TstInfo {
            version: 1,
            policy: ObjectIdentifier::new_unwrap("1.2.3.4"),
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Null.into()) },
                hashed_message: OctetString::new([7; 32]).unwrap(),
            },
            serial_number: Int::new(&[1, 0xff]).unwrap(),
            gen_time: Any::new(tag, moment.as_bytes()).unwrap(),
            accuracy: None,
            ordering: false,
            nonce: None,
            tsa: None,
            extensions: None,
        }
    }

    #[test]
    fn a_moment_is_read_to_the_fraction_and_nothing_that_resembles_one() {
        let read = |text: &str| info(Tag::GeneralizedTime, text).moment().map(|moment| moment.to_rfc3339());
        assert_eq!(read("20261122080000Z").unwrap(), "2026-11-22T08:00:00+00:00");
        assert_eq!(read("20261122080000.25Z").unwrap(), "2026-11-22T08:00:00.250+00:00");
        let wrong = [
            "20261122080000",
            "202611220800Z",
            "20261122080000.Z",
            "20261122080000+0100",
            "+2026112208000Z",
            "20261122080000,5Z",
            "20261322080000Z",
            "20261122080000.1234567891Z",
            "2026112208000.0Z",
            "",
            "Z",
            "20261122 80000Z",
        ];
        for text in wrong {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(info(Tag::UtcTime, "20261122080000Z").moment().is_err());
        assert_eq!(info(Tag::GeneralizedTime, "20261122080000Z").serial(), "01ff");
    }

    #[test]
    fn a_refusal_says_why() {
        use der::Encode;
        let refused = |status: u8, words: &[&str], bits: Option<&[u8]>| {
            let status = PkiStatusInfo {
                status,
                status_string: (!words.is_empty()).then(|| words.iter().map(|word| (*word).to_owned()).collect()),
                fail_info: bits.map(|bits| BitString::from_bytes(bits).unwrap()),
            };
            let answer = TimeStampResp { status, time_stamp_token: None }.to_der().unwrap();
            token(&answer).unwrap_err().to_string()
        };
        assert!(refused(2, &[], Some(&[0x80])).contains("sort of digest"));
        assert!(
            refused(2, &["closed\u{1b}[31m"], Some(&[0, 2, 0, 0x40]))
                .contains("its clock is not available; it has a failure")
        );
        assert!(!refused(2, &["closed\u{1b}[31m"], None).contains('\u{1b}'));
        assert!(refused(3, &[], None).contains("status 3, without a reason"));
        assert!(refused(0, &[], None).contains("there is no stamp in it"));
    }
}
