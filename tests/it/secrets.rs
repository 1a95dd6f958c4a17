//! Planted secrets: keyroll's own, in every slot of the configuration, and values inside answers. After a scan with
//! the loudest log they are searched for in everything that was written and said.

use std::fs;
use std::path::Path;

use crate::support::keyroll::keyroll;
use crate::support::pretended::Estate;

fn files_with(folder: &Path, needle: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, needle, found);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_the_scanner_is_written_or_said() {
    let estate = Estate::new().await;
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll(&folder, &["-vv", "scan", "--reports", "csv,json,table"]))
        .await
        .unwrap();
    assert!(run.err.len() > 1000, "the log was loud");
    assert!(estate.path("reports/csv/credentials.csv").exists());
    for (secret, home) in [(estate.simulator.org_key(), "org-key"), (estate.simulator.site_token(), "jira-token")] {
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{home} was said");
        let mut found = Vec::new();
        files_with(estate.folder.path(), secret, &mut found);
        assert_eq!(found, [home], "the secret is in its own file and nowhere else");
    }
}

/// Values of pipeline variables and secrets in addresses of webhooks come in the answers, and go no further.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_in_an_answer_is_kept_or_said() {
    let estate = Estate::new().await;
    let planted = estate.simulator.planted_secrets();
    assert!(planted.len() >= 5, "only {} secrets are planted", planted.len());
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll(&folder, &["-vv", "scan", "--reports", "csv,json,table"]))
        .await
        .unwrap();
    assert!(estate.path("reports/csv/variables.csv").exists());
    for secret in planted {
        assert!(!run.out.contains(&secret) && !run.err.contains(&secret), "{secret} was said");
        let mut found = Vec::new();
        files_with(estate.folder.path(), &secret, &mut found);
        assert_eq!(found, Vec::<String>::new(), "{secret} was kept");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_name_no_people() {
    let estate = Estate::new().await;
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll(&folder, &["-vv", "scan"])).await.unwrap();
    let log: Vec<&str> = run.err.lines().filter(|line| line.starts_with('{')).collect();
    assert!(log.len() > 50, "only {} lines were logged", log.len());
    let people = estate.simulator.site_user();
    for line in log {
        assert!(!line.contains("@acme.example") && !line.contains(people), "{line}");
    }
}
