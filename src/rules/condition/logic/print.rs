//! A checked condition as text in which the order of writing is gone: negations are pushed to the comparisons, terms are
//! sorted, and what is compared with stands on the right.

use crate::rules::condition::tree::{Bool, Compare, Find, Int, NamedPath, Operator, Path, Text, TextFrom, Texts, Way};

/// The condition, or what must hold for it to be false.
pub(super) fn bool(tree: &Bool, wanted: bool, paths: &[NamedPath]) -> String {
    match tree {
        Bool::Literal(value) => (*value == wanted).to_string(),
        Bool::Not(inner) => bool(inner, !wanted, paths),
        Bool::And(terms) => chain(terms, wanted, if wanted { " && " } else { " || " }, paths),
        Bool::Or(terms) => chain(terms, wanted, if wanted { " || " } else { " && " }, paths),
        Bool::Field(field) => format!("{}{}", if wanted { "" } else { "!" }, path(*field, paths)),
        Bool::IsNull(field, equal) => format!("{} {} null", path(*field, paths), sign(*equal == wanted)),
        Bool::SameBools(left, right, equal) => {
            let [left, right] = sorted([bool(left, true, paths), bool(right, true, paths)]);
            format!("({left}) {} ({right})", sign(*equal == wanted))
        }
        Bool::SameTexts(left, right, equal) => {
            let [left, right] = sorted([text(left, paths), text(right, paths)]);
            format!("{left} {} {right}", sign(*equal == wanted))
        }
        Bool::Ints(how, left, right) => ordered(*how, wanted, int(left, paths), int(right, paths)),
        Bool::Times(how, left, right) => ordered(*how, wanted, path(*left, paths), path(*right, paths)),
        _ => format!("{}{}", if wanted { "" } else { "!" }, question(tree, paths)),
    }
}

/// What asks a list or looks into a text.
fn question(tree: &Bool, paths: &[NamedPath]) -> String {
    match tree {
        Bool::TextIn(entry, list) => format!("{} in {}", text(entry, paths), texts(list, paths)),
        Bool::IntIn(entry, list) => format!("{} in {list:?}", int(entry, paths)),
        Bool::Matches(of, regex) => format!("{}.matches({:?})", text(of, paths), regex.as_str()),
        Bool::Finds(how, of, wanted) => {
            let how = match how {
                Find::AtStart => "startsWith",
                Find::AtEnd => "endsWith",
                Find::Anywhere => "contains",
            };
            format!("{}.{how}({})", text(of, paths), text(wanted, paths))
        }
        Bool::Exists(list, body) => format!("{}.exists({})", texts(list, paths), bool(body, true, paths)),
        Bool::All(list, body) => format!("{}.all({})", texts(list, paths), bool(body, true, paths)),
        _ => unreachable!("internal: every other condition is printed by its own arm"),
    }
}

fn chain(terms: &[Bool], wanted: bool, between: &str, paths: &[NamedPath]) -> String {
    let mut terms: Vec<String> = terms.iter().map(|term| bool(term, wanted, paths)).collect();
    terms.sort();
    terms.dedup();
    format!("({})", terms.join(between))
}

fn sorted(mut pair: [String; 2]) -> [String; 2] {
    pair.sort();
    pair
}

fn sign(equal: bool) -> &'static str {
    if equal { "==" } else { "!=" }
}

/// A comparison as less, less or equal, equal or not equal.
fn ordered(how: Compare, wanted: bool, left: String, right: String) -> String {
    match (how, wanted) {
        (Compare::Equal, _) | (Compare::NotEqual, _) => {
            let [left, right] = sorted([left, right]);
            format!("{left} {} {right}", sign(matches!(how, Compare::Equal) == wanted))
        }
        (Compare::Less, true) | (Compare::GreaterOrEqual, false) => format!("{left} < {right}"),
        (Compare::LessOrEqual, true) | (Compare::Greater, false) => format!("{left} <= {right}"),
        (Compare::Greater, true) | (Compare::LessOrEqual, false) => format!("{right} < {left}"),
        (Compare::GreaterOrEqual, true) | (Compare::Less, false) => format!("{right} <= {left}"),
    }
}

pub(super) fn path(Path(at): Path, paths: &[NamedPath]) -> String {
    paths.get(usize::from(at)).expect("internal: a checked path is in the table").text.clone()
}

pub(super) fn int(tree: &Int, paths: &[NamedPath]) -> String {
    match tree {
        Int::Literal(value) => value.to_string(),
        Int::Field(field) => path(*field, paths),
        Int::Days(Way::Since, field) => format!("days_since({})", path(*field, paths)),
        Int::Days(Way::Until, field) => format!("days_until({})", path(*field, paths)),
        Int::Entries(list) => format!("size({})", texts(list, paths)),
        Int::Letters(of) => format!("size({})", text(of, paths)),
        Int::Negated(inner) => format!("-({})", int(inner, paths)),
        Int::Calculated(operator, left, right) => {
            let sign = match operator {
                Operator::Plus => "+",
                Operator::Minus => "-",
                Operator::Times => "*",
            };
            format!("({} {sign} {})", int(left, paths), int(right, paths))
        }
    }
}

pub(super) fn text(tree: &Text, paths: &[NamedPath]) -> String {
    let from = match &tree.from {
        TextFrom::Literal(literal) => format!("{literal:?}"),
        TextFrom::Field(field) => path(*field, paths),
        TextFrom::Entry(depth) => format!("entry{depth}"),
    };
    if tree.lower { format!("{from}.lowerAscii()") } else { from }
}

fn texts(tree: &Texts, paths: &[NamedPath]) -> String {
    match tree {
        Texts::Literal(list) => {
            let mut list = list.clone();
            list.sort();
            format!("{list:?}")
        }
        Texts::Field(field) => path(*field, paths),
    }
}
