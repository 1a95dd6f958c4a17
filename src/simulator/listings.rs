//! What answers cut their pages from: lists of places, made when they are first asked for and kept until something changes.
//! So a page costs what is on it, however long the list is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::estate::{Estate, Group, Project};
use super::repositories::Repository;

/// The lists of one estate, by what they are of.
#[derive(Debug, Default)]
pub(super) struct Listings {
    lists: Mutex<HashMap<String, Arc<[usize]>>>,
    groups: OnceLock<HashMap<String, usize>>,
    spaces: OnceLock<HashMap<String, usize>>,
    repositories: OnceLock<HashMap<String, usize>>,
}

impl Estate {
    /// The list of that name.
    pub(super) fn listing(&self, name: &str, make: impl FnOnce() -> Vec<usize>) -> Arc<[usize]> {
        let mut lists = self.listings.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lists.get(name) {
            return Arc::clone(known);
        }
        let made: Arc<[usize]> = make().into();
        lists.insert(name.to_owned(), Arc::clone(&made));
        made
    }

    /// Places of the groups that are there.
    pub(super) fn listed_groups(&self) -> Arc<[usize]> {
        self.listing("groups", || self.live_groups().map(|(place, _)| place).collect())
    }

    /// Places of projects, live or archived ones.
    pub(super) fn listed_projects(&self, archived: bool) -> Arc<[usize]> {
        let fits = |project: &Project| project.archived == archived;
        self.listing(if archived { "archived projects" } else { "live projects" }, || {
            (0..self.projects.len()).filter(|place| fits(&self.projects[*place])).collect()
        })
    }

    /// The group with that id, whether it is still there or not.
    pub(super) fn group_of_id(&self, id: &str) -> Option<&Group> {
        let by_id = self
            .listings
            .groups
            .get_or_init(|| self.groups.iter().enumerate().map(|(place, group)| (group.id.clone(), place)).collect());
        by_id.get(id).map(|place| &self.groups[*place])
    }

    /// The place of the space with that key.
    pub(super) fn space_of_key(&self, key: &str) -> Option<usize> {
        let by_key = self.listings.spaces.get_or_init(|| {
            self.wiki.spaces.iter().enumerate().map(|(place, space)| (space.key.clone(), place)).collect()
        });
        by_key.get(key).copied()
    }

    /// The repository with that slug or id.
    pub(super) fn repository_called(&self, slug_or_uuid: &str) -> Option<&Repository> {
        let all = &self.workspace.repositories;
        let called = self.listings.repositories.get_or_init(|| {
            let both = all.iter().enumerate().flat_map(|(place, one)| [(&one.slug, place), (&one.uuid, place)]);
            both.map(|(name, place)| (name.clone(), place)).collect()
        });
        called.get(slug_or_uuid).map(|place| &all[*place])
    }

    /// Has all lists made anew: something is about to change.
    pub(super) fn forget_listings(&mut self) {
        self.listings = Listings::default();
        if let Some(sandbox) = &mut self.sandbox {
            sandbox.forget_listings();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_made_once_until_something_changes() {
        let mut estate = Estate::empty(7, chrono::DateTime::UNIX_EPOCH);
        let mut made = 0;
        for (changes, expected) in [(false, 1), (false, 1), (true, 2)] {
            if changes {
                estate.forget_listings();
            }
            let list = estate.listing("some", || {
                made += 1;
                vec![made]
            });
            assert_eq!(*list, [expected]);
        }
    }
}
