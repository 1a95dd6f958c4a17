//! A register proposed from what a scan found: an entry for each system on each account, with its evidence as comments. What
//! the register declares already is left out, and what a machine cannot know is left to people.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::{Declared, claims};
use super::check::is_declared;
use super::found::{Trace, is_in_use, moment, traces};
use crate::inventory::Inventory;
use crate::inventory::recognise::{Sign, host_of, looks_like_person};
use crate::model::{Body, Coverage, Fact, Grant, Kind, Principal, Profile, Resource};
use crate::text::plural;
use crate::text::quote::{in_comment, quoted, slug};

/// One entry while it is made.
struct Entry<'a> {
    profile: Option<&'a Profile>,
    traces: Vec<Trace<'a>>,
}

/// The text of a register with an entry for everything that was recognised and is not declared. The same snapshot gives the
/// same text, and the reader of registers takes it as it is.
#[must_use]
pub fn draft(inventory: &Inventory<'_>, profiles: &[Profile]) -> String {
    let declared = Declared::all(inventory);
    let claimed = claims(&declared);
    let mut found = traces(inventory, profiles);
    let all = found.len();
    found.retain(|trace| !is_declared(trace, &declared, &claimed));
    let left_out = all - found.len();
    let entries = entries(found);
    let mut text = head(inventory.coverage(), entries.len(), left_out);
    let mut ids: BTreeSet<String> = declared.iter().map(|integration| integration.id.to_owned()).collect();
    text.push_str(if entries.is_empty() { "integrations: []\n" } else { "integrations:\n" });
    for entry in &entries {
        write_entry(inventory, entry, &mut ids, &mut text);
    }
    text
}

fn head(coverage: Coverage<'_>, entries: usize, left_out: usize) -> String {
    let mut text = String::from(
        "# A register of integrations, proposed from the last scan: read each entry, say who answers for it, and delete what is\n\
         # none. The evidence stands above each entry; weights add up to the score, 1 is certain.\n",
    );
    text.push_str(&format!("# {} proposed", plural(entries, "entry", "entries")));
    if left_out > 0 {
        text.push_str(&format!("; left out, because the register declares it already: {left_out}"));
    }
    text.push_str(".\n");
    let kinds = [Kind::Principal, Kind::Credential, Kind::Webhook, Kind::App];
    let gaps: Vec<String> = coverage
        .gaps()
        .filter(|entry| kinds.iter().any(|kind| entry.shows.contains(kind)))
        .map(|entry| format!("#   {}\n", in_comment(&entry.gap_text())))
        .collect();
    if !gaps.is_empty() {
        text.push_str("# There may be more. Not read whole:\n");
        text.extend(gaps);
    }
    text
}

/// One entry for a system on an account; what is no account's goes with the first entry of its system. One person or machine
/// with accounts in several products has one entry.
fn entries(traces: Vec<Trace<'_>>) -> Vec<Entry<'_>> {
    let mut entries: BTreeMap<(bool, String, String), Entry> = BTreeMap::new();
    let (of_accounts, others): (Vec<_>, Vec<_>) = traces.into_iter().partition(|trace| trace.account().is_some());
    for trace in of_accounts {
        let profile = trace.profiles.first().copied();
        let system = profile.map(|profile| profile.id.clone()).unwrap_or_default();
        let entry = entries.entry((profile.is_none(), system, identity(trace.anchor)));
        entry.or_insert_with(|| Entry { profile, traces: Vec::new() }).traces.push(trace);
    }
    for trace in others {
        let Some(profile) = trace.profiles.first().copied() else { continue };
        let own = (false, profile.id.clone(), String::new());
        let of_system =
            entries.keys().find(|(_, system, _)| trace.profiles.iter().any(|profile| profile.id == *system));
        let key = of_system.cloned().unwrap_or(own);
        entries.entry(key).or_insert_with(|| Entry { profile: Some(profile), traces: Vec::new() }).traces.push(trace);
    }
    entries.into_values().collect()
}

/// What makes accounts of several products the same: their mail address or the name they log in with.
fn identity(account: &Resource) -> String {
    let Body::Principal(Principal { email, username, .. }) = &account.body else { return account.id.to_string() };
    let name = email.known().or(username.known()).map(|name| name.to_lowercase());
    name.unwrap_or_else(|| account.id.to_string())
}

fn write_entry(inventory: &Inventory<'_>, entry: &Entry<'_>, ids: &mut BTreeSet<String>, text: &mut String) {
    let accounts: Vec<&Resource> = entry.traces.iter().filter_map(Trace::account).collect();
    let called = accounts.first().map(|account| called(account));
    let title = entry.profile.map_or("An unknown system", |profile| profile.title.as_str());
    let name = match called {
        Some(called) => format!("{title} ({called})"),
        None => title.to_owned(),
    };
    let id = free_id(entry.profile, called, ids);
    text.push('\n');
    let mut comment = |line: &str| text.push_str(&format!("  # {}\n", in_comment(line)));
    for trace in &entry.traces {
        if entry.profile.is_some() {
            comment(&format!("score {:.2}: {}", trace.hundredths(), super::found::described(trace.anchor)));
        } else {
            comment(&format!(
                "{} is for a machine; no profile of a system fits",
                super::found::described(trace.anchor)
            ));
        }
        for line in trace.evidence() {
            comment(&format!("  {line}"));
        }
    }
    for account in &accounts {
        if looks_like_person(account) {
            comment("an integration should not run on a person's account: move it, then name the new one here");
        }
    }
    if let Some(profile) = entry.profile {
        for line in profile.note.lines().filter(|line| !line.trim().is_empty()) {
            comment(&format!("{}: {}", profile.title, line.trim()));
        }
    }
    text.push_str(&format!("  - id: {}\n    name: {}\n", quoted(&id), quoted(&name)));
    match entry.profile {
        Some(profile) => text.push_str(&format!("    system: {}\n", quoted(&profile.id))),
        None => text.push_str("    # system: which? a profile of your own may be written for it\n"),
    }
    text.push_str("    # owner: whose mail address?\n    # team: which?\n    # purpose: what for?\n    # environment: production?\n");
    if !accounts.is_empty() {
        text.push_str("    accounts:\n");
        for account in &accounts {
            text.push_str(&format!("      - {}\n", account_line(account)));
        }
    }
    write_found(inventory, entry, &accounts, text);
    text.push_str("    # review_at: when does somebody look at it again?\n");
}

/// What the accounts have and where they work now: for people to say whether it should be so.
fn write_found(inventory: &Inventory<'_>, entry: &Entry<'_>, accounts: &[&Resource], text: &mut String) {
    let now = moment(inventory);
    let mut forms: BTreeSet<&str> = BTreeSet::new();
    let owned = accounts.iter().flat_map(|account| inventory.credentials_of(&account.id));
    for resource in owned.chain(entry.traces.iter().map(|trace| trace.anchor)) {
        if let Body::Credential(credential) = &resource.body
            && is_in_use(credential, now)
        {
            forms.insert(credential.form.name());
        }
    }
    if !forms.is_empty() {
        let forms: Vec<&str> = forms.into_iter().collect();
        text.push_str(&format!("    # credential_forms in use now: {}\n", forms.join(", ")));
    }
    let mut containers: BTreeSet<String> = BTreeSet::new();
    for resource in accounts.iter().flat_map(|account| inventory.grants_of(&account.id)) {
        if let Body::Grant(Grant { container: Fact::Known(container), .. }) = &resource.body
            && let Some(Body::Container(body)) = inventory.get(container).map(|container| &container.body)
            && let Fact::Known(key) = &body.key
        {
            containers.insert(key.clone());
        }
    }
    if !containers.is_empty() {
        let keys: Vec<String> = containers.into_iter().collect();
        text.push_str(&format!("    # containers with grants of its own now: {}\n", in_comment(&keys.join(", "))));
    }
    let hosts = entry.traces.iter().flat_map(|trace| &trace.signals);
    let hosts: BTreeSet<String> = hosts
        .filter(|(resource, signal)| {
            resource.kind() == Kind::Webhook && matches!(signal.sign, Sign::WebhookHost | Sign::OwnHost)
        })
        .filter_map(|(resource, _)| match &resource.body {
            Body::Webhook(webhook) => webhook.address.known().map(|address| host_of(address)),
            _ => None,
        })
        .filter(|host| is_plain_host(host))
        .collect();
    let told = |pattern: &str| {
        let declared = entry.profile.map_or(&[][..], |profile| profile.webhook_hosts.as_slice());
        declared.iter().any(|known| crate::text::fits_pattern(known, pattern))
    };
    if hosts.iter().any(|host| !told(host)) {
        let hosts: Vec<String> = hosts.iter().map(|host| quoted(host)).collect();
        text.push_str(&format!("    webhook_hosts: [{}]\n", hosts.join(", ")));
    }
}

/// A host with nothing in it that a register would take for a pattern, or for more than a host.
fn is_plain_host(host: &str) -> bool {
    host.contains(char::is_alphanumeric)
        && host.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'))
}

/// What people would call an account: the name it logs in with, its displayed name, its id.
fn called(account: &Resource) -> &str {
    match &account.body {
        Body::Principal(Principal { username: Fact::Known(name), .. }) if !name.trim().is_empty() => name,
        _ if account.name.trim().is_empty() => account.id.native(),
        _ => account.title(),
    }
}

/// An account by its name and its id, so that it is still known when it is renamed.
fn account_line(account: &Resource) -> String {
    let mail = match &account.body {
        Body::Principal(Principal { email: Fact::Known(mail), .. }) if !mail.trim().is_empty() => Some(mail.as_str()),
        _ => None,
    };
    let username = match &account.body {
        Body::Principal(Principal { username: Fact::Known(name), .. }) if !name.trim().is_empty() => {
            Some(name.as_str())
        }
        _ => None,
    };
    let name = username.or(mail).unwrap_or_else(|| called(account));
    let name = if name.trim().is_empty() { account.id.as_str() } else { name };
    format!("{{ name: {}, id: {} }}", quoted(name), quoted(account.id.as_str()))
}

/// An id that no other entry has.
fn free_id(profile: Option<&Profile>, called: Option<&str>, ids: &mut BTreeSet<String>) -> String {
    let system = profile.map_or("machine", |profile| profile.id.as_str());
    let name = called.map(|called| slug(called.split('@').next().unwrap_or(called))).unwrap_or_default();
    let base = match name.as_str() {
        "" => system.to_owned(),
        name if name.contains(system) => name.to_owned(),
        name => format!("{system}-{name}"),
    };
    let mut id = base.clone();
    let mut number = 2;
    while !ids.insert(id.clone()) {
        id = format!("{base}-{number}");
        number += 1;
    }
    id
}
