//! The sign of life: an address that is called after each complete scan. Whoever watches it notices when it is not called.

use std::time::Duration;

use super::outcome::taken;
use super::{DeliveryError, Tools};
use crate::http::{Hook, HttpError, OutletSettings};
use crate::secret::Secret;

/// How often it is tried before it is given up: the next scan calls again.
const TRIES: u32 = 3;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// Calls an address.
pub struct Heartbeat {
    hook: Hook,
    pause: Duration,
}

impl Heartbeat {
    /// A heartbeat for an address, which is a secret: whoever knows it can pretend that all is well.
    ///
    /// # Errors
    /// When it is no address that can be called.
    pub fn new(address: &Secret, tools: &Tools) -> Result<Self, HttpError> {
        let settings = OutletSettings {
            ca_file: tools.ca_file.clone(),
            proxy: None,
            timeout: tools.patience.min(Duration::from_secs(10)),
            allow_http: false,
            clock: tools.clock.clone(),
        };
        Ok(Self { hook: Hook::new(address, &[], &settings)?, pause: PAUSE })
    }

    /// Calls it, and again if nobody answers.
    ///
    /// # Errors
    /// If nobody has answered after all tries.
    pub async fn beat(&self) -> Result<(), DeliveryError> {
        let mut tries = 1;
        loop {
            match taken(self.hook.post("text/plain; charset=utf-8", &[], "scan complete\n".to_owned()).await) {
                Ok(_reply) => return Ok(()),
                Err(error @ DeliveryError::Never { .. }) => return Err(error),
                Err(error) if tries == TRIES => return Err(error),
                Err(DeliveryError::Later { .. }) => tokio::time::sleep(self.pause).await,
            }
            tries += 1;
        }
    }
}
