//! Which rows, which columns, in which order, in which form.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use keyroll::app::assess;
use keyroll::model::{Kind, Severity, Status};
use keyroll::reports::{ColumnForm, LIST_SCHEMA, List, Listable, csv_set};
use keyroll::simulator::Fault;
use keyroll::store::{Location, Store};
use serde_json::Value;

use super::{Left, ask, column, ids, json, rows, told, undecided};
use crate::support::expected::expect_file;
use crate::support::json_schema::mistakes;
use crate::support::pretended::Estate;

/// What holds, what does not and what cannot be told are all there is: nothing is lost between them.
#[test]
fn a_condition_parts_the_rows_and_loses_none() {
    let left = Left::new();
    let all = left.told(&["inventory", "credentials", "--format", "csv"]);
    let of = |fits: &dyn Fn(&str, bool) -> bool| -> BTreeSet<String> {
        let rows = rows(&all).into_iter().filter(|row| fits(&row["expires_at"], row["observed"] == "yes"));
        rows.map(|row| row["credential_id"].clone()).collect()
    };
    let asked = |more: &[&str]| {
        let words = ["inventory", "credentials", "--where", "credential.expires_at == null", "--format", "csv"];
        left.ask(&[&words, more].concat())
    };
    let holds = asked(&[]);
    assert_eq!(holds.code, 0, "{}", holds.err);
    assert_eq!(ids(&holds.out, "credential_id"), of(&|ends, seen| seen && ends == "none"));
    assert!(!rows(&holds.out).is_empty());
    let unsure = asked(&["--undecided"]);
    let cannot_tell = of(&|ends, seen| !seen || ends == "unknown");
    assert_eq!(ids(&unsure.out, "credential_id"), cannot_tell);
    assert_eq!(undecided(&holds.err), cannot_tell.len());
    assert!(!cannot_tell.is_empty(), "the demo has credentials of which nobody tells the end");
    assert!(
        column(&unsure.out, "undecided_because").iter().all(|why| why.contains("credential.expires_at")),
        "{}",
        unsure.out
    );
    assert!(holds.err.contains("(`--undecided` lists them):\n"), "{}", holds.err);
    assert!(holds.err.contains(" × `credential.expires_at` is not known"), "{}", holds.err);
    assert!(!holds.err.contains("The condition speaks of"), "{}", holds.err);
}

/// Derived fields and neighbours are those of rules: what a rule says and what its own words come to as a question is the same,
/// and so is of how much neither can tell.
#[test]
fn a_question_finds_what_the_rule_of_the_same_words_found() {
    let left = Left::new();
    left.told(&["report", "--format", "csv", "--out", "written"]);
    let read = |file: &str| rows(&std::fs::read_to_string(left.folder().join("written/csv").join(file)).unwrap());
    let (findings, rules) = (read("findings.csv"), read("rules.csv"));
    for (rule, kind, condition) in [
        (
            "token-owner-deactivated",
            "credential",
            "credential.form == \"api-token\" && credential.status != \"blocked\" && (credential.expires_at == null || \
             days_until(credential.expires_at) >= 0) && owner.status in [\"deactivated\", \"closed\", \"for-deletion\"]",
        ),
        (
            "external-account-writes-in-many",
            "principal",
            "principal.account_type == \"person\" && principal.status == \"active\" && principal.managed == false && \
             !(principal.writable_at_least <= 10 && (principal.writable_at_most <= 10 || principal.writable <= 10))",
        ),
        (
            "token-without-expiry",
            "credential",
            "credential.form == \"api-token\" && credential.status == \"active\" && credential.expires_at == null",
        ),
    ] {
        let fails = findings.iter().filter(|row| row["rule_id"] == rule && row["status"] != "resolved");
        let fails: BTreeSet<String> = fails.map(|row| row["resource_id"].clone()).collect();
        let id = format!("{kind}_id");
        let asked = left.ask(&["inventory", kind, "--where", condition, "--format", "csv", "--columns", &id]);
        assert_eq!(asked.code, 0, "{}", asked.err);
        assert_eq!(ids(&asked.out, &id), fails, "{rule}");
        assert!(!fails.is_empty(), "{rule} finds nothing in the demo");
        let tally = rules.iter().find(|row| row["rule_id"] == rule).unwrap();
        assert_eq!(undecided(&asked.err).to_string(), tally["unknown"], "{rule}: {}", asked.err);
    }
}

#[test]
fn findings_are_asked_about_their_resources_and_themselves() {
    let left = Left::new();
    let all = rows(&left.told(&["findings", "--format", "csv"]));
    let open: Vec<_> = all.iter().filter(|row| row["status"] == "open").collect();
    let asked = left.ask(&["findings", "--where", "finding.severity in ['high', 'critical']", "--format", "csv"]);
    assert_eq!(asked.code, 0, "{}", asked.err);
    let grave = open.iter().filter(|row| ["high", "critical"].contains(&row["severity"].as_str())).count();
    assert_eq!(rows(&asked.out).len(), grave);
    assert!(!asked.err.contains("cannot be told") && !asked.err.contains("speaks of"), "{}", asked.err);

    let asked = left.ask(&["findings", "--where", "credential.form == 'api-token'", "--format", "csv"]);
    let about = rows(&asked.out);
    assert!(!about.is_empty() && about.iter().all(|row| row["resource_kind"] == "credential"));
    let others = open.iter().filter(|row| row["resource_kind"] != "credential").count();
    assert!(asked.err.contains("The condition speaks of credentials; "), "{}", asked.err);
    let said: String = asked
        .err
        .lines()
        .find(|line| line.contains("speaks of"))
        .unwrap()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(said.parse::<usize>().unwrap(), others);
    // The table has the same findings, and the other options still pick.
    let table =
        left.told(&["findings", "--where", "credential.form == 'api-token'", "--severity", "high", "--width", "200"]);
    let high = about.iter().filter(|row| ["high", "critical"].contains(&row["severity"].as_str()));
    for row in high {
        assert!(table.contains(row["finding_id"].get(..8).unwrap()), "{} is not in\n{table}", row["finding_id"]);
    }
}

#[test]
fn changes_are_asked_as_rules_on_changes_ask() {
    let left = Left::new();
    let all = left.told(&["drift", "--format", "csv"]);
    let asked = left.ask(&["drift", "--where", "change.what == \"changed\"", "--format", "csv"]);
    assert_eq!(asked.code, 0, "{}", asked.err);
    let changed: Vec<_> = rows(&all).into_iter().filter(|row| row["what"] == "changed").collect();
    assert_eq!(rows(&asked.out), changed);
    assert!(!changed.is_empty(), "{all}");
    // What the condition does not pick is counted, and looking back works for what the store gave.
    let others = ids(&all, "resource_id").len() - ids(&asked.out, "resource_id").len();
    assert!(
        others > 0 && asked.err.contains(&format!("{others} other changes are not shown (`--where`).")),
        "{}",
        asked.err
    );
    let page = left.told(&["drift", "--where", "change.what == \"removed\" && change.what == \"added\""]);
    assert!(page.contains("No such change was seen."), "{page}");
    let words = ["drift", "--where", "principal.status != before.status", "--format"];
    let back = left.told(&[&words[..], &["csv"]].concat());
    let other_status =
        rows(&all).into_iter().filter(|row| row["resource_kind"] == "principal" && row["field"] == "status");
    let other_status: BTreeSet<String> = other_status.map(|row| row["resource_id"].clone()).collect();
    assert_eq!(ids(&back, "resource_id"), other_status);
    assert!(!other_status.is_empty(), "{all}");
    assert_eq!(json(&left.told(&[&words[..], &["json"]].concat()))["keyroll_drift"], 1);
}

/// A night on which nobody was shown the tokens: whatever the condition asks of them is undecided, with the gap as the reason,
/// in lists of tokens and of findings about them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_gap_hides_is_undecided_and_named() {
    let estate = Estate::new().await;
    estate.scan().await;
    let folder = estate.folder.path();
    let words = ["inventory", "credentials", "--format", "csv", "--where", "credential.form == 'api-token'"];
    let before = ids(&told(folder, &words), "credential_id");
    assert!(before.len() > 10);
    let findings = |assessment: &keyroll::model::Assessment| {
        let tokens = assessment
            .findings
            .iter()
            .filter(|one| one.status == Status::Open && before.contains(one.resource.as_str()));
        tokens.map(|one| one.id.as_str().to_owned()).collect::<BTreeSet<_>>()
    };
    estate.simulator.set_fault("api-tokens", Fault::Status(403));
    estate.scan().await;
    let blind = ask(folder, &words);
    assert_eq!(blind.code, 0, "{}", blind.err);
    let still = ids(&blind.out, "credential_id");
    let hidden: BTreeSet<String> = before.difference(&still).cloned().collect();
    assert!(!hidden.is_empty());
    let listed = ask(folder, &[&words[..], &["--undecided"]].concat());
    let unsure = rows(&listed.out);
    let unsure_ids: BTreeSet<String> = unsure.iter().map(|row| row["credential_id"].clone()).collect();
    assert!(hidden.is_subset(&unsure_ids), "what was there before is nowhere");
    assert_eq!(undecided(&blind.err), unsure.len(), "{}", blind.err);
    for row in unsure.iter().filter(|row| hidden.contains(&row["credential_id"])) {
        assert_eq!(row["observed"], "no");
        let why = &row["undecided_because"];
        assert!(why.contains("the scan did not see it") && why.contains("API tokens"), "{why}");
    }
    // As a table too, which otherwise shows only what was seen.
    let table = told(folder, &["inventory", "credentials", "--where", "credential.form == 'api-token'", "--undecided"]);
    assert!(table.contains("the scan did not see it"), "{table}");

    let assessment = estate.assess();
    let of_hidden = findings(&assessment);
    assert!(!of_hidden.is_empty(), "findings outlive a blind night");
    let asked = ask(folder, &["findings", "--where", "credential.form == 'api-token'", "--format", "csv"]);
    let unsure =
        ask(folder, &["findings", "--where", "credential.form == 'api-token'", "--format", "csv", "--undecided"]);
    let unsure = ids(&unsure.out, "finding_id");
    let hidden_findings: BTreeSet<String> = assessment
        .findings
        .iter()
        .filter(|one| one.status == Status::Open && hidden.contains(one.resource.as_str()))
        .map(|one| one.id.as_str().to_owned())
        .collect();
    assert!(!hidden_findings.is_empty() && hidden_findings.is_subset(&unsure), "{}", asked.err);
    assert_eq!(undecided(&asked.err), unsure.len(), "{}", asked.err);
    // What the finding itself says is known all the same.
    let own = ask(folder, &["findings", "--where", "!finding.confirmed", "--format", "csv"]);
    assert!(hidden_findings.is_subset(&ids(&own.out, "finding_id")), "{}", own.err);
    assert_eq!(undecided(&own.err), 0, "{}", own.err);
    // Machines are told as well.
    let document = json(&told(folder, &["findings", "--where", "credential.form == 'api-token'", "--format", "json"]));
    assert_eq!(document["undecided"]["count"], unsure.len());
    assert!(document["undecided"]["because"][0]["reason"].as_str().unwrap().contains("API tokens"), "{document}");
    assert!(document["endpoints_not_read_whole"].as_u64().unwrap() > 0);
}

/// Every mistake is told with its place and what would be right, before anything is read.
#[test]
fn mistakes_in_conditions_are_told_with_their_place() {
    let left = Left::new();
    let mut told = String::new();
    for words in [
        &["inventory", "accounts", "--where", "principal.mfaa == false"][..],
        &["inventory", "accounts", "--where", "principal.mfa == 'no'"],
        &["inventory", "accounts", "--where", "principal.email.matches('(')"],
        &["inventory", "accounts", "--where", "principal.email.endsWith('@acme.example')"],
        &["inventory", "accounts", "--where", "principal.status = 'active'"],
        &["inventory", "accounts", "--where", "principal.account_type == 'persn'"],
        &["inventory", "accounts", "--where", "principal.name"],
        &["inventory", "accounts", "--where", ""],
        &["inventory", "credentials", "--where", "credential.form == 'api-token' &&\n  owner.statsu == 'active'"],
        &["findings", "--where", "credental.expires_at == null"],
        &["findings", "--where", "finding.severity == 'hihg' || finding.rul == 'x'"],
        &["findings", "--where", "credential.expires_at == null && principal.mfa"],
        &["drift", "--where", "change.wat == 'added'"],
    ] {
        let run = left.ask(words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}");
        told.push_str(&format!("$ keyroll {}\n{}\n", words.join(" "), run.err));
    }
    expect_file("tests/snapshots/asking-mistakes.txt", &told);
    let alone = left.ask(&["findings", "--undecided"]);
    assert!(alone.code == 2 && alone.err.contains("--where"), "{}", alone.err);
}

#[test]
fn a_misspelt_column_is_told_with_the_ones_there_are() {
    let left = Left::new();
    for (words, near) in [
        (&["inventory", "accounts", "--columns", "name,stauts"][..], "did you mean `status`?"),
        (&["findings", "--sort", "-sevrity"], "did you mean `severity`?"),
        (&["coverage", "--columns", "endpoint,everything"], "it has source, endpoint, state"),
        (&["drift", "--sort", "what,Field"], "did you mean `field`?"),
        (&["waivers", "--columns", "until,until"], "named twice"),
        (&["findings", "--columns", "undecided_because"], "it has finding_id"),
    ] {
        let run = left.ask(words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}");
        assert!(run.err.contains(near), "{words:?}: {}", run.err);
    }
    let help = left.told(&["inventory", "groups", "--columns", "help"]);
    assert!(help.contains("member_count") && help.contains("Members, as the source counts them"), "{help}");
}

/// Nothing is another than it was for whoever asks nothing of it.
#[test]
fn without_the_options_a_list_is_the_file_of_the_report() {
    let left = Left::new();
    let lists = ["findings", "coverage", "waivers", "drift"].map(|name| (name.to_owned(), vec![name.to_owned()]));
    let kinds = Kind::ALL.map(|kind| {
        let name = if kind == Kind::Person { "people".to_owned() } else { format!("{}s", kind.name()) };
        (name, vec!["inventory".to_owned(), kind.name().to_owned()])
    });
    left.told(&["report", "--format", "csv", "--out", "written"]);
    for (name, words) in lists.into_iter().chain(kinds) {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        if name == "findings" {
            words.push("--all");
        }
        let file = std::fs::read_to_string(left.folder().join(format!("written/csv/{name}.csv"))).unwrap();
        let printed = left.told(&[&words[..], &["--format", "csv"]].concat());
        assert_eq!(printed, file, "{name}");
        // All columns by name are the same again.
        let table = csv_set().iter().find(|table| table.name == name).unwrap();
        let all = table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",");
        assert_eq!(left.told(&[&words[..], &["--format", "csv", "--columns", &all]].concat()), file, "{name}");
    }
}

/// How two cells of a column stand to each other, worked out from the text alone.
fn order(form: ColumnForm, one: &str, other: &str, falling: bool) -> Ordering {
    if rank(one) > 0 || rank(other) > 0 {
        return rank(one).cmp(&rank(other));
    }
    let compared = match form {
        ColumnForm::Number => one.parse::<i64>().unwrap().cmp(&other.parse().unwrap()),
        ColumnForm::Severity => one.parse::<Severity>().unwrap().cmp(&other.parse().unwrap()),
        ColumnForm::Time => one.parse::<chrono::DateTime<chrono::Utc>>().unwrap().cmp(&other.parse().unwrap()),
        _ => {
            let bare = |cell: &str| keyroll::text::unmarked(cell).to_owned();
            let (one, other) = (bare(one), bare(other));
            one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(&other))
        }
    };
    if falling { compared.reverse() } else { compared }
}

/// What has no value comes last: a list without entries, what there is none of, what nobody knows.
fn rank(cell: &str) -> u8 {
    match cell {
        "empty" => 1,
        "none" | "" => 2,
        "unknown" => 3,
        _ => 0,
    }
}

#[test]
fn rows_are_sorted_by_what_the_column_holds_and_stay_in_order_otherwise() {
    let left = Left::new();
    let store = Store::open(Location::File(left.folder().join("keyroll.db"))).unwrap();
    let assessment = assess(&store).unwrap();
    let listed = |table: &str, sort: &[&str]| {
        let listable = Listable::of(table, false, false);
        let view = listable.view(&[], sort).unwrap();
        let mut list = List::new(listable, view);
        list.fill(None, &assessment, &|_| Some("")).unwrap();
        list.sort();
        let mut csv = Vec::new();
        list.csv(&mut csv).unwrap();
        rows(&String::from_utf8(csv).unwrap())
    };
    let mut forms = BTreeSet::new();
    for table in csv_set().iter().filter(|table| table.name != "access_review") {
        let usual: Vec<_> = listed(table.name, &[]).into_iter().enumerate().collect();
        for by in table.columns {
            for falling in [false, true] {
                let sort = format!("{}{}", if falling { "-" } else { "" }, by.name);
                let mut expected = usual.clone();
                expected.sort_by(|(at, one), (other_at, other)| {
                    order(by.form, &one[by.name], &other[by.name], falling).then(at.cmp(other_at))
                });
                let expected: Vec<_> = expected.into_iter().map(|(_, row)| row).collect();
                assert_eq!(listed(table.name, &[&sort]), expected, "{} by {sort}", table.name);
                forms.insert(by.form.name());
            }
        }
    }
    assert_eq!(forms, BTreeSet::from(["number", "time", "day", "word", "text", "list", "yes-no", "id"]));
    // The program sorts as the list does, by several columns too.
    let sorted =
        rows(&left.told(&["findings", "--all", "--format", "csv", "--sort", "-severity,resource_kind,-since"]));
    assert_eq!(sorted, listed("findings", &["-severity", "resource_kind", "-since"]));
}

/// Table, CSV and JSON have the same rows and columns, in the same order.
#[test]
fn all_formats_show_the_same_columns_in_the_same_order() {
    let left = Left::new();
    for (words, columns, sort) in [
        (&["findings"][..], "severity,finding_id,since", "-severity,-since"),
        (&["inventory", "groups"], "name,member_count,jira_access,group_id", "-member_count,name"),
        (&["inventory", "credentials"], "credential_id,expires_at,scopes", "expires_at"),
        (&["coverage"], "state,source,endpoint,rows,rows_expected", "state,-rows"),
        (&["waivers"], "waiver_id,until,too_broad", "until"),
    ] {
        let with = |format: &str| {
            left.told(&[words, &["--columns", columns, "--sort", sort, "--format", format, "--width", "400"]].concat())
        };
        let names: Vec<&str> = columns.split(',').collect();
        let (csv, document, table) = (with("csv"), json(&with("json")), with("table"));
        assert_eq!(csv.lines().next().unwrap(), columns);
        assert_eq!(document["columns"], Value::from(names.clone()));
        let cells = rows(&csv);
        let records = document["rows"].as_array().unwrap();
        assert_eq!(cells.len(), records.len());
        for (cells, record) in cells.iter().zip(records) {
            for name in &names {
                let (cell, value) = (cells[*name].as_str(), record.get(*name));
                match (cell, value) {
                    ("unknown", None) | ("none" | "", Some(Value::Null)) => {}
                    ("empty", Some(Value::Array(list))) => assert!(list.is_empty()),
                    ("yes", Some(Value::Bool(true))) | ("no", Some(Value::Bool(false))) => {}
                    (cell, Some(Value::Number(number))) => assert_eq!(cell, number.to_string()),
                    (cell, Some(Value::String(text))) => assert_eq!(keyroll::text::unmarked(cell), text),
                    (cell, Some(Value::Array(list))) => {
                        let joined = list.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join("; ");
                        assert_eq!(keyroll::text::unmarked(cell), joined);
                    }
                    other => panic!("{name}: {other:?}"),
                }
            }
        }
        let mut lines = table.lines();
        let heading: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        if cells.is_empty() {
            assert_eq!(table, "No such row.\n");
        } else {
            assert_eq!(heading, names, "{table}");
        }
    }
    // What is usually shown can be sorted as well.
    let by_name = left.told(&["inventory", "groups", "--sort", "name"]);
    let names: Vec<String> = column(&left.told(&["inventory", "groups", "--sort", "name", "--format", "csv"]), "name");
    let seen: Vec<usize> =
        names.iter().filter(|name| name.len() < 12).map(|name| by_name.find(&format!("\n{name} ")).unwrap()).collect();
    assert!(seen.len() > 2 && seen.is_sorted(), "{by_name}");
    assert!(by_name.starts_with("NAME "), "{by_name}");
}

#[test]
fn lists_for_machines_are_as_their_schema_says() {
    let left = Left::new();
    let schema = json(LIST_SCHEMA);
    for words in [
        &["findings", "--all"][..],
        &["findings", "--where", "credential.expires_at == null"],
        &["inventory", "accounts"],
        &["inventory", "credentials", "--where", "credential.expires_at == null", "--undecided"],
        &["inventory", "variables"],
        &["inventory", "people"],
        &["coverage"],
        &["waivers"],
        &["drift", "--columns", "what,before,after"],
    ] {
        let text = left.told(&[words, &["--format", "json"]].concat());
        let document = json(&text);
        assert_eq!(mistakes(&schema, &document), Vec::<String>::new(), "{words:?}");
        assert_eq!(text, left.told(&[words, &["--format", "json"]].concat()), "the same bytes twice");
    }
    // An empty list of what nobody looked for says so.
    let people = json(&left.told(&["inventory", "people", "--format", "json"]));
    assert_eq!((&people["no_source_shows_them"], &people["rows"]), (&Value::Bool(true), &Value::Array(Vec::new())));
}
