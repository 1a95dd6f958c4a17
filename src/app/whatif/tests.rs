//! What changes do to a snapshot, and what is told of it.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::findings::Waivers;
use crate::model::{
    Automation, Body, Certainty, Collection, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount,
    EndpointState, Fact, Grant, GrantForm, Group, Harm, Holder, Integration, Kind, LedgerEntry, Principal,
    PrincipalType, Resource, Sighting, Turn, Variable, VariableLevel,
};
use crate::reports::{Look, SimulationHead, simulation_json, simulation_page};
use crate::rules::{Overrides, RuleSet, builtin};

fn now() -> DateTime<Utc> {
    "2026-11-22T07:30:00Z".parse().unwrap()
}

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

fn site(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new("11f1", kind, native)
}

fn word(text: &str) -> Fact<String> {
    Fact::Known(text.to_owned())
}

fn resource(id: ResourceId, name: &str, endpoint: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: "acme".into(), endpoint: endpoint.into() }];
    Resource { id, name: name.to_owned(), seen_by, body }
}

fn account(native: &str, groups: Fact<Vec<ResourceId>>) -> Resource {
    let body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: word("active"),
        email: word(&format!("{native}@acme.example")),
        managed: Fact::Known(true),
        mfa: Fact::Known(true),
        platform_roles: Fact::Known(Vec::new()),
        deactivated_at: Fact::Absent,
        groups,
        workspace_groups: Fact::Known(Vec::new()),
        ..Principal::default()
    };
    resource(cloud(Kind::Principal, native), native, "accounts", Body::Principal(body))
}

fn group(native: &str, inside: Fact<Vec<ResourceId>>) -> Resource {
    let body = Group {
        inside,
        members_told: Fact::Known(true),
        jira_access: Fact::Known(Vec::new()),
        confluence_access: Fact::Known(Vec::new()),
        ..Group::default()
    };
    resource(cloud(Kind::Group, native), native, "groups", Body::Group(body))
}

fn token(native: &str, label: &str, owner: &str, used: Fact<i64>) -> Resource {
    let body = Credential {
        owner: Fact::Known(cloud(Kind::Principal, owner)),
        status: word("active"),
        created_at: Fact::Known(now() - TimeDelta::days(60)),
        expires_at: Fact::Known(now() + TimeDelta::days(100)),
        last_used_at: used.map(|days| now() - TimeDelta::days(days)),
        ..Credential::unknown(CredentialForm::ApiToken)
    };
    resource(cloud(Kind::Credential, native), label, "tokens", Body::Credential(body))
}

fn container(native: &str, name: &str, body: Container) -> Resource {
    resource(site(Kind::Container, native), name, "projects", Body::Container(body))
}

fn grant(native: &str, body: Grant) -> Resource {
    let name = format!("{} for somebody", body.role);
    resource(site(Kind::Grant, native), &name, "grants", Body::Grant(body))
}

fn to_group(form: GrantForm, role: &str, group: &str, on: &str) -> Grant {
    Grant {
        group: Fact::Known(cloud(Kind::Group, group)),
        container: Fact::Known(site(Kind::Container, on)),
        ..Grant::of(form, role, Holder::Group)
    }
}

fn to_account(form: GrantForm, role: &str, account: &str, on: &str) -> Grant {
    Grant {
        principal: Fact::Known(cloud(Kind::Principal, account)),
        container: Fact::Known(site(Kind::Container, on)),
        ..Grant::of(form, role, Holder::Principal)
    }
}

fn entry(endpoint: &str, shows: &[Kind], state: EndpointState) -> LedgerEntry {
    let entry =
        LedgerEntry::not_asked("acme".into(), endpoint.into(), String::new(), shows.to_vec(), String::new(), now());
    LedgerEntry { state, ..entry }
}

fn ledger(state: EndpointState) -> Vec<LedgerEntry> {
    vec![
        entry("accounts", &[Kind::Principal], EndpointState::Complete),
        entry("groups", &[Kind::Group], EndpointState::Complete),
        entry("grants", &[Kind::Grant], EndpointState::Complete),
        entry("projects", &[Kind::Container], EndpointState::Complete),
        entry("register", &[Kind::Integration], EndpointState::Complete),
        entry("rest", &[Kind::Automation, Kind::Webhook, Kind::App, Kind::Variable], EndpointState::Complete),
        entry("tokens", &[Kind::Credential], state),
    ]
}

/// Ada leads Payments and writes in it through `writers`, which is inside `everyone`; Bob only reads. A sync of the
/// register runs on Ada, and an automation acts as her.
fn resources() -> Vec<Resource> {
    let member = |groups: &[&str]| Fact::Known(groups.iter().map(|name| cloud(Kind::Group, name)).collect());
    let scheme = site(Kind::Container, "permission-scheme:1");
    let permission = |number: u8, role: &str, group: &str| {
        grant(
            &format!("permission-scheme:1/{number}"),
            to_group(GrantForm::Permission, role, group, "permission-scheme:1"),
        )
    };
    let integration = Integration {
        accounts: Fact::Known(vec![DeclaredAccount { name: "ada@acme.example".into(), id: None, source: None }]),
        permissions: Fact::Known(vec!["EDIT_ISSUES".to_owned()]),
        containers: Fact::Known(vec!["PAY".to_owned()]),
        owner_email: word("bob@acme.example"),
        team: word("Portfolio"),
        ..Integration::default()
    };
    let automation = Automation {
        status: word("enabled"),
        actor: Fact::Known(cloud(Kind::Principal, "ada")),
        author: Fact::Known(cloud(Kind::Principal, "bob")),
        ..Automation::default()
    };
    let variable = Variable {
        level: VariableLevel::Workspace,
        container: Fact::Unknown,
        environment: Fact::Absent,
        secured: Fact::Known(true),
        admin_only: Fact::Absent,
    };
    vec![
        account("ada", member(&["writers", "seats"])),
        account("bob", member(&["everyone"])),
        account("eve", Fact::Unknown),
        group("writers", member(&["everyone"])),
        group("everyone", Fact::Absent),
        group("seats", Fact::Absent),
        token("t-1", "jenkins", "ada", Fact::Known(1)),
        token("t-2", "old import", "ada", Fact::Absent),
        token("t-3", "laptop", "bob", Fact::Known(3)),
        container("site", "Acme", Container { parent: Fact::Absent, ..Container::unknown(ContainerForm::Site) }),
        container(
            "application:jira-software",
            "Jira Software",
            Container {
                parent: Fact::Known(site(Kind::Container, "site")),
                key: word("jira-software"),
                licence_groups: Fact::Known(vec![cloud(Kind::Group, "seats")]),
                seats_used: Fact::Known(10),
                seats_total: Fact::Known(100),
                ..Container::unknown(ContainerForm::Application)
            },
        ),
        container("permission-scheme:1", "Default", Container::unknown(ContainerForm::PermissionScheme)),
        container(
            "project:10000",
            "Payments",
            Container {
                parent: Fact::Known(site(Kind::Container, "site")),
                key: word("PAY"),
                status: word("live"),
                lead: Fact::Known(cloud(Kind::Principal, "ada")),
                permission_scheme: Fact::Known(scheme),
                team_managed: Fact::Known(false),
                ..Container::unknown(ContainerForm::Project)
            },
        ),
        permission(1, "EDIT_ISSUES", "writers"),
        permission(2, "BROWSE_PROJECTS", "everyone"),
        resource(site(Kind::Integration, "sync"), "Sync", "register", Body::Integration(integration)),
        resource(site(Kind::Automation, "a-1"), "Close old issues", "rest", Body::Automation(automation)),
        resource(site(Kind::Variable, "v-1"), "JENKINS_TOKEN", "rest", Body::Variable(variable)),
    ]
}

fn seal(resources: Vec<Resource>, ledger: Vec<LedgerEntry>) -> Snapshot {
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger }])
}

fn estate() -> Snapshot {
    seal(resources(), ledger(EndpointState::Complete))
}

fn shipped() -> RuleSet {
    let frameworks: Vec<_> =
        builtin::frameworks().iter().map(|file| crate::rules::Framework::read(file).unwrap()).collect();
    RuleSet::load(&builtin::rules(), &frameworks, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn ask(snapshot: &Snapshot, changes: &[Suppose]) -> Simulation {
    let (rules, waivers) = (shipped(), Waivers::default());
    simulate(
        &WhatIf {
            snapshot,
            rules: &rules,
            waivers: &waivers,
            knowledge: Knowledge::shipped(),
            revocations: &Revocations::default(),
            now: now(),
        },
        changes,
    )
}

fn deactivated(account: &str) -> Suppose {
    Suppose::Deactivated(cloud(Kind::Principal, account))
}

fn left(member: &str, group: &str) -> Suppose {
    Suppose::Left { member: cloud(Kind::Principal, member), group: cloud(Kind::Group, group) }
}

fn principal(snapshot: &Snapshot, native: &str) -> Principal {
    match &snapshot.get(&cloud(Kind::Principal, native)).unwrap().body {
        Body::Principal(principal) => principal.clone(),
        _ => panic!("an account"),
    }
}

fn harm<'s>(simulation: &'s Simulation, sort: &str) -> Vec<(Harm, Certainty, &'s str)> {
    let of_sort = simulation.harmed.iter().filter(|one| one.sort == sort);
    of_sort.map(|one| (one.harm, one.certainty, one.name.as_str())).collect()
}

#[test]
fn without_a_change_nothing_changes() {
    let snapshot = estate();
    assert_eq!(suppose(&snapshot, &[], now()), snapshot);
    let simulation = ask(&snapshot, &[]);
    assert!(simulation.findings.is_empty() && simulation.harmed.is_empty() && simulation.losses.is_empty());
    assert!(simulation.seats.is_empty() && simulation.talk_to.is_empty() && !simulation.breaks(now()));
}

#[test]
fn what_is_so_already_changes_nothing_and_says_so() {
    let mut all = resources();
    let Body::Principal(bob) = &mut all[1].body else { panic!("an account") };
    bob.status = word("deactivated");
    let snapshot = seal(all, ledger(EndpointState::Complete));
    for (change, why) in [
        (deactivated("bob"), "it is deactivated already"),
        (left("bob", "writers"), "it is not a member"),
        (left("ada", "everyone"), "it comes through writers"),
        (left("eve", "seats"), "nobody saw it in that group, though it may be a member"),
    ] {
        assert_eq!(suppose(&snapshot, std::slice::from_ref(&change), now()).digest, snapshot.digest);
        let simulation = ask(&snapshot, &[change]);
        let idle = simulation.supposed[0].idle.as_deref().unwrap_or_default();
        assert!(idle.contains(why), "{idle}");
    }
    let open = ask(&snapshot, &[left("eve", "seats")]).untold;
    assert!(open.iter().any(|open| open.question.contains("what eve would lose")), "{open:#?}");
}

#[test]
fn a_deactivated_account_takes_its_tokens_and_what_runs_on_them_with_it() {
    let snapshot = estate();
    let simulation = ask(&snapshot, &[deactivated("ada")]);
    assert_eq!(harm(&simulation, "integration"), [(Harm::Stops, Certainty::Certain, "Sync")]);
    let tokens: Vec<(Harm, Certainty, &str)> = simulation
        .harmed
        .iter()
        .filter(|one| one.resource.kind() == Kind::Credential)
        .map(|one| (one.harm, one.certainty, one.resource.native()))
        .collect();
    let stops = |token| (Harm::Stops, Certainty::Certain, token);
    assert_eq!(tokens, [stops("t-1"), stops("t-2")], "what was never used comes last");
    let system = simulation.harmed.iter().find(|one| one.sort == "system").unwrap();
    assert_eq!((system.name.as_str(), system.resource.native()), ("Jenkins", "t-1"));
    assert!(system.why.iter().any(|step| step.starts_with("recognised with a score of ")), "{system:#?}");
    assert_eq!(harm(&simulation, "automation"), [(Harm::Stops, Certainty::Likely, "Close old issues")]);
    assert_eq!(harm(&simulation, "project"), [(Harm::LeftAlone, Certainty::Certain, "Payments")]);
    assert_eq!(harm(&simulation, "variable"), [(Harm::Stops, Certainty::Possible, "JENKINS_TOKEN")]);
    assert!(simulation.breaks(now()));
    let opened: Vec<&str> = simulation
        .findings
        .iter()
        .filter(|finding| finding.turn == Turn::Opens)
        .map(|finding| finding.rule.as_str())
        .collect();
    assert!(opened.contains(&"token-owner-deactivated"), "{opened:?}");
    assert!(opened.contains(&"project-lead-inactive"), "{opened:?}");
    let seats = &simulation.seats[0];
    assert_eq!((seats.freed, seats.perhaps, seats.name.as_str()), (1, 0, "Jira Software on Acme"));
    let loss = &simulation.losses[0];
    assert!(loss.shut_out && loss.lost == 2, "{loss:#?}");
    let talk = &simulation.talk_to[0];
    assert_eq!(talk.who.as_deref(), Some("bob@acme.example (team Portfolio)"));
    assert!(principal(&suppose(&snapshot, &[deactivated("ada")], now()), "ada").groups.known().unwrap().len() == 2);
}

#[test]
fn leaving_a_group_cuts_what_came_through_it_and_around_it() {
    let snapshot = estate();
    let simulation = ask(&snapshot, &[left("ada", "writers")]);
    let loss = &simulation.losses[0];
    let lost: Vec<&str> = loss.permissions.iter().map(|one| one.key.as_str()).collect();
    assert!(!loss.shut_out && lost == ["EDIT_ISSUES", "BROWSE_PROJECTS"], "{loss:#?}");
    let broken = simulation.harmed.iter().find(|one| one.sort == "integration").unwrap();
    assert_eq!((broken.harm, broken.certainty), (Harm::LosesRights, Certainty::Certain));
    assert!(broken.why[1].contains("loses EDIT_ISSUES in Payments, which it is declared to need"), "{broken:#?}");
    // Taking the inner group out of the outer one leaves what the inner one gives.
    let nested = Suppose::Left { member: cloud(Kind::Group, "writers"), group: cloud(Kind::Group, "everyone") };
    let loss = &ask(&snapshot, &[nested]).losses[0];
    let lost: Vec<&str> = loss.permissions.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(lost, ["BROWSE_PROJECTS"]);
}

#[test]
fn a_system_whose_account_loses_rights_is_told_by_what_shows_it_and_by_its_own_token() {
    let mut all = resources();
    all.retain(|one| one.kind() != Kind::Integration && one.id.native() != "t-2");
    all.push(token("t-2", "laptop", "ada", Fact::Known(0)));
    let simulation = ask(&seal(all, ledger(EndpointState::Complete)), &[left("ada", "writers")]);
    let system = simulation.harmed.iter().find(|one| one.sort == "system").unwrap();
    assert_eq!((system.name.as_str(), system.resource.native()), ("Jenkins", "ada"));
    assert_eq!(system.last_used_at, Fact::Known(now() - TimeDelta::days(1)));
    let recognised = system.why.last().unwrap();
    assert!(recognised.contains("label: jenkins"), "{recognised}");
    assert!(!recognised.contains("mail") && !recognised.contains("second factor"), "{recognised}");
}

#[test]
fn what_another_of_its_accounts_keeps_an_integration_does_not_lose() {
    let mut all = resources();
    let helper = account("zoe", Fact::Known(vec![cloud(Kind::Group, "writers")]));
    for resource in &mut all {
        if let Body::Integration(integration) = &mut resource.body
            && let Fact::Known(accounts) = &mut integration.accounts
        {
            accounts.push(DeclaredAccount { name: "zoe@acme.example".into(), id: None, source: None });
        }
    }
    all.push(helper);
    let snapshot = seal(all, ledger(EndpointState::Complete));
    let simulation = ask(&snapshot, &[left("ada", "writers")]);
    assert_eq!(harm(&simulation, "integration"), [(Harm::LosesRights, Certainty::Possible, "Sync")]);
    assert!(!simulation.breaks(now()));
}

#[test]
fn a_token_that_is_let_expire_moves_its_own_time_alone() {
    let snapshot = estate();
    let own = Suppose::Expired { credential: cloud(Kind::Credential, "t-1"), on: None };
    let after = suppose(&snapshot, std::slice::from_ref(&own), now());
    let differing: Vec<&str> = snapshot
        .resources
        .iter()
        .filter(|resource| after.get(&resource.id) != Some(*resource))
        .map(|resource| resource.id.native())
        .collect();
    assert_eq!(differing, ["t-1"]);
    let Body::Credential(ended) = &after.get(&cloud(Kind::Credential, "t-1")).unwrap().body else { panic!("a token") };
    assert_eq!(ended.expires_at, Fact::Known(now() - TimeDelta::days(1)), "it is the day after");
    assert_eq!(ended.created_at, Fact::Known(now() - TimeDelta::days(161)), "it will be as old by then");
    let simulation = ask(&snapshot, &[own]);
    assert!(
        simulation
            .findings
            .iter()
            .any(|one| one.turn == Turn::Opens && one.rule.as_str() == "token-expired-still-listed")
    );
    assert!(simulation.findings.iter().all(|one| !one.of_change), "nobody changes a token that ends");
    let loses = harm(&simulation, "integration");
    assert_eq!(loses, [(Harm::Stops, Certainty::Possible, "Sync")], "its account has another token");
}

#[test]
fn a_revoked_token_is_gone_and_a_gap_keeps_that_from_being_confirmed() {
    let revoked = [Suppose::Revoked(cloud(Kind::Credential, "t-2"))];
    let gone = |state| {
        let simulation = ask(&seal(resources(), ledger(state)), &revoked);
        let closes = simulation.findings.into_iter().find(|one| one.turn == Turn::Closes);
        closes.expect("a token that was never used is a finding")
    };
    assert_eq!(gone(EndpointState::Complete).note, None);
    assert!(gone(EndpointState::Partial).note.unwrap().contains("the next scan could not confirm it"));
    let simulation = ask(&estate(), &revoked);
    assert!(!simulation.breaks(now()), "nobody used it");
    assert_eq!(harm(&simulation, "credential").len(), 1);
}

#[test]
fn a_deleted_group_is_gone_from_everything_that_named_it() {
    let snapshot = estate();
    let after = suppose(&snapshot, &[Suppose::Deleted(cloud(Kind::Group, "everyone"))], now());
    let text = serde_json::to_string(&after.resources.iter().map(|one| &one.body).collect::<Vec<_>>()).unwrap();
    assert!(!text.contains("atlassian/group/everyone"), "{text}");
    assert!(after.get(&site(Kind::Grant, "permission-scheme:1/2")).is_none());
    let simulation = ask(&snapshot, &[Suppose::Deleted(cloud(Kind::Group, "seats"))]);
    assert_eq!((simulation.seats[0].freed, simulation.seats[0].perhaps), (1, 0), "all its members were told");
    let untold = ask(&members_untold(), &[Suppose::Deleted(cloud(Kind::Group, "seats"))]);
    assert_eq!((untold.seats[0].freed, untold.seats[0].perhaps), (1, 1), "of Eve nobody told the groups");
    assert!(untold.untold.iter().any(|open| open.question == "who else is in seats"), "{:#?}", untold.untold);
}

/// The estate in which nobody told all members of the group that takes the seats.
fn members_untold() -> Snapshot {
    let mut all = resources();
    for resource in &mut all {
        if let (Body::Group(group), "seats") = (&mut resource.body, resource.name.as_str()) {
            group.members_told = Fact::Known(false);
        }
    }
    seal(all, ledger(EndpointState::Complete))
}

#[test]
fn a_seat_that_may_be_free_leaves_the_count_open() {
    let used = |snapshot: &Snapshot| {
        let after = suppose(snapshot, &[deactivated("eve")], now());
        match &after.get(&site(Kind::Container, "application:jira-software")).unwrap().body {
            Body::Container(jira) => jira.seats_used,
            _ => panic!("an application"),
        }
    };
    assert_eq!(used(&estate()), Fact::Known(10), "she is not among the members that were told");
    assert_eq!(used(&members_untold()), Fact::Unknown);
    let simulation = ask(&members_untold(), &[deactivated("eve")]);
    assert_eq!((simulation.seats[0].freed, simulation.seats[0].perhaps), (0, 1));
}

#[test]
fn what_nobody_saw_is_not_passed_over_in_silence() {
    let changes = [Suppose::Revoked(cloud(Kind::Credential, "t-9")), deactivated("nobody")];
    let simulation = ask(&estate(), &changes);
    let idle: Vec<Option<&str>> = simulation.supposed.iter().map(|one| one.idle.as_deref()).collect();
    assert_eq!(idle, [Some("nobody saw it"); 2]);
}

fn platform(native: &str, grant: Grant, via: &[&str]) -> Resource {
    let via =
        if via.is_empty() { Fact::Unknown } else { Fact::Known(via.iter().map(|way| (*way).to_owned()).collect()) };
    self::grant(native, Grant { via, ..grant })
}

#[test]
fn a_role_that_came_through_a_group_goes_with_it_and_a_direct_one_stays() {
    const ROLE: &str = "atlassian/org-admin";
    let roles = |via: &[&str]| {
        let mut all = resources();
        let Body::Principal(ada) = &mut all[0].body else { panic!("an account") };
        ada.platform_roles = Fact::Known(vec![ROLE.to_owned()]);
        all.push(platform("g-group", to_group(GrantForm::PlatformRole, ROLE, "writers", "organisation"), &[]));
        all.push(platform("g-ada", to_account(GrantForm::PlatformRole, ROLE, "ada", "organisation"), via));
        let snapshot = seal(all, ledger(EndpointState::Complete));
        let after = suppose(&snapshot, &[left("ada", "writers")], now());
        let open = ask(&snapshot, &[left("ada", "writers")]).untold;
        let open = open.iter().any(|open| open.question.contains("keeps the role"));
        let kept = after.get(&site(Kind::Grant, "g-ada")).is_some();
        (principal(&after, "ada").platform_roles.known().unwrap().len(), kept, open)
    };
    assert_eq!(roles(&["group_direct"]), (0, false, false));
    assert_eq!(roles(&["direct", "group_direct"]), (1, true, false));
    assert_eq!(roles(&["direct"]), (1, true, false));
    assert_eq!(roles(&[]), (1, true, true), "nobody told how it came about");
}

#[test]
fn what_bitbucket_sums_up_falls_to_what_is_left_and_stays_open_where_nothing_explains_it() {
    let after = |sum: &str| {
        let mut all = resources();
        let workspace_group = ResourceId::new("11f1", Kind::Group, "developers");
        let Body::Principal(ada) = &mut all[0].body else { panic!("an account") };
        ada.workspace_groups = Fact::Known(vec![workspace_group.clone()]);
        all.push(resource(workspace_group.clone(), "Developers", "groups", Body::Group(Group::default())));
        all.push(container("repository:r", "app", Container::unknown(ContainerForm::Repository)));
        let on = |grant: Grant| Grant { container: Fact::Known(site(Kind::Container, "repository:r")), ..grant };
        all.push(grant(
            "write",
            on(Grant {
                group: Fact::Known(workspace_group.clone()),
                ..Grant::of(GrantForm::RepositoryPermission, "write", Holder::Group)
            }),
        ));
        all.push(grant("read", to_account(GrantForm::RepositoryPermission, "read", "ada", "repository:r")));
        all.push(grant("effective", to_account(GrantForm::EffectiveRepositoryPermission, sum, "ada", "repository:r")));
        let snapshot = seal(all, ledger(EndpointState::Complete));
        let leaves = [Suppose::Left { member: cloud(Kind::Principal, "ada"), group: workspace_group }];
        let sum = match &suppose(&snapshot, &leaves, now()).get(&site(Kind::Grant, "effective")).unwrap().body {
            Body::Grant(grant) => grant.role.clone(),
            _ => panic!("a grant"),
        };
        let open = ask(&snapshot, &leaves).untold;
        (sum, open.iter().any(|open| open.because.iter().any(|why| why.contains("no grant that was read explains it"))))
    };
    assert_eq!(after("write"), ("read".to_owned(), false));
    assert_eq!(after("admin"), ("admin".to_owned(), true));
}

#[test]
fn what_the_scan_could_not_see_is_said_and_accepted_gaps_are_no_question() {
    let mut gap = ledger(EndpointState::Denied);
    let questions = |ledger: Vec<LedgerEntry>| ask(&seal(resources(), ledger), &[deactivated("bob")]);
    let simulation = questions(gap.clone());
    assert!(simulation.leaves_questions());
    assert!(simulation.untold.iter().any(|open| open.question.starts_with("which further tokens")));
    gap.last_mut().unwrap().declared = Some("nobody pays for it".to_owned());
    let accepted = questions(gap);
    let tokens = accepted.untold.iter().find(|open| open.question.starts_with("which further tokens")).unwrap();
    assert!(tokens.accepted && tokens.because[0].contains("accepted: nobody pays for it"), "{tokens:#?}");
}

#[test]
fn words_name_things_in_the_surest_way_in_which_they_fit() {
    let mut all = resources();
    all.push(resource(cloud(Kind::Principal, "x-9"), "ADA", "accounts", Body::Principal(Principal::default())));
    all.push(resource(cloud(Kind::Principal, "x-8"), "Twin", "accounts", Body::Principal(Principal::default())));
    all.push(resource(cloud(Kind::Principal, "x-7"), "Twin", "accounts", Body::Principal(Principal::default())));
    let snapshot = seal(all, ledger(EndpointState::Complete));
    let inventory = Inventory::new(&snapshot);
    let id = |wanted, word: &str| find(&inventory, wanted, word).map(|found| found.id.native().to_owned());
    for word in ["ada", "atlassian/principal/ada", "Ada@Acme.example", " ada "] {
        assert_eq!(id(Wanted::Account, word), Ok("ada".to_owned()), "{word}");
    }
    assert_eq!(id(Wanted::Account, "ADA"), Ok("x-9".to_owned()), "letter for letter first");
    assert_eq!(id(Wanted::Credential, "jenkins"), Ok("t-1".to_owned()));
    for word in ["PAY", "pay", "10000", "Payments"] {
        assert_eq!(id(Wanted::Project, word), Ok("project:10000".to_owned()), "{word}");
    }
    assert_eq!(id(Wanted::Member, "writers"), Ok("writers".to_owned()));
    let Err(Unnamed::Several(both)) = id(Wanted::Account, "Twin") else { panic!("two have the name") };
    assert_eq!(both.iter().map(|(id, _)| id.native()).collect::<Vec<_>>(), ["x-7", "x-8"]);
    assert_eq!(id(Wanted::Group, "writer"), Err(Unnamed::Nothing { near: Some("writers".to_owned()) }));
    assert_eq!(id(Wanted::Group, ""), Err(Unnamed::Nothing { near: None }));
    assert_eq!(id(Wanted::Group, "nobody at all"), Err(Unnamed::Nothing { near: None }));
}

#[test]
fn places_in_a_role_are_found_by_its_name_or_id() {
    let mut all = resources();
    all.push(grant(
        "project-role:10000/10002/ada",
        to_account(GrantForm::ProjectRole, "Administrators", "ada", "project:10000"),
    ));
    let snapshot = seal(all, ledger(EndpointState::Complete));
    let inventory = Inventory::new(&snapshot);
    let (ada, project) = (cloud(Kind::Principal, "ada"), site(Kind::Container, "project:10000"));
    for role in ["Administrators", "administrators", "10002"] {
        assert_eq!(places_in_role(&inventory, &ada, role, &project).unwrap().len(), 1, "{role}");
    }
    assert_eq!(places_in_role(&inventory, &ada, "Developers", &project), Err(vec!["Administrators".to_owned()]));
}

/// Everything that can be supposed here.
fn any_change() -> impl Strategy<Value = Suppose> {
    let accounts = prop::sample::select(vec!["ada", "bob", "eve"]);
    let groups = prop::sample::select(vec!["writers", "everyone", "seats"]);
    prop_oneof![
        accounts.clone().prop_map(deactivated),
        (accounts, groups.clone()).prop_map(|(member, group)| left(member, group)),
        groups.prop_map(|group| Suppose::Deleted(cloud(Kind::Group, group))),
        (1_u8..4).prop_map(|number| Suppose::Revoked(cloud(Kind::Credential, &format!("t-{number}")))),
        (1_u8..4).prop_map(|number| Suppose::Expired {
            credential: cloud(Kind::Credential, &format!("t-{number}")),
            on: None
        }),
        (1_u8..3).prop_map(|number| Suppose::Withdrawn(site(Kind::Grant, &format!("permission-scheme:1/{number}")))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_done_is_not_done_twice(changes in prop::collection::vec(any_change(), 0..5)) {
        let snapshot = estate();
        let once = suppose(&snapshot, &changes, now());
        let all = changes.iter().chain(&changes).cloned().collect::<Vec<_>>();
        let twice = suppose(&snapshot, &all, now());
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn nobody_gains_anything(changes in prop::collection::vec(any_change(), 1..5)) {
        let snapshot = estate();
        let after = suppose(&snapshot, &changes, now());
        let (before, after) = (Inventory::new(&snapshot), Inventory::new(&after));
        for account in before.of_kind(Kind::Principal) {
            let had = before.access().of_account(account);
            let Some(is) = after.get(&account.id) else { continue };
            for place in after.access().of_account(is).places {
                for one in place.permissions.iter() {
                    prop_assert!(had.may(one.key, place.container).is_some(), "{} in {}", one.key, place.container.id);
                }
            }
        }
    }
}

#[test]
fn hostile_names_stay_within_the_page_and_the_json() {
    const NAME: &str = "\u{1b}[2Jall is well\u{202e}\nname=1+1 日本語 with-a-word-that-is-longer-than-any-line-of-the-page-could-ever-be-0123456789";
    let mut all = resources();
    for resource in &mut all {
        resource.name = NAME.to_owned();
    }
    let snapshot = seal(all, ledger(EndpointState::Denied));
    let changes = [deactivated("ada"), left("bob", "everyone"), Suppose::Revoked(cloud(Kind::Credential, "t-3"))];
    let simulation = ask(&snapshot, &changes);
    for width in [48, 80, 120] {
        let page = simulation_page(&simulation, now(), Look { width, colour: false });
        for line in page.lines() {
            assert!(crate::text::columns(line) <= width, "{line}");
        }
        assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{7}']));
    }
    let head = SimulationHead { snapshot: "s1", scanned_at: now(), judged_at: now() };
    let text = simulation_json(&simulation, head);
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["harmed"][0]["name"].as_str().unwrap(), NAME);
    assert_eq!(text, simulation_json(&simulation, head), "the same bytes twice");
}
