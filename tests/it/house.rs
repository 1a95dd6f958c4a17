//! The floor plan is kept: no module imports from its own floor or above, and each outside crate has one home.
//! The tables here are the plan of `ARCHITECTURE.md`; change both together.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the ground up. A module may import from floors below its own.
const FLOORS: [&[&str]; 8] = [
    &["clock", "secret", "digest", "problem", "text", "timetable"],
    &["model", "document"],
    &["http", "inventory", "ocsf"],
    &[
        "sources",
        "rules",
        "drift",
        "evidence",
        "findings",
        "store",
        "reports",
        "alerts",
        "register",
        "review",
        "simulator",
    ],
    &["app"],
    &["daemon"],
    &["config"],
    &["cli"],
];

/// What a module may import although the floors alone would allow more, or less.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("model", &["digest", "text"]),
    ("http", &["clock", "secret", "text"]),
    ("inventory", &["model", "document", "problem", "text"]),
    ("ocsf", &["model"]),
    ("document", &["problem", "secret", "text"]),
    ("drift", &["model", "digest", "text"]),
    ("evidence", &["model", "digest", "text"]),
    ("findings", &["model", "inventory", "document", "problem", "digest", "text"]),
    ("register", &["model", "inventory", "text"]),
    ("review", &["model", "inventory", "document", "problem", "digest", "text"]),
    ("simulator", &["clock", "secret", "digest", "problem", "text"]),
    ("store", &["model", "clock", "secret", "digest"]),
];

/// Outside crates and the only places that may name them.
const HOMES: [(&str, &[&str]); 40] = [
    ("reqwest", &["http/"]),
    ("rustls", &["http/", "alerts/siem"]),
    ("tokio_rustls", &["alerts/siem"]),
    ("rustls_platform_verifier", &["alerts/siem"]),
    ("lettre", &["alerts/email"]),
    ("minijinja", &["alerts/", "reports/html"]),
    ("unicode_security", &["reports/html/shown"]),
    ("aho_corasick", &["evidence/pseudonyms"]),
    ("ssh_key", &["evidence/key", "evidence/agent"]),
    ("ssh_encoding", &["evidence/agent"]),
    ("cms", &["evidence/stamp/"]),
    ("der", &["evidence/stamp/"]),
    ("x509_cert", &["evidence/stamp/"]),
    ("webpki", &["evidence/stamp/"]),
    ("rustls_pki_types", &["evidence/stamp/"]),
    // In `alerts/siem` it is the module of rustls.
    ("ring", &["evidence/stamp/", "alerts/siem"]),
    ("tar", &["evidence/"]),
    ("flate2", &["evidence/"]),
    ("hostname", &["cli/evidence"]),
    ("rustix", &["cli/dumps"]),
    ("foldhash", &["inventory/"]),
    ("hmac", &["alerts/webhook"]),
    ("cron", &["timetable"]),
    ("chrono_tz", &["timetable"]),
    ("prometheus_client", &["daemon/metrics"]),
    ("sd_notify", &["daemon/systemd"]),
    ("icalendar", &["reports/ics"]),
    ("cel", &["rules/condition/"]),
    ("regex", &["rules/", "document/"]),
    ("rusqlite", &["store/"]),
    ("serde_saphyr", &["document/"]),
    ("secrecy", &["secret.rs"]),
    ("comfy_table", &["reports/table"]),
    ("parquet", &["reports/parquet"]),
    ("csv", &["reports/csv", "alerts/email", "evidence/pseudonyms"]),
    ("clap", &["cli/"]),
    ("axum", &["simulator/", "daemon/server"]),
    ("indicatif", &["cli/terminal.rs"]),
    ("annotate_snippets", &["problem.rs"]),
    ("sha2", &["digest.rs"]),
];

fn sources() -> BTreeMap<PathBuf, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(path.clone(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), &mut found);
    assert!(found.len() > 40, "the sources are where they should be");
    found
}

fn below_src(path: &Path) -> String {
    path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().display().to_string()
}

fn module_of(file: &str) -> String {
    file.split('/').next().unwrap().trim_end_matches(".rs").to_owned()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The shipped part of a file: its unit tests may lean on more.
fn shipped(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod ").next().unwrap()
}

fn imports(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split("crate::").skip(1).map(move |rest| rest.split(|letter| !is_name(letter)).next().unwrap_or(""))
}

#[test]
fn no_module_imports_upwards_or_sideways() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let file = below_src(&path);
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let floor = floor_of(&module).unwrap_or_else(|| panic!("`{module}` has no floor in the plan"));
        for imported in imports(shipped(&text)) {
            let Some(other) = floor_of(imported) else { continue };
            let listed = MAY_IMPORT.iter().find(|(name, _)| *name == module);
            let allowed = match listed {
                Some((_, allowed)) => allowed.contains(&imported),
                None => other < floor,
            };
            if imported != module && !allowed {
                wrong.push(format!("{file} imports {imported}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_outside_crate_has_one_home() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let file = below_src(&path);
        for (name, homes) in HOMES {
            let named =
                shipped(&text).contains(&format!("{name}::")) && !shipped(&text).contains(&format!("::{name}::"));
            if named && !homes.iter().any(|home| file.starts_with(home)) {
                let lines: Vec<&str> = shipped(&text)
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .filter(|line| {
                        line.contains(&format!(" {name}::"))
                            || line.contains(&format!("({name}::"))
                            || line.contains(&format!("<{name}::"))
                    })
                    .collect();
                if !lines.is_empty() {
                    wrong.push(format!("{file} names {name}: {lines:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> =
        sources().iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| below_src(path)).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
