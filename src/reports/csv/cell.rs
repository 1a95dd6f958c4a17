//! One cell: how facts, times and foreign text are written so that a spreadsheet shows them as they are, and what they are for
//! whoever takes them as data.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ColumnForm;
use crate::inventory::Inventory;
use crate::model::{Fact, ResourceId, Sighting, to_the_second};
use crate::text::{self, needs_mark};

/// What every reader of the files has to know, told in `columns.csv`.
pub(super) const LEGEND: &str = "What the column means. In every table: `unknown` means that the source did not tell or could not be read, never that \
     there is none; `none` means that the source says there is none; `empty` is a list without entries; an empty cell \
     means that the column does not apply to the row. Text from outside that begins like a formula, with an apostrophe, \
     or that reads exactly `none`, `unknown` or `empty`, has one apostrophe put before it; take away one leading \
     apostrophe to get the text back. Control characters are replaced by a visible stand-in, line breaks by spaces.";

/// One cell.
#[derive(Debug, Clone)]
pub(in crate::reports) struct Cell<'a> {
    text: Cow<'a, str>,
    whose: Whose,
}

/// Whose words a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Ours.
    Own,
    /// Somebody else's.
    Foreign,
    /// Somebody else's, with `; ` between them.
    List,
}

impl<'a> Cell<'a> {
    /// Our own words: never marked.
    pub(in crate::reports) fn own(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), whose: Whose::Own }
    }

    /// Text that somebody else wrote: made harmless where it is written, and marked if a spreadsheet might take it for a
    /// formula or a reader for one of our words.
    pub(in crate::reports) fn foreign(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), whose: Whose::Foreign }
    }

    /// Foreign text that had to be put together first.
    pub(in crate::reports) fn foreign_owned(text: &str) -> Self {
        Self { text: Cow::Owned(text.to_owned()), whose: Whose::Foreign }
    }

    /// The column does not apply to the row.
    pub(in crate::reports) fn empty() -> Self {
        Self::own("")
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
        if count == 0 { Self::own("empty") } else { Self { text: Cow::Owned(list), whose: Whose::List } }
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

    /// As it is written into a file.
    pub(in crate::reports) fn written(&self) -> Cow<'_, str> {
        let shown = self.shown();
        if self.whose != Whose::Own && needs_mark(&shown) { Cow::Owned(format!("'{shown}")) } else { shown }
    }

    /// As it is shown to people, who take nothing for a formula.
    pub(in crate::reports) fn shown(&self) -> Cow<'_, str> {
        if self.whose == Whose::Own || self.text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Cow::Borrowed(&self.text)
        } else {
            Cow::Owned(text::harmless(&self.text))
        }
    }

    /// The text itself, as it was told: of a list, its entries as they are written.
    pub(in crate::reports) fn told(&self) -> &str {
        &self.text
    }

    /// What it is as data in a column of this form: nothing is taken for absent that is only not known. Where the column does
    /// not apply to the row, there is none.
    pub(in crate::reports) fn value(&self, form: ColumnForm) -> Fact<Value> {
        match (self.whose, self.told()) {
            (Whose::Own, "unknown") => return Fact::Unknown,
            (Whose::Own, "none") | (Whose::Own | Whose::Foreign, "") => return Fact::Absent,
            (Whose::Own, "empty") => return Fact::Known(Value::Array(Vec::new())),
            _ => {}
        }
        Fact::Known(match (form, self.told()) {
            (ColumnForm::List, text) => Value::Array(entries(text).into_iter().map(Value::String).collect()),
            (ColumnForm::YesNo, "yes") => Value::Bool(true),
            (ColumnForm::YesNo, "no") => Value::Bool(false),
            (ColumnForm::Number, text) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
            (_, text) => text.into(),
        })
    }

    /// The same cell, whatever becomes of what it was made from.
    pub(in crate::reports) fn into_owned(self) -> Cell<'static> {
        Cell { text: Cow::Owned(self.text.into_owned()), whose: self.whose }
    }
}

/// The entries of a list as it is written.
fn entries(list: &str) -> Vec<String> {
    let (mut entries, mut entry, mut letters) = (Vec::new(), String::new(), list.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => entry.extend(letters.next()),
            ';' => {
                entries.push(std::mem::take(&mut entry));
                // The space between them.
                letters.next();
            }
            letter => entry.push(letter),
        }
    }
    entries.push(entry);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_marked_and_nothing_else_is() {
        for hostile in ["=1+1", "  =1", "\t=1", "+1", "-5", "@x", "＝1", "\r\n=1", "'quoted", "\u{a0}=1"] {
            assert!(Cell::foreign(hostile).written().starts_with('\''), "{hostile:?}");
        }
        for tame in ["a=1", "", "ci-deploy", "5-3", "nonesuch"] {
            assert_eq!(Cell::foreign(tame).written(), tame);
        }
        assert_eq!(Cell::number(-5).written(), "-5");
    }

    #[test]
    fn a_name_cannot_pass_for_one_of_our_words() {
        assert_eq!(Cell::foreign("unknown").written(), "'unknown");
        assert_eq!(Cell::fact_text(&Fact::Unknown).written(), "unknown");
        assert_eq!(Cell::fact_list(&Fact::Known(vec![])).written(), "empty");
        assert_eq!(Cell::fact_list(&Fact::Known(vec!["a;b".into(), "c\\".into()])).written(), "a\\;b; c\\\\");
    }

    #[test]
    fn as_data_a_cell_says_what_was_told() {
        let text = |text: &'static str| Cell::foreign(text).value(ColumnForm::Text);
        assert_eq!(text("=1+1\u{7}"), Fact::Known("=1+1\u{7}".into()));
        assert_eq!(text("unknown"), Fact::Known("unknown".into()));
        assert_eq!(Cell::own("unknown").value(ColumnForm::Number), Fact::Unknown);
        assert_eq!(Cell::own("none").value(ColumnForm::Time), Fact::Absent);
        assert_eq!(Cell::empty().value(ColumnForm::List), Fact::Absent);
        assert_eq!(Cell::number(-7).value(ColumnForm::Number), Fact::Known((-7).into()));
        assert_eq!(Cell::yes_no(false).value(ColumnForm::YesNo), Fact::Known(false.into()));
        for list in [vec![], vec!["a;b", "c\\", "", "; d", "none"], vec!["unknown"], vec!["none", ""]] {
            let told = Cell::list(list.iter()).value(ColumnForm::List);
            assert_eq!(told, Fact::Known(list.into()), "what is put together comes apart again");
        }
    }
}
