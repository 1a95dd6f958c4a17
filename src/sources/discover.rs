//! What a product tells everybody who asks, without a credential: which one it is, its version, and the id of a site in the cloud.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::endpoint::get;
use crate::http::{Allowed, Auth, Factory, HttpError, Request, Settings, Trail};

const TENANT: Allowed = get("/_edge/tenant_info");
const CLOUD_JIRA: Allowed = get("/rest/api/3/serverInfo");
const CLOUD_WIKI: Allowed = get("/wiki/rest/api/settings/systemInfo");
const JIRA: Allowed = get("/rest/api/2/serverInfo");
const MANIFEST: Allowed = get("/rest/applinks/1.0/manifest");
const BITBUCKET: Allowed = get("/rest/api/latest/application-properties");

static ASKED: [Allowed; 6] = [TENANT, CLOUD_JIRA, CLOUD_WIKI, JIRA, MANIFEST, BITBUCKET];

/// How long a product may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// A product that was found at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The type of source that reads it.
    pub kind: &'static str,
    /// Its address.
    pub base_url: String,
    /// The id of a site in the cloud.
    pub cloud_id: Option<String>,
    /// Its version, of a self-hosted one.
    pub version: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantInfo {
    cloud_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerInfo {
    version: String,
    #[serde(default)]
    deployment_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    type_id: String,
    version: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    version: String,
    display_name: String,
}

/// The products at an address; where it has a path, at what is left without the end of that too, for it may be a page's.
///
/// # Errors
/// Why none was found.
pub async fn discover(factory: &Factory, address: &str) -> Result<Vec<Found>, String> {
    let mut last = String::new();
    for base_url in candidates(address) {
        let visitor = Visitor::at(factory, &base_url).map_err(|error| error.to_string())?;
        match visitor.look().await {
            Ok(found) if found.is_empty() => {
                last = format!("`{base_url}` answers, but not as any product that keyroll reads");
            }
            Ok(found) => return Ok(found),
            // Where nobody answers, nobody answers elsewhere on that host.
            Err(error) => return Err(format!("`{base_url}`: {error}")),
        }
    }
    Err(last)
}

/// The address, and what is left of it without the last parts of its path.
fn candidates(address: &str) -> Vec<String> {
    let host = address.split('/').take(3).count().min(3);
    let parts: Vec<&str> = address.split('/').collect();
    (host..=parts.len()).rev().filter_map(|length| Some(parts.get(..length)?.join("/"))).collect()
}

/// Somebody without a credential.
struct Visitor {
    base_url: String,
    client: crate::http::Client,
}

impl Visitor {
    fn at(factory: &Factory, base_url: &str) -> Result<Self, HttpError> {
        let client = factory.client(Settings {
            base_url: base_url.to_owned(),
            auth: Auth::None,
            auth_header: None,
            tenant: base_url.to_owned(),
            allowed: &ASKED,
            ca_file: None,
            proxy: None,
            timeout: PATIENCE,
            concurrency: 4,
            requests_per_second: None,
        })?;
        Ok(Self { base_url: base_url.to_owned(), client })
    }

    /// Asks what is there. An error only if nobody answers.
    async fn look(&self) -> Result<Vec<Found>, HttpError> {
        let tenant = self.ask::<TenantInfo>(TENANT).await;
        if let Err(error @ (HttpError::Broken { .. } | HttpError::Refused { .. })) = tenant {
            return Err(error);
        }
        if let Ok(tenant) = tenant
            && is_id(&tenant.cloud_id)
        {
            return Ok(self.cloud(&tenant.cloud_id).await);
        }
        if let Ok(jira) = self.ask::<ServerInfo>(JIRA).await
            && jira.deployment_type.is_none_or(|sort| sort == "Server")
        {
            return Ok(vec![self.server("jira-dc", jira.version)]);
        }
        if let Ok(bitbucket) = self.ask::<Properties>(BITBUCKET).await
            && bitbucket.display_name.contains("Bitbucket")
        {
            return Ok(vec![self.server("bitbucket-dc", bitbucket.version)]);
        }
        let manifest = self.ask::<Manifest>(MANIFEST).await;
        Ok(manifest.into_iter().filter_map(|manifest| self.by_manifest(manifest)).collect())
    }

    /// The products of a site. One that wants to know who asks is there too.
    async fn cloud(&self, cloud_id: &str) -> Vec<Found> {
        let (jira, wiki) =
            tokio::join!(self.ask::<serde::de::IgnoredAny>(CLOUD_JIRA), self.ask::<serde::de::IgnoredAny>(CLOUD_WIKI));
        // Whoever is only busy is there too.
        let is_there = |answer: &Result<_, HttpError>| {
            !matches!(answer, Err(HttpError::Missing { .. } | HttpError::Unreadable { .. }))
        };
        let of =
            |kind| Found { kind, base_url: self.base_url.clone(), cloud_id: Some(cloud_id.to_owned()), version: None };
        let jira = is_there(&jira).then(|| of("jira-cloud"));
        let wiki = is_there(&wiki).then(|| of("confluence-cloud"));
        jira.into_iter().chain(wiki).collect()
    }

    fn by_manifest(&self, manifest: Manifest) -> Option<Found> {
        let kind = match manifest.type_id.as_str() {
            "jira" => "jira-dc",
            "confluence" => "confluence-dc",
            "stash" | "bitbucket" => "bitbucket-dc",
            _ => return None,
        };
        Some(self.server(kind, manifest.version))
    }

    fn server(&self, kind: &'static str, version: String) -> Found {
        let version = Some(crate::text::shorten(&crate::text::harmless(&version), 20));
        Found { kind, base_url: self.base_url.clone(), cloud_id: None, version }
    }

    async fn ask<T: DeserializeOwned>(&self, what: Allowed) -> Result<T, HttpError> {
        self.client.fetch(&Request::get(what.path), &Trail::default()).await
    }
}

/// True for what may be an id of a site; anything else is some other host's word.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn a_path_may_be_that_of_a_page() {
        let all = ["https://acme.example/a/b", "https://acme.example/a", "https://acme.example"];
        assert_eq!(candidates("https://acme.example/a/b"), all);
        assert_eq!(candidates("https://acme.example"), ["https://acme.example"]);
    }
}
