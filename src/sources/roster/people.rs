//! The people in a roster. Everything that would join somebody to the wrong account is a mistake: an address that comes
//! twice, an alias that is another person's address.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde_json::Value;

use crate::document::Section;
use crate::model::{Body, Fact, Kind, Person, Resource, ResourceId};
use crate::sources::local::{Column, DateForm, Mistake, Row, Table, plain, shown, words};

/// The tenant of people: they are the company's own.
const TENANT: &str = "roster";

/// The columns of a roster, in the order in which they are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    mail: Column,
    name: Column,
    employed_until: Column,
    manager: Column,
    team: Column,
    aliases: Column,
}

impl Columns {
    /// Reads what the columns are called. One that is named must be there; the address must be there anyway.
    pub(super) fn read(section: &mut Section) -> Option<Self> {
        let inner = match section.section("columns") {
            Some(inner) => inner,
            None if section.has("columns") => return None,
            None => return Some(Self::named(|_| None)),
        };
        let mut inner = inner;
        let columns = Self::named(|key| inner.get(key));
        section.take(inner.finish(Some(columns)))
    }

    fn named(mut name: impl FnMut(&'static str) -> Option<String>) -> Self {
        let mut column = |key: &'static str| {
            let own = name(key);
            Column { needed: own.is_some() || key == "mail", name: own.unwrap_or_else(|| key.to_owned()) }
        };
        Self {
            mail: column("mail"),
            name: column("name"),
            employed_until: column("employed_until"),
            manager: column("manager"),
            team: column("team"),
            aliases: column("aliases"),
        }
    }

    pub(super) fn wanted(&self) -> Vec<Column> {
        [&self.mail, &self.name, &self.employed_until, &self.manager, &self.team, &self.aliases]
            .map(Clone::clone)
            .to_vec()
    }
}

/// How a roster is read.
#[derive(Debug, Clone)]
pub(super) struct People {
    pub(super) columns: Columns,
    pub(super) dates: DateForm,
    pub(super) now: DateTime<Utc>,
}

impl People {
    /// The people in a table, or all its mistakes.
    pub(super) fn read(&self, table: Table) -> Result<Vec<Resource>, Vec<Mistake>> {
        let mut mistakes = table.mistakes;
        let mut people = Vec::with_capacity(table.rows.len());
        for row in &table.rows {
            if let Some(person) = self.person(row, &mut mistakes) {
                people.push((row, person));
            }
        }
        self.check_addresses(&people, &mut mistakes);
        if table.rows.is_empty() && mistakes.is_empty() {
            let help = "a list without people would say that nobody works here";
            mistakes.push(Mistake::of_file("there is nobody in the list").help(help));
        }
        mistakes.sort_by_key(|mistake| mistake.span.start);
        if mistakes.is_empty() { Ok(people.into_iter().map(|(_, person)| person).collect()) } else { Err(mistakes) }
    }

    fn person(&self, row: &Row, mistakes: &mut Vec<Mistake>) -> Option<Resource> {
        let before = mistakes.len();
        let [mail, name, until, manager, team, aliases] = row.cells.as_slice() else { return None };
        let mut address = |column: &Column, text: &str| {
            let address = text.trim().to_lowercase();
            if !is_address(&address) {
                let what = format!("`{}` is no mail address", shown(&address));
                mistakes.push(Mistake::in_cell(row, &column.name, what));
            }
            address
        };
        let mail = text(mail.as_ref()).unwrap_or_default();
        let mail = address(&self.columns.mail, &mail);
        let manager = told(manager.as_ref()).map(|manager| address(&self.columns.manager, &manager));
        let aliases = match aliases {
            None => Fact::Unknown,
            Some(aliases) => {
                let written = words(aliases, Some(";")).unwrap_or_default();
                let mut aliases: Vec<String> = written
                    .iter()
                    .map(|alias| address(&self.columns.aliases, alias))
                    .filter(|alias| *alias != mail)
                    .collect();
                aliases.sort_unstable();
                aliases.dedup();
                Fact::Known(aliases)
            }
        };
        let employed_until = self.employed_until(until.as_ref(), row, mistakes);
        let name = told(name.as_ref()).known().cloned().unwrap_or_default();
        let body =
            Person { email: Fact::Known(mail.clone()), aliases, employed_until, manager, team: told(team.as_ref()) };
        let id = ResourceId::new(TENANT, Kind::Person, &mail);
        (mistakes.len() == before).then(|| Resource { id, name, seen_by: Vec::new(), body: Body::Person(body) })
    }

    /// The column has the last day of employment; what counts is the first moment after it.
    fn employed_until(&self, cell: Option<&Value>, row: &Row, mistakes: &mut Vec<Mistake>) -> Fact<DateTime<Utc>> {
        let Fact::Known(written) = told(cell) else { return told(cell).and_then(|_| Fact::Unknown) };
        let day = match self.dates.moment(&Value::String(written)) {
            Ok(moment) => moment.date_naive(),
            Err(what) => {
                mistakes.push(Mistake::in_cell(row, &self.columns.employed_until.name, what));
                return Fact::Unknown;
            }
        };
        let far = self.now.checked_add_signed(TimeDelta::days(36_525));
        // Systems that know no “until further notice” write a day that nobody will see.
        let Some(end) = day.succ_opt().map(|next| next.and_time(NaiveTime::MIN).and_utc()) else { return Fact::Absent };
        if far.is_some_and(|far| end > far) { Fact::Absent } else { Fact::Known(end) }
    }

    /// Every address is one person's.
    fn check_addresses(&self, people: &[(&Row, Resource)], mistakes: &mut Vec<Mistake>) {
        let mut first: BTreeMap<&str, &Row> = BTreeMap::new();
        for (row, person) in people {
            let mail = person.id.native();
            match first.get(mail) {
                Some(other) => {
                    let what = format!("`{mail}` is in the list already, on {}", other.place);
                    mistakes.push(Mistake::in_cell(row, &self.columns.mail.name, what));
                }
                None => {
                    first.insert(mail, row);
                }
            }
        }
        let mut taken: BTreeMap<String, &Row> = BTreeMap::new();
        for (row, person) in people {
            let Body::Person(Person { aliases: Fact::Known(aliases), .. }) = &person.body else { continue };
            for alias in aliases {
                let what = match (first.get(alias.as_str()), taken.get(alias)) {
                    (Some(other), _) => format!("`{alias}` is the address of the person on {}", other.place),
                    (None, Some(other)) => format!("`{alias}` is an alias of the person on {} too", other.place),
                    (None, None) => {
                        taken.insert(alias.clone(), row);
                        continue;
                    }
                };
                mistakes.push(Mistake::in_cell(row, &self.columns.aliases.name, what));
            }
        }
    }
}

fn text(cell: Option<&Value>) -> Option<String> {
    cell.and_then(|cell| plain(cell).ok()).filter(|text| !text.is_empty())
}

/// A column that is not there tells nothing; an empty cell says that there is none.
fn told(cell: Option<&Value>) -> Fact<String> {
    if cell.is_none() { Fact::Unknown } else { Fact::from_option(text(cell)) }
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(who, host)| !who.is_empty() && host.len() > 2 && !host.contains('@'))
        && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}
