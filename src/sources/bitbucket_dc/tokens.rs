//! HTTP access tokens: of accounts, of projects and of repositories. No resource lists them all, so each account, project
//! and repository is asked for its own.

use chrono::{DateTime, TimeDelta, Utc};

use super::accounts::Accounts;
use super::endpoints::{ACCOUNT_TOKENS, PROJECT_TOKENS, REPOSITORY_TOKENS};
use super::page::{BY_START, Slice};
use super::projects::{Place, Projects, Repositories};
use super::{Visit, wire};
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource};
use crate::sources::Endpoint;
use crate::sources::data_center::status;
use crate::sources::reading::{Answer, Part, Reading};
use crate::sources::row::{hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    pub(super) async fn account_tokens(&self, accounts: &Accounts) -> Part {
        let mut reading = self.common().start(&ACCOUNT_TOKENS);
        reading.lean_on(&accounts.part.entry);
        if accounts.named.iter().any(|account| account.slug.is_none()) {
            reading.fall_short("an account came without its slug, by which its tokens are asked for".to_owned());
        }
        let calls = accounts.named.iter().filter_map(|account| {
            let request = ACCOUNT_TOKENS.request(&[account.slug.as_deref()?]);
            Some((&account.id, self.listing(request)))
        });
        let answers = reading.walk_each::<Slice<wire::Token>, _, _>(self.client(), calls.collect(), BY_START).await;
        let tells_use = some_were_used(&answers);
        for answer in answers {
            for row in answer.rows {
                let owned = Credential {
                    owner: Fact::Known(answer.of.clone()),
                    container: Fact::Known(self.instance_id()),
                    ..Credential::unknown(CredentialForm::PersonalAccessToken)
                };
                reading.push(self.token(row, owned, tells_use));
            }
        }
        reading.finish()
    }

    pub(super) async fn project_tokens(&self, projects: &Projects) -> Part {
        let mut reading = self.common().start(&PROJECT_TOKENS);
        reading.lean_on(&projects.part.entry);
        self.read_tokens(&mut reading, &PROJECT_TOKENS, &projects.places).await;
        reading.finish()
    }

    pub(super) async fn repository_tokens(&self, repositories: &Repositories) -> Part {
        let mut reading = self.start_deep(&REPOSITORY_TOKENS);
        reading.lean_on(&repositories.part.entry);
        self.read_tokens(&mut reading, &REPOSITORY_TOKENS, &repositories.places).await;
        reading.finish()
    }

    /// Tokens of a project or repository are nobody's.
    async fn read_tokens(&self, reading: &mut Reading<'_>, endpoint: &'static Endpoint, places: &[Place]) {
        let calls = self.for_each(endpoint, places);
        let answers = reading.walk_each::<Slice<wire::Token>, _, _>(self.client(), calls, BY_START).await;
        let tells_use = some_were_used(&answers);
        for answer in answers {
            for row in answer.rows {
                let owned = Credential {
                    owner: Fact::Absent,
                    container: Fact::Known(answer.of.id.clone()),
                    ..Credential::unknown(CredentialForm::AccessToken)
                };
                reading.push(self.token(row, owned, tells_use));
            }
        }
    }

    fn token(&self, row: wire::Token, owned: Credential, tells_use: bool) -> Option<Resource> {
        let id = self.id(Kind::Credential, &format!("{}:{}", owned.form.name(), id(row.id)?));
        let created_at = moment(hidden_if_null(row.created_date));
        let expires_at = end_of(created_at, row.expiry_days);
        let body = Credential {
            status: status(expires_at, self.gatherer.clock.now()),
            created_at,
            expires_at,
            last_used_at: match row.last_authenticated {
                Fact::Unknown if tells_use => Fact::Absent,
                told => moment(told),
            },
            scopes: hidden_if_null(row.permissions).map(sorted),
            impersonates: Fact::Known(false),
            ..owned
        };
        let name = value(row.name).unwrap_or_default();
        Some(Resource { id, name, seen_by: Vec::new(), body: Body::Credential(body) })
    }
}

/// When a token or key ends: so many days after it was made. Where no number of days is given, never.
pub(super) fn end_of(created_at: Fact<DateTime<Utc>>, days: Fact<i64>) -> Fact<DateTime<Utc>> {
    /// More than a hundred years are as good as no end.
    const FOREVER: i64 = 36_525;
    match (days, created_at) {
        (Fact::Absent, _) => Fact::Absent,
        (Fact::Known(days), _) if days > FOREVER => Fact::Absent,
        (Fact::Known(days), Fact::Known(made)) => {
            TimeDelta::try_days(days).and_then(|life| made.checked_add_signed(life)).map_or(Fact::Unknown, Fact::Known)
        }
        (Fact::Known(_) | Fact::Unknown, _) => Fact::Unknown,
    }
}

/// Whether the version tells when tokens were used: one that asks right now, among others, has been. Then one of which
/// nothing is told never was.
fn some_were_used<X>(answers: &[Answer<X, wire::Token>]) -> bool {
    answers.iter().flat_map(|answer| &answer.rows).any(|row| row.last_authenticated.known().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_so_many_days_after_it_was_made_or_never() {
        let made = Fact::Known("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(end_of(made, Fact::Known(90)), Fact::Known("2026-04-01T00:00:00Z".parse().unwrap()));
        assert_eq!(end_of(made, Fact::Absent), Fact::Absent);
        assert_eq!(end_of(Fact::Unknown, Fact::Absent), Fact::Absent);
        for never in [36_526, i64::MAX] {
            assert_eq!(end_of(made, Fact::Known(never)), Fact::Absent);
        }
        for odd in [(made, Fact::Unknown), (Fact::Unknown, Fact::Known(9)), (made, Fact::Known(i64::MIN))] {
            assert_eq!(end_of(odd.0, odd.1), Fact::Unknown, "{odd:?}");
        }
    }
}
