//! The documents say what the program does: captures, tables and commands are held against it.

use std::fs;

use keyroll::config::Config;
use keyroll::model::Kind;
use keyroll::reports::csv_set;
use keyroll::rules::fields::{FIELDS, FINDING_FIELDS};
use keyroll::rules::functions::FUNCTIONS;
use keyroll::sources::SOURCES;

use crate::support::demo::demo;
use crate::support::expected::expect_file;
use crate::support::keyroll::{keyroll, keyroll_with};
use crate::support::project;

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap()
}

#[test]
fn the_sample_of_the_morning_view_is_what_the_demo_prints() {
    expect_file("reports/samples/morning-view.txt", &demo().out);
}

/// What the demo's folder answers to two questions, as the README shows the beginning of it.
#[test]
fn the_samples_of_access_and_explain_are_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |words: &[&str]| {
        let at = ["--config", "keyroll-demo/keyroll.yaml", "--now", "2026-11-22T07:30:00Z", "--width", "80"];
        let run = keyroll(folder.path(), &[words, &at].concat());
        assert_eq!(run.code, 0, "{words:?}: {}", run.err);
        run.out
    };
    demo().copy_into(folder.path());
    // First seen and since.
    const NEW: &str = ",2026-11-22T02:00:00Z,2026-11-22T02:00:00Z,";
    let found = ask(&["findings", "--format", "csv"]);
    let line = found.lines().find(|line| line.contains(NEW) && line.contains("the token “zapier” of"));
    let id = line.expect("one came up in the night").split(',').next().expect("a finding has an id");
    expect_file("reports/samples/access.txt", &ask(&["access", "bulk edits"]));
    expect_file("reports/samples/explain.txt", &ask(&["explain", id]));
}

/// One of each report, of the smallest demo: byte for byte what somebody gets who asks for it.
#[test]
fn the_samples_of_reports_are_what_the_demo_gets() {
    let folder = tempfile::tempdir().unwrap();
    let now = ["--now", "2026-11-22T07:30:00Z"];
    let run = |words: &[&str]| {
        let run = keyroll(folder.path(), &[words, &now].concat());
        assert_eq!(run.code, 0, "{words:?}: {}", run.err);
    };
    run(&["demo", "--accounts", "20", "--nights", "2"]);
    let formats = "table,csv,html,json,ndjson,markdown,sarif,junit,ocsf,oscal,ics";
    run(&["--config", "keyroll-demo/keyroll.yaml", "report", "--format", formats, "--out", "samples"]);
    let mut count = 0;
    for part in ["samples", "samples/csv"] {
        let mut files: Vec<_> =
            fs::read_dir(folder.path().join(part)).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            let name = file.strip_prefix(folder.path()).unwrap().to_str().unwrap();
            expect_file(&format!("reports/{name}"), &fs::read_to_string(file).unwrap());
            count += 1;
        }
    }
    assert_eq!(
        count,
        10 + csv_set().len() + 2,
        "a file for each format, each table, and two that say what is in those"
    );
}

#[test]
fn the_commands_that_the_demo_prints_work_as_printed() {
    let folder = tempfile::tempdir().unwrap();
    let out = &demo().out;
    demo().copy_into(folder.path());
    let printed: Vec<&str> = out.lines().filter(|line| line.contains(" --config keyroll-demo/")).collect();
    assert!(printed.len() >= 5, "{out}");
    for line in printed {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("keyroll"), "as somebody has it who installed it");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keyroll"));
        let output = command.args(words).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{line}: {output:?}");
    }
    let again = keyroll(folder.path(), &["demo", "--nights", "2"]);
    assert_eq!(again.code, 0, "a demo starts afresh over its own folder: {}", again.err);
}

#[test]
fn the_readme_shows_that_sample_and_every_source() {
    const LINES: usize = 60;
    let readme = read("README.md");
    let sample = read("reports/samples/morning-view.txt");
    let marker = "<!-- capture: reports/samples/morning-view.txt -->\n```text\n";
    let (before, rest) = readme.split_once(marker).expect("the README has a place for it");
    let (_, after) = rest.split_once("```").unwrap();
    let mut shown: Vec<&str> = sample.trim_end().lines().take(LINES).collect();
    if shown.len() == LINES {
        shown.push("…");
    }
    let readme = format!("{before}{marker}{}\n```{after}", shown.join("\n"));
    expect_file("README.md", &fill(&readme, "sources", &source_table()));
}

/// One row for each kind of source, with the way to its page.
fn source_table() -> String {
    let rows = SOURCES
        .iter()
        .map(|kind| format!("| [`{0}`](docs/src/sources/{0}.md) | {1} |\n", kind.name, in_cell(kind.summary)));
    format!("| source | what it is |\n|---|---|\n{}", rows.collect::<String>())
}

/// Names of scopes are set as code; what stands behind them, and rights that have plain names, is not.
pub(crate) fn right_in_markdown(right: &str) -> String {
    let code = |word: &str| {
        let scope = word.trim_end_matches([';', ',']);
        if scope.contains(':') { word.replacen(scope, &format!("`{scope}`"), 1) } else { word.to_owned() }
    };
    right.split(' ').map(code).collect::<Vec<_>>().join(" ")
}

/// Text that stays within its cell.
pub(crate) fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The text with a capital at its beginning.
pub(crate) fn in_sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[test]
fn no_endpoint_is_without_a_cost_and_a_right() {
    for kind in SOURCES {
        for endpoint in kind.endpoints {
            assert!(!endpoint.cost.is_empty() && !endpoint.right.is_empty(), "{} of {}", endpoint.name, kind.name);
        }
    }
}

#[test]
fn the_rule_index_and_the_field_list_are_what_the_program_knows() {
    let rules = read("rules/README.md");
    let filled = fill(&rules, "fields", &field_list());
    let filled = fill(&filled, "functions", &function_list());
    let filled = fill(&filled, "index", &rule_index());
    expect_file("rules/README.md", &filled);
}

fn field_list() -> String {
    let mut text = String::new();
    let of = |kind: Option<Kind>| FIELDS.iter().filter(move |field| field.of == kind).collect::<Vec<_>>();
    let kinds = Kind::ALL.into_iter().map(|kind| (kind.name(), of(Some(kind))));
    for (name, fields) in kinds.chain([("change", of(None)), ("finding", FINDING_FIELDS.iter().collect())]) {
        text.push_str(&format!("### {name}\n\n"));
        if name == "finding" {
            text.push_str("For `keyroll findings --where` alone: rules know no findings.\n\n");
        }
        text.push_str("| field | type | says |\n|---|---|---|\n");
        for field in fields {
            let nullable = if field.nullable { ", may be null" } else { "" };
            let words = field.words();
            let words = if words.is_empty() { String::new() } else { format!(" One of `{}`.", words.join("`, `")) };
            text.push_str(&format!(
                "| `{name}.{}` | {}{nullable} | {}{words} |\n",
                field.name,
                field.type_name(),
                field.doc
            ));
        }
        text.push('\n');
    }
    text
}

fn function_list() -> String {
    let rows = FUNCTIONS.iter().map(|function| format!("| `{}` | {} |\n", function.usage, function.doc));
    format!("| function | gives |\n|---|---|\n{}", rows.collect::<String>())
}

fn rule_index() -> String {
    let rules = Config::shipped().rules().unwrap();
    let mut text =
        format!("{} rules.\n\n| rule | severity | title | controls |\n|---|---|---|---|\n", rules.rules().len());
    for rule in rules.rules() {
        let summary = rule.summary();
        let controls: Vec<&str> = summary.controls.iter().map(|control| control.as_str()).collect();
        let file = rule.file().name.trim_start_matches("rules/").to_owned();
        let (id, severity, title) = (&summary.id, summary.severity, &summary.title);
        text.push_str(&format!("| [{id}]({file}) | {severity} | {title} | {} |\n", controls.join(", ")));
    }
    text
}

/// The text with something else between `<!-- name -->` and `<!-- end name -->`.
pub(crate) fn fill(text: &str, name: &str, part: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- end {name} -->"));
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("no place for {name}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no end of {name}"));
    format!("{before}{start}\n\n{}\n\n{end}{after}", part.trim())
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut tried = 0;
    for document in ["README.md", "CONTRIBUTING.md", "rules/README.md", "examples/README.md", "benches/README.md"] {
        for line in read(document)
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("keyroll ") && !line.starts_with("keyroll · "))
        {
            let words: Vec<String> = shell_words(line.split(" #").next().unwrap());
            assert!(keyroll::cli::understands(&words), "{document}: `{line}` is not understood");
            tried += 1;
        }
    }
    assert!(tried > 10, "only {tried} commands were found");
}

pub(crate) fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None, None);
    for letter in line.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_with(String::new);
            }
            (Some(sign), letter) if sign == letter => quote = None,
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_with(String::new).push(letter),
        }
    }
    words.extend(word);
    words
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "fuzz/README.md",
        "rules/README.md",
        "src/sources/README.md",
        "examples/README.md",
        "reports/README.md",
    ] {
        let text = read(document);
        let folder = project().join(document);
        let folder = folder.parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") && !link.starts_with('#') {
                let target = folder.join(link.split('#').next().unwrap());
                assert!(target.exists(), "{document} links to {link}, which is not there");
            }
        }
    }
}

/// Every threat names what tries it, and every test or target that is named is there.
#[test]
fn every_threat_is_tried_where_the_security_document_says() {
    let text = read("SECURITY.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| T")).collect();
    assert!(rows.len() > 20, "only {} threats were found", rows.len());
    let mut wrong = Vec::new();
    for (number, row) in (1..).zip(rows) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, .., tried] = cells.as_slice() else { panic!("{row} is no row") };
        assert_eq!(*id, format!("T{number}"), "threats are counted");
        let named: Vec<&str> = tried.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            wrong.push(format!("{id} is tried nowhere"));
        }
        for name in named {
            let (file, function) = name.split_once("::").unwrap_or((name, ""));
            let there = fs::read_to_string(project().join(file));
            let holds = there.is_ok_and(|code| match function {
                "" => file.starts_with("fuzz/fuzz_targets/"),
                _ => code.contains(&format!("fn {function}(")),
            });
            if !holds {
                wrong.push(format!("{id}: there is no `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The examples load, with their rules and waivers, on a day on which the waivers are in force.
#[test]
fn the_examples_are_understood() {
    let variables = [("KEYROLL_ORG_KEY", "k"), ("KEYROLL_JIRA_TOKEN", "t")];
    let copy = tempfile::tempdir().unwrap();
    for file in ["minimal.yaml", "full.yaml", "waivers.yaml", "rules/token-with-forbidden-label.yaml"] {
        let target = copy.path().join(file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, read(&format!("examples/{file}"))).unwrap();
    }
    for (file, proxy) in
        [("minimal.yaml", "https://acme.atlassian.net"), ("full.yaml", "http://proxy.acme.example:3128")]
    {
        let path = copy.path().join(file);
        let text = fs::read_to_string(&path).unwrap().replace(proxy, "http://127.0.0.1:9");
        fs::write(&path, text.replace("timeout_seconds: 60", "timeout_seconds: 1")).unwrap();
    }
    let tested =
        keyroll_with(copy.path(), &["--config", "full.yaml", "rules", "test", "token-with-forbidden-label"], &[]);
    assert_eq!(tested.code, 0, "{}{}", tested.out, tested.err);
    for file in ["minimal.yaml", "full.yaml"] {
        let run = keyroll_with(copy.path(), &["--config", file, "--now", "2026-11-22T02:00:00Z", "scan"], &variables);
        assert_eq!(run.code, 1, "nobody listens there, and nothing is wrong with {file}: {}", run.err);
        assert!(run.err.contains("nothing could be collected"), "{}", run.err);
    }
}

/// The tenants of the example inherit, and nobody has scanned them yet.
#[test]
fn the_example_of_a_fleet_is_understood() {
    let folder = project().join("examples");
    let run = keyroll_with(&folder, &["--config", "fleet", "fleet", "status"], &[]);
    assert_eq!(run.code, 20, "{}", run.err);
    assert!(run.out.contains("2 tenants: 2 never scanned"), "{}", run.out);
    let fleet = keyroll::config::Fleet::load(&folder.join("fleet")).unwrap();
    for tenant in fleet.tenants {
        let config = tenant.config.unwrap();
        assert_eq!(config.schedules().len(), 1, "{}", tenant.name);
        let store = folder.join(format!("fleet/stores/{}.db", tenant.name));
        assert_eq!(config.store, keyroll::store::Location::File(store));
    }
}

/// The example of a mixed estate is built as a scan would build it: sources with their keys, register, roster, exports,
/// waivers. Nobody listens at its addresses; what is on this machine is read.
#[test]
fn the_example_of_a_mixed_estate_is_understood() {
    let copy = tempfile::tempdir().unwrap();
    let from = project().join("examples/mixed-estate");
    fs::create_dir_all(copy.path().join("exports")).unwrap();
    for folder in ["", "exports"] {
        for file in fs::read_dir(from.join(folder)).unwrap().map(|entry| entry.unwrap().path()) {
            if file.is_file() {
                fs::copy(&file, copy.path().join(folder).join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    let path = copy.path().join("keyroll.yaml");
    let mut text = String::new();
    for line in fs::read_to_string(&path).unwrap().lines().filter(|line| !line.contains("ca_file")) {
        match line.split_once("base_url: https://") {
            Some((indent, rest)) => {
                let context = rest.split_once('/').map_or("", |(_, context)| context);
                text.push_str(&format!("{indent}base_url: http://127.0.0.1:9/{context}\n{indent}timeout_seconds: 1\n"));
            }
            None if line.contains("type: atlassian-org") || line.contains("type: bitbucket-cloud") => {
                text.push_str(&format!("{line}\n    base_url: http://127.0.0.1:9\n    timeout_seconds: 1\n"));
            }
            None => text.push_str(&format!("{line}\n")),
        }
    }
    fs::write(&path, text).unwrap();
    let variables = ["ORG_KEY", "JIRA_TOKEN", "BITBUCKET_TOKEN", "JIRA_DC_TOKEN", "CONFLUENCE_DC_TOKEN"]
        .into_iter()
        .chain(["BITBUCKET_DC_TOKEN", "ALIGN_TOKEN"])
        .map(|name| format!("KEYROLL_{name}"))
        .collect::<Vec<_>>();
    let variables: Vec<(&str, &str)> = variables.iter().map(|name| (name.as_str(), "secret")).collect();
    let run = keyroll_with(copy.path(), &["--now", "2026-11-25T02:00:00Z", "scan"], &variables);
    assert_eq!(run.code, 20, "what nobody answers is a gap, and nothing is wrong with the files: {}", run.err);
    let listed = keyroll(copy.path(), &["inventory", "integration"]);
    assert!(listed.out.contains("kiplot_integration"), "{}{}", listed.out, listed.err);
    let people = keyroll(copy.path(), &["inventory", "person"]);
    assert!(people.out.contains("Bob Beispiel"), "{}{}", people.out, people.err);
}

/// The example that runs by itself has no mistakes, and neither has what the default configuration shows in comments.
#[test]
fn the_examples_for_unattended_nights_are_understood() {
    let config = Config::load(&project().join("examples/unattended/keyroll.yaml")).unwrap();
    assert_eq!((config.schedules().len(), config.routing().channels.len(), config.routing().routes.len()), (1, 3, 3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.yaml");
    // A comment that looks like YAML is an example: without its sign it must be read.
    let shown = keyroll::config::DEFAULTS.split("# When `keyroll daemon` scans.").nth(1).unwrap();
    let example: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            line.starts_with(' ')
                || line.split_once(':').is_some_and(|(key, _)| key.chars().all(|letter| letter.is_ascii_lowercase()))
        })
        .collect();
    let base = keyroll::config::DEFAULTS.split("# Connection settings").next().unwrap();
    fs::write(&path, format!("{base}\n{}\n", example.join("\n"))).unwrap();
    let config = Config::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.routing().channels.len(), keyroll::alerts::CHANNELS.len(), "every sort of channel is shown");
}

/// What is written for others to read is at least what it claims to be in form.
#[test]
fn the_files_for_kubernetes_and_monitoring_can_be_read() {
    use keyroll::document::parse;
    use keyroll::problem::SourceText;
    for file in [
        "examples/unattended/kubernetes-deployment.yaml",
        "examples/unattended/kubernetes-cronjob.yaml",
        "examples/monitoring/alert-rules.yaml",
        "examples/pipelines/github-actions.yml",
        "examples/pipelines/bitbucket-pipelines.yml",
    ] {
        parse(&SourceText::new(file, &read(file))).unwrap_or_else(|problems| panic!("{problems}"));
    }
    let several = read("examples/unattended/kubernetes-fleet.yaml");
    let several: Vec<&str> = several.split("\n---\n").collect();
    let mut called = 0;
    for (number, part) in (1..).zip(&several) {
        let name = format!("kubernetes-fleet.yaml, part {number}");
        parse(&SourceText::new(&name, part)).unwrap_or_else(|problems| panic!("{problems}"));
        if let Some((_, command)) = part.split_once("          command: [") {
            let (words, _) = command.split_once("]\n").unwrap();
            let words: Vec<String> = words.split(", ").map(|word| word.trim_matches('"').to_owned()).collect();
            assert!(keyroll::cli::understands(&words), "{words:?}");
            called += 1;
        }
    }
    assert_eq!((several.len(), called), (5, 3));
    for file in ["examples/pipelines/github-actions.yml", "examples/pipelines/bitbucket-pipelines.yml"] {
        let text = read(file);
        let called = text.lines().find(|line| line.trim().starts_with("keyroll --config")).expect("it scans");
        let words = shell_words(called.trim().split(" ||").next().unwrap());
        assert!(keyroll::cli::understands(&words), "{called}");
    }
    let board: serde_json::Value = serde_json::from_str(&read("examples/monitoring/grafana-dashboard.json")).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 8);
    for file in ["examples/unattended/crontab", "examples/fleet/crontab"] {
        let text = read(file);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(!lines.is_empty(), "{file}");
        for line in lines {
            let (time, command) = line.split_at(line.find('/').unwrap());
            assert!(time.trim().parse::<keyroll::timetable::Crontab>().is_ok());
            let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert!(keyroll::cli::understands(&words), "{command}");
        }
    }
}

#[test]
fn the_default_configuration_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(keyroll(folder.path(), &["init", "--example"]).code, 0);
    let run = keyroll(folder.path(), &["findings"]);
    assert!(run.err.contains("no scan"), "{}", run.err);
    assert_eq!(run.code, 1);
    let again = keyroll(folder.path(), &["init", "--example"]);
    assert_eq!(again.code, 1, "an existing file is not overwritten");
}
