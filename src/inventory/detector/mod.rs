//! The detector of integrations: for each account and credential, what speaks for a machine and what for a person, which
//! systems show, and how sure one may be. Signals and weights are data (`rules/detector.yaml`); what was not told counts
//! for nothing and is named.

mod account;
mod cadence;
mod conclude;
mod knowledge;
mod links;
mod patterns;
mod profiles;
mod remedy;
mod scene;
mod score;
mod token;
mod weights;
pub(crate) mod written;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread;

pub use cadence::{Cadence, Run, cadence, run};
pub use conclude::{Conclusion, Finding, evidence, sentence};
pub use knowledge::Knowledge;
pub use profiles::{profiles, shipped_files};
pub use remedy::{Remedy, remedy};
pub use score::{Score, Signal, Untold};
pub use weights::{Clue, Side, Weight, Weights, weights};

use account::Signs;
use scene::{Scene, may_act, principal};
use score::{is_deed, speaks_for};

use super::Inventory;
use crate::model::{Body, Credential, Fact, Kind, PrincipalType, Resource, ResourceId};

/// With fewer accounts and credentials, sharing out costs more than it saves.
const WORTH_SHARING: usize = 5_000;

/// What was found in a snapshot.
#[derive(Debug, Default)]
pub struct Detections {
    accounts: ByResource<Detection>,
    uses: ByResource<Use>,
}

/// What resources show, most of them the same: that nothing speaks for a system. What several show is kept once.
#[derive(Debug)]
struct ByResource<T> {
    shown: HashMap<ResourceId, Arc<T>>,
    usual: Vec<Arc<T>>,
}

/// So many are looked at for one that is the same.
const USUAL: usize = 8;

impl<T> Default for ByResource<T> {
    fn default() -> Self {
        Self { shown: HashMap::new(), usual: Vec::new() }
    }
}

impl<T: PartialEq> ByResource<T> {
    fn insert(&mut self, id: ResourceId, shows: T) {
        let shows = match self.usual.iter().find(|usual| ***usual == shows) {
            Some(usual) => Arc::clone(usual),
            None => {
                let shows = Arc::new(shows);
                if self.usual.len() < USUAL {
                    self.usual.push(Arc::clone(&shows));
                }
                shows
            }
        };
        self.shown.insert(id, shows);
    }

    fn get(&self, id: &ResourceId) -> Option<&T> {
        self.shown.get(id).map(Arc::as_ref)
    }
}

/// How sure one may be of one system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemScore {
    /// The place of its profile; none for a system that fits no profile.
    pub system: Option<u16>,
    /// The score.
    pub score: Score,
    /// The credential that shows it best, if one does.
    pub via: Option<ResourceId>,
}

/// What an account shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// The signals of the account itself, sorted; those of its credentials are beside these.
    pub signals: Vec<Signal>,
    /// What could not be looked for.
    pub untold: Vec<Untold>,
    /// How much it is a machine's.
    pub machine: Score,
    /// How much it is a person's.
    pub person: Score,
    /// How much it is used as machines use one.
    pub deeds: Score,
    /// Every system that shows, the surest first.
    pub systems: Vec<SystemScore>,
    /// It is a person's.
    pub is_persons: Fact<bool>,
    /// It looks like a person's and behaves like a machine's.
    pub behaves_like_machine: Fact<bool>,
    /// A system of which nothing was seen might show if everything were told.
    pub others: Score,
}

impl Detection {
    /// The systems that are sure enough to be said aloud; known to be none only if nothing that was not told could show one.
    #[must_use]
    pub fn sure(&self) -> Fact<Vec<&SystemScore>> {
        let sure: Vec<&SystemScore> =
            self.systems.iter().filter(|one| one.score.is_enough() == Fact::Known(true)).collect();
        let open = self.systems.iter().any(|one| one.score.is_enough().is_unknown());
        if sure.is_empty() && (open || self.others.is_enough().is_unknown()) {
            Fact::Unknown
        } else {
            Fact::Known(sure)
        }
    }

    /// Whether several systems run on it.
    #[must_use]
    pub fn has_several(&self) -> Fact<bool> {
        let sure = self.systems.iter().filter(|one| one.score.is_enough() == Fact::Known(true)).count();
        let open = self.systems.iter().filter(|one| one.score.is_enough().is_unknown()).count();
        // Nobody knows how many of those show of which nothing was seen.
        let others = if self.others.is_enough().is_unknown() { 2 } else { 0 };
        match (sure, sure + open + others) {
            (2.., _) => Fact::Known(true),
            (_, 2..) => Fact::Unknown,
            _ => Fact::Known(false),
        }
    }
}

/// What a credential shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Its signals, sorted.
    pub signals: Vec<Signal>,
    /// What could not be looked for.
    pub untold: Vec<Untold>,
    /// The system that uses it as far as anything shows one, and how sure one may be.
    pub system: Option<SystemScore>,
    /// How sure one may be that a system uses it, known or not.
    pub score: Score,
    /// A system uses it, and it acts as a person's account.
    pub on_person: Fact<bool>,
}

impl Detections {
    /// Looks at everything in a snapshot.
    #[must_use]
    pub fn of(inventory: &Inventory<'_>) -> Self {
        let scene = &Scene::of(inventory);
        let of_kind = |kind| inventory.of_kind(kind).collect::<Vec<_>>();
        let (accounts, credentials) = (of_kind(Kind::Principal), of_kind(Kind::Credential));
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hands = if accounts.len() + credentials.len() < WORTH_SHARING { 1 } else { processors };
        let share = |all: usize| all.div_ceil(hands).max(1);
        let mut shares = thread::scope(|scope| {
            let of_accounts = accounts.chunks(share(accounts.len()));
            let of_accounts = of_accounts.map(|share| scope.spawn(move || Self::of_accounts(scene, share)));
            let of_others = credentials.chunks(share(credentials.len()));
            let of_others = of_others.map(|share| scope.spawn(move || Self::of_ownerless(scene, share)));
            let workers: Vec<_> = of_accounts.chain(of_others).collect();
            let shares = workers.into_iter().map(|worker| worker.join());
            shares.map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
        })
        .into_iter();
        let mut found = shares.next().unwrap_or_default();
        for share in shares {
            found.accounts.shown.extend(share.accounts.shown);
            found.uses.shown.extend(share.uses.shown);
        }
        found
    }

    /// What some accounts show, each with its credentials.
    fn of_accounts<'r>(scene: &Scene<'_, 'r>, accounts: &[&'r Resource]) -> Self {
        let mut found = Self::default();
        for resource in accounts {
            let Some(account) = principal(resource) else { continue };
            if account.account_type == Fact::Known(PrincipalType::Customer) {
                continue;
            }
            let acts = may_act(account);
            let signs = account::signs(scene, resource, account, acts);
            let tokens = if acts { Self::tokens_of(scene, resource) } else { Vec::new() };
            found.conclude(resource, signs, tokens);
        }
        found
    }

    /// What those of some credentials show of which no account was seen.
    fn of_ownerless<'r>(scene: &Scene<'_, 'r>, credentials: &[&'r Resource]) -> Self {
        let mut found = Self::default();
        for resource in credentials {
            let Body::Credential(credential) = &resource.body else { continue };
            let is_owned = credential.owner.known().is_some_and(|owner| scene.inventory.principal(owner).is_some());
            if !is_owned && scene.is_usable(credential) {
                let signs = token::signs(scene, resource, credential, None, &[]);
                let mut seen = of_token(&[], &[], &resource.id, signs);
                seen.on_person = match credential.owner {
                    Fact::Absent => Fact::Known(false),
                    _ => and([seen.score.is_enough(), Fact::Unknown]),
                };
                found.uses.insert(resource.id.clone(), seen);
            }
        }
        found
    }

    /// What an account shows; none for portal customers, and for what is no account.
    #[must_use]
    pub fn account(&self, id: &ResourceId) -> Option<&Detection> {
        self.accounts.get(id)
    }

    /// What a credential shows; none for one that opens nothing any more.
    #[must_use]
    pub fn credential(&self, id: &ResourceId) -> Option<&Use> {
        self.uses.get(id)
    }

    fn tokens_of<'r>(scene: &Scene<'_, 'r>, owner: &'r Resource) -> Vec<(&'r Resource, Signs)> {
        let usable: Vec<(&Resource, &Credential)> = scene
            .inventory
            .credentials_of(&owner.id)
            .filter_map(|resource| match &resource.body {
                Body::Credential(credential) if scene.is_usable(credential) => Some((resource, credential)),
                _ => None,
            })
            .collect();
        let mut made_at: Vec<_> = usable.iter().filter_map(|(_, one)| one.created_at.known().copied()).collect();
        made_at.sort_unstable();
        let account = principal(owner);
        let signs = |(resource, credential)| (resource, token::signs(scene, resource, credential, account, &made_at));
        usable.into_iter().map(signs).collect()
    }

    fn conclude(&mut self, resource: &Resource, of_account: Signs, tokens: Vec<(&Resource, Signs)>) {
        let Signs { seen: own, untold: missed } = of_account;
        let mut uses: Vec<(ResourceId, Use)> = Vec::with_capacity(tokens.len());
        for (token, signs) in tokens {
            uses.push((token.id.clone(), of_token(&own, &missed, &token.id, signs)));
        }
        let all = || own.iter().chain(uses.iter().flat_map(|(_, one)| &one.signals));
        let all_missed = || missed.iter().chain(uses.iter().flat_map(|(_, one)| &one.untold));
        let clues = |side: Side| all().map(|one| one.clue).filter(move |clue| speaks_for(*clue, side));
        let lost = |side: Side| all_missed().map(|one| one.clue).filter(move |clue| speaks_for(*clue, side));
        let machine = Score::of(clues(Side::Machine), lost(Side::Machine));
        let person = Score::of(clues(Side::Person), lost(Side::Person));
        let deeds = Score::of(
            clues(Side::Machine).filter(|clue| is_deed(*clue)),
            lost(Side::Machine).filter(|clue| is_deed(*clue)),
        );
        let looks = Score::of(
            clues(Side::Person).filter(|clue| !is_deed(*clue)),
            lost(Side::Person).filter(|clue| !is_deed(*clue)),
        );
        let mechanical = looks_mechanical(&own, &missed);
        let at_work = at_work(&own, &missed);
        let person_at = weights().person_at;
        let is_persons = and([mechanical.map(|is| !is), person.at_least(person_at)]);
        let behaves_like_machine =
            and([mechanical.map(|is| !is), looks.at_least(person_at), deeds.is_enough(), at_work.map(|is| !is)]);
        let systems = systems(&own, &missed, &uses);
        let others = Score::hypothetical(
            std::iter::empty(),
            missed.iter().map(|one| one.clue).filter(|clue| speaks_for(*clue, Side::System)),
        );
        for (_, one) in &mut uses {
            one.on_person = and([one.score.is_enough(), is_persons]);
        }
        for (token, one) in uses {
            self.uses.insert(token, one);
        }
        let detection = Detection {
            signals: own,
            untold: missed,
            machine,
            person,
            deeds,
            systems,
            is_persons,
            behaves_like_machine,
            others,
        };
        self.accounts.insert(resource.id.clone(), detection);
    }
}

/// Whether an account looks like a machine's: by its sort, by a vendor's mail domain, by its name. Who is in the roster is a
/// person, however they call themselves.
fn looks_mechanical(own: &[Signal], missed: &[Untold]) -> Fact<bool> {
    let has = |clues: &[Clue]| own.iter().any(|one| clues.contains(&one.clue));
    let lost = |clues: &[Clue]| missed.iter().any(|one| clues.contains(&one.clue));
    if has(&[Clue::AccountType, Clue::MailDomain]) {
        return Fact::Known(true);
    }
    if has(&[Clue::MachineName, Clue::Name]) {
        return if has(&[Clue::Roster]) {
            Fact::Known(false)
        } else if lost(&[Clue::Roster]) {
            Fact::Unknown
        } else {
            Fact::Known(true)
        };
    }
    if has(&[Clue::Roster]) || !lost(&[Clue::AccountType, Clue::MailDomain]) {
        Fact::Known(false)
    } else {
        Fact::Unknown
    }
}

/// Whether somebody is at work with an account.
fn at_work(own: &[Signal], missed: &[Untold]) -> Fact<bool> {
    let of_work = [Clue::Pages, Clue::LogIn];
    if own.iter().any(|one| of_work.contains(&one.clue)) {
        return Fact::Known(true);
    }
    // Whoever works here opens pages: where these are told, an unread log of log-ins leaves nothing open.
    if missed.iter().any(|one| one.clue == Clue::Pages) { Fact::Unknown } else { Fact::Known(false) }
}

/// True if all are, false if one is known not to be.
fn and<const N: usize>(facts: [Fact<bool>; N]) -> Fact<bool> {
    if facts.iter().any(|fact| matches!(fact, Fact::Known(false) | Fact::Absent)) {
        return Fact::Known(false);
    }
    if facts.iter().any(Fact::is_unknown) { Fact::Unknown } else { Fact::Known(true) }
}

/// Signals that say that a system uses something, without saying which.
const SOME_SYSTEM: [Clue; 3] = [Clue::MachineLabel, Clue::PipelineVariable, Clue::PipelinePair];
/// Signals by which an account is a system's own.
const OWN_ACCOUNT: [Clue; 3] = [Clue::Name, Clue::MailDomain, Clue::Declared];

/// What a credential shows, with what its account says of the systems that it names.
fn of_token(own: &[Signal], missed: &[Untold], id: &ResourceId, signs: Signs) -> Use {
    let Signs { seen, untold } = signs;
    let lost = || {
        let of_system = missed.iter().filter(|one| one.clue == Clue::ActingApp || one.clue == Clue::SetWebhook);
        untold.iter().chain(of_system).map(|one| one.clue).filter(|clue| speaks_for(*clue, Side::System))
    };
    let mut named: BTreeMap<u16, Vec<Clue>> = BTreeMap::new();
    for signal in &seen {
        if let Some(system) = signal.system {
            named.entry(system).or_default().push(signal.clue);
        }
    }
    let about = |system: u16| own.iter().filter(move |one| one.system == Some(system)).map(|one| one.clue);
    let unnamed = || {
        seen.iter()
            .filter(|one| one.system.is_none())
            .map(|one| one.clue)
            .filter(|clue| speaks_for(*clue, Side::System))
    };
    let mut scores: Vec<SystemScore> = named
        .into_iter()
        .map(|(system, clues)| SystemScore {
            system: Some(system),
            score: Score::of(clues.into_iter().chain(about(system)).chain(unnamed()), lost()),
            via: Some(id.clone()),
        })
        .collect();
    scores.sort_by_key(|one| (std::cmp::Reverse(one.score.seen), one.system));
    let some = unnamed().any(|clue| SOME_SYSTEM.contains(&clue)).then(|| Score::of(unnamed(), lost()));
    let best = scores.into_iter().next();
    let score = match (&best, some) {
        (Some(best), Some(some)) if some.seen > best.score.seen => some,
        (Some(best), _) => best.score,
        (None, Some(some)) => some,
        (None, None) => {
            // Without a name for it there is no system, unless something that names one was not told.
            let names = |clue: Clue| clue == Clue::Declared || SOME_SYSTEM.contains(&clue);
            if lost().any(names) { Score::hypothetical(unnamed(), lost()) } else { Score::default() }
        }
    };
    Use { signals: seen, untold, system: best, score, on_person: Fact::Unknown }
}

/// The systems that an account shows: by itself, and by its credentials.
fn systems(own: &[Signal], missed: &[Untold], uses: &[(ResourceId, Use)]) -> Vec<SystemScore> {
    let mut named: Vec<u16> =
        own.iter().chain(uses.iter().flat_map(|(_, one)| &one.signals)).filter_map(|one| one.system).collect();
    named.sort_unstable();
    named.dedup();
    let lost = || missed.iter().map(|one| one.clue).filter(|clue| speaks_for(*clue, Side::System));
    let mut scores = Vec::with_capacity(named.len());
    for system in named {
        let about: Vec<Clue> = own.iter().filter(|one| one.system == Some(system)).map(|one| one.clue).collect();
        let is_its_own = about.iter().any(|clue| OWN_ACCOUNT.contains(clue));
        let mut best = SystemScore { system: Some(system), score: Score::of(about.iter().copied(), lost()), via: None };
        for (id, one) in uses {
            let names_it = one.signals.iter().any(|signal| signal.system == Some(system));
            if !names_it && !is_its_own {
                continue;
            }
            let of_token = one.signals.iter().filter(|one| one.system.is_none_or(|named| named == system));
            let of_token = of_token.map(|one| one.clue).filter(|clue| speaks_for(*clue, Side::System));
            let untold = one.untold.iter().map(|one| one.clue).filter(|clue| speaks_for(*clue, Side::System));
            let score = Score::of(about.iter().copied().chain(of_token), lost().chain(untold));
            if score.seen > best.score.seen || score.seen == best.score.seen && best.via.is_none() {
                best = SystemScore { system: Some(system), score, via: Some(id.clone()) };
            }
        }
        scores.push(best);
    }
    scores.sort_by_key(|one| (std::cmp::Reverse(one.score.seen), one.system));
    scores
}

#[cfg(test)]
mod tests;
