//! Installed apps, as the app manager lists them. It is older than the published interfaces, and answers in a form of
//! its own only.

use super::{Common, wire};
use crate::http::Paging;
use crate::model::{App, AppForm, Body, Fact, Kind, Resource};
use crate::sources::endpoint::Endpoint;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, value};

const MEDIA_TYPE: &str = "application/vnd.atl.plugins.installed+json";

impl Common<'_> {
    pub(in crate::sources) async fn installed_apps(&self, endpoint: &'static Endpoint) -> Part {
        let mut reading = self.start(endpoint);
        let mut request = endpoint.request(&[]);
        request.accept = Some(MEDIA_TYPE);
        if self.access.basic {
            request = request.query("os_authType", "basic");
        }
        let answer = reading.walk::<wire::Plugins, _>(&self.access.client, request, Paging::Single).await;
        answer.rows.into_iter().for_each(|row| reading.push(self.installed_app(row)));
        reading.finish()
    }

    fn installed_app(&self, row: wire::Plugin) -> Option<Resource> {
        let key = id(row.key)?;
        let native = format!("installed:{key}");
        let body = App {
            container: Fact::Known(self.instance_id()),
            key: Fact::Known(key),
            vendor: row.vendor.and_then(|vendor| hidden_if_empty(vendor.name)),
            version: hidden_if_empty(row.version),
            enabled: hidden_if_null(row.enabled),
            user_installed: hidden_if_null(row.user_installed),
            ..App::unknown(AppForm::InstalledApp)
        };
        Some(Resource {
            id: self.id(Kind::App, &native),
            name: value(row.name).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::App(body),
        })
    }
}
