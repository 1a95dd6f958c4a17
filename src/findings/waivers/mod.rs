//! The waiver file: read with all its mistakes at once, asked which findings it covers on a day, and added to.
//!
//! A waiver that says which facts were accepted covers a finding only as long as nothing came to them. Where it speaks of
//! several resources each has its own facts, and each stands for itself: what came to one does not bring up the others. A
//! resource of which nothing was accepted is not covered, whatever pattern it fits.

mod cover;
mod limits;
mod read;
mod written;

use std::collections::BTreeMap;

use chrono::NaiveDate;

pub(super) use cover::Cover;
pub use limits::{LongestDays, WaiverLimits};
pub use written::{CannotAppend, Entry, append, bound};

use crate::document;
use crate::model::{RuleSummary, Waiver, WaiverId};
use crate::problem::{Problems, SourceText};
use read::Reader;

/// The waivers of an estate. The default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waivers {
    /// Sorted by id.
    waivers: Vec<Waiver>,
    limits: WaiverLimits,
}

impl Waivers {
    /// Reads a waiver file. A waiver that ran out is no mistake: it covers nothing any more, and is reported.
    ///
    /// # Errors
    /// With every mistake in the file: a missing, improper or too distant end, a rule that is not among `rules`,
    /// an id that comes twice, a resource that is neither id nor pattern, an empty text, an unknown key, facts that are not
    /// those of their digest.
    pub fn parse(
        file: &SourceText,
        rules: &[RuleSummary],
        today: NaiveDate,
        limits: WaiverLimits,
    ) -> Result<Self, Problems> {
        let reader = Reader { rules, today, limits };
        let mut document = document::parse(file)?;
        let mut waivers: BTreeMap<WaiverId, Waiver> = BTreeMap::new();
        for mut section in document.sections("waivers") {
            let waiver = reader.read(&mut section);
            if let Some(waiver) = &waiver
                && waivers.contains_key(&waiver.id)
            {
                section.wrong(section.span_of("id"), format!("waiver `{}` is in the file already", waiver.id), None);
            }
            if let Some(waiver) = document.take(section.finish(waiver)) {
                waivers.insert(waiver.id.clone(), waiver);
            }
        }
        document.finish(Some(Self { waivers: waivers.into_values().collect(), limits }))
    }

    /// The waivers, sorted by id.
    #[must_use]
    pub fn all(&self) -> &[Waiver] {
        &self.waivers
    }

    /// What the configuration asks of them.
    #[must_use]
    pub fn limits(&self) -> &WaiverLimits {
        &self.limits
    }

    /// An id for one more: `W-` and the number after the greatest there is.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        let number = |waiver: &Waiver| waiver.id.as_str().strip_prefix("W-")?.parse::<u32>().ok();
        self.waivers.iter().filter_map(number).max().unwrap_or(0).saturating_add(1)
    }
}
