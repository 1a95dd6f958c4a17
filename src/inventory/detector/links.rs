//! What elsewhere in a snapshot speaks of an account or token, put together once: apps and automation rules that act as
//! an account, webhooks and clients it set, integrations that the register puts on it, pipelines that name a token.

use std::collections::HashMap;

use super::knowledge::Knowledge;
use super::scene::is_of_cloud;
use crate::inventory::recognise::{Signal as Sign, Traits};
use crate::inventory::{Inventory, is_named_like_secret};
use crate::model::{AppForm, Body, Credential, CredentialForm, Fact, Integration, Kind, Profile, Resource, ResourceId};

/// A resource, and the system that it names.
pub(super) type Named<'a> = (&'a Resource, u16);

/// A pipeline variable, and whether an account is named beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct InPipeline<'a> {
    pub(super) variable: &'a Resource,
    pub(super) paired: bool,
}

/// Everything that speaks of an account or token from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Links<'a> {
    /// By account: apps of known systems that acted for it.
    pub(super) apps: HashMap<&'a ResourceId, Vec<Named<'a>>>,
    /// By account: webhooks to known systems that it changed last.
    pub(super) webhooks: HashMap<&'a ResourceId, Vec<Named<'a>>>,
    /// By account: OAuth clients of known systems that it let in.
    pub(super) clients: HashMap<&'a ResourceId, Vec<Named<'a>>>,
    /// By account: automation rules that are switched on and act as it.
    pub(super) automations: HashMap<&'a ResourceId, Vec<&'a Resource>>,
    /// By account: integrations that the register puts on it, with their systems.
    pub(super) declared: HashMap<ResourceId, Vec<(&'a Resource, Option<u16>)>>,
    /// By mail address: grants of roles that may change the connector of Jira Align.
    pub(super) connectors: HashMap<String, &'a Resource>,
    /// By token.
    pub(super) pipelines: HashMap<&'a ResourceId, InPipeline<'a>>,
}

/// What a role is called that lets its holders change the connector of Jira Align.
const CONNECTOR_ROLE: &str = "change-connector";

impl<'a> Links<'a> {
    /// Puts together what a snapshot has.
    pub(super) fn of(inventory: &Inventory<'a>) -> Self {
        let mut links = Self::default();
        let knowledge = inventory.knowledge();
        for resource in inventory.of_kind(Kind::App) {
            let Body::App(app) = &resource.body else { continue };
            if app.form == AppForm::ActingApp && app.enabled != Fact::Known(false) {
                for account in app.acts_for.known().into_iter().flatten() {
                    let apps = links.apps.entry(account).or_default();
                    apps.extend(systems(knowledge, resource).into_iter().map(|(system, _)| (resource, system)));
                }
            }
        }
        for resource in inventory.of_kind(Kind::Webhook) {
            let Body::Webhook(webhook) = &resource.body else { continue };
            if let (Fact::Known(account), true) = (&webhook.changed_by, webhook.enabled != Fact::Known(false)) {
                let webhooks = links.webhooks.entry(account).or_default();
                let leads_there =
                    systems(knowledge, resource).into_iter().filter(|(_, signs)| signs.iter().any(is_host));
                webhooks.extend(leads_there.map(|(system, _)| (resource, system)));
            }
        }
        for resource in inventory.of_kind(Kind::Automation) {
            let Body::Automation(rule) = &resource.body else { continue };
            if let (Fact::Known(actor), true) =
                (&rule.actor, rule.status.known().is_some_and(|status| status == "enabled"))
            {
                links.automations.entry(actor).or_default().push(resource);
            }
        }
        for resource in inventory.of_kind(Kind::Credential) {
            let Body::Credential(Credential { form, created_by: Fact::Known(account), .. }) = &resource.body else {
                continue;
            };
            if matches!(form, CredentialForm::IncomingLink | CredentialForm::OauthConsumer) {
                let clients = links.clients.entry(account).or_default();
                clients.extend(systems(knowledge, resource).into_iter().map(|(system, _)| (resource, system)));
            }
        }
        links.declare(inventory);
        links.find_connectors(inventory);
        links.find_pipelines(inventory);
        links
    }

    fn declare(&mut self, inventory: &Inventory<'a>) {
        if inventory.of_kind(Kind::Integration).next().is_none() {
            return;
        }
        for (integration, accounts) in inventory.accounts_of_integrations() {
            let Some(resource) = inventory.get(integration) else { continue };
            let Body::Integration(Integration { system, .. }) = &resource.body else { continue };
            let system = system.known().and_then(|id| inventory.knowledge().place_of(id));
            for account in accounts.iter().flatten() {
                self.declared.entry(account.clone()).or_default().push((resource, system));
            }
        }
    }

    fn find_connectors(&mut self, inventory: &Inventory<'a>) {
        for resource in inventory.of_kind(Kind::Grant) {
            let Body::Grant(grant) = &resource.body else { continue };
            if grant.role != CONNECTOR_ROLE {
                continue;
            }
            let holder = grant.principal.known().and_then(|holder| inventory.principal(holder));
            if let Some(Fact::Known(mail)) = holder.map(|holder| &holder.email) {
                self.connectors.entry(mail.to_lowercase()).or_insert(resource);
            }
        }
    }

    fn find_pipelines(&mut self, inventory: &Inventory<'a>) {
        for resource in inventory.of_kind(Kind::Variable) {
            let Body::Variable(variable) = &resource.body else { continue };
            if !is_named_like_secret(&resource.name) {
                continue;
            }
            let tokens = inventory.tokens_named_in(&resource.name);
            if tokens.is_empty() {
                continue;
            }
            let paired = !inventory.accounts_beside(resource, variable).0.is_empty();
            for token in tokens {
                let known = self.pipelines.entry(&token.id).or_insert(InPipeline { variable: resource, paired });
                if paired && !known.paired {
                    *known = InPipeline { variable: resource, paired };
                }
            }
        }
    }
}

fn is_host(sign: &Sign) -> bool {
    use crate::inventory::recognise::Sign::{OwnHost, WebhookHost};
    matches!(sign.sign, WebhookHost | OwnHost)
}

/// The systems that a resource shows, with the signs. Of two that are known by the same, such as two ways to run one
/// product, the one is left whose forms of credential fit.
pub(super) fn systems(knowledge: &Knowledge, resource: &Resource) -> Vec<(u16, Vec<Sign>)> {
    systems_of(knowledge, resource, &Traits::of(resource))
}

/// The same, of what was prepared already.
pub(super) fn systems_of(knowledge: &Knowledge, resource: &Resource, traits: &Traits<'_>) -> Vec<(u16, Vec<Sign>)> {
    let mut found: Vec<(u16, Vec<Sign>)> = Vec::new();
    for place in knowledge.patterns().candidates(traits) {
        let Some(profile) = knowledge.profile(place) else { continue };
        let signs = traits.signals(&profile.fingerprints);
        if signs.is_empty() {
            continue;
        }
        match found.iter_mut().find(|(_, known)| known.iter().any(|sign| signs.contains(sign))) {
            Some(twin) => {
                let fits = |place: u16| knowledge.profile(place).is_some_and(|known| is_at_home(known, resource));
                if fits(place) && !fits(twin.0) {
                    *twin = (place, signs);
                }
            }
            None => found.push((place, signs)),
        }
    }
    found
}

/// True if a profile's forms of credential are those of the place where something was seen.
fn is_at_home(profile: &Profile, resource: &Resource) -> bool {
    let in_cloud = match &resource.body {
        Body::Credential(credential) => is_of_cloud(credential),
        _ => resource.id.tenant() == ResourceId::CLOUD,
    };
    let forms: &[CredentialForm] = if in_cloud {
        &[CredentialForm::ApiToken, CredentialForm::OauthClient]
    } else {
        &[CredentialForm::PersonalAccessToken, CredentialForm::OauthConsumer]
    };
    profile.credential_forms.iter().any(|form| forms.iter().any(|own| own.name() == form))
}

/// The first of several addresses that a map has.
pub(super) fn by_mail<'m, T>(map: &'m HashMap<String, T>, mails: impl Iterator<Item = &'m str>) -> Option<&'m T> {
    mails.map(str::to_lowercase).find_map(|mail| map.get(&mail))
}
