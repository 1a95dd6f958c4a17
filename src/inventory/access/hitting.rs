//! The search itself, on numbers: a smallest set of links with one of each chain in it, with which the fewest needs end.

use std::collections::{BTreeMap, BTreeSet};

/// The most links among which the search is exact.
pub(super) const MOST_LINKS: usize = 128;

/// The most chains that the search is exact for.
pub(super) const MOST_CHAINS: usize = 512;

/// Chains of which one is compared with each other to find those that break with another.
const MOST_COMPARED: usize = 2_000;

/// Links of one chain, sorted.
pub(super) type Chain = Vec<usize>;

/// How good a choice is: needs that end, then links.
type Rank = (usize, usize);

/// Chains to break and needs to keep.
#[derive(Debug, Clone, Default)]
pub(super) struct Problem {
    /// How many of the links are the accounts' own, through which nobody else has anything: the first ones. Each chain has
    /// exactly one of them.
    pub(super) own: usize,
    /// Each chain's links.
    pub(super) chains: Vec<Chain>,
    /// Each need's chains, of each the links that could be taken away.
    pub(super) needs: Vec<Vec<Chain>>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Equally good choices, each sorted; as many as were asked for at most.
    pub(super) choices: Vec<Vec<usize>>,
    /// True if none is better.
    pub(super) is_smallest: bool,
}

impl Problem {
    /// True if a need ends when these links are taken away: all its chains break.
    pub(super) fn ends(&self, need: usize, chosen: &[usize]) -> bool {
        self.needs[need].iter().all(|chain| meets(chain, chosen))
    }
}

fn meets(chain: &[usize], chosen: &[usize]) -> bool {
    chain.iter().any(|link| chosen.contains(link))
}

/// Solves it.
pub(super) fn solve(problem: &Problem, most_steps: usize, most_choices: usize) -> Found {
    let (fixed, open) = reduce(problem);
    let own: BTreeSet<usize> = open.chains.iter().flatten().copied().filter(|link| *link < problem.own).collect();
    let starts = [own.into_iter().collect(), open.greedy()];
    let best = starts.iter().map(|choice| (open.rank(choice), choice.clone())).min().unwrap_or_default();
    let in_play = open.chains.iter().flatten().collect::<BTreeSet<_>>().len();
    let mut search = Search {
        open: &open,
        cut: Vec::new(),
        barred: BTreeSet::new(),
        best: best.0,
        choices: BTreeSet::new(),
        most_choices,
        steps: 0,
        most_steps,
    };
    let fits = in_play <= MOST_LINKS && open.chains.len() <= MOST_CHAINS;
    if fits {
        search.step();
    }
    let is_smallest = fits && search.steps <= most_steps;
    if search.choices.is_empty() {
        search.choices.insert(best.1);
    }
    let with_fixed = |choice: Vec<usize>| choice.into_iter().chain(fixed.iter().copied()).collect::<BTreeSet<_>>();
    let choices: BTreeSet<Vec<usize>> =
        search.choices.into_iter().map(|choice| with_fixed(choice).into_iter().collect()).collect();
    Found { choices: choices.into_iter().collect(), is_smallest }
}

/// What is left of a problem where there is a choice. Needs with the same chains are counted together.
struct OpenProblem {
    chains: Vec<Chain>,
    needs: Vec<(Vec<Chain>, usize)>,
}

/// Takes out what needs no search, without a change to what is best: links that must go, chains that break with others, and
/// links that nobody would take because an account's own link breaks all their chains, ends no need that they would not
/// end, and costs nobody else anything.
fn reduce(problem: &Problem) -> (BTreeSet<usize>, OpenProblem) {
    let mut fixed = BTreeSet::new();
    let mut chains: BTreeSet<Chain> = problem.chains.iter().cloned().collect();
    loop {
        let before = (chains.len(), fixed.len());
        let needs = problem.needs.iter().flatten().filter(|chain| !chain.iter().any(|link| fixed.contains(link)));
        let useless = dominated(problem.own, &chains, &needs.collect::<Vec<_>>());
        chains = chains
            .into_iter()
            .map(|mut chain| {
                chain.retain(|link| !useless.contains(link));
                chain
            })
            .collect();
        fixed.extend(chains.iter().filter(|chain| chain.len() == 1).flatten().copied());
        chains.retain(|chain| !chain.iter().any(|link| fixed.contains(link)));
        if chains.len() <= MOST_COMPARED {
            chains = without_supersets(chains);
        }
        if useless.is_empty() && before == (chains.len(), fixed.len()) {
            break;
        }
    }
    let in_play: BTreeSet<usize> = chains.iter().flatten().copied().collect();
    let mut needs: BTreeMap<Vec<Chain>, usize> = BTreeMap::new();
    for need in &problem.needs {
        let left = need.iter().filter(|chain| !chain.iter().any(|link| fixed.contains(link)));
        let left: BTreeSet<Chain> =
            left.map(|chain| chain.iter().copied().filter(|link| in_play.contains(link)).collect()).collect();
        // One that has ended already, or that nothing can end, is none to think of.
        if !left.is_empty() && left.iter().all(|chain| !chain.is_empty()) {
            *needs.entry(left.into_iter().collect()).or_default() += 1;
        }
    }
    (fixed, OpenProblem { chains: chains.into_iter().collect(), needs: needs.into_iter().collect() })
}

/// Shared links of which all chains have one own link in common that ends no chain of a need which they would not end.
fn dominated(own: usize, chains: &BTreeSet<Chain>, needs: &[&Chain]) -> BTreeSet<usize> {
    let mut under: BTreeMap<usize, Option<usize>> = BTreeMap::new();
    for chain in chains {
        let first = chain.iter().copied().find(|link| *link < own);
        for link in chain.iter().copied().filter(|link| *link >= own) {
            let known = under.entry(link).or_insert(first);
            if *known != first {
                *known = None;
            }
        }
    }
    let harmless = |link: usize, own: usize| needs.iter().all(|chain| !chain.contains(&own) || chain.contains(&link));
    under.into_iter().filter(|(link, own)| own.is_some_and(|own| harmless(*link, own))).map(|(link, _)| link).collect()
}

fn without_supersets(chains: BTreeSet<Chain>) -> BTreeSet<Chain> {
    let within = |small: &Chain, large: &Chain| small.iter().all(|link| large.contains(link));
    let mut by_length: Vec<&Chain> = chains.iter().collect();
    by_length.sort_by_key(|chain| chain.len());
    let mut kept: Vec<&Chain> = Vec::new();
    for chain in by_length {
        if !kept.iter().any(|small| within(small, chain)) {
            kept.push(chain);
        }
    }
    kept.into_iter().cloned().collect()
}

impl OpenProblem {
    fn ended(&self, chosen: &[usize]) -> usize {
        let ends = |chains: &[Chain]| chains.iter().all(|chain| meets(chain, chosen));
        self.needs.iter().filter(|(chains, _)| ends(chains)).map(|(_, count)| count).sum()
    }

    fn rank(&self, chosen: &[usize]) -> Rank {
        (self.ended(chosen), chosen.len())
    }

    /// At each step the link with which the fewest needs end and the most chains break; then what was not needed is put
    /// back.
    fn greedy(&self) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        let mut open: Vec<&Chain> = self.chains.iter().collect();
        while !open.is_empty() {
            let mut breaks: BTreeMap<usize, usize> = BTreeMap::new();
            for link in open.iter().flat_map(|chain| chain.iter()) {
                *breaks.entry(*link).or_default() += 1;
            }
            let mut ends: BTreeMap<usize, usize> = BTreeMap::new();
            for (chains, count) in &self.needs {
                let mut left = chains.iter().filter(|chain| !meets(chain, &chosen));
                let Some(first) = left.next() else { continue };
                let rest: Vec<&Chain> = left.collect();
                for link in first.iter().filter(|link| rest.iter().all(|chain| chain.contains(link))) {
                    *ends.entry(*link).or_default() += count;
                }
            }
            let cost = |link: &usize| ends.get(link).copied().unwrap_or(0);
            let next = breaks.iter().min_by_key(|(link, broken)| (cost(link), usize::MAX - **broken, **link));
            let Some((link, _)) = next else { break };
            chosen.push(*link);
            open.retain(|chain| !chain.contains(link));
        }
        for at in (0..chosen.len()).rev() {
            let without: Vec<usize> =
                chosen.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| *one).collect();
            if self.chains.iter().all(|chain| meets(chain, &without)) {
                chosen = without;
            }
        }
        chosen.sort_unstable();
        chosen
    }
}

struct Search<'p> {
    open: &'p OpenProblem,
    cut: Vec<usize>,
    /// Links that an earlier branch took: choices with them were looked at there.
    barred: BTreeSet<usize>,
    best: Rank,
    choices: BTreeSet<Vec<usize>>,
    most_choices: usize,
    steps: usize,
    most_steps: usize,
}

impl Search<'_> {
    fn step(&mut self) {
        self.steps += 1;
        if self.steps > self.most_steps {
            return;
        }
        let Some((next, at_least)) = self.unbroken() else { return };
        let rank = (self.open.ended(&self.cut), self.cut.len() + at_least);
        if rank > self.best || (rank == self.best && self.choices.len() >= self.most_choices) {
            return;
        }
        let Some(chain) = next else {
            if rank < self.best {
                (self.best, self.choices) = (rank, BTreeSet::new());
            }
            let mut choice = self.cut.clone();
            choice.sort_unstable();
            self.choices.insert(choice);
            return;
        };
        let free: Vec<usize> = chain.iter().copied().filter(|link| !self.barred.contains(link)).collect();
        for link in &free {
            self.cut.push(*link);
            self.step();
            self.cut.pop();
            self.barred.insert(*link);
        }
        for link in &free {
            self.barred.remove(link);
        }
    }

    /// The chain with the fewest links to choose from among those that hold still, and how many links it takes at least:
    /// chains without a link in common take one each. Nothing if one of them cannot be broken any more.
    fn unbroken(&self) -> Option<(Option<&Chain>, usize)> {
        let mut tightest: Option<(usize, &Chain)> = None;
        let mut used: BTreeSet<usize> = BTreeSet::new();
        let mut apart = 0;
        for chain in self.open.chains.iter().filter(|chain| !meets(chain, &self.cut)) {
            let free = || chain.iter().filter(|link| !self.barred.contains(link));
            let count = free().count();
            if count == 0 {
                return None;
            }
            if tightest.is_none_or(|(fewest, _)| count < fewest) {
                tightest = Some((count, chain));
            }
            if free().all(|link| !used.contains(link)) {
                used.extend(free().copied());
                apart += 1;
            }
        }
        Some((tightest.map(|(_, chain)| chain), apart))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All choices that nothing beats, by trying each set of links.
    fn by_force(problem: &Problem) -> (Rank, BTreeSet<Vec<usize>>) {
        let mut best = (usize::MAX, usize::MAX);
        let mut choices = BTreeSet::new();
        for mask in 0_u32..1 << LINKS {
            let chosen: Vec<usize> = (0..LINKS).filter(|link| mask & (1 << link) != 0).collect();
            if !problem.chains.iter().all(|chain| meets(chain, &chosen)) {
                continue;
            }
            let ended = (0..problem.needs.len()).filter(|need| problem.ends(*need, &chosen)).count();
            let rank = (ended, chosen.len());
            if rank < best {
                (best, choices) = (rank, BTreeSet::new());
            }
            if rank == best {
                choices.insert(chosen);
            }
        }
        (best, choices)
    }

    const OWN: usize = 3;
    const LINKS: usize = 9;

    fn chain() -> impl Strategy<Value = Chain> {
        (0..OWN, prop::collection::btree_set(OWN..LINKS, 0..3))
            .prop_map(|(own, shared)| std::iter::once(own).chain(shared).collect())
    }

    fn problem() -> impl Strategy<Value = Problem> {
        let chains = prop::collection::btree_set(chain(), 0..8);
        let in_need =
            prop::collection::btree_set(0..LINKS, 0..4).prop_map(|links| links.into_iter().collect::<Chain>());
        let needs = prop::collection::vec(prop::collection::vec(in_need, 1..3), 0..4);
        (chains, needs).prop_map(|(chains, needs)| Problem { own: OWN, chains: chains.into_iter().collect(), needs })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn the_search_finds_what_trying_all_sets_finds(problem in problem()) {
            let (rank, all) = by_force(&problem);
            let found = solve(&problem, 100_000, 10_000);
            prop_assert!(found.is_smallest);
            for choice in &found.choices {
                prop_assert!(all.contains(choice), "{:?} is none of {:?}", choice, all);
            }
            // Of choices that differ only in a link that nobody would take, the one with the own link is enough.
            let first = all.iter().min_by_key(|choice| (choice.iter().filter(|link| **link >= OWN).count(), (*choice).clone()));
            let own_most = first.unwrap();
            let shared = own_most.iter().filter(|link| **link >= OWN).count();
            prop_assert!(found.choices.iter().any(|choice| choice.iter().filter(|link| **link >= OWN).count() == shared));
            prop_assert_eq!(rank.1, found.choices[0].len());
            prop_assert!(found.choices.contains(all.first().unwrap()), "the first in order is among them");
        }

        #[test]
        fn a_search_that_is_cut_short_breaks_every_chain_and_says_so(problem in problem()) {
            let found = solve(&problem, 0, 10);
            prop_assert_eq!(found.choices.len(), 1);
            let chosen = &found.choices[0];
            prop_assert!(problem.chains.iter().all(|chain| meets(chain, chosen)));
        }
    }

    #[test]
    fn beyond_its_size_the_search_does_not_claim_to_be_exact() {
        // Each pair of links is a chain of a need: nothing can be left out beforehand.
        let links = 1 + MOST_CHAINS + 1;
        let problem =
            Problem { own: 1, chains: (1..links).map(|link| vec![0, link]).collect(), needs: vec![vec![vec![0]]] };
        let found = solve(&problem, 1_000_000, 10);
        assert!(!found.is_smallest);
        assert_eq!(found.choices, [(1..links).collect::<Vec<_>>()]);
    }
}
