//! What a cell says: words, lists, numbers, yes and no.

use serde_json::Value;

use super::shown;

/// True if a column is named like one that holds the value of a secret. Nobody needs it, so it is never read.
pub(in crate::sources) fn names_a_secret(column: &str) -> bool {
    const ANYWHERE: [&str; 5] = ["secret", "password", "passwd", "passphrase", "privatekey"];
    const WHOLE: [&str; 13] = [
        "token",
        "hashedtoken",
        "tokenhash",
        "rawtoken",
        "tokenvalue",
        "accesstoken",
        "refreshtoken",
        "bearertoken",
        "apikey",
        "apitoken",
        "credential",
        "hash",
        "jwt",
    ];
    let last = column.rsplit('.').next().unwrap_or(column);
    let name: String = last.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WHOLE.contains(&name.as_str()) || ANYWHERE.iter().any(|word| name.contains(word))
}

/// The text of a plain value, without the spaces around it.
pub(in crate::sources) fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Ok(String::new()),
        Value::Array(_) => Err("is a list, and a single value is expected".to_owned()),
        Value::Object(_) => Err("is an object, and a single value is expected".to_owned()),
    }
}

/// The words of a list, sorted. Of an object these are its plain values with the way to each: `repository.contents:read`.
pub(in crate::sources) fn words(value: &Value, separator: Option<&str>) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    match value {
        Value::Array(items) => {
            for item in items {
                words.push(plain(item)?);
            }
        }
        Value::Object(_) => ways(value, "", &mut words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = plain(value)?;
            match separator {
                Some(separator) => words.extend(text.split(separator).map(|word| word.trim().to_owned())),
                None => words.push(text),
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    Ok(words)
}

fn ways(value: &Value, way: &str, words: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| !names_a_secret(key)) {
                let way = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
                ways(value, &way, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| ways(item, way, words)),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            words.push(format!("{way}:{}", plain(value).unwrap_or_default()));
        }
    }
}

/// Yes or no, as databases and spreadsheets write it.
pub(in crate::sources) fn flag(value: &Value) -> Result<bool, String> {
    let text = plain(value)?;
    match text.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err(format!("`{}` is neither true nor false", shown(&text))),
    }
}

/// A whole number.
pub(in crate::sources) fn number(value: &Value) -> Result<i64, String> {
    let text = plain(value)?;
    text.parse().map_err(|_error: std::num::ParseIntError| format!("`{}` is no whole number", shown(&text)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_with_the_value_of_a_secret_are_recognised() {
        for secret in ["token", "HASHED_TOKEN", "client_secret", "Password", "token_secret", "rawToken", "oauth.token"]
        {
            assert!(names_a_secret(secret), "{secret}");
        }
        for plain in ["token_id", "TOKEN_NAME", "token_expires_at", "token.name", "id", "last_used"] {
            assert!(!names_a_secret(plain), "{plain}");
        }
    }

    #[test]
    fn lists_come_in_every_form() {
        let told = |value: Value, separator| words(&value, separator).unwrap();
        assert_eq!(told(json!("b, a,,b"), Some(",")), ["a", "b"]);
        assert_eq!(told(json!("read write"), None), ["read write"]);
        assert_eq!(told(json!(["api", 7]), None), ["7", "api"]);
        let rights = json!({"repository": {"contents": "read", "secret": "x"}, "organization": {"members": "write"}});
        assert_eq!(told(rights, None), ["organization.members:write", "repository.contents:read"]);
        assert!(words(&json!([[1]]), None).is_err());
    }

    #[test]
    fn yes_no_and_numbers_are_not_guessed() {
        assert_eq!((flag(&json!("T")), flag(&json!(0)), flag(&json!(true))), (Ok(true), Ok(false), Ok(true)));
        assert!(flag(&json!("maybe")).is_err() && number(&json!("1.5")).is_err());
        assert_eq!(number(&json!(" 90 ")), Ok(90));
    }
}
