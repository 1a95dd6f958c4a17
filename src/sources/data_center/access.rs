//! How a self-hosted product is reached: address, credential, how deep to look, and the name of the instance.

use std::sync::Arc;

use crate::clock::Clock;
use crate::document::secrets::need_secret;
use crate::document::{Located, Node, Section};
use crate::http::{Allowed, Auth, Client, Factory};
use crate::model::{ResourceId, SourceName, Watermarks};
use crate::sources::Depth;
use crate::sources::connection::Connection;
use crate::sources::endpoint::Endpoint;
use crate::sources::reading::{Gatherer, Hints};

/// What sets one self-hosted product apart from the others.
#[derive(Debug)]
pub(in crate::sources) struct Product {
    /// The key of its instance: `jira`.
    pub(in crate::sources) key: &'static str,
    /// What people call it.
    pub(in crate::sources) title: &'static str,
    /// The right that is asked for in deep mode only, in the product's words. Endpoints with this `right` are skipped in
    /// standard mode.
    pub(in crate::sources) system_right: &'static str,
    /// What to say where the credential or the address is of the wrong kind.
    pub(in crate::sources) hints: Hints,
    /// Everything it is asked.
    pub(in crate::sources) endpoints: &'static [Endpoint],
}

/// How deep a source looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// As far as an administrator of the product may.
    Standard,
    /// As far as a system administrator may.
    Deep,
}

/// The way to one instance.
#[derive(Debug)]
pub(in crate::sources) struct Access {
    pub(in crate::sources) product: &'static Product,
    pub(in crate::sources) connection: Connection,
    pub(in crate::sources) client: Client,
    /// The first part of the ids of everything that the instance names.
    pub(in crate::sources) tenant: String,
    /// True if application links are asked whether their other end answers.
    pub(super) link_status: bool,
    /// How many days of the audit log are read at first.
    pub(super) audit_days: u32,
    /// True if a user and a password are used.
    pub(super) basic: bool,
    pub(super) mode: Mode,
}

impl Access {
    /// Reads what every self-hosted product has in its section. Mistakes are noted there. `allowed` is what may be asked.
    pub(in crate::sources) fn read(
        section: &mut Section,
        factory: &Factory,
        product: &'static Product,
        allowed: &'static [Allowed],
    ) -> Option<Self> {
        let mut connection = Connection::read(section, None, product.endpoints);
        connection.auth_header = section.get("token_header");
        tell_path(section, &connection.base_url);
        let tenant = tenant(section, &connection.base_url);
        let mode = mode(section);
        let link_status = section.get("link_status").unwrap_or(true);
        let audit_days = section.number("audit_days", 3_650).unwrap_or(30);
        let auth = auth(section)?;
        let basic = matches!(auth, Auth::Basic { .. });
        let url = connection.base_url.clone();
        let client = connection.client(section, factory, &url, auth, allowed)?;
        Some(Self { product, connection, client, tenant, link_status, audit_days, basic, mode: mode? })
    }

    /// One visit.
    pub(in crate::sources) fn gatherer(
        &self,
        name: &SourceName,
        clock: &Arc<dyn Clock>,
        depth: Depth,
        since: &Watermarks,
    ) -> Gatherer {
        Gatherer {
            source: name.clone(),
            clock: Arc::clone(clock),
            depth,
            since: since.clone(),
            hints: self.product.hints,
            skip: self.connection.skip.clone(),
            concurrency: self.connection.concurrency,
            blocked: None,
        }
    }

    /// True if what takes many requests is asked too.
    pub(in crate::sources) fn is_deep(&self) -> bool {
        self.mode == Mode::Deep
    }

    /// The size of a page, at most `best`.
    pub(in crate::sources) fn page_size(&self, best: u32) -> u32 {
        self.connection.page_size(best)
    }
}

/// The name of the instance: the configured one, or host, port and context path of its address.
fn tenant(section: &mut Section, base_url: &str) -> String {
    let written: Option<Located<String>> = section.get("instance");
    let Some(written) = written else {
        let place = base_url.split_once("://").map_or(base_url, |(_, place)| place);
        return place.to_ascii_lowercase().replace(['/', ':'], "-");
    };
    let plain = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    if written.value.is_empty() || !written.value.chars().all(plain) || written.value == ResourceId::CLOUD {
        let help = Some("write a short name of letters, digits and dashes, such as `jira-internal`".to_owned());
        section.wrong(written.span, format!("`instance` cannot be `{}`", written.value), help);
    }
    written.value
}

fn mode(section: &mut Section) -> Option<Mode> {
    let written: Option<Located<String>> = section.get("mode");
    match written.as_ref().map(|written| written.value.as_str()) {
        None | Some("standard") => Some(Mode::Standard),
        Some("deep") => Some(Mode::Deep),
        Some(other) => {
            let what = format!("`mode` is `{other}`, expected `standard` or `deep`");
            section.wrong(section.span_of("mode"), what, None);
            None
        }
    }
}

/// People copy the address of a page; the address of the product is meant, its context path included.
fn tell_path(section: &mut Section, base_url: &str) {
    const PAGES: [&str; 7] = ["rest", "secure", "browse", "plugins", "login.jsp", "login.action", "admin"];
    let segments: Vec<&str> = base_url.split('/').collect();
    if let Some(at) = segments.iter().skip(3).position(|segment| PAGES.contains(segment)) {
        let product = segments.get(..at + 3).unwrap_or_default().join("/");
        let what = "`base_url` is the address of a page, expected that of the product";
        section.wrong(section.span_of("base_url"), what, Some(format!("write `{product}`")));
    }
}

/// Either a personal access token, which is shown alone, or a user with a password.
fn auth(section: &mut Section) -> Option<Auth> {
    let user: Option<Located<String>> = section.get("user");
    let has_token = section.has("token") || section.has("token_command");
    match user {
        Some(user) if has_token => {
            let _read: (Option<Node>, Option<Node>) = (section.get("token"), section.get("token_command"));
            let _read: (Option<Node>, Option<Node>) = (section.get("password"), section.get("password_command"));
            let help = Some("keep `token` alone, or `user` and `password`".to_owned());
            section.wrong(user.span, "there are two ways to log in", help);
            None
        }
        Some(user) => {
            let password = need_secret(section, "password", "password_command")?;
            Some(Auth::Basic { user: user.value, password })
        }
        None if !has_token && (section.has("password") || section.has("password_command")) => {
            let password = need_secret(section, "password", "password_command");
            let user = section.need("user");
            Some(Auth::Basic { user: user?, password: password? })
        }
        None => need_secret(section, "token", "token_command").map(Auth::Bearer),
    }
}
