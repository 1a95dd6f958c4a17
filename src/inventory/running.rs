//! The accounts that integrations run on: what the register names, found among what was seen, and whether anybody else can
//! be meant.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Inventory, called, resolve};
use crate::model::{Body, DeclaredAccount, Fact, Integration, Kind, LedgerEntry, Principal, Resource, ResourceId};

/// A declared account and what it was resolved to.
#[derive(Debug)]
pub struct Match<'a> {
    /// As the register names it.
    pub declared: &'a DeclaredAccount,
    /// What it stands for, in order of their ids: none, one, or several where the name is in many places.
    pub accounts: Vec<&'a Resource>,
    /// True if no other account can be meant.
    pub told: bool,
}

/// The accounts of all integrations, worked out once.
#[derive(Debug, Default)]
pub struct Running {
    by_integration: BTreeMap<ResourceId, Run>,
    /// The integrations that run on an account, in order.
    by_account: HashMap<ResourceId, Vec<ResourceId>>,
    /// The integrations that name an account in the same words, in order.
    by_words: HashMap<DeclaredAccount, Vec<ResourceId>>,
    /// How many there are of which not all accounts are told.
    untold: usize,
}

/// What one integration runs on.
#[derive(Debug, Default)]
struct Run {
    /// By each account that it declares, in the register's order.
    declared: Vec<(Vec<ResourceId>, bool)>,
    told: bool,
}

impl<'a> Inventory<'a> {
    /// The declared accounts of an integration: none where the register names none. Not known where it does not say.
    #[must_use]
    pub fn matches(&self, integration: &'a Resource) -> Fact<Vec<Match<'a>>> {
        let Body::Integration(Integration { accounts, .. }) = &integration.body else { return Fact::Unknown };
        let accounts = match accounts {
            Fact::Known(accounts) => accounts.as_slice(),
            Fact::Absent => &[],
            Fact::Unknown => return Fact::Unknown,
        };
        let run = self.running().by_integration.get(&integration.id);
        let matches = accounts.iter().enumerate().map(|(at, declared)| {
            let (ids, told) =
                run.and_then(|run| run.declared.get(at)).map_or((&[][..], false), |(ids, told)| (ids, *told));
            Match { declared, accounts: ids.iter().filter_map(|id| self.get(id)).collect(), told }
        });
        Fact::Known(matches.collect())
    }

    /// The accounts that an integration runs on, in order of their ids, and whether these are all.
    #[must_use]
    pub fn runs_on(&self, integration: &Resource) -> (Vec<&'a Resource>, bool) {
        let Some(run) = self.running().by_integration.get(&integration.id) else {
            let none = matches!(&integration.body, Body::Integration(Integration { accounts: Fact::Absent, .. }));
            return (Vec::new(), none);
        };
        let ids: BTreeSet<&ResourceId> = run.declared.iter().flat_map(|(ids, _)| ids).collect();
        (ids.into_iter().filter_map(|id| self.get(id)).collect(), run.told)
    }

    /// The integrations that run on an account, in order of their ids.
    pub fn integrations_on(&self, account: &ResourceId) -> impl Iterator<Item = &'a Resource> + '_ {
        self.running().by_account.get(account).into_iter().flatten().filter_map(|id| self.snapshot().get(id))
    }

    /// Other integrations that run on an account of this one or declare one in the same words, whether or not anybody
    /// found it; and whether these are all.
    #[must_use]
    pub fn sharing_with(&self, integration: &'a Resource) -> (Vec<&'a Resource>, bool) {
        let running = self.running();
        let (mine, told) = self.runs_on(integration);
        let by_account = mine.iter().filter_map(|account| running.by_account.get(&account.id)).flatten();
        let declared = match &integration.body {
            Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) => accounts.as_slice(),
            _ => &[],
        };
        let by_words = declared.iter().filter_map(|account| running.by_words.get(&in_small_letters(account))).flatten();
        let others: BTreeSet<&ResourceId> = by_account.chain(by_words).filter(|id| **id != integration.id).collect();
        let is_untold = |id: &ResourceId| running.by_integration.get(id).is_none_or(|run| !run.told);
        let among = others.iter().filter(|id| is_untold(id)).count() + usize::from(is_untold(&integration.id));
        let all = told && running.untold == among && self.seen_whole(Kind::Integration);
        (others.into_iter().filter_map(|id| self.snapshot().get(id)).collect(), all)
    }

    fn running(&self) -> &Running {
        self.prepared().running.get_or_init(|| Running::new(self))
    }

    /// True if some lists that are meant can show this, and all of them were read whole.
    pub fn lists_whole(&self, kind: Kind, forms: &[&str], meant: impl Fn(&LedgerEntry) -> bool) -> bool {
        let ledger = self.coverage().0;
        let mut lists = ledger.iter().filter(|entry| entry.can_show(kind, forms) && meant(entry)).peekable();
        lists.peek().is_some() && lists.all(|list| !list.is_gap())
    }

    /// True if every list of accounts was read whole, of the source alone that the register names, if it names one.
    fn accounts_seen(&self, account: &DeclaredAccount) -> bool {
        match &account.source {
            None => self.seen_whole(Kind::Principal),
            Some(source) => self.lists_whole(Kind::Principal, &[], |entry| entry.source.as_str() == source.as_str()),
        }
    }

    /// True if an account is declared by its mail address, and one that hides its own may be meant: any, or only one that
    /// is called like the part before the @.
    fn may_hide_under_mail(&self, declared: &DeclaredAccount, called_alike: bool) -> bool {
        if declared.id.is_some() || !declared.name.contains('@') {
            return false;
        }
        let source = declared.source.as_deref();
        if called_alike {
            let local = declared.name.split('@').next().unwrap_or("");
            return called(self, local).into_iter().filter(|account| hides_mail(account)).any(|account| {
                source.is_none_or(|source| account.seen_by.iter().any(|seen| seen.source.as_str() == source))
            });
        }
        let hiding = self.prepared().sources_hiding_mails.get_or_init(|| {
            let hidden = self.of_kind(Kind::Principal).filter(|account| hides_mail(account));
            hidden.flat_map(|account| &account.seen_by).map(|seen| seen.source.clone()).collect()
        });
        match source {
            Some(source) => hiding.iter().any(|hiding| hiding.as_str() == source),
            None => !hiding.is_empty(),
        }
    }
}

impl Running {
    fn new(inventory: &Inventory<'_>) -> Self {
        let mut running = Self::default();
        for resource in inventory.of_kind(Kind::Integration) {
            let Body::Integration(Integration { accounts, .. }) = &resource.body else { continue };
            let mut run = Run { declared: Vec::new(), told: !accounts.is_unknown() };
            for declared in accounts.known().into_iter().flatten() {
                let found = resolve(inventory, declared);
                // An id says which account is meant, wherever else the same name may be.
                let told = (declared.id.is_some() && !found.is_empty())
                    || (inventory.accounts_seen(declared)
                        && !inventory.may_hide_under_mail(declared, !found.is_empty()));
                run.told &= told;
                run.declared.push((found.iter().map(|account| account.id.clone()).collect(), told));
                add(&mut running.by_words, in_small_letters(declared), &resource.id);
                for account in found {
                    add(&mut running.by_account, account.id.clone(), &resource.id);
                }
            }
            running.untold += usize::from(!run.told);
            running.by_integration.insert(resource.id.clone(), run);
        }
        running
    }
}

fn add<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<ResourceId>>, key: K, integration: &ResourceId) {
    let list = map.entry(key).or_default();
    if list.last() != Some(integration) {
        list.push(integration.clone());
    }
}

fn in_small_letters(account: &DeclaredAccount) -> DeclaredAccount {
    DeclaredAccount { name: account.name.to_ascii_lowercase(), ..account.clone() }
}

/// True if nobody told the mail address of an account.
#[must_use]
pub fn hides_mail(account: &Resource) -> bool {
    matches!(&account.body, Body::Principal(Principal { email: Fact::Unknown, .. }))
}
