//! The exit codes, a sentence each.

use std::process::ExitCode;

use crate::model::Severity;

/// Everything was seen, or declared, and no open finding reaches the threshold.
pub const COMPLETE: u8 = 0;
/// It could not be done: the reason is on standard error.
pub const FAILED: u8 = 1;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// A configuration, rule or other file has mistakes; nothing was scanned.
pub const MISTAKES: u8 = 3;
/// Open findings reach the threshold.
pub const FINDINGS: u8 = 10;
/// Something could not be seen and nobody declared it.
pub const INCOMPLETE: u8 = 20;
/// Both: findings at the threshold, and something unseen.
pub const FINDINGS_AND_INCOMPLETE: u8 = 30;

/// The exit code of a scan.
#[must_use]
pub fn of_scan(complete: bool, worst: Option<Severity>, fail_on: Option<Severity>) -> ExitCode {
    let reached = matches!((worst, fail_on), (Some(worst), Some(threshold)) if worst >= threshold);
    ExitCode::from(match (reached, complete) {
        (false, true) => COMPLETE,
        (true, true) => FINDINGS,
        (false, false) => INCOMPLETE,
        (true, false) => FINDINGS_AND_INCOMPLETE,
    })
}

/// The codes with their meaning, for the help text.
pub const HELP: &str = "\
Exit codes:
   0  complete, and no open finding at or above the threshold
   1  failed
   2  command line not understood
   3  mistakes in configuration, rule or other files; nothing was scanned
  10  open findings at or above the threshold
  20  incomplete: something could not be seen and was not declared
  30  both 10 and 20";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unseen_part_is_never_a_success() {
        let code = |complete, worst| format!("{:?}", of_scan(complete, worst, Some(Severity::High)));
        assert_eq!(code(true, Some(Severity::Medium)), format!("{:?}", ExitCode::from(0)));
        assert_eq!(code(false, None), format!("{:?}", ExitCode::from(20)));
        assert_eq!(code(false, Some(Severity::High)), format!("{:?}", ExitCode::from(30)));
        assert_eq!(code(true, Some(Severity::Critical)), format!("{:?}", ExitCode::from(10)));
    }
}
