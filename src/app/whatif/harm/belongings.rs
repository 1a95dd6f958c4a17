//! What accounts act for, set up, lead and own. Automations and apps that act as an account stop with it; webhooks, filters,
//! projects and keys go on, and nobody answers for them.

use super::{Search, lost_in_words};
use crate::model::{
    Automation, Body, Certainty, Container, ContainerForm, Fact, Harm, Harmed, Kind, Resource, ResourceId,
};

impl<'s> Search<'s> {
    pub(super) fn belongings(&mut self) {
        let kinds = [Kind::Automation, Kind::App, Kind::Webhook, Kind::Container, Kind::Credential];
        let all: Vec<&'s Resource> = kinds.into_iter().flat_map(|kind| self.sides.before.of_kind(kind)).collect();
        for resource in all {
            match &resource.body {
                Body::Automation(automation) => self.automation(resource, automation),
                Body::App(app) if app.enabled != Fact::Known(false) => {
                    let acts_for = app.acts_for.known().into_iter().flatten();
                    let gone: Vec<&ResourceId> = acts_for.filter(|id| self.is_gone(id)).collect();
                    for account in gone {
                        let name = self.sides.before.name(account);
                        let why = vec![
                            format!("it was seen acting for {name}"),
                            format!("{name} is deactivated: what it does in that name ends"),
                        ];
                        self.row(Harm::Stops, Certainty::Likely, "app", resource, why, app.last_used_at);
                    }
                }
                Body::Webhook(webhook) if webhook.enabled != Fact::Known(false) => {
                    self.left_alone(resource, &webhook.changed_by, "webhook", "set it up");
                }
                Body::Container(container) => self.container(resource, container),
                Body::Credential(credential) if credential.owner.known().is_none() => {
                    self.left_alone(resource, &credential.created_by, "credential", "made it; it goes on working");
                }
                _ => {}
            }
        }
    }

    fn is_gone(&self, account: &ResourceId) -> bool {
        self.sides.trail.deactivated.contains(account)
    }

    fn automation(&mut self, resource: &'s Resource, automation: &'s Automation) {
        if automation.status.known().is_some_and(|status| status != "enabled") {
            return;
        }
        let Fact::Known(actor) = &automation.actor else {
            self.left_alone(resource, &automation.author, "automation", "wrote it; as whom it acts nobody tells");
            return;
        };
        let name = self.sides.before.name(actor);
        if self.is_gone(actor) {
            let why = vec![
                format!("it acts as {name}"),
                format!("{name} is deactivated: rules whose actor is not active fail"),
            ];
            self.row(Harm::Stops, Certainty::Likely, "automation", resource, why, Fact::Unknown);
        } else if let (Some(lost), Some(account)) =
            (self.reaches.get(actor).filter(|lost| !lost.is_empty()), self.sides.before.get(actor))
        {
            let why = vec![format!("it acts as {name}"), lost_in_words(account, lost, &self.sides)];
            self.row(Harm::LosesRights, Certainty::Possible, "automation", resource, why, Fact::Unknown);
        } else {
            self.left_alone(resource, &automation.author, "automation", "wrote it");
        }
    }

    fn container(&mut self, resource: &'s Resource, container: &'s Container) {
        let sort = container.form.name();
        match container.form {
            ContainerForm::Project => self.left_alone(resource, &container.lead, sort, "leads it"),
            ContainerForm::Filter | ContainerForm::Dashboard | ContainerForm::Space => {
                self.left_alone(resource, &container.owner, sort, "owns it");
            }
            ContainerForm::Repository => self.pushers(resource, container),
            _ => {}
        }
    }

    /// A repository into which only some may push, and none of them would be left.
    fn pushers(&mut self, resource: &'s Resource, container: &'s Container) {
        let Fact::Known(pushers) = &container.only_pushers else { return };
        let out = |id: &ResourceId| self.is_gone(id) || self.sides.trail.deleted.contains(id);
        let first = pushers.iter().find(|id| out(id));
        if let (Some(first), true) = (first, pushers.iter().all(out)) {
            let why = vec![
                format!("only {} may push to its branches", self.sides.before.name(first)),
                "nobody but administrators would be left who may".to_owned(),
            ];
            self.row(Harm::LosesRights, Certainty::Certain, "repository", resource, why, Fact::Unknown);
        }
    }

    fn left_alone(&mut self, resource: &'s Resource, whose: &Fact<ResourceId>, sort: &'static str, did: &str) {
        let Fact::Known(account) = whose else { return };
        if self.is_gone(account) {
            let why = vec![format!("{} {did}", self.sides.before.name(account))];
            self.row(Harm::LeftAlone, Certainty::Certain, sort, resource, why, Fact::Unknown);
        }
    }

    fn row(
        &mut self,
        harm: Harm,
        certainty: Certainty,
        sort: &'static str,
        resource: &'s Resource,
        why: Vec<String>,
        last_used_at: Fact<chrono::DateTime<chrono::Utc>>,
    ) {
        let talk_to = match &resource.body {
            Body::Automation(automation) => automation.author.known().and_then(|id| self.answerable.of_account(id)),
            Body::Webhook(webhook) => webhook.changed_by.known().and_then(|id| self.answerable.of_account(id)),
            Body::Container(container) => {
                let whose = container.lead.known().or(container.owner.known());
                whose.and_then(|id| self.answerable.of_account(id))
            }
            Body::Credential(credential) => self.answerable.of_credential(credential),
            Body::App(app) => app.acts_for.known().into_iter().flatten().find_map(|id| self.answerable.of_account(id)),
            _ => None,
        };
        self.add(Harmed {
            harm,
            certainty,
            sort,
            name: resource.title().to_owned(),
            resource: resource.id.clone(),
            why,
            last_used_at,
            talk_to,
        });
    }
}
