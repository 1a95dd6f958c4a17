//! What people expect of a command line that lists: conditions, columns, order, formats (`lists`), a pager, colours, pipes and
//! interrupts (`terminal`). The real program runs on the store that the demo leaves, and on estates with gaps.

mod lists;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::demo::{NOW, demo};
use crate::support::keyroll::{Run, keyroll};

/// A copy of what the demo leaves.
struct Left(TempDir);

impl Left {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        demo().copy_into(folder.path());
        Self(folder)
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("keyroll-demo")
    }

    fn ask(&self, words: &[&str]) -> Run {
        ask(&self.folder(), words)
    }

    fn told(&self, words: &[&str]) -> String {
        told(&self.folder(), words)
    }
}

fn ask(folder: &Path, words: &[&str]) -> Run {
    keyroll(folder, &[&["--now", NOW], words].concat())
}

fn told(folder: &Path, words: &[&str]) -> String {
    let run = ask(folder, words);
    assert_eq!(run.code, 0, "{words:?}: {}", run.err);
    run.out
}

/// The rows of a list as CSV, each by the names of its columns.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

/// One column of a list as CSV.
fn column(text: &str, name: &str) -> Vec<String> {
    rows(text).into_iter().map(|mut row| row.remove(name).unwrap_or_else(|| panic!("no {name} in {row:?}"))).collect()
}

fn ids(text: &str, name: &str) -> BTreeSet<String> {
    column(text, name).into_iter().collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// How many things the program said it could not decide.
fn undecided(said: &str) -> usize {
    let line = said.lines().find(|line| line.starts_with("The condition cannot be told of "));
    let Some(line) = line else { return 0 };
    let number: String = line.chars().filter(char::is_ascii_digit).collect();
    number.parse().unwrap()
}
