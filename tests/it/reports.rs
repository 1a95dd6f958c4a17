//! What every reader receives. Most of these tests try to make a report look better than what was seen, or to break out
//! of it with a name.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser as _;
use keyroll::cli::Args;
use keyroll::inventory::Inventory;
use keyroll::model::*;
use keyroll::reports::*;
use keyroll::text;
use proptest::prelude::*;

use crate::support::assessment::{self, endpoint};
use crate::support::expected::expect_file;
use crate::support::json_schema;
use crate::support::pretended::Estate;

const PLAIN: Look = Look { width: 80, colour: false };
const COLOURED: Look = Look { width: 80, colour: true };

fn json(assessment: &Assessment) -> String {
    let format = FORMATS.iter().find(|format| format.name == "json").unwrap();
    let mut bytes = Vec::new();
    (format.render)(assessment, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn csv_text(table: &CsvTable, assessment: &Assessment) -> String {
    let mut bytes = Vec::new();
    table.write(assessment, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The rows of a table, each as column name and cell.
fn csv_rows(name: &str, assessment: &Assessment) -> Vec<BTreeMap<String, String>> {
    let table = csv_set().iter().find(|table| table.name == name).unwrap();
    let text = csv_text(table, assessment);
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

fn unmarked(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

fn every_view(assessment: &Assessment, look: Look) -> String {
    let inventory = Inventory::new(&assessment.snapshot);
    let mut views = vec![morning_view(assessment, look)];
    views.push(findings_table(&assessment.findings.iter().collect::<Vec<_>>(), look));
    for kind in Kind::ALL {
        let resources: Vec<&Resource> = inventory.of_kind(kind).collect();
        views.push(inventory_table(kind, &resources, &inventory, look));
    }
    views.push(drift_table(&assessment.changes.iter().collect::<Vec<_>>(), &inventory, look));
    views.push(coverage_table(&assessment.snapshot.ledger, look));
    views.push(rules_table(&assessment.rules.iter().collect::<Vec<_>>(), &assessment.tallies, look));
    views.push(waivers_table(&assessment.waivers.iter().collect::<Vec<_>>(), look));
    views.push(snapshots_table(std::slice::from_ref(&assessment.head), look));
    if let Some(finding) = assessment.findings.first() {
        let why = "A token copied into a script keeps working\nuntil somebody thinks of it.";
        let fix = "As an administrator:\n1. Open the organisation.\n2. Revoke\n   the token.";
        let rule = RuleText { why, fix, verify: "Look at the list of tokens.", references: &[] };
        views.push(finding_detail(
            finding,
            History { steps: &assessment.transitions, acknowledged: None },
            rule,
            None,
            look,
        ));
        let machinery = [Kind::App, Kind::Webhook, Kind::Automation, Kind::Variable];
        let first = machinery.into_iter().filter_map(|kind| inventory.of_kind(kind).next());
        for resource in first.chain(&assessment.snapshot.carried) {
            let (id, name) = (resource.id.clone(), resource.title().to_owned());
            let about = Evidence::of(&id, &inventory);
            let finding = Finding { resource: id.clone(), resource_name: name, ..finding.clone() };
            views.push(finding_detail(
                &finding,
                History { steps: &[], acknowledged: None },
                RuleText::default(),
                about,
                look,
            ));
        }
    }
    views.join("\n")
}

/// The assessment with a name somebody else chose in every place where there can be one.
pub(crate) fn renamed(mut assessment: Assessment, name: &str) -> Assessment {
    let text = || name.to_owned();
    assessment.head.estate = text();
    for finding in &mut assessment.findings {
        finding.message = format!("API token “{name}” never expires");
        finding.resource_name = text();
        finding.title = text();
        finding.owner = Some(text());
        finding.remedy = text();
        finding.resource = ResourceId::new("acme", Kind::Credential, &format!("x{name}"));
    }
    for transition in &mut assessment.transitions {
        transition.note = text();
    }
    for change in &mut assessment.changes {
        change.name = text();
        change.fields.push(FieldChange { field: text(), before: None, after: Some(text().into()) });
        change.reason = change.reason.is_some().then(text);
    }
    for used in &mut assessment.waivers {
        used.waiver.approver = text();
        used.waiver.resource = text();
        used.waiver.reason = text();
        for lapse in used.void_for.iter_mut().chain(&mut used.unchecked) {
            lapse.why = vec![text()];
        }
        for accepted in &mut used.waiver.accepted {
            accepted.facts = vec![text()];
        }
    }
    for rule in &mut assessment.rules {
        rule.title = text();
        rule.remedy = text();
    }
    for tally in assessment.tallies.values_mut() {
        tally.unknown_reasons = BTreeMap::from([(text(), tally.unknown)]);
    }
    let Snapshot { mut resources, mut ledger, .. } = assessment.snapshot;
    for resource in &mut resources {
        resource.name = text();
        match &mut resource.body {
            Body::Credential(credential) => {
                credential.scopes = Fact::Known(vec![text(), text()]);
                credential.status = Fact::Known("active".to_owned());
                credential.fingerprint = Fact::Known(text());
                credential.auth_type = Fact::Known(text());
            }
            Body::App(app) => {
                (app.key, app.vendor) = (Fact::Known(text()), Fact::Known(text()));
                (app.version, app.auth_type) = (Fact::Known(text()), Fact::Known(text()));
            }
            Body::Webhook(webhook) => {
                webhook.address = Fact::Known(text());
                webhook.events = Fact::Known(vec![text(), text()]);
            }
            Body::Automation(automation) => {
                automation.status = Fact::Known(text());
                automation.description = Fact::Known(text());
                automation.limited_to = Fact::Known(vec![text(), text()]);
            }
            Body::Variable(variable) => variable.environment = Fact::Known(text()),
            Body::Container(container) => container.category = Fact::Known(text()),
            Body::Grant(grant) => grant.permits = Fact::Known(vec![text(), text()]),
            Body::Group(group) => group.confluence_access = Fact::Known(vec![text()]),
            Body::Principal(principal) => principal.auth_policy = Fact::Known(text()),
            Body::Setting(setting) => setting.value = Fact::Known(text()),
            Body::Integration(integration) => {
                integration.purpose = Fact::Known(text());
                integration.owner_email = Fact::Known(text());
            }
            Body::Person(person) => person.team = Fact::Known(text()),
        }
    }
    for entry in &mut ledger {
        entry.reason = text();
        entry.right = text();
        entry.declared = entry.declared.is_some().then(text);
        entry.unreadable = vec![text()];
    }
    assessment.snapshot = Snapshot::of_sorted(resources, ledger);
    assessment
}

pub(crate) fn hostile_names() -> Vec<String> {
    [
        "\u{1b}[2J\u{1b}[31mall is well\u{7}",
        "\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}",
        "\u{9b}31mC1",
        "=HYPERLINK(\"https://evil.example\",\"open\")",
        "  +cmd|' /C calc'!A0",
        "＝1+1",
        "-5",
        "'already quoted",
        "unknown",
        "empty",
        "none",
        "invoice\u{202e}fdp.exe\u{202c}",
        "two\r\nlines\tand a tab",
        "日本語のとても長い名前のトークンです日本語のとても長い名前のトークンです日本語のとても長い名前のトークンです",
        "❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}❤\u{fe0f}",
        "semi;colon, \"quoted\", back\\slash",
        "",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("very{}long", "-".repeat(5000))])
    .collect()
}

/// Nothing but our own colours may steer the terminal, and no line is wider than it.
fn assert_tame(view: &str, width: usize) {
    let ours = regex::Regex::new("\u{1b}\\[(0|1|2|1;31|3[1236])m").unwrap();
    for line in view.split('\n') {
        let line = ours.replace_all(line, "");
        let steering = |letter: char| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter);
        assert!(!line.chars().any(steering), "{line:?} can steer a terminal");
        assert!(text::columns(&line) <= width, "{} columns: {line}", text::columns(&line));
        assert!(!line.ends_with(' '), "{line:?} ends with a space");
    }
}

#[test]
fn the_morning_view_is_as_expected() {
    let rich = assessment::rich();
    expect_file("tests/snapshots/morning-80.txt", &morning_view(&rich, PLAIN));
    expect_file("tests/snapshots/morning-80-colour.txt", &morning_view(&rich, COLOURED));
    expect_file("tests/snapshots/morning-200.txt", &morning_view(&rich, Look { width: 200, colour: false }));
    expect_file("tests/snapshots/morning-first-scan.txt", &morning_view(&assessment::first(), PLAIN));
    expect_file("tests/snapshots/morning-quiet-with-gaps.txt", &morning_view(&assessment::quiet_with_gaps(), PLAIN));
    expect_file("tests/snapshots/morning-quiet-and-whole.txt", &morning_view(&assessment::quiet_and_whole(), PLAIN));
    let hostile = renamed(rich, "\u{1b}[31m=1+1\r\n日本語\u{202e}txt");
    expect_file("tests/snapshots/morning-hostile.txt", &morning_view(&hostile, PLAIN));
}

#[test]
fn listings_are_as_expected() {
    expect_file("tests/snapshots/listings-80.txt", &every_view(&assessment::rich(), PLAIN));
    expect_file(
        "tests/snapshots/listings-160.txt",
        &every_view(&assessment::rich(), Look { width: 160, colour: false }),
    );
}

#[test]
fn files_are_as_expected() {
    let rich = assessment::rich();
    for table in csv_set() {
        expect_file(&format!("tests/snapshots/csv/{}.csv", table.name), &csv_text(table, &rich));
    }
    let mut columns = Vec::new();
    write_column_list(&mut columns).unwrap();
    expect_file("tests/snapshots/csv/columns.csv", &String::from_utf8(columns).unwrap());
    expect_file("tests/snapshots/report.json", &json(&rich));
}

#[test]
fn colours_change_nothing_but_colours() {
    let ansi = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let rich = assessment::rich();
    let coloured = every_view(&rich, COLOURED);
    assert!(ansi.is_match(&coloured));
    assert_eq!(ansi.replace_all(&coloured, ""), every_view(&rich, PLAIN));
}

#[test]
fn the_order_of_what_comes_in_does_not_show() {
    let rich = assessment::rich();
    let mut turned = rich.clone();
    turned.findings.reverse();
    turned.transitions.reverse();
    turned.changes.reverse();
    turned.rules.reverse();
    turned.waivers.reverse();
    turned.snapshot.ledger.reverse();
    turned.snapshot.carried.reverse();
    assert_eq!(morning_view(&rich, PLAIN), morning_view(&turned, PLAIN));
    assert_eq!(json(&rich), json(&turned));
    for table in csv_set() {
        assert_eq!(csv_text(table, &rich), csv_text(table, &turned), "{}", table.name);
    }
}

#[test]
fn no_gap_of_any_state_leaves_the_morning_green() {
    let whole = assessment::quiet_and_whole();
    let success = "every endpoint was read whole";
    assert!(morning_view(&whole, Look { width: 200, colour: false }).contains(success));
    let states = [
        EndpointState::Partial,
        EndpointState::Denied,
        EndpointState::NotOffered,
        EndpointState::Failed,
        EndpointState::Skipped,
    ];
    for (at, state) in (0..whole.snapshot.ledger.len()).flat_map(|at| states.map(|state| (at, state))) {
        for declared in [None, Some("we know".to_owned())] {
            let mut gap = whole.clone();
            gap.findings.clear();
            gap.snapshot.ledger[at].state = state;
            gap.snapshot.ledger[at].declared = declared;
            for previous in [gap.previous.clone(), None] {
                gap.previous = previous;
                let view = morning_view(&gap, Look { width: 200, colour: true });
                assert!(!view.contains("\u{1b}[32m") && !view.contains(success), "{view}");
                assert!(view.contains("in what could be seen") && view.contains("COULD NOT SEE"), "{view}");
                assert!(view.contains(gap.snapshot.ledger[at].endpoint.as_ref()), "{view}");
            }
        }
    }
}

#[test]
fn nothing_asked_and_nothing_judged_are_no_success() {
    let mut blind = assessment::quiet_and_whole();
    blind.findings.clear();
    blind.snapshot = Snapshot::of_sorted(Vec::new(), Vec::new());
    let view = morning_view(&blind, COLOURED);
    assert!(view.contains("No endpoint was asked") && !view.contains("\u{1b}[32m"), "{view}");
    assert_eq!(csv_rows("scan", &blind)[0]["complete"], "no");
    assert!(json(&blind).contains("\"endpoints_total\": 0"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&blind)).unwrap()["coverage"]["complete"], false);

    let mut unjudged = assessment::quiet_and_whole();
    unjudged.findings.clear();
    unjudged.tallies.clear();
    let view = morning_view(&unjudged, PLAIN);
    assert!(view.contains("could not judge everything"), "{view}");
    assert!(csv_rows("rules", &unjudged).iter().all(|row| row["judged_whole"] == "no" && row["fail"] == "unknown"));
}

#[test]
fn tables_name_each_gap_and_the_rules_behind_it() {
    let rich = assessment::rich();
    let coverage = csv_rows("coverage", &rich);
    let denied = coverage.iter().find(|row| row["state"] == "denied").unwrap();
    assert_eq!(denied["rules_unknown"], "scheme-open-to-anyone");
    assert_eq!((denied["counts_as_incomplete"].as_str(), denied["rows_expected"].as_str()), ("yes", "unknown"));
    let declared = coverage.iter().find(|row| row["state"] == "not-offered").unwrap();
    assert_eq!(declared["counts_as_incomplete"], "no");
    assert!(declared["declared"].contains("Guard"));
    let rules = csv_rows("rules", &rich);
    let open = rules.iter().find(|row| row["rule_id"] == "scheme-open-to-anyone").unwrap();
    assert_eq!((open["fail"].as_str(), open["judged_whole"].as_str()), ("0", "no"));
    let carried = csv_rows("grants", &rich);
    assert!(carried.iter().any(|row| row["observed"] == "no"), "what is out of sight stays listed");
}

#[test]
fn unknown_none_and_empty_are_three_things() {
    let credentials = csv_rows("credentials", &assessment::rich());
    let of = |name: &str| credentials.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(of("Power BI nightly")["expires_at"], "none");
    assert_eq!(of("zapier")["expires_at"], "unknown");
    assert_eq!(of("siem export")["owner_id"], "none");
    assert_eq!(of("kiplot")["owner_status"], "unknown");
    let principals = csv_rows("principals", &assessment::rich());
    assert!(principals.iter().all(|row| row["platform_roles"] == "empty" && row["mfa"] == "unknown"));
}

#[test]
fn hostile_names_stay_names() {
    for name in hostile_names() {
        let hostile = renamed(assessment::rich(), &name);
        for width in [48, 80, 200] {
            assert_tame(&every_view(&hostile, Look { width, colour: false }), width);
        }
        assert_tame(&every_view(&hostile, COLOURED), 80);
        for row in csv_rows("credentials", &hostile) {
            assert_eq!(unmarked(&row["name"]), text::harmless(&name));
        }
        for table in csv_set() {
            let text = csv_text(table, &hostile);
            for record in csv::Reader::from_reader(text.as_bytes()).records() {
                let formula = |cell: &str| cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
                assert!(!record.unwrap().iter().any(formula), "{} of {name:?}: {text}", table.name);
            }
        }
        let report: serde_json::Value = serde_json::from_str(&json(&hostile)).unwrap();
        assert_eq!(report["scan"]["estate"], name.as_str());
    }
}

#[test]
fn a_wall_of_findings_is_cut_and_counted() {
    let mut wall = assessment::rich();
    let one = wall.findings[1].clone();
    wall.findings = (0..300)
        .map(|n| {
            let resource = ResourceId::new("acme", Kind::Credential, &format!("t-{n:03}"));
            Finding { id: FindingId::of(&one.rule, &resource), resource, ..one.clone() }
        })
        .collect();
    wall.transitions = wall
        .findings
        .iter()
        .map(|finding| Transition {
            finding: finding.id.clone(),
            step: Step::Opened,
            at: assessment::now(),
            severity: finding.severity,
            note: String::new(),
        })
        .collect();
    let view = morning_view(&wall, PLAIN);
    assert!(view.contains("(300)") && view.contains("… and 297 more (keyroll findings)"), "{view}");
    assert_eq!(view.matches("→ Have its owner make").count(), 1, "one remedy is enough for one rule");
    let rows = csv_rows("findings", &wall);
    assert_eq!(rows.len(), 300, "files are never cut");
}

#[test]
fn the_first_scan_of_a_large_estate_is_no_wall_and_points_to_commands_that_exist() {
    let mut first = assessment::first();
    let (finding, gap) = (first.findings[0].clone(), first.snapshot.ledger[0].clone());
    first.findings = (0..4000)
        .map(|n| {
            let (rule, resource) = (RuleId::from(format!("rule-{:02}", n % 40).as_str()), finding.resource.clone());
            Finding { id: FindingId::from(format!("F-{n:016}").as_str()), rule, resource, ..finding.clone() }
        })
        .collect();
    let gaps = (0..60).map(|n| LedgerEntry { endpoint: format!("endpoint {n}").into(), ..gap.clone() }).collect();
    let tokens = (0..500).map(|n| {
        let id = format!("t-{n:03}");
        assessment::token(&id, &id, Fact::Known("ada"), Fact::Known(3), Fact::Known(1))
    });
    first.snapshot = Snapshot::of_sorted(tokens.collect(), gaps);
    let view = morning_view(&first, PLAIN);
    assert!(view.lines().count() < 110, "{} lines:\n{view}", view.lines().count());
    for count in ["4,000 findings", "and 2,400 more", "(500)", "(60)"] {
        assert!(view.contains(count), "what is cut is counted: {view}");
    }
    let hints = regex::Regex::new(r"more \((keyroll [^)]+)\)").unwrap();
    let views = [view, morning_view(&crowded(), PLAIN)].concat();
    let hints: BTreeSet<&str> = hints.captures_iter(&views).map(|hint| hint.get(1).unwrap().as_str()).collect();
    assert_eq!(hints.len(), 6, "{hints:?}");
    for hint in hints {
        assert!(Args::try_parse_from(hint.split(' ')).is_ok(), "`{hint}` is no command");
    }
}

/// The rich assessment with more changes, waivers and resolved findings than a section shows.
fn crowded() -> Assessment {
    fn nine_times<T: Clone>(list: &mut Vec<T>) {
        *list = list.iter().flat_map(|one| std::iter::repeat_n(one.clone(), 9)).collect();
    }
    let mut crowded = assessment::rich();
    nine_times(&mut crowded.changes);
    for (at, change) in crowded.changes.iter_mut().enumerate() {
        let id = format!("{}-{at}", change.resource.native());
        change.resource = ResourceId::new("acme", change.resource.kind(), &id);
        change.reason = None;
    }
    nine_times(&mut crowded.waivers);
    nine_times(&mut crowded.findings);
    crowded
}

#[test]
fn a_scan_within_a_minute_has_one_time_and_one_over_midnight_two_days() {
    let mut scan = assessment::rich();
    let head = |scan: &Assessment| morning_view(scan, PLAIN).lines().next().unwrap().to_owned();
    scan.head.ended_at = scan.head.started_at + chrono::TimeDelta::seconds(59);
    assert_eq!(head(&scan), "keyroll · acme · Sun 22 Nov 2026, 02:00 UTC");
    scan.head.ended_at = scan.head.started_at + chrono::TimeDelta::seconds(60);
    assert_eq!(head(&scan), "keyroll · acme · Sun 22 Nov 2026, 02:00–02:01 UTC");
    scan.head.ended_at = scan.head.started_at + chrono::TimeDelta::days(1);
    assert_eq!(head(&scan), "keyroll · acme · Sun 22 Nov 2026, 02:00–23 Nov 02:00 UTC");
}

#[test]
fn what_came_into_sight_is_counted_and_not_told_as_new() {
    let view = morning_view(&assessment::rich(), PLAIN);
    assert!(view.contains("1 seen for the first time (may be old)"), "{view}");
    assert!(!view.contains("first-seen") && !view.contains("“zapier”"), "{view}");
    let mut sure = assessment::rich();
    sure.changes.retain(|change| change.what == What::Removed);
    let view = morning_view(&sure, PLAIN);
    assert!(view.contains("DRIFT\n  1 removed\n  removed   principal “Old Hand”\n"), "{view}");
}

#[test]
fn the_json_report_keeps_to_its_schema() {
    let schema = serde_json::from_str(JSON_SCHEMA).unwrap();
    for assessment in [assessment::rich(), assessment::first(), assessment::quiet_and_whole()] {
        let report = serde_json::from_str(&json(&assessment)).unwrap();
        assert_eq!(json_schema::mistakes(&schema, &report), Vec::<String>::new());
    }
    let mut wrong: serde_json::Value = serde_json::from_str(&json(&assessment::rich())).unwrap();
    wrong["keyroll_report"] = 2.into();
    wrong["findings"][0]["severity"] = "bad".into();
    wrong["coverage"]["endpoints"][0].as_object_mut().unwrap().remove("state");
    wrong["scan"]["extra"] = 1.into();
    assert_eq!(json_schema::mistakes(&schema, &wrong).len(), 4, "the validator sees mistakes");
}

#[test]
fn every_table_has_described_columns_with_unique_names() {
    for table in csv_set() {
        let mut names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert!(table.columns.iter().all(|column| !column.about.is_empty()), "{}", table.name);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        assert!(csv_text(table, &assessment::rich()).ends_with("\r\n"));
    }
}

#[test]
fn an_end_is_told_with_what_it_breaks() {
    let mut ending = assessment::quiet_and_whole();
    let token = |name, ends, used| assessment::token(name, name, Fact::Known("ada"), Fact::Known(ends), used);
    let mut resources = vec![
        assessment::account("ada", "Ada Muster", "active"),
        token("soon-in-use", 2, Fact::Known(1)),
        token("soon-idle", 3, Fact::Known(90)),
        token("last-day", 30, Fact::Absent),
        token("day-after", 31, Fact::Known(0)),
        token("long-gone", -40, Fact::Known(41)),
    ];
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    ending.snapshot =
        Snapshot::of_sorted(resources, vec![endpoint("acme-org", "user API tokens", &[Kind::Credential])]);
    let view = morning_view(&ending, PLAIN);
    let order: Vec<Option<usize>> =
        ["soon-in-use", "will break something", "soon-idle", "last-day"].map(|part| view.find(part)).to_vec();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{view}");
    assert_eq!(view.matches("will break").count(), 1, "{view}");
    assert!(!view.contains("day-after") && !view.contains("long-gone"), "{view}");

    ending.snapshot.carried = vec![token("hidden-tonight", 5, Fact::Known(1))];
    let view = morning_view(&ending, PLAIN);
    assert!(
        view.contains("hidden-tonight") && view.contains("out of sight in this scan"),
        "unseen is not gone: {view}"
    );
}

#[test]
fn what_was_seen_in_part_is_told_once() {
    let mut partly = assessment::quiet_and_whole();
    let token = |end| assessment::token("t-1", "half seen", Fact::Known("ada"), end, Fact::Known(1));
    for (seen, earlier, told) in [
        (Fact::Known(5), Fact::Known(9), "5 days"),
        (Fact::Unknown, Fact::Known(9), "9 days"),
        (Fact::Unknown, Fact::Unknown, "1 credential does not reveal"),
    ] {
        partly.snapshot = Snapshot::of_sorted(vec![token(seen)], partly.snapshot.ledger.clone());
        partly.snapshot.carried = vec![token(earlier)];
        let view = morning_view(&partly, PLAIN);
        assert!(view.contains(told) && view.matches("“half seen”").count() <= 1, "{view}");
        let rows = csv_rows("credentials", &partly);
        assert_eq!((rows.len(), rows[0]["observed"].as_str()), (1, "yes"));
    }
}

#[test]
fn a_cell_is_empty_only_where_its_column_does_not_apply() {
    let rich = assessment::rich();
    let row = |table: &str, name: &str| csv_rows(table, &rich).into_iter().find(|row| row["name"] == name).unwrap();
    let filter = row("containers", "'=1+1");
    assert_eq!((filter["owner_name"].as_str(), filter["public"].as_str()), ("Lin Doe", ""));
    assert_eq!((filter["seats_used"].as_str(), filter["parent_id"].as_str()), ("", "unknown"));
    let repository = row("containers", "deploy; scripts");
    assert_eq!(repository["only_pushers"], "Ada Muster; jira-admins");
    assert_eq!(row("containers", "Payments")["lead_id"], "unknown", "a project has a lead that nobody told");
    let key = row("credentials", "deploy");
    assert_eq!((key["container_name"].as_str(), key["fingerprint"].as_str()), ("deploy; scripts", "4f2a91"));
    assert_eq!(row("credentials", "jenkins")["fingerprint"], "");
    let variable = row("variables", "'-DPASSWORD=\u{fffd}none");
    assert_eq!((variable["environment"].as_str(), variable["secured"].as_str()), ("", "no"));
    let automation = row("automations", "'unknown");
    assert_eq!((automation["actor_name"].as_str(), automation["actor_status"].as_str()), ("Lin Doe", "deactivated"));
    assert_eq!((automation["author_id"].as_str(), automation["limited_to"].as_str()), ("none", "unknown"));
    assert_eq!(row("webhooks", "Kiplot")["changed_by_name"], "unknown", "an account that nobody saw has no name");
    assert_eq!(row("grants", "Admin for jira-admins")["permits"], "administer space; read space");
    assert_eq!(row("apps", "Sync")["acts_for_ids"], "atlassian/principal/712020:a");
}

#[test]
fn the_columns_name_every_form_there_is() {
    let about = |table: &str, column: &str| {
        let table = csv_set().iter().find(|one| one.name == table).unwrap();
        table.columns.iter().find(|one| one.name == column).unwrap().about
    };
    let forms: [(&str, &str, Vec<&str>); 7] = [
        ("credentials", "form", CredentialForm::ALL.map(CredentialForm::name).to_vec()),
        ("containers", "form", ContainerForm::ALL.map(ContainerForm::name).to_vec()),
        ("grants", "form", GrantForm::ALL.map(GrantForm::name).to_vec()),
        ("grants", "holder", Holder::ALL.map(Holder::name).to_vec()),
        ("apps", "form", AppForm::ALL.map(AppForm::name).to_vec()),
        ("variables", "level", VariableLevel::ALL.map(VariableLevel::name).to_vec()),
        ("findings", "resource_kind", Kind::ALL.map(Kind::name).to_vec()),
    ];
    for (table, column, words) in forms {
        let said: Vec<&str> =
            about(table, column).split(|letter: char| !letter.is_alphabetic() && letter != '-').collect();
        for word in words {
            assert!(said.contains(&word), "{table}.{column} does not name {word}");
        }
    }
    for kind in Kind::ALL {
        let many = if kind == Kind::Person { kind.plural().to_owned() } else { format!("{}s", kind.name()) };
        assert!(csv_set().iter().any(|table| table.name == many), "no table of {}", kind.name());
    }
}

#[test]
fn every_kind_can_be_listed_by_its_name_and_its_plural() {
    for kind in Kind::ALL.map(Kind::name) {
        for word in [kind.to_owned(), format!("{kind}s")] {
            assert!(Args::try_parse_from(["keyroll", "inventory", &word]).is_ok(), "{word}");
        }
    }
    let refused = Args::try_parse_from(["keyroll", "inventory", "secrets"]).unwrap_err().to_string();
    assert!(Kind::ALL.iter().all(|kind| refused.contains(kind.name())), "{refused}");
}

#[test]
fn a_gap_says_what_it_hides_by_the_forms_it_is_about() {
    let hides = |kinds: &[Kind], forms: &[&str]| {
        let mut gap = assessment::quiet_and_whole();
        let entry = &mut gap.snapshot.ledger[0];
        entry.state = EndpointState::Denied;
        entry.shows = kinds.to_vec();
        entry.forms = forms.iter().map(|form| (*form).into()).collect();
        let view = morning_view(&gap, Look { width: 200, colour: false });
        view.split("may hide ").nth(1).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(hides(&[Kind::Grant], &["space-permission"]), "space permissions");
    assert_eq!(hides(&[Kind::Credential], &["org-api-key"]), "organisation keys");
    assert_eq!(hides(&[Kind::Container, Kind::App], &["repository"]), "repositories and apps");
    assert_eq!(hides(&[Kind::Principal], &[]), "accounts");
}

#[test]
fn what_no_source_shows_is_one_entry_and_never_green() {
    let mut alone = assessment::quiet_and_whole();
    alone.findings.clear();
    for (at, tally) in alone.tallies.values_mut().enumerate() {
        let unseen = ["variables", "repositories"].into_iter().take(at + 1).map(Unseen::nowhere).collect();
        *tally = Tally { unseen, ..Tally::default() };
    }
    let view = morning_view(&alone, Look { width: 200, colour: true });
    assert_eq!(view.matches("no configured source shows these").count(), 1, "{view}");
    assert!(view.contains("6 rules speak of repositories and variables"), "{view}");
    assert!(!view.contains("could not judge everything") && !view.contains("rule can judge"), "{view}");
    assert!(!view.contains("\u{1b}[32mNothing"), "{view}");
    let rules = csv_rows("rules", &alone);
    assert!(
        rules.iter().all(|row| row["judged_whole"] == "no" && row["out_of_sight"].starts_with("none: ")),
        "{rules:?}"
    );
}

/// A site of Jira and nothing else: its view is about that, and says once what else there are rules for.
#[tokio::test(flavor = "multi_thread")]
async fn an_estate_of_one_product_is_not_flooded_with_the_others() {
    let estate = Estate::new().await;
    let path = estate.path("keyroll.yaml");
    let whole = std::fs::read_to_string(&path).unwrap();
    let mut sources = whole.split("  - name: ");
    let head = sources.next().unwrap();
    let jira = sources.find(|source| source.starts_with("jira\n")).unwrap();
    std::fs::write(&path, format!("{head}  - name: {jira}")).unwrap();
    estate.scan().await;
    let view = morning_view(&estate.assess(), PLAIN);
    let sight = view.split("COULD NOT SEE").nth(1).unwrap().split("COULD NOT TELL").next().unwrap();
    assert!(sight.lines().count() <= 8, "{view}");
    assert!(view.lines().nth(1).unwrap().contains("credentials unknown"), "{view}");
    assert!(!view.contains("variables unknown") && !view.contains("repositories unknown"), "{view}");
}

#[test]
fn the_requests_of_each_source_are_added_up() {
    let table = coverage_table(&assessment::rich().snapshot.ledger, PLAIN);
    assert!(table.ends_with("\n\nacme-jira: 6 requests, 2 endpoints\nacme-org: 12 requests, 4 endpoints\nacme-ws: 6 requests, 2 endpoints\n"), "{table}");
    assert!(!coverage_table(&[], PLAIN).contains("requests"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_at_any_width_stays_within_the_line(name in "\\PC{0,120}|.{0,60}", width in 48_usize..220, colour: bool) {
        let hostile = renamed(assessment::rich(), &name);
        assert_tame(&every_view(&hostile, Look { width, colour }), width);
    }

    #[test]
    fn any_name_comes_back_from_a_csv_file(name in ".{0,60}") {
        for row in csv_rows("credentials", &renamed(assessment::rich(), &name)) {
            prop_assert_eq!(unmarked(&row["name"]), text::harmless(&name));
        }
    }
}
