//! The chains by which an account has a permission: from the account to the place, step by step.

use super::open::{OF_OWNERS, OUTWARD, own_role, public};
use super::powers::{given, given_by_being_public, given_inside};
use super::ways::{Doubt, Meant, Ways, project_of_share, role_id};
use super::{Access, Bound};
use crate::model::{
    Body, Container, ContainerForm, Credential, Fact, Grant, GrantForm, Holder, Principal, Resource, ResourceId,
};

/// One thing that could be taken away to break a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link<'a> {
    /// A member of a group: an account, or a group inside of it.
    Membership {
        /// Who is in the group.
        member: &'a ResourceId,
        /// The group.
        group: &'a ResourceId,
    },
    /// A grant, by its id: a place in a role, an entry of a permission scheme, a permission that was given.
    Grant(&'a ResourceId),
    /// What comes with the container itself: that it is public, who leads it, or whose it is.
    Container(&'a ResourceId),
    /// A role that comes with the account.
    Role {
        /// The account.
        account: &'a ResourceId,
        /// The role.
        role: &'a str,
    },
}

/// One way from an account to a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    /// How certain it is.
    pub bound: Bound,
    /// True if everybody with an account comes the same way.
    pub of_everybody: bool,
    /// The groups from the one that the account is in to the one that is named, or that takes a seat; none where the account
    /// is.
    pub groups: Vec<&'a ResourceId>,
    /// The place in a project's role, where something is given to a role.
    pub role: Option<&'a Resource>,
    /// Where something is given to everybody who may see a project: the project, and the chain by which the account may.
    pub sees: Option<Box<(&'a Resource, Self)>>,
    /// The grant that gives the permission; none where it comes without one.
    pub grant: Option<&'a Resource>,
    /// What the grant is on, where that is not the container itself: a scheme, a project of repositories, a workspace.
    pub from: Option<&'a Resource>,
    /// Why it is there without a grant: `lead`, `owner`, `public`, or a role that comes with the account.
    pub without_grant: Option<&'a str>,
    /// Why it is not certain.
    pub(super) doubt: Option<Doubt<'a>>,
}

/// All chains to one permission, the shortest first: one for each grant that gives it, and for each place in a role where
/// it is given to a role. An account that is in a group in several ways comes the shortest one.
#[derive(Debug, Clone, Default)]
pub struct Chains<'a> {
    /// Whose they are.
    pub account: Option<&'a Resource>,
    /// The credential that acts for the account, if that was asked for.
    pub credential: Option<&'a Resource>,
    /// Where they lead to.
    pub container: Option<&'a Resource>,
    /// The chains.
    pub chains: Vec<Chain<'a>>,
}

impl<'a> Chains<'a> {
    /// The shortest of the most certain chains that are not everybody's; the shortest of all if it has none of its own.
    #[must_use]
    pub fn own(&self) -> Option<&Chain<'a>> {
        let first = self.chains.first()?;
        let own = self.chains.iter().find(|chain| chain.bound == first.bound && !chain.of_everybody);
        Some(own.unwrap_or(first))
    }
}

impl<'a> Chain<'a> {
    /// How many steps it takes from the account.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.groups.len()
            + usize::from(self.role.is_some())
            + usize::from(self.grant.is_some())
            + usize::from(self.from.is_some())
            + self.sees.as_ref().map_or(0, |sees| sees.1.steps())
    }

    /// Everything of which the loss breaks it.
    #[must_use]
    pub fn links(&self, account: &'a ResourceId, container: &'a ResourceId) -> Vec<Link<'a>> {
        let mut links = match &self.sees {
            Some(sees) => sees.1.links(account, &sees.0.id),
            None => Vec::new(),
        };
        let mut member = account;
        for group in &self.groups {
            links.push(Link::Membership { member, group });
            member = group;
        }
        links.extend([self.role, self.grant].into_iter().flatten().map(|grant| Link::Grant(&grant.id)));
        match self.without_grant {
            Some("lead" | "owner" | "public") => links.push(Link::Container(container)),
            Some(role) => links.push(Link::Role { account, role }),
            None => {}
        }
        links
    }
}

impl<'a> Access<'_, 'a> {
    /// The chains by which an account, or the owner of a credential, has a permission in a place, or may have it.
    #[must_use]
    pub fn chains(&self, subject: &'a Resource, key: &str, container: &'a Resource) -> Chains<'a> {
        let (account, credential) = match &subject.body {
            Body::Credential(Credential { owner, .. }) => {
                (owner.known().and_then(|owner| self.inventory.get(owner)), Some(subject))
            }
            _ => (Some(subject), None),
        };
        let mut chains = Chains { account, credential, container: Some(container), chains: Vec::new() };
        if let Some(ways) = account.and_then(|account| Ways::of(*self, account)) {
            chains.chains = self.chains_of(&ways, key, container);
        }
        chains
    }

    /// What [`Access::chains`] gives for one account of which the ways are known.
    pub(super) fn chains_of(&self, ways: &Ways<'_, 'a>, key: &str, container: &'a Resource) -> Vec<Chain<'a>> {
        let mut chains = Vec::new();
        let Body::Container(body) = &container.body else { return chains };
        let Some(at) = self.inventory.place(&container.id) else { return chains };
        let circle = self.index.circle(at);
        let scheme = body.permission_scheme.known().and_then(|scheme| self.inventory.get(scheme));
        if let (ContainerForm::Project, Some(scheme)) = (body.form, scheme) {
            self.by_scheme(ways, key, container, scheme, &mut chains);
        }
        let roles_stand_alone = scheme.is_none() && body.team_managed == Fact::Known(true);
        let mut effective = Vec::new();
        for resource in self.inventory.grants_on(&container.id) {
            let Body::Grant(grant) = &resource.body else { continue };
            let project =
                project_of_share(*self, grant).or_else(|| (body.form == ContainerForm::Project).then_some(container));
            let keys = given(grant);
            let meant = match (grant.form, body.form) {
                (GrantForm::ProjectRole, ContainerForm::Project) if roles_stand_alone && grant.role == key => {
                    ways.placed(grant, circle)
                }
                (GrantForm::ProjectRole, _) | (GrantForm::Permission, ContainerForm::PermissionScheme) => None,
                _ if keys.contains(&key) => ways.meant(grant, circle, project),
                // Nobody told what it permits: it may be this.
                _ if keys.is_empty() => {
                    ways.meant(grant, circle, project).map(|_| Meant::perhaps(Doubt::Role(&grant.role)))
                }
                _ => None,
            };
            let Some(meant) = meant else { continue };
            let into = if is_sum(grant) { &mut effective } else { &mut chains };
            let here = |chain| Chain { grant: Some(resource), ..chain };
            match (grant.holder, &grant.holder_detail, project) {
                (Holder::ProjectRole, Fact::Known(role), Some(project)) => {
                    let role = role.rsplit('/').next().unwrap_or(role);
                    self.in_role(ways, role, project, &here, into);
                }
                (Holder::Project, _, Some(project)) => {
                    let sees = self.chains_of(ways, "BROWSE_PROJECTS", project).into_iter().next();
                    into.push(Chain { sees: sees.map(|chain| Box::new((project, chain))), ..here(bare(&meant)) });
                }
                _ => into.push(through(ways, grant, &meant, here)),
            }
        }
        self.given_outside(ways, key, body, &mut chains);
        self.without_grant(ways, key, container, body, &mut chains);
        // What the product sums up itself proves a permission; how it came about, the grants tell where they were read.
        if chains.iter().all(|chain| chain.bound != Bound::Held || chain.of_everybody) {
            chains.extend(effective);
        }
        chains.sort_by(|left, right| order(left).cmp(&order(right)));
        chains.dedup();
        chains
    }

    fn by_scheme(
        &self,
        ways: &Ways<'_, 'a>,
        key: &str,
        project: &'a Resource,
        scheme: &'a Resource,
        chains: &mut Vec<Chain<'a>>,
    ) {
        let Some(at) = self.inventory.place(&project.id) else { return };
        let circle = self.index.circle(at);
        for resource in self.inventory.grants_on(&scheme.id) {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.form != GrantForm::Permission || grant.role != key {
                continue;
            }
            let from_scheme = |chain| Chain { grant: Some(resource), from: Some(scheme), ..chain };
            match (&grant.holder, &grant.holder_detail) {
                (Holder::ProjectRole, Fact::Known(role)) => self.in_role(ways, role, project, &from_scheme, chains),
                (Holder::Conditional, Fact::Known(detail)) if detail == "projectLead" => {
                    if let Some(meant) = ways.meant(grant, circle, Some(project)) {
                        chains.push(Chain { without_grant: Some("lead"), ..from_scheme(bare(&meant)) });
                    }
                }
                _ => {
                    if let Some(meant) = ways.meant(grant, circle, None) {
                        chains.push(through(ways, grant, &meant, from_scheme));
                    }
                }
            }
        }
    }

    /// What is given to a role of a project: one chain for each place in it that is the account's.
    fn in_role(
        &self,
        ways: &Ways<'_, 'a>,
        role: &str,
        project: &'a Resource,
        complete: &impl Fn(Chain<'a>) -> Chain<'a>,
        chains: &mut Vec<Chain<'a>>,
    ) {
        let Some(at) = self.inventory.place(&project.id) else { return };
        let circle = self.index.circle(at);
        let mut places = 0;
        for place in self.inventory.grants_on(&project.id) {
            let Body::Grant(body) = &place.body else { continue };
            let told = role_id(place);
            if body.form != GrantForm::ProjectRole || told.is_some_and(|told| told != role) {
                continue;
            }
            let Some(mut meant) = ways.placed(body, circle) else { continue };
            if told.is_none() {
                meant = Meant::perhaps(Doubt::WhichRole);
            }
            places += 1;
            chains.push(through(ways, body, &meant, |chain| complete(Chain { role: Some(place), ..chain })));
        }
        if let (0, Some(meant)) = (places, ways.hidden_role(circle)) {
            chains.push(complete(bare(&meant)));
        }
    }

    /// Grants on what the container lies in, which hold inside as well.
    fn given_outside(&self, ways: &Ways<'_, 'a>, key: &str, body: &'a Container, chains: &mut Vec<Chain<'a>>) {
        let mut outer = body.parent.known().and_then(|parent| self.inventory.get(parent));
        for _ in 0..OUTWARD {
            let Some(resource) = outer else { return };
            let Body::Container(around) = &resource.body else { return };
            let Some(at) = self.inventory.place(&resource.id) else { return };
            for grant_resource in self.inventory.grants_on(&resource.id) {
                let Body::Grant(grant) = &grant_resource.body else { continue };
                if !given_inside(grant, around.form, body.form).contains(&key) {
                    continue;
                }
                if let Some(meant) = ways.meant(grant, self.index.circle(at), None) {
                    let inside = |chain| Chain { grant: Some(grant_resource), from: Some(resource), ..chain };
                    chains.push(through(ways, grant, &meant, inside));
                }
            }
            outer = around.parent.known().and_then(|parent| self.inventory.get(parent));
        }
    }

    /// That everybody sees what is public, and roles that come with an account.
    fn without_grant(
        &self,
        ways: &Ways<'_, 'a>,
        key: &str,
        container: &'a Resource,
        body: &'a Container,
        chains: &mut Vec<Chain<'a>>,
    ) {
        let Some(at) = self.inventory.place(&container.id) else { return };
        let on_server = self.index.is_on_server(container.id.tenant());
        if given_by_being_public(body.form, on_server).contains(&key)
            && let Some(meant) = public(ways, at, body)
        {
            chains.push(Chain { without_grant: Some("public"), ..bare(&meant) });
        }
        if OF_OWNERS.contains(&key)
            && let Some(meant) = ways.owns(body, self.index.circle(at))
        {
            chains.push(Chain { without_grant: Some("owner"), ..bare(&meant) });
        }
        let Principal { platform_roles: Fact::Known(roles), .. } = ways.principal else { return };
        if let Some(role) = roles.iter().find(|role| *role == key)
            && let Some(meant) = own_role(ways, at, body, role)
        {
            chains.push(Chain { without_grant: Some(role), ..bare(&meant) });
        }
    }
}

/// A grant that sums up what others give: nothing that is only through groups, or inferred, was given by itself.
pub(super) fn is_sum(grant: &Grant) -> bool {
    grant.form == GrantForm::EffectiveRepositoryPermission
        || grant.via.known().is_some_and(|via| !via.is_empty() && via.iter().all(|word| word != "direct"))
}

/// The shortest chain first; among equals one that is the account's own, then by the ids on the way.
fn order<'c>(chain: &'c Chain<'_>) -> impl Ord + use<'c> {
    let id = |resource: Option<&'c Resource>| resource.map(|resource| resource.id.as_str());
    let groups: Vec<&str> = chain.groups.iter().map(|group| group.as_str()).collect();
    (chain.bound, chain.steps(), chain.of_everybody, groups, id(chain.role), id(chain.grant))
}

fn bare<'a>(meant: &Meant<'a>) -> Chain<'a> {
    Chain {
        bound: meant.bound,
        of_everybody: meant.with_everybody,
        groups: Vec::new(),
        role: None,
        sees: None,
        grant: None,
        from: None,
        without_grant: None,
        doubt: meant.doubt.clone(),
    }
}

/// The chain that one grant makes.
fn through<'a>(
    ways: &Ways<'_, 'a>,
    grant: &'a Grant,
    meant: &Meant<'a>,
    complete: impl Fn(Chain<'a>) -> Chain<'a>,
) -> Chain<'a> {
    let group = match (&grant.holder, &grant.group) {
        (Holder::Group, Fact::Known(group)) => Some(group),
        (Holder::ApplicationRole, _) => ways.takes_seat_by(grant),
        _ => None,
    };
    let groups = group.map(|group| ways.path_to(group)).unwrap_or_default();
    complete(Chain { groups, ..bare(meant) })
}
