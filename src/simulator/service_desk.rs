//! Jira Service Management: the service desks of the site. A service desk is one side of a service project.
//! Shapes follow the published OpenAPI description; a test compares them.

use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::{Estate, Project, SITE_ADDRESS};
use super::exchange::{Ask, Reply};

const USUAL_LIMIT: usize = 50;
const MOST: usize = 100;

pub(super) fn service_desks(estate: &Estate, ask: &Ask) -> Reply {
    let number = |name: &str, usual: usize| ask.parameter(name).map_or(Ok(usual), str::parse::<usize>);
    let (Ok(start), Ok(limit)) = (number("start", 0), number("limit", USUAL_LIMIT)) else {
        return Reply::refusal(Family::Jira, 400, "start and limit must be numbers");
    };
    let start = if ask.stuck { 0 } else { start };
    let limit = limit.clamp(1, MOST);
    let open = |project: &Project| project.kind == "service_desk" && !project.archived;
    let all = estate.listing("service desks", || {
        (0..estate.projects.len()).filter(|place| open(&estate.projects[*place])).collect()
    });
    let rows: Vec<Value> = all.iter().skip(start).take(limit).map(|place| row(&estate.projects[*place])).collect();
    let last = !ask.stuck && start + limit >= all.len();
    let base = format!("{SITE_ADDRESS}/rest/servicedeskapi");
    let link = |start: usize| format!("{base}/servicedesk?start={start}&limit={limit}");
    let mut links = json!({"self": link(start), "base": base, "context": ""});
    if !last {
        links["next"] = json!(link(start + limit));
    }
    let body = json!({"size": rows.len(), "start": start, "limit": limit, "isLastPage": last, "_links": links,
        "values": rows, "_expands": []});
    Reply { status: 200, body, page: start / limit + 1, html: None }
}

fn row(project: &Project) -> Value {
    let id = project.id - 9_000;
    json!({
        "id": id.to_string(), "projectId": project.id.to_string(), "projectName": project.name,
        "projectKey": project.key, "projectTypeKey": project.kind,
        "_links": {"self": format!("{SITE_ADDRESS}/rest/servicedeskapi/servicedesk/{id}")},
    })
}
