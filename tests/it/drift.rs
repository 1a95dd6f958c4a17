//! Drift: what was seen to differ is told, what was not seen is neither gone nor new.

use std::collections::{BTreeMap, HashSet};

use keyroll::drift::{Comparison, NOISE, compare};
use keyroll::model::{
    Body, Change, Collection, Container, ContainerForm, Credential, EndpointState, Fact, Grant, GrantForm, Holder,
    Kind, LedgerEntry, Principal, Resource, ResourceId, Snapshot, What,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::estate::{account, account_id, denied, entry, night, seen_by, snapshot, token, whole};

/// One change in a line: `changed t-1 scopes`.
fn line(change: &Change) -> String {
    let fields: Vec<&str> = change.fields.iter().map(|field| field.field.as_str()).collect();
    let replaces = change.replaces.as_ref().map(|old| format!("for {}", old.native())).unwrap_or_default();
    let doubt = if change.reason.is_some() { "?" } else { "" };
    let text = format!("{}{doubt} {} {replaces} {}", change.what.name(), change.resource.native(), fields.join(","));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn lines(comparison: &Comparison) -> Vec<String> {
    comparison.changes.iter().map(line).collect()
}

/// Compares each night with the one before, carrying along what was out of sight, as a scan does.
fn nights(snapshots: Vec<Snapshot>) -> Vec<Vec<String>> {
    chain(snapshots).iter().map(|(_, comparison)| lines(comparison)).collect()
}

fn chain(snapshots: Vec<Snapshot>) -> Vec<(Snapshot, Comparison)> {
    let mut snapshots = snapshots.into_iter();
    let mut before = snapshots.next().unwrap();
    let mut told = Vec::new();
    for mut after in snapshots {
        let comparison = compare(&before, &after);
        after.carried.clone_from(&comparison.carried);
        told.push((after.clone(), comparison));
        before = after;
    }
    told
}

fn scopes(scopes: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(scopes.iter().map(|scope| (*scope).to_owned()).collect())
}

fn with_scopes(words: &[&str]) -> Resource {
    token("t-1", "ci", |token| token.scopes = scopes(words))
}

fn seen(resources: Vec<Resource>) -> Snapshot {
    snapshot(resources, vec![whole("tokens")])
}

fn refused() -> Snapshot {
    snapshot(Vec::new(), vec![denied("tokens")])
}

#[test]
fn each_way_in_which_two_nights_may_differ() {
    type Case = (&'static str, Snapshot, Snapshot, &'static [&'static str]);
    let read = || with_scopes(&["read"]);
    let unnamed = || Resource { name: String::new(), ..read() };
    let no_scopes = || token("t-1", "ci", |_| {});
    let used = |day| token("t-1", "ci", |token| token.last_used_at = Fact::Known(night(day)));
    let endless = || token("t-1", "ci", |token| token.expires_at = Fact::Absent);
    let ending = || token("t-1", "ci", |token| token.expires_at = Fact::Known(night(30)));
    let cases: Vec<Case> = vec![
        ("nothing", seen(vec![read()]), seen(vec![read()]), &[]),
        ("it came", seen(vec![]), seen(vec![read()]), &["added t-1"]),
        ("it went", seen(vec![read()]), seen(vec![]), &["removed t-1"]),
        (
            "its scopes widened",
            seen(vec![read()]),
            seen(vec![with_scopes(&["read", "write"])]),
            &["changed t-1 scopes"],
        ),
        (
            "it was given another label",
            seen(vec![read()]),
            seen(vec![Resource { name: "cd".into(), ..read() }]),
            &["changed t-1 name"],
        ),
        ("its label was not told", seen(vec![read()]), seen(vec![unnamed()]), &[]),
        ("it got an end", seen(vec![endless()]), seen(vec![ending()]), &["changed t-1 expires_at"]),
        ("its end was taken away", seen(vec![ending()]), seen(vec![endless()]), &["changed t-1 expires_at"]),
        ("its scopes are told for the first time", seen(vec![no_scopes()]), seen(vec![read()]), &[]),
        ("its scopes are told no more", seen(vec![read()]), seen(vec![no_scopes()]), &[]),
        ("it was used", seen(vec![used(1)]), seen(vec![used(2)]), &[]),
        ("it is behind a gap", seen(vec![read()]), refused(), &["not-observed? t-1"]),
        ("its source was taken out", seen(vec![read()]), snapshot(vec![], vec![]), &["not-observed? t-1"]),
        ("it came from behind a gap", refused(), seen(vec![read()]), &["first-seen? t-1"]),
        ("its source was put in", snapshot(vec![], vec![]), seen(vec![read()]), &["first-seen? t-1"]),
        (
            "seen in part",
            seen(vec![read()]),
            snapshot(vec![read()], vec![entry("tokens", EndpointState::Partial)]),
            &[],
        ),
    ];
    for (name, before, after, expected) in cases {
        assert_eq!(lines(&compare(&before, &after)), expected, "{name}");
    }
}

#[test]
fn a_change_keeps_the_values_and_the_resource_as_it_was() {
    let comparison = compare(&seen(vec![with_scopes(&["read"])]), &seen(vec![with_scopes(&["write"])]));
    let [change] = comparison.changes.as_slice() else { panic!("one change") };
    let [field] = change.fields.as_slice() else { panic!("one field") };
    assert_eq!((field.before.clone(), field.after.clone()), (Some(json!(["read"])), Some(json!(["write"]))));
    assert_eq!(change.before.as_deref(), Some(&with_scopes(&["read"])));
    let gone = compare(&seen(vec![with_scopes(&["read"])]), &refused());
    assert_eq!(gone.changes[0].reason.as_deref(), Some("tokens of acme: denied"));
}

#[test]
fn a_resource_that_no_endpoint_is_known_to_show_is_never_called_gone() {
    let orphan = Resource { seen_by: Vec::new(), ..with_scopes(&["read"]) };
    assert_eq!(lines(&compare(&seen(vec![orphan]), &seen(vec![]))), ["not-observed? t-1"]);
}

#[test]
fn after_a_night_out_of_sight_a_token_is_compared_with_what_was_known_of_it() {
    let read = || with_scopes(&["read"]);
    let unseen = vec!["not-observed? t-1".to_owned()];
    let none: Vec<String> = Vec::new();
    let cases: [(&str, Snapshot, &[&str]); 3] = [
        ("unchanged", seen(vec![read()]), &[]),
        ("changed", seen(vec![with_scopes(&["write"])]), &["changed t-1 scopes"]),
        ("gone", seen(vec![]), &["removed t-1"]),
    ];
    for (name, last, expected) in cases {
        let told = nights(vec![seen(vec![read()]), refused(), refused(), last]);
        assert_eq!(told, [unseen.clone(), none.clone(), expected.iter().map(ToString::to_string).collect()], "{name}");
    }
}

#[test]
fn after_a_night_out_of_sight_a_field_is_compared_with_what_was_known_of_it() {
    let hidden = || token("t-1", "ci", |_| {});
    let other = |status: &str| token("t-1", "ci", |token| token.status = Fact::Known(status.to_owned()));
    let told = nights(vec![
        seen(vec![with_scopes(&["read"])]),
        seen(vec![hidden()]),
        seen(vec![other("blocked")]),
        seen(vec![with_scopes(&["write"])]),
    ]);
    assert_eq!(told, [vec![], vec!["changed t-1 status"], vec!["changed t-1 scopes,status"]]);
}

#[test]
fn a_field_that_moves_by_itself_is_not_carried_along() {
    let used = token("t-1", "ci", |token| token.last_used_at = Fact::Known(night(1)));
    let comparison = compare(&seen(vec![used]), &seen(vec![token("t-1", "ci", |_| {})]));
    assert_eq!(comparison, Comparison::default());
}

fn of_org(status: &str, groups: &[&str]) -> Resource {
    of("org", status, groups)
}

fn of(endpoint: &str, status: &str, groups: &[&str]) -> Resource {
    let groups = groups.iter().map(|group| account_id(group)).collect();
    let body = Principal { status: Fact::Known(status.into()), groups: Fact::Known(groups), ..Principal::default() };
    account("ada", endpoint, body)
}

/// The organisation's word on a status outranks the site's; groups add up.
fn both(org: Option<Resource>, site: Option<Resource>) -> Snapshot {
    let ledger =
        |endpoint: &str, seen: &Option<Resource>| if seen.is_some() { whole(endpoint) } else { denied(endpoint) };
    let (org_entry, site_entry) = (ledger("org", &org), ledger("site", &site));
    Snapshot::seal(vec![
        Collection { authority: 2, resources: org.into_iter().collect(), ledger: vec![org_entry] },
        Collection { authority: 1, resources: site.into_iter().collect(), ledger: vec![site_entry] },
    ])
}

#[test]
fn a_silent_endpoint_takes_no_membership_away_and_gives_none_when_it_is_back() {
    let full = || both(Some(of_org("active", &["a"])), Some(of("site", "active", &["b"])));
    let half = || both(Some(of_org("active", &["a"])), None);
    let none: [Vec<String>; 3] = [vec![], vec![], vec![]];
    assert_eq!(nights(vec![full(), half(), half(), full()]), none);
    assert_eq!(nights(vec![half(), half(), full(), full()]), none);

    let less = both(Some(of_org("active", &["a"])), Some(of("site", "active", &[])));
    assert_eq!(nights(vec![full(), half(), less]), [vec![], vec!["changed ada groups"]]);
    let more = both(Some(of_org("active", &["a", "c"])), None);
    assert_eq!(nights(vec![full(), more, full()]), [vec!["changed ada groups"], vec!["changed ada groups"]]);
}

#[test]
fn a_value_that_differs_only_in_who_told_it_is_doubtful_once_and_forgotten_when_the_witness_is_back() {
    let full = || both(Some(of_org("suspended", &[])), Some(of("site", "active", &[])));
    let half = || both(None, Some(of("site", "active", &[])));
    assert_eq!(nights(vec![full(), half(), half(), full()]), [vec!["changed? ada status"], vec![], vec![]]);

    let freed = both(Some(of_org("active", &[])), Some(of("site", "active", &[])));
    let told = nights(vec![full(), half(), freed]);
    assert_eq!(told, [vec!["changed? ada status"], vec!["changed ada status"]], "confirmed when the witness is back");
}

#[test]
fn an_account_that_left_the_site_while_the_organisation_was_silent_is_not_gone() {
    let full = || both(Some(of_org("active", &[])), Some(of("site", "active", &[])));
    let half = || both(None, Some(of("site", "active", &[])));
    let left = || {
        Snapshot::seal(vec![Collection {
            authority: 1,
            resources: Vec::new(),
            ledger: vec![denied("org"), whole("site")],
        }])
    };
    assert_eq!(nights(vec![full(), half(), left()]), [vec![], vec!["not-observed? ada"]]);
}

fn made(native: &str, label: &str, day: u32) -> Resource {
    token(native, label, |token| token.created_at = Fact::Known(night(day)))
}

#[test]
fn a_token_that_was_replaced_is_one_change() {
    let owned = |native: &str, set: fn(&mut Credential)| token(native, "ci", set);
    type Case = (&'static str, Vec<Resource>, Vec<Resource>, Vec<&'static str>);
    let cases: Vec<Case> = vec![
        ("one for one", vec![made("t-1", "ci", 1)], vec![made("t-2", "ci", 9)], vec!["rotated t-2 for t-1 created_at"]),
        ("another label", vec![made("t-1", "ci", 1)], vec![made("t-2", "cd", 9)], vec!["removed t-1", "added t-2"]),
        (
            "two of the same label, both replaced: the oldest by the oldest",
            vec![made("t-1", "ci", 5), made("t-2", "ci", 3)],
            vec![made("t-8", "ci", 8), made("t-9", "ci", 7)],
            vec!["rotated t-8 for t-1 created_at", "rotated t-9 for t-2 created_at"],
        ),
        (
            "two of the same label, one replaced",
            vec![made("t-1", "ci", 1), made("t-2", "ci", 2)],
            vec![made("t-2", "ci", 2), made("t-9", "ci", 9)],
            vec!["rotated t-9 for t-1 created_at"],
        ),
        (
            "two went, one came",
            vec![made("t-1", "ci", 2), made("t-2", "ci", 1)],
            vec![made("t-9", "ci", 9)],
            vec!["removed t-1", "rotated t-9 for t-2 created_at"],
        ),
        (
            "nobody knows whose it was",
            vec![owned("t-1", |token| token.owner = Fact::Unknown)],
            vec![owned("t-2", |token| token.owner = Fact::Unknown)],
            vec!["removed t-1", "added t-2"],
        ),
        (
            "without a label",
            vec![token("t-1", "", |_| {})],
            vec![token("t-2", "", |_| {})],
            vec!["removed t-1", "added t-2"],
        ),
        (
            "with wider scopes",
            vec![owned("t-1", |token| token.scopes = scopes(&["read"]))],
            vec![owned("t-2", |token| token.scopes = scopes(&["read", "write"]))],
            vec!["rotated t-2 for t-1 scopes"],
        ),
    ];
    for (name, before, after, expected) in cases {
        let comparison = compare(&seen(before), &seen(after));
        assert_eq!(lines(&comparison), expected, "{name}");
    }
}

#[test]
fn a_token_behind_a_gap_was_not_rotated() {
    let mut elsewhere = made("t-2", "ci", 9);
    elsewhere.seen_by = seen_by(&["other tokens"]);
    let before = snapshot(vec![made("t-1", "ci", 1)], vec![whole("tokens"), whole("other tokens")]);
    let after = snapshot(vec![elsewhere], vec![denied("tokens"), whole("other tokens")]);
    assert_eq!(lines(&compare(&before, &after)), ["not-observed? t-1", "added t-2"]);
}

#[test]
fn a_token_that_was_rotated_while_out_of_sight_is_recognised_by_its_date() {
    let first = || seen(vec![made("t-1", "ci", 5)]);
    let younger = nights(vec![first(), refused(), seen(vec![made("t-2", "ci", 9)])]);
    assert_eq!(younger[1], ["rotated t-2 for t-1 created_at"]);
    let older = nights(vec![first(), refused(), seen(vec![made("t-2", "ci", 2)])]);
    assert_eq!(older[1], ["removed t-1", "first-seen? t-2"]);
}

// ── Properties over estates of accounts that three endpoints show, each in its own way ──

const ENDPOINTS: [&str; 3] = ["alpha", "beta", "gamma"];
const ACCOUNTS: usize = 5;

/// What one endpoint would say of an account: its status and groups; nothing if the endpoint does not have it.
type View = Option<(u8, u8)>;
/// For each account, what each endpoint would say.
type Truth = [[View; 3]; ACCOUNTS];
/// For each endpoint, `None` if it is read whole, otherwise a mask of the accounts that it shows all the same.
type Sight = [Option<u8>; 3];

fn truth() -> impl Strategy<Value = Truth> {
    let view = prop::option::weighted(0.6, (0u8..3, 0u8..8));
    prop::collection::vec(prop::array::uniform3(view), ACCOUNTS).prop_map(|accounts| accounts.try_into().unwrap())
}

fn sight() -> impl Strategy<Value = Sight> {
    prop::array::uniform3(prop::option::weighted(0.4, any::<u8>()))
}

/// A later truth that has much in common with an earlier one.
fn next(before: Truth) -> impl Strategy<Value = Truth> {
    (truth(), any::<u16>()).prop_map(move |(other, mask)| {
        let mut after = before;
        for (at, view) in after.iter_mut().flatten().enumerate() {
            if mask >> at & 1 == 1 {
                *view = other[at / 3][at % 3];
            }
        }
        after
    })
}

fn look(truth: &Truth, sight: Sight) -> Vec<Collection> {
    let mut collections = Vec::new();
    for (at, name) in ENDPOINTS.iter().enumerate() {
        let state = sight[at].map_or(EndpointState::Complete, |_| EndpointState::Partial);
        let shown = |number: usize| sight[at].is_none_or(|mask| mask >> number & 1 == 1);
        let resources = (0..ACCOUNTS).filter(|number| shown(*number)).filter_map(|number| {
            let (status, groups) = truth[number][at]?;
            let groups = (0..3).filter(|bit| groups >> bit & 1 == 1).map(|bit| account_id(&format!("{name}-{bit}")));
            let body = Principal {
                status: Fact::Known(format!("s{status}")),
                groups: Fact::Known(groups.collect()),
                ..Principal::default()
            };
            Some(account(&format!("u{number}"), name, body))
        });
        let resources = resources.collect();
        let authority = u8::try_from(at).unwrap();
        collections.push(Collection { authority, resources, ledger: vec![entry(name, state)] });
    }
    collections
}

fn number(id: &ResourceId) -> usize {
    id.native().trim_start_matches('u').parse().unwrap()
}

fn exists(truth: &Truth, number: usize) -> bool {
    truth[number].iter().any(Option::is_some)
}

fn facts(resource: &Resource) -> Map<String, Value> {
    let body = serde_json::to_value(&resource.body).unwrap();
    let mut facts = body[resource.kind().name()].as_object().unwrap().clone();
    facts.insert("name".into(), resource.name.clone().into());
    facts.retain(|field, _| !NOISE.iter().any(|noise| noise.kind == resource.kind() && noise.field == field));
    facts
}

/// Every field with a value, an absence, or nothing known.
fn any_token(native: &'static str) -> impl Strategy<Value = Resource> {
    let fact =
        || prop_oneof![Just(Fact::Unknown), Just(Fact::Absent), (1u32..4).prop_map(|day| Fact::Known(night(day)))];
    let words = prop::option::of(prop::collection::btree_set("[a-c]", 0..3));
    ("[xyz]", fact(), fact(), fact(), words).prop_map(move |(label, created, expires, used, scopes)| {
        token(native, &label, |token| {
            token.created_at = created;
            token.expires_at = expires;
            token.last_used_at = used;
            token.scopes = scopes.map_or(Fact::Unknown, |scopes| Fact::Known(scopes.into_iter().collect()));
        })
    })
}

fn any_tokens(ids: &'static [&'static str]) -> impl Strategy<Value = Vec<Resource>> {
    let tokens: Vec<_> = ids.iter().map(|id| prop::option::of(any_token(id))).collect();
    tokens.prop_map(|tokens| tokens.into_iter().flatten().collect())
}

proptest! {
    #[test]
    fn sealing_does_not_depend_on_the_order_of_collections(
        truth in truth(),
        sight in sight(),
        order in Just(vec![0usize, 1, 2]).prop_shuffle(),
    ) {
        let collections = look(&truth, sight);
        let shuffled = order.iter().map(|at| collections[*at].clone()).collect();
        prop_assert_eq!(Snapshot::seal(shuffled), Snapshot::seal(collections));
    }

    #[test]
    fn what_is_told_with_certainty_is_true(
        (first, second) in truth().prop_flat_map(|first| (Just(first), next(first))),
        (before, after) in (sight(), sight()),
    ) {
        let comparison = compare(&Snapshot::seal(look(&first, before)), &Snapshot::seal(look(&second, after)));
        for change in &comparison.changes {
            let (was, is) = (first[number(&change.resource)], second[number(&change.resource)]);
            match change.what {
                What::Removed => prop_assert!(is != was && ENDPOINTS.iter().enumerate().all(|(at, _)| {
                    // What no endpoint has any more, or only one that had not shown it, is rightly out of the inventory.
                    is[at].is_none() || was[at].is_none() || before[at].is_some()
                }), "{:?}", change),
                What::Added | What::Rotated => prop_assert!(is != was, "{change:?}"),
                What::Changed => prop_assert!(is != was || change.reason.is_some(), "{change:?}"),
                What::FirstSeen | What::NotObserved => prop_assert!(change.reason.is_some(), "{change:?}"),
            }
        }
    }

    #[test]
    fn an_estate_in_which_nothing_happens_has_no_drift_whatever_is_out_of_sight(
        truth in truth(),
        sights in prop::collection::vec(sight(), 2..6),
    ) {
        let snapshots = sights.iter().map(|sight| Snapshot::seal(look(&truth, *sight))).collect();
        // When one endpoint fell silent in the very night in which another began to speak, and the two disagree, their
        // values are confirmed to differ once both speak; but the first word about it is always a doubtful one.
        let mut doubted = HashSet::new();
        for (_, comparison) in chain(snapshots) {
            for change in comparison.changes {
                let harmless = matches!(change.what, What::FirstSeen | What::NotObserved | What::Changed);
                let doubtful = change.reason.is_some();
                prop_assert!(harmless && (doubtful || doubted.contains(&change.resource)), "{change:?}");
                doubted.insert(change.resource);
            }
        }
    }

    #[test]
    fn a_snapshot_does_not_differ_from_itself(
        truths in truth().prop_flat_map(|first| (Just(first), next(first))),
        (first, second) in (sight(), sight()),
    ) {
        let nights = vec![Snapshot::seal(look(&truths.0, first)), Snapshot::seal(look(&truths.1, second))];
        let (night, comparison) = chain(nights).remove(0);
        let again = compare(&night, &night);
        prop_assert_eq!(again.changes, vec![]);
        prop_assert_eq!(again.carried, comparison.carried);
    }

    #[test]
    fn nothing_that_was_ever_seen_is_lost_without_a_word(
        truths in truth().prop_flat_map(|first| (Just(first), next(first))),
        (first, second) in (sight(), sight()),
    ) {
        let nights = vec![Snapshot::seal(look(&truths.0, first)), Snapshot::seal(look(&truths.1, second))];
        let (known, gone) = (nights[0].clone(), nights[1].clone());
        let (night, comparison) = chain(nights).remove(0);
        for resource in &known.resources {
            let told = comparison.changes.iter().any(|change| change.what == What::Removed && change.resource == resource.id);
            let kept = night.carried.iter().any(|carried| carried.id == resource.id);
            prop_assert!(gone.get(&resource.id).is_some() || told != kept, "{}", resource.id);
        }
        // With everything in sight in the end, nothing is carried any further.
        let whole = Snapshot::seal(look(&truths.1, [None; 3]));
        let last = compare(&night, &whole);
        prop_assert_eq!(&last.carried, &vec![]);
        for resource in &known.resources {
            let removed = |comparison: &Comparison| {
                comparison.changes.iter().any(|change| change.what == What::Removed && change.resource == resource.id)
            };
            let there = exists(&truths.1, number(&resource.id));
            prop_assert!(there || removed(&comparison) || removed(&last), "{}", resource.id);
        }
    }

    #[test]
    fn applying_the_drift_to_what_was_known_gives_what_is_seen(
        before in any_tokens(&["a", "b", "c", "d"]),
        after in any_tokens(&["b", "c", "d", "e"]),
    ) {
        let (before, after) = (seen(before), seen(after));
        let comparison = compare(&before, &after);
        let mut known: BTreeMap<_, _> =
            before.resources.iter().map(|resource| (resource.id.clone(), facts(resource))).collect();
        for change in &comparison.changes {
            match change.what {
                What::Added => { known.insert(change.resource.clone(), Map::new()); }
                What::Removed => { known.remove(&change.resource); }
                What::Rotated => {
                    let old = known.remove(change.replaces.as_ref().unwrap()).unwrap();
                    known.insert(change.resource.clone(), old);
                }
                What::Changed => {}
                What::FirstSeen | What::NotObserved => prop_assert!(false, "everything was in sight: {change:?}"),
            }
            for field in &change.fields {
                let was = known.get_mut(&change.resource).unwrap().insert(field.field.clone(), field.after.clone().unwrap());
                prop_assert_eq!(was, field.before.clone());
            }
        }
        prop_assert_eq!(known.keys().collect::<Vec<_>>(), after.resources.iter().map(|r| &r.id).collect::<Vec<_>>());
        for resource in &after.resources {
            for (field, value) in facts(resource) {
                let told = known[&resource.id].get(&field);
                prop_assert!(told.is_none_or(|told| *told == value), "{} of {}", field, resource.id);
            }
        }
    }
}

#[test]
fn entries_of_the_ledger_are_told_apart_by_their_source() {
    let other = |mut entry: LedgerEntry| {
        entry.source = "other".into();
        entry
    };
    let before = seen(vec![with_scopes(&["read"])]);
    let after = snapshot(Vec::new(), vec![other(whole("tokens"))]);
    assert_eq!(lines(&compare(&before, &after)), ["not-observed? t-1"]);
}

/// A space and a grant on it, both seen by endpoints that show only what the scanning account may view.
fn space(with_grant: bool) -> Vec<Resource> {
    let space_id = ResourceId::new("acme", Kind::Container, "space:1");
    let space = Resource {
        id: space_id.clone(),
        name: "Finance".to_owned(),
        seen_by: seen_by(&["spaces"]),
        body: Body::Container(Container::unknown(ContainerForm::Space)),
    };
    let grant = Grant {
        container: Fact::Known(space_id),
        ..Grant::of(GrantForm::SpacePermission, "read space", Holder::Anyone)
    };
    let grant = Resource {
        id: ResourceId::new("acme", Kind::Grant, "space:1/g"),
        name: "read space for anyone".to_owned(),
        seen_by: seen_by(&["space permissions"]),
        body: Body::Grant(grant),
    };
    std::iter::once(space).chain(with_grant.then_some(grant)).collect()
}

fn viewed(resources: Vec<Resource>) -> Snapshot {
    let spaces = LedgerEntry { visible_only: true, ..whole("spaces") };
    snapshot(resources, vec![spaces, whole("space permissions")])
}

#[test]
fn what_may_only_be_hidden_is_not_gone_nor_is_what_it_holds() {
    let told = nights(vec![viewed(space(true)), viewed(Vec::new()), viewed(space(true))]);
    assert_eq!(told[0], ["not-observed? space:1", "not-observed? space:1/g"]);
    assert_eq!(told[1], Vec::<String>::new(), "what comes back into view is not new");
}

#[test]
fn a_grant_on_a_space_in_view_is_gone_when_it_is_gone() {
    let told = nights(vec![viewed(space(true)), viewed(space(false))]);
    assert_eq!(told[0], ["removed space:1/g"]);
}

#[test]
fn a_space_that_comes_into_view_may_be_old_and_its_grants_as_well() {
    let told = nights(vec![viewed(Vec::new()), viewed(space(true))]);
    assert_eq!(told[0], ["first-seen? space:1", "first-seen? space:1/g"]);
    let granted = nights(vec![viewed(space(false)), viewed(space(true))]);
    assert_eq!(granted[0], ["added space:1/g"]);
}
