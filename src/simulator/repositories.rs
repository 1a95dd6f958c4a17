//! The Bitbucket workspace: its members, groups, projects and repositories, as careful administrators would keep
//! them. What is wrong is planted on top, see `repository_plants`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::estate::Estate;
use super::people::steady;
use super::random::Random;
use super::repository_plants;
use super::truth::Drift;

/// The slug of the workspace.
pub(super) const WORKSPACE: &str = "acme";

/// Places of the groups.
pub(super) const ADMINISTRATORS: usize = 0;
pub(super) const DEVELOPERS: usize = 1;

/// However large the organisation is: who may do what is told for each member on each repository.
const MOST_DEVELOPERS: usize = 120;

/// The workspace with everything in it.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// With its braces, as all ids here.
    pub(super) uuid: String,
    pub(super) created: DateTime<Utc>,
    /// The caller comes first.
    pub(super) members: Vec<Member>,
    pub(super) groups: Vec<Team>,
    pub(super) projects: Vec<Project>,
    pub(super) repositories: Vec<Repository>,
    pub(super) variables: Vec<Variable>,
    pub(super) hooks: Vec<Hook>,
    pub(super) runners: Vec<Runner>,
    /// SSH keys of the caller; those of others are nobody's business.
    pub(super) ssh_keys: Vec<SshKey>,
    /// The highest permission of each member on each repository: repository, member, permission.
    pub(super) effective: Vec<(usize, usize, &'static str)>,
    /// Places of members that no list of members shows any more. What was given to them outright stays.
    pub(super) departed: BTreeSet<usize>,
    /// Deploy keys that were ever made.
    keys_made: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) account: String,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) owner: bool,
    pub(super) since: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    /// What the group may do on every new repository.
    pub(super) permission: Option<&'static str>,
    pub(super) members: Vec<usize>,
}

/// Whom a permission names, by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grantee {
    Member(usize),
    Team(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) to: Grantee,
    pub(super) permission: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) uuid: String,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) grants: Vec<Grant>,
    pub(super) deploy_keys: Vec<DeployKey>,
}

#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) uuid: String,
    pub(super) slug: String,
    pub(super) project: usize,
    pub(super) private: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) grants: Vec<Grant>,
    pub(super) variables: Vec<Variable>,
    pub(super) environments: Vec<Environment>,
    /// Whether pipelines run; `None` when nobody ever set that.
    pub(super) pipelines: Option<bool>,
    pub(super) deploy_keys: Vec<DeployKey>,
    pub(super) hooks: Vec<Hook>,
    /// The branches to which only administrators may push, as a pattern; `None` if there are none.
    pub(super) restricted: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) uuid: String,
    pub(super) key: &'static str,
    /// What can be read; nothing of a secured variable.
    pub(super) value: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Environment {
    pub(super) uuid: String,
    pub(super) name: &'static str,
    pub(super) variables: Vec<Variable>,
}

#[derive(Debug, Clone)]
pub(super) struct DeployKey {
    pub(super) id: u64,
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) added: DateTime<Utc>,
    pub(super) last_used: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub(super) uuid: String,
    pub(super) url: &'static str,
    pub(super) description: &'static str,
    pub(super) active: bool,
    pub(super) secret_set: bool,
    pub(super) skips_verification: bool,
    pub(super) created: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) uuid: String,
    pub(super) name: &'static str,
    pub(super) client: String,
    /// Runners of old still show it.
    pub(super) secret: Option<String>,
    pub(super) online: bool,
    pub(super) created: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(super) struct SshKey {
    pub(super) uuid: String,
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) created: DateTime<Utc>,
    pub(super) last_used: Option<DateTime<Utc>>,
    pub(super) expires: Option<DateTime<Utc>>,
}

impl Workspace {
    /// The members that its lists show.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().enumerate().filter(|(at, _)| !self.departed.contains(at)).map(|(_, member)| member)
    }

    /// Whether the workspace goes by this slug or id.
    pub(super) fn is_called(&self, name: &str) -> bool {
        name == WORKSPACE || name == self.uuid
    }

    /// Everything that answers tell in clear text although it is for nobody's eyes. An e-mail address is no secret.
    pub(super) fn readable_values(&self) -> Vec<String> {
        let deployed =
            |repository: &Repository| repository.environments.clone().into_iter().flat_map(|one| one.variables);
        let of_repositories =
            self.repositories.iter().flat_map(|one| one.variables.iter().cloned().chain(deployed(one)));
        let variables = self.variables.iter().cloned().chain(of_repositories);
        let values = variables.filter_map(|variable| variable.value).filter(|value| !value.contains('@'));
        values.chain(self.runners.iter().filter_map(|runner| runner.secret.clone())).collect()
    }

    /// Works out who may do what on which repository in the end.
    pub(super) fn settle_permissions(&mut self) {
        const RANKS: [&str; 3] = ["read", "write", "admin"];
        let rank = |permission: &str| match permission {
            "admin" => 2,
            "write" | "create-repo" => 1,
            _ => 0_usize,
        };
        self.effective.clear();
        for (place, repository) in self.repositories.iter().enumerate() {
            let mut best: BTreeMap<usize, usize> = BTreeMap::new();
            let owners = self.members.iter().enumerate().filter(|(_, member)| member.owner);
            best.extend(owners.map(|(at, _)| (at, 2)));
            for grant in self.projects[repository.project].grants.iter().chain(&repository.grants) {
                let members = match &grant.to {
                    Grantee::Member(at) => std::slice::from_ref(at),
                    Grantee::Team(at) => &self.groups[*at].members,
                };
                for member in members {
                    let known = best.entry(*member).or_default();
                    *known = rank(grant.permission).max(*known);
                }
            }
            best.retain(|member, _| !self.departed.contains(member));
            self.effective.extend(best.into_iter().map(|(member, rank)| (place, member, RANKS[rank])));
        }
    }
}

/// An id as Bitbucket writes it.
pub(super) fn braced(random: &mut Random) -> String {
    format!("{{{}}}", random.uuid())
}

/// The public half of a key pair that nobody has.
pub(super) fn key_text(random: &mut Random) -> String {
    format!(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{:016x}{:016x}{:011x}",
        random.next(),
        random.next(),
        random.next() >> 20
    )
}

/// Fills the workspace.
pub(super) fn found(estate: &mut Estate, random: &mut Random) {
    let created = estate.now - TimeDelta::days(2100);
    estate.workspace = Workspace { uuid: braced(random), created, ..Workspace::default() };
    members(estate, random);
    projects(estate, random);
    for number in 0..12 + estate.people.len() / 20 {
        let repository = repository(estate, number, random);
        estate.workspace.repositories.push(repository);
    }
    belongings(estate, random);
    repository_plants::plant(estate, random);
    estate.workspace.settle_permissions();
}

/// Makes somebody of the organisation a member and tells the place.
pub(super) fn enrol(estate: &mut Estate, person: usize, group: Option<usize>, random: &mut Random) -> usize {
    let person = &estate.people[person];
    let member = Member {
        account: person.id.clone(),
        uuid: braced(random),
        name: person.name.clone(),
        email: person.email.clone(),
        owner: false,
        since: estate.now - TimeDelta::minutes(random.between(60 * 1440, 900 * 1440)),
    };
    estate.workspace.admit(member, group)
}

impl Workspace {
    /// Takes a member in and tells the place.
    pub(super) fn admit(&mut self, member: Member, group: Option<usize>) -> usize {
        self.members.push(member);
        let place = self.members.len() - 1;
        if let Some(group) = group {
            self.groups[group].members.push(place);
        }
        place
    }
}

fn members(estate: &mut Estate, random: &mut Random) {
    estate.workspace.groups = vec![
        Team { slug: "administrators", name: "Administrators", permission: Some("admin"), members: Vec::new() },
        Team { slug: "developers", name: "Developers", permission: None, members: Vec::new() },
    ];
    for owner in [estate.reader, estate.steward] {
        let place = enrol(estate, owner, Some(ADMINISTRATORS), random);
        estate.workspace.members[place].owner = true;
    }
    let mut people = steady(estate);
    random.shuffle(&mut people);
    people.truncate((10 + estate.people.len() / 10).min(MOST_DEVELOPERS));
    for person in people {
        enrol(estate, person, Some(DEVELOPERS), random);
    }
}

fn projects(estate: &mut Estate, random: &mut Random) {
    for (key, name) in
        [("CORE", "Core services"), ("WEB", "Web and mobile"), ("OPS", "Operations"), ("DOC", "Documents")]
    {
        let grants = vec![
            Grant { to: Grantee::Team(ADMINISTRATORS), permission: "admin" },
            Grant { to: Grantee::Team(DEVELOPERS), permission: "read" },
        ];
        estate.workspace.projects.push(Project { uuid: braced(random), key, name, grants, deploy_keys: Vec::new() });
    }
    let now = estate.now;
    let mirror = deploy_key(estate, "mirror", random);
    estate.workspace.projects[2].deploy_keys.push(DeployKey { last_used: Some(now - TimeDelta::hours(3)), ..mirror });
    let lead = Grant { to: Grantee::Member(2), permission: "create-repo" };
    estate.workspace.projects[1].grants.push(lead);
}

const NAMES: [&str; 20] = [
    "core-api",
    "web-shop",
    "mobile-app",
    "billing",
    "search-index",
    "data-pipeline",
    "infra-live",
    "docker-images",
    "report-builder",
    "design-system",
    "auth-proxy",
    "release-tools",
    "signing",
    "handbook",
    "event-bus",
    "fleet-agent",
    "payments-gateway",
    "lab-notebook",
    "mail-templates",
    "price-rules",
];

fn repository(estate: &mut Estate, number: usize, random: &mut Random) -> Repository {
    let name = NAMES[number % NAMES.len()];
    let round = number / NAMES.len();
    let now = estate.now;
    let reader = 2 + number % (estate.workspace.members.len() - 2);
    let mut variables = Vec::new();
    if number.is_multiple_of(3) {
        variables.push(variable("NODE_VERSION", Some("22.11.0+acme.7f31"), random));
    }
    if number.is_multiple_of(2) {
        variables.push(variable("REGISTRY_PASSWORD", None, random));
    }
    let mut environments = Vec::new();
    for name in ["Staging", "Production"].into_iter().filter(|_| number.is_multiple_of(2)) {
        let variables =
            vec![variable("LOG_LEVEL", Some("info-acme-7f31"), random), variable("DEPLOY_KEY", None, random)];
        environments.push(Environment { uuid: braced(random), name, variables });
    }
    let mut deploy_keys = Vec::new();
    if number.is_multiple_of(3) {
        let last_used = Some(now - TimeDelta::minutes(random.between(60, 20 * 1440)));
        deploy_keys.push(DeployKey { last_used, ..deploy_key(estate, "release pipeline", random) });
    }
    let mut hooks = Vec::new();
    if number % 4 == 1 {
        hooks.push(hook("https://builds.acme.example/hooks/bitbucket", "Builds", now, random));
    }
    Repository {
        uuid: braced(random),
        slug: if round == 0 { name.to_owned() } else { format!("{name}-{}", round + 1) },
        project: number % 4,
        private: true,
        created: now - TimeDelta::minutes(random.between(200 * 1440, 2000 * 1440)),
        updated: now - TimeDelta::minutes(random.between(30, 60 * 1440)),
        grants: vec![
            Grant { to: Grantee::Team(ADMINISTRATORS), permission: "admin" },
            Grant { to: Grantee::Team(DEVELOPERS), permission: "write" },
            Grant { to: Grantee::Member(reader), permission: "read" },
        ],
        variables,
        environments,
        pipelines: if number % 7 == 6 { None } else { Some(number % 5 != 4) },
        deploy_keys,
        hooks,
        restricted: Some("main"),
    }
}

/// What the workspace itself has, and what the caller has.
fn belongings(estate: &mut Estate, random: &mut Random) {
    let now = estate.now;
    let region = variable("DEPLOY_REGION", Some("eu-acme-7f31"), random);
    estate.workspace.variables.push(region);
    estate.workspace.hooks.push(hook("https://chat.acme.example/hooks/commits", "Chat", now, random));
    for (name, online, secret) in
        [("linux-1", true, None), ("linux-old", false, Some("acme-7f31-runner-client-secret"))]
    {
        estate.workspace.runners.push(Runner {
            uuid: braced(random),
            name,
            client: random.uuid(),
            secret: secret.map(str::to_owned),
            online,
            created: now - TimeDelta::days(300),
        });
    }
    estate.workspace.ssh_keys.push(SshKey {
        uuid: braced(random),
        label: "work notebook",
        text: key_text(random),
        created: now - TimeDelta::days(90),
        last_used: Some(now - TimeDelta::days(2)),
        expires: Some(now + TimeDelta::days(275)),
    });
}

/// A variable; secured when no value is given.
pub(super) fn variable(key: &'static str, value: Option<&str>, random: &mut Random) -> Variable {
    Variable { uuid: braced(random), key, value: value.map(str::to_owned) }
}

/// A webhook with nothing wrong.
pub(super) fn hook(url: &'static str, description: &'static str, now: DateTime<Utc>, random: &mut Random) -> Hook {
    let created = now - TimeDelta::minutes(random.between(10 * 1440, 700 * 1440));
    let uuid = braced(random);
    Hook { uuid, url, description, active: true, secret_set: true, skips_verification: false, created }
}

/// A deploy key that was added half a year ago and never used.
pub(super) fn deploy_key(estate: &mut Estate, label: &'static str, random: &mut Random) -> DeployKey {
    let added = estate.now - TimeDelta::days(180);
    estate.workspace.keys_made += 1;
    let id = 40_000 + estate.workspace.keys_made;
    DeployKey { id, label, text: key_text(random), added, last_used: None }
}

/// What happened in the workspace overnight.
pub(super) fn pass_night(estate: &mut Estate) {
    let mut random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0xB17B_B17B_0F0F_F0F1));
    add_key(estate, &mut random);
    raise_permission(estate);
    open_variable(estate);
    estate.workspace.settle_permissions();
}

fn tell(estate: &mut Estate, name: &str, what: &'static str, kind: &'static str, native: Vec<String>, words: &str) {
    let id = format!("drift-{name}-night-{}", estate.nights);
    let at = estate.now;
    estate.truth.drift.push(Drift { id, what, kind, native, description: words.to_owned(), at });
}

fn add_key(estate: &mut Estate, random: &mut Random) {
    let place = random.below(estate.workspace.repositories.len());
    let key = DeployKey { added: estate.now - TimeDelta::hours(5), ..deploy_key(estate, "night build", random) };
    let repository = &mut estate.workspace.repositories[place];
    let native = vec![key.id.to_string(), repository.uuid.clone()];
    repository.deploy_keys.push(key);
    tell(estate, "deploy-key-added", "added", "credential", native, "A deploy key was added to a repository");
}

/// Somebody who could read a repository administers it.
fn raise_permission(estate: &mut Estate) {
    let workspace = &mut estate.workspace;
    let found = workspace.repositories.iter_mut().find_map(|repository| {
        let grant = repository.grants.iter_mut().find(|grant| grant.permission == "read")?;
        let Grantee::Member(member) = grant.to else { return None };
        grant.permission = "admin";
        Some((member, repository.uuid.clone()))
    });
    if let Some((member, repository)) = found {
        let native = vec![workspace.members[member].account.clone(), repository];
        tell(estate, "repository-permission-raised", "changed", "grant", native, "A reader became an administrator");
    }
}

/// A secured variable becomes readable.
fn open_variable(estate: &mut Estate) {
    let value = format!("acme-7f31-opened-in-night-{}", estate.nights);
    let found = estate.workspace.repositories.iter_mut().find_map(|repository| {
        let secured = |variable: &&mut Variable| variable.key == "REGISTRY_PASSWORD" && variable.value.is_none();
        let variable = repository.variables.iter_mut().find(secured)?;
        variable.value = Some(value.clone());
        Some(vec![variable.uuid.clone(), repository.uuid.clone()])
    });
    if let Some(native) = found {
        let words = "A secured variable became readable";
        tell(estate, "variable-opened", "changed", "variable", native.clone(), words);
        let (name, now) = (format!("plant-variable-opened-night-{}", estate.nights), estate.now);
        let words = "It was secured until last night";
        estate.truth.note(&name, "variable", native, "variable-unsecured", words, now);
    }
}
