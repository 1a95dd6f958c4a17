//! A made-up estate the morning after something happened, with one of everything a report can say.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::digest::Digest;
use keyroll::model::*;
use serde_json::json;

/// The time of the scan.
pub(crate) fn now() -> DateTime<Utc> {
    at("2026-11-22T02:00:00Z")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

fn text(word: &str) -> Fact<String> {
    Fact::Known(word.to_owned())
}

fn resource(id: ResourceId, name: &str, endpoint: &str, body: Body) -> Resource {
    let source = if endpoint.contains("permission") || endpoint == "projects" { "acme-jira" } else { "acme-org" };
    let seen_by = vec![Sighting { source: source.into(), endpoint: endpoint.into() }];
    Resource { id, name: name.to_owned(), seen_by, body }
}

pub(crate) fn account(native: &str, name: &str, status: &str) -> Resource {
    let body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: text(status),
        email: text(&format!("{native}@acme.example")),
        managed: Fact::Known(true),
        platform_roles: Fact::Known(vec![]),
        deactivated_at: if status == "active" { Fact::Absent } else { Fact::Known(at("2026-11-03T10:00:00Z")) },
        ..Principal::default()
    };
    resource(cloud(Kind::Principal, native), name, "accounts", Body::Principal(body))
}

/// A token of an account; days until it ends and since it was used, from the scan's day.
pub(crate) fn token(native: &str, name: &str, owner: Fact<&str>, ends: Fact<i64>, used: Fact<i64>) -> Resource {
    let form = if owner == Fact::Absent { CredentialForm::OrgApiKey } else { CredentialForm::ApiToken };
    let body = Credential {
        owner: owner.map(|owner| cloud(Kind::Principal, owner)),
        created_by: if owner == Fact::Absent { Fact::Known(cloud(Kind::Principal, "ada")) } else { Fact::Absent },
        status: text("active"),
        created_at: Fact::Known(at("2026-01-12T09:00:00Z")),
        expires_at: ends.map(|days| now() + TimeDelta::days(days)),
        last_used_at: used.map(|days| now() - TimeDelta::days(days)),
        ..Credential::unknown(form)
    };
    resource(cloud(Kind::Credential, native), name, "user API tokens", Body::Credential(body))
}

fn project(native: &str, name: &str) -> Resource {
    let body = Container { key: text(native), ..Container::unknown(ContainerForm::Project) };
    resource(ResourceId::new("11f1", Kind::Container, native), name, "projects", Body::Container(body))
}

fn grant(native: &str, name: &str, role: &str, holder: &str) -> Resource {
    let body = Grant {
        principal: Fact::Known(cloud(Kind::Principal, holder)),
        container: Fact::Known(ResourceId::new("acme", Kind::Container, "org")),
        via: Fact::Known(vec!["direct".to_owned()]),
        ..Grant::of(GrantForm::PlatformRole, role, Holder::Principal)
    };
    resource(ResourceId::new("acme", Kind::Grant, native), name, "role assignments", Body::Grant(body))
}

/// What acts without a person: one of each kind as known as can be, and one of each of which little is known and whose name
/// somebody chose to do harm.
fn machinery() -> Vec<Resource> {
    let hostile = |kind, native: &str, name: &str, body| {
        let id = ResourceId::new("11f1", kind, native);
        Resource { id, name: name.to_owned(), seen_by: Vec::new(), body }
    };
    let app = App { vendor: text("=cmd|' /C calc'!A0"), ..App::unknown(AppForm::InstalledApp) };
    let webhook = Webhook {
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "PAY")),
        address: text("http://a-host-with-a-name-that-is-so-long-that-no-column-can-hold-it.hooks.example.com"),
        secret_in_url: Fact::Known(true),
        events: Fact::Known(vec!["semi;colon".to_owned(), "jira:issue_updated".to_owned()]),
        changed_by: Fact::Known(cloud(Kind::Principal, "lin")),
        ..Webhook::default()
    };
    let automation = Automation {
        status: text("enabled"),
        actor: Fact::Known(cloud(Kind::Principal, "lin")),
        author: Fact::Absent,
        description: text("+1 \u{1b}[2J"),
        ..Automation::default()
    };
    let variable = Variable {
        level: VariableLevel::Workspace,
        container: Fact::Known(ResourceId::new("acme-ws", Kind::Container, "workspace")),
        environment: Fact::Absent,
        secured: Fact::Known(false),
        admin_only: Fact::Absent,
    };
    vec![
        sample::app(),
        sample::webhook(),
        sample::automation(),
        sample::variable(),
        hostile(Kind::App, "installed:com.example.evil", "\u{1b}[31mall is well", Body::App(app)),
        hostile(Kind::Webhook, "jira:2", "@SUM(1+1)*cmd|' /C calc'!A0", Body::Webhook(webhook)),
        hostile(Kind::Automation, "jira:7", "unknown", Body::Automation(automation)),
        hostile(Kind::Variable, "workspace/v-2", "-DPASSWORD=\u{202e}none", Body::Variable(variable)),
    ]
}

/// What can be reached beside projects: a space, a repository, a filter; the keys that open the repository; and grants on
/// them.
fn reached() -> Vec<Resource> {
    let repository = ResourceId::new("acme-ws", Kind::Container, "repository:r-1");
    let space = ResourceId::new("11f1", Kind::Container, "space:7");
    let container =
        |id: &ResourceId, name, body: Container| resource(id.clone(), name, "projects", Body::Container(body));
    let key = |native: &str, name, form, body: Credential| {
        let body =
            Credential { form, fingerprint: text("4f2a91"), status: Fact::Absent, expires_at: Fact::Absent, ..body };
        resource(ResourceId::new("acme-ws", Kind::Credential, native), name, "user API tokens", Body::Credential(body))
    };
    let on_space = Grant {
        group: Fact::Known(sample::group().id),
        container: Fact::Known(space.clone()),
        permits: Fact::Known(vec!["administer space".to_owned(), "read space".to_owned()]),
        ..Grant::of(GrantForm::SpaceRole, "Admin", Holder::Group)
    };
    vec![
        container(
            &repository,
            "deploy; scripts",
            Container {
                public: Fact::Known(true),
                pipelines_enabled: Fact::Known(true),
                only_pushers: Fact::Known(vec![cloud(Kind::Principal, "ada"), sample::group().id]),
                ..Container::unknown(ContainerForm::Repository)
            },
        ),
        container(
            &space,
            "Ada's notes",
            Container {
                owner: Fact::Known(cloud(Kind::Principal, "ada")),
                category: text("personal"),
                ..Container::unknown(ContainerForm::Space)
            },
        ),
        container(
            &ResourceId::new("11f1", Kind::Container, "filter:3"),
            "=1+1",
            Container {
                owner: Fact::Known(cloud(Kind::Principal, "lin")),
                ..Container::unknown(ContainerForm::Filter)
            },
        ),
        key(
            "deploy:1",
            "deploy",
            CredentialForm::DeployKey,
            Credential {
                owner: Fact::Absent,
                container: Fact::Known(repository),
                ..Credential::unknown(CredentialForm::DeployKey)
            },
        ),
        key(
            "ssh:1",
            "laptop",
            CredentialForm::SshKey,
            Credential {
                owner: Fact::Known(cloud(Kind::Principal, "ada")),
                last_used_at: Fact::Absent,
                ..Credential::unknown(CredentialForm::SshKey)
            },
        ),
        resource(
            ResourceId::new("11f1", Kind::Grant, "space:7/g-1"),
            "Admin for jira-admins",
            "permission schemes",
            Body::Grant(on_space),
        ),
    ]
}

pub(crate) fn endpoint(source: &str, name: &str, shows: &[Kind]) -> LedgerEntry {
    LedgerEntry {
        source: source.into(),
        endpoint: name.into(),
        path: format!("GET /{}/{{}}", name.replace(' ', "-")),
        shows: shows.to_vec(),
        forms: Vec::new(),
        visible_only: false,
        state: EndpointState::Complete,
        reason: String::new(),
        right: "organisation administrator".to_owned(),
        declared: None,
        requests: 3,
        pages: 3,
        rows: 212,
        rows_expected: Some(212),
        last_cursor: None,
        watermark: None,
        statuses: BTreeMap::from([(200, 3)]),
        retries: 0,
        unreadable: Vec::new(),
        started_at: now(),
        ended_at: now() + TimeDelta::seconds(4),
    }
}

/// The endpoint, about these forms only.
fn about(entry: LedgerEntry, forms: &[&str]) -> LedgerEntry {
    LedgerEntry { forms: forms.iter().map(|form| (*form).into()).collect(), ..entry }
}

fn complete_ledger() -> Vec<LedgerEntry> {
    vec![
        about(
            endpoint("acme-jira", "permission schemes", &[Kind::Grant, Kind::Container]),
            &["permission", "permission-scheme"],
        ),
        about(endpoint("acme-jira", "projects", &[Kind::Container]), &["project"]),
        endpoint("acme-org", "accounts", &[Kind::Principal]),
        endpoint("acme-org", "policies", &[Kind::Setting]),
        endpoint("acme-org", "role assignments", &[Kind::Grant]),
        endpoint("acme-org", "user API tokens", &[Kind::Credential]),
        endpoint("acme-ws", "pipeline variables", &[Kind::Variable]),
        endpoint("acme-ws", "repositories", &[Kind::Container, Kind::App, Kind::Webhook]),
    ]
}

fn ledger_with_gaps() -> Vec<LedgerEntry> {
    let mut ledger = complete_ledger();
    ledger[0].state = EndpointState::Denied;
    ledger[0].reason = "refused with 403".to_owned();
    ledger[0].right = "Administer Jira (global permission)".to_owned();
    ledger[0].rows = 0;
    ledger[0].rows_expected = None;
    ledger[0].statuses = BTreeMap::from([(403, 1)]);
    ledger[3].state = EndpointState::NotOffered;
    ledger[3].rows = 0;
    ledger[3].rows_expected = None;
    ledger[3].reason = "needs Guard Standard".to_owned();
    ledger[3].declared = Some("no Guard plan before the renewal in March".to_owned());
    ledger[5].unreadable = vec!["row t-77: lastAccess is no time".to_owned()];
    ledger[5].retries = 2;
    ledger[5].statuses = BTreeMap::from([(200, 3), (429, 2)]);
    ledger
}

struct Said<'a> {
    rule: &'a str,
    title: &'a str,
    resource: ResourceId,
    name: &'a str,
    severity: Severity,
    message: &'a str,
    remedy: &'a str,
    owner: Option<&'a str>,
}

fn finding(said: Said<'_>, status: Status, since: &str) -> Finding {
    let rule = RuleId::from(said.rule);
    Finding {
        id: FindingId::of(&rule, &said.resource),
        rule,
        rule_version: 2,
        title: said.title.to_owned(),
        resource: said.resource,
        resource_name: said.name.to_owned(),
        seen_by: vec![Sighting { source: "acme-org".into(), endpoint: "user API tokens".into() }],
        severity: said.severity,
        message: said.message.to_owned(),
        remedy: said.remedy.to_owned(),
        owner: said.owner.map(str::to_owned),
        controls: ["soc2:CC6.1", "iso27001:A.5.17"].iter().filter_map(|id| ControlId::parse(id)).collect(),
        status,
        first_seen: at(since),
        since: at(since),
        last_seen: now(),
        unconfirmed: None,
    }
}

fn step(finding: &Finding, step: Step, note: &str) -> Transition {
    let (finding, severity) = (finding.id.clone(), finding.severity);
    Transition { finding, step, at: now(), severity, note: note.to_owned() }
}

fn findings() -> Vec<Finding> {
    const TODAY: &str = "2026-11-22T02:00:00Z";
    let said = |rule, title, resource, name, severity, message, remedy, owner| Said {
        rule,
        title,
        resource,
        name,
        severity,
        message,
        remedy,
        owner,
    };
    let mut unconfirmed = finding(
        said(
            "scheme-open-to-anyone",
            "Permission scheme lets anyone browse",
            ResourceId::new("11f1", Kind::Grant, "permission-scheme:10000/10201"),
            "BROWSE_PROJECTS for anyone",
            Severity::Medium,
            "BROWSE_PROJECTS of the scheme “Default” is granted to anyone on the web",
            "Replace the grant to Public by one to a group.",
            None,
        ),
        Status::Open,
        "2026-11-02T02:00:00Z",
    );
    unconfirmed.unconfirmed = Some(Unconfirmed {
        since: now(),
        reason: "permission schemes of acme-jira: denied, refused with 403".to_owned(),
    });
    vec![
        finding(
            said(
                "machine-is-org-admin",
                "A machine administers the organisation",
                cloud(Kind::Principal, "svc-build"),
                "svc-build",
                Severity::Critical,
                "svc-build can administer the whole organisation",
                "Take the role away in Atlassian Administration; the deploy job needs access to its projects only.",
                Some("svc-build"),
            ),
            Status::Open,
            TODAY,
        ),
        finding(
            said(
                "token-without-expiry",
                "API token never expires",
                cloud(Kind::Credential, "t-9"),
                "Power BI nightly",
                Severity::High,
                "API token “Power BI nightly” of Ada Muster never expires",
                "Have its owner make a token with an end date, then revoke this one.",
                Some("Ada Muster"),
            ),
            Status::Open,
            TODAY,
        ),
        finding(
            said(
                "owner-deactivated",
                "The owner of a live token left",
                cloud(Kind::Credential, "t-1"),
                "jenkins",
                Severity::High,
                "API token “jenkins” belongs to Lin Doe, who was deactivated on 2026-11-03",
                "Move the build to a service account before the token ends.",
                Some("Lin Doe"),
            ),
            Status::Open,
            "2026-11-01T02:00:00Z",
        ),
        finding(
            said(
                "token-too-broad",
                "Token may do more than its integration needs",
                cloud(Kind::Credential, "t-3"),
                "sync",
                Severity::High,
                "API token “sync” may write to all of Jira",
                "Make a token with the scopes the integration declares.",
                Some("Ada Muster"),
            ),
            Status::Open,
            "2026-10-01T02:00:00Z",
        ),
        unconfirmed,
        finding(
            said(
                "token-idle",
                "Token unused for a long time",
                cloud(Kind::Credential, "t-5"),
                "old import",
                Severity::Low,
                "API token “old import” was last used 210 days ago",
                "Ask its owner, then revoke it.",
                Some("Lin Doe"),
            ),
            Status::Waived("W-14".into()),
            "2026-09-01T02:00:00Z",
        ),
        finding(
            said(
                "token-idle",
                "Token unused for a long time",
                cloud(Kind::Credential, "t-6"),
                "gitlab",
                Severity::Medium,
                "API token “gitlab” was last used 190 days ago",
                "Ask its owner, then revoke it.",
                Some("Ada Muster"),
            ),
            Status::Resolved(Resolution::Rotated),
            TODAY,
        ),
    ]
}

fn changes() -> Vec<Change> {
    let change = |what, resource: ResourceId, name: &str| Change {
        what,
        resource,
        name: name.to_owned(),
        fields: Vec::new(),
        replaces: None,
        reason: None,
        cause: None,
        before: None,
    };
    let field = |field: &str, before: serde_json::Value, after: serde_json::Value| FieldChange {
        field: field.to_owned(),
        before: Some(before),
        after: Some(after),
    };
    vec![
        Change {
            fields: vec![field("platform_roles", json!([]), json!(["atlassian/org-admin"]))],
            ..change(What::Changed, cloud(Kind::Principal, "svc-build"), "svc-build")
        },
        Change {
            fields: vec![FieldChange { field: "scopes".into(), before: None, after: Some(json!(["write:jira-work"])) }],
            ..change(What::Changed, cloud(Kind::Credential, "t-3"), "sync")
        },
        Change {
            fields: vec![field("expires_at", json!(null), json!("2027-11-01T00:00:00Z"))],
            replaces: Some(cloud(Kind::Credential, "t-6")),
            ..change(What::Rotated, cloud(Kind::Credential, "t-7"), "gitlab")
        },
        change(What::Added, ResourceId::new("acme", Kind::Grant, "org-admin/svc-build"), "org-admin for svc-build"),
        change(What::Added, cloud(Kind::Credential, "t-9"), "Power BI nightly"),
        change(What::Removed, cloud(Kind::Principal, "old"), "Old Hand"),
        Change {
            fields: vec![field("status", json!("active"), json!("suspended"))],
            reason: Some("before, accounts of acme-org: failed, timed out".to_owned()),
            ..change(What::Changed, cloud(Kind::Principal, "ada"), "Ada Muster")
        },
        Change {
            reason: Some("before, user API tokens of acme-org: partial, 200 of 212 rows".to_owned()),
            ..change(What::FirstSeen, cloud(Kind::Credential, "t-8"), "zapier")
        },
        Change {
            reason: Some("permission schemes of acme-jira: denied, refused with 403".to_owned()),
            ..change(
                What::NotObserved,
                ResourceId::new("11f1", Kind::Grant, "permission-scheme:10000/10201"),
                "BROWSE_PROJECTS for anyone",
            )
        },
    ]
}

fn rule(finding: &Finding) -> RuleSummary {
    RuleSummary {
        id: finding.rule.clone(),
        version: finding.rule_version,
        title: finding.title.clone(),
        severity: finding.severity,
        remedy: finding.remedy.clone(),
        on_change: false,
        controls: finding.controls.clone(),
        judges_by: None,
    }
}

fn head(id: i64, started_at: DateTime<Utc>, snapshot: &Snapshot) -> SnapshotHead {
    SnapshotHead {
        id: SnapshotId(id),
        estate: "acme".to_owned(),
        started_at,
        ended_at: started_at + TimeDelta::minutes(7),
        digest: snapshot.digest,
        rules_digest: Digest::of_bytes(b"rules"),
        complete: Coverage(&snapshot.ledger).is_complete(),
        tool_version: "0.1.0".to_owned(),
        sources: vec!["acme-jira".into(), "acme-org".into()],
        compared_with: (id > 1).then_some(SnapshotId(id - 1)),
        counts: snapshot.counts(),
        rules_off: Vec::new(),
    }
}

fn waiver(id: &str, rule: &str, resource: &str, until: &str, state: WaiverState, covers: usize) -> WaiverUse {
    let waiver = Waiver {
        id: id.into(),
        rule: rule.into(),
        resource: resource.to_owned(),
        reason: "import is retired at the end of the year".to_owned(),
        approver: "Kim Lead".to_owned(),
        ticket: Some("SEC-41".to_owned()),
        until: until.parse().unwrap(),
        accepted: Vec::new(),
    };
    WaiverUse::plain(waiver, state, covers)
}

/// A waiver that is bound to facts, and of which they are not as they were accepted.
fn lapsed(mut used: WaiverUse) -> WaiverUse {
    let resource = ResourceId::parse(&used.waiver.resource).unwrap();
    let facts = ["ends never", "owner atlassian/principal/ada", "scope read:jira-work", "severity low"];
    used.waiver.accepted = vec![Accepted { resource: resource.clone(), facts: facts.map(str::to_owned).to_vec() }];
    let lapse = |why: &str| vec![Lapse { resource: resource.clone(), why: vec![why.to_owned()] }];
    match used.state {
        WaiverState::Void => used.void_for = lapse("scope write:jira-work came"),
        _ => used.unchecked = lapse("scope: the source does not reveal scopes"),
    }
    used
}

fn resources() -> Vec<Resource> {
    vec![
        account("ada", "Ada Muster", "active"),
        account("lin", "Lin Doe", "deactivated"),
        account("svc-build", "svc-build", "active"),
        token("t-1", "jenkins", Fact::Known("lin"), Fact::Known(9), Fact::Known(0)),
        token("t-2", "siem export", Fact::Absent, Fact::Known(3), Fact::Known(1)),
        token("t-3", "sync", Fact::Known("ada"), Fact::Known(200), Fact::Known(2)),
        token("t-4", "kiplot", Fact::Known("nobody"), Fact::Known(21), Fact::Unknown),
        token("t-5", "old import", Fact::Known("lin"), Fact::Known(28), Fact::Known(210)),
        token("t-7", "gitlab", Fact::Known("ada"), Fact::Known(344), Fact::Absent),
        token("t-8", "zapier", Fact::Known("ada"), Fact::Unknown, Fact::Known(4)),
        token("t-9", "Power BI nightly", Fact::Known("ada"), Fact::Absent, Fact::Known(0)),
        project("PAY", "Payments"),
        project("OPS", "Operations"),
        grant("org-admin/svc-build", "org-admin for svc-build", "atlassian/org-admin", "svc-build"),
    ]
}

/// One framework with a control in each state.
fn postures() -> Vec<FrameworkPosture> {
    let control = |id: &str, state: PostureState| ControlPosture {
        id: ControlId::parse(&format!("soc2:{id}")).unwrap(),
        gist: format!("gist of {id}"),
        state,
        rules: vec!["pat-idle".into()],
        judged: 41,
        open: Counted::default(),
        waived: Counted::default(),
        gaps: Vec::new(),
        by_hand: None,
    };
    let findings = findings();
    let not_met = ControlPosture {
        rules: vec![findings[0].rule.clone()],
        open: [findings[0].id.clone()].into_iter().collect(),
        ..control("CC6.1", PostureState::NotMet)
    };
    let gaps = vec!["permission schemes of acme-jira: denied, refused with 403".to_owned()];
    let unsure = ControlPosture { gaps, ..control("CC6.2", PostureState::NotFullyAssessed) };
    let waived = ControlPosture {
        rules: vec![findings[5].rule.clone()],
        waived: [findings[5].id.clone()].into_iter().collect(),
        ..control("CC6.3", PostureState::MetButWaived)
    };
    let by_hand = Some("Read the minutes of the review.".to_owned());
    let manual = ControlPosture { rules: Vec::new(), judged: 0, by_hand, ..control("CC7.3", PostureState::Manual) };
    let controls = vec![not_met, unsure, waived, control("CC6.6", PostureState::Met), manual];
    let (id, title, version) = ("soc2".to_owned(), "SOC 2".to_owned(), "2017".to_owned());
    vec![FrameworkPosture { id, title, version, controls }]
}

/// A night on which something of everything happened.
pub(crate) fn rich() -> Assessment {
    let mut resources = resources();
    resources.extend([sample::group(), sample::setting()]);
    resources.extend(machinery());
    resources.extend(reached());
    let mut snapshot = Snapshot::seal(vec![Collection { authority: 1, resources, ledger: ledger_with_gaps() }]);
    snapshot.carried = vec![sample::grant()];
    let findings = findings();
    let transitions = vec![
        step(&findings[0], Step::Opened, ""),
        step(&findings[1], Step::Opened, ""),
        step(&findings[2], Step::Reopened, "was resolved on 2026-11-20"),
        step(&findings[3], Step::Worsened, "medium → high"),
        step(&findings[6], Step::Resolved, "rotated"),
    ];
    let unseen = Unseen {
        source: "acme-jira".into(),
        endpoint: "permission schemes".into(),
        reason: "denied, refused with 403".to_owned(),
    };
    let mut rules: Vec<RuleSummary> = findings.iter().map(rule).collect();
    rules.sort_by(|left, right| left.id.cmp(&right.id));
    rules.dedup_by(|left, right| left.id == right.id);
    let mut tallies: BTreeMap<RuleId, Tally> = rules
        .iter()
        .map(|rule| (rule.id.clone(), Tally { pass: 40, fail: 1, not_applicable: 5, ..Tally::default() }))
        .collect();
    let scheme = tallies.get_mut(&"scheme-open-to-anyone".into()).unwrap();
    *scheme = Tally { unseen: vec![unseen], ..Tally::default() };
    let broad = tallies.get_mut(&"token-too-broad".into()).unwrap();
    broad.unknown = 8;
    broad.unknown_reasons = BTreeMap::from([("credential.scopes is not revealed by the source".to_owned(), 8)]);
    Assessment {
        head: head(12, now(), &snapshot),
        previous: Some(head(11, now() - TimeDelta::days(1), &snapshot)),
        baseline: Some(Baseline {
            snapshot: SnapshotId(3),
            name: "after the clean-up".to_owned(),
            accepted_by: "Kim Lead".to_owned(),
            accepted_at: at("2026-09-01T08:00:00Z"),
            taken_at: at("2026-09-01T02:00:00Z"),
            reason: "agreed in the review".to_owned(),
        }),
        snapshot,
        findings,
        transitions,
        changes: changes(),
        rules,
        tallies,
        waivers: vec![
            waiver("W-14", "token-idle", "atlassian/credential/t-5", "2026-11-30", WaiverState::Expiring, 1),
            waiver("W-15", "token-without-expiry", "atlassian/credential/kip*", "2026-11-21", WaiverState::Expired, 2),
            waiver("W-16", "token-idle", "atlassian/credential/t-1*", "2027-02-01", WaiverState::Unused, 0),
            waiver("W-17", "token-too-broad", "*", "2027-02-01", WaiverState::InForce, 3),
            lapsed(waiver("W-18", "token-idle", "atlassian/credential/t-6", "2027-02-01", WaiverState::Void, 0)),
            lapsed(waiver("W-19", "token-idle", "atlassian/credential/t-7", "2027-02-01", WaiverState::Unchecked, 1)),
            WaiverUse {
                too_broad: true,
                ..waiver("W-20", "token-too-broad", "*", "2027-02-01", WaiverState::TooBroad, 1214)
            },
        ],
        acknowledgements: Vec::new(),
        postures: postures(),
        undelivered: Vec::new(),
        trend: vec![2, 2, 3, 3, 5, 5, 4, 3, 3, 2, 3, 4, 5],
        flapping: Vec::new(),
        flapping_findings: BTreeMap::new(),
        reviewed: Some(reviewed()),
        set_aside: None,
    }
}

/// An access that is kept, one to be taken away that is still there, and one that nobody decided on.
fn reviewed() -> Vec<ReviewedAccess> {
    let (review, row) = (sample::review("q4"), |key: &str| sample::review_row(key, "PAY"));
    let decided = |key: &str, decision| ReviewDecision {
        row: key.to_owned(),
        decision,
        reviewer: "Eve Example".to_owned(),
        decided_on: now().date_naive(),
        comment: "=as agreed".to_owned(),
        self_review: false,
        recorded_at: now(),
        file: "q4-eve.csv".to_owned(),
    };
    let one = |key: &str, decision: Option<Decision>, revocation| ReviewedAccess {
        review: review.clone(),
        row: row(key),
        decision: decision.map(|decision| decided(key, decision)),
        revocation,
    };
    let still = RevocationState::NotDone("ADMINISTER_PROJECTS: Ada → role Administrators".to_owned());
    vec![
        one("R-1", Some(Decision::Keep), None),
        one("R-2", Some(Decision::Revoke), Some(still)),
        one("R-3", None, None),
    ]
}

/// The same estate, looked at for the first time.
pub(crate) fn first() -> Assessment {
    let mut assessment = rich();
    assessment.previous = None;
    assessment.head.compared_with = None;
    assessment.transitions = assessment.findings.iter().map(|finding| step(finding, Step::Opened, "")).collect();
    assessment.findings.iter_mut().for_each(|finding| finding.status = Status::Open);
    assessment.changes.clear();
    assessment.waivers.clear();
    assessment.trend = vec![assessment.findings.len()];
    assessment
}

/// Nothing happened, and two endpoints could not be read.
pub(crate) fn quiet_with_gaps() -> Assessment {
    let mut assessment = rich();
    assessment.transitions.clear();
    assessment.changes.clear();
    assessment.waivers.clear();
    assessment
}

/// Nothing happened, and everything was seen and judged.
pub(crate) fn quiet_and_whole() -> Assessment {
    let mut assessment = quiet_with_gaps();
    let resources = assessment.snapshot.resources.clone();
    assessment.snapshot = Snapshot::of_sorted(resources, complete_ledger());
    assessment.head = head(12, now(), &assessment.snapshot);
    assessment.findings.iter_mut().for_each(|finding| finding.unconfirmed = None);
    for tally in assessment.tallies.values_mut() {
        *tally = Tally { pass: 40, ..Tally::default() };
    }
    assessment
}
