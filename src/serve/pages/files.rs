//! Files to take away: the reports of the latest scan, made when somebody asks, and the signed packs that lie in a folder. Packs are
//! not made here: that takes a key, and a server that many reach is no place for one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use futures::stream::unfold;
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::{Frame, Inquiry, Laid, Miss, message, missing, page};
use crate::model::{FindingId, RuleId, SnapshotId, Transition};
use crate::reports::{
    FORMATS, HtmlReport, RenderError, RuleText, calendar_ics, csv_set, html_report, write_column_list,
    write_data_package,
};
use crate::serve::Noted;
use crate::text::thousands;

/// What packs are called.
const PACK: &str = ".keyroll.tar.gz";

/// Bytes that are read of a file at a time.
const PIECE: usize = 64 * 1024;

#[derive(Serialize)]
struct View {
    reports: Vec<Offered>,
    tables: Vec<Offered>,
    packs: Vec<Offered>,
    packs_offered: bool,
    /// True if nobody can say which packs there are.
    packs_unreadable: bool,
}

#[derive(Serialize)]
struct Offered {
    name: String,
    link: String,
    about: String,
}

pub(in crate::serve) async fn files(inquiry: Inquiry) -> Response {
    let folder = inquiry.shown().and_then(|shown| shown.packs.clone());
    inquiry
        .answer(move |laid, frame, _inquiry| {
            let offered = |name: String, about: &str| {
                let link = frame.link(&format!("files/{name}"), &[]);
                Offered { name, link, about: about.to_owned() }
            };
            let mut reports = vec![
                offered("report.html".to_owned(), "One page for a browser, which loads nothing: to be kept, or sent"),
                offered("report.ics".to_owned(), "What ends when, for calendar programs"),
            ];
            reports
                .extend(FORMATS.iter().map(|format| offered(format!("report.{}", format.extension), format.summary)));
            let mut tables: Vec<Offered> =
                csv_set().iter().map(|table| offered(format!("{}.csv", table.name), table.about)).collect();
            tables.push(offered("columns.csv".to_owned(), "What each column of these files means"));
            tables.push(offered("datapackage.json".to_owned(), "The same for programs"));
            let packs = folder.as_deref().map(packs_in);
            let view = View {
                reports,
                tables,
                packs_offered: packs.is_some(),
                packs_unreadable: packs.as_ref().is_some_and(Result::is_err),
                packs: packs
                    .and_then(Result::ok)
                    .into_iter()
                    .flatten()
                    .map(|(name, bytes)| Offered {
                        link: frame.link(&format!("packs/{name}"), &[]),
                        name,
                        about: format!("{} bytes", thousands(usize::try_from(bytes).unwrap_or(usize::MAX))),
                    })
                    .collect(),
            };
            Ok(Html(page(laid, frame, ("files.html", "files"), "Files", &view)))
        })
        .await
}

/// The packs that lie in a folder, the latest first: plain files with plain names. An error if they cannot all be looked at, of which
/// the log has the reason.
fn packs_in(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let look = || {
        let mut packs = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Some(name) = entry.file_name().into_string().ok().filter(|name| is_pack(name)) else { continue };
            match entry.metadata() {
                Ok(about) if about.is_file() => packs.push((name, about.len())),
                // It was taken away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        packs.sort_by(|one, other| other.cmp(one));
        Ok(packs)
    };
    look().inspect_err(|error| tracing::warn!("the folder of packs `{}` cannot be read: {error}", folder.display()))
}

/// True for a name that leads to no other folder.
fn is_pack(name: &str) -> bool {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
    name.ends_with(PACK) && name.len() > PACK.len() && !name.starts_with('.') && name.bytes().all(is_plain)
}

/// A file that was made for one request.
struct Made {
    file: File,
    media: &'static str,
    name: String,
}

impl IntoResponse for Made {
    fn into_response(self) -> Response {
        sent(self.file, self.media, &self.name)
    }
}

pub(in crate::serve) async fn file(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, _frame, inquiry| {
            let name = &inquiry.name;
            let Some((media, write)) = writer(laid, name)? else {
                return Err(Miss::NotThere("There is no file of this name.".to_owned()));
            };
            // It is on disk, without a name, and not in memory: it may be long, and its reader slow.
            let made = tempfile::tempfile().map_err(RenderError::from).and_then(|file| {
                let mut out = BufWriter::new(file);
                write(&mut out)?;
                let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                Ok(file)
            });
            let file = made.map_err(|error| {
                tracing::error!("the file `{name}` cannot be made: {error}");
                Miss::Odd("The file cannot be made. Whoever runs keyroll finds the reason in its log.".to_owned())
            })?;
            let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
            let name = format!("{stem}-{}.{ending}", laid.assessment.head.id);
            Ok(Made { file, media, name })
        })
        .await
}

/// Writes a file.
type Write1<'w> = Box<dyn FnOnce(&mut dyn Write) -> Result<(), RenderError> + 'w>;

/// What writes the file of a name, and what it is; `None` if there is no such file.
fn writer<'w>(laid: &'w Laid<'_>, name: &str) -> Result<Option<(&'static str, Write1<'w>)>, Miss> {
    const CSV: &str = "text/csv; charset=utf-8";
    let assessment = laid.assessment;
    let head = &assessment.head;
    Ok(Some(match name {
        "columns.csv" => (CSV, Box::new(write_column_list)),
        "datapackage.json" => ("application/json", Box::new(write_data_package)),
        "report.ics" => {
            let text = calendar_ics(&laid.store()?.expiries()?, &head.estate, head.ended_at);
            ("text/calendar; charset=utf-8", Box::new(move |out| Ok(out.write_all(text.as_bytes())?)))
        }
        "report.html" => {
            let steps = laid.store()?.transitions_between(SnapshotId(0), head.id)?;
            let mut histories: BTreeMap<FindingId, Vec<Transition>> = BTreeMap::new();
            for step in steps {
                histories.entry(step.finding.clone()).or_default().push(step);
            }
            let write = move |out: &mut dyn Write| {
                let rules: BTreeMap<RuleId, RuleText<'_>> = laid
                    .source
                    .rules
                    .rules()
                    .iter()
                    .map(|rule| (rule.id().clone(), crate::app::rule_text(rule)))
                    .collect();
                let inventory = laid.inventory;
                html_report(&HtmlReport { assessment, inventory, rules: &rules, histories: &histories }, out)
            };
            ("text/html; charset=utf-8", Box::new(write))
        }
        name => {
            if let Some(table) = csv_set().iter().find(|table| name.strip_suffix(".csv") == Some(table.name)) {
                return Ok(Some((CSV, Box::new(move |out| table.write(assessment, out)))));
            }
            let format = FORMATS.iter().find(|format| name.strip_prefix("report.") == Some(format.extension));
            let Some(format) = format else { return Ok(None) };
            (format.media_type, Box::new(move |out| (format.render)(assessment, out)))
        }
    }))
}

pub(in crate::serve) async fn pack(inquiry: Inquiry) -> Response {
    let Inquiry { house, visit, tenant, name, .. } = &inquiry;
    let folder = inquiry.shown().and_then(|shown| shown.packs.clone()).filter(|_| is_pack(name));
    let Some(folder) = folder else { return missing(house, visit) };
    let wanted = name.clone();
    let open = move || {
        let listed = packs_in(&folder)?.iter().any(|(known, _)| *known == wanted);
        if !listed {
            return Ok(None);
        }
        let file = File::open(folder.join(&wanted));
        file.map(Some).inspect_err(|error| tracing::warn!("the pack `{wanted}` cannot be read: {error}"))
    };
    let opened = tokio::task::spawn_blocking(open).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    let mut response = match opened {
        Ok(Some(file)) => sent(file, "application/gzip", name),
        Ok(None) => return missing(house, visit),
        Err(_logged) => {
            let text = "The pack cannot be read. Whoever runs keyroll finds the reason in its log.";
            message(&Frame::of(house, visit, tenant), StatusCode::INTERNAL_SERVER_ERROR, "Nothing can be shown", text)
        }
    };
    response.extensions_mut().insert(Noted { tenant: Some(tenant.clone()), ..Noted::default() });
    response
}

/// A file as an answer, to be kept and not shown: what is in it was written by others.
fn sent(file: File, media: &'static str, name: &str) -> Response {
    let length = file.metadata().map(|about| about.len()).ok();
    let pieces = unfold(tokio::fs::File::from_std(file), |mut file| async move {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok::<_, io::Error>(Bytes::from(piece)), file))
            }
            Err(error) => Some((Err(error), file)),
        }
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let kept = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    headers.insert(header::CONTENT_DISPOSITION, kept.unwrap_or(HeaderValue::from_static("attachment")));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_packs_are_offered() {
        assert!(is_pack("00001-s10.keyroll.tar.gz"));
        for other in [
            "",
            ".keyroll.tar.gz",
            "..keyroll.tar.gz",
            "a/b.keyroll.tar.gz",
            "../a.keyroll.tar.gz",
            "a.tar.gz",
            "a\0.keyroll.tar.gz",
            "key",
            "ü.keyroll.tar.gz",
        ] {
            assert!(!is_pack(other), "{other:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["00001-s1.keyroll.tar.gz", "00002-s2.keyroll.tar.gz", "signing.key", "00003-s3.keyroll.tar.gz.partial"]
        {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("00004-s4.keyroll.tar.gz")).unwrap();
        let found: Vec<String> = packs_in(folder.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["00002-s2.keyroll.tar.gz", "00001-s1.keyroll.tar.gz"], "a link leads elsewhere");
        assert!(packs_in(&folder.path().join("gone")).is_err(), "what cannot be looked into is not empty");
    }
}
