//! What a night changes in the self-hosted Bitbucket. Only people and things without a part in a plant are touched.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::super::super::estate::Estate;
use super::super::super::random::Random;
use super::super::super::truth::Drift;
use super::plan::{READERS, add_token, note_event, plain_people};
use super::{Bitbucket, Place, Token};

/// Lets the night pass that ended now.
pub(crate) fn pass(estate: &mut Estate) {
    let mut bitbucket = std::mem::take(&mut estate.servers.bitbucket);
    let mut random = Random::new(estate.seed ^ estate.nights.wrapping_mul(0xB17B_0DC0_0000_0C01));
    add(estate, &mut bitbucket, &mut random);
    revoke(estate, &mut bitbucket, &mut random);
    widen(estate, &mut bitbucket, &mut random);
    follow_directory(estate, &mut bitbucket);
    use_tokens(estate, &mut bitbucket, &mut random);
    estate.servers.bitbucket = bitbucket;
}

fn note(estate: &mut Estate, name: &str, what: &'static str, kind: &'static str, native: Vec<String>, words: &str) {
    let id = format!("drift-dc-bitbucket-{name}-night-{}", estate.nights);
    let (description, at) = (words.to_owned(), estate.now);
    estate.truth.drift.push(Drift { id, what, kind, native, description, at });
}

/// Ids that have a part on the answer sheet, today or earlier.
fn taken(estate: &Estate) -> BTreeSet<String> {
    let truth = &estate.truth;
    let planted = truth.plants.iter().chain(&truth.harmless).filter(|plant| plant.expect.starts_with("dc-"));
    let planted = planted.flat_map(|plant| plant.native.clone());
    planted.chain(truth.drift.iter().flat_map(|drift| drift.native.clone())).collect()
}

fn native(bitbucket: &Bitbucket, token: &Token) -> Vec<String> {
    let owner = match token.of {
        Place::User(at) => bitbucket.users[at].id,
        Place::Project(at) => bitbucket.projects[at].id,
        Place::Repository(at) => bitbucket.repositories[at].id,
    };
    vec![token.id.clone(), owner.to_string()]
}

/// Somebody who had no token makes one.
fn add(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let taken = taken(estate);
    let people = plain_people(bitbucket);
    let Some(owner) = people.into_iter().find(|user| !taken.contains(&bitbucket.users[*user].id.to_string())) else {
        return;
    };
    let at = add_token(bitbucket, Place::User(owner), "new notebook", estate.now, random);
    bitbucket.tokens[at].created = estate.now - TimeDelta::hours(random.between(1, 9));
    bitbucket.tokens[at].used = None;
    let native = native(bitbucket, &bitbucket.tokens[at]);
    let user = &bitbucket.users[owner];
    let on = (user.title.clone(), "USER", user.id.to_string());
    note_event(bitbucket, estate.now - TimeDelta::hours(1), owner, on);
    note(estate, "token-added", "added", "credential", native, "Somebody made an HTTP access token");
}

/// An ordinary token goes.
fn revoke(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let taken = taken(estate);
    let ordinary = ordinary(bitbucket, &taken);
    if ordinary.is_empty() {
        return;
    }
    let token = bitbucket.tokens.remove(random.pick(&ordinary));
    let native = native(bitbucket, &token);
    note(estate, "token-revoked", "removed", "credential", native, "Somebody revoked an HTTP access token");
}

/// Places of tokens of ordinary people, of whom nothing is told.
fn ordinary(bitbucket: &Bitbucket, taken: &BTreeSet<String>) -> Vec<usize> {
    (0..bitbucket.tokens.len())
        .filter(|at| {
            let token = &bitbucket.tokens[*at];
            let person = matches!(token.of, Place::User(user) if !READERS.contains(&user));
            person && native(bitbucket, token).iter().all(|id| !taken.contains(id))
        })
        .collect()
}

/// Somebody who could read a repository may write to it.
fn widen(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let readers: Vec<(usize, usize)> = (0..bitbucket.repositories.len())
        .flat_map(|at| (0..bitbucket.repositories[at].grants.len()).map(move |grant| (at, grant)))
        .filter(|(at, grant)| bitbucket.repositories[*at].grants[*grant].permission == "REPO_READ")
        .collect();
    if readers.is_empty() {
        return;
    }
    let (at, grant) = random.pick(&readers);
    let repository = &mut bitbucket.repositories[at];
    repository.grants[grant].permission = "REPO_WRITE";
    let super::Grantee::User(user) = repository.grants[grant].to else { return };
    let native = vec![bitbucket.users[user].id.to_string(), repository.id.to_string()];
    let on = (repository.name.clone(), "REPOSITORY", repository.id.to_string());
    note_event(bitbucket, estate.now - TimeDelta::minutes(40), READERS[1], on);
    note(estate, "permission-widened", "changed", "grant", native, "Somebody who could read may write");
}

/// Whoever was deactivated in the directory is so here, too.
fn follow_directory(estate: &mut Estate, bitbucket: &mut Bitbucket) {
    for at in 0..bitbucket.users.len() {
        let user = &bitbucket.users[at];
        let known = user.account.map(|account| estate.servers.accounts[account].active);
        if known.is_none_or(|active| active == user.active) {
            continue;
        }
        bitbucket.users[at].active = !user.active;
        let id = bitbucket.users[at].id.to_string();
        let words = "The directory has another word on the account since last night";
        note(estate, &format!("account-{id}"), "changed", "principal", vec![id], words);
        if bitbucket.users[at].active {
            continue;
        }
        for token in bitbucket.tokens.iter().filter(|token| token.user == at) {
            let name = format!("plant-dc-bitbucket-token-{}-of-leaver-night-{}", token.id, estate.nights);
            let (native, now) = (native(bitbucket, token), estate.now);
            let words = "Its owner was deactivated last night";
            estate.truth.note(&name, "credential", native, "dc-token-owner-deactivated", words, now);
        }
    }
}

/// Whoever used a token lately uses it again.
fn use_tokens(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let now = estate.now;
    for at in 0..bitbucket.tokens.len() {
        let token = &bitbucket.tokens[at];
        let lately = token.used.is_some_and(|used| now - used < TimeDelta::days(3));
        if lately && bitbucket.users[token.user].active {
            bitbucket.tokens[at].used = Some(now - TimeDelta::minutes(random.between(150, 600)));
            let native = native(bitbucket, &bitbucket.tokens[at]);
            note(estate, &format!("token-used-{}", native[0]), "used", "credential", native, "A token was used");
        }
    }
}
