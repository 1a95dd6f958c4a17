//! Values that the profiles, the register and the detector's weights share: lists of texts, forms of credential, hosts. Each mistake in each of
//! them is told.

use crate::document::{Located, Node, Section, Value};
use crate::inventory::needs::words::{WORKPLACES, check_permission};
use crate::model::CredentialForm;
use crate::text::did_you_mean;

/// The texts in the list under a key, none of them empty and none twice; `None` if the key is left out.
pub(crate) fn texts(section: &mut Section, key: &'static str) -> Option<Vec<Located<String>>> {
    let items = items(section, key)?;
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

fn items(section: &mut Section, key: &'static str) -> Option<Vec<Node>> {
    let node: Node = section.get(key)?;
    match node.value {
        Value::List(items) => Some(items),
        Value::Null => {
            let help = Some("leave it out, or write `[]` if there is none".to_owned());
            section.wrong(node.span, format!("`{key}` says nothing"), help);
            None
        }
        other => {
            let help = if let Value::Text(text) = &other { Some(format!("write `[{text}]`")) } else { None };
            section.wrong(node.span, format!("`{key}` is {}, expected a list", other.sort()), help);
            None
        }
    }
}

/// The places under a key: `PAY` for whatever has that key, `space: DOCS` or `space:DOCS` for one of a sort.
pub(crate) fn places(section: &mut Section, key: &'static str) -> Option<Vec<Located<String>>> {
    let items = items(section, key)?;
    let mut places: Vec<Located<String>> = Vec::with_capacity(items.len());
    for item in items {
        let Some(place) = place(section, key, &item) else { continue };
        if places.iter().any(|earlier| earlier.value == place.value) {
            section.wrong(place.span.clone(), format!("`{}` comes twice in `{key}`", place.value), None);
        }
        places.push(place);
    }
    Some(places)
}

fn place(section: &mut Section, key: &'static str, item: &Node) -> Option<Located<String>> {
    let (sort, named) = match &item.value {
        Value::Map(pairs) => match pairs.as_slice() {
            [(sort, named)] => (sort.clone(), text(section, key, named)?),
            _ => {
                let help = Some("write each place as an entry of its own: `- space: DOCS`".to_owned());
                section.wrong(item.span.clone(), format!("`{key}` has an entry that names several places"), help);
                return None;
            }
        },
        _ => {
            let written = text(section, key, item)?;
            // The key of a person's own space may have a colon in it.
            match written.value.split_once(':').filter(|(sort, _)| !sort.starts_with('~')) {
                Some((sort, named)) => {
                    let located = |value: &str| Located { value: value.trim().to_owned(), span: written.span.clone() };
                    (located(sort), located(named))
                }
                None => return Some(written),
            }
        }
    };
    let sorts = WORKPLACES.map(|(_, sort)| sort);
    if !sorts.contains(&sort.value.as_str()) {
        let help = match did_you_mean(&sort.value.to_lowercase().replace('_', "-"), sorts) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("sorts are {}", sorts.join(", ")),
        };
        section.wrong(sort.span, format!("`{}` is no sort of place", sort.value), Some(help));
        return None;
    }
    if named.value.is_empty() {
        section.wrong(named.span, format!("`{key}` names no {}", sort.value), None);
        return None;
    }
    Some(Located { value: format!("{}:{}", sort.value, named.value), span: item.span.clone() })
}

/// The permissions under a key, as the products call them.
pub(crate) fn permissions(section: &mut Section, key: &'static str) -> Option<Vec<String>> {
    let written = texts(section, key)?;
    for permission in &written {
        if let Err(meant) = check_permission(&permission.value) {
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "those of Bitbucket servers are REPO_READ, REPO_WRITE and REPO_ADMIN".to_owned(),
            };
            section.wrong(
                permission.span.clone(),
                format!("there is no permission `{}`", permission.value),
                Some(help),
            );
        }
    }
    Some(sorted(written))
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
