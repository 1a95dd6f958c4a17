//! Fields that hold what people say there should be against what was found: integrations of the register, people of the
//! roster. A list of what is wrong is known as soon as something is in it, and known to be empty only if everything that
//! could add to it was in sight: an account that the register names and that nobody found may be behind a gap.

mod accounts;
mod credentials;
mod crossing;
mod needs;
mod people;

use std::collections::BTreeSet;

use super::fields::Texts;
use crate::inventory::Inventory;
use crate::model::{Body, Credential, CredentialForm, Fact, Resource, ResourceId};

pub(super) use accounts::*;
pub(super) use credentials::*;
pub(super) use crossing::*;
pub(super) use needs::*;
pub(super) use people::*;

fn none_declared<'a>() -> Fact<Texts<'a>> {
    Fact::Known(Texts::Made(Vec::new()))
}

/// “Ada Muster in jira.example.com”: the same person has accounts of the same name in several products.
fn placed(inventory: &Inventory<'_>, account: &Resource) -> String {
    let tenant = account.id.tenant();
    let place = if tenant == ResourceId::CLOUD { "the cloud" } else { tenant };
    format!("{} in {place}", inventory.name(&account.id))
}

/// What acts for an account, public keys apart: these have rules of their own.
fn credentials_of<'a>(
    inventory: &'a Inventory<'a>,
    account: &'a Resource,
) -> impl Iterator<Item = (&'a Resource, &'a Credential)> {
    inventory.credentials_of(&account.id).filter_map(|resource| match &resource.body {
        Body::Credential(credential) if credential.form != CredentialForm::SshKey => Some((resource, credential)),
        _ => None,
    })
}

/// A list of what is wrong, while it is put together.
#[derive(Default)]
struct Finds {
    found: BTreeSet<String>,
    doubt: bool,
}

impl Finds {
    fn found(&mut self, what: String) {
        self.found.insert(what);
    }

    fn in_doubt(&mut self) {
        self.doubt = true;
    }

    fn doubt_unless(&mut self, told: bool) {
        self.doubt |= !told;
    }

    fn told<'a>(self) -> Fact<Texts<'a>> {
        if self.found.is_empty() && self.doubt {
            return Fact::Unknown;
        }
        Fact::Known(Texts::Worded(self.found.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests;
