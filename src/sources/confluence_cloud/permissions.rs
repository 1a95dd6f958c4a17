//! Who may do what in a space: single permissions, and places in roles with what each role permits.

use std::collections::BTreeMap;

use super::endpoints::{SPACE_PERMISSIONS, SPACE_ROLE_ASSIGNMENTS, SPACE_ROLES};
use super::spaces::{InForce, space_id};
use super::{BY_LINK, Visit, cloud, wire};
use crate::model::{Body, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::sources::pages::Results;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, sorted, value};

/// The roles there are.
pub(super) struct Roles {
    pub(super) part: Part,
    /// Of each role by its id: name, and what it permits.
    catalogue: BTreeMap<String, (Fact<String>, Fact<Vec<String>>)>,
}

impl Visit<'_> {
    /// Where roles alone hold, nothing is asked and nothing left unseen.
    pub(super) async fn space_permissions(&self, spaces: &Part, in_force: InForce) -> Part {
        let mut reading = self.gatherer.start(&SPACE_PERMISSIONS);
        if !in_force.permissions {
            return reading.finish();
        }
        reading.lean_on(&spaces.entry);
        let calls = spaces.resources.iter().filter_map(|space| {
            let id = space_id(space)?;
            let request = SPACE_PERMISSIONS.request(&[id]).query("limit", self.page_size(250));
            Some(((space, id), request))
        });
        let answers =
            reading.walk_each::<Results<wire::SpacePermission>, _, _>(self.client(), calls.collect(), BY_LINK).await;
        for answer in answers {
            let (space, space_id) = answer.of;
            for row in answer.rows {
                let Some(id) = id(row.id) else {
                    reading.push(None);
                    continue;
                };
                let (role, permits) = permission(value(row.operation).unwrap_or_default());
                let principal = value(row.principal).unwrap_or_default();
                let meant = Meant::read(principal.kind, principal.id);
                if permits.is_unknown() {
                    reading.fall_short("some grants do not say what they permit".to_owned());
                }
                if meant == Meant::Nobody {
                    let what = "some grants name nobody, which may stand for anybody on the web";
                    reading.fall_short(what.to_owned());
                }
                let grant = Grant { permits, ..Grant::of(GrantForm::SpacePermission, role, meant.holder()) };
                let id = self.id(Kind::Grant, &format!("space:{space_id}/{id}"));
                reading.push(Some(granted(id, space, grant, &meant)));
            }
        }
        reading.finish()
    }

    /// The catalogue of roles. Where no roles hold, nothing is asked and nothing left unseen.
    pub(super) async fn space_roles(&self, in_force: InForce) -> Roles {
        let mut reading = self.gatherer.start(&SPACE_ROLES);
        let mut catalogue = BTreeMap::new();
        if !in_force.roles {
            return Roles { part: reading.finish(), catalogue };
        }
        let request = SPACE_ROLES.request(&[]).query("limit", self.page_size(250));
        let rows = reading.walk::<Results<wire::SpaceRole>, _>(self.client(), request, BY_LINK).await.rows;
        for row in rows {
            let Some(id) = id(row.id) else {
                reading.push(None);
                continue;
            };
            let permits = hidden_if_null(row.space_permissions)
                .map(|ids| sorted(ids.into_iter().map(|id| id.replace(['/', ':'], " ")).collect()));
            catalogue.insert(id, (hidden_if_empty(row.name), permits));
        }
        Roles { part: reading.finish(), catalogue }
    }

    /// Where no roles hold, nothing is asked and nothing left unseen. A role that the catalogue does not show is called
    /// by its id, and what it permits is not known.
    pub(super) async fn space_role_assignments(&self, spaces: &Part, roles: &Roles, in_force: InForce) -> Part {
        let mut reading = self.gatherer.start(&SPACE_ROLE_ASSIGNMENTS);
        if !in_force.roles {
            return reading.finish();
        }
        reading.lean_on(&spaces.entry);
        let calls = spaces.resources.iter().filter_map(|space| {
            let id = space_id(space)?;
            let request = SPACE_ROLE_ASSIGNMENTS.request(&[id]).query("limit", self.page_size(250));
            Some(((space, id), request))
        });
        let answers =
            reading.walk_each::<Results<wire::RoleAssignment>, _, _>(self.client(), calls.collect(), BY_LINK).await;
        for answer in answers {
            let (space, space_id) = answer.of;
            for row in answer.rows {
                let principal = value(row.principal).unwrap_or_default();
                let (kind, holder_id) = (principal.principal_type, id(principal.principal_id));
                let (Some(role_id), Some(holder_id)) = (id(row.role_id), holder_id) else {
                    reading.push(None);
                    continue;
                };
                let sort = value(kind.clone()).map(worded).unwrap_or_default();
                let native = format!("space:{space_id}/{role_id}/{sort}:{holder_id}");
                let meant = Meant::read(kind, Fact::Known(holder_id));
                let (name, permits) = roles.catalogue.get(&role_id).cloned().unwrap_or_default();
                let role = value(name).unwrap_or(role_id);
                let grant = Grant { permits, ..Grant::of(GrantForm::SpaceRole, role, meant.holder()) };
                let id = self.id(Kind::Grant, &native);
                reading.push(Some(granted(id, space, grant, &meant)));
            }
        }
        reading.finish()
    }
}

/// A permission in words, such as `read space`, as the roles list theirs; what it permits is known if all of it was
/// told.
fn permission(operation: wire::Operation) -> (String, Fact<Vec<String>>) {
    match (id(operation.key), id(operation.target_type)) {
        (Some(key), Some(target)) => {
            let role = format!("{key} {target}");
            (role.clone(), Fact::Known(vec![role]))
        }
        (Some(word), None) | (None, Some(word)) => (word, Fact::Unknown),
        (None, None) => ("an unknown permission".to_owned(), Fact::Unknown),
    }
}

/// Who is meant by a grant, as far as Confluence names them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    Anyone,
    LoggedIn,
    /// Everybody with a seat.
    Licensed,
    Account(ResourceId),
    Group(ResourceId),
    /// Somebody else, in Confluence's words.
    Other(String),
    /// There is no word that says who.
    Nobody,
}

impl Meant {
    /// Permissions name accounts, groups and “roles”; assignments name accounts, groups and classes of access. How
    /// permissions write anybody on the web is not described, so that each word that can mean it is taken for it.
    fn read(kind: Fact<String>, holder: Fact<impl Into<String>>) -> Self {
        let kind = id(kind).map(worded).unwrap_or_default();
        let holder = id(holder);
        let class = holder.clone().map(worded).and_then(|word| Self::class(&word));
        match (kind.as_str(), holder) {
            (_, Some(_)) if class.is_some() => class.unwrap_or(Self::Nobody),
            ("user", Some(id)) => Self::Account(cloud(Kind::Principal, &id)),
            ("group", Some(id)) => Self::Group(cloud(Kind::Group, &id)),
            ("" | "user" | "group", None) => Self::Nobody,
            ("", Some(id)) => Self::Other(id),
            (kind, None) => Self::class(kind).unwrap_or_else(|| Self::Other(kind.to_owned())),
            (kind, Some(id)) => Self::class(kind).unwrap_or_else(|| Self::Other(format!("{kind} {id}"))),
        }
    }

    /// The class of people that a word names.
    fn class(word: &str) -> Option<Self> {
        match word {
            _ if word.starts_with("anonymous") => Some(Self::Anyone),
            "authenticated" | "authenticated-users" => Some(Self::LoggedIn),
            "licensed" | "licensed-users" | "all-licensed-users" => Some(Self::Licensed),
            _ => None,
        }
    }

    fn holder(&self) -> Holder {
        match self {
            Self::Anyone => Holder::Anyone,
            Self::LoggedIn => Holder::LoggedIn,
            Self::Licensed => Holder::ApplicationRole,
            Self::Account(_) => Holder::Principal,
            Self::Group(_) => Holder::Group,
            Self::Other(_) | Self::Nobody => Holder::Other,
        }
    }

    /// Who it is, for the name of a grant. Confluence names accounts and groups by their ids there: what they are called
    /// other endpoints tell, and not every night.
    fn who(&self) -> &str {
        match self {
            Self::Anyone => "anyone",
            Self::LoggedIn => "everybody who is logged in",
            Self::Licensed => "everybody with a seat",
            Self::Account(_) => "an account",
            Self::Group(_) => "a group",
            Self::Other(words) => words,
            Self::Nobody => "nobody named",
        }
    }
}

/// The resource of a grant on a space, with its holder.
fn granted(id: ResourceId, space: &Resource, mut grant: Grant, meant: &Meant) -> Resource {
    grant.container = Fact::Known(space.id.clone());
    match meant {
        Meant::Account(account) => grant.principal = Fact::Known(account.clone()),
        Meant::Group(group) => grant.group = Fact::Known(group.clone()),
        Meant::Licensed => grant.holder_detail = Fact::Known("confluence".to_owned()),
        Meant::Other(words) => grant.holder_detail = Fact::Known(words.clone()),
        Meant::Anyone | Meant::LoggedIn | Meant::Nobody => {}
    }
    let name = format!("{} for {}", grant.role, meant.who());
    Resource { id, name, seen_by: Vec::new(), body: Body::Grant(grant) }
}

/// `ACCESS_CLASS` and `access class` as `access-class`.
fn worded(word: String) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(kind: Option<&str>, id: Option<&str>) -> Meant {
        let fact = |word: Option<&str>| word.map_or(Fact::Unknown, |word| Fact::Known(word.to_owned()));
        Meant::read(fact(kind), fact(id))
    }

    #[test]
    fn every_way_to_write_anybody_on_the_web_is_understood() {
        for (kind, id) in [
            (Some("ACCESS_CLASS"), Some("anonymous-users")),
            (Some("role"), Some("anonymous")),
            (Some("role"), Some("ANONYMOUS_USERS")),
            (Some("user"), Some("anonymous-users")),
            (Some("anonymous"), None),
            (Some("anonymous"), Some("0")),
            (None, Some("anonymous")),
        ] {
            assert_eq!(meant(kind, id), Meant::Anyone, "{kind:?} {id:?}");
        }
    }

    #[test]
    fn a_holder_is_an_account_a_group_a_class_or_told_in_its_own_words() {
        let other = |words: &str| Meant::Other(words.to_owned());
        for (kind, id, expected) in [
            (Some("USER"), Some("712020:a"), Meant::Account(cloud(Kind::Principal, "712020:a"))),
            (Some("group"), Some("g-1"), Meant::Group(cloud(Kind::Group, "g-1"))),
            (Some("ACCESS_CLASS"), Some("authenticated-users"), Meant::LoggedIn),
            (Some("ACCESS_CLASS"), Some("all-licensed-users"), Meant::Licensed),
            (Some("ACCESS_CLASS"), Some("all-product-admins"), other("access-class all-product-admins")),
            (Some("role"), Some("11f1-77"), other("role 11f1-77")),
            (Some("planet"), None, other("planet")),
            (Some("user"), None, Meant::Nobody),
            (Some(""), Some(""), Meant::Nobody),
            (None, None, Meant::Nobody),
        ] {
            assert_eq!(meant(kind, id), expected, "{kind:?} {id:?}");
        }
    }

    #[test]
    fn half_a_permission_permits_nobody_knows_what() {
        let operation = |row| permission(serde_json::from_value(row).unwrap());
        let (role, permits) = operation(serde_json::json!({"key": "administer", "targetType": "space"}));
        assert_eq!((role.as_str(), permits), ("administer space", Fact::Known(vec!["administer space".to_owned()])));
        let (role, permits) = operation(serde_json::json!({"key": "administer"}));
        assert_eq!((role.as_str(), permits), ("administer", Fact::Unknown));
        assert_eq!(operation(serde_json::json!({})).1, Fact::Unknown);
    }
}
