//! Small estates from a seed, with everything that the questions about access know; and the same estates as a scan would
//! show them to which parts were refused.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::digest::Digest;
use keyroll::inventory::access::Bound;
use keyroll::model::{
    Body, Collection, Container, ContainerForm, Credential, CredentialForm, EndpointState, Fact, Grant, GrantForm,
    Group, Holder, Kind, LedgerEntry, Principal, PrincipalType, Resource, ResourceId, Sighting, Snapshot,
};

use super::naive::Naive;

/// Numbers that look random and are the same for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below the limit.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    pub(super) fn in_100(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    fn some<T: Clone>(&mut self, from: &[T], chance: usize) -> Vec<T> {
        from.iter().filter(|_| self.in_100(chance)).cloned().collect()
    }
}

type Shows = (&'static str, &'static [Kind], &'static [&'static str]);

use Kind::{Container as C, Credential as K, Grant as G, Group as U, Principal as P};

/// What each sort of source asks for: the endpoint, what it shows, in which forms.
fn endpoints(source: &str) -> &'static [Shows] {
    match source {
        "org" | "org2" => &[
            ("organisation", &[C], &["organisation"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("products", &[C], &["product", "site"]),
            ("roles of accounts", &[G], &["platform-role"]),
            ("roles of groups", &[G], &["platform-role", "group-platform-role"]),
            ("tokens", &[K], &["api-token"]),
        ],
        "jira" => &[
            ("site", &[C], &["site"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("access of groups", &[U, G], &["jira-access", "product-access"]),
            ("applications", &[C], &["application"]),
            ("projects", &[C], &["project"]),
            ("members of roles", &[G], &["project-role"]),
            ("permission schemes", &[C, G], &["permission-scheme", "permission"]),
            ("global permissions", &[G], &["global-permission"]),
            ("filters", &[C, G], &["filter", "share"]),
            ("dashboards", &[C, G], &["dashboard", "share"]),
        ],
        "jira-dc" => &[
            ("instance", &[C], &["instance"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("applications", &[C], &["application"]),
            ("projects", &[C], &["project"]),
            ("members of roles", &[G], &["project-role"]),
            ("permission schemes", &[C, G], &["permission-scheme", "permission"]),
            ("filters", &[C, G], &["filter", "share"]),
        ],
        "confluence" => &[
            ("site", &[C], &["site"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("access of groups", &[U, G], &["confluence-access", "product-access"]),
            ("spaces", &[C], &["space"]),
            ("space permissions", &[G], &["space-permission"]),
            ("space roles", &[G], &["space-role"]),
        ],
        "confluence-dc" => &[
            ("instance", &[C], &["instance"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("licence", &[C], &["application"]),
            ("global permissions", &[G], &["global-permission"]),
            ("spaces", &[C], &["space"]),
            ("space permissions", &[G], &["space-permission"]),
        ],
        "bitbucket" => &[
            ("workspace", &[C], &["workspace"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("roles of members", &[G], &["workspace-role"]),
            ("projects", &[C], &["repository-project"]),
            ("permissions on projects", &[G], &["repository-project-permission"]),
            ("repositories", &[C], &["repository"]),
            ("permissions on repositories", &[G], &["repository-permission"]),
            ("effective permissions", &[G], &["effective-repository-permission"]),
            ("deploy keys", &[K], &["deploy-key"]),
        ],
        "bitbucket-dc" => &[
            ("instance", &[C], &["instance"]),
            ("accounts", &[P], &[]),
            ("groups", &[U], &[]),
            ("global permissions", &[G], &["global-permission"]),
            ("projects", &[C], &["repository-project"]),
            ("permissions on projects", &[G], &["repository-project-permission"]),
            ("repositories", &[C], &["repository"]),
            ("permissions on repositories", &[G], &["repository-permission"]),
            ("tokens", &[K], &["personal-access-token"]),
        ],
        "align" => &[("users", &[P, C, G], &["platform-role", "instance"])],
        "export" => &[("export", &[G], &["global-permission"])],
        _ => panic!("{source} is no source"),
    }
}

/// Endpoints without which the rest of a source is not read at all.
const ALWAYS_THERE: [&str; 4] = ["instance", "organisation", "site", "workspace"];

#[derive(Debug, Clone, Default)]
pub(super) struct Estate {
    pub(super) resources: BTreeMap<ResourceId, Resource>,
    pub(super) ledger: Vec<LedgerEntry>,
    /// The roles that come with an account, by the source that told them.
    roles: BTreeMap<(ResourceId, &'static str), Vec<String>>,
}

pub(super) fn id(tenant: &str, kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(tenant, kind, native)
}

impl Estate {
    pub(super) fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut estate = Self::default();
        estate.cloud(&mut dice);
        if dice.in_100(35) {
            estate.bitbucket_server(&mut dice);
        }
        if dice.in_100(30) {
            estate.confluence_server(&mut dice);
        }
        if dice.in_100(25) {
            estate.jira_server(&mut dice);
        }
        if dice.in_100(15) {
            estate.align(&mut dice);
        }
        estate
    }

    /// A source with all its endpoints read whole.
    pub(super) fn source(&mut self, source: &'static str) {
        for (endpoint, shows, forms) in endpoints(source) {
            let now = "2026-11-22T02:00:00Z".parse().unwrap();
            let entry = LedgerEntry::not_asked(
                source.into(),
                (*endpoint).into(),
                String::new(),
                shows.to_vec(),
                String::new(),
                now,
            );
            let forms = forms.iter().map(|form| (*form).into()).collect();
            self.ledger.push(LedgerEntry { state: EndpointState::Complete, forms, ..entry });
        }
        self.ledger.sort_by(|left, right| (&left.source, &left.endpoint).cmp(&(&right.source, &right.endpoint)));
    }

    pub(super) fn entry(&mut self, source: &str, endpoint: &str) -> &mut LedgerEntry {
        let is_it = |entry: &&mut LedgerEntry| entry.source.as_str() == source && &*entry.endpoint == endpoint;
        self.ledger.iter_mut().find(is_it).unwrap_or_else(|| panic!("{source} has no {endpoint}"))
    }

    /// Something that an endpoint of a source shows.
    pub(super) fn see(&mut self, source: &str, endpoint: &str, id: &ResourceId, body: Body) {
        self.entry(source, endpoint);
        let seen_by = vec![Sighting { source: source.into(), endpoint: endpoint.into() }];
        let resource = Resource { id: id.clone(), name: id.native().to_owned(), seen_by, body };
        match self.resources.get_mut(id) {
            Some(known) => known.merge(resource),
            None => {
                self.resources.insert(id.clone(), resource);
            }
        }
    }

    /// Sealed, with one digest for all: nobody asks for it.
    pub(super) fn snapshot(&self) -> Snapshot {
        let resources: Vec<Resource> = self.resources.values().cloned().collect();
        let digests = vec![Digest::of_bytes(b""); resources.len()];
        Snapshot::of_digested(resources, digests, self.ledger.clone())
    }

    /// Sealed from collections in another order.
    pub(super) fn shuffled(&self, dice: &mut Dice) -> Snapshot {
        let mut collections = vec![Collection::default(); 3];
        for resource in self.resources.values() {
            collections[dice.below(3)].resources.push(resource.clone());
        }
        for entry in &self.ledger {
            collections[dice.below(3)].ledger.push(entry.clone());
        }
        collections.iter_mut().for_each(|one| one.resources.reverse());
        Snapshot::seal(collections)
    }

    pub(super) fn grant(&mut self, source: &str, endpoint: &str, native: &str, on: &ResourceId, grant: Grant) {
        let tenant = on.tenant().to_owned();
        let grant = Grant { container: Fact::Known(on.clone()), ..grant };
        self.see(source, endpoint, &id(&tenant, Kind::Grant, native), Body::Grant(grant));
    }

    // ---- the cloud ----

    fn cloud(&mut self, dice: &mut Dice) {
        let (org, jira, confluence) = (dice.in_100(60), dice.in_100(60), dice.in_100(45));
        let org2 = org && dice.in_100(25);
        let bitbucket = dice.in_100(50) || !(org || jira || confluence);
        let mut sources: Vec<&'static str> = Vec::new();
        for (is_there, source) in
            [(org, "org"), (org2, "org2"), (jira, "jira"), (confluence, "confluence"), (bitbucket, "bitbucket")]
        {
            if is_there {
                self.source(source);
                sources.push(source);
            }
        }
        let tells_groups: Vec<&'static str> = sources.iter().copied().filter(|one| *one != "bitbucket").collect();
        let groups: Vec<ResourceId> = match tells_groups.is_empty() {
            true => Vec::new(),
            false => (0..dice.between(1, 3)).map(|at| id(ResourceId::CLOUD, Kind::Group, &format!("g{at}"))).collect(),
        };
        for group in &groups {
            for source in &tells_groups {
                let body = Group { inside: Fact::Absent, members_told: Fact::Known(true), ..Group::default() };
                self.see(source, "groups", group, Body::Group(body));
            }
        }
        let mut accounts: BTreeMap<&'static str, Vec<ResourceId>> = BTreeMap::new();
        for at in 0..dice.between(2, 4) {
            let account = id(ResourceId::CLOUD, Kind::Principal, &format!("a{at}"));
            let mut seen_by = dice.some(&sources, 75);
            if seen_by.is_empty() {
                seen_by.push(sources[0]);
            }
            // Who is in a group of the cloud is shown wherever that group may count.
            let everywhere = tells_groups.iter().all(|source| seen_by.contains(source));
            let told = seen_by.iter().any(|source| tells_groups.contains(source));
            let mine = if everywhere { dice.some(&groups, 45) } else { Vec::new() };
            let account_type =
                *dice.pick(&[PrincipalType::Person, PrincipalType::Person, PrincipalType::App, PrincipalType::Agent]);
            let by_org = seen_by.iter().any(|source| source.starts_with("org"));
            let principal = Principal {
                account_type: Fact::Known(account_type),
                groups: if told { Fact::Known(mine) } else { Fact::Unknown },
                platform_roles: if by_org { Fact::Known(Vec::new()) } else { Fact::Unknown },
                workspace_groups: if seen_by.contains(&"bitbucket") { Fact::Known(Vec::new()) } else { Fact::Unknown },
                ..Principal::default()
            };
            for source in seen_by {
                self.see(source, "accounts", &account, Body::Principal(principal.clone()));
                accounts.entry(source).or_default().push(account.clone());
            }
        }
        let shown = |source: &str| accounts.get(source).cloned().unwrap_or_default();
        if jira {
            let site = id("s1", Kind::Container, "site");
            self.see("jira", "site", &site, Body::Container(Container::unknown(ContainerForm::Site)));
            self.jira("jira", &site, &shown("jira"), &groups, dice);
            self.opens("jira", &site, &groups, dice);
            self.asked_singly(&site, &shown("jira"), dice);
        }
        if confluence {
            let site = id("s1", Kind::Container, "confluence");
            self.see("confluence", "site", &site, Body::Container(Container::unknown(ContainerForm::Site)));
            self.opens("confluence", &site, &groups, dice);
            self.spaces("confluence", &site, &shown("confluence"), &groups, dice);
        }
        if org {
            self.organisation("org", "o1", jira, &shown("org"), &groups, dice);
        }
        if org2 {
            self.organisation("org2", "o2", false, &shown("org2"), &groups, dice);
        }
        if bitbucket {
            self.workspace(&shown("bitbucket"), dice);
        }
        self.tokens(dice);
    }

    fn organisation(
        &mut self,
        source: &'static str,
        tenant: &str,
        with_site: bool,
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) {
        let home = id(tenant, Kind::Container, "organisation");
        self.see(source, "organisation", &home, Body::Container(Container::unknown(ContainerForm::Organisation)));
        let product = id(tenant, Kind::Container, "ari:jira");
        let inside = |form| Container { parent: Fact::Known(home.clone()), ..Container::unknown(form) };
        self.see(source, "products", &product, Body::Container(inside(ContainerForm::Product)));
        if with_site {
            let site = id("s1", Kind::Container, "site");
            self.see(source, "products", &site, Body::Container(inside(ContainerForm::Site)));
        }
        // Of each account: role and product, with how it came by it.
        let mut roles: BTreeMap<(ResourceId, &'static str, ResourceId), BTreeSet<&'static str>> = BTreeMap::new();
        for account in accounts {
            if dice.in_100(25) {
                roles.entry((account.clone(), "atlassian/org-admin", home.clone())).or_default().insert("direct");
                let told = self.roles.entry((account.clone(), source)).or_default();
                told.push("atlassian/org-admin".to_owned());
            }
            if dice.in_100(25) {
                roles.entry((account.clone(), "atlassian/user", product.clone())).or_default().insert("direct");
            }
        }
        for group in &dice.some(groups, 50) {
            let role = *dice.pick(&["atlassian/user", "atlassian/admin"]);
            let grant =
                Grant { group: Fact::Known(group.clone()), ..Grant::of(GrantForm::PlatformRole, role, Holder::Group) };
            let native = format!("platform-role:ari:jira/{role}/{}", group.native());
            self.grant(source, "roles of groups", &native, &product, grant);
            for account in accounts.iter().filter(|account| self.is_in(account, group)) {
                roles.entry((account.clone(), role, product.clone())).or_default().insert("group_direct");
            }
        }
        for ((account, role, on), via) in roles {
            let grant = Grant {
                principal: Fact::Known(account.clone()),
                via: Fact::Known(via.into_iter().map(str::to_owned).collect()),
                ..Grant::of(GrantForm::PlatformRole, role, Holder::Principal)
            };
            let native = format!("platform-role:{}/{role}/{}", on.native(), account.native());
            self.grant(source, "roles of accounts", &native, &on, grant);
        }
        self.tell_roles();
    }

    /// Writes the roles that come with an account as the sources that show it tell them.
    fn tell_roles(&mut self) {
        for resource in self.resources.values_mut() {
            let told: BTreeSet<String> = (self.roles.iter())
                .filter(|((account, source), _)| {
                    *account == resource.id && resource.seen_by.iter().any(|seen| seen.source.as_str() == *source)
                })
                .flat_map(|(_, roles)| roles.iter().cloned())
                .collect();
            if let Body::Principal(Principal { platform_roles: roles @ Fact::Known(_), .. }) = &mut resource.body
                && resource.id.tenant() == ResourceId::CLOUD
            {
                *roles = Fact::Known(told.into_iter().collect());
            }
        }
    }

    fn is_in(&self, account: &ResourceId, group: &ResourceId) -> bool {
        match self.resources.get(account).map(|resource| &resource.body) {
            Some(Body::Principal(Principal { groups: Fact::Known(groups), .. })) => groups.contains(group),
            _ => false,
        }
    }

    fn opens(&mut self, source: &str, site: &ResourceId, groups: &[ResourceId], dice: &mut Dice) {
        for group in &dice.some(groups, 60) {
            let role = *dice.pick(&["user", "admin", "site-admin"]);
            let grant =
                Grant { group: Fact::Known(group.clone()), ..Grant::of(GrantForm::ProductAccess, role, Holder::Group) };
            let native = format!("product-access:{}/{role}/{}", site.native(), group.native());
            self.grant(source, "access of groups", &native, site, grant);
        }
    }

    /// Jira tells global permissions of machines and of members of groups that administer.
    fn asked_singly(&mut self, site: &ResourceId, accounts: &[ResourceId], dice: &mut Dice) {
        let administers = |group: &ResourceId, estate: &Self| {
            estate.resources.values().any(|one| match &one.body {
                Body::Grant(grant) => {
                    grant.form == GrantForm::ProductAccess
                        && grant.role != "user"
                        && grant.group.known() == Some(group)
                        && grant.container.known() == Some(site)
                }
                _ => false,
            })
        };
        for account in accounts {
            let Body::Principal(Principal { account_type, groups, .. }) = &self.resources[account].body else {
                continue;
            };
            let is_machine = matches!(account_type, Fact::Known(PrincipalType::App | PrincipalType::Agent));
            let asked = is_machine || groups.known().into_iter().flatten().any(|group| administers(group, self));
            if !asked {
                continue;
            }
            for role in ["ADMINISTER", "SYSTEM_ADMIN", "BULK_CHANGE"] {
                if dice.in_100(35) {
                    let grant = Grant {
                        principal: Fact::Known(account.clone()),
                        ..Grant::of(GrantForm::GlobalPermission, role, Holder::Principal)
                    };
                    let native = format!("global-permission:{role}/{}", account.native());
                    self.grant("jira", "global permissions", &native, site, grant);
                }
            }
        }
    }

    /// Projects, schemes, roles, filters and dashboards, in the cloud or on a server.
    fn jira(
        &mut self,
        source: &str,
        home: &ResourceId,
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) {
        let tenant = home.tenant();
        let inside = |form| Container { parent: Fact::Known(home.clone()), ..Container::unknown(form) };
        let application = id(tenant, Kind::Container, "application:jira-software");
        let body = Container {
            key: Fact::Known("jira-software".to_owned()),
            licence_groups: Fact::Known(dice.some(groups, 50)),
            ..inside(ContainerForm::Application)
        };
        self.see(source, "applications", &application, Body::Container(body));
        let schemes: Vec<ResourceId> =
            (0..dice.between(1, 2)).map(|at| id(tenant, Kind::Container, &format!("permission-scheme:{at}"))).collect();
        for scheme in &schemes {
            let body = inside(ContainerForm::PermissionScheme);
            self.see(source, "permission schemes", scheme, Body::Container(body));
            for at in 0..dice.between(2, 7) {
                let grant = self.scheme_grant(accounts, groups, dice);
                let native = format!("{}/{at}", scheme.native());
                self.grant(source, "permission schemes", &native, scheme, grant);
            }
        }
        let mut projects = Vec::new();
        for at in 0..dice.between(1, 3) {
            // A project may have the number of a role.
            let project = id(tenant, Kind::Container, &format!("project:{}", 10 + at));
            let team_managed = source == "jira" && dice.in_100(15);
            let lead = if dice.in_100(70) { accounts.get(dice.below(accounts.len())).cloned() } else { None };
            let body = Container {
                lead: Fact::from_option(lead),
                permission_scheme: if team_managed { Fact::Unknown } else { Fact::Known(dice.pick(&schemes).clone()) },
                team_managed: Fact::Known(team_managed),
                ..inside(ContainerForm::Project)
            };
            self.see(source, "projects", &project, Body::Container(body));
            for _ in 0..dice.below(4) {
                let (role, name) = *dice.pick(&ROLES);
                if let Some((grant, holder)) = self.held(GrantForm::ProjectRole, name, accounts, groups, dice) {
                    let native = format!("project-role:{}/{role}/{holder}", 10 + at);
                    self.grant(source, "members of roles", &native, &project, grant);
                }
            }
            projects.push(project);
        }
        if dice.in_100(50)
            && let Some((grant, holder)) = self.held(GrantForm::ProjectRole, "Administrator", accounts, groups, dice)
        {
            self.grant(source, "members of roles", &format!("default-role:10/{holder}"), home, grant);
        }
        for (form, endpoint) in [(ContainerForm::Filter, "filters"), (ContainerForm::Dashboard, "dashboards")] {
            if dice.in_100(50) || !endpoints(source).iter().any(|(name, ..)| *name == endpoint) {
                continue;
            }
            let item = id(tenant, Kind::Container, &format!("{}:1", form.name()));
            let owner = Fact::from_option(accounts.get(dice.below(accounts.len())).cloned());
            self.see(source, endpoint, &item, Body::Container(Container { owner, ..inside(form) }));
            for at in 0..dice.below(4) {
                let role = *dice.pick(&["view", "view", "edit"]);
                let grant = self.share(role, &projects, accounts, groups, dice);
                self.grant(source, endpoint, &format!("share:{}/{role}/{at}", item.native()), &item, grant);
            }
        }
    }

    fn scheme_grant(&self, accounts: &[ResourceId], groups: &[ResourceId], dice: &mut Dice) -> Grant {
        let permission =
            *dice.pick(&["BROWSE_PROJECTS", "BROWSE_PROJECTS", "EDIT_ISSUES", "DELETE_ISSUES", "ADMINISTER_PROJECTS"]);
        let of = |holder| Grant::of(GrantForm::Permission, permission, holder);
        let detail = |text: &str| Fact::Known(text.to_owned());
        match dice.below(12) {
            0 => of(Holder::Anyone),
            1 => of(Holder::LoggedIn),
            2 | 3 => Grant { holder_detail: detail("jira-software"), ..of(Holder::ApplicationRole) },
            4 => Grant { holder_detail: detail("projectLead"), ..of(Holder::Conditional) },
            5 => Grant { holder_detail: detail("reporter"), ..of(Holder::Conditional) },
            6 if dice.in_100(40) => of(Holder::PortalCustomers),
            6..=8 => Grant { holder_detail: detail(dice.pick(&ROLES).0), ..of(Holder::ProjectRole) },
            _ => match self.held(GrantForm::Permission, permission, accounts, groups, dice) {
                Some((grant, _)) => grant,
                None => of(Holder::LoggedIn),
            },
        }
    }

    fn share(
        &self,
        role: &str,
        projects: &[ResourceId],
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) -> Grant {
        let of = |holder| Grant::of(GrantForm::Share, role, holder);
        let project = dice.pick(projects).native().trim_start_matches("project:").to_owned();
        match dice.below(7) {
            0 => of(Holder::Anyone),
            1 => of(Holder::LoggedIn),
            2 | 3 => Grant { holder_detail: Fact::Known(project), ..of(Holder::Project) },
            4 => {
                let both = format!("{project}/{}", dice.pick(&ROLES).0);
                Grant { holder_detail: Fact::Known(both), ..of(Holder::ProjectRole) }
            }
            _ => match self.held(GrantForm::Share, role, accounts, groups, dice) {
                Some((grant, _)) => grant,
                None => of(Holder::LoggedIn),
            },
        }
    }

    /// Something given to one account or one group, and to whom.
    fn held(
        &self,
        form: GrantForm,
        role: &str,
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) -> Option<(Grant, String)> {
        let to_group = dice.in_100(55) || accounts.is_empty();
        if to_group && !groups.is_empty() {
            let group = dice.pick(groups).clone();
            let holder = format!("group:{}", group.native());
            return Some((Grant { group: Fact::Known(group), ..Grant::of(form, role, Holder::Group) }, holder));
        }
        if accounts.is_empty() {
            return None;
        }
        let account = dice.pick(accounts).clone();
        let holder = format!("user:{}", account.native());
        Some((Grant { principal: Fact::Known(account), ..Grant::of(form, role, Holder::Principal) }, holder))
    }

    fn spaces(
        &mut self,
        source: &str,
        home: &ResourceId,
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) {
        for at in 0..dice.between(1, 2) {
            let space = id(home.tenant(), Kind::Container, &format!("space:{at}"));
            let body = Container { parent: Fact::Known(home.clone()), ..Container::unknown(ContainerForm::Space) };
            self.see(source, "spaces", &space, Body::Container(body));
            for number in 0..dice.between(1, 5) {
                let by_role = source == "confluence" && dice.in_100(40);
                let (form, endpoint, role, permits) = match by_role {
                    true => (GrantForm::SpaceRole, "space roles", "Collaborator", vec!["create page", "read space"]),
                    false => {
                        let word = *dice.pick(&["read space", "create page", "delete page", "administer space"]);
                        (GrantForm::SpacePermission, "space permissions", word, vec![word])
                    }
                };
                let of = |holder| Grant::of(form, role, holder);
                let grant = match dice.below(6) {
                    0 => of(Holder::Anyone),
                    1 => of(Holder::LoggedIn),
                    2 => Grant { holder_detail: Fact::Known("confluence".to_owned()), ..of(Holder::ApplicationRole) },
                    _ => match self.held(form, role, accounts, groups, dice) {
                        Some((grant, _)) => grant,
                        None => of(Holder::LoggedIn),
                    },
                };
                let permits = Fact::Known(permits.into_iter().map(str::to_owned).collect());
                self.grant(source, endpoint, &format!("space:{at}/{number}"), &space, Grant { permits, ..grant });
            }
        }
    }

    fn workspace(&mut self, accounts: &[ResourceId], dice: &mut Dice) {
        let home = id("w1", Kind::Container, "workspace");
        self.see("bitbucket", "workspace", &home, Body::Container(Container::unknown(ContainerForm::Workspace)));
        let groups: Vec<ResourceId> =
            (0..dice.below(3)).map(|at| id("w1", Kind::Group, &format!("team{at}"))).collect();
        for group in &groups {
            let body = Group { inside: Fact::Absent, members_told: Fact::Known(true), ..Group::default() };
            self.see("bitbucket", "groups", group, Body::Group(body));
        }
        for account in accounts {
            let mine = dice.some(&groups, 50);
            let body = Principal { workspace_groups: Fact::Known(mine), ..Principal::default() };
            self.see("bitbucket", "accounts", account, Body::Principal(body));
            let role = *dice.pick(&["member", "member", "collaborator", "create-project", "owner"]);
            let grant = Grant {
                principal: Fact::Known(account.clone()),
                ..Grant::of(GrantForm::WorkspaceRole, role, Holder::Principal)
            };
            self.grant("bitbucket", "roles of members", &format!("workspace-role:{}", account.native()), &home, grant);
        }
        let rungs = ["read", "write", "create-repo", "admin"];
        self.repositories("bitbucket", &home, rungs, ["read", "write", "admin"], accounts, &groups, dice);
        self.sum_up(accounts);
    }

    /// What each account may do with each repository in the end.
    fn sum_up(&mut self, accounts: &[ResourceId]) {
        let snapshot = self.snapshot();
        let naive = Naive::new(&snapshot);
        let repositories: Vec<&Resource> = (snapshot.resources.iter())
            .filter(|one| matches!(&one.body, Body::Container(body) if body.form == ContainerForm::Repository))
            .collect();
        let mut found = Vec::new();
        for account in accounts {
            let account = snapshot.get(account).unwrap();
            for (repository, ways) in repositories.iter().zip(naive.ways_of(account, &repositories)) {
                let held = |role: &&&str| {
                    let answer = ways.answer(role);
                    answer.bound == Some(Bound::Held) && !answer.of_everybody
                };
                if let Some(role) = ["admin", "write", "read"].iter().find(held) {
                    found.push((account.id.clone(), repository.id.clone(), *role));
                }
            }
        }
        for (account, repository, role) in found {
            let grant = Grant {
                principal: Fact::Known(account.clone()),
                ..Grant::of(GrantForm::EffectiveRepositoryPermission, role, Holder::Principal)
            };
            let native = format!("effective:{}/{}", repository.native(), account.native());
            self.grant("bitbucket", "effective permissions", &native, &repository, grant);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the cloud and servers differ in all of it")]
    fn repositories(
        &mut self,
        source: &str,
        home: &ResourceId,
        on_projects: [&'static str; 4],
        on_repositories: [&'static str; 3],
        accounts: &[ResourceId],
        groups: &[ResourceId],
        dice: &mut Dice,
    ) {
        let tenant = home.tenant();
        let on_server = source == "bitbucket-dc";
        for at in 0..dice.between(1, 2) {
            let project = id(tenant, Kind::Container, &format!("project:{at}"));
            let body = Container {
                parent: Fact::Known(home.clone()),
                public: if on_server { Fact::Known(dice.in_100(25)) } else { Fact::Absent },
                ..Container::unknown(ContainerForm::RepositoryProject)
            };
            self.see(source, "projects", &project, Body::Container(body));
            for _ in 0..dice.below(3) {
                let role = *dice.pick(&on_projects);
                let form = GrantForm::RepositoryProjectPermission;
                if let Some((grant, holder)) = self.held(form, role, accounts, groups, dice) {
                    self.grant(
                        source,
                        "permissions on projects",
                        &format!("{}/{holder}", project.native()),
                        &project,
                        grant,
                    );
                }
            }
            if on_server && dice.in_100(25) {
                let grant = Grant::of(GrantForm::RepositoryProjectPermission, "PROJECT_READ", Holder::LoggedIn);
                let native = format!("{}/everybody", project.native());
                self.grant(source, "permissions on projects", &native, &project, grant);
            }
            for number in 0..dice.below(3) {
                let repository = id(tenant, Kind::Container, &format!("repository:{at}-{number}"));
                let body = Container {
                    parent: Fact::Known(project.clone()),
                    public: Fact::Known(dice.in_100(25)),
                    ..Container::unknown(ContainerForm::Repository)
                };
                self.see(source, "repositories", &repository, Body::Container(body));
                for _ in 0..dice.below(3) {
                    let role = *dice.pick(&on_repositories);
                    let form = GrantForm::RepositoryPermission;
                    if let Some((grant, holder)) = self.held(form, role, accounts, groups, dice) {
                        let native = format!("{}/{holder}", repository.native());
                        self.grant(source, "permissions on repositories", &native, &repository, grant);
                    }
                }
                if !on_server && dice.in_100(30) {
                    let mut key = Credential::unknown(CredentialForm::DeployKey);
                    (key.owner, key.container) = (Fact::Absent, Fact::Known(repository.clone()));
                    let native = format!("deploy-key:{at}-{number}");
                    self.see(source, "deploy keys", &id(tenant, Kind::Credential, &native), Body::Credential(key));
                }
            }
        }
    }

    // ---- servers ----

    /// A server with its accounts and groups, which may be inside of each other, in a ring as well.
    fn server(
        &mut self,
        source: &'static str,
        tenant: &str,
        dice: &mut Dice,
    ) -> (ResourceId, Vec<ResourceId>, Vec<ResourceId>) {
        self.source(source);
        let home = id(tenant, Kind::Container, "instance");
        self.see(source, "instance", &home, Body::Container(Container::unknown(ContainerForm::Instance)));
        let groups: Vec<ResourceId> =
            (0..dice.between(1, 4)).map(|at| id(tenant, Kind::Group, &format!("d{at}"))).collect();
        for group in &groups {
            let inside = match source {
                "confluence-dc" => Fact::Known(dice.some(&groups, 25).into_iter().filter(|one| one != group).collect()),
                _ if dice.in_100(70) => Fact::Absent,
                _ => Fact::Known(dice.some(&groups, 20).into_iter().filter(|one| one != group).collect()),
            };
            let body = Group { inside, members_told: Fact::Known(true), ..Group::default() };
            self.see(source, "groups", group, Body::Group(body));
        }
        let mut accounts = Vec::new();
        for at in 0..dice.between(2, 3) {
            let account = id(tenant, Kind::Principal, &format!("u{at}"));
            let body = Principal {
                account_type: Fact::Known(PrincipalType::Person),
                groups: Fact::Known(dice.some(&groups, 40)),
                workspace_groups: Fact::Absent,
                platform_roles: Fact::Absent,
                ..Principal::default()
            };
            self.see(source, "accounts", &account, Body::Principal(body));
            accounts.push(account);
        }
        (home, accounts, groups)
    }

    fn bitbucket_server(&mut self, dice: &mut Dice) {
        let (home, accounts, groups) = self.server("bitbucket-dc", "b1", dice);
        for _ in 0..dice.below(4) {
            let role = *dice.pick(&["LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN"]);
            if let Some((grant, holder)) = self.held(GrantForm::GlobalPermission, role, &accounts, &groups, dice) {
                self.grant("bitbucket-dc", "global permissions", &format!("global/{holder}"), &home, grant);
            }
        }
        let rungs = ["PROJECT_READ", "PROJECT_WRITE", "REPO_CREATE", "PROJECT_ADMIN"];
        let on_repositories = ["REPO_READ", "REPO_WRITE", "REPO_ADMIN"];
        self.repositories("bitbucket-dc", &home, rungs, on_repositories, &accounts, &groups, dice);
        for (at, account) in accounts.iter().enumerate() {
            let mut token = Credential::unknown(CredentialForm::PersonalAccessToken);
            token.owner = Fact::Known(account.clone());
            let words = [&["PROJECT_READ", "REPO_WRITE"][..], &["PROJECT_ADMIN", "REPO_ADMIN"], &["REPO_READ"]];
            token.scopes = match dice.below(5) {
                0 => Fact::Unknown,
                at => Fact::Known(words[at % 3].iter().map(|word| (*word).to_owned()).collect()),
            };
            let native = format!("token:{at}");
            self.see("bitbucket-dc", "tokens", &id("b1", Kind::Credential, &native), Body::Credential(token));
        }
    }

    fn confluence_server(&mut self, dice: &mut Dice) {
        let (home, accounts, groups) = self.server("confluence-dc", "c1", dice);
        let application = Container {
            parent: Fact::Known(home.clone()),
            key: Fact::Known("confluence".to_owned()),
            licence_groups: Fact::Known(dice.some(&groups, 50)),
            ..Container::unknown(ContainerForm::Application)
        };
        let native = id("c1", Kind::Container, "application:confluence");
        self.see("confluence-dc", "licence", &native, Body::Container(application));
        for _ in 0..dice.below(4) {
            let role = *dice.pick(&["application use", "application administer", "system administer"]);
            if let Some((grant, holder)) = self.held(GrantForm::GlobalPermission, role, &accounts, &groups, dice) {
                let native = format!("global/{}/{holder}", role.replace(' ', "-"));
                self.grant("confluence-dc", "global permissions", &native, &home, grant);
            }
        }
        self.spaces("confluence-dc", &home, &accounts, &groups, dice);
    }

    /// Of Jira servers nothing tells global permissions but an export.
    fn jira_server(&mut self, dice: &mut Dice) {
        let (home, accounts, groups) = self.server("jira-dc", "j1", dice);
        self.jira("jira-dc", &home, &accounts, &groups, dice);
        self.source("export");
        if dice.in_100(50) {
            for _ in 0..dice.between(1, 3) {
                let role = *dice.pick(&["ADMINISTER", "SYSTEM_ADMIN", "BULK_CHANGE"]);
                if let Some((grant, holder)) = self.held(GrantForm::GlobalPermission, role, &[], &groups, dice) {
                    self.grant("export", "export", &format!("global-permission:{role}/{holder}"), &home, grant);
                }
            }
        } else {
            self.entry("export", "export").state = EndpointState::NotOffered;
        }
    }

    fn align(&mut self, dice: &mut Dice) {
        self.source("align");
        let home = id("l1", Kind::Container, "instance");
        let body =
            Container { key: Fact::Known("jira-align".to_owned()), ..Container::unknown(ContainerForm::Instance) };
        self.see("align", "users", &home, Body::Container(body));
        for at in 0..2 {
            let account = id("l1", Kind::Principal, &format!("{at}"));
            let roles = dice.some(&["jira-align/super-admin".to_owned()], 50);
            let body = Principal { platform_roles: Fact::Known(roles), ..Principal::default() };
            self.see("align", "users", &account, Body::Principal(body));
            if dice.in_100(40) {
                let grant = Grant {
                    principal: Fact::Known(account.clone()),
                    ..Grant::of(GrantForm::PlatformRole, "jira-connector", Holder::Principal)
                };
                self.grant("align", "users", &format!("jira-connector/{at}"), &home, grant);
            }
        }
    }

    /// Tokens of accounts of the cloud, and a key of the organisation.
    fn tokens(&mut self, dice: &mut Dice) {
        if !self.ledger.iter().any(|entry| entry.source.as_str() == "org") {
            return;
        }
        let accounts: Vec<ResourceId> =
            self.resources.keys().filter(|one| one.kind() == Kind::Principal).cloned().collect();
        for at in 0..4 {
            let form = *dice.pick(&[CredentialForm::ApiToken, CredentialForm::ApiToken, CredentialForm::SshKey]);
            let mut token = Credential::unknown(form);
            token.owner = Fact::Known(dice.pick(&accounts).clone());
            let scopes: &[&str] = match dice.below(7) {
                0 => &["read:jira-work"],
                1 => &["read:jira-work", "write:jira-work"],
                2 => &["read:confluence-space.summary", "write:page:confluence"],
                3 => &["admin:repository:bitbucket", "read:repository:bitbucket"],
                4 => &["manage:jira-configuration", "offline_access"],
                5 => &["something:new"],
                _ => &[],
            };
            token.scopes = match dice.in_100(30) {
                true => Fact::Unknown,
                false => Fact::Known(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            };
            self.see("org", "tokens", &id("o1", Kind::Credential, &format!("t{at}")), Body::Credential(token));
        }
        let mut key = Credential::unknown(CredentialForm::OrgApiKey);
        key.owner = Fact::Absent;
        key.scopes = Fact::Known(dice.some(&["read:accounts:admin".to_owned()], 50));
        self.see("org", "tokens", &id("o1", Kind::Credential, "key"), Body::Credential(key));
    }

    // ---- what was refused ----

    /// The same estate as it looks where some parts were refused: nothing is said that is not so.
    pub(super) fn refused(&self, dice: &mut Dice) -> Self {
        let mut view = self.clone();
        for _ in 0..dice.between(1, 5) {
            match dice.below(5) {
                0 | 1 => view.refuse_endpoint(dice),
                2 => view.refuse_memberships(dice),
                _ => view.refuse_fact(dice),
            }
        }
        view
    }

    /// An endpoint is not read whole: what it alone showed may be missing.
    fn refuse_endpoint(&mut self, dice: &mut Dice) {
        let at = dice.below(self.ledger.len());
        if ALWAYS_THERE.contains(&&*self.ledger[at].endpoint) {
            return;
        }
        let entry = &mut self.ledger[at];
        entry.state = *dice.pick(&[EndpointState::Denied, EndpointState::Partial, EndpointState::Failed]);
        let kept = if entry.state == EndpointState::Partial { 60 } else { 0 };
        let gone = Sighting { source: entry.source.clone(), endpoint: entry.endpoint.clone() };
        let mut hidden = Vec::new();
        for resource in self.resources.values_mut() {
            if !resource.seen_by.contains(&gone) || dice.in_100(kept) {
                continue;
            }
            // Where one endpoint shows everything, the server itself stays.
            if matches!(&resource.body, Body::Container(body) if body.form == ContainerForm::Instance) {
                continue;
            }
            resource.seen_by.retain(|seen| *seen != gone);
            if resource.seen_by.is_empty() {
                hidden.push(resource.id.clone());
            }
        }
        hidden.iter().for_each(|id| {
            self.resources.remove(id);
        });
        self.tell_roles();
    }

    /// Not all groups of an account are told: the lists of those that are missing were not read whole.
    fn refuse_memberships(&mut self, dice: &mut Dice) {
        let accounts: Vec<ResourceId> =
            self.resources.keys().filter(|one| one.kind() == Kind::Principal).cloned().collect();
        if accounts.is_empty() {
            return;
        }
        let chosen = dice.pick(&accounts).clone();
        let mut untold: Vec<ResourceId> = Vec::new();
        if let Some(Body::Principal(principal)) = self.resources.get_mut(&chosen).map(|one| &mut one.body) {
            let Principal { groups, groups_at_least, workspace_groups, workspace_groups_at_least, .. } = principal;
            for (all, at_least) in [(groups, groups_at_least), (workspace_groups, workspace_groups_at_least)] {
                if let (Fact::Known(every), true) = (&all, dice.in_100(80)) {
                    let seen = dice.some(every, 50);
                    untold.extend(every.iter().filter(|group| !seen.contains(group)).cloned());
                    *at_least = if seen.is_empty() { Fact::Unknown } else { Fact::Known(seen) };
                    *all = Fact::Unknown;
                }
            }
        }
        for resource in self.resources.values_mut() {
            let is_untold = untold.contains(&resource.id) || dice.in_100(10);
            if let (Body::Group(group), true) = (&mut resource.body, is_untold) {
                group.members_told = if dice.in_100(50) { Fact::Known(false) } else { Fact::Unknown };
            }
        }
    }

    /// One fact of one thing is not told.
    fn refuse_fact(&mut self, dice: &mut Dice) {
        let ids: Vec<ResourceId> = self.resources.keys().cloned().collect();
        let chosen = dice.pick(&ids).clone();
        let Some(resource) = self.resources.get_mut(&chosen) else { return };
        match &mut resource.body {
            Body::Principal(principal) => match dice.below(2) {
                0 => principal.platform_roles = Fact::Unknown,
                _ => principal.account_type = Fact::Unknown,
            },
            Body::Group(group) => group.inside = Fact::Unknown,
            Body::Container(container) => match dice.below(7) {
                0 => container.permission_scheme = Fact::Unknown,
                1 => container.lead = Fact::Unknown,
                2 => container.licence_groups = Fact::Unknown,
                3 => container.public = Fact::Unknown,
                4 => container.owner = Fact::Unknown,
                5 => container.team_managed = Fact::Unknown,
                _ => container.parent = Fact::Unknown,
            },
            Body::Grant(grant) => match dice.below(4) {
                0 => grant.permits = Fact::Unknown,
                1 if grant.holder != Holder::Conditional => grant.holder_detail = Fact::Unknown,
                2 => {
                    (grant.holder, grant.holder_detail) = (Holder::Other, Fact::Known("planet".to_owned()));
                    (grant.principal, grant.group) = (Fact::Unknown, Fact::Unknown);
                }
                _ => (grant.principal, grant.group) = (Fact::Unknown, Fact::Unknown),
            },
            Body::Credential(credential) => match dice.below(2) {
                0 => credential.scopes = Fact::Unknown,
                _ => credential.owner = Fact::Unknown,
            },
            _ => {}
        }
    }
}

/// Roles of projects, by id and name.
const ROLES: [(&str, &str); 3] = [("10", "Administrators"), ("11", "Developers"), ("12", "Users")];
