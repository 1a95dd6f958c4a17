//! Jira's projects with their roles, and the permission schemes: the nouns, and who is granted what.

use super::super::endpoints::Host;
use super::ServerEstate;
use super::access::Rank;
use super::accounts::{FIRST_TEAM, JIRA_ADMINS, JIRA_USERS};

#[derive(Debug, Clone)]
pub(crate) struct ServerProject {
    pub(crate) id: u64,
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) archived: bool,
    /// Whether only administrators and its own people see it.
    pub(crate) closed: bool,
    pub(crate) lead: usize,
    pub(crate) scheme: usize,
    /// Actors of each role, in the order of [`ROLES`].
    pub(crate) actors: [Vec<RoleActor>; 4],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoleActor {
    Account(usize),
    Group(usize),
}

/// Project roles: id, name, description. The first ids are those of every Jira.
pub(crate) const ROLES: [(u64, &str, &str); 4] = [
    (10_000, "Users", "People who look on."),
    (10_001, "Developers", "People who work in the project."),
    (10_002, "Administrators", "People who run the project."),
    (10_101, "Integrations", "Accounts of systems that write into the project."),
];

#[derive(Debug, Clone)]
pub(crate) struct ServerScheme {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) grants: Vec<ServerGrant>,
}

#[derive(Debug, Clone)]
pub(crate) struct ServerGrant {
    pub(crate) id: u64,
    pub(crate) permission: &'static str,
    pub(crate) holder: &'static str,
    pub(crate) parameter: Option<String>,
}

/// Places of the schemes.
pub(crate) const PAYMENTS: usize = 1;
pub(crate) const OPERATIONS: usize = 2;
pub(crate) const LEGACY: usize = 3;

/// Places of the two projects that other systems are joined to.
pub(crate) const PAY: usize = 0;
pub(crate) const OPS: usize = 1;
/// Places of two that are joined to nothing.
pub(crate) const NET: usize = 4;
pub(crate) const HELP: usize = 5;

/// Lays out schemes and projects as a careful administrator would.
pub(crate) fn lay_out(servers: &mut ServerEstate, leads: &[usize]) {
    // The default scheme has the id nought in every Jira.
    for (id, name, description) in [
        (0, "Default Permission Scheme", "This is the default Permission Scheme."),
        (10_100, "Payments permissions", "The team that moves money"),
        (10_101, "Operations permissions", "Who keeps things running"),
        (10_102, "Legacy intranet permissions", "From before the merger"),
        (10_103, "Service desk permissions", "Request queues"),
    ] {
        servers.schemes.push(ServerScheme { id, name, description, grants: Vec::new() });
        furnish(servers);
    }
    servers.grant(0, "BROWSE_PROJECTS", "applicationRole", Some("jira-software"));
    servers.grant(4, "BROWSE_PROJECTS", "sd.customer.portal.only", None);
    let plan = [
        ("PAY", "Payments", "software", PAYMENTS),
        ("OPS", "Operations", "software", OPERATIONS),
        ("PLAT", "Platform", "software", 0),
        ("HR", "People", "business", 0),
        ("NET", "Intranet", "software", LEGACY),
        ("HELP", "Help desk", "service_desk", 4),
        ("OLD", "Old ledger", "software", 0),
    ];
    for (number, (key, name, kind, scheme)) in plan.into_iter().enumerate() {
        let team = FIRST_TEAM + number % 4;
        servers.projects.push(ServerProject {
            id: 10_200 + u64::try_from(number).expect("internal: few projects"),
            key,
            name,
            kind,
            archived: key == "OLD",
            closed: key == "HR",
            lead: leads[number % leads.len()],
            scheme,
            actors: [
                vec![RoleActor::Group(JIRA_USERS)],
                vec![RoleActor::Group(team)],
                vec![RoleActor::Group(JIRA_ADMINS), RoleActor::Account(leads[number % leads.len()])],
                Vec::new(),
            ],
        });
    }
}

/// Gives the newest scheme what every scheme has.
fn furnish(servers: &mut ServerEstate) {
    let scheme = servers.schemes.len() - 1;
    servers.grant(scheme, "ADMINISTER_PROJECTS", "projectRole", Some("10002"));
    servers.grant(scheme, "DELETE_ISSUES", "projectRole", Some("10002"));
    for permission in [
        "BROWSE_PROJECTS",
        "CREATE_ISSUES",
        "EDIT_ISSUES",
        "ASSIGN_ISSUES",
        "ASSIGNABLE_USER",
        "TRANSITION_ISSUES",
        "LINK_ISSUES",
        "SCHEDULE_ISSUES",
        "MANAGE_SPRINTS_PERMISSION",
        "ADD_COMMENTS",
    ] {
        servers.grant(scheme, permission, "projectRole", Some("10001"));
    }
    servers.grant(scheme, "BROWSE_PROJECTS", "projectRole", Some("10000"));
    servers.grant(scheme, "ASSIGN_ISSUES", "projectLead", None);
}

impl ServerEstate {
    /// Adds a grant and tells its id.
    pub(crate) fn grant(
        &mut self,
        scheme: usize,
        permission: &'static str,
        holder: &'static str,
        parameter: Option<&str>,
    ) -> u64 {
        let id = 10_300
            + u64::try_from(self.schemes.iter().map(|scheme| scheme.grants.len()).sum::<usize>())
                .expect("internal: few grants");
        let parameter = parameter.map(str::to_owned);
        self.schemes[scheme].grants.push(ServerGrant { id, permission, holder, parameter });
        id
    }

    /// A project by id or key, if somebody of that rank can see it.
    pub(crate) fn project(&self, id_or_key: &str, rank: Rank) -> Option<&ServerProject> {
        let named = |one: &&ServerProject| one.key == id_or_key || one.id.to_string() == id_or_key;
        self.projects.iter().find(named).filter(|project| rank >= Rank::Administrator || !project.closed)
    }

    /// Whether an account holds a permission in a project.
    pub(crate) fn is_granted(&self, account: usize, project: &ServerProject, permission: &str) -> bool {
        let in_group = |name: &str| {
            let group = self.groups.iter().find(|group| group.name == name && group.is_used_by(Host::JiraDc));
            group.is_some_and(|group| group.members.contains(&account))
        };
        let grants = self.schemes[project.scheme].grants.iter().filter(|grant| grant.permission == permission);
        grants.into_iter().any(|grant| match (grant.holder, grant.parameter.as_deref()) {
            ("anyone", _) | ("applicationRole", None) => true,
            ("applicationRole", Some(key)) => {
                let seated = self.groups.iter().filter(|group| group.seats.contains(&key));
                seated.into_iter().any(|group| group.members.contains(&account))
            }
            ("group", Some(name)) => in_group(name),
            ("projectLead", _) => project.lead == account,
            ("user", Some(key)) => self.accounts[account].key(Host::JiraDc) == key,
            ("projectRole", Some(role)) => {
                let place = ROLES.iter().position(|(id, ..)| id.to_string() == role);
                place.is_some_and(|place| {
                    project.actors[place].iter().any(|actor| match actor {
                        RoleActor::Account(one) => *one == account,
                        RoleActor::Group(group) => self.groups[*group].members.contains(&account),
                    })
                })
            }
            _ => false,
        })
    }
}
