//! One request on the line and its whole answer, read piece by piece up to a limit, so that an answer that
//! unpacks to gigabytes is stopped early, and only so many large ones are held at once. What the answer means is for
//! others to say.

use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, StatusCode};
use tokio::sync::Semaphore;

use super::{HttpError, Trouble};

/// An error's text is cut anyway; there is no need to read more of it.
const LARGEST_ERROR: usize = 64 * 1024;

/// Hardly any page is larger.
const USUAL: usize = 4 * 1024 * 1024;

/// No answer has more values. Each takes many times its length once it is read: sixty megabytes of `{},` would become three
/// gigabytes.
const MOST_VALUES: usize = 2_000_000;

/// Answers larger than usual that are read at once, whoever asks for them: the others are left on the line until there is
/// room, so that a host that answers everything with as much as it may does not fill the memory.
static ROOM: Semaphore = Semaphore::const_new(2);

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is no whole answer. The status is known if only the body was lost.
pub(super) struct Loss {
    pub(super) status: Option<StatusCode>,
    pub(super) error: HttpError,
    /// What kept the connection from coming about, if there was none.
    pub(super) trouble: Option<Trouble>,
}

/// Sends a request and reads its answer.
pub(super) async fn exchange(request: RequestBuilder, largest: usize) -> Result<Answer, Loss> {
    let unsent = |error: reqwest::Error| {
        let trouble = Some(Trouble::of(&error));
        Loss { status: None, error: HttpError::broken(error), trouble }
    };
    let mut response = request.send().await.map_err(unsent)?;
    let status = response.status();
    let lost = |error| Loss { status: Some(status), error, trouble: None };
    let headers = std::mem::take(response.headers_mut());
    let (mut body, mut room) = (Vec::new(), None);
    while let Some(piece) = response.chunk().await.map_err(|error| lost(HttpError::broken(error)))? {
        if !status.is_success() && body.len() + piece.len() > LARGEST_ERROR {
            break;
        }
        if body.len() + piece.len() > largest {
            let message = format!("it is larger than {largest} bytes");
            return Err(lost(HttpError::Unreadable { message }));
        }
        if body.len() + piece.len() > USUAL && room.is_none() {
            room = ROOM.acquire().await.ok();
        }
        body.extend_from_slice(&piece);
    }
    if body.len() > MOST_VALUES && body.iter().filter(|byte| **byte == b',').count() > MOST_VALUES {
        let message = format!("it holds more than {MOST_VALUES} values");
        return Err(lost(HttpError::Unreadable { message }));
    }
    Ok(Answer { status, headers, body })
}
