//! Compares the answers of the admin APIs, which have no OpenAPI description at hand, with the worked examples
//! in the API notes, when those are there: the same keys, of the same types.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::{ENDPOINTS, Visitor, demo};

/// Endpoint, and a piece of text that only its example has.
const EXAMPLES: &[(&str, &str)] = &[
    ("user-search", "\"mfaEnabled\""),
    ("user-role-assignments", "\"roleAssignmentMethods\""),
    ("group-search", "\"managementAccess\""),
    ("managed-accounts", "\"access_billable\""),
    ("workspaces", "\"capacity\""),
    ("api-tokens", "\"ALLOWED\""),
    ("api-keys", "\"systemAccountId\""),
    ("service-accounts", "\"atlassianId\""),
    ("account-management-service-accounts", "\"atlassianId\""),
    ("policies", "\"applicationStatus\""),
    ("event-actions", "\"groupDisplayName\""),
    ("events-stream", "\"processedAt\""),
    ("jira-automation", "\"ruleScopeARIs\""),
    ("confluence-automation", "\"ruleScopeARIs\""),
];

#[tokio::test]
async fn admin_answers_are_as_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/api/atlassian-cloud.md");
    let Ok(notes) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let examples = examples(&notes);
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    for (name, mark) in EXAMPLES {
        let example = examples.iter().find(|(text, _)| text.contains(mark)).map(|(_, example)| example);
        let example = example.expect("the example is there");
        let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.name == *name).unwrap();
        let (path, _) = visitor.example(endpoint.path).await;
        let expand = json!({"expand": ["platformRoles", "productAccess", "groups", "counts.resources", "counts.users"],
            "limit": 100});
        let mut answer = match endpoint.method {
            "POST" => visitor.post(&path, expand).await,
            _ => visitor.get(&path).await,
        };
        if *name == "jira-automation" {
            // One row is in the shape of the first days, which a test of its own looks at.
            answer["data"].as_array_mut().unwrap().retain(|row| row.get("idUuid").is_none());
        }
        let mut complaints = Vec::new();
        compare(example, &answer, name, &mut complaints);
        assert_eq!(complaints, Vec::<String>::new());
    }
}

/// The worked examples of the notes: blocks of their own first, then those within a line.
fn examples(notes: &str) -> Vec<(&str, Value)> {
    let parts: Vec<&str> = notes.split("```").collect();
    let blocks = parts.iter().filter_map(|part| part.strip_prefix("json\n"));
    let inline = parts.iter().step_by(2).flat_map(|part| part.split('`').skip(1).step_by(2));
    let whole = blocks.chain(inline.filter(|text| text.starts_with(['{', '['])));
    whole.filter_map(|text| Some((text, serde_json::from_str(text).ok()?))).collect()
}

#[test]
fn the_comparison_complains_about_foreign_and_missing_keys() {
    let mut complaints = Vec::new();
    let example = json!({"data": [{"id": "1", "end": null, "size": 4}]});
    compare(&example, &json!({"data": [{"id": "a", "end": "x", "size": 1}, {"id": "b"}]}), "", &mut complaints);
    assert_eq!(complaints, Vec::<String>::new());
    compare(&example, &json!({"data": [{"id": 1, "extra": true}]}), "", &mut complaints);
    assert_eq!(complaints.len(), 4, "{complaints:?}");
}

/// Follows example and answer together. Null fits everything; rows together must have all keys of the example's row.
fn compare(example: &Value, answer: &Value, at: &str, complaints: &mut Vec<String>) {
    match (example, answer) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(wanted), Value::Object(given)) => {
            for (key, value) in given {
                match wanted.get(key) {
                    Some(example) => compare(example, value, &format!("{at}.{key}"), complaints),
                    None => complaints.push(format!("{at}: {key} is in no example")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) => {
            let Some(row) = wanted.first().filter(|_| !given.is_empty()) else { return };
            for answer in given {
                compare(row, answer, at, complaints);
            }
            let keys: BTreeSet<&String> =
                given.iter().filter_map(Value::as_object).flat_map(|row| row.keys()).collect();
            for key in row.as_object().into_iter().flat_map(|row| row.keys()).filter(|key| !keys.contains(key)) {
                complaints.push(format!("{at}: {key} is in no row"));
            }
        }
        (example, answer) => {
            if std::mem::discriminant(example) != std::mem::discriminant(answer) {
                complaints.push(format!("{at}: {answer} where the example has {example}"));
            }
        }
    }
}
