//! A rule: checked, compiled, and ready to judge.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::cases::{self, Case};
use super::condition::{
    Answer, Beside, Compiler, Condition, Ctx, NamedPath, Place, Present, Schema, Stated, Template, Vars, Why,
};
use super::evaluate;
use super::fields::{Field, neighbours_of};
use super::file::RuleFile;
use super::frameworks::{self, Framework};
use super::overrides::{Layers, Overrides};
use super::params::{Param, Values};
use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{Change, ControlId, Evaluation, Fact, Kind, LedgerEntry, RuleId, RuleSummary, Severity};
use crate::problem::{Problem, Problems, SourceText};

const NO_FORMS: &[&str] = &[];

/// A checked and compiled rule.
pub struct Rule {
    pub(super) id: RuleId,
    pub(super) written: RuleFile,
    pub(super) enabled: bool,
    pub(super) severity: Severity,
    pub(super) controls: Vec<ControlId>,
    pub(super) values: Values,
    pub(super) code: Code,
    pub(super) cases: Vec<Case>,
}

/// What a rule's expressions became.
pub(super) struct Code {
    scope: Option<Condition>,
    require: Condition,
    severity_when: Vec<(Condition, Severity)>,
    message: Template,
    /// Every field that the rule names.
    pub(super) paths: Vec<NamedPath>,
    /// The forms of the kind that the scope names, if it names them.
    forms: Vec<String>,
    /// How many of the paths its judgement depends on; those that only severity and message name come behind.
    judging: usize,
}

/// What a rule says of one resource.
pub(super) enum Judgement {
    Pass,
    Fail,
    NotApplicable,
    Unknown(Why),
}

impl Rule {
    /// Checks and compiles a rule file.
    pub(super) fn compile(written: RuleFile, frameworks: &[Framework], set: &Layers<'_>) -> Result<Self, Problems> {
        let mut problems = super::file::missing_cases(&written);
        let mut controls = Vec::new();
        for control in &written.controls {
            controls
                .extend(problems.take(frameworks::control(frameworks, &written.file, control).map_err(Problems::from)));
        }
        let values = problems.take(Values::of(&written.params, &set.params()));
        // With broken parameters the conditions are still checked, so that their mistakes are told as well.
        let values = values.or_else(|| Values::of(&written.params, &[]).ok());
        let values = values.unwrap_or_default();
        let code = problems.take(Code::compile(&written, &values, &BTreeMap::new()));
        let severity = set.severity().unwrap_or(written.severity);
        let cases = problems.take(cases::read(&written));
        let rule = code.zip(cases).map(|(code, cases)| Self {
            id: RuleId::from(written.id.value.as_str()),
            enabled: set.enabled(),
            severity,
            controls,
            values,
            code,
            cases,
            written,
        });
        match rule {
            Some(rule) => problems.or(rule),
            None => Err(problems),
        }
    }

    /// Checks and compiles the rule of one file by itself.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or with what is set for it.
    pub fn alone(file: &SourceText, frameworks: &[Framework], set: &Overrides) -> Result<Self, Problems> {
        let written = super::file::read(file)?;
        let id = written.id.value.clone();
        Self::compile(written, frameworks, &set.layers(&id))
    }

    /// Judges resources or changes by this rule alone, whether it is switched on or not.
    #[must_use]
    pub fn evaluate(&self, inventory: &Inventory<'_>, changes: &[Change], now: DateTime<Utc>) -> Evaluation {
        evaluate::evaluate(&[self], inventory, changes, now)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RuleId {
        &self.id
    }

    /// The file it was read from.
    #[must_use]
    pub fn file(&self) -> &SourceText {
        &self.written.file
    }

    /// False if somebody switched it off.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// The kind of resource it speaks of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.written.kind
    }

    /// True if it judges changes, not states.
    #[must_use]
    pub fn on_change(&self) -> bool {
        self.written.on_change
    }

    /// Which resources are meant, as it is written.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.written.scope.as_ref().map(|scope| scope.value.as_str())
    }

    /// What must hold, as it is written.
    #[must_use]
    pub fn require(&self) -> &str {
        &self.written.require.value
    }

    /// Why it matters.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.written.why
    }

    /// How to mend it.
    #[must_use]
    pub fn fix(&self) -> &str {
        &self.written.fix
    }

    /// How to see it by hand.
    #[must_use]
    pub fn verify(&self) -> &str {
        &self.written.verify
    }

    /// Where to read on.
    #[must_use]
    pub fn references(&self) -> &[String] {
        &self.written.references
    }

    /// Its parameters as they are declared.
    #[must_use]
    pub fn params(&self) -> &[Param] {
        &self.written.params
    }

    /// The values of its parameters that are in force.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, serde_json::Value> {
        &self.values.json
    }

    /// The fields its judgement depends on as they are written, sorted: without them it may be unknown.
    #[must_use]
    pub fn needs(&self) -> Vec<(&str, &'static Field)> {
        let fields: BTreeMap<&str, &'static Field> =
            self.code.judging_paths().map(|path| (path.text.as_str(), path.field)).collect();
        fields.into_iter().collect()
    }

    /// The forms of its kind that its scope names; empty if it speaks of any.
    pub(super) fn forms(&self) -> &[String] {
        &self.code.forms
    }

    /// True if what an endpoint shows can matter to its judgement: a gap there can hide what it would have found.
    #[must_use]
    pub fn leans_on(&self, entry: &LedgerEntry) -> bool {
        self.leans(|kind, forms| entry.can_show(kind, forms))
    }

    /// The same of an endpoint that nobody has asked: of the kinds that it shows, and their forms; no forms mean any.
    #[must_use]
    pub fn leans_on_any(&self, shows: &[Kind], of_forms: &[&str]) -> bool {
        self.leans(|kind, forms| {
            let meets = || forms.iter().any(|form| of_forms.contains(form));
            shows.contains(&kind) && (of_forms.is_empty() || forms.is_empty() || meets())
        })
    }

    fn leans(&self, can_show: impl Fn(Kind, &[&str]) -> bool) -> bool {
        let own: Vec<&str> = self.forms().iter().map(String::as_str).collect();
        can_show(self.kind(), &own)
            || self.code.judging_paths().any(|path| {
                let needed = path.field.needs.iter().any(|(kind, forms)| can_show(*kind, forms));
                let Place::Neighbour(slot) = path.place else { return needed };
                let mut neighbours = neighbours_of(self.kind()).filter(|one| one.slot == slot);
                needed || neighbours.any(|one| can_show(one.kind, NO_FORMS))
            })
    }

    /// What reports say about it.
    #[must_use]
    pub fn summary(&self) -> RuleSummary {
        RuleSummary {
            id: self.id.clone(),
            version: self.written.version,
            title: self.written.title.clone(),
            severity: self.severity,
            remedy: first_sentence(&self.written.fix),
            on_change: self.written.on_change,
            controls: self.controls.clone(),
            judges_by: Some(self.judging_digest()),
        }
    }

    /// The digest of what makes it fail or not: texts for people may change without making it another rule.
    fn judging_digest(&self) -> Digest {
        Digest::of(&(self.written.version, self.severity, self.scope(), self.require(), &self.values.json))
    }

    /// The digest of everything that decides its verdicts.
    pub(super) fn digest(&self) -> Digest {
        let text = Digest::of_bytes(self.written.file.text.as_bytes());
        Digest::of(&(&self.id, text, self.enabled, self.severity, &self.values.json))
    }
}

impl Code {
    /// Compiles the expressions of a rule file. Fields that a case states become the values it states.
    pub(super) fn compile(
        written: &RuleFile,
        values: &Values,
        stated: &BTreeMap<String, Fact<Stated>>,
    ) -> Result<Self, Problems> {
        let RuleFile { kind, on_change, .. } = *written;
        let schema = Schema { kind, beside: Beside::of_rule(on_change), params: &values.constants, stated };
        let mut compiler = Compiler::new(schema, &written.file);
        let mut proven = Present::new();
        let mut whole = true;
        let mut forms = Vec::new();
        let scope = written.scope.as_ref().and_then(|scope| {
            let compiled = compiler.condition(scope, &Present::new());
            whole &= compiled.is_some();
            compiled.map(|compiled| {
                (proven, forms) = (compiled.proven, compiled.forms);
                compiled.code
            })
        });
        let require = compiler.condition(&written.require, &proven).map(|compiled| compiled.code);
        let judging = compiler.path_count();
        let mut severity_when = Vec::new();
        for (condition, severity) in &written.severity_when {
            let compiled = compiler.condition(condition, &proven);
            severity_when.extend(compiled.map(|compiled| (compiled.code, *severity)));
        }
        let message = compiler.template(&written.message, &proven);
        let unused = written.params.iter().filter(|param| !compiler.used_params().contains(&param.name.value));
        let unused: Vec<Problem> = unused.map(|param| unused_param(&written.file, param)).collect();
        let (paths, mut problems) = compiler.finish();
        // A condition that could not be read may well be the one that uses the parameter.
        if problems.0.is_empty() {
            problems.0.extend(unused);
        }
        match (require, message) {
            (Some(require), Some(message)) if whole => {
                problems.or(Self { scope, require, severity_when, message, paths, forms, judging })
            }
            _ => Err(problems),
        }
    }

    /// What the rule says: the scope selects, the requirement judges. Where the scope cannot be told, a requirement
    /// that holds is no finding either way.
    pub(super) fn judge(&self, ctx: &Ctx<'_>) -> Judgement {
        let scope = self.in_scope(ctx);
        if scope == Ok(false) {
            return Judgement::NotApplicable;
        }
        match (scope, (self.require)(ctx, &Vars::NONE)) {
            (_, Ok(true)) => Judgement::Pass,
            (Ok(_), Ok(false)) => Judgement::Fail,
            (Err(why), _) | (Ok(_), Err(why)) => Judgement::Unknown(why),
        }
    }

    fn in_scope(&self, ctx: &Ctx<'_>) -> Answer {
        self.scope.as_ref().map_or(Ok(true), |scope| scope(ctx, &Vars::NONE))
    }

    /// What the scope and the requirement answer: explanations are held against it.
    #[cfg(test)]
    pub(super) fn answers(&self, ctx: &Ctx<'_>) -> (Answer, Answer) {
        (self.in_scope(ctx), (self.require)(ctx, &Vars::NONE))
    }

    /// How bad a failure is here; what cannot be told does not count.
    pub(super) fn severity(&self, ctx: &Ctx<'_>, otherwise: Severity) -> Severity {
        let holds = |condition: &Condition| -> Answer { condition(ctx, &Vars::NONE) };
        let first = self.severity_when.iter().find(|(condition, _)| holds(condition) == Ok(true));
        first.map_or(otherwise, |(_, severity)| *severity)
    }

    pub(super) fn message(&self, ctx: &Ctx<'_>) -> String {
        self.message.print(ctx)
    }

    fn judging_paths(&self) -> impl Iterator<Item = &NamedPath> {
        self.paths.iter().take(self.judging)
    }
}

fn unused_param(file: &SourceText, param: &Param) -> Problem {
    let name = &param.name.value;
    Problem::at(file, param.name.span.clone(), format!("parameter `{name}` is not used"))
        .help(format!("name it as `params.{name}`, or leave it out"))
}

fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_remedy_is_one_sentence_and_keeps_its_host_names() {
        let fix = "Revoke it in admin.atlassian.com >\nSecurity. Then tell the owner.";
        assert_eq!(first_sentence(fix), "Revoke it in admin.atlassian.com > Security.");
        assert_eq!(first_sentence("Revoke it.\n"), "Revoke it.");
    }
}
