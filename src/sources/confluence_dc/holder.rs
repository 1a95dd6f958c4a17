//! Who is meant by a permission, as far as Confluence names them.

use super::{Visit, wire};
use crate::model::{Fact, Holder, Kind, ResourceId};
use crate::sources::row::{id, value};

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    /// Anybody on the web.
    Anyone,
    /// Everybody who is logged in, also without a seat.
    Unlicensed,
    /// One account.
    Account(ResourceId),
    /// The members of a group.
    Group(ResourceId),
    /// Somebody else, in Confluence's words.
    Other(String),
    /// There is no word that says who.
    Nobody,
}

impl Meant {
    /// How the listings write anybody on the web is not described, so that each word that can mean it is taken for it.
    /// `None` for somebody in whose place nothing can be read: that is not nobody.
    pub(super) fn read(subject: Fact<wire::Subject>, visit: &Visit<'_>) -> Option<Self> {
        let Some(subject) = value(subject) else { return Some(Self::Nobody) };
        let told = !subject.kind.is_unknown();
        let kind = id(subject.kind).unwrap_or_default().to_lowercase();
        let user_key = id(subject.user_key);
        let title = id(subject.name).or_else(|| id(subject.display_name));
        let group = |name: &String| Self::Group(visit.group_id(name));
        Some(match (kind.as_str(), user_key, title) {
            (kind, ..) if kind.starts_with("anonymous") => Self::Anyone,
            (kind, ..) if kind.starts_with("unlicensed") => Self::Unlicensed,
            ("group", _, Some(name)) => group(&name),
            ("known" | "user" | "unknown" | "", Some(key), _) => Self::Account(visit.id(Kind::Principal, &key)),
            ("", None, Some(name)) if name.eq_ignore_ascii_case("anonymous") => Self::Anyone,
            ("", None, Some(name)) => Self::Other(name),
            (kind, _, Some(name)) => Self::Other(format!("{kind} {name}")),
            ("", _, None) if told => Self::Nobody,
            ("" | "group" | "user" | "known", _, None) => return None,
            (kind, _, None) => Self::Other(kind.to_owned()),
        })
    }

    pub(super) fn holder(&self) -> Holder {
        match self {
            Self::Anyone => Holder::Anyone,
            Self::Unlicensed => Holder::LoggedIn,
            Self::Account(_) => Holder::Principal,
            Self::Group(_) => Holder::Group,
            Self::Other(_) | Self::Nobody => Holder::Other,
        }
    }

    /// Its part in the id of a grant.
    pub(super) fn native(&self) -> String {
        match self {
            Self::Anyone => "anyone".to_owned(),
            Self::Unlicensed => "unlicensed".to_owned(),
            Self::Account(account) => format!("user:{}", account.native()),
            Self::Group(group) => format!("group:{}", group.native()),
            Self::Other(words) => format!("other:{words}"),
            Self::Nobody => "nobody".to_owned(),
        }
    }

    /// Who it is, for the name of a grant. What an account is called other endpoints tell, and not every night.
    pub(super) fn who(&self) -> &str {
        match self {
            Self::Anyone => "anyone",
            Self::Unlicensed => "everybody who is logged in, also without a seat",
            Self::Account(_) => "an account",
            Self::Group(group) => group.native(),
            Self::Other(words) => words,
            Self::Nobody => "nobody named",
        }
    }
}
