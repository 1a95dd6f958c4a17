//! Notices that files have changed, by their content: a touched file is none, and a file that is swapped by a symbolic
//! link (as volumes of Kubernetes are) is one. It looks when it is asked to; nothing runs by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::digest::{Digest, Digester};

/// Folders inside each other that are looked into. Links may lead in circles.
const DEEPEST: usize = 8;

/// Files, and folders with all that is in them, as they were when they were looked at last.
#[derive(Debug)]
pub struct Watched {
    paths: Vec<PathBuf>,
    seen: BTreeMap<PathBuf, Option<Digest>>,
}

impl Watched {
    /// Remembers how these files and folders are. One that is not there is remembered as missing.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        let seen = look(&paths);
        Self { paths, seen }
    }

    /// Whether anything is another than when it was looked at last: a content, a file that came, one that went. The next
    /// question is about changes from here on. Reads the files; those that cannot be read count as missing.
    pub fn changed(&mut self) -> bool {
        let seen = look(&self.paths);
        let changed = seen != self.seen;
        self.seen = seen;
        changed
    }
}

/// A digest of what files say, and of what is in folders: the same on every machine that has the same files, wherever they lie.
#[must_use]
pub fn digest_of(paths: &[PathBuf]) -> Digest {
    let mut digester = Digester::default();
    for path in paths {
        for (file, content) in look(std::slice::from_ref(path)) {
            let place = file.strip_prefix(path).unwrap_or(&file);
            digester.add(place.as_os_str().as_encoded_bytes());
            digester.add(&[0]);
            digester.add(content.map(|content| content.to_string()).unwrap_or_default().as_bytes());
            digester.add(&[0]);
        }
    }
    digester.finish()
}

fn look(paths: &[PathBuf]) -> BTreeMap<PathBuf, Option<Digest>> {
    let mut seen = BTreeMap::new();
    for path in paths {
        look_at(path, DEEPEST, &mut seen);
    }
    seen
}

fn look_at(path: &Path, deeper: usize, seen: &mut BTreeMap<PathBuf, Option<Digest>>) {
    if let (true, Some(deeper)) = (path.is_dir(), deeper.checked_sub(1)) {
        let entries = fs::read_dir(path).map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
        for entry in entries.unwrap_or_default() {
            look_at(&entry, deeper, seen);
        }
        return;
    }
    let content = fs::read(path).ok().map(|content| Digest::of_bytes(&content));
    seen.insert(path.to_owned(), content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (file, later) = (folder.path().join("keyroll.yaml"), folder.path().join("later.yaml"));
        fs::write(&file, "a").unwrap();
        let mut watched = Watched::new([file.clone(), later.clone()]);
        assert!(!watched.changed());
        fs::write(&file, "a").unwrap();
        assert!(!watched.changed(), "it was written again as it was");
        fs::write(&file, "b").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::write(&later, "").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::remove_file(&file).unwrap();
        assert!(watched.changed() && !watched.changed());
    }

    #[test]
    fn folders_are_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("rules")).unwrap();
        let mut watched = Watched::new([folder.path().to_owned()]);
        fs::write(folder.path().join("rules/one.yaml"), "x").unwrap();
        assert!(watched.changed() && !watched.changed());
        fs::rename(folder.path().join("rules/one.yaml"), folder.path().join("rules/two.yaml")).unwrap();
        assert!(watched.changed() && !watched.changed());
    }

    #[cfg(unix)]
    #[test]
    fn a_swapped_link_is_a_change_and_a_circle_is_no_trap() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, content) in [("..one", "1"), ("..two", "2")] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("keyroll.yaml"), content).unwrap();
        }
        symlink("..one", at("..data")).unwrap();
        symlink("..data/keyroll.yaml", at("keyroll.yaml")).unwrap();
        let mut watched = Watched::new([at("keyroll.yaml")]);
        assert!(!watched.changed());
        symlink("..two", at("..next")).unwrap();
        fs::rename(at("..next"), at("..data")).unwrap();
        assert!(watched.changed() && !watched.changed());
        symlink(".", at("circle")).unwrap();
        let mut all = Watched::new([folder.path().to_owned()]);
        assert!(!all.changed());
    }
}
