//! What the organisation pays for, and what it is told about what it does not pay for.

use serde_json::json;

use super::endpoints::Family;
use super::estate::Estate;
use super::exchange::Reply;

/// The plan of the organisation, as far as its answers depend on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrgPlan {
    /// Nothing is paid: neither policies nor the audit log can be read.
    Free,
    /// Paid products without Atlassian Guard: policies can be read, the audit log cannot.
    Standard,
    /// Atlassian Guard Standard: the audit log has what administrators do, but no use of tokens and products.
    GuardStandard,
    /// Everything.
    #[default]
    Enterprise,
}

/// The refusal of what needs Atlassian Guard, if there is none.
pub(super) fn refuse_without_guard(estate: &Estate) -> Option<Reply> {
    let text = "This organization needs an Atlassian Guard subscription to use this resource.";
    matches!(estate.org_plan, OrgPlan::Free | OrgPlan::Standard)
        .then(|| refusal("Atlassian Guard subscription required", text))
}

/// The refusal of what needs any paid plan, if there is none.
pub(super) fn refuse_on_free(estate: &Estate) -> Option<Reply> {
    let text = "Policies are not part of the free plan of this organization.";
    (estate.org_plan == OrgPlan::Free).then(|| refusal("Paid plan required", text))
}

fn refusal(title: &str, text: &str) -> Reply {
    let mut reply = Reply::refusal(Family::Admin, 403, text);
    reply.body["errors"][0]["title"] = json!(title);
    reply
}
