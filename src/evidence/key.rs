//! Keys that sign packs, and keys that are trusted: OpenSSH's own files, Ed25519 alone.

use std::path::Path;

use ssh_key::private::PrivateKey;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, Fingerprint, HashAlg, LineEnding, PublicKey, SshSig};

use super::agent::{AgentError, AgentKey};
use super::stamp::Authorities;
use crate::text::harmless;

/// What our signatures are made for; one that was made for something else is no signature of a pack.
pub const NAMESPACE: &str = "keyroll-evidence";

/// Why a key or a signature will not do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key, or none of a sort that is taken.
    #[error("{what} is no Ed25519 key in OpenSSH's form: {why}")]
    NoKey {
        /// Which text.
        what: String,
        /// Why.
        why: String,
    },
    /// The key has a password, and none was given, or the key has none.
    #[error("the key is protected by a password")]
    Locked,
    /// The password does not open the key.
    #[error("the password does not open the key")]
    WrongPassword,
    /// The library could not do it.
    #[error("the key could not be used: {0}")]
    Failed(String),
    /// The agent that keeps it did not sign.
    #[error(transparent)]
    Agent(#[from] AgentError),
}

/// A key that signs: a private key, opened, which is wiped from memory when it is dropped; or one that an ssh agent keeps.
pub struct SigningKey(Place);

enum Place {
    Here(PrivateKey),
    Agent(AgentKey),
}

impl SigningKey {
    /// Makes a key, protected by a password if one is given. Gives back the texts of its private and its public file.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn create(comment: &str, password: Option<&str>) -> Result<(String, String), KeyError> {
        let failed = |error: ssh_key::Error| KeyError::Failed(error.to_string());
        let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(failed)?;
        key.set_comment(comment);
        let public = key.public_key().to_openssh().map_err(failed)?;
        if let Some(password) = password {
            key = key.encrypt(&mut OsRng, password).map_err(failed)?;
        }
        let private = key.to_openssh(LineEnding::LF).map_err(failed)?;
        Ok((private.as_str().to_owned(), format!("{public}\n")))
    }

    /// Opens a private key.
    ///
    /// # Errors
    /// When the text is no such key, or the password does not open it.
    pub fn open(name: &str, text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        let no_key = |why: String| KeyError::NoKey { what: format!("`{name}`"), why };
        let key = PrivateKey::from_openssh(text).map_err(|error| no_key(error.to_string()))?;
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(no_key(format!("it is of the sort {}", key.algorithm())));
        }
        match (key.is_encrypted(), password) {
            (false, _) => Ok(Self(Place::Here(key))),
            (true, None) => Err(KeyError::Locked),
            (true, Some(password)) => {
                key.decrypt(password).map(|key| Self(Place::Here(key))).map_err(|_wrong| KeyError::WrongPassword)
            }
        }
    }

    /// True for the text of a public file: whoever names it has the private half in an agent.
    #[must_use]
    pub fn is_public(text: &str) -> bool {
        let first = text.split_whitespace().next().unwrap_or_default();
        ["ssh-", "ecdsa-", "sk-"].iter().any(|sort| first.starts_with(sort))
    }

    /// The key with the public half in `text`, kept by the ssh agent that listens at `socket`.
    ///
    /// # Errors
    /// When the text is no such key, or there is no agent that has it.
    pub fn in_agent(name: &str, text: &str, socket: Option<&Path>) -> Result<Self, KeyError> {
        let no_key = |why: String| KeyError::NoKey { what: format!("`{name}`"), why };
        let sort = text.split_whitespace().next().unwrap_or_default();
        if sort != Algorithm::Ed25519.as_str() {
            return Err(no_key(format!("it is of the sort {}", harmless(sort))));
        }
        let key = PublicKey::from_openssh(text).map_err(|error| no_key(error.to_string()))?;
        let socket = socket.filter(|socket| !socket.as_os_str().is_empty());
        let socket = socket.ok_or_else(|| AgentError::NotTold { key: name.to_owned() })?;
        Ok(Self(Place::Agent(AgentKey::find(key, socket)?)))
    }

    /// True if an ssh agent keeps it, which may ask somebody before it signs.
    #[must_use]
    pub fn is_in_agent(&self) -> bool {
        matches!(self.0, Place::Agent(_))
    }

    fn public_key(&self) -> &PublicKey {
        match &self.0 {
            Place::Here(key) => key.public_key(),
            Place::Agent(key) => key.public_key(),
        }
    }

    /// Signs some bytes: the text that `ssh-keygen -Y verify` takes.
    ///
    /// # Errors
    /// When the library cannot, or the agent does not.
    pub fn sign(&self, bytes: &[u8]) -> Result<String, KeyError> {
        let failed = |error: ssh_key::Error| KeyError::Failed(error.to_string());
        let signature = match &self.0 {
            Place::Here(key) => key.sign(NAMESPACE, HashAlg::Sha512, bytes).map_err(failed)?,
            Place::Agent(key) => key.sign(bytes)?,
        };
        signature.to_pem(LineEnding::LF).map_err(failed)
    }

    /// Its public key, as a line for those who verify.
    ///
    /// # Errors
    /// When the library cannot.
    pub fn public_line(&self) -> Result<String, KeyError> {
        self.public_key().to_openssh().map_err(|error| KeyError::Failed(error.to_string()))
    }
}

/// Public keys that are trusted to sign packs. While one key takes over from another, both are.
#[derive(Debug, Clone)]
pub struct TrustedKeys {
    keys: Vec<PublicKey>,
    authorities: Option<Authorities>,
}

impl TrustedKeys {
    /// Reads a file with one key on a line, as `.pub` files have them, or as OpenSSH's file of allowed signers has them behind a name.
    /// Names are not looked at.
    ///
    /// # Errors
    /// When a line is no such key, or there is none.
    pub fn read(name: &str, text: &str) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for (at, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let no_key = |why: String| KeyError::NoKey { what: format!("line {at} of `{name}`"), why };
            let begin = line.find("ssh-ed25519 ").ok_or_else(|| no_key("it has no `ssh-ed25519`".to_owned()))?;
            let (before, key) = line.split_at(begin);
            // Conditions that are not looked at would be believed to hold.
            if ["cert-authority", "valid-after", "valid-before"].iter().any(|option| before.contains(option)) {
                return Err(no_key("authorities and limits in time are not supported: name the key alone".to_owned()));
            }
            keys.push(PublicKey::from_openssh(key).map_err(|error| no_key(error.to_string()))?);
        }
        if keys.is_empty() {
            return Err(KeyError::NoKey { what: format!("`{name}`"), why: "it has no line with a key".to_owned() });
        }
        Ok(Self { keys, authorities: None })
    }

    /// The same keys, and the authorities that have to stand behind time stamps.
    #[must_use]
    pub fn with_authorities(mut self, authorities: Authorities) -> Self {
        self.authorities = Some(authorities);
        self
    }

    pub(super) fn authorities(&self) -> Option<&Authorities> {
        self.authorities.as_ref()
    }

    /// The fingerprint of the trusted key that made a signature of these bytes; an error says by which key it seems to be made.
    pub(super) fn signer(&self, bytes: &[u8], signature: &str) -> Result<Fingerprint, String> {
        let text = signature;
        let signature = SshSig::from_pem(text).map_err(|error| format!("it cannot be read: {error}"))?;
        // There is one way to write it: nothing can be hidden around it.
        if signature.to_pem(LineEnding::LF).ok().as_deref() != Some(text) {
            return Err("it is not written as OpenSSH writes it".to_owned());
        }
        let trusted = self.keys.iter().find(|key| key.key_data() == signature.public_key());
        let Some(key) = trusted else {
            return Err(format!(
                "it is by the key {}, which is not trusted",
                signature.public_key().fingerprint(HashAlg::Sha256)
            ));
        };
        key.verify(NAMESPACE, bytes, &signature).map_err(|_wrong| {
            "the manifest is not what was signed, or the signature was made for something else".to_owned()
        })?;
        Ok(key.fingerprint(HashAlg::Sha256))
    }
}
