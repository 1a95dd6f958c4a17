//! Who can act: people, machines and portal customers; and the groups they are in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Fact, ResourceId, SourceName, moment};

/// What sort of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrincipalType {
    /// A login account: a person, or a machine that was given a person's kind of account.
    Person,
    /// An account of the organisation for machines: cannot log in, takes no seat.
    ServiceAccount,
    /// The account of an installed app.
    App,
    /// A Rovo agent.
    Agent,
    /// A portal customer of Jira Service Management: takes no seat.
    Customer,
    /// A type the source named and we do not know.
    Other,
}

impl PrincipalType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Person, Self::ServiceAccount, Self::App, Self::Agent, Self::Customer, Self::Other];

    /// The word used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service-account",
            Self::App => "app",
            Self::Agent => "agent",
            Self::Customer => "customer",
            Self::Other => "other",
        }
    }
}

/// An account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Person, service account, app, agent or customer.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub account_type: Fact<PrincipalType>,
    /// `active`, `suspended`, `deactivated`, `not-invited`, `for-deletion`, `closed`, or the source's own word.
    /// Told by the organisation alone, and for accounts of a self-hosted product by that.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub status: Fact<String>,
    /// Mail address. Unknown where the owner hides it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub email: Fact<String>,
    /// True if the organisation has claimed the account (its mail domain is verified), or if it is one of a self-hosted
    /// product, which is the company's own; false for external accounts.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub managed: Fact<bool>,
    /// True if two-step verification is on; told for managed accounts only.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub mfa: Fact<bool>,
    /// Platform roles such as `atlassian/org-admin`, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub platform_roles: Fact<Vec<String>>,
    /// Groups the account is a direct member of, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub groups: Fact<Vec<ResourceId>>,
    /// Groups the account was seen in while it may be in more, sorted: the list of some group was not read whole. Known
    /// only while `groups` is not.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub groups_at_least: Fact<Vec<ResourceId>>,
    /// Groups of Bitbucket workspaces it is in, sorted: these are no groups of the cloud, and say nothing about those.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub workspace_groups: Fact<Vec<ResourceId>>,
    /// Groups of Bitbucket workspaces it was seen in while it may be in more, sorted. Known only while `workspace_groups`
    /// is not.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub workspace_groups_at_least: Fact<Vec<ResourceId>>,
    /// When pages of each product were last viewed, sorted by product. Use of the API does not count as activity.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub activity: Fact<Vec<ProductActivity>>,
    /// When the account came into the organisation.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub added_at: Fact<DateTime<Utc>>,
    /// When it was deactivated.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub deactivated_at: Fact<DateTime<Utc>>,
    /// True if it counts towards the Guard subscription.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub billable: Fact<bool>,
    /// How a managed account came to be: `invited` or `synced`.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub management_source: Fact<String>,
    /// Who made a service account.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub created_by: Fact<ResourceId>,
    /// What somebody wrote about it: the description of a service account, the job title of a person.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub description: Fact<String>,
    /// How each source sees the account, sorted. Sources that disagree are told as such.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub standings: Fact<Vec<Standing>>,
    /// Mail addresses that other sources show for the account where they differ from `email`, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub other_emails: Fact<Vec<String>>,
    /// The authentication policy the account is in, by name; told for managed accounts only.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub auth_policy: Fact<String>,
    /// When it last logged in, as the audit log or a self-hosted product tells; unknown where neither has a log-in.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub last_login_at: Fact<DateTime<Utc>>,
    /// The name it logs in with, of an account of a self-hosted product.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub username: Fact<String>,
    /// The user directory it comes from, of an account of a self-hosted product.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub directory: Fact<String>,
}

impl Principal {
    /// Whether an account with this status is let in by who decides; `None` if the word decides nothing.
    #[must_use]
    pub fn lets_in(status: &str) -> Option<bool> {
        match status {
            "active" => Some(true),
            "suspended" | "deactivated" | "closed" | "for-deletion" | "deleted" => Some(false),
            _ => None,
        }
    }
}

/// A product that has a view of its own on who may log in; the organisation's is the account's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// A Jira site.
    Jira,
    /// A Confluence site.
    Confluence,
    /// A Bitbucket workspace.
    Bitbucket,
    /// Jira Align.
    Align,
}

impl Product {
    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Jira => "Jira",
            Self::Confluence => "Confluence",
            Self::Bitbucket => "Bitbucket",
            Self::Align => "Jira Align",
        }
    }
}

/// How one source sees an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Standing {
    /// The product.
    pub product: Product,
    /// The source, by its name in the configuration.
    pub source: SourceName,
    /// True if the account may log in there.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub active: Fact<bool>,
    /// True if the mail address is shown there, false if it is hidden.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub shows_email: Fact<bool>,
}

/// When pages of one product were last viewed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProductActivity {
    /// Product key as the organisation names it, such as `jira-software`.
    pub product: String,
    /// The site or workspace, as the organisation names it (an ARI), if told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Last page view; absent if never.
    #[serde(default, skip_serializing_if = "Fact::is_unknown", with = "moment")]
    pub last_active_at: Fact<DateTime<Utc>>,
}

/// A named set of principals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its description.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub description: Fact<String>,
    /// Who decides on members: `admins`, `external`, `team-members`, `open`, or the source's own word.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub managed_by: Fact<String>,
    /// True if an identity provider feeds it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub external: Fact<bool>,
    /// Members, as the source counts them.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub member_count: Fact<i64>,
    /// What membership opens in Jira: `user`, `admin`, `site-admin`, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub jira_access: Fact<Vec<String>>,
    /// What membership opens in Confluence: `user`, `admin`, `site-admin`, sorted.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub confluence_access: Fact<Vec<String>>,
    /// True if membership makes an administrator of the self-hosted product that has the group. Such a group has no
    /// access to the cloud: the two above are absent.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub administers: Fact<bool>,
    /// Groups that it is itself a direct member of, sorted: who is in it is in those too. Absent where the product has no
    /// groups in groups, or counts those inside among the members.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub inside: Fact<Vec<ResourceId>>,
    /// True if the list of its members was read whole in this scan, so that an account which was not seen in it is not in
    /// it; false if it was refused, cut or left out. Unknown where nobody was to read it.
    #[serde(default, skip_serializing_if = "Fact::is_unknown")]
    pub members_told: Fact<bool>,
}
