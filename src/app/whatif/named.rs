//! What people mean by a word on the command line: an id in whole or as the product gave it, a mail address, a name, a
//! label. The surest way in which the word fits anything decides; if it fits several things in that way, they are told.

use crate::inventory::Inventory;
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Kind, Resource, ResourceId};
use crate::text::did_you_mean;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An account.
    Account,
    /// A group.
    Group,
    /// An account or a group.
    Member,
    /// A token, key or client.
    Credential,
    /// A grant.
    Grant,
    /// A Jira project.
    Project,
}

impl Wanted {
    /// What people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group => "group",
            Self::Member => "account or group",
            Self::Credential => "token, key or client",
            Self::Grant => "grant",
            Self::Project => "project",
        }
    }

    fn fits(self, resource: &Resource) -> bool {
        match self {
            Self::Account => resource.kind() == Kind::Principal,
            Self::Group => resource.kind() == Kind::Group,
            Self::Member => matches!(resource.kind(), Kind::Principal | Kind::Group),
            Self::Credential => resource.kind() == Kind::Credential,
            Self::Grant => resource.kind() == Kind::Grant,
            Self::Project => {
                matches!(&resource.body, Body::Container(body) if body.form == ContainerForm::Project)
            }
        }
    }

    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Account => &[Kind::Principal],
            Self::Group => &[Kind::Group],
            Self::Member => &[Kind::Principal, Kind::Group],
            Self::Credential => &[Kind::Credential],
            Self::Grant => &[Kind::Grant],
            Self::Project => &[Kind::Container],
        }
    }
}

/// Why a word names nothing, or too much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unnamed {
    /// Nothing fits it.
    Nothing {
        /// What was probably meant.
        near: Option<String>,
    },
    /// Several things do: the whole id and the name of each, sorted.
    Several(Vec<(ResourceId, String)>),
}

/// In which way a word may be meant, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    WholeId,
    ProductId,
    Mail,
    Name,
    NameInAnyCase,
}

const WAYS: [Way; 5] = [Way::WholeId, Way::ProductId, Way::Mail, Way::Name, Way::NameInAnyCase];

/// What a word names.
///
/// # Errors
/// When it names nothing, or several things.
pub fn find<'a>(inventory: &Inventory<'a>, wanted: Wanted, word: &str) -> Result<&'a Resource, Unnamed> {
    let word = word.trim();
    let all = || wanted.kinds().iter().flat_map(|kind| inventory.of_kind(*kind)).filter(|one| wanted.fits(one));
    for way in WAYS {
        let found: Vec<&'a Resource> = all().filter(|one| names_it(one, word, way)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one),
            several => {
                return Err(Unnamed::Several(
                    several.iter().map(|one| (one.id.clone(), one.title().to_owned())).collect(),
                ));
            }
        }
    }
    let names: Vec<&str> = all().flat_map(words_for).collect();
    Err(Unnamed::Nothing { near: did_you_mean(word, names).map(str::to_owned) })
}

fn names_it(resource: &Resource, word: &str, way: Way) -> bool {
    match way {
        Way::WholeId => resource.id.as_str() == word,
        Way::ProductId => {
            let native = resource.id.native();
            // `project:10001` is what the product calls 10001.
            native == word || native.split_once(':').is_some_and(|(_, rest)| rest == word && !rest.is_empty())
        }
        Way::Mail => word.contains('@') && mails(resource).any(|mail| mail.eq_ignore_ascii_case(word)),
        Way::Name => names(resource).any(|name| name == word),
        Way::NameInAnyCase => names(resource).any(|name| name.to_lowercase() == word.to_lowercase()),
    }
}

fn mails(resource: &Resource) -> impl Iterator<Item = &str> {
    let (own, others) = match &resource.body {
        Body::Principal(principal) => (principal.email.known(), principal.other_emails.known()),
        _ => (None, None),
    };
    own.into_iter().chain(others.into_iter().flatten()).map(String::as_str)
}

fn names(resource: &Resource) -> impl Iterator<Item = &str> {
    let more = match &resource.body {
        Body::Principal(principal) => principal.username.known(),
        Body::Container(Container { key, .. }) => key.known(),
        _ => None,
    };
    std::iter::once(resource.name.as_str()).chain(more.map(String::as_str)).filter(|name| !name.is_empty())
}

fn words_for(resource: &Resource) -> impl Iterator<Item = &str> {
    names(resource).chain(mails(resource)).chain([resource.id.native()])
}

/// The places of an account or group in a role of a project, by the role's name or id. Which roles it has there is told
/// where it has not that one.
///
/// # Errors
/// The roles that it has there.
pub fn places_in_role(
    inventory: &Inventory<'_>,
    holder: &ResourceId,
    role: &str,
    project: &ResourceId,
) -> Result<Vec<ResourceId>, Vec<String>> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for resource in inventory.grants_on(project) {
        let Body::Grant(Grant { form: GrantForm::ProjectRole, role: name, principal, group, .. }) = &resource.body
        else {
            continue;
        };
        let holds = |whom: &Fact<ResourceId>| whom.known() == Some(holder);
        if !holds(principal) && !holds(group) {
            continue;
        }
        let id = resource.id.native().strip_prefix("project-role:").and_then(|rest| rest.split('/').nth(1));
        if name.eq_ignore_ascii_case(role) || id == Some(role) {
            found.push(resource.id.clone());
        } else {
            others.push(name.clone());
        }
    }
    others.sort();
    others.dedup();
    if found.is_empty() { Err(others) } else { Ok(found) }
}
