//! Exports that are mapped to resources: whole ones, and everything that can be wrong with one. No row is lost in silence.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keyroll::clock::FixedClock;
use keyroll::document;
use keyroll::drift;
use keyroll::http::Factory;
use keyroll::model::{Collection, EndpointState, Kind, LedgerEntry, Snapshot, What};
use keyroll::problem::{Problems, SourceText};
use keyroll::sources::{Depth, SOURCES, Source};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::{entry, facts, morning, sealed};
use crate::support::keyroll::keyroll;
use crate::support::project;

/// A folder with a configuration and an export in it.
struct Export {
    folder: TempDir,
    yaml: String,
}

const TOKENS: &str = "\
path: tokens.csv
instance: ci
mapping:
  kind: credential
  form: { value: personal-access-token }
  id: id
  name: label
  never: [never]
  fields:
    owner: user
    created_at: created
    expires_at: expires
    scopes: { column: rights, separator: ' ' }
";

const ROWS: &str = "\
id,label,user,created,expires,rights,secret_hash
1,jenkins,svc-ci,2026-01-02T03:04:05Z,2027-01-02T03:04:05Z,write read,s3cret-one
2,sync,ada,2026-02-02T03:04:05Z,never,read,s3cret-two
";

impl Export {
    fn new(yaml: &str, name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), content).unwrap();
        Self { folder, yaml: yaml.to_owned() }
    }

    /// An export of tokens, with some more lines in the configuration.
    fn tokens(more: &str, content: impl AsRef<[u8]>) -> Self {
        Self::new(&format!("{TOKENS}{more}"), "tokens.csv", content)
    }

    fn build(&self) -> Result<Box<dyn Source>, Problems> {
        build_in(self.folder.path(), "file", &self.yaml)
    }

    async fn look(&self) -> Collection {
        self.build().unwrap().look(Depth::Whole, &Default::default()).await
    }

    async fn entry(&self) -> LedgerEntry {
        let collection = self.look().await;
        assert_eq!(collection.ledger.len(), 1);
        if collection.ledger[0].state == EndpointState::Failed {
            assert!(collection.resources.is_empty(), "a file that is refused shows nothing");
        }
        collection.ledger[0].clone()
    }

    /// Why the file is refused, which it must be.
    async fn refusal(&self) -> String {
        let entry = self.entry().await;
        assert_eq!(entry.state, EndpointState::Failed, "{}", entry.reason);
        entry.reason
    }
}

/// Builds a source as a configuration in the folder would.
pub(super) fn build_in(folder: &Path, kind: &str, yaml: &str) -> Result<Box<dyn Source>, Problems> {
    let kind = SOURCES.iter().find(|each| each.name == kind).unwrap();
    let file = SourceText::new(&folder.join("keyroll.yaml").display().to_string(), yaml);
    let clock = Arc::new(FixedClock::at(morning()));
    (kind.build)("export".into(), document::parse(&file).unwrap(), &Factory::new(clock.clone()), clock)
}

#[tokio::test]
async fn rows_become_resources_and_columns_that_nobody_asked_for_are_dropped() {
    let export = Export::tokens("complete: true\n", ROWS);
    let collection = export.look().await;
    let entry = entry(&collection.ledger, "rows").clone();
    assert_eq!((entry.state, entry.rows, entry.visible_only), (EndpointState::Complete, 2, false), "{}", entry.reason);
    assert_eq!((entry.path.as_str(), entry.requests, entry.pages), ("FILE tokens.csv", 0, 1));
    assert_eq!((entry.shows.as_slice(), &*entry.forms[0]), ([Kind::Credential].as_slice(), "personal-access-token"));
    let snapshot = sealed(collection);
    assert_eq!(
        facts(&snapshot, "ci/credential/1"),
        json!({"form": "personal-access-token", "owner": "ci/principal/svc-ci", "status": "active",
               "created_at": "2026-01-02T03:04:05Z", "expires_at": "2027-01-02T03:04:05Z", "scopes": ["read", "write"]})
    );
    assert!(facts(&snapshot, "ci/credential/2")["expires_at"].is_null());
    assert!(!format!("{snapshot:?}").contains("s3cret"));
}

#[tokio::test]
async fn an_empty_cell_tells_nothing_unless_the_mapping_says_what_it_means() {
    let rows = "id,label,user,created,expires,rights\n1,x,,,,\n";
    let snapshot = sealed(Export::tokens("", rows).look().await);
    assert_eq!(facts(&snapshot, "ci/credential/1"), json!({"form": "personal-access-token"}));
    let export = Export { yaml: TOKENS.replace("never: [never]", "never: ['']"), ..Export::tokens("", rows) };
    let token = facts(&sealed(export.look().await), "ci/credential/1");
    assert_eq!(
        token,
        json!({"form": "personal-access-token", "status": "active", "created_at": null, "expires_at": null})
    );
}

#[tokio::test]
async fn an_end_beyond_a_hundred_years_is_none() {
    let rows = ROWS.replace("2027-01-02T03:04:05Z", "9999-12-31T00:00:00Z");
    let snapshot = sealed(Export::tokens("", rows).look().await);
    assert!(facts(&snapshot, "ci/credential/1")["expires_at"].is_null());
}

/// Everything that makes a file no table of the columns that are wanted.
#[tokio::test]
async fn a_file_that_is_not_what_was_described_is_refused_whole_and_says_why() {
    let utf16: Vec<u8> = ROWS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> =
        ROWS.replace("sync", "Büro").chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (ROWS.replace(',', ";").into(), &["line 1: the first line has one column", "is the delimiter `;`?"]),
        (ROWS.replace(',', "\t").into(), &["is the delimiter `tab`?"]),
        (utf16, &["UTF-16", "iconv"]),
        (latin, &["line 3", "0xFC", "WINDOWS-1252"]),
        (ROWS.replace("expires", "expiry").into(), &["column `expires`: is missing", "did you mean `expiry`?"]),
        (ROWS.replace("created", "begun").into(), &["column `created`: is missing", "there are `id`"]),
        (ROWS.replace("secret_hash", "Expires").into(), &["column `expires`: comes 2 times"]),
        (b"<!DOCTYPE html><html><body>Log in</body></html>".to_vec(), &["web page", "login"]),
        (Vec::new(), &["is empty"]),
        (b"PK\x03\x04...".to_vec(), &["spreadsheet"]),
        (b"[{\"id\": 1}]".to_vec(), &["looks like JSON", "format: json"]),
        (ROWS.replace("sync", "\"sync").into(), &["line 3: a quote that begins here never closes"]),
        (ROWS.replace("jenkins", "\"jen\"kins").into(), &["line 2: there is text behind a closing quote"]),
    ];
    for (content, expected) in cases {
        let reason = Export::tokens("bad_rows: skip\n", &content).refusal().await;
        for expected in expected {
            assert!(reason.contains(expected), "{expected} is not in {reason}");
        }
        assert!(!reason.contains("s3cret"), "{reason}");
    }
    let gone = Export::tokens("", ROWS);
    fs::remove_file(gone.folder.path().join("tokens.csv")).unwrap();
    let reason = gone.refusal().await;
    assert!(reason.contains("tokens.csv cannot be read") && reason.contains("mend `path`"), "{reason}");
}

/// Mistakes in rows refuse the file, unless it says that they may be left out.
#[tokio::test]
async fn rows_that_cannot_be_read_are_named_with_line_and_column() {
    let with = |row: &str| format!("{ROWS}{row}");
    let cases: Vec<(String, &str)> = vec![
        (with("3,half,ada,2026-03"), "line 4: the last line is cut off: it has 4 of 7 columns"),
        (with("3,half,ada,2026-03-02T03:04:05Z,never,read,"), "line 4: the last line may be cut off"),
        (
            with("3,x,ada,02.03.2026,never,read,s3cret\n"),
            "line 4, column `created`: `02.03.2026` is no date in the form `rfc3339`",
        ),
        (with("3,x,ada,2026-03-02,never,read,s3cret\n"), "line 4, column `created`: `2026-03-02` is no date"),
        (with("3,x,ada,2026-03-02T03:04:05Z,never,read,write,s3cret\n"), "line 4: has 8 columns, and the first line 7"),
        (with(",x,ada,2026-03-02T03:04:05Z,never,read,s3cret\n"), "line 4, column `id`: is empty"),
        (with("2,x,ada,2026-03-02T03:04:05Z,never,read,s3cret\n"), "line 4: is the same thing as line 3"),
        (
            with(&format!("3,\"{}\",ada,2026-03-02T03:04:05Z,never,read,s3cret\n", "x".repeat(2_000_000))),
            "line 4, column `label`: has a cell of more than a million bytes",
        ),
        (with("3,\"x\ny\nz\",ada,soon,never,read,s3cret\n"), "lines 4 to 6, column `created`: `soon` is no date"),
    ];
    for (content, expected) in cases {
        let reason = Export::tokens("", &content).refusal().await;
        assert!(reason.contains(expected) && reason.contains("bad_rows: skip"), "{expected} is not in {reason}");
        let skipping = Export::tokens("bad_rows: skip\ncomplete: true\n", &content).look().await;
        let entry = &skipping.ledger[0];
        assert_eq!(
            (entry.state, entry.rows, skipping.resources.len()),
            (EndpointState::Partial, 3, 2),
            "{}",
            entry.reason
        );
        assert!(entry.reason.starts_with("1 row is left out") && entry.reason.contains(expected), "{}", entry.reason);
        assert_eq!(entry.unreadable.len(), 1);
        assert!(entry.unreadable[0].contains(expected));
        assert!(!format!("{entry:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn all_mistakes_are_told_and_of_many_the_first_with_a_count() {
    let two = "3,x,ada,soon,later,read,s\n";
    let entry = Export::tokens("", format!("{ROWS}{two}")).entry().await;
    assert!(entry.reason.contains("refused for 2 mistakes, the first: line 4, column `created`"), "{}", entry.reason);
    assert!(entry.unreadable[1].contains("line 4, column `expires`: `later`"), "{:?}", entry.unreadable);
    let many: String = (10..60).map(|id| format!("{id},x,ada,soon,never,read,s\n")).collect();
    let entry = Export::tokens("bad_rows: skip\n", format!("{ROWS}{many}")).entry().await;
    assert!(entry.reason.starts_with("50 rows are left out"), "{}", entry.reason);
    assert_eq!((entry.unreadable.len(), entry.unreadable[20].as_str()), (21, "and 30 more mistakes"));
}

#[tokio::test]
async fn a_list_without_rows_is_no_proof_of_nothing() {
    let head = ROWS.lines().next().unwrap();
    let entry = Export::tokens("complete: true\n", format!("{head}\n")).entry().await;
    assert_eq!(entry.state, EndpointState::Partial);
    assert!(entry.reason.contains("may_be_empty: true"), "{}", entry.reason);
    let entry = Export::tokens("complete: true\nmay_be_empty: true\n", format!("{head}\n")).entry().await;
    assert_eq!((entry.state, entry.visible_only), (EndpointState::Complete, false));
}

#[tokio::test]
async fn an_export_that_counts_its_rows_proves_itself_or_not() {
    let counted = |total: &str| {
        let rows = ROWS.lines().enumerate();
        let text: String =
            rows.map(|(at, line)| format!("{line},{}\n", if at == 0 { "rows_total" } else { total })).collect();
        let export = Export::tokens("", text);
        Export { yaml: TOKENS.replace("  id: id\n", "  id: id\n  complete_when: { total_in: rows_total }\n"), ..export }
    };
    let entry = counted("2").entry().await;
    assert_eq!((entry.state, entry.visible_only, entry.rows_expected), (EndpointState::Complete, false, Some(2)));
    let entry = counted("200").entry().await;
    assert_eq!((entry.state, entry.rows_expected), (EndpointState::Partial, Some(200)));
    assert!(entry.reason.contains("counts 200 rows and has 2"), "{}", entry.reason);
    let reason = counted("many").refusal().await;
    assert!(reason.contains("column `rows_total`: `many` is no whole number"), "{reason}");
    let without = Export { yaml: counted("2").yaml, ..Export::tokens("", ROWS) };
    assert!(without.entry().await.visible_only, "nothing counts the rows, and nobody says that these are all");
}

#[tokio::test]
async fn rows_that_say_themselves_that_they_are_not_whole_make_the_export_partial() {
    let mapping = TOKENS.replace("  id: id\n", "  id: id\n  complete_when: { column: label, is: [jenkins] }\n");
    let entry = Export { yaml: mapping, ..Export::tokens("", ROWS) }.entry().await;
    assert_eq!(entry.state, EndpointState::Partial);
    assert!(entry.reason.contains("1 row is not whole") && entry.reason.contains("line 3"), "{}", entry.reason);
}

#[tokio::test]
async fn an_export_that_is_too_old_says_so() {
    let aged = |more: &str, days: u64| {
        let export = Export::tokens(more, ROWS);
        let file = fs::File::options().write(true).open(export.folder.path().join("tokens.csv")).unwrap();
        file.set_modified(SystemTime::from(morning()) - Duration::from_secs(days * 86_400 + 60)).unwrap();
        export
    };
    assert_eq!(aged("older_than_days: 3\n", 2).entry().await.state, EndpointState::Complete);
    let entry = aged("older_than_days: 3\n", 4).entry().await;
    assert_eq!(entry.state, EndpointState::Partial);
    assert!(entry.reason.contains("4 days old") && entry.reason.contains("write it again"), "{}", entry.reason);
    let entry = aged("older_than_days: 3\nexported_at: created\n", 0).entry().await;
    assert!(entry.reason.contains("293 days old"), "what the export says counts: {}", entry.reason);
}

/// Two nights of an export of some tokens: one of them is not in it the second night.
#[tokio::test]
async fn what_is_missing_in_a_list_that_is_not_whole_is_not_gone() {
    async fn night(more: &str, rows: &str) -> Snapshot {
        let mapping = format!("{TOKENS}    container: {{ value: instance }}\n{more}");
        let tokens = Export::new(&mapping, "tokens.csv", rows).look().await;
        let yaml = "path: i.csv\ninstance: ci\ncomplete: true\nmapping:\n  kind: container\n  form: { value: instance }\n  id: id\n";
        let mut product = Export::new(yaml, "i.csv", "id\ninstance\n").look().await;
        // Another source of the same instance.
        product.ledger[0].source = "product".into();
        product.resources[0].seen_by[0].source = "product".into();
        Snapshot::seal(vec![tokens, product])
    }
    let fewer: String = ROWS.lines().take(2).map(|line| format!("{line}\n")).collect();
    for (more, expected) in [("", What::NotObserved), ("complete: true\n", What::Removed)] {
        let comparison = drift::compare(&night(more, ROWS).await, &night(more, &fewer).await);
        let told: Vec<What> = comparison.changes.iter().map(|change| change.what).collect();
        assert_eq!(told, [expected], "{more}");
    }
}

#[tokio::test]
async fn global_permissions_make_administrators_of_groups_and_open_doors_to_anyone() {
    let yaml = "path: p.csv\ninstance: jira\nmapping: jira-dc-global-permissions\n";
    let rows = "permission,group_id,rows_total\nADMINISTER,jira-administrators,4\nSYSTEM_ADMIN,ops,4\n\
                BULK_CHANGE,staff,4\nUSER_PICKER,,4\n";
    let collection = Export::new(yaml, "p.csv", rows).look().await;
    let entry = &collection.ledger[0];
    assert_eq!((entry.state, entry.visible_only), (EndpointState::Complete, false), "{}", entry.reason);
    assert_eq!(entry.shows, [Kind::Group, Kind::Grant]);
    let snapshot = sealed(collection);
    assert_eq!(
        facts(&snapshot, "jira/grant/global-permission:ADMINISTER/group:jira-administrators"),
        json!({"form": "global-permission", "role": "ADMINISTER", "holder": "group",
               "group": "jira/group/jira-administrators", "container": "jira/container/instance"})
    );
    assert_eq!(facts(&snapshot, "jira/grant/global-permission:USER_PICKER/anyone")["holder"], "anyone");
    assert_eq!(facts(&snapshot, "jira/group/ops")["administers"], true);
    assert_eq!(facts(&snapshot, "jira/group/staff")["administers"], false);
    let cut = rows.replace(",4", ",9");
    let snapshot = sealed(Export::new(yaml, "p.csv", cut).look().await);
    assert_eq!(facts(&snapshot, "jira/group/ops")["administers"], true);
    assert!(
        facts(&snapshot, "jira/group/staff").get("administers").is_none(),
        "another row may make administrators of it"
    );
}

#[tokio::test]
async fn consumers_tell_whom_they_act_as_and_keep_no_path_of_an_address() {
    let yaml = "path: c.csv\ninstance: jira\nmapping: jira-dc-oauth-consumers\n";
    let rows = "consumer_key,consumername,created,callback,executing_user_key,two_l_o_impersonation_allowed,rows_total\n\
                align,Jira Align,2025-01-02 03:04:05+00,https://align.acme.example/cb?x=s3cret,JIRAUSER10100,t,2\n\
                old,Old,2020-01-02 03:04:05+00,,,f,2\n";
    let snapshot = sealed(Export::new(yaml, "c.csv", rows).look().await);
    let align = facts(&snapshot, "jira/credential/oauth-consumer:align");
    assert_eq!((&align["owner"], &align["impersonates"]), (&json!("jira/principal/JIRAUSER10100"), &json!(true)));
    assert_eq!(align["hosts"], json!(["https://align.acme.example"]));
    assert!(facts(&snapshot, "jira/credential/oauth-consumer:old")["owner"].is_null());
    assert!(!format!("{snapshot:?}").contains("s3cret"));
}

#[tokio::test]
async fn the_ready_made_mappings_read_what_their_queries_give() {
    for (mapping, name, content, id, expected) in [
        (
            "jira-dc-tokens",
            "t.csv",
            "id,name,user_key,created_at,expiring_at,last_accessed_at,rows_total\n\
             41,sync,JIRAUSER10100,2025-01-02T03:04:05Z,9999-12-31T00:00:00Z,,1\n",
            "x/credential/personal-access-token:41",
            json!({"form": "personal-access-token", "owner": "x/principal/JIRAUSER10100", "status": "active",
                   "created_at": "2025-01-02T03:04:05Z", "expires_at": null, "last_used_at": null, "scopes": null,
                   "container": "x/container/instance", "impersonates": false}),
        ),
        (
            "jira-dc-last-logins",
            "l.csv",
            "user_key,user_name,display_name,directory_name,last_login_millis,rows_total\n\
             JIRAUSER10100,ada,Ada Muster,LDAP,1772442847000,2\nJIRAUSER10101,bob,Bob,LDAP,,2\n",
            "x/principal/JIRAUSER10100",
            json!({"username": "ada", "directory": "LDAP", "last_login_at": "2026-03-02T09:14:07Z"}),
        ),
        (
            "jira-dc-oauth-clients",
            "o.csv",
            "id,name,scope,user_key,last_accessed_millis,rows_total\n7,Portal,READ,JIRAUSER10100,1772442847000,1\n",
            "x/credential/oauth2-client:7",
            json!({"form": "incoming-link", "owner": null, "created_by": "x/principal/JIRAUSER10100", "status": "active",
                   "expires_at": null, "last_used_at": "2026-03-02T09:14:07Z", "scopes": ["READ"],
                   "container": "x/container/instance", "impersonates": false}),
        ),
        (
            "jira-dc-outgoing-oauth",
            "a.csv",
            "id,name,type,token_endpoint,rows_total\n7,Mail,google,https://oauth.example.com/token?x=y,1\n",
            "x/app/outgoing-oauth:7",
            json!({"form": "application-link", "container": "x/container/instance", "key": "google",
                   "address": "https://oauth.example.com", "access": ["outgoing-three-legged"]}),
        ),
        (
            "bitbucket-dc-tokens",
            "b.csv",
            "token_id,name,user_id,created_date,expiry_days,last_authenticated,permissions,rows_total\n\
             252,ci,17,2026-11-01T00:00:00Z,90,,\"REPO_WRITE,PROJECT_READ\",2\n253,x,17,2026-11-01T00:00:00Z,,,,2\n",
            "x/credential/personal-access-token:252",
            json!({"form": "personal-access-token", "owner": "x/principal/17", "status": "active",
                   "created_at": "2026-11-01T00:00:00Z", "expires_at": "2027-01-30T00:00:00Z", "last_used_at": null,
                   "scopes": ["PROJECT_READ", "REPO_WRITE"], "container": "x/container/instance", "impersonates": false}),
        ),
        (
            "github-org-tokens",
            "g.json",
            r#"[{"id": 25381, "owner": {"login": "octocat", "id": 1}, "repository_selection": "all",
                 "permissions": {"organization": {"members": "read"}, "repository": {"contents": "write"}},
                 "access_granted_at": "2026-05-16T08:47:09.000-07:00", "token_id": 98716, "token_name": "sync",
                 "token_expired": false, "token_expires_at": null, "token_last_used_at": "2026-11-16T08:47:09.000-07:00"}]"#,
            "x/credential/personal-access-token:98716",
            json!({"form": "personal-access-token", "owner": "x/principal/octocat", "status": "active", "expires_at": null,
                   "last_used_at": "2026-11-16T15:47:09Z",
                   "scopes": ["organization.members:read", "repository.contents:write"]}),
        ),
        (
            "gitlab-tokens",
            "l.json",
            r#"[{"id": 4, "name": "ci", "revoked": false, "created_at": "2026-07-23T14:31:47.729Z", "scopes": ["api", "read_user"],
                 "user_id": 24, "last_used_at": null, "active": true, "expires_at": "2027-03-01"}]"#,
            "x/credential/personal-access-token:4",
            json!({"form": "personal-access-token", "owner": "x/principal/24", "status": "active",
                   "created_at": "2026-07-23T14:31:47.729Z", "expires_at": "2027-03-01T00:00:00Z", "last_used_at": null,
                   "scopes": ["api", "read_user"]}),
        ),
    ] {
        let yaml = format!("path: {name}\ninstance: x\nmapping: {mapping}\n");
        let collection = Export::new(&yaml, name, content).look().await;
        assert_eq!(collection.ledger[0].state, EndpointState::Complete, "{mapping}: {}", collection.ledger[0].reason);
        assert_eq!(collection.ledger[0].visible_only, name.ends_with(".json"), "{mapping}");
        assert_eq!(facts(&sealed(collection), id), expected, "{mapping}");
    }
}

#[tokio::test]
async fn owners_are_found_by_name_or_mail_among_the_accounts_of_other_sources() {
    let accounts = "path: a.csv\ninstance: ci\nmapping:\n  kind: principal\n  id: key\n  fields: { username: login, email: mail }\n";
    let accounts = Export::new(accounts, "a.csv", "key,login,mail\nK1,ada,ada@acme.example\nK2,bob,bob@acme.example\n");
    for (by, users) in [("name", ["ADA", "nobody"]), ("mail", ["Ada@acme.example", "eva@acme.example"])] {
        let rows = ROWS.replace("svc-ci", users[0]).replace(",ada,", &format!(",{},", users[1]));
        let yaml = TOKENS.replace("owner: user", &format!("owner: {{ column: user, by: {by} }}"));
        let tokens = Export { yaml, ..Export::tokens("", rows) };
        let snapshot = Snapshot::seal(vec![tokens.look().await, accounts.look().await]);
        assert_eq!(facts(&snapshot, "ci/credential/1")["owner"], "ci/principal/K1", "{by}");
        assert!(facts(&snapshot, "ci/credential/2").get("owner").is_none(), "{by}");
    }
}

#[tokio::test]
async fn json_is_read_from_where_its_rows_are_and_line_by_line() {
    let mapping =
        "instance: ci\nmapping:\n  kind: setting\n  fields: { key: name, value: state.now, exceptions: but }\n";
    let whole = "{\"page\": {\"values\": [\n  {\"name\": \"basic-auth\", \"state\": {\"now\": \"blocked\"}, \"but\": [\"svc\"]},\n  {\"name\": \"x\"}\n]}}";
    let export = Export::new(&format!("path: s.json\nrows: $.page.values\n{mapping}"), "s.json", whole);
    let snapshot = sealed(export.look().await);
    assert_eq!(
        facts(&snapshot, "ci/setting/basic-auth"),
        json!({"key": "basic-auth", "value": "blocked", "exceptions": ["svc"]})
    );
    assert_eq!(facts(&snapshot, "ci/setting/x"), json!({"key": "x"}));
    let lines = "{\"name\": \"a\", \"state\": {\"now\": 1}, \"but\": null}\n{\"name\": \"b\", \"but\":";
    let export = Export::new(&format!("path: s.ndjson\n{mapping}"), "s.ndjson", lines);
    assert!(export.refusal().await.contains("line 2: the last line is cut off"));
    let lost = Export::new(&format!("path: s.json\n{mapping}"), "s.json", whole).refusal().await;
    assert!(lost.contains("`$` is no list of rows"), "{lost}");
}

fn told(yaml: &str) -> Vec<String> {
    let export = Export::new(yaml, "x", "");
    let problems = export.build().err().map(|problems| problems.0).unwrap_or_default();
    let folder = format!("{}/", export.folder.path().display());
    problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
}

#[test]
fn all_mistakes_of_a_configuration_are_told_at_once() {
    let yaml =
        "path: tokens.csv\ninstance: a/b\ndelimiter: ';;'\nbad_rows: ignore\ncomplet: true\nmapping: jira-dc-token\n";
    assert_eq!(
        told(yaml).iter().map(|line| line.split(" (").next().unwrap()).collect::<Vec<_>>(),
        [
            "keyroll.yaml:2:11: `instance` cannot be `a/b`",
            "keyroll.yaml:6:10: there is no mapping `jira-dc-token`",
            "keyroll.yaml:3:12: `delimiter` cannot be `;;`",
            "keyroll.yaml:4:11: `bad_rows` cannot be `ignore`",
            "keyroll.yaml:5:1: unknown key `complet`",
        ]
    );
    assert!(told(yaml)[1].contains("did you mean `jira-dc-tokens`?"));
    let inline = TOKENS.replace("rights", "HASHED_TOKEN").replace("owner: user", "ownr: user");
    let told = told(&inline);
    assert!(
        told.iter().any(|told| told.contains("column `HASHED_TOKEN` is named like the value of a secret")),
        "{told:?}"
    );
    assert!(told.iter().any(|told| told.contains("unknown key `ownr`") && told.contains("`owner`")), "{told:?}");
}

/// Every row of a text is a resource or has a mistake, whatever the text is; and nothing panics.
fn no_row_is_lost(name: &str, yaml: &str, content: &[u8], rows: Option<usize>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let export = Export::new(yaml, name, content);
    let collection = runtime.block_on(export.look());
    let entry = &collection.ledger[0];
    assert!(!entry.reason.contains("broke off"), "{}", entry.reason);
    if entry.state == EndpointState::Failed {
        assert!(collection.resources.is_empty() && !entry.reason.is_empty());
        return;
    }
    if let Some(rows) = rows {
        assert_eq!(entry.rows, rows as u64, "{}", String::from_utf8_lossy(content));
    }
    let left_out = usize::try_from(entry.rows).unwrap() - collection.resources.len();
    assert_eq!(left_out > 0, !entry.unreadable.is_empty(), "{entry:?}");
    let said = if left_out == 1 { "1 row is left out".to_owned() } else { format!("{left_out} rows are left out") };
    assert_eq!(left_out > 0, entry.reason.starts_with(&said), "{entry:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_it_panic_or_lose_a_row(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[id,;\"'\n\r{}\\[\\]:1 é]{0,80}") {
        let csv = format!("{TOKENS}bad_rows: skip\n");
        let json = csv.replace("tokens.csv", "t.json");
        let lines = csv.replace("tokens.csv", "t.ndjson");
        for content in [bytes.as_slice(), text.as_bytes(), &[ROWS.as_bytes(), text.as_bytes()].concat()] {
            no_row_is_lost("tokens.csv", &csv, content, None);
            no_row_is_lost("t.json", &json, content, None);
            no_row_is_lost("t.ndjson", &lines, content, None);
        }
    }

    #[test]
    fn rows_in_are_resources_and_named_bad_rows(rows in prop::collection::vec(("[0-9]{0,2}", "[a-z,\"\n]{0,6}", "(soon|2026-01-02T03:04:05Z|)"), 0..12)) {
        let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
        let lines: String = rows.iter().map(|(id, name, date)| format!("{id},{},u,{date},never,r,x\n", quoted(name))).collect();
        let head = ROWS.lines().next().unwrap();
        let yaml = format!("{TOKENS}bad_rows: skip\n");
        no_row_is_lost("tokens.csv", &yaml, format!("{head}\n{lines}").as_bytes(), Some(rows.len()));
        let objects: Vec<_> = rows.iter().map(|(id, name, date)| json!({"id": id, "label": name, "user": "u", "created": date, "expires": null, "rights": []})).collect();
        let yaml = yaml.replace("tokens.csv", "t.json");
        no_row_is_lost("t.json", &yaml, serde_json::to_string_pretty(&objects).unwrap().as_bytes(), Some(rows.len()));
    }
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Files alone make an estate: no network, no credential.
#[test]
fn the_example_is_scanned_whole_and_the_command_says_what_is_wrong_with_a_file() {
    let folder = tempfile::tempdir().unwrap();
    copied(&project().join("examples/file-import"), folder.path());
    let run = |arguments: &[&str]| keyroll(folder.path(), &[&["--now", "2026-11-22T02:00:00Z"], arguments].concat());
    let scan = run(&["scan"]);
    assert!([0, 10].contains(&scan.code), "complete, with findings or none: {}{}", scan.out, scan.err);
    let credentials = run(&["inventory", "credentials"]);
    assert!(
        credentials.out.contains("release-bot") && credentials.out.contains("old; kept by mistake"),
        "{}",
        credentials.out
    );
    let export = folder.path().join("exports/build-tokens.csv");
    let rows = fs::read_to_string(&export).unwrap();
    fs::write(&export, rows.replace("02.03.2026 10:14", "2026-03-02 10:14")).unwrap();
    let scan = run(&["scan"]);
    assert!([20, 30].contains(&scan.code), "a row was left out: {}{}", scan.out, scan.err);
    let coverage = run(&["coverage"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(coverage.contains("line 2, column `created`: `2026-03-02 10:14` is no date"), "{coverage}");
    fs::write(folder.path().join("people.csv"), "mail,name\nada,Ada\n").unwrap();
    let scan = run(&["scan"]);
    assert_eq!(scan.code, 3, "{}{}", scan.out, scan.err);
    assert!(scan.err.contains("people.csv:2:1") && scan.err.contains("no mail address"), "{}", scan.err);
}
