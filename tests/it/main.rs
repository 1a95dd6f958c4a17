//! The integration tests: one binary, one module a topic.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod drift;
mod lifecycle;
mod store;
mod support;
