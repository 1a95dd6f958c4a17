//! The CSV set as others read it: a published description that only grows, a dictionary for people, and real readers: a public
//! validator of data packages, and a spreadsheet.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use keyroll::model::Assessment;
use keyroll::reports::{csv_set, fleet_columns, write_column_list, write_data_package};
use serde_json::Value;

use crate::reports::{hostile_names, renamed};
use crate::support::assessment;
use crate::support::expected::expect_file;
use crate::support::{project, skipped};

const PACKAGE: &str = "reports/schemas/keyroll-csv-v1.datapackage.json";

fn package() -> String {
    let mut bytes = Vec::new();
    write_data_package(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Writes the set into a folder, as `keyroll report` does.
fn write_set(assessment: &Assessment, folder: &Path) {
    for table in csv_set() {
        let mut bytes = Vec::new();
        table.write(assessment, &mut bytes).unwrap();
        fs::write(folder.join(format!("{}.csv", table.name)), bytes).unwrap();
    }
    fs::write(folder.join("datapackage.json"), package()).unwrap();
}

/// Whoever reads the files by the published description must be able to go on: nothing of it moves, goes or changes its form. This
/// holds even where the description is written anew.
#[test]
fn the_published_description_only_grows() {
    let published = fs::read_to_string(project().join(PACKAGE)).unwrap_or_else(|_| "{\"resources\":[]}".to_owned());
    let [published, now]: [Value; 2] = [&published, &package()].map(|text| serde_json::from_str(text).unwrap());
    let tables = |package: &Value| -> BTreeMap<String, Vec<(String, String)>> {
        let columns = |table: &Value| {
            let fields = table["schema"]["fields"].as_array().unwrap().iter();
            let pair = |field: &Value| {
                (field["name"].as_str().unwrap().to_owned(), field["form"].as_str().unwrap().to_owned())
            };
            fields.map(pair).collect()
        };
        let tables = package["resources"].as_array().unwrap().iter();
        tables.map(|table| (table["path"].as_str().unwrap().to_owned(), columns(table))).collect()
    };
    let now = tables(&now);
    for (path, columns) in tables(&published) {
        let found = now.get(&path).unwrap_or_else(|| panic!("{path} is not written any more: that takes a version 2"));
        let kept = found.get(..columns.len()).unwrap_or(found);
        assert_eq!(kept, columns, "a column of {path} moved, went or changed its form: that takes a version 2");
    }
    expect_file(PACKAGE, &package());
}

#[test]
fn the_dictionary_says_what_the_description_says() {
    let mut text = String::from(
        "# The CSV set, column by column\n\nMade from the program; a test keeps it true. Version 1 of the set: tables and columns are \
         only added, columns\nat the end of theirs. For machines the same stands in\n`schemas/keyroll-csv-v1.datapackage.json`, \
         and lies beside the files as `datapackage.json`.\n\n",
    );
    text.push_str(
        "RFC 4180, UTF-8, a header row, rows sorted by their ids. `unknown` means that nobody told, never that there is none; `none`\n\
         that the source says there is none; `empty` is a list without entries; an empty cell does not apply to its row.\n\n\
         **Text that a spreadsheet would take for a formula** begins with an apostrophe, and so does text that begins with one\n\
         already or reads exactly `none`, `unknown` or `empty`. Take one leading apostrophe away to have the text as it is.\n\n\
         Lists have `; ` between their entries; a semicolon within one is written `\\;`, a backslash `\\\\`.\n",
    );
    let set = csv_set().iter().map(|table| (format!("{}.csv", table.name), table.about, table.columns));
    let fleet = "How each tenant of a folder stands. What nobody knows is left empty. `keyroll findings --all-tenants --format csv` is \
                 `findings.csv` with a first column `tenant`";
    for (title, about, columns) in set.chain([("keyroll fleet status --format csv".to_owned(), fleet, fleet_columns())])
    {
        write!(text, "\n## {title}\n\n{about}.\n\n| column | form | what it means |\n|---|---|---|\n").unwrap();
        for column in columns {
            let about = column.about.replace('|', "\\|").replace('*', "\\*");
            writeln!(text, "| `{}` | {} | {about} |", column.name, column.form.name()).unwrap();
        }
    }
    expect_file("reports/csv-dictionary.md", &text);
}

fn assessments() -> Vec<(String, Assessment)> {
    let hostile = hostile_names()
        .into_iter()
        .chain(["=1+1", "@SUM(1)", "\t=1", "1,5", "007", "1E5", "TRUE", "2026-01-02"].map(str::to_owned));
    let hostile = hostile.enumerate().map(|(at, name)| (format!("hostile-{at}"), renamed(assessment::rich(), &name)));
    let plain =
        [("rich", assessment::rich()), ("first", assessment::first()), ("whole", assessment::quiet_and_whole())];
    plain.map(|(name, assessment)| (name.to_owned(), assessment)).into_iter().chain(hostile).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where Python is")]
fn a_public_validator_finds_each_cell_of_its_form() {
    let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
        skipped("KEYROLL_TEST_PYTHON names no Python with frictionless");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, assessment) in assessments() {
        fs::create_dir(folder.path().join(&name)).unwrap();
        write_set(&assessment, &folder.path().join(&name));
    }
    let script = "import sys, pathlib, frictionless\n\
                  for path in sorted(pathlib.Path(sys.argv[1]).glob('*/datapackage.json')):\n    \
                  report = frictionless.Package(str(path)).validate()\n    \
                  rows = sum(task.stats.get('rows', 0) for task in report.tasks)\n    \
                  print(path.parent.name, report.valid, rows, report.flatten(['name', 'rowNumber', 'fieldName', 'message'])[:3])\n";
    let run = Command::new(python).arg("-c").arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(said.lines().count(), assessments().len());
    for line in said.lines() {
        let [_, valid, rows, _] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        assert!(valid == "True" && rows.parse::<usize>().unwrap() > 50, "{line}");
    }
}

/// Opened as a person opens it: every row is there, and no cell is a formula.
#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where the spreadsheet is")]
fn a_spreadsheet_has_the_same_rows_and_no_formula() {
    let Ok(office) = std::env::var("KEYROLL_TEST_OFFICE") else {
        skipped("KEYROLL_TEST_OFFICE names no LibreOffice");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (csv, sheets) = (folder.path().join("csv"), folder.path().join("sheets"));
    fs::create_dir(&csv).unwrap();
    for (name, assessment) in assessments() {
        for table in
            csv_set().iter().filter(|table| ["findings", "credentials", "drift", "waivers"].contains(&table.name))
        {
            let mut bytes = Vec::new();
            table.write(&assessment, &mut bytes).unwrap();
            fs::write(csv.join(format!("{name}-{}.csv", table.name)), bytes).unwrap();
        }
    }
    let mut columns = Vec::new();
    write_column_list(&mut columns).unwrap();
    fs::write(csv.join("columns.csv"), columns).unwrap();
    let files: Vec<_> = fs::read_dir(&csv).unwrap().map(|file| file.unwrap().path()).collect();
    let run = Command::new(office)
        .arg(format!("-env:UserInstallation=file://{}", folder.path().join("profile").display()))
        .args(["--headless", "--convert-to", "fods", "--infilter=Text - txt - csv (StarCalc):44,34,76,1", "--outdir"])
        .arg(&sheets)
        .args(&files)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for file in files {
        let text = fs::read_to_string(sheets.join(file.file_name().unwrap()).with_extension("fods")).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let attribute = |node: &roxmltree::Node<'_, '_>, name: &str| -> Option<String> {
            node.attributes().find(|one| one.name() == name).map(|one| one.value().to_owned())
        };
        let mut rows = 0;
        let named = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
        for row in named("table-row") {
            let filled = row.descendants().any(|node| node.tag_name().name() == "p");
            let times = attribute(&row, "number-rows-repeated").map_or(1, |times| times.parse::<usize>().unwrap());
            rows += if filled { times } else { 0 };
        }
        for cell in named("table-cell") {
            assert_eq!(attribute(&cell, "formula"), None, "a formula in {}", file.display());
        }
        let records = csv::ReaderBuilder::new().has_headers(false).from_path(&file).unwrap().into_records().count();
        assert_eq!(rows, records, "{}", file.display());
    }
}
