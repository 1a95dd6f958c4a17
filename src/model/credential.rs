//! What proves a principal to an API. Its value is never part of the model: there is no field for it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, moment};

/// What sort of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialForm {
    /// An API token of an account: acts with the rights of its owner.
    ApiToken,
    /// An API key of the organisation: acts with the rights of the organisation.
    OrgApiKey,
    /// An OAuth 2.0 client of a service account.
    OauthClient,
    /// A public key with which an account reaches repositories.
    SshKey,
    /// A public key that opens one repository or project, and is nobody's.
    DeployKey,
    /// A personal access token of a self-hosted product, or of another system: acts with the rights of its owner.
    PersonalAccessToken,
    /// An access token that belongs to a repository or project, and is nobody's.
    AccessToken,
    /// An OAuth 1.0a consumer of a self-hosted product.
    OauthConsumer,
    /// An OAuth 2.0 client that a self-hosted product lets in: acts for whoever agreed to it.
    IncomingLink,
}

impl CredentialForm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ApiToken,
        Self::OrgApiKey,
        Self::OauthClient,
        Self::SshKey,
        Self::DeployKey,
        Self::PersonalAccessToken,
        Self::AccessToken,
        Self::OauthConsumer,
        Self::IncomingLink,
    ];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiToken => "api-token",
            Self::OrgApiKey => "org-api-key",
            Self::OauthClient => "oauth-client",
            Self::SshKey => "ssh-key",
            Self::DeployKey => "deploy-key",
            Self::PersonalAccessToken => "personal-access-token",
            Self::AccessToken => "access-token",
            Self::OauthConsumer => "oauth-consumer",
            Self::IncomingLink => "incoming-link",
        }
    }
}

impl CredentialForm {
    /// What people call one.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ApiToken => "API token",
            Self::OrgApiKey => "organisation key",
            Self::OauthClient => "OAuth client",
            Self::SshKey => "SSH key",
            Self::DeployKey => "deploy key",
            Self::PersonalAccessToken => "personal access token",
            Self::AccessToken => "access token",
            Self::OauthConsumer => "OAuth consumer",
            Self::IncomingLink => "incoming link",
        }
    }
}

/// A token, key or client. Its label is the resource's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// API token, organisation key, OAuth client, public key, personal access token, …
    pub form: CredentialForm,
    /// The account whose rights it has. Absent for an organisation key, which acts as the organisation.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub owner: Fact<ResourceId>,
    /// Who made it, where that is told apart from the owner.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub created_by: Fact<ResourceId>,
    /// `active`, `blocked` by a policy, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub status: Fact<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub created_at: Fact<DateTime<Utc>>,
    /// When it ends; absent if it never does.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub expires_at: Fact<DateTime<Utc>>,
    /// When it was last used; absent if no use was ever recorded. The source may be a day behind.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub last_used_at: Fact<DateTime<Utc>>,
    /// Days on which it was seen to have been used, sorted, at most the last [`Credential::DAYS_KEPT`]: made from its last
    /// use, scan after scan. That a day is missing says that no scan saw a use on it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment::days")]
    pub used_on: Fact<Vec<NaiveDate>>,
    /// What it is limited to, sorted. Unknown where the source does not reveal scopes; a list without entries is what
    /// the source gave, and on an organisation key it means that the key may do everything.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub scopes: Fact<Vec<String>>,
    /// The one container it opens, of a deploy key or an access token; of what belongs to an account of a self-hosted
    /// product, the instance.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub container: Fact<ResourceId>,
    /// The digest of a public key: the same one in two places is the same key.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub fingerprint: Fact<String>,
    /// The account that was last seen acting with it, as the audit log tells.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub last_used_by: Fact<ResourceId>,
    /// The accounts on whose behalf it was seen acting, as the audit log tells, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub acts_for: Fact<Vec<ResourceId>>,
    /// How it was presented when it was seen last, such as `api-token`, as the audit log tells.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub auth_type: Fact<String>,
    /// True if it may act as any account of the product, whoever that is.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub impersonates: Fact<bool>,
    /// Scheme and host of the places that an OAuth client or consumer sends people back to, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub hosts: Fact<Vec<String>>,
}

impl Credential {
    /// How many days of use are kept.
    pub const DAYS_KEPT: usize = 35;

    /// Adds the day of its last use to those that earlier scans saw. It changes nothing unless the last use moved, so
    /// that a credential that rests costs no new row.
    pub fn note_use(&mut self, before: Option<&Self>) {
        let earlier = before.map_or(Fact::Unknown, |before| before.used_on.clone());
        self.used_on = match self.last_used_at {
            Fact::Known(last) => {
                let mut days = earlier.known().cloned().unwrap_or_default();
                days.push(last.date_naive());
                days.sort_unstable();
                days.dedup();
                days.drain(..days.len().saturating_sub(Self::DAYS_KEPT));
                Fact::Known(days)
            }
            // What was never used was not used on any day.
            Fact::Absent => earlier.or(Fact::Absent),
            Fact::Unknown => earlier,
        };
    }

    /// A credential of which nothing but its form is known.
    #[must_use]
    pub fn unknown(form: CredentialForm) -> Self {
        Self {
            form,
            owner: Fact::Unknown,
            created_by: Fact::Unknown,
            status: Fact::Unknown,
            created_at: Fact::Unknown,
            expires_at: Fact::Unknown,
            last_used_at: Fact::Unknown,
            used_on: Fact::Unknown,
            scopes: Fact::Unknown,
            container: Fact::Unknown,
            fingerprint: Fact::Unknown,
            last_used_by: Fact::Unknown,
            acts_for: Fact::Unknown,
            auth_type: Fact::Unknown,
            impersonates: Fact::Unknown,
            hosts: Fact::Unknown,
        }
    }

    /// Whether it still opens something. A word of the source that nobody explained does not stop it. What belongs to a
    /// self-hosted product has no other end than its day, so that a list without a word on it will do.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> Fact<bool> {
        if self.has_ended(now) {
            return Fact::Known(false);
        }
        let only_by_day = matches!(
            self.form,
            CredentialForm::PersonalAccessToken
                | CredentialForm::AccessToken
                | CredentialForm::OauthConsumer
                | CredentialForm::IncomingLink
        );
        let untold = self.expires_at.is_unknown() || self.status.is_unknown() && !only_by_day;
        if untold { Fact::Unknown } else { Fact::Known(true) }
    }

    /// True if it is known to open nothing any more: it was blocked or revoked, or its end has passed.
    #[must_use]
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        let stopped = |status: &String| matches!(status.as_str(), "blocked" | "expired" | "revoked");
        self.status.known().is_some_and(stopped) || self.expires_at.known().is_some_and(|end| *end <= now)
    }
}
