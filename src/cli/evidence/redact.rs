//! `keyroll evidence redact`: a copy of a pack in which pseudonyms stand for names and mail addresses, signed anew, that names the pack
//! it was made from. The table of pseudonyms stays with whoever made it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::keys::KeyArgs;
use super::reperform::Opened;
use super::{cannot_read, not_written, refused, trusted, unpack_into, verify_file, write_new, write_pack};
use crate::cli::complain::Complaint;
use crate::cli::{Context, exit};
use crate::evidence::{Circumstances, Link, Packer, Pseudonyms, Redactor, Verified, words_of};
use crate::reports::{ColumnForm, JSON_SCHEMA, csv_set, page_texts, shown, write_column_list};
use crate::rules::{RuleSet, builtin};
use crate::text::plural;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RedactArgs {
    /// The pack.
    pack: PathBuf,
    /// The public keys that are trusted to have signed it.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Who makes the copy.
    #[arg(long, value_name = "NAME")]
    by: String,
    #[command(flatten)]
    key: KeyArgs,
    /// The table of pseudonyms, a CSV file: made if it is not there yet, and added to. Keep it: it tells who is meant.
    #[arg(long, value_name = "FILE")]
    pseudonyms: PathBuf,
    /// The copy.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

const READ_ME: &str = "\
This is a redacted copy of an evidence pack of keyroll. Pseudonyms stand for the names and the mail addresses of people; whoever made the
copy keeps the table that tells who is meant. The manifest names the pack that it was made from by number and by the digest of that one's
manifest, so that the two can be held against each other.

Verify it as any pack:

  keyroll evidence verify PACK --trust evidence.pub

Names that are words of the reports as well, and names in texts that no account and no person bears, may still be in it. Ids of accounts
are as they were. Rules may speak of names and addresses, so verdicts are reached again (`keyroll evidence reperform`) from the pack it was
made from, not from this copy. The report as text is left out: it is in the other formats.
";

pub(super) fn run(context: &Context, args: &RedactArgs) -> Result<ExitCode, Complaint> {
    if args.by.trim().is_empty() {
        return Err(Complaint::failed("`--by` is empty").help("a pack says who made it: auditors ask for that"));
    }
    let keys = trusted(&args.trust)?;
    let key = args.key.open(context)?;
    let verified = verify_file(&args.pack, &keys).map_err(|refusal| refused(&args.pack, &refusal))?;
    let original = &verified.manifest.made;
    if original.redacts.is_some() {
        return Err(Complaint::failed(format!("{} is a redacted copy already", args.pack.display())));
    }
    if args.out.exists() {
        let complaint = Complaint::failed(format!("{} is there already", args.out.display()));
        return Err(complaint.help("a pack is never written over: give the copy another name with `--out`"));
    }
    let folder = tempfile::tempdir()
        .map_err(|error| Complaint::failed(format!("there is no room to unpack {}: {error}", args.pack.display())))?;
    unpack_into(&args.pack, &keys, folder.path(), &verified)?;
    let mut pseudonyms = read_table(&args.pseudonyms)?;
    let known = pseudonyms.len();
    let mut packer = Packer::default();
    let words = redact(folder.path(), &verified, &mut pseudonyms, &mut packer)?;
    let made = Circumstances {
        redacts: Some(Link { number: original.number, manifest_sha256: verified.manifest_sha256 }),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        operator: args.by.trim().to_owned(),
        created_at: context.clock.now(),
        host: super::host(),
        timestamp: None,
        ..original.clone()
    };
    // The table first: a copy whose pseudonyms nobody knows is of no use.
    write_table(&args.pseudonyms, &pseudonyms)?;
    let mut draft = args.out.clone().into_os_string();
    draft.push(".partial");
    let packed = write_pack(packer, made, &key, Path::new(&draft), &args.out)?;
    context.terminal.result(&format!(
        "{} is a redacted copy of pack {}; its manifest is {}.\n{} in {} ({} of them new): keep it, and keep it apart from the copy.",
        args.out.display(),
        original.number,
        packed.manifest_sha256,
        plural(pseudonyms.len(), "pseudonym is", "pseudonyms are"),
        args.pseudonyms.display(),
        pseudonyms.len() - known
    ));
    if !words.is_empty() {
        context.terminal.note(&format!(
            "{} ordinary words of the reports too, and replaced only where they stand alone: {}. Look whether that will do.",
            plural(words.len(), "name is made of", "names are made of"),
            words.join(", ")
        ));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

fn read_table(path: &Path) -> Result<Pseudonyms, Complaint> {
    match fs::read_to_string(path) {
        Ok(text) => Pseudonyms::read(&text).map_err(|error| {
            let complaint = Complaint::failed(format!("{} cannot be used: {error}", path.display()));
            complaint.help("it is written by this command; a copy of it that was not edited will do")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Pseudonyms::default()),
        Err(error) => Err(cannot_read(path, &error)),
    }
}

/// Writes the table beside the old one and puts it in its place, for its owner alone.
fn write_table(path: &Path, pseudonyms: &Pseudonyms) -> Result<(), Complaint> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".partial");
    let draft = PathBuf::from(draft);
    write_new(&draft, pseudonyms.to_text().as_bytes(), 0o600)?;
    fs::rename(&draft, path).map_err(|error| not_written(path, error))
}

/// Adds every file of the pack, with pseudonyms. Gives back the names that are replaced only where they stand alone.
fn redact(
    folder: &Path,
    verified: &Verified,
    pseudonyms: &mut Pseudonyms,
    packer: &mut Packer,
) -> Result<Vec<String>, Complaint> {
    let opened = Opened::read(folder, verified)?;
    let verdicts = opened.verdicts();
    let people = opened.night.names_of_people(&verdicts.waivers);
    let owners = verdicts.findings.iter().filter_map(|finding| finding.owner.as_deref());
    let names: BTreeSet<&str> = people.into_iter().chain(owners).collect();
    let as_shown: Vec<String> = names.iter().map(|name| shown(name)).collect();
    let all = names.iter().copied().chain(as_shown.iter().map(String::as_str));
    let mut redactor = Redactor::new(pseudonyms, all, &own_words(opened.rules())).map_err(Complaint::failed)?;
    for member in verified.manifest.members.iter().map(|member| member.path.as_str()) {
        let failed = |error: std::io::Error| not_written(Path::new(member), error);
        let read = || File::open(folder.join(member)).map(BufReader::new);
        match member {
            "README.txt" => packer.add(member, |out| out.write_all(READ_ME.as_bytes())).map_err(failed)?,
            "reports/report.txt" => {}
            // What describes the files is the same for every estate.
            "csv/columns.csv" | "csv/datapackage.json" => {
                packer.add(member, |out| std::io::copy(&mut read()?, out).map(drop)).map_err(failed)?;
            }
            path if path.ends_with(".csv") => {
                packer.add(member, |out| csv_table(path, read()?, &mut redactor, out)).map_err(failed)?;
            }
            path if path.ends_with(".ndjson") => {
                packer.add(member, |out| lines(read()?, &mut redactor, out)).map_err(failed)?;
            }
            path if path.ends_with(".json") => {
                packer
                    .add(member, |out| -> std::io::Result<()> {
                        let value = serde_json::from_reader(read()?).map_err(std::io::Error::other)?;
                        serde_json::to_writer_pretty(&mut *out, &redactor.json(value, false))
                            .map_err(std::io::Error::other)?;
                        out.write_all(b"\n")
                    })
                    .map_err(failed)?;
            }
            path if path.starts_with("rules/") && is_shipped(folder, path) => {
                packer.add(member, |out| std::io::copy(&mut read()?, out).map(drop)).map_err(failed)?;
            }
            _ => {
                let text =
                    fs::read_to_string(folder.join(member)).map_err(|error| cannot_read(Path::new(member), &error))?;
                packer.add(member, |out| out.write_all(redactor.text(&text).as_bytes())).map_err(failed)?;
            }
        }
    }
    Ok(redactor.ordinary_words().map(str::to_owned).collect())
}

/// The words that reports use themselves, whatever the estate: what rules say, and what stands on every page and in every table.
fn own_words(rules: &RuleSet) -> BTreeSet<String> {
    let mut columns = Vec::new();
    drop(write_column_list(&mut columns));
    let mut words: BTreeSet<String> = words_of(&String::from_utf8_lossy(&columns)).collect();
    words.extend(page_texts().into_iter().chain([READ_ME, JSON_SCHEMA]).flat_map(words_of));
    for rule in rules.rules() {
        let summary = rule.summary();
        words.extend([summary.title.as_str(), rule.why(), rule.fix(), rule.verify()].into_iter().flat_map(words_of));
    }
    words
}

fn is_shipped(folder: &Path, member: &str) -> bool {
    let text = fs::read_to_string(folder.join(member)).unwrap_or_default();
    builtin::rules().iter().any(|file| *file.text == *text)
}

/// A table, cell by cell. Cells of words of ours stay as they are, unless an address is in them.
fn csv_table(
    path: &str,
    read: impl std::io::Read,
    redactor: &mut Redactor<'_>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let table = csv_set().iter().find(|table| path == format!("csv/{}.csv", table.name));
    let columns = table.map_or(&[][..], |table| table.columns);
    redactor.csv(read, out, |at| {
        columns.get(at).is_none_or(|column| matches!(column.form, ColumnForm::Text | ColumnForm::Id | ColumnForm::List))
    })
}

fn lines(read: impl BufRead, redactor: &mut Redactor<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    for line in read.lines() {
        let value = serde_json::from_str(&line?).map_err(std::io::Error::other)?;
        serde_json::to_writer(&mut *out, &redactor.json(value, false)).map_err(std::io::Error::other)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
