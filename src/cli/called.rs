//! What somebody calls by an id, a native id or a name: a finding, or one resource. Nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};

use super::complain::Complaint;
use super::questions::finding_called;
use crate::app::AppError;
use crate::model::{Body, Finding, Resource, ResourceId, Snapshot};
use crate::store::Store;
use crate::text::{did_you_mean, harmless, shorten};

/// What somebody asks about.
pub(super) enum Called<'a> {
    Finding(&'a Finding),
    Resource(ResourceId),
}

/// Candidates that are listed when there are several.
const MOST_CANDIDATES: usize = 10;

/// What is called so: a finding, or the one resource with that id, native id or name. Nothing is guessed.
pub(super) fn find<'a>(store: &Store, findings: &'a [Finding], called: &str) -> Result<Called<'a>, Complaint> {
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
