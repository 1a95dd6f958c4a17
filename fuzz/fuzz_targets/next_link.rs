//! Whatever a page says about the next: nothing is asked of another host, above the prefix, or off the list.
//!
//! Input: a byte for the base URL, one for the place of cursors, one for the request, then what the page says.
#![no_main]

use keyroll::http::{Allowed, CursorPlace, Method, Request, fuzzing::next_page};
use libfuzzer_sys::fuzz_target;

const ALLOWED: &[Allowed] = &[
    Allowed { method: Method::Get, path: "/rest/api/3/things" },
    Allowed { method: Method::Get, path: "/admin/v1/orgs/{}/users" },
    Allowed { method: Method::Post, path: "/rest/api/3/search" },
];

/// Scheme, host and port, and the path below which everything is.
const BASES: [(&str, &str); 5] = [
    ("https://api.example.com", ""),
    ("https://api.example.com", "/ex/jira/c1"),
    ("http://127.0.0.1:8080", "/ctx"),
    ("https://[::1]", "/a/b"),
    ("https://xn--mnchen-3ya.example", ""),
];

fuzz_target!(|bytes: &[u8]| {
    let [base, place, first, next @ ..] = bytes else { return };
    keyroll_fuzz::read_text(next, |next| {
        let (origin, prefix) = BASES[usize::from(*base) % BASES.len()];
        let place = [CursorPlace::QueryAlone, CursorPlace::QueryBeside, CursorPlace::Body][usize::from(*place) % 3];
        let first = match first % 3 {
            0 => Request::get("/rest/api/3/things").query("limit", 50),
            1 => Request::get("/admin/v1/orgs/o-1/users").query("cursor", "x").query("state", "open"),
            _ => Request::post("/rest/api/3/search", serde_json::json!({"limit": 5})),
        };
        let Ok((method, url, body)) = next_page(&format!("{origin}{prefix}"), ALLOWED, &first, next, "cursor", place)
        else {
            return;
        };
        let path = url.as_str().strip_prefix(origin).expect("it stays at the host");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
        let path = path.split('?').next().unwrap_or_default();
        let path = path.strip_prefix(prefix).expect("it stays below the prefix");
        assert_eq!(method, first.method, "a link changes no method");
        let is_listed = ALLOWED.iter().any(|allowed| {
            let (wanted, found) = (allowed.path.split('/'), path.split('/'));
            allowed.method == method
                && wanted.clone().count() == found.clone().count()
                && wanted.zip(found).all(|(wanted, found)| wanted == found || wanted == "{}" && is_one_segment(found))
        });
        assert!(is_listed, "{path} is not on the list");
        if let (Some(before), Some(after)) = (&first.body, &body) {
            let mut after = after.clone();
            after.as_object_mut().expect("a body stays an object").remove("cursor");
            assert_eq!(before, &after, "a link changes nothing but the cursor");
        }
    });
});

/// True for a segment that no server takes for another one, or for more than one.
fn is_one_segment(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let dots = lower.replace("%2e", ".");
    !segment.is_empty()
        && dots != "."
        && dots != ".."
        && !["%2f", "%5c", "\\", ";", "%00"].iter().any(|odd| lower.contains(odd))
}
