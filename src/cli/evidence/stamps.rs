//! Time stamps on the command line: an authority that is asked over HTTP, and authorities that are trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Context, cannot_read};
use crate::cli::block_on;
use crate::cli::complain::Complaint;
use crate::evidence::{Authorities, Stamp, StampError, Stamper, TrustedKeys, Verified};
use crate::http::{Hook, OutletSettings, Reply};
use crate::secret::{Secret, SecretRef};
use crate::text::harmless;

/// RFC 3161, section 3.4.
const QUERY: &str = "application/timestamp-query";

/// Whether and where the pack is stamped.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StampArgs {
    /// The address of a time-stamping authority (RFC 3161) that says when the pack was signed. It gets to see a digest alone.
    #[arg(long, value_name = "URL")]
    timestamp: Option<String>,
    /// The certificates of authorities, in PEM, of which one has to stand behind the stamp.
    #[arg(long, value_name = "FILE", requires = "timestamp")]
    timestamp_ca: Option<PathBuf>,
    /// The HTTP proxy on the way to the authority; the address of one with a password as `env:NAME` or `file:/path`.
    #[arg(long, value_name = "URL", requires = "timestamp")]
    timestamp_proxy: Option<String>,
    /// How many seconds the authority may take.
    #[arg(long, value_name = "SECONDS", requires = "timestamp", default_value_t = 30)]
    timestamp_timeout: u16,
}

/// The address of a proxy. What stands on a command line can be read by everybody on the machine.
fn proxy(written: &str) -> Result<Secret, Complaint> {
    if let Ok(reference) = written.parse::<SecretRef>() {
        return reference.resolve().map_err(|error| Complaint::failed(format!("there is no proxy: {error}")));
    }
    if written.contains('@') {
        let complaint = Complaint::failed("the address of the proxy holds a user or password");
        return Err(complaint.help("write it somewhere else, and `--timestamp-proxy env:NAME` or `file:/path`"));
    }
    Ok(Secret::new(written.to_owned()))
}

impl StampArgs {
    /// What stamps the pack, if it is to be stamped.
    pub(super) fn stamper(&self, context: &Context) -> Result<Option<Stamper>, Complaint> {
        let Some(authority) = &self.timestamp else { return Ok(None) };
        let trusted = self.timestamp_ca.as_deref().map(authorities).transpose()?;
        if trusted.is_none() {
            let note =
                "Whose stamp it is will not be verified: name the certificates of the authority with `--timestamp-ca`.";
            context.terminal.note(note);
        }
        let settings = OutletSettings {
            ca_file: None,
            proxy: self.timestamp_proxy.as_deref().map(proxy).transpose()?,
            timeout: Duration::from_secs(self.timestamp_timeout.max(1).into()),
            // Many authorities have no other address. What comes back is signed, and what is sent is a digest.
            allow_http: true,
            clock: Arc::clone(&context.clock),
        };
        // The address stands in the pack, so that it must not hold a secret.
        let (address, query) = authority
            .split_once(['?', '#'])
            .map_or((authority.as_str(), None), |(address, rest)| (address, Some(rest)));
        if query.is_some() {
            let complaint = Complaint::failed("the address of the time-stamping authority has a query or a fragment");
            return Err(
                complaint.help("the pack names the authority by its address, so that this may hold nothing else")
            );
        }
        let hook = Hook::new(&Secret::new(address.to_owned()), &[], &settings)
            .map_err(|error| Complaint::failed(format!("`--timestamp`: {error}")))?;
        let name = address.to_owned();
        let ask = move |request: Vec<u8>| answer(&hook, &name, request);
        Ok(Some(Stamper { authority: address.to_owned(), trusted, ask: Box::new(ask) }))
    }
}

/// Asks an authority once: whoever waits for a pack can ask again.
fn answer(hook: &Hook, name: &str, request: Vec<u8>) -> Result<Vec<u8>, StampError> {
    let reply = block_on(hook.post(QUERY, &[("accept", "application/timestamp-reply".to_owned())], request));
    let Reply { status, body, whole, message, .. } =
        reply.map_err(|error| StampError::NoAnswer(format!("{name}: {error}")))?;
    match (status, whole) {
        (200, true) => Ok(body),
        (200, false) => {
            Err(StampError::NoAnswer(format!("{name}: the answer is longer than a stamp, or its end never came")))
        }
        _ => Err(StampError::NoAnswer(format!("{name} answered {status}: {message}"))),
    }
}

/// The file of trusted authorities.
fn authorities(path: &Path) -> Result<Authorities, Complaint> {
    let text = std::fs::read(path).map_err(|error| cannot_read(path, &error))?;
    Authorities::read(&path.display().to_string(), &text).map_err(|error| {
        Complaint::failed(error.to_string())
            .help("the authority publishes its certificates; `openssl x509` turns DER into PEM")
    })
}

/// The same keys, and the authorities in the file, if one is named.
pub(super) fn trusting(keys: TrustedKeys, file: Option<&Path>) -> Result<TrustedKeys, Complaint> {
    Ok(match file {
        Some(file) => keys.with_authorities(authorities(file)?),
        None => keys,
    })
}

/// Whoever names authorities wants a stamp of one of theirs.
pub(super) fn refuse_unstamped(pack: &Path, verified: &Verified, file: Option<&Path>) -> Result<(), Complaint> {
    if file.is_none() || verified.stamp.is_some() {
        return Ok(());
    }
    let complaint = Complaint::failed(format!("{} has no time stamp: it was made without one", pack.display()));
    Err(complaint.help("without `--timestamp-ca` the rest of it is verified"))
}

/// Why a pack could not be stamped, and what to do.
pub(super) fn complaint(error: &StampError) -> Complaint {
    let help = match error {
        StampError::NoAnswer(_) => {
            "try again later, or with another authority; without `--timestamp` the pack is made without a stamp"
        }
        StampError::NotTrusted { .. } => {
            "look whether the file is of this authority and holds its root; authorities publish it with their address"
        }
        StampError::Unreadable { .. } => "look whether the address is that of a time-stamping authority (RFC 3161)",
        _ => "use another authority, or tell this one; without `--timestamp` the pack is made without a stamp",
    };
    Complaint::failed(format!(
        "no pack was made, because there is no valid time stamp: {}",
        harmless(&error.to_string())
    ))
    .help(help)
}

/// What a stamp says, for people.
pub(super) fn told(stamp: &Stamp) -> String {
    format!("{} UTC by {}", stamp.at.format("%Y-%m-%d %H:%M:%S"), harmless(&stamp.authority))
}

/// The lines of a verified pack about its stamp.
pub(super) fn lines(verified: &Verified) -> Vec<String> {
    let (Some(stamp), Some(asked)) = (&verified.stamp, &verified.manifest.made.timestamp) else {
        return vec!["  stamped      no: when it was signed, only whoever signed it says".to_owned()];
    };
    let trust = if stamp.trusted {
        "the stamp is of this signature, and its authority is one of those trusted"
    } else {
        "the stamp is of this signature; that its authority is who it says was NOT VERIFIED: name its certificates with `--timestamp-ca`"
    };
    vec![
        format!("  stamped      {}, number {} under policy {}", told(stamp), stamp.serial, stamp.policy),
        format!("               asked at {}; {trust}", harmless(&asked.authority)),
    ]
}
