//! What an administrator does by hand, one thing at a time: for tests that foretell what comes of it. Each does what the
//! product's description says, and nothing else: no clock moves, and nothing is written on the answer sheet.

use chrono::TimeDelta;

use super::estate::{Estate, Expiry, Holder, ORG_ADMINS, ROLES, SITE_ADMINS, Standing};
use super::jira_sharing::Share;
use super::repositories::Grantee;
use super::servers::ServerEstate;
use super::{Simulator, sandbox};

impl Simulator {
    fn by_hand(&self, change: impl FnOnce(&mut Estate)) {
        let mut estate = self.shared.to_change();
        change(&mut estate);
        estate.workspace.settle_permissions();
        sandbox::follow(&mut estate);
    }

    /// Deactivates a person of the cloud. Memberships, grants and tokens stay; the workspace drops them from its members.
    ///
    /// # Panics
    /// When nobody has that account.
    pub fn deactivate(&self, account: &str) {
        self.by_hand(|estate| {
            let place = estate.find_person(account).expect("internal: the account exists");
            estate.people[place].standing = Standing::Deactivated;
            estate.people[place].deactivated = Some(estate.now);
            let members = estate.workspace.members.iter().enumerate();
            let gone: Vec<usize> = members.filter(|(_, one)| one.account == account).map(|(at, _)| at).collect();
            estate.workspace.departed.extend(gone);
        });
    }

    /// Takes a person out of a group of the organisation. The role of an administrator that came with it goes.
    ///
    /// # Panics
    /// When there is no such account or group.
    pub fn leave_group(&self, account: &str, group: &str) {
        self.by_hand(|estate| {
            let person = estate.find_person(account).expect("internal: the account exists");
            let group = place_of(estate, group);
            estate.leave(person, group);
            if group == ORG_ADMINS {
                estate.people[person].platform_roles.retain(|role| *role != "atlassian/org-admin");
            }
        });
    }

    /// Takes somebody out of a group of the workspace.
    ///
    /// # Panics
    /// When there is no such group.
    pub fn leave_workspace_group(&self, account: &str, slug: &str) {
        self.by_hand(|estate| {
            let workspace = &mut estate.workspace;
            let member = workspace.members.iter().position(|member| member.account == account);
            let group = workspace.groups.iter_mut().find(|group| group.slug == slug);
            group.expect("internal: the group exists").members.retain(|at| Some(*at) != member);
        });
    }

    /// Takes an account or group out of a role of a project, all by their ids.
    ///
    /// # Panics
    /// When there is no such role or project, or nobody of that id has a place in it.
    pub fn take_out_of_role(&self, project: &str, role: &str, holder: &str) {
        self.by_hand(|estate| {
            let role = ROLES.iter().position(|(id, ..)| id.to_string() == role).expect("internal: the role exists");
            let ids: Vec<String> = estate.projects.iter().map(|project| project.id.to_string()).collect();
            let project = ids.iter().position(|id| id == project).expect("internal: the project exists");
            let is_it = |who: &Holder| match who {
                Holder::Account(who) => estate.account_id(*who) == holder,
                Holder::Group(at) => estate.groups[*at].id == holder,
            };
            let actors = &estate.projects[project].actors[role];
            let kept: Vec<_> = actors.iter().filter(|actor| !is_it(&actor.who)).cloned().collect();
            assert!(kept.len() < actors.len(), "internal: the holder has a place in the role");
            estate.projects[project].actors[role] = kept;
        });
    }

    /// Takes an entry out of a permission scheme.
    ///
    /// # Panics
    /// When there is none.
    pub fn take_from_scheme(&self, grant: &str) {
        self.by_hand(|estate| {
            let before: usize = estate.schemes.iter().map(|scheme| scheme.grants.len()).sum();
            for scheme in &mut estate.schemes {
                scheme.grants.retain(|one| one.id.to_string() != grant);
            }
            let after: usize = estate.schemes.iter().map(|scheme| scheme.grants.len()).sum();
            assert!(after < before, "internal: the entry exists");
        });
    }

    /// Takes the permission of a group of the workspace on a repository away.
    ///
    /// # Panics
    /// When there is no such group or repository.
    pub fn take_from_repository(&self, repository: &str, group: &str) {
        self.by_hand(|estate| {
            let workspace = &mut estate.workspace;
            let group = workspace.groups.iter().position(|one| one.slug == group).expect("internal: the group exists");
            let repository = workspace.repositories.iter_mut().find(|one| one.uuid.contains(repository));
            let grants = &mut repository.expect("internal: the repository exists").grants;
            grants.retain(|grant| grant.to != Grantee::Team(group));
        });
    }

    /// Revokes an API token.
    ///
    /// # Panics
    /// When there is none.
    pub fn revoke_token(&self, token: &str) {
        self.by_hand(|estate| {
            let before = estate.tokens.len();
            estate.tokens.retain(|one| one.id != token);
            assert!(estate.tokens.len() < before, "internal: the token exists");
        });
    }

    /// Lets time pass for one API token alone; until then it is used as it is now.
    ///
    /// # Panics
    /// When there is none, or it never ends.
    pub fn age_token(&self, token: &str, by: TimeDelta) {
        self.by_hand(|estate| {
            let token = estate.tokens.iter_mut().find(|one| one.id == token);
            let token = token.expect("internal: the token exists");
            let Expiry::At(end) = token.expires else { panic!("internal: the token ends") };
            (token.created, token.expires) = (token.created - by, Expiry::At(end - by));
        });
    }

    /// Deletes a group of the organisation: it is gone from roles, schemes and spaces as well.
    ///
    /// # Panics
    /// When there is none.
    pub fn delete_group(&self, id: &str) {
        self.by_hand(|estate| {
            let place = place_of(estate, id);
            assert!(place > SITE_ADMINS, "internal: what the product itself needs is not deleted");
            let members: Vec<usize> =
                (0..estate.people.len()).filter(|at| estate.people[*at].groups.contains(&place)).collect();
            for person in members {
                estate.leave(person, place);
            }
            estate.groups[place].members.clear();
            for project in &mut estate.projects {
                for actors in &mut project.actors {
                    actors.retain(|actor| actor.who != Holder::Group(place));
                }
            }
            for scheme in &mut estate.schemes {
                scheme.grants.retain(|grant| grant.value.as_deref() != Some(id));
            }
            for shared in estate.filters.iter_mut().chain(&mut estate.dashboards) {
                shared.viewers.retain(|share| *share != Share::Group(place));
                shared.editors.retain(|share| *share != Share::Group(place));
            }
            estate.deleted_groups.insert(place);
        });
    }

    /// Deactivates an account of the directory that the self-hosted products share.
    ///
    /// # Panics
    /// When there is none of that user name.
    pub fn deactivate_in_directory(&self, username: &str) {
        self.by_hand(|estate| {
            let account = estate.servers.accounts.iter_mut().find(|one| one.username == username);
            account.expect("internal: the account exists").active = false;
        });
    }

    /// Takes an account out of a group of that directory.
    ///
    /// # Panics
    /// When there is no such account or group.
    pub fn leave_directory_group(&self, username: &str, group: &str) {
        self.by_hand(|estate| {
            let servers: &mut ServerEstate = &mut estate.servers;
            let account = servers.accounts.iter().position(|one| one.username == username);
            let account = account.expect("internal: the account exists");
            let group = servers.groups.iter_mut().find(|one| one.name == group);
            group.expect("internal: the group exists").members.retain(|at| *at != account);
        });
    }

    /// Revokes a personal access token of the self-hosted Jira.
    ///
    /// # Panics
    /// When there is none.
    pub fn revoke_jira_dc_token(&self, id: &str) {
        self.by_hand(|estate| {
            let tokens = &mut estate.servers.jira.tokens;
            let before = tokens.len();
            tokens.retain(|one| one.id.to_string() != id);
            assert!(tokens.len() < before, "internal: the token exists");
        });
    }
}

fn place_of(estate: &Estate, group: &str) -> usize {
    estate.groups.iter().position(|one| one.id == group).expect("internal: the group exists")
}
