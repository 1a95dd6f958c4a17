//! What several tests lean on: a pretended estate that is scanned through the same path as the command takes, the
//! program itself, and expectations kept in files.

pub(crate) mod assessment;
#[cfg(feature = "postgres")]
pub(crate) mod cluster;
pub(crate) mod demo;
pub(crate) mod estate;
pub(crate) mod expected;
pub(crate) mod json_schema;
pub(crate) mod keyroll;
pub(crate) mod planted;
pub(crate) mod pretended;
pub(crate) mod s3;

use std::path::Path;

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says that a test, or a part of it, is left out because a program is not there that it talks to. Where nothing may be left
/// out (`KEYROLL_TEST_ALL`, which the check sets) it fails.
pub(crate) fn skipped(why: &str) {
    assert!(std::env::var_os("KEYROLL_TEST_ALL").is_none(), "nothing may be skipped here: {why}");
    println!("skipped: {why}");
}
