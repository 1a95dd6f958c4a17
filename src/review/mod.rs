//! The access review: who is asked about whose access, and what their answers come to. Rows are made from a snapshot; what
//! reviewers send back is held against the rows, and taken whole or not at all; how far a review got is told with what nobody
//! could see. It knows neither files nor the store: `app` carries rows and decisions there and back.

mod import;
mod key;
mod left_out;
mod names;
mod reviewer;
mod rows;
mod scope;
mod status;
mod suggest;
#[cfg(test)]
mod tests;
mod used;

pub use import::{Imported, Returned, import};
pub use key::{is_key, key};
pub use names::check_name;
pub use rows::{Asked, Drawn, draw};
pub use status::{Standing, status};
