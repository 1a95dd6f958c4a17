//! Things that people name: an account or credential, or a container, by id, key, name, mail address, or a finding about it.
//! Where a name is not one thing's alone, all that bear it are told; a misspelt one is never taken for another.

use super::complain::Complaint;
use crate::inventory::Inventory;
use crate::model::{Body, Container, ContainerForm, Fact, Finding, Kind, Resource, ResourceId};
use crate::text::{did_you_mean, plural, shorten, thousands};

/// The most things of one name that are told.
const MOST: usize = 12;

/// The account or credential that somebody names.
pub(super) fn subject<'a>(
    inventory: &Inventory<'a>,
    findings: &[Finding],
    written: &str,
) -> Result<&'a Resource, Complaint> {
    if let Some(found) = ResourceId::parse(written).and_then(|id| inventory.get(&id)) {
        return acting(inventory, found, written);
    }
    let kinds = [Kind::Principal, Kind::Credential];
    let all = || kinds.into_iter().flat_map(|kind| inventory.of_kind(kind));
    if let Some(found) = one_of(inventory, all().filter(|one| one.id.native() == written).collect(), written)? {
        return Ok(found);
    }
    let bears = |one: &&Resource| names(one).any(|name| name.eq_ignore_ascii_case(written) || same(name, written));
    if let Some(found) = one_of(inventory, all().filter(bears).collect(), written)? {
        return Ok(found);
    }
    if let Some(finding) = of_finding(findings, written)? {
        return match inventory.get(&finding.resource) {
            Some(found) => acting(inventory, found, written),
            None => {
                let what = format!("what {} is about was not seen in the latest scan", finding.id.short());
                Err(Complaint::failed(what))
            }
        };
    }
    let complaint = Complaint::failed(format!("no account or credential is called `{}`", shorten(written, 80)));
    let near = did_you_mean(&written.to_lowercase(), all().flat_map(names).collect::<Vec<_>>().iter().copied())
        .map(str::to_owned)
        .or_else(|| {
            let lower: Vec<(String, &str)> = all().flat_map(names).map(|name| (name.to_lowercase(), name)).collect();
            let near = did_you_mean(&written.to_lowercase(), lower.iter().map(|(lower, _)| lower.as_str()))?.to_owned();
            lower.iter().find(|(lower, _)| *lower == near).map(|(_, name)| (*name).to_owned())
        });
    let place = inventory
        .of_kind(Kind::Container)
        .filter(|one| is_place(one))
        .find(|one| places_names(one).any(|name| name.eq_ignore_ascii_case(written)));
    Err(match near {
        None if place.is_some() => complaint.help(
            "it is a container; who may do something there: `keyroll access --who-can PERMISSION --on CONTAINER`",
        ),
        Some(near) => complaint.help(format!("did you mean `{}`?", shorten(&near, 80))),
        None => complaint.help("`keyroll inventory principals` and `keyroll inventory credentials` list them"),
    })
}

/// What can be asked what it may do: an account, a credential, or who holds a grant.
fn acting<'a>(inventory: &Inventory<'a>, found: &'a Resource, written: &str) -> Result<&'a Resource, Complaint> {
    match &found.body {
        Body::Principal(_) | Body::Credential(_) => Ok(found),
        Body::Grant(grant) if grant.principal.known().is_some() => {
            let holder = grant.principal.known().and_then(|holder| inventory.get(holder));
            holder.ok_or_else(|| Complaint::failed(format!("the account that holds `{written}` was not seen")))
        }
        Body::Container(_) => {
            let complaint =
                Complaint::failed(format!("`{written}` is a {}, and does nothing by itself", kind_of(found)));
            Err(complaint.help("ask who may do something there: `keyroll access --who-can PERMISSION --on CONTAINER`"))
        }
        _ => {
            let what = format!("`{written}` is about {} “{}”", kind_of(found), shorten(found.title(), 60));
            Err(Complaint::failed(what).help("name an account or a credential"))
        }
    }
}

fn kind_of(resource: &Resource) -> &'static str {
    match &resource.body {
        Body::Container(container) => container.form.name(),
        _ => resource.kind().name(),
    }
}

/// The finding whose id begins so, if there is one: `F-` and letters or digits.
fn of_finding<'f>(findings: &'f [Finding], written: &str) -> Result<Option<&'f Finding>, Complaint> {
    let wanted = written.to_ascii_uppercase();
    let Some(rest) = wanted.strip_prefix("F-").filter(|rest| !rest.is_empty()) else { return Ok(None) };
    let begins = |finding: &&Finding| finding.id.as_str().strip_prefix("F-").is_some_and(|own| own.starts_with(rest));
    let matching: Vec<&Finding> = findings.iter().filter(begins).collect();
    match matching.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(|finding| finding.id.as_str()).collect();
            let what = format!("`{written}` is the beginning of {} findings", several.len());
            Err(Complaint::failed(what).help(format!("write more of it: {}", ids.join(", "))))
        }
    }
}

/// Everything that names an account or credential.
fn names(resource: &Resource) -> impl Iterator<Item = &str> {
    let more: Vec<&str> = match &resource.body {
        Body::Principal(account) => {
            let others = account.other_emails.known().into_iter().flatten().map(String::as_str);
            let own = [&account.username, &account.email].into_iter().filter_map(Fact::known).map(String::as_str);
            own.chain(others).collect()
        }
        _ => Vec::new(),
    };
    std::iter::once(resource.name.as_str()).chain(more).filter(|name| !name.is_empty())
}

/// The same but for capitals, in any writing.
fn same(name: &str, written: &str) -> bool {
    !name.is_ascii() && name.to_lowercase() == written.to_lowercase()
}

/// The one thing that was found, or none; several are an error that tells them.
fn one_of<'a>(
    inventory: &Inventory<'a>,
    found: Vec<&'a Resource>,
    written: &str,
) -> Result<Option<&'a Resource>, Complaint> {
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let mut lines: Vec<String> = several
                .iter()
                .take(MOST)
                .map(|one| format!("  {}  ({})", tamed(one.id.as_str()), told_apart(inventory, one)))
                .collect();
            if several.len() > MOST {
                lines.push(format!("  … and {} more", thousands(several.len() - MOST)));
            }
            let things = plural(several.len(), "thing", "things");
            let complaint = Complaint::failed(format!("`{}` is the name of {things}", shorten(written, 80)));
            Err(complaint.help(format!("write the id of one:\n{}", lines.join("\n"))))
        }
    }
}

/// What tells things of one name apart.
fn told_apart(inventory: &Inventory<'_>, one: &Resource) -> String {
    let name = shorten(&tamed(one.title()), 40);
    match &one.body {
        Body::Credential(credential) => {
            let owner = credential.owner.known().map_or("somebody not told", |owner| inventory.name(owner));
            format!("{} “{name}” of {}", credential.form.title(), shorten(&tamed(owner), 40))
        }
        Body::Principal(account) => {
            let mail = account.email.known().or(account.username.known()).map_or("", String::as_str);
            format!("account {name} {}", tamed(mail)).trim_end().to_owned()
        }
        _ => format!("{} {name}", kind_of(one)),
    }
}

fn tamed(name: &str) -> String {
    crate::text::harmless(name)
}

/// The container that somebody names.
pub(super) fn container<'a>(inventory: &Inventory<'a>, written: &str) -> Result<&'a Resource, Complaint> {
    if let Some(found) = ResourceId::parse(written).and_then(|id| inventory.get(&id)) {
        return match &found.body {
            Body::Container(_) => Ok(found),
            _ => Err(Complaint::failed(format!("`{written}` is a {}, and no container", found.kind().name()))),
        };
    }
    let all = || inventory.of_kind(Kind::Container).filter(|one| is_place(one));
    let by_native = all().filter(|one| one.id.native() == written).collect();
    if let Some(found) = one_of(inventory, by_native, written)? {
        return Ok(found);
    }
    // A key is shorter than a name, and means less: where both fit something, nothing is guessed.
    let fits = |one: &&Resource| {
        let keyed = places_names(one).any(|name| name.eq_ignore_ascii_case(written) || same(name, written));
        keyed || one.name.eq_ignore_ascii_case(written)
    };
    if let Some(found) = one_of(inventory, all().filter(fits).collect(), written)? {
        return Ok(found);
    }
    let complaint = Complaint::failed(format!("no container is called `{}`", shorten(written, 80)));
    let names: Vec<&str> = all().flat_map(places_names).collect();
    Err(match did_you_mean(written, names) {
        Some(near) => complaint.help(format!("did you mean `{}`?", shorten(&tamed(near), 80))),
        None => complaint.help("`keyroll inventory containers` lists them"),
    })
}

/// True for what something can be done in. What the product is sold as, and what projects share, is no such place.
fn is_place(resource: &Resource) -> bool {
    let Body::Container(Container { form, .. }) = &resource.body else { return false };
    !matches!(
        form,
        ContainerForm::Application
            | ContainerForm::Directory
            | ContainerForm::PermissionScheme
            | ContainerForm::ServiceDesk
    )
}

/// The key and the name of a container. What a product or server has for a key is its type, which names nothing.
fn places_names(resource: &Resource) -> impl Iterator<Item = &str> {
    let key = match &resource.body {
        Body::Container(Container { key, form, .. }) => key
            .known()
            .filter(|_| !matches!(form, ContainerForm::Product | ContainerForm::Instance | ContainerForm::Site))
            .map(String::as_str),
        _ => None,
    };
    key.into_iter().chain([resource.name.as_str()]).filter(|name| !name.is_empty())
}
