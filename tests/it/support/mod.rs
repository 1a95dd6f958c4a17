//! What several test modules lean on.

pub(crate) mod assessment;
pub(crate) mod expected;
pub(crate) mod json_schema;
