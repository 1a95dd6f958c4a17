//! The table of what may be done where, with places of equal permissions in one row.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Answer;
use crate::inventory::access::{Bound, Permission, Power, includes};
use crate::model::{Body, Container, ContainerForm, Resource};

/// Places in which the same may be done with the same certainty.
pub(super) struct Row<'a> {
    /// Sorted by how they are called.
    pub(super) containers: Vec<&'a Resource>,
    pub(super) bound: Bound,
    /// The one with the most power first.
    pub(super) permissions: Vec<Permission<'a>>,
}

impl Row<'_> {
    pub(super) fn power(&self) -> Option<Power> {
        self.permissions.first().map(|one| one.power)
    }
}

/// The rows of an answer: what is certain first, and the biggest power first.
pub(super) fn rows<'a>(answer: &Answer<'_, 'a>) -> Vec<Row<'a>> {
    type Same<'a> = (Bound, ContainerForm, Vec<(&'a str, bool, Option<u16>)>);
    let mut same: BTreeMap<Same<'a>, Row<'a>> = BTreeMap::new();
    let all = answer.question.all;
    for (container, permissions) in answer.chosen() {
        let Body::Container(Container { form, .. }) = &container.body else { continue };
        for bound in [Bound::Held, Bound::Conditional, Bound::Possible] {
            let shown = shown(&permissions, bound, all);
            if shown.is_empty() {
                continue;
            }
            let signature = shown.iter().map(|one| (one.key, one.of_everybody, one.doubt)).collect();
            let row = same.entry((bound, *form, signature)).or_insert_with(|| Row {
                containers: Vec::new(),
                bound,
                permissions: shown,
            });
            row.containers.push(container);
        }
    }
    let mut rows: Vec<Row<'a>> = same.into_values().collect();
    for row in &mut rows {
        row.containers.sort_by_key(|container| (called(container), &container.id));
    }
    rows.sort_by_cached_key(|row| {
        let first = row.containers.first().map(|container| (called(container).to_owned(), container.id.clone()));
        (row.bound, Reverse(row.power()), Reverse(row.permissions.len()), first)
    });
    rows
}

/// What people call a container: its key where it has one.
pub(super) fn called(container: &Resource) -> &str {
    match &container.body {
        Body::Container(Container { key, form: ContainerForm::Project | ContainerForm::Space, .. }) => {
            key.known().map_or_else(|| container.title(), String::as_str)
        }
        // A site has several products of one name.
        Body::Container(Container { key, form: ContainerForm::Product, .. }) => {
            key.known().map_or_else(|| container.title(), String::as_str)
        }
        _ => container.title(),
    }
}

/// The permissions of one bound that are shown, the one with the most power first. What everybody has, and what a higher
/// one includes, is left out unless all are asked for.
pub(super) fn shown<'a>(permissions: &[Permission<'a>], bound: Bound, all: bool) -> Vec<Permission<'a>> {
    let included = |one: &Permission<'_>| {
        permissions.iter().any(|other| other.bound <= one.bound && !other.of_everybody && includes(other.key, one.key))
    };
    let mut shown: Vec<Permission<'a>> = permissions
        .iter()
        .filter(|one| one.bound == bound && (all || !(one.of_everybody || included(one))))
        .copied()
        .collect();
    shown.sort_by_key(|one| (Reverse(one.power), one.key));
    shown
}
