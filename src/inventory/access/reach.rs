//! All that an account may do: the grants that mean it, with what each gives where.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::index::{Circle, Scheme};
use super::powers::{given, given_by_being_public, given_inside};
use super::ways::{Doubt, Meant, Presence, Ways, project_of_share, role_id};
use super::{ANY, Access, Bound, Ceiling, Permission, Place, Reach, power_of};
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, PrincipalType, Resource, ResourceId, SourceName,
};

/// The global permissions of Jira that are told of single accounts only; who administers is told by the groups.
const ASKED_SINGLY: [&str; 4] =
    ["BULK_CHANGE", "CREATE_SHARED_OBJECTS", "MANAGE_GROUP_FILTER_SUBSCRIPTIONS", "USER_PICKER"];

/// The reasons why something is not certain, each once.
#[derive(Default)]
pub(super) struct Doubts<'a>(Vec<Doubt<'a>>);

impl<'a> Doubts<'a> {
    pub(super) fn number(&mut self, doubt: Doubt<'a>) -> u16 {
        let at = self.0.iter().position(|known| *known == doubt).unwrap_or_else(|| {
            self.0.push(doubt);
            self.0.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    pub(super) fn words(&self, access: Access<'_, 'a>, account: &Resource) -> Vec<String> {
        self.0.iter().map(|doubt| doubt.words(access, account)).collect()
    }
}

/// One permission by one grant.
fn permission<'a>(form: ContainerForm, key: &'a str, meant: &Meant<'a>, doubts: &mut Doubts<'a>) -> Permission<'a> {
    Permission {
        key,
        bound: meant.bound,
        of_everybody: meant.with_everybody,
        power: power_of(form, key),
        doubt: meant.doubt.clone().map(|doubt| doubts.number(doubt)),
    }
}

/// Sorts, and keeps of each key the most certain. What an account has beside everybody is its own. What it has for some
/// issues and may have for all keeps the doubt.
pub(super) fn settle(mut permissions: Vec<Permission<'_>>) -> Vec<Permission<'_>> {
    permissions.sort_by_key(|one| (one.key, one.bound, one.of_everybody, one.doubt));
    permissions.dedup_by(|next, kept| {
        if next.key == kept.key && kept.bound == Bound::Conditional {
            kept.doubt = kept.doubt.or(next.doubt);
        }
        next.key == kept.key
    });
    permissions
}

/// A permission scheme as it looks to one account.
struct SchemeView<'a> {
    /// What it gives in every project.
    base: Vec<Permission<'a>>,
    /// What it gives to each role.
    of_roles: Vec<(&'a str, &'a str)>,
    /// What it gives to the lead.
    of_lead: Vec<&'a str>,
}

impl<'a> SchemeView<'a> {
    fn of(
        ways: &Ways<'_, 'a>,
        grants: impl Iterator<Item = &'a Resource>,
        circle: Circle,
        doubts: &mut Doubts<'a>,
    ) -> Self {
        let mut view = Self { base: Vec::new(), of_roles: Vec::new(), of_lead: Vec::new() };
        for resource in grants {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.form != GrantForm::Permission {
                continue;
            }
            match (&grant.holder, &grant.holder_detail) {
                (Holder::ProjectRole, Fact::Known(role)) => view.of_roles.push((role, &grant.role)),
                (Holder::Conditional, Fact::Known(detail)) if detail == "projectLead" => view.of_lead.push(&grant.role),
                _ => {
                    if let Some(meant) = ways.meant(grant, circle, None) {
                        view.base.push(permission(ContainerForm::Project, &grant.role, &meant, doubts));
                    }
                }
            }
        }
        view.base = settle(view.base);
        view
    }

    /// With the roles that an account has in a project, and as its lead or not.
    fn in_project(&self, roles: &Roles<'a>, lead: Option<&Meant<'a>>, doubts: &mut Doubts<'a>) -> Vec<Permission<'a>> {
        let mut all = self.base.clone();
        for (role, key) in &self.of_roles {
            if let Some(meant) = roles.of(role) {
                all.push(permission(ContainerForm::Project, key, meant, doubts));
            }
        }
        if let Some(meant) = lead {
            all.extend(self.of_lead.iter().map(|key| permission(ContainerForm::Project, key, meant, doubts)));
        }
        settle(all)
    }
}

/// The roles of a project that an account has or may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Roles<'a> {
    /// By the role's id, sorted.
    named: BTreeMap<&'a str, (Meant<'a>, &'a str)>,
    /// Places of which it was not told in which role they are, by the name that they tell.
    unnamed: Vec<(Meant<'a>, &'a str)>,
    /// What holds for all others.
    others: Option<Meant<'a>>,
}

/// What makes two projects of one scheme the same to an account.
#[derive(PartialEq, Eq, Hash)]
struct Signature<'a> {
    circle: Circle,
    roles: Vec<(&'a str, Meant<'a>)>,
    unnamed: bool,
    lead: Option<Meant<'a>>,
}

impl<'a> Roles<'a> {
    fn of(&self, role: &str) -> Option<&Meant<'a>> {
        self.named.get(role).map(|(meant, _)| meant).or(self.others.as_ref())
    }

    fn add(&mut self, role: &'a str, name: &'a str, meant: Meant<'a>) {
        if self.named.get(role).is_none_or(|(known, _)| meant.bound < known.bound) {
            self.named.insert(role, (meant, name));
        }
    }

    /// What holds for roles in which it has no place that was told.
    fn with_others(mut self, hidden: Option<Meant<'a>>) -> Self {
        let unnamed = (!self.unnamed.is_empty()).then(|| Meant::perhaps(Doubt::WhichRole));
        self.others = unnamed.or(hidden);
        self
    }
}

/// What an account may do in one project: for shares with everybody who may see it.
pub(super) fn in_project<'a>(ways: &Ways<'_, 'a>, project: &'a Resource) -> Vec<Permission<'a>> {
    let (access, mut doubts) = (ways.access, Doubts::default());
    let (Some(at), Body::Container(body)) = (access.inventory.place(&project.id), &project.body) else {
        return Vec::new();
    };
    let circle = access.index.circle(at);
    let scheme = body.permission_scheme.known().filter(|scheme| access.inventory.get(scheme).is_some());
    let mut all = Vec::new();
    if let Some(scheme) = scheme {
        let view = SchemeView::of(ways, access.inventory.grants_on(scheme), circle, &mut doubts);
        let (named, unnamed) = ways.roles_in(project);
        let mut roles = Roles { others: unnamed.or_else(|| ways.hidden_role(project)), ..Roles::default() };
        for (role, meant) in named {
            roles.add(role, "", meant);
        }
        all = view.in_project(&roles, ways.leads(body, circle).as_ref(), &mut doubts);
    }
    all.extend(anything(ways, at, body, &mut doubts));
    settle(all)
}

/// Why an account may do anything in a place, if that cannot be ruled out: grants there may be hidden, nobody told the
/// scheme of a project, or not the roles that come with the account.
pub(super) fn anything_on<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container) -> Option<Doubt<'a>> {
    let access = ways.access;
    let circle = access.index.circle(at);
    if ways.realm(circle) == Fact::Known(false) {
        return None;
    }
    if let Some(doubt) = hidden_grants(access, circle, body) {
        return Some(doubt);
    }
    if own_roles_untold(ways, at, body) {
        return Some(Doubt::OwnRoles);
    }
    let is_told = body.permission_scheme.known().is_some_and(|scheme| access.inventory.get(scheme).is_some());
    match (body.form, is_told) {
        (ContainerForm::Project, false) if body.team_managed == Fact::Known(true) => Some(Doubt::TeamManaged),
        (ContainerForm::Project, false) => Some(Doubt::Scheme),
        _ => None,
    }
}

fn anything<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container, doubts: &mut Doubts<'a>) -> Option<Permission<'a>> {
    let doubt = anything_on(ways, at, body)?;
    Some(permission(body.form, ANY, &Meant::perhaps(doubt), doubts))
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

/// An account's reach while it is put together.
struct Gathering<'w, 'i, 'a> {
    ways: &'w Ways<'i, 'a>,
    doubts: Doubts<'a>,
    /// By the place of the container.
    found: BTreeMap<u32, Vec<Permission<'a>>>,
    /// Projects, which share what their scheme gives.
    projects: BTreeMap<u32, Arc<Vec<Permission<'a>>>>,
    out_of_sight: Vec<(&'a ResourceId, Permission<'a>)>,
}

impl<'a> Access<'_, 'a> {
    /// All that an account may do, whether it is let in at present or not. Of another resource nothing.
    #[must_use]
    pub fn of_account(&self, account: &'a Resource) -> Reach<'a> {
        let mut reach = Reach {
            subject: account,
            places: Vec::new(),
            out_of_sight: Vec::new(),
            doubts: Vec::new(),
            ceiling: Ceiling::Nothing,
            boundless: false,
        };
        let Some(ways) = Ways::of(*self, account) else { return reach };
        let mut gathering = Gathering {
            ways: &ways,
            doubts: Doubts::default(),
            found: BTreeMap::new(),
            projects: BTreeMap::new(),
            out_of_sight: Vec::new(),
        };
        gathering.gather();
        let Gathering { doubts, found, projects, mut out_of_sight, .. } = gathering;
        out_of_sight.sort_by_key(|(id, one)| (*id, one.key, one.bound));
        out_of_sight.dedup_by_key(|(id, one)| (*id, one.key));
        reach.out_of_sight = out_of_sight;
        let mut places: BTreeMap<u32, Arc<Vec<Permission<'a>>>> = projects;
        for (at, mut permissions) in found {
            permissions.extend(places.get(&at).into_iter().flat_map(|by_scheme| by_scheme.iter()));
            places.insert(at, Arc::new(settle(permissions)));
        }
        let places = places.into_iter().filter(|(_, permissions)| !permissions.is_empty());
        reach.places =
            places.map(|(at, permissions)| Place { container: self.inventory.resource(at), permissions }).collect();
        reach.doubts = doubts.words(*self, account);
        reach
    }
}

impl<'a> Gathering<'_, '_, 'a> {
    fn gather(&mut self) {
        let access = self.ways.access;
        let inventory = access.inventory;
        let mut by_scheme: HashMap<&'a ResourceId, Vec<&'a Resource>> = HashMap::new();
        let mut roles: HashMap<u32, Roles<'a>> = HashMap::new();
        let candidates: Vec<&'a Resource> = if self.ways.may_be_in_more() {
            inventory.of_kind(crate::model::Kind::Grant).collect()
        } else {
            let of_groups = self.ways.groups().flat_map(|group| inventory.grants_of(group));
            inventory.grants_of(&self.ways.account.id).chain(of_groups).collect()
        };
        for resource in candidates {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.principal.known().is_none() && grant.group.known().is_none() {
                continue;
            }
            self.sort_in(resource, grant, &mut by_scheme, &mut roles);
        }
        for at in access.index.containers() {
            let container = &inventory.resource(*at).id;
            for grant in access.index.open_on(container) {
                let resource = inventory.resource(*grant);
                if let Body::Grant(grant) = &resource.body {
                    self.sort_in(resource, grant, &mut by_scheme, &mut roles);
                }
            }
        }
        for scheme in access.index.schemes() {
            self.scheme(scheme, &by_scheme, &roles);
        }
        for at in access.index.without_scheme() {
            self.project_without_scheme(*at, roles.get(at));
        }
        for at in access.index.containers() {
            self.container(*at);
        }
        self.roles_of_the_account();
    }

    fn sort_in(
        &mut self,
        resource: &'a Resource,
        grant: &'a Grant,
        by_scheme: &mut HashMap<&'a ResourceId, Vec<&'a Resource>>,
        roles: &mut HashMap<u32, Roles<'a>>,
    ) {
        let Fact::Known(container) = &grant.container else { return };
        let inventory = self.ways.access.inventory;
        let Some(at) = inventory.place(container) else {
            // Places in roles and shares of what was not seen lead nowhere; what is given on a whole product does.
            let form = match grant.form {
                GrantForm::PlatformRole => ContainerForm::Product,
                GrantForm::GlobalPermission | GrantForm::ProductAccess => ContainerForm::Site,
                _ => return,
            };
            let Some(meant) = self.ways.meant(grant, circle_of(self.ways.access, resource), None) else { return };
            for key in given(grant) {
                let found = permission(form, key, &meant, &mut self.doubts);
                self.out_of_sight.push((container, found));
            }
            return;
        };
        let Body::Container(Container { form, .. }) = &inventory.resource(at).body else { return };
        match (grant.form, form) {
            (GrantForm::Permission, ContainerForm::PermissionScheme) => {
                by_scheme.entry(container).or_default().push(resource);
            }
            (GrantForm::ProjectRole, ContainerForm::Project) => {
                let Some(meant) = self.ways.placed(grant, self.ways.access.index.circle(at)) else { return };
                let roles = roles.entry(at).or_default();
                match role_id(resource) {
                    Some(role) => roles.add(role, &grant.role, meant),
                    None => roles.unnamed.push((meant, &grant.role)),
                }
            }
            // Places that every new project begins with give nothing where they are told.
            (GrantForm::ProjectRole, _) => {}
            _ => self.granted(at, *form, grant),
        }
    }

    /// A grant outside of permission schemes: here, and in what lies inside.
    fn granted(&mut self, at: u32, form: ContainerForm, grant: &'a Grant) {
        let access = self.ways.access;
        let here = access.inventory.resource(at);
        let project = project_of_share(access, grant).or((form == ContainerForm::Project).then_some(here));
        let Some(meant) = self.ways.meant(grant, access.index.circle(at), project) else { return };
        let keys = given(grant);
        if keys.is_empty() {
            self.add(at, form, ANY, &Meant::perhaps(Doubt::Role(&grant.role)));
        }
        for key in keys {
            self.add(at, form, key, &meant);
        }
        self.granted_inside(at, form, grant, &meant);
    }

    fn granted_inside(&mut self, at: u32, form: ContainerForm, grant: &'a Grant, meant: &Meant<'a>) {
        if !matches!(form, ContainerForm::Workspace | ContainerForm::Instance | ContainerForm::RepositoryProject) {
            return;
        }
        let access = self.ways.access;
        let mut round = vec![at];
        // Exports may write things into each other.
        for _ in 0..OUTWARD {
            let inside = |at: &u32| access.index.inside(&access.inventory.resource(*at).id);
            round = round.iter().flat_map(inside).copied().filter(|inner| *inner != at).collect();
            for inner in &round {
                let Body::Container(Container { form: inner_form, .. }) = &access.inventory.resource(*inner).body
                else {
                    continue;
                };
                for key in given_inside(grant, form, *inner_form) {
                    self.add(*inner, *inner_form, key, meant);
                }
            }
        }
    }

    fn add(&mut self, at: u32, form: ContainerForm, key: &'a str, meant: &Meant<'a>) {
        let permission = permission(form, key, meant, &mut self.doubts);
        self.found.entry(at).or_default().push(permission);
    }

    /// All projects of a scheme. Those in which the account has the same roles share one list.
    fn scheme(
        &mut self,
        scheme: &Scheme,
        by_scheme: &HashMap<&'a ResourceId, Vec<&'a Resource>>,
        roles: &HashMap<u32, Roles<'a>>,
    ) {
        let access = self.ways.access;
        let id = &access.inventory.resource(scheme.at).id;
        let named = by_scheme.get(id).into_iter().flatten().copied();
        let open = access.index.open_on(id).iter().map(|at| access.inventory.resource(*at));
        let grants: Vec<&'a Resource> = named.chain(open).collect();
        let mut views: HashMap<Circle, SchemeView<'a>> = HashMap::new();
        let mut same: HashMap<Signature<'a>, Arc<Vec<Permission<'a>>>> = HashMap::new();
        for at in &scheme.projects {
            let project = access.inventory.resource(*at);
            let Body::Container(body) = &project.body else { continue };
            let circle = access.index.circle(*at);
            let lead = self.ways.leads(body, circle);
            let own = roles.get(at);
            let named = own.map(|roles| roles.named.iter().map(|(role, (meant, _))| (*role, meant.clone())).collect());
            let unnamed = own.is_some_and(|roles| !roles.unnamed.is_empty());
            let key = Signature { circle, roles: named.unwrap_or_default(), unnamed, lead: lead.clone() };
            let list = match same.get(&key) {
                Some(list) => Arc::clone(list),
                None => {
                    let view = views
                        .entry(circle)
                        .or_insert_with(|| SchemeView::of(self.ways, grants.iter().copied(), circle, &mut self.doubts));
                    let roles = own.cloned().unwrap_or_default().with_others(self.ways.hidden_role(project));
                    let mut all = view.in_project(&roles, lead.as_ref(), &mut self.doubts);
                    all.extend(anything(self.ways, *at, body, &mut self.doubts));
                    let list = Arc::new(settle(all));
                    same.insert(key, Arc::clone(&list));
                    list
                }
            };
            self.projects.insert(*at, list);
        }
    }

    /// Places in roles are told of a team-managed project, but not what a role permits there: there the roles themselves are
    /// what one has. In a project of which merely nobody told the scheme a role may permit nothing.
    fn project_without_scheme(&mut self, at: u32, roles: Option<&Roles<'a>>) {
        let access = self.ways.access;
        let Body::Container(body) = &access.inventory.resource(at).body else { return };
        let mut all = Vec::new();
        all.extend(anything(self.ways, at, body, &mut self.doubts));
        let roles = roles.filter(|_| body.team_managed == Fact::Known(true));
        for (meant, name) in roles.into_iter().flat_map(|roles| roles.named.values().chain(&roles.unnamed)) {
            all.push(permission(ContainerForm::Project, name, meant, &mut self.doubts));
        }
        self.projects.insert(at, Arc::new(settle(all)));
    }

    /// What holds without a grant, and what may be hidden.
    fn container(&mut self, at: u32) {
        let access = self.ways.access;
        let resource = access.inventory.resource(at);
        let Body::Container(body) = &resource.body else { return };
        let circle = access.index.circle(at);
        if body.form == ContainerForm::Project {
            return;
        }
        if let Some(anything) = anything(self.ways, at, body, &mut self.doubts) {
            self.found.entry(at).or_default().push(anything);
        }
        self.public(at, resource, body);
        if let Some(owner) = self.ways.owns(body, circle) {
            for key in OF_OWNERS {
                self.add(at, body.form, key, &owner);
            }
        }
        if body.form == ContainerForm::Site {
            self.global_permissions(at, resource);
        }
    }

    fn public(&mut self, at: u32, resource: &'a Resource, body: &'a Container) {
        for key in given_by_being_public(body.form, self.ways.access.index.is_on_server(resource.id.tenant())) {
            if let Some(meant) = public(self.ways, at, body) {
                self.add(at, body.form, key, &meant);
            }
        }
    }

    /// Jira tells of accounts one by one, and is asked of machines and of members of groups that administer.
    fn global_permissions(&mut self, at: u32, site: &'a Resource) {
        for key in ASKED_SINGLY {
            if not_asked(self.ways, at, site, key) {
                self.add(at, ContainerForm::Site, key, &Meant::perhaps(Doubt::NotAsked));
            }
        }
    }

    /// Roles that come with the account itself: on the organisation that lists it, or on a product that is not Atlassian's
    /// cloud. Those of Confluence and Bitbucket servers are told as grants as well.
    fn roles_of_the_account(&mut self) {
        let access = self.ways.access;
        let Fact::Known(roles) = &self.ways.principal.platform_roles else { return };
        for at in access.index.containers() {
            let Body::Container(body) = &access.inventory.resource(*at).body else { continue };
            if !matches!(body.form, ContainerForm::Organisation | ContainerForm::Instance) {
                continue;
            }
            for role in roles {
                if let Some(meant) = own_role(self.ways, *at, body, role) {
                    self.add(*at, body.form, role, &meant);
                }
            }
        }
    }
}

/// What the owner of a filter or dashboard may do with it.
pub(super) const OF_OWNERS: [&str; 2] = ["edit", "view"];

/// Whether an account sees something because everybody does.
pub(super) fn public<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container) -> Option<Meant<'a>> {
    let access = ways.access;
    let circle = access.index.circle(at);
    let on_server = access.index.is_on_server(access.inventory.resource(at).id.tenant());
    let parent = body.parent.known().and_then(|parent| access.inventory.get(parent));
    let of_parent = match parent.map(|parent| &parent.body) {
        Some(Body::Container(Container { form: ContainerForm::RepositoryProject, public, .. }))
            if on_server != Some(false) =>
        {
            *public
        }
        _ => Fact::Absent,
    };
    let is_public = match (body.public, of_parent) {
        (Fact::Known(true), _) | (_, Fact::Known(true)) => Fact::Known(true),
        (Fact::Unknown, _) | (_, Fact::Unknown) => Fact::Unknown,
        _ => return None,
    };
    match (ways.realm(circle), is_public, on_server) {
        (Fact::Known(false) | Fact::Absent, ..) => None,
        (Fact::Known(true), Fact::Known(true), Some(_)) => Some(Meant::with_everybody()),
        (Fact::Unknown, Fact::Known(true), _) => Some(Meant::perhaps(Doubt::Accounts(circle))),
        _ => Some(Meant::perhaps(Doubt::Public)),
    }
}

/// True if a global permission of Jira is told of single accounts only, and nobody asked for this one. Machines and
/// members of groups that administer are asked for. Whom Jira itself does not show has none: that the organisation shows
/// the site as well says nothing.
fn not_asked(ways: &Ways<'_, '_>, at: u32, site: &Resource, key: &str) -> bool {
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
    anything_on(ways, at, body).or_else(|| not_asked().then_some(Doubt::NotAsked))
}

/// The circle of a resource that has no place among the named ones.
fn circle_of(access: Access<'_, '_>, resource: &Resource) -> Circle {
    let resources = &access.inventory.snapshot().resources;
    let at = resources.binary_search_by(|one| one.id.cmp(&resource.id)).unwrap_or_default();
    u32::try_from(at).map_or(0, |at| access.index.circle(at))
}
