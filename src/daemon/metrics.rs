//! The numbers that a monitoring system reads, in the OpenMetrics text format. Whoever runs the scans sets them; nothing
//! is worked out here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::model::{RunEnd, Severity};

/// The media type of what [`Metrics::render`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper limits, in seconds, of the groups in which durations of scans are counted: half a minute to eight hours.
const DURATIONS: [f64; 11] = [30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0];

const ENDS: [RunEnd; 5] = [RunEnd::Complete, RunEnd::Incomplete, RunEnd::Failed, RunEnd::Interrupted, RunEnd::Vanished];

type Labels = Vec<(&'static str, String)>;
type Counts = Family<Labels, Counter>;
type Numbers = Family<Labels, Gauge>;
type Durations = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;
type Spread = Family<Labels, Histogram, fn() -> Histogram>;

/// All numbers of a process. Names of sources, schedules and channels are those of the configuration.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Those of tenants, where one process looks after several.
    tenants: Mutex<BTreeMap<String, Arc<Self>>>,
    /// Held while many numbers are put in place of others, so that nobody is shown half of them.
    whole: Mutex<()>,
    durations: Spread,
    last_duration: Durations,
    last_end: Numbers,
    schedule_success: Numbers,
    source_success: Numbers,
    requests: Counts,
    throttled: Counts,
    gaps: Numbers,
    findings: Numbers,
    outbox: Numbers,
    next_run: Numbers,
    credential_expiry: Numbers,
    heartbeat: Numbers,
    missed_runs: Counts,
    circuit_open: Numbers,
    jobs: Numbers,
    jobs_done: Counts,
    leading: Numbers,
}

impl Metrics {
    /// No numbers but the version of the program.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let mut registry = Registry::default();
        registry.register("keyroll_build", "The running program", Info::new(vec![("version", version.to_owned())]));
        Self::over(registry)
    }

    /// The numbers of one tenant, which are shown with these and carry its name.
    #[must_use]
    pub fn of_tenant(&self, name: &str) -> Arc<Self> {
        let labels = [("tenant".into(), name.to_owned().into())];
        let own = || Arc::new(Self::over(Registry::with_labels(labels.into_iter())));
        Arc::clone(self.tenants().entry(name.to_owned()).or_insert_with(own))
    }

    /// Forgets the numbers of tenants that are not among these.
    pub fn keep_tenants(&self, names: &[String]) {
        self.tenants().retain(|name, _| names.contains(name));
    }

    fn tenants(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Self>>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(registry: Registry) -> Self {
        let spread: fn() -> Histogram = || Histogram::new(DURATIONS);
        let mut metrics = Self {
            registry,
            tenants: Mutex::default(),
            whole: Mutex::default(),
            durations: Family::new_with_constructor(spread),
            last_duration: Family::default(),
            last_end: Family::default(),
            schedule_success: Family::default(),
            source_success: Family::default(),
            requests: Family::default(),
            throttled: Family::default(),
            gaps: Family::default(),
            findings: Family::default(),
            outbox: Family::default(),
            next_run: Family::default(),
            credential_expiry: Family::default(),
            heartbeat: Family::default(),
            missed_runs: Family::default(),
            circuit_open: Family::default(),
            jobs: Family::default(),
            jobs_done: Family::default(),
            leading: Family::default(),
        };
        metrics.register_scans();
        metrics.register_results();
        metrics.register_service();
        metrics
    }

    /// Sets how many jobs of the queue wait, are being done, and were given up.
    pub fn set_jobs(&self, counts: [(&str, usize); 3]) {
        let _whole = self.whole();
        for (state, count) in counts {
            self.jobs.get_or_create(&one("state", state)).set(self::whole(count));
        }
    }

    /// A job was done, failed, or was put off.
    pub fn add_job(&self, outcome: &str) {
        self.jobs_done.get_or_create(&one("outcome", outcome)).inc();
    }

    /// Sets whether this process is the one that says what is due.
    pub fn set_leading(&self, leads: bool) {
        self.leading.get_or_create(&Vec::new()).set(leads.into());
    }

    fn register_scans(&mut self) {
        let registry = &mut self.registry;
        add(registry, "keyroll_scan_duration_seconds", "How long scans took", &self.durations);
        add(registry, "keyroll_scan_last_duration_seconds", "How long the last scan took", &self.last_duration);
        add(
            registry,
            "keyroll_scan_last_end",
            "How the last scan ended: 1 for that end, 0 for the others",
            &self.last_end,
        );
        add(
            registry,
            "keyroll_scan_last_success_timestamp_seconds",
            "When a scan of the schedule stored its snapshot last",
            &self.schedule_success,
        );
        add(
            registry,
            "keyroll_last_success_timestamp_seconds",
            "When a source was read last without an undeclared gap",
            &self.source_success,
        );
        add(registry, "keyroll_scan_requests", "Requests sent to a source", &self.requests);
        add(registry, "keyroll_scan_throttled", "Answers of a source that told to slow down (429)", &self.throttled);
        add(registry, "keyroll_next_run_timestamp_seconds", "When the next scan is due", &self.next_run);
        add(registry, "keyroll_missed_runs", "Scans that did not run when they were due", &self.missed_runs);
    }

    fn register_results(&mut self) {
        let registry = &mut self.registry;
        add(registry, "keyroll_gaps", "Endpoints that the last scan could not read whole", &self.gaps);
        add(registry, "keyroll_findings", "Findings after the last scan", &self.findings);
        add(
            registry,
            "keyroll_own_credential_expiry_timestamp_seconds",
            "When the credential with which a source is read ends",
            &self.credential_expiry,
        );
    }

    fn register_service(&mut self) {
        let registry = &mut self.registry;
        add(registry, "keyroll_outbox_depth", "Notices in the outbox", &self.outbox);
        add(registry, "keyroll_circuit_open", "1 while a channel is left alone after failures", &self.circuit_open);
        add(
            registry,
            "keyroll_heartbeat_last_timestamp_seconds",
            "When the loop that runs everything beat last",
            &self.heartbeat,
        );
        add(registry, "keyroll_jobs", "Jobs in the queue that machines share", &self.jobs);
        add(registry, "keyroll_jobs_done", "Jobs that this process took, by how they ended", &self.jobs_done);
        add(registry, "keyroll_leading", "1 in the process that says what is due", &self.leading);
    }

    /// Everything as OpenMetrics text, to be sent as [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let of_tenants: Vec<Arc<Self>> = self.tenants().values().cloned().collect();
        if of_tenants.is_empty() {
            return self.render_own();
        }
        let texts: Vec<String> =
            std::iter::once(self.render_own()).chain(of_tenants.iter().map(|metrics| metrics.render_own())).collect();
        together(&texts)
    }

    fn render_own(&self) -> String {
        let _whole = self.whole();
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("internal: writing into memory does not fail");
        text
    }

    /// A configuration was loaded: numbers about the parts of an earlier one are forgotten, and what is counted of the
    /// new parts is shown from zero on, so that the first of its kind is an increase. Counts are kept.
    pub fn begin(&self, schedules: &[&str], sources: &[&str], channels: &[&str]) {
        let _whole = self.whole();
        for numbers in [
            &self.last_end,
            &self.schedule_success,
            &self.source_success,
            &self.gaps,
            &self.findings,
            &self.outbox,
            &self.next_run,
            &self.credential_expiry,
            &self.circuit_open,
        ] {
            numbers.clear();
        }
        self.last_duration.clear();
        for schedule in schedules {
            drop(self.missed_runs.get_or_create(&one("schedule", schedule)));
        }
        for source in sources {
            drop(self.requests.get_or_create(&one("source", source)));
            drop(self.throttled.get_or_create(&one("source", source)));
        }
        for channel in channels {
            drop(self.circuit_open.get_or_create(&one("channel", channel)));
        }
    }

    /// A scan took so long, however it ended.
    pub fn scan_took(&self, schedule: &str, span: Duration) {
        self.durations.get_or_create(&one("schedule", schedule)).observe(span.as_secs_f64());
        self.last_duration.get_or_create(&one("schedule", schedule)).set(span.as_secs_f64());
    }

    /// The last scan ended this way.
    pub fn set_last_end(&self, schedule: &str, end: RunEnd) {
        let _whole = self.whole();
        for each in ENDS {
            let labels = vec![("schedule", schedule.to_owned()), ("end", each.name().to_owned())];
            self.last_end.get_or_create(&labels).set(i64::from(each == end));
        }
    }

    /// A scan of the schedule stored its snapshot.
    pub fn set_schedule_success(&self, schedule: &str, at: DateTime<Utc>) {
        self.schedule_success.get_or_create(&one("schedule", schedule)).set(at.timestamp());
    }

    /// A source was read without an undeclared gap.
    pub fn set_source_success(&self, source: &str, at: DateTime<Utc>) {
        self.source_success.get_or_create(&one("source", source)).set(at.timestamp());
    }

    /// So many more requests were sent to a source.
    pub fn add_requests(&self, source: &str, requests: u64) {
        self.requests.get_or_create(&one("source", source)).inc_by(requests);
    }

    /// So many more answers of a source told to slow down.
    pub fn add_throttled(&self, source: &str, answers: u64) {
        self.throttled.get_or_create(&one("source", source)).inc_by(answers);
    }

    /// The gaps of a source in the last scan.
    pub fn set_gaps(&self, source: &str, declared: usize, undeclared: usize) {
        let _whole = self.whole();
        for (word, gaps) in [("true", declared), ("false", undeclared)] {
            let labels = vec![("source", source.to_owned()), ("declared", word.to_owned())];
            self.gaps.get_or_create(&labels).set(whole(gaps));
        }
    }

    /// The findings there are by severity and status (`open`, `waived`, `resolved`), in place of those before. Several
    /// counts of the same sort are added up.
    pub fn set_findings<'a>(&self, counts: impl IntoIterator<Item = (Severity, &'a str, usize)>) {
        let _whole = self.whole();
        self.findings.clear();
        for (severity, status, count) in counts {
            let labels = vec![("severity", severity.name().to_owned()), ("status", status.to_owned())];
            self.findings.get_or_create(&labels).inc_by(whole(count));
        }
    }

    /// The notices there are by channel and state (`pending`, `dead`, …), in place of those before. Several counts of the
    /// same sort are added up.
    pub fn set_outbox<'a>(&self, counts: impl IntoIterator<Item = (&'a str, &'a str, usize)>) {
        let _whole = self.whole();
        self.outbox.clear();
        for (channel, state, count) in counts {
            let labels = vec![("channel", channel.to_owned()), ("state", state.to_owned())];
            self.outbox.get_or_create(&labels).inc_by(whole(count));
        }
    }

    /// When the next scan is due; `None` if none is.
    pub fn set_next_run(&self, schedule: &str, due: Option<DateTime<Utc>>) {
        set_or_remove(&self.next_run, &one("schedule", schedule), due);
    }

    /// When the credential of a source ends; `None` if that is not known, or never.
    pub fn set_own_credential_expiry(&self, source: &str, end: Option<DateTime<Utc>>) {
        set_or_remove(&self.credential_expiry, &one("source", source), end);
    }

    /// The loop that runs everything has beaten.
    pub fn set_heartbeat(&self, at: DateTime<Utc>) {
        self.heartbeat.get_or_create(&Labels::new()).set(at.timestamp());
    }

    /// So many more scans did not run when they were due.
    pub fn add_missed_runs(&self, schedule: &str, runs: u64) {
        self.missed_runs.get_or_create(&one("schedule", schedule)).inc_by(runs);
    }

    /// Whether a channel is left alone after failures.
    pub fn set_circuit_open(&self, channel: &str, open: bool) {
        self.circuit_open.get_or_create(&one("channel", channel)).set(i64::from(open));
    }

    fn whole(&self) -> std::sync::MutexGuard<'_, ()> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Clones share their numbers: the registry shows what is set on the other.
fn add(registry: &mut Registry, name: &str, help: &str, metric: &(impl Metric + Clone)) {
    registry.register(name, help, metric.clone());
}

fn one(label: &'static str, value: &str) -> Labels {
    vec![(label, value.to_owned())]
}

fn set_or_remove(numbers: &Numbers, labels: &Labels, at: Option<DateTime<Utc>>) {
    match at {
        Some(at) => {
            numbers.get_or_create(labels).set(at.timestamp());
        }
        None => {
            numbers.remove(labels);
        }
    }
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Several texts as one: what each has of a family of numbers stands together, as the format wants it.
fn together(texts: &[String]) -> String {
    let mut families: Vec<(String, Vec<&str>, Vec<&str>)> = Vec::new();
    for line in texts.iter().flat_map(|text| text.lines()).filter(|line| *line != "# EOF") {
        let Some(about) = line.strip_prefix("# ") else { continue };
        let name = about.split(' ').nth(1).unwrap_or_default();
        match families.iter_mut().find(|(known, ..)| known == name) {
            Some((_, head, _)) if head.contains(&line) => {}
            Some((_, head, _)) => head.push(line),
            None => families.push((name.to_owned(), vec![line], Vec::new())),
        }
    }
    for text in texts {
        let mut at = None;
        for line in text.lines() {
            if let Some(about) = line.strip_prefix("# ") {
                let name = about.split(' ').nth(1).unwrap_or_default();
                at = families.iter().position(|(known, ..)| known == name);
            } else if let Some((_, _, samples)) = at.and_then(|at| families.get_mut(at)) {
                samples.push(line);
            }
        }
    }
    let lines = families.iter().flat_map(|(_, head, samples)| head.iter().chain(samples));
    lines.copied().chain(["# EOF"]).flat_map(|line| [line, "\n"]).collect()
}
