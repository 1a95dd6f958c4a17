//! Where a store is: a file, or a database on a server.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::secret::SecretRef;

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(Address),
}

/// How to reach a PostgreSQL database, and whose rows in it are meant. The password is a reference, and fetched only to
/// connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Servers that have the same database, each with its port; the one that takes writes is asked. A host that begins with
    /// `/` is the folder of a local socket.
    pub hosts: Vec<(String, u16)>,
    /// Who connects.
    pub user: String,
    /// What proves it.
    pub password: Option<SecretRef>,
    /// The database.
    pub database: String,
    /// Whose rows.
    pub tenant: String,
    /// True if the server has to prove by a certificate that it is the one that was meant.
    pub verify: bool,
    /// Certificates that vouch for it beside those that the system trusts.
    pub ca_file: Option<PathBuf>,
}

/// The port on which servers listen unless they are told otherwise.
const PORT: u16 = 5432;

/// Whose rows are meant where nobody says so.
const TENANT: &str = "default";

impl Location {
    /// Reads what somebody wrote: an address of a database if it begins with `postgres://`, a path otherwise, with or without
    /// `sqlite:` before it. A path starts at `folder`.
    ///
    /// # Errors
    /// What is wrong with an address. No part of a password is in it.
    pub fn read(text: &str, folder: &Path) -> Result<Self, String> {
        let address = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        match address {
            Some(rest) => Address::read(rest, folder).map(Self::Postgres),
            None => Ok(Self::File(folder.join(text.strip_prefix("sqlite:").unwrap_or(text)))),
        }
    }
}

impl Address {
    /// Reads what stands behind `postgres://`: `user@host:port,host:port/database?name=value&…`.
    fn read(rest: &str, folder: &Path) -> Result<Self, String> {
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, database) =
            place.split_once('/').ok_or("the address names no database: postgres://user@host/database")?;
        let (user, servers) = server.rsplit_once('@').unwrap_or(("", server));
        if user.contains(':') {
            return Err(
                "the address holds a password: write `?password=env:NAME` or `?password=file:/path` behind it, \
                 and the password there"
                    .to_owned(),
            );
        }
        let mut address = Self {
            hosts: servers.split(',').filter(|host| !host.is_empty()).map(host).collect::<Result<_, _>>()?,
            user: decoded(user)?,
            password: None,
            database: decoded(database)?,
            tenant: TENANT.to_owned(),
            verify: true,
            ca_file: None,
        };
        let mut mode = None;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or("an option of the address has no value")?;
            let value = decoded(value)?;
            match name {
                // The rest of a folder's name may look like a port, so it is not taken apart.
                "host" => address.hosts = vec![(value, PORT)],
                "password" => address.password = Some(value.parse().map_err(|error| format!("`password`: {error}"))?),
                "tenant" => address.tenant = value,
                "sslmode" => mode = Some(value),
                "sslrootcert" => address.ca_file = Some(folder.join(value)),
                _ => {
                    return Err(
                        "the options of an address are host, password, sslmode, sslrootcert and tenant".to_owned()
                    );
                }
            }
        }
        address.verify = match mode.as_deref() {
            Some("verify-full") => true,
            Some("disable") => false,
            Some(_) => {
                return Err("`sslmode` is `verify-full` or `disable`: whatever lies between proves nothing".to_owned());
            }
            None => !address.hosts.iter().all(|(host, _)| is_this_machine(host)),
        };
        for (name, is_empty) in [
            ("user", address.user.is_empty()),
            ("host", address.hosts.is_empty()),
            ("database", address.database.is_empty()),
            ("tenant", address.tenant.is_empty()),
        ] {
            if is_empty {
                return Err(format!("the address names no {name}: postgres://user@host/database"));
            }
        }
        Ok(address)
    }
}

/// A host with its port.
fn host(text: &str) -> Result<(String, u16), String> {
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match text.rsplit_once(':') {
        // An IPv6 address in brackets has colons of its own.
        Some((host, port)) if !port.ends_with(']') => {
            let port = port.parse().map_err(|_no_number| format!("`{port}` is no port"))?;
            Ok((decoded(&bare(host))?, port))
        }
        _ => Ok((decoded(&bare(text))?, PORT)),
    }
}

/// True for what does not leave the machine.
fn is_this_machine(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// A part of an address with its `%41` as they are meant.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or("a `%` in the address is followed by no two digits")?;
        let byte = u8::from_str_radix(code, 16).map_err(|_none| "a `%` in the address is followed by no two digits")?;
        bytes.push(byte);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).map_err(|_error| "the address is no text".to_owned())
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(out, "{}", path.display()),
            Self::Postgres(address) => write!(out, "{address}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self
            .hosts
            .iter()
            .map(|(host, port)| match port {
                &PORT => host.clone(),
                port => format!("{host}:{port}"),
            })
            .collect();
        write!(out, "postgres://{}@{}/{}", self.user, hosts.join(","), self.database)?;
        if self.tenant == TENANT { Ok(()) } else { write!(out, "?tenant={}", self.tenant) }
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address, String> {
        match Location::read(text, Path::new("/etc/keyroll"))? {
            Location::Postgres(address) => Ok(address),
            Location::File(path) => panic!("a file: {}", path.display()),
        }
    }

    #[test]
    fn an_address_says_who_where_and_for_whom() {
        let address = read(
            "postgres://nightly@db1.example.com,db2.example.com:6432/audit%20store?password=env:DB&tenant=acme&sslrootcert=ca.pem",
        );
        let address = address.unwrap();
        assert_eq!(address.hosts, [("db1.example.com".to_owned(), 5432), ("db2.example.com".to_owned(), 6432)]);
        assert_eq!((address.user.as_str(), address.database.as_str()), ("nightly", "audit store"));
        assert_eq!(address.password, Some(SecretRef::Env("DB".to_owned())));
        assert_eq!((address.tenant.as_str(), address.verify), ("acme", true));
        assert_eq!(address.ca_file, Some("/etc/keyroll/ca.pem".into()));
        let shown = address.to_string();
        assert_eq!(shown, "postgres://nightly@db1.example.com,db2.example.com:6432/audit store?tenant=acme");
    }

    #[test]
    fn only_what_stays_on_the_machine_goes_without_a_certificate() {
        for (text, verify) in [
            ("postgres://a@db.example.com/k", true),
            ("postgres://a@10.0.0.1/k", true),
            ("postgres://a@localhost,db.example.com/k", true),
            ("postgres://a@localhost/k", false),
            ("postgres://a@127.0.0.1:9999/k", false),
            ("postgres://a@[::1]:9999/k", false),
            ("postgres://a@/k?host=/run/postgresql", false),
            ("postgres://a@localhost/k?sslmode=verify-full", true),
            ("postgres://a@db.example.com/k?sslmode=disable", false),
        ] {
            assert_eq!(read(text).map(|address| address.verify), Ok(verify), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_told_and_no_password_shown() {
        for (text, part) in [
            ("postgres://a:hunter2@db/k", "holds a password"),
            ("postgres://a@db/k?password=hunter2", "a secret is written as a reference"),
            ("postgres://a@db/k?sslmode=require", "verify-full"),
            ("postgres://a@db/k?hunter2=1", "the options of an address are"),
            ("postgres://a@db", "names no database"),
            ("postgres://db/k", "names no user"),
            ("postgres://a@db:abc/k", "is no port"),
            ("postgres://a@db/k%2", "no two digits"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_path() {
        let file = |text| Location::read(text, Path::new("/etc/keyroll")).unwrap();
        assert_eq!(file("keyroll.db"), Location::File("/etc/keyroll/keyroll.db".into()));
        assert_eq!(file("sqlite:/var/keyroll.db"), Location::File("/var/keyroll.db".into()));
    }
}
