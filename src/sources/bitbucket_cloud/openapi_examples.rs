//! Every example of an answer in the official description of the API is read by our shapes without a note.

use std::path::Path;

use serde_json::Value;

use super::endpoints::ENDPOINTS;
use super::wire;
use crate::http::Page;
use crate::sources::pages::{One, Values};
use crate::sources::row::{Row, Wire};

/// Reads an example as a page, and names what could not be read.
fn notes<P: Page<Row = Row<T>>, T: Wire>(example: &Value) -> Vec<String> {
    match serde_json::from_value::<P>(example.clone()) {
        Ok(page) => page
            .into_rows()
            .into_iter()
            .flat_map(|row| row.unreadable.into_iter().chain(row.value.is_none().then(|| "a whole row".to_owned())))
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The shape in which an endpoint's answer is read; `None` for paths that the description does not have.
fn shape(path: &str) -> Option<fn(&Value) -> Vec<String>> {
    Some(match path.rsplit('/').find(|segment| *segment != "{}").unwrap_or_default() {
        _ if path.starts_with("/1.0/") => return None,
        "workspaces" => notes::<One<wire::Workspace>, _>,
        "permission" => notes::<One<wire::Membership>, _>,
        "members" => notes::<Values<wire::Membership>, _>,
        "permissions" => notes::<Values<wire::Membership>, _>,
        "projects" => notes::<Values<wire::Project>, _>,
        "users" | "groups" => notes::<Values<wire::Permission>, _>,
        "repositories" if path.contains("/permissions/") => notes::<Values<wire::Permission>, _>,
        "repositories" => notes::<Values<wire::Repository>, _>,
        "pipelines_config" => notes::<One<wire::PipelinesConfig>, _>,
        "branch-restrictions" => notes::<Values<wire::BranchRestriction>, _>,
        "variables" => notes::<Values<wire::Variable>, _>,
        "environments" => notes::<Values<wire::Environment>, _>,
        "deploy-keys" => notes::<Values<wire::DeployKey>, _>,
        "ssh-keys" => notes::<Values<wire::SshKey>, _>,
        "hooks" => notes::<Values<wire::Webhook>, _>,
        other => panic!("{other} has no shape here: add it"),
    })
}

/// A path of the description with its parameters made nameless, as the table of endpoints has them.
fn nameless(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[test]
fn every_official_example_is_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi/bitbucket-cloud-2.0.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: the official description is not here");
        return;
    };
    let description: Value = serde_json::from_str(&text).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for request in ENDPOINTS.iter().flat_map(|endpoint| endpoint.requests) {
        let Some(read) = shape(request.path) else { continue };
        let described = |path: &str| format!("/2.0{}", nameless(path)) == request.path;
        let (_, operations) = paths.iter().find(|(path, _)| described(path)).expect(request.path);
        let answer = &operations["get"]["responses"]["200"]["content"]["application/json"];
        let examples = answer.get("examples").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
        for example in answer.get("example").into_iter().chain(examples.filter_map(|example| example.get("value"))) {
            checked += 1;
            wrong.extend(read(example).into_iter().map(|note| format!("{}: {note}", request.path)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked >= 9, "only {checked} examples were found");
}
