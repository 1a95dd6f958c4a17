//! Lists as somebody asks for them: some columns of a table of the CSV set, in an order, for a terminal, for spreadsheets, for
//! machines. There is one vocabulary for all of these: the columns that `columns.csv` documents.

mod json;
mod order;

use std::collections::HashMap;
use std::io;

pub use self::json::{LIST_SCHEMA, ListHead, ListTenant, Undecided};
use super::RenderError;
use super::csv::{Cell, Column, ColumnForm, CsvTable, Rows, TENANT, column, csv_set, each_change};
use super::layout::{Ink, Look};
use super::table::{self, Head, Table};
use crate::model::{Assessment, Change};
use crate::text::did_you_mean;

/// Why a row is in a list of what cannot be decided.
static BECAUSE: Column = column("undecided_because", ColumnForm::Text, "Why the condition cannot be told of the row");

/// The columns that a list can have, and which of them name a row.
#[derive(Debug, Clone)]
pub struct Listable {
    table: &'static CsvTable,
    columns: Vec<&'static Column>,
}

/// Which columns are wanted, in which order, and what the rows are sorted by.
#[derive(Debug, Clone)]
pub struct View {
    shown: Vec<usize>,
    sort: Vec<By>,
}

/// A column to sort by.
#[derive(Debug, Clone, Copy)]
struct By {
    column: usize,
    falling: bool,
}

/// What is wrong with the names that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misnamed {
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: String,
}

impl Listable {
    /// What a table of the CSV set can be listed by. `of_tenants` is for rows of several tenants, each with its tenant's name;
    /// `undecided` for rows of which a condition cannot be told, each with the reason.
    ///
    /// # Panics
    /// If there is no such table.
    #[must_use]
    pub fn of(table: &str, of_tenants: bool, undecided: bool) -> Self {
        let table = csv_set().iter().find(|one| one.name == table).expect("internal: a list is of a table of the set");
        let tenant = of_tenants.then_some(&TENANT).into_iter();
        let because = undecided.then_some(&BECAUSE);
        Self { table, columns: tenant.chain(table.columns).chain(because).collect() }
    }

    /// Reads which columns are wanted, all of them if none is named, and what to sort by: a name, with a minus before it for the
    /// greatest first.
    ///
    /// # Errors
    /// When a name is no column of the list, or is there twice.
    pub fn view(&self, shown: &[&str], sort: &[&str]) -> Result<View, Misnamed> {
        let mut view = View { shown: Vec::new(), sort: Vec::new() };
        for name in shown {
            let column = self.column(name)?;
            if view.shown.contains(&column) {
                let what = format!("the column `{}` is named twice", name.trim());
                return Err(Misnamed { what, help: "name each column once".to_owned() });
            }
            view.shown.push(column);
        }
        if view.shown.is_empty() {
            view.shown = (0..self.columns.len()).collect();
        }
        for name in sort {
            let name = name.trim();
            let (name, falling) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
            view.sort.push(By { column: self.column(name)?, falling });
        }
        Ok(view)
    }

    fn column(&self, name: &str) -> Result<usize, Misnamed> {
        let name = name.trim();
        if let Some(at) = self.columns.iter().position(|column| column.name == name) {
            return Ok(at);
        }
        let names = self.columns.iter().map(|column| column.name);
        let all = format!("it has {}", names.clone().collect::<Vec<_>>().join(", "));
        let help = match did_you_mean(name, names) {
            Some(near) => format!("did you mean `{near}`? {all}"),
            None => all,
        };
        Err(Misnamed { what: format!("the list of {} has no column `{name}`", self.table.name), help })
    }

    /// The columns and what they mean, for people.
    #[must_use]
    pub fn columns_table(&self, look: Look) -> String {
        let mut table = Table::new(&[Head::whole("COLUMN"), Head::whole("FORM"), Head::flow("ABOUT")], "");
        for column in &self.columns {
            let cells = [(Ink::Strong, column.name), (Ink::Dim, column.form.name()), (Ink::Plain, column.about)];
            table.row(cells.into_iter().map(|(ink, text)| table::Cell::inked(ink, text)).collect());
        }
        table.render(look)
    }
}

/// Tells of a row, by what names it in the first column of the table, whether it is wanted, and then why the condition cannot be
/// told of it; nothing where it can.
pub type Pick<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// A list that is being filled.
#[derive(Debug)]
pub struct List {
    listable: Listable,
    view: View,
    rows: Vec<Vec<Cell<'static>>>,
}

impl List {
    /// A list without rows.
    #[must_use]
    pub fn new(listable: Listable, view: View) -> Self {
        Self { listable, view, rows: Vec::new() }
    }

    /// Adds the rows of an assessment that are wanted, in the order of the table; in a list of several tenants, those of one.
    ///
    /// # Errors
    /// When the assessment lacks what the rows are made from.
    pub fn fill(&mut self, tenant: Option<&str>, assessment: &Assessment, pick: Pick<'_>) -> Result<(), RenderError> {
        let table = self.listable.table;
        table.each(assessment, &mut |row| {
            self.put(tenant, row, pick);
            Ok(())
        })
    }

    /// Adds the rows of changes that are wanted, in the order in which they are given.
    ///
    /// # Errors
    /// None, so far.
    pub fn fill_changes(&mut self, changes: &[&Change], pick: Pick<'_>) -> Result<(), RenderError> {
        each_change(changes, &mut |row| {
            self.put(None, row, pick);
            Ok(())
        })
    }

    /// Keeps of a row what is shown or sorted by, and what names it.
    fn put(&mut self, tenant: Option<&str>, row: &[Cell<'_>], pick: Pick<'_>) {
        let Some(because) = row.first().and_then(|name| pick(name.told())) else { return };
        let tenant = tenant.map(Cell::foreign);
        let because = Cell::foreign(because);
        let cells = tenant.iter().chain(row).chain(std::iter::once(&because));
        let kept = cells
            .take(self.listable.columns.len())
            .enumerate()
            .map(|(at, cell)| if self.view.needs(at) { cell.clone().into_owned() } else { Cell::empty() });
        self.rows.push(kept.collect());
    }

    /// Sorts the rows; those that are alike stay in their order, and those without a value come last either way.
    pub fn sort(&mut self) {
        let Self { listable, view, rows } = self;
        let forms: Vec<(By, ColumnForm)> =
            view.sort.iter().filter_map(|by| Some((*by, listable.columns.get(by.column)?.form))).collect();
        if !forms.is_empty() {
            rows.sort_by_cached_key(|row| {
                let keys =
                    forms.iter().filter_map(|(by, form)| Some(order::key(row.get(by.column)?, *form, by.falling)));
                keys.collect::<Vec<_>>()
            });
        }
    }

    /// Puts things into the order of their rows, each by what the first columns say of it.
    pub fn arrange<T>(&self, things: &mut [T], named: impl Fn(&T) -> Vec<&str>) {
        let columns = things.first().map_or(0, |first| named(first).len());
        let mut places = HashMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            places.entry(row.iter().take(columns).map(Cell::told).collect::<Vec<_>>()).or_insert(at);
        }
        things.sort_by_cached_key(|thing| places.get(&named(thing)).copied().unwrap_or(usize::MAX));
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The list for a terminal.
    #[must_use]
    pub fn table(&self, look: Look) -> String {
        let heads = self.shown().map(|(_, column)| match column.form {
            ColumnForm::Number => Head::number(column.name),
            ColumnForm::Text | ColumnForm::List => Head::flow(column.name),
            _ => Head::whole(column.name),
        });
        let heads: Vec<Head> = heads.collect();
        let mut table = Table::new(&heads, "No such row.");
        for row in &self.rows {
            let cells = self.shown().filter_map(|(at, _)| row.get(at)).map(|cell| {
                let stands_back = matches!(&*cell.written(), "none" | "unknown" | "empty");
                table::Cell::inked(if stands_back { Ink::Dim } else { Ink::Plain }, &cell.shown())
            });
            table.row(cells.collect());
        }
        table.render(look)
    }

    /// The list as CSV, as `reports/` has it.
    ///
    /// # Errors
    /// When the place it is written to refuses.
    pub fn csv(&self, out: &mut dyn io::Write) -> Result<(), RenderError> {
        let mut file = Rows::begin(self.shown().map(|(_, column)| column), out);
        for row in &self.rows {
            file.put(self.shown().filter_map(|(at, _)| row.get(at)))?;
        }
        file.end()
    }

    fn shown(&self) -> impl Iterator<Item = (usize, &'static Column)> + Clone + '_ {
        self.view.shown.iter().filter_map(|at| Some((*at, *self.listable.columns.get(*at)?)))
    }
}

impl View {
    /// True for a column that is shown or sorted by, and for the first ones, which name the row.
    fn needs(&self, column: usize) -> bool {
        const NAMES: usize = 2;
        column < NAMES || self.shown.contains(&column) || self.sort.iter().any(|by| by.column == column)
    }
}

#[cfg(test)]
mod tests;
