//! Plants what is wrong with the self-hosted Bitbucket, and writes it on the answer sheet.

use chrono::TimeDelta;

use super::super::super::estate::Estate;
use super::super::super::random::Random;
use super::super::super::truth::Plant;
use super::plan::{self, USERS, add_token, machine, plain_people, ssh_key, webhook};
use super::{AccessKey, Bitbucket, Grant, Grantee, Place, Token, UserKey};

/// Places of the projects and repositories with a part to play.
pub(super) const OPEN_PROJECT: usize = 3;
pub(super) const READABLE_PROJECT: usize = 4;
pub(super) const PUBLIC_REPOSITORY: usize = 5;
const EXEMPT_REPOSITORY: usize = 7;
const HOOKED_PROJECT: usize = 2;
const SHARED_IN: [usize; 3] = [0, 4, 9];

/// Says that the version is out of support; no longer when a newer one is installed.
pub(super) const OLD_VERSION: &str = "plant-dc-bitbucket-version";

/// Plants everything except the licence, for which all users must be there.
pub(super) fn plant(estate: &mut Estate, bitbucket: &mut Bitbucket, random: &mut Random) {
    let players = plain_people(bitbucket);
    let mut garden = Garden { estate, bitbucket, random, players };
    garden.version();
    garden.machines();
    garden.tokens();
    garden.keys();
    garden.projects();
    garden.webhooks();
    garden.plant_look_alikes();
}

/// Says that the licence is nearly used up: two users are left, see `plan::buy`.
pub(super) fn plant_licence(estate: &mut Estate, bitbucket: &Bitbucket) {
    let words = format!("The licence is for {} users, and two more may come", bitbucket.licence.most_users);
    let (native, now) = (vec!["bitbucket".to_owned()], estate.now);
    estate.truth.note("plant-dc-bitbucket-licence", "container", native, "dc-licence-near-tier", &words, now);
}

/// Where plants are put, and the people at hand.
pub(super) struct Garden<'a> {
    pub(super) estate: &'a mut Estate,
    pub(super) bitbucket: &'a mut Bitbucket,
    pub(super) random: &'a mut Random,
    pub(super) players: Vec<usize>,
}

impl Garden<'_> {
    pub(super) fn player(&mut self) -> usize {
        self.players.pop().expect("internal: enough people have nothing of their own")
    }

    /// Writes a plant, or a look-alike if its name says so, on the answer sheet.
    pub(super) fn note(
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

    /// Somebody who left before the move to the cloud, and whose account is deactivated.
    pub(super) fn leaver(&mut self, name: &str, title: &str) -> usize {
        let seen = self.estate.now - TimeDelta::days(33);
        let user = plan::leaver(self.bitbucket, name, title, seen);
        self.bitbucket.groups[USERS].members.push(user);
        user
    }

    pub(super) fn user_id(&self, user: usize) -> String {
        self.bitbucket.users[user].id.to_string()
    }

    /// The id of a user, project or repository.
    pub(super) fn id_of(&self, place: Place) -> String {
        let id = match place {
            Place::User(at) => self.bitbucket.users[at].id,
            Place::Project(at) => self.bitbucket.projects[at].id,
            Place::Repository(at) => self.bitbucket.repositories[at].id,
        };
        id.to_string()
    }

    /// Makes a sane token, changed as wanted, and writes it down.
    pub(super) fn token(
        &mut self,
        (of, label): (Place, &str),
        name: &str,
        expect: &'static str,
        words: &str,
        change: impl FnOnce(&mut Token),
    ) -> &mut Plant {
        let now = self.estate.now;
        let at = add_token(self.bitbucket, of, label, now, self.random);
        change(&mut self.bitbucket.tokens[at]);
        let native = vec![self.bitbucket.tokens[at].id.clone(), self.id_of(of)];
        self.note(name, "credential", native, expect, words)
    }

    fn version(&mut self) {
        let version = self.bitbucket.installation.release.text();
        let words = format!("Bitbucket {version} gets no more security fixes");
        self.note(OLD_VERSION, "container", vec!["bitbucket".to_owned()], "dc-version-unsupported", &words);
    }

    fn machines(&mut self) {
        let now = self.estate.now;
        let backup = machine(self.bitbucket, "svc-backup", "Backup", now);
        self.bitbucket.groups[USERS].members.push(backup);
        self.bitbucket.global.push(Grant { to: Grantee::User(backup), permission: "SYS_ADMIN" });
        let words = "The account of the backup job administers the whole system";
        let native = vec![self.user_id(backup)];
        self.note("plant-dc-machine-is-system-admin", "principal", native, "dc-machine-is-system-admin", words);

        let release = machine(self.bitbucket, "svc-release", "Release job", now);
        self.bitbucket.groups[USERS].members.push(release);
        self.bitbucket.projects[0].grants.push(Grant { to: Grantee::User(release), permission: "PROJECT_WRITE" });
        let project = self.bitbucket.projects[0].key.clone();
        let native =
            |id: String, name: &str, project: String| vec![id, name.to_owned(), "bitbucket".to_owned(), project];
        let ids = native(self.user_id(release), "svc-release", project);
        let words = "It reads the repositories of a project, and may write to them";
        let key = "dc-machine-exceeds-needs";
        self.note("plant-dc-bitbucket-excess", "integration", ids, key, words);
        let mirror = machine(self.bitbucket, "svc-mirror", "Mirror", now);
        self.bitbucket.groups[USERS].members.push(mirror);
        self.bitbucket.projects[1].grants.push(Grant { to: Grantee::User(mirror), permission: "PROJECT_READ" });
        let project = self.bitbucket.projects[1].key.clone();
        let ids = native(self.user_id(mirror), "svc-mirror", project);
        let words = "It reads the repositories of a project, and needs to";
        self.note("harmless-dc-bitbucket-no-excess", "integration", ids, key, words);
        let words = "The token of a machine may administer every project and repository that its account does";
        let key = "dc-machine-token-administers";
        self.token((Place::User(release), "jenkins"), "plant-dc-machine-token-administers", key, words, |token| {
            token.permissions = vec!["PROJECT_ADMIN", "REPO_ADMIN"];
        });
        let words = "A build uses a token that may administer the repository, to push to it";
        self.token((Place::Repository(1), "terraform"), "plant-dc-repository-token-administers", key, words, |token| {
            token.permissions = vec!["REPO_ADMIN"];
        });
    }

    fn tokens(&mut self) {
        let now = self.estate.now;
        let owner = self.player();
        let key = "dc-token-without-expiry";
        self.token((Place::User(owner), "desktop"), "plant-dc-token-without-expiry", key, "Never ends", |token| {
            token.days = None;
        });
        let words = "The token of a project never ends";
        self.token((Place::Project(5), "mirror"), "plant-dc-project-token-without-expiry", key, words, |token| {
            token.days = None;
        });
        let gone = self.leaver("jette.sommer", "Jette Sommer");
        let words = "Its owner is deactivated; the token comes back to life with the account";
        let key = "dc-token-owner-deactivated";
        self.token((Place::User(gone), "laptop"), "plant-dc-token-of-deactivated-owner", key, words, |token| {
            token.used = Some(now - TimeDelta::days(34));
            token.created = now - TimeDelta::days(55);
        });
        let words = "The token of a project is 70 days old and was never used";
        let key = "dc-token-never-used";
        self.token((Place::Project(6), "exporter"), "plant-dc-project-token-never-used", key, words, |token| {
            token.created = now - TimeDelta::days(70);
            token.days = Some(300);
            token.used = None;
        });
    }

    fn keys(&mut self) {
        let now = self.estate.now;
        let key = ssh_key(self.bitbucket, "deploy all", now, self.random);
        let mut native = vec![key.id.to_string()];
        for repository in SHARED_IN {
            native.push(self.id_of(Place::Repository(repository)));
            let on = Place::Repository(repository);
            self.bitbucket.access_keys.push(AccessKey { key: key.clone(), on, permission: "REPO_WRITE" });
        }
        let words = "One SSH key opens three repositories: whoever has it has all of them";
        self.note("plant-dc-access-key-shared", "credential", native, "dc-access-key-shared", words);

        let owner = self.player();
        let mut key = ssh_key(self.bitbucket, "old workstation", now, self.random);
        key.created = now - TimeDelta::days(900);
        key.days = None;
        key.used = Some(now - TimeDelta::days(210));
        let native = vec![key.id.to_string(), self.user_id(owner)];
        self.bitbucket.ssh_keys.push(UserKey { key, owner });
        let words = "The SSH key of a person never ends and was last used 210 days ago";
        self.note("plant-dc-ssh-key-unused", "credential", native, "dc-ssh-key-unused", words);
    }

    fn projects(&mut self) {
        self.bitbucket.projects[OPEN_PROJECT].default_permission = Some("PROJECT_WRITE");
        let native = vec![self.id_of(Place::Project(OPEN_PROJECT))];
        let words = "Everybody who is logged in may write to all repositories of the project";
        self.note("plant-dc-project-open", "grant", native, "dc-project-open-to-logged-in", words);

        self.bitbucket.repositories[PUBLIC_REPOSITORY].public = true;
        let native = vec![self.id_of(Place::Repository(PUBLIC_REPOSITORY))];
        let words = "Whoever reaches the server reads the repository without logging in";
        self.note("plant-dc-public-repository", "container", native, "dc-public-repository", words);

        self.bitbucket.repositories[EXEMPT_REPOSITORY].exempt = true;
        let native = vec![self.id_of(Place::Repository(EXEMPT_REPOSITORY))];
        let words = "What is pushed to the repository is not searched for secrets";
        self.note("plant-dc-exempt-repository", "container", native, "dc-repository-exempt-from-scanning", words);
    }

    fn webhooks(&mut self) {
        let (now, on) = (self.estate.now, Place::Project(HOOKED_PROJECT));
        let url = "https://intake.partner.example/bitbucket";
        let mut hook = webhook(self.bitbucket, "Partner feed", url, on, now, self.random);
        hook.verifies = false;
        let native = vec![hook.id.to_string(), self.id_of(on)];
        self.bitbucket.webhooks.push(hook);
        let words = "The webhook sends to whoever answers at the address, with any certificate";
        self.note("plant-dc-webhook-skips-verification", "webhook", native, "dc-webhook-skips-verification", words);
    }
}
