//! Puts objects into a bucket of a store that speaks S3. Nobody sees anything of an object before it is published whole: its parts
//! are sent as an upload of several parts, which the store puts together at one last request, or forgets.
//!
//! How requests are written and signed, and when they are sent again, is the library's; how they leave is in `service.rs`, what
//! a refusal means in `refusal.rs`. Each request carries the SHA-256 of its body under the signature, so that a store takes nothing
//! that was damaged on the way.

mod refusal;
mod service;

use std::error::Error as _;
use std::fmt;
use std::io::Read;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{BackoffConfig, MultipartId, ObjectStoreExt, RetryConfig};
use reqwest::Url;

pub use refusal::{BucketError, Refusal};

use super::line::Line;
use super::mask::Mask;
use super::{HttpError, OutletSettings, web_url};
use crate::secret::Secret;
use crate::text::{harmless, shorten};
use service::Door;

/// Bytes of a part. A store takes 5 MiB at the least, and some want all parts but the last alike.
const PART: u64 = 8 * 1024 * 1024;

/// Parts of an object, at the most.
const MOST_PARTS: u64 = 10_000;

/// Bytes of the id of an upload, and of a key, at the most.
const LONGEST_ID: usize = 4096;
const LONGEST_KEY: usize = 1024;

/// How often a request is sent again, and for how long.
const TRIES_AGAIN: usize = 5;
const PATIENCE: Duration = Duration::from_secs(180);

/// Which bucket, where it is, and who is asking.
#[derive(Clone)]
pub struct BucketSettings {
    /// Scheme, host and path prefix of the store, without the bucket.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// True if the bucket stands in the path and not in the host's name.
    pub path_style: bool,
    /// The access key id.
    pub key_id: Secret,
    /// The secret access key.
    pub secret_key: Secret,
    /// What goes with a key that lasts for some hours.
    pub session_token: Option<Secret>,
    /// How to get there.
    pub line: OutletSettings,
}

/// A bucket.
pub struct Bucket {
    store: AmazonS3,
}

/// An object that was sent, and that nobody sees yet.
#[derive(Debug)]
pub struct Draft {
    path: Path,
    id: MultipartId,
    parts: Vec<PartId>,
    bytes: u64,
}

impl Bucket {
    /// A bucket by these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// When the endpoint, bucket, proxy or certificate file cannot be used.
    pub fn new(settings: &BucketSettings) -> Result<Self, HttpError> {
        let base = base_of(settings)?;
        let secrets = [Some(&settings.key_id), Some(&settings.secret_key), settings.session_token.as_ref()];
        let line = Line::new(&base, &settings.line, Mask::default().and(secrets.into_iter().flatten()))?;
        let mut builder = AmazonS3Builder::new()
            .with_endpoint(base.as_str().trim_end_matches('/'))
            // The address has the bucket in it already, in whichever place.
            .with_virtual_hosted_style_request(true)
            .with_allow_http(true)
            .with_region(&settings.region)
            .with_bucket_name(&settings.bucket)
            .with_access_key_id(settings.key_id.expose())
            .with_secret_access_key(settings.secret_key.expose())
            .with_checksum_algorithm(Checksum::SHA256)
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(200),
                    max_backoff: Duration::from_secs(10),
                    base: 2.0,
                },
                max_retries: TRIES_AGAIN,
                retry_timeout: PATIENCE,
            })
            .with_http_connector(Door::new(line, base));
        if let Some(token) = &settings.session_token {
            builder = builder.with_token(token.expose());
        }
        let store = builder.build().map_err(|error| HttpError::Settings { message: harmless(&error.to_string()) })?;
        Ok(Self { store })
    }

    /// Sends an object of so many bytes, and leaves it unseen. What was sent of one that cannot be sent whole is taken back.
    ///
    /// # Errors
    /// When the store refuses it or cannot be reached, or `content` cannot be read.
    pub async fn draft(&self, key: &str, content: impl Read, bytes: u64) -> Result<Draft, BucketError> {
        let path = path(key)?;
        let id = self.store.create_multipart(&path).await.map_err(told)?;
        if id.len() > LONGEST_ID {
            return Err(BucketError::Unreadable("the id of the upload is too long to be one".to_owned()));
        }
        let mut draft = Draft { path, id, parts: Vec::new(), bytes };
        match self.send_parts(&mut draft, content).await {
            Ok(()) => Ok(draft),
            Err(error) => {
                self.discard(draft).await.ok();
                Err(error)
            }
        }
    }

    async fn send_parts(&self, draft: &mut Draft, mut content: impl Read) -> Result<(), BucketError> {
        let size = PART.max(draft.bytes.div_ceil(MOST_PARTS));
        let mut sent = 0;
        while sent < draft.bytes || draft.parts.is_empty() {
            let mut part = Vec::new();
            let wanted = size.min(draft.bytes - sent);
            let read = content.by_ref().take(wanted).read_to_end(&mut part);
            let read =
                read.map_err(|error| BucketError::NotSent(format!("what is to be sent cannot be read: {error}")))?;
            if read as u64 != wanted {
                return Err(BucketError::NotSent("what is to be sent has become shorter".to_owned()));
            }
            let number = draft.parts.len();
            draft.parts.push(self.store.put_part(&draft.path, &draft.id, number, part.into()).await.map_err(told)?);
            sent += wanted;
        }
        Ok(())
    }

    /// Lets everybody see an object that was sent. From one moment to the next it stands in place of one of the same name.
    ///
    /// # Errors
    /// When the store refuses, or has put together something of another length.
    pub async fn publish(&self, draft: &Draft) -> Result<(), BucketError> {
        let Draft { path, id, parts, bytes } = draft;
        self.store.complete_multipart(path, id, parts.clone()).await.map_err(told)?;
        let there = self.store.head(path).await.map_err(told)?.size;
        if there == *bytes {
            return Ok(());
        }
        Err(BucketError::Refused {
            why: Refusal::Damaged,
            said: format!("it has {there} bytes where {bytes} were sent"),
        })
    }

    /// Lets the store forget an object that was sent.
    ///
    /// # Errors
    /// When the store refuses or cannot be reached.
    pub async fn discard(&self, draft: Draft) -> Result<(), BucketError> {
        self.store.abort_multipart(&draft.path, &draft.id).await.map_err(told)
    }

    /// Puts a small object there, at once.
    ///
    /// # Errors
    /// When the store refuses it or cannot be reached.
    pub async fn put(&self, key: &str, content: Vec<u8>) -> Result<(), BucketError> {
        self.store.put(&path(key)?, content.into()).await.map_err(told)?;
        Ok(())
    }

    /// A small object; `None` if there is none of that name.
    ///
    /// # Errors
    /// When the store refuses or cannot be reached. Many do not tell that there is none to whoever may not list the bucket.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, BucketError> {
        let read = async { self.store.get(&path(key)?).await.map_err(told)?.bytes().await.map_err(told) };
        match read.await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(BucketError::Refused { why: Refusal::Missing, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// When the store refuses or cannot be reached.
    pub async fn remove(&self, key: &str) -> Result<(), BucketError> {
        match self.store.delete(&path(key)?).await.map_err(told) {
            Ok(()) | Err(BucketError::Refused { why: Refusal::Missing, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Bucket {
    /// The library would show the access key id.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Bucket")
    }
}

/// The address of the bucket.
fn base_of(settings: &BucketSettings) -> Result<Url, HttpError> {
    let wrong = |message: &str| HttpError::Settings { message: message.to_owned() };
    let name = &settings.bucket;
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    if name.is_empty() || !name.bytes().all(is_plain) || name.starts_with('.') {
        return Err(wrong("the bucket's name may have letters, digits, hyphens and dots"));
    }
    let is_region = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
    if settings.region.is_empty() || !settings.region.bytes().all(is_region) {
        return Err(wrong("the region is written with letters, digits and hyphens, like `eu-central-1`"));
    }
    let mut base = web_url("endpoint", &settings.endpoint)?;
    if base.query().is_some() || base.fragment().is_some() {
        return Err(wrong("the endpoint ends with a query or a fragment"));
    }
    if settings.path_style {
        base.set_path(&format!("{}/{name}", base.path().trim_end_matches('/')));
    } else {
        let host = format!("{name}.{}", base.host_str().unwrap_or_default());
        base.set_host(Some(&host)).map_err(|_no_name| {
            wrong("the bucket's name cannot stand before the host's; ask for it in the path: `path_style: true`")
        })?;
    }
    Ok(base)
}

/// A key as it is, without a percent sign being taken for anything.
fn path(key: &str) -> Result<Path, BucketError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(BucketError::NotSent(format!("a key has 1 to {LONGEST_KEY} bytes, and this one {}", key.len())));
    }
    Path::parse(key).map_err(|error| BucketError::NotSent(harmless(&error.to_string())))
}

/// What went wrong: our own word for it, which is the innermost cause.
fn told(error: object_store::Error) -> BucketError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(own) = inner.downcast_ref::<BucketError>() {
            return own.clone();
        }
        cause = inner.source();
    }
    BucketError::Unreadable(shorten(&harmless(&error.to_string()), 200))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;

    fn settings(endpoint: &str, bucket: &str, path_style: bool) -> BucketSettings {
        let secret = || Secret::new("word".to_owned());
        let clock = Arc::new(SystemClock);
        BucketSettings {
            endpoint: endpoint.to_owned(),
            region: "eu-central-1".to_owned(),
            bucket: bucket.to_owned(),
            path_style,
            key_id: secret(),
            secret_key: secret(),
            session_token: None,
            line: OutletSettings { ca_file: None, proxy: None, timeout: PATIENCE, allow_http: false, clock },
        }
    }

    #[test]
    fn the_bucket_stands_in_the_path_or_before_the_host() {
        let base = |endpoint: &str, path_style| base_of(&settings(endpoint, "lake", path_style)).map(String::from).ok();
        let amazon = "https://s3.eu-central-1.amazonaws.com";
        assert_eq!(base(amazon, false).unwrap(), "https://lake.s3.eu-central-1.amazonaws.com/");
        assert_eq!(base(amazon, true).unwrap(), "https://s3.eu-central-1.amazonaws.com/lake");
        assert_eq!(base("http://[::1]:9000/s3/", true).unwrap(), "http://[::1]:9000/s3/lake");
        for wrong in ["http://127.0.0.1:9000", "http://[::1]:9000"] {
            assert_eq!(base(wrong, false), None, "{wrong} has no name before which another could stand");
        }
        for name in ["", "a/b", "..", "a b", "a?b", "ä", "user:pw@host"] {
            assert!(base_of(&settings(amazon, name, true)).is_err(), "{name}");
        }
        for region in ["", "eu-central-1\n", "eu central", "eu/1"] {
            let odd = BucketSettings { region: region.to_owned(), ..settings(amazon, "lake", true) };
            assert!(base_of(&odd).is_err(), "{region:?}");
        }
        assert!(path("").is_err() && path(&"a".repeat(1025)).is_err() && path("a/b").is_ok());
    }

    #[test]
    fn beyond_this_machine_objects_travel_encrypted() {
        let of = |endpoint: &str| Bucket::new(&settings(endpoint, "lake", true));
        assert!(of("https://s3.example.com").is_ok() && of("http://127.0.0.1:9000").is_ok());
        assert!(of("http://s3.example.com").unwrap_err().to_string().contains("write https://"));
        let mut open = settings("http://s3.example.com", "lake", true);
        open.line.allow_http = true;
        assert!(Bucket::new(&open).is_ok());
    }
}
