//! What each kind tells, and what counts as more, less, and not to be told.

use super::compare::{Standing, compare};
use super::*;
use crate::model::{
    Body, Collection, Container, ContainerForm, EndpointState, Grant, GrantForm, Holder, Kind, LedgerEntry, Principal,
    RuleId, Severity, Snapshot, Status, sample,
};

fn finding(resource: &ResourceId, snapshot: &Snapshot) -> Finding {
    let rule: RuleId = "a-rule".into();
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    Finding {
        id: crate::model::FindingId::of(&rule, resource),
        rule,
        rule_version: 1,
        title: String::new(),
        resource: resource.clone(),
        resource_name: String::new(),
        seen_by: snapshot.get(resource).map(|seen| seen.seen_by.clone()).unwrap_or_default(),
        severity: Severity::High,
        message: String::new(),
        remedy: String::new(),
        owner: None,
        controls: Vec::new(),
        status: Status::Open,
        first_seen: now,
        since: now,
        last_seen: now,
        unconfirmed: None,
    }
}

fn seal(resources: Vec<Resource>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger: Vec::<LedgerEntry>::new() }])
}

fn facts(resource: &ResourceId, snapshot: &Snapshot) -> Facts {
    Facts::of(&finding(resource, snapshot), &Inventory::new(snapshot))
}

fn lines(facts: &Facts) -> Vec<&str> {
    facts.lines().map(|(line, _)| line).collect()
}

#[test]
fn every_kind_has_facts_and_they_are_accepted_as_they_are() {
    let snapshot = seal(sample::resources());
    for resource in sample::resources() {
        let facts = facts(&resource.id, &snapshot);
        assert!(lines(&facts).len() > 1, "{}: {:?}", resource.id, lines(&facts));
        assert_eq!(compare(&facts.accept(&resource.id), &facts), Standing::Intact, "{}", resource.id);
    }
}

#[test]
fn a_token_is_told_with_the_account_behind_it_by_name() {
    let snapshot = seal(sample::resources());
    let token = facts(&sample::credential().id, &snapshot);
    let owner = token.lines().find(|(line, _)| line.starts_with("owner ")).unwrap();
    assert_eq!(owner.1, Some("Ada Muster"));
    for line in ["role atlassian/org-admin", "group atlassian/group/g-1", "severity high"] {
        assert!(lines(&token).contains(&line), "{line} in {:#?}", lines(&token));
    }
}

#[test]
fn what_is_gone_has_no_facts_that_could_widen() {
    let before = seal(sample::resources());
    let token = sample::credential();
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    let night = |state| {
        let (kinds, shown) = (vec![Kind::Credential], &token.seen_by[0]);
        let entry = LedgerEntry::not_asked(
            shown.source.clone(),
            shown.endpoint.clone(),
            String::new(),
            kinds,
            "x".to_owned(),
            now,
        );
        let ledger = vec![LedgerEntry { state, ..entry }];
        Snapshot::seal(vec![Collection { authority: 0, resources: Vec::new(), ledger }])
    };
    let accepted = facts(&token.id, &before).accept(&token.id);
    let finding = finding(&token.id, &before);
    let (gone, hidden) = (night(EndpointState::Complete), night(EndpointState::Denied));
    assert_eq!(compare(&accepted, &Facts::of(&finding, &Inventory::new(&gone))), Standing::Intact);
    let hidden = compare(&accepted, &Facts::of(&finding, &Inventory::new(&hidden)));
    assert!(matches!(hidden, Standing::Unchecked(_)), "{hidden:?}");
}

const ADA: &str = "acme/principal/ada";

/// Ada, and projects in which she may do something outright.
fn estate(permissions: &[(usize, &str)], projects: usize) -> Snapshot {
    let id = |kind, native: &str| ResourceId::new("acme", kind, native);
    let resource = |id, name: &str, body| Resource { id, name: name.to_owned(), seen_by: Vec::new(), body };
    let groups = Fact::Known(Vec::new());
    let (roles, workspace_groups) = (Fact::Known(Vec::new()), groups.clone());
    let ada = Principal { groups, workspace_groups, platform_roles: roles, ..Principal::default() };
    let mut all = vec![resource(id(Kind::Principal, "ada"), "Ada", Body::Principal(ada))];
    for number in 0..projects {
        let project = Container::unknown(ContainerForm::Repository);
        let native = format!("p{number}");
        all.push(resource(id(Kind::Container, &native), &format!("Project {number}"), Body::Container(project)));
    }
    for (number, permission) in permissions {
        let grant = Grant {
            principal: Fact::Known(ResourceId::parse(ADA).unwrap()),
            container: Fact::Known(id(Kind::Container, &format!("p{number}"))),
            ..Grant::of(GrantForm::RepositoryPermission, *permission, Holder::Principal)
        };
        let native = format!("g{number}-{permission}");
        all.push(resource(id(Kind::Grant, &native), "", Body::Grant(grant)));
    }
    seal(all)
}

/// How the reach of one estate stands to that of another, grants and what nobody told left out.
fn reach(before: &Snapshot, after: &Snapshot) -> Standing {
    let ada = ResourceId::parse(ADA).unwrap();
    let only = |snapshot: &Snapshot| {
        let mut facts = facts(&ada, snapshot);
        facts.lines.retain(|line, _| access::LEVELS.iter().any(|level| line.starts_with(level)));
        facts
    };
    compare(&only(before).accept(&ada), &only(after))
}

fn each(numbers: std::ops::Range<usize>, permission: &'static str) -> Vec<(usize, &'static str)> {
    numbers.map(|number| (number, permission)).collect()
}

#[test]
fn more_in_a_place_is_more_and_less_is_not() {
    let (reads, writes, admin) = (estate(&[(1, "read")], 3), estate(&[(1, "write")], 3), estate(&[(1, "admin")], 3));
    assert_eq!(reach(&admin, &writes), Standing::Intact);
    assert_eq!(reach(&writes, &reads), Standing::Intact);
    let came = |what: &str| Standing::Widened(vec![what.to_owned()]);
    assert_eq!(reach(&reads, &admin), came("administers repository “Project 1” came"));
    assert_eq!(reach(&writes, &estate(&[(2, "write")], 3)), came("changes repository “Project 2” came"));
}

#[test]
fn many_places_are_counted_and_another_set_of_them_cannot_be_told_from_the_same() {
    let thirty = estate(&each(0..30, "write"), 50);
    assert_eq!(reach(&thirty, &thirty), Standing::Intact);
    let more = reach(&thirty, &estate(&each(0..31, "write"), 50));
    assert_eq!(more, Standing::Widened(vec!["changes: 31 repository of acme came, 30 were accepted".to_owned()]));
    assert_eq!(
        reach(&thirty, &estate(&each(0..30, "read"), 50)),
        Standing::Intact,
        "the same places, and less in them"
    );
    for fewer in [each(1..30, "write"), each(5..35, "write"), each(40..42, "write"), each(1..30, "read")] {
        let told = reach(&thirty, &estate(&fewer, 50));
        assert!(matches!(told, Standing::Unchecked(_)), "{told:?}");
    }
    let higher = reach(&thirty, &estate(&each(0..1, "admin"), 50));
    assert!(matches!(higher, Standing::Widened(_)), "{higher:?}");
    let from_few = reach(&estate(&each(0..3, "write"), 50), &thirty);
    assert!(matches!(from_few, Standing::Widened(_)), "{from_few:?}");
}

#[test]
fn who_was_accepted_with_all_of_them_gets_no_more_by_one_that_is_new() {
    let all = |count| estate(&each(0..count, "write"), count);
    assert_eq!(reach(&all(30), &all(31)), Standing::Intact);
    assert_eq!(reach(&all(30), &estate(&each(0..3, "write"), 31)), Standing::Intact);
    let administers = reach(&all(30), &estate(&each(0..30, "admin"), 30));
    assert!(matches!(administers, Standing::Widened(_)), "{administers:?}");
}

/// What shows grants, and whether it was read whole.
fn list_of_grants(endpoint: &str, state: EndpointState) -> LedgerEntry {
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    let (kinds, reason) = (vec![Kind::Grant], "refused".to_owned());
    LedgerEntry { state, ..LedgerEntry::not_asked("acme".into(), endpoint.into(), String::new(), kinds, reason, now) }
}

#[test]
fn a_list_that_nobody_could_read_hides_nothing_that_another_gap_was_accepted_for() {
    let ada = ResourceId::parse(ADA).unwrap();
    let night = |roles: EndpointState, schemes: EndpointState| {
        let mut snapshot = estate(&[(1, "write")], 2);
        snapshot.ledger = vec![list_of_grants("roles", roles), list_of_grants("schemes", schemes)];
        snapshot
    };
    let (whole, denied) = (EndpointState::Complete, EndpointState::Denied);
    let stand = |before: &Snapshot, after: &Snapshot| compare(&facts(&ada, before).accept(&ada), &facts(&ada, after));
    let hidden = stand(&night(whole, whole), &night(denied, whole));
    let Standing::Unchecked(reasons) = hidden else { panic!("{hidden:?}") };
    assert!(reasons.contains(&"roles of acme: denied, refused".to_owned()), "{reasons:?}");
    assert_eq!(stand(&night(denied, whole), &night(denied, whole)), Standing::Intact);
    let another = stand(&night(denied, whole), &night(denied, denied));
    assert_eq!(another, Standing::Unchecked(vec!["schemes of acme: denied, refused".to_owned()]));
    assert_eq!(stand(&night(denied, denied), &night(whole, whole)), Standing::Intact, "what was seen to be less");
}

#[test]
fn a_line_of_foreign_text_stays_a_line() {
    let mut facts = Facts::default();
    facts.say("scope", "a\n- severity info\u{202e}");
    assert_eq!(lines(&facts), ["scope a - severity info\u{fffd}"]);
}
