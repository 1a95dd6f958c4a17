//! A pretended Atlassian estate over real HTTP on the loopback interface: one organisation with its admin APIs,
//! one site with Jira and Confluence Cloud, one Bitbucket Cloud workspace, and what the firm runs itself, made from
//! a seed. The demo scans it, and tests scan it while it misbehaves.
//!
//! Its answers are written from the published descriptions of those APIs, never from our own parsers, so that
//! a mistake on one side shows on the other. Everything in the estate is sane except what [`Truth`] lists.

mod accepted;
mod api_access;
mod audit;
mod automation;
mod bitbucket;
mod bitbucket_repositories;
mod changes;
mod common;
mod confluence;
mod credentials;
mod endpoints;
mod estate;
mod exchange;
mod faults;
mod furnishing;
mod history;
mod installed_apps;
mod jira;
mod jira_audit;
mod jira_projects;
mod jira_sharing;
mod limit;
mod listings;
mod look_alikes;
mod machines;
mod names;
mod night;
mod org;
mod org_plan;
mod people;
mod permissions;
mod plants;
mod policies;
mod random;
mod repositories;
mod repository_plants;
mod sandbox;
mod server;
mod servers;
mod service_desk;
mod site_night;
mod site_plants;
mod size;
mod spaces;
mod truth;
mod webhooks;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use endpoints::{ENDPOINTS, Endpoint};
pub use faults::Fault;
pub use limit::{Counted, RateLimit, Taken};
pub use org_plan::OrgPlan;
pub use servers::Edition;
pub use size::SiteSize;
pub use truth::{Drift, Plant, SITUATIONS, Truth};

use accepted::Accepted;
use endpoints::Host;
use estate::Estate;
use faults::Faults;
use server::{Port, Shared, hold};

/// What the estate is made from. The same plan makes the same estate, to the byte.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed of everything that looks like chance.
    pub seed: u64,
    /// How many people there are; at least [`Plan::FEWEST_ACCOUNTS`] are made. All other sizes follow from it.
    pub accounts: usize,
    /// What time it is in the estate.
    pub now: DateTime<Utc>,
    /// How long every answer takes, beyond the work it makes.
    pub page_latency: Duration,
}

impl Plan {
    /// With fewer people there would not be enough to play all parts.
    pub const FEWEST_ACCOUNTS: usize = 100;

    /// The demo's estate: 200 people, seed 7.
    #[must_use]
    pub fn demo(now: DateTime<Utc>) -> Self {
        Self { seed: 7, accounts: 200, now, page_latency: Duration::ZERO }
    }
}

/// A running estate. It accepts no more connections once it is dropped.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    /// Where each host listens.
    addresses: Vec<(Host, SocketAddr)>,
    org_id: String,
    cloud_id: String,
    sandbox_id: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Founds the estate and starts to serve it, on free ports of the loopback interface, one for each host.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        let estate = Estate::found(&plan);
        let (org_id, cloud_id) = (estate.org_id.clone(), estate.cloud_id.clone());
        let sandbox_id = estate.sandbox_id.clone();
        let shared = Arc::new(Shared {
            accepted: Accepted::of(&estate),
            estate: RwLock::new(estate),
            page_latency: plan.page_latency,
            faults: Mutex::default(),
            sandbox_faults: Mutex::default(),
            requests: Mutex::default(),
            arrived: watch::Sender::new(0),
            destroyed: Mutex::default(),
            bitbucket_budget: Mutex::default(),
            meters: Mutex::default(),
            opened: Instant::now(),
        });
        let (mut addresses, mut tasks) = (Vec::new(), Vec::new());
        for host in Host::ALL {
            let (address, task) = serve(Port { shared: Arc::clone(&shared), host }).await?;
            addresses.push((host, address));
            tasks.push(task);
        }
        Ok(Self { shared, addresses, org_id, cloud_id, sandbox_id, tasks })
    }

    /// Base URL of a host.
    fn url(&self, host: Host) -> String {
        let address = self.addresses.iter().find(|(known, _)| *known == host).map(|(_, address)| address);
        format!("http://{}", address.expect("internal: every host has a port"))
    }

    /// Base URL of the admin APIs, in place of `https://api.atlassian.com`.
    #[must_use]
    pub fn org_url(&self) -> String {
        self.url(Host::Org)
    }

    /// Base URL of the Jira site, in place of `https://acme.atlassian.net`.
    #[must_use]
    pub fn site_url(&self) -> String {
        self.url(Host::Site)
    }

    /// Base URL of Bitbucket, in place of `https://api.bitbucket.org`.
    #[must_use]
    pub fn bitbucket_url(&self) -> String {
        self.url(Host::Bitbucket)
    }

    /// The id of the organisation.
    #[must_use]
    pub fn org_id(&self) -> &str {
        &self.org_id
    }

    /// The cloud id of the site.
    #[must_use]
    pub fn cloud_id(&self) -> &str {
        &self.cloud_id
    }

    /// Base URL of the second Jira site, in place of `https://acme-sandbox-412.atlassian.net`. It is a sandbox of the
    /// organisation; the person who reads the site reads it with the same token.
    #[must_use]
    pub fn sandbox_url(&self) -> String {
        self.url(Host::Sandbox)
    }

    /// The cloud id of the sandbox.
    #[must_use]
    pub fn sandbox_id(&self) -> &str {
        &self.sandbox_id
    }

    /// An organisation key with reading scopes.
    #[must_use]
    pub fn org_key(&self) -> &str {
        &self.shared.accepted.key
    }

    /// An organisation key without scopes, which also opens the account-management route.
    #[must_use]
    pub fn unscoped_org_key(&self) -> &str {
        &self.shared.accepted.unscoped_key
    }

    /// The e-mail address of the person who reads the site.
    #[must_use]
    pub fn site_user(&self) -> &str {
        &self.shared.accepted.user
    }

    /// Their API token.
    #[must_use]
    pub fn site_token(&self) -> &str {
        &self.shared.accepted.token
    }

    /// The e-mail address of the person who reads the Bitbucket workspace; they administer it.
    #[must_use]
    pub fn bitbucket_user(&self) -> &str {
        &self.shared.accepted.user
    }

    /// Their API token for Bitbucket.
    #[must_use]
    pub fn bitbucket_token(&self) -> &str {
        &self.shared.accepted.bitbucket_token
    }

    /// The slug of the Bitbucket workspace.
    #[must_use]
    pub fn workspace(&self) -> &'static str {
        repositories::WORKSPACE
    }

    /// Has Confluence keep the rights in its spaces as that mode says: in grants (`PRE_ROLES`), in roles (`ROLES`), or
    /// in both (`ROLES_TRANSITION`), which is how it begins.
    ///
    /// # Panics
    /// When there is no such mode.
    pub fn set_space_mode(&self, mode: &str) {
        let known = spaces::MODES.into_iter().find(|known| *known == mode);
        let known = known.expect("internal: spaces are kept in a mode that exists");
        self.shared.to_change().wiki.mode = known;
    }

    /// From here on Bitbucket answers so many requests and then 429, without telling how long to wait.
    pub fn limit_bitbucket(&self, requests: usize) {
        *hold(&self.shared.bitbucket_budget) = Some(requests);
    }

    /// From here on each host answers so many requests a second, and refuses what is beyond.
    pub fn limit(&self, limit: RateLimit) {
        self.shared.keep(limit);
    }

    /// What became of the requests to the site since it keeps a limit.
    #[must_use]
    pub fn taken_by_site(&self) -> Taken {
        let meters = hold(&self.shared.meters);
        meters.iter().find(|(host, _)| *host == Host::Site).map(|(_, meter)| meter.taken()).unwrap_or_default()
    }

    /// How much there is on the Jira site.
    #[must_use]
    pub fn site_size(&self) -> SiteSize {
        SiteSize::of(&self.shared.estate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Arms a fault for the endpoint of that name, in place of an earlier one.
    ///
    /// # Panics
    /// When no endpoint in [`ENDPOINTS`] has the name: a test that arms nothing would prove nothing.
    pub fn set_fault(&self, endpoint: &str, fault: Fault) {
        let known = ENDPOINTS.iter().find(|known| known.name == endpoint);
        let known = known.expect("internal: faults are armed for endpoints that exist");
        self.faults().arm(known.name, fault);
    }

    /// Arms a fault for the endpoint of that name on the sandbox, in place of an earlier one.
    ///
    /// # Panics
    /// When the sandbox has no endpoint of that name.
    pub fn set_sandbox_fault(&self, endpoint: &str, fault: Fault) {
        let known = ENDPOINTS.iter().find(|known| known.name == endpoint && known.is_of(Host::Sandbox));
        let known = known.expect("internal: faults are armed for endpoints that exist");
        hold(&self.shared.sandbox_faults).arm(known.name, fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.faults().disarm();
        hold(&self.shared.sandbox_faults).disarm();
    }

    /// How many answers were not what they would have been, since a fault was armed last: a fault that does not show at an
    /// endpoint proves nothing.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.faults().struck
    }

    /// Lets a night pass: the clock moves to `to`, and what changes is added to [`Truth::drift`].
    pub fn night(&self, to: DateTime<Utc>) {
        night::pass(&mut self.shared.to_change(), to);
    }

    /// Lets a night pass in which hardly anything happens; see [`Simulator::truth`] for the little that does.
    pub fn quiet_night(&self, to: DateTime<Utc>) {
        night::pass_quietly(&mut self.shared.to_change(), to);
    }

    /// Changes what the organisation pays for. It begins with [`OrgPlan::Enterprise`].
    pub fn set_plan(&self, plan: OrgPlan) {
        self.shared.to_change().org_plan = plan;
    }

    /// Secret values that answers carry where none should be. They must never be stored or shown.
    #[must_use]
    pub fn planted_secrets(&self) -> Vec<String> {
        let estate = self.shared.estate.read().unwrap_or_else(PoisonError::into_inner);
        let own = estate.servers.secrets.iter().chain(&estate.secrets).cloned();
        own.chain(estate.workspace.readable_values()).collect()
    }

    /// From here on every answer carries this secret, in all places where APIs are known to have one: in members of its
    /// rows, in addresses, in headers. It must never be stored or shown.
    pub fn plant_everywhere(&self, secret: &str) {
        self.faults().plant = Some(secret.to_owned());
        hold(&self.shared.sandbox_faults).plant = Some(secret.to_owned());
    }

    /// The answer sheet, as things stand.
    #[must_use]
    pub fn truth(&self) -> Truth {
        self.shared.estate.read().unwrap_or_else(PoisonError::into_inner).truth.clone()
    }

    /// Method and path of every request so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<(String, String)> {
        hold(&self.shared.requests).clone()
    }

    /// Waits until so many requests have arrived.
    pub async fn asked(&self, requests: usize) {
        let mut arrived = self.shared.arrived.subscribe();
        // The other end lives as long as the estate.
        drop(arrived.wait_for(|count| *count >= requests).await);
    }

    /// Forgets the requests so far: for runs of many nights.
    pub fn forget_requests(&self) {
        hold(&self.shared.requests).clear();
    }

    /// Method and path of every request that a real estate would have taken as a change. Must stay empty.
    #[must_use]
    pub fn destroyed(&self) -> Vec<(String, String)> {
        hold(&self.shared.destroyed).clone()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        hold(&self.shared.faults)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn serve(port: Port) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(server::answer).with_state(port);
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the pretended estate stopped");
        }
    });
    Ok((address, server))
}
