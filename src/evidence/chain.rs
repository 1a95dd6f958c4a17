//! The chain of packs: each names the digest of the one before it, so that one that is missing or was replaced shows.

use std::collections::BTreeMap;

use super::manifest::Link;
use super::verify::Verified;

/// A pack in its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// The name it was found under.
    pub name: String,
    /// The pack.
    pub pack: Verified,
    /// What is wrong between it and the one before it; empty if nothing is.
    pub breaks: Vec<Break>,
}

/// What is wrong between two packs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Packs before this one are not there.
    #[error("{} before it: pack {first} to {last}", crate::text::plural(usize::try_from(last - first + 1).unwrap_or(usize::MAX), "pack is missing", "packs are missing"))]
    Missing {
        /// The first number that is not there.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The pack before it is not the one that it names.
    #[error("pack {number} was replaced: this one names another")]
    Replaced {
        /// The number of the pack before it.
        number: u64,
    },
    /// Another pack has the same number.
    #[error("`{other}` has the number {number} as well")]
    Doubled {
        /// The number.
        number: u64,
        /// The name of the other.
        other: String,
    },
    /// Its number and what it names before it do not fit.
    #[error("it has the number {number} and names {} before it", before.map_or("no pack".to_owned(), |before| format!("pack {before}")))]
    Misnumbered {
        /// Its number.
        number: u64,
        /// The number that it names.
        before: Option<u64>,
    },
    /// It is of another estate than the one before it.
    #[error("it is of the estate `{estate}`, the one before it is not")]
    OtherEstate {
        /// Its estate.
        estate: String,
    },
}

/// Puts packs, each under the name it was found, into the order of their chain, with what is wrong between them.
#[must_use]
pub fn chain(packs: Vec<(String, Verified)>) -> Vec<Chained> {
    let mut sorted: BTreeMap<(u64, String), Verified> = BTreeMap::new();
    for (name, pack) in packs {
        sorted.insert((pack.manifest.made.number, name), pack);
    }
    let mut chained: Vec<Chained> = Vec::new();
    for ((number, name), pack) in sorted {
        let mut breaks = Vec::new();
        let made = &pack.manifest.made;
        let names = made.previous.as_ref().map(|link| link.number);
        if names.unwrap_or(0) + 1 != number {
            breaks.push(Break::Misnumbered { number, before: names });
        }
        match chained.last() {
            None if number > 1 => breaks.push(Break::Missing { first: 1, last: number - 1 }),
            None => {}
            Some(before) => breaks.extend(between(before, number, &made.previous, &made.estate)),
        }
        chained.push(Chained { name, pack, breaks });
    }
    chained
}

fn between(before: &Chained, number: u64, previous: &Option<Link>, estate: &str) -> Vec<Break> {
    let made = &before.pack.manifest.made;
    let mut breaks = Vec::new();
    if made.estate != estate {
        breaks.push(Break::OtherEstate { estate: estate.to_owned() });
    }
    if made.number == number {
        breaks.push(Break::Doubled { number, other: before.name.clone() });
    } else if made.number + 1 < number {
        breaks.push(Break::Missing { first: made.number + 1, last: number - 1 });
    } else if previous.as_ref().is_some_and(|link| link.manifest_sha256 != before.pack.manifest_sha256) {
        breaks.push(Break::Replaced { number: made.number });
    }
    breaks
}
