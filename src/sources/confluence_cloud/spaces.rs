//! Spaces, and in which way rights in them are given.

use super::endpoints::{SPACE_ROLE_MODE, SPACES};
use super::site::{container, setting};
use super::{BY_LINK, Visit, cloud, wire};
use crate::http::Paging;
use crate::model::{Container, ContainerForm, Fact, Kind, Resource, Setting};
use crate::sources::pages::{One, Results};
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, moment};

/// Which ways of giving rights in spaces hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InForce {
    /// Single permissions.
    pub(super) permissions: bool,
    /// Roles.
    pub(super) roles: bool,
}

impl InForce {
    /// The ways that hold in a mode, if it is one that we know.
    fn in_mode(mode: &str) -> Option<Self> {
        match mode {
            "pre-roles" => Some(Self { permissions: true, roles: false }),
            "roles-transition" => Some(Self { permissions: true, roles: true }),
            "roles" => Some(Self { permissions: false, roles: true }),
            _ => None,
        }
    }
}

impl Visit<'_> {
    /// Where the site does not say which way holds, both are read: what one of them shows may not be in force then, but
    /// nothing that is stays unseen.
    pub(super) async fn space_role_mode(&self) -> (Part, InForce) {
        let mut reading = self.gatherer.start(&SPACE_ROLE_MODE);
        let request = SPACE_ROLE_MODE.request(&[]);
        let rows = reading.walk::<One<wire::SpaceRoleMode>, _>(self.client(), request, Paging::Single).await.rows;
        let told = rows.into_iter().find_map(|row| hidden_if_empty(row.mode).known().cloned());
        let mode = told.map(|mode| mode.to_lowercase().replace('_', "-"));
        let known = mode.as_deref().and_then(InForce::in_mode);
        if known.is_none() {
            let why =
                mode.as_ref().map_or("the mode is not known".to_owned(), |mode| format!("`{mode}` is a new mode"));
            reading
                .fall_short(format!("{why}: permissions and roles are both read, and one of them may not be in force"));
        }
        if let Some(mode) = mode {
            let body = Setting { value: Fact::Known(mode), ..Setting::of("space-role-mode") };
            let id = self.id(Kind::Setting, "space-role-mode");
            reading.push(Some(setting(id, "Way of giving rights in spaces", body)));
        }
        (reading.finish(), known.unwrap_or(InForce { permissions: true, roles: true }))
    }

    /// Current and archived spaces are asked for apart, so that the state of each is certain.
    pub(super) async fn spaces(&self) -> Part {
        let mut reading = self.gatherer.start(&SPACES);
        let calls = ["current", "archived"].map(|status| {
            let request = SPACES.request(&[]).query("limit", self.page_size(250));
            (status, request.query("status", status))
        });
        let answers = reading.walk_each::<Results<wire::Space>, _, _>(self.client(), calls.into(), BY_LINK).await;
        let visible: usize = answers.iter().map(|answer| answer.rows.len()).sum();
        if visible > 0 || answers.iter().all(|answer| answer.whole) {
            self.limit_to_visible_spaces(&mut reading, visible);
        }
        for answer in answers {
            answer.rows.into_iter().for_each(|row| reading.push(self.space(row, answer.of)));
        }
        reading.finish()
    }

    fn space(&self, row: wire::Space, status: &str) -> Option<Resource> {
        let id = id(row.id)?;
        let key = hidden_if_empty(row.key);
        let body = Container {
            parent: Fact::Known(self.site_id()),
            url: key.as_ref().map(|key| format!("{}/spaces/{key}", self.address)),
            key,
            status: Fact::Known(status.to_owned()),
            category: hidden_if_empty(row.kind),
            owner: hidden_if_empty(row.author_id).map(|id| cloud(Kind::Principal, &id)),
            created_at: moment(hidden_if_null(row.created_at)),
            ..Container::unknown(ContainerForm::Space)
        };
        Some(container(self.id(Kind::Container, &format!("space:{id}")), row.name, body))
    }
}

/// The id of a space as Confluence gave it.
pub(super) fn space_id(space: &Resource) -> Option<&str> {
    space.id.native().strip_prefix("space:")
}
