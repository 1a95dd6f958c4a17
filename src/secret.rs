//! keyroll's own secrets: kept as references in files, resolved when needed, never shown.
//!
//! A `SecretRef` says where a secret is (`env:NAME`, `file:/path`, or a command of a password manager).
//! A `Secret` is the value: it prints as `***`, cannot be serialised and is wiped from memory when dropped.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// A secret value.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value into custody.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(SecretString::from(value))
    }

    /// What a file holds that only its owner may read, as it is: for keys, which have lines.
    ///
    /// # Errors
    /// When it cannot be read, or others can read it too.
    pub fn of_file(path: &Path) -> Result<Self, SecretError> {
        read_private(path).map(Self::new)
    }

    /// The value itself: for the one place that puts it into a request.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Where a secret is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// An environment variable: `env:NAME`.
    Env(String),
    /// A file that only its owner may read: `file:/path`.
    File(PathBuf),
    /// A program and its arguments that prints the secret: a password manager's command line.
    Command(Vec<String>),
}

/// Why a secret could not be had. Never holds any part of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is no reference.
    #[error("a secret is written as a reference, `env:NAME` or `file:/path`, never as the secret itself")]
    NotAReference,
    /// The variable is not set, or empty.
    #[error("environment variable `{0}` is not set: `export {0}=…` where keyroll is started")]
    EnvMissing(String),
    /// There is nothing of that name, and the name may be the secret itself, which somebody put behind `env:` or `file:`.
    #[error(
        "no {0} is called what stands here, and that looks like a secret itself: put it into a {0}, and name that one here"
    )]
    Pasted(&'static str),
    /// The file cannot be read.
    #[error("cannot read secret file `{path}`")]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("secret file `{path}` can be read by others (mode {mode:03o}): run `chmod 600 {path}`", path = .path.display())]
    FileOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The program could not be run or said no.
    #[error("command `{program}` gave no secret: {reason}")]
    CommandFailed {
        /// The program, without its arguments.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// It stands in quotes, which would be sent along.
    #[error("the secret from {0} stands in quotes: take them away")]
    Quoted(String),
    /// There is nothing in it, or something that cannot travel in a header.
    #[error("the secret from {0} is empty or has a line break inside")]
    Unusable(String),
}

/// True if what stands behind `env:` or `file:` may be a secret that somebody pasted there: nothing repeats it then. Names of variables
/// in capitals are none; in a path through folders, which tokens in base64 look like, a part of it has to mix both cases and digits.
#[must_use]
pub fn may_be_pasted(place: &str) -> bool {
    let is_of_variables = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    let is_path = place.contains(['/', '\\']);
    let is_suspect = |part: &str| {
        let has = |what: fn(&char) -> bool| part.chars().any(|letter| what(&letter));
        let mixed = has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
        part.len() >= 16
            && has(char::is_ascii_digit)
            && if is_path { mixed } else { has(char::is_ascii_alphabetic) && !part.chars().all(is_of_variables) }
    };
    place.split(['/', '\\']).any(is_suspect)
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            _ => Err(SecretError::NotAReference),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(out, "env:{name}"),
            Self::File(path) => write!(out, "file:{}", path.display()),
            Self::Command(words) => write!(out, "command `{}`", words.first().map_or("", String::as_str)),
        }
    }
}

impl SecretRef {
    /// Fetches the value. White space around it, such as a file's last line break, does not belong to it.
    ///
    /// # Errors
    /// When it is not there, or a file of it can be read by others.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let raw = Zeroizing::new(match self {
            Self::Env(name) => read_env(name)?,
            Self::File(path) => read_private(path)?,
            Self::Command(words) => run(words)?,
        });
        let value = raw.trim();
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(SecretError::Unusable(self.to_string()));
        }
        let is_quoted = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        if is_quoted('"') || is_quoted('\'') {
            return Err(SecretError::Quoted(self.to_string()));
        }
        Ok(Secret::new(value.to_owned()))
    }
}

#[expect(clippy::disallowed_methods, reason = "secrets are the one thing that is read from the environment")]
fn read_env(name: &str) -> Result<String, SecretError> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| match may_be_pasted(name) {
        true => SecretError::Pasted("variable"),
        false => SecretError::EnvMissing(name.to_owned()),
    })
}

fn read_private(path: &Path) -> Result<String, SecretError> {
    let unreadable = |source| match may_be_pasted(&path.to_string_lossy()) {
        true => SecretError::Pasted("file"),
        false => SecretError::FileUnreadable { path: path.to_owned(), source },
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::FileOpen { path: path.to_owned(), mode });
        }
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn run(words: &[String]) -> Result<String, SecretError> {
    let (program, arguments) = words.split_first().ok_or(SecretError::NotAReference)?;
    let failed = |reason: String| SecretError::CommandFailed { program: program.clone(), reason };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_not_text| failed("it printed something that is not text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "***");
    }

    #[test]
    fn a_pasted_secret_is_no_reference_and_is_not_repeated() {
        let error = "ATATT3xFfGF0-secret".parse::<SecretRef>().unwrap_err();
        assert!(!error.to_string().contains("ATATT"), "{error}");
    }

    #[test]
    fn a_secret_behind_the_word_for_a_place_is_not_repeated_either() {
        for pasted in [
            "env:ATATT3xFfGF0-secret",
            "file:ATATT3xFfGF0-secret",
            "file:+'ATATT3xFfGF0 secret'",
            "file:/ATATT3xFfGF0-secret",
            "file:NDc4ATATTgzNQ/x+ATATT3xFfGF0+secret/b",
        ] {
            let error = pasted.parse::<SecretRef>().unwrap().resolve().unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(!told.contains("ATATT") && told.contains("looks like a secret itself"), "{told}");
        }
        for place in ["env:KEYROLL_JIRA_TOKEN_2026", "file:/run/secrets/jira-token-2026", "file:jira-token"] {
            let error = place.parse::<SecretRef>().unwrap().resolve().unwrap_err();
            let name = place.split_once(':').unwrap().1;
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "s3cret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let reference = SecretRef::File(path.clone());
        assert!(matches!(reference.resolve(), Err(SecretError::FileOpen { mode: 0o644, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(reference.resolve().unwrap().expose(), "s3cret");
    }

    #[test]
    fn quotes_that_were_pasted_along_are_told_and_not_sent() {
        let printed = |text: &str| SecretRef::Command(vec!["echo".into(), text.into()]).resolve();
        let error = printed("\"s3cret\"").unwrap_err().to_string();
        assert!(error.contains("stands in quotes") && !error.contains("s3cret"), "{error}");
        assert!(printed("'s3cret'").is_err());
        assert_eq!(printed("  it's \" ").unwrap().expose(), "it's \"");
    }

    #[test]
    fn a_command_can_give_the_secret() {
        let reference = SecretRef::Command(vec!["echo".into(), "from-vault".into()]);
        assert_eq!(reference.resolve().unwrap().expose(), "from-vault");
        assert!(SecretRef::Command(vec!["false".into()]).resolve().is_err());
    }
}
