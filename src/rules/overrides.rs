//! What an organisation sets for single rules: other parameters, another severity, or that a rule is switched off.

use super::packs::Pack;
use super::params::Set;
use crate::document::{self, Located, Node, Section};
use crate::model::Severity;
use crate::problem::{Problem, Problems, SourceText};

/// The settings of all rules, with their places, so that mistakes point into the file they are in.
#[derive(Debug, Clone)]
pub struct Overrides {
    pub(super) file: SourceText,
    pub(super) rules: Vec<Override>,
    /// The pack that was chosen; what is set here counts for more.
    pub(super) pack: Option<Box<Pack>>,
}

/// The settings of one rule.
#[derive(Debug, Clone)]
pub(super) struct Override {
    pub(super) rule: Located<String>,
    /// Whether it judges; `None` leaves that to the pack.
    pub(super) enabled: Option<bool>,
    pub(super) severity: Option<Severity>,
    pub(super) params: Vec<(Located<String>, Node)>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self::nothing_in(&SourceText::new("", ""))
    }
}

impl Overrides {
    /// Reads a section whose keys are ids of rules: `token-idle: { severity: low, params: { max_days: 30 } }`.
    ///
    /// # Errors
    /// Everything that is wrong with its shape. Whether the rules and parameters exist, [`super::RuleSet::load`] tells.
    pub fn read(mut section: Section) -> Result<Self, Problems> {
        let file = section.file().clone();
        let mut rules = Vec::new();
        for (rule, node) in section.rest() {
            let span = node.span.clone();
            match Section::of(&file, node) {
                Some(settings) => rules.extend(section.take(Override::read(rule, settings))),
                None => section.wrong(span, format!("the settings of `{}` are no section", rule.value), None),
            }
        }
        section.finish(Some(Self { file, rules, pack: None }))
    }

    /// The same, over the choice of a pack.
    #[must_use]
    pub fn over(self, pack: Option<Pack>) -> Self {
        Self { pack: pack.map(Box::new), ..self }
    }

    /// Nothing is set in a file.
    pub(super) fn nothing_in(file: &SourceText) -> Self {
        Self { file: file.clone(), rules: Vec::new(), pack: None }
    }

    /// Everything that is set for a rule, what counts for less first.
    pub(super) fn layers(&self, rule: &str) -> Layers<'_> {
        let pack = self.pack.as_deref();
        let of_pack = pack.and_then(|pack| pack.of(rule).map(|set| (set, &pack.overrides.file)));
        let own = self.of(rule).map(|set| (set, &self.file));
        let left_out = pack.is_some_and(|pack| pack.leaves_out(rule));
        Layers { enabled: !left_out, set: of_pack.into_iter().chain(own).collect() }
    }

    /// The settings for one rule with some parameters set to other values, as lines `name: value` of `file`. Its severity and
    /// its other parameters stay as they are set.
    ///
    /// # Errors
    /// What is wrong with those lines. Whether the rule has such parameters, [`super::Rule::alone`] tells.
    pub fn with(&self, rule: &str, file: &SourceText) -> Result<Self, Problems> {
        let mut section = document::parse(file)?;
        let new = section.rest();
        let new = section.finish(Some(new))?;
        let earlier = self.of(rule);
        let stays = |name: &Located<String>| new.iter().all(|(other, _)| other.value != name.value);
        let kept = earlier.into_iter().flat_map(|set| &set.params).filter(|(name, _)| stays(name));
        let params = kept.chain(&new).cloned().collect();
        let severity = earlier.and_then(|set| set.severity);
        let rule = Located { value: rule.to_owned(), span: 0..0 };
        let rules = vec![Override { rule, enabled: Some(true), severity, params }];
        Ok(Self { file: file.clone(), rules, pack: self.pack.clone() })
    }

    pub(super) fn of(&self, rule: &str) -> Option<&Override> {
        self.rules.iter().find(|one| one.rule.value == rule)
    }

    /// Complains of settings for rules that do not exist.
    pub(super) fn unknown_rules(&self, known: &[&str]) -> Problems {
        let unknown = self.rules.iter().filter(|one| !known.contains(&one.rule.value.as_str()));
        Problems(
            unknown
                .map(|one| {
                    let what = format!("there is no rule `{}`", one.rule.value);
                    let problem = Problem::at(&self.file, one.rule.span.clone(), what);
                    match crate::text::did_you_mean(&one.rule.value, known.iter().copied()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("`keyroll rules list` shows those there are"),
                    }
                })
                .collect(),
        )
    }
}

/// What is set for one rule, with the files that set it.
#[derive(Default)]
pub(super) struct Layers<'o> {
    enabled: bool,
    set: Vec<(&'o Override, &'o SourceText)>,
}

impl<'o> Layers<'o> {
    /// Whether the rule judges.
    pub(super) fn enabled(&self) -> bool {
        self.set.iter().rev().find_map(|(set, _)| set.enabled).unwrap_or(self.enabled)
    }

    /// Its severity, if it is set.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.set.iter().rev().find_map(|(set, _)| set.severity)
    }

    /// The parameters, each list with its file; later ones count for more.
    pub(super) fn params(&self) -> Vec<Set<'o>> {
        self.set.iter().map(|(set, file)| (set.params.as_slice(), *file)).collect()
    }
}

impl Override {
    fn read(rule: Located<String>, mut section: Section) -> Result<Self, Problems> {
        let enabled = section.get("enabled");
        let severity = section.get_parsed("severity");
        let params = match section.section("params") {
            Some(mut params) => {
                let values = params.rest();
                section.take(params.finish(Some(values))).unwrap_or_default()
            }
            None => Vec::new(),
        };
        section.finish(Some(Self { rule, enabled, severity, params }))
    }
}
