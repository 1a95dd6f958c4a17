//! What several tests lean on: a pretended estate that is scanned through the same path as the command takes, the
//! program itself, and expectations kept in files.

pub(crate) mod assessment;
pub(crate) mod estate;
pub(crate) mod expected;
pub(crate) mod json_schema;
pub(crate) mod keyroll;
pub(crate) mod pretended;

use std::path::{Path, PathBuf};

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Material that lies beside the project for tests and CI; `None`, with a word about it, where it is missing.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = project().join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: `../shared/{path}` is not beside this checkout");
    None
}
