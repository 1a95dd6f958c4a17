//! Evidence packs through the command line: made, verified with the public key alone, by keyroll and by OpenSSH, chained, tampered with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use keyroll::digest::Digest;
use keyroll::evidence::{Circumstances, Packer, SigningKey};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::keyroll::{Run, keyroll, keyroll_with};
use crate::waivers::CONFIG;

pub(crate) struct Estate(TempDir);

impl Estate {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("keyroll.yaml"), CONFIG).unwrap();
        fs::write(folder.path().join("waivers.yaml"), "waivers: []\n").unwrap();
        let estate = Self(folder);
        estate.scan(1);
        estate.ask(&["evidence", "keygen", "key"]);
        estate
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        keyroll(self.0.path(), &[&["--now", "2026-11-22T08:00:00Z", "--width", "200"], arguments].concat())
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}{}", run.out, run.err);
        run.out
    }

    pub(crate) fn refuse(&self, arguments: &[&str], why: &str) {
        let run = self.run(arguments);
        assert_eq!(run.code, 1, "{arguments:?}: {}", run.out);
        assert!(run.err.contains(why), "{arguments:?}: {why} in {}", run.err);
    }

    pub(crate) fn scan(&self, tokens: usize) {
        let rows: String = (0..tokens)
            .map(|number| format!("t{number},build {number},ada,2026-01-02T03:04:05Z,never,read\n"))
            .collect();
        fs::write(self.path("tokens.csv"), format!("id,label,user,created,expires,rights\n{rows}")).unwrap();
        let run = self.run(&["scan"]);
        assert!([0, 20].contains(&run.code), "{}{}", run.out, run.err);
    }

    /// Makes a pack, and gives back its file.
    pub(crate) fn pack(&self) -> PathBuf {
        let said = self.ask(&["evidence", "create", "--by", "Kim Lead", "--key", "key"]);
        self.path(said.split_whitespace().next().unwrap())
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_pack_is_made_verified_and_unpacked() {
    let estate = Estate::new();
    let pack = estate.pack();
    assert!(pack.ends_with("evidence/00001-s1.keyroll.tar.gz"), "{}", pack.display());
    let pack = pack.to_str().unwrap();
    let said = estate.ask(&["evidence", "verify", pack, "--trust", "key.pub", "--extract", "out"]);
    for part in ["is valid.", "SHA256:", "acme", "Kim Lead", "pack 1, the first", "scan         s1"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let read = |name: &str| fs::read_to_string(estate.path("out").join(name)).unwrap();
    assert_eq!(
        (read("declared/keyroll.yaml").as_str(), read("declared/waivers.yaml").as_str()),
        (CONFIG, "waivers: []\n")
    );
    estate.ask(&["report", "--format", "csv,json", "--out", "now"]);
    for name in ["csv/findings.csv", "csv/coverage.csv", "csv/credentials.csv", "csv/datapackage.json"] {
        assert_eq!(read(name), fs::read_to_string(estate.path("now").join(name)).unwrap(), "{name}");
    }
    assert_eq!(read("reports/report.json"), fs::read_to_string(estate.path("now/report.json")).unwrap());
    assert!(read("reports/report.html").contains("Content-Security-Policy"));
    let head: Value = serde_json::from_str(&read("snapshot/head.json")).unwrap();
    let resources: Vec<Value> =
        read("snapshot/resources.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(resources.len(), 1);
    assert!(said.contains(head["digest"].as_str().unwrap()), "the digest of what was seen is in the manifest");
    let judged: Vec<Value> =
        read("rules/judged.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(judged.len() > 100 && judged.iter().all(|rule| rule["as_it_judged"] == true));
    assert!(read("rules/pat-without-expiry.yaml").contains("id: pat-without-expiry"));
    estate.refuse(&["evidence", "verify", pack, "--trust", "key.pub", "--extract", "out"], "out");
}

/// Whoever has neither keyroll nor trust in it takes OpenSSH.
#[test]
fn openssh_verifies_a_pack() {
    let Some(tool) = std::env::var_os("KEYROLL_TEST_SSH_KEYGEN") else {
        crate::support::skipped("KEYROLL_TEST_SSH_KEYGEN names no ssh-keygen");
        return;
    };
    let estate = Estate::new();
    let pack = estate.pack();
    let out = estate.path("plain");
    fs::create_dir(&out).unwrap();
    assert!(Command::new("tar").arg("xzf").arg(&pack).current_dir(&out).status().unwrap().success());
    let public = fs::read_to_string(estate.path("key.pub")).unwrap();
    fs::write(out.join("allowed_signers"), format!("keyroll {public}")).unwrap();
    let verify = |manifest: &str| {
        let run = Command::new(&tool)
            .args(["-Y", "verify", "-f", "allowed_signers", "-I", "keyroll", "-n", "keyroll-evidence"])
            .args(["-s", "manifest.json.sig"])
            .stdin(fs::File::open(out.join(manifest)).unwrap())
            .current_dir(&out)
            .output()
            .unwrap();
        (run.status.success(), String::from_utf8_lossy(&run.stdout).into_owned())
    };
    let (fine, said) = verify("manifest.json");
    assert!(
        fine && said.contains("Good \"keyroll-evidence\" signature for keyroll with ED25519 key SHA256:"),
        "{said}"
    );
    let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
    fs::write(out.join("other.json"), manifest.replace("Kim Lead", "Kim Leaf")).unwrap();
    assert!(!verify("other.json").0, "a manifest that was altered is not what was signed");
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    for member in manifest["members"].as_array().unwrap() {
        let bytes = fs::read(out.join(member["path"].as_str().unwrap())).unwrap();
        assert_eq!(member["sha256"], Digest::of_bytes(&bytes).to_string());
        assert_eq!(member["bytes"], bytes.len());
    }
    // A key that OpenSSH made signs as well.
    let made = Command::new(&tool).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(estate.path("theirs")).status();
    assert!(made.unwrap().success());
    estate.ask(&["evidence", "create", "--by", "Kim", "--key", "theirs", "--out", "other"]);
    estate.ask(&["evidence", "verify", "other/00001-s1.keyroll.tar.gz", "--trust", "theirs.pub"]);
}

#[test]
fn keys_are_safe_by_default() {
    let estate = Estate::new();
    assert_eq!((mode(&estate.path("key")), mode(&estate.path("key.pub"))), (0o600, 0o644));
    let key = fs::read(estate.path("key")).unwrap();
    estate.refuse(&["evidence", "keygen", "key"], "is there already");
    fs::remove_file(estate.path("key")).unwrap();
    estate.refuse(&["evidence", "keygen", "key"], "key.pub is there already");
    assert!(!estate.path("key").exists(), "nothing is left half done");
    fs::write(estate.path("key"), &key).unwrap();
    fs::set_permissions(estate.path("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let create = ["evidence", "create", "--by", "Kim", "--key", "key"];
    estate.refuse(&create, "can be read by others");
    fs::set_permissions(estate.path("key"), fs::Permissions::from_mode(0o600)).unwrap();
    estate.ask(&create);
    estate.refuse(&["evidence", "create", "--by", " ", "--key", "key"], "`--by` is empty");
    estate.refuse(
        &["evidence", "create", "--by", "Kim", "--key", "key.pub"],
        "is a public key, so an ssh agent has to sign",
    );
    estate.refuse(&["evidence", "create", "--by", "Kim", "--key", "nothing"], "cannot read nothing");

    let password = [("EVIDENCE", "correct horse battery")];
    let locked = |arguments: &[&str], variables: &[(&str, &str)]| keyroll_with(estate.0.path(), arguments, variables);
    let made = locked(&["evidence", "keygen", "locked", "--password", "env:EVIDENCE"], &password);
    assert_eq!(made.code, 0, "{}", made.err);
    let create = ["evidence", "create", "--by", "Kim", "--key", "locked", "--out", "other"];
    estate.refuse(&create, "is protected by a password");
    let with = [&create[..], &["--password", "env:EVIDENCE"]].concat();
    let wrong = locked(&with, &[("EVIDENCE", "wrong")]);
    assert!(wrong.code == 1 && wrong.err.contains("the password does not open the key"), "{}", wrong.err);
    assert!(!wrong.err.contains("wrong horse") && !wrong.err.contains("correct"));
    let fine = locked(&with, &password);
    assert_eq!(fine.code, 0, "{}", fine.err);
    let plain = locked(&["evidence", "keygen", "third", "--password", "correct horse"], &[]);
    assert!(plain.code == 2 && plain.err.contains("a secret is written as a reference"), "{}", plain.err);
    let said = format!("{}{}{}{}", made.out, made.err, fine.out, fine.err);
    assert!(!said.contains("correct horse"), "{said}");
}

#[test]
fn the_chain_shows_what_is_missing_and_a_key_may_take_over() {
    let estate = Estate::new();
    let mut packs = vec![estate.pack()];
    for tokens in 2..=3 {
        estate.scan(tokens);
        packs.push(estate.pack());
    }
    let log = estate.ask(&["evidence", "log", "--trust", "key.pub"]);
    assert_eq!(log.lines().filter(|line| line.contains("by Kim Lead")).count(), 3, "{log}");

    // Another key takes over: the packs of the first stay valid for whoever trusts both.
    estate.ask(&["evidence", "keygen", "next"]);
    estate.refuse(&["evidence", "create", "--by", "Kim", "--key", "next"], "not trusted");
    estate.ask(&["evidence", "create", "--by", "Kim Lead", "--key", "next", "--trust", "key.pub"]);
    estate.refuse(&["evidence", "log", "--trust", "key.pub"], "1 break in the chain");
    let both =
        fs::read_to_string(estate.path("key.pub")).unwrap() + &fs::read_to_string(estate.path("next.pub")).unwrap();
    fs::write(estate.path("both"), both).unwrap();
    estate.ask(&["evidence", "log", "--trust", "both"]);

    fs::rename(&packs[1], estate.path("away")).unwrap();
    let run = estate.run(&["evidence", "log", "--trust", "both"]);
    assert!(run.code == 1 && run.out.contains("BROKEN: 1 pack is missing before it: pack 2 to 2"), "{}", run.out);
    estate.refuse(
        &["evidence", "create", "--by", "Kim", "--key", "next", "--trust", "key.pub"],
        "the chain of packs is broken",
    );
    fs::rename(estate.path("away"), &packs[1]).unwrap();

    // A pack that somebody else made instead.
    let other = Estate::new();
    other.ask(&["evidence", "create", "--by", "Mallory", "--key", "key"]);
    fs::copy(other.path("evidence/00001-s1.keyroll.tar.gz"), &packs[0]).unwrap();
    let run = estate.run(&["evidence", "log", "--trust", "both"]);
    assert!(run.code == 1 && run.out.contains("NOT VALID") && run.out.contains("pack is missing"), "{}", run.out);
}

#[test]
fn a_pack_that_was_tampered_with_is_refused_and_leaves_nothing() {
    let estate = Estate::new();
    let pack = estate.pack();
    let bytes = fs::read(&pack).unwrap();
    for at in [bytes.len() / 5, bytes.len() / 2, bytes.len() - 6] {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0x10;
        fs::write(&pack, wrong).unwrap();
        let verify = ["evidence", "verify", pack.to_str().unwrap(), "--trust", "key.pub", "--extract", "out"];
        estate.refuse(&verify, "is not valid");
        assert!(!estate.path("out").exists(), "nothing of it was written");
    }
    for wrong in ["key.pub", "tokens.csv", "nowhere"] {
        estate.refuse(&["evidence", "verify", wrong, "--trust", "key.pub"], "is not valid");
    }
    estate.refuse(
        &["evidence", "verify", pack.to_str().unwrap(), "--trust", "tokens.csv"],
        "line 1 of `tokens.csv` is no Ed25519 key",
    );
    fs::create_dir(estate.path("empty")).unwrap();
    estate.refuse(&["evidence", "log", "empty", "--trust", "key.pub"], "there is no pack in empty");
}

#[test]
fn where_there_is_no_room_nothing_half_is_left() {
    let estate = Estate::new();
    fs::write(estate.path("evidence"), "a file").unwrap();
    estate.refuse(&["evidence", "create", "--by", "Kim", "--key", "key"], "evidence");
    fs::remove_file(estate.path("evidence")).unwrap();
    fs::create_dir(estate.path("evidence")).unwrap();
    // Somebody else makes the same pack at this moment: theirs is left alone.
    let draft = estate.path("evidence/00001-s1.keyroll.tar.gz.partial");
    fs::write(&draft, "theirs").unwrap();
    estate.refuse(&["evidence", "create", "--by", "Kim", "--key", "key"], "left from one that was broken off");
    assert_eq!(fs::read_to_string(&draft).unwrap(), "theirs");
    let left: Vec<_> = fs::read_dir(estate.path("evidence")).unwrap().collect();
    assert_eq!(left.len(), 1, "only what was there before");
    fs::remove_file(draft).unwrap();
    estate.pack();
}

/// An auditor's machine: nothing on it but a pack and a public key.
fn perform_again(estate: &Estate, pack: &Path) -> Run {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(pack, elsewhere.path().join("pack.tar.gz")).unwrap();
    fs::copy(estate.path("key.pub"), elsewhere.path().join("key.pub")).unwrap();
    let run =
        keyroll(elsewhere.path(), &["--width", "200", "evidence", "reperform", "pack.tar.gz", "--trust", "key.pub"]);
    let left = fs::read_dir(elsewhere.path()).unwrap().count();
    assert_eq!(left, 2, "nothing is left behind");
    run
}

#[test]
fn verdicts_are_reached_again_to_the_byte() {
    let estate = Estate::new();
    let first = perform_again(&estate, &estate.pack());
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    assert!(!first.out.contains("OTHERWISE"), "{}", first.out);

    // A night with changes, a baseline, a waiver, an acknowledgement and a review: all of it is in the pack.
    estate.ask(&["baseline", "accept", "start", "--by", "Kim", "--reason", "looked at"]);
    estate.scan(3);
    let findings = estate.ask(&["findings", "--format", "csv"]);
    let id = findings.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let waive = ["waivers", "add", &id, "--until", "2026-12-24", "--reason", "moving", "--approver", "Kim"];
    estate.ask(&waive);
    estate.ask(&["findings", "ack", &id, "--by", "Kim", "--until", "2026-12-01"]);
    estate.scan(2);
    let again = perform_again(&estate, &estate.pack());
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    for part in ["has the digest of scan s3", "has the digest of scan s2", "reports and tables written again"] {
        assert!(again.out.contains(part), "{part} in {}", again.out);
    }
    assert!(again.err.contains("Every verdict was reached again"), "{}", again.err);
}

/// The pack of somebody who has the key and tells something else than the scan came to: it is signed, and does not stand.
#[test]
fn what_was_told_otherwise_than_it_was_judged_shows() {
    let estate = Estate::new();
    estate.scan(2);
    let pack = estate.pack();
    let out = estate.path("out");
    estate.ask(&["evidence", "verify", pack.to_str().unwrap(), "--trust", "key.pub", "--extract", "out"]);
    let mut manifest: Value = serde_json::from_slice(&member(&pack, "manifest.json")).unwrap();
    let members = manifest.as_object_mut().unwrap().remove("members").unwrap();
    let made: Circumstances = serde_json::from_value(manifest).unwrap();
    let key = SigningKey::open("key", &fs::read_to_string(estate.path("key")).unwrap(), None).unwrap();
    let cooked = |path: &str, alter: &dyn Fn(String) -> String| {
        let mut packer = Packer::default();
        for member in members.as_array().unwrap().iter().map(|member| member["path"].as_str().unwrap()) {
            let text = fs::read_to_string(out.join(member)).unwrap();
            let text = if member == path { alter(text) } else { text };
            packer.add(member, |out| out.write_all(text.as_bytes())).unwrap();
        }
        let mut bytes = Vec::new();
        packer.finish(made.clone(), &key, &mut bytes).unwrap();
        fs::write(estate.path("cooked.tar.gz"), bytes).unwrap();
        estate.ask(&["evidence", "verify", "cooked.tar.gz", "--trust", "key.pub"]);
        let run = perform_again(&estate, &estate.path("cooked.tar.gz"));
        assert_eq!(run.code, 1, "{path}: {}", run.out);
        assert!(run.out.contains("OTHERWISE") && run.err.contains("came out otherwise"), "{}{}", run.out, run.err);
        run.out
    };
    let without_last_line = |text: String| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines[..lines.len() - 1].concat()
    };
    let said = cooked("csv/findings.csv", &without_last_line);
    assert!(said.contains("`csv/findings.csv` differs in line") && said.matches("OTHERWISE").count() == 1, "{said}");
    let said = cooked("reports/report.json", &|text| text.replacen("\"open\"", "\"waived\"", 1));
    assert!(said.contains("`reports/report.json` differs in line"), "{said}");
    let said = cooked("csv/coverage.csv", &|text| text + "more\r\n");
    assert!(
        said.contains("`csv/coverage.csv` differs from line") && said.contains("the packed one is longer"),
        "{said}"
    );
    // A thing that was seen is taken out, and everything that is written could be made to fit: its digest does not.
    let said = cooked("snapshot/resources.ndjson", &without_last_line);
    assert!(
        said.contains("OTHERWISE    what was seen (1 resources) has the digest of scan s2: it has another"),
        "{said}"
    );
    let said = cooked("before/findings.ndjson", &|text| text.replacen("\"since\":\"2026", "\"since\":\"2025", 1));
    assert!(said.contains("`csv/findings.csv` differs"), "{said}");
    let said = cooked("rules/pat-without-expiry.yaml", &|text| text.replacen("severity: high", "severity: low", 1));
    assert!(said.contains("the digest of those that judged: they have another"), "{said}");
}

#[test]
fn a_pack_after_a_change_of_the_files_says_that_it_comes_out_otherwise() {
    let estate = Estate::new();
    let config =
        CONFIG.replace("waivers:", "rules:\n  override:\n    pat-without-expiry:\n      enabled: false\nwaivers:");
    fs::write(estate.path("keyroll.yaml"), config).unwrap();
    let made = estate.run(&["evidence", "create", "--by", "Kim", "--key", "key"]);
    assert!(made.code == 0 && made.err.contains("Scan again before you hand it over"), "{}{}", made.out, made.err);
    let run = perform_again(&estate, &estate.path("evidence/00001-s1.keyroll.tar.gz"));
    assert!(run.code == 1 && run.out.contains("OTHERWISE"), "{}{}", run.out, run.err);
    assert!(run.err.contains("were changed between the scan and the pack"), "{}", run.err);
}

/// A member of a pack, taken out by a library that is not ours.
fn member(pack: &Path, name: &str) -> Vec<u8> {
    let run = Command::new("tar").arg("xzOf").arg(pack).arg(name).output().unwrap();
    assert!(run.status.success());
    run.stdout
}

#[test]
fn a_redacted_copy_names_nobody_and_is_still_verified() {
    let estate = Estate::new();
    fs::write(
        estate.path("tokens.csv"),
        "id,label,user,created,expires,rights\n\
         t1,\"laptop of Ada Lovelace, own\",Ada Lovelace,2026-01-02T03:04:05Z,never,read\n\
         t2,build for ada.lovelace@looms.example,Admin,2026-01-02T03:04:05Z,never,read\n",
    )
    .unwrap();
    let run = estate.run(&["scan"]);
    assert!([0, 20].contains(&run.code), "{}{}", run.out, run.err);
    let pack = estate.pack();
    let redact = |out: &str| {
        let arguments =
            ["--trust", "key.pub", "--by", "Kim Lead", "--key", "key", "--pseudonyms", "who.csv", "--out", out];
        estate.run(&[&["evidence", "redact", pack.to_str().unwrap()], &arguments[..]].concat())
    };
    let made = redact("copy.tar.gz");
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    assert!(made.out.contains("is a redacted copy of pack 1"), "{}", made.out);
    assert_eq!(mode(&estate.path("who.csv")), 0o600);
    let table = fs::read_to_string(estate.path("who.csv")).unwrap();
    assert!(table.contains("ada lovelace") && table.contains("ada.lovelace@looms.example"), "{table}");

    let said = estate.ask(&["evidence", "verify", "copy.tar.gz", "--trust", "key.pub", "--extract", "copy"]);
    assert!(said.contains("is valid") && said.contains("a copy of pack 1 ("), "{said}");
    let original = Digest::of_bytes(&member(&pack, "manifest.json")).to_string();
    assert!(said.contains(&original), "the copy names the pack it was made from");
    let all = all_files(&estate.path("copy"));
    assert!(all.len() > 200, "{}", all.len());
    for (path, text) in &all {
        let text = text.to_lowercase();
        for name in ["ada lovelace", "lovelace", "looms.example"] {
            assert!(!text.contains(name), "{name} in {}", path.display());
        }
    }
    let findings = fs::read_to_string(estate.path("copy/csv/findings.csv")).unwrap();
    assert!(findings.contains("laptop of name-") && findings.contains("@redacted.invalid"), "{findings}");

    let run = estate.run(&["evidence", "reperform", "copy.tar.gz", "--trust", "key.pub"]);
    assert!(run.code == 1 && run.err.contains("names were replaced in the pack"), "{}", run.err);
    // The same table gives the same copy; what is there is not written over; a copy is no link of the chain.
    assert!(redact("copy.tar.gz").err.contains("is there already"));
    assert_eq!(redact("evidence/zzz.keyroll.tar.gz").code, 0);
    assert_eq!(fs::read_to_string(estate.path("who.csv")).unwrap(), table);
    let log = estate.ask(&["evidence", "log", "--trust", "key.pub"]);
    assert!(log.contains("a redacted copy of pack 1"), "{log}");
    let again = member(&estate.path("evidence/zzz.keyroll.tar.gz"), "csv/findings.csv");
    assert_eq!(String::from_utf8(again).unwrap(), findings);
    fs::write(estate.path("who.csv"), "a,b\n").unwrap();
    let run = redact("third.tar.gz");
    assert!(run.code == 1 && run.err.contains("line 1 of the table of pseudonyms"), "{}", run.err);
    assert!(!estate.path("third.tar.gz").exists());
}

fn all_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_files(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}
