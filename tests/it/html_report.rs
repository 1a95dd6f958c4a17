//! The report for a browser: whole, honest, the same bytes twice; nothing an estate calls its things runs, breaks out or misleads; and
//! in a real browser it works by keyboard, on a phone, in the dark and on paper.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use chrono::TimeDelta;
use keyroll::inventory::Inventory;
use keyroll::model::{
    Assessment, Body, Container, ContainerForm, DeclaredAccount, Fact, Finding, FindingId, Integration, Kind,
    LedgerEntry, Principal, PrincipalType, Resource, ResourceId, Severity, Snapshot, Status, Step, Transition,
};
use keyroll::reports::{Histories, HtmlReport, RuleText, html_report};
use serde_json::Value;
use sha2::Digest;

use crate::reports::{hostile_names, renamed};
use crate::support::assessment;
use crate::support::estate::{account, denied, seen_by, token, whole};
use crate::support::expected::expect_file;

fn page(assessment: &Assessment) -> String {
    let inventory = Inventory::new(&assessment.snapshot);
    let references = ["https://example.com/why".to_owned()];
    let text = |why| RuleText { why, fix: "Settings → Tokens", verify: "Look at the list.", references: &references };
    let rules = assessment.rules.iter().map(|rule| (rule.id.clone(), text("Tokens leak."))).collect::<BTreeMap<_, _>>();
    let mut histories = Histories::new();
    for finding in &assessment.findings {
        let note = finding.title.clone();
        let at = finding.first_seen;
        let step = Transition { finding: finding.id.clone(), step: Step::Opened, at, severity: finding.severity, note };
        histories.entry(finding.id.clone()).or_default().push(step);
    }
    let report = HtmlReport { assessment, inventory: &inventory, rules: &rules, histories: &histories };
    let mut bytes = Vec::new();
    html_report(&report, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The data that the page's script shows.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_is_as_expected_and_the_same_twice() {
    let text = page(&assessment::rich());
    assert_eq!(text, page(&assessment::rich()));
    // The style and the script stand in files of their own.
    let short = regex::Regex::new(r"(?s)<style>.*</style>|<script>.*</script>|sha256-[^']*").unwrap();
    expect_file("tests/snapshots/report.html", &short.replace_all(&text, ""));
}

#[test]
fn every_finding_that_stands_is_there_once_with_its_part() {
    let rich = assessment::rich();
    let data = data(&page(&rich));
    let findings = data["findings"].as_array().unwrap();
    let over = |finding: &Finding| rich.transitions.iter().any(|step| step.finding == finding.id);
    let stands = |finding: &&Finding| !matches!(finding.status, Status::Resolved(_)) || over(finding);
    let expected: Vec<&Finding> = rich.findings.iter().filter(stands).collect();
    assert_eq!(findings.len(), expected.len());
    for finding in expected {
        let row = findings.iter().find(|row| row["id"] == finding.id.as_str()).unwrap();
        assert_eq!(row["message"], finding.message);
        assert_eq!(row["unconfirmed"].is_null(), finding.unconfirmed.is_none());
        assert_eq!(row["waiver"].is_null(), !matches!(finding.status, Status::Waived(_)));
        assert_eq!(row["history"].as_array().unwrap().len(), 1);
        assert_eq!(data["rules"][finding.rule.as_str()]["why"], "Tokens leak.");
        let known = !data["resources"][finding.resource.as_str()].is_null();
        assert_eq!(known, rich.snapshot.known(&finding.resource).is_some());
    }
}

#[test]
fn it_is_not_green_while_something_was_not_seen() {
    let (blind, whole) = (page(&assessment::quiet_with_gaps()), page(&assessment::quiet_and_whole()));
    assert!(blind.contains("There may be more than this page shows:") && blind.contains("Behind each of these"));
    assert!(!blind.contains("banner good"));
    assert!(whole.contains("banner good") && !whole.contains("There may be more"), "{whole}");
    let without = assessment::rich().without_waivers();
    assert!(page(&without).contains("<strong>Without waivers:</strong>"));
}

/// A page of an estate of which some endpoints were not read whole: no number that may be too low stands alone, and nothing is called
/// read that was not asked.
#[test]
fn what_was_not_seen_is_no_nought_on_the_page() {
    let bot = account(
        "bot",
        "accounts",
        Principal { account_type: Fact::Known(PrincipalType::ServiceAccount), ..Principal::default() },
    );
    let declared = |accounts| Resource {
        id: ResourceId::new("register", Kind::Integration, "sync"),
        name: "Sync".to_owned(),
        seen_by: seen_by(&["accounts"]),
        body: Body::Integration(Integration { accounts, ..Integration::default() }),
    };
    let project = Resource {
        id: ResourceId::new("acme", Kind::Container, "PAY"),
        name: "Payments".to_owned(),
        seen_by: seen_by(&["accounts"]),
        body: Body::Container(Container {
            key: Fact::Known("PAY".to_owned()),
            ..Container::unknown(ContainerForm::Project)
        }),
    };
    let shown = |integration: Resource, ledger: Vec<LedgerEntry>| {
        let mut assessment = assessment::quiet_and_whole();
        let mut resources = vec![bot.clone(), integration, project.clone()];
        resources.sort_by(|left, right| left.id.cmp(&right.id));
        assessment.snapshot = Snapshot::of_sorted(resources, ledger);
        page(&assessment)
    };
    let named =
        Fact::Known(vec![DeclaredAccount { name: "bot".to_owned(), id: Some(bot.id.to_string()), source: None }]);
    let blind = shown(declared(named.clone()), vec![whole("accounts"), denied("tokens")]);
    assert!(blind.contains("at least 0 credentials (more may be out of sight)"), "{blind}");
    assert!(
        blind.contains("there may be more.") && blind.contains("Not every credential could be seen: more may end.")
    );
    let all = shown(declared(named), vec![whole("accounts"), whole("tokens")]);
    assert!(all.contains("<br>0 credentials.") && !all.contains("more may be out of sight"), "{all}");
    let none = shown(declared(Fact::Absent), vec![whole("accounts"), whole("tokens")]);
    assert!(none.contains("the register names no account") && !none.contains("none of its accounts exists"), "{none}");
    let unasked = shown(declared(Fact::Absent), Vec::new());
    assert!(
        unasked.contains("No endpoint was asked: nothing was seen.") && !unasked.contains("was read whole"),
        "{unasked}"
    );
    assert!(unasked.contains("endpoints asked") && !unasked.contains("blind spots</span>"), "{unasked}");
}

#[test]
fn the_policy_lets_run_what_the_page_has_and_nothing_else() {
    let text = page(&assessment::rich());
    let (_, rest) = text.split_once("Content-Security-Policy\" content=\"").unwrap();
    let policy = rest.split_once('"').unwrap().0.replace("&#x27;", "'").replace("&#x2f;", "/");
    for (from, to, what) in
        [("<style>", "</style>", "style-src"), ("</script>\n<script>", "</script>\n</body>", "script-src")]
    {
        let own = text.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(own.as_bytes()));
        assert!(policy.contains(&format!("{what} 'sha256-{digest}'")), "{what} in {policy}");
    }
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!text.contains("http://") || text.matches("http://").count() == text.matches("http://www.w3.org/").count());
    assert!(!text.contains(" style=") && !text.contains(" onclick"), "what the policy would refuse");
}

/// The elements of a page with their attributes' names, without the data.
fn elements(page: &str) -> BTreeMap<String, usize> {
    let tags = regex::Regex::new(r"<(/?[a-zA-Z!][^\s>]*)([^>]*)>").unwrap();
    let attributes = regex::Regex::new(r#"([a-z-]+)="[^"]*""#).unwrap();
    let (before, rest) = page.split_once("id=\"data\">").unwrap();
    let after = rest.split_once("</script>").unwrap().1;
    let (bare, script) = after.split_once("<script>").unwrap();
    assert!(bare.trim().is_empty() && script.trim_end().ends_with("</script>\n</body>\n</html>"), "{script}");
    let mut found = BTreeMap::new();
    for tag in tags.captures_iter(before) {
        let names: Vec<&str> = attributes.captures_iter(&tag[2]).map(|one| one.get(1).unwrap().as_str()).collect();
        *found.entry(format!("{} {}", &tag[1], names.join(" "))).or_default() += 1;
    }
    found
}

const BREAKING: [&str; 7] = [
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "<!-- data -->",
    "<img src=x onerror=alert(1)>",
    "{{ estate }}{% raw %}",
    "javascript:alert(1)",
    "\u{2028}\u{2029}&lt;b&gt;",
];

#[test]
fn hostile_names_stay_text() {
    // A name may be that of a known system, whose section has elements of its own.
    let tame = [renamed(assessment::rich(), "tame"), renamed(assessment::rich(), "jenkins"), assessment::rich()];
    let tame: BTreeMap<String, usize> = tame.iter().flat_map(|tame| elements(&page(tame))).collect();
    for name in hostile_names().into_iter().chain(BREAKING.map(str::to_owned)) {
        let text = page(&renamed(assessment::rich(), &name));
        let found = elements(&text);
        let new: Vec<&String> = found.keys().filter(|one| !tame.contains_key(*one)).collect();
        assert_eq!(new, Vec::<&String>::new(), "{name:?}");
        assert!(!found.keys().any(|one| one.starts_with("script ")), "no script before the data: {name:?}");
        let hidden =
            |letter: &char| letter.is_control() && *letter != '\n' || matches!(letter, '\u{202a}'..='\u{202e}');
        assert_eq!(text.chars().find(hidden), None, "{name:?}");
        assert_eq!(data(&text)["findings"][0]["name"].as_str().unwrap().is_empty(), name.is_empty());
    }
    let text = page(&renamed(assessment::rich(), "invoice\u{202e}fdp.exe \u{430}dmin"));
    assert!(text.contains("invoice⟨U+202E⟩fdp.exe \u{430}dmin⟨mixed scripts⟩"), "what misleads is written out");
}

/// Findings of tokens, more than one page of the table.
fn wall(count: usize) -> Assessment {
    let mut wall = assessment::rich();
    let one = wall.findings[1].clone();
    let name = |number: usize| format!("t-{number:05}");
    wall.findings = (0..count)
        .map(|number| {
            let resource = ResourceId::new("acme", Kind::Credential, &name(number));
            let severity = Severity::ALL[number % 5];
            let first_seen = one.first_seen - TimeDelta::days((number % 400) as i64);
            let message = format!("API token “{}” never expires", name(number));
            Finding {
                id: FindingId::of(&one.rule, &resource),
                resource,
                severity,
                message,
                first_seen,
                owner: Some(format!("Owner {}", number % 97)),
                resource_name: name(number),
                ..one.clone()
            }
        })
        .collect();
    let tokens = (0..count).map(|number| token(&name(number), &name(number), |_| {}));
    let mut resources: Vec<_> = wall.snapshot.resources.iter().cloned().chain(tokens).collect();
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    resources.dedup_by(|left, right| left.id == right.id);
    wall.snapshot = Snapshot::of_sorted(resources, wall.snapshot.ledger.clone());
    wall
}

#[test]
fn ten_thousand_findings_are_one_bounded_page_and_more_are_counted() {
    let text = page(&wall(10_000));
    println!("10,000 findings: {} bytes", text.len());
    assert!(text.len() < 15_000_000, "{} bytes", text.len());
    let text = page(&wall(20_003));
    assert_eq!(data(&text)["findings"].as_array().unwrap().len(), 20_000);
    assert!(text.contains("This page has the worst 20,000 findings.</strong> 3 more are in"), "the rest is counted");
}

/// A folder with playwright-core and axe-core, and the browser.
fn browser() -> Option<(PathBuf, PathBuf)> {
    let tools = std::env::var_os("KEYROLL_TEST_BROWSER_TOOLS")?;
    let browser = std::env::var_os("KEYROLL_TEST_BROWSER").unwrap_or_else(|| "/usr/bin/chromium".into());
    Some((tools.into(), browser.into()))
}

#[test]
fn a_browser_shows_it_and_a_checker_has_nothing_to_complain_of() {
    let Some((tools, browser)) = browser() else {
        crate::support::skipped("KEYROLL_TEST_BROWSER_TOOLS names no folder with playwright-core and axe-core");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut hostile =
        renamed(assessment::rich(), "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u{202e}x");
    hostile.findings.truncate(3);
    let pages = [
        ("rich.html", page(&assessment::rich())),
        ("first.html", page(&assessment::first())),
        ("whole.html", page(&assessment::quiet_and_whole())),
        ("hostile.html", page(&hostile)),
        ("wall.html", page(&wall(10_000))),
    ];
    for (name, text) in &pages {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/report.mjs");
    let mut node = Command::new("node");
    node.arg(script).args([&tools, &browser]).arg(folder.path());
    let run = node.args(pages.iter().map(|(name, _)| folder.path().join(name))).output().unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let told: Vec<Value> =
        String::from_utf8(run.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), pages.len());
    for told in &told {
        let (name, none) = (&told["page"], Value::Array(Vec::new()));
        assert_eq!(told["complaints"], none, "{name}: something ran, was loaded or went wrong");
        assert_eq!(told["violations"], none, "{name}");
        assert_eq!(told["wider"], none, "{name} is wider than its window");
        assert!(
            told["bare"].as_str().unwrap().contains("findings.csv"),
            "{name}: without a script it says where they are"
        );
        let text = told["text"].as_str().unwrap();
        assert!(text.contains("Blind spots") && text.contains("Posture"), "{name}: {text}");
        if told["rows"] == 0 {
            continue;
        }
        assert_eq!((told["opened"].as_array().unwrap().len(), told["closed"].as_u64()), (1, Some(0)), "{name}");
        assert_eq!((&told["focused"], &told["visited"]), (&Value::from("true"), &Value::from("true")), "{name}");
        assert!(told["none"].as_str().unwrap().starts_with("0 of "), "{name}");
        for group in ["rule", "owner", "integration", "source"] {
            assert!(told[group][0].as_u64() >= Some(1) && told[group][1].as_u64() >= Some(1), "{name}: {group}");
        }
        let [finding, part] = [0, 1].map(|at| told["phone"][at].as_f64().unwrap());
        assert!(finding > 0.4 && part > 0.8 && part <= 1.0, "{name}: on a phone the text has {finding}, a part {part}");
        let sorted: Vec<&str> = told["sorted"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        assert!(sorted.is_sorted(), "{name}: {sorted:?}");
    }
    let of = |name: &str| told.iter().find(|told| told["page"] == name).unwrap();
    assert_eq!(of("wall.html")["rows"], 100, "as many as fit at once");
    let opened = of("rich.html")["opened"][0].as_str().unwrap();
    for part in ["What to do first", "Why it matters", "What is known", "What happened so far", "example.com"] {
        assert!(opened.contains(part), "{part} in {opened}");
    }
    let wall = of("wall.html");
    println!("10,000 findings: first paint {} ms, a keystroke {} ms", wall["paint"], wall["keystroke"]);
}
