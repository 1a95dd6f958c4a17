//! Questions: conditions that somebody asks of what a scan saw, outside of any rule. They are checked and compiled by what
//! compiles the conditions of rules, so a question and a rule of the same words never come to different answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::condition::{Beside, Cause, Compiler, Condition, Ctx, NamedPath, Present, Schema, Vars, Why, roots};
use super::evaluate::subject;
use super::reasons::Reasons;
use crate::document::Located;
use crate::inventory::Inventory;
use crate::model::{Body, Change, Finding, Kind, Resource, ResourceId, Sighting, Webhook};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A compiled question.
pub struct Question {
    /// What it became for each kind it can speak of.
    codes: BTreeMap<Kind, Code>,
}

struct Code {
    condition: Condition,
    paths: Vec<NamedPath>,
}

/// What a question comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The condition holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told, and why.
    Undecided(Arc<str>),
    /// It does not speak of this kind of resource.
    NotMeant,
}

impl Question {
    /// A question about resources of a kind.
    ///
    /// # Errors
    /// Everything that is wrong with the condition.
    pub fn of_kind(kind: Kind, condition: &SourceText) -> Result<Self, Problems> {
        Ok(Self { codes: BTreeMap::from([(kind, compile(kind, Beside::Nothing, condition)?)]) })
    }

    /// A question about findings: about the resource of each, which is of one kind or another, and what
    /// [`FINDING_FIELDS`](super::fields::FINDING_FIELDS) tell of the finding itself.
    ///
    /// # Errors
    /// Everything that is wrong with the condition.
    pub fn of_findings(condition: &SourceText) -> Result<Self, Problems> {
        Self::of_any(Beside::Finding, condition)
    }

    /// A question about changes: about the resource of each, and what conditions of rules may ask of the change.
    ///
    /// # Errors
    /// Everything that is wrong with the condition.
    pub fn of_changes(condition: &SourceText) -> Result<Self, Problems> {
        Self::of_any(Beside::Change, condition)
    }

    /// A question about resources of every kind that knows all its names.
    fn of_any(beside: Beside, condition: &SourceText) -> Result<Self, Problems> {
        let names = roots(&condition.text);
        let known: Vec<(Kind, Vec<&str>)> = Kind::ALL.into_iter().map(|kind| (kind, names_of(kind, beside))).collect();
        let stranger = names.iter().find(|(name, _)| known.iter().all(|(_, known)| !known.contains(&name.as_str())));
        if let Some((name, span)) = stranger {
            let mut all: Vec<&str> = known.into_iter().flat_map(|(_, names)| names).collect();
            all.sort_unstable();
            all.dedup();
            let help = match did_you_mean(name, all.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", all.join(", ")),
            };
            return Err(Problem::at(condition, span.clone(), format!("there is no `{name}` here")).help(help).into());
        }
        let names_known = |known: &[&str]| names.iter().filter(|(name, _)| known.contains(&name.as_str())).count();
        let most = known.iter().map(|(_, known)| names_known(known)).max().unwrap_or(0);
        let mut meant: Vec<Kind> =
            known.iter().filter(|(_, known)| names_known(known) == most).map(|(kind, _)| *kind).collect();
        // Of kinds that would do, the one that is named itself, and first, knows best what is wrong.
        meant.sort_by_key(|kind| names.iter().position(|(name, _)| name == kind.name()).unwrap_or(usize::MAX));
        let mut codes = BTreeMap::new();
        let mut wrong = None;
        for kind in meant {
            match compile(kind, beside, condition) {
                Ok(code) => drop(codes.insert(kind, code)),
                Err(problems) => wrong = wrong.or(Some(problems)),
            }
        }
        match wrong {
            Some(problems) if codes.is_empty() => Err(problems),
            _ => Ok(Self { codes }),
        }
    }

    /// The kinds it speaks of, in the order of a report; all of them where it names nothing but what stands beside a resource.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.codes.keys().copied()
    }

    /// Asks it of what a scan saw, as rules did at that moment.
    #[must_use]
    pub fn ask<'q>(&'q self, inventory: &'q Inventory<'q>, now: DateTime<Utc>) -> Asking<'q> {
        let id = ResourceId::new(ResourceId::CLOUD, Kind::Webhook, "");
        let nothing =
            Resource { id, name: String::new(), seen_by: Vec::new(), body: Body::Webhook(Webhook::default()) };
        Asking { question: self, inventory, now, nothing, reasons: RefCell::default() }
    }
}

/// A question, asked of one scan. Each reason is put into words once.
pub struct Asking<'q> {
    question: &'q Question,
    inventory: &'q Inventory<'q>,
    now: DateTime<Utc>,
    /// Stands where the scan saw no resource; nothing is read from it.
    nothing: Resource,
    reasons: RefCell<BTreeMap<Kind, Reasons>>,
}

impl Asking<'_> {
    /// What it comes to for a resource. Of one that the scan did not see, nothing is known, however it was before.
    #[must_use]
    pub fn resource(&self, id: &ResourceId) -> Reply {
        self.of(id, self.inventory.get(id), &[], |ctx| ctx)
    }

    /// What it comes to for a finding, and its resource as it stood in the scan.
    #[must_use]
    pub fn finding(&self, finding: &Finding) -> Reply {
        let seen = self.inventory.get(&finding.resource);
        self.of(&finding.resource, seen, &finding.seen_by, |ctx| ctx.of_finding(finding))
    }

    /// What it comes to for a change, and its resource: of what was removed, as it was.
    #[must_use]
    pub fn change(&self, change: &Change) -> Reply {
        self.of(&change.resource, subject(change, self.inventory), &[], |ctx| ctx.of_change(change))
    }

    fn of<'c>(
        &'c self,
        id: &ResourceId,
        seen: Option<&'c Resource>,
        shown_by: &[Sighting],
        beside: impl FnOnce(Ctx<'c>) -> Ctx<'c>,
    ) -> Reply {
        let Some(code) = self.question.codes.get(&id.kind()) else { return Reply::NotMeant };
        let ctx = match seen {
            Some(resource) => Ctx::new(self.inventory, resource, self.now),
            None => Ctx::new(self.inventory, &self.nothing, self.now).unseen(),
        };
        match (code.condition)(&beside(ctx), &Vars::NONE) {
            Ok(true) => Reply::Yes,
            Ok(false) => Reply::No,
            Err(Why { cause: Cause::Unseen, .. }) => Reply::Undecided(self.out_of_sight(id, shown_by)),
            Err(why) => Reply::Undecided(self.words(why, id.kind(), code)),
        }
    }

    /// Why the scan did not see something: by what showed it before.
    fn out_of_sight(&self, id: &ResourceId, shown_by: &[Sighting]) -> Arc<str> {
        let carried = self.inventory.snapshot().get_carried(id);
        let shown_by = carried.map_or(shown_by, |before| &before.seen_by);
        let gap = if shown_by.is_empty() { None } else { self.inventory.coverage().why_unseen(shown_by) };
        match gap {
            Some(gap) => format!("the scan did not see it: {gap}").into(),
            None => "the scan did not see it".into(),
        }
    }

    fn words(&self, why: Why, kind: Kind, code: &Code) -> Arc<str> {
        let mut reasons = self.reasons.borrow_mut();
        reasons.entry(kind).or_default().words(why, kind, &code.paths, self.inventory.coverage())
    }
}

/// The names that questions about a kind may begin paths with.
fn names_of(kind: Kind, beside: Beside) -> Vec<&'static str> {
    let (params, stated) = (BTreeMap::new(), BTreeMap::new());
    Schema { kind, beside, params: &params, stated: &stated }.names()
}

fn compile(kind: Kind, beside: Beside, condition: &SourceText) -> Result<Code, Problems> {
    let (params, stated) = (BTreeMap::new(), BTreeMap::new());
    let mut compiler = Compiler::new(Schema { kind, beside, params: &params, stated: &stated }, condition);
    let text = Located { value: condition.text.to_string(), span: 0..condition.text.len() };
    let compiled = compiler.condition(&text, &Present::new());
    let (paths, problems) = compiler.finish();
    match compiled {
        Some(compiled) => problems.or(Code { condition: compiled.code, paths }),
        None => Err(problems),
    }
}

#[cfg(test)]
mod tests;
