//! Rules as a whole: loading, judging, settings and cases, on a small estate.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::document;
use crate::model::{
    Body, Collection, Credential, CredentialForm, EndpointState, Fact, Kind, LedgerEntry, Outcome, Resource,
    ResourceId, Severity, Snapshot, Unseen, What, sample,
};

const EXPIRY: &str = r#"id: token-without-expiry
version: 1
title: API token never expires
severity: high
severity_when:
  - if: owner.is_admin
    then: critical
applies_to: credential
scope: credential.form == "api-token" && credential.status == "active"
require: credential.expires_at != null && days_until(credential.expires_at) <= params.max_age_days
message: "API token “{{ credential.name }}” of {{ owner.name }} ends {{ credential.expires_at }}"
params:
  max_age_days: { type: int, default: 365, min: 1, max: 3650, about: "Longest life, in days" }
controls: [soc2:CC6.1]
why: Whoever finds it signs in as its owner.
fix: Revoke the token. Make one with an end.
verify: Look at the list of tokens.
cases:
  - name: no end
    given: { form: api-token, status: active, expires_at: null, name: ci }
    with: { owner: { platform_roles: [atlassian/org-admin], name: Ada } }
    expect: fail
    severity: critical
  - name: an end
    given: { form: api-token, status: active, expires_at: in 30 days }
    expect: pass
  - name: a short leash
    given: { form: api-token, status: active, expires_at: in 30 days }
    params: { max_age_days: 7 }
    expect: fail
    severity: high
  - name: another form
    given: { form: oauth-client, status: active }
    expect: not-applicable
  - name: not told
    given: { form: api-token, status: active }
    expect: unknown
"#;

const WIDENED: &str = r#"id: scopes-widened
version: 1
title: A credential can do more than before
severity: medium
applies_to: change
of: credential
scope: change.what == "changed" && "scopes" in change.fields
require: credential.scopes.all(s, s in before.scopes)
message: "{{ credential.name }} gained scopes; it has {{ credential.scopes }}"
why: More rights than somebody agreed to.
fix: Take the scopes away.
verify: Compare.
cases:
  - name: one more
    what: changed
    before: { form: api-token, scopes: [read] }
    given: { form: api-token, scopes: [read, write] }
    expect: fail
  - name: one fewer
    what: changed
    before: { form: api-token, scopes: [read, write] }
    given: { form: api-token, scopes: [read] }
    expect: pass
  - name: new
    what: added
    given: { form: api-token, scopes: [read] }
    expect: not-applicable
"#;

fn now() -> DateTime<Utc> {
    cases::case_time()
}

fn file(text: &str) -> SourceText {
    let id = text.split(['\n', ' ']).nth(1).unwrap();
    SourceText::new(&format!("rules/{id}.yaml"), text)
}

fn frameworks() -> Vec<Framework> {
    let text = "id: soc2\ntitle: SOC 2\nversion: '2017'\nabout: Trust\ncontrols:\n  - { id: CC6.1, title: Access }\n";
    vec![Framework::read(&SourceText::new("soc2.yaml", text)).unwrap()]
}

fn load(texts: &[&str]) -> Result<RuleSet, Problems> {
    let files: Vec<SourceText> = texts.iter().map(|text| file(text)).collect();
    RuleSet::load(&files, &frameworks(), &Overrides::default())
}

fn overrides(text: &str) -> Overrides {
    Overrides::read(document::parse(&SourceText::new("keyroll.yaml", text)).unwrap()).unwrap()
}

fn with_settings(text: &str, settings: &str) -> Result<RuleSet, Problems> {
    RuleSet::load(&[file(text)], &frameworks(), &overrides(settings))
}

fn told(result: Result<RuleSet, Problems>) -> String {
    match result {
        Ok(_) => panic!("nothing was wrong"),
        Err(problems) => problems.to_string(),
    }
}

fn token(native: &str, change: impl FnOnce(&mut Credential)) -> Resource {
    let mut body = Credential::unknown(CredentialForm::ApiToken);
    body.status = Fact::Known("active".to_owned());
    change(&mut body);
    let id = ResourceId::new("atlassian", Kind::Credential, native);
    Resource { id, name: native.to_owned(), seen_by: Vec::new(), body: Body::Credential(body) }
}

fn entry(endpoint: &str, shows: &[Kind], state: EndpointState) -> LedgerEntry {
    LedgerEntry {
        source: "acme-org".into(),
        endpoint: endpoint.into(),
        path: "GET /x".to_owned(),
        shows: shows.to_vec(),
        forms: Vec::new(),
        visible_only: false,
        state,
        reason: if state == EndpointState::Complete { String::new() } else { "refused with 403".to_owned() },
        right: "read".to_owned(),
        declared: None,
        requests: 1,
        pages: 1,
        rows: 1,
        rows_expected: None,
        last_cursor: None,
        watermark: None,
        statuses: BTreeMap::new(),
        retries: 0,
        unreadable: Vec::new(),
        started_at: now(),
        ended_at: now(),
    }
}

fn seal(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger }])
}

#[test]
fn the_cases_of_both_rules_hold() {
    let set = load(&[EXPIRY, WIDENED]).unwrap_or_else(|problems| panic!("{problems}"));
    for result in set.run_cases() {
        assert!(result.passed(), "{} “{}”: {}", result.rule, result.name, result.said());
    }
    assert_eq!(set.run_cases().len(), 8);
    assert_eq!(set.run_cases()[0].line, 14);
}

#[test]
fn a_case_that_does_not_hold_says_what_the_rule_says() {
    let text = EXPIRY.replace("expect: unknown", "expect: pass").replace("severity: critical", "severity: low");
    let results = load(&[&text]).unwrap().run_cases();
    let failed: Vec<String> = results.iter().filter(|result| !result.passed()).map(CaseResult::said).collect();
    assert_eq!(
        failed,
        [
            "fail, critical: API token “ci” of Ada ends none",
            "unknown: `credential.expires_at` is not known: the source does not reveal it"
        ]
    );
}

#[test]
fn verdicts_and_tallies_tell_failures_gaps_and_what_nobody_saw() {
    let ada = ResourceId::new("atlassian", Kind::Principal, "ada");
    let resources = vec![
        token("b-endless", |token| {
            token.expires_at = Fact::Absent;
            token.owner = Fact::Known(ada.clone());
        }),
        token("a-untold", |_| {}),
        token("c-fine", |token| token.expires_at = Fact::Known(now() + TimeDelta::days(3))),
        sample::setting(),
    ];
    let ledger = vec![
        entry("user API tokens", &[Kind::Credential], EndpointState::Complete),
        entry("organisation keys", &[Kind::Credential], EndpointState::Denied),
        entry("accounts", &[Kind::Principal], EndpointState::Denied),
    ];
    let snapshot = seal(resources, ledger);
    let inventory = Inventory::new(&snapshot);
    let set = load(&[EXPIRY]).unwrap();
    let evaluation = set.evaluate(&inventory, &[], now());
    let tally = &evaluation.tallies[set.rules()[0].id()];
    assert_eq!((tally.pass, tally.fail, tally.unknown, tally.not_applicable), (1, 1, 1, 0));
    let unseen: Vec<String> = tally.unseen.iter().map(|gap| format!("{}: {}", gap.endpoint, gap.reason)).collect();
    assert_eq!(unseen, ["organisation keys: denied, refused with 403"]);
    let shown: Vec<String> = evaluation
        .verdicts
        .iter()
        .map(|verdict| match &verdict.outcome {
            Outcome::Fail(failure) => format!("{:?} {} {:?}", failure.severity, failure.message, failure.owner),
            Outcome::Unknown(reason) => reason.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "`credential.expires_at` is not known: the source does not reveal it, or it is behind a gap: organisation keys of acme-org: denied, refused with 403",
            "High API token “b-endless” of unknown ends none Some(\"ada\")",
        ]
    );
    assert_eq!(tally.unknown_reasons.values().sum::<usize>(), 1);
}

#[test]
fn a_kind_that_no_source_shows_is_never_a_silent_pass() {
    let snapshot = seal(Vec::new(), Vec::new());
    let evaluation = load(&[EXPIRY]).unwrap().evaluate(&Inventory::new(&snapshot), &[], now());
    let tally = evaluation.tallies.values().next().unwrap();
    assert!(!tally.is_whole());
    assert_eq!(tally.unseen, [Unseen::nowhere("API tokens")]);
}

#[test]
fn many_resources_are_judged_alike_on_any_number_of_processors() {
    let resources = (0..12_000)
        .map(|number| {
            token(&format!("{number:05}"), |token| {
                token.expires_at = if number % 3 == 0 { Fact::Absent } else { Fact::Unknown };
            })
        })
        .collect();
    let snapshot = seal(resources, Vec::new());
    let evaluation = load(&[EXPIRY]).unwrap().evaluate(&Inventory::new(&snapshot), &[], now());
    assert_eq!(evaluation.verdicts.len(), 12_000);
    assert!(evaluation.verdicts.is_sorted_by_key(|verdict| (&verdict.rule, &verdict.resource)));
    let tally = evaluation.tallies.values().next().unwrap();
    assert_eq!((tally.fail, tally.unknown), (4_000, 8_000));
}

#[test]
fn changes_are_judged_as_they_are_and_removals_as_they_were() {
    let gone = WIDENED
        .replace("scopes-widened", "token-gone")
        .replace(r#"change.what == "changed" && "scopes" in change.fields"#, r#"change.what == "removed""#)
        .replace("credential.scopes.all(s, s in before.scopes)", r#"credential.status != "active""#);
    let gone = gone.split("cases:").next().unwrap().to_owned()
        + "cases:\n  - { name: a, what: removed, before: { form: api-token, status: active }, expect: fail }\n  \
           - { name: b, what: removed, before: { form: api-token, status: blocked }, expect: pass }\n";
    let set = load(&[&gone, WIDENED]).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(set.run_cases().iter().all(CaseResult::passed));
    let change = |what: What, native: &str, before: Option<Resource>| Change {
        what,
        resource: ResourceId::new("atlassian", Kind::Credential, native),
        name: native.to_owned(),
        fields: Vec::new(),
        replaces: None,
        reason: None,
        cause: None,
        before: before.map(Box::new),
    };
    let changes = [
        change(What::NotObserved, "b", Some(token("b", |_| {}))),
        change(What::Removed, "a", Some(token("a", |_| {}))),
    ];
    let snapshot = seal(Vec::new(), Vec::new());
    let evaluation = set.evaluate(&Inventory::new(&snapshot), &changes, now());
    assert_eq!(evaluation.verdicts.len(), 1);
    assert_eq!(evaluation.verdicts[0].resource.native(), "a");
    assert_eq!(evaluation.tallies[&"scopes-widened".into()].not_applicable, 1);
}

#[test]
fn settings_change_parameters_and_severity_or_switch_a_rule_off() {
    let plain = load(&[EXPIRY]).unwrap();
    let set = with_settings(EXPIRY, "token-without-expiry: { severity: low, params: { max_age_days: 1 } }\n").unwrap();
    assert_eq!(set.summaries()[0].severity, Severity::Low);
    assert_eq!(set.rules()[0].values()["max_age_days"], 1);
    assert_ne!(set.digest(), plain.digest());
    let resources = vec![token("t", |token| token.expires_at = Fact::Known(now() + TimeDelta::days(3)))];
    let snapshot = seal(resources, Vec::new());
    assert_eq!(set.evaluate(&Inventory::new(&snapshot), &[], now()).verdicts.len(), 1);
    assert_eq!(plain.evaluate(&Inventory::new(&snapshot), &[], now()).verdicts.len(), 0);
    let off = with_settings(EXPIRY, "token-without-expiry: { enabled: false }\n").unwrap();
    assert!(off.evaluate(&Inventory::new(&snapshot), &[], now()).tallies.is_empty());
    assert!(off.summaries().is_empty() && off.rules().len() == 1);
}

#[test]
fn mistakes_in_settings_point_into_the_file_they_are_in() {
    let settings = "token-without-expiry:\n  params: { max_age_days: 9999, max_age: 3 }\ntoken-without-expire: {}\n";
    assert_eq!(
        told(with_settings(EXPIRY, settings)),
        "keyroll.yaml:3:1: there is no rule `token-without-expire` (did you mean `token-without-expiry`?)\n\
         keyroll.yaml:2:27: `max_age_days` cannot be 9999 (it lies between 1 and 3650)\n\
         keyroll.yaml:2:33: the rule has no parameter `max_age` (it has max_age_days)"
    );
}

#[test]
fn a_rule_knows_what_it_needs() {
    let set = load(&[EXPIRY]).unwrap();
    let rule = &set.rules()[0];
    let needs: Vec<(&str, &str, bool)> =
        rule.needs().into_iter().map(|(path, field)| (path, field.type_name(), field.nullable)).collect();
    let expected = [
        ("credential.expires_at", "time", true),
        ("credential.form", "text", false),
        ("credential.status", "text", false),
    ];
    assert_eq!(needs, expected);
    assert!(rule.leans_on_any(&[Kind::Credential], &["api-token"]) && rule.leans_on_any(&[Kind::Credential], &[]));
    assert!(!rule.leans_on_any(&[Kind::Credential], &["deploy-key"]) && !rule.leans_on_any(&[Kind::Principal], &[]));
    let leans_on = |rule: &Rule, kind| rule.leans_on(&entry("list", &[kind], EndpointState::Denied));
    assert!(leans_on(rule, Kind::Credential) && !leans_on(rule, Kind::Principal));
    assert_eq!(rule.summary().remedy, "Revoke the token.");
    let through_owner = EXPIRY.replace(r#"credential.status == "active""#, "owner.is_admin");
    let set = load(&[&through_owner]).unwrap();
    let needed = Kind::ALL.into_iter().filter(|kind| leans_on(&set.rules()[0], *kind)).collect::<Vec<_>>();
    assert_eq!(needed, [Kind::Principal, Kind::Group, Kind::Credential]);
}

#[test]
fn one_id_in_two_files_is_a_mistake_unless_the_later_one_replaces() {
    let ours = SourceText::new("mine/token-without-expiry.yaml", &EXPIRY.replace("365", "30"));
    let both = [file(EXPIRY), ours.clone()];
    let clash = told(RuleSet::load(&both, &frameworks(), &Overrides::default()));
    assert!(
        clash.starts_with(
            "mine/token-without-expiry.yaml:1:5: rule `token-without-expiry` is already in \
             rules/token-without-expiry.yaml (give it another id, or add `replaces: token-without-expiry`"
        ),
        "{clash}"
    );
    let replacing = SourceText::new(&ours.name, &format!("replaces: token-without-expiry\n{}", ours.text));
    let set = RuleSet::load(&[file(EXPIRY), replacing.clone()], &frameworks(), &Overrides::default()).unwrap();
    assert_eq!(set.rules()[0].values()["max_age_days"], 30);
    let alone = told(RuleSet::load(&[replacing], &frameworks(), &Overrides::default()));
    assert!(alone.contains("there is no earlier rule `token-without-expiry` to replace"), "{alone}");
}

#[test]
fn a_rule_without_proof_or_with_unknown_controls_is_refused() {
    let text = EXPIRY.replace("expect: pass", "expect: unknown").replace("soc2:CC6.1", "soc2:CC6.2, iso:A.1");
    let problems = told(load(&[&text]));
    assert!(problems.contains("has no case that is expected to pass"), "{problems}");
    assert!(problems.contains("SOC 2 has no control `CC6.2` (did you mean `soc2:CC6.1`?)"), "{problems}");
    assert!(problems.contains("there is no catalogue of framework `iso` (there are soc2)"), "{problems}");
    let misnamed = SourceText::new("rules/other.yaml", EXPIRY);
    let problems = told(RuleSet::load(&[misnamed], &frameworks(), &Overrides::default()));
    assert!(problems.contains("rule `token-without-expiry` is in a file of another name"), "{problems}");
}

#[test]
fn a_message_prints_every_sort_of_value() {
    let message = "{{ credential.scopes }}; {{ credential.created_at }}, {{ days_since(credential.created_at) }} days; \
                   {{ credential.last_used_at }}, {{days_since(credential.last_used_at)}}; {{ owner.managed }}; \
                   {{ credential.owner_exists }}; {{ size(credential.name) > 2 }}";
    let text = EXPIRY
        .replace("API token “{{ credential.name }}” of {{ owner.name }} ends {{ credential.expires_at }}", message);
    let set = load(&[&text]).unwrap_or_else(|problems| panic!("{problems}"));
    let resources = vec![token("tok", |token| {
        token.expires_at = Fact::Absent;
        token.scopes = Fact::Known(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
        token.created_at = Fact::Known(now() - TimeDelta::hours(49));
        token.last_used_at = Fact::Absent;
        token.owner = Fact::Absent;
    })];
    let snapshot = seal(resources, Vec::new());
    let evaluation = set.evaluate(&Inventory::new(&snapshot), &[], now());
    let Outcome::Fail(failure) = &evaluation.verdicts[0].outcome else { panic!("it never ends") };
    assert_eq!(failure.message, "a, b and c; 2026-11-20, 2 days; none, none; none; no; yes");
}

#[test]
fn mistakes_in_messages_and_cases_are_told_with_their_place() {
    let text = EXPIRY
        .replace("of {{ owner.name }}", "of {{ ownr.name }}")
        .replace("ends {{ credential.expires_at }}", "ends {{ credential.expires_at")
        .replace("name: ci }", "nam: ci }");
    let told = told(load(&[&text]));
    assert!(
        told.contains("rules/token-without-expiry.yaml:11:69: this expression has no end (close it with `}}`)"),
        "{told}"
    );
    assert!(told.contains("there is no `ownr` here (did you mean `owner`?)"), "{told}");
    assert!(told.contains("a credential has no field `nam` (did you mean `name`?)"), "{told}");
    let text = EXPIRY.replace("in 30 days }\n    expect: pass", "soonish }\n    expect: pass");
    let problems = load(&[&text]).map(|_| ()).unwrap_err().to_string();
    assert!(problems.contains("`expires_at` is no time (write `2026-10-01T09:00:00Z`, `30 days ago`"), "{problems}");
}

/// The forms that a rule with this scope names.
fn forms_of(scope: &str) -> Vec<String> {
    let text =
        EXPIRY.replace(r#"credential.form == "api-token" && credential.status == "active""#, &format!(">-\n  {scope}"));
    assert_ne!(text, EXPIRY);
    let text = text.split("cases:").next().unwrap().to_owned()
        + "cases:\n  - { name: a, given: { form: api-token }, expect: pass }\n  \
           - { name: b, given: { form: api-token }, expect: fail }\n";
    load(&[&text]).unwrap().rules()[0].forms().to_vec()
}

#[test]
fn a_scope_names_forms_only_where_no_other_form_can_meet_it() {
    let token = ["api-token"];
    assert_eq!(forms_of("credential.form == 'api-token' && credential.status == 'active'"), token);
    assert_eq!(forms_of("'api-token' == credential.form"), token);
    assert_eq!(forms_of("credential.status == 'active' && credential.form == 'api-token'"), token);
    assert_eq!(forms_of("credential.form in ['ssh-key', 'deploy-key'] && owner.managed"), ["ssh-key", "deploy-key"]);
    let both = ["api-token", "ssh-key"];
    assert_eq!(forms_of("credential.form == 'api-token' && owner.managed || credential.form == 'ssh-key'"), both);
    assert_eq!(forms_of("owner.managed && (credential.form == 'api-token' || credential.form == 'ssh-key')"), both);
    // None of these says of which forms it speaks.
    let any: [&str; 0] = [];
    assert_eq!(forms_of("credential.form == 'api-token' || owner.managed"), any);
    assert_eq!(forms_of("credential.form != 'api-token'"), any);
    assert_eq!(forms_of("!(credential.form == 'api-token')"), any);
    assert_eq!(forms_of("!(credential.form in ['api-token'])"), any);
    // The form of a neighbour is not the form of the resource.
    assert_eq!(forms_of("container.form == 'repository'"), any);
    assert_eq!(forms_of("container.form == 'repository' && credential.form == 'deploy-key'"), ["deploy-key"]);
}

#[test]
fn a_rule_on_one_setting_does_not_lean_on_what_shows_others() {
    const BASIC: &str = r#"id: basic
version: 1
title: Passwords open the API
severity: low
applies_to: setting
scope: setting.key == "basic-auth"
require: setting.value != null && setting.value == "blocked"
message: M
why: W
fix: F
verify: V
cases:
  - { name: open, given: { key: basic-auth, value: allowed }, expect: fail }
  - { name: shut, given: { key: basic-auth, value: blocked }, expect: pass }
"#;
    let set = load(&[BASIC]).unwrap();
    let rule = &set.rules()[0];
    let shows = |forms: &[&str]| {
        let mut entry = entry("settings", &[Kind::Setting], EndpointState::Denied);
        entry.forms = forms.iter().map(|form| (*form).into()).collect();
        entry
    };
    assert!(rule.leans_on(&shows(&["basic-auth"])) && rule.leans_on(&shows(&[])));
    assert!(!rule.leans_on(&shows(&["domain"])));
}
