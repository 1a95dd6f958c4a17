//! `keyroll export`: a scan as data for other programs, written whole or not at all.

mod bucket;
mod folder;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::{AppError, AsOf, Stored, WaiverView, assess_stored, scan_as_of};
use crate::reports::{ParquetExport, RenderError};
use crate::store::Store;
use crate::text::plural;
use bucket::{Bucketful, is_of_a_bucket};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ExportCommand {
    /// Parquet files for DuckDB, Spark or Trino: findings, ledger, resources and scans, a folder for each tenant and day.
    Parquet(ParquetArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct ParquetArgs {
    /// The folder to write to, or `s3://BUCKET/PREFIX` (see `s3` in the configuration); `parquet` in the configuration's `reports`
    /// folder if left out. Scans of many days can lie in one folder: only files of the same scan are replaced.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Of an earlier scan: its number (`s12`), its day (`2026-11-20`) or a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
}

pub(super) fn run(context: &Context, command: &ExportCommand) -> Result<ExitCode, Complaint> {
    let ExportCommand::Parquet(args) = command;
    if args.out.as_deref() == Some(Path::new("-")) {
        return Err(Complaint::failed("Parquet files do not fit into one output").help("name a folder after `--out`"));
    }
    let mut config = context.load()?;
    let place = match args.out.as_deref() {
        Some(out) if is_of_a_bucket(out) => Place::Bucket(Bucketful::open(out, &mut config, &context.clock)?),
        Some(folder) => Place::Folder(folder.to_owned()),
        None => Place::Folder(config.reports.join("parquet")),
    };
    let store = Store::open(&config.store)?;
    let scan = match args.as_of {
        Some(as_of) => scan_as_of(&store, as_of)?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let Stored { assessment, findings } = assess_stored(&store, scan, WaiverView::Applied)?;
    if args.as_of.is_some() {
        context.say_as_of(&assessment);
    }
    let export = ParquetExport::of(&assessment, &findings).map_err(|error| place.cannot_write(&error))?;
    let files = match &place {
        Place::Folder(folder) => folder::write_all(&export, folder)?,
        Place::Bucket(bucket) => bucket.write_all(&export)?,
    };
    let files = plural(files, "Parquet file", "Parquet files");
    context.terminal.say(&format!("{files} of scan {} are in {place}", assessment.head.id));
    context.terminal.warn_of_gaps(&assessment);
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Where an export goes.
enum Place {
    Folder(PathBuf),
    Bucket(Bucketful),
}

impl Place {
    fn cannot_write(&self, error: &RenderError) -> Complaint {
        match self {
            Self::Folder(folder) => folder::cannot_write(folder, error),
            Self::Bucket(bucket) => bucket.cannot_make(&bucket.to_string(), error),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(out),
            Self::Bucket(bucket) => bucket.fmt(out),
        }
    }
}
