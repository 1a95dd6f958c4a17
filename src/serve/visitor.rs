//! Who asks, and who may see what a tenant shows.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// Somebody who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// Whoever reaches this machine's loopback address, where nobody has to sign in.
    Local,
    /// Whoever holds a token of the configuration; its name.
    Token(String),
    /// Whom the identity provider vouches for.
    Person(Person),
}

/// What the identity provider says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider's own id of the person.
    pub subject: String,
    /// The mail address in small letters, if the provider says that it verified it.
    pub mail: Option<String>,
    /// The groups that the provider names.
    pub groups: BTreeSet<String>,
}

impl fmt::Display for Visitor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => out.write_str("somebody at this machine"),
            Self::Token(name) => write!(out, "token {name}"),
            Self::Person(Person { mail: Some(mail), .. }) => out.write_str(mail),
            Self::Person(Person { subject, .. }) => write!(out, "subject {subject}"),
        }
    }
}

/// Somebody who may see a tenant, as the configuration names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Whoever reaches this machine's loopback address, where nobody has to sign in.
    Local,
    /// The holder of a token, by the token's name.
    Token(String),
    /// A person by mail address.
    Mail(String),
    /// Everybody with a mail address of a domain.
    Domain(String),
    /// Everybody in a group, as the identity provider calls it.
    Group(String),
}

impl FromStr for Viewer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write `token:NAME`, `mail:ADDRESS`, `domain:DOMAIN`, `group:NAME` or `local`".to_owned();
        if text == "local" {
            return Ok(Self::Local);
        }
        let (sort, name) = text.split_once(':').filter(|(_, name)| !name.trim().is_empty()).ok_or_else(wrong)?;
        let name = name.trim().to_owned();
        match sort {
            "token" => Ok(Self::Token(name)),
            "mail" if name.contains('@') => Ok(Self::Mail(name.to_lowercase())),
            "domain" if !name.contains('@') => Ok(Self::Domain(name.to_lowercase())),
            "group" => Ok(Self::Group(name)),
            _ => Err(wrong()),
        }
    }
}

impl Viewer {
    /// True if this visitor is meant.
    #[must_use]
    pub fn means(&self, visitor: &Visitor) -> bool {
        let mail = match visitor {
            Visitor::Person(person) => person.mail.as_deref(),
            Visitor::Local | Visitor::Token(_) => None,
        };
        match (self, visitor) {
            (Self::Local, Visitor::Local) => true,
            (Self::Token(name), Visitor::Token(held)) => name == held,
            (Self::Mail(address), _) => mail == Some(address),
            (Self::Domain(domain), _) => {
                mail.and_then(|mail| mail.rsplit_once('@')).is_some_and(|(_, of)| of == domain)
            }
            (Self::Group(group), Visitor::Person(person)) => person.groups.contains(group),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(mail: Option<&str>, groups: &[&str]) -> Visitor {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Visitor::Person(Person { subject: "s-1".to_owned(), mail: mail.map(str::to_owned), groups })
    }

    #[test]
    fn only_those_who_are_named_are_meant() {
        let ada = person(Some("ada@acme.example"), &["security"]);
        let meant = |viewer: &str, visitor: &Visitor| viewer.parse::<Viewer>().unwrap().means(visitor);
        assert!(
            meant("mail:Ada@ACME.example", &ada) && meant("domain:acme.example", &ada) && meant("group:security", &ada)
        );
        for other in [
            "mail:bob@acme.example",
            "domain:me.example",
            "domain:example",
            "group:Security",
            "token:security",
            "local",
        ] {
            assert!(!meant(other, &ada), "{other}");
        }
        let odd = person(Some("x@acme.example@evil.example"), &[]);
        assert!(!meant("domain:acme.example", &odd), "what stands behind the last @ counts");
        assert!(!meant("domain:acme.example", &person(None, &[])));
        assert!(meant("token:ci", &Visitor::Token("ci".to_owned())) && !meant("token:ci", &Visitor::Local));
        assert!(meant("local", &Visitor::Local));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for wrong in ["", "everybody", "token:", "token", "mail:acme.example", "domain:a@b", "owner:x", "*"] {
            assert!(wrong.parse::<Viewer>().is_err(), "{wrong}");
        }
    }
}
