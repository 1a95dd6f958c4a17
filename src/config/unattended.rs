//! The parts of the configuration for nights without anybody at the keyboard: schedules, who is told of what, the
//! heartbeat, and what the daemon listens on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::{Config, SourcePlan};
use crate::alerts::{Channel, ChannelSection, Heartbeat, OwnCredential, Routing, Tools};
use crate::app::Schedule;
use crate::clock::Clock;
use crate::document::secrets::{need_secret, secret};
use crate::document::{Located, Section};
use crate::model::SourceName;
use crate::problem::Problems;
use crate::secret::Secret;
use crate::text::did_you_mean;
use crate::timetable::{Span, Zone};

/// How long a scan may be late before somebody is told, unless the configuration says otherwise.
const LATE_AFTER: Duration = Duration::from_secs(6 * 3600);

/// How long one message may take, whatever the other side does.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the daemon listens unless the configuration says otherwise.
const LISTEN: &str = "127.0.0.1:9464";

/// What runs without anybody at the keyboard, as it is written down. Its secrets are fetched when it is built.
#[derive(Debug, Default)]
pub(super) struct Unattended {
    pub(super) schedules: Vec<Schedule>,
    pub(super) routing: Routing,
    pub(super) channels: Vec<ChannelSection>,
    pub(super) own: Vec<OwnCredential>,
    pub(super) heartbeat: Option<Section>,
    pub(super) daemon: Option<Section>,
}

impl Unattended {
    /// Reads its sections.
    pub(super) fn read(root: &mut Section, sources: &[SourcePlan]) -> Self {
        let schedules = read_schedules(root, sources);
        let alerts = root.section("alerts").map(Routing::read);
        let (mut routing, channels) = alerts.and_then(|read| root.take(read)).unwrap_or_default();
        routing.environments =
            sources.iter().filter_map(|plan| Some((plan.name.clone(), plan.environment.clone()?))).collect();
        let own = sources.iter().map(|plan| plan.own.clone()).collect();
        let (heartbeat, daemon) = (root.section("heartbeat"), root.section("daemon"));
        Self { schedules, routing, channels, own, heartbeat, daemon }
    }
}

/// What a source's section says about the source as a whole, whatever its type.
pub(super) fn about_source(section: &mut Section, name: &SourceName) -> (Option<String>, OwnCredential) {
    let environment = section.get::<Located<String>>("environment").and_then(|written| {
        if written.value.trim().is_empty() {
            section.wrong(written.span, "`environment` is empty", Some("write it like `production`".to_owned()));
            return None;
        }
        Some(written.value)
    });
    let ends_at = section.get::<Located<String>>("credential_ends").and_then(|written| {
        let day: Option<NaiveDate> = written.value.parse().ok();
        if day.is_none() {
            let help = "a day is written as year, month and day: `2027-01-31`".to_owned();
            section.wrong(written.span, format!("`credential_ends` is no day: `{}`", written.value), Some(help));
        }
        day
    });
    let user = section.peek("user").map(str::to_owned);
    let own = OwnCredential { source: name.clone(), user, ends_at: ends_at.map(end_of_day) };
    (environment, own)
}

fn end_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1) - TimeDelta::seconds(1)
}

fn read_schedules(root: &mut Section, sources: &[SourcePlan]) -> Vec<Schedule> {
    let mut schedules: Vec<Schedule> = Vec::new();
    let place = root.span_of("schedules");
    for mut section in root.sections("schedules") {
        let name: Option<Located<String>> = section.need("name");
        if let Some(name) = &name
            && schedules.iter().any(|schedule| schedule.name == name.value)
        {
            section.wrong(name.span.clone(), format!("two schedules are named `{}`", name.value), None);
        }
        let crontab = section.need_parsed("cron");
        let zone: Zone = section.get_parsed("zone").unwrap_or_default();
        let names = read_names(&mut section, sources);
        let jitter = span(&mut section, "jitter").unwrap_or_default();
        let deadline = span(&mut section, "deadline");
        let late_after = span(&mut section, "late_after").unwrap_or(LATE_AFTER);
        let schedule = name.zip(crontab).map(|(name, crontab)| Schedule {
            name: name.value,
            crontab,
            zone,
            sources: names,
            jitter,
            deadline,
            late_after,
        });
        schedules.extend(root.take(section.finish(schedule)));
    }
    let covered = |plan: &SourcePlan| {
        schedules.iter().any(|schedule| schedule.sources.is_empty() || schedule.sources.contains(&plan.name))
    };
    if !schedules.is_empty() {
        for plan in sources.iter().filter(|plan| !covered(plan)) {
            let help = "add it to the `sources` of a schedule; a schedule without `sources` scans all".to_owned();
            root.wrong(place.clone(), format!("source `{}` is in no schedule", plan.name), Some(help));
        }
    }
    schedules
}

fn read_names(section: &mut Section, sources: &[SourcePlan]) -> Vec<SourceName> {
    let mut names = Vec::new();
    for name in section.get::<Vec<Located<String>>>("sources").unwrap_or_default() {
        if let Some(plan) = sources.iter().find(|plan| plan.name.as_str() == name.value) {
            names.push(plan.name.clone());
            continue;
        }
        let near = did_you_mean(&name.value, sources.iter().map(|plan| plan.name.as_str()));
        let help = near.map(|near| format!("did you mean `{near}`?"));
        section.wrong(name.span, format!("there is no source `{}`", name.value), help);
    }
    names
}

fn span(section: &mut Section, key: &'static str) -> Option<Duration> {
    section.get_parsed::<Span>(key).map(Span::duration)
}

pub(super) fn tools(clock: &Arc<dyn Clock>) -> Tools {
    Tools { clock: Arc::clone(clock), patience: PATIENCE, ca_file: None }
}

/// What the daemon listens on.
#[derive(Debug)]
pub struct Listening {
    /// Where; `None` if it does not listen at all.
    pub address: Option<SocketAddr>,
    /// Opens the metrics.
    pub token: Option<Secret>,
    /// Opens the calendar.
    pub calendar_token: Option<Secret>,
}

impl Config {
    /// When scans are due.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.unattended.schedules
    }

    /// Who is told of what.
    #[must_use]
    pub fn routing(&self) -> &Routing {
        &self.unattended.routing
    }

    /// What is known of keyroll's own credentials.
    #[must_use]
    pub fn own_credentials(&self) -> &[OwnCredential] {
        &self.unattended.own
    }

    /// Builds the channels, with their secrets.
    ///
    /// # Errors
    /// Everything that is wrong in their sections, secrets that cannot be had included.
    pub fn build_channels(&mut self, clock: &Arc<dyn Clock>) -> Result<Vec<Box<dyn Channel>>, Problems> {
        let tools = tools(clock);
        let mut problems = Problems::default();
        let mut channels = Vec::new();
        for channel in std::mem::take(&mut self.unattended.channels) {
            channels.extend(problems.take((channel.kind.build)(channel.name, channel.section, &tools)));
        }
        problems.or(channels)
    }

    /// What is called after each complete scan, if anything is.
    ///
    /// # Errors
    /// What is wrong in its section.
    pub fn build_heartbeat(&mut self, clock: &Arc<dyn Clock>) -> Result<Option<Heartbeat>, Problems> {
        let Some(mut section) = self.unattended.heartbeat.take() else { return Ok(None) };
        let url = need_secret(&mut section, "url", "url_command");
        let heartbeat = url.and_then(|url| match Heartbeat::new(&url, &tools(clock)) {
            Ok(heartbeat) => Some(heartbeat),
            Err(error) => {
                section.wrong(section.span_of("url"), error.to_string(), None);
                None
            }
        });
        section.finish(heartbeat).map(Some)
    }

    /// What the daemon listens on.
    ///
    /// # Errors
    /// What is wrong in its section.
    pub fn listening(&mut self) -> Result<Listening, Problems> {
        let default = LISTEN.parse().expect("internal: our own address is one");
        let Some(mut section) = self.unattended.daemon.take() else {
            return Ok(Listening { address: Some(default), token: None, calendar_token: None });
        };
        let address = match section.get::<Located<String>>("listen") {
            None => Some(default),
            Some(word) if word.value == "nowhere" => None,
            Some(word) => match word.value.parse::<SocketAddr>() {
                Ok(address) => Some(address),
                Err(_no_address) => {
                    let help = format!("write an address with its port, like `{LISTEN}`, or `nowhere`");
                    section.wrong(word.span, format!("`listen` cannot be `{}`", word.value), Some(help));
                    None
                }
            },
        };
        let token = secret(&mut section, "token", "token_command");
        let calendar_token = secret(&mut section, "calendar_token", "calendar_token_command");
        if let Some(address) = address
            && !address.ip().is_loopback()
            && !section.has("token")
            && !section.has("token_command")
        {
            let help = "add `token: env:NAME`, or listen on 127.0.0.1".to_owned();
            section.wrong(section.span_of("listen"), "whoever reaches this address could read the metrics", Some(help));
        }
        section.finish(Some(Listening { address, token, calendar_token }))
    }

    /// Whose limit each source uses, by a name of its own. Nobody's secret is needed to tell.
    #[must_use]
    pub fn lines(&self) -> BTreeMap<SourceName, String> {
        let line = |plan: &SourcePlan| {
            let told = plan.section.peek("base_url").or_else(|| plan.section.peek("org"));
            let line = told.unwrap_or(plan.kind.name).trim_end_matches('/');
            (plan.name.clone(), line.to_owned())
        };
        self.sources.iter().map(line).collect()
    }

    /// The files that decide what the configuration says, itself first: whoever watches them sees every change of it.
    ///
    /// # Errors
    /// If a rule folder cannot be read.
    pub fn files(&self, own: &Path) -> Result<Vec<std::path::PathBuf>, Problems> {
        let mut files = vec![own.to_owned()];
        files.extend(self.inherited.clone());
        files.extend(self.waivers.clone());
        for plan in &self.sources {
            let named = plan.kind.read_when_built().iter().flat_map(|key| plan.section.peek_all(key));
            files.extend(named.map(|path| self.folder.join(path)));
        }
        for folder in &self.rule_folders {
            files.push(folder.clone());
            let rules = super::build::read_rule_folder(folder)?;
            files.extend(rules.iter().map(|rule| std::path::PathBuf::from(rule.name.as_ref())));
        }
        Ok(files)
    }
}
