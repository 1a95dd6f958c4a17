//! Systems that are recognised behind an account or a credential. This is the one place that asks what was detected: it
//! looks at what accounts and credentials are called and where they lead.

use crate::inventory::Inventory;
use crate::inventory::recognise::{Signal, Traits, score};
use crate::model::{Profile, Resource};

/// From this score on something counts as recognised.
const ENOUGH: f64 = 0.5;

/// A system that something shows.
#[derive(Debug)]
pub(super) struct System {
    /// What people call it.
    pub(super) title: String,
    /// How sure one may be, from 0 to 1.
    pub(super) score: f64,
    /// What it was recognised by, one line each.
    pub(super) evidence: Vec<String>,
}

/// The system behind a credential and the account it acts as, or behind an account alone: the best that fits.
pub(super) fn behind(shown: &[&Resource], profiles: &[Profile]) -> Option<System> {
    let traits: Vec<(&Resource, Traits<'_>)> = shown.iter().map(|one| (*one, Traits::of(one))).collect();
    let mut best: Option<System> = None;
    for profile in profiles {
        let signals: Vec<(&Resource, Signal)> = traits
            .iter()
            .flat_map(|(one, traits)| traits.signals(&profile.fingerprints).into_iter().map(|signal| (*one, signal)))
            .collect();
        let score = score(signals.iter().map(|(_, signal)| signal));
        if score >= ENOUGH && best.as_ref().is_none_or(|best| score > best.score) {
            let line = |(one, signal): &(&Resource, Signal)| {
                format!("{} of “{}” fits `{}`", signal.sign.words(), one.title(), signal.pattern)
            };
            let evidence = signals.iter().map(line).collect();
            best = Some(System { title: profile.title.clone(), score, evidence });
        }
    }
    best
}

/// A resource and what it acts as, as far as both were seen.
pub(super) fn with_owner<'a>(inventory: &Inventory<'a>, credential: &'a Resource) -> Vec<&'a Resource> {
    let owner = match &credential.body {
        crate::model::Body::Credential(body) => body.owner.known().and_then(|owner| inventory.get(owner)),
        _ => None,
    };
    std::iter::once(credential).chain(owner).collect()
}
