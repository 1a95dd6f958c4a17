//! Events for a SIEM: each effect of a notice as OCSF JSON in a syslog message. `event` makes the JSON, `syslog` the
//! message around it, `line` carries the messages over, `settings` reads the section.
//!
//! Syslog has no answers, so taken means: the other side read all of it before it closed, or at least did not refuse.

mod event;
mod line;
mod settings;
mod syslog;

use std::time::Duration;

use async_trait::async_trait;

use self::line::{Line, Transport};
use self::settings::Settings;
use self::syslog::Header;
use super::{Channel, ChannelKind, DeliveryError, Receipt, Tools};
use crate::document::Section;
use crate::model::{ChannelName, Notice, Thread};
use crate::problem::Problems;

/// The type `siem`.
pub(super) const KIND: ChannelKind = ChannelKind {
    name: "siem",
    summary: "events in OCSF over syslog, for a SIEM",
    most_effects: 1000,
    keeps_open: false,
    wants_every_step: true,
    reaches_owners: false,
    build,
};

/// How large one message may be. A datagram cannot be larger by much, and collectors cut what is longer.
const MESSAGE_LIMIT: usize = 60 * 1024;

/// How long one field of an event may be, in letters: as much as fits. Tried from the first on.
const FIELD_LIMITS: [usize; 3] = [4000, 800, 160];

#[derive(Debug)]
struct Siem {
    name: ChannelName,
    header: Header,
    line: Line,
    limit: Duration,
}

fn build(name: ChannelName, mut section: Section, tools: &Tools) -> Result<Box<dyn Channel>, Problems> {
    let channel = Settings::read(&mut section, tools).and_then(|settings| {
        let line = match Line::new(settings.endpoint) {
            Ok(line) => line,
            Err(why) => {
                section.wrong(section.span_of("ca_file"), why, None);
                return None;
            }
        };
        Some(Siem { name, header: settings.header, line, limit: settings.limit })
    });
    section.finish(channel).map(|channel| Box::new(channel) as Box<dyn Channel>)
}

#[async_trait]
impl Channel for Siem {
    fn name(&self) -> &ChannelName {
        &self.name
    }

    async fn deliver(&self, notice: &Notice, _thread: Option<&Thread>) -> Result<Receipt, DeliveryError> {
        let messages = self.messages(notice)?;
        self.line.send(&messages, self.limit).await?;
        Ok(Receipt::default())
    }

    /// Opens a line and closes it again. Of datagrams nobody can say whether they arrive: there, only the name is looked up.
    async fn reach(&self) -> Result<(), DeliveryError> {
        self.line.send(&[], self.limit).await
    }

    fn confirms(&self) -> bool {
        self.line.confirms()
    }
}

impl Siem {
    fn messages(&self, notice: &Notice) -> Result<Vec<Vec<u8>>, DeliveryError> {
        let mut messages = Vec::new();
        for at in 0..event::count(notice) {
            let sizes = FIELD_LIMITS.iter();
            let mut written = sizes.map(|limit| self.header.message(notice, &event::event(notice, at, *limit)));
            let Some(message) = written.find(|message| message.len() <= MESSAGE_LIMIT) else {
                let reason = format!("an event of the notice is larger than the {MESSAGE_LIMIT} bytes of a message");
                return Err(DeliveryError::Never { reason });
            };
            messages.push(message);
        }
        Ok(messages)
    }
}
