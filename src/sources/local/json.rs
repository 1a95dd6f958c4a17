//! Rows of JSON: a list of objects in a document, or an object a line. Only the keys that are asked for become values.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{Column, Mistake, Row, Table, missing_column, shown};
use crate::document::delimited::Lines;
use crate::text::join_and;

/// The keys of an object with what stands behind them, unread, in the order of the text.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = entries.next_entry::<String, &'de RawValue>()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(PairsVisitor)
    }
}

impl<'a> Pairs<'a> {
    /// What is behind a key, unless that comes twice.
    fn get(&self, key: &str) -> Result<Option<&'a RawValue>, String> {
        let mut found = self.0.iter().filter(|(name, _)| name == key);
        let first = found.next().map(|(_, value)| *value);
        if found.next().is_some() { Err("comes twice".to_owned()) } else { Ok(first) }
    }

    /// The value at a path of keys with dots between them; a key that has dots itself goes first.
    fn value(&self, path: &str) -> Result<Option<Value>, String> {
        if let Some(raw) = self.get(path)? {
            return serde_json::from_str(raw.get()).map(Some).map_err(|_error| "is nested too deep".to_owned());
        }
        let Some((key, rest)) = path.split_once('.') else { return Ok(None) };
        match self.get(key)?.map(|raw| serde_json::from_str::<Pairs<'_>>(raw.get())) {
            Some(Ok(inner)) => inner.value(rest),
            // Nothing is behind a key whose value is none.
            Some(Err(_)) | None => Ok(None),
        }
    }
}

/// The list of rows in a document.
pub(super) fn read(text: &str, path: &[String], columns: &[Column]) -> Result<Table, Vec<Mistake>> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| vec![no_json(text, &error)])?;
    let list = descend(whole, path)?;
    let rows: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_error| vec![no_list(list, path)])?;
    let mut reader = Reader::new(text, columns);
    for (at, raw) in rows.into_iter().enumerate() {
        let start = raw.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
        let line = reader.lines.line_of(start);
        reader.take(raw.get(), &format!("row {}, line {line}", at + 1), start..start + raw.get().len());
    }
    reader.finish()
}

/// An object a line.
pub(super) fn read_lines(text: &str, columns: &[Column]) -> Result<Table, Vec<Mistake>> {
    if text.trim_start().starts_with('[') {
        return Err(vec![Mistake::of_file("is one list, and not an object a line").help("say `format: json`")]);
    }
    let mut reader = Reader::new(text, columns);
    let mut start = 0;
    for (at, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim();
        if !line.is_empty() {
            reader.take(line, &format!("line {}", at + 1), start..start + whole.trim_end().len());
        }
        start += whole.len();
    }
    reader.finish()
}

fn no_json(text: &str, error: &serde_json::Error) -> Mistake {
    let place = format!("line {}, character {}", error.line(), error.column());
    if error.classify() == Category::Eof {
        return Mistake::at(place, 0..0, "the file ends in the middle").help("it was cut off: write the export again");
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let mistake = Mistake::at(place, 0..0, format!("is no proper JSON: {message}"));
    match text.trim_start().starts_with('{') && message.contains("trailing") {
        true => mistake.help("an object a line is `format: ndjson`"),
        false if text.trim_start().starts_with(['{', '[']) => mistake,
        false => mistake.help("delimited text is `format: csv`"),
    }
}

fn descend<'a>(whole: &'a RawValue, path: &[String]) -> Result<&'a RawValue, Vec<Mistake>> {
    let mut here = whole;
    for (at, key) in path.iter().enumerate() {
        let place = format!("${}", path.iter().take(at).map(|key| format!(".{key}")).collect::<String>());
        let pairs: Pairs<'a> = serde_json::from_str(here.get())
            .map_err(|_error| vec![Mistake::of_file(format!("`{place}` is no object, so it has no `{key}`"))])?;
        let found = pairs.get(key).map_err(|what| vec![Mistake::of_file(format!("`{key}` in `{place}` {what}"))])?;
        let names: Vec<&str> = pairs.0.iter().map(|(name, _)| name.as_str()).collect();
        here = found.ok_or_else(|| {
            let mistake = missing_column(key, &names);
            vec![Mistake { column: None, what: format!("there is no `{key}` in `{place}`"), ..mistake }]
        })?;
    }
    Ok(here)
}

/// What stands where the list of rows should be.
fn no_list(found: &RawValue, path: &[String]) -> Mistake {
    let place = format!("${}", path.iter().map(|key| format!(".{key}")).collect::<String>());
    let mistake = Mistake::of_file(format!("`{place}` is no list of rows"));
    let Ok(pairs) = serde_json::from_str::<Pairs<'_>>(found.get()) else { return mistake };
    let lists = pairs.0.iter().filter(|(_, value)| value.get().starts_with('['));
    let lists: Vec<String> = lists.map(|(name, _)| format!("`rows: {place}.{}`", shown(name))).take(5).collect();
    if lists.is_empty() { mistake } else { mistake.help(format!("there is {}", join_and(&lists))) }
}

/// Takes rows one by one.
struct Reader<'a> {
    columns: &'a [Column],
    lines: Lines<'a>,
    closed: bool,
    end: usize,
    table: Table,
    /// The columns that some row has.
    seen: Vec<bool>,
    /// The keys of the first row, for hints.
    names: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, columns: &'a [Column]) -> Self {
        let seen = vec![false; columns.len()];
        let (closed, end) = (text.ends_with(['\n', '\r']), text.trim_end().len());
        Self { columns, lines: Lines::new(text), closed, end, table: Table::default(), seen, names: Vec::new() }
    }

    fn take(&mut self, raw: &str, place: &str, span: Range<usize>) {
        match self.row(raw, place, span) {
            Ok(row) => self.table.rows.push(row),
            Err(mistake) => self.table.mistakes.push(mistake),
        }
    }

    fn row(&mut self, raw: &str, place: &str, span: Range<usize>) -> Result<Row, Mistake> {
        let mistake = |what: &str| Mistake::at(place, span.clone(), what);
        let pairs: Pairs<'_> = serde_json::from_str(raw).map_err(|error| match error.classify() {
            Category::Eof if !self.closed && span.end == self.end => {
                mistake("the last line is cut off").help("write the export again")
            }
            Category::Data => mistake("is no object with keys and values"),
            Category::Eof | Category::Syntax | Category::Io => mistake("is no proper JSON"),
        })?;
        if self.names.is_empty() {
            self.names = pairs.0.iter().map(|(name, _)| name.clone()).collect();
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for (column, seen) in self.columns.iter().zip(&mut self.seen) {
            let cell = pairs.value(&column.name);
            let cell = cell.map_err(|what| Mistake { column: Some(column.name.clone()), ..mistake(&what) })?;
            *seen |= cell.is_some();
            cells.push(cell);
        }
        Ok(Row { place: place.to_owned(), span, cells })
    }

    /// A key that no row at all has was probably misspelt; one that some rows lack is unknown there.
    fn finish(self) -> Result<Table, Vec<Mistake>> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let missing: Vec<Mistake> = self
            .columns
            .iter()
            .zip(&self.seen)
            .filter(|(column, seen)| column.needed && !**seen && !self.table.rows.is_empty())
            .map(|(column, _)| missing_column(&column.name, &names))
            .collect();
        if missing.is_empty() { Ok(self.table) } else { Err(missing) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        names.iter().map(|name| Column { name: (*name).to_owned(), needed: true }).collect()
    }

    fn path(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn told(text: &str, keys: &[&str], names: &[&str]) -> String {
        let mistakes = read(text, &path(keys), &columns(names)).unwrap_err();
        mistakes.iter().map(Mistake::in_words).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rows_are_found_where_the_path_leads_and_know_their_lines() {
        let text =
            "{\"values\": [\n {\"id\": 1, \"owner\": {\"login\": \"a\"}, \"token\": \"s3cret\"},\n {\"id\": 2}\n]}";
        let table = read(text, &path(&["values"]), &columns(&["id", "owner.login"])).unwrap();
        assert_eq!(table.rows[0].cells, [Some(json!(1)), Some(json!("a"))]);
        assert_eq!(table.rows[1].cells, [Some(json!(2)), None]);
        assert_eq!(table.rows[1].place, "row 2, line 3");
        assert_eq!(text.get(table.rows[1].span.clone()), Some("{\"id\": 2}"));
    }

    #[test]
    fn what_is_no_list_of_rows_is_told_with_what_is_there() {
        assert_eq!(told("{\"values\":[]}", &[], &["id"]), "`$` is no list of rows (there is `rows: $.values`)");
        assert!(told("{\"value\":[]}", &["values"], &["id"]).contains("did you mean `value`?"));
        assert!(told("[{\"idd\":1}]", &[], &["id"]).contains("column `id`: is missing (did you mean `idd`?)"));
        assert!(told("[{\"id\":1},", &[], &["id"]).contains("cut off"));
        assert!(told("{\"id\":1}\n{\"id\":2}\n", &[], &["id"]).contains("format: ndjson"));
        assert!(told("id,name\n", &[], &["id"]).contains("format: csv"));
    }

    #[test]
    fn rows_that_are_none_and_keys_that_come_twice_are_told_one_by_one() {
        let table = read("[{\"id\":1},\n7,\n{\"id\":1,\"id\":2}]", &[], &columns(&["id"])).unwrap();
        let told: Vec<String> = table.mistakes.iter().map(Mistake::in_words).collect();
        assert_eq!(table.rows.len(), 1);
        assert_eq!(
            told,
            ["row 2, line 2: is no object with keys and values", "row 3, line 3, column `id`: comes twice"]
        );
    }

    #[test]
    fn half_a_last_line_of_objects_is_told() {
        let table = read_lines("{\"id\":1}\n\n{\"id\":", &columns(&["id"])).unwrap();
        assert_eq!(table.rows.len(), 1);
        assert!(table.mistakes[0].in_words().starts_with("line 3: the last line is cut off"));
        assert!(read_lines("[{\"id\":1}]", &columns(&["id"])).unwrap_err()[0].in_words().contains("format: json"));
    }
}
