//! A folder of tenants: what they inherit, how each stands, and the findings of all.

use std::fs;
use std::path::Path;

use crate::support::demo::demo;
use crate::support::keyroll::{Run, keyroll};

/// The morning after the last night of the demo.
const MORNING: &str = "2026-11-22T06:00:00Z";

/// A folder with tenants `acme` and `globex`, each with the nights of the demo.
fn fleet() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo().left();
    let fleet = folder.path().join("fleet");
    fs::create_dir_all(fleet.join("stores")).unwrap();
    fs::create_dir_all(fleet.join("shared")).unwrap();
    fs::write(fleet.join("defaults.yaml"), "store: stores/<tenant>.db\nreports: out/<tenant>\nfail_on: never\n")
        .unwrap();
    let own = fs::read_to_string(demo.join("keyroll.yaml"))
        .unwrap()
        .replace("\nstore: keyroll.db\nreports: reports\nfail_on: high\n", "\n")
        .replace("waivers.yaml", "shared/waivers.yaml");
    assert!(!own.contains("\nstore:") && own.contains("shared/"), "{own}");
    for tenant in ["acme", "globex"] {
        fs::write(fleet.join(format!("{tenant}.yaml")), &own).unwrap();
        fs::copy(demo.join("keyroll.db"), fleet.join(format!("stores/{tenant}.db"))).unwrap();
    }
    fs::copy(demo.join("waivers.yaml"), fleet.join("shared/waivers.yaml")).unwrap();
    folder
}

fn ask(folder: &Path, words: &[&str]) -> Run {
    keyroll(folder, &[&["--config", "fleet", "--now", MORNING], words].concat())
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let rows = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes()).into_records();
    rows.map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A condition, columns, an order and JSON are for all tenants what they are for one.
#[test]
fn findings_of_all_tenants_are_asked_like_those_of_one() {
    let folder = fleet();
    fs::write(folder.path().join("fleet/initech.yaml"), "estate: initech\nsources: []\n").unwrap();
    let condition = ["--where", "credential.expires_at == null", "--sort", "-severity,finding_id"];
    let all = ask(folder.path(), &[&["findings", "--all-tenants", "--format", "csv"][..], &condition].concat());
    assert_eq!(all.code, 20, "one was never scanned: {}", all.err);
    let own = ["--config", "fleet/acme.yaml", "--now", MORNING, "findings", "--format", "csv"];
    let own = keyroll(folder.path(), &[&own[..], &condition].concat());
    let (all_rows, own_rows) = (rows(&all.out), rows(&own.out));
    assert!(own_rows.len() > 1 && all_rows.len() == own_rows.len() * 2 - 1, "{}", own.out);
    for (at, row) in own_rows.iter().enumerate().skip(1) {
        // Both tenants have the same findings, and rows that are alike stay in the order of the tenants.
        for (tenant, row_of_all) in ["acme", "globex"].iter().zip(&all_rows[at * 2 - 1..]) {
            assert_eq!(row_of_all, &[vec![(*tenant).to_owned()], row.clone()].concat());
        }
    }
    let listed = ask(folder.path(), &[&["findings", "--all-tenants", "--format", "json"][..], &condition].concat());
    let document: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let schema = serde_json::from_str(keyroll::reports::LIST_SCHEMA).unwrap();
    assert_eq!(crate::support::json_schema::mistakes(&schema, &document), Vec::<String>::new());
    assert_eq!(document["rows"].as_array().unwrap().len(), all_rows.len() - 1);
    assert_eq!(document["tenants"].as_array().unwrap().len(), 3, "{}", document["tenants"]);
    assert!(document["tenants"][2]["unknown_because"].as_str().unwrap().contains("never scanned"));
}

#[test]
fn findings_of_all_tenants_are_those_of_each_with_a_name_before_them() {
    let folder = fleet();
    let all = ask(folder.path(), &["findings", "--all-tenants", "--format", "csv"]);
    assert_eq!(all.code, 0, "{}", all.err);
    let mut expected = Vec::new();
    for tenant in ["acme", "globex"] {
        let config = format!("fleet/{tenant}.yaml");
        let own = keyroll(folder.path(), &["--config", &config, "--now", MORNING, "findings", "--format", "csv"]);
        assert_eq!(own.code, 0, "{}", own.err);
        let own = rows(&own.out);
        assert!(own.len() > 5, "{own:?}");
        for (at, row) in own.into_iter().enumerate() {
            match at {
                0 if expected.is_empty() => expected.push([vec!["tenant".to_owned()], row].concat()),
                0 => {}
                _ => expected.push([vec![tenant.to_owned()], row].concat()),
            }
        }
    }
    assert_eq!(rows(&all.out), expected);
    let table = ask(folder.path(), &["--width", "160", "findings", "--all-tenants", "--severity", "high"]);
    let worst: Vec<&str> = table.out.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(worst.contains(&"high") && !worst.contains(&"medium"), "{}", table.out);
    assert!(worst.is_sorted_by_key(|severity| *severity != "critical"), "{worst:?}");
    assert!(table.out.contains("acme") && table.out.contains("globex"), "{}", table.out);
    let open = ask(folder.path(), &["findings", "--all-tenants", "--no-waivers"]);
    assert!(open.out.starts_with("WITHOUT WAIVERS: "), "{}", open.out);
    let one = ask(folder.path(), &["findings", "--all-tenants", "show", "F-1"]);
    assert!(one.code == 1 && one.err.contains("one finding is of one tenant"), "{}", one.err);
    let odd = ask(folder.path(), &["findings", "--all-tenants", "--rule", "tokn-idle"]);
    assert_eq!(odd.code, 1);
    assert!(odd.err.contains("no rule `tokn-idle` judged the latest scan of any tenant"), "{}", odd.err);
}

#[test]
fn a_tenant_of_whom_nobody_can_say_anything_is_named_and_never_counted_as_clean() {
    let folder = fleet();
    let fleet = folder.path().join("fleet");
    fs::write(fleet.join("initech.yaml"), fs::read_to_string(fleet.join("acme.yaml")).unwrap()).unwrap();
    fs::write(fleet.join("stores/initech.db"), "no database at all, but long enough to look like one").unwrap();
    fs::write(fleet.join("umbrella.yaml"), "estate: Umbrella\nsources: 3\nfail_on: hihg\n").unwrap();
    fs::write(fleet.join("vandelay.yaml"), fs::read_to_string(fleet.join("acme.yaml")).unwrap()).unwrap();

    let status = ask(folder.path(), &["--width", "100", "fleet", "status"]);
    assert_eq!(status.code, 20, "{}", status.err);
    let line = |tenant: &str| status.out.lines().find(|line| line.starts_with(tenant)).unwrap().to_owned();
    assert!(line("initech").contains("unknown") && line("initech").contains('?'), "{}", status.out);
    assert!(line("umbrella").contains("unknown"), "{}", status.out);
    assert!(line("vandelay").contains("never scanned") && line("vandelay").contains('?'), "{}", status.out);
    assert!(status.out.contains("umbrella: nobody can say how it stands: "), "{}", status.out);
    assert!(
        status.out.contains("umbrella.yaml:3:10: `fail_on`") && status.out.contains("and 1 more"),
        "{}",
        status.out
    );
    assert!(status.out.contains("5 tenants: 2 unknown, 1 never scanned, "), "{}", status.out);
    assert!(status.out.contains("in those that are known"), "{}", status.out);

    let json = ask(folder.path(), &["fleet", "status", "--format", "json"]);
    let tenants: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(tenants[2]["tenant"], "initech");
    assert!(tenants[2]["status"].is_null() && tenants[2]["unknown_because"].is_string(), "{tenants}");
    assert!(tenants[4]["status"]["findings"].is_null() && tenants[4]["status"]["gaps"].is_null(), "{tenants}");
    let csv = rows(&ask(folder.path(), &["fleet", "status", "--format", "csv"]).out);
    let column = |name: &str| csv[0].iter().position(|column| column == name).unwrap();
    assert_eq!(csv[3][column("open_critical")], "", "{csv:?}");
    assert_ne!(csv[1][column("open_high")], "", "{csv:?}");

    for tenant in ["acme", "globex"] {
        fs::rename(fleet.join(format!("{tenant}.yaml")), fleet.join(format!("{tenant}.txt"))).unwrap();
    }
    let nobody = ask(folder.path(), &["findings", "--all-tenants", "--format", "csv"]);
    assert!(nobody.code == 20 && nobody.out.starts_with("tenant,finding_id,"), "{}", nobody.out);
    for tenant in ["acme", "globex"] {
        fs::rename(fleet.join(format!("{tenant}.txt")), fleet.join(format!("{tenant}.yaml"))).unwrap();
    }
    let findings = ask(folder.path(), &["findings", "--all-tenants"]);
    assert_eq!(findings.code, 20, "{}", findings.err);
    for (tenant, why) in [("initech", "initech.db"), ("umbrella", "`fail_on`"), ("vandelay", "never scanned")] {
        let told = findings.err.lines().find(|line| line.contains(&format!("Nothing is known of tenant `{tenant}`")));
        assert!(told.is_some_and(|told| told.contains(why)), "{}", findings.err);
    }
}

#[test]
fn what_is_overdue_is_told_and_a_schedule_that_nobody_looks_at_is_too() {
    let folder = fleet();
    let acme = folder.path().join("fleet/acme.yaml");
    let schedule = "schedules:\n  - { name: nightly, cron: \"30 2 * * *\" }\n";
    let own = fs::read_to_string(&acme).unwrap();
    assert!(!own.contains("\nschedules:"), "{own}");
    fs::write(&acme, format!("{own}{schedule}")).unwrap();
    let status = ask(folder.path(), &["--width", "100", "fleet", "status"]);
    assert_eq!(status.code, 20);
    assert!(status.out.contains("acme: no daemon has ever looked at its schedule `nightly`"), "{}", status.out);

    let begun = |moment: &str| {
        let mut store = keyroll::store::Store::open(&folder.path().join("fleet/stores/acme.db")).unwrap();
        store.begin_schedule("nightly", moment.parse().unwrap()).unwrap();
    };
    begun("2026-11-20T12:00:00Z");
    let late = ask(folder.path(), &["--width", "100", "fleet", "status"]);
    assert!(!late.out.contains("acme: "), "six hours have not passed: {}", late.out);
    let words = ["--config", "fleet", "--now", "2026-11-22T08:31:00Z", "--width", "100", "fleet", "status"];
    let late = keyroll(folder.path(), &words);
    let told = "acme: the scan of 2026-11-22 02:30 UTC on schedule `nightly` has not begun";
    assert!(late.out.contains(told), "{}", late.out);
    assert!(late.out.lines().any(|line| line.starts_with("acme") && line.contains("overdue")), "{}", late.out);
}

/// Whoever reads a list in the morning after a scan that was not made must not take it for that morning's.
#[test]
fn whoever_asks_is_told_that_there_should_be_a_newer_scan() {
    let folder = fleet();
    let acme = folder.path().join("fleet/acme.yaml");
    let own = fs::read_to_string(&acme).unwrap();
    fs::write(&acme, format!("{own}schedules:\n  - {{ name: nightly, cron: \"30 2 * * *\" }}\n")).unwrap();
    let asked = |now: &str, words: &[&str]| {
        let run = keyroll(folder.path(), &[&["--config", "fleet/acme.yaml", "--now", now], words].concat());
        assert_eq!(run.code, 0, "{words:?}: {}", run.err);
        run
    };
    let questions: [&[&str]; 7] = [
        &["findings"],
        &["findings", "--format", "csv"],
        &["coverage"],
        &["inventory", "credential"],
        &["drift"],
        &["report", "--format", "json"],
        &["report", "--format", "markdown"],
    ];
    const LATER: &str = "2026-11-22T08:31:00Z";
    let id = asked(MORNING, &["inventory", "principal", "--format", "csv", "--columns", "principal_id"]);
    let id = rows(&id.out)[1][0].clone();
    let all = questions.into_iter().map(<[&str]>::to_vec).chain([vec!["access", &id]]);
    let all: Vec<Vec<&str>> = all.collect();
    for words in &all {
        let run = asked(MORNING, words);
        assert!(!run.err.contains("should be a newer"), "six hours have not passed: {words:?}: {}", run.err);
        let late = asked(LATER, words);
        let told = "There should be a newer one: no daemon has ever looked at its schedule `nightly`.";
        assert!(late.err.contains(told), "{words:?}: {}", late.err);
        assert!(late.err.contains("This is of scan s10 of 2026-11-2"), "{words:?}: {}", late.err);
        assert!(words[0] == "report" || late.out == run.out, "{words:?}: the answer is the same");
    }
    let mut store = keyroll::store::Store::open(&folder.path().join("fleet/stores/acme.db")).unwrap();
    store.begin_schedule("nightly", "2026-11-20T12:00:00Z".parse().unwrap()).unwrap();
    for words in &all {
        let late = asked(LATER, words);
        let told = "There should be a newer one: the scan of 2026-11-22 02:30 UTC on schedule `nightly` has not begun.";
        assert!(late.err.contains(told), "{words:?}: {}", late.err);
    }
    let past = asked(LATER, &["findings", "--as-of", "s10"]);
    assert!(!past.err.contains("should be a newer"), "{}", past.err);
    let words = ["--config", "fleet", "--now", LATER, "findings", "--all-tenants"];
    let fleet = keyroll(folder.path(), &words);
    assert!(
        fleet.err.contains("There should be newer scans of acme (keyroll fleet status says why)."),
        "{}",
        fleet.err
    );
}

/// A tenant whose nights fail is not taken for one that is well because an old scan was.
#[test]
fn scans_that_failed_are_told_until_one_makes_up_for_them() {
    use keyroll::model::RunEnd;
    use keyroll::store::Store;

    let folder = fleet();
    let acme = folder.path().join("fleet/acme.yaml");
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let mut store = Store::open(&folder.path().join("fleet/stores/acme.db")).unwrap();
    let asked = || ask(folder.path(), &["--width", "160", "fleet", "status"]);
    let line = |out: &str| out.lines().find(|line| line.starts_with("acme ")).unwrap().to_owned();

    let text = asked().out;
    assert!(
        line(&text).contains("incomplete") && text.contains("acme: it has no schedule, so that nobody can say"),
        "{text}"
    );
    let run = store.begin_run("by hand", at("2026-11-22T03:00:00Z"), at("2026-11-22T03:00:00Z")).unwrap();
    assert!(line(&asked().out).contains("incomplete"), "it is under way");
    store.end_run(run, RunEnd::Failed, "no key", at("2026-11-22T03:01:00Z")).unwrap();
    let text = asked().out;
    assert!(line(&text).contains("overdue"), "{text}");
    assert!(text.contains("acme: the scan of 2026-11-22 03:00 UTC by hand stored nothing: no key"), "{text}");

    let own = fs::read_to_string(&acme).unwrap();
    fs::write(&acme, format!("{own}schedules:\n  - {{ name: nightly, cron: \"30 2 * * *\" }}\n")).unwrap();
    store.begin_schedule("nightly", at("2026-11-20T12:00:00Z")).unwrap();
    let run = store.begin_run("nightly", at("2026-11-22T02:30:00Z"), at("2026-11-22T02:31:00Z")).unwrap();
    store.end_run(run, RunEnd::Failed, "refused", at("2026-11-22T02:32:00Z")).unwrap();
    let text = asked().out;
    assert!(
        text.contains("acme: the scan of 2026-11-22 02:30 UTC on schedule `nightly` stored nothing: refused"),
        "{text}"
    );
    let csv = ask(folder.path(), &["fleet", "status", "--format", "csv"]).out;
    let csv = rows(&csv);
    let overdue = csv[0].iter().position(|column| column == "overdue").unwrap();
    assert!(csv[1][overdue].contains("stored nothing: refused"), "{csv:?}");
}

#[test]
fn a_folder_is_asked_for_all_and_a_file_for_one() {
    let folder = fleet();
    for words in [vec!["findings"], vec!["scan"], vec!["coverage"]] {
        let run = ask(folder.path(), &words);
        assert_eq!(run.code, 3, "{words:?}: {}", run.err);
        assert!(run.err.contains("`fleet` is a folder of tenants"), "{}", run.err);
    }
    let run = keyroll(folder.path(), &["--config", "fleet/acme.yaml", "fleet", "status"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("is the configuration of one estate"), "{}", run.err);
    let report = keyroll(folder.path(), &["--config", "fleet/globex.yaml", "report", "--format", "csv"]);
    assert_eq!(report.code, 0, "{}", report.err);
    assert!(
        folder.path().join("fleet/out/globex/csv/findings.csv").exists()
            || folder.path().join("fleet/out/globex").exists()
    );
}

#[test]
fn a_command_is_run_for_each_tenant_and_the_worst_end_counts() {
    let folder = fleet();
    let each = |words: &[&str]| ask(folder.path(), &[&["fleet", "each"], words].concat());
    let all = each(&["--jobs", "2", "findings", "--format", "csv"]);
    assert_eq!(all.code, 0, "{}", all.err);
    let own = |tenant: &str| {
        let config = format!("fleet/{tenant}.yaml");
        keyroll(folder.path(), &["--config", &config, "--now", MORNING, "findings", "--format", "csv"]).out
    };
    assert_eq!(all.out, format!("{}{}", own("acme"), own("globex")));
    let headings: Vec<&str> = all.err.lines().filter(|line| line.starts_with("── ")).collect();
    assert_eq!(headings, ["── acme", "── globex"]);
    assert!(all.err.contains("Done for 2 tenants."), "{}", all.err);

    let written = each(&["report", "--format", "csv"]);
    assert_eq!(written.code, 0, "{}", written.err);
    for tenant in ["acme", "globex"] {
        assert!(folder.path().join(format!("fleet/out/{tenant}/csv/findings.csv")).exists(), "{}", written.err);
    }

    // Nobody listens at the addresses of the demo any more: a scan fails for each, and the third has mistakes.
    fs::write(folder.path().join("fleet/umbrella.yaml"), "estate: Umbrella\nsources: 3\n").unwrap();
    let failed = each(&["findings"]);
    assert_eq!(failed.code, 1, "what could not be asked outweighs what was found: {}", failed.err);
    assert!(failed.err.contains("Of 3 tenants it failed for 1: umbrella."), "{}", failed.err);
    assert!(failed.err.contains("umbrella.yaml:2:10"), "{}", failed.err);
    let other = each(&["findings", "--config", "fleet/globex.yaml"]);
    assert_eq!(other.code, 1);
    assert!(other.err.contains("the command names a configuration"), "{}", other.err);
    let help = each(&["report", "--help"]);
    assert!(help.code == 0 && help.out.contains("Usage: keyroll report"), "{}{}", help.out, help.err);
    let odd = each(&["findigs"]);
    assert_eq!(odd.code, 2);
    assert_eq!(odd.err.matches("unrecognized subcommand").count(), 1, "{}", odd.err);
}

/// A scan of one tenant hangs; whoever ends the command for all gets an end in good order, and no other tenant is begun.
#[cfg(unix)]
#[tokio::test]
async fn a_command_for_all_that_is_ended_ends_in_good_order() {
    use tokio::io::AsyncReadExt;

    let folder = tempfile::tempdir().unwrap();
    let fleet = folder.path().join("fleet");
    fs::create_dir(&fleet).unwrap();
    fs::write(fleet.join("defaults.yaml"), "estate: <tenant>\n").unwrap();
    // It takes the connection, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = format!(
        "sources:\n  - {{ name: j, type: jira-dc, base_url: 'http://{}', token: env:TOKEN }}\n",
        silent.local_addr().unwrap()
    );
    for tenant in ["acme", "globex"] {
        fs::write(fleet.join(format!("{tenant}.yaml")), &own).unwrap();
    }
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(["--config", "fleet", "fleet", "each", "scan"])
        .current_dir(folder.path())
        .env_clear()
        .env("TOKEN", "t")
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (_held, _) = silent.accept().await.unwrap();
    let kill = std::process::Command::new("kill").arg(child.id().unwrap().to_string()).status().unwrap();
    assert!(kill.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    let code = child.wait().await.unwrap().code();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the scan was stopped: keyroll was told to end"), "{said}");
    assert!(said.contains("── globex\nnot begun: keyroll was told to end"), "{said}");
}
