//! The section of a mail channel: server, security, who writes to whom, and what the letter looks like.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;

use super::super::{Template, Tools};
use super::message::Letterhead;
use crate::document::secrets::secret;
use crate::document::{Located, Section};
use crate::secret::Secret;
use crate::text::did_you_mean;

/// All that a section says.
pub(super) struct Settings {
    pub(super) connection: Connection,
    pub(super) letterhead: Letterhead,
    pub(super) limit: Duration,
}

/// How to reach the server.
pub(super) struct Connection {
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<(String, Secret)>,
    pub(super) ca_file: Option<PathBuf>,
}

/// How the line is protected. There is no form that does without where the other side offers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Begins in plain text; nothing is said before TLS is up.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Plain text, for a server on the same machine.
    None,
}

impl Security {
    const ALL: [(&str, Self); 3] = [("starttls", Self::StartTls), ("tls", Self::Tls), ("none", Self::None)];

    fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

impl Settings {
    /// Reads the keys. Mistakes are noted in the section.
    pub(super) fn read(section: &mut Section, tools: &Tools) -> Option<Self> {
        let server = section.need::<Located<String>>("server");
        let security = security(section);
        let port = section.number("port", 65_535);
        let login = login(section);
        let ca_file = section.get::<String>("ca_file").map(PathBuf::from).or_else(|| tools.ca_file.clone());
        let timeout = section.number("timeout_seconds", 3600).map(|seconds| Duration::from_secs(seconds.into()));
        let letterhead = letterhead(section);
        let server = host(section, server?)?;
        let security = security?;
        plain_text_is_wanted(section, &server, security, login.is_some());
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or_else(|| security.port());
        Some(Self {
            connection: Connection { server, port, security, login, ca_file },
            letterhead: letterhead?,
            limit: timeout.map_or(tools.patience, |timeout| timeout.min(tools.patience)),
        })
    }
}

fn letterhead(section: &mut Section) -> Option<Letterhead> {
    let from = section.need::<Located<String>>("from").and_then(|written| mailbox(section, "from", &written));
    let listed = section.need::<Vec<Located<String>>>("to");
    let reply_to = section.get::<Located<String>>("reply_to");
    let reply_to = reply_to.map(|written| mailbox(section, "reply_to", &written));
    let title = if section.has("title") { Some(Template::read(section, "title")) } else { None };
    let attach_csv = section.get::<bool>("attach_csv").unwrap_or(false);
    if listed.as_ref().is_some_and(Vec::is_empty) {
        let help = "list at least one address: it is used where a notice has no owner to tell".to_owned();
        section.wrong(section.span_of("to"), "`to` has no address", Some(help));
    }
    let to: Vec<_> = listed?.iter().map(|written| mailbox(section, "to", written)).collect();
    // A key that is there but wrong is a mistake, noted already; only one that is not there is `None`.
    let (reply_to, title) =
        (reply_to.map_or(Some(None), |read| read.map(Some))?, title.map_or(Some(None), |read| read.map(Some))?);
    Some(Letterhead { from: from?, to: to.into_iter().collect::<Option<_>>()?, reply_to, title, attach_csv })
}

fn mailbox(section: &mut Section, key: &str, written: &Located<String>) -> Option<Mailbox> {
    let parsed = written.value.parse::<Mailbox>().ok().filter(|_| !written.value.chars().any(char::is_control));
    if parsed.is_none() {
        let help = "write it like `ops@example.com` or `Operations <ops@example.com>`".to_owned();
        section.wrong(written.span.clone(), format!("`{key}`: `{}` is no mail address", written.value), Some(help));
    }
    parsed
}

fn host(section: &mut Section, written: Located<String>) -> Option<String> {
    let name = written.value.trim_start_matches('[').trim_end_matches(']');
    let is_host = name.parse::<IpAddr>().is_ok()
        || (!name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter)));
    if is_host {
        return Some(name.to_owned());
    }
    let help = "write the host alone, like `smtp.example.com`; the port has a key of its own".to_owned();
    section.wrong(written.span, format!("`server` is no host: `{}`", written.value), Some(help));
    None
}

fn security(section: &mut Section) -> Option<Security> {
    let Some(written) = section.get::<Located<String>>("security") else {
        return (!section.has("security")).then_some(Security::StartTls);
    };
    if let Some((_, security)) = Security::ALL.iter().find(|(name, _)| *name == written.value) {
        return Some(*security);
    }
    let help = match did_you_mean(&written.value, Security::ALL.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "one of starttls, tls, none".to_owned(),
    };
    section.wrong(written.span, format!("`security` cannot be `{}`", written.value), Some(help));
    None
}

/// Plain text to another machine has to be asked for, and never carries a password.
fn plain_text_is_wanted(section: &mut Section, server: &str, security: Security, has_login: bool) {
    let allowed = section.get::<bool>("allow_plaintext").unwrap_or(false);
    let same_machine = server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if security != Security::None || same_machine {
        return;
    }
    if has_login {
        let what = format!("the password would travel to `{server}` in plain text");
        section.wrong(section.span_of("security"), what, Some("use `starttls` or `tls`".to_owned()));
    } else if !allowed {
        let what = format!("mails would travel to `{server}` in plain text");
        let help = "use `starttls` or `tls`, or add `allow_plaintext: true` if that is meant".to_owned();
        section.wrong(section.span_of("security"), what, Some(help));
    }
}

fn login(section: &mut Section) -> Option<(String, Secret)> {
    let user = section.get::<String>("user");
    let given = section.has("password") || section.has("password_command");
    let password = secret(section, "password", "password_command");
    match (&user, given) {
        (Some(_), false) => {
            let help = "add `password: env:NAME`, `password: file:/path` or `password_command: [...]`".to_owned();
            section.wrong(section.span_of("user"), "`user` has no password", Some(help));
        }
        (None, true) if !section.has("user") => {
            let at = if section.has("password") { "password" } else { "password_command" };
            section.wrong(section.span_of(at), "a password without a `user`", Some("add `user:`".to_owned()));
        }
        (Some(_), true) | (None, _) => {}
    }
    Some((user?, password?))
}
