//! HTTP access tokens and SSH keys.

use serde_json::{Map, Value, json};

use super::super::super::estate::Estate;
use super::super::super::exchange::{Ask, Reply};
use super::super::access::Rank;
use super::directory::user;
use super::pages::{MOST_KEYS, caller, forbidden, moment, no_user, of, own_project, own_repository, page, refusal};
use super::projects::{project, repository};
use super::{AccessKey, Bitbucket, Place, SshKey, Token};

/// A user whose credentials are asked for, if the caller may see them: their own, or those of people with less
/// power, if the caller administers.
fn whose(estate: &Estate, ask: &Ask, slug: &str) -> Result<usize, Reply> {
    let bitbucket = of(estate);
    let found = bitbucket.find_user(slug);
    if ask.caller.rank < Rank::Administrator {
        return found.filter(|user| *user == caller(estate, ask)).ok_or_else(forbidden);
    }
    let user = found.ok_or_else(|| no_user(slug))?;
    if bitbucket.rank_of(user) > ask.caller.rank { Err(forbidden()) } else { Ok(user) }
}

pub(super) fn user_tokens(estate: &Estate, ask: &Ask) -> Reply {
    match whose(estate, ask, ask.segment(0)) {
        Ok(user) => tokens(estate, ask, Place::User(user)),
        Err(refusal) => refusal,
    }
}

pub(super) fn project_tokens(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => tokens(estate, ask, Place::Project(project)),
        Err(refusal) => refusal,
    }
}

pub(super) fn repository_tokens(estate: &Estate, ask: &Ask) -> Reply {
    match own_repository(estate, ask) {
        Ok(repository) => tokens(estate, ask, Place::Repository(repository)),
        Err(refusal) => refusal,
    }
}

fn tokens(estate: &Estate, ask: &Ask, of_place: Place) -> Reply {
    let bitbucket = of(estate);
    let found: Vec<&Token> = bitbucket.tokens.iter().filter(|token| token.of == of_place).collect();
    page(estate, ask, MOST_KEYS, &found, |token| self::token(bitbucket, token))
}

/// A token: what never was is not told at all.
fn token(bitbucket: &Bitbucket, token: &Token) -> Value {
    let mut row = json!({
        "id": token.id, "name": token.name, "createdDate": moment(token.created), "permissions": token.permissions,
        "user": user(bitbucket, token.user),
    });
    if let Some(used) = token.used {
        row["lastAuthenticated"] = json!(moment(used));
    }
    if let Some(days) = token.days {
        row["expiryDays"] = json!(days);
    }
    row
}

/// SSH keys of the caller, or of somebody else.
pub(super) fn ssh_keys(estate: &Estate, ask: &Ask) -> Reply {
    let bitbucket = of(estate);
    let owner = match ask.parameter("user").or(ask.parameter("userName")) {
        None => Ok(caller(estate, ask)),
        Some(name) => {
            let slug = bitbucket.users.iter().find(|user| user.name.eq_ignore_ascii_case(name)).map(Bitbucket::slug);
            whose(estate, ask, &slug.unwrap_or_else(|| name.to_owned()))
        }
    };
    let owner = match owner {
        Ok(owner) => owner,
        Err(refusal) => return refusal,
    };
    let keys: Vec<&SshKey> = bitbucket.ssh_keys.iter().filter(|key| key.owner == owner).map(|key| &key.key).collect();
    page(estate, ask, MOST_KEYS, &keys, |key| ssh_key(key))
}

fn ssh_key(key: &SshKey) -> Value {
    let mut row = json!({
        "id": key.id, "label": key.label, "text": key.text, "fingerprint": key.fingerprint, "algorithmType": "ED25519",
        "bitLength": 256, "createdDate": moment(key.created),
    });
    if let Some(used) = key.used {
        row["lastAuthenticated"] = json!(moment(used));
    }
    if let Some(days) = key.days {
        row["expiryDays"] = json!(days);
    }
    row
}

/// GPG keys: nobody has one.
pub(super) fn gpg_keys(estate: &Estate, ask: &Ask) -> Reply {
    page(estate, ask, MOST_KEYS, &[(); 0], |()| Value::Null)
}

pub(super) fn project_keys(estate: &Estate, ask: &Ask) -> Reply {
    match own_project(estate, ask) {
        Ok(project) => access_keys(estate, ask, |on| on == Place::Project(project)),
        Err(refusal) => refusal,
    }
}

/// Keys of a repository; with `effective` those of its project too.
pub(super) fn repository_keys(estate: &Estate, ask: &Ask) -> Reply {
    let at = match own_repository(estate, ask) {
        Ok(repository) => repository,
        Err(refusal) => return refusal,
    };
    let inherits = ask.parameter("effective") == Some("true");
    let above = Place::Project(of(estate).repositories[at].project);
    access_keys(estate, ask, |on| on == Place::Repository(at) || (inherits && on == above))
}

fn access_keys(estate: &Estate, ask: &Ask, fits: impl Fn(Place) -> bool) -> Reply {
    let keys: Vec<&AccessKey> = of(estate).access_keys.iter().filter(|key| fits(key.on)).collect();
    page(estate, ask, MOST_KEYS, &keys, |key| access_key(of(estate), key))
}

fn access_key(bitbucket: &Bitbucket, key: &AccessKey) -> Value {
    let mut row = Map::new();
    row.insert("key".to_owned(), ssh_key(&key.key));
    row.insert("permission".to_owned(), json!(key.permission));
    match key.on {
        Place::Project(at) => row.insert("project".to_owned(), project(bitbucket, at)),
        Place::Repository(at) => row.insert("repository".to_owned(), repository(bitbucket, at)),
        Place::User(_) => None,
    };
    Value::Object(row)
}

/// The repositories that one key opens.
pub(super) fn key_repositories(estate: &Estate, ask: &Ask) -> Reply {
    key_places(estate, ask, |on| matches!(on, Place::Repository(_)))
}

/// The projects that one key opens.
pub(super) fn key_projects(estate: &Estate, ask: &Ask) -> Reply {
    key_places(estate, ask, |on| matches!(on, Place::Project(_)))
}

fn key_places(estate: &Estate, ask: &Ask, fits: impl Fn(Place) -> bool) -> Reply {
    let bitbucket = of(estate);
    let mine: Vec<&AccessKey> =
        bitbucket.access_keys.iter().filter(|key| key.key.id.to_string() == ask.segment(0)).collect();
    let of_user = bitbucket.ssh_keys.iter().any(|key| key.key.id.to_string() == ask.segment(0));
    if mine.is_empty() && !of_user {
        return refusal(404, "There is no such key", "com.atlassian.bitbucket.ssh.NoSuchSshKeyException");
    }
    let shown: Vec<&AccessKey> = mine.into_iter().filter(|key| fits(key.on)).collect();
    page(estate, ask, MOST_KEYS, &shown, |key| access_key(bitbucket, key))
}

/// What SSH keys must be like.
pub(super) fn key_policy(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"maxExpiryDays": 365, "keyTypeRestrictions": [
        {"algorithm": "DSA", "allowed": false}, {"algorithm": "RSA", "allowed": true, "minKeyLength": 3072},
    ]}))
}

pub(super) fn ssh_settings(_estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({
        "enabled": true, "accessKeysEnabled": true, "baseUrl": "ssh://git.acme.example:7999", "port": 7999,
        "fingerprint": {"algorithm": "RSA", "value": "d1:0e:5b:6c:2a:91:77:40:3b:be:1f:0a:8c:c4:52:19"},
    }))
}
