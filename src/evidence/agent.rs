//! A key that an ssh agent keeps: two messages of the agent's protocol, one that lists its keys and one that signs
//! (draft-ietf-sshm-ssh-agent, sections 3.5 and 3.6).
//!
//! The crates that speak the whole protocol want every algorithm of `ssh-key` compiled in: RSA and three further curves, of which none
//! signs a pack. An agent is another program: how long it may take and how much it may say is bounded, and a signature of its is checked
//! before it is used.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use ssh_encoding::{Decode, Encode};
use ssh_key::public::KeyData;
use ssh_key::{Fingerprint, HashAlg, PublicKey, Signature, SshSig};

use super::key::NAMESPACE;
use crate::text::harmless;

/// How long an agent may take: it may ask somebody to confirm, or to touch a device.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer is not longer than this; OpenSSH's own agent takes and gives no more either.
const LONGEST_ANSWER: u32 = 256 << 10;
/// So many keys of an agent are named in an error.
const NAMED: usize = 8;

/// Numbers of messages (section 6.1).
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// Why an agent did not sign.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// This system has no sockets of the sort that agents listen on.
    #[error("ssh agents are asked on Unix alone")]
    NotHere,
    /// Nobody said where an agent is.
    #[error(
        "`{key}` is a public key, so an ssh agent has to sign, and where one is was not said: SSH_AUTH_SOCK is not set"
    )]
    NotTold {
        /// The name of the key's file.
        key: String,
    },
    /// The agent cannot be reached, or hung up.
    #[error("no ssh agent answers at {}: {why}", socket.display())]
    Nobody {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The agent has other keys.
    #[error("the ssh agent does not have the key {wanted}; it has {held}")]
    NotHeld {
        /// The fingerprint of the key.
        wanted: Fingerprint,
        /// The fingerprints of what it has.
        held: String,
    },
    /// The agent does not sign.
    #[error("the ssh agent refused to sign with {wanted}")]
    Refused {
        /// The fingerprint of the key.
        wanted: Fingerprint,
    },
    /// The agent says nothing.
    #[error("the ssh agent did not answer within {} seconds", patience.as_secs())]
    Silent {
        /// How long it was waited for.
        patience: Duration,
    },
    /// The agent says something that is no answer.
    #[error("the answer of the ssh agent at {} is none of its protocol: {why}", socket.display())]
    Odd {
        /// Its socket.
        socket: PathBuf,
        /// In what.
        why: String,
    },
    /// What it gave back is no signature of the pack by the key.
    #[error("what the ssh agent gave back is no signature by {wanted} of this pack")]
    Wrong {
        /// The fingerprint of the key.
        wanted: Fingerprint,
    },
}

/// A key that an agent keeps.
pub(super) struct AgentKey {
    public: PublicKey,
    agent: Agent,
}

impl AgentKey {
    /// The key with this public half, if the agent that listens at `socket` has it.
    pub(super) fn find(public: PublicKey, socket: &Path) -> Result<Self, AgentError> {
        Self::find_within(public, socket, PATIENCE)
    }

    pub(super) fn find_within(public: PublicKey, socket: &Path, patience: Duration) -> Result<Self, AgentError> {
        let agent = Agent { socket: socket.to_owned(), patience };
        let held = agent.keys()?;
        if held.iter().any(|(key, _)| key == public.key_data()) {
            return Ok(Self { public, agent });
        }
        Err(AgentError::NotHeld { wanted: public.fingerprint(HashAlg::Sha256), held: named(&held) })
    }

    pub(super) fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Has some bytes signed, and verifies that they are.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<SshSig, AgentError> {
        let wanted = self.public.fingerprint(HashAlg::Sha256);
        let odd = |error: ssh_key::Error| self.agent.odd(error.to_string());
        let data = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, bytes).map_err(odd)?;
        let Some(signature) = self.agent.sign(self.public.key_data(), &data)? else {
            return Err(AgentError::Refused { wanted });
        };
        let signature =
            SshSig::new(self.public.key_data().clone(), NAMESPACE, HashAlg::Sha512, signature).map_err(odd)?;
        self.public.verify(NAMESPACE, bytes, &signature).map_err(|_wrong| AgentError::Wrong { wanted })?;
        Ok(signature)
    }
}

/// The fingerprints of keys, with what their owners call them.
fn named(keys: &[(KeyData, String)]) -> String {
    if keys.is_empty() {
        return "none: it is empty, or locked".to_owned();
    }
    let names = keys.iter().take(NAMED).map(|(key, comment)| {
        let comment = harmless(comment);
        let fingerprint = key.fingerprint(HashAlg::Sha256);
        if comment.is_empty() { fingerprint.to_string() } else { format!("{fingerprint} ({comment})") }
    });
    let mut text = names.collect::<Vec<_>>().join(", ");
    if let Some(more) = keys.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// Where an agent listens. Each question has a connection of its own.
struct Agent {
    socket: PathBuf,
    patience: Duration,
}

impl Agent {
    fn odd(&self, why: impl Into<String>) -> AgentError {
        AgentError::Odd { socket: self.socket.clone(), why: harmless(&why.into()) }
    }

    /// The keys that it has, with what they are called (section 3.5). Keys of a sort that is not known are left out.
    fn keys(&self) -> Result<Vec<(KeyData, String)>, AgentError> {
        let answer = self.ask(vec![REQUEST_IDENTITIES])?;
        let listed = || -> Result<Vec<(KeyData, String)>, ssh_encoding::Error> {
            let mut reader = answer.as_slice();
            // An agent that is locked may say that it failed instead of that it has none.
            let kind = u8::decode(&mut reader)?;
            if kind == FAILURE {
                return Ok(Vec::new());
            }
            if kind != IDENTITIES_ANSWER {
                return Err(ssh_encoding::Error::Length);
            }
            let mut keys = Vec::new();
            for _ in 0..u32::decode(&mut reader)? {
                let (key, comment) = (Vec::<u8>::decode(&mut reader)?, Vec::<u8>::decode(&mut reader)?);
                if let Ok(key) = KeyData::decode(&mut key.as_slice()) {
                    keys.push((key, String::from_utf8_lossy(&comment).into_owned()));
                }
            }
            Ok(keys)
        };
        listed().map_err(|_wrong| self.odd("a list of keys was asked for, and it is none"))
    }

    /// A signature of some data by one of its keys (section 3.6); `None` if it refuses.
    fn sign(&self, key: &KeyData, data: &[u8]) -> Result<Option<Signature>, AgentError> {
        let asked = || -> Result<Vec<u8>, ssh_encoding::Error> {
            let mut message = vec![SIGN_REQUEST];
            key.encode_prefixed(&mut message)?;
            data.encode(&mut message)?;
            0_u32.encode(&mut message)?;
            Ok(message)
        };
        let answer = self.ask(asked().map_err(|error| self.odd(error.to_string()))?)?;
        let mut reader = answer.as_slice();
        match u8::decode(&mut reader) {
            Ok(SIGN_RESPONSE) => {}
            Ok(FAILURE) => return Ok(None),
            _ => return Err(self.odd("a signature was asked for, and it is none")),
        }
        let signature =
            Vec::<u8>::decode(&mut reader).ok().and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
        signature.map(Some).ok_or_else(|| self.odd("its signature cannot be read"))
    }

    /// One message and its answer. Both are told apart from what may follow by their length.
    fn ask(&self, message: Vec<u8>) -> Result<Vec<u8>, AgentError> {
        let (answer, coming) = mpsc::channel();
        let (socket, patience) = (self.socket.clone(), self.patience);
        // Nobody waits for more than an answer: not even to be let in, for which a socket has no time-out.
        std::thread::spawn(move || answer.send(exchange(&socket, patience, &message)));
        match coming.recv_timeout(self.patience) {
            Ok(Ok(Some(answer))) => Ok(answer),
            Ok(Ok(None)) => Err(self.odd(format!("it is longer than {LONGEST_ANSWER} bytes, or empty"))),
            Ok(Err(error)) => Err(self.failed(error)),
            Err(_) => Err(AgentError::Silent { patience: self.patience }),
        }
    }

    fn failed(&self, why: io::Error) -> AgentError {
        match why.kind() {
            io::ErrorKind::Unsupported => AgentError::NotHere,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AgentError::Silent { patience: self.patience },
            io::ErrorKind::UnexpectedEof => self.odd("it hung up before the end of its answer"),
            _ => AgentError::Nobody { socket: self.socket.clone(), why },
        }
    }
}

/// Sends a message and reads the answer; `None` if that has a length that none has.
fn exchange(socket: &Path, patience: Duration, message: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut line = connect(socket, patience)?;
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    line.write_all(&[&length.to_be_bytes(), message].concat())?;
    let mut length = [0; 4];
    line.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length == 0 || length > LONGEST_ANSWER {
        return Ok(None);
    }
    let mut answer = Vec::new();
    line.take(length.into()).read_to_end(&mut answer)?;
    if answer.len() as u64 != u64::from(length) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(answer))
}

#[cfg(unix)]
fn connect(socket: &Path, patience: Duration) -> io::Result<impl Read + Write> {
    let line = std::os::unix::net::UnixStream::connect(socket)?;
    line.set_read_timeout(Some(patience))?;
    line.set_write_timeout(Some(patience))?;
    Ok(line)
}

#[cfg(not(unix))]
fn connect(_: &Path, _: Duration) -> io::Result<std::fs::File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::super::key::SigningKey;
    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    fn public() -> PublicKey {
        PublicKey::from_openssh(&SigningKey::create("audit", None).unwrap().1).unwrap()
    }

    /// An agent that gives these answers, one for each connection, and then holds the line.
    fn agent(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for answer in answers {
                let (mut line, _) = listener.accept().unwrap();
                let mut length = [0; 4];
                line.read_exact(&mut length).unwrap();
                line.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize]).unwrap();
                line.write_all(&answer).unwrap();
                held.push(line);
            }
            listener.accept().map(drop).ok();
        });
        (folder, socket)
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
    }

    fn lists(key: &PublicKey) -> Vec<u8> {
        let mut message = vec![IDENTITIES_ANSWER];
        1_u32.encode(&mut message).unwrap();
        key.key_data().encode_prefixed(&mut message).unwrap();
        "audit".encode(&mut message).unwrap();
        framed(&message)
    }

    fn found(answers: Vec<Vec<u8>>, key: &PublicKey) -> Result<AgentKey, AgentError> {
        let (_folder, socket) = agent(answers);
        AgentKey::find_within(key.clone(), &socket, SHORT)
    }

    #[test]
    fn an_agent_that_says_nothing_is_not_waited_for_for_ever() {
        for answer in [vec![], vec![0, 0], framed(&[IDENTITIES_ANSWER, 0, 0, 0, 0])[..6].to_vec()] {
            let error = found(vec![answer], &public()).err().unwrap();
            assert!(matches!(error, AgentError::Silent { .. }), "{error}");
        }
    }

    #[test]
    fn an_answer_of_absurd_length_or_shape_is_refused() {
        let too_long = [&(LONGEST_ANSWER + 1).to_be_bytes()[..], &[IDENTITIES_ANSWER]].concat();
        let endless = framed(&[IDENTITIES_ANSWER, 0xff, 0xff, 0xff, 0xff]);
        let key_of_gigabytes = framed(&[IDENTITIES_ANSWER, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        let most = [0xff; 4].to_vec();
        for answer in [too_long, endless, key_of_gigabytes, most, framed(&[]), framed(&[99]), framed(&[SIGN_RESPONSE])]
        {
            let error = found(vec![answer.clone()], &public()).err().unwrap();
            assert!(matches!(error, AgentError::Odd { .. }), "{answer:?}: {error}");
        }
    }

    #[test]
    fn a_signature_is_looked_at_before_it_is_used() {
        let (private, line) = SigningKey::create("audit", None).unwrap();
        let key = PublicKey::from_openssh(&line).unwrap();
        let private = ssh_key::PrivateKey::from_openssh(private).unwrap();
        fn sign(key: &impl ssh_key::SigningKey, data: &[u8]) -> Signature {
            key.try_sign(data).unwrap()
        }
        let answer = |data: &[u8]| {
            let mut message = vec![SIGN_RESPONSE];
            let signature = sign(&private, data);
            Vec::<u8>::try_from(signature).unwrap().encode(&mut message).unwrap();
            framed(&message)
        };
        let data = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, b"a pack").unwrap();
        let signed = |answer: Vec<u8>| {
            let (_folder, socket) = agent(vec![lists(&key), answer]);
            AgentKey::find_within(key.clone(), &socket, SHORT).unwrap().sign(b"a pack")
        };
        assert!(signed(answer(&data)).is_ok());
        let error = signed(answer(b"something else")).unwrap_err();
        assert!(matches!(error, AgentError::Wrong { .. }), "{error}");
        let error = signed(framed(&[FAILURE])).unwrap_err();
        assert!(matches!(error, AgentError::Refused { .. }), "{error}");
        for odd in [framed(&[SIGN_RESPONSE]), framed(&[SIGN_RESPONSE, 0, 0, 0, 1, 7]), framed(&[6])] {
            let error = signed(odd).unwrap_err();
            assert!(matches!(error, AgentError::Odd { .. }), "{error}");
        }
    }

    #[test]
    fn an_error_names_the_keys_that_are_there() {
        let (wanted, other) = (public(), public());
        let error = found(vec![lists(&other)], &wanted).err().unwrap().to_string();
        for part in [wanted.fingerprint(HashAlg::Sha256), other.fingerprint(HashAlg::Sha256)] {
            assert!(error.contains(&part.to_string()), "{error}");
        }
        assert!(error.contains("(audit)"), "{error}");
        let many = vec![(other.key_data().clone(), "x\u{1b}[31m".to_owned()); NAMED + 3];
        assert!(named(&many).ends_with("and 3 more") && !named(&many).contains('\u{1b}'));
        for empty in [framed(&[FAILURE]), framed(&[IDENTITIES_ANSWER, 0, 0, 0, 0])] {
            let error = found(vec![empty], &wanted).err().unwrap().to_string();
            assert!(error.contains("empty, or locked"), "{error}");
        }
    }
}
