//! What happened in the organisation, for its audit log: the ordinary days first, then what was planted,
//! and what each night adds. New events are always processed after all older ones.

use chrono::{DateTime, TimeDelta, Utc};

use super::audit::{Auth, Event, Party, Subject};
use super::estate::{Estate, Expiry, FIRST_TEAM, Standing, Token};
use super::random::Random;

/// How many ordinary events the log has.
const ORDINARY: usize = 300;
/// How many ordinary events a night adds.
const A_NIGHT: usize = 12;
/// How far back the log goes.
const DAYS: i64 = 30;
/// How many uses of tokens a night adds.
const TOKEN_USES: usize = 6;

/// The resource identifiers of the apps that show in the log.
const SLACK: &str = "ari:cloud:ecosystem::app/0d6a4c9e-52b1-4a7f-8a53-6f1be2f0c101";
const ZAPIER: &str = "ari:cloud:ecosystem::app/6b1f3a70-9c0e-4b55-8f6d-2a7d4e9b3102";

/// Who plays which part in the planted events. Nobody of them is ever deactivated.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// The account under which Zapier shows.
    zapier: String,
    /// The person for whom Zapier acts.
    zapier_for: usize,
    /// The login account of a machine.
    machine: usize,
    /// Somebody's token, and who else uses it.
    lent_token: String,
    borrower: usize,
}

/// What the answer sheet needs to know of the planted events: native ids of each.
#[derive(Debug)]
pub(super) struct Natives {
    pub(super) app_for_person: Vec<String>,
    pub(super) app_for_itself: Vec<String>,
    pub(super) lent_token: Vec<String>,
    pub(super) machine: Vec<String>,
}

/// Writes the last thirty days. `steady` are people who stay.
pub(super) fn write(estate: &mut Estate, random: &mut Random, steady: &[usize]) -> Natives {
    let planted = |name: &str| estate.truth.plants.iter().find(|plant| plant.id == name);
    let machine = planted("plant-svc-jenkins-on-seat").and_then(|plant| estate.find_person(plant.native.first()?));
    let lent_token = planted("plant-too-many-tokens").and_then(|plant| plant.native.get(1).cloned());
    let look_alikes: Vec<usize> = estate
        .truth
        .harmless
        .iter()
        .filter(|plant| plant.id.starts_with("harmless-person-"))
        .filter_map(|plant| estate.find_person(plant.native.first()?))
        .collect();
    estate.parts = Parts {
        zapier: random.account_id(),
        zapier_for: random.pick(steady),
        machine: machine.expect("internal: the machine was planted before"),
        lent_token: lent_token.expect("internal: the tokens were planted before"),
        borrower: random.pick(steady),
    };
    let (from, to) = (estate.now - TimeDelta::days(DAYS), estate.now);
    let mut days = Days { estate, random, from, to, written: Vec::new() };
    for _ in 0..ORDINARY {
        days.something_ordinary();
    }
    days.tokens_made();
    for person in look_alikes {
        days.login(person);
        days.login(person);
    }
    for day in [2, 5, 9, 16, 23] {
        days.from = to - TimeDelta::days(day);
        days.to = days.from + TimeDelta::hours(20);
        days.planted();
    }
    days.close();
    let parts = &estate.parts;
    let person = |at: usize| estate.people[at].id.clone();
    let token = estate.tokens.iter().find(|token| token.id == parts.lent_token);
    let owner = token.map(|token| person(token.owner)).expect("internal: the token was planted before");
    Natives {
        app_for_person: vec![ZAPIER.to_owned(), person(parts.zapier_for)],
        app_for_itself: vec![SLACK.to_owned(), estate.apps[SLACK_APP].id.clone()],
        lent_token: vec![parts.lent_token.clone(), person(parts.borrower), owner],
        machine: vec![person(parts.machine)],
    }
}

/// The organisation key that copies the audit log elsewhere.
const EXPORT_KEY: &str = "audit log export";
/// The place of the app that acts for nobody but itself.
const SLACK_APP: usize = 3;

/// Adds what happened in the night that began at `from`: what the answer sheet tells of it, and the usual.
pub(super) fn add_night(estate: &mut Estate, random: &mut Random, from: DateTime<Utc>) {
    let to = estate.now;
    let mut days = Days { estate, random, from, to, written: Vec::new() };
    for _ in 0..A_NIGHT {
        days.something_ordinary();
    }
    days.what_changed();
    days.planted();
    days.close();
}

/// A stretch of time that is being written.
struct Days<'a> {
    estate: &'a mut Estate,
    random: &'a mut Random,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    written: Vec<Event>,
}

impl Days<'_> {
    /// Puts what was written into the log, in the order in which it was processed.
    fn close(mut self) {
        self.written.sort_by(|a, b| (a.processed, &a.id).cmp(&(b.processed, &b.id)));
        self.estate.events.append(&mut self.written);
    }

    /// Some moment of the stretch, with time left for processing.
    fn sometime(&mut self) -> DateTime<Utc> {
        let seconds = (self.to - self.from).num_seconds().max(2);
        self.from + TimeDelta::seconds(self.random.between(1, seconds - seconds.min(1200) / 2))
    }

    fn event(&mut self, at: DateTime<Utc>, action: &'static str, actor: Party, subjects: Vec<Subject>) -> &mut Event {
        let at = at.clamp(self.from, self.to);
        let lag = self.random.between(1, 600).min((self.to - at).num_seconds().max(0));
        let processed = at + TimeDelta::seconds(lag);
        let id = self.random.uuid();
        let (auth, for_whom, app) = (None, None, None);
        self.written.push(Event { id, at, processed, action, actor, auth, for_whom, app, subjects });
        self.written.last_mut().expect("internal: one was just added")
    }

    fn person(&self, at: usize) -> Party {
        let person = &self.estate.people[at];
        Party { id: person.id.clone(), name: person.name.clone(), email: Some(person.email.clone()) }
    }

    fn app(&self, at: usize) -> Party {
        let app = &self.estate.apps[at];
        Party { id: app.id.clone(), name: app.name.clone(), email: None }
    }

    fn user(&self, at: usize) -> Subject {
        let person = &self.estate.people[at];
        Subject { kind: "users", id: person.id.clone(), name: person.name.clone() }
    }

    /// Some active person without a part.
    fn anybody(&mut self) -> usize {
        let start = self.random.below(self.estate.people.len());
        (0..self.estate.people.len())
            .map(|step| (start + step) % self.estate.people.len())
            .find(|at| self.estate.people[*at].standing == Standing::Active && !self.estate.reserved.contains(at))
            .unwrap_or(self.estate.steward)
    }

    fn something_ordinary(&mut self) {
        match self.random.below(100) {
            0..45 => {
                let person = self.anybody();
                self.login(person);
            }
            45..72 => {
                let person = self.anybody();
                let (at, actor) = (self.sometime(), self.person(person));
                self.view_issue(at, actor);
            }
            72..80 => self.somebody_joins_a_team(),
            80..90 => self.somebody_uses_a_token(),
            90..93 => self.machine_uses_its_token(),
            93..96 => self.key_is_used(),
            _ => self.app_acts_for_itself(),
        }
    }

    fn login(&mut self, person: usize) {
        let (at, actor, subject) = (self.sometime(), self.person(person), self.user(person));
        self.event(at, "user_login", actor, vec![subject]);
    }

    fn view_issue(&mut self, at: DateTime<Utc>, actor: Party) -> &mut Event {
        let project = self.random.below(self.estate.projects.len());
        let key = format!("{}-{}", self.estate.projects[project].key, self.random.between(1, 3000));
        let issue = Subject { kind: "issues", id: self.random.between(10_000, 99_999).to_string(), name: key };
        self.event(at, "jira_issue_viewed", actor, vec![issue])
    }

    fn somebody_joins_a_team(&mut self) {
        let person = self.anybody();
        let team = self.estate.people[person].groups.iter().copied().find(|group| *group >= FIRST_TEAM);
        if let Some(team) = team {
            let at = self.sometime();
            self.joined(at, person, team);
        }
    }

    fn joined(&mut self, at: DateTime<Utc>, person: usize, group: usize) {
        let (actor, user, group) = (self.person(self.estate.steward), self.user(person), &self.estate.groups[group]);
        let group = Subject { kind: "groups", id: group.id.clone(), name: group.name.clone() };
        self.event(at, "user_added_to_group", actor, vec![user, group]);
    }

    /// Somebody's own token is used, at about the time at which it was last seen.
    fn somebody_uses_a_token(&mut self) {
        let lately = |token: &&Token| {
            let owner = &self.estate.people[token.owner];
            let ended = matches!(token.expires, Expiry::At(end) if end <= self.estate.now);
            let used = token.last_active.is_some_and(|last| self.from < last && last <= self.estate.now);
            used && !ended && !token.blocked && owner.standing == Standing::Active
        };
        let used: Vec<usize> =
            self.estate.tokens.iter().enumerate().filter(|(_, token)| lately(token)).map(|(place, _)| place).collect();
        if let Some(place) = used.get(self.random.below(used.len())) {
            let token = self.estate.tokens[*place].clone();
            let last = token.last_active.unwrap_or(self.to);
            let at = (last - TimeDelta::minutes(self.random.between(0, 2880))).max(token.created);
            let owner = self.person(token.owner);
            self.use_token(at, owner, &token.id, &token.label);
        }
    }

    fn use_token(&mut self, at: DateTime<Utc>, actor: Party, id: &str, label: &str) {
        let token = Some((id.to_owned(), label.to_owned()));
        self.view_issue(at, actor).auth = Some(Auth { kind: "api-token", token });
    }

    fn machine_uses_its_token(&mut self) {
        // The last one has not done anything for months.
        let account = self.random.below(self.estate.service_accounts.len() - 1);
        let account = self.estate.service_accounts[account].clone();
        let (at, actor) = (self.sometime(), self.app(account.app));
        self.use_token(at, actor, &account.tokens[0].id, account.tokens[0].label);
    }

    /// The audit log is copied elsewhere with an organisation key.
    fn key_is_used(&mut self) {
        let Some(key) = self.estate.keys.iter().find(|key| key.label == EXPORT_KEY).cloned() else { return };
        let at = self.sometime();
        let actor = Party { id: key.system_account, name: key.label.clone(), email: None };
        let auth = Auth { kind: "container-token", token: Some((key.id, key.label)) };
        self.event(at, "audit_log_exported", actor, Vec::new()).auth = Some(auth);
    }

    fn app_acts_for_itself(&mut self) {
        let (at, actor) = (self.sometime(), self.app(SLACK_APP));
        let event = self.view_issue(at, actor);
        event.auth = Some(Auth { kind: "auth-token-for-2LO", token: None });
        event.app = Some(SLACK.to_owned());
    }

    /// Tokens that were made in this stretch.
    fn tokens_made(&mut self) {
        let made: Vec<Token> = self.estate.tokens.iter().filter(|token| token.created >= self.from).cloned().collect();
        for token in made {
            self.token_event(token.created, "api_token_created", &token.id, &token.label, token.owner);
        }
    }

    fn token_event(&mut self, at: DateTime<Utc>, action: &'static str, id: &str, label: &str, owner: usize) {
        let subject = Subject { kind: "api-tokens", id: id.to_owned(), name: label.to_owned() };
        let actor = self.person(owner);
        self.event(at, action, actor, vec![subject]);
    }

    fn planted(&mut self) {
        let parts = self.estate.parts.clone();
        self.login(parts.machine);
        let (at, person) = (self.sometime(), self.person(parts.zapier_for));
        let actor = Party { id: parts.zapier, name: "Zapier".to_owned(), email: None };
        let event = self.view_issue(at, actor);
        event.auth = Some(Auth { kind: "auth-token-for-3LO", token: None });
        event.app = Some(ZAPIER.to_owned());
        event.for_whom = Some(person);
        let lent = self.estate.tokens.iter().find(|token| token.id == parts.lent_token).cloned();
        if let Some(token) = lent {
            let (at, borrower) = (self.sometime(), self.person(parts.borrower));
            self.use_token(at.max(token.created), borrower, &token.id, &token.label);
        }
    }

    /// What the answer sheet tells of this night.
    fn what_changed(&mut self) {
        let tonight: Vec<_> =
            self.estate.truth.drift.iter().filter(|drift| drift.at == self.estate.now).cloned().collect();
        let mut uses = 0;
        for drift in tonight {
            let at = self.sometime();
            let ids: Vec<&str> = drift.native.iter().map(String::as_str).collect();
            match (drift.what, drift.kind, ids.as_slice()) {
                ("added", "membership", [person, group]) => {
                    let group = self.estate.groups.iter().position(|known| known.id == *group);
                    if let Some((person, group)) = self.estate.find_person(person).zip(group) {
                        self.joined(at, person, group);
                    }
                }
                ("changed", "principal", [person]) => self.promoted(at, person),
                ("removed", "credential", [token, owner]) => {
                    if let Some(owner) = self.estate.find_person(owner) {
                        self.token_event(at, "api_token_revoked", token, "", owner);
                    }
                }
                ("added" | "used", "credential", [token, _]) => {
                    let token = self.estate.tokens.iter().find(|known| known.id == *token).cloned();
                    let Some(token) = token else { continue };
                    if drift.what == "added" {
                        self.token_event(token.created, "api_token_created", &token.id, &token.label, token.owner);
                    } else if uses < TOKEN_USES {
                        uses += 1;
                        let owner = self.person(token.owner);
                        self.use_token(token.last_active.unwrap_or(at), owner, &token.id, &token.label);
                    }
                }
                _ => {}
            }
        }
    }

    fn promoted(&mut self, at: DateTime<Utc>, person: &str) {
        let Some(person) = self.estate.find_person(person) else { return };
        if self.estate.people[person].platform_roles.contains(&"atlassian/org-admin") {
            let (actor, subject) = (self.person(self.estate.steward), self.user(person));
            self.event(at, "user_granted_role", actor, vec![subject]);
        }
    }
}
