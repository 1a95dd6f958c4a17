//! What a page shows is run: files are written, commands are typed into one shell, and what they say is held against the page.
//!
//! A block of the sort `console` has commands behind `$ ` and what they print, both streams together. If it ends in a line `…`, it shows
//! the beginning. A command that fails is followed by `$ echo $?`. A block behind `<!-- file: NAME -->` is written to that file. In
//! the first lines of a page `<!-- needs: demo -->` puts the folder there that `keyroll demo` leaves, `<!-- needs: estate -->` lets a
//! pretended one answer at the addresses of the page, `<!-- needs: release -->` puts a signed release there, and other words name programs that the check has to have. In such an estate
//! `<!-- a night passes -->`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::simulator::{Plan, Simulator};
use regex::Regex;
use tempfile::TempDir;

use crate::support::demo::{NOW, demo};
use crate::support::expected::expect_file;
use crate::support::{project, skipped};

const REST: &str = "…";
/// Stands between what two commands printed.
const MARK: char = '\u{1}';

/// Runs a page and holds it against what comes out. With `KEYROLL_UPDATE` set, the page is rewritten.
pub(crate) fn hold(page: &str) {
    let text = fs::read_to_string(project().join(page)).unwrap();
    let needs = needs(&text);
    let Some(programs) = programs(&needs) else {
        skipped(&format!("{page} needs {needs:?}, which the check names in KEYROLL_TEST_…"));
        return;
    };
    let stage = Stage::new(&needs, &programs);
    let pieces = pieces(&text, project().join(page).parent().unwrap());
    let printed = stage.run(&pieces, page);
    expect_file(page, &pieces.iter().map(|piece| piece.filled(&printed)).collect::<String>());
}

/// The words behind `needs:`.
fn needs(text: &str) -> Vec<&str> {
    let line = text.lines().take(6).find_map(|line| line.strip_prefix("<!-- needs: ")?.strip_suffix(" -->"));
    line.map(|words| words.split(' ').collect()).unwrap_or_default()
}

/// Where the programs are that a page needs; none if one of them is not there.
fn programs(needs: &[&str]) -> Option<Vec<PathBuf>> {
    let outside = needs.iter().filter(|need| !["demo", "estate", "release"].contains(need));
    let variable = |name: &str| format!("KEYROLL_TEST_{}", name.to_uppercase().replace('-', "_"));
    outside.map(|name| std::env::var_os(variable(name)).map(PathBuf::from)).collect()
}

/// A part of a page.
enum Piece {
    /// Something happens overnight in the estate.
    Night,
    /// What is for people.
    Prose(String),
    /// A file to write, with its fences.
    File { name: String, text: String, shown: String },
    /// A command, with its number, and what the page shows of what it prints.
    Command { number: usize, typed: String, shown: Vec<String>, indent: String },
}

impl Piece {
    /// The piece with what was printed in its place.
    fn filled(&self, printed: &[Printed]) -> String {
        match self {
            Self::Night => String::new(),
            Self::Prose(text) => text.clone(),
            Self::File { shown, .. } => shown.clone(),
            Self::Command { number, typed, shown, indent } => {
                let lines = printed[*number].like(shown);
                let typed =
                    typed.lines().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { "$ " } else { "" }));
                let line = |line: String| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
                typed.chain(lines).map(line).collect()
            }
        }
    }
}

/// Takes a page apart.
fn pieces(text: &str, folder: &Path) -> Vec<Piece> {
    let (mut pieces, mut number, mut file) = (Vec::new(), 0, None);
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let bare = line.trim();
        if let Some(name) = bare.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->")) {
            file = Some(name.to_owned());
        }
        if bare == "<!-- a night passes -->" {
            pieces.push(Piece::Night);
        }
        let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
        pieces.push(Piece::Prose(line.to_owned()));
        if !bare.starts_with("```") || bare == "```" {
            continue;
        }
        let mut inside = Vec::new();
        while let Some(line) = lines.next_if(|line| line.trim() != "```") {
            inside.push(line.trim_end_matches('\n').strip_prefix(indent.as_str()).unwrap_or(line.trim()).to_owned());
        }
        if let Some(name) = file.take() {
            let text: String = inside.iter().map(|line| included(line, folder)).collect();
            let shown =
                inside.iter().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") });
            pieces.push(Piece::File { name, text, shown: shown.collect() });
        } else if bare == "```console" {
            let mut inside = inside.into_iter().peekable();
            while let Some(line) = inside.next() {
                let mut typed = line
                    .strip_prefix("$ ")
                    .unwrap_or_else(|| panic!("a block begins with a command: {line}"))
                    .to_owned();
                while typed.ends_with('\\') || typed.contains("<<'END'") && !typed.ends_with("\nEND") {
                    typed.push('\n');
                    typed.push_str(&inside.next().expect("a command goes on"));
                }
                let shown = std::iter::from_fn(|| inside.next_if(|line| !line.starts_with("$ "))).collect();
                pieces.push(Piece::Command { number, typed, shown, indent: indent.clone() });
                number += 1;
            }
        } else {
            let shown =
                inside.iter().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") });
            pieces.push(Piece::Prose(shown.collect()));
        }
        pieces.extend(lines.next().map(|line| Piece::Prose(line.to_owned())));
    }
    pieces
}

/// A line as the site shows it: a file of the project stands where the page includes it.
fn included(line: &str, folder: &Path) -> String {
    let named = line.strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
    named.map_or_else(|| format!("{line}\n"), |name| fs::read_to_string(folder.join(name)).unwrap())
}

/// What a command printed.
struct Printed {
    lines: Vec<String>,
}

impl Printed {
    /// As much of it as the page shows. Where only that differs which no two runs have in common, it stays as the page has it.
    fn like(&self, shown: &[String]) -> Vec<String> {
        let mut lines = self.lines.clone();
        let begun = shown.last().is_some_and(|last| last == REST);
        if begun && lines.len() > shown.len() - 1 {
            lines.truncate(shown.len() - 1);
            lines.push(REST.to_owned());
        }
        let same = |one: &[String], other: &[String]| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| masked(one) == masked(other))
        };
        if same(&lines, shown) { shown.to_vec() } else { lines }
    }
}

/// Sources are read side by side, and each is told of when it has been read: here in the order of their names.
fn settled(mut lines: Vec<String>) -> Vec<String> {
    let told = |line: &String| line.contains(" resources seen, ");
    lines.chunk_by_mut(|one, next| told(one) && told(next)).for_each(<[String]>::sort);
    lines
}

/// A line without what is new in each run: digests of what was signed, fingerprints of keys, names of machines,
/// how long something takes.
fn masked(line: &str) -> String {
    static NEW: OnceLock<Regex> = OnceLock::new();
    let new = NEW.get_or_init(|| {
        let new = r"SHA256:[A-Za-z0-9+/]{43}|manifest(?: is)?\s+[0-9a-f]{64}|\bon \S+ with keyroll|\b\d+ seconds?\b";
        Regex::new(new).unwrap()
    });
    new.replace_all(line, "~").into_owned()
}

/// A folder in which a page is tried.
struct Stage {
    folder: TempDir,
    path: String,
    estate: Option<Pretended>,
}

impl Stage {
    fn new(needs: &[&str], programs: &[PathBuf]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (home, bin) = (folder.path().join("home"), folder.path().join("bin"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&bin).unwrap();
        // The program as a reader has it, but on the day on which the page was written and as wide as the page. The demo is run
        // once for all pages.
        let real = Path::new(env!("CARGO_BIN_EXE_keyroll"));
        let wrapper = bin.join("keyroll");
        let once = format!("cp -a '{}' . && exec cat '{}'", demo().left().display(), demo().printed().display());
        let every = format!("exec '{}' --now \"$NOW\" --width 80 \"$@\"", real.display());
        fs::write(&wrapper, format!("#!/bin/sh\nif [ \"$*\" = demo ]; then {once}; fi\n{every}\n")).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        if needs.contains(&"demo") {
            demo().copy_into(&home);
        }
        if needs.contains(&"release") {
            crate::release::Release::new(&home).signed();
        }
        let mut path = vec![bin, real.parent().unwrap().to_owned()];
        path.extend(programs.iter().map(|program| program.parent().unwrap().to_owned()));
        path.extend(["/usr/bin", "/bin"].map(PathBuf::from));
        let path = std::env::join_paths(path).unwrap().into_string().unwrap();
        Self { folder, path, estate: needs.contains(&"estate").then(Pretended::new) }
    }

    /// Types the commands into a shell, one for each day, and parts what came out.
    fn run(&self, pieces: &[Piece], page: &str) -> Vec<Printed> {
        let mut now: DateTime<Utc> = NOW.parse().unwrap();
        let mut printed = Vec::new();
        for (day, pieces) in pieces.split(|piece| matches!(piece, Piece::Night)).enumerate() {
            if day > 0 {
                now += TimeDelta::days(1);
                self.estate.as_ref().expect("nights pass in an estate").simulator.night(now);
            }
            printed.extend(self.day(pieces, now, page));
        }
        printed
    }

    fn day(&self, pieces: &[Piece], now: DateTime<Utc>, page: &str) -> Vec<Printed> {
        let mut script = "exec 2>&1\n".to_owned();
        let mut typed = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Prose(_) | Piece::Night => {}
                Piece::File { name, text, .. } => {
                    let text = self.estate.as_ref().map_or_else(|| text.clone(), |estate| estate.addressed(text));
                    script.push_str(&format!(
                        "mkdir -p \"$(dirname '{name}')\"\ncat > '{name}' <<'END-OF-THE-FILE'\n{text}END-OF-THE-FILE\n"
                    ));
                }
                Piece::Command { typed: command, .. } => {
                    script.push_str(&format!("{command}\nwas=$?\nprintf '\\001%s\\001' $was\n(exit $was)\n"));
                    typed.push(command.as_str());
                }
            }
        }
        let home = self.folder.path().join("home");
        let mut shell = Command::new("bash");
        shell.arg("-c").arg(script).current_dir(&home).stdin(Stdio::null()).env_clear();
        shell.envs([("PATH", self.path.as_str()), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("NOW", &now.to_rfc3339())]);
        shell.env("HOME", &home);
        if let Some(estate) = &self.estate {
            shell.envs(estate.secrets());
        }
        let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        let parts: Vec<&str> = said.split(MARK).collect();
        assert_eq!(parts.len(), typed.len() * 2 + 1, "{page}: the shell ended early: {said}");
        let mut printed = Vec::new();
        for (at, part) in parts.chunks_exact(2).enumerate() {
            let [out, code] = part else { unreachable!("chunks of two") };
            let asked = typed.get(at + 1).is_some_and(|next| next.starts_with("echo $?"));
            assert!(*code == "0" || asked, "{page}: `{}` ends with {code}: {out}", typed[at]);
            let lines = self.as_told(out).lines().map(|line| line.trim_end().to_owned()).collect();
            printed.push(Printed { lines: settled(lines) });
        }
        printed
    }

    /// What was printed, with the addresses and folders that the page has.
    fn as_told(&self, out: &str) -> String {
        let out = self.estate.as_ref().map_or_else(|| out.to_owned(), |estate| estate.unaddressed(out));
        out.replace(self.folder.path().join("home").to_str().unwrap(), "/home/kim")
    }
}

/// A pretended estate that answers at the addresses which a page names.
struct Pretended {
    simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Pretended {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let plan =
            Plan { seed: 7, accounts: 40, now: "2026-11-22T02:00:00Z".parse().unwrap(), page_latency: Duration::ZERO };
        let simulator = runtime.block_on(Simulator::start(plan)).unwrap();
        Self { simulator, _runtime: runtime }
    }

    /// The text of a configuration with the addresses and accounts at which something answers.
    fn addressed(&self, text: &str) -> String {
        let (site, org) = (self.simulator.site_url(), self.simulator.org_url());
        let text = text
            .replace("base_url: https://acme.atlassian.net\n", &format!("base_url: {site}\n    gateway_url: {org}\n"));
        let text = text.replace("type: atlassian-org\n", &format!("type: atlassian-org\n    base_url: {org}\n"));
        text.replace("user: keyroll@acme.example", &format!("user: {}", self.simulator.site_user()))
    }

    fn unaddressed(&self, text: &str) -> String {
        let text = text.replace(&self.simulator.site_url(), "https://acme.atlassian.net");
        text.replace(&self.simulator.org_url(), "https://api.atlassian.com")
    }

    fn secrets(&self) -> [(&'static str, String); 2] {
        [
            ("KEYROLL_ORG_KEY", self.simulator.org_key().to_owned()),
            ("KEYROLL_JIRA_TOKEN", self.simulator.site_token().to_owned()),
        ]
    }
}
