//! What an account or a credential may do, where, and by which chain.
//!
//! The answer has three bounds. What is [`Bound::Held`] is certain; what is [`Bound::Conditional`] depends on the single
//! issue (its reporter, its assignee, a field); what is [`Bound::Possible`] could not be ruled out, because something was
//! not told. Held is the lower bound, all three together the upper one; what is in none of them is certainly not there.
//!
//! # Who is meant by a grant
//!
//! * *An account*: itself. Where it was not told who is meant, every account that may have rights there may be: those of the
//!   tenants of which a source that shows the container knows accounts, or any if these sources showed none.
//! * *A group*: its members, those of the groups inside it included (`Group::inside`). An account is in a group if its
//!   groups say so, or the list of the group did (`Principal::groups_at_least`). It is not if all its groups are known, or
//!   the group's own list was read whole (`Group::members_told`). Otherwise it may be; and who may be in a group may be in
//!   all that it is, or may be, inside of. Groups that were not seen may be inside of any, where the product has such. In
//!   groups of a Bitbucket workspace are accounts of the cloud; in those of a self-hosted product only its own.
//! * *Anyone*: every account of a tenant that has accounts where the container is. *Everybody who is logged in*: those that
//!   a source shows which shows the container, too; those that such a source may be hiding may be meant.
//! * *Everybody with a seat*: the members of the groups that take one of that application.
//! * *A role of the project*: whoever has a place in it there, by account or by group; a place of which it was not told in
//!   which role it is may be one in any. *The lead*: whoever leads it. *Everybody who may see a project*: whoever may
//!   browse it. A role in a share is written with its project: without that it is not known which is meant.
//! * *Reporter, assignee, a field; portal customers*: nobody for certain, everybody who may have rights there on a condition.
//!
//! # What a grant gives
//!
//! A permission scheme gives its permissions in every project that uses it. Higher permissions of Bitbucket include the
//! lower ones; those on a project hold in its repositories; who owns a workspace, or administers a Bitbucket server,
//! administers everything in it. What a role permits is taken from the source; a role of which nobody says what it permits
//! may permit anything there. Administrators of Jira and Confluence could give themselves what they have not: that is not
//! counted as theirs, and told apart. Places in roles that every new project begins with give nothing yet.
//!
//! Without a grant one may see what is public, see and change one's own filters and dashboards, and has the roles that come
//! with the account: on the organisation that shows it, unless several do and the role may be another's.
//!
//! # Where it stays open
//!
//! An endpoint that was not read whole may hide further grants on all containers of its source, and in Bitbucket on all that
//! lies in them: anything is possible there. What each account may do with a repository in the end, read whole, leaves
//! nothing open. A grant of which nobody told what it is on may give anything anywhere to whom it means. A project of which the scheme was not told, a team-managed one, and a repository or project of Bitbucket of
//! which it was not told what it lies in, may give anything. In a team-managed one the roles stand for what they permit.
//!
//! What an account may *at present* use depends on whether it is let in at all: a deactivated account has no access, but
//! gets all of this back with the first click that lets it in again. So the answer leaves that out.

mod breadth;
mod ceiling;
mod chain;
mod cut;
#[cfg(test)]
mod cut_tests;
mod extent;
mod hitting;
mod holders;
mod index;
mod lists;
mod losers;
mod open;
mod outline;
mod peers;
mod powers;
mod reach;
mod supply;
mod ways;
mod who;
mod words;

use std::collections::BTreeSet;

use super::Inventory;
use crate::model::{Resource, ResourceId};

pub use breadth::{Breadth, Count};
pub use ceiling::Ceiling;
pub use chain::{Chain, Chains, Link};
pub use cut::{Cut, Cuts, Excess, Kept};
pub use extent::Extent;
pub(super) use extent::Extents;
pub use holders::Holders;
pub(super) use index::Index;
pub use lists::{EachOnce, List};
pub use losers::{Loser, Losers, Members};
pub(super) use peers::Peers;
pub use powers::{Power, includes, power_of};
pub use who::{Everybody, WhoCan, WhoHolds};
pub use words::{ARROW, Shortest, Step, StepSort, form_words, in_line, place};

/// How certain it is that a permission is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// Certain.
    Held,
    /// For some issues or requests only, depending on who reported them, say.
    Conditional,
    /// It could not be ruled out.
    Possible,
}

impl Bound {
    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Conditional => "conditional",
            Self::Possible => "possible",
        }
    }
}

/// The permission that stands for every permission there is, where nothing tells which ones there are.
pub const ANY: &str = "*";

/// One permission in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission<'a> {
    /// As the product calls it: `EDIT_ISSUES`, `administer space`, `write`; or [`ANY`].
    pub key: &'a str,
    /// How certain it is.
    pub bound: Bound,
    /// True if everybody has it there who has an account: it is not the account's own.
    pub of_everybody: bool,
    /// How much can be done with it.
    pub power: Power,
    /// Why it is not certain: its place in [`Reach::doubts`].
    pub doubt: Option<u16>,
}

impl Permission<'_> {
    /// True if it could not be ruled out. What is there for some issues for certain, and perhaps for all, is possible, too.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        match self.bound {
            Bound::Possible => true,
            Bound::Conditional => self.doubt.is_some(),
            Bound::Held => false,
        }
    }
}

/// What may be done in one place.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The project, space, repository, site, …
    pub container: &'a Resource,
    /// What may be done there.
    pub permissions: List<'a>,
}

/// All that an account or a credential may do, as far as the snapshot tells.
#[derive(Debug, Clone)]
pub struct Reach<'a> {
    /// Whose it is.
    pub subject: &'a Resource,
    /// The places, sorted by the id of the container.
    pub places: Vec<Place<'a>>,
    /// What was granted on things that were not seen themselves: their ids, sorted.
    pub out_of_sight: Vec<(&'a ResourceId, Permission<'a>)>,
    /// Why something is not certain, each reason once: a sentence fragment.
    pub doubts: Vec<String>,
    /// What limits a credential beside the rights of its owner.
    pub ceiling: Ceiling,
    /// True if nothing at all can be ruled out anywhere: nobody told whose the credential is, it acts as any account, or a
    /// grant does not tell what it is on.
    pub boundless: bool,
}

impl<'a> Reach<'a> {
    /// What may be done in a place; nothing if that is not among those where something may be.
    #[must_use]
    pub fn on(&self, container: &Resource) -> Option<&Place<'a>> {
        self.places.get(self.position(container)?)
    }

    /// Where a place is among the places.
    #[must_use]
    pub fn position(&self, container: &Resource) -> Option<usize> {
        self.places.binary_search_by(|place| place.container.id.cmp(&container.id)).ok()
    }

    /// How certain one permission in one place is; `None` if it is certainly not there.
    #[must_use]
    pub fn may(&self, key: &str, container: &Resource) -> Option<Bound> {
        let own = self.on(container).and_then(|place| place.may(key));
        own.or(self.boundless.then_some(Bound::Possible))
    }

    /// True if there is nothing that could not be ruled out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.boundless && self.doubts.is_empty()
    }
}

impl<'a> Place<'a> {
    /// How certain one permission is here.
    #[must_use]
    pub fn may(&self, key: &str) -> Option<Bound> {
        self.find(key).or_else(|| self.find(ANY)).map(|permission| permission.bound)
    }

    /// A permission by its key alone.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Permission<'a>> {
        let at = self.permissions.binary_search_by(|permission| permission.key.cmp(key)).ok()?;
        self.permissions.get(at)
    }
}

/// The questions about access that one may ask a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Access<'i, 'a> {
    inventory: &'i Inventory<'a>,
    index: &'i Index,
}

impl<'i> Access<'i, '_> {
    /// The places of what lies directly inside a container.
    pub(in crate::inventory) fn inside(&self, container: &ResourceId) -> &'i [u32] {
        self.index.inside(container)
    }

    /// The places of all that lies inside a workspace, a server or a project of repositories. Exports may write things into
    /// each other.
    fn all_inside(&self, container: &ResourceId) -> BTreeSet<u32> {
        let at = self.inventory.place(container);
        let mut all = BTreeSet::new();
        let mut round: Vec<u32> = self.index.inside(container).to_vec();
        for _ in 0..open::OUTWARD {
            round.retain(|inner| Some(*inner) != at && all.insert(*inner));
            round = round.iter().flat_map(|at| self.index.inside(&self.inventory.resource(*at).id)).copied().collect();
        }
        all
    }
}

impl<'a> Inventory<'a> {
    /// The access structure; worked out with the first question.
    pub fn access(&self) -> Access<'_, 'a> {
        Access { inventory: self, index: self.prepared().access.get_or_init(|| Index::new(self)) }
    }
}
