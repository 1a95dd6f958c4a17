//! Reports for pipelines, tickets and streams: whole, honest about what was not seen, and safe whatever people call things.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use keyroll::model::{Assessment, PostureState, ReviewedAccess, Status};
use keyroll::reports::{FORMATS, JSON_SCHEMA, csv_set};
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::{Value, json};

use crate::reports::{hostile_names, renamed};
use crate::support::assessment;
use crate::support::expected::expect_file;
use crate::support::json_schema::mistakes;

fn rendered(name: &str, assessment: &Assessment) -> String {
    let format = FORMATS.iter().find(|format| format.name == name).unwrap();
    let mut bytes = Vec::new();
    (format.render)(assessment, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn sarif(assessment: &Assessment) -> Value {
    serde_json::from_str(&rendered("sarif", assessment)).unwrap()
}

fn lines(assessment: &Assessment) -> Vec<Value> {
    rendered("ndjson", assessment).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn formats_are_as_expected() {
    for format in FORMATS.iter().filter(|format| format.name != "json") {
        let path = format!("tests/snapshots/report.{}", format.extension);
        expect_file(&path, &rendered(format.name, &assessment::rich()));
    }
}

#[test]
fn every_line_is_a_record_of_the_report() {
    let rich = assessment::rich();
    let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
    let whole: Value = serde_json::from_str(&rendered("json", &rich)).unwrap();
    let lines = lines(&rich);
    for (kind, list) in
        [("finding", "findings"), ("rule", "rules"), ("transition", "transitions"), ("change", "changes")]
    {
        let records: Vec<&Value> =
            lines.iter().filter(|line| line["type"] == kind).map(|line| &line["record"]).collect();
        assert_eq!(records, whole[list].as_array().unwrap().iter().collect::<Vec<_>>(), "{kind}");
        let shape = json!({ "$ref": format!("#/$defs/{kind}"), "$defs": schema["$defs"] });
        for record in records {
            assert_eq!(mistakes(&shape, record), Vec::<String>::new());
        }
    }
    let endpoints = lines.iter().filter(|line| line["type"] == "endpoint").count();
    assert_eq!(endpoints, rich.snapshot.ledger.len());
    assert!(lines.iter().all(|line| line["keyroll_record"] == 1 && line["snapshot"] == "s12"));
}

#[test]
fn a_log_tells_each_finding_once_and_what_nobody_could_tell() {
    let rich = assessment::rich();
    let log = sarif(&rich);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let of = |kind: &str| results.iter().filter(|result| result["kind"] == kind).collect::<Vec<_>>();
    let standing = rich.findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_))).count();
    let over = of("fail").iter().filter(|result| result["baselineState"] == "absent").count();
    assert_eq!(of("fail").len(), standing + over);
    assert!(over > 0, "something was resolved that night");
    for finding in rich.findings.iter().filter(|finding| matches!(finding.status, Status::Waived(_))) {
        let print = |result: &&&Value| result["partialFingerprints"]["keyrollFinding/v1"] == finding.id.as_str();
        let fail = of("fail");
        let result = fail.iter().find(print).unwrap();
        assert!(result["suppressions"][0]["justification"].as_str().unwrap().contains("approved by"), "{result}");
    }
    let unsure = rich.rules.iter().filter(|rule| !rich.tallies.get(&rule.id).is_some_and(|tally| tally.is_whole()));
    assert_eq!(of("open").len(), unsure.count());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results.iter().filter(|result| !result["ruleIndex"].is_null()) {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
    }
}

#[test]
fn no_format_is_green_while_something_was_not_seen() {
    let (blind, whole) = (assessment::quiet_with_gaps(), assessment::quiet_and_whole());
    let run = |assessment: &Assessment| sarif(assessment)["runs"][0].clone();
    let told = |run: &Value| run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().len();
    assert!(told(&run(&blind)) > 0);
    let unsure =
        |run: &Value| run["results"].as_array().unwrap().iter().filter(|result| result["kind"] == "open").count();
    assert!(unsure(&run(&blind)) > 0);
    assert_eq!((told(&run(&whole)), unsure(&run(&whole))), (0, 0));

    let suites = |assessment: &Assessment| -> (usize, usize) {
        let text = rendered("junit", assessment);
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        let count = |name: &str| root.attribute(name).unwrap().parse::<usize>().unwrap();
        let elements = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
        assert_eq!(count("errors"), elements("error"));
        assert_eq!(count("failures"), elements("failure"));
        assert_eq!(count("tests"), elements("testcase"));
        (count("errors"), count("failures"))
    };
    assert!(suites(&blind).0 > 0);
    assert_eq!(suites(&whole).0, 0);
    assert!(suites(&assessment::rich()).1 > 0);

    assert!(rendered("markdown", &blind).contains("**There may be more: "));
    assert!(rendered("markdown", &whole).contains("Every endpoint was read whole"));
    assert!(lines(&blind).iter().any(|line| line["type"] == "endpoint" && line["record"]["gap"] == true));
}

#[test]
fn hostile_names_stay_text_in_every_format() {
    let shape = |text: &str| -> Vec<String> {
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
        let tags = parser.filter_map(|event| match event {
            Event::Start(tag) => Some(match tag {
                Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock | Tag::CodeBlock(_) | Tag::Emphasis => {
                    panic!("{tag:?} in {text}")
                }
                Tag::Strong | Tag::Paragraph | Tag::Heading { .. } => "text".to_owned(),
                other => format!("{other:?}").split(['(', ' ']).next().unwrap().to_owned(),
            }),
            Event::Html(html) | Event::InlineHtml(html) => panic!("{html} in {text}"),
            _ => None,
        });
        tags.collect()
    };
    let tame = shape(&rendered("markdown", &renamed(assessment::rich(), "tame")));
    let more = [
        "</script><script>alert(1)</script>",
        "]]>",
        "a|b|c",
        "[x](javascript:alert(1))",
        "`code` *b* _i_ ~~s~~",
        "@team #1 :tada:",
    ];
    for name in hostile_names().into_iter().chain(more.map(str::to_owned)) {
        let hostile = renamed(assessment::rich(), &name);
        assert_eq!(shape(&rendered("markdown", &hostile)), tame, "{name:?}");
        let text = rendered("junit", &hostile);
        let document = roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let known = ["testsuites", "testsuite", "testcase", "failure", "error", "skipped"];
        let elements = document.descendants().filter(roxmltree::Node::is_element);
        assert!(elements.map(|node| node.tag_name().name().to_owned()).all(|tag| known.contains(&tag.as_str())));
        let log = sarif(&hostile);
        assert_eq!(log["runs"][0]["properties"]["estate"], name.as_str());
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let Some(address) = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str() else {
                continue;
            };
            assert!(address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/%.-_~".contains(&byte)), "{address}");
            assert!(!address.split('/').any(|part| part == ".."), "{address}");
        }
        assert_eq!(lines(&hostile)[0]["record"]["scan"]["estate"], name.as_str());
    }
}

#[test]
fn a_rule_of_which_all_is_waived_is_not_green() {
    let mut all_waived = assessment::quiet_and_whole();
    for finding in &mut all_waived.findings {
        finding.status = Status::Waived("W-1".into());
    }
    let text = rendered("junit", &all_waived);
    let document = roxmltree::Document::parse(&text).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let skipped = cases.filter(|case| case.children().any(|child| child.has_tag_name("skipped")));
    let skipped: Vec<&str> = skipped.filter_map(|case| case.attribute("classname")?.strip_prefix("rules.")).collect();
    let found: BTreeSet<&str> = all_waived.findings.iter().map(|finding| finding.rule.as_str()).collect();
    let judged: BTreeSet<&str> = all_waived.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(skipped, (&found & &judged).into_iter().collect::<Vec<_>>(), "{text}");
    assert!(!skipped.is_empty() && text.contains("waived"), "{text}");
}

/// Reviews that nobody read are not the same as none: a list without rows is written only when it is known to be empty.
#[test]
fn reviews_that_were_not_read_are_no_empty_list() {
    let table = csv_set().iter().find(|table| table.name == "access_review").unwrap();
    let write = |reviewed: Option<Vec<ReviewedAccess>>| {
        let mut bytes = Vec::new();
        let result = table.write(&Assessment { reviewed, ..assessment::rich() }, &mut bytes);
        (result.map_err(|error| error.to_string()), String::from_utf8(bytes).unwrap())
    };
    let (refused, written) = write(None);
    assert_eq!(
        (refused.unwrap_err().as_str(), written.as_str()),
        ("cannot write the report: the access reviews were not read from the store", "")
    );
    let (fine, written) = write(Some(Vec::new()));
    assert_eq!((fine, written.lines().count()), (Ok(()), 1));
}

fn events(assessment: &Assessment) -> Vec<Value> {
    rendered("ocsf", assessment).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_for_each_finding_rule_and_gap_and_none_passes_unseen() {
    let rich = assessment::rich();
    let events = events(&rich);
    let of = |sort: &str| events.iter().filter(|event| event["finding_info"]["types"][0] == sort).collect::<Vec<_>>();
    let standing = rich.findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_))).count();
    let closed = of("finding").iter().filter(|event| event["status_id"] == 4).count();
    assert_eq!(of("finding").len(), standing + closed);
    assert!(closed > 0);
    assert_eq!(of("rule").len(), rich.rules.len());
    assert_eq!(of("scan").len(), 1);
    let scan = |assessment: &Assessment| self::events(assessment)[0]["compliance"]["status"].clone();
    let mut nothing_found = assessment::quiet_with_gaps();
    nothing_found.findings.clear();
    assert_eq!((scan(&rich), scan(&nothing_found)), ("Fail".into(), "Unknown".into()));
    let mut clean = assessment::quiet_and_whole();
    clean.findings.clear();
    assert_eq!(scan(&clean), "Pass");
    clean.snapshot.ledger.clear();
    assert_eq!(scan(&clean), "Unknown", "where no endpoint was asked nothing was seen");
    assert_eq!(of("coverage").len(), rich.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count());
    for event in of("rule").iter().filter(|event| event["compliance"]["status"] == "Pass") {
        let rule = event["finding_info"]["analytic"]["uid"].as_str().unwrap();
        let tally = rich.tallies.get(&rule.into()).unwrap();
        assert!(tally.is_whole() && tally.fail == 0, "{event}");
    }
    let uids: BTreeSet<&str> = events.iter().map(|event| event["metadata"]["uid"].as_str().unwrap()).collect();
    assert_eq!(uids.len(), events.len(), "each event has an id of its own");
    let green = |assessment: &Assessment| {
        let events = self::events(assessment);
        events.iter().filter(|event| event["compliance"]["status"] == "Unknown").count() == 0
    };
    assert!(!green(&assessment::quiet_with_gaps()) && green(&assessment::quiet_and_whole()));
}

#[test]
fn a_control_is_satisfied_only_where_all_was_judged_and_met() {
    let rich = assessment::rich();
    let document: Value = serde_json::from_str(&rendered("oscal", &rich)).unwrap();
    let results = document["assessment-results"]["results"].as_array().unwrap();
    assert_eq!(results.len(), rich.postures.len());
    for (result, posture) in results.iter().zip(&rich.postures) {
        let findings = result["findings"].as_array().unwrap();
        assert_eq!(findings.len(), posture.controls.len());
        for (finding, control) in findings.iter().zip(&posture.controls) {
            let satisfied = finding["target"]["status"]["state"] == "satisfied";
            assert_eq!(satisfied, control.state == PostureState::Met, "{finding}");
            let observed: BTreeSet<&str> = result["observations"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|observation| observation["uuid"].as_str().unwrap())
                .collect();
            for related in finding["related-observations"].as_array().into_iter().flatten() {
                assert!(observed.contains(related["observation-uuid"].as_str().unwrap()), "{finding}");
            }
        }
        let gaps = result["observations"].as_array().into_iter().flatten();
        let gaps = gaps.filter(|observation| observation["types"][0] == "coverage-gap").count();
        assert_eq!(
            gaps,
            rich.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count(),
            "each result tells the gaps"
        );
    }
}

/// Public models of the schemas take what is written, whatever an estate calls its things.
#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where Python is")]
fn public_models_accept_events_and_results() {
    let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
        crate::support::skipped("KEYROLL_TEST_PYTHON names no Python with py-ocsf-models and compliance-trestle");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (mut count, mut all) = (0, String::new());
    let hostile = hostile_names().into_iter().map(|name| renamed(assessment::rich(), &name));
    let plain = [assessment::rich(), assessment::first(), assessment::quiet_and_whole()];
    for (at, assessment) in plain.into_iter().chain(hostile).enumerate() {
        all.push_str(&rendered("ocsf", &assessment));
        fs::write(folder.path().join(format!("{at:02}.json")), rendered("oscal", &assessment)).unwrap();
        count = at + 1;
    }
    fs::write(folder.path().join("events.ndjson"), &all).unwrap();
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/alerts/ocsf_check.py");
    let events = fs::File::open(folder.path().join("events.ndjson")).unwrap();
    let run = Command::new(&python).arg(check).stdin(events).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), all.lines().count().to_string());
    let script = "import pathlib, sys\n\
                  from trestle.oscal.assessment_results import AssessmentResults\n\
                  paths = sorted(pathlib.Path(sys.argv[1]).glob('*.json'))\n\
                  print(sum(AssessmentResults.oscal_read(path) is not None for path in paths))\n";
    let run = Command::new(python).arg("-c").arg(script).arg(folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), count.to_string());
}

/// A public reader of JUnit files counts as the file itself does.
#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where Python is")]
fn a_public_reader_of_junit_counts_the_same() {
    let Ok(python) = std::env::var("KEYROLL_TEST_PYTHON") else {
        crate::support::skipped("KEYROLL_TEST_PYTHON names no Python with junitparser");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.junit.xml");
    for assessment in [assessment::rich(), assessment::quiet_with_gaps(), renamed(assessment::rich(), "<&\u{202e}]]>")]
    {
        let text = rendered("junit", &assessment);
        fs::write(&path, &text).unwrap();
        let script = "import sys\nfrom junitparser import JUnitXml\nsuites = JUnitXml.fromfile(sys.argv[1])\n\
                      cases = [case for suite in suites for case in suite]\n\
                      kinds = [[type(one).__name__ for one in case.result] for case in cases]\n\
                      print(len(cases), sum('Failure' in one for one in kinds), sum('Error' in one for one in kinds))\n";
        let run = Command::new(&python).arg("-c").arg(script).arg(&path).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let document = roxmltree::Document::parse(&text).unwrap();
        let of = |name: &str| document.root_element().attribute(name).unwrap().to_owned();
        let expected = [of("tests"), of("failures"), of("errors")].join(" ");
        assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), expected);
    }
}

/// The schema by which Jenkins' plugin takes files accepts ours.
#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where Python and the schema are")]
fn the_schema_of_junit_files_accepts_ours() {
    let (Ok(python), Ok(schema)) = (std::env::var("KEYROLL_TEST_PYTHON"), std::env::var("KEYROLL_TEST_JUNIT_SCHEMA"))
    else {
        crate::support::skipped(
            "KEYROLL_TEST_PYTHON or KEYROLL_TEST_JUNIT_SCHEMA names no Python with xmlschema, or no schema",
        );
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.junit.xml");
    let script = "import sys, xmlschema\nschema = xmlschema.XMLSchema(sys.argv[1])\n\
                  print(*[str(error)[:300] for error in schema.iter_errors(sys.argv[2])])\n";
    let complaints = |text: &str| {
        fs::write(&path, text).unwrap();
        let run = Command::new(&python).arg("-c").arg(script).arg(&schema).arg(&path).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).trim().to_owned()
    };
    for assessment in [
        assessment::rich(),
        assessment::quiet_with_gaps(),
        assessment::first(),
        renamed(assessment::rich(), "<&\u{202e}]]>"),
    ] {
        assert_eq!(complaints(&rendered("junit", &assessment)), "");
    }
    let wrong = rendered("junit", &assessment::rich()).replace("<failure", "<broken").replace("</failure", "</broken");
    assert_ne!(complaints(&wrong), "", "the schema can tell");
}

/// The validator of SARIF's own makers has nothing to complain of.
#[test]
#[expect(clippy::disallowed_methods, reason = "the check says where the validator is")]
fn a_public_validator_accepts_the_log() {
    let Ok(tool) = std::env::var("KEYROLL_TEST_SARIF") else {
        crate::support::skipped("KEYROLL_TEST_SARIF names no sarif-multitool");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, assessment) in [
        ("rich", assessment::rich()),
        ("first", assessment::first()),
        ("hostile", renamed(assessment::rich(), "<&\u{202e}\"'")),
    ] {
        let (log, verdict) =
            (folder.path().join(format!("{name}.sarif")), folder.path().join(format!("{name}.verdict")));
        fs::write(&log, rendered("sarif", &assessment)).unwrap();
        let run = Command::new(&tool).arg("validate").arg(&log).arg("--output").arg(&verdict).output().unwrap();
        let text = fs::read_to_string(&verdict).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&run.stdout)));
        let verdict: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        let complaints: Vec<&Value> = verdict["runs"][0]["results"]
            .as_array()
            .map(|results| results.iter().filter(|result| result["level"] == "error").collect())
            .unwrap_or_default();
        assert_eq!(complaints, Vec::<&Value>::new(), "{name}");
    }
}
