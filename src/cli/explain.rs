//! `keyroll explain`: one finding or one resource, with everything that leads to what is said about it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::called::{Called, find};
use super::complain::Complaint;
use super::{Context, exit, rules};
use crate::app::{Dossier, Scene};
use crate::inventory::Inventory;
use crate::inventory::detector::Knowledge;
use crate::model::{Explained, Finding, Opinion, ResourceId, SnapshotId};
use crate::reports::{
    FindingNote, History, Judgement, ResourceNote, Section, Sight, Thing, finding_note, finding_note_json,
    resource_note, resource_note_json, use_and_reach,
};
use crate::rules::{Asked, RuleSet};
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// A finding (F-…, also the beginning of it), or a resource: its id, its native id, or its name.
    id: String,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = NoteFormat::Table)]
    format: NoteFormat,
}

/// How a note is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum NoteFormat {
    /// For people.
    Table,
    /// For machines: one versioned document.
    Json,
}

pub(super) fn run(context: &Context, args: &ExplainArgs) -> Result<ExitCode, Complaint> {
    let store = context.store()?;
    let findings = store.findings()?;
    let rules = rules::load(context)?;
    let knowledge = rules::knowledge(context)?;
    let asker = Asker {
        context,
        store: &store,
        rules: &rules,
        knowledge: &knowledge,
        findings: &findings,
        format: args.format,
    };
    let text = match find(&store, &findings, &args.id)? {
        Called::Finding(finding) => asker.finding(finding)?,
        Called::Resource(id) => asker.resource(&id)?,
    };
    context.terminal.result(&text);
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Whoever writes a note.
struct Asker<'a> {
    context: &'a Context,
    store: &'a Store,
    rules: &'a RuleSet,
    knowledge: &'a Knowledge,
    findings: &'a [Finding],
    format: NoteFormat,
}

impl Asker<'_> {
    fn finding(&self, finding: &Finding) -> Result<String, Complaint> {
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
        let note = FindingNote {
            finding,
            history: History {
                steps: &steps,
                acknowledged: acknowledgements.iter().find(|one| one.finding == finding.id),
            },
            rule: self.rules.rule(id).map(rules::page),
            confirmed: dossier.confirmed.and_then(judgement),
            today: Some(dossier.latest).filter(|latest| dossier.confirmed != Some(*latest)).and_then(judgement),
            thing: thing(&finding.resource, &dossier, &inventories, &added)?,
            waivers: &dossier.waivers,
        };
        Ok(match self.format {
            NoteFormat::Table => finding_note(&note, self.context.terminal.look),
            NoteFormat::Json => finding_note_json(&note),
        })
    }

    fn resource(&self, id: &ResourceId) -> Result<String, Complaint> {
        let dossier = Dossier::of_resource(self.store, id)?;
        let inventories = inventories(&dossier, self.knowledge);
        let latest = dossier.scenes.get(&dossier.latest);
        let opinions: Vec<Opinion> = latest
            .and_then(|scene| Some(asked(scene, inventories.get(&scene.head.id)?, id)))
            .filter(|asked| asked.inventory.get(id).is_some())
            .map_or_else(Vec::new, |asked| self.rules.opinions(&asked));
        let about: Vec<&Finding> = self.findings.iter().filter(|finding| finding.resource == *id).collect();
        let added = added(id, &dossier, &inventories);
        let note = ResourceNote {
            thing: thing(id, &dossier, &inventories, &added)?,
            opinions: &opinions,
            other_rules: latest.is_some_and(|scene| scene.head.rules_digest != self.rules.digest()),
            findings: &about,
        };
        Ok(match self.format {
            NoteFormat::Table => resource_note(&note, self.context.terminal.look),
            NoteFormat::Json => resource_note_json(&note),
        })
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
) -> Result<Thing<'a>, Complaint> {
    let sight_of = |at: SnapshotId| sight(dossier.scenes.get(&at)?, inventories);
    let latest = sight_of(dossier.latest).ok_or_else(|| Complaint::failed("the latest scan is not in the store"))?;
    let (first, seen) = (dossier.first.as_ref(), dossier.seen.and_then(sight_of));
    Ok(Thing { id, seen, latest, first, changes: &dossier.changes, sections })
}
