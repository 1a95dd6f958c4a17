//! The files of a review: one for each reviewer, one for what nobody could see, and one that says what the columns mean. They appear all at once in a folder that was
//! not there before, so that nothing is overwritten and nothing is there in part.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::complain::Complaint;
use crate::model::{Review, ReviewRow};
use crate::reports::{RenderError, review_columns_csv, review_csv, review_not_seen_csv};
use crate::text::plural;

/// Letters of a reviewer's name that a file name has at most.
const LONGEST: usize = 60;

/// One file.
pub(super) struct File {
    /// Its name.
    pub(super) name: String,
    /// What is in it, in a few words.
    pub(super) about: String,
    bytes: Vec<u8>,
}

/// The files of a review. That nothing stayed unseen is a file without rows.
pub(super) fn of(review: &Review, rows: &[ReviewRow]) -> Result<Vec<File>, Complaint> {
    let mut by_reviewer: BTreeMap<(bool, &str), Vec<&ReviewRow>> = BTreeMap::new();
    for row in rows {
        by_reviewer.entry((row.asked == ReviewRow::UNASSIGNED, &row.asked)).or_default().push(row);
    }
    let mut taken = BTreeSet::new();
    let not_seen = name(review, "not-seen", &mut taken);
    let columns = name(review, "columns", &mut taken);
    let mut files = Vec::new();
    for ((_, asked), rows) in by_reviewer {
        let about = format!("{} for {asked}", plural(rows.len(), "row", "rows"));
        let bytes = bytes(|out| review_csv(rows.into_iter().map(|row| (review, row, None)), out))?;
        let name = name(review, &slug(asked), &mut taken);
        files.push(File { name, about, bytes });
    }
    let gaps = review.not_seen.len();
    let about = plural(gaps, "thing that nobody could see", "things that nobody could see");
    files.push(File { name: not_seen, about, bytes: bytes(|out| review_not_seen_csv(review, out))? });
    let about = "what the columns mean".to_owned();
    files.push(File { name: columns, about, bytes: bytes(review_columns_csv)? });
    Ok(files)
}

fn bytes(render: impl FnOnce(&mut dyn io::Write) -> Result<(), RenderError>) -> Result<Vec<u8>, Complaint> {
    let mut bytes = Vec::new();
    render(&mut bytes).map_err(|error| Complaint::failed(format!("cannot write the review: {error}")))?;
    Ok(bytes)
}

/// A file name that no other file has.
fn name(review: &Review, slug: &str, taken: &mut BTreeSet<String>) -> String {
    let first = format!("{}-{slug}.csv", review.name);
    let others = (2..).map(|number| format!("{}-{slug}-{number}.csv", review.name));
    let free = std::iter::once(first).chain(others).find(|name| !taken.contains(name));
    let name = free.expect("internal: there is always one more number");
    taken.insert(name.clone());
    name
}

/// A reviewer as part of a file name: plain letters, digits, dots and dashes.
fn slug(asked: &str) -> String {
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || letter == '.' { letter.to_ascii_lowercase() } else { '-' };
    let slug: String = asked.chars().take(LONGEST).map(plain).collect();
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "reviewer".to_owned() } else { slug.to_owned() }
}

/// Writes the files into a new folder.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), Complaint> {
    let shown = folder.display();
    if folder.symlink_metadata().is_ok() {
        let complaint = Complaint::failed(format!("`{shown}` is there already"));
        return Err(complaint.help("what is there is kept: name another folder with `--out FOLDER`"));
    }
    let failed = |error: io::Error| Complaint::failed(format!("cannot write folder `{shown}`: {error}"));
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".keyroll-").tempdir_in(parent).map_err(failed)?;
    for file in files {
        fs::write(draft.path().join(&file.name), &file.bytes).map_err(failed)?;
    }
    fs::rename(draft.path(), folder).map_err(failed)?;
    // Under its new name nobody is to tidy it up.
    drop(draft.keep());
    Ok(())
}

/// Takes the folder away that was just written.
pub(super) fn take_back(folder: &Path) -> Result<(), Complaint> {
    fs::remove_dir_all(folder).map_err(|error| {
        let what =
            format!("the review was not begun, and its folder `{}` cannot be taken away: {error}", folder.display());
        Complaint::failed(what).help("remove the folder: its files are of no review")
    })
}

/// A file that came back: at most so many bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("the file cannot be read: {error}");
    // A pipe or a device might never end.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("this is no file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(format!("the file is larger than {} MiB: it is none of a review", most / 1_048_576));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reviewer_cannot_lead_a_file_elsewhere() {
        for (asked, expected) in [
            ("Ada@acme.example", "ada-acme.example"),
            ("../../etc/passwd", "etc-passwd"),
            ("Jürgen Müller", "j-rgen-m-ller"),
            ("日本", "reviewer"),
            ("..", "reviewer"),
        ] {
            assert_eq!(slug(asked), expected);
        }
    }
}
