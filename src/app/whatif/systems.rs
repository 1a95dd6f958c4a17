//! Systems that the detector found behind an account or a credential. This is the one place that asks what was detected.

use crate::inventory::Inventory;
use crate::inventory::detector::{Score, Side, Signal, SystemScore, evidence};
use crate::model::{Fact, ResourceId};

/// From this score on a system is named; below what the detector says aloud, it is said to be a guess.
const WORTH_NAMING: u32 = 50;

/// A system that something shows.
#[derive(Debug)]
pub(super) struct System {
    /// What people call it; with a “perhaps” where it is not sure enough to be said aloud.
    pub(super) title: String,
    /// How sure one may be, and by what, in one line.
    pub(super) why: String,
    /// The credential that it uses, where one shows it.
    pub(super) via: Option<ResourceId>,
}

/// The system that uses a credential.
pub(super) fn using(inventory: &Inventory<'_>, credential: &ResourceId) -> Option<System> {
    let found = inventory.detections().credential(credential)?;
    let named = found.system.as_ref().filter(|one| one.score.seen >= WORTH_NAMING);
    match named {
        Some(one) => Some(system(inventory, one.system, one.score, &found.signals)),
        None if found.score.is_enough() == Fact::Known(true) => {
            Some(system(inventory, None, found.score, &found.signals))
        }
        None => None,
    }
}

/// The system that runs on an account: the one that is surest.
pub(super) fn on(inventory: &Inventory<'_>, account: &ResourceId) -> Option<System> {
    let found = inventory.detections().account(account)?;
    let best: &SystemScore = found.systems.first().filter(|one| one.score.seen >= WORTH_NAMING)?;
    let of_token = best.via.as_ref().and_then(|via| inventory.detections().credential(via));
    let signals: Vec<Signal> =
        found.signals.iter().chain(of_token.into_iter().flat_map(|one| &one.signals)).cloned().collect();
    Some(System { via: best.via.clone(), ..system(inventory, best.system, best.score, &signals) })
}

fn system(inventory: &Inventory<'_>, place: Option<u16>, score: Score, signals: &[Signal]) -> System {
    let profile = place.and_then(|place| inventory.knowledge().profile(place));
    let title = profile.map_or("a system of no known sort", |profile| profile.title.as_str());
    let sure = score.is_enough() == Fact::Known(true);
    // Signs of the person whose account it is say nothing of the system.
    let speaks_for_it = |signal: &&Signal| signal.clue.weight().speaks_for.contains(&Side::System);
    let about = signals.iter().filter(speaks_for_it);
    let about = about.filter(|signal| signal.system.is_none() || signal.system == place);
    let mut shown: Vec<String> = about.map(|signal| evidence(inventory, signal)).collect();
    shown.sort();
    shown.dedup();
    System {
        title: if sure { title.to_owned() } else { format!("{title}, perhaps") },
        why: format!("recognised with a score of {} of 100: {}", score.seen, shown.join("; ")),
        via: None,
    }
}
