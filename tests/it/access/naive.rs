//! The deliberately naive answer: every grant is held against every account and every container, one by one, with nothing
//! worked out before but what a person would write on the margin. It is made from the words at the top of
//! `inventory/access/` and knows nothing of how the answer is found there.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::inventory::access::{ANY, Bound};
use keyroll::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, Kind, LedgerEntry, Principal, PrincipalType,
    Resource, ResourceId, Snapshot,
};

/// What is said about one account, permission and container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// `None` if it is certainly not there.
    pub(super) bound: Option<Bound>,
    /// True if it is there only because everybody has it.
    pub(super) of_everybody: bool,
    /// How many chains there are.
    pub(super) chains: usize,
    /// The steps of the shortest among the most certain.
    pub(super) shortest: Option<usize>,
    /// The account comes by it without everybody, too: through how many accounts `who_can` lists, this is one.
    pub(super) shared: bool,
}

/// One way to one permission.
#[derive(Debug, Clone)]
struct Way {
    key: String,
    bound: Bound,
    everybody: bool,
    /// `None` where nothing is seen that leads there.
    steps: Option<usize>,
    /// True for what a product sums up.
    sum: bool,
}

/// How an account is meant: with which certainty, with everybody, through how many groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Meant {
    bound: Bound,
    everybody: bool,
    groups: usize,
}

const HELD: Meant = Meant { bound: Bound::Held, everybody: false, groups: 0 };
const EVERYBODY: Meant = Meant { bound: Bound::Held, everybody: true, groups: 0 };
const SOMETIMES: Meant = Meant { bound: Bound::Conditional, everybody: false, groups: 0 };
const PERHAPS: Meant = Meant { bound: Bound::Possible, everybody: false, groups: 0 };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    Yes,
    Perhaps,
    No,
}

/// The ways of one account to everything in one container.
#[derive(Debug)]
pub(super) struct Ways(Vec<Way>);

impl Ways {
    pub(super) fn answer(&self, key: &str) -> Answer {
        let by_key = |wanted: &str| -> Vec<&Way> { self.0.iter().filter(|way| way.key == wanted).collect() };
        // What may be anything may be this.
        let meant = if by_key(key).is_empty() { by_key(ANY) } else { by_key(key) };
        let Some(bound) = meant.iter().map(|way| way.bound).min() else { return Answer::default() };
        let of_everybody = meant.iter().filter(|way| way.bound == bound).all(|way| way.everybody);
        let mut chains: Vec<&Way> = by_key(key);
        if key != ANY {
            chains.extend(by_key(ANY));
        }
        chains.retain(|way| way.steps.is_some());
        if chains.iter().any(|way| !way.sum && !way.everybody && way.bound == Bound::Held) {
            chains.retain(|way| !way.sum);
        }
        let shortest = chains.iter().map(|way| (way.bound, way.steps)).min().and_then(|(_, steps)| steps);
        let shared = chains.iter().any(|way| way.everybody);
        Answer { bound: Some(bound), of_everybody, chains: chains.len(), shortest, shared }
    }

    /// All keys of which something is said.
    pub(super) fn keys(&self) -> BTreeSet<&str> {
        self.0.iter().map(|way| way.key.as_str()).collect()
    }

    /// The best that is said about a key by itself.
    pub(super) fn best(&self, key: &str) -> Option<Bound> {
        self.0.iter().filter(|way| way.key == key).map(|way| way.bound).min()
    }

    /// Whether a key that is there for some issues may be there for all.
    pub(super) fn may_be_more(&self, key: &str) -> bool {
        self.0.iter().any(|way| way.key == key && way.bound == Bound::Possible)
    }
}

pub(super) struct Naive<'a> {
    snapshot: &'a Snapshot,
    grants: Vec<(&'a Resource, &'a Grant)>,
    containers: BTreeMap<&'a ResourceId, (&'a Resource, &'a Container)>,
    groups: BTreeMap<&'a ResourceId, &'a Group>,
    workspaces: BTreeSet<&'a str>,
    servers: BTreeSet<&'a str>,
    /// Of each container the tenants of the accounts that its sources know.
    known: BTreeMap<&'a ResourceId, BTreeSet<String>>,
}

impl<'a> Naive<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut naive = Self {
            snapshot,
            grants: Vec::new(),
            containers: BTreeMap::new(),
            groups: BTreeMap::new(),
            workspaces: BTreeSet::new(),
            servers: BTreeSet::new(),
            known: BTreeMap::new(),
        };
        for resource in &snapshot.resources {
            match &resource.body {
                Body::Grant(grant) => naive.grants.push((resource, grant)),
                Body::Container(container) => {
                    naive.containers.insert(&resource.id, (resource, container));
                    match container.form {
                        ContainerForm::Workspace => naive.workspaces.insert(resource.id.tenant()),
                        ContainerForm::Instance => naive.servers.insert(resource.id.tenant()),
                        _ => false,
                    };
                }
                Body::Principal(_) if resource.id.tenant() != ResourceId::CLOUD => {
                    naive.servers.insert(resource.id.tenant());
                }
                Body::Group(group) => {
                    naive.groups.insert(&resource.id, group);
                }
                _ => {}
            }
        }
        naive.known = naive.containers.values().map(|(one, _)| (&one.id, naive.known_tenants(one))).collect();
        naive
    }

    // ---- where accounts are at home ----

    fn is_workspace(&self, tenant: &str) -> bool {
        self.workspaces.contains(tenant)
    }

    fn is_server(&self, tenant: &str) -> bool {
        !self.is_workspace(tenant) && self.servers.contains(tenant)
    }

    /// Groups of this tenant hold accounts of the cloud though it is not the cloud.
    fn may_be_workspace(&self, tenant: &str) -> bool {
        tenant != ResourceId::CLOUD && !self.is_server(tenant)
    }

    /// The tenants of the accounts that the sources of a resource know.
    fn known_tenants(&self, shown: &Resource) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        for resource in self.snapshot.resources.iter().filter(|one| share_a_source(one, shown)) {
            let mut add = |id: &ResourceId| {
                known.insert(id.tenant().to_owned());
                if id.kind() == Kind::Group && self.may_be_workspace(id.tenant()) {
                    known.insert(ResourceId::CLOUD.to_owned());
                }
            };
            match &resource.body {
                Body::Principal(_) | Body::Group(_) => add(&resource.id),
                Body::Grant(grant) if grant.form != GrantForm::PlatformRole => {
                    [&grant.principal, &grant.group].into_iter().filter_map(Fact::known).for_each(add);
                }
                _ => {}
            }
        }
        known
    }

    fn entries(&self, shown: &'a Resource) -> impl Iterator<Item = &'a LedgerEntry> {
        self.snapshot.ledger.iter().filter(|entry| shown.seen_by.iter().any(|seen| seen.source == entry.source))
    }

    /// As `entries`, and those of sources that show no containers of their own.
    fn entries_about(&self, shown: &'a Resource) -> impl Iterator<Item = &'a LedgerEntry> {
        let brings_grants_alone = |entry: &LedgerEntry| {
            !self
                .snapshot
                .ledger
                .iter()
                .any(|other| other.source == entry.source && other.shows.contains(&Kind::Container))
        };
        self.snapshot.ledger.iter().filter(move |entry| {
            shown.seen_by.iter().any(|seen| seen.source == entry.source) || brings_grants_alone(entry)
        })
    }

    /// All ways of an account to everything in each of some containers.
    pub(super) fn ways_of(&self, account: &'a Resource, containers: &[&'a Resource]) -> Vec<Ways> {
        let Body::Principal(principal) = &account.body else { panic!("ways are those of an account") };
        let certain = self.certain_groups(principal);
        let ways = containers.iter().map(|container| {
            let Body::Container(body) = &container.body else { panic!("ways lead to a container") };
            let realm = self.realm(account, container);
            Ways(Case { naive: self, account, principal, certain: &certain, container, body, realm }.ways())
        });
        ways.collect()
    }

    fn realm(&self, account: &Resource, container: &Resource) -> Option<bool> {
        let known = self.known.get(&container.id).filter(|known| !known.is_empty())?;
        Some(known.contains(account.id.tenant()))
    }

    /// The groups an account is in for certain, with how many groups the shortest way there passes.
    fn certain_groups(&self, principal: &'a Principal) -> BTreeMap<&'a ResourceId, usize> {
        let Principal { groups, groups_at_least, workspace_groups, workspace_groups_at_least, .. } = principal;
        let lists = [groups, groups_at_least, workspace_groups, workspace_groups_at_least];
        let mut certain: BTreeMap<&'a ResourceId, usize> =
            lists.into_iter().filter_map(Fact::known).flatten().map(|group| (group, 1)).collect();
        loop {
            let mut longer = certain.clone();
            for (group, distance) in &certain {
                for parent in self.parents(group) {
                    let known = longer.entry(parent).or_insert(distance + 1);
                    *known = (*known).min(distance + 1);
                }
            }
            if longer == certain {
                return certain;
            }
            certain = longer;
        }
    }

    fn parents(&self, group: &ResourceId) -> &'a [ResourceId] {
        match self.groups.get(group) {
            Some(Group { inside: Fact::Known(inside), .. }) => inside,
            _ => &[],
        }
    }
}

fn share_a_source(left: &Resource, right: &Resource) -> bool {
    left.seen_by.iter().any(|one| right.seen_by.iter().any(|other| one.source == other.source))
}

/// One account held against one container.
struct Case<'n, 'a> {
    naive: &'n Naive<'a>,
    account: &'a Resource,
    principal: &'a Principal,
    certain: &'n BTreeMap<&'a ResourceId, usize>,
    container: &'a Resource,
    body: &'a Container,
    /// Whether accounts of its tenant may have rights there, if that is known.
    realm: Option<bool>,
}

impl<'a> Case<'_, 'a> {
    fn ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        for (_, grant) in &self.naive.grants {
            let Fact::Known(on) = &grant.container else { continue };
            if *on == self.container.id {
                self.given_here(grant, &mut ways);
            } else if self.scheme().is_some_and(|scheme| scheme == on) {
                self.given_by_scheme(grant, &mut ways);
            }
        }
        for around in self.around() {
            let Body::Container(around_body) = &around.body else { continue };
            let other = Case { container: around, body: around_body, realm: self.realm_of(around), ..*self };
            for (_, grant) in self.naive.grants.iter().filter(|(_, grant)| grant.container.known() == Some(&around.id))
            {
                for key in inherited(grant, around_body.form, self.body.form) {
                    if let Some(meant) = other.meant(grant, None) {
                        ways.push(way(key, meant, 2 + meant.groups));
                    }
                }
            }
        }
        self.without_a_grant(&mut ways);
        ways
    }

    fn realm_of(&self, container: &Resource) -> Option<bool> {
        self.naive.realm(self.account, container)
    }

    fn scheme(&self) -> Option<&'a ResourceId> {
        let scheme = self.body.permission_scheme.known().filter(|_| self.body.form == ContainerForm::Project)?;
        self.naive.containers.contains_key(scheme).then_some(scheme)
    }

    /// What a container lies in, from the inside out.
    fn around(&self) -> Vec<&'a Resource> {
        let mut around = Vec::new();
        let mut at = self.body;
        while let Some((resource, body)) = at.parent.known().and_then(|parent| self.naive.containers.get(parent)) {
            if around.len() == 8 {
                break;
            }
            around.push(*resource);
            at = body;
        }
        around
    }

    fn given_here(&self, grant: &'a Grant, ways: &mut Vec<Way>) {
        let is_project = self.body.form == ContainerForm::Project;
        if grant.form == GrantForm::ProjectRole {
            if is_project && self.scheme().is_none() && self.body.team_managed == Fact::Known(true) {
                ways.extend(self.placed(grant).map(|meant| way(&grant.role, meant, 1 + meant.groups)));
            }
            return;
        }
        if grant.form == GrantForm::Permission && self.body.form == ContainerForm::PermissionScheme {
            return;
        }
        let project = self.project_of(grant).or(is_project.then_some(self.container));
        if let (Holder::ProjectRole, Some(detail), Some(project)) = (grant.holder, grant.holder_detail.known(), project)
        {
            self.given_to_role(detail.split('/').next_back().unwrap_or(detail), project, grant, ways);
            return;
        }
        let Some(meant) = self.meant(grant, project) else { return };
        let sum = grant.form == GrantForm::EffectiveRepositoryPermission
            || matches!(&grant.via, Fact::Known(via) if !via.is_empty() && !via.contains(&"direct".to_owned()));
        match gives(grant) {
            Some(keys) => {
                ways.extend(keys.iter().map(|key| Way { sum, ..way(key, meant, 1 + meant.groups) }));
            }
            None => ways.push(Way { sum, ..way(ANY, PERHAPS, 1 + meant.groups) }),
        }
    }

    /// What is given to a role of a project by something other than its scheme: one way for each place in it.
    fn given_to_role(&self, role: &str, project: &'a Resource, grant: &Grant, ways: &mut Vec<Way>) {
        let Some(there) = self.at(project) else { return };
        let places = there.places(role);
        let hidden = (places.is_empty() && there.roles_are_hidden()).then_some((PERHAPS, 1));
        let told = places.into_iter().map(|meant| (meant, 2 + meant.groups));
        for (meant, steps) in told.chain(hidden) {
            match gives(grant) {
                Some(keys) => ways.extend(keys.iter().map(|key| way(key, meant, steps))),
                None => ways.push(way(ANY, PERHAPS, steps)),
            }
        }
    }

    fn given_by_scheme(&self, grant: &'a Grant, ways: &mut Vec<Way>) {
        if grant.form != GrantForm::Permission {
            return;
        }
        let key = grant.role.as_str();
        match (grant.holder, grant.holder_detail.known()) {
            (Holder::ProjectRole, Some(role)) => {
                let places = self.places(role);
                if places.is_empty() && self.roles_are_hidden() {
                    ways.push(way(key, PERHAPS, 2));
                }
                ways.extend(places.into_iter().map(|meant| way(key, meant, 3 + meant.groups)));
            }
            (Holder::Conditional, Some(detail)) if detail == "projectLead" => {
                ways.extend(self.leads(self.body).map(|meant| way(key, meant, 2)));
            }
            _ => ways.extend(self.meant(grant, None).map(|meant| way(key, meant, 2 + meant.groups))),
        }
    }

    /// The places in a role of this project that are the account's.
    fn places(&self, role: &str) -> Vec<Meant> {
        let mut places = Vec::new();
        for (resource, place) in &self.naive.grants {
            if place.form != GrantForm::ProjectRole || place.container.known() != Some(&self.container.id) {
                continue;
            }
            let Some(meant) = self.placed(place) else { continue };
            match role_of(resource) {
                Some(told) if told == role => places.push(meant),
                Some(_) => {}
                None => places.push(Meant { bound: Bound::Possible, everybody: false, ..meant }),
            }
        }
        places
    }

    fn placed(&self, grant: &'a Grant) -> Option<Meant> {
        match grant.holder {
            Holder::Principal | Holder::Group => self.meant(grant, None),
            _ => self.perhaps(),
        }
    }

    fn roles_are_hidden(&self) -> bool {
        let hidden = |entry: &LedgerEntry| entry.is_gap() && entry.can_show(Kind::Grant, &["project-role"]);
        self.realm != Some(false) && self.naive.entries_about(self.container).any(hidden)
    }

    fn leads(&self, project: &Container) -> Option<Meant> {
        match &project.lead {
            Fact::Known(lead) => (*lead == self.account.id).then_some(HELD),
            Fact::Absent => None,
            Fact::Unknown => self.perhaps(),
        }
    }

    /// The project of which a share speaks.
    fn project_of(&self, grant: &Grant) -> Option<&'a Resource> {
        let parts: Vec<&str> = grant.holder_detail.known()?.split('/').collect();
        let project = match (grant.holder, parts.as_slice()) {
            (Holder::Project, [project]) | (Holder::ProjectRole, [project, _]) => *project,
            _ => return None,
        };
        let id = ResourceId::new(self.container.id.tenant(), Kind::Container, &format!("project:{project}"));
        let (resource, body) = self.naive.containers.get(&id)?;
        (body.form == ContainerForm::Project).then_some(*resource)
    }

    // ---- who is meant ----

    fn perhaps(&self) -> Option<Meant> {
        (self.realm != Some(false)).then_some(PERHAPS)
    }

    fn here(&self) -> Here {
        let hides_accounts = |entry: &LedgerEntry| entry.is_gap() && entry.shows.contains(&Kind::Principal);
        match self.realm {
            Some(false) => Here::No,
            _ if share_a_source(self.account, self.container) => Here::Yes,
            None => Here::Perhaps,
            Some(true) if self.naive.entries(self.container).any(hides_accounts) => Here::Perhaps,
            Some(true) => Here::No,
        }
    }

    fn meant(&self, grant: &'a Grant, project: Option<&'a Resource>) -> Option<Meant> {
        match grant.holder {
            Holder::Anyone => match self.realm {
                Some(true) => Some(EVERYBODY),
                Some(false) => None,
                None => Some(PERHAPS),
            },
            Holder::LoggedIn => match self.here() {
                Here::Yes => Some(EVERYBODY),
                Here::Perhaps => Some(PERHAPS),
                Here::No => None,
            },
            Holder::ApplicationRole => self.has_seat(grant),
            Holder::Group => match &grant.group {
                Fact::Known(group) => self.in_group(group),
                Fact::Absent => None,
                Fact::Unknown => self.perhaps(),
            },
            Holder::Principal => match &grant.principal {
                Fact::Known(principal) => (*principal == self.account.id).then_some(HELD),
                Fact::Absent => None,
                Fact::Unknown => self.perhaps(),
            },
            // Where it was told which role of which project, it is asked for its places.
            Holder::ProjectRole => self.perhaps(),
            Holder::Project => project.map_or_else(|| self.perhaps(), |project| self.browses(project)),
            Holder::Conditional if grant.holder_detail.known().is_some_and(|detail| detail == "projectLead") => {
                match project.map(|project| &project.body) {
                    Some(Body::Container(body)) => self.leads(body),
                    _ => self.perhaps(),
                }
            }
            Holder::Conditional | Holder::PortalCustomers => match self.realm {
                Some(true) => Some(SOMETIMES),
                None => Some(PERHAPS),
                Some(false) => None,
            },
            Holder::Other => self.perhaps(),
        }
    }

    fn at(&self, project: &'a Resource) -> Option<Case<'_, 'a>> {
        let Body::Container(body) = &project.body else { return None };
        Some(Case { container: project, body, realm: self.realm_of(project), ..*self })
    }

    fn browses(&self, project: &'a Resource) -> Option<Meant> {
        let ways = Ways(self.at(project)?.ways());
        let browses = ways.answer("BROWSE_PROJECTS");
        let groups = browses.shortest.unwrap_or_default();
        Some(Meant { bound: browses.bound?, everybody: browses.of_everybody, groups })
    }

    fn has_seat(&self, grant: &'a Grant) -> Option<Meant> {
        let (Some(key), Some(on)) = (grant.holder_detail.known(), grant.container.known()) else {
            return self.perhaps();
        };
        let application = self.naive.containers.values().find(|(resource, body)| {
            body.form == ContainerForm::Application
                && resource.id.tenant() == on.tenant()
                && body.key.known() == Some(key)
        });
        match application.map(|(_, body)| &body.licence_groups) {
            Some(Fact::Known(groups)) => {
                let ways = groups.iter().filter_map(|group| self.in_group(group));
                let best = ways.min_by_key(|meant| (meant.bound, meant.groups))?;
                return Some(Meant { everybody: best.bound == Bound::Held, ..best });
            }
            Some(Fact::Absent) => return None,
            Some(Fact::Unknown) | None => {}
        }
        let site = self.naive.containers.get(on).and_then(|(_, body)| body.parent.known());
        let opens = |group: &ResourceId| {
            self.naive.grants.iter().any(|(_, grant)| {
                grant.form == GrantForm::ProductAccess
                    && grant.group.known() == Some(group)
                    && site.is_some()
                    && grant.container.known() == site
            })
        };
        let opening = self.certain.iter().filter(|(group, _)| opens(group)).map(|(_, distance)| *distance).min();
        if let (Some(groups), "confluence") = (opening, key.as_str()) {
            return Some(Meant { groups, ..EVERYBODY });
        }
        (self.here() != Here::No).then_some(PERHAPS)
    }

    // ---- groups ----

    /// True if it was not told what a group is inside of.
    fn is_open_above(&self, group: &ResourceId) -> bool {
        self.naive.groups.get(group).is_none_or(|group| group.inside.is_unknown())
    }

    fn in_group(&self, group: &ResourceId) -> Option<Meant> {
        if let Some(groups) = self.certain.get(group) {
            return Some(Meant { groups: *groups, ..HELD });
        }
        self.may_be_in(group).then_some(Meant { groups: 1, ..PERHAPS })
    }

    fn may_be_in(&self, group: &ResourceId) -> bool {
        let told = |group: &ResourceId| {
            self.naive.groups.get(group).is_some_and(|group| group.members_told == Fact::Known(true))
        };
        let tenant = self.account.id.tenant();
        if group.tenant() != tenant {
            let is_theirs = tenant == ResourceId::CLOUD && self.naive.may_be_workspace(group.tenant());
            return is_theirs && !told(group);
        }
        // From where one may come: the groups it is in, and those it may be in because nobody told.
        let mut from: Vec<&ResourceId> = self.certain.keys().copied().filter(|one| one.tenant() == tenant).collect();
        if self.principal.groups.is_unknown() {
            if !told(group) || self.unseen_groups_nest(tenant) {
                return true;
            }
            from.extend(self.naive.groups.keys().copied().filter(|one| one.tenant() == tenant && !told(one)));
        }
        let mut reached: BTreeSet<&ResourceId> = from.into_iter().collect();
        loop {
            let more: BTreeSet<&ResourceId> = reached.iter().flat_map(|one| self.naive.parents(one)).collect();
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                break;
            }
        }
        reached.contains(group) || reached.iter().any(|one| self.is_open_above(one))
    }

    /// Groups that were not seen may be inside of those that were.
    fn unseen_groups_nest(&self, tenant: &str) -> bool {
        let nests = self.naive.groups.iter().any(|(id, group)| id.tenant() == tenant && group.inside != Fact::Absent);
        let hidden = self.naive.snapshot.ledger.iter().any(|entry| {
            let knows = |resource: &&Resource| {
                let ids: Vec<&ResourceId> = match &resource.body {
                    Body::Principal(_) | Body::Group(_) => vec![&resource.id],
                    Body::Grant(grant) if grant.form != GrantForm::PlatformRole => {
                        [&grant.principal, &grant.group].into_iter().filter_map(Fact::known).collect()
                    }
                    _ => Vec::new(),
                };
                resource.seen_by.iter().any(|seen| seen.source == entry.source)
                    && ids.iter().any(|id| id.tenant() == tenant)
            };
            entry.is_gap()
                && entry.shows.contains(&Kind::Group)
                && entry.forms.is_empty()
                && self.naive.snapshot.resources.iter().any(|resource| knows(&resource))
        });
        nests && hidden
    }

    // ---- without a grant ----

    fn without_a_grant(&self, ways: &mut Vec<Way>) {
        let tenant = self.container.id.tenant();
        let (in_cloud, on_server) = (self.naive.is_workspace(tenant), self.naive.is_server(tenant));
        for key in match (self.body.form, in_cloud, on_server) {
            (ContainerForm::Repository, true, _) => &["read"][..],
            (ContainerForm::Repository, _, true) => &["REPO_READ"],
            (ContainerForm::Repository, ..) => &["REPO_READ", "read"],
            (ContainerForm::RepositoryProject, false, _) => &["PROJECT_READ"],
            _ => &[],
        } {
            ways.extend(self.public(in_cloud, on_server).map(|meant| way(key, meant, 0)));
        }
        if matches!(self.body.form, ContainerForm::Filter | ContainerForm::Dashboard) {
            let owner = match &self.body.owner {
                Fact::Known(owner) => (*owner == self.account.id).then_some(HELD),
                Fact::Absent => None,
                Fact::Unknown => self.perhaps(),
            };
            ways.extend(["view", "edit"].into_iter().filter_map(|key| owner.map(|meant| way(key, meant, 0))));
        }
        for role in self.principal.platform_roles.known().into_iter().flatten() {
            ways.extend(self.own_role(role).map(|meant| way(role, meant, 0)));
        }
        if self.realm != Some(false) && self.anything_is_possible() {
            ways.push(Way { steps: None, ..way(ANY, PERHAPS, 0) });
        }
        if self.body.form == ContainerForm::Site && self.was_not_asked() {
            for key in ["BULK_CHANGE", "CREATE_SHARED_OBJECTS", "MANAGE_GROUP_FILTER_SUBSCRIPTIONS", "USER_PICKER"] {
                ways.push(Way { steps: None, ..way(key, PERHAPS, 0) });
            }
        }
    }

    fn public(&self, in_cloud: bool, on_server: bool) -> Option<Meant> {
        let mut told = vec![self.body.public];
        let parent = self.body.parent.known().and_then(|parent| self.naive.containers.get(parent));
        if let Some((_, project)) = parent
            && project.form == ContainerForm::RepositoryProject
            && !in_cloud
        {
            told.push(project.public);
        }
        let is_public = told.contains(&Fact::Known(true));
        if !is_public && !told.contains(&Fact::Unknown) {
            return None;
        }
        match self.realm {
            Some(false) => None,
            Some(true) if is_public && (in_cloud || on_server) => Some(EVERYBODY),
            _ => Some(PERHAPS),
        }
    }

    fn tells_platform_roles(&self) -> bool {
        let shows = |entry: &&LedgerEntry| entry.can_show(Kind::Grant, &["platform-role"]);
        let entries: Vec<&LedgerEntry> = self.naive.entries_about(self.container).filter(shows).collect();
        !entries.is_empty() && !entries.iter().any(|entry| entry.is_gap())
    }

    fn own_role(&self, role: &str) -> Option<Meant> {
        match self.body.form {
            ContainerForm::Instance if role.starts_with("jira-align/") => {
                (self.container.id.tenant() == self.account.id.tenant()).then_some(HELD)
            }
            ContainerForm::Organisation if role.starts_with("atlassian/") && self.here() == Here::Yes => {
                let organisations =
                    self.naive.containers.values().filter(|(_, body)| body.form == ContainerForm::Organisation);
                let homes =
                    organisations.filter_map(|(one, _)| self.at(one)).filter(|there| there.here() == Here::Yes).count();
                match (homes, self.tells_platform_roles()) {
                    (1, _) => Some(HELD),
                    (_, true) => None,
                    (_, false) => Some(PERHAPS),
                }
            }
            _ => None,
        }
    }

    fn anything_is_possible(&self) -> bool {
        let untold = self.principal.platform_roles.is_unknown();
        let own_roles_untold = match self.body.form {
            ContainerForm::Organisation => {
                let here = self.here();
                !self.tells_platform_roles() && (here == Here::Perhaps || (here == Here::Yes && untold))
            }
            ContainerForm::Instance => {
                let is_align = self.body.key.known().is_some_and(|key| key == "jira-align");
                is_align && untold && self.container.id.tenant() == self.account.id.tenant()
            }
            _ => false,
        };
        let scheme_untold = self.body.form == ContainerForm::Project && self.scheme().is_none();
        own_roles_untold || scheme_untold || self.grants_are_hidden()
    }

    fn grants_are_hidden(&self) -> bool {
        let sums: Vec<&LedgerEntry> = self
            .naive
            .entries_about(self.container)
            .filter(|entry| entry.can_show(Kind::Grant, &["effective-repository-permission"]))
            .collect();
        let is_repository = self.body.form == ContainerForm::Repository;
        if is_repository && !sums.is_empty() && !sums.iter().any(|entry| entry.is_gap()) {
            return false;
        }
        if self.hides_grants(self.container, self.body.form) {
            return true;
        }
        // In Bitbucket, what is given outside holds inside.
        let mut at = self.body;
        for _ in 0..8 {
            if !matches!(at.form, ContainerForm::Repository | ContainerForm::RepositoryProject) {
                return false;
            }
            let around = match &at.parent {
                Fact::Absent => return false,
                Fact::Unknown => None,
                Fact::Known(parent) => self.naive.containers.get(parent),
            };
            let Some((resource, body)) = around else { return true };
            if self.hides_grants(resource, body.form) {
                return true;
            }
            at = body;
        }
        true
    }

    fn hides_grants(&self, container: &'a Resource, form: ContainerForm) -> bool {
        let forms: &[&str] = match form {
            ContainerForm::Organisation | ContainerForm::Product => &["platform-role", "group-platform-role"],
            ContainerForm::Site => &["global-permission", "product-access"],
            ContainerForm::Instance => &["global-permission", "product-access", "platform-role"],
            ContainerForm::Project => &["permission"],
            ContainerForm::Filter | ContainerForm::Dashboard => &["share"],
            ContainerForm::Space => &["space-permission", "space-role"],
            ContainerForm::Workspace => &["workspace-role"],
            ContainerForm::RepositoryProject => &["repository-project-permission"],
            ContainerForm::Repository => &["repository-permission", "repository-project-permission"],
            _ => return false,
        };
        let hides = |entry: &LedgerEntry| entry.is_gap() && entry.can_show(Kind::Grant, forms);
        self.naive.entries_about(container).any(hides)
    }

    fn was_not_asked(&self) -> bool {
        let asks = |entry: &&LedgerEntry| {
            entry.shows.contains(&Kind::Grant) && entry.forms.iter().any(|form| &**form == "global-permission")
        };
        // Whom the source that asks does not show has none, unless it may be hiding some.
        let shows_it = |asking: &LedgerEntry| {
            self.account.seen_by.iter().any(|seen| seen.source == asking.source)
                || self.naive.snapshot.ledger.iter().any(|entry| {
                    entry.source == asking.source && entry.is_gap() && entry.shows.contains(&Kind::Principal)
                })
        };
        if self.realm == Some(false) || !self.naive.entries(self.container).filter(asks).any(shows_it) {
            return false;
        }
        let is_machine = matches!(
            self.principal.account_type,
            Fact::Known(PrincipalType::App | PrincipalType::Agent | PrincipalType::ServiceAccount)
        );
        let administers = |group: &ResourceId| {
            self.naive.grants.iter().any(|(_, grant)| {
                grant.form == GrantForm::ProductAccess
                    && grant.role != "user"
                    && grant.group.known() == Some(group)
                    && grant.container.known() == Some(&self.container.id)
            })
        };
        !is_machine && !self.certain.keys().any(|group| administers(group))
    }
}

fn way(key: &str, meant: Meant, steps: usize) -> Way {
    Way { key: key.to_owned(), bound: meant.bound, everybody: meant.everybody, steps: Some(steps), sum: false }
}

/// The role that a place in a role is of, as its id tells: project, role and holder.
fn role_of(place: &Resource) -> Option<&str> {
    let parts: Vec<&str> = place.id.native().strip_prefix("project-role:")?.splitn(3, '/').collect();
    match parts.as_slice() {
        [project, role, _] if !project.contains(':') => Some(role),
        _ => None,
    }
}

/// All that a word gives where it is granted; `None` if nobody told.
fn gives(grant: &Grant) -> Option<Vec<String>> {
    use GrantForm::{
        EffectiveRepositoryPermission, GlobalPermission, RepositoryPermission, RepositoryProjectPermission, Share,
        SpacePermission, SpaceRole, WorkspaceRole,
    };
    let words: &[&str] = match (grant.form, grant.role.as_str()) {
        (SpacePermission | SpaceRole, _) => {
            return grant.permits.known().filter(|permits| !permits.is_empty()).cloned();
        }
        (Share, "edit") => &["edit", "view"],
        (RepositoryPermission | EffectiveRepositoryPermission, "admin") => &["read", "write", "admin"],
        (RepositoryPermission | EffectiveRepositoryPermission, "write") => &["read", "write"],
        (RepositoryPermission | EffectiveRepositoryPermission, "REPO_ADMIN") => {
            &["REPO_READ", "REPO_WRITE", "REPO_ADMIN"]
        }
        (RepositoryPermission | EffectiveRepositoryPermission, "REPO_WRITE") => &["REPO_READ", "REPO_WRITE"],
        (RepositoryProjectPermission, "admin") => &["read", "write", "create-repo", "admin"],
        (RepositoryProjectPermission, "create-repo") => &["read", "write", "create-repo"],
        (RepositoryProjectPermission, "write") => &["read", "write"],
        (RepositoryProjectPermission, "PROJECT_ADMIN") => {
            &["PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE", "PROJECT_ADMIN"]
        }
        (RepositoryProjectPermission, "REPO_CREATE") => &["PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE"],
        (RepositoryProjectPermission, "PROJECT_WRITE") => &["PROJECT_READ", "PROJECT_WRITE"],
        (GlobalPermission, "SYSTEM_ADMIN") => &["ADMINISTER", "SYSTEM_ADMIN"],
        (GlobalPermission, "SYS_ADMIN") => &["LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN"],
        (GlobalPermission, "ADMIN") => &["LICENSED_USER", "PROJECT_CREATE", "ADMIN"],
        (GlobalPermission, "PROJECT_CREATE") => &["LICENSED_USER", "PROJECT_CREATE"],
        (GlobalPermission, "system administer") => &["application administer", "system administer"],
        (WorkspaceRole, "owner") => &["member", "create-project", "owner"],
        (WorkspaceRole, "create-project") => &["member", "create-project"],
        (_, word) => return Some(vec![word.to_owned()]),
    };
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

/// What a grant on one thing gives in another that lies in it.
fn inherited(grant: &Grant, on: ContainerForm, inside: ContainerForm) -> &'static [&'static str] {
    use ContainerForm::{Instance, Repository, RepositoryProject, Workspace};
    let is = |form| grant.form == form;
    match (on, inside, grant.role.as_str()) {
        (RepositoryProject, Repository, role) if is(GrantForm::RepositoryProjectPermission) => match role {
            "admin" => &["read", "write", "admin"],
            "create-repo" | "write" => &["read", "write"],
            "read" => &["read"],
            "PROJECT_ADMIN" => &["REPO_READ", "REPO_WRITE", "REPO_ADMIN"],
            "REPO_CREATE" | "PROJECT_WRITE" => &["REPO_READ", "REPO_WRITE"],
            "PROJECT_READ" => &["REPO_READ"],
            _ => &[],
        },
        (Workspace, Repository, "owner") if is(GrantForm::WorkspaceRole) => &["read", "write", "admin"],
        (Workspace, RepositoryProject, "owner") if is(GrantForm::WorkspaceRole) => {
            &["read", "write", "create-repo", "admin"]
        }
        (Instance, Repository, "ADMIN" | "SYS_ADMIN") if is(GrantForm::GlobalPermission) => {
            &["REPO_READ", "REPO_WRITE", "REPO_ADMIN"]
        }
        (Instance, RepositoryProject, "ADMIN" | "SYS_ADMIN") if is(GrantForm::GlobalPermission) => {
            &["PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE", "PROJECT_ADMIN"]
        }
        _ => &[],
    }
}
