//! `keyroll store`, and a configuration whose store is a database.

use std::fs;

use crate::support::demo::demo;
use crate::support::keyroll::keyroll;

#[test]
fn the_roles_are_printed_as_they_are_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(folder.path(), &["store", "roles"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.out.trim_end(), include_str!("../../src/store/migrations/postgres/roles.sql").trim_end());
}

#[test]
fn a_store_in_a_file_is_copied_whole_and_into_a_new_one_only() {
    let folder = tempfile::tempdir().unwrap();
    demo().copy_into(folder.path());
    let copy = ["store", "copy", "--from", "sqlite:keyroll-demo/keyroll.db", "--to", "sqlite:keyroll-demo/copy.db"];
    let run = keyroll(folder.path(), &copy);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("each held against its digest"), "{}", run.out);
    let configuration = fs::read_to_string(folder.path().join("keyroll-demo/keyroll.yaml")).unwrap();
    let configured = configuration.replace("\nstore: keyroll.db\n", "\nstore: copy.db\n");
    assert_ne!(configured, configuration);
    fs::write(folder.path().join("keyroll-demo/copy.yaml"), configured).unwrap();
    let asked = |config: &str| {
        [vec!["snapshots"], vec!["findings"], vec!["drift", "--from", "s2"]].map(|question| {
            let run = keyroll(folder.path(), &[&["--config", config], &question[..]].concat());
            assert_eq!(run.code, 0, "{}", run.err);
            run.out
        })
    };
    assert_eq!(asked("keyroll-demo/copy.yaml"), asked("keyroll-demo/keyroll.yaml"));
    let again = keyroll(folder.path(), &copy);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("a copy needs a new store"), "{}", again.err);
}

#[test]
fn an_address_that_holds_a_password_is_refused_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    let configured = "estate: acme\nstore: postgres://keyroll:hunter2@db.example.com/keyroll\n";
    fs::write(folder.path().join("keyroll.yaml"), configured).unwrap();
    let run = keyroll(folder.path(), &["findings"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("the address holds a password") && run.err.contains("keyroll.yaml:2"), "{}", run.err);
    assert!(!run.err.contains("hunter2"), "{}", run.err);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_program_without_postgresql_says_so() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keyroll.yaml"), "estate: acme\nstore: postgres://keyroll@db/keyroll\n").unwrap();
    let run = keyroll(folder.path(), &["findings"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("built without `--features postgres`"), "{}", run.err);
}

/// Ten nights of the demo go to a server; every question is answered there as from the file.
#[cfg(feature = "postgres")]
#[test]
fn questions_are_answered_from_a_database_as_from_a_file() {
    use crate::support::cluster::own_store;
    use keyroll::store::Location;

    let Some((cluster, Location::Postgres(address))) = own_store() else { return };
    let (host, port) = address.hosts.first().unwrap();
    assert_eq!(*port, cluster.port);
    let (host, tenant) = (host.replace('/', "%2F"), address.tenant.replace(' ', "%20"));
    let database = format!("postgres://k_writer@{host}:{port}/keyroll?tenant={tenant}");
    let folder = tempfile::tempdir().unwrap();
    demo().copy_into(folder.path());
    let copied =
        keyroll(folder.path(), &["store", "copy", "--from", "sqlite:keyroll-demo/keyroll.db", "--to", &database]);
    assert_eq!(copied.code, 0, "{}", copied.err);
    let configuration = fs::read_to_string(folder.path().join("keyroll-demo/keyroll.yaml")).unwrap();
    assert!(configuration.contains("\nstore: keyroll.db\n"));
    let configured = configuration.replace("\nstore: keyroll.db\n", &format!("\nstore: {database}\n"));
    let server = folder.path().join("keyroll-demo/server.yaml");
    fs::write(&server, configured).unwrap();
    let server = server.display().to_string();
    let file = folder.path().join("keyroll-demo/keyroll.yaml").display().to_string();
    for question in [
        vec!["findings"],
        vec!["drift"],
        vec!["drift", "--from", "s2"],
        vec!["coverage"],
        vec!["snapshots"],
        vec!["snapshots", "prune", "--dry-run"],
        vec!["waivers"],
        vec!["calendar"],
        vec!["alerts", "pending"],
        vec!["inventory", "credential"],
        vec!["rules", "try", "token-idle"],
        vec!["report", "--format", "csv"],
    ] {
        let asked = |config: &str| {
            let words = [&["--config", config, "--now", "2026-11-22T07:30:00Z"], &question[..]].concat();
            let run = keyroll(folder.path(), &words);
            (run.code, run.out, run.err.replace("server.yaml", "keyroll.yaml"))
        };
        assert_eq!(asked(&server), asked(&file), "{question:?}");
    }
    let migrated = keyroll(folder.path(), &["--config", &server, "store", "migrate"]);
    assert_eq!(migrated.code, 0, "{}", migrated.err);
}
