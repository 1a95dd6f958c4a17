//! What several test modules lean on.

pub mod assessment;
pub mod expected;
pub mod json_schema;
