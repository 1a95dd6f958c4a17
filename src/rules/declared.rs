//! Fields that hold what people say there should be against what was found: integrations of the register, people of the
//! roster. A list of what is wrong is known as soon as something is in it, and known to be empty only if everything that
//! could add to it was in sight.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::derived::{self, count, is_live};
use super::fields::{Texts, View, integration, person, principal};
use crate::inventory::{Inventory, bears_name, resolve};
use crate::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount, Fact, Integration, Kind, Person,
    Principal, Resource, ResourceId,
};

// People of the roster, and accounts of people.

/// Absent for who is in no roster although nobody is missing there.
pub(super) fn employed(view: &View<'_>) -> Fact<bool> {
    of_person(view).map(|person| !has_left(person, view.now))
}

pub(super) fn left_at(view: &View<'_>) -> Fact<DateTime<Utc>> {
    of_person(view).and_then(|person| match person.employed_until {
        Fact::Known(end) if end <= view.now => Fact::Known(end),
        Fact::Known(_) | Fact::Absent => Fact::Absent,
        Fact::Unknown => Fact::Unknown,
    })
}

pub(super) fn roster_team<'a>(view: &View<'a>) -> Fact<&'a str> {
    of_person(view).and_then(|person| person.team.as_ref().map(String::as_str))
}

/// Products that do not share an account can disagree about its person: found by mail address.
pub(super) fn closed_elsewhere<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let account = principal(view);
    let Fact::Known(mail) = &account.email else {
        return if account.email == Fact::Absent { none_declared() } else { Fact::Unknown };
    };
    let mut closed = Finds::default();
    for other in view.inventory.accounts_of_mail(mail).into_iter().filter(|other| other.id != view.resource.id) {
        match is_open(other) {
            Fact::Known(false) => closed.found(placed(view.inventory, other)),
            Fact::Known(true) | Fact::Absent => {}
            Fact::Unknown => closed.in_doubt(),
        }
    }
    closed.told()
}

/// The person whose account it is, by any of its mail addresses.
fn of_person<'a>(view: &View<'a>) -> Fact<&'a Person> {
    let account = principal(view);
    let mails = account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten());
    let mut mails = mails.peekable();
    let hidden = mails.peek().is_none() && account.email != Fact::Absent;
    match mails.find_map(|mail| view.inventory.person(mail)) {
        Some((_, person)) => Fact::Known(person),
        None if view.inventory.roster_is_whole() && !hidden => Fact::Absent,
        None => Fact::Unknown,
    }
}

fn has_left(person: &Person, now: DateTime<Utc>) -> bool {
    person.employed_until.known().is_some_and(|end| *end <= now)
}

pub(super) fn has_gone(view: &View<'_>) -> Fact<bool> {
    match &person(view).employed_until {
        Fact::Known(end) => Fact::Known(*end <= view.now),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    }
}

/// The accounts that have one of the person's addresses. That some accounts hide theirs is for the caller to mind.
fn accounts_of_person<'a>(view: &View<'a>) -> Vec<&'a Resource> {
    let person = person(view);
    let mails = person.email.known().into_iter().chain(person.aliases.known().into_iter().flatten());
    let mut accounts: Vec<&Resource> = mails.flat_map(|mail| view.inventory.accounts_of_mail(mail)).collect();
    accounts.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    accounts.dedup_by(|left, right| left.id == right.id);
    accounts
}

pub(super) fn open_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut open = Finds::default();
    for account in accounts_of_person(view) {
        match is_open(account) {
            Fact::Known(true) => open.found(placed(view.inventory, account)),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => open.in_doubt(),
        }
    }
    open.doubt_unless(view.inventory.seen_whole(Kind::Principal));
    open.told()
}

pub(super) fn live_tokens<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut live = Finds::default();
    for account in accounts_of_person(view) {
        for (resource, credential) in credentials_of(view.inventory, account) {
            match is_live(credential, view.now) {
                Fact::Known(true) => live.found(format!("{} “{}”", credential.form.title(), resource.title())),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => live.in_doubt(),
            }
        }
    }
    live.doubt_unless(view.inventory.seen_whole(Kind::Principal) && tokens_seen(view.inventory));
    live.told()
}

/// Integrations of which the person is the owner.
pub(super) fn integrations_owned<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mails = person(view).email.known().into_iter().chain(person(view).aliases.known().into_iter().flatten());
    let mails: BTreeSet<String> = mails.map(|mail| mail.to_lowercase()).collect();
    let mut owned = Finds::default();
    for resource in view.inventory.of_kind(Kind::Integration) {
        let Body::Integration(integration) = &resource.body else { continue };
        if integration.owner_email.known().is_some_and(|mail| mails.contains(&mail.to_lowercase())) {
            owned.found(resource.title().to_owned());
        }
    }
    owned.doubt_unless(view.inventory.coverage().gaps_of(Kind::Integration).next().is_none());
    owned.told()
}

// Integrations of the register.

/// A declared account and what it was resolved to.
struct Match<'a> {
    declared: &'a DeclaredAccount,
    accounts: Vec<&'a Resource>,
}

/// The declared accounts of an integration. Where none is declared there are none.
fn matches<'a>(inventory: &'a Inventory<'a>, resource: &'a Resource) -> Vec<Match<'a>> {
    let Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) = &resource.body else {
        return Vec::new();
    };
    let resolved = inventory.prepared().accounts_of_integrations.get_or_init(|| resolve_all(inventory));
    let found = resolved.get(&resource.id);
    let none = Vec::new();
    let ids = |at: usize| found.and_then(|found| found.get(at)).unwrap_or(&none);
    let matches = accounts.iter().enumerate().map(|(at, declared)| Match {
        declared,
        accounts: ids(at).iter().filter_map(|id| inventory.get(id)).collect(),
    });
    matches.collect()
}

/// For each integration, what each of its declared accounts was resolved to.
fn resolve_all(inventory: &Inventory<'_>) -> BTreeMap<ResourceId, Vec<Vec<ResourceId>>> {
    let mut resolved = BTreeMap::new();
    for resource in inventory.of_kind(Kind::Integration) {
        let Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) = &resource.body else { continue };
        let ids =
            |account: &DeclaredAccount| resolve(inventory, account).into_iter().map(|found| found.id.clone()).collect();
        resolved.insert(resource.id.clone(), accounts.iter().map(ids).collect());
    }
    resolved
}

/// The accounts that an integration runs on.
fn accounts_of<'a>(view: &View<'a>) -> Vec<&'a Resource> {
    matches(view.inventory, view.resource).into_iter().flat_map(|one| one.accounts).collect()
}

/// True if every list of accounts was read whole, of the source alone that the register names, if it names one.
fn accounts_seen(inventory: &Inventory<'_>, account: &DeclaredAccount) -> bool {
    match &account.source {
        None => inventory.seen_whole(Kind::Principal),
        Some(source) => {
            let ledger = inventory.coverage().0;
            let lists = |entry: &&crate::model::LedgerEntry| {
                entry.source.as_str() == source.as_str() && entry.shows.contains(&Kind::Principal)
            };
            let mut lists = ledger.iter().filter(lists).peekable();
            lists.peek().is_some() && lists.all(|list| !list.is_gap())
        }
    }
}

pub(super) fn declared_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    integration(view)
        .accounts
        .as_ref()
        .map(|accounts| Texts::Made(accounts.iter().map(|account| account.name.as_str()).collect()))
}

pub(super) fn accounts_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut missing = Finds::default();
    for one in matches(view.inventory, view.resource).iter().filter(|one| one.accounts.is_empty()) {
        if accounts_seen(view.inventory, one.declared) {
            missing.found(one.declared.name.clone());
        } else {
            missing.in_doubt();
        }
    }
    missing.told()
}

/// Accounts that the register knows by their id, and whose name is another now.
pub(super) fn accounts_renamed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut renamed = Finds::default();
    for one in matches(view.inventory, view.resource).iter().filter(|one| one.declared.id.is_some()) {
        for account in &one.accounts {
            if !bears_name(account, &one.declared.name) {
                renamed.found(format!("{} is now {}", one.declared.name, account.title()));
            }
        }
    }
    renamed.told()
}

pub(super) fn accounts_closed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut closed = Finds::default();
    for account in accounts_of(view) {
        match is_open(account) {
            Fact::Known(false) => closed.found(account.title().to_owned()),
            Fact::Known(true) | Fact::Absent => {}
            Fact::Unknown => closed.in_doubt(),
        }
    }
    closed.told()
}

pub(super) fn administrator_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut administrators = Finds::default();
    for account in accounts_of(view) {
        match derived::is_admin(&View { resource: account, ..*view }) {
            Fact::Known(true) => administrators.found(account.title().to_owned()),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => administrators.in_doubt(),
        }
    }
    administrators.told()
}

/// Accounts it runs on that belong to a person of the roster.
pub(super) fn personal_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut personal = Finds::default();
    for account in accounts_of(view) {
        match of_person(&View { resource: account, ..*view }) {
            Fact::Known(_) => personal.found(account.title().to_owned()),
            Fact::Absent => {}
            Fact::Unknown => personal.in_doubt(),
        }
    }
    personal.told()
}

/// Other integrations that run on one of its accounts.
fn sharing<'a>(view: &View<'a>) -> Vec<(&'a Resource, &'a Integration)> {
    let mine: BTreeSet<&ResourceId> = accounts_of(view).into_iter().map(|account| &account.id).collect();
    let others = view.inventory.of_kind(Kind::Integration).filter(|other| other.id != view.resource.id);
    let sharing = others.filter_map(|other| {
        let Body::Integration(body) = &other.body else { return None };
        let theirs = matches(view.inventory, other).into_iter().flat_map(|one| one.accounts);
        theirs.into_iter().any(|account| mine.contains(&account.id)).then_some((other, body))
    });
    sharing.collect()
}

pub(super) fn shares_account_with<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut shared = Finds::default();
    sharing(view).into_iter().for_each(|(other, _)| shared.found(other.title().to_owned()));
    shared.told()
}

/// The environments of those that are not its own: production and sandbox on one account.
pub(super) fn other_environments<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let own = integration(view).environment.known();
    let mut others = Finds::default();
    for (other, body) in sharing(view) {
        match (own, body.environment.known()) {
            (Some(own), Some(theirs)) if !own.eq_ignore_ascii_case(theirs) => {
                others.found(format!("{} ({theirs})", other.title()));
            }
            _ => {}
        }
    }
    others.told()
}

/// Whether the person answerable for it has left, by the roster, or by their accounts if that does not know them; absent
/// if nobody is named.
pub(super) fn owner_gone(view: &View<'_>) -> Fact<bool> {
    let Fact::Known(mail) = &integration(view).owner_email else {
        return integration(view).owner_email.as_ref().map(|_| false);
    };
    if let Some((_, person)) = view.inventory.person(mail) {
        return Fact::Known(has_left(person, view.now));
    }
    if view.inventory.roster_is_whole() {
        return Fact::Known(true);
    }
    let accounts = view.inventory.accounts_of_mail(mail);
    let open: Vec<Fact<bool>> = accounts.into_iter().map(is_open).collect();
    if open.contains(&Fact::Known(true)) {
        return Fact::Known(false);
    }
    let closed = !open.is_empty() && open.iter().all(|open| *open == Fact::Known(false));
    if closed { Fact::Known(true) } else { Fact::Unknown }
}

/// Its live credentials: those of the accounts it runs on.
fn live_credentials<'a>(view: &View<'a>) -> (Vec<(&'a Resource, &'a Credential)>, bool) {
    let accounts = accounts_of(view);
    let (mut live, mut told) = (Vec::new(), tokens_seen(view.inventory));
    for (resource, credential) in accounts.into_iter().flat_map(|account| credentials_of(view.inventory, account)) {
        match is_live(credential, view.now) {
            Fact::Known(true) => live.push((resource, credential)),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => told = false,
        }
    }
    (live, told)
}

pub(super) fn credential_count(view: &View<'_>) -> Fact<i64> {
    match live_credentials(view) {
        (live, true) => Fact::Known(count(live.len())),
        _ => Fact::Unknown,
    }
}

pub(super) fn forms_not_allowed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let allowed = match &integration(view).credential_forms {
        Fact::Known(allowed) => allowed,
        Fact::Absent => return Fact::Known(Texts::Made(Vec::new())),
        Fact::Unknown => return Fact::Unknown,
    };
    let (live, told) = live_credentials(view);
    let mut odd = Finds::default();
    for (resource, credential) in live {
        if !allowed.iter().any(|form| form == credential.form.name()) {
            odd.found(format!("{} “{}”", credential.form.title(), resource.title()));
        }
    }
    odd.doubt_unless(told);
    odd.told()
}

/// Credentials that live longer than it may, and those that never end.
pub(super) fn living_too_long<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let longest = match integration(view).longest_days {
        Fact::Known(longest) => longest,
        Fact::Absent => return Fact::Known(Texts::Made(Vec::new())),
        Fact::Unknown => return Fact::Unknown,
    };
    let (live, told) = live_credentials(view);
    let mut long = Finds::default();
    for (resource, credential) in live {
        match (&credential.created_at, &credential.expires_at) {
            (_, Fact::Absent) => long.found(format!("“{}” never ends", resource.title())),
            (Fact::Known(made), Fact::Known(end)) => {
                let days = (*end - *made).num_days();
                if days > longest {
                    long.found(format!("“{}” lives for {days} days", resource.title()));
                }
            }
            _ => long.in_doubt(),
        }
    }
    long.doubt_unless(told);
    long.told()
}

/// The containers of a form that may be meant by the keys of an integration: those of a product that knows the account.
fn projects_of<'a>(view: &View<'a>, account: &Resource) -> Vec<(&'a Resource, &'a Container)> {
    let knows = |resource: &Resource| {
        resource.seen_by.iter().any(|seen| account.seen_by.iter().any(|other| other.source == seen.source))
    };
    let containers = view.inventory.of_kind(Kind::Container).filter_map(|resource| match &resource.body {
        Body::Container(container) if container.form == ContainerForm::Project && knows(resource) => {
            Some((resource, container))
        }
        _ => None,
    });
    containers.collect()
}

fn has_key(container: &Container, keys: &[String]) -> bool {
    container.key.known().is_some_and(|key| keys.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)))
}

/// Declared projects that none of its products has.
pub(super) fn containers_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(keys) = &integration(view).containers else {
        return integration(view).containers.as_ref().map(|_| Texts::Made(Vec::new())).or(none_declared());
    };
    let has = |key: &String| {
        view.inventory.of_kind(Kind::Container).any(|resource| match &resource.body {
            Body::Container(container) => has_key(container, std::slice::from_ref(key)),
            _ => false,
        })
    };
    let mut missing = Finds::default();
    keys.iter().filter(|key| !has(key)).for_each(|key| missing.found(key.clone()));
    if !view.inventory.seen_whole(Kind::Container) {
        // What is not there may be out of sight.
        return if missing.found.is_empty() { missing.told() } else { Fact::Unknown };
    }
    missing.told()
}

fn none_declared<'a>() -> Fact<Texts<'a>> {
    Fact::Known(Texts::Made(Vec::new()))
}

/// What it needs and has not, as “PAY: LINK_ISSUES”, in every project that it is declared for.
pub(super) fn permissions_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let (Fact::Known(keys), Fact::Known(needed)) = (&integration(view).containers, &integration(view).permissions)
    else {
        return none_declared();
    };
    let mut missing = Finds::default();
    for account in accounts_of(view) {
        for (project, container) in projects_of(view, account).into_iter().filter(|(_, one)| has_key(one, keys)) {
            let held = view.inventory.permissions_in(project, account);
            for permission in needed.iter().filter(|needed| !held.permissions.contains(needed.as_str())) {
                if held.whole {
                    missing.found(format!("{}: {permission}", key_of(container)));
                } else {
                    missing.in_doubt();
                }
            }
        }
    }
    missing.told()
}

/// What it has and does not need in the projects it is declared for. What everybody has is not counted.
pub(super) fn permissions_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let (Fact::Known(keys), Fact::Known(needed)) = (&integration(view).containers, &integration(view).permissions)
    else {
        return none_declared();
    };
    let mut beyond = Finds::default();
    for account in accounts_of(view) {
        for (project, container) in projects_of(view, account).into_iter().filter(|(_, one)| has_key(one, keys)) {
            let held = view.inventory.permissions_in(project, account);
            let unneeded = held.own.iter().filter(|held| !needed.iter().any(|needed| needed == *held));
            unneeded.for_each(|permission| beyond.found(format!("{}: {permission}", key_of(container))));
            beyond.doubt_unless(held.whole);
        }
    }
    beyond.told()
}

/// Projects in which it has permissions of its own although the register does not name them.
pub(super) fn containers_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(keys) = &integration(view).containers else { return none_declared() };
    let mut beyond = Finds::default();
    for account in accounts_of(view) {
        for (project, container) in projects_of(view, account).into_iter().filter(|(_, one)| !has_key(one, keys)) {
            let held = view.inventory.permissions_in(project, account);
            if held.own.is_empty() {
                beyond.doubt_unless(held.whole);
            } else {
                beyond.found(key_of(container).to_owned());
            }
        }
    }
    beyond.told()
}

fn key_of(container: &Container) -> &str {
    container.key.known().map_or("?", String::as_str)
}

// What several of them ask.

fn is_open(account: &Resource) -> Fact<bool> {
    match &account.body {
        Body::Principal(Principal { status: Fact::Known(status), .. }) => Fact::Known(status == "active"),
        _ => Fact::Unknown,
    }
}

/// “Ada Muster in jira.example.com”: the same person has accounts of the same name in several products.
fn placed(inventory: &Inventory<'_>, account: &Resource) -> String {
    let tenant = account.id.tenant();
    let place = if tenant == ResourceId::CLOUD { "the cloud" } else { tenant };
    format!("{} in {place}", inventory.name(&account.id))
}

fn credentials_of<'a>(
    inventory: &'a Inventory<'a>,
    account: &'a Resource,
) -> impl Iterator<Item = (&'a Resource, &'a Credential)> {
    inventory.credentials_of(&account.id).filter_map(|resource| match &resource.body {
        Body::Credential(credential) if credential.form != CredentialForm::SshKey => Some((resource, credential)),
        _ => None,
    })
}

/// True if every list of tokens that act for accounts was read whole.
fn tokens_seen(inventory: &Inventory<'_>) -> bool {
    inventory.all_seen(Kind::Credential, &["api-token", "oauth-client", "personal-access-token", "align-token"])
}

/// A list of what is wrong, while it is put together.
#[derive(Default)]
struct Finds {
    found: BTreeSet<String>,
    doubt: bool,
}

impl Finds {
    fn found(&mut self, what: String) {
        self.found.insert(what);
    }

    fn in_doubt(&mut self) {
        self.doubt = true;
    }

    fn doubt_unless(&mut self, told: bool) {
        self.doubt |= !told;
    }

    fn told<'a>(self) -> Fact<Texts<'a>> {
        if self.found.is_empty() && self.doubt {
            return Fact::Unknown;
        }
        Fact::Known(Texts::Worded(self.found.into_iter().collect()))
    }
}
