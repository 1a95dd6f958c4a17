//! A snapshot one can ask questions: by id, by kind, by owner. Every answer that could be hidden behind a gap of the
//! ledger says so. It knows nothing of where resources came from.

pub mod access;
mod declared;
pub mod detector;
mod machines;
mod naming;
pub mod needs;
mod people;
mod pipelines;
pub mod recognise;
mod revocations;
mod running;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use crate::model::{
    Body, Container, ContainerForm, Coverage, Credential, CredentialForm, Fact, Grant, Kind, Principal, Resource,
    ResourceId, Snapshot, SourceName, Variable,
};

pub use declared::{AccountsByName, Way, bears_name, called, called_elsewhere, resolve, resolve_by_name};
pub use people::{PlacesByMail, Realms, is_open, may_be_used};
pub use pipelines::{is_named_like_account, is_named_like_secret};
pub use revocations::{Progress, Revocations};
pub use running::{Match, Running, hides_mail};

use detector::{Detections, Knowledge};

/// A snapshot with indexes.
#[derive(Debug)]
pub struct Inventory<'a> {
    snapshot: &'a Snapshot,
    knowledge: &'a Knowledge,
    /// What reviews decided, as far as whoever asks says so.
    revocations: Option<&'a Revocations>,
    kinds: HashMap<Kind, Vec<u32>>,
    projects_by_scheme: HashMap<&'a ResourceId, usize>,
    applications_by_group: HashMap<&'a ResourceId, Vec<&'a str>>,
    organisations: HashSet<&'a SourceName>,
    schemes_told: bool,
    licences_known: bool,
    lists: Lists,
    prepared: Prepared,
}

/// Something by id. Ids are hashed a few times for each resource, so a quick hash with a seed of its own is worth it.
type Table<T> = HashMap<ResourceId, T, foldhash::fast::RandomState>;

/// What most questions go through, each made when it is asked for first: a rule tried over a hundred nights needs few of them.
/// They own their ids, since a list that is made later could not borrow from the snapshot as the inventory does.
#[derive(Debug, Default)]
struct Lists {
    /// Where each account, group and container is.
    named: OnceLock<Table<u32>>,
    credentials_by_owner: OnceLock<Chains>,
    grants_by_holder: OnceLock<Chains>,
    grants_by_container: OnceLock<Chains>,
    variables_by_container: OnceLock<Chains>,
}

/// Where resources are in the snapshot, by what they belong to, in order. Most have one or two of a sort, so these are chains
/// in one list and no lists of their own.
#[derive(Debug, Default)]
struct Chains {
    /// First and last link of each chain.
    ends: Table<(u32, u32)>,
    /// A place, and the link after it; the last one names itself.
    links: Vec<(u32, u32)>,
}

impl Chains {
    fn push(&mut self, of: &ResourceId, at: u32) {
        let link = u32::try_from(self.links.len()).expect("internal: there are fewer than 4 billion links");
        self.links.push((at, link));
        let ends = self.ends.entry(of.clone()).or_insert((link, link));
        if let Some((_, next)) = self.links.get_mut(ends.1 as usize) {
            *next = link;
        }
        ends.1 = link;
    }

    fn of(&self, id: &ResourceId) -> impl Iterator<Item = u32> + '_ {
        let mut upcoming = self.ends.get(id).map(|(first, _)| *first);
        std::iter::from_fn(move || {
            let link = upcoming?;
            let (at, next) = *self.links.get(link as usize)?;
            upcoming = Some(next).filter(|next| *next != link);
            Some(at)
        })
    }
}

/// API tokens by one word of their label: where each is in the snapshot, and all its telling words.
pub type TokensByWord = HashMap<String, Vec<(u32, Vec<String>)>>;

/// What those who ask work out from the whole snapshot, once for all their questions.
#[derive(Debug, Default)]
pub struct Prepared {
    /// The API tokens with a telling label.
    pub tokens_by_word: OnceLock<TokensByWord>,
    /// The accounts by everything that names them.
    pub accounts_by_name: OnceLock<AccountsByName>,
    /// The accounts that are known to get at the variables of a workspace, by its tenant.
    pub reach_of_workspaces: OnceLock<HashMap<String, BTreeSet<ResourceId>>>,
    /// The people of the roster.
    pub people_by_mail: OnceLock<PlacesByMail>,
    /// What the accounts that each integration declares were resolved to.
    pub accounts_of_integrations: OnceLock<BTreeMap<ResourceId, Vec<Vec<ResourceId>>>>,
    /// The accounts that each integration runs on.
    running: OnceLock<Running>,
    /// The sources that show accounts without their mail addresses.
    sources_hiding_mails: OnceLock<BTreeSet<SourceName>>,
    /// Public keys by their digests.
    keys: OnceLock<HashMap<String, Vec<u32>>>,
    /// What each integration may do held against what it needs.
    judged: OnceLock<needs::AllJudged>,
    /// What integrations can be declared to work in, by key and name in small letters.
    workplaces: OnceLock<HashMap<String, Vec<u32>>>,
    /// Which accounts and groups are in each group.
    members: OnceLock<access::Members>,
    /// Accounts of which the mail address is known.
    pub accounts_by_mail: OnceLock<PlacesByMail>,
    /// Whose accounts each source shows.
    pub realms: OnceLock<Realms>,
    /// What the questions about access lean on.
    access: OnceLock<access::Index>,
    /// How far accounts and credentials reach, as far as somebody asked.
    extents: OnceLock<access::Extents>,
    /// The accounts that may do the same.
    peers: OnceLock<access::Peers>,
    /// How many accounts may do what with each container.
    holders: OnceLock<HashMap<ResourceId, access::Holders>>,
    /// What the detector found.
    pub detections: OnceLock<Detections>,
    /// What became of the revocations of each account.
    revocations: OnceLock<BTreeMap<ResourceId, Vec<Progress>>>,
}

impl<'a> Inventory<'a> {
    /// Indexes a snapshot. Systems are known by the shipped profiles alone.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self::knowing(snapshot, Knowledge::shipped())
    }

    /// Indexes a snapshot that is asked by somebody who knows further systems.
    ///
    /// # Panics
    /// If the snapshot has more than 4 billion resources.
    #[must_use]
    pub fn knowing(snapshot: &'a Snapshot, knowledge: &'a Knowledge) -> Self {
        let mut kinds: HashMap<Kind, Vec<u32>> = HashMap::new();
        // Resources are sorted by tenant and kind, so that those of a kind stand together.
        let mut at = 0;
        for run in snapshot.resources.chunk_by(|one, next| one.kind() == next.kind()) {
            let end = at + u32::try_from(run.len()).expect("internal: a snapshot has fewer than 4 billion resources");
            let kind = run.first().map(Resource::kind).expect("internal: a run has a first resource");
            kinds.entry(kind).or_default().extend(at..end);
            at = end;
        }
        let mut inventory = Self {
            snapshot,
            knowledge,
            revocations: None,
            kinds,
            projects_by_scheme: HashMap::new(),
            applications_by_group: HashMap::new(),
            organisations: HashSet::new(),
            schemes_told: true,
            licences_known: false,
            lists: Lists::default(),
            prepared: Prepared::default(),
        };
        for at in inventory.kinds.get(&Kind::Container).cloned().unwrap_or_default() {
            let resource = inventory.resource(at);
            if let Body::Container(container) = &resource.body {
                inventory.index_container(resource, container);
            }
        }
        // One site that told is taken to speak for all: where several are read, another may have kept its groups back.
        inventory.licences_known = inventory.licences_known && inventory.all_seen(Kind::Container, &["application"]);
        inventory
    }

    fn index_container(&mut self, resource: &'a Resource, container: &'a Container) {
        if container.form == ContainerForm::Organisation {
            self.organisations.extend(resource.seen_by.iter().map(|sighting| &sighting.source));
        }
        match (container.form, &container.permission_scheme) {
            (ContainerForm::Project, Fact::Known(scheme)) => {
                *self.projects_by_scheme.entry(scheme).or_default() += 1;
            }
            (ContainerForm::Project, Fact::Unknown) => self.schemes_told = false,
            _ => {}
        }
        if let (ContainerForm::Application, Fact::Known(groups)) = (container.form, &container.licence_groups) {
            self.licences_known = true;
            let application = container.key.known().map_or("", String::as_str);
            for group in groups {
                self.applications_by_group.entry(group).or_default().push(application);
            }
        }
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// What is known about systems.
    #[must_use]
    pub fn knowledge(&self) -> &'a Knowledge {
        self.knowledge
    }

    /// What runs on whose account, and which account behaves like a machine's: worked out once.
    pub fn detections(&self) -> &Detections {
        self.prepared.detections.get_or_init(|| Detections::of(self))
    }

    /// The ledger.
    #[must_use]
    pub fn coverage(&self) -> Coverage<'a> {
        Coverage(&self.snapshot.ledger)
    }

    /// True if every endpoint that shows the kind was read whole.
    #[must_use]
    pub fn seen_whole(&self, kind: Kind) -> bool {
        self.coverage().seen_whole(kind)
    }

    /// True if every endpoint that shows the kind in one of these forms was read whole; no forms mean any.
    #[must_use]
    pub fn all_seen(&self, kind: Kind, forms: &[&str]) -> bool {
        self.coverage().all_seen(kind, forms)
    }

    /// How many credentials of these forms are this public key.
    #[must_use]
    pub fn uses_of_key(&self, fingerprint: &str, forms: &[CredentialForm]) -> usize {
        let is_meant = |resource: &&Resource| match &resource.body {
            Body::Credential(credential) => forms.contains(&credential.form),
            _ => false,
        };
        self.credentials_of_key(fingerprint).filter(is_meant).count()
    }

    /// The credentials that are a public key, wherever it is.
    pub fn credentials_of_key(&self, fingerprint: &str) -> impl Iterator<Item = &'a Resource> + '_ {
        let keys = self.prepared.keys.get_or_init(|| {
            let mut keys: HashMap<String, Vec<u32>> = HashMap::new();
            for at in self.places(Kind::Credential) {
                if let Body::Credential(Credential { fingerprint: Fact::Known(key), .. }) = &self.resource(at).body {
                    keys.entry(key.clone()).or_default().push(at);
                }
            }
            keys
        });
        self.at(keys.get(fingerprint))
    }

    /// True for the sources that show an organisation itself: their word is the organisation's.
    #[must_use]
    pub fn speaks_for_organisation(&self, source: &SourceName) -> bool {
        self.organisations.contains(source)
    }

    /// True if every project that was seen told which permission scheme it uses.
    #[must_use]
    pub fn schemes_told(&self) -> bool {
        self.schemes_told
    }

    /// What is worked out once.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The resource with an id. Kinds that other resources name are looked up at once, the rest by bisection.
    #[must_use]
    pub fn get(&self, id: &ResourceId) -> Option<&'a Resource> {
        match self.named().get(id) {
            Some(at) => self.snapshot.resources.get(*at as usize),
            None => self.snapshot.get(id),
        }
    }

    /// The account with an id.
    #[must_use]
    pub fn principal(&self, id: &ResourceId) -> Option<&'a Principal> {
        match &self.get(id)?.body {
            Body::Principal(principal) => Some(principal),
            _ => None,
        }
    }

    /// What people call the resource with an id; its native id if nobody saw it.
    #[must_use]
    pub fn name<'b>(&self, id: &'b ResourceId) -> &'b str
    where
        'a: 'b,
    {
        self.get(id).map_or_else(|| id.native(), Resource::title)
    }

    /// All resources of a kind, in order of their ids.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a Resource> + '_ {
        self.at(self.kinds.get(&kind))
    }

    /// The credentials that act as an account.
    pub fn credentials_of(&self, owner: &ResourceId) -> impl Iterator<Item = &'a Resource> + '_ {
        self.in_places(self.credentials_by_owner().of(owner))
    }

    /// The grants that name an account or group as their holder.
    pub fn grants_of(&self, holder: &ResourceId) -> impl Iterator<Item = &'a Resource> + '_ {
        self.in_places(self.grants_by_holder().of(holder))
    }

    /// Where these are in the snapshot.
    fn grant_places_of(&self, holder: &ResourceId) -> impl Iterator<Item = u32> + '_ {
        self.grants_by_holder().of(holder)
    }

    /// The grants on a container.
    pub fn grants_on(&self, container: &ResourceId) -> impl Iterator<Item = &'a Resource> + '_ {
        self.in_places(self.grants_by_container().of(container))
    }

    /// The variables that a container has.
    pub fn variables_in(&self, container: &ResourceId) -> impl Iterator<Item = &'a Resource> + '_ {
        self.in_places(self.variables_by_container().of(container))
    }

    /// How many projects use a permission scheme, as far as they were seen.
    #[must_use]
    pub fn projects_using(&self, scheme: &ResourceId) -> usize {
        self.projects_by_scheme.get(scheme).copied().unwrap_or(0)
    }

    /// The Jira applications of which an account takes a seat through its groups, sorted. An account that may not log in
    /// takes none. Unknown where the groups of the account or of the applications were not seen, unless a seat is proven.
    #[must_use]
    pub fn seats_of(&self, principal: &Principal) -> Fact<Vec<&'a str>> {
        if principal.status.known().is_some_and(|status| status != "active") {
            return Fact::Known(Vec::new());
        }
        let Fact::Known(groups) = &principal.groups else { return Fact::Unknown };
        let mut seats: Vec<&str> =
            groups.iter().filter_map(|group| self.applications_by_group.get(group)).flatten().copied().collect();
        seats.sort_unstable();
        seats.dedup();
        if seats.is_empty() && !self.licences_known { Fact::Unknown } else { Fact::Known(seats) }
    }

    /// True for a group whose members take a seat of an application.
    fn takes_seats(&self, group: &ResourceId) -> bool {
        self.applications_by_group.contains_key(group)
    }

    fn named(&self) -> &Table<u32> {
        self.lists.named.get_or_init(|| {
            let places = [Kind::Principal, Kind::Group, Kind::Container].map(|kind| self.kinds.get(&kind));
            let places = || places.into_iter().flatten();
            let mut named = Table::with_capacity_and_hasher(places().map(Vec::len).sum(), Default::default());
            named.extend(places().flatten().map(|at| (self.resource(*at).id.clone(), *at)));
            named
        })
    }

    fn credentials_by_owner(&self) -> &Chains {
        self.lists.credentials_by_owner.get_or_init(|| {
            self.chained(Kind::Credential, |body, push| {
                if let Body::Credential(Credential { owner: Fact::Known(owner), .. }) = body {
                    push(owner);
                }
            })
        })
    }

    fn grants_by_holder(&self) -> &Chains {
        self.lists.grants_by_holder.get_or_init(|| {
            self.chained(Kind::Grant, |body, push| {
                if let Body::Grant(Grant { principal, group, .. }) = body {
                    [principal, group].into_iter().filter_map(Fact::known).for_each(push);
                }
            })
        })
    }

    fn grants_by_container(&self) -> &Chains {
        self.lists.grants_by_container.get_or_init(|| {
            self.chained(Kind::Grant, |body, push| {
                if let Body::Grant(Grant { container: Fact::Known(container), .. }) = body {
                    push(container);
                }
            })
        })
    }

    fn variables_by_container(&self) -> &Chains {
        self.lists.variables_by_container.get_or_init(|| {
            self.chained(Kind::Variable, |body, push| {
                if let Body::Variable(Variable { container: Fact::Known(container), .. }) = body {
                    push(container);
                }
            })
        })
    }

    /// The resources of a kind by what they belong to.
    fn chained(&self, kind: Kind, belongs_to: impl Fn(&Body, &mut dyn FnMut(&ResourceId))) -> Chains {
        let mut chains = Chains::default();
        for at in self.places(kind) {
            belongs_to(&self.resource(at).body, &mut |of| chains.push(of, at));
        }
        chains
    }

    /// The place of an account, group or container in the snapshot.
    fn place(&self, id: &ResourceId) -> Option<u32> {
        self.named().get(id).copied()
    }

    /// What is in a place of the snapshot.
    fn resource(&self, at: u32) -> &'a Resource {
        &self.snapshot.resources[at as usize]
    }

    fn places(&self, kind: Kind) -> impl Iterator<Item = u32> + '_ {
        self.kinds.get(&kind).into_iter().flatten().copied()
    }

    fn in_places<'s>(&'s self, places: impl Iterator<Item = u32> + 's) -> impl Iterator<Item = &'a Resource> + 's {
        places.filter_map(|at| self.snapshot.resources.get(at as usize))
    }

    fn at<'s>(&'s self, positions: Option<&'s Vec<u32>>) -> impl Iterator<Item = &'a Resource> + 's {
        positions.into_iter().flatten().filter_map(|at| self.snapshot.resources.get(*at as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, sample};

    fn seal(resources: Vec<Resource>) -> Snapshot {
        Snapshot::seal(vec![Collection { authority: 0, resources, ledger: Vec::new() }])
    }

    #[test]
    fn credentials_and_grants_are_found_by_their_holder() {
        let snapshot = seal(sample::resources());
        let inventory = Inventory::new(&snapshot);
        let ada = sample::principal().id;
        assert_eq!(inventory.credentials_of(&ada).count(), 1);
        assert_eq!(inventory.grants_of(&sample::group().id).count(), 1);
        assert_eq!(inventory.name(&ada), "Ada Muster");
    }

    #[test]
    fn without_a_ledger_nothing_was_seen_whole_and_no_seat_is_denied() {
        let snapshot = seal(sample::resources());
        let inventory = Inventory::new(&snapshot);
        assert!(!inventory.seen_whole(Kind::Principal));
        let Body::Principal(ada) = sample::principal().body else { panic!("the sample is a principal") };
        assert_eq!(inventory.seats_of(&ada), Fact::Unknown);
    }
}
