//! Keys of rows: short enough to read out, made from what the row is about, with a part that tells a mangled one.

use crate::digest::Digest;
use crate::model::ResourceId;

/// Characters that tell the row.
const TELLING: usize = 12;
/// Characters that tell a slip.
const CHECKING: usize = 3;

/// The key of the row about an account in a place: `R-4KX0ZQ7M2B9D-T1C`. It begins with a letter and a dash, so that no
/// spreadsheet takes it for a number.
#[must_use]
pub fn key(review: &str, account: &ResourceId, container: &ResourceId) -> String {
    let telling = Digest::of(&(review, account, container)).base32(TELLING);
    format!("R-{telling}-{}", check_of(&telling))
}

/// True if a key is as it was made; which review and row it is of is another question.
#[must_use]
pub fn is_key(written: &str) -> bool {
    let parts = written.strip_prefix("R-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(telling, check)| telling.len() == TELLING && check == check_of(telling))
}

fn check_of(telling: &str) -> String {
    Digest::of(&("row", telling)).base32(CHECKING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    fn made(review: &str, container: &str) -> String {
        let account = ResourceId::new("acme", Kind::Principal, "bot");
        key(review, &account, &ResourceId::new("acme", Kind::Container, container))
    }

    #[test]
    fn a_key_is_of_one_row_of_one_review() {
        assert_eq!(made("q4", "project:1"), made("q4", "project:1"));
        assert_ne!(made("q4", "project:1"), made("q4", "project:2"));
        assert_ne!(made("q4", "project:1"), made("q1", "project:1"));
    }

    #[test]
    fn a_slip_in_a_key_is_told() {
        let key = made("q4", "project:1");
        assert!(is_key(&key));
        for at in 2..key.len() {
            for letter in ["0", "Z"] {
                let mut slip = key.clone();
                slip.replace_range(at..=at, letter);
                assert_eq!(is_key(&slip), slip == key, "{slip}");
            }
        }
        assert!(!is_key(&key.to_lowercase()) && !is_key("") && !is_key("R-") && !is_key("46352"));
    }
}
