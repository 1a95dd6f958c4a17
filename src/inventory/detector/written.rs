//! Values that the profiles, the register and the detector's weights share: lists of texts, forms of credential, hosts. Each mistake in each of
//! them is told.

use crate::document::{Located, Node, Section, Value};
use crate::model::CredentialForm;
use crate::text::did_you_mean;

/// The texts in the list under a key, none of them empty and none twice; `None` if the key is left out.
pub(crate) fn texts(section: &mut Section, key: &'static str) -> Option<Vec<Located<String>>> {
    let node: Node = section.get(key)?;
    let items = match node.value {
        Value::List(items) => items,
        Value::Null => {
            let help = Some("leave it out, or write `[]` if there is none".to_owned());
            section.wrong(node.span, format!("`{key}` says nothing"), help);
            return None;
        }
        other => {
            let help = if let Value::Text(text) = &other { Some(format!("write `[{text}]`")) } else { None };
            section.wrong(node.span, format!("`{key}` is {}, expected a list", other.sort()), help);
            return None;
        }
    };
    let mut texts: Vec<Located<String>> = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = text(section, key, &item) else { continue };
        if texts.iter().any(|earlier| earlier.value == text.value) {
            section.wrong(text.span.clone(), format!("`{}` comes twice in `{key}`", text.value), None);
        }
        texts.push(text);
    }
    Some(texts)
}

/// A value that must be text with something in it. Numbers will do, as long as they are written with digits only.
pub(crate) fn text(section: &mut Section, key: &str, node: &Node) -> Option<Located<String>> {
    let written = match &node.value {
        Value::Text(text) => text.trim().to_owned(),
        Value::Int(number) => {
            // `010` and `0x10` are numbers to YAML, and something else to whoever wrote them.
            let digits = section.file().text.get(node.span.clone()).unwrap_or_default().trim();
            if digits != number.to_string() {
                let help = Some("put it in quotes".to_owned());
                section.wrong(node.span.clone(), format!("`{key}` is a number, expected text"), help);
                return None;
            }
            digits.to_owned()
        }
        other => {
            let help =
                Some("put it in quotes".to_owned()).filter(|_| matches!(other, Value::Bool(_) | Value::Float(_)));
            section.wrong(node.span.clone(), format!("`{key}` is {}, expected text", other.sort()), help);
            return None;
        }
    };
    if written.is_empty() {
        section.wrong(node.span.clone(), format!("`{key}` is empty"), None);
        return None;
    }
    Some(Located { value: written, span: node.span.clone() })
}

/// A text under a key that may be left out, with something in it.
pub(crate) fn get_text(section: &mut Section, key: &'static str) -> Option<Located<String>> {
    let node: Node = section.get(key)?;
    text(section, key, &node)
}

/// A text under a key that must be there, with something in it.
pub(crate) fn need_text(section: &mut Section, key: &'static str) -> Option<Located<String>> {
    if !section.has(key) {
        return section.need::<Located<String>>(key);
    }
    get_text(section, key)
}

/// Only the values, sorted.
pub(crate) fn sorted(texts: Vec<Located<String>>) -> Vec<String> {
    let mut values: Vec<String> = texts.into_iter().map(|text| text.value).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The forms of credential under a key.
pub(crate) fn forms(section: &mut Section, key: &'static str) -> Option<Vec<String>> {
    let written = texts(section, key)?;
    let known = CredentialForm::ALL.map(CredentialForm::name);
    for form in written.iter().filter(|form| !known.contains(&form.value.as_str())) {
        let help = match did_you_mean(&form.value, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("forms are {}", known.join(", ")),
        };
        section.wrong(form.span.clone(), format!("there is no form of credential `{}`", form.value), Some(help));
    }
    Some(sorted(written))
}

/// The hosts under a key, in small letters: names with `*` for any run of characters, and nothing else of an address.
pub(crate) fn hosts(section: &mut Section, key: &'static str) -> Option<Vec<String>> {
    let written = texts(section, key)?;
    for host in &written {
        let plain = plain_host(&host.value);
        if plain != host.value {
            let help = Some(format!("write `{plain}`"));
            section.wrong(host.span.clone(), format!("`{}` is more than a host", host.value), help);
        } else if let Some((what, help)) = unsafe_pattern(&host.value) {
            section.wrong(host.span.clone(), what, Some(help));
        }
    }
    Some(sorted(written))
}

/// What an address leaves when scheme, path and capitals are taken away.
fn plain_host(written: &str) -> String {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.rsplit_once('@').map_or(host, |(_, host)| host).to_lowercase()
}

/// A pattern that hosts of strangers would fit.
fn unsafe_pattern(host: &str) -> Option<(String, String)> {
    let is_open = |host: &str| host.chars().all(|letter| matches!(letter, '*' | '.'));
    if is_open(host) {
        return Some((format!("`{host}` fits every host"), "name the hosts".to_owned()));
    }
    let rest = host.strip_prefix('*')?;
    if rest.starts_with('.') {
        return None;
    }
    let what = format!("`{host}` fits hosts of others, too: anybody can have one that ends so");
    Some((what, format!("write `*.{}` for what is below the name", rest.trim_start_matches('*'))))
}
