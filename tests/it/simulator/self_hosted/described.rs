//! Compares answers with the official OpenAPI descriptions of both products, when those are at hand, and with the
//! worked examples for what has no description.

use std::path::Path;

use keyroll::simulator::Simulator;
use serde_json::Value;

use super::super::demo;
use super::super::described::{compare, same_path};
use super::{Guest, of_both};

/// Description, the version that answers, the product, and what the description leaves out before its paths.
const DESCRIPTIONS: &[(&str, &str, &str, &str)] = &[
    ("jira-software-data-center-10.3.24.openapi.json", "10.3", "jira-dc", "/rest"),
    ("jira-software-data-center-11.2.1.openapi.json", "11.2", "jira-dc", "/rest"),
    ("confluence-data-center-10.2.14.openapi.json", "10.2", "confluence-dc", ""),
];

/// Endpoints whose description tells the row and leaves out that there are many.
const MANY: &[&str] = &[
    "jira-dc-user-search",
    "jira-dc-application-roles",
    "jira-dc-projects",
    "jira-dc-roles",
    "jira-dc-cluster-nodes",
    "jira-dc-advanced-settings",
    "jira-dc-properties",
];

/// Endpoints whose description tells the row and leaves out the page around it.
const PAGED: &[&str] = &["jira-dc-group-members"];

/// Endpoints whose description is about something else altogether, and what it is about.
const MISTAKEN: &[(&str, &str)] = &[
    ("jira-dc-duplicated-users", "an avatar, where a map of user names is answered"),
    ("jira-dc-duplicated-count", "a user, where a number is answered"),
];

/// Endpoints that no description has: those of plugins that several products share.
const OF_PLUGINS: &[&str] = &[
    "/rest/applinks/",
    "/rest/pat/",
    "/rest/oauth2/",
    "/rest/webhooks/",
    "/rest/jira-webhook/",
    "/rest/basicauth/",
    "/rest/plugins/",
    "/rest/auditing/",
    "/rest/license/",
];

/// The ways to a field, and why it differs there.
const DEVIATIONS: &[(&str, &str)] =
    &[("nodeId", "the description of Confluence has numbers, and so has the answer; that of Jira has texts")];

fn set_version(simulator: &Simulator, product: &str, version: &str) {
    match product {
        "jira-dc" => simulator.set_jira_dc_version(version),
        _ => simulator.set_confluence_dc_version(version),
    }
}

#[tokio::test]
async fn self_hosted_products_answer_as_described() {
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    for (name, version, product, prefix) in DESCRIPTIONS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(name);
        let Ok(text) = std::fs::read_to_string(&file) else {
            println!("skipped: {} is not there", file.display());
            return;
        };
        let description: Value = serde_json::from_str(&text).unwrap();
        set_version(&simulator, product, version);
        let mut compared = 0;
        for endpoint in of_both().filter(|endpoint| endpoint.host() == *product) {
            let paths = description["paths"].as_object().unwrap();
            let found = paths.iter().find(|(path, operations)| {
                same_path(&format!("{prefix}{path}"), endpoint.path)
                    && operations.get(endpoint.method.to_lowercase()).is_some()
            });
            let of_a_plugin = OF_PLUGINS.iter().any(|beginning| endpoint.path.starts_with(beginning));
            assert_eq!(found.is_none(), of_a_plugin, "{} in {name}", endpoint.path);
            let Some((_, operations)) = found else { continue };
            if MISTAKEN.iter().any(|(mistaken, _)| *mistaken == endpoint.name) {
                continue;
            }
            let response = &operations[endpoint.method.to_lowercase()]["responses"];
            let response = response.get("200").unwrap_or(&response["default"]);
            let schema = &response["content"]["application/json"]["schema"];
            for path in guest.examples(endpoint).await {
                let answer = guest.ask(endpoint, &path, guest.token(product, 0)).await;
                assert_eq!(answer.status(), 200, "{path}");
                let answer: Value = answer.json().await.unwrap();
                let rows = if MANY.contains(&endpoint.name) {
                    answer.as_array().expect("there are many").clone()
                } else if PAGED.contains(&endpoint.name) {
                    answer["values"].as_array().expect("there is a page").clone()
                } else {
                    vec![answer]
                };
                let mut complaints = Vec::new();
                for row in &rows {
                    compare(&description, schema, row, "", &mut complaints);
                }
                let known = |complaint: &String| {
                    DEVIATIONS.iter().any(|(field, _)| complaint.starts_with(&format!("{field}:")))
                };
                complaints.retain(|complaint| !known(complaint));
                assert_eq!(complaints, Vec::<String>::new(), "{path} in {name}");
            }
            compared += 1;
        }
        assert!(compared > 12, "only {compared} endpoints were compared with {name}");
    }
}

/// Endpoint, and a piece of text that only its example in the notes has.
const EXAMPLES: &[(&str, &str)] = &[
    ("jira-dc-pat-search", "\"powerbi-refresh\""),
    ("jira-dc-audit-events", "\"pagingInfo\""),
    ("jira-dc-plugins", "\"usesLicensing\""),
    ("jira-dc-licence", "\"rawLicense\""),
    ("jira-dc-basic-auth", "\"block-requests\""),
    ("jira-dc-user", "\"svc-jenkins@example.com\""),
    ("jira-dc-application-roles", "\"userCountDescription\""),
    ("confluence-dc-pat-search", "\"powerbi-refresh\""),
    ("confluence-dc-basic-auth", "\"block-requests\""),
    ("confluence-dc-audit-events", "\"pagingInfo\""),
];

#[tokio::test]
async fn plugins_answer_as_in_the_worked_examples() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/api/atlassian-data-center.md");
    let Ok(notes) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let simulator = demo().await;
    let guest = Guest::of(&simulator);
    let blocks = notes.split("```").filter_map(|part| part.strip_prefix("json\n"));
    let blocks: Vec<&str> = blocks.collect();
    for (name, mark) in EXAMPLES {
        let example = blocks.iter().find(|text| text.contains(mark)).expect("the example is there");
        let example: Value = serde_json::from_str(example).unwrap();
        let endpoint = of_both().find(|endpoint| endpoint.name == *name).unwrap();
        let path = guest.examples(endpoint).await.remove(0);
        let answer = guest.ask(endpoint, &path, guest.token(endpoint.host(), 0)).await.json::<Value>().await.unwrap();
        let mut complaints = Vec::new();
        alike(&example, &answer, name, &mut complaints);
        assert_eq!(complaints, Vec::<String>::new());
    }
}

/// Follows example and answer together: the answer has no key that the example lacks, and values are of one type.
fn alike(example: &Value, answer: &Value, at: &str, complaints: &mut Vec<String>) {
    match (example, answer) {
        (Value::Null, _) | (_, Value::Null) => {}
        // An example that shows nothing of a section says nothing about it.
        (Value::Object(wanted), Value::Object(_)) if wanted.is_empty() => {}
        (Value::Object(wanted), Value::Object(given)) => {
            for (key, value) in given {
                match wanted.get(key) {
                    Some(example) => alike(example, value, &format!("{at}.{key}"), complaints),
                    None => complaints.push(format!("{at}: {key} is in no example")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(given)) => {
            for row in given.iter().filter(|_| !wanted.is_empty()) {
                alike(&wanted[0], row, at, complaints);
            }
        }
        (example, answer) => {
            if std::mem::discriminant(example) != std::mem::discriminant(answer) {
                complaints.push(format!("{at}: {answer} where the example has {example}"));
            }
        }
    }
}
