//! A notice as a letter: headers by which clients thread it and machines leave it alone, text and HTML that say the
//! same, and the attachment. The same notice gives the same letter but for its date.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};

use super::super::{DeliveryError, Template};
use super::{page, table};
use crate::digest::Digest;
use crate::model::{Action, Notice, Severity, Thread};
use crate::text::{harmless, shorten};

/// How long a subject may be, in columns.
const SUBJECT_LIMIT: usize = 150;

/// What all letters of a channel have in common.
#[derive(Debug)]
pub(super) struct Letterhead {
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) title: Option<Template>,
    pub(super) attach_csv: bool,
}

/// A letter, and whom it goes to.
pub(super) struct Letter {
    pub(super) message: Message,
    pub(super) from: Address,
    pub(super) to: Vec<Address>,
    /// What later letters of the same cause need to know of this one.
    pub(super) remote: String,
}

impl Letter {
    /// Everybody's address.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.from).chain(&self.to)
    }
}

/// The letter of a thread that later ones answer to. Some clients keep a thread together by its subject alone, so
/// later letters keep it, until one is worse than it says.
struct Opening {
    id: String,
    severity: Severity,
    subject: String,
}

impl Opening {
    fn read(remote: &str) -> Option<Self> {
        let mut parts = remote.splitn(3, ' ');
        let (id, severity, subject) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = id.starts_with('<') && id.ends_with('>');
        whole.then_some(())?;
        Some(Self { id: id.to_owned(), severity: severity.parse().ok()?, subject: header_text(subject) })
    }

    fn write(&self) -> String {
        format!("{} {} {}", self.id, self.severity, self.subject)
    }
}

/// The letter of a notice.
///
/// # Errors
/// When none of the recipients that the notice names has an address a mail can go to.
pub(super) fn compose(
    notice: &Notice,
    thread: Option<&Thread>,
    head: &Letterhead,
    now: DateTime<Utc>,
) -> Result<Letter, DeliveryError> {
    let never = |reason: String| DeliveryError::Never { reason };
    let to = recipients(notice, head)?;
    let address = |id: &str| format!("<{}.{}@{}>", id_part(id), id_part(notice.channel.as_str()), domain(&head.from));
    let (own, root) = (address(notice.id.as_str()), address(notice.cause.as_str()));
    let earlier =
        thread.and_then(|thread| Opening::read(thread.remote.as_deref()?)).filter(|opening| opening.id != own);
    let subject = subject(notice, earlier.as_ref(), head.title.as_ref());
    let (answers, references) = match &earlier {
        Some(opening) => (opening.id.clone(), format!("{root} {}", opening.id)),
        None => (root.clone(), root),
    };

    let mut builder = Message::builder()
        .from(head.from.clone())
        .date(SystemTime::from(now))
        .subject(&subject)
        .message_id(Some(own.clone()))
        .in_reply_to(answers)
        .references(references);
    for mailbox in &to {
        builder = builder.to(mailbox.clone());
    }
    if let Some(mailbox) = &head.reply_to {
        builder = builder.reply_to(mailbox.clone());
    }
    for (name, value) in own_headers(notice) {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    let body = body(notice, head).map_err(|why| never(format!("the mail cannot be written: {why}")))?;
    let message = builder.multipart(body).map_err(|error| never(format!("the mail cannot be written: {error}")))?;
    let opening = match earlier {
        Some(opening) if opening.severity >= notice.severity => opening,
        Some(_) | None => Opening { id: own, severity: notice.severity, subject },
    };
    let to = to.into_iter().map(|mailbox| mailbox.email).collect();
    Ok(Letter { message, from: head.from.email.clone(), to, remote: opening.write() })
}

fn recipients(notice: &Notice, head: &Letterhead) -> Result<Vec<Mailbox>, DeliveryError> {
    if notice.recipients.is_empty() {
        return Ok(head.to.clone());
    }
    // Addresses of owners come from the estate: whatever is no plain address could be more than one recipient.
    let mut usable: Vec<Mailbox> = Vec::new();
    for address in notice.recipients.iter().filter_map(|written| written.trim().parse::<Address>().ok()) {
        if !usable.iter().any(|mailbox| mailbox.email == address) {
            usable.push(Mailbox::new(None, address));
        }
    }
    if usable.is_empty() {
        let reason = "none of the recipients has a usable mail address".to_owned();
        return Err(DeliveryError::Never { reason });
    }
    Ok(usable)
}

fn subject(notice: &Notice, earlier: Option<&Opening>, title: Option<&Template>) -> String {
    if let Some(title) = title {
        return header_text(&title.print(notice));
    }
    if let Some(opening) = earlier.filter(|opening| opening.severity >= notice.severity) {
        let first = opening.subject.strip_prefix("Re: ").unwrap_or(&opening.subject);
        return header_text(&format!("Re: {first}"));
    }
    header_text(&format!("[{}] {}", page::tag(notice), notice.title))
}

/// Foreign text for a header: one short line, which no client decodes into another.
fn header_text(text: &str) -> String {
    shorten(harmless(text).replace("=?", "= ?").trim(), SUBJECT_LIMIT)
}

/// Headers for machines: mail rules, other people's auto-responders, and whoever asks what a mail was about.
fn own_headers(notice: &Notice) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("Precedence", "bulk".to_owned()),
        ("X-Keyroll-Notice", id_part(notice.id.as_str())),
        ("X-Keyroll-Cause", id_part(notice.cause.as_str())),
        ("X-Keyroll-Topic", notice.topic.name().to_owned()),
        ("X-Keyroll-Severity", notice.severity.name().to_owned()),
    ];
    let urgent = match notice.action {
        Action::Raise | Action::Tell => notice.severity == Severity::Critical,
        Action::Update | Action::Settle => false,
    };
    if urgent {
        headers.push(("Importance", "high".to_owned()));
        headers.push(("X-Priority", "1".to_owned()));
    }
    headers
}

fn body(notice: &Notice, head: &Letterhead) -> Result<MultiPart, String> {
    let page = page::Page::of(notice);
    let (text, html) = (page.text(), page.html());
    // A border that only who knows the whole text could write into it.
    let border = |name: &str| format!("={name}_{}", Digest::of(&(&notice.id, name, &text, &html)).base32(24));
    let both = MultiPart::alternative()
        .boundary(border("alternative"))
        .singlepart(SinglePart::plain(text.clone()))
        .singlepart(SinglePart::html(html.clone()));
    if !head.attach_csv || notice.effects.is_empty() {
        return Ok(both);
    }
    let rows = table::csv(notice).map_err(|error| error.to_string())?;
    let sort = ContentType::parse("text/csv; charset=utf-8; header=present").map_err(|error| error.to_string())?;
    let attachment = Attachment::new(format!("{}.csv", id_part(notice.id.as_str()))).body(rows, sort);
    Ok(MultiPart::mixed().boundary(border("mixed")).multipart(both).singlepart(attachment))
}

/// A part of a message id: letters, digits and dashes.
fn id_part(text: &str) -> String {
    let safe = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    safe.take(64).collect()
}

/// The domain of the sender, if it can stand in a message id.
fn domain(from: &Mailbox) -> &str {
    let domain = from.email.domain();
    let plain = domain.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.[]:".contains(letter));
    if plain { domain } else { "keyroll.invalid" }
}
