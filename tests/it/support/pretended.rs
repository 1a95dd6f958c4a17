//! A pretended estate with a configuration, a store and a clock of its own, scanned through the path that
//! `keyroll scan` takes.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::app::{App, AppError, ScanOutcome, ScanRequest, assess};
use keyroll::clock::{Clock, FixedClock};
use keyroll::config::Config;
use keyroll::http::{Factory, Limits};
use keyroll::model::{Assessment, EndpointState, Finding, LedgerEntry, Status};
use keyroll::simulator::{Fault, Plan, Simulator};
use keyroll::store::Store;
use tempfile::TempDir;

/// The night on which every test begins.
pub(crate) fn first_night() -> DateTime<Utc> {
    "2026-11-21T02:00:00Z".parse().unwrap()
}

/// What nobody is shown, and the pretended firm accepts.
const ACCEPTED: &str =
    "accepted_gaps:\n  - source: bitbucket\n    endpoint: SSH keys\n    reason: nobody is shown those of others\n";

/// An estate and what keyroll needs to scan it.
pub(crate) struct Estate {
    pub(crate) folder: TempDir,
    pub(crate) simulator: Simulator,
    pub(crate) clock: FixedClock,
}

impl Estate {
    /// The estate of the demo, with all its products.
    pub(crate) async fn new() -> Self {
        Self::of(Plan { seed: 7, accounts: 200, now: first_night(), page_latency: Duration::ZERO }).await
    }

    /// An estate made from a plan.
    pub(crate) async fn of(plan: Plan) -> Self {
        let clock = FixedClock::at(plan.now);
        let simulator = Simulator::start(plan).await.unwrap();
        let estate = Self { folder: tempfile::tempdir().unwrap(), simulator, clock };
        estate.write_secret("org-key", estate.simulator.org_key());
        estate.write_secret("jira-token", estate.simulator.site_token());
        estate.write_secret("bitbucket-token", estate.simulator.bitbucket_token());
        estate.configure("");
        estate
    }

    /// Writes the configuration, with some more lines at its end.
    pub(crate) fn configure(&self, more: &str) {
        self.configure_with("    page_size: 25\n", more);
    }

    /// Writes the configuration: some lines for every source, and some more at its end.
    pub(crate) fn configure_with(&self, each: &str, more: &str) {
        let (org, site) = (self.simulator.org_url(), self.simulator.site_url());
        let login = format!(
            "    user: {}\n    token: file:{}\n",
            self.simulator.site_user(),
            self.path("jira-token").display()
        );
        let sources = [
            format!(
                "  - name: org\n    type: atlassian-org\n    base_url: {org}\n    key: file:{}\n",
                self.path("org-key").display()
            ),
            format!("  - name: jira\n    type: jira-cloud\n    base_url: {site}\n    gateway_url: {org}\n{login}"),
            format!(
                "  - name: confluence\n    type: confluence-cloud\n    base_url: {site}\n    gateway_url: {org}\n{login}"
            ),
            format!(
                "  - name: bitbucket\n    type: bitbucket-cloud\n    base_url: {}\n    workspace: {}\n    user: {}\n    \
                 token: file:{}\n",
                self.simulator.bitbucket_url(),
                self.simulator.workspace(),
                self.simulator.bitbucket_user(),
                self.path("bitbucket-token").display()
            ),
        ];
        let mut text = "estate: acme\nstore: keyroll.db\nsources:\n".to_owned();
        for source in sources {
            text.push_str(&source);
            text.push_str(each);
        }
        text.push_str(ACCEPTED);
        text.push_str(more);
        fs::write(self.path("keyroll.yaml"), text).unwrap();
    }

    /// Writes the configuration with further sources, and further gaps that are accepted.
    pub(crate) fn configure_sources(&self, sources: &str, accepted: &str) {
        self.configure("");
        let text = fs::read_to_string(self.path("keyroll.yaml")).unwrap();
        let text = text.replace("accepted_gaps:\n", &format!("{sources}accepted_gaps:\n"));
        fs::write(self.path("keyroll.yaml"), format!("{text}{accepted}")).unwrap();
    }

    /// Writes a configuration that has these sources alone, and these gaps that are accepted.
    pub(crate) fn configure_only(&self, sources: &str, accepted: &str) {
        let accepted = if accepted.is_empty() { String::new() } else { format!("accepted_gaps:\n{accepted}") };
        let text = format!("estate: acme\nstore: keyroll.db\nsources:\n{sources}{accepted}");
        fs::write(self.path("keyroll.yaml"), text).unwrap();
    }

    /// A file in the estate's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the estate's folder that only its owner may read.
    pub(crate) fn write_secret(&self, name: &str, value: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(self.path(name), value).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Scans once.
    pub(crate) async fn scan(&self) -> ScanOutcome {
        self.try_scan().await.unwrap()
    }

    /// Scans once, if that can be done.
    pub(crate) async fn try_scan(&self) -> Result<ScanOutcome, AppError> {
        self.scan_only(&[]).await
    }

    /// Scans some of the sources once; all if none is named.
    pub(crate) async fn scan_only(&self, only: &[String]) -> Result<ScanOutcome, AppError> {
        self.app(only)?.scan(&ScanRequest::default(), &|_| {}).await
    }

    /// What scans some of the sources; all if none is named.
    pub(crate) fn app(&self, only: &[String]) -> Result<App, AppError> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let config = Config::load(&self.path("keyroll.yaml"))?;
        let limits = Limits {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            most_pages: 40,
            ..Limits::default()
        };
        let factory = Factory::new(Arc::clone(&clock)).with_limits(limits);
        config.build_with(&factory, &clock, only)
    }

    /// A night passes: in the estate and on the clock.
    pub(crate) fn night(&self) {
        let next = self.clock.now() + TimeDelta::days(1);
        self.simulator.night(next);
        self.clock.set(next);
    }

    /// A night passes in which hardly anything happens.
    pub(crate) fn quiet_night(&self) {
        let next = self.clock.now() + TimeDelta::days(1);
        self.simulator.quiet_night(next);
        self.clock.set(next);
    }

    /// Scans on some nights in a row: much happens on those in `busy`, and API tokens are out of sight on those in `blind`.
    /// `after` is called when a night is over.
    pub(crate) async fn live(
        &self,
        nights: usize,
        busy: &[usize],
        blind: std::ops::Range<usize>,
        mut after: impl FnMut(&Self),
    ) {
        for night in 0..nights {
            match night {
                0 => {}
                night if busy.contains(&night) => self.night(),
                _ => self.quiet_night(),
            }
            if blind.contains(&night) {
                self.simulator.set_fault("api-tokens", Fault::Status(403));
            } else {
                self.simulator.clear_faults();
            }
            self.scan().await;
            after(self);
        }
    }

    /// What keyroll keeps.
    pub(crate) fn store(&self) -> Store {
        Store::open(&self.path("keyroll.db")).unwrap()
    }

    /// All that is to be said about the latest scan.
    pub(crate) fn assess(&self) -> Assessment {
        assess(&self.store()).unwrap()
    }
}

/// The open findings.
pub(crate) fn open(assessment: &Assessment) -> impl Iterator<Item = &Finding> {
    assessment.findings.iter().filter(|finding| finding.status == Status::Open)
}

/// The ledger entries that are not complete.
pub(crate) fn gaps(assessment: &Assessment) -> Vec<&LedgerEntry> {
    assessment.snapshot.ledger.iter().filter(|entry| entry.state != EndpointState::Complete).collect()
}
