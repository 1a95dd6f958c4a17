//! YAML documents that people write, and their sections: every value knows its place in the file, every mistake
//! is gathered, and nothing is read that nobody asked for. What a document is for, its reader knows.

pub mod delimited;
mod inherited;
pub mod secrets;
pub mod sheet;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

pub use self::inherited::{Inherited, parse_over};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A value and the bytes of the file where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// A value of a document, not yet typed.
pub type Node = Located<Value>;

/// What YAML can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, or nothing behind the colon.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values in the order of the file. A key that comes twice is in it twice.
    Map(Vec<(Located<String>, Node)>),
}

impl Value {
    /// What it is, for “expected …, found …”.
    #[must_use]
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a section",
        }
    }

    /// The same value as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(value) => value.clone().into(),
            Self::List(nodes) => nodes.iter().map(|node| node.value.to_json()).collect(),
            Self::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), node.value.to_json())).collect(),
        }
    }
}

/// Reads a file's text into its outermost section.
///
/// # Errors
/// When it is not YAML, or its outermost value is no section.
pub fn parse(file: &SourceText) -> Result<Section, Problems> {
    parse_shown(file, file)
}

/// The same for a file of which complaints show another text: one in which as many bytes stand for each that may be a secret.
///
/// # Errors
/// As [`parse`].
pub fn parse_shown(file: &SourceText, shown: &SourceText) -> Result<Section, Problems> {
    let node = parse_node(file, shown)?;
    let found = node.value.sort();
    Section::of(shown, node).ok_or_else(|| {
        Problem::at(shown, 0..0, format!("expected a section (`key: value` lines), found {found}")).into()
    })
}

fn parse_node(file: &SourceText, shown: &SourceText) -> Result<Node, Problems> {
    // Keys that come twice are told by the section that reads them, together with all its other mistakes.
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    let parsed = serde_saphyr::from_str_with_options::<Spanned<Raw>>(&file.text, options);
    parsed.map(|raw| raw.value.place(&file.text, &raw.referenced)).map_err(|error| {
        let span = error.location().map_or(0..0, |location| byte_span(&file.text, &location));
        let message = error.without_snippet().to_string();
        let message =
            message.lines().next().and_then(|line| line.split(" at line ").next()).unwrap_or("cannot be read");
        Problem::at(shown, span, format!("not proper YAML: {message}")).into()
    })
}

fn byte_span(text: &str, location: &serde_saphyr::Location) -> Range<usize> {
    let span = location.span();
    let number = |given: Option<u64>| given.and_then(|number| usize::try_from(number).ok());
    let start = number(span.byte_offset()).unwrap_or_else(|| byte_offset(text, location)).min(text.len());
    let length = number(span.byte_len()).unwrap_or(0);
    start..(start + length).min(text.len())
}

/// Errors of the YAML scanner tell line and column alone.
fn byte_offset(text: &str, location: &serde_saphyr::Location) -> usize {
    let from_one = |number: u64| usize::try_from(number).unwrap_or(1).saturating_sub(1);
    let lines = text.split_inclusive('\n').take(from_one(location.line()));
    let column: usize = text
        .split('\n')
        .nth(from_one(location.line()))
        .map_or(0, |line| line.chars().take(from_one(location.column())).map(char::len_utf8).sum());
    lines.map(str::len).sum::<usize>() + column
}

/// A value as the YAML crate hands it over: places are its own type until the text is at hand.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl Raw {
    fn place(self, text: &str, location: &serde_saphyr::Location) -> Node {
        let mut span = byte_span(text, location);
        let value = match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(value) => Value::Text(value),
            Self::List(items) => {
                Value::List(items.into_iter().map(|item| item.value.place(text, &item.referenced)).collect())
            }
            Self::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, node)| {
                        let key_span = byte_span(text, &key.referenced);
                        (Located { value: key.value, span: key_span }, node.value.place(text, &node.referenced))
                    })
                    .collect(),
            ),
        };
        if let Value::Map(entries) = &value
            && let Some((first, _)) = entries.first()
        {
            span = first.span.clone();
        }
        Located { value, span }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a YAML value")
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or_else(|_too_large| Raw::Text(value.to_string()), Raw::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }

        from.deserialize_any(RawVisitor)
    }
}

/// A value that can be read from a document.
pub trait Read: Sized {
    /// What is expected, for messages: “text”.
    const EXPECTED: &'static str;
    /// The value, or the problem with it; `None` if it is of another sort.
    fn read(node: &Node) -> Option<Self>;
}

impl Read for String {
    const EXPECTED: &'static str = "text";
    fn read(node: &Node) -> Option<Self> {
        if let Value::Text(text) = &node.value { Some(text.clone()) } else { None }
    }
}

impl Read for bool {
    const EXPECTED: &'static str = "true or false";
    fn read(node: &Node) -> Option<Self> {
        if let Value::Bool(value) = node.value { Some(value) } else { None }
    }
}

impl Read for i64 {
    const EXPECTED: &'static str = "a whole number";
    fn read(node: &Node) -> Option<Self> {
        if let Value::Int(value) = node.value { Some(value) } else { None }
    }
}

impl Read for f64 {
    const EXPECTED: &'static str = "a number";
    fn read(node: &Node) -> Option<Self> {
        match node.value {
            Value::Float(value) => Some(value),
            #[expect(clippy::cast_precision_loss, reason = "settings are small numbers")]
            Value::Int(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl Read for Node {
    const EXPECTED: &'static str = "a value";
    fn read(node: &Node) -> Option<Self> {
        Some(node.clone())
    }
}

impl<T: Read> Read for Located<T>
where
    T: NotNode,
{
    const EXPECTED: &'static str = T::EXPECTED;
    fn read(node: &Node) -> Option<Self> {
        T::read(node).map(|value| Self { value, span: node.span.clone() })
    }
}

impl<T: Read> Read for Vec<T> {
    const EXPECTED: &'static str = "a list";
    fn read(node: &Node) -> Option<Self> {
        if let Value::List(items) = &node.value { items.iter().map(T::read).collect() } else { None }
    }
}

/// Marks the values that may be read together with their place.
pub trait NotNode {}
impl NotNode for String {}
impl NotNode for bool {}
impl NotNode for i64 {}
impl NotNode for f64 {}

/// One part of a document: keys and values that are taken out one by one. What nobody takes is a mistake,
/// told by [`Section::finish`] with all the others.
#[derive(Debug)]
pub struct Section {
    file: SourceText,
    span: Range<usize>,
    entries: Vec<(Located<String>, Node)>,
    known: Vec<&'static str>,
    problems: Problems,
}

impl Section {
    /// A node as a section; `None` if it is none. An empty value (`sources:` with nothing behind it) is an empty section.
    #[must_use]
    pub fn of(file: &SourceText, node: Node) -> Option<Self> {
        let mut problems = Problems::default();
        let entries = match node.value {
            Value::Map(entries) => entries,
            Value::Null => Vec::new(),
            _ => return None,
        };
        for (at, (key, _)) in entries.iter().enumerate() {
            if entries.iter().take(at).any(|(earlier, _)| earlier.value == key.value) {
                problems.push(Problem::at(file, key.span.clone(), format!("key `{}` comes twice", key.value)));
            }
        }
        Some(Self { file: file.clone(), span: node.span, entries, known: Vec::new(), problems })
    }

    /// The file it is in.
    #[must_use]
    pub fn file(&self) -> &SourceText {
        &self.file
    }

    /// The folder of the file it is in: other paths in the file start there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        Path::new(&*self.file.name).parent().unwrap_or(Path::new(""))
    }

    /// Where it begins.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key that must be there. Without it, or with a value of another sort, a problem is noted.
    pub fn need<T: Read>(&mut self, key: &'static str) -> Option<T> {
        let missing = !self.has(key);
        let value = self.get(key);
        if missing {
            self.wrong(self.span(), format!("`{key}` is missing"), Some(format!("add `{key}:` with {}", T::EXPECTED)));
        }
        value
    }

    /// The value of a key that may be left out.
    pub fn get<T: Read>(&mut self, key: &'static str) -> Option<T> {
        self.known.push(key);
        let node = self.entry(key)?.clone();
        let value = T::read(&node);
        if value.is_none() {
            let found = node.value.sort();
            self.wrong(node.span, format!("`{key}` is {found}, expected {}", T::EXPECTED), None);
        }
        value
    }

    /// The value of a key that may be left out, made from its text.
    pub fn get_parsed<T: FromStr>(&mut self, key: &'static str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        let text: Located<String> = self.get(key)?;
        match text.value.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(text.span, format!("`{key}` cannot be `{}`", text.value), Some(error.to_string()));
                None
            }
        }
    }

    /// The value of a key that must be there, made from its text.
    pub fn need_parsed<T: FromStr>(&mut self, key: &'static str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        if self.has(key) { self.get_parsed(key) } else { self.need::<String>(key).and_then(|_none| None) }
    }

    /// A whole number from 1 to `most` under a key that may be left out.
    pub fn number(&mut self, key: &'static str, most: u32) -> Option<u32> {
        let written: Located<i64> = self.get(key)?;
        let number = u32::try_from(written.value).ok().filter(|number| (1..=most).contains(number));
        if number.is_none() {
            self.wrong(written.span, format!("`{key}` is {}, expected 1 to {most}", written.value), None);
        }
        number
    }

    /// The section under a key, if there is one. Its own `finish` must be called, and its problems taken up.
    pub fn section(&mut self, key: &'static str) -> Option<Self> {
        let node: Node = self.get(key)?;
        self.as_section(key, node)
    }

    /// The sections in the list under a key; none if the key is left out.
    pub fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(node) = self.get::<Node>(key) else { return Vec::new() };
        match node.value {
            Value::List(items) => items.into_iter().filter_map(|item| self.as_section(key, item)).collect(),
            Value::Null => Vec::new(),
            other => {
                self.wrong(node.span, format!("`{key}` is {}, expected a list", other.sort()), None);
                Vec::new()
            }
        }
    }

    /// All keys and values that were not taken yet, for sections whose keys are names that people choose.
    pub fn rest(&mut self) -> Vec<(Located<String>, Node)> {
        let known = &self.known;
        let (rest, kept) =
            std::mem::take(&mut self.entries).into_iter().partition(|(key, _)| !known.contains(&key.value.as_str()));
        self.entries = kept;
        rest
    }

    /// Notes a problem.
    pub fn wrong(&mut self, span: Range<usize>, what: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem { help, ..Problem::at(&self.file, span, what) });
    }

    /// Takes up the problems of a part, and gives back its value if it has none.
    pub fn take<T>(&mut self, part: Result<T, Problems>) -> Option<T> {
        self.problems.take(part)
    }

    /// The text under a key that somebody else is to take, if there is one.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<&str> {
        if let Value::Text(text) = &self.entry(key)?.value { Some(text) } else { None }
    }

    /// The text under a key that somebody else is to take, or the texts of its list.
    #[must_use]
    pub fn peek_all(&self, key: &str) -> Vec<&str> {
        let nodes: Vec<&Node> = match self.entry(key) {
            Some(Node { value: Value::List(items), .. }) => items.iter().collect(),
            node => node.into_iter().collect(),
        };
        let texts =
            nodes.into_iter().filter_map(|node| if let Value::Text(text) = &node.value { Some(text) } else { None });
        texts.map(String::as_str).collect()
    }

    /// True if the key is in the file.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// The place of a key's value, or of the section if it has no such key.
    #[must_use]
    pub fn span_of(&self, key: &str) -> Range<usize> {
        self.entry(key).map_or_else(|| self.span(), |node| node.span.clone())
    }

    /// Everything that was wrong, keys that nobody asked for included; `value` if nothing was.
    ///
    /// # Errors
    /// When there was a problem, or there was none but `value` is missing (which would be a bug of ours).
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problems> {
        let known = std::mem::take(&mut self.known);
        for (key, _) in std::mem::take(&mut self.entries) {
            if !known.contains(&key.value.as_str()) {
                let help = match did_you_mean(&key.value, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                self.wrong(key.span, format!("unknown key `{}`", key.value), Some(help));
            }
        }
        match value {
            Some(value) => self.problems.or(value),
            None if self.problems.0.is_empty() => {
                Err(Problem::at(&self.file, self.span, "this section cannot be read").into())
            }
            None => Err(self.problems),
        }
    }

    fn entry(&self, key: &str) -> Option<&Node> {
        self.entries.iter().rev().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    fn as_section(&mut self, key: &str, node: Node) -> Option<Self> {
        let (span, found) = (node.span.clone(), node.value.sort());
        let section = Self::of(&self.file, node);
        if section.is_none() {
            self.wrong(span, format!("`{key}` is {found}, expected a section (`key: value` lines)"), None);
        }
        section
    }
}

/// The place in the file of a part of a text value: for languages inside YAML, such as conditions. YAML may fold and
/// indent white space, so that the other characters tell the place. Where it writes some of them in another way,
/// it is the place of the whole value. What is all of its text is where it is.
#[must_use]
pub fn place_inside(file: &SourceText, text: &Located<String>, part: Range<usize>) -> Range<usize> {
    if text.span == (0..file.text.len()) && *text.value == *file.text {
        return part;
    }
    let letters = written_letters(file.text.get(text.span.clone()).unwrap_or(""));
    let count = |upto: usize| {
        let before = text.value.get(..upto).unwrap_or(&text.value);
        before.chars().filter(|letter| !letter.is_whitespace()).count()
    };
    let (first, behind) = (count(part.start), count(part.end));
    let wanted = text.value.chars().filter(|letter| !letter.is_whitespace());
    let alike = letters.iter().map(|(_, letter)| *letter).take(behind).eq(wanted.take(behind));
    let last = behind.checked_sub(1).and_then(|last| letters.get(last));
    let start = if first < behind { letters.get(first).map(|(place, _)| place.start) } else { None };
    match (start, last) {
        (start, Some((last, _))) if alike => {
            let start = start.unwrap_or(last.end);
            text.span.start + start..text.span.start + last.end.max(start)
        }
        _ => text.span.clone(),
    }
}

/// The characters of a text value as the file writes it, white space left out, each with its bytes. A block scalar
/// begins with a line of signs; text in quotes may escape characters.
fn written_letters(raw: &str) -> Vec<(Range<usize>, char)> {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let skipped = match quote {
        Some(_) => 1,
        None if raw.starts_with(['|', '>']) => raw.find('\n').unwrap_or(raw.len()),
        None => 0,
    };
    let mut letters = Vec::new();
    let mut chars = raw.char_indices().skip_while(|(at, _)| *at < skipped).peekable();
    while let Some((at, mut letter)) = chars.next() {
        if (quote == Some('"') && letter == '\\') || (quote == Some('\'') && letter == '\'') {
            letter = chars.next().map_or(letter, |(_, escaped)| escaped);
        }
        if !letter.is_whitespace() {
            letters.push((at..chars.peek().map_or(raw.len(), |(next, _)| *next), letter));
        }
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (SourceText, Result<Section, Problems>) {
        let file = SourceText::new("x.yaml", text);
        let section = parse(&file);
        (file, section)
    }

    #[test]
    fn all_mistakes_of_a_section_are_told_at_once() {
        let (_, section) = read("nam: acme\nsize: big\nsize: 3\nflag: true\n");
        let mut section = section.unwrap();
        let name: Option<String> = section.need("name");
        let size: Option<i64> = section.get("size");
        assert_eq!((name, size), (None, Some(3)));
        let told = section.finish(Some(())).unwrap_err().to_string();
        let expected = "x.yaml:3:1: key `size` comes twice\n\
                        x.yaml:1:1: `name` is missing (add `name:` with text)\n\
                        x.yaml:1:1: unknown key `nam` (did you mean `name`?)\n\
                        x.yaml:4:1: unknown key `flag` (known here: name, size)";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_value_of_another_sort_is_told_with_its_place() {
        let (_, section) = read("a:\n  b: [1, 2]\n");
        let mut section = section.unwrap();
        let mut inner = section.section("a").unwrap();
        let b: Option<String> = inner.get("b");
        assert!(b.is_none());
        let told = inner.finish(Some(())).unwrap_err().to_string();
        assert_eq!(told, "x.yaml:2:6: `b` is a list, expected text");
    }

    #[test]
    fn other_paths_start_at_the_folder_of_the_file() {
        let folder = |name: &str| parse(&SourceText::new(name, "a: 1\n")).unwrap().folder().to_owned();
        assert_eq!(folder("/etc/keyroll/keyroll.yaml"), Path::new("/etc/keyroll"));
        assert_eq!(folder("keyroll.yaml").join("x.csv"), Path::new("x.csv"));
    }

    #[test]
    fn broken_yaml_is_told_with_its_line() {
        let (_, section) = read("a: 1\nb: [1, 2\nc: 3\n");
        let told = section.unwrap_err();
        assert!(told.0[0].line_and_column().unwrap().0 >= 2, "{told}");
    }

    #[test]
    fn a_part_of_a_text_is_found_in_every_form_of_scalar() {
        for yaml in [
            "x: aä && bcd\n",
            "x: \"aä && bcd\"\n",
            "x: 'aä && bcd'\n",
            "x: |\n  aä && bcd\n",
            "x: |\n  z ||\n  aä && bcd\ny: 1\n",
            "x: >\n  aä && bcd\n",
            "x: >-\n    aä && bcd\n",
            "x: >-\n    aä\n    &&\n\n    bcd\n",
            "x: aä\n  && bcd\n",
            "x: \"'' == \\\"aä\\\" && bcd\"\n",
            "x: 'it''s aä && bcd'\n",
        ] {
            let (file, section) = read(yaml);
            let text: Located<String> = section.unwrap().need("x").unwrap();
            let at = text.value.find("bcd").unwrap();
            let place = place_inside(&file, &text, at..at + 3);
            assert_eq!(file.text.get(place.clone()), Some("bcd"), "{yaml:?} {place:?} {:?}", text.span);
        }
    }
}
