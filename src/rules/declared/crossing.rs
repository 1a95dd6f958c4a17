//! What should be apart and is not: several integrations on one account or key, an integration in two environments, people
//! on the account of a machine.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Finds;
use crate::inventory::access::{Bound, Place};
use crate::inventory::needs::words::is_workplace;
use crate::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, Fact, Integration, Kind, Principal, PrincipalType,
    Resource, ResourceId,
};
use crate::rules::derived;
use crate::rules::fields::{Texts, View, integration};

/// Other integrations that run on one of its accounts, and whether these are all.
fn sharing<'a>(view: &View<'a>) -> (Vec<(&'a Resource, &'a Integration)>, bool) {
    let (others, told) = view.inventory.sharing_with(view.resource);
    let bodies = others.into_iter().filter_map(|other| match &other.body {
        Body::Integration(body) => Some((other, body)),
        _ => None,
    });
    (bodies.collect(), told)
}

pub(in crate::rules) fn shares_account_with<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut shared = Finds::default();
    let (others, told) = sharing(view);
    others.into_iter().for_each(|(other, _)| shared.found(other.title().to_owned()));
    shared.doubt_unless(told);
    shared.told()
}

/// The environments of those that are not its own: production and sandbox on one account.
pub(in crate::rules) fn other_environments<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let own = &integration(view).environment;
    let mut others = Finds::default();
    let (sharing, told) = sharing(view);
    for (other, body) in sharing {
        match (own, &body.environment) {
            (Fact::Known(own), Fact::Known(theirs)) if !own.eq_ignore_ascii_case(theirs) => {
                others.found(format!("{} ({theirs})", other.title()));
            }
            (Fact::Unknown, _) | (_, Fact::Unknown) => others.in_doubt(),
            _ => {}
        }
    }
    others.doubt_unless(told);
    others.told()
}

/// Sites and servers by the tenant of what is on them: what each is called, and whether it is a sandbox.
struct Site {
    words: String,
    sandbox: Fact<bool>,
}

/// A site's address tells more than its name, which is often the same in a sandbox. That a site is a sandbox, only the
/// organisation tells, of the products on it; a server of one's own is none.
fn sites(view: &View<'_>) -> BTreeMap<String, Site> {
    let mut sites: BTreeMap<String, Site> = BTreeMap::new();
    let mut flags: BTreeMap<&str, Fact<bool>> = BTreeMap::new();
    for resource in view.inventory.of_kind(Kind::Container) {
        let Body::Container(body) = &resource.body else { continue };
        match body.form {
            ContainerForm::Product => {
                if let Some((_, cloud)) = resource.id.native().split_once("::site/") {
                    let flag = flags.entry(cloud).or_insert(body.sandbox);
                    if body.sandbox == Fact::Known(true) || flag.is_unknown() {
                        *flag = body.sandbox;
                    }
                }
            }
            ContainerForm::Site | ContainerForm::Instance => {
                let address = body.url.known().map(|url| url.split_once("://").map_or(url.as_str(), |(_, rest)| rest));
                let address = address.map(|address| address.trim_end_matches('/'));
                let words = match address {
                    Some(address) => format!("{} at {address}", resource.title()),
                    None => format!("{} ({})", resource.title(), resource.id.tenant()),
                };
                let is_server = body.form == ContainerForm::Instance;
                let sandbox = if is_server { Fact::Absent } else { Fact::Unknown };
                sites.entry(resource.id.tenant().to_owned()).or_insert(Site { words, sandbox });
            }
            _ => {}
        }
    }
    for (cloud, flag) in flags {
        if let Some(site) = sites.get_mut(cloud) {
            site.sandbox = flag;
        }
    }
    sites
}

/// The sites and servers in which its accounts have rights that not everybody has: of one sort, as `wanted` says.
fn reached<'a>(view: &View<'a>, wanted: fn(Fact<bool>) -> Fact<bool>) -> Fact<Texts<'a>> {
    let (accounts, told) = view.inventory.runs_on(view.resource);
    let mut found = Finds::default();
    found.doubt_unless(told);
    if accounts.is_empty() {
        return found.told();
    }
    let sites = sites(view);
    for account in accounts {
        let reach = view.inventory.access().of_account(account);
        let mut held: BTreeSet<&str> = BTreeSet::new();
        let mut possible: BTreeSet<&str> = BTreeSet::new();
        for place in reach.places.iter().filter(|place| is_counted(place)) {
            let tenant = place.container.id.tenant();
            if place.permissions.iter().any(|one| one.bound == Bound::Held && !one.of_everybody) {
                held.insert(tenant);
            } else if place.permissions.iter().any(|one| one.bound == Bound::Possible) {
                possible.insert(tenant);
            }
        }
        for (tenant, site) in &sites {
            let is_held = held.contains(tenant.as_str());
            match (wanted(site.sandbox), is_held || possible.contains(tenant.as_str())) {
                (Fact::Known(true), true) if is_held => found.found(site.words.clone()),
                (Fact::Known(true) | Fact::Unknown, true) => found.in_doubt(),
                _ => {}
            }
        }
    }
    found.told()
}

/// Content, and the whole of a product. What every account has to get in says nothing about where it works.
fn is_counted(place: &Place<'_>) -> bool {
    let Body::Container(Container { form, .. }) = &place.container.body else { return false };
    is_workplace(*form) && *form != ContainerForm::Workspace
}

/// Sandboxes that one of its accounts works in, by the organisation's word on what is one.
pub(in crate::rules) fn sandboxes<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    reached(view, |sandbox| match sandbox {
        Fact::Absent => Fact::Known(false),
        told => told,
    })
}

/// Sites of the cloud that are no sandboxes and that one of its accounts works in.
pub(in crate::rules) fn production_sites<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    reached(view, |sandbox| match sandbox {
        Fact::Absent => Fact::Known(false),
        told => told.map(|sandbox| !sandbox),
    })
}

/// Self-hosted products that one of its accounts works in.
pub(in crate::rules) fn servers<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    reached(view, |sandbox| Fact::Known(sandbox == Fact::Absent))
}

/// Public keys of its accounts that are other accounts' or open repositories by themselves, with whose they are.
pub(in crate::rules) fn keys_of_others<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let (accounts, told) = view.inventory.runs_on(view.resource);
    let mut shared = Finds::default();
    shared.doubt_unless(told);
    for account in accounts {
        for key in view.inventory.credentials_of(&account.id) {
            let Body::Credential(Credential { form: CredentialForm::SshKey, fingerprint, .. }) = &key.body else {
                continue;
            };
            match fingerprint {
                Fact::Known(digest) => {
                    let others = view.inventory.credentials_of_key(digest).filter(|other| !is_owned_by(other, account));
                    others.for_each(|other| shared.found(in_words(view, key, other)));
                }
                Fact::Absent => {}
                Fact::Unknown => shared.in_doubt(),
            }
        }
    }
    let hidden = view.inventory.coverage().gaps_over(Kind::Credential, &["ssh-key", "deploy-key"]).next();
    shared.doubt_unless(hidden.is_none());
    shared.told()
}

fn is_owned_by(key: &Resource, account: &Resource) -> bool {
    matches!(&key.body, Body::Credential(Credential { owner: Fact::Known(owner), .. }) if *owner == account.id)
}

fn in_words(view: &View<'_>, key: &Resource, other: &Resource) -> String {
    let named = |id: &ResourceId| view.inventory.name(id).to_owned();
    let whose = match &other.body {
        Body::Credential(Credential { owner: Fact::Known(owner), .. }) => named(owner),
        Body::Credential(Credential { container: Fact::Known(container), .. }) => named(container),
        _ => "somebody".to_owned(),
    };
    format!("SSH key “{}”, which is “{}” of {whose} as well", key.title(), other.title())
}

/// When a person was last seen on one of its accounts: a page was viewed, or somebody logged in to the cloud. Absent if
/// nobody ever was. Self-hosted products count it as a log-in when a machine sends its password, so theirs say nothing.
pub(in crate::rules) fn person_seen_at(view: &View<'_>) -> Fact<DateTime<Utc>> {
    match signs_of_people(view) {
        (Some(at), _) => Fact::Known(at),
        (None, true) => Fact::Absent,
        (None, false) => Fact::Unknown,
    }
}

/// True if no later sign of a person can be out of sight; never known otherwise.
pub(in crate::rules) fn person_signs_told(view: &View<'_>) -> Fact<bool> {
    if signs_of_people(view).1 { Fact::Known(true) } else { Fact::Unknown }
}

fn signs_of_people(view: &View<'_>) -> (Option<DateTime<Utc>>, bool) {
    let (accounts, mut told) = view.inventory.runs_on(view.resource);
    let mut latest = None;
    for account in accounts {
        let Body::Principal(body) = &account.body else { continue };
        // Nobody can log in as a service account, nor as an app.
        let Principal { account_type, last_login_at, .. } = body;
        let is_machine = matches!(account_type, Fact::Known(PrincipalType::ServiceAccount | PrincipalType::App));
        if account.id.tenant() != ResourceId::CLOUD || is_machine {
            continue;
        }
        let seen = derived::last_active_at(&View { resource: account, ..*view });
        told &= !seen.is_unknown() && view.inventory.log_in_sight();
        latest = latest.max(seen.known().copied()).max(last_login_at.known().copied());
        let viewed = body.activity.known().into_iter().flatten();
        latest = latest.max(viewed.filter_map(|product| product.last_active_at.known().copied()).max());
    }
    (latest, told)
}
