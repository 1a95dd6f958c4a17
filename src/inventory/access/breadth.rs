//! How far something reaches, as a few numbers.

use super::{ANY, Access, Bound, Power, Reach};
use crate::model::{Body, Container, ContainerForm, Resource};

/// A number that may be known to be at least so much, and at most so much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Certain.
    pub at_least: usize,
    /// What could not be ruled out is counted in; meaningless where `boundless`.
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
        self.breadth_of(&self.of(subject))
    }

    /// How far a reach goes.
    #[must_use]
    pub fn breadth_of(&self, reach: &Reach<'a>) -> Breadth {
        let mut breadth = Breadth { places: self.index.places_of_content(), ..Breadth::default() };
        let hidden = self.index.content_may_be_hidden() && !reach.places.is_empty();
        for place in &reach.places {
            let Body::Container(Container { form, .. }) = &place.container.body else { continue };
            if is_content(*form) {
                let held =
                    |power: Power| place.permissions.iter().any(|one| one.bound == Bound::Held && one.power == power);
                let perhaps = |power: Power| {
                    place
                        .permissions
                        .iter()
                        .any(|one| one.bound == Bound::Possible && (one.power == power || one.key == ANY))
                };
                for (count, powers) in [
                    (&mut breadth.readable, &[Power::Read][..]),
                    (&mut breadth.writable, &[Power::Write, Power::Destroy]),
                    (&mut breadth.destroyable, &[Power::Destroy]),
                    (&mut breadth.administered, &[Power::Administer]),
                ] {
                    let certain = powers.iter().any(|power| held(*power));
                    count.at_least += usize::from(certain);
                    count.at_most += usize::from(certain || powers.iter().any(|power| perhaps(*power)));
                }
            }
            for one in place.permissions.iter().filter(|one| one.power == Power::AdministerAll) {
                match one.bound {
                    Bound::Held => breadth.administers.push(format!("{} on {}", one.key, place.container.title())),
                    Bound::Possible => breadth.may_administer_more = true,
                    Bound::Conditional => {}
                }
            }
        }
        for (id, one) in reach.out_of_sight.iter().filter(|(_, one)| one.power == Power::AdministerAll) {
            match one.bound {
                Bound::Held => breadth.administers.push(format!("{} on {}", one.key, id.native())),
                _ => breadth.may_administer_more = true,
            }
        }
        let boundless = reach.boundless || hidden;
        for count in [&mut breadth.readable, &mut breadth.writable, &mut breadth.destroyable, &mut breadth.administered]
        {
            count.boundless = boundless;
        }
        breadth.may_administer_more |= reach.boundless;
        breadth.administers.sort();
        breadth.administers.dedup();
        breadth.gravest = gravest(reach);
        breadth
    }
}

/// The permission with the most power that is certain; among equals one that not everybody has, then the first place.
fn gravest(reach: &Reach<'_>) -> Option<(Power, String)> {
    let held = reach.places.iter().flat_map(|place| {
        place.permissions.iter().filter(|one| one.bound == Bound::Held).map(move |one| (one, place.container))
    });
    let mut best: Option<(&super::Permission<'_>, &Resource)> = None;
    for (one, container) in held {
        let rank = |one: &super::Permission<'_>| (one.power, !one.of_everybody);
        if best.is_none_or(|(known, _)| rank(one) > rank(known)) {
            best = Some((one, container));
        }
    }
    best.map(|(one, container)| (one.power, format!("{} on {}", one.key, container.title())))
}
