//! The disk is full in the middle of a report or a pack: an error that names the file, and nothing half under its name. What was there
//! before stays. A limit on the size of files stands for the full disk: the write fails in the middle, as it does there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::keyroll::{Run, keyroll};
use crate::waivers::CONFIG;

/// Room for so many blocks of 512 bytes in any one file: enough to begin, too little to end.
const BLOCKS: usize = 100;

fn with_little_room(folder: &Path, arguments: &[&str]) -> Run {
    // Without the trap the system would end the program where a full disk only fails the write.
    let script = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let run = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_keyroll")])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    Run {
        code: run.status.code().expect("the program ends by itself"),
        out: String::from_utf8(run.stdout).unwrap(),
        err: String::from_utf8(run.stderr).unwrap(),
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_full_disk_leaves_no_half_report_and_no_half_pack() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("keyroll.yaml"), CONFIG).unwrap();
    fs::write(here.join("waivers.yaml"), "waivers: []\n").unwrap();
    let rows: String = (0..250).map(|at| format!("t{at},build {at},ada,2026-01-02T03:04:05Z,never,read\n")).collect();
    fs::write(here.join("tokens.csv"), format!("id,label,user,created,expires,rights\n{rows}")).unwrap();
    let fine = |arguments: &[&str]| {
        let run = keyroll(here, arguments);
        assert!([0, 20].contains(&run.code), "{arguments:?}: {}{}", run.out, run.err);
    };
    fine(&["scan"]);
    fine(&["evidence", "keygen", "key"]);
    for format in ["csv", "json", "ndjson", "html", "sarif", "junit", "ocsf", "oscal"] {
        let run = with_little_room(here, &["report", "--format", format, "--out", "new"]);
        assert_eq!(run.code, 1, "{format}: {}{}", run.out, run.err);
        assert!(run.err.contains("cannot write `new/"), "{format}: {}", run.err);
        assert!(run.err.to_lowercase().contains("file too large"), "{format} says why: {}", run.err);
        let left = files(&here.join("new"));
        // Files of a set that had room are whole; the one that had none is not there, under no name.
        let half = left.iter().find(|(name, bytes)| name.ends_with(".partial") || bytes.len() >= BLOCKS * 512);
        assert!(half.is_none(), "{format} left {:?}", half.map(|(name, _)| name));
        drop(fs::remove_dir_all(here.join("new")));

        fine(&["report", "--format", format, "--out", "kept"]);
        let before = files(&here.join("kept"));
        assert_eq!(with_little_room(here, &["report", "--format", format, "--out", "kept"]).code, 1);
        assert!(before == files(&here.join("kept")), "{format}: what was there is as it was");
    }
    let create = ["evidence", "create", "--by", "Kim", "--key", "key"];
    let run = with_little_room(here, &create);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(run.err.to_lowercase().contains("file too large"), "{}", run.err);
    assert_eq!(files(&here.join("evidence")).len(), 0, "no pack and no draft");
    fine(&create);
    let pack = "evidence/00001-s1.keyroll.tar.gz";
    let run = with_little_room(here, &["evidence", "verify", pack, "--trust", "key.pub", "--extract", "out"]);
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(!here.join("out").exists(), "nothing half was unpacked");
}
