//! What the names of pipeline variables say: whose token a variable may hold, and which account goes with it. Values are
//! read by nobody.

use std::collections::BTreeSet;

use super::{Inventory, TokensByWord};
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource, Variable};

/// Words that say nothing about what a credential is for.
const COMMON: [&str; 22] = [
    "access",
    "account",
    "api",
    "apikey",
    "atlassian",
    "auth",
    "bitbucket",
    "bot",
    "cloud",
    "confluence",
    "credential",
    "email",
    "jira",
    "key",
    "pass",
    "password",
    "pat",
    "prod",
    "secret",
    "token",
    "user",
    "var",
];

/// Words by which a variable says that it holds an account, not its secret.
const ACCOUNT: [&str; 6] = ["account", "email", "login", "mail", "user", "username"];

/// Words by which it says that it holds a secret.
const SECRET: [&str; 11] =
    ["apikey", "auth", "credential", "credentials", "key", "pass", "password", "pat", "pw", "secret", "token"];

impl<'a> Inventory<'a> {
    /// API tokens whose label, without common words, is part of a variable's name, in order of their ids.
    #[must_use]
    pub fn tokens_named_in(&self, variable: &str) -> Vec<&'a Resource> {
        let named: BTreeSet<String> = words(variable).into_iter().collect();
        let by_word = self.prepared().tokens_by_word.get_or_init(|| tokens_by_word(self));
        let candidates = named.iter().filter_map(|word| by_word.get(word)).flatten();
        let fitting = candidates.filter(|(_, label)| label.iter().all(|word| named.contains(word)));
        let in_order: BTreeSet<u32> = fitting.map(|(at, _)| *at).collect();
        in_order.into_iter().filter_map(|at| self.snapshot().resources.get(at as usize)).collect()
    }

    /// The variables whose name says that they may hold a token, in order of their ids. Only API tokens are looked for, and
    /// only by labels that say anything.
    #[must_use]
    pub fn variables_that_may_hold(&self, token: &Resource) -> Vec<&'a Resource> {
        let Body::Credential(Credential { form: CredentialForm::ApiToken, .. }) = &token.body else {
            return Vec::new();
        };
        let label: Vec<String> = words(&token.name).into_iter().filter(|word| is_telling(word)).collect();
        if label.is_empty() {
            return Vec::new();
        }
        let fits = |variable: &&Resource| {
            let named = words(&variable.name);
            label.iter().all(|word| named.contains(word))
        };
        self.of_kind(Kind::Variable).filter(fits).collect()
    }

    /// Variables of the same container, level and environment that share a word with this one and name an account, and
    /// whether one that was seen may be another: environments that nobody told are not the same one.
    #[must_use]
    pub fn accounts_beside(&self, resource: &Resource, variable: &Variable) -> (Vec<&'a str>, bool) {
        let Variable { level, container: Fact::Known(container), environment, .. } = variable else {
            return (Vec::new(), false);
        };
        let named = words(&resource.name);
        let (mut found, mut told) = (Vec::new(), true);
        if holds_account(&named) {
            return (found, told);
        }
        for other in self.variables_in(container).filter(|other| other.id != resource.id) {
            let Body::Variable(body) = &other.body else { continue };
            let untold = environment.is_unknown() || body.environment.is_unknown();
            if body.level != *level || !untold && body.environment != *environment {
                continue;
            }
            let its = words(&other.name);
            if holds_account(&its) && its.iter().any(|word| named.contains(word)) {
                told &= !untold;
                found.extend((!untold).then(|| other.title()));
            }
        }
        (found, told)
    }
}

/// True if a variable's name says that it holds a secret, and not the account or the address that goes with it.
#[must_use]
pub fn is_named_like_secret(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    words.iter().any(|word| SECRET.contains(&word.as_str()))
        && !holds_account(&words)
        && !["id", "url", "uri", "host", "name", "path", "file"].contains(&last)
}

/// True if a variable's name says that it holds an account.
#[must_use]
pub fn is_named_like_account(name: &str) -> bool {
    holds_account(&words(name))
}

fn holds_account(words: &[String]) -> bool {
    words.iter().any(|word| ACCOUNT.contains(&word.as_str()))
}

/// A token is listed under one word of its label: a name that does not have that one does not have them all.
fn tokens_by_word(inventory: &Inventory<'_>) -> TokensByWord {
    let mut by_word = TokensByWord::new();
    for (at, token) in (0..).zip(&inventory.snapshot().resources) {
        let Body::Credential(Credential { form: CredentialForm::ApiToken, .. }) = &token.body else { continue };
        let label: Vec<String> = words(&token.name).into_iter().filter(|word| is_telling(word)).collect();
        if let Some(longest) = label.iter().max_by_key(|word| word.len()) {
            by_word.entry(longest.clone()).or_default().push((at, label));
        }
    }
    by_word
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric()).filter(|part| part.len() > 1);
    parts.map(str::to_lowercase).collect()
}

fn is_telling(word: &str) -> bool {
    !COMMON.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_from_what_goes_with_it() {
        for name in ["JENKINS_TOKEN", "sonar-jira-api-key", "POWERBI_PASSWORD"] {
            assert!(is_named_like_secret(name), "{name}");
        }
        for name in ["JENKINS_URL", "JENKINS_TOKEN_ID", "JIRA_TOKEN_USER", "JENKINS_JOB", "KEY_FILE"] {
            assert!(!is_named_like_secret(name), "{name}");
        }
    }
}
