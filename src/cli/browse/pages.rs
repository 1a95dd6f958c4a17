//! What pages say: the words of the commands that tell the same, about the scan that is looked through.

use std::collections::BTreeMap;

use super::state::{Estate, Topic};
use crate::app::{AppError, chronicle, look_back, rule_text};
use crate::cli::complain::{Complaint, chain};
use crate::cli::named::subject;
use crate::inventory::Inventory;
use crate::inventory::detector::Knowledge;
use crate::model::{Change, Finding, Kind, ResourceId, Snapshot, SnapshotHead, SnapshotId, Transition};
use crate::reports::{
    AccessQuestion, Evidence, History, Look, ResourceNote, RuleText, Sight, Thing, access_page, blind_spots,
    finding_detail, history_page, resource_note, use_and_reach,
};
use crate::rules::{Asked, RuleSet};
use crate::store::{Known, Store};

/// Whoever writes the pages.
pub(super) struct Pages<'a> {
    /// Where history is.
    pub(super) store: &'a Store,
    /// The scan that is looked through.
    pub(super) estate: &'a Estate<'a>,
    /// The rules as they are now.
    pub(super) rules: &'a RuleSet,
    /// By what systems are known.
    pub(super) knowledge: &'a Knowledge,
}

impl Pages<'_> {
    /// The page, painted for so many columns; or why there is none.
    pub(super) fn tell(&self, topic: Topic<'_>, columns: u16) -> String {
        let look = Look { width: usize::from(columns), colour: true };
        let told = match topic {
            Topic::Finding(finding) => self.finding(finding, look),
            Topic::Resource(id) => self.resource(id, look),
            Topic::Access { of, every_chain } => self.access(of, every_chain, look),
            Topic::History { of, finding } => self.history(of, finding, look),
            Topic::BlindSpots => Ok(blind_spots(self.estate.assessment, look)),
            Topic::Help => Ok(KEYS.to_owned()),
        };
        told.unwrap_or_else(|complaint| match complaint {
            Complaint::Failed { what, help, .. } => {
                format!("This cannot be told: {what}.\n{}", help.map_or_else(String::new, |help| format!("({help})")))
            }
            Complaint::App(error) => format!("This cannot be told: {}.", chain(&error)),
            // No page is asked with a condition.
            Complaint::Condition(_) => "This cannot be told: the condition has mistakes.".to_owned(),
        })
    }

    /// As `keyroll findings show` tells it.
    fn finding(&self, finding: &Finding, look: Look) -> Result<String, Complaint> {
        let Estate { assessment, inventory, .. } = self.estate;
        let mut steps: Vec<Transition> = self.store.history(&finding.id)?;
        steps.retain(|step| step.at <= assessment.head.ended_at);
        let acknowledged = assessment.acknowledgements.iter().find(|one| one.finding == finding.id);
        let rule = self.rules.rule(finding.rule.as_str()).map_or_else(RuleText::default, rule_text);
        let evidence = Evidence::of(&finding.resource, inventory);
        Ok(finding_detail(finding, History { steps: &steps, acknowledged }, rule, evidence, look))
    }

    /// As `keyroll explain` tells it, up to this scan. What it did not see is looked up in the scan that saw it last.
    fn resource(&self, id: &ResourceId, look: Look) -> Result<String, Complaint> {
        let Estate { assessment, inventory, .. } = *self.estate;
        let head = &assessment.head;
        let kept = self.store.heads(usize::MAX)?.into_iter().filter(|kept| kept.id <= head.id);
        let heads: BTreeMap<SnapshotId, SnapshotHead> = kept.map(|head| (head.id, head)).collect();
        let told = self.store.changes_of(id)?;
        let own = told.iter().filter(|(at, change)| *at == head.id && change.resource == *id);
        let mut own: Vec<Change> = own.map(|(_, change)| change.clone()).collect();
        look_back(self.store, head, &mut own)?;
        let changes: Vec<(SnapshotHead, Change)> =
            told.into_iter().filter_map(|(at, change)| Some((heads.get(&at)?.clone(), change))).collect();

        let known = self.store.known(id)?;
        let is_seen = inventory.get(id).is_some();
        let earlier = if is_seen { None } else { self.saw_last(&heads, known)? };
        let earlier = earlier.as_ref().map(|(head, snapshot)| (head, Inventory::knowing(snapshot, self.knowledge)));
        let latest = Sight { head, inventory };
        let seen = match &earlier {
            None => Some(latest).filter(|_| is_seen),
            Some((head, inventory)) => Some(Sight { head, inventory }),
        };
        let sections = seen.map(|seen| use_and_reach(seen.inventory, id)).unwrap_or_default();
        let first = known.and_then(|known| heads.get(&known.first));
        let asked = Asked { inventory, resource: id, changes: &own, now: head.ended_at };
        let opinions = if is_seen { self.rules.opinions(&asked) } else { Vec::new() };
        let about: Vec<&Finding> = assessment.findings.iter().filter(|finding| finding.resource == *id).collect();
        let note = ResourceNote {
            thing: Thing { id, seen, latest, first, changes: &changes, sections: &sections },
            opinions: &opinions,
            other_rules: head.rules_digest != self.rules.digest(),
            findings: &about,
        };
        Ok(resource_note(&note, look))
    }

    /// The last of the kept scans up to this one that saw a resource.
    fn saw_last(
        &self,
        heads: &BTreeMap<SnapshotId, SnapshotHead>,
        known: Option<Known>,
    ) -> Result<Option<(SnapshotHead, Snapshot)>, Complaint> {
        let Some(Known { first, seen, .. }) = known else { return Ok(None) };
        let Some((id, head)) = heads.range(first..=seen).next_back() else { return Ok(None) };
        Ok(self.store.snapshot(*id)?.map(|snapshot| (head.clone(), snapshot)))
    }

    /// As `keyroll access` tells it, of what can act.
    fn access(&self, id: &ResourceId, every_chain: bool, look: Look) -> Result<String, Complaint> {
        let Estate { assessment, inventory, now, .. } = *self.estate;
        if inventory.get(id).is_none() {
            return Ok("This scan did not see it: what it may do cannot be told.".to_owned());
        }
        let subject = match (subject(inventory, &assessment.findings, id.as_str()), id.kind()) {
            (Ok(subject), _) => subject,
            (Err(complaint), Kind::Principal | Kind::Credential) => return Err(complaint),
            (Err(_nobody), kind) => return Ok(nobody_acts(kind)),
        };
        let head = &assessment.head;
        let (on, permission) = (None, None);
        let question =
            AccessQuestion { inventory, head, subject, on, permission, why: every_chain, all: every_chain, now };
        Ok(access_page(&question, look))
    }

    /// As `keyroll history` tells it: up to the latest scan, whichever is looked through.
    fn history(&self, id: &ResourceId, finding: Option<&Finding>, look: Look) -> Result<String, Complaint> {
        let chronicle = chronicle(self.store, id, finding)?;
        let latest = self.store.latest()?.ok_or(AppError::NoScan)?;
        Ok(history_page(&chronicle, &latest, self.estate.inventory, look))
    }
}

/// Of what is no account and no credential, and stands for none: what there is to ask instead.
fn nobody_acts(kind: Kind) -> String {
    let told =
        format!("Accounts and credentials have access. This is of the kind {}, and stands for none.\n", kind.name());
    let who = "Who may do what in a place: keyroll access --who-can PERMISSION --on CONTAINER\n";
    if matches!(kind, Kind::Container | Kind::Grant) { told + who } else { told }
}

/// The keys, in a page of their own.
const KEYS: &str = "\
Up, Down, k, j          one row or line
PgUp, PgDn, Space       as much as the screen shows
Home, End, g, G         the first, the last
Enter                   open what is marked with >
q, Esc, Backspace       back; q quits where there is no way back
Tab, Shift-Tab, 1 to 9  what else there is to look at here

/                       filter as you type: what has all the words,
                        in capitals or not; Enter keeps it, Esc clears it
w                       list waived findings too, or not
r                       list resolved findings too, or not
c                       of access: every chain with all its steps, or the
                        shortest ones
?                       this page
Ctrl-Z                  suspend
Ctrl-C                  quit

Nothing here is changed or sent, and nobody is asked: it is what the scan
saw and the store keeps.";
