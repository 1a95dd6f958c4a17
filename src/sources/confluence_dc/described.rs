//! Every answer that the official description has is read by our shapes.

use super::endpoints::ENDPOINTS;
use super::page::Listing;
use super::wire;
use crate::sources::described::{Reader, notes, read_all};
use crate::sources::pages::{Bare, One};
use crate::sources::webhook_form::WebhookForm;

/// The shape in which an answer is read; `None` where the description has none.
fn shape(path: &str) -> Option<Reader> {
    Some(match path {
        "/rest/api/user/current" => notes::<One<wire::User>, _>,
        "/rest/api/server-information" => notes::<One<wire::Server>, _>,
        "/rest/api/instance-metrics" => notes::<One<wire::Metrics>, _>,
        "/rest/api/group" => notes::<Listing<wire::Group>, _>,
        "/rest/api/space" => notes::<Listing<wire::Space>, _>,
        "/rest/api/cluster/nodes" => notes::<Listing<wire::Node>, _>,
        "/rest/api/webhooks" => notes::<Listing<WebhookForm>, _>,
        "/rest/api/user/list" | "/rest/api/admin/users/list/active" => notes::<Listing<wire::User>, _>,
        _ if path.ends_with("/groupparent") => notes::<Listing<wire::Group>, _>,
        _ if path.ends_with("/member") => notes::<Listing<wire::User>, _>,
        _ if path.contains("/permissions") => notes::<Bare<wire::Permission>, _>,
        _ => return None,
    })
}

#[test]
fn every_described_answer_is_read() {
    let read = read_all("confluence-data-center-10.2.14.openapi.json", "", ENDPOINTS, shape);
    let Some((checked, wrong)) = read else { return };
    assert_eq!(wrong, Vec::<String>::new());
    assert!(checked >= 30, "only {checked} answers were made up");
}
