//! The facts on which the acceptance of a finding rests: short lines, sorted, that a person can read in the waiver file and a
//! later scan can compare. A line says what gives power; what would give less has no line, so that whatever becomes less
//! takes lines away and voids nothing.
//!
//! What is told of each kind is in `kinds.rs`, of the account behind it and its reach in `access.rs`; how two sets of facts are
//! held against each other in `compare.rs`.

mod access;
mod compare;
mod kinds;

use std::collections::BTreeMap;
use std::fmt::Display;

pub(super) use compare::{Standing, compare};

use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{Accepted, Fact, Finding, Kind, LedgerEntry, Resource, ResourceId, SourceName};
use crate::text::harmless;

/// Of one topic more things than this are counted and not listed: nobody reads hundreds of lines before accepting them.
const LISTED: usize = 16;
/// The topic of what nobody told.
const UNTOLD: &str = "untold";
/// What begins the value of a line that counts.
const MANY: &str = "many: ";
/// What begins the value of a line that stands for all there are.
const EVERY: &str = "every ";

/// The facts on which the acceptance of one finding rests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Line by line, sorted.
    lines: BTreeMap<String, Said>,
    /// Why a topic was not told.
    untold: BTreeMap<String, String>,
}

/// What a line says to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    /// What people call the thing whose id is in the line.
    name: Option<String>,
    /// The line with that instead of the id.
    words: Option<String>,
}

impl Facts {
    /// The facts about a finding and its resource, as far as a snapshot tells.
    #[must_use]
    pub fn of(finding: &Finding, inventory: &Inventory<'_>) -> Self {
        let mut facts = Self::default();
        facts.say("severity", finding.severity);
        let snapshot = inventory.snapshot();
        match snapshot.get(&finding.resource) {
            Some(resource) => kinds::tell(resource, inventory, &mut facts),
            None => {
                let carried = snapshot.carried.binary_search_by(|resource| resource.id.cmp(&finding.resource)).is_ok();
                let hidden = inventory.coverage().why_unseen(&finding.seen_by);
                let hidden =
                    hidden.or_else(|| carried.then(|| "it may be hidden from the scanning account".to_owned()));
                // Of what is gone nothing is left that could be more than was accepted.
                if let Some(reason) = hidden {
                    facts.untold("resource", reason);
                }
            }
        }
        facts
    }

    /// The lines with what people call the things in them, for the waiver file.
    pub fn lines(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.lines.iter().map(|(line, said)| (line.as_str(), said.name.as_deref()))
    }

    /// What nobody told, with the reason: `scope: the source does not tell`.
    pub fn gaps(&self) -> impl Iterator<Item = String> + '_ {
        self.untold.iter().map(|(topic, reason)| format!("{topic}: {reason}"))
    }

    /// Why the finding cannot be accepted with its facts: nobody saw what it is about.
    #[must_use]
    pub fn out_of_sight(&self) -> Option<&str> {
        self.untold.get("resource").map(String::as_str)
    }

    /// The facts as they are accepted.
    #[must_use]
    pub fn accept(&self, resource: &ResourceId) -> Accepted {
        Accepted { resource: resource.clone(), facts: self.lines.keys().cloned().collect() }
    }

    /// A line of a topic and a value. Values come from whoever could name something: a line stays a line.
    fn say(&mut self, topic: &str, value: impl Display) {
        self.lines.insert(harmless(&format!("{topic} {value}")), Said::default());
    }

    /// A line about a thing with an id.
    fn name(&mut self, topic: &str, id: &ResourceId, inventory: &Inventory<'_>) {
        let named = inventory.get(id).map(Resource::title).filter(|title| *title != id.native());
        self.named(topic, "", id.as_str(), named);
    }

    /// A line about a thing with an id and a sort, and a name that people know.
    fn named(&mut self, topic: &str, sort: &str, id: &str, name: Option<&str>) {
        let name = name.map(harmless);
        let words = name.as_ref().map(|name| format!("{topic} {sort}“{name}”"));
        self.lines.insert(harmless(&format!("{topic} {sort}{id}")), Said { name, words });
    }

    /// Says that nobody told anything, or not everything, about a topic.
    fn untold(&mut self, topic: &str, reason: impl Into<String>) {
        let topic = harmless(topic);
        self.lines.insert(format!("{UNTOLD} {topic}"), Said::default());
        self.untold.insert(topic, reason.into());
    }

    /// Says of each list that may hide grants, groups or places from view that it was not read whole: one by one, so that a
    /// gap which was there when something was accepted does not hide another.
    fn gaps_of(&mut self, inventory: &Inventory<'_>, may_matter: impl Fn(&SourceName) -> bool) {
        let hides = |entry: &&LedgerEntry| {
            [Kind::Grant, Kind::Group, Kind::Container].iter().any(|kind| entry.shows.contains(kind))
        };
        for entry in inventory.coverage().gaps().filter(hides).filter(|entry| may_matter(&entry.source)) {
            let reason = match entry.reason.as_str() {
                "" => entry.state.name().to_owned(),
                reason => format!("{}, {reason}", entry.state.name()),
            };
            self.untold(&format!("{} of {}", entry.endpoint, entry.source), reason);
        }
    }

    /// The value of a fact; nothing if there is none, and that it was not told if so.
    fn fact<'f, T>(&mut self, topic: &str, fact: &'f Fact<T>) -> Option<&'f T> {
        if fact.is_unknown() {
            self.untold(topic, "the source did not tell");
        }
        fact.known()
    }

    /// A line for each of some things, or their number where these are too many to be read.
    fn list(&mut self, topic: &str, what: &str, all: impl IntoIterator<Item = Item>) {
        let all: BTreeMap<String, Item> =
            all.into_iter().map(|item| (format!("{}{}", item.sort, item.id), item)).collect();
        if all.len() > LISTED {
            let which = Digest::of(&all.keys().collect::<Vec<_>>()).base32(12);
            self.say(topic, format_args!("{MANY}{} {what} ({which})", all.len()));
        } else {
            for Item { sort, id, name } in all.into_values() {
                self.named(topic, &sort, &id, name.as_deref());
            }
        }
    }

    /// The same for things with ids.
    fn ids<'f>(
        &mut self,
        topic: &str,
        what: &str,
        ids: impl IntoIterator<Item = &'f ResourceId>,
        inventory: &Inventory<'_>,
    ) {
        let item = |id: &ResourceId| Item {
            name: inventory.get(id).map(Resource::title).filter(|title| *title != id.native()).map(str::to_owned),
            ..Item::plain(id.to_string())
        };
        self.list(topic, what, ids.into_iter().map(item));
    }
}

/// One of many things that a topic lists.
struct Item {
    /// What sort of thing it is, with a space behind it; empty where the topic says so.
    sort: String,
    /// What tells it from others.
    id: String,
    /// What people call it.
    name: Option<String>,
}

impl Item {
    fn plain(id: String) -> Self {
        Self { sort: String::new(), id, name: None }
    }
}

#[cfg(test)]
mod tests;
