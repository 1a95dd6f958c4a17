//! Planted secrets: keyroll's own, in every slot of the configuration, and values in every answer. After a scan of the whole
//! estate with the loudest log they are searched for in everything that was written and said, in every spelling.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

use crate::mixed::everything;
use crate::support::keyroll::{begin, keyroll};
use crate::support::pretended::Estate;

/// What is looked for: each secret in each of its spellings, and whose it is.
struct Search {
    spellings: Vec<String>,
    owners: Vec<String>,
    needles: AhoCorasick,
}

impl Search {
    fn of(secrets: &BTreeMap<String, String>) -> Self {
        let (mut spellings, mut owners) = (Vec::new(), Vec::new());
        for (owner, secret) in secrets {
            for spelling in spellings_of(secret) {
                spellings.push(spelling);
                owners.push(owner.clone());
            }
        }
        let needles = AhoCorasick::new(&spellings).unwrap();
        Self { spellings, owners, needles }
    }

    /// Whose secrets are in these bytes, and in which spelling.
    fn found_in(&self, bytes: &[u8]) -> Vec<String> {
        let found = self.needles.find_overlapping_iter(bytes).map(|found| found.pattern().as_usize());
        let mut told: Vec<String> = found.map(|at| format!("{} as {}", self.owners[at], self.spellings[at])).collect();
        told.sort();
        told.dedup();
        told
    }

    /// What is in the files of a folder, but for the files that hold the secrets themselves.
    fn found_below(&self, folder: &Path) -> Vec<String> {
        let (mut found, mut seen) = (Vec::new(), 0);
        self.walk(folder, &mut found, &mut seen);
        assert!(seen > 0, "there is something to search");
        found
    }

    fn walk(&self, folder: &Path, found: &mut Vec<String>, seen: &mut usize) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                self.walk(&path, found, seen);
            } else if !name.ends_with(".secret") {
                *seen += 1;
                found.extend(self.found_in(&fs::read(&path).unwrap()).iter().map(|one| format!("{name}: {one}")));
            }
        }
    }
}

/// A secret as it is, percent-encoded, with JSON's and HTML's ways to write its letters, and the middle of its base64
/// wherever it begins in a longer text.
fn spellings_of(secret: &str) -> Vec<String> {
    let percent = |keep: &str| -> String {
        let one = |byte: u8| match char::from(byte) {
            letter if letter.is_ascii_alphanumeric() || keep.contains(letter) => letter.to_string(),
            _ => format!("%{byte:02X}"),
        };
        secret.bytes().map(one).collect()
    };
    let mut all = vec![
        secret.to_owned(),
        percent("-_.~"),
        percent(""),
        percent("-_.~").to_lowercase().replace(&secret.to_lowercase(), secret),
        secret.replace('/', "\\/"),
        secret.replace('+', "&#43;").replace('/', "&#x2F;"),
    ];
    for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
        for shift in 0..3_usize {
            let coded = engine.encode([vec![b'-'; shift], secret.as_bytes().to_vec()].concat());
            let whole: String = coded.chars().skip([0, 2, 3][shift]).collect();
            all.push(whole.chars().take(whole.trim_end_matches('=').len().saturating_sub(2)).collect());
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Somebody who takes no message, and repeats all that he was sent.
fn parrot() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            line.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let (mut heard, mut piece) = (Vec::new(), [0; 16 * 1024]);
            while let Ok(length @ 1..) = line.read(&mut piece) {
                heard.extend_from_slice(&piece[..length]);
            }
            let heard = String::from_utf8_lossy(&heard).replace(['\r', '\n'], " ");
            let body = serde_json::json!({"message": heard, "error": {"message": heard}, "errorMessages": [heard]});
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 400 Bad Request\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            drop(line.write_all(format!("{head}{body}").as_bytes()));
        }
    });
    address
}

/// The slots of what is told and answered, beside those of the sources; each names a file with a secret of its own.
const TOLD: &str = r#"alerts:
  channels:
    - { name: mail, type: email, server: 127.0.0.1, port: 9, security: none, user: keyroll, password: {mail-password}, from: keyroll@acme.example, to: [security@acme.example] }
    - { name: slack-bot, type: slack, base_url: "http://{parrot}", token: {slack-token}, conversation: C01 }
    - { name: slack-hook, type: slack, url: {slack-url} }
    - { name: teams, type: teams, url: {teams-url} }
    - { name: own, type: webhook, url: {webhook-url}, secret: {webhook-secret}, headers: { X-Api-Key: {webhook-header} } }
    - { name: behind, type: webhook, url: {behind-url}, secret: {behind-secret}, proxy: {behind-proxy} }
    - { name: pager, type: pagerduty, base_url: "http://{parrot}", routing_key: {pager-key} }
    - { name: tickets, type: jira-ticket, base_url: "http://{parrot}", user: keyroll@acme.example, token: {ticket-token}, project: SEC }
  routes:
    - to: [mail, slack-bot, slack-hook, teams, own, behind, pager, tickets]
schedules:
  - name: nightly
    cron: "30 2 * * *"
heartbeat:
  url: {heartbeat-url}
daemon:
  listen: 127.0.0.1:9464
  token: {daemon-token}
  calendar_token: {calendar-token}
s3:
  endpoint: "http://{parrot}"
  access_key_id: {bucket-key}
  secret_access_key: {bucket-secret}
  session_token: {bucket-token}
  proxy: {bucket-proxy}
"#;

/// The slots that are in it: what stands in braces, but for what is no file.
fn slots() -> Vec<&'static str> {
    let inside = TOLD.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let mut slots: Vec<&str> = inside.map(|(slot, _)| slot).filter(|slot| slot.contains('-')).collect();
    slots.retain(|slot| slot.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'));
    slots
}

/// A secret for a slot: as long as real ones, and with letters that look different in every spelling.
fn secret_for(slot: &str, parrot: &str) -> String {
    let secret = format!("kr.{slot}/Zq9+x7Wp=Lm4");
    match slot {
        slot if slot.ends_with("-url") => format!("http://{parrot}/hooks/{secret}"),
        slot if slot.ends_with("-proxy") => {
            format!("http://somebody:{}@127.0.0.1:9", secret.replace(['/', '+', '='], "_"))
        }
        _ => secret,
    }
}

/// The whole estate with a secret in every slot, and what to search for: of an address its path alone, of a proxy its
/// password.
fn with_all_slots(estate: &Estate) -> BTreeMap<String, String> {
    let parrot = parrot();
    let simulator = &estate.simulator;
    let mut secrets: BTreeMap<String, String> = [
        ("org-key", simulator.org_key()),
        ("jira-token", simulator.site_token()),
        ("bitbucket-token", simulator.bitbucket_token()),
        ("jira-dc-token", simulator.jira_dc_token()),
        ("confluence-dc-token", simulator.confluence_dc_token()),
        ("bitbucket-dc-token", simulator.bitbucket_dc_token()),
        ("align-token", simulator.align_token()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let path = estate.path("keyroll.yaml");
    let mut text = fs::read_to_string(&path).unwrap();
    for name in secrets.keys() {
        let (file, hidden) = (estate.path(name), estate.path(&format!("{name}.secret")));
        fs::rename(&file, &hidden).unwrap();
        text = text.replace(&format!("file:{}\n", file.display()), &format!("file:{}\n", hidden.display()));
    }
    let mut told = TOLD.replace("{parrot}", &parrot);
    let mut slots: Vec<String> = slots().into_iter().map(str::to_owned).collect();
    // One source is behind a proxy with a password that is not there.
    slots.push("sandbox-proxy".to_owned());
    text = text.replace("  - name: sandbox\n", "  - name: sandbox\n    proxy: {sandbox-proxy}\n");
    for slot in slots {
        let secret = secret_for(&slot, &parrot);
        estate.write_secret(&format!("{slot}.secret"), &format!("{secret}\n"));
        let reference = format!("file:{}", estate.path(&format!("{slot}.secret")).display());
        told = told.replace(&format!("{{{slot}}}"), &format!("\"{reference}\""));
        text = text.replace(&format!("{{{slot}}}"), &reference);
        let part = match secret.split_once("/hooks/") {
            Some((_, path)) => path.to_owned(),
            None => secret
                .strip_prefix("http://somebody:")
                .map_or(secret.clone(), |rest| rest.split('@').next().unwrap().to_owned()),
        };
        secrets.insert(slot, part);
    }
    fs::write(&path, format!("{text}{told}")).unwrap();
    secrets
}

/// A secret that answers carry.
const PLANTED: &str = "pl.4nted~Zq9+x7Wp=Lm4";

const REPORTS: &str = "table,csv,json,ndjson,html,markdown,sarif,junit,ocsf,oscal,ics";

/// Runs the program beside the estate, which goes on answering.
async fn run(estate: &Estate, arguments: &'static [&'static str]) -> crate::support::keyroll::Run {
    let folder = estate.folder.path().to_owned();
    tokio::task::spawn_blocking(move || keyroll(&folder, arguments)).await.unwrap()
}

/// Every slot holds a secret, and every answer; then a scan with the loudest log, all reports, a pack, data for other programs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_written_or_said_whatever_is_made_of_a_scan() {
    let estate = everything().await;
    let mut secrets = with_all_slots(&estate);
    assert!(secrets.len() >= 20, "only {} slots hold a secret", secrets.len());
    estate.simulator.plant_everywhere(PLANTED);
    secrets.insert("an answer".to_owned(), PLANTED.to_owned());
    for (number, secret) in (1..).zip(estate.simulator.planted_secrets()) {
        secrets.insert(format!("planted secret {number}"), secret);
    }
    let search = Search::of(&secrets);
    let runs: [&[&str]; 8] = [
        &["-vv", "scan", "--reports", REPORTS],
        &["-vv", "scan", "--reports", "table"],
        &["-vv", "export", "parquet"],
        &["-vv", "evidence", "keygen", "pack-key"],
        &["-vv", "evidence", "create", "--by", "Kim Lead", "--key", "pack-key"],
        &["-vv", "alerts", "pending"],
        &["-vv", "alerts", "preview"],
        &["-vv", "coverage"],
    ];
    let mut loud = 0;
    for arguments in runs {
        let run = run(&estate, arguments).await;
        assert!(![1, 2, 3].contains(&run.code), "{arguments:?}: {}", run.err);
        loud += run.err.len();
        assert_eq!(search.found_in(run.out.as_bytes()), Vec::<String>::new(), "{arguments:?} printed it");
        assert_eq!(search.found_in(run.err.as_bytes()), Vec::<String>::new(), "{arguments:?} logged it");
    }
    assert!(loud > 100_000, "the log was loud");
    let bucket = run(&estate, &["-vvv", "export", "parquet", "--out", "s3://lake/x"]).await;
    assert!(bucket.code == 1 && bucket.err.contains("no answer"), "{}", bucket.err);
    assert_eq!(search.found_in(bucket.err.as_bytes()), Vec::<String>::new());
    let packs: Vec<_> = fs::read_dir(estate.path("evidence")).unwrap().map(|pack| pack.unwrap().path()).collect();
    let pack = packs.iter().find(|path| path.to_string_lossy().contains("tar")).expect("a pack was made");
    let folder = estate.folder.path().to_owned();
    let arguments =
        ["evidence".to_owned(), "verify".into(), pack.display().to_string(), "--trust".into(), "pack-key.pub".into()];
    let unpacked = tokio::task::spawn_blocking(move || {
        let words: Vec<&str> = arguments.iter().map(String::as_str).chain(["--extract", "unpacked"]).collect();
        keyroll(&folder, &words)
    });
    assert_eq!(unpacked.await.unwrap().code, 0);
    assert!(estate.path("reports/csv/credentials.csv").exists() && estate.path("unpacked").exists());
    assert_eq!(search.found_below(estate.folder.path()), Vec::<String>::new(), "it was kept");
}

/// Killed in the middle, with answers that carry secrets: nothing of them is in what it leaves behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_scan_leaves_no_secret_behind() {
    let estate = everything().await;
    let mut secrets = with_all_slots(&estate);
    estate.simulator.plant_everywhere(PLANTED);
    secrets.insert("an answer".to_owned(), PLANTED.to_owned());
    let search = Search::of(&secrets);
    // The second scan has a store to write into; a deadline makes it keep a journal, and the third is killed while it reads.
    for arguments in [&["-vv", "scan", "--no-alerts"][..], &["-vv", "scan", "--no-alerts", "--deadline", "1s"]] {
        let folder = estate.folder.path().to_owned();
        let run = tokio::task::spawn_blocking(move || keyroll(&folder, arguments)).await.unwrap();
        assert_eq!(search.found_in(run.err.as_bytes()), Vec::<String>::new());
    }
    for more in [20, 200, 600] {
        let goal = estate.simulator.requests().len() + more;
        let mut scan = begin(estate.folder.path(), &["scan", "--no-alerts"], Stdio::null());
        tokio::select! {
            _ = scan.wait() => {}
            () = estate.simulator.asked(goal) => scan.kill().await.unwrap(),
        }
        assert_eq!(search.found_below(estate.folder.path()), Vec::<String>::new(), "killed after {more} requests");
    }
}

/// A secret that is pasted where a reference belongs is refused and not repeated, whichever slot it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_pasted_into_any_slot_is_not_repeated() {
    let estate = everything().await;
    let secrets = with_all_slots(&estate);
    let path = estate.path("keyroll.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let mut pasted = 0;
    for slot in secrets.keys() {
        let reference = format!("file:{}", estate.path(&format!("{slot}.secret")).display());
        let whole = fs::read_to_string(estate.path(&format!("{slot}.secret"))).unwrap();
        let Some((before, after)) = text.split_once(&reference) else { panic!("{slot} is in the configuration") };
        let value = if after.starts_with('"') { whole.trim().to_owned() } else { format!("\"{}\"", whole.trim()) };
        fs::write(&path, format!("{before}{value}{after}")).unwrap();
        let arguments = match slot.split('-').next() {
            Some("daemon" | "calendar") => &["daemon"][..],
            Some("bucket") => &["export", "parquet", "--out", "s3://lake/x"],
            _ => &["scan"],
        };
        let folder = estate.folder.path().to_owned();
        let run = tokio::task::spawn_blocking(move || keyroll(&folder, arguments)).await.unwrap();
        assert_eq!(run.code, 3, "{slot}: {}", run.err);
        let search = Search::of(&[(slot.clone(), secrets[slot].clone())].into());
        assert_eq!(search.found_in(run.err.as_bytes()), Vec::<String>::new(), "{slot}: {}", run.err);
        assert_eq!(search.found_in(run.out.as_bytes()), Vec::<String>::new(), "{slot}");
        pasted += 1;
    }
    assert!(pasted >= 20, "only {pasted} slots");
}

/// A program that gives a secret sees how it is called: no secret is in any command line, and no core file will be written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_on_a_command_line_and_no_core_is_dumped() {
    let estate = Estate::new().await;
    let path = estate.path("keyroll.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let script = estate.path("give.sh");
    let lines = "cat /proc/$PPID/cmdline /proc/$$/cmdline > called\ncat /proc/$$/environ > environment\n\
                 (ulimit -S -c; ulimit -H -c) > core\ncat \"$1\"\n";
    fs::write(&script, lines).unwrap();
    let reference = format!("key: file:{}", estate.path("org-key").display());
    let command = format!("key_command: [sh, {}, {}]", script.display(), estate.path("org-key").display());
    fs::write(&path, text.replace(&reference, &command)).unwrap();
    let run = run(&estate, &["scan", "--source", "org"]).await;
    assert!([0, 10, 20, 30].contains(&run.code), "{}", run.err);
    let secrets = [("org-key", estate.simulator.org_key()), ("jira-token", estate.simulator.site_token())];
    let search = Search::of(&secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    for file in ["called", "environment"] {
        let bytes = fs::read(estate.path(file)).unwrap();
        assert_eq!(search.found_in(&bytes), Vec::<String>::new(), "{file}");
    }
    assert!(!fs::read(estate.path("called")).unwrap().is_empty());
    assert_eq!(fs::read_to_string(estate.path("core")).unwrap(), "0\n0\n");
}

/// What only its owner may read: all that a scan keeps for itself, whatever the user's mask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_scan_keeps_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let estate = Estate::new().await;
    let folder = estate.folder.path().to_owned();
    let scan = tokio::task::spawn_blocking(move || {
        Command::new("sh")
            .args([
                "-c",
                &format!("umask 000; {} scan > said 2>&1; {0} evidence keygen key", env!("CARGO_BIN_EXE_keyroll")),
            ])
            .current_dir(&folder)
            .env_clear()
            .status()
            .unwrap()
    });
    assert!(scan.await.unwrap().success());
    let mut kept = 0;
    for entry in fs::read_dir(estate.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("keyroll.db") || name == "key" {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            kept += 1;
        }
    }
    assert!(kept >= 2, "only {kept} files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_name_no_people() {
    let estate = Estate::new().await;
    let run = run(&estate, &["-vv", "scan"]).await;
    let log: Vec<&str> = run.err.lines().filter(|line| line.starts_with('{')).collect();
    assert!(log.len() > 50, "only {} lines were logged", log.len());
    let people = estate.simulator.site_user();
    for line in log {
        assert!(!line.contains("@acme.example") && !line.contains(people), "{line}");
    }
}

/// The search itself finds what it is meant to find.
#[test]
fn a_secret_is_found_in_every_spelling() {
    let search = Search::of(&[("one".to_owned(), PLANTED.to_owned())].into());
    let coded = |before: &str| BASE64_STANDARD.encode(format!("{before}{PLANTED} and more"));
    let percent = PLANTED.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    for text in [PLANTED.to_owned(), coded(""), coded("a"), coded("me@acme.example:"), coded("abc"), percent] {
        assert!(!search.found_in(format!("x{text}y").as_bytes()).is_empty(), "{text}");
    }
    assert!(search.found_in(b"pl.4nted, but not the whole").is_empty());
}
