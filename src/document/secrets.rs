//! Secrets in the sections of a configuration: a reference under a key (`token: env:NAME`, `token: file:/path`), or a
//! command under the key with `_command` behind it (`token_command: [pass, show, slack]`). Whatever is wrong with one is
//! told without the value, which may be the secret itself.

use super::{Node, Section, Value};
use crate::problem::{Problem, SourceText};
use crate::secret::{Secret, SecretRef};

/// A secret that may be left out. `None` too where it cannot be had, which is noted.
pub fn secret(section: &mut Section, key: &'static str, command_key: &'static str) -> Option<Secret> {
    let written: Option<Node> = section.get(key);
    let command: Option<Vec<String>> = section.get(command_key);
    let (reference, at) = match (written, command) {
        (Some(_), Some(_)) => {
            let what = format!("`{key}` and `{command_key}` exclude each other");
            section.wrong(section.span_of(command_key), what, None);
            return None;
        }
        (Some(written), None) => (reference(section, key, &written)?, key),
        (None, Some(words)) => (SecretRef::Command(words), command_key),
        (None, None) => return None,
    };
    match reference.resolve() {
        Ok(secret) => Some(secret),
        Err(error) => {
            section.wrong(section.span_of(at), format!("cannot get the secret of `{at}`"), Some(error.to_string()));
            None
        }
    }
}

/// A secret that must be there.
pub fn need_secret(section: &mut Section, key: &'static str, command_key: &'static str) -> Option<Secret> {
    if !section.has(key) && !section.has(command_key) {
        let help = format!("add `{key}: env:NAME` or `{key}: file:/path`");
        section.wrong(section.span(), format!("`{key}` is missing"), Some(help));
    }
    secret(section, key, command_key)
}

/// An address that may hold a password, such as that of a proxy: as it is where it holds none, and otherwise a reference,
/// `env:NAME` or `file:/path`, to the whole of it.
pub fn address(section: &mut Section, key: &'static str) -> Option<Secret> {
    let node: Node = section.get(key)?;
    match &node.value {
        Value::Text(text) if text.parse::<SecretRef>().is_ok() => secret_at(section, key, &node),
        Value::Text(text) if !text.contains('@') => Some(Secret::new(text.clone())),
        _ => {
            let what = format!("`{key}` holds a user or password");
            let help = "write the whole address somewhere else, and `env:NAME` or `file:/path` here";
            section.take(Err(covered(section, &node, what).help(help).into()))
        }
    }
}

/// The secret in one of several values whose keys people choose, such as headers.
pub fn secret_at(section: &mut Section, name: &str, node: &Node) -> Option<Secret> {
    let reference = reference(section, name, node)?;
    match reference.resolve() {
        Ok(secret) => Some(secret),
        Err(error) => {
            section.wrong(node.span.clone(), format!("cannot get the secret of `{name}`"), Some(error.to_string()));
            None
        }
    }
}

/// The reference in a value. What is none may be the secret itself, whatever sort of value it is: it is not shown.
fn reference(section: &mut Section, name: &str, node: &Node) -> Option<SecretRef> {
    let text = if let Value::Text(text) = &node.value { text.as_str() } else { "" };
    match text.parse() {
        Ok(reference) => Some(reference),
        Err(error) => {
            let problem = covered(section, node, format!("`{name}` is no reference")).help(error.to_string());
            section.take(Err(problem.into()))
        }
    }
}

/// A problem at a value that may be a pasted secret: the excerpt shows the place, and asterisks for the value.
fn covered(section: &Section, node: &Node, what: String) -> Problem {
    let file = section.file();
    let mut text = file.text.to_string();
    match text.get(node.span.clone()).map(|value| "*".repeat(value.len())) {
        Some(asterisks) => text.replace_range(node.span.clone(), &asterisks),
        None => text.clear(),
    }
    // The span of a list or a section ends with its first key: everything behind it on later lines goes too.
    if matches!(node.value, Value::List(_) | Value::Map(_)) {
        text.truncate(node.span.end.min(text.len()));
    }
    Problem::at(&SourceText::new(&file.name, &text), node.span.clone(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> String {
        let mut section = crate::document::parse(&SourceText::new("keyroll.yaml", yaml)).unwrap();
        let secret = need_secret(&mut section, "token", "token_command");
        let problems = section.finish(secret).err().unwrap();
        format!("{problems:?} {}", problems.0.iter().map(|problem| problem.render(false)).collect::<String>())
    }

    #[test]
    fn a_pasted_secret_is_not_repeated_whatever_it_looks_like() {
        for pasted in ["xoxb-planted", "'planted'", "{key: planted}", "[planted, x]", "[\n  planted]", "|\n  planted\n"]
        {
            let told = told(&format!("token: {pasted}\n"));
            assert!(told.contains("is no reference") && !told.contains("planted"), "{told}");
        }
        assert!(!told("token: 1234567890\n").contains("1234567890"));
        let told = told("token: file:+'ATATT3xFfGF0planted9secret'\n");
        assert!(told.contains("looks like a secret itself"), "{told}");
    }

    #[test]
    fn an_address_with_a_password_is_a_reference() {
        let read = |yaml: &str| {
            let mut section = crate::document::parse(&SourceText::new("keyroll.yaml", yaml)).unwrap();
            let address = address(&mut section, "proxy");
            section.finish(address).map(|address| address.expose().to_owned())
        };
        assert_eq!(read("proxy: http://proxy.acme.example:3128\n").unwrap(), "http://proxy.acme.example:3128");
        for pasted in ["http://me:planted@proxy.acme.example", "'me:planted@proxy'", "[planted@x]"] {
            let problems = read(&format!("proxy: {pasted}\n")).unwrap_err();
            let told = problems.0.iter().map(|problem| problem.render(false)).collect::<String>();
            assert!(told.contains("env:NAME") && !told.contains("planted"), "{told}");
        }
        assert!(read("proxy: env:KEYROLL_TEST_UNSET\n").is_err(), "the whole address is somewhere else");
    }

    #[test]
    fn a_secret_is_needed_once_and_must_be_there() {
        assert!(told("{}\n").contains("`token` is missing"));
        assert!(told("token: env:A\ntoken_command: [echo, x]\n").contains("exclude each other"));
        assert!(told("token_command: [echo, '']\n").contains("is empty"));
        assert!(told("token: env:KEYROLL_TEST_UNSET\n").contains("is not set"));
    }
}
