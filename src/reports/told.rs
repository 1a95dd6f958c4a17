//! The findings of a scan, told one after the other: from an assessment that holds them all, or from wherever else they come, a
//! million in the memory of one.

use super::{RenderError, order};
use crate::model::{Assessment, Finding, FindingCounts, FindingId, Step, Transition, WaiverId};

/// A finding as it is told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The steps it took in this scan, in their order, where those are wanted.
    pub steps: &'a [Step],
    /// In a view without waivers, the waiver that covers it although it is shown as open.
    pub set_aside: Option<&'a WaiverId>,
}

/// What is wanted of findings beside themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The steps they took as well.
    Steps,
    /// Nothing: none of them has steps.
    FindingsAlone,
}

/// The findings of a scan. Each of these may be asked any number of times and says the same every time. Where `take` refuses,
/// the rest is not told and its error is given back.
pub trait Findings {
    /// How many stand how.
    fn counts(&self) -> FindingCounts;

    /// Every finding, the worst first, then by rule, resource and id.
    ///
    /// # Errors
    /// That of `take`, or `Unreadable`.
    fn each(
        &self,
        wanted: Wanted,
        take: &mut dyn FnMut(&Told<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError>;

    /// Every step that findings took in this scan, by finding, then as it was taken.
    ///
    /// # Errors
    /// That of `take`, or `Unreadable`.
    fn each_step(&self, take: &mut dyn FnMut(&Transition) -> Result<(), RenderError>) -> Result<(), RenderError>;

    /// In a view without waivers, every finding that is shown as open although a waiver covers it, by id.
    ///
    /// # Errors
    /// That of `take`, or `Unreadable`.
    fn each_set_aside(
        &self,
        take: &mut dyn FnMut(&FindingId, &WaiverId) -> Result<(), RenderError>,
    ) -> Result<(), RenderError>;
}

impl Findings for Assessment {
    fn counts(&self) -> FindingCounts {
        FindingCounts::of(&self.findings)
    }

    fn each(
        &self,
        wanted: Wanted,
        take: &mut dyn FnMut(&Told<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let transitions = match wanted {
            Wanted::Steps => order::transitions(self),
            Wanted::FindingsAlone => Vec::new(),
        };
        let steps: Vec<Step> = transitions.iter().map(|taken| taken.step).collect();
        for finding in order::findings(self) {
            let first = transitions.partition_point(|taken| taken.finding < finding.id);
            let own = transitions.iter().skip(first).take_while(|taken| taken.finding == finding.id).count();
            let steps = steps.get(first..first + own).unwrap_or_default();
            let set_aside = self.set_aside.as_ref().and_then(|set_aside| set_aside.get(&finding.id));
            take(&Told { finding, steps, set_aside })?;
        }
        Ok(())
    }

    fn each_step(&self, take: &mut dyn FnMut(&Transition) -> Result<(), RenderError>) -> Result<(), RenderError> {
        order::transitions(self).into_iter().try_for_each(take)
    }

    fn each_set_aside(
        &self,
        take: &mut dyn FnMut(&FindingId, &WaiverId) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        self.set_aside.iter().flatten().try_for_each(|(finding, waiver)| take(finding, waiver))
    }
}
