//! What the clients of a source met on the line: whether anybody answered, what kept a connection from coming about, and what
//! time it was on the other side. For whoever looks for the cause when nothing works; a scan does without.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AGE, DATE, HeaderMap};
use rustls::CertificateError;

/// What all clients of a factory met, by source. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Contacts(Arc<Mutex<BTreeMap<String, Contact>>>);

/// What the clients of one source met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// Answers, whatever they said.
    pub answers: u64,
    /// By how much our clock is ahead of the server's, or behind if negative; of all answers, that which differs least.
    /// `None` if no answer told the time.
    pub ahead: Option<TimeDelta>,
    /// What kept the first request from being answered that was not.
    pub trouble: Option<Trouble>,
    /// True if a proxy is configured: then it is what a connection leads to.
    pub through_proxy: bool,
}

/// What keeps a connection from coming about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The name has no address.
    NoSuchHost,
    /// Nobody listens there.
    Refused,
    /// Nothing came back in time.
    TimedOut,
    /// The certificate was made by an authority that this machine does not know.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongName,
    /// The certificate has ended, or does not count yet.
    OutOfDate,
    /// What answers does not speak TLS.
    NoTls,
    /// The proxy wants to know who asks.
    ProxyWantsLogin,
    /// The proxy does not let the connection through.
    ProxySaysNo,
    /// Something else, in the system's words.
    Other(String),
}

impl Contacts {
    /// What the clients of a source met; `None` if they asked nobody.
    #[must_use]
    pub fn of(&self, source: &str) -> Option<Contact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(source).cloned()
    }

    /// Notes an answer, and the time that its server tells. One that comes out of a cache tells an older time.
    pub(super) fn answered(&self, source: &str, headers: &HeaderMap, now: DateTime<Utc>) {
        let date = headers.get(DATE).filter(|_| !headers.contains_key(AGE)).and_then(|date| date.to_str().ok());
        let told = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let ahead = told.map(|told| now - told.to_utc());
        self.note(source, |contact| {
            contact.answers += 1;
            contact.ahead = [contact.ahead, ahead].into_iter().flatten().min_by_key(TimeDelta::abs);
        });
    }

    /// Notes that nobody answered.
    pub(super) fn missed(&self, source: &str, trouble: Trouble, through_proxy: bool) {
        self.note(source, |contact| {
            contact.through_proxy = through_proxy;
            contact.trouble.get_or_insert(trouble);
        });
    }

    fn note(&self, source: &str, change: impl FnOnce(&mut Contact)) {
        let mut contacts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(contacts.entry(source.to_owned()).or_default());
    }
}

impl Trouble {
    /// What an error of the line is about. Its causes are looked through for the first that says so.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let mut words = String::new();
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(inner) = cause {
            if let Some(trouble) = told_by(inner) {
                return trouble;
            }
            words = inner.to_string();
            cause = inner.source();
        }
        Self::Other(crate::text::shorten(crate::text::harmless(&words).trim(), 200))
    }
}

/// What one cause says by its type, or where the types are nobody's to see, by its words.
fn told_by(cause: &(dyn Error + 'static)) -> Option<Trouble> {
    if let Some(tls) = held_by(cause) {
        return of_tls(tls);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Trouble::Refused),
            io::ErrorKind::TimedOut => Some(Trouble::TimedOut),
            _ => None,
        };
    }
    let words = cause.to_string();
    let says = |text: &str| words.contains(text);
    match () {
        () if says("dns error") => Some(Trouble::NoSuchHost),
        () if says("proxy authorization required") => Some(Trouble::ProxyWantsLogin),
        () if says("tunnel error: unsuccessful") || words == "unsuccessful" => Some(Trouble::ProxySaysNo),
        () => None,
    }
}

fn of_tls(error: &rustls::Error) -> Option<Trouble> {
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            // Of an authority that has the name of one that is known, but not its key, the signature is wrong.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(Trouble::UnknownAuthority),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Some(Trouble::WrongName)
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Some(Trouble::OutOfDate),
            _ => None,
        },
        rustls::Error::InvalidMessage(_) => Some(Trouble::NoTls),
        _ => None,
    }
}

/// The TLS error that an error is, or holds. An I/O error is transparent: as its cause it names that of the error it
/// holds, and passes over that error itself, which may be another I/O error.
pub(super) fn held_by<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut error = error;
    while let Some(held) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = held;
    }
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(date: &str, age: bool) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        if age {
            headers.insert(AGE, "3000".parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_answer_that_differs_least_tells_the_time() {
        let contacts = Contacts::default();
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        assert_eq!(contacts.of("jira"), None);
        contacts.answered("jira", &dated("Sun, 22 Nov 2026 01:00:00 GMT", true), now);
        assert_eq!(contacts.of("jira").unwrap().ahead, None, "a cache tells when it was filled");
        contacts.answered("jira", &dated("Sun, 22 Nov 2026 01:59:50 GMT", false), now);
        contacts.answered("jira", &dated("Sun, 22 Nov 2026 02:00:02 GMT", false), now);
        let contact = contacts.of("jira").unwrap();
        assert_eq!((contact.answers, contact.ahead), (3, Some(TimeDelta::seconds(-2))));
    }

    #[test]
    fn the_first_trouble_is_kept() {
        let contacts = Contacts::default();
        contacts.missed("jira", Trouble::Refused, true);
        contacts.missed("jira", Trouble::TimedOut, true);
        let contact = contacts.of("jira").unwrap();
        assert_eq!((contact.trouble, contact.through_proxy, contact.answers), (Some(Trouble::Refused), true, 0));
    }
}
