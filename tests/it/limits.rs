//! The limit of a server is used and kept: a whole Jira site over real HTTP, from a server that counts. How fast it goes
//! depends on the machine, and is measured by `benches/collect.rs`; how many requests it takes does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use keyroll::clock::{Clock, SystemClock};
use keyroll::config::Config;
use keyroll::model::{Collection, Watermarks};
use keyroll::simulator::{Counted, Plan, RateLimit, Simulator, Taken};
use keyroll::sources::Depth;

/// Requests under way at once, by the configuration.
const AT_ONCE: u32 = 8;

/// Reads a Jira site that keeps this limit. Tells what came of it, what became of the requests, and how few would do.
async fn read(limit: RateLimit) -> (Collection, Taken, u32) {
    // The dates in headers are those of the machine's clock, as they are in the field.
    let plan = Plan { seed: 7, accounts: 600, now: SystemClock.now(), page_latency: Duration::from_millis(5) };
    let simulator = Simulator::start(plan).await.unwrap();
    simulator.limit(limit);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, simulator.site_token()).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let file = folder.path().join("keyroll.yaml");
    let text = format!(
        "estate: acme\nstore: keyroll.db\nsources:\n  - name: jira\n    type: jira-cloud\n    base_url: {}\n    \
         gateway_url: {}\n    user: {}\n    token: file:{}\n    concurrency: {AT_ONCE}\n",
        simulator.site_url(),
        simulator.org_url(),
        simulator.site_user(),
        token.display()
    );
    fs::write(&file, text).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let app = Config::load(&file).unwrap().build(&clock, &[]).unwrap();
    let collection = app.sources[0].look(Depth::Whole, &Watermarks::default()).await;
    let fewest = u32::try_from(simulator.site_size().fewest_requests()).unwrap();
    (collection, simulator.taken_by_site(), fewest)
}

/// Everything was read, and nothing asked for twice but what was refused.
fn assert_thrifty(collection: &Collection, taken: Taken, fewest: u32) {
    for entry in &collection.ledger {
        assert!(!entry.is_gap(), "{}: {}", entry.endpoint, entry.reason);
    }
    assert!(taken.admitted * 100 <= fewest * 105, "{taken:?} where {fewest} would do");
    assert!(taken.admitted >= fewest, "{taken:?} is less than {fewest}, which is wrong then");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_every_answer_tells_is_hardly_ever_met() {
    let limit = RateLimit { per_second: 120, counted: Counted::BySecond, told: true };
    let (collection, taken, fewest) = read(limit).await;
    assert_thrifty(&collection, taken, fewest);
    assert!(taken.refused <= AT_ONCE, "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_only_refusals_tell_is_met_once_or_twice() {
    let limit = RateLimit { per_second: 120, counted: Counted::InBucket, told: false };
    let (collection, taken, fewest) = read(limit).await;
    assert_thrifty(&collection, taken, fewest);
    assert!(taken.refused > 0, "nothing was refused, so nothing was learned: {taken:?}");
    assert!(taken.refused <= 3 * AT_ONCE, "{taken:?}");
}
