//! What may be held in a place although no grant was seen that gives it: it is public, one's own, comes with the account, or
//! could not be ruled out.

use super::Access;
use super::index::Circle;
use super::powers::given_by_being_public;
use super::ways::{Doubt, Meant, Presence, Ways};
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, PrincipalType, Resource, ResourceId, SourceName,
};

/// The global permissions of Jira that are told of single accounts only; who administers is told by the groups.
pub(super) const ASKED_SINGLY: [&str; 4] =
    ["BULK_CHANGE", "CREATE_SHARED_OBJECTS", "MANAGE_GROUP_FILTER_SUBSCRIPTIONS", "USER_PICKER"];

/// Why an account may do anything in a place, if that cannot be ruled out: grants there may be hidden, nobody told the
/// scheme of a project, or not the roles that come with the account.
pub(super) fn anything_on<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container) -> Option<Doubt<'a>> {
    let access = ways.access;
    let circle = access.index.circle(at);
    if body.form == ContainerForm::Project {
        let scheme = body.permission_scheme.known().and_then(|scheme| access.inventory.get(scheme));
        return anything_in_projects(ways, circle, scheme.is_some(), body.team_managed);
    }
    if ways.realm(circle) == Fact::Known(false) {
        return None;
    }
    hidden_grants(access, circle, body).or_else(|| own_roles_untold(ways, at, body).then_some(Doubt::OwnRoles))
}

/// The same of all projects that a circle of sources shows and of which the scheme was told, or not.
pub(super) fn anything_in_projects<'a>(
    ways: &Ways<'_, 'a>,
    circle: Circle,
    scheme_is_told: bool,
    team_managed: Fact<bool>,
) -> Option<Doubt<'a>> {
    if ways.realm(circle) == Fact::Known(false) {
        return None;
    }
    if let Some(entry) = ways.access.index.shown(circle).hidden_grants(ContainerForm::Project) {
        return Some(Doubt::Entry(entry));
    }
    match (scheme_is_told, team_managed) {
        (true, _) => None,
        (false, Fact::Known(true)) => Some(Doubt::TeamManaged),
        (false, _) => Some(Doubt::Scheme),
    }
}

/// Why an account may do anything anywhere: a grant that means it, or may, does not tell what it is on.
pub(super) fn anything_anywhere<'a>(ways: &Ways<'_, 'a>) -> Option<Doubt<'a>> {
    let Access { inventory, index } = ways.access;
    let means_it = |at: &u32| match &inventory.resource(*at).body {
        Body::Grant(grant) => ways.meant(grant, index.circle(*at), None).is_some(),
        _ => false,
    };
    index.unplaced().iter().any(means_it).then_some(Doubt::Unplaced)
}

/// True if some account may hold something in a container, other than a project, without a grant that was seen and
/// without being its owner.
pub(super) fn holds_without_a_grant(access: Access<'_, '_>, at: u32, body: &Container) -> bool {
    match body.form {
        ContainerForm::Project => false,
        ContainerForm::Organisation | ContainerForm::Instance | ContainerForm::Site => true,
        ContainerForm::Filter | ContainerForm::Dashboard if body.owner.is_unknown() => true,
        _ => is_public(access, at, body).is_some() || hidden_grants(access, access.index.circle(at), body).is_some(),
    }
}

/// Behind what grants may be hidden that hold in a container: given there, or on what it lies in.
fn hidden_grants<'a>(access: Access<'_, 'a>, circle: Circle, body: &Container) -> Option<Doubt<'a>> {
    if let Some(entry) = access.index.shown(circle).hidden_grants(body.form) {
        return Some(Doubt::Entry(entry));
    }
    let mut body = body;
    if body.form == ContainerForm::Repository && access.index.shown(circle).sums_up {
        return None;
    }
    for _ in 0..OUTWARD {
        if !matches!(body.form, ContainerForm::RepositoryProject | ContainerForm::Repository) {
            return None;
        }
        let outer = match &body.parent {
            Fact::Known(parent) => access.inventory.place(parent),
            Fact::Absent => return None,
            Fact::Unknown => None,
        };
        let Some(at) = outer else { return Some(Doubt::Parent) };
        let Body::Container(around) = &access.inventory.resource(at).body else { return Some(Doubt::Parent) };
        if let Some(entry) = access.index.shown(access.index.circle(at)).hidden_grants(around.form) {
            return Some(Doubt::Entry(entry));
        }
        body = around;
    }
    Some(Doubt::Parent)
}

/// How far outward one looks for what a container lies in.
pub(super) const OUTWARD: usize = 8;

/// True if an account may have roles of its own on an organisation or product of which nobody told.
fn own_roles_untold(ways: &Ways<'_, '_>, at: u32, body: &Container) -> bool {
    let access = ways.access;
    let untold = ways.principal.platform_roles.is_unknown();
    match body.form {
        ContainerForm::Organisation => {
            let circle = access.index.circle(at);
            !access.index.shown(circle).tells_platform_roles
                && match ways.presence(circle) {
                    Presence::Here => untold,
                    Presence::Perhaps(_) => true,
                    Presence::No => false,
                }
        }
        ContainerForm::Instance => {
            untold
                && body.key.known().is_some_and(|key| key == ALIGN)
                && access.inventory.resource(at).id.tenant() == ways.account.id.tenant()
        }
        _ => false,
    }
}

/// The key of the product that tells roles with its accounts and nowhere else.
const ALIGN: &str = "jira-align";

/// Whether a role that comes with an account is one on this container, and how certain that is.
pub(super) fn own_role<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container, role: &str) -> Option<Meant<'a>> {
    let access = ways.access;
    let circle = access.index.circle(at);
    match body.form {
        ContainerForm::Organisation if role.starts_with("atlassian/") => {
            if ways.presence(circle) != Presence::Here {
                return None;
            }
            let homes = access.index.organisations().iter();
            let homes = homes.filter(|at| ways.presence(access.index.circle(**at)) == Presence::Here).count();
            match homes {
                1 => Some(Meant::held()),
                _ if access.index.shown(circle).tells_platform_roles => None,
                _ => Some(Meant::perhaps(Doubt::WhichOrganisation)),
            }
        }
        ContainerForm::Instance if role.starts_with("jira-align/") => {
            (access.inventory.resource(at).id.tenant() == ways.account.id.tenant()).then(Meant::held)
        }
        _ => None,
    }
}

/// What the owner of a filter or dashboard may do with it.
pub(super) const OF_OWNERS: [&str; 2] = ["edit", "view"];

/// Whether an account sees something because everybody does.
pub(super) fn public<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container) -> Option<Meant<'a>> {
    let access = ways.access;
    let circle = access.index.circle(at);
    let on_server = access.index.is_on_server(access.inventory.resource(at).id.tenant());
    match (ways.realm(circle), is_public(access, at, body)?, on_server) {
        (Fact::Known(false) | Fact::Absent, ..) => None,
        (Fact::Known(true), true, Some(_)) => Some(Meant::with_everybody()),
        (Fact::Unknown, true, _) => Some(Meant::perhaps(Doubt::Accounts(circle))),
        _ => Some(Meant::perhaps(Doubt::Public)),
    }
}

/// Whether a container is public, itself or by what it lies in; `Some(false)` if that was not told.
fn is_public(access: Access<'_, '_>, at: u32, body: &Container) -> Option<bool> {
    let on_server = access.index.is_on_server(access.inventory.resource(at).id.tenant());
    if given_by_being_public(body.form, on_server).is_empty() {
        return None;
    }
    let parent = body.parent.known().and_then(|parent| access.inventory.get(parent));
    let of_parent = match parent.map(|parent| &parent.body) {
        Some(Body::Container(Container { form: ContainerForm::RepositoryProject, public, .. }))
            if on_server != Some(false) =>
        {
            *public
        }
        _ => Fact::Absent,
    };
    match (body.public, of_parent) {
        (Fact::Known(true), _) | (_, Fact::Known(true)) => Some(true),
        (Fact::Unknown, _) | (_, Fact::Unknown) => Some(false),
        _ => None,
    }
}

/// True if a global permission of Jira is told of single accounts only, and nobody asked for this one. Machines and
/// members of groups that administer are asked for. Whom Jira itself does not show has none: that the organisation shows
/// the site as well says nothing.
pub(super) fn not_asked(ways: &Ways<'_, '_>, at: u32, site: &Resource, key: &str) -> bool {
    let access = ways.access;
    let circle = access.index.circle(at);
    let sees = |source: &SourceName| ways.account.seen_by.iter().any(|seen| seen.source == *source);
    let mut asking = access.index.shown(circle).asking_for_global.iter();
    if !ASKED_SINGLY.contains(&key)
        || ways.realm(circle) == Fact::Known(false)
        || !asking.any(|(source, hides_accounts)| *hides_accounts || sees(source))
    {
        return false;
    }
    let is_machine = matches!(
        ways.principal.account_type,
        Fact::Known(PrincipalType::App | PrincipalType::ServiceAccount | PrincipalType::Agent)
    );
    let on_site = |grant: &Grant| grant.container.known() == Some(&site.id);
    let opens_administration = |group: &ResourceId| {
        access.inventory.grants_of(group).any(|grant| match &grant.body {
            Body::Grant(grant) => grant.form == GrantForm::ProductAccess && grant.role != "user" && on_site(grant),
            _ => false,
        })
    };
    !is_machine && !ways.groups().any(opens_administration)
}

/// Why one permission in one place cannot be ruled out although no grant was seen that gives it.
pub(super) fn without_a_grant<'a>(ways: &Ways<'_, 'a>, at: u32, key: &str) -> Option<Doubt<'a>> {
    let resource = ways.access.inventory.resource(at);
    let Body::Container(body) = &resource.body else { return None };
    let not_asked = || body.form == ContainerForm::Site && not_asked(ways, at, resource, key);
    let there = anything_on(ways, at, body).or_else(|| not_asked().then_some(Doubt::NotAsked));
    there.or_else(|| anything_anywhere(ways))
}
