//! What the fuzz targets share: the thread on which hostile bytes are read, and what is asked of every complaint about a file.

pub mod product;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use keyroll::model::{ReviewRow, sample};
use keyroll::problem::Problems;
use keyroll::review::key;

/// The threads of keyroll have a quarter of this; here its code is not optimised, and takes several times as much for each step down.
const STACK: usize = 8 << 20;

/// Hands bytes to a target, on a stack that is as scarce as that of keyroll's own threads. The bytes are written down before where the
/// variable says so: a stack that overflows leaves no other trace.
pub fn read(bytes: &[u8], target: impl FnOnce(&[u8]) + Send) {
    static LAST: OnceLock<Option<std::ffi::OsString>> = OnceLock::new();
    if let Some(path) = LAST.get_or_init(|| std::env::var_os("KEYROLL_FUZZ_LAST")) {
        fs::write(path, bytes).expect("the last input is written down");
    }
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || target(bytes));
        reader.expect("a thread starts").join().expect("a panic has ended everything by now");
    });
}

/// The same for targets that read text: what is no UTF-8 is none of theirs.
pub fn read_text(bytes: &[u8], target: impl FnOnce(&str) + Send) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text.as_bytes(), |_| target(text));
    }
}

/// Whatever is wrong with a file is told at a place in it, in words that can be printed.
pub fn are_told(problems: &Problems) {
    assert!(!problems.0.is_empty(), "a file is refused for a reason");
    for problem in &problems.0 {
        assert!(!problem.what.is_empty());
        if let Some(file) = &problem.file {
            let (start, end) = (problem.span.start, problem.span.end);
            assert!(
                start <= end && end <= file.text.len(),
                "{start}..{end} of {} is no place: {problem}",
                file.text.len()
            );
        }
        assert!(
            !problem.render(false).is_empty() && !problem.render(true).is_empty() && !problem.to_string().is_empty()
        );
    }
}

/// A file that only its owner may read, with this secret in it; the reference that names it.
pub fn secret_file(folder: &Path, name: &str, secret: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    fs::write(&path, secret).expect("a temporary file is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode is set");
    format!("file:{}", path.display())
}

/// Where `seeds` puts what targets start from besides their corpora.
pub fn made() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("made")
}

/// The rows that a reviewer of the review `q4` was asked about.
pub fn asked_about() -> Vec<ReviewRow> {
    let row = |project| {
        let row = sample::review_row("", project);
        ReviewRow { key: key("q4", &row.account, &row.container), ..row }
    };
    ["PAY", "OPS", "DOCS"].map(row).into()
}
