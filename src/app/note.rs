//! Everything that leads to what is said about one finding or one resource, put together for whoever writes it down.

use std::collections::BTreeMap;

use super::{AppError, Dossier, Scene, rule_page};
use crate::inventory::Inventory;
use crate::inventory::detector::Knowledge;
use crate::model::{Explained, Finding, Opinion, ResourceId, SnapshotId};
use crate::reports::{FindingNote, History, Judgement, ResourceNote, Section, Sight, Thing, use_and_reach};
use crate::rules::{Asked, RuleSet};
use crate::store::Store;

/// What notes are made from.
#[derive(Clone, Copy)]
pub struct Notes<'a> {
    /// Where scans are kept.
    pub store: &'a Store,
    /// The rules as they are now.
    pub rules: &'a RuleSet,
    /// What is known about systems.
    pub knowledge: &'a Knowledge,
    /// The findings as they stand after the latest scan.
    pub findings: &'a [Finding],
}

impl Notes<'_> {
    /// Tells all there is to say about a finding.
    ///
    /// # Errors
    /// When there was no scan, or the store cannot be read.
    pub fn of_finding<T>(&self, finding: &Finding, tell: impl FnOnce(&FindingNote<'_>) -> T) -> Result<T, AppError> {
        let dossier = Dossier::of_finding(self.store, finding)?;
        let inventories = inventories(&dossier, self.knowledge);
        let id = finding.rule.as_str();
        let explained: BTreeMap<SnapshotId, Explained> = dossier
            .scenes
            .values()
            .filter_map(|scene| {
                let asked = asked(scene, inventories.get(&scene.head.id)?, &finding.resource);
                Some((scene.head.id, self.rules.explain(id, &asked)?))
            })
            .collect();
        let judgement = |at: SnapshotId| {
            let scene = dossier.scenes.get(&at)?;
            let sight = sight(scene, &inventories)?;
            Some(Judgement { sight, explained: explained.get(&at), other_rule: self.is_other(scene, id) })
        };
        let acknowledgements = self.store.acknowledgements()?;
        let steps = self.store.history(&finding.id)?;
        let added = added(&finding.resource, &dossier, &inventories);
        Ok(tell(&FindingNote {
            finding,
            history: History {
                steps: &steps,
                acknowledged: acknowledgements.iter().find(|one| one.finding == finding.id),
            },
            rule: self.rules.rule(id).map(rule_page),
            confirmed: dossier.confirmed.and_then(judgement),
            today: Some(dossier.latest).filter(|latest| dossier.confirmed != Some(*latest)).and_then(judgement),
            thing: thing(&finding.resource, &dossier, &inventories, &added)?,
            waivers: &dossier.waivers,
        }))
    }

    /// Tells all there is to say about a resource.
    ///
    /// # Errors
    /// When there was no scan, or the store cannot be read.
    pub fn of_resource<T>(&self, id: &ResourceId, tell: impl FnOnce(&ResourceNote<'_>) -> T) -> Result<T, AppError> {
        let dossier = Dossier::of_resource(self.store, id)?;
        let inventories = inventories(&dossier, self.knowledge);
        let latest = dossier.scenes.get(&dossier.latest);
        let opinions: Vec<Opinion> = latest
            .and_then(|scene| Some(asked(scene, inventories.get(&scene.head.id)?, id)))
            .filter(|asked| asked.inventory.get(id).is_some())
            .map_or_else(Vec::new, |asked| self.rules.opinions(&asked));
        let about: Vec<&Finding> = self.findings.iter().filter(|finding| finding.resource == *id).collect();
        let added = added(id, &dossier, &inventories);
        Ok(tell(&ResourceNote {
            thing: thing(id, &dossier, &inventories, &added)?,
            opinions: &opinions,
            other_rules: latest.is_some_and(|scene| scene.head.rules_digest != self.rules.digest()),
            findings: &about,
        }))
    }

    /// True if a rule is not as it was when it judged a scan.
    fn is_other(&self, scene: &Scene, id: &str) -> bool {
        let then = scene.rules.iter().find(|rule| rule.id.as_str() == id);
        let now = self.rules.rule(id).filter(|rule| rule.enabled()).map(|rule| rule.summary().judges_by);
        then.map(|rule| rule.judges_by) != now
    }
}

type Inventories<'a> = BTreeMap<SnapshotId, Inventory<'a>>;

fn inventories<'a>(dossier: &'a Dossier, knowledge: &'a Knowledge) -> Inventories<'a> {
    let known = |scene: &'a Scene| Inventory::knowing(&scene.snapshot, knowledge).after_reviews(&scene.revocations);
    dossier.scenes.values().map(|scene| (scene.head.id, known(scene))).collect()
}

/// What is said of use and reach, by the scan that saw the resource last.
fn added(id: &ResourceId, dossier: &Dossier, inventories: &Inventories<'_>) -> Vec<Section> {
    let inventory = dossier.seen.and_then(|seen| inventories.get(&seen));
    inventory.map(|inventory| use_and_reach(inventory, id)).unwrap_or_default()
}

fn sight<'a>(scene: &'a Scene, inventories: &'a Inventories<'a>) -> Option<Sight<'a>> {
    Some(Sight { head: &scene.head, inventory: inventories.get(&scene.head.id)? })
}

fn asked<'a>(scene: &'a Scene, inventory: &'a Inventory<'a>, resource: &'a ResourceId) -> Asked<'a> {
    Asked { inventory, resource, changes: &scene.changes, now: scene.judged_at }
}

fn thing<'a>(
    id: &'a ResourceId,
    dossier: &'a Dossier,
    inventories: &'a Inventories<'a>,
    sections: &'a [Section],
) -> Result<Thing<'a>, AppError> {
    let sight_of = |at: SnapshotId| sight(dossier.scenes.get(&at)?, inventories);
    let latest = sight_of(dossier.latest).ok_or(AppError::NoSuchSnapshot(dossier.latest))?;
    let (first, seen) = (dossier.first.as_ref(), dossier.seen.and_then(sight_of));
    Ok(Thing { id, seen, latest, first, changes: &dossier.changes, sections })
}
