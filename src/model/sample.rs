//! One fully known example of each kind: for tests that no field is forgotten, and for documents.

use chrono::{DateTime, Utc};

use super::{
    Body, Container, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Group, Holder, Kind, Principal,
    PrincipalType, ProductActivity, Resource, ResourceId, Setting, Sighting,
};

fn day(text: &str) -> DateTime<Utc> {
    format!("{text}T09:00:00Z").parse().expect("internal: the samples have proper dates")
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
    vec![principal(), group(), credential(), container(), grant(), setting()]
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
        active_in_jira: Fact::Known(true),
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
        scopes: list(&["read:jira-work"]),
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
        created_at: Fact::Known(day("2023-02-01")),
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
        via: list(&["direct"]),
    };
    let id = ResourceId::new("11f1", Kind::Grant, "permission-scheme:10000/10201");
    resource(id, "BROWSE_PROJECTS for jira-admins", "permission schemes", Body::Grant(body))
}

/// A verified mail domain.
#[must_use]
pub fn setting() -> Resource {
    let body = Setting { key: "domain".to_owned(), value: text("verified"), detail: text("dns") };
    resource(
        ResourceId::new("96c9", Kind::Setting, "domain:acme.example"),
        "acme.example",
        "domains",
        Body::Setting(body),
    )
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
