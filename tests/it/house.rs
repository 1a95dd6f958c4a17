//! The floor plan is kept: no module imports from its own floor or above, and each outside crate has one home.
//! The tables here are the plan of `ARCHITECTURE.md`; change both together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the ground up. A module may import from floors below its own.
const FLOORS: [&[&str]; 8] = [
    &["clock", "secret", "digest", "problem", "text", "timetable", "tls"],
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
    &["daemon", "serve"],
    &["config"],
    &["cli"],
];

/// What a module may import although the floors alone would allow more, or less.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    ("model", &["digest", "text"]),
    ("http", &["clock", "secret", "digest", "text"]),
    ("inventory", &["model", "document", "problem", "text"]),
    ("ocsf", &["model"]),
    ("document", &["problem", "secret", "text"]),
    ("drift", &["model", "digest", "text"]),
    ("evidence", &["model", "digest", "text"]),
    ("findings", &["model", "inventory", "document", "problem", "digest", "text"]),
    ("register", &["model", "inventory", "text"]),
    ("review", &["model", "inventory", "document", "problem", "digest", "text"]),
    ("simulator", &["clock", "secret", "digest", "problem", "text"]),
    ("store", &["model", "clock", "secret", "digest", "tls"]),
];

/// Outside crates and the only places that may name them.
const HOMES: [(&str, &[&str]); 53] = [
    ("reqwest", &["http/"]),
    ("object_store", &["http/outlet/bucket/"]),
    ("rustls", &["http/", "tls", "alerts/siem", "store/postgres/line"]),
    ("tokio_rustls", &["tls", "alerts/siem", "serve/", "store/postgres/line"]),
    ("rustls_platform_verifier", &["tls"]),
    ("lettre", &["alerts/email"]),
    ("minijinja", &["alerts/", "reports/html", "serve/pages/"]),
    ("unicode_security", &["reports/html/shown"]),
    ("aho_corasick", &["evidence/pseudonyms"]),
    ("ssh_key", &["evidence/key", "evidence/agent"]),
    ("ssh_encoding", &["evidence/agent"]),
    ("cms", &["evidence/stamp/"]),
    ("der", &["evidence/stamp/"]),
    ("x509_cert", &["evidence/stamp/"]),
    ("webpki", &["evidence/stamp/"]),
    ("rustls_pki_types", &["evidence/stamp/"]),
    // Elsewhere it is the module of rustls.
    ("ring", &["evidence/stamp/", "serve/session", "serve/sign_in/id_token", "tls"]),
    ("tar", &["evidence/"]),
    ("flate2", &["evidence/"]),
    ("hostname", &["cli/evidence"]),
    ("rustix", &["cli/dumps", "cli/signals", "app/doctor/store"]),
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
    ("tokio_postgres", &["store/"]),
    ("bytes", &["store/postgres/"]),
    ("deadpool_postgres", &["store/postgres/queue"]),
    ("graphile_worker", &["store/postgres/queue"]),
    ("postcard", &["http/journal"]),
    ("serde_saphyr", &["document/"]),
    ("secrecy", &["secret.rs"]),
    ("comfy_table", &["reports/table"]),
    ("parquet", &["reports/parquet"]),
    ("csv", &["reports/csv", "alerts/email", "evidence/pseudonyms"]),
    ("clap", &["cli/"]),
    ("dialoguer", &["cli/init/ask"]),
    ("clap_complete", &["cli/manual"]),
    ("clap_mangen", &["cli/manual"]),
    ("axum", &["simulator/", "daemon/server", "serve/"]),
    ("hyper", &["serve/door"]),
    ("hyper_util", &["serve/door"]),
    ("jsonwebtoken", &["serve/sign_in/"]),
    ("indicatif", &["cli/terminal.rs"]),
    ("ratatui", &["cli/browse/"]),
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

#[test]
fn unsafe_code_is_forbidden() {
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("[lints.rust]\nunsafe_code = \"forbid\"\n"), "the lint is set for the whole crate");
    for (path, text) in sources() {
        assert!(!text.contains("allow(unsafe") && !text.contains("expect(unsafe"), "{}", path.display());
    }
}

/// Everything is from the one registry and has its digest, and every licence and second version is named in `deny.toml`. The
/// check runs the public tool over the same file; this holds where that is not installed.
#[test]
fn what_is_built_in_is_decided() {
    let mut registries = BTreeSet::new();
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        for package in read(lock).split("[[package]]").skip(1).filter(|package| !package.contains("name = \"keyroll")) {
            let source = package.lines().find_map(|line| line.strip_prefix("source = \"registry+"));
            registries.insert(source.unwrap_or_else(|| panic!("not from a registry: {package}")).to_owned());
            assert!(package.contains("\nchecksum = \""), "without a digest: {package}");
        }
    }
    assert_eq!(registries.len(), 1, "{registries:?}");
    let rules = read("deny.toml");
    for word in
        ["unknown-registry", "unknown-git", "multiple-versions", "wildcards", "yanked", "unused-allowed-license"]
    {
        assert!(rules.contains(&format!("\n{word} = \"deny\"")), "{word} is not denied");
    }
    let reasonless = rules.lines().filter(|line| line.contains("crate = ") && !line.contains("reason = "));
    assert_eq!(reasonless.count(), 0, "whatever is let through has a reason");
}

/// The program is the same whatever folder it is built in (`.ci/release` builds it in two): what the build script writes for the
/// compiler must not name that folder.
#[test]
fn what_is_built_does_not_depend_on_the_folder() {
    for name in ["rule_files.rs", "profile_files.rs"] {
        let made = fs::read_to_string(Path::new(env!("OUT_DIR")).join(name)).unwrap();
        assert!(made.contains("include_str!(") && !made.contains(env!("CARGO_MANIFEST_DIR")), "{made}");
    }
}

/// The fuzzer shares what keyroll is built on with the tests, so it has to be built in the same way.
#[test]
fn the_fuzzer_is_built_as_the_tests_are() {
    let profiles = |path: &str| {
        let manifest = read(path);
        let manifest: Vec<&str> = manifest.lines().filter(|line| !line.starts_with('#')).collect();
        let manifest = manifest.join("\n");
        let sections = manifest.split("\n[").filter(|section| section.starts_with("profile.dev"));
        sections.map(|section| section.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(profiles("fuzz/Cargo.toml"), profiles("Cargo.toml"));
    assert!(profiles("Cargo.toml").len() > 5);
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
