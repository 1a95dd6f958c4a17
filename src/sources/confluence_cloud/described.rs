//! The official descriptions of the API have no examples of the answers that are read here, so that each answer is made
//! up from its described shape, as sparse and as full as that allows, and must be read without a note.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::endpoints::ENDPOINTS;
use super::wire;
use crate::http::{Method, Page};
use crate::sources::pages::{One, Results};
use crate::sources::row::{Row, Wire};

/// Reads an answer as a page, and names what could not be read.
fn notes<P: Page<Row = Row<T>>, T: Wire>(answer: &Value) -> Vec<String> {
    match serde_json::from_value::<P>(answer.clone()) {
        Ok(page) => page
            .into_rows()
            .into_iter()
            .flat_map(|row| row.unreadable.into_iter().chain(row.value.is_none().then(|| "a whole row".to_owned())))
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The shape in which an endpoint's answer is read; `None` for paths that no description has.
fn shape(path: &str) -> Option<fn(&Value) -> Vec<String>> {
    Some(match path {
        "/_edge/tenant_info" | "/automation/public/confluence/{}/rest/v1/rule/summary" => return None,
        "/wiki/rest/api/user/current" => notes::<One<wire::User>, _>,
        "/wiki/rest/api/settings/systemInfo" => notes::<One<wire::SystemInfo>, _>,
        "/wiki/rest/api/group" => notes::<Results<wire::Group>, _>,
        "/wiki/rest/api/group/{}/membersByGroupId" => notes::<Results<wire::User>, _>,
        "/wiki/rest/api/audit" => notes::<Results<wire::AuditRecord>, _>,
        "/wiki/api/v2/space-role-mode" => notes::<One<wire::SpaceRoleMode>, _>,
        "/wiki/api/v2/spaces" => notes::<Results<wire::Space>, _>,
        "/wiki/api/v2/spaces/{}/permissions" => notes::<Results<wire::SpacePermission>, _>,
        "/wiki/api/v2/space-roles" => notes::<Results<wire::SpaceRole>, _>,
        "/wiki/api/v2/spaces/{}/role-assignments" => notes::<Results<wire::RoleAssignment>, _>,
        "/wiki/api/v2/users-bulk" => notes::<Results<wire::User>, _>,
        other => panic!("{other} has no shape here: add it"),
    })
}

/// A path of a description with its parameters made nameless, as the table of endpoints has them.
fn nameless(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// What a schema says, or the one that it refers to.
fn resolved<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(description, description.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

/// A value of a described shape: with everything it may have, or with as little and fields `null` wherever they may be.
fn made_up(description: &Value, schema: &Value, full: bool, depth: usize) -> Value {
    let schema = resolved(description, schema);
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (_, Some("date-time")) => json!("2026-03-19T18:45:42.967Z"),
        (Some("string"), _) => json!("some words"),
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([made_up(description, &schema["items"], full, depth + 1)]),
        _ => {
            let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            // Without its list an answer of the second version would be no page, though its description allows that.
            let wanted = |name: &str| required(name) || name == "results" || (full && depth < 6);
            let fields = schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| wanted(name));
            let value = |part| match resolved(description, part)["nullable"] == true && !full {
                true => Value::Null,
                false => made_up(description, part, full, depth + 1),
            };
            Value::Object(fields.map(|(name, part)| (name.clone(), value(part))).collect::<Map<_, _>>())
        }
    }
}

#[test]
fn every_described_answer_is_read() {
    let mut described = Vec::new();
    // The second description counts its paths from its server's address.
    for (file, prefix) in [("confluence-cloud-v1.json", ""), ("confluence-cloud-v2.json", "/wiki/api/v2")] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(file);
        let Ok(text) = std::fs::read_to_string(&file) else {
            println!("skipped: the official descriptions are not here");
            return;
        };
        described.push((serde_json::from_str::<Value>(&text).unwrap(), prefix));
    }
    let (mut checked, mut wrong) = (0, Vec::new());
    for request in ENDPOINTS.iter().flat_map(|endpoint| endpoint.requests) {
        let Some(read) = shape(request.path) else { continue };
        let method = if request.method == Method::Get { "get" } else { "post" };
        let found = described.iter().find_map(|(description, prefix)| {
            let paths = description["paths"].as_object().unwrap();
            let path = paths.iter().find(|(path, _)| format!("{prefix}{}", nameless(path)) == request.path);
            path.map(|(_, operations)| (description, &operations[method]["responses"]["200"]["content"]))
        });
        let (description, content) = found.expect(request.path);
        for full in [true, false] {
            let answer = made_up(description, &content["application/json"]["schema"], full, 0);
            checked += 1;
            wrong.extend(read(&answer).into_iter().map(|note| format!("{}: {note}", request.path)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked > 20, "only {checked} answers were made up");
}
