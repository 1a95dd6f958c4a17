//! The register: every mistake in its files is told, systems are recognised and look-alikes are not, and the comparison with
//! a scan never calls clean what nobody saw.

use std::fs;
use std::path::Path;

use keyroll::inventory::Inventory;
use keyroll::inventory::recognise::{score, signals};
use keyroll::model::{
    App, AppForm, Body, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount, EndpointState, Fact,
    Grant, GrantForm, Holder, Integration, Kind, LedgerEntry, Principal, PrincipalType, Profile, Resource, ResourceId,
    Sighting, Snapshot, Webhook,
};
use keyroll::problem::SourceText;
use keyroll::register::{Report, What, check, draft};
use keyroll::sources::register::{collection, declared, profiles, read};
use proptest::prelude::*;

use crate::support::estate::{account, account_id, entry, night, seen_by, snapshot, token, whole};
use crate::support::keyroll::keyroll;
use crate::support::project;

fn shipped() -> Vec<Profile> {
    profiles(&[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn register(text: &str) -> Vec<Resource> {
    read(&SourceText::new("integrations.yaml", text), &shipped()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn told(text: &str) -> String {
    read(&SourceText::new("integrations.yaml", text), &shipped()).unwrap_err().to_string()
}

fn integration(text: &str) -> Integration {
    match register(text).remove(0).body {
        Body::Integration(body) => body,
        _ => panic!("no integration"),
    }
}

fn known(text: &str) -> Fact<String> {
    Fact::Known(text.to_owned())
}

#[test]
fn all_mistakes_of_a_register_are_told_at_once_with_their_places() {
    let text = "\
integrations:
  - id: jenkins
    system: jenkns
    owner: ada
    acounts: [x]
  - id: jenkins
    credential_forms: [api-tokn, api-token]
    review_at: 31.12.2026
    accounts: []
    longest_days: 0
  - name: nameless
    system: Power BI
    accounts:
      - { name: x, nme: y }
      - 010
      - true
    webhook_hosts: ['https://hooks.slack.com/services', '*slack.com', '*']
    containers: PAY
    purpose: ''
";
    let expected = "\
integrations.yaml:5:5: unknown key `acounts` (did you mean `accounts`?)";
    let told = told(text);
    for (place, what) in [
        ("3:13", "there is no profile of a system `jenkns` (did you mean `jenkins`?)"),
        ("4:12", "`owner` is no mail address: `ada`"),
        ("5:5", "unknown key `acounts` (did you mean `accounts`?)"),
        ("6:9", "integration `jenkins` is in the file already"),
        ("7:24", "there is no form of credential `api-tokn` (did you mean `api-token`?)"),
        ("8:16", "`review_at` is no day: `31.12.2026`"),
        ("9:15", "`accounts` names none"),
        ("10:19", "`longest_days` is 0, expected 1 to 3660"),
        ("11:5", "`id` is missing"),
        ("12:13", "there is no profile of a system `Power BI` (did you mean `power-bi`?)"),
        ("14:20", "unknown key `nme` (did you mean `name`?)"),
        ("15:9", "`accounts` is a number, expected text (put it in quotes)"),
        ("16:9", "`accounts` is true or false, expected text (put it in quotes)"),
        ("17:21", "`https://hooks.slack.com/services` is more than a host (write `hooks.slack.com`)"),
        ("17:57", "`*slack.com` fits hosts of others, too"),
        ("17:71", "`*` fits every host"),
        ("18:17", "`containers` is text, expected a list (write `[PAY]`)"),
        ("19:14", "`purpose` is empty"),
    ] {
        assert!(told.contains(&format!("integrations.yaml:{place}: {what}")), "{place}: {what}\n\n{told}");
    }
    assert!(told.contains(expected));
    assert_eq!(told.lines().count(), 18, "{told}");
}

/// The example, and the entry and the profile that the document shows.
#[test]
fn what_the_documents_show_is_understood() {
    let text = |path: &str| fs::read_to_string(project().join(path)).unwrap();
    assert_eq!(register(&text("examples/integrations.yaml")).len(), 3);
    let document = text("src/sources/register/README.md");
    let blocks: Vec<&str> = document.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks[0].contains("type: register"));
    assert_eq!(register(blocks[1]).len(), 1);
    assert!(profiles(&[SourceText::new("own.yaml", blocks[2])]).is_ok());
}

#[test]
fn a_register_that_is_none_is_a_mistake_and_an_empty_one_is_not() {
    assert!(told("").contains("`integrations` is missing"));
    assert!(told("integration: []\n").contains("did you mean `integrations`?"));
    assert!(told("integrations: jenkins\n").contains("expected a list"));
    assert!(told("- a\n").contains("expected a section"));
    assert!(register("integrations: []\n").is_empty());
}

#[test]
fn what_an_entry_leaves_out_the_profile_says_and_what_it_says_wins() {
    let plain = integration("integrations:\n  - { id: a, system: jira-align }\n");
    assert_eq!(plain.longest_days, Fact::Known(365));
    assert!(plain.permissions.known().is_some_and(|list| list.iter().any(|permission| permission == "EDIT_ISSUES")));
    assert!(plain.fingerprints.known().is_some());
    assert_eq!((&plain.accounts, &plain.owner_email), (&Fact::Absent, &Fact::Absent));
    let own = integration(
        "integrations:\n  - id: a\n    system: slack\n    permissions: []\n    webhook_hosts: [chat.acme.example]\n    \
         longest_days: 30\n    credential_forms: [api-token]\n    owner: Ada@Acme.example\n    review_at: 2027-01-31\n    \
         accounts: [{ name: svc, id: 10321, source: acme }, plain]\n",
    );
    assert_eq!(own.permissions, Fact::Known(Vec::new()));
    assert_eq!(own.webhook_hosts, Fact::Known(vec!["chat.acme.example".to_owned()]));
    assert_eq!((own.longest_days, own.owner_email), (Fact::Known(30), known("ada@acme.example")));
    let accounts = own.accounts.known().unwrap();
    assert_eq!((accounts[0].name.as_str(), accounts[1].id.as_deref()), ("plain", Some("10321")));
    let nothing = integration("integrations:\n  - { id: a }\n");
    assert!(
        [&nothing.permissions, &nothing.credential_forms, &nothing.webhook_hosts].iter().all(|f| **f == Fact::Absent)
    );
}

#[test]
fn profiles_of_ones_own_stand_beside_the_shipped_ones_or_replace_one_that_they_name() {
    let file = |text: &str| SourceText::new("own.yaml", text);
    let own = "id: mainframe\ntitle: Mainframe\nfingerprints:\n  names: [zos]\n";
    assert!(profiles(&[file(own)]).unwrap().iter().any(|profile| profile.id == "mainframe"));
    let replaced = "id: jenkins\nreplaces: true\ntitle: Our Jenkins\nfingerprints:\n  names: [hudson]\n";
    let all = profiles(&[file(replaced)]).unwrap();
    assert_eq!(all.len(), shipped().len());
    assert!(all.iter().any(|profile| profile.title == "Our Jenkins"));
    let mistakes = [
        "id: jenkins\ntitle: x\nfingerprints:\n  names: [hudson]\n",
        "id: nobody\nreplaces: true\ntitle: x\nfingerprints:\n  names: [hudson]\n",
        "id: Own One\ntitle: ''\nfingerprints:\n  names: [Hudson, '*']\n  host: [x]\ncredential_forms: [pat]\n",
        "id: blank\ntitle: x\n",
        "id: blank2\ntitle: x\nfingerprints:\n  names: []\n",
        "id: wide\ntitle: x\nfingerprints:\n  hosts: ['*.*']\n",
    ];
    let told = profiles(&mistakes.map(file)).unwrap_err().to_string();
    for what in [
        "own.yaml:1:5: there is a shipped profile `jenkins` (add `replaces: true`",
        "own.yaml:2:11: there is no shipped profile `nobody` to replace",
        "own.yaml:1:5: `Own One` is no id of a profile",
        "own.yaml:2:8: `title` is empty",
        "own.yaml:4:11: `Hudson` has capitals (write `hudson`",
        "own.yaml:4:19: `*` fits everything",
        "own.yaml:5:3: unknown key `host` (did you mean `hosts`?)",
        "own.yaml:6:20: there is no form of credential `pat`",
        "nothing is said by which the system is known",
        "own.yaml:4:11: `*.*` fits every host",
    ] {
        assert!(told.contains(what), "{what}\n\n{told}");
    }
    assert_eq!(told.matches("nothing is said").count(), 2, "{told}");
}

/// What recognises something, best first.
fn recognised(resource: &Resource) -> Vec<(String, f64)> {
    let mut fitting: Vec<(String, f64)> = shipped()
        .iter()
        .map(|profile| (profile.id.clone(), score(&signals(resource, &profile.fingerprints))))
        .filter(|(_, score)| *score > 0.0)
        .collect();
    fitting.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    fitting
}

fn person(name: &str, mail: &str) -> Resource {
    let email = if mail.is_empty() { Fact::Unknown } else { known(mail) };
    let account_type = Fact::Known(PrincipalType::Person);
    let mut person = account("p", "accounts", Principal { account_type, email, ..Principal::default() });
    name.clone_into(&mut person.name);
    person
}

fn webhook(native: &str, address: &str) -> Resource {
    Resource {
        id: ResourceId::new("acme", Kind::Webhook, native),
        name: String::new(),
        seen_by: seen_by(&["webhooks"]),
        body: Body::Webhook(Webhook { address: known(address), ..Webhook::default() }),
    }
}

fn app(native: &str, key: &str) -> Resource {
    Resource {
        id: ResourceId::new("acme", Kind::App, native),
        name: "An app".to_owned(),
        seen_by: seen_by(&["apps"]),
        body: Body::App(App { key: known(key), ..App::unknown(AppForm::InstalledApp) }),
    }
}

#[test]
fn every_profile_recognises_what_it_is_known_by() {
    let shipped = shipped();
    assert!(shipped.len() >= 40);
    for id in [
        "jira-align",
        "kiplot-cloud",
        "kiplot-dc",
        "jenkins",
        "gitlab",
        "github",
        "zapier",
        "slack",
        "servicenow",
        "power-bi",
        "terraform",
        "script",
    ] {
        assert!(shipped.iter().any(|profile| profile.id == id), "{id}");
    }
    for profile in &shipped {
        let filled = |pattern: &String| pattern.replace('*', "x");
        let known_by = &profile.fingerprints;
        let mut planted: Vec<Resource> = Vec::new();
        planted.extend(known_by.names.iter().map(|name| person(&format!("svc-{}-prod", filled(name)), "")));
        planted.extend(known_by.labels.iter().map(|label| token("t", &filled(label).to_uppercase(), |_| {})));
        planted.extend(known_by.mail_domains.iter().map(|domain| person("", &format!("acme@{}", filled(domain)))));
        planted.extend(known_by.hosts.iter().map(|host| webhook("w", &format!("https://{}", filled(host)))));
        planted.extend(known_by.app_keys.iter().map(|key| app("a", &filled(key))));
        for resource in planted {
            let fitting = recognised(&resource);
            assert!(fitting.iter().any(|(id, _)| *id == profile.id), "{}: {resource:?} {fitting:?}", profile.id);
        }
        assert!(!profile.note.is_empty(), "{}", profile.id);
    }
}

#[test]
fn what_people_call_their_machines_is_recognised() {
    for (name, id) in [
        ("svc-jira-align", "jira-align"),
        ("Jira Align Connector", "jira-align"),
        ("AgileCraft", "jira-align"),
        ("Kiplot Service Account", "kiplot-cloud"),
        ("kiplot_integration", "kiplot-dc"),
        ("jenkins2", "jenkins"),
        ("GitLab Bot", "gitlab"),
        ("Power BI", "power-bi"),
        ("ServiceNow Bridge", "servicenow"),
        ("renovate-bot", "renovate"),
        ("Jira-SF Integration User", "salesforce"),
    ] {
        assert!(recognised(&person(name, "")).iter().any(|(fitting, _)| fitting == id), "{name}");
    }
    for (address, id) in [
        ("https://hooks.zapier.com", "zapier"),
        ("https://hook.eu2.make.com", "make"),
        ("https://hooks.slack.com", "slack"),
        ("https://acme.service-now.com", "servicenow"),
        ("https://acme.webhook.office.com", "teams"),
        ("https://acme.jiraalign.com", "jira-align"),
    ] {
        assert_eq!(recognised(&webhook("w", address)), [(id.to_owned(), 0.9)], "{address}");
    }
    assert_eq!(recognised(&app("a", "gitlab-jira-connect-gitlab.com"))[0].0, "gitlab");
    assert_eq!(recognised(&app("a", "com.tempoplugin.tempo-teams"))[0].0, "tempo");
}

#[test]
fn look_alikes_are_not_recognised() {
    for (name, mail) in [
        ("alignment-team", "alignment-team@acme.example"),
        ("Make", "make@acme.example"),
        ("Mark", "mark@acme.example"),
        ("Mark Smith", "mark.smith@acme.example"),
        ("Mara Bauer-Jenkins", "mara.bauer-jenkins@acme.example"),
        ("Tom Jenkins", "tom.jenkins@acme.example"),
        ("Tom Jenkins", "tjenkins@acme.example"),
        ("Ann Slack", "ann.slack@acme.example"),
        ("Joe Sentry", ""),
        ("Structure Group", "structure@acme.example"),
        ("Snow White", "snow.white@acme.example"),
        ("Aha", "aha@acme.example"),
        ("C1 Testing", ""),
        ("teams", "teams@acme.example"),
        ("Kipling", "kipling@notkiplot.com"),
    ] {
        assert!(recognised(&person(name, mail)).is_empty(), "{name}: {:?}", recognised(&person(name, mail)));
    }
    for label in
        ["makefile", "alignment", "my laptop", "mark", "make", "tray", "docs", "snowboard", "jenkinson", "transcript"]
    {
        assert!(recognised(&token("t", label, |_| {})).is_empty(), "{label}");
    }
    for address in [
        "https://hooks.slack.com.evil.example",
        "https://myhooks.zapier.com.example",
        "https://notkiplot.com",
        "https://hook.acme.example",
    ] {
        assert!(recognised(&webhook("w", address)).is_empty(), "{address}");
    }
}

/// Everything that the checks lean on was read whole.
fn ledger() -> Vec<LedgerEntry> {
    let shows = |endpoint: &str, shows: &[Kind]| LedgerEntry { shows: shows.to_vec(), ..whole(endpoint) };
    vec![
        shows("accounts", &[Kind::Principal]),
        shows("tokens", &[Kind::Credential]),
        shows("webhooks", &[Kind::Webhook]),
        shows("apps", &[Kind::App]),
    ]
}

/// The same, with one endpoint that was refused.
fn refused(endpoint: &str) -> Vec<LedgerEntry> {
    let refuse = |one: LedgerEntry| match &*one.endpoint == endpoint {
        true => LedgerEntry {
            shows: one.shows,
            reason: "refused with 403".to_owned(),
            ..entry(endpoint, EndpointState::Denied)
        },
        false => one,
    };
    ledger().into_iter().map(refuse).collect()
}

fn machine(native: &str, name: &str) -> Resource {
    let body =
        Principal { status: known("active"), username: known(native), email: Fact::Absent, ..Principal::default() };
    let mut machine = account(native, "accounts", body);
    name.clone_into(&mut machine.name);
    machine
}

fn token_of(owner: &str, native: &str, label: &str, set: impl FnOnce(&mut Credential)) -> Resource {
    token(native, label, |credential| {
        credential.owner = Fact::Known(account_id(owner));
        credential.created_at = Fact::Known("2026-01-01T00:00:00Z".parse().unwrap());
        credential.expires_at = Fact::Known("2026-12-01T00:00:00Z".parse().unwrap());
        set(credential);
    })
}

fn checked(yaml: &str, resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Report {
    let mut all = register(yaml);
    all.extend(resources);
    let snapshot = snapshot(all, ledger);
    check(&Inventory::new(&snapshot), &shipped())
}

fn whats(report: &Report) -> Vec<What> {
    report.differences.iter().map(|difference| difference.what).collect()
}

const JENKINS: &str = "integrations:\n  - id: jenkins\n    system: jenkins\n    accounts: [svc-jenkins]\n";

#[test]
fn what_is_as_declared_leaves_nothing_to_say() {
    let resources = vec![
        machine("svc-jenkins", "Jenkins"),
        token_of("svc-jenkins", "t", "jenkins", |_| {}),
        person("Mara Bauer-Jenkins", "mara.bauer-jenkins@acme.example"),
    ];
    let report = checked(JENKINS, resources, ledger());
    assert!(report.differences.is_empty() && report.open.is_empty(), "{report:?}");
    assert_eq!(report.declared, 1);
}

#[test]
fn a_missing_account_is_told_and_one_behind_a_gap_is_not() {
    let report = checked(JENKINS, vec![], ledger());
    assert_eq!(whats(&report), [What::MissingAccount]);
    assert!(report.open.is_empty());
    let report = checked(JENKINS, vec![], refused("accounts"));
    assert!(report.differences.is_empty(), "{report:?}");
    let open = report.open.iter().find(|open| open.question.contains("svc-jenkins")).unwrap();
    assert_eq!(open.because, ["accounts of acme: denied, refused with 403"]);
    assert!(report.leaves_questions());
    let report = checked(JENKINS, vec![], Vec::new());
    assert!(report.differences.is_empty() && report.leaves_questions(), "{report:?}");
    let mut accepted = refused("accounts");
    accepted[0].declared = Some("known".to_owned());
    let report = checked(JENKINS, vec![], accepted);
    assert!(!report.open.is_empty() && !report.leaves_questions(), "an accepted gap stays told and does not count");
}

#[test]
fn an_account_whose_mail_may_be_hidden_is_not_called_missing() {
    let yaml = "integrations:\n  - { id: a, accounts: [ci@acme.example] }\n";
    let hidden = account("x", "accounts", Principal { status: known("active"), ..Principal::default() });
    let report = checked(yaml, vec![hidden], ledger());
    assert!(report.differences.is_empty(), "{report:?}");
    assert!(report.open[0].because[0].contains("1 account hides its mail address"), "{report:?}");
    let yaml = "integrations:\n  - { id: a, accounts: [{ name: ci, source: acme-jira }] }\n";
    let report = checked(yaml, vec![machine("ci", "ci")], ledger());
    assert!(report.open[0].because[0].contains("no source `acme-jira` was scanned"), "{report:?}");
}

#[test]
fn renamed_inactive_ambiguous_and_shared_accounts_are_told() {
    let yaml = "integrations:\n  - { id: a, accounts: [{ name: old-name, id: x1 }] }\n  - { id: b, accounts: [new-name] }\n  \
                - { id: c, accounts: [Twin] }\n  - { id: d, accounts: [gone] }\n  - { id: e, accounts: [{ name: gone, id: x9 }] }\n";
    let mut x1 = machine("new-name", "new-name");
    x1.id = account_id("x1");
    let mut gone = machine("gone", "gone");
    let Body::Principal(body) = &mut gone.body else { panic!() };
    body.status = known("deactivated");
    let resources = vec![x1, machine("t1", "Twin"), machine("t2", "Twin"), gone];
    let report = checked(yaml, resources, ledger());
    let told: Vec<(What, &str)> = report.differences.iter().map(|one| (one.what, one.message.as_str())).collect();
    let expected = [
        (What::RenamedAccount, "account “old-name” of integration `a` is called “new-name” now"),
        (What::SharedAccount, "integrations `a` and `b` share account “new-name”"),
        (
            What::AmbiguousAccount,
            "“Twin” of integration `c` fits 2 accounts of acme: add the `id` of the one that is meant",
        ),
        (What::InactiveAccount, "account “gone” of integration `d` is deactivated"),
        (
            What::MissingAccount,
            "account “gone” of integration `e` is not there; another one, with another id, bears the name",
        ),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_account_of_which_nobody_tells_the_status_is_a_question() {
    let yaml = "integrations:\n  - { id: a, accounts: [x] }\n";
    let report = checked(yaml, vec![account("x", "accounts", Principal::default())], ledger());
    assert!(report.differences.is_empty());
    assert!(report.open[0].question.contains("may log in"), "{report:?}");
}

#[test]
fn credentials_beyond_what_is_declared_are_told_and_hidden_ones_are_asked_for() {
    let yaml =
        "integrations:\n  - id: a\n    accounts: [svc-a]\n    credential_forms: [oauth-client]\n    longest_days: 90\n";
    let resources = vec![
        machine("svc-a", "svc-a"),
        token_of("svc-a", "t1", "nightly", |_| {}),
        token_of("svc-a", "t2", "for ever", |token| {
            token.form = CredentialForm::OauthClient;
            token.expires_at = Fact::Absent;
        }),
        token_of("svc-a", "t3", "past", |token| token.status = known("expired")),
        token_of("svc-a", "t4", "untold", |token| {
            token.form = CredentialForm::OauthClient;
            token.expires_at = Fact::Unknown;
        }),
    ];
    let report = checked(yaml, resources.clone(), ledger());
    let messages: Vec<&str> = report.differences.iter().map(|one| one.message.as_str()).collect();
    let expected = [
        "integration `a` has API token “nightly”, and may use oauth-client",
        "API token “nightly” of integration `a` lives for 334 days; 90 days are allowed",
        "OAuth client “for ever” of integration `a` never ends; 90 days are allowed",
    ];
    assert_eq!(messages, expected);
    assert_eq!(report.open.len(), 1, "{report:?}");
    assert!(report.open[0].because[0].contains("untold"));
    let report = checked(yaml, resources, refused("tokens"));
    assert!(report.open.iter().any(|open| open.question.contains("more credentials") && open.integrations == ["a"]));
}

/// A project with its own scheme, which gives the account these permissions.
fn jira_project(key: &str, account: &str, permissions: &[&str]) -> Vec<Resource> {
    let id = |kind, native: String| ResourceId::new("acme", kind, &native);
    let resource = |id, name: &str, body| Resource { id, name: name.to_owned(), seen_by: seen_by(&["projects"]), body };
    let scheme = id(Kind::Container, format!("permission-scheme:{key}"));
    let body = Container {
        key: known(key),
        permission_scheme: Fact::Known(scheme.clone()),
        ..Container::unknown(ContainerForm::Project)
    };
    let mut all = vec![
        resource(id(Kind::Container, format!("project:{key}")), key, Body::Container(body)),
        resource(scheme.clone(), key, Body::Container(Container::unknown(ContainerForm::PermissionScheme))),
    ];
    for permission in permissions {
        let mut grant = Grant::of(GrantForm::Permission, *permission, Holder::Principal);
        grant.principal = Fact::Known(account_id(account));
        grant.container = Fact::Known(scheme.clone());
        let id = id(Kind::Grant, format!("permission-scheme:{key}/{permission}"));
        all.push(resource(id, permission, Body::Grant(grant)));
    }
    all
}

#[test]
fn rights_beyond_the_declared_needs_and_short_of_them_are_told() {
    let yaml = "integrations:\n  - id: a\n    accounts: [svc-a]\n    containers: [pay, GONE]\n    \
                permissions: [BROWSE_PROJECTS, EDIT_ISSUES]\n";
    let mut resources = vec![machine("svc-a", "svc-a")];
    if let Body::Principal(body) = &mut resources[0].body {
        body.groups = Fact::Known(Vec::new());
    }
    resources.extend(jira_project("PAY", "svc-a", &["BROWSE_PROJECTS", "DELETE_ISSUES"]));
    resources.extend(jira_project("OPS", "svc-a", &["BROWSE_PROJECTS"]));
    resources.extend(jira_project("HR", "somebody", &["BROWSE_PROJECTS"]));
    let mut seen = ledger();
    seen.push(LedgerEntry { shows: vec![Kind::Container, Kind::Grant], ..whole("projects") });
    let report = checked(yaml, resources.clone(), seen.clone());
    let messages: Vec<&str> = report.differences.iter().map(|one| one.message.as_str()).collect();
    let expected = [
        "account “svc-a” of integration `a` has DELETE_ISSUES in PAY, which it does not need",
        "account “svc-a” of integration `a` lacks EDIT_ISSUES in PAY",
        "account “svc-a” of integration `a` has BROWSE_PROJECTS in OPS, where it is not declared to work",
        "integration `a` is declared to work in GONE, which is not there",
    ];
    assert_eq!(messages, expected);
    assert!(report.open.is_empty(), "{report:?}");
    // What was not read whole: what is there is told, and what is not is a question.
    let last = seen.len() - 1;
    seen[last].state = EndpointState::Partial;
    let report = checked(yaml, resources.clone(), seen.clone());
    assert_eq!(whats(&report), [What::PermissionNotNeeded, What::OutsideContainers]);
    let questions: Vec<&str> = report.open.iter().map(|open| open.question.as_str()).collect();
    assert_eq!(questions, ["what its accounts may do beyond what was seen", "whether GONE is there"]);
    // A gap that somebody accepted leaves the question, and counts no more.
    seen[last].declared = Some("known".to_owned());
    let report = checked(yaml, resources, seen);
    assert!(!report.open.is_empty() && !report.leaves_questions(), "{report:?}");
}

/// A space in which an account, or everybody, has permissions.
fn space(key: &str, permissions: &[(&str, Option<&str>)]) -> Vec<Resource> {
    let id = |kind, native: String| ResourceId::new("acme", kind, &native);
    let resource = |id, name: &str, body| Resource { id, name: name.to_owned(), seen_by: seen_by(&["spaces"]), body };
    let container = id(Kind::Container, format!("space:{key}"));
    let body = Container { key: known(key), ..Container::unknown(ContainerForm::Space) };
    let mut all = vec![resource(container.clone(), key, Body::Container(body))];
    for (permission, holder) in permissions {
        let sort = if holder.is_some() { Holder::Principal } else { Holder::LoggedIn };
        let mut grant = Grant::of(GrantForm::SpacePermission, *permission, sort);
        grant.principal = Fact::from_option(holder.map(account_id));
        grant.container = Fact::Known(container.clone());
        grant.permits = Fact::Known(vec![(*permission).to_owned()]);
        let native = format!("space:{key}/{permission}/{holder:?}");
        all.push(resource(id(Kind::Grant, native), permission, Body::Grant(grant)));
    }
    all
}

#[test]
fn spaces_are_compared_as_projects_are_and_the_sort_tells_them_apart() {
    let yaml = "integrations:\n  - id: a\n    accounts: [svc-a]\n    containers: [PAY, space: DOCS]\n    \
                permissions: [BROWSE_PROJECTS, read space, create page]\n";
    let mut resources = vec![machine("svc-a", "svc-a")];
    if let Body::Principal(body) = &mut resources[0].body {
        body.groups = Fact::Known(Vec::new());
    }
    resources.extend(jira_project("PAY", "svc-a", &["BROWSE_PROJECTS"]));
    let own = Some("svc-a");
    resources.extend(space("DOCS", &[("read space", own), ("delete page", own), ("create comment", None)]));
    resources.extend(space("HR", &[("read space", own)]));
    resources.extend(space("HOME", &[("read space", None)]));
    let mut seen = ledger();
    seen.push(LedgerEntry { shows: vec![Kind::Container, Kind::Grant], ..whole("projects") });
    seen.push(LedgerEntry { shows: vec![Kind::Container, Kind::Grant], ..whole("spaces") });
    let report = checked(yaml, resources, seen);
    let messages: Vec<&str> = report.differences.iter().map(|one| one.message.as_str()).collect();
    let expected = [
        "account “svc-a” of integration `a` has delete page in space:DOCS, which it does not need",
        "account “svc-a” of integration `a` lacks create page in space:DOCS",
        "account “svc-a” of integration `a` has read space in space:HR, where it is not declared to work",
    ];
    assert_eq!(messages, expected, "what everybody may do is not too much");
    assert!(report.open.is_empty(), "{report:?}");
}

#[test]
fn the_words_for_places_and_permissions_are_checked() {
    let text = "\
integrations:
  - id: a
    containers: [PAY, 'space:DOCS', { repository: acme/api }, '~557058:2f5a']
    permissions: [BROWSE_PROJECTS, read space, write, REPO_ADMIN, com.acme.app__approve]
";
    let own = integration(text);
    let places = ["PAY", "repository:acme/api", "space:DOCS", "~557058:2f5a"];
    assert_eq!(own.containers, Fact::Known(places.map(str::to_owned).to_vec()));
    let text = "\
integrations:
  - id: a
    containers: [spcae:DOCS, { space: DOCS, project: PAY }, 'wiki:X', 'space:', { space: HR }, 'space:HR']
    permissions: [browse_projects, REPO_FLY]
";
    let told = told(text);
    for (place, what) in [
        ("3:18", "`spcae` is no sort of place (did you mean `space`?)"),
        ("3:32", "`containers` has an entry that names several places (write each place as an entry of its own"),
        ("3:61", "`wiki` is no sort of place (sorts are project, space, workspace, repository-project, repository)"),
        ("3:71", "`containers` names no space"),
        ("3:96", "`space:HR` comes twice in `containers`"),
        ("4:19", "there is no permission `browse_projects` (did you mean `BROWSE_PROJECTS`?)"),
        ("4:36", "there is no permission `REPO_FLY` (those of Bitbucket servers are REPO_READ"),
    ] {
        assert!(told.contains(&format!("integrations.yaml:{place}: {what}")), "{place}: {what}\n\n{told}");
    }
}

#[test]
fn a_token_that_ended_says_nothing_any_more() {
    let ended =
        token_of("p", "t", "jenkins", |token| token.expires_at = Fact::Known(night(1) - chrono::TimeDelta::days(1)));
    let report = checked("integrations: []\n", vec![person("Ada Muster", "ada.muster@acme.example"), ended], ledger());
    assert!(report.differences.is_empty(), "{report:?}");
}

#[test]
fn gaps_of_other_products_leave_nothing_open_about_an_account_of_this_one() {
    let yaml = "integrations:\n  - id: a\n    accounts: [svc-a]\n    credential_forms: [api-token]\n";
    let mut elsewhere = account("z", "accounts", Principal::default());
    elsewhere.id = ResourceId::new("wiki", Kind::Principal, "z");
    elsewhere.seen_by = vec![Sighting { source: "wiki".into(), endpoint: "users".into() }];
    let mut entries = ledger();
    entries.push(LedgerEntry {
        source: "wiki".into(),
        shows: vec![Kind::Credential],
        ..entry("wiki tokens", EndpointState::Failed)
    });
    let report = checked(yaml, vec![machine("svc-a", "svc-a"), elsewhere], entries);
    assert!(report.open.iter().all(|open| open.integrations.is_empty()), "{report:?}");
    assert!(report.leaves_questions(), "systems that nobody declared may be behind it all the same");
}

#[test]
fn webhooks_go_where_somebody_said_they_would() {
    let yaml = "integrations:\n  - { id: chat, system: slack }\n  - { id: kip, system: kiplot-cloud }\n  \
                - { id: own, system: zapier, webhook_hosts: ['ci.acme.example:8443'] }\n";
    let off = |mut hook: Resource| {
        if let Body::Webhook(body) = &mut hook.body {
            body.enabled = Fact::Known(false);
        }
        hook
    };
    let hooks = vec![
        webhook("1", "https://hooks.slack.com"),
        webhook("2", "https://acme.kiplot.com"),
        webhook("3", "https://ci.acme.example:8443"),
        webhook("4", "https://ci.acme.example"),
        webhook("4b", "https://ci.acme.example"),
        webhook("5", "https://hooks.zapier.com"),
        off(webhook("6", "https://webhook.site")),
    ];
    let report = checked(yaml, hooks, ledger());
    let messages: Vec<&str> = report.differences.iter().map(|one| one.message.as_str()).collect();
    let expected = [
        "webhook “5” sends to hooks.zapier.com, which integration `own` does not name",
        "2 webhooks send to ci.acme.example, which no integration names",
    ];
    assert_eq!(messages, expected);
    let mut untold = webhook("7", "");
    untold.body = Body::Webhook(Webhook::default());
    let report = checked(yaml, vec![untold], ledger());
    assert!(report.open[0].because[0].contains("1 address of a webhook was not told"), "{report:?}");
    let report = checked(yaml, vec![], refused("webhooks"));
    assert!(report.open[0].question.contains("more webhooks"), "{report:?}");
}

#[test]
fn systems_that_nobody_declared_are_told_with_their_evidence() {
    let resources = vec![
        machine("svc-jenkins", "Jenkins"),
        machine("jenkins-two", "jenkins-two"),
        person("Ada Muster", "ada.muster@acme.example"),
        token_of("p", "t1", "Zapier", |_| {}),
        token_of("svc-jenkins", "t2", "gitlab", |_| {}),
        machine("svc-batch", "svc-batch"),
        token_of("svc-batch", "t3", "x", |_| {}),
        machine("svc-idle", "svc-idle"),
        app("a1", "is.origo.jira.tempo-plugin"),
        webhook("w1", "https://hooks.slack.com"),
    ];
    let report = checked(JENKINS, resources, ledger());
    let told: Vec<(&str, Option<f64>)> =
        report.differences.iter().map(|one| (one.message.as_str(), one.score)).collect();
    let expected = [
        ("account “jenkins-two” shows signs of Jenkins, and integration `jenkins` does not name it", Some(0.6)),
        (
            "account “Jenkins” of integration `jenkins` shows signs of GitLab, which that is not declared to be",
            Some(0.7),
        ),
        ("webhook “w1” sends to hooks.slack.com, which no integration names", None),
        ("webhook “w1” fits Slack, which no integration declares", Some(0.9)),
        ("app “An app” fits Tempo, which no integration declares", Some(1.0)),
        ("account “Ada Muster” shows signs of Zapier, which no integration declares", Some(0.7)),
        ("account “svc-batch” is for a machine, holds 1 credential, and no integration runs on it", None),
    ];
    for line in expected {
        assert!(told.contains(&line), "{line:?} is missing in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    let zapier = report.differences.iter().find(|one| one.system.as_deref() == Some("zapier")).unwrap();
    let evidence = [
        "whole label of API token “Zapier” fits `zapier`: Zapier (weight 0.7)",
        "account “Ada Muster” looks like a person's account",
    ];
    assert_eq!(zapier.evidence, evidence);
    assert_eq!(zapier.resources, ["acme/credential/t1", "acme/principal/p"]);
}

#[test]
fn an_app_in_several_products_and_its_account_are_one() {
    let mut of_app = machine("tempo", "Tempo Timesheets");
    if let Body::Principal(body) = &mut of_app.body {
        body.account_type = Fact::Known(PrincipalType::App);
    }
    let apps = vec![app("a1", "is.origo.jira.tempo-plugin"), app("a2", "com.tempoplugin.tempo-teams"), of_app];
    let report = checked("integrations: []\n", apps.clone(), ledger());
    assert_eq!(report.differences.len(), 1, "{report:#?}");
    assert_eq!(report.differences[0].resources, ["acme/app/a1", "acme/app/a2", "acme/principal/tempo"]);
    let declared = "integrations:\n  - { id: tempo, system: tempo }\n";
    assert!(checked(declared, apps, ledger()).differences.is_empty(), "an app needs no account to be declared");
}

#[test]
fn the_source_shows_what_the_file_declares_and_its_mistakes_are_those_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("own")).unwrap();
    fs::write(path("own/mainframe.yaml"), "id: mainframe\ntitle: Mainframe\nfingerprints:\n  names: [zos]\n").unwrap();
    fs::write(path("integrations.yaml"), "integrations:\n  - { id: m, system: mainframe }\n").unwrap();
    let section =
        |yaml: &str| keyroll::document::parse(&SourceText::new(path("keyroll.yaml").to_str().unwrap(), yaml)).unwrap();
    let found = declared(section("file: integrations.yaml\nprofiles: [own]\n")).unwrap();
    let collection = collection(&"reg".into(), &found, &keyroll::clock::FixedClock::at(night(1)));
    assert_eq!(collection.resources[0].id.as_str(), "register/integration/m");
    let entry = &collection.ledger[0];
    assert_eq!((entry.endpoint.as_ref(), entry.path.as_str()), ("integrations", "FILE integrations.yaml"));
    assert_eq!((entry.state, entry.rows, entry.rows_expected), (EndpointState::Complete, 1, Some(1)));
    assert_eq!(collection.resources[0].seen_by[0].endpoint.as_ref(), "integrations");

    let told = |yaml: &str| declared(section(yaml)).unwrap_err().to_string();
    assert!(told("profiles: [own]\n").contains("`file` is missing"));
    let both = told("file: nowhere.yaml\nprofiles: [nothing]\n");
    assert!(both.contains("nowhere.yaml`") && both.contains("cannot read the folder `nothing`"), "{both}");
    assert!(told("file: integrations.yaml\n").contains("there is no profile of a system `mainframe`"));
    fs::write(path("integrations.yaml"), b"integrations:\n  - { id: \xff }\n").unwrap();
    assert!(told("file: integrations.yaml\n").contains("cannot read"));
}

#[test]
fn kiplot_is_told_apart_by_where_it_is_and_counts_once() {
    let mut cloud = machine("k", "Kiplot Service Account");
    cloud.id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, "k");
    let own = machine("kiplot_integration", "kiplot_integration");
    let pat = token_of("kiplot_integration", "t", "kiplot", |token| token.form = CredentialForm::PersonalAccessToken);
    let report = checked("integrations: []\n", vec![cloud, own, pat], ledger());
    let systems: Vec<&str> = report.differences.iter().filter_map(|one| one.system.as_deref()).collect();
    assert_eq!(systems, ["kiplot-cloud", "kiplot-dc"], "{report:#?}");
}

fn estate() -> Vec<Resource> {
    vec![
        machine("svc-jenkins", "Jenkins"),
        token_of("svc-jenkins", "t0", "jenkins", |_| {}),
        person("Ada Muster", "ada.muster@acme.example"),
        token_of("p", "t1", "Zapier", |_| {}),
        machine("svc-batch", "svc-batch"),
        token_of("svc-batch", "t3", "x", |_| {}),
        app("a1", "is.origo.jira.tempo-plugin"),
        webhook("w1", "https://jenkins.acme.example"),
        webhook("w2", "https://acme.kiplot.com"),
    ]
}

#[test]
fn a_draft_is_a_register_with_which_nothing_is_undeclared() {
    let seen = snapshot(estate(), ledger());
    let text = draft(&Inventory::new(&seen), &shipped());
    assert_eq!(text, draft(&Inventory::new(&seen), &shipped()), "the same snapshot gives the same bytes");
    for line in [
        "# 5 entries proposed.",
        "  # score 0.88: account “Jenkins”",
        "  #   whole label of API token “jenkins” fits `jenkins`: jenkins (weight 0.7)",
        "  - id: \"svc-jenkins\"",
        "      - { name: \"svc-jenkins\", id: \"acme/principal/svc-jenkins\" }",
        "  - id: \"zapier-ada-muster\"",
        "  # an integration should not run on a person's account: move it, then name the new one here",
        "  - id: \"machine-svc-batch\"",
        "    webhook_hosts: [\"acme.kiplot.com\"]",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n\n{text}");
    }
    let mut all = register(&text);
    assert_eq!(all.len(), 5, "{text}");
    all.extend(estate());
    let seen = snapshot(all, ledger());
    let report = check(&Inventory::new(&seen), &shipped());
    let systems: Vec<What> =
        whats(&report).into_iter().filter(|what| matches!(what, What::Undeclared | What::UndeclaredMachine)).collect();
    assert!(systems.is_empty(), "{report:#?}");
    assert!(!whats(&report).contains(&What::MissingAccount), "{report:#?}");
    let again = draft(&Inventory::new(&seen), &shipped());
    assert!(again.contains("integrations: []") && again.contains("declares it already: 5"), "{again}");
}

#[test]
fn a_draft_says_what_it_could_not_see() {
    let seen = snapshot(vec![], refused("tokens"));
    let text = draft(&Inventory::new(&seen), &shipped());
    assert!(
        text.contains("# There may be more. Not read whole:\n#   tokens of acme: denied, refused with 403\n"),
        "{text}"
    );
    assert!(register(&text).is_empty());
}

/// Names as somebody would choose them who wants to write into the register.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\n- id: evil",
        "\"",
        "'",
        "\\",
        "#",
        ": ",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{feff}",
        "\0",
        "\u{7f}",
        "*x",
        "&x",
        "!!int",
        "${HOME}",
        "{{ x }}",
        "---",
        "...",
        "%YAML",
        "\t",
        "\r\n",
        "null",
        "~",
        "yes",
        "1e3",
        "<<",
        "@",
        "`",
        "jenkins",
        "zapier",
        " ",
        "\u{fffe}",
        "😀",
        "日本",
        "]}",
    ]);
    let part = prop_oneof![nasty.prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_name_in_the_estate_can_write_into_a_draft(
        name in hostile(), username in hostile(), label in hostile(), mail in hostile(), host in hostile(), native in hostile(),
    ) {
        let mut machine = machine("svc-jenkins", &format!("svc-jenkins {name}"));
        machine.id = ResourceId::new("acme", Kind::Principal, &format!("x{native}"));
        let id = machine.id.clone();
        if let Body::Principal(body) = &mut machine.body {
            body.username = known(&username);
            body.email = known(&format!("{mail}@kiplot.com"));
        }
        let resources = vec![
            machine,
            token("t", &format!("jenkins {label}"), |token| token.owner = Fact::Known(id)),
            webhook("w", &format!("https://{host}.kiplot.com")),
            webhook(&format!("w{native}"), &format!("https://{host}")),
        ];
        let seen = snapshot(resources, ledger());
        let text = draft(&Inventory::new(&seen), &shipped());
        let file = SourceText::new("integrations.yaml", &text);
        let entries = read(&file, &shipped()).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        let proposed = text.lines().filter(|line| line.starts_with("  - id: ")).count();
        prop_assert_eq!(entries.len(), proposed, "{}", text);
        prop_assert!(entries.iter().all(|entry| !entry.id.native().contains("evil") || username.contains("evil") || name.contains("evil")));
        for entry in &entries {
            let Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) = &entry.body else { continue };
            for account in accounts {
                prop_assert_eq!(resolved(&seen, account), 1, "{:?}\n{}", account, text);
            }
        }
    }

    #[test]
    fn no_register_makes_the_reader_panic(text in "(integrations:\n)?([ -]{0,4}(id|name|system|accounts|owner|review_at|webhook_hosts|longest_days): ?[\\[\\]{}*a-z0-9\"':@., -]{0,20}\n){0,8}") {
        drop(read(&SourceText::new("x.yaml", &text), &shipped()));
    }
}

fn resolved(snapshot: &Snapshot, account: &DeclaredAccount) -> usize {
    keyroll::inventory::resolve(&Inventory::new(snapshot), account).len()
}

fn add_register(folder: &Path, register: &str) {
    let path = folder.join("keyroll-demo/keyroll.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let source = "sources:\n  - name: register\n    type: register\n    file: integrations.yaml\n";
    fs::write(&path, text.replacen("sources:\n", source, 1)).unwrap();
    fs::write(folder.join("keyroll-demo/integrations.yaml"), register).unwrap();
}

#[test]
fn the_commands_work_on_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let config = ["--config", "keyroll-demo/keyroll.yaml"];
    let run = |arguments: &[&str]| keyroll(folder.path(), &[&config[..], arguments].concat());
    assert_eq!(keyroll(folder.path(), &["demo", "--nights", "2", "--accounts", "200"]).code, 0);
    let none = run(&["register", "check"]);
    assert!(none.code == 1 && none.err.contains("keyroll register draft --out"), "{}", none.err);
    let proposed = run(&["register", "draft"]);
    assert_eq!(proposed.code, 0, "{}", proposed.err);
    assert!(
        proposed.out.contains("system: \"jenkins\"") && proposed.out.contains("looks like a person's account"),
        "{}",
        proposed.out
    );
    assert_eq!(run(&["register", "draft", "--out", "draft.yaml"]).code, 0);
    assert_eq!(fs::read_to_string(folder.path().join("draft.yaml")).unwrap(), proposed.out);
    fs::write(folder.path().join("draft.yaml"), "mine").unwrap();
    let again = run(&["register", "draft", "--out", "draft.yaml"]);
    assert!(again.code == 1 && again.err.contains("what is there is kept"), "{}", again.err);
    assert_eq!(fs::read_to_string(folder.path().join("draft.yaml")).unwrap(), "mine");

    add_register(folder.path(), "integrations: []\n");
    let all = run(&["register", "check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&all.out).unwrap();
    let differences = report["differences"].as_array().unwrap();
    assert!(differences.iter().any(|one| one["system"] == "jenkins"), "{}", all.out);
    assert!(all.code == 30 || all.code == 10, "{} {}", all.code, all.err);
    fs::write(folder.path().join("keyroll-demo/integrations.yaml"), &proposed.out).unwrap();
    let rest = run(&["register", "check", "--format", "json"]);
    assert!(!rest.out.contains("\"what\": \"undeclared"), "{}", rest.out);
    assert!(!rest.out.contains("\"what\": \"missing-account"), "{}", rest.out);
    assert!(run(&["register", "check"]).out.contains("declared"));
    fs::write(folder.path().join("keyroll-demo/integrations.yaml"), "integrations:\n  - { id: a, sytem: jenkins }\n")
        .unwrap();
    let mistaken = run(&["register", "check"]);
    assert!(mistaken.code == 3 && mistaken.err.contains("did you mean `system`?"), "{}", mistaken.err);
}
