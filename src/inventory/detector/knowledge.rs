//! What is known about systems: the shipped profiles, and those that users add. A snapshot is asked with it.

use std::sync::LazyLock;

use super::patterns::Patterns;
use super::profiles::profiles;
use crate::model::Profile;

/// Profiles of systems, with their patterns put in order so that many names can be compared.
#[derive(Debug)]
pub struct Knowledge {
    profiles: Vec<Profile>,
    patterns: Patterns,
}

impl Knowledge {
    /// What is shipped.
    #[must_use]
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Knowledge> = LazyLock::new(|| {
            let shipped = profiles(&[]);
            Knowledge::of(
                shipped
                    .unwrap_or_else(|problems| unreachable!("internal: the shipped profiles are proper: {problems}")),
            )
        });
        &SHIPPED
    }

    /// These profiles and no others: [`profiles`] puts the shipped ones and a user's own together.
    #[must_use]
    pub fn of(mut profiles: Vec<Profile>) -> Self {
        profiles.sort_by(|left, right| left.id.cmp(&right.id));
        profiles.dedup_by(|later, earlier| later.id == earlier.id);
        let patterns = Patterns::of(&profiles);
        Self { profiles, patterns }
    }

    /// The profiles, sorted by id.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The profile at a place.
    #[must_use]
    pub fn profile(&self, place: u16) -> Option<&Profile> {
        self.profiles.get(usize::from(place))
    }

    /// The place of a profile.
    #[must_use]
    pub fn place_of(&self, id: &str) -> Option<u16> {
        let place = self.profiles.binary_search_by(|profile| profile.id.as_str().cmp(id)).ok()?;
        u16::try_from(place).ok()
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }
}
