//! The line to each source: what keeps a connection from coming about, told apart so that the right person mends the right
//! thing, and whose clock is wrong.

use chrono::TimeDelta;

use crate::http::{Contact, Contacts, Trouble};
use crate::model::{Area, Check, SourceName};
use crate::text::plural;

/// A clock that is off by less is right: answers take their time, and tell it in whole seconds.
const FAIR: TimeDelta = TimeDelta::seconds(30);
/// From here on tokens and days are judged wrongly.
const WRONG: TimeDelta = TimeDelta::minutes(5);

/// Why nobody answers for a source; `None` if somebody does.
pub(super) fn line(source: &SourceName, contact: &Contact) -> Option<Check> {
    trouble(source, contact).filter(|_| contact.answers == 0)
}

/// What kept a request of a source from being answered; `None` if all were.
pub(super) fn trouble(source: &SourceName, contact: &Contact) -> Option<Check> {
    let trouble = contact.trouble.as_ref()?;
    let proxied = contact.through_proxy;
    let whom = if proxied { "the proxy" } else { "the server" };
    let address = if proxied { "`proxy`" } else { "`base_url`" };
    let (found, remedy) = match trouble {
        Trouble::NoSuchHost => (
            format!("the name of {whom} has no address here"),
            format!("check {address} for a slip of the pen, and this machine's name server{}", unless(proxied)),
        ),
        Trouble::Refused => (
            format!("{whom} refuses the connection: nobody listens at its address and port"),
            format!("check {address} and its port, and that {whom} is up"),
        ),
        Trouble::TimedOut => (
            format!("{whom} does not answer in time"),
            format!("let this machine through the firewall to {whom}, or check {address}{}", unless(proxied)),
        ),
        Trouble::UnknownAuthority => (
            "its certificate was made by an authority that this machine does not know".to_owned(),
            "name that authority's PEM file as `ca_file`; a proxy that looks into TLS has one of its own".to_owned(),
        ),
        Trouble::WrongName => (
            "its certificate is for another name".to_owned(),
            "write the name that is in the certificate as `base_url`, not an address or an alias".to_owned(),
        ),
        Trouble::OutOfDate => (
            "its certificate has ended or does not count yet".to_owned(),
            "have the certificate renewed, and check this machine's clock".to_owned(),
        ),
        Trouble::NoTls => {
            ("what answers there does not speak TLS".to_owned(), format!("check scheme and port of {address}"))
        }
        Trouble::ProxyWantsLogin => (
            "the proxy wants a user and a password".to_owned(),
            "write the whole address with both somewhere else, and `proxy: env:NAME` or `proxy: file:/path`".to_owned(),
        ),
        Trouble::ProxySaysNo => (
            "the proxy does not let the connection through".to_owned(),
            "have the server's name and port allowed on the proxy".to_owned(),
        ),
        Trouble::Other(words) => (
            format!("no connection comes about: {words}"),
            format!("check {address}, `proxy` and `ca_file`, and try again with `--verbose`"),
        ),
    };
    Some(Check::broken(Area::Network, source.as_str(), found, remedy))
}

/// Where no proxy is configured, one may be what is missing: keyroll takes none from the environment.
fn unless(proxied: bool) -> &'static str {
    if proxied { "" } else { "; where the way out is a proxy, name it as `proxy`" }
}

/// Whose clock is wrong. Where one server says so and another does not, it is not ours.
pub(super) fn clocks<'a>(sources: impl Iterator<Item = &'a SourceName>, contacts: &Contacts) -> Vec<Check> {
    let told: Vec<(&SourceName, TimeDelta)> =
        sources.filter_map(|source| Some((source, contacts.of(source.as_str())?.ahead?))).collect();
    let Some(nearest) = told.iter().map(|(_, ahead)| *ahead).min_by_key(TimeDelta::abs) else {
        return vec![Check::unchecked(Area::Clock, "this machine", "no server told what time it is")];
    };
    let fair = told.iter().filter(|(_, ahead)| ahead.abs() <= FAIR).count();
    let mut checks = vec![ours(nearest, fair)];
    if nearest.abs() <= FAIR {
        let off = told.iter().filter(|(_, ahead)| ahead.abs() > FAIR);
        checks.extend(off.map(|(source, ahead)| {
            let found = format!("the server's clock is off by {}, and this machine's is not", span(*ahead));
            Check::known(Area::Clock, source.as_str(), found)
        }));
    }
    checks
}

fn ours(ahead: TimeDelta, servers: usize) -> Check {
    let about = "this machine";
    if ahead.abs() <= FAIR {
        let found = format!("it agrees with {}", plural(servers, "server", "servers"));
        return Check::well(Area::Clock, about, found);
    }
    let side = if ahead > TimeDelta::zero() { "fast" } else { "slow" };
    let found =
        format!("its clock is {} {side}, by what the servers say: ends and ages are misjudged by as much", span(ahead));
    let remedy = "have the clock set over the network: `timedatectl set-ntp true`";
    if ahead.abs() > WRONG {
        Check::broken(Area::Clock, about, found, remedy)
    } else {
        Check::weak(Area::Clock, about, found, remedy)
    }
}

fn span(ahead: TimeDelta) -> String {
    let seconds = usize::try_from(ahead.num_seconds().unsigned_abs()).unwrap_or(usize::MAX);
    match seconds {
        0..=119 => plural(seconds, "second", "seconds"),
        120..=7_199 => plural(seconds / 60, "minute", "minutes"),
        7_200..=172_799 => plural(seconds / 3_600, "hour", "hours"),
        _ => plural(seconds / 86_400, "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Health;

    #[test]
    fn every_trouble_of_a_line_has_words_and_a_step_of_its_own() {
        let troubles = [
            Trouble::NoSuchHost,
            Trouble::Refused,
            Trouble::TimedOut,
            Trouble::UnknownAuthority,
            Trouble::WrongName,
            Trouble::OutOfDate,
            Trouble::NoTls,
            Trouble::ProxyWantsLogin,
            Trouble::ProxySaysNo,
            Trouble::Other("odd".to_owned()),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for trouble in troubles {
            let contact = Contact { trouble: Some(trouble), ..Contact::default() };
            let check = line(&"jira".into(), &contact).unwrap();
            assert_eq!(check.health, Health::Broken);
            assert!(seen.insert(check.found) && seen.insert(check.remedy.unwrap()));
        }
        assert_eq!(line(&"jira".into(), &Contact { answers: 1, ..Contact::default() }), None);
    }

    #[test]
    fn a_clock_is_fast_or_slow() {
        assert_eq!(ours(TimeDelta::seconds(20), 2).health, Health::Well);
        assert_eq!(ours(TimeDelta::seconds(-90), 2).health, Health::Weak);
        let fast = ours(TimeDelta::minutes(60), 2);
        assert_eq!(fast.health, Health::Broken);
        assert!(fast.found.contains("60 minutes fast"), "{}", fast.found);
    }
}
