//! What the official descriptions of the API say of an answer is read by our shapes without a note: the examples they give,
//! and answers put together from the examples of single fields.

use std::fmt::Debug;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::endpoints::ENDPOINTS;
use super::wire;
use crate::http::{Method, Page};
use crate::sources::pages::{Bare, Bean, One};
use crate::sources::row::{Row, Wire};

/// Reads an example as a page, and names what could not be read, be it in a list inside a row.
fn notes<P: Page<Row = Row<T>>, T: Wire + Debug>(example: &Value) -> Vec<String> {
    let page = match serde_json::from_value::<P>(example.clone()) {
        Ok(page) => page,
        Err(error) => return vec![format!("{error}: {example}")],
    };
    let odd = |row: &Row<T>| {
        let shown = format!("{row:?}");
        (shown.contains("Row { value: None") || shown.contains("unreadable: [\"")).then_some(shown)
    };
    page.into_rows().iter().filter_map(odd).collect()
}

/// How an example comes on the wire: the descriptions call a list by its element, and a page by its row.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    AsItIs,
    List,
    Page,
}

type Read = fn(&Value) -> Vec<String>;

/// The shape in which an endpoint's answer is read; `None` for paths that no description has.
fn shape(path: &str) -> Option<(Form, Read)> {
    Some(match path {
        "/rest/api/2/serverInfo" => (Form::AsItIs, notes::<One<wire::ServerInfo>, _>),
        "/rest/api/2/myself" | "/rest/api/2/user" => (Form::AsItIs, notes::<One<wire::User>, _>),
        "/rest/api/2/mypermissions" => (Form::AsItIs, notes::<One<wire::MyPermissions>, _>),
        "/rest/api/2/user/search" => (Form::List, notes::<Bare<wire::User>, _>),
        "/rest/api/2/user/list" => (Form::Page, notes::<wire::UserPage, _>),
        "/rest/api/2/groups/picker" => (Form::AsItIs, notes::<wire::PickedGroups, _>),
        "/rest/api/2/group/member" => (Form::Page, notes::<Bean<wire::User>, _>),
        "/rest/api/2/applicationrole" => (Form::List, notes::<Bare<wire::ApplicationRole>, _>),
        "/rest/api/2/cluster/nodes" => (Form::List, notes::<Bare<wire::Node>, _>),
        "/rest/api/2/application-properties/advanced-settings" | "/rest/api/2/application-properties" => {
            (Form::AsItIs, notes::<wire::Properties, _>)
        }
        "/rest/api/2/project" => (Form::List, notes::<Bare<wire::Project>, _>),
        "/rest/api/2/role" => (Form::List, notes::<Bare<wire::ProjectRole>, _>),
        "/rest/api/2/project/{}/role/{}" => (Form::AsItIs, notes::<One<wire::ProjectRole>, _>),
        "/rest/api/2/permissionscheme" => (Form::AsItIs, notes::<wire::PermissionSchemes, _>),
        "/rest/api/2/project/{}/permissionscheme" => (Form::AsItIs, notes::<One<wire::PermissionScheme>, _>),
        // Of these the descriptions have no field, or wrong ones; the others are in no description.
        "/rest/api/2/project/{}/role" | "/rest/api/2/user/duplicated/list" => return None,
        other if !other.starts_with("/rest/api/2/") => return None,
        other => panic!("{other} has no shape here: add it"),
    })
}

/// A path of the description with its parameters made nameless, as the table of endpoints has them.
fn nameless(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    format!("/rest{}", segments.collect::<Vec<_>>().join("/"))
}

/// An answer put together from the examples of the fields of a schema.
fn made(schema: &Value, description: &Value, depth: usize) -> Option<Value> {
    if depth > 6 {
        return None;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return made(&description["components"]["schemas"][name], description, depth + 1);
    }
    if let Some(example) = schema.get("example") {
        let text = example.as_str();
        let number = || text.and_then(|text| text.parse::<i64>().ok()).map(Value::from);
        return match schema["type"].as_str() {
            Some("integer" | "number") => number().or_else(|| Some(example.clone())),
            Some("boolean") => {
                text.and_then(|text| text.parse::<bool>().ok()).map(Value::from).or_else(|| Some(example.clone()))
            }
            Some("array" | "object") if text.is_some() => None,
            _ => Some(example.clone()),
        };
    }
    match schema["type"].as_str()? {
        "object" => {
            let mut fields = Map::new();
            for (name, field) in schema["properties"].as_object()? {
                if let Some(value) = made(field, description, depth + 1) {
                    fields.insert(name.clone(), value);
                }
            }
            Some(Value::Object(fields))
        }
        "array" => Some(Value::Array(made(&schema["items"], description, depth + 1).into_iter().collect())),
        _ => None,
    }
}

/// The examples of an answer, the whole ones and the one that is put together.
fn examples(answer: &Value, form: Form, description: &Value) -> Vec<Value> {
    let single = answer.get("example").into_iter();
    let several = answer.get("examples").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
    let whole = single.chain(several.filter_map(|example| example.get("value"))).map(|example| match example {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    });
    let part =
        made(&answer["schema"], description, 0).filter(|part| part.as_object().is_some_and(|part| !part.is_empty()));
    let part = part.map(|part| match form {
        Form::AsItIs => part,
        Form::List => json!([part]),
        Form::Page if part.get("values").is_some() => part,
        Form::Page => json!({"values": [part], "isLast": true}),
    });
    whole.chain(part).collect()
}

#[test]
fn every_official_example_is_read() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for file in ["jira-software-data-center-10.3.24.openapi.json", "jira-software-data-center-11.2.1.openapi.json"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(file);
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("skipped: the official descriptions are not here");
            return;
        };
        let description: Value = serde_json::from_str(&text).unwrap();
        let paths = description["paths"].as_object().unwrap();
        for request in ENDPOINTS.iter().flat_map(|endpoint| endpoint.requests) {
            let Some((form, read)) = shape(request.path) else { continue };
            let method = if request.method == Method::Get { "get" } else { "post" };
            let (_, operations) = paths.iter().find(|(path, _)| nameless(path) == request.path).expect(request.path);
            let answer = &operations[method]["responses"]["200"]["content"]["application/json"];
            for example in examples(answer, form, &description) {
                checked += 1;
                wrong.extend(read(&example).into_iter().map(|note| format!("{}: {note}", request.path)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked > 16, "only {checked} examples were found");
}
