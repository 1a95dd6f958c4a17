//! The section of a SIEM channel: where to, how, and as who.

use std::path::PathBuf;
use std::time::Duration;

use super::super::Tools;
use super::Transport;
use super::line::Endpoint;
use super::syslog::{FACILITIES, Header};
use crate::document::{Located, Section};
use crate::text::did_you_mean;

/// All that a section says.
pub(super) struct Settings {
    pub(super) endpoint: Endpoint,
    pub(super) header: Header,
    pub(super) limit: Duration,
}

impl Settings {
    /// Reads the keys. Mistakes are noted in the section.
    pub(super) fn read(section: &mut Section, tools: &Tools) -> Option<Self> {
        let written = section.need::<Located<String>>("address");
        let transport = choice(section, "transport", &Transport::ALL, Transport::Tls);
        let facility = choice(section, "facility", &FACILITIES, 16);
        let app_name = header_word(section, "app_name", 48, "keyroll");
        let hostname = header_word(section, "hostname", 255, "-");
        let ca_file = section.get::<String>("ca_file").map(PathBuf::from).or_else(|| tools.ca_file.clone());
        let timeout = section.number("timeout_seconds", 3600).map(|seconds| Duration::from_secs(seconds.into()));
        let transport = transport?;
        let (host, port) = address(section, written?, transport)?;
        Some(Self {
            endpoint: Endpoint { host, port, transport, ca_file },
            header: Header { facility: facility?, app_name: app_name?, hostname: hostname? },
            limit: timeout.map_or(tools.patience, |timeout| timeout.min(tools.patience)),
        })
    }
}

/// `host:port`; without a port the one that belongs to the transport.
fn address(section: &mut Section, written: Located<String>, transport: Transport) -> Option<(String, u16)> {
    let text = written.value.as_str();
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or("?"))),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_host = host.parse::<std::net::Ipv6Addr>().is_ok() && text.starts_with('[')
        || !host.is_empty() && host.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter));
    let port = port.map_or(Some(transport.port()), |port| port.parse::<u16>().ok().filter(|port| *port > 0));
    if let (true, Some(port)) = (is_host, port) {
        return Some((host.to_owned(), port));
    }
    let what = format!("`address` is no host and port: `{text}`");
    section.wrong(written.span, what, Some("write it like `siem.example.com:6514`".to_owned()));
    None
}

fn choice<T: Copy>(section: &mut Section, key: &'static str, known: &[(&'static str, T)], default: T) -> Option<T> {
    let Some(written) = section.get::<Located<String>>(key) else {
        return (!section.has(key)).then_some(default);
    };
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == written.value) {
        return Some(*value);
    }
    let names = || known.iter().map(|(name, _)| *name);
    let help = match did_you_mean(&written.value, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", names().collect::<Vec<_>>().join(", ")),
    };
    section.wrong(written.span, format!("`{key}` cannot be `{}`", written.value), Some(help));
    None
}

/// A word for the header of a message, where a space would begin the next field.
fn header_word(section: &mut Section, key: &'static str, longest: usize, default: &str) -> Option<String> {
    let Some(written) = section.get::<Located<String>>(key) else {
        return (!section.has(key)).then(|| default.to_owned());
    };
    let word = &written.value;
    if (1..=longest).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(written.value);
    }
    let help = format!("use at most {longest} ASCII characters without a space");
    section.wrong(written.span, format!("`{key}` cannot stand in a syslog message"), Some(help));
    None
}
