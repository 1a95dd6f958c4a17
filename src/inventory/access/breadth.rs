//! How far something reaches, as a few numbers.

use std::collections::HashSet;
use std::sync::Arc;

use super::outline::{Outline, Same};
use super::{ANY, Access, Bound, EachOnce, Permission, Power, Reach};
use crate::model::{Body, Container, ContainerForm, Credential, Resource, ResourceId};

/// A number that may be known to be at least so much, and at most so much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Certain.
    pub at_least: usize,
    /// What could not be ruled out is counted in, what merely depends on the single issue is not; meaningless where
    /// `boundless`.
    pub at_most: usize,
    /// True if there may be any number more.
    pub boundless: bool,
}

impl Count {
    /// The number, if it is certain.
    #[must_use]
    pub fn exact(self) -> Option<usize> {
        (self.at_least == self.at_most && !self.boundless).then_some(self.at_least)
    }
}

/// How far an account or credential reaches: in how many places of content (projects, spaces, repositories) it may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breadth {
    /// Places it may see.
    pub readable: Count,
    /// Places in which it may change something.
    pub writable: Count,
    /// Places in which it may delete what others made, or act in their name.
    pub destroyable: Count,
    /// Places on which it decides.
    pub administered: Count,
    /// Whole products and organisations that it administers, as “org-admin on Acme”, sorted.
    pub administers: Vec<String>,
    /// True if it cannot be ruled out that it administers one more.
    pub may_administer_more: bool,
    /// The most dangerous permission it has for certain: its power, and in words.
    pub gravest: Option<(Power, String)>,
    /// How many places of content there are.
    pub places: usize,
}

/// What is counted as content.
pub(super) fn is_content(form: ContainerForm) -> bool {
    matches!(form, ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository)
}

impl<'a> Access<'_, 'a> {
    /// How far an account or credential reaches.
    #[must_use]
    pub fn breadth(&self, subject: &'a Resource) -> Breadth {
        let outline = self.outline(subject);
        self.breadth_of_outline(&outline, &self.together(&outline))
    }

    /// How far a reach goes.
    #[must_use]
    pub fn breadth_of(&self, reach: &Reach<'a>) -> Breadth {
        let places: Vec<Same<'_, 'a>> = reach.each_place().collect();
        self.count(reach.subject, &places, &reach.out_of_sight, reach.boundless)
    }

    /// The same of a reach in short, with the places that are alike put together.
    pub(super) fn breadth_of_outline(&self, outline: &Outline<'a>, together: &[Same<'_, 'a>]) -> Breadth {
        self.count(outline.subject, together, &outline.out_of_sight, outline.boundless)
    }

    fn count(
        &self,
        subject: &Resource,
        places: &[Same<'_, 'a>],
        out_of_sight: &[(&'a ResourceId, Permission<'a>)],
        boundless: bool,
    ) -> Breadth {
        let mut breadth = Breadth { places: self.index.places_of_content(), ..Breadth::default() };
        // Projects of one scheme share their list: each list is looked at once.
        let mut looked_at = EachOnce::new();
        for same in places {
            let Body::Container(Container { form, .. }) = &same.first.body else { continue };
            if is_content(*form) {
                let found = looked_at.of(same.permissions, look);
                let counts =
                    [&mut breadth.readable, &mut breadth.writable, &mut breadth.destroyable, &mut breadth.administered];
                for (count, bound) in counts.into_iter().zip(found) {
                    count.at_least += if *bound == Some(Bound::Held) { same.number } else { 0 };
                    count.at_most += if bound.is_some() { same.number } else { 0 };
                }
                continue;
            }
            for one in same.permissions.iter().filter(|one| one.power == Power::AdministerAll) {
                match one.bound {
                    Bound::Held => breadth.administers.push(format!("{} on {}", one.key, same.first.title())),
                    Bound::Possible => breadth.may_administer_more = true,
                    Bound::Conditional => {}
                }
            }
        }
        for (id, one) in out_of_sight.iter().filter(|(_, one)| one.power == Power::AdministerAll) {
            match one.bound {
                Bound::Held => breadth.administers.push(format!("{} on {}", one.key, id.native())),
                _ => breadth.may_administer_more = true,
            }
        }
        breadth.may_administer_more |= boundless;
        let boundless = boundless || self.may_reach_more(subject, !places.is_empty());
        for count in [&mut breadth.readable, &mut breadth.writable, &mut breadth.destroyable, &mut breadth.administered]
        {
            count.boundless = boundless;
        }
        breadth.administers.sort();
        breadth.administers.dedup();
        let words = |(one, container): (&Permission<'_>, &Resource)| {
            (one.power, format!("{} on {}", one.key, super::place(container)))
        };
        breadth.gravest = gravest(places.iter().copied()).map(words);
        breadth
    }
}

impl<'a> Access<'_, 'a> {
    /// True if there may be places of content that were not seen and that it reaches: where accounts of its tenant may
    /// have rights, or in the one thing that it opens.
    fn may_reach_more(&self, subject: &Resource, anywhere: bool) -> bool {
        let account = match &subject.body {
            Body::Credential(Credential { owner, .. }) => owner.known(),
            _ => Some(&subject.id),
        };
        match account {
            Some(account) => self.index.content_may_be_hidden_from(account.tenant()),
            None => self.index.content_may_be_hidden() && anywhere,
        }
    }
}

/// Whether one may read, change, destroy and decide in a place of content: for certain, perhaps, or not.
pub(super) fn look(permissions: &[Permission<'_>]) -> [Option<Bound>; 4] {
    let may = |powers: &[Power]| {
        let held = |one: &Permission<'_>| one.bound == Bound::Held && powers.contains(&one.power);
        let perhaps = |one: &Permission<'_>| one.is_possible() && (one.key == ANY || powers.contains(&one.power));
        if permissions.iter().any(held) {
            Some(Bound::Held)
        } else {
            permissions.iter().any(perhaps).then_some(Bound::Possible)
        }
    };
    [may(&[Power::Read]), may(&[Power::Write, Power::Destroy]), may(&[Power::Destroy]), may(&[Power::Administer])]
}

impl<'a> Reach<'a> {
    /// The permission with the most power that is certain; among equals one that not everybody has, then the first place.
    #[must_use]
    pub fn gravest(&self) -> Option<(&Permission<'a>, &'a Resource)> {
        gravest(self.each_place())
    }
}

pub(super) fn gravest<'r, 'a>(
    places: impl Iterator<Item = Same<'r, 'a>>,
) -> Option<(&'r Permission<'a>, &'a Resource)> {
    // A list that was met before has nothing graver in it.
    let mut met = HashSet::new();
    let rank = |one: &Permission<'_>| (one.power, !one.of_everybody);
    let mut best: Option<(&'r Permission<'a>, &'a Resource)> = None;
    for same in places.filter(|same| met.insert(Arc::as_ptr(same.permissions))) {
        for one in same.permissions.iter().filter(|one| one.bound == Bound::Held) {
            if best.is_none_or(|(known, _)| rank(one) > rank(known)) {
                best = Some((one, same.first));
            }
        }
    }
    best
}
