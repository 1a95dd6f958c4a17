//! Who may ask a self-hosted product, and with which credentials.

use axum::http::{HeaderMap, header};

use super::super::accepted::base64;
use super::super::endpoints::Host;
use super::super::estate::Estate;
use super::super::exchange::Reply;
use super::super::random::Random;
use super::bitbucket::endpoints::SAY_403;

/// What an account may do in a product, the least first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    #[default]
    Anybody,
    LoggedIn,
    Administrator,
    SystemAdministrator,
}

/// Who asks, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) host: Host,
    /// Place of the account; in Jira Align, of the user there.
    pub(crate) account: Option<usize>,
    pub(crate) rank: Rank,
}

impl Caller {
    /// Somebody whose name is not known.
    pub(crate) fn unknown(host: Host) -> Self {
        Self { host, account: None, rank: Rank::Anybody }
    }
}

/// A credential that is accepted.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) host: Host,
    pub(crate) account: usize,
    /// The token or password itself.
    pub(crate) secret: String,
    /// As it stands in the `Authorization` header.
    header: String,
    /// Whether it is a user name with a password.
    pub(crate) basic: bool,
}

/// Answers a lack of rights with 401 instead of 403, as its description says.
const CALLS_IT_401: &[&str] = &["jira-dc-cluster-nodes", "confluence-dc-webhooks"];

/// The credentials of the three readers: a token and a password each, for every product.
pub(crate) fn logins(estate: &Estate) -> Vec<Login> {
    let mut random = Random::new(estate.seed ^ 0x5EC2_E7DC);
    let mut logins = Vec::new();
    for host in [Host::JiraDc, Host::ConfluenceDc, Host::BitbucketDc] {
        for account in estate.servers.readers {
            let token = format!("demo-pat-{:016x}{:016x}", random.next(), random.next());
            let header = format!("Bearer {token}");
            logins.push(Login { host, account, secret: token, header, basic: false });
            let password = format!("demo-password-{:016x}", random.next());
            let pair = format!("{}:{password}", estate.servers.accounts[account].username);
            let header = format!("Basic {}", base64(pair.as_bytes()));
            logins.push(Login { host, account, secret: password, header, basic: true });
        }
    }
    let mut random = Random::new(estate.seed ^ 0x5EC2_E7A1);
    for account in estate.servers.align.readers {
        let token = format!("demo-align-{:016x}{:016x}", random.next(), random.next());
        let header = format!("Bearer {token}");
        logins.push(Login { host: Host::Align, account, secret: token, header, basic: false });
    }
    logins
}

/// Who asks, if their rank suffices.
pub(crate) fn admit(
    estate: &Estate,
    logins: &[Login],
    host: Host,
    wanted: Rank,
    endpoint: &str,
    headers: &HeaderMap,
) -> Result<Caller, Reply> {
    let family = super::family(host);
    let installation = estate.servers.installation(host);
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        if wanted == Rank::Anybody {
            return Ok(Caller::unknown(host));
        }
        return Err(Reply::refusal(family, 401, "You are not authenticated. Authentication required to perform this."));
    };
    let login = logins.iter().find(|login| login.host == host && given.to_str().is_ok_and(|it| it == login.header));
    // Tokens came with 8.14 and 7.9; before that, such a header means nothing.
    let login = login.filter(|login| login.basic || installation.release.has_tokens(host));
    let Some(login) = login else {
        return Err(Reply::refusal(family, 401, "Client must be authenticated to access this resource."));
    };
    let gets_in = || installation.basic_for.contains(&estate.servers.accounts[login.account].username);
    if login.basic && installation.blocks_basic && !gets_in() {
        return Err(Reply::refusal(family, 403, "Basic Authentication has been disabled on this instance."));
    }
    let rank = estate.servers.rank(host, login.account);
    if rank < wanted {
        let bitbucket = host == Host::BitbucketDc && !SAY_403.contains(&endpoint);
        let status = if bitbucket || CALLS_IT_401.contains(&endpoint) { 401 } else { 403 };
        return Err(Reply::refusal(family, status, "You do not have permission to perform this operation."));
    }
    Ok(Caller { host, account: Some(login.account), rank })
}
