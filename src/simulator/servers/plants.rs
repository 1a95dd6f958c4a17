//! What is wrong with what the firm runs itself, each on people of its own, and the answer sheet's words for it.
//!
//! What every product has one of is told with the product, `jira` or `confluence`: of a setting second, and of the
//! product itself first.

use chrono::TimeDelta;

use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::random::Random;
use super::super::truth::Plant;
use super::access::Rank;
use super::accounts::{CONFLUENCE_MANAGERS, CONFLUENCE_USERS, JIRA_ADMINS, JIRA_USERS, ServerGroup};
use super::links::{Trust, add_client, add_link};
use super::release::Release;
use super::tokens::{Pat, own_pat};
use super::wiki::Subject;
use super::work::{LEGACY, OPERATIONS, OPS, PAY, PAYMENTS, RoleActor};
use super::{ServerEstate, hooks, licences};

/// What Jira Align's connector needs in every project it is joined to.
const CONNECTOR_NEEDS: &[&str] = &[
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ASSIGN_ISSUES",
    "ASSIGNABLE_USER",
    "TRANSITION_ISSUES",
    "LINK_ISSUES",
    "SCHEDULE_ISSUES",
    "MODIFY_REPORTER",
    "ADD_COMMENTS",
    "MANAGE_SPRINTS_PERMISSION",
];
/// What it lacks in one of them.
const CONNECTOR_LACKS: &[&str] = &["LINK_ISSUES", "SCHEDULE_ISSUES"];

/// Plants everything. `players` are accounts of people who stay and have no part.
pub(crate) fn plant(estate: &mut Estate, players: &[usize], random: &mut Random) {
    let mut planter = Planter { estate, players: players.iter(), random };
    planter.token_lives();
    planter.token_owners();
    planter.connector();
    planter.links();
    planter.webhooks();
    planter.access();
    planter.excess();
    planter.plant_look_alikes();
    let now = planter.estate.now;
    licences::buy(&mut planter.estate.servers, planter.random, now);
    planter.licences();
    planter.default_actors();
    planter.gardeners();
}

/// Who plants: the estate, the people and the chance at hand.
pub(crate) struct Planter<'a> {
    pub(crate) estate: &'a mut Estate,
    players: std::slice::Iter<'a, usize>,
    pub(crate) random: &'a mut Random,
}

impl Planter<'_> {
    pub(crate) fn player(&mut self) -> usize {
        *self.players.next().expect("internal: enough people stay for all plants")
    }

    pub(crate) fn servers(&mut self) -> &mut ServerEstate {
        &mut self.estate.servers
    }

    /// Writes a plant, or a look-alike if its name says so, on the answer sheet.
    pub(crate) fn note(
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

    /// Gives somebody a sane token, changed as wanted, and tells its native ids.
    pub(crate) fn token(&mut self, host: Host, owner: usize, change: impl FnOnce(&mut Pat, &Estate)) -> Vec<String> {
        let mut token = own_pat(self.estate, host, owner, self.random);
        change(&mut token, self.estate);
        let mut native = vec![token.id.to_string()];
        native.extend(token.owner.map(|owner| self.estate.servers.accounts[owner].key(host)));
        self.servers().installation_mut(host).tokens.push(token);
        native
    }

    /// The key of an account in Jira.
    pub(crate) fn key(&self, account: usize) -> String {
        self.estate.servers.accounts[account].key(Host::JiraDc)
    }

    /// Adds an account of a machine that may work in Jira.
    pub(crate) fn machine(&mut self, username: &str, name: &str, email: &str) -> usize {
        let account = self.estate.servers.add_machine(username, name, email, self.random);
        self.servers().join(account, JIRA_USERS);
        account
    }

    fn token_lives(&mut self) {
        for (host, name) in [
            (Host::JiraDc, "plant-dc-jira-token-without-expiry"),
            (Host::ConfluenceDc, "plant-dc-wiki-token-without-expiry"),
        ] {
            let owner = self.player();
            let native = self.token(host, owner, |token, _| token.expires = None);
            self.note(name, "credential", native, "dc-token-without-expiry", "Its end is the year 9999: it never ends");
        }
        let vendor = self.machine("kiplot_integration", "Kiplot Integration", "acme@kiplot.com");
        for project in [PAY, OPS] {
            self.servers().projects[project].actors[1].push(RoleActor::Account(vendor));
        }
        let native = self.token(Host::JiraDc, vendor, |token, estate| {
            "kiplot".clone_into(&mut token.label);
            token.expires = None;
            token.last_used = Some(estate.now - TimeDelta::hours(2));
        });
        let words = "The vendor asked for a token that never ends, and got it";
        let plant =
            self.note("plant-dc-jira-kiplot-token", "credential", native, "dc-kiplot-token-without-expiry", words);
        plant.also = &["dc-token-without-expiry"];

        let key = "dc-token-lives-too-long";
        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, estate| {
            token.created = estate.now - TimeDelta::days(40);
            token.expires = Some(token.created + TimeDelta::days(540));
        });
        self.note("plant-dc-jira-token-long-lived", "credential", native, key, "Made 40 days ago for 540 days");
        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, estate| {
            token.expires = Some(estate.now + TimeDelta::days(73 * 365));
        });
        let words = "Ends in 73 years, which is an end all the same";
        self.note("plant-dc-jira-token-for-73-years", "credential", native.clone(), key, words);
        self.note("harmless-dc-jira-token-for-73-years", "credential", native, "dc-token-without-expiry", words);

        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, estate| {
            token.created = estate.now - TimeDelta::days(240);
            token.expires = Some(token.created + TimeDelta::days(365));
            token.last_used = Some(estate.now - TimeDelta::days(140));
        });
        self.note("plant-dc-jira-token-unused", "credential", native, "dc-token-unused", "Last used 140 days ago");
    }

    fn token_owners(&mut self) {
        let gone = self.estate.servers.accounts.iter().position(|account| !account.active);
        let gone = gone.unwrap_or_else(|| {
            let former = self.machine("wanda.haugen.ext", "Wanda Haugen", "wanda.haugen@studio-lumen.example");
            self.servers().accounts[former].active = false;
            former
        });
        let native = self.token(Host::JiraDc, gone, |token, estate| {
            token.last_used = Some(estate.now - TimeDelta::days(25));
        });
        let words = "Its owner is deactivated; it comes back to life with the account";
        self.note("plant-dc-jira-token-of-leaver", "credential", native, "dc-token-owner-deactivated", words);

        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, |token, _| token.owner = None);
        let words = "Its owner does not resolve any more: nobody answers for it";
        self.note("plant-dc-jira-token-orphaned", "credential", native, "dc-token-orphaned", words);

        let used_at_night = |label: &'static str| {
            move |token: &mut Pat, estate: &Estate| {
                label.clone_into(&mut token.label);
                token.last_used = Some(estate.now - TimeDelta::hours(3));
            }
        };
        let admin = self.estate.servers.groups[JIRA_ADMINS].members[1];
        let native = self.token(Host::JiraDc, admin, used_at_night("jenkins"));
        let words = "A build server acts with the power of an administrator";
        let key = "dc-administrator-token-in-integration";
        self.note("plant-dc-jira-jenkins-of-administrator", "credential", native, key, words).also =
            &["dc-integration-on-personal-account"];

        let owner = self.player();
        let native = self.token(Host::JiraDc, owner, used_at_night("powerbi-refresh"));
        let words = "The token \"powerbi-refresh\" of a person is used every night by a system";
        let key = "dc-integration-on-personal-account";
        self.note("plant-dc-jira-integration-powerbi", "credential", native, key, words);
    }

    /// The account of Jira Align's connector: an administrator, and yet short of a permission in one project.
    fn connector(&mut self) {
        let account = self.machine("svc-jiraalign", "Jira Align Connector", "svc-jiraalign@acme.example");
        let name = "jira-align-connector";
        let powers = vec![(Host::JiraDc, Rank::Administrator)];
        let group = ServerGroup {
            name: name.to_owned(),
            powers,
            seats: Vec::new(),
            members: vec![account],
            inside: Vec::new(),
        };
        let servers = self.servers();
        servers.groups.push(group);
        servers.projects[PAY].actors[3].push(RoleActor::Account(account));
        for permission in CONNECTOR_NEEDS {
            servers.grant(PAYMENTS, permission, "projectRole", Some("10101"));
            if !CONNECTOR_LACKS.contains(permission) {
                servers.grant(OPERATIONS, permission, "group", Some(name));
            }
        }
        let (key, project) = (self.key(account), self.estate.servers.projects[OPS].id.to_string());
        let words = "The connector's account administers Jira, which it does not need";
        let native = vec![key.clone(), name.to_owned()];
        self.note(
            "plant-dc-jira-connector-is-administrator",
            "principal",
            native,
            "dc-integration-is-administrator",
            words,
        );
        let words = "The connector's account may not link or schedule issues in the project OPS";
        let native = vec![key, project];
        self.note(
            "plant-dc-jira-connector-lacks-permission",
            "principal",
            native,
            "dc-connector-lacks-permission",
            words,
        );
    }

    /// Who is in a role of every new project: the administrators, and a machine.
    fn default_actors(&mut self) {
        let account =
            self.estate.servers.add_machine("svc-worklog", "Work log export", "worklog@acme.example", self.random);
        let [_, developers, administrators, _] = &mut self.servers().default_actors;
        administrators.push(RoleActor::Group(JIRA_ADMINS));
        developers.push(RoleActor::Account(account));
        let native = vec![self.key(account), "10001".to_owned()];
        let words = "The account of a system is a developer in every new project";
        let key = "dc-machine-in-default-role";
        self.note("plant-dc-jira-machine-in-default-role", "grant", native, key, words);
        let native = vec!["jira-administrators".to_owned(), "10002".to_owned()];
        let words = "The administrators of Jira administer every new project";
        self.note("harmless-dc-jira-administrators-in-default-role", "grant", native, key, words);
    }

    /// A group inside one that administers Confluence, with a machine in it: on the list of administrators it does not show.
    fn gardeners(&mut self) {
        let account = self.estate.servers.add_machine("svc-wiki-tidy", "Wiki tidy", "tidy@acme.example", self.random);
        let powers = vec![(Host::ConfluenceDc, Rank::LoggedIn)];
        let (name, inside) = ("wiki-gardeners".to_owned(), vec![CONFLUENCE_MANAGERS]);
        self.servers().groups.push(ServerGroup { name, powers, seats: Vec::new(), members: vec![account], inside });
        let native = vec![self.estate.servers.accounts[account].key(Host::ConfluenceDc), "wiki-gardeners".to_owned()];
        let words = "A group inside the administrators' has the account of a system in it";
        self.note(
            "plant-dc-wiki-machine-in-inner-group",
            "principal",
            native,
            "dc-integration-is-administrator",
            words,
        );
        let (name, powers) = ("wiki-readers".to_owned(), vec![(Host::ConfluenceDc, Rank::LoggedIn)]);
        let (members, inside) = (vec![account], vec![CONFLUENCE_USERS]);
        self.servers().groups.push(ServerGroup { name, powers, seats: Vec::new(), members, inside });
    }

    fn links(&mut self) {
        let align = ("Jira Align", "generic", "https://acme.jiraalign.com");
        let link = add_link(&mut self.estate.servers, self.random, Host::JiraDc, align);
        link.incoming = Trust::Impersonation;
        link.outgoing = Trust::Nothing;
        let native = vec![link.id.clone()];
        let words = "The other end may act in Jira as anybody";
        self.note("plant-dc-jira-link-impersonates", "app", native, "dc-link-impersonates", words);
        let crucible = ("Old Crucible", "fecru", "http://crucible.acme.example");
        let link = add_link(&mut self.estate.servers, self.random, Host::JiraDc, crucible);
        let native = vec![link.id.clone()];
        self.note("plant-dc-jira-link-over-http", "app", native, "dc-link-over-http", "Talks without encryption");
        let old = ("Wiki of the merged firm", "confluence", "https://wiki.merged.example");
        let link = add_link(&mut self.estate.servers, self.random, Host::ConfluenceDc, old);
        link.works = false;
        let native = vec![link.id.clone()];
        let words = "The other end does not answer any more, and is trusted all the same";
        self.note("plant-dc-wiki-link-not-working", "app", native, "dc-link-not-working", words);

        let robot = ("Release robot", "https://release.acme.example/callback", "SYSTEM_ADMIN");
        let admin = self.estate.servers.readers[0];
        let client = add_client(&mut self.estate.servers, self.random, Host::JiraDc, robot, admin);
        let native = vec![client.id.clone(), client.client_id.clone()];
        let words = "May do whatever the system administrator who agrees to it may do";
        self.note("plant-dc-jira-client-system-admin", "credential", native, "dc-client-with-system-admin", words);
    }

    fn webhooks(&mut self) {
        let secret = format!("planted-hook-secret-{:016x}", self.random.next());
        let with_secret = format!("https://relay.acme.example/jira?token={secret}&project=PAY");
        self.servers().secrets.push(secret);
        for (name, url, expect, words) in [
            ("over-http", "http://ci.acme.example/jira-events", "dc-webhook-over-http", "Sends without encryption"),
            (
                "to-test-host",
                "https://webhook.site/6f1f6a7e-11c5-4be0-a7b0-0c0a6d5d0001",
                "dc-webhook-to-test-host",
                "Sends what happens to a public bin for trying things out",
            ),
            ("secret-in-url", &with_secret, "dc-webhook-secret-in-url", "Its address has a secret in it"),
        ] {
            let native = self.webhook(Host::JiraDc, name, url, true);
            self.note(&format!("plant-dc-jira-webhook-{name}"), "webhook", native, expect, words);
        }
    }

    /// Adds a webhook and tells its native id.
    pub(crate) fn webhook(&mut self, host: Host, name: &str, url: &str, enabled: bool) -> Vec<String> {
        let now = self.estate.now;
        // A thing must not say on its face what is wrong with it.
        let title = format!("Event feed {}", name.len() * 37 + url.len());
        let hook = hooks::add(&mut self.estate.servers, self.random, host, (&title, url), now);
        hook.enabled = enabled;
        vec![hook.id.to_string()]
    }

    /// What is open to people who are not signed in.
    fn access(&mut self) {
        let grant = self.servers().grant(LEGACY, "BROWSE_PROJECTS", "anyone", None);
        let scheme = self.estate.servers.schemes[LEGACY].id;
        let words = "Everybody can read the projects of the scheme without signing in";
        let native = vec![grant.to_string(), scheme.to_string()];
        self.note("plant-dc-jira-grant-to-anyone", "grant", native, "dc-grant-to-anyone", words);
        self.servers().public_signup = true;
        let words = "Everybody can open an account in Jira";
        self.note(
            "plant-dc-jira-public-signup",
            "setting",
            vec!["jira.mode".into(), "jira".into()],
            "dc-public-signup",
            words,
        );
        self.servers().wiki_rights.push((Subject::Anonymous, "application", "use"));
        let words = "Confluence can be used without signing in";
        let native = vec!["anonymous".to_owned(), "use".to_owned()];
        self.note("plant-dc-wiki-anonymous-access", "grant", native, "dc-anonymous-access", words);
        let space = self.servers().spaces.iter_mut().find(|space| space.key == "HOME");
        let space = space.expect("internal: it was founded");
        space.rights.push((Subject::Anonymous, "space", "read"));
        let native = vec![space.id.to_string(), space.key.clone()];
        let words = "People who are not signed in can read the space HOME";
        self.note("plant-dc-wiki-space-open-to-anyone", "container", native, "dc-space-open-to-anyone", words);
    }

    fn licences(&mut self) {
        let now = self.estate.now;
        let servers = self.servers();
        servers.confluence.licences[0].ends = now + TimeDelta::days(20);
        let used = servers.seats_used("jira-software");
        servers.jira.licences[0].seats = used + 3;
        let words = "The licence of Confluence ends in 20 days";
        let native = vec!["application:confluence".to_owned()];
        self.note("plant-dc-wiki-licence-expires-soon", "container", native, "dc-licence-expires-soon", words).until =
            Some(now + TimeDelta::days(20));
        let words = "All seats of Jira but three are taken";
        let native = vec!["application:jira-software".to_owned()];
        self.note("plant-dc-jira-licence-near-tier", "container", native, "dc-licence-near-tier", words);
    }
}

/// Writes down what follows from version, edition and setting of the products, in place of what was said before.
pub(crate) fn tell_versions(estate: &mut Estate) {
    let ours =
        ["plant-dc-version-", "plant-dc-cluster-", "plant-dc-basic-", "harmless-dc-version-", "harmless-dc-basic-"];
    let stays = |plant: &Plant| !ours.iter().any(|beginning| plant.id.starts_with(beginning));
    estate.truth.plants.retain(stays);
    estate.truth.harmless.retain(stays);
    for (host, product, oldest) in [(Host::JiraDc, "jira", 10), (Host::ConfluenceDc, "confluence", 9)] {
        let installation = estate.servers.installation(host);
        let release = &installation.release;
        let supported = release.since(oldest, 0) && release.is_data_center();
        let mixed = installation.nodes.iter().any(|node| node.release.text() != release.text());
        let blocked = installation.blocks_basic;
        let (text, now) = (release.text(), estate.now);
        let word = |holds: bool| if holds { "plant" } else { "harmless" };
        let mut note = |name: String, kind, native: [&str; 2], expect, words: String| {
            let native = native.map(str::to_owned).to_vec();
            estate.truth.note(&name, kind, native, expect, &words, now);
        };
        let name = format!("{}-dc-version-of-{product}", word(!supported));
        note(name, "container", [product, "instance"], "dc-version-unsupported", format!("It is version {text}"));
        let name = format!("{}-dc-basic-auth-of-{product}", word(!blocked));
        let words = "Whether user name and password get in".to_owned();
        note(name, "setting", ["basic-auth", product], "dc-basic-auth-open", words);
        if mixed {
            let name = format!("plant-dc-cluster-of-{product}");
            let words = "Its machines are of different versions".to_owned();
            note(name, "container", [product, "instance"], "dc-cluster-mixed-versions", words);
        }
    }
}

/// Installs Jira as it is planted: one machine of the cluster was forgotten at the last upgrade.
pub(crate) fn forget_machine(servers: &mut ServerEstate) {
    if let Some(node) = servers.jira.nodes.last_mut() {
        node.release = Release::of("10.3.22").expect("internal: it is a version");
    }
}
