//! The endpoints of Jira Align: what is asked, what it shows, which right it takes.

use crate::model::Kind;
use crate::sources::endpoint::{Endpoint, get};

const READER: &str = "an API token of a user whose role may see people";

pub(super) const USERS: Endpoint = Endpoint::new(
    "users",
    &[get("/rest/align/api/2/users")],
    &[Kind::Principal, Kind::Grant, Kind::Container, Kind::Setting],
    READER,
)
.only(&["platform-role", "instance", "token-expiry"])
.always_there()
.costs("1 per 100 users");

/// No resource for other people's tokens is known. The instance's own description of its API has the last word.
pub(super) const TOKENS: Endpoint = Endpoint::new(
    "API tokens",
    &[get("/rest/align/api/docs/v2/swagger.json")],
    &[Kind::Credential],
    "none: Jira Align has no way to list tokens",
)
.only(&["align-token"])
.may_be_missing();

pub(super) static ENDPOINTS: &[Endpoint] = &[USERS, TOKENS];
