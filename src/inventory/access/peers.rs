//! Accounts that are in the same groups, and of which the same grants speak, may do the same: what they may do is put together
//! once for all of them, and from it whatever is asked of them and of their credentials.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::Access;
use super::extent::Span;
use super::holders::Share;
use super::ways::role_id;
use crate::model::{
    Body, Container, Credential, CredentialForm, Fact, GrantForm, Holder, Kind, Principal, PrincipalType, Resource,
    ResourceId,
};

/// All accounts of a snapshot, those that may do the same together.
#[derive(Debug)]
pub(in crate::inventory) struct Peers {
    /// By the accounts in the order of their ids: the place of theirs in `groups`.
    of: Vec<u32>,
    groups: Vec<Group>,
}

/// Accounts that may do the same, and what was worked out of them.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// By their places in the snapshot. There is one at least.
    pub(super) accounts: Vec<u32>,
    shared: OnceLock<Shared>,
}

/// What accounts that may do the same have in common.
#[derive(Debug)]
pub(super) struct Shared {
    /// How far each of them reaches.
    pub(super) own: Arc<Span>,
    /// How far their credentials reach, by what limits these.
    pub(super) credentials: HashMap<Limits, Arc<Span>>,
    /// For those who count who may do what in a place.
    pub(super) share: Share,
}

/// What limits a credential beside the rights of its owner: its form and scopes, if these are known.
pub(super) type Limits = (CredentialForm, Option<Vec<String>>);

/// What limits a credential; `None` if it may be used as other accounts too.
pub(super) fn limits(credential: &Credential) -> Option<Limits> {
    let scopes = match &credential.scopes {
        Fact::Known(scopes) => Some(scopes.clone()),
        Fact::Absent => Some(Vec::new()),
        Fact::Unknown => None,
    };
    (credential.impersonates != Fact::Known(true)).then_some((credential.form, scopes))
}

/// What decides what an account may do that leads and owns nothing.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Signature {
    tenant: String,
    circle: u32,
    is_machine: bool,
    /// Groups, groups at least, those of workspaces, those at least; none where it is not known.
    lists: [Option<Vec<ResourceId>>; 4],
    roles: Option<Vec<String>>,
    own: Vec<Own>,
}

/// A grant that names the account.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Own {
    form: GrantForm,
    role: String,
    container: Option<ResourceId>,
    number: Option<String>,
    permits: Option<Vec<String>>,
}

/// Who is named by more grants than this has hardly a peer.
const MOST_OWN: usize = 12;

impl Peers {
    fn new(access: Access<'_, '_>) -> Self {
        let mut named = HashSet::new();
        for container in access.inventory.of_kind(Kind::Container) {
            let Body::Container(Container { lead, owner, .. }) = &container.body else { continue };
            named.extend([lead, owner].into_iter().filter_map(Fact::known));
        }
        let (mut of, mut groups) = (Vec::new(), Vec::<Group>::new());
        let mut known: HashMap<Signature, u32, foldhash::fast::RandomState> = HashMap::default();
        for at in access.inventory.places(Kind::Principal) {
            let account = access.inventory.resource(at);
            let signature = match &account.body {
                Body::Principal(body) if !named.contains(&account.id) => access.signature(at, account, body),
                _ => None,
            };
            let next = u32::try_from(groups.len()).expect("internal: there are fewer than 4 billion accounts");
            let group = signature.map_or(next, |signature| *known.entry(signature).or_insert(next));
            if group == next {
                groups.push(Group::default());
            }
            groups[group as usize].accounts.push(at);
            of.push(group);
        }
        Self { of, groups }
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl<'i, 'a> Access<'i, 'a> {
    pub(super) fn peers(&self) -> &'i Peers {
        self.inventory.prepared.peers.get_or_init(|| Peers::new(*self))
    }

    /// What an account of the snapshot has in common with its peers; `None` of another resource.
    pub(super) fn shared_by(&self, account: &Resource) -> Option<&'i Shared> {
        let at = self.inventory.place(&account.id)?;
        let number = self.inventory.kinds.get(&Kind::Principal)?.binary_search(&at).ok()?;
        let peers = self.peers();
        Some(self.shared(peers.groups.get(*peers.of.get(number)? as usize)?))
    }

    pub(super) fn shared(&self, group: &'i Group) -> &'i Shared {
        group.shared.get_or_init(|| {
            let outline = self.outline_of_account(self.inventory.resource(group.accounts[0]));
            let mut credentials = HashMap::new();
            for account in &group.accounts {
                for credential in self.inventory.credentials_of(&self.inventory.resource(*account).id) {
                    let Body::Credential(body) = &credential.body else { continue };
                    let Some(limits) = limits(body) else { continue };
                    credentials
                        .entry(limits)
                        .or_insert_with(|| Arc::new(self.work_out(&self.limited(outline.clone(), credential, body))));
                }
            }
            Shared { own: Arc::new(self.work_out(&outline)), credentials, share: self.share(&outline) }
        })
    }

    /// What an account may have in common with others; `None` if too many grants name it.
    fn signature(&self, at: u32, subject: &Resource, account: &Principal) -> Option<Signature> {
        let mut own = Vec::new();
        for resource in self.inventory.grants_of(&subject.id) {
            let Body::Grant(grant) = &resource.body else { continue };
            if own.len() == MOST_OWN || grant.holder != Holder::Principal {
                return None;
            }
            own.push(Own {
                form: grant.form,
                role: grant.role.clone(),
                container: grant.container.known().cloned(),
                number: role_id(resource).map(str::to_owned),
                permits: grant.permits.known().cloned(),
            });
        }
        own.sort_unstable();
        let list = |list: &Fact<Vec<ResourceId>>| match list {
            Fact::Known(list) => Some(list.clone()),
            Fact::Absent => Some(Vec::new()),
            Fact::Unknown => None,
        };
        let machine = [PrincipalType::App, PrincipalType::ServiceAccount, PrincipalType::Agent];
        Some(Signature {
            tenant: subject.id.tenant().to_owned(),
            circle: self.index.circle(at),
            is_machine: account.account_type.known().is_some_and(|sort| machine.contains(sort)),
            lists: [
                list(&account.groups),
                list(&account.groups_at_least),
                list(&account.workspace_groups),
                list(&account.workspace_groups_at_least),
            ],
            roles: account.platform_roles.known().cloned(),
            own,
        })
    }
}
