//! A webhook in the form that Bitbucket and Confluence share where they are self-hosted. The secret and the password in it
//! have no field: that there is a secret is noticed, and what it is is dropped while parsing.

use serde::{Deserialize, Serialize};

use super::row::{Anything, Id, Timestamp, Wire, hidden_if_null, id, moment, sorted, value};
use super::webhook_url::{PlainName, WebhookUrl};
use crate::model::{Body, Fact, Kind, Resource, ResourceId, Webhook};

/// A webhook as it is listed.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WebhookForm {
    id: Fact<Id>,
    name: Fact<PlainName>,
    url: Fact<WebhookUrl>,
    active: Fact<bool>,
    events: Fact<Vec<String>>,
    ssl_verification_required: Fact<bool>,
    created_date: Fact<Timestamp>,
    updated_date: Fact<Timestamp>,
    configuration: Fact<Configuration>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Configuration {
    secret: Fact<Anything>,
}

impl Wire for WebhookForm {}

impl WebhookForm {
    /// The webhook's resource; `None` if it has no id. Who made or changed it is not told.
    pub(super) fn resource(self, container: &ResourceId) -> Option<Resource> {
        let native = match container.native() {
            "instance" => id(self.id)?,
            place => format!("{place}/{}", id(self.id)?),
        };
        let url = hidden_if_null(self.url);
        let body = Webhook {
            container: Fact::Known(container.clone()),
            secret_in_url: url.as_ref().and_then(|url| url.secret_in_url),
            address: url.and_then(|url| url.address),
            signed: hidden_if_null(self.configuration).map(|settings| settings.secret.known().is_some()),
            verifies_certificate: hidden_if_null(self.ssl_verification_required),
            enabled: hidden_if_null(self.active),
            events: hidden_if_null(self.events).map(sorted),
            created_at: moment(hidden_if_null(self.created_date)),
            changed_at: moment(hidden_if_null(self.updated_date)),
            ..Webhook::default()
        };
        let name = value(self.name).map(String::from).unwrap_or_default();
        let id = ResourceId::new(container.tenant(), Kind::Webhook, &native);
        Some(Resource { id, name, seen_by: Vec::new(), body: Body::Webhook(body) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::row::Row;

    fn read(row: serde_json::Value) -> Option<Webhook> {
        let container = ResourceId::new("git", Kind::Container, "repository:1");
        let resource = Row::<WebhookForm>::read(row).value?.resource(&container)?;
        assert_eq!(resource.id.as_str(), "git/webhook/repository:1/7");
        let Body::Webhook(webhook) = resource.body else { return None };
        Some(webhook)
    }

    #[test]
    fn that_there_is_a_secret_is_told_and_nothing_more() {
        let signed = |configuration| read(json!({"id": 7, "configuration": configuration})).unwrap().signed;
        assert_eq!(signed(json!({"secret": "planted"})), Fact::Known(true));
        assert_eq!(signed(json!({"secret": {"value": "planted"}})), Fact::Known(true));
        assert_eq!((signed(json!({})), signed(json!({"secret": null}))), (Fact::Known(false), Fact::Known(false)));
        assert_eq!(read(json!({"id": 7})).unwrap().signed, Fact::Unknown);
        let row = Row::<WebhookForm>::read(json!({"id": 7, "configuration": {"secret": "planted"}}));
        assert!(!format!("{row:?}").contains("planted"));
    }

    #[test]
    fn a_webhook_without_an_id_is_none() {
        assert!(read(json!({"url": "https://ci.example.com"})).is_none());
    }
}
