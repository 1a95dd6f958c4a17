//! What a browser with a checker of accessibility says of the pages, and what a scanner for weaknesses of web applications finds.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::{Served, TOKEN, client};

const SERVE: &str = "serve:\n  tokens: [{ name: auditors, token: env:TOKEN }]\n  visible_to: [token:auditors]\n";

/// A page of each sort.
async fn some_of_each(served: &Served) -> Vec<String> {
    let mut paths: Vec<String> = [
        "",
        "findings",
        "findings?q=nothing%20has%20this",
        "inventory",
        "inventory/principals",
        "inventory/grants",
        "access",
        "coverage",
        "files",
    ]
    .map(|page| format!("/t/keyroll/{page}"))
    .into();
    let links = async |path: &str| {
        let page = served.ask(client().get(format!("{}{path}", served.url)).bearer_auth(TOKEN)).await;
        assert_eq!(page.status, 200, "{path}");
        page.links()
    };
    let find = |links: &[String], what: &str| {
        links.iter().find(|link| link.contains(what)).cloned().unwrap_or_else(|| panic!("{what}: {links:?}"))
    };
    paths.push(find(&links("/t/keyroll/findings").await, "/findings/F-"));
    let account = find(&links("/t/keyroll/inventory/principals").await, "/resource?");
    let of_account = links(&account).await;
    paths.extend([find(&of_account, "/history?"), find(&of_account, "/access?"), account]);
    let place = find(&links("/t/keyroll/inventory/containers").await, "project");
    let who = find(&links(&place).await, "/who-can?");
    let given = links(&who).await.into_iter().find(|link| link.contains("permission="));
    paths.push(who);
    paths.extend(given);
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_them_by_keyboard_and_a_checker_has_nothing_to_complain_of() {
    let Some(tools) = std::env::var_os("KEYROLL_TEST_BROWSER_TOOLS").map(PathBuf::from) else {
        crate::support::skipped("KEYROLL_TEST_BROWSER_TOOLS names no folder with playwright-core and axe-core");
        return;
    };
    let browser = std::env::var_os("KEYROLL_TEST_BROWSER").unwrap_or_else(|| "/usr/bin/chromium".into());
    let (served, _folder) = Served::on_demo(SERVE);
    let paths = some_of_each(&served).await;
    let shots = tempfile::tempdir().unwrap();
    let place = std::env::var_os("KEYROLL_SHOTS").map_or(shots.path().to_owned(), PathBuf::from);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/serve.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(tools).arg(browser).arg(place).args([&served.url, TOKEN]).args(&paths);
    let run = tokio::task::spawn_blocking(move || node.output().unwrap()).await.unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let told: Value = serde_json::from_slice(&run.stdout).unwrap();
    let none = Value::Array(Vec::new());
    assert_eq!(told["complaints"], none, "something ran, was loaded or went wrong");
    assert_eq!(told["violations"], none);
    assert_eq!(told["wider"], none, "wider than its window");
    assert_eq!((told["pages"].as_u64(), told["scripts"].as_u64()), (Some(3 * paths.len() as u64), Some(0)));
    assert!(told["asked"].as_str().unwrap().contains("/sign-in?next="), "{}", told["asked"]);
    for way in ["toToken", "toSearch"] {
        assert_eq!(told[way], true, "{way}: the keyboard gets there");
    }
    assert_eq!(told["skip"], "To the content");
    assert!(told["filtered"].as_str().unwrap().contains(" findings."), "{}", told["filtered"]);
    assert!(told["opened"].as_str().unwrap().contains("HOW TO MEND IT"), "{}", told["opened"]);
    let own = served.url.trim_start_matches("http://").split(':').next().unwrap();
    assert_eq!(told["cookies"], serde_json::json!([["__Host-keyroll", true, true, "Lax", "/", own]]));
    assert_eq!((&told["left"], told["after"].as_str().unwrap().contains("/sign-in?next=")), (&Value::from(0), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_finds_no_weakness() {
    let Some(wapiti) = std::env::var_os("KEYROLL_TEST_WAPITI").map(PathBuf::from) else {
        crate::support::skipped("KEYROLL_TEST_WAPITI names no scanner");
        return;
    };
    let (served, _folder) = Served::on_demo(SERVE);
    let home = tempfile::tempdir().unwrap();
    let report = home.path().join("report.json");
    let begun = Instant::now();
    let mut scan = Command::new(&wapiti);
    scan.env("HOME", home.path()).args(["-u", &format!("{}/t/keyroll/findings?q=x&severity=low", served.url)]);
    for start in [
        "/sign-in?next=/t/keyroll/",
        "/t/keyroll/inventory/principals?q=x",
        "/t/keyroll/access?id=x&on=y",
        "/t/keyroll/who-can?on=x&permission=y",
    ] {
        scan.arg("-s").arg(format!("{}{start}", served.url));
    }
    scan.args([
        "--scope",
        "folder",
        "-H",
        &format!("Authorization: Bearer {TOKEN}"),
        "-d",
        "1",
        "--max-links-per-page",
        "8",
    ]);
    scan.args([
        "-m",
        "cookieflags,crlf,csp,csrf,exec,file,http_headers,methods,permanentxss,redirect,sql,ssrf,upload,xss,xxe,-ssrf",
    ]);
    scan.args([
        "--max-scan-time",
        "10",
        "--max-attack-time",
        "4",
        "--tasks",
        "4",
        "--no-bugreport",
        "--flush-session",
        "-v",
        "0",
        "-f",
        "json",
        "-o",
    ]);
    scan.arg(&report);
    let run = tokio::task::spawn_blocking(move || scan.output().unwrap()).await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(report.is_file(), "{said}");
    let told: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    println!("{} pages looked at in {:?}", told["infos"]["crawled_pages_nbr"], begun.elapsed());
    assert!(told["infos"]["crawled_pages_nbr"].as_u64() > Some(5), "{}", told["infos"]);
    for sort in ["vulnerabilities", "anomalies"] {
        let found: Vec<_> = told[sort]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, found)| found.as_array().is_some_and(|found| !found.is_empty()))
            .collect();
        assert!(found.is_empty(), "{sort}: {found:#?}");
    }
    assert!(!served.said().contains("mistake of keyroll"), "{}", served.said());
}
