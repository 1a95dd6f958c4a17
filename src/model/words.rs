//! What people call resources of a kind, and those of one form of it: the words for whatever may be out of sight.

use super::Kind;

impl Kind {
    /// What people call several of them.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Principal => "accounts",
            Self::Group => "groups",
            Self::Credential => "credentials",
            Self::Container => "containers",
            Self::Grant => "grants",
            Self::App => "apps",
            Self::Webhook => "webhooks",
            Self::Automation => "automations",
            Self::Variable => "variables",
            Self::Setting => "settings",
            Self::Integration => "integrations",
            Self::Person => "people",
        }
    }
}

/// Every form with the kind it is of. No form is one of two kinds. Of a setting, what is set stands for the form.
const FORMS: [(Kind, &str, &str); 49] = [
    (Kind::Group, "jira-access", "the access that groups give to Jira"),
    (Kind::Group, "confluence-access", "the access that groups give to Confluence"),
    (Kind::Credential, "api-token", "API tokens"),
    (Kind::Credential, "org-api-key", "organisation keys"),
    (Kind::Credential, "oauth-client", "OAuth clients"),
    (Kind::Credential, "ssh-key", "SSH keys"),
    (Kind::Credential, "deploy-key", "deploy keys"),
    (Kind::Credential, "personal-access-token", "personal access tokens"),
    (Kind::Credential, "access-token", "access tokens"),
    (Kind::Credential, "oauth-consumer", "OAuth consumers"),
    (Kind::Credential, "incoming-link", "incoming links"),
    (Kind::Credential, "align-token", "tokens of Jira Align"),
    (Kind::Container, "organisation", "organisations"),
    (Kind::Container, "directory", "directories"),
    (Kind::Container, "product", "products"),
    (Kind::Container, "site", "sites"),
    (Kind::Container, "application", "applications"),
    (Kind::Container, "project", "projects"),
    (Kind::Container, "permission-scheme", "permission schemes"),
    (Kind::Container, "service-desk", "service desks"),
    (Kind::Container, "filter", "filters"),
    (Kind::Container, "dashboard", "dashboards"),
    (Kind::Container, "space", "spaces"),
    (Kind::Container, "workspace", "workspaces"),
    (Kind::Container, "repository-project", "repository projects"),
    (Kind::Container, "repository", "repositories"),
    (Kind::Container, "instance", "instances"),
    (Kind::Grant, "platform-role", "platform roles"),
    (Kind::Grant, "group-platform-role", "platform roles of groups"),
    (Kind::Grant, "product-access", "access to sites"),
    (Kind::Grant, "project-role", "project roles"),
    (Kind::Grant, "permission", "project permissions"),
    (Kind::Grant, "global-permission", "global permissions"),
    (Kind::Grant, "share", "shares"),
    (Kind::Grant, "space-permission", "space permissions"),
    (Kind::Grant, "space-role", "space roles"),
    (Kind::Grant, "workspace-role", "workspace roles"),
    (Kind::Grant, "repository-project-permission", "permissions on repository projects"),
    (Kind::Grant, "repository-permission", "permissions on repositories"),
    (Kind::Grant, "effective-repository-permission", "effective permissions on repositories"),
    (Kind::App, "installed-app", "installed apps"),
    (Kind::App, "acting-app", "apps seen acting"),
    (Kind::App, "application-link", "application links"),
    (Kind::Setting, "basic-auth", "bans on basic authentication"),
    (Kind::Setting, "public-signup", "modes of signing up"),
    (Kind::Setting, "cluster", "versions in clusters"),
    (Kind::Setting, "duplicated-users", "users in several directories"),
    (Kind::Setting, "token-expiry", "ends of tokens of Jira Align"),
    (Kind::Setting, "secret-scanning-exempt", "exemptions from secret scanning"),
];

/// What people call resources of these kinds in these forms, in the order given. A kind of which no form is named is
/// meant as a whole.
#[must_use]
pub fn in_plain_words(kinds: &[Kind], forms: &[impl AsRef<str>]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for kind in kinds {
        let named = forms.iter().filter_map(|form| FORMS.iter().find(|(_, known, _)| *known == form.as_ref()));
        let before = words.len();
        words.extend(named.filter(|(of, _, _)| of == kind).map(|(_, _, word)| *word));
        if words.len() == before {
            words.push(kind.plural());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AppForm, ContainerForm, CredentialForm, GrantForm};

    #[test]
    fn every_form_has_a_word_and_no_word_stands_for_two() {
        let forms = (CredentialForm::ALL.map(CredentialForm::name).into_iter().map(|form| (Kind::Credential, form)))
            .chain(ContainerForm::ALL.map(ContainerForm::name).into_iter().map(|form| (Kind::Container, form)))
            .chain(GrantForm::ALL.map(GrantForm::name).into_iter().map(|form| (Kind::Grant, form)))
            .chain(AppForm::ALL.map(AppForm::name).into_iter().map(|form| (Kind::App, form)));
        for (kind, form) in forms {
            assert_ne!(in_plain_words(&[kind], &[form]), [kind.plural()], "{form} has no word");
        }
        let words: std::collections::BTreeSet<&str> = FORMS.iter().map(|(_, _, word)| *word).collect();
        assert_eq!(words.len(), FORMS.len());
    }

    #[test]
    fn forms_stand_for_their_own_kind_only() {
        let scheme = in_plain_words(&[Kind::Container, Kind::Grant], &["permission-scheme", "permission"]);
        assert_eq!(scheme, ["permission schemes", "project permissions"]);
        assert_eq!(in_plain_words(&[Kind::Principal, Kind::Grant], &["share"]), ["accounts", "shares"]);
        assert!(in_plain_words(&[], &["share"]).is_empty());
    }
}
