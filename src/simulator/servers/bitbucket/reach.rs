//! How tests and the demo reach the self-hosted Bitbucket and Jira Align: addresses, credentials and switches.

use super::super::super::Simulator;
use super::super::super::endpoints::Host;
use super::super::{Edition, Release};
use super::Bitbucket;

impl Simulator {
    /// Base URL of the self-hosted Bitbucket.
    #[must_use]
    pub fn bitbucket_dc_url(&self) -> String {
        self.url(Host::BitbucketDc)
    }

    /// An HTTP access token of a system administrator of the self-hosted Bitbucket.
    #[must_use]
    pub fn bitbucket_dc_token(&self) -> &str {
        self.token_of(Host::BitbucketDc, 0)
    }

    /// An HTTP access token of an administrator of the self-hosted Bitbucket, who cannot see all.
    #[must_use]
    pub fn bitbucket_dc_admin_token(&self) -> &str {
        self.token_of(Host::BitbucketDc, 1)
    }

    /// An HTTP access token of somebody without rights in the self-hosted Bitbucket.
    #[must_use]
    pub fn bitbucket_dc_plain_token(&self) -> &str {
        self.token_of(Host::BitbucketDc, 2)
    }

    /// Has the self-hosted Bitbucket be of that version, such as `7.21` or `9.4`. It begins with `8.19`.
    ///
    /// # Panics
    /// When it is no version.
    pub fn set_bitbucket_dc_version(&self, version: &str) {
        let mut release = Release::of(version).expect("internal: versions are numbers with points between them");
        let mut estate = self.shared.to_change();
        release.edition = estate.servers.bitbucket.installation.release.edition;
        let ended = release.since(9, 4).then_some(estate.now);
        for plant in estate.truth.plants.iter_mut().filter(|plant| plant.id == super::plants::OLD_VERSION) {
            plant.until = ended;
        }
        estate.servers.bitbucket.installation.release = release;
    }

    /// Has the self-hosted Bitbucket be of that edition.
    pub fn set_bitbucket_dc_edition(&self, edition: Edition) {
        self.change_bitbucket(|bitbucket| bitbucket.installation.release.edition = edition);
    }

    /// Has the self-hosted Bitbucket show its audit log at `/rest/audit/latest/events` only.
    pub fn move_bitbucket_dc_audit(&self) {
        self.change_bitbucket(|bitbucket| bitbucket.audit_moved = true);
    }

    /// Base URL of Jira Align.
    #[must_use]
    pub fn align_url(&self) -> String {
        self.url(Host::Align)
    }

    /// The token of somebody with all powers in Jira Align.
    #[must_use]
    pub fn align_token(&self) -> &str {
        self.token_of(Host::Align, 0)
    }

    /// The token of a program manager in Jira Align.
    #[must_use]
    pub fn align_manager_token(&self) -> &str {
        self.token_of(Host::Align, 1)
    }

    /// The token of a team member, whose role in Jira Align does not reach users.
    #[must_use]
    pub fn align_plain_token(&self) -> &str {
        self.token_of(Host::Align, 2)
    }

    fn token_of(&self, host: Host, reader: usize) -> &str {
        let mut logins = self.shared.accepted.logins.iter().filter(|login| login.host == host && !login.basic);
        &logins.nth(reader).expect("internal: every product has three readers").secret
    }

    fn change_bitbucket(&self, change: impl FnOnce(&mut Bitbucket)) {
        change(&mut self.shared.to_change().servers.bitbucket);
    }
}
