//! The cut, held against trying every set of links on small estates, with nothing but the access of accounts as the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::{
    Body, Collection, Container, ContainerForm, EndpointState, Fact, Grant, GrantForm, Group, Holder, Kind,
    LedgerEntry, Principal, Sighting, Snapshot,
};

fn id(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new("acme", kind, native)
}

fn resource(kind: Kind, native: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: "acme".into(), endpoint: kind.name().into() }];
    Resource { id: id(kind, native), name: native.to_owned(), seen_by, body }
}

const GROUPS: usize = 4;
const PEOPLE: usize = 3;
const PERMISSIONS: [&str; 3] = ["BROWSE_PROJECTS", "EDIT_ISSUES", "DELETE_ISSUES"];

/// Who a grant is to: an account, a group, a role, everybody.
#[derive(Debug, Clone, Copy)]
enum To {
    Account(usize),
    Group(usize),
    Role(usize),
    Everybody,
    Lead,
}

/// A small estate: one scheme, two projects with roles, a space.
#[derive(Debug, Clone)]
struct Plan {
    in_groups: BTreeSet<(usize, usize)>,
    inside: BTreeSet<(usize, usize)>,
    entries: Vec<(usize, To)>,
    places: BTreeSet<(usize, usize, bool, usize)>,
    on_space: BTreeSet<(bool, usize)>,
    leads: bool,
    needed: BTreeSet<usize>,
}

fn to() -> impl Strategy<Value = To> {
    prop_oneof![
        2 => (0..PEOPLE).prop_map(To::Account),
        3 => (0..GROUPS).prop_map(To::Group),
        3 => (0..2_usize).prop_map(To::Role),
        1 => Just(To::Everybody),
        1 => Just(To::Lead),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        prop::collection::btree_set((0..PEOPLE, 0..GROUPS), 0..6),
        prop::collection::btree_set((0..GROUPS, 0..GROUPS), 0..3),
        prop::collection::vec((0..PERMISSIONS.len(), to()), 0..4),
        prop::collection::btree_set((0..2_usize, 0..2_usize, any::<bool>(), 0..PEOPLE), 0..4),
        prop::collection::btree_set((any::<bool>(), 0..PEOPLE), 0..2),
        any::<bool>(),
        prop::collection::btree_set(0..PERMISSIONS.len(), 0..3),
    )
        .prop_map(|(in_groups, inside, entries, places, on_space, leads, needed)| Plan {
            in_groups,
            inside: inside.into_iter().filter(|(inner, outer)| inner != outer).collect(),
            entries,
            places,
            on_space,
            leads,
            needed,
        })
}

fn to_whom(grant: &mut Grant, is_group: bool, number: usize) {
    if is_group {
        (grant.holder, grant.group) = (Holder::Group, Fact::Known(id(Kind::Group, &format!("g{number}"))));
    } else {
        (grant.holder, grant.principal) = (Holder::Principal, Fact::Known(id(Kind::Principal, &format!("u{number}"))));
    }
}

fn build(plan: &Plan) -> Vec<Resource> {
    let group_id = |group: &usize| id(Kind::Group, &format!("g{group}"));
    let listed = |pairs: &BTreeSet<(usize, usize)>, one: usize| {
        Fact::Known(pairs.iter().filter(|(left, _)| *left == one).map(|(_, group)| group_id(group)).collect())
    };
    let mut all = Vec::new();
    for person in 0..PEOPLE {
        let body = Principal { groups: listed(&plan.in_groups, person), ..Principal::default() };
        all.push(resource(Kind::Principal, &format!("u{person}"), Body::Principal(body)));
    }
    for group in 0..GROUPS {
        let body = Group { inside: listed(&plan.inside, group), members_told: Fact::Known(true), ..Group::default() };
        all.push(resource(Kind::Group, &format!("g{group}"), Body::Group(body)));
    }
    let scheme = id(Kind::Container, "scheme");
    let body = Container::unknown(ContainerForm::PermissionScheme);
    all.push(resource(Kind::Container, "scheme", Body::Container(body)));
    for project in 0..2 {
        let lead = if plan.leads && project == 1 { Fact::Known(id(Kind::Principal, "u0")) } else { Fact::Absent };
        let mut body = Container { lead, ..Container::unknown(ContainerForm::Project) };
        body.permission_scheme = Fact::Known(scheme.clone());
        all.push(resource(Kind::Container, &format!("project:{project}"), Body::Container(body)));
    }
    all.push(resource(Kind::Container, "space", Body::Container(Container::unknown(ContainerForm::Space))));
    for (number, (permission, to)) in plan.entries.iter().enumerate() {
        let mut grant = Grant::of(GrantForm::Permission, PERMISSIONS[*permission], Holder::LoggedIn);
        grant.container = Fact::Known(scheme.clone());
        match to {
            To::Account(account) => to_whom(&mut grant, false, *account),
            To::Group(group) => to_whom(&mut grant, true, *group),
            To::Role(role) => {
                (grant.holder, grant.holder_detail) = (Holder::ProjectRole, Fact::Known(format!("r{role}")));
            }
            To::Everybody => {}
            To::Lead => {
                (grant.holder, grant.holder_detail) = (Holder::Conditional, Fact::Known("projectLead".to_owned()));
            }
        }
        all.push(resource(Kind::Grant, &format!("entry:{number}"), Body::Grant(grant)));
    }
    for (project, role, is_group, number) in &plan.places {
        let mut grant = Grant::of(GrantForm::ProjectRole, format!("r{role}"), Holder::Principal);
        grant.container = Fact::Known(id(Kind::Container, &format!("project:{project}")));
        to_whom(&mut grant, *is_group, *number);
        let native = format!("project-role:{project}/r{role}/{is_group}{number}");
        all.push(resource(Kind::Grant, &native, Body::Grant(grant)));
    }
    for (is_group, number) in &plan.on_space {
        let mut grant = Grant::of(GrantForm::SpacePermission, "read space", Holder::Principal);
        grant.container = Fact::Known(id(Kind::Container, "space"));
        grant.permits = Fact::Known(vec!["read space".to_owned()]);
        to_whom(&mut grant, *is_group, *number);
        all.push(resource(Kind::Grant, &format!("space:{is_group}{number}"), Body::Grant(grant)));
    }
    all
}

fn seal(resources: Vec<Resource>) -> Snapshot {
    let kinds = vec![Kind::Principal, Kind::Group, Kind::Container, Kind::Grant];
    let mut entry = LedgerEntry::not_asked(
        "acme".into(),
        "all".into(),
        String::new(),
        kinds,
        String::new(),
        "2026-11-22T02:00:00Z".parse().unwrap(),
    );
    entry.state = EndpointState::Complete;
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger: vec![entry] }])
}

/// A link by words, to be held against those of another snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Gone {
    Membership(ResourceId, ResourceId),
    Grant(ResourceId),
    Lead(ResourceId),
}

fn gone(link: &Link<'_>) -> Gone {
    match link {
        Link::Membership { member, group } => Gone::Membership((*member).clone(), (*group).clone()),
        Link::Grant(grant) => Gone::Grant((*grant).clone()),
        Link::Container(project) => Gone::Lead((*project).clone()),
        Link::Role { .. } => panic!("nobody has such a role here"),
    }
}

/// The estate without some links.
fn without(resources: &[Resource], links: &BTreeSet<Gone>) -> Vec<Resource> {
    let mut left: Vec<Resource> =
        resources.iter().filter(|one| !links.contains(&Gone::Grant(one.id.clone()))).cloned().collect();
    for one in &mut left {
        let own = one.id.clone();
        let stays = |group: &ResourceId| !links.contains(&Gone::Membership(own.clone(), group.clone()));
        match &mut one.body {
            Body::Principal(Principal { groups: Fact::Known(groups), .. }) => groups.retain(stays),
            Body::Group(Group { inside: Fact::Known(groups), .. }) => groups.retain(stays),
            Body::Container(Container { lead, .. }) if links.contains(&Gone::Lead(own.clone())) => *lead = Fact::Absent,
            _ => {}
        }
    }
    left
}

type Held = BTreeSet<(ResourceId, String)>;

/// What each account holds for certain: all of it, and what is its own.
fn held(resources: Vec<Resource>) -> BTreeMap<ResourceId, (Held, Held)> {
    let snapshot = seal(resources);
    let inventory = Inventory::new(&snapshot);
    let of = |account: &Resource| {
        let (mut all, mut own) = (Held::new(), Held::new());
        for place in inventory.access().of_account(inventory.get(&account.id).unwrap()).places {
            for one in place.permissions.iter().filter(|one| one.bound == Bound::Held) {
                let what = (place.container.id.clone(), one.key.to_owned());
                if !one.of_everybody {
                    own.insert(what.clone());
                }
                all.insert(what);
            }
        }
        (all, own)
    };
    inventory.of_kind(Kind::Principal).map(|account| (account.id.clone(), of(account))).collect()
}

/// Needs that end, links, others who lose something.
type Rank = (usize, usize, usize);

struct Judged {
    before: BTreeMap<ResourceId, (Held, Held)>,
    needs: Held,
    excess: Held,
}

impl Judged {
    /// How good it is to take these links away; nothing if something is left that is not needed.
    fn rank(&self, resources: &[Resource], links: &BTreeSet<Gone>) -> Option<Rank> {
        let svc = id(Kind::Principal, "u0");
        let after = held(without(resources, links));
        if self.excess.iter().any(|what| after[&svc].1.contains(what)) {
            return None;
        }
        let ended = self.needs.iter().filter(|need| !after[&svc].0.contains(*need)).count();
        let loses =
            |account: &&ResourceId| self.before[*account].0.iter().any(|what| !after[*account].0.contains(what));
        let others = self.before.keys().filter(|account| **account != svc).filter(loses).count();
        Some((ended, links.len(), others))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_beats_the_cut_and_it_says_who_loses(plan in plan()) {
        let resources = build(&plan);
        let snapshot = seal(resources.clone());
        let inventory = Inventory::new(&snapshot);
        let svc = snapshot.get(&id(Kind::Principal, "u0")).unwrap();
        let access = inventory.access();
        let reach = access.of_account(svc);
        let home = id(Kind::Container, "project:0");
        let is_needed = |place: &Place<'_>, key: &str| {
            place.container.id == home && plan.needed.iter().any(|needed| PERMISSIONS[*needed] == key)
        };
        let (mut excess, mut kept) = (Vec::new(), Vec::new());
        let mut judged = Judged { before: held(resources.clone()), needs: Held::new(), excess: Held::new() };
        for place in &reach.places {
            let mut beyond = Vec::new();
            for one in place.permissions.iter().filter(|one| one.bound == Bound::Held) {
                let what = (place.container.id.clone(), one.key.to_owned());
                if is_needed(place, one.key) {
                    kept.push(Kept { account: svc, permission: one.key, container: place.container });
                    judged.needs.insert(what);
                } else if !one.of_everybody {
                    beyond.push(one.key);
                    judged.excess.insert(what);
                }
            }
            if !beyond.is_empty() {
                excess.push(Excess { account: svc, container: place.container, permissions: Arc::new(beyond) });
            }
        }
        let cuts = access.cut(&[svc], &excess, &kept);
        let chosen: BTreeSet<Gone> = cuts.best.links.iter().map(gone).collect();
        let found = judged.rank(&resources, &chosen);
        prop_assert!(found.is_some(), "something is left: {:?}", chosen);
        let found = found.unwrap();
        prop_assert_eq!(found.0, cuts.best.ended.len(), "needs that end");
        prop_assert_eq!(found.2, cuts.best.losers.accounts.len(), "others who lose");
        prop_assert!(cuts.best.is_smallest && cuts.best.unexplained.is_empty() && !cuts.best.losers.may_be_more);
        if let Some(apart) = &cuts.apart {
            let rank = judged.rank(&resources, &apart.links.iter().map(gone).collect()).unwrap();
            prop_assert_eq!(rank.2, 0, "nobody else loses anything");
            prop_assert_eq!(rank.0, apart.ended.len());
        }
        // Every set of links there are, as long as these are few.
        let links: Vec<Gone> = all_links(&resources, svc.id.clone());
        if links.len() <= 9 {
            let sets = 0_u32..1 << links.len();
            let subset = |mask: u32| links.iter().enumerate().filter(move |(at, _)| mask & (1 << at) != 0);
            let best = sets.filter(|mask| mask.count_ones() as usize <= chosen.len() || found.0 > 0)
                .filter_map(|mask| judged.rank(&resources, &subset(mask).map(|(_, link)| link.clone()).collect()))
                .min();
            prop_assert_eq!(best, Some(found));
        }
    }
}

/// Everything that can be taken away and is not given to everybody, nor to somebody else alone.
fn all_links(resources: &[Resource], svc: ResourceId) -> Vec<Gone> {
    let mut links = Vec::new();
    for one in resources {
        match &one.body {
            Body::Principal(Principal { groups: Fact::Known(groups), .. }) if one.id == svc => {
                links.extend(groups.iter().map(|group| Gone::Membership(one.id.clone(), group.clone())));
            }
            Body::Group(Group { inside: Fact::Known(groups), .. }) => {
                links.extend(groups.iter().map(|group| Gone::Membership(one.id.clone(), group.clone())));
            }
            Body::Grant(grant)
                if grant.holder != Holder::LoggedIn && grant.principal.known().is_none_or(|holder| *holder == svc) =>
            {
                links.push(Gone::Grant(one.id.clone()));
            }
            Body::Container(Container { lead: Fact::Known(lead), .. }) if *lead == svc => {
                links.push(Gone::Lead(one.id.clone()));
            }
            _ => {}
        }
    }
    links
}
