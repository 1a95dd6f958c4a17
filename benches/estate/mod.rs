//! The pretended estate that benchmarks and tests work on: of any size, from a seed, one resource after the other, and it is
//! known what is wrong with it.
//!
//! Every resource is made from its number alone, so that nothing has to be remembered: an estate of a million takes no more
//! memory to make than one of a thousand. Names, dates and memberships vary; what rules look for is planted by number, each
//! offence beside the rule that must find it. From one night to the next, one thing in two hundred is other than it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keyroll::app::{Progress, ScanOutcome, ScanRequest};
use keyroll::clock::{Clock, FixedClock};
use keyroll::config::Config;
use keyroll::model::{
    App, AppForm, Automation, Body, Collection, Container, ContainerForm, Credential, CredentialForm, EndpointState,
    Fact, Finding, Grant, GrantForm, Group, Holder, Kind, LedgerEntry, Principal, PrincipalType, ProductActivity,
    Resource, ResourceId, Setting, Sighting, SourceName, Status, Variable, VariableLevel, Watermarks, Webhook,
};
use keyroll::sources::{Depth, Source};

/// The night of the first snapshot.
pub(crate) fn first_night() -> DateTime<Utc> {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

const ORG: &str = "96c9e1f0-org";
const SITE: &str = "11f1a7c2-site";
const WORKSPACE: &str = "acme-code";

const FIRST: [&str; 32] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Inés", "Jonas", "Kaito", "Leila", "Marek",
    "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Søren", "Tomasz", "Uma", "Viktor", "Wanda", "Xenia", "Yusuf", "Zoë",
    "Amara", "Björn", "Carmen", "Dário", "Eszter", "Fiona",
];
const LAST: [&str; 32] = [
    "Muster",
    "Okafor",
    "Lindqvist",
    "Tanaka",
    "Novák",
    "García",
    "Petit",
    "Rossi",
    "Haddad",
    "Kowalski",
    "Jensen",
    "O'Brien",
    "Silva",
    "Schmidt",
    "Yılmaz",
    "Popescu",
    "Nguyen",
    "Horváth",
    "Dubois",
    "Bauer",
    "Eriksen",
    "Moreau",
    "Ricci",
    "Santos",
    "Keller",
    "Larsen",
    "Marino",
    "Nowak",
    "Peeters",
    "Quinn",
    "Weber",
    "Zimmer",
];
const LABELS: [&str; 8] =
    ["my laptop", "editor", "phone", "command line", "notebook", "spreadsheet", "old desktop", "weekly numbers"];
const DEPARTMENTS: [&str; 8] =
    ["payments", "logistics", "research", "claims", "field-sales", "platform", "legal", "warehouse"];
const THINGS: [&str; 8] = ["ledger", "router", "forms", "catalogue", "mobile", "archive", "pricing", "handbook"];
const ROLES: [&str; 3] = ["Developers", "Reporters", "Viewers"];
const PERMISSIONS: [&str; 6] =
    ["BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "ASSIGN_ISSUES"];
/// The first accounts administer the organisation; their only credentials are public keys.
const ADMINS: usize = 3;
/// What is wrong with the estate as a whole, however it was sown.
const SYSTEMATIC: [&str; 1] = ["service-account-quota-near"];
/// Of so many things of a kind, one is other than in the night before.
const CHURN: u64 = 200;

/// An estate on one of its nights.
#[derive(Clone)]
pub(crate) struct Estate {
    seed: u64,
    night: u64,
    accounts: usize,
    tokens: usize,
    teams: usize,
    projects: usize,
    spaces: usize,
    repositories: usize,
    schemes: usize,
    machinery: usize,
    grants: usize,
    endpoints: [Vec<Sighting>; ENDPOINTS.len()],
}

/// Every endpoint, with its source and the kind that it shows.
const ENDPOINTS: [(&str, &str, Kind); 15] = [
    ("acme-org", "accounts", Kind::Principal),
    ("acme-org", "user API tokens", Kind::Credential),
    ("acme-org", "groups", Kind::Group),
    ("acme-org", "organisation", Kind::Container),
    ("acme-org", "domains", Kind::Setting),
    ("acme-jira", "projects", Kind::Container),
    ("acme-jira", "permission schemes", Kind::Grant),
    ("acme-jira", "members of roles", Kind::Grant),
    ("acme-jira", "webhooks", Kind::Webhook),
    ("acme-jira", "automation rules", Kind::Automation),
    ("acme-jira", "apps", Kind::App),
    ("acme-wiki", "spaces", Kind::Container),
    ("acme-wiki", "space permissions", Kind::Grant),
    ("acme-code", "repositories", Kind::Container),
    ("acme-code", "variables", Kind::Variable),
];

/// A resource, and the rules that must speak against it on this night.
pub(crate) struct Made {
    pub(crate) resource: Resource,
    pub(crate) wrong: Vec<&'static str>,
}

/// What is planted on an account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Usual,
    Left,
    Suspended,
}

fn is_open_scheme(at: usize) -> bool {
    at % 50 == 1
}

impl Estate {
    /// An estate of so many resources: a fifth of them accounts, two fifths what they prove themselves with, and most of the
    /// rest grants. Below a thousand the shares are no longer kept to.
    pub(crate) fn of(resources: usize, seed: u64) -> Self {
        let accounts = (resources / 5).max(60);
        let mut estate = Self {
            seed,
            night: 0,
            accounts,
            tokens: accounts * 2,
            teams: accounts / 40 + 2,
            projects: resources / 100 + 3,
            spaces: resources / 200 + 2,
            repositories: resources / 100 + 2,
            schemes: resources / 5_000 + 2,
            machinery: resources / 500 + 2,
            grants: 0,
            endpoints: ENDPOINTS
                .map(|(source, endpoint, _)| vec![Sighting { source: source.into(), endpoint: endpoint.into() }]),
        };
        let bare = estate.bare().sum::<usize>();
        estate.grants = resources.saturating_sub(bare);
        estate
    }

    /// The same estate, so many nights later.
    pub(crate) fn on_night(&self, night: u64) -> Self {
        Self { night, ..self.clone() }
    }

    /// When this night is.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        first_night() + TimeDelta::days(self.night.cast_signed())
    }

    /// How many there are of each sort, but for what is made to fill up.
    fn bare(&self) -> impl Iterator<Item = usize> {
        let of_schemes = self.schemes * PERMISSIONS.len();
        let containers = self.projects + self.spaces + self.repositories + self.schemes + 4;
        let of_spaces = self.spaces * 2;
        let machinery = self.machinery * 4 + self.machinery / 4;
        [self.accounts, self.tokens, self.teams + 2, containers, of_schemes, of_spaces, machinery, 8].into_iter()
    }

    /// Everything on this night, one after the other, in no order that matters.
    pub(crate) fn made(&self) -> impl Iterator<Item = Made> + '_ {
        // Each night brings some tokens that were not there before.
        let tokens = self.tokens + self.new_tokens() * usize::try_from(self.night).unwrap();
        let fixed = self.places().into_iter().chain(self.groups());
        let spaces = (0..self.spaces).flat_map(|at| self.space(at));
        let machinery = (0..self.machinery).flat_map(|at| self.machinery(at));
        fixed
            .chain((0..self.accounts).map(|at| self.account(at)))
            .chain((0..tokens).map(|at| self.token(at)))
            .chain((0..self.schemes).flat_map(|at| self.scheme(at)))
            .chain((0..self.projects).map(|at| self.project(at)))
            .chain(spaces)
            .chain((0..self.repositories).map(|at| self.repository(at)))
            .chain(machinery)
            .chain((0..self.grants).filter_map(|at| self.membership(at)))
    }

    /// What a scan of this night collects.
    fn collected(&self) -> Collection {
        Collection { authority: 2, resources: self.made().map(|made| made.resource).collect(), ledger: self.ledger() }
    }

    /// What rules must find on this night: each rule with each resource that it must speak against, and no other.
    fn truth(&self) -> BTreeSet<(&'static str, ResourceId)> {
        let of = |made: Made| made.wrong.into_iter().map(move |rule| (rule, made.resource.id.clone()));
        self.made().flat_map(of).collect()
    }

    /// Holds the findings after this night, of which the night before at most was a scan as well, against what was planted:
    /// how many were planted, and by rule what was found beside it, or missed.
    pub(crate) fn hold_against_truth(&self, findings: &[Finding]) -> (usize, BTreeMap<String, [usize; 2]>) {
        let open = findings.iter().filter(|finding| finding.status == Status::Open);
        let found: BTreeSet<_> = open.map(|finding| (finding.rule.as_str(), finding.resource.clone())).collect();
        let planted = self.truth();
        let mut unlike: BTreeMap<String, [usize; 2]> = BTreeMap::new();
        for (rule, _) in found.difference(&planted).filter(|(rule, _)| !SYSTEMATIC.contains(rule)) {
            unlike.entry((*rule).to_owned()).or_default()[0] += 1;
        }
        for (rule, _) in planted.difference(&found) {
            unlike.entry((*rule).to_owned()).or_default()[1] += 1;
        }
        (planted.len(), unlike)
    }

    /// Every endpoint was read whole.
    fn ledger(&self) -> Vec<LedgerEntry> {
        let entry = |(source, endpoint, kind): (&str, &str, Kind)| {
            let reason = String::new();
            let entry =
                LedgerEntry::not_asked(source.into(), endpoint.into(), String::new(), vec![kind], reason, self.now());
            LedgerEntry { state: EndpointState::Complete, requests: 1, pages: 1, ..entry }
        };
        ENDPOINTS.into_iter().map(entry).collect()
    }

    fn new_tokens(&self) -> usize {
        self.tokens / 2_000
    }

    /// A number that is the same for the same estate, purpose and thing, and otherwise as good as random.
    fn dice(&self, purpose: u64, at: usize) -> u64 {
        let mut state =
            self.seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (at as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
        for _ in 0..2 {
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            state ^= state >> 31;
        }
        state
    }

    fn pick<'a>(&self, words: &[&'a str], purpose: u64, at: usize) -> &'a str {
        words[self.below(words.len(), purpose, at)]
    }

    fn below(&self, end: usize, purpose: u64, at: usize) -> usize {
        usize::try_from(self.dice(purpose, at) % end as u64).unwrap()
    }

    /// The last night up to this one on which a thing became other than it was; `None` if none did.
    fn changed_on(&self, purpose: u64, at: usize) -> Option<u64> {
        (1..=self.night).rev().find(|night| self.dice(purpose ^ (night << 32), at).is_multiple_of(CHURN))
    }

    /// What happened to a thing last, of so many things that can happen, and whether it happened tonight.
    fn event(&self, purpose: u64, at: usize, sorts: u64) -> Option<(u64, bool)> {
        let night = self.changed_on(purpose, at)?;
        Some((self.dice(purpose ^ (night << 32) ^ (1 << 63), at) % sorts, night == self.night))
    }

    fn days(&self, ago: i64) -> Fact<DateTime<Utc>> {
        // Dates are those of the first night: a token does not grow younger.
        Fact::Known(first_night() - TimeDelta::days(ago))
    }

    fn made_at(&self, endpoint: &str, id: ResourceId, name: String, body: Body, wrong: Vec<&'static str>) -> Made {
        let which = ENDPOINTS.iter().position(|(_, known, _)| *known == endpoint).unwrap();
        Made { resource: Resource { id, name, seen_by: self.endpoints[which].clone(), body }, wrong }
    }

    fn account_id(&self, at: usize) -> ResourceId {
        let mark = self.dice(1, at) & 0xffff_ffff;
        ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{mark:08x}-41d4-{at:08x}"))
    }

    fn group_id(&self, at: usize) -> ResourceId {
        ResourceId::new(
            ResourceId::CLOUD,
            Kind::Group,
            &format!("8f3a{:08x}-9c02-{at:06x}", self.dice(2, at) & 0xffff_ffff),
        )
    }

    fn site(&self, kind: Kind, native: &str) -> ResourceId {
        ResourceId::new(SITE, kind, native)
    }

    /// Every fiftieth account is a program's.
    fn is_machine(&self, account: usize) -> bool {
        account % 50 == 11
    }

    /// One in five hundred left, one in five hundred is suspended.
    fn person(&self, account: usize) -> Person {
        match account % 500 {
            37 => Person::Left,
            287 => Person::Suspended,
            _ => Person::Usual,
        }
    }

    /// Somebody who left, for things that were theirs.
    fn leaver(&self, at: usize) -> usize {
        let leavers = (self.accounts - 38) / 500 + 1;
        at % leavers * 500 + 37
    }

    /// Somebody who is here.
    fn somebody(&self, purpose: u64, at: usize) -> usize {
        let account = self.below(self.accounts, purpose, at);
        let usual = self.person(account) == Person::Usual && !self.is_machine(account) && account >= ADMINS;
        if usual { account } else { self.keeper(purpose, at) }
    }

    /// One of those who look after things: every fortieth account, and none that left. Rights are given to teams, and beside
    /// that to these.
    fn keeper(&self, purpose: u64, at: usize) -> usize {
        self.below(self.accounts / 40, purpose, at) * 40 + 20
    }

    fn team(&self, account: usize) -> usize {
        self.below(self.teams, 3, account)
    }

    fn account(&self, at: usize) -> Made {
        let (machine, person) = (self.is_machine(at), self.person(at));
        let (first, last) = (self.pick(&FIRST, 4, at), self.pick(&LAST, 5, at));
        let mut wrong = Vec::new();
        let mut name =
            if machine { format!("{} {} helper", self.pick(&THINGS, 6, at), at) } else { format!("{first} {last}") };
        let mut team = self.team(at);
        let mut mfa = true;
        match self.event(7, at, 8) {
            Some((0, tonight)) => {
                mfa = false;
                if tonight {
                    wrong.push("two-step-verification-turned-off");
                }
            }
            Some((1..=4, _)) => team = (team + 1) % self.teams,
            Some(_) => name = format!("{name}-{}", self.pick(&LAST, 8, at)),
            None => {}
        }
        let mut groups = vec![self.group_id(0), self.group_id(2 + team)];
        if at < ADMINS {
            mfa = true;
            wrong.clear();
        } else if !machine && self.dice(9, at).is_multiple_of(3) {
            groups.push(self.group_id(2 + (team + 7) % self.teams));
            groups.sort_unstable();
            groups.dedup();
        }
        groups.sort_unstable();
        let roles = if at < ADMINS { vec!["atlassian/org-admin".to_owned()] } else { Vec::new() };
        let left = (person == Person::Left).then(|| self.days(20));
        let seen = ProductActivity {
            product: "jira-software".to_owned(),
            site: Some(format!("ari:cloud:jira-software::site/{SITE}")),
            last_active_at: self.days(1 + (self.dice(10, at) % 30).cast_signed()),
        };
        let body = Principal {
            account_type: Fact::Known(if machine { PrincipalType::ServiceAccount } else { PrincipalType::Person }),
            status: Fact::Known(
                match person {
                    Person::Usual => "active",
                    Person::Left => "deactivated",
                    Person::Suspended => "suspended",
                }
                .to_owned(),
            ),
            email: Fact::Known(format!("{}.{at}@acme.example", first.to_lowercase())),
            managed: Fact::Known(true),
            mfa: Fact::Known(mfa),
            platform_roles: Fact::Known(roles),
            groups: Fact::Known(groups),
            workspace_groups: Fact::Known(Vec::new()),
            activity: Fact::Known(if machine { Vec::new() } else { vec![seen] }),
            added_at: self.days(900 - (self.dice(11, at) % 800).cast_signed()),
            deactivated_at: left.unwrap_or(Fact::Absent),
            billable: Fact::Known(!machine),
            standings: Fact::Known(Vec::new()),
            other_emails: Fact::Known(Vec::new()),
            last_login_at: Fact::Absent,
            created_by: Fact::Absent,
            description: Fact::Absent,
            username: Fact::Absent,
            directory: Fact::Absent,
            ..Principal::default()
        };
        self.made_at("accounts", self.account_id(at), name, Body::Principal(body), wrong)
    }

    /// Two credentials for each account, one in ten of them a public key. One in a hundred and twenty is not as it should be.
    fn token(&self, at: usize) -> Made {
        let added_on = at.checked_sub(self.tokens).map(|extra| 1 + (extra / self.new_tokens().max(1)) as u64);
        let owner = if added_on.is_some() { self.somebody(12, at) } else { at / 2 };
        let key = added_on.is_none() && (owner < ADMINS || self.is_machine(owner) && at % 2 == 1 || at % 20 == 7);
        let id = |suffix: &str| {
            let mark = self.dice(13, at) & 0xffff_ffff;
            ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("{mark:08x}-7d2b-{at:08x}{suffix}"))
        };
        let mut label = format!("{} {}", self.pick(&LABELS, 14, at), 1 + at % 7);
        let mut body = Credential::unknown(if key { CredentialForm::SshKey } else { CredentialForm::ApiToken });
        let age = 20 + (self.dice(15, at) % 250).cast_signed();
        body.owner = Fact::Known(self.account_id(owner));
        body.created_by = Fact::Known(self.account_id(owner));
        body.status = Fact::Known("active".to_owned());
        body.created_at = self.days(age);
        body.expires_at = self.days(age - 355);
        body.last_used_at = self.days(2 + (self.dice(16, at) % 17).cast_signed());
        body.last_used_by = Fact::Known(self.account_id(owner));
        body.acts_for = Fact::Known(Vec::new());
        body.container = Fact::Absent;
        let scopes = |words: &[&str]| Fact::Known(words.iter().map(|word| (*word).to_owned()).collect());
        if key {
            body.fingerprint = Fact::Known(format!("SHA256:{:016x}{at:08x}", self.dice(17, at)));
            body.scopes = Fact::Absent;
        } else {
            body.scopes =
                scopes(if at.is_multiple_of(3) { &["read:jira-work", "read:jira-user"] } else { &["read:jira-work"] });
        }
        let mut wrong = Vec::new();
        let mut plant = |rule| wrong.push(rule);
        let person = self.person(owner);
        match (key, self.is_machine(owner), person) {
            (false, _, Person::Left) => plant("token-owner-deactivated"),
            (false, _, Person::Suspended) => plant("token-owner-suspended"),
            (true, _, _) if at % 120 == 7 => {
                body.expires_at = Fact::Absent;
                plant("ssh-key-without-expiry");
            }
            (false, false, Person::Usual) if added_on.is_none() => match at % 1_000 {
                13 => {
                    body.expires_at = Fact::Absent;
                    plant("token-without-expiry");
                }
                121 => {
                    body.created_at = self.days(250);
                    body.expires_at = self.days(-100);
                    body.last_used_at = self.days(200);
                    plant("token-idle");
                }
                233 => {
                    body.created_at = self.days(60);
                    body.expires_at = self.days(-200);
                    body.last_used_at = Fact::Absent;
                    body.last_used_by = Fact::Absent;
                    plant("token-never-used");
                }
                341 => {
                    body.created_at = self.days(100);
                    body.expires_at = self.days(-400);
                    plant("token-lives-too-long");
                }
                459 => {
                    body.scopes = scopes(&["manage:jira-project", "read:jira-work"]);
                    plant("token-scopes-broad");
                }
                563 => {
                    body.created_at = self.days(200);
                    body.expires_at = self.days(5);
                    plant("token-expired-still-listed");
                }
                671 => {
                    body.created_at = self.days(200);
                    body.expires_at = self.days(-12);
                    body.last_used_at = self.days(1);
                    plant("token-expires-soon");
                }
                789 => {
                    body.status = Fact::Known("blocked".to_owned());
                    plant("token-blocked");
                }
                893 => {
                    label = "test token".to_owned();
                    plant("token-label-unclear");
                }
                _ => {}
            },
            _ => {}
        }
        let mut suffix = String::new();
        if wrong.is_empty() && !key {
            match (added_on, self.event(18, at, 4)) {
                (Some(night), _) if night == self.night => wrong.push("credential-added"),
                (Some(_), _) => {}
                (None, Some((0, tonight))) => {
                    body.scopes = scopes(&["read:jira-user", "read:jira-work", "write:jira-work"]);
                    if tonight {
                        wrong.push("token-scope-widened");
                    }
                }
                // Used again: no drift, but another body.
                (None, Some((1 | 2, _))) => body.last_used_at = self.days(1),
                // Replaced by one of the same owner and label.
                (None, Some((_, _))) => {
                    suffix = "-r".to_owned();
                    body.created_at = self.days(0);
                    body.expires_at = self.days(-300);
                    body.last_used_at = Fact::Absent;
                    body.last_used_by = Fact::Absent;
                }
                (None, None) => {}
            }
        }
        self.made_at("user API tokens", id(&suffix), label, Body::Credential(body), wrong)
    }

    /// The organisation, its site with its one application, its workspace, and its settings.
    fn places(&self) -> Vec<Made> {
        let organisation = ResourceId::new(ORG, Kind::Container, "organisation");
        let site = self.site(Kind::Container, "site");
        let place = |id: &ResourceId, name: &str, endpoint: &str, body: Container| {
            self.made_at(endpoint, id.clone(), name.to_owned(), Body::Container(body), Vec::new())
        };
        let of = |form, parent: Option<&ResourceId>| Container {
            parent: Fact::from_option(parent.cloned()),
            plan: Fact::Known("enterprise".to_owned()),
            sandbox: Fact::Known(false),
            public: Fact::Known(false),
            ..Container::unknown(form)
        };
        let application = Container {
            key: Fact::Known("jira-software".to_owned()),
            seats_used: Fact::Known(self.accounts as i64),
            seats_total: Fact::Known(self.accounts as i64 * 2),
            licence_groups: Fact::Known(vec![self.group_id(0)]),
            default_groups: Fact::Known(vec![self.group_id(0)]),
            ..of(ContainerForm::Application, Some(&site))
        };
        let workspace = ResourceId::new(WORKSPACE, Kind::Container, "workspace");
        let mut made = vec![
            place(&organisation, "Acme", "organisation", of(ContainerForm::Organisation, None)),
            place(&site, "acme.atlassian.net", "projects", of(ContainerForm::Site, Some(&organisation))),
            place(&self.site(Kind::Container, "application:jira-software"), "Jira", "projects", application),
            place(&workspace, "acme", "repositories", of(ContainerForm::Workspace, None)),
        ];
        made.extend((0..8).map(|at| {
            let verified = at != 3;
            let body = Setting {
                value: Fact::Known(if verified { "verified" } else { "unverified" }.to_owned()),
                container: Fact::Known(organisation.clone()),
                ..Setting::of("domain")
            };
            let name = format!("{}.acme.example", self.pick(&DEPARTMENTS, 19, at));
            let id = ResourceId::new(ORG, Kind::Setting, &format!("domain:{at}.{name}"));
            let wrong = if verified { Vec::new() } else { vec!["domain-not-verified"] };
            self.made_at("domains", id, name, Body::Setting(body), wrong)
        }));
        made
    }

    /// Everybody, who administers, and the teams.
    fn groups(&self) -> impl Iterator<Item = Made> + '_ {
        (0..self.teams + 2).map(|at| {
            let name = match at {
                0 => "everybody".to_owned(),
                1 => "site-admins".to_owned(),
                _ => format!("{}-{}-{at}", self.pick(&DEPARTMENTS, 20, at), self.pick(&THINGS, 21, at)),
            };
            let body = Group {
                description: Fact::Absent,
                managed_by: Fact::Known("admins".to_owned()),
                external: Fact::Known(at % 5 == 0),
                member_count: Fact::Known(if at == 1 { 0 } else { 40 }),
                jira_access: Fact::Known(match at {
                    0 => vec!["user".to_owned()],
                    1 => vec!["admin".to_owned()],
                    _ => Vec::new(),
                }),
                confluence_access: Fact::Known(Vec::new()),
                inside: Fact::Absent,
                members_told: Fact::Known(true),
                ..Group::default()
            };
            self.made_at("groups", self.group_id(at), name, Body::Group(body), Vec::new())
        })
    }

    /// A permission scheme with what it gives to roles. One in fifty gives something to anybody; no project uses those.
    fn scheme(&self, at: usize) -> Vec<Made> {
        let id = self.site(Kind::Container, &format!("permission-scheme:{at}"));
        let body = Container { public: Fact::Known(false), ..Container::unknown(ContainerForm::PermissionScheme) };
        let name = format!("Scheme {at}");
        let mut made = vec![self.made_at("permission schemes", id.clone(), name, Body::Container(body), Vec::new())];
        made[0].resource.seen_by = self.endpoints[5].clone();
        made.extend(PERMISSIONS.iter().enumerate().map(|(number, permission)| {
            let open = number == 0 && is_open_scheme(at);
            let holder = if open { Holder::Anyone } else { Holder::ProjectRole };
            let mut grant = Grant::of(GrantForm::Permission, *permission, holder);
            grant.container = Fact::Known(id.clone());
            if !open {
                grant.holder_detail = Fact::Known((number % ROLES.len()).to_string());
            }
            let native = format!("permission-scheme:{at}/{number}");
            let wrong = if open { vec!["permission-open-to-anyone"] } else { Vec::new() };
            self.made_at(
                "permission schemes",
                self.site(Kind::Grant, &native),
                String::new(),
                Body::Grant(grant),
                wrong,
            )
        }));
        made
    }

    fn project(&self, at: usize) -> Made {
        let left = at % 300 == 2;
        let lead = if left { self.leaver(at) } else { self.keeper(22, at) };
        let name = format!("{} {}", self.pick(&DEPARTMENTS, 23, at), self.pick(&THINGS, 24, at));
        let scheme = at % self.schemes;
        let scheme = if is_open_scheme(scheme) { 0 } else { scheme };
        let body = Container {
            parent: Fact::Known(self.site(Kind::Container, "site")),
            key: Fact::Known(format!("P{at}")),
            status: Fact::Known("live".to_owned()),
            lead: Fact::Known(self.account_id(lead)),
            permission_scheme: Fact::Known(self.site(Kind::Container, &format!("permission-scheme:{scheme}"))),
            team_managed: Fact::Known(false),
            category: Fact::Known("software".to_owned()),
            public: Fact::Known(false),
            ..Container::unknown(ContainerForm::Project)
        };
        let wrong = if left { vec!["project-lead-inactive"] } else { Vec::new() };
        self.made_at("projects", self.project_id(at), name, Body::Container(body), wrong)
    }

    fn project_id(&self, at: usize) -> ResourceId {
        self.site(Kind::Container, &format!("project:{at}"))
    }

    /// A space, who administers it, and who may read it.
    fn space(&self, at: usize) -> [Made; 3] {
        let id = self.site(Kind::Container, &format!("space:{at}"));
        let body = Container {
            parent: Fact::Known(self.site(Kind::Container, "site")),
            key: Fact::Known(format!("S{at}")),
            status: Fact::Known("current".to_owned()),
            category: Fact::Known("global".to_owned()),
            public: Fact::Known(false),
            ..Container::unknown(ContainerForm::Space)
        };
        let name = format!("{} {at}", self.pick(&THINGS, 25, at));
        let of = |role: &str, holder| Grant {
            container: Fact::Known(id.clone()),
            permits: Fact::Known(vec![role.to_owned()]),
            ..Grant::of(GrantForm::SpacePermission, role, holder)
        };
        let administrator = Grant {
            principal: Fact::Known(self.account_id(self.keeper(26, at))),
            ..of("administer space", Holder::Principal)
        };
        let open = at < 1_600 && at % 400 == 1;
        let mut reader = of("read space", if open { Holder::Anyone } else { Holder::Group });
        if !open {
            reader.group = Fact::Known(self.group_id(2 + self.below(self.teams, 27, at)));
        }
        let grant = |number: usize, body: Grant, wrong| {
            let id = self.site(Kind::Grant, &format!("space:{at}/{number}"));
            self.made_at("space permissions", id, String::new(), Body::Grant(body), wrong)
        };
        let wrong = if open { vec!["space-open-to-anyone"] } else { Vec::new() };
        [
            self.made_at("spaces", id.clone(), name, Body::Container(body), Vec::new()),
            grant(0, administrator, Vec::new()),
            grant(1, reader, wrong),
        ]
    }

    fn repository(&self, at: usize) -> Made {
        let published = self.event(28, at, 1);
        let body = Container {
            parent: Fact::Known(ResourceId::new(WORKSPACE, Kind::Container, "workspace")),
            key: Fact::Known(format!("r{at}")),
            public: Fact::Known(published.is_some()),
            pipelines_enabled: Fact::Known(at.is_multiple_of(2)),
            only_pushers: Fact::Absent,
            ..Container::unknown(ContainerForm::Repository)
        };
        let wrong = match published {
            Some((_, true)) => vec!["public-repository", "repository-made-public"],
            Some((_, false)) => vec!["public-repository"],
            None => Vec::new(),
        };
        let name = format!("{}-{at}", self.pick(&THINGS, 29, at));
        self.made_at("repositories", self.repository_id(at), name, Body::Container(body), wrong)
    }

    fn repository_id(&self, at: usize) -> ResourceId {
        ResourceId::new(WORKSPACE, Kind::Container, &format!("repository:{at}"))
    }

    /// A webhook, an automation, two variables, and sometimes a link.
    fn machinery(&self, at: usize) -> Vec<Made> {
        let site = Fact::Known(self.site(Kind::Container, "site"));
        let (first, second) = (at % 40 == 3, at % 40 == 21);
        let planted = |it: bool, rule: &'static str| if it { vec![rule] } else { Vec::new() };
        let webhook = Webhook {
            container: site.clone(),
            address: Fact::Known(format!("{}://hooks{at}.acme.example", if first { "http" } else { "https" })),
            secret_in_url: Fact::Known(false),
            signed: Fact::Known(!second),
            verifies_certificate: Fact::Known(true),
            enabled: Fact::Known(true),
            events: Fact::Known(vec!["jira:issue_created".to_owned()]),
            changed_by: Fact::Known(self.account_id(self.keeper(30, at))),
            changed_at: self.days(300),
            created_at: self.days(400),
        };
        let wrong = [planted(first, "webhook-over-http"), planted(second, "webhook-without-secret")].concat();
        let id = self.site(Kind::Webhook, &format!("jira:{at}"));
        let mut made = vec![self.made_at(
            "webhooks",
            id,
            format!("{} {at}", self.pick(&THINGS, 31, at)),
            Body::Webhook(webhook),
            wrong,
        )];
        let machine = self.below((self.accounts / 50).max(1), 32, at) * 50 + 11;
        let actor = if first { self.keeper(33, at) } else { machine };
        let automation = Automation {
            container: site.clone(),
            status: Fact::Known("enabled".to_owned()),
            author: Fact::Known(self.account_id(if second { self.leaver(at) } else { self.keeper(34, at) })),
            actor: Fact::Known(self.account_id(actor)),
            limited_to: Fact::Known(vec![format!("project/{}", self.below(self.projects, 35, at))]),
            description: Fact::Absent,
            created_at: self.days(300),
            changed_at: self.days(200),
        };
        let wrong = [planted(first, "automation-acts-as-person"), planted(second, "automation-owner-gone")].concat();
        let id = self.site(Kind::Automation, &format!("jira:{at:08x}"));
        made.push(self.made_at(
            "automation rules",
            id,
            format!("Keep {at} in step"),
            Body::Automation(automation),
            wrong,
        ));
        for (number, secret) in [(0, false), (1, first)] {
            let repository = self.below(self.repositories, 36, at);
            let variable = Variable {
                level: VariableLevel::Repository,
                container: Fact::Known(self.repository_id(repository)),
                environment: Fact::Absent,
                secured: Fact::Known(false),
                admin_only: Fact::Known(false),
            };
            let name = if secret { "WAREHOUSE_PASSWORD" } else { "BUILD_FLAVOUR" };
            let id = ResourceId::new(WORKSPACE, Kind::Variable, &format!("repository:{repository}/v-{at}-{number}"));
            let wrong = planted(secret, "variable-unsecured");
            made.push(self.made_at("variables", id, name.to_owned(), Body::Variable(variable), wrong));
        }
        if at < self.machinery / 4 {
            let plain = at % 20 == 1;
            let app = App {
                container: site,
                enabled: Fact::Known(true),
                address: Fact::Known(format!("{}://wiki{at}.acme.example", if plain { "http" } else { "https" })),
                access: Fact::Known(vec!["incoming-two-legged".to_owned()]),
                working: Fact::Known(true),
                ..App::unknown(AppForm::ApplicationLink)
            };
            let id = self.site(Kind::App, &format!("link:{at}"));
            made.push(self.made_at("apps", id, format!("Wiki {at}"), Body::App(app), planted(plain, "link-over-http")));
        }
        made
    }

    /// What fills up: who is in which role of which project, mostly teams, some accounts. Each night some end.
    fn membership(&self, at: usize) -> Option<Made> {
        if self.event(37, at, 1).is_some() {
            return None;
        }
        let project = at % self.projects;
        let role = self.pick(&ROLES, 38, at);
        let mut grant = Grant::of(GrantForm::ProjectRole, role, Holder::Group);
        let mut wrong = Vec::new();
        let who = if at % 4 == 3 {
            let left = at % 1_000 == 3;
            let account = if left { self.leaver(at / 1_000) } else { self.keeper(39, at) };
            if left {
                wrong.push("grant-to-inactive-account");
            }
            grant.holder = Holder::Principal;
            grant.principal = Fact::Known(self.account_id(account));
            account
        } else {
            let team = 2 + self.below(self.teams, 40, at);
            grant.group = Fact::Known(self.group_id(team));
            team
        };
        grant.container = Fact::Known(self.project_id(project));
        let number = ROLES.iter().position(|known| *known == role).unwrap();
        let id = self.site(Kind::Grant, &format!("project-role:{project}/{number}/{at}:{who}"));
        Some(self.made_at("members of roles", id, String::new(), Body::Grant(grant), wrong))
    }
}

/// The estate as a source that a scan can read.
struct Pretended {
    name: SourceName,
    estate: Estate,
}

#[async_trait]
impl Source for Pretended {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn look(&self, _depth: Depth, _since: &Watermarks) -> Collection {
        self.estate.collected()
    }
}

/// Scans the estate into a store in a folder: the scan itself, only that nobody has to be asked over a network.
pub(crate) fn scan(folder: &Path, estate: &Estate, progress: &(dyn Fn(Progress) + Sync)) -> ScanOutcome {
    let path = folder.join("keyroll.yaml");
    fs::write(&path, "estate: bench\nstore: keyroll.db\nsources: []\n").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(estate.now()));
    let config = Config::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = config.build(&clock, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    app.sources = vec![Box::new(Pretended { name: "acme".into(), estate: estate.clone() })];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(app.scan(&ScanRequest::default(), progress)).unwrap()
}
