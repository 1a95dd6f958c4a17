//! All integration tests in one binary, linked once.

#![cfg(test)]

mod reports;
mod support;
