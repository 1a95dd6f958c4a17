//! Which rows belong to which tenant. A resource and a finding have the tenant that issued the id; an endpoint belongs to a source,
//! and a source shows things of one tenant or more.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Assessment, FindingCounts, Kind, LedgerEntry, Resource, SourceName};
use crate::reports::{Findings, RenderError, Wanted, order};

/// Where rows stand of which nobody can say whose they are.
pub(super) const UNKNOWN: &str = "unknown";

/// Where rows stand whose ids were issued by a tenant without a name.
const NAMELESS: &str = "empty";

/// What is said of one tenant.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    /// Sorted by id; false for those that were out of sight.
    pub(super) resources: Vec<(&'a Resource, bool)>,
    /// How many findings about its things stand how; the findings themselves are told one by one.
    pub(super) findings: FindingCounts,
    /// By source and endpoint.
    pub(super) endpoints: Vec<Endpoint<'a>>,
}

/// An endpoint, and every tenant under which it is told.
#[derive(Debug, Clone)]
pub(super) struct Endpoint<'a> {
    pub(super) entry: &'a LedgerEntry,
    pub(super) tenants: BTreeSet<&'a str>,
}

/// The parts by tenant; never none.
#[derive(Debug)]
pub(super) struct Parts<'a>(BTreeMap<String, Part<'a>>);

impl<'a> Parts<'a> {
    /// Takes an assessment and its findings apart.
    pub(super) fn of(assessment: &'a Assessment, findings: &dyn Findings) -> Result<Self, RenderError> {
        let mut parts: BTreeMap<String, Part<'_>> = BTreeMap::new();
        let part =
            |parts: &mut BTreeMap<String, Part<'a>>, tenant: &str, add: &mut dyn FnMut(&mut Part<'a>)| match parts
                .get_mut(tenant)
            {
                Some(part) => add(part),
                None => add(parts.entry(tenant.to_owned()).or_default()),
            };
        let snapshot = &assessment.snapshot;
        // What was seen in part has the row of what was seen: the rest of it is unknown now.
        let out_of_sight = snapshot.carried.iter().filter(|carried| snapshot.get(&carried.id).is_none());
        let seen = snapshot.resources.iter().map(|resource| (resource, true));
        for (resource, was_seen) in seen.chain(out_of_sight.map(|resource| (resource, false))) {
            part(&mut parts, named(resource.id.tenant()), &mut |part| part.resources.push((resource, was_seen)));
        }
        for part in parts.values_mut() {
            part.resources.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
        }
        findings.each(Wanted::FindingsAlone, &mut |told| {
            let tenant = named(told.finding.resource.tenant());
            part(&mut parts, tenant, &mut |part| part.findings.add(&told.finding.into()));
            Ok(())
        })?;
        let shown = shown_by_source(assessment);
        for entry in order::ledger(assessment) {
            let tenants = tenants_of(entry, shown.get(&entry.source));
            for tenant in &tenants {
                let endpoint = Endpoint { entry, tenants: tenants.clone() };
                parts.entry((*tenant).to_owned()).or_default().endpoints.push(endpoint);
            }
        }
        if parts.is_empty() {
            parts.entry(UNKNOWN.to_owned()).or_default();
        }
        Ok(Self(parts))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Part<'a>)> {
        self.0.iter().map(|(tenant, part)| (tenant.as_str(), part))
    }
}

/// The tenant under which something is told that this one issued the id of.
pub(super) fn named(tenant: &str) -> &str {
    if tenant.is_empty() { NAMELESS } else { tenant }
}

/// What a source showed, in this scan or in one before: of whom, and of which kinds.
#[derive(Default)]
struct Shown<'a> {
    tenants: BTreeSet<&'a str>,
    kinds: BTreeSet<Kind>,
}

fn shown_by_source(assessment: &Assessment) -> BTreeMap<&SourceName, Shown<'_>> {
    let mut shown: BTreeMap<&SourceName, Shown<'_>> = BTreeMap::new();
    let snapshot = &assessment.snapshot;
    for resource in snapshot.resources.iter().chain(&snapshot.carried) {
        for sighting in &resource.seen_by {
            let by_source = shown.entry(&sighting.source).or_default();
            by_source.tenants.insert(named(resource.id.tenant()));
            by_source.kinds.insert(resource.kind());
        }
    }
    shown
}

/// The tenants under which an endpoint is told: all of which its source showed anything. Behind a gap there may be things of others
/// as well, where the source never showed any of that kind: accounts of the cloud belong to another tenant than the projects of a
/// site. Such a gap is told under `unknown` too.
fn tenants_of<'a>(entry: &LedgerEntry, shown: Option<&Shown<'a>>) -> BTreeSet<&'a str> {
    let mut tenants = shown.map(|shown| shown.tenants.clone()).unwrap_or_default();
    let showed = |kind: &Kind| shown.is_some_and(|shown| shown.kinds.contains(kind));
    if tenants.is_empty() || (entry.is_gap() && !entry.shows.iter().all(showed)) {
        tenants.insert(UNKNOWN);
    }
    tenants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EndpointState, ResourceId};

    fn entry(shows: &[Kind], state: EndpointState) -> LedgerEntry {
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        let entry =
            LedgerEntry::not_asked("jira".into(), "x".into(), String::new(), shows.to_vec(), String::new(), now);
        LedgerEntry { state, ..entry }
    }

    #[test]
    fn an_endpoint_stands_under_each_tenant_of_its_source_and_a_gap_where_nobody_can_tell() {
        let of = |tenants: &[&'static str], kinds: &[Kind]| Shown {
            tenants: tenants.iter().copied().collect(),
            kinds: kinds.iter().copied().collect(),
        };
        let site = of(&["11f1", ResourceId::CLOUD], &[Kind::Container, Kind::Principal]);
        let told = |shows: &[Kind], state, shown| {
            tenants_of(&entry(shows, state), shown).into_iter().collect::<Vec<_>>().join(" ")
        };
        let (complete, denied) = (EndpointState::Complete, EndpointState::Denied);
        assert_eq!(told(&[Kind::Container], complete, Some(&site)), "11f1 atlassian");
        assert_eq!(told(&[Kind::Webhook], complete, Some(&site)), "11f1 atlassian");
        assert_eq!(told(&[Kind::Principal], denied, Some(&site)), "11f1 atlassian");
        assert_eq!(told(&[Kind::Principal, Kind::Webhook], denied, Some(&site)), "11f1 atlassian unknown");
        assert_eq!(told(&[Kind::Principal], complete, None), "unknown");
    }
}
