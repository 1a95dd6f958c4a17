//! What a store means when it refuses, by the codes of S3.

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};

use super::super::OutletError;
use crate::text::{harmless, shorten};

/// Why an object is not there, or not gone. Never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Our own door is shut, or what is to be sent is not there.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Refused connection, time-out, a line that broke, again and again.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The certificate is not one to trust.
    #[error("not sent, because the certificate of the other side cannot be trusted: {0}")]
    Untrusted(String),
    /// An answer that is none of S3.
    #[error("cannot read the answer: {0}")]
    Unreadable(String),
    /// The store says no.
    #[error("{why} ({said})")]
    Refused {
        /// What it means.
        why: Refusal,
        /// The store's own code and words.
        said: String,
    },
}

impl From<OutletError> for BucketError {
    fn from(error: OutletError) -> Self {
        match error {
            OutletError::NotSent(why) | OutletError::Redirected(why) => Self::NotSent(why),
            OutletError::Unreachable(why) => Self::Unreachable(why),
            OutletError::Untrusted(why) => Self::Untrusted(why),
        }
    }
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bucket is not there.
    #[error("there is no such bucket")]
    NoBucket,
    /// The object is not there.
    #[error("there is no such object")]
    Missing,
    /// The key may not do this.
    #[error("the access key may not do this")]
    Denied,
    /// The store does not know the key.
    #[error("the access key id is not known there")]
    UnknownKey,
    /// The secret is not that of the key.
    #[error("the secret access key does not belong to the access key id")]
    WrongSecret,
    /// The key was one for some hours, and they are over.
    #[error("the session token is not valid any more")]
    Ended,
    /// Requests are signed with the time.
    #[error("the clocks of this machine and of the store are too far apart")]
    Clock,
    /// The bucket is in another region than requests are signed for.
    #[error("the bucket is in another region")]
    Region,
    /// What arrived is not what was sent.
    #[error("what arrived is not what was sent")]
    Damaged,
    /// It may work later.
    #[error("the store is too busy, or broken")]
    Busy,
    /// There is no room.
    #[error("the store takes no more")]
    Full,
    /// Anything else.
    #[error("the store refuses")]
    Other,
}

impl Refusal {
    /// By the store's code where it tells one, else by the status: an answer to HEAD has no body. Any other without a code may
    /// be that of somebody in between, and says nothing about an object.
    fn of(method: &Method, status: StatusCode, code: &str) -> Self {
        match code {
            "NoSuchBucket" => Self::NoBucket,
            "NoSuchKey" => Self::Missing,
            "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "MethodNotAllowed" => Self::Denied,
            "InvalidAccessKeyId" => Self::UnknownKey,
            "SignatureDoesNotMatch" => Self::WrongSecret,
            "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => Self::Ended,
            "RequestTimeTooSkewed" | "RequestExpired" => Self::Clock,
            "AuthorizationHeaderMalformed"
            | "AuthorizationQueryParametersError"
            | "InvalidRegion"
            | "PermanentRedirect"
            | "TemporaryRedirect"
            | "IllegalLocationConstraintException" => Self::Region,
            "BadDigest"
            | "InvalidDigest"
            | "XAmzContentSHA256Mismatch"
            | "XAmzContentChecksumMismatch"
            | "IncompleteBody"
            | "InvalidPart" => Self::Damaged,
            "SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout" => Self::Busy,
            "QuotaExceeded" | "XMinioStorageFull" => Self::Full,
            _ => match status.as_u16() {
                301 | 307 | 308 => Self::Region,
                401 | 403 => Self::Denied,
                404 if code.is_empty() && *method == Method::HEAD => Self::Missing,
                507 => Self::Full,
                429 => Self::Busy,
                status if status >= 500 && status != 501 => Self::Busy,
                _ => Self::Other,
            },
        }
    }
}

/// What an answer means that is no success. `mask` hides our own secrets, should the store echo them.
pub(super) fn refused(
    method: &Method,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    mask: impl Fn(&str) -> String,
) -> BucketError {
    let text = String::from_utf8_lossy(body);
    let code = element(&text, "Code").unwrap_or_default();
    let why = Refusal::of(method, status, code);
    let mut said = match code {
        "" => format!("status {}", status.as_u16()),
        code => format!("{code}, status {}", status.as_u16()),
    };
    if let Some(message) = element(&text, "Message").filter(|message| !message.is_empty()) {
        said = format!("{said}: {message}");
    }
    let region = headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
    if let Some(region) = region.or_else(|| element(&text, "Region")).filter(|_| why == Refusal::Region) {
        said = format!("{said}; it is in `{region}`");
    }
    // Masked before it is cut: half a secret is no longer recognised as one.
    BucketError::Refused { why, said: shorten(&harmless(&mask(&said)), 300) }
}

/// True if an answer tells why something failed, whatever its status says.
pub(super) fn has_code(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.contains("<Error") && element(&text, "Code").is_some()
}

/// The text of an element that has none inside.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = behind.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(method: &Method, status: u16, body: &str) -> (Refusal, String) {
        let status = StatusCode::from_u16(status).unwrap();
        match refused(method, status, &HeaderMap::new(), body.as_bytes(), |text| text.replace("s3cret", "***")) {
            BucketError::Refused { why, said } => (why, said),
            other => panic!("{other}"),
        }
    }

    fn xml(code: &str, more: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Words with s3cret.</Message>{more}</Error>"
        )
    }

    #[test]
    fn a_refusal_is_known_by_its_code_and_else_by_its_status() {
        for (status, code, why) in [
            (404, "NoSuchBucket", Refusal::NoBucket),
            (404, "NoSuchKey", Refusal::Missing),
            (404, "NoSuchUpload", Refusal::Other),
            (403, "AccessDenied", Refusal::Denied),
            (403, "InvalidAccessKeyId", Refusal::UnknownKey),
            (403, "SignatureDoesNotMatch", Refusal::WrongSecret),
            (400, "ExpiredToken", Refusal::Ended),
            (403, "RequestTimeTooSkewed", Refusal::Clock),
            (400, "XAmzContentSHA256Mismatch", Refusal::Damaged),
            (503, "SlowDown", Refusal::Busy),
            (403, "QuotaExceeded", Refusal::Full),
            (403, "SomethingElse", Refusal::Denied),
            (400, "SomethingElse", Refusal::Other),
            (501, "NotImplemented", Refusal::Other),
        ] {
            let (known, said) = told(&Method::GET, status, &xml(code, ""));
            assert_eq!(known, why, "{code}");
            assert_eq!(said, format!("{code}, status {status}: Words with ***."));
        }
        for (status, why) in
            [(403, Refusal::Denied), (404, Refusal::Missing), (301, Refusal::Region), (502, Refusal::Busy)]
        {
            assert_eq!(told(&Method::HEAD, status, ""), (why, format!("status {status}")));
        }
        assert_eq!(told(&Method::GET, 404, "<html>no such page</html>").0, Refusal::Other, "a proxy may say so");
        assert!(has_code(xml("InternalError", "").as_bytes()) && !has_code(b"<InitiateMultipartUploadResult/>"));
    }

    #[test]
    fn another_region_is_named_where_the_store_names_it() {
        let (why, said) = told(&Method::PUT, 400, &xml("AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>"));
        assert!(why == Refusal::Region && said.ends_with("it is in `eu-west-3`"), "{said}");
        let headers = HeaderMap::from_iter([("x-amz-bucket-region".parse().unwrap(), "eu-west-3".parse().unwrap())]);
        let told = refused(&Method::GET, StatusCode::MOVED_PERMANENTLY, &headers, b"", str::to_owned).to_string();
        assert_eq!(told, "the bucket is in another region (status 301; it is in `eu-west-3`)");
    }
}
