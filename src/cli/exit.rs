//! The exit codes, a sentence each.

use std::process::ExitCode;

use crate::app::Delivered;
use crate::model::Severity;

/// Everything was seen, or declared, and no open finding reaches the threshold.
pub const COMPLETE: u8 = 0;
/// It could not be done: the reason is on standard error.
pub const FAILED: u8 = 1;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// A configuration, rule or other file has mistakes; nothing was scanned.
pub const MISTAKES: u8 = 3;
/// Notices could not be delivered; they wait, or were given up.
pub const UNDELIVERED: u8 = 5;
/// Open findings reach the threshold.
pub const FINDINGS: u8 = 10;
/// Something could not be seen and nobody declared it.
pub const INCOMPLETE: u8 = 20;
/// Both: findings at the threshold, and something unseen.
pub const FINDINGS_AND_INCOMPLETE: u8 = 30;

/// The exit code of a scan.
#[must_use]
pub fn of_scan(complete: bool, worst: Option<Severity>, fail_on: Option<Severity>) -> u8 {
    let reached = matches!((worst, fail_on), (Some(worst), Some(threshold)) if worst >= threshold);
    match (reached, complete) {
        (false, true) => COMPLETE,
        (true, true) => FINDINGS,
        (false, false) => INCOMPLETE,
        (true, false) => FINDINGS_AND_INCOMPLETE,
    }
}

/// The code of two scans together.
#[must_use]
pub fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (FAILED, _) | (_, FAILED) => FAILED,
        (FINDINGS, INCOMPLETE) | (INCOMPLETE, FINDINGS) => FINDINGS_AND_INCOMPLETE,
        (one, other) => one.max(other),
    }
}

/// The same after a round of deliveries: what the estate is like counts for more than who could be told.
#[must_use]
pub fn with_alerts(code: u8, told: Option<&Delivered>) -> ExitCode {
    let failed = told.is_some_and(|told| told.put_off + told.given_up > 0);
    ExitCode::from(if code == COMPLETE && failed { UNDELIVERED } else { code })
}

/// The codes with their meaning, for the help text.
pub const HELP: &str = "\
Exit codes:
   0  complete, and no open finding at or above the threshold
   1  failed
   2  command line not understood
   3  mistakes in configuration, rule or other files; nothing was scanned
   5  complete, but notices could not be delivered
  10  open findings at or above the threshold
  20  incomplete: something could not be seen and was not declared
  30  both 10 and 20";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unseen_part_is_never_a_success() {
        let code = |complete, worst| of_scan(complete, worst, Some(Severity::High));
        assert_eq!(code(true, Some(Severity::Medium)), COMPLETE);
        assert_eq!(code(false, None), INCOMPLETE);
        assert_eq!(code(false, Some(Severity::High)), FINDINGS_AND_INCOMPLETE);
        assert_eq!(code(true, Some(Severity::Critical)), FINDINGS);
    }

    #[test]
    fn a_notice_that_nobody_took_shows_but_hides_nothing_worse() {
        let failed = Delivered { put_off: 1, ..Delivered::default() };
        let shown = |code| format!("{:?}", with_alerts(code, Some(&failed)));
        assert_eq!(shown(COMPLETE), format!("{:?}", ExitCode::from(UNDELIVERED)));
        assert_eq!(shown(FINDINGS), format!("{:?}", ExitCode::from(FINDINGS)));
    }
}
