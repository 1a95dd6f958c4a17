//! The cases inside rule files: small estates of which the rule's author says how the rule judges them. They run at a
//! fixed time, and a field that a case leaves out is unknown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::condition::{Ctx, Stated};
use super::evaluate::outcome;
use super::example::{Example, read_example, read_neighbour, set_link};
use super::fields::neighbours_of;
use super::file::{CaseText, Expect, RuleFile};
use super::params::Values;
use super::rule::{Code, Judgement, Rule};
use crate::document::{Located, Node, Read, Section, Value};
use crate::inventory::Inventory;
use crate::model::{Change, Fact, FieldChange, Outcome, Resource, ResourceId, RuleId, Severity, Snapshot, What};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// When cases happen.
pub(super) const CASE_TIME: &str = "2026-11-22T02:00:00Z";

/// The time at which cases happen.
pub(super) fn case_time() -> DateTime<Utc> {
    CASE_TIME.parse().expect("internal: the time of cases is proper")
}

/// How a case went.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The rule.
    pub rule: RuleId,
    /// The case's name.
    pub name: String,
    /// Its place.
    pub file: SourceText,
    /// Its line, counted from one.
    pub line: usize,
    /// What the author expects.
    pub expected: Expect,
    /// How bad the author expects it to be.
    pub severity: Option<Severity>,
    /// What the rule says.
    pub outcome: Outcome,
}

impl CaseResult {
    /// True if the rule says what the author expects.
    #[must_use]
    pub fn passed(&self) -> bool {
        match (&self.outcome, self.expected) {
            (Outcome::Fail(failure), Expect::Fail) => self.severity.is_none_or(|wanted| wanted == failure.severity),
            (Outcome::Pass, Expect::Pass)
            | (Outcome::NotApplicable, Expect::NotApplicable)
            | (Outcome::Unknown(_), Expect::Unknown) => true,
            _ => false,
        }
    }

    /// What the rule says, in words.
    #[must_use]
    pub fn said(&self) -> String {
        match &self.outcome {
            Outcome::Pass => "pass".to_owned(),
            Outcome::NotApplicable => "not-applicable".to_owned(),
            Outcome::Fail(failure) => format!("fail, {}: {}", failure.severity, failure.message),
            Outcome::Unknown(reason) => format!("unknown: {reason}"),
        }
    }
}

/// A case, read and checked.
pub(super) struct Case {
    name: Located<String>,
    expected: Expect,
    severity: Option<Severity>,
    subject: Resource,
    neighbours: Vec<Resource>,
    change: Option<Change>,
    /// Derived fields that are stated outright, by path.
    pub(super) stated: BTreeMap<String, Fact<Stated>>,
    /// The values of the parameters.
    pub(super) values: Values,
    /// The parameters that it sets itself.
    pub(super) sets: Vec<String>,
}

/// Reads the cases of a rule file.
pub(super) fn read(rule: &RuleFile) -> Result<Vec<Case>, Problems> {
    let mut problems = Problems::default();
    let defaults = problems.take(Values::of(&rule.params, &[])).unwrap_or_default();
    let cases = rule.cases.iter().filter_map(|case| problems.take(read_case(rule, case, &defaults))).collect();
    problems.or(cases)
}

fn read_case(rule: &RuleFile, case: &CaseText, defaults: &Values) -> Result<Case, Problems> {
    let mut problems = Problems::default();
    let file = &rule.file;
    let kind = rule.kind;
    let example = |node: &Option<Node>| {
        node.as_ref().map(|node| read_example(file, node, kind, kind.name(), &case.name.span)).transpose()
    };
    let given = problems.take(example(&case.given)).flatten();
    let before = problems.take(case.before.as_ref().map(|node| read_before(rule, case, node)).transpose()).flatten();
    let what = problems.take(what(rule, case)).flatten();
    let neighbours = problems.take(neighbours(rule, case)).unwrap_or_default();
    let set = problems.take(params(rule, case)).unwrap_or_default();
    let values = problems.take(defaults.clone().with(&rule.params, &[(&set, file)]));
    let earlier = before.as_ref().map(|before| before.resource.clone());
    // What is gone is told under `before` alone.
    let subject = given.or(before.filter(|_| what == Some(What::Removed)));
    let (Some(Example { resource: mut subject, mut stated }), Some(values)) = (subject, values) else {
        if problems.0.is_empty() {
            let what = format!("case “{}” has no `given`", case.name.value);
            problems.push(Problem::at(file, case.name.span.clone(), what).help("add what is known of the resource"));
        }
        return Err(problems);
    };
    let mut seen = Vec::new();
    for (name, neighbour) in neighbours {
        set_link(&mut subject.body, name, neighbour.as_ref().map(|example| example.resource.id.clone()));
        if let Fact::Known(example) = neighbour {
            stated.extend(example.stated);
            seen.push(example.resource);
        }
    }
    let change = what.map(|what| change(what, &subject, earlier));
    let (name, expected, severity) = (case.name.clone(), case.expect, case.severity);
    let sets = set.into_iter().map(|(name, _)| name.value).collect();
    problems.or(Case { name, expected, severity, subject, neighbours: seen, change, stated, values, sets })
}

/// Reads the resource as it was. Of its neighbours nothing is kept but who they were: a text names them.
fn read_before(rule: &RuleFile, case: &CaseText, node: &Node) -> Result<Example, Problems> {
    let mut node = node.clone();
    let mut links = Vec::new();
    if let Value::Map(fields) = &mut node.value {
        fields.retain(|(key, value)| {
            let neighbour = neighbours_of(rule.kind).find(|neighbour| neighbour.name == key.value);
            let link = neighbour.zip(String::read(value));
            links.extend(link.clone());
            link.is_none()
        });
    }
    let mut example = read_example(&rule.file, &node, rule.kind, rule.kind.name(), &case.name.span)?;
    for (neighbour, name) in links {
        let id = ResourceId::new("case", neighbour.kind, &name);
        set_link(&mut example.resource.body, neighbour.name, Fact::Known(id));
    }
    Ok(example)
}

fn what(rule: &RuleFile, case: &CaseText) -> Result<Option<What>, Problems> {
    let wrong = |span: &std::ops::Range<usize>, what: &str| Problem::at(&rule.file, span.clone(), what);
    match (&case.what, rule.on_change) {
        (None, false) => Ok(None),
        (None, true) => {
            let problem = wrong(&case.name.span, "a case of a rule on changes says what happened");
            Err(problem.help("add `what:` with added, removed, changed or rotated").into())
        }
        (Some(word), false) => Err(wrong(&word.span, "`what` goes with `applies_to: change`").into()),
        (Some(word), true) => match What::ALL.into_iter().find(|what| what.name() == word.value) {
            Some(what) => Ok(Some(what)),
            None => {
                let problem = wrong(&word.span, "nothing like this happens to a resource");
                Err(problem.help("it is added, removed, changed or rotated").into())
            }
        },
    }
}

/// The parameters that a case sets.
fn params(rule: &RuleFile, case: &CaseText) -> Result<Vec<(Located<String>, Node)>, Problems> {
    let Some(node) = &case.params else { return Ok(Vec::new()) };
    match Section::of(&rule.file, node.clone()) {
        Some(mut section) => Ok(section.rest()),
        None => Err(Problem::at(&rule.file, node.span.clone(), "`params` is a section of values").into()),
    }
}

type Neighbours = Vec<(&'static str, Fact<Example>)>;

/// What stands under `with:`, by name; `null` says that there is no such neighbour.
fn neighbours(rule: &RuleFile, case: &CaseText) -> Result<Neighbours, Problems> {
    let Some(node) = &case.with else { return Ok(Vec::new()) };
    let mut problems = Problems::default();
    let mut neighbours = Vec::new();
    let Some(mut section) = Section::of(&rule.file, node.clone()) else {
        return Err(Problem::at(&rule.file, node.span.clone(), "`with` is a section of neighbours").into());
    };
    for (name, node) in section.rest() {
        let Some(known) = neighbours_of(rule.kind).find(|neighbour| neighbour.name == name.value) else {
            problems.push(unknown_neighbour(rule, &name));
            continue;
        };
        if node.value == Value::Null {
            neighbours.push((known.name, Fact::Absent));
        } else {
            let example = read_neighbour(&rule.file, &node, known, &name.span);
            neighbours.extend(problems.take(example).map(|example| (known.name, Fact::Known(example))));
        }
    }
    problems.or(neighbours)
}

fn unknown_neighbour(rule: &RuleFile, name: &Located<String>) -> Problem {
    let names: Vec<&str> = neighbours_of(rule.kind).map(|neighbour| neighbour.name).collect();
    let help = match did_you_mean(&name.value, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it has none".to_owned(),
        None => format!("it has {}", names.join(", ")),
    };
    let what = format!("a {} has no neighbour `{}`", rule.kind.name(), name.value);
    Problem::at(&rule.file, name.span.clone(), what).help(help)
}

fn change(what: What, subject: &Resource, before: Option<Resource>) -> Change {
    let fields = match (&before, what) {
        (Some(before), What::Changed | What::Rotated) => differences(before, subject),
        _ => Vec::new(),
    };
    Change {
        what,
        resource: subject.id.clone(),
        name: subject.name.clone(),
        fields,
        replaces: None,
        reason: None,
        cause: None,
        before: before.map(Box::new),
    }
}

/// The fields that are told on both sides and differ.
fn differences(before: &Resource, after: &Resource) -> Vec<FieldChange> {
    let fields = |resource: &Resource| {
        let body = serde_json::to_value(&resource.body).ok()?;
        body.get(resource.kind().name())?.as_object().cloned()
    };
    let (before, after) = (fields(before).unwrap_or_default(), fields(after).unwrap_or_default());
    let differing = after.into_iter().filter_map(|(field, after)| {
        let before = before.get(&field)?.clone();
        (before != after).then_some(FieldChange { field, before: Some(before), after: Some(after) })
    });
    differing.collect()
}

/// Runs the cases of every rule.
pub(super) fn run(rules: &[Rule]) -> Vec<CaseResult> {
    rules.iter().flat_map(|rule| rule.cases.iter().map(|case| run_case(rule, case))).collect()
}

fn run_case(rule: &Rule, case: &Case) -> CaseResult {
    let estate = case.estate();
    let inventory = Inventory::new(&estate);
    let code = Code::compile(&rule.written, &case.values, &case.stated)
        .expect("internal: a rule that compiled once compiles with other values of its parameters");
    let (outcome, _) = outcome(&code, rule.kind(), rule.written.severity, &case.ctx(&inventory));
    let line =
        Problem::at(&rule.written.file, case.name.span.clone(), "").line_and_column().map_or(0, |(line, _)| line);
    CaseResult {
        rule: rule.id.clone(),
        name: case.name.value.clone(),
        file: rule.written.file.clone(),
        line,
        expected: case.expected,
        severity: case.severity,
        outcome,
    }
}

impl Case {
    /// The small estate of the case.
    pub(super) fn estate(&self) -> Snapshot {
        let mut resources = self.neighbours.clone();
        resources.push(self.subject.clone());
        resources.sort_by(|left, right| left.id.cmp(&right.id));
        Snapshot::of_sorted(resources, Vec::new())
    }

    /// What the rule is asked about in that estate.
    pub(super) fn ctx<'a>(&'a self, inventory: &'a Inventory<'a>) -> Ctx<'a> {
        let ctx = Ctx::new(inventory, &self.subject, case_time());
        match &self.change {
            Some(change) => ctx.of_change(change),
            None => ctx,
        }
    }

    /// True if a rule's conditions say what the author expects.
    pub(super) fn agrees(&self, code: &Code, severity: Severity, ctx: &Ctx<'_>) -> bool {
        match (code.judge(ctx), self.expected) {
            (Judgement::Fail, Expect::Fail) => {
                self.severity.is_none_or(|wanted| wanted == code.severity(ctx, severity))
            }
            (Judgement::Pass, Expect::Pass)
            | (Judgement::NotApplicable, Expect::NotApplicable)
            | (Judgement::Unknown(_), Expect::Unknown) => true,
            _ => false,
        }
    }
}
