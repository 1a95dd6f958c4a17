//! An examination of keyroll itself: would tonight's scan see what it is meant to see, and would anybody be told? Each part was
//! built for itself, so that what is wrong with one does not keep the others from being looked at. Nothing is changed, no
//! notice is sent unless that is asked for, and nothing secret is in what is found.
//!
//! `store` looks at the place of scans, `network` at the lines and clocks, `sources` at what each source answers, `credentials` at
//! what keyroll reads with, `rules` at who can judge, `channels` at the ways to people, `schedules` at when scans are due.

mod channels;
mod credentials;
mod network;
mod rules;
mod schedules;
mod sources;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

pub use channels::send_sample;
pub use rules::{Behind, rules_behind};

use super::scan::declare;
use super::{AcceptedGap, Schedule};
use crate::alerts::{Channel, OwnCredential};
use crate::clock::Clock;
use crate::http::Contacts;
use crate::model::{Area, Check, Collection, LedgerEntry, SourceName, Watermarks};
use crate::rules::RuleSet;
use crate::sources::{Depth, Source, SourceKind};
use crate::store::{Location, Store};

/// Why nothing is said of a source or channel.
const OFFLINE: &str = "nobody is asked with `--offline`";

/// The parts that are examined.
pub struct Examination {
    /// The estate's name.
    pub estate: String,
    /// The sources that could be built.
    pub sources: Vec<Probed>,
    /// The rules, if they could be read.
    pub rules: Option<RuleSet>,
    /// Gaps that somebody knows and accepts.
    pub accepted_gaps: Vec<AcceptedGap>,
    /// The channels that could be built.
    pub channels: Vec<Box<dyn Channel>>,
    /// When scans are due.
    pub schedules: Vec<Schedule>,
    /// Where scans are kept.
    pub store: Location,
    /// What the sources' clients meet on the line.
    pub contacts: Contacts,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A source that is to be probed.
pub struct Probed {
    /// Its sort.
    pub kind: &'static SourceKind,
    /// What is known of the credential that it reads with.
    pub own: OwnCredential,
    /// The source itself.
    pub source: Box<dyn Source>,
}

/// How far an examination goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether nobody is asked anything: neither sources nor channels.
    pub offline: bool,
    /// Whether each channel is sent a sample.
    pub send_test: bool,
}

impl Examination {
    /// Looks at everything. Sources are asked one request for each endpoint.
    pub async fn run(&self, reach: Reach) -> Vec<Check> {
        let now = self.clock.now();
        let (mut checks, store) = store::examine(&self.store);
        let names: Vec<&SourceName> = self.sources.iter().map(|probed| probed.source.name()).collect();
        if reach.offline {
            let unasked = |name: &&SourceName| Check::unchecked(Area::Sources, name.as_str(), OFFLINE);
            checks.extend(names.iter().map(unasked));
            for (area, about) in
                [(Area::Clock, "this machine"), (Area::Rules, "all rules"), (Area::Credentials, "all sources")]
            {
                checks.push(Check::unchecked(area, about, OFFLINE));
            }
        } else {
            let probes = self.probe().await;
            checks.extend(self.of_probes(&probes, store.as_ref(), now));
        }
        checks.extend(channels::examine(&self.channels, &self.estate, now, reach).await);
        checks.extend(schedules::examine(&self.schedules, store.as_ref(), &names, now));
        checks
    }

    /// What the answers of the sources say.
    fn of_probes(
        &self,
        probes: &BTreeMap<SourceName, Collection>,
        store: Option<&Store>,
        now: DateTime<Utc>,
    ) -> Vec<Check> {
        let ledger: Vec<LedgerEntry> = probes.values().flat_map(|probe| probe.ledger.iter().cloned()).collect();
        let judged = rules::Judged::of(self.rules.as_ref(), ledger, now);
        let mut checks = network::clocks(probes.keys(), &self.contacts);
        for probed in &self.sources {
            let Some(probe) = probes.get(probed.source.name()) else { continue };
            let contact = self.contacts.of(probed.source.name().as_str());
            checks.extend(sources::examine(probed, &probe.ledger, contact.as_ref(), &judged));
        }
        checks.extend(judged.checks());
        let known = credentials::Known::of(probes, store);
        for probed in &self.sources {
            checks.extend(credentials::examine(probed, &known, now));
        }
        checks
    }

    /// Asks all sources side by side for the first page of each endpoint.
    async fn probe(&self) -> BTreeMap<SourceName, Collection> {
        let looks = self.sources.iter().map(|probed| async {
            let mut collection = probed.source.look(Depth::FirstPage, &Watermarks::default()).await;
            declare(&mut collection.ledger, &self.accepted_gaps);
            (probed.source.name().clone(), collection)
        });
        looks.collect::<FuturesUnordered<_>>().collect().await
    }
}
