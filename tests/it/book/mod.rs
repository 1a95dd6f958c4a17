//! The documentation in `docs/`: what can be made from the program is made from it, what is shown is run, and the site that mdBook makes of it
//! has no link that leads nowhere, can be searched, and can be read by everybody.

mod console;
mod pages;
mod site;
mod stories;

use std::fs;
use std::path::Path;

use crate::support::project;

/// Where the pages are.
const BOOK: &str = "docs/src";

/// The pages with commands, each held by a test of its own, so that they are tried side by side.
macro_rules! pages {
    ($($name:ident: $path:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            console::hold($path);
        })+
        /// Every page that shows a command, and nothing else.
        const TRIED: &[&str] = &[$($path),+];
    };
}

pages! {
    the_first_scan: "docs/src/first-scan.md",
    the_concepts: "docs/src/concepts.md",
    writing_rules: "docs/src/writing-rules.md",
    evidence_for_auditors: "docs/src/evidence.md",
    every_day: "docs/src/every-day.md",
    asking_for_lists: "docs/src/asking.md",
    migration: "docs/src/migration.md",
    questions_and_answers: "docs/src/faq.md",
    operations: "docs/src/operations/index.md",
    waivers_and_reviews: "docs/src/decisions.md",
    the_store_on_a_server: "docs/src/operations/store.md",
    many_tenants: "docs/src/operations/fleet.md",
    installing_and_upgrading: "docs/src/operations/install.md",
}

#[test]
fn every_page_that_shows_what_a_command_prints_is_tried() {
    let mut shown: Vec<String> = markdown(BOOK);
    shown.extend(markdown("examples"));
    shown.retain(|page| read(page).lines().any(|line| line.trim() == "```console"));
    shown.sort();
    let mut tried: Vec<String> = TRIED.iter().chain(stories::TRIED).map(|page| (*page).to_owned()).collect();
    tried.sort();
    assert_eq!(shown, tried);
}

/// What is not run is at least a command line of ours.
#[test]
fn every_other_command_is_understood() {
    let mut tried = 0;
    for page in markdown(BOOK).into_iter().chain(markdown("examples")) {
        let text = read(&page);
        let mut blocks = text.split("```");
        blocks.next();
        for block in blocks.step_by(2).filter(|block| block.starts_with("sh\n")) {
            for line in block.lines().map(str::trim).filter(|line| line.starts_with("keyroll ")) {
                let words = crate::docs::shell_words(line.split(" #").next().unwrap());
                assert!(keyroll::cli::understands(&words), "{page}: `{line}` is not understood");
                tried += 1;
            }
        }
    }
    assert!(tried > 10, "only {tried} commands were found");
}

/// The files of Markdown below a folder of the project, as paths within it.
fn markdown(folder: &str) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path.strip_prefix(project()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&project().join(folder), &mut found);
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap()
}

/// Text for people as Markdown: nothing in it is markup but what stands between backticks.
fn prose(text: &str) -> String {
    let escape = |part: &str| {
        part.replace('\\', "\\\\").replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_").replace('[', "\\[")
    };
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { escape(part) } else { part.to_owned() }).collect::<Vec<_>>().join("`")
}
