//! What is wrong in the Bitbucket workspace, and what only looks wrong. Repositories are named by place; each plant
//! takes one in which nothing else of its sort is planted.

use chrono::TimeDelta;

use super::estate::{Estate, Standing};
use super::people::{called, leavers};
use super::random::Random;
use super::repositories::{
    DEVELOPERS, DeployKey, Grant, Grantee, Hook, Member, SshKey, Variable, braced, deploy_key, enrol, hook, key_text,
    variable,
};
use super::truth::Plant;

/// Plants everything.
pub(super) fn plant(estate: &mut Estate, random: &mut Random) {
    let mut planter = Planter { estate, random };
    planter.readable_variables();
    planter.secured_variables();
    planter.webhooks();
    planter.deploy_keys();
    planter.ssh_keys();
    planter.repositories();
    planter.members();
    planter.administrators();
}

struct Planter<'a> {
    estate: &'a mut Estate,
    random: &'a mut Random,
}

impl Planter<'_> {
    fn note(
        &mut self,
        name: &str,
        kind: &'static str,
        native: Vec<String>,
        expect: &'static str,
        words: &str,
    ) -> &mut Plant {
        let now = self.estate.now;
        self.estate.truth.note(name, kind, native, expect, words, now)
    }

    fn repository(&self, place: usize) -> String {
        self.estate.workspace.repositories[place].uuid.clone()
    }

    /// Adds a variable to a repository and tells its id and the repository's.
    fn add_variable(&mut self, place: usize, variable: Variable) -> Vec<String> {
        let native = vec![variable.uuid.clone(), self.repository(place)];
        self.estate.workspace.repositories[place].variables.push(variable);
        native
    }

    /// The ids of a variable that is there already: its own, and the repository's.
    fn known_variable(&self, place: usize, key: &str) -> Vec<String> {
        let variables = &self.estate.workspace.repositories[place].variables;
        let found = variables.iter().find(|variable| variable.key == key).expect("internal: it was made so");
        vec![found.uuid.clone(), self.repository(place)]
    }

    fn readable_variables(&mut self) {
        let key = "variable-unsecured";
        let token = variable("JIRA_API_TOKEN", Some("acme-7f31-readable-jira-token"), self.random);
        let native = vec![token.uuid.clone(), self.estate.workspace.uuid.clone()];
        self.estate.workspace.variables.push(token);
        let words = "Every pipeline of the workspace, and everyone who can read its settings, has this token";
        self.note("plant-workspace-variable-unsecured", "variable", native, key, words);

        let password = variable("DEPLOY_PASSWORD", Some("acme-7f31-readable-password"), self.random);
        let native = self.add_variable(0, password);
        let words = "A password stands readable in a variable of a repository";
        self.note("plant-repository-variable-unsecured", "variable", native, key, words);

        let cloud = variable("AWS_SECRET_ACCESS_KEY", Some("acme-7f31-readable-cloud-key"), self.random);
        let repository = self.repository(2);
        let environment = &mut self.estate.workspace.repositories[2].environments[1];
        let native = vec![cloud.uuid.clone(), environment.uuid.clone(), repository];
        environment.variables.push(cloud);
        let words = "A key to the cloud stands readable in a variable of a deployment environment";
        self.note("plant-deployment-variable-unsecured", "variable", native, key, words);

        let native = self.known_variable(3, "NODE_VERSION");
        let words = "A version number is no secret";
        self.note("harmless-variable-node-version", "variable", native, key, words);
        let workspace = &self.estate.workspace;
        let native = vec![workspace.variables[0].uuid.clone(), workspace.uuid.clone()];
        self.note("harmless-variable-deploy-region", "variable", native, key, "A region is no secret");
        let environment = &self.estate.workspace.repositories[0].environments[0];
        let native = vec![environment.variables[0].uuid.clone(), environment.uuid.clone(), self.repository(0)];
        self.note("harmless-variable-log-level", "variable", native, key, "A log level is no secret");
    }

    fn secured_variables(&mut self) {
        let key = "variable-widely-reachable";
        self.estate.workspace.repositories[3].restricted = None;
        let publish = variable("PUBLISH_TOKEN", None, self.random);
        let native = self.add_variable(3, publish);
        let words = "All developers can push to any branch, and with it have a pipeline tell the secured value";
        self.note("plant-variable-widely-reachable", "variable", native, key, words);

        let guarded = variable("NPM_TOKEN", None, self.random);
        let native = self.add_variable(10, guarded);
        self.estate.workspace.repositories[10].restricted = Some("*");
        let words = "Many can write to the repository, but only administrators may push, to whatever branch";
        self.note("harmless-variable-behind-restriction", "variable", native, key, words);

        let few = &mut self.estate.workspace.repositories[12];
        few.restricted = None;
        few.grants.retain(|grant| grant.to != Grantee::Team(DEVELOPERS));
        let signing = variable("SIGNING_KEY", None, self.random);
        let native = self.add_variable(12, signing);
        let words = "No branch is restricted, but only administrators can write to the repository";
        self.note("harmless-variable-with-few-writers", "variable", native, key, words);

        let address = self.estate.workspace.members[2].email.clone();
        let user = variable("JIRA_USER", Some(&address), self.random);
        let token = variable("JIRA_TOKEN", None, self.random);
        let companion = self.add_variable(5, user);
        let mut native = self.add_variable(5, token);
        native.extend(companion.into_iter().take(1));
        let expect = "variable-holds-personal-credential";
        let words = "The token is secured, and the variable JIRA_USER beside it tells by its name that it is a \
                     person's; whose, only its value would tell, which nobody keeps";
        self.note("plant-variable-holds-personal-credential", "variable", native, expect, words);
    }

    /// Adds a webhook to a repository and tells its id and the repository's.
    fn add_hook(&mut self, place: usize, url: &'static str, change: impl FnOnce(&mut Hook)) -> Vec<String> {
        let mut hook = hook(url, "Notifier", self.estate.now, self.random);
        change(&mut hook);
        let native = vec![hook.uuid.clone(), self.repository(place)];
        self.estate.workspace.repositories[place].hooks.push(hook);
        native
    }

    fn webhooks(&mut self) {
        let native = self.add_hook(1, "http://old-builds.acme.example/hook", |_| {});
        let words = "It sends to an address without encryption";
        self.note("plant-bitbucket-webhook-over-http", "webhook", native, "webhook-over-http", words);
        let native = self.add_hook(9, "https://notify.acme.example/hook", |hook| hook.secret_set = false);
        let words = "No secret is set";
        self.note("plant-bitbucket-webhook-without-secret", "webhook", native, "webhook-without-secret", words);
        let mut careless = hook("https://lab.acme.example/hook", "Lab", self.estate.now, self.random);
        careless.skips_verification = true;
        let native = vec![careless.uuid.clone(), self.estate.workspace.uuid.clone()];
        self.estate.workspace.hooks.push(careless);
        let words = "It accepts any certificate";
        self.note("plant-bitbucket-webhook-skips-verification", "webhook", native, "webhook-skips-verification", words);

        let hook = &self.estate.workspace.repositories[5].hooks[0];
        let native = vec![hook.uuid.clone(), self.repository(5)];
        self.note(
            "harmless-bitbucket-webhook",
            "webhook",
            native,
            "webhook-without-secret",
            "Encrypted, with a secret",
        );
        let native = self.add_hook(14, "http://retired.acme.example/hook", |hook| hook.active = false);
        let words = "It is switched off and sends nothing";
        self.note("harmless-bitbucket-webhook-switched-off", "webhook", native, "webhook-over-http", words);
    }

    /// Adds a deploy key to a repository and tells its id and the repository's.
    fn add_key(&mut self, place: usize, label: &'static str, change: impl FnOnce(&mut DeployKey)) -> Vec<String> {
        let mut key = deploy_key(self.estate, label, self.random);
        change(&mut key);
        let native = vec![key.id.to_string(), self.repository(place)];
        self.estate.workspace.repositories[place].deploy_keys.push(key);
        native
    }

    fn deploy_keys(&mut self) {
        let (now, key) = (self.estate.now, "deploy-key-unused");
        let native = self.add_key(6, "old mirror", |key| {
            key.added = now - TimeDelta::days(500);
            key.last_used = Some(now - TimeDelta::days(200));
        });
        self.note("plant-deploy-key-unused", "credential", native, key, "Last used 200 days ago");
        let native = self.add_key(7, "trial", |key| key.added = now - TimeDelta::days(300));
        self.note("plant-deploy-key-never-used", "credential", native, key, "300 days old and never used");
        let native = self.add_key(15, "new runner", |key| key.added = now - TimeDelta::days(3));
        self.note("harmless-fresh-deploy-key", "credential", native, key, "Not used yet, and three days old").until =
            Some(now + TimeDelta::days(87));

        let (text, key) = (key_text(self.random), "deploy-key-shared");
        let used = Some(now - TimeDelta::hours(7));
        let mut add = |place| {
            let text = text.clone();
            self.add_key(place, "deployer", |key| (key.text, key.last_used) = (text, used))
        };
        let pair = [add(8), add(10)];
        for (number, other) in [(0, 1), (1, 0)] {
            let native = vec![pair[number][0].clone(), pair[number][1].clone(), pair[other][0].clone()];
            let name = format!("plant-deploy-key-shared-{}", number + 1);
            self.note(&name, "credential", native, key, "The same key opens another repository too");
        }
    }

    fn ssh_keys(&mut self) {
        let (now, expect) = (self.estate.now, "ssh-key-without-expiry");
        let caller = self.estate.workspace.members[0].account.clone();
        let native = vec![self.estate.workspace.ssh_keys[0].uuid.clone(), caller.clone()];
        self.note("harmless-ssh-key", "credential", native, expect, "Ends in 275 days");
        let key = SshKey {
            uuid: braced(self.random),
            label: "",
            text: key_text(self.random),
            created: now - TimeDelta::days(800),
            last_used: Some(now - TimeDelta::days(9)),
            expires: None,
        };
        let native = vec![key.uuid.clone(), caller];
        self.estate.workspace.ssh_keys.push(key);
        let words = "The caller's key was made 800 days ago and never ends";
        self.note("plant-ssh-key-without-expiry", "credential", native, expect, words);
    }

    fn repositories(&mut self) {
        let expect = "public-repository";
        let open = &mut self.estate.workspace.repositories[4];
        (open.private, open.pipelines) = (false, Some(true));
        let native = vec![open.uuid.clone()];
        let words = "The world can read it, and its pipelines run";
        self.note("plant-public-repository", "container", native, expect, words);
        let documents = &mut self.estate.workspace.repositories[13];
        (documents.private, documents.pipelines) = (false, None);
        let native = vec![documents.uuid.clone()];
        let words = "Documents for the world to read; no pipeline was ever set up";
        self.note("plant-public-documents", "container", native, expect, words);
    }

    fn members(&mut self) {
        let gone = leavers(self.estate);
        let member = enrol(self.estate, gone[0], Some(DEVELOPERS), self.random);
        let native = vec![self.estate.workspace.members[member].account.clone()];
        let words = "Deactivated in the organisation, and an active member of the workspace";
        self.note("plant-bitbucket-member-gone", "principal", native, "sightings-disagree", words);

        let member = enrol(self.estate, gone[1], None, self.random);
        self.grant(11, Grantee::Member(member), "admin");
        let native = vec![self.estate.workspace.members[member].account.clone(), self.repository(11)];
        let words = "Deactivated in the organisation, and still administers a repository by name";
        self.note("plant-repository-admin-gone", "principal", native, "sightings-disagree", words);

        let stranger = Member {
            account: self.random.account_id(),
            uuid: braced(self.random),
            name: "Freelance Fiona".to_owned(),
            email: "fiona@freelance.example".to_owned(),
            owner: false,
            since: self.estate.now - TimeDelta::days(400),
        };
        let native = vec![stranger.account.clone()];
        self.estate.workspace.admit(stranger, Some(DEVELOPERS));
        let words = "Nobody of this account id is in the directory of the organisation";
        self.note("plant-external-bitbucket-member", "principal", native, "external-bitbucket-member", words);

        let known = |at: &usize| {
            let person = &self.estate.people[*at];
            !person.managed && person.standing == Standing::Active && !self.estate.reserved.contains(at)
        };
        if let Some(partner) = (0..self.estate.people.len()).find(known) {
            let member = enrol(self.estate, partner, Some(DEVELOPERS), self.random);
            let native = vec![self.estate.workspace.members[member].account.clone()];
            let words = "Somebody of another firm, whom the directory knows";
            self.note("harmless-partner-member", "principal", native, "external-bitbucket-member", words);
        }
    }

    fn grant(&mut self, place: usize, to: Grantee, permission: &'static str) {
        self.estate.workspace.repositories[place].grants.push(Grant { to, permission });
    }

    fn administrators(&mut self) {
        let expect = "machine-administers-repository";
        for (person, place, name, words) in [
            ("svc-deploy", 7, "plant-repository-granted-to-one-account", "svc-deploy administers a repository by name"),
            ("Naledi Botha", 14, "harmless-repository-admin", "A person whose name has a machine's name in it"),
        ] {
            let person = called(self.estate, person);
            let member = enrol(self.estate, person, None, self.random);
            self.grant(place, Grantee::Member(member), "admin");
            let native = vec![self.estate.workspace.members[member].account.clone(), self.repository(place)];
            self.note(name, "grant", native, expect, words);
        }
        let workspace = &self.estate.workspace;
        let native = vec![workspace.members[0].account.clone(), self.repository(0)];
        let words = "A person who administers it through a group";
        self.note("harmless-repository-admin-through-group", "grant", native, expect, words);
    }
}
