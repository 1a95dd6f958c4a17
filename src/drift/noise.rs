//! Fields that move by themselves, with nobody deciding anything: they are judged like any other field, and never
//! count as drift.

use crate::model::Kind;

/// A field that never counts as drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noise {
    /// The kind that has it.
    pub kind: Kind,
    /// The field.
    pub field: &'static str,
    /// Why its movement says nothing.
    pub why: &'static str,
}

/// All of them.
pub const NOISE: &[Noise] = &[
    Noise { kind: Kind::Principal, field: "activity", why: "moves whenever the account opens a page" },
    Noise {
        kind: Kind::Principal,
        field: "groups_at_least",
        why: "moves with what could be read; all memberships together are compared where they are known",
    },
    Noise {
        kind: Kind::Principal,
        field: "workspace_groups_at_least",
        why: "moves with what could be read; all memberships together are compared where they are known",
    },
    Noise { kind: Kind::Principal, field: "last_login_at", why: "moves whenever the account logs in" },
    Noise { kind: Kind::Credential, field: "last_used_at", why: "moves whenever the credential is used" },
    Noise { kind: Kind::Credential, field: "used_on", why: "moves whenever the credential is used" },
    Noise { kind: Kind::Credential, field: "last_used_by", why: "moves whenever the credential is used" },
    Noise { kind: Kind::Credential, field: "auth_type", why: "moves whenever the credential is used" },
    Noise { kind: Kind::App, field: "last_used_at", why: "moves whenever the app acts" },
    Noise { kind: Kind::App, field: "auth_type", why: "moves whenever the app acts" },
    Noise { kind: Kind::App, field: "version", why: "moves whenever the vendor publishes a new one" },
    Noise { kind: Kind::App, field: "working", why: "follows from the other end, which may only be restarting" },
    Noise { kind: Kind::Group, field: "member_count", why: "follows from memberships, which are compared themselves" },
    Noise { kind: Kind::Group, field: "members_told", why: "is about the scan, and not about the group" },
    Noise {
        kind: Kind::Container,
        field: "seats_used",
        why: "follows from memberships, which are compared themselves",
    },
];

/// The fields of a kind that never count as drift.
pub(super) fn of(kind: Kind) -> impl Iterator<Item = &'static Noise> {
    NOISE.iter().filter(move |noise| noise.kind == kind)
}

/// True if a field of a kind never counts as drift.
pub(super) fn moves_by_itself(kind: Kind, field: &str) -> bool {
    of(kind).any(|noise| noise.field == field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn every_noisy_field_exists() {
        for noise in NOISE {
            let sample = sample::resources().into_iter().find(|sample| sample.kind() == noise.kind).unwrap();
            let body = serde_json::to_value(&sample.body).unwrap();
            assert!(body[noise.kind.name()].get(noise.field).is_some(), "{noise:?}");
        }
    }
}
