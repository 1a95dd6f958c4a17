//! How an account comes to be meant by a grant: by itself, through groups, or with everybody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::index::{Circle, Shown};
use super::{ANY, Access, Bound, Place};
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, LedgerEntry, Principal, Resource, ResourceId,
};

/// Why something could not be ruled out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Doubt<'a> {
    /// Not all groups of the account were told.
    Groups,
    /// Which groups are inside others was not told.
    Nesting,
    /// A grant does not say to whom it was given, or in words that nobody described.
    Holder,
    /// A grant does not say what it is on.
    Unplaced,
    /// Accounts may be hidden from a source that shows the container.
    Accounts(Circle),
    /// Grants may be hidden behind an entry of the ledger.
    Entry(u32),
    /// Which groups take a seat of an application was not told.
    Seats(&'a str),
    /// Nobody told which scheme a project uses.
    Scheme,
    /// The access of team-managed projects cannot be read.
    TeamManaged,
    /// Nobody told who leads a project.
    Lead,
    /// Nobody told what a role permits.
    Role(&'a str),
    /// The product tells global permissions of single accounts only, and did not of this one.
    NotAsked,
    /// Whether something is public was not told.
    Public,
    /// Nobody told what something lies in: what is given there holds in it as well.
    Parent,
    /// A place in a role of which it was not told which role it is.
    WhichRole,
    /// Several organisations show the account, and its roles are of one of them.
    WhichOrganisation,
    /// The roles that come with the account were not told.
    OwnRoles,
    /// Nobody told whose a filter or dashboard is.
    Owner,
}

/// What the ledger says about an account being at home somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence<'a> {
    Here,
    Perhaps(Doubt<'a>),
    No,
}

/// Whether a grant means an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Meant<'a> {
    pub(super) bound: Bound,
    /// With everybody who has an account.
    pub(super) with_everybody: bool,
    pub(super) doubt: Option<Doubt<'a>>,
}

impl<'a> Meant<'a> {
    pub(super) fn held() -> Self {
        Self { bound: Bound::Held, with_everybody: false, doubt: None }
    }

    pub(super) fn with_everybody() -> Self {
        Self { bound: Bound::Held, with_everybody: true, doubt: None }
    }

    fn conditional() -> Self {
        Self { bound: Bound::Conditional, with_everybody: false, doubt: None }
    }

    pub(super) fn perhaps(doubt: Doubt<'a>) -> Self {
        Self { bound: Bound::Possible, with_everybody: false, doubt: Some(doubt) }
    }
}

/// How an account comes to a seat.
enum Seat<'a> {
    By(&'a ResourceId),
    None,
    /// Nobody told whose seats these are.
    Untold,
}

/// An account with its groups, ready to be compared with grants.
pub(super) struct Ways<'i, 'a> {
    pub(super) access: Access<'i, 'a>,
    pub(super) account: &'a Resource,
    pub(super) principal: &'a Principal,
    circle: Circle,
    /// The groups it is in for certain, each with the one that leads there; those it is in itself lead to themselves.
    groups: BTreeMap<&'a ResourceId, &'a ResourceId>,
    /// Some group it is in may be inside of others.
    nesting_untold: bool,
}

impl<'i, 'a> Ways<'i, 'a> {
    pub(super) fn of(access: Access<'i, 'a>, account: &'a Resource) -> Option<Self> {
        let Body::Principal(principal) = &account.body else { return None };
        let at = access.inventory.place(&account.id)?;
        let mut ways = Self {
            access,
            account,
            principal,
            circle: access.index.circle(at),
            groups: BTreeMap::new(),
            nesting_untold: false,
        };
        let lists = [
            &principal.groups,
            &principal.groups_at_least,
            &principal.workspace_groups,
            &principal.workspace_groups_at_least,
        ];
        // Breadth first, so that the way to each group is a shortest one.
        let direct: BTreeSet<&'a ResourceId> = lists.into_iter().filter_map(Fact::known).flatten().collect();
        let mut round: Vec<(&'a ResourceId, &'a ResourceId)> = direct.into_iter().map(|group| (group, group)).collect();
        while !round.is_empty() {
            let mut next = Vec::new();
            for (group, from) in round {
                if ways.groups.contains_key(group) {
                    continue;
                }
                ways.groups.insert(group, from);
                match access.inventory.get(group).map(|group| &group.body) {
                    Some(Body::Group(Group { inside: Fact::Known(parents), .. })) => {
                        next.extend(parents.iter().map(|parent| (parent, group)));
                    }
                    Some(Body::Group(Group { inside: Fact::Absent, .. })) => {}
                    // Groups of a workspace are inside of no others, whatever was told of them.
                    _ => ways.nesting_untold |= group.tenant() == account.id.tenant(),
                }
            }
            round = next;
        }
        Some(ways)
    }

    /// The groups it is in for certain, in order.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'a ResourceId> + '_ {
        self.groups.keys().copied()
    }

    /// The groups from one that it is in itself to this one; this one alone if it is not known to be in it.
    pub(super) fn path_to(&self, group: &'a ResourceId) -> Vec<&'a ResourceId> {
        let (mut path, mut at) = (vec![group], group);
        while let Some(from) = self.groups.get(at).filter(|from| **from != at) {
            path.push(from);
            at = from;
        }
        path.reverse();
        path
    }

    /// Whether it is in a group.
    pub(super) fn in_group(&self, group: &ResourceId) -> Option<Meant<'a>> {
        if self.groups.contains_key(group) {
            return Some(Meant::held());
        }
        let own = group.tenant() == self.account.id.tenant();
        let index = self.access.index;
        if !own && (self.account.id.tenant() != ResourceId::CLOUD || !index.may_be_workspace(group.tenant())) {
            return None;
        }
        let list = if own { &self.principal.groups } else { &self.principal.workspace_groups };
        let open = match list {
            Fact::Unknown => index.may_hold_anybody(self.access.inventory, group),
            // The groups of a workspace are told workspace by workspace: this one may not have told its own.
            Fact::Known(_) | Fact::Absent => {
                !own && !self.members_told(group) && index.may_hold_anybody(self.access.inventory, group)
            }
        };
        match (open, self.nesting_untold && own) {
            (true, _) => Some(Meant::perhaps(Doubt::Groups)),
            (false, true) => Some(Meant::perhaps(Doubt::Nesting)),
            (false, false) => None,
        }
    }

    fn members_told(&self, group: &ResourceId) -> bool {
        match self.access.inventory.get(group).map(|group| &group.body) {
            Some(Body::Group(Group { members_told, .. })) => *members_told == Fact::Known(true),
            _ => false,
        }
    }

    /// What holds for it where nobody told who is meant: accounts that can have no rights there are not.
    pub(super) fn perhaps_at(&self, circle: Circle, doubt: Doubt<'a>) -> Option<Meant<'a>> {
        (self.realm(circle) != Fact::Known(false)).then(|| Meant::perhaps(doubt))
    }

    /// What depends on the single issue or request.
    fn on_condition(&self, circle: Circle) -> Option<Meant<'a>> {
        match self.realm(circle) {
            Fact::Known(true) => Some(Meant::conditional()),
            Fact::Unknown => Some(Meant::perhaps(Doubt::Accounts(circle))),
            Fact::Known(false) | Fact::Absent => None,
        }
    }

    /// True if it may be in groups that nobody named it in.
    pub(super) fn may_be_in_more(&self) -> bool {
        self.nesting_untold
            || self.principal.groups.is_unknown()
            || (self.account.id.tenant() == ResourceId::CLOUD && self.access.index.has_open_workspace_groups())
    }

    /// Whether it is at home where a circle of sources looks.
    pub(super) fn presence(&self, circle: Circle) -> Presence<'a> {
        let shown = self.access.index.shown(circle);
        let realm = shown.knows_tenant(self.account.id.tenant());
        if realm == Fact::Known(false) {
            return Presence::No;
        }
        if circle == self.circle || shown.meets(self.access.index.shown(self.circle)) {
            return Presence::Here;
        }
        if shown.hidden_accounts.is_some() || realm.is_unknown() {
            return Presence::Perhaps(Doubt::Accounts(circle));
        }
        Presence::No
    }

    /// True if accounts of its tenant may have rights where a circle of sources looks; unknown if these show no accounts.
    pub(super) fn realm(&self, circle: Circle) -> Fact<bool> {
        self.access.index.shown(circle).knows_tenant(self.account.id.tenant())
    }

    /// Whether a grant means it, on a container that a circle of sources shows. Roles and leads of projects are asked of
    /// the project that is handed in.
    pub(super) fn meant(&self, grant: &'a Grant, circle: Circle, project: Option<&'a Resource>) -> Option<Meant<'a>> {
        match grant.holder {
            Holder::Anyone => match self.realm(circle) {
                Fact::Known(true) => Some(Meant::with_everybody()),
                Fact::Unknown => Some(Meant::perhaps(Doubt::Accounts(circle))),
                Fact::Known(false) | Fact::Absent => None,
            },
            Holder::LoggedIn => self.everybody_at(circle),
            Holder::ApplicationRole => self.has_seat(grant, circle),
            Holder::Group => match &grant.group {
                Fact::Known(group) => self.in_group(group),
                Fact::Absent => None,
                Fact::Unknown => self.perhaps_at(circle, Doubt::Holder),
            },
            Holder::Principal => match &grant.principal {
                Fact::Known(holder) => (*holder == self.account.id).then(Meant::held),
                Fact::Absent => None,
                Fact::Unknown => self.perhaps_at(circle, Doubt::Holder),
            },
            Holder::ProjectRole => match (&grant.holder_detail, project) {
                // A share writes the project before the role.
                (Fact::Known(role), Some(project)) => self.plays(role.rsplit('/').next().unwrap_or(role), project),
                _ => self.perhaps_at(circle, Doubt::Holder),
            },
            Holder::Conditional if grant.holder_detail.known().is_some_and(|detail| detail == "projectLead") => {
                match project.map(|project| &project.body) {
                    Some(Body::Container(project)) => self.leads(project, circle),
                    _ => self.perhaps_at(circle, Doubt::Lead),
                }
            }
            Holder::Conditional | Holder::PortalCustomers => self.on_condition(circle),
            Holder::Project => match project {
                Some(project) => self.browses(project),
                None => self.perhaps_at(circle, Doubt::Holder),
            },
            Holder::Other => self.perhaps_at(circle, Doubt::Holder),
        }
    }

    fn everybody_at(&self, circle: Circle) -> Option<Meant<'a>> {
        match self.presence(circle) {
            Presence::Here => Some(Meant::with_everybody()),
            Presence::Perhaps(doubt) => Some(Meant::perhaps(doubt)),
            Presence::No => None,
        }
    }

    /// Whether it takes a seat of the application that a grant names.
    fn has_seat(&self, grant: &'a Grant, circle: Circle) -> Option<Meant<'a>> {
        let Fact::Known(key) = &grant.holder_detail else { return self.perhaps_at(circle, Doubt::Holder) };
        match self.seat(grant) {
            Seat::By(group) => {
                let meant = self.in_group(group)?;
                Some(Meant { with_everybody: meant.bound == Bound::Held, ..meant })
            }
            Seat::None => None,
            Seat::Untold => match self.presence(circle) {
                Presence::No => None,
                Presence::Here | Presence::Perhaps(_) => Some(Meant::perhaps(Doubt::Seats(key))),
            },
        }
    }

    /// The group by which it takes a seat of the application that a grant names, or may take it.
    pub(super) fn takes_seat_by(&self, grant: &'a Grant) -> Option<&'a ResourceId> {
        match self.seat(grant) {
            Seat::By(group) => Some(group),
            Seat::None | Seat::Untold => None,
        }
    }

    /// The groups that take a seat of the application that a grant names, where it names one and they were told.
    pub(super) fn groups_with_seats(&self, grant: &'a Resource) -> Option<&'a [ResourceId]> {
        let Body::Grant(Grant {
            holder: Holder::ApplicationRole,
            holder_detail: Fact::Known(key),
            container: Fact::Known(container),
            ..
        }) = &grant.body
        else {
            return None;
        };
        let application = self.access.index.application(container.tenant(), key)?;
        match &self.access.inventory.resource(application).body {
            Body::Container(Container { licence_groups: Fact::Known(groups), .. }) => Some(groups),
            _ => None,
        }
    }

    fn seat(&self, grant: &'a Grant) -> Seat<'a> {
        let (Fact::Known(key), Fact::Known(container)) = (&grant.holder_detail, &grant.container) else {
            return Seat::Untold;
        };
        let inventory = self.access.inventory;
        let application = self.access.index.application(container.tenant(), key);
        match application.map(|at| &inventory.resource(at).body) {
            Some(Body::Container(Container { licence_groups: Fact::Known(groups), .. })) => {
                let rank = |group: &&'a ResourceId| {
                    let bound = self.in_group(group).map(|meant| meant.bound);
                    bound.map(|bound| (bound, self.path_to(group).len(), *group))
                };
                let best = groups.iter().filter_map(|group| rank(&group)).min();
                return best.map_or(Seat::None, |(_, _, group)| Seat::By(group));
            }
            Some(Body::Container(Container { licence_groups: Fact::Absent, .. })) => return Seat::None,
            _ => {}
        }
        // Nobody told whose seats these are. Confluence tells which groups may use it; that proves one. Access to the Jira of
        // the same site does not.
        let site = match inventory.get(container).map(|space| &space.body) {
            Some(Body::Container(Container { parent, .. })) => parent.known(),
            _ => None,
        };
        let opens = |group: &&'a ResourceId| {
            inventory.grants_of(group).any(|grant| match &grant.body {
                Body::Grant(Grant { form: GrantForm::ProductAccess, container, .. }) => container.known() == site,
                _ => false,
            })
        };
        if key != "confluence" || site.is_none() {
            return Seat::Untold;
        }
        let opening = self.groups().filter(opens).min_by_key(|group| (self.path_to(group).len(), *group));
        opening.map_or(Seat::Untold, Seat::By)
    }

    /// Whether it leads a project that a circle of sources shows.
    pub(super) fn leads(&self, project: &'a Container, circle: Circle) -> Option<Meant<'a>> {
        match &project.lead {
            Fact::Known(lead) => (*lead == self.account.id).then(Meant::held),
            Fact::Absent => None,
            Fact::Unknown => self.perhaps_at(circle, Doubt::Lead),
        }
    }

    /// Whether it owns a filter or dashboard, and so may see and change it.
    pub(super) fn owns(&self, container: &'a Container, circle: Circle) -> Option<Meant<'a>> {
        if !matches!(container.form, ContainerForm::Filter | ContainerForm::Dashboard) {
            return None;
        }
        match &container.owner {
            Fact::Known(owner) => (*owner == self.account.id).then(Meant::held),
            Fact::Absent => None,
            Fact::Unknown => self.perhaps_at(circle, Doubt::Owner),
        }
    }

    /// Whether a place in a role of a project is its own, or that of one of its groups.
    pub(super) fn placed(&self, grant: &'a Grant, circle: Circle) -> Option<Meant<'a>> {
        match grant.holder {
            Holder::Principal | Holder::Group => self.meant(grant, circle, None),
            _ => self.perhaps_at(circle, Doubt::Holder),
        }
    }

    /// A share with everybody who may see a project.
    fn browses(&self, project: &'a Resource) -> Option<Meant<'a>> {
        let permissions = Arc::new(super::reach::in_project(self, project));
        let place = Place { container: project, permissions };
        let found = place.find("BROWSE_PROJECTS").or_else(|| place.find(ANY))?;
        Some(Meant {
            bound: found.bound,
            with_everybody: found.of_everybody,
            // What depends on the issue may be there for all issues as well.
            doubt: found.doubt.is_some().then_some(Doubt::Scheme),
        })
    }

    /// Whether it has a place in a role of a project, by the role's id. A role that it may have by hidden places is told
    /// by the caller, who knows the ledger.
    pub(super) fn plays(&self, role: &str, project: &'a Resource) -> Option<Meant<'a>> {
        let (mut roles, unnamed) = self.roles_in(project);
        let circle = self.access.inventory.place(&project.id).map(|at| self.access.index.circle(at));
        roles.remove(role).or(unnamed).or_else(|| self.hidden_role(circle?))
    }

    /// Places in roles that nobody could read.
    pub(super) fn hidden_role(&self, circle: Circle) -> Option<Meant<'a>> {
        let entry = self.access.index.shown(circle).hidden_roles?;
        self.perhaps_at(circle, Doubt::Entry(entry))
    }

    /// The roles of a project that it has, or may have, by their ids; and what holds for every role because of a place of
    /// which it was not told in which role it is.
    pub(super) fn roles_in(&self, project: &'a Resource) -> (HashMap<&'a str, Meant<'a>>, Option<Meant<'a>>) {
        let mut roles: HashMap<&'a str, Meant<'a>> = HashMap::new();
        let mut unnamed = None;
        let Some(at) = self.access.inventory.place(&project.id) else { return (roles, unnamed) };
        let circle = self.access.index.circle(at);
        for resource in self.access.inventory.grants_on(&project.id) {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.form != GrantForm::ProjectRole {
                continue;
            }
            let Some(meant) = self.placed(grant, circle) else { continue };
            match role_id(resource) {
                Some(role) if roles.get(role).is_some_and(|known| known.bound <= meant.bound) => {}
                Some(role) => {
                    roles.insert(role, meant);
                }
                None => unnamed = Some(Meant::perhaps(Doubt::WhichRole)),
            }
        }
        (roles, unnamed)
    }
}

/// The id of the role that a place in a role is of: `project-role:<project>/<role>/<holder>`. Exports name roles in their
/// own way.
pub(super) fn role_id(grant: &Resource) -> Option<&str> {
    let mut parts = grant.id.native().strip_prefix("project-role:")?.splitn(3, '/');
    let (project, role, _) = (parts.next()?, parts.next()?, parts.next()?);
    (!project.contains(':') && !role.is_empty()).then_some(role)
}

impl<'a> Doubt<'a> {
    /// The doubt as a fragment of a sentence, with what would settle it.
    pub(super) fn words(&self, access: Access<'_, 'a>, account: &Resource) -> String {
        let ledger = &access.inventory.snapshot().ledger;
        let gap = |at: u32| ledger.get(at as usize).map_or_else(String::new, gap_words);
        match self {
            Self::Groups => format!("not all groups of {} were told", account.title()),
            Self::Nesting => format!("which groups those of {} are inside of was not told", account.title()),
            Self::Holder => "some grants name nobody that was understood".to_owned(),
            Self::Unplaced => "some grants do not tell what they are on".to_owned(),
            Self::Accounts(circle) => accounts_words(access.index.shown(*circle), ledger),
            Self::Entry(at) => gap(*at),
            Self::Seats(application) => format!("which groups take a seat of {application} was not told"),
            Self::Scheme => "which permission scheme some projects use was not told".to_owned(),
            Self::TeamManaged => "the access of team-managed projects cannot be read by any API".to_owned(),
            Self::Lead => "who leads some projects was not told".to_owned(),
            Self::Role(role) => format!("what the role “{role}” permits was not told"),
            Self::NotAsked => {
                "Jira tells the lesser global permissions of single accounts only, and was not asked for this one"
                    .to_owned()
            }
            Self::Public => "whether some repositories are public was not told".to_owned(),
            Self::Parent => "what some projects and repositories of Bitbucket lie in was not told".to_owned(),
            Self::WhichRole => "some places in roles do not tell which role they are of".to_owned(),
            Self::WhichOrganisation => {
                format!("several organisations show {}, and which of them gave its roles is not told", account.title())
            }
            Self::OwnRoles => format!("the roles of {} were not told", account.title()),
            Self::Owner => "whose some filters and dashboards are was not told".to_owned(),
        }
    }
}

fn gap_words(entry: &LedgerEntry) -> String {
    let mut words = entry.gap_text();
    if !entry.right.is_empty() {
        words.push_str("; it takes ");
        words.push_str(&entry.right);
    }
    words
}

fn accounts_words(shown: &Shown, ledger: &[LedgerEntry]) -> String {
    match shown.hidden_accounts.and_then(|at| ledger.get(at as usize)) {
        Some(entry) => gap_words(entry),
        None => {
            let sources: Vec<&str> = shown.sources.iter().map(|source| source.as_str()).collect();
            format!("{} showed no accounts", sources.join(", "))
        }
    }
}

/// The project that a share is with, or of whose role it speaks: `<project>` or `<project>/<role>` in its detail. A role
/// alone is one of every project: which is meant was not told.
pub(super) fn project_of_share<'a>(access: Access<'_, 'a>, grant: &Grant) -> Option<&'a Resource> {
    let (Fact::Known(detail), Fact::Known(container)) = (&grant.holder_detail, &grant.container) else { return None };
    let project = match (grant.holder, detail.split_once('/')) {
        (Holder::ProjectRole, Some((project, _))) => project,
        (Holder::Project, None) => detail,
        _ => return None,
    };
    let id = ResourceId::new(container.tenant(), crate::model::Kind::Container, &format!("project:{project}"));
    let resource = access.inventory.get(&id)?;
    matches!(&resource.body, Body::Container(container) if container.form == ContainerForm::Project).then_some(resource)
}
