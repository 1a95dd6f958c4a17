//! What Confluence Data Center sends, in its own words. What is not named here is dropped while parsing: the key of
//! the licence has no field.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::model::Fact;
use crate::sources::row::{Id, Timestamp, Wire};

/// An account.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct User {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) user_key: Fact<String>,
    pub(super) username: Fact<String>,
    pub(super) display_name: Fact<String>,
    pub(super) status: Fact<Word>,
}

/// A word, bare or as the value of an object: nobody has described which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Word(pub(super) String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return Deserialize::deserialize(from).map(Self);
        }
        let word = match Value::deserialize(from)? {
            Value::String(word) => Some(word),
            Value::Object(fields) => {
                ["value", "name", "status"].iter().find_map(|key| fields.get(*key)?.as_str().map(str::to_owned))
            }
            _ => None,
        };
        word.map(Self).ok_or_else(|| D::Error::custom("this is no word"))
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Group {
    pub(super) name: Fact<String>,
}

/// The product and its version, as either of two resources tells it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Server {
    pub(super) version: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Licence {
    pub(super) expiry_date: Fact<Timestamp>,
    pub(super) maximum_number_of_users: Fact<i64>,
    pub(super) data_center: Fact<bool>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Counted {
    pub(super) count: Fact<i64>,
}

/// A permission, on the whole product or on a space, and who holds it.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Permission {
    pub(super) operation: Fact<Operation>,
    pub(super) subject: Fact<Subject>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) target_type: Fact<String>,
    pub(super) operation_key: Fact<String>,
}

/// Who holds a permission: an account, a group, or a class of people.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subject {
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) name: Fact<String>,
    pub(super) user_key: Fact<String>,
    pub(super) username: Fact<String>,
    pub(super) display_name: Fact<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Space {
    pub(super) id: Fact<Id>,
    pub(super) key: Fact<String>,
    pub(super) name: Fact<String>,
    #[serde(rename = "type")]
    pub(super) kind: Fact<String>,
    pub(super) creation_date: Fact<Timestamp>,
    #[serde(rename = "_links")]
    pub(super) links: Fact<Links>,
}

/// The links of a space; of them, the page that people open.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Links {
    pub(super) webui: Fact<String>,
}

/// A node of the cluster: only that there is one is kept.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Node {}

/// How much there is in the whole product.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Metrics {
    pub(super) spaces: Fact<i64>,
}

impl Wire for User {}
impl Wire for Group {}
impl Wire for Server {}
impl Wire for Licence {}
impl Wire for Counted {}
impl Wire for Permission {}
impl Wire for Space {}
impl Wire for Metrics {}
impl Wire for Node {}
