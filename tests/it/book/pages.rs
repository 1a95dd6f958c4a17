//! The pages of the book that are made from the program: one for each source, one for each rule, and their places in the contents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use keyroll::config::{Config, DEFAULTS};
use keyroll::model::Kind;
use keyroll::rules::{Rule, RuleSet, builtin, read_frameworks, read_packs};
use keyroll::sources::{Endpoint, SOURCES, SourceKind};

use super::{BOOK, prose};
use crate::docs::{fill, in_cell, in_sentence, right_in_markdown};
use crate::support::expected::expect_file;
use crate::support::project;

const MADE: &str =
    "<!-- Made from the program by `KEYROLL_UPDATE=1 cargo test --test it book::pages`: changes here are lost. -->\n\n";

fn rules() -> RuleSet {
    Config::shipped().rules().unwrap()
}

#[test]
fn every_source_has_its_page() {
    let rules = rules();
    let mut index = "| source | what it is |\n|---|---|\n".to_owned();
    for kind in SOURCES {
        expect_file(&format!("{BOOK}/sources/{}.md", kind.name), &source_page(kind, &rules));
        index.push_str(&format!("| [{0}]({0}.md) | {1} |\n", kind.name, in_cell(kind.summary)));
    }
    let path = format!("{BOOK}/sources/index.md");
    let text = fs::read_to_string(project().join(&path)).unwrap();
    expect_file(&path, &fill(&text, "sources", &index));
    nothing_else_is_in("sources", SOURCES.iter().map(|kind| kind.name));
}

fn source_page(kind: &SourceKind, rules: &RuleSet) -> String {
    let list =
        |lines: &[&str]| lines.iter().map(|line| format!("- {}\n", prose(&in_sentence(line)))).collect::<String>();
    let mut text = format!("# {}\n\n{MADE}{}.\n\n", kind.name, prose(&in_sentence(kind.summary)));
    text.push_str(&format!("## What it sees\n\n{}\n", list(kind.sees)));
    text.push_str(&format!("## What nobody can see through it\n\n{}\n", list(kind.cannot_see)));
    text.push_str("## The rights it takes\n\n| right | without it you do not see |\n|---|---|\n");
    for right in kind.rights {
        text.push_str(&format!("| {} | {} |\n", right_in_markdown(right.right), in_cell(right.why)));
    }
    text.push_str(
        "\nA right that is missing is no error: what it would show is a gap in the coverage ledger, and the rules that lean on it say \
         that they cannot tell.\n\n## What it asks, and what that costs\n\n\
         | endpoint | requests | right | shows | rules that lean on it |\n|---|---|---|---|---|\n",
    );
    for endpoint in kind.endpoints {
        let right = right_in_markdown(&endpoint.right_in_words());
        let leaning = rules.rules().iter().filter(|rule| leans(rule, endpoint)).count().to_string();
        let cells = [endpoint.name, endpoint.cost, &right, &endpoint.shows_in_words(), &leaning].map(in_cell);
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if let Some(example) = in_the_defaults(kind.name) {
        text.push_str(&format!("\n## In `keyroll.yaml`\n\n```yaml\nsources:\n{example}\n```\n"));
    }
    text.push_str("\n## Rules that lean on it\n\n");
    let leaning = rules.rules().iter().filter(|rule| kind.endpoints.iter().any(|endpoint| leans(rule, endpoint)));
    let links: Vec<String> = leaning.map(|rule| format!("[{0}](../rules/{0}.md)", rule.id())).collect();
    text.push_str(&format!("{}.\n", links.join(", ")));
    text
}

fn leans(rule: &Rule, endpoint: &Endpoint) -> bool {
    rule.leans_on_any(endpoint.shows, endpoint.forms)
}

/// The section of a type in the default configuration, without its marks of comment.
fn in_the_defaults(kind: &str) -> Option<String> {
    let sections = DEFAULTS.split("\n\n").filter(|section| section.contains(&format!(" type: {kind}\n")));
    let lines = |section: &str| {
        let first =
            section.lines().position(|line| line.trim_start_matches(['#', ' ']).starts_with("- name: ")).unwrap_or(0);
        let commented = section.lines().nth(first).is_some_and(|line| line.starts_with("  # "));
        let bare = |line: &str| if commented { line.replacen("# ", "", 1) } else { line.to_owned() };
        section.lines().skip(first).map(bare).collect::<Vec<_>>().join("\n")
    };
    sections.map(lines).next()
}

#[test]
fn every_rule_has_its_page() {
    let rules = rules();
    for rule in rules.rules() {
        expect_file(&format!("{BOOK}/rules/{}.md", rule.id()), &rule_page(rule));
    }
    let path = format!("{BOOK}/rules/index.md");
    let text = fs::read_to_string(project().join(&path)).unwrap();
    let text = fill(&text, "rules", &rule_index(&rules));
    expect_file(&path, &fill(&text, "controls", &control_index(&rules)));
    nothing_else_is_in("rules", rules.rules().iter().map(|rule| rule.id().as_str()).chain(["language"]));
}

/// A page of something that is no more would be found by the search, and be wrong.
fn nothing_else_is_in<'a>(folder: &str, names: impl Iterator<Item = &'a str>) {
    let names: BTreeSet<String> = names.chain(["index"]).map(|name| format!("{name}.md")).collect();
    let files = fs::read_dir(project().join(BOOK).join(folder)).unwrap();
    let there: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, names, "what is too much in {folder} is to be removed");
}

fn rule_page(rule: &Rule) -> String {
    let summary = rule.summary();
    let subject = format!("{}{}s", if rule.on_change() { "changes of " } else { "" }, rule.kind().name());
    let packs = read_packs(&builtin::packs()).unwrap();
    let packs: Vec<&str> =
        packs.iter().filter(|pack| !pack.leaves_out(rule.id().as_str())).map(|pack| pack.id.as_str()).collect();
    let controls: Vec<String> = summary.controls.iter().map(|control| format!("`{}`", control.as_str())).collect();
    let packs = if packs.is_empty() { "none".to_owned() } else { packs.join(", ") };
    let mut text = format!("# {}\n\n{MADE}**{}**\n\n", rule.id(), prose(&summary.title));
    text.push_str(&format!(
        "| severity | speaks of | version | packs | controls |\n|---|---|---|---|---|\n| {} | {subject} | {} | {packs} | {} |\n\n",
        summary.severity,
        summary.version,
        controls.join(", ")
    ));
    text.push_str(&format!("## Why it matters\n\n{}\n\n", paragraphs(rule.why())));
    text.push_str(&format!("## What to do\n\n{}\n\n", paragraphs(rule.fix())));
    text.push_str(&format!("## How to check it by hand\n\n{}\n\n", paragraphs(rule.verify())));
    text.push_str(&format!("## How it is judged\n\n```text\n{}```\n\n", written(rule)));
    if !rule.params().is_empty() {
        text.push_str("| parameter | as shipped | what it is |\n|---|---|---|\n");
        for param in rule.params() {
            let name = param.name.value.as_str();
            let value = rule.values().get(name).map_or_else(String::new, ToString::to_string);
            let value =
                in_cell(&value.replace("\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")).replace('`', "'");
            text.push_str(&format!("| `{name}` | `{value}` | {} |\n", in_cell(&param.about)));
        }
        text.push('\n');
    }
    text.push_str("## The facts it depends on\n\nWithout one of these it may have to say *unknown*.\n\n| fact | type | says |\n|---|---|---|\n");
    for (path, field) in rule.needs() {
        let null = if field.nullable { ", may be null" } else { "" };
        text.push_str(&format!("| `{path}` | {}{null} | {} |\n", field.type_name(), in_cell(field.doc)));
    }
    text.push_str("\n| read from | endpoint | right |\n|---|---|---|\n");
    for (kind, endpoint) in SOURCES.iter().flat_map(|kind| kind.endpoints.iter().map(move |endpoint| (kind, endpoint)))
    {
        if leans(rule, endpoint) {
            let right = right_in_markdown(&endpoint.right_in_words());
            let row = [&format!("[{0}](../sources/{0}.md)", kind.name), endpoint.name, &right].map(in_cell);
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
    }
    if !rule.references().is_empty() {
        text.push_str("\n## Read on\n\n");
        rule.references().iter().for_each(|link| text.push_str(&format!("- <{link}>\n")));
    }
    text
}

/// Scope, requirement and what makes it graver, as its file has them.
fn written(rule: &Rule) -> String {
    let mut text = format!(
        "of which     {}\nmust hold    {}\n",
        one_line(rule.scope().unwrap_or("all of them")),
        one_line(rule.require())
    );
    let mut graver = false;
    for line in rule.file().text.lines() {
        graver = line == "severity_when:" || graver && line.starts_with(' ');
        match line.trim().split_once(": ") {
            Some(("- if", condition)) if graver => text.push_str(&format!("graver if    {condition}\n")),
            Some(("then", severity)) if graver => text.push_str(&format!("             then {severity}\n")),
            _ => {}
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text of a rule file: empty lines part its paragraphs, and lists stay lists.
fn paragraphs(text: &str) -> String {
    // A way through menus that goes on in the next line is no quotation.
    let line =
        |line: &str| prose(line.trim_end()).replacen("> ", if line.starts_with("> ") { "\\> " } else { "> " }, 1);
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn rule_index(rules: &RuleSet) -> String {
    let mut text = format!("{} rules.\n", rules.rules().len());
    for (kind, on_change) in Kind::ALL.into_iter().map(|kind| (Some(kind), false)).chain([(None, true)]) {
        let of: Vec<&Rule> = rules.rules().iter().filter(|rule| of_sort(rule, kind, on_change)).collect();
        if of.is_empty() {
            continue;
        }
        let title = kind.map_or_else(|| "changes".to_owned(), |kind| format!("{}s", kind.name()));
        text.push_str(&format!("\n### {}\n\n| rule | severity | says |\n|---|---|---|\n", in_sentence(&title)));
        for rule in of {
            let summary = rule.summary();
            text.push_str(&format!(
                "| [{0}]({0}.md) | {1} | {2} |\n",
                rule.id(),
                summary.severity,
                in_cell(&summary.title)
            ));
        }
    }
    text
}

fn of_sort(rule: &Rule, kind: Option<Kind>, on_change: bool) -> bool {
    rule.on_change() == on_change && kind.is_none_or(|kind| rule.kind() == kind)
}

/// For each framework, its controls with the rules that serve them and what is left to look at by hand.
fn control_index(rules: &RuleSet) -> String {
    let mut serving: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in rules.rules() {
        for control in rule.summary().controls {
            let link = format!("[{0}]({0}.md)", rule.id());
            serving.entry(control.as_str().to_owned()).or_default().push(link);
        }
    }
    let mut text = String::new();
    for framework in read_frameworks(&builtin::frameworks()).unwrap() {
        text.push_str(&format!(
            "### {}\n\n| control | asks, in our words | rules |\n|---|---|---|\n",
            prose(&framework.title)
        ));
        for control in &framework.controls {
            let rules = serving.get(&format!("{}:{}", framework.id, control.id)).map_or_else(
                || format!("by hand: {}", prose(control.by_hand.as_deref().unwrap_or(""))),
                |rules| rules.join(", "),
            );
            text.push_str(&format!(
                "| `{}` | {} | {} |\n",
                control.id,
                in_cell(&prose(&control.title)),
                in_cell(&rules)
            ));
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_contents_have_every_source_and_every_rule() {
    let path = format!("{BOOK}/SUMMARY.md");
    let text = fs::read_to_string(project().join(&path)).unwrap();
    let entry = |folder: &str, name: &str| format!("  - [{name}]({folder}/{name}.md)\n");
    let sources: String = SOURCES.iter().map(|kind| entry("sources", kind.name)).collect();
    let listed = rules();
    let listed: String = listed.rules().iter().map(|rule| entry("rules", rule.id().as_str())).collect();
    let part = |text: &str, name: &str, lines: &str| {
        let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
        let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no place for {name}"));
        format!("{before}{start}{lines}{end}{}", rest.split_once(&end).unwrap().1)
    };
    expect_file(&path, &part(&part(&text, "sources", &sources), "rules", &listed));
}
