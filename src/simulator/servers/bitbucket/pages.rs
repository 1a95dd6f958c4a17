//! Pages of the self-hosted Bitbucket, and how it says no.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::super::endpoints::Family;
use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::super::access::Rank;
use super::Bitbucket;

/// However many rows are wanted, a page has no more than this: of users and groups, of projects and repositories,
/// and of tokens and keys.
pub(super) const MOST_USERS: usize = 1000;
pub(super) const MOST_PLACES: usize = 1000;
pub(super) const MOST_KEYS: usize = 100;

/// The instance.
pub(super) fn of(estate: &Estate) -> &Bitbucket {
    &estate.servers.bitbucket
}

/// The user who asks.
pub(super) fn caller(estate: &Estate, ask: &Ask) -> usize {
    let user = ask.caller.account.and_then(|account| of(estate).user_of(account));
    user.expect("internal: whoever is let in is a user")
}

/// A page of a listing in which every row is shown.
pub(super) fn page<T>(estate: &Estate, ask: &Ask, most: usize, all: &[T], row: impl Fn(&T) -> Value) -> Reply {
    sparse_page(estate, ask, most, all.len(), |place| Some(row(&all[place])))
}

/// A page of a listing of which the caller sees only some rows. Those are picked after reading, so that the next
/// page may begin anywhere behind, and a page may have fewer rows than it could, or none, though more follow.
pub(super) fn sparse_page(
    estate: &Estate,
    ask: &Ask,
    most: usize,
    length: usize,
    row: impl Fn(usize) -> Option<Value>,
) -> Reply {
    let Ok(window) = ask.start_window(25, most) else {
        return refusal(400, "start and limit must be numbers", "com.atlassian.bitbucket.rest.BadRequestException");
    };
    let mut rows = Vec::new();
    let mut place = window.start;
    // So many rows are read for one page, and no more.
    let end = (window.start + 2 * window.limit).min(length);
    while place < end && rows.len() < window.limit {
        rows.extend(row(place));
        place += 1;
    }
    let next = if ask.stuck { Some(window.limit) } else { (place < length).then_some(place) };
    let mut body = json!({
        "size": rows.len(), "limit": window.limit, "isLastPage": next.is_none(), "values": rows, "start": window.start,
    });
    // Old versions write null behind the last page, newer ones nothing.
    if next.is_some() || !of(estate).installation.release.since(8, 0) {
        body["nextPageStart"] = json!(next);
    }
    Reply::page_of(body, window)
}

/// A refusal, with the name of the exception as Bitbucket tells it.
pub(super) fn refusal(status: u16, text: &str, exception: &str) -> Reply {
    let mut reply = Reply::refusal(Family::BitbucketDc, status, text);
    reply.body["errors"][0]["exceptionName"] = json!(exception);
    reply
}

pub(super) fn forbidden() -> Reply {
    let text = "You are not permitted to access this resource";
    refusal(401, text, "com.atlassian.bitbucket.AuthorisationException")
}

pub(super) fn no_user(name: &str) -> Reply {
    refusal(404, &format!("The user {name} does not exist."), "com.atlassian.bitbucket.user.NoSuchUserException")
}

pub(super) fn no_project(key: &str) -> Reply {
    let exception = "com.atlassian.bitbucket.project.NoSuchProjectException";
    refusal(404, &format!("Project {key} does not exist."), exception)
}

pub(super) fn no_repository(key: &str, slug: &str) -> Reply {
    let exception = "com.atlassian.bitbucket.repository.NoSuchRepositoryException";
    refusal(404, &format!("Repository {key}/{slug} does not exist."), exception)
}

/// The project of the path, if the caller administers it.
pub(super) fn own_project(estate: &Estate, ask: &Ask) -> Result<usize, Reply> {
    let project = of(estate).find_project(ask.segment(0)).ok_or_else(|| no_project(ask.segment(0)))?;
    let allowed =
        ask.caller.rank >= Rank::Administrator || of(estate).administers_project(caller(estate, ask), project);
    if allowed { Ok(project) } else { Err(forbidden()) }
}

/// The repository of the path, if the caller administers it.
pub(super) fn own_repository(estate: &Estate, ask: &Ask) -> Result<usize, Reply> {
    let (key, slug) = (ask.segment(0), ask.segment(1));
    of(estate).find_project(key).ok_or_else(|| no_project(key))?;
    let repository = of(estate).find_repository(key, slug).ok_or_else(|| no_repository(key, slug))?;
    let allowed =
        ask.caller.rank >= Rank::Administrator || of(estate).administers_repository(caller(estate, ask), repository);
    if allowed { Ok(repository) } else { Err(forbidden()) }
}

/// A moment as Bitbucket writes it: milliseconds since the epoch.
pub(super) fn moment(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}
