//! What limits a credential beside the rights of its owner.

use std::collections::HashMap;
use std::sync::Arc;

use super::outline::Outline;
use super::powers::included;
use super::reach::settle;
use super::{ANY, Access, Bound, List, Permission, Power, Reach, power_of};
use crate::model::{Body, Container, ContainerForm, Credential, CredentialForm, Fact, GrantForm, Resource};

/// What limits a credential beside the rights of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ceiling {
    /// Nothing: it may do all that its owner may. So it is with an account itself.
    Nothing,
    /// It may be limited, and nobody told how: the owner's rights are the upper bound.
    NotRevealed,
    /// These scopes, sorted.
    Scopes(Vec<String>),
    /// It is nobody's: it opens the one thing that it was made for.
    OneThing,
    /// It is the organisation's own.
    Organisation,
}

/// What scopes say about one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Yes,
    No,
    /// The words of the scopes were not all understood.
    Perhaps,
}

/// Says what a ceiling leaves of one permission in a container of a form.
type Judge = dyn Fn(ContainerForm, &Permission<'_>) -> Allowed;

impl<'a> Access<'_, 'a> {
    /// All that an account or a credential may do. Of another resource nothing.
    #[must_use]
    pub fn of(&self, subject: &'a Resource) -> Reach<'a> {
        self.spread(self.outline(subject))
    }

    /// The same in short.
    pub(super) fn outline(&self, subject: &'a Resource) -> Outline<'a> {
        match &subject.body {
            Body::Credential(credential) => self.of_credential(subject, credential),
            _ => self.outline_of_account(subject),
        }
    }

    fn of_credential(&self, subject: &'a Resource, credential: &'a Credential) -> Outline<'a> {
        if let Some(owner) = credential.owner.known().and_then(|owner| self.inventory.get(owner)) {
            return self.limited(self.outline_of_account(owner), subject, credential);
        }
        let mut reach = self.of_nobody(subject, credential);
        impersonate(&mut reach, credential);
        match &credential.owner {
            Fact::Known(id) => {
                reach.boundless = true;
                reach.doubts.push(format!("its owner {} was not seen", id.native()));
            }
            Fact::Unknown => {
                reach.boundless = true;
                reach.doubts.push("nobody told whose it is".to_owned());
            }
            Fact::Absent if acts_for_others(credential.form) => {
                reach.boundless = true;
                reach.doubts.push("it acts for whoever agreed to it, and nothing lists them".to_owned());
            }
            Fact::Absent => {}
        }
        reach
    }

    /// What its owner may do, as far as the credential may.
    pub(super) fn limited(&self, of_owner: Outline<'a>, subject: &'a Resource, credential: &Credential) -> Outline<'a> {
        let mut reach = Outline { subject, ceiling: ceiling(credential), ..of_owner };
        impersonate(&mut reach, credential);
        self.limit(&mut reach, credential);
        reach
    }

    /// Of a credential without an owner: the one thing that it opens, or the organisation.
    fn of_nobody(&self, subject: &'a Resource, credential: &'a Credential) -> Outline<'a> {
        let mut reach = Outline { ceiling: Ceiling::OneThing, ..Outline::nothing(subject) };
        if credential.form == CredentialForm::OrgApiKey {
            reach.ceiling = Ceiling::Organisation;
            self.organisation(&mut reach, credential);
        } else if let Fact::Known(container) = &credential.container {
            match self.inventory.get(container) {
                Some(container) => self.one_thing(&mut reach, credential, container),
                None => {
                    reach.boundless = true;
                    reach.doubts.push(format!("what it opens, {}, was not seen", container.native()));
                }
            }
        } else if !acts_for_others(credential.form) && credential.owner == Fact::Absent {
            reach.boundless = true;
            reach.doubts.push("nobody told what it opens".to_owned());
        }
        reach
    }

    /// A key of the organisation may do what its scopes say; without any it may do everything.
    fn organisation(&self, reach: &mut Outline<'a>, credential: &'a Credential) {
        let homes = self.index.organisations().iter().copied().filter(|at| {
            let one = self.inventory.resource(*at);
            one.seen_by.iter().any(|home| reach.subject.seen_by.iter().any(|seen| seen.source == home.source))
        });
        let homes: Vec<u32> = homes.collect();
        if homes.is_empty() {
            reach.boundless = true;
            reach.doubts.push("its organisation was not seen".to_owned());
        }
        let keys: Vec<(&'a str, Bound)> = match &credential.scopes {
            Fact::Known(scopes) if scopes.is_empty() => vec![("everything", Bound::Held)],
            Fact::Known(scopes) => scopes.iter().map(|scope| (scope.as_str(), Bound::Held)).collect(),
            Fact::Absent | Fact::Unknown => {
                reach.doubts.push("nobody told its scopes".to_owned());
                vec![(ANY, Bound::Possible)]
            }
        };
        let doubt = matches!(credential.scopes, Fact::Absent | Fact::Unknown)
            .then(|| u16::try_from(reach.doubts.len().saturating_sub(1)).unwrap_or(u16::MAX));
        let permissions: Vec<Permission<'a>> = keys
            .into_iter()
            .map(|(key, bound)| {
                let everything = key == ANY || key == "everything";
                let power = if everything { Power::AdministerAll } else { power_of_scope(key).unwrap_or(Power::Write) };
                Permission { key, bound, of_everybody: false, power, doubt }
            })
            .collect();
        let permissions = Arc::new(settle(permissions));
        reach.single = homes.into_iter().map(|at| (at, Arc::clone(&permissions))).collect();
    }

    /// A deploy key or access token: on its container, and in what lies inside.
    fn one_thing(&self, reach: &mut Outline<'a>, credential: &'a Credential, container: &'a Resource) {
        let (Some(at), Body::Container(body)) = (self.inventory.place(&container.id), &container.body) else { return };
        let in_the_cloud = self.index.is_on_server(container.id.tenant()) == Some(false);
        let words: Vec<&'a str> = match &credential.scopes {
            Fact::Known(scopes) => scopes.iter().map(String::as_str).collect(),
            // In the cloud such a key reads, and nothing else.
            _ if credential.form == CredentialForm::DeployKey && in_the_cloud => vec!["read"],
            _ => {
                reach.doubts.push("nobody told what it permits".to_owned());
                vec![ANY]
            }
        };
        let bound = if words == [ANY] { Bound::Possible } else { Bound::Held };
        let list = |form: ContainerForm| Arc::new(permissions(form, &unfolded(&words, form), bound));
        let (here, inside) = (list(body.form), list(ContainerForm::Repository));
        let inner = self.repositories_in(container, body.form).into_iter().map(|at| (at, Arc::clone(&inside)));
        reach.single = std::iter::once((at, here)).chain(inner).collect();
        reach.single.sort_by_key(|(at, _)| *at);
        reach.single.dedup_by_key(|(at, _)| *at);
    }

    /// The repositories in a project of repositories or in a workspace.
    fn repositories_in(&self, container: &'a Resource, form: ContainerForm) -> Vec<u32> {
        let mut found = Vec::new();
        for at in self.index.inside(&container.id) {
            let inner = self.inventory.resource(*at);
            match (form, &inner.body) {
                (
                    ContainerForm::Workspace | ContainerForm::RepositoryProject,
                    Body::Container(Container { form: ContainerForm::Repository, .. }),
                ) => found.push(*at),
                (
                    ContainerForm::Workspace,
                    Body::Container(Container { form: ContainerForm::RepositoryProject, .. }),
                ) => found.extend(self.repositories_in(inner, ContainerForm::RepositoryProject)),
                _ => {}
            }
        }
        found
    }

    /// Takes away what a credential may not do although its owner may.
    fn limit(&self, reach: &mut Outline<'a>, credential: &Credential) {
        let allowed: Box<Judge> = match (&reach.ceiling, credential.form) {
            (_, CredentialForm::SshKey) => Box::new(by_ssh),
            (Ceiling::NotRevealed, _) => Box::new(|_, _| Allowed::Perhaps),
            (Ceiling::Scopes(scopes), _) => {
                let opening = scopes.iter().filter(|scope| !OPENS_NOTHING.contains(&scope.as_str()));
                let scopes: Vec<Scope> = opening.map(|scope| Scope::read(scope)).collect();
                Box::new(move |form, one| by_scopes(&scopes, form, one))
            }
            (Ceiling::Nothing | Ceiling::OneThing | Ceiling::Organisation, _) => return,
        };
        let words = match &reach.ceiling {
            Ceiling::NotRevealed => "its scopes were not revealed: this is the most it may do, all that its owner may",
            _ => "its scopes are wider or narrower than single permissions: this is the most they may allow",
        };
        let doubt = u16::try_from(reach.doubts.len()).unwrap_or(u16::MAX);
        let mut doubted = false;
        let mut limited = |form: ContainerForm, one: &Permission<'a>| match allowed(form, one) {
            Allowed::Yes => Some(*one),
            Allowed::No => None,
            Allowed::Perhaps if one.bound == Bound::Possible => Some(*one),
            Allowed::Perhaps => {
                doubted = true;
                Some(Permission { bound: Bound::Possible, doubt: Some(doubt), ..*one })
            }
        };
        // Projects of one scheme share their list, before and after. What is replaced is kept until the end, so that no
        // other list comes to lie in its place.
        let mut shared: HashMap<(*const Vec<Permission<'a>>, ContainerForm), [List<'a>; 2]> = HashMap::new();
        let mut replace = |list: &mut List<'a>, form: ContainerForm| {
            let [_, kept] = shared.entry((Arc::as_ptr(list), form)).or_insert_with(|| {
                let kept = list.iter().filter_map(|one| limited(form, one)).collect();
                [Arc::clone(list), Arc::new(kept)]
            });
            *list = Arc::clone(kept);
        };
        reach.common.iter_mut().for_each(|(_, list)| replace(list, ContainerForm::Project));
        for (at, list) in &mut reach.single {
            if let Body::Container(container) = &self.inventory.resource(*at).body {
                replace(list, container.form);
            }
        }
        let of_product = |(id, one): &(_, Permission<'a>)| Some((*id, limited(ContainerForm::Product, one)?));
        reach.out_of_sight = reach.out_of_sight.iter().filter_map(of_product).collect();
        if doubted {
            reach.doubts.push(words.to_owned());
        }
    }
}

/// What may act as any account reaches further than anybody can tell.
fn impersonate(reach: &mut Outline<'_>, credential: &Credential) {
    if credential.impersonates == Fact::Known(true) {
        reach.boundless = true;
        reach.doubts.push("it may act as any account of the product".to_owned());
    }
}

/// An OAuth client that acts for whoever agreed to it.
fn acts_for_others(form: CredentialForm) -> bool {
    matches!(form, CredentialForm::IncomingLink | CredentialForm::OauthConsumer | CredentialForm::OauthClient)
}

/// What limits a credential of an account.
fn ceiling(credential: &Credential) -> Ceiling {
    match (&credential.scopes, credential.form) {
        (_, CredentialForm::SshKey) => Ceiling::OneThing,
        // What cannot be limited comes without an entry, and so does what was not.
        (Fact::Known(scopes), _) if scopes.is_empty() => Ceiling::Nothing,
        (Fact::Known(scopes), _) => Ceiling::Scopes(scopes.clone()),
        (Fact::Absent, _) => Ceiling::Nothing,
        (Fact::Unknown, _) => Ceiling::NotRevealed,
    }
}

fn permissions<'a>(form: ContainerForm, keys: &[&'a str], bound: Bound) -> Vec<Permission<'a>> {
    let doubt = (bound == Bound::Possible).then_some(0);
    let one = |key: &&'a str| Permission { key, bound, of_everybody: false, power: power_of(form, key), doubt };
    settle(keys.iter().map(one).collect())
}

/// The permissions that words such as `PROJECT_READ` or `REPO_WRITE` stand for in a container of a form.
fn unfolded<'a>(words: &[&'a str], form: ContainerForm) -> Vec<&'a str> {
    let grant_form = match form {
        ContainerForm::RepositoryProject => GrantForm::RepositoryProjectPermission,
        _ => GrantForm::RepositoryPermission,
    };
    let mut keys = Vec::new();
    for word in words {
        let word = match form {
            ContainerForm::RepositoryProject if word.starts_with("REPO_") && *word != "REPO_CREATE" => continue,
            ContainerForm::Repository => in_repositories(word),
            _ => word,
        };
        // A word that is on no ladder stands for itself.
        keys.push(word);
        keys.extend(included(grant_form, word));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What a word about a whole project of a Bitbucket server means in its repositories.
fn in_repositories(word: &str) -> &str {
    match word {
        "PROJECT_READ" => "REPO_READ",
        "PROJECT_WRITE" | "REPO_CREATE" => "REPO_WRITE",
        "PROJECT_ADMIN" => "REPO_ADMIN",
        word => word,
    }
}

/// With a public key one reads and writes repositories, whatever else its owner may do.
fn by_ssh(form: ContainerForm, one: &Permission<'_>) -> Allowed {
    let moves_code = matches!(one.key, "read" | "write" | "REPO_READ" | "REPO_WRITE");
    match (form, moves_code, one.key == ANY) {
        (ContainerForm::Repository, true, _) => Allowed::Yes,
        (ContainerForm::Repository, _, true) => Allowed::Perhaps,
        _ => Allowed::No,
    }
}

/// A scope: `write:jira-work`, `read:issue:jira`, `REPO_WRITE`.
#[derive(Debug, Clone)]
struct Scope {
    /// `None` of a word that nobody described.
    power: Option<Power>,
    /// True if it includes all of less power, as the words of self-hosted products do.
    includes_less: bool,
    product: Option<&'static str>,
    /// True if it stands for all of that power in the product, as classic scopes do.
    broad: bool,
    server_word: Option<String>,
}

/// The power of a scope by its first word; `None` if nobody described that.
fn power_of_scope(scope: &str) -> Option<Power> {
    let verb = scope.split([':', '_', '.']).next().unwrap_or_default().to_ascii_lowercase();
    match verb.as_str() {
        "read" | "view" | "search" => Some(Power::Read),
        "write" | "create" | "update" | "edit" => Some(Power::Write),
        "delete" => Some(Power::Destroy),
        "manage" | "admin" | "administer" | "system" => Some(Power::AdministerAll),
        _ => None,
    }
}

/// Scopes that say who somebody is, or for how long, and open nothing.
const OPENS_NOTHING: [&str; 4] = ["email", "offline_access", "openid", "profile"];

impl Scope {
    fn read(scope: &str) -> Self {
        let server = scope.starts_with("REPO_") || scope.starts_with("PROJECT_");
        let parts: Vec<&str> = scope.split(':').collect();
        let thing = parts.get(1).copied().unwrap_or_default();
        let product = match (parts.get(2).copied(), thing) {
            (Some("jira" | "jira-software" | "jira-service-management"), _) => Some("jira"),
            (Some("confluence"), _) => Some("confluence"),
            (Some("bitbucket"), _) => Some("bitbucket"),
            (None, thing) if thing.starts_with("jira-") || thing.starts_with("servicedesk") => Some("jira"),
            (None, thing) if thing.starts_with("confluence-") => Some("confluence"),
            (None, "repository" | "pullrequest" | "workspace" | "project" | "pipeline") => Some("bitbucket"),
            _ => None,
        };
        let broad = parts.len() == 2 && matches!(thing, "jira-work" | "jira-project" | "jira-configuration");
        let power = match (power_of_scope(scope), thing) {
            (Some(Power::AdministerAll), "jira-project") => Some(Power::Administer),
            (power, _) => power,
        };
        let includes_less = matches!(scope, "READ" | "WRITE" | "ADMIN" | "SYSTEM_ADMIN");
        Self { power, includes_less, product, broad, server_word: server.then(|| scope.to_owned()) }
    }
}

fn product_of(form: ContainerForm) -> Option<&'static str> {
    match form {
        ContainerForm::Project | ContainerForm::Filter | ContainerForm::Dashboard => Some("jira"),
        ContainerForm::Space => Some("confluence"),
        ContainerForm::Workspace | ContainerForm::RepositoryProject | ContainerForm::Repository => Some("bitbucket"),
        _ => None,
    }
}

/// What scopes allow of a permission of the owner. `read:jira-work` allows all reading of Jira; of a finer scope it is
/// only certain that it allows nothing of more power, and nothing in another product.
fn by_scopes(scopes: &[Scope], form: ContainerForm, one: &Permission<'_>) -> Allowed {
    let product = product_of(form);
    if scopes.iter().any(|scope| scope.server_word.is_some()) {
        return by_server_words(scopes, form, one);
    }
    let mut answer = Allowed::No;
    for scope in scopes {
        let elsewhere = scope.product.is_some() && product.is_some() && scope.product != product;
        if elsewhere {
            continue;
        }
        let same = scope.product.is_some() && scope.product == product;
        let Some(power) = scope.power else {
            answer = Allowed::Perhaps;
            continue;
        };
        let of_power = match one.power {
            _ if scope.includes_less && one.power <= power => true,
            Power::Read => power == Power::Read,
            Power::Write | Power::Destroy => matches!(power, Power::Write | Power::Destroy),
            Power::Administer => matches!(power, Power::Administer | Power::AdministerAll),
            Power::AdministerAll => power == Power::AdministerAll,
        };
        if one.key == ANY || (of_power && !(same && scope.broad)) {
            answer = Allowed::Perhaps;
        } else if of_power {
            return Allowed::Yes;
        }
    }
    answer
}

/// The words of Bitbucket servers are on the ladders of its permissions: the highest of each sort is the limit.
fn by_server_words(scopes: &[Scope], form: ContainerForm, one: &Permission<'_>) -> Allowed {
    let words: Vec<&str> = scopes.iter().filter_map(|scope| scope.server_word.as_deref()).collect();
    match form {
        ContainerForm::RepositoryProject | ContainerForm::Repository if one.key == ANY => Allowed::Perhaps,
        ContainerForm::RepositoryProject | ContainerForm::Repository => {
            let reaches = |word: &&str| {
                let grant_form = match form {
                    ContainerForm::RepositoryProject => GrantForm::RepositoryProjectPermission,
                    _ => GrantForm::RepositoryPermission,
                };
                let here = if form == ContainerForm::Repository { in_repositories(word) } else { *word };
                included(grant_form, here).contains(&one.key)
            };
            if words.iter().any(reaches) { Allowed::Yes } else { Allowed::No }
        }
        _ => Allowed::No,
    }
}
