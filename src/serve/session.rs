//! Sessions: who signed in, told by a random word that only their browser has. They are kept in memory, so that none outlives the
//! process, and end by themselves: when nobody used them for a while, and for good after a working day.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::{SecureRandom, SystemRandom};

use super::visitor::Visitor;
use crate::digest::Digest;

/// Sessions at once. Whoever signs in beyond that ends the oldest.
const MOST: usize = 10_000;

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// Without a request.
    pub idle: Duration,
    /// In any case.
    pub longest: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30 * 60), longest: Duration::from_secs(10 * 3600) }
    }
}

/// 256 random bits as a word for headers, addresses and forms.
///
/// # Panics
/// When the system has no random numbers.
pub(super) fn random_word() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("internal: the system gives random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A session as a request finds it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) visitor: Visitor,
    /// Stands in the forms of its pages: a request that changes something and lacks it comes from elsewhere.
    pub(super) form_word: String,
}

#[derive(Debug)]
struct Kept {
    session: Session,
    begun: DateTime<Utc>,
    used: DateTime<Utc>,
}

/// All sessions, by the digest of their word: what is looked up takes as long whatever was sent, and the words are kept nowhere.
#[derive(Debug)]
pub(super) struct Sessions {
    lifetime: Lifetime,
    kept: Mutex<HashMap<Digest, Kept>>,
}

impl Sessions {
    pub(super) fn new(lifetime: Lifetime) -> Self {
        Self { lifetime, kept: Mutex::new(HashMap::new()) }
    }

    /// How long a session lasts at most.
    pub(super) fn longest(&self) -> Duration {
        self.lifetime.longest
    }

    /// Begins a session, and gives back its word.
    pub(super) fn begin(&self, visitor: Visitor, now: DateTime<Utc>) -> String {
        let word = random_word();
        let session = Session { visitor, form_word: random_word() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.retain(|_, one| self.stands(one, now));
        }
        if kept.len() >= MOST {
            let oldest = kept.iter().min_by_key(|(_, one)| one.begun).map(|(digest, _)| *digest);
            oldest.and_then(|digest| kept.remove(&digest));
        }
        kept.insert(Digest::of_bytes(word.as_bytes()), Kept { session, begun: now, used: now });
        word
    }

    /// The session of a word, if it has not ended; it counts as used.
    pub(super) fn find(&self, word: &str, now: DateTime<Utc>) -> Option<Session> {
        let digest = Digest::of_bytes(word.as_bytes());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let one = kept.get_mut(&digest)?;
        if !self.stands(one, now) {
            kept.remove(&digest);
            return None;
        }
        one.used = one.used.max(now);
        Some(one.session.clone())
    }

    /// Ends a session.
    pub(super) fn end(&self, word: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&Digest::of_bytes(word.as_bytes()));
    }

    fn stands(&self, one: &Kept, now: DateTime<Utc>) -> bool {
        let within = |since: DateTime<Utc>, long: Duration| {
            now - since <= TimeDelta::from_std(long).unwrap_or(TimeDelta::MAX) && since <= now + TimeDelta::minutes(5)
        };
        within(one.used, self.lifetime.idle) && within(one.begun, self.lifetime.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn sessions() -> Sessions {
        Sessions::new(Lifetime { idle: Duration::from_secs(60), longest: Duration::from_secs(600) })
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it() {
        let sessions = sessions();
        let word = sessions.begin(Visitor::Local, now());
        assert!(sessions.find(&word, now() + TimeDelta::seconds(59)).is_some());
        assert!(sessions.find(&word, now() + TimeDelta::seconds(118)).is_some(), "it was used in between");
        assert!(sessions.find(&word, now() + TimeDelta::seconds(179)).is_none());
        assert!(sessions.find(&word, now() + TimeDelta::seconds(118)).is_none(), "what has ended has ended");
    }

    #[test]
    fn a_session_ends_after_its_time_however_often_it_is_used() {
        let sessions = sessions();
        let word = sessions.begin(Visitor::Local, now());
        let used = (0..100).take_while(|at| sessions.find(&word, now() + TimeDelta::seconds(at * 30)).is_some());
        assert_eq!(used.count(), 21);
    }

    #[test]
    fn words_are_long_differ_and_lead_to_one_session_each() {
        let sessions = sessions();
        let one = sessions.begin(Visitor::Token("a".to_owned()), now());
        let other = sessions.begin(Visitor::Token("b".to_owned()), now());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
        sessions.end(&one);
        assert!(sessions.find(&one, now()).is_none() && sessions.find(&other, now()).is_some());
        assert!(sessions.find("", now()).is_none());
    }

    #[test]
    fn there_are_never_too_many() {
        let sessions = Sessions::new(Lifetime::default());
        let first = sessions.begin(Visitor::Local, now());
        for _ in 0..MOST {
            sessions.begin(Visitor::Local, now() + TimeDelta::minutes(1));
        }
        assert!(sessions.find(&first, now() + TimeDelta::minutes(2)).is_none());
        assert_eq!(sessions.kept.lock().unwrap().len(), MOST);
    }
}
