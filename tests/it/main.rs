//! t
mod conditions;
mod rule_messages;
