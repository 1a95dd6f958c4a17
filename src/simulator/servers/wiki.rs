//! Confluence's spaces and the rights in them and on the whole.

use super::ServerEstate;
use super::accounts::{CONFLUENCE_ADMINS, CONFLUENCE_MANAGERS, CONFLUENCE_USERS, FIRST_TEAM};

#[derive(Debug, Clone)]
pub(crate) struct ServerSpace {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) personal: bool,
    pub(crate) archived: bool,
    pub(crate) rights: Vec<Right>,
}

/// Whom a right names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Anonymous,
    Account(usize),
    Group(usize),
}

/// One right: to whom, on what, and to do what.
pub(crate) type Right = (Subject, &'static str, &'static str);

/// What a reader, a writer and an administrator of a space may do.
const READ: &[(&str, &str)] = &[("space", "read")];
const WRITE: &[(&str, &str)] = &[
    ("space", "read"),
    ("page", "create"),
    ("blogpost", "create"),
    ("comment", "create"),
    ("attachment", "create"),
    ("space", "delete_own"),
];
const ADMINISTER: &[(&str, &str)] = &[
    ("space", "administer"),
    ("space", "export"),
    ("space", "restrict"),
    ("page", "delete"),
    ("blogpost", "delete"),
    ("comment", "delete"),
    ("attachment", "delete"),
];

/// Founds the ordinary spaces. `owners` have a space of their own.
pub(crate) fn found(servers: &mut ServerEstate, owners: &[usize]) {
    let users = Subject::Group(CONFLUENCE_USERS);
    servers.wiki_rights = vec![
        (users, "application", "use"),
        (users, "personal_space", "create"),
        (Subject::Group(CONFLUENCE_MANAGERS), "application", "use"),
        (Subject::Group(CONFLUENCE_MANAGERS), "application", "administer"),
        (Subject::Group(CONFLUENCE_MANAGERS), "space", "create"),
        (Subject::Group(CONFLUENCE_ADMINS), "application", "use"),
        (Subject::Group(CONFLUENCE_ADMINS), "application", "administer"),
        (Subject::Group(CONFLUENCE_ADMINS), "system", "administer"),
        (Subject::Group(CONFLUENCE_ADMINS), "space", "create"),
    ];
    let plan =
        [("ENG", "Engineering"), ("OPS", "Operations"), ("LEGAL", "Legal"), ("HOME", "Welcome"), ("OLD", "Archive")];
    for (number, (key, name)) in plan.into_iter().enumerate() {
        let team = Subject::Group(FIRST_TEAM + number % 4);
        let mut rights = Vec::new();
        allow(&mut rights, users, if key == "LEGAL" { &[] } else { READ });
        allow(&mut rights, team, WRITE);
        allow(&mut rights, Subject::Group(CONFLUENCE_ADMINS), READ);
        allow(&mut rights, Subject::Group(CONFLUENCE_ADMINS), ADMINISTER);
        add(servers, key.to_owned(), name.to_owned(), rights).archived = key == "OLD";
    }
    for owner in owners {
        let (key, name) = (format!("~{}", servers.accounts[*owner].username), servers.accounts[*owner].name.clone());
        let mut rights = Vec::new();
        allow(&mut rights, users, READ);
        allow(&mut rights, Subject::Account(*owner), WRITE);
        allow(&mut rights, Subject::Account(*owner), ADMINISTER);
        add(servers, key, name, rights).personal = true;
    }
}

fn allow(rights: &mut Vec<Right>, subject: Subject, what: &[(&'static str, &'static str)]) {
    rights.extend(what.iter().map(|(target, operation)| (subject, *target, *operation)));
}

/// Adds a space.
pub(crate) fn add(servers: &mut ServerEstate, key: String, name: String, rights: Vec<Right>) -> &mut ServerSpace {
    let id = 393_217 + u64::try_from(servers.spaces.len()).expect("internal: few spaces");
    servers.spaces.push(ServerSpace { id, key, name, personal: false, archived: false, rights });
    servers.spaces.last_mut().expect("internal: one was just added")
}
