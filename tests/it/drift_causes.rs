//! What changes have in common: a thousand effects of one thing are told as one, and each stays a change of its own.

use std::collections::BTreeSet;

use keyroll::drift::{compare, moved_by_itself};
use keyroll::model::{
    Body, CauseKind, Change, Container, ContainerForm, Fact, Grant, GrantForm, Group, Holder, Kind, Principal,
    Resource, ResourceId, Snapshot, What,
};
use proptest::prelude::*;

use crate::support::estate::{account, account_id, denied, night, seen_by, snapshot, token, whole};

fn id(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new("acme", kind, native)
}

fn thing(kind: Kind, native: &str, body: Body) -> Resource {
    Resource { id: id(kind, native), name: native.to_owned(), seen_by: seen_by(&["tokens"]), body }
}

fn group(native: &str) -> Resource {
    thing(Kind::Group, native, Body::Group(Group::default()))
}

fn container(native: &str, parent: Option<&str>) -> Resource {
    let parent = parent.map_or(Fact::Absent, |parent| Fact::Known(id(Kind::Container, parent)));
    thing(Kind::Container, native, Body::Container(Container { parent, ..Container::unknown(ContainerForm::Project) }))
}

fn grant(native: &str, holder: &str, place: &str) -> Resource {
    let mut grant = Grant::of(GrantForm::ProjectRole, "Administrators", Holder::Group);
    grant.group = Fact::Known(id(Kind::Group, holder));
    grant.container = Fact::Known(id(Kind::Container, place));
    thing(Kind::Grant, native, Body::Grant(grant))
}

fn member(native: &str, groups: &[&str], status: &str) -> Resource {
    let groups = Fact::Known(groups.iter().map(|group| id(Kind::Group, group)).collect());
    account(native, "tokens", Principal { groups, status: Fact::Known(status.to_owned()), ..Principal::default() })
}

fn of(native: &str, owner: &str, status: &str) -> Resource {
    token(native, native, |token| {
        token.owner = Fact::Known(account_id(owner));
        token.status = Fact::Known(status.to_owned());
    })
}

fn seen(resources: Vec<Resource>) -> Snapshot {
    snapshot(resources, vec![whole("tokens")])
}

/// Each change with its cause: `added grant g-1 <- with payments`.
fn told(before: Vec<Resource>, after: Vec<Resource>) -> Vec<String> {
    compare(&seen(before), &seen(after)).changes.iter().map(line).collect()
}

fn line(change: &Change) -> String {
    let own = format!("{} {}", change.what.name(), change.resource.native());
    match &change.cause {
        Some(cause) => format!("{own} <- {} {}", cause.kind.name(), cause.name),
        None => own,
    }
}

#[test]
fn accounts_that_join_or_leave_one_group_are_one_thing() {
    let before =
        || vec![group("admins"), group("other"), member("ada", &["other"], "active"), member("ben", &[], "active")];
    let others = |groups: &[&str]| vec![member("cy", groups, "active"), member("dan", &["admins"], "active")];
    let mut was = before();
    was.extend(others(&[]));
    // Ada moves from one group to another; Ben joins and is suspended on the same day, which is more than a membership.
    let is = vec![
        group("admins"),
        group("other"),
        member("ada", &["admins"], "active"),
        member("ben", &["admins"], "suspended"),
        member("cy", &["admins"], "active"),
        member("dan", &[], "active"),
    ];
    assert_eq!(
        told(was, is),
        [
            "changed ada <- membership admins",
            "changed ben",
            "changed cy <- membership admins",
            "changed dan <- membership admins",
        ]
    );
    // One account alone stands by itself, unless the group is gone with it.
    let one = |groups: &[&str]| member("eve", groups, "active");
    assert_eq!(told(vec![group("admins"), one(&[])], vec![group("admins"), one(&["admins"])]), ["changed eve"]);
    assert_eq!(
        told(vec![group("admins"), one(&["admins"])], vec![one(&[])]),
        ["removed admins", "changed eve <- membership admins"]
    );
}

#[test]
fn what_comes_and_goes_with_something_is_put_under_the_first_of_the_chain() {
    let whole = || {
        vec![
            container("site", None),
            container("payments", Some("site")),
            grant("g-1", "admins", "payments"),
            grant("g-2", "devs", "payments"),
        ]
    };
    let came = ["added payments <- with site", "added site", "added g-1 <- with site", "added g-2 <- with site"];
    assert_eq!(told(vec![], whole()), came);
    assert_eq!(told(whole(), vec![]), came.map(|line| line.replace("added", "removed")));

    let with_tokens = vec![member("ada", &[], "active"), of("t-1", "ada", "active"), of("t-2", "ben", "active")];
    assert_eq!(
        told(with_tokens, vec![]),
        ["removed t-1 <- with ada", "removed t-2", "removed ada"],
        "whose owner is still there, or was never seen, went by itself"
    );
}

#[test]
fn tokens_that_are_switched_with_their_account_are_its_effects() {
    let estate = |status: &str| vec![member("ada", &[], status), of("t-1", "ada", status), of("t-2", "ben", status)];
    assert_eq!(told(estate("active"), estate("suspended")), ["changed t-1 <- with ada", "changed t-2", "changed ada"]);
}

#[test]
fn things_in_a_circle_have_one_beginning() {
    let circle = vec![container("a", Some("b")), container("b", Some("c")), container("c", Some("a"))];
    assert_eq!(told(vec![], circle), ["added a", "added b <- with a", "added c <- with a"]);
    assert_eq!(told(vec![], vec![container("self", Some("self"))]), ["added self"]);
}

#[test]
fn many_grants_of_one_holder_or_in_one_place_are_one_thing() {
    let places = || ["p", "q", "r", "s"].map(|place| container(place, None)).to_vec();
    let with = |grants: Vec<Resource>| [places(), grants].concat();
    let of_one: Vec<Resource> = ["p", "q", "r"].map(|place| grant(&format!("g-{place}"), "admins", place)).to_vec();
    assert_eq!(
        told(with(vec![]), with(of_one.clone())),
        ["added g-p <- holder admins", "added g-q <- holder admins", "added g-r <- holder admins"]
    );
    assert_eq!(told(with(vec![]), with(of_one[..2].to_vec())), ["added g-p", "added g-q"], "two are told as two");
    let in_one: Vec<Resource> = ["x", "y", "z"].map(|holder| grant(&format!("g-{holder}"), holder, "s")).to_vec();
    assert_eq!(
        told(with([of_one, in_one].concat()), with(vec![])),
        [
            "removed g-p <- holder admins",
            "removed g-q <- holder admins",
            "removed g-r <- holder admins",
            "removed g-x <- place s",
            "removed g-y <- place s",
            "removed g-z <- place s",
        ]
    );
}

#[test]
fn the_same_change_of_many_is_one_and_another_value_is_not() {
    let ending = |native: &str, day: u32| token(native, native, |token| token.expires_at = Fact::Known(night(day)));
    let was = vec![ending("a", 1), ending("b", 1), ending("c", 1), ending("d", 2)];
    let is = ["a", "b", "c", "d"].map(|native| ending(native, 9)).to_vec();
    let cause = "alike expires_at: \"2026-11-01T02:00:00Z\" → \"2026-11-09T02:00:00Z\"";
    let expected = ["changed a", "changed b", "changed c"].map(|own| format!("{own} <- {cause}"));
    assert_eq!(told(was, is), [&expected[..], &["changed d".to_owned()]].concat());
}

#[test]
fn what_one_gap_hides_is_one_thing_and_no_change_of_the_estate() {
    let before = seen(vec![of("t-1", "ada", "active"), of("t-2", "ada", "active"), member("ada", &[], "active")]);
    let refused = snapshot(vec![], vec![denied("tokens")]);
    let hidden = compare(&before, &refused).changes;
    assert!(hidden.iter().all(|change| change.what == What::NotObserved), "{hidden:?}");
    let causes: BTreeSet<_> = hidden.iter().map(|change| change.cause.clone().map(|cause| cause.kind)).collect();
    assert_eq!(causes, BTreeSet::from([Some(CauseKind::Gap)]));
    let back = compare(&refused, &before).changes;
    assert!(back.iter().all(|change| change.cause.as_ref().is_some_and(|cause| cause.kind == CauseKind::Gap)));
}

#[test]
fn what_moves_by_itself_is_looked_for_only_when_asked() {
    let used = |day| token("t-1", "ci", |token| token.last_used_at = Fact::Known(night(day)));
    let (before, after) = (seen(vec![used(1)]), seen(vec![used(2)]));
    assert_eq!(compare(&before, &after).changes, []);
    let moved = moved_by_itself(&before, &after);
    let fields: Vec<&str> = moved.iter().flat_map(|change| &change.fields).map(|field| field.field.as_str()).collect();
    assert_eq!((moved.len(), fields), (1, vec!["last_used_at"]));
    assert_eq!(moved_by_itself(&before, &before), []);
    let untold = seen(vec![token("t-1", "ci", |_| {})]);
    assert_eq!(moved_by_itself(&before, &untold), [], "what was not told did not move");
}

fn estate() -> impl Strategy<Value = Vec<Resource>> {
    let names = || prop::sample::select(vec!["a", "b", "c"]);
    let parts = prop_oneof![
        (names(), prop::option::of(names())).prop_map(|(own, parent)| container(own, parent)),
        names().prop_map(group),
        (names(), prop::collection::vec(names(), 0..3), prop::sample::select(vec!["active", "suspended"])).prop_map(
            |(own, mut groups, status)| {
                groups.sort_unstable();
                groups.dedup();
                member(own, &groups, status)
            }
        ),
        (0..9_u8, names(), names()).prop_map(|(own, holder, place)| grant(&own.to_string(), holder, place)),
        (0..9_u8, names(), prop::sample::select(vec!["active", "suspended"])).prop_map(|(own, owner, status)| of(
            &own.to_string(),
            owner,
            status
        )),
    ];
    prop::collection::vec(parts, 0..24)
}

proptest! {
    #[test]
    fn a_cause_is_never_a_change_that_has_one_itself_nor_the_change_it_explains(before in estate(), after in estate()) {
        let changes = compare(&seen(before), &seen(after)).changes;
        for change in &changes {
            let Some(cause) = &change.cause else { continue };
            let root = cause.resource.as_ref();
            prop_assert_ne!(root, Some(&change.resource));
            if cause.kind == CauseKind::With {
                let root = changes.iter().find(|other| Some(&other.resource) == root).unwrap();
                prop_assert!(root.what == change.what);
                prop_assert!(root.cause.as_ref().is_none_or(|cause| cause.kind != CauseKind::With), "{:?}", root);
            }
            let fellows = changes.iter().filter(|other| other.cause.as_ref() == Some(cause)).count();
            let rooted = changes.iter().any(|other| Some(&other.resource) == root);
            prop_assert!(fellows + usize::from(rooted) > 1, "{:?} stands alone", change);
        }
    }
}
