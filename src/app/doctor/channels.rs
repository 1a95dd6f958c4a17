//! The ways to people: whether each can be reached, and whether it takes a sample where one is to be sent.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;

use super::{OFFLINE, Reach};
use crate::alerts::{self, Channel, DeliveryError};
use crate::model::{Area, Check};

/// How long one channel may take, whatever it does.
const PATIENCE: Duration = Duration::from_secs(40);

/// What is to be said of the channels.
pub(super) async fn examine(
    channels: &[Box<dyn Channel>],
    estate: &str,
    now: DateTime<Utc>,
    reach: Reach,
) -> Vec<Check> {
    if reach.offline {
        return channels.iter().map(|one| Check::unchecked(Area::Channels, one.name().as_str(), OFFLINE)).collect();
    }
    let tried = channels.iter().map(|channel| async move {
        if reach.send_test {
            let sent = send_sample(channel.as_ref(), estate, now).await;
            return told(channel.as_ref(), sent.map(|id| format!("it has taken the sample {id}")));
        }
        let found = tokio::time::timeout(PATIENCE, channel.reach()).await;
        let found = found.map_err(|_elapsed| out_of_time()).and_then(|found| found.map_err(|error| error.to_string()));
        let well = "it can be reached; nothing was sent (`--send-test` sends a sample)";
        told(channel.as_ref(), found.map(|()| well.to_owned()))
    });
    join_all(tried).await
}

/// Sends a harmless sample through a channel, and gives back its id.
///
/// # Errors
/// Why it was not taken.
pub async fn send_sample(channel: &dyn Channel, estate: &str, now: DateTime<Utc>) -> Result<String, String> {
    let notice = alerts::sample(channel.name(), estate, now);
    match tokio::time::timeout(PATIENCE, channel.deliver(&notice, None)).await {
        Ok(Ok(_receipt)) => Ok(notice.id.to_string()),
        Ok(Err(error)) => Err(words(&error)),
        Err(_elapsed) => Err(out_of_time()),
    }
}

fn words(error: &DeliveryError) -> String {
    format!("did not take the sample: {error}")
}

fn out_of_time() -> String {
    format!("did not answer within {} s", PATIENCE.as_secs())
}

fn told(channel: &dyn Channel, tried: Result<String, String>) -> Check {
    let name = channel.name().as_str();
    match tried {
        Ok(_) if !channel.confirms() => {
            let found = "its name has an address, and what is sent there leaves: whether it arrives, nobody confirms";
            Check::known(Area::Channels, name, found)
        }
        Ok(found) => Check::well(Area::Channels, name, found),
        Err(why) => {
            let remedy = format!(
                "check the address, `proxy`, `ca_file` and credential of channel `{name}`, then run `keyroll alerts test {name}`"
            );
            Check::broken(Area::Channels, name, why, remedy)
        }
    }
}
