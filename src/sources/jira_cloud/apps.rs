//! Installed apps, as the app manager of the site lists them.

use super::endpoints::INSTALLED_APPS;
use super::{Visit, wire};
use crate::http::Paging;
use crate::model::{App, AppForm, Body, Fact, Kind, Resource};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, value};

/// The app manager shows its list in no other form.
const MEDIA_TYPE: &str = "application/vnd.atl.plugins.installed+json";

impl Visit<'_> {
    pub(super) async fn installed_apps(&self) -> Part {
        let mut reading = self.gatherer.start(&INSTALLED_APPS);
        let mut request = INSTALLED_APPS.request(&[]);
        request.accept = Some(MEDIA_TYPE);
        let rows = reading.walk::<wire::Plugins, _>(self.client(), request, Paging::Single).await.rows;
        rows.into_iter().for_each(|row| reading.push(self.installed_app(row)));
        reading.finish()
    }

    fn installed_app(&self, row: wire::Plugin) -> Option<Resource> {
        let key = id(row.key)?;
        let native = format!("installed:{key}");
        let body = App {
            container: Fact::Known(self.site_id()),
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
