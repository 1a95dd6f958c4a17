//! One binary for all tests that are larger than a file.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod drift;
mod lifecycle;
mod support;
