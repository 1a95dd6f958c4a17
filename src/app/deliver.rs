//! From the outbox to the channels: what is due is sent, a try that failed is made again after a growing pause, a channel
//! that fails again and again is left in peace for a while, and what nobody takes is given up loudly.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::AppError;
use crate::alerts::{Channel, DeliveryError, Receipt, Routing, fold};
use crate::clock::Clock;
use crate::model::{ChannelName, Outgoing};
use crate::store::{Breaker, Store};

/// Notices that are taken from the outbox at once.
const HANDFUL: usize = 50;
/// The pause after the first try that failed; it doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The longest pause between two tries.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// A notice that nobody took after so many tries, which are about three days, is given up.
const MOST_TRIES: u32 = 20;
/// Failures in a row after which a channel is left in peace.
const FAILURES: u32 = 5;

/// What came of a round of deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Notices that were taken.
    pub sent: usize,
    /// Tries that failed and are to be made again.
    pub put_off: usize,
    /// Notices that were given up.
    pub given_up: usize,
}

/// What sends.
pub struct Deliverer<'a> {
    /// The channels.
    pub channels: &'a [Box<dyn Channel>],
    /// Their limits.
    pub routing: &'a Routing,
    /// What time it is.
    pub clock: &'a Arc<dyn Clock>,
    /// How long one delivery may take, whatever the channel does.
    pub patience: Duration,
}

impl Deliverer<'_> {
    /// Sends everything that is due. `go_on` is asked before each notice: a process that is told to stop leaves the rest for
    /// the next one.
    ///
    /// # Errors
    /// If the store cannot be used. That a channel cannot be reached is no error: the notice waits.
    pub async fn deliver(&self, store: &mut Store, go_on: &(dyn Fn() -> bool + Sync)) -> Result<Delivered, AppError> {
        let mut done = Delivered::default();
        let most = |name: &ChannelName| self.routing.channel(name).map_or(50, |plan| plan.kind.most_effects);
        let now = self.clock.now();
        store
            .fold_digests(now, |parts| fold(parts, parts.first().map_or(50, |part| most(&part.notice.channel)), now))?;
        loop {
            let due = store.due_notices(self.clock.now(), HANDFUL)?;
            if due.is_empty() {
                return Ok(done);
            }
            for outgoing in due {
                if !go_on() {
                    return Ok(done);
                }
                self.one(store, &outgoing, &mut done).await?;
            }
        }
    }

    /// One notice: the try is written down, made, and what came of it is written down.
    async fn one(&self, store: &mut Store, outgoing: &Outgoing, done: &mut Delivered) -> Result<(), AppError> {
        let now = self.clock.now();
        if is_open(store, &outgoing.notice.channel, now)? {
            return Ok(());
        }
        // Should this process be killed while it sends, the notice is due again when it can no longer be on its way.
        let patience = TimeDelta::from_std(self.patience).unwrap_or(FIRST_PAUSE);
        if !store.claim(outgoing, now, now + patience * 2)? {
            return Ok(());
        }
        match self.send(store, outgoing).await? {
            Ok(receipt) => {
                store.delivered(&outgoing.notice, receipt.remote.as_deref())?;
                done.sent += 1;
            }
            Err(error) => self.failed(store, outgoing, &error, done)?,
        }
        Ok(())
    }

    async fn send(&self, store: &Store, outgoing: &Outgoing) -> Result<Result<Receipt, DeliveryError>, AppError> {
        let notice = &outgoing.notice;
        let Some(channel) = self.channels.iter().find(|channel| *channel.name() == notice.channel) else {
            let reason = format!("there is no channel `{}` in the configuration any more", notice.channel);
            return Ok(Err(DeliveryError::Never { reason }));
        };
        let thread = store.thread(&notice.channel, &notice.cause)?;
        let sent = tokio::time::timeout(self.patience, channel.deliver(notice, thread.as_ref())).await;
        Ok(sent.unwrap_or_else(|_elapsed| {
            let reason = format!("no answer within {} s", self.patience.as_secs());
            Err(DeliveryError::Later { reason, after: None })
        }))
    }

    fn failed(
        &self,
        store: &mut Store,
        outgoing: &Outgoing,
        error: &DeliveryError,
        done: &mut Delivered,
    ) -> Result<(), AppError> {
        let now = self.clock.now();
        let notice = &outgoing.notice;
        let reason = error.to_string();
        let again = match error {
            DeliveryError::Never { .. } => None,
            DeliveryError::Later { .. } if outgoing.attempts + 1 >= MOST_TRIES => None,
            DeliveryError::Later { after, .. } => {
                let asked = after.and_then(|after| TimeDelta::from_std(after).ok()).unwrap_or_default();
                Some(now + pause(outgoing.attempts).max(asked.min(LONGEST_PAUSE)))
            }
        };
        tracing::warn!(channel = %notice.channel, notice = %notice.id, given_up = again.is_none(), "not delivered: {reason}");
        store.not_delivered(&notice.id, &reason, again)?;
        match again {
            Some(_) => done.put_off += 1,
            None => done.given_up += 1,
        }
        if matches!(error, DeliveryError::Later { .. }) {
            trip(store, &notice.channel, now)?;
        }
        Ok(())
    }
}

/// The pause after so many tries before this one.
fn pause(attempts: u32) -> TimeDelta {
    let doubled = FIRST_PAUSE.checked_mul(2_i32.saturating_pow(attempts.min(20))).unwrap_or(LONGEST_PAUSE);
    doubled.min(LONGEST_PAUSE)
}

/// True while a channel is left in peace.
fn is_open(store: &Store, channel: &ChannelName, now: DateTime<Utc>) -> Result<bool, AppError> {
    let breakers = store.breakers()?;
    let mine = breakers.iter().find(|breaker| breaker.channel == *channel);
    Ok(mine.and_then(|breaker| breaker.open_until).is_some_and(|until| until > now))
}

/// Counts a failure; after some in a row the channel is left in peace, for longer each time. The first notice after that
/// is the test: if it is taken the count begins anew, if not the peace goes on.
fn trip(store: &mut Store, channel: &ChannelName, now: DateTime<Utc>) -> Result<(), AppError> {
    let breakers = store.breakers()?;
    let failures = breakers.iter().find(|one| one.channel == *channel).map_or(0, |one| one.failures) + 1;
    let open_until = (failures >= FAILURES).then(|| now + pause(failures - FAILURES));
    if open_until.is_some() {
        tracing::warn!(%channel, failures, "the channel fails again and again: it is left in peace for a while");
    }
    store.set_breaker(&Breaker { channel: channel.clone(), failures, open_until })?;
    Ok(())
}
