//! Jira: one ticket a cause, kept up to date by comments, closed or flagged once the cause is over.
//!
//! The one place of the house that writes to a Jira, with a credential of its own, which needs no more than to browse
//! the project and to create, edit, comment and transition issues in it. Nothing but the requests in `desk` leaves.
//!
//! A ticket carries the label `keyroll-<cause>`: it is found again by it should our store be lost, or should we have
//! died between creating a ticket and noting it. (Jira finds a new ticket a few seconds after it was created.)
//!
//! ```yaml
//! type: jira-ticket
//! base_url: https://acme.atlassian.net
//! deployment: cloud             # or data-center
//! user: bot@acme.example        # of the cloud
//! token: env:JIRA_BOT_TOKEN     # an API token in the cloud, a personal access token in a data center
//! project: SEC
//! issue_type: Task
//! title: "[{{ severity }}] {{ title }}"
//! labels: [audit]               # in addition to our own
//! fields:                       # further fields of new tickets; texts are templates
//!   priority: { name: High }
//!   customfield_10042: "{{ owner }}"
//! resolve_transition: Done      # without it, a ticket that is over gets the label `keyroll-over`
//! ca_file: /etc/ssl/acme.pem    # further certificate authorities
//! proxy: http://proxy:3128
//! timeout_seconds: 20
//! allow_http: false
//! ```

mod config;
mod desk;
mod words;

use std::time::Duration;

use async_trait::async_trait;

use super::outcome::within;
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools, phrase};
use crate::document::Section;
use crate::model::{Action, ChannelName, Notice, Thread};
use crate::problem::Problems;
use config::Config;
use desk::{Closing, Desk, Ticket};

/// Jira tickets.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "jira-ticket",
    summary: "opens one Jira ticket a cause, and closes or flags it when the cause is over",
    most_effects: words::MOST_EFFECTS,
    keeps_open: true,
    wants_every_step: false,
    reaches_owners: false,
    build,
};

struct JiraTicket {
    name: ChannelName,
    patience: Duration,
    config: Config,
    desk: Desk,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let parts = config::read(&mut section, tools);
    let channel = parts.map(|(config, desk)| {
        Box::new(JiraTicket { name, patience: tools.patience, config, desk }) as Box<dyn Channel>
    });
    section.finish(channel)
}

#[async_trait]
impl Channel for JiraTicket {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        let known = thread.and_then(|thread| thread.remote.as_deref());
        let key = within(self.patience, self.bring_up_to_date(notice, known)).await?;
        Ok(Receipt { remote: key.or_else(|| known.map(str::to_owned)) })
    }

    async fn reach(&self) -> Result<(), DeliveryError> {
        within(self.patience, self.desk.reach()).await
    }
}

impl JiraTicket {
    /// Finds or opens the ticket and does what the notice asks. Gives back the ticket's key, if there is one.
    async fn bring_up_to_date(&self, notice: &Notice, known: Option<&str>) -> Result<Option<String>, DeliveryError> {
        let (open, closed) = self.look(notice, known).await?;
        let closed = closed.as_deref();
        match (notice.action, open) {
            (Action::Raise | Action::Update, Some(key)) => self.add(&key, notice).await.map(Some),
            (Action::Raise, None) => self.create(notice, closed).await.map(Some),
            (Action::Update, None) => match closed {
                Some(key) => self.comment(key, notice, &[]).await.map(Some),
                None => self.create(notice, None).await.map(Some),
            },
            (Action::Settle, Some(key)) => self.settle(&key, notice).await.map(Some),
            (Action::Settle, None) => self.comment_if_any(closed, notice).await,
            (Action::Tell, Some(key)) => self.comment(&key, notice, &[]).await.map(Some),
            (Action::Tell, None) if phrase::opens(notice.topic) => self.create(notice, closed).await.map(Some),
            (Action::Tell, None) => self.comment_if_any(closed, notice).await,
        }
    }

    /// The open ticket of the cause, and the known one if people have closed it. A ticket that was deleted is none.
    async fn look(
        &self,
        notice: &Notice,
        known: Option<&str>,
    ) -> Result<(Option<String>, Option<String>), DeliveryError> {
        let mut closed = None;
        if let Some(key) = known {
            match self.desk.look(key).await? {
                Some(Ticket::Open) => return Ok((Some(key.to_owned()), None)),
                Some(Ticket::Done) => closed = Some(key.to_owned()),
                None => {}
            }
        }
        let found = self.desk.find(&self.config.project, &words::cause_label(notice)).await?;
        Ok((found, closed))
    }

    /// A closed ticket is watched by nobody, so that what comes up again gets a new one, which names the old.
    async fn create(&self, notice: &Notice, closed: Option<&str>) -> Result<String, DeliveryError> {
        let note = closed.map(|key| format!("{key} was about the same cause, and is closed."));
        let fields = self.config.fields(notice, note.as_slice());
        self.desk.create(&fields).await
    }

    async fn add(&self, key: &str, notice: &Notice) -> Result<String, DeliveryError> {
        self.desk.relabel(key, &words::labels(notice), &[words::OVER]).await?;
        self.comment(key, notice, &[]).await
    }

    /// The comment comes last: should we die in between, the next try finds the ticket closed and only comments.
    async fn settle(&self, key: &str, notice: &Notice) -> Result<String, DeliveryError> {
        let closing = match &self.config.resolve_transition {
            Some(name) => self.desk.close(key, name).await?,
            None => Closing::NotAsked,
        };
        let note = match &closing {
            Closing::Done => "All of it is over; keyroll has closed this ticket.".to_owned(),
            Closing::NotAsked => format!("All of it is over: this ticket can be closed (label {}).", words::OVER),
            Closing::Refused(why) => format!(
                "All of it is over, but keyroll could not close this ticket: {why}. Close it by hand (label {}).",
                words::OVER
            ),
        };
        if !matches!(closing, Closing::Done) {
            self.desk.relabel(key, &[words::OVER.to_owned()], &[]).await?;
        }
        self.comment(key, notice, &[note]).await
    }

    async fn comment_if_any(&self, key: Option<&str>, notice: &Notice) -> Result<Option<String>, DeliveryError> {
        match key {
            Some(key) => self.comment(key, notice, &[]).await.map(Some),
            None => Ok(None),
        }
    }

    async fn comment(&self, key: &str, notice: &Notice, note: &[String]) -> Result<String, DeliveryError> {
        self.desk.comment(key, words::text(self.config.deployment, notice, note)).await?;
        Ok(key.to_owned())
    }
}
