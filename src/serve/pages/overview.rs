//! The first page: figures, the trend, and what is to be read in the morning.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, Response};

use super::{House, Visit, of_tenant, page};
use crate::reports::Overview;

pub(in crate::serve) async fn overview(
    State(house): State<Arc<House>>,
    Extension(visit): Extension<Visit>,
    Path(tenant): Path<String>,
) -> Response {
    of_tenant(&house, &visit, &tenant, |laid, frame| {
        Ok(Html(page(laid, frame, ("overview.html", "overview"), "This morning", &Overview::of(laid.assessment))))
    })
    .await
}
