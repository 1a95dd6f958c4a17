//! All that an account may do: the grants that mean it, with what each gives where.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::index::{Alike, Circle, Common, Scheme, is_named};
use super::open::{
    ASKED_SINGLY, OF_OWNERS, OUTWARD, anything_anywhere, anything_in_projects, anything_on, not_asked, own_role, public,
};
use super::outline::{Lists, Outline, in_common};
use super::powers::{given, given_by_being_public, given_inside};
use super::ways::{Doubt, Meant, Ways, project_of_share, role_id};
use super::{ANY, Access, Bound, List, Permission, Power, Reach, power_of};
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Kind, Resource, ResourceId};

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

/// What a permission scheme gives to an account in every project that a circle of sources shows.
fn base<'a>(
    ways: &Ways<'_, 'a>,
    scheme: &Scheme,
    named: &[&'a Grant],
    circle: Circle,
    doubts: &mut Doubts<'a>,
) -> Vec<Permission<'a>> {
    let open = grants_at(ways.access, &scheme.open);
    let mut base = Vec::new();
    for grant in named.iter().copied().chain(open) {
        if let Some(meant) = ways.meant(grant, circle, None) {
            base.push(permission(ContainerForm::Project, &grant.role, &meant, doubts));
        }
    }
    settle(base)
}

/// That, with the roles that an account has in a project, and as its lead or not.
fn in_project_of<'a>(
    access: Access<'_, 'a>,
    scheme: &Scheme,
    base: &[Permission<'a>],
    roles: &Roles<'a>,
    lead: Option<&Meant<'a>>,
    doubts: &mut Doubts<'a>,
) -> Vec<Permission<'a>> {
    let mut all = base.to_vec();
    let mut add = |grants: &[(u32, Power)], meant: &Meant<'a>| {
        let doubt = meant.doubt.clone().map(|doubt| doubts.number(doubt));
        let Meant { bound, with_everybody: of_everybody, .. } = *meant;
        all.extend(grants.iter().filter_map(|(at, power)| match &access.inventory.resource(*at).body {
            Body::Grant(grant) => Some(Permission { key: &grant.role, bound, of_everybody, power: *power, doubt }),
            _ => None,
        }));
    };
    for (role, (meant, _)) in &roles.named {
        scheme.to_roles.get(*role).into_iter().for_each(|grants| add(grants, meant));
    }
    if let Some(meant) = &roles.others {
        let others = scheme.to_roles.iter().filter(|(role, _)| !roles.named.contains_key(role.as_str()));
        others.for_each(|(_, grants)| add(grants, meant));
    }
    if let Some(meant) = lead {
        let to_lead = grants_at(access, &scheme.to_lead);
        all.extend(to_lead.map(|grant| permission(ContainerForm::Project, &grant.role, meant, doubts)));
    }
    all
}

fn grants_at<'g, 'a>(access: Access<'g, 'a>, places: &'g [u32]) -> impl Iterator<Item = &'a Grant> + 'g {
    places.iter().filter_map(move |at| match &access.inventory.resource(*at).body {
        Body::Grant(grant) => Some(grant),
        _ => None,
    })
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

/// What makes two projects the same to an account, beside what they have in common for everybody.
#[derive(PartialEq, Eq, Hash)]
struct Signature<'a> {
    alike: u32,
    roles: Vec<(&'a str, Meant<'a>)>,
    unnamed: bool,
    leads: bool,
}

impl<'a> Roles<'a> {
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
    let mut all = Vec::new();
    if let Some(scheme) = access.index.scheme_of(at) {
        let scheme_id = &access.inventory.resource(scheme.at).id;
        let on_scheme = access.inventory.grants_on(scheme_id).filter_map(|grant| match &grant.body {
            Body::Grant(grant) if is_named(grant) && grant.form == GrantForm::Permission => Some(grant),
            _ => None,
        });
        let base = base(ways, scheme, &on_scheme.collect::<Vec<_>>(), circle, &mut doubts);
        let (named, unnamed) = ways.roles_in(project);
        let mut roles = Roles { others: unnamed.or_else(|| ways.hidden_role(circle)), ..Roles::default() };
        for (role, meant) in named {
            roles.add(role, "", meant);
        }
        all = in_project_of(access, scheme, &base, &roles, ways.leads(body, circle).as_ref(), &mut doubts);
    }
    all.extend(anything(ways, at, body, &mut doubts));
    settle(all)
}

fn anything<'a>(ways: &Ways<'_, 'a>, at: u32, body: &Container, doubts: &mut Doubts<'a>) -> Option<Permission<'a>> {
    let doubt = anything_on(ways, at, body)?;
    Some(permission(body.form, ANY, &Meant::perhaps(doubt), doubts))
}

/// An account's reach while it is put together.
struct Gathering<'w, 'i, 'a> {
    ways: &'w Ways<'i, 'a>,
    doubts: Doubts<'a>,
    /// By the place of the container.
    found: BTreeMap<u32, Vec<Permission<'a>>>,
    /// Grants of permission schemes that name it or its groups, by the place of the scheme.
    by_scheme: HashMap<u32, Vec<&'a Grant>>,
    /// By the place of the project.
    roles: BTreeMap<u32, Roles<'a>>,
    out_of_sight: Vec<(&'a ResourceId, Permission<'a>)>,
}

impl<'a> Access<'_, 'a> {
    /// All that an account may do, whether it is let in at present or not. Of another resource nothing.
    #[must_use]
    pub fn of_account(&self, account: &'a Resource) -> Reach<'a> {
        self.spread(self.outline_of_account(account))
    }

    /// The same in short.
    pub(super) fn outline_of_account(&self, account: &'a Resource) -> Outline<'a> {
        let mut outline = Outline::nothing(account);
        let Some(ways) = Ways::of(*self, account) else { return outline };
        let mut gathering = Gathering {
            ways: &ways,
            doubts: Doubts::default(),
            found: BTreeMap::new(),
            by_scheme: HashMap::new(),
            roles: BTreeMap::new(),
            out_of_sight: Vec::new(),
        };
        gathering.gather();
        let (common, own) = gathering.in_projects();
        if let Some(doubt) = anything_anywhere(&ways) {
            outline.boundless = true;
            gathering.doubts.number(doubt);
        }
        let Gathering { doubts, found, mut out_of_sight, .. } = gathering;
        out_of_sight.sort_by_key(|(id, one)| (*id, one.key, one.bound));
        out_of_sight.dedup_by_key(|(id, one)| (*id, one.key));
        outline.out_of_sight = out_of_sight;
        outline.single = self.merged(&common, own, found);
        outline.common = common;
        outline.doubts = doubts.words(*self, account);
        outline
    }

    /// What is given by permission schemes in single projects with what is given otherwise.
    fn merged(
        &self,
        common: &[(u32, List<'a>)],
        own: Lists<'a>,
        found: BTreeMap<u32, Vec<Permission<'a>>>,
    ) -> Lists<'a> {
        let mut merged: BTreeMap<u32, List<'a>> = own.into_iter().collect();
        for (at, mut permissions) in found {
            let by_scheme = merged.get(&at).or_else(|| in_common(common, self.index.alike_of(at)?));
            permissions.extend(by_scheme.into_iter().flat_map(|list| list.iter()));
            merged.insert(at, Arc::new(settle(permissions)));
        }
        merged.into_iter().collect()
    }
}

impl<'a> Gathering<'_, '_, 'a> {
    fn gather(&mut self) {
        let Access { inventory, index } = self.ways.access;
        let account = &self.ways.account.id;
        if self.ways.may_be_in_more() {
            inventory.places(Kind::Grant).for_each(|at| self.sort_in_named(at));
        } else {
            inventory.grant_places_of(account).for_each(|at| self.sort_in_named(at));
            for group in self.ways.groups() {
                inventory.grant_places_of(group).for_each(|at| self.sort_in_named(at));
            }
        }
        for at in index.open() {
            if let Body::Grant(grant) = &inventory.resource(*at).body {
                self.sort_in(*at, grant);
            }
        }
        for at in index.special() {
            self.container(*at);
        }
        for at in inventory.place(account).map_or(&[][..], |account| index.owned_by(account)) {
            self.owner(*at, &Meant::held());
        }
    }

    fn sort_in_named(&mut self, at: u32) {
        if let Body::Grant(grant) = &self.ways.access.inventory.resource(at).body
            && is_named(grant)
        {
            self.sort_in(at, grant);
        }
    }

    /// A grant by its place.
    fn sort_in(&mut self, grant_at: u32, grant: &'a Grant) {
        let Fact::Known(container) = &grant.container else { return };
        let Access { inventory, index } = self.ways.access;
        let Some(at) = index.on(grant_at) else {
            // Places in roles and shares of what was not seen lead nowhere; what is given on a whole product does.
            let form = match grant.form {
                GrantForm::PlatformRole => ContainerForm::Product,
                GrantForm::GlobalPermission | GrantForm::ProductAccess => ContainerForm::Site,
                _ => return,
            };
            let Some(meant) = self.ways.meant(grant, index.circle(grant_at), None) else { return };
            for key in given(grant) {
                let found = permission(form, key, &meant, &mut self.doubts);
                self.out_of_sight.push((container, found));
            }
            return;
        };
        let Body::Container(Container { form, .. }) = &inventory.resource(at).body else { return };
        match (grant.form, form) {
            (GrantForm::Permission, ContainerForm::PermissionScheme) => {
                self.by_scheme.entry(at).or_default().push(grant);
            }
            (GrantForm::ProjectRole, ContainerForm::Project) => {
                let Some(meant) = self.ways.placed(grant, index.circle(at)) else { return };
                let roles = self.roles.entry(at).or_default();
                match role_id(inventory.resource(grant_at)) {
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

    /// What holds in the projects that are alike, and in those in which the account has a role or which it leads. Projects that
    /// are the same to it share one list.
    fn in_projects(&mut self) -> (Lists<'a>, Lists<'a>) {
        let Access { inventory, index } = self.ways.access;
        let (by_scheme, roles) = (std::mem::take(&mut self.by_scheme), std::mem::take(&mut self.roles));
        let nobody = Roles::default();
        let naming = by_scheme.keys().filter_map(|scheme| index.alike_by(*scheme)).flatten();
        let speaking: BTreeSet<u32> = naming.chain(index.outspoken()).copied().collect();
        let mut bases: HashMap<u32, Vec<Permission<'a>>> = HashMap::new();
        let mut lists = Vec::with_capacity(speaking.len());
        for alike in speaking {
            let Alike { common, .. } = &index.alike()[alike as usize];
            let scheme = common.scheme.map(|scheme| &index.schemes()[scheme as usize]);
            let base = scheme.map(|scheme| {
                let named = by_scheme.get(&scheme.at).map_or(&[][..], Vec::as_slice);
                base(self.ways, scheme, named, common.circle, &mut self.doubts)
            });
            let base = base.unwrap_or_default();
            lists.push((alike, Arc::new(self.in_alike(common, &base, &nobody, false))));
            bases.insert(alike, base);
        }
        let led = inventory.place(&self.ways.account.id).map_or(&[][..], |account| index.led_by(account));
        let apart: BTreeSet<u32> = roles.keys().chain(led).copied().collect();
        let mut same: HashMap<Signature<'a>, List<'a>> = HashMap::new();
        let mut own = Vec::with_capacity(apart.len());
        for at in apart {
            let Some(alike) = index.alike_of(at) else { continue };
            let (roles, leads) = (roles.get(&at).unwrap_or(&nobody), led.binary_search(&at).is_ok());
            let key = Signature {
                alike,
                roles: roles.named.iter().map(|(role, (meant, _))| (*role, meant.clone())).collect(),
                unnamed: !roles.unnamed.is_empty(),
                leads,
            };
            let common = &index.alike()[alike as usize].common;
            let base = bases.get(&alike).map_or(&[][..], Vec::as_slice);
            // Where there is no scheme, the names of the roles count as well.
            let known = same.get(&key).filter(|_| common.scheme.is_some()).map(Arc::clone);
            let list = known.unwrap_or_else(|| Arc::new(self.in_alike(common, base, roles, leads)));
            same.insert(key, Arc::clone(&list));
            own.push((at, list));
        }
        (lists, own)
    }

    /// One of the projects that are alike, with the roles of the account there. Places in roles are told of a team-managed
    /// project, but not what a role permits there: there the roles themselves are what one has. In a project of which merely
    /// nobody told the scheme a role may permit nothing.
    fn in_alike(
        &mut self,
        common: &Common,
        base: &[Permission<'a>],
        own: &Roles<'a>,
        leads: bool,
    ) -> Vec<Permission<'a>> {
        let Access { index, .. } = self.ways.access;
        let scheme = common.scheme.map(|scheme| &index.schemes()[scheme as usize]);
        let mut all = match scheme {
            Some(scheme) => {
                let roles = own.clone().with_others(self.ways.hidden_role(common.circle));
                let lead = match common.lead_is_told {
                    true => leads.then(Meant::held),
                    false => self.ways.perhaps_at(common.circle, Doubt::Lead),
                };
                in_project_of(self.ways.access, scheme, base, &roles, lead.as_ref(), &mut self.doubts)
            }
            None if common.team_managed == Fact::Known(true) => {
                let places = own.named.values().chain(&own.unnamed);
                let of_role = |(meant, name): &(Meant<'a>, &'a str)| {
                    permission(ContainerForm::Project, name, meant, &mut self.doubts)
                };
                places.map(of_role).collect()
            }
            None => Vec::new(),
        };
        if let Some(doubt) = anything_in_projects(self.ways, common.circle, scheme.is_some(), common.team_managed) {
            all.push(permission(ContainerForm::Project, ANY, &Meant::perhaps(doubt), &mut self.doubts));
        }
        settle(all)
    }

    /// What holds without a grant, and what may be hidden.
    fn container(&mut self, at: u32) {
        let access = self.ways.access;
        let resource = access.inventory.resource(at);
        let Body::Container(body) = &resource.body else { return };
        if let Some(anything) = anything(self.ways, at, body, &mut self.doubts) {
            self.found.entry(at).or_default().push(anything);
        }
        self.public(at, resource, body);
        if let Some(owner) = self.ways.owns(body, access.index.circle(at)) {
            self.owner(at, &owner);
        }
        if body.form == ContainerForm::Site {
            self.global_permissions(at, resource);
        }
        self.roles_of_the_account(at, body);
    }

    fn owner(&mut self, at: u32, meant: &Meant<'a>) {
        let Body::Container(Container { form, .. }) = &self.ways.access.inventory.resource(at).body else { return };
        for key in OF_OWNERS {
            self.add(at, *form, key, meant);
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
    fn roles_of_the_account(&mut self, at: u32, body: &'a Container) {
        if !matches!(body.form, ContainerForm::Organisation | ContainerForm::Instance) {
            return;
        }
        for role in self.ways.principal.platform_roles.known().into_iter().flatten() {
            if let Some(meant) = own_role(self.ways, at, body, role) {
                self.add(at, body.form, role, &meant);
            }
        }
    }
}
