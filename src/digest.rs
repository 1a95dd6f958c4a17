//! SHA-256 over canonical JSON: the fingerprint of a resource, a snapshot, a finding.
//!
//! Canonical means: the fields of our own types in the order they are declared, maps and sets sorted,
//! unknown facts left out. The same value gives the same bytes on every machine.

use std::fmt;
use std::io;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// With fewer values, sharing out costs more than it saves.
const WORTH_SHARING: usize = 5_000;

/// A SHA-256 digest. Shown and stored as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value's canonical JSON.
    ///
    /// # Panics
    /// Only if the type cannot be JSON (a map with keys that are no strings), which is a bug of ours.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        let mut digester = Digester::default();
        serde_json::to_writer(&mut digester, value).expect("internal: our own types can be written as JSON");
        digester.finish()
    }

    /// The digest of each of many values: all processors take their share.
    ///
    /// # Panics
    /// As for [`Digest::of`].
    #[must_use]
    pub fn of_each<T: Serialize + Sync>(values: &[T]) -> Vec<Self> {
        let of_share = |values: &[T]| {
            let mut json = Vec::new();
            let digest = |value: &T| {
                json.clear();
                serde_json::to_writer(&mut json, value).expect("internal: our own types can be written as JSON");
                Self::of_bytes(&json)
            };
            values.iter().map(digest).collect::<Vec<_>>()
        };
        let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if values.len() < WORTH_SHARING || hands == 1 {
            return of_share(values);
        }
        std::thread::scope(|scope| {
            let shares = values.chunks(values.len().div_ceil(hands));
            let workers: Vec<_> = shares.map(|share| scope.spawn(move || of_share(share))).collect();
            let shares = workers.into_iter().map(|worker| worker.join());
            shares.flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    }

    /// A digest from its 32 bytes, as a store keeps them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first `length` characters of the digest in Crockford's base 32, which has no letters that look alike.
    /// At most 51 characters.
    #[must_use]
    pub fn base32(&self, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bit = |at: usize| (self.0[at / 8] >> (7 - at % 8)) & 1;
        (0..length.min(51))
            .map(|at| {
                let value = (0..5).fold(0u8, |sum, offset| (sum << 1) | bit(at * 5 + offset));
                char::from(ALPHABET[usize::from(value)])
            })
            .collect()
    }
}

/// A digest in the making, of bytes that come one after the other: a large value is never held twice.
#[derive(Debug, Default)]
pub struct Digester(Sha256);

impl Digester {
    /// Adds some bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl io::Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        let wrong = || serde::de::Error::custom("a digest has 64 hexadecimal digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0u8; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(at * 2..at * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(digits, 16).map_err(serde::de::Error::custom)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_value_is_the_digest_of_its_json() {
        assert_eq!(Digest::of(&["a", "b"]), Digest::of_bytes(br#"["a","b"]"#));
    }

    #[test]
    fn many_digests_are_those_of_one_after_the_other() {
        let many: Vec<usize> = (0..WORTH_SHARING + 7).collect();
        assert_eq!(Digest::of_each(&many), many.iter().map(Digest::of).collect::<Vec<_>>());
    }

    #[test]
    fn a_digest_survives_json() {
        let digest = Digest::of_bytes(b"keyroll");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"abc\"").is_err());
    }

    #[test]
    fn base32_reads_five_bits_a_character() {
        let digest = Digest::from_bytes([0xff; 32]);
        assert_eq!(digest.base32(4), "ZZZZ");
        assert_eq!(Digest::from_bytes([0; 32]).base32(3), "000");
    }
}
