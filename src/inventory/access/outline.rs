//! A reach in short: places in which the same may be done stand together. So what is counted of all accounts takes as long
//! as there are differences between places, and not as long as there are places.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Access, Ceiling, List, Permission, Place, Reach};
use crate::model::{Resource, ResourceId};

/// What may be done, by what it is about: a place, or the projects that are alike. Sorted.
pub(super) type Lists<'a> = Vec<(u32, List<'a>)>;

/// All that an account or a credential may do, as [`Reach`] has it place by place.
#[derive(Clone)]
pub(super) struct Outline<'a> {
    pub(super) subject: &'a Resource,
    /// What it may do in the projects that are alike, by their place in the index; nothing in all others.
    pub(super) common: Lists<'a>,
    /// What it may do in single places, which count with no others, and which may be nothing: by place.
    pub(super) single: Lists<'a>,
    pub(super) out_of_sight: Vec<(&'a ResourceId, Permission<'a>)>,
    pub(super) doubts: Vec<String>,
    pub(super) ceiling: Ceiling,
    pub(super) boundless: bool,
}

/// Places in which the same may be done, all of one form and one tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Same<'r, 'a> {
    /// The first of them, in order of the ids.
    pub(super) first: &'a Resource,
    pub(super) number: usize,
    pub(super) permissions: &'r List<'a>,
}

impl<'a> Outline<'a> {
    /// Of something that may do nothing, and has no limit.
    pub(super) fn nothing(subject: &'a Resource) -> Self {
        Self {
            subject,
            common: Vec::new(),
            single: Vec::new(),
            out_of_sight: Vec::new(),
            doubts: Vec::new(),
            ceiling: Ceiling::Nothing,
            boundless: false,
        }
    }

    /// What it may do in the projects that are alike, where it has nothing of its own.
    pub(super) fn in_common(&self, alike: u32) -> Option<&List<'a>> {
        in_common(&self.common, alike)
    }

    fn is_single(&self, at: u32) -> bool {
        self.single.binary_search_by_key(&at, |(at, _)| *at).is_ok()
    }
}

/// Of lists by what they are of, sorted, the one of this.
pub(super) fn in_common<'c, 'a>(common: &'c [(u32, List<'a>)], alike: u32) -> Option<&'c List<'a>> {
    let at = common.binary_search_by_key(&alike, |(alike, _)| *alike).ok()?;
    common.get(at).map(|(_, list)| list)
}

impl<'a> Reach<'a> {
    /// Its places, each by itself.
    pub(super) fn each_place(&self) -> impl Iterator<Item = Same<'_, 'a>> {
        self.places.iter().map(|place| Same { first: place.container, number: 1, permissions: &place.permissions })
    }
}

impl<'a> Access<'_, 'a> {
    /// The same place by place.
    pub(super) fn spread(&self, outline: Outline<'a>) -> Reach<'a> {
        let mut places = Vec::new();
        let mut add = |at: u32, list: &List<'a>| {
            if !list.is_empty() {
                places.push(Place { container: self.inventory.resource(at), permissions: Arc::clone(list) });
            }
        };
        let mut single = outline.single.iter().peekable();
        for (at, alike) in self.index.projects() {
            while let Some((before, list)) = single.next_if(|(single, _)| single < at) {
                add(*before, list);
            }
            match single.next_if(|(single, _)| single == at) {
                Some((_, list)) => add(*at, list),
                None => outline.in_common(*alike).into_iter().for_each(|list| add(*at, list)),
            }
        }
        single.for_each(|(at, list)| add(*at, list));
        let Outline { subject, out_of_sight, doubts, ceiling, boundless, .. } = outline;
        Reach { subject, places, out_of_sight, doubts, ceiling, boundless }
    }

    /// The places where something may be done, those that are alike together: in order of the first of each.
    pub(super) fn together<'r>(&self, outline: &'r Outline<'a>) -> Vec<Same<'r, 'a>> {
        let mut apart: HashMap<u32, usize> = HashMap::new();
        if !outline.common.is_empty() {
            for alike in outline.single.iter().filter_map(|(at, _)| self.index.alike_of(*at)) {
                *apart.entry(alike).or_default() += 1;
            }
        }
        let of_single = outline.single.iter().map(|(at, list)| (*at, 1, list));
        let of_common = outline.common.iter().filter_map(|(alike, list)| {
            let projects = &self.index.alike()[*alike as usize].projects;
            let first = projects.iter().find(|at| !outline.is_single(**at))?;
            Some((*first, projects.len() - apart.get(alike).copied().unwrap_or(0), list))
        });
        let mut together: Vec<_> = of_single.chain(of_common).filter(|(.., list)| !list.is_empty()).collect();
        together.sort_by_key(|(first, ..)| *first);
        let same = |(first, number, permissions)| Same { first: self.inventory.resource(first), number, permissions };
        together.into_iter().map(same).collect()
    }
}
