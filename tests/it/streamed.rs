//! Reports whose findings stay in the store until they are written are, to the byte, those that are made from all of them at once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use keyroll::app::{WaiverView, assess_after, assess_stored, read_reviews, without_waivers};
use keyroll::model::{Assessment, FindingCounts, FindingId, Status, Transition, WaiverId};
use keyroll::reports::{FORMATS, Findings, RenderError, Told, Wanted, csv_set};

use crate::history::lived;
use crate::support::assessment::rich;
use crate::support::keyroll::keyroll;

fn text(write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Every file that is written while findings are told, by name.
fn files(assessment: &Assessment, findings: &dyn Findings) -> BTreeMap<&'static str, String> {
    let formats = FORMATS.iter().filter(|format| format.stream.is_some());
    let formats = formats.map(|format| (format.name, text(|out| format.write(assessment, findings, out))));
    let tables = csv_set().iter().map(|table| (table.name, text(|out| table.write_told(assessment, findings, out))));
    formats.chain(tables).collect()
}

/// The same as those reports are written where all findings are at hand.
fn whole_files(assessment: &Assessment) -> BTreeMap<&'static str, String> {
    let formats = FORMATS.iter().filter(|format| format.stream.is_some());
    let formats = formats.map(|format| (format.name, text(|out| (format.render)(assessment, out))));
    let tables = csv_set().iter().map(|table| (table.name, text(|out| table.write(assessment, out))));
    formats.chain(tables).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_streamed_is_what_is_written_at_once() {
    let (estate, said) = lived().await;
    let store = estate.store();
    let (mut waived, mut steps) = (0, 0);
    for then in &said {
        for waivers in [WaiverView::Applied, WaiverView::SetAside] {
            let mut whole = assess_after(&store, then.head.clone()).unwrap();
            if waivers == WaiverView::SetAside {
                whole = without_waivers(whole).unwrap();
                waived += whole.set_aside.as_ref().unwrap().len();
            }
            let mut stored = assess_stored(&store, then.head.clone(), waivers).unwrap();
            assert!(stored.assessment.findings.is_empty() && stored.assessment.transitions.is_empty());
            assert_eq!(stored.assessment.postures, whole.postures);
            assert_eq!(stored.findings.counts(), FindingCounts::of(&whole.findings));
            read_reviews(&store, &mut whole).unwrap();
            read_reviews(&store, &mut stored.assessment).unwrap();
            let (streamed, at_once) = (files(&stored.assessment, &stored.findings), whole_files(&whole));
            assert_eq!(streamed.len(), 3 + csv_set().len());
            for (name, text) in at_once {
                assert!(streamed[name] == text, "{name} of {} with waivers {waivers:?}", then.head.id);
            }
            steps += whole.transitions.len();
        }
    }
    assert!(waived > 0 && steps > 100, "{waived} waived, {steps} steps");
}

/// Every file below a folder, by its path in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// One report that needs all findings, and the others are written from them too.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_writes_the_same_files_either_way() {
    let (estate, _) = lived().await;
    let folder = estate.path("");
    let below = |out: &str| -> BTreeMap<PathBuf, Vec<u8>> {
        let root = folder.join(out);
        contents(&root).into_iter().map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes)).collect()
    };
    for (at, more) in
        [&[][..], &["--as-of", "s4"], &["--no-waivers"], &["--as-of", "s4", "--no-waivers"]].iter().enumerate()
    {
        let (streamed, at_once) = (format!("streamed-{at}"), format!("at-once-{at}"));
        for (format, out) in
            [("csv,json,ndjson,ocsf", streamed.as_str()), ("csv,json,ndjson,ocsf,markdown", at_once.as_str())]
        {
            let run = keyroll(&folder, &[&["report", "--format", format, "--out", out][..], more].concat());
            assert_eq!(run.code, 0, "{}", run.err);
            assert_eq!(run.err.contains("As of scan s4"), more.contains(&"s4"), "{}", run.err);
        }
        let (streamed, mut at_once) = (below(&streamed), below(&at_once));
        at_once.retain(|path, _| path.extension().is_none_or(|extension| extension != "md"));
        assert!(streamed.keys().eq(at_once.keys()) && streamed.len() == csv_set().len() + 5, "{:?}", streamed.keys());
        for (path, bytes) in streamed {
            assert!(bytes == at_once[&path], "{} with {more:?}", path.display());
        }
    }
    let printed = keyroll(&folder, &["report", "--format", "json", "--out", "-"]);
    assert_eq!(printed.out.as_bytes(), below("streamed-0")[Path::new("report.json")], "{}", printed.err);
}

/// Findings of which the third cannot be read.
struct Broken(Assessment);

fn broken() -> RenderError {
    RenderError::Unreadable("the third cannot be read".into())
}

impl Findings for Broken {
    fn counts(&self) -> FindingCounts {
        FindingCounts::of(&self.0.findings)
    }

    fn each(
        &self,
        wanted: Wanted,
        take: &mut dyn FnMut(&Told<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let mut left = 2;
        self.0.each(wanted, &mut |told| {
            if left == 0 {
                return Err(broken());
            }
            left -= 1;
            take(told)
        })
    }

    fn each_step(&self, _take: &mut dyn FnMut(&Transition) -> Result<(), RenderError>) -> Result<(), RenderError> {
        Err(broken())
    }

    fn each_set_aside(
        &self,
        _take: &mut dyn FnMut(&FindingId, &WaiverId) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        Err(broken())
    }
}

/// Takes some bytes and no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes something from findings that are told.
type Writing<'a> = dyn Fn(&dyn Findings, &mut dyn io::Write) -> Result<(), RenderError> + 'a;

#[test]
fn whatever_breaks_half_way_is_told_as_what_it_is() {
    let rich = rich();
    let source = Broken(rich.clone());
    let findings = csv_set().iter().find(|table| table.name == "findings").unwrap();
    let rich = &rich;
    let mut streams: Vec<(&str, Box<Writing<'_>>)> = Vec::new();
    for (name, stream) in FORMATS.iter().filter_map(|format| Some((format.name, format.stream?))) {
        streams.push((name, Box::new(move |from: &dyn Findings, out: &mut dyn io::Write| stream(rich, from, out))));
    }
    let table = |from: &dyn Findings, out: &mut dyn io::Write| findings.write_told(rich, from, out);
    streams.push(("findings.csv", Box::new(table)));
    for (name, stream) in streams {
        let error = stream(&source, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, RenderError::Unreadable(_)), "{name}: {error:?}");
        assert_eq!(error.to_string(), "the third cannot be read", "{name}");
        let error = stream(rich, &mut Full(1500)).unwrap_err();
        let RenderError::Write(error) = error else { panic!("{name}: {error:?}") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{name}");
    }
}

/// More findings than a cell has room for: counted they are all, named are the first of them, and OSCAL relates every one.
#[test]
fn a_control_counts_all_its_findings_and_names_the_first() {
    let mut many = rich();
    let one = many.findings[0].clone();
    many.findings = (0..1200)
        .map(|number| {
            let id = FindingId::from(format!("F-{number:016}").as_str());
            keyroll::model::Finding { id, status: Status::Open, ..one.clone() }
        })
        .collect();
    many.transitions.clear();
    many.postures[0].controls.retain(|control| control.rules.contains(&one.rule));
    many.postures[0].controls[0].open = many.findings.iter().map(|finding| finding.id.clone()).collect();
    let written = whole_files(&many);
    let control = &serde_json::from_str::<serde_json::Value>(&written["json"]).unwrap()["frameworks"][0]["controls"][0];
    assert_eq!(control["open_count"], 1200);
    assert_eq!(control["open_findings"].as_array().unwrap().len(), 1000);
    let rows: Vec<BTreeMap<String, String>> =
        csv::Reader::from_reader(written["controls"].as_bytes()).deserialize().map(Result::unwrap).collect();
    assert_eq!((rows[0]["open"].as_str(), rows[0]["open_findings"].split("; ").count()), ("1200", 1000));
    assert!(rows[0]["open_findings"].len() < 32_767);
    let oscal = FORMATS.iter().find(|format| format.name == "oscal").unwrap();
    let oscal: serde_json::Value = serde_json::from_str(&text(|out| (oscal.render)(&many, out))).unwrap();
    let result = &oscal["assessment-results"]["results"][0];
    assert_eq!(result["findings"][0]["related-observations"].as_array().unwrap().len(), 1200);
}
