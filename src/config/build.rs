//! From a configuration to the built parts. Whatever is wrong in the rule files, the waivers and the sources is told
//! together, so that one run shows everything there is to mend.

use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Config, read};
use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::findings::Waivers;
use crate::http;
use crate::inventory::detector::Knowledge;
use crate::model::{Collection, LedgerEntry, Profile, SourceName};
use crate::problem::{Problem, Problems, SourceText};
use crate::rules::{Framework, Overrides, Rule, RuleSet, builtin, read_frameworks, rule_id};
use crate::sources::{Source, register};
use crate::store::Store;
use crate::text::did_you_mean;

/// Rules and waivers: what is needed to judge, without looking anywhere.
pub struct Judgement {
    /// The rules.
    pub rules: RuleSet,
    /// The waivers.
    pub waivers: Waivers,
}

/// The declared state, and what systems are known by.
#[derive(Debug)]
pub struct Registers {
    /// What each register declares; none if none is configured.
    pub collections: Vec<Collection>,
    /// The profiles of systems, sorted by id.
    pub profiles: Vec<Profile>,
}

impl Config {
    /// Loads rules and waivers.
    ///
    /// # Errors
    /// Everything that is wrong in them.
    pub fn judgement(&self, clock: &dyn Clock) -> Result<Judgement, Problems> {
        let mut problems = Problems::default();
        let rules = problems.take(self.rules());
        let known = rules.as_ref().map(RuleSet::summaries);
        let waivers = match &known {
            Some(known) => problems.take(self.waivers(known, clock)),
            None => Some(Waivers::default()),
        };
        match (rules, waivers) {
            (Some(rules), Some(waivers)) => problems.or(Judgement { rules, waivers }),
            _ => Err(problems),
        }
    }

    /// The rules: the shipped ones, those of the user's folders, and what the configuration sets apart.
    ///
    /// # Errors
    /// Everything that is wrong in them.
    pub fn rules(&self) -> Result<RuleSet, Problems> {
        let mut problems = Problems::default();
        let mut files = builtin::rules();
        for folder in &self.rule_folders {
            files.extend(problems.take(read_rule_folder(folder)).unwrap_or_default());
        }
        let frameworks = problems.take(frameworks()).unwrap_or_default();
        let set = problems.take(RuleSet::load(&files, &frameworks, &self.overrides));
        match set {
            Some(set) => problems.or(set),
            None => Err(problems),
        }
    }

    /// Rules and waivers from files that were kept, as they were in force on a day: with the settings of this configuration, but
    /// nothing of its folders.
    ///
    /// # Errors
    /// Everything that is wrong in them.
    pub fn judgement_then(
        &self,
        rules: &[SourceText],
        waivers: Option<&SourceText>,
        day: NaiveDate,
    ) -> Result<Judgement, Problems> {
        let rules = RuleSet::in_force(rules, &frameworks()?, &self.overrides)?;
        let waivers = match waivers {
            Some(file) => Waivers::parse(file, &rules.summaries(), day, self.waiver_limits)?,
            None => Waivers::default(),
        };
        Ok(Judgement { rules, waivers })
    }

    /// A rule to be tried: the one in a file, or a shipped or configured one, with some parameters set to other values, which
    /// are lines `name: value`.
    ///
    /// # Errors
    /// What is wrong with the file or the values.
    pub fn rule_to_try(&self, file: &SourceText, is_configured: bool, set: &SourceText) -> Result<Rule, Problems> {
        let id = rule_id(file)?;
        let base = if is_configured { self.overrides.clone() } else { Overrides::default() };
        let set = if set.text.is_empty() { base } else { base.with(&id, set)? };
        Rule::alone(file, &frameworks()?, &set)
    }

    /// What the registers declare as their files are now, and the profiles of systems that hold here. Nobody is asked.
    ///
    /// # Errors
    /// Everything that is wrong in the files.
    pub fn registers(self, clock: &dyn Clock) -> Result<Registers, Problems> {
        let mut problems = Problems::default();
        let mut registers = Registers { collections: Vec::new(), profiles: Vec::new() };
        for plan in self.sources.into_iter().filter(|plan| plan.kind.name == "register") {
            let Some(declared) = problems.take(register::declared(plan.section)) else { continue };
            registers.collections.push(register::collection(&plan.name, &declared, clock));
            registers.profiles.extend(declared.profiles);
        }
        if registers.collections.is_empty() {
            registers.profiles.extend(problems.take(register::profiles(&[])).unwrap_or_default());
        }
        registers.profiles.sort_by(|left, right| left.id.cmp(&right.id));
        registers.profiles.dedup_by(|later, earlier| later.id == earlier.id);
        problems.or(registers)
    }

    /// What is known about systems: the shipped profiles, and those of the configured registers.
    ///
    /// # Errors
    /// Everything that is wrong in the files of profiles.
    pub fn knowledge(&self) -> Result<Knowledge, Problems> {
        let mut problems = Problems::default();
        let mut profiles = Vec::new();
        let mut plans: Vec<_> = self.sources.iter().filter(|plan| plan.kind.name == "register").collect();
        // The first of an id stays: a profile that takes the place of a shipped one comes before that.
        plans.sort_by_key(|plan| !plan.section.has("profiles"));
        for plan in plans {
            profiles.extend(problems.take(register::known(&plan.section)).unwrap_or_default());
        }
        if profiles.is_empty() {
            profiles.extend(problems.take(register::profiles(&[])).unwrap_or_default());
        }
        problems.or(Knowledge::of(profiles))
    }

    pub(super) fn waivers(&self, known: &[crate::model::RuleSummary], clock: &dyn Clock) -> Result<Waivers, Problems> {
        let Some(path) = &self.waivers else { return Ok(Waivers::default()) };
        Waivers::parse(&read(path)?, known, clock.now().date_naive(), self.waiver_limits)
    }

    /// Builds everything a scan needs. With names in `only`, just those sources are asked.
    ///
    /// # Errors
    /// Everything that is wrong in the files, secrets that cannot be had included; then a store that cannot be used.
    pub fn build(self, clock: &Arc<dyn Clock>, only: &[String]) -> Result<App, AppError> {
        let factory = http::Factory::new(Arc::clone(clock));
        self.build_with(&factory, clock, only)
    }

    /// The same, over an HTTP layer with limits of its own.
    ///
    /// # Errors
    /// As [`Config::build`].
    pub fn build_with(
        mut self,
        factory: &http::Factory,
        clock: &Arc<dyn Clock>,
        only: &[String],
    ) -> Result<App, AppError> {
        let mut problems = Problems::default();
        let judgement = problems.take(self.judgement(clock.as_ref()));
        let unasked = self.unasked(clock.as_ref(), only);
        let knowledge = self.knowledge();
        let sources = problems.take(self.build_sources(factory, clock, only));
        let channels = problems.take(self.build_channels(clock));
        let (Some(judgement), Some(sources), Some(channels)) = (judgement, sources, channels) else {
            return Err(problems.into());
        };
        problems.or(())?;
        // What is wrong in a profile, its register has told already, unless that was left out.
        let knowledge = knowledge?;
        Ok(App {
            estate: self.estate,
            sources,
            rules: judgement.rules,
            knowledge,
            waivers: judgement.waivers,
            unasked,
            accepted_gaps: self.accepted_gaps,
            routing: self.unattended.routing,
            channels,
            own: self.unattended.own,
            schedules: self.unattended.schedules,
            stop: factory.stop(),
            memory: factory.memory(),
            meter: factory.meter(),
            budgets: factory.budgets(),
            store: Store::create_or_open(&self.store)?,
            retention: self.retention,
            clock: Arc::clone(clock),
        })
    }

    /// For the fuzzer alone: the sources without the rules, which take a thousand times as long to load.
    ///
    /// # Errors
    /// Everything that is wrong in their sections.
    #[cfg(fuzzing)]
    pub fn sources_alone(
        &mut self,
        factory: &http::Factory,
        clock: &Arc<dyn Clock>,
    ) -> Result<Vec<Box<dyn Source>>, Problems> {
        self.build_sources(factory, clock, &[])
    }

    /// A scan of some sources owns up to the endpoints of the others.
    fn unasked(&self, clock: &dyn Clock, only: &[String]) -> Vec<LedgerEntry> {
        let now = clock.now();
        let left_out = self.sources.iter().filter(|plan| !is_wanted(&plan.name, only));
        left_out
            .flat_map(|plan| plan.kind.endpoints.iter().map(|endpoint| (plan.name.clone(), endpoint)))
            .map(|(source, endpoint)| {
                let reason = "the source was left out of this scan".to_owned();
                let (name, shows) = (endpoint.name.into(), endpoint.shows.to_vec());
                LedgerEntry::not_asked(source, name, endpoint.path(), shows, reason, now)
            })
            .collect()
    }

    /// Names that no source has are mistakes.
    pub(super) fn refuse_unknown(&self, only: &[String]) -> Result<(), Problems> {
        let mut problems = Problems::default();
        for name in only {
            if !self.source_names().any(|known| known.as_str() == name) {
                let near = did_you_mean(name, self.source_names().map(SourceName::as_str));
                let mut problem = Problem::general(format!("there is no source `{name}` in the configuration"));
                problem.help = near.map(|near| format!("did you mean `{near}`?"));
                problems.push(problem);
            }
        }
        problems.or(())
    }

    fn build_sources(
        &mut self,
        factory: &http::Factory,
        clock: &Arc<dyn Clock>,
        only: &[String],
    ) -> Result<Vec<Box<dyn Source>>, Problems> {
        let mut problems = Problems::default();
        problems.take(self.refuse_unknown(only));
        let mut sources = Vec::new();
        for plan in std::mem::take(&mut self.sources) {
            if is_wanted(&plan.name, only) {
                let factory = factory.of_source(plan.name.as_str());
                let built = (plan.kind.build)(plan.name, plan.section, &factory, Arc::clone(clock));
                sources.extend(problems.take(built));
            }
        }
        problems.or(sources)
    }
}

/// The catalogues of controls.
///
/// # Errors
/// Everything that is wrong in them.
pub fn frameworks() -> Result<Vec<Framework>, Problems> {
    read_frameworks(&builtin::frameworks())
}

/// Without names, every source is meant.
pub(super) fn is_wanted(name: &SourceName, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|wanted| wanted == name.as_str())
}

pub(super) fn read_rule_folder(folder: &Path) -> Result<Vec<SourceText>, Problems> {
    let unreadable = |error: std::io::Error| {
        Problem::general(format!("cannot read rule folder `{}`: {error}", folder.display()))
            .help("`rules: folders:` in the configuration names it; its path starts at the configuration's folder")
    };
    let mut files = Vec::new();
    let mut problems = Problems::default();
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(problems.take(read_rule_folder(&path)).unwrap_or_default());
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.extend(problems.take(read(&path)));
        }
    }
    problems.or(files)
}
