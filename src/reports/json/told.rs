//! Lists of the JSON report that are written while findings come, one after the other.

use std::cell::Cell;

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::judged::{V1Finding, V1Transition};
use crate::reports::{Findings, RenderError, Wanted};

/// Where findings come from, and why they could not be told to the end.
pub(super) struct Source<'a> {
    pub(super) findings: &'a dyn Findings,
    failed: Cell<Option<RenderError>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(findings: &'a dyn Findings) -> Self {
        Self { findings, failed: Cell::new(None) }
    }

    pub(super) fn failed(&self) -> Option<RenderError> {
        self.failed.take()
    }

    /// What comes of a list: the error with which it was refused, or else that of the source, which is kept.
    fn outcome<E: Error>(&self, refused: Option<E>, told: Result<(), RenderError>) -> Result<(), E> {
        match (refused, told) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => {
                self.failed.set(Some(error));
                Err(E::custom("findings could not be told to the end"))
            }
        }
    }
}

/// Stops the telling: what the writer said is kept beside it.
fn stop<E>(refused: &mut Option<E>, written: Result<(), E>) -> Result<(), RenderError> {
    written.map_err(|error| {
        *refused = Some(error);
        RenderError::Write(std::io::ErrorKind::Other.into())
    })
}

/// Every finding.
pub(super) struct EachFinding<'a>(pub(super) &'a Source<'a>);

impl Serialize for EachFinding<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (mut list, mut refused) = (to.serialize_seq(None)?, None);
        let told = self.0.findings.each(Wanted::FindingsAlone, &mut |told| {
            let written = list.serialize_element(&V1Finding::of(told.finding));
            stop(&mut refused, written)
        });
        self.0.outcome(refused, told)?;
        list.end()
    }
}

/// Every step of a finding.
pub(super) struct EachStep<'a>(pub(super) &'a Source<'a>);

impl Serialize for EachStep<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (mut list, mut refused) = (to.serialize_seq(None)?, None);
        let told = self.0.findings.each_step(&mut |step| {
            let written = list.serialize_element(&V1Transition::of(step));
            stop(&mut refused, written)
        });
        self.0.outcome(refused, told)?;
        list.end()
    }
}

/// Every finding that is shown as open although a waiver covers it, with that waiver.
pub(super) struct EachSetAside<'a>(pub(super) &'a Source<'a>);

impl Serialize for EachSetAside<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (mut list, mut refused) = (to.serialize_map(None)?, None);
        let told = self.0.findings.each_set_aside(&mut |finding, waiver| {
            let written = list.serialize_entry(finding.as_str(), waiver.as_str());
            stop(&mut refused, written)
        });
        self.0.outcome(refused, told)?;
        list.end()
    }
}
