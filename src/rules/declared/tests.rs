//! What people declare against what was found: each list known, known to be empty, and not known behind a gap.

use chrono::{DateTime, Utc};

use super::*;
use crate::model::{
    Collection, Container, ContainerForm, DeclaredAccount, EndpointState, Grant, GrantForm, Holder, Integration, Kind,
    LedgerEntry, Person, Principal, PrincipalType, Product, Sighting, Snapshot, Standing,
};
use crate::rules::fields::View;

const WHOLE: EndpointState = EndpointState::Complete;
const CUT: EndpointState = EndpointState::Partial;

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T00:00:00Z").parse().unwrap()
}

fn known(word: &str) -> Fact<String> {
    Fact::Known(word.to_owned())
}

fn words(words: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(words.iter().map(|word| (*word).to_owned()).collect())
}

/// An endpoint of a source that shows a kind in some forms.
fn list(source: &str, kind: Kind, forms: &[&str], state: EndpointState) -> LedgerEntry {
    let name = format!("{} {}", kind.name(), forms.join(" "));
    let mut entry = LedgerEntry::not_asked(
        source.into(),
        name.as_str().into(),
        String::new(),
        vec![kind],
        String::new(),
        DateTime::UNIX_EPOCH,
    );
    entry.forms = forms.iter().map(|form| (*form).into()).collect();
    entry.state = state;
    entry
}

fn resource(source: &str, kind: Kind, native: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: source.into(), endpoint: kind.name().into() }];
    Resource { id: ResourceId::new(source, kind, native), name: native.to_owned(), seen_by, body }
}

/// An account of the self-hosted product `source`, active and with an address unless that is changed.
fn account(source: &str, native: &str, change: impl FnOnce(&mut Principal)) -> Resource {
    let mut body = Principal {
        status: known("active"),
        email: known(&format!("{native}@acme.example")),
        username: known(native),
        account_type: Fact::Known(PrincipalType::Person),
        platform_roles: Fact::Absent,
        groups: Fact::Known(Vec::new()),
        ..Principal::default()
    };
    change(&mut body);
    resource(source, Kind::Principal, native, Body::Principal(body))
}

fn in_cloud(mut account: Resource, change: impl FnOnce(&mut Principal)) -> Resource {
    account.id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, account.id.native());
    if let Body::Principal(body) = &mut account.body {
        body.username = Fact::Unknown;
        change(body);
    }
    account
}

fn person(mail: &str, until: Fact<DateTime<Utc>>) -> Resource {
    let body = Person { email: known(mail), aliases: Fact::Absent, employed_until: until, ..Person::default() };
    let mut person = resource("roster", Kind::Person, mail, Body::Person(body));
    person.name = "Ada Muster".to_owned();
    person
}

fn declared(name: &str) -> DeclaredAccount {
    DeclaredAccount { name: name.to_owned(), id: None, source: None }
}

/// An integration that runs on `svc`, unless that is changed.
fn an_integration(native: &str, change: impl FnOnce(&mut Integration)) -> Resource {
    let mut body = Integration {
        environment: known("production"),
        accounts: Fact::Known(vec![declared("svc")]),
        containers: Fact::Absent,
        permissions: Fact::Absent,
        credential_forms: Fact::Absent,
        longest_days: Fact::Absent,
        ..Integration::default()
    };
    change(&mut body);
    resource("register", Kind::Integration, native, Body::Integration(body))
}

fn token(source: &str, native: &str, change: impl FnOnce(&mut Credential)) -> Resource {
    let mut body = Credential {
        owner: Fact::Known(ResourceId::new(source, Kind::Principal, "svc")),
        status: known("active"),
        expires_at: Fact::Absent,
        created_at: Fact::Known(day("2026-10-01")),
        ..Credential::unknown(CredentialForm::PersonalAccessToken)
    };
    change(&mut body);
    resource(source, Kind::Credential, native, Body::Credential(body))
}

/// Asks about the first resource.
fn ask<T>(resources: &[Resource], ledger: &[LedgerEntry], question: impl Fn(&View<'_>) -> T) -> T {
    // A scheme that a project uses is seen with it.
    let scheme_of = |one: &Resource| match &one.body {
        Body::Container(Container { permission_scheme: Fact::Known(scheme), .. }) => Some(Resource {
            id: scheme.clone(),
            body: Body::Container(Container::unknown(ContainerForm::PermissionScheme)),
            ..one.clone()
        }),
        _ => None,
    };
    let all = resources.iter().cloned().chain(resources.iter().filter_map(scheme_of)).collect();
    let collection = Collection { authority: 0, resources: all, ledger: ledger.to_vec() };
    let snapshot = Snapshot::seal(vec![collection]);
    let inventory = Inventory::new(&snapshot);
    let resource = inventory.get(&resources[0].id).unwrap();
    question(&View { resource, inventory: &inventory, change: None, finding: None, now: now() })
}

type Field = for<'a> fn(&View<'a>) -> Fact<Texts<'a>>;

/// The entries of a list, or nothing where it is not known.
fn told(resources: &[Resource], ledger: &[LedgerEntry], field: Field) -> Option<Vec<String>> {
    ask(resources, ledger, |view| field(view).known().map(|list| list.iter().map(str::to_owned).collect()))
}

fn some(entries: &[&str]) -> Option<Vec<String>> {
    Some(entries.iter().map(|entry| (*entry).to_owned()).collect())
}

/// Everything that the fields on integrations and people lean on, read whole; but for the kinds that are cut.
fn ledger(cut: &[(&str, Kind)]) -> Vec<LedgerEntry> {
    let mut all = vec![
        list("jira", Kind::Principal, &[], WHOLE),
        list("jira", Kind::Group, &[], WHOLE),
        list("jira", Kind::Credential, &["personal-access-token"], WHOLE),
        list("jira", Kind::Container, &["project"], WHOLE),
        list("jira", Kind::Grant, &["permission", "project-role"], WHOLE),
        list("register", Kind::Integration, &[], WHOLE),
        list("roster", Kind::Person, &[], WHOLE),
    ];
    for (source, kind) in cut {
        for entry in all.iter_mut().filter(|entry| entry.source.as_str() == *source && entry.shows.contains(kind)) {
            entry.state = CUT;
        }
    }
    all
}

#[test]
fn the_roster_says_who_is_employed_and_what_it_leaves_open_stays_open() {
    let asked = |until: Fact<DateTime<Utc>>, mail: Fact<&str>, visible_only: bool| {
        let ada = account("jira", "ada", |ada| ada.email = mail.map(str::to_owned));
        let roster = LedgerEntry { visible_only, ..list("roster", Kind::Person, &[], WHOLE) };
        ask(&[ada, person("ada@acme.example", until)], &[roster], |view| (employed(view), left_at(view)))
    };
    let ada = || Fact::Known("ADA@acme.example");
    let past = Fact::Known(day("2026-11-01"));
    assert_eq!(asked(past, ada(), false), (Fact::Known(false), past));
    assert_eq!(asked(Fact::Known(day("2026-12-31")), ada(), false), (Fact::Known(true), Fact::Absent));
    assert_eq!(asked(Fact::Absent, ada(), false), (Fact::Known(true), Fact::Absent));
    // A person of whom the end is not told may have left.
    assert_eq!(asked(Fact::Unknown, ada(), false), (Fact::Unknown, Fact::Unknown));
    assert_eq!(asked(past, Fact::Known("eva@acme.example"), false), (Fact::Absent, Fact::Absent));
    assert_eq!(
        asked(past, Fact::Known("eva@acme.example"), true),
        (Fact::Unknown, Fact::Unknown),
        "others may be missing"
    );
    assert_eq!(asked(past, Fact::Unknown, false), (Fact::Unknown, Fact::Unknown), "a hidden address may be anybody's");
    let gone = |until| ask(&[person("a@acme.example", until)], &[], has_gone);
    assert_eq!(
        (gone(past), gone(Fact::Absent), gone(Fact::Unknown)),
        (Fact::Known(true), Fact::Known(false), Fact::Unknown)
    );
}

#[test]
fn an_account_is_closed_elsewhere_by_its_address_alone() {
    let ada = || account("jira", "ada", |_| {});
    let there = |status: &str, mail: Fact<String>| {
        account("wiki", "ada", |other| (other.status, other.email) = (known(status), mail))
    };
    let mail = || known("Ada@acme.example");
    let lists = |state| [list("jira", Kind::Principal, &[], WHOLE), list("wiki", Kind::Principal, &[], state)];
    let asked = |other, state| told(&[ada(), other], &lists(state), closed_elsewhere);
    for status in ["deactivated", "deleted", "suspended"] {
        assert_eq!(asked(there(status, mail()), CUT), some(&["ada in wiki"]), "{status}");
    }
    assert_eq!(asked(there("active", mail()), WHOLE), some(&[]));
    assert_eq!(asked(there("active", mail()), CUT), None);
    assert_eq!(asked(there("on leave", mail()), WHOLE), None, "a word that nobody explained decides nothing");
    assert_eq!(asked(there("deactivated", known("eva@acme.example")), WHOLE), some(&[]));
    // One that hides its address is in doubt if it is called alike and not open.
    assert_eq!(asked(there("deactivated", Fact::Unknown), WHOLE), None);
    assert_eq!(asked(there("active", Fact::Unknown), WHOLE), some(&[]));
    let stranger = account("wiki", "eva", |eva| (eva.status, eva.email) = (known("deactivated"), Fact::Unknown));
    assert_eq!(asked(stranger, WHOLE), some(&[]));
    let hidden = account("jira", "ada", |ada| ada.email = Fact::Unknown);
    assert_eq!(told(std::slice::from_ref(&hidden), &lists(WHOLE), closed_elsewhere), some(&[]), "nobody is called so");
    let closed = there("deactivated", mail());
    assert_eq!(told(&[hidden.clone(), closed], &lists(WHOLE), closed_elsewhere), None);
    assert_eq!(told(&[hidden, there("active", mail())], &lists(WHOLE), closed_elsewhere), some(&[]));
    // Behind a gap of its own product there is no other product.
    let own = [list("jira", Kind::Principal, &[], CUT)];
    assert_eq!(told(&[ada()], &own, closed_elsewhere), some(&[]));
}

#[test]
fn a_leaver_has_no_open_account_only_if_all_accounts_were_in_sight() {
    let ada = || person("ada@acme.example", Fact::Known(day("2026-11-01")));
    let asked = |account: Resource, cut: &[(&str, Kind)]| told(&[ada(), account], &ledger(cut), open_accounts);
    let with = |status: &str| account("jira", "ada", |ada| ada.status = known(status));
    assert_eq!(asked(with("active"), &[("jira", Kind::Principal)]), some(&["ada in jira"]));
    assert_eq!(asked(with("deactivated"), &[]), some(&[]));
    assert_eq!(asked(with("deactivated"), &[("jira", Kind::Principal)]), None);
    assert_eq!(asked(with("odd"), &[]), None);
    let let_in = account("jira", "ada", |ada| {
        ada.status = known("deactivated");
        let standing = Standing {
            product: Product::Bitbucket,
            source: "git".into(),
            active: Fact::Known(true),
            shows_email: Fact::Absent,
        };
        ada.standings = Fact::Known(vec![standing]);
    });
    assert_eq!(asked(let_in, &[]), some(&["ada in jira"]), "one product lets it in");
    // One that hides its address is in doubt if it is called as the person is, or as the address is.
    let hidden = |native: &str| account("jira", native, |hidden| hidden.email = Fact::Unknown);
    assert_eq!(asked(hidden("ada"), &[]), None);
    assert_eq!(asked(hidden("eva"), &[]), some(&[]));
    let mut same_name = hidden("u17");
    same_name.name = "Ada Muster".to_owned();
    assert_eq!(asked(same_name, &[]), None);
}

#[test]
fn a_leaver_has_no_token_only_where_tokens_are_listed() {
    let ada = || person("svc@acme.example", Fact::Known(day("2026-11-01")));
    let asked = |account: Resource, token: Option<Resource>, ledger: &[LedgerEntry]| {
        let resources: Vec<_> = [ada(), account].into_iter().chain(token).collect();
        told(&resources, ledger, live_tokens)
    };
    let own = || account("jira", "svc", |own| own.status = known("deactivated"));
    let live = some(&["personal access token “t”"]);
    assert_eq!(asked(own(), Some(token("jira", "t", |_| {})), &ledger(&[("jira", Kind::Credential)])), live);
    for ended in ["expired", "revoked", "blocked"] {
        let ended = token("jira", "t", |token| token.status = known(ended));
        assert_eq!(asked(own(), Some(ended), &ledger(&[])), some(&[]));
    }
    let untold = token("jira", "t", |token| token.expires_at = Fact::Unknown);
    assert_eq!(asked(own(), Some(untold), &ledger(&[])), None);
    let wordless = token("jira", "t", |token| token.status = Fact::Unknown);
    assert_eq!(asked(own(), Some(wordless), &ledger(&[])), live, "it has no other end than its day");
    let client = token("jira", "t", |client| {
        (client.form, client.status) = (CredentialForm::OauthClient, Fact::Unknown);
    });
    assert_eq!(asked(own(), Some(client), &ledger(&[])), None, "a policy may block it");
    assert_eq!(asked(own(), None, &ledger(&[])), some(&[]));
    assert_eq!(asked(own(), None, &ledger(&[("jira", Kind::Credential)])), None);
    // A product whose tokens nobody can list hides those of its own accounts, and no others.
    let mut with_align = ledger(&[]);
    with_align.push(list("align", Kind::Principal, &[], WHOLE));
    with_align.push(list("align", Kind::Credential, &["align-token"], EndpointState::NotOffered));
    assert_eq!(asked(own(), None, &with_align), some(&[]));
    assert_eq!(asked(account("align", "svc", |_| {}), None, &with_align), None);
    // Nobody lists the tokens of people whom the organisation does not manage.
    let lists = [
        list("org", Kind::Principal, &[], WHOLE),
        list("org", Kind::Credential, &["api-token", "oauth-client"], WHOLE),
    ];
    let managed = |managed| in_cloud(account("org", "svc", |_| {}), |own| own.managed = managed);
    assert_eq!(asked(managed(Fact::Known(true)), None, &lists), some(&[]));
    assert_eq!(asked(managed(Fact::Known(false)), None, &lists), None);
    assert_eq!(asked(managed(Fact::Unknown), None, &lists), None);
}

#[test]
fn nobody_answers_for_nothing_while_the_register_was_not_read() {
    let owned = |owner: Fact<&str>, state| {
        let jenkins = an_integration("jenkins", |one| one.owner_email = owner.map(str::to_owned));
        let lists = [list("register", Kind::Integration, &[], state)];
        told(&[person("ada@acme.example", Fact::Absent), jenkins], &lists, integrations_owned)
    };
    assert_eq!(owned(Fact::Known("Ada@acme.example"), CUT), some(&["jenkins"]));
    assert_eq!(owned(Fact::Known("eva@acme.example"), WHOLE), some(&[]));
    assert_eq!(owned(Fact::Absent, WHOLE), some(&[]));
    assert_eq!(owned(Fact::Absent, CUT), None);
    assert_eq!(owned(Fact::Unknown, WHOLE), None);
    assert_eq!(told(&[person("ada@acme.example", Fact::Absent)], &[], integrations_owned), None, "no register");
}

#[test]
fn a_declared_account_is_missed_only_where_it_would_have_been_seen() {
    let asked = |accounts: Fact<Vec<DeclaredAccount>>, seen: &[Resource], cut: &[(&str, Kind)]| {
        let one = an_integration("jenkins", |one| one.accounts = accounts);
        let resources: Vec<_> = std::iter::once(one).chain(seen.iter().cloned()).collect();
        told(&resources, &ledger(cut), accounts_missing)
    };
    let svc = || Fact::Known(vec![declared("svc")]);
    let seen = [account("jira", "svc", |_| {})];
    assert_eq!(asked(svc(), &seen, &[]), some(&[]));
    assert_eq!(asked(svc(), &[], &[]), some(&["svc"]));
    assert_eq!(asked(svc(), &[], &[("jira", Kind::Principal)]), None);
    assert_eq!((asked(Fact::Absent, &[], &[]), asked(Fact::Unknown, &[], &[])), (some(&[]), None));
    // The list of the source that is named decides, whatever others hide.
    let of = |source: &str| Fact::Known(vec![DeclaredAccount { source: Some(source.to_owned()), ..declared("svc") }]);
    assert_eq!(asked(of("jira"), &[], &[]), some(&["svc"]));
    assert_eq!(asked(of("jira"), &[], &[("jira", Kind::Principal)]), None);
    assert_eq!(asked(of("wiki"), &[], &[]), None, "that source shows no accounts");
    // By its address nobody is missed where one account hides its own.
    let by_mail = || Fact::Known(vec![declared("kiplot@vendor.example")]);
    let hidden = [account("jira", "u17", |hidden| hidden.email = Fact::Unknown)];
    assert_eq!(asked(by_mail(), &hidden, &[]), None);
    assert_eq!(asked(by_mail(), &seen, &[]), some(&["kiplot@vendor.example"]));
}

#[test]
fn an_account_that_bears_another_name_was_renamed() {
    let asked = |name: &str, id: Option<&str>, seen: Option<Resource>, cut: &[(&str, Kind)]| {
        let account = DeclaredAccount { id: id.map(str::to_owned), ..declared(name) };
        let one = an_integration("jenkins", |one| one.accounts = Fact::Known(vec![account]));
        let resources: Vec<_> = std::iter::once(one).chain(seen).collect();
        told(&resources, &ledger(cut), accounts_renamed)
    };
    let seen =
        |mail: Fact<String>| Some(account("jira", "k17", |seen| (seen.username, seen.email) = (known("robot"), mail)));
    let shown = || seen(known("robot@acme.example"));
    assert_eq!(asked("svc", Some("k17"), shown(), &[]), some(&["svc is now k17"]));
    assert_eq!(asked("Robot", Some("k17"), shown(), &[]), some(&[]));
    assert_eq!(asked("svc", None, shown(), &[]), some(&[]), "without an id nobody knows");
    assert_eq!(asked("svc", Some("k17"), None, &[]), some(&[]), "it is missing, which is another matter");
    assert_eq!(asked("svc", Some("k17"), None, &[("jira", Kind::Principal)]), None);
    assert_eq!(asked("svc@acme.example", Some("k17"), seen(Fact::Unknown), &[]), None, "the address is hidden");
}

/// Fields about accounts: an empty list would be a promise about accounts that nobody found.
#[test]
fn nothing_is_promised_about_accounts_behind_a_gap() {
    const FIELDS: [(&str, Field); 10] = [
        ("accounts_closed", accounts_closed),
        ("administrator_accounts", administrator_accounts),
        ("personal_accounts", personal_accounts),
        ("shares_account_with", shares_account_with),
        ("other_environments", other_environments),
        ("forms_not_allowed", forms_not_allowed),
        ("living_too_long", living_too_long),
        ("permissions_missing", permissions_missing),
        ("permissions_beyond", permissions_beyond),
        ("containers_beyond", containers_beyond),
    ];
    let one = |accounts: Fact<Vec<DeclaredAccount>>| {
        an_integration("jenkins", |one| {
            one.accounts = accounts;
            one.containers = words(&["PAY"]);
            one.permissions = words(&["EDIT_ISSUES"]);
            one.credential_forms = words(&["personal-access-token"]);
            one.longest_days = Fact::Known(90);
        })
    };
    let svc = || Fact::Known(vec![declared("svc")]);
    let by_id = Fact::Known(vec![DeclaredAccount { id: Some("svc".to_owned()), ..declared("svc") }]);
    let project = project("PAY");
    let quiet = [one(svc()), account("jira", "svc", |_| {}), project.clone(), grants("PAY", "EDIT_ISSUES", "svc")];
    let surely = [one(by_id), account("jira", "svc", |_| {}), project.clone(), grants("PAY", "EDIT_ISSUES", "svc")];
    let unfound = [one(svc()), account("jira", "eva", |_| {}), project.clone(), grants("PAY", "EDIT_ISSUES", "eva")];
    let unsaid = [one(Fact::Unknown), account("jira", "svc", |_| {}), project, grants("PAY", "EDIT_ISSUES", "svc")];
    for (name, field) in FIELDS {
        let gap = ledger(&[("jira", Kind::Principal)]);
        assert_eq!(told(&quiet, &ledger(&[]), field), some(&[]), "{name}");
        assert_eq!(told(&quiet, &gap, field).is_none(), name != "permissions_missing", "{name}: others may be meant");
        assert_eq!(told(&surely, &gap, field), some(&[]), "{name}: an id is one account");
        assert_eq!(told(&unfound, &gap, field), None, "{name}");
        assert_eq!(told(&unsaid, &ledger(&[]), field), None, "{name}");
    }
    assert_eq!(ask(&quiet, &ledger(&[]), credential_count), Fact::Known(0));
    assert_eq!(ask(&unfound, &ledger(&[("jira", Kind::Principal)]), credential_count), Fact::Unknown);
    assert_eq!(ask(&quiet, &ledger(&[("jira", Kind::Credential)]), credential_count), Fact::Unknown);
}

#[test]
fn accounts_that_are_closed_administer_or_are_somebodys_own_are_named() {
    let asked = |change: fn(&mut Principal), field: Field| {
        let resources = [
            an_integration("jenkins", |_| {}),
            account("jira", "svc", change),
            person("ada@acme.example", Fact::Absent),
        ];
        told(&resources, &ledger(&[]), field)
    };
    assert_eq!(asked(|svc| svc.status = known("deleted"), accounts_closed), some(&["svc"]));
    assert_eq!(asked(|_| {}, accounts_closed), some(&[]));
    assert_eq!(asked(|svc| svc.status = known("odd"), accounts_closed), None);
    assert_eq!(asked(|svc| svc.platform_roles = words(&["bitbucket/admin"]), administrator_accounts), some(&["svc"]));
    assert_eq!(asked(|svc| svc.groups = Fact::Unknown, administrator_accounts), None);
    assert_eq!(asked(|svc| svc.email = known("ada@acme.example"), personal_accounts), some(&["svc"]));
    assert_eq!(asked(|svc| svc.other_emails = words(&["ada@acme.example"]), personal_accounts), some(&["svc"]));
    assert_eq!(asked(|_| {}, personal_accounts), some(&[]));
    assert_eq!(asked(|svc| svc.email = Fact::Unknown, personal_accounts), None);
}

#[test]
fn a_permission_on_the_whole_product_makes_an_administrator() {
    let asked = |role: &str, form: GrantForm| {
        let mut grant = Grant::of(form, role, Holder::Principal);
        grant.principal = Fact::Known(ResourceId::new("jira", Kind::Principal, "svc"));
        let grant = resource("jira", Kind::Grant, "g", Body::Grant(grant));
        let resources = [an_integration("jenkins", |_| {}), account("jira", "svc", |_| {}), grant];
        told(&resources, &ledger(&[]), administrator_accounts)
    };
    for role in ["ADMINISTER", "SYSTEM_ADMIN", "ADMIN", "SYS_ADMIN", "system administer"] {
        assert_eq!(asked(role, GrantForm::GlobalPermission), some(&["svc"]), "{role}");
    }
    assert_eq!(asked("USER_PICKER", GrantForm::GlobalPermission), some(&[]));
    assert_eq!(asked("ADMINISTER", GrantForm::Permission), some(&[]));
}

#[test]
fn integrations_share_an_account_whatever_they_call_it() {
    let asked = |theirs: DeclaredAccount, environment: Fact<&str>, found: bool, cut: &[(&str, Kind)]| {
        let other = an_integration("power-bi", |other| {
            other.accounts = Fact::Known(vec![theirs]);
            other.environment = environment.map(str::to_owned);
        });
        let svc = account("jira", if found { "svc" } else { "eva" }, |_| {});
        let resources = [an_integration("jenkins", |_| {}), other, svc];
        let ledger = ledger(cut);
        (told(&resources, &ledger, shares_account_with), told(&resources, &ledger, other_environments))
    };
    let by_mail = || declared("svc@acme.example");
    let sandbox = some(&["power-bi (sandbox)"]);
    assert_eq!(asked(by_mail(), Fact::Known("sandbox"), true, &[]), (some(&["power-bi"]), sandbox.clone()));
    assert_eq!(asked(by_mail(), Fact::Known("Production"), true, &[]), (some(&["power-bi"]), some(&[])));
    assert_eq!(asked(by_mail(), Fact::Absent, true, &[]), (some(&["power-bi"]), some(&[])));
    assert_eq!(asked(by_mail(), Fact::Unknown, true, &[]), (some(&["power-bi"]), None));
    assert_eq!(asked(declared("eva"), Fact::Known("sandbox"), true, &[]), (some(&[]), some(&[])));
    // Two that name the same account share it, whoever saw it.
    let gap: [(&str, Kind); 1] = [("jira", Kind::Principal)];
    assert_eq!(asked(declared("SVC"), Fact::Known("sandbox"), false, &gap), (some(&["power-bi"]), sandbox));
    assert_eq!(asked(declared("eva"), Fact::Known("sandbox"), true, &[("register", Kind::Integration)]), (None, None));
}

#[test]
fn an_owner_is_gone_by_the_roster_or_by_all_accounts() {
    let asked = |owner: Fact<&str>, people: &[Resource], statuses: &[&str], roster: Option<bool>| {
        let one = an_integration("jenkins", |one| one.owner_email = owner.map(str::to_owned));
        let accounts = statuses.iter().enumerate().map(|(at, status)| {
            account("jira", &format!("u{at}"), |one| {
                (one.status, one.email) = (known(status), known("ada@acme.example"))
            })
        });
        let resources: Vec<_> = std::iter::once(one).chain(people.iter().cloned()).chain(accounts).collect();
        let roster =
            roster.map(|visible_only| LedgerEntry { visible_only, ..list("roster", Kind::Person, &[], WHOLE) });
        ask(&resources, roster.as_slice(), owner_gone)
    };
    let ada = || Fact::Known("Ada@acme.example");
    let by_roster = |until| asked(ada(), &[person("ada@acme.example", until)], &["active"], Some(false));
    assert_eq!(by_roster(Fact::Known(day("2026-11-01"))), Fact::Known(true), "whatever account was forgotten");
    assert_eq!(by_roster(Fact::Absent), Fact::Known(false));
    assert_eq!(by_roster(Fact::Unknown), Fact::Unknown);
    assert_eq!(asked(ada(), &[], &["active"], Some(false)), Fact::Known(true), "a whole roster has nobody");
    for roster in [None, Some(true)] {
        assert_eq!(asked(ada(), &[], &["active"], roster), Fact::Known(false));
        assert_eq!(asked(ada(), &[], &["deactivated", "deleted"], roster), Fact::Known(true));
        assert_eq!(asked(ada(), &[], &["deactivated", "active"], roster), Fact::Unknown);
        assert_eq!(asked(ada(), &[], &["odd"], roster), Fact::Unknown);
        assert_eq!(asked(ada(), &[], &[], roster), Fact::Unknown);
    }
    assert_eq!(asked(Fact::Absent, &[], &[], Some(false)), Fact::Absent);
    assert_eq!(asked(Fact::Unknown, &[], &[], Some(false)), Fact::Unknown);
}

#[test]
fn credentials_are_held_against_what_was_agreed() {
    let asked = |token: Resource, cut: &[(&str, Kind)]| {
        let one = an_integration("jenkins", |one| {
            one.credential_forms = words(&["oauth-client"]);
            one.longest_days = Fact::Known(90);
        });
        let resources = [one, account("jira", "svc", |_| {}), token];
        let ledger = ledger(cut);
        (told(&resources, &ledger, forms_not_allowed), told(&resources, &ledger, living_too_long))
    };
    let odd = || some(&["personal access token “t”"]);
    let gap = [("jira", Kind::Credential)];
    assert_eq!(asked(token("jira", "t", |_| {}), &gap), (odd(), some(&["“t” never ends"])));
    let ends = |made: Fact<DateTime<Utc>>, end: &str| {
        token("jira", "t", |token| (token.created_at, token.expires_at) = (made, Fact::Known(day(end))))
    };
    let made = Fact::Known(day("2026-10-01"));
    assert_eq!(asked(ends(made, "2027-01-09"), &[]), (odd(), some(&["“t” lives for 100 days"])));
    assert_eq!(asked(ends(made, "2026-12-30"), &[]), (odd(), some(&[])), "exactly as long as it may");
    assert_eq!(asked(ends(Fact::Unknown, "2026-12-30"), &[]), (odd(), None));
    assert_eq!(
        asked(ends(Fact::Unknown, "2027-11-22"), &[]).1,
        some(&["“t” lives for 364 days"]),
        "what is left is too long"
    );
    let client = || {
        token("jira", "t", |token| {
            (token.form, token.expires_at) = (CredentialForm::OauthClient, Fact::Known(day("2026-12-01")));
        })
    };
    assert_eq!(asked(client(), &[]), (some(&[]), some(&[])));
    assert_eq!(asked(client(), &gap), (None, None));
    let ended = token("jira", "t", |token| token.status = known("expired"));
    assert_eq!(asked(ended, &[]), (some(&[]), some(&[])));
}

fn project(key: &str) -> Resource {
    project_of("jira", key)
}

fn project_of(source: &str, key: &str) -> Resource {
    let mut body = Container::unknown(ContainerForm::Project);
    body.key = known(key);
    body.permission_scheme = Fact::Known(ResourceId::new(source, Kind::Container, &format!("permission-scheme:{key}")));
    resource(source, Kind::Container, &format!("project:{key}"), Body::Container(body))
}

fn grants(key: &str, role: &str, to: &str) -> Resource {
    let mut grant = Grant::of(GrantForm::Permission, role, Holder::Principal);
    grant.container = Fact::Known(ResourceId::new("jira", Kind::Container, &format!("permission-scheme:{key}")));
    grant.principal = Fact::Known(ResourceId::new("jira", Kind::Principal, to));
    resource("jira", Kind::Grant, &format!("{key}/{role}/{to}"), Body::Grant(grant))
}

/// What an integration on `svc` lacks, has beyond its needs, and reaches beyond its projects.
fn judged(keys: &[&str], needs: &[&str], found: &[Resource], ledger: &[LedgerEntry]) -> [Option<Vec<String>>; 3] {
    let one = an_integration("align", |one| (one.containers, one.permissions) = (words(keys), words(needs)));
    let resources: Vec<_> = std::iter::once(one).chain(found.iter().cloned()).collect();
    let fields: [Field; 3] = [permissions_missing, permissions_beyond, containers_beyond];
    fields.map(|field| told(&resources, ledger, field))
}

#[test]
fn permissions_are_held_against_needs_in_the_declared_projects() {
    let svc = || account("jira", "svc", |_| {});
    let both = ["EDIT_ISSUES", "LINK_ISSUES"];
    let found = [svc(), project("PAY"), project("HR"), grants("PAY", "EDIT_ISSUES", "svc")];
    assert_eq!(judged(&["pay"], &both, &found, &ledger(&[])), [some(&["PAY: LINK_ISSUES"]), some(&[]), some(&[])]);
    let more = [
        svc(),
        project("PAY"),
        project("HR"),
        grants("PAY", "EDIT_ISSUES", "svc"),
        grants("PAY", "DELETE_ISSUES", "svc"),
        grants("HR", "BROWSE_PROJECTS", "svc"),
    ];
    assert_eq!(
        judged(&["PAY"], &["EDIT_ISSUES"], &more, &ledger(&[])),
        [some(&[]), some(&["PAY: DELETE_ISSUES"]), some(&["HR"]),]
    );
    // What is found stays found behind gaps; what is missing may be hidden.
    for kind in [Kind::Grant, Kind::Container] {
        let cut = ledger(&[("jira", kind)]);
        let missing = if kind == Kind::Grant { None } else { some(&["PAY: LINK_ISSUES"]) };
        assert_eq!(judged(&["PAY"], &both, &found, &cut), [missing, None, None], "{kind:?}");
        assert_eq!(judged(&["PAY"], &both, &more, &cut)[1..], [some(&["PAY: DELETE_ISSUES"]), some(&["HR"])]);
    }
    // A project that is out of sight may lack everything.
    let cut = ledger(&[("jira", Kind::Container)]);
    assert_eq!(judged(&["PAY"], &both, &[svc(), project("HR")], &cut), [None, None, None]);
    // What is no permission of Jira is not worked out.
    let [missing, ..] = judged(&["PAY"], &["REPO_READ"], &found, &ledger(&[]));
    assert_eq!(missing, None);
}

#[test]
fn one_of_several_accounts_is_enough_to_have_a_permission() {
    let eva = DeclaredAccount { id: Some("eva".to_owned()), ..declared("eva") };
    let one = an_integration("align", |one| {
        one.accounts = Fact::Known(vec![declared("svc"), eva]);
        (one.containers, one.permissions) = (words(&["PAY"]), words(&["EDIT_ISSUES"]));
    });
    let resources = [
        one,
        account("jira", "svc", |_| {}),
        account("jira", "eva", |_| {}),
        project("PAY"),
        grants("PAY", "EDIT_ISSUES", "eva"),
    ];
    assert_eq!(told(&resources, &ledger(&[]), permissions_missing), some(&[]));
}

#[test]
fn a_key_means_the_project_of_a_product_that_knows_the_account() {
    let other = [account("other", "eva", |_| {}), project_of("other", "PAY")];
    let mut lists = ledger(&[]);
    lists.push(list("other", Kind::Principal, &[], WHOLE));
    // The same key elsewhere is not meant.
    let at_home: Vec<_> = [account("jira", "svc", |_| {}), project("PAY"), grants("PAY", "EDIT_ISSUES", "svc")]
        .into_iter()
        .chain(other.clone())
        .collect();
    assert_eq!(judged(&["PAY"], &["EDIT_ISSUES"], &at_home, &lists), [some(&[]), some(&[]), some(&[])]);
    // An account that is in none of the places has nothing there.
    let away: Vec<_> = std::iter::once(account("jira", "svc", |_| {})).chain(other).collect();
    let [missing, ..] = judged(&["PAY"], &["EDIT_ISSUES"], &away, &lists);
    assert_eq!(missing, some(&["PAY: any, since it has no account there"]));
    // An account of the cloud is the same on every site, whichever source shows it.
    let service = in_cloud(account("org", "svc", |_| {}), |_| {});
    let member = in_cloud(account("jira", "eva", |_| {}), |_| {});
    let mut held = grants("PAY", "EDIT_ISSUES", "svc");
    if let Body::Grant(grant) = &mut held.body {
        grant.principal = Fact::Known(service.id.clone());
    }
    lists.push(list("org", Kind::Principal, &[], WHOLE));
    let one = an_integration("align", |one| {
        one.accounts = Fact::Known(vec![DeclaredAccount { id: Some("svc".to_owned()), ..declared("svc") }]);
        (one.containers, one.permissions) = (words(&["PAY"]), words(&["EDIT_ISSUES", "LINK_ISSUES"]));
    });
    let cloud = [one, service, member, project("PAY"), held];
    assert_eq!(told(&cloud, &lists, permissions_missing), some(&["PAY: LINK_ISSUES"]));
}

#[test]
fn a_key_is_missed_only_where_every_place_of_work_was_in_sight() {
    let asked = |keys: Fact<Vec<String>>, found: Option<Resource>, state| {
        let one = an_integration("align", |one| one.containers = keys);
        let resources: Vec<_> = std::iter::once(one).chain(found).collect();
        told(&resources, &[list("jira", Kind::Container, &["project"], state)], containers_missing)
    };
    let pay = || words(&["PAY"]);
    assert_eq!(asked(pay(), Some(project("pay")), CUT), some(&[]));
    assert_eq!(asked(pay(), None, WHOLE), some(&["PAY"]));
    assert_eq!(asked(pay(), None, CUT), None);
    assert_eq!((asked(Fact::Absent, None, CUT), asked(Fact::Unknown, None, WHOLE)), (some(&[]), None));
    let mut instance = Container::unknown(ContainerForm::Instance);
    instance.key = known("jira");
    let instance = resource("jira", Kind::Container, "instance", Body::Container(instance));
    assert_eq!(asked(words(&["JIRA"]), Some(instance), WHOLE), some(&["JIRA"]), "a product is no place of work");
    let only_others = list("jira", Kind::Container, &["application"], WHOLE);
    assert_eq!(
        told(&[an_integration("align", |one| one.containers = pay())], &[only_others], containers_missing),
        None
    );
}

#[test]
fn without_needs_or_limits_nothing_is_too_much() {
    let resources =
        [an_integration("backup", |_| {}), account("jira", "svc", |_| {}), grants("PAY", "EDIT_ISSUES", "svc")];
    for field in [
        permissions_missing,
        permissions_beyond,
        containers_beyond,
        containers_missing,
        forms_not_allowed,
        living_too_long,
    ] {
        assert_eq!(told(&resources, &[], field as Field), some(&[]));
    }
    let unsaid = |change: fn(&mut Integration)| an_integration("backup", change);
    let open = unsaid(|one| (one.containers, one.permissions) = (Fact::Unknown, Fact::Unknown));
    for field in [permissions_missing, permissions_beyond, containers_beyond, containers_missing] {
        assert_eq!(told(std::slice::from_ref(&open), &ledger(&[]), field as Field), None);
    }
}

/// A site of the cloud, a project on it that an account has rights in, and what the organisation says of the site.
fn site(cloud: &str, sandbox: Fact<bool>, holder: Option<&ResourceId>) -> Vec<Resource> {
    let at = |native: &str| ResourceId::new(cloud, Kind::Container, native);
    let seen = |id: ResourceId, body: Body| Resource {
        name: "Acme".to_owned(),
        seen_by: vec![Sighting { source: "jira".into(), endpoint: "projects".into() }],
        id,
        body,
    };
    let mut home = Container::unknown(ContainerForm::Site);
    home.url = known(&format!("https://{cloud}.atlassian.net/"));
    let mut product = Container::unknown(ContainerForm::Product);
    product.sandbox = sandbox;
    let mut project = Container::unknown(ContainerForm::Project);
    project.permission_scheme = Fact::Known(at("permission-scheme:1"));
    project.lead = Fact::Absent;
    let product_id = ResourceId::new("org", Kind::Container, &format!("ari:cloud:jira-software::site/{cloud}"));
    let mut all = vec![
        seen(at("site"), Body::Container(home)),
        seen(product_id, Body::Container(product)),
        seen(at("project:1"), Body::Container(project)),
    ];
    let mut grant = Grant::of(GrantForm::Permission, "BROWSE_PROJECTS", Holder::Principal);
    grant.container = Fact::Known(at("permission-scheme:1"));
    grant.principal = Fact::from_option(holder.cloned());
    if holder.is_some() {
        all.push(seen(ResourceId::new(cloud, Kind::Grant, "g"), Body::Grant(grant)));
    }
    all
}

#[test]
fn where_an_integration_works_is_told_by_its_own_rights_and_the_organisations_word() {
    let svc = || in_cloud(account("jira", "svc", |_| {}), |_| {});
    let one = || {
        an_integration("align", |one| {
            one.accounts = Fact::Known(vec![DeclaredAccount { id: Some("svc".to_owned()), ..declared("svc") }]);
        })
    };
    let asked = |live: Fact<bool>, trial: Fact<bool>, works_in_trial: bool, cut: &[(&str, Kind)]| {
        let svc = svc();
        let holder = works_in_trial.then_some(&svc.id);
        let all: Vec<_> = [one()]
            .into_iter()
            .chain(site("live", live, Some(&svc.id)))
            .chain(site("trial", trial, holder))
            .chain([svc.clone()])
            .collect();
        let ledger = ledger(cut);
        [sandboxes as Field, production_sites, servers].map(|field| told(&all, &ledger, field))
    };
    let (no, yes) = (Fact::Known(false), Fact::Known(true));
    let live = some(&["Acme at live.atlassian.net"]);
    let trial = some(&["Acme at trial.atlassian.net"]);
    assert_eq!(asked(no, yes, true, &[]), [trial.clone(), live.clone(), some(&[])]);
    assert_eq!(asked(no, yes, false, &[]), [some(&[]), live.clone(), some(&[])], "it does nothing there");
    // What nobody called a sandbox may be one, as long as it works there.
    assert_eq!(asked(no, Fact::Unknown, true, &[]), [None, live.clone(), some(&[])]);
    assert_eq!(asked(no, Fact::Unknown, false, &[]), [some(&[]), live.clone(), some(&[])]);
    // Behind a gap of the grants it may work anywhere.
    let gap = [("jira", Kind::Grant)];
    assert_eq!(asked(no, yes, true, &gap), [trial, live.clone(), some(&[])]);
    assert_eq!(asked(no, yes, false, &gap), [None, live, some(&[])]);
}

#[test]
fn a_server_is_no_sandbox_whatever_it_is_called() {
    let mut instance = Container::unknown(ContainerForm::Instance);
    instance.url = known("https://jira-test.acme.example");
    let mut instance = resource("jira", Kind::Container, "instance", Body::Container(instance));
    instance.name = "Jira".to_owned();
    let one = an_integration("align", |_| {});
    let all = [one, account("jira", "svc", |_| {}), instance, project("PAY"), grants("PAY", "BROWSE_PROJECTS", "svc")];
    assert_eq!(told(&all, &ledger(&[]), servers), some(&["Jira at jira-test.acme.example"]));
    assert_eq!(told(&all, &ledger(&[]), sandboxes), some(&[]));
    assert_eq!(told(&all, &ledger(&[]), production_sites), some(&[]));
    assert_eq!(told(&all, &ledger(&[("jira", Kind::Principal)]), sandboxes), None, "it may run on more accounts");
}

#[test]
fn a_key_in_other_hands_is_found_by_its_digest() {
    let key = |native: &str, owner: &str, digest: Fact<&str>| {
        token("jira", native, |key| {
            key.form = CredentialForm::SshKey;
            key.owner = Fact::Known(ResourceId::new("jira", Kind::Principal, owner));
            key.fingerprint = digest.map(str::to_owned);
        })
    };
    let mut lists = ledger(&[]);
    lists.push(list("jira", Kind::Credential, &["ssh-key", "deploy-key"], WHOLE));
    let asked = |other: Resource, lists: &[LedgerEntry]| {
        let one = an_integration("jenkins", |_| {});
        let all = [
            one,
            account("jira", "svc", |_| {}),
            account("jira", "ada", |_| {}),
            key("ci", "svc", Fact::Known("SHA256:1")),
            other,
        ];
        told(&all, lists, keys_of_others)
    };
    let shared = some(&["SSH key “ci”, which is “laptop” of ada as well"]);
    assert_eq!(asked(key("laptop", "ada", Fact::Known("SHA256:1")), &lists), shared);
    assert_eq!(asked(key("laptop", "ada", Fact::Known("SHA256:2")), &lists), some(&[]));
    assert_eq!(
        asked(key("spare", "svc", Fact::Known("SHA256:1")), &lists),
        some(&[]),
        "its own twice is nobody else's"
    );
    assert_eq!(asked(key("spare", "svc", Fact::Unknown), &lists), None);
    let last = lists.len() - 1;
    lists[last].state = CUT;
    assert_eq!(asked(key("laptop", "ada", Fact::Known("SHA256:2")), &lists), None);
    assert_eq!(asked(key("laptop", "ada", Fact::Known("SHA256:1")), &lists), shared);
}

#[test]
fn a_person_is_seen_by_pages_and_log_ins_in_the_cloud_alone() {
    use crate::model::ProductActivity;
    let viewed = |at: Fact<DateTime<Utc>>| {
        Fact::Known(vec![ProductActivity { product: "jira-software".to_owned(), site: None, last_active_at: at }])
    };
    let asked = |svc: Resource, log: Option<EndpointState>| {
        let one = an_integration("jenkins", |one| {
            one.accounts = Fact::Known(vec![DeclaredAccount { id: Some("svc".to_owned()), ..declared("svc") }]);
        });
        let mut lists = ledger(&[]);
        lists.extend(log.map(|state| list("org", Kind::App, &["acting-app"], state)));
        ask(&[one, svc], &lists, |view| (person_seen_at(view), person_signs_told(view)))
    };
    let day_of = |text: &str| Fact::Known(day(text));
    let cloud = |change: &dyn Fn(&mut Principal)| in_cloud(account("jira", "svc", |_| {}), |one| change(one));
    let page = cloud(&|one| one.activity = viewed(day_of("2026-11-20")));
    assert_eq!(asked(page.clone(), Some(WHOLE)), (day_of("2026-11-20"), Fact::Known(true)));
    assert_eq!(asked(page, None), (day_of("2026-11-20"), Fact::Unknown), "a later log-in may be out of sight");
    let both = cloud(&|one| {
        (one.activity, one.last_login_at) = (viewed(day_of("2026-11-02")), day_of("2026-11-10"));
    });
    assert_eq!(asked(both, Some(WHOLE)).0, day_of("2026-11-10"));
    let never = cloud(&|one| (one.activity, one.last_login_at) = (viewed(Fact::Absent), Fact::Absent));
    assert_eq!(asked(never.clone(), Some(WHOLE)), (Fact::Absent, Fact::Known(true)));
    assert_eq!(asked(never, Some(CUT)), (Fact::Unknown, Fact::Unknown));
    assert_eq!(asked(cloud(&|_| {}), Some(WHOLE)), (Fact::Unknown, Fact::Unknown), "nobody told of pages");
    // Nobody logs in as a service account, and a server counts what machines send.
    let service = cloud(&|one| one.account_type = Fact::Known(PrincipalType::ServiceAccount));
    assert_eq!(asked(service, None), (Fact::Absent, Fact::Known(true)));
    let on_server = account("jira", "svc", |one| one.last_login_at = day_of("2026-11-20"));
    assert_eq!(asked(on_server, None), (Fact::Absent, Fact::Known(true)));
}
