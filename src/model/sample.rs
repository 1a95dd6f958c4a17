//! One fully known example of each kind: for tests that no field is forgotten, and for documents.

use chrono::{DateTime, Utc};

use super::{
    AccessLevel, App, AppForm, Automation, Body, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount,
    Fact, Fingerprints, Grant, GrantForm, Group, Holder, Integration, Kind, Person, Principal, PrincipalType, Product,
    ProductActivity, Resource, ResourceId, Review, ReviewRow, ReviewScope, Setting, Sighting, SnapshotId, Standing,
    Suggestion, Sureness, Variable, VariableLevel, Webhook,
};
use crate::digest::Digest;

fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T09:00:00Z").parse().expect("internal: the samples have proper dates")
}

fn at(moment: &str) -> DateTime<Utc> {
    moment.parse().expect("internal: the samples have proper moments")
}

fn cloud(kind: Kind, native: &str) -> ResourceId {
    ResourceId::new(ResourceId::CLOUD, kind, native)
}

fn list(words: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(words.iter().map(|word| (*word).to_owned()).collect())
}

fn text(word: &str) -> Fact<String> {
    Fact::Known(word.to_owned())
}

fn resource(id: ResourceId, name: &str, endpoint: &str, body: Body) -> Resource {
    let seen_by = vec![Sighting { source: "acme-org".into(), endpoint: endpoint.into() }];
    Resource { id, name: name.to_owned(), seen_by, body }
}

/// One resource of each kind with every field known.
#[must_use]
pub fn resources() -> Vec<Resource> {
    vec![
        principal(),
        group(),
        credential(),
        container(),
        grant(),
        app(),
        webhook(),
        automation(),
        variable(),
        setting(),
        integration(),
        person(),
    ]
}

/// An administrator.
#[must_use]
pub fn principal() -> Resource {
    let body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: text("active"),
        email: text("ada@acme.example"),
        managed: Fact::Known(true),
        mfa: Fact::Known(true),
        platform_roles: list(&["atlassian/org-admin"]),
        groups: Fact::Known(vec![cloud(Kind::Group, "g-1")]),
        // Never known beside `groups`; here so that a sample has every field.
        groups_at_least: Fact::Known(vec![cloud(Kind::Group, "g-1")]),
        workspace_groups: Fact::Known(vec![ResourceId::new("acme-ws", Kind::Group, "developers")]),
        workspace_groups_at_least: Fact::Known(vec![ResourceId::new("acme-ws", Kind::Group, "developers")]),
        activity: Fact::Known(vec![ProductActivity {
            product: "jira-software".to_owned(),
            site: Some("ari:cloud:jira-software::site/11f1".to_owned()),
            last_active_at: Fact::Known(day("2026-10-30")),
        }]),
        added_at: Fact::Known(day("2024-05-02")),
        deactivated_at: Fact::Known(day("2026-11-03")),
        billable: Fact::Known(true),
        management_source: text("synced"),
        created_by: Fact::Known(cloud(Kind::Principal, "712020:b")),
        description: text("Engineer"),
        standings: Fact::Known(vec![Standing {
            product: Product::Jira,
            source: "acme-jira".into(),
            active: Fact::Known(true),
            shows_email: Fact::Known(false),
        }]),
        other_emails: list(&["ada.muster@acme.example"]),
        auth_policy: text("Everybody"),
        last_login_at: Fact::Known(day("2026-11-20")),
        username: text("ada"),
        directory: text("Active Directory"),
    };
    resource(cloud(Kind::Principal, "712020:a"), "Ada Muster", "accounts", Body::Principal(body))
}

/// A group of administrators.
#[must_use]
pub fn group() -> Resource {
    let body = Group {
        description: text("Administers Jira"),
        managed_by: text("admins"),
        external: Fact::Known(false),
        member_count: Fact::Known(3),
        jira_access: list(&["admin"]),
        confluence_access: list(&["user"]),
        administers: Fact::Known(true),
        inside: Fact::Known(vec![cloud(Kind::Group, "g-2")]),
        members_told: Fact::Known(true),
    };
    resource(cloud(Kind::Group, "g-1"), "jira-admins", "groups", Body::Group(body))
}

/// An API token in use.
#[must_use]
pub fn credential() -> Resource {
    let body = Credential {
        form: CredentialForm::ApiToken,
        owner: Fact::Known(cloud(Kind::Principal, "712020:a")),
        created_by: Fact::Known(cloud(Kind::Principal, "712020:a")),
        status: text("active"),
        created_at: Fact::Known(day("2026-01-12")),
        expires_at: Fact::Known(day("2027-01-11")),
        last_used_at: Fact::Known(day("2026-11-21")),
        used_on: Fact::Known(["2026-11-20", "2026-11-21"].map(|date| day(date).date_naive()).to_vec()),
        scopes: list(&["read:jira-work"]),
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "project:10001")),
        fingerprint: text("4f2a"),
        last_used_by: Fact::Known(cloud(Kind::Principal, "712020:a")),
        acts_for: Fact::Known(vec![cloud(Kind::Principal, "712020:b")]),
        auth_type: text("api-token"),
        impersonates: Fact::Known(false),
        hosts: list(&["https://bi.example.com"]),
    };
    resource(cloud(Kind::Credential, "t-1"), "jenkins", "user API tokens", Body::Credential(body))
}

/// A project.
#[must_use]
pub fn container() -> Resource {
    let site = |native: &str| ResourceId::new("11f1", Kind::Container, native);
    let body = Container {
        form: ContainerForm::Project,
        parent: Fact::Known(site("site")),
        key: text("PAY"),
        url: text("https://acme.atlassian.net/browse/PAY"),
        status: text("live"),
        seats_used: Fact::Known(188),
        seats_total: Fact::Known(200),
        plan: text("paid"),
        sandbox: Fact::Known(false),
        licence_groups: Fact::Known(vec![cloud(Kind::Group, "g-2")]),
        default_groups: Fact::Known(vec![cloud(Kind::Group, "g-2")]),
        lead: Fact::Known(cloud(Kind::Principal, "712020:a")),
        permission_scheme: Fact::Known(site("permission-scheme:10000")),
        team_managed: Fact::Known(false),
        owner: Fact::Known(cloud(Kind::Principal, "712020:a")),
        category: text("software"),
        public: Fact::Known(false),
        pipelines_enabled: Fact::Known(true),
        only_pushers: Fact::Known(vec![cloud(Kind::Group, "g-1")]),
        created_at: Fact::Known(day("2023-02-01")),
        version: text("10.3.5"),
        expires_at: Fact::Known(day("2027-02-01")),
    };
    resource(site("project:10001"), "Payments", "projects", Body::Container(body))
}

/// A permission that everybody has.
#[must_use]
pub fn grant() -> Resource {
    let body = Grant {
        form: GrantForm::Permission,
        role: "BROWSE_PROJECTS".to_owned(),
        holder: Holder::Group,
        principal: Fact::Known(cloud(Kind::Principal, "712020:a")),
        group: Fact::Known(cloud(Kind::Group, "g-1")),
        holder_detail: text("10002"),
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "permission-scheme:10000")),
        permits: list(&["BROWSE_PROJECTS"]),
        via: list(&["direct"]),
    };
    let id = ResourceId::new("11f1", Kind::Grant, "permission-scheme:10000/10201");
    resource(id, "BROWSE_PROJECTS for jira-admins", "permission schemes", Body::Grant(body))
}

/// An app that acts for somebody.
#[must_use]
pub fn app() -> Resource {
    let body = App {
        form: AppForm::ActingApp,
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "site")),
        key: text("com.example.sync"),
        vendor: text("Example"),
        version: text("1.2.3"),
        enabled: Fact::Known(true),
        user_installed: Fact::Known(true),
        acts_for: Fact::Known(vec![cloud(Kind::Principal, "712020:a")]),
        auth_type: text("auth-token-for-3LO"),
        last_used_at: Fact::Known(day("2026-11-20")),
        address: text("https://wiki.example.com"),
        access: list(&["incoming-two-legged"]),
        working: Fact::Known(true),
    };
    resource(ResourceId::new("96c9", Kind::App, "acting:sync"), "Sync", "audit events", Body::App(body))
}

/// A webhook to another company.
#[must_use]
pub fn webhook() -> Resource {
    let body = Webhook {
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "site")),
        address: text("https://hooks.example.com"),
        secret_in_url: Fact::Known(false),
        signed: Fact::Known(true),
        verifies_certificate: Fact::Known(true),
        enabled: Fact::Known(true),
        events: list(&["jira:issue_created"]),
        changed_by: Fact::Known(cloud(Kind::Principal, "712020:a")),
        changed_at: Fact::Known(day("2026-10-01")),
        created_at: Fact::Known(day("2026-09-01")),
    };
    resource(ResourceId::new("11f1", Kind::Webhook, "jira:1"), "Kiplot", "webhooks", Body::Webhook(body))
}

/// An automation rule that acts as a person.
#[must_use]
pub fn automation() -> Resource {
    let body = Automation {
        container: Fact::Known(ResourceId::new("11f1", Kind::Container, "site")),
        status: text("enabled"),
        author: Fact::Known(cloud(Kind::Principal, "712020:a")),
        actor: Fact::Known(cloud(Kind::Principal, "712020:a")),
        limited_to: list(&["project/10001"]),
        description: text("Keeps the ERP in step"),
        created_at: Fact::Known(day("2026-01-01")),
        changed_at: Fact::Known(day("2026-02-01")),
    };
    let id = ResourceId::new("11f1", Kind::Automation, "jira:0192e5ac");
    resource(id, "Sync to ERP", "automation rules", Body::Automation(body))
}

/// A hidden pipeline variable.
#[must_use]
pub fn variable() -> Resource {
    let body = Variable {
        level: VariableLevel::Deployment,
        container: Fact::Known(ResourceId::new("acme-ws", Kind::Container, "repository:r-1")),
        environment: text("Production"),
        secured: Fact::Known(true),
        admin_only: Fact::Known(false),
    };
    let id = ResourceId::new("acme-ws", Kind::Variable, "repository:r-1/env-1/v-1");
    resource(id, "JIRA_API_TOKEN", "deployment variables", Body::Variable(body))
}

/// A verified mail domain.
#[must_use]
pub fn setting() -> Resource {
    let body = Setting {
        key: "domain".to_owned(),
        value: text("verified"),
        detail: text("dns"),
        container: Fact::Known(ResourceId::new("96c9", Kind::Container, "organisation")),
        exceptions: list(&["svc-legacy"]),
    };
    resource(
        ResourceId::new("96c9", Kind::Setting, "domain:acme.example"),
        "acme.example",
        "domains",
        Body::Setting(body),
    )
}

/// An integration of the register.
#[must_use]
pub fn integration() -> Resource {
    let body = Integration {
        system: text("jenkins"),
        purpose: text("Builds the payment service"),
        environment: text("production"),
        owner_email: text("ada@acme.example"),
        team: text("Payments"),
        accounts: Fact::Known(vec![DeclaredAccount {
            name: "svc-jenkins".to_owned(),
            id: Some("JIRAUSER10321".to_owned()),
            source: Some("acme-jira".to_owned()),
        }]),
        containers: list(&["PAY"]),
        permissions: list(&["BROWSE_PROJECTS"]),
        credential_forms: list(&["personal-access-token"]),
        longest_days: Fact::Known(365),
        webhook_hosts: list(&["ci.example.com"]),
        vendor_contact: text("support@example.com"),
        review_at: Fact::Known(day("2027-01-01")),
        fingerprints: Fact::Known(Fingerprints { names: vec!["*jenkins*".to_owned()], ..Fingerprints::default() }),
    };
    resource(
        ResourceId::new("register", Kind::Integration, "jenkins"),
        "Jenkins",
        "integrations",
        Body::Integration(body),
    )
}

/// A person who is about to leave.
#[must_use]
pub fn person() -> Resource {
    let body = Person {
        email: text("ada@acme.example"),
        aliases: list(&["ada.muster@acme.example"]),
        employed_until: Fact::Known(day("2026-12-31")),
        manager: text("eva@acme.example"),
        team: text("Payments"),
    };
    resource(ResourceId::new("roster", Kind::Person, "ada@acme.example"), "Ada Muster", "people", Body::Person(body))
}

/// A review of one access, begun in the morning after the scan.
#[must_use]
pub fn review(name: &str) -> Review {
    Review {
        name: name.to_owned(),
        snapshot: SnapshotId(1),
        digest: Digest::of_bytes(b"sample"),
        taken_at: at("2026-11-22T02:00:00Z"),
        started_at: at("2026-11-22T08:00:00Z"),
        started_by: "Eve Example".to_owned(),
        due: None,
        scope: ReviewScope::Default,
        only: Vec::new(),
        refuses_self_review: false,
        accounts: 1,
        left_out: Vec::new(),
        not_seen: Vec::new(),
    }
}

/// What Ada's token robot may do in a project, as a review asks about it.
#[must_use]
pub fn review_row(key: &str, project: &str) -> ReviewRow {
    ReviewRow {
        key: key.to_owned(),
        asked: "ada@acme.example".to_owned(),
        account: cloud(Kind::Principal, "712020:bot"),
        account_name: "sync-bot".to_owned(),
        known_as: vec!["712020:bot".to_owned(), "sync-bot".to_owned()],
        sort: "machine".to_owned(),
        active: Fact::Known(true),
        container: ResourceId::new("11f1", Kind::Container, project),
        place: format!("project {project}"),
        place_seen: true,
        level: AccessLevel::Decides,
        permission: "ADMINISTER_PROJECTS".to_owned(),
        sureness: Sureness::Certain,
        doubt: String::new(),
        chain: format!("sync-bot → role Administrators → project {project}"),
        other_chains: 0,
        credentials: vec!["API token “sync” (used on 2026-11-21)".to_owned()],
        last_used: Fact::Known(at("2026-11-21T02:00:00Z")),
        suggestion: Suggestion::Look,
        reasons: vec!["a machine that decides".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_sample_and_survives_json() {
        let samples = resources();
        assert_eq!(samples.iter().map(Resource::kind).collect::<Vec<_>>(), Kind::ALL);
        for sample in samples {
            let json = serde_json::to_string(&sample).unwrap();
            assert_eq!(serde_json::from_str::<Resource>(&json).unwrap(), sample);
        }
    }

    #[test]
    fn unknown_facts_are_left_out_and_come_back_unknown() {
        let empty = Resource {
            body: Body::Principal(Principal { email: Fact::Absent, ..Principal::default() }),
            ..principal()
        };
        let json = serde_json::to_value(&empty).unwrap();
        assert_eq!(json["body"], serde_json::json!({"principal": {"email": null}}));
        assert_eq!(serde_json::from_value::<Resource>(json).unwrap(), empty);
    }
}
