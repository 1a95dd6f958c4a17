//! What the configuration asks of waivers: how long they may last, how broad they may be, whether they must be bound to facts.

use crate::model::Severity;

/// What the configuration asks of waivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaiverLimits {
    /// The days from today within which a waiver must end.
    pub longest: LongestDays,
    /// The days before its end from which a waiver is reported as expiring.
    pub warning_days: u16,
    /// The findings that one waiver may cover before it is reported as too broad.
    pub most_findings: usize,
    /// True if a waiver that is bound to no facts is a mistake.
    pub must_be_bound: bool,
}

impl Default for WaiverLimits {
    fn default() -> Self {
        Self { longest: LongestDays::default(), warning_days: 14, most_findings: 25, must_be_bound: false }
    }
}

/// For how many days a finding may be accepted, by how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongestDays([u16; Severity::ALL.len()]);

impl Default for LongestDays {
    /// A month for what is critical, a quarter, half a year, and a year for what is minor.
    fn default() -> Self {
        Self([30, 90, 180, 366, 366])
    }
}

impl LongestDays {
    /// The same for every severity.
    #[must_use]
    pub fn same(days: u16) -> Self {
        Self([days; Severity::ALL.len()])
    }

    /// For how many days findings of this severity may be accepted.
    #[must_use]
    pub fn of(&self, severity: Severity) -> u16 {
        let of_severity = Severity::ALL.iter().zip(self.0).find(|(one, _)| **one == severity);
        of_severity.map_or(0, |(_, days)| days)
    }

    /// Sets the days of one severity.
    pub fn set(&mut self, severity: Severity, days: u16) {
        for (one, known) in Severity::ALL.iter().zip(&mut self.0) {
            if *one == severity {
                *known = days;
            }
        }
    }
}
