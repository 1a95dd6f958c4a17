//! Fields that are worked out: from several facts of a resource, or from its neighbours. Each is known only if what it
//! is made from is; a count is known only if everything that counts was in sight.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::fields::{Texts, View, app, container, credential, grant, group, principal, webhook};
use crate::inventory::Inventory;
use crate::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Group, Holder, Kind,
    LedgerEntry, Principal, PrincipalType, Product, ResourceId, SourceName, Standing,
};

const ORG_ADMIN: &str = "atlassian/org-admin";
const ADMIN_ROLES: [&str; 8] = [
    ORG_ADMIN,
    "atlassian/site-admin",
    "atlassian/user-access-admin",
    "atlassian/admin",
    "bitbucket/admin",
    "bitbucket/sys-admin",
    "confluence/administer",
    "confluence/system-administer",
];

pub(super) fn email_domain<'a>(view: &View<'a>) -> Fact<&'a str> {
    match &principal(view).email {
        Fact::Known(email) => Fact::from_option(email.rsplit_once('@').map(|(_, domain)| domain)),
        Fact::Absent => Fact::Absent,
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn group_names<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    principal(view).groups.as_ref().map(|groups| names(view.inventory, groups))
}

pub(super) fn group_inside<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    match &group(view).inside {
        Fact::Known(groups) => Fact::Known(names(view.inventory, groups)),
        Fact::Absent => Fact::Known(Texts::Kept(&[])),
        Fact::Unknown => Fact::Unknown,
    }
}

fn names<'a>(inventory: &'a Inventory<'a>, ids: &'a [ResourceId]) -> Texts<'a> {
    Texts::Made(ids.iter().map(|id| inventory.name(id)).collect())
}

/// A product whose last view is not told might have been viewed later than all others.
pub(super) fn last_active_at(view: &View<'_>) -> Fact<DateTime<Utc>> {
    match &principal(view).activity {
        Fact::Known(products) if products.iter().any(|product| product.last_active_at.is_unknown()) => Fact::Unknown,
        Fact::Known(products) => {
            Fact::from_option(products.iter().filter_map(|product| product.last_active_at.known().copied()).max())
        }
        Fact::Absent => Fact::Absent,
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn is_org_admin(view: &View<'_>) -> Fact<bool> {
    has_role(principal(view), &[ORG_ADMIN])
}

fn has_role(principal: &Principal, wanted: &[&str]) -> Fact<bool> {
    match &principal.platform_roles {
        Fact::Known(roles) => Fact::Known(roles.iter().any(|role| wanted.contains(&role.as_str()))),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn is_admin(view: &View<'_>) -> Fact<bool> {
    if view.resource.id.tenant() != ResourceId::CLOUD && administers_server(view.inventory, &view.resource.id) {
        return Fact::Known(true);
    }
    either(has_role(principal(view), &ADMIN_ROLES), || opens_administration(view))
}

/// Permissions on the whole of a self-hosted product that make an administrator, as Jira, Bitbucket and Confluence name
/// them.
const ADMINISTERING_SERVER: [&str; 6] =
    ["ADMINISTER", "SYSTEM_ADMIN", "ADMIN", "SYS_ADMIN", "application administer", "system administer"];

/// Whether an account or group of a self-hosted product is known to hold one of them. Who does not may do so by other
/// ways: that is for others to tell.
fn administers_server(inventory: &Inventory<'_>, holder: &ResourceId) -> bool {
    inventory.grants_of(holder).any(|resource| match &resource.body {
        Body::Grant(grant) => {
            grant.form == GrantForm::GlobalPermission && ADMINISTERING_SERVER.contains(&grant.role.as_str())
        }
        _ => false,
    })
}

/// What an account goes by, with which the names of machines are compared.
pub(super) fn principal_names<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let username = principal(view).username.known().map(String::as_str);
    let names = std::iter::once(view.resource.title()).chain(username);
    Fact::Known(Texts::Made(names.collect()))
}

/// Accounts of the cloud are of one tenant, whichever product shows them. What a case describes is of no place: there the
/// name to log in with, which the cloud does not have, decides.
pub(super) fn is_self_hosted(view: &View<'_>) -> Fact<bool> {
    let elsewhere = view.resource.id.tenant() != ResourceId::CLOUD && !view.resource.seen_by.is_empty();
    Fact::Known(elsewhere || !principal(view).username.is_unknown())
}

/// A group of a self-hosted product opens nothing of the cloud.
pub(super) fn group_is_self_hosted(view: &View<'_>) -> Fact<bool> {
    Fact::Known(belongs_to_server(group(view)))
}

fn belongs_to_server(group: &Group) -> bool {
    group.jira_access == Fact::Absent && group.confluence_access == Fact::Absent
}

/// True as soon as one group is known to open it, false only if all groups are known, and that none does.
fn opens_administration(view: &View<'_>) -> Fact<bool> {
    let Principal { groups, groups_at_least, .. } = principal(view);
    let mut opens = if groups.is_unknown() { Fact::Unknown } else { Fact::Known(false) };
    for id in [groups, groups_at_least].into_iter().filter_map(Fact::known).flatten() {
        let opened = match view.inventory.get(id).map(|resource| &resource.body) {
            Some(Body::Group(group)) => administered_through(id, group, view.inventory),
            _ => Fact::Unknown,
        };
        match opened {
            Fact::Known(true) => return opened,
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => opens = Fact::Unknown,
        }
    }
    opens
}

/// Whether membership makes an administrator of Jira or Confluence. What a group opens in a product that no source
/// shows is not asked.
fn administered_through(id: &ResourceId, group: &Group, inventory: &Inventory<'_>) -> Fact<bool> {
    if belongs_to_server(group) {
        return if administers_server(inventory, id) { Fact::Known(true) } else { group.administers };
    }
    // A group may open one site and not another: what one of them hides is not a no.
    let coverage = inventory.coverage();
    // A list of groups that does not say so shows no access.
    let shown = |form: &str| coverage.0.iter().any(|entry| entry.forms.iter().any(|own| &**own == form));
    let mut told = coverage.gaps_over(Kind::Group, &["jira-access", "confluence-access"]).next().is_none();
    for (form, access) in [("jira-access", &group.jira_access), ("confluence-access", &group.confluence_access)] {
        match access {
            Fact::Known(access) if access.iter().any(|word| word == "admin" || word == "site-admin") => {
                return Fact::Known(true);
            }
            Fact::Known(_) | Fact::Absent => {}
            Fact::Unknown => told &= form != "jira-access" && !shown(form),
        }
    }
    if told { Fact::Known(false) } else { Fact::Unknown }
}

/// Where an application does not tell its groups, it may be this one.
pub(super) fn takes_new_accounts(view: &View<'_>) -> Fact<bool> {
    let mut told = view.inventory.all_seen(Kind::Container, &["application"]);
    for resource in view.inventory.of_kind(Kind::Container) {
        let Body::Container(Container { form: ContainerForm::Application, default_groups, .. }) = &resource.body else {
            continue;
        };
        match default_groups {
            Fact::Known(groups) if groups.contains(&view.resource.id) => return Fact::Known(true),
            Fact::Known(_) | Fact::Absent => {}
            Fact::Unknown => told = false,
        }
    }
    if told { Fact::Known(false) } else { Fact::Unknown }
}

pub(super) fn group_opens_administration(view: &View<'_>) -> Fact<bool> {
    administered_through(&view.resource.id, group(view), view.inventory)
}

pub(super) fn active_in_jira(view: &View<'_>) -> Fact<bool> {
    let Fact::Known(standings) = &principal(view).standings else { return Fact::Unknown };
    let in_jira: Vec<_> = standings.iter().filter(|standing| standing.product == Product::Jira).collect();
    if in_jira.iter().any(|standing| standing.active == Fact::Known(true)) {
        return Fact::Known(true);
    }
    let shut = !in_jira.is_empty() && in_jira.iter().all(|standing| standing.active == Fact::Known(false));
    if shut { Fact::Known(false) } else { Fact::Unknown }
}

/// The products that let the account in, or those that do not. A product that has no word on it is not asked; one that
/// should have told and did not, or whose listing is a gap, leaves the question open.
fn doors<'a>(view: &View<'a>, wanted: bool) -> Fact<Vec<&'a Standing>> {
    let Fact::Known(standings) = &principal(view).standings else { return Fact::Unknown };
    let found: Vec<_> = standings.iter().filter(|standing| standing.active == Fact::Known(wanted)).collect();
    let hidden = || view.inventory.coverage().gaps_of(Kind::Principal).next().is_some();
    let untold = standings.iter().any(|standing| standing.active.is_unknown()) || hidden();
    if found.is_empty() && untold { Fact::Unknown } else { Fact::Known(found) }
}

pub(super) fn let_in_by<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    doors(view, true).map(|open| Texts::Made(open.iter().map(|standing| standing.product.title()).collect()))
}

/// No for an account that the organisation does not list, once every list of its accounts was read whole.
pub(super) fn in_organisation(view: &View<'_>) -> Fact<bool> {
    let speaks = |source: &SourceName| view.inventory.speaks_for_organisation(source);
    if view.resource.seen_by.iter().any(|sighting| speaks(&sighting.source)) {
        return Fact::Known(true);
    }
    let ledger = view.inventory.coverage().0;
    let mut lists =
        ledger.iter().filter(|entry| entry.shows.contains(&Kind::Principal) && speaks(&entry.source)).peekable();
    let whole = lists.peek().is_some() && lists.all(|list| !list.is_gap());
    if whole { Fact::Known(false) } else { Fact::Unknown }
}

pub(super) fn open_though_closed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known(status) = &principal(view).status else { return Fact::Unknown };
    if Principal::lets_in(status) != Some(false) {
        return Fact::Known(Texts::Made(Vec::new()));
    }
    doors(view, true).map(|open| Texts::Made(open.iter().map(|standing| standing.product.title()).collect()))
}

/// Two doors that stand differently, and mail addresses that are not the same. A hidden address agrees with any.
pub(super) fn disagreements<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let account = principal(view);
    // The organisation's word, where it is only out of sight, decides which of the products is right.
    if account.status.is_unknown() && view.inventory.coverage().gaps_of(Kind::Principal).next().is_some() {
        return Fact::Unknown;
    }
    let (open, closed) = match (doors(view, true), doors(view, false)) {
        (Fact::Known(open), Fact::Known(closed)) => (open, closed),
        _ => return Fact::Unknown,
    };
    let word = account.status.known().and_then(|status| Some((status, Principal::lets_in(status)?)));
    let titles = |standings: &[&Standing]| {
        let titles: BTreeSet<&str> = standings.iter().map(|standing| standing.product.title()).collect();
        titles.into_iter().collect::<Vec<_>>().join(", ")
    };
    let mut worded = Vec::new();
    match word {
        Some((status, false)) if !open.is_empty() => {
            worded.push(format!("{status} in the organisation, let in by {}", titles(&open)));
        }
        Some((_, true)) if !closed.is_empty() => {
            worded.push(format!("active in the organisation, kept out by {}", titles(&closed)));
        }
        None if !open.is_empty() && !closed.is_empty() => {
            worded.push(format!("let in by {}, kept out by {}", titles(&open), titles(&closed)));
        }
        _ => {}
    }
    if let (Fact::Known(email), Fact::Known(others)) = (&account.email, &account.other_emails) {
        worded.extend(others.iter().map(|other| format!("mail address {email} here, {other} there")));
    }
    Fact::Known(Texts::Worded(worded))
}

pub(super) fn hides_email_in<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let account = principal(view);
    let Fact::Known(standings) = &account.standings else { return Fact::Unknown };
    let hidden = standings.iter().filter(|standing| standing.shows_email == Fact::Known(false));
    let shown = account.email.known().is_some();
    Fact::Known(Texts::Made(hidden.filter(|_| shown).map(|standing| standing.product.title()).collect()))
}

fn either(left: Fact<bool>, right: impl FnOnce() -> Fact<bool>) -> Fact<bool> {
    match left {
        Fact::Known(true) => left,
        Fact::Known(false) | Fact::Absent => right(),
        Fact::Unknown if right() == Fact::Known(true) => Fact::Known(true),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn seats<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    view.inventory.seats_of(principal(view)).map(Texts::Made)
}

pub(super) fn takes_seat(view: &View<'_>) -> Fact<bool> {
    view.inventory.seats_of(principal(view)).map(|seats| !seats.is_empty())
}

/// Personal access tokens alone count on a self-hosted product; keys and what belongs to repositories have rules of
/// their own.
pub(super) fn live_credentials(view: &View<'_>) -> Fact<i64> {
    if !view.inventory.tokens_told(view.resource) {
        return Fact::Unknown;
    }
    let server = view.resource.id.tenant() != ResourceId::CLOUD;
    let counts = |form: CredentialForm| match form {
        CredentialForm::SshKey | CredentialForm::DeployKey => false,
        form => !server || form == CredentialForm::PersonalAccessToken,
    };
    let mut live = 0;
    for resource in view.inventory.credentials_of(&view.resource.id) {
        let Body::Credential(credential) = &resource.body else { continue };
        if !counts(credential.form) {
            continue;
        }
        match is_live(credential, view.now) {
            Fact::Known(true) => live += 1,
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => return Fact::Unknown,
        }
    }
    Fact::Known(live)
}

pub(super) fn version_number(view: &View<'_>) -> Fact<i64> {
    container(view).version.as_ref().and_then(|version| {
        let mut numbers = version.split(['.', '-']).map(|part| part.parse::<i64>().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => Fact::Known(major * 1000 + minor),
            (Some(major), None) => Fact::Known(major * 1000),
            _ => Fact::Unknown,
        }
    })
}

/// Whether a credential still opens something.
pub(super) fn is_live(credential: &Credential, now: DateTime<Utc>) -> Fact<bool> {
    credential.is_live(now)
}

/// Never unknown: what nobody told to have ended has to be looked at.
pub(super) fn ended(view: &View<'_>) -> Fact<bool> {
    Fact::Known(credential(view).has_ended(view.now))
}

pub(super) fn group_roles<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    roles_of_group(view, &[], |_| true)
}

/// The roles of accounts are read by other endpoints than those of groups, and hide none of these.
pub(super) fn group_platform_roles<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    if belongs_to_server(group(view)) {
        return Fact::Known(Texts::Made(Vec::new()));
    }
    roles_of_group(view, &["group-platform-role"], |form| form == GrantForm::PlatformRole)
}

/// What the grants that are asked for give the group, once all endpoints were read that show these forms.
fn roles_of_group<'a>(view: &View<'a>, shown: &[&str], asked: impl Fn(GrantForm) -> bool) -> Fact<Texts<'a>> {
    if !view.inventory.all_seen(Kind::Grant, shown) {
        return Fact::Unknown;
    }
    let grants = view.inventory.grants_of(&view.resource.id).filter_map(|resource| match &resource.body {
        Body::Grant(grant) if asked(grant.form) => Some(grant.role.as_str()),
        _ => None,
    });
    let roles: BTreeSet<&str> = grants.collect();
    Fact::Known(Texts::Made(roles.into_iter().collect()))
}

/// What the owner goes by. Nothing where nobody was seen: who it is, is another question.
pub(super) fn owner_names<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let owner = credential(view).owner.known().and_then(|owner| view.inventory.get(owner));
    owner.filter(|owner| owner.kind() == Kind::Principal).map_or_else(
        || Fact::Known(Texts::Made(Vec::new())),
        |owner| principal_names(&View { resource: owner, ..*view }),
    )
}

/// Whoever is in no list is missed only where there is a list of such accounts: a list of tokens may come alone.
pub(super) fn owner_exists(view: &View<'_>) -> Fact<bool> {
    let listed =
        |owner: &ResourceId| owner.tenant() == ResourceId::CLOUD || view.inventory.has_accounts_of(owner.tenant());
    match &credential(view).owner {
        Fact::Known(owner) if view.inventory.get(owner).is_some() => Fact::Known(true),
        Fact::Known(owner) if listed(owner) && view.inventory.seen_whole(Kind::Principal) => Fact::Known(false),
        Fact::Known(_) | Fact::Unknown => Fact::Unknown,
        Fact::Absent => Fact::Known(false),
    }
}

pub(super) fn seats_free(view: &View<'_>) -> Fact<i64> {
    let Container { seats_total, seats_used, .. } = container(view);
    seats_total.and_then(|total| seats_used.map(|used| total - used))
}

/// Accounts that may log in and administer the organisation.
pub(super) fn org_admins(view: &View<'_>) -> Fact<i64> {
    count_accounts(view, |account| match &account.status {
        Fact::Known(status) if status == "active" => has_role(account, &[ORG_ADMIN]),
        Fact::Known(_) => Fact::Known(false),
        Fact::Absent | Fact::Unknown => Fact::Unknown,
    })
}

pub(super) fn service_accounts(view: &View<'_>) -> Fact<i64> {
    count_accounts(view, |account| account.account_type.map(|sort| sort == PrincipalType::ServiceAccount))
}

/// Counts accounts of an organisation: those that a source showed which shows the organisation itself. Known only if
/// these sources showed all their accounts, and every one of them can be told.
fn count_accounts(view: &View<'_>, counts: impl Fn(&Principal) -> Fact<bool>) -> Fact<i64> {
    let own = |source: &SourceName| view.resource.seen_by.iter().any(|sighting| sighting.source == *source);
    let ledger = view.inventory.coverage().0;
    let mut lists =
        ledger.iter().filter(|entry| own(&entry.source) && entry.shows.contains(&Kind::Principal)).peekable();
    let whole = lists.peek().is_some() && lists.all(|list| !list.is_gap());
    if container(view).form != ContainerForm::Organisation || !whole {
        return Fact::Unknown;
    }
    let mut counted = 0;
    for resource in view.inventory.of_kind(Kind::Principal) {
        let Body::Principal(account) = &resource.body else { continue };
        if !resource.seen_by.iter().any(|sighting| own(&sighting.source)) {
            continue;
        }
        match counts(account) {
            Fact::Known(true) => counted += 1,
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => return Fact::Unknown,
        }
    }
    Fact::Known(counted)
}

pub(super) fn container_projects(view: &View<'_>) -> Fact<i64> {
    match container(view).form {
        ContainerForm::PermissionScheme => projects_using(view.inventory, &view.resource.id),
        _ => Fact::Unknown,
    }
}

pub(super) fn licence_group_names<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    container(view).licence_groups.as_ref().map(|groups| names(view.inventory, groups))
}

pub(super) fn in_new_projects(view: &View<'_>) -> Fact<bool> {
    let by_default = view.resource.id.native().starts_with("default-role:");
    Fact::Known(grant(view).form == GrantForm::ProjectRole && by_default)
}

pub(super) fn grant_projects(view: &View<'_>) -> Fact<i64> {
    let Grant { form, container, .. } = grant(view);
    match form {
        // How many projects will be made nobody knows.
        GrantForm::ProjectRole if in_new_projects(view) == Fact::Known(true) => Fact::Unknown,
        GrantForm::ProjectRole => Fact::Known(1),
        GrantForm::Permission => match container {
            Fact::Known(scheme) => projects_using(view.inventory, scheme),
            Fact::Absent | Fact::Unknown => Fact::Unknown,
        },
        _ => Fact::Known(0),
    }
}

/// No project is known to use a scheme only if every project told which one it uses.
fn projects_using(inventory: &Inventory<'_>, scheme: &ResourceId) -> Fact<i64> {
    if !inventory.all_seen(Kind::Container, &["project", "permission-scheme"]) {
        return Fact::Unknown;
    }
    let projects = inventory.projects_using(scheme);
    if projects == 0 && !inventory.schemes_told() { Fact::Unknown } else { Fact::Known(count(projects)) }
}

/// People who may log in, and whose accounts the organisation does not manage.
pub(super) fn external_people(view: &View<'_>) -> Fact<i64> {
    count_accounts(view, |account| match (&account.account_type, &account.managed) {
        (Fact::Known(sort), _) if *sort != PrincipalType::Person => Fact::Known(false),
        (_, Fact::Known(true)) => Fact::Known(false),
        (Fact::Known(_), Fact::Known(false)) => account.status.as_ref().map(|status| status == "active"),
        _ => Fact::Unknown,
    })
}

/// How many service accounts each plan allows.
const QUOTAS: [(&str, i64); 4] = [("free", 5), ("standard", 5), ("guard-standard", 250), ("enterprise", 1_000)];

pub(super) fn service_account_quota(view: &View<'_>) -> Fact<i64> {
    let Container { form, plan, .. } = container(view);
    let quota = |plan: &String| QUOTAS.iter().find(|(known, _)| known == plan).map(|(_, quota)| *quota);
    match plan {
        Fact::Known(plan) if *form == ContainerForm::Organisation => quota(plan).map_or(Fact::Unknown, Fact::Known),
        _ => Fact::Unknown,
    }
}

/// False where nobody stated the plan, or one of which the quota is not known.
pub(super) fn quota_told(view: &View<'_>) -> Fact<bool> {
    Fact::Known(!service_account_quota(view).is_unknown())
}

/// Team-managed projects of a site, known only where a source that saw the site itself showed all its projects. A site
/// whose sources show spaces instead is one of Confluence, which has no projects.
pub(super) fn unseen_projects(view: &View<'_>) -> Fact<i64> {
    let own = |source: &SourceName| view.resource.seen_by.iter().any(|sighting| sighting.source == *source);
    let ledger = view.inventory.coverage().0;
    let lists = |form: &'static str| {
        ledger.iter().filter(move |entry| own(&entry.source) && entry.can_show(Kind::Container, &[form]))
    };
    let mut projects = lists("project").peekable();
    if container(view).form != ContainerForm::Site || projects.peek().is_none() && lists("space").next().is_none() {
        return Fact::Unknown;
    }
    if projects.peek().is_none() {
        return Fact::Absent;
    }
    if projects.any(LedgerEntry::is_gap) {
        return Fact::Unknown;
    }
    let tenant = view.resource.id.tenant();
    let mut unseen = 0;
    for resource in view.inventory.of_kind(Kind::Container).filter(|resource| resource.id.tenant() == tenant) {
        let Body::Container(Container { form: ContainerForm::Project, team_managed, .. }) = &resource.body else {
            continue;
        };
        match team_managed {
            Fact::Known(true) => unseen += 1,
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => return Fact::Unknown,
        }
    }
    Fact::Known(unseen)
}

/// Never unknown: what is open to the world is judged by the worst that may be so.
pub(super) fn pipelines_may_run(view: &View<'_>) -> Fact<bool> {
    let Container { form, pipelines_enabled, .. } = container(view);
    let none = matches!(pipelines_enabled, Fact::Absent | Fact::Known(false));
    Fact::Known(*form == ContainerForm::Repository && !none)
}

pub(super) fn push_limited(view: &View<'_>) -> Fact<bool> {
    match container(view).only_pushers {
        Fact::Known(_) => Fact::Known(true),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    }
}

/// What a grant that administers a space, repository or repository project is called.
const ADMINISTERING: [&str; 4] = ["administer space", "admin", "PROJECT_ADMIN", "REPO_ADMIN"];

/// Whether a grant is one that administers, or a role that brings one. What the role of a space brings is not always
/// told.
fn administers(grant: &Grant) -> Fact<bool> {
    let named = |permission: &str| ADMINISTERING.contains(&permission);
    match &grant.permits {
        _ if named(&grant.role) => Fact::Known(true),
        Fact::Known(brought) => Fact::Known(brought.iter().any(|permission| named(permission))),
        Fact::Absent => Fact::Known(false),
        Fact::Unknown if grant.form == GrantForm::SpaceRole => Fact::Unknown,
        Fact::Unknown => Fact::Known(false),
    }
}

/// The grants that are known to administer a container, and whether these are all.
fn administering<'a>(view: &View<'a>) -> Fact<(Vec<&'a Grant>, bool)> {
    let forms: &[&str] = match container(view).form {
        ContainerForm::Space => &["space-permission", "space-role"],
        ContainerForm::Repository => &["repository-permission"],
        ContainerForm::RepositoryProject => &["repository-project-permission"],
        _ => return Fact::Unknown,
    };
    let mut all = view.inventory.all_seen(Kind::Grant, forms);
    let mut found = Vec::new();
    for resource in view.inventory.grants_on(&view.resource.id) {
        match &resource.body {
            Body::Grant(grant) if forms.contains(&grant.form.name()) => match administers(grant) {
                Fact::Known(true) => found.push(grant),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => all = false,
            },
            _ => {}
        }
    }
    Fact::Known((found, all))
}

fn holder_name<'a>(inventory: &'a Inventory<'a>, grant: &'a Grant) -> &'a str {
    match (&grant.principal, &grant.group) {
        (Fact::Known(holder), _) | (_, Fact::Known(holder)) => inventory.name(holder),
        _ => grant.holder.name(),
    }
}

pub(super) fn administrators<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Fact::Known((grants, true)) = administering(view) else { return Fact::Unknown };
    let names: BTreeSet<&str> = grants.into_iter().map(|grant| holder_name(view.inventory, grant)).collect();
    Fact::Known(Texts::Made(names.into_iter().collect()))
}

/// Groups that are not known to be empty, sets of people, and the accounts that may log in. None only if every grant
/// and every holder could be told. Apps administer nothing for people: they are neither counted nor missed.
pub(super) fn active_administrators(view: &View<'_>) -> Fact<i64> {
    let Fact::Known((grants, mut told)) = administering(view) else { return Fact::Unknown };
    let mut active = BTreeSet::new();
    for grant in grants {
        match is_there(view.inventory, grant) {
            Fact::Known(true) => {
                let holder = grant.principal.known().or(grant.group.known());
                active.insert(holder.map_or(grant.holder.name(), ResourceId::as_str));
            }
            Fact::Known(false) | Fact::Absent => {}
            Fact::Unknown => told = false,
        }
    }
    if active.is_empty() && !told { Fact::Unknown } else { Fact::Known(count(active.len())) }
}

/// Whether a grant has a holder who can make use of it.
fn is_there(inventory: &Inventory<'_>, grant: &Grant) -> Fact<bool> {
    match (&grant.principal, &grant.group, grant.holder) {
        (Fact::Known(id), _, _) => match inventory.principal(id) {
            Some(account) if account.account_type == Fact::Known(PrincipalType::App) => Fact::Known(false),
            Some(account) => {
                account.status.as_ref().and_then(|status| Principal::lets_in(status).map_or(Fact::Unknown, Fact::Known))
            }
            None => Fact::Unknown,
        },
        (_, Fact::Known(id), _) => match inventory.get(id).map(|resource| &resource.body) {
            Some(Body::Group(group)) => Fact::Known(group.member_count != Fact::Known(0)),
            _ => Fact::Unknown,
        },
        (_, _, Holder::Principal | Holder::Group | Holder::Other) => Fact::Unknown,
        _ => Fact::Known(true),
    }
}

pub(super) fn shares(view: &View<'_>) -> Fact<i64> {
    let shared = matches!(container(view).form, ContainerForm::Filter | ContainerForm::Dashboard);
    if !shared || !view.inventory.all_seen(Kind::Grant, &["share"]) {
        return Fact::Unknown;
    }
    Fact::Known(count(view.inventory.grants_on(&view.resource.id).count()))
}

pub(super) fn credential_acts_for<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    credential(view).acts_for.as_ref().map(|accounts| names(view.inventory, accounts))
}

/// Never false: that there was no later log-in is a fact or not known.
pub(super) fn log_ins_told(view: &View<'_>) -> Fact<bool> {
    if view.inventory.log_in_sight() { Fact::Known(true) } else { Fact::Unknown }
}

/// False only where somebody was seen using it, it was the owner, and nobody can have used it since.
pub(super) fn used_by_other(view: &View<'_>) -> Fact<bool> {
    match (&credential(view).owner, &credential(view).last_used_by) {
        (Fact::Known(owner), Fact::Known(user)) if owner != user => Fact::Known(true),
        (Fact::Known(_), Fact::Known(_)) if view.inventory.log_in_sight() => Fact::Known(false),
        _ => Fact::Unknown,
    }
}

/// A deploy key is compared with deploy keys, a person's key with all.
pub(super) fn same_key(view: &View<'_>) -> Fact<i64> {
    let Credential { form, fingerprint, .. } = credential(view);
    let among: &[CredentialForm] = match form {
        CredentialForm::DeployKey => &[CredentialForm::DeployKey],
        _ => &[CredentialForm::DeployKey, CredentialForm::SshKey],
    };
    let seen = || view.inventory.all_seen(Kind::Credential, &among.iter().map(|form| form.name()).collect::<Vec<_>>());
    match fingerprint {
        Fact::Known(key) => match view.inventory.uses_of_key(key, among) {
            0 | 1 if !seen() => Fact::Unknown,
            uses => Fact::Known(count(uses.saturating_sub(1))),
        },
        Fact::Absent => Fact::Known(0),
        Fact::Unknown => Fact::Unknown,
    }
}

pub(super) fn app_acts_for<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    app(view).acts_for.as_ref().map(|accounts| names(view.inventory, accounts))
}

pub(super) fn acts_for_people(view: &View<'_>) -> Fact<i64> {
    let accounts = match &app(view).acts_for {
        Fact::Known(accounts) => accounts.as_slice(),
        Fact::Absent => &[],
        Fact::Unknown => return Fact::Unknown,
    };
    let (mut people, mut told) = (0, view.inventory.log_in_sight());
    for id in accounts {
        match view.inventory.principal(id).map(|account| account.account_type) {
            Some(Fact::Known(PrincipalType::Person)) => people += 1,
            Some(Fact::Known(_) | Fact::Absent) => {}
            Some(Fact::Unknown) | None => told = false,
        }
    }
    if people == 0 && !told { Fact::Unknown } else { Fact::Known(people) }
}

pub(super) fn plain_http(view: &View<'_>) -> Fact<bool> {
    webhook(view).address.as_ref().map(|address| address.to_ascii_lowercase().starts_with("http://"))
}

pub(super) fn webhook_host<'a>(view: &View<'a>) -> Fact<&'a str> {
    webhook(view)
        .address
        .as_ref()
        .and_then(|address| address.split_once("://").map_or(Fact::Unknown, |(_, host)| Fact::Known(host)))
}

pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
