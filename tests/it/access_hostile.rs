//! Names that somebody chose in order to steer a terminal, to be a formula, or to pass for a step of a chain.

use keyroll::inventory::Inventory;
use keyroll::model::{
    Body, Collection, Container, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Group, Holder,
    Kind, Principal, Resource, ResourceId, SnapshotHead,
};
use keyroll::model::{EndpointState, Snapshot};
use keyroll::reports::{
    AccessQuestion, Look, WhoCanQuestion, access_csv, access_json, access_page, who_can_csv, who_can_json, who_can_page,
};
use keyroll::text;

use crate::support::assessment;
use crate::support::estate::{entry, night, seen_by};

const HOSTILE: [&str; 8] = [
    "\u{1b}[2J\u{1b}[31mall is well\u{7}",
    "=HYPERLINK(\"https://evil.example\",\"open\")",
    "-5",
    "invoice\u{202e}fdp.exe\u{202c}",
    "two\r\nlines\tand a tab",
    "x → role Owner → scheme Other → project PAY",
    "日本語のとても長い名前のトークンです日本語のとても長い名前のトークンです日本語のとても長い名前のトークンです",
    "",
];

fn id(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new("acme", kind, native)
}

fn resource(kind: Kind, native: &str, name: &str, body: Body) -> Resource {
    Resource { id: id(kind, native), name: name.to_owned(), seen_by: seen_by(&["everything"]), body }
}

/// A token of an account in a group in a role of a project, everything with one name.
fn estate(name: &str) -> Snapshot {
    let mut project = Container::unknown(ContainerForm::Project);
    project.key = Fact::Known(name.to_owned());
    project.permission_scheme = Fact::Known(id(Kind::Container, "scheme"));
    let account = Principal {
        groups: Fact::Known(vec![id(Kind::Group, "g")]),
        email: Fact::Known(name.to_owned()),
        status: Fact::Known(name.to_owned()),
        ..Principal::default()
    };
    let mut token = Credential::unknown(CredentialForm::ApiToken);
    token.owner = Fact::Known(id(Kind::Principal, "a"));
    token.scopes = Fact::Known(vec![name.to_owned(), "write:jira-work".to_owned()]);
    let mut place = Grant::of(GrantForm::ProjectRole, name, Holder::Group);
    place.group = Fact::Known(id(Kind::Group, "g"));
    place.container = Fact::Known(id(Kind::Container, "project"));
    let mut given = Grant::of(GrantForm::Permission, "DELETE_ISSUES", Holder::ProjectRole);
    given.holder_detail = Fact::Known("1".to_owned());
    given.container = Fact::Known(id(Kind::Container, "scheme"));
    let mut odd = Grant::of(GrantForm::Permission, name, Holder::LoggedIn);
    odd.container = Fact::Known(id(Kind::Container, "scheme"));
    let scheme = Container::unknown(ContainerForm::PermissionScheme);
    let resources = vec![
        resource(Kind::Container, "scheme", name, Body::Container(scheme)),
        resource(Kind::Container, "project", name, Body::Container(project)),
        resource(Kind::Group, "g", name, Body::Group(Group { inside: Fact::Absent, ..Group::default() })),
        resource(Kind::Principal, "a", name, Body::Principal(account)),
        resource(Kind::Credential, "t", name, Body::Credential(token)),
        resource(Kind::Grant, "project-role:project/1/g", name, Body::Grant(place)),
        resource(Kind::Grant, "permission:1", name, Body::Grant(given)),
        resource(Kind::Grant, "permission:2", name, Body::Grant(odd)),
    ];
    let mut ledger = entry("everything", EndpointState::Complete);
    ledger.shows = vec![Kind::Credential, Kind::Principal, Kind::Group, Kind::Grant, Kind::Container];
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger: vec![ledger] }])
}

fn assert_tame(page: &str, width: usize) {
    for line in page.split('\n') {
        let steering = |letter: char| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter);
        assert!(!line.chars().any(steering), "{line:?} can steer a terminal");
        assert!(text::columns(line) <= width, "{} columns: {line}", text::columns(line));
    }
}

fn assert_no_formula(table: &[u8]) {
    for record in csv::Reader::from_reader(table).records() {
        let formula = |cell: &str| cell.trim_start().starts_with(['=', '+', '-', '@']);
        let record = record.unwrap();
        assert!(!record.iter().any(formula), "{record:?}");
    }
}

#[test]
fn hostile_names_stay_names() {
    let head: SnapshotHead = assessment::rich().head;
    for name in HOSTILE {
        let snapshot = estate(name);
        let inventory = Inventory::new(&snapshot);
        let on = inventory.get(&id(Kind::Container, "project"));
        for subject in [id(Kind::Principal, "a"), id(Kind::Credential, "t")] {
            let subject = inventory.get(&subject).unwrap();
            for (on, why, all) in [(None, false, false), (on, true, true)] {
                let question = AccessQuestion {
                    inventory: &inventory,
                    head: &head,
                    subject,
                    on,
                    permission: None,
                    why,
                    all,
                    now: night(2),
                };
                for width in [48, 80, 200] {
                    assert_tame(&access_page(&question, Look { width, colour: false }), width);
                }
                let mut table = Vec::new();
                access_csv(&question, &mut table).unwrap();
                assert_no_formula(&table);
                let mut document = Vec::new();
                access_json(&question, &mut document).unwrap();
                let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
                let deletes =
                    document["permissions"].as_array().unwrap().iter().find(|one| one["permission"] == "DELETE_ISSUES");
                let chain = deletes.unwrap()["chains"][0].clone();
                let steps = chain["steps"].as_array().unwrap().len();
                let arrows = chain["words"].as_str().unwrap().matches('→').count();
                assert_eq!(arrows + 1, steps, "a name passes for a step: {chain}");
            }
        }
        let question = WhoCanQuestion {
            inventory: &inventory,
            head: &head,
            permission: "DELETE_ISSUES",
            on: on.unwrap(),
            all: true,
            now: night(2),
        };
        assert_tame(&who_can_page(&question, Look { width: 80, colour: false }), 80);
        let mut table = Vec::new();
        who_can_csv(&question, &mut table).unwrap();
        assert_no_formula(&table);
        let mut document = Vec::new();
        who_can_json(&question, &mut document).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        assert_eq!(document["accounts"].as_array().unwrap().len(), 1);
    }
}

/// A deactivated account, and a token that has ended, say so before anything else.
#[test]
fn what_cannot_be_used_at_present_is_said_first() {
    let head = assessment::rich().head;
    let mut snapshot = estate("Ada");
    let mut resources: Vec<Resource> = snapshot.resources.clone();
    for one in &mut resources {
        match &mut one.body {
            Body::Principal(account) => account.status = Fact::Known("deactivated".to_owned()),
            Body::Credential(token) => token.status = Fact::Known("revoked".to_owned()),
            _ => {}
        }
    }
    snapshot = Snapshot::seal(vec![Collection { authority: 0, resources, ledger: snapshot.ledger.clone() }]);
    let inventory = Inventory::new(&snapshot);
    let told = |subject: &ResourceId| {
        let subject = inventory.get(subject).unwrap();
        let question = AccessQuestion {
            inventory: &inventory,
            head: &head,
            subject,
            on: None,
            permission: None,
            why: false,
            all: false,
            now: night(2),
        };
        access_page(&question, Look { width: 200, colour: false })
    };
    let account = told(&id(Kind::Principal, "a"));
    assert!(account.contains("deactivated: none of this can be used until somebody lets it in again."), "{account}");
    let token = told(&id(Kind::Credential, "t"));
    assert!(token.contains("revoked: none of this can be used with it any more."), "{token}");
}
