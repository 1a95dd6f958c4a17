//! Webhooks of projects and repositories.

use serde_json::{Value, json};

use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::pages::{MOST_PLACES, moment, of, own_project, own_repository, page, sparse_page};
use super::{Place, Webhook};

pub(super) fn project_webhooks(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => webhooks(estate, ask, Place::Project(project)),
        Err(refusal) => refusal,
    }
}

pub(super) fn repository_webhooks(estate: &Estate, ask: &Ask) -> Reply {
    match own_repository(estate, ask) {
        Ok(repository) => webhooks(estate, ask, Place::Repository(repository)),
        Err(refusal) => refusal,
    }
}

/// Webhooks of a repository and of its project, or of one of the two.
pub(super) fn search(estate: &Estate, ask: &Ask) -> Reply {
    let at = match own_repository(estate, ask) {
        Ok(repository) => repository,
        Err(refusal) => return refusal,
    };
    let bitbucket = of(estate);
    let above = Place::Project(bitbucket.repositories[at].project);
    let wanted = |on: Place| match ask.parameter("scopeType") {
        Some("project") => on == above,
        Some("repository") => on == Place::Repository(at),
        _ => on == above || on == Place::Repository(at),
    };
    sparse_page(estate, ask, MOST_PLACES, bitbucket.webhooks.len(), |place| {
        let hook = &bitbucket.webhooks[place];
        wanted(hook.on).then(|| webhook(ask, hook))
    })
}

fn webhooks(estate: &Estate, ask: &Ask, on: Place) -> Reply {
    let found: Vec<&Webhook> = of(estate).webhooks.iter().filter(|hook| hook.on == on).collect();
    page(estate, ask, MOST_PLACES, &found, |hook| webhook(ask, hook))
}

fn webhook(ask: &Ask, hook: &Webhook) -> Value {
    let configuration = hook.secret.as_ref().map_or_else(|| json!({}), |secret| json!({"secret": secret}));
    let mut row = json!({
        "id": hook.id, "name": hook.name, "url": hook.url, "active": hook.active,
        "createdDate": moment(hook.created), "updatedDate": moment(hook.created),
        "events": ["repo:refs_changed", "pr:opened", "pr:merged"], "configuration": configuration,
        "sslVerificationRequired": hook.verifies, "scopeType": if matches!(hook.on, Place::Repository(_)) { "repository" } else { "project" },
    });
    if ask.parameter("statistics") == Some("true") {
        row["statistics"] = json!({"counts": {"errors": 0, "failures": 0, "success": 41}});
    }
    row
}
