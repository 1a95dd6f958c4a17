//! Confluence: its spaces, and who may do what in them. Sane spaces come first, then the planted ones and their
//! look-alikes, each in a space of its own.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::estate::{CONFLUENCE_USERS, Estate, FIRST_TEAM, Who};
use super::names;
use super::people::{called, leavers, steady};
use super::random::Random;
use super::truth::{Drift, Plant};

/// Where Confluence keeps the rights in spaces.
pub(super) const MODES: [&str; 3] = ["PRE_ROLES", "ROLES_TRANSITION", "ROLES"];

/// Classes of people that roles and grants may name.
const ANONYMOUS: &str = "anonymous-users";
const LOGGED_IN: &str = "authenticated-users";
const LICENSED: &str = "all-licensed-users";

/// Ids of spaces: the first, and from one to the next.
const FIRST_ID: u64 = 98_306;
const ID_STEP: u64 = 32_768;

/// Confluence as a whole.
#[derive(Debug, Default)]
pub(super) struct Wiki {
    /// One of [`MODES`].
    pub(super) mode: &'static str,
    pub(super) spaces: Vec<Space>,
    /// Ids of the roles, in the order of [`Level`].
    pub(super) roles: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
pub(super) struct Space {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) archived: bool,
    /// Place of the person who made it; the owner, for a personal space.
    pub(super) author: usize,
    pub(super) created: DateTime<Utc>,
    pub(super) holders: Vec<Holding>,
}

/// What somebody may do in a space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holding {
    pub(super) who: Principal,
    pub(super) level: Level,
    pub(super) told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Principal {
    Account(Who),
    Group(usize),
    /// A class of people, such as `anonymous-users`.
    Class(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Viewer,
    Collaborator,
    Manager,
    Admin,
}

/// Where a right stands while Confluence moves from grants to roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Grants,
    Roles,
}

/// An automation rule of a space.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) space: u64,
    pub(super) author: usize,
    pub(super) created: DateTime<Utc>,
}

impl Level {
    pub(super) const ALL: [Self; 4] = [Self::Viewer, Self::Collaborator, Self::Manager, Self::Admin];

    /// What may be done: operation and its target.
    pub(super) fn operations(self) -> &'static [(&'static str, &'static str)] {
        const ALL: [(&str, &str); 12] = [
            ("read", "space"),
            ("create", "page"),
            ("create", "blogpost"),
            ("create", "comment"),
            ("create", "attachment"),
            ("delete", "page"),
            ("delete", "blogpost"),
            ("delete", "comment"),
            ("delete", "attachment"),
            ("restrict_content", "space"),
            ("administer", "space"),
            ("export", "space"),
        ];
        let count = match self {
            Self::Viewer => 1,
            Self::Collaborator => 5,
            Self::Manager => 10,
            Self::Admin => 12,
        };
        ALL.split_at(count).0
    }
}

impl Wiki {
    /// Whether a right shows among the grants of its space.
    pub(super) fn in_grants(&self, told: Told) -> bool {
        self.mode == "PRE_ROLES" || (self.mode != "ROLES" && told == Told::Grants)
    }

    /// Whether a right shows among the role assignments of its space.
    pub(super) fn in_roles(&self, told: Told) -> bool {
        self.mode == "ROLES" || (self.mode != "PRE_ROLES" && told == Told::Roles)
    }

    pub(super) fn find(&self, id: &str) -> Option<&Space> {
        // Ids follow one another, so that the id tells the place.
        let place = id.parse::<u64>().ok()?.checked_sub(FIRST_ID)? / ID_STEP;
        let space = self.spaces.get(usize::try_from(place).ok()?)?;
        (space.id.to_string() == id).then_some(space)
    }
}

/// Fills Confluence.
pub(super) fn found(estate: &mut Estate, random: &mut Random) {
    estate.wiki.mode = "ROLES_TRANSITION";
    estate.wiki.roles = Level::ALL.iter().map(|_| random.uuid()).collect();
    let (people, leavers, teams) = (steady(estate), leavers(estate), lively_teams(estate));
    let mut founder = Founder { estate, random, people, leavers, teams, keys: HashSet::new() };
    for number in 0..20 + founder.estate.people.len() / 20 {
        founder.sane_space(number);
    }
    founder.open_spaces();
    founder.administrators();
    founder.look_alikes();
    founder.rules();
}

/// Somebody is made an administrator of a space overnight.
pub(super) fn pass_night(estate: &mut Estate) {
    let mut random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0x5ACE_5ACE_0F0F_F0F1));
    let people = steady(estate);
    let Some(person) = people.get(random.below(people.len())).copied() else { return };
    let who = Principal::Account(Who::Person(person));
    let planted: HashSet<&String> = estate.truth.plants.iter().flat_map(|plant| &plant.native).collect();
    let fits = |space: &&mut Space| {
        let sane = space.kind == "collaboration" && !space.archived && !planted.contains(&space.id.to_string());
        sane && space.holders.iter().all(|holding| holding.who != who)
    };
    let Some(space) = estate.wiki.spaces.iter_mut().find(fits) else { return };
    space.holders.push(Holding { who, level: Level::Admin, told: Told::Roles });
    let native = vec![estate.people[person].id.clone(), space.id.to_string()];
    estate.truth.drift.push(Drift {
        id: format!("drift-space-admin-added-night-{}", estate.nights),
        what: "added",
        kind: "grant",
        native,
        description: "Somebody administers one more space".to_owned(),
        at: estate.now,
    });
}

struct Founder<'a> {
    estate: &'a mut Estate,
    random: &'a mut Random,
    people: Vec<usize>,
    leavers: Vec<usize>,
    teams: Vec<usize>,
    /// Keys of personal spaces.
    keys: HashSet<String>,
}

/// Teams whose members are not all gone.
fn lively_teams(estate: &Estate) -> Vec<usize> {
    let active = |at: usize| estate.groups[at].members.iter().filter(|who| estate.is_active(**who)).count();
    (FIRST_TEAM..estate.groups.len()).filter(|at| active(*at) > 1).collect()
}

fn hold(who: Principal, level: Level, told: Told) -> Holding {
    Holding { who, level, told }
}

fn person(at: usize) -> Principal {
    Principal::Account(Who::Person(at))
}

impl Founder<'_> {
    fn team(&mut self) -> Principal {
        Principal::Group(self.random.pick(&self.teams))
    }

    fn anybody(&mut self) -> usize {
        self.random.pick(&self.people)
    }

    fn add(&mut self, key: &str, name: &str, kind: &'static str, author: usize, holders: Vec<Holding>) -> &mut Space {
        let place = u64::try_from(self.estate.wiki.spaces.len()).expect("internal: few spaces");
        let created = self.estate.now - TimeDelta::minutes(self.random.between(100 * 1440, 1500 * 1440));
        self.estate.wiki.spaces.push(Space {
            id: FIRST_ID + ID_STEP * place,
            key: key.to_owned(),
            name: name.to_owned(),
            kind,
            archived: false,
            author,
            created,
            holders,
        });
        self.estate.wiki.spaces.last_mut().expect("internal: one was just added")
    }

    fn sane_space(&mut self, number: usize) {
        let author = self.anybody();
        let everybody = Principal::Group(CONFLUENCE_USERS);
        let told = |place: usize| match number % 3 {
            0 => Told::Grants,
            1 => Told::Roles,
            _ => [Told::Grants, Told::Roles][place % 2],
        };
        if number % 5 == 4 {
            return self.personal_space(author, vec![hold(everybody, Level::Viewer, told(1))]);
        }
        let mut holders = vec![
            hold(self.team(), Level::Admin, told(0)),
            hold(self.team(), Level::Collaborator, told(1)),
            hold(everybody, if number.is_multiple_of(2) { Level::Viewer } else { Level::Collaborator }, told(2)),
        ];
        if number % 4 == 1 {
            holders.push(hold(person(author), Level::Admin, told(3)));
        }
        let work = names::WORKS[number % names::WORKS.len()];
        let stem: String = work.chars().take(4).collect::<String>().to_uppercase();
        let kind = match number % 9 {
            3 | 6 => "collaboration",
            8 => "knowledge_base",
            _ => "global",
        };
        let space = self.add(&format!("{stem}{number}"), &format!("{work} notes {number}"), kind, author, holders);
        space.archived = number % 11 == 10;
    }

    /// The owner administers it, beside the holders named.
    fn personal_space(&mut self, owner: usize, mut holders: Vec<Holding>) {
        let told = if self.estate.wiki.spaces.len().is_multiple_of(2) { Told::Grants } else { Told::Roles };
        holders.push(hold(person(owner), Level::Admin, told));
        let owned = &self.estate.people[owner];
        let key = format!("~{}", owned.id.replace([':', '-'], ""));
        let name = owned.name.clone();
        // Nobody has two personal spaces.
        if self.keys.insert(key.clone()) {
            self.add(&key, &name, "personal", owner, holders);
        }
    }

    /// A space with a team that administers it and one right that is out of the ordinary.
    fn odd_space(&mut self, key: &str, name: &str, odd: Holding) -> &mut Space {
        let author = self.anybody();
        let team = self.team();
        self.add(key, name, "global", author, vec![hold(team, Level::Admin, odd.told), odd])
    }

    fn note(
        &mut self,
        name: &str,
        kind: &'static str,
        expect: &'static str,
        words: &str,
        who: Option<Who>,
    ) -> &mut Plant {
        let space = self.estate.wiki.spaces.last().expect("internal: one was just added").id.to_string();
        let mut native = vec![space];
        if let Some(who) = who {
            native.insert(usize::from(kind == "container"), self.estate.account_id(who).to_owned());
        }
        let now = self.estate.now;
        self.estate.truth.note(name, kind, native, expect, words, now)
    }

    fn open_spaces(&mut self) {
        let key = "space-open-to-anyone";
        let anyone = Principal::Class(ANONYMOUS);
        self.odd_space("PRESS", "Press room", hold(anyone, Level::Viewer, Told::Grants));
        self.note("plant-space-anonymous-grant", "container", key, "A grant lets the world read the space", None);
        self.odd_space("STATUS", "Status reports", hold(anyone, Level::Viewer, Told::Roles));
        self.note("plant-space-anonymous-role", "container", key, "A role lets the world read the space", None);
        self.odd_space("GUEST", "Guest book", hold(anyone, Level::Collaborator, Told::Grants));
        let words = "The world can write into the space";
        self.note("plant-space-anonymous-writes", "container", "space-writable-by-anyone", words, None).also =
            &["space-open-to-anyone"];
        let logged_in = Principal::Class(LOGGED_IN);
        self.odd_space("FORUM", "Open forum", hold(logged_in, Level::Viewer, Told::Roles));
        let words = "Everyone who is signed in can read the space, with or without a seat";
        self.note("plant-space-logged-in", "container", "space-open-to-logged-in", words, None);

        let archived =
            self.odd_space("OLDPR", "Press room until 2021", hold(anyone, Level::Collaborator, Told::Grants));
        archived.archived = true;
        let words = "Archived, and the world can still read it";
        self.note("plant-archived-space-open", "container", key, words, None);
        let words = "Whoever it lets create pages, nothing is created in an archived space";
        self.note("harmless-archived-space", "container", "space-writable-by-anyone", words, None);
    }

    fn administrators(&mut self) {
        let (gone, left) = (self.leavers[0], self.leavers[1]);
        let author = self.anybody();
        let everybody = Principal::Group(CONFLUENCE_USERS);
        let holders =
            vec![hold(person(gone), Level::Admin, Told::Grants), hold(everybody, Level::Collaborator, Told::Grants)];
        self.add("ORPHAN", "Migration notes", "collaboration", author, holders).archived = false;
        let words = "Its only administrator is deactivated";
        let gone = Some(Who::Person(gone));
        self.note("plant-space-admin-gone", "container", "space-admin-gone", words, gone);

        self.personal_space(left, vec![hold(everybody, Level::Viewer, Told::Grants)]);
        let words = "The personal space of somebody who is deactivated";
        let plant = self.note(
            "plant-personal-space-of-leaver",
            "container",
            "personal-space-of-leaver",
            words,
            Some(Who::Person(left)),
        );
        plant.also = &["space-admin-gone"];

        let machine = called(self.estate, "svc-jenkins");
        self.odd_space("BUILD", "Build reports", hold(person(machine), Level::Admin, Told::Roles));
        let words = "svc-jenkins administers a space, beside a team";
        let machine = Some(Who::Person(machine));
        self.note("plant-machine-administers-space", "grant", "machine-administers-space", words, machine);
    }

    fn look_alikes(&mut self) {
        let licensed = hold(Principal::Class(LICENSED), Level::Collaborator, Told::Roles);
        self.odd_space("HANDBK", "Company handbook", licensed);
        let words = "Everyone with a seat may write, and nobody else may even read";
        self.note("harmless-space-for-licensed", "container", "space-open-to-anyone", words, None);

        let gone = *self.leavers.last().expect("internal: the plants made some");
        self.odd_space("ARCHI", "Architecture", hold(person(gone), Level::Admin, Told::Grants));
        let words = "One administrator is deactivated, and a team with active people administers it too";
        let who = Some(Who::Person(gone));
        self.note("harmless-space-admin-beside-team", "container", "space-admin-gone", words, who);

        let drawing = self.estate.apps.iter().position(|app| app.name.starts_with("draw.io"));
        let app = Who::App(drawing.expect("internal: every estate has this app"));
        self.odd_space("DRAW", "Diagrams", hold(Principal::Account(app), Level::Admin, Told::Roles));
        let words = "An installed app was let in as apps are";
        self.note("harmless-app-administers-space", "grant", "machine-administers-space", words, Some(app));
    }

    fn rules(&mut self) {
        for (name, place) in [("Welcome new pages", 0), ("Archive stale pages", 1), ("Weekly digest", 2)] {
            let space = self.estate.wiki.spaces[place].id;
            let created = self.estate.now - TimeDelta::minutes(self.random.between(20_000, 600_000));
            let (id, author) = (self.random.uuid(), self.estate.steward);
            self.estate.wiki.rules.push(Rule { id, name, space, author, created });
        }
    }
}
