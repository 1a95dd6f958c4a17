//! What must hold in every estate, read whole or with parts refused.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::inventory::Inventory;
use keyroll::inventory::access::{ANY, Access, Bound, Chain, Count, Link, Power, Reach, WhoCan, power_of};
use keyroll::model::{Body, Fact, Grant, GrantForm, Kind, Principal, Resource, ResourceId, Snapshot};

use super::estates::{Dice, Estate};
use super::naive::{Naive, Ways};

/// How many estates each property is held against, each once whole and once with parts refused; `KEYROLL_ESTATES` says
/// another number.
const ESTATES: u64 = 600;

/// A word that no grant has: what is said of it is said of everything.
const UNHEARD_OF: &str = "NOBODY_EVER_SAID_THIS";

fn of_kind(snapshot: &Snapshot, kind: Kind) -> Vec<&Resource> {
    snapshot.resources.iter().filter(|one| one.kind() == kind).collect()
}

#[expect(clippy::disallowed_methods, reason = "how many estates are tried is for whoever runs the test")]
fn estates(share: u64) -> impl Iterator<Item = (u64, Estate, Estate)> {
    let most = std::env::var("KEYROLL_ESTATES").map_or(ESTATES, |number| number.parse().expect("a number of estates"));
    (0..most).filter(move |seed| seed % share == 0).map(|seed| {
        let whole = Estate::random(seed);
        let refused = whole.refused(&mut Dice::new(seed + 1_000_000));
        (seed, whole, refused)
    })
}

/// Hands every estate to a check, and says which one it was that failed.
fn in_every(share: u64, check: impl Fn(&str, &Estate)) {
    for (seed, whole, refused) in estates(share) {
        check(&format!("estate {seed}"), &whole);
        check(&format!("estate {seed} with parts refused"), &refused);
    }
}

/// Everything that the naive answer says about an estate, by account and container.
struct Truth<'a> {
    accounts: Vec<&'a Resource>,
    containers: Vec<&'a Resource>,
    ways: Vec<Vec<Ways>>,
}

impl<'a> Truth<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let naive = Naive::new(snapshot);
        let (accounts, containers) = (of_kind(snapshot, Kind::Principal), of_kind(snapshot, Kind::Container));
        let ways = accounts.iter().map(|account| naive.ways_of(account, &containers)).collect();
        Self { accounts, containers, ways }
    }

    fn cases(&self) -> impl Iterator<Item = (&'a Resource, &'a Resource, &Ways)> {
        self.accounts.iter().zip(&self.ways).flat_map(|(account, ways)| {
            self.containers.iter().zip(ways).map(|(container, ways)| (*account, *container, ways))
        })
    }
}

/// The keys of which anybody says anything, and one of which nobody does.
fn keys<'k>(ways: &'k Ways, reach: &'k Reach<'_>, container: &Resource) -> BTreeSet<&'k str> {
    let told = reach.on(container).into_iter().flat_map(|place| place.permissions.iter().map(|one| one.key));
    ways.keys().into_iter().chain(told).chain([UNHEARD_OF]).collect()
}

#[test]
fn the_fast_answer_is_the_naive_one() {
    in_every(1, |what, estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let truth = Truth::of(&snapshot);
        let reaches: BTreeMap<_, _> =
            truth.accounts.iter().map(|account| (&account.id, inventory.access().of(account))).collect();
        for (account, container, ways) in truth.cases() {
            let reach = &reaches[&account.id];
            for key in keys(ways, reach, container) {
                let told = || format!("{what}: {key} on {} for {}", container.id, account.id);
                let expected = ways.answer(key);
                assert_eq!(reach.may(key, container), expected.bound, "{}", told());
                let found = reach.on(container).and_then(|place| place.find(key));
                assert_eq!(found.map(|one| one.bound), ways.best(key), "by its key alone, {}", told());
                let Some(found) = found else { continue };
                assert_eq!(found.of_everybody, expected.of_everybody, "of everybody, {}", told());
                let for_all = found.bound == Bound::Conditional && ways.may_be_more(key);
                assert_eq!(found.doubt.is_some(), found.bound == Bound::Possible || for_all, "doubted, {}", told());
                assert!(found.doubt.is_none_or(|at| usize::from(at) < reach.doubts.len()), "reason, {}", told());
            }
        }
    });
}

/// What is certain although parts were refused is so, and what is ruled out is not there.
#[test]
fn nothing_is_claimed_or_ruled_out_that_the_whole_would_contradict() {
    let (mut claimed, mut ruled_out, mut open) = (0, 0, 0);
    for (seed, whole, refused) in estates(1) {
        let (whole, refused) = (whole.snapshot(), refused.snapshot());
        let (inventory, view) = (Inventory::new(&whole), Inventory::new(&refused));
        let reaches: Vec<[Reach<'_>; 2]> = of_kind(&refused, Kind::Principal)
            .into_iter()
            .map(|account| [inventory.access().of(whole.get(&account.id).unwrap()), view.access().of(account)])
            .collect();
        let mut words: BTreeMap<&ResourceId, BTreeSet<&str>> = BTreeMap::new();
        for place in reaches.iter().flatten().flat_map(|reach| &reach.places) {
            let told = place.permissions.iter().map(|one| one.key);
            words.entry(&place.container.id).or_insert_with(|| BTreeSet::from([UNHEARD_OF])).extend(told);
        }
        for [truth, reach] in &reaches {
            let account = reach.subject;
            for container in of_kind(&refused, Kind::Container) {
                for key in words.get(&container.id).into_iter().flatten().copied() {
                    let (is, seems) = (truth.may(key, container), reach.may(key, container));
                    let fits = match seems {
                        Some(Bound::Held) => is == Some(Bound::Held),
                        Some(Bound::Conditional) => matches!(is, Some(Bound::Held | Bound::Conditional)),
                        Some(Bound::Possible) => true,
                        None => is.is_none(),
                    };
                    assert!(
                        fits,
                        "estate {seed}: {key} on {} for {}: seems {seems:?}, is {is:?}",
                        container.id, account.id
                    );
                    claimed += usize::from(seems == Some(Bound::Held));
                    ruled_out += usize::from(seems.is_none() && key != UNHEARD_OF);
                    open += usize::from(seems == Some(Bound::Possible) && is != seems);
                }
            }
            let (far, seems_far) = (inventory.access().breadth_of(truth), view.access().breadth_of(reach));
            let pairs = [
                (far.readable, seems_far.readable),
                (far.writable, seems_far.writable),
                (far.destroyable, seems_far.destroyable),
                (far.administered, seems_far.administered),
            ];
            for (is, seems) in pairs {
                let at_most = if seems.boundless { usize::MAX } else { seems.at_most };
                let fits = seems.at_least <= is.at_least && (is.at_least <= at_most);
                assert!(fits, "estate {seed}: {} reaches {is:?}, and seems to {seems:?}", account.id);
            }
            for one in &far.administers {
                let told = seems_far.administers.contains(one) || seems_far.may_administer_more;
                assert!(told, "estate {seed}: {} administers {one}", account.id);
            }
        }
    }
    assert!(claimed > 10_000 && open > 2_000, "{claimed} claimed and {open} open: the estates are too poor to tell");
    assert!(ruled_out > 1_000, "{ruled_out} ruled out");
}

/// How many accounts may change something in a place, and decide on it, counted one by one from the naive answer.
#[test]
fn as_many_hold_something_as_the_naive_answer_counts() {
    let (mut certain, mut open, mut for_some) = (0, 0, 0);
    for (seed, whole, refused) in estates(3) {
        for (what, mut estate) in [("whole", whole), ("refused", refused)] {
            for (at, account) in estate.resources.values_mut().enumerate() {
                if let Body::Principal(account) = &mut account.body {
                    let known = [Some("active"), Some("active"), Some("deactivated"), None][at % 4];
                    account.status = known.map_or(Fact::Unknown, |status| Fact::Known(status.to_owned()));
                }
            }
            let snapshot = estate.snapshot();
            let inventory = Inventory::new(&snapshot);
            let truth = Truth::of(&snapshot);
            let mut counted: BTreeMap<&ResourceId, [[usize; 2]; 2]> = BTreeMap::new();
            for (account, container, ways) in truth.cases() {
                let Body::Principal(Principal { status, .. }) = &account.body else { continue };
                let let_in = status.known().and_then(|status| Principal::lets_in(status));
                if let_in == Some(false) {
                    continue;
                }
                let Body::Container(body) = &container.body else { continue };
                for (least, counts) in
                    [Power::Write, Power::Administer].into_iter().zip(counted.entry(&container.id).or_default())
                {
                    let own = |key: &&str| {
                        let of_everybody = ways.answer(key).of_everybody;
                        !of_everybody && (*key == ANY || power_of(body.form, key) >= least)
                    };
                    let keys: Vec<&str> = ways.keys().into_iter().filter(own).collect();
                    let held = keys.iter().any(|key| ways.best(key) == Some(Bound::Held));
                    let sometimes = |key: &&&str| ways.best(key) == Some(Bound::Conditional) && ways.may_be_more(key);
                    let perhaps = keys.iter().any(|key| ways.best(key) == Some(Bound::Possible));
                    for_some += usize::from(!held && !perhaps && keys.iter().any(|key| sometimes(&key)));
                    counts[0] += usize::from(held && let_in == Some(true));
                    counts[1] += usize::from(held || perhaps || keys.iter().any(|key| sometimes(&key)));
                }
            }
            for container in &truth.containers {
                let holders = inventory.access().holders(container);
                let found = [holders.changing, holders.deciding].map(|count| [count.at_least, count.at_most]);
                let expected = counted.get(&container.id).copied().unwrap_or_default();
                assert_eq!(found, expected, "estate {seed}, {what}: {}", container.id);
                certain += expected[0][0];
                open += expected[0][1] - expected[0][0];
            }
        }
    }
    assert!(certain > 500 && open > 500, "{certain} certain and {open} open: the estates are too poor to tell");
    assert!(for_some > 0, "nothing was there for some issues and perhaps for all");
}

#[test]
fn chains_agree_with_the_answer_and_are_as_many_as_there_are() {
    in_every(2, |what, estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let access = inventory.access();
        let truth = Truth::of(&snapshot);
        for (account, container, ways) in truth.cases() {
            for key in ways.keys().into_iter().chain([UNHEARD_OF]) {
                let told = || format!("{what}: {key} on {} for {}", container.id, account.id);
                let expected = ways.answer(key);
                let chains = access.chains(account, key, container).chains;
                assert_eq!(chains.len(), expected.chains, "{}: {chains:#?}", told());
                assert_eq!(chains.first().map(Chain::steps), expected.shortest, "{}", told());
                match chains.first() {
                    Some(first) => assert_eq!(Some(first.bound), expected.bound, "{}", told()),
                    // Without a chain nothing is certain: it is hidden, or not there.
                    None => assert!(matches!(expected.bound, None | Some(Bound::Possible)), "{}", told()),
                }
                let order: Vec<_> = chains.iter().map(|chain| (chain.bound, chain.steps())).collect();
                assert!(order.is_sorted(), "{}: {order:?}", told());
                let links = chains.iter().flat_map(|chain| chain.links(&account.id, &container.id));
                links.for_each(|link| assert!(exists(&snapshot, &link), "{}: there is no {link:?}", told()));
            }
        }
    });
}

/// Whether what a link names is in the snapshot. A membership that is merely possible is not told by anybody.
fn exists(snapshot: &Snapshot, link: &Link<'_>) -> bool {
    match link {
        Link::Membership { member, .. } => member.kind() == Kind::Group || snapshot.get(member).is_some(),
        Link::Grant(id) | Link::Container(id) => snapshot.get(id).is_some(),
        Link::Role { account, role } => {
            matches!(&snapshot.get(account).unwrap().body, Body::Principal(Principal { platform_roles, .. })
                if platform_roles.known().is_some_and(|roles| roles.iter().any(|one| one == role)))
        }
    }
}

/// Takes one link out of an estate; false where it is not one that can be cut alone.
fn cut(estate: &mut Estate, link: &Link<'_>) -> bool {
    match link {
        Link::Membership { member, group } => {
            let Some(resource) = estate.resources.get_mut(*member) else { return false };
            let lists = match &mut resource.body {
                Body::Principal(Principal {
                    groups,
                    groups_at_least,
                    workspace_groups,
                    workspace_groups_at_least,
                    ..
                }) => vec![groups, groups_at_least, workspace_groups, workspace_groups_at_least],
                Body::Group(body) => vec![&mut body.inside],
                _ => return false,
            };
            let mut was_there = false;
            for list in lists {
                if let Fact::Known(list) = list {
                    was_there |= list.contains(group);
                    list.retain(|one| one != *group);
                }
            }
            was_there
        }
        Link::Grant(id) => estate.resources.remove(*id).is_some(),
        Link::Container(_) | Link::Role { .. } => false,
    }
}

/// Chains by their grant, place in a role, and what stands for a grant.
type ByGrants = BTreeSet<(Option<ResourceId>, Option<ResourceId>, Option<String>)>;

/// Chains by the grants they go through: the way through groups may be another one afterwards.
fn by_grants(chains: &[Chain<'_>]) -> ByGrants {
    let id = |resource: Option<&Resource>| resource.map(|one| one.id.clone());
    chains.iter().map(|one| (id(one.grant), id(one.role), one.without_grant.map(str::to_owned))).collect()
}

/// Cutting a link breaks the chains that have it and no other. An account that is in a group in another way as well comes
/// that way.
#[test]
fn a_cut_link_breaks_the_chains_that_have_it() {
    let (mut cuts, mut other_ways) = (0, 0);
    for (seed, whole, _) in estates(4) {
        // What is summed up would have to be summed up again.
        let mut estate = whole;
        estate.resources.retain(|_, resource| match &resource.body {
            Body::Grant(grant) => grant.form != GrantForm::EffectiveRepositoryPermission && grant.via.known().is_none(),
            _ => true,
        });
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let mut dice = Dice::new(seed);
        for account in of_kind(&snapshot, Kind::Principal) {
            let reach = inventory.access().of(account);
            for place in &reach.places {
                let held: Vec<&str> =
                    place.permissions.iter().filter(|one| one.bound == Bound::Held).map(|one| one.key).collect();
                if held.is_empty() || !dice.in_100(35) {
                    continue;
                }
                let key = *dice.pick(&held);
                let chains = inventory.access().chains(account, key, place.container).chains;
                let certain: Vec<&Chain<'_>> = chains.iter().filter(|one| one.bound == Bound::Held).collect();
                let links = dice.pick(&certain).links(&account.id, &place.container.id);
                let Some(link) = links.get(dice.below(links.len())) else { continue };
                let mut after = estate.clone();
                if !cut(&mut after, link) {
                    continue;
                }
                cuts += 1;
                let told =
                    format!("estate {seed}: {key} on {} for {} without {link:?}", place.container.id, account.id);
                let after = after.snapshot();
                let later = Inventory::new(&after);
                let (account, container) = (after.get(&account.id).unwrap(), after.get(&place.container.id).unwrap());
                let left = later.access().chains(account, key, container).chains;
                let without = |chain: &&Chain<'_>| !chain.links(&account.id, &container.id).contains(link);
                assert!(left.iter().all(|chain| without(&chain)), "{told}");
                let kept: Vec<Chain<'_>> = chains.iter().filter(without).cloned().collect();
                assert!(by_grants(&kept).is_subset(&by_grants(&left)), "{told}: one more is gone");
                assert!(by_grants(&left).is_subset(&by_grants(&chains)), "{told}: one came up");
                // What is there though its chain is cut goes through the same grant by other groups.
                for chain in &left {
                    let same = |other: &Chain<'_>| {
                        other.grant.map(|one| &one.id) == chain.grant.map(|one| &one.id)
                            && other.role.map(|one| &one.id) == chain.role.map(|one| &one.id)
                    };
                    if !kept.iter().any(same) && chain.bound == Bound::Held {
                        assert!(matches!(link, Link::Membership { .. }) || chain.sees.is_some(), "{told}");
                        other_ways += 1;
                    }
                }
                let still_held = later.access().of(account).may(key, container) == Some(Bound::Held);
                assert_eq!(still_held, left.iter().any(|chain| chain.bound == Bound::Held), "{told}");
            }
        }
    }
    assert!(cuts > 150 && other_ways > 3, "{cuts} cuts, {other_ways} with another way: too few to tell");
}

#[test]
fn who_can_is_the_question_the_other_way_round() {
    in_every(4, |what, estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let access = inventory.access();
        let truth = Truth::of(&snapshot);
        let reaches: Vec<Reach<'_>> = truth.accounts.iter().map(|account| access.of(account)).collect();
        for (at, container) in truth.containers.iter().enumerate() {
            let named: BTreeSet<&str> = truth.ways.iter().flat_map(|ways| ways[at].keys()).collect();
            for key in named.into_iter().chain([UNHEARD_OF]) {
                let told = format!("{what}: {key} on {}", container.id);
                let who = access.who_can(key, container);
                check_who(&told, &who, key, container, &reaches);
                let answers: Vec<_> = truth.ways.iter().map(|ways| ways[at].answer(key)).collect();
                let shared = answers.iter().filter(|answer| answer.shared).count();
                assert_eq!(who.everybody.as_ref().map_or(0, |everybody| everybody.accounts), shared, "{told}");
                for one in &who.accounts {
                    let chains = access.chains(one.account, key, container).chains;
                    assert_eq!(one.chain.as_ref().map_or(0, |_| 1) + one.others, chains.len(), "{told}");
                    let own = chains.iter().find(|chain| !chain.of_everybody);
                    assert_eq!(one.chain.as_ref(), own, "{told}");
                }
            }
        }
    });
}

fn check_who(told: &str, who: &WhoCan<'_>, key: &str, container: &Resource, reaches: &[Reach<'_>]) {
    let listed: BTreeMap<&ResourceId, Bound> = who.accounts.iter().map(|one| (&one.account.id, one.bound)).collect();
    assert_eq!(listed.len(), who.accounts.len(), "{told}: each account once");
    let order: Vec<_> = who.accounts.iter().map(|one| (one.bound, &one.account.id)).collect();
    assert!(order.is_sorted(), "{told}");
    for reach in reaches {
        let of_everybody = reach
            .on(container)
            .and_then(|place| place.find(key))
            .is_some_and(|found| found.of_everybody && found.bound == Bound::Held);
        let expected = reach.may(key, container).filter(|_| !of_everybody);
        assert_eq!(listed.get(&reach.subject.id).copied(), expected, "{told} for {}", reach.subject.id);
        assert!(!of_everybody || who.everybody.is_some(), "{told} for {}", reach.subject.id);
        let could = who.could_take.iter().any(|one| one.id == reach.subject.id);
        assert!(!could || reach.may(key, container).is_none(), "{told}: {} need not take it", reach.subject.id);
    }
}

/// Breadth is nothing but counting.
#[test]
fn breadth_is_what_one_counts() {
    use keyroll::inventory::access::{ANY, Power};
    use keyroll::model::{Container, ContainerForm};
    in_every(2, |what, estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let is_content = |one: &Resource| {
            matches!(
                &one.body,
                Body::Container(Container {
                    form: ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository,
                    ..
                })
            )
        };
        let content: Vec<&Resource> = snapshot.resources.iter().filter(|one| is_content(one)).collect();
        for account in of_kind(&snapshot, Kind::Principal) {
            let reach = inventory.access().of(account);
            let breadth = inventory.access().breadth(account);
            assert_eq!(breadth.places, content.len(), "{what}");
            let count = |powers: &[Power]| {
                let mut count = Count::default();
                for place in content.iter().filter_map(|container| reach.on(container)) {
                    let of = |bounds: &[Bound]| {
                        place.permissions.iter().any(|one| {
                            let open = bounds.contains(&one.bound)
                                || (bounds.len() > 1 && one.bound == Bound::Conditional && one.doubt.is_some());
                            open && (powers.contains(&one.power) || (one.key == ANY && bounds.len() > 1))
                        })
                    };
                    count.at_least += usize::from(of(&[Bound::Held]));
                    count.at_most += usize::from(of(&[Bound::Held, Bound::Possible]));
                }
                (count.at_least, count.at_most)
            };
            let numbers = |count: Count| (count.at_least, count.at_most);
            let told = format!("{what}: {}", account.id);
            assert_eq!(numbers(breadth.readable), count(&[Power::Read]), "{told}");
            assert_eq!(numbers(breadth.writable), count(&[Power::Write, Power::Destroy]), "{told}");
            assert_eq!(numbers(breadth.destroyable), count(&[Power::Destroy]), "{told}");
            assert_eq!(numbers(breadth.administered), count(&[Power::Administer]), "{told}");
            let best = |power: Power| {
                reach
                    .places
                    .iter()
                    .flat_map(|place| place.permissions.iter())
                    .any(|one| one.bound == Bound::Held && one.power == power)
            };
            let gravest = Power::ALL.into_iter().rev().find(|power| best(*power));
            assert_eq!(breadth.gravest.map(|(power, _)| power), gravest, "{told}");
        }
    });
}

/// A credential never opens more than its owner has, and where nobody told how it is limited, nothing is certain.
#[test]
fn a_credential_is_never_more_than_its_owner() {
    use keyroll::inventory::access::Ceiling;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (seed, whole, refused) in estates(1) {
        for (estate, what) in [(&whole, "whole"), (&refused, "refused")] {
            let snapshot = estate.snapshot();
            let inventory = Inventory::new(&snapshot);
            let access = inventory.access();
            for credential in of_kind(&snapshot, Kind::Credential) {
                let told = format!("estate {seed} {what}: {}", credential.id);
                let Body::Credential(body) = &credential.body else { panic!("a credential") };
                let reach = access.of(credential);
                let (ceiling, owner) = (reach.ceiling.clone(), body.owner.known().and_then(|id| snapshot.get(id)));
                *seen.entry(format!("{ceiling:?}").split('(').next().unwrap().to_owned()).or_default() += 1;
                if body.owner.is_unknown() || (owner.is_none() && body.owner.known().is_some()) {
                    assert!(reach.boundless, "{told}: whose it is nobody told");
                }
                let Some(owner) = owner else { continue };
                let above = access.of(owner);
                for place in &reach.places {
                    for one in place.permissions.iter() {
                        let most = above.on(place.container).and_then(|place| place.find(one.key));
                        let most = most.unwrap_or_else(|| panic!("{told}: {} is not its owner's", one.key));
                        assert!(one.bound >= most.bound, "{told}: {} is more certain than its owner's", one.key);
                        let revealed = ceiling != Ceiling::NotRevealed;
                        assert!(revealed || one.bound == Bound::Possible, "{told}: {} is certain", one.key);
                        assert!(one.doubt.is_none_or(|at| usize::from(at) < reach.doubts.len()), "{told}");
                        assert!(one.bound != Bound::Possible || one.doubt.is_some(), "{told}: {one:?}");
                    }
                }
                if matches!(ceiling, Ceiling::Nothing | Ceiling::NotRevealed) {
                    assert_eq!(reach.places.len(), above.places.len(), "{told}: nobody took anything away");
                }
                assert!(access.breadth(credential).places == access.breadth(owner).places);
            }
        }
    }
    for ceiling in ["Nothing", "NotRevealed", "Scopes", "OneThing", "Organisation"] {
        assert!(seen.get(ceiling).is_some_and(|times| *times > 100), "{ceiling} hardly came up: {seen:?}");
    }
}

/// Accounts and credentials that share an answer would each have got the same.
#[test]
fn a_shared_answer_is_everybodys_own() {
    in_every(2, |what, estate| {
        let snapshot = estate.snapshot();
        let inventory = Inventory::new(&snapshot);
        let access = inventory.access();
        for subject in of_kind(&snapshot, Kind::Principal).into_iter().chain(of_kind(&snapshot, Kind::Credential)) {
            let extent = access.extent(subject).unwrap();
            let told = format!("{what}: {}", subject.id);
            assert_eq!(extent.breadth(), &access.breadth(subject), "{told}");
            let reach = access.of(subject);
            assert_eq!(extent.is_whole(), reach.is_whole(), "{told}");
            assert_eq!(extent.breadth(), &access.breadth_of(&reach), "{told}: place by place");
            for one in reach.places.iter().flat_map(|place| place.permissions.iter()) {
                let held = extent.held().iter().any(|key| key == one.key);
                assert!(held || one.bound != Bound::Held || one.of_everybody, "{told}: {} is missing", one.key);
            }
        }
    });
}

/// The order in which things were collected says nothing, and the same question gets the same answer.
#[test]
fn order_says_nothing() {
    let all = |access: Access<'_, '_>, snapshot: &Snapshot| {
        let subjects = snapshot.resources.iter().filter(|one| matches!(one.kind(), Kind::Principal | Kind::Credential));
        subjects.map(|one| format!("{:?} {:?}", access.of(one), access.breadth(one))).collect::<Vec<_>>()
    };
    for (seed, _, refused) in estates(10) {
        let mut dice = Dice::new(seed);
        let (left, right) = (refused.shuffled(&mut dice), refused.shuffled(&mut dice));
        let inventory = Inventory::new(&left);
        let first = all(inventory.access(), &left);
        assert_eq!(first, all(inventory.access(), &left), "estate {seed}: asked twice");
        assert_eq!(first, all(Inventory::new(&left).access(), &left), "estate {seed}: indexed twice");
        let other = Inventory::new(&right);
        assert_eq!(first, all(other.access(), &right), "estate {seed}: collected in another order");
    }
}

/// The estates have what the questions are about: a property that holds of nothing proves nothing.
#[test]
fn the_estates_are_rich_enough() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, whole, refused) in estates(2) {
        for resource in whole.resources.values().chain(refused.resources.values()) {
            if let Body::Grant(Grant { form, holder, .. }) = &resource.body {
                *counts.entry(form.name()).or_default() += 1;
                *counts.entry(holder.name()).or_default() += 1;
            }
        }
    }
    let forms = GrantForm::ALL.map(GrantForm::name);
    let holders = keyroll::model::Holder::ALL.map(keyroll::model::Holder::name);
    for name in forms.into_iter().chain(holders) {
        assert!(counts.get(name).is_some_and(|times| *times > 20), "{name} hardly came up: {counts:?}");
    }
}
