//! What there should be beside what there is: the register compared with a scan, and a register proposed from one.
//!
//! Plain functions of a snapshot and the profiles. Where a gap of the ledger may hide the answer, the question stays open
//! and says behind which endpoint.

mod accounts;
mod check;
mod credentials;
mod draft;
mod found;
mod needs;
mod report;
mod webhooks;

pub use check::check;
pub use draft::draft;
pub use report::{Difference, Open, Report, What};
