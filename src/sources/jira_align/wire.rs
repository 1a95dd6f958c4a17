//! The shapes of Jira Align's answers, from what public clients of its API 2.0 read. Every field may be missing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Fact;
use crate::sources::row::{Anything, Id, Timestamp, Wire};

/// A user. Releases differ in what they call a role and whether they tell it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: Fact<Id>,
    pub(super) uid: Fact<Id>,
    pub(super) full_name: Fact<String>,
    pub(super) first_name: Fact<String>,
    pub(super) last_name: Fact<String>,
    pub(super) email: Fact<String>,
    pub(super) role_id: Fact<Id>,
    pub(super) role_name: Fact<String>,
    pub(super) role: Fact<String>,
    pub(super) title: Fact<String>,
    pub(super) is_active: Fact<Flag>,
    pub(super) status: Fact<String>,
    pub(super) is_locked: Fact<Flag>,
    pub(super) last_login_date: Fact<Timestamp>,
    pub(super) create_date: Fact<Timestamp>,
}

impl Wire for User {}

/// Yes or no, as a word, a number or a truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        let flag = match serde_json::Value::deserialize(from)? {
            serde_json::Value::Bool(flag) => Some(flag),
            serde_json::Value::Number(number) => {
                number.as_i64().filter(|number| [0, 1].contains(number)).map(|one| one == 1)
            }
            serde_json::Value::String(word) => match word.to_ascii_lowercase().as_str() {
                "yes" | "true" | "1" => Some(true),
                "no" | "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        flag.map(Self).ok_or_else(|| serde::de::Error::custom("this is neither yes nor no"))
    }
}

/// The instance's description of its own API: only the paths matter.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Description {
    pub(super) paths: Fact<BTreeMap<String, Anything>>,
}

impl Wire for Description {}
