//! Tells names that stand for machines from people's, by how they are put together.

use crate::model::{Body, Fact, Principal, PrincipalType, Resource};

/// The words of a name in small letters.
pub(super) fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// All mail addresses of an account.
pub(super) fn mails(account: &Principal) -> impl Iterator<Item = &str> {
    account.email.known().into_iter().chain(account.other_emails.known().into_iter().flatten()).map(String::as_str)
}

/// Beginnings of names that stand for machines. `sa.` is left out: it begins people's addresses.
const BEGINNINGS: [&str; 13] =
    ["svc", "sa", "srv", "service", "bot", "api", "int", "integration", "tech", "sys", "auto", "ci", "cd"];
/// Ends of names that stand for machines.
const ENDS: [&str; 9] = ["svc", "sa", "bot", "api", "service", "integration", "sync", "automation", "ci"];
/// Words that a person's name has not.
const MACHINE_WORDS: [&str; 29] = [
    "account",
    "admin",
    "agent",
    "api",
    "app",
    "automation",
    "bot",
    "bridge",
    "build",
    "ci",
    "connector",
    "dev",
    "integration",
    "noreply",
    "prod",
    "production",
    "project",
    "robot",
    "runner",
    "sandbox",
    "server",
    "service",
    "staging",
    "svc",
    "sync",
    "system",
    "team",
    "test",
    "user",
];

/// True if an account is one for machines, or is named like one.
#[must_use]
pub fn looks_like_machine(resource: &Resource) -> bool {
    let Body::Principal(account) = &resource.body else { return false };
    match account.account_type {
        Fact::Known(PrincipalType::ServiceAccount | PrincipalType::App | PrincipalType::Agent) => return true,
        Fact::Known(PrincipalType::Customer) => return false,
        Fact::Known(PrincipalType::Person | PrincipalType::Other) | Fact::Absent | Fact::Unknown => {}
    }
    let locals = mails(account).filter_map(|mail| Some(mail.rsplit_once('@')?.0));
    let displayed = Some(resource.name.as_str());
    displayed.into_iter().chain(account.username.known().map(String::as_str)).chain(locals).any(is_machine_name)
}

fn is_machine_name(name: &str) -> bool {
    let name = name.trim().to_lowercase();
    let begins = BEGINNINGS.iter().any(|word| {
        let rest = name.strip_prefix(word).unwrap_or_default();
        rest.starts_with(['-', '_']) || (rest.starts_with('.') && *word != "sa")
    });
    let ends = ENDS.iter().any(|word| name.strip_suffix(word).is_some_and(|rest| rest.ends_with(['-', '_', '.'])));
    let says_so = |word: &String| {
        ["noreply", "automation", "integration", "robot", "bot"].contains(&word.as_str())
            || word.ends_with("automation")
            || word.ends_with("integration")
    };
    let words = words(&name);
    begins
        || ends
        || words.iter().any(says_so)
        || words.windows(2).any(|pair| pair == ["no", "reply"] || pair == ["service", "account"])
}

/// True if an account looks like a person's: it is none for machines, is not named like one, and its displayed name or
/// its mail address is made of a first and a last name.
#[must_use]
pub fn looks_like_person(resource: &Resource) -> bool {
    let Body::Principal(account) = &resource.body else { return false };
    if let Fact::Known(PrincipalType::ServiceAccount | PrincipalType::App | PrincipalType::Agent) = account.account_type
    {
        return false;
    }
    if looks_like_machine(resource) {
        return false;
    }
    is_personal_name(&resource.name)
        || mails(account).filter_map(|mail| mail.rsplit_once('@')).any(|(local, _)| is_personal_address(local))
}

/// Two or three capitalised words of which none is a machine's: “Ada Muster”, “Mara Bauer-Jenkins”, “Ian McDonald”.
pub(super) fn is_personal_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split_whitespace().collect();
    (2..=3).contains(&parts.len())
        && parts.iter().all(|part| part.split(['-', '\'', '’']).all(is_capitalised))
        && words(name).iter().all(|word| !MACHINE_WORDS.contains(&word.as_str()))
}

/// A capital and small letters behind it; a capital inside only behind what begins family names.
fn is_capitalised(word: &str) -> bool {
    let inner = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.all(|letter| letter.is_lowercase() || letter == '.')
    };
    let behind = ["Mc", "Mac", "De", "Di", "Du", "La", "Le", "Van", "Von", "Fitz"]
        .iter()
        .find_map(|begin| word.strip_prefix(begin));
    inner(word) || behind.is_some_and(inner) || matches!(word, "de" | "van" | "von" | "der" | "da" | "di")
}

/// `ada.muster`, `ada_muster2`, `ada-muster`: a first and a last name, none of them a machine's word.
pub(super) fn is_personal_address(local: &str) -> bool {
    let local = local.to_lowercase();
    let Some((first, last)) = local.split_once(['.', '_', '-']) else { return false };
    let last = last.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_name =
        |part: &str| part.len() > 1 && part.chars().all(char::is_alphabetic) && !MACHINE_WORDS.contains(&part);
    is_name(first) && is_name(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ResourceId};

    fn account(name: &str, mail: &str) -> Resource {
        let email = if mail.is_empty() { Fact::Unknown } else { Fact::Known(mail.to_owned()) };
        let body = Body::Principal(Principal { email, ..Principal::default() });
        let id = ResourceId::new("acme", Kind::Principal, "x");
        Resource { id, name: name.to_owned(), seen_by: Vec::new(), body }
    }

    #[test]
    fn machines_are_told_from_people() {
        for name in ["svc-build", "build_bot", "no-reply", "Jira Automation", "ci.deploy", "Kiplot Service Account"] {
            assert!(looks_like_machine(&account(name, "")) && !looks_like_person(&account(name, "")), "{name}");
        }
        for (name, mail) in [
            ("Ada Muster", ""),
            ("Naledi Botha", "naledi.botha@acme.example"),
            ("Sa Khan", "sa.khan@acme.example"),
            ("Ian McDonald", ""),
            ("Jan van Dyk", ""),
            ("amuster", "ada.muster2@acme.example"),
            ("Tom Robotham", ""),
        ] {
            let account = account(name, mail);
            assert!(looks_like_person(&account) && !looks_like_machine(&account), "{name}");
        }
        for name in ["GitLab Runner", "jenkins", "Jenkins Prod"] {
            assert!(!looks_like_person(&account(name, "")), "{name}");
        }
    }
}
