//! What the questions about access lean on, worked out once from the whole snapshot: places of containers and grants as
//! numbers, what is shown by whom, and where something may be hidden.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::breadth::is_content;
use super::open::holds_without_a_grant;
use super::powers::forms_on;
use super::{Access, Power, power_of};
use crate::inventory::Inventory;
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, Kind, LedgerEntry, ResourceId, SourceName,
};

/// The sources that show a resource, as a number: resources shown by the same sources have the same.
pub(super) type Circle = u32;

/// A permission scheme with the projects that use it.
#[derive(Debug)]
pub(super) struct Scheme {
    pub(super) at: u32,
    /// Sorted.
    pub(super) projects: Vec<u32>,
    /// Which of the projects that are alike use it, sorted.
    alike: Vec<u32>,
    /// Its grants to roles of the project, by the role's id: their places, and how much can be done with each.
    pub(super) to_roles: BTreeMap<String, Vec<(u32, Power)>>,
    /// Its grants to the lead of the project.
    pub(super) to_lead: Vec<u32>,
    /// Its other grants that name neither an account nor a group.
    pub(super) open: Vec<u32>,
}

/// Projects that are the same to an account which has no role in them and does not lead them.
#[derive(Debug)]
pub(super) struct Alike {
    pub(super) common: Common,
    /// Sorted.
    pub(super) projects: Vec<u32>,
}

/// What such projects have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Common {
    tenant: String,
    /// Its place among the schemes; none of projects of which the scheme was not told.
    pub(super) scheme: Option<u32>,
    pub(super) circle: Circle,
    pub(super) lead_is_told: bool,
    pub(super) team_managed: Fact<bool>,
}

/// What is known about a circle of sources.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) sources: BTreeSet<SourceName>,
    /// The tenants of the accounts and groups these sources know; none if they showed none.
    tenants: HashSet<String>,
    /// The entry of the ledger behind which accounts may be hidden, by its place.
    pub(super) hidden_accounts: Option<u32>,
    /// By form of container, the entry behind which grants may be hidden.
    hidden_grants: BTreeMap<ContainerForm, u32>,
    /// True if what each account may do with each repository in the end was read whole.
    pub(super) sums_up: bool,
    /// True if the roles of all accounts were read whole as grants.
    pub(super) tells_platform_roles: bool,
    /// The entry behind which places in project roles may be hidden.
    pub(super) hidden_roles: Option<u32>,
    /// The sources that ask for global permissions, which Jira tells account by account; and whether accounts may be hidden
    /// from each.
    pub(super) asking_for_global: Vec<(SourceName, bool)>,
}

/// True if a grant says which account or group it means.
pub(super) fn is_named(grant: &Grant) -> bool {
    match grant.holder {
        Holder::Principal => grant.principal.known().is_some(),
        Holder::Group => grant.group.known().is_some(),
        _ => false,
    }
}

/// In the place of a place: what a grant is on was not seen.
const NOWHERE: u32 = u32::MAX;

/// The groups an account may be in if nobody tells its groups.
#[derive(Debug, Default)]
struct Untold {
    /// Those of which not all members were told, and all they are inside of.
    groups: HashSet<ResourceId>,
    /// True if any group may contain one of these.
    any: bool,
}

/// The access structure of a snapshot.
#[derive(Debug)]
pub(in crate::inventory) struct Index {
    circles: Vec<Circle>,
    shown: Vec<Shown>,
    schemes: Vec<Scheme>,
    alike: Vec<Alike>,
    /// Those in which somebody may hold something without being named, and without a role; sorted.
    outspoken: Vec<u32>,
    /// All projects, sorted, each with the place of what it has in common with others.
    projects: Vec<(u32, u32)>,
    /// The projects that an account leads, by its place.
    led: HashMap<u32, Vec<u32>>,
    /// The filters and dashboards of an account, by its place.
    owned: HashMap<u32, Vec<u32>>,
    /// The place of what each grant is on, by the grant's; [`NOWHERE`] if that was not seen.
    on: Vec<u32>,
    /// Grants to nobody in particular, those of permission schemes left out, sorted.
    open: Vec<u32>,
    /// Grants of which nobody told what they are on, sorted.
    unplaced: Vec<u32>,
    children: HashMap<ResourceId, Vec<u32>>,
    /// By tenant and key.
    applications: HashMap<String, HashMap<String, u32>>,
    /// Containers other than projects where something may be held without a grant, sorted.
    special: Vec<u32>,
    organisations: Vec<u32>,
    untold: HashMap<String, Untold>,
    /// True if some group of a Bitbucket workspace did not tell all its members.
    open_workspace_groups: bool,
    products: Products,
    places_of_content: usize,
    hidden_content: HiddenContent,
}

/// Which tenants are Bitbucket workspaces, whose accounts are the cloud's, and which are self-hosted products with
/// accounts of their own.
#[derive(Debug, Default)]
struct Products {
    workspaces: HashSet<String>,
    servers: HashSet<String>,
}

/// Where there may be projects, spaces and repositories that were not seen.
#[derive(Debug)]
enum HiddenContent {
    /// Nothing was to show any.
    Everywhere,
    /// Of each source that did not show all of them the tenants of the accounts it knows; none if it showed none.
    Of(Vec<HashSet<String>>),
}

impl Index {
    pub(in crate::inventory) fn new(inventory: &Inventory<'_>) -> Self {
        let products = Products::of(inventory);
        let tenants = tenants(inventory, &products);
        let (circles, shown) = circles(inventory, &tenants);
        let mut index = Self {
            circles,
            shown,
            schemes: Vec::new(),
            alike: Vec::new(),
            outspoken: Vec::new(),
            projects: Vec::new(),
            led: HashMap::new(),
            owned: HashMap::new(),
            on: Vec::new(),
            open: Vec::new(),
            unplaced: Vec::new(),
            children: HashMap::new(),
            applications: HashMap::new(),
            special: Vec::new(),
            organisations: Vec::new(),
            untold: HashMap::new(),
            open_workspace_groups: false,
            products,
            places_of_content: 0,
            hidden_content: hidden_content(inventory, &tenants),
        };
        index.place_containers(inventory);
        index.place_grants(inventory);
        index.find_outspoken();
        index.find_special(inventory);
        index.find_untold(inventory, &tenants);
        let of_workspaces = |group: &ResourceId| index.products.may_be_workspace(group.tenant());
        let granted = inventory.places(Kind::Grant).filter_map(|at| match &inventory.resource(at).body {
            Body::Grant(Grant { group: Fact::Known(group), .. }) => Some(group),
            _ => None,
        });
        index.open_workspace_groups =
            granted.filter(|group| of_workspaces(group)).any(|group| index.may_hold_anybody(inventory, group));
        index
    }

    fn place_containers(&mut self, inventory: &Inventory<'_>) {
        let mut by_scheme: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for at in inventory.places(Kind::Container) {
            let resource = inventory.resource(at);
            let Body::Container(container) = &resource.body else { continue };
            if let Container { parent: Fact::Known(parent), .. } = container {
                self.children.entry(parent.clone()).or_default().push(at);
            }
            match container.form {
                ContainerForm::Project => {
                    if let Some(scheme) = container.permission_scheme.known().and_then(|id| inventory.place(id)) {
                        by_scheme.entry(scheme).or_default().push(at);
                    }
                    if let Some(lead) = container.lead.known().and_then(|lead| inventory.place(lead)) {
                        self.led.entry(lead).or_default().push(at);
                    }
                }
                ContainerForm::Filter | ContainerForm::Dashboard => {
                    if let Some(owner) = container.owner.known().and_then(|owner| inventory.place(owner)) {
                        self.owned.entry(owner).or_default().push(at);
                    }
                }
                ContainerForm::Organisation => self.organisations.push(at),
                ContainerForm::Application => {
                    if let Fact::Known(key) = &container.key {
                        let of_tenant = self.applications.entry(resource.id.tenant().to_owned()).or_default();
                        of_tenant.insert(key.clone(), at);
                    }
                }
                _ => {}
            }
            self.places_of_content += usize::from(is_content(container.form));
        }
        let scheme = |(at, projects)| Scheme {
            at,
            projects,
            alike: Vec::new(),
            to_roles: BTreeMap::new(),
            to_lead: Vec::new(),
            open: Vec::new(),
        };
        self.schemes = by_scheme.into_iter().map(scheme).collect();
        self.place_projects(inventory);
    }

    fn place_projects(&mut self, inventory: &Inventory<'_>) {
        let mut numbers: HashMap<Common, u32> = HashMap::new();
        for at in inventory.places(Kind::Container) {
            let resource = inventory.resource(at);
            let Body::Container(project) = &resource.body else { continue };
            if project.form != ContainerForm::Project {
                continue;
            }
            let scheme = project.permission_scheme.known().and_then(|scheme| inventory.place(scheme));
            let scheme = scheme.and_then(|at| self.schemes.binary_search_by_key(&at, |scheme| scheme.at).ok());
            let common = Common {
                tenant: resource.id.tenant().to_owned(),
                scheme: scheme.map(number),
                circle: self.circle(at),
                lead_is_told: !project.lead.is_unknown(),
                team_managed: project.team_managed,
            };
            let next = number(numbers.len());
            let alike = *numbers.entry(common).or_insert_with_key(|common| {
                self.alike.push(Alike { common: common.clone(), projects: Vec::new() });
                if let Some(scheme) = scheme.and_then(|scheme| self.schemes.get_mut(scheme)) {
                    scheme.alike.push(next);
                }
                next
            });
            self.alike[alike as usize].projects.push(at);
            self.projects.push((at, alike));
        }
    }

    fn place_grants(&mut self, inventory: &Inventory<'_>) {
        self.on = vec![NOWHERE; self.circles.len()];
        for at in inventory.places(Kind::Grant) {
            let Body::Grant(grant) = &inventory.resource(at).body else { continue };
            if grant.container.is_unknown() {
                self.unplaced.push(at);
            }
            let Fact::Known(container) = &grant.container else { continue };
            let on = inventory.place(container);
            self.on[at as usize] = on.unwrap_or(NOWHERE);
            if is_named(grant) {
                continue;
            }
            let is_scheme = |on: u32| match &inventory.resource(on).body {
                Body::Container(container) => container.form == ContainerForm::PermissionScheme,
                _ => false,
            };
            let Some(on) = on.filter(|on| is_scheme(*on)) else {
                self.open.push(at);
                continue;
            };
            let scheme = self.schemes.binary_search_by_key(&on, |scheme| scheme.at).ok();
            let Some(scheme) = scheme.and_then(|scheme| self.schemes.get_mut(scheme)) else { continue };
            if grant.form != GrantForm::Permission {
                continue;
            }
            match (&grant.holder, &grant.holder_detail) {
                (Holder::ProjectRole, Fact::Known(role)) => {
                    let power = power_of(ContainerForm::Project, &grant.role);
                    scheme.to_roles.entry(role.clone()).or_default().push((at, power));
                }
                (Holder::Conditional, Fact::Known(detail)) if detail == "projectLead" => scheme.to_lead.push(at),
                _ => scheme.open.push(at),
            }
        }
        // What is put together in order of the permissions is quickly sorted.
        let permission = |at: u32| match &inventory.resource(at).body {
            Body::Grant(grant) => grant.role.as_str(),
            _ => "",
        };
        for grants in self.schemes.iter_mut().flat_map(|scheme| scheme.to_roles.values_mut()) {
            grants.sort_by_key(|(at, _)| (permission(*at), *at));
        }
    }

    /// The projects in which nobody holds anything but by name, by a role or as the lead need not be looked at for all others.
    fn find_outspoken(&mut self) {
        let is_silent = |Alike { common, .. }: &Alike| {
            let shown = self.shown(common.circle);
            common.scheme.is_some_and(|scheme| self.schemes[scheme as usize].open.is_empty())
                && common.lead_is_told
                && shown.hidden_roles.is_none()
                && shown.hidden_grants(ContainerForm::Project).is_none()
        };
        let outspoken = (0..).zip(&self.alike).filter(|(_, alike)| !is_silent(alike)).map(|(at, _)| at);
        self.outspoken = outspoken.collect();
    }

    /// Where an account without any grant may hold something, so that those that are not among them need not be looked at.
    fn find_special(&mut self, inventory: &Inventory<'_>) {
        let access = Access { inventory, index: self };
        let special = inventory.places(Kind::Container).filter(|at| match &inventory.resource(*at).body {
            Body::Container(container) => holds_without_a_grant(access, *at, container),
            _ => false,
        });
        self.special = special.collect();
    }

    /// Of each tenant the groups that an account may be in of which nobody told the groups.
    fn find_untold(&mut self, inventory: &Inventory<'_>, tenants: &Tenants<'_>) {
        // A group that was not seen may be inside of any that was, where the product has groups in groups.
        let nests: HashSet<&str> = inventory
            .of_kind(Kind::Group)
            .filter(|group| matches!(&group.body, Body::Group(Group { inside, .. }) if *inside != Fact::Absent))
            .map(|group| group.id.tenant())
            .collect();
        for entry in inventory.coverage().gaps_over(Kind::Group, &[""; 0]).filter(|entry| entry.forms.is_empty()) {
            for tenant in tenants.get(&entry.source).into_iter().flatten().filter(|one| nests.contains(one.as_str())) {
                self.untold.entry(tenant.clone()).or_default().any = true;
            }
        }
        for group in inventory.of_kind(Kind::Group) {
            let Body::Group(Group { members_told, .. }) = &group.body else { continue };
            if *members_told == Fact::Known(true) {
                continue;
            }
            let untold = self.untold.entry(group.id.tenant().to_owned()).or_default();
            let mut round = vec![group.id.clone()];
            while let Some(id) = round.pop() {
                match inventory.get(&id).map(|group| &group.body) {
                    Some(Body::Group(Group { inside: Fact::Known(parents), .. })) => {
                        round.extend(parents.iter().filter(|parent| !untold.groups.contains(*parent)).cloned())
                    }
                    Some(Body::Group(Group { inside: Fact::Absent, .. })) => {}
                    _ => untold.any = true,
                }
                untold.groups.insert(id);
            }
        }
    }

    /// The circle of a resource by its place.
    pub(super) fn circle(&self, at: u32) -> Circle {
        self.circles[at as usize]
    }

    /// What is known about a circle.
    pub(super) fn shown(&self, circle: Circle) -> &Shown {
        &self.shown[circle as usize]
    }

    pub(super) fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    pub(super) fn alike(&self) -> &[Alike] {
        &self.alike
    }

    /// Those of them in which somebody may hold something without being named, and without a role.
    pub(super) fn outspoken(&self) -> &[u32] {
        &self.outspoken
    }

    /// Those of them that use a scheme, by the scheme's place.
    pub(super) fn alike_by(&self, scheme: u32) -> Option<&[u32]> {
        let at = self.schemes.binary_search_by_key(&scheme, |scheme| scheme.at).ok()?;
        self.schemes.get(at).map(|scheme| scheme.alike.as_slice())
    }

    /// All projects in order, each with the place of what it has in common with others.
    pub(super) fn projects(&self) -> &[(u32, u32)] {
        &self.projects
    }

    /// Where the projects like one are among those that are alike, by the project's place; `None` of what is no project.
    pub(super) fn alike_of(&self, project: u32) -> Option<u32> {
        let at = self.projects.binary_search_by_key(&project, |(at, _)| *at).ok()?;
        Some(self.projects[at].1)
    }

    /// The scheme that a project uses, by the project's place, if it was told and seen.
    pub(super) fn scheme_of(&self, project: u32) -> Option<&Scheme> {
        let scheme = self.alike.get(self.alike_of(project)? as usize)?.common.scheme?;
        self.schemes.get(scheme as usize)
    }

    /// The projects that an account leads.
    pub(super) fn led_by(&self, account: u32) -> &[u32] {
        self.led.get(&account).map_or(&[], Vec::as_slice)
    }

    /// The filters and dashboards of an account.
    pub(super) fn owned_by(&self, account: u32) -> &[u32] {
        self.owned.get(&account).map_or(&[], Vec::as_slice)
    }

    /// The place of what a grant is on, if that was seen.
    pub(super) fn on(&self, grant: u32) -> Option<u32> {
        self.on.get(grant as usize).copied().filter(|on| *on != NOWHERE)
    }

    /// The grants that name neither an account nor a group, those of permission schemes left out.
    pub(super) fn open(&self) -> &[u32] {
        &self.open
    }

    /// The grants of which nobody told what they are on.
    pub(super) fn unplaced(&self) -> &[u32] {
        &self.unplaced
    }

    /// Containers other than projects where something may be held without a grant.
    pub(super) fn special(&self) -> &[u32] {
        &self.special
    }

    pub(super) fn organisations(&self) -> &[u32] {
        &self.organisations
    }

    /// What lies directly inside a container.
    pub(super) fn inside(&self, container: &ResourceId) -> &[u32] {
        self.children.get(container).map_or(&[], Vec::as_slice)
    }

    /// An application of a site or server by its key.
    pub(super) fn application(&self, tenant: &str, key: &str) -> Option<u32> {
        self.applications.get(tenant)?.get(key).copied()
    }

    /// How many projects, spaces and repositories there are.
    pub(super) fn places_of_content(&self) -> usize {
        self.places_of_content
    }

    /// True if there may be projects, spaces or repositories that were not seen where accounts of a tenant may have rights.
    pub(super) fn content_may_be_hidden_from(&self, tenant: &str) -> bool {
        match &self.hidden_content {
            HiddenContent::Everywhere => true,
            HiddenContent::Of(sources) => sources.iter().any(|known| known.is_empty() || known.contains(tenant)),
        }
    }

    /// True if there may be projects, spaces or repositories anywhere that were not seen.
    pub(super) fn content_may_be_hidden(&self) -> bool {
        !matches!(&self.hidden_content, HiddenContent::Of(sources) if sources.is_empty())
    }

    /// Whether a resource lies in a self-hosted product, by its tenant; `None` if that is not told.
    pub(super) fn is_on_server(&self, tenant: &str) -> Option<bool> {
        match (self.products.workspaces.contains(tenant), self.products.servers.contains(tenant)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    /// True if accounts of the cloud may be in groups of a tenant that is not the cloud.
    pub(super) fn may_be_workspace(&self, tenant: &str) -> bool {
        self.products.may_be_workspace(tenant)
    }

    /// True if an account of the cloud may be in groups of workspaces that did not name it.
    pub(super) fn has_open_workspace_groups(&self) -> bool {
        self.open_workspace_groups
    }

    /// True if an account of which nobody told the groups may be in this one.
    pub(super) fn may_hold_anybody(&self, inventory: &Inventory<'_>, group: &ResourceId) -> bool {
        let untold = self.untold.get(group.tenant());
        inventory.get(group).is_none() || untold.is_some_and(|untold| untold.any || untold.groups.contains(group))
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("internal: a snapshot has fewer than 4 billion resources")
}

impl Products {
    fn of(inventory: &Inventory<'_>) -> Self {
        let mut products = Self::default();
        let mut add = |to_workspaces: bool, tenant: &str| {
            let set = if to_workspaces { &mut products.workspaces } else { &mut products.servers };
            if tenant != ResourceId::CLOUD && !set.contains(tenant) {
                set.insert(tenant.to_owned());
            }
        };
        for resource in inventory.of_kind(Kind::Container) {
            match &resource.body {
                Body::Container(Container { form: ContainerForm::Workspace, .. }) => add(true, resource.id.tenant()),
                Body::Container(Container { form: ContainerForm::Instance, .. }) => add(false, resource.id.tenant()),
                _ => {}
            }
        }
        for account in inventory.of_kind(Kind::Principal) {
            add(false, account.id.tenant());
        }
        products
    }

    fn may_be_workspace(&self, tenant: &str) -> bool {
        tenant != ResourceId::CLOUD && (self.workspaces.contains(tenant) || !self.servers.contains(tenant))
    }
}

/// Of each source the tenants of the accounts it knows.
type Tenants<'s> = HashMap<&'s SourceName, HashSet<String>>;

/// By the accounts and groups that each source shows, and those that its grants name. In the groups of a workspace are
/// accounts of the cloud.
fn tenants<'s>(inventory: &Inventory<'s>, products: &Products) -> Tenants<'s> {
    let mut tenants: Tenants<'s> = HashMap::new();
    for resource in &inventory.snapshot().resources {
        let named: [Option<&ResourceId>; 2] = match &resource.body {
            Body::Principal(_) | Body::Group(_) => [Some(&resource.id), None],
            Body::Grant(Grant { principal, group, form, .. }) if *form != GrantForm::PlatformRole => {
                [principal.known(), group.known()]
            }
            _ => [None, None],
        };
        for id in named.into_iter().flatten() {
            let of_workspace = id.kind() == Kind::Group && products.may_be_workspace(id.tenant());
            for tenant in [Some(id.tenant()), of_workspace.then_some(ResourceId::CLOUD)].into_iter().flatten() {
                for sighting in &resource.seen_by {
                    let known = tenants.entry(&sighting.source).or_default();
                    if !known.contains(tenant) {
                        known.insert(tenant.to_owned());
                    }
                }
            }
        }
    }
    tenants
}

/// Behind which gaps there may be more projects, spaces and repositories.
fn hidden_content(inventory: &Inventory<'_>, tenants: &Tenants<'_>) -> HiddenContent {
    let shows = |entry: &&LedgerEntry| entry.can_show(Kind::Container, &["project", "space", "repository"]);
    let ledger = &inventory.snapshot().ledger;
    if !ledger.iter().any(|entry| shows(&entry)) {
        return HiddenContent::Everywhere;
    }
    let gaps = ledger.iter().filter(shows).filter(|entry| entry.is_gap());
    HiddenContent::Of(gaps.map(|gap| tenants.get(&gap.source).cloned().unwrap_or_default()).collect())
}

/// Which sources show which resource, and what each set of them tells.
fn circles(inventory: &Inventory<'_>, tenants: &Tenants<'_>) -> (Vec<Circle>, Vec<Shown>) {
    let snapshot = inventory.snapshot();
    let mut numbers: HashMap<Vec<&SourceName>, Circle> = HashMap::new();
    let mut circles = Vec::with_capacity(snapshot.resources.len());
    for resource in &snapshot.resources {
        let mut sources: Vec<&SourceName> = resource.seen_by.iter().map(|sighting| &sighting.source).collect();
        sources.dedup();
        let next = Circle::try_from(numbers.len()).expect("internal: there are few sets of sources");
        circles.push(*numbers.entry(sources).or_insert(next));
    }
    let mut shown: Vec<(Circle, Shown)> =
        numbers.into_iter().map(|(sources, circle)| (circle, look(inventory, &sources, tenants))).collect();
    shown.sort_by_key(|(circle, _)| *circle);
    (circles, shown.into_iter().map(|(_, shown)| shown).collect())
}

/// What the ledger says about a set of sources.
fn look(inventory: &Inventory<'_>, sources: &[&SourceName], tenants: &Tenants<'_>) -> Shown {
    let ledger = &inventory.snapshot().ledger;
    let mut shown = Shown { sources: sources.iter().map(|source| (*source).clone()).collect(), ..Shown::default() };
    shown.tenants = sources.iter().filter_map(|source| tenants.get(source)).flatten().cloned().collect();
    // A source that shows no containers of its own, such as an export, brings grants on those of others.
    let shows_containers = |source: &SourceName| {
        ledger.iter().any(|entry| entry.source == *source && entry.can_show(Kind::Container, &[""; 0]))
    };
    let concerns = |entry: &LedgerEntry| shown.sources.contains(&entry.source) || !shows_containers(&entry.source);
    let entries: Vec<(u32, &LedgerEntry)> = (0..).zip(ledger).filter(|(_, entry)| concerns(entry)).collect();
    let gap = |kind: Kind, forms: &[&str]| {
        entries.iter().find(|(_, entry)| entry.is_gap() && entry.can_show(kind, forms)).map(|(at, _)| *at)
    };
    let read_whole = |forms: &[&str]| {
        forms.iter().all(|form| entries.iter().any(|(_, entry)| entry.can_show(Kind::Grant, &[form])))
            && gap(Kind::Grant, forms).is_none()
    };
    let own = |entry: &LedgerEntry| shown.sources.contains(&entry.source);
    let hidden_accounts = entries
        .iter()
        .find(|(_, entry)| own(entry) && entry.is_gap() && entry.can_show(Kind::Principal, &[""; 0]))
        .map(|(at, _)| *at);
    let hidden_roles = gap(Kind::Grant, &["project-role"]);
    let asks = |entry: &LedgerEntry| {
        own(entry)
            && entry.shows.contains(&Kind::Grant)
            && entry.forms.iter().any(|form| &**form == "global-permission")
    };
    let hides_accounts = |source: &SourceName| {
        entries
            .iter()
            .any(|(_, entry)| entry.source == *source && entry.is_gap() && entry.can_show(Kind::Principal, &[""; 0]))
    };
    let asking = entries.iter().filter(|(_, entry)| asks(entry)).map(|(_, entry)| &entry.source);
    let asking_for_global = asking.map(|source| (source.clone(), hides_accounts(source))).collect();
    let sums_up = read_whole(&["effective-repository-permission"]);
    let tells_platform_roles = read_whole(&["platform-role"]);
    let mut hidden_grants = BTreeMap::new();
    for form in ContainerForm::ALL {
        let forms = forms_on(form);
        if forms.is_empty() || (form == ContainerForm::Repository && sums_up) {
            continue;
        }
        if let Some(at) = gap(Kind::Grant, forms) {
            hidden_grants.insert(form, at);
        }
    }
    Shown { hidden_accounts, hidden_grants, hidden_roles, asking_for_global, sums_up, tells_platform_roles, ..shown }
}

impl Shown {
    /// Whether accounts of a tenant are at home where these sources look; unknown if they showed no account at all.
    pub(super) fn knows_tenant(&self, tenant: &str) -> Fact<bool> {
        if self.tenants.is_empty() { Fact::Unknown } else { Fact::Known(self.tenants.contains(tenant)) }
    }

    /// The entry behind which grants on containers of a form may be hidden.
    pub(super) fn hidden_grants(&self, form: ContainerForm) -> Option<u32> {
        self.hidden_grants.get(&form).copied()
    }

    /// True if some source is in both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.sources.iter().any(|source| other.sources.contains(source))
    }
}
