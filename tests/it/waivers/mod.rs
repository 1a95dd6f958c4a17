//! Waivers: bound to facts through the nights, written into files that people keep, and asked for on the command line.

mod append;
mod binding;
mod commands;

pub(crate) use commands::CONFIG;
