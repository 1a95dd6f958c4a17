//! An access review as people receive it: the files that reviewers fill, what was not seen beside them, and how far it got.

mod csv;
mod json;
mod page;

pub use self::csv::{review_columns_csv, review_csv, review_not_seen_csv};
pub use self::json::{review_json, reviews_json};
pub use self::page::{review_page, reviews_table};
