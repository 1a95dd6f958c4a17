//! The section `serve`: where pages are served, who signs in how, and who may see what. In a fleet, all but `visible_to` and `packs`
//! stands in what the tenants have in common, for there is one server; each tenant says who may see it.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::fleet::{DEFAULTS, Fleet, Tenant as Member};
use super::{Config, read, shown};
use crate::document::secrets::{address, need_secret, secret};
use crate::document::{self, Located, Section};
use crate::problem::{Problem, Problems};
use crate::secret::{Secret, SecretRef};
use crate::serve::{Carriage, Lifetime, ProviderSettings, Settings, Source, Tenant, Viewer};
use crate::text::did_you_mean;
use crate::timetable::Span;
use crate::tls;

/// Where pages are served unless the configuration says otherwise.
const LISTEN: &str = "127.0.0.1:8347";

/// The keys that are each tenant's own.
const OWN: [&str; 2] = ["visible_to", "packs"];

/// What a tenant says for itself.
#[derive(Default)]
struct Own {
    visible_to: Option<Vec<Located<Viewer>>>,
    packs: Option<PathBuf>,
}

impl Config {
    /// Where and to whom the pages of this estate are served, under a name that stands in their addresses.
    ///
    /// # Errors
    /// Everything that is wrong in its section, in the rules and in the profiles of systems.
    pub fn serving(mut self, name: &str) -> Result<Settings, Problems> {
        let mut problems = Problems::default();
        let read = match self.serve.take() {
            Some(section) => problems.take(read_whole(section, &self.folder)),
            None => Some((front_without_section(), Own::default())),
        };
        let source = problems.take(self.source());
        let (Some((mut settings, own)), Some(source)) = (read, source) else { return Err(problems) };
        let visible_to = match own.visible_to {
            Some(viewers) => viewers.into_iter().map(|viewer| viewer.value).collect(),
            None => vec![Viewer::Local],
        };
        let name = name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
        settings.tenants.push(Tenant { name, source: Ok(source), visible_to, packs: own.packs });
        problems.or(settings)
    }

    /// What pages are made from.
    fn source(&self) -> Result<Source, Problems> {
        let mut problems = Problems::default();
        let rules = problems.take(self.rules());
        let knowledge = problems.take(self.knowledge());
        match (rules, knowledge) {
            (Some(rules), Some(knowledge)) => {
                let (store, estate) = (self.store.clone(), self.estate.clone());
                problems.or(Source { store, estate, schedules: self.schedules().to_vec(), rules, knowledge })
            }
            _ => Err(problems),
        }
    }

    /// Everything that is wrong in the section.
    pub(super) fn examine_serving(&mut self) -> Result<(), Problems> {
        match self.serve.take() {
            Some(section) => read_whole(section, &self.folder).map(|_read| ()),
            None => Ok(()),
        }
    }
}

/// True for what a name in an address is made of.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

impl Fleet {
    /// Where and to whom the pages of all tenants in the folder are served. A tenant whose configuration has mistakes is one that
    /// nobody may see, since it is not known who may.
    ///
    /// # Errors
    /// Everything that is wrong in what the tenants have in common.
    pub fn serving(self, folder: &Path) -> Result<Settings, Problems> {
        let mut problems = Problems::default();
        let file = read(&folder.join(DEFAULTS))?;
        let mut common = document::parse_shown(&file, &shown(&file))?;
        let front = common.section("serve").map(|mut section| {
            let front = read_front(&mut section, folder);
            for key in OWN {
                section.get::<document::Node>(key);
            }
            section.finish(Some(front))
        });
        let front = match front {
            Some(front) => problems.take(front),
            None => Some(front_without_section()),
        };
        let Some(mut settings) = front else { return Err(problems) };
        for member in self.tenants {
            settings.tenants.push(tenant(member, &settings, folder));
        }
        problems.or(settings)
    }
}

/// A tenant of a fleet. What is wrong in its files is kept for the log.
fn tenant(member: Member, settings: &Settings, folder: &Path) -> Tenant {
    let Member { name, file, config } = member;
    let read = config.and_then(|mut config| {
        let mut problems = Problems::default();
        problems.take(refuse_what_is_common(&file));
        let own = match config.serve.take() {
            Some(mut section) => {
                let own = read_own(&mut section, folder);
                check_viewers(&mut section, &own, settings);
                section.rest();
                problems.take(section.finish(Some(own)))
            }
            None => Some(Own::default()),
        };
        let source = problems.take(config.source());
        match (own, source) {
            (Some(own), Some(source)) => problems.or((own, source)),
            _ => Err(problems),
        }
    });
    match read {
        Ok((own, source)) => Tenant {
            name,
            source: Ok(source),
            visible_to: own.visible_to.unwrap_or_default().into_iter().map(|viewer| viewer.value).collect(),
            packs: own.packs,
        },
        Err(problems) => Tenant { name, source: Err(problems.to_string()), visible_to: Vec::new(), packs: None },
    }
}

/// There is one server for all tenants: none of them says where it listens.
fn refuse_what_is_common(file: &Path) -> Result<(), Problems> {
    let file = read(file)?;
    // A file with nothing in it inherits everything.
    let Ok(mut root) = document::parse_shown(&file, &shown(&file)) else { return Ok(()) };
    let Some(mut section) = root.section("serve") else { return Ok(()) };
    let mut problems = Problems::default();
    for (key, _) in section.rest().into_iter().filter(|(key, _)| !OWN.contains(&key.value.as_str())) {
        let what = format!("`{}` is the same for all tenants", key.value);
        let help = format!("write it into `{DEFAULTS}`; a tenant says `visible_to` and `packs`");
        problems.push(Problem::at(section.file(), key.span, what).help(help));
    }
    problems.or(())
}

/// The section of one estate.
fn read_whole(mut section: Section, folder: &Path) -> Result<(Settings, Own), Problems> {
    let settings = read_front(&mut section, folder);
    let own = read_own(&mut section, folder);
    check_viewers(&mut section, &own, &settings);
    if settings.asks_to_sign_in() && own.visible_to.is_none() {
        let help = "add `visible_to:` with a list of `token:NAME`, `mail:ADDRESS`, `domain:DOMAIN` or `group:NAME`";
        section.wrong(section.span(), "nobody may see anything", Some(help.to_owned()));
    }
    section.finish(Some((settings, own)))
}

fn front_without_section() -> Settings {
    Settings {
        listen: LISTEN.parse().expect("internal: our own address is one"),
        host: None,
        carriage: Carriage::Plain,
        tokens: Vec::new(),
        provider: None,
        lifetime: Lifetime::default(),
        access_log: None,
        tenants: Vec::new(),
    }
}

/// Where pages are served and who signs in how. What is wrong is noted.
fn read_front(section: &mut Section, folder: &Path) -> Settings {
    let mut settings = front_without_section();
    if let Some(listen) = section.get::<Located<String>>("listen") {
        match listen.value.parse::<SocketAddr>() {
            Ok(address) => settings.listen = address,
            Err(_no_address) => {
                let help = format!("write an address with its port, like `{LISTEN}`");
                section.wrong(listen.span, format!("`listen` cannot be `{}`", listen.value), Some(help));
            }
        }
    }
    settings.host = read_host(section);
    settings.carriage = read_carriage(section, folder);
    for mut token in section.sections("tokens") {
        let name: Option<Located<String>> = token.need("name");
        if let Some(name) = &name
            && settings.tokens.iter().any(|(known, _)| *known == name.value)
        {
            token.wrong(name.span.clone(), format!("two tokens are named `{}`", name.value), None);
        }
        let value = need_secret(&mut token, "token", "token_command");
        let token = token.finish(Some(name.zip(value).map(|(name, value)| (name.value, value))));
        settings.tokens.extend(section.take(token).flatten());
    }
    settings.provider = section.section("oidc").map(read_provider).and_then(|provider| section.take(provider));
    let span = |section: &mut Section, key| section.get_parsed::<Span>(key).map(Span::duration);
    let (idle, longest) = (span(section, "idle"), span(section, "longest"));
    settings.lifetime.idle = idle.unwrap_or(settings.lifetime.idle);
    settings.lifetime.longest = longest.unwrap_or(settings.lifetime.longest);
    settings.access_log = section.get::<String>("access_log").map(|path| folder.join(path));
    // What depends on a part that cannot be read is told when that is mended.
    let wants_more =
        settings.tokens.is_empty() && section.has("tokens") || settings.provider.is_none() && section.has("oidc");
    let is_told = wants_more
        || matches!(settings.carriage, Carriage::Plain)
            && (section.has("certificate") || section.has("key") || section.has("proxies"));
    if let Err(error) = settings.check()
        && !is_told
    {
        section.wrong(section.span_of("listen"), error.to_string(), None);
    }
    settings
}

/// The name by which browsers reach the server: as they write it in the header that says whom they mean.
fn read_host(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.get("host")?;
    let host = written.value.to_ascii_lowercase();
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(is_host) {
        let help = "write the host alone, with its port if that is not 443: `keyroll.acme.example`".to_owned();
        section.wrong(written.span, format!("`host` cannot be `{}`", written.value), Some(help));
        return None;
    }
    Some(host.strip_suffix(":443").map_or(host.clone(), str::to_owned))
}

fn read_carriage(section: &mut Section, folder: &Path) -> Carriage {
    let certificate = section.get::<Located<String>>("certificate");
    let key = section.get::<Located<String>>("key");
    let proxies = section.get::<Vec<Located<String>>>("proxies");
    if let Some(written) = &proxies
        && (certificate.is_some() || key.is_some())
    {
        let span = written.first().map_or_else(|| section.span(), |first| first.span.clone());
        let what = "`proxies` and `certificate` exclude each other: either the proxy encrypts, or keyroll does";
        section.wrong(span, what, None);
    }
    if let Some(written) = proxies {
        let mut addresses = Vec::new();
        for one in &written {
            match one.value.parse::<IpAddr>() {
                Ok(address) => addresses.push(address.to_canonical()),
                Err(_no_address) => {
                    let help = "write the addresses from which the proxy connects, such as `127.0.0.1`".to_owned();
                    section.wrong(one.span.clone(), format!("`{}` is no address", one.value), Some(help));
                }
            }
        }
        return if addresses.is_empty() { Carriage::Plain } else { Carriage::Behind(addresses) };
    }
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Carriage::Plain,
        (Some(one), None) => {
            section.wrong(one.span, "`certificate` needs a `key`", Some("add `key: file:/path`".to_owned()));
            return Carriage::Plain;
        }
        (None, Some(_)) => {
            section.wrong(section.span_of("key"), "`key` needs a `certificate`", None);
            return Carriage::Plain;
        }
    };
    let path = folder.join(&certificate.value);
    let chain = std::fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
    let chain = noted(section, certificate.span.clone(), chain);
    let secret = match key.value.parse::<SecretRef>() {
        Ok(SecretRef::File(path)) => Secret::of_file(&path).map_err(|error| error.to_string()),
        _ => Err("the key is a file that only its owner may read: write `key: file:/path`".to_owned()),
    };
    // The value may be the key itself, and is not repeated.
    let secret = noted(section, section.span_of("certificate"), secret);
    let made = chain.zip(secret).map(|(chain, key)| tls::acceptor(&chain, key.expose().as_bytes()));
    let acceptor = made.and_then(|made| noted(section, certificate.span, made));
    acceptor.map_or(Carriage::Plain, Carriage::Tls)
}

/// What was made; why it could not be is noted.
fn noted<T>(section: &mut Section, at: std::ops::Range<usize>, made: Result<T, String>) -> Option<T> {
    made.map_err(|what| section.wrong(at, what, None)).ok()
}

fn read_provider(mut section: Section) -> Result<ProviderSettings, Problems> {
    let issuer = section.need::<String>("issuer");
    let client_id = section.need::<String>("client_id");
    let client_secret = secret(&mut section, "client_secret", "client_secret_command");
    let scopes = section.get::<Vec<String>>("scopes").unwrap_or_else(|| vec!["email".to_owned()]);
    let groups_claim = section.get::<String>("groups_claim").unwrap_or_else(|| "groups".to_owned());
    let ca_file = section.get::<String>("ca_file").map(PathBuf::from);
    let proxy = address(&mut section, "proxy");
    let provider = issuer.zip(client_id).map(|(issuer, client_id)| ProviderSettings {
        issuer,
        client_id,
        client_secret,
        scopes,
        groups_claim,
        ca_file,
        proxy,
    });
    section
        .finish(Some(provider))
        .and_then(|provider| provider.ok_or_else(|| unreachable!("internal: what is missing was told")))
}

/// What a tenant says for itself. What is wrong is noted.
fn read_own(section: &mut Section, folder: &Path) -> Own {
    let written = section.get::<Vec<Located<String>>>("visible_to");
    let visible_to = written.map(|written| {
        let viewer = |one: Located<String>| match one.value.parse::<Viewer>() {
            Ok(value) => Some(Located { value, span: one.span }),
            Err(help) => {
                section.wrong(one.span, format!("`{}` names nobody", one.value), Some(help));
                None
            }
        };
        written.into_iter().filter_map(viewer).collect()
    });
    Own { visible_to, packs: section.get::<String>("packs").map(|path| folder.join(path)) }
}

/// Whoever is named can sign in.
fn check_viewers(section: &mut Section, own: &Own, settings: &Settings) {
    for viewer in own.visible_to.iter().flatten() {
        let (what, help) = match &viewer.value {
            Viewer::Token(name) if !settings.tokens.iter().any(|(known, _)| known == name) => {
                let near = did_you_mean(name, settings.tokens.iter().map(|(known, _)| known.as_str()));
                (format!("there is no token `{name}`"), near.map(|near| format!("did you mean `token:{near}`?")))
            }
            Viewer::Mail(_) | Viewer::Domain(_) | Viewer::Group(_) if settings.provider.is_none() => {
                ("only a provider of identities knows people and groups".to_owned(), Some("add `oidc:`".to_owned()))
            }
            Viewer::Local if settings.asks_to_sign_in() => {
                ("everybody has to sign in, so nobody is `local`".to_owned(), None)
            }
            _ => continue,
        };
        section.wrong(viewer.span.clone(), what, help);
    }
}
