//! The policies of the organisation, and which authentication policy each managed person falls under.
//! What a policy demands is not shown, as in a real organisation.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, Person};
use super::exchange::{Ask, Reply};
use super::org::moment;
use super::org_plan::{refuse_on_free, refuse_without_guard};
use super::random::Random;

#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) status: &'static str,
    /// The resource it applies to.
    resource: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

/// How many accounts one question about authentication policies may name.
const MOST_ACCOUNTS: usize = 50;

/// Lays down the ordinary policies: a few for the whole organisation, and one for the data of each large team.
pub(super) fn lay_down(estate: &mut Estate, random: &mut Random) {
    for (kind, name, product) in [
        ("ip-allowlist", "Headquarters", "jira-software"),
        ("data-residency", "Data stays in the EU", "jira-software"),
        ("data-residency", "Pages stay in the EU", "confluence"),
        ("data-security", "No public links", "confluence"),
    ] {
        add(estate, random, kind, name.to_owned(), "enabled", product);
    }
    for number in 1..=estate.people.len() / 40 {
        add(estate, random, "data-security", format!("Confidential work {number}"), "enabled", "confluence");
    }
}

/// Adds a policy and tells its place.
pub(super) fn add(
    estate: &mut Estate,
    random: &mut Random,
    kind: &'static str,
    name: String,
    status: &'static str,
    product: &str,
) -> usize {
    let created = estate.now - TimeDelta::minutes(random.between(100, 700) * 1440);
    let updated = created + TimeDelta::days(random.between(0, 90));
    let resource = estate.resource(product);
    estate.policies.push(Policy { id: random.uuid(), kind, name, status, resource, created, updated });
    estate.policies.len() - 1
}

pub(super) fn policies(estate: &Estate, ask: &Ask) -> Reply {
    if let Some(refusal) = refuse_on_free(estate) {
        return refusal;
    }
    let window = match ask.fixed_window(25) {
        Ok(window) => window,
        Err(refusal) => return refusal,
    };
    let wanted = |policy: &&Policy| ask.parameter("type").is_none_or(|kind| kind == policy.kind);
    let found: Vec<&Policy> = estate.policies.iter().filter(wanted).collect();
    let rows: Vec<Value> = window.cut(&found).iter().map(|policy| row(policy)).collect();
    let meta = json!({"next": window.next(found.len()), "page_size": window.limit});
    Reply::page_of(json!({"data": rows, "meta": meta, "links": {}}), window)
}

fn row(policy: &Policy) -> Value {
    let applied = if policy.status == "applying" { "applying" } else { "applied" };
    json!({
        "id": policy.id, "type": "policies",
        "attributes": {
            "type": policy.kind, "name": policy.name, "status": policy.status,
            "resources": [{"id": policy.resource, "applicationStatus": applied}],
            "createdAt": moment(policy.created), "updatedAt": moment(policy.updated),
        },
    })
}

/// The authentication policy of each named person, if the organisation manages them. Others are left out.
/// Every fourth row has no account id, so that only the mail address tells whose it is.
pub(super) fn auth_policies(estate: &Estate, ask: &Ask) -> Reply {
    if let Some(refusal) = refuse_without_guard(estate) {
        return refusal;
    }
    let Some(wanted) = ask.list("accountIds").filter(|ids| ids.len() <= MOST_ACCOUNTS) else {
        let text = format!("accountIds must be a list of up to {MOST_ACCOUNTS} account ids");
        return Reply::refusal(Family::Admin, 400, &text);
    };
    let people = wanted.into_iter().filter_map(|id| estate.find_person(id)).filter(|at| estate.people[*at].managed);
    let rows = people.map(|at| {
        let person = &estate.people[at];
        let (id, name) = auth_policy(person);
        let mut row = json!({"email": person.email, "policyId": id, "policyName": name});
        if at % 4 != 0 {
            row["accountId"] = json!(person.id);
        }
        row
    });
    Reply::ok(rows.collect())
}

fn auth_policy(person: &Person) -> (&'static str, &'static str) {
    if person.name.starts_with("svc-") {
        ("4b1c7a52-6f0d-4a3e-9d55-0c1e7f2a9b03", "Accounts of machines")
    } else if person.platform_roles.is_empty() {
        ("4b1c7a52-6f0d-4a3e-9d55-0c1e7f2a9b01", "Everybody")
    } else {
        ("4b1c7a52-6f0d-4a3e-9d55-0c1e7f2a9b02", "Administrators")
    }
}
