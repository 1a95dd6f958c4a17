//! Notices that nobody has taken: whoever reads this learns here what they should have heard elsewhere.

use std::collections::BTreeMap;

use super::{SHOWN, and_more};
use crate::model::{Assessment, ChannelName, Delivery, Outgoing};
use crate::reports::layout::{Block, Ink, Page, words};
use crate::reports::say;
use crate::text;

/// The section; left out while everything was taken.
pub(super) fn section(page: &mut Page, assessment: &Assessment) {
    let undelivered = &assessment.undelivered;
    if undelivered.is_empty() {
        return;
    }
    page.heading("NOT DELIVERED", &format!("({})", text::thousands(undelivered.len())));
    let mut channels: BTreeMap<&ChannelName, Vec<&Outgoing>> = BTreeMap::new();
    for outgoing in undelivered {
        channels.entry(&outgoing.notice.channel).or_default().push(outgoing);
    }
    let blocks: Vec<Block> = channels.iter().take(SHOWN).map(|(channel, outgoing)| block(channel, outgoing)).collect();
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, channels.len() - shown, "keyroll alerts pending");
}

fn block(channel: &ChannelName, undelivered: &[&Outgoing]) -> Block {
    let dead = undelivered.iter().filter(|outgoing| outgoing.delivery == Delivery::Dead).count();
    let (ink, label) = if dead > 0 { (Ink::Alarm, "given up") } else { (Ink::Bad, "waits") };
    let notices = text::plural(undelivered.len(), "notice", "notices");
    let last = undelivered.iter().max_by_key(|outgoing| (outgoing.tried_at, &outgoing.notice.id));
    let error = last.map_or("", |outgoing| &outgoing.error);
    let tried = last
        .and_then(|outgoing| outgoing.tried_at)
        .map_or_else(String::new, |at| format!(" (tried {} UTC)", say::minute(at)));
    Block {
        label: Some(words(ink, label)),
        head: vec![words(
            Ink::Plain,
            &format!("{notices} for channel {channel}: {}{tried}", text::shorten(error, 200)),
        )],
        id: None,
        details: vec![vec![words(Ink::Action, "→ Mend the channel, then: keyroll alerts retry")]],
    }
}
