//! For tests: answers made up from the official description of a self-hosted product, with its examples wherever it has
//! some, as sparse and as full as it allows. Each must be read without a note.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::row::{Row, Wire};
use crate::http::Page;

/// Reads an answer as a page, and names what could not be read.
pub(super) type Reader = fn(&Value) -> Vec<String>;

/// The reader of one sort of page.
pub(super) fn notes<P: Page<Row = Row<T>>, T: Wire>(answer: &Value) -> Vec<String> {
    match serde_json::from_value::<P>(answer.clone()) {
        Ok(page) => page
            .into_rows()
            .into_iter()
            .flat_map(|row| row.unreadable.into_iter().chain(row.value.is_none().then(|| "a whole row".to_owned())))
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Reads made-up answers of every endpoint for whose path `shape` knows a reader. `prefix` is what the description leaves
/// out at the beginning of its paths. Tells how many were read, and what was wrong with them; `None` if the description
/// is not here.
pub(super) fn read_all(
    file: &str,
    prefix: &str,
    endpoints: &[Endpoint],
    shape: fn(&str) -> Option<Reader>,
) -> Option<(usize, Vec<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(file);
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: the official description is not here");
        return None;
    };
    let description: Value = serde_json::from_str(&text).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let (mut checked, mut wrong) = (0, Vec::new());
    for request in endpoints.iter().flat_map(|endpoint| endpoint.requests) {
        let Some(read) = shape(request.path) else { continue };
        let described = |path: &str| format!("{prefix}{}", nameless(path)) == request.path;
        let (_, operations) = paths.iter().find(|(path, _)| described(path)).expect(request.path);
        let content = operations["get"]["responses"]["200"]["content"].as_object().expect(request.path);
        let schema = &content.values().next().expect(request.path)["schema"];
        for full in [true, false] {
            let answer = made_up(&description, schema, "", full, 0);
            checked += 1;
            wrong.extend(read(&answer).into_iter().map(|note| format!("{}: {note}", request.path)));
        }
    }
    Some((checked, wrong))
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

/// A value of a described shape: with everything it may have, or with the list of a page and nothing else. Moments are
/// described as any text.
fn made_up(description: &Value, schema: &Value, name: &str, full: bool, depth: usize) -> Value {
    let schema = resolved(description, schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|words| words.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        _ if name.ends_with("Date") || name == "lastAuthenticated" => json!("2026-03-19T18:45:42.967Z"),
        _ if name == "nextPageStart" => Value::Null,
        Some("string") => json!("some words"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([made_up(description, &schema["items"], "", full, depth + 1)]),
        _ => {
            let wanted = |name: &str| name == "results" || name == "values" || (full && depth < 6);
            let fields = schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| wanted(name));
            let value =
                |(name, part): (&String, &Value)| (name.clone(), made_up(description, part, name, full, depth + 1));
            let mut fields: Map<_, _> = fields.map(value).collect();
            // The examples of sizes are those of some other page.
            if fields.contains_key("size") {
                fields.insert("size".to_owned(), json!(1));
            }
            Value::Object(fields)
        }
    }
}
