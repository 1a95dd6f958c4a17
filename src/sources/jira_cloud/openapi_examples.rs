//! Every example of an answer in the official descriptions of the APIs is read by our shapes without a note.

use std::fmt::Debug;
use std::path::Path;

use serde_json::{Map, Value};

use super::endpoints::ENDPOINTS;
use super::wire;
use crate::http::{Method, Page};
use crate::sources::pages::{Bare, Bean, DeskPage, One};
use crate::sources::row::{Row, Wire};

/// Reads an example as a page, and names what could not be read, be it in a list inside a row.
fn notes<P: Page<Row = Row<T>>, T: Wire + Debug>(example: &Value) -> Vec<String> {
    let page = match serde_json::from_value::<P>(example.clone()) {
        Ok(page) => page,
        Err(error) => return vec![error.to_string()],
    };
    let rows = page.into_rows();
    let odd = |row: &Row<T>| {
        let shown = format!("{row:?}");
        (shown.contains("Row { value: None") || shown.contains("unreadable: [\"")).then_some(shown)
    };
    rows.iter().filter_map(odd).collect()
}

/// The shape in which an endpoint's answer is read; `None` for paths that no description has.
fn shape(path: &str) -> Option<fn(&Value) -> Vec<String>> {
    Some(match path {
        "/_edge/tenant_info"
        | "/rest/webhooks/1.0/webhook"
        | "/rest/plugins/1.0/"
        | "/automation/public/jira/{}/rest/v1/rule/summary" => return None,
        "/rest/api/3/serverInfo" => notes::<One<wire::ServerInfo>, _>,
        "/rest/api/3/myself" => notes::<One<wire::User>, _>,
        "/rest/api/3/mypermissions" => notes::<One<wire::MyPermissions>, _>,
        "/rest/api/3/users/search" => notes::<Bare<wire::User>, _>,
        "/rest/api/3/group/bulk" => notes::<Bean<wire::Group>, _>,
        "/rest/api/3/group/member" => notes::<Bean<wire::User>, _>,
        "/rest/api/3/applicationrole" => notes::<Bare<wire::ApplicationRole>, _>,
        "/rest/api/3/instance/license" => notes::<One<wire::License>, _>,
        "/rest/api/3/project/search" => notes::<Bean<wire::Project>, _>,
        "/rest/api/3/role" => notes::<Bare<wire::ProjectRole>, _>,
        "/rest/api/3/project/{}/role" => notes::<One<wire::RoleLinks>, _>,
        "/rest/api/3/project/{}/role/{}" => notes::<One<wire::ProjectRole>, _>,
        "/rest/api/3/permissionscheme" => notes::<wire::PermissionSchemes, _>,
        "/rest/api/3/project/{}/permissionscheme" => notes::<One<wire::PermissionScheme>, _>,
        "/rest/api/3/permissions/check" => notes::<One<wire::BulkPermissionGrants>, _>,
        "/rest/api/3/filter/search" | "/rest/api/3/dashboard/search" => notes::<Bean<wire::SharedItem>, _>,
        "/rest/api/3/auditing/record" => notes::<wire::AuditRecords, _>,
        "/rest/servicedeskapi/servicedesk" => notes::<DeskPage<wire::ServiceDesk>, _>,
        other => panic!("{other} has no shape here: add it"),
    })
}

/// A path of the description with its parameters made nameless, as the table of endpoints has them.
fn nameless(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The paths of both descriptions; `None` where they are not at hand.
fn paths() -> Option<Map<String, Value>> {
    let mut paths = Map::new();
    for file in ["jira-cloud-platform-v3.json", "jira-service-management-cloud.json"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(file);
        let mut description: Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).unwrap();
        paths.append(description["paths"].as_object_mut().unwrap());
    }
    Some(paths)
}

#[test]
fn every_official_example_is_read() {
    let Some(paths) = paths() else {
        println!("skipped: the official descriptions are not here");
        return;
    };
    let mut checked = 0;
    let mut wrong = Vec::new();
    for request in ENDPOINTS.iter().flat_map(|endpoint| endpoint.requests) {
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
    assert!(checked > 15, "only {checked} examples were found");
}
