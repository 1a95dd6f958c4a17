//! Every example of an answer in the official description of the API is read by our shapes without a note.

use std::path::Path;

use serde_json::Value;

use super::endpoints::{ENDPOINTS, ROLES_OF_PROJECT};
use super::wire;
use crate::http::{Method, Page};
use crate::sources::pages::{Bare, Bean, One};
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
    Some(match path {
        "/_edge/tenant_info" => return None,
        "/rest/api/3/serverInfo" => notes::<One<wire::ServerInfo>, _>,
        "/rest/api/3/myself" => notes::<One<wire::User>, _>,
        "/rest/api/3/mypermissions" => notes::<One<wire::MyPermissions>, _>,
        "/rest/api/3/users/search" => notes::<Bare<wire::User>, _>,
        "/rest/api/3/group/bulk" => notes::<Bean<wire::Group>, _>,
        "/rest/api/3/group/member" => notes::<Bean<wire::User>, _>,
        "/rest/api/3/applicationrole" => notes::<Bare<wire::ApplicationRole>, _>,
        "/rest/api/3/instance/license" => notes::<One<wire::License>, _>,
        "/rest/api/3/project/search" => notes::<Bean<wire::Project>, _>,
        "/rest/api/3/project/{}/role" => notes::<One<wire::RoleLinks>, _>,
        "/rest/api/3/project/{}/role/{}" => notes::<One<wire::ProjectRole>, _>,
        "/rest/api/3/permissionscheme" => notes::<wire::PermissionSchemes, _>,
        "/rest/api/3/project/{}/permissionscheme" => notes::<One<wire::PermissionScheme>, _>,
        "/rest/api/3/permissions/check" => notes::<One<wire::BulkPermissionGrants>, _>,
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
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi/jira-cloud-platform-v3.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: the official description is not here");
        return;
    };
    let description: Value = serde_json::from_str(&text).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let mut checked = 0;
    let mut wrong = Vec::new();
    let asked = ENDPOINTS.iter().flat_map(|endpoint| endpoint.requests).chain([&ROLES_OF_PROJECT]);
    for request in asked {
        let Some(read) = shape(request.path) else { continue };
        let method = if request.method == Method::Get { "get" } else { "post" };
        let (_, operations) = paths.iter().find(|(path, _)| nameless(path) == request.path).expect(request.path);
        let answer = &operations[method]["responses"]["200"]["content"]["application/json"];
        let single = answer.get("example").into_iter();
        let several = answer.get("examples").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
        for example in single.chain(several.filter_map(|example| example.get("value"))) {
            let example = match example {
                Value::String(text) => serde_json::from_str(text).unwrap(),
                other => other.clone(),
            };
            checked += 1;
            wrong.extend(read(&example).into_iter().map(|note| format!("{}: {note}", request.path)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked > 10, "only {checked} examples were found");
}
