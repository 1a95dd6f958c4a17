//! The site as mdBook makes it: every page is in it, every link leads somewhere, the search finds, and a browser and a checker of accessibility
//! have nothing to complain of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;

use super::{BOOK, markdown};
use crate::support::{project, skipped};

/// Builds the site; none if the check has no mdBook.
fn built() -> Option<TempDir> {
    let Some(mdbook) = std::env::var_os("KEYROLL_TEST_MDBOOK") else {
        skipped("KEYROLL_TEST_MDBOOK names no mdbook");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(mdbook)
        .arg("build")
        .arg(project().join("docs"))
        .arg("--dest-dir")
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    Some(folder)
}

/// The pages of the site, by their path.
fn pages(site: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![site.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    found
}

#[test]
fn every_page_is_in_the_site_and_no_link_leads_nowhere() {
    let Some(site) = built() else { return };
    let pages = pages(site.path());
    for page in markdown(BOOK).iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        let within = Path::new(page).strip_prefix(BOOK).unwrap().with_extension("html");
        assert!(pages.contains_key(&site.path().join(&within)), "{page} is not in the contents");
    }
    let (id, link) = (Regex::new(r#" id="([^"]+)""#).unwrap(), Regex::new(r#" (?:href|src)="([^"]*)""#).unwrap());
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> = pages
        .iter()
        .map(|(path, text)| (path, id.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()))
        .collect();
    let (mut wrong, mut followed) = (Vec::new(), 0);
    for (path, text) in pages.iter().filter(|(path, _)| !path.ends_with("404.html")) {
        for link in link.captures_iter(text).map(|found| found.get(1).unwrap().as_str()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { plain(&path.parent().unwrap().join(file)) };
            let there = match ids.get(&target) {
                Some(ids) => anchor.is_empty() || ids.contains(anchor),
                None => anchor.is_empty() && target.is_file(),
            };
            if !there {
                wrong.push(format!("{} links to {link}", path.strip_prefix(site.path()).unwrap().display()));
            }
            followed += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(followed > 1000, "only {followed} links were found");
}

/// A path without the steps upwards in it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == std::path::Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[test]
fn a_browser_finds_a_rule_in_it_and_a_checker_has_nothing_to_complain_of() {
    let Some(tools) = std::env::var_os("KEYROLL_TEST_BROWSER_TOOLS") else {
        skipped("KEYROLL_TEST_BROWSER_TOOLS names no folder with playwright-core and axe-core");
        return;
    };
    let Some(site) = built() else { return };
    let browser = std::env::var_os("KEYROLL_TEST_BROWSER").unwrap_or_else(|| "/usr/bin/chromium".into());
    let pages =
        ["first-scan.html", "sources/jira-cloud.html", "index.html", "rules/token-without-expiry.html", "csv.html"];
    let script = project().join("tests/browser/book.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(tools).arg(browser).arg(site.path()).arg("token-without-expiry").args(pages);
    let run = node.output().unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let told: Value = serde_json::from_slice(&run.stdout).unwrap();
    let none = Value::Array(Vec::new());
    assert_eq!(told["complaints"], none, "something was loaded from elsewhere or went wrong");
    assert_eq!(told["violations"], none);
    assert_eq!(told["wider"], none, "a page is wider than its window");
    let found = told["found"].as_array().unwrap();
    assert!(
        found.iter().any(|link| link.as_str().unwrap().starts_with("rules/token-without-expiry.html")),
        "{found:?}"
    );
    assert_eq!(told["arrived"], "token-without-expiry", "the first hit is the rule's page");
}
