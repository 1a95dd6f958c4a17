//! The word of a provider about a person: a signed token, which is believed only if it is signed by one of the provider's keys, is meant
//! for us, answers what we asked, and has not ended.
//!
//! The `jsonwebtoken` crate takes tokens and keys apart and looks at their times, issuer and audience; the signatures are verified by
//! ring, as everywhere in keyroll. Of the crate's own ways to verify, none is built in.

use std::collections::BTreeSet;
use std::sync::Once;

use chrono::{DateTime, Utc};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Validation, decode, decode_header};
use ring::signature as by_ring;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::serve::visitor::Person;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 60;

/// How old a token may be: it comes right after it was made.
const OLDEST: i64 = 10 * 60;

/// The signatures that are taken. Those by a shared secret are not among them: whoever verifies could make them.
const TAKEN: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    /// We.
    pub(super) audience: &'a str,
    /// What was sent with the person.
    pub(super) nonce: &'a str,
    /// Where groups stand.
    pub(super) groups: &'a str,
    pub(super) now: DateTime<Utc>,
}

/// Why a token is not believed. It shows nothing of the token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotBelieved {
    /// No key of the provider's is the one that it names.
    #[error("its key is not among those of the provider")]
    UnknownKey,
    /// Something else.
    #[error("{0}")]
    Wrong(String),
}

fn wrong(what: impl Into<String>) -> NotBelieved {
    NotBelieved::Wrong(what.into())
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Value,
    #[serde(default)]
    nonce: String,
    azp: Option<String>,
    iat: Option<f64>,
    email: Option<String>,
    email_verified: Option<Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The person of whom a token speaks.
pub(super) fn believe(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Person, NotBelieved> {
    use_ring();
    let header = decode_header(token).map_err(|error| wrong(format!("it is no token: {}", words(&error))))?;
    if !TAKEN.contains(&header.alg) {
        return Err(wrong(format!("it is signed by {:?}, which is not taken", header.alg)));
    }
    if header.crit.is_some() {
        return Err(wrong("it asks for an extension that is not understood"));
    }
    let key = key_of(keys, header.kid.as_deref(), header.alg)?;
    let key =
        DecodingKey::from_jwk(key).map_err(|error| wrong(format!("its key cannot be read: {}", words(&error))))?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = LEEWAY;
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    let claims: Claims = decode(token, &key, &validation).map_err(|error| wrong(words(&error)))?.claims;
    // Where others are meant beside us, it has to say that it was made for us.
    let others_too = claims.aud.as_array().is_some_and(|audience| audience.len() > 1);
    if claims.azp.as_deref().map_or(others_too, |party| party != expected.audience) {
        return Err(wrong("it was made for another client"));
    }
    if Digest::of_bytes(claims.nonce.as_bytes()) != Digest::of_bytes(expected.nonce.as_bytes()) {
        return Err(wrong("it answers another request"));
    }
    let made_at = claims.iat.ok_or_else(|| wrong("it does not say when it was made"))?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of this age have no more digits than such a number holds")]
    let age = expected.now.timestamp() as f64 - made_at;
    #[expect(clippy::cast_precision_loss, reason = "both are small")]
    if !(-(LEEWAY as f64)..=OLDEST as f64).contains(&age) {
        return Err(wrong("it was not made just now"));
    }
    if claims.sub.is_empty() {
        return Err(wrong("it names nobody"));
    }
    let is_verified = match &claims.email_verified {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(word)) => word == "true",
        _ => false,
    };
    let mail = claims.email.filter(|mail| is_verified && mail.contains('@')).map(|mail| mail.to_lowercase());
    Ok(Person { subject: claims.sub, mail, groups: groups(claims.others.get(expected.groups)) })
}

/// The groups of a claim: a list of names, or one.
fn groups(claim: Option<&Value>) -> BTreeSet<String> {
    match claim {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(name)) => BTreeSet::from([name.clone()]),
        _ => BTreeSet::new(),
    }
}

/// The key that a token names; where it names none, the only one that fits.
fn key_of<'a>(keys: &'a JwkSet, named: Option<&str>, algorithm: Algorithm) -> Result<&'a Jwk, NotBelieved> {
    let fits = |key: &&Jwk| {
        let common = &key.common;
        let signs = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|can| can.contains(&KeyOperations::Verify));
        let is_meant = common.key_algorithm.is_none_or(|known| known == KeyAlgorithm::from(algorithm));
        signs && is_meant && named.is_none_or(|named| common.key_id.as_deref() == Some(named))
    };
    let mut fitting = keys.keys.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key),
        _ => Err(NotBelieved::UnknownKey),
    }
}

/// What the crate says, without anything of the token.
fn words(error: &Error) -> String {
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is not by the provider's key".to_owned(),
        ErrorKind::ExpiredSignature => "it has ended".to_owned(),
        ErrorKind::ImmatureSignature => "it holds only from later on".to_owned(),
        ErrorKind::InvalidIssuer => "it is of another issuer".to_owned(),
        ErrorKind::InvalidAudience => "it is meant for somebody else".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("it lacks `{claim}`"),
        ErrorKind::InvalidAlgorithm => "its key is of another sort".to_owned(),
        _ => "it is not formed as a token is".to_owned(),
    }
}

/// Has the crate verify by ring.
fn use_ring() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: nobody_signs,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Nobody else chooses one.
        PROVIDER.install_default().ok();
    });
}

fn nobody_signs(_algorithm: &Algorithm, _key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if key.family() != algorithm.family() || !TAKEN.contains(algorithm) {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(ByRing { algorithm: *algorithm, key: key.kind().clone() }))
}

/// A key, and how it signs.
struct ByRing {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let refused = |_unspecified| signature::Error::new();
        match &self.key {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let parameters = match self.algorithm {
                    Algorithm::RS256 => &by_ring::RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::RS384 => &by_ring::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &by_ring::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &by_ring::RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &by_ring::RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &by_ring::RSA_PSS_2048_8192_SHA512,
                    _ => return Err(signature::Error::new()),
                };
                by_ring::RsaPublicKeyComponents { n, e }.verify(parameters, message, signed).map_err(refused)
            }
            DecodingKeyKind::SecretOrDer(point) => {
                let how: &'static dyn by_ring::VerificationAlgorithm = match self.algorithm {
                    Algorithm::ES256 => &by_ring::ECDSA_P256_SHA256_FIXED,
                    Algorithm::ES384 => &by_ring::ECDSA_P384_SHA384_FIXED,
                    Algorithm::EdDSA => &by_ring::ED25519,
                    _ => return Err(signature::Error::new()),
                };
                by_ring::UnparsedPublicKey::new(how, point).verify(message, signed).map_err(refused)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn now() -> DateTime<Utc> {
        crate::clock::Clock::now(&crate::clock::SystemClock)
    }

    fn expected() -> Expected<'static> {
        Expected { issuer: "https://id.example", audience: "keyroll", nonce: "n-1", groups: "groups", now: now() }
    }

    fn claims() -> Value {
        let now = now().timestamp();
        json!({
            "iss": "https://id.example", "aud": "keyroll", "sub": "s-1", "nonce": "n-1", "iat": now, "exp": now + 300,
            "email": "Ada@acme.example", "email_verified": true, "groups": ["security", 7],
        })
    }

    /// A provider with a key on P-256 and one of Ed25519.
    struct Signer(EcdsaKeyPair, Ed25519KeyPair);

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
            let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, p256.as_ref(), &random).unwrap();
            let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
            Self(p256, Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap())
        }

        fn keys(&self) -> JwkSet {
            let point = self.0.public_key().as_ref();
            serde_json::from_value(json!({"keys": [
                {"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "alg": "ES256",
                 "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
                {"kty": "OKP", "crv": "Ed25519", "kid": "two", "x": encoded(self.1.public_key().as_ref())},
                {"kty": "EC", "crv": "P-256", "kid": "three", "use": "enc",
                 "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
            ]}))
            .unwrap()
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let message =
                format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
            let signed = if header["alg"] == "EdDSA" {
                self.1.sign(message.as_bytes()).as_ref().to_vec()
            } else {
                self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            };
            format!("{message}.{}", encoded(&signed))
        }
    }

    #[test]
    fn a_token_that_fits_names_a_person() {
        let signer = Signer::new();
        for header in [
            json!({"alg": "ES256", "kid": "one"}),
            json!({"alg": "EdDSA", "kid": "two"}),
            json!({"alg": "EdDSA", "kid": "two", "typ": "JWT"}),
        ] {
            let person = believe(&signer.token(&header, &claims()), &signer.keys(), &expected()).unwrap();
            assert_eq!(person.mail.as_deref(), Some("ada@acme.example"));
            assert_eq!(person.groups.iter().collect::<Vec<_>>(), ["security"]);
        }
        let mut unverified = claims();
        unverified["email_verified"] = json!(false);
        let header = json!({"alg": "ES256", "kid": "one"});
        assert_eq!(believe(&signer.token(&header, &unverified), &signer.keys(), &expected()).unwrap().mail, None);
    }

    #[test]
    fn a_token_that_says_anything_else_is_not_believed() {
        let signer = Signer::new();
        let now = now().timestamp();
        let header = json!({"alg": "ES256", "kid": "one"});
        let changes = [
            ("iss", json!("https://evil.example"), "another issuer"),
            ("aud", json!("other"), "somebody else"),
            ("aud", json!(["keyroll", "other"]), "another client"),
            ("azp", json!("other"), "another client"),
            ("nonce", json!("n-2"), "another request"),
            ("nonce", Value::Null, "not formed"),
            ("exp", json!(now - 120), "it has ended"),
            ("nbf", json!(now + 600), "from later on"),
            ("iat", json!(now - 3600), "made just now"),
            ("iat", json!(now + 600), "made just now"),
            ("iat", Value::Null, "when it was made"),
            ("sub", json!(""), "names nobody"),
        ];
        for (claim, value, why) in changes {
            let mut changed = claims();
            changed[claim] = value.clone();
            let told = believe(&signer.token(&header, &changed), &signer.keys(), &expected()).unwrap_err().to_string();
            assert!(told.contains(why), "{claim} {value}: {told}");
        }
        for claim in ["iss", "aud", "exp", "sub", "nonce"] {
            let mut changed = claims();
            changed.as_object_mut().unwrap().remove(claim);
            assert!(believe(&signer.token(&header, &changed), &signer.keys(), &expected()).is_err(), "{claim}");
        }
    }

    #[test]
    fn a_token_that_is_signed_otherwise_is_not_believed() {
        let signer = Signer::new();
        let told = |token: &str| believe(token, &signer.keys(), &expected()).unwrap_err().to_string();
        let forged = Signer::new().token(&json!({"alg": "ES256", "kid": "one"}), &claims());
        assert!(told(&forged).contains("signature"), "{}", told(&forged));
        let token = |header: Value| signer.token(&header, &claims());
        assert!(told(&token(json!({"alg": "ES256", "kid": "none"}))).contains("not among"));
        assert!(
            told(&token(json!({"alg": "ES256", "kid": "three"}))).contains("not among"),
            "that key is for encryption"
        );
        assert!(told(&token(json!({"alg": "EdDSA", "kid": "one"}))).contains("not among"), "that key signs otherwise");
        assert!(told(&token(json!({"alg": "ES256", "kid": "two"}))).contains("another sort"));
        assert!(told(&token(json!({"alg": "HS256", "kid": "one"}))).contains("not taken"));
        assert!(told(&token(json!({"alg": "ES256", "kid": "one", "crit": ["exp"]}))).contains("extension"));
        assert!(told(&token(json!({"alg": "none"}))).contains("no token"));
        let whole = token(json!({"alg": "ES256", "kid": "one"}));
        let unsigned = whole.rsplit_once('.').unwrap().0;
        assert!(believe(&format!("{unsigned}."), &signer.keys(), &expected()).is_err());
        assert!(believe(unsigned, &signer.keys(), &expected()).is_err());
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(believe(&String::from_utf8(bytes).unwrap(), &signer.keys(), &expected()).is_err(), "{at}");
        }
    }
}
