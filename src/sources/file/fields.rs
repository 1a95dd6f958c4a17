//! The fields that a mapping can fill, by kind of resource.

use crate::model::{AppForm, ContainerForm, CredentialForm, GrantForm, Holder, Kind, PrincipalType};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holds {
    /// Any text.
    Text,
    /// A list of words, sorted.
    Words,
    /// A moment.
    Moment,
    /// True or false.
    Flag,
    /// A whole number.
    Number,
    /// An account of the instance.
    Account,
    /// A group of the instance, by name.
    Group,
    /// Several groups, by name.
    Groups,
    /// A container of the instance, by its id there.
    Container,
    /// An address, of which scheme and host are kept.
    Address,
    /// Several addresses, of which schemes and hosts are kept.
    Addresses,
    /// One of some words: those of a form or type.
    OneOf(fn() -> Vec<&'static str>),
}

/// A field by its name, which is that of the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldKind {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
}

const fn field(name: &'static str, holds: Holds) -> FieldKind {
    FieldKind { name, holds }
}

/// The kinds that rows can become.
pub(super) const KINDS: [Kind; 7] =
    [Kind::Principal, Kind::Group, Kind::Credential, Kind::Container, Kind::Grant, Kind::App, Kind::Setting];

/// The fields of a kind, without its form, id and name.
pub(super) fn fields_of(kind: Kind) -> &'static [FieldKind] {
    match kind {
        Kind::Principal => PRINCIPAL,
        Kind::Group => GROUP,
        Kind::Credential => CREDENTIAL,
        Kind::Container => CONTAINER,
        Kind::Grant => GRANT,
        Kind::App => APP,
        Kind::Setting => SETTING,
        Kind::Webhook | Kind::Automation | Kind::Variable | Kind::Integration | Kind::Person => &[],
    }
}

/// The forms of a kind; `None` if it has none.
pub(super) fn forms_of(kind: Kind) -> Option<fn() -> Vec<&'static str>> {
    match kind {
        Kind::Credential => Some(|| CredentialForm::ALL.map(CredentialForm::name).to_vec()),
        Kind::Container => Some(|| ContainerForm::ALL.map(ContainerForm::name).to_vec()),
        Kind::Grant => Some(|| GrantForm::ALL.map(GrantForm::name).to_vec()),
        Kind::App => Some(|| AppForm::ALL.map(AppForm::name).to_vec()),
        Kind::Principal
        | Kind::Group
        | Kind::Setting
        | Kind::Webhook
        | Kind::Automation
        | Kind::Variable
        | Kind::Integration
        | Kind::Person => None,
    }
}

fn account_types() -> Vec<&'static str> {
    PrincipalType::ALL.map(PrincipalType::name).to_vec()
}

/// Who a grant without a holder is for.
pub(super) const NOBODY_IS: [Holder; 2] = [Holder::Anyone, Holder::LoggedIn];

const PRINCIPAL: &[FieldKind] = &[
    field("account_type", Holds::OneOf(account_types)),
    field("status", Holds::Text),
    field("email", Holds::Text),
    field("managed", Holds::Flag),
    field("mfa", Holds::Flag),
    field("platform_roles", Holds::Words),
    field("groups", Holds::Groups),
    field("added_at", Holds::Moment),
    field("deactivated_at", Holds::Moment),
    field("last_login_at", Holds::Moment),
    field("billable", Holds::Flag),
    field("description", Holds::Text),
    field("username", Holds::Text),
    field("directory", Holds::Text),
    field("created_by", Holds::Account),
    field("auth_policy", Holds::Text),
    field("management_source", Holds::Text),
];

const GROUP: &[FieldKind] = &[
    field("description", Holds::Text),
    field("managed_by", Holds::Text),
    field("external", Holds::Flag),
    field("member_count", Holds::Number),
    field("administers", Holds::Flag),
];

const CREDENTIAL: &[FieldKind] = &[
    field("owner", Holds::Account),
    field("created_by", Holds::Account),
    field("status", Holds::Text),
    field("created_at", Holds::Moment),
    field("expires_at", Holds::Moment),
    field("expires_in_days", Holds::Number),
    field("last_used_at", Holds::Moment),
    field("scopes", Holds::Words),
    field("container", Holds::Container),
    field("fingerprint", Holds::Text),
    field("auth_type", Holds::Text),
    field("impersonates", Holds::Flag),
    field("hosts", Holds::Addresses),
];

const CONTAINER: &[FieldKind] = &[
    field("parent", Holds::Container),
    field("key", Holds::Text),
    field("url", Holds::Address),
    field("status", Holds::Text),
    field("seats_used", Holds::Number),
    field("seats_total", Holds::Number),
    field("plan", Holds::Text),
    field("sandbox", Holds::Flag),
    field("licence_groups", Holds::Groups),
    field("default_groups", Holds::Groups),
    field("lead", Holds::Account),
    field("owner", Holds::Account),
    field("category", Holds::Text),
    field("public", Holds::Flag),
    field("created_at", Holds::Moment),
    field("version", Holds::Text),
    field("expires_at", Holds::Moment),
];

const GRANT: &[FieldKind] = &[
    field("role", Holds::Text),
    field("principal", Holds::Account),
    field("group", Holds::Group),
    field("holder_detail", Holds::Text),
    field("container", Holds::Container),
    field("permits", Holds::Words),
    field("via", Holds::Words),
];

const APP: &[FieldKind] = &[
    field("container", Holds::Container),
    field("key", Holds::Text),
    field("vendor", Holds::Text),
    field("version", Holds::Text),
    field("enabled", Holds::Flag),
    field("user_installed", Holds::Flag),
    field("auth_type", Holds::Text),
    field("last_used_at", Holds::Moment),
    field("address", Holds::Address),
    field("access", Holds::Words),
    field("working", Holds::Flag),
];

const SETTING: &[FieldKind] = &[
    field("key", Holds::Text),
    field("value", Holds::Text),
    field("detail", Holds::Text),
    field("container", Holds::Container),
    field("exceptions", Holds::Words),
];
