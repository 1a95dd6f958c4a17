//! An export to a folder: files are written beside their places, and moved there when all are whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::cli::complain::{Complaint, chain};
use crate::reports::{ParquetExport, ParquetFile, RenderError, parquet_set};

/// Writes every file beside its final place, and moves them when all are whole. Where one cannot be written, nothing is left behind.
pub(super) fn write_all(export: &ParquetExport<'_>, folder: &Path) -> Result<usize, Complaint> {
    let mut made = Made::default();
    let mut drafts = Vec::new();
    for file in export.files() {
        let place = folder.join(file.path());
        let draft = made.draft(&file, &place).map_err(|error| cannot_write(&place, &error))?;
        drafts.push((draft, place));
    }
    let mut places = BTreeSet::new();
    // The table of scans comes last: whoever looks meanwhile is told of no scan whose other tables are not there yet.
    for (draft, place) in drafts.into_iter().rev() {
        let is_new = !place.exists();
        draft.persist(&place).map_err(|error| cannot_write(&place, &error.error.into()))?;
        if is_new {
            made.files.push(place.clone());
        }
        places.insert(place);
    }
    made.keep();
    remove_outdated(export, folder, &places)?;
    Ok(places.len())
}

/// Removes files of the same scan that it has no more: an earlier keyroll may have put its rows elsewhere, and they would count twice.
fn remove_outdated(export: &ParquetExport<'_>, folder: &Path, places: &BTreeSet<PathBuf>) -> Result<(), Complaint> {
    for table in parquet_set() {
        let table = folder.join(table.name);
        for tenant in fs::read_dir(&table).map_err(|error| cannot_remove(&table, &error))? {
            let tenant = tenant.map_err(|error| cannot_remove(&table, &error))?;
            let file = tenant.path().join(export.place());
            if !places.contains(&file) && file.exists() {
                fs::remove_file(&file).map_err(|error| cannot_remove(&file, &error))?;
            }
        }
    }
    Ok(())
}

/// Folders and files that were not there before: taken away again unless all goes well.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Writes a file beside its final place, under a name that no reader of the folder looks at.
    fn draft(&mut self, file: &ParquetFile<'_, '_>, place: &Path) -> Result<tempfile::TempPath, RenderError> {
        let folder = place.parent().unwrap_or(Path::new("."));
        self.folder(folder)?;
        let mut draft = tempfile::Builder::new();
        draft.prefix(".draft-").suffix(".partial").permissions(readable());
        let draft = draft.tempfile_in(folder)?;
        let mut out = BufWriter::new(draft.as_file());
        file.write(&mut out)?;
        let written: &File = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        written.sync_all()?;
        Ok(draft.into_temp_path())
    }

    /// Makes a folder with all above it, and remembers which were missing.
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        missing.reverse();
        fs::create_dir_all(folder)?;
        self.folders.append(&mut missing);
        Ok(())
    }

    fn keep(&mut self) {
        self.folders.clear();
        self.files.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // What somebody else has put something into stays; the error that is told is the one that matters.
        self.files.iter().rev().for_each(|file| drop(fs::remove_file(file)));
        self.folders.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

/// As open as any other new file: these are made to be read by other programs.
fn readable() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

pub(super) fn cannot_write(path: &Path, error: &RenderError) -> Complaint {
    let complaint = Complaint::failed(format!("cannot write `{}`: {}", path.display(), chain(error)));
    complaint
        .help("name a folder that can be written to with `--out`; what was written of this export is removed again")
}

fn cannot_remove(path: &Path, error: &io::Error) -> Complaint {
    let complaint = Complaint::failed(format!("cannot remove what is outdated in `{}`: {error}", path.display()));
    complaint.help("the new files are in place; until the old ones are gone, their rows count twice")
}
