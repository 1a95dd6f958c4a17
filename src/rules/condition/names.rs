//! Checking names: what a path stands for, whether its value may be absent, and what was probably meant instead.

use std::collections::BTreeSet;
use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr};

use super::check::{Checker, Typed, collapse};
use super::tree::{Bool, Int, NamedPath, Path, Text, TextFrom, Texts};
use super::{Complaint, Constant};
use crate::rules::fields::{Field, Get};
use crate::text::did_you_mean;

impl<'c> Checker<'c> {
    pub(super) fn lone_name(&mut self, part: &IdedExpr, name: &str) -> Option<Typed> {
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

    pub(super) fn selected(&mut self, part: &IdedExpr) -> Option<Typed> {
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
    pub(super) fn path(&mut self, part: &IdedExpr) -> Option<Path> {
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

    pub(super) fn named(&self, path: Path) -> NamedPath {
        self.paths.get(usize::from(path.0)).cloned().expect("internal: paths are interned before they are used")
    }

    pub(super) fn last_word(&self, part: &IdedExpr, word: &str) -> Range<usize> {
        let end = self.parsed.span(part).end;
        end - word.len()..end
    }

    /// What a part says if it is a field: its type, whether it may be absent, and its line in the documents.
    pub(super) fn meaning(&self, part: &IdedExpr) -> Option<String> {
        let Expr::Select(select) = &part.expr else { return None };
        let Expr::Ident(root) = &select.operand.expr else { return None };
        let field = self.schema.owner(root)?.field(&select.field)?;
        Some(means(&format!("{root}.{}", field.name), field))
    }

    /// Shows the whole condition with a guard for every field of the term that needs one.
    pub(super) fn complain_of_unguarded(&mut self, term: &IdedExpr, unguarded: &[(Range<usize>, String)]) {
        let paths: BTreeSet<&str> = unguarded.iter().map(|(_, path)| path.as_str()).collect();
        let guard = |sign: &str, operator: &str| -> String {
            paths.iter().map(|path| format!("{path} {sign} null {operator} ")).collect()
        };
        let span = self.parsed.span(term);
        let term = collapse(self.words(term));
        let help = if paths.contains(term.as_str()) {
            format!("ask whether it has one: `{}`", self.with(span, &format!("{term} != null")))
        } else {
            let asked = self.with(span.clone(), &format!("{}{term}", guard("!=", "&&")));
            let excused = self.with(span, &format!("{}{term}", guard("==", "||")));
            format!("write `{asked}`, or `{excused}` if it may have none")
        };
        for (span, path) in unguarded {
            let known = self.paths.iter().find(|known| known.text == *path);
            let note = known.map(|known| means(path, known.field));
            let what = format!("`{path}` may have no value");
            self.complaints.push(Complaint { note, ..Complaint::new(span.clone(), what, Some(help.clone())) });
        }
    }

    /// The whole expression with something else in the place of a part, in one line. What comes in binds less than what it
    /// stands in, so it is put in brackets unless it stands alone.
    fn with(&self, span: Range<usize>, instead: &str) -> String {
        let source = self.parsed.source();
        let (before, after) = (source.get(..span.start).unwrap_or(""), source.get(span.end..).unwrap_or(""));
        let alone = before.trim_end().is_empty() && after.trim_start().is_empty();
        let in_brackets = before.trim_end().ends_with('(') && after.trim_start().starts_with(')');
        if alone || in_brackets {
            collapse(&format!("{before}{instead}{after}"))
        } else {
            collapse(&format!("{before}({instead}){after}"))
        }
    }
}

/// “`credential.expires_at` (time, may be absent): When it ends.”
fn means(path: &str, field: &Field) -> String {
    let absent = if field.nullable { ", may be absent" } else { "" };
    let words = field.words();
    let words = if words.is_empty() { String::new() } else { format!(" One of {}.", words.join(", ")) };
    format!("`{path}` ({}{absent}): {}{words}", field.type_name(), field.doc)
}
