//! The credentials the simulator accepts. They are made up from the seed and open nothing else.

use super::estate::Estate;
use super::random::Random;
use super::servers::{self, Login};

/// What is accepted, plain and as it stands in the `Authorization` header.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) key: String,
    pub(super) unscoped_key: String,
    pub(super) user: String,
    pub(super) token: String,
    pub(super) bitbucket_token: String,
    pub(super) key_header: String,
    pub(super) unscoped_key_header: String,
    pub(super) site_header: String,
    pub(super) bitbucket_header: String,
    /// Of the self-hosted products.
    pub(super) logins: Vec<Login>,
}

impl Accepted {
    pub(super) fn of(estate: &Estate) -> Self {
        let mut random = Random::new(estate.seed ^ 0x5EC2_E700);
        let mut made_up = |prefix: &str| format!("{prefix}-{:016x}{:016x}", random.next(), random.next());
        let (key, unscoped_key, token) = (made_up("demo-org-key"), made_up("demo-full-key"), made_up("demo-token"));
        let bitbucket_token = made_up("demo-bitbucket-token");
        let user = estate.people[estate.reader].email.clone();
        let basic = |secret: &str| format!("Basic {}", base64(format!("{user}:{secret}").as_bytes()));
        Self {
            key_header: format!("Bearer {key}"),
            unscoped_key_header: format!("Bearer {unscoped_key}"),
            site_header: basic(&token),
            bitbucket_header: basic(&bitbucket_token),
            logins: servers::logins(estate),
            key,
            unscoped_key,
            user,
            token,
            bitbucket_token,
        }
    }
}

/// Base 64 as the Basic scheme wants it.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_usize, |group, byte| (group << 8) | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place)) & 63];
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads_as_the_standard_says() {
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }
}
