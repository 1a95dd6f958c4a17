//! `keyroll explain`: one finding or one resource, with everything that leads to what is said about it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use super::complain::Complaint;
use super::questions::finding_called;
use super::{Context, exit, rules};
use crate::app::{AppError, Dossier, Scene};
use crate::inventory::Inventory;
use crate::inventory::detector::Knowledge;
use crate::model::{Body, Explained, Finding, Opinion, Resource, ResourceId, Snapshot, SnapshotId};
use crate::reports::{
    FindingNote, History, Judgement, ResourceNote, Section, Sight, Thing, finding_note, finding_note_json,
    resource_note, resource_note_json, use_and_reach,
};
use crate::rules::{Asked, RuleSet};
use crate::store::Store;
use crate::text::{did_you_mean, harmless, shorten};

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

/// What somebody asks about.
enum Called<'a> {
    Finding(&'a Finding),
    Resource(ResourceId),
}

/// Candidates that are listed when there are several.
const MOST_CANDIDATES: usize = 10;

/// What is called so: a finding, or the one resource with that id, native id or name. Nothing is guessed.
fn find<'a>(store: &Store, findings: &'a [Finding], called: &str) -> Result<Called<'a>, Complaint> {
    let starts_as_finding = called.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("f-"));
    if starts_as_finding && findings.iter().any(|finding| begins(finding, called)) {
        return finding_called(findings, called).map(Called::Finding);
    }
    if let Some(id) = ResourceId::parse(called)
        && store.known(&id)?.is_some()
    {
        return Ok(Called::Resource(id));
    }
    let head = store.latest()?.ok_or(AppError::NoScan)?;
    let snapshot = store.snapshot(head.id)?;
    let names = Names::of(snapshot.as_ref(), findings);
    let exact = names.that(|id, name| id.native() == called || name == called);
    let alike = if exact.is_empty() { names.that(|_, name| name.eq_ignore_ascii_case(called)) } else { exact };
    let mut alike = alike.into_iter();
    match (alike.next(), alike.len()) {
        (Some((id, _)), 0) => Ok(Called::Resource(id.clone())),
        (Some(first), _) => Err(several(called, std::iter::once(first).chain(alike).collect(), snapshot.as_ref())),
        (None, _) if !starts_as_finding && findings.iter().any(|finding| begins(finding, called)) => {
            finding_called(findings, called).map(Called::Finding)
        }
        (None, _) => Err(names.nothing(called, findings, starts_as_finding)),
    }
}

/// True if a finding's id begins so; the `F-` may be left out.
fn begins(finding: &Finding, called: &str) -> bool {
    let called = called.to_ascii_uppercase();
    let beginning = called.strip_prefix("F-").unwrap_or(&called);
    !called.is_empty() && finding.id.as_str().get(2..).is_some_and(|own| own.starts_with(beginning))
}

/// A foreign name or id, as it can be shown.
fn shown(text: &str) -> String {
    shorten(&harmless(text), 100)
}

/// Several resources are called so: which, and what tells them apart.
fn several(called: &str, candidates: Vec<(&ResourceId, &str)>, snapshot: Option<&Snapshot>) -> Complaint {
    let what = format!("`{}` is the name or native id of {} resources", shown(called), candidates.len());
    let lines = candidates.iter().take(MOST_CANDIDATES).map(|(id, name)| {
        let beside = snapshot.and_then(|snapshot| beside(snapshot.get(id)?, snapshot)).unwrap_or_default();
        format!("\n  {}  {}", harmless(id.as_str()), shown(format!("{name}{beside}").trim()))
    });
    let mut help = format!("write the whole id:{}", lines.collect::<String>());
    if candidates.len() > MOST_CANDIDATES {
        help.push_str(&format!("\n  and {} more", candidates.len() - MOST_CANDIDATES));
    }
    Complaint::failed(what).help(help)
}

/// Whose a resource is, or where: “ of Ada Muster”, “ in Payments”.
fn beside(resource: &Resource, snapshot: &Snapshot) -> Option<String> {
    let (word, id) = match &resource.body {
        Body::Credential(credential) if credential.owner.known().is_some() => (" of", credential.owner.known()?),
        _ => (" in", resource.place()?),
    };
    Some(format!("{word} {}", snapshot.get(id)?.title()))
}

/// Every resource that somebody may ask about, with its name: what the latest scan saw or carried, and what findings are
/// about.
struct Names<'a>(BTreeSet<(&'a ResourceId, &'a str)>);

impl<'a> Names<'a> {
    fn of(snapshot: Option<&'a Snapshot>, findings: &'a [Finding]) -> Self {
        let resources = snapshot.into_iter().flat_map(|snapshot| snapshot.resources.iter().chain(&snapshot.carried));
        let mut names: BTreeMap<&ResourceId, &str> =
            findings.iter().map(|finding| (&finding.resource, finding.resource_name.as_str())).collect();
        names.extend(resources.map(|resource: &Resource| (&resource.id, resource.name.as_str())));
        Self(names.into_iter().collect())
    }

    fn that(&self, wanted: impl Fn(&ResourceId, &str) -> bool) -> Vec<(&'a ResourceId, &'a str)> {
        self.0.iter().filter(|(id, name)| wanted(id, name)).copied().collect()
    }

    /// Nothing is called so; what was probably meant.
    fn nothing(&self, called: &str, findings: &[Finding], is_finding: bool) -> Complaint {
        if is_finding {
            let complaint = Complaint::failed(format!("there is no finding `{}`", shown(called)));
            let wanted = called.to_ascii_uppercase();
            let starts = findings.iter().filter_map(|finding| finding.id.as_str().get(..wanted.len()));
            return match did_you_mean(&wanted, starts.filter(|start| *start != wanted)) {
                Some(near) => complaint.help(format!("did you mean `{near}`?")),
                None => complaint.help("`keyroll findings --all` lists them"),
            };
        }
        let what = format!("there is no finding `{0}`, nor a resource with that id or name", shown(called));
        let words = self.0.iter().flat_map(|(id, name)| [id.as_str(), id.native(), name]);
        match did_you_mean(called, words.filter(|word| !word.is_empty())) {
            Some(near) => Complaint::failed(what).help(format!("did you mean `{}`?", shown(near))),
            None => Complaint::failed(what)
                .help("`keyroll findings --all` and `keyroll inventory KIND --format csv` list ids"),
        }
    }
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
