//! The signals of one credential: what its label says, when it is used, and who or what was seen using it.

use chrono::{DateTime, TimeDelta, Utc};

use super::account::Signs;
use super::cadence::{Cadence, cadence};
use super::links::systems_of;
use super::scene::{Pages, Scene, pages};
use super::weights::{Clue, weights};
use crate::inventory::recognise::Traits;
use crate::model::{Credential, CredentialForm, Fact, Principal, Resource};

/// Everything that a credential shows that may be used. `owner` is the account it acts as, if that was seen; `made_at`
/// are the moments at which that account's credentials were made, sorted.
pub(super) fn signs(
    scene: &Scene<'_, '_>,
    resource: &Resource,
    credential: &Credential,
    owner: Option<&Principal>,
    made_at: &[DateTime<Utc>],
) -> Signs {
    let mut signs = Signs::default();
    label(scene, resource, &mut signs);
    nights(scene, resource, credential, &mut signs);
    audit(scene, resource, credential, &mut signs);
    pipeline(scene, resource, credential, &mut signs);
    if let Some(owner) = owner {
        silence(scene, resource, credential, owner, &mut signs);
        together(resource, credential, owner, &mut signs);
    }
    burst(resource, credential, made_at, &mut signs);
    if scene.gaps.register {
        signs.miss(Clue::Declared, "the register was not read");
    }
    signs.settle();
    signs
}

fn label(scene: &Scene<'_, '_>, resource: &Resource, signs: &mut Signs) {
    let traits = Traits::of(resource);
    for (system, found) in systems_of(scene.knowledge, resource, &traits) {
        for sign in found {
            signs.see(sign.sign.clue(), Some(system), sign.seen, &resource.id);
        }
    }
    let first =
        |words: &std::collections::BTreeSet<String>| traits.label_words().find(|word| words.contains(*word)).is_some();
    if first(&weights().machine_words) {
        signs.see(Clue::MachineLabel, None, &*resource.name, &resource.id);
    }
    if first(&weights().environment_words) {
        signs.see(Clue::EnvironmentLabel, None, &*resource.name, &resource.id);
    }
}

fn nights(scene: &Scene<'_, '_>, resource: &Resource, credential: &Credential, signs: &mut Signs) {
    let Some(today) = scene.today() else {
        signs.miss(Clue::Nightly, "when the scan was is not known");
        return;
    };
    match cadence(credential, today) {
        Cadence::Nightly(run) => signs.see(Clue::Nightly, None, run.words(), &resource.id),
        Cadence::Not => {}
        Cadence::Short(Some(run)) => {
            let nights = weights().nights;
            signs.miss(Clue::Nightly, format!("use was seen on {} so far, {nights} in a row are needed", run.words()));
        }
        Cadence::Short(None) => signs.miss(Clue::Nightly, "when it was used is not told"),
    }
}

fn audit(scene: &Scene<'_, '_>, resource: &Resource, credential: &Credential, signs: &mut Signs) {
    let Credential { owner, acts_for, last_used_by, auth_type, .. } = credential;
    let others = acts_for.known().into_iter().flatten().filter(|account| owner.known() != Some(account));
    let names: Vec<String> = others.map(|account| scene.inventory.name(account).to_owned()).collect();
    if !names.is_empty() {
        signs.see(Clue::ActsForOthers, None, format!("acts for {}", names.join(", ")), &resource.id);
    }
    if let (Fact::Known(owner), Fact::Known(user)) = (owner, last_used_by)
        && owner != user
    {
        signs.see(Clue::UsedByOther, None, format!("used by {}", scene.inventory.name(user)), &resource.id);
    }
    if let Fact::Known(way) = auth_type {
        signs.see(Clue::Presented, None, way.as_str(), &resource.id);
    }
    if scene.misses_log_of(credential) {
        signs.miss(Clue::ActsForOthers, "the audit log, which tells who uses it, was not read to its end");
    }
}

fn pipeline(scene: &Scene<'_, '_>, resource: &Resource, credential: &Credential, signs: &mut Signs) {
    match scene.links.pipelines.get(&resource.id) {
        Some(link) => {
            let clue = if link.paired { Clue::PipelinePair } else { Clue::PipelineVariable };
            signs.see(clue, None, link.variable.title(), &link.variable.id);
        }
        None if scene.gaps.variables && credential.form == CredentialForm::ApiToken => {
            signs.miss(Clue::PipelineVariable, "variables of pipelines were not read whole");
        }
        None => {}
    }
}

/// It is used, and nobody opens a page. An account that is new has had no time to.
fn silence(scene: &Scene<'_, '_>, resource: &Resource, credential: &Credential, owner: &Principal, signs: &mut Signs) {
    let is_used = match credential.last_used_at {
        Fact::Known(last) => scene.is_within(last, weights().used_days),
        Fact::Absent => false,
        Fact::Unknown => {
            signs.miss(Clue::SilentPages, "when it was used is not told");
            return;
        }
    };
    let is_new = match owner.added_at {
        Fact::Known(added) => Fact::Known(scene.is_within(added, weights().silent_days)),
        // Where nobody keeps that day, no account is new.
        Fact::Absent => Fact::Known(false),
        Fact::Unknown => Fact::Unknown,
    };
    if !is_used || is_new == Fact::Known(true) {
        return;
    }
    match pages(owner) {
        Pages::Never if is_new.is_unknown() => signs.miss(Clue::SilentPages, "how old the account is is not told"),
        Pages::Never => signs.see(Clue::SilentPages, None, "used, and its owner never opened a page", &resource.id),
        Pages::Last(last, true) if !scene.is_within(last, weights().silent_days) => {
            let seen = format!("used, and its owner last opened a page on {}", last.date_naive());
            signs.see(Clue::SilentPages, None, seen, &resource.id);
        }
        Pages::Last(last, false) if !scene.is_within(last, weights().silent_days) => {
            signs.miss(Clue::SilentPages, "page views of some products are not told");
        }
        Pages::Untold => signs.miss(Clue::SilentPages, "page views are not told"),
        Pages::Last(..) | Pages::NotCounted => {}
    }
}

fn together(resource: &Resource, credential: &Credential, owner: &Principal, signs: &mut Signs) {
    let (Fact::Known(added), Fact::Known(made)) = (owner.added_at, credential.created_at) else {
        if owner.added_at.is_unknown() || credential.created_at.is_unknown() {
            signs.miss(Clue::MadeTogether, "when the account or the token was made is not told");
        }
        return;
    };
    let apart = made - added;
    if apart >= TimeDelta::zero() && apart <= TimeDelta::days(weights().together_days) {
        let seen = format!("account and token were made on {}", made.date_naive());
        signs.see(Clue::MadeTogether, None, seen, &resource.id);
    }
}

fn burst(resource: &Resource, credential: &Credential, made_at: &[DateTime<Utc>], signs: &mut Signs) {
    let Fact::Known(made) = credential.created_at else { return };
    let (most, within) = (weights().burst_tokens, TimeDelta::minutes(weights().burst_minutes));
    let is_in = |row: &&[DateTime<Utc>]| match row {
        [first, .., last] => *last - *first <= within && *first <= made && made <= *last,
        _ => false,
    };
    if made_at.windows(most).any(|row| is_in(&row)) {
        let minutes = weights().burst_minutes;
        signs.see(
            Clue::Burst,
            None,
            format!("at least {most} tokens were made within {minutes} minutes"),
            &resource.id,
        );
    }
}
