//! `keyroll evidence`: a signed pack of all that the latest scan rests on, its verification with the public key alone, and the chain of
//! packs; its verdicts reached again.

mod gather;
mod redact;
mod reperform;

mod keys;
mod stamps;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::complain::Complaint;
use super::report::{Around, Past, cannot_write};
use super::{Context, exit};
use crate::app::{Again, Night, assess, read_reviews};
use crate::config::{Config, Judgement};
use crate::evidence::{
    Circumstances, KeyError, Link, PackError, Packed, PackedScan, Packer, Refusal, SigningKey, TrustedKeys, Verified,
    chain, verify, verify_manifest,
};
use crate::model::Assessment;
use crate::reports::RenderError;
use crate::secret::{Secret, SecretRef};
use crate::store::Store;
use crate::text::{harmless, plural};
use gather::Gathering;

/// What packs are called: the rest of the name is their number and scan.
const ENDING: &str = ".keyroll.tar.gz";

#[derive(Debug, clap::Subcommand)]
pub(super) enum EvidenceCommand {
    /// Make a key to sign packs with: a private file for you, and a public one for whoever verifies.
    Keygen {
        /// The private file; the public one is beside it and ends in `.pub`. Neither may be there yet.
        #[arg(value_name = "FILE")]
        key: PathBuf,
        /// What the key is for: it stands in the public file.
        #[arg(long, default_value = "keyroll evidence")]
        comment: String,
        /// Where the password is that protects it: `env:NAME` or `file:/path`. Without one the file itself is the secret.
        #[arg(long, value_name = "REFERENCE")]
        password: Option<SecretRef>,
    },
    /// Make a signed pack of the latest scan.
    Create {
        /// Who makes it.
        #[arg(long, value_name = "NAME")]
        by: String,
        #[command(flatten)]
        key: keys::KeyArgs,
        #[command(flatten)]
        stamp: stamps::StampArgs,
        /// The folder of packs: the new one is chained to the last of them.
        #[arg(long, value_name = "FOLDER", default_value = "evidence")]
        out: PathBuf,
        /// Public keys that signed earlier packs of the folder, where another key has taken over since.
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
    },
    /// Verify a pack: nothing but a public key is needed, no configuration and no network.
    Verify {
        /// The pack.
        pack: PathBuf,
        /// The public keys that are trusted, one on a line, as the `.pub` file has it.
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The certificates of time-stamping authorities, in PEM, of which one has to stand behind its stamp.
        #[arg(long, value_name = "FILE")]
        timestamp_ca: Option<PathBuf>,
        /// Write its files into this folder, which must not be there yet; only if the pack is valid.
        #[arg(long, value_name = "FOLDER")]
        extract: Option<PathBuf>,
    },
    /// Reach the verdicts of a pack again from what it holds, and write its reports again, to the byte. Asks no network, store or
    /// configuration.
    Reperform {
        /// The pack.
        pack: PathBuf,
        /// The public keys that are trusted.
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
    },
    /// Make a copy of a pack that may leave the company: pseudonyms stand for names and mail addresses, and the table that tells who
    /// is meant stays with you.
    Redact(redact::RedactArgs),
    /// Verify every pack of a folder, and that none of their chain is missing or was replaced.
    Log {
        /// The folder.
        #[arg(default_value = "evidence")]
        folder: PathBuf,
        /// The public keys that are trusted.
        #[arg(long, value_name = "FILE")]
        trust: PathBuf,
        /// The certificates of time-stamping authorities, in PEM, of which one has to stand behind each stamp.
        #[arg(long, value_name = "FILE")]
        timestamp_ca: Option<PathBuf>,
    },
}

pub(super) fn run(context: &Context, command: &EvidenceCommand) -> Result<ExitCode, Complaint> {
    match command {
        EvidenceCommand::Keygen { key, comment, password } => keygen(context, key, comment, password.as_ref()),
        EvidenceCommand::Create { by, key, stamp, out, trust } => {
            create(context, by, (key, stamp), out, trust.as_deref())
        }
        EvidenceCommand::Verify { pack, trust, timestamp_ca, extract } => {
            check(context, pack, (trust, timestamp_ca.as_deref()), extract.as_deref())
        }
        EvidenceCommand::Reperform { pack, trust } => reperform::run(context, pack, trust),
        EvidenceCommand::Redact(args) => redact::run(context, args),
        EvidenceCommand::Log { folder, trust, timestamp_ca } => log(context, folder, (trust, timestamp_ca.as_deref())),
    }
}

fn keygen(context: &Context, path: &Path, comment: &str, password: Option<&SecretRef>) -> Result<ExitCode, Complaint> {
    let password = password.map(opened).transpose()?;
    let comment = harmless(comment);
    let (private, public) =
        SigningKey::create(&comment, password.as_ref().map(Secret::expose)).map_err(key_complaint)?;
    let public_path = public_of(path);
    for path in [path, &public_path] {
        if path.exists() {
            let complaint =
                Complaint::failed(format!("{} is there already: a key is never written over", path.display()));
            return Err(complaint.help("give the new key another name; trust both while one takes over from the other"));
        }
    }
    write_new(path, private.as_bytes(), 0o600)?;
    write_new(&public_path, public.as_bytes(), 0o644)?;
    let protected = if password.is_some() { "protected by the password" } else { "readable by you alone" };
    context.terminal.result(&format!(
        "{} signs packs, {protected}. Give {} to whoever verifies them.",
        path.display(),
        public_path.display()
    ));
    Ok(ExitCode::from(exit::COMPLETE))
}

fn public_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// Writes a file that was not there, with these permissions from the start.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Complaint> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| not_written(path, error))
}

fn opened(reference: &SecretRef) -> Result<Secret, Complaint> {
    reference.resolve().map_err(|error| Complaint::failed(error.to_string()))
}

fn trusted(path: &Path) -> Result<TrustedKeys, Complaint> {
    let text = fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
    TrustedKeys::read(&path.display().to_string(), &text).map_err(key_complaint)
}

fn not_written(path: &Path, error: std::io::Error) -> Complaint {
    cannot_write(path, &RenderError::Write(error))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Complaint {
    Complaint::failed(format!("cannot read {}: {error}", path.display()))
}

fn key_complaint(error: KeyError) -> Complaint {
    let complaint = Complaint::failed(error.to_string());
    match &error {
        KeyError::NoKey { .. } => {
            complaint.help("`keyroll evidence keygen FILE` makes one, and the public file beside it")
        }
        KeyError::Locked => complaint.help("say where it is with `--password env:NAME` or `--password file:/path`"),
        KeyError::Agent(error) => complaint.help(keys::agent_help(error)),
        KeyError::WrongPassword | KeyError::Failed(_) => complaint,
    }
}

fn create(
    context: &Context,
    by: &str,
    (key, stamp): (&keys::KeyArgs, &stamps::StampArgs),
    folder: &Path,
    trust: Option<&Path>,
) -> Result<ExitCode, Complaint> {
    if by.trim().is_empty() {
        return Err(Complaint::failed("`--by` is empty").help("a pack says who made it: auditors ask for that"));
    }
    let config = context.load()?;
    let key = key.open(context)?;
    let stamper = stamp.stamper(context)?;
    let mut lines = key.public_line().map_err(key_complaint)?;
    if let Some(trust) = trust {
        lines.push('\n');
        lines.push_str(&fs::read_to_string(trust).map_err(|error| cannot_read(trust, &error))?);
    }
    let keys = TrustedKeys::read("the keys that signed earlier packs", &lines).map_err(key_complaint)?;
    fs::create_dir_all(folder).map_err(|error| not_written(folder, error))?;
    let before = last_of(folder, &keys)?;

    let store = Store::open(&config.store)?;
    let mut assessment = assess(&store)?;
    read_reviews(&store, &mut assessment)?;
    let head = &assessment.head;
    let number = before.as_ref().map_or(1, |link| link.number + 1);
    let made = Circumstances {
        number,
        previous: before,
        redacts: None,
        estate: head.estate.clone(),
        scan: PackedScan::of(head),
        waivers_applied: true,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        operator: by.trim().to_owned(),
        host: host(),
        created_at: context.clock.now(),
        timestamp: None,
    };
    let mut packer = Packer::default();
    let around = Around::of(Past { config: &config, store: &store }, &assessment)?;
    let night = Night::of(&store, &assessment)?;
    let moved = moved_since(context, &config, &around, &night, &assessment)?;
    let gathering = Gathering {
        config: &config,
        config_file: &context.config,
        assessment: &assessment,
        night: &night,
        around: &around,
    };
    gathering.gather(&mut packer)?;
    if let Some(stamper) = stamper {
        packer.stamp_with(stamper);
    }
    let name = format!("{number:05}-{}{ENDING}", head.id);
    let path = folder.join(&name);
    let draft = folder.join(format!("{name}.partial"));
    let packed = write_pack(packer, made, &key, &draft, &path)?;
    if !moved.is_empty() {
        let what = format!(
            "Performed again it comes out otherwise ({}): rules, waivers or configuration were changed since scan {}. Scan again before you hand it over.",
            moved.join(", "),
            head.id
        );
        context.terminal.note(&what);
    }
    let gaps = assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count();
    context.terminal.result(&format!(
        "{} is pack {number} of {}, scan {}; its manifest is {}.",
        path.display(),
        head.estate,
        head.id,
        packed.manifest_sha256
    ));
    if let Some(stamp) = &packed.stamp {
        context.terminal.say(&format!("Its signature was stamped {}.", stamps::told(stamp)));
    }
    if gaps > 0 {
        context.terminal.note(&format!(
            "{} could not be read whole: the pack says so, and that nothing behind it was judged.",
            plural(gaps, "endpoint", "endpoints")
        ));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

fn host() -> String {
    hostname::get().map_or_else(|_none| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// What would come out otherwise if the scan were judged by the files as they are now.
fn moved_since(
    context: &Context,
    config: &Config,
    around: &Around,
    night: &Night<'_>,
    assessment: &Assessment,
) -> Result<Vec<&'static str>, Complaint> {
    let Judgement { waivers, .. } = config.judgement(context.clock.as_ref())?;
    let by = Again { rules: &around.rules, waivers: &waivers, knowledge: &around.knowledge };
    Ok(night.judge(&by).differences(assessment))
}

/// Writes a pack under the name of a draft, and gives it its own when it is whole. Neither may be there: somebody else may be making a
/// pack of this number at the same moment.
fn write_pack(
    packer: Packer,
    made: Circumstances,
    key: &SigningKey,
    draft: &Path,
    path: &Path,
) -> Result<Packed, Complaint> {
    let file = File::create_new(draft).map_err(|error| {
        let complaint = not_written(draft, error);
        complaint.help("if no other pack is in the making, it is left from one that was broken off: remove it")
    })?;
    let written = || -> Result<Packed, PackError> {
        let mut out = BufWriter::new(file);
        let packed = packer.finish(made, key, &mut out)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        // Whoever makes a pack of this name has the draft, so that nobody comes between the two.
        if path.exists() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        fs::rename(draft, path)?;
        Ok(packed)
    };
    written().map_err(|error| {
        drop(fs::remove_file(draft));
        match error {
            PackError::Write(error) => not_written(path, error),
            PackError::Key(error) => key_complaint(error),
            PackError::Stamp(error) => stamps::complaint(&error),
        }
    })
}

/// The last pack of a folder: the new one names it. A folder in which that one is not valid, a manifest is not, or the chain is broken,
/// is not gone on with. What is in the earlier packs `log` verifies.
fn last_of(folder: &Path, keys: &TrustedKeys) -> Result<Option<Link>, Complaint> {
    let mut packs = Vec::new();
    let not_valid = |path: &Path, refusal: &Refusal| {
        let help =
            "if another key signed it, name that key's public file with `--trust`; `keyroll evidence log` shows all";
        refused(path, refusal).help(help)
    };
    for path in packs_in(folder)? {
        let file = File::open(&path).map_err(|error| cannot_read(&path, &error))?;
        let verified = verify_manifest(BufReader::new(file), keys).map_err(|refusal| not_valid(&path, &refusal))?;
        if verified.manifest.made.redacts.is_none() {
            packs.push((name_of(&path), verified));
        }
    }
    let chained = chain(packs);
    if let Some(broken) = chained.iter().find(|one| !one.breaks.is_empty()) {
        let what = broken.breaks.first().map(ToString::to_string).unwrap_or_default();
        let complaint = Complaint::failed(format!("the chain of packs is broken at {}: {what}", broken.name));
        return Err(complaint.help("find what is missing, or begin a new chain in another folder with `--out`"));
    }
    if let Some(last) = chained.last() {
        let path = folder.join(&last.name);
        drop(verify_file(&path, keys).map_err(|refusal| not_valid(&path, &refusal))?);
    }
    Ok(chained
        .last()
        .map(|last| Link { number: last.pack.manifest.made.number, manifest_sha256: last.pack.manifest_sha256 }))
}

fn packs_in(folder: &Path) -> Result<Vec<PathBuf>, Complaint> {
    let entries = fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let mut packs = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot_read(folder, &error))?.path();
        if name_of(&path).ends_with(ENDING) {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn verify_file(path: &Path, keys: &TrustedKeys) -> Result<Verified, Refusal> {
    verify(BufReader::new(File::open(path)?), keys, |_, _| Ok(()))
}

fn refused(path: &Path, refusal: &Refusal) -> Complaint {
    let why = std::error::Error::source(refusal).map_or_else(String::new, |source| format!(": {source}"));
    Complaint::failed(format!("{} is not valid: {}{why}", path.display(), harmless(&refusal.to_string())))
}

fn check(
    context: &Context,
    pack: &Path,
    (trust, authorities): (&Path, Option<&Path>),
    extract: Option<&Path>,
) -> Result<ExitCode, Complaint> {
    let keys = stamps::trusting(trusted(trust)?, authorities)?;
    let verified = verify_file(pack, &keys).map_err(|refusal| refused(pack, &refusal))?;
    stamps::refuse_unstamped(pack, &verified, authorities)?;
    if let Some(folder) = extract {
        unpack(pack, &keys, folder, &verified)?;
    }
    let made = &verified.manifest.made;
    let link = made.previous.as_ref();
    let is_copy = made.redacts.as_ref().map(|original| {
        format!(
            "  redacted     pseudonyms stand for names: a copy of pack {} ({})",
            original.number, original.manifest_sha256
        )
    });
    let mut lines = vec![
        format!("{} is valid.", pack.display()),
        format!("  signed by    {}", verified.signed_by),
        format!("  manifest     {}", verified.manifest_sha256),
        format!("  estate       {}", harmless(&made.estate)),
        format!(
            "  scan         {} of {} to {} UTC, {}, snapshot {}",
            made.scan.id,
            made.scan.started_at.format("%Y-%m-%d %H:%M"),
            made.scan.ended_at.format("%Y-%m-%d %H:%M"),
            if made.scan.complete { "complete" } else { "INCOMPLETE: something could not be seen" },
            made.scan.snapshot_sha256
        ),
        format!(
            "  made         {} UTC by {} on {} with keyroll {}",
            made.created_at.format("%Y-%m-%d %H:%M"),
            harmless(&made.operator),
            harmless(&made.host),
            harmless(&made.tool_version)
        ),
        format!(
            "  chain        pack {}, {}",
            made.number,
            link.map_or("the first".to_owned(), |link| format!(
                "after pack {} ({})",
                link.number, link.manifest_sha256
            ))
        ),
        format!("  members      {}", verified.manifest.members.len()),
    ];
    lines.extend(is_copy);
    lines.extend(stamps::lines(&verified));
    context.terminal.result(&lines.join("\n"));
    if let Some(folder) = extract {
        context.terminal.say(&format!("Its files are in {}", folder.display()));
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Writes the files of a pack that was verified a moment ago, and verifies it once more while it does: what is on the disk is what was
/// signed.
fn unpack(pack: &Path, keys: &TrustedKeys, folder: &Path, verified: &Verified) -> Result<(), Complaint> {
    fs::create_dir(folder).map_err(|error| not_written(folder, error))?;
    let unpacked = unpack_into(pack, keys, folder, verified);
    if unpacked.is_err() {
        // It was made a moment ago, and half a pack is of no use to anybody.
        drop(fs::remove_dir_all(folder));
    }
    unpacked
}

fn unpack_into(pack: &Path, keys: &TrustedKeys, folder: &Path, verified: &Verified) -> Result<(), Complaint> {
    let mut open: BTreeMap<String, File> = BTreeMap::new();
    for member in &verified.manifest.members {
        let path = folder.join(&member.path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| File::create_new(&path)).map_err(|error| not_written(&path, error))?;
    }
    let file = File::open(pack).map_err(|error| cannot_read(pack, &error))?;
    let again = verify(BufReader::new(file), keys, |member, bytes| {
        if !open.contains_key(&member.path) {
            open.clear();
            let file = OpenOptions::new().append(true).open(folder.join(&member.path))?;
            open.insert(member.path.clone(), file);
        }
        open.get_mut(&member.path).map_or(Ok(()), |file| file.write_all(bytes))
    });
    match again {
        Ok(again) if again == *verified => Ok(()),
        Ok(_) => Err(Complaint::failed(format!("{} changed while it was read", pack.display()))),
        Err(refusal) => Err(refused(pack, &refusal)),
    }
}

fn log(context: &Context, folder: &Path, (trust, authorities): (&Path, Option<&Path>)) -> Result<ExitCode, Complaint> {
    let keys = stamps::trusting(trusted(trust)?, authorities)?;
    let (mut packs, mut copies, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for path in packs_in(folder)? {
        match verify_file(&path, &keys) {
            Ok(verified) => match &verified.manifest.made.redacts {
                None => packs.push((name_of(&path), verified)),
                Some(original) => {
                    copies.push(format!("       {}: a redacted copy of pack {}", name_of(&path), original.number))
                }
            },
            Err(refusal) => wrong.push(format!("{}: {}", name_of(&path), harmless(&refusal.to_string()))),
        }
    }
    let mut lines = Vec::new();
    let mut broken = wrong.len();
    for one in chain(packs) {
        let made = &one.pack.manifest.made;
        lines.push(format!(
            "{:>5}  {}  scan {} of {} UTC  by {}  {}{}",
            made.number,
            one.name,
            made.scan.id,
            made.scan.started_at.format("%Y-%m-%d %H:%M"),
            harmless(&made.operator),
            if made.scan.complete { "complete" } else { "incomplete scan" },
            one.pack.stamp.as_ref().map_or_else(String::new, |stamp| format!("  stamped {}", stamps::told(stamp)))
        ));
        lines.extend(one.breaks.iter().map(|one| format!("       BROKEN: {}", harmless(&one.to_string()))));
        broken += one.breaks.len();
    }
    lines.extend(copies);
    lines.extend(wrong.iter().map(|one| format!("       NOT VALID: {one}")));
    if lines.is_empty() {
        return Err(Complaint::failed(format!("there is no pack in {}", folder.display())));
    }
    context.terminal.result(&lines.join("\n"));
    if broken > 0 {
        return Err(Complaint::failed(format!("{} in the chain", plural(broken, "break", "breaks"))));
    }
    context.terminal.say("The chain is whole. That a newer pack was taken away only a copy elsewhere can show.");
    Ok(ExitCode::from(exit::COMPLETE))
}
