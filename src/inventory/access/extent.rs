//! How far every account and credential reaches, for those who ask it of all of them: each is worked out once a snapshot,
//! and accounts that are in the same groups and have nothing of their own share one answer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use super::breadth::{Count, gravest, is_content, look};
use super::index::Index;
use super::outline::{Outline, Same};
use super::ways::role_id;
use super::words::Step;
use super::{ANY, Access, Bound, Breadth, EachOnce, Permission, Power};
use crate::inventory::Inventory;
use crate::model::{
    Body, Container, ContainerForm, Credential, CredentialForm, Fact, GrantForm, Holder, Kind, Principal,
    PrincipalType, Resource, ResourceId,
};

/// Of fewer places than this a share says nothing: two of two are all there are.
const FEWEST: usize = 5;

/// The projects, spaces or repositories of one site, server or workspace, by its tenant.
type Sort = (String, ContainerForm);

/// How far one account or credential reaches.
#[derive(Debug)]
pub struct Extent {
    span: Arc<Span>,
    /// Of very many nobody asks for words.
    words: OnceLock<Box<Words>>,
}

/// How it comes to what it may do, in words, as far as somebody asked.
#[derive(Debug, Default)]
struct Words {
    gravest_chain: OnceLock<Option<String>>,
    chains: [OnceLock<Option<String>>; 3],
    administers: OnceLock<Vec<String>>,
}

/// What accounts of the same rights share.
#[derive(Debug)]
struct Span {
    breadth: Breadth,
    held: Vec<String>,
    /// `None` where it may be any.
    possible: Option<Vec<String>>,
    gravest: Option<(String, ResourceId)>,
    /// A place in which it may change, delete and decide, with the permission.
    first: [Option<(String, ResourceId)>; 3],
    /// Of each sort of place, in how many it may change something for certain, and perhaps.
    sorts: Vec<(Sort, Count, usize)>,
    whole: Vec<(String, ResourceId)>,
    is_whole: bool,
}

impl Extent {
    fn words(&self) -> &Words {
        self.words.get_or_init(Box::default)
    }

    /// The counts.
    #[must_use]
    pub fn breadth(&self) -> &Breadth {
        &self.span.breadth
    }

    /// Permissions that it has for certain somewhere, and not just as everybody has them: sorted.
    #[must_use]
    pub fn held(&self) -> &[String] {
        &self.span.held
    }

    /// Those, and all that could not be ruled out or depend on the issue; `None` if that may be any.
    #[must_use]
    pub fn possible(&self) -> Option<&[String]> {
        self.span.possible.as_deref()
    }

    /// Of the projects, spaces and repositories of each site, server or workspace, where there are enough to speak of a
    /// share, those of which it may change most for certain: how many, of how many.
    #[must_use]
    pub fn widest(&self) -> Option<(ContainerForm, usize, usize)> {
        let shares = self.span.sorts.iter().filter(|(.., all)| *all >= FEWEST);
        let widest = shares.max_by_key(|(_, count, all)| (count.at_least * 1000 / all, *all))?;
        Some((widest.0.1, widest.1.at_least, widest.2))
    }

    /// The largest share of one sort that it may change, in hundredths and rounded down: for certain, and at most, where
    /// that can be told.
    #[must_use]
    pub fn largest_share(&self) -> (usize, Option<usize>) {
        let shares = || self.span.sorts.iter().filter(|(.., all)| *all >= FEWEST);
        let least = shares().map(|(_, count, all)| count.at_least * 100 / all).max().unwrap_or(0);
        let most = shares().map(|(_, count, all)| count.at_most * 100 / all).max().unwrap_or(0);
        (least, (!self.span.breadth.writable.boundless).then_some(most))
    }

    /// True if there is nothing that could not be ruled out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.span.is_whole
    }
}

/// The answers that were worked out so far.
#[derive(Debug)]
pub(in crate::inventory) struct Extents {
    /// Accounts, and behind them credentials, each in the order of their ids.
    slots: Vec<OnceLock<Extent>>,
    accounts: usize,
    /// Accounts that lead or own a container.
    named: HashSet<ResourceId>,
    /// How many places of each sort there are.
    sorts: BTreeMap<Sort, usize>,
    alike: Mutex<HashMap<Signature, Arc<Span>, foldhash::fast::RandomState>>,
    holders: OnceLock<HashMap<ResourceId, Holders>>,
}

/// What decides the reach of an account or credential, so that those of which it is the same need one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Signature {
    Account(Box<OfAccount>),
    Credential {
        /// Where the answer of the owner is.
        owner: usize,
        form: CredentialForm,
        scopes: Option<Vec<String>>,
    },
}

/// What decides the reach of an account that leads and owns nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct OfAccount {
    tenant: String,
    circle: u32,
    is_machine: bool,
    /// Groups, groups at least, those of workspaces, those at least; none where it is not known.
    lists: [Option<Vec<ResourceId>>; 4],
    roles: Option<Vec<String>>,
    own: Vec<Own>,
}

/// A grant that names the account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Own {
    form: GrantForm,
    role: String,
    container: Option<ResourceId>,
    number: Option<String>,
    permits: Option<Vec<String>>,
}

/// With fewer accounts of different rights, sharing out costs more than it saves.
const WORTH_SHARING: usize = 500;

/// Who is named by more grants than this has hardly a double.
const MOST_OWN: usize = 12;

/// How many accounts may do what with one container, those left out that are not let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holders {
    /// Accounts that may change something there, and not just as everybody may.
    pub changing: Count,
    /// Accounts that decide on it.
    pub deciding: Count,
}

impl Holders {
    /// Of so many accounts that may all do the same.
    fn alike(permissions: &[Permission<'_>], certain: usize, perhaps: usize) -> Self {
        let [changing, deciding] = [Power::Write, Power::Administer].map(|least| {
            let bound = own_bound(permissions, least);
            Count {
                at_least: if bound == Some(Bound::Held) { certain } else { 0 },
                at_most: if bound.is_some() { perhaps } else { 0 },
                boundless: false,
            }
        });
        Self { changing, deciding }
    }

    fn add(&mut self, more: Self) {
        for (count, more) in [(&mut self.changing, more.changing), (&mut self.deciding, more.deciding)] {
            count.at_least += more.at_least;
            count.at_most += more.at_most;
            count.boundless |= more.boundless;
        }
    }

    fn take(&mut self, less: Self) {
        for (count, less) in [(&mut self.changing, less.changing), (&mut self.deciding, less.deciding)] {
            count.at_least -= less.at_least;
            count.at_most -= less.at_most;
        }
    }
}

impl Extents {
    pub(in crate::inventory) fn new(inventory: &Inventory<'_>) -> Self {
        let accounts = inventory.places(Kind::Principal).count();
        let credentials = inventory.places(Kind::Credential).count();
        let mut named = HashSet::new();
        let mut sorts: BTreeMap<Sort, usize> = BTreeMap::new();
        for container in inventory.of_kind(Kind::Container) {
            let Body::Container(Container { form, lead, owner, .. }) = &container.body else { continue };
            named.extend([lead, owner].into_iter().filter_map(Fact::known).cloned());
            if is_content(*form) {
                *sorts.entry((container.id.tenant().to_owned(), *form)).or_default() += 1;
            }
        }
        Self {
            slots: std::iter::repeat_with(OnceLock::new).take(accounts + credentials).collect(),
            accounts,
            named,
            sorts,
            alike: Mutex::default(),
            holders: OnceLock::new(),
        }
    }
}

impl<'i, 'a> Access<'i, 'a> {
    fn extents(&self) -> &'i Extents {
        self.inventory.prepared.extents.get_or_init(|| Extents::new(self.inventory))
    }

    /// How far an account or credential of this snapshot reaches; `None` of another resource, as of one that is described
    /// or was seen in another scan.
    #[must_use]
    pub fn extent(&self, subject: &'a Resource) -> Option<&'i Extent> {
        let extents = self.extents();
        let kind = subject.kind();
        let at = self.inventory.snapshot.resources.element_offset(subject)?;
        let at = self.inventory.kinds.get(&kind)?.binary_search(&u32::try_from(at).ok()?).ok()?;
        let slot = match kind {
            Kind::Principal => at,
            Kind::Credential => extents.accounts + at,
            _ => return None,
        };
        let slot = extents.slots.get(slot)?;
        Some(slot.get_or_init(|| Extent { span: self.span(subject), words: OnceLock::new() }))
    }

    /// The most dangerous permission that is certain, as “DELETE_ISSUES on project PAY”.
    #[must_use]
    pub fn gravest_words(&self, extent: &'i Extent) -> Option<&'i str> {
        extent.span.breadth.gravest.as_ref().map(|(_, words)| words.as_str())
    }

    /// The shortest chain to that.
    #[must_use]
    pub fn gravest_chain(&self, subject: &'a Resource, extent: &'i Extent) -> Option<&'i str> {
        let told = extent.words().gravest_chain.get_or_init(|| {
            let (key, container) = extent.span.gravest.as_ref()?;
            self.shortest(subject, key, self.inventory.get(container)?).map(|shortest| shortest.words)
        });
        told.as_deref()
    }

    /// The steps of that chain; none if there is none, as for what could merely not be ruled out.
    #[must_use]
    pub fn gravest_steps(&self, subject: &'a Resource, extent: &Extent) -> Vec<Step<'a>> {
        let Some((key, container)) = &extent.span.gravest else { return Vec::new() };
        let Some(container) = self.inventory.get(container) else { return Vec::new() };
        let chains = self.chains(subject, key, container);
        match chains.own() {
            Some(first) => self.steps(&chains, first),
            None => self.opened(subject, container).unwrap_or_default(),
        }
    }

    /// The shortest chain to one place in which it may change something, delete what others made, or decide.
    #[must_use]
    pub fn chain_to(&self, subject: &'a Resource, extent: &'i Extent, power: Power) -> Option<&'i str> {
        let at = match power {
            Power::Read | Power::Write => 0,
            Power::Destroy => 1,
            Power::Administer | Power::AdministerAll => 2,
        };
        let (told, first) = (extent.words().chains.get(at)?, extent.span.first.get(at)?);
        let told = told.get_or_init(|| {
            let (key, container) = first.as_ref()?;
            self.shortest(subject, key, self.inventory.get(container)?).map(|shortest| shortest.words)
        });
        told.as_deref()
    }

    /// Whole products and organisations that it administers for certain, each with the chain that leads there.
    #[must_use]
    pub fn administers_words(&self, subject: &'a Resource, extent: &'i Extent) -> &'i [String] {
        extent.words().administers.get_or_init(|| {
            let worded = extent.span.whole.iter().map(|(key, container)| {
                let Some(container) = self.inventory.get(container) else {
                    return format!("{key} on {}, which was not seen itself", container.native());
                };
                match self.shortest(subject, key, container) {
                    Some(shortest) => format!("{key} by {}", shortest.words),
                    None => format!("{key} on {}", super::place(container)),
                }
            });
            worded.collect()
        })
    }

    /// How many accounts may do what with a container.
    #[must_use]
    pub fn holders(&self, container: &Resource) -> Holders {
        let holders = self.extents().holders.get_or_init(|| self.all_holders());
        let none = Holders {
            changing: Count { boundless: self.more_may_hold(), ..Count::default() },
            deciding: Count { boundless: self.more_may_hold(), ..Count::default() },
        };
        holders.get(&container.id).copied().unwrap_or(none)
    }

    /// True if further accounts may hold something anywhere.
    fn more_may_hold(&self) -> bool {
        !self.inventory.seen_whole(Kind::Principal) || !self.index.unplaced().is_empty()
    }

    fn span(&self, subject: &'a Resource) -> Arc<Span> {
        let signature = match &subject.body {
            Body::Credential(credential) => self.signature_of_credential(credential),
            Body::Principal(account) => self.signature(subject, account),
            _ => None,
        };
        let Some(signature) = signature else { return Arc::new(self.work_out(subject)) };
        let alike = || self.extents().alike.lock().unwrap_or_else(PoisonError::into_inner);
        let known = alike().get(&signature).cloned();
        known.unwrap_or_else(|| {
            let span = Arc::new(self.work_out(subject));
            alike().insert(signature, Arc::clone(&span));
            span
        })
    }

    /// What a credential shares with others: the reach of its owner, and what limits it.
    fn signature_of_credential(&self, credential: &Credential) -> Option<Signature> {
        if credential.impersonates == Fact::Known(true) {
            return None;
        }
        let owner = credential.owner.known().and_then(|owner| self.inventory.get(owner))?;
        let scopes = match &credential.scopes {
            Fact::Known(scopes) => Some(scopes.clone()),
            Fact::Absent => Some(Vec::new()),
            Fact::Unknown => None,
        };
        // What was worked out stays where it is as long as the snapshot is asked.
        let owner = Arc::as_ptr(&self.extent(owner)?.span).addr();
        Some(Signature::Credential { owner, form: credential.form, scopes })
    }

    /// What an account shares with others; `None` if it leads or owns something, or too many grants name it.
    fn signature(&self, subject: &Resource, account: &Principal) -> Option<Signature> {
        if self.extents().named.contains(&subject.id) {
            return None;
        }
        let mut own = Vec::new();
        for resource in self.inventory.grants_of(&subject.id) {
            let Body::Grant(grant) = &resource.body else { continue };
            if own.len() == MOST_OWN || grant.holder != Holder::Principal {
                return None;
            }
            own.push(Own {
                form: grant.form,
                role: grant.role.clone(),
                container: grant.container.known().cloned(),
                number: role_id(resource).map(str::to_owned),
                permits: grant.permits.known().cloned(),
            });
        }
        own.sort_unstable();
        let list = |list: &Fact<Vec<ResourceId>>| match list {
            Fact::Known(list) => Some(list.clone()),
            Fact::Absent => Some(Vec::new()),
            Fact::Unknown => None,
        };
        let machine = [PrincipalType::App, PrincipalType::ServiceAccount, PrincipalType::Agent];
        Some(Signature::Account(Box::new(OfAccount {
            tenant: subject.id.tenant().to_owned(),
            circle: self.index.circle(self.inventory.place(&subject.id)?),
            is_machine: account.account_type.known().is_some_and(|sort| machine.contains(sort)),
            lists: [
                list(&account.groups),
                list(&account.groups_at_least),
                list(&account.workspace_groups),
                list(&account.workspace_groups_at_least),
            ],
            roles: account.platform_roles.known().cloned(),
            own,
        })))
    }

    fn work_out(&self, subject: &'a Resource) -> Span {
        let outline = self.outline(subject);
        let places = self.together(&outline);
        let breadth = self.breadth_of_outline(&outline, &places);
        let gravest =
            gravest(places.iter().copied()).map(|(one, container)| (one.key.to_owned(), container.id.clone()));
        let (held, possible) = keys(&outline, &places);
        let whole = |power: Power, bound: Bound| power == Power::AdministerAll && bound == Bound::Held;
        let first = [&[Power::Write, Power::Destroy][..], &[Power::Destroy], &[Power::Administer]]
            .map(|powers| first_place(&places, powers));
        let sorts = self.sorts(&places, &breadth);
        // No project is a whole product, so each of these stands by itself.
        let mut administers = Vec::new();
        for place in &places {
            let one = place.permissions.iter().find(|one| whole(one.power, one.bound));
            administers.extend(one.map(|one| (one.key.to_owned(), place.first.id.clone())));
        }
        for (id, one) in outline.out_of_sight.iter().filter(|(_, one)| whole(one.power, one.bound)) {
            administers.push((one.key.to_owned(), (*id).clone()));
        }
        let is_whole = !outline.boundless && outline.doubts.is_empty();
        Span { breadth, held, possible, gravest, first, sorts, whole: administers, is_whole }
    }

    /// Of each sort of place, in how many it may change something.
    fn sorts(&self, places: &[Same<'_, 'a>], breadth: &Breadth) -> Vec<(Sort, Count, usize)> {
        let mut counts: HashMap<(&str, ContainerForm), Count> = HashMap::new();
        let mut looked_at = EachOnce::new();
        for same in places {
            let Body::Container(Container { form, .. }) = &same.first.body else { continue };
            if !is_content(*form) {
                continue;
            }
            let count = counts.entry((same.first.id.tenant(), *form)).or_default();
            let [_, changes, ..] = looked_at.of(same.permissions, look);
            count.at_least += if *changes == Some(Bound::Held) { same.number } else { 0 };
            count.at_most += if changes.is_some() { same.number } else { 0 };
        }
        let of_sort = |(sort, all): (&Sort, &usize)| {
            let count = counts.get(&(sort.0.as_str(), sort.1)).copied().unwrap_or_default();
            (sort.clone(), Count { boundless: breadth.writable.boundless, ..count }, *all)
        };
        self.extents().sorts.iter().map(of_sort).collect()
    }

    /// One pass over all accounts: those of the same rights are looked at once.
    fn all_holders(&self) -> HashMap<ResourceId, Holders> {
        let mut groups: HashMap<Signature, (&'a Resource, usize, usize)> = HashMap::new();
        let mut single: Vec<(&'a Resource, usize, usize)> = Vec::new();
        for account in self.inventory.of_kind(Kind::Principal) {
            let Body::Principal(body) = &account.body else { continue };
            let (certain, perhaps) = match body.status.known().and_then(|status| Principal::lets_in(status)) {
                Some(false) => continue,
                Some(true) => (1, 1),
                None => (0, 1),
            };
            match self.signature(account, body) {
                Some(signature) => {
                    let alike = groups.entry(signature).or_insert((account, 0, 0));
                    alike.1 += certain;
                    alike.2 += perhaps;
                }
                None => single.push((account, certain, perhaps)),
            }
        }
        let all: Vec<_> = groups.into_values().chain(single).collect();
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hands = if all.len() < WORTH_SHARING { 1 } else { processors };
        let shares = thread::scope(|scope| {
            let shares = all.chunks(all.len().div_ceil(hands).max(1));
            let workers: Vec<_> = shares.map(|share| scope.spawn(move || self.holders_among(share))).collect();
            let shares = workers.into_iter().map(|worker| worker.join());
            shares.map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
        });
        let mut held = Held::of(self.index);
        shares.into_iter().for_each(|share| held.add(share));
        held.by_container(*self)
    }

    /// The same of some accounts, each with how many like it are certain and how many may be.
    fn holders_among(&self, accounts: &[(&'a Resource, usize, usize)]) -> Held {
        let mut held = Held::of(self.index);
        for (account, certain, perhaps) in accounts {
            let outline = self.outline_of_account(account);
            let mut looked_at = EachOnce::new();
            let mut of = |list| *looked_at.of(list, |list: &[Permission<'_>]| Holders::alike(list, *certain, *perhaps));
            for (alike, list) in &outline.common {
                held.common[*alike as usize].add(of(list));
            }
            for (at, list) in &outline.single {
                held.single.entry(*at).or_default().add(of(list));
                if let Some(common) = self.index.alike_of(*at).and_then(|alike| outline.in_common(alike)) {
                    held.instead.entry(*at).or_default().add(of(common));
                }
            }
        }
        held
    }
}

/// How many accounts may do what where, projects that are alike together.
struct Held {
    /// In the projects that are alike, by their place in the index.
    common: Vec<Holders>,
    /// In single places, beside or instead of that.
    single: HashMap<u32, Holders>,
    /// What `common` counts of accounts that have something of their own in a project, and `single` as well.
    instead: HashMap<u32, Holders>,
}

impl Held {
    fn of(index: &Index) -> Self {
        let common = vec![Holders::default(); index.alike().len()];
        Self { common, single: HashMap::new(), instead: HashMap::new() }
    }

    fn add(&mut self, other: Self) {
        self.common.iter_mut().zip(other.common).for_each(|(held, more)| held.add(more));
        for (all, more) in [(&mut self.single, other.single), (&mut self.instead, other.instead)] {
            more.into_iter().for_each(|(at, more)| all.entry(at).or_default().add(more));
        }
    }

    fn by_container(mut self, access: Access<'_, '_>) -> HashMap<ResourceId, Holders> {
        let boundless = access.more_may_hold();
        for (at, alike) in access.index.projects() {
            let common = self.common[*alike as usize];
            let held = self.single.entry(*at).or_default();
            held.add(common);
            if let Some(instead) = self.instead.get(at) {
                held.take(*instead);
            }
        }
        let named = |(at, held): (u32, Holders)| {
            let [changing, deciding] = [held.changing, held.deciding].map(|count| Count { boundless, ..count });
            (access.inventory.resource(at).id.clone(), Holders { changing, deciding })
        };
        self.single.into_iter().map(named).collect()
    }
}

/// Whether something of at least this power is there that not everybody has: for certain, perhaps, or not. What is there for
/// some issues and cannot be ruled out for all is there perhaps.
fn own_bound(permissions: &[Permission<'_>], least: Power) -> Option<Bound> {
    let is_own = |one: &&Permission<'_>| !one.of_everybody && (one.power >= least || one.key == ANY);
    let bound = |one: &Permission<'_>| match one.bound {
        Bound::Held => Some(Bound::Held),
        Bound::Conditional => one.doubt.map(|_| Bound::Possible),
        Bound::Possible => Some(Bound::Possible),
    };
    permissions.iter().filter(is_own).filter_map(bound).min()
}

/// The first place of content in which something of these powers is certain: its own, where there is one.
fn first_place(places: &[Same<'_, '_>], powers: &[Power]) -> Option<(String, ResourceId)> {
    let mut best: Option<(bool, &str, &Resource)> = None;
    let mut seen = HashSet::new();
    for place in places.iter().filter(|place| seen.insert(Arc::as_ptr(place.permissions))) {
        if !matches!(&place.first.body, Body::Container(container) if is_content(container.form)) {
            continue;
        }
        let held = place.permissions.iter().filter(|one| one.bound == Bound::Held && powers.contains(&one.power));
        if let Some(one) = held.min_by_key(|one| (one.of_everybody, one.key))
            && best.is_none_or(|(of_everybody, ..)| of_everybody && !one.of_everybody)
        {
            best = Some((one.of_everybody, one.key, place.first));
        }
    }
    best.map(|(_, key, container)| (key.to_owned(), container.id.clone()))
}

/// The permissions that are certain, and all that may be.
fn keys(outline: &Outline<'_>, places: &[Same<'_, '_>]) -> (Vec<String>, Option<Vec<String>>) {
    let mut seen = HashSet::new();
    let (mut held, mut possible) = (HashSet::new(), HashSet::new());
    let mut any = outline.boundless;
    let placed = places.iter().filter(|place| seen.insert(Arc::as_ptr(place.permissions)));
    let placed = placed.flat_map(|place| place.permissions.iter());
    for one in placed.chain(outline.out_of_sight.iter().map(|(_, one)| one)) {
        any |= one.key == ANY;
        if one.bound == Bound::Held && !one.of_everybody {
            held.insert(one.key);
        }
        if !(one.bound == Bound::Held && one.of_everybody) {
            possible.insert(one.key);
        }
    }
    let sorted = |keys: HashSet<&str>| {
        let mut keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
        keys.sort_unstable();
        keys
    };
    (sorted(held), (!any).then(|| sorted(possible)))
}
