//! A mixed estate in one scan: an organisation with two sites and a workspace, three self-hosted products, Jira Align, a
//! register, a roster and an export. Everything that is planted is found, nothing that only looks wrong is.

mod scan;

use std::fs;
use std::time::Duration;

use keyroll::simulator::Plan;

use crate::support::pretended::{Estate, first_night};

/// The estate with everything that a firm may have.
pub(crate) async fn everything() -> Estate {
    let estate = Estate::of(Plan::demo(first_night())).await;
    keep_secrets(&estate);
    fs::write(estate.path("global-permissions.csv"), GLOBAL_PERMISSIONS).unwrap();
    fs::write(estate.path("oauth-consumers.csv"), OAUTH_CONSUMERS).unwrap();
    let register = format!("{REGISTER}{NEEDS}{}{}", of_repositories(&estate), in_two_environments(&estate));
    fs::write(estate.path("integrations.yaml"), register).unwrap();
    fs::write(estate.path("people.csv"), ROSTER).unwrap();
    estate.configure_sources(&sources(&estate), ACCEPTED);
    estate
}

/// One self-hosted product alone, with a small estate behind it.
pub(crate) async fn only(kind: &str) -> Estate {
    let estate = Estate::of(Plan { seed: 11, accounts: 120, now: first_night(), page_latency: Duration::ZERO }).await;
    keep_secrets(&estate);
    fs::write(estate.path("global-permissions.csv"), GLOBAL_PERMISSIONS).unwrap();
    fs::write(estate.path("oauth-consumers.csv"), OAUTH_CONSUMERS).unwrap();
    let accepted = if kind == "jira-align" { ACCEPTED } else { "" };
    let source = match kind {
        "jira-align" => align(&estate),
        kind => product(&estate, kind),
    };
    let imports = if kind == "jira-dc" { IMPORTS } else { "" };
    estate.configure_only(&format!("{source}{imports}"), accepted);
    estate
}

fn keep_secrets(estate: &Estate) {
    let simulator = &estate.simulator;
    for (name, secret) in [
        ("jira-dc-token", simulator.jira_dc_token()),
        ("confluence-dc-token", simulator.confluence_dc_token()),
        ("bitbucket-dc-token", simulator.bitbucket_dc_token()),
        ("align-token", simulator.align_token()),
    ] {
        estate.write_secret(name, secret);
    }
}

fn secret(estate: &Estate, name: &str) -> String {
    format!("file:{}", estate.path(name).display())
}

fn product(estate: &Estate, kind: &str) -> String {
    let simulator = &estate.simulator;
    let (instance, url, more) = match kind {
        "jira-dc" => {
            let from = "    global_permissions_from: global-permissions\n    oauth_consumers_from: consumers\n";
            ("jira", simulator.jira_dc_url(), from)
        }
        "confluence-dc" => ("confluence", simulator.confluence_dc_url(), ""),
        _ => ("bitbucket", simulator.bitbucket_dc_url(), ""),
    };
    format!(
        "  - name: {kind}\n    type: {kind}\n    base_url: {url}\n    instance: {instance}\n    token: {}\n    \
         mode: deep\n    page_size: 25\n{more}",
        secret(estate, &format!("{kind}-token")),
    )
}

fn align(estate: &Estate) -> String {
    format!(
        "  - name: align\n    type: jira-align\n    base_url: {}\n    instance: align\n    token: {}\n    \
         page_size: 25\n",
        estate.simulator.align_url(),
        secret(estate, "align-token"),
    )
}

/// The sources beside those of the cloud.
fn sources(estate: &Estate) -> String {
    let simulator = &estate.simulator;
    let mut text = format!(
        "  - name: sandbox\n    type: jira-cloud\n    base_url: {}\n    gateway_url: {}\n    user: {}\n    token: {}\n",
        simulator.sandbox_url(),
        simulator.org_url(),
        simulator.site_user(),
        secret(estate, "jira-token"),
    );
    for kind in ["jira-dc", "confluence-dc", "bitbucket-dc"] {
        text.push_str(&product(estate, kind));
    }
    text.push_str(&align(estate));
    text.push_str(IMPORTS);
    text.push_str(DECLARED);
    text
}

/// Two integrations on the account that works in production and in the sandbox.
fn in_two_environments(estate: &Estate) -> String {
    let truth = estate.simulator.truth();
    let plant = truth.plants.iter().find(|plant| plant.expect == "sandbox-account-in-production").unwrap();
    let account = &plant.native[0];
    let entry = |id: &str, environment: &str| {
        format!(
            "  - id: {id}\n    name: {id}\n    owner: portfolio@acme.example\n    environment: {environment}\n    \
             accounts: [{{ name: the sync account, id: \"{account}\" }}]\n"
        )
    };
    format!("{}{}", entry("sync", "production"), entry("sync-rehearsal", "sandbox"))
}

/// The machines of the self-hosted Bitbucket, each in the project that its repositories are in.
fn of_repositories(estate: &Estate) -> String {
    let truth = estate.simulator.truth();
    let all = truth.plants.iter().chain(&truth.harmless);
    let of_bitbucket = all.filter(|plant| plant.expect == "dc-machine-exceeds-needs" && plant.native.len() == 4);
    let entry = |plant: &keyroll::simulator::Plant| {
        let (name, project) = (&plant.native[1], &plant.native[3]);
        format!(
            "  - id: {name}\n    accounts: [{{ name: {name}, source: bitbucket-dc }}]\n    \
             containers: [repository-project:{project}]\n    permissions: [REPO_READ]\n"
        )
    };
    of_bitbucket.map(entry).collect()
}

/// Machines with what they need, in Jira and Confluence.
const NEEDS: &str = "  - id: svc-reports
    accounts: [{ name: svc-reports, source: jira-dc }]
    containers: [PLAT]
    permissions: [BROWSE_PROJECTS]
  - id: svc-tickets
    accounts: [{ name: svc-tickets, source: jira-dc }]
    containers: [HELP]
    permissions: [BROWSE_PROJECTS]
  - id: svc-archive
    accounts: [{ name: svc-archive, source: jira-dc }]
    containers: [project:OPS]
    permissions: [BROWSE_PROJECTS]
  - id: svc-planning
    system: jira-align
    accounts: [{ name: svc-planning, source: jira-dc }]
    containers: [PAY]
  - id: svc-status
    accounts: [{ name: svc-status, source: jira-dc }]
    containers: [project: OPS]
    permissions: [BROWSE_PROJECTS]
  - id: svc-docs
    accounts: [{ name: svc-docs, source: confluence-dc }]
    containers: [space: ENG]
    permissions: [read space, create page]
  - id: svc-notes
    accounts: [{ name: svc-notes, source: confluence-dc }]
    containers: [ENG]
    permissions: [read space, create page]
";

const IMPORTS: &str = "  - name: global-permissions
    type: file
    path: global-permissions.csv
    instance: jira
    mapping: jira-dc-global-permissions
    complete: true
  - name: consumers
    type: file
    path: oauth-consumers.csv
    instance: jira
    mapping: jira-dc-oauth-consumers
    complete: true
";

const DECLARED: &str = "  - name: register
    type: register
    file: integrations.yaml
  - name: people
    type: roster
    path: people.csv
    complete: false
";

const ACCEPTED: &str = "  - source: align
    endpoint: API tokens
    reason: Jira Align cannot list them; the owners of integrations were asked.
";

const GLOBAL_PERMISSIONS: &str = "permission,group_id,rows_total
ADMINISTER,jira-administrators,5
ADMINISTER,jira-align-connector,5
BULK_CHANGE,jira-software-users,5
SYSTEM_ADMIN,jira-system-administrators,5
USER_PICKER,jira-software-users,5
";

/// Jira Align's old handshake may act as anybody; the other consumer acts for whoever agreed.
const OAUTH_CONSUMERS: &str =
    "consumer_key,consumername,created,callback,executing_user_key,two_l_o_impersonation_allowed,rows_total
jiraalign-prod,Jira Align,2024-05-02T09:00:00Z,https://acme.jiraalign.com/oauth,,true,2
wallboard,Wallboard,2025-02-11T09:00:00Z,https://wallboard.acme.example/cb,,false,2
";

/// What there should be. `kiplot` is as it ought to be, but for its token; everything else has something wrong with it.
const REGISTER: &str = r#"integrations:
  - id: kiplot
    name: Kiplot
    system: kiplot-dc
    owner: portfolio@acme.example
    team: Portfolio
    environment: production
    accounts: [{ name: kiplot_integration, source: jira-dc }]
    containers: [PAY, OPS]
    review_at: "2027-06-01"
  - id: align-connector
    name: Jira Align connector
    system: jira-align
    owner: leaver@acme.example
    environment: production
    accounts: [{ name: svc-jiraalign, source: jira-dc }]
    containers: [PAY, OPS]
    review_at: "2026-05-01"
  - id: align-rehearsal
    name: Jira Align rehearsal
    system: jira-align
    environment: sandbox
    team: Portfolio
    accounts: [{ name: svc-jiraalign, source: jira-dc }]
    containers: [PAY, OPS]
  - id: old-reports
    name: Old reports
    owner: portfolio@acme.example
    accounts: [{ name: svc-old-reports, source: jira-dc }]
    containers: [GONE]
"#;

const ROSTER: &str = "mail,name,employed_until,manager,team,aliases
leaver@acme.example,Lena Leaver,2026-10-31,portfolio@acme.example,Portfolio,
portfolio@acme.example,Petra Portfolio,,,Portfolio,
";
