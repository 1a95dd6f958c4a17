//! Groups. Who is in them, the accounts tell; which roles they give, `roles` asks of those that give any.

use std::collections::BTreeSet;

use serde_json::json;

use super::endpoints::{GROUP_COUNT, GROUPS};
use super::{BY_CURSOR_IN_BODY, EVERY_DIRECTORY, Visit, cloud, wire};
use crate::model::{Body, Fact, Group, Kind, Resource, ResourceId};
use crate::sources::endpoint::fill;
use crate::sources::pages::Listed;
use crate::sources::reading::Part;
use crate::sources::row::{absent_if_empty, hidden_if_null, id, value};

/// The groups of which the directory knows that they open no resource.
pub(super) type OpenNothing = BTreeSet<ResourceId>;

impl Visit<'_> {
    pub(super) async fn groups(&self) -> (Part, OpenNothing) {
        let mut reading = self.gatherer.start(&GROUPS);
        let mut request = GROUPS.request(&[&self.org, EVERY_DIRECTORY]);
        request.body = Some(json!({
            "limit": self.source.connection.page_size(100),
            "expand": ["counts.users", "counts.resources"],
        }));
        let rows = reading.walk::<Listed<wire::Group>, _>(&self.source.client, request, BY_CURSOR_IN_BODY).await.rows;
        let open_nothing = rows.iter().filter(|row| opens_nothing(row)).filter_map(|row| row.id.known());
        let open_nothing = open_nothing.map(|id| cloud(Kind::Group, id)).collect();
        rows.into_iter().for_each(|row| reading.push(group(row)));
        reading.count(&self.source.client, fill(GROUP_COUNT, &[&self.org, EVERY_DIRECTORY])).await;
        (reading.finish(), open_nothing)
    }
}

fn opens_nothing(row: &wire::Group) -> bool {
    row.counts.known().is_some_and(|counts| counts.resources == Fact::Known(0))
}

fn group(row: wire::Group) -> Option<Resource> {
    let id = id(row.id)?;
    let modifiable = value(row.management_access).and_then(|access| value(access.modifiable));
    let external = match (value(row.external_synced), modifiable) {
        (Some(true), _) | (_, Some(false)) => Fact::Known(true),
        (Some(false), _) => Fact::Known(false),
        (None, _) => Fact::Unknown,
    };
    let body = Group {
        description: absent_if_empty(row.description),
        managed_by: hidden_if_null(row.managed_by),
        external,
        // The cloud has no groups in groups.
        inside: Fact::Absent,
        member_count: hidden_if_null(row.counts).and_then(|counts| hidden_if_null(counts.users)),
        ..Group::default()
    };
    let name = value(row.name).unwrap_or_default();
    Some(Resource { id: cloud(Kind::Group, &id), name, seen_by: Vec::new(), body: Body::Group(body) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::row::Row;

    #[test]
    fn a_group_that_nobody_may_change_is_fed_from_outside() {
        let external = |row| {
            let Body::Group(group) = group(Row::read(row).value.unwrap()).unwrap().body else { panic!("a group") };
            group.external
        };
        assert_eq!(external(json!({"id": "g", "externalSynced": true})), Fact::Known(true));
        assert_eq!(
            external(json!({"id": "g", "externalSynced": false, "managementAccess": {"modifiable": false}})),
            Fact::Known(true)
        );
        assert_eq!(external(json!({"id": "g", "externalSynced": false})), Fact::Known(false));
        assert_eq!(external(json!({"id": "g", "managementAccess": {"modifiable": true}})), Fact::Unknown);
    }
}
