//! What the pretended estate has planted, held against what was found.

use keyroll::model::{Assessment, Body, Fact, Kind, ResourceId};
use keyroll::simulator::Plant;

use super::pretended::{Estate, open};

/// Each planted situation and the rules of which at least one must find it.
const FOUND_BY: &[(&str, &[&str])] = &[
    ("align-configurator-left", &["account-closed-elsewhere", "grant-to-inactive-account"]),
    ("align-user-dormant", &["align-user-dormant"]),
    ("app-acts-for-person", &["app-acts-for-person"]),
    ("automation-acts-as-person", &["automation-acts-as-person"]),
    ("automation-owner-gone", &["automation-owner-gone"]),
    ("customer-on-agent-seat", &["customer-on-agent-seat"]),
    ("dc-access-key-shared", &["deploy-key-shared"]),
    ("dc-administrator-token-in-integration", &["pat-of-administrator"]),
    ("dc-anonymous-access", &["permission-open-to-anyone"]),
    ("dc-basic-auth-open", &["basic-auth-open"]),
    ("dc-client-with-system-admin", &["incoming-link-administers"]),
    ("dc-cluster-mixed-versions", &["cluster-mixed-versions"]),
    ("dc-connector-lacks-permission", &["integration-lacks-permission"]),
    ("dc-grant-to-anyone", &["permission-open-to-anyone"]),
    ("dc-integration-is-administrator", &["connector-account-is-administrator", "machine-is-administrator"]),
    ("dc-integration-on-personal-account", &["integration-on-personal-pat"]),
    ("dc-kiplot-token-without-expiry", &["vendor-token-without-expiry"]),
    ("dc-licence-expires-soon", &["licence-ends-soon"]),
    ("dc-licence-near-tier", &["seats-nearly-used"]),
    ("dc-link-impersonates", &["link-impersonates"]),
    ("dc-link-not-working", &["link-not-working"]),
    ("dc-link-over-http", &["link-over-http"]),
    ("dc-machine-in-default-role", &["machine-in-default-role"]),
    ("dc-machine-exceeds-needs", &["integration-exceeds-permissions", "integration-reaches-further"]),
    ("dc-machine-is-system-admin", &["machine-is-administrator"]),
    ("dc-machine-token-administers", &["access-token-administers"]),
    ("dc-project-open-to-logged-in", &["project-open-to-all-accounts"]),
    ("dc-public-repository", &["public-repository"]),
    ("dc-public-signup", &["public-signup-open"]),
    ("dc-repository-exempt-from-scanning", &["repository-exempt-from-secret-scanning"]),
    ("dc-seats-nearly-exhausted", &["seats-nearly-used"]),
    ("dc-space-open-to-anyone", &["space-open-to-anyone"]),
    ("dc-ssh-key-unused", &["ssh-key-without-expiry"]),
    ("dc-token-lives-too-long", &["pat-lives-too-long"]),
    ("dc-token-never-used", &["access-token-unused", "pat-never-used"]),
    ("dc-token-orphaned", &["pat-owner-unknown"]),
    ("dc-token-owner-deactivated", &["pat-owner-deactivated"]),
    ("dc-token-unused", &["pat-idle"]),
    ("dc-token-without-expiry", &["access-token-without-expiry", "pat-without-expiry", "vendor-token-without-expiry"]),
    ("dc-version-unsupported", &["server-edition", "version-unsupported"]),
    ("dc-webhook-over-http", &["webhook-over-http"]),
    ("dc-webhook-secret-in-url", &["webhook-secret-in-url"]),
    ("dc-webhook-skips-verification", &["webhook-skips-certificate-check"]),
    ("dc-webhook-to-test-host", &["webhook-to-integration-platform"]),
    ("deploy-key-shared", &["deploy-key-shared"]),
    ("deploy-key-unused", &["deploy-key-unused"]),
    ("everybody-in-default-role", &["everybody-in-default-role"]),
    ("expires-soon", &["token-expires-soon"]),
    ("external-accounts-blind-spot", &["external-accounts-out-of-sight"]),
    ("external-bitbucket-member", &["external-bitbucket-member"]),
    ("filter-open-to-logged-in", &["filter-open-to-logged-in"]),
    ("filter-owner-inactive", &["filter-owner-inactive"]),
    ("grant-to-anyone", &["permission-open-to-anyone"]),
    ("grant-to-logged-in", &["permission-open-to-logged-in"]),
    ("grant-to-single-user", &["permission-granted-to-one-account"]),
    ("human-behaves-like-machine", &["account-behaves-like-machine"]),
    ("inactive-actor", &["grant-to-inactive-account"]),
    ("integration-on-personal-account", &["integration-on-personal-account"]),
    ("ip-allowlist-disabled", &["policy-not-enabled"]),
    ("key-creator-deactivated", &["org-key-creator-gone"]),
    ("key-expires-soon", &["org-key-expires-soon"]),
    ("key-without-scopes", &["org-key-without-scopes"]),
    ("label-reads-like-system", &["integration-on-personal-account"]),
    ("service-on-person", &["integration-on-personal-account"]),
    ("machine-administers-repository", &["machine-administers-repository"]),
    ("machine-administers-space", &["machine-administers-space"]),
    ("machine-in-default-role", &["machine-in-default-role"]),
    ("machine-is-org-admin", &["machine-is-administrator"]),
    ("machine-is-project-admin", &["machine-administers-project"]),
    ("machine-logs-in", &["machine-logs-in"]),
    ("machine-on-paid-seat", &["machine-on-paid-seat"]),
    ("org-admin-without-mfa", &["admin-without-mfa"]),
    ("owner-deactivated", &["token-owner-deactivated"]),
    ("owner-suspended", &["token-owner-suspended"]),
    ("personal-space-of-leaver", &["personal-space-of-leaver"]),
    ("policy-disabled", &["policy-not-enabled"]),
    ("public-dashboard", &["public-dashboard"]),
    ("public-filter", &["public-filter"]),
    ("public-repository", &["public-repository"]),
    ("sandbox-account-in-production", &["integration-crosses-environments"]),
    ("seat-dormant", &["dormant-paid-seat"]),
    ("seats-nearly-exhausted", &["seats-nearly-used"]),
    ("service-account-quota-reached", &["service-account-quota-near"]),
    ("service-account-token-unused", &["service-account-token-idle"]),
    ("sightings-disagree", &["account-open-after-closing", "account-sightings-disagree"]),
    ("space-admin-gone", &["space-administrator-gone"]),
    ("space-open-to-anyone", &["space-open-to-anyone"]),
    ("space-open-to-logged-in", &["space-open-to-logged-in"]),
    ("space-writable-by-anyone", &["space-writable-by-anyone"]),
    ("ssh-key-without-expiry", &["ssh-key-without-expiry"]),
    ("team-managed-projects-unseen", &["team-managed-projects-out-of-sight"]),
    ("token-blocked", &["token-blocked"]),
    ("token-expired", &["token-expired-still-listed"]),
    ("token-lifetime-too-long", &["token-lives-too-long"]),
    ("token-never-used", &["token-never-used"]),
    ("token-reaches-everything", &["token-reaches-everything"]),
    ("token-unused", &["token-idle"]),
    ("token-used-by-other", &["token-used-by-other"]),
    ("token-without-expiry", &["token-without-expiry"]),
    ("too-many-tokens", &["person-with-many-tokens"]),
    ("unmanaged-admin", &["external-account-is-admin"]),
    ("variable-holds-personal-credential", &["variable-may-hold-personal-token"]),
    ("variable-unsecured", &["variable-unsecured"]),
    ("variable-widely-reachable", &["variable-widely-reachable"]),
    ("webhook-over-http", &["webhook-over-http"]),
    ("webhook-secret-in-url", &["webhook-secret-in-url"]),
    ("webhook-set-by-leaver", &["webhook-set-by-leaver"]),
    ("webhook-skips-verification", &["webhook-skips-certificate-check"]),
    ("webhook-without-secret", &["webhook-without-secret"]),
];

pub(crate) fn rules_for(situation: &str) -> &'static [&'static str] {
    FOUND_BY.iter().find(|(key, _)| *key == situation).unwrap_or_else(|| panic!("no rule for {situation}")).1
}

/// What a plant must be found as, and what else rightly holds for it.
pub(crate) fn situations(plant: &Plant) -> impl Iterator<Item = &'static str> {
    std::iter::once(plant.expect).chain(plant.also.iter().copied())
}

/// The resource that a plant speaks of, as keyroll names it. Of a grant its holder and its container count as well.
pub(crate) fn is_about(assessment: &Assessment, id: &ResourceId, plant_kind: &str, native: &[String]) -> bool {
    let native: Vec<&str> = native.iter().map(|part| part.trim_matches(['{', '}'])).collect();
    let first = native[0];
    match plant_kind {
        // Of a grant in a scheme the last part says to whom, which its id does not.
        "grant" => {
            id.kind() == Kind::Grant && {
                let words = words_of_grant(assessment, id);
                native.iter().take(2).all(|part| words.contains(part))
            }
        }
        "container" => match id.kind() {
            Kind::Container => id.as_str().contains(first),
            Kind::Grant => words_of_grant(assessment, id).contains(first),
            _ => false,
        },
        // What is wrong with a filter may be found at one of its shares.
        "filter" | "dashboard" => {
            matches!(id.kind(), Kind::Container | Kind::Grant)
                && id.native().split(['/', ':']).any(|part| part == first)
        }
        "setting" => id.kind() == Kind::Container && id.native() == "organisation",
        "policy" => id.kind() == Kind::Setting && id.native().contains(first),
        // What is told of an account may be found at one of its credentials, and the other way round.
        "principal" | "credential" => {
            native.iter().any(|part| id.native().split(['/', ':']).any(|own| own == *part) || id.native() == *part)
        }
        kind => id.kind().name() == kind && id.native().contains(first),
    }
}

fn words_of_grant(assessment: &Assessment, id: &ResourceId) -> String {
    let resource = assessment.snapshot.get(id);
    let Some(Body::Grant(grant)) = resource.map(|resource| &resource.body) else { return id.to_string() };
    let parts = [&grant.principal, &grant.group, &grant.container];
    parts.into_iter().filter_map(Fact::known).fold(id.to_string(), |words, part| format!("{words} {part}"))
}

/// Whether a finding is about what a plant of a self-hosted product speaks of: ids there are small numbers, so the product
/// that the plant names, or whose keys it has, must be the finding's.
fn is_of_its_product(id: &ResourceId, plant: &Plant) -> bool {
    let product = plant.native.iter().find_map(|native| match native.as_str() {
        known @ ("jira" | "confluence" | "bitbucket") => Some(known),
        key if key.starts_with("JIRAUSER") => Some("jira"),
        key if key.len() == 32 && key.starts_with("4028") => Some("confluence"),
        _ => None,
    });
    match product {
        Some(product) => id.tenant() == product || id.tenant() == "register",
        None => !plant.expect.starts_with("dc-") || ["jira", "confluence", "bitbucket"].contains(&id.tenant()),
    }
}

/// The resource that a plant of a self-hosted product speaks of, where the product calls it otherwise than keyroll.
fn is_about_server(assessment: &Assessment, id: &ResourceId, plant: &Plant) -> Option<bool> {
    let named = |kind: Kind, native: &str| Some(id.kind() == kind && id.native() == native);
    match (plant.expect, plant.native.first()) {
        ("dc-basic-auth-open", _) => named(Kind::Setting, "basic-auth"),
        ("dc-public-signup", _) => named(Kind::Setting, "public-signup"),
        ("dc-cluster-mixed-versions", _) => named(Kind::Setting, "cluster"),
        ("dc-version-unsupported", _) => named(Kind::Container, "instance"),
        ("dc-anonymous-access", _) => Some(
            id.kind() == Kind::Grant
                && assessment.snapshot.get(id).is_some_and(|grant| grant.name.contains("application use")),
        ),
        ("dc-machine-exceeds-needs", _) => {
            Some(plant.native.get(1).is_some_and(|name| id.kind() == Kind::Integration && id.native() == name))
        }
        ("dc-connector-lacks-permission", _) => named(Kind::Integration, "align-connector"),
        ("dc-repository-exempt-from-scanning", Some(repository)) => {
            Some(id.kind() == Kind::Setting && id.native().ends_with(repository.as_str()))
        }
        ("sandbox-account-in-production", Some(account)) => {
            let runs_on = |body: &Body| match body {
                Body::Integration(integration) => {
                    let accounts = integration.accounts.known().into_iter().flatten();
                    accounts.into_iter().any(|declared| declared.id.as_ref() == Some(account))
                }
                _ => false,
            };
            Some(assessment.snapshot.get(id).is_some_and(|resource| runs_on(&resource.body)))
        }
        _ => None,
    }
}

fn found(assessment: &Assessment, plant: &Plant, situation: &str) -> bool {
    open(assessment).any(|finding| {
        rules_for(situation).contains(&finding.rule.as_str()) && is_meant(assessment, &finding.resource, plant)
    })
}

fn is_meant(assessment: &Assessment, id: &ResourceId, plant: &Plant) -> bool {
    let about =
        is_about_server(assessment, id, plant).unwrap_or_else(|| is_about(assessment, id, plant.kind, &plant.native));
    about && is_of_its_product(id, plant)
}

/// Compares what was found with what was planted, of the situations that a scan could meet.
pub(crate) fn check_truth(estate: &Estate, assessment: &Assessment, is_scanned: impl Fn(&str) -> bool) {
    let now = assessment.head.ended_at;
    let truth = estate.simulator.truth();
    let scanned = |plant: &&Plant| plant.holds_at(now) && is_scanned(plant.expect);
    let holding: Vec<&Plant> = truth.plants.iter().filter(scanned).collect();
    assert!(holding.len() > 25, "only {} situations are planted", holding.len());
    let missed: Vec<String> = holding
        .iter()
        .filter(|plant| !found(assessment, plant, plant.expect))
        .map(|plant| format!("{} as {}: {} {:?}", plant.id, plant.expect, plant.description, plant.native))
        .collect();
    let wronged: Vec<String> = truth
        .harmless
        .iter()
        .filter(scanned)
        .filter(|plant| found(assessment, plant, plant.expect))
        .map(|plant| format!("{} as {}: {} {:?}", plant.id, plant.expect, plant.description, plant.native))
        .collect();
    assert!(missed.is_empty() && wronged.is_empty(), "missed: {missed:#?}\nflagged though harmless: {wronged:#?}");
}

/// What these rules found though it was never planted.
pub(crate) fn surplus(estate: &Estate, assessment: &Assessment, rules: &[&str]) -> Vec<String> {
    let truth = estate.simulator.truth();
    open(assessment)
        .filter(|finding| rules.contains(&finding.rule.as_str()))
        .filter(|finding| {
            !truth.plants.iter().any(|plant| {
                is_meant(assessment, &finding.resource, plant)
                    && situations(plant).any(|situation| rules_for(situation).contains(&finding.rule.as_str()))
            })
        })
        .map(|finding| format!("{}: {} ({})", finding.rule, finding.message, finding.resource))
        .collect()
}
