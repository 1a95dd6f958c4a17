//! The tests that use the crate from outside: one binary, linked once.

mod conditions;
mod rule_messages;
mod rules;
