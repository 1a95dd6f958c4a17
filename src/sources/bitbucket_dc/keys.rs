//! Public keys: the SSH keys of accounts, the access keys of projects and repositories, and how long keys may live. Of a
//! key itself only its digest is kept, by which the same one is recognised in two places.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Accounts;
use super::endpoints::{PROJECT_KEYS, REPOSITORY_KEYS, SSH_KEY_POLICY, SSH_KEYS};
use super::page::{BY_START, Slice};
use super::projects::{Place, Projects, Repositories};
use super::tokens::end_of;
use super::{Visit, wire};
use crate::digest::Digest;
use crate::http::Paging;
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::Endpoint;
use crate::sources::data_center::status;
use crate::sources::endpoint::fill;
use crate::sources::pages::One;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{Rows, hidden_if_empty, hidden_if_null, id, moment, value};

impl Visit<'_> {
    /// A server that does not understand whose keys are asked for would show those of the account that asks, again and
    /// again: a key that two accounts have is nobody's for certain.
    pub(super) async fn ssh_keys(&self, accounts: &Accounts) -> Part {
        let mut reading = self.common().start(&SSH_KEYS);
        reading.lean_on(&accounts.part.entry);
        if accounts.named.iter().any(|account| account.name.is_none()) {
            reading.fall_short("an account came without its name, by which its keys are asked for".to_owned());
        }
        let calls = accounts.named.iter().filter_map(|account| {
            let request = SSH_KEYS.request(&[]).query("user", account.name.as_deref()?);
            Some((&account.id, self.listing(request)))
        });
        let answers = reading.walk_each::<Slice<wire::SshKey>, _, _>(self.client(), calls.collect(), BY_START).await;
        let mut owners: BTreeMap<String, BTreeSet<&ResourceId>> = BTreeMap::new();
        let mut keys: BTreeMap<String, wire::SshKey> = BTreeMap::new();
        for answer in answers {
            for row in answer.rows {
                let Some(native) = id(row.id.clone()) else {
                    reading.push(None);
                    continue;
                };
                owners.entry(native.clone()).or_default().insert(answer.of);
                keys.insert(native, row);
            }
        }
        for (native, row) in keys {
            let of_it = owners.get(&native).into_iter().flatten().collect::<Vec<_>>();
            let owner = match of_it.as_slice() {
                [owner] => Fact::Known((**owner).clone()),
                _ => Fact::Unknown,
            };
            if owner.is_unknown() {
                reading.fall_short("the same key is shown for several accounts: whose it is, is not known".to_owned());
            }
            let owned = Credential {
                owner,
                container: Fact::Known(self.instance_id()),
                scopes: Fact::Absent,
                ..Credential::unknown(CredentialForm::SshKey)
            };
            reading.push(Some(self.key(&format!("ssh-key:{native}"), row, owned)));
        }
        reading.finish()
    }

    pub(super) async fn project_keys(&self, projects: &Projects) -> Part {
        let mut reading = self.common().start(&PROJECT_KEYS);
        reading.lean_on(&projects.part.entry);
        self.read_access_keys(&mut reading, &PROJECT_KEYS, &projects.places).await;
        reading.finish()
    }

    pub(super) async fn repository_keys(&self, repositories: &Repositories) -> Part {
        let mut reading = self.start_deep(&REPOSITORY_KEYS);
        reading.lean_on(&repositories.part.entry);
        self.read_access_keys(&mut reading, &REPOSITORY_KEYS, &repositories.places).await;
        reading.finish()
    }

    /// How many days a key may live at the most. Two places are tried; only an answer about keys counts.
    pub(super) async fn ssh_key_policy(&self) -> Part {
        let mut reading = self.common().start(&SSH_KEY_POLICY);
        for (at, request) in SSH_KEY_POLICY.requests.iter().enumerate() {
            if at > 0 {
                reading.try_again();
            }
            reading.went_by(*request, "");
            let request = fill(*request, &[]);
            let rows = reading.walk::<One<wire::SshKeyPolicy>, _>(self.client(), request, Paging::Single).await.rows;
            let days = match rows.into_iter().next().map(|row| row.max_expiry_days) {
                Some(Fact::Known(days)) if days > 0 => format!("{days} days"),
                Some(Fact::Known(_) | Fact::Absent) => "no limit".to_owned(),
                Some(Fact::Unknown) => {
                    reading.fall_short("the answer does not speak of keys".to_owned());
                    continue;
                }
                // Whoever is refused here is no better off at the other place.
                None if reading.was_refused() => break,
                None => continue,
            };
            let container = Fact::Known(self.instance_id());
            let body = Setting { value: Fact::Known(days), container, ..Setting::of("ssh-key-policy") };
            let id = self.id(Kind::Setting, "ssh-key-policy");
            let name = "Longest life of SSH keys".to_owned();
            reading.push(Some(Resource { id, name, seen_by: Vec::new(), body: Body::Setting(body) }));
            break;
        }
        reading.finish()
    }

    async fn read_access_keys(&self, reading: &mut Reading<'_>, endpoint: &'static Endpoint, places: &[Place]) {
        let calls = self.for_each(endpoint, places);
        let answers = reading.walk_each::<Slice<wire::AccessKey>, _, _>(self.client(), calls, BY_START).await;
        for answer in answers {
            for row in answer.rows {
                let keys = value(row.key).into_iter().collect();
                let title = format!("access key of {}", answer.of.path.join("/"));
                let key = reading.elements(&title, Rows(keys)).into_iter().next();
                let resource = key.and_then(|key: wire::SshKey| {
                    let native = format!("deploy-key:{}/{}", answer.of.id.native(), id(key.id.clone())?);
                    let owned = Credential {
                        owner: Fact::Absent,
                        container: Fact::Known(answer.of.id.clone()),
                        scopes: hidden_if_empty(row.permission).map(|permission| vec![permission]),
                        ..Credential::unknown(CredentialForm::DeployKey)
                    };
                    Some(self.key(&native, key, owned))
                });
                reading.push(resource);
            }
        }
    }

    fn key(&self, native: &str, row: wire::SshKey, owned: Credential) -> Resource {
        let created_at = moment(hidden_if_null(row.created_date));
        let expires_at = end_of(created_at, row.expiry_days);
        let name = value(row.label).filter(|label| !label.is_empty());
        let name = name.or_else(|| comment(&row.text)).unwrap_or_default();
        let body = Credential {
            status: status(expires_at, self.gatherer.clock.now()),
            created_at,
            expires_at,
            last_used_at: moment(row.last_authenticated),
            fingerprint: fingerprint(&row.text, row.fingerprint),
            impersonates: Fact::Known(false),
            ..owned
        };
        let id = self.id(Kind::Credential, native);
        Resource { id, name, seen_by: Vec::new(), body: Body::Credential(body) }
    }
}

/// The comment inside a key: `ssh-ed25519 AAAA… me@here`.
fn comment(text: &Fact<String>) -> Option<String> {
    text.known()?.split_whitespace().nth(2).map(str::to_owned)
}

/// The digest of the key itself, as other sources make it; where the key is not told, the product's own.
fn fingerprint(text: &Fact<String>, own: Fact<String>) -> Fact<String> {
    let material = text.known().and_then(|text| text.split_whitespace().nth(1));
    match material {
        Some(material) => Fact::Known(Digest::of_bytes(material.as_bytes()).to_string()),
        None => hidden_if_empty(own),
    }
}
