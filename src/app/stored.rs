//! All that is to be said about a scan whose findings stay in the store: they are told one by one, so that a report of a million of
//! them takes no more memory than one of a few.

use std::collections::BTreeMap;

use super::AppError;
use super::assess::{frame, with_postures_of};
use crate::model::{
    Assessment, Census, Finding, FindingCounts, FindingId, Outline, SnapshotHead, Status, Step, Transition, WaiverId,
};
use crate::reports::{Findings, RenderError, Told, Wanted};
use crate::store::{FindingStream, Store, StoreError};

/// Whether waivers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaiverView {
    /// What is waived is shown as waived.
    Applied,
    /// As if no waiver had been written: what is waived is shown as open.
    SetAside,
}

/// A scan, and its findings in the store.
#[derive(Debug)]
pub struct Stored<'a> {
    /// All but findings, their steps and what goes back and forth: these lists are empty.
    pub assessment: Assessment,
    /// Those findings.
    pub findings: StoredFindings<'a>,
}

/// The findings of a scan as the store has them.
#[derive(Debug)]
pub struct StoredFindings<'a> {
    stream: FindingStream<'a>,
    waivers: WaiverView,
    counts: FindingCounts,
}

/// Everything the store knows about a scan, for reports that tell findings one by one. What they say is what they say of
/// [`assess_after`](super::assess_after), and of [`without_waivers`](super::without_waivers) where waivers are set aside.
///
/// # Errors
/// When it is not known any more how findings stood then, or the store cannot be read.
pub fn assess_stored(store: &Store, scan: SnapshotHead, waivers: WaiverView) -> Result<Stored<'_>, AppError> {
    let mut census = Census::default();
    let stream = store.finding_stream(&scan, |outline| match (waivers, outline.status) {
        (WaiverView::SetAside, Status::Waived(_)) => census.add(&Outline { status: &Status::Open, ..*outline }),
        _ => census.add(outline),
    })?;
    let Some(stream) = stream else {
        return Err(AppError::FindingsNotKept { scan: scan.id, since: store.findings_kept_since()? });
    };
    let mut assessment = frame(store, scan)?;
    if waivers == WaiverView::SetAside {
        assessment.set_aside = Some(BTreeMap::new());
    }
    let assessment = with_postures_of(&census.rules, assessment)?;
    Ok(Stored { assessment, findings: StoredFindings { stream, waivers, counts: census.counts } })
}

impl From<StoreError> for RenderError {
    fn from(error: StoreError) -> Self {
        Self::Unreadable(error.into())
    }
}

impl Findings for StoredFindings<'_> {
    fn counts(&self) -> FindingCounts {
        self.counts.clone()
    }

    fn each(
        &self,
        wanted: Wanted,
        take: &mut dyn FnMut(&Told<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let mut steps: Vec<Step> = Vec::new();
        let mut tell = |mut finding: Finding, mut taken: Vec<Transition>| {
            let set_aside = match self.waivers {
                WaiverView::Applied => None,
                WaiverView::SetAside => {
                    Transition::set_waivers_aside(&mut taken, Some(finding.first_seen));
                    finding.set_waiver_aside()
                }
            };
            in_order(&mut taken);
            steps.clear();
            steps.extend(taken.iter().map(|taken| taken.step));
            take(&Told { finding: &finding, steps: &steps, set_aside: set_aside.as_ref() })
        };
        match wanted {
            Wanted::Steps => self.stream.each_with_steps(tell),
            Wanted::FindingsAlone => self.stream.each(|finding| tell(finding, Vec::new())),
        }
    }

    fn each_step(&self, take: &mut dyn FnMut(&Transition) -> Result<(), RenderError>) -> Result<(), RenderError> {
        self.stream.each_steps(|mut taken| {
            if self.waivers == WaiverView::SetAside {
                let first_seen = match taken.iter().find(|taken| taken.step == Step::Waived) {
                    Some(waived) => self.stream.first_seen(&waived.finding)?,
                    None => None,
                };
                Transition::set_waivers_aside(&mut taken, first_seen);
            }
            in_order(&mut taken);
            taken.iter().try_for_each(&mut *take)
        })
    }

    fn each_set_aside(
        &self,
        take: &mut dyn FnMut(&FindingId, &WaiverId) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        match self.waivers {
            WaiverView::Applied => Ok(()),
            WaiverView::SetAside => self.stream.each_waived(|finding, waiver| take(&finding, &waiver)),
        }
    }
}

/// The steps of one finding in the order of reports.
fn in_order(taken: &mut [Transition]) {
    taken.sort_by(|left, right| (left.at, left.step, &left.note).cmp(&(right.at, right.step, &right.note)));
}
