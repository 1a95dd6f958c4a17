//! Lowering: from a checked tree to closures over the typed resources. Regular expressions are compiled by now,
//! getters are plain function pointers, and nothing is allocated while a condition runs, save for lists that have to
//! be worked out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Stated;
use super::context::{Answer, Cause, Ctx, Vars, Why};
use super::tree::{
    Bool, Compare, Find, Int, NamedPath, Operator, Path, Place, Printable, Text, TextFrom, Texts as TextsTree, Way,
};
use crate::model::{Fact, PartValue};
use crate::rules::fields::{Get, Texts, View};

/// A compiled condition.
pub(in crate::rules) type Condition = Box<dyn Fn(&Ctx<'_>, &Vars<'_>) -> Answer + Send + Sync>;

type Number = Box<dyn Fn(&Ctx<'_>, &Vars<'_>) -> Result<i64, Why> + Send + Sync>;

/// A compiled value: what messages print, and what explanations show.
pub(super) type Valuer = Box<dyn Fn(&Ctx<'_>, &Vars<'_>) -> Result<PartValue, Why> + Send + Sync>;

/// Lowers a condition. Fields that a case states become the values it states.
pub(super) fn condition(tree: Bool, paths: &[NamedPath], stated: &BTreeMap<String, Fact<Stated>>) -> Condition {
    Lowering { paths, stated }.bool(tree)
}

/// Lowers an expression that has a value.
pub(super) fn value(tree: Printable, paths: &[NamedPath], stated: &BTreeMap<String, Fact<Stated>>) -> Valuer {
    Lowering { paths, stated }.value(tree)
}

struct Lowering<'l> {
    paths: &'l [NamedPath],
    stated: &'l BTreeMap<String, Fact<Stated>>,
}

/// A field that can be copied: where it is, its path's number for reasons, and its getter; or what a case states.
enum Reader<T> {
    Get(Place, u16, Getter<T>),
    Stated(Result<T, Why>),
}

type Getter<T> = fn(&View<'_>) -> Fact<T>;

impl Lowering<'_> {
    fn bool(&self, tree: Bool) -> Condition {
        match tree {
            Bool::Literal(value) => Box::new(move |_, _| Ok(value)),
            Bool::Field(path) => {
                let reader = self.bool_reader(path);
                Box::new(move |ctx, _| reader.read(ctx))
            }
            Bool::IsNull(path, wanted) => self.is_null(path, wanted),
            Bool::Not(inner) => {
                let inner = self.bool(*inner);
                Box::new(move |ctx, vars| inner(ctx, vars).map(|value| !value))
            }
            Bool::And(terms) => self.chain(terms, false),
            Bool::Or(terms) => self.chain(terms, true),
            Bool::SameBools(left, right, wanted) => {
                let (left, right) = (self.bool(*left), self.bool(*right));
                Box::new(move |ctx, vars| Ok((left(ctx, vars)? == right(ctx, vars)?) == wanted))
            }
            Bool::SameTexts(left, right, wanted) => self.same_texts(left, right, wanted),
            Bool::Ints(how, left, right) => self.ints(how, left, right),
            Bool::Times(how, left, right) => {
                let (left, right) = (self.time_reader(left), self.time_reader(right));
                Box::new(move |ctx, _| Ok(holds(how, &left.read(ctx)?, &right.read(ctx)?)))
            }
            Bool::TextIn(text, texts) => self.text_in(text, texts),
            Bool::IntIn(int, list) => {
                let int = self.int(int);
                Box::new(move |ctx, vars| int(ctx, vars).map(|value| list.contains(&value)))
            }
            Bool::Matches(text, regex) => {
                let text = self.text(text);
                Box::new(move |ctx, vars| text.read(ctx, vars, |text| regex.is_match(text)))
            }
            Bool::Finds(how, text, wanted) => {
                let (text, wanted) = (self.text(text), self.text(wanted));
                Box::new(move |ctx, vars| {
                    text.read(ctx, vars, |text| wanted.read(ctx, vars, |wanted| finds(how, text, wanted)))?
                })
            }
            Bool::Exists(texts, body) => self.quantifier(texts, *body, true),
            Bool::All(texts, body) => self.quantifier(texts, *body, false),
        }
    }

    /// Kleene's `||` (decided by true) and `&&` (decided by false). What cannot be told matters only if no term decides.
    fn chain(&self, terms: Vec<Bool>, decisive: bool) -> Condition {
        let terms: Vec<Condition> = terms.into_iter().map(|term| self.bool(term)).collect();
        Box::new(move |ctx, vars| {
            let mut answer = Ok(!decisive);
            for term in &terms {
                match term(ctx, vars) {
                    Ok(value) if value == decisive => return Ok(decisive),
                    Ok(_) => {}
                    Err(why) => answer = answer.and(Err(why)),
                }
            }
            answer
        })
    }

    fn quantifier(&self, texts: TextsTree, body: Bool, decisive: bool) -> Condition {
        let (texts, body) = (self.texts(texts), self.bool(body));
        Box::new(move |ctx, vars| {
            texts.read(ctx, |entries| {
                let mut answer = Ok(!decisive);
                for entry in entries.iter() {
                    match body(ctx, &Vars::with(entry, vars)) {
                        Ok(value) if value == decisive => return Ok(decisive),
                        Ok(_) => {}
                        Err(why) => answer = answer.and(Err(why)),
                    }
                }
                answer
            })?
        })
    }

    fn is_null(&self, path: Path, wanted: bool) -> Condition {
        let named = self.named(path);
        let answer = move |read: Result<(), Why>| match read {
            Ok(()) => Ok(!wanted),
            Err(Why { cause: Cause::Absent, .. }) => Ok(wanted),
            Err(why) => Err(why),
        };
        match named.field.get {
            Get::Bool(_) => presence(self.bool_reader(path), answer),
            Get::Int(_) => presence(self.int_reader(path), answer),
            Get::Time(_) => presence(self.time_reader(path), answer),
            Get::Text(_) => {
                let text = self.text_from(TextFrom::Field(path));
                Box::new(move |ctx, vars| answer(text.read(ctx, vars, |_| ())))
            }
            Get::Texts(_) => {
                let texts = self.texts(TextsTree::Field(path));
                Box::new(move |ctx, _| answer(texts.read(ctx, |_| ())))
            }
        }
    }

    fn same_texts(&self, left: Text, right: Text, wanted: bool) -> Condition {
        match (left, right) {
            (text, Text { from: TextFrom::Literal(literal), lower: false })
            | (Text { from: TextFrom::Literal(literal), lower: false }, text) => {
                let text = self.text(text);
                Box::new(move |ctx, vars| text.read(ctx, vars, |text| (text == literal) == wanted))
            }
            (left, right) => {
                let (left, right) = (self.text(left), self.text(right));
                Box::new(move |ctx, vars| {
                    left.read(ctx, vars, |left| right.read(ctx, vars, |right| (left == right) == wanted))?
                })
            }
        }
    }

    fn text_in(&self, text: Text, texts: TextsTree) -> Condition {
        match (text, texts) {
            (text, TextsTree::Literal(list)) => {
                let text = self.text(text);
                Box::new(move |ctx, vars| text.read(ctx, vars, |text| list.iter().any(|entry| entry == text)))
            }
            (text, texts) => {
                let (text, texts) = (self.text(text), self.texts(texts));
                Box::new(move |ctx, vars| {
                    text.read(ctx, vars, |text| texts.read(ctx, |entries| entries.iter().any(|one| one == text)))?
                })
            }
        }
    }

    fn ints(&self, how: Compare, left: Int, right: Int) -> Condition {
        match (left, right) {
            (Int::Days(way, path), Int::Literal(limit)) => {
                let reader = self.time_reader(path);
                Box::new(move |ctx, _| Ok(holds(how, &days(way, reader.read(ctx)?, ctx.subject.now), &limit)))
            }
            (left, Int::Literal(limit)) => {
                let left = self.int(left);
                Box::new(move |ctx, vars| Ok(holds(how, &left(ctx, vars)?, &limit)))
            }
            (left, right) => {
                let (left, right) = (self.int(left), self.int(right));
                Box::new(move |ctx, vars| Ok(holds(how, &left(ctx, vars)?, &right(ctx, vars)?)))
            }
        }
    }

    fn int(&self, tree: Int) -> Number {
        match tree {
            Int::Literal(value) => Box::new(move |_, _| Ok(value)),
            Int::Field(path) => {
                let reader = self.int_reader(path);
                Box::new(move |ctx, _| reader.read(ctx))
            }
            Int::Days(way, path) => {
                let reader = self.time_reader(path);
                Box::new(move |ctx, _| Ok(days(way, reader.read(ctx)?, ctx.subject.now)))
            }
            Int::Entries(texts) => {
                let texts = self.texts(texts);
                Box::new(move |ctx, _| texts.read(ctx, |entries| count(entries.len())))
            }
            Int::Letters(text) => {
                let text = self.text(text);
                Box::new(move |ctx, vars| text.read(ctx, vars, |text| count(text.chars().count())))
            }
            Int::Negated(inner) => {
                let inner = self.int(*inner);
                Box::new(move |ctx, vars| inner(ctx, vars).map(i64::saturating_neg))
            }
            Int::Calculated(operator, left, right) => {
                let (left, right) = (self.int(*left), self.int(*right));
                Box::new(move |ctx, vars| Ok(calculate(operator, left(ctx, vars)?, right(ctx, vars)?)))
            }
        }
    }

    fn value(&self, tree: Printable) -> Valuer {
        match tree {
            Printable::Bool(tree) => {
                let bool = self.bool(tree);
                Box::new(move |ctx, vars| bool(ctx, vars).map(PartValue::Bool))
            }
            Printable::Int(tree) => {
                let int = self.int(tree);
                Box::new(move |ctx, vars| int(ctx, vars).map(PartValue::Int))
            }
            Printable::Time(path) => {
                let time = self.time_reader(path);
                Box::new(move |ctx, _| time.read(ctx).map(PartValue::Time))
            }
            Printable::Text(tree) => {
                let text = self.text(tree);
                Box::new(move |ctx, vars| text.read(ctx, vars, |text| PartValue::Text(text.to_owned())))
            }
            Printable::Texts(tree) => {
                let texts = self.texts(tree);
                Box::new(move |ctx, _| {
                    texts.read(ctx, |entries| PartValue::Texts(entries.iter().map(str::to_owned).collect()))
                })
            }
        }
    }

    fn named(&self, path: Path) -> &NamedPath {
        self.paths.get(usize::from(path.0)).expect("internal: a checked path is in the table")
    }

    fn bool_reader(&self, path: Path) -> Reader<bool> {
        let get = if let Get::Bool(get) = self.named(path).field.get { get } else { unreachable!("{CHECKED}") };
        self.reader(path, get, |stated| if let Stated::Bool(value) = stated { Some(*value) } else { None })
    }

    fn int_reader(&self, path: Path) -> Reader<i64> {
        let get = if let Get::Int(get) = self.named(path).field.get { get } else { unreachable!("{CHECKED}") };
        self.reader(path, get, |stated| if let Stated::Int(value) = stated { Some(*value) } else { None })
    }

    fn time_reader(&self, path: Path) -> Reader<DateTime<Utc>> {
        let get = if let Get::Time(get) = self.named(path).field.get { get } else { unreachable!("{CHECKED}") };
        self.reader(path, get, |stated| if let Stated::Time(value) = stated { Some(*value) } else { None })
    }

    fn reader<T>(&self, path: Path, get: Getter<T>, own: impl Fn(&Stated) -> Option<T>) -> Reader<T> {
        self.stated(path, own).map_or(Reader::Get(self.named(path).place, path.0, get), Reader::Stated)
    }

    /// What a case states of a path, if it does.
    fn stated<T>(&self, path: Path, own: impl Fn(&Stated) -> Option<T>) -> Option<Result<T, Why>> {
        let stated = self.stated.get(&self.named(path).text)?.as_ref();
        Some(told(path.0, Ok(stated.and_then(|stated| own(stated).map_or(Fact::Unknown, Fact::Known)))))
    }

    fn text(&self, tree: Text) -> TextReader {
        TextReader { lower: tree.lower, ..self.text_from(tree.from) }
    }

    fn text_from(&self, from: TextFrom) -> TextReader {
        let from = match from {
            TextFrom::Literal(text) => TextSource::Fixed(Ok(text)),
            TextFrom::Entry(depth) => TextSource::Entry(depth),
            TextFrom::Field(path) => {
                let get = if let Get::Text(get) = self.named(path).field.get { get } else { unreachable!("{CHECKED}") };
                let own = |stated: &Stated| if let Stated::Text(text) = stated { Some(text.clone()) } else { None };
                self.stated(path, own).map_or(TextSource::Field(self.named(path).place, path.0, get), TextSource::Fixed)
            }
        };
        TextReader { from, lower: false }
    }

    fn texts(&self, tree: TextsTree) -> TextsReader {
        match tree {
            TextsTree::Literal(list) => TextsReader::Fixed(Ok(list)),
            TextsTree::Field(path) => {
                let get =
                    if let Get::Texts(get) = self.named(path).field.get { get } else { unreachable!("{CHECKED}") };
                let own = |stated: &Stated| if let Stated::Texts(list) = stated { Some(list.clone()) } else { None };
                self.stated(path, own)
                    .map_or(TextsReader::Field(self.named(path).place, path.0, get), TextsReader::Fixed)
            }
        }
    }
}

const CHECKED: &str = "internal: the checker gave the path its type";

impl<T: Copy> Reader<T> {
    fn read(&self, ctx: &Ctx<'_>) -> Result<T, Why> {
        match self {
            Self::Get(place, path, get) => told(*path, ctx.view(*place).map(get)),
            Self::Stated(value) => *value,
        }
    }
}

fn presence<T: Copy + Send + Sync + 'static>(
    reader: Reader<T>,
    answer: impl Fn(Result<(), Why>) -> Answer + Send + Sync + 'static,
) -> Condition {
    Box::new(move |ctx, _| answer(reader.read(ctx).map(|_| ())))
}

fn told<T>(path: u16, fact: Result<Fact<T>, Cause>) -> Result<T, Why> {
    match fact {
        Ok(Fact::Known(value)) => Ok(value),
        Ok(Fact::Absent) => Err(Why { path, cause: Cause::Absent }),
        Ok(Fact::Unknown) => Err(Why { path, cause: Cause::Untold }),
        Err(cause) => Err(Why { path, cause }),
    }
}

struct TextReader {
    from: TextSource,
    lower: bool,
}

enum TextSource {
    Fixed(Result<String, Why>),
    Entry(usize),
    Field(Place, u16, for<'a> fn(&View<'a>) -> Fact<&'a str>),
}

impl TextReader {
    /// Hands the text on instead of giving it back, so that nothing has to be copied.
    fn read<T>(&self, ctx: &Ctx<'_>, vars: &Vars<'_>, then: impl FnOnce(&str) -> T) -> Result<T, Why> {
        let text = match &self.from {
            TextSource::Fixed(text) => text.as_deref().map_err(|why| *why)?,
            TextSource::Entry(depth) => vars.at(*depth),
            TextSource::Field(place, path, get) => told(*path, ctx.view(*place).map(get))?,
        };
        Ok(if self.lower { then(&text.to_ascii_lowercase()) } else { then(text) })
    }
}

enum TextsReader {
    Fixed(Result<Vec<String>, Why>),
    Field(Place, u16, for<'a> fn(&View<'a>) -> Fact<Texts<'a>>),
}

impl TextsReader {
    fn read<T>(&self, ctx: &Ctx<'_>, then: impl FnOnce(&Texts<'_>) -> T) -> Result<T, Why> {
        match self {
            Self::Fixed(list) => list.as_deref().map(|list| then(&Texts::Kept(list))).map_err(|why| *why),
            Self::Field(place, path, get) => told(*path, ctx.view(*place).map(get)).map(|texts| then(&texts)),
        }
    }
}

fn holds<T: PartialOrd>(how: Compare, left: &T, right: &T) -> bool {
    match how {
        Compare::Equal => left == right,
        Compare::NotEqual => left != right,
        Compare::Less => left < right,
        Compare::LessOrEqual => left <= right,
        Compare::Greater => left > right,
        Compare::GreaterOrEqual => left >= right,
    }
}

fn finds(how: Find, text: &str, wanted: &str) -> bool {
    match how {
        Find::AtStart => text.starts_with(wanted),
        Find::AtEnd => text.ends_with(wanted),
        Find::Anywhere => text.contains(wanted),
    }
}

fn calculate(operator: Operator, left: i64, right: i64) -> i64 {
    match operator {
        Operator::Plus => left.saturating_add(right),
        Operator::Minus => left.saturating_sub(right),
        Operator::Times => left.saturating_mul(right),
    }
}

/// Whole days, rounded towards the past, so that “fewer than 0 days” means that the time has come.
fn days(way: Way, time: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let seconds = match way {
        Way::Since => now.timestamp() - time.timestamp(),
        Way::Until => time.timestamp() - now.timestamp(),
    };
    seconds.div_euclid(24 * 60 * 60)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
