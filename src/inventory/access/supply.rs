//! Where the rights of accounts come from, gathered from their grants: the chains that must break, and those by which needs
//! are met. From the accounts' side, since one grant of a scheme gives the same in thousands of projects.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::chain::{Link, is_sum};
use super::cut::{Excess, Kept};
use super::powers::{given, given_inside};
use super::ways::{Ways, role_id};
use super::{Access, Bound};
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, Principal, Resource, ResourceId,
};

/// The most ways into groups that are looked at for one account. More come about only by groups in groups in groups.
const MOST_PATHS: usize = 4_096;

/// Links of one chain by their numbers, the account's own first.
pub(super) type Links = Vec<u32>;

/// Chains of accounts, with what they are wanted for.
#[derive(Debug, Default)]
pub(super) struct Supply<'a> {
    /// The links by their numbers.
    pub(super) links: Vec<Link<'a>>,
    numbers: HashMap<Link<'a>, u32>,
    /// Chains to what is not needed: all must break.
    pub(super) chains: HashSet<Links>,
    /// For each need the chains that meet it. One without links is met by what everybody has.
    pub(super) needs: Vec<HashSet<Links>>,
    /// What is not needed and came about nobody told how.
    pub(super) unexplained: Vec<(&'a Resource, &'a str)>,
    /// True if there were too many ways to look at all.
    pub(super) is_cut_short: bool,
}

/// What is looked for, by where it is.
#[derive(Default)]
struct Sought<'a> {
    /// Permissions that are not needed, by container.
    excess: HashMap<&'a ResourceId, BTreeSet<&'a str>>,
    /// The same for all projects of a permission scheme together.
    by_scheme: HashMap<&'a ResourceId, BTreeSet<&'a str>>,
    /// Needs by container and permission.
    needs: HashMap<(&'a ResourceId, &'a str), Vec<usize>>,
    /// Needs by permission scheme and permission: in any of its projects.
    needs_by_scheme: HashMap<(&'a ResourceId, &'a str), Vec<usize>>,
    /// Containers with something to look for that hold in others, or in which others hold.
    projects: BTreeSet<&'a ResourceId>,
}

impl<'a> Supply<'a> {
    pub(super) fn gather(
        access: Access<'_, 'a>,
        accounts: &[&'a Resource],
        excess: &[Excess<'a>],
        needs: &[Kept<'a>],
    ) -> Self {
        let mut supply = Self { needs: vec![HashSet::new(); needs.len()], ..Self::default() };
        for account in accounts {
            let Some(ways) = Ways::of(access, account) else { continue };
            let sought = Sought::of(access, account, excess, needs);
            let mut gathering = Gathering {
                access,
                account: &account.id,
                principal: ways.principal,
                sought,
                sums: BTreeMap::new(),
                explained: HashSet::new(),
                supply: &mut supply,
            };
            gathering.gather(&ways);
            gathering.explain();
        }
        supply.with_everybody(access, needs);
        supply
    }

    /// Needs of which the account's own chains may all break are looked at once more: everybody may have the same.
    fn with_everybody(&mut self, access: Access<'_, 'a>, needs: &[Kept<'a>]) {
        let at_risk: HashSet<u32> = self.chains.iter().flatten().copied().collect();
        for (at, need) in needs.iter().enumerate() {
            if self.needs[at].iter().any(|chain| !chain.iter().any(|link| at_risk.contains(link))) {
                continue;
            }
            let Some(ways) = Ways::of(access, need.account) else { continue };
            let mut chains = std::mem::take(&mut self.needs[at]);
            for chain in access.chains_of(&ways, need.permission, need.container) {
                if !chain.of_everybody || chain.bound != Bound::Held {
                    continue;
                }
                match chain.grant {
                    Some(grant) if is_for_seats(grant) => chains.extend(self.seats(access, &ways, grant)),
                    _ => {
                        chains.insert(Links::new());
                    }
                }
            }
            // Nobody told how it is met, so nothing is known that would end it.
            if chains.is_empty() {
                chains.insert(Links::new());
            }
            self.needs[at] = chains;
        }
    }

    /// Who is taken out of the groups with an application's seats has no seat any more.
    fn seats(&mut self, access: Access<'_, 'a>, ways: &Ways<'_, 'a>, grant: &'a Resource) -> Vec<Links> {
        // Which groups these are, nobody told: then none is known to end it.
        let Some(groups) = ways.groups_with_seats(grant) else { return vec![Links::new()] };
        let (paths, _) = self.paths(access, &ways.account.id, ways.principal);
        groups.iter().filter_map(|group| paths.get(group)).flatten().cloned().collect()
    }

    fn number(&mut self, link: Link<'a>) -> u32 {
        let next = u32::try_from(self.links.len()).expect("internal: there are fewer than 4 billion links");
        *self.numbers.entry(link).or_insert_with_key(|link| {
            self.links.push(link.clone());
            next
        })
    }
}

fn is_for_seats(grant: &Resource) -> bool {
    matches!(&grant.body, Body::Grant(Grant { holder: Holder::ApplicationRole, .. }))
}

impl<'a> Sought<'a> {
    fn of(access: Access<'_, 'a>, account: &Resource, excess: &[Excess<'a>], needs: &[Kept<'a>]) -> Self {
        let mut sought = Self::default();
        let scheme_of = |resource: &'a Resource| match &resource.body {
            Body::Container(Container {
                form: ContainerForm::Project, permission_scheme: Fact::Known(scheme), ..
            }) => access.inventory.get(scheme).map(|_| scheme),
            _ => None,
        };
        let mut last: Option<(&'a ResourceId, *const Vec<&'a str>)> = None;
        for one in excess.iter().filter(|one| one.account.id == account.id) {
            sought.projects.insert(&one.container.id);
            sought.excess.entry(&one.container.id).or_default().extend(one.permissions.iter());
            let Some(scheme) = scheme_of(one.container) else { continue };
            let this = (scheme, std::sync::Arc::as_ptr(&one.permissions));
            // Projects of a scheme mostly share one list.
            if last != Some(this) {
                sought.by_scheme.entry(scheme).or_default().extend(one.permissions.iter());
                last = Some(this);
            }
        }
        for (at, need) in needs.iter().enumerate() {
            sought.projects.insert(&need.container.id);
            sought.needs.entry((&need.container.id, need.permission)).or_default().push(at);
            if let Some(scheme) = scheme_of(need.container) {
                sought.needs_by_scheme.entry((scheme, need.permission)).or_default().push(at);
            }
        }
        sought
    }
}

struct Gathering<'g, 'i, 'a> {
    access: Access<'i, 'a>,
    account: &'a ResourceId,
    principal: &'a Principal,
    sought: Sought<'a>,
    /// What a product sums up, with what it sums.
    sums: BTreeMap<(&'a ResourceId, &'a str), &'a Resource>,
    explained: HashSet<(&'a ResourceId, &'a str)>,
    supply: &'g mut Supply<'a>,
}

impl<'a> Gathering<'_, '_, 'a> {
    fn gather(&mut self, ways: &Ways<'_, 'a>) {
        let inventory = self.access.inventory;
        let (paths, is_cut_short) = self.supply.paths(self.access, self.account, self.principal);
        self.supply.is_cut_short |= is_cut_short;
        let account = self.account;
        let all: Vec<(Option<&'a ResourceId>, &'a Resource, &'a Grant)> = inventory
            .grants_of(account)
            .map(|grant| (None, grant))
            .chain(ways.groups().flat_map(|group| inventory.grants_of(group).map(move |grant| (Some(group), grant))))
            .filter_map(|(group, resource)| match &resource.body {
                Body::Grant(grant) if names(grant, account, group) => Some((group, resource, grant)),
                _ => None,
            })
            .collect();
        // What is summed up comes first, so that the rest can tell what it explains.
        for (_, _, grant) in all.iter().filter(|(_, _, grant)| is_sum(grant)) {
            if let Fact::Known(container) = &grant.container
                && let Some(resource) = inventory.get(container)
            {
                let keys = given(grant).into_iter().filter(|key| self.is_excess(container, key));
                let keys: Vec<&'a str> = keys.collect();
                self.sums.extend(keys.into_iter().map(|key| ((container, key), resource)));
            }
        }
        let direct = vec![Links::new()];
        for (group, resource, grant) in all.iter().filter(|(_, _, grant)| !is_sum(grant)) {
            let entries = match group {
                None => &direct,
                Some(group) => match paths.get(*group) {
                    Some(paths) => paths,
                    None => continue,
                },
            };
            self.grant(resource, grant, entries);
        }
        self.leads();
        self.roles();
    }

    fn is_excess(&self, container: &ResourceId, key: &str) -> bool {
        self.sought.excess.get(container).is_some_and(|keys| keys.contains(key))
    }

    /// One chain, for each way into the group, to a permission in a place.
    fn add(&mut self, entries: &[Links], more: &[u32], container: &'a ResourceId, key: &'a str) {
        let chains = || entries.iter().map(|entry| entry.iter().chain(more).copied().collect::<Links>());
        if self.is_excess(container, key) {
            self.supply.chains.extend(chains());
            if self.sums.contains_key(&(container, key)) {
                self.explained.insert((container, key));
            }
        }
        for need in self.sought.needs.get(&(container, key)).into_iter().flatten() {
            self.supply.needs[*need].extend(chains());
        }
    }

    fn grant(&mut self, resource: &'a Resource, grant: &'a Grant, entries: &[Links]) {
        let inventory = self.access.inventory;
        let Fact::Known(on) = &grant.container else { return };
        let form = match inventory.get(on).map(|container| &container.body) {
            Some(Body::Container(Container { form, .. })) => Some(*form),
            _ => None,
        };
        match (grant.form, form) {
            (GrantForm::Permission, _) => {
                let link = self.supply.number(Link::Grant(&resource.id));
                self.of_scheme(on, &grant.role, entries, link);
            }
            (GrantForm::ProjectRole, Some(ContainerForm::Project)) => self.place_in_role(on, resource, grant, entries),
            (_, Some(form)) => {
                let link = self.supply.number(Link::Grant(&resource.id));
                for key in given(grant) {
                    self.add(entries, &[link], on, key);
                }
                self.inside(on, form, grant, entries, link);
            }
            (_, None) => {}
        }
    }

    /// What a scheme gives holds in all its projects.
    fn of_scheme(&mut self, scheme: &'a ResourceId, key: &'a str, entries: &[Links], link: u32) {
        let chains = || entries.iter().map(|entry| entry.iter().copied().chain([link]).collect::<Links>());
        if self.sought.by_scheme.get(scheme).is_some_and(|keys| keys.contains(key)) {
            self.supply.chains.extend(chains());
        }
        for need in self.sought.needs_by_scheme.get(&(scheme, key)).into_iter().flatten() {
            self.supply.needs[*need].extend(chains());
        }
    }

    fn place_in_role(&mut self, project: &'a ResourceId, resource: &'a Resource, grant: &'a Grant, entries: &[Links]) {
        if !self.sought.projects.contains(project) {
            return;
        }
        let inventory = self.access.inventory;
        let place = self.supply.number(Link::Grant(&resource.id));
        let scheme = match inventory.get(project).map(|project| &project.body) {
            Some(Body::Container(Container { permission_scheme: Fact::Known(scheme), .. })) => inventory.get(scheme),
            _ => None,
        };
        let Some(scheme) = scheme else {
            self.add(entries, &[place], project, &grant.role);
            return;
        };
        let Some(role) = role_id(resource) else { return };
        for entry in inventory.grants_on(&scheme.id) {
            let Body::Grant(body) = &entry.body else { continue };
            let gives = body.form == GrantForm::Permission
                && body.holder == Holder::ProjectRole
                && body.holder_detail.known().is_some_and(|detail| detail == role);
            if gives {
                let entry = self.supply.number(Link::Grant(&entry.id));
                self.add(entries, &[place, entry], project, &body.role);
            }
        }
    }

    fn inside(&mut self, on: &'a ResourceId, form: ContainerForm, grant: &'a Grant, entries: &[Links], link: u32) {
        if !matches!(form, ContainerForm::Workspace | ContainerForm::Instance | ContainerForm::RepositoryProject) {
            return;
        }
        let inventory = self.access.inventory;
        for at in self.access.all_inside(on) {
            let resource = inventory.resource(at);
            let Body::Container(Container { form: inner, .. }) = &resource.body else { continue };
            for key in given_inside(grant, form, *inner) {
                self.add(entries, &[link], &resource.id, key);
            }
        }
    }

    /// What schemes give to leads, in the projects that the account leads.
    fn leads(&mut self) {
        let inventory = self.access.inventory;
        for project in self.sought.projects.clone() {
            let Some(Body::Container(body)) = inventory.get(project).map(|project| &project.body) else { continue };
            let (Fact::Known(lead), Fact::Known(scheme)) = (&body.lead, &body.permission_scheme) else { continue };
            if lead != self.account {
                continue;
            }
            for entry in inventory.grants_on(scheme) {
                let Body::Grant(grant) = &entry.body else { continue };
                let to_lead = grant.holder == Holder::Conditional
                    && grant.holder_detail.known().is_some_and(|detail| detail == "projectLead");
                if to_lead && grant.form == GrantForm::Permission {
                    let links = [Link::Container(project), Link::Grant(&entry.id)].map(|link| self.supply.number(link));
                    self.add(&[Links::new()], &links, project, &grant.role);
                }
            }
        }
    }

    /// Roles that come with the account.
    fn roles(&mut self) {
        let Fact::Known(roles) = &self.principal.platform_roles else { return };
        for container in self.sought.projects.clone() {
            for role in roles {
                let form = self.access.inventory.get(container).map(|container| &container.body);
                let comes = match form {
                    Some(Body::Container(Container { form: ContainerForm::Organisation, .. })) => {
                        role.starts_with("atlassian/")
                    }
                    Some(Body::Container(Container { form: ContainerForm::Instance, .. })) => {
                        role.starts_with("jira-align/")
                    }
                    _ => false,
                };
                if comes {
                    let link = self.supply.number(Link::Role { account: self.account, role });
                    self.add(&[Links::new()], &[link], container, role);
                }
            }
        }
    }

    /// What a product sums up, and no grant that was read explains.
    fn explain(self) {
        let unexplained = self.sums.iter().filter(|(key, _)| !self.explained.contains(*key));
        self.supply.unexplained.extend(unexplained.map(|((_, key), container)| (*container, *key)));
    }
}

/// True if a grant that an index gave for a holder is to that holder.
fn names(grant: &Grant, account: &ResourceId, group: Option<&ResourceId>) -> bool {
    match (grant.holder, group) {
        (Holder::Principal, None) => grant.principal.known() == Some(account),
        (Holder::Group, Some(group)) => grant.group.known() == Some(group),
        _ => false,
    }
}

impl<'a> Supply<'a> {
    /// All ways of an account into each of its groups, and whether there are more than were looked at.
    fn paths(
        &mut self,
        access: Access<'_, 'a>,
        account: &'a ResourceId,
        principal: &'a Principal,
    ) -> (HashMap<&'a ResourceId, Vec<Links>>, bool) {
        let lists = [
            &principal.groups,
            &principal.groups_at_least,
            &principal.workspace_groups,
            &principal.workspace_groups_at_least,
        ];
        let mut paths: HashMap<&'a ResourceId, Vec<Links>> = HashMap::new();
        let direct: BTreeSet<&'a ResourceId> = lists.into_iter().filter_map(Fact::known).flatten().collect();
        let first = direct
            .into_iter()
            .map(|group| (vec![group], vec![self.number(Link::Membership { member: account, group })]));
        let mut round: Vec<(Vec<&'a ResourceId>, Links)> = first.collect();
        let mut count = 0;
        while let Some((groups, path)) = round.pop() {
            let Some(group) = groups.last().copied() else { continue };
            count += 1;
            if count > MOST_PATHS {
                return (paths, true);
            }
            if let Some(Body::Group(Group { inside: Fact::Known(parents), .. })) =
                access.inventory.get(group).map(|group| &group.body)
            {
                // A circle of groups leads nowhere new.
                for parent in parents.iter().filter(|parent| !groups.contains(parent)) {
                    let link = self.number(Link::Membership { member: group, group: parent });
                    let through = groups.iter().copied().chain([parent]).collect();
                    round.push((through, path.iter().copied().chain([link]).collect()));
                }
            }
            paths.entry(group).or_default().push(path);
        }
        (paths, false)
    }
}
