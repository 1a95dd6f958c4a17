//! What keyroll reads with: when that ends, and whether it may do more than reading takes. Products tell neither of the very
//! credential that is shown to them; what is known comes from the configuration, from the listings of the first pages, and from
//! the latest scan.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::Probed;
use crate::model::{
    Area, Body, Check, Collection, Credential, CredentialForm, Fact, Health, Principal, Resource, ResourceId, Sighting,
    SourceName,
};
use crate::store::Store;
use crate::text::{join_and, plural, shorten};

/// The endpoint of several sources that shows the scanner's own account.
const OWN_ACCOUNT: &str = "own account";

/// What ends sooner should be renewed now.
const SOON: TimeDelta = TimeDelta::days(30);

/// What is known of the accounts that keyroll reads with.
pub(super) struct Known {
    /// The account that each source reads as, where it is told.
    accounts: BTreeMap<SourceName, ResourceId>,
    /// Those accounts, each as it was seen last.
    principals: BTreeMap<ResourceId, Principal>,
    /// Their credentials, by label.
    credentials: BTreeMap<ResourceId, (String, Credential)>,
}

impl Known {
    /// From what the sources answered and what the latest scan knew.
    pub(super) fn of(probes: &BTreeMap<SourceName, Collection>, store: Option<&Store>) -> Self {
        let is_own = |seen: &Sighting| *seen.endpoint == *OWN_ACCOUNT;
        let mut accounts = BTreeMap::new();
        for (source, probe) in probes {
            let own = probe.resources.iter().find(|resource| resource.seen_by.iter().any(is_own));
            accounts.extend(own.map(|own| (source.clone(), own.id.clone())));
        }
        let latest = store.and_then(|store| store.snapshot(store.latest().ok()??.id).ok()?);
        let stored = latest.iter().flat_map(|snapshot| &snapshot.resources);
        let mut known = Self { accounts, principals: BTreeMap::new(), credentials: BTreeMap::new() };
        let ids: BTreeSet<ResourceId> = known.accounts.values().cloned().collect();
        // What is told now counts for more than what was told then.
        for resource in stored.chain(probes.values().flat_map(|probe| &probe.resources)) {
            known.take(resource, &ids);
        }
        known
    }

    /// What a scanner could read with.
    const FORMS: [CredentialForm; 4] = [
        CredentialForm::ApiToken,
        CredentialForm::OauthClient,
        CredentialForm::PersonalAccessToken,
        CredentialForm::AccessToken,
    ];

    fn take(&mut self, resource: &Resource, own: &BTreeSet<ResourceId>) {
        match &resource.body {
            Body::Principal(principal) if own.contains(&resource.id) => {
                let known = self.principals.entry(resource.id.clone()).or_insert_with(|| principal.clone());
                if !principal.platform_roles.is_unknown() {
                    known.platform_roles.clone_from(&principal.platform_roles);
                }
            }
            Body::Credential(credential)
                if Self::FORMS.contains(&credential.form)
                    && credential.owner.known().is_some_and(|owner| own.contains(owner)) =>
            {
                self.credentials.insert(resource.id.clone(), (resource.name.clone(), credential.clone()));
            }
            _ => {}
        }
    }

    /// The credentials of the account that a source reads as, but for those that have ended.
    fn live(&self, source: &SourceName, now: DateTime<Utc>) -> Vec<&(String, Credential)> {
        let Some(account) = self.accounts.get(source) else { return Vec::new() };
        let of = |credential: &Credential| credential.owner.known() == Some(account);
        let ended = |credential: &Credential| credential.expires_at.known().is_some_and(|end| *end < now);
        self.credentials.values().filter(|(_, credential)| of(credential) && !ended(credential)).collect()
    }
}

/// What is to be said of the credential of a source.
pub(super) fn examine(probed: &Probed, known: &Known, now: DateTime<Utc>) -> Vec<Check> {
    let Some(way_in) = probed.kind.way_in else { return Vec::new() };
    let source = probed.source.name();
    let live = known.live(source, now);
    let made = way_in.made_at;
    let mut checks = Vec::new();
    if let Some(end) = probed.own.ends_at {
        checks.push(ending(source, "the credential, as the configuration says,", end, made, now));
    }
    // What the product tells of the account counts beside what somebody wrote down.
    if probed.own.ends_at.is_none() || !live.is_empty() {
        checks.push(of_account(source, &live, made, now));
    }
    checks.extend(powers(probed, known, &live));
    checks
}

/// When something of ours ends.
fn ending(source: &SourceName, what: &str, end: DateTime<Utc>, made: &str, now: DateTime<Utc>) -> Check {
    let (about, day) = (source.as_str(), end.format("%Y-%m-%d"));
    let renew = format!("make a new one ({made}), hand it to keyroll, and revoke this one once nothing else uses it");
    if end < now {
        let remedy = format!("{renew}; then change `credential_ends`");
        return Check::weak(Area::Credentials, about, format!("{what} ended on {day}"), remedy);
    }
    let days = usize::try_from((end - now).num_days()).unwrap_or_default();
    let found = format!("{what} ends on {day}, in {}", plural(days, "day", "days"));
    if end - now < SOON {
        return Check::weak(Area::Credentials, about, found, renew);
    }
    Check::well(Area::Credentials, about, found)
}

/// When the credentials of the account end, which of them keyroll's is being told by nobody.
fn of_account(source: &SourceName, live: &[&(String, Credential)], made: &str, now: DateTime<Utc>) -> Check {
    let about = source.as_str();
    let first = live.iter().filter_map(|(name, one)| Some((*one.expires_at.known()?, name, one))).min_by_key(|it| it.0);
    if let Some((end, name, one)) = first {
        let of = if live.len() == 1 { "" } else { ", the first of its account's," };
        let what = format!("{} “{}”{of}", one.form.title(), shorten(name, 60));
        let check = ending(source, &what, end, made, now);
        let untold = live.iter().filter(|(_, one)| one.expires_at.known().is_none()).count();
        return match untold {
            0 => check,
            _ => Check {
                health: check.health.max(Health::Known),
                found: format!("{}; of {} beside it no end is told", check.found, plural(untold, "other", "others")),
                ..check
            },
        };
    }
    if let Some((name, one)) = live.iter().find(|(_, one)| one.expires_at == Fact::Absent) {
        let found = format!("{} “{}” of the scanner's account never ends", one.form.title(), shorten(name, 60));
        let remedy = format!("replace it by one that ends within a year ({made})");
        return Check::weak(Area::Credentials, about, found, remedy);
    }
    let found = "nobody tells when it ends: with `credential_ends: 2027-06-30` in the source you are reminded in time";
    Check::known(Area::Credentials, about, found)
}

/// What the credential may do beyond what reading takes.
fn powers(probed: &Probed, known: &Known, live: &[&(String, Credential)]) -> Vec<Check> {
    let source = probed.source.name();
    let mut checks = Vec::new();
    let account = known.accounts.get(source).and_then(|id| known.principals.get(id));
    let roles = account.and_then(|account| account.platform_roles.known());
    let strong: Vec<String> =
        roles.into_iter().flatten().filter(|role| role.contains("org-admin")).map(|role| format!("“{role}”")).collect();
    if !strong.is_empty() {
        let found = format!(
            "the scanner's account has {} and so the whole organisation, of which reading takes nothing",
            join_and(&strong)
        );
        let remedy = "take that away under Atlassian Administration > Directory > Users, or scan with another account";
        checks.push(Check::weak(Area::Credentials, source.as_str(), found, remedy));
    }
    // Some products let only those read who may write: what a source names among its rights is no excess.
    let needed = |scope: &str| probed.kind.rights.iter().any(|right| right.right.contains(scope));
    for (name, one) in live {
        let excess: Vec<String> = one
            .scopes
            .known()
            .into_iter()
            .flatten()
            .filter(|scope| changes(scope) && !needed(scope))
            .map(|scope| format!("“{scope}”"))
            .collect();
        if !excess.is_empty() {
            let found = format!(
                "{} “{}” of the scanner's account may do more than read: {}",
                one.form.title(),
                shorten(name, 60),
                join_and(&excess)
            );
            let remedy =
                "make one with read scopes alone, hand that to keyroll, and revoke this one once nothing else uses it";
            checks.push(Check::weak(Area::Credentials, source.as_str(), found, remedy));
        }
    }
    checks
}

/// True for a scope that lets something be changed.
fn changes(scope: &str) -> bool {
    let words = scope.to_ascii_lowercase();
    words.split([':', '_']).any(|part| ["write", "delete", "manage", "admin"].contains(&part))
}
