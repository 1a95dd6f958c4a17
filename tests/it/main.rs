//! One binary for all tests that are larger than a file.

mod drift;
mod lifecycle;
mod support;
