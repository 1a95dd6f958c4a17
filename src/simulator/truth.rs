//! What is wrong with the pretended estate, and what only looks wrong: the answer sheet for tests of rules.

use chrono::{DateTime, Utc};

/// Every situation that is planted, with what it means. `Plant::expect` is one of these keys.
pub const SITUATIONS: &[(&str, &str)] = &[
    ("align-configurator-left", "somebody who left may still change the connector of Jira Align"),
    ("align-user-dormant", "an active user of Jira Align has not logged in for more than 90 days"),
    ("app-acts-for-person", "an app acts on behalf of a person"),
    ("automation-acts-as-person", "an automation rule that is switched on acts as a person"),
    ("automation-owner-gone", "an automation rule that is switched on was written by or acts as somebody deactivated"),
    ("customer-on-agent-seat", "a customer of the portal is in a group that gives an agent's seat"),
    ("dc-access-key-shared", "one SSH key opens several repositories of a self-hosted Bitbucket"),
    ("dc-administrator-token-in-integration", "a system runs on a personal access token of an administrator"),
    ("dc-anonymous-access", "a self-hosted Confluence can be used without signing in"),
    ("dc-basic-auth-open", "user name and password open a self-hosted product to programs"),
    ("dc-client-with-system-admin", "a client of OAuth 2.0 may act with all powers of a system administrator"),
    ("dc-cluster-mixed-versions", "the machines of a cluster are of different versions"),
    ("dc-connector-lacks-permission", "the account of Jira Align's connector lacks a permission it needs in a project"),
    (
        "dc-grant-to-anyone",
        "a permission scheme of a self-hosted Jira grants something to people who are not signed in",
    ),
    ("dc-integration-is-administrator", "an account of a system administers a self-hosted product"),
    ("dc-integration-on-personal-account", "a system runs on a personal access token of a person"),
    ("dc-kiplot-token-without-expiry", "the token of Kiplot never ends, because the vendor asks for that"),
    ("dc-licence-expires-soon", "the licence of a self-hosted product ends within 30 days"),
    ("dc-licence-near-tier", "the licence of a self-hosted product has almost no users left"),
    ("dc-link-impersonates", "the other end of an application link may act as anybody"),
    ("dc-link-not-working", "the other end of an application link does not answer"),
    ("dc-link-over-http", "an application link talks without encryption"),
    ("dc-machine-exceeds-needs", "a machine may do more in a self-hosted product than the register says it needs"),
    ("dc-machine-in-default-role", "an account of a system is in a role of every new project of a self-hosted Jira"),
    ("dc-machine-is-system-admin", "an account that stands for a machine administers a self-hosted system"),
    ("dc-machine-token-administers", "an HTTP access token of a machine may administer projects or repositories"),
    ("dc-project-open-to-logged-in", "everybody who is logged in may write to a project of a self-hosted Bitbucket"),
    ("dc-public-repository", "a repository of a self-hosted Bitbucket can be read without logging in"),
    ("dc-public-signup", "everybody can open an account in a self-hosted Jira"),
    ("dc-repository-exempt-from-scanning", "what is pushed to a repository is not searched for secrets"),
    ("dc-space-open-to-anyone", "people who are not signed in can read a space of a self-hosted Confluence"),
    ("dc-ssh-key-unused", "an SSH key without an end was not used for more than 90 days"),
    ("dc-token-lives-too-long", "a personal access token lives for more than 365 days"),
    ("dc-token-never-used", "a token of a self-hosted product is older than 30 days and was never used"),
    ("dc-token-orphaned", "the owner of a personal access token does not resolve any more"),
    ("dc-token-owner-deactivated", "the owner of a token of a self-hosted product is deactivated"),
    ("dc-token-unused", "a personal access token was used, but not for more than 90 days"),
    ("dc-token-without-expiry", "a token of a self-hosted product never ends"),
    ("dc-version-unsupported", "a self-hosted product is of a version that gets no more security fixes"),
    ("dc-webhook-over-http", "a webhook of a self-hosted product sends without encryption"),
    ("dc-webhook-secret-in-url", "the address of a webhook of a self-hosted product has a secret in it"),
    ("dc-webhook-skips-verification", "a webhook of a self-hosted product does not check its receiver's certificate"),
    ("dc-webhook-to-test-host", "a webhook of a self-hosted product sends to a public bin for trying things out"),
    ("deploy-key-shared", "one SSH key opens several repositories"),
    ("deploy-key-unused", "a deploy key was not used for more than 90 days"),
    ("everybody-in-default-role", "everybody who gets a seat is in a role of every new project"),
    ("expires-soon", "a token in use ends within 30 days"),
    (
        "external-accounts-blind-spot",
        "people have accounts that the organisation does not manage, and whose tokens it cannot see",
    ),
    ("external-bitbucket-member", "a member of the Bitbucket workspace is unknown to the organisation"),
    ("filter-open-to-logged-in", "a filter is shared with everyone who is signed in"),
    ("filter-owner-inactive", "a filter that others use belongs to somebody whose account is deactivated"),
    ("grant-to-anyone", "a permission scheme grants something to people who are not signed in"),
    ("grant-to-logged-in", "a permission scheme grants something to everyone who is signed in"),
    ("grant-to-single-user", "a permission scheme names one account directly"),
    (
        "human-behaves-like-machine",
        "an account looks like a person's, nobody opens a page with it, and a program uses it",
    ),
    ("inactive-actor", "an account that is no longer active is an actor in a project role"),
    ("integration-on-personal-account", "a system runs on a token of a person"),
    ("ip-allowlist-disabled", "a list of allowed addresses is switched off"),
    ("key-creator-deactivated", "an organisation key was made by somebody whose account is deactivated"),
    ("key-expires-soon", "an organisation key in use ends within 30 days"),
    ("key-without-scopes", "an organisation key has no scopes and so has all powers"),
    ("label-reads-like-system", "the label of a person's own token has the name of a system in it"),
    ("machine-administers-repository", "an account that stands for a machine administers a repository"),
    ("machine-administers-space", "an account that stands for a machine administers a space"),
    ("machine-in-default-role", "a machine is in a role of every new project"),
    ("machine-is-org-admin", "an account that stands for a machine administers the organisation"),
    ("machine-is-project-admin", "an account that stands for a machine administers a project"),
    ("machine-logs-in", "a login account that stands for a machine logs in as people do"),
    ("machine-on-paid-seat", "a login account that stands for a machine holds a paid seat"),
    ("org-admin-without-mfa", "an organisation administrator signs in without a second factor"),
    ("owner-deactivated", "the owner of a token is deactivated"),
    ("owner-suspended", "the owner of a token is suspended"),
    ("personal-space-of-leaver", "a personal space belongs to somebody whose account is deactivated"),
    ("public-dashboard", "a dashboard can be seen by everybody on the web"),
    ("public-filter", "a filter can be seen by everybody on the web"),
    ("public-repository", "a repository with pipelines is open to the world"),
    ("sandbox-account-in-production", "the account of one machine works in production and in a sandbox"),
    ("seat-dormant", "a person holds a seat and has not opened a page for more than 90 days"),
    ("seats-nearly-exhausted", "a product has almost no seats left"),
    ("service-account-quota-reached", "the organisation has as many service accounts as are free of charge"),
    ("service-on-person", "a service was connected with a token of a person's account"),
    ("service-account-token-unused", "a token of a service account was not used for more than 90 days"),
    ("sightings-disagree", "Bitbucket holds an account for active that the organisation deactivated"),
    ("space-admin-gone", "the only administrator of a space is a deactivated account"),
    ("space-open-to-anyone", "people who are not signed in can read a space"),
    ("space-open-to-logged-in", "everyone who is signed in, with or without a seat, can read a space"),
    ("space-writable-by-anyone", "people who are not signed in can create content in a space"),
    ("ssh-key-without-expiry", "an SSH key of a person never ends"),
    ("team-managed-projects-unseen", "the site has team-managed projects, whose access no interface tells"),
    ("token-blocked", "a policy of the organisation blocks the token"),
    ("token-expired", "a token is still listed after its end"),
    ("token-lifetime-too-long", "a token lives for more than 365 days"),
    ("token-never-used", "a token is older than 30 days and was never used"),
    ("token-reaches-everything", "a token may change things in almost all projects of a site"),
    ("token-unused", "a token was used, but not for more than 90 days"),
    ("token-used-by-other", "a token is used by another account than its owner's"),
    ("token-without-expiry", "a token never ends"),
    ("too-many-tokens", "a person has more than five live tokens"),
    ("unmanaged-admin", "an account that the organisation does not manage administers the site"),
    ("variable-holds-personal-credential", "a pipeline runs on the token of a person"),
    ("variable-unsecured", "a secret stands readable in a pipeline variable"),
    ("variable-widely-reachable", "many people can make a pipeline tell a secured variable"),
    ("webhook-over-http", "a webhook sends without encryption"),
    ("webhook-secret-in-url", "the address of a webhook has a secret in it"),
    ("webhook-set-by-leaver", "a webhook was last changed by somebody whose account is deactivated"),
    ("webhook-skips-verification", "a webhook does not check the certificate of its receiver"),
    ("webhook-without-secret", "a receiver cannot tell the calls of a webhook from forged ones"),
];

/// The answer sheet.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// What is wrong.
    pub plants: Vec<Plant>,
    /// What looks wrong and is not.
    pub harmless: Vec<Plant>,
    /// What the nights changed, in order.
    pub drift: Vec<Drift>,
}

/// One planted situation or look-alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plant {
    /// Its name: `plant-…` or `harmless-…`.
    pub id: String,
    /// What sort of thing it is about: `credential`, `principal`, `grant`, `group`, `container`, `setting`,
    /// `policy`, `app`, `automation`, `webhook`, `filter`, `dashboard`, `variable`, `integration`.
    pub kind: &'static str,
    /// The ids the estate itself uses, the thing first, then what it hangs on (scheme before grant, owner, project).
    pub native: Vec<String>,
    /// The situation it must be found as; for a look-alike, the one it must not be found as.
    pub expect: &'static str,
    /// Further situations that rightly hold for the same thing.
    pub also: &'static [&'static str],
    /// In plain words.
    pub description: String,
    /// Since when it is so.
    pub since: DateTime<Utc>,
    /// When the calendar alone puts an end to it.
    pub until: Option<DateTime<Utc>>,
}

impl Truth {
    /// Writes down a plant, or a look-alike if its name says so.
    pub(super) fn note(
        &mut self,
        name: &str,
        kind: &'static str,
        native: Vec<String>,
        expect: &'static str,
        description: &str,
        since: DateTime<Utc>,
    ) -> &mut Plant {
        let (id, description) = (name.to_owned(), description.to_owned());
        let plant = Plant { id, kind, native, expect, also: &[], description, since, until: None };
        let list = if name.starts_with("harmless-") { &mut self.harmless } else { &mut self.plants };
        list.push(plant);
        list.last_mut().expect("internal: one was just added")
    }
}

impl Plant {
    /// Whether it is so at that moment.
    #[must_use]
    pub fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// One thing that a night changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Its name: `drift-…` with the number of the night.
    pub id: String,
    /// What happened: `added`, `removed`, `changed`, `used`.
    pub what: &'static str,
    /// As in [`Plant::kind`], with `membership` for a place in a group.
    pub kind: &'static str,
    /// As in [`Plant::native`].
    pub native: Vec<String>,
    /// In plain words.
    pub description: String,
    /// The end of the night.
    pub at: DateTime<Utc>,
}
