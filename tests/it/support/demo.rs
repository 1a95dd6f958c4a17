//! What `keyroll demo` leaves and prints, made once for all tests of documents: each works on a copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::keyroll::keyroll_with;

/// The moment at which every document was written.
pub(crate) const NOW: &str = "2026-11-22T07:30:00Z";

/// A run of `keyroll demo`, with the folder's name and the program's as a newcomer would have them.
pub(crate) struct Demo {
    folder: TempDir,
    /// What it printed: the morning view and what to try next.
    pub(crate) out: String,
}

/// The folder in which a demo of two nights left its own, for questions that take no more: nobody works in it.
pub(crate) fn two_nights() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let run = keyroll_with(folder.path(), &["demo", "--nights", "2", "--now", NOW], &[]);
        assert_eq!(run.code, 0, "{}", run.err);
        folder
    });
    folder.path()
}

/// The one run of as many nights as it takes by itself.
pub(crate) fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let installed = Path::new(env!("CARGO_BIN_EXE_keyroll")).parent().unwrap().to_str().unwrap();
        let run = keyroll_with(folder.path(), &["demo", "--now", NOW, "--width", "80"], &[("PATH", installed)]);
        assert_eq!(run.code, 0, "{}", run.err);
        fs::write(folder.path().join("printed"), format!("{}{}", run.err, run.out)).unwrap();
        Demo { folder, out: run.out }
    })
}

impl Demo {
    /// Puts a copy of `keyroll-demo/` into a folder.
    pub(crate) fn copy_into(&self, folder: &Path) {
        let copied = Command::new("cp").arg("-a").arg(self.left()).arg(folder).status().unwrap();
        assert!(copied.success());
    }

    /// The folder that it left, in which nobody works.
    pub(crate) fn left(&self) -> PathBuf {
        self.folder.path().join("keyroll-demo")
    }

    /// A file with all that it printed, as a terminal shows it.
    pub(crate) fn printed(&self) -> PathBuf {
        self.folder.path().join("printed")
    }
}
