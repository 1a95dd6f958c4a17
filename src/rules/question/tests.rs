//! Questions: what they may name, and that they never tell more than rules would.

use super::*;
use crate::model::{
    Collection, Credential, EndpointState, Fact, FindingId, LedgerEntry, RuleId, Severity, Snapshot, Status, What,
    sample,
};

fn asked(text: &str) -> SourceText {
    SourceText::new("--where", text)
}

fn wrong(result: Result<Question, Problems>) -> String {
    result.err().expect("it is a mistake").to_string()
}

fn finding(resource: &Resource) -> Finding {
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    let rule = RuleId::from("some-rule");
    Finding {
        id: FindingId::of(&rule, &resource.id),
        rule,
        rule_version: 1,
        title: "A rule".to_owned(),
        resource: resource.id.clone(),
        resource_name: resource.name.clone(),
        seen_by: resource.seen_by.clone(),
        severity: Severity::High,
        message: "It is so".to_owned(),
        remedy: "Mend it.".to_owned(),
        owner: None,
        controls: Vec::new(),
        status: Status::Open,
        first_seen: now,
        since: now,
        last_seen: now,
        unconfirmed: None,
    }
}

fn snapshot(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger }])
}

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

#[test]
fn a_question_about_findings_speaks_of_the_kinds_that_know_its_names() {
    let kinds = |text: &str| {
        Question::of_findings(&asked(text))
            .unwrap_or_else(|error| panic!("{error}"))
            .codes
            .into_keys()
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds("credential.expires_at == null"), [Kind::Credential]);
    assert_eq!(kinds("owner.is_admin"), [Kind::Credential, Kind::Container]);
    assert_eq!(kinds("finding.severity == 'high'").len(), Kind::ALL.len());
    let of_containers = kinds("container.form == 'project'");
    assert!(of_containers.contains(&Kind::Container) && of_containers.contains(&Kind::Grant), "{of_containers:?}");
    assert!(!of_containers.contains(&Kind::Principal));
}

#[test]
fn mistakes_are_told_by_the_kind_that_is_named() {
    let of = |text: &str| wrong(Question::of_findings(&asked(text)));
    let stranger = of("credental.expires_at == null");
    assert!(
        stranger.contains("there is no `credental` here") && stranger.contains("did you mean `credential`?"),
        "{stranger}"
    );
    let field = of("container.frm == 'project'");
    assert!(field.contains("`container` has no field `frm`") && field.contains("`form`"), "{field}");
    let both = of("credential.expires_at == null && principal.mfa");
    assert!(both.contains("there is no `principal` here"), "{both}");
    assert!(of("finding.severity == 'hihg'").contains("high"));
    assert!(of("credential.expires_at > ").contains("ends too early"));
    assert!(of("credential.name.matches('(')").contains("--where:1:"), "{}", of("credential.name.matches('(')"));
    let of_kind = wrong(Question::of_kind(Kind::Principal, &asked("principal.email == 'x'")));
    assert!(of_kind.contains("may have no value"), "{of_kind}");
    let no_finding = wrong(Question::of_kind(Kind::Principal, &asked("finding.severity == 'high'")));
    assert!(no_finding.contains("there is no `finding` here"), "{no_finding}");
}

#[test]
fn what_the_scan_did_not_see_is_undecided_and_never_a_no() {
    let known = sample::credential();
    let mut gone = sample::credential();
    gone.id = ResourceId::new("acme", Kind::Credential, "gone");
    let bare = Resource {
        id: ResourceId::new("acme", Kind::Credential, "bare"),
        body: match sample::credential().body {
            Body::Credential(body) => Body::Credential(Credential { expires_at: Fact::Unknown, ..body }),
            _ => unreachable!(),
        },
        ..sample::credential()
    };
    let snapshot = snapshot(vec![known.clone(), bare.clone()], Vec::new());
    let inventory = Inventory::new(&snapshot);
    let question = Question::of_findings(&asked("credential.expires_at != null")).unwrap();
    let asking = question.ask(&inventory, now());
    assert_eq!(asking.finding(&finding(&known)), Reply::Yes);
    let why = |reply: Reply| match reply {
        Reply::Undecided(why) => why.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(why(asking.finding(&finding(&bare))).contains("`credential.expires_at` is not known"));
    let unasked = why(asking.finding(&finding(&gone)));
    assert!(
        unasked.starts_with("the scan did not see it: ") && unasked.ends_with("was not asked this time"),
        "{unasked}"
    );
    assert_eq!(why(asking.resource(&gone.id)), "the scan did not see it");
    assert_eq!(asking.finding(&finding(&sample::group())), Reply::NotMeant);
    // What is known of the finding itself decides where it can.
    let question = Question::of_findings(&asked("finding.severity == 'low' && credential.expires_at != null")).unwrap();
    let asking = question.ask(&inventory, now());
    assert_eq!(asking.finding(&finding(&gone)), Reply::No);
    let question = Question::of_findings(&asked("finding.severity == 'high' || owner.is_admin")).unwrap();
    assert_eq!(question.ask(&inventory, now()).finding(&finding(&gone)), Reply::Yes);
}

#[test]
fn a_gap_is_named_as_the_reason() {
    let gone = sample::group();
    let by = gone.seen_by.first().unwrap();
    let reason = "the right is missing".to_owned();
    let entry =
        LedgerEntry::not_asked(by.source.clone(), by.endpoint.clone(), String::new(), vec![Kind::Group], reason, now());
    let ledger = vec![LedgerEntry { state: EndpointState::Denied, requests: 1, ..entry }];
    let snapshot = Snapshot { carried: vec![gone.clone()], ..snapshot(Vec::new(), ledger) };
    let inventory = Inventory::new(&snapshot);
    let question = Question::of_kind(Kind::Group, &asked("group.external")).unwrap();
    let Reply::Undecided(why) = question.ask(&inventory, now()).resource(&gone.id) else { panic!("it is undecided") };
    assert!(why.starts_with("the scan did not see it: ") && why.contains("the right is missing"), "{why}");
}

#[test]
fn of_a_change_its_words_are_known_whatever_became_of_the_resource() {
    let known = sample::credential();
    let snapshot = snapshot(vec![known.clone()], Vec::new());
    let inventory = Inventory::new(&snapshot);
    let mut gone = sample::credential();
    gone.id = ResourceId::new("acme", Kind::Credential, "gone");
    let removed = Change { before: Some(Box::new(gone.clone())), ..Change::of(What::Removed, &gone) };
    let hidden = Change::of(What::NotObserved, &gone);
    let ask = |text: &str, change: &Change| {
        let question = Question::of_changes(&asked(text)).unwrap_or_else(|error| panic!("{error}"));
        question.ask(&inventory, now()).change(change)
    };
    assert_eq!(ask("change.what == 'removed' && credential.form == 'api-token'", &removed), Reply::Yes);
    assert_eq!(ask("change.what == 'not-observed'", &hidden), Reply::Yes);
    assert!(matches!(ask("credential.form == 'api-token'", &hidden), Reply::Undecided(_)));
    assert_eq!(ask("change.what == 'added' && credential.form == 'api-token'", &hidden), Reply::No);
}

/// A question and a rule of the same words come to the same, on every resource of the samples.
#[test]
fn a_question_answers_as_a_rule_does() {
    let snapshot = snapshot(sample::resources(), Vec::new());
    let inventory = Inventory::new(&snapshot);
    let mut asked_of = 0;
    for (kind, given, require) in [
        (Kind::Principal, "{}", "principal.is_admin"),
        (Kind::Principal, "{}", "principal.mfa != null && principal.mfa"),
        (
            Kind::Credential,
            "{ form: api-token }",
            "credential.expires_at != null && days_until(credential.expires_at) > 10",
        ),
        (Kind::Credential, "{ form: api-token }", "owner.status == 'active'"),
        (Kind::Container, "{ form: project }", "container.public"),
        (Kind::Group, "{}", "group.external && size(group.jira_access) > 0"),
    ] {
        let name = kind.name();
        let rule = format!(
            "id: x\nversion: 1\ntitle: x\nseverity: high\napplies_to: {name}\nrequire: {require}\nmessage: x\ncontrols: []\nwhy: x.\nfix: x.\n\
             verify: x.\ncases:\n  - name: a\n    given: {given}\n    expect: pass\n  - name: b\n    given: {given}\n    expect: fail\n  - name: c\n    given: {given}\n    expect: unknown\n"
        );
        let rule =
            crate::rules::Rule::alone(&SourceText::new("x.yaml", &rule), &[], &crate::rules::Overrides::default())
                .unwrap_or_else(|problems| panic!("{problems}"));
        let evaluation = rule.evaluate(&inventory, &[], now());
        let tally = &evaluation.tallies[rule.id()];
        let question = Question::of_kind(kind, &asked(require)).unwrap();
        let asking = question.ask(&inventory, now());
        let replies: Vec<Reply> = inventory.of_kind(kind).map(|resource| asking.resource(&resource.id)).collect();
        let count = |is: fn(&Reply) -> bool| replies.iter().filter(|reply| is(reply)).count();
        assert_eq!(count(|reply| *reply == Reply::Yes), tally.pass, "{require}");
        assert_eq!(count(|reply| *reply == Reply::No), tally.fail, "{require}");
        assert_eq!(count(|reply| matches!(reply, Reply::Undecided(_))), tally.unknown, "{require}");
        asked_of += replies.len();
    }
    assert!(asked_of >= 6);
}
