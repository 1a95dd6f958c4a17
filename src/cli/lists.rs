//! How lists are asked for: which rows, which columns, in which order, in which form. One place for all commands that list.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::Context;
use super::complain::Complaint;
use super::report::cannot_write;
use crate::config::Config;
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{Assessment, Kind, Snapshot, SnapshotHead};
use crate::problem::{Problems, SourceText};
use crate::reports::{List, ListHead, Listable, Misnamed, RenderError, Undecided, csv_set};
use crate::rules::{Question, Reply};
use crate::store::Store;
use crate::text::{harmless, join_and, plural, thousands};

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ListFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For machines: one versioned document.
    Json,
}

/// What is shown of the rows of a list.
#[derive(Debug, clap::Args)]
pub(super) struct Form {
    /// Only these columns, in this order: names of the CSV file, separated by commas; `help` tells which there are.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Sort by these columns, separated by commas; a minus before a name puts the greatest first. Rows without a value come last.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true)]
    sort: Vec<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub(super) format: ListFormat,
}

/// Asking for the columns themselves.
const HELP: &str = "help";

impl Form {
    /// The list that is asked for, without rows yet; `None` if only its columns were asked for, which are told. In a table of
    /// what cannot be decided, a few columns are enough where none are named.
    pub(super) fn begin(
        &self,
        context: &Context,
        listable: Listable,
        undecided: Option<&[&str]>,
    ) -> Result<Option<List>, Complaint> {
        let named: Option<Vec<&str>> =
            self.columns.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        if named.as_deref() == Some(&[HELP][..]) {
            context.terminal.result(&listable.columns_table(context.terminal.look));
            return Ok(None);
        }
        let few = undecided.filter(|_| self.format == ListFormat::Table);
        let shown = named.as_deref().or(few).unwrap_or_default();
        let sort: Vec<&str> = self.sort.iter().map(String::as_str).collect();
        let view = listable.view(shown, &sort);
        let view = view.map_err(|Misnamed { what, help }| Complaint::usage(what).help(help))?;
        Ok(Some(List::new(listable, view)))
    }

    /// True if no columns are named: a table is the one that is always shown.
    pub(super) fn is_whole(&self) -> bool {
        self.columns.is_none()
    }

    /// True if the rows are to stand in another order than usual.
    pub(super) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// True if the list is to be written as it is without any of these options, apart from tables and CSV.
    pub(super) fn is_usual(&self) -> bool {
        self.is_whole() && !self.is_sorted()
    }

    /// Writes a list that is filled.
    pub(super) fn written(&self, context: &Context, list: &mut List, head: &ListHead<'_>) -> Result<String, Complaint> {
        list.sort();
        match self.format {
            ListFormat::Table => Ok(list.table(context.terminal.look)),
            ListFormat::Csv => as_text(|out| list.csv(out)),
            ListFormat::Json => as_text(|out| list.json(head, out)),
        }
    }
}

/// One file of the CSV set as text.
pub(super) fn one_csv(assessment: &Assessment, name: &str) -> Result<String, Complaint> {
    let table = csv_set().iter().find(|table| table.name == name);
    let table = table.ok_or_else(|| Complaint::failed(format!("there is no CSV file `{name}`")))?;
    as_text(|out| table.write(assessment, out))
}

/// What is written, as text.
pub(super) fn as_text(
    write: impl FnOnce(&mut dyn std::io::Write) -> Result<(), RenderError>,
) -> Result<String, Complaint> {
    let mut bytes = Vec::new();
    write(&mut bytes).map_err(unwritten)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Something could not be written to standard output.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(super) fn unwritten(error: RenderError) -> Complaint {
    cannot_write(Path::new("-"), &error)
}

/// Which rows are wanted.
#[derive(Debug, clap::Args)]
pub(super) struct Only {
    /// Only those for which this condition holds, in the language of rules: `credential.expires_at == null`. Those for which it cannot
    /// be told are counted.
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// Those for which it cannot be told whether the condition holds, and why; not those for which it does.
    #[arg(long, requires = "condition")]
    pub(super) undecided: bool,
}

impl Only {
    /// The condition, compiled.
    pub(super) fn question(
        &self,
        compile: impl FnOnce(&SourceText) -> Result<Question, Problems>,
    ) -> Result<Option<Question>, Complaint> {
        let Some(condition) = &self.condition else { return Ok(None) };
        compile(&SourceText::new("--where", condition)).map(Some).map_err(Complaint::Condition)
    }

    /// What is to be said of a list in JSON, as far as the condition goes.
    pub(super) fn head<'a>(&'a self, undecided: Option<&'a Undecided>) -> ListHead<'a> {
        let condition = self.condition.as_deref();
        ListHead { condition, undecided, of_undecided: self.undecided, ..ListHead::default() }
    }
}

/// What the rules of a scan leaned on beside what it saw: a question leans on the same.
pub(super) struct Grounds {
    knowledge: Knowledge,
    revocations: Revocations,
}

impl Grounds {
    pub(super) fn of(config: &Config, store: &Store, scan: &SnapshotHead) -> Result<Self, Complaint> {
        Ok(Self {
            knowledge: config.knowledge()?,
            revocations: Revocations::of(store.decided_access(scan.started_at)?),
        })
    }

    pub(super) fn inventory<'a>(&'a self, snapshot: &'a Snapshot) -> Inventory<'a> {
        Inventory::knowing(snapshot, &self.knowledge).after_reviews(&self.revocations)
    }
}

/// What a condition came to, thing by thing.
#[derive(Default)]
pub(super) struct Answers {
    /// True if the things are wanted of which it cannot be told.
    of_undecided: bool,
    /// What is wanted, by its id, with the reason why it cannot be told of it.
    wanted: BTreeMap<String, Arc<str>>,
    reasons: BTreeMap<Arc<str>, usize>,
    not_meant: usize,
}

impl Answers {
    pub(super) fn new(only: &Only) -> Self {
        Self { of_undecided: only.undecided, ..Self::default() }
    }

    /// Takes what it came to for a thing; true if the thing is wanted.
    pub(super) fn take(&mut self, id: &str, reply: Reply) -> bool {
        let wanted = match reply {
            Reply::Yes => (!self.of_undecided).then(|| "".into()),
            Reply::Undecided(why) => {
                *self.reasons.entry(Arc::clone(&why)).or_default() += 1;
                self.of_undecided.then_some(why)
            }
            Reply::No => None,
            Reply::NotMeant => {
                self.not_meant += 1;
                None
            }
        };
        let is_wanted = wanted.is_some();
        self.wanted.extend(wanted.map(|why| (id.to_owned(), why)));
        is_wanted
    }

    /// Why it cannot be told of a thing that is wanted, and nothing where it can; `None` if the thing is not wanted.
    pub(super) fn wants(&self, id: &str) -> Option<&str> {
        self.wanted.get(id).map(AsRef::as_ref)
    }

    /// Of how many things it cannot be told, the most frequent reason first.
    pub(super) fn undecided(&self) -> Undecided {
        let mut reasons: Vec<(String, usize)> =
            self.reasons.iter().map(|(why, count)| (why.to_string(), *count)).collect();
        reasons.sort_by(|(left, more), (right, less)| less.cmp(more).then_with(|| left.cmp(right)));
        Undecided(reasons)
    }

    /// Says what the list cannot show: of what the condition could not be told, and of what it does not speak. `one` and `many`
    /// are what people call the things.
    pub(super) fn tell(&self, context: &Context, question: &Question, (one, many): (&str, &str)) {
        if self.not_meant > 0 {
            let kinds: Vec<String> = question.kinds().map(|kind| kind.plural().to_owned()).collect();
            let others = plural(self.not_meant, &format!("{one} is"), &format!("{many} are"));
            let about = join_and(&kinds);
            context.terminal.note(&format!("The condition speaks of {about}; {others} about something else."));
        }
        let Undecided(reasons) = self.undecided();
        if reasons.is_empty() {
            return;
        }
        let count = plural(reasons.iter().map(|(_, count)| count).sum(), one, many);
        let what = if self.of_undecided { "these are listed" } else { "`--undecided` lists them" };
        context.terminal.note(&format!("The condition cannot be told of {count} ({what}):"));
        let widest = reasons.first().map_or(0, |(_, count)| thousands(*count).len());
        for (why, count) in reasons.iter().take(MOST_REASONS) {
            context.terminal.note(&format!("  {:>widest$} × {}", thousands(*count), harmless(why)));
        }
        if let Some(more) = reasons.len().checked_sub(MOST_REASONS).filter(|more| *more > 0) {
            context.terminal.note(&format!("  and {}", plural(more, "more reason", "more reasons")));
        }
    }
}

/// Reasons that are told; the rest is counted.
const MOST_REASONS: usize = 5;

/// What people call one thing of a kind, and several.
pub(super) fn called(kind: Kind) -> (&'static str, &'static str) {
    let one = match kind {
        Kind::Principal => "account",
        other => other.name(),
    };
    (one, kind.plural())
}
