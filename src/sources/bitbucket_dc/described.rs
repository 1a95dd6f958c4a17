//! Every answer that the official description has is read by our shapes.

use super::endpoints::ENDPOINTS;
use super::page::{Slice, SliceOrBare};
use super::wire;
use crate::sources::described::{Reader, notes, read_all};
use crate::sources::pages::One;

/// The shape in which an answer is read; `None` where the description has none, or that of one row instead of a page.
fn shape(path: &str) -> Option<Reader> {
    Some(match path {
        "/rest/api/latest/application-properties" => notes::<One<wire::Properties>, _>,
        "/rest/api/latest/admin/license" => notes::<One<wire::Licence>, _>,
        "/rest/api/latest/admin/users" | "/rest/api/latest/admin/groups/more-members" => {
            notes::<Slice<wire::Account>, _>
        }
        "/rest/api/latest/users" => notes::<One<wire::Account>, _>,
        "/rest/api/latest/admin/user-directories" => notes::<One<wire::Directory>, _>,
        "/rest/api/latest/admin/groups" => notes::<Slice<wire::Group>, _>,
        "/rest/api/latest/projects" => notes::<Slice<wire::Project>, _>,
        "/rest/api/latest/repos" | "/rest/api/latest/secret-scanning/exempt" => notes::<Slice<wire::Repository>, _>,
        _ if path.ends_with("/all") => notes::<One<wire::Permitted>, _>,
        _ if path.contains("/permissions/") => notes::<Slice<wire::Permission>, _>,
        _ if path.starts_with("/rest/access-tokens/") => notes::<Slice<wire::Token>, _>,
        "/rest/ssh/latest/keys" => notes::<Slice<wire::SshKey>, _>,
        _ if path.starts_with("/rest/keys/") => notes::<Slice<wire::AccessKey>, _>,
        _ => return None,
    })
}

#[test]
fn every_described_answer_is_read() {
    let read = read_all("bitbucket-data-center-9.4.openapi.json", "/rest", ENDPOINTS, shape);
    let Some((checked, wrong)) = read else { return };
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked >= 40, "only {checked} answers were made up");
    let bare = serde_json::json!([{"name": "Bitbucket Internal Directory", "type": "Crowd", "active": true}]);
    assert_eq!(notes::<SliceOrBare<wire::Directory>, _>(&bare), Vec::<String>::new());
}
