//! Everything that is tested through the public doors, in one binary.

mod store;
