//! The mutation check: one small mistake at a time is put into the conditions of a rule, and some case has to notice.
//! A mistake that no case notices is one that an author could make tomorrow without being told.
//!
//! Mutants are compiled by what compiles rules. One that does not compile is not counted; one that the author says
//! changes nothing, with the reason, neither.

use std::collections::BTreeMap;
use std::ops::Range;

use super::cases::Case;
use super::condition::{Constant, Ctx, Variant, variants};
use super::params::Param;
use super::rule::{Code, Rule};
use crate::document::{Located, place_inside};
use crate::inventory::Inventory;
use crate::model::{RuleId, Snapshot};
use crate::problem::{Problem, SourceText};
use crate::text::columns;

/// What the mutation check found about one rule.
#[derive(Debug, Clone)]
pub struct MutationResult {
    /// The rule.
    pub rule: RuleId,
    /// How many mutants some case noticed.
    pub killed: usize,
    /// Those of which the author says that they change nothing, each with the reason.
    pub equivalent: Vec<(String, String)>,
    /// Those that no case noticed, in the order of the file.
    pub survivors: Vec<Mutant>,
}

/// A mistake that was put into a rule.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Its place in the rule's file.
    pub problem: Problem,
    /// The mistake in words: “`size(x) > 0` becomes `size(x) >= 0`”.
    pub words: String,
    /// The proper condition in one line, cut where it is long.
    pub excerpt: String,
    /// The columns of the excerpt that differ.
    pub marked: Range<usize>,
    /// What stands there instead; nothing where a part is left out.
    pub put: String,
}

impl MutationResult {
    /// The share of mutants that were noticed, of a hundred; a rule without any leaves nothing unnoticed.
    #[must_use]
    pub fn score(&self) -> usize {
        score(self.killed, self.survivors.len())
    }
}

/// The share of mutants that were noticed, of a hundred, rounded down.
#[must_use]
pub fn score(killed: usize, survived: usize) -> usize {
    (killed * 100).checked_div(killed + survived).unwrap_or(100)
}

/// Puts every mistake into every rule, one at a time. Rules are shared out among the processors.
pub(super) fn check(rules: &[Rule]) -> Vec<MutationResult> {
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut results: Vec<MutationResult> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..hands)
            .map(|hand| scope.spawn(move || rules.iter().skip(hand).step_by(hands).map(of_rule).collect::<Vec<_>>()))
            .collect();
        let finished = workers.into_iter().map(|worker| worker.join());
        finished.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    results.sort_by(|left, right| left.rule.cmp(&right.rule));
    results
}

/// The author's words on mistakes that change nothing which name none that is tried.
pub(super) fn idle_equivalents(rule: &Rule) -> impl Iterator<Item = &Located<String>> {
    let tried: Vec<String> = mistakes(rule).map(|mistake| mistake.words).collect();
    let declared = rule.written.equivalent.iter().map(|equivalent| &equivalent.change);
    declared.filter(move |change| !tried.contains(&change.value))
}

fn of_rule(rule: &Rule) -> MutationResult {
    let estates: Vec<Snapshot> = rule.cases.iter().map(Case::estate).collect();
    let inventories: Vec<Inventory<'_>> = estates.iter().map(Inventory::new).collect();
    let stages = rule.cases.iter().zip(&inventories).map(|(case, inventory)| (case, case.ctx(inventory)));
    let stages: Vec<(&Case, Ctx<'_>)> = stages.collect();
    let mut result = MutationResult { rule: rule.id.clone(), killed: 0, equivalent: Vec::new(), survivors: Vec::new() };
    for mistake in mistakes(rule) {
        let declared = rule.written.equivalent.iter().find(|equivalent| equivalent.change.value == mistake.words);
        match (is_noticed(rule, &mistake, &stages), declared) {
            (Some(true), _) => result.killed += 1,
            (Some(false), Some(declared)) => result.equivalent.push((mistake.words, declared.reason.value.clone())),
            (Some(false), None) => result.survivors.push(shown(rule, mistake)),
            (None, _) => {}
        }
    }
    result
}

/// A mistake, and where it goes.
struct Mistake<'r> {
    site: Site<'r>,
    words: String,
    span: Range<usize>,
    put: String,
}

enum Site<'r> {
    /// Into a condition, which then reads like this.
    Condition(Place, &'r Located<String>, String),
    /// Into the default of a parameter.
    Default(&'r Param, i64),
}

#[derive(Clone, Copy)]
enum Place {
    Scope,
    Require,
    SeverityWhen(usize),
}

fn mistakes(rule: &Rule) -> impl Iterator<Item = Mistake<'_>> {
    let written = &rule.written;
    let scope = written.scope.iter().map(|scope| (Place::Scope, scope));
    let whens = written.severity_when.iter().enumerate();
    let conditions = scope
        .chain(std::iter::once((Place::Require, &written.require)))
        .chain(whens.map(|(at, (condition, _))| (Place::SeverityWhen(at), condition)));
    let in_conditions = conditions.flat_map(|(place, text)| {
        let put_in = move |variant: Variant| {
            let Variant { text: mistaken, span, put, words } = variant;
            Mistake { site: Site::Condition(place, text, mistaken), words, span, put }
        };
        variants(&text.value).into_iter().map(put_in)
    });
    in_conditions.chain(written.params.iter().filter(|param| judges(rule, param)).flat_map(other_defaults))
}

/// False of a parameter that only the message tells.
fn judges(rule: &Rule, param: &Param) -> bool {
    let (written, named) = (&rule.written, format!("params.{}", param.name.value));
    let whens = written.severity_when.iter().map(|(condition, _)| condition);
    written.scope.iter().chain([&written.require]).chain(whens).any(|condition| condition.value.contains(&named))
}

/// The default of a number one less, one more, and doubled, where the parameter's bounds allow it.
fn other_defaults(param: &Param) -> impl Iterator<Item = Mistake<'_>> {
    let default = if let crate::document::Value::Int(default) = param.default.value { Some(default) } else { None };
    let others = default.into_iter().flat_map(|default| {
        let mut others = vec![default.saturating_sub(1), default.saturating_add(1), default.saturating_mul(2)];
        others.dedup();
        others.into_iter().filter(move |other| *other != default).map(move |other| (default, other))
    });
    let allowed = others
        .filter(|(_, other)| param.min.is_none_or(|min| *other >= min) && param.max.is_none_or(|max| *other <= max));
    allowed.map(|(default, other)| Mistake {
        site: Site::Default(param, other),
        words: format!("`{}: {default}` becomes `{other}`", param.name.value),
        span: param.default.span.clone(),
        put: other.to_string(),
    })
}

/// True if some case says that the rule is another one now; `None` if what comes out is no rule.
fn is_noticed(rule: &Rule, mistake: &Mistake<'_>, stages: &[(&Case, Ctx<'_>)]) -> Option<bool> {
    let mutant = mutated(rule, mistake);
    let mut compiled: BTreeMap<String, Code> = BTreeMap::new();
    for (case, ctx) in stages {
        let mut values = case.values.clone();
        if let Site::Default(param, other) = &mistake.site
            && !case.sets.contains(&param.name.value)
        {
            values.constants.insert(param.name.value.clone(), Constant::Int(*other));
        }
        // What a case states is compiled into its code; all others with the same parameters share theirs.
        let key = format!("{:?} {:?}", values.constants, case.stated);
        let code = match compiled.entry(key) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(Code::compile(&mutant, &values, &case.stated).ok()?)
            }
        };
        if !case.agrees(code, rule.written.severity, ctx) {
            return Some(true);
        }
    }
    Some(false)
}

/// The rule file with the mistake. What does not judge is left out: a message that leans on what the scope asked, a
/// parameter that only the part at hand used.
fn mutated(rule: &Rule, mistake: &Mistake<'_>) -> super::file::RuleFile {
    let mut mutant = super::file::RuleFile { cases: Vec::new(), params: Vec::new(), ..rule.written.clone() };
    mutant.message.value.clear();
    if let Site::Condition(place, _, text) = &mistake.site {
        let condition = match place {
            Place::Scope => mutant.scope.as_mut(),
            Place::Require => Some(&mut mutant.require),
            Place::SeverityWhen(at) => mutant.severity_when.get_mut(*at).map(|(condition, _)| condition),
        };
        if let Some(condition) = condition {
            condition.value.clone_from(text);
        }
    }
    mutant
}

fn shown(rule: &Rule, mistake: Mistake<'_>) -> Mutant {
    let file = &rule.written.file;
    let (text, inside, span) = match &mistake.site {
        Site::Condition(_, text, _) => {
            (text.value.clone(), mistake.span.clone(), place_inside(file, text, mistake.span.clone()))
        }
        Site::Default(param, _) => {
            let (name, default) = (&param.name.value, file_text(file, &param.default.span));
            let text = format!("{name}: {default}");
            (text.clone(), name.len() + 2..text.len(), param.default.span.clone())
        }
    };
    let (excerpt, marked) = excerpt(&text, &inside);
    let problem = Problem::at(file, span, format!("no case notices that {}", mistake.words));
    Mutant { problem, words: mistake.words, excerpt, marked, put: mistake.put }
}

fn file_text<'f>(file: &'f SourceText, span: &Range<usize>) -> &'f str {
    file.text.get(span.clone()).unwrap_or("")
}

/// How much of a condition is shown on either side of what differs.
const AROUND: usize = 44;

/// One line of a condition around what differs, and the columns of that.
fn excerpt(text: &str, inside: &Range<usize>) -> (String, Range<usize>) {
    let one_line = |part: &str| part.replace('\n', " ");
    let before = one_line(text.get(..inside.start).unwrap_or(""));
    let marked = one_line(text.get(inside.clone()).unwrap_or(""));
    let after = one_line(text.get(inside.end..).unwrap_or(""));
    let skipped = before.chars().count().saturating_sub(AROUND);
    let mut line: String = if skipped > 0 { "…" } else { "" }.to_owned();
    line.extend(before.chars().skip(skipped));
    let start = columns(&line);
    line.push_str(&marked);
    let end = columns(&line);
    line.extend(after.chars().take(AROUND));
    if after.chars().count() > AROUND {
        line.push('…');
    }
    (line, start..end.max(start + 1))
}

#[cfg(test)]
mod tests;
