//! What a condition may call. The checker looks functions up here, and the documents list them from here.

/// What a function does; the checker knows the types of each, the lowering how to compute it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    DaysSince,
    DaysUntil,
    Size,
    Exists,
    All,
    Matches,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
}

/// A function.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What it gives.
    pub doc: &'static str,
    /// True if it stands behind a value and a dot.
    pub(super) method: bool,
    /// How many arguments stand in its brackets.
    pub(super) arguments: usize,
    pub(super) call: Call,
}

const fn plain(call: Call, name: &'static str, usage: &'static str, doc: &'static str) -> Function {
    Function { name, usage, doc, method: false, arguments: 1, call }
}

const fn method(call: Call, arguments: usize, name: &'static str, usage: &'static str, doc: &'static str) -> Function {
    Function { name, usage, doc, method: true, arguments, call }
}

/// Every function.
#[rustfmt::skip]
pub static FUNCTIONS: &[Function] = &[
    plain(Call::DaysSince, "days_since", "days_since(time)", "Whole days since then; negative if it lies ahead."),
    plain(Call::DaysUntil, "days_until", "days_until(time)", "Whole days until then; negative once it has passed."),
    plain(Call::Size, "size", "size(list)", "How many entries a list has, or letters a text."),
    method(Call::Exists, 2, "exists", "list.exists(x, condition)", "True if the condition holds for at least one entry."),
    method(Call::All, 2, "all", "list.all(x, condition)", "True if the condition holds for every entry."),
    method(Call::Matches, 1, "matches", "text.matches(regular expression)", "True if the expression is found anywhere in the text."),
    method(Call::StartsWith, 1, "startsWith", "text.startsWith(text)", "True if the text begins so."),
    method(Call::EndsWith, 1, "endsWith", "text.endsWith(text)", "True if the text ends so."),
    method(Call::Contains, 1, "contains", "text.contains(text)", "True if the text has it inside."),
    method(Call::LowerAscii, 0, "lowerAscii", "text.lowerAscii()", "The text with A to Z in small letters."),
];
