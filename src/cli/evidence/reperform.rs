//! `keyroll evidence reperform`: the verdicts of a pack reached again from what it holds, and every report written again and held
//! against the packed one, byte for byte. Neither a store nor a configuration nor a network is asked.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::gather::{PROFILES, written};
use super::{cannot_read, refused, trusted, unpack_into, verify_file};
use crate::app::{Again, FormError, Night, Reperformed, Verdicts, read_lines};
use crate::cli::complain::Complaint;
use crate::cli::report::{Around, cannot_write};
use crate::cli::{Context, exit};
use crate::config::{Config, Judgement};
use crate::evidence::Verified;
use crate::inventory::Revocations;
use crate::inventory::detector::Knowledge;
use crate::model::Profile;
use crate::problem::SourceText;
use crate::reports::RenderError;
use crate::rules::RuleSet;
use crate::text::{harmless, plural, shorten};

pub(super) fn run(context: &Context, pack: &Path, trust: &Path) -> Result<ExitCode, Complaint> {
    let keys = trusted(trust)?;
    let verified = verify_file(pack, &keys).map_err(|refusal| refused(pack, &refusal))?;
    let folder = tempfile::tempdir()
        .map_err(|error| Complaint::failed(format!("there is no room to unpack {}: {error}", pack.display())))?;
    unpack_into(pack, &keys, folder.path(), &verified)?;
    let opened = Opened::read(folder.path(), &verified)?;
    let (reperformed, around) = opened.perform()?;
    let made = &verified.manifest.made;
    let mut comparison = Comparison { folder: folder.path(), same: Vec::new(), otherwise: Vec::new() };
    written(&reperformed.assessment, &around, |path, write| comparison.hold(path, write))?;
    for member in verified.manifest.members.iter().map(|member| member.path.as_str()) {
        let is_said = ["csv/", "reports/"].iter().any(|folder| member.starts_with(folder));
        if is_said && !comparison.has(member) {
            comparison.otherwise.push(format!("`{member}` is in the pack, and this keyroll writes no such file"));
        }
    }
    let Reperformed { same, otherwise, .. } = &reperformed;
    let mut lines = vec![format!(
        "{} is valid, and was performed again with keyroll {} (it was made with {}):",
        pack.display(),
        env!("CARGO_PKG_VERSION"),
        harmless(&made.tool_version)
    )];
    lines.extend(same.iter().map(|what| format!("  same         {what}")));
    lines.extend(otherwise.iter().map(|what| format!("  OTHERWISE    {what}")));
    lines.push(format!(
        "  same         {} written again, byte for byte",
        plural(comparison.same.len(), "report or table", "reports and tables")
    ));
    lines.extend(comparison.otherwise.iter().map(|what| format!("  OTHERWISE    {what}")));
    context.terminal.result(&lines.join("\n"));
    let count = otherwise.len() + comparison.otherwise.len();
    if count == 0 {
        let findings = &reperformed.assessment.findings;
        context.terminal.say(&format!(
            "Every verdict was reached again from what the pack holds: {}.",
            plural(findings.len(), "finding", "findings")
        ));
        return Ok(ExitCode::from(exit::COMPLETE));
    }
    let complaint = Complaint::failed(format!(
        "{} of scan {} came out otherwise than {} packed",
        plural(count, "thing", "things"),
        made.scan.id,
        if count == 1 { "it was" } else { "they were" }
    ));
    Err(complaint.help(if made.tool_version == env!("CARGO_PKG_VERSION") {
        "the pack is what was signed; rules, waivers or configuration were changed between the scan and the pack, or a report was not written by this scan"
    } else {
        "the pack is what was signed; perform it again with the version of keyroll that made it before you conclude anything"
    }))
}

/// A pack that was unpacked and read.
pub(super) struct Opened {
    pub(super) night: Night<'static>,
    judgement: Judgement,
    knowledge: Knowledge,
}

impl Opened {
    /// Reads what the verdicts rest on.
    pub(super) fn read(folder: &Path, verified: &Verified) -> Result<Self, Complaint> {
        let made = &verified.manifest.made;
        if let Some(original) = &made.redacts {
            let what = "names were replaced in the pack, and rules may speak of names: its verdicts cannot be reached again from it";
            let help = format!(
                "perform the pack again that it is a copy of: pack {} with the manifest {}",
                original.number, original.manifest_sha256
            );
            return Err(Complaint::failed(what).help(help));
        }
        if !verified.manifest.members.iter().any(|member| member.path == PROFILES) {
            let complaint = Complaint::failed("the pack does not hold all that its verdicts rest on");
            return Err(
                complaint.help("it was made by an earlier keyroll; `keyroll evidence verify` still verifies it")
            );
        }
        let night = Night::read(folder).map_err(|error| unreadable(&error))?;
        let config = Config::parse(&source(folder, "declared/keyroll.yaml")?, folder)?;
        let mut rules = Vec::new();
        let mut waivers = None;
        for member in verified.manifest.members.iter().map(|member| member.path.as_str()) {
            if member.starts_with("rules/") && member.ends_with(".yaml") {
                rules.push(source(folder, member)?);
            } else if member == "declared/waivers.yaml" {
                waivers = Some(source(folder, member)?);
            }
        }
        let judgement = config.judgement_then(&rules, waivers.as_ref(), made.scan.started_at.date_naive())?;
        let profiles: Vec<Profile> = read_lines(folder, PROFILES).map_err(|error| unreadable(&error))?;
        Ok(Self { night, judgement, knowledge: Knowledge::of(profiles) })
    }

    /// The rules that judged it.
    pub(super) fn rules(&self) -> &RuleSet {
        &self.judgement.rules
    }

    /// What it comes to.
    pub(super) fn verdicts(&self) -> Verdicts {
        let Judgement { rules, waivers } = &self.judgement;
        self.night.judge(&Again { rules, waivers, knowledge: &self.knowledge })
    }

    /// Judges it again, and holds it against what its record says.
    pub(super) fn perform(self) -> Result<(Reperformed, Around), Complaint> {
        let Self { night, judgement, knowledge } = self;
        let histories = Around::histories(night.beside.steps.clone());
        let revocations = Revocations::of(night.decided.clone());
        let Judgement { rules, waivers } = judgement;
        let reperformed = night.perform_again(&Again { rules: &rules, waivers: &waivers, knowledge: &knowledge })?;
        Ok((reperformed, Around { rules, histories, knowledge, revocations }))
    }
}

fn unreadable(error: &FormError) -> Complaint {
    let why = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    let complaint =
        Complaint::failed(format!("the pack cannot be performed again: {}{why}", harmless(&error.to_string())));
    complaint.help("it was made by another keyroll; perform it again with that version")
}

fn source(folder: &Path, path: &str) -> Result<SourceText, Complaint> {
    let text = fs::read_to_string(folder.join(path)).map_err(|error| cannot_read(Path::new(path), &error))?;
    Ok(SourceText::new(path, &text))
}

/// Files written again, held against those of the pack.
struct Comparison<'a> {
    folder: &'a Path,
    same: Vec<String>,
    otherwise: Vec<String>,
}

impl Comparison<'_> {
    fn has(&self, path: &str) -> bool {
        self.same.iter().any(|one| one == path)
            || self.otherwise.iter().any(|one| one.starts_with(&format!("`{path}`")))
    }

    fn hold(&mut self, path: &str, write: super::gather::Writing<'_>) -> Result<(), Complaint> {
        let packed: PathBuf = self.folder.join(path);
        let packed = match File::open(&packed) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.otherwise.push(format!("`{path}` is written by this keyroll, and is not in the pack"));
                return Ok(());
            }
            Err(error) => return Err(cannot_read(Path::new(path), &error)),
        };
        let mut held = BufWriter::new(Held { packed, line: 1, differs: None });
        write(&mut held)
            .and_then(|()| Ok(held.flush()?))
            .map_err(|error: RenderError| cannot_write(Path::new(path), &error))?;
        let held = held
            .into_inner()
            .map_err(|error| cannot_write(Path::new(path), &RenderError::Write(error.into_error())))?;
        match held.finish().map_err(|error| cannot_read(Path::new(path), &error))? {
            None => self.same.push(path.to_owned()),
            Some(differs) => self.otherwise.push(format!("`{path}` differs {differs}")),
        }
        Ok(())
    }
}

/// Takes what is written and reads the packed file beside it.
struct Held<R> {
    packed: R,
    line: usize,
    differs: Option<String>,
}

impl<R: Read> Held<R> {
    /// Where the two differ first, if they do.
    fn finish(mut self) -> io::Result<Option<String>> {
        if self.differs.is_none() && self.packed.read(&mut [0; 1])? > 0 {
            self.differs = Some(format!("from line {} on: the packed one is longer", self.line));
        }
        Ok(self.differs)
    }
}

impl<R: Read> Write for Held<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.differs.is_some() {
            return Ok(bytes.len());
        }
        let mut packed = Vec::with_capacity(bytes.len());
        self.packed.by_ref().take(bytes.len() as u64).read_to_end(&mut packed)?;
        let same = bytes.iter().zip(&packed).take_while(|(now, then)| now == then).count();
        self.line += bytes.iter().take(same).filter(|byte| **byte == b'\n').count();
        if same < bytes.len() {
            let rest = |of: &[u8]| {
                let text = of.get(same..).unwrap_or_default();
                let text = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                shorten(&harmless(&String::from_utf8_lossy(text)), 60)
            };
            self.differs = Some(format!("in line {}: packed `{}`, now `{}`", self.line, rest(&packed), rest(bytes)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
