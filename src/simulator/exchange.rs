//! One question and one answer, before they become HTTP: what endpoints work with.

use serde_json::{Value, json};

use super::endpoints::Family;
use super::servers::Caller;

/// A request that reached an endpoint.
#[derive(Debug)]
pub(super) struct Ask {
    /// The variable segments of the path, in order.
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    /// The media types that are accepted, as the header says it.
    pub(super) accept: String,
    /// The JSON body; null when there is none.
    pub(super) body: Value,
    /// Whether to give the first page whatever was asked for, with a link to a second: a fault.
    pub(super) stuck: bool,
    /// Who asks; told for self-hosted products only.
    pub(super) caller: Caller,
}

impl Ask {
    /// Whether it names a thing, in its path or its query.
    pub(super) fn names(&self, thing: &str) -> bool {
        self.segments.iter().chain(self.query.iter().map(|(_, value)| value)).any(|part| part == thing)
    }
}

/// What an endpoint answers.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    /// Which page of its collection this is, from 1.
    pub(super) page: usize,
    /// A page for people in place of the body.
    pub(super) html: Option<&'static str>,
}

/// A page that was asked for: where it starts and how many rows it may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) limit: usize,
    stuck: bool,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body, page: 1, html: None }
    }

    pub(super) fn page_of(body: Value, window: Window) -> Self {
        Self { status: 200, body, page: window.start / window.limit + 1, html: None }
    }

    /// A refusal in the form of the API family.
    pub(super) fn refusal(family: Family, status: u16, text: &str) -> Self {
        let body = match family {
            Family::Admin => json!({"errors": [{
                "id": "5f2a4c1e-7d7b-4a0e-9b1a-6f2f0c9d1e77",
                "status": status.to_string(),
                "code": format!("ADMIN-{status}-1"),
                "title": title(status),
                "detail": text,
            }]}),
            Family::OldAdmin => json!({"code": status, "message": text}),
            Family::Jira => json!({"errorMessages": [text], "errors": {}}),
            Family::Confluence => json!({"statusCode": status, "message": text}),
            Family::ConfluenceV2 => json!({"errors": [{
                "status": status, "code": title(status).to_uppercase().replace(' ', "_"), "title": text, "detail": null,
            }]}),
            Family::Bitbucket => json!({"type": "error", "error": {"message": text}}),
            Family::JiraDc => json!({"errorMessages": [text], "errors": {}}),
            Family::BitbucketDc => json!({"errors": [{"context": null, "message": text,
                "exceptionName": "com.atlassian.bitbucket.AuthorisationException"}]}),
            Family::Align => json!({"message": text}),
            Family::ConfluenceDc => json!({"statusCode": status, "data": {"authorized": status != 401, "valid": true,
                "errors": [], "successful": false}, "message": text, "reason": title(status)}),
        };
        Self { status, body, page: 1, html: None }
    }

    /// A page for people, where programs expect JSON.
    pub(super) fn page_for_people(status: u16, page: &'static str) -> Self {
        Self { status, body: Value::Null, page: 1, html: Some(page) }
    }
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        406 => "Not acceptable",
        410 => "Gone",
        429 => "Too many requests",
        _ => "Internal error",
    }
}

impl Ask {
    /// The variable segment at a place.
    pub(super) fn segment(&self, place: usize) -> &str {
        self.segments.get(place).map_or("", String::as_str)
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The texts of a list in the body; `None` when the list is not there.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.body.get(name)?.as_array()?.iter().filter_map(Value::as_str).collect())
    }

    pub(super) fn expands(&self, what: &str) -> bool {
        self.list("expand").is_some_and(|wanted| wanted.contains(&what))
    }

    /// The page of a collection with cursors in query parameters.
    pub(super) fn cursor_window(&self, size: &str, usual: usize, most: usize) -> Result<Window, Reply> {
        let limit = self.number(size)?.unwrap_or(usual);
        self.window(self.parameter("cursor"), limit, most)
    }

    /// The page of a collection with cursors whose pages all have one size.
    pub(super) fn fixed_window(&self, size: usize) -> Result<Window, Reply> {
        self.window(self.parameter("cursor"), size, size)
    }

    /// The page of a search whose cursor and limit are in the body.
    pub(super) fn search_window(&self, usual: usize, most: usize) -> Result<Window, Reply> {
        let limit = match self.body.get("limit") {
            None | Some(Value::Null) => usual,
            Some(limit) => limit
                .as_u64()
                .and_then(|limit| usize::try_from(limit).ok())
                .ok_or_else(|| Reply::refusal(Family::Admin, 400, "limit must be a positive number"))?,
        };
        self.window(self.body.get("cursor").and_then(Value::as_str), limit, most)
    }

    fn window(&self, cursor: Option<&str>, limit: usize, most: usize) -> Result<Window, Reply> {
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                offset_of(cursor).ok_or_else(|| Reply::refusal(Family::Admin, 400, "the cursor is not valid"))?
            }
        };
        let start = if self.stuck { 0 } else { start };
        Ok(Window { start, limit: limit.clamp(1, most), stuck: self.stuck })
    }

    /// The page of a Jira collection, with `startAt` and `maxResults`; a larger page than allowed is cut down.
    pub(super) fn offset_window(&self, usual: usize, most: usize) -> Result<Window, Reply> {
        let bad = |_reply| Reply::refusal(Family::Jira, 400, "startAt and maxResults must be numbers");
        let limit = self.number("maxResults").map_err(bad)?.unwrap_or(usual);
        let start = self.number("startAt").map_err(bad)?.unwrap_or(0);
        let start = if self.stuck { 0 } else { start };
        Ok(Window { start, limit: limit.clamp(1, most), stuck: self.stuck })
    }

    /// The page of a Confluence collection of the first version, with `start` and `limit`; a larger page is cut down.
    pub(super) fn start_window(&self, usual: usize, most: usize) -> Result<Window, Reply> {
        let bad = |_reply| Reply::refusal(Family::Confluence, 400, "start and limit must be numbers");
        let limit = self.number("limit").map_err(bad)?.unwrap_or(usual);
        let start = self.number("start").map_err(bad)?.unwrap_or(0);
        let start = if self.stuck { 0 } else { start };
        Ok(Window { start, limit: limit.clamp(1, most), stuck: self.stuck })
    }

    /// The page of a Confluence collection of the second version, with `cursor` and `limit`.
    pub(super) fn v2_window(&self) -> Result<Window, Reply> {
        let bad = |text| Reply::refusal(Family::ConfluenceV2, 400, text);
        let limit = self.number("limit").map_err(|_reply| bad("limit must be a number"))?.unwrap_or(25);
        if !(1..=250).contains(&limit) {
            return Err(bad("limit must be from 1 to 250"));
        }
        self.window(self.parameter("cursor"), limit, 250).map_err(|_reply| bad("the cursor is not valid"))
    }

    /// The page of a Bitbucket collection, with `page` and `pagelen`.
    pub(super) fn page_window(&self) -> Result<Window, Reply> {
        let bad = |text| Reply::refusal(Family::Bitbucket, 400, text);
        let limit = self.number("pagelen").map_err(|_reply| bad("Invalid pagelen"))?.unwrap_or(10);
        let page = self.number("page").map_err(|_reply| bad("Invalid page"))?.unwrap_or(1);
        if !(1..=100).contains(&limit) || page == 0 {
            return Err(bad("Invalid pagelen or page"));
        }
        let start = if self.stuck { 0 } else { (page - 1) * limit };
        Ok(Window { start, limit, stuck: self.stuck })
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Reply> {
        let bad = |_not_a_number| Reply::refusal(Family::Admin, 400, "the page size must be a number");
        self.parameter(name).map(|text| text.parse().map_err(bad)).transpose()
    }
}

impl Window {
    /// The rows of this page out of all.
    pub(super) fn cut<T>(self, all: &[T]) -> &[T] {
        let start = self.start.min(all.len());
        let end = self.end(all.len());
        all.get(start..end).unwrap_or_default()
    }

    /// Where the page ends in a collection of that length.
    pub(super) fn end(self, length: usize) -> usize {
        (self.start + self.limit).min(length)
    }

    /// Whether no page follows.
    pub(super) fn is_last(self, length: usize) -> bool {
        !self.stuck && self.end(length) >= length
    }

    /// The cursor of the page that follows, if one does.
    pub(super) fn next(self, length: usize) -> Option<String> {
        self.next_from(self.end(length), length)
    }

    /// The cursor for going on at `place`, unless the collection ends before it.
    pub(super) fn next_from(self, place: usize, length: usize) -> Option<String> {
        if self.stuck {
            return Some(cursor_at(self.limit));
        }
        (place < length).then(|| cursor_at(place))
    }
}

/// A cursor. It has characters that must be encoded in a URL, as real ones do.
fn cursor_at(offset: usize) -> String {
    format!("eyJv+{:x}/==", offset ^ 0x5A5A5)
}

fn offset_of(cursor: &str) -> Option<usize> {
    let digits = cursor.strip_prefix("eyJv+")?.strip_suffix("/==")?;
    Some(usize::from_str_radix(digits, 16).ok()? ^ 0x5A5A5)
}

/// A cursor as it stands inside a URL.
pub(super) fn encoded(cursor: &str) -> String {
    cursor.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
