//! Handing a letter to an SMTP server, step by step: so that a refusal can say at which step it came, one address that
//! is gone does not keep the letter from all others, and a letter that was taken stays sent whatever happens after.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};

use super::super::DeliveryError;
use super::message::Letter;
use super::settings::{Connection, Security};
use crate::text::{harmless, shorten};

/// How long the goodbye may take: the letter is taken already.
const GOODBYE: Duration = Duration::from_secs(1);

/// The way to one server. A connection is made for each letter: there are few, and an idle one may be dead.
pub(super) struct Line {
    connection: Connection,
    tls: Option<TlsParameters>,
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "mail server `{}:{}`", self.connection.server, self.connection.port)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Line").field("server", &self.connection.server).field("tls", &self.tls.is_some()).finish()
    }
}

/// Where a refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Greeting,
    Encryption,
    Login,
    Sender,
    Recipient,
    Content,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Greeting => "when greeted",
            Self::Encryption => "when asked for TLS",
            Self::Login => "when logging in",
            Self::Sender => "because of the sender",
            Self::Recipient => "because of a recipient",
            Self::Content => "when given the message",
        }
    }
}

impl Line {
    /// The way to a server by these settings, or what is wrong with its certificate authorities.
    pub(super) fn new(connection: Connection) -> Result<Self, String> {
        let tls = match connection.security {
            Security::None => None,
            Security::StartTls | Security::Tls => Some(tls(&connection.server, connection.ca_file.as_deref())?),
        };
        Ok(Self { connection, tls })
    }

    /// Hands a letter over. How long that takes is for the caller to bound.
    pub(super) async fn send(&self, letter: &Letter) -> Result<(), DeliveryError> {
        let mut server = self.open().await?;
        let bytes = letter.message.formatted();
        let utf8 = server.server_info().supports_feature(Extension::SmtpUtfEight);
        if needs_utf8(&letter.from) && !utf8 {
            return Err(self.never("does not take addresses with letters beyond ASCII, as `from` has"));
        }
        let options =
            if utf8 && letter.addresses().any(needs_utf8) { vec![MailParameter::SmtpUtfEight] } else { vec![] };
        let sent = server.command(Mail::new(Some(letter.from.clone()), options)).await;
        sent.map_err(|error| self.refusal(Step::Sender, &error, letter))?;
        self.name_recipients(&mut server, letter, utf8).await?;
        let told = server.command(Data).await;
        told.map_err(|error| self.refusal(Step::Content, &error, letter))?;
        let taken = server.message(&bytes).await;
        taken.map_err(|error| self.refusal(Step::Content, &error, letter))?;
        tokio::time::timeout(GOODBYE, server.quit()).await.ok();
        Ok(())
    }

    /// Opens a connection, logs in and says goodbye.
    pub(super) async fn greet(&self) -> Result<(), DeliveryError> {
        let mut server = self.open().await?;
        tokio::time::timeout(GOODBYE, server.quit()).await.ok();
        Ok(())
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let Connection { server, port, security, login, .. } = &self.connection;
        let me = ClientId::default();
        let at_once = if *security == Security::Tls { self.tls.clone() } else { None };
        let opened = AsyncSmtpConnection::connect_tokio1((server.as_str(), *port), None, &me, at_once, None).await;
        let mut line = opened.map_err(|error| self.words(Step::Greeting, &error, &[]))?;
        if let (Security::StartTls, Some(tls)) = (security, &self.tls) {
            if !line.can_starttls() {
                let reason = format!("{self} does not offer STARTTLS, and nothing is sent to it in plain text");
                return Err(DeliveryError::Later { reason, after: None });
            }
            let raised = line.starttls(tls.clone(), &me).await;
            raised.map_err(|error| self.words(Step::Encryption, &error, &[]))?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            if line.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err(self.never("offers no way to log in with user and password (AUTH PLAIN or LOGIN)"));
            }
            let known = line.auth(DEFAULT_MECHANISMS, &credentials).await;
            known.map_err(|error| self.words(Step::Login, &error, &[]))?;
        }
        Ok(line)
    }

    /// Names the recipients. Those that the server will never take are left out as long as one is taken; where it
    /// asks to wait with one, nobody gets the letter yet, so that nobody gets it twice.
    async fn name_recipients(
        &self,
        server: &mut AsyncSmtpConnection,
        letter: &Letter,
        utf8: bool,
    ) -> Result<(), DeliveryError> {
        let mut refused = Vec::new();
        for address in &letter.to {
            if needs_utf8(address) && !utf8 {
                refused.push(self.never("does not take addresses with letters beyond ASCII, as one recipient has"));
                continue;
            }
            match server.command(Rcpt::new(address.clone(), vec![])).await {
                Ok(_taken) => {}
                Err(error) => match self.refusal(Step::Recipient, &error, letter) {
                    later @ DeliveryError::Later { .. } => return Err(later),
                    never @ DeliveryError::Never { .. } => refused.push(never),
                },
            }
        }
        let count = refused.len();
        match refused.pop() {
            Some(last) if count == letter.to.len() => Err(last),
            Some(_) => {
                tracing::warn!(recipients.refused = count, "the mail server refuses some recipients of a notice");
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn refusal(&self, step: Step, error: &Error, letter: &Letter) -> DeliveryError {
        self.words(step, error, &letter.to)
    }

    /// An error in words, and whether another try can help. Addresses of recipients are not repeated.
    fn words(&self, step: Step, error: &Error, recipients: &[Address]) -> DeliveryError {
        let said = self.repeatable(&chain(error), recipients);
        let Some(code) = error.status().map(u16::from) else {
            return DeliveryError::Later { reason: self.broken(step, error, &said), after: None };
        };
        let at = step.words();
        if step == Step::Login {
            // What a server says about a password may repeat it, so only its code is told.
            return if code < 500 {
                DeliveryError::Later { reason: format!("{self} cannot check the password now ({code})"), after: None }
            } else {
                self.never(&format!("does not accept `user` and `password` ({code})"))
            };
        }
        if code < 500 {
            DeliveryError::Later { reason: format!("{self} asks to wait {at}: {said}"), after: None }
        } else {
            self.never(&format!("refuses {at}: {said}"))
        }
    }

    /// What broke the conversation, where it was no answer.
    fn broken(&self, step: Step, error: &Error, said: &str) -> String {
        let certificate = said.to_lowercase().contains("certificate");
        if certificate {
            format!("{self} cannot prove who it is: {said}; name its certificate authority with `ca_file`")
        } else if error.is_response() {
            format!("{self} does not answer like a mail server {}: {said}", step.words())
        } else if step == Step::Greeting {
            format!("{self} cannot be reached: {said}")
        } else {
            format!("{self} broke off {}: {said}", step.words())
        }
    }

    fn never(&self, why: &str) -> DeliveryError {
        DeliveryError::Never { reason: format!("{self} {why}") }
    }

    /// What the other side said, short, in one line, and without the password or anybody's address in it.
    fn repeatable(&self, said: &str, recipients: &[Address]) -> String {
        let mut said = said.to_owned();
        for (at, address) in recipients.iter().enumerate() {
            said = said.replace(AsRef::<str>::as_ref(address), &format!("recipient {}", at + 1));
        }
        if let Some((user, password)) = &self.connection.login {
            let password = password.expose();
            for form in
                [STANDARD.encode(format!("\0{user}\0{password}")), STANDARD.encode(password), password.to_owned()]
            {
                said = said.replace(&form, "***");
            }
        }
        shorten(harmless(&said).trim(), 240)
    }
}

/// True for an address that only some servers take.
fn needs_utf8(address: &Address) -> bool {
    !AsRef::<str>::as_ref(address).is_ascii()
}

/// An error and what is behind it, each thing said once.
fn chain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let more = cause.to_string();
        if !said.contains(&more) {
            said = format!("{said}: {more}");
        }
        next = cause.source();
    }
    said
}

fn tls(server: &str, ca_file: Option<&Path>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(path) = ca_file {
        let name = format!("certificate file `{}`", path.display());
        let pem = std::fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(format!("{name}: there is no PEM certificate in it"));
        }
        let authorities = Certificate::from_pem(&pem).map_err(|error| format!("{name}: {error}"))?;
        builder = builder.add_root_certificate(authorities);
    }
    builder.build().map_err(|error| format!("TLS cannot be set up: {error}"))
}
