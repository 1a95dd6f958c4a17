//! The smallest set of links whose loss takes rights away that nobody needs, and keeps those that are needed.
//!
//! Every chain to every such right must lose a link. Of all choices the one is taken with which the fewest needs end that
//! are met now, then the one with the fewest links, then the one through which the fewest others lose something, then the
//! first in order. The search is exact up to 128 links and 512 chains among which there is a choice, and as long as
//! it takes no more than 20,000 steps; beyond that it takes what looks best at each step, and says
//! so. Rights that come with everybody are not cut.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::hitting::{self, Problem};
use super::losers::{self, Losers};
use super::supply::{Links, Supply};
use super::{Access, Link};
use crate::model::{Resource, ResourceId};

/// The most steps that the search takes.
const MOST_STEPS: usize = 20_000;

/// How often the chains of somebody else are looked at, at most, to tell what others lose.
const MOST_LOOKS: usize = 6_000;

/// How many equally small choices are compared by what others lose.
const MOST_CHOICES: usize = 16;

/// What an account may do in one place and does not need.
#[derive(Debug, Clone)]
pub struct Excess<'a> {
    /// The account.
    pub account: &'a Resource,
    /// The place.
    pub container: &'a Resource,
    /// The permissions, sorted.
    pub permissions: Arc<Vec<&'a str>>,
}

/// A need that is met now.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// The account that meets it.
    pub account: &'a Resource,
    /// The permission as the product calls it.
    pub permission: &'a str,
    /// The place.
    pub container: &'a Resource,
}

/// A set of links to take away.
#[derive(Debug, Clone)]
pub struct Cut<'a> {
    /// The links, sorted.
    pub links: Vec<Link<'a>>,
    /// What others would lose.
    pub losers: Losers<'a>,
    /// Places in the list of needs that end with it, whatever is chosen: they must be granted anew.
    pub ended: Vec<usize>,
    /// True if no smaller set keeps as many needs.
    pub is_smallest: bool,
    /// Rights of which nobody told how the account came by them: nothing to be taken away is known.
    pub unexplained: Vec<(&'a Resource, &'a str)>,
}

/// What to take away.
#[derive(Debug, Clone)]
pub struct Cuts<'a> {
    /// The smallest set that keeps the needs.
    pub best: Cut<'a>,
    /// Where others lose something by that: the links of the accounts themselves, with which nobody else loses anything,
    /// though more needs end.
    pub apart: Option<Cut<'a>>,
}

impl<'a> Access<'_, 'a> {
    /// What to take away so that accounts lose what they do not need. The needs are those that are met, each by one of the
    /// accounts.
    #[must_use]
    pub fn cut(&self, accounts: &[&'a Resource], excess: &[Excess<'a>], needs: &[Kept<'a>]) -> Cuts<'a> {
        let supply = Supply::gather(*self, accounts, excess, needs);
        let problem = Numbered::new(&supply);
        let own: BTreeSet<&'a ResourceId> = accounts.iter().map(|account| &account.id).collect();
        let losers = |links: &[Link<'a>], most| losers::of(*self, links, &own, most);
        let finish = |chosen: &[usize], is_smallest: bool| {
            let links: Vec<Link<'a>> = chosen.iter().map(|at| problem.links[*at].clone()).collect();
            Cut {
                losers: losers(&links, MOST_LOOKS),
                ended: problem.ended(&supply, chosen),
                is_smallest,
                unexplained: supply.unexplained.clone(),
                links,
            }
        };
        let found = hitting::solve(&problem.problem, MOST_STEPS, MOST_CHOICES);
        let weigh = |choice: &[usize]| {
            let links: Vec<Link<'a>> = choice.iter().map(|at| problem.links[*at].clone()).collect();
            losers(&links, MOST_LOOKS / MOST_CHOICES).weight()
        };
        // Nobody else loses anything by links that are the accounts' own, and those are first in order.
        let is_own = |choice: &&Vec<usize>| choice.iter().all(|at| *at < problem.problem.own);
        let choice = match found.choices.as_slice() {
            [only] => Some(only),
            several => several.iter().find(is_own).or_else(|| several.iter().min_by_key(|one| (weigh(one), *one))),
        };
        let choice = choice.cloned().unwrap_or_default();
        let best = finish(&choice, found.is_smallest && !supply.is_cut_short);
        let apart = (!best.losers.is_empty()).then(|| finish(&problem.own_links(), false));
        Cuts { best, apart }
    }
}

/// The links as numbers: those of the accounts themselves first, so that they are taken first among equals.
struct Numbered<'a> {
    links: Vec<Link<'a>>,
    problem: Problem,
}

impl<'a> Numbered<'a> {
    fn new(supply: &Supply<'a>) -> Self {
        let own: BTreeSet<u32> = supply.chains.iter().filter_map(|chain| chain.first()).copied().collect();
        let all: BTreeSet<u32> = supply.chains.iter().flatten().copied().collect();
        let in_order = |numbers: &mut dyn Iterator<Item = u32>| {
            let mut links: Vec<(&Link<'a>, u32)> = numbers.map(|at| (&supply.links[at as usize], at)).collect();
            links.sort_unstable();
            links
        };
        let shared = in_order(&mut all.difference(&own).copied());
        let links: Vec<(&Link<'a>, u32)> = in_order(&mut own.iter().copied()).into_iter().chain(shared).collect();
        let mut places: Vec<Option<usize>> = vec![None; supply.links.len()];
        for (at, (_, number)) in links.iter().enumerate() {
            places[*number as usize] = Some(at);
        }
        let placed = |chain: &Links| {
            let places: BTreeSet<usize> = chain.iter().filter_map(|number| places[*number as usize]).collect();
            places.into_iter().collect::<Vec<usize>>()
        };
        let problem = Problem {
            own: own.len(),
            chains: supply.chains.iter().map(placed).collect::<BTreeSet<_>>().into_iter().collect(),
            needs: supply
                .needs
                .iter()
                .map(|chains| chains.iter().map(placed).collect::<BTreeSet<_>>().into_iter().collect())
                .collect(),
        };
        Self { links: links.into_iter().map(|(link, _)| link.clone()).collect(), problem }
    }

    fn own_links(&self) -> Vec<usize> {
        (0..self.problem.own).collect()
    }

    fn ended(&self, supply: &Supply<'a>, chosen: &[usize]) -> Vec<usize> {
        let ends = |at: &usize| self.problem.ends(*at, chosen);
        (0..supply.needs.len()).filter(ends).collect()
    }
}
