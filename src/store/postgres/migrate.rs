//! Brings a database to the shape this keyroll knows: numbered files, each applied once, in order, all in one transaction that
//! only one process at a time can begin. The number of the last one is the highest in `versions`.

use super::Postgres;
use crate::store::StoreError;
use crate::store::database::Backend;

/// Never edited once released: a new shape is a new file. Each stands with the first version that can go on with what it leads to:
/// while machines are brought to a new version one after the other, those that are not there yet still work.
const MIGRATIONS: [(&str, i32); 2] = [
    (include_str!("../migrations/postgres/0001_first.sql"), 1),
    (include_str!("../migrations/postgres/0002_fleet.sql"), 1),
];

/// The version that the last migration leads to.
const VERSION: i32 = MIGRATIONS.len() as i32;

/// The lock that whoever migrates holds: “kyrl” in ASCII.
const LOCK: i64 = 0x6b79_726c;

/// Sees to it that a store can be used: that it has our shape, and that it is whole.
pub(super) fn settle(store: &Postgres, may_create: bool) -> Result<(), StoreError> {
    settle_shape(store, may_create)?;
    let mut copying = false;
    store.all("SELECT EXISTS (SELECT 1 FROM copying)", &[], &mut |row| {
        copying = row.get(0)?;
        Ok(true)
    })?;
    match copying {
        true => Err(StoreError::Unfinished { path: store.place().into() }),
        false => Ok(()),
    }
}

/// Sees to it that a store has our shape.
pub(super) fn settle_shape(store: &Postgres, may_create: bool) -> Result<(), StoreError> {
    let path = || store.place().to_path_buf();
    match version_of(store)? {
        VERSION => Ok(()),
        found if found > VERSION => refuse_newer(store, found),
        0 if !may_create => Err(StoreError::Missing { path: path() }),
        found => match migrate(store) {
            Err(StoreError::Refused { what, .. }) => {
                Err(StoreError::Behind { path: path(), found, known: VERSION, what })
            }
            migrated => migrated,
        },
    }
}

/// Applies what is missing, as the role that owns the tables.
pub(in crate::store) fn migrate(store: &Postgres) -> Result<(), StoreError> {
    store.0.begin_transaction(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})"))?;
    let done = apply(store).and_then(|()| store.0.end_transaction());
    if done.is_err() {
        store.roll_back();
    }
    done
}

fn apply(store: &Postgres) -> Result<(), StoreError> {
    let mut owner = None;
    let sql = "SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'keyroll'";
    store.all(sql, &[], &mut |row| {
        owner = Some(row.get::<String>(0)?);
        Ok(true)
    })?;
    match owner {
        Some(owner) => store.0.batch(&format!("SET LOCAL ROLE {owner}"))?,
        None => store.0.batch("CREATE SCHEMA keyroll")?,
    }
    store.0.batch("CREATE TABLE IF NOT EXISTS keyroll.versions (number bigint NOT NULL PRIMARY KEY)")?;
    // Perhaps another process was faster, a moment ago.
    let found = version_of(store)?;
    if found > VERSION {
        return refuse_newer(store, found);
    }
    store.0.batch("ALTER TABLE keyroll.versions ADD COLUMN IF NOT EXISTS usable_from bigint NOT NULL DEFAULT 1")?;
    for (number, (sql, usable_from)) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        store.0.batch(sql)?;
        let row = [i64::from(number).into(), i64::from(usable_from).into()];
        store.execute("INSERT INTO versions (number, usable_from) VALUES (?1, ?2)", &row)?;
    }
    store.0.batch("SELECT hand_out_rights()")
}

/// A store that a later keyroll has brought to its shape is refused if that shape is none that this one can go on with.
fn refuse_newer(store: &Postgres, found: i32) -> Result<(), StoreError> {
    let mut usable_from = 0;
    store.all("SELECT max(usable_from) FROM keyroll.versions", &[], &mut |row| {
        usable_from = row.get::<i64>(0)?;
        Ok(true)
    })?;
    if usable_from <= i64::from(VERSION) {
        return Ok(());
    }
    Err(StoreError::Newer { path: store.place().into(), found, known: VERSION })
}

/// The number of the last migration that was applied; 0 if there is none, or nothing of ours can be seen.
fn version_of(store: &Postgres) -> Result<i32, StoreError> {
    let mut exists = false;
    store.all("SELECT to_regclass('keyroll.versions') IS NOT NULL", &[], &mut |row| {
        exists = row.get(0)?;
        Ok(true)
    })?;
    let mut version = 0;
    if exists {
        store.all("SELECT coalesce(max(number), 0) FROM keyroll.versions", &[], &mut |row| {
            version = row.get::<i64>(0)?;
            Ok(true)
        })?;
    }
    Ok(i32::try_from(version).unwrap_or(i32::MAX))
}
