//! Rows of delimited text: the first line names the columns, and every other has as many cells.

use serde_json::Value;

use super::{Column, Mistake, Row, Table, missing_column, shown};
use crate::document::delimited::{Record, Records};
use crate::text::{did_you_mean, plural};

/// Longer than any name, address or list of rights: most likely a quote that closes too late.
const LONGEST_CELL: usize = 1_048_576;

/// The delimiters that exports are written with, and how the configuration names them.
const DELIMITERS: [(u8, &str); 4] = [(b',', "`,`"), (b';', "`;`"), (b'\t', "`tab`"), (b'|', "`|`")];

pub(super) fn read(text: &str, delimiter: u8, columns: &[Column]) -> Result<Table, Vec<Mistake>> {
    let mut records = Records::new(text, delimiter);
    let head = match records.next() {
        Some(Ok(head)) => head,
        Some(Err(broken)) => return Err(vec![looks_like_json(text).unwrap_or_else(|| broken.into())]),
        None => return Err(vec![Mistake::of_file("is empty")]),
    };
    let places = places(&head, text, delimiter, columns)?;
    let mut table = Table::default();
    for record in records {
        let record = record.map_err(|broken| vec![broken.into()])?;
        match row(record, &head, &places) {
            Ok(row) => table.rows.push(row),
            Err(mistake) => table.mistakes.push(mistake),
        }
    }
    Ok(table)
}

/// Where each column that is asked for stands.
fn places(
    head: &Record<'_>,
    text: &str,
    delimiter: u8,
    columns: &[Column],
) -> Result<Vec<Option<usize>>, Vec<Mistake>> {
    let names: Vec<&str> = head.cells.iter().map(|name| name.trim()).collect();
    let mut mistakes = Vec::new();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let same = |name: &&str| name.to_lowercase() == column.name.to_lowercase();
        let found: Vec<usize> = (0..names.len()).filter(|at| names.get(*at).is_some_and(same)).collect();
        match found.as_slice() {
            [] if column.needed => mistakes.push(missing_column(&column.name, &names)),
            // A column that may be left out is not to be lost for a slip of the pen.
            [] => mistakes.extend(misspelt(column, columns, &names)),
            [_] => {}
            [_, ..] => {
                let what = format!("comes {} times", found.len());
                let help = "which one is meant nobody can tell: give each column one name in the export";
                mistakes.push(Mistake { column: Some(column.name.clone()), ..Mistake::of_file(what) }.help(help));
            }
        }
        places.push(found.first().copied());
    }
    if mistakes.is_empty() {
        return Ok(places);
    }
    let found = places.iter().flatten().count();
    let other = other_delimiter(text, delimiter, columns, found);
    Err(looks_like_json(text).or(other).map_or(mistakes, |mistake| vec![mistake]))
}

/// The mistake of a column that may be left out, if one that nobody asks for is named almost like it.
fn misspelt(column: &Column, columns: &[Column], names: &[&str]) -> Option<Mistake> {
    let asked_for = |name: &str| columns.iter().any(|column| column.name.to_lowercase() == name.to_lowercase());
    let others: Vec<&str> = names.iter().copied().filter(|name| !asked_for(name)).collect();
    let folded: Vec<String> = others.iter().map(|name| name.to_lowercase()).collect();
    did_you_mean(&column.name.to_lowercase(), folded.iter().map(String::as_str))?;
    Some(missing_column(&column.name, &others))
}

/// The mistake of a delimiter, if another one finds more of the columns, or splits a first line that is all one column.
fn other_delimiter(text: &str, delimiter: u8, columns: &[Column], found: usize) -> Option<Mistake> {
    let cells = |delimiter: u8| -> Vec<String> {
        let head = Records::new(text, delimiter).next();
        head.and_then(Result::ok)
            .map_or_else(Vec::new, |head| head.cells.into_iter().map(|name| name.trim().to_lowercase()).collect())
    };
    let fits = |names: &[String]| columns.iter().filter(|column| names.contains(&column.name.to_lowercase())).count();
    let (name, others, fitting) = DELIMITERS
        .into_iter()
        .filter(|(other, _)| *other != delimiter)
        .map(|(other, name)| {
            let names = cells(other);
            (name, names.len(), fits(&names))
        })
        .max_by_key(|(_, others, fitting)| (*fitting, *others))?;
    let own = cells(delimiter).len();
    let mistake = match own {
        1 if others > 1 => "the first line has one column".to_owned(),
        _ if fitting > found && others > 1 => {
            format!("the first line has {} as it is split", plural(own, "column", "columns"))
        }
        _ => return None,
    };
    Some(Mistake::at("line 1", 0..0, mistake).help(format!("is the delimiter {name}? then say so with `delimiter`")))
}

fn looks_like_json(text: &str) -> Option<Mistake> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| Mistake::of_file("looks like JSON, and not like CSV").help("say `format: json` or `format: ndjson`"))
}

fn row(record: Record<'_>, head: &Record<'_>, places: &[Option<usize>]) -> Result<Row, Mistake> {
    let (found, wanted) = (record.cells.len(), head.cells.len());
    let mistake = |what: String| Mistake::at(record.place.clone(), record.span.clone(), what);
    let cut = "if the line is whole, end it with a line break; otherwise write the export again";
    if found < wanted && !record.closed {
        return Err(mistake(format!("the last line is cut off: it has {found} of {wanted} columns")).help(cut));
    }
    if found != wanted {
        let columns = plural(found, "column", "columns");
        let help = "a cell with the delimiter in it is written between quotes";
        return Err(mistake(format!("has {columns}, and the first line {wanted}")).help(help));
    }
    // Nothing between the last delimiter and the end of the file may be all that is left of a cell.
    if !record.closed && wanted > 1 && record.cells.last().is_some_and(|cell| cell.is_empty()) {
        return Err(mistake("the last line may be cut off: it ends with a delimiter".to_owned()).help(cut));
    }
    if let Some(at) = record.cells.iter().position(|cell| cell.len() > LONGEST_CELL) {
        let column = head.cells.get(at).map(|name| shown(name.trim()));
        let what = "has a cell of more than a million bytes".to_owned();
        let help = "perhaps a quote closes too late";
        return Err(Mistake { column, ..mistake(what) }.help(help));
    }
    let cell = |at: usize| record.cells.get(at).map(|cell| Value::String(cell.clone().into_owned()));
    let cells = places.iter().map(|place| place.and_then(cell)).collect();
    Ok(Row { place: record.place, span: record.span, cells })
}
