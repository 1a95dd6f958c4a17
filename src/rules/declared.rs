//! Fields that hold what people say there should be against what was found: integrations of the register, people of the
//! roster. A list of what is wrong is known as soon as something is in it, and known to be empty only if everything that
//! could add to it was in sight: an account that the register names and that nobody found may be behind a gap.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::derived::{self, count, is_live};
use super::fields::{Texts, View, integration, person, principal};
use crate::inventory::{Inventory, bears_name, called};
use crate::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount, Fact, Integration, Kind, LedgerEntry,
    Person, Principal, PrincipalType, Resource, ResourceId,
};

// People of the roster, and accounts of people.

/// Absent for who is in no roster although nobody is missing there.
pub(super) fn employed(view: &View<'_>) -> Fact<bool> {
    of_person(view).and_then(|person| gone(person, view.now)).map(|gone| !gone)
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

/// Products that do not share an account can disagree about its person: found by mail address. Where one of two
/// accounts hides its own, the question is open only if they are called alike: else it would be open for everybody
/// wherever one product shows no addresses at all.
pub(super) fn closed_elsewhere<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let account = principal(view);
    if account.email == Fact::Absent {
        return none_declared();
    }
    let tenant = view.resource.id.tenant();
    let mails = || account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten());
    let mut closed = Finds::default();
    for mail in mails() {
        for other in view.inventory.accounts_of_mail(mail).into_iter().filter(|other| other.id != view.resource.id) {
            match is_open(other) {
                Fact::Known(false) => closed.found(placed(view.inventory, other)),
                Fact::Known(true) | Fact::Absent => {}
                Fact::Unknown => closed.in_doubt(),
            }
        }
    }
    let names = [Some(view.resource.name.as_str()), account.username.known().map(String::as_str)];
    let alike = called_alike(view.inventory, names.into_iter().flatten(), mails().map(String::as_str));
    // One of both hides its address.
    let hidden = |other: &&Resource| account.email.is_unknown() || hides_mail(other);
    let mut elsewhere = alike.filter(|other| other.id.tenant() != tenant).filter(hidden);
    closed.doubt_unless(elsewhere.all(|other| is_open(other) == Fact::Known(true)));
    // What is behind a gap of a product with the same accounts is no other account.
    let mut gaps = view.inventory.coverage().gaps_of(Kind::Principal);
    closed.doubt_unless(gaps.all(|gap| view.inventory.shows_accounts_of_nobody_but(tenant, &gap.source)));
    closed.told()
}

/// The person whose account it is, by any of its mail addresses.
fn of_person<'a>(view: &View<'a>) -> Fact<&'a Person> {
    let account = principal(view);
    let mut mails = account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten());
    match mails.find_map(|mail| view.inventory.person(mail)) {
        Some((_, person)) => Fact::Known(person),
        None if view.inventory.roster_is_whole() && !account.email.is_unknown() => Fact::Absent,
        None => Fact::Unknown,
    }
}

/// Whether a person is no longer employed.
fn gone(person: &Person, now: DateTime<Utc>) -> Fact<bool> {
    match person.employed_until {
        Fact::Known(end) => Fact::Known(end <= now),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn has_gone(view: &View<'_>) -> Fact<bool> {
    gone(person(view), view.now)
}

fn mails_of(person: &Person) -> impl Iterator<Item = &str> {
    person.email.known().into_iter().chain(person.aliases.known().into_iter().flatten()).map(String::as_str)
}

/// The accounts that have one of the person's addresses, and whether these are all: no list of accounts is a gap, and no
/// account that hides its address bears the person's name.
fn accounts_of_person<'a>(view: &View<'a>) -> (Vec<&'a Resource>, bool) {
    let person = person(view);
    let found = mails_of(person).flat_map(|mail| view.inventory.accounts_of_mail(mail));
    let accounts: BTreeMap<&ResourceId, &Resource> = found.map(|account| (&account.id, account)).collect();
    let name = std::iter::once(view.resource.name.as_str());
    let alike = called_alike(view.inventory, name, mails_of(person));
    let mut hidden = alike.filter(|account| hides_mail(account));
    let told = view.inventory.seen_whole(Kind::Principal)
        && !person.email.is_unknown()
        && hidden.all(|account| may_be_used(account) == Fact::Known(false));
    (accounts.into_values().collect(), told)
}

/// Accounts of people that bear one of the names, or the name before the @ of one of the addresses.
fn called_alike<'a>(
    inventory: &'a Inventory<'a>,
    names: impl Iterator<Item = &'a str>,
    mails: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a Resource> {
    let words = mails.flat_map(|mail| [Some(mail), mail.split_once('@').map(|(local, _)| local)]).flatten();
    names.chain(words).filter(|word| !word.is_empty()).flat_map(|word| called(inventory, word)).filter(|account| {
        let Body::Principal(body) = &account.body else { return false };
        !matches!(body.account_type, Fact::Known(kind) if kind != PrincipalType::Person)
    })
}

pub(super) fn open_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut open = Finds::default();
    let (accounts, told) = accounts_of_person(view);
    for account in accounts {
        match may_be_used(account) {
            Fact::Known(true) => open.found(placed(view.inventory, account)),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => open.in_doubt(),
        }
    }
    open.doubt_unless(told);
    open.told()
}

pub(super) fn live_tokens<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut live = Finds::default();
    let (accounts, told) = accounts_of_person(view);
    for account in accounts {
        live.doubt_unless(view.inventory.tokens_told(account));
        for (resource, credential) in credentials_of(view.inventory, account) {
            match is_live(credential, view.now) {
                Fact::Known(true) => live.found(format!("{} “{}”", credential.form.title(), resource.title())),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => live.in_doubt(),
            }
        }
    }
    live.doubt_unless(told);
    live.told()
}

/// Integrations of which the person is the owner. Without a register nobody said who answers for what.
pub(super) fn integrations_owned<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mails: BTreeSet<String> = mails_of(person(view)).map(str::to_lowercase).collect();
    let mut owned = Finds::default();
    for resource in view.inventory.of_kind(Kind::Integration) {
        let Body::Integration(integration) = &resource.body else { continue };
        match &integration.owner_email {
            Fact::Known(mail) if mails.contains(&mail.to_lowercase()) => owned.found(resource.title().to_owned()),
            Fact::Known(_) | Fact::Absent => {}
            Fact::Unknown => owned.in_doubt(),
        }
    }
    owned.doubt_unless(view.inventory.seen_whole(Kind::Integration));
    owned.told()
}

// Integrations of the register.

/// A declared account and what it was resolved to.
struct Match<'a> {
    declared: &'a DeclaredAccount,
    accounts: Vec<&'a Resource>,
    /// True if no other account can be meant.
    told: bool,
}

/// The declared accounts of an integration: none where the register names none. Not known where it does not say.
fn matches<'a>(inventory: &'a Inventory<'a>, resource: &'a Resource) -> Fact<Vec<Match<'a>>> {
    let Body::Integration(Integration { accounts, .. }) = &resource.body else { return Fact::Unknown };
    let accounts = match accounts {
        Fact::Known(accounts) => accounts.as_slice(),
        Fact::Absent => &[],
        Fact::Unknown => return Fact::Unknown,
    };
    let resolved = inventory.accounts_of_integrations();
    let found = resolved.get(&resource.id);
    let matches = accounts.iter().enumerate().map(|(at, declared)| {
        let ids = found.and_then(|found| found.get(at)).map_or(&[][..], Vec::as_slice);
        let accounts: Vec<&Resource> = ids.iter().filter_map(|id| inventory.get(id)).collect();
        let told = match (&declared.id, accounts.is_empty()) {
            // An id says which account is meant, wherever else the same name may be.
            (Some(_), false) => true,
            (_, false) => accounts_seen(inventory, declared) && !may_hide_under_mail(inventory, declared, true),
            (_, true) => accounts_seen(inventory, declared) && !may_hide_under_mail(inventory, declared, false),
        };
        Match { declared, accounts, told }
    });
    Fact::Known(matches.collect())
}

/// The accounts that an integration runs on, and whether these are all.
fn accounts_of<'a>(view: &View<'a>) -> (Vec<&'a Resource>, bool) {
    let Fact::Known(matches) = matches(view.inventory, view.resource) else { return (Vec::new(), false) };
    let told = matches.iter().all(|one| one.told);
    let accounts = matches.into_iter().flat_map(|one| one.accounts).map(|account| (&account.id, account));
    (accounts.collect::<BTreeMap<_, _>>().into_values().collect(), told)
}

/// True if every list of accounts was read whole, of the source alone that the register names, if it names one.
fn accounts_seen(inventory: &Inventory<'_>, account: &DeclaredAccount) -> bool {
    match &account.source {
        None => inventory.seen_whole(Kind::Principal),
        Some(source) => lists_whole(inventory, Kind::Principal, &[], |entry| entry.source.as_str() == source.as_str()),
    }
}

/// True if some lists can show this, and all of them were read whole.
fn lists_whole(inventory: &Inventory<'_>, kind: Kind, forms: &[&str], meant: impl Fn(&LedgerEntry) -> bool) -> bool {
    let ledger = inventory.coverage().0;
    let mut lists = ledger.iter().filter(|entry| entry.can_show(kind, forms) && meant(entry)).peekable();
    lists.peek().is_some() && lists.all(|list| !list.is_gap())
}

/// True if an account is declared by its mail address, and one that hides its own may be meant: any, or only one that is
/// called like the part before the @.
fn may_hide_under_mail(inventory: &Inventory<'_>, declared: &DeclaredAccount, called_alike: bool) -> bool {
    if declared.id.is_some() || !declared.name.contains('@') {
        return false;
    }
    let meant = |account: &Resource| {
        let source = declared.source.as_deref();
        hides_mail(account)
            && source.is_none_or(|source| account.seen_by.iter().any(|seen| seen.source.as_str() == source))
    };
    if called_alike {
        let local = declared.name.split('@').next().unwrap_or("");
        return called(inventory, local).into_iter().any(meant);
    }
    inventory.of_kind(Kind::Principal).any(meant)
}

fn hides_mail(account: &Resource) -> bool {
    matches!(&account.body, Body::Principal(Principal { email: Fact::Unknown, .. }))
}

pub(super) fn declared_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    match &integration(view).accounts {
        Fact::Known(accounts) => {
            Fact::Known(Texts::Made(accounts.iter().map(|account| account.name.as_str()).collect()))
        }
        Fact::Absent => none_declared(),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn accounts_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(matches) = matches(view.inventory, view.resource) else { return Fact::Unknown };
    let mut missing = Finds::default();
    for one in matches.iter().filter(|one| one.accounts.is_empty()) {
        if one.told {
            missing.found(one.declared.name.clone());
        } else {
            missing.in_doubt();
        }
    }
    missing.told()
}

/// Accounts that the register knows by their id, and whose name is another now.
pub(super) fn accounts_renamed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(matches) = matches(view.inventory, view.resource) else { return Fact::Unknown };
    let mut renamed = Finds::default();
    for one in matches.iter().filter(|one| one.declared.id.is_some()) {
        renamed.doubt_unless(one.told);
        for account in one.accounts.iter().filter(|account| !bears_name(account, &one.declared.name)) {
            if one.declared.name.contains('@') && hides_mail(account) {
                renamed.in_doubt();
            } else {
                renamed.found(format!("{} is now {}", one.declared.name, account.title()));
            }
        }
    }
    renamed.told()
}

/// Those of its accounts for which something holds.
fn accounts_that<'a>(view: &View<'a>, holds: impl Fn(&'a Resource) -> Fact<bool>) -> Fact<Texts<'a>> {
    let (accounts, told) = accounts_of(view);
    let mut found = Finds::default();
    for account in accounts {
        match holds(account) {
            Fact::Known(true) => found.found(account.title().to_owned()),
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => found.in_doubt(),
        }
    }
    found.doubt_unless(told);
    found.told()
}

pub(super) fn accounts_closed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| is_open(account).map(|open| !open))
}

pub(super) fn administrator_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| derived::is_admin(&View { resource: account, ..*view }))
}

/// Accounts it runs on that belong to a person of the roster.
pub(super) fn personal_accounts<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    accounts_that(view, |account| of_person(&View { resource: account, ..*view }).map(|_| true))
}

/// Other integrations that run on one of its accounts, and whether these are all.
fn sharing<'a>(view: &View<'a>) -> (Vec<(&'a Resource, &'a Integration)>, bool) {
    let (mine, mut told) = accounts_of(view);
    let mine: BTreeSet<&ResourceId> = mine.into_iter().map(|account| &account.id).collect();
    told &= view.inventory.seen_whole(Kind::Integration);
    let mut sharing = Vec::new();
    for other in view.inventory.of_kind(Kind::Integration).filter(|other| other.id != view.resource.id) {
        let Body::Integration(body) = &other.body else { continue };
        let theirs = accounts_of(&View { resource: other, ..*view });
        if theirs.0.iter().any(|account| mine.contains(&account.id)) || name_the_same(integration(view), body) {
            sharing.push((other, body));
        } else {
            told &= theirs.1;
        }
    }
    (sharing, told)
}

/// True if two integrations declare the same account in the same words, whether or not anybody found it.
fn name_the_same(left: &Integration, right: &Integration) -> bool {
    let (Fact::Known(left), Fact::Known(right)) = (&left.accounts, &right.accounts) else { return false };
    let same = |one: &DeclaredAccount, other: &DeclaredAccount| {
        one.source == other.source && one.id == other.id && one.name.eq_ignore_ascii_case(&other.name)
    };
    left.iter().any(|one| right.iter().any(|other| same(one, other)))
}

pub(super) fn shares_account_with<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let mut shared = Finds::default();
    let (others, told) = sharing(view);
    others.into_iter().for_each(|(other, _)| shared.found(other.title().to_owned()));
    shared.doubt_unless(told);
    shared.told()
}

/// The environments of those that are not its own: production and sandbox on one account.
pub(super) fn other_environments<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
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

/// Whether the person answerable for it has left, by the roster, or by their accounts if that does not know them; absent
/// if nobody is named. Accounts that stand differently decide nothing: one of them was forgotten.
pub(super) fn owner_gone(view: &View<'_>) -> Fact<bool> {
    let mail = match &integration(view).owner_email {
        Fact::Known(mail) => mail,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown => return Fact::Unknown,
    };
    if let Some((_, person)) = view.inventory.person(mail) {
        return gone(person, view.now);
    }
    if view.inventory.roster_is_whole() {
        return Fact::Known(true);
    }
    let mut accounts = view.inventory.accounts_of_mail(mail).into_iter().map(is_open);
    match accounts.next() {
        Some(first) if accounts.all(|other| other == first) => first.map(|open| !open),
        _ => Fact::Unknown,
    }
}

/// Its live credentials: those of the accounts it runs on, and whether these are all.
fn live_credentials<'a>(view: &View<'a>) -> (Vec<(&'a Resource, &'a Credential)>, bool) {
    let (accounts, mut told) = accounts_of(view);
    let mut live = Vec::new();
    for account in accounts {
        told &= view.inventory.tokens_told(account);
        for (resource, credential) in credentials_of(view.inventory, account) {
            match is_live(credential, view.now) {
                Fact::Known(true) => live.push((resource, credential)),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => told = false,
            }
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
        Fact::Absent => return none_declared(),
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

/// Credentials that live longer than it may, and those that never end. Where it is not told when one was made, the days
/// that are left can be too many by themselves.
pub(super) fn living_too_long<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let longest = match integration(view).longest_days {
        Fact::Known(longest) => longest,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (live, told) = live_credentials(view);
    let mut long = Finds::default();
    for (resource, credential) in live {
        match (&credential.created_at, &credential.expires_at) {
            (_, Fact::Absent) => long.found(format!("“{}” never ends", resource.title())),
            (made, Fact::Known(end)) => {
                let from = made.known().copied().unwrap_or(view.now);
                let days = (*end - from).num_days();
                if days > longest {
                    long.found(format!("“{}” lives for {days} days", resource.title()));
                }
                long.doubt_unless(made.known().is_some());
            }
            (_, Fact::Unknown) => long.in_doubt(),
        }
    }
    long.doubt_unless(told);
    long.told()
}

/// The projects that are there, and which of its accounts may have rights in each.
struct Projects<'a> {
    accounts: Vec<&'a Resource>,
    found: Vec<(&'a Resource, &'a Container)>,
    /// True if none can be out of sight.
    whole: bool,
}

impl<'a> Projects<'a> {
    fn of(view: &View<'a>, accounts: Vec<&'a Resource>) -> Self {
        let found = view.inventory.of_kind(Kind::Container).filter_map(|resource| match &resource.body {
            Body::Container(container) if container.form == ContainerForm::Project => Some((resource, container)),
            _ => None,
        });
        let whole = view.inventory.coverage().gaps_over(Kind::Container, &["project"]).next().is_none();
        Self { accounts, found: found.collect(), whole }
    }

    /// Those that the register names, or those that it does not.
    fn named(&self, keys: &'a [String], named: bool) -> impl Iterator<Item = (&'a Resource, &'a Container)> + '_ {
        self.found.iter().copied().filter(move |(_, one)| has_key(one, keys) == named)
    }

    /// Its accounts that the product of a project knows.
    fn accounts_in(&self, view: &View<'a>, project: &'a Resource) -> impl Iterator<Item = &'a Resource> + '_ {
        let inventory = view.inventory;
        self.accounts.iter().copied().filter(move |one| inventory.knows_accounts_of(one.id.tenant(), project))
    }
}

fn has_key(container: &Container, keys: &[String]) -> bool {
    container.key.known().is_some_and(|key| keys.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)))
}

/// What an integration works in.
const WORKPLACES: [ContainerForm; 5] = [
    ContainerForm::Project,
    ContainerForm::Space,
    ContainerForm::Workspace,
    ContainerForm::RepositoryProject,
    ContainerForm::Repository,
];

/// Declared projects that none of its products has. What is not there may be out of sight.
pub(super) fn containers_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let keys = match &integration(view).containers {
        Fact::Known(keys) => keys,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let has = |key: &String| {
        view.inventory.of_kind(Kind::Container).any(|resource| match &resource.body {
            Body::Container(container) if WORKPLACES.contains(&container.form) => {
                has_key(container, std::slice::from_ref(key))
            }
            _ => false,
        })
    };
    let forms = WORKPLACES.map(ContainerForm::name);
    let whole = view.inventory.all_seen(Kind::Container, &forms);
    let mut missing = Finds::default();
    for key in keys.iter().filter(|key| !has(key)) {
        if whole {
            missing.found(key.clone());
        } else {
            missing.in_doubt();
        }
    }
    missing.told()
}

fn none_declared<'a>() -> Fact<Texts<'a>> {
    Fact::Known(Texts::Made(Vec::new()))
}

/// Where an integration works and what it needs there: absent if the register does not limit one of them.
fn declared_needs<'a>(view: &View<'a>) -> Fact<(&'a [String], &'a [String])> {
    let Integration { containers, permissions, .. } = integration(view);
    match (containers, permissions) {
        (Fact::Known(keys), Fact::Known(needed)) => Fact::Known((keys, needed)),
        (Fact::Absent, _) | (_, Fact::Absent) => Fact::Absent,
        _ => Fact::Unknown,
    }
}

/// True for a permission of Jira, such as `EDIT_ISSUES`. Those of other products are not worked out here.
fn is_of_jira(permission: &str) -> bool {
    let plain = permission.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_');
    plain && !permission.starts_with("REPO_") && !permission.starts_with("PROJECT_")
}

/// What it needs and has not, as “PAY: LINK_ISSUES”, in every project that it is declared for. One of its accounts is
/// enough to have it.
pub(super) fn permissions_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let (keys, needed) = match declared_needs(view) {
        Fact::Known(needs) => needs,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (accounts, told) = accounts_of(view);
    let projects = Projects::of(view, accounts);
    let mut missing = Finds::default();
    missing.doubt_unless(needed.iter().all(|permission| is_of_jira(permission)));
    for key in keys {
        let key = std::slice::from_ref(key);
        let known_there = |project: &'a Resource| projects.accounts_in(view, project).next().is_some();
        let mut places = projects.named(key, true).filter(|(project, _)| known_there(project)).peekable();
        if places.peek().is_none() {
            missing.doubt_unless(projects.whole && (told || projects.named(key, true).next().is_none()));
            let elsewhere = told && !projects.accounts.is_empty() && projects.named(key, true).next().is_some();
            if elsewhere && needed.iter().any(|permission| is_of_jira(permission)) {
                missing.found(format!("{}: any, since it has no account there", key[0]));
            }
            continue;
        }
        for (project, container) in places {
            let held: Vec<_> =
                projects.accounts_in(view, project).map(|one| view.inventory.permissions_in(project, one)).collect();
            // An account that was not found may be the one that has it.
            let beside = |entry: &LedgerEntry| project.seen_by.iter().any(|seen| seen.source == entry.source);
            let all = told || lists_whole(view.inventory, Kind::Principal, &[], beside);
            let whole = all && held.iter().all(|held| held.whole);
            let has = |permission: &String| held.iter().any(|held| held.permissions.contains(permission.as_str()));
            for permission in needed.iter().filter(|permission| is_of_jira(permission) && !has(permission)) {
                if whole {
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
    let (keys, needed) = match declared_needs(view) {
        Fact::Known(needs) => needs,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (accounts, told) = accounts_of(view);
    let projects = Projects::of(view, accounts);
    let mut beyond = Finds::default();
    for (project, container) in projects.named(keys, true) {
        for account in projects.accounts_in(view, project) {
            let held = view.inventory.permissions_in(project, account);
            let unneeded = held.own.iter().filter(|held| !needed.iter().any(|needed| needed == *held));
            unneeded.for_each(|permission| beyond.found(format!("{}: {permission}", key_of(container))));
            beyond.doubt_unless(held.whole);
        }
    }
    beyond.doubt_unless(told && projects.whole);
    beyond.told()
}

/// Projects in which it has permissions of its own although the register does not name them.
pub(super) fn containers_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let keys = match &integration(view).containers {
        Fact::Known(keys) => keys,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (accounts, told) = accounts_of(view);
    let projects = Projects::of(view, accounts);
    let mut beyond = Finds::default();
    for (project, container) in projects.named(keys, false) {
        for account in projects.accounts_in(view, project) {
            let held = view.inventory.permissions_in(project, account);
            if held.own.is_empty() {
                beyond.doubt_unless(held.whole);
            } else {
                beyond.found(key_of(container).to_owned());
            }
        }
    }
    beyond.doubt_unless(told && projects.whole);
    beyond.told()
}

fn key_of(container: &Container) -> &str {
    container.key.known().map_or("?", String::as_str)
}

// What several of them ask.

/// Whether an account is open, by the word of who decides. A word that nobody explained decides nothing.
fn is_open(account: &Resource) -> Fact<bool> {
    match &account.body {
        Body::Principal(Principal { status: Fact::Known(status), .. }) => {
            Principal::lets_in(status).map_or(Fact::Unknown, Fact::Known)
        }
        _ => Fact::Unknown,
    }
}

/// Whether anything lets an account in: one product may, although the organisation does not.
fn may_be_used(account: &Resource) -> Fact<bool> {
    let Body::Principal(Principal { standings, .. }) = &account.body else { return Fact::Unknown };
    let let_in = standings.known().into_iter().flatten().any(|standing| standing.active == Fact::Known(true));
    if let_in { Fact::Known(true) } else { is_open(account) }
}

/// “Ada Muster in jira.example.com”: the same person has accounts of the same name in several products.
fn placed(inventory: &Inventory<'_>, account: &Resource) -> String {
    let tenant = account.id.tenant();
    let place = if tenant == ResourceId::CLOUD { "the cloud" } else { tenant };
    format!("{} in {place}", inventory.name(&account.id))
}

/// What acts for an account, public keys apart: these have rules of their own.
fn credentials_of<'a>(
    inventory: &'a Inventory<'a>,
    account: &'a Resource,
) -> impl Iterator<Item = (&'a Resource, &'a Credential)> {
    inventory.credentials_of(&account.id).filter_map(|resource| match &resource.body {
        Body::Credential(credential) if credential.form != CredentialForm::SshKey => Some((resource, credential)),
        _ => None,
    })
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

#[cfg(test)]
mod tests;
