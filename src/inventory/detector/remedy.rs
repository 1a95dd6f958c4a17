//! What to do about an integration on a person's account: which account to make, what to give it, and the steps in an
//! order in which nothing breaks. All of it is worded here.

use super::conclude::{Conclusion, Finding};
use crate::inventory::{Inventory, called};
use crate::model::{Body, CredentialForm, Fact, Integration, Kind, Profile, Resource, ResourceId};

/// For how many days a credential may live where nobody said otherwise.
const LONGEST_DAYS: i64 = 365;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// A name for the new account that no account bears.
    pub account: String,
    /// True if the product has service accounts: they cannot log in and take no seat, up to the plan's quota.
    pub service_account: bool,
    /// Permissions that the system needs; empty if no profile says.
    pub permissions: Vec<String>,
    /// Where it needs them, by key; empty if the register does not say.
    pub containers: Vec<String>,
    /// The form of credential that it should use.
    pub form: CredentialForm,
    /// For how many days that should live at most.
    pub longest_days: i64,
    /// The steps, in order.
    pub steps: Vec<String>,
}

/// What to do about a conclusion.
#[must_use]
pub fn remedy(inventory: &Inventory<'_>, finding: &Finding) -> Remedy {
    let system = match finding.conclusion {
        Conclusion::RunsOnPerson(system) => system,
        Conclusion::BehavesLikeMachine => None,
    };
    let profile = system.and_then(|system| inventory.knowledge().profile(system));
    let token = finding.via.as_ref().and_then(|via| inventory.get(via));
    let declared = profile.and_then(|profile| declared(inventory, &finding.account, profile));
    let in_cloud = finding.account.tenant() == ResourceId::CLOUD;
    let account = free_name(inventory, profile, token);
    let permissions = profile.map(|profile| profile.permissions.clone()).unwrap_or_default();
    let permissions = declared.and_then(|body| body.permissions.known().cloned()).unwrap_or(permissions);
    let containers = declared.and_then(|body| body.containers.known().cloned()).unwrap_or_default();
    let longest = declared.and_then(|body| body.longest_days.known().copied());
    let longest_days = longest.or(profile.and_then(|profile| profile.longest_days)).unwrap_or(LONGEST_DAYS);
    let form = form(profile, in_cloud);
    let mut remedy =
        Remedy { account, service_account: in_cloud, permissions, containers, form, longest_days, steps: Vec::new() };
    remedy.steps = steps(inventory, finding, &remedy, profile, token, declared.is_some());
    remedy
}

fn declared<'a>(inventory: &Inventory<'a>, account: &ResourceId, profile: &Profile) -> Option<&'a Integration> {
    let of_system = |resource: &'a Resource| match &resource.body {
        Body::Integration(body) if body.system.known() == Some(&profile.id) => Some((&resource.id, body)),
        _ => None,
    };
    let mut found: Vec<_> = inventory.of_kind(Kind::Integration).filter_map(of_system).collect();
    let resolved = inventory.accounts_of_integrations();
    // The entry that names this account speaks of this use.
    found.sort_by_key(|(id, _)| !resolved.get(id).is_some_and(|all| all.iter().flatten().any(|one| one == account)));
    found.first().map(|(_, body)| *body)
}

/// `svc-jenkins`, or with a number behind it if somebody is called so already.
fn free_name(inventory: &Inventory<'_>, profile: Option<&Profile>, token: Option<&Resource>) -> String {
    let word = match (profile, token) {
        (Some(profile), _) => profile.id.clone(),
        (None, Some(token)) => slug(&token.name),
        (None, None) => "integration".to_owned(),
    };
    let base = format!("svc-{}", if word.is_empty() { "integration" } else { &word });
    let mut name = base.clone();
    let mut number = 2;
    while !called(inventory, &name).is_empty() {
        name = format!("{base}-{number}");
        number += 1;
    }
    name
}

/// Small letters, digits and dashes, at most forty.
fn slug(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' }).collect();
    let mut slug = plain.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase();
    slug.truncate(40);
    slug.trim_matches('-').to_owned()
}

/// The first of the usual forms that the system can use.
fn form(profile: Option<&Profile>, in_cloud: bool) -> CredentialForm {
    let usual: &[CredentialForm] = if in_cloud {
        &[CredentialForm::ApiToken, CredentialForm::OauthClient]
    } else {
        &[CredentialForm::PersonalAccessToken, CredentialForm::OauthConsumer]
    };
    let can =
        |form: &&CredentialForm| profile.is_none_or(|one| one.credential_forms.iter().any(|own| own == form.name()));
    usual.iter().find(can).or(usual.first()).copied().unwrap_or(CredentialForm::ApiToken)
}

fn steps(
    inventory: &Inventory<'_>,
    finding: &Finding,
    remedy: &Remedy,
    profile: Option<&Profile>,
    token: Option<&Resource>,
    is_declared: bool,
) -> Vec<String> {
    let Remedy { account, service_account, permissions, containers, form, longest_days, .. } = remedy;
    let person = inventory.name(&finding.account);
    let system = profile.map_or("the system", |profile| profile.title.as_str());
    let make = if *service_account {
        format!(
            "Make the service account {account}: Atlassian Administration > Directory > Service accounts. It cannot log in and takes no seat."
        )
    } else {
        format!(
            "Make the account {account} in the directory that the product reads; from Jira 11, Confluence 10 and Bitbucket 10 on a service account."
        )
    };
    let place = match containers.as_slice() {
        [] => "only the projects that it works in".to_owned(),
        keys => keys.join(", "),
    };
    let grant = match permissions.as_slice() {
        [] => format!("Give it, through a group of its own, what it needs in {place}, and no administrator's role."),
        needed => format!(
            "Give it {} through a group of its own, in {place}, and no administrator's role.",
            needed.join(", ")
        ),
    };
    let scoped = if *service_account && *form == CredentialForm::ApiToken { " with scopes" } else { "" };
    let new = format!("Make its {}{scoped}, to live {longest_days} days at most.", form.title());
    let (old, watched) = match token {
        Some(token) => (format!("“{}” of {person}", token.title()), format!("“{}”", token.title())),
        None => (format!("what {system} uses of {person}"), "the old credential".to_owned()),
    };
    let is_live =
        matches!(token.map(|token| &token.body), Some(Body::Credential(one)) if one.last_used_at.known().is_some());
    let last = if is_live {
        format!("the last use of {watched} must not move any more")
    } else {
        "nothing may use the old one any more".to_owned()
    };
    let mut steps = vec![
        make,
        grant,
        new,
        format!("Put it into {system} in place of {old}."),
        format!("Wait for one run, a night at least: the new one is used, and {last}."),
        format!("Only then revoke {old}."),
        format!("Take away from {person} what they held for {system} alone."),
    ];
    steps.push(if is_declared {
        format!("Name {account} in the register in place of {person}.")
    } else {
        format!("Declare {system} in the register, with its owner and {account}.")
    });
    if let Some(Fact::Known(mail)) = inventory.principal(&finding.account).map(|account| &account.email) {
        // Who uses it knows best where it is set.
        steps.insert(
            0,
            format!("Ask {person} ({mail}) where {system} is set up: the evidence is strong, and no proof."),
        );
    }
    steps
}
