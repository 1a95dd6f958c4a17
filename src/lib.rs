//! keyroll reads an Atlassian estate (never writes to it), keeps snapshots of who and what can reach what,
//! judges them by rules, notices drift, follows each finding until it is closed or waived, and reports.
//!
//! The house is built from the ground up: a module imports from floors below its own, never from its own
//! floor or above. `ARCHITECTURE.md` tells the plan; `tests/it/house.rs` keeps it.

// Floor 0: stand alone.
pub mod clock;
pub mod digest;
pub mod problem;
pub mod secret;
pub mod text;
pub mod timetable;
pub mod tls;

// Floor 1: the nouns, and the files that people write.
pub mod document;
pub mod model;

// Floor 2: tools that know no product.
pub mod http;
pub mod inventory;
pub mod ocsf;

// Floor 3: rooms side by side; none imports another.
pub mod alerts;
pub mod drift;
pub mod evidence;
pub mod findings;
pub mod register;
pub mod reports;
pub mod review;
pub mod rules;
pub mod simulator;
pub mod sources;
pub mod store;

// Floor 4: the use cases.
pub mod app;

// Floor 5: runs the use cases on a schedule, alone or as one of several machines; shows what the store says to browsers.
pub mod daemon;
pub mod serve;

// Floor 6: where everything meets.
pub mod config;

// Floor 7: the front door.
pub mod cli;
