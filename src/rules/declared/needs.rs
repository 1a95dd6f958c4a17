//! What integrations may do, held against what the register says they need.

use super::{Finds, none_declared};
use crate::inventory::needs::{Judged, unseen_places};
use crate::model::Fact;
use crate::rules::fields::{Texts, View, integration};

fn told<'a>(view: &View<'a>, list: impl Fn(&Judged) -> &Fact<Vec<String>>) -> Fact<Texts<'a>> {
    list(&view.inventory.judged(view.resource)).clone().map(Texts::Worded)
}

/// What it needs and has not, as “PAY: LINK_ISSUES”, in every place that it is declared for. One of its accounts is enough
/// to have it.
pub(in crate::rules) fn permissions_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.missing)
}

/// What it has and does not need in the places it is declared for.
pub(in crate::rules) fn permissions_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.beyond)
}

/// Places in which it has permissions of its own although the register does not name them.
pub(in crate::rules) fn containers_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.outside)
}

/// Whole products that it administers and does not need to.
pub(in crate::rules) fn administers_beyond<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.administers)
}

/// What to take away so that it may do no more than it needs.
pub(in crate::rules) fn remedy<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.remedy)
}

/// What to grant so that it may do all it needs.
pub(in crate::rules) fn grants_to_add<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    told(view, |judged| &judged.grants)
}

/// How many others would lose something by the remedy.
pub(in crate::rules) fn others_affected(view: &View<'_>) -> Fact<i64> {
    view.inventory.judged(view.resource).others
}

/// Declared places that none of its products has. What is not there may be out of sight.
pub(in crate::rules) fn containers_missing<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let keys = match &integration(view).containers {
        Fact::Known(keys) => keys,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let mut missing = Finds::default();
    for place in unseen_places(view.inventory, keys) {
        if place.is_shown && place.gaps.is_empty() {
            missing.found(place.key.to_owned());
        } else {
            missing.in_doubt();
        }
    }
    missing.told()
}
