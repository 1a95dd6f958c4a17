//! Compares every answer of the pretended Jira site with the official OpenAPI descriptions, when those are at hand.

use std::path::Path;

use serde_json::Value;

use super::{ENDPOINTS, Visitor, demo};

/// The descriptions, and how many endpoints of each are there at least.
const DESCRIPTIONS: &[(&str, usize)] =
    &[("jira-cloud-platform-v3.json", 21), ("jira-service-management-cloud.json", 1)];

/// Where the answers knowingly differ from the description, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("emailAddress", "the description's own prose says it may be null for owners who hide it"),
    ("authorAccountId", "the schema leaves it out, but the example beside it and real sites have it"),
];

/// Endpoints that no description has, and why they are there all the same.
const UNDESCRIBED: &[(&str, &str)] = &[
    ("webhooks", "the list of administrators' webhooks is older than the description and documented beside it"),
    ("installed-apps", "the plugin manager has an interface of its own, which only its clients describe"),
];

#[tokio::test]
async fn jira_answers_are_as_described() {
    let mut descriptions = Vec::new();
    for (name, at_least) in DESCRIPTIONS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(name);
        let Ok(text) = std::fs::read_to_string(&file) else {
            println!("skipped: {} is not there", file.display());
            return;
        };
        let description: Value = serde_json::from_str(&text).unwrap();
        descriptions.push((description, *at_least, 0));
    }
    let simulator = demo().await;
    let visitor = Visitor::of(&simulator);
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.host() == "jira" && endpoint.path.starts_with("/rest/"))
    {
        let found = descriptions.iter_mut().find_map(|(description, _, compared)| {
            let (_, path) =
                description["paths"].as_object()?.iter().find(|(path, _)| same_path(path, endpoint.path))?;
            let operation = path.get(endpoint.method.to_lowercase())?.clone();
            Some((description, operation, compared))
        });
        let left_out = UNDESCRIBED.iter().any(|(name, _)| *name == endpoint.name);
        assert_eq!(found.is_none(), left_out, "{} is described, or a known exception", endpoint.path);
        let Some((description, operation, compared)) = found else { continue };
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let (path, body) = visitor.example(endpoint.path).await;
        let answer = match body {
            Some(body) if endpoint.method == "POST" => visitor.post(&path, body).await,
            _ => visitor.get(&path).await,
        };
        let mut complaints = Vec::new();
        compare(description, schema, &answer, "", &mut complaints);
        complaints.retain(|complaint| !DEVIATIONS.iter().any(|(field, _)| complaint.starts_with(&format!("{field}:"))));
        assert_eq!(complaints, Vec::<String>::new(), "{}", endpoint.path);
        *compared += 1;
    }
    for (place, (_, at_least, compared)) in descriptions.iter().enumerate() {
        let name = DESCRIPTIONS[place].0;
        assert!(compared >= at_least, "only {compared} endpoints were compared with {name}");
    }
}

#[test]
fn the_comparison_complains_about_what_is_wrong() {
    let description = serde_json::json!({"components": {"schemas": {"Thing": {"type": "object", "required": ["id"],
        "additionalProperties": false, "properties": {"id": {"type": "integer"}, "kind": {"type": "string", "enum": ["a"]},
        "tags": {"type": "array", "items": {"type": "string"}}}}}}});
    let schema = serde_json::json!({"$ref": "#/components/schemas/Thing"});
    let complaints = |answer: Value| {
        let mut found = Vec::new();
        compare(&description, &schema, &answer, "", &mut found);
        found.len()
    };
    assert_eq!(complaints(serde_json::json!({"id": 1, "kind": "a", "tags": ["x"]})), 0);
    assert_eq!(complaints(serde_json::json!({"kind": "b", "tags": [1, null], "more": true})), 5);
}

/// Whether two paths differ in nothing but the names of their variables.
pub(super) fn same_path(one: &str, other: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    one.len() == other.len()
        && one.iter().zip(&other).all(|(a, b)| a == b || (a.starts_with('{') && b.starts_with('{')))
}

/// Follows schema and answer together. `at` is the field that is looked at.
pub(super) fn compare(description: &Value, schema: &Value, answer: &Value, at: &str, complaints: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = description.pointer(reference.trim_start_matches('#')).expect("the reference leads somewhere");
        return compare(description, target, answer, at, complaints);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        compare(description, part, answer, at, complaints);
    }
    if answer.is_null() {
        if schema["nullable"] != true && schema.get("type").is_some() {
            complaints.push(format!("{at}: null"));
        }
        return;
    }
    let fits = match schema["type"].as_str() {
        Some("string") => answer.is_string(),
        Some("integer") => answer.is_i64() || answer.is_u64(),
        Some("number") => answer.is_number(),
        Some("boolean") => answer.is_boolean(),
        Some("array") => answer.is_array(),
        Some("object") => answer.is_object(),
        _ => true,
    };
    if !fits {
        return complaints.push(format!("{at}: {answer} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(answer)) {
        complaints.push(format!("{at}: {answer} is not allowed"));
    }
    for row in answer.as_array().into_iter().flatten() {
        compare(description, &schema["items"], row, at, complaints);
    }
    if let Some(object) = answer.as_object() {
        compare_fields(description, schema, object, at, complaints);
    }
}

fn compare_fields(
    description: &Value,
    schema: &Value,
    object: &serde_json::Map<String, Value>,
    at: &str,
    complaints: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            complaints.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, value) in object {
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(described), _) => compare(description, described, value, name, complaints),
            (None, Value::Bool(false)) => complaints.push(format!("{name}: not described in {at}")),
            (None, rest) if rest.is_object() => compare(description, rest, value, name, complaints),
            (None, _) => {}
        }
    }
}
