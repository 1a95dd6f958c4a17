//! What only looks wrong with what the firm runs itself: each look-alike stands for a mistake that a rule could make.

use chrono::TimeDelta;

use super::super::endpoints::Host;
use super::access::Rank;
use super::accounts::ServerGroup;
use super::links::{Trust, add_client, add_link};
use super::plants::Planter;

impl Planter<'_> {
    /// Plants all look-alikes that do not depend on the version.
    pub(crate) fn plant_look_alikes(&mut self) {
        self.harmless_tokens();
        self.harmless_machines();
        self.harmless_links();
        self.harmless_webhooks();
        let grant = self.estate.servers.schemes[0].grants.iter().find(|grant| grant.holder == "applicationRole");
        let grant = grant.expect("internal: the default scheme has such a grant").id;
        let native = vec![grant.to_string(), self.estate.servers.schemes[0].id.to_string()];
        let words = "Only for people with a seat of Jira";
        self.note("harmless-dc-jira-grant-to-licensed", "grant", native, "dc-grant-to-anyone", words);
    }

    fn harmless_tokens(&mut self) {
        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, estate| {
            token.created = estate.now - TimeDelta::days(60);
            token.expires = Some(estate.now + TimeDelta::days(300));
        });
        let words = "Ends in 300 days and is 60 days old: a life of 360 days is within the year";
        self.note("harmless-dc-jira-token-within-a-year", "credential", native, "dc-token-lives-too-long", words);
        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, estate| {
            token.created = estate.now - TimeDelta::days(3);
            token.expires = Some(token.created + TimeDelta::days(90));
            token.last_used = None;
        });
        let old_enough = self.estate.now + TimeDelta::days(27);
        let words = "Not used yet, and three days old";
        self.note("harmless-dc-jira-young-unused-token", "credential", native, "dc-token-unused", words).until =
            Some(old_enough);
    }

    fn harmless_machines(&mut self) {
        let jenkins = self.machine("svc-jenkins", "Jenkins (service)", "svc-jenkins@acme.example");
        let native = self.token(Host::JiraDc, jenkins, |token, estate| {
            "jenkins".clone_into(&mut token.label);
            token.last_used = Some(estate.now - TimeDelta::hours(1));
        });
        let words = "The token \"jenkins\" belongs to an account of a machine, where it should";
        let name = "harmless-dc-jira-jenkins-of-machine";
        self.note(name, "credential", native.clone(), "dc-integration-on-personal-account", words);
        let words = "The account of the machine administers nothing";
        let name = "harmless-dc-jira-jenkins-without-power";
        self.note(name, "credential", native, "dc-administrator-token-in-integration", words);

        let legacy = self.machine("svc-legacy", "Legacy time sheets", "svc-legacy@acme.example");
        self.servers().confluence.basic_for.push("svc-legacy".to_owned());
        let name = "jira-administrators-alumni";
        let powers = vec![(Host::JiraDc, Rank::LoggedIn)];
        let group =
            ServerGroup { name: name.to_owned(), powers, seats: Vec::new(), members: vec![legacy], inside: Vec::new() };
        self.servers().groups.push(group);
        let native = vec![self.key(legacy), name.to_owned()];
        let words = "In a group whose name speaks of administrators and which gives no power";
        let name = "harmless-dc-jira-machine-among-alumni";
        self.note(name, "principal", native, "dc-integration-is-administrator", words);
        // It has no address and so no full stop in any of its names: a search for one does not find it.
        self.machine("svc-backup", "Nightly backup", "");
    }

    fn harmless_links(&mut self) {
        let statuses = ("Status page", "generic", "https://status.acme.example");
        let link = add_link(&mut self.estate.servers, self.random, Host::JiraDc, statuses);
        (link.incoming, link.outgoing) = (Trust::TwoLegged, Trust::Nothing);
        let native = vec![link.id.clone()];
        let words = "The other end may act as one account that was chosen, not as anybody";
        self.note("harmless-dc-jira-link-two-legged", "app", native.clone(), "dc-link-impersonates", words);
        let words = "Nothing is sent to the other end, and it answers";
        self.note("harmless-dc-jira-link-one-way", "app", native, "dc-link-not-working", words);
        let planner = ("Planning board", "https://plans.acme.example/callback", "WRITE");
        let admin = self.estate.servers.readers[0];
        let client = add_client(&mut self.estate.servers, self.random, Host::JiraDc, planner, admin);
        let native = vec![client.id.clone(), client.client_id.clone()];
        let words = "May write what the person who agrees may write, and administer nothing";
        self.note("harmless-dc-jira-client-writing", "credential", native, "dc-client-with-system-admin", words);
    }

    fn harmless_webhooks(&mut self) {
        let retired = ("retired", "http://retired.acme.example/jira", false);
        let own_test = ("own test", "https://jira-test.acme.example/hook", true);
        let query = ("query", "https://payments.acme.example/jira?project=PAY", true);
        for (host, (what, url, enabled), expect, words) in [
            (Host::JiraDc, retired, "dc-webhook-over-http", "Would send without encryption, but is switched off"),
            (Host::JiraDc, own_test, "dc-webhook-to-test-host", "A test host of the firm's own"),
            (Host::JiraDc, query, "dc-webhook-secret-in-url", "Its address names a project, no secret"),
            (Host::ConfluenceDc, retired, "dc-webhook-over-http", "Switched off as well"),
        ] {
            let native = self.webhook(host, what, url, enabled);
            let product = if host == Host::JiraDc { "jira" } else { "wiki" };
            let name = format!("harmless-dc-{product}-webhook-{}", what.replace(' ', "-"));
            self.note(&name, "webhook", native, expect, words);
        }
    }
}
