//! Projects, permission schemes and project roles, as a careful administrator would keep them.

use chrono::TimeDelta;

use super::estate::{
    Actor, Estate, FIRST_TEAM, Grant, Holder, JIRA_ADMINS, JIRA_USERS, Project, Scheme, Standing, Who,
};
use super::names;
use super::random::Random;

/// The company-managed schemes, by place.
pub(super) const OPEN_SCHEME: usize = 2;
pub(super) const OLD_SCHEME: usize = 3;

/// The catalogue of permissions: key, name, whether it is global.
pub(super) const CATALOGUE: &[(&str, &str, bool)] = &[
    ("ADMINISTER", "Administer Jira", true),
    ("BULK_CHANGE", "Make bulk changes", true),
    ("CREATE_PROJECT", "Create team-managed projects", true),
    ("CREATE_SHARED_OBJECTS", "Share dashboards and filters", true),
    ("MANAGE_GROUP_FILTER_SUBSCRIPTIONS", "Manage group filter subscriptions", true),
    ("SYSTEM_ADMIN", "Jira System Administrators", true),
    ("USER_PICKER", "Browse users and groups", true),
    ("ADMINISTER_PROJECTS", "Administer projects", false),
    ("ADD_COMMENTS", "Add comments", false),
    ("ASSIGN_ISSUES", "Assign issues", false),
    ("BROWSE_PROJECTS", "Browse projects", false),
    ("CREATE_ISSUES", "Create issues", false),
    ("DELETE_ALL_COMMENTS", "Delete all comments", false),
    ("DELETE_ISSUES", "Delete issues", false),
    ("EDIT_ALL_COMMENTS", "Edit all comments", false),
    ("EDIT_ISSUES", "Edit issues", false),
    ("MANAGE_WATCHERS", "Manage watchers", false),
    ("TRANSITION_ISSUES", "Transition issues", false),
    ("VIEW_DEV_TOOLS", "View development tools", false),
    ("WORK_ON_ISSUES", "Work on issues", false),
];

/// Lays out schemes, then projects with their roles.
pub(super) fn arrange(estate: &mut Estate, random: &mut Random) {
    let company = [
        ("Default Permission Scheme", "The scheme of new projects"),
        ("Engineering", "Teams that build software"),
        ("Open collaboration", "Projects the whole company takes part in"),
        ("Legacy intranet", "From before the move to the cloud"),
        ("Service desk", "Request queues"),
    ];
    for (name, description) in company {
        add_scheme(estate, name.to_owned(), description.to_owned(), None);
    }
    let count = (estate.people.len() / 20).max(6);
    let leads: Vec<usize> = (0..estate.people.len())
        .filter(|at| {
            let person = &estate.people[*at];
            person.managed && person.standing == Standing::Active && !estate.reserved.contains(at)
        })
        .collect();
    for number in 0..count {
        let lead = random.pick(&leads);
        add_project(estate, number, lead, random);
    }
}

/// Adds a grant to a scheme and tells its id.
pub(super) fn add_grant(
    estate: &mut Estate,
    scheme: usize,
    permission: &'static str,
    holder: &'static str,
    parameter_and_value: Option<(String, String)>,
) -> u64 {
    let scheme = &mut estate.schemes[scheme];
    let id = scheme.id * 100 + u64::try_from(scheme.grants.len()).expect("internal: few grants");
    let (parameter, value) = parameter_and_value.unzip();
    scheme.grants.push(Grant { id, permission, holder, parameter, value });
    id
}

/// Adds an actor to a role of a project. Actor ids are unique on the site.
pub(super) fn add_actor(estate: &mut Estate, project: usize, role: usize, who: Holder) {
    let project = &mut estate.projects[project];
    let before: usize = project.actors.iter().map(Vec::len).sum();
    let id = project.id * 1000 + u64::try_from(before).expect("internal: few actors");
    project.actors[role].push(Actor { id, who });
}

fn add_scheme(estate: &mut Estate, name: String, description: String, owner: Option<usize>) {
    let place = estate.schemes.len();
    let id = 10_000 + u64::try_from(place).expect("internal: few schemes");
    estate.schemes.push(Scheme { id, name, description, owner, grants: Vec::new() });
    let role = |id: &str| Some((id.to_owned(), id.to_owned()));
    let users = &estate.groups[JIRA_USERS];
    let everyone = Some((users.name.clone(), users.id.clone()));
    let licensed = Some(("jira-software".to_owned(), "jira-software".to_owned()));
    add_grant(estate, place, "ADMINISTER_PROJECTS", "projectRole", role("10002"));
    for permission in ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS"] {
        add_grant(estate, place, permission, "projectRole", role("10010"));
        add_grant(estate, place, permission, "projectRole", role("10003"));
    }
    add_grant(estate, place, "BROWSE_PROJECTS", "projectRole", role("10011"));
    add_grant(estate, place, "ASSIGN_ISSUES", "projectLead", None);
    add_grant(estate, place, "DELETE_ISSUES", "projectRole", role("10002"));
    match place {
        0 => add_grant(estate, place, "BROWSE_PROJECTS", "applicationRole", licensed),
        4 => add_grant(estate, place, "BROWSE_PROJECTS", "sd.customer.portal.only", None),
        _ => add_grant(estate, place, "ADD_COMMENTS", "group", everyone),
    };
}

fn add_project(estate: &mut Estate, number: usize, lead: usize, random: &mut Random) {
    let work = names::WORKS[number % names::WORKS.len()];
    let round = number / names::WORKS.len();
    let team_managed = number % 5 == 4;
    let service_desk = number % 8 == 7;
    let stem: String = work.chars().take(3).collect::<String>().to_uppercase();
    let name = if round == 0 { work.to_owned() } else { format!("{work} {}", round + 1) };
    let scheme = if team_managed {
        add_scheme(estate, format!("{name} permissions"), String::new(), Some(number));
        estate.schemes.len() - 1
    } else if service_desk {
        4
    } else {
        number % 4
    };
    estate.projects.push(Project {
        id: 10_000 + u64::try_from(number).expect("internal: few projects"),
        uuid: random.uuid(),
        key: if round == 0 { stem } else { format!("{stem}{}", round + 1) },
        name,
        kind: if service_desk { "service_desk" } else { "software" },
        team_managed,
        archived: number % 17 == 16,
        lead,
        scheme,
        issues: random.between(3, 9000),
        last_issue: estate.now - TimeDelta::hours(random.between(1, 2000)),
        actors: [Vec::new(), Vec::new(), Vec::new(), Vec::new()],
    });
    let team = FIRST_TEAM + random.below(estate.groups.len() - FIRST_TEAM);
    add_actor(estate, number, 0, Holder::Group(JIRA_ADMINS));
    add_actor(estate, number, 0, Holder::Account(Who::Person(lead)));
    add_actor(estate, number, 1, Holder::Group(team));
    add_actor(estate, number, 2, Holder::Group(JIRA_USERS));
    for app in 0..estate.apps.len() {
        if estate.apps[app].active && estate.apps[app].app_type == "unknown" {
            add_actor(estate, number, 3, Holder::Account(Who::App(app)));
        }
    }
}
