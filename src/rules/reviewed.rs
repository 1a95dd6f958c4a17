//! Fields that hold what reviews decided to take away. What is still there for certain is told at once; that nothing is, only
//! where everything could be looked at. Days count from the day of the decision, so that a rule can leave people time:
//! `x_at_least` speaks of what is certain, `x_at_most` of what could not be ruled out as well.

use chrono::NaiveTime;

use super::fields::{Texts, View};
use crate::inventory::Progress;
use crate::model::{DecidedAccess, Fact};

type Ordered<'a> = Vec<(&'a DecidedAccess, &'a Progress)>;

fn ordered<'a>(view: &View<'a>) -> Option<Ordered<'a>> {
    view.inventory.revocations_of(&view.resource.id)
}

/// “project PAY: decides (review q4, Ada Muster on 2026-11-26)”.
fn worded(one: &DecidedAccess) -> String {
    let DecidedAccess { review, row, decision } = one;
    format!("{}: {} (review {review}, {} on {})", row.place, row.level.name(), decision.reviewer, decision.decided_on)
}

pub(super) fn revocations_ordered<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let told = ordered(view).map(|all| all.iter().map(|(one, _)| worded(one)).collect());
    told.map_or(Fact::Unknown, |texts| Fact::Known(Texts::Worded(texts)))
}

pub(super) fn revocations_not_done<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(all) = ordered(view) else { return Fact::Unknown };
    let mut left = Vec::new();
    for (one, progress) in &all {
        if let Progress::NotDone(still) = progress {
            left.push(format!("{}, still {still}", worded(one)));
        }
    }
    let untold = all.iter().any(|(_, progress)| matches!(progress, Progress::Untold(_)));
    if left.is_empty() && untold { Fact::Unknown } else { Fact::Known(Texts::Worded(left)) }
}

pub(super) fn revocation_days(view: &View<'_>) -> Fact<i64> {
    let (least, most) = (revocation_days_at_least(view), revocation_days_at_most(view));
    if least == most { least } else { Fact::Unknown }
}

pub(super) fn revocation_days_at_least(view: &View<'_>) -> Fact<i64> {
    longest(view, |progress| matches!(progress, Progress::NotDone(_)))
}

pub(super) fn revocation_days_at_most(view: &View<'_>) -> Fact<i64> {
    longest(view, |progress| !matches!(progress, Progress::Done))
}

/// For how many days the oldest of these waits. A reviewer's day may have begun before that of UTC: then it is none.
fn longest(view: &View<'_>, counts: impl Fn(&Progress) -> bool) -> Fact<i64> {
    let Some(all) = ordered(view) else { return Fact::Unknown };
    let waiting = all.iter().filter(|(_, progress)| counts(progress)).map(|(one, _)| {
        let decided = one.decision.decided_on.and_time(NaiveTime::MIN).and_utc();
        (view.now - decided).num_days().max(0)
    });
    Fact::from_option(waiting.max())
}
