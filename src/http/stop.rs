//! The word that no more is to be asked: a deadline has come, or somebody wants the process to end.
//!
//! It is shared by all clients of a factory, and final: who asks again later builds another factory.

use std::sync::Arc;

use tokio::sync::watch;

/// A signal that ends all asking. Clones share it.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Option<String>>>);

impl Stop {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// From here on no request is sent, and none that is under way or waiting for its turn is waited for. The first
    /// reason stays: a fragment such as “the deadline of the scan was reached”.
    pub fn now(&self, reason: &str) {
        let first = |known: &mut Option<String>| {
            let first = known.is_none();
            known.get_or_insert_with(|| reason.to_owned());
            first
        };
        if self.0.send_if_modified(first) {
            tracing::info!("no more requests: {reason}");
        }
    }

    /// Why no more is asked; `None` as long as it is.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Waits until no more is to be asked, and tells why.
    pub async fn stopped(&self) -> String {
        let mut word = self.0.subscribe();
        let reason = word.wait_for(Option::is_some).await.expect("internal: the signal outlives whoever waits for it");
        reason.clone().unwrap_or_default()
    }
}
