//! What several tests build upon.

pub(crate) mod estate;
