//! Hides secrets of ours in what the other side says, should it repeat them: whole ones, and the telling parts of a
//! secret address.

use reqwest::Url;

use crate::http::segment;
use crate::secret::Secret;

/// Parts of an address shorter than this are words, such as `hooks`, and cannot be a secret worth the name.
const SHORTEST_PART: usize = 8;

/// A part of a host name as long as this was not made for people.
const SHORTEST_LABEL: usize = 16;

/// The texts to hide, longest first.
#[derive(Default)]
pub(super) struct Mask(Vec<Secret>);

impl Mask {
    /// Hides an address, its path, each long part of it, and each long value of its query.
    pub(super) fn of_address(address: &Url) -> Self {
        let mut parts = vec![address.to_string(), address.path().to_owned()];
        let segments = address.path().split('/').map(str::to_owned);
        let raw = address.query().unwrap_or_default().split(['&', '=']).map(str::to_owned);
        let values = address.query_pairs().map(|(_, value)| value.into_owned());
        parts.extend(segments.chain(raw).chain(values));
        parts.retain(|part| part.len() >= SHORTEST_PART);
        let labels = address.host_str().unwrap_or_default().split('.').filter(|label| label.len() >= SHORTEST_LABEL);
        parts.extend(labels.map(str::to_owned));
        Self(parts.into_iter().map(Secret::new).collect()).sorted()
    }

    /// Hides further secrets, plain or percent-encoded.
    pub(super) fn and<'a>(mut self, secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        for secret in secrets {
            self.0.extend([secret.clone(), Secret::new(segment(secret.expose()))]);
        }
        self.sorted()
    }

    /// The text with asterisks in their place.
    pub(super) fn hide(&self, text: &str) -> String {
        let secrets = self.0.iter().map(Secret::expose).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    fn sorted(mut self) -> Self {
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_parts_are_hidden() {
        let text = "https://hooks.example.com/triggers/T012345678/abcdefgh%2Fij?sig=s1gnatur3s1g&v=1";
        let mask = Mask::of_address(&Url::parse(text).unwrap()).and(&[Secret::new("he/der".to_owned())]);
        let said = format!("{text} and /T012345678/ and abcdefgh%2Fij and s1gnatur3s1g and he/der and he%2Fder");
        let shown = mask.hide(&said);
        for secret in ["T012345678", "abcdefgh", "s1gnatur3s1g", "he/der", "he%2Fder"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(!mask.hide("v=1 example.com").contains('*'));
    }
}
