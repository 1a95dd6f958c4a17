//! Jira tickets: one a cause, found again, commented, closed; against a small desk that remembers its tickets, and
//! compared with the official descriptions when those are at hand.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Response;
use keyroll::alerts::Channel;
use keyroll::model::{Action, Notice, Topic};
use serde_json::{Value, json};

use super::{Secrets, body, build, later, never, sample};
use crate::http::server::{Asked, Server, status};
use crate::support::json_schema::mistakes;

/// The tickets of a pretended Jira: whether each is done.
type Tickets = Arc<Mutex<BTreeMap<String, bool>>>;

struct Jira {
    server: Server,
    tickets: Tickets,
    secrets: Secrets,
}

impl Jira {
    async fn with(tickets: &[(&str, bool)]) -> Self {
        let tickets: Tickets =
            Arc::new(Mutex::new(tickets.iter().map(|(key, done)| ((*key).to_owned(), *done)).collect()));
        let kept = tickets.clone();
        let server = Server::answering(move |asked| answer(&mut kept.lock().unwrap(), &asked)).await;
        Self { server, tickets, secrets: Secrets::new() }
    }

    fn cloud(&self, more: &str) -> Box<dyn Channel> {
        let token = self.secrets.keep("token", "t0ken");
        let yaml =
            format!("base_url: {}/\nuser: bot@acme.example\ntoken: {token}\nproject: SEC\n{more}", self.server.url);
        build("jira-ticket", &yaml).unwrap()
    }

    fn data_center(&self, more: &str) -> Box<dyn Channel> {
        let token = self.secrets.keep("token", "t0ken");
        let base = format!("{}/jira", self.server.url);
        let yaml = format!("base_url: {base}\ndeployment: data-center\ntoken: {token}\nproject: SEC\n{more}");
        build("jira-ticket", &yaml).unwrap()
    }

    /// What was asked so far: `POST /issue`, without the beginning that all have in common.
    fn lines(&self) -> Vec<String> {
        let short = |path: &str| path.split_once("/rest/api/").unwrap().1.get(1..).unwrap().to_owned();
        self.server.asked().iter().map(|asked| format!("{} {}", asked.method, short(&asked.path))).collect()
    }

    fn sent(&self, line: &str) -> Vec<Value> {
        let lines = self.lines();
        let asked = self.server.asked();
        asked.iter().zip(&lines).filter(|(_, each)| *each == line).map(|(asked, _)| body(asked)).collect()
    }
}

fn answer(tickets: &mut BTreeMap<String, bool>, asked: &Asked) -> Response<Body> {
    let path = asked.path.split_once("/rest/api/").unwrap().1.get(2..).unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("POST", ["search", ..]) => {
            let open = tickets.iter().filter(|(_, done)| !**done).map(|(key, _)| json!({ "key": key, "id": "1" }));
            status(200, &json!({ "issues": open.collect::<Vec<_>>() }))
        }
        ("POST", ["issue"]) => {
            let key = format!("SEC-{}", tickets.len() + 1);
            tickets.insert(key.clone(), false);
            status(201, &json!({ "id": "10000", "key": key }))
        }
        (_, ["issue", key, ..]) if !tickets.contains_key(*key) => {
            status(404, &json!({ "errorMessages": ["Issue does not exist or you do not have permission to see it."] }))
        }
        ("GET", ["issue", key]) => {
            let category = if tickets[*key] { "done" } else { "new" };
            status(
                200,
                &json!({ "key": key, "fields": { "status": {
                "name": "x", "statusCategory": { "key": category },
            } } }),
            )
        }
        ("GET", ["issue", _, "transitions"]) => status(
            200,
            &json!({ "transitions": [
            { "id": "11", "name": "Start", "to": { "name": "Doing" } },
            { "id": "31", "name": "Finish", "to": { "name": "Done" } },
        ] }),
        ),
        ("POST", ["issue", key, "transitions"]) => {
            tickets.insert((*key).to_owned(), true);
            status(204, &Value::Null)
        }
        ("PUT", ["issue", _]) => status(204, &Value::Null),
        ("POST", ["issue", _, "comment"]) => status(201, &json!({ "id": "1" })),
        other => panic!("{other:?} is not on the list"),
    }
}

async fn tell(channel: &dyn Channel, action: Action, remote: Option<&str>) -> Option<String> {
    let thread = remote.map(sample::thread);
    channel.deliver(&sample::asking(action), thread.as_ref()).await.unwrap().remote
}

/// All text of a document of the cloud.
fn text_of(node: &Value) -> String {
    let own = node["text"].as_str().unwrap_or_default().to_owned();
    let inner: Vec<String> = node["content"].as_array().into_iter().flatten().map(text_of).collect();
    own + &inner.join("\n")
}

#[tokio::test]
async fn a_cause_gets_one_ticket() {
    let jira = Jira::with(&[]).await;
    let channel = jira.cloud(
        "issue_type: Bug\nlabels: [audit]\ntitle: '[{{ severity }}] {{ title }}'\n\
         fields: {priority: {name: High}, customfield_1: '{{ owner }}', customfield_2: [{value: '{{ estate }}'}, 7]}\n",
    );
    assert_eq!(tell(channel.as_ref(), Action::Raise, None).await.as_deref(), Some("SEC-1"));
    assert_eq!(jira.lines(), ["POST /search/jql", "POST /issue"]);
    let asked = jira.server.asked();
    assert!(asked.iter().all(|asked| asked.headers["authorization"] == "Basic Ym90QGFjbWUuZXhhbXBsZTp0MGtlbg=="));
    assert_eq!(
        body(&asked[0])["jql"],
        "project = \"SEC\" AND labels in (\"keyroll-C-0123456789ABCDEF\") AND statusCategory != Done ORDER BY created ASC"
    );
    let mut fields = body(&asked[1])["fields"].take();
    let description = text_of(&fields["description"].take());
    assert_eq!(
        fields,
        json!({
            "project": { "key": "SEC" },
            "issuetype": { "name": "Bug" },
            "summary": "[critical] 2 findings: svc-build can administer the organisation",
            "description": null,
            "labels": ["keyroll", "keyroll-C-0123456789ABCDEF", "keyroll-F-AAAA000000000001",
                       "keyroll-F-AAAA000000000002", "audit"],
            "priority": { "name": "High" },
            "customfield_1": "Team Build",
            "customfield_2": [{ "value": "acme" }, 7],
        })
    );
    for part in
        ["svc-build can administer the whole organisation", "→ take the role away", "and 3 more", "N-0123456789ABCDEF"]
    {
        assert!(description.contains(part), "{description}");
    }
    assert!(!description.contains('\u{202e}') && !description.contains('\u{1b}'));
}

#[tokio::test]
async fn a_ticket_is_found_again_after_our_store_is_lost() {
    let jira = Jira::with(&[("SEC-7", false)]).await;
    assert_eq!(tell(jira.cloud("").as_ref(), Action::Raise, None).await.as_deref(), Some("SEC-7"));
    assert_eq!(jira.lines(), ["POST /search/jql", "PUT /issue/SEC-7", "POST /issue/SEC-7/comment"]);
}

#[tokio::test]
async fn later_notices_are_comments() {
    let jira = Jira::with(&[("SEC-7", false)]).await;
    for action in [Action::Raise, Action::Update] {
        assert_eq!(tell(jira.cloud("").as_ref(), action, Some("SEC-7")).await.as_deref(), Some("SEC-7"));
    }
    let once = ["GET /issue/SEC-7", "PUT /issue/SEC-7", "POST /issue/SEC-7/comment"];
    assert_eq!(jira.lines(), [once, once].concat());
    let labels = &jira.sent("PUT /issue/SEC-7")[0]["update"]["labels"];
    assert_eq!(
        (&labels[1], &labels[4]),
        (&json!({ "add": "keyroll-C-0123456789ABCDEF" }), &json!({ "remove": "keyroll-over" }))
    );
}

#[tokio::test]
async fn a_ticket_is_closed_by_the_transition_or_the_status_of_that_name() {
    for name in ["Finish", "done"] {
        let jira = Jira::with(&[("SEC-7", false)]).await;
        let channel = jira.cloud(&format!("resolve_transition: {name}\n"));
        tell(channel.as_ref(), Action::Settle, Some("SEC-7")).await;
        assert_eq!(jira.sent("POST /issue/SEC-7/transitions"), [json!({ "transition": { "id": "31" } })]);
        assert!(jira.tickets.lock().unwrap()["SEC-7"]);
        // The same once more, as after a crash: it is closed already, and commented again.
        tell(channel.as_ref(), Action::Settle, Some("SEC-7")).await;
        assert_eq!(jira.sent("POST /issue/SEC-7/transitions").len(), 1);
    }
}

#[tokio::test]
async fn a_ticket_that_cannot_be_closed_is_flagged() {
    for (more, why) in [("", "can be closed"), ("resolve_transition: Retire\n", "there is no transition “Retire”")]
    {
        let jira = Jira::with(&[("SEC-7", false)]).await;
        tell(jira.cloud(more).as_ref(), Action::Settle, Some("SEC-7")).await;
        assert_eq!(jira.sent("PUT /issue/SEC-7"), [json!({ "update": { "labels": [{ "add": "keyroll-over" }] } })]);
        let comment = text_of(&jira.sent("POST /issue/SEC-7/comment")[0]["body"]);
        assert!(comment.contains(why) && comment.contains("keyroll-over"), "{comment}");
    }
}

#[tokio::test]
async fn what_comes_up_again_after_its_ticket_was_closed_or_deleted_gets_a_new_one() {
    let jira = Jira::with(&[("SEC-1", true)]).await;
    assert_eq!(tell(jira.cloud("").as_ref(), Action::Raise, Some("SEC-1")).await.as_deref(), Some("SEC-2"));
    assert!(text_of(&jira.sent("POST /issue")[0]["fields"]["description"]).contains("SEC-1 was about the same cause"));
    let jira = Jira::with(&[]).await;
    assert_eq!(tell(jira.cloud("").as_ref(), Action::Raise, Some("SEC-9")).await.as_deref(), Some("SEC-1"));
    let jira = Jira::with(&[]).await;
    assert_eq!(tell(jira.cloud("").as_ref(), Action::Settle, Some("SEC-9")).await.as_deref(), Some("SEC-9"));
    assert_eq!(jira.lines(), ["GET /issue/SEC-9", "POST /search/jql"], "there is nothing to close");
}

#[tokio::test]
async fn what_is_only_to_be_read_opens_nothing() {
    let told = |topic| Notice { topic, ..sample::asking(Action::Tell) };
    let jira = Jira::with(&[]).await;
    assert_eq!(jira.cloud("").deliver(&told(Topic::Digest), None).await.unwrap().remote, None);
    assert_eq!(jira.lines(), ["POST /search/jql"]);
    let remote = jira.cloud("").deliver(&told(Topic::Schedule), None).await.unwrap().remote;
    assert_eq!(remote.as_deref(), Some("SEC-1"));
}

#[tokio::test]
async fn a_data_center_gets_wiki_text_with_the_markup_of_names_escaped() {
    let jira = Jira::with(&[]).await;
    tell(jira.data_center("").as_ref(), Action::Raise, None).await;
    let asked = jira.server.asked();
    assert_eq!((asked[0].path.as_str(), asked[1].path.as_str()), ("/jira/rest/api/2/search", "/jira/rest/api/2/issue"));
    assert_eq!(asked[1].headers["authorization"], "Bearer t0ken");
    let description = body(&asked[1])["fields"]["description"].as_str().unwrap().to_owned();
    assert!(description.contains(r"\[\~admin\] \*x\* \~y\~"), "{description}");
    assert!(description.contains("* *opened · critical*\nsvc\\-build can administer"), "{description}");
}

#[tokio::test]
async fn a_text_keeps_within_the_limits() {
    for cloud in [true, false] {
        let jira = Jira::with(&[]).await;
        let channel = if cloud { jira.cloud("") } else { jira.data_center("") };
        channel.deliver(&sample::huge(300), None).await.unwrap();
        let fields = &jira.sent("POST /issue")[0]["fields"];
        assert!(fields["description"].to_string().encode_utf16().count() <= 32_767);
        assert!(fields["description"].to_string().contains(" more"), "what is left out is counted");
        assert!(fields["summary"].as_str().unwrap().encode_utf16().count() <= 255);
        assert_eq!(fields["labels"].as_array().unwrap().len(), 52);
    }
}

#[tokio::test]
async fn garbage_and_refusals_of_jira_are_told() {
    let secrets = Secrets::new();
    let token = secrets.keep("token", "t0ken");
    let channel = |url: &str| {
        build("jira-ticket", &format!("base_url: {url}\nuser: bot@acme.example\ntoken: {token}\nproject: SEC\n"))
            .unwrap()
    };
    let garbage = Server::answering(|_| status(200, &json!({ "issues": "none" }))).await;
    let (reason, _) = later(channel(&garbage.url).deliver(&sample::notice(), None).await);
    assert!(reason.contains("not one of Jira"), "{reason}");
    let refusing = Server::answering(|asked| match asked.path.as_str() {
        "/rest/api/3/issue" => {
            status(400, &json!({ "errorMessages": [], "errors": { "labels": "not on the screen" } }))
        }
        _ => status(200, &json!({ "issues": [] })),
    })
    .await;
    let reason = never(channel(&refusing.url).deliver(&sample::notice(), None).await);
    assert!(reason.contains("labels: not on the screen"), "{reason}");
    // A key that is none, should the store hold one, does not lead elsewhere.
    let reason = never(channel(&refusing.url).deliver(&sample::notice(), Some(&sample::thread("../x"))).await);
    assert!(reason.contains("not sent"), "{reason}");
}

#[tokio::test]
async fn requests_are_as_described() {
    for (name, prefix, cloud) in [
        ("jira-cloud-platform-v3.json", "", true),
        ("jira-software-data-center-10.3.24.openapi.json", "/jira/rest", false),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let places = ["../shared", "../../shared"].map(|place| folder.join(place).join("openapi").join(name));
        let Some(text) = places.iter().find_map(|place| std::fs::read_to_string(place).ok()) else {
            println!("skipped: {name} is not there");
            continue;
        };
        let description: Value = serde_json::from_str(&text).unwrap();
        let jira = Jira::with(&[]).await;
        let more = "resolve_transition: Done\nfields: {priority: {name: High}}\n";
        let channel = if cloud { jira.cloud(more) } else { jira.data_center(more) };
        for (action, remote) in
            [(Action::Raise, None), (Action::Update, Some("SEC-1")), (Action::Settle, Some("SEC-1"))]
        {
            tell(channel.as_ref(), action, remote).await;
        }
        let kinds: std::collections::BTreeSet<String> = jira.lines().into_iter().collect();
        assert_eq!(kinds.len(), 7, "every request of the channel was sent: {kinds:?}");
        for asked in jira.server.asked() {
            let complaints = compared(&description, prefix, &asked);
            assert_eq!(complaints, Vec::<String>::new(), "{} {}", asked.method, asked.path);
        }
    }
}

/// What is not as described about a request. The descriptions of a data center take the values of fields, and operations
/// on them, for objects, against their own examples: these are left out.
fn compared(description: &Value, prefix: &str, asked: &Asked) -> Vec<String> {
    let path = asked.path.strip_prefix(prefix).unwrap();
    let fits = |template: &str| {
        let (one, other): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| one == other || one.starts_with('{'))
    };
    let paths = description["paths"].as_object().unwrap();
    let Some((_, operations)) = paths.iter().find(|(template, _)| fits(template)) else {
        return vec!["the path is not described".to_owned()];
    };
    let operation = &operations[asked.method.to_lowercase()];
    let parameters: Vec<&str> =
        operation["parameters"].as_array().into_iter().flatten().filter_map(|known| known["name"].as_str()).collect();
    let mut complaints: Vec<String> =
        asked.parameters().into_keys().filter(|name| !parameters.contains(&name.as_str())).collect();
    if asked.body.is_empty() {
        complaints.extend(operation["requestBody"].is_object().then(|| "it has no body".to_owned()));
        return complaints;
    }
    let mut schema = description.clone();
    schema["$ref"] = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].clone();
    complaints.extend(mistakes(&schema, &body(asked)));
    complaints.retain(|complaint| {
        prefix.is_empty() || !(complaint.starts_with("$.fields") || complaint.starts_with("$.update"))
    });
    complaints
}
