//! Brings a database to the shape this keyroll knows: numbered files, each applied once, in order, in a transaction of
//! its own. The number of the last one is kept in `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::fault;
use crate::store::StoreError;

/// Marks a database as ours: “kyrl” in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x6b79_726c;

/// Never edited once released: a new shape is a new file.
const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/sqlite/0001_first.sql"),
    include_str!("../migrations/sqlite/0002_alerts.sql"),
    include_str!("../migrations/sqlite/0003_history.sql"),
    include_str!("../migrations/sqlite/0004_reviews.sql"),
    include_str!("../migrations/sqlite/0005_lean.sql"),
    include_str!("../migrations/sqlite/0006_journal.sql"),
];

/// The version that the last migration leads to.
pub(super) const VERSION: i32 = MIGRATIONS.len() as i32;

/// Applies what is missing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let named = |error| fault(path, error);
    let found = version_of(connection).map_err(named)?;
    if found == VERSION {
        return Ok(());
    }
    if found > VERSION {
        return Err(StoreError::Newer { path: path.into(), found, known: VERSION });
    }
    for (number, sql) in (1..).zip(MIGRATIONS) {
        apply(connection, number, sql).map_err(named)?;
    }
    // A later look at the file's first bytes is to find the version there and not in the log beside it.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(named)
}

/// Applies one migration, unless it, or a later one, has been applied: perhaps by another process a moment ago.
fn apply(connection: &mut Connection, number: i32, sql: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version_of(&transaction)? >= number {
        return Ok(());
    }
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", number)?;
    transaction.commit()
}

/// The number of the last migration that was applied.
pub(super) fn version_of(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
