//! A checked expression: every node has its type, every field is found, every literal is known to make sense.

use regex::Regex;

use crate::model::Kind;
use crate::rules::fields::Field;

/// Where a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Place {
    /// On the resource itself.
    Subject,
    /// On the resource as it was before the change.
    Before,
    /// On the change.
    Change,
    /// On the finding.
    Finding,
    /// On a neighbour, by its number.
    Neighbour(usize),
}

/// A field that a rule names.
#[derive(Clone)]
pub(in crate::rules) struct NamedPath {
    /// As it is written: `owner.status`.
    pub(in crate::rules) text: String,
    pub(in crate::rules) place: Place,
    pub(in crate::rules) field: &'static Field,
}

/// A path by its number in the rule's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Path(pub(super) u16);

pub(super) enum Bool {
    Literal(bool),
    Field(Path),
    /// `== null`; with `false`, `!= null`.
    IsNull(Path, bool),
    Not(Box<Bool>),
    And(Vec<Bool>),
    Or(Vec<Bool>),
    /// `==`; with `false`, `!=`.
    SameBools(Box<Bool>, Box<Bool>, bool),
    SameTexts(Text, Text, bool),
    Ints(Compare, Int, Int),
    Times(Compare, Path, Path),
    TextIn(Text, Texts),
    IntIn(Int, Vec<i64>),
    Matches(Text, Regex),
    Finds(Find, Text, Text),
    Exists(Texts, Box<Bool>),
    All(Texts, Box<Bool>),
}

impl Bool {
    /// The forms of which the resource must have one for this to hold; `None` if it may hold for any. Of a setting, its
    /// key stands for the form.
    pub(super) fn forms(&self, paths: &[NamedPath]) -> Option<Vec<String>> {
        let is_form = |text: &Text| match text.from {
            TextFrom::Field(Path(at)) => paths.get(usize::from(at)).is_some_and(|path| {
                let form = match path.field.of {
                    Some(Kind::Setting) => "key",
                    _ => "form",
                };
                path.place == Place::Subject && path.field.name == form
            }),
            TextFrom::Literal(_) | TextFrom::Entry(_) => false,
        };
        match self {
            Self::SameTexts(left, right, true) => match (&left.from, &right.from) {
                (_, TextFrom::Literal(form)) if is_form(left) => Some(vec![form.clone()]),
                (TextFrom::Literal(form), _) if is_form(right) => Some(vec![form.clone()]),
                _ => None,
            },
            Self::TextIn(text, Texts::Literal(forms)) if is_form(text) => Some(forms.clone()),
            Self::And(terms) => terms.iter().find_map(|term| term.forms(paths)),
            Self::Or(terms) => {
                let forms: Option<Vec<_>> = terms.iter().map(|term| term.forms(paths)).collect();
                forms.map(|forms| forms.concat())
            }
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where a text is looked for in another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Find {
    AtStart,
    AtEnd,
    Anywhere,
}

pub(super) enum Int {
    Literal(i64),
    Field(Path),
    Days(Way, Path),
    Entries(Texts),
    Letters(Text),
    Negated(Box<Int>),
    Calculated(Operator, Box<Int>, Box<Int>),
}

/// From which end days are counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    Since,
    Until,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
}

/// A text, perhaps in small letters.
pub(super) struct Text {
    pub(super) from: TextFrom,
    pub(super) lower: bool,
}

pub(super) enum TextFrom {
    Literal(String),
    Field(Path),
    /// The entry of the surrounding list that is so many lists out.
    Entry(usize),
}

pub(super) enum Texts {
    Literal(Vec<String>),
    Field(Path),
}

/// What a message can print.
pub(super) enum Printable {
    Bool(Bool),
    Int(Int),
    Time(Path),
    Text(Text),
    Texts(Texts),
}
