//! Expected output in `tests/snapshots/`: compared byte by byte, written anew when `KEYROLL_UPDATE` is set.

use std::path::Path;

/// Compares a text with the file of that name.
#[expect(clippy::disallowed_methods, reason = "a switch for the people who run the tests, not for the product")]
pub(crate) fn expect_file(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var("KEYROLL_UPDATE").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let differing = shown.lines().zip(expected.lines()).position(|(shown, expected)| shown != expected);
    assert!(
        shown == expected,
        "{name} differs from line {:?} on; KEYROLL_UPDATE=1 writes it anew. It is:\n{shown}",
        differing.map(|at| at + 1)
    );
}
