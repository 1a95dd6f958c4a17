//! What an answer, or none, means for a notice: taken, to be tried again, or refused for good. All channels over HTTP
//! judge by it; those that hide a refusal in an answer that looks well have a word of their own first.

use std::time::Duration;

use super::DeliveryError;
use crate::http::{OutletError, Reply};

/// The longest pause that is passed on: a server that asks for more, by mistake or not, would silence the channel.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// The answer, if the other side has taken the request.
pub(super) fn taken(answer: Result<Reply, OutletError>) -> Result<Reply, DeliveryError> {
    let reply = answer.map_err(unanswered)?;
    let said = |what: &str| format!("{what} ({}): {}", reply.status, reply.message);
    match reply.status {
        200..=299 => Ok(reply),
        408 | 429 => Err(later(said("the other side asks to wait"), reply.retry_after)),
        500..=599 => Err(later(said("the other side failed"), reply.retry_after)),
        401 | 403 => Err(never(said("refused: check the credential and its rights"))),
        404 | 410 => Err(never(said("there is nothing at this address"))),
        413 => Err(never(said("the message is too large"))),
        _ => Err(never(said("refused"))),
    }
}

/// What it means whether a host answered.
pub(super) fn reached(answer: Result<(), OutletError>) -> Result<(), DeliveryError> {
    answer.map_err(unanswered)
}

/// Gives up on a request that takes longer than a message may, however many answers it is made of.
pub(super) async fn within<T>(
    patience: Duration,
    sending: impl Future<Output = Result<T, DeliveryError>>,
) -> Result<T, DeliveryError> {
    let timed_out = |_elapsed| later(format!("no answer within {} s", patience.as_secs_f32()), None);
    tokio::time::timeout(patience, sending).await.map_err(timed_out)?
}

/// Another try can help.
pub(super) fn later(reason: impl Into<String>, after: Option<Duration>) -> DeliveryError {
    DeliveryError::Later { reason: reason.into(), after: after.map(|after| after.min(LONGEST_PAUSE)) }
}

/// It would be refused again.
pub(super) fn never(reason: impl Into<String>) -> DeliveryError {
    DeliveryError::Never { reason: reason.into() }
}

/// An answer that is not of the service: a proxy or a login page stands in between, and may go away again.
pub(super) fn foreign(reply: &Reply, service: &str) -> DeliveryError {
    let cut = if reply.whole { "" } else { ", and was cut off" };
    later(format!("the answer is not one of {service}{cut} ({}): {}", reply.status, reply.message), None)
}

fn unanswered(error: OutletError) -> DeliveryError {
    match error {
        // Whoever answers with a wrong certificate is not the one we mean; it is mended over there, so we try again.
        OutletError::Unreachable(_) | OutletError::Untrusted(_) => later(error.to_string(), None),
        OutletError::NotSent(_) | OutletError::Redirected(_) => never(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16) -> Result<(), DeliveryError> {
        let retry_after = Some(Duration::from_secs(7_000_000));
        let reply = Reply { status, retry_after, body: Vec::new(), whole: true, message: "so it is".to_owned() };
        taken(Ok(reply)).map(|_reply| ())
    }

    #[test]
    fn each_status_is_taken_tried_again_or_refused() {
        for status in [200, 201, 202, 204] {
            assert_eq!(judged(status), Ok(()));
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let Err(DeliveryError::Later { reason, after }) = judged(status) else { panic!("{status}") };
            assert!(reason.contains("so it is") && after == Some(LONGEST_PAUSE), "{reason}");
        }
        for status in [400, 401, 403, 404, 405, 409, 410, 413, 422] {
            let Err(DeliveryError::Never { reason }) = judged(status) else { panic!("{status}") };
            assert!(reason.contains("so it is") && reason.contains(&status.to_string()), "{reason}");
        }
    }
}
