//! The key that signs a pack, from its file or from an ssh agent.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Context, cannot_read, key_complaint, opened};
use crate::cli::complain::Complaint;
use crate::evidence::{AgentError, SigningKey};
use crate::secret::{Secret, SecretRef};

/// Where the key is that signs.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct KeyArgs {
    /// The private file of the key to sign with; or its public file, if an ssh agent keeps the private half.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where the password of the private file is: `env:NAME` or `file:/path`.
    #[arg(long, value_name = "REFERENCE")]
    password: Option<SecretRef>,
    /// Where the ssh agent listens that signs for a public file.
    #[arg(long, value_name = "SOCKET", env = "SSH_AUTH_SOCK", hide_env_values = true)]
    // Text and not a path: a variable that is set to nothing is no mistake.
    agent: Option<OsString>,
}

impl KeyArgs {
    /// Opens the key, or finds it in the agent.
    pub(super) fn open(&self, context: &Context) -> Result<SigningKey, Complaint> {
        let name = self.key.display().to_string();
        let text = Secret::new(fs::read_to_string(&self.key).map_err(|error| cannot_read(&self.key, &error))?);
        if !SigningKey::is_public(text.expose()) {
            refuse_readable_by_others(&self.key)?;
            let password = self.password.as_ref().map(opened).transpose()?;
            return SigningKey::open(&name, text.expose(), password.as_ref().map(Secret::expose))
                .map_err(key_complaint);
        }
        if self.password.is_some() {
            let complaint =
                Complaint::failed(format!("{name} is a public key: there is nothing that a password opens"));
            return Err(complaint
                .help("name the private file with `--key`, or leave `--password` out to have an ssh agent sign"));
        }
        let key =
            SigningKey::in_agent(&name, text.expose(), self.agent.as_deref().map(Path::new)).map_err(key_complaint)?;
        context.terminal.say("The ssh agent signs: it may ask you to confirm.");
        Ok(key)
    }
}

/// A private key is nobody else's.
fn refuse_readable_by_others(path: &Path) -> Result<(), Complaint> {
    #[cfg(unix)]
    if let Ok(told) = fs::metadata(path) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&told.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let complaint = Complaint::failed(format!("{} can be read by others (mode {mode:03o})", path.display()));
            return Err(complaint.help(format!("run `chmod 600 {}`", path.display())));
        }
    }
    Ok(())
}

/// What to do where an agent did not sign.
pub(super) fn agent_help(error: &AgentError) -> &'static str {
    match error {
        AgentError::NotHere => "name the private file with `--key`",
        AgentError::NotTold { .. } | AgentError::Nobody { .. } => {
            "start one (`eval $(ssh-agent)`, then `ssh-add KEY`) or say where it listens with `--agent`; or name the private file with `--key`"
        }
        AgentError::NotHeld { .. } => {
            "add the key with `ssh-add KEY`; an agent that is locked is opened with `ssh-add -X`"
        }
        AgentError::Refused { .. } => {
            "it is locked (`ssh-add -X` opens it), or somebody was to confirm and did not: try again and confirm"
        }
        AgentError::Silent { .. } => {
            "if it asks somebody to confirm, try again and confirm sooner; otherwise start another one"
        }
        AgentError::Odd { .. } | AgentError::Wrong { .. } => {
            "what listens there is no ssh agent to rely on: look at SSH_AUTH_SOCK, or name the private file with `--key`"
        }
    }
}
