//! Request economy: a scan sends as few requests as the page sizes of the APIs allow, and the ledger counts them.

use std::collections::BTreeMap;

use keyroll::model::{Assessment, Body, Container, ContainerForm, Fact, Kind, PrincipalType};
use keyroll::simulator::Plan;

use crate::support::pretended::{Estate, first_night, gaps};

/// What an estate is made of, as far as it decides how many requests it takes.
struct Sizes<'a> {
    assessment: &'a Assessment,
    rows: BTreeMap<(&'a str, &'a str), u64>,
}

impl<'a> Sizes<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        let ledger = &assessment.snapshot.ledger;
        let rows = ledger.iter().map(|entry| ((entry.source.as_str(), &*entry.endpoint), entry.rows)).collect();
        Self { assessment, rows }
    }

    /// Pages of so many rows that an endpoint's rows fill; one at least.
    fn pages(&self, source: &str, endpoint: &str, size: u64) -> u64 {
        self.rows[&(source, endpoint)].div_ceil(size).max(1)
    }

    fn containers(&self, form: ContainerForm) -> impl Iterator<Item = &'a Container> {
        self.assessment.snapshot.resources.iter().filter_map(move |resource| match &resource.body {
            Body::Container(container) if container.form == form => Some(container),
            _ => None,
        })
    }

    fn count(&self, form: ContainerForm) -> u64 {
        self.containers(form).count() as u64
    }

    fn principals(&self, wanted: impl Fn(&keyroll::model::Principal) -> bool) -> u64 {
        let of_kind = self.assessment.snapshot.resources.iter().filter(|resource| resource.kind() == Kind::Principal);
        of_kind.filter(|resource| matches!(&resource.body, Body::Principal(body) if wanted(body))).count() as u64
    }
}

/// The fewest requests with which each endpoint of the four sources can be read whole, its count included.
fn fewest(sizes: &Sizes<'_>) -> BTreeMap<(&'static str, &'static str), u64> {
    let repositories = sizes.count(ContainerForm::Repository);
    let projects = sizes.count(ContainerForm::Project);
    let team_managed = sizes.containers(ContainerForm::Project).filter(|one| one.team_managed == Fact::Known(true));
    let company_managed = projects - team_managed.count() as u64;
    let spaces = sizes.count(ContainerForm::Space);
    let managed = sizes.principals(|account| {
        account.managed == Fact::Known(true) && account.account_type == Fact::Known(PrincipalType::Person)
    });
    BTreeMap::from([
        (("org", "accounts"), sizes.pages("org", "accounts", 100) + 1),
        (("org", "groups"), sizes.pages("org", "groups", 100) + 1),
        (("org", "user API tokens"), sizes.pages("org", "user API tokens", 1000) + 1),
        (("org", "organisation API keys"), 2),
        (("org", "authentication policies of accounts"), managed.div_ceil(50)),
        (("org", "domains"), 1),
        (("org", "products"), 1),
        // The last page of a stream is one without rows.
        (("org", "audit events"), sizes.pages("org", "audit events", 500) + 1),
        // The end of the listing is an empty page.
        (("jira", "accounts"), sizes.pages("jira", "accounts", 1000) + 1),
        (("jira", "groups"), sizes.pages("jira", "groups", 50)),
        (("jira", "applications"), 1),
        (("jira", "permission schemes"), 1),
        (("jira", "permission schemes of projects"), company_managed),
        (("jira", "filters"), sizes.pages("jira", "filters", 100)),
        (("jira", "dashboards"), sizes.pages("jira", "dashboards", 100)),
        (("jira", "webhooks"), 1),
        (("jira", "automation rules"), 1),
        (("jira", "installed apps"), 1),
        (("confluence", "groups"), 1),
        (("confluence", "space permissions"), spaces),
        (("confluence", "space role assignments"), spaces),
        (("bitbucket", "members"), sizes.pages("bitbucket", "members", 100)),
        (("bitbucket", "repositories"), sizes.pages("bitbucket", "repositories", 100)),
        (("bitbucket", "repository permissions of accounts"), repositories),
        (("bitbucket", "repository permissions of groups"), repositories),
        (
            ("bitbucket", "effective repository permissions"),
            sizes.pages("bitbucket", "effective repository permissions", 100),
        ),
        (("bitbucket", "pipelines configuration"), repositories),
        (("bitbucket", "branch restrictions"), repositories),
        (("bitbucket", "repository variables"), repositories),
        (("bitbucket", "deploy keys"), repositories),
        (("bitbucket", "repository webhooks"), repositories),
        (("bitbucket", "workspace variables"), 1),
        (("bitbucket", "workspace webhooks"), 1),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_sends_no_more_requests_than_the_page_sizes_allow() {
    let plan = Plan { seed: 7, accounts: 1_200, now: first_night(), page_latency: std::time::Duration::ZERO };
    let estate = Estate::of(plan).await;
    estate.configure_with("", "");
    estate.scan().await;
    let assessment = estate.assess();
    assert!(assessment.head.complete || !gaps(&assessment).is_empty());
    let sizes = Sizes::of(&assessment);
    let fewest = fewest(&sizes);
    let mut sent = 0;
    let mut allowed = 0;
    let mut told = Vec::new();
    for entry in &assessment.snapshot.ledger {
        let Some(fewest) = fewest.get(&(entry.source.as_str(), &*entry.endpoint)) else { continue };
        sent += u64::from(entry.requests);
        allowed += fewest;
        if u64::from(entry.requests) != *fewest {
            told.push(format!("{} of {}: {} for {fewest}", entry.endpoint, entry.source, entry.requests));
        }
    }
    // At most five in a hundred more than the smallest number.
    assert!(sent * 100 <= allowed * 105, "{sent} requests where {allowed} would do: {told:#?}");
    let asked = assessment.snapshot.ledger.iter().map(|entry| u64::from(entry.requests)).sum::<u64>();
    assert_eq!(asked, estate.simulator.requests().len() as u64, "the ledger counts every request");
}
