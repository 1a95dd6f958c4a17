//! The requests of the ticket channel, and no others: to look, find, create, label, comment and close.
//! The cloud speaks version 3 of the interface, a data center version 2; apart from the search they are alike.

use serde::Deserialize;
use serde_json::{Value, json};

use super::config::Deployment;
use crate::alerts::DeliveryError;
use crate::alerts::outcome::{foreign, reached, taken};
use crate::http::{Errand, Outlet, Reply, Verb};

/// The requests of one deployment.
#[derive(Clone, Copy)]
pub(super) struct Errands {
    look: Errand,
    search: Errand,
    create: Errand,
    edit: Errand,
    comment: Errand,
    transitions: Errand,
    transition: Errand,
}

/// Those of the cloud.
pub(super) static CLOUD: [Errand; 7] = [
    Errand { verb: Verb::Get, path: "/rest/api/3/issue/{}?fields=status" },
    Errand { verb: Verb::Post, path: "/rest/api/3/search/jql" },
    Errand { verb: Verb::Post, path: "/rest/api/3/issue" },
    Errand { verb: Verb::Put, path: "/rest/api/3/issue/{}" },
    Errand { verb: Verb::Post, path: "/rest/api/3/issue/{}/comment" },
    Errand { verb: Verb::Get, path: "/rest/api/3/issue/{}/transitions" },
    Errand { verb: Verb::Post, path: "/rest/api/3/issue/{}/transitions" },
];

/// Those of a data center.
pub(super) static DATA_CENTER: [Errand; 7] = [
    Errand { verb: Verb::Get, path: "/rest/api/2/issue/{}?fields=status" },
    Errand { verb: Verb::Post, path: "/rest/api/2/search" },
    Errand { verb: Verb::Post, path: "/rest/api/2/issue" },
    Errand { verb: Verb::Put, path: "/rest/api/2/issue/{}" },
    Errand { verb: Verb::Post, path: "/rest/api/2/issue/{}/comment" },
    Errand { verb: Verb::Get, path: "/rest/api/2/issue/{}/transitions" },
    Errand { verb: Verb::Post, path: "/rest/api/2/issue/{}/transitions" },
];

/// How a ticket stands.
pub(super) enum Ticket {
    /// Somebody may still work on it.
    Open,
    /// Its status is one of those that count as done.
    Done,
}

/// What became of the wish to close a ticket.
pub(super) enum Closing {
    /// It is closed.
    Done,
    /// The configuration names no transition.
    NotAsked,
    /// Jira would not: why.
    Refused(String),
}

/// Where tickets are handled.
pub(super) struct Desk {
    outlet: Outlet,
    errands: Errands,
}

#[derive(Deserialize)]
struct Found {
    issues: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    key: String,
}

#[derive(Deserialize)]
struct Looked {
    fields: LookedFields,
}

#[derive(Deserialize)]
struct LookedFields {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    name: String,
    #[serde(rename = "statusCategory")]
    category: Option<Category>,
}

#[derive(Deserialize)]
struct Category {
    key: String,
}

#[derive(Deserialize)]
struct Transitions {
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Transition {
    id: String,
    name: String,
    to: Option<Status>,
}

impl Desk {
    /// Finds out whether Jira's host answers.
    pub(super) async fn reach(&self) -> Result<(), DeliveryError> {
        reached(self.outlet.reach().await)
    }

    pub(super) fn new(outlet: Outlet, deployment: Deployment) -> Self {
        let [look, search, create, edit, comment, transitions, transition] = *deployment.errands();
        Self { outlet, errands: Errands { look, search, create, edit, comment, transitions, transition } }
    }

    /// How a ticket stands; `None` if it was deleted, or moved out of our sight.
    pub(super) async fn look(&self, key: &str) -> Result<Option<Ticket>, DeliveryError> {
        let answer = self.outlet.send(self.errands.look, &[key], None).await;
        if answer.as_ref().is_ok_and(|reply| reply.status == 404) {
            return Ok(None);
        }
        let looked: Looked = read(&taken(answer)?)?;
        Ok(Some(if is_done(&looked.fields.status) { Ticket::Done } else { Ticket::Open }))
    }

    /// The open ticket with a label, the oldest if there are several.
    pub(super) async fn find(&self, project: &str, label: &str) -> Result<Option<String>, DeliveryError> {
        let jql = format!(
            "project = \"{project}\" AND labels in (\"{label}\") AND statusCategory != Done ORDER BY created ASC"
        );
        let body = json!({ "jql": jql, "fields": ["status"], "maxResults": 1 });
        let reply = taken(self.outlet.send(self.errands.search, &[], Some(&body)).await)?;
        let found: Found = read(&reply)?;
        Ok(found.issues.into_iter().next().map(|issue| issue.key))
    }

    /// Opens a ticket and gives back its key.
    pub(super) async fn create(&self, fields: &Value) -> Result<String, DeliveryError> {
        let body = json!({ "fields": fields });
        let reply = taken(self.outlet.send(self.errands.create, &[], Some(&body)).await)?;
        read::<Named>(&reply).map(|issue| issue.key)
    }

    /// Adds and removes labels. Where the project's screens do not have them, the ticket goes without.
    pub(super) async fn relabel(&self, key: &str, add: &[String], remove: &[&str]) -> Result<(), DeliveryError> {
        let added = add.iter().map(|label| json!({ "add": label }));
        let removed = remove.iter().map(|label| json!({ "remove": label }));
        let body = json!({ "update": { "labels": added.chain(removed).collect::<Vec<_>>() } });
        let answer = self.outlet.send(self.errands.edit, &[key], Some(&body)).await;
        match answer {
            Ok(reply) if reply.status == 400 => {
                tracing::warn!("ticket {key} keeps its labels as they are: {}", reply.message);
                Ok(())
            }
            other => taken(other).map(|_reply| ()),
        }
    }

    /// Comments on a ticket.
    pub(super) async fn comment(&self, key: &str, text: Value) -> Result<(), DeliveryError> {
        let body = json!({ "body": text });
        taken(self.outlet.send(self.errands.comment, &[key], Some(&body)).await).map(|_reply| ())
    }

    /// Sends a ticket through the transition of this name, or to the status of this name.
    pub(super) async fn close(&self, key: &str, name: &str) -> Result<Closing, DeliveryError> {
        let reply = taken(self.outlet.send(self.errands.transitions, &[key], None).await)?;
        let offered: Transitions = read(&reply)?;
        let same = |text: &str| text.trim().to_lowercase() == name.trim().to_lowercase();
        let by_status = |transition: &&Transition| transition.to.as_ref().is_some_and(|status| same(&status.name));
        let mut by_name = offered.transitions.iter().filter(|transition| same(&transition.name));
        let Some(transition) = by_name.next().or_else(|| offered.transitions.iter().find(by_status)) else {
            return Ok(Closing::Refused(format!("from its present status there is no transition “{name}”")));
        };
        let body = json!({ "transition": { "id": transition.id } });
        match self.outlet.send(self.errands.transition, &[key], Some(&body)).await {
            // A screen with a field that must be filled in, or a right that is missing: a person can do it.
            Ok(reply) if matches!(reply.status, 400 | 403 | 409 | 422) => Ok(Closing::Refused(reply.message)),
            other => taken(other).map(|_reply| Closing::Done),
        }
    }
}

fn is_done(status: &Status) -> bool {
    status.category.as_ref().is_some_and(|category| category.key == "done")
}

fn read<T: for<'de> Deserialize<'de>>(reply: &Reply) -> Result<T, DeliveryError> {
    serde_json::from_slice(&reply.body).map_err(|_garbage| foreign(reply, "Jira"))
}
