//! Ways of looking at an estate: each source asks one product of one tenant and maps the answers to resources.
//!
//! A source cannot fail: what it could not see is an entry of its ledger. What the resources mean, and where they
//! are kept, is for others. A new source is a folder here and a line in [`SOURCES`].

mod address;
mod atlassian_org;
mod automation;
mod bitbucket_cloud;
mod bitbucket_dc;
mod confluence_cloud;
mod confluence_dc;
mod connection;
mod data_center;
#[cfg(test)]
mod described;
mod discover;
mod endpoint;
mod file;
mod jira_align;
mod jira_cloud;
mod jira_dc;
mod local;
mod membership;
mod pages;
mod reading;
pub mod register;
mod roster;
mod row;
mod site;
mod webhook_form;
mod webhook_url;

use std::sync::Arc;

use async_trait::async_trait;

pub use address::Address;
pub use discover::{Found, discover};
pub use endpoint::Endpoint;
pub use reading::LEFT_OUT;

use crate::clock::Clock;
use crate::document::Section;
use crate::http;
use crate::model::{Collection, LedgerEntry, SourceName, Watermarks};
use crate::problem::Problems;

/// A configured way of looking.
#[async_trait]
pub trait Source: Send + Sync {
    /// The name it has in the configuration.
    fn name(&self) -> &SourceName;

    /// Looks at what it is meant to see. What it could not see is an entry of the ledger. Endpoints that tell news
    /// read on from their watermark.
    async fn look(&self, depth: Depth, since: &Watermarks) -> Collection;

    /// Asks for first pages only, to find out what may be asked.
    async fn probe(&self) -> Vec<LedgerEntry> {
        self.look(Depth::FirstPage, &Watermarks::default()).await.ledger
    }
}

/// How much a source looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Whole,
    /// The first page of each endpoint, and of one parent only where an endpoint is asked once for each: to find out
    /// what may be asked. `Complete` means here that the endpoint answered.
    FirstPage,
}

/// A sort of source: what people can write behind `type:`.
#[derive(Debug)]
pub struct SourceKind {
    /// The type as it is written: `jira-cloud`.
    pub name: &'static str,
    /// What it looks at, in one line.
    pub summary: &'static str,
    /// The least rights its credential needs.
    pub rights: &'static [Right],
    /// How one comes by a credential for it; `None` where none is needed.
    pub way_in: Option<WayIn>,
    /// What it shows.
    pub sees: &'static [&'static str],
    /// What nobody can see through this product's API, so that no report is taken for more than it is.
    pub cannot_see: &'static [&'static str],
    /// Every endpoint it asks: a line of the ledger each.
    pub endpoints: &'static [Endpoint],
    /// Builds one from its section of the configuration, of which `type` and `name` are taken already.
    ///
    /// All mistakes are told at once, secrets that cannot be had included.
    pub build: Build,
}

impl SourceKind {
    /// The keys of its section that name files and folders which are read when it is built: whoever watches the
    /// configuration watches these too. What a scan reads anew every time is not among them.
    #[must_use]
    pub fn read_when_built(&self) -> &'static [&'static str] {
        match self.name {
            "register" => &["file", "profiles"],
            "roster" => &["path"],
            _ => &[],
        }
    }
}

/// Builds a source from its name, its section, the factory of its clients and the clock of its ledger.
pub type Build = fn(SourceName, Section, &http::Factory, Arc<dyn Clock>) -> Result<Box<dyn Source>, Problems>;

/// A right that a source's credential needs.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// The right, as the product names it.
    pub right: &'static str,
    /// What cannot be seen without it.
    pub why: &'static str,
}

/// How one comes by a credential for a product. Places are named as the product's menus name them.
#[derive(Debug, Clone, Copy)]
pub struct WayIn {
    /// The least credential that shows something of use.
    pub least: &'static str,
    /// Where a credential is made.
    pub made_at: &'static str,
    /// Where its rights are given.
    pub rights_at: &'static str,
}

/// Every sort of source, in the order they are listed.
pub static SOURCES: &[SourceKind] = &[
    atlassian_org::KIND,
    jira_cloud::KIND,
    confluence_cloud::KIND,
    bitbucket_cloud::KIND,
    jira_dc::KIND,
    confluence_dc::KIND,
    bitbucket_dc::KIND,
    jira_align::KIND,
    file::KIND,
    register::KIND,
    roster::KIND,
];
