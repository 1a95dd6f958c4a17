//! The integration tests: one binary, one module a topic.

#![cfg(test)]

mod access;
mod access_hostile;
mod access_page;
mod alerts;
mod asking;
mod book;
mod browse;
mod chronicle;
mod conditions;
mod csv_set;
mod detector;
mod disk_full;
mod docs;
mod doctor;
mod drift;
mod drift_causes;
mod earlier;
mod evidence;
mod evidence_agent;
mod evidence_stamp;
mod explain;
mod faults;
mod fleet;
mod history;
mod house;
mod html_report;
mod http;
mod journey;
mod lifecycle;
mod limits;
mod manual;
mod mistakes;
mod mixed;
mod monitoring;
mod newcomer;
mod parquet;
#[cfg(feature = "postgres")]
mod postgres;
mod power;
mod register;
mod release;
mod report_formats;
mod reports;
mod requests;
mod resume;
mod review;
mod rule_craft;
mod rule_messages;
mod rules;
mod s3;
mod secrets;
#[cfg(feature = "postgres")]
mod shared_scans;
mod simulator;
mod sized;
mod sizes;
mod sources;
mod store;
mod store_commands;
mod streamed;
mod support;
mod telling;
mod waivers;
mod whatif;
