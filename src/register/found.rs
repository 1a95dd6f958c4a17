//! What a scan recognised: systems with the account they run on, or the token, webhook or app that shows them where no
//! account does; and accounts for machines that fit no system.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::inventory::recognise::{Signal, Traits, looks_like_machine, looks_like_person, score};
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, PrincipalType, Profile, Resource, ResourceId};

/// From this score on something counts as recognised.
const ENOUGH: f64 = 0.5;

/// What shows one system.
#[derive(Debug)]
pub(super) struct Trace<'a> {
    /// The profiles that fit, the best first; several where they are known by the same. None for a machine of no known system.
    pub(super) profiles: Vec<&'a Profile>,
    /// The account it runs on, or what shows it where no account does.
    pub(super) anchor: &'a Resource,
    /// Everything that shows it, with the sign.
    pub(super) signals: Vec<(&'a Resource, Signal)>,
    /// How sure one may be.
    pub(super) score: f64,
}

impl<'a> Trace<'a> {
    /// The account it runs on, if it runs on one that somebody keeps.
    pub(super) fn account(&self) -> Option<&'a Resource> {
        Some(self.anchor).filter(|anchor| anchor.kind() == Kind::Principal && !is_account_of_app(anchor))
    }

    /// One line for each sign: “token label fits `jenkins`: nightly-jenkins”.
    pub(super) fn evidence(&self) -> Vec<String> {
        let line = |(resource, signal): &(&Resource, Signal)| {
            format!(
                "{} of {} fits `{}`: {} (weight {})",
                signal.sign.words(),
                described(resource),
                signal.pattern,
                signal.seen,
                signal.sign.weight()
            )
        };
        let mut lines: Vec<String> = self.signals.iter().map(line).collect();
        if looks_like_person(self.anchor) {
            lines.push(format!("{} looks like a person's account", described(self.anchor)));
        }
        lines
    }

    /// The score in hundredths.
    pub(super) fn hundredths(&self) -> f64 {
        (self.score * 100.0).round() / 100.0
    }
}

/// A resource in words: what sort of thing it is, and its name.
pub(super) fn described(resource: &Resource) -> String {
    let sort = match &resource.body {
        Body::Principal(_) => "account",
        Body::Credential(credential) => credential.form.title(),
        Body::Webhook(_) => "webhook",
        Body::App(_) => "app",
        body => body.kind().name(),
    };
    format!("{sort} “{}”", resource.title())
}

/// True if an account may log in somewhere, false if it may not; unknown where nobody tells.
pub(super) fn is_active(resource: &Resource) -> Fact<bool> {
    let Body::Principal(account) = &resource.body else { return Fact::Unknown };
    if let Fact::Known(status) = &account.status {
        return Fact::Known(status == "active");
    }
    let standings = account.standings.known().map_or(&[][..], Vec::as_slice);
    if standings.iter().any(|standing| standing.active == Fact::Known(true)) {
        return Fact::Known(true);
    }
    let shut = |active: Fact<bool>| active == Fact::Known(false);
    if !standings.is_empty() && standings.iter().all(|standing| shut(standing.active)) {
        return Fact::Known(false);
    }
    Fact::Unknown
}

/// True unless a credential is known to be of no use at that moment: expired, blocked, revoked.
pub(super) fn is_in_use(credential: &Credential, now: Option<DateTime<Utc>>) -> bool {
    let has_ended = match (&credential.expires_at, now) {
        (Fact::Known(end), Some(now)) => *end <= now,
        _ => false,
    };
    !has_ended && credential.status.known().is_none_or(|status| status == "active")
}

/// The moment that a snapshot speaks of: when the last of its endpoints was read.
pub(super) fn moment(inventory: &Inventory<'_>) -> Option<DateTime<Utc>> {
    inventory.coverage().0.iter().map(|entry| entry.ended_at).max()
}

/// Everything that a scan recognised, in order of the systems and of what shows them.
pub(super) fn traces<'a>(inventory: &Inventory<'a>, profiles: &'a [Profile]) -> Vec<Trace<'a>> {
    let mut gathered: BTreeMap<(&ResourceId, usize), Vec<(&Resource, Signal)>> = BTreeMap::new();
    let mut anchors: HashMap<&ResourceId, &Resource> = HashMap::new();
    for (resource, anchor) in candidates(inventory) {
        let traits = Traits::of(resource);
        for (at, profile) in profiles.iter().enumerate() {
            let signals = traits.signals(&profile.fingerprints);
            if !signals.is_empty() {
                anchors.insert(&anchor.id, anchor);
                let all = gathered.entry((&anchor.id, at)).or_default();
                all.extend(signals.into_iter().map(|signal| (resource, signal)));
            }
        }
    }
    let mut by_anchor: BTreeMap<&ResourceId, Vec<Trace>> = BTreeMap::new();
    for ((id, at), signals) in gathered {
        let score = score(signals.iter().map(|(_, signal)| signal));
        if let (true, Some(profile), Some(anchor)) = (score >= ENOUGH, profiles.get(at), anchors.get(id)) {
            by_anchor.entry(id).or_default().push(Trace { profiles: vec![profile], anchor, signals, score });
        }
    }
    let traces = by_anchor.into_values().flat_map(|traces| joined(inventory, traces)).collect();
    let mut traces = apps_together(traces);
    traces.extend(machines(inventory, &traces));
    traces.sort_by(|left, right| key(left).cmp(&key(right)));
    traces
}

/// Machines of no known system come last.
fn key<'t>(trace: &'t Trace<'_>) -> (bool, Option<&'t str>, &'t ResourceId) {
    (trace.profiles.is_empty(), trace.profiles.first().map(|profile| profile.id.as_str()), &trace.anchor.id)
}

/// What may show a system, each with the account it acts as, or itself where there is none.
fn candidates<'a>(inventory: &Inventory<'a>) -> Vec<(&'a Resource, &'a Resource)> {
    let mut candidates = Vec::new();
    for account in inventory.of_kind(Kind::Principal) {
        let Body::Principal(body) = &account.body else { continue };
        let is_customer = body.account_type == Fact::Known(PrincipalType::Customer);
        if !is_customer && is_active(account) != Fact::Known(false) {
            candidates.push((account, account));
        }
    }
    let now = moment(inventory);
    for resource in inventory.of_kind(Kind::Credential) {
        let Body::Credential(credential) = &resource.body else { continue };
        if is_in_use(credential, now) {
            let owner = credential.owner.known().and_then(|owner| inventory.get(owner));
            candidates.push((resource, owner.unwrap_or(resource)));
        }
    }
    for resource in inventory.of_kind(Kind::Webhook) {
        if matches!(&resource.body, Body::Webhook(webhook) if webhook.enabled != Fact::Known(false)) {
            candidates.push((resource, resource));
        }
    }
    for resource in inventory.of_kind(Kind::App) {
        let Body::App(app) = &resource.body else { continue };
        // What came with the product was nobody's decision.
        if app.enabled != Fact::Known(false) && app.user_installed != Fact::Known(false) {
            candidates.push((resource, resource));
        }
    }
    candidates
}

/// Systems that are known by the same, such as two ways to run one product, are one trace; the profile whose forms of
/// credential fit what was seen comes first.
fn joined<'a>(inventory: &Inventory<'a>, traces: Vec<Trace<'a>>) -> Vec<Trace<'a>> {
    let mut joined: Vec<Trace<'a>> = Vec::new();
    for trace in traces {
        let shares = |one: &&mut Trace| one.signals.iter().any(|signal| trace.signals.contains(signal));
        match joined.iter_mut().find(shares) {
            Some(one) => {
                one.profiles.extend(&trace.profiles);
                if trace.score > one.score {
                    one.score = trace.score;
                    one.signals = trace.signals;
                    one.profiles.rotate_right(1);
                }
            }
            None => joined.push(trace),
        }
    }
    for trace in joined.iter_mut().filter(|trace| trace.profiles.len() > 1) {
        let forms = likely_forms(inventory, trace.anchor);
        let fits = |profile: &Profile| profile.credential_forms.iter().any(|form| forms.contains(form.as_str()));
        // A stable sort: among those that fit alike the order stays.
        trace.profiles.sort_by_key(|profile| !fits(profile));
    }
    joined
}

/// One app is in many products, and has an account of its own in the cloud: of each system one trace of apps is enough.
fn apps_together(traces: Vec<Trace<'_>>) -> Vec<Trace<'_>> {
    let (mut apps, mut together): (Vec<Trace>, Vec<Trace>) =
        traces.into_iter().partition(|trace| trace.anchor.kind() == Kind::App || is_account_of_app(trace.anchor));
    // What is installed says more than the account that it came with.
    apps.sort_by_key(|trace| (trace.anchor.kind() != Kind::App, &trace.anchor.id));
    let mut by_system: BTreeMap<Option<&str>, Trace> = BTreeMap::new();
    for app in apps {
        let system = app.profiles.first().map(|profile| profile.id.as_str());
        match by_system.entry(system) {
            Entry::Vacant(free) => {
                free.insert(app);
            }
            Entry::Occupied(mut taken) => {
                let trace = taken.get_mut();
                trace.signals.extend(app.signals);
                trace.score = score(trace.signals.iter().map(|(_, signal)| signal));
            }
        }
    }
    together.extend(by_system.into_values());
    together
}

/// True for the account that an app came with: nobody makes or keeps it.
fn is_account_of_app(resource: &Resource) -> bool {
    matches!(&resource.body, Body::Principal(account) if account.account_type == Fact::Known(PrincipalType::App))
}

/// The forms of credential that something has, or where none was seen, that its product knows.
fn likely_forms(inventory: &Inventory<'_>, anchor: &Resource) -> BTreeSet<&'static str> {
    let credentials = inventory.credentials_of(&anchor.id).chain(Some(anchor));
    let seen: BTreeSet<&str> = credentials
        .filter_map(|resource| match &resource.body {
            Body::Credential(credential) => Some(credential.form.name()),
            _ => None,
        })
        .collect();
    if !seen.is_empty() {
        return seen;
    }
    let of_cloud = [CredentialForm::ApiToken, CredentialForm::OauthClient];
    let of_own_servers = [CredentialForm::PersonalAccessToken, CredentialForm::OauthConsumer];
    let forms = if anchor.id.tenant() == ResourceId::CLOUD { of_cloud } else { of_own_servers };
    forms.map(CredentialForm::name).into()
}

/// Accounts for machines with something to act with, which no system was recognised by.
fn machines<'a>(inventory: &Inventory<'a>, traces: &[Trace<'a>]) -> Vec<Trace<'a>> {
    let recognised: BTreeSet<&ResourceId> = traces.iter().map(|trace| &trace.anchor.id).collect();
    let now = moment(inventory);
    let acts = |account: &Resource| {
        inventory
            .credentials_of(&account.id)
            .any(|resource| matches!(&resource.body, Body::Credential(credential) if is_in_use(credential, now)))
    };
    let machines = inventory.of_kind(Kind::Principal).filter(|account| {
        let Body::Principal(body) = &account.body else { return false };
        // Accounts of apps are their apps'.
        !matches!(body.account_type, Fact::Known(PrincipalType::App | PrincipalType::Agent | PrincipalType::Customer))
            && is_active(account) != Fact::Known(false)
            && looks_like_machine(account)
            && !recognised.contains(&account.id)
            && acts(account)
    });
    machines.map(|anchor| Trace { profiles: Vec::new(), anchor, signals: Vec::new(), score: 0.0 }).collect()
}
