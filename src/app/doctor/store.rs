//! The place of scans: is it there, can it be written to, is it nobody else's to read, and is there room beside it?

use std::path::Path;

use crate::model::{Area, Check, SnapshotHead};
use crate::store::{Condition, Location, Store, StoreError};
use crate::text::plural;

/// With less room than this a scan may not be stored.
const NO_ROOM: u64 = 32 << 20;
/// With less room than this it soon will not be.
const LITTLE_ROOM: u64 = 512 << 20;

/// What is to be said of the store, and the store itself if it can be asked.
pub(super) fn examine(at: &Location) -> (Vec<Check>, Option<Store>) {
    let place = at.to_string();
    let mut checks = Vec::new();
    let mut store = None;
    match Store::examine(at) {
        Ok(Condition::Missing) => checks.push(missing(at, &place)),
        Ok(Condition::Older) => {
            let found = "it is of an earlier keyroll: the next command that opens it brings it into the new shape";
            checks.push(Check::known(Area::Store, &place, found));
        }
        Ok(Condition::Ready(ready)) => {
            checks.push(opened(&ready, &place));
            store = Some(ready);
        }
        Err(error) => checks.push(Check::broken(Area::Store, &place, words(&error), remedy(&error))),
    }
    if let Location::File(path) = at {
        checks.extend(privacy(path, &place));
        checks.extend(room(path));
    }
    (checks, store)
}

/// A store that is not there yet: can it be made?
fn missing(at: &Location, place: &str) -> Check {
    let Location::File(path) = at else {
        return Check::broken(Area::Store, place, "the database has no store in it", "run `keyroll store migrate`");
    };
    let folder = folder_of(path);
    match tempfile::tempfile_in(folder) {
        Ok(_trial) => Check::well(Area::Store, place, "there is none yet: the first scan makes it"),
        Err(error) => {
            let found = format!("there is none yet, and none can be made in `{}`: {error}", folder.display());
            let remedy = format!(
                "make the folder and let the user that scans write to it: `mkdir -p {0} && chmod u+rwx {0}`, or name \
                 another under `store:`",
                folder.display()
            );
            Check::broken(Area::Store, place, found, remedy)
        }
    }
}

fn opened(store: &Store, place: &str) -> Check {
    let whole = |heads: Vec<SnapshotHead>| match heads.first() {
        Some(latest) => store.snapshot(latest.id).map(|_whole| heads),
        None => Ok(heads),
    };
    match store.heads(usize::MAX).and_then(whole) {
        Ok(heads) => {
            let latest = heads.first().map_or_else(String::new, |head: &SnapshotHead| {
                format!(", the latest of {}", head.ended_at.format("%Y-%m-%d %H:%M UTC"))
            });
            let scans = plural(heads.len(), "scan", "scans");
            Check::well(Area::Store, place, format!("it can be read and written, and has {scans}{latest}"))
        }
        Err(error) => Check::broken(Area::Store, place, words(&error), remedy(&error)),
    }
}

fn words(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// The step that mends it.
fn remedy(error: &StoreError) -> String {
    match error {
        StoreError::NoAccess { path } | StoreError::Io { path, .. } => format!(
            "let the user that scans read and write it and its folder: `chmod u+rw {} && chmod u+rwx {}`, as its owner",
            path.display(),
            folder_of(path).display()
        ),
        StoreError::NotAFile { .. } | StoreError::NotAStore { .. } => {
            "name the right file under `store:`, or one that is not there yet".to_owned()
        }
        StoreError::Newer { .. } => "use the newer keyroll, or another store under `store:`".to_owned(),
        StoreError::Damaged { .. } | StoreError::Altered { .. } | StoreError::Differs { .. } => {
            "put a backup in its place, or name another under `store:`; keep this one until you know why".to_owned()
        }
        StoreError::Locked { .. } | StoreError::ScanUnderWay { .. } | StoreError::Overtaken { .. } => {
            "wait for the scan that is under way, or end the process that holds it".to_owned()
        }
        StoreError::NotBuiltIn { .. } => {
            "build keyroll with `--features postgres`, or name a file under `store:`".to_owned()
        }
        StoreError::Refused { .. } => {
            "check user, password, `sslrootcert` and database of `store:` (`keyroll store roles` prints the roles)"
                .to_owned()
        }
        StoreError::Behind { .. } => "run `keyroll store migrate` as a role in `keyroll_owner`".to_owned(),
        StoreError::Unfinished { .. } => "run `keyroll store copy` into it to its end".to_owned(),
        StoreError::Missing { .. }
        | StoreError::NoSnapshot { .. }
        | StoreError::Needed { .. }
        | StoreError::NotEmpty { .. } => "run `keyroll scan`".to_owned(),
        StoreError::Interrupted { .. } => "check that the database server is up and can be reached".to_owned(),
        StoreError::Database { .. } => "make room on its disk and check that the disk is well".to_owned(),
    }
}

/// Who else may read what is known of the estate.
fn privacy(path: &Path, place: &str) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        let found = format!("others than its owner may open it (mode {mode:03o})");
        Check::weak(Area::Store, place, found, format!("run `chmod 600 {}`", path.display()))
    })
}

/// How much room there is beside a store in a file. A scan needs some for what it reads, and some for what it stores.
fn room(path: &Path) -> Option<Check> {
    let folder = folder_of(path);
    let about = folder.display().to_string();
    let disk = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk,
        Err(error) => {
            return Some(Check::unchecked(
                Area::Store,
                &about,
                format!("how much room there is cannot be told: {error}"),
            ));
        }
    };
    if disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        let remedy = "mount it so that it can be written to, or name another place under `store:`";
        return Some(Check::broken(Area::Store, &about, "its disk is mounted read-only", remedy));
    }
    Some(judge_room(
        &about,
        disk.f_bavail.saturating_mul(disk.f_frsize),
        std::fs::metadata(path).map_or(0, |it| it.len()),
    ))
}

fn judge_room(about: &str, free: u64, size: u64) -> Check {
    let beside = if size > 0 { format!(" beside a store of {}", bytes(size)) } else { String::new() };
    let found = format!("{} free{beside}", bytes(free));
    let remedy = "make room there, let `retention:` remove older scans, or move the store";
    match free {
        free if free < NO_ROOM => Check::broken(Area::Store, about, found, remedy),
        free if free < LITTLE_ROOM.max(size / 2) => Check::weak(Area::Store, about, found, remedy),
        _ => Check::well(Area::Store, about, found),
    }
}

/// “1.5 GB”, in units of 1,024.
fn bytes(count: u64) -> String {
    let (unit, name) = match count {
        0..=1_048_575 => (1 << 10, "kB"),
        1_048_576..=1_073_741_823 => (1 << 20, "MB"),
        _ => (1 << 30, "GB"),
    };
    let tenths = count.saturating_mul(10) / unit;
    if tenths < 100 { format!("{}.{} {name}", tenths / 10, tenths % 10) } else { format!("{} {name}", tenths / 10) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Health;

    #[test]
    fn room_is_judged_by_what_a_scan_needs() {
        let health = |free, size| judge_room("/", free, size).health;
        assert_eq!(health(10 << 20, 0), Health::Broken);
        assert_eq!(health(100 << 20, 0), Health::Weak);
        assert_eq!(health(2 << 30, 8 << 30), Health::Weak, "the store alone is larger");
        assert_eq!(health(20 << 30, 8 << 30), Health::Well);
        assert_eq!(bytes(1_610_612_736), "1.5 GB");
        assert_eq!(bytes(52_428_800), "50 MB");
    }
}
