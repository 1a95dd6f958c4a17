//! What an acceptance rests on, kind by kind: of a credential its owner, end and scopes, of a grant who is meant and where, and
//! so on. Names, labels, dates of use and descriptions are left out: they say nothing about power.

use super::{Facts, Item, access};
use crate::inventory::Inventory;
use crate::model::{
    App, Automation, Body, Container, ContainerForm, Credential, CredentialForm, DeclaredAccount, Fact, Grant, Group,
    Holder, Integration, Kind, Person, Principal, Resource, ResourceId, Setting, SourceName, Variable, Webhook,
};

/// Tells the facts of a resource.
pub(super) fn tell<'a>(resource: &'a Resource, inventory: &Inventory<'a>, facts: &mut Facts) {
    match &resource.body {
        Body::Credential(body) => credential(resource, body, inventory, facts),
        Body::Principal(body) => principal(resource, body, inventory, facts),
        Body::Group(body) => group(resource, body, inventory, facts),
        Body::Container(body) => container(resource, body, inventory, facts),
        Body::Grant(body) => grant(body, inventory, facts),
        Body::App(body) => app(body, inventory, facts),
        Body::Webhook(body) => webhook(body, inventory, facts),
        Body::Automation(body) => automation(body, inventory, facts),
        Body::Variable(body) => variable(body, inventory, facts),
        Body::Setting(body) => setting(body, inventory, facts),
        Body::Integration(body) => integration(body, facts),
        Body::Person(body) => person(body, facts),
    }
}

fn credential<'a>(resource: &'a Resource, body: &Credential, inventory: &Inventory<'a>, facts: &mut Facts) {
    facts.say("form", body.form.name());
    let stopped = |status: &&String| matches!(status.as_str(), "blocked" | "expired" | "revoked");
    if let Some(status) = facts.fact("status", &body.status).filter(|status| !stopped(status)) {
        facts.say("status", status);
    }
    match body.expires_at {
        Fact::Known(end) => facts.say("ends", end.date_naive()),
        Fact::Absent => facts.say("ends", "never"),
        Fact::Unknown => facts.untold("ends", "the source did not tell"),
    }
    scopes(body, facts);
    // Of what acts as an account nobody says what it opens.
    let opens_one_thing = matches!(body.form, CredentialForm::DeployKey | CredentialForm::AccessToken);
    if opens_one_thing || !body.container.is_unknown() {
        on(&body.container, inventory, facts);
    }
    let for_others =
        matches!(body.form, CredentialForm::OauthClient | CredentialForm::OauthConsumer | CredentialForm::IncomingLink);
    if for_others {
        let acts_for = facts.fact("acts-for", &body.acts_for).into_iter().flatten();
        facts.ids("acts-for", "accounts", acts_for, inventory);
        texts("sends-to", &body.hosts, facts);
    }
    if body.impersonates == Fact::Known(true) || for_others && facts.fact("acts-as", &body.impersonates) == Some(&true)
    {
        facts.say("acts-as", "any account of the product");
    }
    match (&body.owner, facts.fact("owner", &body.owner)) {
        (_, Some(owner)) => {
            facts.name("owner", owner, inventory);
            access::behind(owner, inventory, facts);
        }
        (Fact::Absent, None) => {
            access::reach(resource, inventory, facts);
            let shows_it = |source: &SourceName| resource.seen_by.iter().any(|sighting| sighting.source == *source);
            facts.gaps_of(inventory, shows_it);
        }
        _ => {}
    }
}

/// An organisation key without scopes may do everything, and a token that has none is as good as its owner.
fn scopes(body: &Credential, facts: &mut Facts) {
    match &body.scopes {
        Fact::Known(scopes) if scopes.is_empty() && body.form == CredentialForm::OrgApiKey => facts.say("scope", "*"),
        Fact::Known(scopes) => facts.list("scope", "scopes", scopes.iter().cloned().map(Item::plain)),
        Fact::Absent => facts.say("scope", "*"),
        Fact::Unknown => facts.untold("scope", "the source does not reveal scopes"),
    }
}

fn principal(resource: &Resource, body: &Principal, inventory: &Inventory<'_>, facts: &mut Facts) {
    if let Some(sort) = facts.fact("type", &body.account_type) {
        facts.say("type", sort.name());
    }
    if facts.fact("mfa", &body.mfa) == Some(&false) {
        facts.say("mfa", "off");
    }
    access::behind(&resource.id, inventory, facts);
}

fn group(resource: &Resource, body: &Group, inventory: &Inventory<'_>, facts: &mut Facts) {
    for (product, access) in [("jira", &body.jira_access), ("confluence", &body.confluence_access)] {
        let topic = if product == "jira" { "opens-jira" } else { "opens-confluence" };
        for word in facts.fact(topic, access).into_iter().flatten() {
            facts.say(topic, word);
        }
    }
    if facts.fact("administers-product", &body.administers) == Some(&true) {
        facts.say("administers-product", "yes");
    }
    if let Some(inside) = facts.fact("inside", &body.inside) {
        facts.ids("inside", "groups", inside, inventory);
    }
    let is_member = |account: &&Resource| match &account.body {
        Body::Principal(Principal { groups, groups_at_least, workspace_groups, .. }) => {
            let mut lists = [groups, groups_at_least, workspace_groups].into_iter().filter_map(Fact::known);
            lists.any(|list| list.contains(&resource.id))
        }
        _ => false,
    };
    facts.ids("member", "members", inventory.of_kind(Kind::Principal).filter(is_member).map(|one| &one.id), inventory);
    if body.members_told != Fact::Known(true) {
        facts.untold("member", "the list of its members was not read whole");
    }
    access::grants(&resource.id, inventory, facts);
    facts.gaps_of(inventory, |source| inventory.may_know_accounts_of(resource.id.tenant(), source));
}

fn container(resource: &Resource, body: &Container, inventory: &Inventory<'_>, facts: &mut Facts) {
    facts.say("form", body.form.name());
    if body.public == Fact::Known(true) {
        facts.say("public", "yes");
    }
    if body.pipelines_enabled == Fact::Known(true) {
        facts.say("pipelines", "on");
    }
    for (topic, account) in [("lead", &body.lead), ("owner", &body.owner)] {
        if let Fact::Known(account) = account {
            facts.name(topic, account, inventory);
        }
    }
    let mut places = vec![&resource.id];
    if body.form == ContainerForm::Project
        && let Some(scheme) = facts.fact("scheme", &body.permission_scheme)
    {
        facts.name("scheme", scheme, inventory);
        places.push(scheme);
    }
    let on = places.into_iter().flat_map(|place| inventory.grants_on(place));
    facts.list("grant", "grants", on.filter_map(|one| given(one, inventory)));
    let shows_it = |source: &SourceName| resource.seen_by.iter().any(|sighting| sighting.source == *source);
    facts.gaps_of(inventory, shows_it);
}

/// A grant as `permission BROWSE_PROJECTS to anyone`, with the name of its holder.
fn given(resource: &Resource, inventory: &Inventory<'_>) -> Option<Item> {
    let Body::Grant(grant) = &resource.body else { return None };
    let id = grant.principal.known().or(grant.group.known());
    let detail = grant.holder_detail.known().map(String::as_str);
    let to = id.map(ResourceId::as_str).or(detail).map(|to| format!(" {to}")).unwrap_or_default();
    let name = id.and_then(|id| inventory.get(id)).map(|holder| format!("{} to {}", grant.role, holder.title()));
    Some(Item { name, ..Item::plain(format!("{} {} to {}{to}", grant.form.name(), grant.role, grant.holder.name())) })
}

fn grant(body: &Grant, inventory: &Inventory<'_>, facts: &mut Facts) {
    facts.say("form", body.form.name());
    facts.say("permission", &body.role);
    facts.say("holder", body.holder.name());
    // Who is meant is told where the holder is somebody, what else is told where it is something.
    let (account, group) = (body.holder == Holder::Principal, body.holder == Holder::Group);
    for (topic, id, is_meant) in [("to-account", &body.principal, account), ("to-group", &body.group, group)] {
        if is_meant && let Some(id) = facts.fact(topic, id) {
            facts.name(topic, id, inventory);
        }
    }
    let everybody = matches!(body.holder, Holder::Anyone | Holder::LoggedIn);
    if !(account || group || everybody)
        && let Some(detail) = facts.fact("holder-detail", &body.holder_detail)
    {
        facts.say("holder-detail", detail);
    }
    for permit in body.permits.known().into_iter().flatten() {
        facts.say("permits", permit);
    }
    on(&body.container, inventory, facts);
    let scheme = body.container.known().filter(|id| {
        let scheme =
            |one: &Resource| matches!(&one.body, Body::Container(one) if one.form == ContainerForm::PermissionScheme);
        inventory.get(id).is_some_and(scheme)
    });
    if let Some(scheme) = scheme {
        facts.say("projects", inventory.projects_using(scheme));
        if !inventory.schemes_told() || !inventory.all_seen(Kind::Container, &["project"]) {
            facts.untold("projects", "not every project told which permission scheme it uses");
        }
    }
}

fn app(body: &App, inventory: &Inventory<'_>, facts: &mut Facts) {
    facts.say("form", body.form.name());
    if let Some(key) = facts.fact("key", &body.key) {
        facts.say("key", key);
    }
    if facts.fact("enabled", &body.enabled) == Some(&true) {
        facts.say("enabled", "yes");
    }
    on(&body.container, inventory, facts);
    if let Some(accounts) = facts.fact("acts-for", &body.acts_for) {
        facts.ids("acts-for", "accounts", accounts, inventory);
    }
    if let Some(address) = facts.fact("address", &body.address) {
        facts.say("address", address);
    }
    texts("lets-in", &body.access, facts);
}

fn webhook(body: &Webhook, inventory: &Inventory<'_>, facts: &mut Facts) {
    on(&body.container, inventory, facts);
    if let Some(address) = facts.fact("address", &body.address) {
        facts.say("address", address);
    }
    if facts.fact("enabled", &body.enabled) == Some(&true) {
        facts.say("enabled", "yes");
    }
    // Each of these is worse with one of its values.
    for (topic, fact, worse) in [
        ("secret-in-url", &body.secret_in_url, true),
        ("signed", &body.signed, false),
        ("verifies-certificate", &body.verifies_certificate, false),
    ] {
        if facts.fact(topic, fact) == Some(&worse) {
            facts.say(topic, if worse { "yes" } else { "no" });
        }
    }
    texts("sent-for", &body.events, facts);
}

fn automation(body: &Automation, inventory: &Inventory<'_>, facts: &mut Facts) {
    on(&body.container, inventory, facts);
    if let Some(status) = facts.fact("status", &body.status).filter(|status| status.as_str() != "disabled") {
        facts.say("status", status);
    }
    match &body.limited_to {
        Fact::Absent => facts.say("works-in", "*"),
        limited => texts("works-in", limited, facts),
    }
    if let Some(actor) = facts.fact("actor", &body.actor) {
        facts.name("actor", actor, inventory);
        access::behind(actor, inventory, facts);
    }
}

fn variable(body: &Variable, inventory: &Inventory<'_>, facts: &mut Facts) {
    facts.say("level", body.level.name());
    on(&body.container, inventory, facts);
    if let Some(environment) = facts.fact("environment", &body.environment) {
        facts.say("environment", environment);
    }
    for (topic, fact) in [("secured", &body.secured), ("admin-only", &body.admin_only)] {
        if facts.fact(topic, fact) == Some(&false) {
            facts.say(topic, "no");
        }
    }
}

fn setting(body: &Setting, inventory: &Inventory<'_>, facts: &mut Facts) {
    facts.say("key", &body.key);
    for (topic, fact) in [("value", &body.value), ("detail", &body.detail)] {
        if let Some(text) = facts.fact(topic, fact) {
            facts.say(topic, text);
        }
    }
    if let Fact::Known(container) = &body.container {
        facts.name("on", container, inventory);
    }
    texts("exception", &body.exceptions, facts);
}

fn integration(body: &Integration, facts: &mut Facts) {
    for (topic, fact) in [("owner-mail", &body.owner_email), ("team", &body.team), ("environment", &body.environment)] {
        if let Some(text) = facts.fact(topic, fact) {
            facts.say(topic, text);
        }
    }
    let accounts = facts.fact("account", &body.accounts).into_iter().flatten();
    let accounts: Vec<Item> = accounts.map(|DeclaredAccount { name, .. }| Item::plain(name.clone())).collect();
    facts.list("account", "accounts", accounts);
    // What is not limited may be anything.
    for (topic, fact) in [
        ("works-in", &body.containers),
        ("needs", &body.permissions),
        ("may-use", &body.credential_forms),
        ("sends-to", &body.webhook_hosts),
    ] {
        match fact {
            Fact::Absent => facts.say(topic, "*"),
            limited => texts(topic, limited, facts),
        }
    }
}

fn person(body: &Person, facts: &mut Facts) {
    if let Some(email) = facts.fact("email", &body.email) {
        facts.say("email", email);
    }
    match body.employed_until {
        Fact::Known(end) => facts.say("ends", end.date_naive()),
        Fact::Absent => facts.say("ends", "never"),
        Fact::Unknown => facts.untold("ends", "the roster did not tell"),
    }
}

fn on(container: &Fact<ResourceId>, inventory: &Inventory<'_>, facts: &mut Facts) {
    if let Some(container) = facts.fact("on", container) {
        facts.name("on", container, inventory);
    }
}

fn texts(topic: &str, fact: &Fact<Vec<String>>, facts: &mut Facts) {
    let texts = facts.fact(topic, fact).into_iter().flatten();
    let texts: Vec<Item> = texts.cloned().map(Item::plain).collect();
    facts.list(topic, "entries", texts);
}
