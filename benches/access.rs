//! What accounts may do, at the size that keyroll is made for: 100,000 accounts, 10,000 projects on 200 permission schemes,
//! 20,000 groups, 4.5 million memberships and half a million grants.
//!
//! `cargo bench --bench access` measures each round in a process of its own, so that its memory is its own, and holds the
//! naive answer of the tests against the engine on a small estate. `-- ACCOUNTS` sets another size, all else in proportion.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyroll::digest::Digest;
use keyroll::inventory::Inventory;
use keyroll::inventory::needs::compare;
use keyroll::model::{
    Body, Container, ContainerForm, DeclaredAccount, EndpointState, Fact, Grant, GrantForm, Group, Holder, Integration,
    Kind, LedgerEntry, Principal, PrincipalType, Resource, ResourceId, Sighting, Snapshot,
};

#[expect(dead_code, reason = "the tests ask it more")]
#[path = "../tests/it/access/naive.rs"]
mod naive;

const ROUNDS: usize = 3;
const INTEGRATIONS: usize = 2_000;
/// Single accounts that are asked about.
const ASKED: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.as_slice() {
        [role, accounts] if role == "round" => round(&Size::of(accounts.parse().unwrap())),
        rest => conduct(rest.first().map_or(100_000, |accounts| accounts.parse().expect("a number of accounts"))),
    }
}

/// How much there is of everything.
struct Size {
    accounts: usize,
    groups: usize,
    groups_of_each: usize,
    projects: usize,
    schemes: usize,
    grants_of_scheme: usize,
    places_in_project: usize,
    spaces: usize,
    grants_of_space: usize,
}

impl Size {
    fn of(accounts: usize) -> Self {
        Self {
            accounts,
            groups: (accounts / 5).max(20),
            groups_of_each: 45.min(accounts / 10).max(2),
            projects: (accounts / 10).max(5),
            schemes: (accounts / 500).max(2),
            grants_of_scheme: 50,
            places_in_project: 45,
            spaces: (accounts / 100).max(2),
            grants_of_space: 40,
        }
    }

    fn memberships(&self) -> usize {
        self.accounts * self.groups_of_each
    }

    fn grants(&self) -> usize {
        self.schemes * self.grants_of_scheme
            + self.projects * (self.places_in_project + 1)
            + self.spaces * self.grants_of_space
    }
}

/// Runs the rounds in processes of their own and prints the medians.
fn conduct(accounts: usize) {
    let size = Size::of(accounts);
    println!(
        "{} accounts, {} projects on {} schemes, {} groups, {} memberships, {} grants",
        size.accounts,
        size.projects,
        size.schemes,
        size.groups,
        size.memberships(),
        size.grants()
    );
    let mut columns: Vec<Vec<(String, f64)>> = Vec::new();
    for _ in 0..ROUNDS {
        let this = std::env::current_exe().unwrap();
        let output = Command::new(this).arg("round").arg(accounts.to_string()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        let figures = lines.lines().filter_map(|line| line.split_once('\t'));
        columns.push(figures.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect());
    }
    for (at, (name, _)) in columns[0].iter().enumerate() {
        let mut values: Vec<f64> = columns.iter().map(|column| column[at].1).collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (values[0], values[ROUNDS - 1]);
        println!("{name:<44} median {:>10.3}   min {least:>10.3}   max {most:>10.3}", values[ROUNDS / 2]);
    }
    against_the_naive_answer();
}

fn figure(name: &str, value: f64) {
    println!("{name}\t{value}");
}

fn round(size: &Size) {
    let snapshot = generate(size);
    let held = resident_mebibytes();
    let begin = Instant::now();
    let inventory = Inventory::new(&snapshot);
    figure("index of the snapshot, s", begin.elapsed().as_secs_f64());
    let access = inventory.access();
    figure("with the access structure, s", begin.elapsed().as_secs_f64());
    figure("snapshot alone, MiB", held);
    figure("both structures, MiB", resident_mebibytes() - held);
    let accounts: Vec<&Resource> = inventory.of_kind(Kind::Principal).collect();

    let mut times: Vec<Duration> = Vec::new();
    for at in 0..ASKED.min(accounts.len()) {
        // The first administer every project.
        let account = accounts[at * accounts.len() / ASKED.min(accounts.len())];
        let begin = Instant::now();
        black_box(access.of(account));
        times.push(begin.elapsed());
    }
    let everywhere = times[0];
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    figure("one account, median, ms", millis(times[times.len() / 2]));
    figure("one account, worst of 200, ms", millis(times[times.len() - 1]));
    figure("one that is in a role of every project, ms", millis(everywhere));

    let project = inventory.of_kind(Kind::Container).find(|one| one.id.native() == "project:0").unwrap();
    let begin = Instant::now();
    let who = access.who_can("EDIT_ISSUES", project);
    figure("who can edit in one project, s", begin.elapsed().as_secs_f64());
    figure("  accounts that can", who.accounts.len() as f64);

    let begin = Instant::now();
    let integrations: Vec<&Resource> = inventory.of_kind(Kind::Integration).collect();
    let mut beyond = 0;
    for integration in &integrations {
        let comparison = compare(&inventory, integration);
        beyond += comparison.beyond.len() + comparison.outside.len();
    }
    figure("differences for 2,000 integrations, s", begin.elapsed().as_secs_f64());
    figure("  places with too much", beyond as f64);

    let begin = Instant::now();
    let mut reached = 0;
    std::thread::scope(|scope| {
        let halves: Vec<_> = accounts
            .chunks(accounts.len().div_ceil(2))
            .map(|half| {
                scope.spawn(|| {
                    half.iter()
                        .map(|account| access.extent(account).unwrap().breadth().writable.at_least)
                        .sum::<usize>()
                })
            })
            .collect();
        reached = halves.into_iter().map(|half| half.join().unwrap()).sum();
    });
    figure("breadth of all accounts, two threads, s", begin.elapsed().as_secs_f64());
    figure("  places that they may change", reached as f64);
    figure("peak of the process, MiB", peak_mebibytes());
}

/// The same questions to both on an estate that the naive answer can bear.
fn against_the_naive_answer() {
    let size = Size::of(100);
    let snapshot = generate(&size);
    let inventory = Inventory::new(&snapshot);
    let accounts: Vec<&Resource> = inventory.of_kind(Kind::Principal).collect();
    let containers: Vec<&Resource> = inventory.of_kind(Kind::Container).collect();
    let begin = Instant::now();
    let naive = naive::Naive::new(&snapshot);
    let truth: Vec<_> = accounts.iter().map(|account| naive.ways_of(account, &containers)).collect();
    let slow = begin.elapsed();
    let begin = Instant::now();
    let fresh = Inventory::new(&snapshot);
    let reaches: Vec<_> = accounts.iter().map(|account| fresh.access().of(account)).collect();
    let fast = begin.elapsed();
    let mut answers = 0;
    for (reach, ways) in reaches.iter().zip(&truth) {
        for (container, ways) in containers.iter().zip(ways) {
            for key in ways.keys() {
                assert_eq!(reach.may(key, container), ways.answer(key).bound);
                answers += 1;
            }
        }
    }
    let ratio = slow.as_secs_f64() / fast.as_secs_f64();
    println!(
        "{} accounts, {} projects, {} grants: {answers} answers are the same; naive {:.1} ms, engine {:.2} ms, ratio {ratio:.0}",
        size.accounts,
        size.projects,
        size.grants(),
        slow.as_secs_f64() * 1000.0,
        fast.as_secs_f64() * 1000.0,
    );
}

const PERMISSIONS: [&str; 10] = [
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ASSIGN_ISSUES",
    "LINK_ISSUES",
    "DELETE_ISSUES",
    "MANAGE_SPRINTS_PERMISSION",
    "EDIT_ALL_COMMENTS",
    "MODIFY_REPORTER",
    "ADMINISTER_PROJECTS",
];
const ROLES: usize = 5;

struct Making {
    resources: Vec<Resource>,
    groups: Vec<ResourceId>,
    accounts: Vec<ResourceId>,
}

fn id(tenant: &str, kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(tenant, kind, native)
}

fn seen(endpoint: &'static str) -> Vec<Sighting> {
    vec![Sighting { source: "jira".into(), endpoint: endpoint.into() }]
}

/// A believable estate, the same for the same size.
fn generate(size: &Size) -> Snapshot {
    let groups = (0..size.groups).map(|at| id(ResourceId::CLOUD, Kind::Group, &format!("8f3a-{at:08}"))).collect();
    let accounts =
        (0..size.accounts).map(|at| id(ResourceId::CLOUD, Kind::Principal, &format!("712020:{at:08x}-4000"))).collect();
    let mut making = Making { resources: Vec::new(), groups, accounts };
    making.people(size);
    making.projects(size);
    making.spaces(size);
    making.integrations(size);
    let mut resources = making.resources;
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    let endpoints: [(&str, Kind, &[&str]); 7] = [
        ("accounts", Kind::Principal, &[]),
        ("groups", Kind::Group, &[]),
        ("projects", Kind::Container, &["project"]),
        ("spaces", Kind::Container, &["space"]),
        ("permission schemes", Kind::Grant, &["permission"]),
        ("members of roles", Kind::Grant, &["project-role"]),
        ("space permissions", Kind::Grant, &["space-permission"]),
    ];
    let mut ledger: Vec<LedgerEntry> =
        endpoints.into_iter().map(|(name, kind, forms)| entry(name, kind, forms)).collect();
    ledger.sort_by(|left, right| left.endpoint.cmp(&right.endpoint));
    // Nobody asks for digests here.
    let digests = vec![Digest::of_bytes(b""); resources.len()];
    Snapshot::of_digested(resources, digests, ledger)
}

impl Making {
    fn push(&mut self, id: ResourceId, seen_by: Vec<Sighting>, body: Body) {
        self.resources.push(Resource { name: String::new(), id, seen_by, body });
    }

    fn people(&mut self, size: &Size) {
        for group in self.groups.clone() {
            let body = Group { inside: Fact::Absent, members_told: Fact::Known(true), ..Group::default() };
            self.push(group, seen("groups"), Body::Group(body));
        }
        // A few groups have nearly everybody in them, the others few.
        let large = size.groups / 200;
        for (at, account) in self.accounts.clone().into_iter().enumerate() {
            let mut groups: Vec<usize> = (0..size.groups_of_each)
                .map(|which| match which < 5 && large > 5 {
                    true => 1 + (at + which * 31) % large,
                    false => 1 + (at * 7_919 + which * 104_729) % (size.groups - 1),
                })
                .collect();
            if at < 3 {
                groups.push(0);
            }
            groups.sort_unstable();
            groups.dedup();
            let principal = Principal {
                account_type: Fact::Known(PrincipalType::Person),
                status: Fact::Known("active".to_owned()),
                email: Fact::Known(format!("person{at}@acme.example")),
                platform_roles: Fact::Absent,
                groups: Fact::Known(groups.into_iter().map(|group| self.groups[group].clone()).collect()),
                workspace_groups: Fact::Absent,
                ..Principal::default()
            };
            self.push(account, seen("accounts"), Body::Principal(principal));
        }
    }

    /// Schemes give to roles, to single groups, to everybody who is logged in, and to reporters.
    fn projects(&mut self, size: &Size) {
        let schemes: Vec<ResourceId> =
            (0..size.schemes).map(|at| id("site", Kind::Container, &format!("permission-scheme:{at}"))).collect();
        for (at, scheme) in schemes.iter().enumerate() {
            let body = Container::unknown(ContainerForm::PermissionScheme);
            self.push(scheme.clone(), seen("permission schemes"), Body::Container(body));
            for number in 0..size.grants_of_scheme {
                let permission = PERMISSIONS[number % PERMISSIONS.len()];
                let of = |holder| Grant::of(GrantForm::Permission, permission, holder);
                let mut grant = match number {
                    0 => of(Holder::LoggedIn),
                    1..40 => Grant {
                        holder_detail: Fact::Known((number / PERMISSIONS.len()).to_string()),
                        ..of(Holder::ProjectRole)
                    },
                    40..48 => Grant {
                        group: Fact::Known(self.groups[(at * 53 + number * 997) % size.groups].clone()),
                        ..of(Holder::Group)
                    },
                    _ => Grant { holder_detail: Fact::Known("reporter".to_owned()), ..of(Holder::Conditional) },
                };
                grant.container = Fact::Known(scheme.clone());
                let native = format!("permission-scheme:{at}/{number}");
                self.push(id("site", Kind::Grant, &native), seen("permission schemes"), Body::Grant(grant));
            }
        }
        let in_roles = seen("members of roles");
        for at in 0..size.projects {
            let project = id("site", Kind::Container, &format!("project:{at}"));
            let body = Container {
                key: Fact::Known(format!("P{at}")),
                lead: Fact::Known(self.accounts[(at * 13) % size.accounts].clone()),
                permission_scheme: Fact::Known(schemes[at % size.schemes].clone()),
                team_managed: Fact::Known(false),
                ..Container::unknown(ContainerForm::Project)
            };
            self.push(project.clone(), seen("projects"), Body::Container(body));
            for number in 0..=size.places_in_project {
                let role = number % ROLES;
                let of = |holder| Grant::of(GrantForm::ProjectRole, format!("Role {role}"), holder);
                let (mut grant, who) = match number {
                    // The first group is in a role of every project.
                    0 => (Grant { group: Fact::Known(self.groups[0].clone()), ..of(Holder::Group) }, 0),
                    1..=30 => {
                        let group = 1 + (at * 331 + number * 7_907) % (size.groups - 1);
                        (Grant { group: Fact::Known(self.groups[group].clone()), ..of(Holder::Group) }, group)
                    }
                    _ => {
                        let account = (at * 617 + number * 3_571) % size.accounts;
                        let principal = Fact::Known(self.accounts[account].clone());
                        (Grant { principal, ..of(Holder::Principal) }, account)
                    }
                };
                grant.container = Fact::Known(project.clone());
                let native = format!("project-role:{at}/{role}/{number}:{who}");
                self.push(id("site", Kind::Grant, &native), in_roles.clone(), Body::Grant(grant));
            }
        }
    }

    fn spaces(&mut self, size: &Size) {
        let words = ["read space", "create page", "create comment", "delete page", "administer space"];
        for at in 0..size.spaces {
            let space = id("site", Kind::Container, &format!("space:{at}"));
            self.push(space.clone(), seen("spaces"), Body::Container(Container::unknown(ContainerForm::Space)));
            for number in 0..size.grants_of_space {
                let word = words[number % words.len()];
                let grant = Grant {
                    group: Fact::Known(self.groups[(at * 89 + number * 4_919) % size.groups].clone()),
                    container: Fact::Known(space.clone()),
                    permits: Fact::Known(vec![word.to_owned()]),
                    ..Grant::of(GrantForm::SpacePermission, word, Holder::Group)
                };
                let native = format!("space:{at}/{number}");
                self.push(id("site", Kind::Grant, &native), seen("space permissions"), Body::Grant(grant));
            }
        }
    }

    /// Each runs on one account, works in three projects and needs two permissions there.
    fn integrations(&mut self, size: &Size) {
        for at in 0..INTEGRATIONS.min(size.accounts) {
            let account = &self.accounts[at * size.accounts / INTEGRATIONS.min(size.accounts)];
            let declared = DeclaredAccount {
                name: account.native().to_owned(),
                id: Some(account.as_str().to_owned()),
                source: None,
            };
            let mut keys: Vec<String> = (0..3).map(|which| format!("P{}", (at * 5 + which) % size.projects)).collect();
            keys.sort();
            let body = Integration {
                accounts: Fact::Known(vec![declared]),
                containers: Fact::Known(keys),
                permissions: Fact::Known(vec!["BROWSE_PROJECTS".to_owned(), "EDIT_ISSUES".to_owned()]),
                ..Integration::default()
            };
            let seen_by = vec![Sighting { source: "register".into(), endpoint: "register".into() }];
            self.push(id("register", Kind::Integration, &format!("i{at}")), seen_by, Body::Integration(body));
        }
    }
}

fn entry(endpoint: &str, kind: Kind, forms: &[&str]) -> LedgerEntry {
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    let entry = LedgerEntry::not_asked("jira".into(), endpoint.into(), String::new(), vec![kind], String::new(), now);
    let forms: Vec<Arc<str>> = forms.iter().map(|form| (*form).into()).collect();
    LedgerEntry { state: EndpointState::Complete, forms, ..entry }
}

/// The memory this process holds, as Linux tells it; 0 elsewhere.
fn resident_mebibytes() -> f64 {
    status("VmRSS:")
}

/// The most memory this process ever held, as Linux tells it; 0 elsewhere.
fn peak_mebibytes() -> f64 {
    status("VmHWM:")
}

fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
