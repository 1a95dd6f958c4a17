//! The list of people: who is in it, and every mistake in it, told before anything is scanned.

use std::fs;

use keyroll::model::{EndpointState, Kind, Snapshot};
use keyroll::sources::Depth;
use serde_json::json;

use super::facts;
use super::files::build_in;

const PEOPLE: &str = "\
mail,name,employed_until,manager,team,aliases
Ada@acme.example,Ada Muster,2026-12-31,eva@acme.example,Payments,ada.m@acme.example; am@acme.example
eva@acme.example,Eva Boss,,,,
";

async fn roster(yaml: &str, people: &str) -> (Snapshot, keyroll::model::LedgerEntry) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("people.csv"), people).unwrap();
    let source = build_in(folder.path(), "roster", &format!("path: people.csv\n{yaml}")).unwrap();
    let collection = source.look(Depth::Whole, &Default::default()).await;
    let entry = collection.ledger[0].clone();
    (Snapshot::seal(vec![collection]), entry)
}

/// What is wrong with a list: the problems with their places in it.
fn told(yaml: &str, people: impl AsRef<[u8]>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("people.csv"), people).unwrap();
    let problems = build_in(folder.path(), "roster", &format!("path: people.csv\n{yaml}")).err().unwrap();
    let lines = problems.0.iter().map(ToString::to_string);
    lines.map(|line| line.replace(&format!("{}/", folder.path().display()), "")).collect()
}

#[tokio::test]
async fn people_are_known_by_their_address_and_leave_after_their_last_day() {
    let (snapshot, entry) = roster("", PEOPLE).await;
    assert_eq!(
        facts(&snapshot, "roster/person/ada@acme.example"),
        json!({"email": "ada@acme.example", "aliases": ["ada.m@acme.example", "am@acme.example"],
               "employed_until": "2027-01-01T00:00:00Z", "manager": "eva@acme.example", "team": "Payments"})
    );
    assert_eq!(
        facts(&snapshot, "roster/person/eva@acme.example"),
        json!({"email": "eva@acme.example", "aliases": [], "employed_until": null, "manager": null, "team": null})
    );
    assert_eq!(snapshot.resources[0].name, "Ada Muster");
    assert_eq!((entry.state, entry.visible_only, entry.rows), (EndpointState::Complete, true, 2));
    assert_eq!((entry.path.as_str(), entry.shows.as_slice()), ("FILE people.csv", [Kind::Person].as_slice()));
    assert!(!roster("complete: true\n", PEOPLE).await.1.visible_only);
}

#[tokio::test]
async fn a_column_that_is_not_there_tells_nothing() {
    let (snapshot, _) = roster("", "mail\nada@acme.example\n").await;
    assert_eq!(facts(&snapshot, "roster/person/ada@acme.example"), json!({"email": "ada@acme.example"}));
}

#[tokio::test]
async fn columns_dates_and_delimiter_are_as_the_configuration_says() {
    let yaml = "delimiter: ';'\ndates: '%d.%m.%Y'\ncolumns: { mail: E-Mail, employed_until: Austritt }\n";
    let (snapshot, _) =
        roster(yaml, "E-Mail;Austritt;name\nada@acme.example;31.12.2026;Ada\nb@acme.example;31.12.9999;B\n").await;
    assert_eq!(facts(&snapshot, "roster/person/ada@acme.example")["employed_until"], "2027-01-01T00:00:00Z");
    assert!(
        facts(&snapshot, "roster/person/b@acme.example")["employed_until"].is_null(),
        "a day nobody will see is none"
    );
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let people = "mail,employed_until,aliases,manager\n\
                  ada@acme.example,31.12.2026,,\n\
                  bob@acme.example,,x@acme.example,nobody\n\
                  ADA@acme.example,,,\n\
                  eva@acme.example,,bob@acme.example;x@acme.example,\n\
                  ,,,\n\
                  dan@acme.example,2026";
    assert_eq!(
        told("", people).iter().map(|line| line.split(" (").next().unwrap()).collect::<Vec<_>>(),
        [
            "people.csv:2:1: column `employed_until`: `31.12.2026` is no date in the form `%Y-%m-%d`",
            "people.csv:3:1: column `manager`: `nobody` is no mail address",
            "people.csv:6:1: column `mail`: `` is no mail address",
            "people.csv:7:1: the last line is cut off: it has 2 of 4 columns",
        ]
    );
    let doubled = "mail,aliases\nada@acme.example,\nbob@acme.example,x@acme.example\nADA@acme.example,\neva@acme.example,bob@acme.example;x@acme.example\n";
    assert_eq!(
        told("", doubled),
        [
            "people.csv:4:1: column `mail`: `ada@acme.example` is in the list already, on line 2",
            "people.csv:5:1: column `aliases`: `bob@acme.example` is the address of the person on line 3",
            "people.csv:5:1: column `aliases`: `x@acme.example` is an alias of the person on line 3 too",
        ]
    );
}

#[test]
fn a_list_that_is_none_is_told_too() {
    for (yaml, people, expected) in [
        ("", PEOPLE.replace(',', ";").into_bytes(), "is the delimiter `;`?"),
        ("", b"name\nAda\n".to_vec(), "column `mail`: is missing"),
        ("", PEOPLE.replace("employed_until", "employed_untill").into_bytes(), "did you mean `employed_untill`?"),
        ("", PEOPLE.replace("team", "mail").into_bytes(), "column `mail`: comes 2 times"),
        ("", b"mail,name\nm@acme.example,M\xfcller\n".to_vec(), "WINDOWS-1252"),
        ("", b"<html></html>".to_vec(), "web page"),
        ("", b"".to_vec(), "is empty"),
        ("", b"mail,name\n".to_vec(), "nobody in the list"),
        ("columns: { mail: mail, manger: x }\n", PEOPLE.as_bytes().to_vec(), "did you mean `manager`?"),
        ("complete: maybe\n", PEOPLE.as_bytes().to_vec(), "expected true or false"),
        ("dates: iso\n", PEOPLE.as_bytes().to_vec(), "no form of dates"),
    ] {
        let told = told(yaml, people).join("\n");
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = build_in(folder.path(), "roster", "path: people.csv\n").err().unwrap().to_string();
    assert!(missing.contains("people.csv cannot be read"), "{missing}");
}
