//! Who may do what on the whole product, and which groups administer it, those inside them included.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::of_group;
use super::endpoints::{GLOBAL_PERMISSIONS, GROUPS_INSIDE};
use super::holder::Meant;
use super::page::{BY_LINK, Listing};
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{
    Body, Container, ContainerForm, Fact, Grant, GrantForm, Group, Kind, Principal, Resource, ResourceId,
};
use crate::sources::endpoint::fill;
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{id, value};

const ADMINISTER: &str = "application administer";
const SYSTEM_ADMINISTER: &str = "system administer";
const USE: &str = "application use";

/// Permissions that were given on the whole product.
pub(super) struct Given {
    pub(super) part: Part,
    /// The groups that administer by a permission of their own.
    administering: BTreeSet<ResourceId>,
    /// True if these are all permissions there are.
    whole: bool,
}

impl Visit<'_> {
    /// What anybody on the web and accounts without a seat may do is asked for apart, for how the listing of all names
    /// them is not described.
    pub(super) async fn global_permissions(&self, accounts: &Part, licence: &Part) -> Given {
        let mut reading = self.common().start(&GLOBAL_PERMISSIONS);
        let holders = [None, Some(Meant::Anyone), Some(Meant::Unlicensed)];
        let calls: Vec<_> = holders.into_iter().zip(GLOBAL_PERMISSIONS.requests).collect();
        let calls = calls.into_iter().map(|(holder, request)| (holder, fill(*request, &[]))).collect();
        let answers = reading.walk_each::<Bare<wire::Permission>, _, _>(self.client(), calls, Paging::Single).await;
        let read = answers.len() == holders_asked() && answers.iter().all(|answer| answer.whole);
        let mut whole = read;
        let mut held: BTreeMap<Meant, BTreeSet<String>> = BTreeMap::new();
        for answer in answers {
            for row in answer.rows {
                let meant = answer.of.clone().or_else(|| Meant::read(row.subject, self));
                let (Some(meant), Some(role)) = (meant, role(row.operation)) else {
                    whole = false;
                    reading.push(None);
                    continue;
                };
                held.entry(meant).or_default().insert(role);
            }
        }
        // The other two answers tell whether it stands for anybody on the web.
        let nobodys = held.remove(&Meant::Nobody).unwrap_or_default();
        let told = |role| {
            [Meant::Anyone, Meant::Unlicensed].iter().any(|who| held.get(who).is_some_and(|held| held.contains(role)))
        };
        if !nobodys.iter().all(told) {
            reading.fall_short(
                "some permissions name nobody, and neither anybody on the web nor everybody who is logged in has them"
                    .to_owned(),
            );
            whole = false;
        }
        let administers = |roles: &BTreeSet<String>| roles.contains(ADMINISTER) || roles.contains(SYSTEM_ADMINISTER);
        if read && !held.values().any(administers) {
            reading.fall_short("Confluence names nobody who administers it, though somebody must".to_owned());
            whole = false;
        }
        let mut administering = BTreeSet::new();
        let mut licence_groups = BTreeSet::new();
        for (meant, roles) in &held {
            for role in roles {
                let native = format!("global/{}/{}", role.replace(' ', "-"), meant.native());
                let grant = Grant::of(GrantForm::GlobalPermission, role, meant.holder());
                reading.push(Some(self.granted(&native, self.instance_id(), grant, meant)));
            }
            if let Meant::Group(group) = meant {
                administering.extend(Some(group.clone()).filter(|_| administers(roles)));
                licence_groups.extend(Some(group.clone()).filter(|_| roles.contains(USE)));
            }
        }
        for account in accounts.resources.iter().filter(|each| each.kind() == Kind::Principal) {
            let own = held.get(&Meant::Account(account.id.clone())).map(platform_roles).unwrap_or_default();
            let platform_roles = match (own.is_empty(), whole) {
                (false, _) => Fact::Known(own),
                (true, true) => Fact::Absent,
                (true, false) => Fact::Unknown,
            };
            let body = Body::Principal(Principal { platform_roles, ..Principal::default() });
            reading.enrich(Resource { body, ..account.clone() });
        }
        let is_application = |each: &&Resource| each.id == self.application_id();
        for application in licence.resources.iter().filter(is_application).filter(|_| whole) {
            let licence_groups = Fact::Known(licence_groups.iter().cloned().collect());
            let body = Container { licence_groups, ..Container::unknown(ContainerForm::Application) };
            reading.enrich(Resource { body: Body::Container(body), ..application.clone() });
        }
        Given { part: reading.finish(), administering, whole }
    }

    /// Which groups each group is in. A group inside one that administers administers too; that any other does not is
    /// certain only when all permissions were read, and the groups around it up to the outermost.
    pub(super) async fn groups_inside(&self, groups: &Part, given: &Given) -> Part {
        let mut reading = self.common().start(&GROUPS_INSIDE);
        reading.lean_on(&groups.entry);
        let asked = groups.resources.iter().filter(|each| each.kind() == Kind::Group);
        let calls = asked.map(|group| (&group.id, self.up_to(200, of_group(&GROUPS_INSIDE, group.id.native()))));
        let answers = reading.walk_each::<Listing<wire::Group>, _, _>(self.client(), calls.collect(), BY_LINK).await;
        let mut around = BTreeMap::new();
        for answer in answers {
            let mut parents = Around { groups: BTreeSet::new(), whole: answer.whole };
            for row in answer.rows {
                match id(row.name) {
                    Some(name) => {
                        parents.groups.insert(self.group_id(&name));
                    }
                    None => {
                        parents.whole = false;
                        reading.push(None);
                    }
                }
            }
            around.insert(answer.of, parents);
        }
        for group in groups.resources.iter().filter(|each| each.kind() == Kind::Group) {
            let inside = match around.get(&group.id) {
                Some(Around { groups, whole: true }) => Fact::Known(groups.iter().cloned().collect()),
                _ => Fact::Unknown,
            };
            let administers = administers(&group.id, &around, given);
            reading.enrich(self.group(group.id.native(), Group { administers, inside, ..Group::default() }));
        }
        reading.finish()
    }

    /// The resource of a grant, with its holder.
    pub(super) fn granted(&self, native: &str, container: ResourceId, mut grant: Grant, meant: &Meant) -> Resource {
        grant.container = Fact::Known(container);
        match meant {
            Meant::Account(account) => grant.principal = Fact::Known(account.clone()),
            Meant::Group(group) => grant.group = Fact::Known(group.clone()),
            Meant::Unlicensed => grant.holder_detail = Fact::Known("unlicensed".to_owned()),
            Meant::Other(words) => grant.holder_detail = Fact::Known(words.clone()),
            Meant::Anyone | Meant::Nobody => {}
        }
        let name = format!("{} for {}", grant.role, meant.who());
        Resource { id: self.id(Kind::Grant, native), name, seen_by: Vec::new(), body: Body::Grant(grant) }
    }
}

/// The groups that a group is directly in.
struct Around {
    groups: BTreeSet<ResourceId>,
    /// True if these are all.
    whole: bool,
}

/// Whether a group administers, by a permission of its own or of a group around it. Groups that hold each other are
/// followed once.
fn administers(group: &ResourceId, around: &BTreeMap<&ResourceId, Around>, given: &Given) -> Fact<bool> {
    let (mut seen, mut next, mut whole) = (BTreeSet::from([group]), vec![group], given.whole);
    while let Some(one) = next.pop() {
        if given.administering.contains(one) {
            return Fact::Known(true);
        }
        match around.get(one) {
            Some(parents) => {
                whole &= parents.whole;
                next.extend(parents.groups.iter().filter(|parent| seen.insert(parent)));
            }
            None => whole = false,
        }
    }
    if whole { Fact::Known(false) } else { Fact::Unknown }
}

/// How often permissions are asked for.
fn holders_asked() -> usize {
    GLOBAL_PERMISSIONS.requests.len()
}

/// A permission on the whole product in words: `application use`.
fn role(operation: Fact<wire::Operation>) -> Option<String> {
    let operation = value(operation)?;
    Some(format!("{} {}", id(operation.target_type)?, id(operation.operation_key)?))
}

fn platform_roles(roles: &BTreeSet<String>) -> Vec<String> {
    let told = [(ADMINISTER, "confluence/administer"), (SYSTEM_ADMINISTER, "confluence/system-administer")];
    told.iter().filter(|(role, _)| roles.contains(*role)).map(|(_, name)| (*name).to_owned()).collect()
}
