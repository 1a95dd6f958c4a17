//! One cell: how facts, times and foreign text are written so that a spreadsheet shows them as they are.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::model::{Fact, ResourceId, Sighting, to_the_second};
use crate::text::{self, needs_mark};

/// What every reader of the files has to know, told in `columns.csv`.
pub(super) const LEGEND: &str = "What the column means. In every table: `unknown` means that the source did not tell or could not be read, never that \
     there is none; `none` means that the source says there is none; `empty` is a list without entries; an empty cell \
     means that the column does not apply to the row. Text from outside that begins like a formula, with an apostrophe, \
     or that reads exactly `none`, `unknown` or `empty`, has one apostrophe put before it; take away one leading \
     apostrophe to get the text back. Control characters are replaced by a visible stand-in, line breaks by spaces.";

/// The text of one cell.
#[derive(Debug, Clone)]
pub(in crate::reports) struct Cell<'a>(Cow<'a, str>);

impl<'a> Cell<'a> {
    /// Our own words: never marked.
    pub(in crate::reports) fn own(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// Text that somebody else wrote: made harmless, and marked if a spreadsheet might take it for a formula or a
    /// reader for one of our words.
    pub(in crate::reports) fn foreign(text: &'a str) -> Self {
        let shown = if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text::harmless(text))
        };
        Self(if needs_mark(&shown) { Cow::Owned(format!("'{shown}")) } else { shown })
    }

    /// Foreign text that had to be put together first.
    pub(in crate::reports) fn foreign_owned(text: &str) -> Self {
        Self(Cow::Owned(Cell::foreign(text).0.into_owned()))
    }

    /// The column does not apply to the row.
    pub(in crate::reports) fn empty() -> Self {
        Self(Cow::Borrowed(""))
    }

    /// A value that may not apply.
    pub(in crate::reports) fn optional<T>(value: Option<T>, say: impl FnOnce(T) -> Self) -> Self {
        value.map_or_else(Self::empty, say)
    }

    /// A fact: its value, `none` or `unknown`.
    pub(in crate::reports) fn fact<T>(fact: &'a Fact<T>, say: impl FnOnce(&'a T) -> Self) -> Self {
        match fact {
            Fact::Known(value) => say(value),
            Fact::Absent => Self::own("none"),
            Fact::Unknown => Self::own("unknown"),
        }
    }

    pub(in crate::reports) fn fact_text(fact: &'a Fact<String>) -> Self {
        Self::fact(fact, |text| Self::foreign(text))
    }

    pub(in crate::reports) fn fact_yes_no(fact: &'a Fact<bool>) -> Self {
        Self::fact(fact, |yes| Self::yes_no(*yes))
    }

    pub(in crate::reports) fn fact_time(fact: &'a Fact<DateTime<Utc>>) -> Self {
        Self::fact(fact, |at| Self::time(*at))
    }

    pub(in crate::reports) fn fact_number(fact: &'a Fact<i64>) -> Self {
        Self::fact(fact, |number| Self::number(*number))
    }

    pub(in crate::reports) fn fact_list(fact: &'a Fact<Vec<String>>) -> Self {
        Self::fact(fact, |words| Self::list(words.iter().map(String::as_str)))
    }

    /// The id that a fact points to.
    pub(in crate::reports) fn fact_id(fact: &'a Fact<ResourceId>) -> Self {
        Self::fact(fact, |id| Self::foreign(id.as_str()))
    }

    /// The name of the resource that a fact points to; `unknown` where nobody saw it.
    pub(in crate::reports) fn name_of(fact: &'a Fact<ResourceId>, inventory: &Inventory<'a>) -> Self {
        Self::fact(fact, |id| {
            inventory.get(id).map_or_else(|| Self::own("unknown"), |resource| Self::foreign(resource.title()))
        })
    }

    pub(in crate::reports) fn yes_no(yes: bool) -> Self {
        Self::own(if yes { "yes" } else { "no" })
    }

    pub(in crate::reports) fn number(number: impl ToString) -> Self {
        Self::own(number.to_string())
    }

    pub(in crate::reports) fn time(at: DateTime<Utc>) -> Self {
        Self::own(to_the_second(at))
    }

    /// Texts with `; ` between them; `empty` if there are none.
    pub(in crate::reports) fn list<T: AsRef<str>>(entries: impl Iterator<Item = T>) -> Self {
        let (mut list, mut count) = (String::new(), 0);
        for entry in entries {
            if count > 0 {
                list.push_str("; ");
            }
            let mut rest = entry.as_ref();
            while let Some(at) = rest.find(['\\', ';']) {
                let (before, special) = rest.split_at(at);
                let (special, after) = special.split_at(1);
                list.extend([before, "\\", special]);
                rest = after;
            }
            list.push_str(rest);
            count += 1;
        }
        if count == 0 { Self::own("empty") } else { Self::foreign_owned(&list) }
    }

    /// Texts with `; ` between them; an empty cell if there are none.
    pub(in crate::reports) fn list_or_blank<T: AsRef<str>>(entries: impl Iterator<Item = T>) -> Self {
        let mut entries = entries.peekable();
        if entries.peek().is_some() { Self::list(entries) } else { Self::empty() }
    }

    /// The endpoints that showed a resource.
    pub(in crate::reports) fn sightings(seen_by: &[Sighting]) -> Self {
        Self::list(seen_by.iter().map(|by| format!("{}: {}", by.source, by.endpoint)))
    }

    pub(in crate::reports) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_marked_and_nothing_else_is() {
        for hostile in ["=1+1", "  =1", "\t=1", "+1", "-5", "@x", "＝1", "\r\n=1", "'quoted", "\u{a0}=1"] {
            assert!(Cell::foreign(hostile).as_str().starts_with('\''), "{hostile:?}");
        }
        for tame in ["a=1", "", "ci-deploy", "5-3", "nonesuch"] {
            assert_eq!(Cell::foreign(tame).as_str(), tame);
        }
        assert_eq!(Cell::number(-5).as_str(), "-5");
    }

    #[test]
    fn a_name_cannot_pass_for_one_of_our_words() {
        assert_eq!(Cell::foreign("unknown").as_str(), "'unknown");
        assert_eq!(Cell::fact_text(&Fact::Unknown).as_str(), "unknown");
        assert_eq!(Cell::fact_list(&Fact::Known(vec![])).as_str(), "empty");
        assert_eq!(Cell::fact_list(&Fact::Known(vec!["a;b".into(), "c\\".into()])).as_str(), "a\\;b; c\\\\");
    }
}
