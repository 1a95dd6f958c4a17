//! The keys that every source has in its section of the configuration: where to connect, how fast, what to skip.

use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::Endpoint;
use crate::document::{Located, Section, secrets};
use crate::http::{Allowed, Auth, Client, Factory, Settings};
use crate::secret::Secret;
use crate::text::did_you_mean;

/// How to connect to the host of a source.
#[derive(Debug)]
pub(super) struct Connection {
    /// Scheme, host and perhaps a path, without a slash at the end.
    pub(super) base_url: String,
    /// Whose rate limit is used.
    pub(super) tenant: String,
    /// Requests under way at once, at the most.
    pub(super) concurrency: usize,
    /// Endpoints that are left out.
    pub(super) skip: Vec<&'static str>,
    /// The header for the credential, where it is not the usual one.
    pub(super) auth_header: Option<String>,
    proxy: Option<Secret>,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    requests_per_second: Option<f64>,
    page_size: Option<u32>,
}

impl Connection {
    /// Reads the keys. Mistakes are noted in the section.
    pub(super) fn read(section: &mut Section, default_url: Option<&str>, endpoints: &[Endpoint]) -> Self {
        let base_url = match default_url {
            Some(default) => url(section, "base_url").unwrap_or_else(|| default.to_owned()),
            None if section.has("base_url") => url(section, "base_url").unwrap_or_default(),
            None => section.need("base_url").unwrap_or_default(),
        };
        Self {
            tenant: base_url.clone(),
            base_url,
            concurrency: section.number("concurrency", 100).map_or(8, |number| number as usize),
            skip: skipped(section, endpoints),
            auth_header: None,
            proxy: secrets::address(section, "proxy"),
            ca_file: section.get::<String>("ca_file").map(PathBuf::from),
            timeout: Duration::from_secs(section.number("timeout_seconds", 3600).unwrap_or(60).into()),
            requests_per_second: rate(section),
            page_size: section.number("page_size", 10_000),
        }
    }

    /// The size of a page: the endpoint's best, or less where the configuration says so.
    pub(super) fn page_size(&self, best: u32) -> u32 {
        self.page_size.map_or(best, |size| size.min(best))
    }

    /// A client of this connection, to another host if `base_url` is not the connection's own.
    pub(super) fn client(
        &self,
        section: &mut Section,
        factory: &Factory,
        base_url: &str,
        auth: Auth,
        allowed: &'static [Allowed],
    ) -> Option<Client> {
        let settings = Settings {
            base_url: base_url.to_owned(),
            auth,
            auth_header: self.auth_header.clone(),
            tenant: self.tenant.clone(),
            allowed,
            ca_file: self.ca_file.clone(),
            proxy: self.proxy.clone(),
            timeout: self.timeout,
            concurrency: self.concurrency,
            requests_per_second: self.requests_per_second,
        };
        match factory.client(settings) {
            Ok(client) => Some(client),
            Err(error) => {
                section.wrong(section.span_of("base_url"), error.to_string(), None);
                None
            }
        }
    }
}

/// An address under a key; without the slash that people leave at the end.
pub(super) fn url(section: &mut Section, key: &'static str) -> Option<String> {
    let written: Located<String> = section.get(key)?;
    let address = written.value.trim_end_matches('/');
    if !address.starts_with("https://") && !address.starts_with("http://") {
        let help = Some("write it like `https://api.atlassian.com`".to_owned());
        section.wrong(written.span, format!("`{key}` is no address: `{}`", written.value), help);
        return None;
    }
    Some(address.to_owned())
}

fn rate(section: &mut Section) -> Option<f64> {
    let written: Located<f64> = section.get("requests_per_second")?;
    if !(written.value.is_finite() && written.value > 0.0) {
        section.wrong(written.span, "`requests_per_second` must be more than 0", None);
        return None;
    }
    Some(written.value)
}

fn skipped(section: &mut Section, endpoints: &[Endpoint]) -> Vec<&'static str> {
    let written: Vec<Located<String>> = section.get("skip").unwrap_or_default();
    let mut skipped = Vec::new();
    for name in written {
        if let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.name == name.value) {
            skipped.push(endpoint.name);
            continue;
        }
        let names = || endpoints.iter().map(|endpoint| endpoint.name);
        let help = match did_you_mean(&name.value, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", names().collect::<Vec<_>>().join(", ")),
        };
        section.wrong(name.span, format!("unknown endpoint `{}`", name.value), Some(help));
    }
    skipped
}
