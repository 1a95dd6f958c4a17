//! Each signal, and what only looks like it.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::model::{
    App, AppForm, Automation, Collection, CredentialForm, DeclaredAccount, EndpointState, Fingerprints, Grant,
    GrantForm, Holder, Integration, LedgerEntry, Person, Principal, ProductActivity, Profile, Snapshot, Variable,
    VariableLevel, Webhook,
};

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

fn ago(days: i64) -> DateTime<Utc> {
    now() - TimeDelta::days(days)
}

/// Accounts of the cloud are Atlassian's, tokens are the organisation's.
fn id(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(if kind == Kind::Principal { ResourceId::CLOUD } else { "o1" }, kind, native)
}

fn resource(kind: Kind, native: &str, name: &str, body: Body) -> Resource {
    Resource { id: id(kind, native), name: name.to_owned(), seen_by: Vec::new(), body }
}

fn known(text: &str) -> Fact<String> {
    Fact::Known(text.to_owned())
}

fn opened(days: i64) -> Fact<Vec<ProductActivity>> {
    let product = "jira-software".to_owned();
    Fact::Known(vec![ProductActivity { product, site: None, last_active_at: Fact::Known(ago(days)) }])
}

/// An active managed account that opened a page three days ago.
fn account(native: &str, name: &str, mail: &str, set: impl FnOnce(&mut Principal)) -> Resource {
    let mut body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: known("active"),
        email: known(mail),
        managed: Fact::Known(true),
        mfa: Fact::Known(true),
        added_at: Fact::Known(ago(700)),
        activity: opened(3),
        ..Principal::default()
    };
    set(&mut body);
    resource(Kind::Principal, native, name, Body::Principal(body))
}

fn ada(set: impl FnOnce(&mut Principal)) -> Resource {
    account("ada", "Ada Muster", "ada.muster@acme.example", set)
}

/// The days up to yesterday.
fn nights(count: u64) -> Fact<Vec<NaiveDate>> {
    let yesterday = ago(1).date_naive();
    Fact::Known((0..count).rev().filter_map(|days| yesterday.checked_sub_days(Days::new(days))).collect())
}

/// A token that was made long ago, used yesterday, and rested the day before.
fn token(native: &str, label: &str, owner: &str, set: impl FnOnce(&mut Credential)) -> Resource {
    let mut body = Credential {
        owner: Fact::Known(id(Kind::Principal, owner)),
        status: known("active"),
        created_at: Fact::Known(ago(300)),
        expires_at: Fact::Known(ago(-60)),
        last_used_at: Fact::Known(ago(1)),
        used_on: Fact::Known(vec![ago(9).date_naive(), ago(1).date_naive()]),
        ..Credential::unknown(CredentialForm::ApiToken)
    };
    set(&mut body);
    resource(Kind::Credential, native, label, Body::Credential(body))
}

fn nightly(token: &mut Credential) {
    token.used_on = nights(18);
}

fn entry(kind: Kind, form: &str, state: EndpointState) -> LedgerEntry {
    let endpoint = format!("{} {form}", kind.name());
    let entry = LedgerEntry::not_asked("acme".into(), endpoint.into(), String::new(), vec![kind], String::new(), now());
    let forms = if form.is_empty() { Vec::new() } else { vec![form.into()] };
    LedgerEntry { state, forms, ..entry }
}

fn ledger() -> Vec<LedgerEntry> {
    let whole = |kind, form| entry(kind, form, EndpointState::Complete);
    vec![whole(Kind::Principal, ""), whole(Kind::Credential, ""), whole(Kind::App, "acting-app")]
}

fn seal(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger }])
}

struct Seen {
    snapshot: Snapshot,
}

fn seen(resources: Vec<Resource>) -> Seen {
    Seen { snapshot: seal(resources, ledger()) }
}

impl Seen {
    fn ask<T>(&self, question: impl FnOnce(&Inventory<'_>) -> T) -> T {
        question(&Inventory::new(&self.snapshot))
    }

    fn account(&self, native: &str) -> Detection {
        self.ask(|inventory| inventory.detections().account(&id(Kind::Principal, native)).unwrap().clone())
    }

    fn token(&self, native: &str) -> Use {
        self.ask(|inventory| inventory.detections().credential(&id(Kind::Credential, native)).unwrap().clone())
    }

    fn systems(&self, native: &str) -> Option<Vec<String>> {
        self.ask(|inventory| {
            let found = inventory.detections().account(&id(Kind::Principal, native)).unwrap();
            let title = |one: &&SystemScore| inventory.knowledge().profile(one.system.unwrap()).unwrap().title.clone();
            found.sure().known().map(|sure| sure.iter().map(title).collect())
        })
    }

    fn said(&self, native: &str) -> Vec<String> {
        self.ask(|inventory| {
            let found = inventory.concluded(&id(Kind::Principal, native));
            found.iter().map(|one| format!("{}: {}", one.confidence, sentence(inventory, one))).collect()
        })
    }

    fn has(&self, native: &str, clue: Clue) -> bool {
        let of_account = self.account(native).signals;
        let of_tokens = self.ask(|inventory| {
            let tokens = inventory.credentials_of(&id(Kind::Principal, native));
            let uses = tokens.filter_map(|one| inventory.detections().credential(&one.id));
            uses.flat_map(|one| one.signals.clone()).collect::<Vec<_>>()
        });
        of_account.iter().chain(&of_tokens).any(|one| one.clue == clue)
    }
}

#[test]
fn a_system_on_a_person_s_token_is_said_aloud_with_its_evidence_and_a_remedy() {
    let seen = seen(vec![ada(|_| {}), token("t", "jenkins", "ada", nightly)]);
    assert_eq!(seen.said("ada"), ["88: Jenkins probably runs on the account of Ada Muster"]);
    assert_eq!(seen.token("t").on_person, Fact::Known(true));
    assert_eq!(seen.account("ada").behaves_like_machine, Fact::Known(false), "somebody is at work with it");
    seen.ask(|inventory| {
        let found = inventory.concluded(&id(Kind::Principal, "ada")).remove(0);
        let shown: Vec<String> = found.evidence.iter().map(|one| evidence(inventory, one)).collect();
        assert_eq!(
            shown,
            [
                "whole label: jenkins (API token “jenkins”, weight 0.7)",
                "nightly: 18 days in a row, 2 weekends (API token “jenkins”, weight 0.6)"
            ]
        );
        assert!(found.against.iter().any(|one| one.clue == Clue::Pages), "what speaks against it is shown, too");
        let remedy = remedy(inventory, &found);
        assert_eq!((remedy.account.as_str(), remedy.service_account), ("svc-jenkins", true));
        assert_eq!((remedy.form, remedy.longest_days), (CredentialForm::ApiToken, 365));
        assert!(remedy.permissions.contains(&"ADD_COMMENTS".to_owned()));
        let place = |words: &str| remedy.steps.iter().position(|step| step.starts_with(words)).unwrap();
        let order = [
            "Ask",
            "Make the service",
            "Give it",
            "Make its",
            "Put it",
            "Wait",
            "Only then revoke",
            "Take away",
            "Declare",
        ];
        assert_eq!(order.map(place), [0, 1, 2, 3, 4, 5, 6, 7, 8], "{:#?}", remedy.steps);
    });
}

#[test]
fn one_label_alone_never_reaches_what_is_said_aloud() {
    for label in ["jenkins", "Power BI", "zapier", "gitlab ci deploy", "jira align", "ci-deploy", "jenkins prod"] {
        let seen = seen(vec![ada(|_| {}), token("t", label, "ada", |_| {})]);
        assert!(seen.said("ada").is_empty(), "{label}");
        assert_eq!(seen.token("t").on_person, Fact::Known(false), "{label}");
    }
    let young = |token: &mut Credential| token.used_on = nights(3);
    let short = seen(vec![ada(|_| {}), token("t", "jenkins", "ada", young)]);
    assert_eq!(short.token("t").on_person, Fact::Unknown, "nobody looked for long enough");
    let why = &short.token("t").untold;
    assert!(why.iter().any(|one| one.clue == Clue::Nightly && one.why.contains("3 days in a row")), "{why:?}");
}

#[test]
fn look_alikes_are_not_said_aloud() {
    let scenes: Vec<(&str, Vec<Resource>)> = vec![
        (
            "a person called Jenkins",
            vec![
                account("ada", "Tom Jenkins", "tom.jenkins@acme.example", |_| {}),
                token("t", "laptop", "ada", nightly),
            ],
        ),
        ("a tool of a person's own", vec![ada(|_| {}), token("t", "jira cli", "ada", nightly)]),
        (
            "ci in a surname",
            vec![
                account("ada", "Lucia Cicd", "lucia.cicd@acme.example", |_| {}),
                token("t", "lucia's laptop", "ada", nightly),
            ],
        ),
        (
            "a person with a robot's name",
            vec![account("ada", "Robot Rob", "rob.meyer@acme.example", |_| {}), token("t", "laptop", "ada", |_| {})],
        ),
        (
            "a shared mailbox",
            vec![
                account("ada", "Support Team", "support@acme.example", |one| one.mfa = Fact::Known(false)),
                token("t", "laptop", "ada", |_| {}),
            ],
        ),
        (
            "somebody who works for a vendor",
            vec![
                account("ada", "Jane Doe", "jane.doe@kiplot.com", |one| one.managed = Fact::Known(true)),
                token("t", "laptop", "ada", |_| {}),
            ],
        ),
        (
            "an administrator who set a webhook to Slack",
            vec![ada(|_| {}), token("t", "laptop", "ada", nightly), webhook("https://hooks.slack.com")],
        ),
        ("somebody on leave", vec![ada(|one| one.activity = opened(120)), token("t", "laptop", "ada", |_| {})]),
    ];
    for (what, resources) in scenes {
        let seen = seen(resources);
        assert_eq!(seen.said("ada"), [""; 0], "{what}");
        assert_eq!(seen.account("ada").behaves_like_machine, Fact::Known(false), "{what}");
        assert_eq!(seen.token("t").on_person, Fact::Known(false), "{what}");
    }
}

fn webhook(address: &str) -> Resource {
    let changed_by = Fact::Known(id(Kind::Principal, "ada"));
    let body = Webhook { address: known(address), changed_by, enabled: Fact::Known(true), ..Webhook::default() };
    resource(Kind::Webhook, "w", "Messages", Body::Webhook(body))
}

#[test]
fn an_account_of_a_person_who_is_not_there_behaves_like_a_machine() {
    let silent = |activity: Fact<Vec<ProductActivity>>, set: fn(&mut Credential)| {
        seen(vec![ada(|one| one.activity = activity), token("t", "month end", "ada", set)])
    };
    let never = silent(Fact::Known(Vec::new()), nightly);
    assert_eq!(never.account("ada").behaves_like_machine, Fact::Known(true));
    assert_eq!(never.said("ada"), ["80: Ada Muster looks like a person's account, but behaves like a machine's"]);
    assert_eq!(silent(opened(90), nightly).account("ada").behaves_like_machine, Fact::Known(true));
    assert_eq!(silent(opened(3), nightly).account("ada").behaves_like_machine, Fact::Known(false));
    assert_eq!(silent(Fact::Unknown, nightly).account("ada").behaves_like_machine, Fact::Unknown);
    assert_eq!(silent(opened(90), |_| {}).account("ada").behaves_like_machine, Fact::Known(false));
    let machine = seen(vec![
        account("ada", "svc-month-end", "svc-month-end@acme.example", |one| one.activity = opened(90)),
        token("t", "month end", "ada", nightly),
    ]);
    assert_eq!(machine.account("ada").behaves_like_machine, Fact::Known(false), "it does not look human");
}

#[test]
fn a_label_and_silence_are_enough_on_the_first_night() {
    let seen = seen(vec![ada(|one| one.activity = opened(90)), token("t", "zapier", "ada", |_| {})]);
    assert_eq!(seen.said("ada"), ["85: Zapier probably runs on the account of Ada Muster"]);
}

#[test]
fn each_signal_is_seen_where_its_fact_is_told() {
    let bob = || account("bob", "Bob Muster", "bob.muster@acme.example", |_| {});
    let token_that = |set: fn(&mut Credential)| vec![ada(|_| {}), bob(), token("t", "sync", "ada", set)];
    let scenes: Vec<(Clue, Vec<Resource>, Vec<Resource>)> = vec![
        (Clue::Nightly, token_that(nightly), token_that(|_| {})),
        (
            Clue::UsedByOther,
            token_that(|one| one.last_used_by = Fact::Known(id(Kind::Principal, "bob"))),
            token_that(|one| one.last_used_by = Fact::Known(id(Kind::Principal, "ada"))),
        ),
        (
            Clue::ActsForOthers,
            token_that(|one| one.acts_for = Fact::Known(vec![id(Kind::Principal, "bob")])),
            token_that(|one| one.acts_for = Fact::Known(vec![id(Kind::Principal, "ada")])),
        ),
        (Clue::Presented, token_that(|one| one.auth_type = known("api-token")), token_that(|_| {})),
        (Clue::MadeTogether, token_that(|one| one.created_at = Fact::Known(ago(700))), token_that(|_| {})),
        (Clue::MachineLabel, vec![ada(|_| {}), token("t", "deploy", "ada", |_| {})], token_that(|_| {})),
        (
            Clue::EnvironmentLabel,
            vec![ada(|_| {}), token("t", "x-prod", "ada", |_| {})],
            vec![ada(|_| {}), token("t", "product notes", "ada", |_| {})],
        ),
        (
            Clue::Burst,
            (0..3).map(|at| token(&format!("t{at}"), "x", "ada", |_| {})).chain([ada(|_| {})]).collect(),
            (0..2).map(|at| token(&format!("t{at}"), "x", "ada", |_| {})).chain([ada(|_| {})]).collect(),
        ),
        (
            Clue::ActingApp,
            vec![ada(|_| {}), acting_app("Zapier", "ada")],
            vec![ada(|_| {}), acting_app("Zapier", "bob")],
        ),
        (Clue::AutomationActor, vec![ada(|_| {}), automation("enabled")], vec![ada(|_| {}), automation("disabled")]),
        (
            Clue::SetWebhook,
            vec![ada(|_| {}), webhook("https://hooks.zapier.com")],
            vec![ada(|_| {}), webhook("https://hooks.acme.example")],
        ),
        (
            Clue::RegisteredClient,
            vec![ada(|_| {}), client("https://acme.jiraalign.com")],
            vec![ada(|_| {}), client("https://acme.example")],
        ),
        (Clue::ConnectorRole, connector("ada.muster@acme.example"), connector("bob.muster@acme.example")),
        (
            Clue::AccountType,
            vec![ada(|one| one.account_type = Fact::Known(PrincipalType::ServiceAccount))],
            vec![ada(|_| {})],
        ),
        (Clue::MachineName, vec![account("ada", "svc-sync", "svc-sync@acme.example", |_| {})], vec![ada(|_| {})]),
        (
            Clue::MailDomain,
            vec![account("ada", "acme", "acme@kiplot.com", |_| {})],
            vec![account("ada", "Jane Doe", "jane.doe@kiplot.com", |_| {})],
        ),
        (
            Clue::Declared,
            vec![ada(|_| {}), integration("jenkins", "ada.muster@acme.example")],
            vec![ada(|_| {}), bob(), integration("jenkins", "bob.muster@acme.example")],
        ),
        (Clue::PipelineVariable, in_pipeline("BILLING_TOKEN", None), in_pipeline("BILLING_URL", None)),
        (
            Clue::PipelinePair,
            in_pipeline("BILLING_TOKEN", Some("BILLING_USER")),
            in_pipeline("BILLING_TOKEN", Some("NPM_USER")),
        ),
        (Clue::Pages, vec![ada(|_| {})], vec![ada(|one| one.activity = opened(40))]),
        (Clue::LogIn, vec![ada(|one| one.last_login_at = Fact::Known(ago(2)))], vec![ada(|_| {})]),
        (Clue::SecondFactor, vec![ada(|_| {})], vec![ada(|one| one.mfa = Fact::Known(false))]),
        (Clue::PersonalMail, vec![ada(|_| {})], vec![account("ada", "Ada", "ada@acme.example", |_| {})]),
        (Clue::PersonalName, vec![ada(|_| {})], vec![account("ada", "ada", "ada@acme.example", |_| {})]),
    ];
    for (clue, with, without) in scenes {
        assert!(seen(with).has("ada", clue), "{clue:?} is not seen");
        assert!(!seen(without).has("ada", clue), "{clue:?} is seen where it is not");
    }
}

fn acting_app(name: &str, account: &str) -> Resource {
    let acts_for = Fact::Known(vec![id(Kind::Principal, account)]);
    resource(Kind::App, "a", name, Body::App(App { acts_for, ..App::unknown(AppForm::ActingApp) }))
}

fn automation(status: &str) -> Resource {
    let actor = Fact::Known(id(Kind::Principal, "ada"));
    let body = Automation { status: known(status), actor, ..Automation::default() };
    resource(Kind::Automation, "r", "Routine", Body::Automation(body))
}

fn client(host: &str) -> Resource {
    let body = Credential {
        owner: Fact::Absent,
        created_by: Fact::Known(id(Kind::Principal, "ada")),
        hosts: Fact::Known(vec![host.to_owned()]),
        ..Credential::unknown(CredentialForm::IncomingLink)
    };
    resource(Kind::Credential, "c", "Planning", Body::Credential(body))
}

fn connector(mail: &str) -> Vec<Resource> {
    let mut grant = Grant::of(GrantForm::PlatformRole, "change-connector", Holder::Principal);
    let holder = ResourceId::new("align", Kind::Principal, "7");
    grant.principal = Fact::Known(holder.clone());
    let body = Principal { email: known(mail), ..Principal::default() };
    let align = Resource { id: holder, name: "Ada".to_owned(), seen_by: Vec::new(), body: Body::Principal(body) };
    vec![ada(|_| {}), align, resource(Kind::Grant, "g", "may change the connector", Body::Grant(grant))]
}

fn integration(system: &str, account: &str) -> Resource {
    let declared = DeclaredAccount { name: account.to_owned(), id: None, source: None };
    let body = Integration { system: known(system), accounts: Fact::Known(vec![declared]), ..Integration::default() };
    resource(Kind::Integration, system, system, Body::Integration(body))
}

fn in_pipeline(secret: &str, beside: Option<&str>) -> Vec<Resource> {
    let variable = |name: &str| {
        let (secured, environment) = (Fact::Known(true), Fact::Absent);
        let container = Fact::Known(id(Kind::Container, "repository:app"));
        let body =
            Variable { level: VariableLevel::Repository, container, environment, secured, admin_only: Fact::Absent };
        resource(Kind::Variable, name, name, Body::Variable(body))
    };
    let mut all = vec![ada(|_| {}), token("t", "billing", "ada", |_| {}), variable(secret)];
    all.extend(beside.map(variable));
    all
}

#[test]
fn what_the_register_says_and_what_a_host_leads_to_stand_alone() {
    let declared = seen(vec![ada(|_| {}), integration("jenkins", "ada.muster@acme.example")]);
    assert_eq!(declared.said("ada"), ["100: Jenkins probably runs on the account of Ada Muster"]);
    let host = |one: &mut Credential| one.hosts = Fact::Known(vec!["https://acme.jiraalign.com".to_owned()]);
    let linked = seen(vec![ada(|_| {}), token("t", "planning", "ada", host)]);
    assert_eq!(linked.systems("ada"), Some(vec!["Jira Align".to_owned()]));
}

#[test]
fn machines_of_their_own_are_no_findings_and_their_systems_are_known() {
    let robot = |set: fn(&mut Principal)| account("ada", "Jenkins", "jenkins@acme.example", set);
    let seen = seen(vec![
        robot(|one| one.account_type = Fact::Known(PrincipalType::ServiceAccount)),
        token("t", "jenkins", "ada", nightly),
    ]);
    assert_eq!(seen.systems("ada"), Some(vec!["Jenkins".to_owned()]));
    assert_eq!(seen.account("ada").is_persons, Fact::Known(false));
    assert!(seen.said("ada").is_empty());
    assert_eq!(seen.account("ada").machine.told(), Fact::Known(100));
}

#[test]
fn several_systems_are_counted_and_two_profiles_of_one_product_are_one() {
    let seen = seen(vec![ada(|_| {}), token("t1", "jenkins", "ada", nightly), token("t2", "kiplot", "ada", nightly)]);
    assert_eq!(seen.account("ada").has_several(), Fact::Known(true));
    assert_eq!(seen.systems("ada"), Some(vec!["Jenkins".to_owned(), "Kiplot on Jira Cloud".to_owned()]));
}

#[test]
fn what_was_not_told_is_named_and_leaves_it_open() {
    let resources = || vec![ada(|_| {}), token("t", "jenkins", "ada", |_| {})];
    let without = |kind: Kind| {
        let ledger = ledger().into_iter().filter(|entry| !entry.shows.contains(&kind)).collect();
        Seen { snapshot: seal(resources(), ledger) }
    };
    let no_log = without(Kind::App).token("t");
    assert_eq!(no_log.on_person, Fact::Unknown);
    assert!(no_log.untold.iter().any(|one| one.clue == Clue::ActsForOthers));
    let no_tokens = without(Kind::Credential).account("ada");
    assert!(no_tokens.untold.iter().any(|one| one.clue == Clue::WholeLabel));
    assert_eq!(no_tokens.has_several(), Fact::Unknown);
    let mut unread = ledger();
    unread.push(entry(Kind::Integration, "", EndpointState::Denied));
    let unread = Seen { snapshot: seal(vec![ada(|_| {}), token("t", "laptop", "ada", |_| {})], unread) };
    assert_eq!(unread.systems("ada"), None, "the register might name one");
    let external = seen(vec![ada(|one| one.managed = Fact::Known(false))]);
    assert_eq!(external.systems("ada"), None, "nobody can list the tokens of an account that is not managed");
}

#[test]
fn who_is_in_the_roster_is_a_person_whatever_they_call_themselves() {
    let person = Person { email: known("rob.meyer@acme.example"), employed_until: Fact::Absent, ..Person::default() };
    let person = resource(Kind::Person, "rob", "Rob Meyer", Body::Person(person));
    let robot = account("ada", "Build Robot", "rob.meyer@acme.example", |_| {});
    let mut ledger = ledger();
    ledger.push(entry(Kind::Person, "", EndpointState::Complete));
    let scene = |resources| Seen { snapshot: seal(resources, ledger.clone()) };
    let listed = scene(vec![robot.clone(), person, token("t", "jenkins", "ada", nightly)]);
    assert_eq!(listed.token("t").on_person, Fact::Known(true));
    let alone = scene(vec![robot, token("t", "jenkins", "ada", nightly)]);
    assert_eq!(alone.token("t").on_person, Fact::Known(false));
}

#[test]
fn profiles_of_users_count() {
    let labels = vec!["hal".to_owned()];
    let own = Profile {
        id: "hal".to_owned(),
        title: "HAL".to_owned(),
        fingerprints: Fingerprints { labels, ..Fingerprints::default() },
        permissions: vec!["BROWSE_PROJECTS".to_owned()],
        credential_forms: Vec::new(),
        webhook_hosts: Vec::new(),
        longest_days: Some(30),
        note: String::new(),
    };
    let knowledge = Knowledge::of(vec![own]);
    let snapshot = seal(vec![ada(|_| {}), token("t", "HAL 9000", "ada", nightly)], ledger());
    let inventory = Inventory::knowing(&snapshot, &knowledge);
    let found = inventory.concluded(&id(Kind::Principal, "ada"));
    assert_eq!(sentence(&inventory, &found[0]), "HAL probably runs on the account of Ada Muster");
    assert_eq!(remedy(&inventory, &found[0]).longest_days, 30);
    let shipped = Inventory::new(&snapshot);
    assert!(shipped.concluded(&id(Kind::Principal, "ada")).is_empty());
}

#[test]
fn what_ended_or_belongs_to_a_leaver_runs_nothing() {
    let ended = |one: &mut Credential| {
        nightly(one);
        one.expires_at = Fact::Known(ago(1));
    };
    let seen_ended = seen(vec![ada(|_| {}), token("t", "jenkins", "ada", ended)]);
    assert!(seen_ended.said("ada").is_empty());
    let left = seen(vec![ada(|one| one.status = known("deactivated")), token("t", "jenkins", "ada", nightly)]);
    assert!(left.said("ada").is_empty());
}

#[test]
fn the_name_proposed_for_an_account_is_nobody_s() {
    let taken = account("s", "svc-jenkins", "svc-jenkins@acme.example", |_| {});
    let seen = seen(vec![ada(|_| {}), taken, token("t", "jenkins", "ada", nightly)]);
    seen.ask(|inventory| {
        let found = inventory.concluded(&id(Kind::Principal, "ada")).remove(0);
        assert_eq!(remedy(inventory, &found).account, "svc-jenkins-2");
    });
}

/// An estate of one account with some tokens, of any facts.
fn estates() -> impl Strategy<Value = Vec<Resource>> {
    let label = prop::sample::select(vec!["jenkins", "laptop", "zapier prod", "ci-deploy", "kiplot", "month end"]);
    let token_of = (label, any::<[bool; 6]>());
    let names = prop::sample::select(vec![
        ("Ada Muster", "ada.muster@acme.example"),
        ("Jenkins", "jenkins@acme.example"),
        ("svc-sync", "svc-sync@acme.example"),
        ("acme", "acme@kiplot.com"),
        ("ada", "ada@acme.example"),
    ]);
    (names, any::<[bool; 3]>(), prop::collection::vec(token_of, 0..4)).prop_map(|((name, mail), of_account, tokens)| {
        let mut all = vec![account("ada", name, mail, |one| {
            if of_account[0] {
                one.activity = opened(90);
            }
            if of_account[1] {
                one.last_login_at = Fact::Known(ago(2));
            }
            if of_account[2] {
                one.mfa = Fact::Known(false);
            }
        })];
        for (at, (label, flags)) in tokens.into_iter().enumerate() {
            all.push(token(&format!("t{at}"), label, "ada", |one| {
                if flags[0] {
                    nightly(one);
                }
                if flags[1] {
                    one.last_used_by = Fact::Known(id(Kind::Principal, "bob"));
                }
                if flags[2] {
                    one.acts_for = Fact::Known(vec![id(Kind::Principal, "bob")]);
                }
                if flags[3] {
                    one.created_at = Fact::Known(ago(700));
                }
                if flags[4] {
                    one.auth_type = known("api-token");
                }
                if flags[5] {
                    one.last_used_at = Fact::Known(ago(40));
                }
            }));
        }
        all.push(webhook("https://hooks.zapier.com"));
        all
    })
}

/// Takes away one fact; what tells whether something is still there stays.
fn forget(resource: &mut Resource, which: usize) {
    match &mut resource.body {
        Body::Principal(one) => match which % 6 {
            0 => one.activity = Fact::Unknown,
            1 => one.mfa = Fact::Unknown,
            2 => one.email = Fact::Unknown,
            3 => one.added_at = Fact::Unknown,
            4 => one.account_type = Fact::Unknown,
            _ => one.last_login_at = Fact::Unknown,
        },
        Body::Credential(one) => match which % 6 {
            0 => one.used_on = Fact::Unknown,
            1 => one.last_used_at = Fact::Unknown,
            2 => one.last_used_by = Fact::Unknown,
            3 => one.acts_for = Fact::Unknown,
            4 => one.created_at = Fact::Unknown,
            _ => one.auth_type = Fact::Unknown,
        },
        Body::Webhook(one) => one.changed_by = Fact::Unknown,
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn forgetting_a_fact_never_raises_a_score(mut estate in estates(), at in any::<prop::sample::Index>(), which in 0_usize..6) {
        let before = seen(estate.clone());
        let at = at.index(estate.len());
        // A log that was read to its end has told all there is: what it does not tell did not happen.
        let of_log = matches!((estate[at].kind(), which), (Kind::Credential, 2 | 3 | 5) | (Kind::Principal, 5));
        forget(&mut estate[at], which);
        let after = seen(estate);
        let (full, less) = (before.account("ada"), after.account("ada"));
        prop_assert!(less.machine.seen <= full.machine.seen);
        prop_assert!(less.person.seen <= full.person.seen);
        prop_assert!(of_log || less.machine.possible >= full.machine.seen, "what was seen stays possible");
        for one in &less.systems {
            let known = full.systems.iter().find(|known| known.system == one.system);
            prop_assert!(known.is_some_and(|known| one.score.seen <= known.score.seen));
        }
        prop_assert!(of_log || after.said("ada").len() <= before.said("ada").len());
    }

    #[test]
    fn the_order_of_resources_does_not_matter(estate in estates()) {
        let (one, mut turned) = (seen(estate.clone()), estate);
        turned.reverse();
        let other = seen(turned);
        prop_assert_eq!(one.account("ada"), other.account("ada"));
        prop_assert_eq!(one.said("ada"), other.said("ada"));
    }
}
