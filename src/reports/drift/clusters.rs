//! Changes put together by what they follow from, the telling ones first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{CauseKind, Change, ChangeCause, FlappingChange, Kind, What};

/// One thing that happened: a change, or several with what they have in common.
pub(in crate::reports) struct Cluster<'a> {
    /// The change of what the others follow from, or the only one; `None` if that itself did not change.
    pub(super) head: Option<&'a Change>,
    /// What they have in common; `None` for a change that stands by itself.
    pub(super) cause: Option<&'a ChangeCause>,
    /// What follows, sorted by resource.
    pub(super) effects: Vec<&'a Change>,
    /// True if all of it goes back and forth.
    pub(super) flaps: bool,
}

/// What makes changes one. Of what is only alike, the values are part of it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Resource(&'a str),
    Gap(What, &'a str),
    Alike(Kind, String),
}

/// Puts changes together. Each of them is in one cluster.
pub(in crate::reports) fn clusters<'a>(changes: &[&'a Change], flapping: &[FlappingChange]) -> Vec<Cluster<'a>> {
    let mut by_key: BTreeMap<Key<'a>, Cluster<'a>> = BTreeMap::new();
    for change in changes {
        let key = match &change.cause {
            Some(ChangeCause { resource: Some(root), .. }) => Key::Resource(root.as_str()),
            Some(ChangeCause { kind: CauseKind::Gap, name, .. }) => Key::Gap(change.what, name),
            Some(_) => Key::Alike(change.resource.kind(), format!("{:?}", change.fields)),
            None => Key::Resource(change.resource.as_str()),
        };
        let empty = || Cluster { head: None, cause: None, effects: Vec::new(), flaps: false };
        let cluster = by_key.entry(key).or_insert_with(empty);
        match &change.cause {
            None if cluster.head.is_none() => cluster.head = Some(change),
            None => cluster.effects.push(change),
            Some(cause) => {
                cluster.cause = Some(cause);
                cluster.effects.push(change);
            }
        }
    }
    let mut clusters: Vec<Cluster<'a>> = by_key.into_values().collect();
    for cluster in &mut clusters {
        cluster.effects.sort_by_key(|change| &change.resource);
        let all_flap = cluster.changes().all(|change| flaps(change, flapping));
        cluster.flaps = all_flap;
    }
    clusters.sort_by_key(|cluster| {
        (cluster.flaps, Reverse(cluster.weight()), cluster.is_in_doubt(), Reverse(cluster.effects.len()))
    });
    clusters
}

impl<'a> Cluster<'a> {
    /// All of its changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = &'a Change> + '_ {
        self.head.into_iter().chain(self.effects.iter().copied())
    }

    /// False for what came into sight or went out of it: that tells of our eyes, not of the estate.
    pub(in crate::reports) fn is_of_the_estate(&self) -> bool {
        self.changes().any(|change| is_of_the_estate(change.what))
    }

    fn is_in_doubt(&self) -> bool {
        self.changes().all(|change| change.reason.is_some())
    }

    fn weight(&self) -> u8 {
        self.changes().map(weight).max().unwrap_or(0)
    }
}

pub(in crate::reports) fn is_of_the_estate(what: What) -> bool {
    !matches!(what, What::FirstSeen | What::NotObserved)
}

/// True if all that a change says goes back and forth.
fn flaps(change: &Change, flapping: &[FlappingChange]) -> bool {
    let known = |field: Option<&str>| {
        flapping.iter().any(|one| one.resource == change.resource && one.field.as_deref() == field)
    };
    match change.what {
        What::Added | What::Removed => known(None),
        What::Changed => {
            // Who changed it and when moves with every turn.
            let mut fields = change.fields.iter().filter(|field| !matches!(&*field.field, "changed_at" | "changed_by"));
            fields.clone().next().is_some() && fields.all(|field| known(Some(&field.field)))
        }
        What::Rotated | What::FirstSeen | What::NotObserved => false,
    }
}

/// How much a change tells about who can reach what. The order of equals is kept.
fn weight(change: &Change) -> u8 {
    const POWER: [&str; 19] = [
        "account_type",
        "actor",
        "acts_for",
        "address",
        "admin_only",
        "confluence_access",
        "holder",
        "jira_access",
        "limited_to",
        "only_pushers",
        "owner",
        "permits",
        "platform_roles",
        "principal",
        "public",
        "role",
        "scopes",
        "secret_in_url",
        "secured",
    ];
    const LIFE: [&str; 11] = [
        "auth_policy",
        "enabled",
        "expires_at",
        "groups",
        "mfa",
        "pipelines_enabled",
        "signed",
        "standings",
        "status",
        "verifies_certificate",
        "via",
    ];
    let touches = |fields: &[&str]| change.fields.iter().any(|changed| fields.contains(&changed.field.as_str()));
    match (change.what, change.resource.kind()) {
        (What::Changed | What::Rotated, _) if touches(&POWER) => 9,
        (What::Added, Kind::Grant) => 8,
        (What::Added, Kind::Credential | Kind::App | Kind::Webhook | Kind::Automation) => 7,
        (What::Changed, _) if touches(&LIFE) => 6,
        (What::Rotated, _) => 5,
        (What::Removed, Kind::Credential | Kind::Principal | Kind::Grant) => 4,
        (What::Added, Kind::Principal | Kind::Variable | Kind::Setting | Kind::Integration) => 3,
        (What::Changed, _) => 2,
        (What::Added | What::Removed, _) => 1,
        (What::FirstSeen | What::NotObserved, _) => 0,
    }
}
