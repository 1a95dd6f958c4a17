//! The names an expression begins its paths with: they tell which kinds of resource it can speak of.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr};

use super::explain::quantifier;
use super::syntax::{self, Parsed};

/// The names in an expression that stand for something with fields, each with its bytes, in the order in which they are
/// written; none where it cannot be parsed.
pub(in crate::rules) fn roots(source: &str) -> Vec<(String, Range<usize>)> {
    let Ok(parsed) = syntax::parse(source) else { return Vec::new() };
    let mut walk = Walk { parsed: &parsed, entries: Vec::new(), found: Vec::new() };
    walk.look(&parsed.root);
    walk.found.sort_by_key(|(_, span)| span.start);
    walk.found
}

struct Walk<'w> {
    parsed: &'w Parsed,
    /// Names of list entries, which are texts.
    entries: Vec<&'w str>,
    found: Vec<(String, Range<usize>)>,
}

impl<'w> Walk<'w> {
    fn look(&mut self, part: &'w IdedExpr) {
        match &part.expr {
            Expr::Ident(name) if !self.entries.contains(&name.as_str()) => {
                self.found.push((name.clone(), self.parsed.span(part)));
            }
            Expr::Select(select) => self.look(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(|element| self.look(element)),
            Expr::Call(call) => match quantifier(call) {
                Some(quantifier) => {
                    self.look(quantifier.list);
                    self.entries.push(quantifier.variable);
                    self.look(quantifier.body);
                    self.entries.pop();
                }
                None => call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|inner| self.look(inner)),
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::roots;

    #[test]
    fn names_of_entries_are_no_names_of_things() {
        let names = |source: &str| roots(source).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("credential.scopes.exists(s, s == owner.email || x.y)"), ["credential", "owner", "x"]);
        assert_eq!(names("s.a && a.b.exists(s, s == 'x') && s.c"), ["s", "a", "s"]);
        assert_eq!(names("('a' in [b.c]) == !d.e"), ["b", "d"]);
        assert!(names("a ==").is_empty());
    }
}
