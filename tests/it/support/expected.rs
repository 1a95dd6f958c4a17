//! Expected output in files of the project: compared byte by byte, written anew when `KEYROLL_UPDATE` is set.

use super::project;

/// Compares a text with the file that holds what is expected. With `KEYROLL_UPDATE` set, the file is rewritten.
#[expect(clippy::disallowed_methods, reason = "a developer's switch, not a setting of the product")]
pub(crate) fn expect_file(path: &str, found: &str) {
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
