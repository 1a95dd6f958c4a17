//! Checking: from the parser's tree to one in which every name is found and every type fits. Mistakes are gathered,
//! so that those of both sides of an operator are told together.

use std::collections::BTreeSet;
use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators as op};
use regex::Regex;

use super::syntax::Parsed;
use super::tree::{Bool, Compare, Find, Int, NamedPath, Operator, Path, Printable, Text, TextFrom, Texts, Way};
use super::{Complaint, Constant, Present, Schema};
use crate::rules::fields::Get;
use crate::rules::functions::{Call, FUNCTIONS, Function};
use crate::text::did_you_mean;

/// Checks one expression of a rule.
pub(super) struct Checker<'c> {
    pub(super) parsed: &'c Parsed,
    pub(super) schema: &'c Schema<'c>,
    pub(super) paths: &'c mut Vec<NamedPath>,
    pub(super) used_params: &'c mut BTreeSet<String>,
    /// Fields that are known to have a value here.
    pub(super) present: Present,
    /// True in a message, where a field without a value prints as “none”.
    pub(super) in_message: bool,
    /// Names of list entries, outermost first.
    pub(super) entries: Vec<String>,
    pub(super) complaints: Vec<Complaint>,
    /// Fields that the term at hand uses without asking whether they have a value, with their places.
    unguarded: Vec<(Range<usize>, String)>,
}

/// A value and its type.
enum Typed {
    Bool(Bool),
    Int(Int),
    Time(Path),
    Text(Text),
    Texts(Texts),
    Ints(Vec<i64>),
    Regex(Regex),
    Null,
}

impl Typed {
    fn sort(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a number",
            Self::Time(_) => "a time",
            Self::Text(_) => "text",
            Self::Texts(_) => "a list of text",
            Self::Ints(_) => "a list of numbers",
            Self::Regex(_) => "a regular expression",
            Self::Null => "null",
        }
    }
}

impl<'c> Checker<'c> {
    pub(super) fn new(
        parsed: &'c Parsed,
        schema: &'c Schema<'c>,
        paths: &'c mut Vec<NamedPath>,
        used_params: &'c mut BTreeSet<String>,
    ) -> Self {
        Self {
            parsed,
            schema,
            paths,
            used_params,
            present: Present::new(),
            in_message: false,
            entries: Vec::new(),
            complaints: Vec::new(),
            unguarded: Vec::new(),
        }
    }

    /// An expression that is true or false.
    pub(super) fn condition(&mut self, part: &IdedExpr) -> Option<Bool> {
        let outer = std::mem::take(&mut self.unguarded);
        let value = self.value(part);
        let unguarded = std::mem::replace(&mut self.unguarded, outer);
        self.complain_of_unguarded(part, &unguarded);
        match value? {
            Typed::Bool(tree) => Some(tree),
            _ if unguarded.iter().any(|(span, _)| *span == self.parsed.span(part)) => None,
            other => {
                let what = format!("`{}` is {}, expected a condition", self.words(part), other.sort());
                let help = "compare it with something, so that it is true or false";
                self.complain(self.parsed.span(part), what, Some(help.to_owned()))
            }
        }
    }

    /// An expression in a message.
    pub(super) fn printable(&mut self, part: &IdedExpr) -> Option<Printable> {
        Some(match self.value(part)? {
            Typed::Bool(tree) => Printable::Bool(tree),
            Typed::Int(tree) => Printable::Int(tree),
            Typed::Time(path) => Printable::Time(path),
            Typed::Text(tree) => Printable::Text(tree),
            Typed::Texts(tree) => Printable::Texts(tree),
            other @ (Typed::Ints(_) | Typed::Regex(_) | Typed::Null) => {
                let what = format!("a message cannot show {}", other.sort());
                return self.complain(self.parsed.span(part), what, None);
            }
        })
    }

    fn value(&mut self, part: &IdedExpr) -> Option<Typed> {
        match &part.expr {
            Expr::Literal(literal) => self.literal(part, literal),
            Expr::Ident(name) => self.lone_name(part, name),
            Expr::Select(_) => self.selected(part),
            Expr::List(list) => self.list(part, list),
            Expr::Call(call) => self.call(part, call),
            Expr::Unspecified | Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) => {
                self.complain(self.parsed.span(part), "this is not part of the rule language", None)
            }
        }
    }

    fn literal(&mut self, part: &IdedExpr, literal: &LiteralValue) -> Option<Typed> {
        Some(match literal {
            LiteralValue::Boolean(value) => Typed::Bool(Bool::Literal(*value.inner())),
            LiteralValue::Int(value) => Typed::Int(Int::Literal(*value.inner())),
            LiteralValue::String(value) => Typed::Text(Text::plain(TextFrom::Literal(value.inner().to_owned()))),
            LiteralValue::Null => Typed::Null,
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => {
                let help = "use a whole number or a text in quotes";
                return self.complain(self.parsed.span(part), "this literal is of no use here", Some(help.to_owned()));
            }
        })
    }

    fn list(&mut self, part: &IdedExpr, list: &ListExpr) -> Option<Typed> {
        let (mut texts, mut ints, mut odd) = (Vec::new(), Vec::new(), false);
        for element in &list.elements {
            match &element.expr {
                Expr::Literal(LiteralValue::String(value)) => texts.push(value.inner().to_owned()),
                Expr::Literal(LiteralValue::Int(value)) => ints.push(*value.inner()),
                _ => {
                    odd = true;
                    let what = format!("`{}` cannot be in a list", self.words(element));
                    let help = "a list has texts in quotes or whole numbers";
                    let _: Option<()> = self.complain(self.parsed.span(element), what, Some(help.to_owned()));
                }
            }
        }
        match (texts.is_empty(), ints.is_empty()) {
            _ if odd => None,
            (_, true) => Some(Typed::Texts(Texts::Literal(texts))),
            (true, false) => Some(Typed::Ints(ints)),
            (false, false) => self.complain(self.parsed.span(part), "a list has either texts or numbers", None),
        }
    }

    fn lone_name(&mut self, part: &IdedExpr, name: &str) -> Option<Typed> {
        if let Some(depth) = self.entries.iter().rev().position(|entry| entry == name) {
            return Some(Typed::Text(Text::plain(TextFrom::Entry(depth))));
        }
        let span = self.parsed.span(part);
        if let Some(owner) = self.schema.owner(name) {
            let help = format!("name one of its fields, such as `{name}.{}`", owner.example());
            return self.complain(span, format!("`{name}` has fields and is no value itself"), Some(help));
        }
        if name == "params" {
            return self.complain(span, "`params` is no value itself", Some("name one, as `params.name`".to_owned()));
        }
        let help = self.schema.suggest_name(name, &self.entries);
        self.complain(span, format!("there is no `{name}` here"), Some(help))
    }

    fn selected(&mut self, part: &IdedExpr) -> Option<Typed> {
        let Expr::Select(select) = &part.expr else { return None };
        if matches!(&select.operand.expr, Expr::Ident(root) if root == "params") {
            return self.param(part, &select.field);
        }
        let path = self.path(part)?;
        let NamedPath { field, text, .. } = self.named(path);
        if field.nullable && !self.in_message && !self.present.contains(&text) {
            self.unguarded.push((self.parsed.span(part), text));
        }
        Some(match field.get {
            Get::Bool(_) => Typed::Bool(Bool::Field(path)),
            Get::Int(_) => Typed::Int(Int::Field(path)),
            Get::Time(_) => Typed::Time(path),
            Get::Text(_) => Typed::Text(Text::plain(TextFrom::Field(path))),
            Get::Texts(_) => Typed::Texts(Texts::Field(path)),
        })
    }

    /// Shows the term with a guard for every field that needs one.
    fn complain_of_unguarded(&mut self, term: &IdedExpr, unguarded: &[(Range<usize>, String)]) {
        let paths: BTreeSet<&str> = unguarded.iter().map(|(_, path)| path.as_str()).collect();
        let guard = |sign: &str, operator: &str| -> String {
            paths.iter().map(|path| format!("{path} {sign} null {operator} ")).collect()
        };
        let term = collapse(self.words(term));
        let help = if paths.contains(term.as_str()) {
            format!("ask whether it has one: `{term} != null`")
        } else {
            let (asked, excused) = (guard("!=", "&&"), guard("==", "||"));
            format!("write `{asked}{term}`, or `{excused}{term}` if it may have none")
        };
        for (span, path) in unguarded {
            let _: Option<()> = self.complain(span.clone(), format!("`{path}` may have no value"), Some(help.clone()));
        }
    }

    fn param(&mut self, part: &IdedExpr, name: &str) -> Option<Typed> {
        let Some(constant) = self.schema.params.get(name) else {
            let names = self.schema.params.keys().map(String::as_str);
            let help = match did_you_mean(name, names.clone()) {
                Some(near) => format!("did you mean `params.{near}`?"),
                None if self.schema.params.is_empty() => "the rule declares none under `params:`".to_owned(),
                None => format!("declared are {}", names.collect::<Vec<_>>().join(", ")),
            };
            return self.complain(self.last_word(part, name), format!("there is no parameter `{name}`"), Some(help));
        };
        self.used_params.insert(name.to_owned());
        Some(match constant.clone() {
            Constant::Int(value) => Typed::Int(Int::Literal(value)),
            Constant::Bool(value) => Typed::Bool(Bool::Literal(value)),
            Constant::Text(value) => Typed::Text(Text::plain(TextFrom::Literal(value))),
            Constant::Regex(value) => Typed::Regex(value),
            Constant::Texts(value) => Typed::Texts(Texts::Literal(value)),
        })
    }

    /// The field that a selection names, without asking whether it may be absent.
    fn path(&mut self, part: &IdedExpr) -> Option<Path> {
        let select = match &part.expr {
            Expr::Select(select) => select,
            Expr::Ident(name) if !self.entries.contains(name) => return self.lone_name(part, name).and(None),
            _ => {
                let what = format!("`{}` is no field, and always has a value", self.words(part));
                return self.complain(self.parsed.span(part), what, None);
            }
        };
        let Expr::Ident(root) = &select.operand.expr else { return self.too_deep(part) };
        let Some(owner) = self.schema.owner(root) else {
            return if self.entries.contains(root) {
                let what = format!("`{root}` is text and has no fields");
                self.complain(self.parsed.span(part), what, None)
            } else {
                self.lone_name(&select.operand, root).and(None)
            };
        };
        match owner.field(&select.field) {
            Some(field) if owner.is_before() && field.derived => {
                let what = format!("`{}` is not kept of how it was before", self.words(part));
                let help = "only what the source itself told is kept";
                self.complain(self.parsed.span(part), what, Some(help.to_owned()))
            }
            Some(field) => self.intern(NamedPath { text: format!("{root}.{}", field.name), place: owner.place, field }),
            None => {
                let help = self.schema.suggest_field(&owner, &select.field);
                let what = format!("`{root}` has no field `{}`", select.field);
                self.complain(self.last_word(part, &select.field), what, Some(help))
            }
        }
    }

    fn too_deep(&mut self, part: &IdedExpr) -> Option<Path> {
        let words = collapse(self.words(part));
        let mut names = words.rsplitn(3, '.');
        let short = match (names.next(), names.next()) {
            (Some(field), Some(owner)) if self.schema.owner(owner).is_some() => Some(format!("{owner}.{field}")),
            _ => None,
        };
        let help = short.map(|short| format!("neighbours stand alone: write `{short}`"));
        self.complain(self.parsed.span(part), format!("`{words}` goes further than one field"), help)
    }

    fn intern(&mut self, path: NamedPath) -> Option<Path> {
        let at = self.paths.iter().position(|known| known.text == path.text).unwrap_or_else(|| {
            self.paths.push(path);
            self.paths.len() - 1
        });
        u16::try_from(at).ok().map(Path)
    }

    fn named(&self, path: Path) -> NamedPath {
        self.paths.get(usize::from(path.0)).cloned().expect("internal: paths are interned before they are used")
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr) -> Option<Typed> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, _) => self.chain(part, op::LOGICAL_AND, true).map(|terms| Typed::Bool(Bool::And(terms))),
            (op::LOGICAL_OR, _) => self.chain(part, op::LOGICAL_OR, false).map(|terms| Typed::Bool(Bool::Or(terms))),
            (op::LOGICAL_NOT, [inner]) => self.condition(inner).map(|inner| Typed::Bool(Bool::Not(Box::new(inner)))),
            (op::NEGATE, [inner]) => self.int(inner, "-").map(|inner| Typed::Int(Int::Negated(Box::new(inner)))),
            (op::EQUALS, [left, right]) => self.compare(part, Compare::Equal, left, right),
            (op::NOT_EQUALS, [left, right]) => self.compare(part, Compare::NotEqual, left, right),
            (op::LESS, [left, right]) => self.compare(part, Compare::Less, left, right),
            (op::LESS_EQUALS, [left, right]) => self.compare(part, Compare::LessOrEqual, left, right),
            (op::GREATER, [left, right]) => self.compare(part, Compare::Greater, left, right),
            (op::GREATER_EQUALS, [left, right]) => self.compare(part, Compare::GreaterOrEqual, left, right),
            (op::ADD, [left, right]) => self.calculate(Operator::Plus, left, right),
            (op::SUBSTRACT, [left, right]) => self.calculate(Operator::Minus, left, right),
            (op::MULTIPLY, [left, right]) => self.calculate(Operator::Times, left, right),
            (op::IN, [left, right]) => self.contained(part, left, right),
            (op::CONDITIONAL | op::INDEX | op::DIVIDE | op::MODULO, _) => {
                let help = "there are && || ! == != < <= > >= + - * and in";
                self.complain(
                    self.parsed.span(part),
                    "this operator is not part of the rule language",
                    Some(help.to_owned()),
                )
            }
            (name, _) => self.function(part, name, call),
        }
    }

    /// The terms of `a && b && …` (or `||`), each checked with what the ones before it prove.
    fn chain(&mut self, part: &IdedExpr, operator: &str, truth: bool) -> Option<Vec<Bool>> {
        let mut terms = Vec::new();
        flatten(part, operator, &mut terms);
        let outside = self.present.clone();
        let mut checked = Vec::with_capacity(terms.len());
        for term in &terms {
            checked.push(self.condition(term));
            proven(term, truth, &mut self.present);
        }
        self.present = outside;
        checked.into_iter().collect()
    }

    fn compare(&mut self, part: &IdedExpr, how: Compare, left: &IdedExpr, right: &IdedExpr) -> Option<Typed> {
        match (is_null(left), is_null(right)) {
            (_, true) => return self.null_test(part, how, left),
            (true, false) => return self.null_test(part, how, right),
            (false, false) => {}
        }
        let (left_value, right_value) = (self.value(left), self.value(right));
        let (left_value, right_value) = (left_value?, right_value?);
        let equal = matches!(how, Compare::Equal);
        let only_equality = matches!(how, Compare::Equal | Compare::NotEqual);
        Some(Typed::Bool(match (left_value, right_value) {
            (Typed::Int(a), Typed::Int(b)) => Bool::Ints(how, a, b),
            (Typed::Time(a), Typed::Time(b)) => Bool::Times(how, a, b),
            (Typed::Bool(a), Typed::Bool(b)) if only_equality => Bool::SameBools(Box::new(a), Box::new(b), equal),
            (Typed::Text(a), Typed::Text(b)) if only_equality => {
                self.possible_word(&a, right);
                self.possible_word(&b, left);
                Bool::SameTexts(a, b, equal)
            }
            (a, b) => return self.cannot_compare(part, &a, &b),
        }))
    }

    fn cannot_compare(&mut self, part: &IdedExpr, left: &Typed, right: &Typed) -> Option<Typed> {
        let (what, help) = match (left, right) {
            (Typed::Text(_), Typed::Text(_)) => ("text has no order".to_owned(), Some("use `==` or `!=`")),
            (Typed::Bool(_), Typed::Bool(_)) => ("true and false have no order".to_owned(), Some("use `==` or `!=`")),
            (Typed::Texts(_) | Typed::Ints(_), _) | (_, Typed::Texts(_) | Typed::Ints(_)) => {
                ("lists cannot be compared".to_owned(), Some("ask with `in`, `size(…)`, `.exists(…)` or `.all(…)`"))
            }
            (Typed::Regex(_), _) | (_, Typed::Regex(_)) => {
                ("a regular expression cannot be compared".to_owned(), Some("ask with `.matches(…)`"))
            }
            (Typed::Time(_), _) | (_, Typed::Time(_)) => (
                format!("{} cannot be compared with {}", left.sort(), right.sort()),
                Some("count days with `days_since(…)` or `days_until(…)`"),
            ),
            _ => (format!("{} cannot be compared with {}", left.sort(), right.sort()), None),
        };
        self.complain(self.parsed.span(part), what, help.map(str::to_owned))
    }

    fn null_test(&mut self, part: &IdedExpr, how: Compare, tested: &IdedExpr) -> Option<Typed> {
        let equal = match how {
            Compare::Equal => true,
            Compare::NotEqual => false,
            Compare::Less | Compare::LessOrEqual | Compare::Greater | Compare::GreaterOrEqual => {
                return self.complain(self.parsed.span(part), "null has no order", Some("use `==` or `!=`".to_owned()));
            }
        };
        let path = self.path(tested)?;
        let NamedPath { field, text, .. } = self.named(path);
        if !field.nullable {
            let what = format!("`{text}` always has a value");
            let help = format!("leave `{}` out", collapse(self.words(part)));
            return self.complain(self.parsed.span(part), what, Some(help));
        }
        Some(Typed::Bool(Bool::IsNull(path, equal)))
    }

    fn contained(&mut self, part: &IdedExpr, entry: &IdedExpr, list: &IdedExpr) -> Option<Typed> {
        let (entry_value, list_value) = (self.value(entry), self.value(list));
        Some(Typed::Bool(match (entry_value?, list_value?) {
            (Typed::Text(text), Typed::Texts(texts)) => {
                if let Expr::List(written) = &list.expr {
                    written.elements.iter().for_each(|element| self.possible_word(&text, element));
                }
                self.possible_entry(&texts, entry);
                Bool::TextIn(text, texts)
            }
            (Typed::Int(int), Typed::Ints(ints)) => Bool::IntIn(int, ints),
            (_, Typed::Text(_)) => {
                let help = format!("write `{}.contains({})`", self.words(list), self.words(entry));
                return self.complain(self.parsed.span(part), "`in` looks in lists, not in text", Some(help));
            }
            (a, b) => {
                let what = format!("{} cannot be in {}", a.sort(), b.sort());
                return self.complain(self.parsed.span(part), what, None);
            }
        }))
    }

    fn calculate(&mut self, operator: Operator, left: &IdedExpr, right: &IdedExpr) -> Option<Typed> {
        let sign = match operator {
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
        };
        let (left, right) = (self.int(left, sign), self.int(right, sign));
        Some(Typed::Int(Int::Calculated(operator, Box::new(left?), Box::new(right?))))
    }

    fn int(&mut self, part: &IdedExpr, sign: &str) -> Option<Int> {
        match self.value(part)? {
            Typed::Int(int) => Some(int),
            other => {
                let help = matches!(other, Typed::Time(_))
                    .then(|| "count days with `days_since(…)` or `days_until(…)`".to_owned());
                self.complain(self.parsed.span(part), format!("`{sign}` takes numbers, not {}", other.sort()), help)
            }
        }
    }

    fn function(&mut self, part: &IdedExpr, name: &str, call: &CallExpr) -> Option<Typed> {
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            return self.unknown_function(part, name, call);
        };
        if function.method != call.target.is_some() || function.arguments != call.args.len() {
            let what = format!("`{name}` is not called like this");
            return self.complain(self.parsed.span(part), what, Some(format!("write `{}`", function.usage)));
        }
        match (&call.target, call.args.as_slice()) {
            (None, [argument]) => self.plain_function(function, argument),
            (Some(target), [variable, body]) => self.quantifier(function, target, variable, body),
            (Some(target), arguments) => self.text_method(part, function, target, arguments.first()),
            (None, _) => None,
        }
    }

    fn unknown_function(&mut self, part: &IdedExpr, name: &str, call: &CallExpr) -> Option<Typed> {
        let help = match (name, call.args.first()) {
            ("has", Some(argument)) => format!("ask `{} != null`", self.words(argument)),
            _ => match did_you_mean(name, FUNCTIONS.iter().map(|function| function.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
                    format!("there are {}", names.join(", "))
                }
            },
        };
        self.complain(self.parsed.name_span(part), format!("there is no function `{name}`"), Some(help))
    }

    fn plain_function(&mut self, function: &Function, argument: &IdedExpr) -> Option<Typed> {
        Some(Typed::Int(match (function.call, self.value(argument)?) {
            (Call::DaysSince, Typed::Time(path)) => Int::Days(Way::Since, path),
            (Call::DaysUntil, Typed::Time(path)) => Int::Days(Way::Until, path),
            (Call::Size, Typed::Texts(texts)) => Int::Entries(texts),
            (Call::Size, Typed::Text(text)) => Int::Letters(text),
            (_, other) => {
                let what = format!("`{}` does not take {}", function.usage, other.sort());
                return self.complain(self.parsed.span(argument), what, None);
            }
        }))
    }

    fn quantifier(
        &mut self,
        function: &Function,
        list: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
    ) -> Option<Typed> {
        let texts = match self.value(list) {
            Some(Typed::Texts(texts)) => Some(texts),
            Some(other) => {
                let what = format!("`.{}` looks through lists, not {}", function.name, other.sort());
                self.complain(self.parsed.span(list), what, None)
            }
            None => None,
        };
        let Expr::Ident(name) = &variable.expr else {
            let help = format!("write `{}`", function.usage);
            return self.complain(self.parsed.span(variable), "a name for the entry is expected here", Some(help));
        };
        if self.schema.owner(name).is_some() || name == "params" {
            let what = format!("`{name}` has a meaning already");
            return self.complain(self.parsed.span(variable), what, Some("choose another name".to_owned()));
        }
        self.entries.push(name.clone());
        let body = self.condition(body);
        self.entries.pop();
        let (texts, body) = (texts?, Box::new(body?));
        Some(Typed::Bool(if function.call == Call::All { Bool::All(texts, body) } else { Bool::Exists(texts, body) }))
    }

    fn text_method(
        &mut self,
        part: &IdedExpr,
        function: &Function,
        target: &IdedExpr,
        argument: Option<&IdedExpr>,
    ) -> Option<Typed> {
        let (target_value, argument_value) = (self.value(target), argument.map(|argument| self.value(argument)));
        let text = match target_value? {
            Typed::Text(text) => text,
            Typed::Texts(_) if function.call == Call::Contains => {
                let entry = argument.map_or("", |argument| self.words(argument));
                let help = format!("write `{entry} in {}`", self.words(target));
                return self.complain(self.parsed.span(part), "`contains` looks in text, not in lists", Some(help));
            }
            other => {
                let what = format!("`{}` works on text, not on {}", function.name, other.sort());
                return self.complain(self.parsed.span(target), what, None);
            }
        };
        let argument_value = match argument_value {
            None => return Some(Typed::Text(Text { lower: true, ..text })),
            Some(value) => value?,
        };
        let argument = argument?;
        match (function.call, argument_value) {
            (Call::Matches, Typed::Regex(regex)) => Some(Typed::Bool(Bool::Matches(text, regex))),
            (Call::Matches, Typed::Text(Text { from: TextFrom::Literal(pattern), .. })) => {
                self.regex(argument, &pattern).map(|regex| Typed::Bool(Bool::Matches(text, regex)))
            }
            (Call::Matches, _) => {
                let help = "write it in quotes, or take a parameter of type regex";
                let what = "`matches` takes a regular expression that is known when the rule is loaded";
                self.complain(self.parsed.span(argument), what, Some(help.to_owned()))
            }
            (Call::StartsWith, Typed::Text(other)) => Some(Typed::Bool(Bool::Finds(Find::AtStart, text, other))),
            (Call::EndsWith, Typed::Text(other)) => Some(Typed::Bool(Bool::Finds(Find::AtEnd, text, other))),
            (Call::Contains, Typed::Text(other)) => Some(Typed::Bool(Bool::Finds(Find::Anywhere, text, other))),
            (_, other) => {
                let what = format!("`{}` takes text, not {}", function.name, other.sort());
                self.complain(self.parsed.span(argument), what, None)
            }
        }
    }

    fn regex(&mut self, part: &IdedExpr, pattern: &str) -> Option<Regex> {
        match Regex::new(pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.complain(self.parsed.span(part), "this regular expression is broken", Some(regex_fault(&error)))
            }
        }
    }

    /// Complains of a literal that a field of fixed words can never be.
    fn possible_word(&mut self, text: &Text, other: &IdedExpr) {
        let (TextFrom::Field(path), Expr::Literal(LiteralValue::String(literal))) = (&text.from, &other.expr) else {
            return;
        };
        let NamedPath { field, text, .. } = self.named(*path);
        self.one_of(&text, &field.words(), literal.inner(), other);
    }

    fn possible_entry(&mut self, texts: &Texts, entry: &IdedExpr) {
        let (Texts::Field(path), Expr::Literal(LiteralValue::String(literal))) = (texts, &entry.expr) else { return };
        let named = self.named(*path);
        if named.text == "change.fields" {
            let words = self.schema.changing_fields();
            self.one_of(&named.text, &words.iter().map(String::as_str).collect::<Vec<_>>(), literal.inner(), entry);
        }
    }

    fn one_of(&mut self, path: &str, words: &[&str], literal: &str, place: &IdedExpr) {
        if words.is_empty() || words.contains(&literal) {
            return;
        }
        let help = match did_you_mean(literal, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("it can be {}", words.join(", ")),
        };
        let what = format!("`{path}` is never \"{literal}\"");
        let _: Option<()> = self.complain(self.parsed.span(place), what, Some(help));
    }

    fn words(&self, part: &IdedExpr) -> &'c str {
        self.parsed.text(self.parsed.span(part))
    }

    fn last_word(&self, part: &IdedExpr, word: &str) -> Range<usize> {
        let end = self.parsed.span(part).end;
        end - word.len()..end
    }

    fn complain<T>(&mut self, span: Range<usize>, what: impl Into<String>, help: Option<String>) -> Option<T> {
        self.complaints.push(Complaint::new(span, what, help));
        None
    }
}

impl Text {
    fn plain(from: TextFrom) -> Self {
        Self { from, lower: false }
    }
}

/// Adds the fields that have a value whenever a condition is `truth`.
pub(super) fn proven(part: &IdedExpr, truth: bool, present: &mut Present) {
    let Expr::Call(call) = &part.expr else { return };
    match (call.func_name.as_str(), call.args.as_slice()) {
        (op::NOT_EQUALS, [left, right]) if truth => present.extend(tested(left, right)),
        (op::EQUALS, [left, right]) if !truth => present.extend(tested(left, right)),
        (op::LOGICAL_NOT, [inner]) => proven(inner, !truth, present),
        (op::LOGICAL_AND, [left, right]) | (op::LOGICAL_OR, [left, right]) => {
            let all_hold = (call.func_name == op::LOGICAL_AND) == truth;
            if all_hold {
                proven(left, truth, present);
                proven(right, truth, present);
            } else {
                let (mut by_left, mut by_right) = (Present::new(), Present::new());
                proven(left, truth, &mut by_left);
                proven(right, truth, &mut by_right);
                present.extend(by_left.intersection(&by_right).cloned());
            }
        }
        _ => {}
    }
}

fn tested(left: &IdedExpr, right: &IdedExpr) -> Option<String> {
    let field = if is_null(right) { left } else { Some(right).filter(|_| is_null(left))? };
    let Expr::Select(select) = &field.expr else { return None };
    let Expr::Ident(root) = &select.operand.expr else { return None };
    Some(format!("{root}.{}", select.field))
}

fn is_null(part: &IdedExpr) -> bool {
    matches!(part.expr, Expr::Literal(LiteralValue::Null))
}

fn flatten<'e>(part: &'e IdedExpr, operator: &str, terms: &mut Vec<&'e IdedExpr>) {
    match &part.expr {
        Expr::Call(call) if call.func_name == operator => {
            call.args.iter().for_each(|argument| flatten(argument, operator, terms));
        }
        _ => terms.push(part),
    }
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a regular expression, in one line.
pub(in crate::rules) fn regex_fault(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("").trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
