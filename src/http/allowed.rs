//! The door: the one place that decides which requests may leave. Everything that is not a listed read
//! under the base URL is refused here, whatever link, redirect or id led to it.

use reqwest::Url;

use super::{HttpError, Method, Request};

/// A request that may leave the house: method and path, with `{}` for one variable segment.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// The method.
    pub method: Method,
    /// Path under the base URL, such as `/admin/v1/orgs/{}/users`.
    pub path: &'static str,
}

/// A foreign id made fit to be one segment of a path: everything but letters, digits, `-`, `_`, `.` and `~` is
/// percent-encoded. An id that a server might take for more than one segment, such as `..` or `a/b`, is still
/// refused when it is to be sent.
#[must_use]
pub fn segment(id: &str) -> String {
    let mut encoded = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Knows the base URL and the list, and lets a request pass or not.
#[derive(Debug)]
pub(super) struct Door {
    base: Url,
    allowed: &'static [Allowed],
}

impl Door {
    pub(super) fn new(base_url: &str, allowed: &'static [Allowed]) -> Result<Self, HttpError> {
        let base = web_url("base URL", base_url)?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(HttpError::Settings { message: "the base URL ends with a query or a fragment".to_owned() });
        }
        Ok(Self { base, allowed })
    }

    /// The path of the base URL, without a slash at its end.
    pub(super) fn prefix(&self) -> &str {
        self.base.path().trim_end_matches('/')
    }

    /// The whole URL of a request.
    pub(super) fn url(&self, request: &Request) -> Result<Url, HttpError> {
        let path = format!("{}{}", self.prefix(), request.path);
        let mut url = self.base.clone();
        url.set_path(&path);
        // A path that loses or gains segments while it is tidied up would reach another endpoint than it names.
        if url.path().split('/').count() != path.split('/').count() {
            return Err(refused(request.method, "its path leads somewhere else than it says"));
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    /// Lets a request on the list pass, and tells its entry's path, which names the endpoint.
    pub(super) fn admit(&self, method: Method, url: &Url) -> Result<&'static str, HttpError> {
        if url.origin() != self.base.origin() {
            let host = url.host_str().unwrap_or("nowhere");
            return Err(refused(method, &format!("it leads to `{host}`, away from the configured host")));
        }
        if url.query_pairs().any(|(key, _)| key.eq_ignore_ascii_case("_method")) {
            return Err(refused(method, "its query names another method"));
        }
        let path = url.path().strip_prefix(self.prefix()).filter(|rest| rest.starts_with('/'));
        let Some(path) = path.filter(|path| path.split('/').skip(1).all(is_plain)) else {
            return Err(refused(method, "its path leads somewhere else than it says"));
        };
        let listed = self.allowed.iter().find(|entry| entry.method == method && fits(entry.path, path));
        listed.map(|entry| entry.path).ok_or_else(|| refused(method, &format!("`{path}` is not on the list of reads")))
    }
}

/// A URL from the settings, checked to be one we can send to. The message never repeats it: it may hold a password.
pub(super) fn web_url(name: &str, text: &str) -> Result<Url, HttpError> {
    let wrong = |what: &str| HttpError::Settings { message: format!("the {name} {what}") };
    let url = Url::parse(text.trim()).map_err(|error| wrong(&format!("is not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("does not start with https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user or password; give them as the credential"));
    }
    Ok(url)
}

fn refused(method: Method, why: &str) -> HttpError {
    let method = match method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    HttpError::Refused { message: format!("a {method} was held back because {why}") }
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some("{}"), Some(variable)) if !variable.is_empty() => {}
            (Some(fixed), Some(same)) if fixed == same => {}
            _ => return false,
        }
    }
}

/// Whether every server sees one ordinary segment in it: also those that decode twice, drop what follows a
/// semicolon, or take a backslash for a slash.
fn is_plain(segment: &str) -> bool {
    let once = decoded(segment.as_bytes());
    let twice = decoded(&once);
    [segment.as_bytes(), &once, &twice].into_iter().all(|form| {
        let name = form.split(|byte| *byte == b';').next().unwrap_or_default();
        !matches!(name, b"." | b"..")
            && (name.len() == form.len() || form != segment.as_bytes())
            && !form.iter().any(|byte| b"/\\".contains(byte) || byte.is_ascii_control())
    })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() << 4 | hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[Allowed] = &[
        Allowed { method: Method::Get, path: "/orgs/{}/tokens" },
        Allowed { method: Method::Get, path: "/orgs/{}" },
        Allowed { method: Method::Post, path: "/orgs/{}/users/search" },
    ];

    fn admitted(method: Method, path: &str) -> Result<&'static str, HttpError> {
        let door = Door::new("https://api.example.com/ex/jira/c1/", LIST)?;
        let url = door.url(&Request { method, ..Request::get(path) })?;
        door.admit(method, &url)
    }

    #[test]
    fn what_is_listed_passes_and_nothing_else() {
        assert_eq!(admitted(Method::Get, "/orgs/7/tokens").unwrap(), "/orgs/{}/tokens");
        assert!(admitted(Method::Get, &format!("/orgs/{}", segment("ari:cloud ü?#&"))).is_ok());
        assert!(admitted(Method::Post, "/orgs/7/users/search").is_ok());
        for path in ["/orgs/7/users/search", "/orgs/7/tokens/", "/orgs//tokens", "/orgs/", "/", "", "/orgsx/7"] {
            assert!(matches!(admitted(Method::Get, path), Err(HttpError::Refused { .. })), "{path}");
        }
        assert!(admitted(Method::Post, "/orgs/7/tokens").is_err(), "listed for GET only");
    }

    #[test]
    fn no_spelling_of_a_path_slips_through() {
        let tricks = [
            "/orgs/../orgs/7",
            "/orgs/7/../8",
            "/orgs/%2e%2e",
            "/orgs/.%2E/tokens",
            "/orgs/%252e%252e/tokens",
            "/orgs/a%2Fb",
            "/orgs/a%252fb",
            "/orgs/a%5Cb",
            "/orgs/a\\b",
            "/orgs/..;x",
            "/orgs/..%3bx",
            "/orgs/a;b/tokens",
            "//orgs/7",
            "/./orgs/7",
            "/orgs/%00",
            "/orgs/7%0d%0aHost:x",
            "/%6Frgs/7",
        ];
        for path in tricks {
            assert!(admitted(Method::Get, path).is_err(), "{path}");
        }
        assert!(admitted(Method::Get, &format!("/orgs/{}", segment(".."))).is_err());
        assert!(admitted(Method::Get, &format!("/orgs/{}", segment("a/b"))).is_err());
    }

    #[test]
    fn another_origin_or_a_smuggled_method_is_refused() {
        let door = Door::new("https://api.example.com", LIST).unwrap();
        let admit = |url: &str| door.admit(Method::Get, &Url::parse(url).unwrap());
        assert!(admit("https://api.example.com/orgs/7").is_ok());
        for url in
            ["https://evil.example.com/orgs/7", "http://api.example.com/orgs/7", "https://api.example.com:8443/orgs/7"]
        {
            assert!(admit(url).is_err(), "{url}");
        }
        assert!(admit("https://api.example.com/orgs/7?_Method=DELETE").is_err());
    }

    #[test]
    fn a_base_url_with_a_password_is_refused_without_repeating_it() {
        let error = Door::new("https://me:s3cret@api.example.com", LIST).unwrap_err().to_string();
        assert!(error.contains("credential") && !error.contains("s3cret"), "{error}");
        assert!(Door::new("ftp://x", LIST).is_err() && Door::new("api.example.com", LIST).is_err());
    }
}
