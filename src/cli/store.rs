//! `keyroll store`: a store on a PostgreSQL server and its roles, and the way from one store into another.

use std::path::Path;
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::store::{self, Location, ROLES};
use crate::text::plural;

#[derive(Debug, clap::Subcommand)]
pub(super) enum StoreCommand {
    /// Print the SQL that makes the roles of a PostgreSQL store: an owner, a writer and a reader. Run it once, as whoever
    /// administers the database.
    Roles,
    /// Bring the store of the configuration into the shape that this keyroll needs, as a role in `keyroll_owner`. A store in a
    /// file needs no such word.
    Migrate {
        /// The store, instead of that of the configuration: `postgres://owner@host/database?password=env:NAME`.
        #[arg(long, value_name = "STORE")]
        store: Option<String>,
    },
    /// Copy a store into a new one, with its whole past. Every row is held against its digest when it has arrived; a copy that
    /// was broken off goes on where it stopped when it is asked for again.
    Copy {
        /// The store to copy: `sqlite:FILE` or `postgres://user@host/database?password=env:NAME`.
        #[arg(long, value_name = "STORE")]
        from: String,
        /// The new store, written likewise.
        #[arg(long, value_name = "STORE")]
        to: String,
    },
}

pub(super) fn run(context: &Context, command: &StoreCommand) -> Result<ExitCode, Complaint> {
    match command {
        StoreCommand::Roles => context.terminal.result(ROLES.trim_end()),
        StoreCommand::Migrate { store } => {
            let location = match store {
                Some(given) => place(given)?,
                None => context.load()?.store,
            };
            store::migrate(&location)?;
            context.terminal.result(&format!("store `{location}` has the shape that this keyroll needs."));
        }
        StoreCommand::Copy { from, to } => copy(context, &place(from)?, &place(to)?)?,
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Paths start where the command is given.
fn place(given: &str) -> Result<Location, Complaint> {
    Location::read(given, Path::new("")).map_err(Complaint::failed)
}

fn copy(context: &Context, from: &Location, to: &Location) -> Result<(), Complaint> {
    let mut told = "";
    let copied = store::copy(from, to, |table, _rows| {
        if told != table {
            told = table;
            context.terminal.say(&format!("copying {}", table.replace('_', " ")));
        }
    })?;
    let rows = plural(copied.rows, "row", "rows");
    let before = match copied.before {
        0 => String::new(),
        before => format!(", {before} of them before"),
    };
    context.terminal.result(&format!(
        "{rows} copied to `{to}`{before}, each held against its digest. Both stores: {}",
        copied.digest
    ));
    Ok(())
}
