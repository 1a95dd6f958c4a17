//! Machines that may do more than they need, each by another way, and some that look so and hold no more than that. What
//! each needs, a register says; here stands what it was given.

use super::super::endpoints::Host;
use super::access::Rank;
use super::accounts::ServerGroup;
use super::plants::Planter;
use super::wiki::Subject;
use super::work::{HELP, NET, OPERATIONS, OPS, PAY, RoleActor};

/// What each of them must be found as, or not.
const EXCEEDS: &str = "dc-machine-exceeds-needs";

impl Planter<'_> {
    /// Plants all of them.
    pub(crate) fn excess(&mut self) {
        let machines = self.group("jira-machines", Host::JiraDc, vec!["jira-software"]);
        self.by_group(machines);
        self.by_role(machines);
        self.by_scheme(machines);
        self.exact(machines);
        self.in_spaces();
    }

    fn group(&mut self, name: &str, host: Host, seats: Vec<&'static str>) -> usize {
        let powers = vec![(host, Rank::LoggedIn)];
        self.servers().groups.push(ServerGroup {
            name: name.to_owned(),
            powers,
            seats,
            members: Vec::new(),
            inside: Vec::new(),
        });
        self.servers().groups.len() - 1
    }

    /// An account of a machine that is in no group but the machines' own.
    fn lone_machine(&mut self, username: &str, name: &str, group: usize) -> usize {
        let email = format!("{username}@acme.example");
        let account = self.estate.servers.add_machine(username, name, &email, self.random);
        self.servers().join(account, group);
        account
    }

    fn told(&mut self, name: &str, host: Host, account: usize, words: &str) {
        let account = &self.estate.servers.accounts[account];
        let native = vec![account.key(host), account.username.clone()];
        self.note(name, "integration", native, EXCEEDS, words);
    }

    fn by_group(&mut self, machines: usize) {
        let account = self.lone_machine("svc-reports", "Reporting", machines);
        let keeper = self.player();
        let reporting = self.group("jira-reporting", Host::JiraDc, Vec::new());
        for member in [account, keeper] {
            self.servers().join(member, reporting);
        }
        self.servers().projects[NET].actors[2].push(RoleActor::Group(reporting));
        let words = "It reads one project, and a group makes it an administrator of another";
        self.told("plant-dc-jira-excess-by-group", Host::JiraDc, account, words);
    }

    fn by_role(&mut self, machines: usize) {
        let account = self.lone_machine("svc-tickets", "Ticket counter", machines);
        for role in [0, 1] {
            self.servers().projects[HELP].actors[role].push(RoleActor::Account(account));
        }
        let words = "It looks on, and has a place among those who work in the project as well";
        self.told("plant-dc-jira-excess-by-role", Host::JiraDc, account, words);
    }

    fn by_scheme(&mut self, machines: usize) {
        let account = self.lone_machine("svc-archive", "Archive", machines);
        let key = self.key(account);
        for permission in ["BROWSE_PROJECTS", "DELETE_ISSUES"] {
            self.servers().grant(OPERATIONS, permission, "user", Some(&key));
        }
        let words = "It reads a project, and the permission scheme lets it delete there";
        self.told("plant-dc-jira-excess-by-scheme", Host::JiraDc, account, words);
    }

    fn exact(&mut self, machines: usize) {
        let account = self.lone_machine("svc-planning", "Planning", machines);
        self.servers().projects[PAY].actors[3].push(RoleActor::Account(account));
        let words =
            "The role that it has was made for what it needs; projects that it reads beside that everybody reads";
        self.told("harmless-dc-jira-no-excess", Host::JiraDc, account, words);
        let account = self.lone_machine("svc-status", "Status page", machines);
        self.servers().projects[OPS].actors[0].push(RoleActor::Account(account));
        let words = "It looks on in one project and needs to";
        self.told("harmless-dc-jira-onlooker", Host::JiraDc, account, words);
    }

    fn in_spaces(&mut self) {
        let machines = self.group("confluence-machines", Host::ConfluenceDc, vec!["confluence"]);
        let editors = self.group("confluence-editors", Host::ConfluenceDc, Vec::new());
        let docs = self.lone_machine("svc-docs", "Documents", machines);
        let keeper = self.player();
        for member in [docs, keeper] {
            self.servers().join(member, editors);
        }
        let notes = self.lone_machine("svc-notes", "Release notes", machines);
        let engineering = self.servers().spaces.iter_mut().find(|space| space.key == "ENG");
        let engineering = engineering.expect("internal: it was founded");
        for account in [docs, notes] {
            engineering.rights.push((Subject::Account(account), "space", "read"));
            engineering.rights.push((Subject::Account(account), "page", "create"));
        }
        engineering.rights.push((Subject::Group(editors), "page", "delete"));
        let words = "It writes pages of one space, and a group lets it delete them";
        self.told("plant-dc-wiki-excess-in-space", Host::ConfluenceDc, docs, words);
        self.told(
            "harmless-dc-wiki-no-excess",
            Host::ConfluenceDc,
            notes,
            "It writes pages of one space, and needs to",
        );
    }
}
