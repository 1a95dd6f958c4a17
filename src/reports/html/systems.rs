//! Integrations with their reach, and what each machine account may do where.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::inventory::Inventory;
use crate::inventory::access::{Bound, Permission, Power, place};
use crate::inventory::detector::{Conclusion, sentence};
use crate::model::{Body, Container, ContainerForm, Fact, Integration, Kind, Resource, ResourceId};
use crate::reports::explain::reach_words;
use crate::reports::say;
use crate::text::plural;

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

/// What runs on what, as far as it was seen.
#[derive(Debug, Serialize)]
pub(super) struct Systems {
    all: Vec<System>,
    /// False if there may be more than was seen: the register, accounts or credentials were not read whole.
    whole: bool,
}

#[derive(Debug, Serialize)]
struct OnAccount {
    name: String,
    id: String,
    /// How the account stands, where it is not active.
    state: String,
    person: bool,
    /// How many it has: “at least” where more may be out of sight.
    credentials: String,
    reach: String,
    gravest: String,
}

/// Every integration that is declared, then what was recognised on an account without being declared.
pub(super) fn systems(inventory: &Inventory<'_>) -> Systems {
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
    // Whoever keeps no register declares nothing: that none is shown is no gap.
    let register = inventory.coverage().gaps_of(Kind::Integration).next().is_none();
    let whole = register && inventory.seen_whole(Kind::Principal) && inventory.seen_whole(Kind::Credential);
    Systems { all: systems, whole }
}

fn declared(inventory: &Inventory<'_>, resource: &Resource) -> System {
    let Body::Integration(Integration { owner_email, team, environment, accounts: named, .. }) = &resource.body else {
        unreachable!("internal: it is of the kind integration")
    };
    let (accounts, told) = inventory.runs_on(resource);
    let who = [owner_email, team].into_iter().filter_map(Fact::known).cloned().collect::<Vec<_>>();
    let mut notes: Vec<String> = environment.known().cloned().into_iter().collect();
    match (named, accounts.as_slice(), told) {
        (Fact::Absent, ..) => notes.push("the register names no account".to_owned()),
        (Fact::Known(_), [], true) => notes.push("none of its accounts exists".to_owned()),
        (Fact::Known(_) | Fact::Unknown, ..) => {}
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
    let credentials = plural(inventory.credentials_of(&account.id).count(), "credential", "credentials");
    OnAccount {
        name: account.title().to_owned(),
        id: account.id.as_str().to_owned(),
        state: if status == "active" { String::new() } else { status },
        person: !inventory.is_machine(account),
        credentials: if inventory.seen_whole(Kind::Credential) {
            credentials
        } else {
            format!("at least {credentials} (more may be out of sight)")
        },
        reach: extent
            .map_or_else(|| "How far it reaches could not be told.".to_owned(), |one| reach_words(one.breadth())),
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
    /// True if it administers a whole product for certain.
    administers: bool,
    cells: Vec<Option<MatrixCell>>,
    /// In how many of the places that are not shown it may change something, for certain or perhaps.
    elsewhere: usize,
    /// True if more than the cells say could not be ruled out.
    may_more: bool,
}

/// The most that may be done in a place.
#[derive(Debug, Serialize)]
struct MatrixCell {
    /// For certain; `None` if nothing is certain.
    certain: Option<Most>,
    /// What could not be ruled out or depends on the issue, where it is more than that.
    perhaps: Option<Most>,
}

/// A power, by its letter and in words.
#[derive(Debug, Serialize)]
struct Most {
    letter: &'static str,
    words: &'static str,
}

/// The most that an account may do in a place, for certain and perhaps.
#[derive(Debug, Clone, Copy)]
struct Powers {
    certain: Option<Power>,
    perhaps: Option<Power>,
}

impl Powers {
    fn of(permissions: &[Permission<'_>]) -> Self {
        let most = |is: fn(Bound) -> bool| permissions.iter().filter(|one| is(one.bound)).map(|one| one.power).max();
        let certain = most(|bound| bound == Bound::Held);
        Self { certain, perhaps: most(|bound| bound != Bound::Held).filter(|power| Some(*power) > certain) }
    }

    fn may_change(self) -> bool {
        self.certain.max(self.perhaps) > Some(Power::Read)
    }
}

/// What an account may do where.
struct Held<'a> {
    account: &'a Resource,
    administers: bool,
    may_more: bool,
    places: BTreeMap<&'a ResourceId, Powers>,
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
            let powers = Powers::of(&at.permissions);
            administers |= powers.certain == Some(Power::AdministerAll);
            if is_content(at.container) {
                places.insert(&at.container.id, powers);
            }
        }
        for (id, powers) in &places {
            *weight.entry(*id).or_default() += usize::from(powers.may_change());
        }
        let may_more =
            reach.boundless || access.breadth_of(&reach).may_administer_more || !reach.out_of_sight.is_empty();
        held.push(Held { account: subject, administers, may_more, places });
    }
    let mut columns: Vec<(&ResourceId, usize)> = weight.into_iter().filter(|(_, weight)| *weight > 0).collect();
    columns.sort_by_key(|(id, weight)| (std::cmp::Reverse(*weight), *id));
    let more_places = columns.len().saturating_sub(COLUMNS);
    columns.truncate(COLUMNS);
    let columns: Vec<&ResourceId> = columns.into_iter().map(|(id, _)| id).collect();
    held.sort_by_key(|held| {
        let changing = held.places.values().filter(|powers| powers.may_change()).count();
        (!held.administers, std::cmp::Reverse(changing), &held.account.id)
    });
    let rows = held.iter().take(ROWS).map(|Held { account, administers, may_more, places }| MatrixRow {
        name: account.title().to_owned(),
        id: account.id.as_str().to_owned(),
        administers: *administers,
        may_more: *may_more,
        cells: columns.iter().map(|id| places.get(id).map(|powers| cell(*powers))).collect(),
        elsewhere: places.iter().filter(|(id, powers)| powers.may_change() && !columns.contains(id)).count(),
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

fn cell(powers: Powers) -> MatrixCell {
    let most = |power: Power| match power {
        Power::Read => Most { letter: "r", words: "sees it" },
        Power::Write => Most { letter: "C", words: "changes content" },
        Power::Destroy => Most { letter: "D", words: "deletes what others made" },
        Power::Administer | Power::AdministerAll => Most { letter: "A", words: "decides on it" },
    };
    MatrixCell { certain: powers.certain.map(most), perhaps: powers.perhaps.map(most) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_ruled_out_stands_beside_what_is_certain() {
        let one = |power, bound| Permission { key: "x", bound, of_everybody: false, power, doubt: None };
        let shown = |permissions: &[Permission<'_>]| {
            let cell = cell(Powers::of(permissions));
            [cell.certain, cell.perhaps].map(|most| most.map_or("", |most| most.letter))
        };
        let (read, decide) = (Power::Read, Power::Administer);
        assert_eq!(shown(&[one(read, Bound::Held), one(decide, Bound::Possible)]), ["r", "A"]);
        assert_eq!(shown(&[one(decide, Bound::Held), one(Power::Write, Bound::Possible)]), ["A", ""]);
        assert_eq!(shown(&[one(Power::Write, Bound::Conditional)]), ["", "C"]);
        assert!(Powers::of(&[one(decide, Bound::Possible)]).may_change());
        assert!(!Powers::of(&[one(read, Bound::Held)]).may_change());
    }
}
