//! For the fuzzer alone, which is another crate: the way from what a page says about the next to the request that leaves.
//! No other build has this file.

use reqwest::Url;

use super::allowed::Door;
use super::links::follow;
use super::{Allowed, CursorPlace, HttpError, Method, Request};

/// Where the page after one that said `next` would be asked for, if the door lets the request pass.
///
/// # Errors
/// Why nothing is sent.
pub fn next_page(
    base_url: &str,
    allowed: &'static [Allowed],
    first: &Request,
    next: &str,
    cursor: &str,
    place: CursorPlace,
) -> Result<(Method, Url, Option<serde_json::Value>), HttpError> {
    let door = Door::new(base_url, allowed)?;
    let request = follow(first, next, door.prefix(), cursor, place)?;
    let url = door.url(&request)?;
    door.admit(request.method, &url)?;
    Ok((request.method, url, request.body))
}
