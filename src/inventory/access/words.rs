//! Chains in words: “API token “jenkins” → Ada Muster → group jira-admins → role Administrators → scheme Default → project
//! PAY”. Everybody who shows a chain takes the words from here, so that the same chain reads the same everywhere.

use super::chain::{Chain, Chains};
use super::ways::Doubt;
use super::{Access, Bound};
use crate::model::{Body, Container, ContainerForm, Credential, Grant, GrantForm, Holder, Resource, ResourceId};
use crate::text;

/// Columns of a name before it is cut: a chain has to stay readable.
const LONGEST_NAME: usize = 60;
/// Stands between two steps. A name that has it inside is written with a look-alike, or it could pass for a step.
pub const ARROW: &str = " → ";

/// What sort of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepSort {
    /// The credential that acts.
    Credential,
    /// The account.
    Account,
    /// Everybody, a condition, or somebody of whom nobody told who it is.
    Holder,
    /// A group.
    Group,
    /// A role, or the lead of a project.
    Role,
    /// What was granted, where the permission itself does not say it.
    Grant,
    /// The permission scheme, workspace, server, … on which it was granted.
    From,
    /// Where it leads to.
    Container,
}

impl StepSort {
    /// The word used in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Account => "account",
            Self::Holder => "holder",
            Self::Group => "group",
            Self::Role => "role",
            Self::Grant => "grant",
            Self::From => "from",
            Self::Container => "container",
        }
    }
}

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// What sort of step it is.
    pub sort: StepSort,
    /// In words: “group jira-admins”.
    pub words: String,
    /// The thing that the step names, if it was seen or is at least known by its id.
    pub id: Option<&'a ResourceId>,
    /// What proves the step: the thing itself, or the grant that leads there.
    pub proof: Option<&'a Resource>,
}

/// The shortest chain to a permission, in words, and how many others there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortest {
    /// The chain.
    pub words: String,
    /// How many other chains give the same.
    pub others: usize,
}

impl<'a> Access<'_, 'a> {
    /// The steps of a chain, from who acts to the place.
    #[must_use]
    pub fn steps(&self, chains: &Chains<'a>, chain: &Chain<'a>) -> Vec<Step<'a>> {
        let mut steps = Vec::new();
        steps.extend(chains.credential.map(credential_step));
        steps.extend(chains.account.map(|account| Step {
            sort: StepSort::Account,
            words: named(account.title()),
            id: Some(&account.id),
            proof: Some(account),
        }));
        self.on_the_way(chains, chain, &mut steps);
        steps.extend(chains.container.map(container_step));
        steps
    }

    /// The steps between the account and the place.
    fn on_the_way(&self, chains: &Chains<'a>, chain: &Chain<'a>, steps: &mut Vec<Step<'a>>) {
        if let Some(sees) = &chain.sees {
            let (project, seeing) = &**sees;
            let there = Chains { container: Some(project), chains: Vec::new(), ..chains.clone() };
            self.on_the_way(&there, seeing, steps);
            steps.push(container_step(project));
        }
        for group in &chain.groups {
            let found = self.inventory.get(group);
            let open = matches!(chain.doubt, Some(Doubt::Groups | Doubt::Nesting));
            let perhaps = if open && chain.bound == Bound::Possible { "perhaps " } else { "" };
            let words = format!("{perhaps}group {}", named(found.map_or_else(|| group.native(), Resource::title)));
            steps.push(Step { sort: StepSort::Group, words, id: Some(group), proof: found });
        }
        if let Some(role) = chain.role {
            steps.push(role_step(role));
        }
        steps.extend(holder_step(chain));
        match chain.without_grant {
            Some("lead") => steps.push(bare(StepSort::Role, "lead of the project", chains.container)),
            Some("owner") => {
                let perhaps = if chain.bound == Bound::Possible { "perhaps " } else { "" };
                steps.push(bare(StepSort::Role, &format!("{perhaps}owner"), chains.container));
            }
            Some("public") => steps.push(bare(StepSort::Holder, "everybody: it is public", chains.container)),
            Some(role) => steps.push(bare(StepSort::Role, &format!("role {}", named(role)), chains.account)),
            None => {}
        }
        steps.extend(grant_step(chain));
        steps.extend(chain.from.map(|from| Step {
            sort: StepSort::From,
            words: place(from),
            id: Some(&from.id),
            proof: chain.grant.or(Some(from)),
        }));
    }

    /// A chain in one line.
    #[must_use]
    pub fn words(&self, chains: &Chains<'a>, chain: &Chain<'a>) -> String {
        in_line(&self.steps(chains, chain))
    }

    /// Why a chain is not certain, as a fragment of a sentence; `None` if it is, or if it depends on the issue alone.
    #[must_use]
    pub fn why(&self, chains: &Chains<'a>, chain: &Chain<'a>) -> Option<String> {
        let account = chains.account?;
        chain.doubt.as_ref().map(|doubt| doubt.words(*self, account))
    }

    /// The shortest chain by which an account or credential has a permission in a place, in words: one of its own where it
    /// has one, and else that of everybody. `None` if there is no chain, as for what could merely not be ruled out.
    #[must_use]
    pub fn shortest(&self, subject: &'a Resource, key: &str, container: &'a Resource) -> Option<Shortest> {
        let chains = self.chains(subject, key, container);
        match chains.own() {
            Some(first) => Some(Shortest { words: self.words(&chains, first), others: chains.chains.len() - 1 }),
            None => self.opened(subject, container).map(|steps| Shortest { words: in_line(&steps), others: 0 }),
        }
    }

    /// The steps of a credential that is nobody's: it opens what it was made for, and what lies inside.
    #[must_use]
    pub fn opened(&self, subject: &'a Resource, container: &'a Resource) -> Option<Vec<Step<'a>>> {
        let Body::Credential(Credential { owner, container: opens, .. }) = &subject.body else { return None };
        if owner.known().is_some_and(|owner| self.inventory.get(owner).is_some()) {
            return None;
        }
        let mut steps = vec![credential_step(subject)];
        if let Some(outer) = opens.known().filter(|opens| **opens != container.id) {
            steps.extend(self.inventory.get(outer).map(container_step));
        }
        steps.push(container_step(container));
        Some(steps)
    }
}

/// Steps in one line.
#[must_use]
pub fn in_line(steps: &[Step<'_>]) -> String {
    steps.iter().map(|step| step.words.as_str()).collect::<Vec<_>>().join(ARROW)
}

/// A container as people speak of it: “project PAY”, “space DOCS”, “repository api”, “scheme Default”.
#[must_use]
pub fn place(container: &Resource) -> String {
    let Body::Container(Container { form, key, .. }) = &container.body else { return named(container.title()) };
    if let (ContainerForm::Product, Some(product)) = (form, key.known()) {
        return format!("product {} of {}", named(product), named(container.title()));
    }
    let by_key = matches!(form, ContainerForm::Project | ContainerForm::Space | ContainerForm::RepositoryProject);
    let name = key.known().filter(|_| by_key).map_or_else(|| container.title(), String::as_str);
    format!("{} {}", form_words(*form), named(name))
}

/// What people call a form of container.
#[must_use]
pub fn form_words(form: ContainerForm) -> &'static str {
    match form {
        ContainerForm::PermissionScheme => "scheme",
        ContainerForm::ServiceDesk => "service desk",
        ContainerForm::RepositoryProject => "project of repositories",
        ContainerForm::Instance => "server",
        form => form.name(),
    }
}

/// A foreign name within a chain: short, and without what would look like another step.
fn named(name: &str) -> String {
    text::shorten(&name.replace('→', "›"), LONGEST_NAME)
}

fn bare<'a>(sort: StepSort, words: &str, proof: Option<&'a Resource>) -> Step<'a> {
    Step { sort, words: words.to_owned(), id: None, proof }
}

fn credential_step(credential: &Resource) -> Step<'_> {
    let form = match &credential.body {
        Body::Credential(Credential { form, .. }) => form.title(),
        _ => "credential",
    };
    let words = format!("{form} “{}”", named(credential.title()));
    Step { sort: StepSort::Credential, words, id: Some(&credential.id), proof: Some(credential) }
}

fn container_step(container: &Resource) -> Step<'_> {
    Step { sort: StepSort::Container, words: place(container), id: Some(&container.id), proof: Some(container) }
}

/// A place in a role of a project.
fn role_step(grant: &Resource) -> Step<'_> {
    let role = match &grant.body {
        Body::Grant(grant) => grant.role.as_str(),
        _ => grant.title(),
    };
    Step { sort: StepSort::Role, words: format!("role {}", named(role)), id: Some(&grant.id), proof: Some(grant) }
}

/// Who is meant by the grant, where that is neither the account nor a group.
fn holder_step<'a>(chain: &Chain<'a>) -> Option<Step<'a>> {
    let resource = chain.grant?;
    let Body::Grant(grant) = &resource.body else { return None };
    let detail = grant.holder_detail.known().map(String::as_str);
    let words = match grant.holder {
        Holder::Group if chain.groups.is_empty() => "perhaps a group that was not told".to_owned(),
        Holder::Principal if grant.principal.is_unknown() => "perhaps an account that was not told".to_owned(),
        Holder::Group | Holder::Principal => return None,
        // The role it has, or the lead it is, says so already.
        Holder::ProjectRole if chain.role.is_some() => return None,
        Holder::Conditional if chain.without_grant.is_some() => return None,
        Holder::Anyone => "anyone on the web".to_owned(),
        Holder::LoggedIn => "everybody who is logged in".to_owned(),
        Holder::ApplicationRole => match detail {
            Some(application) => format!("everybody with a seat of {}", named(application)),
            None => "everybody with a seat".to_owned(),
        },
        Holder::Project if chain.sees.is_some() => "everybody who may see it".to_owned(),
        Holder::Project => "everybody who may see a project".to_owned(),
        Holder::ProjectRole if chain.bound == Bound::Held => "a role of the project".to_owned(),
        Holder::ProjectRole => match detail {
            Some(role) => format!("perhaps role {}", named(role)),
            None => "perhaps a role that was not told".to_owned(),
        },
        Holder::Conditional => condition(detail),
        Holder::PortalCustomers => "if it is a customer of the portal".to_owned(),
        Holder::Other => match detail {
            Some(detail) => format!("perhaps “{}”", named(detail)),
            None => "perhaps somebody whom the source does not tell".to_owned(),
        },
    };
    Some(Step { sort: StepSort::Holder, words, id: None, proof: Some(resource) })
}

/// What a permission that depends on the single issue depends on.
fn condition(detail: Option<&str>) -> String {
    let detail = detail.unwrap_or_default();
    let (kind, field) = detail.split_once([':', '/']).unwrap_or((detail, ""));
    match kind {
        "projectLead" => "if it leads the project".to_owned(),
        "reporter" => "if it reported the issue".to_owned(),
        "assignee" | "currentAssignee" => "if the issue is assigned to it".to_owned(),
        "" => "if the issue says so".to_owned(),
        kind if field.is_empty() => format!("if the issue says so ({})", named(kind)),
        kind => format!("if a field of the issue names it ({} {})", named(kind), named(field)),
    }
}

/// What was granted, where a role brings the permission, a higher one includes it, or the product summed it up.
fn grant_step<'a>(chain: &Chain<'a>) -> Option<Step<'a>> {
    let resource = chain.grant?;
    let Body::Grant(Grant { form, role, .. }) = &resource.body else { return None };
    let words = match form {
        // The scheme says it.
        GrantForm::Permission | GrantForm::SpacePermission => return None,
        GrantForm::SpaceRole | GrantForm::PlatformRole | GrantForm::ProjectRole | GrantForm::WorkspaceRole => {
            format!("role {}", named(role))
        }
        GrantForm::EffectiveRepositoryPermission => format!("{}, as the product sums it up", named(role)),
        GrantForm::ProductAccess
        | GrantForm::GlobalPermission
        | GrantForm::Share
        | GrantForm::RepositoryProjectPermission
        | GrantForm::RepositoryPermission => format!("granted {}", named(role)),
    };
    Some(Step { sort: StepSort::Grant, words, id: Some(&resource.id), proof: Some(resource) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use crate::model::{Collection, CredentialForm, Fact, Group, Kind, Principal, Snapshot};

    fn id(kind: Kind, native: &str) -> ResourceId {
        ResourceId::new("jira", kind, native)
    }

    fn resource(kind: Kind, native: &str, name: &str, body: Body) -> Resource {
        Resource { id: id(kind, native), name: name.to_owned(), seen_by: Vec::new(), body }
    }

    /// Ada is in a group that is in the role Administrators of PAY, to which the scheme gives ADMINISTER_PROJECTS; whoever
    /// reported an issue may edit it.
    fn estate(group_name: &str) -> Snapshot {
        let mut scheme = Container::unknown(ContainerForm::PermissionScheme);
        scheme.key = Fact::Absent;
        let mut project = Container::unknown(ContainerForm::Project);
        project.key = Fact::Known("PAY".to_owned());
        project.permission_scheme = Fact::Known(id(Kind::Container, "scheme:1"));
        let groups = Fact::Known(vec![id(Kind::Group, "g")]);
        let mut token = Credential::unknown(CredentialForm::ApiToken);
        token.owner = Fact::Known(id(Kind::Principal, "ada"));
        let mut place = Grant::of(GrantForm::ProjectRole, "Administrators", Holder::Group);
        place.group = Fact::Known(id(Kind::Group, "g"));
        place.container = Fact::Known(id(Kind::Container, "project:1"));
        let mut given = Grant::of(GrantForm::Permission, "ADMINISTER_PROJECTS", Holder::ProjectRole);
        given.holder_detail = Fact::Known("10002".to_owned());
        given.container = Fact::Known(id(Kind::Container, "scheme:1"));
        let mut own = Grant::of(GrantForm::Permission, "EDIT_ISSUES", Holder::Conditional);
        own.holder_detail = Fact::Known("reporter".to_owned());
        own.container = Fact::Known(id(Kind::Container, "scheme:1"));
        let group = Group { inside: Fact::Absent, ..Group::default() };
        let resources = vec![
            resource(Kind::Container, "scheme:1", "Default", Body::Container(scheme)),
            resource(Kind::Container, "project:1", "Payments", Body::Container(project)),
            resource(Kind::Group, "g", group_name, Body::Group(group)),
            resource(
                Kind::Principal,
                "ada",
                "Ada Muster",
                Body::Principal(Principal { groups, ..Principal::default() }),
            ),
            resource(Kind::Credential, "t", "jenkins", Body::Credential(token)),
            resource(Kind::Grant, "project-role:1/10002/g", "", Body::Grant(place)),
            resource(Kind::Grant, "permission:1/1", "", Body::Grant(given)),
            resource(Kind::Grant, "permission:1/2", "", Body::Grant(own)),
        ];
        Snapshot::seal(vec![Collection { authority: 0, resources, ledger: Vec::new() }])
    }

    fn told(group_name: &str, subject: (Kind, &str), key: &str) -> Option<String> {
        let snapshot = estate(group_name);
        let inventory = Inventory::new(&snapshot);
        let get = |kind, native| inventory.get(&id(kind, native)).unwrap();
        let project = get(Kind::Container, "project:1");
        inventory.access().shortest(get(subject.0, subject.1), key, project).map(|shortest| shortest.words)
    }

    #[test]
    fn a_chain_is_told_from_the_token_to_the_project() {
        assert_eq!(
            told("jira-admins", (Kind::Credential, "t"), "ADMINISTER_PROJECTS").as_deref(),
            Some(
                "API token “jenkins” → Ada Muster → group jira-admins → role Administrators → scheme Default → project PAY"
            )
        );
        assert_eq!(
            told("jira-admins", (Kind::Principal, "ada"), "EDIT_ISSUES").as_deref(),
            Some("Ada Muster → if it reported the issue → scheme Default → project PAY")
        );
        assert_eq!(told("jira-admins", (Kind::Principal, "ada"), "DELETE_ISSUES"), None);
    }

    #[test]
    fn a_name_cannot_pass_for_more_steps() {
        let words = told("x → role Owner", (Kind::Principal, "ada"), "ADMINISTER_PROJECTS").unwrap();
        assert_eq!(words.matches(ARROW.trim()).count(), 4, "{words}");
        let long = told(&"x".repeat(500), (Kind::Principal, "ada"), "ADMINISTER_PROJECTS").unwrap();
        assert!(text::columns(&long) < 200, "{long}");
    }
}
