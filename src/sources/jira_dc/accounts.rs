//! Accounts: all users of all directories, active or not.

use std::collections::BTreeMap;

use super::endpoints::{ACCOUNTS, DUPLICATES, OWN_ACCOUNT, SERVICE_ACCOUNTS, USER_LIST, USER_SEARCH};
use super::{Visit, search, wire};
use crate::http::{CursorPlace, Paging};
use crate::model::{Body, EndpointState, Fact, Kind, Principal, Product, Resource, Setting};
use crate::sources::data_center::account_of_its_own;
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment, value};

/// Users who came with another listing, by key.
pub(super) type Users = BTreeMap<String, wire::User>;

const BY_CURSOR: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };

impl Visit<'_> {
    /// The account that asks, and its key.
    pub(super) async fn own_account(&self) -> (Part, Option<String>) {
        let mut reading = self.common().start(&OWN_ACCOUNT);
        let request = OWN_ACCOUNT.request(&[]);
        let rows = reading.walk::<One<wire::User>, _>(self.client(), request, Paging::Single).await.rows;
        let key = rows.first().and_then(|user| id(user.key.clone()));
        rows.into_iter().for_each(|user| reading.push(self.account(user)));
        (reading.finish(), key)
    }

    /// The listing of all users, or else the search, whose cap is met by asking for pieces of names. `members` are the
    /// users that groups showed: one of them that the search does not find proves that it hides some.
    pub(super) async fn accounts(&self, members: &Users) -> Part {
        let mut reading = self.common().start(&ACCOUNTS);
        let request = ACCOUNTS.request(&[]).query("maxResults", self.source.access.page_size(2000));
        let listed = reading.walk::<wire::UserPage, _>(self.client(), request, BY_CURSOR).await;
        if !reading.met_any(&[403, 404, 405]) {
            reading.went_by(USER_LIST, "");
            listed.rows.into_iter().for_each(|user| reading.push(self.account(user)));
            return reading.finish();
        }
        reading.try_again();
        reading.went_by(USER_SEARCH, "");
        let page = self.source.access.page_size(1000) as usize;
        let found = search::all_users(&mut reading, self.client(), page, members).await;
        (0..found.nameless).for_each(|_| reading.push(None));
        found.users.into_values().for_each(|user| reading.push(self.account(user)));
        self.rights.limit_to_own_users(&mut reading);
        reading.finish()
    }

    pub(super) async fn duplicated_users(&self) -> Part {
        let mut reading = self.common().start(&DUPLICATES);
        let request = DUPLICATES.request(&[]);
        let rows = reading.walk::<One<wire::Duplicates>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let mut active = Vec::new();
            for (name, directories) in row.0 {
                let directories = reading.elements(&format!("directories of {name}"), directories);
                // One that is shut everywhere but in one directory opens nothing that was thought to be shut.
                if directories.iter().filter(|each| each.active != Fact::Known(false)).count() > 1 {
                    active.push(name);
                }
            }
            active.sort_unstable();
            let body = Setting {
                value: Fact::Known(if active.is_empty() { "none" } else { "some" }.to_owned()),
                container: Fact::Known(self.common().instance_id()),
                exceptions: Fact::Known(active),
                ..Setting::of("duplicated-users")
            };
            reading.push(Some(self.setting(
                "duplicated-users",
                "Users who are active in more than one directory",
                body,
            )));
        }
        reading.finish()
    }

    /// Versions before 11 have none. Later ones describe no listing of them, so that they cannot be seen.
    pub(super) fn service_accounts(&self) -> Part {
        let mut reading = self.common().start(&SERVICE_ACCOUNTS);
        if self.version.is_none_or(|version| version >= (11, 0)) {
            reading.close(
                EndpointState::NotOffered,
                "Jira describes no way to list its service accounts: bring a list of them in by a source of type `file`",
            );
        }
        reading.finish()
    }

    /// A user as any listing shows it.
    pub(super) fn account(&self, user: wire::User) -> Option<Resource> {
        let key = id(user.key)?;
        let deleted = user.deleted == Fact::Known(true);
        let active = if deleted { Fact::Known(false) } else { hidden_if_null(user.active) };
        let email = unmasked(hidden_if_empty(user.email_address));
        let status = match active {
            _ if deleted => Fact::Known("deleted".to_owned()),
            active => active.map(|active| if active { "active" } else { "deactivated" }.to_owned()),
        };
        let body = Principal {
            status,
            username: hidden_if_empty(user.name),
            standings: self.gatherer.standing(Product::Jira, active, Some(&email)),
            email,
            // Older versions have no word on it, and a token's use may be no log-in: silence is not “never”.
            last_login_at: hidden_if_null(moment(user.last_login_time)),
            ..account_of_its_own()
        };
        let name = value(user.display_name).unwrap_or_default();
        Some(Resource { id: self.common().account(&key), name, seen_by: Vec::new(), body: Body::Principal(body) })
    }

    /// A setting of the instance as a resource.
    pub(super) fn setting(&self, native: &str, name: &str, body: Setting) -> Resource {
        let id = self.common().id(Kind::Setting, native);
        Resource { id, name: name.to_owned(), seen_by: Vec::new(), body: Body::Setting(body) }
    }
}

/// An address that is shown in words, such as “ada at example dot com”, is hidden from programs.
fn unmasked(email: Fact<String>) -> Fact<String> {
    email.and_then(|email| if email.contains('@') { Fact::Known(email) } else { Fact::Unknown })
}
