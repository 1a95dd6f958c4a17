//! The address of a product, from whatever somebody has at hand: that of a board or a page in the browser, one without a scheme,
//! with a slash too many, in quotes. What was changed is told, so that nobody wonders.

/// What somebody wrote, as it was probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address of the product or site, without a slash at its end; of a workspace its short name, of an organisation nothing.
    pub address: String,
    /// The type of source, where the address alone tells it.
    pub kind: Option<&'static str>,
    /// The id of an organisation, where it is in the address.
    pub id: Option<String>,
    /// What was changed, a sentence each.
    pub changes: Vec<String>,
}

/// Paths of self-hosted products that begin the address of a page. What stands before is the context path.
const PAGES: [&str; 25] = [
    "admin",
    "browse",
    "dashboard",
    "dashboard.action",
    "display",
    "index.action",
    "issues",
    "login",
    "login.action",
    "login.jsp",
    "pages",
    "plugins",
    "profile",
    "projects",
    "repos",
    "rest",
    "secure",
    "servicedesk",
    "spacedirectory",
    "spaces",
    "status",
    "user",
    "users",
    "x",
    "#all-updates",
];

impl Address {
    /// Takes what somebody wrote apart.
    ///
    /// # Errors
    /// What is missing, where no address can be made of it. It may be a pasted secret, so it is not repeated.
    pub fn read(written: &str) -> Result<Self, String> {
        let mut changes = Vec::new();
        let text = written.trim_matches(|letter: char| letter.is_whitespace() || "\"'`<>".contains(letter));
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), text),
        };
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err("an address begins with `https://`".to_owned());
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.to_ascii_lowercase();
        if host.contains('@') {
            return Err("an address holds no user and no password: leave out what stands before the `@`".to_owned());
        }
        let name = host.split(':').next().unwrap_or_default();
        let is_name = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._".contains(letter));
        let is_known = name.contains('.') || name == "localhost" || text.contains("://") || host.contains(':');
        if name.is_empty() || !(is_name || host.starts_with('[')) || !is_known {
            return Err("this is no address: write it like `https://acme.atlassian.net`".to_owned());
        }
        if !text.contains("://") {
            changes.push("`https://` was added".to_owned());
        }
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match name {
            _ if is_cloud(name) => Ok(Self::of_site(&scheme, &host, &segments, changes)),
            "bitbucket.org" | "www.bitbucket.org" => Self::of_workspace(&segments, changes),
            "admin.atlassian.com" => Ok(Self::of_organisation(&segments)),
            "id.atlassian.com" | "api.atlassian.com" | "home.atlassian.com" | "start.atlassian.com" => {
                Err(format!("`{name}` is no site: write the address of your own, like `https://acme.atlassian.net`"))
            }
            _ => Ok(Self::of_server(&scheme, &host, name, &segments, changes)),
        }
    }

    /// A site of the cloud is the same for all its products and pages, and has no other scheme.
    fn of_site(scheme: &str, host: &str, segments: &[&str], mut changes: Vec<String>) -> Self {
        if scheme == "http" {
            changes.push("`http://` became `https://`: the cloud answers there alone".to_owned());
        }
        let kind = match segments.first() {
            None => None,
            Some(&"wiki") => Some("confluence-cloud"),
            Some(_) => Some("jira-cloud"),
        };
        if !segments.is_empty() {
            changes.push(format!("the path of a page was left out: `/{}`", segments.join("/")));
        }
        Self { address: format!("https://{host}"), kind, id: None, changes }
    }

    fn of_workspace(segments: &[&str], mut changes: Vec<String>) -> Result<Self, String> {
        let workspace = match segments {
            ["workspaces", name, ..] | ["account", "workspaces", name, ..] => name,
            [] | ["dashboard" | "account" | "product", ..] => {
                return Err(
                    "open the workspace in the browser: its short name is behind `https://bitbucket.org/`".to_owned()
                );
            }
            [name, ..] => name,
        };
        if segments.len() > 1 {
            changes.push(format!("the workspace `{workspace}` was taken from the address"));
        }
        Ok(Self { address: (*workspace).to_owned(), kind: Some("bitbucket-cloud"), id: None, changes })
    }

    fn of_organisation(segments: &[&str]) -> Self {
        let id = segments.iter().skip_while(|segment| **segment != "o").nth(1);
        Self {
            address: String::new(),
            kind: Some("atlassian-org"),
            id: id.map(|id| (*id).to_owned()),
            changes: Vec::new(),
        }
    }

    /// A self-hosted product may lie behind a context path, and a page behind that.
    fn of_server(scheme: &str, host: &str, name: &str, segments: &[&str], mut changes: Vec<String>) -> Self {
        let is_page =
            |segment: &&str| PAGES.contains(&segment.to_ascii_lowercase().as_str()) || segment.starts_with('#');
        let context: Vec<&str> = segments.iter().take_while(|segment| !is_page(segment)).copied().collect();
        let page: Vec<&str> = segments.iter().skip(context.len()).copied().collect();
        if !page.is_empty() {
            changes.push(format!("the path of a page was left out: `/{}`", page.join("/")));
        }
        let kind = name.ends_with(".jiraalign.com").then_some("jira-align");
        let path = if context.is_empty() || kind.is_some() { String::new() } else { format!("/{}", context.join("/")) };
        Self { address: format!("{scheme}://{host}{path}"), kind, id: None, changes }
    }
}

/// True for a host of Atlassian's cloud that is a site.
fn is_cloud(name: &str) -> bool {
    [".atlassian.net", ".jira.com", ".jira-dev.com", ".atlassian-us-gov-mod.net"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_the_address_bar_becomes_the_address_of_the_product() {
        for (written, address, kind) in [
            ("https://acme.atlassian.net", "https://acme.atlassian.net", None),
            ("acme.atlassian.net/", "https://acme.atlassian.net", None),
            (" \"http://ACME.atlassian.net/\" ", "https://acme.atlassian.net", None),
            (
                "https://acme.atlassian.net/jira/software/projects/ABC/boards/1?x=y",
                "https://acme.atlassian.net",
                Some("jira-cloud"),
            ),
            (
                "https://acme.atlassian.net/wiki/spaces/HR/pages/1",
                "https://acme.atlassian.net",
                Some("confluence-cloud"),
            ),
            ("https://bitbucket.org/acme/core-api/src/main/", "acme", Some("bitbucket-cloud")),
            ("https://bitbucket.org/acme/workspace/overview", "acme", Some("bitbucket-cloud")),
            ("https://acme.jiraalign.com/rest/align/api/docs", "https://acme.jiraalign.com", Some("jira-align")),
            ("https://www.acme.example/jira/browse/ABC-1", "https://www.acme.example/jira", None),
            ("https://jira.acme.example/secure/RapidBoard.jspa?rapidView=1", "https://jira.acme.example", None),
            ("https://git.acme.example/bitbucket/projects/X/repos/y", "https://git.acme.example/bitbucket", None),
            ("http://localhost:8080/", "http://localhost:8080", None),
            ("jira.acme.example:8443", "https://jira.acme.example:8443", None),
        ] {
            let read = Address::read(written).unwrap();
            assert_eq!((read.address.as_str(), read.kind), (address, kind), "{written}");
        }
        let org = Address::read("https://admin.atlassian.com/o/0b1c-22/users").unwrap();
        assert_eq!((org.kind, org.id.as_deref()), (Some("atlassian-org"), Some("0b1c-22")));
    }

    #[test]
    fn what_was_changed_is_told_and_what_is_no_address_is_not_repeated() {
        let read = Address::read("http://acme.atlassian.net/browse/ABC-1").unwrap();
        assert_eq!(read.changes.len(), 2, "{:?}", read.changes);
        assert_eq!(Address::read("https://acme.atlassian.net").unwrap().changes, Vec::<String>::new());
        for wrong in ["ATATT3xFfGF0planted", "", "ftp://acme.example", "https://me:planted@acme.example", "a planted b"]
        {
            let error = Address::read(wrong).unwrap_err();
            assert!(!error.contains("planted"), "{error}");
        }
        for no_site in ["https://id.atlassian.com/manage-profile", "https://bitbucket.org/"] {
            assert!(Address::read(no_site).is_err());
        }
    }
}
