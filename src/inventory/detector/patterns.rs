//! The patterns of all profiles by their first word, so that a name is compared only with those it might fit.

use std::collections::HashMap;

use crate::inventory::recognise::{Traits, first_word, without_number};
use crate::model::Profile;
use crate::text::fits_pattern;

/// Places of profiles by what they are known by.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    by_word: HashMap<String, Vec<u16>>,
    /// First words with a `*` in them.
    open_words: Vec<(String, u16)>,
    hosts: Vec<(String, u16)>,
    mail_domains: Vec<(String, u16)>,
    app_keys: Vec<(String, u16)>,
}

impl Patterns {
    /// Puts the patterns of profiles in order.
    pub(super) fn of(profiles: &[Profile]) -> Self {
        let mut patterns = Self::default();
        for (place, profile) in (0..).zip(profiles) {
            let known_by = &profile.fingerprints;
            for pattern in known_by.names.iter().chain(&known_by.labels) {
                let Some(word) = first_word(pattern) else { continue };
                if word.contains('*') {
                    patterns.open_words.push((word.to_owned(), place));
                } else {
                    patterns.by_word.entry(word.to_owned()).or_default().push(place);
                }
            }
            let placed = |list: &[String]| list.iter().map(|pattern| (pattern.clone(), place)).collect::<Vec<_>>();
            patterns.hosts.extend(placed(&known_by.hosts));
            patterns.mail_domains.extend(placed(&known_by.mail_domains));
            patterns.app_keys.extend(placed(&known_by.app_keys));
        }
        patterns
    }

    /// The places of all profiles that might fit, sorted: none that fits is left out.
    pub(super) fn candidates(&self, traits: &Traits<'_>) -> Vec<u16> {
        let mut places = Vec::new();
        for word in traits.words() {
            for word in [word, without_number(word)] {
                places.extend(self.by_word.get(word).into_iter().flatten());
                places.extend(fitting(&self.open_words, word));
            }
        }
        traits.hosts().for_each(|host| places.extend(fitting(&self.hosts, host)));
        traits.mail_domains().for_each(|domain| places.extend(fitting(&self.mail_domains, domain)));
        traits.app_key().into_iter().for_each(|key| places.extend(fitting(&self.app_keys, key)));
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn fitting<'p>(patterns: &'p [(String, u16)], text: &'p str) -> impl Iterator<Item = u16> + 'p {
    patterns.iter().filter(move |(pattern, _)| fits_pattern(pattern, text)).map(|(_, place)| *place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::inventory::detector::Knowledge;
    use crate::model::{Body, Credential, CredentialForm, Kind, Resource, ResourceId};

    fn token(label: &str) -> Resource {
        let body = Body::Credential(Credential::unknown(CredentialForm::ApiToken));
        Resource { id: ResourceId::new("x", Kind::Credential, "t"), name: label.to_owned(), seen_by: Vec::new(), body }
    }

    fn words() -> impl Strategy<Value = String> {
        let known = Knowledge::shipped().profiles().iter().flat_map(|profile| profile.fingerprints.labels.clone());
        let known: Vec<String> = known.map(|label| label.replace('*', "")).collect();
        let part = prop_oneof![prop::sample::select(known), "[a-z]{1,6}", "[0-9]{1,2}"];
        let joined = prop::sample::select(vec![" ", "-", "_", ""]);
        prop::collection::vec((part, joined), 1..5)
            .prop_map(|parts| parts.into_iter().map(|(part, joined)| part + joined).collect())
    }

    proptest! {
        #[test]
        fn no_profile_that_fits_is_left_out(label in words()) {
            let knowledge = Knowledge::shipped();
            let token = token(&label);
            let traits = Traits::of(&token);
            let candidates = knowledge.patterns().candidates(&traits);
            for (place, profile) in (0..).zip(knowledge.profiles()) {
                let fits = !traits.signals(&profile.fingerprints).is_empty();
                prop_assert!(!fits || candidates.contains(&place), "{} for {label}", profile.id);
            }
        }
    }
}
