//! Who else would lose something if links were taken away: accounts that then have a permission by no chain any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chain::{Chain, Link};
use super::powers::{given, given_inside};
use super::ways::{Ways, role_id};
use super::{ANY, Access, Bound};
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, Kind, Principal, Resource, ResourceId,
};

/// Of how many of those who lose something all is told that they lose.
const IN_FULL: usize = 3;

/// Who is in a group itself: accounts by their places, and groups.
#[derive(Debug, Default)]
pub struct Members {
    accounts: HashMap<ResourceId, Vec<u32>>,
    groups: HashMap<ResourceId, Vec<ResourceId>>,
}

/// What one account would lose.
#[derive(Debug, Clone)]
pub struct Loser<'a> {
    /// The account.
    pub account: &'a Resource,
    /// What it would lose, permission and place, as far as it was looked at.
    pub losses: Vec<(&'a str, &'a Resource)>,
    /// The links that are behind it, by their places among those taken away.
    pub links: BTreeSet<usize>,
}

/// Others who would lose something.
#[derive(Debug, Clone, Default)]
pub struct Losers<'a> {
    /// Those who would, in order of their ids.
    pub accounts: Vec<Loser<'a>>,
    /// True if not everybody was looked at: there may be more.
    pub may_be_more: bool,
}

impl Losers<'_> {
    /// True if nobody would.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && !self.may_be_more
    }

    /// For comparing: fewer are better, and what was looked at to the end is better than what was not.
    pub(super) fn weight(&self) -> (bool, usize) {
        (self.may_be_more, self.accounts.len())
    }
}

/// A permission in a place, in the order of the snapshot.
type What<'a> = (&'a ResourceId, &'a str);

/// Who would lose something, the accounts themselves apart. The chains of somebody to something are looked at `most` times.
pub(super) fn of<'a>(
    access: Access<'_, 'a>,
    links: &[Link<'a>],
    own: &BTreeSet<&ResourceId>,
    most: usize,
) -> Losers<'a> {
    let removed: BTreeSet<Link<'a>> = links.iter().cloned().collect();
    let mut looking = Looking { access, removed, looks: 0, most, losers: BTreeMap::new() };
    let mut may_be_more = false;
    for (at, link) in links.iter().enumerate() {
        let touched = looking.touched(link, own);
        may_be_more |= looking.ends_seats(link) || !looking.look(at, &touched);
    }
    let accounts = looking.losers.into_iter();
    let accounts = accounts.map(|(account, (links, losses))| {
        let losses = losses.into_iter().filter_map(|(place, key)| Some((key, access.inventory.get(place)?))).collect();
        Loser { account: access.inventory.resource(account), losses, links }
    });
    Losers { accounts: accounts.collect(), may_be_more }
}

struct Looking<'i, 'a> {
    access: Access<'i, 'a>,
    removed: BTreeSet<Link<'a>>,
    looks: usize,
    most: usize,
    losers: BTreeMap<u32, (BTreeSet<usize>, BTreeSet<What<'a>>)>,
}

/// Whom a link touches, and in what: in several parts where different people have different things by it.
type Touched<'a> = Vec<(BTreeSet<u32>, BTreeSet<What<'a>>)>;

impl<'a> Looking<'_, 'a> {
    fn touched(&self, link: &Link<'a>, own: &BTreeSet<&ResourceId>) -> Touched<'a> {
        let inventory = self.access.inventory;
        let mut touched = match link {
            Link::Membership { member, .. } if member.kind() == Kind::Principal => Vec::new(),
            Link::Membership { member, group } => {
                vec![(self.members(member), self.given_by_group(group))]
            }
            Link::Grant(grant) => inventory.snapshot().get(grant).map_or_else(Vec::new, |grant| self.through(grant)),
            // These are the account's own.
            Link::Container(_) | Link::Role { .. } => Vec::new(),
        };
        for (people, _) in &mut touched {
            people.retain(|at| !own.contains(&inventory.resource(*at).id));
        }
        touched.retain(|(people, what)| !people.is_empty() && !what.is_empty());
        touched
    }

    /// True if groups are taken out of a group that takes seats of an application: whoever has no other seat loses what
    /// everybody with one has, and that is not looked at.
    fn ends_seats(&self, link: &Link<'a>) -> bool {
        let Link::Membership { member, group } = link else { return false };
        let mut round = vec![*group];
        let mut seen = BTreeSet::new();
        while let Some(group) = round.pop().filter(|_| member.kind() == Kind::Group) {
            if self.access.inventory.takes_seats(group) {
                return true;
            }
            if let Some(Body::Group(Group { inside: Fact::Known(parents), .. })) =
                self.access.inventory.get(group).map(|group| &group.body)
            {
                round.extend(parents.iter().filter(|parent| seen.insert(*parent)));
            }
        }
        false
    }

    /// Looks at everybody that is touched. False if that was cut short.
    fn look(&mut self, link: usize, touched: &Touched<'a>) -> bool {
        for (people, what) in touched {
            for at in people {
                let account = self.access.inventory.resource(*at);
                let Some(ways) = Ways::of(self.access, account) else { continue };
                let in_full = self.losers.len() < IN_FULL || self.losers.contains_key(at);
                for (place, key) in what {
                    self.looks += 1;
                    if self.looks > self.most {
                        return false;
                    }
                    if self.loses(&ways, place, key) {
                        let (links, losses) = self.losers.entry(*at).or_default();
                        links.insert(link);
                        losses.insert((*place, *key));
                        if !in_full {
                            break;
                        }
                    }
                }
            }
        }
        true
    }

    /// True if an account has a permission, and by no chain that stays.
    fn loses(&self, ways: &Ways<'_, 'a>, place: &'a ResourceId, key: &str) -> bool {
        let Some(container) = self.access.inventory.get(place) else { return false };
        let chains = self.access.chains_of(ways, key, container);
        let mut held = chains.iter().filter(|chain| chain.bound == Bound::Held).peekable();
        held.peek().is_some() && held.all(|chain| !self.stays(ways, chain, container))
    }

    fn stays(&self, ways: &Ways<'_, 'a>, chain: &Chain<'a>, container: &'a Resource) -> bool {
        let links = chain.links(&ways.account.id, &container.id);
        if !links.iter().any(|link| self.removed.contains(link)) {
            return true;
        }
        if chain.grant.is_some_and(|grant| self.removed.contains(&Link::Grant(&grant.id))) {
            return false;
        }
        // Who may see the project in another way has the same share; and whoever has another seat the same permission.
        if let Some(sees) = &chain.sees {
            let others = self.access.chains_of(ways, "BROWSE_PROJECTS", sees.0);
            return others.iter().any(|other| other.bound == Bound::Held && self.stays(ways, other, sees.0));
        }
        if let Some(seats) = chain.grant.and_then(|grant| ways.groups_with_seats(grant)) {
            return seats.iter().any(|group| self.still_in(ways, group));
        }
        let others_gone = links
            .iter()
            .filter(|link| !matches!(link, Link::Membership { .. }))
            .any(|link| self.removed.contains(link));
        let Some(group) = chain.groups.last() else { return false };
        !others_gone && self.still_in(ways, group)
    }

    /// Whether an account is in a group by memberships that stay.
    fn still_in(&self, ways: &Ways<'_, 'a>, wanted: &ResourceId) -> bool {
        let Principal { groups, groups_at_least, workspace_groups, workspace_groups_at_least, .. } = ways.principal;
        let lists = [groups, groups_at_least, workspace_groups, workspace_groups_at_least];
        let member = &ways.account.id;
        let mut round: Vec<(&'a ResourceId, &'a ResourceId)> =
            lists.into_iter().filter_map(Fact::known).flatten().map(|group| (member, group)).collect();
        let mut seen = BTreeSet::new();
        while let Some((member, group)) = round.pop() {
            if self.removed.contains(&Link::Membership { member, group }) || !seen.insert(group) {
                continue;
            }
            if group == wanted {
                return true;
            }
            if let Some(Body::Group(Group { inside: Fact::Known(parents), .. })) =
                self.access.inventory.get(group).map(|group| &group.body)
            {
                round.extend(parents.iter().map(|parent| (group, parent)));
            }
        }
        false
    }

    fn members(&self, group: &ResourceId) -> BTreeSet<u32> {
        let members = self.access.members();
        let mut people = BTreeSet::new();
        let mut round = vec![group];
        let mut seen = BTreeSet::new();
        while let Some(group) = round.pop() {
            if !seen.insert(group) {
                continue;
            }
            people.extend(members.accounts.get(group).into_iter().flatten());
            round.extend(members.groups.get(group).into_iter().flatten());
        }
        people
    }

    fn holders(&self, grant: &Grant) -> BTreeSet<u32> {
        match (grant.holder, &grant.principal, &grant.group) {
            (Holder::Principal, Fact::Known(account), _) => self.access.inventory.place(account).into_iter().collect(),
            (Holder::Group, _, Fact::Known(group)) => self.members(group),
            _ => BTreeSet::new(),
        }
    }

    /// Whom one grant gives what.
    fn through(&self, resource: &'a Resource) -> Touched<'a> {
        let Body::Grant(grant) = &resource.body else { return Vec::new() };
        match (grant.form, grant.holder, &grant.container, &grant.holder_detail) {
            (GrantForm::Permission, Holder::ProjectRole, Fact::Known(scheme), Fact::Known(role)) => {
                let of_project = |project: &'a Resource| {
                    let places = self.access.inventory.grants_on(&project.id).filter_map(|place| match &place.body {
                        Body::Grant(body) if role_id(place) == Some(role) => Some(self.holders(body)),
                        _ => None,
                    });
                    (places.flatten().collect(), BTreeSet::from([(&project.id, grant.role.as_str())]))
                };
                self.projects_of(scheme).map(of_project).collect()
            }
            (GrantForm::Permission, Holder::Conditional, Fact::Known(scheme), _) => {
                let of_project = |project: &'a Resource| {
                    let Body::Container(Container { lead: Fact::Known(lead), .. }) = &project.body else { return None };
                    let lead = self.access.inventory.place(lead)?;
                    Some((BTreeSet::from([lead]), BTreeSet::from([(&project.id, grant.role.as_str())])))
                };
                self.projects_of(scheme).filter_map(of_project).collect()
            }
            _ => vec![(self.holders(grant), self.given_by(resource, grant))],
        }
    }

    fn projects_of(&self, scheme: &ResourceId) -> impl Iterator<Item = &'a Resource> {
        let at = self.access.inventory.place(scheme);
        let found = self.access.index.schemes().iter().find(|one| Some(one.at) == at);
        found.into_iter().flat_map(|scheme| &scheme.projects).map(|at| self.access.inventory.resource(*at))
    }

    /// Everything that membership of a group gives, by itself and by the groups it is inside of.
    fn given_by_group(&self, group: &'a ResourceId) -> BTreeSet<What<'a>> {
        let inventory = self.access.inventory;
        let mut what = BTreeSet::new();
        let mut round = vec![group];
        let mut seen = BTreeSet::new();
        while let Some(group) = round.pop() {
            if !seen.insert(group) {
                continue;
            }
            for resource in inventory.grants_of(group) {
                if let Body::Grant(grant) = &resource.body {
                    what.extend(self.given_by(resource, grant));
                }
            }
            if let Some(Body::Group(Group { inside: Fact::Known(parents), .. })) =
                inventory.get(group).map(|group| &group.body)
            {
                round.extend(parents);
            }
        }
        what
    }

    /// What a grant to somebody gives, and where.
    fn given_by(&self, resource: &'a Resource, grant: &'a Grant) -> BTreeSet<What<'a>> {
        let inventory = self.access.inventory;
        let Fact::Known(on) = &grant.container else { return BTreeSet::new() };
        let Some(Body::Container(body)) = inventory.get(on).map(|container| &container.body) else {
            return BTreeSet::new();
        };
        match (grant.form, body.form) {
            (GrantForm::Permission, _) => {
                self.projects_of(on).map(|project| (&project.id, grant.role.as_str())).collect()
            }
            (GrantForm::ProjectRole, ContainerForm::Project) => {
                let Some(scheme) = body.permission_scheme.known().and_then(|scheme| inventory.get(scheme)) else {
                    return BTreeSet::from([(on, grant.role.as_str())]);
                };
                let role = role_id(resource);
                let keys = inventory.grants_on(&scheme.id).filter_map(|entry| match &entry.body {
                    Body::Grant(entry) if entry.holder == Holder::ProjectRole => {
                        let given = role.is_some() && entry.holder_detail.known().map(String::as_str) == role;
                        given.then_some((on, entry.role.as_str()))
                    }
                    _ => None,
                });
                keys.collect()
            }
            (_, form) => {
                let here = given(grant).into_iter().filter(|key| *key != ANY).map(|key| (on, key));
                let mut what: BTreeSet<What<'a>> = here.collect();
                let inside = match form {
                    ContainerForm::Workspace | ContainerForm::Instance | ContainerForm::RepositoryProject => {
                        self.access.all_inside(on)
                    }
                    _ => BTreeSet::new(),
                };
                for at in inside {
                    let inner = inventory.resource(at);
                    let Body::Container(Container { form: inner_form, .. }) = &inner.body else { continue };
                    what.extend(given_inside(grant, form, *inner_form).iter().map(|key| (&inner.id, *key)));
                }
                what
            }
        }
    }
}

impl<'i> Access<'i, '_> {
    /// Who is in which group.
    fn members(&self) -> &'i Members {
        self.inventory.prepared().members.get_or_init(|| {
            let mut members = Members::default();
            for at in self.inventory.places(Kind::Principal) {
                let Body::Principal(body) = &self.inventory.resource(at).body else { continue };
                let lists =
                    [&body.groups, &body.groups_at_least, &body.workspace_groups, &body.workspace_groups_at_least];
                for group in lists.into_iter().filter_map(Fact::known).flatten() {
                    match members.accounts.get_mut(group) {
                        Some(accounts) => accounts.push(at),
                        None => drop(members.accounts.insert(group.clone(), vec![at])),
                    }
                }
            }
            for group in self.inventory.of_kind(Kind::Group) {
                let Body::Group(Group { inside: Fact::Known(parents), .. }) = &group.body else { continue };
                for parent in parents {
                    members.groups.entry(parent.clone()).or_default().push(group.id.clone());
                }
            }
            members
        })
    }
}
