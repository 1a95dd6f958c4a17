//! From a configuration to the parts that `keyroll doctor` examines: each is built for itself, and what is wrong in its section or
//! its files becomes a line about it instead of the end.

use std::path::Path;
use std::sync::Arc;

use super::{Config, is_wanted};
use crate::app::doctor::{Examination, Probed};
use crate::clock::Clock;
use crate::http::Factory;
use crate::model::{Area, Check};
use crate::problem::{Problem, Problems};
use crate::text::plural;

impl Config {
    /// The parts, and what is to be said of the files they are made from. With names in `only`, just those sources are
    /// examined.
    ///
    /// # Errors
    /// When a name in `only` is none of a source.
    pub fn examination(
        mut self,
        own_file: &Path,
        factory: &Factory,
        clock: &Arc<dyn Clock>,
        only: &[String],
    ) -> Result<(Vec<Check>, Examination), Problems> {
        self.refuse_unknown(only)?;
        let mut checks = vec![self.said_of_itself(own_file)];
        checks.extend(writable_by_others(own_file));
        let rules = match self.rules() {
            Ok(rules) => {
                checks.push(Check::well(
                    Area::Files,
                    "rules",
                    format!("{} without a mistake", plural(rules.summaries().len(), "rule", "rules")),
                ));
                let waivers = self.waivers(&rules.summaries(), clock.as_ref());
                match (waivers, self.waiver_file()) {
                    (Ok(_), Some(path)) => {
                        checks.push(Check::well(
                            Area::Files,
                            &path.display().to_string(),
                            "the waivers have no mistakes",
                        ));
                    }
                    (Ok(_), None) => {}
                    (Err(problems), _) => checks.extend(mistakes("waivers", &problems)),
                }
                Some(rules)
            }
            Err(problems) => {
                checks.extend(mistakes("rules", &problems));
                None
            }
        };
        let mut sources = Vec::new();
        for plan in std::mem::take(&mut self.sources) {
            if !is_wanted(&plan.name, only) {
                continue;
            }
            let about = format!("source `{}`", plan.name);
            let factory = factory.of_source(plan.name.as_str());
            match (plan.kind.build)(plan.name, plan.section, &factory, Arc::clone(clock)) {
                Ok(source) => sources.push(Probed { kind: plan.kind, own: plan.own, source }),
                Err(problems) => checks.extend(mistakes(&about, &problems)),
            }
        }
        let mut channels = Vec::new();
        for plan in std::mem::take(&mut self.unattended.channels) {
            let about = format!("channel `{}`", plan.name);
            match (plan.kind.build)(plan.name, plan.section, &super::unattended::tools(clock)) {
                Ok(channel) => channels.push(channel),
                Err(problems) => checks.extend(mistakes(&about, &problems)),
            }
        }
        if let Err(problems) = self.build_heartbeat(clock) {
            checks.extend(mistakes("heartbeat", &problems));
        }
        if let Err(problems) = self.listening() {
            checks.extend(mistakes("daemon", &problems));
        }
        if let Err(problems) = self.examine_serving() {
            checks.extend(mistakes("serve", &problems));
        }
        let examination = Examination {
            estate: self.estate,
            sources,
            rules,
            accepted_gaps: self.accepted_gaps,
            channels,
            schedules: self.unattended.schedules,
            store: self.store,
            contacts: factory.contacts(),
            clock: Arc::clone(clock),
        };
        Ok((checks, examination))
    }

    fn said_of_itself(&self, own_file: &Path) -> Check {
        let parts = [
            plural(self.sources.len(), "source", "sources"),
            plural(self.unattended.channels.len(), "channel", "channels"),
            plural(self.unattended.schedules.len(), "schedule", "schedules"),
        ];
        let inherits = self.inherited.as_ref().map_or_else(String::new, |from| format!(", over {}", from.display()));
        Check::well(Area::Files, &own_file.display().to_string(), format!("{}{inherits}", parts.join(", ")))
    }
}

/// Whoever may write to the configuration decides which commands keyroll runs, and where it sends credentials.
fn writable_by_others(own_file: &Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(own_file).ok()?.permissions().mode() & 0o777;
    (mode & 0o022 != 0).then(|| {
        let name = own_file.display().to_string();
        let found =
            format!("others than its owner may change it (mode {mode:03o}), and with it where credentials are sent");
        Check::weak(Area::Files, &name, found, format!("run `chmod go-w {name}`"))
    })
}

/// A line for each mistake: the place, what is wrong, and what would be right.
#[must_use]
pub fn mistakes(about: &str, problems: &Problems) -> Vec<Check> {
    let mut checks: Vec<Check> = problems.0.iter().map(|problem| mistake(about, problem)).collect();
    // Where a part is made of two, both may tell the same.
    checks.dedup();
    checks
}

fn mistake(about: &str, problem: &Problem) -> Check {
    let file = problem.file.as_ref().map(|file| file.name.to_string());
    let place = file.zip(problem.line_and_column()).map(|(name, (line, column))| format!("{name}:{line}:{column}: "));
    let found = format!("{}{}", place.unwrap_or_default(), problem.what);
    let remedy = problem.help.clone().unwrap_or_else(|| "mend it there".to_owned());
    Check::broken(Area::Files, about, found, remedy)
}
