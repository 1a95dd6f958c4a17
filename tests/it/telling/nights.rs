//! The nights of an estate: a first scan sums up, the nights after it tell what changed, once, under its cause.

use std::collections::{BTreeMap, BTreeSet};

use keyroll::alerts::Routing;
use keyroll::app::preview;
use keyroll::config::Config;
use keyroll::model::{Assessment, Status, Step};
use keyroll::store::Store;
use serde_json::Value;

use super::{ROUTES, Receiver, alerts, deliver, findings_in, sent_to};
use crate::support::pretended::Estate;

/// Findings that took a step which calls somebody.
fn called(assessment: &Assessment, steps: &[Step]) -> BTreeSet<String> {
    let wanted = assessment.transitions.iter().filter(|transition| steps.contains(&transition.step));
    wanted.map(|transition| transition.finding.as_str().to_owned()).collect()
}

fn told(events: &[Value]) -> BTreeSet<String> {
    events.iter().flat_map(findings_in).collect()
}

const CALLS: [Step; 4] = [Step::Opened, Step::Reopened, Step::Worsened, Step::WaiverEnded];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_scan_sends_one_summary_and_calls_nobody() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    deliver(&estate).await;
    let all = sent_to(&receiver, "all");
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["type"], "keyroll.notice.adoption");
    let open = estate.assess().findings.iter().filter(|finding| finding.status == Status::Open).count();
    let listed = all[0]["data"]["effects"].as_array().unwrap().len();
    let more = usize::try_from(all[0]["data"]["more"].as_u64().unwrap()).unwrap();
    assert_eq!(listed + more, open, "every finding is counted");
    assert!(all[0]["data"]["title"].as_str().unwrap().contains("for the first time"));
    assert_eq!(sent_to(&receiver, "pager").len(), 0, "the pager does not ask for sums");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_tells_every_step_once_under_its_cause_and_nothing_the_second_time() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    deliver(&estate).await;
    let before = receiver.server.asked().len();
    estate.night();
    estate.scan().await;
    deliver(&estate).await;
    let assessment = estate.assess();
    let all: Vec<Value> = sent_to(&receiver, "all").split_off(1);
    let of_findings: Vec<Value> = all.iter().filter(|event| event["data"]["topic"] == "findings").cloned().collect();
    let raised: Vec<Value> = of_findings.iter().filter(|event| event["data"]["action"] == "raise").cloned().collect();
    assert_eq!(told(&raised), called(&assessment, &CALLS), "every step that calls is told");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for finding in raised.iter().flat_map(findings_in) {
        *seen.entry(finding).or_default() += 1;
    }
    assert!(seen.values().all(|times| *times == 1), "no finding is told twice: {seen:?}");
    let causes: BTreeSet<&str> = raised.iter().map(|event| event["subject"].as_str().unwrap()).collect();
    assert_eq!(causes.len(), raised.len(), "one cause, one message");
    assert!(raised.iter().any(|event| findings_in(event).len() > 1), "some change has several effects");
    let over = called(&assessment, &[Step::Resolved]);
    let resolved: Vec<Value> = of_findings.iter().filter(|event| event["data"]["action"] != "raise").cloned().collect();
    assert_eq!(told(&resolved), over, "what is over is told to those who heard of it");

    let high: BTreeSet<String> = assessment
        .findings
        .iter()
        .filter(|finding| finding.severity >= keyroll::model::Severity::High)
        .map(|finding| finding.id.as_str().to_owned())
        .collect();
    let paged = told(&sent_to(&receiver, "pager"));
    assert_eq!(paged, &called(&assessment, &CALLS) & &high, "the pager hears of what it asks for");

    deliver(&estate).await;
    let count = receiver.server.asked().len();
    assert!(count > before);
    estate.scan().await;
    deliver(&estate).await;
    assert_eq!(receiver.server.asked().len(), count, "the same facts a second time are no news");
    let ids: BTreeSet<String> =
        receiver.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), count, "each message has an id of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_seen_is_told_and_that_it_can_be_seen_again() {
    use keyroll::simulator::Fault;
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    deliver(&estate).await;
    let of_coverage = || -> Vec<(String, String)> {
        let events = sent_to(&receiver, "all");
        let coverage = events.iter().filter(|event| event["data"]["topic"] == "coverage");
        let said = |event: &Value, key: &str| event["data"][key].as_str().unwrap().to_owned();
        coverage.map(|event| (said(event, "action"), said(event, "cause"))).collect()
    };
    assert_eq!(of_coverage(), []);
    estate.night();
    estate.simulator.set_fault("domains", Fault::Status(403));
    for _ in 0..2 {
        estate.scan().await;
        deliver(&estate).await;
        assert_eq!(of_coverage().len(), 1, "the same gap is told once");
    }
    estate.simulator.clear_faults();
    estate.scan().await;
    deliver(&estate).await;
    let told = of_coverage();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].0.as_str(), told[1].0.as_str()), ("raise", "settle"));
    assert_eq!(told[0].1, told[1].1, "both belong to one cause");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_what_is_sent_and_sends_nothing() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    deliver(&estate).await;
    estate.night();
    estate.scan().await;
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let store = Store::open(&estate.path("keyroll.db")).unwrap();
    let routing: &Routing = config.routing();
    let before = receiver.server.asked().len();
    let shown = preview(&store, None, "acme", routing, config.own_credentials()).unwrap();
    assert_eq!(receiver.server.asked().len(), before);
    let waiting = store.undelivered().unwrap();
    let raised = |outgoing: &[keyroll::model::Outgoing]| -> BTreeSet<String> {
        outgoing
            .iter()
            .filter(|out| out.notice.action == keyroll::model::Action::Raise)
            .map(|out| out.notice.id.to_string())
            .collect()
    };
    assert_eq!(raised(&shown), raised(&waiting), "the same notices under the same ids");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_hear_of_what_is_theirs_and_digests_wait_for_their_time() {
    let estate = Estate::new().await;
    let receiver = Receiver::new().await;
    let digest = "    - to: all\n      digest: \"0 8 * * *\"\n    - to: pager\n      tell: [opened]\n";
    estate.configure(&alerts(&estate, &receiver, digest));
    estate.scan().await;
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len(), 0, "the digest is due at eight");
    estate.night();
    estate.scan().await;
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len(), 1, "the digest of the day before came due");
    let store = Store::open(&estate.path("keyroll.db")).unwrap();
    let waiting = store.undelivered().unwrap();
    assert_eq!(waiting.iter().filter(|out| out.notice.channel.as_str() == "all").count(), 1, "one digest a night");
    estate.clock.advance(chrono::TimeDelta::hours(7));
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len(), 2);
    assert_eq!(sent_to(&receiver, "all")[1]["data"]["topic"], "digest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_hours_put_off_what_is_not_bad_enough_to_wake_somebody() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    let text = alerts(&estate, &receiver, "    - to: all\n    - to: pager\n      tell: [missed]\n");
    let quiet = "name: all\n      quiet: { from: \"20:00\", to: \"07:00\", except: critical }\n";
    estate.configure(&text.replace("name: all\n", quiet));
    estate.scan().await;
    estate.night();
    estate.scan().await;
    deliver(&estate).await;
    let at_night = sent_to(&receiver, "all");
    assert!(!at_night.is_empty(), "what is critical is told at two in the morning");
    assert!(at_night.iter().all(|event| event["data"]["severity"] == "critical"), "{at_night:#?}");
    estate.clock.advance(chrono::TimeDelta::hours(5));
    deliver(&estate).await;
    assert!(sent_to(&receiver, "all").len() > at_night.len() + 3, "the rest is told at seven");
}
