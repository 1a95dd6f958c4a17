//! All integration tests in one binary, linked once.

/// What every reader receives: the morning view, listings, CSV and JSON.
mod reports;
mod support;
