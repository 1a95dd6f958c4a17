//! From an account as the register names it to the accounts that were seen.

use std::collections::{BTreeMap, HashMap};

use super::Inventory;
use crate::model::{Body, DeclaredAccount, Fact, Integration, Kind, Resource, ResourceId};

/// How a word names an account, from what cannot be mistaken to what anybody may call themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// By the id that reports show: `acme-jira/principal/JIRAUSER10321`.
    KeyrollId,
    /// By the id that the product gave it.
    ProductId,
    /// By a mail address, whichever source shows it; in any case of letters.
    Mail,
    /// By the name it logs in with; in any case of letters.
    UserName,
    /// By the displayed name, letter for letter.
    DisplayedName,
}

impl Way {
    /// Ways in which a word may be meant, the surest first.
    const ALL: [Self; 5] = [Self::KeyrollId, Self::ProductId, Self::Mail, Self::UserName, Self::DisplayedName];

    /// A word as it is compared.
    fn folded(self, word: &str) -> String {
        match self {
            Self::Mail | Self::UserName => word.trim().to_lowercase(),
            Self::KeyrollId | Self::ProductId | Self::DisplayedName => word.trim().to_owned(),
        }
    }
}

/// The accounts of a snapshot by everything that names them: where each is in it.
pub type AccountsByName = HashMap<(Way, String), Vec<u32>>;

/// The accounts that an account of the register stands for, in order of their ids: none, one, or several where the same
/// name is in many places. Where the register gives an id, that alone decides, since a name may have passed to somebody
/// else. Otherwise the surest way in which its name fits any account decides: a displayed name, which people choose
/// themselves, counts only where it is nobody's mail address or user name. Where a source is named, only what that
/// shows is looked at.
#[must_use]
pub fn resolve<'a>(inventory: &Inventory<'a>, account: &DeclaredAccount) -> Vec<&'a Resource> {
    match account.id.as_deref() {
        Some(id) => first_fitting(inventory, account, id, &[Way::KeyrollId, Way::ProductId]),
        None => resolve_by_name(inventory, account),
    }
}

/// The accounts that bear the name of an account of the register, whatever id it gives.
#[must_use]
pub fn resolve_by_name<'a>(inventory: &Inventory<'a>, account: &DeclaredAccount) -> Vec<&'a Resource> {
    first_fitting(inventory, account, &account.name, &Way::ALL)
}

/// True if the name that the register gives is one that an account has, in whichever way.
#[must_use]
pub fn bears_name(resource: &Resource, name: &str) -> bool {
    names(resource).any(|(way, own)| own == way.folded(name))
}

/// The accounts that bear a word as their user name or displayed name, in order of their ids.
#[must_use]
pub fn called<'a>(inventory: &Inventory<'a>, word: &str) -> Vec<&'a Resource> {
    let index = inventory.prepared.accounts_by_name.get_or_init(|| index(inventory));
    let places = [Way::UserName, Way::DisplayedName].map(|way| index.get(&(way, way.folded(word))));
    let mut places: Vec<u32> = places.into_iter().flatten().flatten().copied().collect();
    places.sort_unstable();
    places.dedup();
    inventory.at(Some(&places)).collect()
}

/// Those of them that are accounts of another tenant. In a large company hundreds have the same name, nearly all of them in
/// one tenant: these are not gone through.
pub fn called_elsewhere<'a>(
    inventory: &'a Inventory<'a>,
    word: &str,
    tenant: &str,
) -> impl Iterator<Item = &'a Resource> {
    let index = inventory.prepared.accounts_by_name.get_or_init(|| index(inventory));
    let places = [Way::UserName, Way::DisplayedName].map(|way| index.get(&(way, way.folded(word))));
    // In order of the ids, accounts of a tenant stand together.
    let home = format!("{tenant}/");
    let id = move |at: &u32| inventory.resource(*at).id.as_str();
    places.into_iter().flatten().flat_map(move |places| {
        let (before, rest) = places.split_at(places.partition_point(|at| id(at) < home.as_str()));
        let after = rest.get(rest.partition_point(|at| id(at).starts_with(&home))..).unwrap_or(&[]);
        before.iter().chain(after).map(|at| inventory.resource(*at))
    })
}

impl Inventory<'_> {
    /// For each integration of the register, what each of its declared accounts was resolved to.
    #[must_use]
    pub fn accounts_of_integrations(&self) -> &BTreeMap<ResourceId, Vec<Vec<ResourceId>>> {
        self.prepared().accounts_of_integrations.get_or_init(|| {
            let mut resolved = BTreeMap::new();
            for resource in self.of_kind(Kind::Integration) {
                let Body::Integration(Integration { accounts: Fact::Known(accounts), .. }) = &resource.body else {
                    continue;
                };
                let ids = |account: &DeclaredAccount| {
                    resolve(self, account).into_iter().map(|found| found.id.clone()).collect()
                };
                resolved.insert(resource.id.clone(), accounts.iter().map(ids).collect());
            }
            resolved
        })
    }
}

fn first_fitting<'a>(
    inventory: &Inventory<'a>,
    account: &DeclaredAccount,
    word: &str,
    ways: &[Way],
) -> Vec<&'a Resource> {
    let index = inventory.prepared.accounts_by_name.get_or_init(|| index(inventory));
    let in_source = |resource: &&Resource| {
        let source = account.source.as_deref();
        source.is_none_or(|source| resource.seen_by.iter().any(|sighting| sighting.source.as_str() == source))
    };
    let mut found = ways.iter().map(|way| {
        let places = index.get(&(*way, way.folded(word)));
        inventory.at(places).filter(in_source).collect::<Vec<_>>()
    });
    found.find(|fitting| !fitting.is_empty()).unwrap_or_default()
}

fn index(inventory: &Inventory<'_>) -> AccountsByName {
    let mut index = AccountsByName::new();
    for at in inventory.kinds.get(&Kind::Principal).into_iter().flatten() {
        let Some(resource) = inventory.snapshot.resources.get(*at as usize) else { continue };
        for key in names(resource) {
            let places = index.entry(key).or_default();
            // An address may be told twice.
            if places.last() != Some(at) {
                places.push(*at);
            }
        }
    }
    index
}

/// Everything that names an account.
fn names(resource: &Resource) -> impl Iterator<Item = (Way, String)> {
    let (mails, username) = match &resource.body {
        Body::Principal(account) => {
            let others = account.other_emails.known().map_or(&[][..], Vec::as_slice);
            (account.email.known().into_iter().chain(others).collect(), account.username.known())
        }
        _ => (Vec::new(), None),
    };
    let mails = mails.into_iter().map(|mail| (Way::Mail, mail.as_str()));
    let ids = [(Way::KeyrollId, resource.id.as_str()), (Way::ProductId, resource.id.native())];
    let username = username.map(|name| (Way::UserName, name.as_str()));
    let displayed = Some((Way::DisplayedName, resource.name.as_str()));
    let all = ids.into_iter().chain(mails).chain(username).chain(displayed);
    all.map(|(way, name)| (way, way.folded(name))).filter(|(_, name)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Collection, Principal, Sighting, Snapshot};

    fn account(tenant: &str, native: &str, name: &str, principal: Principal) -> Resource {
        let seen_by = vec![Sighting { source: tenant.into(), endpoint: "users".into() }];
        let id = ResourceId::new(tenant, Kind::Principal, native);
        Resource { id, name: name.to_owned(), seen_by, body: Body::Principal(principal) }
    }

    fn known(word: &str) -> Fact<String> {
        Fact::Known(word.to_owned())
    }

    fn estate() -> Snapshot {
        let named = |name: &str| Principal { username: known(name), ..Principal::default() };
        let mailed = Principal {
            email: known("Jenkins@acme.example"),
            other_emails: Fact::Known(vec!["ci@acme.example".to_owned()]),
            ..Principal::default()
        };
        let resources = vec![
            account("jira", "JIRAUSER1", "Build robot", named("svc-jenkins")),
            account("wiki", "4028", "Build robot", named("SVC-Jenkins")),
            account("cloud", "5b", "svc-jenkins", Principal::default()),
            account("cloud", "6c", "Jenkins", mailed),
        ];
        Snapshot::seal(vec![Collection { authority: 0, resources, ledger: Vec::new() }])
    }

    fn found(name: &str, id: Option<&str>, source: Option<&str>) -> Vec<String> {
        let snapshot = estate();
        let account =
            DeclaredAccount { name: name.to_owned(), id: id.map(str::to_owned), source: source.map(str::to_owned) };
        let inventory = Inventory::new(&snapshot);
        resolve(&inventory, &account).iter().map(|one| one.id.to_string()).collect()
    }

    #[test]
    fn a_name_is_taken_in_the_surest_way_in_which_it_fits_anybody() {
        let both = ["jira/principal/JIRAUSER1", "wiki/principal/4028"];
        assert_eq!(found("svc-jenkins", None, None), both, "nobody becomes it by taking the name for display");
        assert_eq!(found("Build robot", None, None), both);
        assert_eq!(found("jenkins@ACME.example", None, None), ["cloud/principal/6c"]);
        assert_eq!(found("ci@acme.example", None, None), ["cloud/principal/6c"], "any address it is known by");
        assert_eq!(found("wiki/principal/4028", None, None), ["wiki/principal/4028"]);
        assert_eq!(found("JIRAUSER1", None, None), ["jira/principal/JIRAUSER1"]);
        assert_eq!(found("build robot", None, None), [""; 0], "displayed names are taken letter for letter");
        assert_eq!(found("", None, None), [""; 0]);
    }

    #[test]
    fn a_source_narrows_and_an_id_decides() {
        assert_eq!(found("svc-jenkins", None, Some("wiki")), ["wiki/principal/4028"]);
        assert_eq!(found("svc-jenkins", None, Some("cloud")), ["cloud/principal/5b"]);
        assert_eq!(found("old name", Some("JIRAUSER1"), None), ["jira/principal/JIRAUSER1"]);
        assert_eq!(found("svc-jenkins", Some("JIRAUSER9"), None), [""; 0], "the name may have passed to another");
        assert_eq!(found("svc-jenkins", Some("JIRAUSER1"), Some("wiki")), [""; 0]);
    }
}
