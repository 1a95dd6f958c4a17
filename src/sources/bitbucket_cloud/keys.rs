//! Public keys that open repositories: deploy keys, which are nobody's, and the SSH keys of accounts. Of a key itself
//! only its digest is kept, by which the same one is recognised in two places.

use super::endpoints::{DEPLOY_KEYS, PROJECT_DEPLOY_KEYS, SSH_KEYS};
use super::{BY_LINKS, Visit, braced, uuid, wire};
use crate::digest::Digest;
use crate::http::Request;
use crate::model::{Body, Credential, CredentialForm, EndpointState, Fact, Kind, Resource, ResourceId};
use crate::sources::Endpoint;
use crate::sources::pages::Values;
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_null, id, moment, value};

impl Visit<'_> {
    pub(super) async fn deploy_keys(&self, repositories: &Part) -> Part {
        self.keys_of(&DEPLOY_KEYS, repositories, self.for_each_repository(&DEPLOY_KEYS, repositories)).await
    }

    pub(super) async fn project_deploy_keys(&self, projects: &Part) -> Part {
        self.keys_of(&PROJECT_DEPLOY_KEYS, projects, self.for_each_project(&PROJECT_DEPLOY_KEYS, projects)).await
    }

    /// Bitbucket is not known to show anybody the keys of others. So who asks is asked for first, then two others; only
    /// if their keys are shown, everybody's are read.
    pub(super) async fn ssh_keys(&self, members: &Part) -> Part {
        let mut reading = self.gatherer.start(&SSH_KEYS);
        reading.lean_on(&members.entry);
        let caller = self.caller.as_ref().and_then(|caller| self.account_id(caller));
        let (own, others): (Vec<_>, Vec<_>) =
            members.resources.iter().partition(|member| Some(&member.id) == caller.as_ref());
        let mut some_are_shown = self.read_keys(&mut reading, &own).await && !own.is_empty();
        let (first, rest) = others.split_at(others.len().min(2));
        for account in first {
            if self.read_keys(&mut reading, &[account]).await {
                some_are_shown = true;
                continue;
            }
            if some_are_shown && reading.was_refused() {
                reading.close(EndpointState::NotOffered, "Bitbucket shows the SSH keys of the asking account only");
            } else {
                reading.fall_short("the keys of further accounts were not asked for".to_owned());
            }
            return reading.finish();
        }
        self.read_keys(&mut reading, rest).await;
        reading.finish()
    }

    /// Reads the keys of some accounts; true if all of them were shown.
    async fn read_keys(&self, reading: &mut Reading<'_>, accounts: &[&Resource]) -> bool {
        let calls = accounts.iter().map(|account| {
            let native = account.id.native();
            let user = if account.id.tenant() == ResourceId::CLOUD { native.to_owned() } else { braced(native) };
            (*account, self.listing(SSH_KEYS.request(&[&user])))
        });
        let answers = reading.walk_each::<Values<wire::SshKey>, _, _>(self.client(), calls.collect(), BY_LINKS).await;
        let mut shown = answers.len() == accounts.len();
        for answer in answers {
            shown &= answer.whole;
            for row in answer.rows {
                reading.push(self.ssh_key(row, answer.of));
            }
        }
        shown
    }

    async fn keys_of(&self, endpoint: &'static Endpoint, containers: &Part, calls: Vec<(&Resource, Request)>) -> Part {
        let mut reading = self.gatherer.start(endpoint);
        reading.lean_on(&containers.entry);
        let answers = reading.walk_each::<Values<wire::DeployKey>, _, _>(self.client(), calls, BY_LINKS).await;
        for answer in answers {
            for row in answer.rows {
                reading.push(self.deploy_key(row, answer.of));
            }
        }
        reading.finish()
    }

    /// A deploy key never ends, and is not bound to the account that added it.
    fn deploy_key(&self, row: wire::DeployKey, container: &Resource) -> Option<Resource> {
        let native = format!("deploy-key:{}/{}", container.id.native(), id(row.id)?);
        let maker = row.owner.or(row.created_by);
        let body = Credential {
            owner: Fact::Absent,
            created_by: hidden_if_null(maker)
                .and_then(|maker| self.account_id(&maker).map_or(Fact::Unknown, Fact::Known)),
            created_at: moment(hidden_if_null(row.added_on).or(hidden_if_null(row.created_on))),
            expires_at: Fact::Absent,
            last_used_at: moment(row.last_used),
            container: Fact::Known(container.id.clone()),
            fingerprint: fingerprint(row.key),
            ..Credential::unknown(CredentialForm::DeployKey)
        };
        Some(self.key(&native, label(row.label, row.comment), body))
    }

    fn ssh_key(&self, row: wire::SshKey, owner: &Resource) -> Option<Resource> {
        let native = format!("ssh-key:{}", uuid(row.uuid)?);
        let body = Credential {
            owner: Fact::Known(owner.id.clone()),
            created_at: moment(hidden_if_null(row.created_on)),
            expires_at: moment(row.expires_on),
            last_used_at: moment(row.last_used),
            fingerprint: fingerprint(row.key),
            ..Credential::unknown(CredentialForm::SshKey)
        };
        Some(self.key(&native, label(row.label, row.comment), body))
    }

    fn key(&self, native: &str, name: String, body: Credential) -> Resource {
        Resource { id: self.id(Kind::Credential, native), name, seen_by: Vec::new(), body: Body::Credential(body) }
    }
}

/// What people call a key: its label, or else the comment inside it.
fn label(label: Fact<String>, comment: Fact<String>) -> String {
    let written = |text: Fact<String>| value(text).filter(|text| !text.is_empty());
    written(label).or_else(|| written(comment)).unwrap_or_default()
}

/// The digest of the key itself, without its type and comment: `ssh-ed25519 AAAA… me@here`.
fn fingerprint(key: Fact<String>) -> Fact<String> {
    let material = value(key).and_then(|key| key.split_whitespace().nth(1).map(str::to_owned));
    material.map_or(Fact::Unknown, |material| Fact::Known(Digest::of_bytes(material.as_bytes()).to_string()))
}
