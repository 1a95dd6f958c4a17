//! The section `s3`: which store takes exports to `s3://bucket/prefix`, and who is asking. What it leaves out is what S3 tools take
//! from the environment; keys come from one place or the other, never some from each.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::clock::Clock;
use crate::document::Section;
use crate::document::secrets::{address, need_secret, secret};
use crate::http::{Bucket, BucketSettings, HttpError, OutletSettings};
use crate::problem::{Problem, Problems};
use crate::secret::{Secret, SecretError, SecretRef};

/// How long one request may take, unless the configuration says otherwise. It may carry some megabytes.
const TIMEOUT_SECONDS: u32 = 120;

/// The longest time-out that makes sense, in seconds.
const LONGEST_TIMEOUT: u32 = 3600;

/// What the store is if only the environment says so.
const SOMEWHERE: &str = "us-east-1";

/// The section as it is written.
struct Written {
    endpoint: Option<String>,
    region: Option<String>,
    path_style: Option<bool>,
    keys: Option<Keys>,
    ca_file: Option<PathBuf>,
    proxy: Option<Secret>,
    timeout: Duration,
    allow_http: bool,
}

/// Who is asking.
struct Keys {
    id: Secret,
    secret: Secret,
    token: Option<Secret>,
}

impl Config {
    /// A bucket of the store that exports go to.
    ///
    /// # Errors
    /// Everything that is wrong in the section, and what neither it nor the environment tells.
    pub fn bucket(&mut self, name: &str, clock: &Arc<dyn Clock>) -> Result<Bucket, Problems> {
        let written = match self.s3.take() {
            Some(section) => Written::read(section)?,
            None => Written::default(),
        };
        // What is written for Amazon, by its region alone, is asked there, whatever the environment names.
        let endpoint = match (&written.endpoint, &written.region) {
            (None, None) => told(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])?,
            _ => written.endpoint,
        };
        let region = match written.region {
            Some(region) => Some(region),
            None => told(&["AWS_REGION", "AWS_DEFAULT_REGION"])?,
        };
        let (endpoint, region, usual_path_style) = match (endpoint, region) {
            // Stores of others take requests for any region, unless they are told of one.
            (Some(endpoint), region) => (endpoint, region.unwrap_or_else(|| SOMEWHERE.to_owned()), true),
            // A name with a dot fits no certificate of the host's.
            (None, Some(region)) => (format!("https://s3.{region}.amazonaws.com"), region, name.contains('.')),
            (None, None) => {
                let problem = Problem::general("nothing says where the bucket is");
                let help = "write `s3: { region: … }` for Amazon S3, and `endpoint: https://…` for the store of somebody else, or set \
                            AWS_REGION or AWS_ENDPOINT_URL";
                return Err(problem.help(help).into());
            }
        };
        let keys = written.keys.map_or_else(Keys::from_environment, Ok)?;
        let settings = BucketSettings {
            endpoint,
            region,
            bucket: name.to_owned(),
            path_style: written.path_style.unwrap_or(usual_path_style),
            key_id: keys.id,
            secret_key: keys.secret,
            session_token: keys.token,
            line: OutletSettings {
                ca_file: written.ca_file,
                proxy: written.proxy,
                timeout: written.timeout,
                allow_http: written.allow_http,
                clock: Arc::clone(clock),
            },
        };
        Bucket::new(&settings).map_err(|error| unusable(&error).into())
    }
}

impl Default for Written {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            path_style: None,
            keys: None,
            ca_file: None,
            proxy: None,
            timeout: Duration::from_secs(TIMEOUT_SECONDS.into()),
            allow_http: false,
        }
    }
}

impl Written {
    fn read(mut section: Section) -> Result<Self, Problems> {
        let named = ["access_key_id", "access_key_id_command", "secret_access_key", "secret_access_key_command"];
        let has_keys = named.iter().any(|key| section.has(key))
            || section.has("session_token")
            || section.has("session_token_command");
        let keys = if has_keys { Keys::read(&mut section) } else { None };
        let seconds = section.number("timeout_seconds", LONGEST_TIMEOUT).unwrap_or(TIMEOUT_SECONDS);
        let written = Self {
            endpoint: section.get("endpoint"),
            region: section.get("region"),
            path_style: section.get("path_style"),
            keys,
            ca_file: section.get::<String>("ca_file").map(PathBuf::from),
            proxy: address(&mut section, "proxy"),
            timeout: Duration::from_secs(seconds.into()),
            allow_http: section.get("allow_http").unwrap_or(false),
        };
        section.finish(Some(written))
    }
}

impl Keys {
    fn read(section: &mut Section) -> Option<Self> {
        let id = need_secret(section, "access_key_id", "access_key_id_command");
        let key = need_secret(section, "secret_access_key", "secret_access_key_command");
        let token = secret(section, "session_token", "session_token_command");
        let (id, secret) = id.zip(key)?;
        Some(Self { id, secret, token })
    }

    fn from_environment() -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let need = |name: &str| {
            SecretRef::Env(name.to_owned()).resolve().map_err(|error| {
                let help = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write references to both into the section `s3` of \
                            the configuration";
                Problems::from(Problem::general(format!("there is no access key for the bucket: {error}")).help(help))
            })
        };
        let id = problems.take(need("AWS_ACCESS_KEY_ID"));
        let secret = problems.take(need("AWS_SECRET_ACCESS_KEY"));
        let token = problems.take(set("AWS_SESSION_TOKEN")).flatten();
        match id.zip(secret) {
            Some((id, secret)) => problems.or(Self { id, secret, token }),
            None => Err(problems),
        }
    }
}

/// The first of some variables that is set.
fn told(names: &[&str]) -> Result<Option<String>, Problems> {
    for name in names {
        if let Some(value) = set(name)? {
            return Ok(Some(value.expose().to_owned()));
        }
    }
    Ok(None)
}

/// What a variable says; `None` if it is not set. One that is set and cannot be used is no other's word for nothing.
fn set(name: &str) -> Result<Option<Secret>, Problems> {
    match SecretRef::Env(name.to_owned()).resolve() {
        Ok(value) => Ok(Some(value)),
        Err(SecretError::EnvMissing(_)) => Ok(None),
        Err(error) => Err(Problem::general(format!("the variable {name} cannot be used: {error}")).into()),
    }
}

fn unusable(error: &HttpError) -> Problem {
    let problem = Problem::general(format!("the bucket cannot be used: {error}"));
    problem.help("look at the section `s3` of the configuration, or at AWS_ENDPOINT_URL and AWS_REGION")
}
