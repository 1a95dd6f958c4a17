//! Building sources from what people write: all mistakes at once, each at its place, and no secret shown.

use keyroll::sources::SOURCES;

use super::{build, secret_file};

fn told(kind: &str, yaml: &str) -> Vec<String> {
    let problems = build(kind, yaml).err().map(|problems| problems.0).unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_kind_of_source_has_its_papers() {
    assert_eq!(SOURCES.len(), 11);
    for kind in SOURCES {
        assert!(!kind.summary.is_empty() && !kind.rights.is_empty() && !kind.sees.is_empty());
        assert!(!kind.cannot_see.is_empty());
        let mut names: Vec<_> = kind.endpoints.iter().map(|endpoint| endpoint.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), kind.endpoints.len(), "{} names an endpoint twice", kind.name);
        assert!(kind.endpoints.iter().all(|endpoint| !endpoint.right.is_empty()));
        let reads_a_file = matches!(kind.name, "file" | "register" | "roster");
        assert!(kind.endpoints.iter().all(|endpoint| endpoint.requests.is_empty() == reads_a_file));
    }
}

#[test]
fn all_mistakes_of_an_organisation_are_told_at_once() {
    let yaml = "base_url: api.atlassian.com\nconcurrency: 0\nskip: [domain]\nkey: env:KEYROLL_TEST_UNSET\nor: x\n";
    assert_eq!(
        told("atlassian-org", yaml),
        [
            "keyroll.yaml:1:11: `base_url` is no address: `api.atlassian.com` (write it like `https://api.atlassian.com`)",
            "keyroll.yaml:2:14: `concurrency` is 0, expected 1 to 100",
            "keyroll.yaml:3:8: unknown endpoint `domain` (did you mean `domains`?)",
            "keyroll.yaml:4:6: cannot get the secret of `key` (environment variable `KEYROLL_TEST_UNSET` is not set: `export \
             KEYROLL_TEST_UNSET=…` where keyroll is started)",
            "keyroll.yaml:5:1: unknown key `or` (did you mean `org`?)",
        ]
    );
    assert_eq!(told("atlassian-org", "org: x\n")[0].split(" (").next().unwrap(), "keyroll.yaml:1:1: `key` is missing");
}

#[test]
fn a_pasted_secret_is_told_and_shown_nowhere() {
    for (kind, yaml) in [
        ("atlassian-org", "key: ATATT3xPlanted\n"),
        ("jira-cloud", "base_url: https://acme.atlassian.net\nuser: a@b.example\ntoken: \"ATATT3xPlanted\"\n"),
    ] {
        let problems = build(kind, yaml).err().unwrap();
        let shown: String = problems.0.iter().map(|problem| problem.render(false)).collect();
        assert!(shown.contains("is no reference"), "{shown}");
        assert!(!shown.contains("Planted") && !format!("{problems:?}").contains("Planted"), "{shown}");
    }
}

#[test]
fn the_address_of_a_page_is_not_that_of_a_site() {
    let folder = tempfile::tempdir().unwrap();
    let token = secret_file(folder.path(), "token", "t");
    let yaml = |url: &str| format!("base_url: {url}\nuser: a@b.example\ntoken: {token}\n");
    let told = told("jira-cloud", &yaml("https://acme.atlassian.net/jira/projects"));
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("write `https://acme.atlassian.net`"), "{}", told[0]);
    assert!(build("jira-cloud", &yaml("https://acme.atlassian.net/")).is_ok());
}

#[test]
fn a_service_account_needs_the_gateway_and_the_gateway_needs_the_cloud_id() {
    let folder = tempfile::tempdir().unwrap();
    let secret = secret_file(folder.path(), "secret", "s");
    let yaml = format!("base_url: https://acme.atlassian.net\nclient_id: c\nclient_secret: {secret}\n");
    assert!(told("jira-cloud", &yaml)[0].contains("through the gateway only"));
    assert!(told("jira-cloud", &format!("{yaml}gateway: true\n"))[0].contains("`gateway` needs `cloud_id`"));
    let whole = format!("{yaml}gateway: true\ncloud_id: 11f1\n");
    assert!(build("jira-cloud", &whole).is_ok());
    let both = told("jira-cloud", &format!("{whole}user: a@b.example\n"));
    assert_eq!(both.len(), 1);
    assert!(both[0].contains("two ways to log in"), "{}", both[0]);
}
