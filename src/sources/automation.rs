//! The Automation API of Atlassian's cloud: the rules of one product of one site. It answers on the gateway's host, to
//! users with an API token alone.

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::pages::Listed;
use super::reading::{Gatherer, Part, Reading};
use super::row::{Id, Timestamp, Wire};
use super::row::{absent_if_empty, hidden_if_empty, hidden_if_null, id, moment, sorted, value};
use super::site::Site;
use crate::http::{CursorPlace, Paging};
use crate::model::{Automation, Body, EndpointState, Fact, Kind, Resource, ResourceId};

/// A rule's summary. At first the interface called the id `idUuid`, told the scope in an object, and no actor.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    uuid: Fact<Id>,
    id_uuid: Fact<Id>,
    name: Fact<String>,
    description: Fact<String>,
    state: Fact<String>,
    author_account_id: Fact<String>,
    actor_account_id: Fact<String>,
    created: Fact<Timestamp>,
    updated: Fact<Timestamp>,
    #[serde(rename = "ruleScopeARIs")]
    scope: Fact<Vec<String>>,
    rule_scope: Fact<Scope>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Scope {
    resources: Fact<Vec<String>>,
}

impl Wire for Rule {}

/// Reads the summaries of all rules of a product of the site. `limit` tells where the account is not shown all of them.
pub(super) async fn rules(
    gatherer: &Gatherer,
    endpoint: &'static Endpoint,
    site: &Site,
    product: &str,
    container: &ResourceId,
    limit: impl FnOnce(&mut Reading<'_>),
) -> Part {
    let mut reading = gatherer.start(endpoint);
    let Some(client) = &site.automation else {
        reading.close(
            EndpointState::Denied,
            "Automation lets in users with an API token only, and here an OAuth client logs in",
        );
        return reading.finish();
    };
    let request = endpoint.request(&[container.tenant()]).query("limit", site.connection.page_size(100));
    let paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };
    let rules = reading.walk::<Listed<Rule>, _>(client, request, paging).await;
    rules.rows.into_iter().for_each(|row| reading.push(rule(row, product, container)));
    limit(&mut reading);
    reading.finish()
}

fn rule(row: Rule, product: &str, container: &ResourceId) -> Option<Resource> {
    let native = id(row.uuid).or_else(|| id(row.id_uuid))?;
    let account = |told| hidden_if_empty(told).map(|id| ResourceId::new(ResourceId::CLOUD, Kind::Principal, &id));
    let scope = hidden_if_null(row.scope).or(hidden_if_null(row.rule_scope.and_then(|scope| scope.resources)));
    let body = Automation {
        container: Fact::Known(container.clone()),
        status: hidden_if_empty(row.state).map(|state| state.to_lowercase()),
        author: account(row.author_account_id),
        actor: account(row.actor_account_id),
        limited_to: scope.map(|resources| sorted(resources.iter().map(|ari| last_part(ari).to_owned()).collect())),
        description: absent_if_empty(row.description),
        created_at: hidden_if_null(moment(row.created)),
        changed_at: hidden_if_null(moment(row.updated)),
    };
    Some(Resource {
        id: ResourceId::new(container.tenant(), Kind::Automation, &format!("{product}:{native}")),
        name: value(row.name).unwrap_or_default(),
        seen_by: Vec::new(),
        body: Body::Automation(body),
    })
}

/// What an Atlassian resource identifier ends with: `project/10001` of `ari:cloud:jira:11f1:project/10001`.
fn last_part(ari: &str) -> &str {
    ari.rsplit(':').next().unwrap_or(ari)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sources::row::Row;

    fn read(row: Value) -> (String, Value) {
        let container = ResourceId::new("11f1", Kind::Container, "site");
        let read = Row::<Rule>::read(row);
        assert_eq!(read.unreadable, Vec::<String>::new());
        let resource = rule(read.value.unwrap(), "jira", &container).unwrap();
        let Body::Automation(body) = &resource.body else { panic!("a rule") };
        (resource.id.to_string(), json!(body))
    }

    #[test]
    fn a_rule_is_read_in_today_s_shape() {
        let (id, facts) = read(json!({
            "uuid": "0192e5ac", "name": "Sync", "description": "", "state": "ENABLED", "labels": ["erp"],
            "authorAccountId": "712020:a", "actorAccountId": "712020:b", "created": 1_743_568_964.174,
            "updated": 1_743_568_964.174,
            "ruleScopeARIs": ["ari:cloud:jira:11f1:project/10002", "ari:cloud:jira:11f1:project/10001"]}));
        assert_eq!(id, "11f1/automation/jira:0192e5ac");
        let expected = json!({
            "container": "11f1/container/site", "status": "enabled", "author": "atlassian/principal/712020:a",
            "actor": "atlassian/principal/712020:b", "limited_to": ["project/10001", "project/10002"],
            "description": null, "created_at": "2025-04-02T04:42:44.174Z", "changed_at": "2025-04-02T04:42:44.174Z"});
        assert_eq!(facts, expected);
    }

    #[test]
    fn an_early_rule_does_not_tell_whom_it_acts_as() {
        let (id, facts) = read(json!({
            "idUuid": "0192e5ac", "name": "Sync", "state": "DISABLED", "labels": [7], "authorAccountId": "712020:a",
            "created": "2025-04-02T04:42:44.174Z", "ruleScope": {"resources": ["ari:cloud:jira::site/11f1"]}}));
        assert_eq!(id, "11f1/automation/jira:0192e5ac");
        let expected = json!({
            "container": "11f1/container/site", "status": "disabled", "author": "atlassian/principal/712020:a",
            "limited_to": ["site/11f1"], "created_at": "2025-04-02T04:42:44.174Z"});
        assert_eq!(facts, expected);
    }
}
