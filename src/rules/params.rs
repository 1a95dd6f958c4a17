//! The parameters of a rule: their types, defaults and bounds, and the values an organisation sets instead.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;

use super::condition::{Constant, regex_fault};
use crate::document::{Located, Node, Read, Section, Value};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name behind `params.`.
    pub name: Located<String>,
    /// What sort of value it takes.
    pub sort: Sort,
    /// Its value unless somebody sets another.
    pub default: Node,
    /// The least value, for whole numbers.
    pub min: Option<i64>,
    /// The greatest value, for whole numbers.
    pub max: Option<i64>,
    /// What it is.
    pub about: String,
    /// The default as conditions take it.
    constant: Constant,
}

/// The sorts of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// Text.
    Text,
    /// A regular expression.
    Regex,
    /// A list of text.
    Texts,
}

impl Sort {
    const ALL: [Self; 5] = [Self::Int, Self::Bool, Self::Text, Self::Regex, Self::Texts];

    /// The word in rule files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Regex => "regex",
            Self::Texts => "texts",
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Bool => "true or false",
            Self::Text => "text",
            Self::Regex => "a regular expression",
            Self::Texts => "a list of text",
        }
    }
}

impl std::str::FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|sort| sort.name() == text)
            .ok_or_else(|| "a parameter is of type int, bool, text, regex or texts".to_owned())
    }
}

impl Param {
    pub(super) fn read(name: Located<String>, mut section: Section) -> Result<Self, Problems> {
        let sort = section.need_parsed::<Sort>("type");
        let default = section.need::<Node>("default");
        let (min, max) = (section.get("min"), section.get("max"));
        let about = section.need("about");
        let file = section.file().clone();
        let constant = match (sort, &default) {
            (Some(sort), Some(default)) => {
                section.take(constant(&name.value, sort, (min, max), &file, default).map_err(Problems::from))
            }
            _ => None,
        };
        let param =
            || Some(Self { name, sort: sort?, default: default?, min, max, about: about?, constant: constant? });
        let param = param();
        section.finish(param)
    }

    /// A value for it from a file.
    fn value(&self, file: &SourceText, node: &Node) -> Result<Constant, Problem> {
        constant(&self.name.value, self.sort, (self.min, self.max), file, node)
    }
}

/// A value as conditions take it, if it is of the sort and within the bounds.
fn constant(
    name: &str,
    sort: Sort,
    bounds: (Option<i64>, Option<i64>),
    file: &SourceText,
    node: &Node,
) -> Result<Constant, Problem> {
    let wrong = |what: String| Problem::at(file, node.span.clone(), what);
    let constant = match sort {
        Sort::Int => i64::read(node).map(Constant::Int),
        Sort::Bool => bool::read(node).map(Constant::Bool),
        Sort::Text => String::read(node).map(Constant::Text),
        Sort::Texts => Vec::<String>::read(node).map(Constant::Texts),
        Sort::Regex => match String::read(node).map(|text| Regex::new(&text)) {
            Some(Ok(regex)) => Some(Constant::Regex(regex)),
            Some(Err(error)) => {
                return Err(wrong(format!("the regular expression of `{name}` is broken")).help(regex_fault(&error)));
            }
            None => None,
        },
    };
    let constant =
        constant.ok_or_else(|| wrong(format!("`{name}` is {}, expected {}", node.value.sort(), sort.expected())))?;
    let (min, max) = bounds;
    if let Constant::Int(value) = constant
        && (min.is_some_and(|min| value < min) || max.is_some_and(|max| value > max))
    {
        return Err(wrong(format!("`{name}` cannot be {value}")).help(in_words(bounds)));
    }
    Ok(constant)
}

fn in_words(bounds: (Option<i64>, Option<i64>)) -> String {
    match bounds {
        (Some(min), Some(max)) => format!("it lies between {min} and {max}"),
        (Some(min), None) => format!("it is at least {min}"),
        (None, Some(max)) => format!("it is at most {max}"),
        (None, None) => "any whole number will do".to_owned(),
    }
}

/// The values in force: the defaults, and what was set instead.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) constants: BTreeMap<String, Constant>,
    /// The same as JSON, for people and for the digest.
    pub(super) json: BTreeMap<String, serde_json::Value>,
}

/// Values that a file sets, and the file.
pub(super) type Set<'s> = (&'s [(Located<String>, Node)], &'s SourceText);

impl Values {
    /// The defaults, with the values that other files set; those of later ones count for more.
    pub(super) fn of(declared: &[Param], sets: &[Set<'_>]) -> Result<Self, Problems> {
        let mut defaults = Self::default();
        for param in declared {
            defaults.put(param, param.constant.clone(), &param.default.value);
        }
        defaults.with(declared, sets)
    }

    /// These values, with those that files set: what is not set is not read again, for a regular expression takes its time.
    pub(super) fn with(mut self, declared: &[Param], sets: &[Set<'_>]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        for (name, node, set_file) in
            sets.iter().flat_map(|(set, file)| set.iter().map(move |(name, node)| (name, node, *file)))
        {
            match declared.iter().find(|param| param.name.value == name.value) {
                Some(param) => match param.value(set_file, node) {
                    Ok(constant) => self.put(param, constant, &node.value),
                    Err(problem) => problems.push(problem),
                },
                None => problems.push(undeclared(declared, set_file, name, name.span.clone())),
            }
        }
        problems.or(self)
    }

    fn put(&mut self, param: &Param, constant: Constant, value: &Value) {
        self.constants.insert(param.name.value.clone(), constant);
        self.json.insert(param.name.value.clone(), value.to_json());
    }
}

fn undeclared(declared: &[Param], file: &SourceText, name: &Located<String>, span: Range<usize>) -> Problem {
    let names: Vec<&str> = declared.iter().map(|param| param.name.value.as_str()).collect();
    let help = match did_you_mean(&name.value, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "the rule has no parameters".to_owned(),
        None => format!("it has {}", names.join(", ")),
    };
    Problem::at(file, span, format!("the rule has no parameter `{}`", name.value)).help(help)
}
