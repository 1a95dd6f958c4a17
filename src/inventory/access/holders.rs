//! How many accounts may do what in each place: one pass over all of them, those of the same rights together.

use std::collections::HashMap;
use std::thread;

use super::breadth::Count;
use super::index::Index;
use super::outline::Outline;
use super::peers::Group;
use super::{ANY, Access, Bound, EachOnce, Permission, Power};
use crate::model::{Body, Kind, Principal, Resource, ResourceId};

/// With fewer sorts of accounts, sharing out costs more than it saves.
const WORTH_SHARING: usize = 500;

/// How many accounts may do what with one container, those left out that are not let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holders {
    /// Accounts that may change something there, and not just as everybody may.
    pub changing: Count,
    /// Accounts that decide on it.
    pub deciding: Count,
}

impl Holders {
    /// Of so many accounts that may all do the same.
    fn alike(bounds: Bounds, certain: usize, perhaps: usize) -> Self {
        let [changing, deciding] = bounds.map(|bound| Count {
            at_least: if bound == Some(Bound::Held) { certain } else { 0 },
            at_most: if bound.is_some() { perhaps } else { 0 },
            boundless: false,
        });
        Self { changing, deciding }
    }

    fn add(&mut self, more: Self) {
        for (count, more) in [(&mut self.changing, more.changing), (&mut self.deciding, more.deciding)] {
            count.at_least += more.at_least;
            count.at_most += more.at_most;
            count.boundless |= more.boundless;
        }
    }

    fn take(&mut self, less: Self) {
        for (count, less) in [(&mut self.changing, less.changing), (&mut self.deciding, less.deciding)] {
            count.at_least -= less.at_least;
            count.at_most -= less.at_most;
        }
    }
}

/// Whether one account may change something in a place, and decide on it.
type Bounds = [Option<Bound>; 2];

/// What one account adds to the holders of every place.
#[derive(Debug)]
pub(super) struct Share {
    /// In the projects that are alike, by their place in the index.
    common: Box<[(u32, Bounds)]>,
    /// In single places, and what `common` says of them in vain.
    single: Box<[(u32, Bounds, Option<Bounds>)]>,
}

impl<'a> Access<'_, 'a> {
    /// How many accounts may do what with a container.
    #[must_use]
    pub fn holders(&self, container: &Resource) -> Holders {
        let holders = self.inventory.prepared.holders.get_or_init(|| self.all_holders());
        let none = Holders {
            changing: Count { boundless: self.more_may_hold(), ..Count::default() },
            deciding: Count { boundless: self.more_may_hold(), ..Count::default() },
        };
        holders.get(&container.id).copied().unwrap_or(none)
    }

    /// True if further accounts may hold something anywhere.
    fn more_may_hold(&self) -> bool {
        !self.inventory.seen_whole(Kind::Principal) || !self.index.unplaced().is_empty()
    }

    /// What a reach says of holders.
    pub(super) fn share(&self, outline: &Outline<'a>) -> Share {
        let mut looked_at = EachOnce::new();
        let mut of =
            |list| *looked_at.of(list, |list| [Power::Write, Power::Administer].map(|least| own_bound(list, least)));
        let common = outline.common.iter().map(|(alike, list)| (*alike, of(list))).collect();
        let single = outline.single.iter().map(|(at, list)| {
            let instead = self.index.alike_of(*at).and_then(|alike| outline.in_common(alike));
            (*at, of(list), instead.map(&mut of))
        });
        Share { common, single: single.collect() }
    }

    fn all_holders(&self) -> HashMap<ResourceId, Holders> {
        let groups = self.peers().groups();
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hands = if groups.len() < WORTH_SHARING { 1 } else { processors };
        let shares = thread::scope(|scope| {
            let shares = groups.chunks(groups.len().div_ceil(hands).max(1));
            let workers: Vec<_> = shares.map(|share| scope.spawn(move || self.holders_among(share))).collect();
            let shares = workers.into_iter().map(|worker| worker.join());
            shares.map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
        });
        let mut held = Held::of(self.index);
        shares.into_iter().for_each(|share| held.add(share));
        held.by_container(*self)
    }

    /// The same of some accounts.
    fn holders_among(&self, groups: &[Group]) -> Held {
        let mut held = Held::of(self.index);
        for group in groups {
            let (mut certain, mut perhaps) = (0, 0);
            for account in &group.accounts {
                let Body::Principal(body) = &self.inventory.resource(*account).body else { continue };
                let let_in = body.status.known().and_then(|status| Principal::lets_in(status));
                certain += usize::from(let_in == Some(true));
                perhaps += usize::from(let_in != Some(false));
            }
            if perhaps == 0 {
                continue;
            }
            let share = &self.shared(group).share;
            for (alike, bounds) in &share.common {
                held.common[*alike as usize].add(Holders::alike(*bounds, certain, perhaps));
            }
            for (at, bounds, instead) in &share.single {
                held.single.entry(*at).or_default().add(Holders::alike(*bounds, certain, perhaps));
                if let Some(instead) = instead {
                    held.instead.entry(*at).or_default().add(Holders::alike(*instead, certain, perhaps));
                }
            }
        }
        held
    }
}

/// How many accounts may do what where, projects that are alike together.
struct Held {
    /// In the projects that are alike, by their place in the index.
    common: Vec<Holders>,
    /// In single places, beside or instead of that.
    single: HashMap<u32, Holders>,
    /// What `common` counts of accounts that have something of their own in a project, and `single` as well.
    instead: HashMap<u32, Holders>,
}

impl Held {
    fn of(index: &Index) -> Self {
        let common = vec![Holders::default(); index.alike().len()];
        Self { common, single: HashMap::new(), instead: HashMap::new() }
    }

    fn add(&mut self, other: Self) {
        self.common.iter_mut().zip(other.common).for_each(|(held, more)| held.add(more));
        for (all, more) in [(&mut self.single, other.single), (&mut self.instead, other.instead)] {
            more.into_iter().for_each(|(at, more)| all.entry(at).or_default().add(more));
        }
    }

    fn by_container(mut self, access: Access<'_, '_>) -> HashMap<ResourceId, Holders> {
        let boundless = access.more_may_hold();
        for (at, alike) in access.index.projects() {
            let common = self.common[*alike as usize];
            let held = self.single.entry(*at).or_default();
            held.add(common);
            if let Some(instead) = self.instead.get(at) {
                held.take(*instead);
            }
        }
        let named = |(at, held): (u32, Holders)| {
            let [changing, deciding] = [held.changing, held.deciding].map(|count| Count { boundless, ..count });
            (access.inventory.resource(at).id.clone(), Holders { changing, deciding })
        };
        self.single.into_iter().map(named).collect()
    }
}

/// Whether something of at least this power is there that not everybody has: for certain, perhaps, or not. What is there for
/// some issues and cannot be ruled out for all is there perhaps.
fn own_bound(permissions: &[Permission<'_>], least: Power) -> Option<Bound> {
    let is_own = |one: &&Permission<'_>| !one.of_everybody && (one.power >= least || one.key == ANY);
    let bound = |one: &Permission<'_>| match one.bound {
        Bound::Held => Some(Bound::Held),
        Bound::Conditional => one.doubt.map(|_| Bound::Possible),
        Bound::Possible => Some(Bound::Possible),
    };
    permissions.iter().filter(is_own).filter_map(bound).min()
}
