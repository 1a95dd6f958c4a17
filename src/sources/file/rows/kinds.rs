//! What a row becomes, kind by kind: each field of the model that a mapping can fill.

use chrono::TimeDelta;

use super::Cells;
use crate::model::{
    App, AppForm, Body, Container, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Group, Holder,
    Kind, Principal, PrincipalType, Resource, ResourceId, Setting,
};
use crate::sources::file::field::one_of;

/// The resource of a row; `None` if a mistake was told.
pub(super) fn resource(cells: &mut Cells<'_>) -> Option<Resource> {
    match cells.frame.mapping.kind {
        Kind::Principal => principal(cells),
        Kind::Group => group(cells),
        Kind::Credential => credential(cells),
        Kind::Container => container(cells),
        Kind::Grant => grant(cells),
        Kind::App => app(cells),
        Kind::Setting => setting(cells),
        // No mapping is of these kinds.
        Kind::Webhook | Kind::Automation | Kind::Variable | Kind::Integration | Kind::Person => {
            cells.complain("", "can be no resource");
            None
        }
    }
}

fn with(cells: &mut Cells<'_>, native: &str, body: Body) -> Resource {
    let name = cells.name();
    let id = ResourceId::new(cells.frame.instance, body.kind(), native);
    Resource { id, name, seen_by: Vec::new(), body }
}

fn principal(cells: &mut Cells<'_>) -> Option<Resource> {
    let words: Vec<&'static str> = PrincipalType::ALL.map(PrincipalType::name).to_vec();
    let account_type = cells.field("account_type", |value, _| one_of(value, &words));
    let account_type = account_type.and_then(|word| {
        let found = PrincipalType::ALL.into_iter().find(|each| each.name() == word);
        found.map_or(Fact::Unknown, Fact::Known)
    });
    let body = Principal {
        account_type,
        status: cells.text("status"),
        email: cells.text("email").map(|address| address.to_lowercase()),
        managed: cells.flag("managed"),
        mfa: cells.flag("mfa"),
        platform_roles: cells.words("platform_roles"),
        groups: cells.groups("groups"),
        added_at: cells.moment("added_at"),
        deactivated_at: cells.moment("deactivated_at"),
        last_login_at: cells.moment("last_login_at"),
        billable: cells.flag("billable"),
        description: cells.text("description"),
        username: cells.text("username"),
        directory: cells.text("directory"),
        created_by: cells.account("created_by"),
        auth_policy: cells.text("auth_policy"),
        management_source: cells.text("management_source"),
        ..Principal::default()
    };
    let native = cells.native_id()?;
    Some(with(cells, &native, Body::Principal(body)))
}

/// A group of an export opens nothing in the cloud.
fn group(cells: &mut Cells<'_>) -> Option<Resource> {
    let body = Group {
        description: cells.text("description"),
        managed_by: cells.text("managed_by"),
        external: cells.flag("external"),
        member_count: cells.number("member_count"),
        administers: cells.flag("administers"),
        jira_access: Fact::Absent,
        confluence_access: Fact::Absent,
        ..Group::default()
    };
    let native = cells.native_id()?;
    let mut group = with(cells, &native, Body::Group(body));
    if group.name.is_empty() {
        group.name = native;
    }
    Some(group)
}

fn credential(cells: &mut Cells<'_>) -> Option<Resource> {
    let created_at = cells.moment("created_at");
    let expires_at = match (cells.end("expires_at"), cells.number("expires_in_days"), created_at) {
        (Fact::Unknown, Fact::Absent, _) => Fact::Absent,
        (Fact::Unknown, Fact::Known(days), Fact::Known(created)) => {
            let end = TimeDelta::try_days(days).and_then(|days| created.checked_add_signed(days));
            end.map_or(Fact::Absent, Fact::Known)
        }
        (stated, _, _) => stated,
    };
    let now = cells.frame.now;
    let status = cells.text("status").or(match expires_at {
        Fact::Known(end) if end <= now => Fact::Known("expired".to_owned()),
        Fact::Known(_) | Fact::Absent => Fact::Known("active".to_owned()),
        Fact::Unknown => Fact::Unknown,
    });
    let form = cells.form(&CredentialForm::ALL, CredentialForm::name);
    let body = Credential {
        owner: cells.account("owner"),
        created_by: cells.account("created_by"),
        status,
        created_at,
        expires_at,
        last_used_at: cells.moment("last_used_at"),
        scopes: cells.words("scopes"),
        container: cells.thing("container", Kind::Container),
        fingerprint: cells.text("fingerprint"),
        auth_type: cells.text("auth_type"),
        impersonates: cells.flag("impersonates"),
        hosts: cells.addresses("hosts"),
        ..Credential::unknown(form.unwrap_or(CredentialForm::ApiToken))
    };
    let native = cells.native_id()?;
    form.map(|_| with(cells, &native, Body::Credential(body)))
}

fn container(cells: &mut Cells<'_>) -> Option<Resource> {
    let form = cells.form(&ContainerForm::ALL, ContainerForm::name);
    let body = Container {
        parent: cells.thing("parent", Kind::Container),
        key: cells.text("key"),
        url: cells.address("url"),
        status: cells.text("status"),
        seats_used: cells.number("seats_used"),
        seats_total: cells.number("seats_total"),
        plan: cells.text("plan"),
        sandbox: cells.flag("sandbox"),
        licence_groups: cells.groups("licence_groups"),
        default_groups: cells.groups("default_groups"),
        lead: cells.account("lead"),
        owner: cells.account("owner"),
        category: cells.text("category"),
        public: cells.flag("public"),
        created_at: cells.moment("created_at"),
        version: cells.text("version"),
        expires_at: cells.end("expires_at"),
        ..Container::unknown(form.unwrap_or(ContainerForm::Instance))
    };
    let native = cells.native_id()?;
    form.map(|_| with(cells, &native, Body::Container(body)))
}

/// A grant is told apart by what is granted to whom on what, unless the mapping names an id.
fn grant(cells: &mut Cells<'_>) -> Option<Resource> {
    let form = cells.form(&GrantForm::ALL, GrantForm::name);
    let role = cells.text("role");
    let (group, principal) = (cells.thing("group", Kind::Group), cells.account("principal"));
    let container = cells.thing("container", Kind::Container);
    let (holder, who) = match (&group, &principal, cells.frame.mapping.nobody_is) {
        (Fact::Known(group), Fact::Known(_), _) => {
            cells.complain("", "names a group and an account, and a grant has one holder");
            (Holder::Group, format!("group:{}", group.native()))
        }
        (Fact::Known(group), _, _) => (Holder::Group, format!("group:{}", group.native())),
        (_, Fact::Known(account), _) => (Holder::Principal, account.native().to_owned()),
        (_, _, Some(everybody)) => (everybody, everybody.name().to_owned()),
        (_, _, None) => {
            if cells.mistakes.is_empty() {
                cells.complain("", "names no holder of the grant; if that means anybody, say `nobody_is`");
            }
            (Holder::Other, String::new())
        }
    };
    let Fact::Known(role) = role else {
        if cells.mistakes.is_empty() {
            cells.complain("", "does not say what is granted");
        }
        return None;
    };
    let form = form?;
    let place = container.known().filter(|place| place.native() != "instance").map(ResourceId::native);
    let native = match cells.frame.mapping.id.is_empty() {
        true => {
            [Some(form.name()), place].into_iter().flatten().collect::<Vec<_>>().join(":") + &format!(":{role}/{who}")
        }
        false => cells.native_id()?,
    };
    let title = match holder {
        Holder::Group => format!("{role} for {}", group.known().map_or("a group", ResourceId::native)),
        Holder::Principal => format!("{role} for an account"),
        everybody => format!("{role} for {}", everybody.name()),
    };
    let body = Grant {
        principal,
        group,
        holder_detail: cells.text("holder_detail"),
        container,
        permits: cells.words("permits"),
        via: cells.words("via"),
        ..Grant::of(form, role, holder)
    };
    let mut grant = with(cells, &native, Body::Grant(body));
    if grant.name.is_empty() {
        grant.name = title;
    }
    Some(grant)
}

fn app(cells: &mut Cells<'_>) -> Option<Resource> {
    let form = cells.form(&AppForm::ALL, AppForm::name);
    let body = App {
        container: cells.thing("container", Kind::Container),
        key: cells.text("key"),
        vendor: cells.text("vendor"),
        version: cells.text("version"),
        enabled: cells.flag("enabled"),
        user_installed: cells.flag("user_installed"),
        auth_type: cells.text("auth_type"),
        last_used_at: cells.moment("last_used_at"),
        address: cells.address("address"),
        access: cells.words("access"),
        working: cells.flag("working"),
        ..App::unknown(form.unwrap_or(AppForm::ApplicationLink))
    };
    let native = cells.native_id()?;
    form.map(|_| with(cells, &native, Body::App(body)))
}

fn setting(cells: &mut Cells<'_>) -> Option<Resource> {
    let Fact::Known(key) = cells.text("key") else {
        if cells.mistakes.is_empty() {
            cells.complain("", "does not say what is set");
        }
        return None;
    };
    let native = if cells.frame.mapping.id.is_empty() { key.clone() } else { cells.native_id()? };
    let body = Setting {
        key,
        value: cells.text("value"),
        detail: cells.text("detail"),
        container: cells.thing("container", Kind::Container),
        exceptions: cells.words("exceptions"),
    };
    let mut setting = with(cells, &native, Body::Setting(body));
    if setting.name.is_empty() {
        setting.name = native;
    }
    Some(setting)
}
