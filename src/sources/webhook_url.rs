//! The address a webhook sends to, of which only scheme, host and port survive the parsing: path, query and user info
//! often are the secret. Where two programs could disagree on the host, it counts as unknown.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::model::Fact;

/// What may be known of a webhook's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct WebhookUrl {
    /// Scheme, host, and the port if it is not the scheme's own: `https://hooks.example.com`.
    pub(super) address: Fact<String>,
    /// True if the address carries a password or a parameter that reads like a secret.
    pub(super) secret_in_url: Fact<bool>,
}

impl WebhookUrl {
    /// Reads an address as somebody typed it.
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        let (before_fragment, _) = text.split_once('#').unwrap_or((text, ""));
        let (place, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
        let (scheme, rest) = place.split_once("://").unwrap_or(("", place));
        let authority = rest.split('/').next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let address = address(scheme, user, host, text).map_or(Fact::Unknown, Fact::Known);
        let has_password = user.split_once(':').is_some_and(|(_, password)| !password.is_empty());
        let secret_in_url = match has_password || query.split(['&', ';']).any(is_secret) {
            true => Fact::Known(true),
            // An address that was not understood may hide one where nobody looked.
            false => address.as_ref().map(|_| false),
        };
        Self { address, secret_in_url }
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(|(address, secret_in_url)| Self { address, secret_in_url });
        }
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self::read(&text)),
            _ => Err(D::Error::custom("this is no address")),
        }
    }
}

/// A name without an address in it: cut while it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PlainName(String);

impl<'de> Deserialize<'de> for PlainName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        String::deserialize(from).map(|name| Self(without_address(&name)))
    }
}

impl From<PlainName> for String {
    fn from(name: PlainName) -> Self {
        name.0
    }
}

/// A name without the address in it. People name webhooks by the whole address, secret and all: from the first word on
/// that reads like one, only what is kept of an address stays.
fn without_address(name: &str) -> String {
    let words = name.split_inclusive(char::is_whitespace);
    let begin: usize = words.take_while(|word| !is_like_an_address(word.trim())).map(str::len).sum();
    let (before, rest) = name.split_at(begin);
    let kept = WebhookUrl::read(rest).address;
    format!("{before}{}", kept.known().map_or("", String::as_str)).trim_end().to_owned()
}

/// Whether a word is a host with something behind it, with a scheme or without, or carries a password or parameters.
fn is_like_an_address(word: &str) -> bool {
    let word = plain(word);
    match word.rfind(['/', '?', '#', '\\']).map(|at| word.split_at(at)) {
        Some((place, rest)) => {
            place.contains(['.', ':', '@', '/', '?']) || (place.is_empty() && rest.len() > 1) || rest.contains('=')
        }
        None => word.split_once(':').is_some_and(|(_, rest)| rest.contains('@')),
    }
}

/// Scheme, host and port, if nothing about them is doubtful.
fn address(scheme: &str, user: &str, host: &str, text: &str) -> Option<String> {
    let scheme = scheme.to_ascii_lowercase();
    let usual_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    // Some programs drop control characters and take a backslash for a slash, and others do not.
    if text.chars().any(|letter| letter.is_control() || letter == '\\') || user.contains(['@', ' ']) {
        return None;
    }
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    let port = match port {
        "" => None,
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse::<u16>().ok()?),
        _ => return None,
    };
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => format!("[{}]", inner.parse::<Ipv6Addr>().ok()?),
        None => named_host(host)?,
    };
    match port.filter(|port| *port != usual_port) {
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
        None => Some(format!("{scheme}://{host}")),
    }
}

/// A name of plain letters, or four numbers. Other scripts have more than one spelling that leads to the same host, and
/// so have numbers written in other ways.
fn named_host(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    let is_sound = host.split('.').all(is_plain) && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    is_sound.then_some(host)
}

/// Whether a parameter has a value and a name that reads like a secret.
fn is_secret(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    !value.is_empty() && !is_placeholder(&plain(value)) && reads_like_a_secret(&plain(name))
}

/// `${issue.key}`: what the product puts in when it sends.
fn is_placeholder(value: &str) -> bool {
    value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains('$'))
}

fn reads_like_a_secret(name: &str) -> bool {
    const PARTS: [&str; 9] =
        ["accesskey", "apikey", "authkey", "credential", "passphrase", "passw", "secret", "signature", "token"];
    const WORDS: [&str; 10] =
        ["auth", "authorisation", "authorization", "bearer", "hmac", "jwt", "pass", "pwd", "sas", "sig"];
    /// Whose key is no secret.
    const KNOWN_BY_KEY: [&str; 9] =
        ["board", "entity", "epic", "issue", "parent", "project", "public", "space", "version"];
    let words = words(name);
    let squeezed = words.concat();
    PARTS.iter().any(|part| squeezed.contains(part))
        || words.iter().any(|word| WORDS.contains(&word.as_str()))
        || words.last().is_some_and(|word| word == "key")
            && !words.iter().any(|word| KNOWN_BY_KEY.contains(&word.as_str()))
}

/// The words of a name, in small letters: `accessToken`, `access_token` and `ACCESS-TOKEN` are two words each.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let begins = !before.is_alphanumeric() || before.is_lowercase() && letter.is_uppercase();
        match words.last_mut() {
            Some(word) if !begins || word.is_empty() => word.extend(letter.to_lowercase()),
            _ => words.push(letter.to_lowercase().collect()),
        }
        before = letter;
    }
    let plain =
        words.into_iter().map(|word| word.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>());
    plain.filter(|word| !word.is_empty()).collect()
}

/// A part of a query without its percent signs.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.push(digit(*high).unwrap_or_default() << 4 | digit(*low).unwrap_or_default());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn address(text: &str) -> Option<String> {
        WebhookUrl::read(text).address.known().cloned()
    }

    fn secret(text: &str) -> Fact<bool> {
        WebhookUrl::read(text).secret_in_url
    }

    #[test]
    fn of_an_address_only_scheme_host_and_port_are_kept() {
        for (text, expected) in [
            ("https://hooks.example.com/services/T0/B0/s3cret", "https://hooks.example.com"),
            ("HTTPS://Hooks.Example.COM", "https://hooks.example.com"),
            (" https://a.example?token=s3cret ", "https://a.example"),
            ("https://a.example#s3cret", "https://a.example"),
            ("https://me:s3cret@a.example:8443/x", "https://a.example:8443"),
            ("https://a.example:443/", "https://a.example"),
            ("http://a.example:443/", "http://a.example:443"),
            ("http://a.example:/x", "http://a.example"),
            ("https://a.example./x", "https://a.example"),
            ("https://[2001:DB8:0::1]:8080/x", "https://[2001:db8::1]:8080"),
            ("https://[::1]/x", "https://[::1]"),
            ("http://192.0.2.7/x", "http://192.0.2.7"),
            ("https://a.example/x?to=https://b.example", "https://a.example"),
            ("http://jenkins_ci:8080/hook", "http://jenkins_ci:8080"),
        ] {
            assert_eq!(address(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_doubtful_address_is_unknown() {
        for text in [
            "",
            " ",
            "a.example/x",
            "//a.example/x",
            "https:/a.example",
            "https:a.example",
            "https://",
            "https:///x",
            "https://:8080/",
            "https://a.example:port/",
            "https://a.example:99999/",
            "https://a.example:-1/",
            "ftp://a.example/x",
            "javascript://a.example/x",
            "https://exämple.example/x",
            "https://ａ.example/x",
            "https://a%2eexample/x",
            "https://a..example/x",
            "https://a.example\\@b.example/",
            "https://a@b@c.example/",
            "https://a.exam\tple/",
            "https://a b.example/",
            "https://[::1/x",
            "https://[::1%25eth0]/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://127.1/x",
            "https://${host}/x",
        ] {
            assert_eq!(address(text), None, "{text:?}");
            assert_eq!(secret(text), Fact::Unknown, "{text:?}");
        }
    }

    #[test]
    fn a_password_or_a_telling_parameter_is_a_secret() {
        for text in [
            "https://me:s3cret@a.example/x",
            "https://a.example/x?token=1",
            "https://a.example/x?a=1&access_token=1",
            "https://a.example/x?accessToken=1",
            "https://a.example/x?ACCESS-TOKEN=1",
            "https://a.example/x?key=1",
            "https://a.example/x?x-api-key=1",
            "https://a.example/x?apikey=1",
            "https://a.example/x?client%5Fsecret=1",
            "https://a.example/x?%74oken=1",
            "https://a.example/x?sv=2016&sp=run&sig=1",
            "https://a.example/x?X-Amz-Signature=1",
            "https://a.example/x?auth=1#y",
            "https://a.example/x?a=1;pwd=2",
            "https://a.example/x?password=a${issue.key}",
            "a.example/x?token=1",
        ] {
            assert_eq!(secret(text), Fact::Known(true), "{text}");
        }
        for text in [
            "https://a.example/services/T0/B0/x",
            "https://me@a.example/x",
            "https://me:@a.example/x",
            "https://a.example/x?token=",
            "https://a.example/x?token",
            "https://a.example/x?issueKey=PAY-1&project_key=PAY",
            "https://a.example/x?key=${issue.key}",
            "https://a.example/x?author=1&design=2&monkey=3&passage=4",
            "https://a.example/x#token=1",
        ] {
            assert_eq!(secret(text), Fact::Known(false), "{text}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_without_being_quoted() {
        for value in [json!({"href": "s3cret"}), json!(["s3cret"]), json!(5), json!(true)] {
            let error = serde_json::from_value::<WebhookUrl>(value).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_name_keeps_nothing_of_an_address_but_its_host() {
        for (name, expected) in [
            ("Chat", "Chat"),
            ("CI/CD of Slack / Teams, and/or more?", "CI/CD of Slack / Teams, and/or more?"),
            ("Release 1.2", "Release 1.2"),
            ("https://a.example/T0/s3cret", "https://a.example"),
            ("to https://a.example/T0/s3cret of chat", "to https://a.example"),
            ("hooks.slack.com/services/T0/B0/s3cret", ""),
            ("to hooks.slack.com/services/T0/B0/s3cret of s3cret", "to"),
            ("to (hooks.slack.com?s3cret)", "to"),
            ("//chat/s3cret", ""),
            ("chat:8080/s3cret", ""),
            ("chat/hook?token=s3cret", ""),
            ("chat/hooks.slack.com/s3cret", ""),
            ("me:s3cret@a.example", ""),
            ("https%3A%2F%2Fa.example%2Fs3cret", ""),
            ("https://me:s3 cret@a.example/x", ""),
        ] {
            assert_eq!(without_address(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_part_of_the_rest_is_ever_kept(
            start in "(https?|HTTPS|ftp)?:?/{0,3}",
            user in "(me:s3cret@|s3cret@|)",
            host in "([a-z]{1,8}\\.example|\\[::1\\]|ü\\.example)(:[0-9]{0,6})?",
            rest in "[/?#;&\\\\](s3cret|token=s3cret|a=b&sig=s3cret)",
        ) {
            let read = WebhookUrl::read(&format!("{start}{user}{host}{rest}"));
            prop_assert!(!format!("{read:?}").contains("s3cret"), "{read:?}");
        }

        #[test]
        fn any_text_is_read_and_what_is_kept_reads_the_same_again(text in ".{0,60}", at in "(https://)?") {
            let read = WebhookUrl::read(&format!("{at}{text}"));
            if let Fact::Known(address) = &read.address {
                prop_assert!(address.starts_with("https://") || address.starts_with("http://"));
                let again = WebhookUrl { address: read.address.clone(), secret_in_url: Fact::Known(false) };
                prop_assert_eq!(WebhookUrl::read(address), again);
            }
        }
    }
}
