//! Checking calls: whether there is such a function, and whether it takes what it is given.

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use regex::Regex;

use super::check::{Checker, Typed, regex_fault};
use super::tree::{Bool, Find, Int, Text, TextFrom, Way};
use crate::rules::functions::{Call, FUNCTIONS, Function};
use crate::text::did_you_mean;

impl Checker<'_> {
    pub(super) fn function(&mut self, part: &IdedExpr, name: &str, call: &CallExpr) -> Option<Typed> {
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
}
