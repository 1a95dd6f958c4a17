//! Whether the product takes a user with a password, and for whom and where it does although it is blocked.

use super::{Common, wire};
use crate::http::Paging;
use crate::model::{Body, Fact, Kind, Resource, Setting};
use crate::sources::endpoint::Endpoint;
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_null, sorted};

impl Common<'_> {
    pub(in crate::sources) async fn basic_auth(&self, endpoint: &'static Endpoint) -> Part {
        let mut reading = self.start(endpoint);
        let request = endpoint.request(&[]);
        let answer = reading.walk::<One<wire::BasicAuth>, _>(&self.access.client, request, Paging::Single).await;
        for row in answer.rows {
            if row.block_requests.known().is_none() {
                reading.fall_short("the answer does not tell whether basic authentication is blocked".to_owned());
            }
            reading.push(Some(self.basic_auth_setting(row)));
        }
        reading.finish()
    }

    fn basic_auth_setting(&self, row: wire::BasicAuth) -> Resource {
        let exceptions = match (row.allowed_users, row.allowed_paths) {
            (Fact::Unknown, _) | (_, Fact::Unknown) => Fact::Unknown,
            (users, paths) => {
                let lists = [users, paths].into_iter().filter_map(|list| list.known().cloned());
                Fact::Known(sorted(lists.flatten().collect()))
            }
        };
        let value =
            hidden_if_null(row.block_requests).map(|blocked| if blocked { "blocked" } else { "allowed" }.to_owned());
        Resource {
            id: self.id(Kind::Setting, "basic-auth"),
            name: format!("Basic authentication of {}", self.access.product.title),
            seen_by: Vec::new(),
            body: Body::Setting(Setting {
                value,
                exceptions,
                container: Fact::Known(self.instance_id()),
                ..Setting::of("basic-auth")
            }),
        }
    }
}
