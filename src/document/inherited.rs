//! A document over another that says what it does not: sections are put together key by key, and anything else that the upper
//! one says takes the place of what the lower one says. Every value keeps its place in its own file.

use std::ops::Range;

use super::{Located, Node, Section, Value, parse_node};
use crate::problem::{Problem, Problems, SourceText};

/// The lower document.
pub struct Inherited<'a> {
    /// Its file.
    pub file: &'a SourceText,
    /// What complaints show of it, as for [`super::parse_shown`].
    pub shown: &'a SourceText,
    /// Fills in what differs from one upper document to the next.
    pub fill: &'a dyn Fn(&str) -> String,
}

/// Reads a file's text over a lower document into its outermost section; complaints show `shown`.
///
/// # Errors
/// What is no YAML, or no section, in either.
pub fn parse_over(file: &SourceText, shown: &SourceText, lower: &Inherited<'_>) -> Result<Section, Problems> {
    let mut problems = Problems::default();
    let own = problems.take(parse_node(file, shown));
    let below = problems.take(parse_node(lower.file, lower.shown));
    let (Some(mut own), Some(mut below)) = (own, below) else { return Err(problems) };
    for (file, node) in [(shown, &own), (lower.shown, &below)] {
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            let found = node.value.sort();
            let what = format!("expected a section (`key: value` lines), found {found}");
            problems.push(Problem::at(file, 0..0, what));
        }
    }
    problems.or(())?;
    // A file with nothing but comments in it inherits everything.
    if own.value == Value::Null {
        own.value = Value::Map(Vec::new());
    }
    settle(&mut below, shown.end(), lower.fill);
    let shown = shown.clone().over(lower.shown);
    let whole = over(own, below);
    Section::of(&shown, whole).ok_or_else(|| unreachable!("internal: both are sections"))
}

/// Moves the places of a lower document behind the end of the upper one, and fills in its texts.
fn settle(node: &mut Node, by: usize, fill: &dyn Fn(&str) -> String) {
    let moved = |span: &Range<usize>| span.start + by..span.end + by;
    node.span = moved(&node.span);
    match &mut node.value {
        Value::Text(text) => *text = fill(text),
        Value::List(items) => items.iter_mut().for_each(|item| settle(item, by, fill)),
        Value::Map(entries) => {
            for (key, value) in entries {
                key.span = moved(&key.span);
                settle(value, by, fill);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

fn over(own: Node, below: Node) -> Node {
    match (own.value, below.value) {
        (Value::Map(upper), Value::Map(lower)) => {
            let mut lower: Vec<_> = lower.into_iter().map(Some).collect();
            let mut entries: Vec<_> = upper
                .into_iter()
                .map(|(key, value)| {
                    let below =
                        lower.iter_mut().find(|one| one.as_ref().is_some_and(|(known, _)| known.value == key.value));
                    let value = match below.and_then(Option::take) {
                        Some((_, below)) => over(value, below),
                        None => value,
                    };
                    (key, value)
                })
                .collect();
            // A key that comes twice in one document is in it twice still, for whoever reads the section to tell.
            entries.extend(lower.into_iter().flatten());
            Located { value: Value::Map(entries), span: own.span }
        }
        (value, _) => Located { value, span: own.span },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(own: &str, below: &str) -> Result<Section, Problems> {
        let (own, below) = (SourceText::new("acme.yaml", own), SourceText::new("defaults.yaml", below));
        let fill = |text: &str| text.replace("<tenant>", "acme");
        parse_over(&own, &own, &Inherited { file: &below, shown: &below, fill: &fill })
    }

    fn json(own: &str, below: &str) -> String {
        let section = read(own, below).unwrap();
        Value::Map(section.entries).to_json().to_string()
    }

    #[test]
    fn sections_are_put_together_and_everything_else_is_replaced_whole() {
        let below = "rules: { pack: x, override: { a: 1, b: 2 } }\nlist: [1, 2]\nstore: stores/<tenant>.db\n";
        let own = "rules:\n  override: { b: 3 }\nlist: [<tenant>]\n";
        let whole = r#"{"list":["<tenant>"],"rules":{"override":{"a":1,"b":3},"pack":"x"},"store":"stores/acme.db"}"#;
        assert_eq!(json(own, below), whole);
        assert_eq!(json("# nothing\n", "a: 1\n"), r#"{"a":1}"#);
        assert_eq!(json("a: 1\n", "# nothing\n"), r#"{"a":1}"#);
        // What is switched off stays off.
        assert_eq!(json("a:\n", "a: { b: 1 }\n"), r#"{"a":null}"#);
        assert_eq!(json("a: never\n", "a: { b: 1 }\n"), r#"{"a":"never"}"#);
    }

    #[test]
    fn each_mistake_is_told_in_its_own_file() {
        let mut section = read("a: 1\nodd: 2\n", "c: text\nother: 3\n").unwrap();
        assert_eq!((section.get::<i64>("a"), section.get::<i64>("c")), (Some(1), None));
        let told: Vec<String> = section.finish(Some(())).unwrap_err().0.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.starts_with("acme.yaml:2:1: ") && told.contains("`odd`")), "{told:?}");
        assert!(told.iter().any(|told| told.starts_with("defaults.yaml:1:4: `c` is text")), "{told:?}");
        assert!(
            told.iter().any(|told| told.starts_with("defaults.yaml:2:1: ") && told.contains("`other`")),
            "{told:?}"
        );
        for (own, below) in
            [("", "a: 1\na: 2\n"), ("a: 3\n", "a: 1\na: 2\n"), ("b: { a: 3 }\n", "b:\n  a: 1\n  a: 2\n")]
        {
            let mut section = read(own, below).unwrap();
            drop((section.get::<Node>("a"), section.section("b").map(|part| section.take(part.finish(Some(()))))));
            let told = section.finish(Some(())).unwrap_err().to_string();
            assert!(told.contains("key `a` comes twice") && told.contains("defaults.yaml:"), "{own}: {told}");
        }
        let told = read("- a\n", "b: [\n").unwrap_err().to_string();
        assert!(told.contains("defaults.yaml:"), "{told}");
        let told = read("- a\n", "text\n").unwrap_err().to_string();
        assert_eq!(told.matches("expected a section").count(), 2, "{told}");
    }
}
