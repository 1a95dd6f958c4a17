//! What goes into a pack: the reports, what they rest on, and what people wrote.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{cannot_read, not_written};
use crate::app::Night;
use crate::cli::complain::Complaint;
use crate::cli::report::{Around, cannot_write};
use crate::config::Config;
use crate::evidence::Packer;
use crate::inventory::detector::Knowledge;
use crate::model::Assessment;
use crate::reports::{
    FORMATS, Look, RenderError, csv_set, html_report, morning_view, write_column_list, write_data_package,
};
use crate::rules::{Rule, RuleSet};

const READ_ME: &str = "\
This is an evidence pack of keyroll: what one scan of an estate saw, by which rules it was judged, and what was said of it.

Verify it before you rely on it. With keyroll and the public key:

  keyroll evidence verify PACK --trust evidence.pub

Without keyroll, with OpenSSH (8.9 or newer) and the tools of any Unix:

  tar xzf PACK
  echo \"keyroll $(cat evidence.pub)\" > allowed_signers
  ssh-keygen -Y verify -f allowed_signers -I keyroll -n keyroll-evidence -s manifest.json.sig < manifest.json

The manifest lists every file with its length and its SHA-256; `sha256sum` gives the same. It names the pack before it by the digest of
that one's manifest.

If manifest.json.sig.tsr is there, it is a time stamp (RFC 3161) of the signature. OpenSSL verifies it with the certificates of the authority,
which that one publishes; once they are over, as of a day on which they were not (`-attime`, in seconds since 1970):

  openssl ts -verify -in manifest.json.sig.tsr -data manifest.json.sig -CAfile authority.pem

Reach its verdicts again, on any machine, without network, configuration or store:

  keyroll evidence reperform PACK --trust evidence.pub

  reports/      the report as a page, as text and as JSON
  csv/          the tables, with columns.csv and datapackage.json saying what each column means
  snapshot/     what was seen: resources.ndjson (a thing on a line), carried.ndjson (what was out of sight and is told as it was known),
                ledger.ndjson (how completely each endpoint was read, and why not), head.json
  rules/        every rule, a file each; judged.ndjson: which of them judged, by which values, for which controls; profiles.ndjson: what
                systems are known by
  declared/     configuration, waivers and register as they were written; secrets are references in them
  before/       what else the verdicts rest on: the scan before (what differed then: differing.ndjson; what was not there yet:
                not-yet-there.ndjson; what was out of its sight), how findings stood after it, the baseline, what reviews had decided
  beside/       what the reports say beside the verdicts: the trend, what goes back and forth, acknowledgements, reviews, earlier steps of
                findings; it is taken along, and not worked out again

What could not be seen is in csv/coverage.csv and in the reports: behind a gap nothing was judged, and nothing is called clean.
";

/// Writes one file.
pub(super) type Writing<'a> = &'a dyn Fn(&mut dyn Write) -> Result<(), RenderError>;

/// Goes through the files of a pack that say what a scan comes to, each with what writes it.
pub(super) fn written(
    assessment: &Assessment,
    around: &Around,
    mut file: impl FnMut(&str, Writing<'_>) -> Result<(), Complaint>,
) -> Result<(), Complaint> {
    let view = morning_view(assessment, Look { width: 100, colour: false });
    file("reports/report.txt", &|out| Ok(out.write_all(view.as_bytes())?))?;
    let json = FORMATS.iter().find(|format| format.name == "json").expect("internal: JSON is one of the formats");
    file("reports/report.json", &|out| (json.render)(assessment, out))?;
    around.with_html(assessment, |report| file("reports/report.html", &|out| html_report(report, out)))?;
    for table in csv_set() {
        file(&format!("csv/{}.csv", table.name), &|out| table.write(assessment, out))?;
    }
    file("csv/columns.csv", &write_column_list)?;
    file("csv/datapackage.json", &write_data_package)
}

/// What goes into a pack.
pub(super) struct Gathering<'a> {
    pub(super) config: &'a Config,
    pub(super) config_file: &'a Path,
    pub(super) assessment: &'a Assessment,
    pub(super) night: &'a Night<'a>,
    pub(super) around: &'a Around,
}

impl Gathering<'_> {
    pub(super) fn gather(&self, packer: &mut Packer) -> Result<(), Complaint> {
        text(packer, "README.txt", READ_ME)?;
        written(self.assessment, self.around, |path, write| {
            packer.add(path, |out| write(out)).map_err(|error| cannot_write(Path::new(path), &error))
        })?;
        self.night.pack(packer).map_err(|error| not_written(Path::new("the pack"), error))?;
        rules(packer, self.assessment, &self.around.rules, &self.around.knowledge)?;
        self.declared(packer)
    }

    /// What people wrote: the configuration, waivers, the register.
    fn declared(&self, packer: &mut Packer) -> Result<(), Complaint> {
        let mut files = vec![("keyroll.yaml".to_owned(), self.config_file.to_owned())];
        files.extend(self.config.declared_files());
        for (name, file) in files {
            let bytes = fs::read(&file).map_err(|error| cannot_read(&file, &error))?;
            let path = format!("declared/{name}");
            packer.add(&path, |out| out.write_all(&bytes)).map_err(|error| not_written(Path::new(&path), error))?;
        }
        Ok(())
    }
}

/// The rules as they are written, which of them judged with which values, and what systems are known by.
fn rules(
    packer: &mut Packer,
    assessment: &Assessment,
    rules: &RuleSet,
    knowledge: &Knowledge,
) -> Result<(), Complaint> {
    for rule in rules.rules() {
        text(packer, &format!("rules/{}.yaml", rule.id()), &rule.file().text)?;
    }
    let judged = assessment.rules.iter().map(|summary| {
        let rule = rules.rule(summary.id.as_str());
        serde_json::json!({
            "rule": summary,
            "values": rule.map(Rule::values),
            // False where the rule was changed since the scan: its text is not the one that judged.
            "as_it_judged": rule.map(|rule| rule.summary().judges_by == summary.judges_by),
        })
    });
    lines(packer, "rules/judged.ndjson", judged)?;
    lines(packer, PROFILES, knowledge.profiles())
}

/// Where a pack tells what systems are known by.
pub(super) const PROFILES: &str = "rules/profiles.ndjson";

fn text(packer: &mut Packer, path: &str, text: &str) -> Result<(), Complaint> {
    packer.add(path, |out| out.write_all(text.as_bytes())).map_err(|error| not_written(Path::new(path), error))
}

/// Values, one on a line, as JSON.
fn lines<T: serde::Serialize>(
    packer: &mut Packer,
    path: &str,
    values: impl IntoIterator<Item = T>,
) -> Result<(), Complaint> {
    packer.add_lines(path, values).map_err(|error| not_written(Path::new(path), error))
}
