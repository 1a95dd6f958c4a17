//! A verdict taken apart: what every part of a rule's condition came to on one resource, and what is missing where that
//! cannot be told.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Outcome, RuleId, Severity, Sighting};

/// One part of a condition, with what it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As it is written, in one line.
    pub text: String,
    /// What it is.
    pub role: PartRole,
    /// What it came to.
    pub result: PartResult,
    /// True if the answer of the whole condition hangs on it.
    pub decides: bool,
    /// What it is made of, in the order in which it is written.
    pub parts: Vec<Part>,
    /// Entries of a list that were looked at and are not among the parts.
    pub left_out: usize,
}

/// What a part of a condition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartRole {
    /// `&&`: all of its parts must hold.
    AllOf,
    /// `||`: one of its parts must hold.
    AnyOf,
    /// `!`: its part must not hold.
    Not,
    /// A comparison, a function that is true or false, or a field that is; its parts are the values it is made from.
    Test,
    /// `exists`: one entry of a list must do.
    AnyEntry,
    /// `all`: every entry of a list must do.
    EveryEntry,
    /// One entry of such a list.
    Entry(String),
    /// A value: a field, a parameter, or what a function makes of them.
    Value,
}

/// What a part of a condition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartResult {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be told.
    Unknown(Missing),
    /// It has this value.
    Value(PartValue),
    /// It has no value: the source says that there is none.
    Nothing,
}

/// A value as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartValue {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A moment.
    Time(DateTime<Utc>),
    /// Text.
    Text(String),
    /// A list of text.
    Texts(Vec<String>),
}

/// What keeps something from being told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The field, as rules name it.
    pub path: String,
    /// Why, in words.
    pub words: Arc<str>,
    /// True if nobody kept it back: there is no such thing, so that nothing follows from it.
    pub nothing: bool,
    /// The endpoints behind whose gaps it may be: the ledger says which right each of them takes. Empty if none is known.
    pub behind: Vec<Sighting>,
}

/// What one rule says of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The rule.
    pub rule: RuleId,
    /// Its outcome.
    pub outcome: Outcome,
    /// What is missing, where a fact is what keeps it from telling.
    pub missing: Option<Missing>,
}

/// What one rule says of one resource, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What it says.
    pub opinion: Opinion,
    /// Which resources are meant; `None` if all of the kind are.
    pub scope: Option<Part>,
    /// What must hold.
    pub require: Part,
    /// What makes a failure of another severity, up to the first that holds. Empty unless the rule fails.
    pub severity: Vec<(Part, Severity)>,
}

impl Part {
    /// Marks what the answer hangs on, from the whole down to its values. Of terms that must all hold and do not, those
    /// that do not hold; of those of which one must hold and does, those that do; where it cannot be told, those that
    /// cannot be told.
    pub fn mark(&mut self, decides: bool) {
        self.decides = decides;
        for part in &mut self.parts {
            let counts = match (&self.role, &self.result) {
                (PartRole::AllOf | PartRole::EveryEntry, PartResult::False) => part.result == PartResult::False,
                (PartRole::AnyOf | PartRole::AnyEntry, PartResult::True) => part.result == PartResult::True,
                (
                    PartRole::AllOf | PartRole::EveryEntry | PartRole::AnyOf | PartRole::AnyEntry,
                    PartResult::Unknown(_),
                ) => matches!(part.result, PartResult::Unknown(_)),
                _ => true,
            };
            // The list itself is what its entries come from.
            part.mark(decides && (counts || part.role == PartRole::Value));
        }
    }

    /// What is missing in it and below it, in the order in which it is written, each field once.
    #[must_use]
    pub fn missing(&self) -> Vec<&Missing> {
        let mut found = Vec::new();
        self.gather(&mut found);
        found
    }

    fn gather<'p>(&'p self, found: &mut Vec<&'p Missing>) {
        if let PartResult::Unknown(missing) = &self.result
            && !found.contains(&missing)
        {
            found.push(missing);
        }
        self.parts.iter().for_each(|part| part.gather(found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(role: PartRole, result: PartResult, parts: Vec<Part>) -> Part {
        Part { text: String::new(), role, result, decides: false, parts, left_out: 0 }
    }

    fn unknown() -> PartResult {
        let words = "not told".into();
        PartResult::Unknown(Missing { path: "a.b".to_owned(), words, nothing: false, behind: Vec::new() })
    }

    fn test(result: PartResult) -> Part {
        part(PartRole::Test, result, Vec::new())
    }

    fn deciding(role: PartRole, result: PartResult) -> Vec<bool> {
        let terms = vec![test(PartResult::True), test(PartResult::False), test(unknown())];
        let mut whole = part(role, result, terms);
        whole.mark(true);
        whole.parts.iter().map(|part| part.decides).collect()
    }

    #[test]
    fn the_answer_hangs_on_the_terms_that_give_it() {
        assert_eq!(deciding(PartRole::AllOf, PartResult::False), [false, true, false]);
        assert_eq!(deciding(PartRole::AnyOf, PartResult::True), [true, false, false]);
        assert_eq!(deciding(PartRole::AllOf, unknown()), [false, false, true]);
        assert_eq!(deciding(PartRole::Not, PartResult::True), [true, true, true]);
        let mut whole = part(PartRole::AllOf, PartResult::False, vec![test(PartResult::False)]);
        whole.mark(false);
        assert!(!whole.parts[0].decides, "nothing hangs on a part of what does not matter");
    }

    #[test]
    fn what_is_missing_is_told_once() {
        let whole = part(PartRole::AllOf, unknown(), vec![test(unknown()), test(PartResult::True)]);
        assert_eq!(whole.missing().len(), 1);
    }
}
