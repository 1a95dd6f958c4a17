//! What an organisation sets for single rules: other parameters, another severity, or that a rule is switched off.

use crate::document::{self, Located, Node, Section};
use crate::model::Severity;
use crate::problem::{Problem, Problems, SourceText};

/// The settings of all rules, with their places, so that mistakes point into the file they are in.
#[derive(Debug, Clone)]
pub struct Overrides {
    pub(super) file: SourceText,
    pub(super) rules: Vec<Override>,
}

/// The settings of one rule.
#[derive(Debug, Clone)]
pub(super) struct Override {
    pub(super) rule: Located<String>,
    pub(super) enabled: bool,
    pub(super) severity: Option<Severity>,
    pub(super) params: Vec<(Located<String>, Node)>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { file: SourceText::new("", ""), rules: Vec::new() }
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
        section.finish(Some(Self { file, rules }))
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
        Ok(Self { file: file.clone(), rules: vec![Override { rule, enabled: true, severity, params }] })
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

impl Override {
    fn read(rule: Located<String>, mut section: Section) -> Result<Self, Problems> {
        let enabled = section.get("enabled").unwrap_or(true);
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
