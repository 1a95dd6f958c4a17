//! What time alone gives occasion to: reminders and escalations, until somebody says that they deal with it.

use chrono::TimeDelta;
use keyroll::app::Voice;
use keyroll::clock::Clock;
use keyroll::config::Config;
use keyroll::store::Store;
use serde_json::Value;

use super::{Receiver, alerts, deliver, sent_to};
use crate::support::keyroll::keyroll_with;
use crate::support::pretended::Estate;

const ROUTES: &str = "    - to: all
      tell: [opened, reopened, worsened, resolved]
      remind_days: 3
      escalate: { after: 4h, to: pager, severity: critical }
";

fn follow_up(estate: &Estate) -> usize {
    let config = Config::load(&estate.path("keyroll.yaml")).unwrap();
    let mut store = Store::open(&estate.path("keyroll.db")).unwrap();
    let voice = Voice { estate: "acme", routing: config.routing(), now: estate.clock.now() };
    voice.follow_up(&mut store).unwrap()
}

fn topics(events: &[Value], topic: &str) -> usize {
    events.iter().filter(|event| event["data"]["topic"] == topic).count()
}

async fn second_night() -> (Estate, Receiver) {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    estate.configure(&alerts(&estate, &receiver, ROUTES));
    estate.scan().await;
    estate.night();
    estate.scan().await;
    deliver(&estate).await;
    (estate, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_acknowledges_is_escalated_once_and_reminded_of() {
    let (estate, receiver) = second_night().await;
    assert_eq!(follow_up(&estate), 0, "nothing is due at once");
    estate.clock.advance(TimeDelta::hours(5));
    assert!(follow_up(&estate) > 0);
    assert_eq!(follow_up(&estate), 0, "an escalation is made once");
    deliver(&estate).await;
    let pager = sent_to(&receiver, "pager");
    assert!(topics(&pager, "escalation") > 0 && pager.len() == topics(&pager, "escalation"));
    let critical = pager.iter().all(|event| event["data"]["severity"] == "critical");
    assert!(critical, "only what is bad enough is escalated");
    estate.clock.advance(TimeDelta::days(3));
    assert!(follow_up(&estate) > 0);
    assert_eq!(follow_up(&estate), 0, "the next reminder comes after three more days");
    deliver(&estate).await;
    assert!(topics(&sent_to(&receiver, "all"), "reminder") > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_acknowledged_is_left_in_peace_until_the_day_they_named() {
    let (estate, receiver) = second_night().await;
    let raised: Vec<String> = sent_to(&receiver, "all").iter().flat_map(super::findings_in).collect();
    let now = estate.clock.now();
    let until = (now + TimeDelta::days(10)).date_naive().to_string();
    for finding in raised {
        let (folder, until, now) = (estate.folder.path().to_owned(), until.clone(), now.to_rfc3339());
        let run = tokio::task::spawn_blocking(move || {
            let words = ["--now", &now, "findings", "ack", &finding, "--by", "Ada", "--until", &until];
            keyroll_with(&folder, &words, &[])
        });
        let run = run.await.unwrap();
        assert!(run.code == 0 || run.err.contains("nothing to acknowledge"), "{}", run.err);
    }
    estate.clock.advance(TimeDelta::days(9));
    assert_eq!(follow_up(&estate), 0);
    estate.clock.advance(TimeDelta::days(2));
    assert!(follow_up(&estate) > 0, "the day they named is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_needs_a_name_and_a_day_that_is_not_far_off() {
    let (estate, _receiver) = second_night().await;
    let finding = estate.assess().findings[0].id.clone();
    for until in ["2020-01-01", "2030-01-01"] {
        let (folder, id, now) = (estate.folder.path().to_owned(), finding.to_string(), estate.clock.now().to_rfc3339());
        let run = tokio::task::spawn_blocking(move || {
            keyroll_with(&folder, &["--now", &now, "findings", "ack", &id, "--by", "Ada", "--until", until], &[])
        });
        let run = run.await.unwrap();
        assert_eq!(run.code, 1);
        assert!(run.err.contains("waiver"), "{}", run.err);
    }
}
