//! The listings that other commands show: findings, resources by kind, the ledger, rules, waivers.
//! Each is a list of columns and one line that fills them.

use std::collections::BTreeMap;

use super::layout::{Ink, Look, Page, words};
use super::say;
use super::table::{Cell, Grid, Head, Table};
use crate::inventory::Inventory;
use crate::model::{
    App, Automation, Body, Container, ControlId, Credential, Fact, Finding, Grant, Group, Integration, Kind,
    LedgerEntry, Person, Principal, Resource, ResourceId, RuleId, RuleSummary, Setting, SourceName, Tally, Unseen,
    Variable, WaiverState, WaiverUse, Webhook,
};
use crate::text;

/// Findings, in the order they are given.
#[must_use]
pub fn findings_table(findings: &[&Finding], look: Look) -> String {
    findings_of(findings.iter().map(|finding| (None, *finding)), false, look)
}

/// Findings of several tenants, in the order they are given, each with its tenant.
#[must_use]
pub fn fleet_findings_table(findings: &[(&str, Finding)], look: Look) -> String {
    findings_of(findings.iter().map(|(tenant, finding)| (Some(*tenant), finding)), true, look)
}

fn findings_of<'a>(
    findings: impl Iterator<Item = (Option<&'a str>, &'a Finding)>,
    with_tenants: bool,
    look: Look,
) -> String {
    let mut heads = vec![
        Head::whole("SEVERITY"),
        Head::whole("ID"),
        Head::whole("STATUS"),
        Head::whole("SINCE"),
        Head::flow("FINDING"),
        Head::flow("OWNER").shown_from(110),
        Head::flow("RULE").shown_from(150),
    ];
    if with_tenants {
        heads.insert(1, Head::whole("TENANT"));
    }
    let mut table = Table::new(&heads, "No such finding on record.");
    for (tenant, finding) in findings {
        let mut cells = vec![
            Cell::inked(say::severity_ink(finding.severity), finding.severity.name()),
            Cell::inked(Ink::Dim, finding.id.short()),
            status_cell(finding),
            Cell::new(&say::day(finding.since)),
            Cell::new(&finding.message),
            Cell::new(finding.owner.as_deref().unwrap_or("")),
            Cell::inked(Ink::Dim, finding.rule.as_str()),
        ];
        if let Some(tenant) = tenant {
            cells.insert(1, Cell::new(tenant));
        }
        table.row(cells);
    }
    table.render(look)
}

/// How a finding stands.
pub(super) fn status_cell(finding: &Finding) -> Cell {
    let unconfirmed = if finding.unconfirmed.is_some() { ", unconfirmed" } else { "" };
    Cell::inked(say::status_ink(&finding.status), &format!("{}{unconfirmed}", finding.status.name()))
}

/// Resources of one kind, in the order they are given; those of other kinds are left out. Names of other resources come
/// from the inventory.
#[must_use]
pub fn inventory_table(kind: Kind, resources: &[&Resource], inventory: &Inventory<'_>, look: Look) -> String {
    resources_of(kind, resources, inventory).render(look)
}

/// The same for a browser. The first cell of each row is the name, the last one the id.
#[must_use]
pub fn inventory_grid(kind: Kind, resources: &[&Resource], inventory: &Inventory<'_>) -> Grid {
    resources_of(kind, resources, inventory).into_grid()
}

fn resources_of(kind: Kind, resources: &[&Resource], inventory: &Inventory<'_>) -> Table {
    let mut table = Table::new(&inventory_heads(kind), "Nothing of this kind was seen.");
    for resource in resources.iter().filter(|resource| resource.kind() == kind) {
        table.row(resource_cells(resource, inventory));
    }
    table
}

/// A resource in the columns of its kind.
pub(super) fn resource_cells(resource: &Resource, inventory: &Inventory<'_>) -> Vec<Cell> {
    let texts = resource_texts(resource, inventory);
    let cell = |(at, text): (usize, &String)| if at == 0 { Cell::new(text) } else { fact_cell(text) };
    texts.iter().enumerate().map(cell).collect()
}

/// What stands in these columns, as it came: the name, facts, the id.
#[must_use]
pub fn resource_texts(resource: &Resource, inventory: &Inventory<'_>) -> Vec<String> {
    let facts = match &resource.body {
        Body::Principal(principal) => principal_cells(principal),
        Body::Group(group) => group_cells(group),
        Body::Credential(credential) => credential_cells(credential, inventory),
        Body::Container(container) => container_cells(container, inventory),
        Body::Grant(grant) => grant_cells(grant, inventory),
        Body::App(app) => app_cells(app, inventory),
        Body::Webhook(webhook) => webhook_cells(webhook, inventory),
        Body::Automation(automation) => automation_cells(automation, inventory),
        Body::Variable(variable) => variable_cells(variable, inventory),
        Body::Setting(setting) => setting_cells(setting, inventory),
        Body::Integration(integration) => integration_cells(integration),
        Body::Person(person) => person_cells(person),
    };
    let mut texts = vec![resource.title().to_owned()];
    texts.extend(facts);
    texts.push(resource.id.as_str().to_owned());
    texts
}

/// What is not known stands back from what is.
fn fact_cell(text: &str) -> Cell {
    Cell::inked(if matches!(text, "none" | "unknown" | "empty") { Ink::Dim } else { Ink::Plain }, text)
}

pub(super) fn inventory_heads(kind: Kind) -> Vec<Head> {
    let mut heads = vec![Head::flow("NAME")];
    heads.extend(match kind {
        Kind::Principal => vec![
            Head::whole("TYPE"),
            Head::whole("STATUS"),
            Head::whole("LAST PAGE VIEW"),
            Head::flow("ROLES"),
            Head::flow("MAIL").shown_from(120),
            Head::whole("2-STEP").shown_from(120),
        ],
        Kind::Group => vec![
            Head::number("MEMBERS"),
            Head::whole("MANAGED BY"),
            Head::flow("JIRA ACCESS"),
            Head::flow("CONFLUENCE ACCESS").shown_from(100),
            Head::flow("DESCRIPTION").shown_from(120),
        ],
        Kind::Credential => vec![
            Head::whole("FORM"),
            Head::flow("OWNER"),
            Head::whole("STATUS").shown_from(100),
            Head::whole("EXPIRES"),
            Head::whole("LAST USED"),
            Head::flow("SCOPES").shown_from(120),
            Head::flow("LAST USED BY").shown_from(160),
        ],
        Kind::Container => vec![
            Head::whole("FORM"),
            Head::whole("KEY"),
            Head::whole("STATUS"),
            Head::whole("SEATS"),
            Head::flow("IN").shown_from(100),
            Head::flow("OWNER OR LEAD").shown_from(140),
            Head::whole("PUBLIC").shown_from(140),
        ],
        Kind::Grant => {
            vec![Head::flow("ROLE"), Head::flow("HOLDER"), Head::flow("ON"), Head::flow("VIA").shown_from(120)]
        }
        Kind::App => vec![
            Head::whole("FORM"),
            Head::flow("VENDOR"),
            Head::whole("ENABLED").shown_from(100),
            Head::flow("ACTS FOR"),
            Head::whole("LAST SEEN").shown_from(100),
        ],
        Kind::Webhook => vec![
            Head::flow("SENDS TO"),
            Head::whole("ENABLED"),
            Head::whole("SIGNED"),
            Head::flow("CHANGED BY"),
            Head::flow("IN").shown_from(120),
        ],
        Kind::Automation => vec![
            Head::whole("STATUS"),
            Head::flow("ACTS AS"),
            Head::flow("AUTHOR"),
            Head::whole("CHANGED").shown_from(100),
        ],
        Kind::Variable => {
            vec![Head::whole("LEVEL"), Head::whole("SECURED"), Head::flow("IN"), Head::flow("ENVIRONMENT")]
        }
        Kind::Setting => vec![
            Head::whole("KEY"),
            Head::flow("VALUE"),
            Head::flow("DETAIL"),
            Head::flow("EXCEPT FOR").shown_from(120),
            Head::flow("IN").shown_from(140),
        ],
        Kind::Integration => vec![
            Head::whole("SYSTEM"),
            Head::whole("FOR"),
            Head::flow("OWNER"),
            Head::flow("RUNS ON"),
            Head::flow("WORKS IN").shown_from(100),
            Head::whole("REVIEW").shown_from(120),
        ],
        Kind::Person => vec![
            Head::flow("MAIL"),
            Head::whole("EMPLOYED UNTIL"),
            Head::flow("TEAM"),
            Head::flow("MANAGER").shown_from(120),
        ],
    });
    heads.push(Head::flow("ID").shown_from(180));
    heads
}

fn principal_cells(principal: &Principal) -> Vec<String> {
    let last_view = principal.activity.as_ref().and_then(|products| {
        let views: Vec<_> = products.iter().map(|product| &product.last_active_at).collect();
        match views.iter().filter_map(|view| view.known()).max() {
            Some(latest) => Fact::Known(say::day(*latest)),
            None if views.iter().any(|view| view.is_unknown()) => Fact::Unknown,
            None => Fact::Absent,
        }
    });
    vec![
        say::fact(&principal.account_type, |form| form.name().to_owned()),
        say::fact(&principal.status, Clone::clone),
        say::fact(&last_view, Clone::clone),
        say::fact(&principal.platform_roles, |roles| say::list(roles)),
        say::fact(&principal.email, Clone::clone),
        say::fact(&principal.mfa, |on| say::yes_no(*on).to_owned()),
    ]
}

fn group_cells(group: &Group) -> Vec<String> {
    vec![
        say::fact(&group.member_count, ToString::to_string),
        say::fact(&group.managed_by, Clone::clone),
        say::fact(&group.jira_access, |access| say::list(access)),
        say::fact(&group.confluence_access, |access| say::list(access)),
        say::fact(&group.description, Clone::clone),
    ]
}

fn credential_cells(credential: &Credential, inventory: &Inventory<'_>) -> Vec<String> {
    vec![
        credential.form.name().to_owned(),
        say::pointed(inventory, &credential.owner),
        say::fact(&credential.status, Clone::clone),
        match credential.expires_at {
            Fact::Absent => "never".to_owned(),
            ref end => say::fact(end, |at| say::day(*at)),
        },
        match credential.last_used_at {
            Fact::Absent => "never".to_owned(),
            ref used => say::fact(used, |at| say::day(*at)),
        },
        say::fact(&credential.scopes, |scopes| say::list(scopes)),
        say::pointed(inventory, &credential.last_used_by),
    ]
}

fn container_cells(container: &Container, inventory: &Inventory<'_>) -> Vec<String> {
    let seats = match (&container.seats_used, &container.seats_total) {
        (Fact::Unknown | Fact::Absent, Fact::Unknown | Fact::Absent) => String::new(),
        (used, total) => format!(
            "{} of {}",
            say::fact(used, ToString::to_string),
            if *total == Fact::Absent { "unlimited".to_owned() } else { say::fact(total, ToString::to_string) }
        ),
    };
    vec![
        container.form.name().to_owned(),
        say::fact(&container.key, Clone::clone),
        say::fact(&container.status, Clone::clone),
        seats,
        say::pointed(inventory, &container.parent),
        told_or_blank(&container.owner.clone().or(container.lead.clone()), |id| inventory.name(id).to_owned()),
        told_or_blank(&container.public, |public| say::yes_no(*public).to_owned()),
    ]
}

/// A fact that only some forms have: nothing where no source told it.
fn told_or_blank<T>(fact: &Fact<T>, say: impl FnOnce(&T) -> String) -> String {
    if fact.is_unknown() { String::new() } else { say::fact(fact, say) }
}

fn grant_cells(grant: &Grant, inventory: &Inventory<'_>) -> Vec<String> {
    let who = match (&grant.principal, &grant.group) {
        (Fact::Known(id), _) | (_, Fact::Known(id)) => inventory.name(id).to_owned(),
        _ => grant.holder_detail.known().cloned().unwrap_or_default(),
    };
    let holder = if who.is_empty() { grant.holder.name().to_owned() } else { format!("{} {who}", grant.holder.name()) };
    vec![
        grant.role.clone(),
        holder,
        say::pointed(inventory, &grant.container),
        say::fact(&grant.via, |via| say::list(via)),
    ]
}

fn app_cells(app: &App, inventory: &Inventory<'_>) -> Vec<String> {
    let names =
        |ids: &Vec<ResourceId>| say::list(&ids.iter().map(|id| inventory.name(id).to_owned()).collect::<Vec<_>>());
    vec![
        app.form.name().to_owned(),
        say::fact(&app.vendor, Clone::clone),
        say::fact(&app.enabled, |on| say::yes_no(*on).to_owned()),
        say::fact(&app.acts_for, names),
        say::fact(&app.last_used_at, |at| say::day(*at)),
    ]
}

fn webhook_cells(webhook: &Webhook, inventory: &Inventory<'_>) -> Vec<String> {
    vec![
        say::fact(&webhook.address, Clone::clone),
        say::fact(&webhook.enabled, |on| say::yes_no(*on).to_owned()),
        say::fact(&webhook.signed, |on| say::yes_no(*on).to_owned()),
        say::pointed(inventory, &webhook.changed_by),
        say::pointed(inventory, &webhook.container),
    ]
}

fn automation_cells(automation: &Automation, inventory: &Inventory<'_>) -> Vec<String> {
    vec![
        say::fact(&automation.status, Clone::clone),
        say::pointed(inventory, &automation.actor),
        say::pointed(inventory, &automation.author),
        say::fact(&automation.changed_at, |at| say::day(*at)),
    ]
}

fn variable_cells(variable: &Variable, inventory: &Inventory<'_>) -> Vec<String> {
    vec![
        variable.level.name().to_owned(),
        say::fact(&variable.secured, |on| say::yes_no(*on).to_owned()),
        say::pointed(inventory, &variable.container),
        say::fact(&variable.environment, Clone::clone),
    ]
}

fn setting_cells(setting: &Setting, inventory: &Inventory<'_>) -> Vec<String> {
    vec![
        setting.key.clone(),
        say::fact(&setting.value, Clone::clone),
        say::fact(&setting.detail, Clone::clone),
        told_or_blank(&setting.exceptions, |exceptions| say::list(exceptions)),
        told_or_blank(&setting.container, |id| inventory.name(id).to_owned()),
    ]
}

fn integration_cells(integration: &Integration) -> Vec<String> {
    let names = |accounts: &Vec<crate::model::DeclaredAccount>| {
        say::list(&accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>())
    };
    vec![
        say::fact(&integration.system, Clone::clone),
        say::fact(&integration.environment, Clone::clone),
        say::fact(&integration.owner_email.clone().or(integration.team.clone()), Clone::clone),
        say::fact(&integration.accounts, names),
        say::fact(&integration.containers, |keys| say::list(keys)),
        say::fact(&integration.review_at, |at| say::day(*at)),
    ]
}

fn person_cells(person: &Person) -> Vec<String> {
    vec![
        say::fact(&person.email, Clone::clone),
        say::fact(&person.employed_until, |at| say::day(*at)),
        say::fact(&person.team, Clone::clone),
        say::fact(&person.manager, Clone::clone),
    ]
}

/// The coverage ledger, in the order it is given, and how many requests each source took.
#[must_use]
pub fn coverage_table(ledger: &[LedgerEntry], look: Look) -> String {
    let mut page = Page::new(look);
    if !ledger.is_empty() {
        page.blank();
    }
    for line in requests_by_source(ledger) {
        page.paragraph(0, &[words(Ink::Dim, &line)]);
    }
    endpoints_of(ledger).render(look) + &page.into_text()
}

/// The same for a browser.
#[must_use]
pub fn coverage_grid(ledger: &[LedgerEntry]) -> Grid {
    endpoints_of(ledger).into_grid()
}

fn endpoints_of(ledger: &[LedgerEntry]) -> Table {
    let heads = [
        Head::whole("STATE"),
        Head::flow("SOURCE"),
        Head::flow("ENDPOINT"),
        Head::number("ROWS"),
        Head::number("OF").shown_from(100),
        Head::number("REQUESTS").shown_from(100),
        Head::flow("WHY"),
        Head::flow("RIGHT IT TAKES").shown_from(120),
    ];
    let mut table = Table::new(&heads, "No endpoint was asked: nothing was seen.");
    for entry in ledger {
        let declared = entry.declared.as_ref().map(|why| format!(" (declared: {why})")).unwrap_or_default();
        table.row(vec![
            Cell::inked(say::state_ink(entry.state), say::state(entry.state)),
            Cell::new(entry.source.as_str()),
            Cell::new(&entry.endpoint),
            Cell::new(&entry.rows.to_string()),
            Cell::new(&entry.rows_expected.map_or_else(String::new, |rows| rows.to_string())),
            Cell::new(&entry.requests.to_string()),
            Cell::new(&format!("{}{declared}", entry.reason)),
            Cell::inked(Ink::Dim, &entry.right),
        ]);
    }
    table
}

/// “acme-org: 214 requests, 16 endpoints”, for each source: what a scan costs its rate limits.
fn requests_by_source(ledger: &[LedgerEntry]) -> Vec<String> {
    let mut sources: BTreeMap<&SourceName, (usize, usize)> = BTreeMap::new();
    for entry in ledger {
        let (requests, endpoints) = sources.entry(&entry.source).or_default();
        *requests += entry.requests as usize;
        *endpoints += 1;
    }
    let line = |(source, (requests, endpoints)): (&SourceName, (usize, usize))| {
        let requests = text::plural(requests, "request", "requests");
        format!("{source}: {requests}, {}", text::plural(endpoints, "endpoint", "endpoints"))
    };
    sources.into_iter().map(line).collect()
}

/// Rules and how each fared. A rule without a tally was not evaluated, and says so.
#[must_use]
pub fn rules_table(rules: &[&RuleSummary], tallies: &BTreeMap<RuleId, Tally>, look: Look) -> String {
    let heads = [
        Head::whole("SEVERITY"),
        Head::whole("RULE"),
        Head::number("FAIL"),
        Head::number("PASS"),
        Head::number("UNKNOWN"),
        Head::flow("OUT OF SIGHT"),
        Head::flow("TITLE").shown_from(120),
        Head::flow("CONTROLS").shown_from(170),
    ];
    let mut table = Table::new(&heads, "No rules.");
    for rule in rules {
        let tally = tallies.get(&rule.id);
        let count = |of: fn(&Tally) -> usize| tally.map_or_else(|| "–".to_owned(), |tally| text::thousands(of(tally)));
        let unseen: Vec<String> = tally
            .map_or_else(|| vec!["not evaluated".to_owned()], |tally| tally.unseen.iter().map(out_of_sight).collect());
        let fail_ink = if tally.is_some_and(|tally| tally.fail > 0) { Ink::Bad } else { Ink::Plain };
        let unknown_ink = if tally.is_some_and(|tally| tally.unknown > 0) { Ink::Warn } else { Ink::Plain };
        let controls: Vec<&str> = rule.controls.iter().map(ControlId::as_str).collect();
        table.row(vec![
            Cell::inked(say::severity_ink(rule.severity), rule.severity.name()),
            Cell::new(rule.id.as_str()),
            Cell::inked(fail_ink, &count(|tally| tally.fail)),
            Cell::new(&count(|tally| tally.pass)),
            Cell::inked(unknown_ink, &count(|tally| tally.unknown)),
            Cell::inked(Ink::Warn, &unseen.join("; ")),
            Cell::new(&rule.title),
            Cell::inked(Ink::Dim, &controls.join(", ")),
        ]);
    }
    table.render(look)
}

fn out_of_sight(gap: &Unseen) -> String {
    if gap.is_nowhere() {
        format!("{} (no source)", gap.endpoint)
    } else {
        format!("{} of {}", gap.endpoint, gap.source)
    }
}

/// Waivers and what they do.
#[must_use]
pub fn waivers_table(waivers: &[&WaiverUse], look: Look) -> String {
    let heads = [
        Head::whole("STATE"),
        Head::whole("ID"),
        Head::whole("UNTIL"),
        Head::number("COVERS"),
        Head::flow("RULE"),
        Head::flow("RESOURCE"),
        Head::flow("REMARKS"),
        Head::flow("APPROVED BY").shown_from(120),
        Head::flow("REASON").shown_from(150),
    ];
    let mut table = Table::new(&heads, "No waivers.");
    for used in waivers {
        let WaiverUse { waiver, state, covers, .. } = used;
        let ink = match state {
            WaiverState::Expired | WaiverState::Void => Ink::Bad,
            WaiverState::Expiring | WaiverState::Unchecked | WaiverState::TooBroad => Ink::Warn,
            WaiverState::Unused => Ink::Dim,
            WaiverState::InForce => Ink::Plain,
        };
        table.row(vec![
            Cell::inked(ink, state.name()),
            Cell::new(waiver.id.as_str()),
            Cell::new(&waiver.until.to_string()),
            Cell::new(&covers.to_string()),
            Cell::new(waiver.rule.as_str()),
            Cell::new(&waiver.resource),
            Cell::inked(ink, &used.remarks().join("; ")),
            Cell::new(&waiver.approver),
            Cell::inked(Ink::Dim, &waiver.reason),
        ]);
    }
    table.render(look)
}
