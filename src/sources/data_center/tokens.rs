//! Personal access tokens of Jira and Confluence: everybody's by the administrators' search, and the scanning account's
//! own.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Common, NO_CHECK, wire};
use crate::http::Paging;
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource, ResourceId};
use crate::sources::endpoint::Endpoint;
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};

/// An end later than this is how the plugin writes “never”: its table cannot be without one.
const NEVER: TimeDelta = TimeDelta::days(100 * 365);

impl Common<'_> {
    /// Everybody's tokens. Where they are refused, the own ones are all that can be seen: these are another endpoint, so
    /// that this one is a gap with its own reason.
    pub(in crate::sources) async fn personal_access_tokens(&self, endpoint: &'static Endpoint) -> Part {
        let mut reading = self.start(endpoint);
        let rows = self.access.page_size(100);
        let mut request = endpoint.request(&[]);
        request.headers = NO_CHECK;
        request.body = Some(json!({"page": 0, "limit": rows, "sortBy": "createdAt", "orderBy": "asc"}));
        let paging = Paging::Numbered { page: "page", rows };
        let answer = reading.walk::<wire::TokenPage, _>(&self.access.client, request, paging).await;
        for row in answer.rows {
            let owner = match &row.user_profile_resource {
                Fact::Known(profile) => {
                    hidden_if_empty(profile.user_key.clone()).and_then(|key| Fact::Known(self.account(&key)))
                }
                // Nobody is found for it any more: the token has outlived its owner.
                Fact::Absent => Fact::Absent,
                Fact::Unknown => Fact::Unknown,
            };
            reading.push(self.token(row, owner));
        }
        reading.explain_forbidden(
            "only the scanning account's own tokens are there: the search takes a system administrator and a Data Center \
             licence, and without it nobody can list the tokens of others",
        );
        reading.finish()
    }

    /// The tokens of the account that asks, whose key is `own`, if that is known.
    pub(in crate::sources) async fn own_tokens(&self, endpoint: &'static Endpoint, own: Option<&str>) -> Part {
        let mut reading = self.start(endpoint);
        let request = endpoint.request(&[]);
        let answer = reading.walk::<Bare<wire::Token>, _>(&self.access.client, request, Paging::Single).await;
        let owner = own.map_or(Fact::Unknown, |key| Fact::Known(self.account(key)));
        answer.rows.into_iter().for_each(|row| reading.push(self.token(row, owner.clone())));
        reading.finish()
    }

    fn token(&self, row: wire::Token, owner: Fact<ResourceId>) -> Option<Resource> {
        let native = id(row.id)?;
        let now = self.gatherer.clock.now();
        let expires_at = end(moment(row.expiring_at), now);
        let body = Credential {
            owner,
            status: status(expires_at, now),
            created_at: hidden_if_null(moment(row.created_at)),
            expires_at,
            last_used_at: moment(row.last_accessed_at),
            scopes: Fact::Absent,
            container: Fact::Known(self.instance_id()),
            impersonates: Fact::Known(false),
            ..Credential::unknown(CredentialForm::PersonalAccessToken)
        };
        Some(Resource {
            id: self.id(Kind::Credential, &format!("personal-access-token:{native}")),
            name: value(row.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Credential(body),
        })
    }
}

/// When a token ends; one in a hundred years, or in the year 9999, never does.
pub(in crate::sources) fn end(told: Fact<DateTime<Utc>>, now: DateTime<Utc>) -> Fact<DateTime<Utc>> {
    told.and_then(|end| if end > now + NEVER { Fact::Absent } else { Fact::Known(end) })
}

/// The plugin has no word on it, but lists ended tokens for some weeks.
pub(in crate::sources) fn status(expires_at: Fact<DateTime<Utc>>, now: DateTime<Utc>) -> Fact<String> {
    let word = |ended: bool| Fact::Known(if ended { "expired" } else { "active" }.to_owned());
    match expires_at {
        Fact::Known(end) => word(end <= now),
        Fact::Absent => word(false),
        Fact::Unknown => Fact::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_9999_and_anything_past_a_century_is_never() {
        let now: DateTime<Utc> = "2026-11-22T07:30:00Z".parse().unwrap();
        let at = |text: &str| Fact::Known(text.parse::<DateTime<Utc>>().unwrap());
        for never in ["9999-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2127-01-01T00:00:00Z"] {
            assert_eq!(end(at(never), now), Fact::Absent, "{never}");
        }
        assert_eq!(end(at("2036-01-01T00:00:00Z"), now), at("2036-01-01T00:00:00Z"));
        assert_eq!(end(Fact::Absent, now), Fact::Absent);
        assert_eq!(end(Fact::Unknown, now), Fact::Unknown, "what could not be read is no promise of anything");
        assert_eq!(status(at("2026-11-22T07:30:00Z"), now), Fact::Known("expired".to_owned()));
        assert_eq!(status(Fact::Absent, now), Fact::Known("active".to_owned()));
        assert_eq!(status(Fact::Unknown, now), Fact::Unknown);
    }
}
