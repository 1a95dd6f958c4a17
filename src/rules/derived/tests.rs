//! Derived facts: what is known only in part stays unknown.

use super::*;
use crate::model::{
    App, AppForm, EndpointState, Group, Holder, LedgerEntry, ProductActivity, Resource, Sighting, Snapshot, Webhook,
    sample,
};

fn list(kind: Kind, state: EndpointState) -> LedgerEntry {
    LedgerEntry {
        source: "acme-org".into(),
        endpoint: kind.name().into(),
        path: String::new(),
        shows: vec![kind],
        forms: Vec::new(),
        visible_only: false,
        state,
        reason: String::new(),
        right: String::new(),
        declared: None,
        requests: 0,
        pages: 0,
        rows: 0,
        rows_expected: None,
        last_cursor: None,
        watermark: None,
        statuses: std::collections::BTreeMap::new(),
        retries: 0,
        unreadable: Vec::new(),
        started_at: DateTime::UNIX_EPOCH,
        ended_at: DateTime::UNIX_EPOCH,
    }
}

fn ask<T>(resources: &[Resource], ledger: Vec<LedgerEntry>, question: impl Fn(&View<'_>) -> T) -> T {
    let snapshot =
        Snapshot::seal(vec![crate::model::Collection { authority: 0, resources: resources.to_vec(), ledger }]);
    let inventory = Inventory::new(&snapshot);
    let now = "2026-11-22T02:00:00Z".parse().unwrap();
    let resource = inventory.get(&resources[0].id).unwrap();
    question(&View { resource, inventory: &inventory, change: None, finding: None, now })
}

fn with_roles(mut account: Resource, roles: Fact<Vec<String>>, groups: Fact<Vec<ResourceId>>) -> Resource {
    if let Body::Principal(principal) = &mut account.body {
        (principal.platform_roles, principal.groups) = (roles, groups);
    }
    account
}

fn with_access(access: Fact<Vec<String>>) -> Resource {
    let mut group = sample::group();
    if let Body::Group(body) = &mut group.body {
        body.jira_access = access;
    }
    group
}

#[test]
fn nobody_is_called_harmless_while_a_role_or_group_is_untold() {
    let in_group = || Fact::Known(vec![sample::group().id]);
    let admin = |roles, groups, access| {
        ask(&[with_roles(sample::principal(), roles, groups), with_access(access)], Vec::new(), is_admin)
    };
    let access = |word: &str| Fact::Known(vec![word.to_owned()]);
    assert_eq!(admin(Fact::Known(vec![]), in_group(), access("user")), Fact::Known(false));
    assert_eq!(admin(Fact::Known(vec![]), in_group(), access("admin")), Fact::Known(true));
    assert_eq!(admin(Fact::Unknown, in_group(), access("admin")), Fact::Known(true));
    assert_eq!(admin(Fact::Unknown, in_group(), access("user")), Fact::Unknown);
    assert_eq!(admin(Fact::Known(vec![]), in_group(), Fact::Unknown), Fact::Unknown);
    // The sample was seen in that group, and may be in more.
    assert_eq!(admin(Fact::Known(vec![]), Fact::Unknown, access("user")), Fact::Unknown);
    assert_eq!(admin(Fact::Known(vec![]), Fact::Unknown, access("admin")), Fact::Known(true));
    assert_eq!(admin(Fact::Known(vec![ORG_ADMIN.to_owned()]), Fact::Unknown, Fact::Unknown), Fact::Known(true));
}

#[test]
fn a_group_takes_new_accounts_if_an_application_says_so_and_does_not_if_all_told_theirs() {
    let application = |default_groups| {
        let body = Container { default_groups, ..Container::unknown(ContainerForm::Application) };
        Resource { body: Body::Container(body), ..sample::container() }
    };
    let asked = |default_groups, state| {
        ask(&[sample::group(), application(default_groups)], vec![list(Kind::Container, state)], takes_new_accounts)
    };
    let (whole, denied) = (EndpointState::Complete, EndpointState::Denied);
    let other = || Fact::Known(vec![ResourceId::new(ResourceId::CLOUD, Kind::Group, "g-9")]);
    assert_eq!(asked(Fact::Known(vec![sample::group().id]), denied), Fact::Known(true));
    assert_eq!(asked(other(), whole), Fact::Known(false));
    assert_eq!(asked(other(), denied), Fact::Unknown, "another application may");
    assert_eq!(asked(Fact::Unknown, whole), Fact::Unknown);
}

#[test]
fn a_place_in_every_new_project_is_told_from_one_in_a_project() {
    let grant = |native: &str, form| {
        let id = ResourceId::new("11f1", Kind::Grant, native);
        let body = Body::Grant(Grant::of(form, "Developers", Holder::Principal));
        let whole = vec![list(Kind::Grant, EndpointState::Complete)];
        ask(&[Resource { id, body, ..sample::grant() }], whole, |view| (in_new_projects(view), grant_projects(view)))
    };
    let (yes, no) = (Fact::Known(true), Fact::Known(false));
    assert_eq!(grant("default-role:10010/user:a", GrantForm::ProjectRole), (yes, Fact::Unknown));
    assert_eq!(grant("project-role:10001/10010/user:a", GrantForm::ProjectRole), (no, Fact::Known(1)));
    assert_eq!(grant("default-role:10010/user:a", GrantForm::Share), (no, Fact::Known(0)));
}

#[test]
fn credentials_are_counted_only_if_all_were_in_sight() {
    let resources = [sample::principal(), sample::credential()];
    let whole = list(Kind::Credential, EndpointState::Complete);
    assert_eq!(ask(&resources, vec![whole.clone()], live_credentials), Fact::Known(1));
    let cut = list(Kind::Credential, EndpointState::Partial);
    assert_eq!(ask(&resources, vec![whole, cut], live_credentials), Fact::Unknown);
    assert_eq!(ask(&resources, Vec::new(), live_credentials), Fact::Unknown);
}

#[test]
fn an_organisation_counts_the_accounts_of_its_own_sources() {
    let mut organisation = sample::container();
    organisation.seen_by = sample::principal().seen_by;
    organisation.body = Body::Container(Container::unknown(ContainerForm::Organisation));
    let mut stranger = sample::principal();
    stranger.id = ResourceId::new("elsewhere", Kind::Principal, "x");
    stranger.seen_by[0].source = "other-site".into();
    let resources = [organisation, sample::principal(), stranger];
    let whole = vec![list(Kind::Principal, EndpointState::Complete)];
    assert_eq!(ask(&resources, whole.clone(), org_admins), Fact::Known(1));
    assert_eq!(ask(&resources, whole, service_accounts), Fact::Known(0));
    assert_eq!(ask(&resources, vec![list(Kind::Principal, EndpointState::Denied)], org_admins), Fact::Unknown);
}

#[test]
fn an_owner_is_missed_only_where_all_accounts_were_in_sight() {
    let alone = [sample::credential()];
    let whole = || vec![list(Kind::Principal, EndpointState::Complete)];
    assert_eq!(ask(&alone, whole(), owner_exists), Fact::Known(false));
    assert_eq!(ask(&alone, Vec::new(), owner_exists), Fact::Unknown);
    assert_eq!(ask(&[sample::credential(), sample::principal()], Vec::new(), owner_exists), Fact::Known(true));
}

fn lists(kind: Kind, forms: &[&str], state: EndpointState) -> LedgerEntry {
    LedgerEntry { forms: forms.iter().map(|form| (*form).into()).collect(), ..list(kind, state) }
}

const WHOLE: EndpointState = EndpointState::Complete;
const CUT: EndpointState = EndpointState::Partial;

/// The texts of a list, or nothing where it is unknown.
fn texts(list: Fact<Texts<'_>>) -> Option<Vec<String>> {
    list.known().map(|list| list.iter().map(str::to_owned).collect())
}

fn named(native: &str, kind: Kind, name: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: "acme-org".into(), endpoint: kind.name().into() }];
    Resource { id: ResourceId::new("11f1", kind, native), name: name.to_owned(), seen_by, body }
}

fn account(native: &str, change: impl FnOnce(&mut Principal)) -> Resource {
    let mut body = Principal::default();
    change(&mut body);
    named(native, Kind::Principal, native, Body::Principal(body))
}

fn holder(native: &str) -> Fact<ResourceId> {
    Fact::Known(ResourceId::new("11f1", Kind::Principal, native))
}

fn place(form: ContainerForm, change: impl FnOnce(&mut Container)) -> Resource {
    let mut body = Container::unknown(form);
    change(&mut body);
    named(form.name(), Kind::Container, form.name(), Body::Container(body))
}

fn given(form: GrantForm, role: &str, on: &Resource, to: &str, change: impl FnOnce(&mut Grant)) -> Resource {
    let mut grant = Grant::of(form, role, Holder::Principal);
    (grant.container, grant.principal, grant.group) = (Fact::Known(on.id.clone()), holder(to), Fact::Absent);
    change(&mut grant);
    named(&format!("{}/{role}/{to}", on.name), Kind::Grant, role, Body::Grant(grant))
}

fn standing(product: Product, active: Fact<bool>) -> Standing {
    Standing { product, source: "acme".into(), active, shows_email: Fact::Known(true) }
}

fn sighted(status: Fact<&str>, standings: Vec<Standing>) -> [Resource; 1] {
    [account("ada", |ada| {
        (ada.status, ada.standings) = (status.map(str::to_owned), Fact::Known(standings));
    })]
}

const OPEN: Fact<bool> = Fact::Known(true);
const SHUT: Fact<bool> = Fact::Known(false);

#[test]
fn a_closed_account_is_open_only_where_a_product_says_so() {
    let open = |status, standings| ask(&sighted(status, standings), Vec::new(), |view| texts(open_though_closed(view)));
    let bitbucket = |active| vec![standing(Product::Jira, SHUT), standing(Product::Bitbucket, active)];
    assert_eq!(open(Fact::Known("deactivated"), bitbucket(OPEN)), Some(vec!["Bitbucket".to_owned()]));
    assert_eq!(open(Fact::Known("deactivated"), bitbucket(SHUT)), Some(Vec::new()));
    // A product that has no word on it is not asked; one that did not tell leaves the question open.
    assert_eq!(open(Fact::Known("deactivated"), bitbucket(Fact::Absent)), Some(Vec::new()));
    assert_eq!(open(Fact::Known("deactivated"), bitbucket(Fact::Unknown)), None);
    assert_eq!(open(Fact::Known("active"), bitbucket(Fact::Unknown)), Some(Vec::new()));
    assert_eq!(open(Fact::Unknown, bitbucket(OPEN)), None);
    let untold = [account("ada", |ada| ada.status = Fact::Known("deactivated".to_owned()))];
    assert_eq!(ask(&untold, Vec::new(), |view| texts(open_though_closed(view))), None);
}

#[test]
fn who_lets_an_account_in_is_no_list_while_somebody_has_not_told() {
    let let_in = |standings| ask(&sighted(Fact::Unknown, standings), Vec::new(), |view| texts(let_in_by(view)));
    assert_eq!(let_in(vec![standing(Product::Jira, OPEN)]), Some(vec!["Jira".to_owned()]));
    assert_eq!(let_in(vec![standing(Product::Jira, SHUT)]), Some(Vec::new()));
    assert_eq!(let_in(vec![standing(Product::Jira, SHUT), standing(Product::Confluence, Fact::Unknown)]), None);
}

#[test]
fn what_is_hidden_or_untold_is_no_disagreement() {
    let told = |status, standings| ask(&sighted(status, standings), Vec::new(), |view| texts(disagreements(view)));
    let two = |jira, wiki| vec![standing(Product::Jira, jira), standing(Product::Confluence, wiki)];
    let said = |words: &str| Some(vec![words.to_owned()]);
    assert_eq!(told(Fact::Known("active"), two(OPEN, OPEN)), Some(Vec::new()));
    assert_eq!(
        told(Fact::Known("active"), two(OPEN, SHUT)),
        said("active in the organisation, kept out by Confluence")
    );
    // The rule on disagreements leaves this one to the rule on closed accounts, and knows it by these words.
    assert_eq!(told(Fact::Known("suspended"), two(OPEN, SHUT)), said("suspended in the organisation, let in by Jira"));
    assert_eq!(told(Fact::Unknown, two(OPEN, SHUT)), said("let in by Jira, kept out by Confluence"));
    // A word that decides nothing disagrees with nobody.
    assert_eq!(told(Fact::Known("not-invited"), two(SHUT, SHUT)), Some(Vec::new()));
    assert_eq!(told(Fact::Known("active"), two(OPEN, Fact::Absent)), Some(Vec::new()));
    assert_eq!(told(Fact::Known("active"), two(OPEN, Fact::Unknown)), None);
    let none = [account("ada", |ada| ada.status = Fact::Known("active".to_owned()))];
    assert_eq!(ask(&none, Vec::new(), |view| texts(disagreements(view))), None);
    // Behind a gap the organisation may have had a word that says which door is right.
    let hidden = |status, standings| {
        let accounts = vec![list(Kind::Principal, CUT)];
        ask(&sighted(status, standings), accounts, |view| texts(disagreements(view)))
    };
    let both =
        || vec![standing(Product::Jira, OPEN), standing(Product::Confluence, OPEN), standing(Product::Jira, SHUT)];
    assert_eq!(hidden(Fact::Unknown, two(OPEN, OPEN)), None);
    assert_eq!(hidden(Fact::Unknown, both()), None);
}

#[test]
fn addresses_disagree_only_where_both_are_shown() {
    let told = |email: Fact<&str>, others: Fact<Vec<String>>| {
        let ada = account("ada", |ada| {
            (ada.email, ada.other_emails) = (email.map(str::to_owned), others);
            ada.standings = Fact::Known(vec![standing(Product::Jira, OPEN)]);
        });
        ask(&[ada], Vec::new(), |view| texts(disagreements(view)))
    };
    let other = || Fact::Known(vec!["b@acme.example".to_owned()]);
    let words = "mail address a@acme.example here, b@acme.example there".to_owned();
    assert_eq!(told(Fact::Known("a@acme.example"), other()), Some(vec![words]));
    assert_eq!(told(Fact::Unknown, other()), Some(Vec::new()));
    assert_eq!(told(Fact::Known("a@acme.example"), Fact::Unknown), Some(Vec::new()));
}

#[test]
fn an_address_is_hidden_only_where_another_source_shows_it() {
    let hidden = |email: Fact<&str>, shows: Fact<bool>| {
        let ada = account("ada", |ada| {
            ada.email = email.map(str::to_owned);
            ada.standings = Fact::Known(vec![Standing { shows_email: shows, ..standing(Product::Jira, OPEN) }]);
        });
        ask(&[ada], Vec::new(), |view| texts(hides_email_in(view)))
    };
    assert_eq!(hidden(Fact::Known("a@acme.example"), SHUT), Some(vec!["Jira".to_owned()]));
    assert_eq!(hidden(Fact::Unknown, SHUT), Some(Vec::new()));
    assert_eq!(hidden(Fact::Known("a@acme.example"), Fact::Unknown), Some(Vec::new()));
    assert_eq!(ask(&[account("ada", |_| {})], Vec::new(), |view| texts(hides_email_in(view))), None);
}

#[test]
fn an_account_is_strange_to_an_organisation_only_if_its_lists_were_whole() {
    let organisation = place(ContainerForm::Organisation, |_| {});
    let mut stranger = account("fiona", |_| {});
    stranger.seen_by[0].source = "acme-bitbucket".into();
    let known = account("ada", |_| {});
    let asked = |one: &Resource, org: &[Resource], state| {
        let resources: Vec<_> = std::iter::once(one.clone()).chain(org.iter().cloned()).collect();
        let others = LedgerEntry { source: "acme-bitbucket".into(), ..list(Kind::Principal, WHOLE) };
        ask(&resources, vec![list(Kind::Principal, state), others], in_organisation)
    };
    let org = std::slice::from_ref(&organisation);
    assert_eq!(asked(&known, org, CUT), Fact::Known(true));
    assert_eq!(asked(&stranger, org, WHOLE), Fact::Known(false));
    assert_eq!(asked(&stranger, org, CUT), Fact::Unknown);
    // Where no organisation is seen, nobody is strange to it.
    assert_eq!(asked(&stranger, &[], WHOLE), Fact::Unknown);
}

#[test]
fn a_group_is_harmless_only_if_every_product_that_is_seen_told() {
    let asked = |access, ledger| ask(&[with_access(access)], ledger, group_opens_administration);
    let user = || Fact::Known(vec!["user".to_owned()]);
    let both = |state| vec![lists(Kind::Group, &["jira-access", "confluence-access"], state)];
    assert_eq!(asked(Fact::Known(vec!["site-admin".to_owned()]), both(CUT)), Fact::Known(true));
    assert_eq!(asked(user(), both(WHOLE)), Fact::Known(false));
    assert_eq!(asked(user(), both(CUT)), Fact::Unknown);
    assert_eq!(asked(Fact::Unknown, both(WHOLE)), Fact::Unknown);
    let only_jira = named("g", Kind::Group, "g", Body::Group(Group { jira_access: user(), ..Group::default() }));
    assert_eq!(ask(std::slice::from_ref(&only_jira), Vec::new(), group_opens_administration), Fact::Known(false));
    // A list of groups is no list of what they open in Confluence, which no source shows then.
    let only_groups = vec![list(Kind::Group, WHOLE), lists(Kind::Group, &["jira-access"], WHOLE)];
    assert_eq!(ask(std::slice::from_ref(&only_jira), only_groups, group_opens_administration), Fact::Known(false));
    assert_eq!(ask(&[only_jira], both(WHOLE), group_opens_administration), Fact::Unknown);
}

#[test]
fn roles_of_the_organisation_are_not_clouded_by_gaps_of_other_grants() {
    let group = sample::group();
    let grant = |form, role: &str| {
        let site = place(ContainerForm::Site, |_| {});
        given(form, role, &site, "nobody", |grant| {
            (grant.principal, grant.group) = (Fact::Absent, Fact::Known(group.id.clone()));
        })
    };
    let resources = [
        group.clone(),
        grant(GrantForm::PlatformRole, "atlassian/admin"),
        grant(GrantForm::RepositoryPermission, "write"),
    ];
    let roles = lists(Kind::Grant, &["platform-role", "group-platform-role"], WHOLE);
    let of_accounts = lists(Kind::Grant, &["platform-role"], CUT);
    let code = |state| lists(Kind::Grant, &["repository-permission"], state);
    let told = |ledger| ask(&resources, ledger, |view| texts(group_platform_roles(view)));
    assert_eq!(told(vec![roles.clone(), code(CUT)]), Some(vec!["atlassian/admin".to_owned()]));
    assert_eq!(told(vec![roles.clone(), of_accounts]), Some(vec!["atlassian/admin".to_owned()]));
    assert_eq!(told(vec![lists(Kind::Grant, &["platform-role", "group-platform-role"], CUT), code(WHOLE)]), None);
    let all = |ledger| ask(&resources, ledger, |view| texts(group_roles(view)));
    assert_eq!(all(vec![roles.clone(), code(WHOLE)]).map(|roles| roles.len()), Some(2));
    assert_eq!(all(vec![roles, code(CUT)]), None);
}

#[test]
fn people_from_outside_are_counted_where_all_accounts_could_be_told() {
    let external = |native: &str, status: Fact<&str>| {
        account(native, |one| {
            (one.account_type, one.managed) = (Fact::Known(PrincipalType::Person), Fact::Known(false));
            one.status = status.map(str::to_owned);
        })
    };
    let organisation = place(ContainerForm::Organisation, |_| {});
    let counted = |more: Vec<Resource>, state| {
        let resources: Vec<_> = std::iter::once(organisation.clone()).chain(more).collect();
        ask(&resources, vec![list(Kind::Principal, state)], external_people)
    };
    let own = account("own", |one| one.managed = Fact::Known(true));
    let app = account("app", |one| one.account_type = Fact::Known(PrincipalType::App));
    let everybody = || {
        let (closed, left) = (external("closed", Fact::Known("closed")), external("left", Fact::Known("deactivated")));
        vec![external("kai", Fact::Known("active")), closed, left, own.clone(), app.clone()]
    };
    assert_eq!(counted(everybody(), WHOLE), Fact::Known(1));
    assert_eq!(counted(vec![external("untold", Fact::Unknown)], WHOLE), Fact::Unknown);
    assert_eq!(counted(everybody(), CUT), Fact::Unknown);
    let mystery = account("mystery", |one| one.account_type = Fact::Known(PrincipalType::Person));
    assert_eq!(counted(vec![mystery], WHOLE), Fact::Unknown);
    let site = place(ContainerForm::Site, |_| {});
    assert_eq!(ask(&[site], vec![list(Kind::Principal, WHOLE)], external_people), Fact::Unknown);
}

#[test]
fn a_quota_is_known_where_the_plan_is() {
    let quota = |form, plan: Fact<&str>| {
        let one = place(form, |one| one.plan = plan.map(str::to_owned));
        ask(&[one], Vec::new(), |view| (service_account_quota(view), quota_told(view)))
    };
    let organisation = ContainerForm::Organisation;
    assert_eq!(quota(organisation, Fact::Known("enterprise")), (Fact::Known(1_000), Fact::Known(true)));
    assert_eq!(quota(organisation, Fact::Known("free")), (Fact::Known(5), Fact::Known(true)));
    for unheard in [Fact::Known("galactic"), Fact::Absent, Fact::Unknown] {
        assert_eq!(quota(organisation, unheard), (Fact::Unknown, Fact::Known(false)));
    }
    assert_eq!(quota(ContainerForm::Site, Fact::Known("free")).0, Fact::Unknown);
}

#[test]
fn team_managed_projects_are_counted_on_their_own_site() {
    let site = place(ContainerForm::Site, |_| {});
    let project = |tenant: &str, native: &str, team_managed| {
        let body = Container { team_managed, ..Container::unknown(ContainerForm::Project) };
        let id = ResourceId::new(tenant, Kind::Container, native);
        Resource { id, ..named(native, Kind::Container, native, Body::Container(body)) }
    };
    let mine = [project("11f1", "p-1", OPEN), project("11f1", "p-2", SHUT), project("other", "p-3", OPEN)];
    let counted = |more: &[Resource], ledger| {
        let resources: Vec<_> = std::iter::once(site.clone()).chain(more.iter().cloned()).collect();
        ask(&resources, ledger, unseen_projects)
    };
    let projects = |state| lists(Kind::Container, &["project"], state);
    let wiki = || lists(Kind::Container, &["space"], CUT);
    assert_eq!(counted(&mine, vec![projects(WHOLE), wiki()]), Fact::Known(1));
    assert_eq!(counted(&mine, vec![projects(CUT)]), Fact::Unknown);
    // Of a site that only the organisation saw, no source showed projects, whatever another site's source showed.
    let elsewhere = LedgerEntry { source: "other-jira".into(), ..projects(WHOLE) };
    let listed = lists(Kind::Container, &["product", "site"], WHOLE);
    assert_eq!(counted(&mine, vec![listed, elsewhere.clone()]), Fact::Unknown);
    assert_eq!(counted(&mine, vec![projects(WHOLE), LedgerEntry { state: CUT, ..elsewhere.clone() }]), Fact::Known(1));
    // Confluence has no projects.
    assert_eq!(counted(&[], vec![wiki(), elsewhere]), Fact::Absent);
    assert_eq!(counted(&[project("11f1", "p-4", Fact::Unknown)], vec![projects(WHOLE)]), Fact::Unknown);
}

#[test]
fn a_space_is_deserted_only_if_that_is_proven() {
    let space = place(ContainerForm::Space, |_| {});
    let (permission, role) = (GrantForm::SpacePermission, GrantForm::SpaceRole);
    let administers = |to: &str| given(permission, "administer space", &space, to, |_| {});
    let gone = account("gone", |one| one.status = Fact::Known("deactivated".to_owned()));
    let here = account("here", |one| one.status = Fact::Known("active".to_owned()));
    let untold = account("untold", |_| {});
    let ledger = |state| vec![lists(Kind::Grant, &["space-permission", "space-role"], state)];
    let asked = |more: &[Resource], state| {
        let everybody = [&space, &gone, &here, &untold].map(Clone::clone);
        let resources: Vec<_> = everybody.into_iter().chain(more.iter().cloned()).collect();
        ask(&resources, ledger(state), |view| (active_administrators(view), texts(administrators(view))))
    };
    let both = [administers("gone"), administers("here")];
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(asked(&both, WHOLE), (Fact::Known(1), names(&["gone", "here"])));
    // One who is there is one who is there, whatever lies behind the gap; the list is no list.
    assert_eq!(asked(&both, CUT), (Fact::Known(1), None));
    let left = [administers("gone")];
    assert_eq!(asked(&left, WHOLE), (Fact::Known(0), names(&["gone"])));
    assert_eq!(asked(&left, CUT).0, Fact::Unknown);
    assert_eq!(asked(&[administers("untold")], WHOLE).0, Fact::Unknown);
    assert_eq!(asked(&[administers("never seen")], WHOLE).0, Fact::Unknown);
    // What a role brings decides, and where nobody tells, it may bring this.
    let with = |permits: Fact<Vec<String>>| given(role, "1f0a", &space, "here", |grant| grant.permits = permits);
    assert_eq!(asked(&[with(Fact::Known(vec!["administer space".to_owned()]))], WHOLE).0, Fact::Known(1));
    assert_eq!(asked(&[with(Fact::Known(vec!["read space".to_owned()]))], WHOLE).0, Fact::Known(0));
    assert_eq!(asked(&[with(Fact::Unknown)], WHOLE), (Fact::Unknown, None));
    assert_eq!(asked(&[given(permission, "read space", &space, "here", |_| {})], WHOLE).0, Fact::Known(0));
    let team = given(permission, "administer space", &space, "team", |grant| {
        (grant.holder, grant.principal, grant.group) = (Holder::Group, Fact::Absent, Fact::Known(sample::group().id));
    });
    assert_eq!(asked(&[team.clone(), sample::group()], WHOLE).0, Fact::Known(1));
    assert_eq!(asked(std::slice::from_ref(&team), WHOLE).0, Fact::Unknown, "nobody saw who is in the group");
    let mut empty = sample::group();
    if let Body::Group(group) = &mut empty.body {
        group.member_count = Fact::Known(0);
    }
    assert_eq!(asked(&[team, empty], WHOLE).0, Fact::Known(0));
    let someone = |holder| {
        given(permission, "administer space", &space, "someone", |grant| {
            (grant.holder, grant.principal) = (holder, Fact::Absent);
        })
    };
    assert_eq!(asked(&[someone(Holder::Other)], WHOLE).0, Fact::Unknown);
    assert_eq!(asked(&[someone(Holder::ApplicationRole)], WHOLE).0, Fact::Known(1));
    let invited = account("invited", |one| one.status = Fact::Known("not-invited".to_owned()));
    assert_eq!(asked(&[administers("invited"), invited], WHOLE).0, Fact::Unknown);
    let app = account("app", |one| {
        (one.account_type, one.status) = (Fact::Known(PrincipalType::App), Fact::Known("active".to_owned()));
    });
    assert_eq!(asked(&[administers("app"), app], WHOLE).0, Fact::Known(0));
    assert_eq!(ask(&[place(ContainerForm::Site, |_| {})], ledger(WHOLE), active_administrators), Fact::Unknown);
}

#[test]
fn what_a_repository_comes_to_in_the_end_makes_no_administrator_of_it() {
    let repository = place(ContainerForm::Repository, |_| {});
    let end = given(GrantForm::EffectiveRepositoryPermission, "admin", &repository, "here", |_| {});
    let here = account("here", |one| one.status = Fact::Known("active".to_owned()));
    let ledger = vec![lists(Kind::Grant, &["repository-permission"], WHOLE)];
    assert_eq!(ask(&[repository, end, here], ledger, active_administrators), Fact::Known(0));
}

fn log(state: EndpointState) -> Vec<LedgerEntry> {
    vec![lists(Kind::App, &["acting-app"], state)]
}

#[test]
fn a_token_is_lent_only_if_owner_and_user_are_known_and_not_lent_only_with_the_log_in_sight() {
    let used_while = |owner, user, state| {
        let mut body = Credential::unknown(CredentialForm::ApiToken);
        (body.owner, body.last_used_by) = (owner, user);
        ask(&[named("t", Kind::Credential, "t", Body::Credential(body))], log(state), used_by_other)
    };
    let used = |owner, user| used_while(owner, user, WHOLE);
    assert_eq!(used(holder("ada"), holder("bo")), Fact::Known(true));
    assert_eq!(used_while(holder("ada"), holder("bo"), CUT), Fact::Known(true));
    assert_eq!(used(holder("ada"), holder("ada")), Fact::Known(false));
    assert_eq!(used_while(holder("ada"), holder("ada"), CUT), Fact::Unknown);
    assert_eq!(used(holder("ada"), Fact::Unknown), Fact::Unknown);
    assert_eq!(used(holder("ada"), Fact::Absent), Fact::Unknown);
    assert_eq!(used(Fact::Unknown, holder("bo")), Fact::Unknown);
}

#[test]
fn that_no_later_log_in_is_missed_takes_the_whole_log() {
    let told = |ledger| ask(&[account("ada", |_| {})], ledger, log_ins_told);
    assert_eq!(told(log(WHOLE)), Fact::Known(true));
    assert_eq!(told(log(CUT)), Fact::Unknown);
    assert_eq!(told(Vec::new()), Fact::Unknown);
}

#[test]
fn a_key_is_alone_only_if_all_keys_were_seen() {
    let key = |native: &str, form, fingerprint: Fact<&str>| {
        let mut body = Credential::unknown(form);
        body.fingerprint = fingerprint.map(str::to_owned);
        named(native, Kind::Credential, native, Body::Credential(body))
    };
    let deploy = |native: &str, print| key(native, CredentialForm::DeployKey, Fact::Known(print));
    let ledger = |state| {
        let tokens = lists(Kind::Credential, &["api-token"], CUT);
        vec![lists(Kind::Credential, &["ssh-key", "deploy-key"], state), tokens]
    };
    let apart = [deploy("k-1", "4f2a"), deploy("k-2", "9b7c")];
    assert_eq!(ask(&apart, ledger(WHOLE), same_key), Fact::Known(0));
    assert_eq!(ask(&apart, ledger(CUT), same_key), Fact::Unknown);
    assert_eq!(ask(&apart, Vec::new(), same_key), Fact::Unknown);
    let twice = [deploy("k-1", "4f2a"), deploy("k-2", "4f2a")];
    assert_eq!(ask(&twice, ledger(CUT), same_key), Fact::Known(1));
    // A person's key that is a deploy key too is another matter, and people's keys out of sight hide no deploy key.
    let person = key("k-3", CredentialForm::SshKey, Fact::Known("4f2a"));
    let of_people = vec![lists(Kind::Credential, &["deploy-key"], WHOLE), lists(Kind::Credential, &["ssh-key"], CUT)];
    assert_eq!(ask(&[deploy("k-1", "4f2a"), person.clone()], of_people.clone(), same_key), Fact::Known(0));
    assert_eq!(ask(&[person.clone(), deploy("k-1", "4f2a")], of_people.clone(), same_key), Fact::Known(1));
    assert_eq!(ask(&[person], of_people, same_key), Fact::Unknown);
    let none = |form, print| ask(&[key("k", form, print)], ledger(WHOLE), same_key);
    assert_eq!(none(CredentialForm::ApiToken, Fact::Absent), Fact::Known(0));
    assert_eq!(none(CredentialForm::DeployKey, Fact::Unknown), Fact::Unknown);
}

#[test]
fn an_app_acts_for_nobody_only_if_everybody_it_acts_for_was_seen() {
    let ada = account("ada", |one| one.account_type = Fact::Known(PrincipalType::Person));
    let bot = account("bot", |one| one.account_type = Fact::Known(PrincipalType::ServiceAccount));
    let acts_while = |accounts: Fact<&[&str]>, state| {
        let ids = |names: &[&str]| names.iter().map(|name| ResourceId::new("11f1", Kind::Principal, name)).collect();
        let body = App { acts_for: accounts.map(ids), ..App::unknown(AppForm::ActingApp) };
        let app = named("app", Kind::App, "app", Body::App(body));
        ask(&[app, ada.clone(), bot.clone()], log(state), |view| (acts_for_people(view), texts(app_acts_for(view))))
    };
    let acts = |accounts| acts_while(accounts, WHOLE);
    assert_eq!(acts_while(Fact::Known(&["ada"]), CUT).0, Fact::Known(1));
    assert_eq!(acts_while(Fact::Known(&["bot"]), CUT).0, Fact::Unknown);
    assert_eq!(acts(Fact::Known(&["ada", "bot"])).0, Fact::Known(1));
    assert_eq!(acts(Fact::Known(&["bot"])).0, Fact::Known(0));
    assert_eq!(acts(Fact::Absent).0, Fact::Known(0));
    assert_eq!(acts(Fact::Unknown), (Fact::Unknown, None));
    assert_eq!(acts(Fact::Known(&["bot", "never seen"])).0, Fact::Unknown);
    assert_eq!(acts(Fact::Known(&["ada", "never seen"])).0, Fact::Known(1));
}

#[test]
fn where_a_webhook_sends_is_read_off_its_address() {
    let sends = |address: Fact<&str>| {
        let body = Webhook { address: address.map(str::to_owned), ..Webhook::default() };
        ask(&[named("w", Kind::Webhook, "w", Body::Webhook(body))], Vec::new(), |view| {
            (plain_http(view), webhook_host(view).map(str::to_owned))
        })
    };
    let host = |name: &str| Fact::Known(name.to_owned());
    assert_eq!(sends(Fact::Known("http://a.example")), (OPEN, host("a.example")));
    assert_eq!(sends(Fact::Known("HTTP://a.example")), (OPEN, host("a.example")));
    assert_eq!(sends(Fact::Known("https://a.example:8443")), (SHUT, host("a.example:8443")));
    assert_eq!(sends(Fact::Known("a.example")).1, Fact::Unknown);
    assert_eq!(sends(Fact::Unknown), (Fact::Unknown, Fact::Unknown));
}

#[test]
fn shares_are_counted_only_if_all_were_seen() {
    let filter = place(ContainerForm::Filter, |_| {});
    let share = given(GrantForm::Share, "view", &filter, "ada", |_| {});
    let counted = |state| ask(&[filter.clone(), share.clone()], vec![lists(Kind::Grant, &["share"], state)], shares);
    assert_eq!(counted(WHOLE), Fact::Known(1));
    assert_eq!(counted(CUT), Fact::Unknown);
    assert_eq!(ask(&[place(ContainerForm::Space, |_| {})], Vec::new(), shares), Fact::Unknown);
}

#[test]
fn the_latest_page_view_is_unknown_while_one_product_has_not_told() {
    let seen = |activity: &[Fact<DateTime<Utc>>]| {
        let views = activity.iter().enumerate().map(|(number, last_active_at)| ProductActivity {
            product: number.to_string(),
            site: None,
            last_active_at: *last_active_at,
        });
        let ada = account("ada", |ada| ada.activity = Fact::Known(views.collect()));
        ask(&[ada], Vec::new(), last_active_at)
    };
    let then = Fact::Known(DateTime::UNIX_EPOCH);
    assert_eq!(seen(&[then, Fact::Absent]), then);
    assert_eq!(seen(&[then, Fact::Unknown]), Fact::Unknown);
    assert_eq!(seen(&[]), Fact::Absent);
}

#[test]
fn an_owner_is_missed_only_where_such_accounts_are_listed() {
    let mut token = sample::credential();
    if let Body::Credential(body) = &mut token.body {
        body.owner = Fact::Known(ResourceId::new("gitlab", Kind::Principal, "17"));
    }
    let whole = || vec![list(Kind::Principal, EndpointState::Complete)];
    assert_eq!(ask(&[token.clone(), sample::principal()], whole(), owner_exists), Fact::Unknown, "tokens alone came");
    let mut other = account("18", |_| {});
    other.id = ResourceId::new("gitlab", Kind::Principal, "18");
    assert_eq!(ask(&[token, other], whole(), owner_exists), Fact::Known(false));
}

#[test]
fn an_account_goes_by_its_user_name_too_where_it_has_one() {
    let asked = |username: Fact<&str>| {
        let one = [account("Build (nightly)", |one| one.username = username.map(str::to_owned))];
        ask(&one, Vec::new(), |view| (texts(principal_names(view)), is_self_hosted(view)))
    };
    let both = vec!["Build (nightly)".to_owned(), "svc-jenkins".to_owned()];
    assert_eq!(asked(Fact::Known("svc-jenkins")), (Some(both), Fact::Known(true)));
    assert_eq!(
        asked(Fact::Unknown),
        (Some(vec!["Build (nightly)".to_owned()]), Fact::Known(true)),
        "its place says so"
    );
    assert_eq!(ask(&[sample::principal()], Vec::new(), |view| view.resource.id.tenant().to_owned()), ResourceId::CLOUD);
    let mut in_cloud = account("ada", |_| {});
    in_cloud.id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, "ada");
    assert_eq!(ask(&[in_cloud], Vec::new(), is_self_hosted), Fact::Known(false));
    let alone = [sample::credential()];
    assert_eq!(ask(&alone, Vec::new(), |view| texts(owner_names(view))), Some(Vec::new()), "nobody was seen");
    let owned = [sample::credential(), sample::principal()];
    assert!(ask(&owned, Vec::new(), |view| texts(owner_names(view))).unwrap().contains(&"Ada Muster".to_owned()));
}

#[test]
fn a_group_of_a_self_hosted_product_opens_nothing_of_the_cloud() {
    let with = |administers| Group {
        jira_access: Fact::Absent,
        confluence_access: Fact::Absent,
        administers,
        ..Group::default()
    };
    let group = |administers| named("admins", Kind::Group, "admins", Body::Group(with(administers)));
    for administers in [Fact::Known(true), Fact::Known(false), Fact::Unknown] {
        let asked = |question: fn(&View<'_>) -> Fact<bool>| ask(&[group(administers)], Vec::new(), question);
        assert_eq!((asked(group_is_self_hosted), asked(group_opens_administration)), (Fact::Known(true), administers));
    }
    let roles = |group: Resource| ask(&[group], Vec::new(), |view| texts(group_platform_roles(view)));
    assert_eq!(roles(group(Fact::Known(true))), Some(Vec::new()));
    assert_eq!(roles(sample::group()), None, "nobody read the roles of the organisation");
    let instance = place(ContainerForm::Instance, |_| {});
    let permission = given(GrantForm::GlobalPermission, "SYSTEM_ADMIN", &instance, "", |grant| {
        (grant.holder, grant.principal) = (Holder::Group, Fact::Absent);
        grant.group = Fact::Known(group(Fact::Unknown).id);
    });
    let asked = [group(Fact::Known(false)), instance, permission];
    assert_eq!(ask(&asked, Vec::new(), group_opens_administration), Fact::Known(true), "a permission says so");
}

#[test]
fn a_list_that_there_is_none_of_has_no_entries() {
    let token = |scopes| {
        let body = Credential { scopes, ..Credential::unknown(CredentialForm::PersonalAccessToken) };
        named("t", Kind::Credential, "t", Body::Credential(body))
    };
    let field = crate::rules::fields::fields_of(Some(Kind::Credential)).find(|field| field.name == "scopes").unwrap();
    let crate::rules::fields::Get::Texts(get) = field.get else { panic!("scopes are a list") };
    assert_eq!(ask(&[token(Fact::Absent)], Vec::new(), |view| texts(get(view))), Some(Vec::new()));
    assert_eq!(ask(&[token(Fact::Unknown)], Vec::new(), |view| texts(get(view))), None);
}
