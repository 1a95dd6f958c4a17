//! The signature of a webhook, by the Standard Webhooks convention: HMAC-SHA256 over id, time stamp and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Digest;
use crate::secret::Secret;

/// Anybody who sees a message can try short keys on it.
const SHORTEST_KEY: usize = 16;

/// Marks a key that is written in base64.
const PREFIX: &str = "whsec_";

/// Bytes that SHA-256 takes in at once.
const BLOCK: usize = 64;

/// A key to sign with.
pub(super) struct Key(Secret);

impl Key {
    /// The key in a secret; an error says what is wrong with it, without any of it.
    pub(super) fn new(secret: &Secret) -> Result<Self, String> {
        let bytes = bytes_of(secret).ok_or_else(|| format!("starts with `{PREFIX}`, but no base64 follows"))?;
        if bytes.len() < SHORTEST_KEY {
            return Err(format!("has {} bytes, expected at least {SHORTEST_KEY}", bytes.len()));
        }
        Ok(Self(secret.clone()))
    }

    /// The value of the header.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let key = bytes_of(&self.0).unwrap_or_default();
        let code = hmac_sha256(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(code.as_bytes()))
    }
}

fn bytes_of(secret: &Secret) -> Option<Vec<u8>> {
    match secret.expose().strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    }
}

/// RFC 2104 over the house's own digest, which is the one home of SHA-256.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Digest {
    let mut block = [0; BLOCK];
    let hashed = Digest::of_bytes(key);
    let key = if key.len() > BLOCK { hashed.as_bytes().as_slice() } else { key };
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    let padded = |pad: u8, rest: &[u8]| [block.map(|byte| byte ^ pad).as_slice(), rest].concat();
    let inner = Digest::of_bytes(&padded(0x36, message));
    Digest::of_bytes(&padded(0x5c, inner.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_the_rfc() {
        // RFC 4231, test cases 1, 2 and 6.
        let cases: [(&[u8], &[u8], &str); 3] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in cases {
            assert_eq!(hmac_sha256(key, message).to_string(), expected);
        }
    }

    #[test]
    fn a_weak_or_garbled_key_is_refused_without_showing_it() {
        let wrong = |text: &str| Key::new(&Secret::new(text.to_owned())).err().unwrap_or_default();
        assert_eq!(wrong("planted"), "has 7 bytes, expected at least 16");
        assert_eq!(wrong("whsec_cGxhbnRlZA=="), "has 7 bytes, expected at least 16");
        assert_eq!(wrong("whsec_planted planted planted"), "starts with `whsec_`, but no base64 follows");
        assert_eq!(wrong("0123456789abcdef"), "");
    }
}
