//! Rows of a small estate, who is asked about them, and what later snapshots say of one that was taken away.

use chrono::{DateTime, Utc};

use super::*;
use crate::inventory::{Inventory, Progress};
use crate::model::*;

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

fn id(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

fn resource(kind: Kind, native: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: "jira".into(), endpoint: "all".into() }];
    Resource { id: id(kind, native), name: native.to_owned(), seen_by, body }
}

fn known(word: &str) -> Fact<String> {
    Fact::Known(word.to_owned())
}

fn person(native: &str, groups: Fact<Vec<ResourceId>>) -> Resource {
    let body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: known("active"),
        email: Fact::Known(format!("{native}@acme.example")),
        managed: Fact::Known(true),
        platform_roles: Fact::Known(Vec::new()),
        groups,
        workspace_groups: Fact::Absent,
        ..Principal::default()
    };
    resource(Kind::Principal, native, Body::Principal(body))
}

/// The bot is in a group that is in the role Administrators of PAY, which Ada leads; everybody who is logged in may browse.
fn estate(bot: impl FnOnce(&mut Principal)) -> Snapshot {
    let mut robot = person("bot", Fact::Known(vec![id(Kind::Group, "admins")]));
    if let Body::Principal(body) = &mut robot.body {
        body.account_type = Fact::Known(PrincipalType::ServiceAccount);
        bot(body);
    }
    let mut scheme = Container::unknown(ContainerForm::PermissionScheme);
    scheme.key = Fact::Absent;
    let mut project = Container::unknown(ContainerForm::Project);
    project.key = known("PAY");
    project.parent = Fact::Absent;
    project.team_managed = Fact::Known(false);
    project.lead = Fact::Known(id(Kind::Principal, "ada"));
    project.permission_scheme = Fact::Known(id(Kind::Container, "scheme:1"));
    let mut place = Grant::of(GrantForm::ProjectRole, "Administrators", Holder::Group);
    place.group = Fact::Known(id(Kind::Group, "admins"));
    place.container = Fact::Known(id(Kind::Container, "project:1"));
    let mut given = Grant::of(GrantForm::Permission, "ADMINISTER_PROJECTS", Holder::ProjectRole);
    given.holder_detail = known("10002");
    given.container = Fact::Known(id(Kind::Container, "scheme:1"));
    let mut browse = Grant::of(GrantForm::Permission, "BROWSE_PROJECTS", Holder::LoggedIn);
    browse.container = Fact::Known(id(Kind::Container, "scheme:1"));
    let group = Group { inside: Fact::Absent, ..Group::default() };
    let none = Fact::Known(Vec::new());
    let resources = vec![
        robot,
        person("ada", none.clone()),
        person("eve", none),
        resource(Kind::Group, "admins", Body::Group(group)),
        resource(Kind::Container, "scheme:1", Body::Container(scheme)),
        resource(Kind::Container, "project:1", Body::Container(project)),
        resource(Kind::Grant, "project-role:1/10002/admins", Body::Grant(place)),
        resource(Kind::Grant, "permission:1/1", Body::Grant(given)),
        resource(Kind::Grant, "permission:1/2", Body::Grant(browse)),
    ];
    let shows = vec![Kind::Principal, Kind::Group, Kind::Container, Kind::Grant, Kind::Credential];
    let entry = LedgerEntry::not_asked("jira".into(), "all".into(), String::new(), shows, String::new(), now());
    let entry = LedgerEntry { state: EndpointState::Complete, ..entry };
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger: vec![entry] }])
}

fn drawn(snapshot: &Snapshot, scope: ReviewScope) -> Drawn {
    draw(&Inventory::new(snapshot), &Asked { review: "q4", scope, now: now() })
}

#[test]
fn a_row_is_what_an_account_has_of_its_own_and_is_asked_of_who_leads() {
    let snapshot = estate(|_| {});
    let found = drawn(&snapshot, ReviewScope::Machines);
    let [row] = found.rows.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (row.account_name.as_str(), row.place.as_str(), row.level),
        ("bot", "project PAY", AccessLevel::Decides)
    );
    assert_eq!(
        (row.asked.as_str(), row.sort.as_str(), row.sureness),
        ("ada@acme.example", "machine", Sureness::Certain)
    );
    assert_eq!(row.chain, "bot → group admins → role Administrators → scheme scheme:1 → project PAY");
    assert!(is_key(&row.key) && found.accounts == 1);
    let others = found.left_out.iter().find(|one| one.what == "accounts outside the scope").unwrap();
    assert_eq!(others.count, 2, "what the review is not about is counted");
}

#[test]
fn what_everybody_has_is_no_row_and_is_counted() {
    let found = drawn(&estate(|_| {}), ReviewScope::All);
    assert_eq!((found.rows.len(), found.accounts), (1, 3));
    let shared = found.left_out.iter().find(|one| one.what.starts_with("accesses that everybody has")).unwrap();
    assert_eq!(shared.count, 2);
}

#[test]
fn a_closed_machine_is_suggested_to_lose_what_would_come_back() {
    let found = drawn(&estate(|bot| bot.status = known("deactivated")), ReviewScope::Machines);
    assert_eq!((found.rows[0].suggestion, found.rows[0].active), (Suggestion::Revoke, Fact::Known(false)));
}

#[test]
fn a_gap_is_told_and_nothing_is_taken_for_certain() {
    let mut snapshot = estate(|bot| bot.groups = Fact::Unknown);
    snapshot.ledger[0].state = EndpointState::Denied;
    let found = drawn(&snapshot, ReviewScope::Machines);
    assert!(found.rows.iter().all(|row| row.sureness == Sureness::Possible), "{found:#?}");
    assert!(found.not_seen.iter().any(|gap| gap.what == "all of jira" && gap.because == "denied"), "{found:#?}");
    assert!(found.not_seen.iter().any(|gap| gap.accounts == 1 && gap.examples == ["bot"]) || !found.rows.is_empty());
}

/// What a snapshot says of the bot's access, which was there when it was reviewed.
fn progress(snapshot: &Snapshot) -> Progress {
    let row = drawn(&estate(|_| {}), ReviewScope::Machines).rows.remove(0);
    Inventory::new(snapshot).progress(&row)
}

#[test]
fn a_revocation_is_done_only_where_nothing_is_left_and_all_was_seen() {
    assert!(
        matches!(progress(&estate(|_| {})), Progress::NotDone(still) if still.starts_with("ADMINISTER_PROJECTS by bot →"))
    );
    assert_eq!(progress(&estate(|bot| bot.groups = Fact::Known(Vec::new()))), Progress::Done);
    assert_eq!(progress(&estate(|bot| bot.status = known("deactivated"))), Progress::Done, "nobody is let in");
    assert!(matches!(progress(&estate(|bot| bot.groups = Fact::Unknown)), Progress::Untold(_)));
}

#[test]
fn what_is_out_of_sight_is_not_gone() {
    let without = |what: &str| {
        let mut snapshot = estate(|_| {});
        let (gone, kept): (Vec<Resource>, Vec<Resource>) =
            std::mem::take(&mut snapshot.resources).into_iter().partition(|one| one.id.native() == what);
        let ledger = std::mem::take(&mut snapshot.ledger);
        (Snapshot::of_sorted(kept, ledger), gone)
    };
    for what in ["bot", "project:1"] {
        let (mut snapshot, gone) = without(what);
        assert_eq!(progress(&snapshot), Progress::Done, "{what} is gone");
        snapshot.carried = gone;
        assert!(matches!(progress(&snapshot), Progress::Untold(_)), "{what} is only out of sight");
    }
}
