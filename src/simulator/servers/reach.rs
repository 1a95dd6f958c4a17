//! How tests and the demo reach the self-hosted products: addresses, credentials and switches.

use std::sync::PoisonError;

use super::super::Simulator;
use super::super::endpoints::Host;
use super::access::Login;
use super::{CONFLUENCE_CONTEXT, Edition, Installation, Release, ServerEstate, plants};

impl Simulator {
    /// Base URL of the self-hosted Jira.
    #[must_use]
    pub fn jira_dc_url(&self) -> String {
        self.url(Host::JiraDc)
    }

    /// A personal access token of a system administrator of the self-hosted Jira.
    #[must_use]
    pub fn jira_dc_token(&self) -> &str {
        &self.login(Host::JiraDc, 0, false).secret
    }

    /// A personal access token of an administrator of the self-hosted Jira.
    #[must_use]
    pub fn jira_dc_admin_token(&self) -> &str {
        &self.login(Host::JiraDc, 1, false).secret
    }

    /// A personal access token of somebody without rights in the self-hosted Jira.
    #[must_use]
    pub fn jira_dc_plain_token(&self) -> &str {
        &self.login(Host::JiraDc, 2, false).secret
    }

    /// User name and password of the system administrator of the self-hosted Jira.
    #[must_use]
    pub fn jira_dc_login(&self) -> (String, &str) {
        self.user_and_password(Host::JiraDc)
    }

    /// Base URL of the self-hosted Confluence. It has a path.
    #[must_use]
    pub fn confluence_dc_url(&self) -> String {
        self.url(Host::ConfluenceDc) + CONFLUENCE_CONTEXT
    }

    /// A personal access token of a system administrator of the self-hosted Confluence.
    #[must_use]
    pub fn confluence_dc_token(&self) -> &str {
        &self.login(Host::ConfluenceDc, 0, false).secret
    }

    /// A personal access token of an administrator of the self-hosted Confluence.
    #[must_use]
    pub fn confluence_dc_admin_token(&self) -> &str {
        &self.login(Host::ConfluenceDc, 1, false).secret
    }

    /// A personal access token of somebody without rights in the self-hosted Confluence.
    #[must_use]
    pub fn confluence_dc_plain_token(&self) -> &str {
        &self.login(Host::ConfluenceDc, 2, false).secret
    }

    /// User name and password of the system administrator of the self-hosted Confluence.
    #[must_use]
    pub fn confluence_dc_login(&self) -> (String, &str) {
        self.user_and_password(Host::ConfluenceDc)
    }

    /// Has the self-hosted Jira be of that version, such as `9.12`, on all its machines. It begins with `10.3`, and one
    /// machine lags behind. From 11.0 on, user name and password get nobody in.
    ///
    /// # Panics
    /// When it is no version.
    pub fn set_jira_dc_version(&self, version: &str) {
        self.change_servers(|servers| {
            set_version(&mut servers.jira, version);
            servers.jira.blocks_basic = servers.jira.release.since(11, 0);
        });
    }

    /// Has the self-hosted Jira be of that edition.
    pub fn set_jira_dc_edition(&self, edition: Edition) {
        self.change_servers(|servers| servers.jira.release.edition = edition);
    }

    /// How many accounts a search of the self-hosted Jira ever tells; `None` sets no limit.
    pub fn set_jira_dc_user_cap(&self, cap: Option<usize>) {
        self.change_servers(|servers| servers.user_cap = Some(cap));
    }

    /// Has the self-hosted Confluence be of that version, such as `8.5`. It begins with `10.2`.
    ///
    /// # Panics
    /// When it is no version.
    pub fn set_confluence_dc_version(&self, version: &str) {
        self.change_servers(|servers| set_version(&mut servers.confluence, version));
    }

    /// Has the self-hosted Confluence be of that edition.
    pub fn set_confluence_dc_edition(&self, edition: Edition) {
        self.change_servers(|servers| servers.confluence.release.edition = edition);
    }

    fn login(&self, host: Host, reader: usize, basic: bool) -> &Login {
        let mut logins = self.shared.accepted.logins.iter().filter(|login| login.host == host && login.basic == basic);
        logins.nth(reader).expect("internal: every product has three readers")
    }

    fn user_and_password(&self, host: Host) -> (String, &str) {
        let login = self.login(host, 0, true);
        let estate = self.shared.estate.read().unwrap_or_else(PoisonError::into_inner);
        (estate.servers.accounts[login.account].username.clone(), &login.secret)
    }

    /// Changes what the firm runs itself; the answer sheet follows.
    fn change_servers(&self, change: impl FnOnce(&mut ServerEstate)) {
        let mut estate = self.shared.to_change();
        change(&mut estate.servers);
        plants::tell_versions(&mut estate);
    }
}

fn set_version(installation: &mut Installation, version: &str) {
    let mut release = Release::of(version).expect("internal: versions are numbers with points between them");
    release.edition = installation.release.edition;
    installation.install(&release);
}
