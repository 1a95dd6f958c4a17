//! Identities: strings with a meaning each, cheap to copy.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Kind, shared};
use crate::digest::Digest;

/// A resource, stable across scans: tenant, kind, and the id the tenant gave it, as `tenant/kind/native`.
///
/// Accounts and groups of the cloud are issued by Atlassian itself, so their tenant is `atlassian`: one account
/// that is seen by the organisation and by a site is one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(#[serde(deserialize_with = "shared::deserialize")] Arc<str>);

impl ResourceId {
    /// The tenant of identities that Atlassian issues for the whole cloud.
    pub const CLOUD: &'static str = "atlassian";

    /// Puts the parts together. A slash in the tenant's name would be taken for a border, so it becomes a dash.
    #[must_use]
    pub fn new(tenant: &str, kind: Kind, native: &str) -> Self {
        Self(format!("{}/{}/{native}", tenant.replace('/', "-"), kind.name()).into())
    }

    /// Keeps the text of the id once, as [`sharing`](super::sharing) does with what is read.
    pub(super) fn share(&mut self) {
        shared::share(&mut self.0);
    }

    /// An id as it was shown; `None` if it is not of the form `tenant/kind/native`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let whole = parts.next().is_some_and(|tenant| !tenant.is_empty())
            && parts.next().and_then(Kind::named).is_some()
            && parts.next().is_some_and(|native| !native.is_empty());
        whole.then(|| Self(text.into()))
    }

    /// Who issued the id.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.parts().0
    }

    /// What sort of thing it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::named(self.parts().1).expect("internal: a resource id is made with a kind")
    }

    /// The id that the tenant gave it.
    #[must_use]
    pub fn native(&self) -> &str {
        self.parts().2
    }

    /// Tenant, kind and native id. They are short, and asked for very often: no search is faster than looking at each byte.
    fn parts(&self) -> (&str, &str, &str) {
        fn part(text: &str) -> (&str, &str) {
            let end = text.bytes().position(|byte| byte == b'/').unwrap_or(text.len());
            let (part, rest) = text.split_at(end);
            (part, rest.get(1..).unwrap_or(""))
        }
        let (tenant, rest) = part(&self.0);
        let (kind, native) = part(rest);
        (tenant, kind, native)
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The name a source has in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceName(#[serde(deserialize_with = "shared::deserialize")] Arc<str>);

/// The id of a rule: what is wrong, in kebab-case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Arc<str>);

/// The id a waiver has in its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WaiverId(Arc<str>);

/// A finding: made from its rule and its resource, so it survives renaming, another run and another machine.
/// Shown as `F-` and sixteen characters; people may type fewer as long as they are unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FindingId(Arc<str>);

impl FindingId {
    /// How many characters after `F-` are shown where space is short.
    const SHORT: usize = 6;

    /// The finding of a rule about a resource.
    #[must_use]
    pub fn of(rule: &RuleId, resource: &ResourceId) -> Self {
        Self(format!("F-{}", Digest::of(&(rule, resource)).base32(16)).into())
    }

    /// The beginning that is enough in a list that a person reads.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..2 + Self::SHORT).unwrap_or(&self.0)
    }
}

/// The name a channel has in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelName(Arc<str>);

/// One occasion with all its effects: what changed and when. Findings keep the cause with which they came up. Shown as
/// `C-` and sixteen characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseId(Arc<str>);

impl CauseId {
    /// The cause that these parts identify.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(parts: &T) -> Self {
        Self(format!("C-{}", Digest::of(parts).base32(16)).into())
    }
}

/// A message: made from its occasion, its channel and its recipients, so that whoever gets it twice can tell. Shown as
/// `N-` and sixteen characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeId(Arc<str>);

impl NoticeId {
    /// The notice that these parts identify.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(parts: &T) -> Self {
        Self(format!("N-{}", Digest::of(parts).base32(16)).into())
    }
}

macro_rules! text_ids {
    ($($name:ident),*) => {$(
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

text_ids!(SourceName, RuleId, WaiverId, FindingId, ChannelName, CauseId, NoticeId);

/// A snapshot, numbered by its store from 1. Shown as `s12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(pub i64);

impl fmt::Display for SnapshotId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "s{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_id_keeps_slashes_of_the_native_id() {
        let id = ResourceId::new("acme/x", Kind::Grant, "role/10002/user");
        assert_eq!((id.tenant(), id.kind(), id.native()), ("acme-x", Kind::Grant, "role/10002/user"));
        assert_eq!(ResourceId::parse(id.as_str()), Some(id));
        assert_eq!(ResourceId::parse("acme/nonsense/1"), None);
    }

    #[test]
    fn a_finding_id_depends_on_rule_and_resource_alone() {
        let resource = ResourceId::new("acme", Kind::Credential, "t-1");
        let one = FindingId::of(&"token-idle".into(), &resource);
        assert_eq!(one, FindingId::of(&"token-idle".into(), &resource));
        assert_ne!(one, FindingId::of(&"token-idler".into(), &resource));
        assert_eq!(one.short().len(), 8);
    }
}
