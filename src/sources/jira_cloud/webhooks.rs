//! Webhooks that administrators made. The list is older than the published description of the API, so little about
//! its rows is taken for granted.

use super::endpoints::WEBHOOKS;
use super::{Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Resource, Webhook};
use crate::sources::pages::Bare;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, id, moment, sorted, value};

impl Visit<'_> {
    pub(super) async fn webhooks(&self) -> Part {
        let mut reading = self.gatherer.start(&WEBHOOKS);
        let request = WEBHOOKS.request(&[]);
        let rows = reading.walk::<Bare<wire::Webhook>, _>(self.client(), request, Paging::Single).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.webhook(row)));
        reading.finish()
    }

    fn webhook(&self, row: wire::Webhook) -> Option<Resource> {
        let link = value(row.link);
        let last = link.as_deref().and_then(|link| link.trim_end_matches('/').rsplit('/').next());
        let native = id(row.id).or_else(|| last.filter(|last| !last.is_empty()).map(str::to_owned))?;
        let (address, secret_in_url) = match row.url {
            Fact::Known(url) => (url.address, url.secret_in_url),
            Fact::Absent | Fact::Unknown => (Fact::Unknown, Fact::Unknown),
        };
        let body = Webhook {
            container: Fact::Known(self.site_id()),
            address,
            secret_in_url,
            signed: hidden_if_null(row.is_signed),
            enabled: hidden_if_null(row.enabled),
            events: hidden_if_null(row.events).map(sorted),
            changed_by: match row.last_updated_user {
                Fact::Known(user) if is_account_id(&user) => Fact::Known(cloud(Kind::Principal, &user)),
                Fact::Known(_) | Fact::Absent | Fact::Unknown => Fact::Unknown,
            },
            changed_at: hidden_if_null(moment(row.last_updated)),
            ..Webhook::default()
        };
        Some(Resource {
            id: self.id(Kind::Webhook, &format!("webhook:{native}")),
            name: value(row.name).map(String::from).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::Webhook(body),
        })
    }
}

/// Whether a text is an account id and not a name or key of days gone by: `712020:…`, or 24 letters and digits.
fn is_account_id(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once(':') {
        Some((directory, rest)) => (digits(directory) || directory == "qm") && !rest.is_empty(),
        None => text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_of_old_are_no_account_ids() {
        for id in ["712020:0a1b", "557058:f58131cb-b67d-43c7-b30d-6b58d40bd077", "5b10a2844c20165700ede21g", "qm:1:2"] {
            assert!(is_account_id(id), "{id}");
        }
        for other in ["", "admin", "JIRAUSER10100", "ug:3f2b", ":x", "712020:", "ada.lovelace@acme.example"] {
            assert!(!is_account_id(other), "{other}");
        }
    }
}
