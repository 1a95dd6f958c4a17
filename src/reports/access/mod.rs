//! What an account or a credential may do, and by which chains; and the question the other way round: who may do something
//! in a place. For a terminal, a spreadsheet and a machine.

mod csv;
mod json;
mod page;
mod rows;
mod subject;
mod summary;
mod who;

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::inventory::access::{ANY, Access, Bound, Breadth, Count, Permission, Power, Reach, place};
use crate::model::{Body, Container, Resource, SnapshotHead};
use crate::text::thousands;

pub use self::csv::{access_csv, who_can_csv};
pub use self::json::{access_json, who_can_json};
pub use self::page::{access_page, access_parts};
pub use self::who::{who_can_page, who_can_parts};

/// What is asked about one account or credential.
#[derive(Debug, Clone, Copy)]
pub struct AccessQuestion<'i, 'a> {
    /// The snapshot that is asked.
    pub inventory: &'i Inventory<'a>,
    /// Which snapshot it is.
    pub head: &'i SnapshotHead,
    /// The account or credential.
    pub subject: &'a Resource,
    /// Only what it may do here.
    pub on: Option<&'a Resource>,
    /// Only this permission.
    pub permission: Option<&'i str>,
    /// Every chain with its evidence, not just the shortest.
    pub why: bool,
    /// Everything: what everybody has, what others include, and as many lines as it takes.
    pub all: bool,
    /// The present, by which credentials have ended or not.
    pub now: DateTime<Utc>,
}

/// What is asked about one permission in one place.
#[derive(Debug, Clone, Copy)]
pub struct WhoCanQuestion<'i, 'a> {
    /// The snapshot that is asked.
    pub inventory: &'i Inventory<'a>,
    /// Which snapshot it is.
    pub head: &'i SnapshotHead,
    /// The permission.
    pub permission: &'i str,
    /// The place.
    pub on: &'a Resource,
    /// As many lines as it takes.
    pub all: bool,
    /// The present, by which credentials have ended or not.
    pub now: DateTime<Utc>,
}

/// A question with all that is needed to answer it.
struct Answer<'i, 'a> {
    question: &'i AccessQuestion<'i, 'a>,
    access: Access<'i, 'a>,
    reach: Reach<'a>,
    breadth: Breadth,
}

impl<'i, 'a> Answer<'i, 'a> {
    fn of(question: &'i AccessQuestion<'i, 'a>) -> Self {
        let access = question.inventory.access();
        let reach = access.of(question.subject);
        let breadth = access.breadth_of(&reach);
        Self { question, access, reach, breadth }
    }

    /// The places that are asked about, with the permissions that are asked about.
    fn chosen(&self) -> Vec<(&'a Resource, Vec<Permission<'a>>)> {
        let places =
            self.reach.places.iter().filter(|place| self.question.on.is_none_or(|on| on.id == place.container.id));
        let chosen = places.map(|place| {
            let permissions = match self.question.permission {
                None => place.permissions.to_vec(),
                // Where anything is possible, so is this.
                Some(key) => place.find(key).or_else(|| place.find(ANY)).into_iter().copied().collect(),
            };
            (place.container, permissions)
        });
        chosen.filter(|(_, permissions)| !permissions.is_empty()).collect()
    }

    /// Why a permission is not certain.
    fn doubt(&self, permission: &Permission<'_>) -> Option<&str> {
        let at = permission.doubt.filter(|_| permission.bound != Bound::Held)?;
        self.reach.doubts.get(usize::from(at)).map(String::as_str)
    }
}

/// A count in words: “12 of 31”, “at least 12”, “between 12 and 20”.
fn count_words(count: Count, of: usize) -> String {
    let number = |count: usize| if count == 0 { "none".to_owned() } else { thousands(count) };
    match (count.exact(), count.boundless) {
        (Some(exact), _) => format!("{} of {}", number(exact), thousands(of)),
        (None, true) if count.at_most > count.at_least => format!(
            "at least {} of the {} that were seen, {} of them if what is not told is so",
            number(count.at_least),
            thousands(of),
            thousands(count.at_most)
        ),
        (None, true) => format!("at least {} of the {} that were seen", number(count.at_least), thousands(of)),
        (None, false) => {
            let (least, most) = (thousands(count.at_least), thousands(count.at_most));
            format!("between {least} and {most} of {}", thousands(of))
        }
    }
}

/// A container with its name, where the words for it have the key alone: “project PAY “Payments””.
fn described(container: &Resource) -> String {
    let words = place(container);
    let keyed = matches!(&container.body, Body::Container(Container { key, .. }) if key.known().is_some_and(|key| {
        *key != container.name && words.ends_with(key.as_str())
    }));
    if keyed && !container.name.is_empty() { format!("{words} “{}”", container.name) } else { words }
}

/// A permission's key as people read it.
fn key_words(key: &str) -> &str {
    if key == ANY { "anything" } else { key }
}

/// What can be done with a power, as a label.
fn power_words(power: Power) -> &'static str {
    match power {
        Power::Read => "reads",
        Power::Write => "changes",
        Power::Destroy => "deletes",
        Power::Administer => "decides on",
        Power::AdministerAll => "administers",
    }
}

/// How certain it is, in words.
fn bound_words(bound: Bound) -> &'static str {
    match bound {
        Bound::Held => "certain",
        Bound::Conditional => "depends on the issue",
        Bound::Possible => "cannot be ruled out",
    }
}
