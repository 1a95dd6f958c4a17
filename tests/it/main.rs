//! All integration tests in one binary, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod http;
