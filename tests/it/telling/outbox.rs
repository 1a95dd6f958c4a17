//! The outbox: what nobody takes waits, is tried again after growing pauses, given up loudly, and sent when somebody asks.

use chrono::TimeDelta;
use keyroll::clock::Clock;
use keyroll::model::Delivery;
use keyroll::store::Store;

use super::{ROUTES, Receiver, alerts, deliver, sent_to};
use crate::support::keyroll::keyroll_with;
use crate::support::pretended::Estate;

fn store(estate: &Estate) -> Store {
    Store::open(&estate.path("keyroll.db")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_that_nobody_takes_waits_longer_each_time_and_is_given_up_loudly() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    receiver.say(503);
    let mut pauses = Vec::new();
    for _ in 0..200 {
        deliver(&estate).await;
        let waiting = store(&estate).undelivered().unwrap();
        let [only] = waiting.as_slice() else { panic!("one notice waits: {waiting:?}") };
        if only.delivery == Delivery::Dead {
            break;
        }
        let next = store(&estate).next_due().unwrap().unwrap();
        pauses.push(next - estate.clock.now());
        estate.clock.set(next);
    }
    assert!(pauses.len() > 8, "{pauses:?}");
    assert!(pauses.windows(2).all(|pair| pair[1] >= pair[0]), "pauses never shrink: {pauses:?}");
    assert!(*pauses.last().unwrap() <= TimeDelta::hours(6));
    let dead = store(&estate).undelivered().unwrap();
    assert_eq!(dead[0].delivery, Delivery::Dead);
    assert!(dead[0].error.contains("503"), "{}", dead[0].error);

    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll_with(&folder, &["alerts", "pending"], &[])).await.unwrap();
    assert!(run.out.contains("given up"), "{}", run.out);
    let shown = keyroll::reports::morning_view(&estate.assess(), keyroll::reports::Look { width: 80, colour: false });
    assert!(shown.contains("NOT DELIVERED (1)") && shown.contains("keyroll alerts retry"), "{shown}");

    receiver.say(204);
    let sent = receiver.server.asked().len();
    let folder = estate.folder.path().to_owned();
    let now = estate.clock.now().to_rfc3339();
    let run = tokio::task::spawn_blocking(move || keyroll_with(&folder, &["--now", &now, "alerts", "retry"], &[]))
        .await
        .unwrap();
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(receiver.server.asked().len(), sent + 1);
    assert!(store(&estate).undelivered().unwrap().is_empty());
    let ids: std::collections::BTreeSet<String> =
        receiver.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1, "however often it was tried, it is the same message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_final_at_once_and_the_program_says_so() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    receiver.say(403);
    let folder = estate.folder.path().to_owned();
    let run = tokio::task::spawn_blocking(move || keyroll_with(&folder, &["scan", "--fail-on", "critical"], &[]))
        .await
        .unwrap();
    assert!(matches!(run.code, 5 | 10), "{}", run.err);
    assert!(run.err.contains("1 notice could not be delivered"), "{}", run.err);
    assert_eq!(store(&estate).undelivered().unwrap()[0].delivery, Delivery::Dead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_fails_again_and_again_is_left_in_peace_for_a_while() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    deliver(&estate).await;
    estate.night();
    estate.scan().await;
    let waiting = store(&estate).undelivered().unwrap();
    assert!(waiting.iter().filter(|out| out.notice.channel.as_str() == "all").count() > 6);
    receiver.say(500);
    let before = sent_to(&receiver, "all").len();
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len() - before, 5, "five failures in a row are enough");
    assert_eq!(store(&estate).breakers().unwrap().len(), 2, "each channel for itself");
    receiver.say(204);
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len() - before, 5, "it is left in peace");
    for _ in 0..40 {
        let Some(next) = store(&estate).next_due().unwrap() else { break };
        estate.clock.set(estate.clock.now().max(next));
        deliver(&estate).await;
    }
    assert!(store(&estate).undelivered().unwrap().is_empty(), "then everything is sent");
    assert!(store(&estate).breakers().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_budget_of_a_day_the_rest_is_one_message() {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    let text = alerts(&estate, &receiver, ROUTES).replace("name: all\n", "name: all\n      messages_per_day: 3\n");
    estate.configure(&text);
    estate.scan().await;
    deliver(&estate).await;
    estate.night();
    estate.scan().await;
    deliver(&estate).await;
    let all = sent_to(&receiver, "all");
    assert!(all.len() <= 1 + 3 + 1, "{} messages", all.len());
    let overflow = all.last().unwrap();
    assert!(all.iter().any(|event| event["data"]["topic"] == "digest"), "{overflow:#}");
    let told: std::collections::BTreeSet<String> = all.iter().skip(1).flat_map(super::findings_in).collect();
    let steps = estate.assess().transitions.len();
    let hidden: u64 = all.iter().skip(1).map(|event| event["data"]["more"].as_u64().unwrap()).sum();
    assert!(
        told.len() as u64 + hidden >= u64::try_from(steps).unwrap() - 3,
        "nothing is lost: {} of {steps}",
        told.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_closed_before_it_was_opened() {
    use keyroll::simulator::Fault;
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(
        &estate,
        &receiver,
        "    - to: all\n      tell: [incomplete]\n    - to: pager\n      tell: [missed]\n",
    ));
    estate.scan().await;
    estate.simulator.set_fault("domains", Fault::Status(403));
    estate.scan().await;
    receiver.say(503);
    deliver(&estate).await;
    estate.simulator.clear_faults();
    estate.scan().await;
    receiver.say(204);
    let failed = sent_to(&receiver, "all").len();
    deliver(&estate).await;
    assert_eq!(sent_to(&receiver, "all").len(), failed, "the second waits for the first, which waits for its next try");
    estate.clock.advance(TimeDelta::minutes(5));
    deliver(&estate).await;
    let actions: Vec<String> = sent_to(&receiver, "all")
        .split_off(failed)
        .iter()
        .map(|event| event["data"]["action"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(actions, ["raise", "settle"]);
}
