//! Rules: what must hold, for which resources, how bad it is otherwise, and what to do then. A rule is a file; what its
//! language cannot say becomes a field in `fields.rs` or a function in `functions.rs`, never a rule in Rust.
//!
//! This room loads rule files, judges an inventory and its changes by them, and runs the cases inside them.
//! It knows nothing of sources, waivers or history.

pub mod builtin;
mod cases;
mod condition;
mod declared;
mod derived;
mod detected;
mod evaluate;
mod example;
mod explain;
pub mod fields;
mod file;
mod frameworks;
pub mod functions;
mod lint;
mod mutation;
mod overrides;
mod packs;
mod params;
mod question;
mod reach;
mod reach_of;
mod reasons;
mod reviewed;
mod rule;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{Change, Evaluation, Explained, OffRule, Opinion, RuleSummary};
use crate::problem::{Problem, Problems, SourceText};

pub use cases::CaseResult;
pub use explain::Asked;
pub use file::Expect;
pub use frameworks::{Control, Framework, read_all as read_frameworks};
pub use lint::{CHECKS, Lint, ScanRecord};
pub use mutation::{Mutant, MutationResult, score};
pub use overrides::Overrides;
pub use packs::{Pack, read_packs};
pub use params::{Param, Sort};
pub use question::{Asking, Question, Reply};
pub use rule::Rule;

use file::RuleFile;

/// Rules that belong together: checked, compiled, and each id once.
pub struct RuleSet {
    /// Sorted by id.
    rules: Vec<Rule>,
}

impl RuleSet {
    /// Reads and compiles rule files. A file takes the place of an earlier one of the same id if it says so.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files or settings, told at once.
    pub fn load(files: &[SourceText], frameworks: &[Framework], overrides: &Overrides) -> Result<Self, Problems> {
        Self::read(files, frameworks, overrides, place)
    }

    /// Reads and compiles the files of rules that were in force together: what one of them took the place of is not among them.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files or settings, told at once.
    pub fn in_force(files: &[SourceText], frameworks: &[Framework], overrides: &Overrides) -> Result<Self, Problems> {
        Self::read(files, frameworks, overrides, |written, rule| {
            written.insert(rule.id.value.clone(), rule);
            Ok(())
        })
    }

    fn read(
        files: &[SourceText],
        frameworks: &[Framework],
        overrides: &Overrides,
        place: fn(&mut BTreeMap<String, RuleFile>, RuleFile) -> Result<(), Problems>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut written: BTreeMap<String, RuleFile> = BTreeMap::new();
        for file in files {
            let placed = file::read(file).and_then(|rule| place(&mut written, rule));
            problems.extend(placed.err().unwrap_or_default());
        }
        // A rule whose file cannot be read is there all the same: settings for it are no mistake.
        let stems = files.iter().map(file::stem);
        let known: Vec<&str> = stems.chain(written.keys().map(String::as_str)).collect();
        problems.extend(overrides.unknown_rules(&known));
        problems.extend(overrides.pack.as_ref().map(|pack| pack.unknown_rules(&known)).unwrap_or_default());
        let mut rules = Vec::with_capacity(written.len());
        for (id, rule) in written {
            rules.extend(problems.take(Rule::compile(rule, frameworks, &overrides.layers(&id))));
        }
        problems.or(Self { rules })
    }

    /// Judges the inventory's resources and, by rules on changes, the changes.
    #[must_use]
    pub fn evaluate(&self, inventory: &Inventory<'_>, changes: &[Change], now: DateTime<Utc>) -> Evaluation {
        let enabled: Vec<&Rule> = self.rules.iter().filter(|rule| rule.enabled()).collect();
        evaluate::evaluate(&enabled, inventory, changes, now)
    }

    /// What one rule says of one resource, part by part, whether it is switched on or not. `None` if there is no such rule,
    /// or it has nothing to judge: the resource was not seen, or, for a rule on changes, did not change.
    #[must_use]
    pub fn explain(&self, rule: &str, asked: &Asked<'_>) -> Option<Explained> {
        explain::explain(self.rule(rule)?, asked)
    }

    /// What every rule that judges says of one resource, sorted by rule; those that have nothing to judge are left out.
    #[must_use]
    pub fn opinions(&self, asked: &Asked<'_>) -> Vec<Opinion> {
        self.rules.iter().filter(|rule| rule.enabled()).filter_map(|rule| explain::opinion(rule, asked)).collect()
    }

    /// What reports say about the rules that judge, sorted by id.
    #[must_use]
    pub fn summaries(&self) -> Vec<RuleSummary> {
        self.rules.iter().filter(|rule| rule.enabled()).map(Rule::summary).collect()
    }

    /// The rules that do not judge, sorted by id.
    #[must_use]
    pub fn off(&self) -> Vec<OffRule> {
        let off = self.rules.iter().filter(|rule| !rule.enabled());
        off.map(|rule| OffRule { id: rule.id.clone(), controls: rule.controls.clone() }).collect()
    }

    /// The digest of all rules and the parameters in force.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.rules.iter().map(Rule::digest).collect::<Vec<_>>())
    }

    /// All rules, switched off ones included, sorted by id.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with an id.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id().as_str() == id)
    }

    /// Runs the cases of every rule, in the order of rules and files.
    #[must_use]
    pub fn run_cases(&self) -> Vec<CaseResult> {
        cases::run(&self.rules)
    }

    /// Puts small mistakes into every rule, one at a time, and tells which of them no case notices. Sorted by rule.
    #[must_use]
    pub fn run_mutations(&self) -> Vec<MutationResult> {
        mutation::check(&self.rules)
    }

    /// What is weak about the rules and the catalogues, sorted by file and place. With the record of a scan, what only
    /// that can tell is among it.
    #[must_use]
    pub fn lint(&self, catalogues: &[Framework], scan: Option<&ScanRecord>) -> Vec<Lint> {
        lint::lint(&self.rules, catalogues, scan)
    }
}

/// The id in a rule file.
///
/// # Errors
/// Everything that is wrong with the shape of the file.
pub fn rule_id(file: &SourceText) -> Result<String, Problems> {
    Ok(file::read(file)?.id.value)
}

/// Puts a rule beside the others, or in place of one of the same id.
fn place(written: &mut BTreeMap<String, RuleFile>, rule: RuleFile) -> Result<(), Problems> {
    let id = rule.id.value.clone();
    let replaces = rule.replaces.clone();
    if let Some(replaces) = &replaces
        && (replaces.value != id || !written.contains_key(&id))
    {
        let what = format!("there is no earlier rule `{}` to replace", replaces.value);
        let help = format!("`replaces` names a rule of the same id, `{id}`");
        return Err(Problem::at(&rule.file, replaces.span.clone(), what).help(help).into());
    }
    if let (Some(earlier), None) = (written.get(&id), &replaces) {
        let what = format!("rule `{id}` is already in {}", earlier.file.name);
        let help = format!("give it another id, or add `replaces: {id}` to take its place");
        return Err(Problem::at(&rule.file, rule.id.span.clone(), what).help(help).into());
    }
    written.insert(id, rule);
    Ok(())
}

#[cfg(test)]
mod tests;
