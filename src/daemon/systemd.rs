//! Words with systemd, for services of `Type=notify`. Outside of systemd all of them go nowhere.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::text::harmless;

/// The service has started, or has finished to load its configuration again. `status` is shown beside it.
pub fn ready(status: &str) {
    let status = harmless(status);
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// The configuration is about to be loaded again; [`ready`] must follow, whether that worked or not.
pub fn reloading() {
    // Newer versions take a reload for real only with the time at which it began.
    match NotifyState::monotonic_usec_now() {
        Ok(began) => tell(&[NotifyState::Reloading, began]),
        Err(error) => tracing::warn!("cannot tell systemd of the reload: {error}"),
    }
}

/// The service is about to end.
pub fn stopping(status: &str) {
    let status = harmless(status);
    tell(&[NotifyState::Stopping, NotifyState::Status(&status)]);
}

/// What the service is doing, in one line.
pub fn status(text: &str) {
    let text = harmless(text);
    tell(&[NotifyState::Status(&text)]);
}

/// The service is alive: to be said at least as often as [`watchdog`] asks.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] is to be said, if systemd watches: at half the time after which it takes the service for dead.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|half| !half.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("cannot reach systemd: {error}");
    }
}
