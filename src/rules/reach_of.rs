//! Fields that hold how far accounts and credentials reach, and who reaches a container. What is certain is a lower bound
//! and always told; the number itself is known only where nothing more could be; what may be at most is an upper one. So
//! a rule fails on what is certain, passes on what is ruled out, and is unknown in between:
//! `x_at_least <= n && (x_at_most <= n || x <= n)`.

use super::fields::{Texts, View};
use crate::inventory::access::{Breadth, Count, Extent, Holders, Power};
use crate::model::{Body, Container, ContainerForm, Fact};
use crate::text::thousands;

fn extent<'a>(view: &View<'a>) -> Option<&'a Extent> {
    view.inventory.access().extent(view.resource)
}

fn number(count: usize) -> Fact<i64> {
    i64::try_from(count).map_or(Fact::Unknown, Fact::Known)
}

fn told(view: &View<'_>, count: impl FnOnce(&Breadth) -> Count, say: impl FnOnce(Count) -> Option<usize>) -> Fact<i64> {
    extent(view).and_then(|extent| say(count(extent.breadth()))).map_or(Fact::Unknown, number)
}

fn at_least(count: Count) -> Option<usize> {
    Some(count.at_least)
}

fn at_most(count: Count) -> Option<usize> {
    (!count.boundless).then_some(count.at_most)
}

pub(super) fn readable(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.readable, Count::exact)
}

pub(super) fn readable_at_least(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.readable, at_least)
}

pub(super) fn readable_at_most(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.readable, at_most)
}

pub(super) fn writable(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.writable, Count::exact)
}

pub(super) fn writable_at_least(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.writable, at_least)
}

pub(super) fn writable_at_most(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.writable, at_most)
}

pub(super) fn destroyable(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.destroyable, Count::exact)
}

pub(super) fn destroyable_at_least(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.destroyable, at_least)
}

pub(super) fn destroyable_at_most(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.destroyable, at_most)
}

pub(super) fn administered(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.administered, Count::exact)
}

pub(super) fn administered_at_least(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.administered, at_least)
}

pub(super) fn administered_at_most(view: &View<'_>) -> Fact<i64> {
    told(view, |breadth| breadth.administered, at_most)
}

/// Rounded down: “at least 80” is never said of less.
pub(super) fn writable_percent(view: &View<'_>) -> Fact<i64> {
    extent(view).map_or(Fact::Unknown, |extent| number(extent.largest_share().0))
}

pub(super) fn writable_percent_at_most(view: &View<'_>) -> Fact<i64> {
    extent(view).and_then(|extent| extent.largest_share().1).map_or(Fact::Unknown, number)
}

/// “9 of 10 projects”.
pub(super) fn widest<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    let words = extent.widest().map(|(form, some, all)| {
        let several =
            if form == ContainerForm::Repository { "repositories".to_owned() } else { format!("{}s", form.name()) };
        format!("{} of {} {several}", thousands(some), thousands(all))
    });
    Fact::Known(Texts::Worded(words.into_iter().collect()))
}

pub(super) fn writable_chain<'a>(view: &View<'a>) -> Fact<&'a str> {
    chain_to(view, Power::Write)
}

pub(super) fn destroyable_chain<'a>(view: &View<'a>) -> Fact<&'a str> {
    chain_to(view, Power::Destroy)
}

pub(super) fn administered_chain<'a>(view: &View<'a>) -> Fact<&'a str> {
    chain_to(view, Power::Administer)
}

fn chain_to<'a>(view: &View<'a>, power: Power) -> Fact<&'a str> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    nothing_only_if_whole(view.inventory.access().chain_to(view.resource, extent, power), extent)
}

/// Known as soon as something is in it, and known to be empty only if nothing more can be.
pub(super) fn administers<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    let worded = view.inventory.access().administers_words(view.resource, extent);
    if worded.is_empty() && extent.breadth().may_administer_more {
        Fact::Unknown
    } else {
        Fact::Known(Texts::Kept(worded))
    }
}

pub(super) fn gravest<'a>(view: &View<'a>) -> Fact<&'a str> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    nothing_only_if_whole(view.inventory.access().gravest_words(extent), extent)
}

pub(super) fn gravest_power<'a>(view: &View<'a>) -> Fact<&'a str> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    nothing_only_if_whole(extent.breadth().gravest.as_ref().map(|(power, _)| power.name()), extent)
}

pub(super) fn gravest_chain<'a>(view: &View<'a>) -> Fact<&'a str> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    nothing_only_if_whole(view.inventory.access().gravest_chain(view.resource, extent), extent)
}

fn nothing_only_if_whole<'a>(found: Option<&'a str>, extent: &Extent) -> Fact<&'a str> {
    match found {
        Some(found) => Fact::Known(found),
        None if extent.is_whole() => Fact::Absent,
        None => Fact::Unknown,
    }
}

pub(super) fn permissions_at_least<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    extent(view).map_or(Fact::Unknown, |extent| Fact::Known(Texts::Kept(extent.held())))
}

pub(super) fn permissions_at_most<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    extent(view).and_then(Extent::possible).map_or(Fact::Unknown, |keys| Fact::Known(Texts::Kept(keys)))
}

pub(super) fn permissions<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let Some(extent) = extent(view) else { return Fact::Unknown };
    if extent.possible() == Some(extent.held()) { Fact::Known(Texts::Kept(extent.held())) } else { Fact::Unknown }
}

// Containers.

fn holders(view: &View<'_>) -> Option<Holders> {
    let Body::Container(Container { form, .. }) = &view.resource.body else { return None };
    let is_place = matches!(
        form,
        ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository | ContainerForm::RepositoryProject
    );
    // What a case describes is in no snapshot that could tell.
    (is_place && !view.resource.seen_by.is_empty()).then(|| view.inventory.access().holders(view.resource))
}

pub(super) fn writable_by(view: &View<'_>) -> Fact<i64> {
    holders(view).and_then(|holders| holders.changing.exact()).map_or(Fact::Unknown, number)
}

pub(super) fn writable_by_at_least(view: &View<'_>) -> Fact<i64> {
    holders(view).map_or(Fact::Unknown, |holders| number(holders.changing.at_least))
}

pub(super) fn decided_by(view: &View<'_>) -> Fact<i64> {
    holders(view).and_then(|holders| holders.deciding.exact()).map_or(Fact::Unknown, number)
}

pub(super) fn decided_by_at_least(view: &View<'_>) -> Fact<i64> {
    holders(view).map_or(Fact::Unknown, |holders| number(holders.deciding.at_least))
}

pub(super) fn decided_by_at_most(view: &View<'_>) -> Fact<i64> {
    holders(view).and_then(|holders| at_most(holders.deciding)).map_or(Fact::Unknown, number)
}
