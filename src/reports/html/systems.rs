//! Integrations with their reach, and what each machine account may do where.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::access::{Bound, Count, Extent, Power, place};
use crate::inventory::detector::{Conclusion, sentence};
use crate::model::{Body, Container, ContainerForm, Fact, Integration, Kind, Resource, ResourceId};
use crate::reports::say;
use crate::text::{plural, thousands};

/// Places and accounts of the matrix before the rest is counted.
const COLUMNS: usize = 24;
const ROWS: usize = 200;

/// The integrations that the register declares for an account, and the systems that were recognised on it.
pub(super) fn integrations_on(inventory: &Inventory<'_>, account: &ResourceId) -> Vec<String> {
    let declared = inventory.integrations_on(account).map(|one| one.title().to_owned());
    let detections = inventory.detections();
    let systems = detections.account(account).into_iter().flat_map(|found| &found.systems);
    let sure = systems.filter(|one| one.score.is_enough() == Fact::Known(true)).filter_map(|one| one.system);
    let recognised = sure.filter_map(|at| inventory.knowledge().profile(at)).map(|profile| profile.title.clone());
    let all: BTreeSet<String> = declared.chain(recognised).collect();
    all.into_iter().collect()
}

/// “may see 12, change something in at least 3 and decides on 1 of 40 places”.
pub(super) fn reach_words(extent: &Extent) -> String {
    let breadth = extent.breadth();
    if breadth.places == 0 {
        return "No project, space or repository was seen, so how many it reaches cannot be told.".to_owned();
    }
    let mut said = format!(
        "It may see {}, change something in {}, delete in {} and decides on {}, of {} that were seen.",
        number(breadth.readable),
        number(breadth.writable),
        number(breadth.destroyable),
        number(breadth.administered),
        plural(breadth.places, "project, space or repository", "projects, spaces and repositories"),
    );
    for whole in &breadth.administers {
        said.push_str(&format!(" It administers a whole product: {whole}."));
    }
    if breadth.may_administer_more {
        said.push_str(" That it administers more cannot be ruled out.");
    }
    said
}

/// “12”, “at least 12”, “8 to 12”.
fn number(count: Count) -> String {
    match (count.exact(), count.boundless) {
        (Some(exact), _) => thousands(exact),
        (None, true) => format!("at least {}", thousands(count.at_least)),
        (None, false) => format!("{} to {}", thousands(count.at_least), thousands(count.at_most)),
    }
}

/// An integration that is declared, or a system that was recognised on an account and is not.
#[derive(Debug, Serialize)]
pub(super) struct System {
    name: String,
    /// True if the register declares it.
    declared: bool,
    answerable: String,
    accounts: Vec<OnAccount>,
    /// What is to be said of it beside.
    note: String,
}

#[derive(Debug, Serialize)]
struct OnAccount {
    name: String,
    id: String,
    /// How the account stands, where it is not active.
    state: String,
    person: bool,
    credentials: usize,
    reach: String,
    gravest: String,
}

/// Every integration that is declared, then what was recognised on an account without being declared.
pub(super) fn systems(inventory: &Inventory<'_>) -> Vec<System> {
    let mut systems: Vec<System> = inventory.of_kind(Kind::Integration).map(|one| declared(inventory, one)).collect();
    let mut found: BTreeMap<String, Vec<(&Resource, Option<String>)>> = BTreeMap::new();
    let undeclared = |account: &&Resource| inventory.integrations_on(&account.id).next().is_none();
    for account in inventory.of_kind(Kind::Principal).filter(undeclared) {
        // On a person's account it is said with how sure one may be.
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        for concluded in inventory.concluded(&account.id) {
            let Conclusion::RunsOnPerson(system) = concluded.conclusion else { continue };
            let profile = system.and_then(|at| inventory.knowledge().profile(at));
            let name = profile.map_or_else(|| "A system that fits no profile".to_owned(), |one| one.title.clone());
            let words = format!("{} (confidence {} of 100)", sentence(inventory, &concluded), concluded.confidence);
            said.entry(name).or_insert(words);
        }
        let recognised: BTreeSet<String> =
            integrations_on(inventory, &account.id).into_iter().chain(said.keys().cloned()).collect();
        for name in recognised {
            let words = said.remove(&name);
            found.entry(name).or_default().push((account, words));
        }
    }
    systems.extend(found.into_iter().map(|(name, on)| System {
        name,
        declared: false,
        answerable: String::new(),
        note: on.iter().filter_map(|(_, said)| said.as_deref()).collect::<Vec<_>>().join(". "),
        accounts: on.iter().map(|(account, _)| on_account(inventory, account)).collect(),
    }));
    systems
}

fn declared(inventory: &Inventory<'_>, resource: &Resource) -> System {
    let Body::Integration(Integration { owner_email, team, environment, .. }) = &resource.body else {
        unreachable!("internal: it is of the kind integration")
    };
    let (accounts, told) = inventory.runs_on(resource);
    let who = [owner_email, team].into_iter().filter_map(Fact::known).cloned().collect::<Vec<_>>();
    let mut notes: Vec<String> = environment.known().cloned().into_iter().collect();
    if accounts.is_empty() && told {
        notes.push("none of its accounts exists".to_owned());
    }
    if !told {
        notes.push("whether these are all its accounts could not be told".to_owned());
    }
    System {
        name: resource.title().to_owned(),
        declared: true,
        answerable: if who.is_empty() { "nobody is named".to_owned() } else { who.join(", ") },
        accounts: accounts.into_iter().map(|account| on_account(inventory, account)).collect(),
        note: notes.join("; "),
    }
}

fn on_account(inventory: &Inventory<'_>, account: &Resource) -> OnAccount {
    let access = inventory.access();
    let subject = inventory.snapshot().get(&account.id);
    let extent = subject.and_then(|subject| access.extent(subject));
    let status = match &account.body {
        Body::Principal(principal) => say::fact(&principal.status, String::clone),
        _ => String::new(),
    };
    OnAccount {
        name: account.title().to_owned(),
        id: account.id.as_str().to_owned(),
        state: if status == "active" { String::new() } else { status },
        person: !inventory.is_machine(account),
        credentials: inventory.credentials_of(&account.id).count(),
        reach: extent.map(reach_words).unwrap_or_default(),
        gravest: extent.and_then(|extent| access.gravest_words(extent)).unwrap_or_default().to_owned(),
    }
}

/// What each machine account may do where.
#[derive(Debug, Serialize)]
pub(super) struct Matrix {
    places: Vec<String>,
    rows: Vec<MatrixRow>,
    /// Machine accounts and places that are not shown.
    more_rows: usize,
    more_places: usize,
    /// False if there may be accounts or places that nobody saw.
    whole: bool,
}

#[derive(Debug, Serialize)]
struct MatrixRow {
    name: String,
    id: String,
    /// True if it administers a whole product.
    administers: bool,
    cells: Vec<MatrixCell>,
    /// In how many of the places that are not shown it may change something.
    elsewhere: usize,
}

/// The most that may be done in a place: its letter, its words, and whether that is certain.
#[derive(Debug, Clone, Default, Serialize)]
struct MatrixCell {
    letter: &'static str,
    words: &'static str,
    perhaps: bool,
}

/// The most that an account may do in each place, and whether that is not certain.
struct Held<'a> {
    account: &'a Resource,
    administers: bool,
    places: BTreeMap<&'a ResourceId, (Power, bool)>,
}

/// For each machine account the most it may do in each project, space and repository where one of them may change something.
pub(super) fn matrix(inventory: &Inventory<'_>) -> Matrix {
    let access = inventory.access();
    let machines: Vec<&Resource> =
        inventory.of_kind(Kind::Principal).filter(|account| inventory.is_machine(account)).collect();
    let mut held: Vec<Held<'_>> = Vec::new();
    let mut weight: BTreeMap<&ResourceId, usize> = BTreeMap::new();
    for subject in machines.iter().filter_map(|account| inventory.snapshot().get(&account.id)) {
        let reach = access.of(subject);
        let mut places = BTreeMap::new();
        let mut administers = false;
        for at in &reach.places {
            let most = at.permissions.iter().filter(|one| !one.of_everybody || one.power > Power::Read);
            let most = most.max_by_key(|one| (one.bound != Bound::Possible, one.power));
            let Some(most) = most else { continue };
            administers |= most.power == Power::AdministerAll && most.bound == Bound::Held;
            if is_content(at.container) {
                places.insert(&at.container.id, (most.power, most.bound != Bound::Held));
            }
        }
        for (id, (power, _)) in &places {
            *weight.entry(*id).or_default() += usize::from(*power > Power::Read);
        }
        held.push(Held { account: subject, administers, places });
    }
    let mut columns: Vec<(&ResourceId, usize)> = weight.into_iter().filter(|(_, weight)| *weight > 0).collect();
    columns.sort_by_key(|(id, weight)| (std::cmp::Reverse(*weight), *id));
    let more_places = columns.len().saturating_sub(COLUMNS);
    columns.truncate(COLUMNS);
    let columns: Vec<&ResourceId> = columns.into_iter().map(|(id, _)| id).collect();
    held.sort_by_key(|held| {
        let changing = held.places.values().filter(|(power, _)| *power > Power::Read).count();
        (!held.administers, std::cmp::Reverse(changing), &held.account.id)
    });
    let rows = held.iter().take(ROWS).map(|Held { account, administers, places }| MatrixRow {
        name: account.title().to_owned(),
        id: account.id.as_str().to_owned(),
        administers: *administers,
        cells: columns.iter().map(|id| places.get(id).map(|most| cell(*most)).unwrap_or_default()).collect(),
        elsewhere: places.iter().filter(|(id, (power, _))| *power > Power::Read && !columns.contains(id)).count(),
    });
    Matrix {
        rows: rows.collect(),
        places: columns.iter().filter_map(|id| inventory.get(id)).map(place).collect(),
        more_rows: held.len().saturating_sub(ROWS),
        more_places,
        whole: inventory.seen_whole(Kind::Principal)
            && inventory.seen_whole(Kind::Container)
            && inventory.seen_whole(Kind::Grant),
    }
}

fn cell((power, perhaps): (Power, bool)) -> MatrixCell {
    let (letter, words) = match power {
        Power::Read => ("r", "sees it"),
        Power::Write => ("C", "changes content"),
        Power::Destroy => ("D", "deletes what others made"),
        Power::Administer | Power::AdministerAll => ("A", "decides on it"),
    };
    MatrixCell { letter, words, perhaps }
}

fn is_content(resource: &Resource) -> bool {
    matches!(
        &resource.body,
        Body::Container(Container {
            form: ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository,
            ..
        })
    )
}
