//! A small validator for the part of JSON Schema that our own schemas use. It is stricter in one way: a field that the
//! schema does not know is a mistake, so that nothing goes out undescribed.

use serde_json::Value;

/// What in `value` does not fit the schema, with the place.
pub(crate) fn mistakes(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{name} is not defined"));
        check(root, target, value, at, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &Value| {
            let mut inner = Vec::new();
            check(root, choice, value, at, &mut inner);
            inner
        };
        let tries: Vec<Vec<String>> = choices.iter().map(fits).collect();
        if tries.iter().all(|inner| !inner.is_empty()) {
            found.extend(tries.into_iter().flatten());
        }
    }
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            found.push(format!("{at}: {value} is not {what}"));
        }
    };
    if schema.get("type").is_some() {
        expect(is_type(&schema["type"], value), &schema["type"].to_string());
    }
    if let Some(constant) = schema.get("const") {
        expect(constant == value, &constant.to_string());
    }
    if let Some(choices) = schema["enum"].as_array() {
        expect(choices.contains(value), "one of the words");
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        expect(regex::Regex::new(pattern).unwrap().is_match(text), pattern);
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64()) {
        expect(number >= least, "large enough");
    }
    for (place, entry) in value.as_array().into_iter().flatten().enumerate() {
        check(root, &schema["items"], entry, &format!("{at}[{place}]"), found);
    }
    if schema["type"] == "object" {
        check_fields(root, schema, value, at, found);
    }
}

fn check_fields(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(fields) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, field) in fields {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(known), _) => check(root, known, field, &at, found),
            (None, Some(any)) => {
                check(root, any, field, &at, found);
                check(root, &schema["propertyNames"], &Value::from(name.as_str()), &at, found);
            }
            (None, None) => found.push(format!("{at} is not in the schema")),
        }
    }
}

fn is_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        name => panic!("the validator does not know the type {name}"),
    };
    match wanted {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        name => name.as_str().is_some_and(is),
    }
}
