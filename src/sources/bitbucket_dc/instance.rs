//! The product itself with its version, and its licence.

use super::endpoints::{INSTANCE, LICENCE};
use super::{Visit, container, wire};
use crate::http::Paging;
use crate::model::{Container, ContainerForm, Fact, Kind, ResourceId};
use crate::sources::data_center::end;
use crate::sources::pages::One;
use crate::sources::reading::Part;
use crate::sources::row::{hidden_if_empty, hidden_if_null, moment};

impl Visit<'_> {
    pub(super) async fn instance(&self) -> Part {
        let mut reading = self.common().start(&INSTANCE);
        let request = INSTANCE.request(&[]);
        let rows = reading.walk::<One<wire::Properties>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            if row.version.is_unknown() {
                reading.fall_short("Bitbucket does not tell its version".to_owned());
            }
            let url = Fact::Known(self.base_url().to_owned());
            reading.push(Some(self.common().instance(row.display_name, hidden_if_empty(row.version), url)));
        }
        reading.finish()
    }

    /// Who takes a seat is told beside the permissions of groups: each global permission brings one.
    pub(super) async fn licence(&self) -> Part {
        let mut reading = self.common().start(&LICENCE);
        let request = LICENCE.request(&[]);
        let rows = reading.walk::<One<wire::Licence>, _>(self.client(), request, Paging::Single).await.rows;
        for row in rows {
            let seats_total = seats(row.unlimited_number_of_users, row.maximum_number_of_users);
            if seats_total.is_unknown() {
                reading.fall_short("the licence does not tell how many seats it has".to_owned());
            }
            let body = Container {
                parent: Fact::Known(self.instance_id()),
                key: Fact::Known("bitbucket".to_owned()),
                seats_used: hidden_if_null(row.status)
                    .and_then(|status| hidden_if_null(status.current_number_of_users)),
                seats_total,
                expires_at: match (moment(hidden_if_null(row.expiry_date)), row.number_of_days_before_expiry) {
                    (told @ Fact::Known(_), _) => end(told, self.gatherer.clock.now()),
                    // A licence without an end counts its days by the largest number there is.
                    (_, Fact::Known(days)) if days > 36_525 => Fact::Absent,
                    (told, _) => told,
                },
                default_groups: Fact::Absent,
                ..Container::unknown(ContainerForm::Application)
            };
            reading.push(Some(container(self.application_id(), "Bitbucket".to_owned(), body)));
        }
        reading.finish()
    }

    fn application_id(&self) -> ResourceId {
        self.id(Kind::Container, "application:bitbucket")
    }
}

/// Seats that were bought; absent if there is no limit.
fn seats(unlimited: Fact<bool>, seats: Fact<i64>) -> Fact<i64> {
    match (unlimited, seats) {
        (Fact::Known(true), _) => Fact::Absent,
        (_, Fact::Known(seats)) if seats < 0 => Fact::Absent,
        (_, seats) => hidden_if_null(seats),
    }
}
