//! All that ever happened to one thing or one finding.

use axum::response::{Html, Response};
use serde::Serialize;

use super::findings::called;
use super::{Inquiry, Miss, page};
use crate::app::chronicle;
use crate::model::ResourceId;
use crate::reports::{Parts, history_parts};

#[derive(Serialize)]
struct View {
    parts: Parts,
    to: String,
    resource_link: String,
    finding_link: Option<String>,
}

pub(in crate::serve) async fn history(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let written = inquiry.word("id");
            let store = laid.store()?;
            let (told, finding) = if written.starts_with("F-") {
                let finding = called(&laid.assessment.findings, written)?;
                (chronicle(&store, &finding.resource, Some(finding))?, Some(finding))
            } else {
                let nothing =
                    || Miss::NotThere("There is no resource or finding with this id in the store.".to_owned());
                let id = ResourceId::parse(written).ok_or_else(nothing)?;
                if store.known(&id)?.is_none() {
                    return Err(nothing());
                }
                (chronicle(&store, &id, None)?, None)
            };
            let view = View {
                parts: history_parts(&told, &laid.assessment.head, laid.inventory),
                to: frame.link("findings/", &[]),
                resource_link: frame.link("resource", &[("id", told.resource.as_str())]),
                finding_link: finding.map(|one| frame.link(&format!("findings/{}", one.id.as_str()), &[])),
            };
            Ok(Html(page(laid, frame, ("history.html", "inventory"), "History", &view)))
        })
        .await
}
