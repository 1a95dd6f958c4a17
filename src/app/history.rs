//! All that happened to one resource or one finding, put together from what the store keeps: what each scan said of it, how
//! it was known in between, and the steps of findings about it.

use std::collections::BTreeMap;

use super::AppError;
use super::flapping::back_and_forth;
use crate::drift;
use crate::model::{
    Change, Chronicle, Coverage, Event, Finding, FindingId, Happening, ResourceId, SnapshotHead, SnapshotId, What,
};
use crate::store::{Store, Version};

/// Why of something that only a removed scan saw nobody can say more.
const NOT_KEPT: &str = "the scan that saw it is not kept";

/// The history of a resource, with the steps of every finding about it; or of one finding, with what happened to its
/// resource.
///
/// # Errors
/// When there was no scan, or the store cannot be read.
pub fn chronicle(store: &Store, resource: &ResourceId, finding: Option<&Finding>) -> Result<Chronicle, AppError> {
    let latest = store.latest()?.ok_or(AppError::NoScan)?;
    let course = Course::read(store, resource, &latest)?;
    let findings = store.findings()?;
    let about: BTreeMap<&FindingId, &Finding> = findings
        .iter()
        .filter(|one| one.resource == *resource && finding.is_none_or(|wanted| wanted.id == one.id))
        .map(|one| (&one.id, one))
        .collect();
    let mut events = course.events();
    for (scan, transition) in store.history_about(resource)? {
        let Some(finding) = about.get(&transition.finding) else { continue };
        let title = finding.title.clone();
        events.push(Event {
            at: course.at(scan).unwrap_or(transition.at),
            scan: Some(scan),
            after: None,
            what: Happening::Step { title, transition },
        });
    }
    let acknowledged = store.acknowledgements()?.into_iter().filter(|one| about.contains_key(&one.finding));
    events.extend(acknowledged.map(|one| Event {
        at: one.at,
        scan: None,
        after: None,
        what: Happening::Acknowledged(one),
    }));
    events.sort_by_key(|event| (event.at, event.scan, order(&event.what)));
    let first = events.first().and_then(|event| event.scan);
    let back_and_forth = back_and_forth(store, &latest)?;
    let own = back_and_forth.changes.iter().filter(|one| one.resource == *resource);
    let mut flapping: Vec<_> = own.map(|one| (one.field.clone(), one.flapping)).collect();
    flapping.extend(finding.and_then(|one| back_and_forth.findings.get(&one.id)).map(|flapping| (None, *flapping)));
    let name = course.versions.last().map(|version| version.resource.name.clone());
    let told = || findings.iter().find(|one| one.resource == *resource).map(|one| one.resource_name.clone());
    Ok(Chronicle {
        resource: resource.clone(),
        name: name.filter(|name| !name.is_empty()).or_else(told).unwrap_or_default(),
        finding: finding.cloned(),
        removed_scans: course.removed_since(first),
        hidden_by: course.hidden_by(&store.ledger(latest.id)?),
        events,
        flapping,
    })
}

/// What a scan saw happening comes before what it concluded.
fn order(what: &Happening) -> u8 {
    match what {
        Happening::KnownFromTheStart | Happening::InSightAgain => 0,
        Happening::Change(_) => 1,
        Happening::Step { .. } => 2,
        Happening::Acknowledged(_) => 3,
    }
}

/// How a resource was known, scan by scan.
struct Course<'a> {
    resource: &'a ResourceId,
    /// Every scan there ever was, and whether it is kept.
    scans: BTreeMap<SnapshotId, (SnapshotHead, bool)>,
    versions: Vec<Version>,
    /// What was said of it, by scan.
    told: BTreeMap<SnapshotId, Vec<Change>>,
    /// When nothing of it was seen.
    unseen: Vec<(SnapshotId, Option<SnapshotId>)>,
}

impl<'a> Course<'a> {
    fn read(store: &Store, resource: &'a ResourceId, latest: &SnapshotHead) -> Result<Self, AppError> {
        let kept: std::collections::BTreeSet<SnapshotId> =
            store.heads(usize::MAX)?.into_iter().map(|head| head.id).collect();
        let records = store.records(latest.id, usize::MAX)?;
        let scans = records.into_iter().map(|head| (head.id, (head.clone(), kept.contains(&head.id)))).collect();
        let mut told: BTreeMap<SnapshotId, Vec<Change>> = BTreeMap::new();
        for (scan, change) in store.changes_of(resource)? {
            told.entry(scan).or_default().push(change);
        }
        let (versions, unseen) = (store.versions(resource)?, store.out_of_sight(resource)?);
        Ok(Self { resource, scans, versions, told, unseen })
    }

    fn at(&self, scan: SnapshotId) -> Option<chrono::DateTime<chrono::Utc>> {
        self.scans.get(&scan).map(|(head, _)| head.started_at)
    }

    fn is_kept(&self, scan: SnapshotId) -> bool {
        self.scans.get(&scan).is_some_and(|(_, kept)| *kept)
    }

    /// Scans since one that are not kept any more.
    fn removed_since(&self, first: Option<SnapshotId>) -> usize {
        let Some(first) = first else { return 0 };
        self.scans.range(first..).filter(|(_, (_, kept))| !kept).count()
    }

    fn event(&self, scan: SnapshotId, after: Option<SnapshotId>, what: Happening) -> Option<Event> {
        // A scan that began right after the one before it is the one that saw it.
        let after = after.filter(|after| self.scans.range(*after..scan).count() > 1);
        Some(Event { at: self.at(scan)?, scan: Some(scan), after, what })
    }

    fn change(&self, what: What, version: &Version) -> Change {
        Change {
            what,
            resource: self.resource.clone(),
            name: version.resource.name.clone(),
            fields: Vec::new(),
            replaces: None,
            reason: None,
            cause: None,
            before: None,
        }
    }

    fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for (scan, changes) in &self.told {
            let told = changes.iter().map(|change| Happening::Change(Box::new(change.clone())));
            events.extend(told.filter_map(|what| self.event(*scan, None, what)));
        }
        events.extend(self.begin());
        for pair in self.versions.windows(2) {
            if let [earlier, later] = pair {
                events.extend(self.between(earlier, later));
            }
        }
        events.extend(self.sight());
        events.extend(self.end());
        events
    }

    /// How it became known, where no scan that is kept says so.
    fn begin(&self) -> Option<Event> {
        let version = self.versions.first()?;
        if self.told.contains_key(&version.first) {
            return None;
        }
        if self.scans.keys().next() == Some(&version.first) {
            return self.event(version.first, None, Happening::KnownFromTheStart);
        }
        let change = Change { reason: Some(NOT_KEPT.to_owned()), ..self.change(What::FirstSeen, version) };
        self.event(version.first, None, Happening::Change(Box::new(change)))
    }

    /// What differs between two versions and was said by scans that are not kept any more.
    fn between(&self, earlier: &Version, later: &Version) -> Option<Event> {
        let last = earlier.last?;
        let own = self.told.get(&later.first).into_iter().flatten().find(|change| change.resource == *self.resource);
        let whole = self.scans.range(last..=later.first).all(|(scan, _)| *scan == last || self.is_kept(*scan));
        if whole {
            return None;
        }
        // What was said of the later version, was said of how it stood before: up to there, nobody says anything any more.
        let told = own.map(|change| change.fields.as_slice()).unwrap_or_default();
        let fields = drift::differences(&earlier.resource, &later.resource, told);
        let change = Change { fields, ..self.change(What::Changed, later) };
        let scan = match own {
            Some(_) => self.scans.range(..later.first).next_back().map(|(scan, _)| *scan)?,
            None => later.first,
        };
        if change.fields.is_empty() { None } else { self.event(scan, Some(last), Happening::Change(Box::new(change))) }
    }

    /// When it went out of sight, where no scan that is kept says so, and when it was in sight again.
    fn sight(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (first, last) in &self.unseen {
            let version = self.versions.iter().rfind(|version| version.first <= *first);
            if let (Some(version), false) = (version, self.told.contains_key(first)) {
                let reason = Some(NOT_KEPT.to_owned());
                let change = Change { reason, ..self.change(What::NotObserved, version) };
                events.extend(self.event(*first, None, Happening::Change(Box::new(change))));
            }
            let Some(last) = last else { continue };
            let next = self.scans.range(SnapshotId(last.0 + 1)..).next().map(|(scan, _)| *scan);
            let known = |scan: &SnapshotId| {
                let has = |version: &Version| version.first <= *scan && version.last.is_none_or(|last| *scan <= last);
                self.versions.iter().any(has)
            };
            events.extend(next.filter(known).and_then(|scan| self.event(scan, None, Happening::InSightAgain)));
        }
        events
    }

    /// That it is gone, where no scan that is kept says so.
    fn end(&self) -> Option<Event> {
        let version = self.versions.last()?;
        let last = version.last?;
        let gone = self.scans.range(SnapshotId(last.0 + 1)..).map(|(scan, _)| *scan).next()?;
        if self.told.contains_key(&gone) {
            return None;
        }
        self.event(gone, Some(last), Happening::Change(Box::new(self.change(What::Removed, version))))
    }

    /// Which endpoints could have shown it in the latest scan and were not read whole.
    fn hidden_by(&self, ledger: &[crate::model::LedgerEntry]) -> Option<String> {
        let is_unseen = self.unseen.last().is_some_and(|(_, last)| last.is_none());
        let version = self.versions.last().filter(|_| is_unseen)?;
        Coverage(ledger).why_unseen(&version.resource.seen_by)
    }
}
