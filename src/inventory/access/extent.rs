//! How far every account and credential reaches, for those who ask it of all of them: each is worked out once a snapshot,
//! and peers share one answer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::breadth::{Count, gravest, is_content, look};
use super::outline::{Outline, Same};
use super::peers::limits;
use super::words::Step;
use super::{ANY, Access, Bound, Breadth, EachOnce, Power};
use crate::inventory::Inventory;
use crate::model::{Body, Container, ContainerForm, Kind, Resource, ResourceId};

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
pub(super) struct Span {
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
    /// How many places of each sort there are.
    sorts: BTreeMap<Sort, usize>,
}

impl Extents {
    pub(in crate::inventory) fn new(inventory: &Inventory<'_>) -> Self {
        let accounts = inventory.places(Kind::Principal).count();
        let credentials = inventory.places(Kind::Credential).count();
        let mut sorts: BTreeMap<Sort, usize> = BTreeMap::new();
        for container in inventory.of_kind(Kind::Container) {
            let Body::Container(Container { form, .. }) = &container.body else { continue };
            if is_content(*form) {
                *sorts.entry((container.id.tenant().to_owned(), *form)).or_default() += 1;
            }
        }
        Self { slots: std::iter::repeat_with(OnceLock::new).take(accounts + credentials).collect(), accounts, sorts }
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

    fn span(&self, subject: &'a Resource) -> Arc<Span> {
        let shared = match &subject.body {
            Body::Principal(_) => self.shared_by(subject).map(|shared| &shared.own),
            Body::Credential(credential) => limits(credential).and_then(|limits| {
                let owner = credential.owner.known().and_then(|owner| self.inventory.get(owner))?;
                self.shared_by(owner)?.credentials.get(&limits)
            }),
            _ => None,
        };
        shared.map_or_else(|| Arc::new(self.work_out(&self.outline(subject))), Arc::clone)
    }

    pub(super) fn work_out(&self, outline: &Outline<'a>) -> Span {
        let places = self.together(outline);
        let breadth = self.breadth_of_outline(outline, &places);
        let gravest =
            gravest(places.iter().copied()).map(|(one, container)| (one.key.to_owned(), container.id.clone()));
        let (held, possible) = keys(outline, &places);
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
