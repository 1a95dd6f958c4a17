//! The waiver file on disk while entries are added to it: read once, and replaced whole or not at all. Its permissions are
//! kept, and nobody else adds meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::cli::complain::Complaint;
use crate::problem::SourceText;

/// A waiver file, and the draft of what takes its place.
pub(super) struct WaiverFile {
    /// Its text; empty if there is none yet.
    pub(super) text: SourceText,
    path: PathBuf,
    draft: PathBuf,
    out: File,
    is_there: bool,
}

impl WaiverFile {
    /// Reads the file, and begins a draft beside it. As long as there is a draft nobody else begins one.
    pub(super) fn take(path: &Path) -> Result<Self, Complaint> {
        // Of a link the file behind it is meant: a link that is replaced is lost.
        let target = fs::canonicalize(path).unwrap_or_else(|_not_there| path.to_owned());
        let mut draft = target.clone().into_os_string();
        draft.push(".partial");
        let draft = PathBuf::from(draft);
        let out = OpenOptions::new().write(true).create_new(true).open(&draft).map_err(|error| {
            let complaint = failed("begin a draft of", path, &error);
            match error.kind() {
                ErrorKind::AlreadyExists => complaint.help(format!(
                    "somebody else adds a waiver just now, or was stopped while doing so: then delete `{}`",
                    draft.display()
                )),
                _ => complaint,
            }
        })?;
        let mut file = Self { text: SourceText::new("", ""), path: target, draft, out, is_there: false };
        file.is_there = file.path.exists();
        let text = if file.is_there {
            fs::read_to_string(&file.path).map_err(|error| failed("read", path, &error))?
        } else {
            String::new()
        };
        file.text = SourceText::new(&path.display().to_string(), &text);
        Ok(file)
    }

    /// The text as a document: a file of comments alone has no waivers.
    pub(super) fn parsable(&self) -> SourceText {
        let says_nothing =
            |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---";
        if self.text.text.trim_start_matches('\u{feff}').lines().all(says_nothing) {
            SourceText::new(&self.text.name, "waivers: []\n")
        } else {
            self.text.clone()
        }
    }

    /// Puts the new text in the place of the old one.
    pub(super) fn replace(mut self, text: &str) -> Result<(), Complaint> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.sync_all());
        let written = written.and_then(|()| match fs::metadata(&self.path) {
            Ok(metadata) => fs::set_permissions(&self.draft, metadata.permissions()),
            Err(_not_there) => Ok(()),
        });
        written.map_err(|error| failed("write", &self.path, &error))?;
        let now = if self.is_there { fs::read_to_string(&self.path).ok() } else { None };
        if self.is_there && now.as_deref() != Some(&*self.text.text) {
            let complaint = Complaint::failed(format!("`{}` was changed meanwhile; nothing was added", self.text.name));
            return Err(complaint.help("look at what was changed, and add it again"));
        }
        fs::rename(&self.draft, &self.path).map_err(|error| failed("write", &self.path, &error))
    }
}

impl Drop for WaiverFile {
    fn drop(&mut self) {
        // After a success there is none any more.
        drop(fs::remove_file(&self.draft));
    }
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Complaint {
    Complaint::failed(format!("cannot {what} `{}`: {error}", path.display()))
}
