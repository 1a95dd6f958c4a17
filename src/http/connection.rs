//! The line to a host: TLS with the machine's certificate authorities and the user's own, a proxy if one is
//! configured, time-outs. It follows no redirects and tries nothing again: `client` decides about both.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Proxy, redirect, retry};

use super::allowed::web_url;
use super::{Auth, HttpError, Settings};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes *ring* the cryptography of this process, unless something else was chosen before.
pub(super) fn choose_cryptography() {
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// A line by these settings.
pub(super) fn line(settings: &Settings) -> Result<reqwest::Client, HttpError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("keyroll/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .timeout(settings.timeout)
        .connect_timeout(settings.timeout.min(CONNECT_TIMEOUT));
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(Proxy::all(proxy.expose()).map_err(|error| wrong("proxy", &error.without_url()))?);
    }
    builder = match &settings.ca_file {
        Some(path) => builder.tls_certs_merge(authorities(path)?),
        // Without TLS no certificate is ever looked at, and a bare container may have none to load.
        None if !uses_tls(settings)? => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build().map_err(|error| wrong("TLS setup", &error.without_url()))
}

fn uses_tls(settings: &Settings) -> Result<bool, HttpError> {
    let base = web_url("base URL", &settings.base_url)?;
    let token = match &settings.auth {
        Auth::ClientCredentials { token_url, .. } => Some(web_url("token URL", token_url)?),
        Auth::None | Auth::Basic { .. } | Auth::Bearer(_) => None,
    };
    let through_tls_proxy = settings.proxy.as_ref().is_some_and(|proxy| !proxy.expose().starts_with("http://"));
    Ok(through_tls_proxy || base.scheme() == "https" || token.is_some_and(|url| url.scheme() == "https"))
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, HttpError> {
    let name = format!("certificate file `{}`", path.display());
    let pem = std::fs::read(path).map_err(|error| wrong(&name, &error))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&name, &error))?;
    if certificates.is_empty() {
        return Err(HttpError::Settings { message: format!("{name}: there is no PEM certificate in it") });
    }
    Ok(certificates)
}

fn wrong(name: &str, error: &dyn std::error::Error) -> HttpError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    HttpError::Settings { message: format!("{name}: {error}{cause}") }
}
