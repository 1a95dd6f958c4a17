//! What is suggested on one access, and why. The gravest reason decides; all of them are told. Nothing is suggested for want
//! of a word: where the last use was not told, that is a reason to look, and none to revoke.

use chrono::{DateTime, Utc};

use super::used::Use;
use crate::model::{AccessLevel, Fact, Suggestion, Sureness};

/// After so many days without use an access is one that nobody needs.
const UNUSED_DAYS: i64 = 90;

/// What is known of one access.
pub(super) struct Known<'k> {
    pub(super) machine: bool,
    pub(super) external: bool,
    /// Whether anything lets the account in.
    pub(super) active: Fact<bool>,
    /// True if the roster says that its person has left.
    pub(super) left: bool,
    /// Whoever answers for the machine by the register, and has left.
    pub(super) owner_left: Option<&'k str>,
    /// True if the register declares it.
    pub(super) declared: bool,
    /// True if the register says where it works, and not here.
    pub(super) beyond: bool,
    pub(super) usage: &'k Use,
    pub(super) level: AccessLevel,
    pub(super) sureness: Sureness,
    pub(super) now: DateTime<Utc>,
}

/// The suggestion and its reasons.
pub(super) fn suggest(known: &Known<'_>) -> (Suggestion, Vec<String>) {
    let mut speaks: Vec<(Suggestion, String)> = Vec::new();
    let mut revoke = |when: bool, why: &str| speaks.extend(when.then(|| (Suggestion::Revoke, why.to_owned())));
    revoke(
        known.active == Fact::Known(false),
        "the account is closed, and would get this back if it were let in again",
    );
    revoke(known.left, "its person has left, as the roster tells");
    revoke(known.beyond, "the register does not declare it for this place");
    speaks.extend(idle(known));
    let mut look = |when: bool, why: String| speaks.extend(when.then_some((Suggestion::Look, why)));
    let mut owner = known.owner_left.map(|owner| format!("{owner}, who answers for it, has left"));
    look(owner.is_some(), owner.take().unwrap_or_default());
    let decides = known.level >= AccessLevel::Decides;
    look(known.machine && decides, format!("a machine that {}", known.level.name()));
    look(known.external && decides, format!("an account from outside that {}", known.level.name()));
    look(known.machine && !known.declared, "a machine that no register declares".to_owned());
    look(known.sureness == Sureness::Possible, "it is not certain that the access is there".to_owned());
    look(known.active.is_unknown(), "whether anything lets the account in was not told".to_owned());
    let suggestion = speaks.iter().map(|(suggestion, _)| *suggestion).max().unwrap_or(Suggestion::Keep);
    (suggestion, speaks.into_iter().map(|(_, why)| why).collect())
}

/// What speaks of its use.
fn idle(known: &Known<'_>) -> Option<(Suggestion, String)> {
    let Use { last, told, .. } = known.usage;
    match (last, told) {
        (Fact::Known(last), told) => {
            let days = (known.now - *last).num_days();
            match (days >= UNUSED_DAYS, told) {
                (true, true) => Some((Suggestion::Revoke, format!("not used for {days} days"))),
                (true, false) => {
                    let why = format!("no use was seen for {days} days, and a later one may not have been told");
                    Some((Suggestion::Look, why))
                }
                (false, _) => None,
            }
        }
        (Fact::Absent, _) => Some((Suggestion::Revoke, "never used".to_owned())),
        (Fact::Unknown, _) => Some((Suggestion::Look, "when it was last used was not told".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn used(days: i64, told: bool) -> Use {
        Use { credentials: Vec::new(), last: Fact::Known(now() - TimeDelta::days(days)), told }
    }

    fn known(usage: &Use) -> Known<'_> {
        Known {
            machine: false,
            external: false,
            active: Fact::Known(true),
            left: false,
            owner_left: None,
            declared: false,
            beyond: false,
            usage,
            level: AccessLevel::Changes,
            sureness: Sureness::Certain,
            now: now(),
        }
    }

    #[test]
    fn what_was_not_told_is_no_reason_to_revoke() {
        assert_eq!(suggest(&known(&used(3, true))), (Suggestion::Keep, Vec::new()));
        assert_eq!(suggest(&known(&used(90, true))).0, Suggestion::Revoke);
        assert_eq!(suggest(&known(&used(90, false))).0, Suggestion::Look);
        let silent = Use { credentials: Vec::new(), last: Fact::Unknown, told: false };
        assert_eq!(suggest(&known(&silent)).0, Suggestion::Look);
    }

    #[test]
    fn the_gravest_reason_decides_and_all_are_told() {
        let usage = used(1, true);
        let machine = Known { machine: true, level: AccessLevel::Administers, ..known(&usage) };
        assert_eq!(suggest(&machine).0, Suggestion::Look);
        let beyond = Known { beyond: true, declared: true, ..machine };
        let (suggestion, why) = suggest(&beyond);
        assert_eq!(suggestion, Suggestion::Revoke);
        assert_eq!(why, ["the register does not declare it for this place", "a machine that administers"]);
    }
}
