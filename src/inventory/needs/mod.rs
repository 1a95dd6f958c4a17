//! What the accounts of an integration may do, held against what the register says it needs. There is one comparison, for
//! rules and for the register's own check.
//!
//! Only what is certain counts: what depends on the single issue meets no need and is no excess, and what may be there and
//! may not leaves the question open. What everybody has is no excess, and meets a need all the same.

mod judged;
mod remedy;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Inventory;
use super::access::{ANY, Bound, EachOnce, Excess, Kept, Permission, Place, Power, Reach};
use crate::model::{Body, Container, ContainerForm, Integration, Kind, LedgerEntry, Resource, ResourceId, SourceName};
use words::{Where, covers, family_of, is_workplace, label, wanted};

pub use judged::{AllJudged, Judged};
pub use remedy::{Remedy, remedy};

/// A need that is not met.
#[derive(Debug, Clone)]
pub struct Lack<'a> {
    /// The place as people call it.
    pub label: String,
    /// Where it is needed; none where no account has anything to do with such a place.
    pub container: Option<&'a Resource>,
    /// The permission as the register writes it; none if it is all of them.
    pub permission: Option<&'a str>,
    /// The accounts of which one should have it: those at home there.
    pub accounts: Vec<&'a Resource>,
}

/// What an integration may do against what it needs. Each list has what is certain, and a word on whether there may be more.
#[derive(Debug, Default)]
pub struct Comparison<'a> {
    /// Its accounts.
    pub accounts: Vec<&'a Resource>,
    /// Needs that no account meets.
    pub missing: Vec<Lack<'a>>,
    /// True if further needs may not be met.
    pub missing_open: bool,
    /// Needs that are met.
    pub met: Vec<Kept<'a>>,
    /// What is not needed in places that it is declared for.
    pub beyond: Vec<Excess<'a>>,
    /// True if there may be more.
    pub beyond_open: bool,
    /// What it may do in places that it is not declared for.
    pub outside: Vec<Excess<'a>>,
    /// True if there may be more.
    pub outside_open: bool,
    /// Whole products that it administers and does not need to.
    pub administers: Vec<Excess<'a>>,
    /// The same, of products that were not seen themselves: the account, the product and the role.
    pub administers_unseen: Vec<(&'a Resource, &'a ResourceId, &'a str)>,
    /// True if there may be more.
    pub administers_open: bool,
    /// Why something is open, as far as the accounts' access leaves it so; sorted.
    pub doubts: Vec<String>,
    /// True if the register says where it works, or has no limit to say.
    pub places_told: bool,
    /// True if the register says what it needs, or has no limit to say.
    pub needs_told: bool,
}

/// Compares one integration with what its accounts may do.
#[must_use]
pub fn compare<'a>(inventory: &Inventory<'a>, integration: &'a Resource) -> Comparison<'a> {
    let mut comparison = Comparison { places_told: true, needs_told: true, ..Comparison::default() };
    let Body::Integration(Integration { containers, permissions, .. }) = &integration.body else { return comparison };
    (comparison.places_told, comparison.needs_told) = (!containers.is_unknown(), !permissions.is_unknown());
    let (keys, needed) = (containers.known().map(Vec::as_slice), permissions.known().map(Vec::as_slice));
    if keys.is_none() && needed.is_none() {
        return comparison;
    }
    let (accounts, told) = inventory.runs_on(integration);
    let access = inventory.access();
    let reaches: Vec<Reach<'a>> = accounts.iter().map(|account| access.of_account(account)).collect();
    let mut judge = Judge { inventory, reaches: &reaches, told, doubts: BTreeSet::new() };
    if let Some(keys) = keys {
        let places: Vec<u32> = keys.iter().flat_map(|key| judge.places_of(Where::read(key))).collect();
        let named = judge.named(&places);
        judge.places(&named, needed, &mut comparison);
        if let Some(needed) = needed {
            judge.needs(keys, needed, &mut comparison);
        }
    }
    if let Some(needed) = needed {
        judge.whole_products(needed, &mut comparison);
    }
    for reach in reaches.iter().filter(|reach| reach.boundless) {
        judge.doubts.extend(reach.doubts.iter().cloned());
    }
    comparison.doubts = judge.doubts.into_iter().collect();
    comparison.accounts = accounts;
    comparison
}

struct Judge<'j, 'a> {
    inventory: &'j Inventory<'a>,
    reaches: &'j [Reach<'a>],
    /// True if these are all its accounts.
    told: bool,
    doubts: BTreeSet<String>,
}

/// What one list of permissions comes to outside of what is declared: lists are shared by the projects of a scheme.
#[derive(Clone)]
struct Seen<'a> {
    own: Arc<Vec<&'a str>>,
    doubt: Option<Option<u16>>,
}

impl<'a> Judge<'_, 'a> {
    /// Some places, and what lies in them.
    fn named(&self, places: &[u32]) -> BTreeSet<u32> {
        let mut round: Vec<u32> = places.to_vec();
        let mut named = BTreeSet::new();
        while let Some(at) = round.pop() {
            if named.insert(at) {
                round.extend(self.inside(at));
            }
        }
        named
    }

    fn places_of(&self, wanted: Where<'_>) -> Vec<u32> {
        let by_key = self.inventory.workplaces_by_key(wanted.key);
        let means = |at: &u32| match &self.inventory.resource(*at) {
            resource @ Resource { body: Body::Container(body), .. } => wanted.means(resource, body),
            _ => false,
        };
        by_key.iter().copied().filter(means).collect()
    }

    /// What lies in a workspace or a project of repositories.
    fn inside(&self, at: u32) -> Vec<u32> {
        let resource = self.inventory.resource(at);
        let Body::Container(Container { form, .. }) = &resource.body else { return Vec::new() };
        match form {
            ContainerForm::Workspace | ContainerForm::RepositoryProject => {
                self.inventory.access().inside(&resource.id).to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// Whether something of these forms may be out of sight where its accounts are at home.
    fn may_hide(&self, forms: &[&str]) -> bool {
        let concerns = |source: &SourceName| {
            self.reaches.is_empty()
                || self
                    .reaches
                    .iter()
                    .any(|reach| self.inventory.may_know_accounts_of(reach.subject.id.tenant(), source))
        };
        self.inventory.coverage().gaps_over(Kind::Container, forms).any(|gap| concerns(&gap.source))
    }

    /// True if one of its accounts may do anything anywhere, as far as was told.
    fn is_boundless(&self) -> bool {
        self.reaches.iter().any(|reach| reach.boundless)
    }

    fn note(&mut self, reach: &Reach<'a>, doubt: Option<u16>) {
        self.doubts.extend(doubt.and_then(|doubt| reach.doubts.get(usize::from(doubt))).cloned());
    }

    /// What is had in all places: beyond the needs in those that are named, at all in the others.
    fn places(&mut self, named: &BTreeSet<u32>, needed: Option<&'a [String]>, comparison: &mut Comparison<'a>) {
        for reach in self.reaches {
            // Both are in order of the ids.
            let reached = named.iter().filter_map(|at| reach.position(self.inventory.resource(*at)));
            let mut reached = reached.peekable();
            let mut looked_at = EachOnce::new();
            for (at, place) in reach.places.iter().enumerate() {
                let Body::Container(Container { form, .. }) = &place.container.body else { continue };
                let is_named = reached.next_if_eq(&at).is_some();
                if !is_workplace(*form) {
                    continue;
                }
                if is_named {
                    self.named_place(reach, place, *form, needed, comparison);
                    continue;
                }
                let seen = looked_at.of(&place.permissions, |list| look(list, *form));
                if let Some(doubt) = seen.doubt {
                    comparison.outside_open = true;
                    self.note(reach, doubt);
                }
                if !seen.own.is_empty() {
                    let permissions = Arc::clone(&seen.own);
                    comparison.outside.push(Excess { account: reach.subject, container: place.container, permissions });
                }
            }
        }
        let hidden =
            !self.told || self.is_boundless() || self.may_hide(&words::WORKPLACES.map(|(form, _)| form.name()));
        comparison.outside_open |= hidden;
        comparison.beyond_open |= hidden && needed.is_some();
    }

    fn named_place(
        &mut self,
        reach: &Reach<'a>,
        place: &Place<'a>,
        form: ContainerForm,
        needed: Option<&'a [String]>,
        comparison: &mut Comparison<'a>,
    ) {
        let Some(needed) = needed else { return };
        let is_needed = |key: &str| needed.iter().any(|needed| covers(needed, form, key));
        let unneeded = || place.permissions.iter().filter(|one| !is_needed(one.key) && counts(form, one));
        for one in unneeded().filter(|one| one.bound == Bound::Possible) {
            comparison.beyond_open = true;
            self.note(reach, one.doubt);
        }
        let own: Vec<&'a str> = unneeded().filter(|one| is_own(one)).map(|one| one.key).collect();
        if !own.is_empty() {
            let permissions = Arc::new(own);
            comparison.beyond.push(Excess { account: reach.subject, container: place.container, permissions });
        }
    }

    /// What is needed in all places that are named.
    fn needs(&mut self, keys: &'a [String], needed: &'a [String], comparison: &mut Comparison<'a>) {
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        for key in keys {
            let wanted_place = Where::read(key);
            let forms: Vec<ContainerForm> = match wanted_place.form {
                Some(form) => vec![form],
                None => needed.iter().filter_map(|one| family_of(one)).flat_map(|one| one.forms()).copied().collect(),
            };
            let all = self.places_of(wanted_place);
            let here: Vec<u32> = all.iter().copied().filter(|at| self.is_known_at(*at)).collect();
            if here.is_empty() {
                let hidden = self.may_hide(&forms.iter().map(|form| form.name()).collect::<Vec<_>>());
                comparison.missing_open |= hidden || (!self.told && !all.is_empty());
                let can_be_had = all.iter().any(|at| needed.iter().any(|one| !self.at(*at, one).is_empty()));
                comparison.missing_open |= self.is_boundless();
                if self.told && !self.reaches.is_empty() && !self.is_boundless() && can_be_had {
                    let accounts = self.reaches.iter().map(|reach| reach.subject).collect();
                    let label = all.first().map_or_else(|| (*key).clone(), |at| label(self.inventory.resource(*at)));
                    comparison.missing.push(Lack { label, container: None, permission: None, accounts });
                }
                placed.extend(needed.iter().map(String::as_str));
                continue;
            }
            for at in here {
                for permission in needed {
                    for inner in self.at(at, permission) {
                        placed.insert(permission);
                        self.need(inner, permission, comparison);
                    }
                }
            }
        }
        // A need of a product in which no place is named is held against nothing.
        let whole = |permission: &str| family_of(permission).is_none();
        comparison.missing_open |=
            !keys.is_empty() && needed.iter().any(|one| !placed.contains(one.as_str()) && !whole(one));
    }

    /// Where in a place a permission is to be had: there, or in what lies inside.
    fn at(&self, at: u32, permission: &str) -> Vec<u32> {
        let form_of = |at: u32| match &self.inventory.resource(at).body {
            Body::Container(Container { form, .. }) => Some(*form),
            _ => None,
        };
        let is_had = |at: &u32| form_of(*at).is_some_and(|form| !wanted(permission, form).is_empty());
        let mut inside: Vec<u32> =
            self.named(&[at]).into_iter().filter(|inner| *inner != at && is_had(inner)).collect();
        // What is given on a project of repositories is had in these, however it came there.
        let is_repository = |at: &u32| form_of(*at) == Some(ContainerForm::Repository);
        if inside.iter().any(is_repository) {
            inside.retain(is_repository);
        }
        match (inside.is_empty(), is_had(&at)) {
            (false, _) if inside.iter().any(is_repository) => inside,
            (_, true) => vec![at],
            (_, false) => inside,
        }
    }

    fn is_known_at(&self, at: u32) -> bool {
        let resource = self.inventory.resource(at);
        self.reaches.iter().any(|reach| self.inventory.knows_accounts_of(reach.subject.id.tenant(), resource))
    }

    fn need(&mut self, at: u32, permission: &'a str, comparison: &mut Comparison<'a>) {
        let container = self.inventory.resource(at);
        let Body::Container(Container { form, .. }) = &container.body else { return };
        let mut accounts = Vec::new();
        let mut possible = false;
        for reach in self.reaches {
            if !self.inventory.knows_accounts_of(reach.subject.id.tenant(), container) {
                continue;
            }
            accounts.push(reach.subject);
            possible |= reach.boundless;
            let Some(place) = reach.on(container) else { continue };
            let words = wanted(permission, *form);
            let found = place.permissions.iter().filter(|one| one.key == ANY || words.contains(&one.key));
            for one in found {
                match one.bound {
                    Bound::Held if one.key != ANY => {
                        comparison.met.push(Kept { account: reach.subject, permission: one.key, container });
                        return;
                    }
                    Bound::Held | Bound::Possible => {
                        possible = true;
                        self.note(reach, one.doubt);
                    }
                    Bound::Conditional => {}
                }
            }
        }
        // An account that was not found may be the one that has it.
        let beside = |entry: &LedgerEntry| container.seen_by.iter().any(|seen| seen.source == entry.source);
        let all = self.told || self.inventory.lists_whole(Kind::Principal, &[], beside);
        if possible || !all {
            comparison.missing_open = true;
        } else {
            let label = label(container);
            comparison.missing.push(Lack { label, container: Some(container), permission: Some(permission), accounts });
        }
    }

    /// Whole products and organisations: who administers one reaches everything in it, whatever else is declared.
    fn whole_products(&mut self, needed: &'a [String], comparison: &mut Comparison<'a>) {
        comparison.administers_open |= !self.told || self.is_boundless();
        let is_needed = |form: ContainerForm, key: &str| needed.iter().any(|one| one == key || covers(one, form, key));
        for reach in self.reaches {
            for place in &reach.places {
                let Body::Container(Container { form, .. }) = &place.container.body else { continue };
                if !has_whole_in_hand(*form) {
                    continue;
                }
                let grave =
                    || place.permissions.iter().filter(|one| one.power == Power::AdministerAll || one.key == ANY);
                for one in grave().filter(|one| one.bound == Bound::Possible && !is_needed(*form, one.key)) {
                    comparison.administers_open = true;
                    self.note(reach, one.doubt);
                }
                let own = grave().filter(|one| is_own(one) && !is_needed(*form, one.key)).map(|one| one.key);
                let permissions: Arc<Vec<&'a str>> = Arc::new(own.collect());
                if !permissions.is_empty() {
                    let excess = Excess { account: reach.subject, container: place.container, permissions };
                    comparison.administers.push(excess);
                }
            }
            for (id, one) in reach.out_of_sight.iter().filter(|(_, one)| one.power == Power::AdministerAll) {
                if needed.iter().any(|needed| needed == one.key) {
                    continue;
                }
                if is_own(one) {
                    comparison.administers_unseen.push((reach.subject, id, one.key));
                } else {
                    comparison.administers_open |= one.bound == Bound::Possible;
                }
            }
        }
    }
}

/// What is had for certain, and not as everybody has it.
fn is_own(one: &Permission<'_>) -> bool {
    one.bound == Bound::Held && !one.of_everybody && one.key != ANY
}

/// Being in a workspace opens nothing by itself; whoever owns one is told as an administrator of a whole product.
fn counts(form: ContainerForm, one: &Permission<'_>) -> bool {
    form != ContainerForm::Workspace || !matches!(one.key, "member" | "collaborator" | "owner")
}

/// True for what has a whole product in it.
fn has_whole_in_hand(form: ContainerForm) -> bool {
    use ContainerForm::{Instance, Organisation, Product, Site, Workspace};
    matches!(form, Organisation | Product | Site | Instance | Workspace)
}

fn look<'a>(permissions: &[Permission<'a>], form: ContainerForm) -> Seen<'a> {
    let counted = || permissions.iter().filter(|one| counts(form, one));
    let own = counted().filter(|one| is_own(one)).map(|one| one.key).collect();
    let doubt = counted().find(|one| one.bound == Bound::Possible).map(|one| one.doubt);
    Seen { own: Arc::new(own), doubt }
}

/// Places that a register names and nobody saw.
#[derive(Debug, Clone)]
pub struct Unseen<'a> {
    /// As the register names it.
    pub key: &'a str,
    /// Endpoints that were not read whole and may hide it.
    pub gaps: Vec<&'a LedgerEntry>,
    /// True if anything shows such places at all.
    pub is_shown: bool,
}

/// The places that a register names and that were not seen, in its order.
#[must_use]
pub fn unseen_places<'a>(inventory: &Inventory<'a>, keys: &'a [String]) -> Vec<Unseen<'a>> {
    let nowhere = keys.iter().filter(|key| {
        let wanted = Where::read(key);
        !inventory.workplaces_by_key(wanted.key).iter().any(|at| match &inventory.resource(*at) {
            resource @ Resource { body: Body::Container(body), .. } => wanted.means(resource, body),
            _ => false,
        })
    });
    let coverage = inventory.coverage();
    nowhere
        .map(|key| {
            let forms: Vec<&str> = match Where::read(key).form {
                Some(form) => vec![form.name()],
                None => words::WORKPLACES.map(|(form, _)| form.name()).to_vec(),
            };
            let is_shown = coverage.0.iter().any(|entry| entry.can_show(Kind::Container, &forms));
            Unseen { key, gaps: coverage.gaps_over(Kind::Container, &forms).collect(), is_shown }
        })
        .collect()
}

impl Inventory<'_> {
    /// The places of workplaces that have a key, or of repositories that have a name, in any case of letters.
    fn workplaces_by_key(&self, key: &str) -> &[u32] {
        let index = self.prepared().workplaces.get_or_init(|| {
            let mut index: HashMap<String, Vec<u32>> = HashMap::new();
            for at in self.places(Kind::Container) {
                let resource = self.resource(at);
                let Body::Container(body) = &resource.body else { continue };
                if !is_workplace(body.form) {
                    continue;
                }
                let name = (body.form == ContainerForm::Repository).then(|| resource.name.to_ascii_lowercase());
                let names: BTreeSet<String> =
                    body.key.known().map(|key| key.to_ascii_lowercase()).into_iter().chain(name).collect();
                names.into_iter().for_each(|name| index.entry(name).or_default().push(at));
            }
            index
        });
        index.get(&key.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}
