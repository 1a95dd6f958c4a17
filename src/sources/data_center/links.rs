//! Application links: standing trust between the product and another system.
//!
//! Only the status is asked for how a link lets the other end in: the older resource of a link's authentication answers
//! with the stored user and password in clear, and is not on the list of what may be asked.

use super::{Common, wire};
use crate::http::Paging;
use crate::model::{App, AppForm, Body, EndpointState, Fact, Kind, Resource};
use crate::sources::endpoint::Endpoint;
use crate::sources::pages::{Bare, One};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, sorted, value};
use crate::sources::webhook_url::WebhookUrl;

/// Each status makes the server ask the other end: few at once.
const AT_ONCE: usize = 2;

impl Common<'_> {
    pub(in crate::sources) async fn application_links(&self, endpoint: &'static Endpoint) -> Part {
        let mut reading = self.start(endpoint);
        let request = endpoint.request(&[]);
        let answer = reading.walk::<Bare<wire::Link>, _>(&self.access.client, request, Paging::Single).await;
        answer.rows.into_iter().for_each(|row| reading.push(self.link(row)));
        reading.finish()
    }

    /// How each link lets the other end in, and whether that answers.
    pub(in crate::sources) async fn link_status(&self, endpoint: &'static Endpoint, links: &Part) -> Part {
        let mut reading = self.start(endpoint);
        if !self.access.link_status {
            reading.close(EndpointState::Skipped, "left out by the configuration (`link_status: false`)");
        }
        reading.lean_on(&links.entry);
        reading.at_once(AT_ONCE);
        let native = |link: &Resource| link.id.native().strip_prefix("link:").map(str::to_owned);
        let asked = links.resources.iter().filter_map(|link| Some((link, endpoint.request(&[&native(link)?]))));
        let answers = reading
            .walk_each::<One<wire::LinkStatus>, _, _>(&self.access.client, asked.collect(), Paging::Single)
            .await;
        for answer in answers {
            for row in answer.rows {
                let body = App {
                    working: hidden_if_null(row.working),
                    access: access(&row, answer.of, &mut reading),
                    ..App::unknown(AppForm::ApplicationLink)
                };
                reading.push(Some(Resource { body: Body::App(body), ..answer.of.clone() }));
            }
        }
        reading.finish()
    }

    fn link(&self, row: wire::Link) -> Option<Resource> {
        let native = id(row.id)?;
        let host = |url: Fact<WebhookUrl>| url.and_then(|url| url.address);
        let body = App {
            container: Fact::Known(self.instance_id()),
            key: hidden_if_empty(row.kind),
            // The server itself goes to this one; the other is for people.
            address: hidden_if_null(host(row.rpc_url)).or(hidden_if_null(host(row.display_url))),
            vendor: Fact::Absent,
            version: Fact::Absent,
            ..App::unknown(AppForm::ApplicationLink)
        };
        Some(Resource {
            id: self.id(Kind::App, &format!("link:{native}")),
            name: value(row.name).map(String::from).unwrap_or_default(),
            seen_by: Vec::new(),
            body: Body::App(body),
        })
    }
}

/// The words for how a link lets requests through. They are known only if each switch is: one that is missing may be
/// the one that matters.
fn access(row: &wire::LinkStatus, link: &Resource, reading: &mut Reading<'_>) -> Fact<Vec<String>> {
    let legacy = row.error.known().is_some_and(|error| {
        let speaks =
            |told: &Fact<String>, word: &str| told.known().is_some_and(|told| told.to_ascii_uppercase().contains(word));
        speaks(&error.kind, "LEGACY") || speaks(&error.category, "DEPRECATED")
    });
    if legacy {
        reading.fall_short(format!(
            "the link “{}” also uses an older way to log in, which its status does not name: look at it under Application \
             links",
            link.title()
        ));
        return Fact::Unknown;
    }
    let told = row.local_authentication.known();
    let directions = told.and_then(|both| Some((both.incoming.known()?, both.outgoing.known()?)));
    let words = directions.and_then(|(incoming, outgoing)| {
        let mut words = words("incoming", incoming)?;
        words.extend(self::words("outgoing", outgoing)?);
        Some(words)
    });
    match words {
        Some(words) => Fact::Known(sorted(words)),
        None => {
            reading
                .fall_short(format!("the status of the link “{}” does not tell how it lets others in", link.title()));
            Fact::Unknown
        }
    }
}

fn words(direction: &str, told: &wire::Direction) -> Option<Vec<String>> {
    let switches = [
        ("three-legged", told.enabled.known().copied()?),
        ("two-legged", told.two_lo_enabled.known().copied()?),
        ("impersonation", told.two_lo_impersonation_enabled.known().copied()?),
        ("basic", told.basic_enabled == Fact::Known(true)),
        ("trusted", told.trusted_enabled == Fact::Known(true)),
    ];
    let on = switches.into_iter().filter(|(_, on)| *on);
    Some(on.map(|(way, _)| format!("{direction}-{way}")).collect())
}
