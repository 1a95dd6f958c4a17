//! The first page: figures, the trend, and what is to be read in the morning.

use axum::response::{Html, Response};

use super::{Inquiry, page};
use crate::reports::Overview;

pub(in crate::serve) async fn overview(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, _inquiry| {
            Ok(Html(page(laid, frame, ("overview.html", "overview"), "This morning", &Overview::of(laid.assessment))))
        })
        .await
}
