//! The nouns of the pretended estate, and the few questions that several answers ask of them.
//! How an estate comes about is told in `people`, `permissions`, `credentials`, `plants`, `spaces` and `repositories`;
//! how it is shown over HTTP in `org`, `api_access`, `jira`, `confluence` and `bitbucket`.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::audit::Event;
use super::automation::AutomationRule;
use super::common::Common;
use super::history::Parts;
use super::installed_apps::InstalledApp;
use super::jira_audit::AuditRecord;
use super::jira_sharing::SharedItem;
use super::listings::Listings;
use super::org_plan::OrgPlan;
use super::policies::Policy;
use super::random::Random;
use super::repositories::Workspace;
use super::servers::ServerEstate;
use super::spaces::Wiki;
use super::truth::Truth;
use super::webhooks::Webhook;
use super::{
    Plan, credentials, furnishing, machines, people, permissions, plants, repositories, sandbox, servers, spaces,
};

/// Public address of the pretended Jira site; links in answers name it, as real ones do.
pub(super) const SITE_ADDRESS: &str = "https://acme.atlassian.net";
/// Public address of the admin APIs.
pub(super) const ORG_ADDRESS: &str = "https://api.atlassian.com";

/// Everything there is, at one moment.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) seed: u64,
    pub(super) now: DateTime<Utc>,
    pub(super) nights: u64,
    pub(super) org_id: String,
    pub(super) directory_id: String,
    pub(super) cloud_id: String,
    pub(super) sandbox_id: String,
    pub(super) people: Common<Vec<Person>>,
    pub(super) apps: Vec<App>,
    pub(super) customers: Common<Vec<Customer>>,
    pub(super) groups: Common<Vec<Group>>,
    /// Places of groups that are no longer there.
    pub(super) deleted_groups: BTreeSet<usize>,
    /// Seats bought of Jira, Jira Service Management and Confluence, in this order.
    pub(super) capacity: [usize; 3],
    pub(super) projects: Vec<Project>,
    pub(super) schemes: Vec<Scheme>,
    /// Who is in each role of every new project, in the order of [`ROLES`].
    pub(super) default_actors: [Vec<Actor>; 4],
    pub(super) tokens: Vec<Token>,
    pub(super) keys: Vec<OrgKey>,
    pub(super) service_accounts: Vec<ServiceAccount>,
    /// OAuth clients of the organisation itself.
    pub(super) clients: Vec<OauthClient>,
    pub(super) org_plan: OrgPlan,
    pub(super) policies: Vec<Policy>,
    /// The audit log of the organisation, in the order in which it was processed.
    pub(super) events: Vec<Event>,
    /// Who plays which part in the planted events.
    pub(super) parts: Parts,
    pub(super) filters: Vec<SharedItem>,
    pub(super) dashboards: Vec<SharedItem>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) installed: Vec<InstalledApp>,
    /// Automation rules.
    pub(super) rules: Vec<AutomationRule>,
    /// The audit records of the site, oldest first.
    pub(super) records: Vec<AuditRecord>,
    /// Secret values that answers carry where none should be.
    pub(super) secrets: Vec<String>,
    /// The person whose token the scanner uses on the site.
    pub(super) reader: usize,
    /// The organisation administrator who made the keys and service accounts.
    pub(super) steward: usize,
    /// Places of the managed people, in order.
    pub(super) managed: Vec<usize>,
    /// Places of the people whom the site knows: all who were ever invited.
    pub(super) on_site: Common<Vec<usize>>,
    /// Places of people by account id.
    pub(super) by_account: Common<HashMap<String, usize>>,
    /// People with a part to play: plants, look-alikes and administrators.
    pub(super) reserved: BTreeSet<usize>,
    /// What answers cut their pages from.
    pub(super) listings: Listings,
    pub(super) wiki: Wiki,
    pub(super) workspace: Workspace,
    /// What the firm runs itself.
    pub(super) servers: ServerEstate,
    /// The second site, where things are tried out.
    pub(super) sandbox: Option<Box<Estate>>,
    pub(super) truth: Truth,
}

/// The state of a person's account, as the organisation sums it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Suspended,
    Deactivated,
    NotInvited,
    ForDeletion,
}

#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    /// Whether the owner hides the address in Jira.
    pub(super) hides_email: bool,
    pub(super) managed: bool,
    pub(super) standing: Standing,
    pub(super) added: DateTime<Utc>,
    pub(super) deactivated: Option<DateTime<Utc>>,
    pub(super) mfa: bool,
    pub(super) synced: bool,
    pub(super) platform_roles: Vec<&'static str>,
    pub(super) seen_in_jira: Option<DateTime<Utc>>,
    pub(super) seen_in_confluence: Option<DateTime<Utc>>,
    pub(super) groups: Vec<usize>,
    pub(super) department: &'static str,
    pub(super) job: &'static str,
    pub(super) time_zone: &'static str,
}

/// An account of a Connect or Forge app, or of a service account.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) app_type: &'static str,
    pub(super) active: bool,
}

/// A portal-only customer of the service desk.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
}

/// Any account, by its place in the list of its sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Person(usize),
    App(usize),
    Customer(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) external: bool,
    pub(super) members: Vec<Who>,
    /// Resource owner and role, such as `jira-software` and `atlassian/user`.
    pub(super) access: Vec<(&'static str, &'static str)>,
}

/// Places of the groups that every estate has; team groups follow.
pub(super) const JIRA_USERS: usize = 0;
pub(super) const CONFLUENCE_USERS: usize = 1;
pub(super) const AGENTS: usize = 2;
pub(super) const JIRA_ADMINS: usize = 3;
pub(super) const ORG_ADMINS: usize = 4;
pub(super) const SITE_ADMINS: usize = 5;
pub(super) const CONTRACTORS: usize = 6;
pub(super) const ADDONS: usize = 7;
pub(super) const FIRST_TEAM: usize = 8;

#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) uuid: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) team_managed: bool,
    pub(super) archived: bool,
    pub(super) lead: usize,
    pub(super) scheme: usize,
    pub(super) issues: i64,
    pub(super) last_issue: DateTime<Utc>,
    /// Actors of each role, in the order of [`ROLES`].
    pub(super) actors: [Vec<Actor>; 4],
}

#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) id: u64,
    pub(super) who: Holder,
}

/// Whom a project role names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Account(Who),
    Group(usize),
}

/// The project roles of the site: id, name, description.
pub(super) const ROLES: [(u64, &str, &str); 4] = [
    (10002, "Administrators", "People who run the project."),
    (10010, "Developers", "People who work in the project."),
    (10011, "Viewers", "People who look on."),
    (10003, "atlassian-addons-project-access", "The role of installed apps."),
];

#[derive(Debug, Clone)]
pub(super) struct Scheme {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) description: String,
    /// The team-managed project that owns the scheme, by place.
    pub(super) owner: Option<usize>,
    pub(super) grants: Vec<Grant>,
}

#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) id: u64,
    pub(super) permission: &'static str,
    pub(super) holder: &'static str,
    pub(super) parameter: Option<String>,
    pub(super) value: Option<String>,
}

/// When a token ends, and how the answer says that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    At(DateTime<Utc>),
    Null,
    KeyMissing,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) owner: usize,
    pub(super) blocked: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) expires: Expiry,
    pub(super) last_active: Option<DateTime<Utc>>,
    /// `None` leaves the key out of the answer.
    pub(super) scopes: Option<Vec<String>>,
    /// A program uses it, which knows no weekend.
    pub(super) nightly: bool,
}

#[derive(Debug, Clone)]
pub(super) struct OrgKey {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) system_account: String,
    pub(super) creator: usize,
    pub(super) created: DateTime<Utc>,
    pub(super) expires: DateTime<Utc>,
    pub(super) last_active: Option<DateTime<Utc>>,
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
pub(super) struct ServiceAccount {
    pub(super) id: String,
    /// Place of its Jira account among the apps.
    pub(super) app: usize,
    pub(super) email: String,
    pub(super) description: &'static str,
    pub(super) creator: usize,
    pub(super) updated: DateTime<Utc>,
    pub(super) tokens: Vec<MachineToken>,
    pub(super) clients: Vec<OauthClient>,
}

#[derive(Debug, Clone)]
pub(super) struct MachineToken {
    pub(super) id: String,
    pub(super) label: &'static str,
    pub(super) created: DateTime<Utc>,
    pub(super) expires: DateTime<Utc>,
    pub(super) last_active: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub(super) struct OauthClient {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) created: DateTime<Utc>,
}

impl Estate {
    /// Founds an estate: a sane one first, then the planted situations and their look-alikes.
    pub(super) fn found(plan: &Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let mut estate = Self {
            org_id: random.uuid(),
            directory_id: random.uuid(),
            cloud_id: random.uuid(),
            sandbox_id: random.uuid(),
            ..Self::empty(plan.seed, plan.now)
        };
        let accounts = plan.accounts.max(Plan::FEWEST_ACCOUNTS);
        people::settle(&mut estate, accounts, &mut random);
        let mut cast = people::cast(&mut estate, &mut random);
        permissions::arrange(&mut estate, &mut random);
        credentials::issue(&mut estate, &mut random);
        plants::plant(&mut estate, &mut cast, &mut random);
        estate.tokens.sort_by(|a, b| a.id.cmp(&b.id));
        estate.managed = (0..estate.people.len()).filter(|at| estate.people[*at].managed).collect();
        let invited = |at: &usize| estate.people[*at].standing != Standing::NotInvited;
        estate.on_site = (0..estate.people.len()).filter(invited).collect::<Vec<_>>().into();
        let by_account = estate.people.iter().enumerate().map(|(at, person)| (person.id.clone(), at));
        estate.by_account = by_account.collect::<HashMap<_, _>>().into();
        furnishing::furnish(&mut estate);
        spaces::found(&mut estate, &mut Random::new(plan.seed ^ 0x5ACE_0000_0000_0001));
        repositories::found(&mut estate, &mut Random::new(plan.seed ^ 0xB17B_0000_0000_0002));
        servers::found(&mut estate, &mut Random::new(plan.seed ^ 0xDC5E_0000_0000_0003));
        sandbox::found(&mut estate);
        machines::plant(&mut estate);
        sandbox::follow(&mut estate);
        estate.capacity = [estate.seats(0) + 3, estate.seats(1) + 40, estate.seats(2) * 2];
        plants::plant_full_site(&mut estate);
        estate
    }

    /// An estate without anything in it.
    pub(super) fn empty(seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            seed,
            now,
            nights: 0,
            org_id: String::new(),
            directory_id: String::new(),
            cloud_id: String::new(),
            sandbox_id: String::new(),
            people: Common::default(),
            apps: Vec::new(),
            customers: Common::default(),
            groups: Common::default(),
            deleted_groups: BTreeSet::new(),
            capacity: [0; 3],
            projects: Vec::new(),
            schemes: Vec::new(),
            default_actors: [const { Vec::new() }; 4],
            tokens: Vec::new(),
            keys: Vec::new(),
            service_accounts: Vec::new(),
            clients: Vec::new(),
            org_plan: OrgPlan::default(),
            policies: Vec::new(),
            events: Vec::new(),
            parts: Parts::default(),
            filters: Vec::new(),
            dashboards: Vec::new(),
            webhooks: Vec::new(),
            installed: Vec::new(),
            rules: Vec::new(),
            records: Vec::new(),
            secrets: Vec::new(),
            reader: 0,
            steward: 0,
            managed: Vec::new(),
            on_site: Common::default(),
            by_account: Common::default(),
            reserved: BTreeSet::new(),
            listings: Listings::default(),
            wiki: Wiki::default(),
            workspace: Workspace::default(),
            servers: ServerEstate::default(),
            sandbox: None,
            truth: Truth::default(),
        }
    }

    /// Puts an account into a group.
    pub(super) fn join(&mut self, who: Who, group: usize) {
        self.groups[group].members.push(who);
        if let Who::Person(person) = who {
            self.people[person].groups.push(group);
        }
    }

    /// Takes a person out of a group.
    pub(super) fn leave(&mut self, person: usize, group: usize) {
        self.groups[group].members.retain(|who| *who != Who::Person(person));
        self.people[person].groups.retain(|at| *at != group);
    }

    /// The groups that give a seat of the product: Jira, Jira Service Management, Confluence.
    pub(super) fn seat_groups(product: usize) -> &'static [usize] {
        match product {
            0 => &[JIRA_USERS, JIRA_ADMINS],
            1 => &[AGENTS],
            _ => &[CONFLUENCE_USERS],
        }
    }

    /// Active people who hold a seat of the product.
    pub(super) fn seats(&self, product: usize) -> usize {
        self.people.iter().filter(|person| person.holds_seat(product)).count()
    }

    /// The groups that are there, with their places.
    pub(super) fn live_groups(&self) -> impl Iterator<Item = (usize, &Group)> {
        self.groups.iter().enumerate().filter(|(place, _)| !self.deleted_groups.contains(place))
    }

    pub(super) fn account_id(&self, who: Who) -> &str {
        match who {
            Who::Person(at) => &self.people[at].id,
            Who::App(at) => &self.apps[at].id,
            Who::Customer(at) => &self.customers[at].id,
        }
    }

    pub(super) fn is_active(&self, who: Who) -> bool {
        match who {
            Who::Person(at) => self.people[at].standing == Standing::Active,
            Who::App(at) => self.apps[at].active,
            Who::Customer(_) => true,
        }
    }

    /// The account at a place of the site's list: people, then apps, then customers.
    pub(super) fn site_account(&self, place: usize) -> Option<Who> {
        if let Some(person) = self.on_site.get(place) {
            return Some(Who::Person(*person));
        }
        let place = place - self.on_site.len();
        if place < self.apps.len() {
            return Some(Who::App(place));
        }
        let customer = place - self.apps.len();
        (customer < self.customers.len()).then_some(Who::Customer(customer))
    }

    pub(super) fn find_person(&self, account_id: &str) -> Option<usize> {
        self.by_account.get(account_id).copied()
    }

    /// The Atlassian resource identifier of a product on the production site.
    pub(super) fn resource(&self, owner: &str) -> String {
        match owner {
            "platform" => format!("ari:cloud:platform::org/{}", self.org_id),
            product => format!("ari:cloud:{product}::site/{}", self.cloud_id),
        }
    }
}

impl Person {
    pub(super) fn holds_seat(&self, product: usize) -> bool {
        let groups = Estate::seat_groups(product);
        self.standing == Standing::Active && self.groups.iter().any(|group| groups.contains(group))
    }
}
