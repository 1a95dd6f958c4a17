//! Who is in which groups, as far as lists of members were read: what every source that reads them does with one that
//! was refused.

use std::collections::BTreeSet;

use super::reading::{Answer, Reading};
use super::row::sorted;
use crate::model::{Body, Fact, Group, Resource, ResourceId};

/// Tells the account its groups: all of them where every list was read whole, or else those it was seen in. That it was
/// seen in none says nothing while a list is missing.
pub(super) fn tell_groups(account: &mut Resource, seen_in: Vec<ResourceId>, all_read: bool) {
    let Body::Principal(principal) = &mut account.body else { return };
    if all_read {
        principal.groups = Fact::Known(sorted(seen_in));
    } else if !seen_in.is_empty() {
        principal.groups_at_least = Fact::Known(sorted(seen_in));
    }
}

/// The lists of members that were read whole, by their group; one with a row that names nobody was not.
pub(super) fn read_whole<T>(answers: &[Answer<&Resource, T>], is_named: impl Fn(&T) -> bool) -> BTreeSet<ResourceId> {
    let whole = answers.iter().filter(|answer| answer.whole && answer.rows.iter().all(&is_named));
    whole.map(|answer| answer.of.id.clone()).collect()
}

/// Says of each of these groups whether its list was read whole. Nobody sees a group by that.
pub(super) fn tell_lists(reading: &mut Reading<'_>, groups: &[Resource], read: &BTreeSet<ResourceId>) {
    for group in groups {
        let members_told = Fact::Known(read.contains(&group.id));
        let body = Body::Group(Group { members_told, ..Group::default() });
        reading.enrich(Resource { body, ..group.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Principal, sample};

    fn told(seen_in: &[&str], all_read: bool) -> (Fact<usize>, Fact<usize>) {
        let mut account = Resource { body: Body::Principal(Principal::default()), ..sample::principal() };
        let ids = seen_in.iter().map(|name| ResourceId::new("jira", Kind::Group, name)).collect();
        tell_groups(&mut account, ids, all_read);
        let Body::Principal(Principal { groups, groups_at_least, .. }) = account.body else { panic!("an account") };
        (groups.map(|groups| groups.len()), groups_at_least.map(|groups| groups.len()))
    }

    #[test]
    fn to_be_seen_nowhere_is_no_word_while_a_list_is_missing() {
        assert_eq!(told(&["a", "b", "a"], true), (Fact::Known(2), Fact::Unknown));
        assert_eq!(told(&[], true), (Fact::Known(0), Fact::Unknown));
        assert_eq!(told(&["a"], false), (Fact::Unknown, Fact::Known(1)));
        assert_eq!(told(&[], false), (Fact::Unknown, Fact::Unknown));
    }
}
