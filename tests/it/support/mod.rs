//! What several tests lean on: a pretended estate that is scanned through the same path as the command takes, the
//! program itself, and expectations kept in files.

pub(crate) mod estate;
pub mod keyroll;
pub mod pretended;

use std::path::{Path, PathBuf};

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Material that lies beside the project for tests and CI; `None`, with a word about it, where it is missing.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = project().join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: `../shared/{path}` is not beside this checkout");
    None
}

/// Compares a text with the file that holds what is expected. With `KEYROLL_UPDATE` set, the file is rewritten.
#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
pub fn expect_file(path: &str, found: &str) {
    let path = project().join(path);
    if std::env::var("KEYROLL_UPDATE").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == found,
        "`{}` is not what comes out now; if that is meant, run with KEYROLL_UPDATE=1 and read the difference\n{}",
        path.display(),
        first_difference(&expected, found)
    );
}

fn first_difference(expected: &str, found: &str) -> String {
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    match lines.find(|(_, (expected, found))| expected != found) {
        Some((at, (expected, found))) => format!("line {}:\n  expected {expected:?}\n  found    {found:?}", at + 1),
        None => format!("expected {} lines, found {}", expected.lines().count(), found.lines().count()),
    }
}
