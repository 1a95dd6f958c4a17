//! Mail through an SMTP server. `settings` reads the section, `page` puts a notice into text and HTML, `message` makes
//! the letter of it, `table` the attachment, `smtp` hands it over.

mod message;
mod page;
mod settings;
mod smtp;
mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::message::Letterhead;
use self::settings::Settings;
use self::smtp::Line;
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools};
use crate::clock::Clock;
use crate::document::Section;
use crate::model::{ChannelName, Notice, Thread};
use crate::problem::Problems;

/// The type `email`.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "email",
    summary: "mail through an SMTP server, to a list of people or to the owners of what a notice is about",
    most_effects: 50,
    keeps_open: false,
    wants_every_step: false,
    reaches_owners: true,
    build,
};

#[derive(Debug)]
struct Email {
    name: ChannelName,
    letterhead: Letterhead,
    line: Line,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let settings = Settings::read(&mut section, tools);
    let channel = settings.and_then(|settings| {
        let line = match Line::new(settings.connection) {
            Ok(line) => line,
            Err(why) => {
                section.wrong(section.span_of("ca_file"), why, None);
                return None;
            }
        };
        let (letterhead, limit, clock) = (settings.letterhead, settings.limit, Arc::clone(&tools.clock));
        Some(Email { name, letterhead, line, limit, clock })
    });
    section.finish(channel).map(|channel| Box::new(channel) as Box<dyn Channel>)
}

#[async_trait]
impl Channel for Email {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        let letter = message::compose(notice, thread, &self.letterhead, self.clock.now())?;
        self.in_time(self.line.send(&letter)).await?;
        Ok(Receipt { remote: Some(letter.remote) })
    }

    /// Greets the server, logs in and says goodbye.
    async fn reach(&self) -> Result<(), DeliveryError> {
        self.in_time(self.line.greet()).await
    }
}

impl Email {
    async fn in_time(&self, work: impl Future<Output = Result<(), DeliveryError>>) -> Result<(), DeliveryError> {
        tokio::time::timeout(self.limit, work).await.unwrap_or_else(|_elapsed| {
            let reason = format!("{} gave no answer within {} s", self.line, self.limit.as_secs_f32());
            Err(DeliveryError::Later { reason, after: None })
        })
    }
}
