//! A row that may be wrong without spoiling its page.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use super::error::shape_mismatch;

/// A row as it was described, or why it is not. Only inside JSON text, where the row's bytes can be read twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lenient<T> {
    /// The row.
    Good(T),
    /// What was expected and where in the row; never what was found.
    Bad(String),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        Ok(serde_json::from_str(raw.get()).map_or_else(|error| Self::Bad(shape_mismatch(&error)), Self::Good))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_row_leaves_the_others_readable() {
        let rows: Vec<Lenient<u8>> = serde_json::from_str(r#"[1, "s3cret", 3]"#).unwrap();
        let [Lenient::Good(1), Lenient::Bad(reason), Lenient::Good(3)] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert!(reason.contains("expected u8") && !reason.contains("s3cret"), "{reason}");
    }
}
