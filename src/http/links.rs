//! The next page, from whatever a page says about it: an absolute or relative URL, a query, or a bare cursor.
//!
//! Only path and query of a link are used. The host is always the configured one: following a host that an
//! answer names would carry the credential to it. Whether the path may be asked for is for the door to say.

use reqwest::Url;

use super::paging::CursorPlace;
use super::{HttpError, Request};

/// The request for the page after one that said `next`. `prefix` is the path of the base URL.
pub(super) fn follow(
    first: &Request,
    next: &str,
    prefix: &str,
    cursor: &str,
    place: CursorPlace,
) -> Result<Request, HttpError> {
    let mut request = first.clone();
    match (place, read(next)?) {
        (CursorPlace::Body, _) => put_into_body(&mut request, cursor, bare(next, cursor)?)?,
        (CursorPlace::QueryAlone, Link::Cursor(value)) => request.query = vec![(cursor.to_owned(), value)],
        (CursorPlace::QueryBeside, Link::Cursor(value)) => {
            request.query.retain(|(key, _)| key != cursor);
            request.query.push((cursor.to_owned(), value));
        }
        (CursorPlace::QueryAlone, Link::To { path, query }) => {
            request.path = path.map_or(request.path, |path| same_place(&first.path, prefix, path));
            request.query = query;
        }
        (CursorPlace::QueryBeside, Link::To { path, query }) => {
            request.path = path.map_or(request.path, |path| same_place(&first.path, prefix, path));
            request.query.retain(|(key, _)| query.iter().all(|(told, _)| told != key));
            request.query.extend(query);
        }
    }
    Ok(request)
}

/// The bare cursor in what a page said about the next: the cursor itself, or the one that its link carries.
pub(super) fn bare(next: &str, cursor: &str) -> Result<Option<String>, HttpError> {
    Ok(match read(next)? {
        Link::Cursor(value) => Some(value),
        Link::To { query, .. } => query.into_iter().find(|(key, _)| key == cursor).map(|(_, value)| value),
    })
}

enum Link {
    /// A place, or only a query for the same place.
    To { path: Option<String>, query: Vec<(String, String)> },
    /// An opaque value.
    Cursor(String),
}

/// A cursor in base 64 may begin with a slash, so that a path only counts as a link with a query behind it.
fn read(next: &str) -> Result<Link, HttpError> {
    let scheme = next.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let absolute = matches!(scheme.as_deref(), Some("http" | "https"));
    let relative = next.starts_with('?') || next.starts_with('/') && next.contains('?');
    if !absolute && !relative {
        return Ok(Link::Cursor(next.to_owned()));
    }
    let anywhere = Url::parse("http://localhost/").expect("internal: a constant URL");
    let unreadable =
        |error| HttpError::Unreadable { message: format!("the link to the next page is no URL ({error})") };
    let url = anywhere.join(next).map_err(unreadable)?;
    let path = (!next.starts_with('?')).then(|| url.path().to_owned());
    Ok(Link::To { path, query: url.query_pairs().into_owned().collect() })
}

/// The path of a link, under the base URL. Behind gateways and context paths, links leave out leading segments
/// or have more of them than the request had; a path that ends alike means the same place.
fn same_place(first: &str, prefix: &str, link: String) -> String {
    let whole = format!("{prefix}{first}");
    let under_prefix = link.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
    if whole.ends_with(&link) || link.ends_with(first) {
        return first.to_owned();
    }
    under_prefix.map_or_else(|| link.clone(), str::to_owned)
}

fn put_into_body(request: &mut Request, cursor: &str, value: Option<String>) -> Result<(), HttpError> {
    let missing = || HttpError::Unreadable { message: format!("the link to the next page has no `{cursor}` in it") };
    let value = value.ok_or_else(missing)?;
    let body = request.body.get_or_insert_with(|| serde_json::json!({}));
    let members = body.as_object_mut();
    let members = members.expect("internal: a search that is paged by its body has an object for a body");
    members.insert(cursor.to_owned(), value.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "/ex/jira/c1";

    fn followed(next: &str, place: CursorPlace) -> Request {
        let first = Request::get("/rest/api/3/things").query("limit", 50).query("state", "open");
        follow(&first, next, PREFIX, "cursor", place).unwrap()
    }

    fn query(request: &Request) -> String {
        request.query.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn every_form_of_a_link_leads_to_the_same_page() {
        let forms = [
            "https://api.example.com/ex/jira/c1/rest/api/3/things?cursor=a%2Bb",
            "https://site.example.net/rest/api/3/things?cursor=a%2Bb",
            "http://evil.example.com/rest/api/3/things?cursor=a%2Bb",
            "//evil.example.com/api/3/things?cursor=a%2Bb",
            "/ex/jira/c1/rest/api/3/things?cursor=a%2Bb",
            "/rest/api/3/things?cursor=a%2Bb",
            "?cursor=a%2Bb",
            "a+b",
        ];
        for form in forms {
            let request = followed(form, CursorPlace::QueryAlone);
            assert_eq!(
                (request.path.as_str(), query(&request).as_str()),
                ("/rest/api/3/things", "cursor=a+b"),
                "{form}"
            );
            let beside = followed(form, CursorPlace::QueryBeside);
            assert_eq!(query(&beside), "limit=50&state=open&cursor=a+b", "{form}");
        }
    }

    #[test]
    fn a_link_elsewhere_keeps_its_path_for_the_door_to_judge() {
        assert_eq!(followed("/rest/api/3/others?x=1", CursorPlace::QueryAlone).path, "/rest/api/3/others");
        assert_eq!(followed("/ex/jira/c1/rest/other?x=1", CursorPlace::QueryAlone).path, "/rest/other");
        assert_eq!(
            followed("/ex/jira/c2/rest/api/3/users?x=1", CursorPlace::QueryAlone).path,
            "/ex/jira/c2/rest/api/3/users"
        );
    }

    #[test]
    fn a_cursor_in_base_64_is_no_path() {
        assert_eq!(query(&followed("/9j/4AAQ==", CursorPlace::QueryAlone)), "cursor=/9j/4AAQ==");
    }

    #[test]
    fn a_body_takes_the_cursor_from_a_link_too() {
        let first = Request::post("/search", serde_json::json!({"limit": 5}));
        for next in ["abc", "https://x.example.com/search?cursor=abc&limit=9", "?cursor=abc"] {
            let request = follow(&first, next, "", "cursor", CursorPlace::Body).unwrap();
            assert_eq!(request.body, Some(serde_json::json!({"limit": 5, "cursor": "abc"})));
        }
        assert!(follow(&first, "?page=2", "", "cursor", CursorPlace::Body).is_err());
    }
}
