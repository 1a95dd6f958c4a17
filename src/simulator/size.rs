//! How much there is on the Jira site: from this and the sizes of pages follows how few requests can read it.

use super::estate::{Estate, JIRA_ADMINS, ROLES};
use super::jira::opens_jira;
use super::jira_sharing::visible_dashboards;

/// What there is to be read on the Jira site. Its automation rules are told by another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSize {
    /// Accounts of people, apps and customers.
    pub accounts: usize,
    /// The members of each group.
    pub members: Vec<usize>,
    /// Groups that let their members into a product of Jira.
    pub opening: usize,
    /// Projects that are in use.
    pub live_projects: usize,
    /// Projects that are archived.
    pub archived_projects: usize,
    /// Projects that are in use and have a service desk.
    pub service_desks: usize,
    /// Roles of a project.
    pub roles: usize,
    /// Filters.
    pub filters: usize,
    /// Dashboards that the reader may see.
    pub dashboards: usize,
    /// Accounts that administer Jira through a group, and accounts of apps.
    pub privileged: usize,
}

impl SiteSize {
    pub(super) fn of(estate: &Estate) -> Self {
        let groups = || estate.live_groups().map(|(_, group)| group);
        let projects = || estate.projects.iter();
        Self {
            accounts: estate.on_site.len() + estate.apps.len() + estate.customers.len(),
            members: groups().map(|group| group.members.len()).collect(),
            opening: groups().filter(|group| opens_jira(group)).count(),
            live_projects: projects().filter(|project| !project.archived).count(),
            archived_projects: projects().filter(|project| project.archived).count(),
            service_desks: projects().filter(|project| !project.archived && project.kind == "service_desk").count(),
            roles: ROLES.len(),
            filters: estate.filters.len(),
            dashboards: visible_dashboards(estate).len(),
            privileged: estate.groups[JIRA_ADMINS].members.len() + estate.apps.len(),
        }
    }

    /// The fewest requests that read all of it, by the sizes of pages that the API grants.
    #[must_use]
    pub fn fewest_requests(&self) -> usize {
        let pages = |rows: usize, page: usize| rows.div_ceil(page).max(1);
        let projects = self.live_projects + self.archived_projects;
        // The site's id and what it says of itself, the account that asks and its rights, applications, licence, permission
        // schemes, roles, webhooks, apps and the audit log: one each.
        let single = 11;
        // The list of accounts ends with an empty page.
        let accounts = pages(self.accounts, 1000) + 1;
        // Once all of them, then those that open, administer, and administer everything.
        let groups = pages(self.members.len(), 50) + pages(self.opening, 50) + 2;
        let members: usize = self.members.iter().map(|members| pages(*members, 50)).sum();
        // Beside its roles, either what these are if they are its own, or else its scheme.
        let of_projects = projects * (self.roles + 1);
        let listings = pages(self.live_projects, 100)
            + pages(self.archived_projects, 100)
            + pages(self.filters, 100)
            + pages(self.dashboards, 100)
            + pages(self.service_desks, 100);
        single + accounts + groups + members + of_projects + listings + self.privileged
    }
}
