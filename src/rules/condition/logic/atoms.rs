//! Single statements about one resource, and whether several of them can be true of the same.

use std::collections::{BTreeMap, BTreeSet};

use super::print;
use crate::rules::condition::tree::{Bool, Compare, Int, NamedPath, Path, Text, TextFrom, Texts};

/// A statement, with what it is about.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    about: String,
    /// The field that has a value if the statement is true.
    field: Option<String>,
    says: Says,
}

#[derive(Debug, Clone)]
enum Says {
    /// The field has no value.
    Nothing,
    /// The field has a value.
    Something,
    /// The text is one of these; the other list has all that the field can be, if that is known.
    OneOf(BTreeSet<String>),
    NoneOf(BTreeSet<String>, Vec<&'static str>),
    AtLeast(i64),
    AtMost(i64),
    IsNot(i64),
    /// Anything else is true or false as a whole.
    Holds(bool),
}

impl Atom {
    /// What it takes for a condition without further conditions in it to come to what is wanted.
    pub(super) fn of(tree: &Bool, wanted: bool, paths: &[NamedPath]) -> Self {
        let atom = match tree {
            Bool::IsNull(field, equal) => {
                let says = if *equal == wanted { Says::Nothing } else { Says::Something };
                Some(Self { about: print::path(*field, paths), field: None, says })
            }
            Bool::SameTexts(left, right, equal) => match (&left.from, &right.from) {
                (_, TextFrom::Literal(literal)) if !right.lower => {
                    Self::words(left, &[literal], *equal == wanted, paths)
                }
                (TextFrom::Literal(literal), _) if !left.lower => {
                    Self::words(right, &[literal], *equal == wanted, paths)
                }
                _ => None,
            },
            Bool::TextIn(text, Texts::Literal(list)) => {
                Self::words(text, &list.iter().collect::<Vec<_>>(), wanted, paths)
            }
            Bool::Ints(how, left, Int::Literal(limit)) => Some(Self::number(*how, left, *limit, wanted, paths)),
            Bool::Ints(how, Int::Literal(limit), right) => {
                Some(Self::number(turned(*how), right, *limit, wanted, paths))
            }
            Bool::Field(field) => {
                let field = print::path(*field, paths);
                Some(Self { about: field.clone(), field: Some(field), says: Says::Holds(wanted) })
            }
            _ => None,
        };
        atom.unwrap_or_else(|| {
            // Of a statement and its opposite the text is the same.
            let (plain, opposite) = (print::bool(tree, true, paths), print::bool(tree, false, paths));
            let (about, holds) = if plain <= opposite { (plain, wanted) } else { (opposite, !wanted) };
            Self { about, field: None, says: Says::Holds(holds) }
        })
    }

    fn words(text: &Text, words: &[&String], wanted: bool, paths: &[NamedPath]) -> Option<Self> {
        let TextFrom::Field(Path(at)) = text.from else { return None };
        let named = paths.get(usize::from(at))?;
        let words: BTreeSet<String> = words.iter().map(|word| (*word).clone()).collect();
        let says = match wanted {
            true => Says::OneOf(words),
            false => Says::NoneOf(words, if text.lower { Vec::new() } else { named.field.words() }),
        };
        Some(Self { about: print::text(text, paths), field: Some(named.text.clone()), says })
    }

    fn number(how: Compare, of: &Int, limit: i64, wanted: bool, paths: &[NamedPath]) -> Self {
        let says = match (how, wanted) {
            (Compare::Less, true) | (Compare::GreaterOrEqual, false) => Says::AtMost(limit.saturating_sub(1)),
            (Compare::LessOrEqual, true) | (Compare::Greater, false) => Says::AtMost(limit),
            (Compare::Greater, true) | (Compare::LessOrEqual, false) => Says::AtLeast(limit.saturating_add(1)),
            (Compare::GreaterOrEqual, true) | (Compare::Less, false) => Says::AtLeast(limit),
            (Compare::Equal, true) | (Compare::NotEqual, false) => Says::OneOf(BTreeSet::from([limit.to_string()])),
            (Compare::NotEqual, true) | (Compare::Equal, false) => Says::IsNot(limit),
        };
        let field = match of {
            Int::Field(field) | Int::Days(_, field) | Int::Entries(Texts::Field(field)) => {
                Some(print::path(*field, paths))
            }
            _ => None,
        };
        Self { about: print::int(of, paths), field, says }
    }
}

fn turned(how: Compare) -> Compare {
    match how {
        Compare::Less => Compare::Greater,
        Compare::LessOrEqual => Compare::GreaterOrEqual,
        Compare::Greater => Compare::Less,
        Compare::GreaterOrEqual => Compare::LessOrEqual,
        Compare::Equal | Compare::NotEqual => how,
    }
}

/// What is left for one thing after some statements about it.
#[derive(Default)]
struct Left {
    holds: Option<bool>,
    nothing: Option<bool>,
    one_of: Option<BTreeSet<String>>,
    none_of: BTreeSet<String>,
    can_be: Vec<&'static str>,
    at_least: Option<i64>,
    at_most: Option<i64>,
}

/// False if the statements contradict each other.
pub(super) fn agree(atoms: &[Atom]) -> bool {
    let mut all: BTreeMap<&str, Left> = BTreeMap::new();
    for atom in atoms {
        if !all.entry(&atom.about).or_default().take(&atom.says) {
            return false;
        }
        // A value that is compared is there.
        if let Some(field) = &atom.field
            && !all.entry(field).or_default().take(&Says::Something)
        {
            return false;
        }
    }
    all.values().all(Left::is_something_left)
}

impl Left {
    fn take(&mut self, says: &Says) -> bool {
        match says {
            Says::Holds(value) => return *self.holds.get_or_insert(*value) == *value,
            Says::Nothing => return *self.nothing.get_or_insert(true),
            Says::Something => return !*self.nothing.get_or_insert(false),
            Says::OneOf(words) => match &mut self.one_of {
                Some(own) => own.retain(|word| words.contains(word)),
                None => self.one_of = Some(words.clone()),
            },
            Says::NoneOf(words, can_be) => {
                self.none_of.extend(words.iter().cloned());
                self.can_be.clone_from(can_be);
            }
            Says::IsNot(number) => {
                self.none_of.insert(number.to_string());
            }
            Says::AtLeast(number) => self.at_least = Some(self.at_least.map_or(*number, |own| own.max(*number))),
            Says::AtMost(number) => self.at_most = Some(self.at_most.map_or(*number, |own| own.min(*number))),
        }
        true
    }

    fn is_something_left(&self) -> bool {
        let (least, most) = (self.at_least.unwrap_or(i64::MIN), self.at_most.unwrap_or(i64::MAX));
        let in_bounds = |word: &str| word.parse::<i64>().map_or(true, |number| (least..=most).contains(&number));
        let free = |word: &str| !self.none_of.contains(word);
        match &self.one_of {
            Some(words) => {
                let bounded = self.at_least.is_some() || self.at_most.is_some();
                words.iter().any(|word| free(word) && (!bounded || in_bounds(word)))
            }
            None if !self.can_be.is_empty() => self.can_be.iter().any(|word| free(word)),
            None => least < most || (least == most && free(&least.to_string())),
        }
    }
}
